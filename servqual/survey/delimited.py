"""Text with delimiters: find its encoding, delimiter and decimal mark, check its rows, read it.

A text file is looked at before it is read: its encoding, its delimiter, its decimal mark, and
whether all its rows have as many fields as the header. Only then is it given to the parser of
pandas, which would otherwise rename repeated columns and shift ragged rows without a word.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from servqual.errors import SurveyError, shorten
from servqual.survey.checks import plural
from servqual.survey.frames import DecimalMark

__all__ = ["DelimitedTable", "check_rows", "delimiter_name", "name_columns", "read_delimited"]

_DELIMITERS = (",", ";", "\t", "|")
_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space"}
_DELIMITER_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "}
_SNIFFED_RECORDS = 200
_BOMS = (
    # The mark of UTF-32 begins with that of UTF-16, so it is looked for first.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SIGNATURES = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (xls)"),
    (b"PAR1", "a parquet file"),
    (b"$FL2", "an SPSS file (sav)"),
    (b"$FL3", "an SPSS file (zsav)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
_HTML = re.compile(r"\s*<(?:!doctype html|html|table|\?xml)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
_DECIMAL_POINT = re.compile(r"\s*[+-]?\d+\.\d+\s*")
_NUMBER = re.compile(r"\s*[+-]?\d+(?:[.,]\d+)?\s*")


@dataclass(frozen=True, slots=True, eq=False)
class DelimitedTable:
    """A text file taken apart.

    Attributes
    ----------
    names : tuple of str
        The header, repeated names included.
    columns : DataFrame, shape (n_rows, n_columns)
        The fields, all text, as categories of pandas; its columns are called 0, 1, ….
    encoding, delimiter : str
        What was found or given.
    decimal : {".", ","}
        The decimal mark that the fields use; ``"."`` when they have no decimals.
    """

    names: tuple[str, ...]
    columns: pd.DataFrame
    encoding: str
    delimiter: str
    decimal: DecimalMark


def read_delimited(
    data: bytes, name: str, *, delimiter: str | None = None, encoding: str | None = None
) -> DelimitedTable:
    r"""Read the bytes of a text file with delimiters.

    Parameters
    ----------
    data : bytes
        All of the file.
    name : str
        The file's name, for messages.
    delimiter : str, optional
        One character, or ``"tab"``; found among comma, semicolon, tab and vertical bar when left
        out.
    encoding : str, optional
        A name that Python knows; found when left out.

    Returns
    -------
    DelimitedTable

    Raises
    ------
    SurveyError
        If the bytes are no text, or the text no table with a header and rows of one length.

    Examples
    --------
    >>> table = read_delimited(b"E1;P1\n5,5;4\n", "bank.csv")
    >>> table.names, table.delimiter, table.decimal
    (('E1', 'P1'), ';', ',')
    """
    text, encoding = _decode(data, name, encoding)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    # Excel understands a first line that names the delimiter, and other programs write it for
    # Excel.
    named = re.fullmatch(r'"?sep=(.|\\t)"?', lines[0].strip(" "), re.IGNORECASE)
    first = 1 if named else 0
    if delimiter is None and named:
        delimiter = named.group(1)
    while first < len(lines) and not lines[first].strip():
        first += 1
    if first == len(lines):
        raise SurveyError(
            f"The file {name} is empty: it has only blank lines. Export the survey again."
        )
    delimiter = _choose_delimiter(lines[first:], delimiter, name)
    table = _TextTable(name, lines, first, delimiter)
    columns = table.read()
    names = tuple(name_columns(table.header, columns.shape[1]))
    return DelimitedTable(names, columns, encoding, delimiter, _find_decimal(columns))


def check_rows(name: str, n_columns: int, n_rows: int) -> None:
    """Raise when a table has a header and nothing below it.

    Parameters
    ----------
    name : str
        The file's name.
    n_columns, n_rows : int
        Size of the table without its header.

    Raises
    ------
    SurveyError
        If there are no rows.
    """
    if n_rows == 0:
        raise SurveyError(
            f"The file {name} has a header of {plural(n_columns, 'column')} but no rows. "
            "A row per respondent is needed; export the answers too."
        )


def _decode(data: bytes, name: str, encoding: str | None) -> tuple[str, str]:
    """Turn bytes into text, and name the encoding that did it."""
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            raise SurveyError(
                f"The file {name} is {kind}, whatever its ending says. Give it the right ending, "
                "or save it as csv."
            )
    if encoding is not None:
        text = _decode_as(data, name, encoding)
    else:
        encoding = _find_encoding(data, name)
        text = _decode_as(data, name, encoding)
    _check_readable(text, name, encoding)
    return text.removeprefix("\ufeff"), encoding


def _decode_as(data: bytes, name: str, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError as error:
        raise SurveyError(
            f'`encoding` is {encoding!r}, which Python does not know. Usual ones are "utf-8", '
            '"cp1252", "cp949", "gb18030" and "shift_jis".'
        ) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SurveyError(
            f"The file {name} is not text in the encoding {encoding}: line {line} has a byte "
            f"0x{data[error.start]:02x} that it does not allow. Give the right `encoding`, such as "
            '"cp949", "gb18030" or "shift_jis", or save the file as UTF-8.'
        ) from error


def _find_encoding(data: bytes, name: str) -> str:
    """Name the encoding: by its mark, by the pattern of nul bytes, else UTF-8, else cp1252."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    # Digits and delimiters have a nul as the other byte of each pair in UTF-16.
    start = data[:4096]
    pairs = max(len(start) // 2, 1)
    even, odd = start[0::2].count(0) / pairs, start[1::2].count(0) / pairs
    if odd > 0.3 and even < 0.05:
        return "utf-16-le"
    if even > 0.3 and odd < 0.05:
        return "utf-16-be"
    if 0 in start:
        raise _not_text(name)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _check_readable(text: str, name: str, encoding: str) -> None:
    """Raise when the text is no text, or a web page."""
    start = text[:20_000]
    controls = sum(ord(sign) < 32 and sign not in "\t\n\r\f\v" for sign in start)
    # The private controls of latin-1 are what picture or program bytes decode to.
    controls += sum(0x7F <= ord(sign) < 0xA0 for sign in start)
    if "\0" in text or controls > 0.01 * len(start):
        raise _not_text(name)
    if _HTML.match(start):
        raise SurveyError(
            f"The file {name} holds a web page or XML, not a table with delimiters. Open it in a "
            "spreadsheet program and save it as csv or xlsx."
        )


def _not_text(name: str) -> SurveyError:
    return SurveyError(
        f"The file {name} does not hold text, so it cannot be a csv file. Export the survey as "
        "csv, or give the file the ending of its true format."
    )


def _choose_delimiter(lines: Sequence[str], given: str | None, name: str) -> str:
    """Find the delimiter, or check the one that was given."""
    if given is not None:
        given = _DELIMITER_WORDS.get(given.casefold(), given)
        if len(given) != 1 or given in '"\n\r':
            raise SurveyError(
                f'`delimiter` is {given!r}, but must be one character, such as "," or ";", '
                'or "tab".'
            )
    scores = {mark: _consistency(lines, mark) for mark in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda mark: scores[mark])
    header, _, width = scores[best]
    if given is None:
        if width > 1:
            return best
        found = lines[0].strip()[:60]
        raise SurveyError(
            f"The file {name} has one column only, called {found!r}, with any of the delimiters "
            "comma, semicolon, tab and vertical bar. If another character stands between its "
            'columns, give it, such as `delimiter=" "`.'
        )
    if _consistency(lines, given)[2] <= 1:
        hint = "Give the character that stands between the columns."
        if width > 1 and header:
            hint = f"With {delimiter_name(best)} it has {width}: leave `delimiter` out."
        raise SurveyError(
            f"With the `delimiter` {delimiter_name(given)}, the file {name} has one column only. "
            f"{hint}"
        )
    return given


def _consistency(lines: Sequence[str], delimiter: str) -> tuple[bool, float, int]:
    """Whether the header has the usual number of fields, the share of records with it, and it."""
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
    counts: list[int] = []
    try:
        for record in itertools.islice(reader, _SNIFFED_RECORDS):
            if any(field.strip() for field in record):
                counts.append(len(record))
    except csv.Error:
        return False, 0.0, 1
    if not counts or max(counts) == 1:
        return False, 0.0, 1
    width, frequency = Counter(counts).most_common(1)[0]
    # With one row or none, header and row are each as usual as the other; the header decides.
    if frequency == 1:
        width = counts[0]
    return width > 1 and counts[0] == width, frequency / len(counts), width


def delimiter_name(delimiter: str) -> str:
    """Name a delimiter in words.

    Parameters
    ----------
    delimiter : str
        One character.

    Returns
    -------
    str

    Examples
    --------
    >>> delimiter_name(";")
    'semicolon'
    """
    return _DELIMITER_NAMES.get(delimiter, repr(delimiter))


class _TextTable:
    """The lines of a text file, with header and body told apart and their widths checked."""

    def __init__(self, name: str, lines: list[str], first: int, delimiter: str) -> None:
        self.file_name = name
        self.delimiter = delimiter
        self.header, used = self._read_header(lines, first)
        self.start = first + used
        self.lines = self._without_blank_end(lines[self.start :])

    def _read_header(self, lines: list[str], first: int) -> tuple[list[str], int]:
        reader = csv.reader((line + "\n" for line in lines[first:]), delimiter=self.delimiter)
        try:
            fields = [" ".join(field.split()) for field in next(reader)]
        except csv.Error as error:
            raise self._unreadable(error) from error
        while fields and not fields[-1]:
            fields.pop()
        if (
            len(fields) > 1
            and all(_NUMBER.fullmatch(field) for field in fields)
            and len(set(fields)) < len(fields)
        ):
            raise SurveyError(
                f"The first line of the file {self.file_name} holds numbers "
                f"({shorten(fields, 5)}), not the names of the columns. "
                "Add a line with a name for each column."
            )
        return fields, reader.line_num

    def _without_blank_end(self, lines: list[str]) -> list[str]:
        """Drop trailing lines of delimiters only, which spreadsheet programs like to write."""
        blank = self.delimiter + " \t"
        end = len(lines)
        while end and not lines[end - 1].strip(blank):
            end -= 1
        return lines[:end]

    def read(self) -> pd.DataFrame:
        """Read the body as text: a frame with columns 0, 1, … whose entries are all str."""
        width = self._check_widths()
        if not self.lines:
            check_rows(self.file_name, len(self.header), 0)
        body = io.StringIO("\n".join(self.lines) + "\n")
        try:
            table = pd.read_csv(
                body,
                sep=self.delimiter,
                header=None,
                names=list(range(width)),
                index_col=False,
                # Not "category", which would read text of digits as numbers and lose "01".
                dtype=object,
                keep_default_na=False,
                na_filter=False,
                engine="c",
                low_memory=False,
            )
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise self._unreadable(error) from error
        # Ratings have few different texts, so categories make them small and quick to read.
        columns = {place: _categories(table[place]) for place in range(table.shape[1])}
        filled = self._filled_width(columns)
        return pd.DataFrame({place: columns[place] for place in range(filled)})

    def _filled_width(self, columns: Mapping[int, pd.Categorical]) -> int:
        """Count the columns up to the last one with a name or content."""
        width = len(columns)
        while width > len(self.header) and _is_blank(columns[width - 1]):
            width -= 1
        return width

    def _check_widths(self) -> int:
        """Raise when rows differ in length; give the width, blank trailing fields included."""
        expected = len(self.header)
        widest = expected
        ragged: list[tuple[int, int]] = []
        for number, count, record in self._records():
            if count == expected:
                continue
            fields = record.split(self.delimiter) if isinstance(record, str) else record
            if count > expected and not any(field.strip() for field in fields[expected:]):
                widest = max(widest, count)
                continue
            ragged.append((number, count))
        if not ragged:
            return widest
        n_records = sum(1 for _ in self._records())
        extra = {count for _, count in ragged} == {expected + 1}
        if len(ragged) == n_records and extra and n_records > 1:
            raise SurveyError(
                f"Every row of the file {self.file_name} has {plural(expected + 1, 'field')}, but "
                f"its header has {plural(expected, 'name')}. Give the nameless column (often the "
                "first, of row names) a name."
            )
        raise SurveyError(self._ragged_words(ragged, expected, n_records))

    def _ragged_words(self, ragged: list[tuple[int, int]], expected: int, n_records: int) -> str:
        found = shorten(f"line {number} has {count}" for number, count in ragged)
        rows = plural(len(ragged), "row")
        verb = "does" if len(ragged) == 1 else "do"
        words = (
            f"{rows} of the file {self.file_name} {verb} not have the "
            f"{plural(expected, 'field')} of the header "
            f"(delimiter {delimiter_name(self.delimiter)}): {found}."
        )
        if len(ragged) == n_records and n_records > 1:
            return (
                f"{words} Line {self.start} is taken as the header: remove any title above it, or "
                "give the right `delimiter`."
            )
        return (
            f"{words} Look there for a delimiter or a quotation mark inside an answer, or a "
            "decimal comma; put such answers in quotation marks, or save the file again."
        )

    def _records(self) -> Iterator[tuple[int, int, str | list[str]]]:
        """Line number in the file, number of fields, and the line or fields, of each record."""
        delimiter = self.delimiter
        if not any('"' in line for line in self.lines):
            # Counting is thirty times faster than parsing, and the same when nothing is quoted.
            for number, line in enumerate(self.lines, start=self.start + 1):
                if line and not line.isspace():
                    yield number, line.count(delimiter) + 1, line
            return
        reader = csv.reader((line + "\n" for line in self.lines), delimiter=delimiter)
        number = self.start + 1
        try:
            for record in reader:
                if len(record) > 1 or (record and record[0].strip()):
                    yield number, len(record), record
                number = self.start + reader.line_num + 1
        except csv.Error as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> SurveyError:
        return SurveyError(
            f"The file {self.file_name} cannot be taken apart into fields: {error}. Look for a "
            "quotation mark that is opened and never closed, or save the file again."
        )


def name_columns(header: Sequence[str], width: int) -> list[str]:
    """Name `width` columns; one without a name is called by its place.

    Parameters
    ----------
    header : sequence of str
        The names, empty where there is none; shorter than `width` when the last columns have none.
    width : int
        Number of columns.

    Returns
    -------
    list of str

    Examples
    --------
    >>> name_columns(["", "E1"], 3)
    ['column 1', 'E1', 'column 3']
    """
    names = [*header, *[""] * (width - len(header))]
    return [name or f"column {place}" for place, name in enumerate(names, start=1)]


def _categories(column: pd.Series[Any]) -> pd.Categorical:
    codes, texts = pd.factorize(column)
    return pd.Categorical.from_codes(codes, categories=texts)


def _is_blank(column: pd.Categorical) -> bool:
    return all(not str(entry).strip() for entry in column.categories)


def _find_decimal(table: pd.DataFrame) -> DecimalMark:
    """Tell the decimal mark from the different entries of all columns."""
    commas = points = 0
    for place in range(table.shape[1]):
        # A column with very many different entries holds names or remarks; its start is enough.
        entries = [str(entry) for entry in table.iloc[:, place].cat.categories[:_SNIFFED_RECORDS]]
        commas += sum(_DECIMAL_COMMA.fullmatch(entry) is not None for entry in entries)
        points += sum(_DECIMAL_POINT.fullmatch(entry) is not None for entry in entries)
    return "," if commas > points else "."
