"""The likelihood of ordered categories under a cumulative link, its derivatives and its maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from scipy import linalg
from scipy.special import expit, log_expit, log_ndtr, ndtr, ndtri

from servqual.typing import BoolArray, FloatArray, IntArray

__all__ = [
    "CutDesign",
    "Link",
    "Maximum",
    "cut_design",
    "link_density",
    "link_density_slope",
    "link_distribution",
    "link_quantile",
    "maximise",
    "separating_parameters",
]

Link: TypeAlias = Literal["logit", "probit"]

#: Squared Newton step in standard errors below which the next step is beyond double precision.
_AT_REST: Final = 1e-13
#: Step of a linear predictor below which the likelihood is not running away. Towards an infinite
#: maximum every logit step is about 1, and a probit step more than this for hundreds of steps.
_STILL: Final = 1e-4
_MOST_STEPS: Final = 60
_MOST_HALVINGS: Final = 40
#: Share of the largest move below which a parameter stays where it is.
_MOVES: Final = 1e-6
_LOG_SQRT_TWO_PI: Final = 0.5 * float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class CutDesign:
    """Linear predictors at the two cuts that enclose each answer; n_rows rows.

    Attributes
    ----------
    upper, lower : FloatArray, shape (n_rows, n_parameters)
        What the parameters are multiplied by, at the cut above the answer and the one below it;
        zero where there is none.
    is_highest, is_lowest : BoolArray, shape (n_rows,)
        Whether there is no cut above, or below.
    """

    upper: FloatArray
    lower: FloatArray
    is_highest: BoolArray
    is_lowest: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """Where a log-likelihood is largest.

    Attributes
    ----------
    parameters : FloatArray, shape (n_parameters,)
        Maximum-likelihood estimates.
    information : FloatArray, shape (n_parameters, n_parameters)
        Observed information: minus the second derivatives of the log-likelihood.
    scores : FloatArray, shape (n_rows, n_parameters)
        First derivatives of each row's log-likelihood, before weights.
    loglik : float
        Log-likelihood, with weights.
    n_steps : int
        Newton steps taken.
    converged : bool
        Whether the maximum was reached. If not, it may lie at infinity or not be unique.
    """

    parameters: FloatArray
    information: FloatArray
    scores: FloatArray
    loglik: float
    n_steps: int
    converged: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Derivatives:
    """Log-probability of each answer, and its derivatives by the upper and the lower predictor."""

    loglik: FloatArray
    upper: FloatArray
    lower: FloatArray
    upper_upper: FloatArray
    lower_lower: FloatArray
    upper_lower: FloatArray


def link_distribution(values: FloatArray, link: Link) -> FloatArray:
    """Distribution function of the standard logistic or normal distribution.

    Parameters
    ----------
    values : FloatArray
        Where.
    link : {"logit", "probit"}
        Logistic or normal.

    Returns
    -------
    FloatArray
        Of the same shape.
    """
    return np.asarray(expit(values) if link == "logit" else ndtr(values))


def link_quantile(shares: FloatArray, link: Link) -> FloatArray:
    """Quantiles of the standard logistic or normal distribution.

    Parameters
    ----------
    shares : FloatArray
        Between 0 and 1.
    link : {"logit", "probit"}
        Logistic or normal.

    Returns
    -------
    FloatArray
        Of the same shape.
    """
    if link == "logit":
        return np.asarray(np.log(shares) - np.log1p(-shares))
    return np.asarray(ndtri(shares))


def link_density(values: FloatArray, link: Link) -> FloatArray:
    """Density of the standard logistic or normal distribution.

    Parameters
    ----------
    values : FloatArray
        Where.
    link : {"logit", "probit"}
        Logistic or normal.

    Returns
    -------
    FloatArray
        Of the same shape.
    """
    if link == "logit":
        return np.asarray(expit(values) * expit(-values))
    return np.asarray(np.exp(-0.5 * np.square(values) - _LOG_SQRT_TWO_PI))


def link_density_slope(values: FloatArray, link: Link) -> FloatArray:
    """Derivative of the density of the standard logistic or normal distribution.

    Parameters
    ----------
    values : FloatArray
        Where.
    link : {"logit", "probit"}
        Logistic or normal.

    Returns
    -------
    FloatArray
        Of the same shape.
    """
    density = link_density(values, link)
    if link == "logit":
        return np.asarray(density * (expit(-values) - expit(values)))
    return np.asarray(-values * density)


def cut_design(
    levels: IntArray, predictors: FloatArray, n_levels: int, nonparallel: FloatArray | None = None
) -> CutDesign:
    """Lay out a cumulative model: slopes, then thresholds, then slopes that differ between cuts.

    Parameters
    ----------
    levels : IntArray, shape (n_rows,)
        Answers, from 0 to n_levels − 1.
    predictors : FloatArray, shape (n_rows, n_predictors)
        Predictors with the same slope at every cut.
    n_levels : int
        Number of different answers.
    nonparallel : FloatArray, shape (n_rows,), optional
        A predictor with a slope of its own at each cut.

    Returns
    -------
    CutDesign
        The linear predictor at cut k is τ_k − x'β − z γ_k.
    """
    n_rows, n_slopes = predictors.shape
    n_cuts = n_levels - 1
    free = 0 if nonparallel is None else n_cuts
    sides = []
    for cuts in (levels, levels - 1):
        exists = (cuts >= 0) & (cuts < n_cuts)
        rows = np.flatnonzero(exists)
        side = np.zeros((n_rows, n_slopes + n_cuts + free))
        side[rows, :n_slopes] = -predictors[rows]
        side[rows, n_slopes + cuts[rows]] = 1.0
        if nonparallel is not None:
            side[rows, n_slopes + n_cuts + cuts[rows]] = -nonparallel[rows]
        sides.append(side)
    return CutDesign(sides[0], sides[1], levels == n_cuts, levels == 0)


def maximise(
    design: CutDesign, start: FloatArray, *, link: Link, weights: FloatArray | None = None
) -> Maximum:
    """Maximise the log-likelihood by Newton's method with step halving.

    Parameters
    ----------
    design : CutDesign
        Linear predictors at the cuts.
    start : FloatArray, shape (n_parameters,)
        Where to begin; every answer must have a positive probability there.
    link : {"logit", "probit"}
        Distribution behind the answers.
    weights : FloatArray, shape (n_rows,), optional
        Of the rows' log-likelihoods.

    Returns
    -------
    Maximum

    Notes
    -----
    The log-likelihood is concave in the linear predictors (Pratt 1981), so there is one maximum.
    Near it a Newton step doubles the number of right digits; the iteration ends with the step that
    began within 3e-7 standard errors.

    References
    ----------
    .. [1] Pratt, J. W. (1981). Concavity of the log likelihood. *Journal of the American
           Statistical Association*, 76(373), 103-106. https://doi.org/10.1080/01621459.1981.10477613

    Examples
    --------
    >>> levels = np.array([0, 1, 0, 1, 1])
    >>> design = cut_design(levels, np.empty((5, 0)), 2)
    >>> float(maximise(design, np.zeros(1), link="logit").parameters[0].round(6))
    -0.405465
    """
    weight = np.ones(len(design.upper)) if weights is None else weights
    parameters = np.array(start, dtype=np.float64)
    state = _derivatives(design, parameters, link)
    converged, n_steps = False, 0
    while state is not None and not converged and n_steps < _MOST_STEPS:
        gradient = weight @ _row_scores(design, state)
        step = _newton_step(_information(design, state, weight), gradient)
        if step is None:
            break
        n_steps += 1
        moved = _halved(design, parameters, step, link, weight, float(weight @ state.loglik))
        if moved is None:
            break
        reach = max(float(np.abs(side @ step).max()) for side in (design.upper, design.lower))
        converged = bool(step @ gradient < _AT_REST and reach < _STILL)
        parameters, state = moved
    if state is None:
        n_parameters = len(parameters)
        nothing = np.full((n_parameters, n_parameters), np.nan)
        return Maximum(parameters, nothing, np.full_like(design.upper, np.nan), np.nan, 0, False)
    return Maximum(
        parameters=parameters,
        information=_information(design, state, weight),
        scores=_row_scores(design, state),
        loglik=float(weight @ state.loglik),
        n_steps=n_steps,
        converged=converged,
    )


def _halved(
    design: CutDesign,
    parameters: FloatArray,
    step: FloatArray,
    link: Link,
    weight: FloatArray,
    loglik: float,
) -> tuple[FloatArray, _Derivatives] | None:
    """Take the step, or the largest of its halves that does not lower the log-likelihood."""
    slack = 1e-12 * (1.0 + abs(loglik))
    for _ in range(_MOST_HALVINGS):
        moved = parameters + step
        state = _derivatives(design, moved, link)
        if state is not None and float(weight @ state.loglik) >= loglik - slack:
            return moved, state
        step = step / 2.0
    return None


def _newton_step(information: FloatArray, gradient: FloatArray) -> FloatArray | None:
    spread = np.sqrt(np.maximum(np.diag(information), 0.0))
    if not np.isfinite(information).all() or not (spread > 0.0).all():
        return None
    try:
        factor = linalg.cho_factor(information / np.outer(spread, spread))
    except linalg.LinAlgError:
        return None
    return np.asarray(linalg.cho_solve(factor, gradient / spread) / spread)


def _derivatives(design: CutDesign, parameters: FloatArray, link: Link) -> _Derivatives | None:
    """Give None where an answer has no positive probability: its cuts are in the wrong order."""
    upper = np.where(design.is_highest, np.inf, design.upper @ parameters)
    lower = np.where(design.is_lowest, -np.inf, design.lower @ parameters)
    if not (upper > lower).all():
        return None
    found = _logistic(upper, lower) if link == "logit" else _normal(upper, lower)
    return found if np.isfinite(found.loglik).all() else None


def _logistic(upper: FloatArray, lower: FloatArray) -> _Derivatives:
    # F(u) − F(l) = F(u) F(−l) (1 − exp(l − u)): a product, so nothing cancels in the tails.
    shrink = np.exp(lower - upper)
    left = -np.expm1(lower - upper)
    ratio = shrink / left
    bend = ratio / left
    return _Derivatives(
        loglik=log_expit(upper) + log_expit(-lower) + np.log(left),
        upper=expit(-upper) + ratio,
        lower=-expit(lower) - ratio,
        upper_upper=-expit(upper) * expit(-upper) - bend,
        lower_lower=-expit(lower) * expit(-lower) - bend,
        upper_lower=bend,
    )


def _normal(upper: FloatArray, lower: FloatArray) -> _Derivatives:
    # Both cuts are mirrored where they lie on the right, so that the smaller tails are subtracted.
    mirrored = lower > 0.0
    far = np.where(mirrored, -lower, upper)
    near = np.where(mirrored, -upper, lower)
    log_far = log_ndtr(far)
    loglik = log_far + np.log(-np.expm1(log_ndtr(near) - log_far))
    finite_upper, finite_lower = (np.where(np.isfinite(x), x, 0.0) for x in (upper, lower))
    ratio_upper = np.exp(-0.5 * np.square(upper) - _LOG_SQRT_TWO_PI - loglik)
    ratio_lower = np.exp(-0.5 * np.square(lower) - _LOG_SQRT_TWO_PI - loglik)
    return _Derivatives(
        loglik=loglik,
        upper=ratio_upper,
        lower=-ratio_lower,
        upper_upper=-ratio_upper * (finite_upper + ratio_upper),
        lower_lower=ratio_lower * (finite_lower - ratio_lower),
        upper_lower=ratio_upper * ratio_lower,
    )


def _row_scores(design: CutDesign, state: _Derivatives) -> FloatArray:
    return np.asarray(
        design.upper * state.upper[:, np.newaxis] + design.lower * state.lower[:, np.newaxis]
    )


def _information(design: CutDesign, state: _Derivatives, weight: FloatArray) -> FloatArray:
    upper, lower = design.upper, design.lower
    cross = upper.T @ (lower * (weight * state.upper_lower)[:, np.newaxis])
    second = (
        upper.T @ (upper * (weight * state.upper_upper)[:, np.newaxis])
        + lower.T @ (lower * (weight * state.lower_lower)[:, np.newaxis])
        + cross
        + cross.T
    )
    return np.asarray(-(second + second.T) / 2.0)


def separating_parameters(design: CutDesign) -> IntArray:
    """Parameters that grow without end because the likelihood never falls along a direction.

    Parameters
    ----------
    design : CutDesign
        Linear predictors at the cuts, of predictors with similar spread.

    Returns
    -------
    IntArray
        Indices, in increasing order; empty when the maximum is finite.

    Notes
    -----
    Along a direction d no answer becomes less probable if its upper cut does not fall and its lower
    cut does not rise. The linear programme looks for the largest sum of such moves with every
    component of d between −1 and 1; it is zero if and only if there is no such direction (Konis
    2007, there for two categories).

    References
    ----------
    .. [1] Konis, K. (2007). *Linear programming algorithms for detecting separated data in binary
           logistic regression models* (doctoral thesis, University of Oxford).
           https://ora.ox.ac.uk/objects/uuid:8f9ee0d0-d78e-4101-9ab4-f9cbceed2a2a

    Examples
    --------
    >>> levels = np.array([0, 0, 1, 1])
    >>> separating_parameters(cut_design(levels, np.array([[1.0], [2], [3], [4]]), 2)).tolist()
    [0, 1]
    >>> separating_parameters(cut_design(levels, np.array([[1.0], [3], [2], [4]]), 2)).tolist()
    []
    """
    from scipy.optimize import linprog

    moves = np.vstack([design.upper[~design.is_highest], -design.lower[~design.is_lowest]])
    moves = np.unique(moves, axis=0)
    found = linprog(
        -moves.sum(axis=0),
        A_ub=-moves,
        b_ub=np.zeros(len(moves)),
        bounds=(-1.0, 1.0),
        method="highs",
    )
    if found.x is None or np.sum(moves @ found.x) <= _MOVES:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.abs(found.x) > _MOVES).astype(np.int64)
