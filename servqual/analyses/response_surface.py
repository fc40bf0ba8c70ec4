"""How an outcome goes with perception and expectation together: a quadratic surface over both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from servqual.analyses.linear_fit import (
    check_covariance,
    choose_covariance,
    fit_linear,
    leverage_notes,
    warn_of_clusters,
    without_errors,
)
from servqual.analyses.predictors import model_variables
from servqual.analyses.resampling import (
    check_bootstrap,
    cluster_codes,
    complete_respondents,
    resample,
)
from servqual.errors import EstimationError, NotIdentifiedError, OptionError
from servqual.numerics.bootstrap import percentile_interval
from servqual.numerics.least_squares import collinear_columns, least_squares_from_moments
from servqual.numerics.linear_hypotheses import LinearInference
from servqual.numerics.location import mean_test
from servqual.numerics.path_effects import path_coefficients
from servqual.numerics.response_surface import (
    SURFACE_CONTRASTS,
    curvatures,
    principal_axes,
    stationary_points,
    surface_parameters,
)
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number, say_p
from servqual.samplestats.moments import Moments
from servqual.survey.scoring import row_mean
from servqual.survey.survey import QUALITY, Survey, require_survey
from servqual.typing import (
    BoolArray,
    Covariance,
    FloatArray,
    ProgressOption,
    SurfacePlot,
    check_conf_level,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ResponseSurfaceResult", "response_surface"]

TERMS = (
    "perception",
    "expectation",
    "perception²",
    "perception × expectation",
    "expectation²",
)

_PARAMETERS = {
    "a1": "slope along congruence (P = E)",
    "a2": "curvature along congruence",
    "a3": "slope along incongruence (P = −E)",
    "a4": "curvature along incongruence",
    "a5": "difference of the curvatures of P and E",
}

#: Columns of each simpler model, as combinations of the five terms.
_MODELS: dict[str, FloatArray] = {
    "difference": np.array([[1.0, -1.0, 0.0, 0.0, 0.0]]),
    "linear": np.array([[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0]]),
    "squared difference": np.array([[0.0, 0.0, 1.0, -2.0, 1.0]]),
    "shifted squared difference": np.array(
        [[1.0, -1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, -2.0, 1.0]]
    ),
    "rising ridge": np.array([[1.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, -2.0, 1.0]]),
    "quadratic": np.eye(5),
}

#: Standardised scores that are further apart count as discrepant (Shanock et al. 2010).
_DISCREPANT = 0.5

#: Unexplained share of variance below which a fit has no error.
_PERFECT = 1e-10


@dataclass(frozen=True, repr=False)
class ResponseSurfaceResult(Result):
    """A quadratic surface of an outcome over perception and expectation.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with all variables.
    outcome : str
        The height of the surface.
    predictor, label : str
        Whose perception and expectation they are.
    centre : float
        What was taken off both, on the answer scale.
    scale : tuple of float
        Ends of the answer scale.
    covariance : str
        Kind of covariance matrix of the coefficients.
    cluster : str
        Grouping variable; empty without one.
    coefficients : DataFrame
        term, estimate, std_error, statistic, df, p_value, conf_low, conf_high, boot_low,
        boot_high. Perception and expectation are centred.
    parameters : DataFrame
        term (a1 to a5), label and the same.
    stationary_point : DataFrame
        term (perception, expectation), estimate, conf_low, conf_high: on the answer scale, with
        bootstrap intervals.
    principal_axes : DataFrame
        term (p10, p11, p20, p21: intercept and slope of the first and the second axis, expectation
        over perception, both centred), estimate, conf_low, conf_high.
    discrepancy : DataFrame
        group (perception higher, in agreement, expectation higher; by standardised scores more
        than .5 apart), n, share.
    models : DataFrame
        model, n_coefficients, r_squared, adj_r_squared, aic, delta_aic, aic_weight, f_statistic,
        df_numerator, df_denominator, p_value (of the constraints, against the quadratic).
    hull : DataFrame
        perception, expectation: corners of the area in which there are respondents.
    surface : str
        Its type: ``peak``, ``trough``, ``saddle`` or ``undetermined``.
    r_squared : float
        Share of variance that the quadratic explains.
    conf_level : float
        Coverage of the intervals.
    n_resamples, n_degenerate, seed : int
        Of the bootstrap.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Response surface"

    sample: SampleInfo
    outcome: str
    predictor: str
    label: str
    centre: float
    scale: tuple[float, float]
    covariance: Covariance
    cluster: str
    coefficients: pd.DataFrame
    parameters: pd.DataFrame
    stationary_point: pd.DataFrame
    principal_axes: pd.DataFrame
    discrepancy: pd.DataFrame
    models: pd.DataFrame
    hull: pd.DataFrame
    surface: str
    r_squared: float
    conf_level: float
    n_resamples: int
    n_degenerate: int
    seed: int
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per surface parameter, a1 to a5."""
        return self.parameters.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        shares = self.discrepancy.set_index("group")["share"]
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "predictor": [self.predictor],
                "covariance": [self.covariance],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "r_squared": [self.r_squared],
                "surface": [self.surface],
                "best_model": [self._best_model()],
                "discrepant_share": [float(1.0 - shares["in agreement"])],
                "n_resamples": [self.n_resamples],
                "n_degenerate": [self.n_degenerate],
                "conf_level": [self.conf_level],
                "seed": [self.seed],
            }
        )

    def predict(self, perception: FloatArray, expectation: FloatArray) -> FloatArray:
        """Height of the surface, with other variables of the model at zero.

        Parameters
        ----------
        perception, expectation : array
            On the answer scale; of one shape, or shapes that broadcast.

        Returns
        -------
        ndarray
        """
        x = np.asarray(perception, dtype=np.float64) - self.centre
        y = np.asarray(expectation, dtype=np.float64) - self.centre
        b = self.coefficients["estimate"].to_numpy(dtype=np.float64)
        height: FloatArray = np.asarray(
            b[0] + b[1] * x + b[2] * y + b[3] * x**2 + b[4] * x * y + b[5] * y**2
        )
        return height

    def interpret(self) -> Interpretation:
        """Say what the surface means.

        Returns
        -------
        Interpretation
        """
        rows = self.parameters.set_index("term").to_dict(orient="index")
        statements = [self._say_discrepancy(), self._say_constraint()]
        for term, up, down in (
            ("a1", "rises as both rise together", "falls as both rise together"),
            (
                "a3",
                "rises as perception exceeds expectation",
                "falls as perception exceeds expectation",
            ),
            (
                "a4",
                "bends upwards away from agreement",
                "bends downwards away from agreement, so that mismatch costs",
            ),
        ):
            row = rows[term]
            low, high = float(row["conf_low"]), float(row["conf_high"])
            if not np.isfinite(low):
                continue
            values = (
                f"({term} = {format_number(float(row['estimate']), 2)}, {self.conf_level:.0%} "
                f"interval {format_number(low, 2)} to {format_number(high, 2)})"
            )
            if low > 0 or high < 0:
                text = f"{self.outcome} {up if low > 0 else down} {values}."
            else:
                name = _PARAMETERS[term]
                text = f"{name[0].upper()}{name[1:]} cannot be told from zero {values}."
            statements.append(Statement(term, text))
        return Interpretation(tuple(statements))

    def plot(self, kind: SurfacePlot = "contour", *, ax: Axes | None = None) -> Axes:
        """Draw the surface from above or in three dimensions.

        Parameters
        ----------
        kind : {"contour", "surface"}, default "contour"
            Contour lines, or a surface.
        ax : Axes, optional
            Where to draw; for a surface it must have the projection "3d".

        Returns
        -------
        Axes
        """
        from servqual.plots.response_surface import plot_response_surface

        return plot_response_surface(self, kind=kind, ax=ax)

    def _best_model(self) -> str:
        aic = self.models["aic"].to_numpy(dtype=np.float64)
        return "" if np.isnan(aic).all() else str(self.models["model"][int(np.nanargmin(aic))])

    def _say_discrepancy(self) -> Statement:
        shares = self.discrepancy.set_index("group")["share"]
        text = (
            f"{shares['perception higher']:.0%} of the respondents perceive more than they expect, "
            f"{shares['expectation higher']:.0%} less, relative to the others"
        )
        if 1.0 - shares["in agreement"] < 0.1:
            text += "; that is little to learn about mismatch from"
        return Statement(
            "discrepancy",
            text + ".",
            "standardised scores more than half a standard deviation apart; at least 10% of such "
            "respondents",
            "Shanock, L. R., Baran, B. E., Gentry, W. A., Pattison, S. C., & Heggestad, E. D. "
            "(2010). Polynomial regression with response surface analysis, "
            "https://doi.org/10.1007/s10869-010-9183-4",
        )

    def _say_constraint(self) -> Statement:
        row = self.models.set_index("model").to_dict(orient="index")["difference"]
        if not np.isfinite(row["p_value"]):
            text = "Whether a plain difference P − E would do could not be tested"
        elif row["p_value"] < 1.0 - self.conf_level:
            text = (
                "A plain difference P − E does not do justice to these answers: the surface "
                f"explains more ({say_p(row['p_value'])})"
            )
        else:
            text = (
                "A plain difference P − E explains as much as the whole surface, as far as these "
                f"answers can tell ({say_p(row['p_value'])})"
            )
        best = self._best_model()
        return Statement("models", text + (f"; by AIC the {best} model is best." if best else "."))

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        names = ["term", "label", "estimate", "std_error", "p_value", "conf_low", "conf_high"]
        models = ["model", "n_coefficients", "r_squared", "aic", "aic_weight", "p_value"]
        heading = f"Outcome: {self.outcome}; {self.label}; both centred at {self.centre:g}"
        return [
            (heading, self.parameters[names]),
            ("Coefficients", self.coefficients.drop(columns=["boot_low", "boot_high"])),
            ("Models, each against the quadratic", self.models[models]),
        ]


def response_surface(
    survey: Survey,
    *,
    outcome: str = "satisfaction",
    predictor: str = QUALITY,
    covariates: Sequence[str] = (),
    centre: float | None = None,
    covariance: Covariance | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 1,
    progress: ProgressOption = None,
) -> ResponseSurfaceResult:
    """Regress an outcome on perception, expectation, their squares and their product.

    A gap score assumes that satisfaction rises with perception as steeply as it falls with
    expectation, and that nothing bends. The surface assumes neither, and shows whether the gap
    was good enough.

    Parameters
    ----------
    survey : Survey
        With expectations and perceptions.
    outcome : str, default "satisfaction"
        An outcome of the survey, or one of its columns.
    predictor : str, default "quality"
        A dimension, ``"quality"`` (mean of the dimensions), or the number of an item as text.
    covariates : sequence of str, default ()
        Further variables of the survey, taken as they are.
    centre : float, optional
        What is taken off both, so that agreement stays agreement. Default: the middle of the scale.
    covariance : str, optional
        ``"HC3"`` (default), ``"nonrobust"`` for classical standard errors, ``"HC0"`` to ``"HC2"``;
        with `cluster` ``"CR2"`` or ``"CR1"``. Default with clusters: CR2 below 40 of them.
    cluster : str, optional
        Grouping variable of the survey within which respondents may be alike.
    conf_level : float, default 0.95
        Coverage of the intervals.
    n_resamples : int, default 2000
        Bootstrap resamples; 0 for none, and then no intervals of axes and stationary point.
    seed : int, default 1
        Seed of the bootstrap.
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstrap runs. None shows a bar where somebody
        is looking and the work is long, True always, False never.

    Returns
    -------
    ResponseSurfaceResult

    Raises
    ------
    OptionError
        If a variable or an option does not exist, or a side was not asked.
    EstimationError
        If too few respondents remain, or a variable is constant.
    NotIdentifiedError
        If the answers take too few values to tell the five terms apart.

    Warns
    -----
    SmallSampleWarning
        If there are too few clusters: 20 for CR1, five (or four degrees of freedom) for CR2.

    Notes
    -----
    Models are compared by classical F tests and by AIC, which counts the error variance, as R does;
    with sampling weights these are nan. AIC weights are among the six models listed. Bootstrap
    limits are percentiles.

    References
    ----------
    Edwards, J. R., & Parry, M. E. (1993). On the use of polynomial regression equations as an
    alternative to difference scores in organizational research. *Academy of Management Journal*,
    36(6), 1577–1613. https://doi.org/10.5465/256822

    Humberg, S., Nestler, S., & Back, M. D. (2019). Response surface analysis in personality and
    social psychology. *Social Psychological and Personality Science*, 10(3), 409–419.
    https://doi.org/10.1177/1948550618757600

    Shanock, L. R., Baran, B. E., Gentry, W. A., Pattison, S. C., & Heggestad, E. D. (2010).
    Polynomial regression with response surface analysis. *Journal of Business and Psychology*, 25,
    543–554. https://doi.org/10.1007/s10869-010-9183-4

    Examples
    --------
    >>> import servqual as sq
    >>> result = sq.response_surface(sq.load_example("bank"), n_resamples=200)
    >>> result.tidy()["term"].tolist()
    ['a1', 'a2', 'a3', 'a4', 'a5']
    """
    check_conf_level(conf_level)
    resamples, seed = check_bootstrap(n_resamples, seed)
    survey = require_survey(survey, "response_surface")
    check_covariance(covariance, cluster)
    job = _collect(survey, outcome, predictor, covariates, _checked_centre(survey, centre))
    clusters = None if cluster is None else cluster_codes(survey, cluster, job.keep)
    kind = choose_covariance(survey, covariance, cluster, clusters)
    fit = fit_linear(
        job.rows,
        job.terms,
        outcome,
        covariance=kind,
        weights=None if survey.weights is None else survey.weights[job.keep],
        weight_kind=survey.weight_kind,
        clusters=clusters,
    )
    warn_of_clusters(fit, kind, cluster, stacklevel=2)
    draws, n_degenerate = _draws(survey, job, resamples, seed, cluster, progress)
    notes = leverage_notes(fit.model, kind)
    r_squared = float(fit.model.rsquared)
    if 1.0 - r_squared < _PERFECT:
        notes.append("The surface fits without error, so there are no standard errors.")
    inference = without_errors(fit) if notes else fit.inference
    if n_degenerate:
        notes.append(
            f"In {n_degenerate} of {resamples} resamples the surface was not determined; they do "
            "not count."
        )
    if draws is None:
        notes.append("No resamples were asked for, so there are no bootstrap intervals.")
    estimates = inference.coefficients
    return ResponseSurfaceResult(
        sample=SampleInfo(
            job.moments.n_obs, job.moments.n_excluded, "listwise", job.moments.weight_kind
        ),
        outcome=outcome,
        predictor=predictor,
        label=job.label,
        centre=job.centre,
        scale=(survey.instrument.scale.minimum, survey.instrument.scale.maximum),
        covariance=kind,
        cluster=cluster or "",
        coefficients=_coefficients(job, inference, draws, conf_level),
        parameters=_parameters(inference, draws, conf_level),
        stationary_point=_stationary_point(job, estimates, draws, conf_level),
        principal_axes=_principal_axes(estimates, draws, conf_level),
        discrepancy=_discrepancy(survey, job),
        models=_models(job),
        hull=_hull(job),
        surface=_surface_type(estimates[1:6]),
        r_squared=r_squared,
        conf_level=conf_level,
        n_resamples=resamples,
        n_degenerate=n_degenerate,
        seed=seed,
        notes=tuple(notes),
    )


# ---- the data ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """The five terms, covariates and the outcome, of complete respondents."""

    terms: tuple[str, ...]
    label: str
    centre: float
    rows: FloatArray
    keep: BoolArray
    moments: Moments


def _checked_centre(survey: Survey, centre: object) -> float:
    if centre is None:
        return float(survey.instrument.scale.midpoint)
    if (
        isinstance(centre, bool)
        or not isinstance(centre, (int, float, np.integer, np.floating))
        or not np.isfinite(centre)
    ):
        raise OptionError(
            f"`centre` is {centre!r}, but must be a number on the answer scale, such as "
            f"{survey.instrument.scale.midpoint:g}."
        )
    scale = survey.instrument.scale
    if not scale.minimum <= centre <= scale.maximum:
        raise OptionError(
            f"`centre` is {centre:g}, but must lie on the answer scale, from {scale.minimum:g} to "
            f"{scale.maximum:g}; slopes hold there."
        )
    return float(centre)


def _sides(survey: Survey, predictor: object) -> tuple[FloatArray, FloatArray, str]:
    """Perception and expectation over pairs answered on both sides, and how to call them."""
    keys = [dimension.key for dimension in survey.instrument.dimensions]
    items = [str(item.number) for item in survey.instrument.items]
    if predictor == QUALITY:
        pairs = survey.paired("gap")
        return row_mean(pairs.minuend), row_mean(pairs.subtrahend), "Overall quality"
    if predictor in keys:
        place = keys.index(str(predictor))
        pairs = survey.paired("gap")
        label = survey.instrument.dimensions[place].label
    elif str(predictor) in items and not isinstance(predictor, bool):
        place = items.index(str(predictor))
        pairs = survey.paired("gap", "items")
        item = survey.instrument.items[place]
        label = f"{item.number} {item.label}"
    else:
        raise OptionError.for_option(
            "predictor",
            predictor,
            (QUALITY, *keys),
            'Or give the number of an item, such as "5".',
        )
    return pairs.minuend[:, place], pairs.subtrahend[:, place], label


def _collect(
    survey: Survey, outcome: str, predictor: str, covariates: Sequence[str], centre: float
) -> _Job:
    if isinstance(covariates, str):
        raise OptionError(
            f'`covariates` is "{covariates}", but must be a list of names, such as '
            f'["{covariates}"].'
        )
    perception, expectation, label = _sides(survey, predictor)
    # Asked also without covariates: it finds out whether the outcome is one.
    found = model_variables(
        survey,
        outcome=outcome,
        on="gap",
        predictors=[*covariates] or "overall",
        analysis="response_surface",
    )
    names = found.variables if covariates else ()
    x, y = perception - centre, expectation - centre
    others = survey.rows([*names, found.outcome])
    values = np.column_stack([x, y, x**2, x * y, y**2, others])
    terms = (*TERMS, *(found.terms if covariates else ()))
    keep = complete_respondents(survey, values)
    moments = Moments.collect(values, weights=survey.weights, weight_kind=survey.weight_kind)
    _check_spread(survey, moments, (*terms, outcome))
    return _Job(terms, label, centre, values[keep], keep, moments)


def _check_spread(survey: Survey, moments: Moments, names: tuple[str, ...]) -> None:
    """Refuse what has no surface: too few respondents, constants, sides that repeat each other."""
    if moments.n_obs < len(names) + 2:
        raise EstimationError(
            f"`response_surface` needs at least {len(names) + 2} respondents with all variables, "
            f"but there are {moments.n_obs:,} of {survey.n_respondents:,}. Use fewer "
            "covariates, or collect more answers."
        )
    spread = moments.standard_deviation()
    for name in ("perception", "expectation", names[-1]):
        place = len(names) - 1 if name == names[-1] else names.index(name)
        if not spread[place] > 0.0:
            raise EstimationError(
                f"{name} is the same for all {moments.n_obs:,} respondents, but a surface needs "
                "both sides and the outcome to vary. With expectations at the ceiling, use "
                '`sq.regression(…, on="perception")`.'
            )
    repeating = collinear_columns(moments.covariance()[:-1, :-1])
    if repeating.size:
        raise NotIdentifiedError(
            "The answers take too few different values to tell these terms apart: "
            f"{', '.join(names[place] for place in repeating)}. Use a score of several items."
        )


def _draws(
    survey: Survey,
    job: _Job,
    n_resamples: int,
    seed: int,
    cluster: str | None,
    progress: ProgressOption,
) -> tuple[FloatArray | None, int]:
    """Slopes of all terms in each resample; nan where they are not determined."""
    if n_resamples == 0:
        return None, 0
    resampled = resample(
        survey,
        job.rows,
        job.keep,
        n_resamples=n_resamples,
        seed=seed,
        cluster=cluster,
        progress=progress,
    )
    size = len(job.terms)
    draws = path_coefficients(resampled.covariances, [(size, tuple(range(size)))])
    # The intercept is where the line meets the means.
    intercept = resampled.means[:, -1] - (draws * resampled.means[:, :-1]).sum(axis=1)
    return np.column_stack([intercept, draws]), int(np.isnan(draws[:, 0]).sum())


# ---- tables --------------------------------------------------------------------------------------


def _limits(draws: FloatArray | None, size: int, conf_level: float) -> tuple[Any, Any]:
    if draws is None:
        nan = np.full(size, np.nan)
        return nan, nan
    limits = percentile_interval(draws, conf_level)
    return limits.low, limits.high


def _tested(
    lead: dict[str, list[str]],
    contrasts: FloatArray,
    inference: LinearInference,
    draws: FloatArray | None,
    conf_level: float,
) -> pd.DataFrame:
    """Estimates and tests of linear combinations of the coefficients."""
    estimates = contrasts @ inference.coefficients
    errors = np.sqrt(np.diag(contrasts @ inference.covariance @ contrasts.T))
    df = inference.degrees_of_freedom(contrasts)
    test = mean_test(estimates, errors, df, conf_level=conf_level)
    low, high = _limits(draws, estimates.size, conf_level)
    return pd.DataFrame(
        {
            **lead,
            "estimate": estimates,
            "std_error": errors,
            "statistic": test.statistic,
            "df": df,
            "p_value": test.p_value,
            "conf_low": test.conf_low,
            "conf_high": test.conf_high,
            "boot_low": low,
            "boot_high": high,
        }
    )


def _coefficients(
    job: _Job, inference: LinearInference, draws: FloatArray | None, conf_level: float
) -> pd.DataFrame:
    lead = {"term": ["(Intercept)", *job.terms]}
    return _tested(lead, np.eye(len(job.terms) + 1), inference, draws, conf_level)


def _parameters(
    inference: LinearInference, draws: FloatArray | None, conf_level: float
) -> pd.DataFrame:
    lead = {"term": list(_PARAMETERS), "label": list(_PARAMETERS.values())}
    contrasts = np.zeros((len(SURFACE_CONTRASTS), inference.coefficients.size))
    contrasts[:, 1:6] = SURFACE_CONTRASTS
    of_draws = None if draws is None else surface_parameters(draws[:, 1:6])
    return _tested(lead, contrasts, inference, of_draws, conf_level)


def _stationary_point(
    job: _Job, estimates: FloatArray, draws: FloatArray | None, conf_level: float
) -> pd.DataFrame:
    of_draws = None if draws is None else stationary_points(draws[:, 1:6]) + job.centre
    low, high = _limits(of_draws, 2, conf_level)
    return pd.DataFrame(
        {
            "term": ["perception", "expectation"],
            "estimate": stationary_points(estimates[1:6]) + job.centre,
            "conf_low": low,
            "conf_high": high,
        }
    )


def _principal_axes(
    estimates: FloatArray, draws: FloatArray | None, conf_level: float
) -> pd.DataFrame:
    low, high = _limits(None if draws is None else principal_axes(draws[:, 1:6]), 4, conf_level)
    return pd.DataFrame(
        {
            "term": ["p10", "p11", "p20", "p21"],
            "estimate": principal_axes(estimates[1:6]),
            "conf_low": low,
            "conf_high": high,
        }
    )


def _discrepancy(survey: Survey, job: _Job) -> pd.DataFrame:
    mean, spread = job.moments.mean[:2], job.moments.standard_deviation()[:2]
    standard = (job.rows[:, :2] - mean) / spread
    apart = standard[:, 0] - standard[:, 1]
    groups = {
        "perception higher": apart > _DISCREPANT,
        "in agreement": np.abs(apart) <= _DISCREPANT,
        "expectation higher": apart < -_DISCREPANT,
    }
    weights = np.ones(len(apart)) if survey.weights is None else survey.weights[job.keep]
    counted = weights if survey.weight_kind == "frequency" else np.ones(len(apart))
    return pd.DataFrame(
        {
            "group": list(groups),
            "n": [int(counted[rows].sum()) for rows in groups.values()],
            "share": [float(weights[rows].sum() / weights.sum()) for rows in groups.values()],
        }
    )


def _models(job: _Job) -> pd.DataFrame:
    """Fit each simpler model on the same respondents, and test it against the quadratic."""
    n_obs, n_terms = job.moments.n_obs, len(job.terms)
    has_likelihood = job.moments.weight_kind != "sampling"
    rows = []
    for name, columns in _MODELS.items():
        fit = _fit_model(job, columns)
        rows.append(
            {
                "model": name,
                "n_coefficients": len(columns),
                "r_squared": fit.r_squared,
                "adj_r_squared": fit.adj_r_squared,
                "aic": fit.aic if has_likelihood and 1.0 - fit.r_squared > _PERFECT else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    full = float(table["r_squared"].iloc[-1])
    df_numerator = 5.0 - table["n_coefficients"].to_numpy(dtype=np.float64)
    df_denominator = float(n_obs - n_terms - 1)
    nested = (df_numerator > 0) & has_likelihood & (1.0 - full > _PERFECT)
    lost = np.maximum(full - table["r_squared"].to_numpy(dtype=np.float64), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(nested, lost / df_numerator / (1.0 - full) * df_denominator, np.nan)
    table["delta_aic"] = table["aic"] - table["aic"].min()
    table["aic_weight"] = np.exp(-0.5 * table["delta_aic"])
    table["aic_weight"] /= table["aic_weight"].sum() if has_likelihood else np.nan
    table["f_statistic"] = statistic
    table["df_numerator"] = np.where(nested, df_numerator, np.nan)
    table["df_denominator"] = np.where(nested, df_denominator, np.nan)
    table["p_value"] = fdtrc(np.maximum(df_numerator, 1.0), df_denominator, statistic)
    return table


def _fit_model(job: _Job, columns: FloatArray) -> Any:
    """Fit on combinations of the five terms, and the covariates as they are."""
    n_terms = len(job.terms)
    matrix = np.zeros((len(columns) + n_terms - 5 + 1, n_terms + 1))
    matrix[: len(columns), :5] = columns
    matrix[len(columns) :, 5:] = np.eye(n_terms - 4)
    size = len(matrix) - 1
    return least_squares_from_moments(
        matrix @ job.moments.mean,
        matrix @ job.moments.covariance() @ matrix.T,
        job.moments.n_obs,
        outcome=size,
        predictors=range(size),
        conf_level=0.95,
    )


def _hull(job: _Job) -> pd.DataFrame:
    """Corners of the smallest convex area that holds all respondents."""
    from scipy.spatial import ConvexHull

    points = np.unique(job.rows[:, :2] + job.centre, axis=0)
    corners = points[ConvexHull(points).vertices]
    return pd.DataFrame({"perception": corners[:, 0], "expectation": corners[:, 1]})


def _surface_type(coefficients: FloatArray) -> str:
    high, low = curvatures(coefficients)
    size = max(abs(high), abs(low))
    if min(abs(high), abs(low)) <= 1e-10 * max(size, 1e-300):
        return "undetermined"
    return "saddle" if high > 0 > low else ("peak" if high < 0 else "trough")
