"""Does satisfaction rise in a straight line? Squares, two slopes and splines, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from servqual.analyses.covariates import model_covariates
from servqual.analyses.curve_fit import (
    CurveFit,
    CurveModel,
    build_curve_model,
    fit_bend,
    fit_straight,
)
from servqual.analyses.curve_tables import (
    aic_of,
    bend_tests,
    curve_points,
    curve_tables,
    knot_table,
    score_table,
    slope_table,
)
from servqual.analyses.linear_fit import (
    check_covariance,
    choose_covariance,
    exact_cluster_notes,
    excluded_notes,
    warn_of_weights,
)
from servqual.analyses.predictors import model_variables
from servqual.errors import OptionError, shorten
from servqual.numerics.curves import HARRELL_QUANTILES
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number, say_p
from servqual.survey.survey import Survey, require_survey
from servqual.typing import (
    DIFFERENCES,
    Covariance,
    CurveForm,
    FloatArray,
    On,
    PredictorLevel,
    check_conf_level,
    check_option,
    check_whole,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NonlinearityResult", "nonlinearity"]

_FORMS: tuple[CurveForm, ...] = ("quadratic", "piecewise", "spline")

#: Which form is drawn, if not told.
_DRAWN: tuple[CurveForm, ...] = ("spline", "piecewise", "quadratic")

_MITTAL = (
    "Mittal, V., Ross, W. T., & Baldasare, P. M. (1998). The asymmetric impact of negative and "
    "positive attribute-level performance on overall satisfaction and repurchase intentions, "
    "https://doi.org/10.1177/002224299806200104"
)
_HARRELL = (
    "Harrell, F. E. (2015). Regression modeling strategies (2nd ed.), "
    "https://doi.org/10.1007/978-3-319-19425-7"
)


@dataclass(frozen=True, repr=False)
class NonlinearityResult(Result):
    """Tests of curved links, one variable at a time.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with all variables.
    outcome : str
        What is explained.
    on : str
        Of which scores the variables are.
    forms : tuple of str
        Forms that were tried.
    knot : float
        Where the slopes of the piecewise form meet.
    covariance : str
        Kind of covariance matrix of the coefficients.
    cluster : str
        Grouping variable; empty without one.
    tests : DataFrame
        term, label, form, statistic (Wald's with `covariance`, divided by df), df, df_denominator,
        p_value, p_adjusted (Holm, over the variables of one form), f_statistic and f_p_value
        (classical), r_squared, delta_r_squared, aic, delta_aic (against the linear model; below
        zero speaks for the curve).
    slopes : DataFrame
        term, label, form, part, estimate, std_error, statistic, df, p_value, conf_low, conf_high.
        Parts of the piecewise form are the slopes below and above the knot and their difference
        (above − below); of the quadratic form, the slope at the knot and the coefficient of the
        square.
    coefficients : DataFrame
        term, form, part, estimate, df: of each curve. The part ``level`` is the outcome at the
        knot, the other variables at their means; scores are measured from the knot.
    covariances : DataFrame
        term, form, first, second, estimate: covariances of these, each pair once.
    knots : DataFrame
        term, form, knot.
    scores : DataFrame
        term, label, mean, minimum, maximum, share_below, share_above (of the knot).
    r_squared, aic : float
        Of the linear model.
    conf_level : float
        Coverage of the intervals.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Curved links"

    sample: SampleInfo
    outcome: str
    on: On
    forms: tuple[CurveForm, ...]
    knot: float
    covariance: Covariance
    cluster: str
    tests: pd.DataFrame
    slopes: pd.DataFrame
    coefficients: pd.DataFrame
    covariances: pd.DataFrame
    knots: pd.DataFrame
    scores: pd.DataFrame
    r_squared: float
    aic: float
    conf_level: float
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per variable and form."""
        return self.tests.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        p_values = self.tests["p_adjusted"].to_numpy(dtype=np.float64)
        known = p_values[np.isfinite(p_values)]
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "on": [self.on],
                "knot": [self.knot],
                "covariance": [self.covariance],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_terms": [len(self.scores)],
                "n_forms": [len(self.forms)],
                "r_squared": [self.r_squared],
                "aic": [self.aic],
                "smallest_p_adjusted": [float(known.min()) if known.size else np.nan],
                "conf_level": [self.conf_level],
            }
        )

    def curve(
        self, term: str, form: CurveForm | None = None, *, n_points: int = 101
    ) -> pd.DataFrame:
        """Outcome along one variable, the others at their means.

        Parameters
        ----------
        term : str
            A variable.
        form : {"quadratic", "piecewise", "spline"}, optional
            Which curve. Default: the spline, or else the piecewise, or else the quadratic one.
        n_points : int, default 101
            Points from the lowest to the highest score; the knots come in addition.

        Returns
        -------
        DataFrame
            x, estimate, conf_low, conf_high; pointwise limits. linear: the straight line, for
            comparison. nan where the curve could not be fitted.

        Raises
        ------
        OptionError
            If there is no such variable or form.
        """
        terms = self.scores["term"].tolist()
        if term not in terms:
            raise OptionError.for_option("term", term, terms)
        chosen = self.drawn_form if form is None else form
        check_option("form", chosen, CurveForm)
        if chosen not in self.forms:
            raise OptionError.for_option("form", chosen, self.forms)
        return self._points(term, chosen, check_whole("n_points", n_points, 2))

    def interpret(self) -> Interpretation:
        """Say where a straight line will not do, and which way it bends.

        Returns
        -------
        Interpretation
        """
        statements = [
            Statement(
                "linear",
                f"The straight lines together go with {self.r_squared:.0%} of the variance of "
                f"{self.outcome}. Each test lets one variable bend, the others held straight.",
            )
        ]
        if "piecewise" in self.forms:
            statements += self._say_slopes()
        for form, test, source in (
            ("quadratic", "the test of a square", ""),
            ("spline", "the test of a restricted cubic spline", _HARRELL),
        ):
            if form in self.forms:
                statements.append(self._say_form(form, test, source))
        return Interpretation(tuple(statements))

    def plot(self, form: CurveForm | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw a panel per variable: its curve, the band, and the straight line.

        Parameters
        ----------
        form : {"quadratic", "piecewise", "spline"}, optional
            Which curve. Default: the spline, or else the piecewise, or else the quadratic one.
        ax : Axes, optional
            Where to draw; the panels lie in it.

        Returns
        -------
        Axes
        """
        from servqual.plots.nonlinearity import plot_nonlinearity

        return plot_nonlinearity(self, form=form, ax=ax)

    @property
    def drawn_form(self) -> CurveForm:
        """Form that is drawn unless another is asked for."""
        return next(form for form in _DRAWN if form in self.forms)

    def _points(self, term: str, form: CurveForm, n_points: int) -> pd.DataFrame:
        def of(table: pd.DataFrame, which: str) -> pd.DataFrame:
            return table[(table["term"] == term) & (table["form"] == which)]

        ends = self.scores.loc[self.scores["term"] == term, ["minimum", "maximum"]].iloc[0]
        return curve_points(
            form,
            ends=(float(ends["minimum"]), float(ends["maximum"])),
            n_points=n_points,
            knot=self.knot,
            knots=of(self.knots, form)["knot"].to_numpy(dtype=np.float64),
            line=of(self.coefficients, "linear")["estimate"].to_numpy(dtype=np.float64),
            coefficients=of(self.coefficients, form)["estimate"].to_numpy(dtype=np.float64),
            covariances=of(self.covariances, form)["estimate"].to_numpy(dtype=np.float64),
            df=of(self.coefficients, form)["df"].to_numpy(dtype=np.float64),
            conf_level=self.conf_level,
        )

    def _of_form(self, form: str) -> pd.DataFrame:
        return self.tests[self.tests["form"] == form]

    def _say_slopes(self) -> list[Statement]:
        statements = []
        where = "zero" if self.knot == 0.0 else f"{self.knot:g}"
        alpha = 1.0 - self.conf_level
        piecewise = self.slopes[self.slopes["form"] == "piecewise"]
        undecided = []
        for _, row in self._of_form("piecewise").iterrows():
            if not np.isfinite(row["p_adjusted"]):
                continue
            if row["p_adjusted"] >= alpha:
                undecided.append(str(row["label"]))
                continue
            parts = piecewise[piecewise["term"] == row["term"]].set_index("part")["estimate"]
            below, above = float(parts["below"]), float(parts["above"])
            way, rule = _of_slopes(below, above, where)
            statements.append(
                Statement(
                    str(row["term"]),
                    f"{row['label']}: {self.outcome} {way} (slopes {format_number(below, 2)} below "
                    f"and {format_number(above, 2)} above, {say_p(row['p_adjusted'])}).",
                    rule,
                    _MITTAL if rule else "",
                )
            )
        if undecided:
            statements.append(
                Statement(
                    "slopes",
                    f"The slopes below and above {where} cannot be told apart for "
                    f"{', '.join(undecided)}.",
                )
            )
        return statements

    def _say_form(self, form: str, test: str, source: str) -> Statement:
        table = self._of_form(form)
        found = table[table["p_adjusted"] < 1.0 - self.conf_level]
        if table["p_adjusted"].isna().all():
            text = f"{test.capitalize()} could not be made for any variable"
        elif len(found):
            names = ", ".join(
                f"{row['label']} ({say_p(row['p_adjusted'])})" for _, row in found.iterrows()
            )
            text = f"By {test} the link with {self.outcome} is not a straight line for {names}"
        else:
            text = f"By {test} no link with {self.outcome} departs from a straight line"
        return Statement(form, text + ".", "any departure from linearity" if source else "", source)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        tests = self.tests[
            [
                "term",
                "form",
                "statistic",
                "df",
                "df_denominator",
                "p_value",
                "p_adjusted",
                "delta_r_squared",
                "delta_aic",
            ]
        ].copy()
        for name in ("df", "df_denominator"):
            tests[name] = [format_number(value, 0) for value in tests[name]]
        names = ["term", "form", "part", "estimate", "std_error", "p_value"]
        heading = (
            f"Outcome: {self.outcome}; {self.on}; tests against the linear model "
            f"(R² = {self.r_squared:.3f}) with {self.covariance}"
        )
        shown = [(heading, tests)]
        if len(self.slopes):
            slopes = self.slopes[[*names, "conf_low", "conf_high"]]
            shown.append((f"Slopes, measured from {self.knot:g}", slopes))
        return shown


def _of_slopes(below: float, above: float, where: str) -> tuple[str, str]:
    """What two different slopes say, and the rule behind it."""
    if min(below, above) < 0.0:
        # Who falls along a score neither gains above nor loses below.
        moves = ("rises" if above >= 0.0 else "falls", "rises" if below >= 0.0 else "falls")
        if moves[0] == moves[1]:
            steeper = "above" if above < below else "below"
            return f"falls along the score, more steeply {steeper} {where}", ""
        return f"{moves[1]} along the score below {where} and {moves[0]} above", ""
    if above < below:
        return (
            f"loses more per point below {where} than it gains per point above",
            "two slopes: negative performance weighs more than positive",
        )
    return (
        f"gains more per point above {where} than it loses per point below",
        "two slopes: positive performance weighs more than negative",
    )


def nonlinearity(
    survey: Survey,
    *,
    outcome: str = "satisfaction",
    on: On = "gap",
    predictors: PredictorLevel | Sequence[str] = "dimensions",
    forms: CurveForm | Sequence[CurveForm] = _FORMS,
    knot: float | None = None,
    n_knots: int = 4,
    covariates: Sequence[str] = (),
    covariance: Covariance | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
) -> NonlinearityResult:
    """Test for each variable whether its link with an outcome bends, the others held straight.

    Parameters
    ----------
    survey : Survey
        With an outcome.
    outcome : str, default "satisfaction"
        An outcome of the survey, or one of its columns.
    on : str, default "gap"
        Side or difference whose scores are the predictors.
    predictors : {"dimensions", "items", "overall"} or sequence of str, default "dimensions"
        Level of the scores, or names.
    forms : sequence of {"quadratic", "piecewise", "spline"}, default all three
        A square; one slope below and another above the `knot`; a restricted cubic spline.
    knot : float, optional
        Where the two slopes meet. Default: 0 for differences such as gaps, where expectations are
        met; the middle of the answer scale else.
    n_knots : int, default 4
        Knots of the spline: 3, 4 or 5, at Harrell's quantiles.
    covariates : sequence of str, default ()
        Further variables of the survey, taken as they are.
    covariance : str, optional
        ``"HC3"`` (default), ``"nonrobust"`` for classical standard errors, ``"HC0"`` to ``"HC2"``;
        with `cluster` ``"CR2"`` or ``"CR1"``. Default with clusters: CR2 below 40 of them.
    cluster : str, optional
        Grouping variable of the survey within which respondents may be alike.
    conf_level : float, default 0.95
        Coverage of the intervals.

    Returns
    -------
    NonlinearityResult

    Raises
    ------
    OptionError
        If a variable or an option does not exist.
    EstimationError
        If too few respondents remain, the outcome or a covariate is constant, or frequency weights
        stand for more than five million respondents.
    NotIdentifiedError
        If predictors repeat each other.

    Warns
    -----
    SmallSampleWarning
        If there are too few clusters: 20 for CR1, five (or four degrees of freedom) for CR2.
    WeightsWarning
        If classical standard errors are asked for with sampling weights.

    Notes
    -----
    A form that the answers cannot carry (nobody on one side of the knot, two values, knots that
    coincide) is nan, and a note says why. AIC counts the error variance, as R does; it and the
    classical F test are nan with sampling weights.

    References
    ----------
    Mittal, V., Ross, W. T., & Baldasare, P. M. (1998). The asymmetric impact of negative and
    positive attribute-level performance on overall satisfaction and repurchase intentions.
    *Journal of Marketing*, 62(1), 33–47. https://doi.org/10.1177/002224299806200104

    Harrell, F. E. (2015). *Regression modeling strategies* (2nd ed.). Springer.
    https://doi.org/10.1007/978-3-319-19425-7

    Examples
    --------
    >>> import servqual as sq
    >>> result = sq.nonlinearity(sq.load_example("bank"), forms="piecewise")
    >>> result.slopes["part"].tolist()[:3]
    ['below', 'above', 'difference']
    """
    check_conf_level(conf_level)
    survey = require_survey(survey, "nonlinearity")
    check_covariance(covariance, cluster)
    chosen = _checked_forms(forms)
    if check_whole("n_knots", n_knots, 3) not in HARRELL_QUANTILES:
        raise OptionError(f"`n_knots` is {n_knots}, but must be 3, 4 or 5.")
    variables = model_variables(
        survey, outcome=outcome, on=on, predictors=predictors, analysis="nonlinearity"
    )
    model = build_curve_model(
        survey,
        variables,
        model_covariates(survey, variables, covariates, on=on, analysis="nonlinearity"),
        forms=chosen,
        knot=_checked_knot(survey, on, knot),
        n_knots=int(n_knots),
        cluster=cluster,
    )
    kind = choose_covariance(survey, covariance, cluster, model.clusters)
    warn_of_weights(survey.weight_kind, kind, stacklevel=2)
    straight = fit_straight(survey, model, kind)
    fits = [None if bend.problem else fit_bend(survey, model, bend, kind) for bend in model.bends]
    has_likelihood = survey.weight_kind != "sampling"
    coefficients, covariances = curve_tables(model, straight, fits)
    tests = bend_tests(model, straight, fits, has_likelihood)
    statistics = tests["statistic"].to_numpy(dtype=np.float64)
    return NonlinearityResult(
        sample=SampleInfo(model.moments.n_obs, model.n_excluded, "listwise", survey.weight_kind),
        outcome=outcome,
        on=on,
        forms=chosen,
        knot=model.knot,
        covariance=kind,
        cluster=cluster or "",
        tests=tests,
        slopes=slope_table(model, fits, conf_level),
        coefficients=coefficients,
        covariances=covariances,
        knots=knot_table(model),
        scores=score_table(survey, model),
        r_squared=straight.classical.r_squared,
        aic=aic_of(straight, has_likelihood),
        conf_level=conf_level,
        notes=tuple(_notes(model, straight, fits, statistics, int(n_knots), has_likelihood)),
    )


def _checked_forms(forms: object) -> tuple[CurveForm, ...]:
    if isinstance(forms, str) or not isinstance(forms, Iterable):
        given: tuple[object, ...] = (forms,)
    else:
        given = tuple(forms)
    for form in given:
        check_option("forms", form, CurveForm)
    if not given or len(set(given)) < len(given):
        raise OptionError(
            f"`forms` is {forms!r}, but must name at least one form, and none twice, such as "
            '["piecewise"].'
        )
    return tuple(form for form in _FORMS if form in given)


def _checked_knot(survey: Survey, on: On, knot: object) -> float:
    if knot is None:
        return 0.0 if on in DIFFERENCES else float(survey.instrument.scale.midpoint)
    if (
        isinstance(knot, bool)
        or not isinstance(knot, (int, float, np.integer, np.floating))
        or not np.isfinite(knot)
    ):
        raise OptionError(
            f"`knot` is {knot!r}, but must be a number among the scores, such as "
            f"{_checked_knot(survey, on, None):g}."
        )
    return float(knot)


def _notes(
    model: CurveModel,
    straight: CurveFit,
    fits: Sequence[CurveFit | None],
    statistics: FloatArray,
    n_knots: int,
    has_likelihood: bool,
) -> list[str]:
    notes = excluded_notes(model.n_excluded)
    reasons: dict[str, list[str]] = {}
    for bend, fit, statistic in zip(model.bends, fits, statistics, strict=True):
        name = model.variables.terms[bend.place]
        if bend.problem:
            why = f"There is no {bend.form} form where {bend.problem}"
        elif fit is None:
            why = f"The answers do not determine the {bend.form} form beside the other variables"
        elif fit.problem:
            why = f"In the {bend.form} form, standard errors are missing. {fit.problem[:-1]}"
        elif np.isnan(statistic):
            why = f"The clusters are too few, or too small, for a test of the {bend.form} form"
        elif bend.form == "spline" and bend.knots.size < n_knots:
            why = f"Scores repeat, so the spline has fewer than {n_knots} distinct knots"
        else:
            continue
        reasons.setdefault(why, []).append(name)
    notes += [f"{why}: {shorten(names)}." for why, names in reasons.items()]
    if not has_likelihood:
        notes.append(
            "With sampling weights there is no likelihood, so AIC and the classical F test are nan."
        )
    if straight.problem:
        notes.append(straight.problem)
    notes += exact_cluster_notes(straight.inference)
    return notes
