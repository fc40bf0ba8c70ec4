"""Frequencies of ordered answers, and of each pair of answers: the two-way tables of all items.

`Counts` are to ordered categories what `Moments` are to numbers: collected from rows or batches,
merged, selected. Polychoric and rank correlations, rank tests and frequency plots start from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from servqual.errors import OptionError, shorten
from servqual.samplestats.inputs import (
    as_names,
    as_rows,
    as_weights,
    check_mergeable,
    check_stored,
    positions_of,
)
from servqual.samplestats.moments import Moments
from servqual.samplestats.pairwise import PairwiseMoments
from servqual.samplestats.sums import ShiftedSums, frozen
from servqual.typing import FloatArray, IntArray, Missing, WeightKind, check_option

#: Under this name counts are stored.
FORMAT = "servqual-counts"

#: A variable with more different values than this is no ordered answer.
MOST_CATEGORIES = 50

#: Variables are tabulated together as long as their combined categories are not more than this:
#: two blocks then have a joint table that stays in the processor's cache.
_MOST_COMBINATIONS = 64

#: Whole numbers that span fewer than this need no sorting.
_LONGEST_SCALE = 100

#: Rows that are coded at a time.
_ROWS_AT_ONCE = 4096

#: Stands for no answer.
_MISSING = np.int16(-32768)


_Answers: TypeAlias = NDArray[np.float64] | NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Counts:
    """How often each answer, and each pair of answers, was given.

    Attributes
    ----------
    variables : tuple of str
        Names.
    categories : tuple of tuple of float
        For each variable the values that somebody chose, ascending.
    n_obs : int
        Respondents counted (or the sum of their frequency weights): those with all answers
        (listwise), or with at least one (pairwise).
    n_excluded : int
        Respondents left out.
    missing : {"listwise", "pairwise"}
        Whether a table counts those who answered all variables, or its two.
    weight_kind : {"none", "frequency", "sampling"}
        What the weights mean.
    tables : ndarray, shape (K, K)
        All two-way tables as one symmetric matrix, K being the sum of the numbers of categories
        (a Burt matrix). The blocks on the diagonal hold the variables' own frequencies.
    pairs : ndarray, shape (p, p)
        Respondents behind each table; with sampling weights this is their number, not the sum of
        their weights.

    Examples
    --------
    >>> import servqual as sq
    >>> counts = sq.Counts.collect([[1, 2], [1, 3], [2, 3]], variables=["P1", "P2"])
    >>> counts.table("P1", "P2").tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """

    variables: tuple[str, ...]
    categories: tuple[tuple[float, ...], ...]
    n_obs: int
    n_excluded: int
    missing: Missing
    weight_kind: WeightKind
    tables: FloatArray
    pairs: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", frozen(self.tables))
        object.__setattr__(self, "pairs", frozen(self.pairs))

    # ---- making them -------------------------------------------------------------------------

    @classmethod
    def collect(
        cls,
        data: ArrayLike,
        variables: Sequence[str] | None = None,
        *,
        missing: Missing = "listwise",
        weights: ArrayLike | None = None,
        weight_kind: WeightKind = "none",
    ) -> Counts:
        """Collect from a table of rows.

        Parameters
        ----------
        data : array_like, shape (n, p)
            One row per respondent; nan is missing. A pandas frame will do, and then names its own
            variables.
        variables : sequence of str, optional
            Names of the columns. Default: the frame's column names, or ``x1, x2, …``.
        missing : {"listwise", "pairwise"}, default "listwise"
            Whether only respondents without missing answers count, or for each pair of variables
            those who answered both.
        weights : array_like, shape (n,), optional
            One weight per row.
        weight_kind : {"none", "frequency", "sampling"}, default "none"
            What the weights mean.

        Returns
        -------
        Counts

        Raises
        ------
        OptionError
            If shapes, names or weights do not fit, or a variable has more than 50 different values.

        Examples
        --------
        >>> import servqual as sq
        >>> nan = float("nan")
        >>> sq.Counts.collect([[1, 2], [2, nan], [2, 2]], missing="pairwise").pairs.tolist()
        [[3.0, 2.0], [2.0, 2.0]]
        """
        check_option("missing", missing, Missing)
        if variables is None and hasattr(data, "columns"):
            variables = [str(name) for name in data.columns]
        rows = _as_answers(data, None if variables is None else len(variables))
        names = as_names(variables, rows.shape[1])
        weight = as_weights(weights, weight_kind, len(rows))
        return _collect(rows, names, missing, weight, weight_kind)

    @classmethod
    def from_batches(
        cls,
        batches: Iterable[ArrayLike],
        variables: Sequence[str] | None = None,
        *,
        missing: Missing = "listwise",
    ) -> Counts:
        """Collect from tables that come one after another, none of which is kept.

        Parameters
        ----------
        batches : iterable of array_like, each of shape (n_b, p)
            Rows in pieces.
        variables : sequence of str, optional
            Names of the columns.
        missing : {"listwise", "pairwise"}, default "listwise"
            As in `collect`.

        Returns
        -------
        Counts

        Raises
        ------
        OptionError
            If there is no batch at all, or they differ in their columns.

        Examples
        --------
        >>> import servqual as sq
        >>> sq.Counts.from_batches([[[1, 2], [1, 3]], [[2, 3]]]).n_obs
        3
        """
        result: Counts | None = None
        for batch in batches:
            part = cls.collect(batch, variables, missing=missing)
            result = part if result is None else result.merge(part)
        if result is None:
            raise OptionError("`batches` is empty, but at least one table of rows is needed.")
        return result

    # ---- what they say -----------------------------------------------------------------------

    @property
    def n_categories(self) -> IntArray:
        """Number of chosen categories of each variable, shape (p,)."""
        return np.array([len(values) for values in self.categories], dtype=np.int64)

    @property
    def offsets(self) -> IntArray:
        """First row of each variable in `tables`, and the number of rows at the end, (p + 1,)."""
        return np.concatenate([[0], np.cumsum(self.n_categories)]).astype(np.int64)

    def frequencies(self, variable: str) -> FloatArray:
        """How often each category of a variable was chosen.

        Parameters
        ----------
        variable : str
            Its name.

        Returns
        -------
        ndarray, shape (number of categories,)
            Of everybody who answered it; sums of weights with weights.

        Raises
        ------
        OptionError
            If there is no such variable.
        """
        place = positions_of(self.variables, [variable])[0]
        start, stop = self.offsets[place : place + 2]
        return np.diag(self.tables)[start:stop].copy()

    def table(self, first: str, second: str) -> FloatArray:
        """Two-way table of two variables.

        Parameters
        ----------
        first, second : str
            Names: of the rows and of the columns.

        Returns
        -------
        ndarray, shape (categories of first, categories of second)

        Raises
        ------
        OptionError
            If there is no such variable.
        """
        row, column = positions_of(self.variables, [first, second])
        offsets = self.offsets
        block: FloatArray = self.tables[
            offsets[row] : offsets[row + 1], offsets[column] : offsets[column + 1]
        ]
        return block.copy()

    def moments(self) -> Moments | PairwiseMoments:
        """Means and cross-products of the categories taken as numbers.

        Returns
        -------
        Moments or PairwiseMoments
            As `Moments.collect` makes them of the same rows; listwise counts give `Moments`.

        Raises
        ------
        OptionError
            If the weights are sampling weights, whose squares the tables do not hold.
        """
        if self.weight_kind == "sampling":
            raise OptionError(
                "Counts with sampling weights hold no squared weights, which the standard errors "
                "of moments need. Collect the moments from the rows: `sq.Moments.collect(...)` or "
                "`survey.moments(...)`."
            )
        values = [np.array(chosen) for chosen in self.categories]
        own = np.diag(self.tables)
        offsets = self.offsets
        shift = np.zeros(len(values))
        for place, numbers in enumerate(values):
            weight = own[offsets[place] : offsets[place + 1]]
            # The same shift as `Moments.collect` takes: the rounded mean.
            shift[place] = np.rint(weight @ numbers / weight.sum()) if weight.sum() > 0 else 0.0
        scores = np.zeros((offsets[-1], len(values)))
        belongs = np.zeros_like(scores)
        for place, numbers in enumerate(values):
            scores[offsets[place] : offsets[place + 1], place] = numbers - shift[place]
            belongs[offsets[place] : offsets[place + 1], place] = 1.0
        cross = scores.T @ self.tables @ scores
        totals = scores.T @ self.tables @ belongs
        if self.missing == "listwise":
            sums = ShiftedSums(self.n_obs, np.diag(totals), cross)
            return Moments(
                self.variables, self.n_obs, self.n_excluded, self.weight_kind, shift, sums
            )
        return PairwiseMoments(
            self.variables,
            self.n_obs,
            self.n_excluded,
            self.weight_kind,
            shift,
            counts=self.pairs,
            weight=self.pairs,
            totals=totals,
            squares=(scores**2).T @ self.tables @ belongs,
            cross=cross,
        )

    # ---- what can be done with them ----------------------------------------------------------

    def merge(self, other: Counts) -> Counts:
        """Counts of both samples together; ``a + b`` is the same.

        Parameters
        ----------
        other : Counts
            Of the same variables, in the same order, with the same treatment of missing answers and
            the same kind of weights. Categories that one of the two does not have are added.

        Returns
        -------
        Counts

        Raises
        ------
        OptionError
            If variables, missing or kinds of weights differ.
        """
        check_mergeable(self, other)
        if self.missing != other.missing:
            raise OptionError(
                "Listwise and pairwise counts cannot be merged; collect both the same way."
            )
        categories = tuple(
            tuple(sorted({*one, *two}))
            for one, two in zip(self.categories, other.categories, strict=True)
        )
        _check_categories(self.variables, categories)
        size = sum(len(values) for values in categories)
        tables = np.zeros((size, size))
        for part in (self, other):
            place = part._places_in(categories)
            tables[np.ix_(place, place)] += part.tables
        return Counts(
            self.variables,
            categories,
            self.n_obs + other.n_obs,
            self.n_excluded + other.n_excluded,
            self.missing,
            self.weight_kind,
            tables,
            self.pairs + other.pairs,
        )

    __add__ = merge

    def _places_in(self, categories: tuple[tuple[float, ...], ...]) -> IntArray:
        """Rows that these categories have among wider ones."""
        start, places = 0, []
        for own, wider in zip(self.categories, categories, strict=True):
            places += [start + wider.index(value) for value in own]
            start += len(wider)
        return np.array(places, dtype=np.int64)

    def select(self, variables: Sequence[str]) -> Counts:
        """Counts of some of the variables, in the order given; who counts does not change.

        Parameters
        ----------
        variables : sequence of str
            Names.

        Returns
        -------
        Counts

        Raises
        ------
        OptionError
            If a name is not among the variables.
        """
        index = positions_of(self.variables, variables)
        offsets = self.offsets
        rows = np.concatenate(
            [np.arange(offsets[place], offsets[place + 1]) for place in index]
            or [np.empty(0, dtype=np.int64)]
        )
        return Counts(
            as_names(variables, len(index)),
            tuple(self.categories[place] for place in index),
            self.n_obs,
            self.n_excluded,
            self.missing,
            self.weight_kind,
            self.tables[np.ix_(rows, rows)],
            self.pairs[np.ix_(index, index)],
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON.

        Returns
        -------
        dict
        """
        return {
            "format": FORMAT,
            "version": 1,
            "variables": list(self.variables),
            "categories": [list(values) for values in self.categories],
            "n_obs": self.n_obs,
            "n_excluded": self.n_excluded,
            "missing": self.missing,
            "weight_kind": self.weight_kind,
            "tables": self.tables.tolist(),
            "pairs": self.pairs.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Counts:
        """Read what `to_dict` wrote.

        Parameters
        ----------
        stored : mapping
            As made by `to_dict`, perhaps through JSON.

        Returns
        -------
        Counts

        Raises
        ------
        OptionError
            If it is something else.
        """
        check_stored(stored, FORMAT, "Counts", cls)
        categories = tuple(tuple(map(float, values)) for values in stored["categories"])
        size, n_variables = sum(map(len, categories)), len(categories)
        return cls(
            tuple(stored["variables"]),
            categories,
            int(stored["n_obs"]),
            int(stored["n_excluded"]),
            stored["missing"],
            stored["weight_kind"],
            np.asarray(stored["tables"], dtype=np.float64).reshape(size, size),
            np.asarray(stored["pairs"], dtype=np.float64).reshape(n_variables, n_variables),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Counts):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        sizes = self.n_categories
        span = "no" if not sizes.size else str(sizes.min())
        if sizes.size and sizes.max() > sizes.min():
            span += f" to {sizes.max()}"
        return (
            f"Counts of {len(self.variables)} variables ({shorten(self.variables, 4)}) with {span} "
            f"categories: n = {self.n_obs}, missing: {self.missing}"
        )


def value_frequencies(
    values: FloatArray, weights: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Frequency table of one variable, however many different values it has.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Values without missing ones.
    weights : ndarray, shape (n,), optional
        What each of them stands for.

    Returns
    -------
    values : ndarray, shape (k,)
        The different values, ascending.
    frequencies : ndarray, shape (k,)
        How often each occurs, or the sum of its weights.

    Examples
    --------
    >>> value, frequency = value_frequencies(np.array([2.0, -1.0, 2.0]))
    >>> value.tolist(), frequency.tolist()
    ([-1.0, 2.0], [1.0, 2.0])
    """
    distinct, code = np.unique(values, return_inverse=True)
    return distinct, _tabulate(code.astype(np.int64), distinct.size, weights)


def _check_categories(
    variables: tuple[str, ...], categories: Sequence[Sequence[float] | FloatArray]
) -> None:
    """Insist on answers that are categories, not measurements."""
    many = [
        f"{name} ({len(values)})"
        for name, values in zip(variables, categories, strict=True)
        if len(values) > MOST_CATEGORIES
    ]
    if many:
        raise OptionError(
            f"Counts are for ordered answers of at most {MOST_CATEGORIES} categories, but these "
            f"have more different values: {shorten(many)}. Take the items themselves, or Pearson's "
            "correlations."
        )


def _as_answers(data: ArrayLike, n_variables: int | None) -> _Answers:
    """Turn a table into rows; whole numbers that are stored as such stay so."""
    given = np.asarray(data)
    fits = given.ndim == 2 and n_variables in (None, given.shape[-1])
    return given if fits and given.dtype.kind in "iu" else as_rows(data, n_variables)


def _collect(
    rows: _Answers,
    names: tuple[str, ...],
    missing: Missing,
    weights: FloatArray | None,
    kind: WeightKind,
) -> Counts:
    counted = np.ones(len(rows), dtype=bool) if weights is None else weights > 0.0
    coded = _coded(rows)
    if any(len(values) > _LONGEST_SCALE for values in coded.values):
        _check_categories(names, coded.values)
    present = coded.codes != _MISSING if coded.incomplete else None
    chosen = counted
    if present is not None:
        chosen = counted & (present.all(axis=0) if missing == "listwise" else present.any(axis=0))
    respondents = (
        weights if kind == "frequency" and weights is not None else counted.astype(np.float64)
    )
    everybody = bool(chosen.all())
    codes = coded.codes if everybody else coded.codes[:, chosen]
    kept_weights = weights if weights is None or everybody else weights[chosen]
    incomplete = present is not None and missing == "pairwise"
    tables = _tables(codes, [len(values) for values in coded.values], kept_weights, incomplete)
    # A value that nobody chose who counts is no category.
    used = np.diag(tables) > 0.0
    values = np.split(np.concatenate(coded.values), np.cumsum([len(v) for v in coded.values])[:-1])
    kept = np.split(used, np.cumsum([len(v) for v in coded.values])[:-1])
    categories = tuple(tuple(own[keep].tolist()) for own, keep in zip(values, kept, strict=True))
    _check_categories(names, categories)
    n_obs = int(respondents[chosen].sum())
    pairs = np.full((len(names), len(names)), float(n_obs))
    if present is not None and missing == "pairwise":
        answered = present[:, chosen].astype(np.float64)
        pairs = (answered * respondents[chosen]) @ answered.T
    return Counts(
        names,
        categories,
        n_obs,
        int(respondents[counted].sum()) - n_obs,
        missing,
        kind,
        tables if used.all() else tables[np.ix_(used, used)],
        pairs,
    )


@dataclass(frozen=True, slots=True)
class _Coded:
    """Answers as positions among the values of their variables.

    Attributes
    ----------
    codes : ndarray of int16, shape (p, n)
        Positions; `_MISSING` where there is no answer.
    values : list of FloatArray
        For each variable the values that the positions stand for, ascending; some of them may not
        occur.
    incomplete : bool
        Whether any answer is missing.
    """

    codes: NDArray[np.int16]
    values: list[FloatArray]
    incomplete: bool


def _coded(rows: _Answers) -> _Coded:
    """Code the answers: whole numbers on short scales without sorting, all others with it."""
    whole = _whole_numbers(rows)
    if whole is None:
        return _by_sorting(rows)
    incomplete, values = False, []
    for code in whole:
        present = code != _MISSING
        every = bool(present.all())
        incomplete |= not every
        answers = code if every else code[present]
        low, high = (int(answers.min()), int(answers.max())) if answers.size else (0, -1)
        if high - low >= _LONGEST_SCALE:
            return _by_sorting(rows)
        if every:
            code -= low
        else:
            code[present] -= low
        values.append(np.arange(low, high + 1, dtype=np.float64))
    return _Coded(whole, values, incomplete)


def _whole_numbers(rows: _Answers) -> NDArray[np.int16] | None:
    """Answers as small whole numbers, one row per variable; None if they are something else.

    Portions that lie together in memory pass through the processor's cache once, which is where
    the time goes.
    """
    whole = np.empty(rows.shape[::-1], dtype=np.int16)
    if rows.flags.f_contiguous:
        portions = [(slice(None), slice(place, place + 1)) for place in range(rows.shape[1])]
    else:
        starts = range(0, len(rows), _ROWS_AT_ONCE)
        portions = [(slice(start, start + _ROWS_AT_ONCE), slice(None)) for start in starts]
    for some_rows, some_columns in portions:
        part = rows[some_rows, some_columns]
        if part.dtype.kind == "f":
            missing = np.isnan(part)
            if missing.any():
                part = np.where(missing, float(_MISSING), part)
        # Out of range a cast gives anything at all, which the comparison then finds out.
        with np.errstate(invalid="ignore"):
            numbers = part.astype(np.int16)
        if not np.array_equal(numbers, part):
            return None
        whole[some_columns, some_rows] = numbers.T
    return whole


def _by_sorting(rows: _Answers) -> _Coded:
    """Code the answers by the order of their values."""
    codes = np.full(rows.shape[::-1], _MISSING, dtype=np.int16)
    values, incomplete = [], False
    for code, column in zip(codes, rows.T, strict=True):
        present = ~np.isnan(column)
        incomplete |= not present.all()
        distinct, position = np.unique(column[present], return_inverse=True)
        values.append(distinct)
        # More positions than these make no tables: too many categories are an error.
        code[present] = np.minimum(position, _LONGEST_SCALE)
    return _Coded(codes, values, incomplete)


@dataclass(frozen=True, slots=True)
class _Block:
    """Some variables that are tabulated together.

    Attributes
    ----------
    code : IntArray, shape (n,)
        One number for each combination of their positions.
    size : int
        Number of combinations.
    margins : FloatArray, shape (K, size)
        For every category of every variable a row that marks its combinations. Products with it
        make sums over all others, and leave missing answers out, which have no row.
    """

    code: IntArray
    size: int
    margins: FloatArray


def _blocks(codes: NDArray[np.int16], sizes: list[int], incomplete: bool) -> Iterator[_Block]:
    """Combine neighbouring variables as long as their combinations stay few."""
    place = 0
    while place < len(sizes):
        code, size = codes[place].astype(np.int64), sizes[place] + incomplete
        shape = [size]
        if incomplete:
            code[code == _MISSING] = size - 1
        place += 1
        while place < len(sizes) and size * (sizes[place] + incomplete) <= _MOST_COMBINATIONS:
            own = sizes[place] + incomplete
            added = codes[place].astype(np.int64)
            if incomplete:
                added[added == _MISSING] = own - 1
            code = code * own + added
            size, place = size * own, place + 1
            shape.append(own)
        positions = np.unravel_index(np.arange(size), shape)
        margins = [
            position == np.arange(own - incomplete)[:, None]
            for position, own in zip(positions, shape, strict=True)
        ]
        yield _Block(code, size, np.vstack(margins).astype(np.float64))


def _tables(
    codes: NDArray[np.int16], sizes: list[int], weights: FloatArray | None, incomplete: bool
) -> FloatArray:
    """All two-way tables, from joint tables of two blocks of variables each.

    One pass over the rows tabulates several pairs of variables at once, and costs no more than a
    pass for one pair.
    """
    tables = np.zeros((sum(sizes), sum(sizes)))
    blocks, start = [], 0
    for block in _blocks(codes, sizes, incomplete):
        stop = start + len(block.margins)
        blocks.append((block, slice(start, stop)))
        start = stop
    # Two arrays serve for all pairs of blocks: to make new ones would cost as much as to count.
    shifted, code = np.empty((2, codes.shape[1]), dtype=np.int64)
    for place, (first, rows) in enumerate(blocks):
        own = _tabulate(first.code, first.size, weights)
        tables[rows, rows] = (first.margins * own) @ first.margins.T
        factor = 0
        for second, columns in blocks[place + 1 :]:
            if second.size != factor:
                factor = second.size
                np.multiply(first.code, factor, out=shifted)
            np.add(shifted, second.code, out=code)
            joint = _tabulate(code, first.size * second.size, weights)
            joint = joint.reshape(first.size, second.size)
            tables[rows, columns] = first.margins @ joint @ second.margins.T
            tables[columns, rows] = tables[rows, columns].T
    return tables


def _tabulate(code: IntArray, size: int, weights: FloatArray | None) -> FloatArray:
    """Frequencies of all codes below a number."""
    return np.bincount(code, weights, minlength=size).astype(np.float64)
