"""What rotations make small, and the way down to its lowest point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from servqual.typing import FloatArray, IntArray

__all__ = ["Criterion", "Family", "Settled", "crawford_ferguson", "geomin", "settle"]

#: Value and gradient of a criterion at rotated loadings; leading axes are positions.
Criterion = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
Family = Literal["orthogonal", "oblique"]

#: Length of the gradient at which the search ends, and below which a position counts as at rest.
_END: Final = 1e-11
_AT_REST: Final = 1e-8

#: Step of the differences of gradients; their error is about its square.
_DIFFERENCE: Final = 1e-5

#: Curvatures below this share of the largest are taken as flat.
_FLAT: Final = 1e-7

#: Error of a difference of gradients.
_LEAST_BEND: Final = 1e-9

#: Share to which a step has to shrink the gradient for its curvatures to be used again.
_FAST: Final = 0.02

_MOST_STEPS: Final = 100
_MOST_HALVINGS: Final = 12
_LONGEST_STEP: Final = 0.3

#: How much of a criterion is rounding.
_ROUNDING: Final = 1e-13


@dataclass(frozen=True, slots=True)
class Settled:
    """A position at which a criterion has come to rest.

    Attributes
    ----------
    position : FloatArray, shape (n_factors, n_factors)
        Directions of the factors, of length one, in the columns.
    value : float
        The criterion.
    minimum : bool
        Whether the criterion is flat there and bends upwards on all sides: a saddle, where it is
        flat too, is not a minimum.
    """

    position: FloatArray
    value: float
    minimum: bool


def crawford_ferguson(kappa: float) -> Criterion:
    """Crawford–Ferguson criterion: complexity of rows and, with the share `kappa`, of columns.

    Parameters
    ----------
    kappa : float
        0 is quartimax and direct quartimin, 1/p varimax, k/(2p) equamax.

    Returns
    -------
    callable

    References
    ----------
    Crawford, C. B., & Ferguson, G. A. (1970). A general rotation criterion and its use in
    orthogonal rotation. Psychometrika, 35, 321-332. https://doi.org/10.1007/BF02310792
    """

    def criterion(rotated: FloatArray) -> tuple[FloatArray, FloatArray]:
        squares = rotated**2
        of_rows = squares.sum(axis=-1, keepdims=True) - squares
        of_columns = squares.sum(axis=-2, keepdims=True) - squares
        mixed = (1.0 - kappa) * of_rows + kappa * of_columns
        return np.sum(squares * mixed, axis=(-2, -1)) / 4.0, rotated * mixed

    return criterion


def geomin(delta: float) -> Criterion:
    """Geomin: the geometric mean of the squared loadings of a row, summed over rows.

    Parameters
    ----------
    delta : float
        Added to squared loadings, so that a zero does not hide the others of its row.

    Returns
    -------
    callable

    References
    ----------
    Browne, M. W. (2001). An overview of analytic rotation in exploratory factor analysis.
    Multivariate Behavioral Research, 36, 111-150. https://doi.org/10.1207/S15327906MBR3601_05
    """

    def criterion(rotated: FloatArray) -> tuple[FloatArray, FloatArray]:
        squares = rotated**2 + delta
        means = np.exp(np.mean(np.log(squares), axis=-1, keepdims=True))
        return means.sum(axis=(-2, -1)), (2.0 / rotated.shape[-1]) * rotated / squares * means

    return criterion


def settle(
    criterion: Criterion, family: Family, loadings: FloatArray, position: FloatArray
) -> Settled:
    """Go from a position near a minimum to the minimum itself.

    Parameters
    ----------
    criterion : callable
        Of `crawford_ferguson` or `geomin`.
    family : {"orthogonal", "oblique"}
        Whether factors stay uncorrelated.
    loadings : FloatArray, shape (n_variables, n_factors)
        Unrotated loadings.
    position : FloatArray, shape (n_factors, n_factors)
        Where to start.

    Returns
    -------
    Settled

    Notes
    -----
    Newton steps on the projected gradient, whose slopes are differences of it. A gradient can be
    followed to its rounding error; values of the criterion, which a line search of gradient
    projection compares, cannot tell positions apart any more below the root of theirs.

    References
    ----------
    Bernaards, C. A., & Jennrich, R. I. (2005). Gradient projection algorithms and software for
    arbitrary rotation criteria in factor analysis. Educational and Psychological Measurement, 65,
    676-696. https://doi.org/10.1177/0013164404272507

    Examples
    --------
    >>> import numpy as np
    >>> simple = np.array([[0.8, 0.0], [0.7, 0.0], [0.0, 0.6], [0.0, 0.9]])
    >>> turn = np.array([[0.96, 0.28], [-0.28, 0.96]])
    >>> settled = settle(crawford_ferguson(0.0), "orthogonal", simple @ turn, np.eye(2))
    >>> bool(np.allclose(simple @ turn @ settled.position, simple, atol=1e-10)), settled.minimum
    (True, True)
    """
    value, gradient = _own_gradient(criterion, family, loadings, position)
    curvature = _curvature(criterion, family, loadings, position)
    for _ in range(_MOST_STEPS):
        if np.linalg.norm(gradient) < _END:
            break
        step = _step(curvature, gradient)
        for _ in range(_MOST_HALVINGS):
            moved = _moved(family, position, step)
            reached, slope = _own_gradient(criterion, family, loadings, moved)
            rounding = _ROUNDING * abs(float(value))
            flatter = np.linalg.norm(slope) < np.linalg.norm(gradient)
            if reached < value - rounding or (flatter and reached <= value + rounding):
                break
            step = step / 2.0
        else:
            break
        shrunk = np.linalg.norm(slope) < _FAST * np.linalg.norm(gradient)
        position, value, gradient = moved, reached, slope
        # Curvatures cost most; those that led here so fast lead on.
        if not shrunk:
            curvature = _curvature(criterion, family, loadings, position)
    bends = np.asarray(np.linalg.eigvalsh(curvature), dtype=np.float64)
    flat = bool(np.linalg.norm(gradient) < _AT_REST)
    upwards = bool(bends[0] >= -_flat_bend(bends))
    return Settled(position=position, value=float(value), minimum=flat and upwards)


def _flat_bend(bends: FloatArray) -> float:
    """Curvature below which a direction counts as flat."""
    return _FLAT * float(np.max(np.abs(bends))) + _LEAST_BEND


def _step(curvature: FloatArray, gradient: FloatArray) -> FloatArray:
    """Newton's step, turned downhill where the criterion bends downwards, and not too long."""
    try:
        np.linalg.cholesky(curvature)
        step = np.asarray(-np.linalg.solve(curvature, gradient), dtype=np.float64)
    except np.linalg.LinAlgError:
        # Kept for the few positions that need it: from 30 directions on it wakes the threads of
        # OpenBLAS, which take 15 ms for what is done in 0.1.
        values, directions = np.linalg.eigh(curvature)
        bends = np.abs(np.asarray(values, dtype=np.float64))
        lengths = np.maximum(bends, _flat_bend(bends))
        step = np.asarray(-directions @ ((directions.T @ gradient) / lengths), dtype=np.float64)
    shortened: FloatArray = step * min(1.0, _LONGEST_STEP / float(np.linalg.norm(step)))
    return shortened


def _free(family: Family, n_factors: int) -> tuple[IntArray, IntArray]:
    """Rows and columns of the elements in which a position can move: D in position · (I + D)."""
    if family == "orthogonal":
        rows, columns = np.triu_indices(n_factors, 1)
    else:
        rows, columns = np.nonzero(~np.eye(n_factors, dtype=bool))
    return rows.astype(np.int64), columns.astype(np.int64)


def _own_gradient(
    criterion: Criterion, family: Family, loadings: FloatArray, position: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Criterion, and its slopes in the directions in which a position can move."""
    rows, columns = _free(family, position.shape[-1])
    if family == "orthogonal":
        rotated = loadings @ position
        value, slope = criterion(rotated)
        product = np.swapaxes(rotated, -1, -2) @ slope
        return value, (product - np.swapaxes(product, -1, -2))[..., rows, columns]
    rotated = loadings @ np.swapaxes(np.linalg.inv(position), -1, -2)
    value, slope = criterion(rotated)
    product = np.swapaxes(slope, -1, -2) @ rotated
    correlations = np.swapaxes(position, -1, -2) @ position
    diagonal = np.diagonal(product, axis1=-2, axis2=-1)[..., None, :]
    # Columns keep their length, so what would only lengthen them is taken out.
    return value, (correlations * diagonal - product)[..., rows, columns]


def _moved(family: Family, position: FloatArray, steps: FloatArray) -> FloatArray:
    """Positions after steps in the free directions."""
    n_factors = position.shape[-1]
    rows, columns = _free(family, n_factors)
    turn = np.zeros((*steps.shape[:-1], n_factors, n_factors))
    turn[..., rows, columns] = steps
    if family == "orthogonal":
        turn[..., columns, rows] = -steps
        left, _, right = np.linalg.svd(position @ (np.eye(n_factors) + turn))
        orthogonal: FloatArray = left @ right
        return orthogonal
    moved = position @ (np.eye(n_factors) + turn)
    oblique: FloatArray = moved / np.sqrt(np.sum(moved**2, axis=-2, keepdims=True))
    return oblique


def _curvature(
    criterion: Criterion, family: Family, loadings: FloatArray, position: FloatArray
) -> FloatArray:
    """Second derivatives in the free directions, from differences of the slopes."""
    size = _free(family, position.shape[0])[0].size
    steps = _DIFFERENCE * np.eye(size)
    around = _moved(family, position, np.concatenate([steps, -steps]))
    gradients = _own_gradient(criterion, family, loadings, around)[1]
    slopes = (gradients[:size] - gradients[size:]) / (2.0 * _DIFFERENCE)
    symmetric: FloatArray = (slopes + slopes.T) / 2.0
    return symmetric
