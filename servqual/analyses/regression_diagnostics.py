"""Whether a regression may be leaned on: influence, variance, normality, form, collinearity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from servqual import rules
from servqual.errors import EstimationError
from servqual.numerics.regression_diagnostics import (
    Influence,
    ModelTest,
    condition_indices,
    influence,
    jarque_bera_test,
    reset_test,
    variance_test,
)
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    not_in_json,
    say_p,
)
from servqual.typing import DiagnosticPlot, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["RegressionDiagnosticsResult", "diagnose"]

_MOST_SHOWN = 10

#: Level of the tests in `interpret`.
_ALPHA = 0.05

_BELSLEY = (
    "Belsley, D. A., Kuh, E., & Welsch, R. E. (1980). Regression diagnostics, "
    "https://doi.org/10.1002/0471725153"
)
_BOLLEN = (
    "Bollen, K. A., & Jackman, R. W. (1985). Regression diagnostics: An expository treatment of "
    "outliers and influential cases, https://doi.org/10.1177/0049124185013004004"
)
_COOK = (
    "Cook, R. D., & Weisberg, S. (1982). Residuals and influence in regression, "
    "https://hdl.handle.net/11299/37076"
)

_ASSUMPTIONS = {
    "Breusch–Pagan": "equal error variance, along the predictors",
    "White": "equal error variance, along predictors, squares and products",
    "Jarque–Bera": "normal residuals",
    "RESET": "straight relations",
}

_FINDINGS = {
    "Breusch–Pagan": (
        "The error variance changes along the predictors{test}; robust standard errors allow for "
        "that, classical ones do not.",
        "Nothing speaks against equal error variance along the predictors{test}.",
    ),
    "White": (
        "The error variance depends on the predictors, their squares or products{test}.",
        "Nothing speaks against equal error variance by White's test{test}.",
    ),
    "Jarque–Bera": (
        "The residuals are not normal{test}. With many respondents the t-tests hold all the same.",
        "Nothing speaks against normal residuals{test}.",
    ),
    "RESET": (
        "Straight lines do not do justice to the data{test}: something bends, or variables "
        "belong together in products.",
        "Nothing speaks against straight relations{test}.",
    ),
}


@dataclass(frozen=True, repr=False)
class RegressionDiagnosticsResult(Result):
    """Diagnostics of a regression.

    Attributes
    ----------
    sample : SampleInfo
        Respondents of the regression.
    outcome : str
        Its outcome.
    tests : DataFrame
        test (Breusch–Pagan studentised, White, Jarque–Bera, RESET with squares and cubes of the
        fitted values), assumption, statistic, df, df_denominator, p_value.
    influential : DataFrame
        The ten respondents with the largest Cook's distance: row (place in the data, counted from 0
        as in ``frame.iloc``), leverage, studentised (residual over its standard error, with the
        error variance of the others), cooks_distance, dffits.
    cutoffs : DataFrame
        measure, cutoff, n (respondents beyond it), share, source.
    collinearity : DataFrame
        term, label, vif, tolerance.
    condition_indices : DataFrame
        component, condition_index, then a column per coefficient: the share of its variance that
        goes with the component.
    notes : tuple of str
        What could not be computed, and why.
    model : statsmodels results
        The regression; what `plot` draws.
    """

    title: ClassVar[str] = "Regression diagnostics"

    sample: SampleInfo
    outcome: str
    tests: pd.DataFrame
    influential: pd.DataFrame
    cutoffs: pd.DataFrame
    collinearity: pd.DataFrame
    condition_indices: pd.DataFrame
    notes: tuple[str, ...] = ()
    model: Any = not_in_json()  # noqa: RUF009 - a dataclass field, made by a helper

    def tidy(self) -> pd.DataFrame:
        """Return one row per test."""
        return self.tests.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        p_values = dict(zip(self.tests["test"], self.tests["p_value"], strict=True))
        counts = dict(zip(self.cutoffs["measure"], self.cutoffs["n"], strict=True))
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "breusch_pagan_p": [float(p_values["Breusch–Pagan"])],
                "white_p": [float(p_values["White"])],
                "jarque_bera_p": [float(p_values["Jarque–Bera"])],
                "reset_p": [float(p_values["RESET"])],
                "largest_cooks_distance": [float(self.influential["cooks_distance"].max())],
                "n_influential": [int(counts["Cook's distance (4/n)"])],
                "largest_vif": [float(self.collinearity["vif"].max())],
                "condition_number": [float(self.condition_indices["condition_index"].max())],
            }
        )

    def interpret(self) -> Interpretation:
        """Say which assumptions the data speak against, and who weighs most.

        Returns
        -------
        Interpretation
        """
        return Interpretation((*self._say_tests(), *self._say_influence(), self._say_condition()))

    def plot(self, kind: DiagnosticPlot | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw residuals against fitted values, a Q–Q plot, scale and location, leverage.

        Parameters
        ----------
        kind : {"residuals", "qq", "scale-location", "leverage"}, optional
            One picture. Default: all four, in one new figure.
        ax : Axes, optional
            Where to draw one picture.

        Returns
        -------
        Axes
            Of all four the first; the others are in its figure.
        """
        from servqual.plots.regression_diagnostics import plot_regression_diagnostics

        return plot_regression_diagnostics(self, kind=kind, ax=ax)

    def _say_tests(self) -> list[Statement]:
        statements = []
        for _, row in self.tests.dropna(subset=["p_value"]).iterrows():
            against, nothing = _FINDINGS[row["test"]]
            text = against if row["p_value"] < _ALPHA else nothing
            test = f" ({row['test']}, {say_p(row['p_value'])})"
            statements.append(Statement(str(row["test"]), text.format(test=test)))
        return statements

    def _say_influence(self) -> list[Statement]:
        known = self.influential.dropna(subset=["cooks_distance"])
        if not len(known):
            return []
        first = known.iloc[0]
        size = format_number(first["cooks_distance"], 2)
        if first["cooks_distance"] > 1.0:
            text = (
                f"Row {first['row']:.0f} moves the coefficients by itself (Cook's distance {size}, "
                "above 1); see whether it is a mistake, and fit without it to compare."
            )
        else:
            text = f"Nobody moves the coefficients alone: the largest Cook's distance is {size}."
        return [Statement("influence", text, "Cook's distance above 1", _COOK)]

    def _say_condition(self) -> Statement:
        number = float(self.condition_indices["condition_index"].max())
        rule = rules.CONDITION_INDEX
        return Statement(
            "collinearity",
            f"Near dependencies among intercept and predictors are {rule.word(number)}: the "
            f"largest condition index is {format_number(number, 1)}, the largest variance "
            f"inflation factor {format_number(float(self.collinearity['vif'].max()), 1)}.",
            rule.name,
            rule.source,
        )

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        shares = self.condition_indices.columns[2:].tolist()
        narrow = self.condition_indices if len(shares) <= 8 else self.condition_indices.iloc[:, :2]
        return [
            (f"Outcome: {self.outcome}", self.tests),
            ("Most influential respondents", self.influential),
            ("Beyond conventional limits", self.cutoffs.drop(columns=["source"])),
            ("Collinearity", self.collinearity.drop(columns=["label"])),
            ("Condition indices and shares of variance", narrow),
        ]


def diagnose(
    model: Any, sample: SampleInfo, outcome: str, labels: Mapping[str, str]
) -> RegressionDiagnosticsResult:
    """Make the diagnostics of a fitted model.

    Parameters
    ----------
    model : statsmodels RegressionResults
        By least squares, weighted or not, the intercept first.
    sample : SampleInfo
        Its respondents.
    outcome : str
        Its outcome.
    labels : mapping of str to str
        Label of each term.

    Returns
    -------
    RegressionDiagnosticsResult

    Raises
    ------
    EstimationError
        If the fit has no error.
    """
    if not 1.0 - float(model.rsquared) > 1e-12:
        raise EstimationError(
            "The predictors reproduce the outcome without any error, so there are no residuals to "
            "look at. Look whether the outcome was computed from them."
        )
    # Of weighted least squares, times the root of the weights.
    design = np.asarray(model.model.wexog, dtype=np.float64)
    found = influence(design, np.asarray(model.model.wendog, dtype=np.float64))
    terms = list(model.model.exog_names)
    notes: list[str] = []
    return RegressionDiagnosticsResult(
        sample=sample,
        outcome=outcome,
        tests=_tests(model, sample, notes),
        influential=_influential(model, found),
        cutoffs=_cutoffs(found, design, notes),
        collinearity=_collinearity(model, sample, terms, labels),
        condition_indices=_condition_table(design, terms),
        notes=tuple(notes),
        model=model,
    )


def _tests(model: Any, sample: SampleInfo, notes: list[str]) -> pd.DataFrame:
    design = np.asarray(model.model.exog, dtype=np.float64)
    residual = np.asarray(model.resid, dtype=np.float64)
    outcome = np.asarray(model.model.endog, dtype=np.float64)
    if sample.weights == "sampling":
        nothing = ModelTest(*(float("nan"),) * 4)
        found = dict.fromkeys(_ASSUMPTIONS, nothing)
        notes.append(
            "The tests take respondents as drawn with equal chances, so they are nan with sampling "
            "weights. Influence is that of weighted least squares."
        )
    else:
        found = {
            "Breusch–Pagan": variance_test(residual, design[:, 1:]),
            "White": variance_test(residual, design[:, 1:], with_products=True),
            "Jarque–Bera": jarque_bera_test(residual),
            "RESET": reset_test(design, outcome),
        }
        if not np.isfinite(found["White"].statistic):
            notes.append(
                f"White's test needs more respondents than the {found['White'].df:.0f} squares and "
                "products of so many predictors, so it is nan."
            )
        if not np.isfinite(found["RESET"].statistic):
            notes.append(
                "RESET is nan: squares and cubes of the fitted values add nothing to the "
                "predictors, or too few respondents are left."
            )
    return pd.DataFrame(
        {
            "test": list(_ASSUMPTIONS),
            "assumption": list(_ASSUMPTIONS.values()),
            "statistic": [found[name].statistic for name in _ASSUMPTIONS],
            "df": [found[name].df for name in _ASSUMPTIONS],
            "df_denominator": [found[name].df_denominator for name in _ASSUMPTIONS],
            "p_value": [found[name].p_value for name in _ASSUMPTIONS],
        }
    )


def _influential(model: Any, found: Influence) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "row": np.asarray(model.model.data.row_labels, dtype=np.int64),
            "leverage": found.leverage,
            "studentised": found.studentised,
            "cooks_distance": found.cooks_distance,
            "dffits": found.dffits,
        }
    ).drop_duplicates("row")  # Frequency weights repeat respondents.
    # Who determines a coefficient alone has no distance, and stands first all the same.
    order = table["cooks_distance"].fillna(np.inf)
    places = np.lexsort((table["row"], -order))[:_MOST_SHOWN]
    return table.iloc[places].reset_index(drop=True)


def _cutoffs(found: Influence, design: FloatArray, notes: list[str]) -> pd.DataFrame:
    n_rows, n_terms = design.shape
    alone = int(np.isnan(found.cooks_distance).sum())
    if alone:
        who = "1 respondent determines" if alone == 1 else f"{alone} respondents determine each"
        notes.append(
            f"{who} a coefficient alone (leverage 1), so residual and distance do not exist there."
        )
    degrees = n_rows - n_terms - 1.0
    bonferroni = -float(stdtrit(degrees, 0.5 * _ALPHA / n_rows)) if degrees > 0 else float("nan")
    lines: list[tuple[str, FloatArray, float, str]] = [
        ("leverage (2k/n)", found.leverage, 2.0 * n_terms / n_rows, _BELSLEY),
        ("studentised residual (2)", np.abs(found.studentised), 2.0, _BELSLEY),
        ("studentised residual (Bonferroni, 5%)", np.abs(found.studentised), bonferroni, _COOK),
        ("Cook's distance (4/n)", found.cooks_distance, 4.0 / n_rows, _BOLLEN),
        ("Cook's distance (1)", found.cooks_distance, 1.0, _COOK),
        ("DFFITS (2√(k/n))", np.abs(found.dffits), 2.0 * np.sqrt(n_terms / n_rows), _BELSLEY),
    ]
    counts = [int((values > cutoff).sum()) for _, values, cutoff, _ in lines]
    return pd.DataFrame(
        {
            "measure": [name for name, *_ in lines],
            "cutoff": [cutoff for _, _, cutoff, _ in lines],
            "n": counts,
            "share": [count / n_rows for count in counts],
            "source": [source for *_, source in lines],
        }
    )


def _collinearity(
    model: Any, sample: SampleInfo, terms: list[str], labels: Mapping[str, str]
) -> pd.DataFrame:
    predictors = np.asarray(model.model.exog, dtype=np.float64)[:, 1:]
    weights = model.model.weights if sample.weights == "sampling" else None
    covariance = np.atleast_2d(np.cov(predictors, rowvar=False, aweights=weights))
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    vif = np.diag(np.linalg.solve(correlation, np.eye(len(correlation))))
    return pd.DataFrame(
        {
            "term": terms[1:],
            "label": [labels[term] for term in terms[1:]],
            "vif": vif,
            "tolerance": 1.0 / vif,
        }
    )


def _condition_table(design: FloatArray, terms: list[str]) -> pd.DataFrame:
    found = condition_indices(design)
    table = pd.DataFrame(found.proportions, columns=terms)
    table.insert(0, "component", np.arange(1, len(terms) + 1))
    table.insert(1, "condition_index", found.indices)
    return table
