"""What a regression found: coefficients, fit, and what may be said about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from servqual import rules
from servqual.analyses.choice_tables import MEAN_ANSWER, TOP_TWO
from servqual.analyses.choice_words import (
    say_choice_fit,
    say_choice_slopes,
    say_parallel_lines,
)
from servqual.analyses.cross_validation import CrossValidationResult, cross_validate
from servqual.analyses.regression_diagnostics import RegressionDiagnosticsResult, diagnose
from servqual.analyses.regression_words import say_change, say_constant, say_nothing_told
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
    not_in_json,
    say_p,
)
from servqual.typing import CoefficientPlot, Covariance, Family

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    "null_loglik",
    "chi_squared",
    "lr_statistic",
    "lr_p",
    "mcfadden",
    "cox_snell",
    "nagelkerke",
    "n_levels",
)
_ODDS = ("odds_ratio", "odds_ratio_low", "odds_ratio_high")
#: Columns that only some families fill.
_OF_RANDOM = ("r_squared_conditional", "icc")
_OF_LEAST_SQUARES = ("df", "r_squared", "adj_r_squared", "sigma", "f_statistic", "df_residual")
_OF_CHOICE = (*_FIT[_FIT.index("null_loglik") :], *_ODDS)
_FAMILY_WORDS: dict[Family, str] = {
    "ordered-logit": "Ordered logit",
    "ordered-probit": "Ordered probit",
    "logit": "Binary logit",
}
_COMPONENTS = ("term", "variance", "std_dev", "share", "statistic", "p_value")
_RANDOM_EFFECTS = ("group", "n", "estimate", "std_error")
_THRESHOLDS = ("term", "estimate", "std_error", "conf_low", "conf_high")
_MARGINAL_EFFECTS = (
    "term",
    "outcome_level",
    "estimate",
    "std_error",
    "statistic",
    "p_value",
    "conf_low",
    "conf_high",
    "average",
)
_PARALLEL_LINES = ("term", "test", "statistic", "df", "p_value")


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


def _f_test(statistic: float, numerator: float, denominator: float, p_value: float) -> str:
    return (
        f"(F({numerator:.0f}, {denominator:.1f}) = {format_number(statistic, 2)}, {say_p(p_value)})"
    )


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
        (standardised), vif, odds_ratio, odds_ratio_low, odds_ratio_high (logits). The intercept
        stands first, then predictors, moderators, covariates, and products; ordered families have
        thresholds instead of an intercept. Other families than least squares have z tests, so df is
        nan, and `beta` is in standard deviations of the unobserved variable behind the answers.
    fit : DataFrame
        One row: r_squared (of the fixed effects, "marginal", with random intercepts),
        adj_r_squared, sigma, f_statistic, df_model, df_residual (the denominator of F), p_value,
        aic, bic, loglik, n_clusters, r_squared_conditional (with the random intercepts), icc. Of
        other families than least squares: chi_squared (Wald test of all slopes with the same
        covariance matrix, whose p is p_value), null_loglik (without predictors), lr_statistic,
        lr_p (likelihood-ratio test against that), R² of McFadden, Cox and Snell, and
        Nagelkerke, n_levels (different answers). What a family does not have is nan.
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
    thresholds : DataFrame
        term (such as ``4|5``), estimate, std_error, conf_low, conf_high: the cuts τ of
        P(Y ≤ k) = F(τ_k − x'β) in ordered families. The binary logit has an intercept instead.
    marginal_effects : DataFrame
        term, outcome_level, estimate, std_error, statistic, p_value, conf_low, conf_high, average:
        by how much one point more changes the probability of an answer (of a 0/1 column: 1 instead
        of 0; of a group: everybody in it instead of in the base group), averaged over
        respondents, and that average probability itself. With more than two answers also of the
        ``mean answer`` and of ``top two``, the two highest answers given.
    parallel_lines : DataFrame
        term, test (``brant``, ``likelihood-ratio``), statistic (χ²), df, p_value: whether a slope
        is the same at every cut; term ``all`` for all together.
    bases : dict of str to str
        For each term that is a 0/1 column of a group: the group that it is compared with, such as
        ``{"wave: 2026": "wave: 2025"}``.
    model : statsmodels results or None
        The fitted statsmodels object, for whoever wants more; None when the regression was made
        from moments, with random intercepts, and for ordered families and weights that statsmodels
        does not fit to the last digit. Of its standard errors, those with CR2, which it does not
        know, are classical, and those with HC1 of a binary logit lack the factor n/(n − k).
    """

    title: ClassVar[str] = "Regression"

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
    thresholds: pd.DataFrame = _empty(_THRESHOLDS)  # noqa: RUF009
    marginal_effects: pd.DataFrame = _empty(_MARGINAL_EFFECTS)  # noqa: RUF009
    parallel_lines: pd.DataFrame = _empty(_PARALLEL_LINES)  # noqa: RUF009
    bases: dict[str, str] = field(default_factory=dict)
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
        table["family"] = self.family
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
            cluster=self.cluster,
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
        if self.family != "ols":
            return Interpretation(
                (
                    say_choice_fit(self),
                    *say_choice_slopes(self),
                    *say_parallel_lines(self),
                    *self._say_collinearity(),
                )
            )
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
        text = (
            f"The predictors together go with {row['r_squared']:.0%} of the variance of "
            f"{self.outcome}, a {word} share."
        )
        if row["p_value"] >= 1 - self.conf_level:
            test = _f_test(row["f_statistic"], row["df_model"], row["df_residual"], row["p_value"])
            text += f" That they go with any of it cannot be told {test}."
        return Statement(
            "fit",
            f"{text} This is association, not proof of effect.",
            rules.VARIANCE_EXPLAINED.name,
            rules.VARIANCE_EXPLAINED.source,
        )

    def _say_slopes(self) -> list[Statement]:
        slopes = self.coefficients.iloc[1:]
        if len(self.interactions):
            # A product is no point more of anything; what it means is said of the simple slopes.
            products = {
                f"{predictor} × {term}"
                for predictor in self.simple_slopes["term"]
                for term in self.coefficients["term"]
            }
            slopes = slopes[~slopes["term"].isin(products)]
        told = slopes[slopes["p_value"] < 1 - self.conf_level]
        if not len(told):
            return [say_nothing_told(slopes)]
        return [
            Statement(
                str(term["term"]),
                f"{say_change(self, term)} goes with {format_number(term['estimate'], 2)} points "
                f"of {self.outcome}, {say_constant(self, str(term['term']))} "
                f"({self.conf_level:.0%} interval "
                f"{format_number(term['conf_low'], 2)} to "
                f"{format_number(term['conf_high'], 2)}).",
            )
            for _, term in told.iterrows()
        ]

    def _say_interactions(self) -> list[Statement]:
        statements = []
        for _, row in self.interactions.dropna(subset=["p_value"]).iterrows():
            test = _f_test(
                row["f_statistic"], row["df_numerator"], row["df_denominator"], row["p_value"]
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

    def plot(self, kind: CoefficientPlot = "coefficients", *, ax: Axes | None = None) -> Axes:
        """Draw the coefficients with their intervals, or what they mean for the answers.

        Parameters
        ----------
        kind : {"coefficients", "effects"}, default "coefficients"
            Coefficients (odds ratios of a logit), or average marginal effects: on the top two
            answers, or on the higher of two.
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes

        Raises
        ------
        OptionError
            If there are no marginal effects, as in linear regression.
        """
        from servqual.plots.regression import plot_coefficients

        return plot_coefficients(self, kind=kind, ax=ax)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        heading = f"Outcome: {self.outcome}; standard errors: {self.covariance}"
        if self.random:
            heading = f"Outcome: {self.outcome}; random intercepts of {self.random}"
        if self.family != "ols":
            heading = f"{_FAMILY_WORDS[self.family]}. {heading}"
        # Columns that a family does not fill are shown only with those that do.
        of_others = set(_OF_RANDOM if not self.random else ())
        of_others |= set(_OF_CHOICE if self.family == "ols" else _OF_LEAST_SQUARES)
        if self.family == "ordered-probit":
            of_others |= set(_ODDS)
        effects = self.marginal_effects
        shown = effects["outcome_level"].isin([TOP_TWO, MEAN_ANSWER])
        further = {
            "Thresholds": self.thresholds,
            "Average marginal effects": effects[shown] if shown.any() else effects,
            "Parallel lines": self.parallel_lines,
            "Do the slopes depend on the moderator?": self.interactions,
            "Simple slopes": self.simple_slopes.drop(columns=["value"]),
            "Johnson–Neyman: where a slope differs from zero": self.johnson_neyman,
            "Variance components": self.variance_components,
        }
        return [
            (heading, self.coefficients.drop(columns=["label", *of_others], errors="ignore")),
            ("Fit", self.fit.drop(columns=[*of_others], errors="ignore")),
            *((title, frame) for title, frame in further.items() if len(frame)),
        ]
