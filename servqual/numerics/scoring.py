"""Minimisation by Fisher scoring with a line search, Newton's steps where scoring is slow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from servqual.typing import FloatArray

__all__ = ["Problem", "Solution", "minimise"]

#: gᵀ H⁻¹ g at which estimates lie within about 1e-7 standard errors of the minimum.
_DECREMENT = 1e-14

#: Change of the value, relative to its size, that rounding alone brings about.
_ROUNDING = 1e-14

#: Scoring steps after which the Hessian itself is tried, and the squared distance from the minimum
#: in standard errors below which it is tried at once: there Newton's steps double the digits.
_PATIENCE = 12
_NEAR = 1.0


@dataclass(frozen=True, slots=True)
class Problem:
    """A discrepancy as a function of parameters, on the scale of a log likelihood.

    Attributes
    ----------
    evaluate : callable
        Value and gradient at some parameters; None where the discrepancy does not exist.
    information : callable
        Expected second derivatives, positive semidefinite.
    hessian : callable or None
        Second derivatives themselves, where they differ from the expected ones.
    """

    evaluate: Callable[[FloatArray], tuple[float, FloatArray] | None]
    information: Callable[[FloatArray], FloatArray]
    hessian: Callable[[FloatArray], FloatArray] | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the search ended.

    Attributes
    ----------
    parameters : FloatArray, shape (q,)
        The last ones.
    value : float
        The discrepancy there.
    gradient : FloatArray, shape (q,)
        Its derivatives there.
    decrement : float
        gᵀ H⁻¹ g: squared distance from the minimum in standard errors, as far as can be seen.
    n_iterations : int
        Steps taken.
    converged : bool
        Whether the decrement is small enough.
    """

    parameters: FloatArray
    value: float
    gradient: FloatArray
    decrement: float
    n_iterations: int
    converged: bool


def minimise(problem: Problem, start: FloatArray, *, max_iterations: int = 300) -> Solution:
    """Minimise a discrepancy by Fisher scoring; where that fails, BFGS goes before.

    Parameters
    ----------
    problem : Problem
        What is to be made small.
    start : FloatArray, shape (q,)
        Where to begin; the discrepancy must exist there.
    max_iterations : int, default 300
        Steps after which the search gives up.

    Returns
    -------
    Solution
        Converged or not: the caller decides what that means.

    References
    ----------
    Lee, S.-Y., & Jennrich, R. I. (1979). A study of algorithms for covariance structure analysis
    with specific comparisons using factor analysis. *Psychometrika*, 44, 99-113.
    https://doi.org/10.1007/BF02293789

    Examples
    --------
    >>> import numpy as np
    >>> bowl = Problem(lambda x: (0.5 * float((x - 1) @ (x - 1)), x - 1), lambda x: np.eye(2))
    >>> minimise(bowl, np.zeros(2)).parameters.tolist()
    [1.0, 1.0]
    """
    first = _score(problem, start, max_iterations)
    if first.converged:
        return first
    retried = _score(problem, _quasi_newton(problem, start), max_iterations)
    better = retried.converged or retried.value < first.value
    return retried if better else first


def _score(problem: Problem, start: FloatArray, max_iterations: int) -> Solution:
    """Fisher scoring from a start."""
    parameters = np.array(start, dtype=float)
    at = problem.evaluate(parameters)
    if at is None:
        raise ValueError("The discrepancy does not exist at the starting values.")
    value, gradient = at
    decrement = np.inf
    for iteration in range(max_iterations):
        newton = iteration >= _PATIENCE or decrement < _NEAR
        step, decrement = _direction(problem, parameters, gradient, newton)
        if decrement <= _DECREMENT:
            return Solution(parameters, value, gradient, decrement, iteration, True)
        moved = _search(problem, parameters, value, gradient, step)
        if moved is None:
            # Rounding hides any further descent: near a minimum that is the end of the way.
            near = decrement <= 1e3 * _ROUNDING * max(1.0, abs(value))
            return Solution(parameters, value, gradient, decrement, iteration, near)
        parameters, value, gradient = moved
    return Solution(parameters, value, gradient, decrement, max_iterations, False)


def _direction(
    problem: Problem, parameters: FloatArray, gradient: FloatArray, newton: bool
) -> tuple[FloatArray, float]:
    """A direction of descent, and how far the value may still fall along it (twice)."""
    curvature = None
    if problem.hessian is not None and newton:
        curvature = problem.hessian(parameters)
        if not _is_definite(curvature):
            curvature = None
    if curvature is None:
        curvature = problem.information(parameters)
    scale = np.sqrt(np.maximum(np.diag(curvature), np.finfo(float).tiny))
    scaled, slope = curvature / np.outer(scale, scale), gradient / scale
    damping = 0.0
    for _ in range(20):
        try:
            damped = scaled + damping * np.eye(len(scale))
            np.linalg.cholesky(damped)
        except np.linalg.LinAlgError:
            damping = max(10.0 * damping, 1e-8)
            continue
        step = -np.linalg.solve(damped, slope)
        return step / scale, float(-slope @ step)
    return -slope / scale, float(slope @ slope)


def _is_definite(matrix: FloatArray) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _search(
    problem: Problem,
    parameters: FloatArray,
    value: float,
    gradient: FloatArray,
    step: FloatArray,
) -> tuple[FloatArray, float, FloatArray] | None:
    """Halve a step until the value falls enough; None if it never does.

    Where rounding hides whether the value falls, the slope along the step has to.
    """
    length, slope = 1.0, float(gradient @ step)
    slack = _ROUNDING * max(1.0, abs(value))
    for _ in range(30):
        trial = parameters + length * step
        at = problem.evaluate(trial)
        if at is not None:
            falls = at[0] <= value + 1e-4 * length * slope and at[0] < value - slack
            level = at[0] <= value + slack and abs(float(at[1] @ step)) <= 0.9 * abs(slope)
            if falls or level:
                return trial, at[0], at[1]
        length *= 0.5
    return None


def _quasi_newton(problem: Problem, start: FloatArray) -> FloatArray:
    """Parameters to which BFGS comes, in units in which the curvature at the start is one."""
    scale = 1.0 / np.sqrt(np.maximum(np.diag(problem.information(start)), 1e-8))

    def objective(units: FloatArray) -> tuple[float, FloatArray]:
        at = problem.evaluate(start + scale * units)
        if at is None:
            return np.inf, np.zeros_like(units)
        return at[0], at[1] * scale

    found = optimize.minimize(
        objective, np.zeros_like(start), jac=True, method="BFGS", options={"maxiter": 500}
    )
    reached: FloatArray = start + scale * np.asarray(found.x, dtype=float)
    return start if problem.evaluate(reached) is None else reached
