"""Which variables explain an outcome: `predictors=` turned into names, terms and labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from servqual.errors import NotPositiveDefiniteError, OptionError, nearest, shorten
from servqual.numerics.least_squares import SINGULAR, smallest_eigenvalue
from servqual.samplestats.moments import Moments, require_moments
from servqual.survey.survey import QUALITY, Survey, require_survey
from servqual.typing import On, PredictorLevel, check_option


@dataclass(frozen=True, slots=True)
class ModelVariables:
    """Outcome and predictors of a model.

    Attributes
    ----------
    outcome : str
        Name by which the data give the outcome.
    variables : tuple of str
        Names by which the data give the predictors.
    terms : tuple of str
        How the result calls the predictors.
    labels : tuple of str
        How tables and plots call them.
    """

    outcome: str
    variables: tuple[str, ...]
    terms: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Predictors, then the outcome."""
        return (*self.variables, self.outcome)


def model_variables(
    data: Survey | Moments,
    *,
    outcome: str,
    on: On,
    predictors: PredictorLevel | Sequence[str],
    analysis: str,
) -> ModelVariables:
    """Find the variables of a model in a survey or in moments.

    Parameters
    ----------
    data : Survey or Moments
        Where they are.
    outcome : str
        Outcome, or a column of the survey; a variable of the moments.
    on : str
        Side or difference of which scores are taken; means nothing for moments.
    predictors : {"dimensions", "items", "overall"} or sequence of str
        A level of the survey's scores, or names: dimensions, outcomes, columns.
    analysis : str
        Name of the analysis, for messages.

    Returns
    -------
    ModelVariables

    Raises
    ------
    OptionError
        If a name is not known or no text, or the outcome is among the predictors.
    RowsRequiredError
        If `data` is neither.
    """
    if not isinstance(data, Moments):
        require_survey(data, analysis, moments_do=True)
    if not isinstance(outcome, str):
        raise OptionError(
            f"`outcome` is {outcome!r}, but must be the name of one outcome, such as "
            '"satisfaction".'
        )
    asked = _asked_for(predictors)
    if isinstance(data, Moments):
        found = _of_moments(data, outcome, asked)
    else:
        check_option("on", on, On)
        found = _of_survey(data, outcome, on, asked)
    if not found.variables:
        raise OptionError("`predictors` is empty; name at least one.")
    repeated = sorted({name for name in found.variables if found.variables.count(name) > 1})
    if repeated:
        raise OptionError(
            f"These variables of `{analysis}` are named more than once: {shorten(repeated)}. Name "
            "each of them once."
        )
    if found.outcome in found.variables:
        raise OptionError(
            f'The outcome "{outcome}" is among the predictors; take it out of one of them.'
        )
    return found


def model_moments(data: Survey | Moments, variables: ModelVariables, analysis: str) -> Moments:
    """Moments of the variables of a model, the outcome last, checked for what no data can have.

    Parameters
    ----------
    data : Survey or Moments
        Where the variables are.
    variables : ModelVariables
        As `model_variables` found them.
    analysis : str
        Name of the analysis, for messages.

    Returns
    -------
    Moments

    Raises
    ------
    EstimationError
        If too few respondents remain, or a variable is constant.
    NotPositiveDefiniteError
        If no data can have these covariances, as after a misprint in a matrix from a paper.
    """
    minimum = len(variables.variables) + 2
    moments = require_moments(data, variables.names, minimum=minimum, what=analysis)
    smallest = smallest_eigenvalue(moments.covariance())
    if smallest < -SINGULAR:
        raise NotPositiveDefiniteError(
            f"No data can have this covariance matrix of {shorten(variables.names)}: the smallest "
            f"eigenvalue of its correlations is {smallest:.3g}, and `{analysis}` needs one that is "
            "not negative. Look for a misprint in the matrix, or for correlations that come from "
            "different respondents."
        )
    return moments


def _asked_for(predictors: object) -> str | tuple[str, ...]:
    """Give a level or names, or refuse what is neither."""
    if isinstance(predictors, str):
        return predictors
    names = tuple(predictors) if isinstance(predictors, Iterable) else (predictors,)
    if not all(isinstance(name, str) for name in names):
        raise OptionError(
            f"`predictors` is {predictors!r}, but must be a level of scores, such as "
            '"dimensions", or a list of names, such as ["P1", "P2"].'
        )
    return names


def _of_moments(
    moments: Moments, outcome: str, predictors: str | tuple[str, ...]
) -> ModelVariables:
    if isinstance(predictors, tuple):
        return ModelVariables(outcome, predictors, predictors, predictors)
    if predictors in moments.variables:
        names: tuple[str, ...] = (predictors,)
    elif predictors == "dimensions":
        names = tuple(name for name in moments.variables if name != outcome)
    else:
        close = nearest(predictors, moments.variables, n=1)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        raise OptionError(
            f'`predictors` is "{predictors}", but these moments hold '
            f"{shorten(moments.variables)}.{hint} Give a list of their names, or leave "
            "`predictors` out for all but the outcome."
        )
    return ModelVariables(outcome, names, names, names)


def _of_survey(
    survey: Survey, outcome: str, on: On, predictors: str | tuple[str, ...]
) -> ModelVariables:
    _check_outcome(survey, outcome)
    if not isinstance(predictors, str):
        return _named(survey, outcome, on, predictors)
    check_option(
        "predictors",
        predictors,
        PredictorLevel,
        f'Or give a list of names, such as ["{survey.instrument.dimensions[0].key}"].',
    )
    if predictors == "overall":
        return ModelVariables(outcome, (f"{on}:{QUALITY}",), (QUALITY,), ("Overall quality",))
    if predictors == "items":
        return _items(survey, outcome, on)
    keys = [dimension.key for dimension in survey.instrument.dimensions]
    return _named(survey, outcome, on, keys)


def _items(survey: Survey, outcome: str, on: On) -> ModelVariables:
    items = survey.instrument.items
    variables = tuple(f"{on}:{item.number}" for item in items)
    labels = tuple(f"{item.number} {item.label}" for item in items)
    return ModelVariables(outcome, variables, survey.item_names(on), labels)


def _named(survey: Survey, outcome: str, on: On, names: Sequence[str]) -> ModelVariables:
    dimensions = {dimension.key: dimension.label for dimension in survey.instrument.dimensions}
    variables = tuple(
        f"{on}:{name}" if name in dimensions or name == QUALITY else name for name in names
    )
    labels = tuple(dimensions.get(name, name) for name in names)
    return ModelVariables(outcome, variables, tuple(names), labels)


def _check_outcome(survey: Survey, outcome: str) -> None:
    if outcome in survey.outcomes or any(
        outcome in columns for columns in survey.outcomes.values()
    ):
        return
    known = list(survey.outcomes)
    if not known:
        raise OptionError(
            f'`outcome` is "{outcome}", but this survey has no outcomes. Declare them when it is '
            "made: "
            '`outcomes={"satisfaction": ["SAT1", "SAT2"]}`.'
        )
    close = nearest(str(outcome), known, n=1)
    hint = f' Did you mean "{close[0]}"?' if close else ""
    raise OptionError(
        f'`outcome` is "{outcome}", but this survey has the outcomes {shorten(known)}.{hint}'
    )
