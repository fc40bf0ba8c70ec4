"""Minimisation of a smooth discrepancy over uniquenesses that have bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from servqual.numerics.factor_discrepancies import Profile
from servqual.typing import BoolArray, FloatArray

__all__ = ["Problem", "Solution", "minimise"]

#: Largest slope of the discrepancy in a free parameter at a solution that counts as converged.
_GRADIENT_TOLERANCE = 1e-9

#: Change of the discrepancy that rounding alone can bring about near the minimum.
_ROUNDING = 1e-12

#: Shares of a Newton step that are tried in turn.
_LENGTHS = (1.0, 0.5, 0.25, 0.125, 0.0625)

#: Distance below which a parameter counts as lying on its bound.
_BOUND_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Problem:
    """A discrepancy as a function of one parameter per variable.

    Attributes
    ----------
    profile : callable
        The discrepancy, minimised over the loadings, and its gradient.
    hessian : callable
        Second derivatives at a profile.
    low, high : float
        Bounds of the parameters.
    """

    profile: Callable[[FloatArray], Profile]
    hessian: Callable[[Profile], FloatArray]
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the search ended.

    Attributes
    ----------
    parameters : FloatArray, shape (n_variables,)
        Uniquenesses or their logarithms.
    profile : Profile
        The discrepancy there.
    n_iterations : int
        Steps of both optimisers together.
    converged : bool
        Whether the discrepancy is flat in every parameter that is free to move.
    at_bound : BoolArray, shape (n_variables,)
        Parameters at the lower bound, beyond which the discrepancy would fall further.
    """

    parameters: FloatArray
    profile: Profile
    n_iterations: int
    converged: bool
    at_bound: BoolArray


def minimise(problem: Problem, start: FloatArray, max_iterations: int) -> Solution:
    """Take Newton's steps from the start; where they do not end in a minimum, L-BFGS-B goes before.

    Parameters
    ----------
    problem : Problem
        What is to be made small.
    start : FloatArray, shape (n_variables,)
        Parameters to start from, within the bounds.
    max_iterations : int
        Most steps of each optimiser.

    Returns
    -------
    Solution

    References
    ----------
    Byrd, R. H., Lu, P., Nocedal, J., & Zhu, C. (1995). A limited memory algorithm for bound
    constrained optimization. SIAM Journal on Scientific Computing, 16(5), 1190-1208.
    https://doi.org/10.1137/0916069

    Examples
    --------
    >>> import numpy as np
    >>> from servqual.numerics.factor_discrepancies import residual_hessian, residual_profile
    >>> correlation = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    >>> problem = Problem(
    ...     profile=lambda uniquenesses: residual_profile(correlation, uniquenesses, 1),
    ...     hessian=residual_hessian,
    ...     low=0.005,
    ...     high=1.0,
    ... )
    >>> solution = minimise(problem, np.full(4, 0.8), 100)
    >>> solution.parameters.round(6).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    parameters, n_direct = _newton(problem, start, max_iterations)
    direct = _solution(problem, parameters, n_direct)
    settled = direct.converged and _is_minimum(problem, direct)
    # With parameters at a bound there is often another minimum, with others of them there.
    if settled and not direct.at_bound.any():
        return direct
    near, n_approach = _approach(problem, start, max_iterations)
    parameters, n_newton = _newton(problem, near, max_iterations, always_down=True)
    other = _solution(problem, parameters, n_direct + n_approach + n_newton)
    if settled and direct.profile.value < other.profile.value - _ROUNDING:
        return direct
    return other


def _solution(problem: Problem, parameters: FloatArray, n_iterations: int) -> Solution:
    """What there is to say about the end of a search."""
    profile = problem.profile(parameters)
    at_bound = (parameters <= problem.low + _BOUND_TOLERANCE) & (profile.gradient > 0.0)
    at_top = (parameters >= problem.high - _BOUND_TOLERANCE) & (profile.gradient < 0.0)
    slope = np.where(at_bound | at_top, 0.0, profile.gradient)
    converged = bool(np.max(np.abs(slope)) < _GRADIENT_TOLERANCE)
    return Solution(parameters, profile, n_iterations, converged, at_bound)


def _is_minimum(problem: Problem, solution: Solution) -> bool:
    """Whether the discrepancy rises on all sides, as far as the parameters are free to move."""
    free = (solution.parameters > problem.low + _BOUND_TOLERANCE) & (
        solution.parameters < problem.high - _BOUND_TOLERANCE
    )
    if not free.any():
        return True
    hessian = problem.hessian(solution.profile)[np.ix_(free, free)]
    return float(np.linalg.eigvalsh(hessian)[0]) > -_GRADIENT_TOLERANCE


def _approach(problem: Problem, start: FloatArray, max_iterations: int) -> tuple[FloatArray, int]:
    """L-BFGS-B from the starting values; returns where it ends, and its number of iterations."""

    def value_and_gradient(parameters: FloatArray, /) -> tuple[float, FloatArray]:
        profile = problem.profile(parameters)
        return profile.value, profile.gradient

    solution = optimize.minimize(
        value_and_gradient,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(problem.low, problem.high)] * start.size,
        options={"maxiter": max_iterations, "ftol": 1e-12, "gtol": 1e-7},
    )
    return np.asarray(solution.x, dtype=np.float64), int(solution.nit)


def _newton(
    problem: Problem, parameters: FloatArray, max_iterations: int, *, always_down: bool = False
) -> tuple[FloatArray, int]:
    """Newton steps on the parameters that are free to move; returns where they end, and how many.

    A step that lowers neither the discrepancy nor, at the same discrepancy, the slope is halved,
    and ends the search when that does not help. So the search never goes up, nor to a saddle point.
    Where the discrepancy curves downwards, a step of Newton's goes up; with `always_down` the
    curvature is then taken by its size (Dauphin et al. 2014, https://arxiv.org/abs/1406.2572), and
    the search goes on.
    """
    current = parameters
    profile = problem.profile(current)
    most = min(max_iterations, 50)
    for step in range(most):
        free = (current > problem.low) | (profile.gradient < 0.0)
        free &= (current < problem.high) | (profile.gradient > 0.0)
        if float(np.max(np.abs(profile.gradient[free]), initial=0.0)) < 1e-14:
            return current, step
        hessian = problem.hessian(profile)[np.ix_(free, free)]
        direction = np.zeros_like(current)
        if always_down:
            direction[free] = _descent(hessian, profile.gradient[free])
        else:
            direction[free] = np.linalg.lstsq(hessian, -profile.gradient[free], rcond=1e-12)[0]
        better = _first_better(problem, current, profile, direction, free)
        if better is None:
            return current, step
        current, profile = better
    return current, most


def _descent(hessian: FloatArray, gradient: FloatArray) -> FloatArray:
    """Newton's direction with the sizes of the curvatures, which never points upwards."""
    values, vectors = np.linalg.eigh(hessian)
    sizes = np.maximum(np.abs(values), 1e-12 * max(float(np.abs(values).max()), 1e-300))
    direction: FloatArray = -vectors @ ((vectors.T @ gradient) / sizes)
    # Where the curvature nearly vanishes, the step would leave the region that it speaks of.
    return direction / max(1.0, float(np.abs(direction).max()))


def _first_better(
    problem: Problem,
    current: FloatArray,
    profile: Profile,
    direction: FloatArray,
    free: BoolArray,
) -> tuple[FloatArray, Profile] | None:
    """First of a step and its halves that lowers the discrepancy, or the slope at the same."""
    slope = float(np.max(np.abs(profile.gradient[free]), initial=0.0))
    # Near the limit of double precision no step helps, and halving would only cost time.
    for length in _LENGTHS if slope > _GRADIENT_TOLERANCE else _LENGTHS[:1]:
        candidate = np.clip(current + length * direction, problem.low, problem.high)
        trial = problem.profile(candidate)
        inside = free & (candidate > problem.low) & (candidate < problem.high)
        flatter = np.max(np.abs(trial.gradient[inside]), initial=0.0) < slope
        lower = trial.value < profile.value - _ROUNDING
        if lower or (flatter and trial.value <= profile.value + _ROUNDING):
            return candidate, trial
    return None
