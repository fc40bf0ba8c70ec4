"""Tests of correlations that come from the same respondents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtr

from servqual.errors import EstimationError
from servqual.typing import check_conf_level

__all__ = [
    "CorrelationComparison",
    "PartialCorrelation",
    "compare_correlations",
    "partial_correlation",
]


@dataclass(frozen=True, slots=True)
class CorrelationComparison:
    """Test that two variables correlate equally with a third.

    Attributes
    ----------
    difference : float
        First minus second correlation.
    statistic, df, p_value : float
        Williams' t, two-sided; nan where the two variables are the same.
    """

    difference: float
    statistic: float
    df: float
    p_value: float


@dataclass(frozen=True, slots=True)
class PartialCorrelation:
    """Correlation of two variables after others are held constant.

    Attributes
    ----------
    estimate : float
        The partial correlation.
    statistic, df, p_value : float
        Its t-test, two-sided.
    conf_low, conf_high : float
        Limits by Fisher's z.
    """

    estimate: float
    statistic: float
    df: float
    p_value: float
    conf_low: float
    conf_high: float


def compare_correlations(
    r_first: float, r_second: float, r_between: float, n_obs: float
) -> CorrelationComparison:
    """Compare the correlations of two variables with a third by Williams' t.

    Parameters
    ----------
    r_first, r_second : float
        Their correlations with the third variable.
    r_between : float
        Their correlation with each other.
    n_obs : float
        Respondents, at least 4.

    Returns
    -------
    CorrelationComparison

    Raises
    ------
    EstimationError
        If there are fewer than four respondents, or no data can have these correlations.

    References
    ----------
    Williams, E. J. (1959). The comparison of regression variables. Journal of the Royal Statistical
    Society B, 21(2), 396-399. https://doi.org/10.1111/j.2517-6161.1959.tb00346.x

    Steiger, J. H. (1980). Tests for comparing elements of a correlation matrix. Psychological
    Bulletin, 87(2), 245-251. https://doi.org/10.1037/0033-2909.87.2.245

    Examples
    --------
    >>> round(compare_correlations(0.5, 0.42, 0.6, 200).statistic, 6)
    1.461362
    """
    if n_obs < 4:
        raise EstimationError(
            f"There are {n_obs:g} respondents, but comparing correlations needs at least four."
        )
    determinant = (
        1.0 - r_first**2 - r_second**2 - r_between**2 + 2.0 * r_first * r_second * r_between
    )
    if determinant < -1e-10:
        raise EstimationError(
            f"No data can have the correlations {r_first:g}, {r_second:g} and {r_between:g}. Look "
            "for a misprint."
        )
    difference, df = r_first - r_second, n_obs - 3.0
    mean = 0.5 * (r_first + r_second)
    variance = 2.0 * (n_obs - 1.0) / df * max(determinant, 0.0) + mean**2 * (1.0 - r_between) ** 3
    # Variables that are the same to the last digits have no difference to test.
    if 1.0 - r_between < 1e-12 or variance <= 0.0:
        return CorrelationComparison(difference, float("nan"), df, float("nan"))
    statistic = difference * np.sqrt((n_obs - 1.0) * (1.0 + r_between) / variance)
    return CorrelationComparison(
        difference, float(statistic), df, float(2.0 * stdtr(df, -abs(statistic)))
    )


def partial_correlation(
    r_with: float, r_held_first: float, r_held_second: float, n_obs: float, conf_level: float
) -> PartialCorrelation:
    """Correlate two variables while a third is held constant.

    Parameters
    ----------
    r_with : float
        Correlation of the two.
    r_held_first, r_held_second : float
        Correlations of the third with each.
    n_obs : float
        Respondents, at least 5.
    conf_level : float
        Coverage of the interval.

    Returns
    -------
    PartialCorrelation
        All nan where the third variable repeats one of the two.

    Raises
    ------
    EstimationError
        If there are fewer than five respondents.
    OptionError
        If `conf_level` is not between 0 and 1.

    References
    ----------
    Fisher, R. A. (1924). The distribution of the partial correlation coefficient. Metron, 3,
    329-332.

    Examples
    --------
    >>> round(partial_correlation(0.5, 0.3, 0.4, 100, 0.95).estimate, 6)
    0.434634
    """
    check_conf_level(conf_level)
    if n_obs < 5:
        raise EstimationError(
            f"There are {n_obs:g} respondents, but a partial correlation needs at least five."
        )
    left, df = (1.0 - r_held_first**2) * (1.0 - r_held_second**2), n_obs - 3.0
    nan = float("nan")
    if left < 1e-12:
        return PartialCorrelation(nan, nan, df, nan, nan, nan)
    estimate = float(np.clip((r_with - r_held_first * r_held_second) / np.sqrt(left), -1.0, 1.0))
    if 1.0 - estimate**2 < 1e-12:
        return PartialCorrelation(estimate, nan, df, nan, nan, nan)
    statistic = estimate * np.sqrt(df / (1.0 - estimate**2))
    reach = float(ndtri(0.5 + 0.5 * conf_level)) / np.sqrt(n_obs - 4.0)
    centre = np.arctanh(estimate)
    return PartialCorrelation(
        estimate,
        float(statistic),
        df,
        float(2.0 * stdtr(df, -abs(statistic))),
        float(np.tanh(centre - reach)),
        float(np.tanh(centre + reach)),
    )
