"""Student's t-test and interval for means, from their estimates and standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from servqual.typing import FloatArray, check_conf_level

__all__ = ["MeanTest", "mean_test"]

#: A standard error below this share of the mean is rounding, not variation (the rule of R's
#: t.test).
_CONSTANT = 10.0 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class MeanTest:
    """Two-sided t-tests and t-intervals, one per mean; all arrays have the same shape.

    Attributes
    ----------
    estimate : ndarray of float, shape (k,)
        The means.
    std_error : ndarray of float, shape (k,)
        Their standard errors.
    statistic : ndarray of float, shape (k,)
        Student's t.
    df : ndarray of float, shape (k,)
        Degrees of freedom.
    p_value : ndarray of float, shape (k,)
        Two-sided p-values.
    conf_low, conf_high : ndarray of float, shape (k,)
        Limits of the interval, in the unit of the mean.
    """

    estimate: FloatArray
    std_error: FloatArray
    statistic: FloatArray
    df: FloatArray
    p_value: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray


def mean_test(
    mean: ArrayLike,
    std_error: ArrayLike,
    df: ArrayLike,
    *,
    conf_level: float,
    null: ArrayLike = 0.0,
) -> MeanTest:
    """Test means against a null value, and give their t-intervals.

    The mean of differences within respondents makes it the paired t-test; the mean of a weighted
    sample with its linearised standard error makes it the design-based test.

    Parameters
    ----------
    mean : array_like, shape (k,)
        The means.
    std_error : array_like, shape (k,)
        Their standard errors, in the unit of the means.
    df : array_like, shape (k,)
        Degrees of freedom, n − 1 for a mean of n respondents.
    conf_level : float
        Coverage of the intervals, between 0 and 1.
    null : array_like, default 0.0
        The value under test.

    Returns
    -------
    MeanTest
        Statistic, p-value and limits are nan where the standard error is zero (or no larger than
        the rounding of the mean) or nan, or where there is less than one degree of freedom.

    Raises
    ------
    OptionError
        If `conf_level` does not lie between 0 and 1.

    Notes
    -----
    Exact when the variable is normal over respondents; by the central limit theorem close to it for
    bounded answers and n above some thirty.

    References
    ----------
    .. [1] Student (1908). The probable error of a mean. *Biometrika*, 6(1), 1-25.
           https://doi.org/10.1093/biomet/6.1.1

    Examples
    --------
    >>> test = mean_test([-0.42, 0.0], [0.1, 0.0], [50, 50], conf_level=0.95)
    >>> test.p_value.round(6).tolist()
    [0.00011, nan]
    >>> test.conf_low.round(4).tolist()
    [-0.6209, nan]
    """
    check_conf_level(conf_level)
    estimate, error, freedom, hypothesis = np.broadcast_arrays(
        *(np.asarray(argument, dtype=np.float64) for argument in (mean, std_error, df, null))
    )
    usable = (error > 0.0) & (error >= _CONSTANT * np.abs(estimate)) & (freedom >= 1.0)
    # nan travels quietly through arithmetic; a division by zero would warn.
    usable_error = np.where(usable, error, np.nan)
    usable_df = np.where(usable, freedom, np.nan)
    statistic = (estimate - hypothesis) / usable_error
    half_width = stdtrit(usable_df, 0.5 + 0.5 * conf_level) * usable_error
    return MeanTest(
        estimate=np.array(estimate),
        std_error=np.array(error),
        statistic=statistic,
        df=np.array(freedom),
        p_value=2.0 * stdtr(usable_df, -np.abs(statistic)),
        conf_low=estimate - half_width,
        conf_high=estimate + half_width,
    )
