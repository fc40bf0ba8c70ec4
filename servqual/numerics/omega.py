"""McDonald's omega: the reliability of a sum of items under a common-factor model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, special

from servqual.errors import EstimationError
from servqual.typing import BoolArray, FloatArray, check_conf_level

__all__ = ["OmegaTotal", "omega_total", "omega_total_interval", "one_factor_covariance"]


@dataclass(frozen=True, slots=True)
class OmegaTotal:
    """Omega of a one-factor solution with its uncertainty.

    Attributes
    ----------
    estimate : float
        Omega.
    std_error : float
        Delta-method standard error; nan where the solution is improper.
    conf_low, conf_high : float
        Wald limits, not clipped to the range from 0 to 1.
    """

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float


def omega_total(loadings: FloatArray, uniquenesses: FloatArray) -> float:
    """Share of the variance of the items' sum that comes from common factors.

    Parameters
    ----------
    loadings : FloatArray, shape (n_items,) or (n_items, n_factors)
        Loadings on uncorrelated factors of unit variance.
    uniquenesses : FloatArray, shape (n_items,)
        Unique variances, in the same metric.

    Returns
    -------
    float
        Omega = sum_f (sum_j loadings_jf)^2 / (the same + sum_j uniquenesses_j); nan when both are
        zero. From a covariance matrix it is the reliability of the sum of the answers as they
        are; from a correlation matrix, that of the sum of standardised answers.

    Notes
    -----
    Assumes that unique parts are uncorrelated and all items point the same way: a reversed item
    that was not recoded lowers the common part of the sum.

    References
    ----------
    McDonald, R. P. (1999). Test theory: A unified treatment. Lawrence Erlbaum.
    https://doi.org/10.4324/9781410601087

    Examples
    --------
    >>> import numpy as np
    >>> round(omega_total(np.array([0.8, 0.7, 0.6]), np.array([0.36, 0.51, 0.64])), 6)
    0.744932
    """
    common = float(np.sum(np.sum(np.asarray(loadings, dtype=np.float64), axis=0) ** 2))
    total = common + float(np.sum(uniquenesses))
    return common / total if total > 0.0 else float("nan")


def omega_total_interval(
    loadings: FloatArray,
    uniquenesses: FloatArray,
    n_obs: float,
    *,
    conf_level: float,
    heywood: BoolArray | None = None,
) -> OmegaTotal:
    """Omega of a maximum-likelihood one-factor solution with a Wald interval.

    Parameters
    ----------
    loadings : FloatArray, shape (n_items,) or (n_items, 1)
        Maximum-likelihood loadings on one factor, in the metric of the covariance matrix.
    uniquenesses : FloatArray, shape (n_items,)
        Maximum-likelihood unique variances.
    n_obs : float
        Number of respondents.
    conf_level : float
        Coverage of the interval.
    heywood : BoolArray, shape (n_items,), optional
        Which uniquenesses were held at a bound. If any, the standard error is nan: the normal
        approximation does not hold on the edge of the parameter space.

    Returns
    -------
    OmegaTotal

    Raises
    ------
    EstimationError
        If there is not exactly one factor.
    OptionError
        If `conf_level` is not between 0 and 1.

    Notes
    -----
    Delta method with the expected information of the normal model, as `lavaan` computes a
    parameter defined with ``:=``. Assumes normal answers; the loadings must come from a covariance
    matrix, for the sampling error of the standard deviations is not in the formula.

    References
    ----------
    Raykov, T. (2002). Analytic estimation of standard error and confidence interval for scale
    reliability. Multivariate Behavioral Research, 37(1), 89-103.
    https://doi.org/10.1207/S15327906MBR3701_04

    Examples
    --------
    >>> import numpy as np
    >>> loadings, uniquenesses = np.array([0.8, 0.7, 0.6]), np.array([0.36, 0.51, 0.64])
    >>> omega = omega_total_interval(loadings, uniquenesses, 200, conf_level=0.95)
    >>> round(omega.std_error, 4)
    0.0309
    """
    check_conf_level(conf_level)
    strengths = _one_column(loadings)
    unique = np.asarray(uniquenesses, dtype=np.float64)
    estimate = omega_total(strengths, unique)
    improper = heywood is not None and bool(np.any(heywood))
    std_error = float("nan") if improper else _std_error(strengths, unique, n_obs)
    margin = float(special.ndtri(0.5 + 0.5 * conf_level)) * std_error
    return OmegaTotal(estimate, std_error, estimate - margin, estimate + margin)


def one_factor_covariance(
    loadings: FloatArray, uniquenesses: FloatArray, n_obs: float
) -> FloatArray:
    """Asymptotic covariance of maximum-likelihood loadings and uniquenesses on one factor.

    Parameters
    ----------
    loadings : FloatArray, shape (n_items,) or (n_items, 1)
        Loadings on one factor of unit variance, in the metric of the covariance matrix.
    uniquenesses : FloatArray, shape (n_items,)
        Unique variances, all positive.
    n_obs : float
        Number of respondents.

    Returns
    -------
    FloatArray, shape (2 n_items, 2 n_items)
        Inverse of the expected information, loadings first; all nan where that is singular, as
        when fewer than three loadings differ from zero, or when a uniqueness is not positive.

    Raises
    ------
    EstimationError
        If there is not exactly one factor.

    References
    ----------
    Lawley, D. N., & Maxwell, A. E. (1971). Factor analysis as a statistical method (2nd ed.).
    Butterworths.

    Examples
    --------
    >>> import numpy as np
    >>> loadings, uniquenesses = np.array([0.8, 0.7, 0.6]), np.array([0.36, 0.51, 0.64])
    >>> one_factor_covariance(loadings, uniquenesses, 200).shape
    (6, 6)
    """
    strengths = _one_column(loadings)
    unique = np.asarray(uniquenesses, dtype=np.float64)
    undefined = np.full((2 * unique.size, 2 * unique.size), np.nan)
    if not np.all(unique > 0.0):
        return undefined
    information = n_obs * _unit_information(strengths, unique)
    scale = np.sqrt(np.diag(information))
    if not np.all(scale > 0.0):
        return undefined
    scaled = information / np.outer(scale, scale)
    if float(linalg.eigvalsh(scaled, subset_by_index=(0, 0))[0]) < 1e-12:
        return undefined
    inverse: FloatArray = linalg.cho_solve(linalg.cho_factor(scaled), np.eye(scale.size))
    covariance: FloatArray = inverse / np.outer(scale, scale)
    return covariance


def _one_column(loadings: FloatArray) -> FloatArray:
    """Loadings on one factor as a vector."""
    array = np.asarray(loadings, dtype=np.float64)
    if array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    if array.ndim != 1:
        raise EstimationError(
            f"The loadings have shape {array.shape}, but the standard error of omega is known "
            "for one factor only. Extract one factor, or use the bootstrap."
        )
    return array


def _unit_information(loadings: FloatArray, uniquenesses: FloatArray) -> FloatArray:
    """Expected information of one respondent about (loadings, uniquenesses).

    Element (a, b) is tr(Sigma^-1 dSigma/da Sigma^-1 dSigma/db) / 2. With A = Sigma^-1 and
    a = A loadings this is A_ij (loadings' a) + a_i a_j for two loadings, a_j A_ij for loading i
    and uniqueness j, and A_ij^2 / 2 for two uniquenesses.
    """
    implied = np.outer(loadings, loadings) + np.diag(uniquenesses)
    precision = linalg.cho_solve(linalg.cho_factor(implied), np.eye(loadings.size))
    weighted = precision @ loadings
    of_loadings = precision * float(loadings @ weighted) + np.outer(weighted, weighted)
    mixed = precision * weighted[None, :]
    information: FloatArray = np.block([[of_loadings, mixed], [mixed.T, 0.5 * precision**2]])
    return information


def _std_error(loadings: FloatArray, uniquenesses: FloatArray, n_obs: float) -> float:
    """Delta-method standard error of omega."""
    total_loading, total_unique = float(np.sum(loadings)), float(np.sum(uniquenesses))
    variance = (total_loading**2 + total_unique) ** 2
    if not variance > 0.0:
        return float("nan")
    gradient = np.concatenate(
        [
            np.full(loadings.size, 2.0 * total_loading * total_unique / variance),
            np.full(loadings.size, -(total_loading**2) / variance),
        ]
    )
    covariance = one_factor_covariance(loadings, uniquenesses, n_obs)
    return float(np.sqrt(gradient @ covariance @ gradient))
