"""What a regression found: coefficients, fit, and what may be said about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from servqual import rules
from servqual.analyses.cross_validation import CrossValidationResult, cross_validate
from servqual.analyses.regression_diagnostics import RegressionDiagnosticsResult, diagnose
from servqual.analyses.simple_slopes import (
    INTERACTION_COLUMNS,
    JOHNSON_NEYMAN_COLUMNS,
    SIMPLE_SLOPE_COLUMNS,
)
from servqual.errors import OptionError, RowsRequiredError
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    format_p,
    not_in_json,
)
from servqual.typing import Covariance, Family

__all__ = ["RegressionResult", "fit_row"]

_FIT = (
    "r_squared",
    "adj_r_squared",
    "sigma",
    "f_statistic",
    "df_model",
    "df_residual",
    "p_value",
    "aic",
    "bic",
    "loglik",
    "n_clusters",
    "r_squared_conditional",
    "icc",
)
_COMPONENTS = ("term", "variance", "std_dev", "share", "statistic", "p_value")
_RANDOM_EFFECTS = ("group", "n", "estimate", "std_error")


def fit_row(**numbers: float) -> pd.DataFrame:
    """Make the frame `fit` of a result: one row, always the same columns.

    Parameters
    ----------
    **numbers : float
        What is known; the rest is nan.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> float(fit_row(r_squared=0.3)["r_squared"].iloc[0])
    0.3
    """
    return pd.DataFrame({name: [float(numbers.get(name, np.nan))] for name in _FIT})


def _empty(columns: Sequence[str]) -> Any:
    """Field that is a table without rows unless the model has something to put there."""
    return field(default_factory=partial(pd.DataFrame, columns=list(columns)))


@dataclass(frozen=True, repr=False)
class RegressionResult(Result):
    """A regression.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with answers to all variables.
    outcome : str
        What is explained.
    on : str
        Of which scores the predictors are; empty when the regression was made from moments.
    covariance : str
        How the standard errors were computed; ``"nonrobust"`` with random intercepts too.
    cluster : str
        Grouping variable within which respondents may be alike; empty if none.
    conf_level : float
        Coverage of the intervals.
    coefficients : DataFrame
        term, label, estimate, std_error, statistic (t), df, p_value, conf_low, conf_high, beta
        (standardised), vif. The intercept stands first, then predictors, moderators, covariates,
        and products.
    fit : DataFrame
        One row: r_squared (of the fixed effects, "marginal", with random intercepts),
        adj_r_squared, sigma, f_statistic, df_model, df_residual (the denominator of F), p_value,
        aic, bic, loglik, n_clusters, r_squared_conditional (with the random intercepts), icc.
    notes : tuple of str
        What could not be computed, and why; how groups and products are coded.
    family : str
        What kind of outcome the model is for; ``"ols"`` for least squares.
    random : str
        Grouping variable with a random intercept for each group; empty if none.
    interactions : DataFrame
        One row per moderator: moderator, delta_r_squared, f_statistic, df_numerator,
        df_denominator, p_value of its products with all predictors together.
    simple_slopes : DataFrame
        term, moderator, level, value, estimate, std_error, statistic, df, p_value, conf_low,
        conf_high: the slope of each predictor in each group, or at the mean of a numeric moderator
        and one standard deviation below and above it.
    johnson_neyman : DataFrame
        term, moderator, bound_low, bound_high, region (``between`` or ``outside`` the bounds,
        ``everywhere``, ``nowhere``), share (of respondents in the region): where the slope can be
        told from zero.
    variance_components : DataFrame
        term (the grouping variable, ``residual``), variance, std_dev, share (of the first, the
        intraclass correlation), statistic and p_value (that the first is zero).
    random_effects : DataFrame
        group, n, estimate (predicted random intercept), std_error.
    model : statsmodels results or None
        The fitted statsmodels object, for whoever wants more; None when the regression was made
        from moments, and with random intercepts. With CR2, which statsmodels does not know, its own
        standard errors are classical.
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
    random: str = ""
    interactions: pd.DataFrame = _empty(INTERACTION_COLUMNS)  # noqa: RUF009
    simple_slopes: pd.DataFrame = _empty(SIMPLE_SLOPE_COLUMNS)  # noqa: RUF009
    johnson_neyman: pd.DataFrame = _empty(JOHNSON_NEYMAN_COLUMNS)  # noqa: RUF009
    variance_components: pd.DataFrame = _empty(_COMPONENTS)  # noqa: RUF009
    random_effects: pd.DataFrame = _empty(_RANDOM_EFFECTS)  # noqa: RUF009
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

    def diagnostics(self) -> RegressionDiagnosticsResult:
        """Look for influential respondents, unequal variance, bent relations, and collinearity.

        Returns
        -------
        RegressionDiagnosticsResult

        Raises
        ------
        RowsRequiredError
            If the regression was made from moments.
        OptionError
            If it is not by least squares, or has random intercepts.
        EstimationError
            If the fit has no error.

        Examples
        --------
        >>> import servqual as sq
        >>> fit = sq.regression(sq.load_example("bank"), outcome="satisfaction")
        >>> fit.diagnostics().tidy()["test"].tolist()
        ['Breusch–Pagan', 'White', 'Jarque–Bera', 'RESET']
        """
        self._check_rows("diagnostics")
        labels = dict(zip(self.coefficients["term"], self.coefficients["label"], strict=True))
        return diagnose(self.model, self.sample, self.outcome, labels)

    def cross_validate(
        self, *, n_folds: int = 10, n_repeats: int = 20, seed: int = 1
    ) -> CrossValidationResult:
        """Find out how much of R² is left for respondents that the fit has not seen.

        Parameters
        ----------
        n_folds, n_repeats : int, default 10 and 20
            Parts into which respondents are divided by chance, and how often that is done anew.
        seed : int, default 1
            Seed of the generator.

        Returns
        -------
        CrossValidationResult

        Raises
        ------
        RowsRequiredError
            If the regression was made from moments.
        OptionError
            If it is not by least squares, or has random intercepts.
        EstimationError
            If there are too few respondents for as many folds.

        Examples
        --------
        >>> import servqual as sq
        >>> fit = sq.regression(sq.load_example("bank"), outcome="satisfaction")
        >>> validated = fit.cross_validate(n_repeats=5)
        >>> validated.r_squared < validated.in_sample
        True
        """
        self._check_rows("cross_validate")
        return cross_validate(
            self.model,
            self.sample,
            self.outcome,
            float(self.fit["r_squared"].iloc[0]),
            n_folds=n_folds,
            n_repeats=n_repeats,
            seed=seed,
        )

    def _check_rows(self, method: str) -> None:
        if self.family != "ols" or self.random:
            kind = f'`random="{self.random}"`' if self.random else f'`family="{self.family}"`'
            raise OptionError(
                f"`{method}` is for least squares, but this regression was fitted with {kind}. "
                "Fit the same variables without it; with `cluster` if respondents may be alike."
            )
        if self.model is None:
            raise RowsRequiredError(
                f"`{method}` needs respondents' answers, but this regression was made from "
                "moments, which do not hold them. Fit it to the `Survey`."
            )

    def interpret(self) -> Interpretation:
        """Put the regression into plain words: what it explains, what counts, what overlaps.

        Returns
        -------
        Interpretation
        """
        return Interpretation(
            (
                self._say_fit(),
                *self._say_slopes(),
                *self._say_interactions(),
                *self._say_components(),
                *self._say_collinearity(),
            )
        )

    def _say_fit(self) -> Statement:
        row = self.fit.iloc[0]
        word = rules.VARIANCE_EXPLAINED.word(row["r_squared"])
        return Statement(
            "fit",
            f"The predictors together go with {row['r_squared']:.0%} of the variance of "
            f"{self.outcome}, a {word} share. This is association, not proof of effect.",
            rules.VARIANCE_EXPLAINED.name,
            rules.VARIANCE_EXPLAINED.source,
        )

    def _say_slopes(self) -> list[Statement]:
        slopes = self.coefficients.iloc[1:]
        if len(self.interactions):
            # A product is no point more of anything; what it means is said of the simple slopes.
            slopes = slopes[~slopes["term"].str.contains(" × ", regex=False)]
        return [
            Statement(
                str(term["term"]),
                f"One point more in {term['label']} goes with "
                f"{format_number(term['estimate'], 2)} points of {self.outcome}, the other "
                f"predictors held constant ({self.conf_level:.0%} interval "
                f"{format_number(term['conf_low'], 2)} to "
                f"{format_number(term['conf_high'], 2)}).",
            )
            for _, term in slopes[slopes["p_value"] < 1 - self.conf_level].iterrows()
        ]

    def _say_interactions(self) -> list[Statement]:
        statements = []
        for _, row in self.interactions.dropna(subset=["p_value"]).iterrows():
            p = format_p(row["p_value"])
            test = (
                f"(F({row['df_numerator']:.0f}, {row['df_denominator']:.1f}) = "
                f"{format_number(row['f_statistic'], 2)}, p {p if p.startswith('<') else f'= {p}'})"
            )
            if row["p_value"] < 1 - self.conf_level:
                text = f"The slopes depend on {row['moderator']} {test}; see `simple_slopes`."
            else:
                text = f"That the slopes depend on {row['moderator']} cannot be told {test}."
            statements.append(Statement(str(row["moderator"]), text))
        return statements

    def _say_components(self) -> list[Statement]:
        if not self.random:
            return []
        share = float(self.fit["icc"].iloc[0])
        if share == 0.0:
            text = (
                f"Beyond the predictors, the groups of {self.random} differ no more than chance "
                "would have it."
            )
        else:
            text = (
                f"Of what the predictors leave open, {share:.0%} lies between the groups of "
                f"{self.random}; predictors and groups together go with "
                f"{self.fit['r_squared_conditional'].iloc[0]:.0%} of the variance."
            )
        return [Statement("groups", text)]

    def _say_collinearity(self) -> list[Statement]:
        known = self.coefficients.dropna(subset=["vif"]).sort_values("vif", kind="stable")
        if not len(known):
            return []
        worst = known.iloc[-1]
        if len(self.interactions):
            # Products overlap with their parts by construction, which no rule was made for.
            return []
        return [
            Statement(
                "collinearity",
                f"Collinearity is {rules.COLLINEARITY.word(worst['vif'])}: the largest "
                f"variance inflation factor is {format_number(worst['vif'], 1)} "
                f"({worst['label']}). Predictors that overlap share their effect arbitrarily; "
                "see `relative_importance` for a fair division.",
                rules.COLLINEARITY.name,
                rules.COLLINEARITY.source,
            )
        ]

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        table = self.coefficients.drop(columns=["label"])
        heading = f"Outcome: {self.outcome}; standard errors: {self.covariance}"
        if self.random:
            heading = f"Outcome: {self.outcome}; random intercepts of {self.random}"
        # Columns that only random intercepts fill are shown only with them.
        fit = self.fit if self.random else self.fit.drop(columns=["r_squared_conditional", "icc"])
        further = {
            "Do the slopes depend on the moderator?": self.interactions,
            "Simple slopes": self.simple_slopes.drop(columns=["value"]),
            "Johnson–Neyman: where a slope differs from zero": self.johnson_neyman,
            "Variance components": self.variance_components,
        }
        return [
            (heading, table),
            ("Fit", fit),
            *((title, frame) for title, frame in further.items() if len(frame)),
        ]
