"""Logistic regressions of one binary outcome under many sets of weights at once.

The resamples of a bootstrap differ in the weights of their rows only, so Newton's method takes its
step for all of them together: scores and Hessians are matrix products of weights with the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from servqual.errors import EstimationError
from servqual.numerics.correlation import correlation_from_covariance
from servqual.typing import BoolArray, FloatArray

__all__ = [
    "LogisticFits",
    "fit_logistic",
    "logistic_relative_weights",
    "subset_mcfadden",
]

#: Newton steps; far more than the handful that a maximum that exists needs.
_MAX_STEPS = 60

#: Newton decrement, in respondents of average weight, after which one step more is the last.
_CONVERGED = 1e-11

#: Numbers held at once: blocks of 256 kB stay in cache.
_BLOCK = 2**15

#: A log-odds beyond this means a probability of zero or one: the outcome is separated.
_SEPARATED = 25.0

#: Eigenvalue of the predictors' correlations below which they repeat each other.
_SINGULAR = 1e-10


@dataclass(frozen=True, slots=True)
class LogisticFits:
    """Maximum likelihood under each set of weights.

    Attributes
    ----------
    coefficients : FloatArray, shape (n_fits, k + 1)
        Intercept, then slopes; nan where there is no maximum.
    log_likelihood : FloatArray, shape (n_fits,)
        At the maximum; nan where there is none.
    """

    coefficients: FloatArray
    log_likelihood: FloatArray


def fit_logistic(
    predictors: FloatArray,
    outcome: FloatArray,
    weights: FloatArray,
    start: FloatArray | None = None,
) -> LogisticFits:
    """Fit one logistic regression for each set of weights.

    Parameters
    ----------
    predictors : FloatArray, shape (n_rows, k)
        Complete rows without an intercept; none (k = 0) is allowed.
    outcome : FloatArray, shape (n_rows,)
        Zeros and ones.
    weights : FloatArray, shape (n_fits, n_rows)
        How much each row counts in each fit; not negative.
    start : FloatArray, shape (k + 1,), optional
        Where Newton's method begins, such as the coefficients of the whole sample.

    Returns
    -------
    LogisticFits
        Without a maximum are fits in which one outcome does not occur, predictors repeat each
        other or separate the outcomes.

    Raises
    ------
    EstimationError
        If the outcome is something else than zeros and ones.

    Notes
    -----
    Newton's method with the step halved where it would lower the likelihood (Fisher scoring, as
    `glm` in R).

    References
    ----------
    McCullagh, P., & Nelder, J. A. (1989). Generalized linear models (2nd ed.). Chapman & Hall.
    https://doi.org/10.1201/9780203753736

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]])
    >>> y = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0])
    >>> fit_logistic(x, y, np.ones((1, 6))).coefficients.round(6).tolist()
    [[-0.693147, 1.386294]]
    """
    y = np.asarray(outcome, dtype=np.float64)
    if not np.isin(y, (0.0, 1.0)).all():
        raise EstimationError("A logistic regression needs an outcome of zeros and ones.")
    rows, shift, scale = _standardised(predictors)
    # Rows turned round where the outcome is one: their product with the coefficients is the
    # log-odds against what was observed.
    signed = np.column_stack([np.ones(len(rows)), rows]) * (1.0 - 2.0 * y)[:, None]
    begin = np.zeros(signed.shape[1])
    if start is not None:
        begin[:] = [start[0] + start[1:] @ shift, *(start[1:] * scale)]
    totals, ones = weights.sum(axis=1), weights @ y
    both = np.flatnonzero((ones > 0.0) & (ones < totals))
    coefficients = np.full((len(weights), begin.size), np.nan)
    log_likelihood = np.full(len(weights), np.nan)
    per_block = max(1, _BLOCK // len(rows))
    for first in range(0, both.size, per_block):
        part = both[first : first + per_block]
        found = _maximise(signed, weights[part], np.tile(begin, (part.size, 1)))
        coefficients[part] = found.coefficients
        log_likelihood[part] = found.log_likelihood
    slopes = coefficients[:, 1:] / scale
    intercepts = coefficients[:, :1] - slopes @ shift[:, None]
    return LogisticFits(np.column_stack([intercepts, slopes]), log_likelihood)


def subset_mcfadden(predictors: FloatArray, outcome: FloatArray, weights: FloatArray) -> FloatArray:
    """McFadden's R^2 of the logistic regression on every subset of the predictors.

    Parameters
    ----------
    predictors : FloatArray, shape (n_rows, p)
        Complete rows.
    outcome : FloatArray, shape (n_rows,)
        Zeros and ones.
    weights : FloatArray, shape (n_fits, n_rows)
        How much each row counts in each fit.

    Returns
    -------
    FloatArray, shape (n_fits, 2^p)
        One less the ratio of log-likelihoods with and without the predictors. Bit j of a position
        says whether predictor j is in; all nan for weights under which one of the regressions has
        no maximum.

    References
    ----------
    McFadden, D. (1974). Conditional logit analysis of qualitative choice behavior. In P. Zarembka
    (Ed.), Frontiers in econometrics (pp. 105-142). Academic Press.

    Azen, R., & Traxel, N. (2009). Using dominance analysis to determine predictor importance in
    logistic regression. Journal of Educational and Behavioral Statistics, 34(3), 319-347.
    https://doi.org/10.3102/1076998609332754

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]])
    >>> y = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0])
    >>> subset_mcfadden(x, y, np.ones((1, 6))).round(6).tolist()
    [[0.0, 0.081704]]
    """
    n_predictors = predictors.shape[1]
    worths = np.empty((len(weights), 2**n_predictors))
    none = fit_logistic(predictors[:, :0], outcome, weights).log_likelihood
    worths[:, 0] = none
    for subset in range(1, 2**n_predictors):
        chosen = predictors[:, [place for place in range(n_predictors) if subset >> place & 1]]
        start = _centre(chosen, outcome, weights)
        worths[:, subset] = fit_logistic(chosen, outcome, weights, start).log_likelihood
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: FloatArray = 1.0 - worths / none[:, None]
    shares[:, 0] = 0.0
    shares[~np.isfinite(shares).all(axis=1)] = np.nan
    return shares


def logistic_relative_weights(
    predictors: FloatArray, outcome: FloatArray, weights: FloatArray
) -> FloatArray:
    """Relative weights for a binary outcome.

    Parameters
    ----------
    predictors : FloatArray, shape (n_rows, p)
        Complete rows.
    outcome : FloatArray, shape (n_rows,)
        Zeros and ones.
    weights : FloatArray, shape (n_fits, n_rows)
        How much each row counts in each fit.

    Returns
    -------
    FloatArray, shape (n_fits, p)
        None negative; they sum to the squared correlation of the outcome with the fitted
        probabilities. nan where the regression has no maximum.

    Notes
    -----
    As in Johnson's relative weights, the predictors are replaced by the uncorrelated variables
    nearest to them. The logistic regression on these has coefficients that are standardised by the
    spread of the fitted log-odds and the correlation between outcome and fitted probabilities
    (Menard 2004); their squares are handed back in proportion to the squared correlations of both
    sets of variables.

    References
    ----------
    Tonidandel, S., & LeBreton, J. M. (2010). Determining the relative importance of predictors in
    logistic regression: An extension of relative weight analysis. Organizational Research Methods,
    13(4), 767-781. https://doi.org/10.1177/1094428109341993

    Menard, S. (2004). Six approaches to calculating standardized logistic regression coefficients.
    The American Statistician, 58(3), 218-223. https://doi.org/10.1198/000313004X946

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]])
    >>> y = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0])
    >>> logistic_relative_weights(x, y, np.ones((1, 6))).round(6).tolist()
    [[0.111111]]
    """
    start = _centre(predictors, outcome, weights)
    slopes = fit_logistic(predictors, outcome, weights, start).coefficients
    covariances = _weighted_covariances(predictors, weights)
    roots, spread = _symmetric_roots(covariances)
    on_orthogonal = (roots @ (slopes[:, 1:] * spread)[..., None])[..., 0]
    log_odds = slopes[:, :1] + slopes[:, 1:] @ predictors.T
    probabilities = expit(log_odds)
    joint = _weighted_correlation(probabilities, outcome, weights)
    # The new variables are uncorrelated with unit variance, so the log-odds' variance is the sum.
    total = np.sum(on_orthogonal**2, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        squared = on_orthogonal**2 / total * joint[:, None] ** 2
    found: FloatArray = (roots**2 @ squared[..., None])[..., 0]
    return found


def _centre(predictors: FloatArray, outcome: FloatArray, weights: FloatArray) -> FloatArray | None:
    """Coefficients under the average weights, about which those of resamples scatter."""
    if len(weights) < 2:
        return None
    average = weights.mean(axis=0, keepdims=True)
    found = fit_logistic(predictors, outcome, average).coefficients[0]
    return found if np.isfinite(found).all() else None


@dataclass(frozen=True, slots=True)
class _Slope:
    """Log-likelihood at a point, and Newton's step from there."""

    log_likelihood: FloatArray
    step: FloatArray
    decrement: FloatArray


def _maximise(signed: FloatArray, weights: FloatArray, start: FloatArray) -> LogisticFits:
    """Climb to the maximum under each set of weights; nan where there is none."""
    coefficients = np.full_like(start, np.nan)
    log_likelihood = np.full(len(weights), np.nan)
    enough = _CONVERGED * weights.sum(axis=1) / np.count_nonzero(weights, axis=1)
    active = np.arange(len(weights))
    base, move, share = start, np.zeros_like(start), np.ones(len(weights))
    reached = np.full(len(weights), -np.inf)
    own = weights
    for _ in range(_MAX_STEPS):
        candidate = base + share[:, None] * move
        here = _climb(signed, own, candidate)
        lower = np.asarray(here.log_likelihood < reached - 1e-10 * np.abs(reached))
        done = ~lower & np.asarray(here.decrement <= enough[active])
        # The step is as good as quadratic here, so it is taken, and its gain is half the decrement.
        coefficients[active[done]] = (candidate + here.step)[done]
        log_likelihood[active[done]] = (here.log_likelihood + 0.5 * here.decrement)[done]
        base = np.where(lower[:, None], base, candidate)
        move = np.where(lower[:, None], move, here.step)
        share = np.where(lower, 0.5 * share, 1.0)
        reached = np.where(lower, reached, here.log_likelihood)
        going = ~done & (lower | np.isfinite(here.decrement))
        if not going.any():
            break
        if not going.all():
            active, own, reached = active[going], own[going], reached[going]
            base, move, share = base[going], move[going], share[going]
    return LogisticFits(coefficients, log_likelihood)


def _climb(signed: FloatArray, weights: FloatArray, coefficients: FloatArray) -> _Slope:
    """Log-likelihood, Newton's step and its decrement; the latter nan where there is no step."""
    against = coefficients @ signed.T
    small = np.exp(-np.abs(against))
    total = 1.0 + small
    surprise = np.maximum(against, 0.0) + np.log(total)
    log_likelihood = -np.einsum("bn,bn->b", weights, surprise)
    wrong = np.where(against >= 0.0, 1.0, small) / total
    scores = -(weights * wrong) @ signed
    rows, columns = np.triu_indices(signed.shape[1])
    hessians = np.empty((len(weights), signed.shape[1], signed.shape[1]))
    hessians[:, rows, columns] = (weights * (small / total**2)) @ (
        signed[:, rows] * signed[:, columns]
    )
    hessians[:, columns, rows] = hessians[:, rows, columns]
    # Where a row is drawn, its log-odds must stay finite.
    separated = np.asarray((np.abs(against) * (weights > 0.0)).max(axis=1) > _SEPARATED)
    usable = ~separated & _are_regular(hessians)
    hessians[~usable] = np.eye(signed.shape[1])
    step = np.asarray(np.linalg.solve(hessians, scores[..., None])[..., 0], dtype=np.float64)
    decrement: FloatArray = np.where(usable, np.sum(step * scores, axis=1), np.nan)
    return _Slope(log_likelihood, step, decrement)


def _are_regular(hessians: FloatArray) -> BoolArray:
    """Which Hessians, scaled to a unit diagonal, can be solved."""
    scaled = correlation_from_covariance(hessians)
    finite = np.isfinite(scaled).all(axis=(-2, -1))
    scaled[~finite] = np.eye(hessians.shape[-1])
    return np.asarray(finite & (np.linalg.eigvalsh(scaled)[:, 0] > _SINGULAR))


def _standardised(predictors: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows with mean zero and unit spread, so that all steps are of one size; shift and scale."""
    rows = np.asarray(predictors, dtype=np.float64)
    shift = rows.mean(axis=0)
    spread = rows.std(axis=0)
    scale = np.where(spread > 0.0, spread, 1.0)
    return (rows - shift) / scale, shift, scale


def _weighted_covariances(rows: FloatArray, weights: FloatArray) -> FloatArray:
    """Covariance matrix under each set of weights, shape (n_fits, p, p)."""
    centred = rows - rows.mean(axis=0)
    totals = weights.sum(axis=1)
    means = weights @ centred / totals[:, None]
    products = np.einsum("bn,ni,nj->bij", weights, centred, centred, optimize=True)
    found: FloatArray = products / totals[:, None, None] - means[:, :, None] * means[:, None, :]
    return found


def _symmetric_roots(covariances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Symmetric square roots of the correlation matrices, and standard deviations."""
    spread = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    correlations = correlation_from_covariance(covariances)
    finite = np.isfinite(correlations).all(axis=(-2, -1))
    correlations[~finite] = np.eye(covariances.shape[-1])
    eigenvalues, eigenvectors = np.linalg.eigh(correlations)
    usable = finite & (eigenvalues[:, 0] > _SINGULAR)
    values = np.sqrt(np.where(usable[:, None], eigenvalues, np.nan))
    roots: FloatArray = (eigenvectors * values[:, None, :]) @ np.swapaxes(eigenvectors, -1, -2)
    return roots, spread


def _weighted_correlation(
    values: FloatArray, outcome: FloatArray, weights: FloatArray
) -> FloatArray:
    """Correlation of each row of values with the outcome under its weights, shape (n_fits,)."""
    totals = weights.sum(axis=1, keepdims=True)
    one = values - np.sum(weights * values, axis=1, keepdims=True) / totals
    other = outcome - (weights @ outcome)[:, None] / totals
    covariance = np.sum(weights * one * other, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = covariance / np.sqrt(
            np.sum(weights * one**2, axis=1) * np.sum(weights * other**2, axis=1)
        )
    return found
