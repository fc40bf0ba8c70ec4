"""Predictors that tell answers apart without error, so that a likelihood has no maximum."""

from __future__ import annotations

import numpy as np

from servqual.typing import FloatArray, IntArray

__all__ = ["separating_predictors"]

#: Share of a direction below which a predictor takes no part in it.
_TAKES_PART = 1e-6


def separating_predictors(levels: IntArray, predictors: FloatArray, n_levels: int) -> IntArray:
    """Find predictors that separate the answers of a cumulative or binary model.

    Parameters
    ----------
    levels : IntArray, shape (n_rows,)
        Answers, from 0 to n_levels − 1; each must occur.
    predictors : FloatArray, shape (n_rows, n_predictors)
        In any unit.
    n_levels : int
        Number of different answers.

    Returns
    -------
    IntArray
        Indices, in increasing order, of those that do so alone; else of a few that do so together;
        else empty, and the likelihood has a maximum.

    Notes
    -----
    The answers are separated if there are weights d of the predictors and cuts such that no x'd
    lies on the wrong side of a cut (on it is allowed: quasi-complete separation; Albert and
    Anderson 1984). Along such a direction the likelihood never falls. A linear programme looks for
    the weights, of absolute sum 1, with the largest sum of distances to the cuts: zero if and only
    if there is no such direction. Konis (2007) does this for two answers, with weights between −1
    and 1 instead, in which predictors take part that are not needed.

    References
    ----------
    .. [1] Albert, A., & Anderson, J. A. (1984). On the existence of maximum likelihood estimates in
           logistic regression models. *Biometrika*, 71(1), 1-10.
           https://doi.org/10.1093/biomet/71.1.1
    .. [2] Konis, K. (2007). *Linear programming algorithms for detecting separated data in binary
           logistic regression models* (doctoral thesis, University of Oxford).
           https://ora.ox.ac.uk/objects/uuid:8f9ee0d0-d78e-4101-9ab4-f9cbceed2a2a

    Examples
    --------
    >>> predictors = np.array([[1.0, 3.0], [2.0, 1.0], [3.0, 2.0], [4.0, 1.5]])
    >>> separating_predictors(np.array([0, 0, 1, 1]), predictors, 2).tolist()
    [0]
    >>> separating_predictors(np.array([0, 1, 0, 1]), predictors[:, :1], 2).tolist()
    []
    """
    n_predictors = predictors.shape[1]
    alone = [
        place
        for place in range(n_predictors)
        if _separates(levels, predictors[:, place], n_levels)
        or _separates(levels, -predictors[:, place], n_levels)
    ]
    if alone or not n_predictors:
        return np.array(alone, dtype=np.int64)
    return _together(levels, predictors, n_levels)


def _separates(levels: IntArray, values: FloatArray, n_levels: int) -> bool:
    """Whether values never fall from one answer to a higher one, and vary at all."""
    highest, lowest = np.full(n_levels, -np.inf), np.full(n_levels, np.inf)
    np.maximum.at(highest, levels, values)
    np.minimum.at(lowest, levels, values)
    below = np.maximum.accumulate(highest)[:-1]
    above = np.minimum.accumulate(lowest[::-1])[::-1][1:]
    return bool((below <= above).all() and np.ptp(values) > 0.0)


def _together(levels: IntArray, predictors: FloatArray, n_levels: int) -> IntArray:
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, vstack

    spread = predictors.std(axis=0)
    standard = (predictors - predictors.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    n_predictors = standard.shape[1]
    n_cuts = n_levels - 1
    # Distances to the cut above, c − x'd, and to the cut below, x'd − c, for those who have them.
    parts = []
    for sign, cuts in ((1.0, levels), (-1.0, levels - 1)):
        rows = np.flatnonzero((cuts >= 0) & (cuts < n_cuts))
        places = (np.arange(rows.size), cuts[rows])
        of_cuts = csr_array((np.full(rows.size, sign), places), shape=(rows.size, n_cuts))
        of_predictors = csr_array(-sign * standard[rows])
        # Weights are differences of two parts that are not negative, whose sum is their size.
        parts.append(hstack([of_predictors, -of_predictors, of_cuts]))
    distances = vstack(parts, format="csr")
    size = np.concatenate([np.ones(2 * n_predictors), np.zeros(n_cuts)])
    found = linprog(
        -distances.sum(axis=0),
        A_ub=vstack([-distances, csr_array(size[np.newaxis])], format="csr"),
        b_ub=np.concatenate([np.zeros(distances.shape[0]), [1.0]]),
        bounds=[(0.0, None)] * (2 * n_predictors) + [(None, None)] * n_cuts,
        method="highs",
    )
    if found.x is None:
        return np.empty(0, dtype=np.int64)
    weights = found.x[:n_predictors] - found.x[n_predictors : 2 * n_predictors]
    return np.flatnonzero(np.abs(weights) > _TAKES_PART).astype(np.int64)
