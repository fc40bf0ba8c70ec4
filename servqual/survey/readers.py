"""Survey files in, a `Frame` out: csv, tsv and txt, xlsx, parquet, sav."""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from servqual.errors import MissingDependencyError, SurveyError, nearest, shorten
from servqual.survey.checks import plural
from servqual.survey.delimited import check_rows, delimiter_name, name_columns, read_delimited
from servqual.survey.frames import DecimalMark, Frame, read_frame

__all__ = ["ReadInfo", "read_table"]

#: So many rows are looked at for the names of the columns below a title.
_TITLE_ROWS = 10


@dataclass(frozen=True, slots=True)
class ReadInfo:
    """How a file was read; its text is one line to show to users.

    Attributes
    ----------
    path : str
        The file, as it was given.
    format : str
        ``"csv"``, ``"xlsx"``, ``"parquet"`` or ``"sav"``.
    encoding : str or None
        Encoding of a text file.
    delimiter : str or None
        Delimiter of a text file.
    decimal : str or None
        Decimal mark of a text file: ``"."`` or ``","``.
    n_rows, n_columns : int
        Size of the table without its header.
    sheet : str or None
        The sheet of a workbook.

    Examples
    --------
    >>> print(ReadInfo("data/bank.csv", "csv", "utf-8", ";", ",", 600, 52))
    bank.csv: 600 rows, 52 columns (csv, utf-8, delimiter semicolon, decimal comma)
    """

    path: str
    format: str
    encoding: str | None
    delimiter: str | None
    decimal: str | None
    n_rows: int
    n_columns: int
    sheet: str | None = None

    def __str__(self) -> str:
        """Describe the reading in one line."""
        details = [self.format]
        if self.encoding:
            details.append(self.encoding)
        if self.delimiter:
            details.append(f"delimiter {delimiter_name(self.delimiter)}")
        if self.decimal == ",":
            details.append("decimal comma")
        if self.sheet:
            details.append(f'sheet "{self.sheet}"')
        size = f"{plural(self.n_rows, 'row')}, {plural(self.n_columns, 'column')}"
        return f"{Path(self.path).name}: {size} ({', '.join(details)})"


def read_table(
    path: str | os.PathLike[str],
    *,
    sheet: str | int | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> tuple[Frame, ReadInfo]:
    r"""Read a survey file; its ending tells the format.

    Parameters
    ----------
    path : str or path-like
        A csv, tsv, txt, xlsx, xlsm, parquet, sav or zsav file.
    sheet : str or int, optional
        Name or number (from 0) of the sheet of a workbook; the first one when left out.
    delimiter : str, optional
        One character, or ``"tab"``. Found among comma, semicolon, tab and vertical bar when left
        out.
    decimal : {".", ","}, optional
        The only decimal mark to accept in a text file. When left out, both are.
    encoding : str, optional
        A name that Python knows, such as ``"cp949"``. When left out: by the byte order mark, else
        UTF-16 by its nul bytes, else UTF-8, else cp1252. Also used for sav files.

    Returns
    -------
    frame : Frame
        The columns. Those of a text file are kept as text, so that ``"01"`` stays a label of its
        own.
    info : ReadInfo
        What was found.

    Raises
    ------
    SurveyError
        If the file does not exist, is empty, has a header but no rows, has rows of differing
        length, or is not what its ending says.
    MissingDependencyError
        If the format needs a package that is not installed.

    Notes
    -----
    Blank lines, and trailing rows and columns without any content, are not part of the table. The
    value labels of an SPSS file are not applied; its user-missing values are missing.
    """
    file = Path(path).expanduser()
    ending = file.suffix.casefold()
    _check_file(file, str(path))
    if ending in {".csv", ".tsv", ".txt"}:
        return _read_text(file, str(path), delimiter, _check_decimal(decimal), encoding)
    if ending in {".xlsx", ".xlsm"}:
        return _read_workbook(file, str(path), sheet)
    if ending == ".parquet":
        return _finish(_read_parquet(file), str(path), "parquet")
    if ending in {".sav", ".zsav"}:
        return _finish(_read_spss(file, encoding), str(path), "sav")
    raise SurveyError(
        f"The file {file.name} ends in {ending or 'nothing'}, which is not a format that is read. "
        "Needed is .csv, .tsv, .txt, .xlsx, .parquet or .sav; save it as one of these."
    )


def _check_file(file: Path, given: str) -> None:
    """Raise unless there is a file with something in it."""
    if re.match(r"[a-z][a-z0-9+]+://", given, re.IGNORECASE):
        raise SurveyError(f"{given} is an address on the network. Download the file first.")
    if file.is_dir():
        raise SurveyError(f"{given} is a folder. Give the path of a file in it.")
    if not file.exists():
        raise SurveyError(_file_not_found(file, given))
    if file.stat().st_size == 0:
        raise SurveyError(f"The file {file.name} is empty (0 bytes). Export the survey again.")


def _file_not_found(file: Path, given: str) -> str:
    """Name the similarly named files of the folder, or the part of the path that is missing."""
    folder = file.parent
    if not folder.is_dir():
        missing = next(p for p in (folder, *folder.parents) if p.is_dir() or p.parent.is_dir())
        return f"There is no file {given}: the folder {missing} does not exist."
    others = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    close = nearest(file.name, others)
    stem = file.stem.casefold()
    close += [name for name in others if Path(name).stem.casefold() == stem and name not in close]
    where = f"in the folder {folder.resolve()}"
    if close:
        return f"There is no file {file.name} {where}. Did you mean {' or '.join(close)}?"
    return f"There is no file {file.name} {where}. Check the name and the folder."


def _check_decimal(decimal: str | None) -> DecimalMark | None:
    if decimal is not None and decimal not in {".", ","}:
        raise SurveyError(
            f'`decimal` is {decimal!r}, but must be "." or ","; leave it out to have both read.'
        )
    return cast("DecimalMark | None", decimal)


def _finish(table: object, given: str, kind: str) -> tuple[Frame, ReadInfo]:
    """Make the frame of a format that carries its own names and types."""
    frame = read_frame(table)
    check_rows(Path(given).name, len(frame.names), frame.n_rows)
    info = ReadInfo(given, kind, None, None, None, frame.n_rows, len(frame.names))
    return frame, info


def _read_text(
    file: Path,
    given: str,
    delimiter: str | None,
    decimal: DecimalMark | None,
    encoding: str | None,
) -> tuple[Frame, ReadInfo]:
    table = read_delimited(_read_bytes(file), file.name, delimiter=delimiter, encoding=encoding)
    frame = replace(
        read_frame(table.columns.set_axis(list(table.names), axis=1)),
        decimal=decimal,
        # The categories are how text was stored; nobody declared their order.
        declared_categories=False,
    )
    mark = decimal or table.decimal
    info = ReadInfo(
        given, "csv", table.encoding, table.delimiter, mark, frame.n_rows, len(table.names)
    )
    return frame, info


def _read_bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SurveyError(
            f"The file {file.name} cannot be opened: {error.strerror}. Close it elsewhere, or "
            "check its permissions."
        ) from error


def _read_workbook(file: Path, given: str, sheet: str | int | None) -> tuple[Frame, ReadInfo]:
    title, cells = _read_cells(file, sheet)
    blank = cells.map(_is_blank_cell).to_numpy(dtype=bool)
    rows = np.flatnonzero(~blank.all(axis=1))
    if len(rows) == 0:
        raise SurveyError(
            f'The sheet "{title}" of the file {file.name} is empty. Name another with `sheet`.'
        )
    width = int(np.flatnonzero(~blank.all(axis=0))[-1]) + 1
    header = [_header_cell(entry) for entry in cells.iloc[rows[0], :width]]
    _check_no_title(cells.iloc[rows[:_TITLE_ROWS], :width], file, title)
    check_rows(file.name, len(header), len(rows) - 1)
    # A row without any content is no respondent.
    body = cells.iloc[rows[1:], :width].reset_index(drop=True)
    names = name_columns(header, width)
    frame = read_frame(body.set_axis(names, axis=1))
    return frame, ReadInfo(given, "xlsx", None, None, None, frame.n_rows, width, title)


def _check_no_title(top: pd.DataFrame, file: Path, sheet: str) -> None:
    """Raise when the first row is a title, and one below it names the columns.

    That is taken as plain when the first row fills less than half of the cells that some row near
    it fills with different texts.
    """
    texts = [
        [entry.strip() for entry in row if isinstance(entry, str) and entry.strip()]
        for row in top.itertuples(index=False)
    ]
    filled = int(sum(not _is_blank_cell(entry) for entry in top.iloc[0]))
    for place, row in enumerate(texts):
        if len(row) > max(2 * filled, 2) and len(set(row)) == len(row):
            number, first = int(top.index[place]) + 1, int(top.index[0]) + 1
            raise SurveyError(
                f'Row {first} of the sheet "{sheet}" of the file {file.name} looks like a title '
                f"({shorten(texts[0] or ['numbers'], 3)}), and row {number} like the names of the "
                f"columns ({shorten(row, 3)}). Delete the rows above row {number}, so that the "
                "names come first."
            )


def _read_cells(file: Path, sheet: str | int | None) -> tuple[str, pd.DataFrame]:
    """Read all cells of one sheet, header included, as they are."""
    try:
        import openpyxl  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError.for_extra(
            "openpyxl", "report", "Reading an Excel workbook"
        ) from error
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and validations, which are no part of the answers.
            warnings.filterwarnings("ignore", module="openpyxl")
            with pd.ExcelFile(file, engine="openpyxl") as workbook:
                title = _choose_sheet([str(name) for name in workbook.sheet_names], sheet, file)
                cells = pd.read_excel(
                    workbook,
                    sheet_name=title,
                    header=None,
                    dtype=object,
                    keep_default_na=False,
                    na_filter=False,
                )
    except SurveyError:
        raise
    except Exception as error:  # Broken workbooks fail in zipfile, in XML and in openpyxl alike.
        raise SurveyError(
            f"The file {file.name} cannot be read as an Excel workbook ({error}). It may be "
            "damaged, protected by a password, or of another format; save it again as xlsx."
        ) from error
    return title, cells


def _choose_sheet(titles: list[str], sheet: str | int | None, file: Path) -> str:
    if sheet is None:
        return titles[0]
    if isinstance(sheet, int) and 0 <= sheet < len(titles):
        return titles[sheet]
    same = [title for title in titles if title.strip().casefold() == str(sheet).strip().casefold()]
    if same:
        return same[0]
    raise SurveyError(
        f"`sheet` is {sheet!r}, but the file {file.name} has the sheets {shorten(titles)}. "
        "Give one of these names, or its number counted from 0."
    )


def _is_blank_cell(entry: object) -> bool:
    return entry is None or entry != entry or (isinstance(entry, str) and not entry.strip())


def _header_cell(entry: object) -> str:
    if _is_blank_cell(entry):
        return ""
    if isinstance(entry, float) and entry.is_integer():
        return str(int(entry))
    return " ".join(str(entry).split())


def _read_parquet(file: Path) -> object:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingDependencyError.for_extra(
            "pyarrow", "scale", "Reading a parquet file"
        ) from error
    try:
        # As one file, or else pyarrow would make columns of folders named like "wave=2".
        return parquet.ParquetFile(file).read()
    except (pyarrow.ArrowException, OSError) as error:
        raise SurveyError(
            f"The file {file.name} cannot be read as parquet ({error}). It may be damaged or of "
            "another format."
        ) from error


def _read_spss(file: Path, encoding: str | None) -> object:
    try:
        import pyreadstat
    except ImportError as error:
        raise MissingDependencyError.for_extra(
            "pyreadstat", "spss", "Reading an SPSS file"
        ) from error
    try:
        table, _ = pyreadstat.read_sav(
            file, encoding=encoding, user_missing=False, apply_value_formats=False
        )
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OSError, ValueError) as error:
        raise SurveyError(
            f"The file {file.name} cannot be read as an SPSS file ({error}). It may be damaged or "
            "of another format, or needs its `encoding` given."
        ) from error
    return table
