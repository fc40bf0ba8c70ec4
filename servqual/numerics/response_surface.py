"""Geometry of a quadratic surface over two variables (Edwards and Parry 1993).

Coefficients stand in the order X, Y, X², XY, Y², without the intercept.
"""

from __future__ import annotations

import numpy as np

from servqual.typing import FloatArray

__all__ = [
    "SURFACE_CONTRASTS",
    "curvatures",
    "principal_axes",
    "stationary_points",
    "surface_parameters",
]

#: a1 … a5 as linear functions of the five coefficients.
SURFACE_CONTRASTS: FloatArray = np.array(
    [
        [1.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 1.0, 1.0],
        [1.0, -1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, -1.0, 1.0],
        [0.0, 0.0, 1.0, 0.0, -1.0],
    ]
)
SURFACE_CONTRASTS.setflags(write=False)

#: Curvature, relative to the largest, below which a direction counts as straight.
_STRAIGHT = 1e-12


def surface_parameters(coefficients: FloatArray) -> FloatArray:
    """Slopes and curvatures along the lines of congruence and incongruence.

    Parameters
    ----------
    coefficients : FloatArray, shape (..., 5)
        Of X, Y, X², XY, Y².

    Returns
    -------
    FloatArray, shape (..., 5)
        a1, a2: slope and curvature along Y = X; a3, a4: along Y = -X; a5: b3 - b5.

    References
    ----------
    Edwards, J. R., & Parry, M. E. (1993). On the use of polynomial regression equations as an
    alternative to difference scores in organizational research. Academy of Management Journal,
    36(6), 1577-1613. https://doi.org/10.5465/256822

    Examples
    --------
    >>> import numpy as np
    >>> surface_parameters(np.array([2.0, 1.0, 0.5, 0.25, 0.75])).tolist()
    [3.0, 1.5, 1.0, 1.0, -0.25]
    """
    parameters: FloatArray = coefficients @ SURFACE_CONTRASTS.T
    return parameters


def stationary_points(coefficients: FloatArray) -> FloatArray:
    """Where the surface is flat in every direction.

    Parameters
    ----------
    coefficients : FloatArray, shape (..., 5)
        Of X, Y, X², XY, Y².

    Returns
    -------
    FloatArray, shape (..., 2)
        X and Y; nan where the surface is straight in some direction, so that there is no such point
        or a whole line of them.

    Examples
    --------
    >>> import numpy as np
    >>> stationary_points(np.array([2.0, 4.0, -1.0, 0.0, -1.0])).tolist()
    [1.0, 2.0]
    """
    b1, b2, b3, b4, b5 = np.moveaxis(np.asarray(coefficients, dtype=np.float64), -1, 0)
    determinant = 4.0 * b3 * b5 - b4**2
    size = np.maximum(np.maximum(np.abs(b3), np.abs(b5)), np.abs(b4)) ** 2
    exists = np.abs(determinant) > _STRAIGHT * size
    divisor = np.where(exists, determinant, np.nan)
    points: FloatArray = np.stack(
        [(b2 * b4 - 2.0 * b1 * b5) / divisor, (b1 * b4 - 2.0 * b2 * b3) / divisor], axis=-1
    )
    return points


def principal_axes(coefficients: FloatArray) -> FloatArray:
    """Lines through the stationary point along which the surface bends most upwards and downwards.

    Parameters
    ----------
    coefficients : FloatArray, shape (..., 5)
        Of X, Y, X², XY, Y².

    Returns
    -------
    FloatArray, shape (..., 4)
        Intercept and slope of the first axis (greatest upward curvature), then of the second:
        Y = p10 + p11 X and Y = p20 + p21 X. nan where an axis stands upright (without a product
        term) or the stationary point does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> principal_axes(np.array([0.0, 0.0, -1.0, 1.0, -1.0])).tolist()
    [0.0, 1.0, 0.0, -1.0]
    """
    values = np.asarray(coefficients, dtype=np.float64)
    _, _, b3, b4, b5 = np.moveaxis(values, -1, 0)
    spread = np.hypot(b3 - b5, b4)
    tilted = np.abs(b4) > _STRAIGHT * spread
    divisor = np.where(tilted, b4, np.nan)
    first, second = (b5 - b3 + spread) / divisor, (b5 - b3 - spread) / divisor
    point = stationary_points(values)
    x, y = point[..., 0], point[..., 1]
    # 0.0 - … + 0.0 keeps a zero intercept from being printed as -0.
    axes: FloatArray = np.stack([y - first * x + 0.0, first, y - second * x + 0.0, second], axis=-1)
    return axes


def curvatures(coefficients: FloatArray) -> FloatArray:
    """Second derivatives along the principal axes, the larger first.

    Parameters
    ----------
    coefficients : FloatArray, shape (..., 5)
        Of X, Y, X², XY, Y².

    Returns
    -------
    FloatArray, shape (..., 2)
        Both negative: a peak; both positive: a trough; of different sign: a saddle.

    Examples
    --------
    >>> import numpy as np
    >>> curvatures(np.array([0.0, 0.0, -1.0, 1.0, -1.0])).round(12).tolist()
    [-1.0, -3.0]
    """
    _, _, b3, b4, b5 = np.moveaxis(np.asarray(coefficients, dtype=np.float64), -1, 0)
    middle, spread = b3 + b5, np.hypot(b3 - b5, b4)
    both: FloatArray = np.stack([middle + spread, middle - spread], axis=-1)
    return both
