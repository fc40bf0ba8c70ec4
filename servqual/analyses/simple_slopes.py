"""How the slope of a predictor depends on a moderator: tests, simple slopes, Johnson–Neyman."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from servqual.analyses.regression_design import Moderator, RegressionDesign
from servqual.numerics.linear_hypotheses import FixedDegrees, LinearInference
from servqual.numerics.location import mean_test
from servqual.typing import FloatArray

__all__ = [
    "INTERACTION_COLUMNS",
    "JOHNSON_NEYMAN_COLUMNS",
    "SIMPLE_SLOPE_COLUMNS",
    "interaction_tests",
    "johnson_neyman",
    "simple_slopes",
]

SIMPLE_SLOPE_COLUMNS = (
    "term",
    "moderator",
    "level",
    "value",
    "estimate",
    "std_error",
    "statistic",
    "df",
    "p_value",
    "conf_low",
    "conf_high",
)
INTERACTION_COLUMNS = (
    "moderator",
    "delta_r_squared",
    "f_statistic",
    "df_numerator",
    "df_denominator",
    "p_value",
)
JOHNSON_NEYMAN_COLUMNS = ("term", "moderator", "bound_low", "bound_high", "region", "share")


def simple_slopes(
    design: RegressionDesign, inference: LinearInference, conf_level: float
) -> pd.DataFrame:
    """Slope of each predictor at each level of each moderator.

    Parameters
    ----------
    design : RegressionDesign
        With moderators.
    inference : LinearInference
        Its coefficients.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        term, moderator, level, value, estimate, std_error, statistic, df, p_value, conf_low,
        conf_high. Other moderators stay at their sample mean, groups at their shares.
    """
    lead: list[tuple[str, str, str, float]] = []
    contrasts: list[FloatArray] = []
    for predictor in range(design.n_predictors):
        for moderator in design.moderators:
            for level, value, coding in zip(
                moderator.levels, moderator.values, moderator.coding, strict=True
            ):
                lead.append((design.terms[predictor], moderator.name, level, float(value)))
                contrasts.append(_contrast(design, predictor, moderator, coding))
    if not contrasts:
        return pd.DataFrame(columns=list(SIMPLE_SLOPE_COLUMNS))
    matrix = np.stack(contrasts)
    estimate = matrix @ inference.coefficients
    error = np.sqrt(np.einsum("ci,ij,cj->c", matrix, inference.covariance, matrix))
    df = inference.degrees_of_freedom(matrix)
    test = mean_test(estimate, error, df, conf_level=conf_level)
    table = pd.DataFrame(lead, columns=list(SIMPLE_SLOPE_COLUMNS[:4]))
    numbers = (estimate, error, test.statistic, df, test.p_value, test.conf_low, test.conf_high)
    for name, column in zip(SIMPLE_SLOPE_COLUMNS[4:], numbers, strict=True):
        table[name] = column
    return table


def _contrast(
    design: RegressionDesign, predictor: int, moderator: Moderator, coding: FloatArray
) -> FloatArray:
    """Combination of the coefficients that is a predictor's slope; the intercept stands first."""
    contrast = np.zeros(len(design.terms) + 1)
    contrast[1 + predictor] = 1.0
    for other in design.moderators:
        contrast[1 + other.products[predictor]] = coding if other is moderator else other.average
    return contrast


def interaction_tests(
    design: RegressionDesign, inference: LinearInference, delta_r_squared: FloatArray
) -> pd.DataFrame:
    """Joint test of the products with each moderator.

    Parameters
    ----------
    design : RegressionDesign
        With moderators.
    inference : LinearInference
        Its coefficients.
    delta_r_squared : FloatArray, shape (n_moderators,)
        What the products with each add to R².

    Returns
    -------
    DataFrame
        moderator, delta_r_squared, f_statistic, df_numerator, df_denominator, p_value.
    """
    rows = []
    every = np.eye(len(design.terms) + 1)
    for moderator, gained in zip(design.moderators, delta_r_squared, strict=True):
        test = inference.joint_test(every[1 + moderator.products.ravel()])
        rows.append(
            (
                moderator.name,
                float(gained),
                test.statistic,
                test.df_numerator,
                test.df_denominator,
                test.p_value,
            )
        )
    return pd.DataFrame(rows, columns=list(INTERACTION_COLUMNS))


def johnson_neyman(
    design: RegressionDesign, inference: LinearInference, conf_level: float
) -> pd.DataFrame:
    """Values of a numeric moderator between which a slope can, or cannot, be told from zero.

    Parameters
    ----------
    design : RegressionDesign
        With moderators.
    inference : LinearInference
        Its coefficients; all with the same degrees of freedom, or there are no bounds.
    conf_level : float
        Coverage of the intervals whose limits pass zero there.

    Returns
    -------
    DataFrame
        term, moderator, bound_low, bound_high (on the moderator's scale), region in which the slope
        differs from zero (``between`` or ``outside`` the bounds, ``everywhere``, ``nowhere``), and
        the share of respondents in it.

    References
    ----------
    Bauer, D. J., & Curran, P. J. (2005). Probing interactions in fixed and multilevel regression.
    *Multivariate Behavioral Research*, 40(3), 373–400.
    https://doi.org/10.1207/s15327906mbr4003_5
    """
    rows = []
    if isinstance(inference, FixedDegrees) and np.isfinite(inference.covariance).all():
        reach = float(stdtrit(inference.df, 0.5 + 0.5 * conf_level))
        for predictor in range(design.n_predictors):
            for moderator in design.moderators:
                if moderator.is_numeric:
                    rows.append(_region(design, inference, predictor, moderator, reach))
    return pd.DataFrame(rows, columns=list(JOHNSON_NEYMAN_COLUMNS))


def _region(
    design: RegressionDesign,
    inference: LinearInference,
    predictor: int,
    moderator: Moderator,
    reach: float,
) -> tuple[str, str, float, float, str, float]:
    """Roots of (b₁ + b₃ w)² = t² Var(b₁ + b₃ w), w centred, and where the left side is larger."""
    at_mean = _contrast(design, predictor, moderator, np.zeros(1))
    change = _contrast(design, predictor, moderator, np.ones(1)) - at_mean
    b1, b3 = float(at_mean @ inference.coefficients), float(change @ inference.coefficients)
    pair = np.stack([at_mean, change])
    spread = pair @ inference.covariance @ pair.T
    squared = b3**2 - reach**2 * float(spread[1, 1])
    linear = 2.0 * (b1 * b3 - reach**2 * float(spread[0, 1]))
    constant = b1**2 - reach**2 * float(spread[0, 0])
    inside = linear**2 - 4.0 * squared * constant
    values = design.complete[:, moderator.columns[0]]
    excess = (squared * values + linear) * values + constant
    weights = design.weights
    share = float(np.average(excess > 0.0, weights=weights))
    names = (design.terms[predictor], moderator.name)
    if inside <= 0.0 or squared == 0.0:
        region = "everywhere" if constant > 0.0 else "nowhere"
        return (*names, math.nan, math.nan, region, share)
    # The root that does not cancel first, the other from their product.
    first = -0.5 * (linear + math.copysign(math.sqrt(inside), linear))
    roots = sorted((first / squared, constant / first if first else 0.0))
    region = "outside" if squared > 0.0 else "between"
    return (
        *names,
        roots[0] + moderator.centre,
        roots[1] + moderator.centre,
        region,
        share,
    )
