"""The best and the worst way to split a scale into halves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from servqual.typing import FloatArray

__all__ = ["MOST_ITEMS", "SplitHalfRange", "split_half_range"]

#: Scales with at most so many items are split in every way: 5.2 million for 26 items.
MOST_ITEMS = 26
#: Splits that are tried where there are too many for all.
_N_SAMPLED = 10_000
#: A variance below this share of the sizes it is summed from is rounding.
_ROUNDING = 1e-13


@dataclass(frozen=True, slots=True)
class SplitHalfRange:
    """Smallest and largest split-half reliability.

    Attributes
    ----------
    minimum : float
        Of the worst split. R's psych calls it beta; Revelle's coefficient of that name also looks
        at parts of unequal length.
    maximum : float
        Of the best split: Guttman's λ4.
    n_splits : int
        How many splits were looked at.
    exact : bool
        Whether these are all that there are.
    """

    minimum: float
    maximum: float
    n_splits: int
    exact: bool


def split_half_range(correlation: ArrayLike, *, seed: int = 0) -> SplitHalfRange:
    """Split-half reliability of the worst and of the best split into halves.

    Parameters
    ----------
    correlation : array_like, shape (k, k)
        Correlation matrix of the items (or their covariance matrix).
    seed : int, default 0
        Of the random splits, for scales of more than 26 items.

    Returns
    -------
    SplitHalfRange
        Of 4 C / V, C being the covariance of the two sums and V the variance of the sum of all
        items (Flanagan and Rulon). Halves of an odd number of items differ by one item. nan for one
        item, or a sum without variance.

    Notes
    -----
    With signs s = ±1 for the halves, 4 C / V = 1 − s'Rs / V. Up to 26 items all splits are looked
    at: s'Rs is put together from the signs of the first and of the second half of the items, so one
    matrix product gives many splits at once. Beyond that, 10,000 random splits are: the minimum is
    then too high and the maximum too low. R's psych has the same number of samples, from 17 items
    on.

    References
    ----------
    Guttman, L. (1945). A basis for analyzing test-retest reliability. *Psychometrika*, 10, 255-282.
    https://doi.org/10.1007/BF02288892

    Revelle, W. (1979). Hierarchical cluster analysis and the internal structure of tests.
    *Multivariate Behavioral Research*, 14, 57-74. https://doi.org/10.1207/s15327906mbr1401_4

    Examples
    --------
    >>> r = [[1.0, 0.6, 0.1, 0.1], [0.6, 1.0, 0.1, 0.1], [0.1, 0.1, 1.0, 0.6], [0.1, 0.1, 0.6, 1.0]]
    >>> found = split_half_range(r)
    >>> round(found.minimum, 4), round(found.maximum, 4), found.n_splits
    (0.2222, 0.7778, 3)
    """
    items = np.asarray(correlation, dtype=np.float64)
    size = items.shape[0]
    total = float(np.sum(items))
    # Written so that nan ends here as well.
    if size < 2 or not total > _ROUNDING * float(np.sum(np.abs(items))):
        return SplitHalfRange(math.nan, math.nan, 0, True)
    exact = size <= MOST_ITEMS
    smallest, largest, number = _every_split(items) if exact else _some_splits(items, seed)
    return SplitHalfRange(1.0 - largest / total, 1.0 - smallest / total, number, exact)


def _every_split(items: FloatArray) -> tuple[float, float, int]:
    """Smallest and largest s'Rs over all splits, and how many there are."""
    size = items.shape[0]
    half, first = size // 2, size // 2
    left, right = _signs(first), _signs(size - first)
    if size % 2 == 0:
        # Halves of equal length may change places, so the first item stays in one of them.
        left = left[left[:, 0] > 0]
    # The forms of both parts join the product as columns, against columns of ones.
    left_form = np.sum((left @ items[:first, :first]) * left, axis=1)
    right_form = np.sum((right @ items[first:, first:]) * right, axis=1)
    between = 2.0 * left @ items[:first, first:]
    rows = np.column_stack([between, left_form, np.ones(len(left))])
    columns = np.column_stack([right, np.ones(len(right)), right_form])
    in_left, in_right = np.sum(left > 0, axis=1), np.sum(right > 0, axis=1)
    smallest, largest, number = math.inf, -math.inf, 0
    for taken in range(half + 1):
        forms = rows[in_left == taken] @ columns[in_right == half - taken].T
        if forms.size == 0:
            continue
        smallest, largest = min(smallest, float(forms.min())), max(largest, float(forms.max()))
        number += forms.size
    return smallest, largest, number


def _some_splits(items: FloatArray, seed: int) -> tuple[float, float, int]:
    """Smallest and largest s'Rs over random splits."""
    size = items.shape[0]
    generator = np.random.default_rng(seed)
    # The ranks of random numbers are a random order; half of the items come first in it.
    order = np.argsort(generator.random((_N_SAMPLED, size)), axis=1)
    signs = np.where(order < size // 2, 1.0, -1.0)
    forms = np.sum((signs @ items) * signs, axis=1)
    return float(forms.min()), float(forms.max()), _N_SAMPLED


def _signs(size: int) -> FloatArray:
    """All ways to give each of some items a sign, one in each row."""
    bits = (np.arange(2**size)[:, None] >> np.arange(size)) & 1
    return np.asarray(1.0 - 2.0 * bits, dtype=np.float64)
