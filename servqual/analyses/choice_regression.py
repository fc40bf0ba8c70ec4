"""Regression of an outcome of a few values: ordered logit, ordered probit, binary logit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from servqual.analyses.choice_tables import (
    LINKS,
    Answers,
    answer_texts,
    choice_coefficients,
    choice_fit,
    choice_thresholds,
    marginal_effects,
    parallel_lines,
)
from servqual.analyses.linear_fit import check_covariance
from servqual.analyses.linear_regression import design_moments, excluded_note
from servqual.analyses.regression_design import RegressionDesign
from servqual.analyses.regression_result import RegressionResult, fit_row
from servqual.analyses.resampling import FEW_CLUSTERS, cluster_codes
from servqual.errors import (
    ConvergenceError,
    EstimationError,
    NotIdentifiedError,
    OptionError,
    SmallSampleWarning,
    shorten,
)
from servqual.numerics.ordered_response import (
    OrderedResponse,
    fit_ordered_response,
    sandwich_covariance,
)
from servqual.numerics.separation import separating_predictors
from servqual.results import SampleInfo
from servqual.survey.survey import Survey
from servqual.typing import ChoiceFamily, Covariance, FloatArray, IntArray, On

__all__ = ["check_choice_options", "fit_choice_regression"]

#: Outcomes with more values are means of items, and no categories.
_MOST_LEVELS: Final = 20
#: Answers given by fewer respondents are named in a note.
_FEW_ANSWERS: Final = 5
#: With more respondents than this, rows are not repeated for the statsmodels object.
_MOST_REPEATED: Final = 1_000_000


def check_choice_options(
    survey: Survey,
    *,
    by: str | Sequence[str] | None,
    family: ChoiceFamily,
    covariance: Covariance | None,
    cluster: str | None,
) -> Covariance:
    """Return the kind of standard errors, or refuse what these families do not have.

    Parameters
    ----------
    survey : Survey
        Whose weights and grouping variables.
    by : str, sequence of str or None
        Moderators.
    family : {"ordered-logit", "ordered-probit", "logit"}
        The model.
    covariance : str or None
        What was asked; None for the default.
    cluster : str or None
        Grouping variable within which respondents may be alike.

    Returns
    -------
    str
        ``"nonrobust"``, but ``"CR1"`` with clusters and ``"HC1"`` with sampling weights, unless
        asked otherwise.

    Raises
    ------
    OptionError
        If options do not go together.
    """
    check_covariance(covariance, cluster)
    if by is not None:
        raise OptionError(
            f'`by` does not go with `family="{family}"`: there the coefficient of a product is no '
            "difference of effects on the answers (Ai and Norton 2003). Fit each group by itself, "
            "as in `survey.where(branch=…)`, or use least squares."
        )
    if covariance not in (None, "nonrobust", "HC0", "HC1", "CR1"):
        raise OptionError(
            f'`covariance="{covariance}"` rests on leverages of a linear regression, which '
            f'`family="{family}"` does not have. Use "nonrobust", "HC0" or "HC1", or give '
            '`cluster` with "CR1".'
        )
    if cluster is not None:
        if covariance not in (None, "CR1"):
            raise OptionError(
                f'`covariance="{covariance}"` ignores clusters. With `cluster`, give '
                '`covariance="CR1"` or leave it out.'
            )
        return "CR1"
    if covariance == "CR1":
        raise OptionError(
            '`covariance="CR1"` needs `cluster`, the grouping variable within which respondents '
            f"may be alike; this survey has {shorten(survey.groups) or 'none'}."
        )
    if survey.weight_kind != "sampling":
        return covariance or "nonrobust"
    if covariance == "nonrobust":
        raise OptionError(
            '`covariance="nonrobust"` would take sampling weights for numbers of respondents, so '
            'the standard errors would depend on the unit of the weights. Use `covariance="HC1"`, '
            "which is the default with sampling weights."
        )
    return covariance or "HC1"


def fit_choice_regression(
    design: RegressionDesign,
    *,
    family: ChoiceFamily,
    covariance: Covariance,
    cluster: str | None,
    on: On,
    conf_level: float,
) -> RegressionResult:
    """Fit an ordered or binary regression to respondents, with its tests and marginal effects.

    Parameters
    ----------
    design : RegressionDesign
        Outcome, predictors and covariates.
    family : {"ordered-logit", "ordered-probit", "logit"}
        The model.
    covariance : {"nonrobust", "HC0", "HC1", "CR1"}
        How standard errors are computed, from `check_choice_options`.
    cluster : str or None
        Grouping variable within which respondents may be alike.
    on : str
        Of which scores the predictors are.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    RegressionResult

    Raises
    ------
    OptionError
        If the outcome does not suit the family.
    EstimationError
        If too few respondents remain, or a variable is constant.
    NotIdentifiedError
        If predictors repeat each other, or tell the answers apart without error.
    ConvergenceError
        If the likelihood has no maximum for another reason.

    Warns
    -----
    SmallSampleWarning
        If there are fewer than 20 clusters.
    """
    survey, link = design.survey, LINKS[family]
    moments = design_moments(design)
    sample = _collect(design, cluster)
    _check_outcome(design, sample, family)
    fitted = fit_ordered_response(
        sample.levels, sample.predictors, sample.n_levels, link=link, weights=sample.weights
    )
    if not fitted.converged:
        raise _without_maximum(sample, design.outcome)
    if sample.n_clusters < FEW_CLUSTERS:
        warnings.warn(
            f'There are {sample.n_clusters:.0f} clusters of "{cluster}". CR1 standard errors need '
            f"many clusters; with fewer than {FEW_CLUSTERS} they are too small as a rule.",
            SmallSampleWarning,
            stacklevel=3,
        )
    of_parameters = _covariance(fitted, sample, covariance)
    notes = [*excluded_note(moments), *design.notes, *_answer_notes(sample, design.outcome)]
    result = RegressionResult(
        sample=SampleInfo(
            sample.n_obs, survey.n_respondents - sample.n_obs, "listwise", survey.weight_kind
        ),
        outcome=design.outcome,
        on=on,
        covariance=covariance,
        cluster=cluster or "",
        conf_level=conf_level,
        coefficients=choice_coefficients(
            sample, fitted, of_parameters, moments, family=family, conf_level=conf_level
        ),
        fit=fit_row(**choice_fit(sample, fitted, of_parameters, notes)),
        notes=(),
        family=family,
        marginal_effects=marginal_effects(sample, fitted, of_parameters, link, conf_level),
        bases=design.bases,
    )
    if family == "logit":
        model = _statsmodels_logit(sample, design.outcome, fitted, covariance)
        return replace(result, notes=tuple(notes), model=model)
    lines = parallel_lines(sample, fitted, link, notes)
    if len(lines) and covariance != "nonrobust":
        notes.append("Tests of parallel lines do not use the robust covariance matrix.")
    return replace(
        result,
        notes=tuple(notes),
        thresholds=choice_thresholds(sample, fitted, of_parameters, conf_level),
        parallel_lines=lines,
    )


def _collect(design: RegressionDesign, cluster: str | None) -> Answers:
    complete, survey = design.complete, design.survey
    answers, levels = np.unique(complete[:, -1], return_inverse=True)
    weights = None if design.weights is None else design.weights.astype(np.float64)
    return Answers(
        terms=design.terms,
        labels=design.labels,
        predictors=np.ascontiguousarray(complete[:, :-1]),
        levels=levels.astype(np.int64),
        answers=answers,
        counts=weights if survey.weight_kind == "frequency" else None,
        sampling_weights=weights if survey.weight_kind == "sampling" else None,
        clusters=None if cluster is None else cluster_codes(survey, cluster, design.keep),
        factors=_factors(design),
    )


def _factors(design: RegressionDesign) -> IntArray:
    """Code of the grouping variable that each term is a column of; -1 for none."""
    codes = {base: code for code, base in enumerate(dict.fromkeys(design.bases.values()))}
    return np.array([codes.get(design.bases.get(term, ""), -1) for term in design.terms])


def _check_outcome(design: RegressionDesign, sample: Answers, family: ChoiceFamily) -> None:
    outcome = design.outcome
    if family == "logit" and sample.n_levels != 2:
        raise OptionError(
            f'`family="logit"` needs an outcome with exactly two values, but "{outcome}" has '
            f"{sample.n_levels}: {shorten(answer_texts(sample.answers))}. Use "
            '`family="ordered-logit"`, or add a column of 0 and 1 to the data, such as whether '
            f'"{outcome}" is at least {sample.answers[-2]:g}, and declare it as an outcome.'
        )
    if sample.n_levels > _MOST_LEVELS:
        columns = design.survey.outcomes.get(outcome, ())
        what, instead = "", "an outcome with fewer"
        if len(columns) > 1:
            what = f" (it is the mean of {shorten(columns)})"
            instead = f'one of its columns, as in `outcome="{columns[0]}"`'
        raise OptionError(
            f'`family="{family}"` needs an outcome of a few ordered answers, but "{outcome}" has '
            f"{sample.n_levels} different values{what}; {_MOST_LEVELS} are the most. Name "
            f'{instead}, or use least squares, `family="ols"`.'
        )
    n_parameters = sample.predictors.shape[1] + sample.n_levels - 1
    if sample.n_obs <= n_parameters:
        raise EstimationError(
            f'The model of "{outcome}" has {n_parameters} parameters, but only {sample.n_obs} '
            "respondents answered everything. Use fewer predictors, or an outcome with fewer "
            "different answers."
        )


def _without_maximum(sample: Answers, outcome: str) -> EstimationError:
    places = separating_predictors(sample.levels, sample.predictors, sample.n_levels)
    if not places.size:
        return ConvergenceError(
            f'The likelihood of the model of "{outcome}" did not reach its maximum. Look for '
            "predictors that nearly repeat each other, or use fewer of them."
        )
    who = "This predictor tells" if places.size == 1 else "These predictors tell"
    return NotIdentifiedError(
        f'{who} answers to "{outcome}" apart without error (separation), so the likelihood has no '
        f"maximum and coefficients would be infinite: "
        f"{shorten(sample.terms[place] for place in places)}. Use fewer predictors, or an outcome "
        "whose answers are less rare."
    )


def _covariance(fitted: OrderedResponse, sample: Answers, covariance: Covariance) -> FloatArray:
    if covariance == "nonrobust":
        return fitted.covariance
    return sandwich_covariance(
        fitted.covariance,
        fitted.scores,
        counts=sample.counts,
        sampling_weights=sample.sampling_weights,
        clusters=sample.clusters,
        small_sample=covariance != "HC0",
    )


def _answer_notes(sample: Answers, outcome: str) -> list[str]:
    """Say which answers nobody, or hardly anybody, gave, and what the top two are."""
    notes = []
    texts = answer_texts(sample.answers)
    empty = _empty_answers(sample.answers)
    if empty:
        notes.append(
            f"Nobody answered {shorten(empty)} to {outcome}, so thresholds lie between the answers "
            "that were given."
        )
    counts = np.bincount(sample.levels, weights=sample.counts, minlength=sample.n_levels)
    rare = [
        f"{text} ({count:.0f})"
        for text, count in zip(texts, counts, strict=True)
        if count < _FEW_ANSWERS
    ]
    if rare:
        notes.append(
            f"Fewer than {_FEW_ANSWERS} respondents gave these answers to {outcome}, so what is "
            f"next to them is hardly known: {shorten(rare)}."
        )
    if sample.n_levels > 2:
        top = " and ".join(texts[-2:])
        notes.append(f"The top two are the two highest answers that were given, {top}.")
    else:
        notes.append(f"Modelled is the probability that {outcome} is {texts[1]}, not {texts[0]}.")
    return notes


def _empty_answers(answers: FloatArray) -> list[str]:
    """Whole numbers between the lowest and the highest answer that nobody gave."""
    if len(answers) < 3 or not np.equal(answers, np.rint(answers)).all():
        return []
    between = np.arange(answers[0], answers[-1])
    return answer_texts(between[~np.isin(between, answers)])


def _statsmodels_logit(
    sample: Answers, outcome: str, fitted: OrderedResponse, covariance: Covariance
) -> Any:
    """Fit the binary logit by statsmodels from its maximum; None with weights it does not take."""
    from statsmodels.discrete.discrete_model import Logit

    if sample.sampling_weights is not None or sample.n_obs > _MOST_REPEATED:
        return None
    rows = np.arange(len(sample.levels))
    if sample.counts is not None:
        rows = np.repeat(rows, sample.counts.astype(np.int64))
    design = pd.DataFrame(sample.predictors[rows], columns=list(sample.terms))
    design.insert(0, "(Intercept)", 1.0)
    target = pd.Series(sample.levels[rows].astype(np.float64), name=outcome)
    options: dict[str, Any] = {"cov_type": covariance}
    if sample.clusters is not None:
        options = {"cov_type": "cluster", "cov_kwds": {"groups": sample.clusters[rows]}}
    start = np.concatenate([-fitted.thresholds, fitted.coefficients])
    return Logit(target, design).fit(start_params=start, method="newton", disp=0, **options)
