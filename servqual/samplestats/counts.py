"""Frequencies of ordered answers, and of each pair of answers: the two-way tables of all items.

`Counts` are to ordered categories what `Moments` are to numbers: collected from rows or batches,
merged, selected. Polychoric and rank correlations, rank tests and frequency plots start from here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

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
from servqual.typing import BoolArray, FloatArray, IntArray, Missing, WeightKind, check_option

#: Under this name counts are stored.
FORMAT = "servqual-counts"

#: A variable with more different values than this is no ordered answer.
MOST_CATEGORIES = 50

#: Variables are tabulated together as long as their combined categories are not more than this:
#: two blocks then have a joint table that stays in the processor's cache.
_MOST_COMBINATIONS = 64


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
        rows = as_rows(data, None if variables is None else len(variables))
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
    distinct, code = _column_codes(values, None)
    return distinct, _tabulate(code, (distinct.size,), weights)


def _check_categories(variables: tuple[str, ...], categories: Sequence[Sequence[float]]) -> None:
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


def _collect(
    rows: FloatArray,
    names: tuple[str, ...],
    missing: Missing,
    weights: FloatArray | None,
    kind: WeightKind,
) -> Counts:
    counted = np.ones(len(rows), dtype=bool) if weights is None else weights > 0.0
    present = ~np.isnan(rows)
    everywhere = bool(present.all())
    if everywhere:
        chosen = counted
    elif missing == "listwise":
        chosen = counted & present.all(axis=1)
    else:
        chosen = counted & present.any(axis=1)
    respondents = (
        weights if kind == "frequency" and weights is not None else counted.astype(np.float64)
    )
    kept = rows if chosen.all() else rows[chosen]
    kept_weights = None if weights is None else weights[chosen]
    incomplete = missing == "pairwise" and not everywhere
    codes, categories = _codes(kept, names, incomplete=incomplete)
    sizes = [len(values) for values in categories]
    tables = _tables(codes, sizes, kept_weights, incomplete=incomplete)
    n_obs = int(respondents[chosen].sum())
    if missing == "listwise":
        pairs = np.full((len(names), len(names)), float(n_obs))
    else:
        answered = present[chosen].astype(np.float64)
        pairs = (answered * respondents[chosen][:, None]).T @ answered
    return Counts(
        names,
        categories,
        n_obs,
        int(respondents[counted].sum()) - n_obs,
        missing,
        kind,
        tables,
        pairs,
    )


def _codes(
    rows: FloatArray, names: tuple[str, ...], *, incomplete: bool
) -> tuple[list[IntArray], tuple[tuple[float, ...], ...]]:
    """Position of each answer among the variable's values, and these values.

    A missing answer has the position after the last.
    """
    codes, categories = [], []
    for column in _columns(rows):
        missing = np.isnan(column) if incomplete else None
        values, code = _column_codes(column, missing)
        codes.append(code)
        categories.append(tuple(values.tolist()))
    _check_categories(names, categories)
    return codes, tuple(categories)


def _columns(rows: FloatArray) -> Iterator[FloatArray]:
    """Columns as contiguous arrays, some at a time: a few pass through the cache together."""
    for start in range(0, rows.shape[1], 8):
        yield from np.ascontiguousarray(rows[:, start : start + 8].T)


def _column_codes(column: FloatArray, missing: BoolArray | None) -> tuple[FloatArray, IntArray]:
    """Values of one variable, ascending, and the position of each answer among them."""
    numbers = column if missing is None else column[~missing]
    if not numbers.size:
        return numbers, np.zeros(column.size, dtype=np.int64)
    low, high = float(numbers.min()), float(numbers.max())
    if low.is_integer() and high - low <= 1000.0:
        # Whole numbers on a short scale need no sorting.
        whole = numbers.astype(np.int64)
        if np.array_equal(whole, numbers):
            whole -= int(low)
            seen = np.bincount(whole) > 0
            if not seen.all():
                whole = (np.cumsum(seen) - 1)[whole]
            chosen = np.flatnonzero(seen).astype(np.float64) + low
            return chosen, _spread(whole, missing, chosen.size)
    values, position = np.unique(numbers, return_inverse=True)
    return values, _spread(position.astype(np.int64), missing, values.size)


def _spread(position: IntArray, missing: BoolArray | None, n_values: int) -> IntArray:
    """Positions of all rows, from those of the answered ones."""
    if missing is None:
        return position
    code = np.full(missing.size, n_values, dtype=np.int64)
    code[~missing] = position
    return code


@dataclass(frozen=True, slots=True)
class _Block:
    """Some variables that are tabulated together.

    Attributes
    ----------
    variables : tuple of int
        Which.
    shape : tuple of int
        Their numbers of categories, with one more for a missing answer.
    code : IntArray, shape (n,)
        One number for each combination of their categories.
    """

    variables: tuple[int, ...]
    shape: tuple[int, ...]
    code: IntArray

    @property
    def size(self) -> int:
        """Number of combinations."""
        return math.prod(self.shape)


def _blocks(codes: list[IntArray], shape: list[int]) -> list[_Block]:
    """Combine neighbouring variables as long as their combinations stay few."""
    blocks: list[_Block] = []
    for variable, (code, size) in enumerate(zip(codes, shape, strict=True)):
        last = blocks[-1] if blocks else None
        if last is not None and last.size * size <= _MOST_COMBINATIONS:
            joint = last.code * size + code
            blocks[-1] = _Block((*last.variables, variable), (*last.shape, size), joint)
        else:
            blocks.append(_Block((variable,), (size,), code))
    return blocks


def _tables(
    codes: list[IntArray], sizes: list[int], weights: FloatArray | None, *, incomplete: bool
) -> FloatArray:
    """All two-way tables, from joint tables of two blocks of variables each.

    One pass over the rows tabulates several pairs of variables at once, and costs no more than a
    pass for one pair.
    """
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    tables = np.zeros((starts[-1], starts[-1]))

    def write(joint: FloatArray, variables: tuple[int, ...], one: int, two: int) -> None:
        """Put the margin of two of a joint table's variables where it belongs, twice."""
        row, column = variables[one], variables[two]
        others = tuple(axis for axis in range(joint.ndim) if axis not in (one, two))
        # The last category of incomplete answers is the missing one.
        margin = joint.sum(axis=others)[: sizes[row], : sizes[column]]
        down = slice(starts[row], starts[row + 1])
        across = slice(starts[column], starts[column + 1])
        tables[down, across] = margin
        tables[across, down] = margin.T

    blocks = _blocks(codes, [max(size + incomplete, 1) for size in sizes])
    for place, first in enumerate(blocks):
        own = _tabulate(first.code, first.shape, weights)
        for one, variable in enumerate(first.variables):
            others = tuple(axis for axis in range(own.ndim) if axis != one)
            diagonal = np.arange(starts[variable], starts[variable + 1])
            tables[diagonal, diagonal] = own.sum(axis=others)[: diagonal.size]
            for two in range(one):
                write(own, first.variables, two, one)
        for second in blocks[place + 1 :]:
            code = first.code * second.size + second.code
            joint = _tabulate(code, first.shape + second.shape, weights)
            n_first = len(first.variables)
            for one in range(n_first):
                for two in range(n_first, joint.ndim):
                    write(joint, first.variables + second.variables, one, two)
    return tables


def _tabulate(code: IntArray, shape: tuple[int, ...], weights: FloatArray | None) -> FloatArray:
    """Frequencies of all combinations."""
    counted = np.bincount(code, weights, minlength=math.prod(shape))
    return counted.reshape(shape).astype(np.float64)
