"""One test body over every dataframe, then what only some of them can hold."""

from __future__ import annotations

import copy
import datetime
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest

from servqual.errors import SurveyError
from servqual.survey.frames import Frame, read_frame, starts_with_number

duckdb = pytest.importorskip("duckdb")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

Constructor: TypeAlias = Callable[[dict[str, list[Any]]], object]

CONSTRUCTORS: dict[str, Constructor] = {
    "dict": lambda data: data,
    "pandas": lambda data: pd.DataFrame(data),
    "pandas-object": lambda data: pd.DataFrame(data, dtype=object),
    "pandas-nullable": lambda data: pd.DataFrame(data).convert_dtypes(),
    "pandas-pyarrow": lambda data: pd.DataFrame(data).convert_dtypes(dtype_backend="pyarrow"),
    "pandas-categorical": lambda data: pd.DataFrame(data).astype("category"),
    "polars": lambda data: pl.DataFrame(data),
    "polars-lazy": lambda data: pl.LazyFrame(data),
    "pyarrow": lambda data: pa.table(data),
    "pyarrow-dictionary": lambda data: pa.table(
        {name: pa.array(values).dictionary_encode() for name, values in data.items()}
    ),
    "duckdb": lambda data: duckdb.from_arrow(pa.table(data)),
}

DATA: dict[str, list[Any]] = {
    "E1": [5, 6, None, 7],
    "E2": [5.0, 6.5, None, 7.0],
    "text": ["5", " 5,5 ", "n/a", "good"],
    "group": ["north", None, " south ", "-"],
    "flag": [True, False, None, True],
}


@pytest.fixture(params=list(CONSTRUCTORS))
def constructor(request: pytest.FixtureRequest) -> Constructor:
    return CONSTRUCTORS[request.param]


@pytest.fixture
def frame(constructor: Constructor) -> Frame:
    return read_frame(constructor(DATA))


def test_names_and_size(frame: Frame) -> None:
    assert frame.names == ("E1", "E2", "text", "group", "flag")
    assert frame.n_rows == 4
    assert frame.duplicates == ()


def test_numbers(frame: Frame) -> None:
    for name, expected in {
        "E1": [5.0, 6.0, np.nan, 7.0],
        "E2": [5.0, 6.5, np.nan, 7.0],
        "flag": [1.0, 0.0, np.nan, 1.0],
    }.items():
        column = frame.numeric(name)
        assert column.values.dtype == np.float64
        np.testing.assert_array_equal(column.values, expected)
        assert column.bad == {}


def test_numbers_stored_as_text(frame: Frame) -> None:
    column = frame.numeric("text")
    np.testing.assert_array_equal(column.values, [5.0, 5.5, np.nan, np.nan])
    assert column.bad == {"good": 1}
    assert column.n_bad == 1


def test_labels(frame: Frame) -> None:
    assert frame.labels("group").tolist() == ["north", None, "south", None]
    assert frame.labels("E1").tolist() == ["5", "6", None, "7"]
    assert frame.labels("E2").tolist() == ["5", "6.5", None, "7"]
    assert frame.labels("flag").tolist() == ["True", "False", None, "True"]


def test_caller_data_are_not_written_to(constructor: Constructor) -> None:
    data = copy.deepcopy(DATA)
    native = constructor(data)
    frame = read_frame(native)
    for name in frame.names:
        frame.numeric(name).values[:] = -1.0
        frame.labels(name)[:] = "changed"
    again = read_frame(native)
    np.testing.assert_array_equal(again.numeric("E1").values, [5.0, 6.0, np.nan, 7.0])
    np.testing.assert_array_equal(frame.numeric("E2").values, [5.0, 6.5, np.nan, 7.0])
    assert again.labels("group").tolist() == ["north", None, "south", None]
    assert data == DATA


def test_no_rows(constructor: Constructor) -> None:
    frame = read_frame(constructor({"E1": [], "group": []}))
    assert frame.n_rows == 0
    assert frame.numeric("E1").values.shape == (0,)
    assert frame.labels("group").tolist() == []


def test_a_frame_that_was_read_passes_through(frame: Frame) -> None:
    assert read_frame(frame) is frame


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5.0),
        (" 5 ", 5.0),
        ("5,0", 5.0),
        ("5.25", 5.25),
        (".5", 0.5),
        (",5", 0.5),
        ("5.", 5.0),
        ("+5", 5.0),
        ("-5", -5.0),
        ("−5", -5.0),
        ("1e3", 1000.0),
        ("\u00a05\u00a0", 5.0),
        ("５", 5.0),
        ("3,667", 3.667),
    ],
)
def test_texts_that_are_numbers(text: str, number: float) -> None:
    column = read_frame({"x": [text]}).numeric("x")
    assert column.values.tolist() == [number]
    assert column.bad == {}


@pytest.mark.parametrize(
    "text", ["", "  ", "NA", "na", "N/A", "n/a", "#N/A", "nan", "NaN", "null", "NULL", ".", "-"]
)
def test_texts_that_are_missing(text: str) -> None:
    frame = read_frame({"x": [text, "5"]})
    np.testing.assert_array_equal(frame.numeric("x").values, [np.nan, 5.0])
    assert frame.numeric("x").bad == {}
    assert frame.labels("x").tolist() == [None, "5"]


@pytest.mark.parametrize(
    "text",
    ["7 - strongly agree", "5 (agree)", "agree", "1,234,567", "1.2.3", "0x10", "5 6", "50%",
     "inf", "infinity", "none", "1_000", "1e999"],
)  # fmt: skip
def test_texts_that_are_bad(text: str) -> None:
    column = read_frame({"x": [text, "5", text]}).numeric("x")
    np.testing.assert_array_equal(column.values, [np.nan, 5.0, np.nan])
    assert column.bad == {text: 2}


def test_bad_entries_are_counted_most_frequent_first() -> None:
    column = read_frame({"x": ["b", "a", "c", "c", " c", "5"]}).numeric("x")
    assert list(column.bad.items()) == [("c", 3), ("a", 1), ("b", 1)]
    assert column.n_bad == 5


def test_comma_with_three_digits_is_doubtful_next_to_points() -> None:
    column = read_frame({"x": ["1,234", "987.5", "1,5"]}).numeric("x")
    np.testing.assert_array_equal(column.values, [np.nan, 987.5, 1.5])
    assert column.bad == {"1,234": 1}


def test_comma_with_three_digits_is_doubtful_next_to_whole_hundreds() -> None:
    column = read_frame({"x": ["1,234", "987", "1,050"]}).numeric("x")
    np.testing.assert_array_equal(column.values, [np.nan, 987, np.nan])
    assert column.bad == {"1,050": 1, "1,234": 1}
    # What the user said about the comma decides.
    told = replace(read_frame({"x": ["1,234", "987"]}), decimal=",").numeric("x")
    np.testing.assert_array_equal(told.values, [1.234, 987])
    assert replace(read_frame({"x": ["1,234", "987"]}), decimal=".").numeric("x").n_bad == 1


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [(["1,234", "0,987"], [1.234, 0.987]), (["1,234", "2,5", "300"], [1.234, 2.5, 300])],
)
def test_commas_that_are_plainly_decimal(texts: list[str], numbers: list[float]) -> None:
    column = read_frame({"x": texts}).numeric("x")
    np.testing.assert_array_equal(column.values, numbers)
    assert column.bad == {}


def test_infinite_numbers_are_bad() -> None:
    column = read_frame({"x": [1.0, np.inf, -np.inf, np.inf]}).numeric("x")
    np.testing.assert_array_equal(column.values, [1.0, np.nan, np.nan, np.nan])
    assert column.bad == {"inf": 2, "-inf": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7 - strongly agree", True),
        ("5 (agree)", True),
        ("1 = never", True),
        ("1. never", True),
        ("3 – teils", True),
        ("7 매우", True),
        ("agree", False),
        ("12", False),
        ("5,5", False),
        ("2024-05-31", False),
        ("3rd", False),
    ],
)
def test_starts_with_number(text: str, expected: bool) -> None:
    assert starts_with_number(text) is expected


def test_mixed_objects() -> None:
    frame = read_frame(
        pd.DataFrame({"x": [5, "6", None, 7.0, np.nan, pd.NA, "late"]}, dtype=object)
    )
    column = frame.numeric("x")
    np.testing.assert_array_equal(column.values, [5, 6, np.nan, 7, np.nan, np.nan, np.nan])
    assert column.bad == {"late": 1}
    assert frame.labels("x").tolist() == ["5", "6", None, "7", None, None, "late"]


def test_entries_without_a_hash_are_bad() -> None:
    frame = read_frame(pd.DataFrame({"x": [[1], None, [2]]}))
    assert frame.numeric("x").bad == {"[1]": 1, "[2]": 1}
    assert frame.labels("x").tolist() == ["[1]", None, "[2]"]


def test_days_are_labels_and_not_numbers() -> None:
    days = [datetime.date(2024, 5, 31), None]
    for native in (
        pa.table({"day": days}),
        pl.DataFrame({"day": days}),
        pd.DataFrame({"day": pd.Series(days, dtype="datetime64[ns]")}),
    ):
        frame = read_frame(native)
        assert frame.labels("day").tolist() == ["2024-05-31", None]
        assert frame.numeric("day").bad == {"2024-05-31": 1}


def test_whole_numbers_written_with_decimals_are_labels_without() -> None:
    assert read_frame({"x": ["1.0", "", "10.0"]}).labels("x").tolist() == ["1", None, "10"]
    # A single entry that is not of this kind shows that the decimals mean something.
    assert read_frame({"x": ["1.0", "1.5"]}).labels("x").tolist() == ["1.0", "1.5"]


def test_leading_zeros_of_labels_are_kept() -> None:
    assert read_frame({"x": ["01", "1"]}).labels("x").tolist() == ["01", "1"]


@pytest.mark.parametrize("ordered", [True, False])
def test_declared_categories_of_pandas(ordered: bool) -> None:
    values = pd.Categorical(["low", None], ["low", "mid", "high"], ordered=ordered)
    frame = read_frame(pd.DataFrame({"x": values}))
    assert frame.categories("x") == ("low", "mid", "high")
    assert frame.labels("x").tolist() == ["low", None]


def test_categories_that_are_numbers() -> None:
    frame = read_frame(pd.DataFrame({"x": pd.Categorical([2.0, None, 1.0], [3.0, 2.0, 1.0])}))
    assert frame.categories("x") == ("3", "2", "1")
    assert frame.labels("x").tolist() == ["2", None, "1"]
    np.testing.assert_array_equal(frame.numeric("x").values, [2.0, np.nan, 1.0])


def test_unused_categories_are_not_bad_answers() -> None:
    frame = read_frame(pd.DataFrame({"x": pd.Categorical(["1"], ["1", "never"])}))
    assert frame.numeric("x").bad == {}


def test_declared_categories_of_polars_and_pyarrow() -> None:
    enum = pl.Series(["b", None], dtype=pl.Enum(["c", "b", "a"]))
    appearance = pl.Series(["b", "a"], dtype=pl.Categorical)
    frame = read_frame(pl.DataFrame({"enum": enum, "appearance": appearance}))
    assert frame.categories("enum") == ("c", "b", "a")
    assert frame.labels("enum").tolist() == ["b", None]
    assert frame.categories("appearance") is None
    indices = pa.array([1, None, 1], pa.int8())
    for ordered, expected in ((True, ("c", "b", "a")), (False, None)):
        array = pa.DictionaryArray.from_arrays(indices, ["c", "b", "a"], ordered=ordered)
        frame = read_frame(pa.table({"x": array}))
        assert frame.categories("x") == expected
        assert frame.labels("x").tolist() == ["b", None, "b"]


def test_no_declared_categories() -> None:
    frame = read_frame({"text": ["a"], "number": [1]})
    assert frame.categories("text") is None
    assert frame.categories("number") is None


def test_repeated_names_are_reported() -> None:
    repeated = [
        pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]),
        pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "b", "a"]),
        duckdb.sql("select 1 as a, 2 as b, 3 as a"),
    ]
    for native in repeated:
        frame = read_frame(native)
        assert frame.duplicates == ("a",)
        assert frame.names == ("a", "b")
        assert frame.numeric("a").values.tolist() == [1.0]


def test_numbers_as_names_become_text() -> None:
    frame = read_frame(pd.DataFrame({1: [5], "1": [6], 2: [7]}))
    assert frame.names == ("1", "2")
    assert frame.duplicates == ("1",)


def test_index_of_pandas_does_not_matter() -> None:
    frame = read_frame(pd.DataFrame({"x": [3, 1, 2]}, index=[9, 9, 0]))
    assert frame.numeric("x").values.tolist() == [3.0, 1.0, 2.0]
    aligned = {"x": pd.Series([1, 2], index=[1, 0]), "y": pd.Series([1, 2], index=[0, 1])}
    assert read_frame(aligned).numeric("x").values.tolist() == [1.0, 2.0]


def test_frame_can_be_pickled_and_shown() -> None:
    frame = pickle.loads(pickle.dumps(read_frame(pd.DataFrame({"x": [1]}))))
    assert frame.numeric("x").values.tolist() == [1.0]
    assert repr(frame).startswith("Frame(names=('x',), n_rows=1")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (5, "`frame` is of type int, but must be a dataframe"),
        ([1, 2], "`frame` is of type list"),
        (None, "`frame` is of type NoneType"),
        (np.ones((2, 2)), r"numpy.ndarray.*no column names: wrap it"),
        (pd.Series([1]), "`frame` is of type pandas"),
        ("bank.csv", r"'bank.csv'.*`read_survey\(path\)`"),
        ({}, "The data have no columns"),
        (pd.DataFrame(), "The data have no columns"),
        ({"a": [1], "b": [1, 2]}, "differ in length: a has 1, b has 2"),
        ({"a": 1}, "The column a of `frame` is 1, but must be a list"),
        ({"a": "text"}, "must be a list with one entry per respondent"),
        (
            pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("E", 1)])),
            "names of 2 levels.*single name",
        ),
    ],
)
def test_what_is_no_frame(wrong: object, words: str) -> None:
    with pytest.raises(SurveyError, match=words):
        read_frame(wrong)
