"""Moments that a structural equation model implies, and their derivatives; the one place for both.

The model of each group is y = ν + Λη + ε, η = α + Bη + ζ (Bollen 1989), so that

    Σ = Λ (I − B)⁻¹ Ψ (I − B)⁻ᵀ Λᵀ + Θ,    μ = ν + Λ (I − B)⁻¹ α.

The derivative of Σ with respect to any single element of Λ, B, Ψ or Θ is a matrix of rank two,
u vᵀ + v uᵀ. Keeping u and v instead of the derivative itself makes gradients, information
matrices and casewise scores products of thin matrices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from servqual.typing import FloatArray, IntArray

__all__ = [
    "Directions",
    "FreeElements",
    "Implied",
    "ModelMatrices",
    "ModelStructure",
    "assemble",
    "directions",
    "implied_moments",
    "second_directions",
    "vech_indices",
]

#: Which matrix an element belongs to.
LOADINGS, REGRESSIONS, FACTOR_COVARIANCE, RESIDUAL_COVARIANCE, INTERCEPTS, FACTOR_MEANS = range(6)
SCALES, THRESHOLDS = 6, 7


@dataclass(frozen=True, slots=True)
class ModelMatrices:
    """Matrices of one group.

    Attributes
    ----------
    loadings : FloatArray, shape (p, m)
        Λ.
    regressions : FloatArray, shape (m, m)
        B; element (k, l) is the effect of latent variable l on k.
    factor_covariance : FloatArray, shape (m, m)
        Ψ, the (residual) covariances of the latent variables.
    residual_covariance : FloatArray, shape (p, p)
        Θ.
    intercepts : FloatArray, shape (p,)
        ν.
    factor_means : FloatArray, shape (m,)
        α.
    scales : FloatArray, shape (p,)
        Factors by which the latent responses of ordinal items are multiplied.
    thresholds : FloatArray, shape (t,)
        Thresholds of ordinal items, item by item; empty without any.
    """

    loadings: FloatArray
    regressions: FloatArray
    factor_covariance: FloatArray
    residual_covariance: FloatArray
    intercepts: FloatArray
    factor_means: FloatArray
    scales: FloatArray
    thresholds: FloatArray

    def parts(self) -> tuple[FloatArray, ...]:
        """The matrices in the order of their numbers."""
        return (
            self.loadings,
            self.regressions,
            self.factor_covariance,
            self.residual_covariance,
            self.intercepts,
            self.factor_means,
            self.scales,
            self.thresholds,
        )


@dataclass(frozen=True, slots=True)
class FreeElements:
    """Where the free parameters stand in the matrices of one group.

    Attributes
    ----------
    matrix, row, column : IntArray, shape (n_elements,)
        Place of each element; of a symmetric matrix one of the two places. The column of a vector
        is 0.
    parameter : IntArray, shape (n_elements,)
        Number of the parameter, from 0. Equal elements share it.
    """

    matrix: IntArray
    row: IntArray
    column: IntArray
    parameter: IntArray


@dataclass(frozen=True, slots=True)
class ModelStructure:
    """A model of one or more groups: fixed values, and the places of free ones.

    Attributes
    ----------
    fixed : tuple of ModelMatrices
        One per group; 0 where an element is free.
    free : tuple of FreeElements
        One per group.
    n_parameters : int
        Free parameters in all groups together.
    mean_structure : bool
        Whether means are part of the model. If not, they are saturated.
    threshold_items : IntArray, shape (t,)
        Item of each threshold; empty for continuous variables.
    own_latent : IntArray, shape (p,), or None
        Column of the latent variable that stands for an observed one, or −1; None for none.
    """

    fixed: tuple[ModelMatrices, ...]
    free: tuple[FreeElements, ...]
    n_parameters: int
    mean_structure: bool
    threshold_items: IntArray
    own_latent: IntArray | None = None

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.fixed)

    @property
    def n_variables(self) -> int:
        """Observed variables."""
        return len(self.fixed[0].intercepts)

    @property
    def ordinal(self) -> bool:
        """Whether the variables are ordinal."""
        return self.threshold_items.size > 0

    def selection(self, group: int) -> FloatArray:
        """Matrix of zeros and ones that adds elements up to parameters, (n_elements, q)."""
        parameter = self.free[group].parameter
        chosen = np.zeros((len(parameter), self.n_parameters))
        chosen[np.arange(len(parameter)), parameter] = 1.0
        return chosen


def assemble(structure: ModelStructure, parameters: FloatArray, group: int) -> ModelMatrices:
    """Put parameters into the matrices of a group.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Values of the free parameters; complex values are kept, for derivatives by complex steps.
    group : int
        From 0.

    Returns
    -------
    ModelMatrices

    Examples
    --------
    >>> import numpy as np
    >>> none = np.zeros(0)
    >>> fixed = ModelMatrices(np.ones((2, 1)), np.zeros((1, 1)), np.ones((1, 1)), np.eye(2),
    ...     np.zeros(2), np.zeros(1), np.ones(2), none)
    >>> index = np.array([1]), np.array([0]), np.array([0])
    >>> free = FreeElements(np.array([0]), *index)
    >>> structure = ModelStructure((fixed,), (free,), 1, False, none.astype(int))
    >>> assemble(structure, np.array([0.5]), 0).loadings.tolist()
    [[1.0], [0.5]]
    """
    free = structure.free[group]
    values = np.asarray(parameters)[free.parameter]
    dtype = np.result_type(values.dtype, np.float64)
    filled = []
    for number, base in enumerate(structure.fixed[group].parts()):
        part = base.astype(dtype)
        here = free.matrix == number
        if here.any():
            row, column, value = free.row[here], free.column[here], values[here]
            if part.ndim == 1:
                part[row] = value
            else:
                part[row, column] = value
                if number in (FACTOR_COVARIANCE, RESIDUAL_COVARIANCE):
                    part[column, row] = value
        filled.append(part)
    matrices = ModelMatrices(*filled)
    return _with_unit_variances(matrices, structure.own_latent) if structure.ordinal else matrices


def _with_unit_variances(matrices: ModelMatrices, own_latent: IntArray | None) -> ModelMatrices:
    """Give ordinal items the residual variances that their scales imply.

    The variable beneath an ordinal item has no unit of its own. Times its scale δ it has variance
    1, so its residual variance is δ⁻² less what the latent variables explain (delta
    parameterisation; Muthén & Asparouhov 2002).
    """
    latent = matrices.factor_covariance
    if matrices.regressions.any():
        size = matrices.regressions.shape[0]
        total = np.linalg.inv(np.eye(size, dtype=latent.dtype) - matrices.regressions)
        latent = total @ latent @ total.T
    explained = np.einsum("ik,kl,il->i", matrices.loadings, latent, matrices.loadings)
    rest = matrices.scales**-2.0 - explained
    residual = matrices.residual_covariance.copy()
    np.fill_diagonal(residual, rest)
    if own_latent is None or (own_latent < 0).all():
        return replace(matrices, residual_covariance=residual)
    # An answer that others explain has its residual in the latent variable that stands for it.
    item = np.flatnonzero(own_latent >= 0)
    column = own_latent[item]
    factors = matrices.factor_covariance.copy()
    residual[item, item] = 0.0
    factors[column, column] = rest[item]
    return replace(matrices, residual_covariance=residual, factor_covariance=factors)


@dataclass(frozen=True, slots=True)
class Implied:
    """What the matrices of one group imply.

    Attributes
    ----------
    covariance : FloatArray, shape (p, p)
        Σ.
    mean : FloatArray, shape (p,)
        μ.
    total_effects : FloatArray, shape (m, m)
        (I − B)⁻¹.
    latent_covariance : FloatArray, shape (m, m)
        Covariances of the latent variables.
    latent_mean : FloatArray, shape (m,)
        Their means.
    reduced_loadings : FloatArray, shape (p, m)
        Λ (I − B)⁻¹.
    """

    covariance: FloatArray
    mean: FloatArray
    total_effects: FloatArray
    latent_covariance: FloatArray
    latent_mean: FloatArray
    reduced_loadings: FloatArray


def implied_moments(matrices: ModelMatrices) -> Implied:
    """Covariance matrix and means that a model implies.

    Parameters
    ----------
    matrices : ModelMatrices
        Of one group.

    Returns
    -------
    Implied

    References
    ----------
    Bollen, K. A. (1989). *Structural Equations with Latent Variables*. Wiley.
    https://doi.org/10.1002/9781118619179

    Examples
    --------
    >>> import numpy as np
    >>> matrices = ModelMatrices(np.array([[1.0], [0.5]]), np.zeros((1, 1)), np.ones((1, 1)),
    ...     np.eye(2), np.zeros(2), np.zeros(1), np.ones(2), np.zeros(0))
    >>> implied_moments(matrices).covariance.tolist()
    [[2.0, 0.5], [0.5, 1.25]]
    """
    size = matrices.regressions.shape[0]
    total: FloatArray = np.eye(size, dtype=matrices.regressions.dtype)
    if matrices.regressions.any():
        total = np.asarray(np.linalg.inv(total - matrices.regressions))
    latent = total @ matrices.factor_covariance @ total.T
    loadings = matrices.loadings
    covariance = loadings @ latent @ loadings.T + matrices.residual_covariance
    latent_mean = total @ matrices.factor_means
    return Implied(
        (covariance + covariance.T) / 2.0,
        matrices.intercepts + loadings @ latent_mean,
        total,
        latent,
        latent_mean,
        loadings @ total,
    )


@dataclass(frozen=True, slots=True)
class Directions:
    """Derivatives of the implied moments, one column per free element.

    Attributes
    ----------
    left, right : FloatArray, shape (p, n_elements)
        ∂Σ/∂θ_t = left_t right_tᵀ + right_t left_tᵀ.
    mean : FloatArray, shape (p, n_elements)
        ∂μ/∂θ_t.
    """

    left: FloatArray
    right: FloatArray
    mean: FloatArray

    def aggregated(self) -> FloatArray:
        """Derivatives of the lower triangle of Σ, (p (p + 1) / 2, n_elements)."""
        row, column = vech_indices(self.left.shape[0])
        left, right = self.left, self.right
        return left[row] * right[column] + right[row] * left[column]


def vech_indices(size: int) -> tuple[IntArray, IntArray]:
    """Rows and columns of the lower triangle, column by column, with the diagonal.

    Parameters
    ----------
    size : int
        Rows of the square matrix.

    Returns
    -------
    tuple of IntArray

    Examples
    --------
    >>> [place.tolist() for place in vech_indices(2)]
    [[0, 1, 1], [0, 0, 1]]
    """
    column, row = np.triu_indices(size)
    return row, column


def directions(matrices: ModelMatrices, implied: Implied, free: FreeElements) -> Directions:
    """Derivatives of the implied moments with respect to each free element.

    Parameters
    ----------
    matrices : ModelMatrices
        Of one group.
    implied : Implied
        What they imply.
    free : FreeElements
        Elements to differentiate with respect to; scales and thresholds have columns of zeros.

    Returns
    -------
    Directions

    Examples
    --------
    >>> import numpy as np
    >>> matrices = ModelMatrices(np.array([[1.0], [0.5]]), np.zeros((1, 1)), np.ones((1, 1)),
    ...     np.eye(2), np.zeros(2), np.zeros(1), np.ones(2), np.zeros(0))
    >>> place = FreeElements(*(np.array([number]) for number in (0, 1, 0, 0)))
    >>> directions(matrices, implied_moments(matrices), place).aggregated().ravel().tolist()
    [0.0, 1.0, 1.0]
    """
    p, n_elements = len(matrices.intercepts), len(free.matrix)
    left, right, mean = (np.zeros((p, n_elements)) for _ in range(3))
    reduced = implied.reduced_loadings
    spread = matrices.loadings @ implied.latent_covariance
    for number in range(6):
        at = np.flatnonzero(free.matrix == number)
        if not at.size:
            continue
        row, column = free.row[at], free.column[at]
        if number == LOADINGS:
            left[row, at] = 1.0
            right[:, at] = spread[:, column]
            mean[row, at] = implied.latent_mean[column]
        elif number == REGRESSIONS:
            left[:, at] = reduced[:, row]
            right[:, at] = spread[:, column]
            mean[:, at] = reduced[:, row] * implied.latent_mean[column]
        elif number == FACTOR_COVARIANCE:
            left[:, at] = reduced[:, row] * np.where(row == column, 0.5, 1.0)
            right[:, at] = reduced[:, column]
        elif number == RESIDUAL_COVARIANCE:
            left[row, at] = np.where(row == column, 0.5, 1.0)
            right[column, at] = 1.0
        elif number == INTERCEPTS:
            mean[row, at] = 1.0
        else:
            mean[:, at] = reduced[:, row]
    return Directions(left, right, mean)


def second_directions(
    matrices: ModelMatrices,
    implied: Implied,
    free: FreeElements,
    covariance_weight: FloatArray,
    mean_weight: FloatArray,
) -> FloatArray:
    """Second derivatives of ½ tr(QΣ) − rᵀμ for fixed Q and r, in all pairs of elements.

    This is the part of a Hessian that is due to the curvature of the moments themselves.

    Parameters
    ----------
    matrices : ModelMatrices
        Of one group.
    implied : Implied
        What they imply.
    free : FreeElements
        The elements.
    covariance_weight : FloatArray, shape (p, p)
        Q, symmetric.
    mean_weight : FloatArray, shape (p,)
        r.

    Returns
    -------
    FloatArray, shape (n_elements, n_elements)
    """
    loadings, total = matrices.loadings, implied.total_effects
    latent, latent_mean = implied.latent_covariance, implied.latent_mean
    d_loadings, d_regressions, d_factors, d_means = _unit_changes(matrices, free)
    weighted = covariance_weight @ loadings
    inner = loadings.T @ weighted
    pull = loadings.T @ mean_weight

    d_total = total @ d_regressions @ total
    forward = total @ d_regressions @ latent
    d_latent = forward + forward.transpose(0, 2, 1) + total @ d_factors @ total.T
    d_latent_mean = (total @ (d_regressions @ latent_mean + d_means)[..., None])[..., 0]

    # Changes of the gradient in Λ, B, Ψ and α when one element changes.
    g_loadings = (
        covariance_weight @ d_loadings @ latent
        + weighted @ d_latent
        - mean_weight[:, None] * d_latent_mean[:, None, :]
    )
    half = d_loadings.transpose(0, 2, 1) @ weighted
    d_inner = half + half.transpose(0, 2, 1)
    d_pull = d_loadings.transpose(0, 2, 1) @ mean_weight
    core = inner @ latent - np.outer(pull, latent_mean)
    d_core = (
        d_inner @ latent
        + inner @ d_latent
        - d_pull[:, :, None] * latent_mean
        - pull[:, None] * d_latent_mean[:, None, :]
    )
    g_regressions = d_total.transpose(0, 2, 1) @ core + total.T @ d_core
    turned = d_total.transpose(0, 2, 1) @ inner @ total
    g_factors = turned + turned.transpose(0, 2, 1) + total.T @ d_inner @ total
    g_means = -(d_total.transpose(0, 2, 1) @ pull) - d_pull @ total
    return _collect(free, g_loadings, g_regressions, g_factors, g_means)


def _unit_changes(
    matrices: ModelMatrices, free: FreeElements
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Change of Λ, B, Ψ and α when one element grows by one, stacked over the elements."""
    p, m = matrices.loadings.shape
    count = len(free.matrix)
    changes = (
        np.zeros((count, p, m)),
        np.zeros((count, m, m)),
        np.zeros((count, m, m)),
        np.zeros((count, m)),
    )
    for number, change in zip(
        (LOADINGS, REGRESSIONS, FACTOR_COVARIANCE, FACTOR_MEANS), changes, strict=True
    ):
        at = np.flatnonzero(free.matrix == number)
        if number == FACTOR_MEANS:
            change[at, free.row[at]] = 1.0
            continue
        change[at, free.row[at], free.column[at]] = 1.0
        if number == FACTOR_COVARIANCE:
            change[at, free.column[at], free.row[at]] = 1.0
    return changes


def _collect(
    free: FreeElements,
    g_loadings: FloatArray,
    g_regressions: FloatArray,
    g_factors: FloatArray,
    g_means: FloatArray,
) -> FloatArray:
    """Read the second derivatives at the places of the elements."""
    count = len(free.matrix)
    second = np.zeros((count, count))
    for number, gradient in (
        (LOADINGS, g_loadings),
        (REGRESSIONS, g_regressions),
        (FACTOR_COVARIANCE, g_factors),
    ):
        at = np.flatnonzero(free.matrix == number)
        part = gradient[:, free.row[at], free.column[at]]
        if number == FACTOR_COVARIANCE:
            part = part * np.where(free.row[at] == free.column[at], 0.5, 1.0)
        second[:, at] = part
    at = np.flatnonzero(free.matrix == FACTOR_MEANS)
    second[:, at] = g_means[:, free.row[at]]
    return second
