"""Factors compared with the dimensions of an instrument."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.analyses.congruence import CongruenceResult
from servqual.analyses.efa import EFAResult, efa
from servqual.errors import InstrumentError, OptionError
from tests.analyses.surveys import (
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

REFERENCE = load_expected("efa")["congruence"]
DIMENSIONS = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]


@cache
def factors(rotation: Any = "oblimin") -> EFAResult:
    return efa(reference_survey("complete"), rotation=rotation)


@cache
def compared() -> CongruenceResult:
    return factors().congruence()


# ---- numbers of R --------------------------------------------------------------------------------


def test_congruence_of_the_rotated_factors_is_that_of_psych() -> None:
    result = compared()
    assert_allclose(result.matrix, REFERENCE["matrix"], rtol=0, atol=1e-6)
    assert list(result.matrix.index) == ["F1", "F2", "F3", "F4", "F5"]
    assert list(result.matrix.columns) == DIMENSIONS
    assert result.dimensions["factor"].tolist() == ["F5", "F1", "F3", "F4", "F2"]
    theirs = np.max(REFERENCE["matrix"], axis=0)
    assert_allclose(result.dimensions["congruence"], theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rotation", ["oblique", "orthogonal"])
@pytest.mark.parametrize("analysis", ["none", "varimax", "oblimin", "promax"])
def test_rotation_towards_the_dimensions_is_that_of_psych(analysis: Any, rotation: Any) -> None:
    """It starts from the space of the factors, so it is the same whatever they were rotated to."""
    result = factors(analysis).congruence(rotation=rotation)
    assert_allclose(result.target_loadings, REFERENCE[rotation], rtol=0, atol=1e-7)
    theirs = REFERENCE[f"{rotation}_congruence"]
    assert_allclose(result.dimensions["congruence_target"], theirs, rtol=0, atol=1e-7)
    phi = REFERENCE["oblique_phi"] if rotation == "oblique" else np.eye(5)
    assert_allclose(result.target_factor_correlations, phi, rtol=0, atol=1e-7)
    assert result.rotation == rotation


# ---- items ---------------------------------------------------------------------------------------


def test_items_stand_with_their_own_dimension() -> None:
    result = compared()
    assert result.misplaced == []
    assert not result.items["elsewhere_target"].any()
    loadings = factors().loadings
    row = result.items.iloc[20]
    assert (row["item"], row["dimension"], row["other_dimension"]) == (
        "P21",
        "empathy",
        "tangibles",
    )
    assert row["loading"] == loadings["F2"].iloc[20]
    assert row["other_loading"] == loadings["F5"].iloc[20]
    assert abs(row["other_loading"]) == loadings.iloc[20].drop("F2").abs().max()
    text = str(result.interpret())
    assert "Every item loads highest on the factor of its own dimension." in text


def test_misplaced_items_are_listed() -> None:
    """The answers to items 4 and 5 change places, so each is a copy of another dimension's item."""
    frame = reference_frame("survey_complete").rename(columns={"P4": "P5", "P5": "P4"})
    result = efa(survey_of(frame)).congruence()
    assert result.misplaced == ["P4", "P5"]
    rows = result.items.set_index("item").loc[["P4", "P5"]]
    assert rows["other_dimension"].tolist() == ["reliability", "tangibles"]
    assert (rows["other_loading"] > 0.5).all()
    assert result.glance()["n_misplaced"].item() == 2
    assert "but loads" in str(result.interpret())
    assert "Items that load elsewhere" in repr(result)


def test_a_factor_that_runs_the_other_way_is_said_to() -> None:
    """Unrotated factors: a general one, and one that sets two items against the other four."""
    pattern = np.array([[0.7] * 2 + [0.6] * 4, [-0.66 / 1.75] * 2 + [0.22] * 4]).T
    correlation = pattern @ pattern.T
    np.fill_diagonal(correlation, 1.0)
    names = [f"P{number}" for number in range(1, 7)]
    moments = sq.Moments.from_covariance(correlation, n=300, variables=names)
    unrotated = efa(moments, n_factors=2, rotation="none")
    assert_allclose(unrotated.loadings, pattern, atol=1e-6)
    result = unrotated.congruence(toy_instrument((2, 4)))
    assert result.dimensions["factor"].tolist() == ["F2", "F1"]
    second = pattern[:, 1]
    expected = second[:2].sum() / np.sqrt(2 * second @ second)
    assert result.dimensions["congruence"].iloc[0] == pytest.approx(expected, abs=1e-6)
    assert expected < -0.7
    # Loadings are turned to the dimension's direction, so its own items load positively.
    assert_allclose(result.items["loading"].iloc[:2], -second[:2], atol=1e-6)
    assert "factor F2, running the other way, congruence 0.77" in str(result.interpret())
    assert result.glance()["congruence_minimum"].item() > 0.7


# ---- which instrument, which items ---------------------------------------------------------------


def test_variables_are_matched_by_the_number_in_their_names() -> None:
    frame = reference_frame("survey_complete")[[f"P{item}" for item in range(1, 23)]]
    moments = sq.Moments.collect(frame.to_numpy(dtype=np.float64), list(frame.columns))
    result = efa(moments, n_factors=5).congruence("servqual-1991")
    pd.testing.assert_frame_equal(result.dimensions, compared().dimensions)
    assert result.items["number"].tolist() == list(range(1, 23))


def test_the_order_of_the_variables_does_not_matter() -> None:
    frame = reference_frame("survey_complete")[[f"P{item}" for item in range(22, 0, -1)]]
    moments = sq.Moments.collect(frame.to_numpy(dtype=np.float64), list(frame.columns))
    result = efa(moments, n_factors=5).congruence(sq.instrument("servqual-1991"))
    assert_allclose(result.dimensions["congruence"], compared().dimensions["congruence"], atol=1e-7)


def test_another_instrument_than_the_surveys_own() -> None:
    first = efa(reference_survey("complete")).congruence("servqual-1988")
    assert first.instrument == sq.instrument("servqual-1988").title
    assert len(first.dimensions) == 5


def test_an_instrument_of_two_dimensions() -> None:
    random = np.random.default_rng(5)
    latent = random.normal(size=(300, 2))
    answers = np.repeat(latent, [3, 4], axis=1) + 0.8 * random.normal(size=(300, 7))
    frame = toy_frame(300, 7)
    for item in range(7):
        frame[f"P{item + 1}"] = np.clip(np.rint(4 + answers[:, item]), 1, 7)
    result = efa(toy_survey(frame, toy_instrument((3, 4)))).congruence()
    assert result.dimensions["dimension"].tolist() == ["d1", "d2"]
    assert result.dimensions["factor"].tolist() == ["F2", "F1"]
    assert (result.dimensions["congruence"] > 0.95).all()


def test_an_instrument_of_one_dimension() -> None:
    result = efa(toy_survey(toy_frame(60, 4), toy_instrument((4,)))).congruence()
    assert result.dimensions["factor"].tolist() == ["F1"]
    loadings = efa(toy_survey(toy_frame(60, 4), toy_instrument((4,)))).loadings["F1"]
    expected = loadings.sum() / np.sqrt(4 * (loadings**2).sum())
    assert result.dimensions["congruence"].item() == pytest.approx(expected)
    assert result.dimensions["congruence_target"].item() == pytest.approx(expected)
    assert result.items["other_dimension"].tolist() == [""] * 4
    assert result.items["other_loading"].isna().all()
    assert not result.items["elsewhere"].any()


# ---- what cannot be compared ---------------------------------------------------------------------


def test_as_many_factors_as_dimensions_are_needed() -> None:
    three = efa(reference_survey("complete"), n_factors=3)
    message = r"has 3 factors, but SERVQUAL .* has 5 dimensions\. .*`n_factors=5`"
    with pytest.raises(OptionError, match=message):
        three.congruence()


def test_an_instrument_is_needed() -> None:
    frame = reference_frame("holzinger")
    moments = sq.Moments.collect(frame.to_numpy(dtype=np.float64), list(frame.columns))
    with pytest.raises(OptionError, match="was not made from a survey"):
        efa(moments, n_factors=3).congruence()
    with pytest.raises(OptionError, match="`instrument` is of type int"):
        efa(moments, n_factors=3).congruence(3)  # type: ignore[arg-type]
    with pytest.raises(InstrumentError, match="servqual-1992"):
        efa(moments, n_factors=3).congruence("servqual-1992")


@pytest.mark.parametrize(
    "names",
    [
        list("abcdefghi"),
        [f"x{place}" for place in (1, 2, 3, 4, 5, 6, 7, 8, 99)],
        ["P1", "E1", *"abcdefg"],
    ],
)
def test_items_that_the_instrument_does_not_have_are_named(names: list[str]) -> None:
    frame = reference_frame("holzinger")
    moments = sq.Moments.collect(frame.to_numpy(dtype=np.float64), names)
    with pytest.raises(OptionError, match=rf"not among the 9 of .*{names[-1]}"):
        efa(moments, n_factors=3).congruence(toy_instrument((3, 3, 3)))


def test_every_dimension_needs_an_item() -> None:
    frame = reference_frame("holzinger")
    moments = sq.Moments.collect(frame.to_numpy(dtype=np.float64), list(frame.columns))
    with pytest.raises(OptionError, match=r"No item of these dimensions of .* was analysed: d3"):
        efa(moments, n_factors=3).congruence(toy_instrument((5, 4, 3)))


def test_options_are_checked() -> None:
    with pytest.raises(
        OptionError, match="`rotation` is 'oblimin', but must be one of \"oblique\""
    ):
        factors().congruence(rotation="oblimin")  # type: ignore[arg-type]


# ---- the result ----------------------------------------------------------------------------------


def test_tables_have_fixed_columns() -> None:
    result = compared()
    columns = ["dimension", "label", "factor", "congruence", "congruence_target"]
    assert list(result.tidy().columns) == columns
    assert list(result.items.columns) == [
        *("item", "number", "key", "label", "dimension", "loading", "other_dimension"),
        *("other_loading", "elsewhere", "elsewhere_target"),
    ]
    glance = result.glance()
    assert list(glance.columns) == [
        *("instrument", "on", "rotation", "n_obs", "n_excluded", "n_items", "n_factors"),
        *("congruence_mean", "congruence_minimum", "congruence_target_mean"),
        *("congruence_target_minimum", "n_misplaced"),
    ]
    assert len(glance) == 1
    assert glance["n_obs"].item() == 200
    plain = json.loads(result.to_json())
    assert plain["matrix"][0]["factor"] == "F1"


def test_words_name_the_convention() -> None:
    text = str(compared().interpret())
    assert "Reliability: factor F1, congruence 0.98 as the factor analysis has it (equal)" in text
    assert "Lorenzo-Seva" in text
