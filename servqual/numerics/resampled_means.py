"""Means in bootstrap resamples, for many columns at once and without any cross-products."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from servqual.errors import EstimationError

# What a bootstrap of moments asks of its weights, a bootstrap of means asks too.
from servqual.numerics.resampling import checked_counts, checked_weights, resampled_sums
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
    _check_table(data, n_resamples)
    n_rows = data.shape[0]
    frequencies = None if counts is None else checked_counts(counts, n_rows)
    weights = None if sampling_weights is None else checked_weights(sampling_weights, n_rows)
    if weights is not None and frequencies is not None:
        raise EstimationError(
            "Both `counts` and `sampling_weights` were given, but respondents have one kind of "
            "weight. Leave one of them out."
        )
    n_obs = n_rows if frequencies is None else int(frequencies.sum())
    if n_obs < 1:
        raise EstimationError("There is nobody to draw. Give at least one respondent.")
    columns: Callable[[slice], FloatArray]
    if clusters is None:
        columns, n_units, drawn_counts = _columns(data, weights), n_rows, frequencies
    else:
        multiplier = weights if frequencies is None else frequencies.astype(np.float64)
        table = _cluster_sums(data, multiplier, clusters)
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


def _check_table(data: FloatArray | NDArray[np.uint8], n_resamples: int) -> None:
    if data.ndim != 2 or data.shape[1] == 0:
        raise EstimationError(
            f"The data have shape {data.shape}, but a bootstrap needs rows of variables."
        )
    if n_resamples < 1:
        raise EstimationError(
            f"{n_resamples} resamples were asked for, but a bootstrap needs at least one."
        )
    incomplete = int(np.count_nonzero(~np.isfinite(data).all(axis=1)))
    if incomplete:
        raise EstimationError(
            f"{incomplete} of {data.shape[0]} rows have values that are missing or infinite, but "
            "a bootstrap needs complete rows. Leave them out first."
        )


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
    data: FloatArray | NDArray[np.uint8], multiplier: FloatArray | None, clusters: IntArray
) -> FloatArray:
    """Weighted sums of each cluster, and its total weight in the last column."""
    if np.shape(clusters) != (data.shape[0],):
        raise EstimationError(
            f"`clusters` has shape {np.shape(clusters)}, but there are {data.shape[0]} rows; it "
            "needs one code per row."
        )
    present, codes = np.unique(clusters, return_inverse=True)
    if present.size < 2:
        raise EstimationError(
            f"There is {present.size} cluster, but drawing clusters needs at least two. Leave "
            "`clusters` out."
        )
    sums = np.zeros((present.size, data.shape[1] + 1))
    step = _block_size(data.shape[1])
    for start in range(0, data.shape[0], step):
        part = slice(start, start + step)
        block = _weighted_block(data, multiplier, part)
        for column in range(sums.shape[1]):
            sums[:, column] += np.bincount(
                codes[part], weights=block[:, column], minlength=present.size
            )
    return sums
