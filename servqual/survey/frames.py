"""Any dataframe in, a small frozen `Frame` out: the only module that knows narwhals.

A survey needs three things of a column: its numbers (with what is not a number told apart from what
is missing), its labels (for groups), and the order of its categories when one was declared. `Frame`
gives these and nothing else, whatever library holds the data, and never writes into the caller's
columns.
"""

from __future__ import annotations

import datetime
import decimal as decimal_module
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servqual.errors import MissingDependencyError, SurveyError, shorten
from servqual.typing import FloatArray

__all__ = [
    "MISSING_TEXTS",
    "Frame",
    "NumericColumn",
    "may_be_thousands",
    "read_frame",
    "starts_with_number",
]

#: Texts that stand for "no answer", compared without case and outer spaces.
MISSING_TEXTS: frozenset[str] = frozenset(
    {"", "na", "n/a", "#n/a", "<na>", "nan", "null", ".", "-"}
)

#: "." or ",": the only decimal mark that is read as one; None reads both.
DecimalMark: TypeAlias = Literal[".", ","]

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_WHOLE_AS_DECIMAL = re.compile(r"(-?\d+)\.0+")
_LEADING_INTEGER = re.compile(r"\s*[+-]?\d+(?:\s*[-–—:.=)(]\s*|\s+)\(?[^\W\d]")


@dataclass(frozen=True, slots=True, eq=False)
class NumericColumn:
    """The numbers of one column, and what in it is not a number.

    Attributes
    ----------
    values : ndarray of float64, shape (n_rows,)
        The numbers; nan where an entry is missing or is not a number. The array is the caller's own
        to change.
    bad : dict of str to int
        Entries that are neither numbers nor missing, as text, with their counts; most frequent
        first.
    """

    values: FloatArray
    bad: dict[str, int]

    @property
    def n_bad(self) -> int:
        """How many entries are not numbers."""
        return sum(self.bad.values())


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The columns of a survey, independent of the library that holds them.

    Attributes
    ----------
    names : tuple of str
        Names of the columns in their order, each once.
    n_rows : int
        Number of rows.
    columns : mapping of str to narwhals.Series
        The columns by name. Of columns that share a name, the first.
    duplicates : tuple of str
        Names that more than one column has.
    decimal : {".", ","} or None
        The only decimal mark that is accepted in numbers stored as text; None accepts both.
    declared_categories : bool
        Whether the categories of categorical columns were declared by somebody, rather than being
        how a reader stores text.

    Examples
    --------
    >>> frame = read_frame({"E1": ["5", "5,5", "NA", "good"]})
    >>> column = frame.numeric("E1")
    >>> column.values
    array([5. , 5.5, nan, nan])
    >>> column.bad
    {'good': 1}
    """

    names: tuple[str, ...]
    n_rows: int
    columns: Mapping[str, nw.Series[Any]] = field(repr=False)
    duplicates: tuple[str, ...] = ()
    decimal: DecimalMark | None = None
    declared_categories: bool = True

    def numeric(self, name: str) -> NumericColumn:
        """Read a column as numbers.

        Numbers stored as text are numbers, with a decimal point or a decimal comma (``"5"``, ``" 5
        "``, ``"5,0"``); the texts in `MISSING_TEXTS` are missing; False and True are 0 and 1.
        Everything else is bad, also a label that merely begins with a number (``"7 - strongly
        agree"``) and an infinite number. ``"1,234"`` is bad too where it may mean 1234: in a column
        in which other entries have a decimal point, and, unless `decimal` says what a comma is,
        beside whole hundreds (987) if all commas of the column stand like that.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        NumericColumn
        """
        series = self.columns[name]
        if series.dtype.is_numeric():
            return _from_numbers(np.array(series.cast(nw.Float64).to_numpy(), dtype=np.float64))
        codes, entries = _distinct(series)
        return _from_entries(codes, entries, self.decimal)

    def labels(self, name: str) -> NDArray[np.object_]:
        """Read a column as labels, for instance of groups.

        Whole numbers are written without decimals (``"1"``, also when the column holds 1.0), truth
        values as ``"True"`` and ``"False"``, days as ``"2024-05-31"``; text is stripped of outer
        spaces.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        ndarray of object, shape (n_rows,)
            A str per row, or None where the label is missing.
        """
        codes, entries = _distinct(self.columns[name])
        # The last place stands for the code -1, which means missing.
        found = np.array([*_entry_labels(entries), None], dtype=object)
        return found[codes]

    def categories(self, name: str) -> tuple[str, ...] | None:
        """Give the declared order of a column's categories, as labels.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        tuple of str or None
            All declared categories, also those nobody has; None when no order was declared, as for
            text, numbers and the categoricals of polars, whose order is only that of appearance.
        """
        if not self.declared_categories:
            return None
        entries = _declared_categories(self.columns[name])
        if entries is None:
            return None
        labels = [label for label in _entry_labels(entries) if label is not None]
        return tuple(dict.fromkeys(labels))


def starts_with_number(text: str) -> bool:
    """Whether a text is a label that begins with its number, such as ``"7 - strongly agree"``.

    Such answers are not read silently, but deserve an error of their own.

    Parameters
    ----------
    text : str
        An entry.

    Returns
    -------
    bool

    Examples
    --------
    >>> starts_with_number("7 - strongly agree"), starts_with_number("agree")
    (True, False)
    """
    return _LEADING_INTEGER.match(text) is not None


def read_frame(frame: object) -> Frame:
    """Take a dataframe of any library that narwhals reads.

    Parameters
    ----------
    frame : dataframe, mapping of str to sequence, or Frame
        A pandas, polars (also lazy) or pyarrow frame, a DuckDB relation or anything else narwhals
        reads; or a dict of lists. A lazy frame is collected. The caller's data are not written to.

    Returns
    -------
    Frame

    Raises
    ------
    SurveyError
        If it is not a dataframe, has column names of several levels, or has no columns.

    Examples
    --------
    >>> read_frame({"E1": [5, 6], "P1": [4, None]}).names
    ('E1', 'P1')
    """
    if isinstance(frame, Frame):
        return frame
    if isinstance(frame, Mapping):
        frame = _frame_of_mapping(frame)
    names, series = _named_columns(frame)
    if not names:
        raise SurveyError("The data have no columns. Give a frame with one column per question.")
    columns: dict[str, nw.Series[Any]] = {}
    for name, column in zip(names, series, strict=True):
        columns.setdefault(name, column)
    return Frame(
        names=tuple(columns),
        n_rows=len(series[0]),
        columns=columns,
        duplicates=tuple(name for name, count in Counter(names).items() if count > 1),
    )


def _named_columns(frame: object) -> tuple[list[str], list[nw.Series[Any]]]:
    """Take a frame apart by position, since pandas and pyarrow allow two columns of one name."""
    native = _eager_native(frame)
    if isinstance(getattr(native, "columns", None), pd.MultiIndex):
        raise SurveyError(
            f"The columns of the frame have names of {native.columns.nlevels} levels. "
            "Give each column a single name, for instance with `frame.columns.map('_'.join)`."
        )
    if hasattr(native, "iloc"):
        names = [str(name) for name in native.columns]
        parts = [native.iloc[:, position] for position in range(len(names))]
    elif hasattr(native, "column_names"):
        names = list(native.column_names)
        parts = [native.column(position) for position in range(len(names))]
    else:
        eager: nw.DataFrame[Any] = nw.from_native(native, eager_only=True)
        return list(eager.columns), list(eager.iter_columns())
    return names, [nw.from_native(part, series_only=True) for part in parts]


def _eager_native(frame: object) -> Any:
    """Check that narwhals knows the object, and give the frame of its own library, collected."""
    if isinstance(frame, str | os.PathLike):
        raise SurveyError(
            f"`frame` is the path or text {str(frame)!r}, but must be a dataframe. "
            "Read a file with `read_survey(path)` instead."
        )
    try:
        known: Any = nw.from_native(cast("Any", frame))
        if isinstance(known, nw.LazyFrame):
            known = known.collect()
            # Asking for the names makes narwhals look for repeated ones.
            _ = known.columns
    except nw.exceptions.DuplicateError:
        # Repeated names are reported by the caller; DuckDB gives such a relation as a pyarrow
        # table.
        return frame.to_arrow_table() if hasattr(frame, "to_arrow_table") else frame
    except ImportError as error:
        raise MissingDependencyError.for_extra(
            "pyarrow", "scale", "Reading a lazy frame or a database relation"
        ) from error
    except TypeError as error:
        raise _not_a_frame(frame) from error
    return nw.to_native(known)


def _not_a_frame(frame: object) -> SurveyError:
    kind = f"{type(frame).__module__}.{type(frame).__qualname__}".removeprefix("builtins.")
    hint = ""
    if isinstance(frame, np.ndarray):
        hint = " An array has no column names: wrap it in `pandas.DataFrame(array, columns=…)`."
    return SurveyError(
        f"`frame` is of type {kind}, but must be a dataframe (pandas, polars, pyarrow, DuckDB or "
        f"another that narwhals reads) or a dict of lists.{hint}"
    )


def _frame_of_mapping(columns: Mapping[Any, Any]) -> pd.DataFrame:
    """Make a frame of a dict of lists, all of one length."""
    lengths: dict[str, int] = {}
    for name, values in columns.items():
        if isinstance(values, str) or not hasattr(values, "__len__"):
            raise SurveyError(
                f"The column {name} of `frame` is {values!r}, but must be a list with one entry "
                "per respondent."
            )
        lengths[str(name)] = len(values)
    if len(set(lengths.values())) > 1:
        found = shorten(f"{name} has {length}" for name, length in lengths.items())
        raise SurveyError(f"The columns of `frame` differ in length: {found}. Make them equal.")
    # Arrays of one column each, so that an index of the values cannot re-order the rows.
    return pd.DataFrame({name: list(values) for name, values in columns.items()})


def _distinct(series: nw.Series[Any]) -> tuple[NDArray[np.intp], list[Any]]:
    """Give each different entry of a column a code (-1 where missing), and list the entries."""
    native = series.to_native()
    if isinstance(native, pd.Series) and isinstance(native.dtype, pd.CategoricalDtype):
        return np.asarray(native.cat.codes, dtype=np.intp), list(native.dtype.categories)
    if series.dtype.is_temporal() or series.dtype == nw.Categorical:
        # Not to_numpy: it loses the nulls of a dictionary array of pyarrow, and the kind of a date.
        values = np.empty(len(series), dtype=object)
        values[:] = series.to_list()
    else:
        values = np.asarray(series.to_numpy(), dtype=object)
    try:
        codes, entries = pd.factorize(values)
    except TypeError:
        # Lists and other entries that have no hash; their text has one.
        texts = np.array([None if _is_null(entry) else str(entry) for entry in values], object)
        codes, entries = pd.factorize(texts)
    return codes.astype(np.intp), list(entries)


def _is_null(entry: object) -> bool:
    return entry is None or entry is pd.NA or (isinstance(entry, float) and np.isnan(entry))


def _declared_categories(series: nw.Series[Any]) -> list[Any] | None:
    native = series.to_native()
    if isinstance(native, pd.Series):
        if isinstance(native.dtype, pd.CategoricalDtype):
            return list(native.dtype.categories)
        return None
    if isinstance(series.dtype, nw.Enum):
        return list(series.dtype.categories)
    # A dictionary array of pyarrow declares an order by its type.
    if getattr(getattr(native, "type", None), "ordered", False) and native.num_chunks:
        return list(native.unify_dictionaries().chunk(0).dictionary.to_pylist())
    return None


def _from_numbers(values: FloatArray) -> NumericColumn:
    infinite = np.isinf(values)
    bad = _by_count({str(value): int(np.sum(values == value)) for value in set(values[infinite])})
    values[infinite] = np.nan
    return NumericColumn(values, bad)


def _from_entries(
    codes: NDArray[np.intp], entries: Sequence[Any], decimal: DecimalMark | None
) -> NumericColumn:
    """Read each different entry once, then spread the numbers over the rows."""
    texts = [_clean(_entry_text(entry)) for entry in entries]
    has_points = any("." in text and _NUMBER.fullmatch(text) for text in texts)
    grouped = has_points or (decimal is None and _look_grouped(texts))
    # The last place stands for the code -1, which means missing.
    numbers = np.full(len(entries) + 1, np.nan)
    counts = np.bincount(codes[codes >= 0], minlength=len(entries))
    bad: Counter[str] = Counter()
    for position, text in enumerate(texts):
        if text.casefold() in MISSING_TEXTS or counts[position] == 0:
            continue
        number = _parse_number(text, decimal, grouped=grouped)
        if np.isfinite(number):
            numbers[position] = number
        else:
            bad[text] += int(counts[position])
    return NumericColumn(numbers[codes], _by_count(bad))


def _by_count(bad: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(bad.items(), key=lambda pair: (-pair[1], pair[0])))


def _entry_text(entry: object) -> str:
    """Write an entry as text that can be read as its number, if it has one."""
    if isinstance(entry, bool | np.bool_):
        return str(int(entry))
    if isinstance(entry, int | float | np.integer | np.floating | decimal_module.Decimal):
        return repr(float(entry))
    return _label(entry) or ""


def _clean(text: str) -> str:
    # Word processors and some survey tools write the minus sign U+2212.
    return text.strip().replace("\u2212", "-")


def may_be_thousands(text: str) -> bool:
    """Whether a comma in a number may separate thousands, as in ``"1,234"``.

    Parameters
    ----------
    text : str
        An entry.

    Returns
    -------
    bool

    Examples
    --------
    >>> may_be_thousands("1,234"), may_be_thousands("1,23")
    (True, False)
    """
    return _MAYBE_THOUSANDS.fullmatch(text) is not None


def _look_grouped(texts: Sequence[str]) -> bool:
    """Whether the commas of a column separate thousands, as far as its other entries can tell."""
    with_comma = [text for text in texts if "," in text and _NUMBER.fullmatch(text)]
    if not with_comma or not all(may_be_thousands(text) for text in with_comma):
        return False
    plain = (text for text in texts if "," not in text and _NUMBER.fullmatch(text))
    return any(abs(float(text)) >= 100 for text in plain)


def _parse_number(text: str, decimal: DecimalMark | None, *, grouped: bool) -> float:
    """Read a number, or give nan; `grouped`: commas may separate thousands."""
    if not _NUMBER.fullmatch(text):
        return float("nan")
    if (decimal == "." and "," in text) or (decimal == "," and "." in text):
        return float("nan")
    if grouped and may_be_thousands(text):
        return float("nan")
    return float(text.replace(",", "."))


def _entry_labels(entries: Sequence[Any]) -> list[str | None]:
    labels = [_label(entry) for entry in entries]
    present = [label for label in labels if label is not None]
    whole = [_WHOLE_AS_DECIMAL.fullmatch(label) for label in present]
    if present and all(whole):
        # pandas writes a column of whole numbers with a gap as 1.0, 2.0, … into a csv file.
        return [None if label is None else label.partition(".")[0] for label in labels]
    return labels


def _label(entry: object) -> str | None:
    """Write one entry as a label; None when it is missing."""
    if _is_null(entry) or entry is pd.NaT:
        return None
    if isinstance(entry, bool | np.bool_):
        return str(bool(entry))
    if isinstance(entry, float | np.floating | decimal_module.Decimal):
        number = float(entry)
        return str(int(number)) if np.isfinite(number) and number.is_integer() else str(number)
    if isinstance(entry, datetime.datetime) and entry.time() == datetime.time():
        return entry.date().isoformat()
    if isinstance(entry, bytes):
        entry = entry.decode("utf-8", errors="replace")
    text = str(entry).strip()
    return None if text.casefold() in MISSING_TEXTS else text
