"""Reliability of a difference and of a sum of measures, from the reliabilities of the parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from servqual.typing import FloatArray

__all__ = ["difference_reliability", "linear_composite_reliability"]

#: A variance below this share of the variances it is made of is rounding.
_ROUNDING = 1e-13


def difference_reliability(
    variance_p: ArrayLike,
    variance_e: ArrayLike,
    reliability_p: ArrayLike,
    reliability_e: ArrayLike,
    r_pe: ArrayLike,
) -> FloatArray:
    """Reliability of perception minus expectation.

    Parameters
    ----------
    variance_p, variance_e : array_like
        Variances of the perception and of the expectation score, in squared points of the scale.
    reliability_p, reliability_e : array_like
        Reliabilities of the two scores, such as their alphas.
    r_pe : array_like
        Correlation of the two scores.

    Returns
    -------
    ndarray of float
        Of the shape to which the arguments broadcast. nan where the difference has no variance or
        an argument is nan; so it is when one side is constant, since then `r_pe` does not exist. It
        can be negative when the scores correlate more than their reliabilities allow.

    Notes
    -----
    r_D = (σ²_P r_PP + σ²_E r_EE − 2 r_PE σ_P σ_E) / (σ²_P + σ²_E − 2 r_PE σ_P σ_E), where the
    errors of the two sides are assumed uncorrelated. With equal variances it is (r̄ − r_PE) / (1 −
    r_PE): the more the sides correlate, the less reliable is their difference.

    References
    ----------
    .. [1] Johns, G. (1981). Difference score measures of organizational behavior variables: A
           critique. *Organizational Behavior and Human Performance*, 27(3), 443-463.
           https://doi.org/10.1016/0030-5073(81)90033-7
    .. [2] Peter, J. P., Churchill, G. A., & Brown, T. J. (1993). Caution in the use of difference
           scores in consumer research. *Journal of Consumer Research*, 19(4), 655-662.
           https://doi.org/10.1086/209329

    Examples
    --------
    Two sides of reliability .8 that correlate .5:

    >>> round(float(difference_reliability(1.0, 1.0, 0.8, 0.8, 0.5)), 6)
    0.6
    """
    variance_of_p, variance_of_e, reliability_of_p, reliability_of_e, correlation = (
        np.asarray(argument, dtype=np.float64)
        for argument in (variance_p, variance_e, reliability_p, reliability_e, r_pe)
    )
    shared = 2.0 * correlation * np.sqrt(variance_of_p * variance_of_e)
    total = variance_of_p + variance_of_e
    true_variance = variance_of_p * reliability_of_p + variance_of_e * reliability_of_e - shared
    variance = total - shared
    varies = variance > _ROUNDING * total
    return np.asarray(true_variance / np.where(varies, variance, np.nan))


def linear_composite_reliability(
    variances: ArrayLike, reliabilities: ArrayLike, composite_variance: ArrayLike
) -> FloatArray:
    """Reliability of a sum of scores whose errors are uncorrelated.

    Parameters
    ----------
    variances : array_like, shape (..., D)
        Variances of the parts as they enter the sum: for the mean of D dimensions, each divided by
        D².
    reliabilities : array_like, shape (..., D)
        Reliabilities of the parts.
    composite_variance : array_like, shape (...)
        Variance of the sum.

    Returns
    -------
    ndarray of float, shape (...)
        nan where the sum has no variance, or a part's variance or reliability is nan.

    Notes
    -----
    r_C = 1 − Σ_d σ²_d (1 − r_dd) / σ²_C.

    References
    ----------
    .. [1] Nunnally, J. C. (1978). *Psychometric Theory* (2nd ed.), chapter 7. McGraw-Hill.
    .. [2] Parasuraman, A., Zeithaml, V. A., & Berry, L. L. (1988). SERVQUAL: A multiple-item scale
           for measuring consumer perceptions of service quality. *Journal of Retailing*, 64(1),
           12-40.

    Examples
    --------
    Two parts of variance 1 and reliability .7 that correlate .5 have a sum of variance 3:

    >>> round(float(linear_composite_reliability([1.0, 1.0], [0.7, 0.7], 3.0)), 6)
    0.8
    """
    parts = np.asarray(variances, dtype=np.float64)
    errors = np.sum(parts * (1.0 - np.asarray(reliabilities, dtype=np.float64)), axis=-1)
    composite = np.asarray(composite_variance, dtype=np.float64)
    varies = composite > _ROUNDING * np.sum(parts, axis=-1)
    return np.asarray(1.0 - errors / np.where(varies, composite, np.nan))
