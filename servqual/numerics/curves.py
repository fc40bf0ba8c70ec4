"""Columns that let a line bend: squares, hinges and restricted cubic splines; and Wald's test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from servqual.errors import EstimationError
from servqual.typing import FloatArray

__all__ = [
    "HARRELL_QUANTILES",
    "WaldTest",
    "hinge",
    "repeated_quantiles",
    "restricted_cubic_spline",
    "wald_test",
]

#: Where Harrell puts knots: number of knots, and the quantiles at which they stand.
HARRELL_QUANTILES: dict[int, tuple[float, ...]] = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
}

#: Smallest eigenvalue of a correlation matrix that counts as positive.
_SINGULAR = 1e-12


@dataclass(frozen=True, slots=True)
class WaldTest:
    """Test that several coefficients are zero together.

    Attributes
    ----------
    statistic : float
        Wald's statistic divided by its degrees of freedom, to be held against F.
    df, df_denominator : float
        Degrees of freedom.
    p_value : float
        Upper tail. nan, as the statistic, where the covariance matrix is not of full rank.
    """

    statistic: float
    df: float
    df_denominator: float
    p_value: float


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


def wald_test(estimates: FloatArray, covariance: FloatArray, df_denominator: float) -> WaldTest:
    """Test that all of several coefficients are zero.

    Parameters
    ----------
    estimates : FloatArray, shape (k,)
        Coefficients.
    covariance : FloatArray, shape (k, k)
        Their covariance matrix, classical or robust.
    df_denominator : float
        Degrees of freedom of the covariance matrix.

    Returns
    -------
    WaldTest

    Examples
    --------
    >>> import numpy as np
    >>> test = wald_test(np.array([0.2, 0.1]), np.diag([0.01, 0.01]), 60.0)
    >>> round(test.statistic, 6), test.df
    (2.5, 2.0)
    """
    values = np.asarray(estimates, dtype=np.float64)
    matrix = np.asarray(covariance, dtype=np.float64)
    size = float(values.size)
    none = WaldTest(np.nan, size, float(df_denominator), np.nan)
    spread = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    if not np.isfinite(matrix).all() or not (spread > 0.0).all() or df_denominator < size:
        return none
    correlation = matrix / np.outer(spread, spread)
    if np.linalg.eigvalsh(correlation)[0] < _SINGULAR:
        return none
    scaled = values / spread
    statistic = float(scaled @ np.linalg.solve(correlation, scaled)) / size
    return WaldTest(
        statistic, size, float(df_denominator), float(fdtrc(size, df_denominator, statistic))
    )
