"""The nearest thing to a correlation matrix, for a matrix that is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from servqual.errors import NotPositiveDefiniteError
from servqual.typing import FloatArray

__all__ = ["SINGULAR", "Smoothing", "smooth_correlation"]

#: Eigenvalues of a correlation matrix nearer to zero than this are zero but for rounding.
SINGULAR = 1e-10


@dataclass(frozen=True, slots=True)
class Smoothing:
    """A correlation matrix without negative eigenvalues.

    Attributes
    ----------
    matrix : FloatArray, shape (p, p)
        The matrix itself where it had none, else the smoothed one.
    smallest_eigenvalue : float
        Before smoothing.
    smoothed : bool
        Whether it had to be changed.
    largest_change : float
        Of any correlation; 0 where nothing was changed.
    """

    matrix: FloatArray
    smallest_eigenvalue: float
    smoothed: bool
    largest_change: float


def smooth_correlation(
    correlation: FloatArray, *, tolerance: float = 1e-12, floor: float = 1e-10
) -> Smoothing:
    """Raise negative eigenvalues of a correlation matrix to a small positive number.

    Correlations that come from different respondents each (pairwise deletion), or were estimated
    pair by pair (polychoric), need not fit together in any real data.

    Parameters
    ----------
    correlation : FloatArray, shape (p, p)
        Symmetric, with ones on the diagonal.
    tolerance : float, default 1e-12
        A matrix is smoothed if its smallest eigenvalue lies below minus this. One that is only
        singular is left alone.
    floor : float, default 1e-10
        What eigenvalues below `tolerance` become, before all are scaled to sum to p and the matrix
        to a diagonal of ones.

    Returns
    -------
    Smoothing

    Raises
    ------
    NotPositiveDefiniteError
        If the matrix has elements that are not finite.

    Notes
    -----
    As `cor.smooth` of R's psych does, which takes the same two numbers.

    References
    ----------
    Wothke, W. (1993). Nonpositive definite matrices in structural modeling. In K. A. Bollen & J. S.
    Long (Eds.), Testing structural equation models (pp. 256-293). Sage.

    Examples
    --------
    >>> import numpy as np
    >>> impossible = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.9], [0.0, 0.9, 1.0]])
    >>> smoothing = smooth_correlation(impossible)
    >>> smoothing.smoothed, round(smoothing.smallest_eigenvalue, 4)
    (True, -0.2728)
    """
    matrix = np.asarray(correlation, dtype=np.float64)
    if not np.isfinite(matrix).all():
        raise NotPositiveDefiniteError(
            "The correlation matrix has elements that are not finite, so it has no eigenvalues. "
            "Leave out items that do not vary, and pairs of items that nobody answered both."
        )
    values, vectors = linalg.eigh(matrix)
    smallest = float(values[0])
    if smallest >= -tolerance:
        return Smoothing(matrix, smallest, False, 0.0)
    raised = np.where(values < tolerance, floor, values)
    raised *= len(values) / raised.sum()
    positive = (vectors * raised) @ vectors.T
    scale = np.sqrt(np.diag(positive))
    smoothed = positive / np.outer(scale, scale)
    smoothed = (smoothed + smoothed.T) / 2.0
    np.fill_diagonal(smoothed, 1.0)
    return Smoothing(smoothed, smallest, True, float(np.max(np.abs(smoothed - matrix))))
