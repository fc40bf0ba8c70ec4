"""Regression of an outcome of a few values: ordered logit, ordered probit, binary logit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr, ndtri

from servqual.analyses.linear_fit import check_covariance, choose_covariance
from servqual.analyses.predictors import ModelVariables
from servqual.analyses.resampling import FEW_CLUSTERS, cluster_codes, complete_respondents
from servqual.errors import (
    ConvergenceError,
    EstimationError,
    NotIdentifiedError,
    OptionError,
    SmallSampleWarning,
    shorten,
)
from servqual.numerics.cumulative_likelihood import Link
from servqual.numerics.marginal_effects import average_effects
from servqual.numerics.ordered_response import (
    OrderedResponse,
    fit_ordered_response,
    sandwich_covariance,
    separating_predictors,
)
from servqual.numerics.parallel_lines import BrantTest, brant_test, nominal_test
from servqual.results import SampleInfo
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import ChoiceFamily, Covariance, FloatArray, IntArray

__all__ = ["MEAN_ANSWER", "TOP_TWO", "ChoiceFit", "fit_choice_regression"]

#: What marginal effects are on, besides single answers.
MEAN_ANSWER: Final = "mean answer"
TOP_TWO: Final = "top two"

#: Outcomes with more values are means of items, and no categories.
_MOST_LEVELS: Final = 20
#: Answers given by fewer respondents are named in a note.
_FEW_ANSWERS: Final = 5
#: With more respondents than this, rows are not repeated for the statsmodels object.
_MOST_REPEATED: Final = 1_000_000
#: Smallest eigenvalue of a correlation matrix that counts as positive.
_SINGULAR: Final = 1e-12

_LINKS: Final[dict[ChoiceFamily, Link]] = {
    "ordered-logit": "logit",
    "ordered-probit": "probit",
    "logit": "logit",
}
#: Variance of the error behind the answers.
_NOISE: Final[dict[Link, float]] = {"logit": float(np.pi**2 / 3.0), "probit": 1.0}


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceFit:
    """What a regression of ordered or binary answers found, as `RegressionResult` holds it.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with answers to all variables.
    covariance : str
        How the standard errors were computed.
    coefficients, thresholds, fit, marginal_effects, parallel_lines : DataFrame
        As in `RegressionResult`; `fit` without what only a linear regression has.
    notes : tuple of str
        What could not be computed, and why.
    model : statsmodels results or None
        The same fit by statsmodels, where there is one.
    """

    sample: SampleInfo
    covariance: Covariance
    coefficients: pd.DataFrame
    thresholds: pd.DataFrame
    fit: pd.DataFrame
    marginal_effects: pd.DataFrame
    parallel_lines: pd.DataFrame
    notes: tuple[str, ...]
    model: Any


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """Complete respondents: predictors, which of the answers each gave, and how much each counts.

    At most one of `counts` (frequency weights) and `sampling_weights` is there.
    """

    predictors: FloatArray
    levels: IntArray
    answers: FloatArray
    counts: FloatArray | None
    sampling_weights: FloatArray | None
    clusters: IntArray | None

    @property
    def weights(self) -> FloatArray | None:
        return self.sampling_weights if self.counts is None else self.counts

    @property
    def n_obs(self) -> int:
        return len(self.levels) if self.counts is None else int(self.counts.sum())

    @property
    def n_levels(self) -> int:
        return len(self.answers)


def fit_choice_regression(
    survey: Survey,
    variables: ModelVariables,
    moments: Moments,
    *,
    family: ChoiceFamily,
    covariance: Covariance | None,
    cluster: str | None,
    conf_level: float,
) -> ChoiceFit:
    """Fit an ordered or binary regression to a survey, with its tests and marginal effects.

    Parameters
    ----------
    survey : Survey
        Whose respondents.
    variables : ModelVariables
        Outcome and predictors.
    moments : Moments
        Of predictors and outcome over the same respondents, checked for constant and repeating
        predictors.
    family : {"ordered-logit", "ordered-probit", "logit"}
        The model.
    covariance : {"nonrobust", "HC0", "HC1", "CR1"}, optional
        How standard errors are computed. Default: from the information; HC1 with sampling weights,
        CR1 with clusters.
    cluster : str, optional
        Grouping variable within which respondents may be alike.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    ChoiceFit

    Raises
    ------
    OptionError
        If the outcome does not suit the family, or the covariance matrix is none of the family's.
    EstimationError
        If there are no more respondents than parameters.
    NotIdentifiedError
        If predictors tell the answers apart without error.
    ConvergenceError
        If the likelihood has no maximum for another reason.

    Warns
    -----
    SmallSampleWarning
        If there are fewer than 20 clusters.
    """
    kind = _choose_covariance(survey, family, covariance, cluster)
    sample = _collect(survey, variables, cluster)
    _check_outcome(survey, variables.outcome, sample, family)
    link = _LINKS[family]
    fitted = fit_ordered_response(
        sample.levels, sample.predictors, sample.n_levels, link=link, weights=sample.weights
    )
    if not fitted.converged:
        raise _without_maximum(sample, variables)
    of_parameters = _covariance(fitted, sample, kind)
    notes = _notes(survey, sample, variables.outcome, cluster)
    if family == "logit":
        lines = _parallel_table([])
    else:
        lines = _parallel_lines(sample, variables.terms, fitted, link, kind, notes)
    return ChoiceFit(
        sample=SampleInfo(
            sample.n_obs, survey.n_respondents - sample.n_obs, "listwise", survey.weight_kind
        ),
        covariance=kind,
        coefficients=_coefficients(variables, fitted, of_parameters, moments, family, conf_level),
        thresholds=_thresholds(sample, fitted, of_parameters, family, conf_level),
        fit=_fit(sample, fitted, of_parameters, notes),
        marginal_effects=_marginal_effects(
            sample, variables.terms, fitted, of_parameters, link, conf_level
        ),
        parallel_lines=lines,
        notes=tuple(notes),
        model=_statsmodels_logit(sample, variables, fitted, kind) if family == "logit" else None,
    )


# ---- what is asked, and of whom ------------------------------------------------------------------


def _choose_covariance(
    survey: Survey, family: ChoiceFamily, covariance: Covariance | None, cluster: str | None
) -> Covariance:
    check_covariance(covariance, cluster)
    if covariance not in (None, "nonrobust", "HC0", "HC1", "CR1"):
        raise OptionError(
            f'`covariance="{covariance}"` rests on leverages of a linear regression, which '
            f'`family="{family}"` does not have. Use "nonrobust", "HC0" or "HC1", or give '
            "`cluster`."
        )
    if cluster is not None or covariance == "CR1":
        return choose_covariance(survey, covariance, cluster)
    if survey.weight_kind != "sampling":
        return covariance or "nonrobust"
    if covariance == "nonrobust":
        raise OptionError(
            '`covariance="nonrobust"` takes sampling weights for numbers of respondents, so its '
            "standard errors would depend on the unit of the weights. Use "
            '`covariance="HC1"`, which is the default with sampling weights.'
        )
    return covariance or "HC1"


def _collect(survey: Survey, variables: ModelVariables, cluster: str | None) -> _Answers:
    values = survey.rows(variables.names)
    keep = complete_respondents(survey, values)
    complete = values[keep]
    answers, levels = np.unique(complete[:, -1], return_inverse=True)
    weights = None if survey.weights is None else survey.weights[keep].astype(np.float64)
    return _Answers(
        predictors=np.ascontiguousarray(complete[:, :-1]),
        levels=levels.astype(np.int64),
        answers=answers,
        counts=weights if survey.weight_kind == "frequency" else None,
        sampling_weights=weights if survey.weight_kind == "sampling" else None,
        clusters=None if cluster is None else cluster_codes(survey, cluster, keep),
    )


def _check_outcome(survey: Survey, outcome: str, sample: _Answers, family: ChoiceFamily) -> None:
    if family == "logit" and sample.n_levels != 2:
        raise OptionError(
            f'`family="logit"` needs an outcome with exactly two values, but "{outcome}" has '
            f"{sample.n_levels}: {shorten(_texts(sample.answers))}. Use "
            '`family="ordered-logit"`, or add a column of 0 and 1 to the data, such as whether '
            f'"{outcome}" is at least {sample.answers[-2]:g}, and declare it as an outcome.'
        )
    if sample.n_levels > _MOST_LEVELS:
        columns = survey.outcomes.get(outcome, ())
        what, instead = "", "one of its columns"
        if len(columns) > 1:
            what = f" (it is the mean of {shorten(columns)})"
            instead = f'one of its columns, as in `outcome="{columns[0]}"`'
        raise OptionError(
            f'`family="{family}"` needs an outcome of a few ordered answers, but "{outcome}" has '
            f"{sample.n_levels} different values{what}; {_MOST_LEVELS} are the most. Name "
            f"{instead}, or use linear regression, which is the default of `family`."
        )
    n_parameters = sample.predictors.shape[1] + sample.n_levels - 1
    if sample.n_obs <= n_parameters:
        raise EstimationError(
            f'The model of "{outcome}" has {n_parameters} parameters, but only {sample.n_obs} '
            "respondents answered everything. Use fewer predictors, or an outcome with fewer "
            "different answers."
        )


def _texts(answers: FloatArray) -> list[str]:
    """Answers as text: whole numbers without decimals."""
    return [f"{answer:g}" for answer in answers]


def _without_maximum(sample: _Answers, variables: ModelVariables) -> EstimationError:
    places = separating_predictors(sample.levels, sample.predictors, sample.n_levels)
    if not places.size:
        return ConvergenceError(
            f'The likelihood of the model of "{variables.outcome}" did not reach its maximum. Look '
            "for predictors that nearly repeat each other, or use fewer of them."
        )
    names = shorten(variables.terms[place] for place in places)
    who = "This predictor tells" if places.size == 1 else "These predictors tell"
    return NotIdentifiedError(
        f'{who} the answers of "{variables.outcome}" apart without error (separation), so the '
        f"likelihood has no maximum and a coefficient would be infinite: {names}. Leave "
        "it out, use fewer predictors, or an outcome whose answers are less rare."
    )


def _notes(survey: Survey, sample: _Answers, outcome: str, cluster: str | None) -> list[str]:
    notes = []
    n_excluded = survey.n_respondents - sample.n_obs
    if n_excluded:
        who = "1 respondent was"
        if n_excluded > 1:
            who = f"{n_excluded:,} respondents were"
        notes.append(f"{who} left out because a score or the outcome is missing.")
    empty = _empty_answers(sample.answers)
    if empty:
        notes.append(
            f"Nobody answered {shorten(empty)} to {outcome}, so thresholds lie between the answers "
            "that were given."
        )
    respondents = np.bincount(sample.levels, weights=sample.counts, minlength=sample.n_levels)
    rare = [
        f"{text} ({count:.0f})"
        for text, count in zip(_texts(sample.answers), respondents, strict=True)
        if count < _FEW_ANSWERS
    ]
    if rare:
        notes.append(
            f"Fewer than {_FEW_ANSWERS} respondents gave these answers to {outcome}, so what is "
            f"next to them is hardly known: {shorten(rare)}."
        )
    if sample.n_levels > 2:
        notes.append(
            f"The top two are the two highest answers that were given, "
            f"{' and '.join(_texts(sample.answers[-2:]))}."
        )
    if sample.clusters is not None:
        n_clusters = len(np.unique(sample.clusters))
        if n_clusters < FEW_CLUSTERS:
            warnings.warn(
                f'There are {n_clusters} clusters of "{cluster}". Cluster-robust standard errors '
                f"need many clusters; with fewer than {FEW_CLUSTERS} they are too small as a rule.",
                SmallSampleWarning,
                stacklevel=4,
            )
    return notes


def _empty_answers(answers: FloatArray) -> list[str]:
    """Whole numbers between the lowest and the highest answer that nobody gave."""
    if len(answers) < 3 or not np.equal(answers, np.rint(answers)).all():
        return []
    between = np.arange(answers[0], answers[-1])
    return _texts(between[~np.isin(between, answers)])


# ---- numbers -------------------------------------------------------------------------------------


def _covariance(fitted: OrderedResponse, sample: _Answers, kind: Covariance) -> FloatArray:
    if kind == "nonrobust":
        return fitted.covariance
    return sandwich_covariance(
        fitted.covariance,
        fitted.scores,
        counts=sample.counts,
        sampling_weights=sample.sampling_weights,
        clusters=sample.clusters,
        small_sample=kind != "HC0",
    )


def _wald_columns(
    estimate: FloatArray, std_error: FloatArray, conf_level: float
) -> dict[str, FloatArray]:
    """Tests and intervals from the normal distribution; nan where there is no standard error."""
    error = np.where(std_error > 0.0, std_error, np.nan)
    half = float(ndtri(0.5 + 0.5 * conf_level)) * error
    statistic = estimate / error
    return {
        "estimate": estimate,
        "std_error": std_error,
        "statistic": statistic,
        "p_value": 2.0 * ndtr(-np.abs(statistic)),
        "conf_low": estimate - half,
        "conf_high": estimate + half,
    }


def _coefficients(
    variables: ModelVariables,
    fitted: OrderedResponse,
    of_parameters: FloatArray,
    moments: Moments,
    family: ChoiceFamily,
    conf_level: float,
) -> pd.DataFrame:
    n_slopes = len(fitted.coefficients)
    of_predictors = moments.covariance()[:n_slopes, :n_slopes]
    spread = np.sqrt(np.diag(of_predictors))
    explained = float(fitted.coefficients @ of_predictors @ fitted.coefficients)
    beta = fitted.coefficients * spread / np.sqrt(explained + _NOISE[_LINKS[family]])
    vif = np.diag(np.linalg.inv(of_predictors / np.outer(spread, spread)))
    errors = np.sqrt(np.diag(of_parameters))
    terms, labels = list(variables.terms), list(variables.labels)
    estimate, error = fitted.coefficients, errors[:n_slopes]
    if family == "logit":
        terms, labels = ["(Intercept)", *terms], ["Intercept", *labels]
        estimate = np.concatenate([-fitted.thresholds, estimate])
        error = np.concatenate([errors[n_slopes:], error])
        beta, vif = (np.concatenate([[np.nan], values]) for values in (beta, vif))
    test = _wald_columns(estimate, error, conf_level)
    table = pd.DataFrame({"term": terms, "label": labels, **test, "beta": beta, "vif": vif})
    # Where a linear regression has degrees of freedom, a z test has none.
    table.insert(table.columns.get_loc("p_value"), "df", np.nan)  # type: ignore[arg-type]
    has_odds = family != "ordered-probit"
    pairs = {"": "estimate", "_low": "conf_low", "_high": "conf_high"}
    for end, name in pairs.items():
        table[f"odds_ratio{end}"] = np.exp(table[name]) if has_odds else np.nan
    return table


def _thresholds(
    sample: _Answers,
    fitted: OrderedResponse,
    of_parameters: FloatArray,
    family: ChoiceFamily,
    conf_level: float,
) -> pd.DataFrame:
    texts = _texts(sample.answers)
    terms = [f"{low}|{high}" for low, high in pairwise(texts)]
    errors = np.sqrt(np.diag(of_parameters))[len(fitted.coefficients) :]
    table = pd.DataFrame(
        {"term": terms, **_wald_columns(fitted.thresholds, errors, conf_level)}
    ).drop(columns=["statistic", "p_value"])
    # The only threshold of a binary logit is shown as its intercept.
    return table.iloc[:0] if family == "logit" else table


def _fit(
    sample: _Answers, fitted: OrderedResponse, of_parameters: FloatArray, notes: list[str]
) -> pd.DataFrame:
    n_slopes, n_obs = len(fitted.coefficients), sample.n_obs
    loglik, null = fitted.loglik, fitted.null_loglik
    if sample.sampling_weights is not None:
        loglik = null = np.nan
        notes.append(
            "With sampling weights there is no likelihood, so AIC, BIC, log-likelihoods, the "
            "likelihood-ratio test and what rests on them are nan."
        )
    n_clusters = np.nan if sample.clusters is None else float(len(np.unique(sample.clusters)))
    wald = _wald(fitted.coefficients, of_parameters[:n_slopes, :n_slopes], n_clusters)
    if not np.isfinite(wald):
        notes.append(
            "The joint Wald test does not exist: the robust covariance matrix has fewer dimensions "
            "than there are predictors."
        )
    n_parameters = len(fitted.parameters)
    ratio = max(2.0 * (loglik - null), 0.0) if np.isfinite(loglik) else np.nan
    cox_snell = -np.expm1(-ratio / n_obs)
    return pd.DataFrame(
        {
            "df_model": [float(n_slopes)],
            "p_value": [float(chdtrc(n_slopes, wald))],
            "aic": [2.0 * n_parameters - 2.0 * loglik],
            "bic": [np.log(n_obs) * n_parameters - 2.0 * loglik],
            "loglik": [loglik],
            "n_clusters": [n_clusters],
            "null_loglik": [null],
            "chi_squared": [wald],
            "lr_statistic": [ratio],
            "lr_p_value": [float(chdtrc(n_slopes, ratio))],
            "mcfadden": [1.0 - loglik / null],
            "cox_snell": [cox_snell],
            "nagelkerke": [cox_snell / -np.expm1(2.0 * null / n_obs)],
            "n_levels": [float(sample.n_levels)],
        }
    )


def _wald(slopes: FloatArray, covariance: FloatArray, n_clusters: float) -> float:
    """Chi-squared test that all slopes are zero; nan where their covariance lacks rank."""
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    if n_clusters - 1.0 < len(slopes) or not (spread > 0.0).all():
        return float("nan")
    correlation = covariance / np.outer(spread, spread)
    if np.linalg.eigvalsh(correlation)[0] <= _SINGULAR:
        return float("nan")
    standard = slopes / spread
    return float(standard @ np.linalg.solve(correlation, standard))


def _marginal_effects(
    sample: _Answers,
    terms: Sequence[str],
    fitted: OrderedResponse,
    of_parameters: FloatArray,
    link: Link,
    conf_level: float,
) -> pd.DataFrame:
    names, values = _effect_targets(sample.answers)
    effects = average_effects(
        fitted.coefficients,
        fitted.thresholds,
        of_parameters,
        sample.predictors,
        values,
        link=link,
        weights=sample.weights,
    )
    n_targets, n_terms = effects.estimate.shape
    test = _wald_columns(effects.estimate.T.ravel(), effects.std_error.T.ravel(), conf_level)
    return pd.DataFrame(
        {
            "term": np.repeat(np.array(terms, dtype=object), n_targets),
            "outcome_level": names * n_terms,
            **test,
            "average": np.tile(effects.level, n_terms),
        }
    )


def _effect_targets(answers: FloatArray) -> tuple[list[str], FloatArray]:
    """What effects are on: of two answers the higher; else each, the mean, and the top two."""
    texts, single = _texts(answers), np.eye(len(answers))
    if len(answers) == 2:
        return texts[1:], single[1:]
    top = single[-1] + single[-2]
    return [*texts, MEAN_ANSWER, TOP_TWO], np.vstack([single, answers, top])


# ---- parallel lines ------------------------------------------------------------------------------


def _parallel_lines(
    sample: _Answers,
    terms: Sequence[str],
    fitted: OrderedResponse,
    link: Link,
    kind: Covariance,
    notes: list[str],
) -> pd.DataFrame:
    if sample.n_levels < 3:
        return _parallel_table([])
    nan = float("nan")
    if sample.sampling_weights is not None:
        notes.append(
            "Tests of parallel lines need a likelihood, which there is none of with sampling "
            "weights, so they are nan."
        )
        of_all = [("all", "brant", nan, nan, nan)] if link == "logit" else []
        return _parallel_table(
            [*of_all, *((term, "likelihood-ratio", nan, nan, nan) for term in terms)]
        )
    if kind != "nonrobust":
        notes.append("Tests of parallel lines do not use the robust covariance matrix.")
    rows: list[tuple[str, str, float, float, float]] = []
    if link == "logit":
        brant = brant_test(sample.levels, sample.predictors, sample.n_levels, weights=sample.counts)
        notes += _unused_cuts(sample, brant)
        rows.append(
            ("all", "brant", brant.omnibus_statistic, brant.omnibus_df, brant.omnibus_p_value)
        )
        each = zip(terms, brant.statistic, brant.p_value, strict=True)
        rows += [(term, "brant", float(value), brant.df, float(p)) for term, value, p in each]
    nominal = nominal_test(
        sample.levels, sample.predictors, fitted, link=link, weights=sample.counts
    )
    each = zip(terms, nominal.statistic, nominal.p_value, strict=True)
    rows += [
        (term, "likelihood-ratio", float(value), nominal.df, float(p)) for term, value, p in each
    ]
    lost = [term for term, value in zip(terms, nominal.statistic, strict=True) if np.isnan(value)]
    if lost:
        notes.append(
            "The likelihood-ratio test of parallel lines does not exist for "
            f"{shorten(lost)}: with a slope at each cut the likelihood has no maximum."
        )
    return _parallel_table(rows)


def _parallel_table(rows: Sequence[tuple[str, str, float, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["term", "test", "statistic", "df", "p_value"])
    return table.astype({"statistic": float, "df": float, "p_value": float})


def _unused_cuts(sample: _Answers, brant: BrantTest) -> list[str]:
    if brant.used.all():
        return []
    texts = _texts(sample.answers)
    cuts = [f"{texts[place]}|{texts[place + 1]}" for place in np.flatnonzero(~brant.used)]
    reason = "where too few answers lie on one side for a binary logit"
    if np.isnan(brant.df):
        return [f"Brant's test does not exist: cuts {reason} ({shorten(cuts)}) leave none or one."]
    return [f"Brant's test leaves out the cuts {reason}: {shorten(cuts)}."]


# ---- the same fit by statsmodels -----------------------------------------------------------------


def _statsmodels_logit(
    sample: _Answers, variables: ModelVariables, fitted: OrderedResponse, kind: Covariance
) -> Any:
    """Fit the binary logit by statsmodels from its maximum; None with weights it does not take."""
    from statsmodels.discrete.discrete_model import Logit

    if sample.sampling_weights is not None or sample.n_obs > _MOST_REPEATED:
        return None
    counts = np.ones(len(sample.levels)) if sample.counts is None else sample.counts
    rows = np.repeat(np.arange(len(sample.levels)), counts.astype(np.int64))
    design = pd.DataFrame(sample.predictors[rows], columns=list(variables.terms))
    design.insert(0, "(Intercept)", 1.0)
    target = pd.Series(sample.levels[rows].astype(np.float64), name=variables.outcome)
    options: dict[str, Any] = {"cov_type": kind}
    if sample.clusters is not None:
        options = {"cov_type": "cluster", "cov_kwds": {"groups": sample.clusters[rows]}}
    start = np.concatenate([-fitted.thresholds, fitted.coefficients])
    return Logit(target, design).fit(start_params=start, method="newton", disp=0, **options)
