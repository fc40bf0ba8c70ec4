"""Comparison of the means of independent groups whose variances may differ."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtrc

from servqual.numerics.studentized_range import (
    studentized_range_quantile,
    studentized_range_upper_tail,
)
from servqual.typing import FloatArray, IntArray, check_conf_level

__all__ = ["GamesHowell", "WelchAnova", "games_howell", "omega_squared", "welch_anova"]

_SQRT_2 = math.sqrt(2.0)


@dataclass(frozen=True, slots=True)
class WelchAnova:
    """A test that all groups have the same mean.

    Attributes
    ----------
    statistic : float
        Welch's F.
    df_numerator : float
        Number of groups − 1.
    df_denominator : float
        Welch's approximate degrees of freedom.
    p_value : float
        Upper tail of F.
    """

    statistic: float
    df_numerator: float
    df_denominator: float
    p_value: float


@dataclass(frozen=True, slots=True)
class GamesHowell:
    """All pairwise comparisons of group means, adjusted for their number.

    Attributes
    ----------
    first, second : ndarray of int, shape (n_pairs,)
        Indices of the two groups; `first` < `second`.
    difference : ndarray of float, shape (n_pairs,)
        Mean of the first group minus mean of the second.
    std_error : ndarray of float, shape (n_pairs,)
        Standard error of the difference, √(v₁ + v₂).
    statistic : ndarray of float, shape (n_pairs,)
        Difference over standard error (Welch's t).
    df : ndarray of float, shape (n_pairs,)
        Welch–Satterthwaite degrees of freedom.
    p_value : ndarray of float, shape (n_pairs,)
        Adjusted p-values, from the studentized range.
    conf_low, conf_high : ndarray of float, shape (n_pairs,)
        Simultaneous limits of the difference.
    """

    first: IntArray
    second: IntArray
    difference: FloatArray
    std_error: FloatArray
    statistic: FloatArray
    df: FloatArray
    p_value: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray


def welch_anova(means: ArrayLike, variances_of_means: ArrayLike, dfs: ArrayLike) -> WelchAnova:
    """Test that independent groups have the same mean, without assuming equal variances.

    Parameters
    ----------
    means : array_like, shape (k,)
        Means of the groups.
    variances_of_means : array_like, shape (k,)
        Squared standard errors of the means.
    dfs : array_like, shape (k,)
        Degrees of freedom of those variances, n − 1 for a group of n respondents.

    Returns
    -------
    WelchAnova
        Statistic, denominator degrees of freedom and p-value are nan if there is one group only, or
        if some group has a variance that is zero or nan, or less than one degree of freedom: such a
        group would have to be left out first.

    References
    ----------
    .. [1] Welch, B. L. (1951). On the comparison of several mean values: An alternative approach.
           *Biometrika*, 38(3/4), 330-336. https://doi.org/10.1093/biomet/38.3-4.330

    Examples
    --------
    >>> test = welch_anova([-0.9, -0.4, -0.6], [0.010, 0.015, 0.012], [80, 60, 70])
    >>> round(test.statistic, 4), round(test.df_denominator, 2), round(test.p_value, 5)
    (5.2518, 134.6, 0.00637)
    """
    group_means, variances, freedom = _as_vectors(means, variances_of_means, dfs)
    n_groups = group_means.size
    if n_groups < 2 or not np.all((variances > 0.0) & (freedom >= 1.0) & np.isfinite(group_means)):
        return WelchAnova(math.nan, float(n_groups - 1), math.nan, math.nan)
    weights = 1.0 / variances
    shares = weights / np.sum(weights)
    between = float(weights @ (group_means - shares @ group_means) ** 2) / (n_groups - 1)
    imprecision = float(np.sum((1.0 - shares) ** 2 / freedom)) / (n_groups**2 - 1)
    statistic = between / (1.0 + 2.0 * (n_groups - 2) * imprecision)
    df_denominator = 1.0 / (3.0 * imprecision)
    return WelchAnova(
        statistic=statistic,
        df_numerator=float(n_groups - 1),
        df_denominator=df_denominator,
        p_value=float(fdtrc(n_groups - 1.0, df_denominator, statistic)),
    )


def omega_squared(means: ArrayLike, variances: ArrayLike, sizes: ArrayLike) -> float:
    """Share of the variance in the population that lies between groups.

    Parameters
    ----------
    means : array_like, shape (k,)
        Means of the groups.
    variances : array_like, shape (k,)
        Variances within the groups, of divisor n − 1; that of a group of one is not read.
    sizes : array_like, shape (k,)
        Numbers of respondents.

    Returns
    -------
    float
        Hays' ω². It is not clipped: it falls below zero when groups differ less than chance would
        make them. nan with fewer than two groups, no more respondents than groups, or no variance
        at all.

    Notes
    -----
    ω² = (SS_between − (k − 1) MS_within) / (SS_total + MS_within), from the classical analysis of
    variance, so it pools the variances.

    References
    ----------
    .. [1] Hays, W. L. (1963). *Statistics for Psychologists*. Holt, Rinehart and Winston.

    Examples
    --------
    >>> round(omega_squared([-0.9, -0.4, -0.6], [0.81, 0.92, 0.85], [81, 61, 71]), 6)
    0.038718
    """
    group_means, group_variances, n = _as_vectors(means, variances, sizes)
    n_groups, n_obs = group_means.size, float(np.sum(n))
    if n_groups < 2 or not n_obs > n_groups:
        return math.nan
    grand_mean = float(n @ group_means) / n_obs
    between = float(n @ (group_means - grand_mean) ** 2)
    within = float(np.sum(np.where(n > 1.0, (n - 1.0) * group_variances, 0.0)))
    within_mean_square = within / (n_obs - n_groups)
    total = between + within + within_mean_square
    if not total > 0.0:
        return math.nan
    return (between - (n_groups - 1) * within_mean_square) / total


def games_howell(
    means: ArrayLike,
    variances_of_means: ArrayLike,
    dfs: ArrayLike,
    *,
    conf_level: float,
) -> GamesHowell:
    """Compare the means of every pair of independent groups, without assuming equal variances.

    Parameters
    ----------
    means : array_like, shape (k,)
        Means of the groups.
    variances_of_means : array_like, shape (k,)
        Squared standard errors of the means.
    dfs : array_like, shape (k,)
        Degrees of freedom of those variances, n − 1 for a group of n respondents.
    conf_level : float
        Simultaneous coverage of the intervals, between 0 and 1.

    Returns
    -------
    GamesHowell
        One entry per pair, in the order (0, 1), (0, 2) … (k−2, k−1). Statistic, p-value and limits
        are nan for a pair with a group whose variance is nan or has less than one degree of
        freedom, and for a pair without any variance. Groups that cannot be compared do not count in
        the adjustment.

    Raises
    ------
    OptionError
        If `conf_level` does not lie between 0 and 1.

    Notes
    -----
    p = P(Q > √2 |t|) with Q the studentized range of k means. The error rate over all pairs is held
    approximately; groups below some six respondents make it slightly liberal.

    References
    ----------
    .. [1] Games, P. A., & Howell, J. F. (1976). Pairwise multiple comparison procedures with
           unequal n's and/or variances: A Monte Carlo study. *Journal of Educational Statistics*,
           1(2), 113-125. https://doi.org/10.3102/10769986001002113

    Examples
    --------
    >>> pairs = games_howell(
    ...     [-0.9, -0.4, -0.6], [0.010, 0.015, 0.012], [80, 60, 70], conf_level=0.95
    ... )
    >>> [(int(i), int(j)) for i, j in zip(pairs.first, pairs.second)]
    [(0, 1), (0, 2), (1, 2)]
    >>> pairs.p_value.round(4).tolist()
    [0.0055, 0.1104, 0.4453]
    """
    check_conf_level(conf_level)
    group_means, variances, freedom = _as_vectors(means, variances_of_means, dfs)
    comparable = (variances >= 0.0) & (freedom >= 1.0) & np.isfinite(group_means)
    variances = np.where(comparable, variances, np.nan)
    freedom = np.where(comparable, freedom, np.nan)
    first, second = np.triu_indices(group_means.size, k=1)
    difference = group_means[first] - group_means[second]
    variance = variances[first] + variances[second]
    variance = np.where(variance > 0.0, variance, np.nan)
    df = variance**2 / (
        variances[first] ** 2 / freedom[first] + variances[second] ** 2 / freedom[second]
    )
    std_error = np.sqrt(variance)
    statistic = difference / std_error
    n_means = int(np.count_nonzero(comparable))
    critical = np.array(
        [studentized_range_quantile(1.0 - conf_level, n_means, float(nu)) for nu in df]
    )
    p_value = [
        studentized_range_upper_tail(_SQRT_2 * abs(float(t)), n_means, float(nu))
        for t, nu in zip(statistic, df, strict=True)
    ]
    half_width = critical / _SQRT_2 * std_error
    return GamesHowell(
        first=first.astype(np.int64),
        second=second.astype(np.int64),
        difference=difference,
        std_error=std_error,
        statistic=statistic,
        df=df,
        p_value=np.array(p_value, dtype=np.float64),
        conf_low=difference - half_width,
        conf_high=difference + half_width,
    )


def _as_vectors(*arguments: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Three arguments as float vectors of one length."""
    first, second, third = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(argument, dtype=np.float64)) for argument in arguments)
    )
    return first, second, third
