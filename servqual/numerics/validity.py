"""Convergent and discriminant validity of factors: from loadings, and from correlations alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from servqual.typing import FloatArray, IntArray

__all__ = ["FactorQuality", "HeterotraitMonotrait", "factor_quality", "heterotrait_monotrait"]


@dataclass(frozen=True, slots=True)
class FactorQuality:
    """How well a factor's indicators measure it.

    Attributes
    ----------
    composite_reliability : float
        Share of the variance of the indicators' sum that is due to the factor.
    average_variance_extracted : float
        Share of the indicators' variance that is due to the factor.
    """

    composite_reliability: float
    average_variance_extracted: float


def factor_quality(
    loadings: FloatArray, factor_variance: float, covariance: FloatArray
) -> FactorQuality:
    """Composite reliability and average variance extracted, as a model implies them.

    Parameters
    ----------
    loadings : FloatArray, shape (m,)
        Of the factor's indicators.
    factor_variance : float
        Variance of the factor.
    covariance : FloatArray, shape (m, m)
        Covariances of the indicators that the model implies, correlated residuals and other
        factors' loadings in them; correlations for a standardised solution.

    Returns
    -------
    FactorQuality
        nan for a single indicator, whose error is not known, and for a factor of negative variance.

    Notes
    -----
    With φ the factor's variance, composite reliability is (Σλ)² φ / (1ᵀ Σ 1) and average variance
    extracted φ Σλ² / tr Σ. Loadings of both signs cancel in the sum of the indicators. Where other
    factors load on an indicator too, only this factor's own share is in the numerators.

    References
    ----------
    Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with unobservable
    variables and measurement error. *Journal of Marketing Research*, 18, 39-50.
    https://doi.org/10.1177/002224378101800104

    Examples
    --------
    >>> import numpy as np
    >>> loadings = np.array([0.8, 0.8])
    >>> implied = np.array([[1.0, 0.64], [0.64, 1.0]])
    >>> found = factor_quality(loadings, 1.0, implied)
    >>> round(found.composite_reliability, 4), round(found.average_variance_extracted, 2)
    (0.7805, 0.64)
    """
    if len(loadings) < 2 or factor_variance < 0.0:
        return FactorQuality(np.nan, np.nan)
    reliability = float(loadings.sum() ** 2 * factor_variance / covariance.sum())
    extracted = float(loadings @ loadings * factor_variance / np.trace(covariance))
    return FactorQuality(reliability, extracted)


@dataclass(frozen=True, slots=True)
class HeterotraitMonotrait:
    """Ratios of correlations between and within blocks of indicators.

    Attributes
    ----------
    htmt, htmt2 : FloatArray, shape (..., k, k)
        By arithmetic and by geometric means; the diagonal is 1. nan where a mean correlation
        within a block is not positive, for `htmt2` also where a correlation is negative (with
        signs), where a block has one indicator, and where two blocks share an indicator, whose
        correlation with itself says nothing.
    """

    htmt: FloatArray
    htmt2: FloatArray


def heterotrait_monotrait(
    correlations: FloatArray, blocks: Sequence[IntArray], *, absolute: bool = True
) -> HeterotraitMonotrait:
    """Heterotrait–monotrait ratios: estimates of the correlations of factors, without a model.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p, p)
        Correlations of the indicators, for instance of many resamples.
    blocks : sequence of IntArray
        Indicators of each of the k factors.
    absolute : bool, default True
        Whether correlations are taken without their signs. With signs, opposite correlations
        cancel.

    Returns
    -------
    HeterotraitMonotrait

    References
    ----------
    Henseler, J., Ringle, C. M., & Sarstedt, M. (2015). A new criterion for assessing discriminant
    validity in variance-based structural equation modeling. *Journal of the Academy of Marketing
    Science*, 43, 115-135. https://doi.org/10.1007/s11747-014-0403-8

    Roemer, E., Schuberth, F., & Henseler, J. (2021). HTMT2: an improved criterion for assessing
    discriminant validity in structural equation modeling. *Industrial Management & Data Systems*,
    121, 2637-2650. https://doi.org/10.1108/IMDS-02-2021-0082

    Examples
    --------
    >>> import numpy as np
    >>> r = np.array([[1, 0.5, 0.3, 0.3], [0.5, 1, 0.3, 0.3],
    ...     [0.3, 0.3, 1, 0.5], [0.3, 0.3, 0.5, 1]])
    >>> found = heterotrait_monotrait(r, [np.array([0, 1]), np.array([2, 3])])
    >>> found.htmt.round(2).tolist()
    [[1.0, 0.6], [0.6, 1.0]]
    """
    values = np.abs(correlations) if absolute else np.asarray(correlations, dtype=float)
    size = len(blocks)
    arithmetic = np.full((*values.shape[:-2], size, size), np.nan)
    geometric = arithmetic.copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        for i, first in enumerate(blocks):
            for j, second in enumerate(blocks[: i + 1]):
                if i == j:
                    across = _within(values, first)
                elif np.intersect1d(first, second).size:
                    continue
                else:
                    across = values[..., first[:, None], second].reshape(*values.shape[:-2], -1)
                arithmetic[..., i, j] = arithmetic[..., j, i] = across.mean(axis=-1)
                # A correlation of exactly 0 makes the geometric mean 0, by way of log 0 = −∞.
                logs = np.log(np.where(across >= 0.0, across, np.nan)).mean(axis=-1)
                geometric[..., i, j] = geometric[..., j, i] = np.exp(logs)
        return HeterotraitMonotrait(_ratios(arithmetic), _ratios(geometric))


def _within(values: FloatArray, block: IntArray) -> FloatArray:
    """Correlations among the indicators of one block; one nan where there is only one."""
    if len(block) < 2:
        return np.full((*values.shape[:-2], 1), np.nan)
    row, column = np.tril_indices(len(block), k=-1)
    chosen: FloatArray = values[..., block[row], block[column]]
    return chosen


def _ratios(means: FloatArray) -> FloatArray:
    """Mean correlations between blocks over the roots of those within."""
    within = np.diagonal(means, axis1=-2, axis2=-1)
    root = np.sqrt(np.where(within > 0.0, within, np.nan))
    ratio: FloatArray = means / (root[..., :, None] * root[..., None, :])
    place = np.arange(means.shape[-1])
    ratio[..., place, place] = 1.0
    return ratio
