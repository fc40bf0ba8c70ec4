"""Linear regression by least squares, from moments or from respondents."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from servqual.analyses.linear_fit import fit_linear, leverage_notes
from servqual.analyses.predictors import ModelVariables
from servqual.analyses.regression_design import RegressionDesign
from servqual.analyses.regression_result import RegressionResult
from servqual.analyses.resampling import FEW_CLUSTERS, cluster_codes
from servqual.errors import (
    EstimationError,
    NotIdentifiedError,
    SmallSampleWarning,
    WeightsWarning,
    shorten,
)
from servqual.numerics.least_squares import (
    LeastSquares,
    collinear_columns,
    least_squares_from_moments,
)
from servqual.numerics.location import mean_test
from servqual.results import SampleInfo
from servqual.samplestats.moments import Moments, require_moments
from servqual.survey.survey import Survey
from servqual.typing import Covariance, FloatArray, On, WeightKind

#: With more respondents than this, rows are no longer repeated for their frequency weights.
_MOST_REPEATED = 5_000_000

#: Smallest eigenvalue of a correlation matrix, and share of variance, that counts as positive.
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
    _check_independent(moments, variables.terms)
    fit = _fit_moments(moments, conf_level)
    notes: list[str] = []
    errors, f_test = fit.std_errors, (fit.f_statistic, fit.f_p_value)
    if _is_perfect(fit):
        errors, f_test = np.full_like(errors, np.nan), (np.nan, np.nan)
        notes.append(_PERFECT)
    keep = np.ones(len(fit.coefficients))
    if not moments.mean_known:
        keep[0] = np.nan
        notes.append("The moments hold no means, so the intercept is not known.")
    if moments.weight_kind == "sampling":
        warnings.warn(
            "Classical standard errors do not know of sampling weights and are too small as a "
            "rule. Give the `Survey` for robust ones.",
            WeightsWarning,
            stacklevel=3,
        )
    table = _coefficient_table(
        variables,
        fit,
        fit.coefficients * keep,
        errors * keep,
        fit.df_residual,
        conf_level,
    )
    summary = _summary(fit, f_test, fit.df_residual, np.nan, moments.weight_kind, notes)
    return RegressionResult(
        sample=SampleInfo(moments.n_obs, moments.n_excluded, "listwise", moments.weight_kind),
        outcome=variables.outcome,
        on="",
        covariance="nonrobust",
        cluster="",
        conf_level=conf_level,
        coefficients=table,
        fit=summary,
        notes=tuple(notes),
    )


def least_squares_of_rows(
    design: RegressionDesign,
    *,
    covariance: Covariance,
    cluster: str | None,
    on: On,
    conf_level: float,
) -> RegressionResult:
    """Fit to respondents, with standard errors of any kind.

    Parameters
    ----------
    design : RegressionDesign
        Outcome and predictors.
    covariance : str
        Kind of standard errors.
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
    survey, kind = design.survey, covariance
    moments = require_moments(
        design, design.names, minimum=len(design.terms) + 2, what="regression"
    )
    _check_independent(moments, design.terms)
    fit = _fit_moments(moments, conf_level)
    codes = None if cluster is None else cluster_codes(survey, cluster, design.keep)
    _check_repeatable(design)
    model = fit_linear(
        design.complete,
        design.terms,
        design.outcome,
        covariance=kind,
        weights=design.weights,
        weight_kind=survey.weight_kind,
        clusters=codes,
    )
    of_coefficients = np.asarray(model.cov_params(), dtype=np.float64)
    undefined = _why_undefined(fit, model, kind)
    if undefined:
        of_coefficients = np.full_like(of_coefficients, np.nan)
    errors = np.sqrt(np.diag(of_coefficients))
    n_clusters = np.nan if codes is None else float(len(np.unique(codes)))
    df = fit.df_residual if codes is None else n_clusters - 1.0
    notes = _notes(survey, moments, kind, n_clusters, cluster)
    coefficients = np.asarray(model.params, dtype=np.float64)
    table = _coefficient_table(design, fit, coefficients, errors, df, conf_level)
    f_test = _wald(coefficients, of_coefficients, df)
    notes += undefined
    if not undefined and not np.isfinite(f_test[0]):
        notes.append(
            "The joint F test does not exist: the robust covariance matrix has fewer dimensions "
            "than there are predictors."
        )
    summary = _summary(fit, f_test, df, n_clusters, survey.weight_kind, notes)
    return RegressionResult(
        sample=SampleInfo(
            design.n_obs, survey.n_respondents - design.n_obs, "listwise", survey.weight_kind
        ),
        outcome=design.outcome,
        on=on,
        covariance=kind,
        cluster=cluster or "",
        conf_level=conf_level,
        coefficients=table,
        fit=summary,
        notes=tuple(notes),
        model=model,
    )


def _check_independent(moments: Moments, terms: Sequence[str]) -> None:
    size = len(terms)
    repeating = collinear_columns(moments.covariance()[:size, :size])
    if repeating.size:
        names = [terms[place] for place in repeating]
        raise NotIdentifiedError(
            "These predictors repeat each other exactly, so their effects cannot be told apart: "
            f"{shorten(names)}. Leave one of them out."
        )


def _fit_moments(moments: Moments, conf_level: float) -> LeastSquares:
    size = len(moments.variables) - 1
    mean = moments.mean if moments.mean_known else np.zeros(size + 1)
    return least_squares_from_moments(
        mean,
        moments.covariance(),
        moments.n_obs,
        outcome=size,
        predictors=range(size),
        conf_level=conf_level,
    )


def _check_repeatable(design: RegressionDesign) -> None:
    """Refuse to repeat rows for frequency weights until they no longer fit into memory."""
    most = max(_MOST_REPEATED, int(design.keep.sum()))
    if design.survey.weight_kind != "frequency" or design.n_obs <= most:
        return
    raise EstimationError(
        f"The frequency weights stand for {design.n_obs:,} respondents, and robust standard errors "
        f"need a row for each; {_MOST_REPEATED:,} are the most. Use classical standard errors, "
        "which need no rows: `sq.regression(survey.moments([…]), "
        f'outcome="{design.outcome}", covariance="nonrobust")` with '
        f"{shorten(design.names)} as variables. If the weights are no counts, declare them as "
        "`sq.SamplingWeights`."
    )


def _why_undefined(fit: LeastSquares, model: Any, kind: Covariance) -> list[str]:
    """Reasons for which the standard errors would be nothing but rounding errors."""
    if _is_perfect(fit):
        return [_PERFECT]
    return leverage_notes(model, kind)


def _is_perfect(fit: LeastSquares) -> bool:
    return 1.0 - fit.r_squared < _SINGULAR


def _wald(coefficients: FloatArray, covariance: FloatArray, df: float) -> tuple[float, float]:
    """F test that all slopes are zero, with the covariance matrix at hand."""
    slopes, of_slopes = coefficients[1:], covariance[1:, 1:]
    if df < len(slopes) or not _is_definite(of_slopes):
        return float("nan"), float("nan")
    statistic = float(slopes @ np.linalg.solve(of_slopes, slopes)) / len(slopes)
    return statistic, float(fdtrc(len(slopes), df, statistic))


def _is_definite(covariance: FloatArray) -> bool:
    """Whether a covariance matrix has full rank, on the scale of correlations."""
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    if not np.isfinite(covariance).all() or not (spread > 0).all():
        return False
    correlation = covariance / np.outer(spread, spread)
    return bool(np.linalg.eigvalsh(correlation)[0] > _SINGULAR)


def _coefficient_table(
    variables: ModelVariables | RegressionDesign,
    fit: LeastSquares,
    coefficients: FloatArray,
    errors: FloatArray,
    df: float,
    conf_level: float,
) -> pd.DataFrame:
    test = mean_test(coefficients, errors, df, conf_level=conf_level)
    return pd.DataFrame(
        {
            "term": ["(Intercept)", *variables.terms],
            "label": ["Intercept", *variables.labels],
            "estimate": coefficients,
            "std_error": errors,
            "statistic": test.statistic,
            "df": float(df),
            "p_value": test.p_value,
            "conf_low": test.conf_low,
            "conf_high": test.conf_high,
            "beta": fit.beta,
            "vif": fit.vif,
        }
    )


def _summary(
    fit: LeastSquares,
    f_test: tuple[float, float],
    df: float,
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
    return pd.DataFrame(
        {
            "r_squared": [fit.r_squared],
            "adj_r_squared": [fit.adj_r_squared],
            "sigma": [fit.sigma],
            "f_statistic": [f_test[0]],
            "df_model": [float(len(fit.coefficients) - 1)],
            "df_residual": [float(df)],
            "p_value": [f_test[1]],
            "aic": [aic],
            "bic": [bic],
            "loglik": [loglik],
            "n_clusters": [n_clusters],
        }
    )


def _notes(
    survey: Survey, moments: Moments, kind: Covariance, n_clusters: float, cluster: str | None
) -> list[str]:
    notes = []
    if moments.n_excluded:
        who = "1 respondent was"
        if moments.n_excluded > 1:
            who = f"{moments.n_excluded:,} respondents were"
        notes.append(f"{who} left out because a score or the outcome is missing.")
    if n_clusters < FEW_CLUSTERS:
        warnings.warn(
            f'There are {n_clusters:.0f} clusters of "{cluster}". Cluster-robust standard errors '
            f"need many clusters; with fewer than {FEW_CLUSTERS} they are too small as a rule.",
            SmallSampleWarning,
            stacklevel=4,
        )
    if survey.weight_kind == "sampling" and kind == "nonrobust":
        warnings.warn(
            "Classical standard errors do not know of sampling weights and are too small as a "
            "rule. Use "
            '`covariance="HC3"`.',
            WeightsWarning,
            stacklevel=4,
        )
    return notes
