"""From covariances to correlations, for one matrix or a stack of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from servqual.typing import FloatArray

__all__ = ["correlation_from_covariance"]


def correlation_from_covariance(
    covariance: ArrayLike, *, smallest_variance: float = 0.0
) -> FloatArray:
    """Scale covariance matrices to correlations.

    Parameters
    ----------
    covariance : array_like, shape (..., k, k)
        Covariance matrices.
    smallest_variance : float, default 0.0
        A variable whose variance is not above this does not vary.

    Returns
    -------
    ndarray, shape (..., k, k)
        With a diagonal of exactly one; nan in the rows and columns of variables that do not vary.

    Examples
    --------
    >>> correlation_from_covariance([[4.0, 1.0], [1.0, 1.0]]).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    matrices = np.asarray(covariance, dtype=np.float64)
    variances = np.diagonal(matrices, axis1=-2, axis2=-1)
    spread = np.sqrt(np.where(variances > smallest_variance, variances, np.nan))
    correlation: FloatArray = matrices / (spread[..., :, None] * spread[..., None, :])
    diagonal = np.arange(matrices.shape[-1])
    correlation[..., diagonal, diagonal] = np.where(np.isnan(spread), np.nan, 1.0)
    return correlation
