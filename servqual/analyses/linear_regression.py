"""Linear regression by least squares, from moments or from respondents."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from servqual.analyses.linear_fit import (
    choose_covariance,
    fit_linear,
    leverage_notes,
    warn_of_clusters,
    without_errors,
)
from servqual.analyses.predictors import ModelVariables
from servqual.analyses.regression_design import RegressionDesign
from servqual.analyses.regression_result import RegressionResult, fit_row
from servqual.analyses.resampling import cluster_codes
from servqual.analyses.simple_slopes import interaction_tests, johnson_neyman, simple_slopes
from servqual.errors import EstimationError, NotIdentifiedError, WeightsWarning, shorten
from servqual.numerics.cluster_robust import BiasReduced
from servqual.numerics.least_squares import (
    LeastSquares,
    collinear_columns,
    least_squares_from_moments,
)
from servqual.numerics.linear_hypotheses import FixedDegrees, JointTest, LinearInference
from servqual.numerics.location import mean_test
from servqual.results import SampleInfo
from servqual.samplestats.moments import Moments, require_moments
from servqual.typing import Covariance, FloatArray, IntArray, On, WeightKind

__all__ = [
    "check_independent",
    "coefficient_table",
    "design_moments",
    "excluded_note",
    "least_squares_of_moments",
    "least_squares_of_rows",
]

#: With more respondents than this, rows are no longer repeated for their frequency weights.
_MOST_REPEATED = 5_000_000

#: Share of variance left unexplained below which a fit has no error.
_SINGULAR = 1e-12

_PERFECT = (
    "The predictors reproduce the outcome without any error, so standard errors, tests and the "
    "likelihood do not exist. Look whether the outcome was computed from them."
)


def least_squares_of_moments(
    moments: Moments, variables: ModelVariables, conf_level: float
) -> RegressionResult:
    """Fit to means and covariances, with classical standard errors.

    Parameters
    ----------
    moments : Moments
        Of `variables.names`.
    variables : ModelVariables
        Outcome and predictors.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    RegressionResult
    """
    check_independent(moments, variables.terms)
    fit = _fit_moments(moments)
    notes: list[str] = []
    covariance = fit.covariance_of_coefficients
    if _is_perfect(fit):
        covariance = np.full_like(covariance, np.nan)
        notes.append(_PERFECT)
    inference = FixedDegrees(fit.coefficients, covariance, fit.df_residual)
    test = inference.joint_test(np.eye(len(fit.coefficients))[1:])
    table = coefficient_table(variables.terms, variables.labels, inference, moments, conf_level)
    if not moments.mean_known:
        numbers = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]
        table.loc[0, numbers] = np.nan
        notes.append("The moments hold no means, so the intercept is not known.")
    if moments.weight_kind == "sampling":
        warnings.warn(
            "Classical standard errors do not know of sampling weights and are too small as a "
            "rule. Give the `Survey` for robust ones.",
            WeightsWarning,
            stacklevel=3,
        )
    return RegressionResult(
        sample=SampleInfo(moments.n_obs, moments.n_excluded, "listwise", moments.weight_kind),
        outcome=variables.outcome,
        on="",
        covariance="nonrobust",
        cluster="",
        conf_level=conf_level,
        coefficients=table,
        fit=_summary(fit, test, np.nan, moments.weight_kind, notes),
        notes=tuple(notes),
    )


def least_squares_of_rows(
    design: RegressionDesign,
    *,
    covariance: Covariance | None,
    cluster: str | None,
    on: On,
    conf_level: float,
) -> RegressionResult:
    """Fit to respondents, with standard errors of any kind.

    Parameters
    ----------
    design : RegressionDesign
        Outcome, predictors, moderators and covariates.
    covariance : str or None
        Kind of standard errors; None for the default.
    cluster : str or None
        Grouping variable within which respondents may be alike.
    on : str
        Of which scores the predictors are.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    RegressionResult
    """
    survey = design.survey
    moments = design_moments(design)
    fit = _fit_moments(moments)
    codes = None if cluster is None else cluster_codes(survey, cluster, design.keep)
    kind = choose_covariance(survey, covariance, cluster, codes)
    _check_repeatable(design)
    rows = fit_linear(
        design.complete,
        design.terms,
        design.outcome,
        covariance=kind,
        weights=design.weights,
        weight_kind=survey.weight_kind,
        clusters=codes,
        row_numbers=np.flatnonzero(design.keep),
    )
    undefined = [_PERFECT] if _is_perfect(fit) else leverage_notes(rows.model, kind)
    inference = without_errors(rows) if undefined else rows.inference
    if not undefined:
        warn_of_clusters(rows, kind, cluster, stacklevel=3)
    test = inference.joint_test(np.eye(len(design.terms) + 1)[1:])
    interactions = interaction_tests(design, inference, _gained(design, moments, fit))
    notes = [*_notes(design, moments, kind), *undefined]
    if not undefined:
        notes += _inference_notes(inference, test, interactions)
    numeric = any(moderator.is_numeric for moderator in design.moderators)
    if numeric and isinstance(inference, BiasReduced):
        notes.append(
            "Johnson–Neyman bounds need one number of degrees of freedom, which CR2 does not have."
        )
    return RegressionResult(
        sample=SampleInfo(
            design.n_obs, survey.n_respondents - design.n_obs, "listwise", survey.weight_kind
        ),
        outcome=design.outcome,
        on=on,
        covariance=kind,
        cluster=cluster or "",
        conf_level=conf_level,
        coefficients=coefficient_table(design.terms, design.labels, inference, moments, conf_level),
        fit=_summary(fit, test, rows.n_clusters, survey.weight_kind, notes),
        notes=tuple(notes),
        interactions=interactions,
        simple_slopes=simple_slopes(design, inference, conf_level),
        johnson_neyman=johnson_neyman(design, inference, conf_level),
        bases=design.bases,
        model=rows.model,
    )


def design_moments(design: RegressionDesign) -> Moments:
    """Moments of a design, checked for what no regression can be made of.

    Parameters
    ----------
    design : RegressionDesign
        Outcome and predictors.

    Returns
    -------
    Moments

    Raises
    ------
    EstimationError
        If too few respondents remain, or a column is constant.
    NotIdentifiedError
        If columns repeat each other.
    """
    moments = require_moments(
        design, design.names, minimum=len(design.terms) + 2, what="regression"
    )
    check_independent(moments, design.terms)
    return moments


def check_independent(moments: Moments, terms: Sequence[str]) -> None:
    """Refuse predictors that repeat each other.

    Parameters
    ----------
    moments : Moments
        Of the predictors, and the outcome at the end.
    terms : sequence of str
        How the predictors are called.

    Raises
    ------
    NotIdentifiedError
        With the names of all that take part.
    """
    size = len(terms)
    repeating = collinear_columns(moments.covariance()[:size, :size])
    if repeating.size:
        names = [terms[place] for place in repeating]
        raise NotIdentifiedError(
            "These predictors repeat each other exactly, so their effects cannot be told apart: "
            f"{shorten(names)}. Leave one of them out."
        )


def coefficient_table(
    terms: Sequence[str],
    labels: Sequence[str],
    inference: LinearInference,
    moments: Moments,
    conf_level: float,
) -> pd.DataFrame:
    """Make the table of coefficients.

    Parameters
    ----------
    terms, labels : sequence of str
        Names, without the intercept.
    inference : LinearInference
        Coefficients, the intercept first.
    moments : Moments
        Of the predictors, the outcome last.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        As `RegressionResult.coefficients`.
    """
    size = len(terms)
    df = inference.degrees_of_freedom(np.eye(size + 1))
    errors = np.sqrt(np.diag(inference.covariance))
    test = mean_test(inference.coefficients, errors, df, conf_level=conf_level)
    spread = np.sqrt(np.diag(moments.covariance()))
    return pd.DataFrame(
        {
            "term": ["(Intercept)", *terms],
            "label": ["Intercept", *labels],
            "estimate": inference.coefficients,
            "std_error": errors,
            "statistic": test.statistic,
            "df": df,
            "p_value": test.p_value,
            "conf_low": test.conf_low,
            "conf_high": test.conf_high,
            "beta": [np.nan, *(inference.coefficients[1:] * spread[:-1] / spread[-1])],
            "vif": _fit_moments(moments).vif,
            # Only logits have odds.
            "odds_ratio": np.nan,
            "odds_ratio_low": np.nan,
            "odds_ratio_high": np.nan,
        }
    )


def _fit_moments(moments: Moments, columns: IntArray | None = None) -> LeastSquares:
    """Regress the last variable on the others, or on some of them."""
    size = len(moments.variables) - 1
    mean = moments.mean if moments.mean_known else np.zeros(size + 1)
    return least_squares_from_moments(
        mean,
        moments.covariance(),
        moments.n_obs,
        outcome=size,
        predictors=range(size) if columns is None else columns,
        conf_level=0.95,
    )


def _gained(design: RegressionDesign, moments: Moments, fit: LeastSquares) -> FloatArray:
    """What the products with each moderator add to R²."""
    every = np.arange(len(design.terms))
    return np.array(
        [
            fit.r_squared - _fit_moments(moments, np.setdiff1d(every, moderator.products)).r_squared
            for moderator in design.moderators
        ]
    )


def _check_repeatable(design: RegressionDesign) -> None:
    """Refuse to repeat rows for frequency weights until they no longer fit into memory."""
    most = max(_MOST_REPEATED, int(design.keep.sum()))
    if design.survey.weight_kind != "frequency" or design.n_obs <= most:
        return
    instead = (
        "Leave `by`, `covariates` and `cluster` out and use moments, which need no rows"
        if design.bases or design.moderators
        else "Use classical standard errors from moments, which need no rows"
    )
    names = [*design.names[: design.n_predictors], design.outcome]
    if not (design.bases or design.moderators):
        names = list(design.names)
    raise EstimationError(
        f"The frequency weights stand for {design.n_obs:,} respondents, and standard errors from "
        f"respondents need a row for each; {_MOST_REPEATED:,} are the most. {instead}: "
        f'`sq.regression(survey.moments([…]), outcome="{design.outcome}")` with '
        f"{shorten(names)} as variables. If the weights are no counts, declare them as "
        "`sq.SamplingWeights`."
    )


def _is_perfect(fit: LeastSquares) -> bool:
    return 1.0 - fit.r_squared < _SINGULAR


def _inference_notes(
    inference: LinearInference, test: JointTest, interactions: pd.DataFrame
) -> list[str]:
    """Say which tests do not exist, and why."""
    notes = []
    why = "the robust covariance matrix has fewer dimensions than there are predictors."
    if isinstance(inference, BiasReduced):
        why = "the clusters are too few for as many predictors."
    if isinstance(inference, BiasReduced) and inference.n_fitted_exactly:
        count = inference.n_fitted_exactly
        notes.append(
            f"{'1 cluster is' if count == 1 else f'{count} clusters are'} fitted exactly in some "
            "direction, because a coefficient depends on that cluster alone; about error in that "
            "direction there is nothing to learn."
        )
    size = inference.coefficients.size
    n_unknown = int(np.isnan(inference.degrees_of_freedom(np.eye(size))).sum())
    if n_unknown:
        notes.append(
            f"{'1 coefficient has' if n_unknown == 1 else f'{n_unknown} coefficients have'} no "
            "degrees of freedom with CR2, and so neither test nor interval: hardly anything but "
            "one cluster or one heavy weight determines them."
        )
    if not np.isfinite(test.statistic):
        notes.append(f"The joint F test does not exist: {why}")
    untested = interactions.loc[interactions["f_statistic"].isna(), "moderator"]
    if len(untested):
        notes.append(f"The joint test of products with {shorten(untested)} does not exist: {why}")
    return notes


def _summary(
    fit: LeastSquares,
    test: JointTest,
    n_clusters: float,
    weights: WeightKind,
    notes: list[str],
) -> pd.DataFrame:
    loglik, aic, bic = fit.loglik, fit.aic, fit.bic
    if _is_perfect(fit):
        loglik = aic = bic = np.nan
    if weights == "sampling":
        loglik = aic = bic = np.nan
        notes.append(
            "With sampling weights there is no likelihood, so AIC, BIC and log-likelihood are nan."
        )
    return fit_row(
        r_squared=fit.r_squared,
        adj_r_squared=fit.adj_r_squared,
        sigma=fit.sigma,
        f_statistic=test.statistic,
        df_model=len(fit.coefficients) - 1,
        df_residual=test.df_denominator,
        p_value=test.p_value,
        aic=aic,
        bic=bic,
        loglik=loglik,
        n_clusters=n_clusters,
    )


def _notes(design: RegressionDesign, moments: Moments, kind: Covariance) -> list[str]:
    notes = [*excluded_note(moments), *design.notes]
    outcome = design.complete[:, -1]
    if len(np.unique(outcome)) == 2:
        notes.append(
            "The outcome takes two values only, so coefficients are differences of shares and "
            'predictions may leave their range; `family="logit"` is made for it.'
        )
    if design.survey.weight_kind == "sampling" and kind == "nonrobust":
        warnings.warn(
            "Classical standard errors do not know of sampling weights and are too small as a "
            'rule. Use `covariance="HC3"`.',
            WeightsWarning,
            stacklevel=4,
        )
    return notes


def excluded_note(moments: Moments) -> list[str]:
    """Say how many respondents were left out, if any.

    Parameters
    ----------
    moments : Moments
        Of the respondents that remain.

    Returns
    -------
    list of str
    """
    if not moments.n_excluded:
        return []
    who = "1 respondent was"
    if moments.n_excluded > 1:
        who = f"{moments.n_excluded:,} respondents were"
    return [f"{who} left out because a variable of the regression is missing."]
