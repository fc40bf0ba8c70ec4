"""The likelihood of ordered categories under a cumulative link, its derivatives and its maximum."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import numpy as np
from scipy import linalg
from scipy.special import expit, log_expit, log_ndtr, ndtr, ndtri

from servqual.typing import FloatArray, IntArray

__all__ = [
    "Link",
    "Maximum",
    "link_density",
    "link_density_slope",
    "link_distribution",
    "link_quantile",
    "maximise",
]

Link: TypeAlias = Literal["logit", "probit"]

#: Squared Newton step in standard errors (under weights of mean 1) below which the next step is
#: beyond double precision.
_AT_REST: Final = 1e-13
#: Step of a linear predictor below which the likelihood is not running away. Towards an infinite
#: maximum every logit step is about 1, and a probit step more than this for hundreds of steps.
_STILL: Final = 1e-4
_MOST_STEPS: Final = 60
_MOST_HALVINGS: Final = 40
_LOG_SQRT_TWO_PI: Final = 0.5 * float(np.log(2.0 * np.pi))


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


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """Rows sorted by answer, so that those of one answer are a slice.

    At cut k the linear predictor is Σ_v V_v θ_vk − x'β: V holds a one, and with a slope of its own
    at each cut also minus the predictor. Most entries of a design matrix would be zero; working on
    slices leaves them out.
    """

    predictors: FloatArray
    cut_variables: FloatArray
    slices: tuple[slice, ...]
    weight: FloatArray
    link: Link

    @property
    def n_slopes(self) -> int:
        return int(self.predictors.shape[1])

    @property
    def n_cuts(self) -> int:
        return len(self.slices) - 1

    def cut_places(self, cut: int) -> IntArray:
        """Places of the parameters of a cut."""
        return self.n_slopes + cut + self.n_cuts * np.arange(self.cut_variables.shape[1])

    def enclosing(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Linear predictors at the cuts above and below each answer."""
        slope = self.predictors @ parameters[: self.n_slopes]
        upper, lower = np.full_like(slope, np.inf), np.full_like(slope, -np.inf)
        for cut in range(self.n_cuts):
            theta = parameters[self.cut_places(cut)]
            for side, rows in ((upper, self.slices[cut]), (lower, self.slices[cut + 1])):
                side[rows] = self.cut_variables[rows] @ theta - slope[rows]
        return upper, lower


def maximise(
    levels: IntArray,
    predictors: FloatArray,
    n_levels: int,
    start: FloatArray,
    *,
    link: Link,
    weights: FloatArray | None = None,
    nonparallel: FloatArray | None = None,
) -> Maximum:
    """Maximise the log-likelihood of a cumulative model by Newton's method with step halving.

    Parameters
    ----------
    levels : IntArray, shape (n_rows,)
        Answers, from 0 to n_levels − 1; each must occur.
    predictors : FloatArray, shape (n_rows, n_predictors)
        Predictors with the same slope at every cut.
    n_levels : int
        Number of different answers.
    start : FloatArray, shape (n_parameters,)
        Where to begin: slopes β, cuts τ, slopes γ. Every answer must have a positive probability
        there.
    link : {"logit", "probit"}
        Distribution F behind the answers.
    weights : FloatArray, shape (n_rows,), optional
        Of the rows' log-likelihoods.
    nonparallel : FloatArray, shape (n_rows,), optional
        A predictor z with a slope of its own at each cut: P(Y ≤ k) = F(τ_k − x'β − z γ_k).

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
    >>> found = maximise(levels, np.empty((5, 0)), 2, np.zeros(1), link="logit")
    >>> float(found.parameters[0].round(6))
    -0.405465
    """
    order = np.argsort(levels, kind="stable")
    model = _sorted_model(levels, predictors, n_levels, order, link, weights, nonparallel)
    parameters = np.array(start, dtype=np.float64)
    state = _derivatives(model, parameters)
    converged, n_steps = False, 0
    while state is not None and not converged and n_steps < _MOST_STEPS:
        gradient = _gradient(model, state)
        step = _newton_step(_information(model, state), gradient)
        if step is None:
            break
        n_steps += 1
        moved = _halved(model, parameters, step, float(model.weight @ state.loglik))
        if moved is None:
            break
        is_short = step @ gradient < _AT_REST * float(model.weight.mean())
        converged = bool(is_short and _reach(model, parameters, moved[0]) < _STILL)
        parameters, state = moved
    size = len(parameters)
    if state is None:
        nothing = np.full((len(levels), size), np.nan)
        return Maximum(parameters, np.full((size, size), np.nan), nothing, np.nan, 0, False)
    scores = np.empty((len(levels), size))
    scores[order] = _row_scores(model, state)
    return Maximum(
        parameters=parameters,
        information=_information(model, state),
        scores=scores,
        loglik=float(model.weight @ state.loglik),
        n_steps=n_steps,
        converged=converged,
    )


def _sorted_model(
    levels: IntArray,
    predictors: FloatArray,
    n_levels: int,
    order: IntArray,
    link: Link,
    weights: FloatArray | None,
    nonparallel: FloatArray | None,
) -> _Model:
    ends = np.concatenate([[0], np.cumsum(np.bincount(levels, minlength=n_levels))])
    cut_variables = np.ones((len(levels), 1))
    if nonparallel is not None:
        cut_variables = np.column_stack([cut_variables, -nonparallel[order]])
    return _Model(
        predictors=predictors[order],
        cut_variables=cut_variables,
        slices=tuple(slice(int(low), int(high)) for low, high in pairwise(ends)),
        weight=np.ones(len(levels)) if weights is None else weights[order],
        link=link,
    )


def _reach(model: _Model, before: FloatArray, after: FloatArray) -> float:
    """How far a step moves any linear predictor."""
    moves = [
        new[np.isfinite(new)] - old[np.isfinite(old)]
        for new, old in zip(model.enclosing(after), model.enclosing(before), strict=True)
    ]
    return float(max(np.abs(move).max(initial=0.0) for move in moves))


def _halved(
    model: _Model, parameters: FloatArray, step: FloatArray, loglik: float
) -> tuple[FloatArray, _Derivatives] | None:
    """Take the step, or the largest of its halves that does not lower the log-likelihood."""
    slack = 1e-12 * (1.0 + abs(loglik))
    for _ in range(_MOST_HALVINGS):
        moved = parameters + step
        state = _derivatives(model, moved)
        if state is not None and float(model.weight @ state.loglik) >= loglik - slack:
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


def _derivatives(model: _Model, parameters: FloatArray) -> _Derivatives | None:
    """Give None where an answer has no positive probability: its cuts are in the wrong order."""
    upper, lower = model.enclosing(parameters)
    if not (upper > lower).all():
        return None
    found = _logistic(upper, lower) if model.link == "logit" else _normal(upper, lower)
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


def _row_scores(model: _Model, state: _Derivatives) -> FloatArray:
    """First derivatives of each row's log-likelihood, rows sorted by answer."""
    scores = np.zeros(
        (len(model.weight), model.n_slopes + model.n_cuts * model.cut_variables.shape[1])
    )
    scores[:, : model.n_slopes] = -model.predictors * (state.upper + state.lower)[:, np.newaxis]
    for cut in range(model.n_cuts):
        places = model.cut_places(cut)
        for side, rows in ((state.upper, model.slices[cut]), (state.lower, model.slices[cut + 1])):
            scores[rows, places] = model.cut_variables[rows] * side[rows, np.newaxis]
    return scores


def _gradient(model: _Model, state: _Derivatives) -> FloatArray:
    upper, lower = model.weight * state.upper, model.weight * state.lower
    gradient = np.zeros(model.n_slopes + model.n_cuts * model.cut_variables.shape[1])
    gradient[: model.n_slopes] = -(upper + lower) @ model.predictors
    for cut in range(model.n_cuts):
        above, below = model.slices[cut], model.slices[cut + 1]
        gradient[model.cut_places(cut)] = (
            upper[above] @ model.cut_variables[above] + lower[below] @ model.cut_variables[below]
        )
    return gradient


def _information(model: _Model, state: _Derivatives) -> FloatArray:
    """Minus the second derivatives of the log-likelihood."""
    x, v, n_slopes = model.predictors, model.cut_variables, model.n_slopes
    upper, lower, both = (
        -model.weight * second
        for second in (state.upper_upper, state.lower_lower, state.upper_lower)
    )
    size = n_slopes + model.n_cuts * v.shape[1]
    information = np.zeros((size, size))
    of_slopes = upper + lower + 2.0 * both
    information[:n_slopes, :n_slopes] = x.T @ (x * of_slopes[:, np.newaxis])
    for cut in range(model.n_cuts):
        own = model.cut_places(cut)
        cross = np.zeros((n_slopes, v.shape[1]))
        # Answers whose upper cut this is, then those whose lower cut it is.
        for rows, curvature in ((model.slices[cut], upper), (model.slices[cut + 1], lower)):
            information[np.ix_(own, own)] += v[rows].T @ (v[rows] * curvature[rows, np.newaxis])
            cross -= x[rows].T @ (v[rows] * (curvature + both)[rows, np.newaxis])
        information[:n_slopes, own] = cross
        information[own, :n_slopes] = cross.T
        if cut:
            rows, before = model.slices[cut], model.cut_places(cut - 1)
            shared = v[rows].T @ (v[rows] * both[rows, np.newaxis])
            information[np.ix_(before, own)] = shared
            information[np.ix_(own, before)] = shared.T
    return (information + information.T) / 2.0
