"""What every result shares: plain dictionaries, numbers for reading, and escaping."""

from __future__ import annotations

import datetime
import json
import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    format_p,
    json_ready,
    not_in_json,
    rounded,
)

NAN = float("nan")


@dataclass(frozen=True, repr=False)
class Example(Result):
    """A result as an analysis would make it."""

    title: ClassVar[str] = "Example <b>"

    sample: SampleInfo
    table: pd.DataFrame
    notes: tuple[str, ...] = ()
    model: Any = field(default_factory=not_in_json)
    other: object = not_in_json()

    def tidy(self) -> pd.DataFrame:
        return self.table.copy()

    def glance(self) -> pd.DataFrame:
        return pd.DataFrame({"n_obs": [self.sample.n_obs]})


def example(**changes: Any) -> Example:
    table = pd.DataFrame(
        {
            "term": ["<script>", "b"],
            "estimate": [-0.12345678901234567, NAN],
            "n": [3, 4],
            "p_value": [0.0004, 0.0496],
        }
    )
    settings: dict[str, Any] = {
        "sample": SampleInfo(10, 2, "listwise", "sampling"),
        "table": table,
        "notes": ("a < b",),
    }
    return Example(**(settings | changes))


# ---- plain dictionaries --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (np.bool_(True), True),
        (np.int64(3), 3),
        (np.float64(0.1), 0.1),
        (NAN, None),
        (math.inf, None),
        (np.float32("nan"), None),
        (pd.NA, None),
        (pd.NaT, None),
        ("ü", "ü"),
        ((1, NAN), [1, None]),
        (np.array([[1.0, NAN], [2.0, 3.0]]), [[1.0, None], [2.0, 3.0]]),
        (np.array(3), 3),
        (pd.Series([1.5, NAN]), [1.5, None]),
        (pd.Series([1.5, NAN], index=["P1", "P2"]), {"P1": 1.5, "P2": None}),
        ({("a", 1): [NAN], 2: "x"}, {"('a', 1)": [None], "2": "x"}),
        (pd.Timestamp("2024-05-31"), "2024-05-31 00:00:00"),
        (datetime.date(2024, 5, 31), "2024-05-31"),
        (SampleInfo(3, 1, "listwise"), {
            "n_obs": 3, "n_excluded": 1, "missing": "listwise", "weights": "none",
        }),
        (pd.DataFrame({"a": []}), []),
    ],
)  # fmt: skip
def test_json_ready(value: object, expected: object) -> None:
    found = json_ready(value)
    assert found == expected
    assert type(found) is type(expected)
    json.dumps(found, allow_nan=False)


def test_frames_become_records() -> None:
    frame = pd.DataFrame(
        {
            "item": np.array([1, 2]),
            "gap": [-0.5, NAN],
            "group": pd.Categorical(["x", None]),
            "flag": [True, False],
        }
    )
    assert json_ready(frame) == [
        {"item": 1, "gap": -0.5, "group": "x", "flag": True},
        {"item": 2, "gap": None, "group": None, "flag": False},
    ]
    square = pd.DataFrame({"a": [1.0]}, index=pd.Index(["a"], name="factor"))
    assert json_ready(square) == [{"factor": "a", "a": 1.0}]


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
))  # fmt: skip
def test_everything_plain_is_written_as_json(value: object) -> None:
    ready = json_ready(value)
    assert json.loads(json.dumps(ready, allow_nan=False)) == ready
    assert json_ready(ready) == ready


def test_result_as_dictionary() -> None:
    result = example(model=object())
    plain = result.to_dict()
    assert plain["analysis"] == "Example"
    # Objects of other libraries stay out; a field has to say so itself.
    assert "other" not in plain
    assert plain["sample"]["n_obs"] == 10
    assert plain["notes"] == ["a < b"]
    assert plain["table"][1]["estimate"] is None
    # Full precision.
    assert plain["table"][0]["estimate"] == -0.12345678901234567
    assert json.loads(result.to_json()) == plain
    assert result.to_json(indent=2).startswith('{\n  "analysis": "Example"')


# ---- numbers for reading -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (1.23456, 3, "1.235"),
        (-0.5, 2, "−0.50"),
        (-0.001, 2, "0.00"),
        (-0.0, 3, "0.000"),
        (0.0, 0, "0"),
        (-0.4, 0, "0"),
        (-1234.5678, 1, "−1234.6"),
        (NAN, 2, "–"),
        (math.inf, 2, "–"),
        (3, 1, "3.0"),
        (np.float64(-2.0), 0, "−2"),
    ],
)
def test_format_number(value: float, digits: int, expected: str) -> None:
    assert format_number(value, digits) == expected


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 6))
def test_format_number_reads_back(value: float, digits: int) -> None:
    text = format_number(value, digits)
    assert "-" not in text
    assert float(text.replace("−", "-")) == pytest.approx(value, rel=1e-12, abs=0.51 * 10**-digits)
    assert not (text.startswith("−") and float(text[1:]) == 0.0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0312, ".031"),
        (1e-9, "< .001"),
        (0.0, "< .001"),
        (0.00099999, "< .001"),
        (0.001, ".001"),
        (0.5, ".500"),
        (1.0, "1.000"),
        (NAN, "–"),
    ],
)
def test_format_p(value: float, expected: str) -> None:
    assert format_p(value) == expected


def test_rounded() -> None:
    table = pd.DataFrame(
        {"term": ["a"], "n": [3], "gap": [-0.12345], "p_adjusted": [1e-5], "wilcoxon_p": [0.25]}
    )
    shown = rounded(table, digits=2)
    assert shown.to_dict("records") == [
        {"term": "a", "n": "3", "gap": "−0.12", "p_adjusted": "< .001", "wilcoxon_p": ".250"}
    ]
    assert table["gap"].item() == -0.12345


# ---- representations -----------------------------------------------------------------------------


def test_sample_as_text() -> None:
    assert str(SampleInfo(3, 0, "pairwise")) == "n = 3, missing: pairwise"
    assert str(SampleInfo(3, 1, "listwise", "frequency")) == (
        "n = 3, 1 excluded, missing: listwise, frequency weights"
    )


def test_repr() -> None:
    result = example()
    assert repr(result) == "\n".join(
        [
            "Example <b> (n = 10, 2 excluded, missing: listwise, sampling weights)",
            "",
            "    term estimate n p_value",
            "<script>   −0.123 3  < .001",
            "       b        – 4    .050",
            "Note: a < b",
        ]
    )
    assert repr(example()) == repr(result)


def test_html_escapes_what_came_from_the_data() -> None:
    html = example()._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<strong>Example &lt;b&gt;</strong>" in html
    assert "a &lt; b" in html


def test_base_promises_tables() -> None:
    class Empty(Result):
        pass

    with pytest.raises(NotImplementedError):
        Empty().tidy()
    with pytest.raises(NotImplementedError):
        Empty().glance()


def test_results_do_not_change() -> None:
    result = example()
    with pytest.raises(AttributeError):
        result.notes = ()  # type: ignore[misc]
    table = result.tidy()
    table.loc[0, "estimate"] = 99.0
    assert result.tidy()["estimate"].iloc[0] == -0.12345678901234567


# ---- interpretation ------------------------------------------------------------------------------


def test_interpretation() -> None:
    words = Interpretation(
        (
            Statement("overall", "The gap is <small>.", "size", "Cohen (1988)"),
            Statement("reliability", "It is larger."),
            Statement("empathy", "It is small.", "size", "Cohen (1988)"),
            Statement("alpha", "It is enough.", "alpha", "Nunnally (1978)"),
        )
    )
    assert words.sources == ("Cohen (1988)", "Nunnally (1978)")
    assert str(words) == repr(words)
    assert str(words).splitlines() == [
        "The gap is <small>.",
        "It is larger.",
        "It is small.",
        "It is enough.",
        "Rules of thumb: Cohen (1988); Nunnally (1978).",
    ]
    html = words._repr_html_()
    assert "The gap is &lt;small&gt;." in html
    assert html.count("Cohen (1988)") == 1
    assert words.to_dict()["statements"][1] == {
        "topic": "reliability",
        "text": "It is larger.",
        "rule": "",
        "source": "",
    }
    json.dumps(words.to_dict(), allow_nan=False)


def test_interpretation_without_rules() -> None:
    words = Interpretation((Statement("overall", "Nothing to say."),))
    assert str(words) == "Nothing to say."
    assert "Rules" not in words._repr_html_()
