from __future__ import annotations

import dataclasses
import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import servqual as sq
from servqual.numerics.resampling import weight_blocks
from servqual.numerics.what_if import share_positions
from tests.analyses.surveys import (
    WEIGHTS,
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

DIMENSIONS = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]


def with_recommendation(**more: Any) -> sq.Survey:
    """Reference survey with a question from 0 to 10, made as in the R script."""
    frame = reference_frame()
    frame["recommend"] = np.clip(2 * frame["SAT1"] - 4 + frame["LOY1"] % 2, 0, 10)
    outcomes = {"satisfaction": "SAT*", "recommendation": "recommend", "first": "SAT1"}
    return survey_of(frame, outcomes=outcomes, **more)


@cache
def bank() -> sq.Survey:
    return sq.load_example("bank")


def quick(survey: sq.Survey, changes: Any, outcome: str, **options: Any) -> sq.WhatIfResult:
    """Estimates only."""
    return sq.what_if(survey, changes, outcome, **({"n_resamples": 0} | options))


def row_of(result: sq.WhatIfResult, measure: str, part: str = "total") -> pd.Series:
    table = result.effects
    return table[(table["measure"] == measure) & (table["part"] == part)].iloc[0]


def points_of(result: sq.WhatIfResult, measure: str = "mean") -> pd.DataFrame:
    table = result.per_point
    return table[table["measure"] == measure].reset_index(drop=True)


# ---- against R -----------------------------------------------------------------------------------

ALL_ONE = {"quality": 1}
CASES: dict[str, dict[str, Any]] = {
    "plain": {"changes": {"reliability": 0.5}, "outcome": "satisfaction"},
    "single": {"changes": {"reliability": 0.5, "empathy": -0.3}, "outcome": "SAT1"},
    "chain": {
        "changes": {"reliability": 0.5},
        "outcome": "loyalty",
        "through": "satisfaction",
        "covariates": ["E1"],
    },
    "frequency": {"changes": {"assurance": 1.5}, "outcome": "satisfaction"},
    "sampling": {"changes": {"assurance": 1.5}, "outcome": "satisfaction"},
    "items": {
        "changes": {"5": 1, "tangibles": -0.7},
        "outcome": "satisfaction",
        "on": "perception",
    },
    "nps": {"changes": ALL_ONE, "outcome": "recommendation"},
}


@pytest.mark.parametrize("case", list(CASES))
def test_numbers_are_those_of_r(case: str) -> None:
    expected = load_expected("what_if")[case]
    survey = with_recommendation() if case == "nps" else reference_survey(_design(case))
    options = dict(CASES[case])
    result = quick(survey, options.pop("changes"), options.pop("outcome"), **options)
    assert result.sample.n_obs == expected["n"]
    changes = [*expected["changes"], *expected["items"]]
    assert result.changes["term"].tolist() == [row["term"] for row in changes]
    for name in ("asked", "effective", "share_at_bound", "before"):
        assert_allclose(
            result.changes[name], [row[name] for row in changes], rtol=1e-9, err_msg=name
        )
    assert_allclose(result.changes["after"], result.changes["before"] + result.changes["effective"])
    effects = expected["effects"]
    _assert_effect(row_of(result, "mean"), effects, "mean")
    _assert_effect(row_of(result, "top-two-box"), effects, "top")
    if case == "nps":
        _assert_effect(row_of(result, "nps"), effects, "nps")
        # Promoters give 9 or 10 here as in the top two boxes.
        assert row_of(result, "top-two-box")["before"] > 0.0
    if case == "chain":
        for part in ("direct", "through"):
            assert_allclose(row_of(result, "mean", part)["change"], effects[part], rtol=1e-9)
    for measure, name in (("mean", "mean"), ("top-two-box", "top"), ("nps", "nps")):
        rows = expected["per_point"]
        if name in rows[0]:
            ours = points_of(result, measure)
            assert ours["term"].tolist() == [row["term"] for row in rows]
            for ours_name, theirs in (("change", name), ("effective", "effective")):
                wanted = [row[theirs] for row in rows]
                assert_allclose(ours[ours_name], wanted, rtol=1e-8, atol=1e-11)


def _design(case: str) -> str:
    return case if case in WEIGHTS else "plain"


def _assert_effect(row: pd.Series, expected: dict[str, float], name: str) -> None:
    assert_allclose(row["change"], expected[name], rtol=1e-8)
    assert_allclose(row["before"], expected[f"{name}_before"], rtol=1e-9)
    assert_allclose(row["after"], expected[f"{name}_before"] + expected[name], rtol=1e-9)


def test_bootstrap_limits_are_those_of_r_within_simulation_error() -> None:
    expected = load_expected("what_if")["boot"]
    survey = reference_survey()
    found = []
    for seed in range(20):
        result = sq.what_if(
            survey, {"reliability": 0.5}, "loyalty", through="satisfaction", seed=seed
        )
        effects, points = result.effects, points_of(result)
        assert_allclose(effects["change"], expected["estimate"], rtol=1e-8)
        columns = [effects["conf_low"], effects["conf_high"], effects["std_error"]]
        columns += [points["conf_low"], points["conf_high"], points["p_first"]]
        found.append(np.concatenate(columns))
    wanted = [expected[name] for name in ("low", "high", "sd", "point_low", "point_high")]
    target = np.concatenate([*wanted, expected["p_first"]])
    every = np.array(found)
    # R's 10,000 draws are uncertain by √(1/5) of what one of our seeds (2,000 draws) is. Of these
    # 27 numbers none strays by more than four standard errors.
    spread = every.std(axis=0, ddof=1)
    strays = np.abs(every.mean(axis=0) - target) / np.maximum(
        spread * np.sqrt(1 / 5 + 1 / 20), 2e-4
    )
    assert (strays < 4.0).all(), strays


# ---- laws ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["satisfaction", "recommendation", "first"])
@pytest.mark.parametrize("design", ["plain", "frequency", "sampling"])
def test_without_a_change_nothing_changes(outcome: str, design: str) -> None:
    survey = with_recommendation(weights=WEIGHTS.get(design))
    result = sq.what_if(survey, {"quality": 0.0}, outcome, n_resamples=100)
    for name in ("change", "conf_low", "conf_high", "std_error"):
        assert_array_equal(result.effects[name], 0.0)
    assert_array_equal(result.effects["before"], result.effects["after"])
    assert_array_equal(result.changes["effective"], 0.0)
    names = [f"gap:{key}" for key in DIMENSIONS]
    rows = survey.rows([*names, outcome])
    keep = ~np.isnan(rows).any(axis=1)
    weights = np.ones(keep.sum()) if survey.weights is None else survey.weights[keep]
    scores = rows[keep, -1]
    highest = result.outcome_range[1]
    observed = 100 * np.average(scores >= highest - 1 - 1e-9, weights=weights)
    assert_allclose(row_of(result, "top-two-box")["before"], observed, rtol=1e-12)
    assert_allclose(row_of(result, "mean")["before"], np.average(scores, weights=weights))
    if outcome == "recommendation":
        net = np.average((scores >= 9).astype(float) - (scores <= 6), weights=weights)
        assert_allclose(row_of(result, "nps")["before"], 100 * net, rtol=1e-12)


def test_effective_changes_are_those_of_a_survey_whose_answers_were_moved() -> None:
    frame = reference_frame()
    before = survey_of(frame)
    moved = frame.copy()
    for item in range(5, 10):
        moved[f"P{item}"] = np.minimum(moved[f"P{item}"] + 1, 7)
    moved["P18"] = np.maximum(moved["P18"] - 2, 1)
    after = survey_of(moved)
    for on in ("gap", "perception"):
        result = quick(before, {"reliability": 1, "P18": -2}, "satisfaction", on=on)
        names = [*[f"{on}:{key}" for key in DIMENSIONS], "satisfaction"]
        kept = ~np.isnan(before.rows(names)).any(axis=1)
        difference = (after.dimension_scores(on) - before.dimension_scores(on))[kept].mean(axis=0)
        found = result.changes.set_index("term")["effective"]
        assert_allclose(found[["reliability", "empathy"]], difference[[1, 4]], rtol=1e-12)
        assert_allclose(difference[[0, 2, 3]], 0.0)
        slopes = sq.regression(before, outcome="satisfaction", on=on).coefficients
        expected = slopes["estimate"].to_numpy()[1:] @ difference
        assert_allclose(row_of(result, "mean")["change"], expected, rtol=1e-10)


def test_a_dimension_is_all_its_items_and_quality_all_dimensions() -> None:
    survey = reference_survey()
    together = quick(survey, {"reliability": 0.5}, "satisfaction")
    apart = quick(survey, dict.fromkeys(["5", "6", "P7", "P8", "9"], 0.5), "satisfaction")
    by_number = quick(survey, dict.fromkeys(range(5, 10), 0.5), "satisfaction")
    assert_allclose(apart.effects["change"], together.effects["change"], rtol=1e-12)
    assert by_number.effects.equals(apart.effects)
    assert apart.changes["level"].tolist() == ["dimension"] + ["item"] * 5
    assert_allclose(apart.changes["asked"], 0.5)
    every = quick(survey, {"quality": 0.5}, "satisfaction")
    listed = quick(survey, dict.fromkeys(DIMENSIONS, 0.5), "satisfaction")
    assert every.to_json() == listed.to_json()


def test_the_mean_adds_up_over_dimensions() -> None:
    survey = bank()
    whole = quick(survey, {"reliability": 0.5, "empathy": -1}, "satisfaction")
    parts = [
        quick(survey, change, "satisfaction") for change in ({"reliability": 0.5}, {"empathy": -1})
    ]
    assert_allclose(
        row_of(whole, "mean")["change"],
        sum(row_of(part, "mean")["change"] for part in parts),
        rtol=1e-12,
    )


@pytest.mark.parametrize("outcome", ["satisfaction", "recommendation", "first"])
def test_larger_changes_go_with_larger_shares(outcome: str) -> None:
    survey = with_recommendation()
    sizes = [-9, -3, -1, -0.4, -0.1, 0, 0.1, 0.25, 0.5, 1, 2, 5, 9]
    results = [quick(survey, {"reliability": size}, outcome) for size in sizes]
    assert points_of(results[0])["change"].iloc[1] > 0.0
    for measure in results[0].effects["measure"]:
        after = [row_of(result, str(measure))["after"] for result in results]
        assert (np.diff(after) >= -1e-12).all(), measure
    # No jump: a small change moves a share by little.
    base = row_of(results[5], "top-two-box")["after"]
    near = quick(survey, {"reliability": 1e-6}, outcome)
    assert abs(row_of(near, "top-two-box")["after"] - base) < 1e-3


def test_nobody_gains_beyond_the_ceiling() -> None:
    survey = bank()
    result = quick(survey, {"reliability": 10}, "satisfaction")
    row = result.changes.iloc[0]
    assert_allclose(row["after"], 7.0, rtol=1e-12)
    assert row["share_at_bound"] == 1.0
    assert_allclose(row["effective"], 7.0 - row["before"], rtol=1e-12)
    floor = quick(survey, {"reliability": -10}, "satisfaction").changes.iloc[0]
    assert_allclose(floor["after"], 1.0, rtol=1e-12)


def test_the_split_adds_up_and_leaves_the_total_alone() -> None:
    survey = reference_survey()
    chain = sq.what_if(
        survey, {"reliability": 0.5}, "loyalty", through="satisfaction", n_resamples=100
    )
    parts = [row_of(chain, "mean", part)["change"] for part in ("direct", "through")]
    assert_allclose(sum(parts), row_of(chain, "mean")["change"], rtol=1e-12)
    five = sq.mediation(survey, predictor="dimensions", interval="sobel").effects
    of_reliability = five[five["predictor"] == "reliability"].set_index("term")["estimate"]
    effective = chain.changes["effective"].item()
    assert_allclose(parts[0], of_reliability["direct"] * effective, rtol=1e-9)
    assert_allclose(parts[1], of_reliability["indirect"] * effective, rtol=1e-9)
    # The same respondents without a mediator: the same total.
    complete = reference_survey("complete")
    with_mediator = quick(complete, {"empathy": 1}, "loyalty", through="satisfaction")
    without = quick(complete, {"empathy": 1}, "loyalty")
    assert_allclose(
        row_of(with_mediator, "mean")["change"], row_of(without, "mean")["change"], rtol=1e-9
    )
    assert "through" not in without.effects["part"].tolist()


def test_where_the_scale_begins_does_not_matter() -> None:
    frame = toy_frame(80)
    lower = frame.copy()
    sides = [str(name) for name in frame if str(name)[0] in "EP"]
    lower[sides] = lower[sides] - 1
    lower[["SAT1", "SAT2", "SAT3"]] = lower[["SAT1", "SAT2", "SAT3"]] - 1
    first = sq.what_if(toy_survey(frame), {"d1": 1}, "satisfaction", n_resamples=100)
    second = sq.what_if(
        toy_survey(lower, toy_instrument(minimum=0, maximum=6)),
        {"d1": 1},
        "satisfaction",
        n_resamples=100,
    )
    for name in ("change", "conf_low", "conf_high"):
        assert_allclose(first.effects[name], second.effects[name], rtol=1e-9)


def test_frequency_weights_are_repeated_respondents() -> None:
    frame = reference_frame()
    frame["freq"] = 2
    weighted = survey_of(frame, weights=sq.FrequencyWeights("freq"))
    repeated = survey_of(pd.concat([frame, frame], ignore_index=True))
    options: dict[str, Any] = {"through": "satisfaction", "seed": 4}
    one = sq.what_if(weighted, {"reliability": 0.5}, "loyalty", **options)
    two = sq.what_if(repeated, {"reliability": 0.5}, "loyalty", **options)
    assert one.sample.n_obs == two.sample.n_obs
    for name in ("before", "after", "change"):
        assert_allclose(one.effects[name], two.effects[name], rtol=1e-11)
    assert_allclose(one.per_point["change"], two.per_point["change"], rtol=1e-10)
    # Draws differ, their distribution does not: 2,000 draws give a standard error to 1.6 %.
    assert_allclose(one.effects["std_error"], two.effects["std_error"], rtol=0.08)


def test_sampling_weights_of_one_are_no_weights_and_their_unit_does_not_matter() -> None:
    frame = reference_frame()
    plain = sq.what_if(survey_of(frame), {"empathy": 0.5}, "satisfaction", n_resamples=100)
    frame["weight"] = 2.5
    same = survey_of(frame, weights=sq.SamplingWeights("weight"))
    weighted = sq.what_if(same, {"empathy": 0.5}, "satisfaction", n_resamples=100)
    for name in ("before", "change", "conf_low", "conf_high"):
        assert_allclose(weighted.effects[name], plain.effects[name], rtol=1e-9)


def test_the_order_of_respondents_does_not_matter() -> None:
    frame = reference_frame()
    first = quick(survey_of(frame), {"reliability": 0.5}, "satisfaction")
    second = quick(
        survey_of(frame.iloc[::-1].reset_index(drop=True)), {"reliability": 0.5}, "satisfaction"
    )
    assert_allclose(first.effects["change"], second.effects["change"], rtol=1e-11)
    assert_allclose(first.per_point["change"], second.per_point["change"], rtol=1e-9)


def test_the_truth_of_a_simulation_is_recovered() -> None:
    truth = sq.example_truth("bank")
    slopes = truth.expected_scores().regression.query("outcome == 'satisfaction'")
    slope = slopes.set_index("term")["estimate"]
    frame = sq.simulate(n_respondents=20_000, seed=11)
    survey = sq.Survey(
        frame, instrument="servqual-1991", outcomes={"satisfaction": ["SAT1", "SAT2", "SAT3"]}
    )
    result = sq.what_if(survey, {"reliability": 0.5}, "satisfaction", n_resamples=200)
    row = row_of(result, "mean")
    # The effective change is a mean over 20,000, so the population's slope is the uncertain part.
    expected = slope["reliability"] * result.changes["effective"].item()
    assert abs(row["change"] - expected) < 3.5 * row["std_error"]
    linear = sq.regression(survey, outcome="satisfaction").tidy().set_index("term")["std_error"]
    # The relative error of a standard deviation of 200 resamples is 5 %.
    expected_error = linear["reliability"] * result.changes["effective"].item()
    assert_allclose(row["std_error"], expected_error, rtol=0.2)
    points = points_of(result)
    expected_changes = slope[DIMENSIONS].to_numpy() * points["effective"]
    assert (np.abs(points["change"] - expected_changes) < 3.5 * points["std_error"]).all()
    assert points["term"].iloc[int(points["rank"].argmin())] == "reliability"
    assert points["p_first"].max() == 1.0


@pytest.mark.parametrize(
    ("columns", "threshold"),
    [
        (["SAT1"], 6),
        (["SAT1", "SAT2", "SAT3"], 6),
        (["LOY1", "LOY2", "LOY3"], 6),
        (["recommend"], 9),
    ],
)
def test_shares_are_near_those_of_respondents_who_were_truly_moved(
    columns: list[str], threshold: int
) -> None:
    # The same respondents twice, the second time with a higher latent satisfaction.
    truth = dataclasses.replace(sq.example_truth("bank"), missing_outcome_share=0.0)
    higher = truth.satisfaction_intercept + 0.3
    moved = dataclasses.replace(truth, satisfaction_intercept=higher)
    totals = [
        sq.simulate(n_respondents=30_000, seed=1, truth=which)[columns].to_numpy(float).sum(axis=1)
        for which in (truth, moved)
    ]
    n_answers = np.full(30_000, float(len(columns)))
    positions = [share_positions(total, n_answers, threshold) for total in totals]
    before, after = (np.clip(position, 0.0, 1.0).mean() for position in positions)
    change = totals[1].mean() - totals[0].mean()
    by_rule = np.clip(positions[0] + change, 0.0, 1.0).mean()
    assert 0.03 < after - before < 0.1
    assert_allclose(by_rule - before, after - before, rtol=0.08)


def test_intervals_cover_the_change_of_the_population() -> None:
    """Nine in ten 90 % intervals of 100 samples hold the value of 40,000 respondents."""
    big = sq.simulate(n_respondents=40_000, seed=5)
    outcomes = {"satisfaction": ["SAT1", "SAT2", "SAT3"]}

    def change_in(frame: pd.DataFrame, n_resamples: int) -> pd.DataFrame:
        survey = sq.Survey(frame, instrument="servqual-1991", outcomes=outcomes)
        return sq.what_if(
            survey, {"reliability": 0.5}, "satisfaction", n_resamples=n_resamples, conf_level=0.9
        ).effects

    target = change_in(big, 0)["change"].to_numpy()
    held = np.zeros(2)
    for start in range(0, 100 * 400, 400):
        part = big.iloc[start : start + 400].reset_index(drop=True)
        found = change_in(part, 300)
        held += (found["conf_low"] <= target) & (target <= found["conf_high"])
    # 100 tries of .90: standard error 3 points.
    assert (np.abs(held / 100 - 0.9) < 0.09).all(), held


def test_the_seed_is_all_that_matters() -> None:
    told: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        told.append((done, total))

    options: dict[str, Any] = {"n_resamples": 300, "through": "satisfaction"}
    one = sq.what_if(reference_survey(), {"quality": 1}, "loyalty", progress=note, **options)
    assert told[-1] == (300, 300)
    again = sq.what_if(reference_survey(), {"quality": 1}, "loyalty", **options)
    other = sq.what_if(reference_survey(), {"quality": 1}, "loyalty", seed=2, **options)
    assert one.to_json() == again.to_json()
    assert one.to_json() != other.to_json()


# ---- words ---------------------------------------------------------------------------------------


def test_it_is_said_that_this_is_an_association() -> None:
    for result in (
        quick(bank(), {"reliability": 0.5}, "satisfaction"),
        sq.what_if(bank(), {"quality": -1}, "loyalty", through="satisfaction", n_resamples=100),
    ):
        assert "no proof of an effect" in repr(result)
        assert "no proof of an effect" in result._repr_html_()
        assert "no proof of an effect" in str(result.interpret())


def test_interpretation_names_changes_levels_and_the_first() -> None:
    result = sq.what_if(bank(), {"reliability": 0.5}, "loyalty", through="satisfaction")
    words = str(result.interpret())
    assert "Reliability is asked to move by 0.50 points and moves by 0.40 on average" in words
    assert "% to " in words
    assert "run through satisfaction" in words
    assert "top two boxes of loyalty goes from" in words
    assert "comes first in" in words
    assert "95% interval" in words
    weak = sq.what_if(bank(), {"assurance": 0.1}, "loyalty", n_resamples=500)
    assert "cannot be told from none" in str(weak.interpret())


def test_places_and_first_places_of_dimensions() -> None:
    points = points_of(sq.what_if(bank(), {"reliability": 1}, "satisfaction"))
    assert sorted(points["rank"]) == [1, 2, 3, 4, 5]
    assert (points["rank_low"] <= points["rank"]).all()
    assert (points["rank"] <= points["rank_high"]).all()
    assert_allclose(points["p_first"].sum(), 1.0)
    assert points["change"].idxmax() == points["rank"].idxmin()
    result = sq.what_if(bank(), {"reliability": 1}, "satisfaction")
    assert result.glance()["first"].item() == points["term"].iloc[int(points["rank"].argmin())]
    # The row of one point is the change of one point.
    reliability = points.set_index("term").loc["reliability"]
    assert_allclose(reliability["change"], row_of(result, "mean")["change"], rtol=1e-12)
    assert_allclose(reliability["conf_low"], row_of(result, "mean")["conf_low"], rtol=1e-9)


# ---- scales of outcomes --------------------------------------------------------------------------


def test_the_range_is_the_instruments_or_that_of_a_recommendation_or_told() -> None:
    survey = with_recommendation()
    assert quick(survey, ALL_ONE, "satisfaction").outcome_range == (1.0, 7.0)
    result = quick(survey, ALL_ONE, "recommendation")
    assert result.outcome_range == (0.0, 10.0)
    assert result.effects["measure"].tolist() == ["mean", "top-two-box", "nps"]
    told = quick(survey, ALL_ONE, "first", outcome_range=(0, 10))
    assert told.outcome_range == (0.0, 10.0)
    assert "nps" in told.effects["measure"].tolist()
    eight = quick(survey, ALL_ONE, "first", outcome_range=(1, 8))
    assert row_of(eight, "top-two-box")["before"] < row_of(told, "mean")["before"] * 10
    assert "nps" not in eight.effects["measure"].tolist()


def test_an_nps_is_asked_from_zero_to_ten_even_where_nobody_goes_far() -> None:
    frame = reference_frame()
    frame["nps"] = np.clip(frame["SAT1"], 2, 6)
    survey = survey_of(frame, outcomes={"nps": "nps", "satisfaction": "SAT*"})
    result = quick(survey, ALL_ONE, "nps")
    assert result.outcome_range == (0.0, 10.0)
    assert row_of(result, "nps")["before"] == -100.0


def test_an_outcome_off_the_scale_has_a_mean_only() -> None:
    frame = reference_frame()
    frame["spending"] = 20.0 + 5.5 * frame["SAT1"]
    survey = survey_of(frame, outcomes={"spending": "spending", "satisfaction": "SAT*"})
    result = sq.what_if(survey, {"reliability": 0.5}, "spending", n_resamples=100)
    assert np.isfinite(row_of(result, "mean")["conf_low"])
    assert np.isnan(row_of(result, "top-two-box")["change"])
    assert any("Give `outcome_range=" in note for note in result.notes)
    assert "There is no change" in str(result.interpret())
    told = quick(survey, {"reliability": 0.5}, "spending", outcome_range=(0, 100))
    assert any("between whole numbers" in note for note in told.notes)


def test_two_answers_have_no_boxes() -> None:
    frame = reference_frame()
    frame["stays"] = (frame["SAT1"] > 4).astype(float)
    survey = survey_of(frame, outcomes={"stays": "stays"})
    unknown = quick(survey, ALL_ONE, "stays")
    assert np.isnan(row_of(unknown, "top-two-box")["change"])
    told = sq.what_if(survey, ALL_ONE, "stays", outcome_range=(0, 1), n_resamples=100)
    assert any("two answers only" in note for note in told.notes)
    assert 0.0 < row_of(told, "mean")["change"] < 1.0


def test_a_mean_that_leaves_its_scale_is_noted() -> None:
    frame = toy_frame(60, minimum=1, maximum=7)
    frame[["SAT1", "SAT2", "SAT3"]] = np.clip(frame[["SAT1", "SAT2", "SAT3"]] + 2, 1, 7)
    result = quick(toy_survey(frame), {"d1": 6, "d2": 6}, "satisfaction", on="perception")
    assert row_of(result, "mean")["after"] > 7.0
    assert any("would leave its scale" in note for note in result.notes)
    assert row_of(result, "top-two-box")["after"] <= 100.0


# ---- nasty cases ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reliablity": 0.5}, 'Did you mean "reliability"'),
        ({"P55": 0.5}, "names 'P55'"),
        ({"23": 0.5}, "items 1 to 22"),
        ({"reliability": "a lot"}, "finite number"),
        ({"reliability": np.nan}, "finite number"),
        ({"reliability": np.inf}, "finite number"),
        ({"reliability": True}, "finite number"),
        ({"reliability": None}, "finite number"),
        ({}, "`changes` is {}"),
        ("reliability", "`changes` is 'reliability'"),
        (["reliability"], "must say what is to change"),
        ({"reliability": 0.5, "P5": 1}, "moves item 5 twice: by 'reliability' and by 'P5'"),
        ({"quality": 0.5, "reliability": 1}, "twice"),
    ],
)
def test_changes_that_cannot_be(changes: Any, words: str) -> None:
    with pytest.raises(sq.OptionError, match=words):
        quick(reference_survey(), changes, "satisfaction")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"outcome": "satisfacton"}, 'Did you mean "satisfaction"'),
        ({"through": "satisfaction"}, "`through` is 'satisfaction'"),
        ({"through": 3}, "`through` is 3"),
        ({"through": "nothing"}, "nothing"),
        ({"on": "expectation"}, "`on` is 'expectation'"),
        ({"covariates": "P1"}, "`covariates` is 'P1'"),
        ({"covariates": 3}, "`covariates` is 3"),
        ({"covariates": [3]}, "list of names"),
        ({"covariates": ["reliability"]}, "`covariates` names reliability"),
        ({"covariates": ["loyalty"], "through": "loyalty"}, "`covariates` names loyalty"),
        ({"covariates": ["E1", "E1"]}, "more than once"),
        ({"covariates": ["nothing"]}, "nothing"),
        ({"cluster": "nowhere"}, "nowhere"),
        ({"cluster": 3}, "one grouping variable"),
        ({"n_resamples": 10}, "at least 100"),
        ({"seed": -1}, "`seed`"),
        ({"conf_level": 95}, "conf_level"),
        ({"outcome_range": (7, 1)}, "lowest answer must come first"),
        ({"outcome_range": (2, 7)}, "run from 1 to 7"),
        ({"outcome_range": "1-7"}, "`outcome_range` is '1-7'"),
        ({"outcome_range": (1, 7, 9)}, "lowest and the highest"),
        ({"outcome_range": (1, np.inf)}, "lowest and the highest"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], words: str) -> None:
    settings: dict[str, Any] = {"changes": {"reliability": 0.5}, "outcome": "satisfaction"}
    with pytest.raises(sq.OptionError, match=words):
        sq.what_if(reference_survey(), **(settings | {"n_resamples": 0} | options))


def test_moments_do_not_do() -> None:
    moments = reference_survey().moments(["gap:reliability", "satisfaction"])
    with pytest.raises(sq.RowsRequiredError, match="respondents' answers"):
        sq.what_if(moments, {"reliability": 1}, "satisfaction")  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::servqual.errors.ServqualWarning")
def test_nobody_answered_what_is_to_change() -> None:
    frame = reference_frame()
    frame[[f"P{item}" for item in range(5, 10)]] = np.nan
    with pytest.raises(sq.EstimationError, match="Nobody has answers that count to reliability"):
        quick(survey_of(frame), {"reliability": 1}, "satisfaction")
    frame = reference_frame()
    frame["E5"] = np.nan
    survey = survey_of(frame)
    with pytest.raises(sq.EstimationError, match="item 5"):
        quick(survey, {"5": 1}, "satisfaction")
    assert quick(survey, {"5": 1}, "satisfaction", on="perception").sample.n_obs > 100


def test_perceptions_alone_will_do() -> None:
    frame = reference_frame()
    one_side = survey_of(
        frame.drop(columns=[f"E{item}" for item in range(1, 23)]), sides=["perception"]
    )
    with pytest.raises(sq.OptionError, match="needs expectation answers"):
        quick(one_side, {"reliability": 1}, "satisfaction")
    found = quick(one_side, {"reliability": 1}, "satisfaction", on="perception")
    both = quick(survey_of(frame), {"reliability": 1}, "satisfaction", on="perception")
    assert found.to_json() == both.to_json()


def test_collinear_dimensions_are_named() -> None:
    frame = toy_frame(60, 4)
    for side in "EP":
        frame[f"{side}3"], frame[f"{side}4"] = frame[f"{side}1"], frame[f"{side}2"]
    survey = toy_survey(frame, toy_instrument((2, 2)))
    with pytest.raises(sq.NotIdentifiedError, match="d1, d2"):
        quick(survey, {"d1": 1}, "satisfaction")


def test_a_constant_outcome_is_refused() -> None:
    frame = reference_frame()
    frame["same"] = 4.0
    survey = survey_of(frame, outcomes={"same": "same"})
    with pytest.raises(sq.EstimationError, match="the same for all"):
        quick(survey, ALL_ONE, "same")


def test_too_few_respondents() -> None:
    survey = toy_survey(toy_frame(3))
    with pytest.raises(sq.EstimationError, match="at least"):
        quick(survey, {"d1": 1}, "satisfaction")


def test_twenty_five_respondents() -> None:
    result = sq.what_if(survey_of(reference_frame().head(32)), {"quality": 1}, "satisfaction")
    assert 20 < result.sample.n_obs < 32
    assert np.isfinite(result.effects[["conf_low", "conf_high"]].to_numpy()).all()


def test_resamples_in_which_a_variable_is_constant_are_counted() -> None:
    frame = toy_frame(30)
    frame["rare"] = 0.0
    frame.loc[0, "rare"] = 1.0
    survey = toy_survey(frame, outcomes={"satisfaction": ["SAT1", "SAT2"], "rare": ["rare"]})
    result = sq.what_if(survey, {"d1": 1}, "satisfaction", covariates=["rare"], n_resamples=1000)
    # One respondent is left out of a resample with probability (29/30)^30 = .362.
    assert 300 < result.n_degenerate < 420
    assert any("do not count" in note for note in result.notes)
    assert np.isfinite(result.effects["conf_low"]).all()
    assert_allclose(points_of(result)["p_first"].sum(), 1.0)


def test_too_many_such_resamples_are_an_error() -> None:
    frame = toy_frame(40, g=["a"] * 39 + ["b"])
    frame["rare"] = 0.0
    frame.loc[39, "rare"] = 1.0
    outcomes = {"satisfaction": ["SAT1", "SAT2"], "rare": ["rare"]}
    survey = toy_survey(frame, outcomes=outcomes)
    with (
        pytest.warns(sq.SmallSampleWarning, match="2 clusters"),
        pytest.raises(sq.EstimationError, match="there are no intervals"),
    ):
        # Half of the resamples of two clusters hold one of them only, and the cluster of one
        # respondent, or 40 respondents without it, makes `rare` constant; drawn with a seed that
        # gives more than half.
        sq.what_if(
            survey, {"d1": 1}, "satisfaction", covariates=["rare"], cluster="g", seed=seed_of_most()
        )


def seed_of_most() -> int:
    """Smallest seed with which more than half of 2,000 draws of two clusters miss one."""
    for seed in range(100):
        drawn = np.concatenate(list(weight_blocks(2, n_resamples=2000, seed=seed)))
        if (drawn[:, 0] != 1).sum() > 1000:
            return seed
    raise AssertionError


def test_clusters_are_drawn_whole_and_few_are_warned_of() -> None:
    with pytest.warns(sq.SmallSampleWarning, match="clusters of"):
        sq.what_if(
            reference_survey(),
            {"reliability": 1},
            "satisfaction",
            cluster="branch",
            n_resamples=100,
        )
    frame = toy_frame(80, g=[f"c{number}" for number in range(80)])
    alone = sq.what_if(toy_survey(frame), {"d1": 1}, "satisfaction")
    clustered = sq.what_if(toy_survey(frame), {"d1": 1}, "satisfaction", cluster="g")
    assert_allclose(alone.effects["std_error"], clustered.effects["std_error"], rtol=0.08)
    # Each respondent five times over, in one cluster: as many clusters, the same uncertainty.
    many = pd.concat([frame] * 5, ignore_index=True)
    repeated = sq.what_if(toy_survey(many), {"d1": 1}, "satisfaction", cluster="g")
    assert_allclose(repeated.effects["std_error"], clustered.effects["std_error"], rtol=0.08)
    narrow = sq.what_if(toy_survey(many), {"d1": 1}, "satisfaction")
    assert (narrow.effects["std_error"] < 0.6 * clustered.effects["std_error"]).all()


def test_frequency_weights_with_clusters() -> None:
    frame = toy_frame(60, g=[f"c{number % 30}" for number in range(60)])
    frame["freq"] = 1 + np.arange(60) % 3
    weighted = toy_survey(frame, weights=sq.FrequencyWeights("freq"))
    repeated = toy_survey(frame.loc[frame.index.repeat(frame["freq"])].reset_index(drop=True))
    one = sq.what_if(weighted, {"d1": 1}, "satisfaction", cluster="g", n_resamples=300)
    two = sq.what_if(repeated, {"d1": 1}, "satisfaction", cluster="g", n_resamples=300)
    # The same clusters are drawn, so not only the distribution is the same.
    for name in ("change", "conf_low", "conf_high"):
        assert_allclose(one.effects[name], two.effects[name], rtol=1e-8)


def test_a_weight_of_zero_is_nobody() -> None:
    frame = reference_frame()
    frame["weight"] = 1.0
    frame.loc[::4, "weight"] = 0.0
    weighted = survey_of(frame, weights=sq.SamplingWeights("weight"))
    fewer = survey_of(frame[frame["weight"] > 0].reset_index(drop=True))
    one = sq.what_if(weighted, {"reliability": 1}, "satisfaction", n_resamples=100)
    two = sq.what_if(fewer, {"reliability": 1}, "satisfaction", n_resamples=100)
    for name in ("before", "change", "conf_low", "conf_high"):
        assert_allclose(one.effects[name], two.effects[name], rtol=1e-9)


def test_without_resamples_there_are_estimates_only() -> None:
    result = quick(bank(), {"reliability": 1}, "satisfaction")
    assert result.effects["conf_low"].isna().all()
    assert result.per_point["p_first"].isna().all()
    assert any("no intervals" in note for note in result.notes)
    assert "interval" not in str(result.interpret())


def test_nothing_is_warned_of_in_the_ordinary_case() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sq.what_if(survey_of(reference_frame()), {"quality": 0.5}, "loyalty", n_resamples=100)


@pytest.mark.parametrize("ends", [np.array([1, 7]), (np.int64(1), np.float64(7.0)), [1, 7]])
def test_a_range_may_be_of_numpy(ends: Any) -> None:
    result = sq.what_if(
        toy_survey(toy_frame(60)), {"d1": 1}, "satisfaction", outcome_range=ends, n_resamples=0
    )
    assert result.outcome_range == (1.0, 7.0)
