"""What a regression found: coefficients, fit, and what may be said about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from servqual import rules
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    not_in_json,
)
from servqual.typing import Covariance, Family

__all__ = ["RegressionResult"]


@dataclass(frozen=True, repr=False)
class RegressionResult(Result):
    """A linear regression.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with answers to all variables.
    outcome : str
        What is explained.
    on : str
        Of which scores the predictors are; empty when the regression was made from moments.
    covariance : str
        How the standard errors were computed.
    cluster : str
        Grouping variable within which respondents may be alike; empty if none.
    conf_level : float
        Coverage of the intervals.
    coefficients : DataFrame
        term, label, estimate, std_error, statistic (t), df, p_value, conf_low, conf_high, beta
        (standardised), vif. The intercept stands first.
    fit : DataFrame
        One row: r_squared, adj_r_squared, sigma, f_statistic, df_model, df_residual, p_value, aic,
        bic, loglik, n_clusters.
    model : statsmodels results or None
        The fitted statsmodels object, for whoever wants more; None when the regression was made
        from moments.
    family : str
        What kind of outcome the model is for; ``"ols"`` for least squares.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Linear regression"

    sample: SampleInfo
    outcome: str
    on: str
    covariance: Covariance
    cluster: str
    conf_level: float
    coefficients: pd.DataFrame
    fit: pd.DataFrame
    notes: tuple[str, ...] = ()
    family: Family = "ols"
    model: Any = not_in_json()  # noqa: RUF009 - a dataclass field, made by a helper

    def tidy(self) -> pd.DataFrame:
        """Return one row per coefficient."""
        return self.coefficients.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the fit."""
        table = self.fit.copy()
        table.insert(0, "outcome", self.outcome)
        table.insert(1, "covariance", self.covariance)
        table.insert(2, "n_obs", self.sample.n_obs)
        table.insert(3, "n_excluded", self.sample.n_excluded)
        return table

    def interpret(self) -> Interpretation:
        """Put the regression into plain words: what it explains, what counts, what overlaps.

        Returns
        -------
        Interpretation
        """
        row = self.fit.iloc[0]
        word = rules.VARIANCE_EXPLAINED.word(row["r_squared"])
        statements = [
            Statement(
                "fit",
                f"The predictors together go with {row['r_squared']:.0%} of the variance of "
                f"{self.outcome}, a {word} share. This is association, not proof of effect.",
                rules.VARIANCE_EXPLAINED.name,
                rules.VARIANCE_EXPLAINED.source,
            )
        ]
        slopes = self.coefficients.iloc[1:]
        for _, term in slopes[slopes["p_value"] < 1 - self.conf_level].iterrows():
            statements.append(
                Statement(
                    str(term["term"]),
                    f"One point more in {term['label']} goes with "
                    f"{format_number(term['estimate'], 2)} points of {self.outcome}, the other "
                    f"predictors held constant ({self.conf_level:.0%} interval "
                    f"{format_number(term['conf_low'], 2)} to "
                    f"{format_number(term['conf_high'], 2)}).",
                )
            )
        known = slopes.dropna(subset=["vif"]).sort_values("vif", kind="stable")
        if len(known):
            worst = known.iloc[-1]
            statements.append(
                Statement(
                    "collinearity",
                    f"Collinearity is {rules.COLLINEARITY.word(worst['vif'])}: the largest "
                    f"variance inflation factor is {format_number(worst['vif'], 1)} "
                    f"({worst['label']}). Predictors that overlap share their effect arbitrarily; "
                    "see `relative_importance` for a fair division.",
                    rules.COLLINEARITY.name,
                    rules.COLLINEARITY.source,
                )
            )
        return Interpretation(tuple(statements))

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        table = self.coefficients.drop(columns=["label"])
        return [
            (f"Outcome: {self.outcome}; standard errors: {self.covariance}", table),
            ("Fit", self.fit),
        ]
