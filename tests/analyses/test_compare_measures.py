from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.numerics.cross_validation import cross_validated_r_squared
from servqual.numerics.dependent_correlations import compare_correlations, partial_correlation
from servqual.typing import FloatArray
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

MEASURES = ["SERVQUAL", "weighted SERVQUAL", "SERVPERF", "weighted SERVPERF"]
CASES = ["satisfaction", "loyalty", "frequency"]


def case(name: str) -> tuple[dict[str, Any], sq.Survey]:
    expected = load_expected("compare_measures")
    if name == "frequency":
        return expected["frequency"], reference_survey("frequency")
    return expected["plain"][CASES.index(name)], reference_survey()


# ---- against R -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_correlations_and_williams_t_are_those_of_r(name: str) -> None:
    expected, survey = case(name)
    result = sq.compare_measures(survey, outcome=expected["outcome"], n_resamples=0)
    assert result.sample.n_obs == expected["n"]
    assert result.measures["measure"].tolist() == MEASURES
    assert_allclose(result.measures["r"], expected["r"], rtol=1e-9)
    tests = records(expected["tests"])
    words = [name.lower().replace(" ", "_") for name in result.tests["first"]]
    assert words == tests["first"].tolist()
    assert_allclose(result.tests["statistic"], tests["statistic"], rtol=1e-7)
    assert_allclose(result.tests["p_value"], tests["p_value"], rtol=1e-6, atol=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_components_and_constraint_are_those_of_r(name: str) -> None:
    expected, survey = case(name)
    result = sq.compare_measures(survey, outcome=expected["outcome"], n_resamples=0)
    components = records(expected["components"])
    for column in components:
        assert_allclose(result.components[column], components[column], rtol=1e-7)
    constraint = expected["constraint"]
    for column, value in constraint.items():
        assert_allclose(result.constraint[column], value, rtol=1e-7, err_msg=column)
    # The partial correlation's test is that of expectation's coefficient, and of the gap's too.
    assert_allclose(result.constraint["partial_p"], result.components["p_value"].iloc[1], rtol=1e-9)


def test_williams_t_of_the_literature() -> None:
    found = compare_correlations(0.5, 0.42, 0.6, 200)
    assert_allclose(found.statistic, 1.461362, atol=5e-7)
    assert found.df == 197


def test_williams_t_refuses_what_cannot_be() -> None:
    with pytest.raises(sq.EstimationError, match="at least four"):
        compare_correlations(0.5, 0.4, 0.3, 3)
    with pytest.raises(sq.EstimationError, match="No data can have"):
        compare_correlations(0.9, -0.9, 0.9, 100)
    assert np.isnan(compare_correlations(0.5, 0.5, 1.0, 100).statistic)


def test_partial_correlation_of_what_repeats_is_nan() -> None:
    assert np.isnan(partial_correlation(0.5, 1.0, 0.5, 100, 0.95).estimate)
    assert np.isnan(partial_correlation(1.0, 0.0, 0.0, 100, 0.95).statistic)
    with pytest.raises(sq.EstimationError, match="at least five"):
        partial_correlation(0.5, 0.3, 0.4, 4, 0.95)


# ---- cross-validation ----------------------------------------------------------------------------


def by_hand(x: FloatArray, y: FloatArray, folds: FloatArray, weights: FloatArray) -> float:
    errors = total = 0.0
    for fold in np.unique(folds):
        rest, held = folds != fold, folds == fold
        slope, intercept = np.polyfit(x[rest], y[rest], 1, w=np.sqrt(weights[rest]))
        mean = np.average(y[rest], weights=weights[rest])
        errors += (weights[held] * (y[held] - intercept - slope * x[held]) ** 2).sum()
        total += (weights[held] * (y[held] - mean) ** 2).sum()
    return 1.0 - errors / total


@pytest.mark.parametrize("weighted", [False, True])
def test_cross_validation_is_a_loop_over_folds(weighted: bool) -> None:
    generator = np.random.default_rng(5)
    x = generator.normal(size=(43, 2))
    y = x[:, 0] + generator.normal(size=43)
    weights = generator.uniform(0.5, 2.0, size=43) if weighted else np.ones(43)
    found = cross_validated_r_squared(
        x, y, n_folds=5, n_repeats=1, seed=9, weights=weights if weighted else None
    )
    folds = np.random.default_rng(9).permutation(np.arange(43) % 5)
    for place in range(2):
        assert_allclose(found[0, place], by_hand(x[:, place], y, folds, weights), rtol=1e-10)


def test_cross_validation_needs_respondents() -> None:
    with pytest.raises(sq.EstimationError, match="cannot be divided"):
        cross_validated_r_squared(np.ones((4, 1)), np.ones(4), n_folds=2, n_repeats=1, seed=1)
    constant = cross_validated_r_squared(
        np.ones((9, 1)), np.arange(9.0), n_folds=3, n_repeats=1, seed=1
    )
    assert np.isnan(constant).all()


# ---- the bootstrap -------------------------------------------------------------------------------


def test_the_seed_is_all_that_matters() -> None:
    one = sq.compare_measures(reference_survey(), n_resamples=200)
    assert one.to_json() == sq.compare_measures(reference_survey(), n_resamples=200).to_json()
    other = sq.compare_measures(reference_survey(), n_resamples=200, seed=2)
    assert one.to_json() != other.to_json()
    assert_allclose(one.measures["p_best"].sum(), 1.0)


def test_intervals_of_differences_agree_with_williams_where_all_is_normal() -> None:
    result = sq.compare_measures(reference_survey(), n_resamples=4000)
    sure = result.tests["p_value"] < 0.001
    clear = (result.tests["conf_low"] > 0) | (result.tests["conf_high"] < 0)
    assert clear[sure].all()


def test_no_resamples_no_intervals() -> None:
    result = sq.compare_measures(reference_survey(), n_resamples=0)
    assert result.measures["r_squared_low"].isna().all()
    assert any("No resamples" in note for note in result.notes)


# ---- parts of a survey ---------------------------------------------------------------------------


def test_without_points_there_are_no_weighted_measures() -> None:
    result = sq.compare_measures(toy_survey(toy_frame()), n_resamples=0)
    assert result.measures["measure"].tolist() == ["SERVQUAL", "SERVPERF"]
    assert any("importance points" in note for note in result.notes)


def test_disconfirmation_is_one_more_measure() -> None:
    result = sq.compare_measures(reference_survey(), disconfirmation="loyalty", n_resamples=0)
    assert result.measures["measure"].tolist() == [*MEASURES, "disconfirmation"]
    moments = reference_survey()
    values = moments.rows(["satisfaction", "loyalty"])
    assert abs(result.measures["r"].iloc[-1]) <= 1.0
    assert np.isfinite(values).any()


def test_teas_measures_are_distances_from_the_desired_level() -> None:
    frame = toy_frame(60)
    generator = np.random.default_rng(8)
    for item in range(1, 6):
        frame[f"D{item}"] = np.clip(frame[f"E{item}"] + generator.integers(-1, 3, 60), 1, 7)
    survey = toy_survey(frame, desired="D{item}")
    result = sq.compare_measures(survey, n_resamples=0)
    names = result.measures["measure"].tolist()
    assert names == ["SERVQUAL", "SERVPERF", "evaluated performance", "normed quality"]

    def distance(side: str) -> FloatArray:
        apart = np.abs(
            frame[[f"{side}{item}" for item in range(1, 6)]].to_numpy()
            - frame[[f"D{item}" for item in range(1, 6)]].to_numpy()
        )
        one: FloatArray = (apart[:, :2].mean(axis=1) + apart[:, 2:].mean(axis=1)) / 2
        return one

    y = frame[["SAT1", "SAT2", "SAT3"]].mean(axis=1)
    by_measure = result.measures.set_index("measure")["r"]
    assert_allclose(by_measure["evaluated performance"], np.corrcoef(-distance("P"), y)[0, 1])
    assert_allclose(
        by_measure["normed quality"], np.corrcoef(distance("E") - distance("P"), y)[0, 1]
    )


# ---- nasty cases ---------------------------------------------------------------------------------


def test_expectations_at_the_ceiling() -> None:
    frame = toy_frame(40)
    for item in range(1, 6):
        frame[f"E{item}"] = 7.0
    result = sq.compare_measures(toy_survey(frame), n_resamples=200)
    assert_allclose(*result.measures["r"])
    assert result.tests["statistic"].isna().all()
    assert result.constraint["f_statistic"].isna().all()
    assert result.components["estimate"].isna().all()
    assert len(result.interpret().statements) == 1


def test_constant_perceptions_are_an_error() -> None:
    frame = toy_frame(40)
    for item in range(1, 6):
        frame[f"P{item}"] = 4.0
    with pytest.raises(sq.EstimationError, match="SERVPERF"):
        sq.compare_measures(toy_survey(frame), n_resamples=0)


def test_twenty_five_respondents_and_too_few() -> None:
    result = sq.compare_measures(toy_survey(toy_frame(25)), n_resamples=200)
    assert np.isfinite(result.measures["cv_r_squared"]).all()
    with pytest.raises(sq.EstimationError, match="at least 5"):
        sq.compare_measures(toy_survey(toy_frame(4)), n_resamples=0)
    with pytest.raises(sq.OptionError, match="fewer folds"):
        sq.compare_measures(toy_survey(toy_frame(8)), n_resamples=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"outcome": "happiness"}, "happiness"),
        ({"n_folds": 1}, "`n_folds` is 1"),
        ({"n_repeats": 0}, "`n_repeats` is 0"),
        ({"n_resamples": 5}, "at least 100"),
        ({"disconfirmation": "satisfaction"}, "among the predictors"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], words: str) -> None:
    with pytest.raises(sq.OptionError, match=words):
        sq.compare_measures(reference_survey(), **options)


def test_a_survey_of_perceptions_only_says_what_is_missing() -> None:
    frame = toy_frame(40).drop(columns=[f"E{item}" for item in range(1, 6)])
    survey = toy_survey(frame, toy_instrument(), sides=["perception"])
    with pytest.raises(sq.OptionError, match="expectation"):
        sq.compare_measures(survey)


def test_moments_are_refused() -> None:
    with pytest.raises(sq.RowsRequiredError):
        sq.compare_measures(sq.Moments.from_covariance(np.eye(2) + 0.2, 50))  # type: ignore[arg-type]


# ---- words ---------------------------------------------------------------------------------------


def test_the_words_follow_the_numbers() -> None:
    words = str(sq.compare_measures(reference_survey(), n_resamples=200).interpret())
    assert "SERVQUAL (P − E) and SERVPERF (P)" in words
    assert "partial r" in words
    frame = reference_frame()
    perceptions = [f"P{item}" for item in range(1, 23)]
    frame["SAT1"] = np.rint(frame[perceptions].mean(axis=1)).clip(1, 7)
    alone = sq.compare_measures(survey_of(frame), outcome="SAT1", n_resamples=200)
    text = str(alone.interpret())
    assert "SERVPERF correlates more strongly" in text
    assert "hides something" in text
