from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import servqual as sq
from servqual.analyses.group_comparison import (
    COMPARISON_COLUMNS,
    compare_groups,
    comparison_notes,
    groups_left_out,
)
from tests.analyses.surveys import reference_survey, toy_frame, toy_survey


def moments_of(*groups: list[float]) -> list[sq.Moments]:
    return [sq.Moments.collect(np.array(values)[:, None], ["score"]) for values in groups]


def test_two_groups_are_welchs_t_test() -> None:
    one, two = [1.0, 2.0, 4.0, 5.0, 7.0], [2.0, 6.0, 7.0, 7.0]
    table, notes = compare_groups(moments_of(one, two), ["a", "b"], "score", conf_level=0.9)
    expected = stats.ttest_ind(two, one, equal_var=False)
    omnibus, pair = table.iloc[0], table.iloc[1]
    assert notes == []
    assert_allclose(omnibus["statistic"], expected.statistic**2, rtol=1e-12)
    assert_allclose(omnibus["p_value"], expected.pvalue, rtol=1e-12)
    assert pair["contrast"] == "b − a"
    assert_allclose(pair["statistic"], expected.statistic, rtol=1e-12)
    # Of two groups, the studentized range is √2 |t|; its integral is good to 1e-9 or so.
    assert_allclose(pair["p_value"], expected.pvalue, rtol=1e-8)
    interval = expected.confidence_interval(0.9)
    assert_allclose([pair["conf_low"], pair["conf_high"]], [interval.low, interval.high], rtol=1e-8)


def test_the_columns_are_frozen() -> None:
    table, _ = compare_groups(moments_of([1, 2, 4], [2, 3, 5]), ["a", "b"], "s", conf_level=0.95)
    assert list(table.columns) == COMPARISON_COLUMNS[1:]
    nothing, _ = compare_groups(moments_of([1], [2, 3, 5]), ["a", "b"], "s", conf_level=0.95)
    assert list(nothing.columns) == COMPARISON_COLUMNS[1:]
    assert len(nothing) == 0


def test_the_direction_of_a_contrast_does_not_matter_for_its_p_value() -> None:
    groups = [1.0, 2.0, 4.0], [2.0, 6.0, 7.0, 7.0], [3.0, 3.0, 5.0]
    one, _ = compare_groups(moments_of(*groups), ["a", "b", "c"], "s", conf_level=0.95)
    other, _ = compare_groups(moments_of(*groups[::-1]), ["c", "b", "a"], "s", conf_level=0.95)
    first = one[one["contrast"] == "c − a"].iloc[0]
    second = other[other["contrast"] == "a − c"].iloc[0]
    assert_allclose(first["estimate"], -second["estimate"])
    assert_allclose(first["conf_low"], -second["conf_high"])
    assert_allclose(first["p_value"], second["p_value"])
    assert_allclose(one["statistic"].iloc[0], other["statistic"].iloc[0])


def test_groups_of_one_and_groups_without_variance_are_left_out_by_name() -> None:
    moments = moments_of([1.0], [3.0, 3.0, 3.0], [1.0, 2.0, 4.0], [2.0, 6.0])
    names = ["single", "flat", "c", "d"]
    table, notes = compare_groups(moments, names, "score", conf_level=0.95)
    kept, _ = compare_groups(moments[2:], names[2:], "score", conf_level=0.95)
    pd.testing.assert_frame_equal(table, kept)
    assert notes == [
        "Left out of the comparison of groups on score, because they have fewer than two "
        "respondents or no variance: single, flat."
    ]


def test_a_single_usable_group_is_compared_with_nobody() -> None:
    table, notes = compare_groups(moments_of([1.0], [1, 2, 4]), ["a", "b"], "s", conf_level=0.95)
    assert table.empty
    assert notes[-1] == "Fewer than two groups can be compared on s."


def test_notes_put_terms_with_the_same_groups_into_one_sentence() -> None:
    left_out = {"speed": ("z",), "people": (), "price": ("z",), "place": ("b", "z")}
    assert comparison_notes(left_out, 3) == [
        "Left out of the comparison of groups on speed, price, because they have fewer than two "
        "respondents or no variance: z.",
        "Left out of the comparison of groups on place, because they have fewer than two "
        "respondents or no variance: b, z.",
        "Fewer than two groups can be compared on place.",
    ]
    assert comparison_notes({"speed": (), "people": ()}, 3) == []


def test_groups_left_out_are_those_of_one_and_those_without_variance() -> None:
    moments = moments_of([1.0], [3.0, 3.0, 3.0], [1.0, 2.0, 4.0])
    assert groups_left_out(moments, ["single", "flat", "c"]) == ("single", "flat")


def test_groups_without_any_difference_have_an_omega_squared_below_zero() -> None:
    # Hays' estimator is not clipped: a negative value says that there is less than chance gives.
    table, _ = compare_groups(
        moments_of([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), ["a", "b"], "s", conf_level=0.95
    )
    assert_allclose(table["statistic"].iloc[0], 0.0, atol=1e-15)
    assert_allclose(table["p_value"].iloc[0], 1.0)
    assert table["effect_size"].iloc[0] < 0


def test_gaps_compare_dimensions_and_the_overall_score() -> None:
    comparisons = sq.gaps(reference_survey(), by="wave").comparisons
    keys = [dimension.key for dimension in reference_survey().instrument.dimensions]
    omnibus = comparisons[comparisons["test"] == "welch_anova"]
    assert omnibus["term"].tolist() == [*keys, "dimension mean"]
    assert omnibus["level"].tolist() == ["dimension"] * 5 + ["overall"]
    # Holm over the five dimensions; the overall test is no member of that family.
    assert (omnibus["p_adjusted"].iloc[:5] >= omnibus["p_value"].iloc[:5]).all()
    assert omnibus["p_adjusted"].iloc[5] == omnibus["p_value"].iloc[5]
    raw = np.sort(omnibus["p_value"].iloc[:5])
    assert_allclose(omnibus["p_adjusted"].min(), min(5 * raw[0], omnibus["p_value"].iloc[5]))


def test_a_group_of_one_is_described_but_not_compared() -> None:
    frame = toy_frame(g=["z"] + ["a"] * 20 + ["b"] * 19)
    with pytest.warns(sq.SmallSampleWarning, match=r"dimension gaps \(z\): d1 \(1\), d2 \(1\)"):
        result = sq.gaps(toy_survey(frame), by="g")
    assert sorted(set(result.dimensions["g"])) == ["a", "b", "z"]
    assert set(result.pairs["contrast"]) == {"b − a"}
    # The same group is left out everywhere, so one sentence says so.
    assert [note for note in result.notes if note.startswith("Left out")] == [
        "Left out of the comparison of groups on d1, d2, dimension mean, because they have fewer "
        "than two respondents or no variance: z."
    ]
    without = sq.gaps(toy_survey(frame.iloc[1:]), by="g")
    pd.testing.assert_frame_equal(result.comparisons, without.comparisons)


def test_a_group_without_a_dimension_is_left_out_of_that_comparison_only() -> None:
    frame = toy_frame(n_respondents=60, g=["a"] * 20 + ["b"] * 20 + ["c"] * 20)
    frame.loc[:19, ["P1", "P2"]] = np.nan
    with pytest.warns(sq.SmallSampleWarning, match=r"\(a\): d1 \(0\)"):
        result = sq.gaps(toy_survey(frame), by="g")
    pairs = result.pairs.groupby("term")["contrast"].agg(list)
    assert pairs["d1"] == ["c − b"]
    assert pairs["d2"] == ["b − a", "c − a", "c − b"]
    assert any("comparison of groups on d1" in note and "a." in note for note in result.notes)


def test_respondents_without_a_group_are_excluded_and_counted() -> None:
    frame = toy_frame(g=[None] * 4 + ["a"] * 18 + ["b"] * 18)
    result = sq.gaps(toy_survey(frame), by="g")
    assert (result.sample.n_obs, result.sample.n_excluded) == (36, 4)
    without = sq.gaps(toy_survey(frame.iloc[4:]), by="g")
    pd.testing.assert_frame_equal(result.items, without.items)
    pd.testing.assert_frame_equal(result.comparisons, without.comparisons)


def test_a_grouping_variable_without_any_value_is_an_error() -> None:
    survey = toy_survey(toy_frame(g=[None] * 40))
    with pytest.raises(sq.OptionError, match="`by` names g, which is missing for every respondent"):
        sq.gaps(survey, by="g")


def test_one_group_only_is_described_and_a_note_says_that_nothing_is_compared() -> None:
    result = sq.gaps(toy_survey(toy_frame(g=["a"] * 40)), by="g")
    assert result.comparisons.empty
    assert list(result.comparisons.columns) == COMPARISON_COLUMNS
    assert [note for note in result.notes if "two groups" in note] == [
        "Fewer than two groups can be compared on d1, d2, dimension mean."
    ]
    assert len(result.dimensions) == 2
