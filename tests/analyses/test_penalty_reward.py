from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.analyses.contrast_fit import build_contrast_model, contrast_draws
from servqual.analyses.contrast_groups import coding_rule
from servqual.analyses.contrast_tables import CLASSES
from servqual.analyses.predictors import model_variables
from servqual.analyses.resampling import resample
from tests.analyses.surveys import (
    records,
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

#: Case of the reference → design of the survey and options.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "quantile": ("plain", {}),
    "thirds": ("plain", {"share": 0.3}),
    "scale": ("plain", {"coding": "scale"}),
    "own": ("plain", {"coding": "scale", "low": 4, "high": 6}),
    "sd": ("plain", {"coding": "sd"}),
    "gap_quantile": ("plain", {"on": "gap"}),
    "gap_sign": ("plain", {"on": "gap", "coding": "gap-sign"}),
    "covariate": ("plain", {"covariates": ["loyalty"]}),
    "frequency": ("frequency", {}),
    "sampling": ("sampling", {"coding": "scale"}),
    "items": ("complete", {"predictors": "items"}),
}


def contrasts(survey: sq.Survey, **options: Any) -> sq.PenaltyRewardResult:
    """Without a bootstrap unless asked; small groups have a test of their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sq.SmallSampleWarning)
        return sq.penalty_reward(survey, **({"n_resamples": 0} | options))


def assert_tested(ours: pd.DataFrame, expected: list[dict[str, Any]], rtol: float = 1e-8) -> None:
    theirs = records(expected)
    for column in theirs:
        if column in ours:
            assert_allclose(
                ours[column], theirs[column].astype(float), rtol=rtol, atol=1e-11, err_msg=column
            )


def in_order_of_r(coefficients: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Rows whose names are those of R's coefficients."""
    endings = {"intercept": "", "penalty": "_low", "reward": "_high", "covariate": ""}
    own = coefficients["term"] + coefficients["kind"].map(endings)
    return coefficients.set_index(own).loc[names].reset_index(drop=True)


# ---- against R -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize("covariance", ["nonrobust", "HC1", "HC3"])
@pytest.mark.filterwarnings("ignore::servqual.WeightsWarning")
def test_coefficients_and_tests_are_those_of_r(case: str, covariance: Any) -> None:
    design, options = CASES[case]
    expected = load_expected("penalty_reward")[case]
    result = contrasts(reference_survey(design), covariance=covariance, **options)
    assert result.sample.n_obs == expected["n"]
    theirs = expected["by_covariance"][covariance]
    rows = in_order_of_r(result.coefficients, expected["names"])
    assert_tested(rows, theirs["coefficients"])
    assert_tested(result.symmetry, theirs["symmetry"])
    for ours, name in (
        ("range", "estimate"),
        ("range_low", "conf_low"),
        ("range_high", "conf_high"),
    ):
        assert_allclose(result.asymmetry[ours], records(theirs["range"])[name], rtol=1e-8)


@pytest.mark.parametrize("case", list(CASES))
def test_asymmetry_and_groups_are_those_of_r(case: str) -> None:
    design, options = CASES[case]
    expected = load_expected("penalty_reward")[case]
    result = contrasts(reference_survey(design), **options)
    assert result.cells["n_low"].tolist() == expected["n_low"]
    assert result.cells["n_high"].tolist() == expected["n_high"]
    for column in ("reward", "penalty", "impact_asymmetry", "satisfaction_potential"):
        theirs = np.array(expected[column], dtype=float)
        assert_allclose(result.asymmetry[column], theirs, rtol=1e-8, atol=1e-11, err_msg=column)
    assert_allclose(result.r_squared, expected["r_squared"], rtol=1e-9)
    assert_allclose(result.adj_r_squared, expected["adj_r_squared"], rtol=1e-9)


@pytest.mark.parametrize("case", ["quantile", "sampling"])
def test_the_test_of_symmetry_is_linear_hypothesis(case: str) -> None:
    design, options = CASES[case]
    theirs = records(load_expected("penalty_reward")[case]["by_covariance"]["HC3"]["symmetry"])
    symmetry = contrasts(reference_survey(design), **options).symmetry
    assert_allclose(symmetry["statistic"] ** 2, theirs["f_statistic"], rtol=1e-7)
    assert_allclose(symmetry["p_value"], theirs["f_p_value"], rtol=1e-7)


def test_clusters_are_those_of_r() -> None:
    expected = load_expected("penalty_reward")["clusters"]
    with pytest.warns(sq.SmallSampleWarning, match="clusters of") as caught:
        result = sq.penalty_reward(
            reference_survey(), cluster="branch", covariance="CR1", n_resamples=0
        )
    assert caught[0].filename == __file__
    theirs = expected["by_covariance"]["CR1"]
    assert_tested(in_order_of_r(result.coefficients, expected["names"]), theirs["coefficients"])
    assert_tested(result.symmetry, theirs["symmetry"], rtol=1e-7)


def test_few_clusters_are_those_of_clubsandwich() -> None:
    expected = load_expected("penalty_reward")["small_clusters"]
    result = contrasts(reference_survey(), cluster="office")
    assert result.covariance == "CR2"
    rows = in_order_of_r(result.coefficients, expected["names"])
    assert_tested(rows, expected["coefficients"], rtol=1e-7)
    assert_tested(result.symmetry, expected["symmetry"], rtol=1e-7)


def test_bootstrap_limits_and_classes_are_those_of_boot() -> None:
    expected = load_expected("penalty_reward")["bootstrap"]
    survey = reference_survey()
    runs = [contrasts(survey, n_resamples=2000, seed=seed) for seed in range(20)]
    pairs = [
        (
            np.array(
                [
                    run.coefficients.iloc[1:][["boot_low", "boot_high"]].to_numpy(dtype=float)
                    for run in runs
                ]
            ),
            np.array(expected["coefficient_limits"]),
        ),
        (
            np.array([run.classes[list(CLASSES)].to_numpy(dtype=float) for run in runs]),
            np.array(expected["classes"]),
        ),
    ]
    known = np.isfinite(runs[0].asymmetry["impact_asymmetry"])
    pairs.append(
        (
            np.array(
                [
                    run.asymmetry.loc[known, ["conf_low", "conf_high"]].to_numpy(dtype=float)
                    for run in runs
                ]
            ),
            np.array(expected["asymmetry_limits"])[known],
        )
    )
    for ours, theirs in pairs:
        # R's 20,000 draws are ten of our seeds; with some 60 numbers at once, 3.9 errors are 1%.
        spread = ours.std(axis=0, ddof=1) * np.sqrt(1 / 10 + 1 / 20)
        assert (np.abs(ours.mean(axis=0) - theirs) < 3.9 * spread + 1e-4).all()


# ---- what must hold ------------------------------------------------------------------------------


def test_potentials_add_up_and_ranges_are_steps() -> None:
    result = contrasts(reference_survey("complete"), on="gap", n_resamples=200)
    table = result.asymmetry
    assert_allclose(table["range"], table["reward"] - table["penalty"])
    known = table.dropna(subset=["impact_asymmetry"])
    assert_allclose(known["satisfaction_potential"] + known["dissatisfaction_potential"], 1.0)
    assert known["impact_asymmetry"].between(-1, 1).all()
    assert_allclose(result.classes[list(CLASSES)].sum(axis=1), 1.0)
    chosen = [result.classes.loc[row, name] for row, name in enumerate(table["class"])]
    assert_allclose(table["class_probability"], chosen)
    assert (table["conf_low"].dropna() >= -1).all()
    assert (table["conf_high"].dropna() <= 1).all()


def shaped_survey(n: int = 3000, **more: Any) -> sq.Survey:
    """Make a survey in which d1 costs only, d2 earns only and d3 does both."""
    generator = np.random.default_rng(12)
    columns: dict[str, Any] = {}
    level = {}
    for item in (1, 2, 3):
        level[item] = generator.integers(1, 8, n)
        columns[f"P{item}"] = level[item]
        columns[f"E{item}"] = generator.integers(4, 8, n)
    columns["y"] = (
        -2.0 * (level[1] <= 2)
        + 0.1 * (level[1] >= 6)
        - 0.1 * (level[2] <= 2)
        + 2.0 * (level[2] >= 6)
        - (level[3] <= 2)
        + 1.0 * (level[3] >= 6)
        + generator.normal(size=n)
    )
    return toy_survey(
        pd.DataFrame(columns | more), toy_instrument((1, 1, 1)), outcomes={"satisfaction": ["y"]}
    )


def test_costs_and_earnings_are_found() -> None:
    result = sq.penalty_reward(shaped_survey(), coding="scale", low=2, high=6, n_resamples=300)
    # Truth is ±.1/2, which the noise may turn round; the class must be the extreme one or none.
    table = result.asymmetry.set_index("term")
    assert_allclose(table["reward"], [0.1, 2.0, 1.0], atol=0.15)
    assert_allclose(table["penalty"], [-2.0, -0.1, -1.0], atol=0.15)
    assert table.loc["d3", "class"] == "hybrid"
    assert result.classes["hybrid"].iloc[2] > 0.9
    words = str(result.interpret())
    assert "basic factor" in words
    assert "excitement factor" in words
    assert "performance factor" in words
    p_values = result.symmetry["p_adjusted"].to_numpy()
    assert (p_values[:2] < 1e-10).all()
    assert p_values[2] > 0.01


def test_wrong_signs_are_indeterminate_and_told() -> None:
    frame = toy_frame(400)
    frame["y"] = -frame["P1"]
    for item in (2, 3, 4, 5):
        frame[f"P{item}"] = np.random.default_rng(item).integers(1, 8, 400)
    frame["y"] += np.random.default_rng(1).normal(size=400)
    survey = toy_survey(frame, toy_instrument((1, 4)), outcomes={"satisfaction": ["y"]})
    result = contrasts(survey, n_resamples=200)
    row = result.asymmetry.iloc[0]
    assert float(row["reward"]) < 0 < float(row["penalty"])
    assert row["class"] == "indeterminate"
    assert np.isnan(
        row[["impact_asymmetry", "satisfaction_potential", "conf_low"]].astype(float)
    ).all()
    assert float(row["range"]) < 0
    assert result.classes.loc[0, "indeterminate"] == 1.0
    assert any("A reward below zero" in note and "d1" in note for note in result.notes)
    assert any("A penalty above zero" in note and "d1" in note for note in result.notes)
    assert "Both have the wrong sign." in str(result.interpret())


def test_another_pair_of_class_cuts() -> None:
    survey = reference_survey()
    result = contrasts(survey, n_resamples=200, class_cuts=(0.3, 1.0))
    assert (result.classes[["frustrator", "delighter"]] == 0).all().all()
    assert result.class_cuts == (0.3, 1.0)


def test_the_seed_is_all_that_matters() -> None:
    survey = reference_survey()
    told: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        told.append((done, total))

    one = contrasts(survey, n_resamples=200, progress=note)
    assert told[-1] == (200, 200)
    assert one.to_json() == contrasts(survey, n_resamples=200).to_json()
    assert one.to_json() != contrasts(survey, n_resamples=200, seed=2).to_json()


def test_the_order_of_respondents_does_not_matter() -> None:
    frame = reference_frame()
    here = contrasts(survey_of(frame))
    there = contrasts(survey_of(frame.iloc[::-1].reset_index(drop=True)))
    pd.testing.assert_frame_equal(here.coefficients, there.coefficients, rtol=1e-9)
    pd.testing.assert_frame_equal(here.cells, there.cells)


def test_frequency_weight_two_is_everybody_twice() -> None:
    frame = reference_frame()
    twice = survey_of(frame.assign(two=2.0), weights=sq.FrequencyWeights("two"))
    again = survey_of(pd.concat([frame, frame], ignore_index=True))
    here, there = contrasts(twice), contrasts(again)
    pd.testing.assert_frame_equal(here.coefficients, there.coefficients, rtol=1e-9)
    pd.testing.assert_frame_equal(here.cells, there.cells)
    assert here.sample.n_obs == there.sample.n_obs


def test_sampling_weights_move_the_quarters() -> None:
    cells = contrasts(reference_survey("sampling")).cells
    total = cells[["share_low", "share_middle", "share_high"]].sum(axis=1)
    assert_allclose(total, 1.0)
    frame = reference_frame().assign(same=1.0)
    same = contrasts(survey_of(frame, weights=sq.SamplingWeights("same")))
    plain = contrasts(survey_of(frame))
    pd.testing.assert_frame_equal(same.cells, plain.cells)
    assert_allclose(same.coefficients["estimate"], plain.coefficients["estimate"], rtol=1e-9)


def test_clusters_are_drawn_whole() -> None:
    frame = reference_frame().assign(own=lambda data: data["id"].astype(str))
    alone = contrasts(survey_of(frame), n_resamples=2000)
    clustered = contrasts(survey_of(frame, groups=["own"]), cluster="own", n_resamples=2000)
    width = [
        (run.coefficients["boot_high"] - run.coefficients["boot_low"]).to_numpy()
        for run in (alone, clustered)
    ]
    assert_allclose(width[0], width[1], rtol=0.1)


def test_clusters_of_one_respondent() -> None:
    groups = [f"c{number % 12}" for number in range(95)] + [f"alone{number}" for number in range(5)]
    survey = toy_survey(toy_frame(100, g=groups))
    result = contrasts(survey, cluster="g", n_resamples=300)
    assert result.covariance == "CR2"
    assert np.isfinite(result.coefficients["std_error"]).all()
    assert (result.coefficients["boot_low"] < result.coefficients["boot_high"]).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sq.SmallSampleWarning)
        bends = sq.nonlinearity(survey, cluster="g", forms="quadratic")
    assert np.isfinite(bends.tests["p_value"]).all()


# ---- nasty cases ---------------------------------------------------------------------------------


def test_everybody_high_has_no_penalty() -> None:
    frame = toy_frame(200)
    generator = np.random.default_rng(8)
    for item in (1, 2):
        frame[f"P{item}"] = generator.choice([4, 6, 7], 200, p=[0.2, 0.3, 0.5])
    with pytest.warns(sq.SmallSampleWarning, match="less than 5%") as caught:
        result = sq.penalty_reward(toy_survey(frame), coding="scale", low=3, n_resamples=200)
    assert caught[0].filename == __file__
    first = result.asymmetry.iloc[0]
    assert np.isnan(first["penalty"])
    assert np.isfinite(first["reward"])
    assert first["class"] == "not estimated"
    assert np.isnan(first["class_probability"])
    assert result.classes["n_draws"].iloc[0] == 0
    assert any("Nobody is in these groups" in note and "d1 (low)" in note for note in result.notes)
    assert "d1" not in {part.topic for part in result.interpret().statements}


def test_without_a_middle_there_is_neither_but_the_others_stay_adjusted() -> None:
    frame = toy_frame(200)
    for item in (1, 2):
        frame[f"P{item}"] = np.where(np.arange(200) % 3 > 0, 7, 2)
    survey = toy_survey(frame)
    result = contrasts(survey, coding="scale", n_resamples=200)
    assert result.asymmetry.loc[0, ["reward", "penalty"]].isna().all()
    assert any("Nobody is in the middle" in note and "d1" in note for note in result.notes)
    values = survey.rows(["perception:d1", "perception:d2", "satisfaction"])
    design = np.column_stack(
        [np.ones(200), values[:, 0] <= 3, values[:, 1] <= 3, values[:, 1] >= 5]
    ).astype(float)
    slopes = np.linalg.lstsq(design, values[:, 2], rcond=None)[0]
    assert_allclose(
        result.asymmetry.loc[1, ["penalty", "reward"]].astype(float), slopes[2:], rtol=1e-9
    )


def test_a_constant_dimension_has_nothing() -> None:
    frame = toy_frame(80)
    frame["P1"] = frame["P2"] = 6
    for coding in ("quantile", "sd", "scale"):
        result = contrasts(toy_survey(frame), coding=coding, n_resamples=100)
        assert result.asymmetry.loc[0, ["reward", "penalty"]].isna().all()
        assert np.isfinite(result.coefficients["estimate"].iloc[3:]).any()


def test_two_equal_dimensions_cannot_be_told_apart() -> None:
    frame = toy_frame(80)
    frame["P2"] = frame["P1"]
    survey = toy_survey(frame, toy_instrument((1, 1, 3)))
    with pytest.raises(sq.NotIdentifiedError, match=r"repeat each other exactly.*d1 \(low\)"):
        sq.penalty_reward(survey, n_resamples=0)


def test_few_respondents() -> None:
    small = contrasts(toy_survey(toy_frame(25)), n_resamples=500)
    assert np.isfinite(small.coefficients["estimate"]).all()
    assert small.n_degenerate < 500
    with pytest.raises(sq.EstimationError, match="at least 6 respondents"):
        contrasts(toy_survey(toy_frame(5)))
    with pytest.raises(sq.EstimationError):
        contrasts(toy_survey(toy_frame(1)))


def test_twenty_five_respondents_are_too_few_for_forty_four_groups() -> None:
    frame = reference_frame("survey_complete").iloc[:25]
    with pytest.raises(sq.EstimationError, match=r"at least \d+ respondents.*25"):
        contrasts(survey_of(frame), predictors="items")


def test_a_group_of_one_has_no_robust_errors() -> None:
    frame = toy_frame(60)
    frame["P1"] = frame["P2"] = np.r_[1, np.tile([4, 5, 6, 7], 15)[:59]]
    frame["P3"] = frame["P4"] = frame["P5"] = np.tile([1, 4, 7], 20)
    result = contrasts(toy_survey(frame), coding="scale", low=2, high=7, n_resamples=300)
    assert result.coefficients["std_error"].isna().all()
    assert any("leverage 1" in note for note in result.notes)
    # About one resample in three leaves that respondent out.
    assert 0.25 < 1 - result.classes["n_draws"].iloc[0] / 300 < 0.5
    assert result.n_degenerate >= 300 - result.classes["n_draws"].iloc[0]
    assert any("resamples a group was empty" in note for note in result.notes)
    # The other dimension's coefficients exist in these resamples too.
    assert result.classes["n_draws"].iloc[1] > 290


def test_an_empty_group_leaves_the_other_coefficients_of_its_resample() -> None:
    frame = toy_frame(60)
    frame["P1"] = frame["P2"] = np.r_[1, np.tile([4, 5, 6, 7], 15)[:59]]
    survey = toy_survey(frame)
    variables = model_variables(
        survey, outcome="satisfaction", on="perception", predictors="dimensions", analysis="test"
    )
    rule = coding_rule(survey, "perception", "scale", None, 3.5, 5)
    model = build_contrast_model(survey, variables, None, rule)
    draws = contrast_draws(survey, model, n_resamples=100, seed=3, cluster=None, progress=None)
    assert draws is not None
    resampled = resample(survey, model.rows, model.keep, n_resamples=100, seed=3)
    empty = resampled.covariances[:, 0, 0] == 0.0
    assert empty.any()
    assert np.isnan(draws[empty, 1]).all()
    for place in np.flatnonzero(empty):
        rest, shared = (
            resampled.covariances[place, 1:-1, 1:-1],
            resampled.covariances[place, 1:-1, -1],
        )
        slopes = np.linalg.solve(rest, shared)
        assert_allclose(draws[place, 2:], slopes, rtol=1e-8)
        means = resampled.means[place]
        assert_allclose(draws[place, 0], means[-1] - slopes @ means[1:-1], rtol=1e-8)


def test_two_valued_outcome_is_told() -> None:
    frame = toy_frame(120)
    frame["y"] = (frame["SAT1"] > 4).astype(int)
    result = contrasts(toy_survey(frame, outcomes={"satisfaction": ["y"]}), n_resamples=200)
    assert any("two values" in note for note in result.notes)
    assert np.isfinite(result.coefficients["estimate"]).all()


def test_constant_outcome_is_refused() -> None:
    frame = toy_frame(60, y=5.0)
    with pytest.raises(sq.EstimationError, match="satisfaction is the same"):
        contrasts(toy_survey(frame, outcomes={"satisfaction": ["y"]}))


def test_an_outcome_without_error_has_no_standard_errors() -> None:
    frame = toy_frame(200)
    score = frame[["P1", "P2"]].mean(axis=1)
    frame["y"] = 1.0 * (score >= 5) - 2.0 * (score <= 3)
    result = contrasts(toy_survey(frame, outcomes={"satisfaction": ["y"]}), coding="scale")
    assert_allclose(
        result.asymmetry.loc[0, ["reward", "penalty"]].astype(float), [1, -2], atol=1e-9
    )
    assert result.coefficients["std_error"].isna().all()
    assert any("without error" in note for note in result.notes)


def test_missing_everywhere_is_refused() -> None:
    frame = toy_frame(20)
    frame[["P3", "P4", "P5"]] = np.nan
    frame["P3"] = [1.0] + [np.nan] * 19
    with pytest.raises(sq.EstimationError, match="but there are 0 of 20"):
        contrasts(toy_survey(frame))


def test_quarters_that_are_none_are_told() -> None:
    frame = toy_frame(200)
    frame["P1"] = frame["P2"] = np.r_[np.repeat([5, 6], 20), np.full(160, 7)]
    result = contrasts(toy_survey(frame))
    [note] = [note for note in result.notes if "far from 25%" in note]
    assert "d1 (low), d1 (high)" in note
    assert not any("far from" in note for note in contrasts(toy_survey(frame), coding="sd").notes)


def test_frequency_weights_that_no_memory_holds() -> None:
    survey = toy_survey(toy_frame(f=1e6), weights=sq.FrequencyWeights("f"))
    with pytest.raises(sq.EstimationError, match="40,000,000 respondents, and `penalty_reward`"):
        contrasts(survey)
    with pytest.raises(sq.EstimationError, match="40,000,000 respondents, and `nonlinearity`"):
        sq.nonlinearity(survey)


def test_a_constant_covariate_is_refused() -> None:
    frame = toy_frame(60, z=3.0)
    survey = toy_survey(frame, outcomes={"satisfaction": ["SAT1"], "z": ["z"]})
    with pytest.raises(sq.EstimationError, match="columns do not vary over the 60 respondents: z"):
        contrasts(survey, covariates=["z"])


def test_nothing_to_contrast_is_refused() -> None:
    frame = toy_frame(60)
    for item in range(1, 6):
        frame[f"P{item}"] = 7
    with pytest.raises(sq.EstimationError, match="nothing to contrast"):
        contrasts(toy_survey(frame))


def test_classical_errors_with_sampling_weights_warn() -> None:
    with pytest.warns(sq.WeightsWarning, match="too small as a rule"):
        sq.penalty_reward(reference_survey("sampling"), covariance="nonrobust", n_resamples=0)


def test_moments_are_not_enough() -> None:
    moments = sq.Moments.from_covariance(np.eye(3) + 0.3, n=50)
    with pytest.raises(sq.RowsRequiredError, match="penalty_reward"):
        sq.penalty_reward(moments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"outcome": "happiness"}, "happiness"),
        ({"on": "gaps"}, "`on`"),
        ({"predictors": ["kindness"]}, "kindness"),
        ({"coding": "halves"}, "`coding`"),
        ({"share": 0.5}, "`share`"),
        ({"share": "quarter"}, "`share`"),
        ({"share": True}, "`share`"),
        ({"coding": "sd", "share": 0.2}, "belongs to"),
        ({"low": 2}, "belong to"),
        ({"coding": "scale", "low": "two"}, "`low`"),
        ({"coding": "scale", "low": 5, "high": 4}, "must be below"),
        ({"coding": "scale", "high": float("nan")}, "`high`"),
        ({"coding": "scale", "on": "gap"}, "needs `low` and `high`"),
        ({"coding": "gap-sign"}, "may be negative"),
        ({"class_cuts": (0.7, 0.2)}, "`class_cuts`"),
        ({"class_cuts": 0.2}, "`class_cuts`"),
        ({"class_cuts": (0.2, 0.5, 0.7)}, "`class_cuts`"),
        ({"covariates": "loyalty"}, "must be a list of names"),
        ({"covariates": ["reliability"]}, "among the `predictors`"),
        ({"covariates": ["satisfaction"]}, "among the predictors"),
        ({"covariance": "HC9"}, "`covariance`"),
        ({"covariance": "HC3", "cluster": "branch"}, "ignores clusters"),
        ({"covariance": "CR2"}, "needs `cluster`"),
        ({"cluster": 5}, "`cluster`"),
        ({"n_resamples": 5}, "at least 100"),
        ({"conf_level": 95}, "`conf_level`"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], words: str) -> None:
    with pytest.raises(sq.OptionError, match=words):
        contrasts(reference_survey(), **options)


def test_without_resamples_a_note_says_what_is_missing() -> None:
    result = sq.penalty_reward(toy_survey(toy_frame(200)), n_resamples=0)
    assert result.asymmetry["class_probability"].isna().all()
    assert any("No resamples were asked for" in note for note in result.notes)
    assert "of the resamples" not in str(result.interpret())


def test_a_bootstrap_of_few_clusters_is_warned_of() -> None:
    survey = toy_survey(toy_frame(200, g=np.arange(200) % 6))
    with pytest.warns(sq.SmallSampleWarning) as caught:
        sq.penalty_reward(survey, cluster="g", n_resamples=200)
    found = [one for one in caught if "A bootstrap of clusters needs many" in str(one.message)]
    assert len(found) == 1
    assert found[0].filename == __file__


def test_a_cluster_that_decides_a_coefficient_alone_is_told() -> None:
    survey = toy_survey(toy_frame(200, g=(np.arange(200) == 0).astype(int)))
    with pytest.warns(sq.SmallSampleWarning):
        result = sq.penalty_reward(survey, cluster="g", n_resamples=0)
    assert any("1 cluster is fitted exactly in some direction" in note for note in result.notes)


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_respondents_have_no_groups(n: int) -> None:
    with pytest.raises(sq.EstimationError, match=f"needs at least 3 .* of {n}"):
        sq.penalty_reward(toy_survey(toy_frame(n)))


def test_words_of_a_class_are_short_sentences() -> None:
    text = str(sq.penalty_reward(sq.load_example("bank"), n_resamples=500).interpret())
    assert "their sizes cannot be told apart (adjusted p = 1.000)." in text
    assert "by the cut points a satisfier: it earns more when good than it costs when bad" in text
    assert "% of the resamples agree, so the class is not settled" in text
    assert (
        "The reward has the wrong sign, but cannot be told from zero; at zero, this is a basic"
        in text
    )
