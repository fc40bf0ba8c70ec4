from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.typing import On
from tests.analyses.surveys import (
    assert_columns,
    assert_same_rows,
    records,
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

DESIGNS = ["plain", "frequency", "complete"]
SIDES: list[On] = ["perception", "expectation", "gap"]
COEFFICIENTS = [
    "n_items",
    "n",
    "mean_r",
    "alpha",
    "alpha_low",
    "alpha_high",
    "alpha_std",
    "omega",
    "omega_low",
    "omega_high",
    "lambda2",
    "lambda6",
    "split_half",
]


def expected_reliability(design: str) -> dict[str, Any]:
    expected = load_expected("scale_reliability")
    part: dict[str, Any] = expected if design == "plain" else expected[design]
    return part


@cache
def reliability(design: str, on: On) -> sq.ReliabilityResult:
    return sq.scale_reliability(reference_survey(design), on=on)


def rows_on(table: list[dict[str, Any]], on: str) -> pd.DataFrame:
    return records([row for row in table if row["on"] == on])


# ---- against R -----------------------------------------------------------------------------------


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("on", SIDES)
def test_scales_are_those_of_r(design: str, on: On) -> None:
    scales = reliability(design, on).scales
    expected = rows_on(expected_reliability(design)["scales"], on)
    assert_same_rows(scales, expected, scale="scale")
    # lavaan's omega was polished by Newton steps to a gradient of 1e-10, so it joins the others.
    assert_columns(scales, expected, COEFFICIENTS)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("on", SIDES)
def test_items_are_those_of_r(design: str, on: On) -> None:
    items = reliability(design, on).items
    expected = rows_on(expected_reliability(design)["items"], on)
    assert_same_rows(items, expected, scale="scale", item="item")
    assert_columns(items, expected, ["mean", "sd", "item_rest_r", "alpha_if_deleted"])
    scales = reliability(design, on).scales.set_index("scale")["n"]
    assert items["n"].tolist() == scales.loc[items["scale"]].tolist()


@pytest.mark.parametrize("design", DESIGNS)
def test_difference_scores_are_those_of_r(design: str) -> None:
    differences = reliability(design, "gap").differences
    expected = records(expected_reliability(design)["differences"]).iloc[:5]
    assert_same_rows(differences, expected, dimension="dimension")
    names = [
        "n",
        "sd_perception",
        "sd_expectation",
        "reliability_perception",
        "reliability_expectation",
        "r_pe",
        "reliability_difference",
        "alpha_difference",
    ]
    assert_columns(differences, expected, names, renamed={"alpha_difference": "alpha_gap"})


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("on", SIDES)
def test_the_composite_is_that_of_r(design: str, on: On) -> None:
    (expected,) = (
        row
        for row in expected_reliability(design)["composites"]
        if row["on"] == on and row["scores"] == "dimension means"
    )
    result = reliability(design, on)
    assert_allclose(result.composite, expected["reliability"], rtol=1e-10)
    assert_allclose(result.glance()["composite_reliability"], result.composite, rtol=0)
    assert result.scales["n"].iloc[-1] == expected["n"]


# ---- other ways to the same numbers --------------------------------------------------------------


def test_equal_sampling_weights_leave_the_points_and_take_the_intervals() -> None:
    frame = reference_frame().assign(weight=0.5)
    weighted = sq.scale_reliability(
        survey_of(frame, weights=sq.SamplingWeights("weight")), on="gap"
    )
    plain = reliability("plain", "gap")
    limits = ["alpha_low", "alpha_high", "omega_low", "omega_high"]
    assert weighted.scales[limits].isna().all(axis=None)
    names = [name for name in COEFFICIENTS if name not in limits]
    # Omega is the end of an iteration, which other rounding errors end elsewhere.
    assert_columns(weighted.scales, plain.scales, names, rtol=1e-7)
    assert_columns(weighted.items, plain.items, ["mean", "sd", "item_rest_r", "alpha_if_deleted"])
    assert any("With sampling weights, the intervals" in note for note in weighted.notes)


def test_sampling_weights_weigh_the_covariances() -> None:
    frame = reference_frame().dropna(subset=["P1", "P2", "P3", "P4"])
    weighted = sq.scale_reliability(reference_survey("sampling"))
    own = np.cov(frame[["P1", "P2", "P3", "P4"]].T, aweights=frame["weight"])
    alpha = 4 / 3 * (1 - np.trace(own) / own.sum())
    assert_allclose(weighted.scales["alpha"].iloc[0], alpha, rtol=1e-10)


def test_pairwise_covariances_are_those_of_pandas() -> None:
    frame = reference_frame()
    result = sq.scale_reliability(reference_survey(), missing="pairwise")
    for dimension in reference_survey().instrument.dimensions:
        numbers = [item.number for item in reference_survey().instrument.items_of(dimension.key)]
        answers = frame[[f"P{number}" for number in numbers]]
        covariance, size = answers.cov().to_numpy(), len(numbers)
        (row,) = result.scales[result.scales["scale"] == dimension.key].to_dict("records")
        alpha = size / (size - 1) * (1 - np.trace(covariance) / covariance.sum())
        assert_allclose(row["alpha"], alpha, rtol=1e-10)
        present = answers.notna().to_numpy().astype(int)
        assert row["n"] == (present.T @ present).min()
    assert "pairwise" in result.sample.missing


def test_pairwise_is_listwise_when_everything_was_answered() -> None:
    survey = reference_survey("complete")
    pairwise = sq.scale_reliability(survey, on="gap", missing="pairwise")
    listwise = reliability("complete", "gap")
    pd.testing.assert_frame_equal(pairwise.scales, listwise.scales, rtol=1e-7)
    pd.testing.assert_frame_equal(pairwise.items, listwise.items, rtol=1e-9)
    pd.testing.assert_frame_equal(pairwise.differences, listwise.differences, rtol=1e-9)
    assert_allclose(pairwise.composite, listwise.composite, rtol=1e-10)


def test_moments_give_the_same_scales_as_rows() -> None:
    survey = reference_survey("complete")
    names = [f"P{number}" for number in range(1, 23)]
    scales = {"tangibles": names[:4], "empathy": names[17:], "overall": names}
    result = sq.scale_reliability(survey.moments(names), scales=scales)
    rows = reliability("complete", "perception").scales.set_index("scale").loc[list(scales)]
    assert_columns(result.scales, rows.reset_index(), COEFFICIENTS)
    one = sq.scale_reliability(survey.moments(names))
    assert one.scales["scale"].tolist() == ["overall"]
    assert_columns(one.scales, rows.loc[["overall"]].reset_index(), COEFFICIENTS)
    pairs = sq.scale_reliability(survey.moments(names, missing="pairwise"), scales=scales)
    assert_columns(pairs.scales, rows.reset_index(), ["alpha", "lambda6", "split_half", "n"])


def test_a_covariance_matrix_from_a_paper_will_do() -> None:
    matrix = [[1.0, 0.5, 0.4], [0.5, 1.2, 0.6], [0.4, 0.6, 0.9]]
    result = sq.scale_reliability(sq.Moments.from_covariance(matrix, n=200))
    assert_allclose(result.scales["alpha"], 1.5 * (1 - 3.1 / 6.1))
    assert result.items["mean"].isna().all()


# ---- errors and words ----------------------------------------------------------------------------


def test_options_are_checked_with_their_names() -> None:
    survey = reference_survey()
    with pytest.raises(sq.OptionError, match=r"`on` is 'perceptions'.*Did you mean"):
        sq.scale_reliability(survey, on="perceptions")  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match="`missing` is 'fiml'"):
        sq.scale_reliability(survey, missing="fiml")  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match="`scales` is for moments"):
        sq.scale_reliability(survey, scales={"A": ["P1"]})
    with pytest.raises(sq.OptionError, match="`scales` is empty; name at least one"):
        sq.scale_reliability(survey.moments(["P1", "P2"]), scales={})
    with pytest.raises(sq.OptionError, match="no variable named P9"):
        sq.scale_reliability(survey.moments(["P1", "P2"]), scales={"A": ["P1", "P9"]})
    with pytest.raises(sq.RowsRequiredError, match="`scale_reliability` was given DataFrame"):
        sq.scale_reliability(reference_frame())  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match='`on="desired"` needs desired answers'):
        sq.scale_reliability(survey, on="desired")


def test_interpretation_names_the_convention() -> None:
    words = reliability("plain", "gap").interpret()
    assert any("Nunnally" in source for source in words.sources)
    # Five dimensions and all items, the general factor, five differences.
    assert len(words.statements) == 6 + 1 + 5


# ---- traps of the method -------------------------------------------------------------------------


def test_trap_3_an_item_that_was_not_reversed_is_named() -> None:
    frame = toy_frame(n_respondents=200, n_items=4)
    frame["P2"] = 8 - frame["P2"]
    with pytest.warns(sq.ServqualWarning, match="against the rest of their dimension or side: P2"):
        survey = toy_survey(frame, toy_instrument((4,)))
    with pytest.warns(sq.ServqualWarning, match="correlate negatively with the rest.*: 2 "):
        result = sq.scale_reliability(survey)
    assert result.items.set_index("item")["item_rest_r"].loc[2] < 0


def test_trap_9_the_gap_has_a_reliability_of_its_own() -> None:
    result = reliability("plain", "gap")
    table = result.differences
    # Neither alpha of a side is to be quoted for it; the sides correlate, so it lies below theirs.
    assert (table["r_pe"] > 0).all()
    sides = table[["reliability_perception", "reliability_expectation"]]
    assert (table["reliability_difference"] < sides.max(axis=1)).all()
    assert ((sides.sub(table["reliability_difference"], axis=0)).abs() > 5e-4).all(axis=None)
    assert reliability("plain", "perception").differences.empty
    text = str(result.interpret())
    assert text.count("as a difference score the gap has reliability") == 5


def test_trap_15_one_respondent_has_no_reliability() -> None:
    result = sq.scale_reliability(toy_survey(toy_frame(n_respondents=1)), on="gap")
    names = [name for name in COEFFICIENTS if name not in ("n", "n_items")]
    assert result.scales["n"].tolist() == [1, 1, 1]
    assert result.scales[names].isna().all(axis=None)
    note = "Nothing can be computed for d1: fewer than two respondents answered all of its items."
    assert note in result.notes


def test_trap_16_identical_answers_have_no_reliability() -> None:
    frame = toy_frame()
    for item in range(1, 6):
        frame[f"E{item}"], frame[f"P{item}"] = 6.0, 5.0
    result = sq.scale_reliability(toy_survey(frame), on="gap")
    names = ["alpha", "alpha_low", "alpha_std", "omega", "lambda2", "lambda6", "split_half"]
    assert result.scales[names].isna().all(axis=None)
    assert any("gave the same answer to these items of d1: 1, 2" in note for note in result.notes)
    assert result.interpret().statements == ()


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
@pytest.mark.parametrize("weighted", [False, True])
def test_trap_17_constant_expectations_leave_r_pe_undefined(missing: Any, weighted: bool) -> None:
    weights = np.round(np.random.default_rng(1).uniform(0.3, 3.0, 60), 4)
    frame = toy_frame(n_respondents=60, w=weights)
    for item in range(1, 6):
        frame[f"E{item}"] = 7.0
    survey = toy_survey(frame, weights=sq.SamplingWeights("w") if weighted else None)
    result = sq.scale_reliability(survey, on="gap", missing=missing)
    assert (result.differences["sd_expectation"] == 0).all()
    undefined = ["reliability_expectation", "r_pe", "reliability_difference"]
    assert result.differences[undefined].isna().all(axis=None)
    # The gap is the perception shifted, so its alpha is that of the perception.
    assert_allclose(
        result.differences["alpha_difference"], result.differences["reliability_perception"]
    )
    assert any(
        "The score of perception or expectation is the same" in note for note in result.notes
    )


def test_trap_20_read_only_answers_are_left_alone() -> None:
    survey = reference_survey()
    before = survey.answers("perception").copy()
    sq.scale_reliability(survey, missing="pairwise")
    assert not survey.answers("perception").flags.writeable
    np.testing.assert_array_equal(survey.answers("perception"), before)


# ---- nasty data ----------------------------------------------------------------------------------


def test_a_constant_item_leaves_alpha_and_says_what_it_takes() -> None:
    frame = toy_frame()
    frame["P4"] = 5.0
    result = sq.scale_reliability(toy_survey(frame))
    row = result.scales.iloc[1]
    own = np.cov(frame[["P3", "P4", "P5"]].T)
    assert_allclose(row["alpha"], 1.5 * (1 - np.trace(own) / own.sum()))
    assert row[["alpha_std", "mean_r", "lambda6", "omega"]].isna().all()
    assert np.isnan(result.items.query("scale == 'd2' and item == 4")["item_rest_r"].item())
    assert any("gave the same answer to these items of d2: 4." in note for note in result.notes)
    assert np.isfinite(result.scales["alpha"].iloc[0])


def test_one_item_has_no_reliability_and_two_have_no_omega() -> None:
    result = sq.scale_reliability(toy_survey(toy_frame(n_items=3), toy_instrument((1, 2))))
    names = [name for name in COEFFICIENTS if name not in ("n", "n_items")]
    scales = result.scales.set_index("scale")
    assert scales.loc["d1", names].isna().all()
    assert scales.loc["d2", ["omega", "omega_low", "omega_high"]].isna().all()
    assert np.isfinite(scales.loc["d2", ["alpha", "lambda2", "split_half"]].astype(float)).all()
    assert result.items.query("scale == 'd2'")["alpha_if_deleted"].isna().all()
    assert "d1 has one item, and a single item has no reliability coefficients." in result.notes
    assert any(
        note.startswith("Omega of d2 is nan: a one-factor model needs at least three items")
        for note in result.notes
    )
    assert np.isnan(result.composite)


def test_one_dimension_is_not_listed_twice() -> None:
    result = sq.scale_reliability(toy_survey(toy_frame(n_items=4), toy_instrument((4,))))
    assert result.scales["scale"].tolist() == ["d1"]
    assert np.isnan(result.glance()["alpha_overall"].item())
    assert len(result.items) == 4


def test_a_dimension_that_nobody_answered_is_nan_with_a_note() -> None:
    frame = toy_frame()
    frame[["P1", "P2"]] = np.nan
    result = sq.scale_reliability(toy_survey(frame))
    assert result.scales["n"].tolist() == [0, 40, 0]
    assert result.scales["alpha"].isna().tolist() == [True, False, True]
    for name in ("d1", "overall"):
        assert any(note.startswith(f"Nothing can be computed for {name}:") for note in result.notes)


def test_two_identical_dimensions_have_their_alpha_each() -> None:
    frame = toy_frame(n_items=6)
    for item in range(1, 4):
        frame[f"P{item + 3}"] = frame[f"P{item}"]
        frame[f"E{item + 3}"] = frame[f"E{item}"]
    result = sq.scale_reliability(toy_survey(frame, toy_instrument((3, 3))))
    first, second, overall = result.scales.to_dict("records")
    assert first["alpha"] == second["alpha"] < overall["alpha"]
    assert np.isnan(overall["lambda6"])
    assert any("Omega of overall is nan" in note for note in result.notes)


@pytest.mark.parametrize(("minimum", "maximum"), [(1, 10), (-3, 3)])
def test_alpha_does_not_know_the_scale(minimum: int, maximum: int) -> None:
    frame = toy_frame(minimum=minimum, maximum=maximum)
    survey = toy_survey(frame, toy_instrument(minimum=minimum, maximum=maximum))
    own = np.cov(frame[["P3", "P4", "P5"]].T)
    result = sq.scale_reliability(survey)
    assert_allclose(result.scales["alpha"].iloc[1], 1.5 * (1 - np.trace(own) / own.sum()))
