"""How do gaps or perceptions go with an outcome? Regression with honest standard errors."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from servqual import rules
from servqual.analyses.linear_fit import (
    check_covariance,
    choose_covariance,
    fit_linear,
    leverage_notes,
)
from servqual.analyses.predictors import ModelVariables, model_moments, model_variables
from servqual.analyses.resampling import FEW_CLUSTERS, cluster_codes, complete_respondents
from servqual.errors import (
    EstimationError,
    NotIdentifiedError,
    RowsRequiredError,
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
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    not_in_json,
)
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import (
    BoolArray,
    Covariance,
    FloatArray,
    IntArray,
    On,
    PredictorLevel,
    WeightKind,
    check_conf_level,
)

#: With more respondents than this, rows are no longer repeated for their frequency weights.
_MOST_REPEATED = 5_000_000

#: Smallest eigenvalue of a correlation matrix, and share of variance, that counts as positive.
_SINGULAR = 1e-12

_PERFECT = (
    "The predictors reproduce the outcome without any error, so standard errors, tests and the "
    "likelihood do not exist. Look whether the outcome was computed from them."
)


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


def regression(
    data: Survey | Moments,
    *,
    outcome: str,
    on: On = "gap",
    predictors: PredictorLevel | Sequence[str] = "dimensions",
    covariance: Covariance | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
) -> RegressionResult:
    """Linear regression of an outcome on scores.

    Parameters
    ----------
    data : Survey or Moments
        With moments, standard errors are the classical ones, for robust ones need respondents'
        answers.
    outcome : str
        An outcome of the survey or one of its columns; a variable of the moments.
    on : str, default "gap"
        Side or difference whose scores are the predictors; not used with moments.
    predictors : {"dimensions", "items", "overall"} or sequence of str, default "dimensions"
        Level of the scores, or names. With moments, default: all other variables.
    covariance : {"nonrobust", "HC0", "HC1", "HC2", "HC3", "CR1"}, optional
        How standard errors are computed. Default: ``"HC3"``, which does not assume equal error
        variance; ``"CR1"`` with `cluster`; ``"nonrobust"`` from moments.
    cluster : str, optional
        Grouping variable of the survey within which respondents may be alike, such as the branch.
    conf_level : float, default 0.95
        Coverage of the intervals.

    Returns
    -------
    RegressionResult

    Raises
    ------
    OptionError
        If a variable or an option does not exist.
    RowsRequiredError
        If robust standard errors are asked of moments.
    EstimationError
        If too few respondents remain, a variable is constant, or frequency weights stand for more
        than five million respondents (their moments have no such limit).
    NotIdentifiedError
        If predictors repeat each other; the message names them.
    NotPositiveDefiniteError
        If no data can have the covariance matrix of the moments.

    Warns
    -----
    SmallSampleWarning
        If there are fewer than 20 clusters.
    WeightsWarning
        If classical standard errors are asked for with sampling weights.

    Notes
    -----
    Respondents with a missing score are left out (listwise). Statistics follow the t distribution
    with n − k degrees of freedom, or with the number of clusters − 1; the F statistic is the Wald
    test with the same covariance matrix. AIC and BIC count the error variance as a parameter, as R
    does.

    References
    ----------
    Long, J. S., & Ervin, L. H. (2000). Using heteroscedasticity consistent standard errors in the
    linear regression model. *The American Statistician*, 54(3), 217–224.
    https://doi.org/10.1080/00031305.2000.10474549

    Examples
    --------
    >>> import servqual as sq
    >>> fit = sq.regression(sq.load_example("bank"), outcome="satisfaction")
    >>> fit.tidy()["term"].tolist()
    ['(Intercept)', 'tangibles', 'reliability', 'responsiveness', 'assurance', 'empathy']
    """
    check_conf_level(conf_level)
    variables = model_variables(
        data, outcome=outcome, on=on, predictors=predictors, analysis="regression"
    )
    kind = _choose_covariance(data, covariance, cluster)
    moments = _checked_moments(data, variables)
    fit = _fit_moments(moments, conf_level)
    if isinstance(data, Moments):
        return _from_moments(moments, fit, variables, conf_level)
    return _from_rows(data, moments, fit, variables, kind, cluster, on, conf_level)


def _choose_covariance(
    data: Survey | Moments, covariance: Covariance | None, cluster: str | None
) -> Covariance:
    check_covariance(covariance, cluster)
    if isinstance(data, Moments):
        if covariance not in (None, "nonrobust") or cluster is not None:
            asked = f'`covariance="{covariance}"`' if cluster is None else "`cluster`"
            raise RowsRequiredError(
                f"{asked} needs respondents' answers, but `regression` was given moments only. "
                "Give the `Survey`, or "
                'use `covariance="nonrobust"`.'
            )
        return "nonrobust"
    return choose_covariance(data, covariance, cluster)


def _checked_moments(data: Survey | Moments, variables: ModelVariables) -> Moments:
    moments = model_moments(data, variables, "regression")
    size = len(variables.variables)
    repeating = collinear_columns(moments.covariance()[:size, :size])
    if repeating.size:
        names = [variables.terms[place] for place in repeating]
        raise NotIdentifiedError(
            "These predictors repeat each other exactly, so their effects cannot be told apart: "
            f"{shorten(names)}. Leave one of them out."
        )
    return moments


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


def _from_moments(
    moments: Moments, fit: LeastSquares, variables: ModelVariables, conf_level: float
) -> RegressionResult:
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


def _from_rows(
    survey: Survey,
    moments: Moments,
    fit: LeastSquares,
    variables: ModelVariables,
    kind: Covariance,
    cluster: str | None,
    on: On,
    conf_level: float,
) -> RegressionResult:
    rows, codes = _complete_rows(survey, variables, cluster)
    _check_repeatable(survey, rows, variables)
    model = fit_linear(
        rows.values[rows.keep],
        variables.terms,
        variables.outcome,
        covariance=kind,
        weights=None if survey.weights is None else survey.weights[rows.keep],
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
    table = _coefficient_table(variables, fit, coefficients, errors, df, conf_level)
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
            rows.n_obs, survey.n_respondents - rows.n_obs, "listwise", survey.weight_kind
        ),
        outcome=variables.outcome,
        on=on,
        covariance=kind,
        cluster=cluster or "",
        conf_level=conf_level,
        coefficients=table,
        fit=summary,
        notes=tuple(notes),
        model=model,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    values: FloatArray
    keep: BoolArray
    n_obs: int


def _complete_rows(
    survey: Survey, variables: ModelVariables, cluster: str | None
) -> tuple[_Rows, IntArray | None]:
    values = survey.rows(variables.names)
    keep = complete_respondents(survey, values)
    n_obs = int(keep.sum())
    if survey.weight_kind == "frequency" and survey.weights is not None:
        n_obs = int(survey.weights[keep].sum())
    if cluster is None:
        return _Rows(values, keep, n_obs), None
    return _Rows(values, keep, n_obs), cluster_codes(survey, cluster, keep)


def _check_repeatable(survey: Survey, rows: _Rows, variables: ModelVariables) -> None:
    """Refuse to repeat rows for frequency weights until they no longer fit into memory."""
    if survey.weight_kind != "frequency" or rows.n_obs <= max(_MOST_REPEATED, int(rows.keep.sum())):
        return
    raise EstimationError(
        f"The frequency weights stand for {rows.n_obs:,} respondents, and robust standard errors "
        f"need a row for each; {_MOST_REPEATED:,} are the most. Use classical standard errors, "
        "which need no rows: `sq.regression(survey.moments([…]), "
        f'outcome="{variables.outcome}", covariance="nonrobust")` with '
        f"{shorten(variables.names)} as variables. If the weights are no counts, declare them as "
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
    variables: ModelVariables,
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
