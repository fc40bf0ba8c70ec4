"""Hotelling's one-sample T² test of several means at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.special import fdtrc

from servqual.errors import EstimationError, NotPositiveDefiniteError, shorten
from servqual.typing import FloatArray

__all__ = ["HotellingTest", "hotelling_one_sample"]

#: A variable whose variance given the ones before it is below this share of its own is taken as
#: their linear combination: that is where rounding ends for covariances of answers on a scale.
_SINGULAR = 1e-12


@dataclass(frozen=True, slots=True)
class HotellingTest:
    """A test that all means are zero.

    Attributes
    ----------
    statistic : float
        Hotelling's T².
    f_statistic : float
        T² as an F statistic.
    df_numerator : float
        p, the number of means.
    df_denominator : float
        n − p.
    p_value : float
        Upper tail of F.
    """

    statistic: float
    f_statistic: float
    df_numerator: float
    df_denominator: float
    p_value: float


def hotelling_one_sample(
    mean: ArrayLike, covariance_of_mean: ArrayLike, n_obs: float
) -> HotellingTest:
    """Test that a vector of means is zero.

    Parameters
    ----------
    mean : array_like, shape (p,)
        The means, in any units.
    covariance_of_mean : array_like, shape (p, p)
        Their covariance matrix: S/n for a simple random sample, the linearised one for weights.
    n_obs : float
        Number of respondents.

    Returns
    -------
    HotellingTest

    Raises
    ------
    EstimationError
        If a number is not finite, or there are no more respondents than means.
    NotPositiveDefiniteError
        If a variance is zero, or a variable is a linear combination of others.

    Notes
    -----
    T² = m' C⁻¹ m with C the covariance of the mean m, and F = (n − p) / (p (n − 1)) · T² with p and
    n − p degrees of freedom, exact for normal variables.

    References
    ----------
    .. [1] Hotelling, H. (1931). The generalization of Student's ratio. *Annals of Mathematical
           Statistics*, 2(3), 360-378. https://doi.org/10.1214/aoms/1177732979

    Examples
    --------
    >>> test = hotelling_one_sample([-0.4, -0.2], [[0.010, 0.004], [0.004, 0.008]], 120)
    >>> round(test.statistic, 4), round(test.f_statistic, 4), test.df_denominator
    (16.25, 8.0567, 118.0)
    """
    means = np.atleast_1d(np.asarray(mean, dtype=np.float64))
    covariance = np.atleast_2d(np.asarray(covariance_of_mean, dtype=np.float64))
    _check_sizes(means, covariance, n_obs)
    standardised = means / np.sqrt(np.diag(covariance))
    root = solve_triangular(_correlation_root(covariance), standardised, lower=True)
    statistic = float(root @ root)
    p = float(means.size)
    f_statistic = (n_obs - p) / (p * (n_obs - 1.0)) * statistic
    return HotellingTest(
        statistic=statistic,
        f_statistic=f_statistic,
        df_numerator=p,
        df_denominator=n_obs - p,
        p_value=float(fdtrc(p, n_obs - p, f_statistic)),
    )


def _check_sizes(means: FloatArray, covariance: FloatArray, n_obs: float) -> None:
    """Refuse what no T² can be computed from."""
    p = means.size
    if means.ndim != 1 or covariance.shape != (p, p):
        raise EstimationError(
            f"`mean` has shape {means.shape} and `covariance_of_mean` {covariance.shape}. "
            "Hotelling's test needs p means and their p by p covariance matrix."
        )
    if not (np.isfinite(means).all() and np.isfinite(covariance).all()):
        raise EstimationError(
            "Some means or covariances are missing or infinite. Hotelling's test needs all of "
            "them. Leave out the variables that have no variance estimate."
        )
    if not n_obs > p:
        raise EstimationError(
            f"There are {n_obs:g} complete respondents for {p} means. Hotelling's test needs more "
            "respondents than means. Test fewer means, or each by itself."
        )
    constant = np.flatnonzero(np.diag(covariance) <= 0.0).tolist()
    if constant:
        raise NotPositiveDefiniteError(
            f"{len(constant)} of {p} variables have no variance: positions {shorten(constant)}, "
            "counted from 0. Hotelling's test needs variables that vary. Leave these out."
        )


def _correlation_root(covariance: FloatArray) -> FloatArray:
    """Lower Cholesky factor of the correlation matrix.

    The correlation form makes the test of singularity free of the variables' units.
    """
    scale = np.sqrt(np.diag(covariance))
    message = (
        f"The covariance matrix of the {scale.size} means is singular: at least one variable is a "
        "linear combination of others. Hotelling's test needs variables that are not. Leave out "
        "totals and duplicated variables."
    )
    try:
        factor = np.linalg.cholesky(covariance / np.outer(scale, scale))
    except np.linalg.LinAlgError as error:
        raise NotPositiveDefiniteError(message) from error
    if float(np.min(np.diag(factor))) ** 2 <= _SINGULAR:
        raise NotPositiveDefiniteError(message)
    return factor
