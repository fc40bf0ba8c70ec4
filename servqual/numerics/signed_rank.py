"""Wilcoxon's signed-rank test from the frequency table of the differences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from servqual.errors import EstimationError
from servqual.typing import FloatArray, IntArray, ZeroMethod, check_option

__all__ = ["SignedRank", "signed_rank"]

#: From this many differences on the normal approximation is used, as R's wilcox.test does.
_EXACT_BELOW = 50


@dataclass(frozen=True, slots=True)
class SignedRank:
    """A two-sided signed-rank test that the differences are symmetric about zero.

    Attributes
    ----------
    statistic : float
        V, the sum of the ranks of the positive differences.
    z : float
        V standardised by its normal approximation, given beside an exact p-value too; positive when
        the positive differences prevail. nan when no difference is left.
    p_value : float
        Two-sided p-value; nan when no difference is left.
    n_used : int
        Number of differences that are not zero.
    n_zeros : int
        Number of differences that are zero.
    exact : bool
        Whether `p_value` comes from the exact distribution of V.
    """

    statistic: float
    z: float
    p_value: float
    n_used: int
    n_zeros: int
    exact: bool


@dataclass(frozen=True, slots=True)
class _RankTable:
    """Distinct sizes of the non-zero differences, ascending.

    Attributes
    ----------
    totals : ndarray of int, shape (m,)
        How many differences have each size.
    positives : ndarray of int, shape (m,)
        How many of them are positive.
    n_zeros : int
        How many differences are zero.
    """

    totals: IntArray
    positives: IntArray
    n_zeros: int


def signed_rank(
    values: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    zeros: ZeroMethod = "wilcoxon",
    continuity: bool = True,
) -> SignedRank:
    """Test whether differences are symmetric about zero.

    Parameters
    ----------
    values : array_like, shape (m,)
        Differences, or their distinct values. Equality is exact: two sizes tie when they are the
        same number. Missing differences must have been left out.
    counts : array_like of int, shape (m,), optional
        How often each value occurs; once when omitted. Values may repeat.
    zeros : {"wilcoxon", "pratt"}, default "wilcoxon"
        "wilcoxon" leaves zero differences out before ranking; "pratt" ranks them with the
        others and leaves their ranks out, which lets many unchanged answers weigh against a shift.
    continuity : bool, default True
        Whether the normal approximation is corrected by one half.

    Returns
    -------
    SignedRank

    Raises
    ------
    EstimationError
        If values are not finite, or counts are not whole numbers of at least zero.
    OptionError
        If `zeros` is not an option.

    Notes
    -----
    The p-value is exact when fewer than 50 differences are left, none is zero and no two sizes tie;
    otherwise the normal approximation with the variance reduced for ties. With ``zeros="wilcoxon"``
    the numbers are those of R's ``wilcox.test(paired = TRUE)``. Respondents are assumed
    independent.

    References
    ----------
    .. [1] Wilcoxon, F. (1945). Individual comparisons by ranking methods. *Biometrics Bulletin*,
           1(6), 80-83. https://doi.org/10.2307/3001968
    .. [2] Pratt, J. W. (1959). Remarks on zeros and ties in the Wilcoxon signed rank procedures.
           *Journal of the American Statistical Association*, 54(287), 655-667.
           https://doi.org/10.1080/01621459.1959.10501526

    Examples
    --------
    Seven respondents answered one lower, two three lower, three the same, one two higher:

    >>> test = signed_rank([-1, -3, 0, 2], counts=[7, 2, 3, 1])
    >>> test.statistic, test.n_used, test.n_zeros, test.exact
    (8.0, 10, 3, False)
    >>> round(test.p_value, 6)
    0.044159
    """
    check_option("zeros", zeros, ZeroMethod)
    table = _rank_table(*_checked(values, counts))
    n_used = int(table.totals.sum())
    skipped_ranks = table.n_zeros if zeros == "pratt" else 0
    last_ranks = skipped_ranks + np.cumsum(table.totals)
    mid_ranks = last_ranks - 0.5 * (table.totals - 1)
    statistic = float(mid_ranks @ table.positives)
    z = _standardised(statistic, table.totals, skipped_ranks, continuity)
    exact = 0 < n_used < _EXACT_BELOW and table.n_zeros == 0 and bool(np.all(table.totals == 1))
    p_value = _exact_p_value(round(statistic), n_used) if exact else _normal_p_value(z)
    return SignedRank(statistic, z, p_value, n_used, table.n_zeros, exact)


def _checked(values: ArrayLike, counts: ArrayLike | None) -> tuple[FloatArray, IntArray]:
    """Values as floats and counts as whole numbers."""
    differences = np.asarray(values, dtype=np.float64).ravel()
    n_not_finite = int(np.count_nonzero(~np.isfinite(differences)))
    if n_not_finite:
        raise EstimationError(
            f"`values` has {n_not_finite} of {differences.size} differences that are missing or "
            "infinite. The signed-rank test needs finite differences. Leave the missing ones out."
        )
    if counts is None:
        return differences, np.ones(differences.size, dtype=np.int64)
    frequencies = np.asarray(counts, dtype=np.float64).ravel()
    whole = np.isfinite(frequencies) & (frequencies >= 0) & (frequencies == np.rint(frequencies))
    if frequencies.size != differences.size or not whole.all():
        raise EstimationError(
            f"`counts` has {frequencies.size} entries for {differences.size} values, of which "
            f"{int(np.count_nonzero(~whole))} are no whole number of at least zero. The "
            "signed-rank test needs one frequency per value; it has no form for sampling weights."
        )
    return differences, frequencies.astype(np.int64)


def _rank_table(differences: FloatArray, frequencies: IntArray) -> _RankTable:
    """Tabulate the differences by size, with the number of positive ones."""
    is_zero = differences == 0.0
    counted = ~is_zero & (frequencies > 0)
    sizes, group = np.unique(np.abs(differences[counted]), return_inverse=True)
    totals = np.zeros(sizes.size, dtype=np.int64)
    positives = np.zeros(sizes.size, dtype=np.int64)
    np.add.at(totals, group, frequencies[counted])
    np.add.at(positives, group, np.where(differences > 0.0, frequencies, 0)[counted])
    return _RankTable(totals, positives, int(frequencies[is_zero].sum()))


def _standardised(
    statistic: float, totals: IntArray, skipped_ranks: int, continuity: bool
) -> float:
    """V minus its mean, over its standard deviation under symmetry, given the ties."""
    n_used = int(totals.sum())
    if n_used == 0:
        return math.nan
    n_ranks = n_used + skipped_ranks
    # Python's whole numbers: the cubes of large frequencies leave the range of int64.
    mean = (n_ranks * (n_ranks + 1) - skipped_ranks * (skipped_ranks + 1)) / 4
    squares = n_ranks * (n_ranks + 1) * (2 * n_ranks + 1) - skipped_ranks * (skipped_ranks + 1) * (
        2 * skipped_ranks + 1
    )
    ties = sum(total**3 - total for total in totals.tolist())
    deviation = statistic - mean
    correction = math.copysign(0.5, deviation) if continuity and deviation != 0.0 else 0.0
    return (deviation - correction) / math.sqrt(squares / 24 - ties / 48)


def _normal_p_value(z: float) -> float:
    """Two-sided p-value of a standard normal statistic."""
    return min(1.0, 2.0 * float(ndtr(-abs(z)))) if not math.isnan(z) else math.nan


def _exact_p_value(statistic: int, n_used: int) -> float:
    """Two-sided p-value of V over all 2^n choices of signs."""
    frequencies = np.zeros(n_used * (n_used + 1) // 2 + 1, dtype=np.int64)
    frequencies[0] = 1
    for rank in range(1, n_used + 1):
        # Each rank is either in the sum or not; the right side is computed before it is added.
        frequencies[rank:] += frequencies[:-rank].copy()
    # The distribution is symmetric, so the smaller tail stands for both.
    tail = min(statistic, frequencies.size - 1 - statistic)
    n_choices: int = 2**n_used
    return min(1.0, 2.0 * int(frequencies[: tail + 1].sum()) / n_choices)
