"""`Survey`: respondents' answers, mapped to an instrument, checked and coded; and `read_survey`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, cast, overload

import numpy as np

from servqual.errors import (
    OptionError,
    RowsRequiredError,
    ServqualWarning,
    SurveyError,
    nearest,
    shorten,
)
from servqual.instruments.catalogue import instrument as catalogue_instrument
from servqual.instruments.instrument import Instrument
from servqual.samplestats.counts import Counts
from servqual.samplestats.inputs import check_listed
from servqual.samplestats.moments import Moments
from servqual.samplestats.pairwise import PairwiseMoments
from servqual.survey.building import BuildOptions, build
from servqual.survey.checks import looks_reversed, narrower_scale, plural, stray_codes
from servqual.survey.columns import ColumnSpec
from servqual.survey.data import DIFFERENCE_PREFIX, SurveyData
from servqual.survey.description import SurveyDescription, describe
from servqual.survey.frames import read_frame
from servqual.survey.readers import read_table
from servqual.survey.scoring import PairedScores, mean_scores, paired_scores, row_mean
from servqual.survey.weights import Weights
from servqual.typing import (
    DIFFERENCES,
    BoolArray,
    FloatArray,
    IntArray,
    Level,
    Missing,
    On,
    Side,
    WeightKind,
    check_option,
)

if TYPE_CHECKING:
    import pandas as pd

Outcomes: TypeAlias = Mapping[str, str | Sequence[str]] | Literal["find"]
Importance: TypeAlias = (
    str | Sequence[str] | Sequence[float] | Mapping[str, str] | Mapping[str, float]
)

_T = TypeVar("_T")

#: Name of the overall score: the mean of the dimension scores.
QUALITY = "quality"


class Survey:
    """Respondents' answers to an instrument: found, checked, coded, and ready for analysis.

    Parameters
    ----------
    frame : dataframe
        One row per respondent: whatever narwhals reads (pandas, polars, pyarrow, DuckDB …), or a
        dict of columns.
    instrument : str or Instrument
        Name in the catalogue, or your own. It says which item belongs to which dimension; that is
        never inferred from the position of a column.
    expectation, perception, minimum, desired : str, list, mapping, optional
        Columns of each side: a template (``"E{item}"``, ``"perc_{key}"``), a list in the order of
        the items, or a mapping from item number or key to column. Default: the usual patterns
        (``E1``, ``E01``, ``exp_1`` …) are looked for.
    outcomes : mapping of str to str or list of str, or "find", optional
        Outcome → its columns; several are averaged, ``"LOY*"`` takes all that match. ``"find"``
        looks for the usual names (``SAT1``, ``loyalty_2``, ``recommend``, ``nps`` …).
    groups : list of str or mapping, optional
        Grouping columns, such as branch or wave; a mapping gives them other names.
    importance : str, list or mapping, optional
        100 importance points over the dimensions: columns (template ``"W_{dimension}"``, list or
        mapping), or one vector for all respondents.
    weights : FrequencyWeights or SamplingWeights, optional
        What each row stands for.
    id : str, optional
        Column of respondent numbers, which must then be unique.
    missing_codes : sequence of float, or mapping of column to sequence, default ()
        Answers that mean "no answer", such as 9 or 99.
    sides : sequence of str, optional
        Which sides were asked, if fewer than the instrument has.
    min_answered : float, default 0.5
        Share of a scale's items that a respondent must have answered to get a score.
    renormalise_points : bool, default False
        Bring importance points to 100 instead of raising when they are not. Points that a
        respondent left out count as zero then, of which a note tells.
    keep : str or sequence of str, default ()
        Further columns of numbers, such as the answers of a Kano questionnaire, that `rows` and
        analyses of their own can ask for by name; ``"K*"`` takes all that match.

    Raises
    ------
    SurveyError
        With all problems at once in ``.problems``: missing columns, values off the scale, text in
        numbers, and so on.
    InstrumentError
        If the instrument is not known.
    OptionError
        If an argument cannot be understood.

    Warns
    -----
    ServqualWarning
        If an item runs against its dimension as if it had not been reverse-coded (or had been
        twice), or an outcome holds what looks like a code for "no answer", such as 99.

    Examples
    --------
    >>> import pandas as pd
    >>> import servqual as sq
    >>> cafe = sq.Instrument.from_toml('''
    ... id = "cafe"
    ... scale = [1, 5]
    ... [dimensions]
    ... coffee = [1, 2]
    ... people = [3]
    ... ''')
    >>> columns = ["E1", "E2", "E3", "P1", "P2", "P3"]
    >>> frame = pd.DataFrame([[5, 5, 4, 4, 3, 5], [4, 5, 5, 4, 5, 4]], columns=columns)
    >>> survey = sq.Survey(frame, instrument=cafe)
    >>> survey.scores("gap")["coffee"].tolist()
    [-1.5, 0.0]
    """

    __slots__ = ("__weakref__", "_cache", "_data", "_instrument", "_min_answered", "_source")

    _instrument: Instrument
    _data: SurveyData
    _min_answered: float
    _source: str
    _cache: dict[Any, Any]

    def __init__(
        self,
        frame: Any,
        *,
        instrument: str | Instrument,
        expectation: ColumnSpec = None,
        perception: ColumnSpec = None,
        minimum: ColumnSpec = None,
        desired: ColumnSpec = None,
        outcomes: Outcomes | None = None,
        groups: Sequence[str] | Mapping[str, str] | str | None = None,
        importance: Importance | None = None,
        weights: Weights | None = None,
        id: str | None = None,
        missing_codes: Sequence[float] | Mapping[str, Sequence[float]] = (),
        sides: Sequence[Side] | None = None,
        min_answered: float = 0.5,
        renormalise_points: bool = False,
        keep: str | Sequence[str] = (),
    ) -> None:
        asked = _resolve_instrument(instrument)
        options = BuildOptions(
            columns={
                "expectation": expectation,
                "perception": perception,
                "minimum": minimum,
                "desired": desired,
            },
            outcomes={} if outcomes is None else outcomes,
            groups=groups,
            importance=importance,
            weights=weights,
            id=id,
            missing_codes=missing_codes,
            sides=sides,
            renormalise_points=renormalise_points,
            keep=keep,
        )
        _check_share(min_answered)
        data = build(read_frame(frame), asked, options)
        self._set(asked, data, min_answered, "")
        self._warn_of_suspicions()

    def _set(
        self, instrument: Instrument, data: SurveyData, min_answered: float, source: str
    ) -> None:
        object.__setattr__(self, "_instrument", instrument)
        object.__setattr__(self, "_data", data)
        object.__setattr__(self, "_min_answered", min_answered)
        object.__setattr__(self, "_source", source)
        object.__setattr__(self, "_cache", {})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"A Survey does not change after it was made, so `{name}` cannot be set. "
            "Make a new one from the frame."
        )

    # Slots and a blocked __setattr__ need these two to copy and to pickle (for workers of an app).
    def __getstate__(self) -> tuple[Instrument, SurveyData, float, str]:
        return self._instrument, self._data, self._min_answered, self._source

    def __setstate__(self, state: tuple[Instrument, SurveyData, float, str]) -> None:
        self._set(*state)

    # ---- what it holds -----------------------------------------------------------------------

    @property
    def instrument(self) -> Instrument:
        """What was asked."""
        return self._instrument

    @property
    def n_respondents(self) -> int:
        """Respondents: rows, or the sum of their frequency weights; a weight of zero is nobody."""
        return self.count_respondents(np.ones(self._data.n_rows, dtype=bool))

    def count_respondents(self, rows: BoolArray) -> int:
        """Count the respondents that some rows stand for.

        Parameters
        ----------
        rows : ndarray of bool, shape (n,)
            Which rows.

        Returns
        -------
        int
        """
        weights = self._data.weights
        if weights is None:
            return int(np.count_nonzero(rows))
        if self._data.weight_kind == "frequency":
            return int(weights[rows].sum())
        return int(np.count_nonzero(rows & (weights > 0)))

    @property
    def sides(self) -> tuple[Side, ...]:
        """Sides that were asked, such as expectation and perception."""
        return tuple(self._data.answers)

    @property
    def columns(self) -> dict[Side, dict[int, str]]:
        """Side → item number → column of the data."""
        return {side: dict(mapping) for side, mapping in self._data.columns.items()}

    @property
    def outcomes(self) -> dict[str, tuple[str, ...]]:
        """Outcome → the columns that are averaged into it."""
        return dict(self._data.outcome_columns)

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Grouping variable → its groups, in order."""
        return {name: column.levels for name, column in self._data.groups.items()}

    @property
    def kept(self) -> tuple[str, ...]:
        """Further columns that were kept by `keep`."""
        return tuple(self._data.kept)

    @property
    def has_importance(self) -> bool:
        """Whether importance points were given."""
        return self._data.points is not None

    @property
    def weight_kind(self) -> WeightKind:
        """What the weights mean."""
        return self._data.weight_kind

    @property
    def weights(self) -> FloatArray | None:
        """Weight of each row, shape (n,), or None."""
        return self._data.weights

    @property
    def min_answered(self) -> float:
        """Share of a scale's items that must be answered to get a score."""
        return self._min_answered

    @property
    def reversed_items(self) -> tuple[int, ...]:
        """Numbers of the items that were turned round, once, when the survey was made."""
        return self._instrument.reversed_items

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about how the data were taken."""
        return self._data.notes

    @property
    def source(self) -> str:
        """Where the data came from: file, encoding, delimiter; empty for a frame."""
        return self._source

    def __len__(self) -> int:
        return self._data.n_rows

    # ---- scores ------------------------------------------------------------------------------

    def answers(self, on: On = "perception") -> FloatArray:
        """Answers to the items (or their differences), coded.

        Parameters
        ----------
        on : str, default "perception"
            A side, or a difference such as ``"gap"``.

        Returns
        -------
        ndarray, shape (n, J)
            Columns in the order of the instrument's items; nan where missing. Read-only.

        Raises
        ------
        OptionError
            If that was not asked.
        """
        first, second = self._sides_of(on)
        if second is None:
            return self._data.answers[first]
        return self._cached(
            ("answers", on),
            lambda: _read_only(self._data.answers[first] - self._data.answers[second]),
        )

    def paired(self, on: On = "gap", level: Level = "dimensions") -> PairedScores:
        """Scores of both sides of a difference, over the item pairs answered on both.

        Parameters
        ----------
        on : {"gap", "adequacy", "superiority"}, default "gap"
            Which difference.
        level : {"dimensions", "items"}, default "dimensions"
            Scores of dimensions (one column each), or the items themselves.

        Returns
        -------
        PairedScores

        Raises
        ------
        OptionError
            If the sides were not asked.
        """
        first, second = self._sides_of(on)
        if second is None:
            differences = ", ".join(f'"{name}"' for name in DIFFERENCES)
            raise OptionError(
                f'`on` is "{on}", but two sides are needed here: one of {differences}.'
            )
        groups = self._columns_at(level)
        return self._cached(
            ("paired", on, level),
            lambda: paired_scores(
                self._data.answers[first], self._data.answers[second], groups, self._min_answered
            ),
        )

    def overall_pair(self, on: On = "gap") -> PairedScores:
        """Mean over all items, of both sides of a difference, shape (n, 1)."""
        first, second = self._sides_of(on)
        if second is None:
            raise OptionError(f'`on` is "{on}", but a difference of two sides is needed here.')
        every = [np.arange(len(self._instrument.items))]
        return paired_scores(
            self._data.answers[first], self._data.answers[second], every, self._min_answered
        )

    def dimension_scores(self, on: On = "gap") -> FloatArray:
        """Respondents' dimension scores, shape (n, D), in the order of the instrument's dimensions.

        Parameters
        ----------
        on : str, default "gap"
            A side, or a difference.

        Returns
        -------
        ndarray, shape (n, D)
            nan where fewer than `min_answered` of the dimension's items (or pairs) were answered.
        """
        if self._sides_of(on)[1] is not None:
            return self.paired(on).difference
        return self._cached(
            ("dimension scores", on),
            lambda: _read_only(
                mean_scores(self.answers(on), self._columns_at("dimensions"), self._min_answered)
            ),
        )

    def scores(self, on: On = "gap") -> pd.DataFrame:
        """Respondents' scores as a table: dimensions, their mean, outcomes and groups.

        Parameters
        ----------
        on : str, default "gap"
            A side, or a difference.

        Returns
        -------
        DataFrame
            One row per row of the data.

        Examples
        --------
        >>> import servqual as sq
        >>> survey = sq.load_example("bank")
        >>> list(survey.scores("gap").columns[:3])
        ['tangibles', 'reliability', 'responsiveness']
        """
        import pandas as pd

        keys = [dimension.key for dimension in self._instrument.dimensions]
        table = pd.DataFrame(self.dimension_scores(on).copy(), columns=keys)
        table[QUALITY] = row_mean(self.dimension_scores(on))
        for name in self._data.outcomes:
            table[name] = self._variable(name)
        for name, column in self._data.groups.items():
            labels = [None if code < 0 else column.levels[code] for code in column.codes]
            table[name] = pd.Categorical(labels, categories=list(column.levels))
        return table

    @property
    def points(self) -> FloatArray | None:
        """Importance points, shape (n, D), 100 in each row; nan rows where none were given."""
        return self._data.points

    # ---- what analyses ask for ---------------------------------------------------------------

    def item_names(self, on: On = "perception") -> tuple[str, ...]:
        """Names of the items as variables: their columns, or ``G1`` … for gaps.

        Parameters
        ----------
        on : str, default "perception"
            A side, or a difference.

        Returns
        -------
        tuple of str
            In the order of the instrument's items.

        Examples
        --------
        >>> import servqual as sq
        >>> sq.load_example("bank").item_names("gap")[:2]
        ('G1', 'G2')
        """
        first, second = self._sides_of(on)
        if second is None:
            columns = self._data.columns[first]
            return tuple(columns[item.number] for item in self._instrument.items)
        prefix = next(short for short, name in DIFFERENCE_PREFIX.items() if name == on)
        return tuple(f"{prefix}{item.number}" for item in self._instrument.items)

    def rows(self, variables: Sequence[str]) -> FloatArray:
        """Values of variables by name.

        Parameters
        ----------
        variables : sequence of str
            Columns of items and outcomes by their own names (``"P1"``, ``"SAT1"``), columns that
            were kept by `keep`, differences of items (``"G1"``), outcomes, or scores written as
            ``"gap:reliability"``, ``"perception:quality"``, ``"gap:5"`` (side or difference, then a
            dimension, ``quality`` or an item number).

        Returns
        -------
        ndarray, shape (n, len(variables))

        Raises
        ------
        OptionError
            If a name is not known.

        Examples
        --------
        >>> import servqual as sq
        >>> sq.load_example("bank").rows(["P1", "gap:reliability", "satisfaction"]).shape[1]
        3
        """
        variables = _names(variables)
        if not variables:
            return np.empty((self._data.n_rows, 0))
        return np.column_stack([self._variable(name) for name in variables])

    @overload
    def moments(
        self, variables: Sequence[str], *, missing: Literal["listwise"] = "listwise"
    ) -> Moments: ...

    @overload
    def moments(
        self, variables: Sequence[str], *, missing: Literal["pairwise"]
    ) -> PairwiseMoments: ...

    def moments(
        self, variables: Sequence[str], *, missing: Missing = "listwise"
    ) -> Moments | PairwiseMoments:
        """Means and cross-products of variables; computed once per request and kept.

        Parameters
        ----------
        variables : sequence of str
            Names as in `rows`.
        missing : {"listwise", "pairwise"}, default "listwise"
            Which respondents count.

        Returns
        -------
        Moments or PairwiseMoments

        Examples
        --------
        >>> import servqual as sq
        >>> sq.load_example("bank").moments(["P1", "P2"]).variables
        ('P1', 'P2')
        """
        check_option("missing", missing, Missing)
        names = _names(variables)
        if missing == "listwise":
            return self._cached(("moments", names), lambda: self.collect(self.rows(names), names))
        return self._cached(
            ("pairwise moments", names),
            lambda: Moments.collect(
                self.rows(names),
                names,
                missing="pairwise",
                weights=self._data.weights,
                weight_kind=self._data.weight_kind,
                shift=self._instrument.scale.midpoint,
            ),
        )

    def counts(self, variables: Sequence[str], *, missing: Missing = "listwise") -> Counts:
        """Frequencies and two-way tables of variables; computed once per request and kept.

        Parameters
        ----------
        variables : sequence of str
            Names as in `rows`; ordered answers with at most 50 different values.
        missing : {"listwise", "pairwise"}, default "listwise"
            Which respondents count.

        Returns
        -------
        Counts

        Examples
        --------
        >>> import servqual as sq
        >>> sq.load_example("bank").counts(["P1", "P2"]).table("P1", "P2").shape
        (7, 7)
        """
        check_option("missing", missing, Missing)
        names = _names(variables)
        return self._cached(
            ("counts", names, missing),
            lambda: Counts.collect(
                self.rows(names),
                names,
                missing=missing,
                weights=self._data.weights,
                weight_kind=self._data.weight_kind,
            ),
        )

    def collect(
        self, values: FloatArray, variables: Sequence[str], *, rows: BoolArray | None = None
    ) -> Moments:
        """Collect moments of values made from the survey's rows, with its weights.

        Parameters
        ----------
        values : ndarray, shape (n, p)
            One row per row of the survey.
        variables : sequence of str
            Their names.
        rows : ndarray of bool, shape (n,), optional
            Only these rows.

        Returns
        -------
        Moments
            Over the rows without missing values.
        """
        weights = self._data.weights
        if rows is not None:
            values = values[rows]
            weights = None if weights is None else weights[rows]
        return Moments.collect(
            values,
            variables,
            weights=weights,
            weight_kind=self._data.weight_kind,
            shift=self._instrument.scale.midpoint,
        )

    def group_codes(
        self, by: str | Sequence[str]
    ) -> tuple[IntArray, list[tuple[str, ...]], tuple[str, ...]]:
        """Groups of the respondents.

        Parameters
        ----------
        by : str or sequence of str
            Grouping variables.

        Returns
        -------
        codes : ndarray of int, shape (n,)
            Position in `levels`; −1 where a grouping variable is missing.
        levels : list of tuple of str
            One entry per group that has respondents, with one value per grouping variable.
        names : tuple of str
            The grouping variables.

        Raises
        ------
        OptionError
            If a name is not a grouping variable of the survey.
        """
        if not isinstance(by, Iterable):
            raise OptionError(
                f"`by` is {by!r}, but must name grouping variables of the survey, such as "
                '"branch" or ["branch", "wave"].'
            )
        names = (by,) if isinstance(by, str) else tuple(by)
        if not names:
            raise OptionError("`by` is empty; name at least one grouping variable.")
        for name in names:
            if not isinstance(name, str):
                raise OptionError(
                    f"`by` lists {name!r}, but grouping variables are named by text, such as "
                    '"branch".'
                )
            self._check_group(name)
        columns = [self._data.groups[name] for name in names]
        combined = np.zeros(self._data.n_rows, dtype=np.int64)
        missing = np.zeros(self._data.n_rows, dtype=bool)
        for column in columns:
            combined = combined * len(column.levels) + np.maximum(column.codes, 0)
            missing |= column.codes < 0
        present = np.unique(combined[~missing])
        codes = np.searchsorted(present, combined).astype(np.int64)
        codes[missing] = -1
        shape = tuple(len(column.levels) for column in columns)
        levels = [
            tuple(
                column.levels[position]
                for column, position in zip(
                    columns, np.unravel_index(int(value), shape), strict=True
                )
            )
            for value in present
        ]
        return codes, levels, names

    def where(self, **groups: str) -> Survey:
        """Respondents of one group, as a survey.

        Parameters
        ----------
        **groups : str
            Grouping variable = group.

        Returns
        -------
        Survey

        Raises
        ------
        OptionError
            If a grouping variable or a group does not exist.
        SurveyError
            If nobody is in all of the groups.

        Examples
        --------
        >>> import servqual as sq
        >>> survey = sq.load_example("bank")
        >>> branch = survey.groups["branch"][0]
        >>> len(survey.where(branch=branch)) < len(survey)
        True
        """
        keep = np.ones(self._data.n_rows, dtype=bool)
        for name, level in groups.items():
            self._check_group(name)
            column = self._data.groups[name]
            if str(level) not in column.levels:
                raise OptionError.for_option(name, level, column.levels)
            keep &= column.codes == column.levels.index(str(level))
        if self.count_respondents(keep) == 0:
            asked = " and ".join(f"{name}={level!r}" for name, level in groups.items())
            if keep.any():
                raise SurveyError(
                    f"No respondent has {asked}: {plural(int(keep.sum()), 'row')} there, but with "
                    "a weight of zero. Choose another group, or look at the weights."
                )
            raise SurveyError(
                f"No respondent has {asked}. Each of these groups exists, but not together; "
                "`describe().groups` counts them."
            )
        part = Survey.__new__(Survey)
        part._set(self._instrument, self._data.take(keep), self._min_answered, self._source)
        return part

    def describe(self) -> SurveyDescription:
        """Respondents, missing answers, floor and ceiling shares, constant and suspicious items.

        Returns
        -------
        SurveyDescription

        Examples
        --------
        >>> import servqual as sq
        >>> sq.load_example("bank").describe().sides["side"].tolist()
        ['expectation', 'perception']
        """
        return describe(self._data, self._instrument, self.n_respondents)

    # ---- helpers -----------------------------------------------------------------------------

    def _cached(self, key: tuple[object, ...], make: Callable[[], _T]) -> _T:
        if key not in self._cache:
            self._cache[key] = make()
        return cast("_T", self._cache[key])

    def _columns_at(self, level: Level) -> list[IntArray]:
        check_option("level", level, Level)
        items = self._instrument.items
        if level == "items":
            return [np.array([position]) for position in range(len(items))]
        return [
            np.array([place for place, item in enumerate(items) if item.dimension == dimension.key])
            for dimension in self._instrument.dimensions
        ]

    def _sides_of(self, on: On) -> tuple[Side, Side | None]:
        check_option("on", on, On)
        pair: tuple[Side, Side | None] = (
            DIFFERENCES[on] if on in DIFFERENCES else (on, None)  # type: ignore[assignment] # noqa: SIM401
        )
        missing = [side for side in pair if side is not None and side not in self._data.answers]
        if missing:
            possible: list[On] = [*self.sides]
            possible += [name for name, both in DIFFERENCES.items() if {*both} <= {*self.sides}]
            raise OptionError(
                f'`on="{on}"` needs {" and ".join(missing)} answers, but this survey has '
                f"{', '.join(self.sides)} only. Possible here: "
                + ", ".join(f'`on="{name}"`' for name in possible)
                + ". If the survey did ask, say where these answers are when it is made."
            )
        return pair

    def _check_group(self, name: str) -> None:
        if name not in self._data.groups:
            known = list(self._data.groups)
            close = nearest(name, known, n=1)
            hint = f' Did you mean "{close[0]}"?' if close else ""
            listed = shorten(known) if known else "none"
            raise OptionError(
                f'"{name}" is not a grouping variable of this survey; it has {listed}.{hint} '
                f'Declare it when the survey is made: `groups=["{name}"]`.'
            )

    def _variable(self, name: str) -> FloatArray:
        values = self._find_variable(name)
        if values is None and name in self._data.groups:
            raise OptionError(
                f'"{name}" is a grouping variable, whose groups are no numbers, but a number is '
                "needed here. Add a column of 0 and 1 to the data, and declare it in `outcomes`. "
                "Only `covariates` and `by` of `sq.regression` take groups."
            )
        if values is None:
            known = [*self._data.outcomes, *self._own_columns(), *self._data.groups]
            close = nearest(name, known, n=1)
            hint = f' Did you mean "{close[0]}"?' if close else ""
            raise OptionError(
                f'"{name}" is not a variable of this survey. Known are its outcomes '
                f"({shorten(self._data.outcomes) or 'none'}), its item columns, differences of "
                "items "
                'such as "G1", and scores such as '
                f'"gap:{self._instrument.dimensions[0].key}".{hint}'
            )
        return values

    def _own_columns(self) -> dict[str, FloatArray]:
        return self._cached(("own columns",), self._collect_own_columns)

    def _collect_own_columns(self) -> dict[str, FloatArray]:
        found: dict[str, FloatArray] = {}
        for side, mapping in self._data.columns.items():
            for place, item in enumerate(self._instrument.items):
                found[mapping[item.number]] = self._data.answers[side][:, place]
        for name, columns in self._data.outcome_columns.items():
            for place, column in enumerate(columns):
                found[column] = self._data.outcomes[name][:, place]
        return found | dict(self._data.kept)

    def _find_variable(self, name: str) -> FloatArray | None:
        if name in self._data.outcomes:
            values = self._data.outcomes[name]
            every = [np.arange(values.shape[1])]
            return mean_scores(values, every, self._min_answered)[:, 0]
        own = self._own_columns()
        if name in own:
            return own[name]
        on, _, rest = name.partition(":")
        if rest:
            return self._find_score(on, rest)
        prefix = name.rstrip("0123456789")
        if prefix in DIFFERENCE_PREFIX and prefix != name:
            return self._find_score(DIFFERENCE_PREFIX[prefix], name[len(prefix) :])
        return None

    def _find_score(self, on: str, rest: str) -> FloatArray | None:
        check_option("on", on, On)
        keys = [dimension.key for dimension in self._instrument.dimensions]
        if rest == QUALITY:
            return row_mean(self.dimension_scores(on))  # type: ignore[arg-type]
        if rest in keys:
            return self.dimension_scores(on)[:, keys.index(rest)]  # type: ignore[arg-type]
        numbers = [str(item.number) for item in self._instrument.items]
        if rest in numbers:
            return self.answers(on)[:, numbers.index(rest)]  # type: ignore[arg-type]
        return None

    def _warn_of_suspicions(self) -> None:
        positions = {
            dimension.key: columns.tolist()
            for dimension, columns in zip(
                self._instrument.dimensions, self._columns_at("dimensions"), strict=True
            )
        }
        for side, answers in self._data.answers.items():
            found = looks_reversed(answers, positions)
            if found:
                names = [
                    self._data.columns[side][self._instrument.items[place].number]
                    for place in found
                ]
                warnings.warn(
                    "These items run against the rest of their dimension or side: "
                    f"{shorten(names, 22)}. They look as if reverse coding was missed or done "
                    "twice; look at the instrument's `reversed_items` and at how the data were "
                    "coded.",
                    ServqualWarning,
                    stacklevel=3,
                )
        for column, codes in self._stray_codes().items():
            listed = ", ".join(f"{code:g}" for code in codes)
            warnings.warn(
                f"The outcome column {column!r} holds {listed}, far from its other answers, which "
                'counts as an answer and moves its mean. If it means "no answer", give '
                f'`missing_codes={{"{column}": ({listed}{"," if len(codes) == 1 else ""})}}`.',
                ServqualWarning,
                stacklevel=3,
            )
        if {"expectation", "perception"} <= set(self._data.answers):
            sentence = narrower_scale(
                self._data.answers["expectation"],
                self._data.answers["perception"],
                ("expectation", "perception"),
                self._instrument.scale,
            )
            if sentence:
                warnings.warn(sentence, ServqualWarning, stacklevel=3)

    def _stray_codes(self) -> dict[str, list[float]]:
        found = {
            column: stray_codes(self._data.outcomes[name][:, place])
            for name, columns in self._data.outcome_columns.items()
            for place, column in enumerate(columns)
        }
        return {column: codes for column, codes in found.items() if codes}

    # ---- showing itself ----------------------------------------------------------------------

    def __repr__(self) -> str:
        rows = [f"Survey: {plural(self.n_respondents, 'respondent')}, {self._instrument}"]
        entries: list[tuple[str, str]] = []
        for side, mapping in self._data.columns.items():
            columns = [mapping[item.number] for item in self._instrument.items]
            span = columns[0] if len(columns) == 1 else f"{columns[0]} … {columns[-1]}"
            entries.append((side, f"{span} ({self._data.patterns[side]})"))
        if self._data.outcome_columns:
            listed = [
                name if columns == (name,) else f"{name} ({', '.join(columns)})"
                for name, columns in self._data.outcome_columns.items()
            ]
            entries.append(("outcomes", "; ".join(listed)))
        if self._data.groups:
            listed = [
                f"{name} ({len(column.levels)})" for name, column in self._data.groups.items()
            ]
            entries.append(("groups", "; ".join(listed)))
        if self._data.points is not None:
            entries.append(
                ("importance", ", ".join(self._data.points_columns) or "one vector for all")
            )
        if self.kept:
            entries.append(("kept", shorten(self.kept, 3)))
        if self.reversed_items:
            entries.append(("reversed", ", ".join(str(number) for number in self.reversed_items)))
        if self._data.weight_kind != "none":
            entries.append(("weights", self._data.weight_kind))
        if self._source:
            entries.append(("file", self._source))
        width = max(len(name) for name, _ in entries)
        rows += [f"  {name:<{width}}  {text}" for name, text in entries]
        rows += [f"  Note: {note}" for note in self.notes]
        return "\n".join(rows)


def read_survey(
    path: str | os.PathLike[str],
    *,
    instrument: str | Instrument,
    expectation: ColumnSpec = None,
    perception: ColumnSpec = None,
    minimum: ColumnSpec = None,
    desired: ColumnSpec = None,
    outcomes: Outcomes | None = None,
    groups: Sequence[str] | Mapping[str, str] | str | None = None,
    importance: Importance | None = None,
    weights: Weights | None = None,
    id: str | None = None,
    missing_codes: Sequence[float] | Mapping[str, Sequence[float]] = (),
    sides: Sequence[Side] | None = None,
    min_answered: float = 0.5,
    renormalise_points: bool = False,
    keep: str | Sequence[str] = (),
    sheet: str | int | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> Survey:
    """Read a survey from a file.

    Parameters
    ----------
    path : str or path
        A .csv, .tsv, .txt, .xlsx, .parquet or .sav file.
    instrument : str or Instrument
        What was asked; see `Survey`.
    expectation, perception, minimum, desired, outcomes, groups, importance, weights, id,
    missing_codes, sides, \
min_answered, renormalise_points, keep
        As in `Survey`.
    sheet : str or int, optional
        Sheet of a workbook; default: the first.
    delimiter, decimal, encoding : str, optional
        How a text file is written; found when not told.

    Returns
    -------
    Survey

    Raises
    ------
    SurveyError
        If the file cannot be read, or the survey has problems; all of them at once in
        ``.problems``.
    MissingDependencyError
        If the kind of file needs a package that is not installed.

    Examples
    --------
    >>> import servqual as sq
    >>> survey = sq.read_survey(
    ...     sq.example_path("bank"),
    ...     instrument="servqual-1991",
    ...     outcomes={"satisfaction": ["SAT1", "SAT2", "SAT3"], "loyalty": "LOY*"},
    ...     groups=["branch", "wave"],
    ... )
    >>> survey.outcomes["loyalty"]
    ('LOY1', 'LOY2', 'LOY3')
    """
    if not isinstance(path, (str, os.PathLike)):
        raise OptionError(
            f"`path` is of type {type(path).__name__}, but must be the path of a file, such as "
            '"survey.csv". For a dataframe use `sq.Survey(frame, instrument=…)`.'
        )
    table, info = read_table(
        path, sheet=sheet, delimiter=delimiter, decimal=decimal, encoding=encoding
    )
    survey = Survey(
        table,
        instrument=instrument,
        expectation=expectation,
        perception=perception,
        minimum=minimum,
        desired=desired,
        outcomes=outcomes,
        groups=groups,
        importance=importance,
        weights=weights,
        id=id,
        missing_codes=missing_codes,
        sides=sides,
        min_answered=min_answered,
        renormalise_points=renormalise_points,
        keep=keep,
    )
    object.__setattr__(survey, "_source", str(info))
    return survey


def require_survey(data: object, analysis: str, *, moments_do: bool = False) -> Survey:
    """Insist on a survey where respondents' answers are needed.

    Parameters
    ----------
    data : object
        What the user gave.
    analysis : str
        Name of the analysis, for the message.
    moments_do : bool, default False
        Whether the analysis would take moments too.

    Returns
    -------
    Survey

    Raises
    ------
    RowsRequiredError
        If it is something else.
    """
    if not isinstance(data, Survey):
        needed = "a `Survey` or `Moments`" if moments_do else "respondents' answers: a `Survey`"
        raise RowsRequiredError(
            f"`{analysis}` was given {type(data).__name__}, but needs {needed}. Make one with "
            "`sq.Survey(frame, instrument=…)` or `sq.read_survey(path, instrument=…)`."
        )
    return data


def _resolve_instrument(instrument: str | Instrument) -> Instrument:
    if isinstance(instrument, Instrument):
        return instrument
    if isinstance(instrument, str):
        return catalogue_instrument(instrument)
    raise OptionError(
        f"`instrument` is {type(instrument).__name__}, but must be a name such as "
        '"servqual-1991", or an `Instrument`.'
    )


def _names(variables: Sequence[str]) -> tuple[str, ...]:
    """Check a list of variables, of which each is named by a text."""
    check_listed("variables", variables)
    names: tuple[Any, ...] = tuple(variables)
    wrong = [name for name in names if not isinstance(name, str)]
    if wrong:
        raise OptionError(
            f"`variables` lists {shorten([repr(name) for name in wrong])}, but variables are named "
            'by text, such as "P1" or "gap:reliability".'
        )
    return names


def _check_share(min_answered: object) -> None:
    if (
        isinstance(min_answered, bool)
        or not isinstance(min_answered, (int, float))
        or not 0.0 < min_answered <= 1.0
    ):
        raise OptionError(
            f"`min_answered` is {min_answered!r}, but must be a share above 0 and up to 1: 0.5 "
            "asks for half of a scale's items, 1 for all."
        )


def _read_only(values: FloatArray) -> FloatArray:
    values.flags.writeable = False
    return values
