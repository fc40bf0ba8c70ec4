"""What a scenario asks for: which answers are moved by how much, and which shares are counted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from servqual.errors import EstimationError, OptionError, nearest, shorten
from servqual.survey.survey import QUALITY, Survey
from servqual.typing import BoolArray, FloatArray, IntArray

__all__ = ["AskedChanges", "OutcomeScale", "asked_changes", "check_answered", "outcome_scale"]

#: Names of a question whether one would recommend, which is asked from 0 to 10 as a rule.
_RECOMMENDATION = re.compile(r"recommend|nps|promoter", re.IGNORECASE)

#: Lowest scores of a promoter and of a passive respondent.
_PROMOTER, _PASSIVE = 9.0, 7.0


@dataclass(frozen=True, slots=True, eq=False)
class AskedChanges:
    """Shifts of the perceptions.

    Attributes
    ----------
    shifts : FloatArray, shape (n_items,)
        By how much each item's perceptions are moved, in the order of the instrument's items.
    dimensions : tuple of int
        Places of the dimensions that are moved, wholly or in an item.
    items : tuple of int
        Places of the items that were named themselves.
    """

    shifts: FloatArray
    dimensions: tuple[int, ...]
    items: tuple[int, ...]


def asked_changes(survey: Survey, changes: Mapping[str, float]) -> AskedChanges:
    """Turn `changes=` into a shift of each item.

    Parameters
    ----------
    survey : Survey
        Whose dimensions and items are named.
    changes : mapping of str to float
        Dimension, ``"quality"`` (all), or item (number, key or column) → scale points.

    Returns
    -------
    AskedChanges

    Raises
    ------
    OptionError
        If that is no mapping of known names to finite numbers, or moves an item twice.

    Examples
    --------
    >>> import servqual as sq
    >>> asked = asked_changes(sq.load_example("bank"), {"tangibles": 0.5, "P5": 1})
    >>> asked.shifts[:6].tolist(), asked.dimensions
    ([0.5, 0.5, 0.5, 0.5, 1.0, 0.0], (0, 1))
    """
    asked: object = changes
    if not isinstance(asked, Mapping) or not asked:
        raise OptionError(
            f"`changes` is {asked!r}, but must say what is to change by how many points of the "
            f'scale, such as {{"{survey.instrument.dimensions[0].key}": 0.5}}.'
        )
    items = survey.instrument.items
    shifts = np.zeros(len(items))
    moved_by: dict[int, object] = {}
    named_items: list[int] = []
    for name, given in asked.items():
        size = _number(name, given)
        members, is_item = _members(survey, name)
        for place in members:
            if place in moved_by:
                raise OptionError(
                    f"`changes` moves item {items[place].number} twice: by {moved_by[place]!r} and "
                    f"by {name!r}. Name it once, with the whole change."
                )
            moved_by[place] = name
            shifts[place] = size
        if is_item:
            named_items.extend(members)
    touched = {items[place].dimension for place in moved_by}
    keys = [dimension.key for dimension in survey.instrument.dimensions]
    return AskedChanges(
        shifts=shifts,
        dimensions=tuple(place for place, key in enumerate(keys) if key in touched),
        items=tuple(sorted(named_items)),
    )


def _as_number(given: object) -> float:
    """A number as float; nan for everything else."""
    if isinstance(given, bool) or not isinstance(given, (int, float, np.integer, np.floating)):
        return float("nan")
    return float(given)


def _number(name: object, given: object) -> float:
    size = _as_number(given)
    if not np.isfinite(size):
        raise OptionError(
            f"`changes` moves {name!r} by {given!r}, but must give a finite number of points of "
            "the scale, such as 0.5 or -1."
        )
    return size


def _members(survey: Survey, name: object) -> tuple[list[int], bool]:
    """Places of the items that a name moves, and whether it is the name of one item."""
    items = survey.instrument.items
    keys = [dimension.key for dimension in survey.instrument.dimensions]
    if name == QUALITY:
        return list(range(len(items))), False
    if name in keys:
        return [place for place, item in enumerate(items) if item.dimension == name], False
    columns = survey.item_names("perception")
    for place, item in enumerate(items):
        if name in (item.number, str(item.number), item.key, columns[place]):
            return [place], True
    close = nearest(str(name), [*keys, QUALITY, *columns], n=1)
    hint = f' Did you mean "{close[0]}"?' if close else ""
    raise OptionError(
        f"`changes` names {name!r}, but this survey has the dimensions {shorten(keys)} (together: "
        f'"{QUALITY}") and the items {items[0].number} to {items[-1].number}.{hint}'
    )


def check_answered(
    survey: Survey, counting: BoolArray, asked: AskedChanges, groups: Sequence[IntArray]
) -> None:
    """Raise `EstimationError` if nobody answered what is to be moved, or the model needs.

    Parameters
    ----------
    survey : Survey
        Whose names the message uses.
    counting : BoolArray, shape (n, n_items)
        Which answers count for scores.
    asked : AskedChanges
        What is moved.
    groups : sequence of IntArray
        Columns of each dimension.

    Raises
    ------
    EstimationError
        With the dimensions or items.
    """
    dimensions = survey.instrument.dimensions
    silent = [
        dimensions[place].key
        for place, columns in enumerate(groups)
        if not counting[:, columns].any()
    ]
    silent += [
        f"item {survey.instrument.items[place].number}"
        for place in asked.items
        if not counting[:, place].any()
    ]
    if silent:
        raise EstimationError(
            f"Nobody has answers that count to {shorten(silent)}, so that a change of it cannot be "
            "put through a model. A gap needs both of its sides; "
            '`on="perception"` needs perceptions only.'
        )


@dataclass(frozen=True, slots=True, eq=False)
class OutcomeScale:
    """The outcome's answers and their scale.

    Attributes
    ----------
    ends : tuple of float
        Lowest and highest answer; nan where not known.
    top_two : float
        Lowest score of the top two boxes; nan where there are none.
    is_recommendation : bool
        Whether it is one question asked from 0 to 10, which has a net promoter score.
    totals, n_answers : FloatArray, shape (n,)
        Sum and number of each respondent's answers behind the score.
    note : str
        Why there are no top two boxes; empty where there are.
    """

    ends: tuple[float, float]
    top_two: float
    is_recommendation: bool
    totals: FloatArray
    n_answers: FloatArray
    note: str

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Lowest scores that count, each once: of the top two boxes, promoters and passives."""
        listed = [self.top_two] if np.isfinite(self.top_two) else []
        listed += [_PROMOTER, _PASSIVE] if self.is_recommendation else []
        return tuple(dict.fromkeys(listed))


def outcome_scale(
    survey: Survey, outcome: str, keep: BoolArray, given: tuple[float, float] | None
) -> OutcomeScale:
    """Find the scale of an outcome: as told, the instrument's, or 0 to 10 for a recommendation.

    Parameters
    ----------
    survey : Survey
        Where the outcome is.
    outcome : str
        An outcome, or one of its columns.
    keep : BoolArray, shape (n,)
        Respondents of the analysis.
    given : tuple of float, optional
        Lowest and highest answer, if told.

    Returns
    -------
    OutcomeScale

    Raises
    ------
    OptionError
        If the range is no range, or answers lie outside.

    Examples
    --------
    >>> import numpy as np
    >>> import servqual as sq
    >>> survey = sq.load_example("bank")
    >>> scale = outcome_scale(survey, "satisfaction", np.ones(600, dtype=bool), None)
    >>> scale.ends, scale.top_two
    ((1.0, 7.0), 6.0)
    """
    columns = survey.outcomes.get(outcome, (outcome,))
    answers = survey.rows(columns)[keep]
    answered = ~np.isnan(answers)
    low, high = float(np.nanmin(answers)), float(np.nanmax(answers))
    ends = _ends(survey, (outcome, *columns), low, high, given)
    whole = bool((answers[answered] == np.rint(answers[answered])).all())
    top_two, note = np.nan, ""
    if not np.isfinite(ends[0]):
        note = (
            f"The answers to {outcome} run from {low:g} to {high:g}, beyond the instrument's scale "
            f"{survey.instrument.scale}, so that there is no share of top two boxes. Give "
            "`outcome_range=(lowest, highest)`."
        )
    elif not whole or ends[1] != round(ends[1]):
        note = (
            f"{outcome} has answers between whole numbers, so that there are no boxes and no "
            "share of the top two."
        )
    elif ends[1] - ends[0] < 2.0:
        note = (
            f"{outcome} has two answers only, so that everybody is in the top two boxes; its mean "
            "says how many give the higher one."
        )
    else:
        top_two = ends[1] - 1.0
    return OutcomeScale(
        ends=ends,
        top_two=top_two,
        is_recommendation=ends == (0.0, 10.0) and whole and len(columns) == 1,
        totals=np.where(answered, answers, 0.0).sum(axis=1),
        n_answers=answered.sum(axis=1).astype(np.float64),
        note=note,
    )


def _ends(
    survey: Survey,
    names: Sequence[str],
    low: float,
    high: float,
    given: tuple[float, float] | None,
) -> tuple[float, float]:
    if given is not None:
        return _given_ends(given, names[0], low, high)
    scale = survey.instrument.scale
    named_nps = any("nps" in name.lower() for name in names)
    if scale.minimum <= low and high <= scale.maximum and not named_nps:
        return scale.minimum, scale.maximum
    recommends = any(_RECOMMENDATION.search(name) for name in names)
    if recommends and low >= 0.0 and high <= 10.0:
        return 0.0, 10.0
    return np.nan, np.nan


def _given_ends(given: object, outcome: str, low: float, high: float) -> tuple[float, float]:
    is_list = isinstance(given, (Sequence, np.ndarray)) and not isinstance(given, str)
    ends = [_as_number(end) for end in given] if is_list else []  # type: ignore[attr-defined]
    if len(ends) != 2 or not np.isfinite(ends).all():
        raise OptionError(
            f"`outcome_range` is {given!r}, but must be the lowest and the highest answer, such as "
            "(0, 10)."
        )
    lowest, highest = ends
    if not lowest < highest:
        raise OptionError(
            f"`outcome_range` runs from {lowest:g} to {highest:g}, but the lowest answer must come "
            "first."
        )
    if low < lowest or high > highest:
        raise OptionError(
            f"`outcome_range` is {lowest:g} to {highest:g}, but the answers to {outcome} run from "
            f"{low:g} to {high:g}. Give a range that holds them all."
        )
    return lowest, highest
