"""Omega hierarchical, ordinal alpha and other matrices given to scale_reliability."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import servqual as sq
from servqual.errors import ImproperSolutionWarning, OptionError
from servqual.numerics.rotation import RotatedFactors, rotate
from servqual.typing import FloatArray, Rotation
from tests.analyses.surveys import reference_survey, toy_frame, toy_instrument, toy_survey
from tests.reference import load_expected

DATA = Path(__file__).parents[1] / "reference" / "data"
EXPECTED = load_expected("reliability_hierarchical")
KIOSK = {f"part {part}": [f"SAT{3 * part + item}" for item in (1, 2, 3)] for part in range(8)}


COMPLETE = [f"P{item}" for item in range(1, 23)]


def _kiosk() -> pd.DataFrame:
    return pd.read_csv(DATA / "kiosk.csv")[[f"SAT{item}" for item in range(1, 25)]]


def _assert_general(result: sq.ReliabilityResult, expected: dict[str, Any]) -> None:
    """Coefficients as psych defines them, of a solution that R ran to its end."""
    row = result.general.to_dict("records")[0]
    for name in ("omega_total", "omega_hierarchical", "omega_limit", "ecv"):
        # R's rotation was run until its criterion is flat to 1e-10; psych itself stops earlier.
        assert row[name] == pytest.approx(expected[name], abs=1e-7), name
        assert row[name] == pytest.approx(expected["psych"][name], abs=5e-5), name


def test_omega_hierarchical_is_that_of_psych() -> None:
    result = sq.scale_reliability(reference_survey("complete"))
    expected = EXPECTED["hierarchical"]["survey_complete"]
    row = result.general.to_dict("records")[0]
    for name in ("omega_total", "omega_hierarchical", "omega_limit", "ecv"):
        assert row[name] == pytest.approx(expected[name], abs=1e-7), name
    assert (row["scale"], row["n_items"], row["n"], row["n_group_factors"]) == (
        "overall",
        22,
        200,
        5,
    )
    np.testing.assert_allclose(result.general_loadings["general"], expected["general"], atol=1e-7)
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
        expected["omega_hierarchical"], abs=1e-7
    )
    with pytest.raises(OptionError, match="`n_group_factors` is 1, but must be a whole number"):
        sq.scale_reliability(moments, n_group_factors=1)


def test_eight_dimensions_of_three_items_are_those_of_psych() -> None:
    result = sq.scale_reliability(sq.Moments.collect(_kiosk()), scales=KIOSK)
    _assert_general(result, EXPECTED["hierarchical"]["kiosk_eight"])
    assert result.general["n_group_factors"].item() == 8


def test_personality_has_a_weak_general_factor_as_in_psych() -> None:
    frame = pd.read_csv(DATA / "bfi.csv")
    reversed_items = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]
    frame[reversed_items] = 7 - frame[reversed_items]
    scales = {letter: [f"{letter}{item}" for item in range(1, 6)] for letter in "ACENO"}
    result = sq.scale_reliability(sq.Moments.collect(frame), scales=scales)
    _assert_general(result, EXPECTED["hierarchical"]["bfi"])
    # Frequencies of the answers hold the same means and covariances.
    counted = sq.scale_reliability(
        sq.Counts.collect(frame, [name for names in scales.values() for name in names]),
        scales=scales,
    )
    pd.testing.assert_frame_equal(counted.scales, result.scales)
    pd.testing.assert_frame_equal(counted.general, result.general)


def test_omega_hierarchical_of_polychoric_correlations_is_that_of_psych() -> None:
    result = sq.scale_reliability(reference_survey("complete"), correlation="polychoric")
    _assert_general(result, EXPECTED["hierarchical"]["survey_complete_polychoric"])
    assert "of the total of the continuous answers" in str(result.interpret())
    # The conventions are about scores, and these coefficients are not.
    assert result.interpret().sources == ()


@pytest.mark.parametrize("sample", ["survey_complete", "survey_complete_polychoric"])
def test_omega_of_the_groups_is_that_of_psych(sample: str) -> None:
    result = sq.scale_reliability(
        reference_survey("complete"),
        correlation="polychoric" if sample.endswith("polychoric") else "pearson",
    )
    names = result.general_loadings["item"].tolist()
    expected = {
        ", ".join(names[place - 1] for place in share["items"]): share
        for share in EXPECTED["hierarchical"][sample]["shares"]
    }
    assert set(expected) == set(result.general_groups["items"])
    for row in result.general_groups.to_dict("records"):
        share = expected[row["items"]]
        assert row["omega_general"] == pytest.approx(share["general"], abs=1e-7)
        assert row["omega_group"] == pytest.approx(share["group"], abs=1e-7)
        assert row["omega_total"] == pytest.approx(share["general"] + share["group"], abs=1e-7)


def test_the_general_factor_is_that_of_the_scales_and_no_other_items() -> None:
    counts = sq.Counts.collect(pd.read_csv(DATA / "survey_complete.csv")[COMPLETE])
    parts = {"a": COMPLETE[:4], "b": COMPLETE[9:13], "c": COMPLETE[13:17]}
    chosen = sq.scale_reliability(counts, scales=parts, correlation="polychoric")
    assert chosen.general["n_items"].item() == 12
    assert chosen.general_loadings["item"].tolist() == [*COMPLETE[:4], *COMPLETE[9:17]]
    alone = counts.select([*COMPLETE[:4], *COMPLETE[9:17]])
    pd.testing.assert_frame_equal(
        chosen.general,
        sq.scale_reliability(alone, scales=parts, correlation="polychoric").general,
        rtol=1e-6,
    )


def test_a_scale_of_all_items_is_no_group() -> None:
    moments = sq.Moments.collect(pd.read_csv(DATA / "survey_complete.csv")[COMPLETE])
    parts = {"a": COMPLETE[:4], "b": COMPLETE[4:9], "c": COMPLETE[9:]}
    with_all = sq.scale_reliability(moments, scales={**parts, "total": COMPLETE})
    pd.testing.assert_frame_equal(
        with_all.general, sq.scale_reliability(moments, scales=parts).general
    )


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
        expected["omega_hierarchical"], abs=1e-7
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


# ---- solutions that cannot be relied on ----------------------------------------------------------


def _assert_no_coefficients(result: sq.ReliabilityResult) -> None:
    names = ["omega_total", "omega_hierarchical", "omega_limit", "ecv"]
    assert result.general[names].isna().all(axis=None)
    shares = ["omega_total", "omega_general", "omega_group"]
    assert result.general_groups[shares].isna().all(axis=None)
    assert np.isnan(result.glance()["omega_hierarchical"].item())
    assert "general factor explains" not in str(result.interpret())


def test_a_heywood_case_leaves_no_coefficients_and_names_its_items() -> None:
    frame = pd.read_csv(DATA / "survey_complete.csv")
    pairs = {"a": ["P1", "P2"], "b": ["P5", "P6"], "c": ["P10", "P11"]}
    names = [name for pair in pairs.values() for name in pair]
    result = sq.scale_reliability(sq.Moments.collect(frame[names]), scales=pairs)
    _assert_no_coefficients(result)
    assert any(
        "leaves no unique variance to these items (a Heywood case): P5, P11." in note
        for note in result.notes
    )
    # Where it went wrong can be seen.
    assert np.isfinite(result.general_loadings["general"]).all()


def test_a_group_factor_that_is_the_general_one_leaves_no_coefficients() -> None:
    # .8 · .75 is more than .5, so the first factor's squared loading would be 1.2.
    phi = np.array([[1.0, 0.8, 0.75], [0.8, 1.0, 0.5], [0.75, 0.5, 1.0]])
    pattern = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6], [0.75]]))
    correlation = pattern @ phi @ pattern.T
    np.fill_diagonal(correlation, 1.0)
    names = [f"x{item}" for item in range(12)]
    moments = sq.Moments.from_covariance(correlation, n=500, variables=names)
    parts = {"a": names[:4], "b": names[4:8], "c": names[8:]}
    result = sq.scale_reliability(moments, scales=parts)
    _assert_no_coefficients(result)
    assert any("is nothing but the general factor (a Heywood" in note for note in result.notes)


def test_a_rotation_without_end_leaves_no_coefficients(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(loadings: FloatArray, method: Rotation) -> RotatedFactors:
        return replace(rotate(loadings, method), converged=False)

    monkeypatch.setattr("servqual.analyses.general_factor.rotate", stopped)
    result = sq.scale_reliability(reference_survey("complete"))
    _assert_no_coefficients(result)
    assert any("the rotation of 5 group factors did not converge" in note for note in result.notes)


def _whole(frame: pd.DataFrame) -> sq.ReliabilityResult:
    parts = {"a": COMPLETE[:4], "b": COMPLETE[4:9], "c": COMPLETE[9:]}
    return sq.scale_reliability(sq.Moments.collect(frame), scales=parts)


def test_identical_items_are_named() -> None:
    frame = pd.read_csv(DATA / "survey_complete.csv")[COMPLETE]
    frame["P2"] = frame["P1"]
    assert (
        "The correlations of all items have no inverse: these items correlate perfectly: P1 and "
        "P2. Do not rely on omega hierarchical."
    ) in _whole(frame).notes


def test_fewer_respondents_than_items_have_a_note() -> None:
    frame = pd.read_csv(DATA / "survey_complete.csv")[COMPLETE].head(15)
    assert any(
        "no inverse: 15 respondents are not more than the 22 items" in note
        for note in _whole(frame).notes
    )


def test_a_smoothed_pairwise_matrix_is_warned_of() -> None:
    frame = pd.read_csv(DATA / "survey_complete.csv")[COMPLETE].head(60)
    answers = frame.mask(np.random.default_rng(3).random(frame.shape) < 0.4)
    moments = sq.Moments.collect(answers, missing="pairwise")
    parts = {"a": COMPLETE[:4], "b": COMPLETE[4:9], "c": COMPLETE[9:]}
    with pytest.warns(ImproperSolutionWarning, match="Pearson correlations is not positive def"):
        result = sq.scale_reliability(moments, scales=parts)
    assert any("and was smoothed" in note for note in result.notes)


def test_scales_that_cannot_be_split_in_every_way_have_a_note() -> None:
    answers = np.random.default_rng(2).standard_normal((80, 28))
    answers += np.random.default_rng(3).standard_normal((80, 1))
    result = sq.scale_reliability(sq.Moments.collect(answers))
    assert any("has 28 items, too many to split in every way" in note for note in result.notes)
    row = result.scales.to_dict("records")[0]
    assert row["split_half_minimum"] < row["split_half_mean"] < row["split_half_maximum"]
