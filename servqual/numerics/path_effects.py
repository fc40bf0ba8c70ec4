"""Effects along the paths of regressions, such as indirect effects, as functions of covariances.

An effect is a sum of products of regression coefficients. Written so, one pair of functions gives
direct, indirect, total and conditional effects and contrasts between them, for one covariance
matrix or for the thousands of a bootstrap, and their derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from servqual.numerics.least_squares import least_squares_from_moments
from servqual.typing import BoolArray, FloatArray

__all__ = [
    "Equation",
    "FittedPaths",
    "Term",
    "effect_gradients",
    "effect_values",
    "fit_paths",
    "path_coefficients",
]

#: Smallest eigenvalue of predictors' correlations that counts as positive.
_SINGULAR = 1e-10

#: A regression: the outcome's place among the variables, and those of its predictors.
Equation = tuple[int, tuple[int, ...]]

#: A product: its multiplier, and the places of its factors among all coefficients.
Term = tuple[float, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class FittedPaths:
    """Regressions that share their respondents.

    Attributes
    ----------
    coefficients : FloatArray, shape (n_paths,)
        Slopes of all equations, one equation after the other.
    covariance : FloatArray, shape (n_paths, n_paths)
        Classical covariance matrix of the slopes; zero between equations, whose errors are
        uncorrelated.
    df : FloatArray, shape (n_paths,)
        Residual degrees of freedom of the slope's equation.
    r_squared : FloatArray, shape (n_equations,)
        Share of variance explained in each outcome.
    """

    coefficients: FloatArray
    covariance: FloatArray
    df: FloatArray
    r_squared: FloatArray


def fit_paths(covariance: FloatArray, n_obs: float, equations: Sequence[Equation]) -> FittedPaths:
    """Fit several regressions from one covariance matrix.

    Parameters
    ----------
    covariance : FloatArray, shape (n_variables, n_variables)
        Covariance matrix with divisor n_obs - 1.
    n_obs : float
        Number of respondents.
    equations : sequence of (int, tuple of int)
        Places of the outcome and of the predictors.

    Returns
    -------
    FittedPaths

    Raises
    ------
    NotIdentifiedError
        If a variable does not vary, or predictors are linearly dependent.
    NotPositiveDefiniteError
        If no data can have the covariance matrix.

    Examples
    --------
    >>> import numpy as np
    >>> covariance = np.array([[1.0, 0.5, 0.3], [0.5, 1.0, 0.4], [0.3, 0.4, 1.0]])
    >>> fitted = fit_paths(covariance, 50, [(1, (0,)), (2, (0, 1))])
    >>> fitted.coefficients.round(6).tolist()
    [0.5, 0.133333, 0.333333]
    """
    mean = np.zeros(covariance.shape[0])
    fits = [
        least_squares_from_moments(
            mean, covariance, n_obs, outcome=outcome, predictors=predictors, conf_level=0.95
        )
        for outcome, predictors in equations
    ]
    sizes = [len(predictors) for _, predictors in equations]
    joint = np.zeros((sum(sizes), sum(sizes)))
    start = 0
    for fit, size in zip(fits, sizes, strict=True):
        part = slice(start, start + size)
        joint[part, part] = fit.covariance_of_coefficients[1:, 1:]
        start += size
    return FittedPaths(
        coefficients=np.concatenate([fit.coefficients[1:] for fit in fits]),
        covariance=joint,
        df=np.repeat([fit.df_residual for fit in fits], sizes),
        r_squared=np.array([fit.r_squared for fit in fits]),
    )


def path_coefficients(covariances: FloatArray, equations: Sequence[Equation]) -> FloatArray:
    """Slopes of several regressions in each of many covariance matrices.

    Parameters
    ----------
    covariances : FloatArray, shape (..., n_variables, n_variables)
        Covariance matrices, as of bootstrap resamples.
    equations : sequence of (int, tuple of int)
        Places of the outcome and of the predictors.

    Returns
    -------
    FloatArray, shape (..., n_paths)
        Slopes, one equation after the other; nan for a matrix in which a variable does not vary
        or predictors repeat each other.

    Examples
    --------
    >>> import numpy as np
    >>> covariances = np.stack([np.eye(2) + 0.5, np.ones((2, 2))])
    >>> path_coefficients(covariances, [(1, (0,))]).round(6).tolist()
    [[0.333333], [1.0]]
    """
    matrices = np.asarray(covariances, dtype=np.float64)
    slopes = [_slopes(matrices, outcome, predictors) for outcome, predictors in equations]
    found: FloatArray = np.concatenate(slopes, axis=-1)
    found[np.isnan(found).any(axis=-1)] = np.nan
    return found


def effect_values(coefficients: FloatArray, effects: Sequence[Sequence[Term]]) -> FloatArray:
    """Sums of products of coefficients.

    Parameters
    ----------
    coefficients : FloatArray, shape (..., n_paths)
        As `path_coefficients` gives them.
    effects : sequence of sequence of (float, tuple of int)
        For each effect its products: multiplier, and places of the factors.

    Returns
    -------
    FloatArray, shape (..., n_effects)

    Examples
    --------
    >>> import numpy as np
    >>> effect_values(np.array([0.5, 0.2, 0.4]), [[(1.0, (0, 2))], [(1.0, (0, 2)), (1.0, (1,))]])
    array([0.2, 0.4])
    """
    values = np.zeros((*coefficients.shape[:-1], len(effects)))
    for place, effect in enumerate(effects):
        for multiplier, factors in effect:
            values[..., place] += multiplier * coefficients[..., list(factors)].prod(axis=-1)
    return values


def effect_gradients(coefficients: FloatArray, effects: Sequence[Sequence[Term]]) -> FloatArray:
    """Derivatives of effects by the coefficients.

    Parameters
    ----------
    coefficients : FloatArray, shape (n_paths,)
        Slopes.
    effects : sequence of sequence of (float, tuple of int)
        As in `effect_values`; no coefficient stands twice in one product.

    Returns
    -------
    FloatArray, shape (n_effects, n_paths)

    Examples
    --------
    >>> import numpy as np
    >>> effect_gradients(np.array([0.5, 0.4]), [[(1.0, (0, 1))]]).tolist()
    [[0.4, 0.5]]
    """
    gradients = np.zeros((len(effects), coefficients.size))
    for place, effect in enumerate(effects):
        for multiplier, factors in effect:
            for factor in factors:
                others = [other for other in factors if other != factor]
                gradients[place, factor] += multiplier * coefficients[others].prod()
    return gradients


def _slopes(matrices: FloatArray, outcome: int, predictors: tuple[int, ...]) -> FloatArray:
    """Slopes of one regression in each matrix, solved on the scale of correlations."""
    columns = list(predictors)
    variances = matrices[..., columns, columns]
    varies: BoolArray = np.asarray(
        (variances > 0.0).all(axis=-1) & np.isfinite(matrices).all(axis=(-2, -1))
    )
    spread = np.sqrt(np.where(varies[..., None], variances, 1.0))
    within = matrices[..., columns, :][..., columns]
    correlations = within / (spread[..., :, None] * spread[..., None, :])
    correlations = np.where(varies[..., None, None], correlations, np.eye(len(columns)))
    if len(columns) > 1:
        usable = np.asarray(varies & (np.linalg.eigvalsh(correlations)[..., 0] > _SINGULAR))
        correlations = np.where(usable[..., None, None], correlations, np.eye(len(columns)))
    else:
        usable = varies
    shared = matrices[..., columns, outcome] / spread
    slopes: FloatArray = np.linalg.solve(correlations, shared[..., None])[..., 0] / spread
    slopes[~usable] = np.nan
    return slopes
