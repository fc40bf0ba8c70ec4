"""What a survey holds after its columns were found, checked and coded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from servqual.typing import BoolArray, Difference, FloatArray, IntArray, Side, WeightKind

#: Prefixes of the items of differences: ``G1`` is the gap of item 1.
DIFFERENCE_PREFIX: dict[str, Difference] = {"G": "gap", "MSA": "adequacy", "MSS": "superiority"}


@dataclass(frozen=True, slots=True, eq=False)
class GroupColumn:
    """A grouping variable.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        Position in `levels`; −1 where missing.
    levels : tuple of str
        Groups: in their declared order if the column has one, else sorted.
    """

    codes: IntArray
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SurveyData:
    """Coded answers of a survey.

    Attributes
    ----------
    n_rows : int
        Rows of the data.
    answers : mapping of side to ndarray, shape (n, J)
        Answers in the order of the instrument's items, negatively worded items turned round, nan
        where missing.
    columns : mapping of side to mapping of int to str
        Item number → column, for each side.
    patterns : mapping of side to str
        How the columns were found.
    outcomes : mapping of str to ndarray, shape (n, k)
        The items of each outcome.
    outcome_columns : mapping of str to tuple of str
        Their columns.
    groups : mapping of str to GroupColumn
        Grouping variables.
    points : ndarray, shape (n, D), or None
        Importance points over the dimensions, adding up to 100 in each row; nan rows where not
        given.
    points_columns : tuple of str
        Their columns; empty when one vector was given for all.
    weights : ndarray, shape (n,), or None
        Weights.
    weight_kind : {"none", "frequency", "sampling"}
        What they mean.
    recoded : mapping of str to int
        How many answers of each column were a code for "missing".
    notes : tuple of str
        What a reader should know about how the data were taken.
    kept : mapping of str to ndarray, shape (n,)
        Further columns, as they are.
    """

    n_rows: int
    answers: Mapping[Side, FloatArray]
    columns: Mapping[Side, Mapping[int, str]]
    patterns: Mapping[Side, str]
    outcomes: Mapping[str, FloatArray]
    outcome_columns: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, GroupColumn]
    points: FloatArray | None
    points_columns: tuple[str, ...]
    weights: FloatArray | None
    weight_kind: WeightKind
    recoded: Mapping[str, int]
    notes: tuple[str, ...]
    kept: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        optional = (self.points, self.weights, *(group.codes for group in self.groups.values()))
        named = (self.answers, self.outcomes, self.kept)
        for values in (*(part for each in named for part in each.values()), *optional):
            if values is not None:
                values.flags.writeable = False

    def __reduce__(self) -> tuple[type[SurveyData], tuple[object, ...]]:
        # Arrays come out of a pickle writeable, so a copy is made anew.
        return type(self), tuple(getattr(self, entry.name) for entry in fields(self))

    def take(self, keep: BoolArray) -> SurveyData:
        """Return the data of some rows.

        Parameters
        ----------
        keep : ndarray of bool, shape (n,)
            Which rows.

        Returns
        -------
        SurveyData
        """
        return replace(
            self,
            n_rows=int(np.count_nonzero(keep)),
            answers={side: values[keep] for side, values in self.answers.items()},
            outcomes={name: values[keep] for name, values in self.outcomes.items()},
            groups={
                name: GroupColumn(column.codes[keep], column.levels)
                for name, column in self.groups.items()
            },
            points=None if self.points is None else self.points[keep],
            weights=None if self.weights is None else self.weights[keep],
            kept={name: values[keep] for name, values in self.kept.items()},
        )
