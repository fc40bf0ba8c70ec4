"""Means in bootstrap resamples, for many columns at once and without any cross-products."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from servqual.errors import EstimationError
from servqual.numerics.resampling import resampled_sums
from servqual.numerics.resampling_input import check_table, checked_clusters, checked_weights
from servqual.typing import FloatArray, IntArray, Progress

__all__ = ["resampled_means"]

#: Bytes that the data may take as floats; more of them are turned into floats when needed.
_MAX_BYTES = 2**26


def resampled_means(
    data: FloatArray | NDArray[np.uint8],
    *,
    n_resamples: int,
    seed: int,
    counts: FloatArray | IntArray | None = None,
    sampling_weights: FloatArray | None = None,
    clusters: IntArray | None = None,
    progress: Progress | None = None,
) -> FloatArray:
    """Means of nonparametric bootstrap resamples.

    What `servqual.numerics.bootstrap.bootstrap_moments` gives as means, at a cost that grows with
    the number of variables rather than with its square: for tables of indicators.

    Parameters
    ----------
    data : array, shape (n_rows, n_variables)
        Complete rows, one per respondent (or per distinct pattern, with `counts`). Indicators may
        be small integers, which take an eighth of the memory.
    n_resamples : int
        Number of resamples, at least 1.
    seed : int
        Seed of a generator that is used for nothing else.
    counts : array, shape (n_rows,), optional
        Frequency weights: whole numbers of respondents that each row stands for.
    sampling_weights : FloatArray, shape (n_rows,), optional
        Positive weights. Rows are drawn with equal chances and keep their weights. Not together
        with `counts`.
    clusters : IntArray, shape (n_rows,), optional
        Codes of groups, which are then drawn whole.
    progress : callable, optional
        Is told (resamples done, resamples in all) after each step.

    Returns
    -------
    FloatArray, shape (n_resamples, n_variables)

    Raises
    ------
    EstimationError
        If the data are not a table of finite numbers, there is nobody to draw, fewer than two
        clusters, the weights are not what they must be, or no resample is asked for.

    Notes
    -----
    The same seed draws the same resamples as `bootstrap_moments`. A ratio of two means, such as a
    share among those who answered, is the ratio of two columns. A single respondent can be drawn:
    all resamples are then alike.

    References
    ----------
    Davison, A. C., & Hinkley, D. V. (1997). Bootstrap methods and their application. Cambridge
    University Press. https://doi.org/10.1017/CBO9780511802843

    Examples
    --------
    >>> import numpy as np
    >>> data = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> means = resampled_means(data, n_resamples=100, seed=1)
    >>> means.shape, bool((means[:, 0] == 1.0).all())
    ((100, 2), True)
    """
    check_table(data)
    if n_resamples < 1:
        raise EstimationError(
            f"{n_resamples} resamples were asked for, but a bootstrap needs at least one."
        )
    n_rows = data.shape[0]
    frequencies, weights = checked_weights(counts, sampling_weights, n_rows)
    n_obs = n_rows if frequencies is None else int(frequencies.sum())
    if n_obs < 1:
        raise EstimationError("There is nobody to draw. Give at least one respondent.")
    columns: Callable[[slice], FloatArray]
    if clusters is None:
        columns, n_units, drawn_counts = _columns(data, weights), n_rows, frequencies
    else:
        multiplier = weights if frequencies is None else frequencies.astype(np.float64)
        table = _cluster_sums(data, multiplier, checked_clusters(clusters, n_rows))
        # Whole clusters are drawn with equal chances, whoever is in them.
        columns, n_units, drawn_counts = table.__getitem__, table.shape[0], None
    sums = resampled_sums(
        columns,
        n_units,
        n_resamples=n_resamples,
        seed=seed,
        counts=drawn_counts,
        progress=progress,
    )
    means: FloatArray = sums[:, :-1] / sums[:, [-1]]
    return means


def _columns(
    data: FloatArray | NDArray[np.uint8], weights: FloatArray | None
) -> Callable[[slice], FloatArray]:
    """Weighted columns of some rows; made once for all, where they fit into memory as floats."""
    if data.shape[0] <= _block_size(data.shape[1]):
        return _weighted_block(data, weights, slice(None)).__getitem__
    return partial(_weighted_block, data, weights)


def _block_size(n_variables: int) -> int:
    return max(1, _MAX_BYTES // (8 * (n_variables + 1)))


def _weighted_block(
    data: FloatArray | NDArray[np.uint8], multiplier: FloatArray | None, part: slice
) -> FloatArray:
    """Some rows with a last column of ones, times their weights."""
    rows = data[part]
    block = np.ones((rows.shape[0], data.shape[1] + 1))
    block[:, :-1] = rows
    if multiplier is not None:
        block *= multiplier[part, None]
    return block


def _cluster_sums(
    data: FloatArray | NDArray[np.uint8], multiplier: FloatArray | None, codes: IntArray
) -> FloatArray:
    """Weighted sums of each cluster, and its total weight in the last column."""
    n_clusters = int(codes.max()) + 1
    sums = np.zeros((n_clusters, data.shape[1] + 1))
    step = _block_size(data.shape[1])
    for start in range(0, data.shape[0], step):
        part = slice(start, start + step)
        block = _weighted_block(data, multiplier, part)
        for column in range(sums.shape[1]):
            sums[:, column] += np.bincount(
                codes[part], weights=block[:, column], minlength=n_clusters
            )
    return sums
