from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import servqual as sq
from servqual.errors import ColumnNotFoundError, OptionError, SurveyError
from servqual.survey.respondents import read_respondents
from tests.analyses.surveys import toy_frame, toy_survey


def frame(**more: Any) -> pd.DataFrame:
    return toy_frame(6, K1=[1, 2, 3, 4, 5, 9.0], K2=[5.0] * 6, **more)


# ---- columns that a survey keeps -----------------------------------------------------------------


def test_kept_columns_are_reached_by_their_names() -> None:
    survey = toy_survey(frame(g=["a", "b"] * 3), keep="K*", missing_codes={"K1": (9,)})
    assert survey.kept == ("K1", "K2")
    assert_array_equal(survey.rows(["K1"])[:, 0], [1, 2, 3, 4, 5, np.nan])
    assert survey.moments(["K1", "P1"]).n_obs == 5
    assert_array_equal(survey.where(g="b").rows(["K1"])[:, 0], [2, 4, np.nan])
    assert "kept" in repr(survey)
    assert any("K1 (1)" in note for note in survey.notes)
    for again in (pickle.loads(pickle.dumps(survey)), copy.deepcopy(survey)):
        assert_array_equal(again.rows(["K2"]), survey.rows(["K2"]))


def test_kept_columns_cannot_be_written_to() -> None:
    survey = toy_survey(frame(), keep=["K1"])
    with pytest.raises(ValueError, match="read-only"):
        survey._data.kept["K1"][0] = 3
    assert toy_survey(frame()).kept == ()
    assert "kept" not in repr(toy_survey(frame()))


@pytest.mark.parametrize(
    ("keep", "error", "words"),
    [
        ("X*", ColumnNotFoundError, r"No column fits the pattern 'X\*'"),
        (["K1", "K3"], ColumnNotFoundError, "K3"),
        ("P1", SurveyError, "'P1' is used twice: as perception of item 1 and as column to keep"),
        ("G1", SurveyError, "taken by what is computed"),
        ("text", SurveyError, "`text` holds text where numbers are needed"),
        (3, OptionError, "`keep` is 3, but must name columns"),
        ({"K1": "x"}, OptionError, "must name columns"),
    ],
)
def test_what_cannot_be_kept(keep: Any, error: type[Exception], words: str) -> None:
    data = frame(G1=[1.0] * 6, text=["x"] * 6)
    with pytest.raises(error, match=words):
        toy_survey(data, keep=keep)


def test_a_kept_column_with_the_name_of_an_outcome() -> None:
    with pytest.raises(SurveyError, match="columns to keep have the name of an outcome: K1"):
        toy_survey(frame(), outcomes={"K1": ["SAT1"]}, keep="K1")


def test_files_keep_columns_too(tmp_path: Any) -> None:
    path = tmp_path / "survey.csv"
    frame().to_csv(path, index=False)
    survey = sq.read_survey(path, instrument=toy_survey(frame()).instrument, keep="k*")
    assert survey.kept == ("K1", "K2")


# ---- respondents of any kind ---------------------------------------------------------------------


def test_groups_of_a_frame_are_those_of_a_survey() -> None:
    data = frame(g=["b", None, "a", "b", "a", "b"], wave=["2", "10", "2", "10", "2", None])
    survey = read_respondents(toy_survey(data, groups=["g", "wave"]))
    plain = read_respondents(data)
    for by in ("g", "wave", ["g", "wave"], ["wave", "g"]):
        ours, theirs = plain.group_codes(by), survey.group_codes(by)
        assert_array_equal(ours[0], theirs[0])
        assert ours[1:] == theirs[1:]


def test_respondents_are_counted_by_their_weights() -> None:
    every = np.ones(6, dtype=bool)
    counts = [2.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    assert read_respondents(frame()).count(every) == 6
    assert read_respondents(frame(), sq.FrequencyWeights(counts)).count(every) == 6
    assert read_respondents(frame(), sq.SamplingWeights(counts)).count(every) == 5
    survey = toy_survey(frame(), weights=sq.FrequencyWeights(counts))
    assert read_respondents(survey).weight_kind == "frequency"


def test_weights_of_a_frame_may_have_any_scale() -> None:
    huge = read_respondents(frame(), sq.SamplingWeights([1e300, 2e300] * 3)).weights
    assert huge is not None
    assert_array_equal(huge[1] / huge[0], 2.0)
    assert huge.max() < 1e10


def test_weights_that_are_no_numbers() -> None:
    weights: Any = ["a"] * 6
    with pytest.raises(OptionError, match="`weights` cannot be read as numbers"):
        read_respondents(frame(), sq.SamplingWeights(weights))
