"""How much of an explained variance each of several correlated predictors may claim.

Every function takes correlation matrices with the outcome in the last row and column, and any
leading axes, so that the resamples of a bootstrap are one call.
"""

from __future__ import annotations

import math

import numpy as np

from servqual.errors import EstimationError
from servqual.typing import BoolArray, FloatArray

__all__ = [
    "MAX_LMG_PREDICTORS",
    "first",
    "last",
    "lmg",
    "pratt",
    "relative_weights",
]

#: Most predictors that `lmg` takes: 2^22 regressions, 32 MB of R^2.
MAX_LMG_PREDICTORS = 22

#: Eigenvalue or residual variance below which a predictor repeats others.
_SINGULAR = 1e-10

#: Numbers held at once while regressions are enumerated; 2^18 doubles are 2 MB and stay in cache.
_BLOCK = 2**18


def lmg(correlations: FloatArray) -> FloatArray:
    """Average gain in R^2 from adding a predictor, over all orders of entry.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last; p from 1 to 22.

    Returns
    -------
    FloatArray, shape (..., p)
        Shares, none negative, that sum to R^2; nan where a matrix is not finite.

    Raises
    ------
    EstimationError
        If there are more than 22 predictors.

    Notes
    -----
    Known as LMG, Shapley value regression and general dominance. Exact: R^2 of all 2^p subsets
    of predictors is computed by sweeping. A predictor that is a linear combination of others adds
    nothing to them, so shares exist for collinear predictors too.

    References
    ----------
    Lindeman, R. H., Merenda, P. F., & Gold, R. Z. (1980). Introduction to bivariate and
    multivariate analysis. Scott, Foresman.

    Grömping, U. (2006). Relative importance for linear regression in R: The package relaimpo.
    Journal of Statistical Software, 17(1). https://doi.org/10.18637/jss.v017.i01

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> shares = lmg(correlations)
    >>> shares.round(6).tolist()
    [0.286667, 0.086667]
    >>> round(float(shares.sum()), 6)
    0.373333
    """
    matrices = _checked(correlations)
    n_predictors = matrices.shape[-1] - 1
    if n_predictors > MAX_LMG_PREDICTORS:
        raise EstimationError(
            f"There are {n_predictors} predictors, but LMG takes at most {MAX_LMG_PREDICTORS}: "
            f"it needs 2^{n_predictors} regressions. Use relative weights, which come close to it, "
            "or the dimensions instead of the items."
        )
    flat = matrices.reshape(-1, n_predictors + 1, n_predictors + 1)
    finite = _are_finite(flat)
    shares = np.full((flat.shape[0], n_predictors), np.nan)
    per_block = max(1, _BLOCK >> n_predictors)
    for start in range(0, flat.shape[0], per_block):
        rows = np.flatnonzero(finite[start : start + per_block]) + start
        if rows.size:
            shares[rows] = _shapley(_all_subsets_r_squared(flat[rows]))
    return shares.reshape(*matrices.shape[:-2], n_predictors)


def relative_weights(correlations: FloatArray) -> FloatArray:
    """Johnson's relative weights.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.

    Returns
    -------
    FloatArray, shape (..., p)
        Shares, none negative, that sum to R^2; nan where a matrix is not finite or the predictors
        are linearly dependent.

    Notes
    -----
    The predictors are replaced by the uncorrelated variables nearest to them (the symmetric square
    root of their correlation matrix); what these explain is handed back in proportion to the
    squared correlations. The cost grows with p^3 only.

    References
    ----------
    Johnson, J. W. (2000). A heuristic method for estimating the relative weight of predictor
    variables in multiple regression. Multivariate Behavioral Research, 35(1), 1-19.
    https://doi.org/10.1207/S15327906MBR3501_1

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> relative_weights(correlations).round(6).tolist()
    [0.286667, 0.086667]
    """
    matrices = _checked(correlations)
    eigenvalues, eigenvectors = _predictor_eigen(matrices)
    transposed = np.swapaxes(eigenvectors, -1, -2)
    root = (eigenvectors * np.sqrt(eigenvalues)[..., None, :]) @ transposed
    inverse_root = (eigenvectors / np.sqrt(eigenvalues)[..., None, :]) @ transposed
    on_orthogonal = (inverse_root @ matrices[..., :-1, -1:])[..., 0]
    weights: FloatArray = (root**2 @ (on_orthogonal**2)[..., None])[..., 0]
    return weights


def pratt(correlations: FloatArray) -> FloatArray:
    """Pratt's measure: standardised coefficient times correlation with the outcome.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.

    Returns
    -------
    FloatArray, shape (..., p)
        Values that sum to R^2 and can be negative (a suppressor); nan where a matrix is not
        finite or the predictors are linearly dependent.

    References
    ----------
    Pratt, J. W. (1987). Dividing the indivisible: Using simple symmetry to partition variance
    explained. In Proceedings of the Second International Conference in Statistics (pp. 245-260).
    University of Tampere.

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> pratt(correlations).round(6).tolist()
    [0.32, 0.053333]
    """
    matrices = _checked(correlations)
    slopes, _ = _slopes_and_precisions(matrices)
    return slopes * matrices[..., :-1, -1]


def first(correlations: FloatArray) -> FloatArray:
    """R^2 of each predictor alone.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.

    Returns
    -------
    FloatArray, shape (..., p)
        Squared correlations with the outcome. Correlated predictors claim the same variance, so
        the values need not sum to R^2.

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> first(correlations).round(6).tolist()
    [0.36, 0.16]
    """
    alone: FloatArray = _checked(correlations)[..., :-1, -1] ** 2
    return alone


def last(correlations: FloatArray) -> FloatArray:
    """Gain in R^2 from adding each predictor to all the others.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.

    Returns
    -------
    FloatArray, shape (..., p)
        Squared semipartial correlations (Darlington's usefulness), which need not sum to R^2;
        nan where a matrix is not finite or the predictors are linearly dependent.

    References
    ----------
    Darlington, R. B. (1968). Multiple regression in psychological research and practice.
    Psychological Bulletin, 69(3), 161-182. https://doi.org/10.1037/h0025471

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> last(correlations).round(6).tolist()
    [0.213333, 0.013333]
    """
    slopes, precisions = _slopes_and_precisions(_checked(correlations))
    gains: FloatArray = slopes**2 / precisions
    return gains


def _checked(correlations: FloatArray) -> FloatArray:
    """Correlation matrices as floats, with at least one predictor."""
    matrices = np.asarray(correlations, dtype=np.float64)
    if matrices.ndim < 2 or matrices.shape[-1] != matrices.shape[-2] or matrices.shape[-1] < 2:
        raise EstimationError(
            f"The correlations have shape {matrices.shape}, but importance needs square matrices "
            "of at least one predictor and the outcome."
        )
    return matrices


def _are_finite(matrices: FloatArray) -> BoolArray:
    """Which matrices have only finite elements, shape (...)."""
    return np.asarray(np.isfinite(matrices).all(axis=(-2, -1)), dtype=np.bool_)


def _predictor_eigen(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues and eigenvectors of the predictors' correlations; nan where not usable."""
    predictors = matrices[..., :-1, :-1]
    finite = _are_finite(matrices)
    # eigh raises for the whole stack at one nan, so those matrices are replaced and marked after.
    usable = np.where(finite[..., None, None], predictors, np.eye(predictors.shape[-1]))
    eigenvalues, eigenvectors = np.linalg.eigh(usable)
    keep = finite & (eigenvalues[..., 0] > _SINGULAR)
    return np.where(keep[..., None], eigenvalues, np.nan), eigenvectors


def _slopes_and_precisions(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Standardised coefficients, and the inverse correlation matrix's diagonal."""
    eigenvalues, eigenvectors = _predictor_eigen(matrices)
    rotated = np.swapaxes(eigenvectors, -1, -2) @ matrices[..., :-1, -1:]
    slopes: FloatArray = (eigenvectors @ (rotated / eigenvalues[..., :, None]))[..., 0]
    precisions: FloatArray = np.sum(eigenvectors**2 / eigenvalues[..., None, :], axis=-1)
    return slopes, precisions


def _all_subsets_r_squared(matrices: FloatArray) -> FloatArray:
    """R^2 of every subset of predictors, shape (b, 2^p); bit j of the position stands for j.

    The last predictors are handled for all subsets at once; subsets of the others, the leading
    ones, are walked through one at a time, so that the work space stays at `_BLOCK` numbers.
    """
    n_batch, n_predictors = matrices.shape[0], matrices.shape[-1] - 1
    n_walked = max(0, n_predictors - max(1, (_BLOCK // n_batch).bit_length() - 3))
    r_squared = np.empty((n_batch, 2 ** (n_predictors - n_walked), 2**n_walked))
    for walked in range(2**n_walked):
        state = matrices
        for bit in range(n_walked):
            state = _swept(state) if walked >> bit & 1 else state[:, 1:, 1:]
        r_squared[:, :, walked] = _r_squared_of_rest(state)
    return r_squared.reshape(n_batch, -1)


def _r_squared_of_rest(state: FloatArray) -> FloatArray:
    """R^2 of every subset of the predictors that are left in `state`, shape (b, 2^n_left)."""
    n_batch, size = state.shape[0], state.shape[-1]
    subsets = state[:, None]
    for _ in range(size - 1):
        # The predictor in front is left out of the first half of the subsets and in the second.
        subsets = np.concatenate([subsets[..., 1:, 1:], _swept(subsets)], axis=1)
    return 1.0 - subsets.reshape(n_batch, -1)


def _swept(state: FloatArray) -> FloatArray:
    """Residual covariances of the other variables after regression on the one in front."""
    pivot = state[..., 0, 0]
    usable = pivot > _SINGULAR
    scaled = np.where(usable, 1.0, 0.0) / np.where(usable, pivot, 1.0)
    column = state[..., 1:, 0]
    residual: FloatArray = (
        state[..., 1:, 1:] - (column * scaled[..., None])[..., :, None] * column[..., None, :]
    )
    return residual


def _shapley(r_squared: FloatArray) -> FloatArray:
    """Shapley values of the game whose worth is R^2, from its 2^p values per row."""
    n_batch, n_subsets = r_squared.shape
    n_predictors = n_subsets.bit_length() - 1
    sizes = np.zeros(1, dtype=np.int8)
    for _ in range(n_predictors - 1):
        sizes = np.concatenate([sizes, sizes + 1])
    # |S|! (p - |S| - 1)! / p!, the share of the orders in which exactly S comes before.
    orders = np.array(
        [1.0 / (n_predictors * math.comb(n_predictors - 1, size)) for size in range(n_predictors)]
    )[sizes]
    shares = np.empty((n_batch, n_predictors))
    for predictor in range(n_predictors):
        split = r_squared.reshape(n_batch, -1, 2, 2**predictor)
        gain = (split[:, :, 1] - split[:, :, 0]).reshape(n_batch, -1)
        # Rounding can make a gain of nothing negative by 1e-16.
        shares[:, predictor] = np.maximum(gain, 0.0, out=gain) @ orders
    return shares
