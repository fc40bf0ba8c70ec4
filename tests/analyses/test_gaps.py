from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import servqual as sq
from servqual.typing import PAdjust
from tests.analyses.surveys import (
    ATOL,
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

ESTIMATES = [
    "n",
    "expectation",
    "expectation_sd",
    "perception",
    "perception_sd",
    "gap",
    "gap_sd",
    "std_error",
    "statistic",
    "df",
    "p_value",
    "conf_low",
    "conf_high",
    "effect_size",
]
DESIGNS = ["plain", "frequency", "sampling", "complete"]
GROUPED = [
    ("plain", "branch"),
    ("plain", "wave"),
    ("frequency", "branch"),
    ("sampling", "branch"),
    ("complete", "branch"),
]
ADJUSTED: list[tuple[PAdjust, str]] = [
    ("holm", "p_holm"),
    ("bonferroni", "p_bonferroni"),
    ("hochberg", "p_hochberg"),
    ("fdr-bh", "p_bh"),
    ("fdr-by", "p_by"),
    ("none", "p_value"),
]


def expected_gaps(design: str) -> dict[str, Any]:
    expected = load_expected("gaps")
    part: dict[str, Any] = expected if design == "plain" else expected[design]
    return part


@cache
def gaps_by(design: str, by: str) -> sq.GapResult:
    # Kept, because the studentized range of all pairs takes seconds.
    return sq.gaps(reference_survey(design), by=by)


def estimates(design: str) -> list[str]:
    # R's survey package has no signed-rank test of one sample, and neither have we.
    return ESTIMATES if design == "sampling" else [*ESTIMATES, "wilcoxon_p"]


# ---- against R -----------------------------------------------------------------------------------


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(("method", "column"), ADJUSTED)
def test_items_are_those_of_r(design: str, method: PAdjust, column: str) -> None:
    items = sq.gaps(reference_survey(design), p_adjust=method).items
    expected = records(expected_gaps(design)["items"])
    assert_same_rows(items, expected, item="item")
    names = [*estimates(design), "p_adjusted"]
    assert_columns(items, expected, names, renamed={"p_adjusted": column})


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(("method", "column"), ADJUSTED)
def test_dimensions_are_those_of_r(design: str, method: PAdjust, column: str) -> None:
    dimensions = sq.gaps(reference_survey(design), p_adjust=method).dimensions
    expected = records(expected_gaps(design)["dimensions"])
    assert_same_rows(dimensions, expected, dimension="dimension")
    names = ["n_items", *estimates(design), "weight", "weighted_gap", "p_adjusted"]
    assert_columns(dimensions, expected, names, renamed={"p_adjusted": column})


@pytest.mark.parametrize("design", DESIGNS)
def test_the_mean_importance_points_are_those_of_r(design: str) -> None:
    dimensions = sq.gaps(reference_survey(design)).dimensions
    expected = records(expected_gaps(design)["points"])
    assert_columns(dimensions, expected, ["weight"], renamed={"weight": "mean"})


@pytest.mark.parametrize("design", DESIGNS)
def test_overall_scores_are_those_of_r(design: str) -> None:
    overall = sq.gaps(reference_survey(design)).overall
    expected = records(expected_gaps(design)["overall"])
    assert_same_rows(overall, expected, score="score")
    assert_columns(overall, expected, estimates(design))
    # Four definitions of one quantity are no family of tests.
    assert_allclose(overall["p_adjusted"], overall["p_value"], rtol=0)


@pytest.mark.parametrize("design", DESIGNS)
def test_hotellings_test_is_that_of_r(design: str) -> None:
    multivariate = sq.gaps(reference_survey(design)).multivariate
    names = ["n", "statistic", "f_statistic", "df_numerator", "df_denominator", "p_value"]
    expected = {name: expected_gaps(design)["hotelling"][name] for name in names}
    assert list(multivariate.columns) == names
    assert_columns(multivariate, records([expected]), names)


@pytest.mark.parametrize(("design", "by"), GROUPED)
def test_tables_by_group_are_those_of_r(design: str, by: str) -> None:
    result = gaps_by(design, by)
    expected = expected_gaps(design)[f"by_{by}"]
    for table, key, more in (
        (result.items, "item", []),
        (result.dimensions, "dimension", ["n_items", "weight", "weighted_gap"]),
        (result.overall, "score", []),
    ):
        name = {"item": "items", "dimension": "dimensions", "score": "overall"}[key]
        rows = records(expected[name])
        assert list(table.columns[:2]) == [by, key]
        assert_same_rows(table, rows, **{by: by, key: key})
        assert_columns(table, rows, [*estimates(design), *more])
        if key != "score":
            adjusted = {"p_adjusted": "p_holm"}  # Within each group.
            assert_columns(table, rows, ["p_adjusted"], renamed=adjusted)


@pytest.mark.parametrize(("design", "by"), GROUPED)
def test_welchs_analysis_of_variance_is_that_of_r(design: str, by: str) -> None:
    omnibus = gaps_by(design, by).omnibus
    expected = records(expected_gaps(design)[f"by_{by}"]["welch"])
    renamed = {"df": "df_numerator", "effect_size": "omega_squared"}
    assert_same_rows(omnibus, expected, term="score")
    names = ["statistic", "df", "df_denominator", "p_value"]
    if design != "sampling":
        names.append("effect_size")
    # ω² of groups that hardly differ is a small difference of sums of squares near 1.
    assert_columns(omnibus, expected, names, renamed=renamed, atol=1e-14)


@pytest.mark.parametrize(("design", "by"), GROUPED)
def test_games_howell_pairs_are_those_of_r(design: str, by: str) -> None:
    pairs = gaps_by(design, by).pairs
    expected = records(expected_gaps(design)[f"by_{by}"]["games_howell"])
    # The R script takes the first minus the second; the library the other way, as TukeyHSD.
    expected[["difference", "statistic"]] *= -1.0
    expected[["conf_low", "conf_high"]] = -expected[["conf_high", "conf_low"]].to_numpy()
    assert_same_rows(pairs, expected, term="score")
    assert list(pairs["contrast"]) == [
        f"{second} − {first}"
        for first, second in zip(expected["first"], expected["second"], strict=True)
    ]
    renamed = {"estimate": "difference"}
    names = ["estimate", "std_error", "statistic", "df"]
    assert_columns(pairs, expected, names, renamed=renamed, atol=ATOL)
    # p and the critical value are integrals of the studentized range by adaptive quadrature, which
    # stops at a tolerance of its own; hence 1e-6, and 1e-12 where p is next to nothing.
    assert_columns(pairs, expected, ["p_value"], rtol=1e-6, atol=1e-12)
    assert_allclose(pairs["p_adjusted"], pairs["p_value"], rtol=0)
    half = pairs["std_error"] * expected["q_critical"] / np.sqrt(2.0)
    assert_allclose(pairs["conf_high"] - pairs["conf_low"], 2.0 * half, rtol=1e-8)
    assert_columns(pairs, expected, ["conf_low", "conf_high"], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("design", "by"), GROUPED)
def test_effect_sizes_of_pairs_divide_by_the_pooled_deviation(design: str, by: str) -> None:
    pairs = gaps_by(design, by).pairs
    part = expected_gaps(design)[f"by_{by}"]
    groups = records(part["group_statistics"]).set_index(["score", "group"])["variance"]
    for row, pair in zip(pairs.to_dict("records"), part["games_howell"], strict=True):
        variances = groups[(pair["score"], pair["first"])], groups[(pair["score"], pair["second"])]
        expected = -pair["difference"] / np.sqrt(np.mean(variances))
        assert_allclose(row["effect_size"], expected, rtol=1e-9)


def test_the_confidence_level_is_that_of_the_limits() -> None:
    survey = reference_survey()
    narrow, wide = sq.gaps(survey, conf_level=0.8).items, sq.gaps(survey, conf_level=0.99).items
    for table, level in ((narrow, 0.8), (wide, 0.99)):
        half = stats.t.ppf(0.5 + level / 2, table["df"]) * table["std_error"]
        assert_allclose(table["conf_low"], table["gap"] - half, rtol=1e-12)
        assert_allclose(table["conf_high"], table["gap"] + half, rtol=1e-12)


@pytest.mark.parametrize("zeros", ["wilcoxon", "pratt"])
def test_signed_ranks_are_those_of_scipy(zeros: Any) -> None:
    survey = reference_survey("complete")
    frame = reference_frame("survey_complete")
    table = sq.gaps(survey, zeros=zeros).items
    for item, p_value in zip(table["item"], table["wilcoxon_p"], strict=True):
        gap = frame[f"P{item}"] - frame[f"E{item}"]
        # method="approx" is the name that scipy 1.12 knows; later ones take it too.
        theirs = stats.wilcoxon(
            gap,
            zero_method="wilcox" if zeros == "wilcoxon" else "pratt",
            correction=True,
            method="approx",
        )
        assert_allclose(p_value, theirs.pvalue, rtol=1e-10)


def test_frequency_weights_are_repeated_rows() -> None:
    frame = reference_frame()
    repeated = survey_of(frame.loc[frame.index.repeat(frame["freq"])])
    weighted = gaps_by("frequency", "branch")
    plain = sq.gaps(repeated, by="branch")
    for name in ("items", "dimensions", "overall", "multivariate", "comparisons"):
        pd.testing.assert_frame_equal(
            getattr(weighted, name), getattr(plain, name), rtol=1e-10, atol=1e-13
        )
    assert weighted.sample.n_obs == plain.sample.n_obs == frame["freq"].sum()


def test_equal_sampling_weights_change_nothing_but_the_rank_test() -> None:
    frame = reference_frame().assign(weight=2.5)
    weighted = sq.gaps(survey_of(frame, weights=sq.SamplingWeights("weight")))
    plain = sq.gaps(reference_survey())
    for name in ("items", "dimensions", "overall"):
        own = getattr(weighted, name).drop(columns="wilcoxon_p")
        other = getattr(plain, name).drop(columns="wilcoxon_p")
        pd.testing.assert_frame_equal(own, other, rtol=1e-10, atol=1e-13)


def test_the_scale_of_sampling_weights_means_nothing() -> None:
    frame = reference_frame()
    thousandfold = frame.assign(weight=1000 * frame["weight"])
    first = sq.gaps(survey_of(frame, weights=sq.SamplingWeights("weight")))
    second = sq.gaps(survey_of(thousandfold, weights=sq.SamplingWeights("weight")))
    for name in ("items", "dimensions", "overall", "multivariate"):
        pd.testing.assert_frame_equal(
            getattr(first, name), getattr(second, name), rtol=1e-9, atol=1e-13
        )


def test_the_order_of_respondents_means_nothing() -> None:
    frame = reference_frame()
    shuffled = frame.sample(frac=1.0, random_state=7)
    first, second = (
        sq.gaps(survey_of(frame), by="branch"),
        sq.gaps(survey_of(shuffled), by="branch"),
    )
    for name in ("items", "dimensions", "overall", "comparisons"):
        pd.testing.assert_frame_equal(
            getattr(first, name), getattr(second, name), rtol=1e-11, atol=1e-13
        )


def test_two_grouping_variables_give_every_group_that_exists() -> None:
    with pytest.warns(sq.SmallSampleWarning, match=r"\(West, 2\): empathy \(9\)"):
        result = sq.gaps(reference_survey(), by=["branch", "wave"])
    assert result.by == ("branch", "wave")
    assert list(result.items.columns[:3]) == ["branch", "wave", "item"]
    one = reference_survey().where(branch="North", wave="2")
    expected = sq.gaps(one).dimensions
    own = result.dimensions.query("branch == 'North' and wave == '2'").reset_index(drop=True)
    pd.testing.assert_frame_equal(own.drop(columns=["branch", "wave"]), expected)


def test_adequacy_and_superiority_take_their_own_sides() -> None:
    frame = toy_frame(n_items=5)
    renamed = frame.rename(columns={f"E{item}": f"M{item}" for item in range(1, 6)})
    minimum = toy_survey(
        renamed, expectation=None, minimum="M{item}", sides=("perception", "minimum")
    )
    adequacy = sq.gaps(minimum, on="adequacy")
    gap = sq.gaps(toy_survey(frame))
    pd.testing.assert_frame_equal(adequacy.items, gap.items)
    with pytest.raises(sq.OptionError, match='`on="gap"` needs expectation answers, but'):
        sq.gaps(minimum)


@pytest.mark.parametrize(
    ("on", "side", "title"),
    [
        ("gap", "expectation", "Gaps (perception − expectation; negative is a shortfall)"),
        ("adequacy", "minimum", "Adequacy gaps (perception − minimum; negative is a shortfall)"),
        ("superiority", "desired", "Superiority gaps (perception − desired; negative is a short"),
    ],
)
def test_the_heading_says_how_the_difference_was_made(on: Any, side: str, title: str) -> None:
    frame = toy_frame()
    renamed = frame.rename(columns={f"E{item}": f"S{item}" for item in range(1, 6)})
    options: dict[str, Any] = {"sides": ("perception", side), side: "S{item}"}
    survey = toy_survey(renamed, **options)
    result = sq.gaps(survey, on=on)
    assert result.title.startswith(title)
    text, page = repr(result), result._repr_html_()
    assert text.startswith(title)
    assert f"<strong>{title}" in page
    for shown in (text, page):
        assert side in shown
        assert ("expectation" in shown) == (on == "gap")


# ---- one vector of importance points -------------------------------------------------------------


def test_one_vector_of_points_weighs_alike_for_everybody() -> None:
    points = [40.0, 15.0, 15.0, 15.0, 15.0]
    result = sq.gaps(survey_of(reference_frame(), importance=points))
    assert_allclose(result.dimensions["weight"], points, rtol=1e-12)
    overall = result.overall.set_index("score")
    own, mean = overall.loc["weighted"], overall.loc["weighted by mean points"]
    for name in ESTIMATES:
        assert_allclose(own[name], mean[name], rtol=1e-10)
    assert_allclose(
        result.dimensions["weighted_gap"], result.dimensions["gap"] * np.array(points) / 100
    )


def test_without_points_there_is_no_weighted_score_and_a_note_says_so() -> None:
    result = sq.gaps(toy_survey(toy_frame()))
    assert result.overall["score"].tolist() == ["dimension mean", "item mean"]
    assert result.dimensions["weight"].isna().all()
    assert "No importance points were given, so there is no weighted score." in result.notes


# ---- words ---------------------------------------------------------------------------------------


def test_interpretation_names_the_rule_and_the_direction() -> None:
    words = sq.gaps(reference_survey(), by=None).interpret()
    assert words.statements[0].topic == "overall"
    assert words.statements[0].text.startswith(
        "Overall, the service falls short of expectations by"
    )
    assert any("Cohen" in source for source in words.sources)
    gaps = sq.gaps(reference_survey()).dimensions.sort_values("gap")["dimension"].tolist()
    assert [part.topic for part in words.statements[1:]] == gaps


def test_a_gap_of_zero_is_no_surplus() -> None:
    frame = toy_frame()
    for item in range(1, 6):
        frame[f"P{item}"] = frame[f"E{item}"]
    text = sq.gaps(toy_survey(frame)).interpret().statements[0].text
    assert text == "Overall, the service meets expectations exactly."


def test_interpretation_by_group_speaks_of_each_group_and_of_their_difference() -> None:
    words = gaps_by("plain", "wave").interpret()
    texts = [part.text for part in words.statements]
    assert texts[0].startswith("1: overall, the service")
    assert texts[1].startswith("2: overall, the service")
    assert any("between the groups (Welch's F(1" in text for text in texts)


# ---- errors --------------------------------------------------------------------------------------


def test_options_are_checked_with_their_names() -> None:
    survey = reference_survey()
    with pytest.raises(sq.OptionError, match=r"`on` is 'perception', .*differences of two sides"):
        sq.gaps(survey, on="perception")  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match=r"`conf_level` is 95, but must be a number between"):
        sq.gaps(survey, conf_level=95)
    with pytest.raises(sq.OptionError, match=r'Did you mean "holm"'):
        sq.gaps(survey, p_adjust="hol")  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match="`zeros` is 'drop'"):
        sq.gaps(survey, zeros="drop")  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match=r'"brnch" is not a grouping variable.*"branch"'):
        sq.gaps(survey, by="brnch")
    by: Any
    for by in (3, ["branch", 3], {"branch"}):
        with pytest.raises(sq.OptionError, match=r"`by` is .*must be the name of a grouping vari"):
            sq.gaps(survey, by=by)
    with pytest.raises(sq.OptionError, match="`by` is empty"):
        sq.gaps(survey, by=[])
    with pytest.raises(sq.OptionError, match="`by` names these more than once: wave"):
        sq.gaps(survey, by=["wave", "wave"])


def test_moments_have_no_respondents() -> None:
    moments = reference_survey().moments(["P1", "E1"])
    with pytest.raises(sq.RowsRequiredError, match="`gaps` was given Moments, but needs"):
        sq.gaps(moments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["gap", "item", "score", "n", "weight", "weighted_gap", "n_items", "level", "term", "estimate",
     "f_statistic", "df_numerator"],
)  # fmt: skip
def test_a_group_cannot_have_the_name_of_a_column_of_the_result(name: str) -> None:
    frame = toy_frame(n_respondents=40)
    frame[name] = ["a", "b"] * 20
    survey = toy_survey(frame, groups=[name], importance=None)
    with pytest.raises(sq.OptionError, match=f"`by` names {name}, which is a column"):
        sq.gaps(survey, by=name)
    renamed = toy_survey(frame, groups={"own": name})
    assert sq.gaps(renamed, by="own").tidy().columns[0] == "own"


# ---- traps of the method -------------------------------------------------------------------------


def test_trap_1_the_test_is_paired_never_pooled() -> None:
    frame = toy_frame()
    frame["P1"] = frame["E1"] - (np.arange(40) % 4 == 0)
    row = sq.gaps(toy_survey(frame)).items.iloc[0]
    paired = stats.ttest_rel(frame["P1"], frame["E1"])
    pooled = stats.ttest_ind(frame["P1"], frame["E1"])
    assert_allclose([row["statistic"], row["p_value"]], [paired.statistic, paired.pvalue])
    assert row["df"] == 39
    # The two sides go together, so the test that takes them for two samples misses the shortfall.
    assert row["p_value"] < 0.01 < 0.05 < pooled.pvalue


def test_trap_2_the_sign_is_the_same_on_every_level() -> None:
    frame = toy_frame()
    for item in range(1, 6):
        frame[f"E{item}"] = np.minimum(frame[f"P{item}"] + 1, 7)
    result = sq.gaps(toy_survey(frame, importance=[30.0, 70.0]))
    for table in (result.items, result.dimensions, result.overall):
        assert (table["gap"] < 0).all()
        assert_allclose(table["gap"], table["perception"] - table["expectation"], rtol=1e-12)
        assert (np.sign(table["statistic"]) == -1).all()
    assert (result.dimensions["weighted_gap"] < 0).all()
    assert (result.tidy()["estimate"] < 0).all()
    assert result.glance()["gap"].item() < 0


def test_trap_2_a_contrast_is_signed_as_it_is_written() -> None:
    result = gaps_by("plain", "branch")
    gaps = result.dimensions.set_index(["branch", "dimension"])["gap"]
    own = result.pairs[result.pairs["level"] == "dimension"]
    assert len(own) == 5 * 6
    for row in own.to_dict("records"):
        first, second = row["contrast"].split(" − ")
        expected = gaps[(first, row["term"])] - gaps[(second, row["term"])]
        assert_allclose(row["estimate"], expected, rtol=1e-9)
        assert row["conf_low"] < row["estimate"] < row["conf_high"]


def test_trap_3_reversal_is_done_once_on_both_sides_and_is_recorded() -> None:
    frame = reference_frame("survey_complete")
    straight = sq.gaps(survey_of(frame, instrument="servqual-1991"))
    turned = frame.copy()
    reversed_items = sq.instrument("servqual-1988").reversed_items
    assert reversed_items == (10, 11, 12, 13, 18, 19, 20, 21, 22)
    for item in reversed_items:
        for side in "EP":
            turned[f"{side}{item}"] = 8 - turned[f"{side}{item}"]
    survey = survey_of(turned, instrument="servqual-1988")
    assert survey.reversed_items == reversed_items
    assert any(note.startswith("Reverse-coded once") for note in survey.notes)
    names = ["n", "expectation", "perception", "gap", "std_error", "p_value"]
    ours = sq.gaps(survey).items.set_index("item")[names]
    pd.testing.assert_frame_equal(ours, straight.items.set_index("item")[names])


def test_trap_3_a_missed_reversal_is_suspected() -> None:
    frame = reference_frame("survey_complete")
    frame["P11"] = 8 - frame["P11"]
    with pytest.warns(sq.ServqualWarning, match="against the rest of their dimension or side: P11"):
        survey_of(frame)


def test_trap_4_columns_are_matched_by_number_never_by_position() -> None:
    frame = reference_frame()
    shuffled = frame[sorted(frame.columns, reverse=True)]
    first, second = sq.gaps(survey_of(frame)), sq.gaps(survey_of(shuffled))
    pd.testing.assert_frame_equal(first.items, second.items)
    pd.testing.assert_frame_equal(first.dimensions, second.dimensions)
    order = [dimension.key for dimension in sq.instrument("servqual-1991").dimensions]
    assert first.dimensions["dimension"].tolist() == order


def test_trap_5_item_numbers_of_the_editions_are_told_apart_by_their_keys() -> None:
    old, new = sq.instrument("servqual-1988"), sq.instrument("servqual-1991")
    numbers_old = {item.key: item.number for item in old.items_of("empathy")}
    numbers_new = {item.key: item.number for item in new.items_of("empathy")}
    shared = set(numbers_old) & set(numbers_new)
    moved = {key for key in shared if numbers_old[key] != numbers_new[key]}
    assert moved, "the 1991 edition moved items of Empathy"
    # Columns named by key go with any edition; the tables then differ in the numbers only.
    frame = reference_frame("survey_complete")
    keyed = pd.DataFrame(
        {f"{side}_{item.key}": frame[f"{side}{item.number}"] for side in "EP" for item in new.items}
    )
    result = sq.gaps(sq.Survey(keyed, instrument=new, expectation="E_{key}", perception="P_{key}"))
    table = result.items.set_index("key")
    for key in moved:
        gap = (frame[f"P{numbers_new[key]}"] - frame[f"E{numbers_new[key]}"]).mean()
        assert table.loc[key, "item"] == numbers_new[key]
        assert_allclose(table["gap"].loc[key], gap)


def test_trap_6_points_that_are_not_100_are_refused_or_brought_there_on_request() -> None:
    frame = reference_frame()
    frame.loc[frame.index[3], "W_tangibles"] += 10
    with pytest.raises(sq.SurveyError, match=r"do not add up to 100: row 4 \(110\)"):
        survey_of(frame)
    survey = survey_of(frame, renormalise_points=True)
    points = survey.points
    assert points is not None
    given = ~np.isnan(points).all(axis=1)
    assert_allclose(points[given].sum(axis=1), 100.0, rtol=1e-12)
    assert any("brought to a sum of 100" in note for note in survey.notes)


def test_trap_7_no_answer_is_never_zero() -> None:
    frame = reference_frame()
    coded = frame.copy()
    items = [f"{side}{item}" for side in "EP" for item in range(1, 23)]
    coded[items] = coded[items].fillna(0)
    with pytest.raises(sq.ScaleRangeError, match=r"outside the 1–7 scale.*`missing_codes=\(0,\)`"):
        survey_of(coded)
    survey = survey_of(coded, missing_codes=dict.fromkeys(items, (0,)))
    pd.testing.assert_frame_equal(sq.gaps(survey).items, sq.gaps(reference_survey()).items)


def test_trap_8_sides_with_different_missing_items_are_compared_on_pairs() -> None:
    frame = toy_frame(n_respondents=20, n_items=4)
    frame.loc[0, ["E1", "E2", "E3", "E4"]] = [7, np.nan, 5, 4]
    frame.loc[0, ["P1", "P2", "P3", "P4"]] = [5, 2, np.nan, 4]
    frame.loc[1, ["E1", "E2", "E3"]] = np.nan
    survey = toy_survey(frame, toy_instrument((4,)))
    pair = survey.paired("gap")
    # Respondent 0 answered pairs 1 and 4 only; respondent 1 one pair of four, which is not enough.
    assert [side[0, 0] for side in (pair.subtrahend, pair.minuend, pair.difference)] == [
        5.5,
        4.5,
        -1.0,
    ]
    assert np.isnan(pair.difference[1, 0])
    table = sq.gaps(survey).dimensions
    assert table["n"].item() == 19
    assert_allclose(table["gap"], table["perception"] - table["expectation"], rtol=1e-12)


def test_trap_15_one_respondent_has_a_gap_but_no_test() -> None:
    frame = toy_frame(n_respondents=1)
    with pytest.warns(sq.SmallSampleWarning, match="Fewer than ten respondents"):
        result = sq.gaps(toy_survey(frame))
    gaps = [frame[f"P{item}"].item() - frame[f"E{item}"].item() for item in range(1, 6)]
    assert result.items["gap"].tolist() == gaps
    tests = ["gap_sd", "std_error", "statistic", "p_value", "conf_low", "conf_high", "effect_size"]
    assert result.items[tests].isna().all(axis=None)
    assert any(note.startswith("Fewer than two respondents have a gap in") for note in result.notes)


def test_trap_16_identical_answers_have_a_mean_but_no_test() -> None:
    frame = toy_frame()
    for item in range(1, 6):
        frame[f"E{item}"], frame[f"P{item}"] = 6.0, 5.0
    result = sq.gaps(toy_survey(frame))
    for table in (result.items, result.dimensions, result.overall):
        assert (table["gap"] == -1).all()
        assert (table[["gap_sd", "std_error"]] == 0).all(axis=None)
        assert table[["statistic", "p_value", "conf_low", "effect_size"]].isna().all(axis=None)
    assert result.multivariate["p_value"].isna().all()
    assert any("has the same gap in" in note for note in result.notes)
    assert any("Hotelling's test of all dimensions was not done" in note for note in result.notes)


def test_trap_20_read_only_and_narrow_arrays_do_not_matter() -> None:
    frame = toy_frame()
    expected = sq.gaps(toy_survey(frame))
    narrow = sq.gaps(toy_survey(frame.astype("float32")))
    pd.testing.assert_frame_equal(narrow.items, expected.items)
    small = sq.gaps(toy_survey(frame.astype("int8")))
    pd.testing.assert_frame_equal(small.items, expected.items)
    columns = {}
    for name in frame.columns:
        values = frame[name].to_numpy().copy()
        values.flags.writeable = False
        columns[name] = values
    frozen = sq.gaps(toy_survey(pd.DataFrame(columns, copy=False)))
    pd.testing.assert_frame_equal(frozen.items, expected.items)


# ---- nasty data ----------------------------------------------------------------------------------


def test_two_respondents_have_a_t_test_with_one_degree_of_freedom() -> None:
    frame = toy_frame(n_respondents=2, n_items=1)
    frame["E1"], frame["P1"] = [7.0, 6.0], [3.0, 5.0]
    with pytest.warns(sq.SmallSampleWarning, match=r"d1 \(2\)"):
        result = sq.gaps(toy_survey(frame, toy_instrument((1,))))
    expected = stats.ttest_rel(frame["P1"], frame["E1"])
    row = result.items.iloc[0]
    assert row["df"] == 1
    assert_allclose(row["statistic"], expected.statistic)
    assert_allclose(row["p_value"], expected.pvalue)


def test_a_constant_item_is_named_and_leaves_the_others_alone() -> None:
    frame = toy_frame()
    expected = sq.gaps(toy_survey(frame)).items
    frame["E1"], frame["P1"] = 7.0, 4.0
    result = sq.gaps(toy_survey(frame))
    assert result.items["gap"].iloc[0] == -3
    assert np.isnan(result.items["p_value"].iloc[0])
    assert any("has the same gap in d1_1, so no test" in note for note in result.notes)
    names = [*ESTIMATES[:11], "wilcoxon_p"]
    pd.testing.assert_frame_equal(result.items.loc[1:, names], expected.loc[1:, names])


def test_many_constant_items_are_counted_not_cut_off() -> None:
    frame = toy_frame(n_items=14)
    for item in range(1, 15):
        frame[f"E{item}"], frame[f"P{item}"] = 6.0, 5.0
    result = sq.gaps(toy_survey(frame, toy_instrument((14,))))
    note = next(note for note in result.notes if "has the same gap" in note)
    assert "and 7 more" in note


def test_a_constant_gap_of_a_third_is_a_constant() -> None:
    frame = toy_frame(n_items=6)
    for item in range(1, 7):
        frame[f"E{item}"], frame[f"P{item}"] = 5.0, 5.0 - (item in (1, 4))
    result = sq.gaps(toy_survey(frame, toy_instrument((3, 3))))
    assert_allclose(result.dimensions["gap"], -1 / 3)
    assert (result.dimensions["gap_sd"] == 0).all()
    assert result.dimensions["p_value"].isna().all()


@pytest.mark.parametrize("seed", [1, 3])
def test_a_constant_item_under_sampling_weights_is_a_constant(seed: int) -> None:
    weights = np.round(np.random.default_rng(seed).uniform(0.3, 3.0, 60), 4)
    frame = toy_frame(n_respondents=60, seed=seed, w=weights)
    frame["E1"], frame["P1"] = 7.0, 5.0
    result = sq.gaps(toy_survey(frame, weights=sq.SamplingWeights("w")))
    row = result.items.iloc[0]
    assert_allclose(row["gap"], -2.0, rtol=1e-12)
    flat = ["gap_sd", "std_error", "expectation_sd", "perception_sd"]
    assert row[flat].tolist() == [0, 0, 0, 0]
    assert np.isnan(row["p_value"])
    assert any("has the same gap in d1_1, so no test" in note for note in result.notes)


def test_an_item_that_nobody_answered_is_nan_with_a_note() -> None:
    frame = toy_frame()
    frame["P4"] = np.nan
    result = sq.gaps(toy_survey(frame))
    row = result.items.set_index("item").loc[4]
    assert row["n"] == 0
    assert row[["gap", "gap_sd", "p_value"]].isna().all()
    assert any("Fewer than two respondents have a gap in d2_4, so" in note for note in result.notes)
    # Two of three pairs of its dimension are there, which is enough for a score.
    assert result.dimensions["n"].tolist() == [40, 40]
    assert result.dimensions["gap"].notna().all()


def test_a_dimension_that_nobody_answered_is_nan_with_a_note() -> None:
    frame = toy_frame()
    frame[["P1", "P2"]] = np.nan
    with pytest.warns(sq.SmallSampleWarning, match=r"d1 \(0\)"):
        result = sq.gaps(toy_survey(frame))
    assert result.dimensions["n"].tolist() == [0, 40]
    assert np.isnan(result.dimensions["gap"].iloc[0])
    overall = result.overall.set_index("score")
    assert overall.loc["dimension mean", "n"] == 0
    assert overall.loc["item mean", "n"] == 40  # Three of five pairs are there.
    assert any("d1_1, d1_2, d1, dimension mean" in note for note in result.notes)
    text = result.interpret().statements[0].text
    assert text == "Overall, no gap can be computed."


@pytest.mark.parametrize(("minimum", "maximum"), [(1, 10), (-3, 3), (0, 10), (1, 5)])
def test_other_scales_are_scales_too(minimum: int, maximum: int) -> None:
    frame = toy_frame(n_respondents=30, minimum=minimum, maximum=maximum)
    survey = toy_survey(frame, toy_instrument(minimum=minimum, maximum=maximum))
    result = sq.gaps(survey)
    for item in range(1, 6):
        gap = frame[f"P{item}"] - frame[f"E{item}"]
        row = result.items.iloc[item - 1]
        expected = stats.ttest_1samp(gap, 0.0)
        assert_allclose(
            [row["gap"], row["gap_sd"], row["statistic"], row["p_value"]],
            [gap.mean(), gap.std(), float(expected.statistic), float(expected.pvalue)],
            rtol=1e-10,
        )
    assert result.scale == (minimum, maximum)


def test_one_dimension_of_one_item_is_its_own_everything() -> None:
    result = sq.gaps(toy_survey(toy_frame(n_items=1), toy_instrument((1,))))
    item, dimension = result.items.iloc[0], result.dimensions.iloc[0]
    for name in ESTIMATES:
        assert_allclose([dimension[name], result.overall.iloc[1][name]], item[name], rtol=1e-12)
    # Hotelling's T² of one variable is t².
    assert_allclose(result.multivariate["statistic"], item["statistic"] ** 2, rtol=1e-10)


def test_more_dimensions_than_respondents_leave_hotellings_test_undone() -> None:
    frame = toy_frame(n_respondents=6, n_items=10)
    with pytest.warns(sq.SmallSampleWarning, match="Fewer than ten"):
        result = sq.gaps(toy_survey(frame, toy_instrument((1,) * 10)))
    assert result.multivariate["n"].item() == 6
    assert result.multivariate["p_value"].isna().all()
    assert (
        "Hotelling's test of all dimensions was not done: respondents with a gap in every "
        "dimension must be more than the 10 dimensions, and there are 6." in result.notes
    )


def test_two_identical_dimensions_leave_hotellings_test_undone() -> None:
    frame = toy_frame(n_items=4)
    frame[["E3", "E4", "P3", "P4"]] = frame[["E1", "E2", "P1", "P2"]].to_numpy()
    result = sq.gaps(toy_survey(frame, toy_instrument((2, 2))))
    assert result.multivariate["p_value"].isna().all()
    assert (
        "Hotelling's test of all dimensions was not done: the gaps of d1, d2 determine one another "
        "exactly, so their covariance matrix is singular. Look whether a column was entered twice."
        in result.notes
    )
    first, second = result.dimensions.iloc[0], result.dimensions.iloc[1]
    assert_allclose(first[ESTIMATES].astype(float), second[ESTIMATES].astype(float))


def test_a_constant_dimension_is_named_in_the_note_on_hotellings_test() -> None:
    frame = toy_frame(n_respondents=60, n_items=6, g=["a"] * 30 + ["b"] * 30)
    frame.loc[:29, ["E3", "E4", "P3", "P4"]] = 5.0
    result = sq.gaps(toy_survey(frame, toy_instrument((2, 2, 2))), by="g")
    (note,) = (note for note in result.notes if "Hotelling" in note)
    assert note == (
        "Hotelling's test of all dimensions was not done (a): among the respondents with a gap in "
        "every dimension, all have the same gap in d2. The tests of the other dimensions stand by "
        "themselves."
    )
    assert result.multivariate["p_value"].notna().tolist() == [False, True]
