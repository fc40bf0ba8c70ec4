"""The regression on low and high groups: its columns, its coefficients, its bootstrap draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servqual.analyses.contrast_groups import CodingRule, ContrastGroups, contrast_groups
from servqual.analyses.linear_fit import (
    check_repeatable,
    choose_covariance,
    exact_cluster_notes,
    excluded_notes,
    fit_linear,
    leverage_notes,
    warn_of_clusters,
    without_errors,
)
from servqual.analyses.predictors import ModelVariables
from servqual.analyses.resampling import cluster_codes, complete_respondents, resample
from servqual.errors import EstimationError, NotIdentifiedError, shorten
from servqual.numerics.least_squares import collinear_columns
from servqual.numerics.linear_hypotheses import LinearInference
from servqual.numerics.path_effects import path_coefficients
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import BoolArray, Covariance, FloatArray, IntArray, ProgressOption

__all__ = [
    "ContrastFit",
    "ContrastModel",
    "build_contrast_model",
    "contrast_draws",
    "contrast_notes",
    "fit_contrasts",
    "small_cells",
]

#: Groups with a smaller share of the respondents make coefficients that few people decide.
_SMALL_CELL = 0.05

#: A tail further from its share than this part of it is no quarter any more.
_FAR = 0.4

#: Respondents for an intercept, a penalty and a residual.
_FEWEST = 3

#: Unexplained share of variance below which a fit has no error.
_PERFECT = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class ContrastModel:
    """A regression on groups, ready to be fitted.

    Attributes
    ----------
    variables : ModelVariables
        Outcome, and the scores that were grouped.
    covariates : ModelVariables or None
        Variables that are taken as they are.
    groups : ContrastGroups
        Who is low and who is high.
    dummies : tuple of str
        Names of the columns of groups that are in the model.
    low_places, high_places : IntArray, shape (n_variables,)
        Place of each variable's penalty and reward among the coefficients, of which the intercept
        is the first; −1 where it does not exist.
    rows : FloatArray, shape (n_complete, n_columns + 1)
        Columns of groups, covariates and the outcome of complete respondents.
    keep : BoolArray, shape (n_respondents,)
        Which respondents these are.
    moments : Moments
        Of the rows.
    n_excluded : int
        Respondents left out.
    share : float
        Share of each tail that was asked for; nan for other rules than quantiles.
    """

    variables: ModelVariables
    covariates: ModelVariables | None
    groups: ContrastGroups
    dummies: tuple[str, ...]
    low_places: IntArray
    high_places: IntArray
    rows: FloatArray
    keep: BoolArray
    moments: Moments
    n_excluded: int
    share: float

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns but the outcome."""
        return (*self.dummies, *(() if self.covariates is None else self.covariates.terms))


@dataclass(frozen=True, slots=True, eq=False)
class ContrastFit:
    """Coefficients of the model.

    Attributes
    ----------
    covariance : str
        Kind of covariance matrix.
    inference : LinearInference
        Coefficients, the intercept first; their covariance matrix is nan where it does not exist.
    r_squared, adj_r_squared : float
        Share of the variance explained.
    notes : tuple of str
        Why standard errors do not exist.
    """

    covariance: Covariance
    inference: LinearInference
    r_squared: float
    adj_r_squared: float
    notes: tuple[str, ...]


def build_contrast_model(
    survey: Survey,
    variables: ModelVariables,
    covariates: ModelVariables | None,
    rule: CodingRule,
) -> ContrastModel:
    """Group the respondents who have all variables, and make the columns of the regression.

    Parameters
    ----------
    survey : Survey
        With the variables.
    variables : ModelVariables
        Outcome and scores.
    covariates : ModelVariables or None
        Further variables.
    rule : CodingRule
        Who is low and who is high.

    Returns
    -------
    ContrastModel

    Raises
    ------
    EstimationError
        If too few or too many respondents remain, the outcome is constant, or there is nothing to
        contrast.
    NotIdentifiedError
        If columns repeat each other.
    """
    others = () if covariates is None else covariates.variables
    values = survey.rows([*variables.variables, *others, variables.outcome])
    keep = complete_respondents(survey, values)
    n_obs = survey.count_respondents(keep)
    n_scores = len(variables.variables)
    if n_obs < _FEWEST:
        raise EstimationError(
            f"`penalty_reward` needs at least {_FEWEST} respondents with all variables, for low, "
            f"middle and high, but there {'is 1' if n_obs == 1 else f'are {n_obs}'} of "
            f"{survey.n_respondents:,}. Leave out the variable that is missing most, or collect "
            "more answers."
        )
    check_repeatable(survey, keep, "penalty_reward")
    groups = contrast_groups(survey, variables, values[keep, :n_scores], keep, rule)
    names, columns, low_places, high_places = _dummies(groups)
    rows = np.column_stack([columns, values[keep, n_scores:]])
    moments = Moments.collect(
        rows,
        weights=None if survey.weights is None else survey.weights[keep],
        weight_kind=survey.weight_kind,
    )
    model = ContrastModel(
        variables,
        covariates,
        groups,
        names,
        low_places,
        high_places,
        rows,
        keep,
        moments,
        survey.n_respondents - n_obs,
        rule.share,
    )
    _check(survey, model)
    return model


def _dummies(groups: ContrastGroups) -> tuple[tuple[str, ...], FloatArray, IntArray, IntArray]:
    """Columns of the groups that exist, their names, and where each variable's are."""
    names: list[str] = []
    columns: list[FloatArray] = []
    low_places = np.full(len(groups.cells), -1, dtype=np.int64)
    high_places = low_places.copy()
    for place, term in enumerate(groups.cells["term"]):
        codes = groups.codes[:, place]
        exists = {code: bool((codes == code).any()) for code in (-1, 0, 1)}
        for code, word, places in ((-1, "low", low_places), (1, "high", high_places)):
            if not exists[code]:
                continue
            if not exists[0] and (code == 1 or not exists[1]):
                # Without a middle, one column says all that two would; alone, it is constant.
                continue
            columns.append((codes == code).astype(np.float64))
            names.append(f"{term} ({word})")
            if exists[0]:
                places[place] = len(columns)
    values = np.column_stack(columns) if columns else np.empty((len(groups.codes), 0))
    return tuple(names), values, low_places, high_places


def _check(survey: Survey, model: ContrastModel) -> None:
    n_obs, names = model.moments.n_obs, model.columns
    if not model.dummies:
        raise EstimationError(
            "No score has both a middle group and a low or a high one, so there is nothing to "
            f"contrast: {shorten(model.variables.terms)}. Look at the distribution of the answers, "
            "or use another `coding`."
        )
    if n_obs < len(names) + 2:
        raise EstimationError(
            f"`penalty_reward` needs at least {len(names) + 2} respondents with all variables for "
            f"its {len(names) + 1} coefficients, but there are {n_obs:,} of "
            f"{survey.n_respondents:,}. Use fewer predictors."
        )
    spread = model.moments.standard_deviation()
    if not spread[-1] > 0.0:
        raise EstimationError(
            f"{model.variables.outcome} is the same for all {n_obs:,} respondents, but an outcome "
            "must vary."
        )
    constant = [name for name, size in zip(names, spread[:-1], strict=True) if not size > 0.0]
    if constant:
        raise EstimationError(
            f"These columns do not vary over the {n_obs:,} respondents: {shorten(constant)}. Leave "
            "such covariates out; for such groups use another `coding`."
        )
    repeating = collinear_columns(model.moments.covariance()[:-1, :-1])
    if repeating.size:
        raise NotIdentifiedError(
            "These groups and covariates repeat each other exactly, so their coefficients cannot "
            f"be told apart: {shorten(names[place] for place in repeating)}. Leave one of the "
            "predictors out, or use another `coding`."
        )


def small_cells(groups: ContrastGroups) -> list[str]:
    """Groups that have respondents, but less than 5% of them.

    Parameters
    ----------
    groups : ContrastGroups
        All groups.

    Returns
    -------
    list of str
        Such as ``"reliability (low)"``.
    """
    return _cells(groups, lambda share: (share > 0.0) & (share < _SMALL_CELL))


def _cells(groups: ContrastGroups, chosen: Callable[[pd.Series], pd.Series]) -> list[str]:
    found = {
        word: chosen(groups.cells[f"share_{word}"]).to_numpy() for word in ("low", "middle", "high")
    }
    return [
        f"{term} ({word})"
        for place, term in enumerate(groups.cells["term"])
        for word, rows in found.items()
        if rows[place]
    ]


def contrast_notes(model: ContrastModel) -> list[str]:
    """Say who was left out, and which groups are empty or small.

    Parameters
    ----------
    model : ContrastModel
        From `build_contrast_model`.

    Returns
    -------
    list of str
    """
    notes = excluded_notes(model.n_excluded)
    empty = _cells(model.groups, lambda share: share == 0.0)
    without = [name.removesuffix(" (middle)") for name in empty if name.endswith(" (middle)")]
    if without:
        notes.append(
            "Nobody is in the middle, from which penalty and reward are measured, so there are "
            f"none: {shorten(without)}. They stay in the model as one column each, unless all "
            "respondents are in one group."
        )
    others = [name for name in empty if not name.endswith(" (middle)")]
    if others:
        notes.append(f"Nobody is in these groups, so they have no coefficient: {shorten(others)}.")
    far = _cells(
        model.groups,
        lambda share: (share > 0.0) & ((share - model.share).abs() > _FAR * model.share),
    )
    far = [name for name in far if not name.endswith(" (middle)")]
    if far:
        notes.append(
            f"Scores repeat so much that these groups are far from {model.share:.0%} of the "
            f"respondents: {shorten(far)}. Another sample may well be cut elsewhere; "
            '`coding="scale"` cuts at points that do not move.'
        )
    small = small_cells(model.groups)
    if small:
        notes.append(f"Less than 5% of the respondents are in these groups: {shorten(small)}.")
    if len(np.unique(model.rows[:, -1])) == 2:
        notes.append(
            f"{model.variables.outcome} has two values only. Coefficients are differences between "
            "shares, times the distance of the two values."
        )
    return notes


def fit_contrasts(
    survey: Survey, model: ContrastModel, covariance: Covariance | None, cluster: str | None
) -> ContrastFit:
    """Fit the regression.

    Parameters
    ----------
    survey : Survey
        Where weights and clusters are.
    model : ContrastModel
        From `build_contrast_model`.
    covariance : str or None
        Kind of covariance matrix that was asked for.
    cluster : str or None
        Grouping variable.

    Returns
    -------
    ContrastFit

    Raises
    ------
    OptionError
        If covariance matrix and clusters do not go together.

    Warns
    -----
    SmallSampleWarning
        If there are too few clusters.
    """
    codes = None if cluster is None else cluster_codes(survey, cluster, model.keep)
    kind = choose_covariance(survey, covariance, cluster, codes)
    fitted = fit_linear(
        model.rows,
        model.columns,
        model.variables.outcome,
        covariance=kind,
        weights=None if survey.weights is None else survey.weights[model.keep],
        weight_kind=survey.weight_kind,
        clusters=codes,
    )
    warn_of_clusters(fitted, kind, cluster, stacklevel=3)
    problems = leverage_notes(fitted.model, kind)
    r_squared = float(fitted.model.rsquared)
    if 1.0 - r_squared < _PERFECT:
        problems = [
            "The groups reproduce the outcome without error, so there are no standard errors."
        ]
    n_obs = model.moments.n_obs
    return ContrastFit(
        covariance=kind,
        inference=without_errors(fitted) if problems else fitted.inference,
        r_squared=r_squared,
        adj_r_squared=1.0 - (1.0 - r_squared) * (n_obs - 1) / (n_obs - len(model.columns) - 1),
        notes=(*problems, *exact_cluster_notes(fitted.inference)),
    )


def contrast_draws(
    survey: Survey,
    model: ContrastModel,
    *,
    n_resamples: int,
    seed: int,
    cluster: str | None,
    progress: ProgressOption,
) -> FloatArray | None:
    """Coefficients in bootstrap resamples, with the groups that the sample formed.

    Parameters
    ----------
    survey : Survey
        Where weights and clusters are.
    model : ContrastModel
        From `build_contrast_model`.
    n_resamples, seed : int
        Settings of the bootstrap.
    cluster : str or None
        Grouping variable whose groups are drawn whole.
    progress : callable, bool or None
        See `servqual.progress.shown_progress`.

    Returns
    -------
    FloatArray or None, shape (n_resamples, n_columns + 1)
        The intercept first. A group that is empty in a resample is nan there; where columns repeat
        each other, all are. None for no resamples.
    """
    if n_resamples == 0:
        return None
    resampled = resample(
        survey,
        model.rows,
        model.keep,
        n_resamples=n_resamples,
        seed=seed,
        cluster=cluster,
        progress=progress,
    )
    covariances = resampled.covariances.copy()
    size = len(model.columns)
    diagonal = np.arange(size)
    empty = ~(covariances[:, diagonal, diagonal] > 0.0)
    # A column that is constant in a resample has no covariances either. With a variance of one it
    # stands alone and gets a slope of zero, so the others are those of the model without it.
    covariances[:, diagonal, diagonal] += empty
    slopes = path_coefficients(covariances, [(size, tuple(range(size)))])
    intercept = resampled.means[:, -1] - (slopes * resampled.means[:, :-1]).sum(axis=1)
    slopes[empty] = np.nan
    return np.column_stack([intercept, slopes])
