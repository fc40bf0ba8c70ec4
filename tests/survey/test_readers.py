"""Files as people have them: each gives the right table or one clear error."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servqual.errors import MissingDependencyError, SurveyError
from servqual.survey.frames import Frame
from servqual.survey.readers import ReadInfo, read_table

COLUMNS = ["id", "E1", "E2", "P1", "P2", "branch"]
ROWS = [["1", "5", "6", "4", "5", "north"], ["2", "7", "", "6", "7", "süd"]]


def _text(delimiter: str = ",", end: str = "\n", rows: list[list[str]] | None = None) -> str:
    lines = [COLUMNS, *(ROWS if rows is None else rows)]
    return end.join(delimiter.join(line) for line in lines) + end


def _write(folder: Path, content: str | bytes, name: str = "bank.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _assert_is_the_table(frame: Frame) -> None:
    assert frame.names == tuple(COLUMNS)
    assert frame.n_rows == 2
    assert frame.duplicates == ()
    np.testing.assert_array_equal(frame.numeric("E2").values, [6.0, np.nan])
    np.testing.assert_array_equal(frame.numeric("P2").values, [5.0, 7.0])
    assert frame.labels("branch").tolist() == ["north", "süd"]


def _fails(path: Path, words: str, **options: Any) -> SurveyError:
    with pytest.raises(SurveyError, match=words) as caught:
        read_table(path, **options)
    assert len(caught.value.problems) == 1
    assert str(caught.value).endswith((".", "?"))
    return caught.value


# ---- delimiter, line ends, encoding --------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["bank.csv", "bank.tsv", "bank.txt", "BANK.CSV"])
def test_delimiter_and_line_ends_are_found(
    tmp_path: Path, delimiter: str, end: str, name: str
) -> None:
    frame, info = read_table(_write(tmp_path, _text(delimiter, end), name))
    _assert_is_the_table(frame)
    assert (info.delimiter, info.format, info.decimal) == (delimiter, "csv", ".")
    assert (info.n_rows, info.n_columns) == (2, 6)


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
    ],
)
def test_encoding_is_found(tmp_path: Path, encoding: str, found: str) -> None:
    frame, info = read_table(_write(tmp_path, _text().encode(encoding)))
    _assert_is_the_table(frame)
    assert info.encoding == found


def test_big_endian_mark(tmp_path: Path) -> None:
    frame, info = read_table(_write(tmp_path, b"\xfe\xff" + _text().encode("utf-16-be")))
    _assert_is_the_table(frame)
    assert info.encoding == "utf-16"


def test_encoding_and_delimiter_that_are_told(tmp_path: Path) -> None:
    text = _text(" ").replace("süd", "부산").replace("7  6", '7 "" 6')
    frame, info = read_table(
        _write(tmp_path, text.encode("cp949"), "bank.txt"), encoding="cp949", delimiter=" "
    )
    assert frame.labels("branch").tolist() == ["north", "부산"]
    assert str(info) == "bank.txt: 2 rows, 6 columns (csv, cp949, delimiter space)"
    frame, info = read_table(_write(tmp_path, _text("\t")), delimiter="tab")
    _assert_is_the_table(frame)
    assert info.delimiter == "\t"


def test_wrong_encoding(tmp_path: Path) -> None:
    path = _write(tmp_path, _text().encode("cp1252"))
    _fails(path, r"not text in the encoding utf-8: line 3 has a byte 0xfc", encoding="utf-8")
    _fails(path, "`encoding` is 'klingon', which Python does not know", encoding="klingon")


def test_wrong_delimiter(tmp_path: Path) -> None:
    path = _write(tmp_path, _text(";"))
    _fails(
        path,
        "With the `delimiter` comma, the file bank.csv has one column only. "
        "With semicolon it has 6: leave `delimiter` out",
        delimiter=",",
    )
    _fails(path, "`delimiter` is ';;', but must be one character", delimiter=";;")


def test_no_delimiter(tmp_path: Path) -> None:
    _fails(_write(tmp_path, "E1 E2\n5 6\n"), "has one column only, called 'E1 E2'.*`delimiter=")


def test_line_that_names_the_delimiter(tmp_path: Path) -> None:
    frame, info = read_table(_write(tmp_path, "sep=;\r\n" + _text(";", "\r\n")))
    _assert_is_the_table(frame)
    assert info.delimiter == ";"


def test_remarks_with_delimiters_do_not_mislead(tmp_path: Path) -> None:
    text = "id;E1;remark\n1;5;good, kind, quick\n2;6;none, really, no\n3;4;a, b, c\n"
    frame, info = read_table(_write(tmp_path, text))
    assert info.delimiter == ";"
    assert frame.labels("remark")[0] == "good, kind, quick"


# ---- decimals ------------------------------------------------------------------------------------


def test_decimal_comma(tmp_path: Path) -> None:
    frame, info = read_table(_write(tmp_path, "E1;P1\n5,5;6,0\n4,5;7\n"))
    assert (info.delimiter, info.decimal) == (";", ",")
    assert str(info).endswith("delimiter semicolon, decimal comma)")
    assert frame.numeric("E1").values.tolist() == [5.5, 4.5]
    assert frame.numeric("P1").values.tolist() == [6.0, 7.0]


def test_quoted_decimal_comma(tmp_path: Path) -> None:
    frame, info = read_table(_write(tmp_path, 'E1,P1\n"5,5","6,0"\n"4,5",7\n'))
    assert (info.delimiter, info.decimal) == (",", ",")
    assert frame.numeric("P1").values.tolist() == [6.0, 7.0]


def test_decimal_mark_that_is_told_is_the_only_one(tmp_path: Path) -> None:
    path = _write(tmp_path, "E1;P1\n5,5;6.0\n")
    frame, info = read_table(path, decimal=".")
    assert info.decimal == "."
    assert frame.numeric("E1").bad == {"5,5": 1}
    frame, _ = read_table(path, decimal=",")
    assert frame.numeric("P1").bad == {"6.0": 1}
    _fails(path, "`decimal` is ';', but must be", decimal=";")


# ---- rows and columns ----------------------------------------------------------------------------


def test_header_only(tmp_path: Path) -> None:
    names = ",".join(f"{side}{item}" for side in "EP" for item in range(1, 23))
    words = "The file bank.csv has a header of 44 columns but no rows"
    for end in ("", "\n", "\r\n\r\n", "\n,,,\n"):
        _fails(_write(tmp_path, names + end), words)


@pytest.mark.parametrize("content", ["\n\n \n", "\ufeff"])
def test_blank_file(tmp_path: Path, content: str) -> None:
    _fails(_write(tmp_path, content), "The file bank.csv is empty: it has only blank lines")


def test_empty_file(tmp_path: Path) -> None:
    _fails(_write(tmp_path, ""), r"The file bank.csv is empty \(0 bytes\)")


def test_repeated_names(tmp_path: Path) -> None:
    frame, info = read_table(_write(tmp_path, "E1,P1, E1 ,E1.1\n5,6,7,4\n"))
    assert frame.names == ("E1", "P1", "E1.1")
    assert frame.duplicates == ("E1",)
    assert info.n_columns == 4
    assert frame.numeric("E1").values.tolist() == [5.0]


def test_ragged_rows(tmp_path: Path) -> None:
    rows = [["1"] * 6] * 4
    text = _text(rows=[*rows, ["1"] * 7, *rows, ["1"] * 3])
    error = _fails(
        _write(tmp_path, text),
        "2 rows of the file bank.csv do not have the 6 fields of the header "
        r"\(delimiter comma\): line 6 has 7, line 11 has 3",
    )
    assert "quotation mark" in str(error)


def test_ragged_rows_count_lines_inside_quotes(tmp_path: Path) -> None:
    text = 'id,"remark\n(optional)",E1\n1,"two\nlines",5\n2,fine,6,7\n'
    _fails(_write(tmp_path, text), "1 row of the file bank.csv does not .*: line 5 has 4")


def test_many_ragged_rows_are_cut_short(tmp_path: Path) -> None:
    rows = [["1"] * 6, *[["1"] * 5] * 20]
    _fails(_write(tmp_path, _text(rows=rows)), "20 rows.*line 12 has 5 and 10 more")


def test_unquoted_decimal_commas_between_commas(tmp_path: Path) -> None:
    _fails(_write(tmp_path, "E1,P1\n5,5,6,0\n4,5,7,0\n"), "line 2 has 4.*title above it|decimal")


def test_title_above_the_header(tmp_path: Path) -> None:
    _fails(_write(tmp_path, "Survey of May\n" + _text()), "Line 1 is taken as the header: remove")


def test_row_names_without_a_name(tmp_path: Path) -> None:
    _fails(
        _write(tmp_path, "E1,P1\n1,5,6\n2,6,7\n"),
        "Every row of the file bank.csv has 3 fields, but its header has 2 names",
    )


def test_header_of_numbers(tmp_path: Path) -> None:
    _fails(
        _write(tmp_path, "5,6,7,7\n5,6,6,7\n"),
        r"first line of the file bank.csv holds numbers \(5, 6, 7, 7\), not the names",
    )


def test_quotation_mark_that_is_never_closed(tmp_path: Path) -> None:
    _fails(_write(tmp_path, 'E1,P1\n5,"6\n5,6\n5,6\n'), "never closed")


def test_blank_rows_and_columns_at_the_end_are_ignored(tmp_path: Path) -> None:
    text = "E1;P1;;\n5;6;;\n\n7;4;;\n;;;\n;;;\n\n"
    frame, info = read_table(_write(tmp_path, text))
    assert frame.names == ("E1", "P1")
    assert frame.numeric("P1").values.tolist() == [6.0, 4.0]
    assert (info.n_rows, info.n_columns) == (2, 2)


def test_delimiter_at_the_end_of_every_row(tmp_path: Path) -> None:
    frame, _ = read_table(_write(tmp_path, "E1;P1\n5;6;\n7;4;\n"))
    assert frame.names == ("E1", "P1")
    assert frame.n_rows == 2


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_respondent_without_answers_stays(tmp_path: Path, delimiter: str) -> None:
    text = "E1,P1,P2\n5,6,7\n,,\n \n7,4,5\n".replace(",", delimiter)
    frame, _ = read_table(_write(tmp_path, text))
    np.testing.assert_array_equal(frame.numeric("E1").values, [5.0, np.nan, 7.0])


def test_column_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    frame, _ = read_table(_write(tmp_path, ",E1,,P1\n0,5,x,6\n1,7,y,4\n"))
    assert frame.names == ("column 1", "E1", "column 3", "P1")
    assert frame.duplicates == ()


def test_quotes(tmp_path: Path) -> None:
    text = '"E1","remark, if any","P1"\n"5","said ""well""\nand left",6\n'
    frame, _ = read_table(_write(tmp_path, text))
    assert frame.names == ("E1", "remark, if any", "P1")
    assert frame.labels("remark, if any").tolist() == ['said "well"\nand left']
    assert frame.numeric("P1").values.tolist() == [6.0]


def test_text_stays_text(tmp_path: Path) -> None:
    text = "branch,E1,note\n01,5,null\n1,seven,b\n01,8,a\n"
    frame, _ = read_table(_write(tmp_path, text))
    assert frame.labels("branch").tolist() == ["01", "1", "01"]
    assert frame.numeric("E1").bad == {"seven": 1}
    # How text is stored is no order that anybody declared.
    assert frame.categories("branch") is None


def test_one_respondent(tmp_path: Path) -> None:
    frame, info = read_table(_write(tmp_path, _text(rows=ROWS[:1])))
    assert frame.n_rows == 1
    assert str(info) == "bank.csv: 1 row, 6 columns (csv, utf-8, delimiter comma)"


def test_many_rows_are_read_in_seconds(tmp_path: Path) -> None:
    n_rows, n_columns = 200_000, 60
    block = np.random.default_rng(1).integers(1, 8, (1000, n_columns))
    body = "\n".join(",".join(map(str, row)) for row in block.tolist()) + "\n"
    header = ",".join(f"V{place}" for place in range(n_columns)) + "\n"
    path = _write(tmp_path, header + body * (n_rows // 1000))
    start = time.perf_counter()
    frame, info = read_table(path)
    values = np.column_stack([frame.numeric(name).values for name in frame.names])
    # About two seconds; the bound is wide because machines are shared.
    assert time.perf_counter() - start < 30
    assert str(info).startswith("bank.csv: 200,000 rows, 60 columns")
    np.testing.assert_array_equal(values[-1000:], block)


# ---- what is no table ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "is an Excel workbook or a zip archive, whatever its ending"),
        (b"\xd0\xcf\x11\xe0rest", "is an old Excel workbook"),
        (b"%PDF-1.7", "is a PDF document"),
        (b"$FL2@(#)", "is an SPSS file"),
        (b"<!DOCTYPE html><table><tr><td>E1", "holds a web page or XML"),
        (bytes(range(256)) * 20, "does not hold text"),
        (bytes(range(1, 9)) * 20, "does not hold text"),
        (np.random.default_rng(1).bytes(5000), "does not hold text"),
    ],
)
def test_what_is_no_text(tmp_path: Path, content: bytes, words: str) -> None:
    _fails(_write(tmp_path, content), words)


def test_file_that_does_not_exist(tmp_path: Path) -> None:
    _write(tmp_path, _text(), "bank_2024.csv")
    _write(tmp_path, _text(), "bank.xlsx")
    error = _fails(tmp_path / "bank.csv", "There is no file bank.csv in the folder .*Did you mean")
    assert "bank_2024.csv" in str(error)
    assert "bank.xlsx" in str(error)
    _fails(tmp_path / "zebra.sav", "There is no file zebra.sav .* Check the name and the folder")
    folder = re.escape(str(tmp_path / "surveys"))
    _fails(tmp_path / "surveys" / "may" / "bank.csv", f"the folder {folder} does not exist")


def test_folder_address_and_unknown_ending(tmp_path: Path) -> None:
    _fails(tmp_path, "is a folder")
    _fails(_write(tmp_path, "x", "bank.docx"), "ends in .docx, which is not a format that is read")
    _fails(_write(tmp_path, "x", "bank"), "ends in nothing")
    with pytest.raises(SurveyError, match="an address on the network"):
        read_table("https://example.org/bank.csv")


def test_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    _fails(_write(tmp_path, _text()), "bank.csv cannot be opened: Permission denied")


# ---- other formats -------------------------------------------------------------------------------


def _table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [1, 2],
            "E1": [5, 7],
            "E2": [6.0, np.nan],
            "P1": [4, 6],
            "P2": [5, 7],
            "branch": ["north", "süd"],
        }
    )


def test_workbook(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "bank.xlsx"
    with pd.ExcelWriter(path) as writer:
        _table().to_excel(writer, sheet_name="Answers", index=False, startrow=2)
        pd.DataFrame({"E1": [5], "E1 ": [6]}).to_excel(writer, sheet_name="Notes", index=False)
        pd.DataFrame().to_excel(writer, sheet_name="Blank", index=False)
        pd.DataFrame({"E1": [], "P1": []}).to_excel(writer, sheet_name="Head", index=False)
    frame, info = read_table(path)
    _assert_is_the_table(frame)
    assert frame.labels("id").tolist() == ["1", "2"]
    assert str(info) == 'bank.xlsx: 2 rows, 6 columns (xlsx, sheet "Answers")'
    frame, info = read_table(path, sheet="notes ")
    assert frame.duplicates == ("E1",)
    assert info.sheet == "Notes"
    assert read_table(path, sheet=1)[1].sheet == "Notes"
    _fails(path, "`sheet` is 'May', but .* sheets Answers, Notes, Blank, Head", sheet="May")
    _fails(path, "`sheet` is 9, but", sheet=9)
    _fails(path, 'The sheet "Blank" of the file bank.xlsx is empty', sheet="Blank")
    _fails(path, "has a header of 2 columns but no rows", sheet="Head")


def test_workbook_with_a_title_above_the_names(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "bank.xlsx"
    with pd.ExcelWriter(path) as writer:
        _table().to_excel(writer, sheet_name="May", index=False, startrow=2)
        pd.DataFrame(["Survey of the bank, May"]).to_excel(
            writer, sheet_name="May", header=False, index=False
        )
    _fails(
        path,
        r'Row 1 of the sheet "May" of the file bank\.xlsx looks like a title \(Survey of the bank, '
        r"May\), and row 3 like the names of the columns .* Delete the rows above row 3",
    )


def test_workbook_with_text_blank_rows_and_nameless_columns(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    cells = [["E1", None, 3, None], ["5,5", "x", 1, None], [None] * 4, ["#N/A", None, 2, " "]]
    path = tmp_path / "bank.xlsx"
    pd.DataFrame(cells).to_excel(path, header=False, index=False)
    frame, info = read_table(path)
    assert frame.names == ("E1", "column 2", "3")
    np.testing.assert_array_equal(frame.numeric("E1").values, [5.5, np.nan])
    assert (info.n_rows, info.n_columns) == (2, 3)


def test_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "bank.parquet"
    _table().astype({"branch": "category"}).to_parquet(path)
    frame, info = read_table(path)
    _assert_is_the_table(frame)
    assert str(info) == "bank.parquet: 2 rows, 6 columns (parquet)"
    _table().iloc[:0].to_parquet(path)
    _fails(path, "has a header of 6 columns but no rows")


@pytest.mark.parametrize("ending", ["sav", "zsav"])
def test_spss(tmp_path: Path, ending: str) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    path = tmp_path / f"bank.{ending}"
    table = _table().assign(P2=[5.0, 99.0])
    pyreadstat.write_sav(
        table,
        path,
        compress=ending == "zsav",
        missing_ranges={"P2": [99]},
        variable_value_labels={"E1": {1: "strongly disagree", 7: "strongly agree"}},
    )
    frame, info = read_table(path)
    assert frame.names == tuple(COLUMNS)
    assert frame.numeric("E1").values.tolist() == [5.0, 7.0]
    np.testing.assert_array_equal(frame.numeric("E2").values, [6.0, np.nan])
    np.testing.assert_array_equal(frame.numeric("P2").values, [5.0, np.nan])
    assert frame.labels("branch").tolist() == ["north", "süd"]
    assert frame.labels("E1").tolist() == ["5", "7"]
    assert info.format == "sav"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bank.xlsx", "cannot be read as an Excel workbook .*protected by a password"),
        ("bank.parquet", "cannot be read as parquet"),
        ("bank.sav", "cannot be read as an SPSS file"),
    ],
)
def test_damaged_file(tmp_path: Path, name: str, words: str) -> None:
    for package in ("openpyxl", "pyarrow", "pyreadstat"):
        pytest.importorskip(package)
    _fails(_write(tmp_path, b"no such thing" * 20, name), words)


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("bank.xlsx", "openpyxl", "report"),
        ("bank.parquet", "pyarrow", "scale"),
        ("bank.sav", "pyreadstat", "spss"),
    ],
)
def test_missing_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=rf"{package}.*servqual\[{extra}\]"):
        read_table(_write(tmp_path, b"x", name))


def test_info_is_frozen() -> None:
    info = ReadInfo("bank.csv", "csv", "utf-8", ",", ".", 1, 2)
    with pytest.raises(AttributeError):
        info.n_rows = 5  # type: ignore[misc]
