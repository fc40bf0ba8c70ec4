"""Respondents with questions of any kind: a survey's, or the rows of a plain dataframe.

Some analyses ask for nothing that an instrument knows, only for named columns, groups and weights.
`Respondents` gives these, whether the data are a `Survey` or a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from servqual.errors import OptionError, SurveyError, nearest, shorten
from servqual.survey.building import read_group
from servqual.survey.frames import Frame, NumericColumn, read_frame
from servqual.survey.survey import Survey
from servqual.survey.weights import (
    FrequencyWeights,
    SamplingWeights,
    Weights,
    weights_problem,
    within_reach,
)
from servqual.typing import BoolArray, FloatArray, IntArray, WeightKind

__all__ = ["Respondents", "read_respondents"]


@dataclass(frozen=True, slots=True, eq=False)
class Respondents:
    """Columns, groups and weights by name.

    Attributes
    ----------
    columns : tuple of str
        Names of the columns that can be asked for.
    weights : FloatArray, shape (n,), or None
        Weight of each row.
    weight_kind : {"none", "frequency", "sampling"}
        What the weights mean.
    source : Survey or Frame
        Where they come from.

    Examples
    --------
    >>> people = read_respondents({"K1f": [1, 2], "shop": ["a", "b"]})
    >>> len(people), people.numeric("K1f").values.tolist()
    (2, [1.0, 2.0])
    """

    columns: tuple[str, ...]
    weights: FloatArray | None
    weight_kind: WeightKind
    source: Survey | Frame = field(repr=False)

    def __len__(self) -> int:
        return len(self.source) if isinstance(self.source, Survey) else self.source.n_rows

    @property
    def is_survey(self) -> bool:
        """Whether they are those of a survey, whose columns are numbers."""
        return isinstance(self.source, Survey)

    def numeric(self, name: str) -> NumericColumn:
        """Read a column as numbers; see `Frame.numeric`."""
        if isinstance(self.source, Survey):
            return NumericColumn(self.source.rows([name])[:, 0].copy(), {})
        return self.source.numeric(name)

    def labels(self, name: str) -> NDArray[np.object_]:
        """Read a column as labels; see `Frame.labels`."""
        if isinstance(self.source, Survey):
            raise OptionError(
                f"{name!r} is asked for as text, but a survey keeps columns of numbers. Recode the "
                "answers to numbers, or give the dataframe itself."
            )
        return self.source.labels(name)

    def count(self, rows: BoolArray) -> int:
        """Count the respondents that some rows stand for."""
        if self.weights is None:
            return int(np.count_nonzero(rows))
        if self.weight_kind == "frequency":
            return int(self.weights[rows].sum())
        return int(np.count_nonzero(rows & (self.weights > 0)))

    def group_codes(
        self, by: str | Sequence[str]
    ) -> tuple[IntArray, list[tuple[str, ...]], tuple[str, ...]]:
        """Groups of the respondents.

        Parameters
        ----------
        by : str or sequence of str
            Grouping variables of the survey, or columns of the frame.

        Returns
        -------
        codes, levels, names
            As `Survey.group_codes` gives them.

        Raises
        ------
        OptionError
            If there is no such variable.
        """
        if isinstance(self.source, Survey):
            return self.source.group_codes(by)
        names = _group_names(by, self.source.names)
        columns = [read_group(self.source, name) for name in names]
        stacked = np.column_stack([column.codes for column in columns])
        known = (stacked >= 0).all(axis=1)
        present, places = np.unique(stacked[known], axis=0, return_inverse=True)
        codes = np.full(len(stacked), -1, dtype=np.int64)
        codes[known] = places.reshape(-1)
        levels = [
            tuple(column.levels[place] for column, place in zip(columns, row, strict=True))
            for row in present
        ]
        return codes, levels, names


def read_respondents(data: object, weights: Weights | None = None) -> Respondents:
    """Take a survey, or any dataframe that narwhals reads.

    Parameters
    ----------
    data : Survey or dataframe
        One row per respondent.
    weights : FrequencyWeights or SamplingWeights, optional
        Of the rows of a frame; a survey has its own.

    Returns
    -------
    Respondents

    Raises
    ------
    SurveyError
        If it is no dataframe, has no rows, or the weights cannot serve as such.
    OptionError
        If weights are given with a survey, or of no kind.

    Examples
    --------
    >>> read_respondents({"K1f": [1, 2], "K1d": [5, 5]}).columns
    ('K1f', 'K1d')
    """
    if isinstance(data, Survey):
        if weights is not None:
            raise OptionError(
                "`weights` was given with a survey, which has weights of its own. Give them when "
                "the survey is made."
            )
        columns = (*data.kept, *(name for names in data.outcomes.values() for name in names))
        return Respondents(columns, data.weights, data.weight_kind, data)
    frame = read_frame(data)
    if frame.n_rows == 0:
        raise SurveyError("The data have no rows. Check the filter or the file they came from.")
    if weights is None:
        return Respondents(frame.names, None, "none", frame)
    values, kind = _read_weights(frame, weights)
    return Respondents(frame.names, values, kind, frame)


def _group_names(by: object, columns: Sequence[str]) -> tuple[str, ...]:
    names = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, Iterable) else ()
    if not names or not all(isinstance(name, str) for name in names):
        raise OptionError(
            f"`by` is {by!r}, but must name columns that hold groups, such as "
            '"branch" or ["branch", "wave"].'
        )
    listed = [str(name) for name in names]
    for name in listed:
        if name not in columns:
            close = nearest(name, columns, n=1)
            hint = f' Did you mean "{close[0]}"?' if close else ""
            raise OptionError(
                f'"{name}" is not a column of the data; they have {shorten(columns)}.{hint}'
            )
    return tuple(listed)


def _read_weights(frame: Frame, given: object) -> tuple[FloatArray, WeightKind]:
    if not isinstance(given, (FrequencyWeights, SamplingWeights)):
        raise OptionError(
            f"`weights` is {given!r}, but its kind decides the standard errors. Give "
            '`sq.SamplingWeights("column")` if rows were drawn with unequal probability, or '
            '`sq.FrequencyWeights("column")` if each row stands for that many respondents.'
        )
    kind: WeightKind = "frequency" if isinstance(given, FrequencyWeights) else "sampling"
    name = "`weights`"
    if isinstance(given.source, str):
        if given.source not in frame.names:
            raise OptionError(
                f"`weights` names the column {given.source!r}, but the data have "
                f"{shorten(frame.names)}."
            )
        name = f"Column {given.source!r}"
        values = frame.numeric(given.source).values
    else:
        try:
            values = np.array(given.source, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise OptionError(
                f"`weights` cannot be read as numbers: {error}. Give the name of a column, or one "
                "number per row."
            ) from error
    problem = weights_problem(values, kind, frame.n_rows)
    if problem:
        raise SurveyError(f"{name} cannot serve as weights: {problem}")
    return (within_reach(values) if kind == "sampling" else values), kind
