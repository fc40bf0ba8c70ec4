"""`survey.describe()`: numbers that can be counted on paper."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

import servqual as sq
from servqual.results import Result
from tests.analyses.surveys import reference_frame, reference_survey

NAN = float("nan")
MINI = sq.Instrument.from_toml(
    'id = "mini"\nscale = [1, 7]\n[dimensions]\nalpha = [1, 2]\nbeta = [3]\n'
)


def described(**options: object) -> sq.SurveyDescription:
    """Six respondents: the last one answered nothing, two ticked the same all the way down."""
    frame = pd.DataFrame(
        {
            "E1": [7, 7, 7, 7, 7, NAN],
            "E2": [7, 6, 1, NAN, 5, NAN],
            "E3": [7, 5, 4, 3, NAN, NAN],
            "P1": [4, 1, 1, 7, 2, NAN],
            "P2": [4, 2, 7, NAN, NAN, NAN],
            "P3": [4, 3, NAN, NAN, NAN, NAN],
            "SAT1": [1, 2, 3, 4, 5, NAN],
            "SAT2": [10, 10, 10, NAN, NAN, NAN],
            "branch": ["b", "a", "b", None, "b", "a"],
        }
    )
    survey = sq.Survey(
        frame,
        instrument=MINI,
        outcomes={"satisfaction": "SAT1", "nps": "SAT2"},
        groups="branch",
        **options,  # type: ignore[arg-type]
    )
    return survey.describe()


def test_items() -> None:
    items = described().items
    assert list(items.columns) == [
        "side", "item", "key", "label", "dimension", "column", "n", "missing_share", "mean", "sd",
        "floor_share", "ceiling_share", "constant", "looks_reversed",
    ]  # fmt: skip
    assert items["column"].tolist() == ["E1", "E2", "E3", "P1", "P2", "P3"]
    assert items["side"].tolist() == ["expectation"] * 3 + ["perception"] * 3
    assert items["dimension"].tolist() == ["alpha", "alpha", "beta"] * 2
    table = items.set_index("column")
    assert table["n"].tolist() == [5, 4, 4, 5, 3, 2]
    assert table["missing_share"].tolist() == pytest.approx(
        [1 / 6, 1 / 3, 1 / 3, 1 / 6, 1 / 2, 2 / 3]
    )
    assert table.loc["E2", "mean"] == pytest.approx(19 / 4)
    assert table.loc["E2", "sd"] == pytest.approx(np.std([7, 6, 1, 5], ddof=1))
    assert table["floor_share"].tolist() == pytest.approx([0, 1 / 4, 0, 2 / 5, 0, 0])
    assert table["ceiling_share"].tolist() == pytest.approx([1, 1 / 4, 1 / 4, 1 / 5, 1 / 3, 0])
    assert table.index[table["constant"]].tolist() == ["E1"]
    assert not table["looks_reversed"].any()


def test_sides() -> None:
    expectation, perception = described().sides.to_dict("records")
    assert expectation == {
        "side": "expectation",
        "n_items": 3,
        "missing_share": pytest.approx(5 / 18),
        "floor_share": pytest.approx(1 / 13),
        "ceiling_share": pytest.approx(7 / 13),
        "n_constant_items": 1,
        "n_looks_reversed": 0,
        "n_complete": 3,
        "n_empty": 1,
        "n_straight_lining": 1,
    }
    assert perception["missing_share"] == pytest.approx(8 / 18)
    assert (perception["n_complete"], perception["n_empty"]) == (2, 1)
    assert perception["n_straight_lining"] == 1
    assert perception["floor_share"] == pytest.approx(2 / 10)


def test_outcomes_and_groups() -> None:
    description = described()
    assert description.outcomes.to_dict("records") == [
        {
            "outcome": "satisfaction", "column": "SAT1", "n": 5,
            "missing_share": pytest.approx(1 / 6), "mean": 3.0,
            "sd": pytest.approx(math.sqrt(2.5)), "minimum": 1.0, "maximum": 5.0,
        },
        {
            "outcome": "nps", "column": "SAT2", "n": 3, "missing_share": pytest.approx(1 / 2),
            "mean": 10.0, "sd": 0.0, "minimum": 10.0, "maximum": 10.0,
        },
    ]  # fmt: skip
    groups = description.groups
    assert groups[["variable", "group", "n"]].to_dict("records")[:2] == [
        {"variable": "branch", "group": "a", "n": 2},
        {"variable": "branch", "group": "b", "n": 3},
    ]


def test_glance_and_tidy() -> None:
    description = described()
    assert isinstance(description, Result)
    row = description.glance().to_dict("records")
    assert row == [
        {
            "n_respondents": 6,
            "missing_share": pytest.approx(13 / 36),
            "n_constant_items": 1,
            "n_looks_reversed": 0,
            "n_straight_lining": 1,
        }
    ]
    pd.testing.assert_frame_equal(description.tidy(), description.items)


def test_as_dictionary_and_text() -> None:
    description = described(missing_codes=(99,))
    plain = json.loads(description.to_json())
    assert plain["analysis"] == "SurveyDescription"
    assert plain["sides"][0]["n_complete"] == 3
    assert repr(description).startswith("Survey description (n = 6, missing: shown)\n\nSides\n")
    assert repr(description) == repr(described(missing_codes=(99,)))
    assert "<table" in description._repr_html_()


def test_reference_survey() -> None:
    description = reference_survey().describe()
    frame = reference_frame()
    items = description.items.set_index("column")
    columns = list(items.index)
    pd.testing.assert_series_equal(items["mean"], frame[columns].mean(), check_names=False)
    pd.testing.assert_series_equal(items["sd"], frame[columns].std(), check_names=False)
    pd.testing.assert_series_equal(
        items["missing_share"], frame[columns].isna().mean(), check_names=False
    )
    assert len(columns) == 44
    perception = frame[columns[22:]]
    side = description.sides.set_index("side").loc["perception"]
    assert side["n_complete"] == len(perception.dropna())
    assert side["n_empty"] == perception.isna().all(axis=1).sum()


def test_respondents_of_frequency_weights() -> None:
    frame = reference_frame()
    assert reference_survey("frequency").describe().sample.n_obs == int(frame["freq"].sum())
    assert reference_survey("sampling").describe().sample.weights == "sampling"


def test_side_that_nobody_answered() -> None:
    frame = pd.DataFrame({f"E{item}": [5, 6, 7] for item in (1, 2, 3)})
    frame = frame.assign(P1=NAN, P2=NAN, P3=NAN)
    description = sq.Survey(frame, instrument=MINI).describe()
    perception = description.sides.set_index("side").loc["perception"]
    assert perception["missing_share"] == 1.0
    assert perception["n_empty"] == 3
    assert pd.isna(perception["floor_share"])
    assert description.items["mean"].isna().sum() == 3
    assert description.outcomes.empty
    assert description.groups.empty
    json.loads(description.to_json())


def test_one_respondent() -> None:
    frame = pd.DataFrame({f"{side}{item}": [5] for side in "EP" for item in (1, 2, 3)})
    description = sq.Survey(frame, instrument=MINI).describe()
    assert description.items["sd"].isna().all()
    assert description.sides["n_straight_lining"].tolist() == [1, 1]


def test_one_item_is_no_straight_line() -> None:
    single = sq.Instrument.from_toml("[dimensions]\na = [1]\n")
    description = sq.Survey({"E1": [5, 6], "P1": [4, 4]}, instrument=single).describe()
    assert description.sides["n_straight_lining"].tolist() == [0, 0]
