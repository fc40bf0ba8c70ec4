"""Linear models in which one variable may bend: their columns, and their fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from servqual.analyses.linear_fit import (
    LinearFit,
    check_repeatable,
    fit_linear,
    leverage_notes,
    warn_of_clusters,
    without_errors,
)
from servqual.analyses.predictors import ModelVariables
from servqual.analyses.resampling import cluster_codes, complete_respondents
from servqual.errors import EstimationError, NotIdentifiedError, shorten
from servqual.numerics.curves import (
    HARRELL_QUANTILES,
    hinge,
    repeated_quantiles,
    restricted_cubic_spline,
)
from servqual.numerics.least_squares import (
    LeastSquares,
    collinear_columns,
    constant_columns,
    least_squares_from_moments,
)
from servqual.numerics.linear_hypotheses import LinearInference
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import BoolArray, Covariance, CurveForm, FloatArray, IntArray

__all__ = ["Bend", "CurveFit", "CurveModel", "build_curve_model", "fit_bend", "fit_straight"]

#: Unexplained share of variance below which a fit has no error.
_PERFECT = 1e-10

#: Knots that are closer, as a share of the spread, are one.
_SAME = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """What lets one variable bend in one form.

    Attributes
    ----------
    place : int
        Which variable.
    form : str
        In which form.
    knots : FloatArray, shape (n_knots,)
        Where; empty for a square.
    parts : tuple of str
        Names of the columns.
    start : int
        Place of the first column among those of the model's rows.
    problem : str
        Why it cannot be fitted; empty if it can.
    """

    place: int
    form: CurveForm
    knots: FloatArray
    parts: tuple[str, ...]
    start: int
    problem: str


@dataclass(frozen=True, slots=True, eq=False)
class CurveModel:
    """All columns of all models, of complete respondents.

    Attributes
    ----------
    variables : ModelVariables
        Outcome, and the variables that may bend.
    straight : tuple of str
        Names of the columns of the linear model: variables, then covariates.
    own : IntArray, shape (n_variables,)
        Place of each variable among them; −1 where it is constant.
    bends : tuple of Bend
        One per variable and form.
    rows : FloatArray, shape (n_complete, n_columns)
        Straight columns, columns of bends, and the outcome. Variables are measured from the knot.
    keep : BoolArray, shape (n_respondents,)
        Which respondents these are.
    moments : Moments
        Of the rows.
    knot : float
        Where the two-sided slopes meet, and what was taken off.
    n_excluded : int
        Respondents left out.
    cluster : str or None
        Grouping variable within which respondents may be alike.
    clusters : IntArray or None, shape (n_complete,)
        Codes of its groups.
    """

    variables: ModelVariables
    straight: tuple[str, ...]
    own: IntArray
    bends: tuple[Bend, ...]
    rows: FloatArray
    keep: BoolArray
    moments: Moments
    knot: float
    n_excluded: int
    cluster: str | None
    clusters: IntArray | None


@dataclass(frozen=True, slots=True, eq=False)
class CurveFit:
    """One fitted model.

    Attributes
    ----------
    classical : LeastSquares
        R², AIC, and classical standard errors.
    inference : LinearInference
        Coefficients of intercept, straight columns and columns of the bend, with a covariance
        matrix of the kind asked for, which is nan where it does not exist.
    problem : str
        Why standard errors do not exist.
    """

    classical: LeastSquares
    inference: LinearInference
    problem: str


def build_curve_model(
    survey: Survey,
    variables: ModelVariables,
    covariates: ModelVariables | None,
    *,
    forms: Sequence[CurveForm],
    knot: float,
    n_knots: int,
    cluster: str | None,
) -> CurveModel:
    """Make the columns of the linear model and of every bend.

    Parameters
    ----------
    survey : Survey
        With the variables.
    variables : ModelVariables
        Outcome, and what may bend.
    covariates : ModelVariables or None
        Further variables, which stay straight.
    forms : sequence of str
        In which forms.
    knot : float
        Of the two-sided slopes.
    n_knots : int
        Of splines.
    cluster : str or None
        Grouping variable within which respondents may be alike.

    Returns
    -------
    CurveModel

    Raises
    ------
    EstimationError
        If too few or too many respondents remain, or the outcome or all variables are constant.
    NotIdentifiedError
        If straight columns repeat each other.
    """
    others = () if covariates is None else covariates.variables
    size = len(variables.variables)
    values = survey.rows([*variables.variables, *others, variables.outcome])
    keep = complete_respondents(survey, values)
    n_obs = survey.count_respondents(keep)
    n_columns = size + len(others) + n_knots
    if n_obs < n_columns + 2:
        raise EstimationError(
            f"`nonlinearity` needs at least {n_columns + 2} respondents with all variables, but "
            f"there are {n_obs:,} of {survey.n_respondents:,}. Use fewer predictors."
        )
    check_repeatable(survey, keep, "nonlinearity")
    complete = values[keep]
    complete[:, :size] -= knot
    names = (*variables.terms, *(() if covariates is None else covariates.terms))
    varies = _check_straight(survey, complete, keep, names, variables)
    counts = None
    if survey.weight_kind == "frequency" and survey.weights is not None:
        counts = survey.weights[keep]
    straight = np.flatnonzero(np.append(varies[:-1], False))
    own = np.full(size, -1, dtype=np.int64)
    own[varies[:size]] = np.arange(int(varies[:size].sum()))
    bends, columns = _bends(complete[:, :size], varies, counts, forms, n_knots, straight.size)
    rows = np.column_stack([complete[:, straight], *columns, complete[:, -1]])
    return CurveModel(
        variables=variables,
        straight=tuple(names[place] for place in straight),
        own=own,
        bends=tuple(bends),
        rows=rows,
        keep=keep,
        moments=Moments.collect(
            rows,
            weights=None if survey.weights is None else survey.weights[keep],
            weight_kind=survey.weight_kind,
        ),
        knot=knot,
        n_excluded=survey.n_respondents - n_obs,
        cluster=cluster,
        clusters=None if cluster is None else cluster_codes(survey, cluster, keep),
    )


def _check_straight(
    survey: Survey,
    complete: FloatArray,
    keep: BoolArray,
    names: tuple[str, ...],
    variables: ModelVariables,
) -> BoolArray:
    """Which columns vary, the outcome last; refuse what has no linear model."""
    moments = Moments.collect(
        complete,
        weights=None if survey.weights is None else survey.weights[keep],
        weight_kind=survey.weight_kind,
    )
    covariance = moments.covariance()
    size = len(variables.variables)
    varies = np.ones(len(names) + 1, dtype=bool)
    varies[constant_columns(covariance, moments.mean)] = False
    if not varies[-1]:
        raise EstimationError(
            f"{variables.outcome} is the same for all {moments.n_obs:,} respondents, but an "
            "outcome must vary."
        )
    if not varies[:size].any():
        raise EstimationError(
            f"None of these varies over the {moments.n_obs:,} respondents: "
            f"{shorten(variables.terms)}. Look at the answers."
        )
    constant = [names[place] for place in range(size, len(names)) if not varies[place]]
    if constant:
        raise EstimationError(
            f"These covariates are the same for all {moments.n_obs:,} respondents: "
            f"{shorten(constant)}. Leave them out."
        )
    repeating = collinear_columns(covariance[:-1, :-1])
    if repeating.size:
        raise NotIdentifiedError(
            "These predictors repeat each other exactly, so their curves cannot be told apart: "
            f"{shorten(names[place] for place in repeating)}. Leave one of them out."
        )
    return varies


def _bends(
    scores: FloatArray,
    varies: BoolArray,
    counts: FloatArray | None,
    forms: Sequence[CurveForm],
    n_knots: int,
    start: int,
) -> tuple[list[Bend], list[FloatArray]]:
    """Bends of all variables, measured from the knot, and their columns."""
    bends: list[Bend] = []
    columns: list[FloatArray] = []
    for place, x in enumerate(scores.T):
        for form in forms:
            if varies[place]:
                knots, made, problem = _columns(x, counts, form, n_knots)
            else:
                knots, made, problem = np.empty(0), np.empty((len(x), 0)), "it does not vary"
            parts = _part_names(form, made.shape[1])
            bends.append(Bend(place, form, knots, parts, start, problem))
            columns.append(made)
            start += made.shape[1]
    return bends, columns


def _part_names(form: CurveForm, n_columns: int) -> tuple[str, ...]:
    if form == "spline":
        return tuple(f"spline {place}" for place in range(1, n_columns + 1))
    return (("square",) if form == "quadratic" else ("hinge",)) if n_columns else ()


def _columns(
    x: FloatArray, counts: FloatArray | None, form: CurveForm, n_knots: int
) -> tuple[FloatArray, FloatArray, str]:
    """Knots and columns of one bend, or why there are none."""
    nothing = np.empty((len(x), 0))
    n_values = len(np.unique(np.round(x, 9)))
    if form == "quadratic":
        if n_values < 3:
            return np.empty(0), nothing, "it takes two values only"
        return np.empty(0), (x**2)[:, None], ""
    if form == "piecewise":
        for side, there in (("below", (x < -_SAME).any()), ("above", (x > _SAME).any())):
            if not there:
                return np.zeros(1), nothing, f"nobody is {side} the knot"
        if n_values < 3:
            return np.zeros(1), nothing, "it takes two values only"
        return np.zeros(1), hinge(x, 0.0), ""
    quantiles = repeated_quantiles(x, np.array(HARRELL_QUANTILES[n_knots]), counts)
    apart = np.diff(quantiles) > _SAME * (np.ptp(x) or 1.0)
    knots = quantiles[np.concatenate([[True], apart])]
    if knots.size < 3:
        return np.empty(0), nothing, f"it has only {knots.size} distinct knots"
    return knots, restricted_cubic_spline(x, knots), ""


def fit_straight(survey: Survey, model: CurveModel, covariance: Covariance) -> CurveFit:
    """Fit the linear model.

    Parameters
    ----------
    survey : Survey
        Where the weights are.
    model : CurveModel
        From `build_curve_model`.
    covariance : str
        Kind of covariance matrix.

    Returns
    -------
    CurveFit

    Warns
    -----
    SmallSampleWarning
        If there are too few clusters.
    """
    places = np.arange(len(model.straight))
    fitted = _fit_rows(survey, model, places, model.straight, covariance)
    warn_of_clusters(fitted, covariance, model.cluster, stacklevel=3)
    return _curve_fit(model, places, fitted, covariance)


def fit_bend(
    survey: Survey, model: CurveModel, bend: Bend, covariance: Covariance
) -> CurveFit | None:
    """Fit the linear model with one bend.

    Parameters
    ----------
    survey : Survey
        Where the weights are.
    model : CurveModel
        From `build_curve_model`.
    bend : Bend
        What bends.
    covariance : str
        Kind of covariance matrix.

    Returns
    -------
    CurveFit or None
        None where the answers do not determine the model.
    """
    extra = np.arange(bend.start, bend.start + len(bend.parts))
    places = np.concatenate([np.arange(len(model.straight)), extra])
    predictors = model.moments.covariance()[np.ix_(places, places)]
    if constant_columns(predictors).size or collinear_columns(predictors).size:
        return None
    fitted = _fit_rows(survey, model, places, (*model.straight, *bend.parts), covariance)
    return _curve_fit(model, places, fitted, covariance)


def _fit_rows(
    survey: Survey,
    model: CurveModel,
    places: IntArray,
    names: Sequence[str],
    covariance: Covariance,
) -> LinearFit:
    return fit_linear(
        model.rows[:, [*places, -1]],
        names,
        model.variables.outcome,
        covariance=covariance,
        weights=None if survey.weights is None else survey.weights[model.keep],
        weight_kind=survey.weight_kind,
        clusters=model.clusters,
    )


def _curve_fit(
    model: CurveModel, places: IntArray, fitted: LinearFit, covariance: Covariance
) -> CurveFit:
    classical = least_squares_from_moments(
        model.moments.mean,
        model.moments.covariance(),
        model.moments.n_obs,
        outcome=model.rows.shape[1] - 1,
        predictors=places,
        conf_level=0.95,
    )
    problem = " ".join(leverage_notes(fitted.model, covariance))
    if 1.0 - classical.r_squared < _PERFECT:
        problem = "The model reproduces the outcome without error, so there are no standard errors."
    return CurveFit(
        classical=classical,
        inference=without_errors(fitted) if problem else fitted.inference,
        problem=problem,
    )
