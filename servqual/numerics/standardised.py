"""Completely standardised parameters of a structural equation model."""

from __future__ import annotations

import numpy as np

from servqual.numerics.implied_moments import (
    FACTOR_COVARIANCE,
    FACTOR_MEANS,
    INTERCEPTS,
    LOADINGS,
    REGRESSIONS,
    RESIDUAL_COVARIANCE,
    SCALES,
    THRESHOLDS,
    ModelMatrices,
    ModelStructure,
    assemble,
    implied_moments,
)
from servqual.typing import FloatArray, IntArray

__all__ = ["explained_variance", "standardise_elements", "standardised_jacobian"]

#: Length of a complex step: derivatives are exact to rounding, however small it is.
_STEP = 1e-30


def standardise_elements(
    matrices: ModelMatrices,
    matrix: IntArray,
    row: IntArray,
    column: IntArray,
    threshold_items: IntArray,
) -> FloatArray:
    """Elements of a model in units of standard deviations of all variables.

    Parameters
    ----------
    matrices : ModelMatrices
        Of one group; may be complex.
    matrix, row, column : IntArray, shape (k,)
        Which elements, free or fixed.
    threshold_items : IntArray
        Item of each threshold.

    Returns
    -------
    FloatArray, shape (k,)
        Loadings, regressions and intercepts are divided by the standard deviation of the variable
        explained (and multiplied by that of the variable that explains); (residual) covariances
        become correlations of the residuals, (residual) variances shares.
    """
    implied = implied_moments(matrices)
    observed = np.sqrt(np.diag(implied.covariance))
    latent = np.sqrt(np.diag(implied.latent_covariance))
    residual = _unit(np.diag(matrices.residual_covariance), observed**2)
    disturbance = _unit(np.diag(matrices.factor_covariance), latent**2)
    parts = matrices.parts()
    found = np.zeros(len(matrix), dtype=observed.dtype)
    for position, (number, at, to) in enumerate(zip(matrix, row, column, strict=True)):
        part = parts[number]
        value = part[at] if part.ndim == 1 else part[at, to]
        if number == LOADINGS:
            value = value * latent[to] / observed[at]
        elif number == REGRESSIONS:
            value = value * latent[to] / latent[at]
        elif number == FACTOR_COVARIANCE:
            unit = latent[at] ** 2 if at == to else disturbance[at] * disturbance[to]
            value = value / unit
        elif number == RESIDUAL_COVARIANCE:
            unit = observed[at] ** 2 if at == to else residual[at] * residual[to]
            value = value / unit
        elif number == INTERCEPTS:
            value = value / observed[at]
        elif number == FACTOR_MEANS:
            value = value / latent[at]
        elif number == THRESHOLDS:
            value = value / observed[threshold_items[at]]
        elif number == SCALES:
            value = value * observed[at]
        found[position] = value
    return found


def _unit(variances: FloatArray, totals: FloatArray) -> FloatArray:
    """Standard deviations of residuals; of the variable itself where its residual has no variance.

    The root of a negative variance would not be a number; lavaan standardises by its size.
    """
    real = np.real(variances)
    size = np.where(real < 0.0, -variances, variances)
    return np.sqrt(np.where(real == 0.0, totals, size))


def standardised_jacobian(
    structure: ModelStructure,
    parameters: FloatArray,
    group: int,
    matrix: IntArray,
    row: IntArray,
    column: IntArray,
) -> FloatArray:
    """Derivatives of standardised elements with respect to the parameters, by complex steps.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Where.
    group : int
        From 0.
    matrix, row, column : IntArray, shape (k,)
        Which elements.

    Returns
    -------
    FloatArray, shape (k, q)

    References
    ----------
    Squire, W., & Trapp, G. (1998). Using complex variables to estimate derivatives of real
    functions. *SIAM Review*, 40, 110-112. https://doi.org/10.1137/S003614459631241X
    """
    jacobian = np.zeros((len(matrix), structure.n_parameters))
    for number in np.unique(structure.free[group].parameter):
        moved = parameters.astype(complex)
        moved[number] += 1j * _STEP
        found = standardise_elements(
            assemble(structure, moved, group), matrix, row, column, structure.threshold_items
        )
        jacobian[:, number] = found.imag / _STEP
    return jacobian


def explained_variance(matrices: ModelMatrices) -> tuple[FloatArray, FloatArray]:
    """Share of each variable's variance that the model explains.

    Parameters
    ----------
    matrices : ModelMatrices
        Of one group.

    Returns
    -------
    tuple of FloatArray
        Of the observed variables, shape (p,), and of the latent ones, shape (m,).
    """
    implied = implied_moments(matrices)
    observed = 1.0 - np.diag(matrices.residual_covariance) / np.diag(implied.covariance)
    latent = 1.0 - np.diag(matrices.factor_covariance) / np.diag(implied.latent_covariance)
    return observed, latent
