"""Spearman's rank correlation from two-way tables."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from servqual.errors import OptionError
from servqual.typing import FloatArray, IntArray

__all__ = ["spearman_correlations"]


def spearman_correlations(tables: FloatArray, n_categories: IntArray) -> FloatArray:
    """Rank correlations of all pairs of items, ties with their mean rank.

    Parameters
    ----------
    tables : FloatArray, shape (K, K)
        All two-way tables as one symmetric matrix, K being the sum of the numbers of categories.
    n_categories : IntArray, shape (p,)
        Number of categories of each item, in ascending order.

    Returns
    -------
    FloatArray, shape (p, p)
        Ranks are taken among those who answered both items. Diagonal 1; nan where one of the two
        does not vary.

    Raises
    ------
    OptionError
        If the numbers of categories do not fit the tables.

    References
    ----------
    Spearman, C. (1904). The proof and measurement of association between two things. American
    Journal of Psychology, 15, 72-101. https://doi.org/10.2307/1412159

    Examples
    --------
    >>> import numpy as np
    >>> pair = np.array([[3.0, 1.0], [0.0, 2.0]])
    >>> both = np.block([[np.diag([4.0, 2.0]), pair], [pair.T, np.diag([3.0, 3.0])]])
    >>> round(float(spearman_correlations(both, np.array([2, 2]))[0, 1]), 6)
    0.707107
    """
    burt = np.asarray(tables, dtype=np.float64)
    sizes = np.asarray(n_categories, dtype=np.int64)
    if burt.ndim != 2 or burt.shape != (sizes.sum(), sizes.sum()):
        raise OptionError(
            f"`tables` has shape {burt.shape}, but {sizes.sum()} categories of {sizes.size} items "
            "were announced. Give one row and one column per category."
        )
    starts = np.concatenate([[0], np.cumsum(sizes)])
    item_of = np.repeat(np.arange(sizes.size), sizes)
    belongs = (item_of[:, None] == np.arange(sizes.size)).astype(np.float64)
    # Frequencies of each category among those who answered item j: one column per j.
    margins = burt @ belongs
    below = np.zeros_like(margins)
    for start, stop in pairwise(starts):
        below[start:stop] = np.cumsum(margins[start:stop], axis=0) - margins[start:stop]
    total = belongs.T @ margins
    # Mean ranks less the mean of all ranks, which is half of the number of respondents (and 1/2).
    centred = below + 0.5 * margins - 0.5 * total[item_of]
    square = belongs.T @ (margins * centred**2)
    product = np.empty((sizes.size, sizes.size))
    for j, (start, stop) in enumerate(pairwise(starts)):
        # Row ranks depend on the partner j, and so do the ranks of j on its partner.
        own = centred[start:stop][:, item_of]
        product[:, j] = belongs.T @ (
            centred[:, j] * np.einsum("ka,ak->k", burt[:, start:stop], own)
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation: FloatArray = product / np.sqrt(square * square.T)
    correlation = np.where((square > 0.0) & (square.T > 0.0), correlation, np.nan)
    correlation = np.clip((correlation + correlation.T) / 2.0, -1.0, 1.0)
    np.fill_diagonal(correlation, np.where(np.diag(square) > 0.0, 1.0, np.nan))
    return correlation
