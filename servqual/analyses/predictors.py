"""Which variables explain an outcome: `predictors=` turned into names, terms and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from servqual.errors import OptionError, nearest, shorten
from servqual.samplestats.moments import Moments
from servqual.survey.survey import QUALITY, Survey, require_survey
from servqual.typing import DIFFERENCES, On, PredictorLevel, check_option

_ITEM_PREFIX = {"gap": "G", "adequacy": "MSA", "superiority": "MSS"}


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
        If a name is not known, or the outcome is among the predictors.
    RowsRequiredError
        If `data` is neither.
    """
    if isinstance(data, Moments):
        found = _of_moments(data, outcome, predictors)
    else:
        survey = require_survey(data, analysis, moments_do=True)
        check_option("on", on, On)
        found = _of_survey(survey, outcome, on, predictors)
    if not found.variables:
        raise OptionError("`predictors` is empty; name at least one.")
    repeated = sorted({name for name in found.variables if found.variables.count(name) > 1})
    if repeated:
        raise OptionError(f"`predictors` names these more than once: {shorten(repeated)}.")
    if found.outcome in found.variables:
        raise OptionError(
            f'The outcome "{outcome}" is among the predictors; take it out of one of them.'
        )
    return found


def _of_moments(
    moments: Moments, outcome: str, predictors: PredictorLevel | Sequence[str]
) -> ModelVariables:
    if isinstance(predictors, str):
        if predictors in moments.variables:
            predictors = [predictors]
        else:
            names = tuple(name for name in moments.variables if name != outcome)
            return ModelVariables(outcome, names, names, names)
    names = tuple(predictors)
    return ModelVariables(outcome, names, names, names)


def _of_survey(
    survey: Survey, outcome: str, on: On, predictors: PredictorLevel | Sequence[str]
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
    if on in DIFFERENCES:
        terms = tuple(f"{_ITEM_PREFIX[on]}{item.number}" for item in items)
    else:
        terms = tuple(survey.columns[on][item.number] for item in items)  # type: ignore[index]
    variables = tuple(f"{on}:{item.number}" for item in items)
    labels = tuple(f"{item.number} {item.label}" for item in items)
    return ModelVariables(outcome, variables, terms, labels)


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
