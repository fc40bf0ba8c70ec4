"""Importance–performance analysis on arrays: lines, quadrants, priorities, correlations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.errors import EstimationError
from servqual.typing import BoolArray, FloatArray, IntArray

__all__ = [
    "CONCENTRATE",
    "KEEP_UP",
    "LOW_PRIORITY",
    "N_QUADRANTS",
    "OVERKILL",
    "UNKNOWN",
    "Priorities",
    "attribute_means",
    "attribute_medians",
    "covariances_from_products",
    "descending_ranks",
    "iso_priority_distances",
    "partial_correlations",
    "prioritise",
    "quadrant_codes",
    "quadrant_shares",
    "shares_of_sum",
    "standardised_slopes",
]

#: Codes of the quadrants, in the order in which tables and plots show them.
CONCENTRATE, KEEP_UP, LOW_PRIORITY, OVERKILL = range(4)
N_QUADRANTS = 4
#: Code of an attribute without one of its coordinates.
UNKNOWN = -1

#: How far from a line, relative to it, a value may lie by rounding alone.
_ON_THE_LINE = 1e-10

#: Correlation matrices with a smaller eigenvalue are singular.
_SINGULAR = 1e-10

#: A sum of squares that shrinks below this share when it is centred is rounding error.
_NO_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Priorities:
    """What follows from the coordinates of attributes, for a sample or a stack of resamples.

    Attributes
    ----------
    quadrant : IntArray, shape (..., k)
        As `quadrant_codes` gives it.
    distance : FloatArray, shape (..., k)
        As `iso_priority_distances` gives it.
    weight : FloatArray, shape (..., k)
        Importance as a share of its sum over the attributes.
    udcv, acv, pgcv : FloatArray, shape (..., k)
        Ultimately desired customer value (importance x best performance), achieved customer value
        (importance x performance), and their difference, the potential gain in customer value.
    priority : FloatArray, shape (..., k)
        Weight x shortfall.
    pgcv_rank, priority_rank : FloatArray, shape (..., k)
        Places, 1 the greatest.
    satisfaction_index : FloatArray, shape (...)
        Mean performance, weighted by importance, as a share of the best performance.
    """

    quadrant: IntArray
    distance: FloatArray
    weight: FloatArray
    udcv: FloatArray
    acv: FloatArray
    pgcv: FloatArray
    priority: FloatArray
    pgcv_rank: FloatArray
    priority_rank: FloatArray
    satisfaction_index: FloatArray


def prioritise(
    importance: FloatArray,
    performance: FloatArray,
    importance_line: FloatArray | float,
    performance_line: FloatArray | float,
    *,
    best: float,
    gap: FloatArray,
    weighted_shortfall: FloatArray | None = None,
) -> Priorities:
    """Quadrants and priorities of attributes from their coordinates.

    Parameters
    ----------
    importance, performance : FloatArray, shape (..., k)
        Coordinates; nan where unknown.
    importance_line, performance_line : FloatArray, shape (...), or float
        Where the crosshair stands.
    best : float
        The best performance there can be; nan if performance has no such end.
    gap : FloatArray, shape (..., k)
        Performance minus expectation, negative where it falls short; nan where unknown.
    weighted_shortfall : FloatArray, shape (..., k), optional
        Mean of the respondents' own products of weight and shortfall. Default: the product of the
        means.

    Returns
    -------
    Priorities

    References
    ----------
    Hom, W. (1997). An overview of customer satisfaction models. Proceedings of the RP Group
    Conference, 100-110.

    Aritonang, L. R. (2005). Kepuasan pelanggan. Gramedia Pustaka Utama.

    Examples
    --------
    >>> import numpy as np
    >>> importance, performance = np.array([6.0, 4.0]), np.array([5.0, 6.0])
    >>> found = prioritise(
    ...     importance, performance, 5.0, 5.5, best=7.0, gap=performance - importance
    ... )
    >>> found.pgcv.tolist(), found.priority.round(6).tolist()
    ([12.0, 4.0], [0.6, -0.8])
    >>> found.pgcv_rank.tolist(), round(float(found.satisfaction_index), 6)
    ([1.0, 2.0], 0.771429)
    """
    known = np.isfinite(importance + performance)
    weight = shares_of_sum(importance)
    # Over the attributes that have both coordinates, whose weights then add up to one.
    own_weight = shares_of_sum(np.where(known, importance, np.nan))
    index = np.where(known, own_weight * performance, 0.0).sum(axis=-1) / best
    usable = np.isfinite(own_weight).any(axis=-1)
    pgcv = importance * (best - performance)
    priority = -weight * gap if weighted_shortfall is None else weighted_shortfall
    return Priorities(
        quadrant=quadrant_codes(importance, performance, importance_line, performance_line),
        distance=iso_priority_distances(importance, performance, importance_line, performance_line),
        weight=weight,
        udcv=importance * best,
        acv=importance * np.where(np.isfinite(best), performance, np.nan),
        pgcv=pgcv,
        priority=priority,
        pgcv_rank=descending_ranks(pgcv),
        priority_rank=descending_ranks(priority),
        satisfaction_index=np.where(usable, index, np.nan),
    )


def attribute_means(values: FloatArray) -> FloatArray:
    """Mean over the attributes that have a value, each counting once.

    Parameters
    ----------
    values : FloatArray, shape (..., k)
        One coordinate of the attributes; nan where there is none.

    Returns
    -------
    FloatArray, shape (...)
        nan where no attribute has a value.

    Examples
    --------
    >>> import numpy as np
    >>> float(attribute_means(np.array([1.0, np.nan, 3.0])))
    2.0
    """
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    means: FloatArray = np.where(count > 0, total, np.nan) / np.maximum(count, 1)
    return means


def attribute_medians(values: FloatArray) -> FloatArray:
    """Median over the attributes that have a value.

    Parameters
    ----------
    values : FloatArray, shape (..., k)
        One coordinate of the attributes; nan where there is none.

    Returns
    -------
    FloatArray, shape (...)
        nan where no attribute has a value; the mean of the middle two of an even number.

    Examples
    --------
    >>> import numpy as np
    >>> float(attribute_medians(np.array([1.0, np.nan, 3.0, 10.0])))
    3.0
    """
    known = np.isfinite(values)
    count = known.sum(axis=-1, keepdims=True)
    ordered = np.sort(np.where(known, values, np.inf), axis=-1)
    lower = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-1)
    upper = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-1] - 1), axis=-1)
    middle = np.where(count > 0, 0.5 * (lower + upper), np.nan)
    medians: FloatArray = middle[..., 0]
    return medians


def quadrant_codes(
    importance: FloatArray,
    performance: FloatArray,
    importance_line: FloatArray | float,
    performance_line: FloatArray | float,
) -> IntArray:
    """Quadrant of each attribute.

    Parameters
    ----------
    importance, performance : FloatArray, shape (..., k)
        Coordinates.
    importance_line, performance_line : FloatArray, shape (...), or float
        Where the crosshair stands.

    Returns
    -------
    IntArray, shape (..., k)
        `CONCENTRATE` (important, low performance), `KEEP_UP` (important, high performance),
        `LOW_PRIORITY` (unimportant, low), `OVERKILL` (unimportant, high), or `UNKNOWN` where a
        coordinate or a line is nan.

    Notes
    -----
    What lies on a line counts as high: an attribute is important when its importance is at or above
    the line, and performs well when its performance is. Values that differ from the line by
    rounding only (relatively less than 1e-10) lie on it.

    References
    ----------
    Martilla, J. A., & James, J. C. (1977). Importance-performance analysis. Journal of Marketing,
    41(1), 77-79. https://doi.org/10.1177/002224297704100112

    Examples
    --------
    >>> import numpy as np
    >>> importance, performance = np.array([6.0, 6.0, 4.0]), np.array([4.0, 5.0, 4.9])
    >>> quadrant_codes(importance, performance, 5.0, 5.0).tolist()
    [0, 1, 2]
    """
    important = _is_high(importance, importance_line)
    good = _is_high(performance, performance_line)
    lines = np.asarray(importance_line)[..., None] + np.asarray(performance_line)[..., None]
    known = np.isfinite(importance + performance + lines)
    codes = np.where(
        important, np.where(good, KEEP_UP, CONCENTRATE), np.where(good, OVERKILL, LOW_PRIORITY)
    )
    return np.where(known, codes, UNKNOWN).astype(np.int64)


def _is_high(values: FloatArray, line: FloatArray | float) -> BoolArray:
    at = np.asarray(line, dtype=np.float64)[..., None]
    high: BoolArray = values >= at - _ON_THE_LINE * np.abs(at)
    return high


def quadrant_shares(codes: IntArray) -> FloatArray:
    """How often each attribute fell into each quadrant.

    Parameters
    ----------
    codes : IntArray, shape (n_draws, k)
        As `quadrant_codes` gives them.

    Returns
    -------
    FloatArray, shape (k, 4)
        Shares of the draws in which the attribute's quadrant is known; they sum to one. nan where
        it never is.

    Examples
    --------
    >>> import numpy as np
    >>> quadrant_shares(np.array([[0], [0], [1], [-1], [2]])).tolist()
    [[0.5, 0.25, 0.25, 0.0]]
    """
    counts = np.stack([(codes == code).sum(axis=0) for code in range(N_QUADRANTS)], axis=-1)
    total = counts.sum(axis=-1, keepdims=True)
    shares: FloatArray = np.where(total > 0, counts, np.nan) / np.maximum(total, 1)
    return shares


def iso_priority_distances(
    importance: FloatArray,
    performance: FloatArray,
    importance_line: FloatArray | float,
    performance_line: FloatArray | float,
) -> FloatArray:
    """Signed distance of each attribute from the line on which importance equals performance.

    Parameters
    ----------
    importance, performance : FloatArray, shape (..., k)
        Coordinates.
    importance_line, performance_line : FloatArray, shape (...), or float
        Where the crosshair stands: the origin of both axes.

    Returns
    -------
    FloatArray, shape (..., k)
        Positive where importance exceeds performance. nan where a coordinate is, and everywhere if
        the attributes do not differ in one of the coordinates.

    Notes
    -----
    Importance and performance have different units, so both are measured from the crosshair in
    standard deviations over the attributes (divisor k - 1). The distance is then
    ``(z_importance - z_performance) / sqrt(2)``, perpendicular to the diagonal.

    References
    ----------
    Slack, N. (1994). The importance-performance matrix as a determinant of improvement priority.
    International Journal of Operations & Production Management, 14(5), 59-75.
    https://doi.org/10.1108/01443579410056803

    Examples
    --------
    >>> import numpy as np
    >>> distances = iso_priority_distances(np.array([1.0, 3.0]), np.array([7.0, 5.0]), 2.0, 6.0)
    >>> distances.round(6).tolist()
    [-1.0, 1.0]
    """
    difference = _standardised(importance, importance_line) - _standardised(
        performance, performance_line
    )
    distances: FloatArray = difference / np.sqrt(2.0)
    return distances


def _standardised(values: FloatArray, line: FloatArray | float) -> FloatArray:
    known = np.isfinite(values)
    count = known.sum(axis=-1, keepdims=True)
    centred = values - attribute_means(values)[..., None]
    squares = np.where(known, centred, 0.0) ** 2
    spread = np.sqrt(squares.sum(axis=-1, keepdims=True) / np.maximum(count - 1, 1))
    size = np.where(known, np.abs(values), 0.0).max(axis=-1, keepdims=True, initial=0.0)
    # Attributes that are equal but for rounding have no spread.
    spread = np.where(spread > _ON_THE_LINE * size, spread, np.nan)
    standardised: FloatArray = (values - np.asarray(line, dtype=np.float64)[..., None]) / spread
    return standardised


def descending_ranks(values: FloatArray) -> FloatArray:
    """Places of values in descending order: 1 is the greatest.

    Parameters
    ----------
    values : FloatArray, shape (..., k)
        What is ranked; nan has no rank.

    Returns
    -------
    FloatArray, shape (..., k)
        Equal values share the mean of their places.

    Examples
    --------
    >>> import numpy as np
    >>> descending_ranks(np.array([2.0, np.nan, 5.0, 2.0])).tolist()
    [2.5, nan, 1.0, 2.5]
    """
    known = np.isfinite(values)
    keys = np.where(known, -values, np.inf)
    ordered = np.sort(keys, axis=-1)
    greater = np.empty(values.shape)
    equal = np.empty(values.shape)
    # One attribute at a time: k is at most some dozens, while there may be thousands of draws.
    for place in range(values.shape[-1]):
        key = keys[..., place, None]
        greater[..., place] = (ordered < key).sum(axis=-1)
        equal[..., place] = (ordered == key).sum(axis=-1)
    ranks: FloatArray = np.where(known, greater + 0.5 * (equal + 1.0), np.nan)
    return ranks


def shares_of_sum(values: FloatArray) -> FloatArray:
    """Divide values by their sum over the attributes.

    Parameters
    ----------
    values : FloatArray, shape (..., k)
        Importances; nan is left out of the sum.

    Returns
    -------
    FloatArray, shape (..., k)
        nan where one of the values is negative or their sum is not above zero: shares of such a sum
        mean nothing.

    Examples
    --------
    >>> import numpy as np
    >>> shares_of_sum(np.array([1.0, np.nan, 3.0])).tolist()
    [0.25, nan, 0.75]
    """
    filled = np.where(np.isfinite(values), values, 0.0)
    total = filled.sum(axis=-1, keepdims=True)
    usable = (total > 0.0) & (filled >= 0.0).all(axis=-1, keepdims=True)
    shares: FloatArray = values / np.where(usable, total, np.nan)
    return shares


def covariances_from_products(
    total: FloatArray, sums: FloatArray, products: FloatArray
) -> FloatArray:
    """Covariance matrices from (means of) sums and cross-products.

    Parameters
    ----------
    total : FloatArray, shape (n_draws,)
        Weight of the rows that were summed.
    sums : FloatArray, shape (n_draws, q)
        Weighted sums of the variables, shifted to somewhere near their means.
    products : FloatArray, shape (n_draws, q (q + 1) / 2)
        Weighted sums of their products, in the order of ``numpy.triu_indices``.

    Returns
    -------
    FloatArray, shape (n_draws, q, q)
        With the total weight as divisor. Variances and covariances of a variable that is constant
        in a draw are exactly zero; a draw without weight is nan.

    Examples
    --------
    >>> import numpy as np
    >>> covariances_from_products(np.array([2.0]), np.array([[2.0]]), np.array([[4.0]])).tolist()
    [[[1.0]]]
    """
    n_variables = sums.shape[-1]
    rows, columns = np.triu_indices(n_variables)
    weight = np.where(total > 0.0, total, np.nan)[:, None]
    means, raw = sums / weight, products / weight
    centred = raw - means[:, rows] * means[:, columns]
    on_diagonal = rows == columns
    constant = centred[:, on_diagonal] <= _NO_VARIANCE * raw[:, on_diagonal]
    centred[constant[:, rows] | constant[:, columns]] = 0.0
    covariances = np.empty((len(total), n_variables, n_variables))
    covariances[:, rows, columns] = centred
    covariances[:, columns, rows] = centred
    return covariances


def standardised_slopes(correlations: FloatArray) -> FloatArray:
    """Standardised regression coefficients of the outcome on all predictors.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.

    Returns
    -------
    FloatArray, shape (..., p)
        nan where a matrix is not finite or the predictors are linearly dependent.

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> standardised_slopes(correlations).round(6).tolist()
    [0.533333, 0.133333]
    """
    inverse, shared = _inverse_of_predictors(correlations)
    slopes: FloatArray = (inverse @ shared[..., None])[..., 0]
    return slopes


def partial_correlations(correlations: FloatArray) -> FloatArray:
    """Correlation of each predictor with the outcome, given all other predictors.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.

    Returns
    -------
    FloatArray, shape (..., p)
        nan where a matrix is not finite or the predictors are linearly dependent.

    Notes
    -----
    With the coefficient b and the diagonal element c of the inverse correlations of the predictors,
    the partial correlation is ``b / sqrt(b**2 + c (1 - R**2))``.

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> partial_correlations(correlations).round(6).tolist()
    [0.503953, 0.144338]
    """
    inverse, shared = _inverse_of_predictors(correlations)
    slopes = (inverse @ shared[..., None])[..., 0]
    unexplained = np.maximum(1.0 - (slopes * shared).sum(axis=-1, keepdims=True), 0.0)
    variances = slopes**2 + np.diagonal(inverse, axis1=-2, axis2=-1) * unexplained
    partial: FloatArray = slopes / np.sqrt(np.where(variances > 0.0, variances, np.nan))
    return partial


def _inverse_of_predictors(correlations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Inverse correlations of the predictors, and their correlations with the outcome."""
    matrices = np.asarray(correlations, dtype=np.float64)
    if matrices.ndim < 2 or matrices.shape[-1] != matrices.shape[-2] or matrices.shape[-1] < 2:
        raise EstimationError(
            f"The correlations have shape {matrices.shape}, but importance needs square matrices "
            "of at least one predictor and the outcome."
        )
    finite: BoolArray = np.asarray(np.isfinite(matrices).all(axis=(-2, -1)))
    predictors = matrices[..., :-1, :-1]
    # eigh raises for the whole stack at one nan, so those matrices are replaced and marked after.
    usable = np.where(finite[..., None, None], predictors, np.eye(predictors.shape[-1]))
    eigenvalues, eigenvectors = np.linalg.eigh(usable)
    keep = finite & (eigenvalues[..., 0] > _SINGULAR)
    scaled = eigenvectors / np.where(keep[..., None], eigenvalues, np.nan)[..., None, :]
    return scaled @ np.swapaxes(eigenvectors, -1, -2), matrices[..., :-1, -1]
