"""Thresholds and polychoric correlations of a group of respondents, and how they vary together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.numerics.polychoric import cell_influences, polychoric_correlations
from servqual.typing import BoolArray, EmptyCells, FloatArray, IntArray

__all__ = ["OrdinalMoments", "ordinal_moments", "pair_indices"]

#: Rows whose influences are held at once.
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class OrdinalMoments:
    """What a group's ordinal answers say about the normal variables beneath them.

    Attributes
    ----------
    n_obs : float
        Respondents.
    thresholds : FloatArray, shape (t,)
        Cuts between the categories, item by item.
    threshold_items : IntArray, shape (t,)
        Item of each threshold.
    correlations : FloatArray, shape (p, p)
        Polychoric correlations.
    spread : FloatArray, shape (t + p (p − 1) / 2, t + p (p − 1) / 2)
        Γ, n times the covariance matrix of the thresholds and, below the diagonal column by
        column, of the correlations.
    at_bound : BoolArray, shape (p, p)
        Pairs whose correlation has no maximum below one.
    """

    n_obs: float
    thresholds: FloatArray
    threshold_items: IntArray
    correlations: FloatArray
    spread: FloatArray
    at_bound: BoolArray

    @property
    def values(self) -> FloatArray:
        """Thresholds, then correlations: the statistics that a model is fitted to."""
        row, column = pair_indices(len(self.correlations))
        return np.concatenate([self.thresholds, self.correlations[row, column]])


def pair_indices(size: int) -> tuple[IntArray, IntArray]:
    """Rows and columns below the diagonal, column by column.

    Parameters
    ----------
    size : int
        Rows of the square matrix.

    Returns
    -------
    tuple of IntArray

    Examples
    --------
    >>> [place.tolist() for place in pair_indices(3)]
    [[1, 2, 2], [0, 0, 1]]
    """
    column, row = np.triu_indices(size, k=1)
    return row, column


def ordinal_moments(
    codes: IntArray,
    n_categories: IntArray,
    *,
    weights: FloatArray | None = None,
    empty_cells: EmptyCells = "two-by-two",
) -> OrdinalMoments:
    """Thresholds, polychoric correlations and their joint sampling covariances.

    Parameters
    ----------
    codes : IntArray, shape (n, p)
        Categories from 0, complete. Each category of an item must have been chosen.
    n_categories : IntArray, shape (p,)
        Number of categories of each item.
    weights : FloatArray, shape (n,), optional
        How often each respondent counts.
    empty_cells : {"two-by-two", "all", "none"}, default "two-by-two"
        As in `polychoric_correlations`.

    Returns
    -------
    OrdinalMoments

    References
    ----------
    Muthén, B. (1984). A general structural equation model with dichotomous, ordered categorical,
    and continuous latent variable indicators. *Psychometrika*, 49, 115-132.
    https://doi.org/10.1007/BF02294210

    Examples
    --------
    >>> import numpy as np
    >>> codes = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [40, 10, 10, 40], axis=0)
    >>> found = ordinal_moments(codes, np.array([2, 2]))
    >>> found.values.round(3).tolist()
    [0.0, 0.0, 0.809]
    """
    sizes = np.asarray(n_categories, dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    places = np.asarray(codes, dtype=np.int64) + offsets
    burt = _two_way_tables(places, int(sizes.sum()), weights)
    n_obs = float(len(codes) if weights is None else weights.sum())
    found = polychoric_correlations(burt, sizes, empty_cells=empty_cells, standard_errors=False)
    influences = cell_influences(burt, sizes, found.correlations)
    thresholds = np.concatenate(found.thresholds)
    on_thresholds = _threshold_influences(burt, sizes, thresholds, n_obs)
    answers = np.asarray(codes, dtype=np.int64)
    spread = _spread(answers, on_thresholds, influences, sizes, weights)
    return OrdinalMoments(
        n_obs,
        thresholds,
        np.repeat(np.arange(sizes.size), sizes - 1),
        found.correlations,
        spread / n_obs,
        found.at_bound,
    )


def _two_way_tables(places: IntArray, size: int, weights: FloatArray | None) -> FloatArray:
    """All two-way tables as one matrix."""
    total = np.zeros((size, size))
    for start in range(0, len(places), 4 * _ROWS_AT_ONCE):
        part = places[start : start + 4 * _ROWS_AT_ONCE]
        # Single precision counts exactly up to 2²⁴, far above the rows of one portion.
        belongs = np.zeros((len(part), size), dtype=np.float32 if weights is None else np.float64)
        np.put_along_axis(belongs, part, 1.0, axis=1)
        if weights is None:
            total += belongs.T @ belongs
        else:
            counted = belongs * weights[start : start + 4 * _ROWS_AT_ONCE, None]
            total += belongs.T @ counted
    return total


def _threshold_influences(
    burt: FloatArray, sizes: IntArray, thresholds: FloatArray, n_obs: float
) -> FloatArray:
    """N times the influence of each category on the thresholds of its item, shape (K, t).

    A threshold is the normal quantile of the share F below it, so its influence is
    (1[answer below] − F) / φ(τ).
    """
    share = np.diag(burt) / n_obs
    found = np.zeros((len(share), len(thresholds)))
    row = column = 0
    for size in sizes:
        below = np.cumsum(share[row : row + size])[:-1]
        cut = thresholds[column : column + size - 1]
        density = np.exp(-0.5 * cut**2) / np.sqrt(2.0 * np.pi)
        is_below = np.arange(size)[:, None] <= np.arange(size - 1)
        found[row : row + size, column : column + size - 1] = (is_below - below) / density
        row, column = row + size, column + size - 1
    return found


def _spread(
    codes: IntArray,
    on_thresholds: FloatArray,
    influences: FloatArray,
    sizes: IntArray,
    weights: FloatArray | None,
) -> FloatArray:
    """Sum of the products of the respondents' influences."""
    n_thresholds, n_pairs = on_thresholds.shape[1], len(influences)
    row, column = pair_indices(sizes.size)
    width = influences.shape[1]
    flat = influences.reshape(n_pairs, width * width)
    item = np.repeat(np.arange(sizes.size), sizes - 1)
    first = (np.cumsum(sizes) - sizes)[item]
    total = np.zeros((n_thresholds + n_pairs, n_thresholds + n_pairs))
    for start in range(0, len(codes), _ROWS_AT_ONCE):
        answers = np.ascontiguousarray(codes[start : start + _ROWS_AT_ONCE].T)
        influence = np.empty((n_thresholds + n_pairs, answers.shape[1]))
        for cut in range(n_thresholds):
            own = on_thresholds[first[cut] : first[cut] + sizes[item[cut]], cut]
            np.take(own, answers[item[cut]], out=influence[cut])
        scaled = answers * width
        for pair in range(n_pairs):
            cell = scaled[column[pair]] + answers[row[pair]]
            np.take(flat[pair], cell, out=influence[n_thresholds + pair])
        if weights is not None:
            influence *= np.sqrt(weights[start : start + _ROWS_AT_ONCE])
        total += influence @ influence.T
    return total
