"""Contributions of predictors in the one sample there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.analyses.importance_estimates import Contributions, from_weights
from servqual.analyses.importance_model import ImportanceModel
from servqual.analyses.predictors import ModelVariables
from servqual.analyses.resampling import complete_respondents
from servqual.errors import EstimationError, NotIdentifiedError, shorten
from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.importance import SampledShares, sampled_lmg
from servqual.numerics.least_squares import collinear_columns
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import BoolArray, FloatArray, ImportanceMethod

__all__ = ["Respondents", "SampleEstimates", "estimate_sample"]


@dataclass(frozen=True, slots=True, eq=False)
class Respondents:
    """Complete rows of a survey, the outcome last, and their weights.

    Attributes
    ----------
    survey : Survey
        Where they come from.
    rows : FloatArray, shape (n_rows, p + 1)
        Their values.
    keep : BoolArray, shape (n_respondents,)
        Which respondents of the survey they are.
    """

    survey: Survey
    rows: FloatArray
    keep: BoolArray

    @classmethod
    def collect(cls, survey: Survey, variables: ModelVariables) -> Respondents:
        """Find the respondents who have all variables.

        Parameters
        ----------
        survey : Survey
            Where they are.
        variables : ModelVariables
            What they must have answered.

        Returns
        -------
        Respondents
        """
        values = survey.rows(variables.names)
        keep = complete_respondents(survey, values)
        return cls(survey, values[keep], keep)

    @property
    def weights(self) -> FloatArray | None:
        """How much each row counts: frequencies, or sampling weights about one."""
        if self.survey.weights is None:
            return None
        own = self.survey.weights[self.keep]
        return own / own.mean() if self.survey.weight_kind == "sampling" else own

    def binary(self, outcome: str) -> tuple[FloatArray, FloatArray]:
        """Turn an outcome of two values into zeros and ones.

        Parameters
        ----------
        outcome : str
            Its name, for the message.

        Returns
        -------
        tuple of FloatArray
            The two values, and for each row 0 (the lower) or 1.

        Raises
        ------
        EstimationError
            If there are not two values.
        """
        found = np.unique(self.rows[:, -1])
        if len(found) != 2:
            listed = shorten([f"{value:g}" for value in found])
            raise EstimationError(
                f'The outcome "{outcome}" has {len(found)} different values ({listed}), but '
                '`family="logit"` needs two, such as 0 and 1. Use `family="ols"`, or declare an '
                "outcome that says yes or no."
            )
        return found, (self.rows[:, -1] == found[1]).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class SampleEstimates:
    """Contributions in the sample.

    Attributes
    ----------
    contributions : Contributions
        With one row.
    r_squared : float
        What all predictors explain together, on the scale of the first method.
    sampled : SampledShares or None
        LMG shares of drawn orders of entry, if they were drawn.
    notes : tuple of str
        What should be known.
    """

    contributions: Contributions
    r_squared: float
    sampled: SampledShares | None
    notes: tuple[str, ...]


def estimate_sample(
    model: ImportanceModel, moments: Moments, respondents: Respondents | None, seed: int
) -> SampleEstimates:
    """Compute the contributions in the sample.

    Parameters
    ----------
    model : ImportanceModel
        What is asked.
    moments : Moments
        Of the variables, the outcome last.
    respondents : Respondents or None
        Their rows; needed for logistic regressions.
    seed : int
        Seed of drawn orders.

    Returns
    -------
    SampleEstimates

    Raises
    ------
    NotIdentifiedError
        If predictors repeat each other and a method cannot do with that.
    EstimationError
        If a binary outcome has not two values, or predictors separate them.
    """
    if model.family == "logit" and respondents is not None:
        return _logistic_estimates(model, respondents)
    return _linear_estimates(model, moments, seed)


def _linear_estimates(model: ImportanceModel, moments: Moments, seed: int) -> SampleEstimates:
    covariance = moments.covariance()
    methods = tuple(name for name in model.methods if not (model.n_orders and name == "lmg"))
    estimates = model.of_covariances(covariance[None], methods)
    failed = [name for name in methods if not np.isfinite(estimates.by_method[name]).all()]
    if failed:
        _raise_collinear(model.variables, covariance[:-1, :-1], failed[0])
    r_squared = _r_squared(covariance)
    if not model.n_orders:
        return SampleEstimates(estimates, r_squared, None, ())
    correlations = correlation_from_covariance(covariance)
    sampled = sampled_lmg(correlations, n_permutations=model.n_orders, seed=seed)
    by_method = {**estimates.by_method, "lmg": sampled.shares[None]}
    contributions = Contributions({name: by_method[name] for name in model.methods}, {})
    note = (
        f"LMG is the mean over {sampled.n_permutations:,} of all orders of entry, drawn in pairs "
        "of opposites; `mc_error` is its standard error."
    )
    return SampleEstimates(contributions, r_squared, sampled, (note,))


def _raise_collinear(
    variables: ModelVariables, covariance: FloatArray, method: ImportanceMethod
) -> None:
    names = [variables.terms[place] for place in collinear_columns(covariance)]
    if not names:
        raise EstimationError(
            "The predictors explain the outcome without error, so there are no partial "
            'correlations. Is it made of them? Leave `"partial"` out.'
        )
    raise NotIdentifiedError(
        f"These predictors repeat each other exactly, so `relative_importance` cannot tell them "
        f'apart with `method="{method}"`: {shorten(names)}. Leave one of them out, or use '
        '`method="lmg"`, which shares their part evenly.'
    )


def _logistic_estimates(model: ImportanceModel, respondents: Respondents) -> SampleEstimates:
    (lower, higher), outcome = respondents.binary(model.variables.outcome)
    weights = respondents.weights
    base = np.ones(len(outcome)) if weights is None else weights
    rows = respondents.rows[:, :-1]
    estimates = from_weights(rows, outcome, base[None], model.methods)
    if not all(np.isfinite(values).all() for values in estimates.by_method.values()):
        repeating = collinear_columns(np.cov(rows.T, aweights=base).reshape((rows.shape[1],) * 2))
        if len(repeating):
            names = [model.variables.terms[place] for place in repeating]
            raise NotIdentifiedError(
                "These predictors repeat each other exactly, so no logistic regression can tell "
                f"them apart: {shorten(names)}. Leave one of them out."
            )
        raise EstimationError(
            f'The predictors separate the two values of "{model.variables.outcome}" (nearly) '
            "without error, so a logistic regression has no finite coefficients. Use fewer "
            'predictors, or `family="ols"`.'
        )
    notes = [
        f"{model.variables.outcome} counts as 1 where it is {higher:g}, as 0 where it is {lower:g}."
    ]
    if "relative-weights" in model.methods and len(model.methods) > 1:
        total = float(estimates.explained["relative-weights"][0])
        notes.append(
            "Relative weights divide the squared correlation of outcome and fitted probability "
            f"({total:.3f}), the other methods McFadden's R²; compare shares, not estimates."
        )
    r_squared = float(estimates.explained[model.methods[0]][0])
    return SampleEstimates(estimates, r_squared, None, tuple(notes))


def _r_squared(covariance: FloatArray) -> float:
    predictors, shared = covariance[:-1, :-1], covariance[:-1, -1]
    # lstsq, because predictors that repeat each other explain no less together.
    slopes = np.linalg.lstsq(predictors, shared, rcond=None)[0]
    return float(slopes @ shared / covariance[-1, -1])
