"""What a coefficient of a regression is about, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from servqual.results import Statement

if TYPE_CHECKING:
    from servqual.analyses.regression_result import RegressionResult

__all__ = ["say_change", "say_constant", "say_nothing_told"]


def say_change(result: RegressionResult, row: pd.Series) -> str:
    """Say what changes by one: a point, or the group.

    Parameters
    ----------
    result : RegressionResult
        Of which the coefficient is.
    row : Series
        Row of `RegressionResult.coefficients`.

    Returns
    -------
    str
        Subject of a sentence.
    """
    base = result.bases.get(str(row["term"]))
    if base is None:
        return f"One point more in {row['label']}"
    return f"{row['label']} instead of {base}"


def say_constant(result: RegressionResult, term: str) -> str:
    """Say where a coefficient holds: others held constant, and those it is multiplied with.

    Parameters
    ----------
    result : RegressionResult
        Of which the coefficient is.
    term : str
        Its term, no product.

    Returns
    -------
    str
        End of a sentence.
    """
    slopes = result.simple_slopes
    constant = "the other predictors held constant"
    if not len(slopes):
        return constant
    moderators = slopes.drop_duplicates("moderator")
    if term in set(slopes["term"]):
        where = [
            f"{row['moderator']} is {row['level']}"
            if pd.isna(row["value"])
            else f"{row['moderator']} is at its mean"
            for _, row in moderators.iterrows()
        ]
        return f"where {' and '.join(where)}, {constant}"
    if term in set(moderators["moderator"]) or term.startswith(
        tuple(f"{name}: " for name in moderators["moderator"])
    ):
        predictors = slopes["term"].unique()
        verb = "is at its mean" if len(predictors) == 1 else "are at their means"
        return f"where {' and '.join(predictors)} {verb}, {constant}"
    return constant


def say_nothing_told(slopes: pd.DataFrame) -> Statement:
    """Say that no coefficient by itself can be told from zero, or why that is not known.

    Parameters
    ----------
    slopes : DataFrame
        Rows of `RegressionResult.coefficients` without the intercept.

    Returns
    -------
    Statement
    """
    text = "No predictor by itself can be told from having no part in it."
    if slopes["p_value"].isna().all():
        text = "Which predictors count cannot be told: there are no standard errors. See the notes."
    return Statement("slopes", text)
