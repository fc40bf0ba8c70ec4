"""Tables of a regression of ordered or binary answers: coefficients, fit, effects, tests."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr, ndtri

from servqual.errors import shorten
from servqual.numerics.cumulative_likelihood import Link
from servqual.numerics.marginal_effects import average_effects
from servqual.numerics.ordered_response import OrderedResponse
from servqual.numerics.parallel_lines import BrantTest, brant_test, nominal_test
from servqual.samplestats.moments import Moments
from servqual.typing import ChoiceFamily, FloatArray, IntArray

__all__ = [
    "LINKS",
    "MEAN_ANSWER",
    "TOP_TWO",
    "Answers",
    "answer_texts",
    "choice_coefficients",
    "choice_fit",
    "choice_thresholds",
    "marginal_effects",
    "parallel_lines",
]

#: What marginal effects are on, besides single answers.
MEAN_ANSWER: Final = "mean answer"
TOP_TWO: Final = "top two"

LINKS: Final[dict[ChoiceFamily, Link]] = {
    "ordered-logit": "logit",
    "ordered-probit": "probit",
    "logit": "logit",
}
#: Variance of the error behind the answers.
_NOISE: Final[dict[Link, float]] = {"logit": float(np.pi**2 / 3.0), "probit": 1.0}
#: Smallest eigenvalue of a correlation matrix that counts as positive.
_SINGULAR: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Complete respondents: predictors, which answer each gave, and how much each counts.

    Attributes
    ----------
    terms, labels : tuple of str
        Names of the predictors.
    predictors : FloatArray, shape (n_rows, n_predictors)
        Their values.
    levels : IntArray, shape (n_rows,)
        Which of the answers each respondent gave.
    answers : FloatArray, shape (n_levels,)
        Answers that were given, in increasing order.
    counts, sampling_weights : FloatArray or None, shape (n_rows,)
        Frequency weights, or sampling weights, or neither.
    clusters : IntArray or None, shape (n_rows,)
        Groups within which respondents may be alike.
    factors : IntArray, shape (n_predictors,)
        Code of the grouping variable that each predictor is a 0/1 column of; -1 for none.
    """

    terms: tuple[str, ...]
    labels: tuple[str, ...]
    predictors: FloatArray
    levels: IntArray
    answers: FloatArray
    counts: FloatArray | None
    sampling_weights: FloatArray | None
    clusters: IntArray | None
    factors: IntArray

    @property
    def weights(self) -> FloatArray | None:
        """Weights of either kind."""
        return self.sampling_weights if self.counts is None else self.counts

    @property
    def n_obs(self) -> int:
        """Respondents; with frequency weights, their sum."""
        return len(self.levels) if self.counts is None else int(self.counts.sum())

    @property
    def n_levels(self) -> int:
        """Number of different answers."""
        return len(self.answers)

    @property
    def n_clusters(self) -> float:
        """Number of clusters; nan without."""
        return float("nan") if self.clusters is None else float(len(np.unique(self.clusters)))


def answer_texts(answers: FloatArray) -> list[str]:
    """Answers as text, whole numbers without decimals.

    Parameters
    ----------
    answers : FloatArray
        Answers.

    Returns
    -------
    list of str

    Examples
    --------
    >>> answer_texts(np.array([1.0, 2.5]))
    ['1', '2.5']
    """
    return [f"{answer:g}" for answer in answers]


def choice_coefficients(
    sample: Answers,
    fitted: OrderedResponse,
    of_parameters: FloatArray,
    moments: Moments,
    *,
    family: ChoiceFamily,
    conf_level: float,
) -> pd.DataFrame:
    """Make the table of coefficients.

    Parameters
    ----------
    sample : Answers
        Respondents.
    fitted : OrderedResponse
        The model.
    of_parameters : FloatArray, shape (n_parameters, n_parameters)
        Covariance matrix of coefficients, then thresholds.
    moments : Moments
        Of the predictors, and the outcome at the end.
    family : {"ordered-logit", "ordered-probit", "logit"}
        The model.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        As `RegressionResult.coefficients`. `beta` is in standard deviations of the unobserved
        variable behind the answers; `df` is nan, for tests are from the normal distribution.
    """
    n_slopes = len(fitted.coefficients)
    of_predictors = moments.covariance()[:n_slopes, :n_slopes]
    spread = np.sqrt(np.diag(of_predictors))
    explained = float(fitted.coefficients @ of_predictors @ fitted.coefficients)
    beta = fitted.coefficients * spread / np.sqrt(explained + _NOISE[LINKS[family]])
    correlation = of_predictors / np.outer(spread, spread)
    vif = np.diag(np.linalg.solve(correlation, np.eye(n_slopes)))
    errors = np.sqrt(np.diag(of_parameters))
    terms, labels = list(sample.terms), list(sample.labels)
    estimate, error = fitted.coefficients, errors[:n_slopes]
    if family == "logit":
        terms, labels = ["(Intercept)", *terms], ["Intercept", *labels]
        estimate = np.concatenate([-fitted.thresholds, estimate])
        error = np.concatenate([errors[n_slopes:], error])
        beta, vif = (np.concatenate([[np.nan], values]) for values in (beta, vif))
    test = _wald_columns(estimate, error, conf_level)
    odds = {
        f"odds_ratio{end}": np.full(len(terms), np.nan)
        if family == "ordered-probit"
        else np.exp(test[name])
        for end, name in (("", "estimate"), ("_low", "conf_low"), ("_high", "conf_high"))
    }
    return pd.DataFrame(
        {
            "term": terms,
            "label": labels,
            "estimate": test["estimate"],
            "std_error": test["std_error"],
            "statistic": test["statistic"],
            "df": np.nan,
            "p_value": test["p_value"],
            "conf_low": test["conf_low"],
            "conf_high": test["conf_high"],
            "beta": beta,
            "vif": vif,
            **odds,
        }
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


def choice_thresholds(
    sample: Answers, fitted: OrderedResponse, of_parameters: FloatArray, conf_level: float
) -> pd.DataFrame:
    """Make the table of thresholds.

    Parameters
    ----------
    sample : Answers
        Respondents.
    fitted : OrderedResponse
        The model.
    of_parameters : FloatArray, shape (n_parameters, n_parameters)
        Covariance matrix of coefficients, then thresholds.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        term (such as ``4|5``), estimate, std_error, conf_low, conf_high. Whether a threshold is
        zero depends on where the predictors have their zero, so there is no test of it.
    """
    terms = [f"{low}|{high}" for low, high in pairwise(answer_texts(sample.answers))]
    errors = np.sqrt(np.diag(of_parameters))[len(fitted.coefficients) :]
    table = pd.DataFrame({"term": terms, **_wald_columns(fitted.thresholds, errors, conf_level)})
    return table.drop(columns=["statistic", "p_value"])


def choice_fit(
    sample: Answers, fitted: OrderedResponse, of_parameters: FloatArray, notes: list[str]
) -> dict[str, float]:
    """Compute what goes into the row about the fit.

    Parameters
    ----------
    sample : Answers
        Respondents.
    fitted : OrderedResponse
        The model.
    of_parameters : FloatArray, shape (n_parameters, n_parameters)
        Covariance matrix of coefficients, then thresholds.
    notes : list of str
        Gets what could not be computed.

    Returns
    -------
    dict
        By the names of columns of `RegressionResult.fit`.
    """
    n_slopes, n_obs, n_parameters = len(fitted.coefficients), sample.n_obs, len(fitted.parameters)
    loglik, null = fitted.loglik, fitted.null_loglik
    if sample.sampling_weights is not None:
        loglik = null = np.nan
        notes.append(
            "With sampling weights there is no likelihood, so AIC, BIC, log-likelihoods, the "
            "likelihood-ratio test and what rests on them are nan."
        )
    wald = _wald(fitted.coefficients, of_parameters[:n_slopes, :n_slopes], sample.n_clusters)
    if not np.isfinite(wald):
        notes.append(
            "The joint Wald test does not exist: the robust covariance matrix has fewer dimensions "
            "than there are predictors."
        )
    # At the maximum the difference cannot be negative but for rounding.
    ratio = float(np.maximum(2.0 * (loglik - null), 0.0))
    cox_snell = float(-np.expm1(-ratio / n_obs))
    return {
        "df_model": n_slopes,
        "p_value": float(chdtrc(n_slopes, wald)),
        "aic": 2.0 * n_parameters - 2.0 * loglik,
        "bic": float(np.log(n_obs)) * n_parameters - 2.0 * loglik,
        "loglik": loglik,
        "n_clusters": sample.n_clusters,
        "null_loglik": null,
        "chi_squared": wald,
        "lr_statistic": ratio,
        "lr_p": float(chdtrc(n_slopes, ratio)),
        "mcfadden": 1.0 - loglik / null,
        "cox_snell": cox_snell,
        "nagelkerke": float(cox_snell / -np.expm1(2.0 * null / n_obs)),
        "n_levels": sample.n_levels,
    }


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


def marginal_effects(
    sample: Answers,
    fitted: OrderedResponse,
    of_parameters: FloatArray,
    link: Link,
    conf_level: float,
) -> pd.DataFrame:
    """Make the table of average marginal effects.

    Parameters
    ----------
    sample : Answers
        Respondents, over whom effects are averaged.
    fitted : OrderedResponse
        The model.
    of_parameters : FloatArray, shape (n_parameters, n_parameters)
        Covariance matrix of coefficients, then thresholds.
    link : {"logit", "probit"}
        The model's link.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        term, outcome_level, estimate, std_error, statistic, p_value, conf_low, conf_high, average.
    """
    names, values = _effect_targets(sample.answers)
    effects = average_effects(
        fitted.coefficients,
        fitted.thresholds,
        of_parameters,
        sample.predictors,
        values,
        link=link,
        weights=sample.weights,
        factors=sample.factors,
    )
    test = _wald_columns(effects.estimate.T.ravel(), effects.std_error.T.ravel(), conf_level)
    return pd.DataFrame(
        {
            "term": [term for term in sample.terms for _ in names],
            "outcome_level": names * len(sample.terms),
            **test,
            "average": np.tile(effects.level, len(sample.terms)),
        }
    )


def _effect_targets(answers: FloatArray) -> tuple[list[str], FloatArray]:
    """What effects are on: of two answers the higher; else each, the mean, and the top two."""
    texts, single = answer_texts(answers), np.eye(len(answers))
    if len(answers) == 2:
        return texts[1:], single[1:]
    top = single[-1] + single[-2]
    return [*texts, MEAN_ANSWER, TOP_TWO], np.vstack([single, answers, top])


def parallel_lines(
    sample: Answers, fitted: OrderedResponse, link: Link, notes: list[str]
) -> pd.DataFrame:
    """Make the table of tests whether slopes are the same at every cut.

    Parameters
    ----------
    sample : Answers
        Respondents.
    fitted : OrderedResponse
        The model.
    link : {"logit", "probit"}
        The model's link; only the logit has Brant's test.
    notes : list of str
        Gets what could not be computed.

    Returns
    -------
    DataFrame
        term (``all`` for all together), test (``brant``, ``likelihood-ratio``), statistic, df,
        p_value; empty when there is one cut only.
    """
    columns = ["term", "test", "statistic", "df", "p_value"]
    rows: list[tuple[str, str, float, float, float]] = []
    if sample.n_levels > 2 and sample.sampling_weights is not None:
        notes.append(
            "Tests of parallel lines need a likelihood, and with sampling weights there is none, "
            "so they are left out."
        )
    elif sample.n_levels > 2:
        rows = _brant_rows(sample, notes) if link == "logit" else []
        rows += _nominal_rows(sample, fitted, link, notes)
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[2:], np.float64))


def _brant_rows(sample: Answers, notes: list[str]) -> list[tuple[str, str, float, float, float]]:
    test = brant_test(sample.levels, sample.predictors, sample.n_levels, weights=sample.counts)
    notes += _unused_cuts(sample, test)
    together = ("all", "brant", test.omnibus_statistic, test.omnibus_df, test.omnibus_p_value)
    each = zip(sample.terms, test.statistic, test.p_value, strict=True)
    return [together, *((term, "brant", float(x), test.df, float(p)) for term, x, p in each)]


def _unused_cuts(sample: Answers, test: BrantTest) -> list[str]:
    if test.used.all():
        return []
    cuts = [f"{low}|{high}" for low, high in pairwise(answer_texts(sample.answers))]
    lost = shorten(cut for cut, used in zip(cuts, test.used, strict=True) if not used)
    why = "a binary logit of the answers above and below has no maximum (too few on one side)"
    if np.isnan(test.df):
        return [f"Brant's test does not exist: at {lost} {why}, so no two cuts can be compared."]
    return [f"Brant's test leaves out {lost}: there {why}."]


def _nominal_rows(
    sample: Answers, fitted: OrderedResponse, link: Link, notes: list[str]
) -> list[tuple[str, str, float, float, float]]:
    test = nominal_test(sample.levels, sample.predictors, fitted, link=link, weights=sample.counts)
    lost = [term for term, x in zip(sample.terms, test.statistic, strict=True) if np.isnan(x)]
    if lost:
        notes.append(
            f"The likelihood-ratio test of parallel lines does not exist for {shorten(lost)}: with "
            "a slope at each cut the likelihood has no maximum."
        )
    each = zip(sample.terms, test.statistic, test.p_value, strict=True)
    return [(term, "likelihood-ratio", float(x), test.df, float(p)) for term, x, p in each]
