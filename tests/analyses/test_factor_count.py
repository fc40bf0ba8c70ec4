from __future__ import annotations

import json
import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.analyses.factor_count import Draws, FactorCountResult, factor_count
from servqual.errors import (
    EstimationError,
    ImproperSolutionWarning,
    OptionError,
    RowsRequiredError,
)
from servqual.typing import CorrelationKind
from tests.analyses.surveys import reference_frame, reference_survey, toy_frame, toy_survey
from tests.reference import load_expected

EXPECTED: dict[str, Any] = load_expected("factor_count")["data"]

METHODS = [
    "parallel-components-mean",
    "parallel-components-95",
    "parallel-factors-mean",
    "parallel-factors-95",
    "map",
    "map4",
    "ekc",
    "kaiser",
]


@cache
def reference_moments(name: str) -> sq.Moments:
    frame = reference_frame(name)
    if name == "kiosk":
        frame = frame.filter(like="SAT")
    return sq.Moments.collect(frame)


@cache
def count(name: str) -> FactorCountResult:
    if name in {"perception", "gap"}:
        on: Any = name
        return factor_count(reference_survey("complete"), on=on)
    return factor_count(reference_moments(name))


def numbers(result: FactorCountResult) -> dict[str, int]:
    table = result.tidy().dropna()
    return {
        str(method): int(number)
        for method, number in zip(table["method"], table["n_factors"], strict=True)
    }


# ---- the numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(EXPECTED))
def test_observed_numbers_equal_r(name: str) -> None:
    case, result = EXPECTED[name], count(name)
    table = result.eigenvalues
    assert table["component"].tolist() == list(range(1, len(case["eigenvalues"]) + 1))
    assert_allclose(table["observed"], case["eigenvalues"], rtol=1e-10)
    assert_allclose(table["factor_observed"], case["reduced_eigenvalues"], rtol=0, atol=1e-12)
    assert_allclose(table["ekc_reference"], case["ekc"]["reference"], rtol=1e-10)
    # One component is left at the last m, so that its average is 1, which R reaches to 1e-8.
    partials = result.partial_correlations
    assert partials["m"].tolist() == list(range(len(case["map"])))
    assert_allclose(partials["map"].iloc[:-1], case["map"][:-1], rtol=1e-8)
    assert_allclose(partials["map4"].iloc[:-1], case["map4"][:-1], rtol=1e-8)
    assert result.sample.n_obs == case["n"]


@pytest.mark.parametrize("name", list(EXPECTED))
def test_numbers_of_factors_equal_r(name: str) -> None:
    case, found = EXPECTED[name], numbers(count(name))
    assert found["map"] == int(np.argmin(case["map"]))
    assert found["map4"] == int(np.argmin(case["map4"]))
    assert found["ekc"] == case["ekc"]["n_factors"]
    assert found["kaiser"] == case["kaiser"]


@pytest.mark.parametrize("name", list(EXPECTED))
def test_parallel_analysis_counts_as_psych_does(name: str) -> None:
    # Both simulate; in these data no eigenvalue is so near to its reference that draws decide.
    case, found = EXPECTED[name], numbers(count(name))
    assert not [note for note in count(name).notes if "more draws" in note]
    assert found["parallel-components-95"] == case["psych_components"]
    assert found["parallel-factors-95"] == case["psych_factors"]


@pytest.mark.parametrize("kind", ["polychoric", "spearman"])
def test_other_correlations_are_those_of_correlations(kind: CorrelationKind) -> None:
    survey = reference_survey("complete")
    matrix = sq.correlations(survey, kind=kind).matrix.to_numpy()
    result = factor_count(survey, correlation=kind)
    assert_allclose(result.eigenvalues["observed"], np.linalg.eigvalsh(matrix)[::-1], rtol=1e-10)
    assert result.correlation == kind
    [note] = [note for note in result.notes if "normal variables" in note]
    assert f"{kind} correlations of answers in few categories" in note


def test_a_result_of_correlations_is_taken_as_it_is() -> None:
    survey = reference_survey("complete")
    result = factor_count(sq.correlations(survey, on="gap", kind="polychoric"))
    same = factor_count(survey, on="gap", correlation="polychoric")
    pd.testing.assert_frame_equal(result.eigenvalues, same.eigenvalues)
    assert (result.correlation, result.on, result.hypothesised) == ("polychoric", "gap", 5)


# ---- the draws -----------------------------------------------------------------------------------


@pytest.mark.parametrize("draws", ["normal", "permutation"])
def test_the_seed_decides(draws: Draws) -> None:
    survey = reference_survey("complete")
    first, again, other = (
        factor_count(survey, draws=draws, n_draws=40, seed=seed) for seed in (5, 5, 6)
    )
    pd.testing.assert_frame_equal(first.eigenvalues, again.eigenvalues)
    assert (first.eigenvalues["parallel_mean"] != other.eigenvalues["parallel_mean"]).all()
    assert (first.seed, first.n_draws, first.draws) == (5, 40, draws)


@pytest.mark.parametrize("kind", ["pearson", "polychoric", "spearman"])
def test_permutation_of_a_survey_and_of_its_counts_are_the_same(kind: CorrelationKind) -> None:
    survey = reference_survey("complete")
    counts = survey.counts([f"P{item}" for item in range(1, 23)])
    of_survey, of_counts = (
        factor_count(data, correlation=kind, draws="permutation", n_draws=20)
        for data in (survey, counts)
    )
    pd.testing.assert_frame_equal(of_survey.eigenvalues, of_counts.eigenvalues, rtol=1e-12)
    assert not [note for note in of_survey.notes if "normal variables" in note]


def test_permutation_is_close_to_normal_draws_for_pearson_correlations() -> None:
    survey = reference_survey("complete")
    normal, shuffled = (
        factor_count(survey, draws=draws).eigenvalues for draws in ("normal", "permutation")
    )
    assert_allclose(normal["parallel_mean"], shuffled["parallel_mean"], atol=0.02)


def test_polychoric_correlations_vary_more_by_chance() -> None:
    counts = sq.Counts.collect(reference_frame("holzinger_ordinal"))
    normal, shuffled = (
        factor_count(counts, correlation="polychoric", draws=draws, n_draws=100).eigenvalues
        for draws in ("normal", "permutation")
    )
    assert shuffled["parallel_mean"].iloc[0] > normal["parallel_mean"].iloc[0] + 0.02


def test_permutation_needs_frequencies() -> None:
    with pytest.raises(OptionError, match=r'`draws="permutation"` shuffles the answers'):
        factor_count(reference_moments("holzinger"), draws="permutation")


def test_frequency_weights_are_repeated_rows() -> None:
    weighted = reference_survey("frequency")
    frame = reference_frame()
    repeated = frame.loc[frame.index.repeat(frame["freq"])].reset_index(drop=True)
    plain = sq.Survey(repeated, instrument="servqual-1991")
    for draws in ("normal", "permutation"):
        pd.testing.assert_frame_equal(
            factor_count(weighted, draws=draws, n_draws=20).eigenvalues,
            factor_count(plain, draws=draws, n_draws=20).eigenvalues,
            rtol=1e-9,
            atol=1e-12,
        )


@pytest.mark.parametrize("draws", ["normal", "permutation"])
def test_sampling_weights_leave_out_what_rests_on_simple_samples(draws: Draws) -> None:
    result = factor_count(reference_survey("sampling"), draws=draws, n_draws=40)
    assert result.eigenvalues["ekc_reference"].isna().all()
    assert "ekc" not in numbers(result)
    assert result.glance()["ekc"].isna().all()
    assert np.isfinite(result.eigenvalues["parallel_95"]).all()
    assert any("whatever their sampling weights" in note for note in result.notes)
    assert not [part for part in result.interpret().statements if part.topic == "ekc"]
    assert "–" in repr(result)


@pytest.mark.parametrize("draws", ["normal", "permutation"])
def test_pairwise_takes_the_smallest_number(draws: Draws) -> None:
    result = factor_count(reference_survey(), missing="pairwise", draws=draws, n_draws=40)
    smallest = sq.correlations(reference_survey(), missing="pairwise").n_obs_pairs.to_numpy().min()
    assert result.sample.n_obs == smallest
    assert any(f"the smallest, {smallest}, is taken" in note for note in result.notes)


def test_a_number_that_draws_decide_is_noted() -> None:
    # The first of 20 eigenvalues of unrelated items lies now and then next to its own mean.
    moments = sq.Moments.collect(np.random.default_rng(0).normal(size=(200, 20)))
    open_ones = [
        note
        for seed in range(5)
        for note in factor_count(moments, n_draws=20, seed=seed).notes
        if "Use more draws" in note
    ]
    assert open_ones
    assert "is nearer to its reference than the simulation error" in open_ones[0]


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    factor_count(
        reference_moments("holzinger"),
        n_draws=120,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (120, 120)


# ---- the number that theory says -----------------------------------------------------------------


def test_dimensions_of_the_instrument_are_hypothesised() -> None:
    last = count("perception").tidy().iloc[-1]
    assert (last["method"], last["n_factors"]) == ("hypothesised", 5)
    assert last["source"] == f"dimensions of {sq.instrument('servqual-1991').title}"


def test_another_number_can_be_hypothesised() -> None:
    result = factor_count(reference_survey("complete"), n_draws=20, hypothesised=2)
    last = result.tidy().iloc[-1]
    assert (last["method"], last["n_factors"], last["source"]) == ("hypothesised", 2, "given")
    assert result.hypothesised == 2


def test_moments_belong_to_no_theory() -> None:
    result = count("holzinger")
    assert result.tidy()["method"].tolist() == METHODS
    assert result.hypothesised is None
    assert result.glance()["hypothesised"].isna().all()
    assert "Theory" not in str(result.interpret())


# ---- what it says of itself ----------------------------------------------------------------------


def test_tables_and_json() -> None:
    result = count("perception")
    tidy = result.tidy()
    assert list(tidy.columns) == ["method", "n_factors", "label", "source"]
    assert tidy["method"].tolist() == [*METHODS, "hypothesised"]
    assert str(tidy["n_factors"].dtype) == "Int64"
    assert tidy["label"].is_unique
    assert (tidy["source"] != "").all()
    assert list(result.eigenvalues.columns) == [
        "component",
        "observed",
        "parallel_mean",
        "parallel_95",
        "factor_observed",
        "factor_parallel_mean",
        "factor_parallel_95",
        "ekc_reference",
    ]
    assert list(result.partial_correlations.columns) == ["m", "map", "map4"]
    stored = json.loads(result.to_json())
    assert stored["methods"][0]["n_factors"] == int(tidy["n_factors"].iloc[0])
    assert stored["n_draws"] == 500
    tidy.loc[0, "n_factors"] = 99
    assert 99 not in result.tidy()["n_factors"].to_list()


def test_glance_has_the_same_columns_for_all_data() -> None:
    expected = [
        "on",
        "correlation",
        "n_obs",
        "n_excluded",
        "n_items",
        "draws",
        "n_draws",
        "seed",
        *(method.replace("-", "_") for method in METHODS),
        "hypothesised",
    ]
    for name in ("perception", "holzinger"):
        glance = count(name).glance()
        assert list(glance.columns) == expected
        assert len(glance) == 1
    row = count("perception").glance().iloc[0]
    assert row[["n_items", "kaiser", "hypothesised"]].tolist() == [22, 5, 5]


def test_words_name_every_criterion_and_its_source() -> None:
    text = str(count("holzinger").interpret())
    assert "3 eigenvalues exceed the 95th percentile" in text
    assert "smallest once 2 components are taken out; with fourth powers it is 2." in text
    assert "The empirical Kaiser criterion counts 3 factors." in text
    assert "Kaiser's rule counts 3 eigenvalues above 1" in text
    assert "The criteria range from 2 to 3; 6 of 8 say 3." in text
    assert "https://doi.org/10.1007/BF02289447" in text
    assert "Theory says 5, as do" in str(count("perception").interpret())


def test_words_when_nothing_is_shared_and_all_agree() -> None:
    data = np.random.default_rng(12).normal(size=(400, 6))
    result = factor_count(sq.Moments.collect(data), n_draws=100, hypothesised=4)
    text = str(result.interpret())
    assert "no eigenvalue exceeds" in text
    assert "smallest once no component is taken out; with fourth powers it is 0." in text
    assert "which none of the criteria do" in text
    shared = sq.Moments.collect(0.4 * data + np.random.default_rng(1).normal(size=(400, 1)))
    agreed = str(factor_count(shared, n_draws=100, hypothesised=1).interpret())
    assert "All criteria say 1. Theory says 1, as do 8 of 8 criteria." in agreed
    assert "1 eigenvalue exceeds the 95th percentile" in agreed


def test_representation_shows_methods_and_eigenvalues() -> None:
    text = repr(count("holzinger"))
    assert text.startswith("Number of factors (n = 301")
    assert "Empirical Kaiser criterion" in text
    assert "Largest eigenvalues" in text
    assert "<table" in count("holzinger")._repr_html_()


# ---- data that have little to say ----------------------------------------------------------------


def test_fewer_respondents_than_items() -> None:
    moments = sq.Moments.collect(np.random.default_rng(3).normal(size=(6, 9)))
    with pytest.warns(ImproperSolutionWarning, match="6 respondents are not more than the 9 items"):
        result = factor_count(moments, n_draws=40)
    # Centred, six rows have rank five: after five components nothing is left.
    assert result.partial_correlations["map"].notna().tolist() == [True] * 5 + [False] * 4
    assert any("end at m = 4" in note for note in result.notes)
    assert_allclose(
        result.eigenvalues["factor_observed"], result.eigenvalues["observed"], atol=1e-9
    )


def test_two_identical_items() -> None:
    frame = toy_frame(100, 5)
    frame["P2"] = frame["P1"]
    with pytest.warns(
        ImproperSolutionWarning, match=r"no inverse: these items correlate perfectly: P1 and P2\."
    ):
        result = factor_count(toy_survey(frame), n_draws=40)
    assert result.partial_correlations["map"].notna().sum() == 4
    assert result.hypothesised == 2


def test_an_indefinite_matrix_is_smoothed() -> None:
    covariance = [[1.0, 0.9, 0.0], [0.9, 1.0, 0.9], [0.0, 0.9, 1.0]]
    moments = sq.Moments.from_covariance(covariance, n=100)
    with pytest.warns(ImproperSolutionWarning, match="was smoothed") as caught:
        result = factor_count(moments, n_draws=40)
    assert len(caught) == 1
    assert result.eigenvalues["observed"].min() >= 0.0
    assert any("smoothed" in note for note in result.notes)
    assert any("squared multiple correlations of 1" in note for note in result.notes)


def test_warnings_point_at_the_caller() -> None:
    moments = sq.Moments.from_covariance(np.ones((3, 3)), n=100)
    with pytest.warns(ImproperSolutionWarning) as caught:
        factor_count(moments, n_draws=20)
    assert {warning.filename for warning in caught} == {__file__}


def test_a_constant_item_is_named() -> None:
    frame = toy_frame(60, 5)
    frame["P3"] = 4
    with pytest.raises(EstimationError, match="the same for all 60 respondents: P3"):
        factor_count(toy_survey(frame))


def test_one_item_has_no_correlations() -> None:
    with pytest.raises(EstimationError, match="was given 1 variable"):
        factor_count(sq.Moments.collect(np.arange(10.0)[:, None]))


@pytest.mark.parametrize("n_items", [2, 3])
def test_few_items(n_items: int) -> None:
    generator = np.random.default_rng(9)
    data = generator.normal(size=(100, n_items)) + generator.normal(size=(100, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = factor_count(sq.Moments.collect(data), n_draws=40)
    assert numbers(result)["parallel-components-95"] == 1
    assert numbers(result)["map"] == 0
    assert any("Two items cannot show" in note for note in result.notes) == (n_items == 2)


def test_three_respondents_are_enough_for_numbers_only() -> None:
    moments = sq.Moments.collect(np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0]]))
    result = factor_count(moments, n_draws=20)
    assert np.isfinite(result.eigenvalues.to_numpy()).all()


# ---- options -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": "permutations"}, r'`draws` is \'permutations\'.*Did you mean "permutation"'),
        ({"n_draws": 19}, "`n_draws` is 19, but must be a whole number from 20"),
        ({"n_draws": 100.0}, "`n_draws` is 100.0"),
        ({"seed": -1}, "`seed` is -1, but must be a whole number from 0"),
        ({"seed": True}, "`seed` is True"),
        ({"hypothesised": 0}, "`hypothesised` is 0, but must be a whole number from 1"),
        ({"hypothesised": 10}, "`hypothesised` is 10, but 9 items cannot have more"),
        ({"correlation": "kendall"}, "`correlation` is 'kendall'"),
        ({"missing": "drop"}, "`missing` is 'drop'"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        factor_count(reference_moments("holzinger"), **options)


def test_something_else_is_refused() -> None:
    data: Any = reference_frame("holzinger")
    with pytest.raises(RowsRequiredError, match="Correlations were asked of DataFrame"):
        factor_count(data)
