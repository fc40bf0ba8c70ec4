"""Omega hierarchical, ordinal alpha and other matrices given to scale_reliability."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import servqual as sq
from servqual.errors import ImproperSolutionWarning, OptionError
from tests.analyses.surveys import reference_survey, toy_frame, toy_instrument, toy_survey
from tests.reference import load_expected

DATA = Path(__file__).parents[1] / "reference" / "data"
EXPECTED = load_expected("reliability_hierarchical")
KIOSK = {f"part {part}": [f"SAT{3 * part + item}" for item in (1, 2, 3)] for part in range(8)}


def _kiosk() -> pd.DataFrame:
    return pd.read_csv(DATA / "kiosk.csv")[[f"SAT{item}" for item in range(1, 25)]]


def test_omega_hierarchical_is_that_of_psych() -> None:
    result = sq.scale_reliability(reference_survey("complete"))
    expected = EXPECTED["hierarchical"]["survey_complete"]
    row = result.general.to_dict("records")[0]
    for name in ("omega_total", "omega_hierarchical", "omega_limit", "ecv"):
        assert row[name] == pytest.approx(expected[name], abs=1e-6), name
    assert (row["scale"], row["n_items"], row["n"], row["n_group_factors"]) == (
        "overall",
        22,
        200,
        5,
    )
    # Where an iterative rotation comes to rest.
    np.testing.assert_allclose(result.general_loadings["general"], expected["general"], atol=1e-5)
    assert list(result.general_loadings) == [
        "item",
        "key",
        "label",
        "general",
        *(f"F{number}" for number in range(1, 6)),
        "uniqueness",
    ]
    assert result.general_groups["n_items"].sum() == 22
    glance = result.glance().to_dict("records")[0]
    assert glance["omega_hierarchical"] == row["omega_hierarchical"]
    assert glance["ecv"] == row["ecv"]
    assert "one general factor explains" in str(result.interpret())


def test_the_number_of_group_factors_can_be_told() -> None:
    moments = sq.Moments.collect(_kiosk())
    result = sq.scale_reliability(moments, scales=KIOSK, n_group_factors=6)
    expected = EXPECTED["hierarchical"]["kiosk"]
    assert result.general["omega_hierarchical"].item() == pytest.approx(
        expected["omega_hierarchical"], abs=1e-6
    )
    with pytest.raises(OptionError, match="`n_group_factors` is 1, but must be a whole number"):
        sq.scale_reliability(moments, n_group_factors=1)


def test_ordinal_alpha_is_alpha_of_the_polychoric_matrix() -> None:
    survey = reference_survey("complete")
    result = sq.scale_reliability(survey, correlation="polychoric")
    scales = result.scales.set_index("scale")
    for name, expected in EXPECTED["ordinal"].items():
        # lavaan's polychoric correlations are right to about 4e-8, factanal's loadings to 1e-6.
        assert scales.loc[name.lower(), "alpha"] == pytest.approx(expected["alpha"], abs=1e-7)
        assert scales.loc[name.lower(), "omega"] == pytest.approx(expected["omega"], abs=2e-5)
    assert result.correlation == "polychoric"
    assert result.glance()["correlation"].item() == "polychoric"
    assert scales[["alpha_low", "alpha_high", "omega_low"]].isna().all(axis=None)
    assert any("reliability of the continuous answers" in note for note in result.notes)
    assert "ordinal: reliability of hypothetical continuous answers" in repr(result)
    assert "ordinal alpha" in str(result.interpret())
    np.testing.assert_allclose(scales["alpha"], scales["alpha_std"], rtol=1e-12)
    plain = sq.scale_reliability(survey)
    np.testing.assert_allclose(result.items["mean"], plain.items["mean"], rtol=1e-12)
    np.testing.assert_allclose(result.items["sd"], plain.items["sd"], rtol=1e-12)


def test_ordinal_alpha_of_items_with_two_to_ten_categories() -> None:
    counts = sq.Counts.collect(pd.read_csv(DATA / "mixed_categories.csv"))
    result = sq.scale_reliability(counts, correlation="polychoric")
    row = result.scales.to_dict("records")[0]
    assert row["alpha"] == pytest.approx(EXPECTED["ordinal_mixed"]["alpha"], abs=1e-7)
    assert row["omega"] == pytest.approx(EXPECTED["ordinal_mixed"]["omega"], abs=2e-5)
    assert result.general.empty


def test_a_matrix_at_hand_gives_the_same() -> None:
    survey = reference_survey("complete")
    polychoric = sq.correlations(survey, kind="polychoric")
    pd.testing.assert_frame_equal(
        sq.scale_reliability(polychoric).scales,
        sq.scale_reliability(survey, correlation="polychoric").scales,
    )
    standardised = sq.scale_reliability(sq.correlations(survey))
    assert any("standardised answers" in note for note in standardised.notes)
    np.testing.assert_allclose(
        standardised.scales["alpha"], sq.scale_reliability(survey).scales["alpha_std"], rtol=1e-12
    )
    chosen = sq.scale_reliability(polychoric, scales={"own": ["P1", "P5", "P9"]})
    assert chosen.scales["n_items"].tolist() == [3]


def test_rank_correlations_have_no_reliability() -> None:
    survey = reference_survey("complete")
    with pytest.raises(OptionError, match="not defined by rank correlations"):
        sq.scale_reliability(survey, correlation="spearman")
    with pytest.raises(OptionError, match="do not hold: P99"):
        sq.scale_reliability(sq.correlations(survey), scales={"own": ["P1", "P99"]})
    with pytest.raises(OptionError, match="needs the frequencies of the answers"):
        sq.scale_reliability(survey.moments(["P1", "P2"]), correlation="polychoric")


def test_too_few_items_for_group_factors_are_said() -> None:
    result = sq.scale_reliability(toy_survey(toy_frame(n_items=4), toy_instrument((2, 2))))
    assert result.general.empty
    assert np.isnan(result.glance()["omega_hierarchical"].item())
    assert any("Omega hierarchical is not shown" in note for note in result.notes)


def test_one_dimension_has_no_group_factors() -> None:
    result = sq.scale_reliability(toy_survey(toy_frame(n_items=4), toy_instrument((4,))))
    assert result.general.empty
    assert not any("Omega hierarchical" in note for note in result.notes)


def test_two_group_factors_are_set_equal_and_that_is_said() -> None:
    frame = pd.read_csv(DATA / "holzinger.csv")
    scales = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"]}
    result = sq.scale_reliability(sq.Moments.collect(frame), scales=scales)
    expected = EXPECTED["hierarchical"]["holzinger_two"]
    assert result.general["omega_hierarchical"].item() == pytest.approx(
        expected["omega_hierarchical"], abs=1e-5
    )
    assert any("set equal" in note for note in result.notes)


def test_a_constant_item_leaves_the_whole_without_a_general_factor() -> None:
    frame = toy_frame(n_items=6)
    frame["P2"] = 4
    result = sq.scale_reliability(toy_survey(frame, toy_instrument((3, 3))))
    assert any("some items of the whole do not vary" in note for note in result.notes)


def test_identical_items_warn_under_polychoric_correlations() -> None:
    frame = toy_frame(n_respondents=150, n_items=6)
    frame["P2"] = frame["P1"]
    survey = toy_survey(frame, toy_instrument((3, 3)))
    with pytest.warns(ImproperSolutionWarning, match=r"held at ±\.9999: P1 and P2"):
        sq.scale_reliability(survey, correlation="polychoric")
