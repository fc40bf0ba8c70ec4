"""A scenario put together: who is moved by how much, the regressions, sample and resamples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from servqual.analyses.predictors import ModelVariables, model_variables
from servqual.analyses.resampling import cluster_codes, warn_of_few_clusters
from servqual.analyses.what_if_options import AskedChanges, OutcomeScale
from servqual.errors import (
    EstimationError,
    NotIdentifiedError,
    OptionError,
    shorten,
)
from servqual.numerics.least_squares import collinear_columns
from servqual.numerics.what_if import (
    Scenario,
    ScenarioChanges,
    ScoreChanges,
    WhatIfModel,
    resampled_changes,
    scenario_changes,
    score_changes,
    share_positions,
)
from servqual.progress import shown_progress
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import (
    DIFFERENCES,
    BoolArray,
    FloatArray,
    IntArray,
    PerceptionScore,
    ProgressOption,
)

__all__ = [
    "MovedAnswers",
    "changes_of_resamples",
    "changes_of_sample",
    "counting_answers",
    "scenario_model",
    "scenario_variables",
]


def scenario_variables(
    survey: Survey,
    outcome: str,
    through: str | None,
    on: PerceptionScore,
    covariates: Sequence[str],
) -> ModelVariables:
    """Dimensions, covariates, the mediator, and the outcome last.

    Parameters
    ----------
    survey : Survey
        Where they are.
    outcome : str
        What is looked at.
    through : str or None
        The mediator.
    on : str
        Of which scores the dimensions are.
    covariates : sequence of str
        What is held fixed.

    Returns
    -------
    ModelVariables

    Raises
    ------
    OptionError
        If a name is not known, or stands for two things.
    """
    keys = [dimension.key for dimension in survey.instrument.dimensions]
    others: object = covariates
    if (
        isinstance(others, str)
        or not isinstance(others, Sequence)
        or not all(isinstance(name, str) for name in others)
    ):
        raise OptionError(
            f'`covariates` is {others!r}, but must be a list of names, such as ["E1", "E2"].'
        )
    twice = [name for name in covariates if name in (*keys, through, outcome)]
    if twice:
        raise OptionError(
            f"`covariates` names {shorten(twice)}, which is in the model already: as a dimension, "
            "the mediator or the outcome. Leave it out."
        )
    mediator: object = through
    if mediator is not None and (not isinstance(mediator, str) or mediator == outcome):
        raise OptionError(
            f"`through` is {mediator!r}, but must name a variable between quality and the outcome "
            f'{outcome!r}, such as "satisfaction" for loyalty; leave it out for none.'
        )
    between = [] if through is None else [through]
    return model_variables(
        survey,
        outcome=outcome,
        on=on,
        predictors=[*keys, *covariates, *between],
        analysis="what_if",
    )


def counting_answers(survey: Survey, on: PerceptionScore) -> tuple[FloatArray, list[IntArray]]:
    """Perceptions that count for scores, and which columns are whose.

    Parameters
    ----------
    survey : Survey
        Where they are.
    on : str
        Of which scores; a difference needs both of its sides.

    Returns
    -------
    answers : FloatArray, shape (n, n_items)
        nan where a perception does not count.
    groups : list of IntArray
        Columns of each dimension.
    """
    answers = survey.answers("perception")
    if on in DIFFERENCES:
        answers = np.where(np.isnan(survey.answers(on)), np.nan, answers)
    groups = [
        np.array(
            [
                place
                for place, item in enumerate(survey.instrument.items)
                if item.dimension == dimension.key
            ]
        )
        for dimension in survey.instrument.dimensions
    ]
    return answers, groups


@dataclass(frozen=True, slots=True, eq=False)
class MovedAnswers:
    """Respondents' answers moved as was asked, and each by one point.

    Attributes
    ----------
    answers : FloatArray, shape (n, n_items)
        Perceptions that count, before.
    groups : list of IntArray
        Columns of each dimension.
    dimensions : tuple of int
        Places of the dimensions that are to move.
    asked, of_one_point : ScoreChanges
        What the shifts do.
    """

    answers: FloatArray
    groups: list[IntArray]
    dimensions: tuple[int, ...]
    asked: ScoreChanges
    of_one_point: ScoreChanges

    @classmethod
    def of(
        cls,
        survey: Survey,
        asked: AskedChanges,
        answers: FloatArray,
        groups: list[IntArray],
    ) -> MovedAnswers:
        """Move the answers of the respondents of the model, within the scale of the instrument."""
        scale = survey.instrument.scale
        ends = (scale.minimum, scale.maximum)
        ones = np.ones(answers.shape[1])
        return cls(
            answers=answers,
            groups=groups,
            asked=score_changes(answers, asked.shifts, groups, *ends),
            of_one_point=score_changes(answers, ones, groups, *ends),
            dimensions=asked.dimensions,
        )


def scenario_model(
    complete: FloatArray, moved: MovedAnswers, scale: OutcomeScale, *, mediated: bool
) -> WhatIfModel:
    """Regressions, with the scenario as asked first, then each dimension by one point.

    Parameters
    ----------
    complete : FloatArray, shape (n, n_variables)
        Rows of the variables of `scenario_variables`.
    moved : MovedAnswers
        The same respondents' changes.
    scale : OutcomeScale
        The same respondents' answers to the outcome.
    mediated : bool
        Whether there is a mediator.

    Returns
    -------
    WhatIfModel
    """
    scenarios = [Scenario(moved.dimensions, moved.asked.scores[:, list(moved.dimensions)])]
    scenarios += [
        Scenario((place,), moved.of_one_point.scores[:, [place]])
        for place in range(len(moved.groups))
    ]
    positions = [
        share_positions(scale.totals, scale.n_answers, threshold) for threshold in scale.thresholds
    ]
    return WhatIfModel(
        data=complete,
        n_predictors=len(moved.groups),
        mediated=mediated,
        scenarios=tuple(scenarios),
        positions=np.array(positions).reshape(len(positions), len(complete)),
        n_answers=scale.n_answers,
    )


# ---- sample and resamples ------------------------------------------------------------------------


def changes_of_sample(
    model: WhatIfModel,
    weights: FloatArray | None,
    moments: Moments,
    variables: ModelVariables,
) -> ScenarioChanges:
    """Changes in the sample itself.

    Parameters
    ----------
    model : WhatIfModel
        Data and scenarios.
    weights : FloatArray or None, shape (n,)
        Weights of the respondents.
    moments : Moments
        Of the variables, to name what repeats itself.
    variables : ModelVariables
        Their names.

    Returns
    -------
    ScenarioChanges
        One row.

    Raises
    ------
    NotIdentifiedError
        If predictors repeat each other.
    """
    row = np.ones(len(model.data)) if weights is None else weights
    found = scenario_changes(model, row[None, :])
    if not np.isfinite(found.mean).all():
        repeating = collinear_columns(moments.covariance()[:-1, :-1])
        terms = [variables.terms[place] for place in repeating]
        raise NotIdentifiedError(
            "These predictors repeat each other exactly, so that `what_if` cannot tell what goes "
            f"with a change of one: {shorten(terms or variables.terms)}. Take away a covariate or "
            "the mediator, or use an instrument without one of the dimensions."
        )
    return found


def changes_of_resamples(
    survey: Survey,
    model: WhatIfModel,
    keep: BoolArray,
    cluster: str | None,
    *,
    n_resamples: int,
    seed: int,
    progress: ProgressOption,
) -> tuple[ScenarioChanges | None, int]:
    """Changes in each resample, and how many of them have none.

    Parameters
    ----------
    survey : Survey
        Where weights and clusters are.
    model : WhatIfModel
        Data and scenarios.
    keep : BoolArray, shape (n_respondents,)
        Respondents of the model.
    cluster : str or None
        Grouping variable whose groups are drawn whole.
    n_resamples : int
        Number of resamples; with 0 there are none.
    seed : int
        Seed of the generator.
    progress : callable, bool or None
        See `servqual.progress.shown_progress`.

    Returns
    -------
    draws : ScenarioChanges or None
        One row per resample.
    n_degenerate : int
        Rows of nan.

    Raises
    ------
    EstimationError
        If more than half of the resamples have no result, or a cluster is missing for someone.

    Warns
    -----
    SmallSampleWarning
        If there are fewer than 20 clusters.
    """
    codes = None if cluster is None else cluster_codes(survey, cluster, keep)
    if n_resamples == 0:
        return None, 0
    if cluster is not None and codes is not None:
        warn_of_few_clusters(codes, cluster, stacklevel=3)
    weights = None if survey.weights is None else survey.weights[keep]
    with shown_progress(progress, "Resampling") as tell:
        draws = resampled_changes(
            model,
            n_resamples=n_resamples,
            seed=seed,
            counts=weights if survey.weight_kind == "frequency" else None,
            sampling_weights=weights if survey.weight_kind == "sampling" else None,
            clusters=codes,
            progress=tell,
        )
    n_degenerate = int(np.isnan(draws.mean[:, 0]).sum())
    if n_degenerate > n_resamples // 2:
        raise EstimationError(
            f"In {n_degenerate} of {n_resamples} resamples a variable was constant or repeated "
            "others, so there are no intervals. Use fewer covariates, or more respondents."
        )
    return draws, n_degenerate
