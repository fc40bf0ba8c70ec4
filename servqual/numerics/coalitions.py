"""Values of a game from the worths of all its coalitions: Shapley values and dominance.

A game here is what every subset of the predictors explains. Its worths stand in an array of 2^p
numbers, in which bit j of a position says whether predictor j takes part; leading axes hold several
games, such as those of the resamples of a bootstrap.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from servqual.errors import EstimationError
from servqual.typing import FloatArray

__all__ = [
    "average_gains",
    "compare_pairs",
    "complete_dominance",
    "shapley_values",
]

#: Differences of gains that are rounding errors of numbers between 0 and 1.
_NO_DIFFERENCE = 1e-12


def shapley_values(worths: FloatArray) -> FloatArray:
    """Average gain from adding a predictor, over all orders of entry.

    Parameters
    ----------
    worths : FloatArray, shape (..., 2^p)
        What each subset explains; more predictors never explain less.

    Returns
    -------
    FloatArray, shape (..., p)
        Values, none negative, that sum to the worth of all less that of none; nan where a worth is.

    Raises
    ------
    EstimationError
        If the number of worths is no power of two above one.

    References
    ----------
    Shapley, L. S. (1953). A value for n-person games. In Contributions to the theory of games II
    (pp. 307-317). Princeton University Press. https://doi.org/10.1515/9781400881970-018

    Examples
    --------
    >>> import numpy as np
    >>> shapley_values(np.array([0.0, 0.5, 0.3, 0.6])).round(6).tolist()
    [0.4, 0.2]
    """
    games, n_predictors = _checked(worths)
    sizes = _sizes(n_predictors - 1)
    # |S|! (p - |S| - 1)! / p!, the share of the orders in which exactly S comes before.
    orders = np.array(
        [1.0 / (n_predictors * math.comb(n_predictors - 1, size)) for size in range(n_predictors)]
    )[sizes]
    values = np.empty((games.shape[0], n_predictors))
    for predictor in range(n_predictors):
        values[:, predictor] = _gains(games, predictor) @ orders
    return values.reshape(*worths.shape[:-1], n_predictors)


def average_gains(worths: FloatArray) -> FloatArray:
    """Average gain from adding a predictor to each number of others: conditional dominance.

    Parameters
    ----------
    worths : FloatArray, shape (..., 2^p)
        What each subset explains.

    Returns
    -------
    FloatArray, shape (..., p, p)
        Rows are predictors, columns numbers of others from 0 to p - 1. The first column is the
        worth of each alone, the last the gain from adding it to all others, and the mean of a row
        its Shapley value.

    Raises
    ------
    EstimationError
        If the number of worths is no power of two above one.

    References
    ----------
    Azen, R., & Budescu, D. V. (2003). The dominance analysis approach for comparing predictors in
    multiple regression. Psychological Methods, 8(2), 129-148.
    https://doi.org/10.1037/1082-989X.8.2.129

    Examples
    --------
    >>> import numpy as np
    >>> average_gains(np.array([0.0, 0.5, 0.3, 0.6])).round(6).tolist()
    [[0.5, 0.3], [0.3, 0.1]]
    """
    games, n_predictors = _checked(worths)
    n_subsets = [math.comb(n_predictors - 1, size) for size in range(n_predictors)]
    averages = np.empty((games.shape[0], n_predictors, n_predictors))
    for predictor in range(n_predictors):
        averages[:, predictor] = _sums_by_size(_gains(games, predictor)) / n_subsets
    return averages.reshape(*worths.shape[:-1], n_predictors, n_predictors)


def complete_dominance(worths: FloatArray) -> FloatArray:
    """Whether a predictor adds more than another to every subset of the others.

    Parameters
    ----------
    worths : FloatArray, shape (..., 2^p)
        What each subset explains.

    Returns
    -------
    FloatArray, shape (..., p, p)
        1 where the predictor of the row never adds less than that of the column, and at least once
        more; 0 the other way round; 0.5 where neither holds, and on the diagonal; nan where a worth
        is.

    Raises
    ------
    EstimationError
        If the number of worths is no power of two above one.

    Notes
    -----
    Adding i or j to the same subset S is compared by the worths of S and i and of S and j, over all
    2^(p-2) subsets S that hold neither.

    References
    ----------
    Azen, R., & Budescu, D. V. (2003). The dominance analysis approach for comparing predictors in
    multiple regression. Psychological Methods, 8(2), 129-148.
    https://doi.org/10.1037/1082-989X.8.2.129

    Examples
    --------
    >>> import numpy as np
    >>> complete_dominance(np.array([0.0, 0.5, 0.3, 0.6])).tolist()
    [[0.5, 1.0], [0.0, 0.5]]
    """
    games, n_predictors = _checked(worths)
    found = np.full((games.shape[0], n_predictors, n_predictors), 0.5)
    for later in range(1, n_predictors):
        for earlier in range(later):
            shape = (-1, 2 ** (n_predictors - 1 - later), 2, 2 ** (later - 1 - earlier), 2)
            parts = games.reshape(games.shape[0], *shape[1:], 2**earlier)
            differences = (parts[:, :, 0, :, 1] - parts[:, :, 1, :, 0]).reshape(len(games), -1)
            verdict = _verdict(differences.min(axis=1), differences.max(axis=1))
            found[:, earlier, later] = verdict
            found[:, later, earlier] = 1.0 - verdict
    found[np.isnan(games).any(axis=1)] = np.nan
    return found.reshape(*worths.shape[:-1], n_predictors, n_predictors)


def compare_pairs(values: FloatArray) -> FloatArray:
    """Whether every value of a predictor is larger than that of another.

    Parameters
    ----------
    values : FloatArray, shape (..., p, k)
        Values of each predictor: its average gains for conditional dominance (k = p), its Shapley
        value for general dominance (k = 1).

    Returns
    -------
    FloatArray, shape (..., p, p)
        1 where no value of the row's predictor is smaller than that of the column's, and at least
        one larger; 0 the other way round; 0.5 where neither holds; nan where a value is.

    Examples
    --------
    >>> import numpy as np
    >>> compare_pairs(np.array([[0.4], [0.2], [0.4]])).tolist()
    [[0.5, 1.0, 0.5], [0.0, 0.5, 0.0], [0.5, 1.0, 0.5]]
    """
    differences = values[..., :, None, :] - values[..., None, :, :]
    found = _verdict(differences.min(axis=-1), differences.max(axis=-1))
    missing = np.asarray(np.isnan(values).any(axis=(-2, -1)))
    return np.where(missing[..., None, None], np.nan, found)


def _verdict(smallest: FloatArray, largest: FloatArray) -> FloatArray:
    """1, 0 or 0.5 from the range of the differences."""
    more = (smallest >= -_NO_DIFFERENCE) & (largest > _NO_DIFFERENCE)
    less = (largest <= _NO_DIFFERENCE) & (smallest < -_NO_DIFFERENCE)
    return np.where(more, 1.0, np.where(less, 0.0, 0.5))


def _checked(worths: FloatArray) -> tuple[FloatArray, int]:
    """Games in rows, and the number of their predictors."""
    n_worths = worths.shape[-1]
    n_predictors = n_worths.bit_length() - 1
    if n_predictors < 1 or n_worths != 2**n_predictors:
        raise EstimationError(
            f"There are {n_worths} worths, but a game of p predictors has 2^p, one for each subset."
        )
    return worths.reshape(-1, n_worths), n_predictors


def _sizes(n_predictors: int) -> NDArray[np.int8]:
    """How many predictors take part in each subset, shape (2^n_predictors,)."""
    sizes: NDArray[np.int8] = np.zeros(1, dtype=np.int8)
    for _ in range(n_predictors):
        sizes = np.concatenate([sizes, sizes + np.int8(1)])
    return sizes


def _gains(games: FloatArray, predictor: int) -> FloatArray:
    """What adding a predictor gains, for each subset of the others, shape (n_games, 2^(p-1))."""
    split = games.reshape(games.shape[0], -1, 2, 2**predictor)
    gains = (split[:, :, 1] - split[:, :, 0]).reshape(games.shape[0], -1)
    # Rounding can make a gain of nothing negative by 1e-16.
    positive: FloatArray = np.maximum(gains, 0.0, out=gains)
    return positive


def _sums_by_size(values: FloatArray) -> FloatArray:
    """Sums over all subsets of a size, from values by subset, shape (n_games, n_predictors + 1).

    The subsets are folded in two, one predictor after the other: those with it have one more.
    """
    sums = values[..., None]
    while sums.shape[1] > 1:
        half = sums.shape[1] // 2
        longer = np.zeros((sums.shape[0], half, sums.shape[2] + 1))
        longer[..., :-1] += sums[:, :half]
        longer[..., 1:] += sums[:, half:]
        sums = longer
    total: FloatArray = sums[:, 0]
    return total
