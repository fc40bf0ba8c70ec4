"""Means of columns with missing values, in bootstrap resamples and without each respondent."""

from __future__ import annotations

import numpy as np

from servqual.numerics.resampled_means import resampled_means
from servqual.typing import FloatArray, IntArray, Progress

__all__ = ["means_without_one", "resampled_incomplete_means"]


def resampled_incomplete_means(
    values: FloatArray,
    *,
    n_resamples: int,
    seed: int,
    counts: IntArray | None = None,
    sampling_weights: FloatArray | None = None,
    progress: Progress | None = None,
) -> FloatArray:
    """Means of each column over those drawn who have a value, in each resample.

    Parameters
    ----------
    values : FloatArray, shape (n_rows, n_columns)
        One row per respondent; nan where a value is missing.
    n_resamples : int
        Number of resamples, at least 1.
    seed : int
        Seed of generators that are used for nothing else.
    counts : IntArray, shape (n_rows,), optional
        How many respondents each row stands for.
    sampling_weights : FloatArray, shape (n_rows,), optional
        Positive weights, which stay with their rows. Not together with `counts`.
    progress : callable, optional
        Is told (resamples done, resamples in all).

    Returns
    -------
    FloatArray, shape (n_resamples, n_columns)
        nan where nobody drawn has a value.

    Raises
    ------
    EstimationError
        If there is nobody to draw, or both kinds of weights are given.

    Notes
    -----
    Respondents are resampled, with the values that they miss. So a mean is a ratio of two sums,
    both of which vary, and the columns keep their dependence.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([[1.0, np.nan], [2.0, 4.0], [3.0, 4.0]])
    >>> draws = resampled_incomplete_means(values, n_resamples=200, seed=1)
    >>> draws.shape, set(draws[~np.isnan(draws[:, 1]), 1].tolist())
    ((200, 2), {4.0})
    """
    known = ~np.isnan(values)
    means = resampled_means(
        np.hstack([np.where(known, values, 0.0), known]),
        n_resamples=n_resamples,
        seed=seed,
        counts=counts,
        sampling_weights=sampling_weights,
        progress=progress,
    )
    n_columns = values.shape[1]
    return _ratio(means[:, :n_columns], means[:, n_columns:])


def means_without_one(
    values: FloatArray,
    *,
    counts: IntArray | None = None,
    sampling_weights: FloatArray | None = None,
) -> FloatArray:
    """Means of each column after one respondent of a row is left out (the jackknife).

    Parameters
    ----------
    values : FloatArray, shape (n_rows, n_columns)
        nan where a value is missing.
    counts : IntArray, shape (n_rows,), optional
        How many respondents each row stands for; one of them is left out.
    sampling_weights : FloatArray, shape (n_rows,), optional
        Positive weights.

    Returns
    -------
    FloatArray, shape (n_rows, n_columns)
        nan where nobody else has a value.

    Examples
    --------
    >>> import numpy as np
    >>> means_without_one(np.array([[1.0], [2.0], [np.nan], [6.0]])).ravel().tolist()
    [4.0, 3.5, 3.0, 1.5]
    """
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    own = np.ones(len(values)) if sampling_weights is None else sampling_weights
    times = own if counts is None else counts
    totals = times @ filled - own[:, None] * filled
    sizes = times @ known - own[:, None] * known
    # A difference of weights that is rounding error is nobody's weight.
    sizes[sizes < 1e-12 * float(times.sum())] = 0.0
    return _ratio(totals, sizes)


def _ratio(totals: FloatArray, sizes: FloatArray) -> FloatArray:
    return np.divide(totals, sizes, out=np.full_like(totals, np.nan), where=sizes > 0.0)
