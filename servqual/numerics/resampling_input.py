"""What a bootstrap asks of its data, weights and clusters; one place for moments and means."""

from __future__ import annotations

from typing import Any

import numpy as np

from servqual.errors import EstimationError
from servqual.typing import FloatArray, IntArray

__all__ = ["check_table", "checked_clusters", "checked_weights"]


def check_table(data: np.ndarray[Any, Any]) -> None:
    """Refuse data that are no table of finite numbers.

    Parameters
    ----------
    data : array
        One row per respondent, one column per variable.

    Raises
    ------
    EstimationError
        If it has no columns, or values are missing or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> check_table(np.ones((3, 2)))
    """
    if data.ndim != 2 or data.shape[1] == 0:
        raise EstimationError(
            f"The data have shape {data.shape}, but a bootstrap needs rows of variables."
        )
    incomplete = int(np.count_nonzero(~np.isfinite(data).all(axis=1)))
    if incomplete:
        raise EstimationError(
            f"{incomplete} of {data.shape[0]} rows have values that are missing or infinite, but "
            "a bootstrap needs complete rows. Leave them out first."
        )


def checked_weights(
    counts: FloatArray | IntArray | None, sampling_weights: FloatArray | None, n_rows: int
) -> tuple[IntArray | None, FloatArray | None]:
    """Frequency weights as integers, and sampling weights about one; not both.

    Parameters
    ----------
    counts : array, shape (n_rows,), optional
        Whole numbers of respondents that each row stands for.
    sampling_weights : FloatArray, shape (n_rows,), optional
        Positive weights, whose scale means nothing: about one, sums keep their precision.
    n_rows : int
        Rows of the data.

    Returns
    -------
    tuple
        What was given of each.

    Raises
    ------
    EstimationError
        If counts are not whole numbers, weights not positive, or both are given.

    Examples
    --------
    >>> import numpy as np
    >>> checked_weights(None, np.array([2.0, 6.0]), 2)[1].tolist()
    [0.5, 1.5]
    """
    if counts is not None and sampling_weights is not None:
        raise EstimationError(
            "Both `counts` and `sampling_weights` were given, but respondents have one kind of "
            "weight. Leave one of them out."
        )
    frequencies = None if counts is None else _whole_numbers(counts, n_rows)
    return frequencies, None if sampling_weights is None else _about_one(sampling_weights, n_rows)


def _whole_numbers(counts: FloatArray | IntArray, n_rows: int) -> IntArray:
    given = np.asarray(counts, dtype=np.float64)
    if given.shape != (n_rows,):
        raise EstimationError(
            f"`counts` has shape {given.shape}, but there are {n_rows} rows; it needs one count "
            "per row."
        )
    whole = np.isfinite(given) & (given >= 0.0) & (np.floor(given) == given)
    if not whole.all():
        raise EstimationError(
            f"{int(np.count_nonzero(~whole))} of {n_rows} `counts` are not whole numbers of "
            "respondents. Frequency weights say how often a row occurs; sampling weights cannot "
            "be resampled this way."
        )
    return given.astype(np.int64)


def _about_one(weights: FloatArray, n_rows: int) -> FloatArray:
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (n_rows,) or not (np.isfinite(given) & (given > 0.0)).all():
        raise EstimationError(
            f"`sampling_weights` must be one positive number for each of {n_rows} rows. Leave out "
            "respondents without a weight."
        )
    scaled: FloatArray = given / given.mean()
    return scaled


def checked_clusters(clusters: IntArray, n_rows: int) -> IntArray:
    """Clusters as numbers from zero.

    Parameters
    ----------
    clusters : IntArray, shape (n_rows,)
        Codes of any kind.
    n_rows : int
        Rows of the data.

    Returns
    -------
    IntArray, shape (n_rows,)

    Raises
    ------
    EstimationError
        If there is not one code per row, or only one cluster.

    Examples
    --------
    >>> import numpy as np
    >>> checked_clusters(np.array([7, 3, 7]), 3).tolist()
    [1, 0, 1]
    """
    if np.shape(clusters) != (n_rows,):
        raise EstimationError(
            f"`clusters` has shape {np.shape(clusters)}, but there are {n_rows} rows; it needs one "
            "code per row."
        )
    present, codes = np.unique(clusters, return_inverse=True)
    if present.size < 2:
        raise EstimationError(
            f"There is {present.size} cluster, but drawing clusters needs at least two. Leave "
            "`clusters` out."
        )
    return codes.astype(np.int64)
