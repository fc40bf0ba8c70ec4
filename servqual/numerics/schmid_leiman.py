"""A general factor behind correlated factors, and what it makes reliable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.errors import EstimationError
from servqual.numerics.extraction import minimum_residual_factors
from servqual.typing import FloatArray, IntArray

__all__ = ["BifactorReliability", "SchmidLeiman", "bifactor_reliability", "schmid_leiman"]


@dataclass(frozen=True, slots=True)
class SchmidLeiman:
    """Correlated factors split into one general factor and uncorrelated group factors.

    Attributes
    ----------
    general : FloatArray, shape (n_variables,)
        Loadings on the general factor.
    groups : FloatArray, shape (n_variables, n_factors)
        Loadings on what is left of each factor when the general one is taken out.
    uniquenesses : FloatArray, shape (n_variables,)
        What neither explains.
    second_order : FloatArray, shape (n_factors,)
        Loadings of the factors on the general factor.
    heywood : bool
        Whether a factor is nothing but the general one, or would be more: its loading lies at the
        bound.
    """

    general: FloatArray
    groups: FloatArray
    uniquenesses: FloatArray
    second_order: FloatArray
    heywood: bool


@dataclass(frozen=True, slots=True)
class BifactorReliability:
    """Reliability of the sum of all standardised items, and of those of each group.

    Attributes
    ----------
    omega_total : float
        Share of the variance of the sum that comes from all factors.
    omega_hierarchical : float
        Share that comes from the general factor.
    omega_limit : float
        Share of the general factor in what comes from all factors: omega hierarchical of a scale
        with ever more items.
    ecv : float
        Explained common variance: the general factor's share of all squared loadings.
    members : IntArray, shape (n_variables,)
        The group of each item: the group factor on which it loads highest.
    group_total, group_general, group_specific : FloatArray, shape (n_factors,)
        For the sum of a group's items: share from both, from the general and from the own group
        factor; nan for a group without items.
    """

    omega_total: float
    omega_hierarchical: float
    omega_limit: float
    ecv: float
    members: IntArray
    group_total: FloatArray
    group_general: FloatArray
    group_specific: FloatArray


def schmid_leiman(loadings: FloatArray, factor_correlations: FloatArray) -> SchmidLeiman:
    """Schmid–Leiman transformation of an oblique solution.

    Parameters
    ----------
    loadings : FloatArray, shape (n_variables, n_factors)
        Pattern loadings of standardised variables.
    factor_correlations : FloatArray, shape (n_factors, n_factors)
        Correlations of the factors.

    Returns
    -------
    SchmidLeiman

    Raises
    ------
    EstimationError
        If there is one factor only, or two that correlate negatively.

    Notes
    -----
    The general factor is found in the correlations of the factors by minimum residuals. Two factors
    cannot identify its two loadings; they are then set equal (psych's ``option = "equal"``).

    References
    ----------
    Schmid, J., & Leiman, J. M. (1957). The development of hierarchical factor solutions.
    Psychometrika, 22, 53-61. https://doi.org/10.1007/BF02289209

    Examples
    --------
    >>> import numpy as np
    >>> pattern = np.kron(np.eye(3), np.full((3, 1), 0.8))
    >>> split = schmid_leiman(pattern, np.full((3, 3), 0.25) + 0.75 * np.eye(3))
    >>> round(float(split.general[0]), 6), round(float(split.groups[0, 0]), 6)
    (0.4, 0.69282)
    """
    pattern = np.asarray(loadings, dtype=np.float64)
    correlations = np.asarray(factor_correlations, dtype=np.float64)
    second_order, heywood = _second_order(correlations)
    # A loading beyond one leaves nothing to the group factor.
    rest = np.sqrt(np.maximum(1.0 - second_order**2, 0.0))
    return SchmidLeiman(
        general=pattern @ second_order,
        groups=pattern * rest,
        uniquenesses=1.0 - np.sum((pattern @ correlations) * pattern, axis=1),
        second_order=second_order,
        heywood=heywood,
    )


def _second_order(correlations: FloatArray) -> tuple[FloatArray, bool]:
    """Loadings of the factors on the general factor, and whether one lies at its bound."""
    n_factors = correlations.shape[0]
    if n_factors < 2:
        raise EstimationError(
            "A general factor behind one factor is that factor itself. Use two factors or more."
        )
    if n_factors == 2:
        shared = float(correlations[0, 1])
        if shared < 0.0:
            raise EstimationError(
                f"The two factors correlate {shared:.2f}: with a negative correlation there is no "
                "general factor that both have in common. Look whether items have to be reversed."
            )
        return np.full(2, np.sqrt(shared)), shared > 1.0 - 1e-9
    extraction = minimum_residual_factors(correlations, 1)
    return extraction.loadings[:, 0], bool(extraction.heywood.any())


def bifactor_reliability(split: SchmidLeiman, correlation: FloatArray) -> BifactorReliability:
    """Omega total, omega hierarchical and the explained common variance.

    Parameters
    ----------
    split : SchmidLeiman
        General and group factors.
    correlation : FloatArray, shape (n_variables, n_variables)
        The correlation matrix that they come from.

    Returns
    -------
    BifactorReliability

    Notes
    -----
    Shares are of the observed variance of the sum of standardised items, which is the sum of all
    correlations V: omega total = (V - sum u^2) / V, omega hierarchical = (sum of the general
    loadings)^2 / V. R's psych computes them in the same way.

    References
    ----------
    Zinbarg, R. E., Revelle, W., Yovel, I., & Li, W. (2005). Cronbach's alpha, Revelle's beta, and
    McDonald's omega_H. Psychometrika, 70, 123-133. https://doi.org/10.1007/s11336-003-0974-7

    Reise, S. P., Scheines, R., Widaman, K. F., & Haviland, M. G. (2013). Multidimensionality and
    structural coefficient bias in structural equation modeling. Educational and Psychological
    Measurement, 73, 5-26. https://doi.org/10.1177/0013164412449831

    Examples
    --------
    >>> import numpy as np
    >>> pattern = np.kron(np.eye(3), np.full((3, 1), 0.8))
    >>> phi = np.full((3, 3), 0.25) + 0.75 * np.eye(3)
    >>> correlation = pattern @ phi @ pattern.T
    >>> np.fill_diagonal(correlation, 1.0)
    >>> reliability = bifactor_reliability(schmid_leiman(pattern, phi), correlation)
    >>> round(reliability.omega_hierarchical, 4), round(reliability.ecv, 4)
    (0.4444, 0.25)
    """
    matrix = np.asarray(correlation, dtype=np.float64)
    total = float(matrix.sum())
    general = float(split.general.sum()) ** 2
    common = total - float(split.uniquenesses.sum())
    squares = float(np.sum(split.general**2))
    members = np.argmax(np.abs(split.groups), axis=1).astype(np.int64)
    shares = np.full((3, split.groups.shape[1]), np.nan)
    for group in range(split.groups.shape[1]):
        own = members == group
        if own.any():
            variance = float(matrix[np.ix_(own, own)].sum())
            from_general = float(split.general[own].sum()) ** 2 / variance
            specific = float(split.groups[own, group].sum()) ** 2 / variance
            shares[:, group] = from_general + specific, from_general, specific
    return BifactorReliability(
        omega_total=common / total,
        omega_hierarchical=general / total,
        omega_limit=general / common,
        ecv=squares / (squares + float(np.sum(split.groups**2))),
        members=members,
        group_total=shares[0],
        group_general=shares[1],
        group_specific=shares[2],
    )
