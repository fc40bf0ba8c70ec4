"""Diagnostics and cross-validation of a regression, against R."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from tests.analyses.surveys import (
    assert_columns,
    records,
    reference_survey,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

MEASURES = ["leverage", "studentised", "cooks_distance", "dffits"]


def diagnosed(design: str = "plain", **options: Any) -> sq.RegressionDiagnosticsResult:
    return sq.regression(reference_survey(design), outcome="satisfaction", **options).diagnostics()


def expected_of(situation: str) -> Any:
    return load_expected("linear_models")["diagnostics"][situation]


@pytest.mark.parametrize("situation", ["plain", "frequency"])
def test_tests_of_assumptions_are_those_of_r(situation: str) -> None:
    result = diagnosed(situation)
    expected = records(expected_of(situation)["tests"])
    assert result.tests["test"].tolist() == expected["test"].tolist()
    assert_columns(
        result.tests, expected, ["statistic", "df", "df_denominator", "p_value"], rtol=1e-8
    )


@pytest.mark.parametrize("situation", ["plain", "frequency", "sampling"])
def test_influence_and_collinearity_are_those_of_r(situation: str) -> None:
    result = diagnosed(situation)
    expected = expected_of(situation)
    table = records(expected["influence"])
    assert result.influential["row"].tolist() == table["row"].tolist()
    assert_columns(result.influential, table, MEASURES, rtol=1e-8)
    assert result.cutoffs["n"].tolist() == expected["beyond"]
    if situation != "sampling":
        # With weights R's `vif` takes the correlations of the coefficients, intercept and all.
        assert_allclose(result.collinearity["vif"], expected["vif"], rtol=1e-9)
    assert_allclose(result.collinearity["tolerance"], 1.0 / result.collinearity["vif"])
    conditions = result.condition_indices
    assert_allclose(conditions["condition_index"], expected["condition_index"], rtol=1e-9)
    shares = conditions.drop(columns=["component", "condition_index"]).to_numpy(dtype=float)
    assert_allclose(shares, expected["proportions"], rtol=1e-6, atol=1e-10)


def test_one_predictor_does() -> None:
    fit = sq.regression(reference_survey(), outcome="satisfaction", predictors=["reliability"])
    result = fit.diagnostics()
    assert result.collinearity["vif"].tolist() == [1.0]
    assert result.tests["p_value"].notna().all()
    assert result.tests.set_index("test").loc["White", "df"] == 2.0


def test_with_sampling_weights_tests_are_nan_and_say_why() -> None:
    result = diagnosed("sampling")
    assert result.tests["p_value"].isna().all()
    assert any("drawn with equal chances" in note for note in result.notes)
    vif = sq.regression(reference_survey("sampling"), outcome="satisfaction").coefficients["vif"]
    assert_allclose(result.collinearity["vif"], vif.iloc[1:], rtol=1e-9)


def test_rows_are_places_in_the_data() -> None:
    frame = toy_frame()
    frame.loc[3, ["SAT1", "SAT2", "SAT3"]] = np.nan
    frame.loc[17, ["SAT1", "SAT2", "SAT3"]] = 1.0
    frame.loc[17, ["P1", "P2"]] = 7.0
    result = sq.regression(toy_survey(frame), outcome="satisfaction").diagnostics()
    assert result.influential["row"].iloc[0] == 17
    assert len(result.influential) == 10


def test_duplicated_respondents_are_listed_once() -> None:
    frame = toy_frame(w=np.full(40, 3))
    survey = toy_survey(frame, weights=sq.FrequencyWeights("w"))
    result = sq.regression(survey, outcome="satisfaction").diagnostics()
    assert result.influential["row"].is_unique
    assert result.sample.n_obs == 120


def test_a_respondent_with_leverage_one_comes_first() -> None:
    frame = toy_frame(n_items=3)
    frame["E1"], frame["P1"] = 5.0, 5.0
    frame.loc[6, "P1"] = 2.0
    fit = sq.regression(toy_survey(frame, toy_instrument((1, 2))), outcome="satisfaction")
    result = fit.diagnostics()
    assert result.influential["row"].iloc[0] == 6
    assert_allclose(result.influential["leverage"].iloc[0], 1.0)
    assert result.influential[MEASURES[1:]].iloc[0].isna().all()
    assert any("determines a coefficient alone (leverage 1)" in note for note in result.notes)


def test_what_has_no_rows_or_no_error_is_refused() -> None:
    survey = reference_survey()
    moments = survey.moments(["P1", "P2", "satisfaction"])
    of_moments = sq.regression(moments, outcome="satisfaction")
    with pytest.raises(sq.RowsRequiredError, match="`diagnostics` needs respondents' answers"):
        of_moments.diagnostics()
    with pytest.raises(sq.RowsRequiredError, match="`cross_validate` needs respondents' answers"):
        of_moments.cross_validate()
    mixed = sq.regression(survey, outcome="satisfaction", random="office")
    with pytest.raises(
        sq.OptionError, match=r'`diagnostics` is for least squares.*random="office"'
    ):
        mixed.diagnostics()
    frame = toy_frame(n_items=3)
    frame["SAT1"] = frame["P1"] - frame["E1"] + 4
    exact = toy_survey(frame, toy_instrument((1, 2)), outcomes={"satisfaction": ["SAT1"]})
    with pytest.raises(sq.EstimationError, match="without any error, so there are no residuals"):
        sq.regression(exact, outcome="satisfaction").diagnostics()


def test_the_words_name_tests_and_sources() -> None:
    frame = toy_frame(200, seed=11)
    gap = (frame[["P1", "P2"]] - frame[["E1", "E2"]].to_numpy()).mean(axis=1)
    noise = np.random.default_rng(4).normal(size=200) * (gap - gap.min() + 0.1)
    frame["Y"] = gap**2 + noise
    survey = toy_survey(frame, outcomes={"y": ["Y"]})
    words = str(sq.regression(survey, outcome="y").diagnostics().interpret())
    assert "The error variance changes along the predictors (Breusch–Pagan, p < .001)" in words
    assert "Straight lines do not do justice to the data (RESET, p < .001)" in words
    assert "Belsley" in words
    calm = str(diagnosed().interpret())
    assert "Nobody moves the coefficients alone" in calm


# ---- cross-validation ----------------------------------------------------------------------------


def test_leaving_one_out_is_the_press_statistic_of_r() -> None:
    fit = sq.regression(reference_survey(), outcome="satisfaction")
    expected = load_expected("linear_models")["leave_one_out"]
    result = fit.cross_validate(n_folds=expected["n"], n_repeats=1)
    assert_allclose(result.r_squared, expected["r_squared"], rtol=1e-9)
    assert_allclose(result.rmse, expected["rmse"], rtol=1e-9)
    assert np.isnan(result.std_dev)
    assert any("Fewer than two repeats" in note for note in result.notes)


def test_repeats_are_reproducible_and_below_r_squared() -> None:
    fit = sq.regression(reference_survey(), outcome="satisfaction")
    first, again = fit.cross_validate(n_repeats=5), fit.cross_validate(n_repeats=5)
    assert repr(first) == repr(again)
    assert first.r_squared < first.in_sample
    assert_allclose(first.r_squared, first.repeats["r_squared"].mean())
    assert_allclose(first.std_dev, first.repeats["r_squared"].std())
    assert (len(first.repeats), len(first.folds)) == (5, 50)
    assert (first.folds.groupby("repeat")["n"].sum() == first.sample.n_obs).all()
    other = fit.cross_validate(n_repeats=5, seed=2)
    assert other.r_squared != first.r_squared
    assert "has not seen" in str(first.interpret())


def test_folds_agree_with_fits_to_rows() -> None:
    """One repeat, done the long way with the weights of a sample."""
    survey = reference_survey("sampling")
    fit = sq.regression(survey, outcome="satisfaction")
    result = fit.cross_validate(n_folds=4, n_repeats=1, seed=7)
    x, y = np.asarray(fit.model.model.exog), np.asarray(fit.model.model.endog)
    w = np.asarray(fit.model.model.weights)
    member = np.random.default_rng(7).permutation(np.arange(len(y)) % 4)
    errors, about = 0.0, 0.0
    for fold in range(4):
        out = member == fold
        root = np.sqrt(w[~out])
        slopes = np.linalg.lstsq(root[:, None] * x[~out], root * y[~out], rcond=None)[0]
        errors += float(w[out] @ (y[out] - x[out] @ slopes) ** 2)
        about += float(w[out] @ (y[out] - np.average(y[~out], weights=w[~out])) ** 2)
    assert_allclose(result.r_squared, 1.0 - errors / about, rtol=1e-9)


def test_a_fold_that_holds_all_of_a_group_is_told_of() -> None:
    frame = toy_frame(40, g=["a"] * 39 + ["b"])
    fit = sq.regression(toy_survey(frame), outcome="satisfaction", covariates=["g"])
    result = fit.cross_validate(n_folds=5, n_repeats=3)
    assert np.isnan(result.r_squared)
    assert result.repeats["r_squared"].isna().all()
    assert any("In 3 of 3 repeats a fold held all answers" in note for note in result.notes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_folds": 1}, "`n_folds` is 1, but must be a whole number from 2 up"),
        ({"n_repeats": 0}, "`n_repeats` is 0, but must be a whole number from 1 up"),
        ({"seed": -1}, "`seed` is -1, but must be a whole number from 0 up"),
    ],
)
def test_settings_are_checked(options: dict[str, Any], words: str) -> None:
    fit = sq.regression(reference_survey(), outcome="satisfaction")
    with pytest.raises(sq.OptionError, match=words):
        fit.cross_validate(**options)


def test_tables_are_copies_and_glance_has_one_row() -> None:
    fit = sq.regression(reference_survey(), outcome="satisfaction")
    for result in (fit.diagnostics(), fit.cross_validate(n_repeats=2)):
        before = result.to_json()
        table = result.tidy()
        table[table.columns[0]] = None
        assert result.to_json() == before
        assert len(result.glance()) == 1
