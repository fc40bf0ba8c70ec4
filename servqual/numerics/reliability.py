"""Reliability of a sum of items, from the items' covariance matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.special import fdtri

from servqual.errors import EstimationError
from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.split_halves import split_half_range
from servqual.typing import FloatArray, check_conf_level

__all__ = [
    "FeldtInterval",
    "ItemStatistics",
    "ScaleStatistics",
    "cronbach_alpha",
    "feldt_interval",
    "guttman_lambda2",
    "guttman_lambda6",
    "item_statistics",
    "mean_inter_item_correlation",
    "scale_reliability_statistics",
    "split_half_average",
    "split_half_odd_even",
    "squared_multiple_correlations",
]

#: A variance below this share of the sizes it is summed from is rounding, so it is taken as zero.
_ROUNDING = 1e-13
#: Likewise for the share of an item's variance that the other items leave over.
_SINGULAR = 1e-12


@dataclass(frozen=True, slots=True)
class FeldtInterval:
    """Limits of alpha.

    Attributes
    ----------
    low, high : float
        Limits; nan where they do not exist.
    """

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ScaleStatistics:
    """Reliability coefficients of the sum of k items; nan where one does not exist.

    Attributes
    ----------
    n_items : int
        Number of items, k.
    n_obs : float
        Number of respondents behind the covariance matrix.
    conf_level : float
        Coverage of the interval of alpha.
    mean_r : float
        Mean of the correlations between items.
    alpha : float
        Cronbach's alpha (raw: of the covariance matrix).
    alpha_low, alpha_high : float
        Feldt's limits of alpha.
    alpha_std : float
        Standardised alpha: of the correlation matrix.
    lambda2, lambda6 : float
        Guttman's λ2 and λ6 of the covariance matrix, comparable with `alpha`.
    lambda2_std, lambda6_std : float
        The same of the correlation matrix, comparable with `alpha_std` (psych's `G6(smc)`).
    split_half : float
        Odd-even split-half reliability, stepped up by Spearman and Brown's formula.
    split_half_mean : float
        Mean over all splits into halves, of the correlation matrix.
    split_half_minimum, split_half_maximum : float
        The worst and the best of these splits; the best is Guttman's λ4.
    """

    n_items: int
    n_obs: float
    conf_level: float
    mean_r: float
    alpha: float
    alpha_low: float
    alpha_high: float
    alpha_std: float
    lambda2: float
    lambda6: float
    lambda2_std: float
    lambda6_std: float
    split_half: float
    split_half_mean: float
    split_half_minimum: float
    split_half_maximum: float


@dataclass(frozen=True, slots=True)
class ItemStatistics:
    """How each item goes with the rest of its scale; nan where that does not exist.

    Attributes
    ----------
    item_rest_r : ndarray of float, shape (k,)
        Correlation of the item with the sum of the others (corrected item-total correlation).
    alpha_if_deleted : ndarray of float, shape (k,)
        Raw alpha of the others.
    """

    item_rest_r: FloatArray
    alpha_if_deleted: FloatArray


def scale_reliability_statistics(
    covariance: ArrayLike, n_obs: float, *, conf_level: float
) -> ScaleStatistics:
    """All reliability coefficients of one scale.

    Parameters
    ----------
    covariance : array_like, shape (k, k)
        Covariance matrix of the items, in squared points; reversed items already recoded.
    n_obs : float
        Number of respondents behind it.
    conf_level : float
        Coverage of Feldt's interval, between 0 and 1.

    Returns
    -------
    ScaleStatistics
        With one item, or without variance of the sum, everything is nan. A constant item leaves
        `alpha`, `lambda2` and `split_half`, but makes what rests on correlations nan; a singular
        matrix makes `lambda6` and `lambda6_std` nan.

    Raises
    ------
    EstimationError
        If `covariance` is not a square matrix.
    OptionError
        If `conf_level` does not lie between 0 and 1.

    Examples
    --------
    >>> stats = scale_reliability_statistics(
    ...     [[1.0, 0.5, 0.4], [0.5, 1.2, 0.6], [0.4, 0.6, 0.9]], 200, conf_level=0.95
    ... )
    >>> round(stats.alpha, 4), round(stats.alpha_low, 4), round(stats.alpha_high, 4)
    (0.7377, 0.6678, 0.7949)
    """
    items = _square(covariance)
    correlation = correlation_from_covariance(items, smallest_variance=_tolerance(items))
    alpha = cronbach_alpha(items)
    interval = feldt_interval(alpha, items.shape[0], n_obs, conf_level=conf_level)
    halves = split_half_range(correlation)
    return ScaleStatistics(
        n_items=items.shape[0],
        n_obs=n_obs,
        conf_level=conf_level,
        mean_r=mean_inter_item_correlation(correlation),
        alpha=alpha,
        alpha_low=interval.low,
        alpha_high=interval.high,
        alpha_std=cronbach_alpha(correlation),
        lambda2=guttman_lambda2(items),
        lambda6=guttman_lambda6(items),
        lambda2_std=guttman_lambda2(correlation),
        lambda6_std=guttman_lambda6(correlation),
        split_half=split_half_odd_even(items),
        split_half_mean=split_half_average(correlation),
        split_half_minimum=halves.minimum,
        split_half_maximum=halves.maximum,
    )


def item_statistics(covariance: ArrayLike) -> ItemStatistics:
    """Item-rest correlations, and alpha without each item.

    Parameters
    ----------
    covariance : array_like, shape (k, k)
        Covariance matrix of the items.

    Returns
    -------
    ItemStatistics
        `item_rest_r` is nan for a constant item and for k = 1, `alpha_if_deleted` for k < 3.

    Raises
    ------
    EstimationError
        If `covariance` is not a square matrix.

    References
    ----------
    .. [1] Nunnally, J. C. (1978). *Psychometric Theory* (2nd ed.), chapter 8. McGraw-Hill.

    Examples
    --------
    >>> stats = item_statistics([[1.0, 0.5, 0.4], [0.5, 1.2, 0.6], [0.4, 0.6, 0.9]])
    >>> stats.item_rest_r.round(4).tolist()
    [0.4954, 0.6111, 0.5893]
    >>> stats.alpha_if_deleted.round(4).tolist()
    [0.7273, 0.5926, 0.625]
    """
    items = _square(covariance)
    k = items.shape[0]
    if k < 2:
        return ItemStatistics(np.full(k, np.nan), np.full(k, np.nan))
    tolerance = _tolerance(items)
    variances = np.diag(items)
    with_total = np.sum(items, axis=1)
    rest_variances = np.sum(items) - 2.0 * with_total + variances
    # nan travels quietly through arithmetic; a division by zero would warn.
    rest_variances = np.where(rest_variances > tolerance, rest_variances, np.nan)
    varying = np.where(variances > tolerance, variances, np.nan)
    item_rest_r = (with_total - variances) / np.sqrt(varying * rest_variances)
    if k == 2:
        return ItemStatistics(item_rest_r, np.full(k, np.nan))
    unshared = (np.trace(items) - variances) / rest_variances
    return ItemStatistics(item_rest_r, (k - 1) / (k - 2) * (1.0 - unshared))


def cronbach_alpha(covariance: ArrayLike) -> float:
    """Cronbach's alpha; the standardised alpha when a correlation matrix is given.

    Parameters
    ----------
    covariance : array_like, shape (k, k)
        Covariance matrix of the items.

    Returns
    -------
    float
        k/(k−1) · (1 − Σ s²_j / V), V the variance of the sum. It is a lower bound of the
        reliability if the errors are uncorrelated, and equals it if the items measure the same with
        the same unit. nan for one item or a sum without variance.

    References
    ----------
    .. [1] Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests.
           *Psychometrika*, 16(3), 297-334. https://doi.org/10.1007/BF02310555

    Examples
    --------
    >>> round(cronbach_alpha([[1.0, 0.5], [0.5, 1.0]]), 6)
    0.666667
    """
    items = _square(covariance)
    k = items.shape[0]
    if k < 2:
        return math.nan
    unshared = float(np.trace(items)) / _total_variance(items)
    return float(k / (k - 1) * (1.0 - unshared))


def feldt_interval(alpha: float, n_items: int, n_obs: float, *, conf_level: float) -> FeldtInterval:
    """Feldt's confidence interval of Cronbach's alpha.

    Parameters
    ----------
    alpha : float
        Alpha in the sample.
    n_items : int
        Number of items, k.
    n_obs : float
        Number of respondents, n.
    conf_level : float
        Coverage, between 0 and 1.

    Returns
    -------
    FeldtInterval
        Both nan if alpha is nan, or with fewer than two items or two respondents.

    Raises
    ------
    OptionError
        If `conf_level` does not lie between 0 and 1.

    Notes
    -----
    (1 − alpha in the population) / (1 − alpha in the sample) follows F with n − 1 and
    (n − 1)(k − 1) degrees of freedom if the items are normal with equal variances and equal
    covariances. Numbers are those of R's ``psych::alpha.ci`` up to 400,000 denominator degrees of
    freedom, beyond which R's ``qf`` takes them as infinite.

    References
    ----------
    .. [1] Feldt, L. S. (1965). The approximate sampling distribution of Kuder-Richardson
           reliability coefficient twenty. *Psychometrika*, 30(3), 357-370.
           https://doi.org/10.1007/BF02289499

    Examples
    --------
    >>> interval = feldt_interval(0.715849, 5, 2436, conf_level=0.95)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.6976, 0.7333)
    """
    check_conf_level(conf_level)
    if math.isnan(alpha) or n_items < 2 or not n_obs >= 2.0:
        return FeldtInterval(math.nan, math.nan)
    df_numerator = n_obs - 1.0
    df_denominator = df_numerator * (n_items - 1)
    tail = 0.5 * (1.0 - conf_level)
    return FeldtInterval(
        low=1.0 - (1.0 - alpha) * float(fdtri(df_numerator, df_denominator, 1.0 - tail)),
        high=1.0 - (1.0 - alpha) * float(fdtri(df_numerator, df_denominator, tail)),
    )


def guttman_lambda2(covariance: ArrayLike) -> float:
    """Guttman's λ2, a lower bound of the reliability that is never below alpha.

    Parameters
    ----------
    covariance : array_like, shape (k, k)
        Covariance or correlation matrix of the items.

    Returns
    -------
    float
        [Σ_{i≠j} c_ij + √(k/(k−1) · Σ_{i≠j} c²_ij)] / V; nan for one item or a sum without variance.

    References
    ----------
    .. [1] Guttman, L. (1945). A basis for analyzing test-retest reliability. *Psychometrika*,
           10(4), 255-282. https://doi.org/10.1007/BF02288892

    Examples
    --------
    >>> round(guttman_lambda2([[1.0, 0.5, 0.2], [0.5, 1.0, 0.3], [0.2, 0.3, 1.0]]), 6)
    0.613542
    """
    items = _square(covariance)
    k = items.shape[0]
    if k < 2:
        return math.nan
    shared = items - np.diag(np.diag(items))
    spread = math.sqrt(k / (k - 1) * float(np.sum(shared**2)))
    return (float(np.sum(shared)) + spread) / _total_variance(items)


def guttman_lambda6(covariance: ArrayLike) -> float:
    """Guttman's λ6, in which each item's error is what the other items cannot predict.

    Parameters
    ----------
    covariance : array_like, shape (k, k)
        Covariance or correlation matrix of the items. The squared multiple correlations are the
        same for both, but the items' weights differ, so λ6 differs.

    Returns
    -------
    float
        1 − Σ s²_j (1 − SMC_j) / V; nan for one item, a sum without variance, a constant item, or an
        item that is a linear combination of others.

    References
    ----------
    .. [1] Guttman, L. (1945). A basis for analyzing test-retest reliability. *Psychometrika*,
           10(4), 255-282. https://doi.org/10.1007/BF02288892

    Examples
    --------
    >>> round(guttman_lambda6([[1.0, 0.5, 0.2], [0.5, 1.0, 0.3], [0.2, 0.3, 1.0]]), 6)
    0.527549
    """
    items = _square(covariance)
    if items.shape[0] < 2:
        return math.nan
    smc = squared_multiple_correlations(
        correlation_from_covariance(items, smallest_variance=_tolerance(items))
    )
    errors = float(np.diag(items) @ (1.0 - smc))
    return 1.0 - errors / _total_variance(items)


def split_half_odd_even(covariance: ArrayLike) -> float:
    """Split-half reliability of the items in odd against those in even positions.

    Parameters
    ----------
    covariance : array_like, shape (k, k)
        Covariance matrix of the items, in the order of the questionnaire.

    Returns
    -------
    float
        2r / (1 + r), with r the correlation of the two sums (positions 1, 3, … and 2, 4, …). The
        formula assumes parallel halves; with an odd number of items one half is longer and it is a
        little low. nan for one item or a half without variance.

    References
    ----------
    .. [1] Spearman, C. (1910). Correlation calculated from faulty data. *British Journal of
           Psychology*, 3(3), 271-295. https://doi.org/10.1111/j.2044-8295.1910.tb00206.x
    .. [2] Brown, W. (1910). Some experimental results in the correlation of mental abilities.
           *British Journal of Psychology*, 3(3), 296-322.
           https://doi.org/10.1111/j.2044-8295.1910.tb00207.x

    Examples
    --------
    >>> round(split_half_odd_even([[1.0, 0.5], [0.5, 1.0]]), 6)
    0.666667
    """
    items = _square(covariance)
    if items.shape[0] < 2:
        return math.nan
    odd_variance = _total_variance(items[0::2, 0::2])
    even_variance = _total_variance(items[1::2, 1::2])
    r = float(np.sum(items[0::2, 1::2])) / math.sqrt(odd_variance * even_variance)
    return 2.0 * r / (1.0 + r) if 1.0 + r > _ROUNDING else math.nan


def split_half_average(correlation: ArrayLike) -> float:
    """Split-half reliability averaged over all splits of the items into halves.

    Parameters
    ----------
    correlation : array_like, shape (k, k)
        Correlation matrix of the items (or their covariance matrix).

    Returns
    -------
    float
        Mean over all splits of 4 C / V, C being the covariance of the two sums and V the variance
        of the sum of all items (Flanagan and Rulon). An odd number of items is split into halves
        that differ by one item. nan for one item, or a sum without variance.

    Notes
    -----
    Each pair of items falls into different halves in the same share of the splits, so the mean
    needs no enumeration: 4 m (k - m) / (k (k - 1)) times the share of the covariances in V, with m
    = k/2 rounded down. For an even number of items this is alpha of the same matrix.

    References
    ----------
    Rulon, P. J. (1939). A simplified procedure for determining the reliability of a test by
    split-halves. Harvard Educational Review, 9, 99-103.

    Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. Psychometrika,
    16, 297-334. https://doi.org/10.1007/BF02310555

    Examples
    --------
    >>> round(split_half_average([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]]), 6)
    0.666667
    """
    items = _square(correlation)
    size = items.shape[0]
    if size < 2:
        return math.nan
    total = _total_variance(items)
    half = size // 2
    apart = 4.0 * half * (size - half) / (size * (size - 1.0))
    return float(apart * (total - float(np.trace(items))) / total)


def mean_inter_item_correlation(correlation: ArrayLike) -> float:
    """Mean of the correlations between different items.

    Parameters
    ----------
    correlation : array_like, shape (k, k)
        Correlation matrix of the items.

    Returns
    -------
    float
        nan for one item, or if a correlation is nan.

    Examples
    --------
    >>> round(mean_inter_item_correlation([[1.0, 0.5, 0.2], [0.5, 1.0, 0.3], [0.2, 0.3, 1.0]]), 6)
    0.333333
    """
    items = _square(correlation)
    if items.shape[0] < 2:
        return math.nan
    return float(np.mean(items[np.triu_indices(items.shape[0], k=1)]))


def squared_multiple_correlations(correlation: ArrayLike) -> FloatArray:
    """R² of each variable on all others.

    Parameters
    ----------
    correlation : array_like, shape (k, k)
        Correlation matrix.

    Returns
    -------
    ndarray of float, shape (k,)
        1 − 1 / r^jj, r^jj the diagonal of the inverse. All nan if the matrix is singular or
        indefinite, or has a nan.

    Raises
    ------
    EstimationError
        If `correlation` is not a square matrix.

    Examples
    --------
    >>> squared_multiple_correlations([[1.0, 0.5], [0.5, 1.0]]).round(6).tolist()
    [0.25, 0.25]
    """
    items = _square(correlation)
    k = items.shape[0]
    not_defined = np.full(k, np.nan)
    if not np.isfinite(items).all():
        return not_defined
    try:
        factor = np.linalg.cholesky(items)
    except np.linalg.LinAlgError:
        return not_defined
    if float(np.min(np.diag(factor))) ** 2 <= _SINGULAR:
        return not_defined
    inverse_root = solve_triangular(factor, np.eye(k), lower=True)
    return np.asarray(1.0 - 1.0 / np.sum(inverse_root**2, axis=0))


def _square(matrix: ArrayLike) -> FloatArray:
    """The argument as a square matrix of floats."""
    items = np.asarray(matrix, dtype=np.float64)
    if items.ndim != 2 or items.shape[0] != items.shape[1] or items.shape[0] == 0:
        raise EstimationError(
            f"The matrix of the items has shape {items.shape}. Reliability needs the square "
            "covariance matrix of at least one item."
        )
    return items


def _tolerance(items: FloatArray) -> float:
    """The variance that rounding alone can leave."""
    return _ROUNDING * float(np.sum(np.abs(items)))


def _total_variance(items: FloatArray) -> float:
    """Variance of the sum of the items; nan when there is none, so that quotients become nan."""
    total = float(np.sum(items))
    return total if total > _tolerance(items) else math.nan
