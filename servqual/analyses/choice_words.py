"""A regression of ordered or binary answers in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from servqual.analyses.choice_tables import TOP_TWO
from servqual.analyses.regression_words import say_change, say_nothing_told
from servqual.results import Statement, format_number, say_p

if TYPE_CHECKING:
    from servqual.analyses.regression_result import RegressionResult

__all__ = ["say_choice_fit", "say_choice_slopes", "say_parallel_lines"]

_BRANT = (
    "Brant, R. (1990). Assessing proportionality in the proportional odds model for ordinal "
    "logistic regression, https://doi.org/10.2307/2532457"
)
_PETERSON = (
    "Peterson, B., & Harrell, F. E. (1990). Partial proportional odds models for ordinal response "
    "variables, https://doi.org/10.2307/2347760"
)


def say_choice_fit(result: RegressionResult) -> Statement:
    """Say whether the predictors together count, and how much.

    Parameters
    ----------
    result : RegressionResult
        Of a family other than least squares.

    Returns
    -------
    Statement
    """
    row = result.fit.iloc[0]
    text = f"Whether the predictors together go with {result.outcome} has no test."
    if pd.notna(row["p_value"]):
        can = "go" if row["p_value"] < 1 - result.conf_level else "cannot be told to go"
        test = f"χ²({row['df_model']:.0f}) = {format_number(row['chi_squared'], 1)}"
        text = (
            f"The predictors together {can} with {result.outcome} ({test}, "
            f"{say_p(row['p_value'])})."
        )
    if pd.notna(row["mcfadden"]):
        text += (
            f" McFadden's R² is {format_number(row['mcfadden'], 2)}; it is no share of variance, "
            "and far below the R² of a linear regression."
        )
    return Statement("fit", f"{text} This is association, not proof of effect.")


def say_choice_slopes(result: RegressionResult) -> list[Statement]:
    """Say what one point more of each predictor that can be told from zero goes with.

    Parameters
    ----------
    result : RegressionResult
        Of a family other than least squares.

    Returns
    -------
    list of Statement
    """
    slopes = result.coefficients[result.coefficients["term"] != "(Intercept)"]
    told = slopes[slopes["p_value"] < 1 - result.conf_level]
    if not len(told):
        return [say_nothing_told(slopes)]
    return [_say_slope(result, row) for _, row in told.iterrows()]


def _say_slope(result: RegressionResult, row: pd.Series) -> Statement:
    parts = []
    if pd.notna(row["odds_ratio"]):
        what = "a higher answer to " if result.family != "logit" else ""
        parts.append(
            f"multiplies the odds of {what}{result.outcome} by "
            f"{format_number(row['odds_ratio'], 2)} ({result.conf_level:.0%} interval "
            f"{format_number(row['odds_ratio_low'], 2)} to "
            f"{format_number(row['odds_ratio_high'], 2)})"
        )
    effects = result.marginal_effects
    own = effects[effects["term"] == row["term"]].set_index("outcome_level")
    place = TOP_TWO if TOP_TWO in own.index else own.index[-1]
    effect = own.loc[place]
    whose = "the two highest answers" if place == TOP_TWO else f"the answer {place}"
    direction = "raises" if effect["estimate"] >= 0 else "lowers"
    parts.append(
        f"{direction} the share of {whose} ({effect['average']:.0%}) by "
        f"{format_number(100 * abs(effect['estimate']), 1)} percentage points on average"
    )
    text = f"{say_change(result, row)} {' and '.join(parts)}, the other predictors held constant."
    return Statement(str(row["term"]), text)


def say_parallel_lines(result: RegressionResult) -> list[Statement]:
    """Say whether the tests allow one coefficient for all cuts.

    Parameters
    ----------
    result : RegressionResult
        Of a family other than least squares.

    Returns
    -------
    list of Statement
        Empty where there are no tests.
    """
    tests = result.parallel_lines.dropna(subset=["p_value"])
    if not len(tests):
        return []
    together = tests[(tests["test"] == "brant") & (tests["term"] == "all")]
    source = _BRANT if len(together) else _PETERSON
    single = tests[tests["term"] != "all"]
    # Each of several predictors is tested, so the smallest p-value is held against its share.
    level = (1 - result.conf_level) / single["term"].nunique()
    lowest = single.groupby("term", sort=False)["p_value"].min()
    curved = [str(term) for term in lowest.index[lowest < level]]
    is_rejected = bool(curved)
    test = ""
    if len(together):
        row = together.iloc[0]
        is_rejected = is_rejected or bool(row["p_value"] < 1 - result.conf_level)
        test = (
            f" (Brant's test: χ²({row['df']:.0f}) = {format_number(row['statistic'], 1)}, "
            f"{say_p(row['p_value'])})"
        )
    if is_rejected:
        where = f"; it is in doubt for {', '.join(curved)}" if curved else ""
        text = (
            "Caution: that a predictor counts equally at every step of the answer scale is "
            f"rejected{test}{where}. One coefficient then averages over the steps; in large "
            "samples this may still be good enough. Look at the marginal effects, or fit binary "
            "logits at the steps that matter."
        )
    else:
        text = (
            "Nothing speaks against predictors counting equally at every step of the answer "
            f"scale{test}."
        )
    return [Statement("parallel lines", text, "test of parallel lines", source)]
