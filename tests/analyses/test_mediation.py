from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.numerics.path_effects import path_coefficients
from tests.analyses.surveys import (
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

COLUMNS = ["estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high"]
DIMENSIONS = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]


def tal_or(**more: Any) -> sq.Survey:
    """Data of Tal-Or and others as outcomes of a survey."""
    rows = pd.DataFrame(load_expected("mediation")["tal_or"]["rows"])
    frame = toy_frame(len(rows))
    for name in rows:
        frame[name] = rows[name]
    frame = frame.assign(**more)
    return toy_survey(frame, outcomes={name: [name] for name in rows})


def tal_or_moments() -> sq.Moments:
    two = load_expected("mediation")["tal_or_two"]
    names = ["cond", "import", "pmi", "reaction"]
    return sq.Moments.from_covariance(two["covariance"], two["n"], names)


def mediate(data: sq.Survey | sq.Moments, **options: Any) -> sq.MediationResult:
    return sq.mediation(
        data, predictor="cond", **({"mediator": "pmi", "outcome": "reaction"} | options)
    )


def rows_of(result: sq.MediationResult, term: str) -> pd.DataFrame:
    return result.effects[result.effects["term"] == term].reset_index(drop=True)


def assert_paths(rows: pd.DataFrame, expected: list[dict[str, Any]]) -> None:
    for name in COLUMNS:
        assert_allclose(rows[name], [row[name] for row in expected], rtol=1e-8, err_msg=name)


# ---- against R -----------------------------------------------------------------------------------


def test_one_mediator_is_that_of_r() -> None:
    expected = load_expected("mediation")["tal_or"]
    for data in (tal_or(), tal_or_moments()):
        result = mediate(data, interval="sobel")
        for term in ("a", "b", "direct", "total"):
            assert_paths(rows_of(result, term), expected[term])
        theory = expected["normal_theory"]
        row = result.normal_theory.iloc[0]
        assert_allclose(row["estimate"], theory["estimate"], rtol=1e-9)
        for name in ("sobel", "aroian", "goodman"):
            assert_allclose(row[f"{name}_std_error"], theory["std_error"][name], rtol=1e-9)
            assert_allclose(row[f"{name}_statistic"], theory["statistic"][name], rtol=1e-9)
            assert_allclose(row[f"{name}_p"], theory["p_value"][name], rtol=1e-8)
        indirect = rows_of(result, "indirect").iloc[0]
        assert_allclose(indirect["std_error"], theory["std_error"]["sobel"], rtol=1e-9)
        assert_allclose(indirect["p_value"], theory["p_value"]["sobel"], rtol=1e-8)
        assert_allclose(result.equations["r_squared"], expected["r_squared"], rtol=1e-9)


def test_published_figures_of_the_example() -> None:
    # psychTools vignette: c .4957, c' .25, ab .24; Sobel, Aroian and Goodman errors of the text.
    result = mediate(tal_or(), interval="sobel")
    estimate = result.effects.set_index("term")["estimate"]
    assert_allclose(estimate["total"], 0.4957, atol=5e-5)
    assert_allclose(estimate["a"], 0.4765252, atol=5e-8)
    assert_allclose(estimate["b"], 0.5064485, atol=5e-8)
    assert_allclose(estimate["direct"], 0.2543542, atol=5e-8)
    assert_allclose(estimate["indirect"], 0.2413355, atol=5e-8)
    assert_allclose(result.normal_theory["sobel_std_error"], 0.128011, atol=5e-7)
    assert_allclose(result.normal_theory["aroian_std_error"], 0.1300385, atol=5e-8)
    assert_allclose(result.normal_theory["goodman_std_error"], 0.1259509, atol=5e-8)


@pytest.mark.parametrize(("interval", "name"), [("percentile", "percent"), ("bca", "bca")])
def test_bootstrap_limits_are_those_of_r_within_simulation_error(interval: Any, name: str) -> None:
    expected = load_expected("mediation")["tal_or"]["boot"]
    survey = tal_or()
    limits = np.array(
        [
            rows_of(mediate(survey, interval=interval, seed=seed), "indirect")
            .loc[0, ["conf_low", "conf_high", "std_error"]]
            .to_numpy(dtype=float)
            for seed in range(60)
        ]
    )
    target = np.array([*expected[name], expected["sd"]])
    # R's own 100,000 draws are as many as 20 of our seeds have together.
    spread = limits.std(axis=0, ddof=1)
    assert (np.abs(limits.mean(axis=0) - target) < 3.0 * spread * np.sqrt(1 / 20 + 1 / 60)).all()


def test_parallel_mediators_are_those_of_r() -> None:
    expected = load_expected("mediation")["tal_or_two"]
    result = mediate(tal_or_moments(), mediator=["import", "pmi"], interval="sobel")
    assert_paths(rows_of(result, "a"), expected["a_import"] + expected["a_pmi"])
    assert_paths(rows_of(result, "direct"), expected["outcome"][:1])
    assert_paths(rows_of(result, "b"), expected["outcome"][1:])
    # psychTools vignette: ab .3923, c' .1034.
    assert_allclose(rows_of(result, "indirect")["estimate"], 0.3923, atol=5e-5)
    assert_allclose(result.glance()["r_squared"], expected["r_squared"], rtol=1e-9)
    specific = rows_of(result, "specific")["estimate"]
    contrast = rows_of(result, "contrast")
    assert_allclose(contrast["estimate"], specific[0] - specific[1], rtol=1e-12)


def test_serial_mediators_are_those_of_r() -> None:
    expected = load_expected("mediation")["tal_or_two"]
    result = mediate(tal_or_moments(), mediator=["import", "pmi"], serial=True, interval="sobel")
    assert_paths(rows_of(result, "a"), expected["a_import"] + expected["a_pmi_serial"][:1])
    assert_paths(rows_of(result, "d"), expected["a_pmi_serial"][1:])
    a1 = expected["a_import"][0]["estimate"]
    d = expected["a_pmi_serial"][1]["estimate"]
    b2 = expected["outcome"][2]["estimate"]
    specific = rows_of(result, "specific")
    assert_allclose(specific["estimate"].iloc[2], a1 * d * b2, rtol=1e-9)
    errors = [a1 * d * b2]
    for row, value in (
        (expected["a_import"][0], a1),
        (expected["a_pmi_serial"][1], d),
        (expected["outcome"][2], b2),
    ):
        errors.append(a1 * d * b2 / value * row["std_error"])
    assert_allclose(specific["std_error"].iloc[2], np.linalg.norm(errors[1:]), rtol=1e-8)
    assert_allclose(
        rows_of(result, "indirect")["estimate"].iloc[0], specific["estimate"].sum(), rtol=1e-12
    )


def test_five_predictors_are_those_of_r() -> None:
    expected = load_expected("mediation")["many"]
    result = sq.mediation(reference_survey(), predictor="dimensions", interval="sobel")
    assert result.sample.n_obs == expected["n"]
    assert result.predictors == tuple(DIMENSIONS)
    assert_paths(rows_of(result, "a"), expected["a"])
    assert_paths(rows_of(result, "direct"), expected["outcome"][:5])
    assert_paths(rows_of(result, "b"), expected["outcome"][5:])
    assert_paths(rows_of(result, "total"), expected["total"])


def test_frequency_weights_and_covariates_are_those_of_r() -> None:
    expected = load_expected("mediation")["weighted"]
    result = sq.mediation(
        reference_survey("frequency"),
        predictor="reliability",
        covariates=["empathy"],
        interval="sobel",
    )
    assert result.sample.n_obs == expected["n"]
    assert_paths(rows_of(result, "a"), expected["a"])
    assert_paths(rows_of(result, "direct"), expected["outcome"][:1])
    assert_paths(rows_of(result, "b"), expected["outcome"][1:])


@pytest.mark.parametrize(("moderated", "stage"), [("a", "first"), ("b", "second")])
def test_moderated_mediation_is_that_of_r(moderated: Any, stage: str) -> None:
    whole = load_expected("mediation")["moderated"]
    expected = whole[stage]
    result = sq.mediation(
        reference_survey(),
        predictor="reliability",
        moderator="empathy",
        moderated=moderated,
        interval="sobel",
    )
    assert result.sample.n_obs == whole["n"]
    assert_paths(rows_of(result, moderated), expected["paths"][:1])
    assert_paths(rows_of(result, "interaction"), expected["paths"][1:])
    assert_allclose(rows_of(result, "index")["estimate"], expected["index"], rtol=1e-8)
    conditional = rows_of(result, "conditional")
    values, errors = expected["conditional"]
    assert_allclose(conditional["estimate"], values, rtol=1e-8)
    assert_allclose(conditional["std_error"], errors, rtol=1e-8)
    assert "total" not in set(result.effects["term"])


def test_moderated_path_of_garcia() -> None:
    expected = load_expected("mediation")["garcia"]
    rows = pd.DataFrame(expected["rows"])
    frame = toy_frame(len(rows))
    for name in rows:
        frame[name] = rows[name]
    frame["later"] = toy_frame(len(rows))["SAT1"]
    survey = toy_survey(frame, outcomes={name: [name] for name in [*rows, "later"]})
    result = sq.mediation(
        survey,
        predictor="prot2",
        mediator="respappr",
        outcome="later",
        moderator="sexism",
        interval="sobel",
    )
    assert_paths(rows_of(result, "a"), expected["paths"][:1])
    assert_paths(rows_of(result, "interaction"), expected["paths"][2:])
    # psychTools vignette: .81 × (prot2 × sexism), standard error .28.
    assert_allclose(rows_of(result, "interaction")["estimate"], 0.81, atol=0.005)
    assert_allclose(rows_of(result, "interaction")["std_error"], 0.28, atol=0.005)


# ---- laws ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("design", ["plain", "frequency", "sampling"])
def test_direct_and_indirect_add_up_to_total(design: str) -> None:
    result = sq.mediation(
        reference_survey(design),
        predictor="dimensions",
        mediator=["satisfaction"],
        n_resamples=100,
    )
    parts = rows_of(result, "direct")["estimate"] + rows_of(result, "indirect")["estimate"]
    assert_allclose(parts, rows_of(result, "total")["estimate"], rtol=1e-10, atol=1e-12)


def test_monte_carlo_and_sobel_agree_where_paths_are_sure() -> None:
    survey = reference_survey()
    sobel = rows_of(sq.mediation(survey, interval="sobel"), "indirect").iloc[0]
    drawn = rows_of(
        sq.mediation(survey, interval="monte-carlo", n_resamples=200_000), "indirect"
    ).iloc[0]
    # The product of two independent normals has Aroian's variance, exactly.
    theory = sq.mediation(survey, interval="sobel").normal_theory.iloc[0]
    assert_allclose(drawn["std_error"], theory["aroian_std_error"], rtol=0.01)
    assert drawn["conf_low"] < sobel["estimate"] < drawn["conf_high"]


def test_one_resample_is_what_a_loop_finds() -> None:
    survey = reference_survey("complete")
    names = ["gap:quality", "satisfaction", "loyalty"]
    values = survey.rows(names)
    slopes = path_coefficients(np.cov(values.T), [(1, (0,)), (2, (0, 1))])
    design = np.column_stack([np.ones(len(values)), values[:, :2]])
    by_hand = np.linalg.lstsq(design, values[:, 2], rcond=None)[0][1:]
    assert_allclose(slopes[1:], by_hand, rtol=1e-10)


def test_order_of_respondents_does_not_matter_for_estimates() -> None:
    frame = toy_frame(60)
    first = sq.mediation(
        toy_survey(frame), predictor="d1", mediator="d2", outcome="satisfaction", interval="sobel"
    )
    second = sq.mediation(
        toy_survey(frame.iloc[::-1].reset_index(drop=True)),
        predictor="d1",
        mediator="d2",
        outcome="satisfaction",
        interval="sobel",
    )
    assert_allclose(first.effects["estimate"], second.effects["estimate"], rtol=1e-12)


def test_the_seed_is_all_that_matters() -> None:
    survey = reference_survey()
    told: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        told.append((done, total))

    one = sq.mediation(survey, n_resamples=300, progress=note)
    assert told[-1] == (300, 300)
    assert one.to_json() == sq.mediation(survey, n_resamples=300).to_json()
    assert one.to_json() != sq.mediation(survey, n_resamples=300, seed=2).to_json()


def test_share_of_total_only_where_signs_agree() -> None:
    moments = sq.Moments.from_covariance(
        [[1.0, 0.5, 0.1], [0.5, 1.0, 0.6], [0.1, 0.6, 1.0]], 200, ["x", "m", "y"]
    )
    result = sq.mediation(moments, predictor="x", mediator="m", outcome="y", interval="sobel")
    assert rows_of(result, "direct")["estimate"].item() < 0
    assert np.isnan(rows_of(result, "indirect")["share_of_total"].item())
    agreeing = rows_of(sq.mediation(reference_survey(), interval="sobel"), "indirect").iloc[0]
    total = rows_of(sq.mediation(reference_survey(), interval="sobel"), "total").iloc[0]
    assert_allclose(agreeing["share_of_total"], agreeing["estimate"] / total["estimate"])


# ---- clusters and weights ------------------------------------------------------------------------


def test_clusters_of_one_are_the_ordinary_bootstrap_in_distribution() -> None:
    frame = toy_frame(80, g=[f"c{number}" for number in range(80)])
    options: dict[str, Any] = {"predictor": "d1", "mediator": "d2", "outcome": "satisfaction"}
    alone = sq.mediation(toy_survey(frame), **options)
    clustered = sq.mediation(toy_survey(frame), cluster="g", **options)
    assert_allclose(
        rows_of(alone, "indirect")["std_error"],
        rows_of(clustered, "indirect")["std_error"],
        rtol=0.08,
    )
    assert set(clustered.effects["method"]) == {"percentile"}
    assert clustered.normal_theory.empty


def test_few_clusters_are_warned_of() -> None:
    with pytest.warns(sq.SmallSampleWarning, match="clusters of"):
        sq.mediation(reference_survey(), cluster="branch", n_resamples=200)


def test_sampling_weights_resample_and_test_by_the_normal_distribution() -> None:
    result = sq.mediation(reference_survey("sampling"), n_resamples=300)
    path = rows_of(result, "a").iloc[0]
    assert np.isnan(path["df"])
    assert_allclose(path["statistic"], path["estimate"] / path["std_error"])


# ---- nasty cases ---------------------------------------------------------------------------------


def test_twenty_five_respondents() -> None:
    result = sq.mediation(
        toy_survey(toy_frame(25)),
        predictor="d1",
        mediator="d2",
        outcome="satisfaction",
        interval="bca",
        n_resamples=500,
    )
    assert np.isfinite(rows_of(result, "indirect")[["conf_low", "conf_high"]].to_numpy()).all()
    assert "excludes zero too often" in str(result.interpret())


def test_resamples_in_which_a_variable_is_constant_are_counted() -> None:
    frame = toy_frame(30)
    frame["rare"] = 0.0
    frame.loc[0, "rare"] = 1.0
    survey = toy_survey(frame, outcomes={"satisfaction": ["SAT1", "SAT2"], "rare": ["rare"]})
    result = sq.mediation(
        survey, predictor="rare", mediator="d1", outcome="satisfaction", n_resamples=1000
    )
    # One respondent is left out of a resample with probability (29/30)^30 = .362.
    assert 300 < result.n_degenerate < 420
    assert any("do not count" in note for note in result.notes)


@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_too_many_constant_resamples_leave_no_interval(interval: Any) -> None:
    # Two people give the variable its spread, and only together do they tell it from the other.
    frame = toy_frame(30)
    frame["one"], frame["two"] = 0.0, 0.0
    frame.loc[0, ["one", "two"]] = 1.0
    frame.loc[1, "two"] = 1.0
    survey = toy_survey(
        frame, outcomes={"satisfaction": ["SAT1", "SAT2"], "one": ["one"], "two": ["two"]}
    )
    result = sq.mediation(
        survey,
        predictor=["one", "two"],
        mediator="d1",
        outcome="satisfaction",
        interval=interval,
        n_resamples=1000,
    )
    # Both are drawn with probability 1 − 2 (29/30)^30 + (28/30)^30 = .402.
    assert 530 < result.n_degenerate < 670
    assert any("too few for intervals" in note for note in result.notes)
    products = rows_of(result, "indirect")
    assert np.isfinite(products["estimate"]).all()
    assert products[["std_error", "conf_low", "conf_high", "p_value"]].isna().all(axis=None)
    assert np.isfinite(rows_of(result, "a")["conf_low"]).all()
    assert "has no interval" in str(result.interpret())
    assert result.plot() is not None


def test_contrasts_that_are_too_many_are_said_to_be_left_out() -> None:
    survey = toy_survey(toy_frame(120, n_items=6), toy_instrument((1, 1, 1, 1, 1, 1)))
    mediators = ["d2", "d3", "d4", "d5"]
    options: dict[str, Any] = {
        "predictor": "d1",
        "mediator": mediators,
        "outcome": "satisfaction",
        "n_resamples": 100,
    }
    serial = sq.mediation(survey, serial=True, **options)
    assert len(rows_of(serial, "specific")) == 15
    assert rows_of(serial, "contrast").empty
    assert any("There are 15 routes" in note for note in serial.notes)
    parallel = sq.mediation(survey, **options)
    assert len(rows_of(parallel, "contrast")) == 6
    assert not any("routes" in note for note in parallel.notes)


def test_repeating_variables_are_named() -> None:
    frame = toy_frame(40)
    frame["copy"] = frame["SAT1"]
    survey = toy_survey(frame, outcomes={"first": ["SAT1"], "copy": ["copy"], "last": ["SAT2"]})
    with pytest.raises(sq.NotIdentifiedError, match=r"first.*copy"):
        sq.mediation(survey, predictor="first", mediator="copy", outcome="last")


def test_a_fit_without_error_has_no_standard_errors() -> None:
    frame = toy_frame(40)
    frame["sum"] = frame["SAT1"] + frame["SAT2"]
    survey = toy_survey(frame, outcomes={"first": ["SAT1"], "second": ["SAT2"], "sum": ["sum"]})
    result = sq.mediation(
        survey, predictor="first", mediator="second", outcome="sum", interval="sobel"
    )
    assert np.isnan(rows_of(result, "b")["std_error"].item())
    assert np.isfinite(rows_of(result, "a")["std_error"].item())
    assert any("without error" in note for note in result.notes)
    drawn = sq.mediation(
        survey, predictor="first", mediator="second", outcome="sum", interval="monte-carlo"
    )
    assert np.isnan(rows_of(drawn, "indirect")["conf_low"].item())
    assert "has no interval" in str(drawn.interpret())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"interval": "normal"}, "`interval`"),
        ({"moderated": "c"}, "`moderated`"),
        ({"mediator": []}, "`mediator` is empty"),
        ({"predictor": 3}, "`predictor` is 3"),
        ({"predictor": "nothing"}, "nothing"),
        ({"mediator": "loyalty"}, "among the predictors"),
        ({"mediator": "quality"}, "more than once"),
        ({"serial": True}, "at least two mediators"),
        ({"n_resamples": 0}, "needs draws"),
        ({"n_resamples": 50}, "at least 100"),
        ({"interval": "sobel", "cluster": "branch"}, "does not know of clusters"),
        ({"cluster": "nowhere"}, "nowhere"),
        ({"cluster": ["branch"]}, "one grouping variable"),
        ({"conf_level": 95}, "conf_level"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], words: str) -> None:
    with pytest.raises(sq.OptionError, match=words):
        sq.mediation(reference_survey(), **options)


@pytest.mark.parametrize("interval", ["bca", "monte-carlo", "sobel"])
def test_sampling_weights_need_percentiles(interval: Any) -> None:
    with pytest.raises(sq.OptionError, match="does not know of sampling weights"):
        sq.mediation(reference_survey("sampling"), interval=interval)


@pytest.mark.parametrize(
    "options", [{"interval": "bca"}, {"cluster": "g"}, {"moderator": "import"}]
)
def test_moments_say_what_needs_respondents(options: dict[str, Any]) -> None:
    with pytest.raises(sq.RowsRequiredError, match="needs respondents' answers"):
        mediate(tal_or_moments(), **options)


def test_nothing_is_warned_of_in_the_ordinary_case() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sq.mediation(survey_of(reference_frame()), n_resamples=100)
