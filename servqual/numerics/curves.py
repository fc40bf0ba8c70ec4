"""Columns that let a line bend: squares, hinges and restricted cubic splines."""

from __future__ import annotations

import numpy as np

from servqual.errors import EstimationError
from servqual.typing import FloatArray

__all__ = [
    "HARRELL_QUANTILES",
    "hinge",
    "repeated_quantiles",
    "restricted_cubic_spline",
]

#: Where Harrell puts knots: number of knots, and the quantiles at which they stand.
HARRELL_QUANTILES: dict[int, tuple[float, ...]] = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
}


def hinge(x: FloatArray, knot: float) -> FloatArray:
    """Part of each value above the knot, else zero.

    Parameters
    ----------
    x : FloatArray, shape (n,)
        Values.
    knot : float
        Where the line bends.

    Returns
    -------
    FloatArray, shape (n, 1)

    Examples
    --------
    >>> import numpy as np
    >>> hinge(np.array([-1.0, 0.0, 2.0]), 0.0).ravel().tolist()
    [0.0, 0.0, 2.0]
    """
    return np.maximum(np.asarray(x, dtype=np.float64) - knot, 0.0)[:, None]


def repeated_quantiles(
    values: FloatArray, probabilities: FloatArray, counts: FloatArray | None = None
) -> FloatArray:
    """Quantiles of values that each stand for several respondents.

    Parameters
    ----------
    values : FloatArray, shape (n,)
        Complete values.
    probabilities : FloatArray, shape (k,)
        From 0 to 1.
    counts : FloatArray, shape (n,), optional
        Respondents per value; whole numbers, of which one at least is positive.

    Returns
    -------
    FloatArray, shape (k,)
        As if every value were repeated as often as its count says, interpolated linearly (type 7 of
        Hyndman and Fan, the default of R and numpy).

    Examples
    --------
    >>> import numpy as np
    >>> repeated_quantiles(np.array([1.0, 2.0]), np.array([0.5]), np.array([1.0, 2.0])).tolist()
    [2.0]
    """
    data = np.asarray(values, dtype=np.float64)
    if counts is None:
        return np.asarray(np.quantile(data, probabilities), dtype=np.float64)
    order = np.argsort(data, kind="stable")
    last = np.cumsum(np.asarray(counts, dtype=np.float64)[order])
    position = (last[-1] - 1.0) * np.asarray(probabilities, dtype=np.float64)
    # The value at rank r (from 0) is the first whose cumulated count exceeds r.
    low = data[order[np.searchsorted(last, np.floor(position), side="right")]]
    high = data[order[np.searchsorted(last, np.ceil(position), side="right")]]
    found: FloatArray = low + (position - np.floor(position)) * (high - low)
    return found


def restricted_cubic_spline(x: FloatArray, knots: FloatArray) -> FloatArray:
    """Columns that, beside x itself, make a cubic spline which is straight beyond its outer knots.

    Parameters
    ----------
    x : FloatArray, shape (n,)
        Values.
    knots : FloatArray, shape (k,)
        Ascending and distinct, at least three.

    Returns
    -------
    FloatArray, shape (n, k − 2)
        In the unit of x: cubes are divided by the square of the distance of the outer knots.

    Raises
    ------
    EstimationError
        If there are fewer than three knots, or they do not ascend.

    References
    ----------
    Harrell, F. E. (2015). Regression modeling strategies (2nd ed.). Springer, section 2.4.5.
    https://doi.org/10.1007/978-3-319-19425-7

    Examples
    --------
    >>> import numpy as np
    >>> columns = restricted_cubic_spline(np.array([0.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0]))
    >>> columns.ravel().tolist()
    [0.0, 0.25, 1.5, 3.0]
    """
    places = np.asarray(knots, dtype=np.float64)
    if places.size < 3 or not (np.diff(places) > 0.0).all():
        raise EstimationError(
            f"The knots are {places.tolist()}, but a restricted cubic spline needs at least three "
            "that ascend."
        )
    cubes = np.maximum(np.asarray(x, dtype=np.float64)[:, None] - places, 0.0) ** 3
    last, before = places[-1], places[-2]
    inner = places[:-2]
    columns: FloatArray = (
        cubes[:, :-2]
        - cubes[:, [-2]] * (last - inner) / (last - before)
        + cubes[:, [-1]] * (before - inner) / (last - before)
    ) / (last - places[0]) ** 2
    return columns
