"""Coordinates of attributes, importance and performance: of the sample, and of resamples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from servqual.analyses.attributes import AttributeScores
from servqual.analyses.resampling import cluster_codes
from servqual.errors import shorten
from servqual.numerics.bootstrap import percentile_interval
from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.importance import first, lmg, relative_weights
from servqual.numerics.importance_performance import (
    covariances_from_products,
    partial_correlations,
    shares_of_sum,
    standardised_slopes,
)
from servqual.numerics.least_squares import collinear_columns
from servqual.numerics.location import mean_test
from servqual.numerics.resampled_means import resampled_means
from servqual.progress import shown_progress
from servqual.survey.checks import plural
from servqual.survey.survey import Survey
from servqual.typing import BoolArray, DerivedImportance, FloatArray, IntArray, ProgressOption

__all__ = [
    "MAX_LMG",
    "SHARES",
    "Coordinates",
    "Estimate",
    "Model",
    "draw_coordinates",
    "estimate_means",
    "from_draws",
    "sample_coordinates",
]


def _lmg_shares(correlations: FloatArray) -> FloatArray:
    return shares_of_sum(lmg(correlations))


def _relative_weight_shares(correlations: FloatArray) -> FloatArray:
    return shares_of_sum(relative_weights(correlations))


def _with_outcome(correlations: FloatArray) -> FloatArray:
    return correlations[..., :-1, -1]


_DERIVED: Final[dict[DerivedImportance, Callable[[FloatArray], FloatArray]]] = {
    "lmg": _lmg_shares,
    "relative-weights": _relative_weight_shares,
    "correlation": _with_outcome,
    "squared-correlation": first,
    "partial": partial_correlations,
    "beta": standardised_slopes,
    "log-partial": partial_correlations,
}
#: Methods whose importances are shares of one whole.
SHARES: Final = ("lmg", "relative-weights")
#: Beyond this many attributes, 2^p regressions per resample are too many.
MAX_LMG: Final = 10
#: Methods that look at one attribute at a time.
_ALONE: Final = ("correlation", "squared-correlation")
#: Standard deviations below this are rounding, relative to the width of an answer scale.
_CONSTANT: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate of each attribute with its uncertainty.

    Attributes
    ----------
    n : IntArray, shape (k,)
        Respondents behind it.
    value, std_error, low, high : FloatArray, shape (k,)
        Estimate, standard error and limits; nan where they do not exist.
    """

    n: IntArray
    value: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Where attributes stand, in a sample or in a stack of resamples.

    Attributes
    ----------
    importance, performance, gap : FloatArray, shape (..., k)
        Estimates; nan where they do not exist.
    products : FloatArray, shape (..., k), or None
        Mean of importance points times shortfall over 100.
    """

    importance: FloatArray
    performance: FloatArray
    gap: FloatArray
    products: FloatArray | None


@dataclass(frozen=True, slots=True)
class Model:
    """How importance is derived in this sample.

    Attributes
    ----------
    method : str
        The measure.
    complete : BoolArray, shape (n_rows,)
        Respondents with all attributes and the outcome.
    values : FloatArray, shape (n_rows, q)
        Attributes that vary, then the outcome, from their means; zero for others.
    used : IntArray, shape (q - 1,)
        Places of these attributes.
    n_attributes : int
        Attributes in all.
    """

    method: DerivedImportance
    complete: BoolArray
    values: FloatArray
    used: IntArray
    n_attributes: int

    def importance(self, covariances: FloatArray) -> FloatArray:
        """Importance of all attributes from covariances of those used and the outcome.

        Parameters
        ----------
        covariances : FloatArray, shape (..., q, q)
            The outcome last.

        Returns
        -------
        FloatArray, shape (..., n_attributes)
        """
        found = np.full((*covariances.shape[:-2], self.n_attributes), np.nan)
        found[..., self.used] = _DERIVED[self.method](correlation_from_covariance(covariances))
        return found


# ---- the sample ----------------------------------------------------------------------------------


def estimate_means(
    survey: Survey, scores: FloatArray, rows: BoolArray, conf_level: float
) -> Estimate:
    """Means of the attributes, each over those who have a score, with t intervals.

    Parameters
    ----------
    survey : Survey
        With the weights.
    scores : FloatArray, shape (n_rows, k)
        Scores; nan where missing.
    rows : BoolArray, shape (n_rows,)
        Respondents of the analysis.
    conf_level : float
        Coverage.

    Returns
    -------
    Estimate
        Limits are nan where nobody differs from the others.
    """
    n, value, error = [], [], []
    least = _CONSTANT * survey.instrument.scale.width
    for place in range(scores.shape[1]):
        moments = survey.collect(scores[:, [place]], ("score",), rows=rows)
        n.append(moments.n_obs)
        value.append(float(moments.mean[0]) if moments.n_obs else np.nan)
        deviation = float(moments.standard_deviation()[0])
        # A constant of thirds has a variance of rounding errors; it is none.
        error.append(0.0 if deviation < least else float(moments.standard_error()[0]))
    n_obs, mean, std_error = np.array(n), np.array(value), np.array(error)
    test = mean_test(mean, std_error, n_obs - 1.0, conf_level=conf_level)
    return Estimate(n_obs.astype(np.int64), mean, std_error, test.conf_low, test.conf_high)


def sample_coordinates(
    survey: Survey,
    attributes: AttributeScores,
    method: DerivedImportance | None,
    rows: BoolArray,
    conf_level: float,
) -> tuple[Estimate, Estimate, Coordinates, Model | None, list[str]]:
    """Estimate importance and performance in the sample.

    Parameters
    ----------
    survey : Survey
        With the weights.
    attributes : AttributeScores
        Scores.
    method : str or None
        How importance is derived.
    rows : BoolArray, shape (n_rows,)
        Respondents of the analysis.
    conf_level : float
        Coverage.

    Returns
    -------
    importance, performance : Estimate
        Derived importance has no errors yet.
    coordinates : Coordinates
        The same numbers, with gaps and products.
    model : Model or None
        How importance is derived, if it is and can be.
    notes : list of str
        What could not be computed.
    """
    performance = estimate_means(survey, attributes.performance, rows, conf_level)
    gap = estimate_means(survey, attributes.gap, rows, conf_level).value
    products = None
    if attributes.products is not None:
        products = estimate_means(survey, attributes.products, rows, conf_level).value
    model: Model | None = None
    notes: list[str] = []
    if attributes.importance is not None:
        importance = estimate_means(survey, attributes.importance, rows, conf_level)
    else:
        importance, model, notes = _derive(survey, attributes, method or "lmg", rows)
    coordinates = Coordinates(importance.value, performance.value, gap, products)
    return importance, performance, coordinates, model, notes


def _derive(
    survey: Survey, attributes: AttributeScores, method: DerivedImportance, rows: BoolArray
) -> tuple[Estimate, Model | None, list[str]]:
    """Importance from the outcome; nan, with the reason, where it does not exist."""
    assert attributes.predictors is not None
    assert attributes.outcome is not None
    n_attributes = len(attributes.terms)
    scores = np.column_stack([attributes.predictors, attributes.outcome])
    answered = np.flatnonzero(~np.isnan(attributes.predictors[rows]).all(axis=0))
    columns = np.append(answered, n_attributes)
    moments = survey.collect(scores[:, columns], [str(place) for place in columns], rows=rows)
    varies = moments.standard_deviation() > _CONSTANT
    used = answered[varies[:-1]]
    n = np.where(np.isin(np.arange(n_attributes), answered), moments.n_obs, 0).astype(np.int64)
    nan = np.full(n_attributes, np.nan)
    none = Estimate(n, nan, nan, nan, nan)
    needed = 3 if method in _ALONE else len(used) + 2
    reason = ""
    if moments.n_obs < needed:
        reason = (
            f"{plural(moments.n_obs, 'respondent')} with all attributes and the outcome, where "
            f"{needed} are needed"
        )
    elif not varies[-1]:
        reason = "the outcome is the same for every respondent"
    elif not used.size:
        reason = "no attribute varies over the respondents"
    if reason:
        return none, None, [f"Importance cannot be derived: {reason}."]
    notes = []
    constant = [attributes.terms[place] for place in answered[~varies[:-1]]]
    if constant:
        notes.append(
            f"Every respondent has the same score in {shorten(constant)}, so no importance can be "
            "derived there."
        )
    kept = np.append(varies[:-1], True)
    covariance = moments.covariance()[np.ix_(kept, kept)]
    if method not in (*_ALONE, "lmg"):
        tied = [attributes.terms[used[place]] for place in collinear_columns(covariance[:-1, :-1])]
        if tied:
            notes.append(
                f"These attributes repeat each other exactly, so their importance cannot be told "
                f'apart: {shorten(tied)}. Use `method="lmg"` or `method="correlation"`.'
            )
    model = _model(survey, scores, columns, np.append(used, n_attributes), moments.mean, method)
    return Estimate(n, model.importance(covariance), nan, nan, nan), model, notes


def _model(
    survey: Survey,
    scores: FloatArray,
    columns: IntArray,
    kept: IntArray,
    means: FloatArray,
    method: DerivedImportance,
) -> Model:
    complete: BoolArray = np.asarray(~np.isnan(scores[:, columns]).any(axis=1))
    if survey.weights is not None:
        complete &= survey.weights > 0
    # From the means, so that sums of squares keep their precision.
    centred = scores[:, kept] - means[np.isin(columns, kept)]
    values = np.where(complete[:, None], centred, 0.0)
    return Model(method, complete, values, kept[:-1], int(scores.shape[1]) - 1)


# ---- resamples -----------------------------------------------------------------------------------


def draw_coordinates(
    survey: Survey,
    attributes: AttributeScores,
    model: Model | None,
    rows: BoolArray,
    *,
    n_resamples: int,
    seed: int,
    cluster: str | None,
    progress: ProgressOption,
) -> Coordinates:
    """Coordinates of the attributes in bootstrap resamples of the respondents.

    Parameters
    ----------
    survey : Survey
        With weights and clusters.
    attributes : AttributeScores
        Scores.
    model : Model or None
        How importance is derived, if it can be.
    rows : BoolArray, shape (n_rows,)
        Respondents who are drawn.
    n_resamples, seed : int
        Size and seed of the bootstrap.
    cluster : str or None
        Grouping variable whose groups are drawn whole.
    progress : callable, bool or None
        See `servqual.progress.shown_progress`.

    Returns
    -------
    Coordinates
        Arrays of shape (n_resamples, k).

    Notes
    -----
    A mean over those who answered is the ratio of two sums: of the answers, and of who answered.
    Both are resampled, so a resample in which nobody answered gives nan, and every other the exact
    mean of its answers.
    """
    blocks = [attributes.performance]
    is_gap = attributes.performance is attributes.gap
    if not is_gap:
        blocks.append(attributes.gap)
    blocks += [part for part in (attributes.importance, attributes.products) if part is not None]
    scores = np.hstack(blocks)[rows]
    table = _table(scores, model, rows)
    weights = None if survey.weights is None else survey.weights[rows]
    clusters = None if cluster is None else cluster_codes(survey, cluster, rows)
    with shown_progress(progress, "Resampling") as tell:
        means = resampled_means(
            table,
            n_resamples=n_resamples,
            seed=seed,
            counts=weights if survey.weight_kind == "frequency" else None,
            sampling_weights=weights if survey.weight_kind == "sampling" else None,
            clusters=clusters,
            progress=tell,
        )
    size, k = scores.shape[1], len(attributes.terms)
    counted = means[:, size : 2 * size]
    ratios = iter(
        np.split(means[:, :size] / np.where(counted > 0.0, counted, np.nan), size // k, axis=1)
    )
    performance = next(ratios)
    gap = performance if is_gap else next(ratios)
    importance = np.full_like(performance, np.nan)
    if attributes.importance is not None:
        importance = next(ratios)
    elif model is not None:
        importance = _derived_draws(model, means[:, 2 * size :])
    products = None if attributes.products is None else next(ratios)
    return Coordinates(importance, performance, gap, products)


def _table(scores: FloatArray, model: Model | None, rows: BoolArray) -> FloatArray:
    """What is summed in resamples: scores, who has them, and what correlations are made of.

    Of a model these are: who is complete, the values, and their distinct products.
    """
    n_rows, size = scores.shape
    n_variables = 0 if model is None else model.values.shape[1]
    n_model = 0 if model is None else 1 + n_variables + n_variables * (n_variables + 1) // 2
    # Filled in place: with many items, the products are the largest array of the analysis.
    table = np.empty((n_rows, 2 * size + n_model))
    table[:, size : 2 * size] = ~np.isnan(scores)
    table[:, :size] = np.nan_to_num(scores)
    if model is not None:
        values = model.values[rows]
        table[:, 2 * size] = model.complete[rows]
        table[:, 2 * size + 1 : 2 * size + 1 + n_variables] = values
        pairs = zip(*np.triu_indices(n_variables), strict=True)
        for place, (one, other) in enumerate(pairs, start=2 * size + 1 + n_variables):
            np.multiply(values[:, one], values[:, other], out=table[:, place])
    return table


def _derived_draws(model: Model, means: FloatArray) -> FloatArray:
    n_variables = model.values.shape[1]
    covariances = covariances_from_products(
        means[:, 0], means[:, 1 : 1 + n_variables], means[:, 1 + n_variables :]
    )
    return model.importance(covariances)


def from_draws(estimate: Estimate, draws: FloatArray, conf_level: float) -> Estimate:
    """Give estimates the standard errors and percentile limits of their draws.

    Parameters
    ----------
    estimate : Estimate
        Of the sample.
    draws : FloatArray, shape (n_resamples, k)
        Of the resamples; nan draws are left out.
    conf_level : float
        Coverage.

    Returns
    -------
    Estimate
    """
    limits = percentile_interval(draws, conf_level)
    return Estimate(estimate.n, estimate.value, spread_of_draws(draws), limits.low, limits.high)


def spread_of_draws(draws: FloatArray) -> FloatArray:
    """Standard deviations of draws, shape (k,), over the draws that are numbers.

    Parameters
    ----------
    draws : FloatArray, shape (n_resamples, k)
        nan draws are left out.

    Returns
    -------
    FloatArray
        nan with fewer than two draws.
    """
    known = ~np.isnan(draws)
    count = known.sum(axis=0)
    means = np.where(known, draws, 0.0).sum(axis=0) / np.maximum(count, 1)
    squares = (np.where(known, draws - means, 0.0) ** 2).sum(axis=0)
    spread: FloatArray = np.sqrt(np.where(count > 1, squares, np.nan) / np.maximum(count - 1, 1))
    return spread
