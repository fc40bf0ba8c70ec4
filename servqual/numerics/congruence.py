"""Similarity of factors, and rotation towards a target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from servqual.errors import EstimationError
from servqual.typing import FloatArray, IntArray

__all__ = [
    "Target",
    "match_factors",
    "procrustes_oblique",
    "procrustes_orthogonal",
    "tucker_congruence",
]


@dataclass(frozen=True, slots=True)
class Target:
    """Factors rotated towards a target.

    Attributes
    ----------
    loadings : FloatArray, shape (n_variables, n_factors)
        Pattern loadings.
    rotation_matrix : FloatArray, shape (n_factors, n_factors)
        By which the given loadings were multiplied.
    factor_correlations : FloatArray, shape (n_factors, n_factors)
        The identity for an orthogonal rotation.
    """

    loadings: FloatArray
    rotation_matrix: FloatArray
    factor_correlations: FloatArray


def tucker_congruence(first: FloatArray, second: FloatArray) -> FloatArray:
    """Tucker's congruence of the columns of two matrices.

    Parameters
    ----------
    first : FloatArray, shape (n_variables, k)
        Loadings.
    second : FloatArray, shape (n_variables, l)
        Loadings of the same variables.

    Returns
    -------
    FloatArray, shape (k, l)
        Sum of products over the root of the product of the sums of squares: the cosine of the angle
        between two columns. nan for a column of zeros.

    Raises
    ------
    EstimationError
        If the two have different numbers of rows.

    References
    ----------
    Tucker, L. R. (1951). A method for synthesis of factor analysis studies (Personnel Research
    Section Report No. 984). Department of the Army.

    Examples
    --------
    >>> import numpy as np
    >>> loadings = np.array([[0.8, 0.1], [0.6, 0.0], [0.0, 0.7]])
    >>> tucker_congruence(loadings, loadings).round(3).tolist()
    [[1.0, 0.113], [0.113, 1.0]]
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    _check_rows(one, two)
    length = np.sqrt(np.outer(np.sum(one**2, axis=0), np.sum(two**2, axis=0)))
    product = one.T @ two
    congruence = np.full(product.shape, np.nan)
    np.divide(product, length, out=congruence, where=length > 0.0)
    bounded: FloatArray = np.clip(congruence, -1.0, 1.0)
    return bounded


def match_factors(congruence: FloatArray) -> IntArray:
    """Assign a factor to each column of a target so that the similarity is as large as can be.

    Parameters
    ----------
    congruence : FloatArray, shape (n_factors, n_targets)
        Congruences; there must be as many factors as targets, or more.

    Returns
    -------
    IntArray, shape (n_targets,)
        For each target its factor. The sum of the absolute congruences is the largest possible; a
        congruence that is nan counts as zero.

    Raises
    ------
    EstimationError
        If there are fewer factors than targets.

    References
    ----------
    Kuhn, H. W. (1955). The Hungarian method for the assignment problem. Naval Research Logistics
    Quarterly, 2, 83-97. https://doi.org/10.1002/nav.3800020109

    Examples
    --------
    >>> import numpy as np
    >>> match_factors(np.array([[0.1, -0.9], [0.8, 0.3]])).tolist()
    [1, 0]
    """
    similarity = np.nan_to_num(np.abs(congruence), nan=0.0)
    if similarity.shape[0] < similarity.shape[1]:
        raise EstimationError(
            f"{similarity.shape[0]} factors cannot be matched with {similarity.shape[1]} targets, "
            "one for each. Use as many factors."
        )
    rows, columns = optimize.linear_sum_assignment(similarity, maximize=True)
    matched: IntArray = rows[np.argsort(columns)].astype(np.int64)
    return matched


def procrustes_orthogonal(loadings: FloatArray, target: FloatArray) -> Target:
    """Rotate factors, kept uncorrelated, as near to a target as they come in least squares.

    Parameters
    ----------
    loadings : FloatArray, shape (n_variables, n_factors)
        Loadings on uncorrelated factors.
    target : FloatArray, shape (n_variables, n_factors)
        What they should look like.

    Returns
    -------
    Target

    Raises
    ------
    EstimationError
        If the two differ in shape.

    References
    ----------
    Schönemann, P. H. (1966). A generalized solution of the orthogonal Procrustes problem.
    Psychometrika, 31, 1-10. https://doi.org/10.1007/BF02289451

    Examples
    --------
    >>> import numpy as np
    >>> target = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> turned = target @ np.array([[0.6, 0.8], [-0.8, 0.6]])
    >>> bool(np.allclose(procrustes_orthogonal(turned, target).loadings, target))
    True
    """
    given, wanted = _pair(loadings, target)
    left, _, right = np.linalg.svd(given.T @ wanted)
    matrix = left @ right
    return Target(given @ matrix, matrix, np.eye(given.shape[1]))


def procrustes_oblique(loadings: FloatArray, target: FloatArray) -> Target:
    """Rotate factors, which may correlate, towards a target.

    Each column of the target is regressed on the loadings; columns are then scaled so that factors
    have unit variance.

    Parameters
    ----------
    loadings : FloatArray, shape (n_variables, n_factors)
        Loadings on uncorrelated factors.
    target : FloatArray, shape (n_variables, n_factors)
        What they should look like.

    Returns
    -------
    Target

    Raises
    ------
    EstimationError
        If the two differ in shape, or the factors cannot be told apart.

    References
    ----------
    Hurley, J. R., & Cattell, R. B. (1962). The Procrustes program: Producing direct rotation to
    test a hypothesized factor structure. Behavioral Science, 7, 258-262.
    https://doi.org/10.1002/bs.3830070216

    Examples
    --------
    >>> import numpy as np
    >>> target = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> rotated = procrustes_oblique(np.array([[0.7, 0.4], [0.7, 0.3], [0.6, -0.5]]), target)
    >>> rotated.factor_correlations.diagonal().tolist()
    [1.0, 1.0]
    """
    given, wanted = _pair(loadings, target)
    matrix = np.asarray(np.linalg.lstsq(given, wanted, rcond=None)[0], dtype=np.float64)
    if np.linalg.matrix_rank(matrix) < given.shape[1]:
        raise EstimationError(
            "The factors cannot be rotated towards the target: two of its columns would need the "
            "same factor. Use fewer factors."
        )
    inverse = np.linalg.inv(matrix)
    correlations = inverse @ inverse.T
    spread = np.sqrt(np.diag(correlations))
    correlations = correlations / np.outer(spread, spread)
    np.fill_diagonal(correlations, 1.0)
    turned: FloatArray = matrix * spread
    return Target(given @ turned, turned, correlations)


def _pair(loadings: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    given = np.asarray(loadings, dtype=np.float64)
    wanted = np.asarray(target, dtype=np.float64)
    _check_rows(given, wanted)
    if given.shape != wanted.shape:
        raise EstimationError(
            f"The target has {wanted.shape[1]} columns, but there are {given.shape[1]} factors. "
            "Give one column per factor."
        )
    return given, wanted


def _check_rows(first: FloatArray, second: FloatArray) -> None:
    if first.ndim != 2 or second.ndim != 2 or first.shape[0] != second.shape[0]:
        raise EstimationError(
            f"Loadings of shapes {first.shape} and {second.shape} cannot be compared. Both need "
            "one row per variable, of the same variables."
        )
