from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.analyses.frequencies import FrequencyResult, frequencies
from servqual.typing import Missing
from tests.analyses.surveys import (
    DATA,
    reference_survey,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

EXPECTED = load_expected("frequencies")
NAN = float("nan")
#: Sums of weights in another order: a few units in the last place.
RTOL = 1e-12


def assert_equals_r(result: FrequencyResult, items: list[dict[str, Any]]) -> None:
    """Both tables hold R's numbers, item by item."""
    table = result.categories
    assert_allclose(table["n"], np.concatenate([item["frequencies"] for item in items]), rtol=RTOL)
    assert_allclose(table["share"], np.concatenate([item["share"] for item in items]), rtol=RTOL)
    for name in ("n", "mean", "sd", "bottom_share", "top_share"):
        assert_allclose(result.items[name], [item[name] for item in items], rtol=RTOL, atol=1e-15)
    medians = [item["median"] for item in items]
    if None not in medians:
        assert result.items["median"].tolist() == medians


@pytest.mark.parametrize("design", ["plain", "frequency", "sampling"])
def test_every_number_equals_r(design: str) -> None:
    assert_equals_r(frequencies(reference_survey(design)), EXPECTED[design])


def test_listwise_counts_who_answered_everything() -> None:
    result = frequencies(reference_survey(), missing="listwise")
    assert_equals_r(result, EXPECTED["listwise"])
    assert result.items["n"].nunique() == 1
    assert result.sample.n_obs == result.items["n"].iloc[0]


def test_groups_have_their_own_tables() -> None:
    result = frequencies(reference_survey(), by="wave")
    assert result.by == ("wave",)
    assert result.categories.columns[0] == result.items.columns[0] == "wave"
    assert_equals_r(result, [item for wave in EXPECTED["waves"] for item in wave])
    everybody = frequencies(reference_survey())
    total = result.categories.groupby(["item", "category"])["n"].sum()
    assert (total.to_numpy() <= everybody.categories["n"].to_numpy()).all()


def test_groups_are_weighted_too() -> None:
    survey = reference_survey("sampling")
    whole = frequencies(survey, by="wave")
    part = frequencies(survey.where(wave=whole.items["wave"].iloc[0]))
    assert_allclose(whole.items["mean"].iloc[:22], part.items["mean"], rtol=RTOL)
    assert_allclose(whole.categories["n"].iloc[: 22 * 7], part.categories["n"], rtol=RTOL)


def test_missing_answers_are_counted() -> None:
    frame = toy_frame()
    frame.loc[[0, 5, 7], "P2"] = NAN
    result = frequencies(toy_survey(frame))
    assert result.items["n_missing"].tolist() == [0, 3, 0, 0, 0]
    assert result.glance()["missing_share"].item() == pytest.approx(3 / 200, rel=RTOL)
    assert (result.sample.n_obs, result.sample.n_excluded) == (40, 0)
    listwise = frequencies(toy_survey(frame), missing="listwise")
    assert listwise.items["n_missing"].tolist() == [3] * 5
    assert (listwise.sample.n_obs, listwise.sample.n_excluded) == (37, 3)


@pytest.mark.parametrize("missing", ["pairwise", "listwise"])
def test_counts_give_the_same_as_the_survey(missing: Missing) -> None:
    survey = reference_survey()
    counts = survey.counts(survey.item_names("perception"), missing=missing)
    ours, theirs = frequencies(counts, scale=(1, 7)), frequencies(survey, missing=missing)
    columns = ["category", "n", "share"]
    pd.testing.assert_frame_equal(ours.categories[columns], theirs.categories[columns])
    summary = ["n", "n_missing", "mean", "sd", "median", "bottom_share", "top_share"]
    pd.testing.assert_frame_equal(ours.items[summary], theirs.items[summary])
    assert ours.items["item"].tolist()[:2] == ["P1", "P2"]
    assert ours.sample.n_obs == theirs.sample.n_obs


def test_a_point_that_nobody_chose_has_a_row() -> None:
    frame = toy_frame()
    frame["P1"] = [1.0, 3.0, 7.0, 7.0] * 10
    first = frequencies(toy_survey(frame)).categories.head(7)
    assert first["category"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert first["n"].tolist() == [10, 0, 10, 0, 0, 0, 20]
    assert first["share"].tolist() == [0.25, 0.0, 0.25, 0.0, 0.0, 0.0, 0.5]


def test_differences_run_over_all_that_are_possible() -> None:
    survey = toy_survey(toy_frame())
    result = frequencies(survey, on="gap")
    first = result.categories.head(13)
    assert first["category"].tolist() == list(range(-6, 7))
    gaps = survey.rows(["G1"])[:, 0]
    assert first["n"].tolist() == [int((gaps == value).sum()) for value in range(-6, 7)]
    assert result.scale == (-6.0, 6.0)


@pytest.mark.parametrize(
    ("answers", "median"),
    [([1, 1, 3, 4], 2.0), ([1, 2, 2], 2.0), ([2, 2, 2, 2], 2.0), ([1, 7], 4.0), ([5], 5.0)],
)
def test_the_median_is_that_of_the_answers(answers: list[float], median: float) -> None:
    counts = sq.Counts.collect(np.array(answers, dtype=float)[:, None])
    assert frequencies(counts).items["median"].item() == median


def test_weights_that_add_up_to_one_half_give_the_middle_of_two_points() -> None:
    # 0.1 + 0.2 is not 0.3 in binary, but both halves are meant to be equal.
    counts = sq.Counts.collect(
        [[1.0], [1.0], [4.0]], weights=[0.1, 0.2, 0.3], weight_kind="sampling"
    )
    assert frequencies(counts).items["median"].item() == 2.5


@pytest.mark.parametrize(("n_points", "ends"), [(2, 1), (3, 1), (4, 2), (5, 2), (10, 2)])
def test_ends_are_two_points_unless_the_scale_is_short(n_points: int, ends: int) -> None:
    answers = np.arange(1.0, n_points + 1.0)[:, None]
    item = frequencies(sq.Counts.collect(answers)).items.iloc[0]
    assert item["bottom_share"] == pytest.approx(ends / n_points, rel=RTOL)
    assert item["top_share"] == pytest.approx(ends / n_points, rel=RTOL)


def test_items_of_counts_have_their_own_ends_unless_told() -> None:
    mixed = pd.read_csv(DATA / "mixed_categories.csv")
    counts = sq.Counts.collect(mixed, missing="pairwise")
    result = frequencies(counts)
    shown = result.categories.groupby("item", sort=False)["category"].agg(["min", "max", "size"])
    assert (shown["min"].to_numpy() == mixed.min().to_numpy()).all()
    assert (shown["max"].to_numpy() == mixed.max().to_numpy()).all()
    assert (shown["size"] == shown["max"] - shown["min"] + 1).all()
    assert {2, 3, 5, 7, 10} == set(shown["size"])
    assert (result.categories["n"] == 0).any()
    assert any("do not know the ends" in note for note in result.notes)
    assert frequencies(counts, scale=(1, 10)).categories["category"].nunique() == 10


def test_sliders_show_the_values_that_were_chosen() -> None:
    instrument = sq.Instrument.from_toml(
        'id = "slider"\nscale = {minimum = 0, maximum = 1, continuous = true}\n'
        "[dimensions]\nd1 = [1]\n"
    )
    survey = sq.Survey({"P1": [0.25, 0.5, 0.25]}, instrument=instrument, sides=["perception"])
    table = frequencies(survey).categories
    assert table["category"].tolist() == [0.25, 0.5]
    assert table["n"].tolist() == [2, 1]


def test_an_item_without_answers_is_nan() -> None:
    counts = sq.Counts.collect([[1.0, NAN], [2.0, NAN]], missing="pairwise")
    item = frequencies(counts, scale=(1, 2)).items.iloc[1]
    assert (item["n"], item["n_missing"]) == (0, 2)
    assert np.isnan(item[["mean", "sd", "median", "top_share"]].to_numpy(dtype=float)).all()
    assert frequencies(counts).categories["item"].unique().tolist() == ["x1"]


def test_what_cannot_be_done_is_said() -> None:
    survey = reference_survey()
    counts = survey.counts(["P1", "P2"])
    with pytest.raises(sq.RowsRequiredError, match="Counts do not know groups"):
        frequencies(counts, by="wave")
    with pytest.raises(sq.RowsRequiredError, match="was given Moments"):
        frequencies(survey.moments(["P1"]))  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match="`scale` is for counts"):
        frequencies(survey, scale=(1, 7))
    with pytest.raises(sq.OptionError, match=r"`scale` is 2 to 7.*P1 \(1\)"):
        frequencies(sq.Counts.collect([[1.0], [2.0]], ["P1"]), scale=(2, 7))
    for wrong in ((7, 1), (1, 2.5), (0, 100)):
        with pytest.raises(sq.OptionError, match="lowest and the highest answer"):
            frequencies(counts, scale=wrong)
    with pytest.raises(sq.OptionError, match="`by` names these more than once"):
        frequencies(survey, by=["wave", "wave"])
    with pytest.raises(sq.OptionError, match='"nobody" is not a grouping variable'):
        frequencies(survey, by="nobody")
    with pytest.raises(sq.OptionError, match="`missing` is 'fiml'"):
        frequencies(survey, missing="fiml")  # type: ignore[arg-type]


def test_a_group_named_like_a_column_is_refused() -> None:
    frame = toy_frame(share=["a", "b"] * 20)
    survey = toy_survey(frame, groups=["share"])
    with pytest.raises(sq.OptionError, match="share, which is a column of the result"):
        frequencies(survey, by="share")


def test_the_result_shows_and_stores_itself() -> None:
    result = frequencies(toy_survey(toy_frame(g=["a", "b"] * 20)), by="g")
    assert list(result.tidy()) == [
        "g",
        "item",
        "key",
        "label",
        "dimension",
        "category",
        "n",
        "share",
    ]
    assert list(result.glance()) == [
        "n_obs",
        "n_excluded",
        "n_items",
        "n_groups",
        "n_categories",
        "missing_share",
    ]
    assert result.glance().iloc[0].tolist() == [40, 0, 5, 2, 7, 0.0]
    assert "Frequencies of answers (n = 40" in repr(result)
    assert "<table" in result._repr_html_()
    stored = json.loads(result.to_json())
    assert stored["analysis"] == "FrequencyResult"
    assert len(stored["categories"]) == 2 * 5 * 7


def test_sampling_weights_are_noted_and_n_counts_respondents() -> None:
    result = frequencies(reference_survey("sampling"))
    assert any("sum of the weights" in note for note in result.notes)
    assert result.items["n"].tolist() == frequencies(reference_survey()).items["n"].tolist()


def test_scales_are_those_of_the_instrument() -> None:
    instrument = toy_instrument(minimum=0, maximum=4)
    survey = toy_survey(toy_frame(minimum=0, maximum=4), instrument, outcomes=None)
    result = frequencies(survey, on="expectation")
    assert result.categories["category"].unique().tolist() == [0, 1, 2, 3, 4]
    assert result.scale == (0.0, 4.0)
