from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.numerics.importance import first, last, lmg, partial, pratt, relative_weights
from servqual.numerics.resampling import weight_blocks
from servqual.typing import FloatArray, ImportanceMethod, IntArray
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

METHODS: tuple[ImportanceMethod, ...] = get_args(ImportanceMethod)
FORMULAS: dict[ImportanceMethod, Callable[[FloatArray], FloatArray]] = {
    "lmg": lmg,
    "relative-weights": relative_weights,
    "pratt": pratt,
    "first": first,
    "last": last,
    "dominance": lmg,
    "partial": partial,
}
#: Those of `regression.R` and `numerics_models.R`; the others are in `relative_importance.R`.
COMPARED: tuple[ImportanceMethod, ...] = ("lmg", "relative-weights", "pratt", "first", "last")
CASES = range(4)
PUBLISHED = ["attitude", "swiss", "mtcars_four", "mtcars_five", "mtcars_domir", "mtcars_all"]


def r_name(method: ImportanceMethod) -> str:
    return method.replace("-", "_")


# ---- against R -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("method", COMPARED)
def test_contributions_are_those_of_r(case: int, method: ImportanceMethod) -> None:
    expected = load_expected("regression")["importance"][case]
    survey = reference_survey("complete" if "survey" in expected else "plain")
    result = sq.relative_importance(
        survey, outcome=expected["outcome"], on=expected["on"], method=method, n_resamples=0
    )
    shares = records(expected["shares"])
    assert [name.lower() for name in shares["term"]] == result.contributions["term"].tolist()
    contributions = shares[r_name(method)].to_numpy(dtype=float)
    assert_allclose(result.contributions["estimate"], contributions, rtol=1e-9)
    assert_allclose(result.contributions["share"], contributions / contributions.sum(), rtol=1e-9)
    assert_allclose(result.r_squared, expected["r_squared"], rtol=1e-10)
    assert result.sample.n_obs == expected["n"]
    places = np.argsort(np.argsort(-contributions)) + 1
    assert result.contributions["rank"].tolist() == places.tolist()


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("method", COMPARED)
def test_published_examples_are_found_from_their_correlations(
    name: str, method: ImportanceMethod
) -> None:
    case = load_expected("numerics_models")["importance"][name]
    variables = [*case["predictors"], case["outcome"]]
    moments = sq.Moments.from_covariance(case["correlation"], 50, variables)
    result = sq.relative_importance(moments, outcome=case["outcome"], method=method)
    # Fifteen digits of nearly collinear correlations leave some ten of a contribution.
    expected = case[r_name(method)]
    assert_allclose(result.contributions["estimate"], expected, rtol=1e-7, atol=1e-10)
    assert_allclose(result.r_squared, case["r_squared"], rtol=1e-10)
    assert result.contributions["term"].tolist() == case["predictors"]


@pytest.mark.parametrize("method", ["lmg", "relative-weights", "pratt"])
@pytest.mark.parametrize("design", ["plain", "frequency", "sampling", "complete"])
def test_contributions_sum_to_r_squared(method: ImportanceMethod, design: str) -> None:
    result = sq.relative_importance(
        reference_survey(design), outcome="loyalty", method=method, n_resamples=0
    )
    assert_allclose(result.contributions["estimate"].sum(), result.r_squared, rtol=1e-12)
    assert_allclose(result.contributions["share"].sum(), 1.0, rtol=1e-12)
    fit = sq.regression(reference_survey(design), outcome="loyalty").fit
    assert_allclose(result.r_squared, fit["r_squared"], rtol=1e-10)


@pytest.mark.parametrize("method", ["first", "last"])
def test_methods_that_do_not_sum_to_r_squared_say_so(method: ImportanceMethod) -> None:
    result = sq.relative_importance(
        reference_survey(), outcome="loyalty", method=method, n_resamples=0
    )
    assert_allclose(result.contributions["share"].sum(), 1.0, rtol=1e-12)
    assert any("do not add up to R²" in note for note in result.notes)


def test_frequency_weights_are_repeated_rows() -> None:
    frame = reference_frame()
    repeated = survey_of(frame.loc[frame.index.repeat(frame["freq"])])
    weighted = sq.relative_importance(
        reference_survey("frequency"), outcome="satisfaction", n_resamples=0
    )
    plain = sq.relative_importance(repeated, outcome="satisfaction", n_resamples=0)
    assert_allclose(weighted.contributions["estimate"], plain.contributions["estimate"], rtol=1e-10)
    assert weighted.sample.n_obs == plain.sample.n_obs


# ---- the bootstrap -------------------------------------------------------------------------------


def rows_of(survey: sq.Survey, outcome: str) -> tuple[FloatArray, FloatArray | None]:
    """Complete rows of the five gaps and the outcome, and their weights."""
    keys = [f"gap:{dimension.key}" for dimension in survey.instrument.dimensions]
    values = survey.rows([*keys, outcome])
    keep = ~np.isnan(values).any(axis=1)
    return values[keep], None if survey.weights is None else survey.weights[keep]


def _weights(n_units: int, n_resamples: int, seed: int, counts: IntArray | None = None) -> IntArray:
    """How often each respondent is drawn in each resample."""
    blocks = weight_blocks(n_units, n_resamples=n_resamples, seed=seed, counts=counts)
    return np.concatenate([block.astype(np.int64) for block in blocks])


def looped_draws(
    values: FloatArray, weights: FloatArray | None, method: ImportanceMethod, n: int, seed: int
) -> FloatArray:
    """Draw the respondents of each resample one after the other, and compute anew each time."""
    draws = []
    for times in _weights(len(values), n, seed):
        rows = np.repeat(np.arange(len(values)), times)
        own = None if weights is None else weights[rows]
        covariance = np.cov(values[rows].T, aweights=own)
        deviations = np.sqrt(np.diag(covariance))
        draws.append(FORMULAS[method](covariance / np.outer(deviations, deviations)))
    return np.array(draws)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("design", ["plain", "sampling"])
def test_intervals_are_those_of_a_plain_loop(method: ImportanceMethod, design: str) -> None:
    survey = reference_survey(design)
    result = sq.relative_importance(
        survey, outcome="satisfaction", method=method, n_resamples=100, seed=11, conf_level=0.9
    )
    values, weights = rows_of(survey, "satisfaction")
    draws = looped_draws(values, weights, method, 100, 11)
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    assert_allclose(result.contributions["conf_low"], low, rtol=1e-8)
    assert_allclose(result.contributions["conf_high"], high, rtol=1e-8)
    shares = draws / draws.sum(axis=1, keepdims=True)
    low, high = np.quantile(shares, [0.05, 0.95], axis=0)
    assert_allclose(result.contributions["share_low"], low, rtol=1e-8)
    assert_allclose(result.contributions["share_high"], high, rtol=1e-8)
    ranks = np.argsort(np.argsort(-draws, axis=1), axis=1) + 1
    low, high = np.quantile(ranks, [0.05, 0.95], axis=0)
    assert result.contributions["rank_low"].tolist() == np.floor(low).tolist()
    assert result.contributions["rank_high"].tolist() == np.ceil(high).tolist()


def test_intervals_under_frequency_weights_are_those_of_multinomial_counts() -> None:
    survey = reference_survey("frequency")
    result = sq.relative_importance(survey, outcome="satisfaction", n_resamples=100, seed=5)
    values, weights = rows_of(survey, "satisfaction")
    assert weights is not None
    draws = []
    for counts in _weights(len(values), 100, 5, weights.astype(np.int64)):
        draws.append(lmg(np.asarray(np.corrcoef(np.repeat(values, counts, axis=0).T))))
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    assert_allclose(result.contributions["conf_low"], low, rtol=1e-8)
    assert_allclose(result.contributions["conf_high"], high, rtol=1e-8)


@pytest.mark.parametrize("design", ["plain", "frequency", "sampling"])
def test_the_seed_alone_decides(design: str) -> None:
    survey = reference_survey(design)
    options: dict[str, Any] = {"outcome": "loyalty", "n_resamples": 200}
    one = sq.relative_importance(survey, seed=3, **options)
    again = sq.relative_importance(survey, seed=3, **options)
    other = sq.relative_importance(survey, seed=4, **options)
    assert one.to_dict() == again.to_dict()
    assert repr(one) == repr(again)
    limits = ["conf_low", "conf_high"]
    assert not np.array_equal(one.contributions[limits], other.contributions[limits])
    assert_allclose(one.contributions["estimate"], other.contributions["estimate"], rtol=0)


@pytest.mark.parametrize("design", ["plain", "frequency", "sampling"])
@pytest.mark.parametrize("method", ["lmg", "relative-weights", "first"])
def test_intervals_contain_the_estimate(design: str, method: ImportanceMethod) -> None:
    result = sq.relative_importance(
        reference_survey(design), outcome="satisfaction", method=method, n_resamples=300
    )
    table = result.contributions
    assert (table["conf_low"] <= table["estimate"]).all()
    assert (table["estimate"] <= table["conf_high"]).all()
    assert (table["share_low"] <= table["share"]).all()
    assert (table["share"] <= table["share_high"]).all()
    assert (table["rank_low"] <= table["rank"]).all()
    assert (table["rank"] <= table["rank_high"]).all()


def test_a_higher_confidence_level_is_wider() -> None:
    survey = reference_survey()
    narrow, wide = (
        sq.relative_importance(survey, outcome="loyalty", n_resamples=200, conf_level=level)
        for level in (0.8, 0.99)
    )
    assert (wide.contributions["conf_low"] <= narrow.contributions["conf_low"]).all()
    assert (wide.contributions["conf_high"] >= narrow.contributions["conf_high"]).all()


def test_progress_is_told_until_the_end() -> None:
    told: list[tuple[int, int]] = []
    sq.relative_importance(
        reference_survey(),
        outcome="loyalty",
        n_resamples=600,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (600, 600)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_without_resamples_there_are_no_intervals_and_a_note_says_so() -> None:
    survey = reference_survey()
    none = sq.relative_importance(survey, outcome="loyalty", n_resamples=0)
    names = ["conf_low", "conf_high", "share_low", "share_high", "rank_low", "rank_high"]
    assert none.contributions[names].isna().all(axis=None)
    assert "No resamples were asked for, so there are no intervals." in none.notes
    moments = survey.moments(["gap:empathy", "gap:assurance", "loyalty"])
    result = sq.relative_importance(moments, outcome="loyalty")
    assert result.n_resamples == 0
    assert "Moments hold no respondents to resample, so there are no intervals." in result.notes
    assert len(result.interpret().statements) == 2


def test_many_predictors_have_lmg_without_intervals() -> None:
    frame = toy_frame(60, 13)
    survey = toy_survey(frame, toy_instrument((13,)))
    result = sq.relative_importance(survey, outcome="satisfaction", predictors="items")
    assert_allclose(result.contributions["estimate"].sum(), result.r_squared, rtol=1e-10)
    assert result.contributions["conf_low"].isna().all()
    assert any('Use `method="relative-weights"`' in note for note in result.notes)


# ---- errors --------------------------------------------------------------------------------------


def test_options_are_checked_with_their_names() -> None:
    survey = reference_survey()
    with pytest.raises(sq.OptionError, match=r"`method` is 'shapley', but must be one of \"lmg\""):
        sq.relative_importance(survey, outcome="loyalty", method="shapley")  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match="`n_resamples` is 50, but limits of an interval need"):
        sq.relative_importance(survey, outcome="loyalty", n_resamples=50)
    with pytest.raises(sq.OptionError, match="`n_resamples` is -1, but must be a whole number"):
        sq.relative_importance(survey, outcome="loyalty", n_resamples=-1)
    with pytest.raises(sq.OptionError, match=r"`seed` is 1\.5, but must be a whole number from 0"):
        sq.relative_importance(survey, outcome="loyalty", seed=1.5)  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match=r'`outcome` is "loyal".*Did you mean "loyalty"'):
        sq.relative_importance(survey, outcome="loyal")
    with pytest.raises(sq.RowsRequiredError, match="`relative_importance` was given list"):
        sq.relative_importance([1, 2], outcome="loyalty")  # type: ignore[arg-type]


@pytest.mark.parametrize("method", METHODS)
def test_a_correlation_matrix_that_no_data_can_have_is_refused(method: ImportanceMethod) -> None:
    matrix = [[1, 0.9, 0.2], [0.9, 1, 0.9], [0.2, 0.9, 1]]
    moments = sq.Moments.from_covariance(matrix, 100, ["a", "b", "y"])
    words = "No data can have this covariance matrix of a, b, y.*Look for a misprint"
    with pytest.raises(sq.NotPositiveDefiniteError, match=words):
        sq.relative_importance(moments, outcome="y", method=method)


def test_numbers_of_numpy_are_numbers() -> None:
    options: dict[str, Any] = {"outcome": "loyalty"}
    plain = sq.relative_importance(reference_survey(), n_resamples=100, seed=2, **options)
    numpy = sq.relative_importance(
        reference_survey(),
        n_resamples=np.int64(100),  # type: ignore[arg-type]
        seed=np.int32(2),  # type: ignore[arg-type]
        **options,
    )
    assert numpy.to_json() == plain.to_json()
    with pytest.raises(sq.OptionError, match="`n_resamples` is True, but must be a whole number"):
        sq.relative_importance(reference_survey(), n_resamples=True, **options)


def test_lmg_of_more_predictors_than_can_be_permuted_is_sampled() -> None:
    moments = sq.Moments.from_covariance(np.eye(24) + 0.2, 100)
    result = sq.relative_importance(moments, outcome="x24")
    assert result.n_permutations == 10_000
    assert_allclose(result.contributions["estimate"].sum(), result.r_squared, rtol=1e-12)
    errors = result.contributions["mc_error"]
    # All predictors are alike, so each has the same share but for the error of sampling.
    z = (result.contributions["estimate"] - result.r_squared / 23) / errors
    assert np.abs(z).max() < 4
    assert any("`mc_error` is its standard error" in note for note in result.notes)
    weights = sq.relative_importance(moments, outcome="x24", method="relative-weights")
    assert_allclose(weights.contributions["share"], 1 / 23, rtol=1e-10)
    with pytest.raises(sq.EstimationError, match="There are 23 predictors, but dominance takes at"):
        sq.relative_importance(moments, outcome="x24", method="dominance")


# ---- nasty data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_respondents", [1, 2, 3])
def test_too_few_respondents_are_counted_in_the_error(n_respondents: int) -> None:
    survey = toy_survey(toy_frame(n_respondents))
    words = f"`relative_importance` needs at least 4 respondents.*but {n_respondents} remain"
    with pytest.raises(sq.EstimationError, match=words):
        sq.relative_importance(survey, outcome="satisfaction")


@pytest.mark.parametrize("answers", [(4, 4, 4), (4, 4, 5)])
def test_a_constant_outcome_is_named(answers: tuple[int, ...]) -> None:
    # 13/3 is no binary fraction, so its variance may be a rounding error instead of zero.
    frame = toy_frame()
    frame[["SAT1", "SAT2", "SAT3"]] = np.tile(answers, (40, 1))
    with pytest.raises(sq.EstimationError, match="the same for all 40 respondents: satisfaction"):
        sq.relative_importance(toy_survey(frame), outcome="satisfaction", n_resamples=100)


@pytest.mark.parametrize("method", ["relative-weights", "pratt", "last", "partial"])
def test_identical_dimensions_are_named(method: ImportanceMethod) -> None:
    frame = toy_frame(n_items=4)
    frame[["E3", "E4", "P3", "P4"]] = frame[["E1", "E2", "P1", "P2"]].to_numpy()
    survey = toy_survey(frame, toy_instrument((2, 2)))
    words = rf'cannot tell them apart with `method="{method}"`: d1, d2\. .* use `method="lmg"`'
    with pytest.raises(sq.NotIdentifiedError, match=words):
        sq.relative_importance(survey, outcome="satisfaction", method=method, n_resamples=0)


def test_lmg_shares_the_part_of_identical_dimensions_evenly() -> None:
    frame = toy_frame(n_items=4)
    frame[["E3", "E4", "P3", "P4"]] = frame[["E1", "E2", "P1", "P2"]].to_numpy()
    survey = toy_survey(frame, toy_instrument((2, 2)))
    result = sq.relative_importance(survey, outcome="satisfaction", n_resamples=100)
    assert_allclose(result.contributions["share"], [0.5, 0.5], rtol=1e-10)
    single = sq.relative_importance(
        survey, outcome="satisfaction", predictors=["d1"], n_resamples=0
    )
    assert_allclose(result.r_squared, single.r_squared, rtol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
def test_resamples_without_variance_are_skipped_and_counted(weighted: bool) -> None:
    # One respondent only differs in d1, so about a third of the resamples misses her.
    weights = np.round(np.random.default_rng(4).uniform(0.5, 2.0, 40), 4)
    frame = toy_frame(n_items=3, w=weights)
    frame["E1"], frame["P1"] = 5.0, 5.0
    frame.loc[0, "P1"] = 1.0
    survey = toy_survey(
        frame, toy_instrument((1, 2)), weights=sq.SamplingWeights("w") if weighted else None
    )
    result = sq.relative_importance(survey, outcome="satisfaction", n_resamples=200, seed=2)
    missed = int((_weights(40, 200, 2)[:, 0] == 0).sum())
    assert missed > 0
    assert result.n_degenerate == missed
    note = f"In {missed} of 200 resamples a variable was constant; they do not count."
    assert note in result.notes
    limits = ["conf_low", "conf_high", "rank_low", "rank_high"]
    assert np.isfinite(result.contributions[limits].to_numpy()).all()


def test_equal_sampling_weights_have_the_intervals_of_no_weights() -> None:
    frame = reference_frame().assign(weight=2.0)
    weighted = sq.relative_importance(
        survey_of(frame, weights=sq.SamplingWeights("weight")),
        outcome="satisfaction",
        n_resamples=100,
    )
    plain = sq.relative_importance(reference_survey(), outcome="satisfaction", n_resamples=100)
    assert weighted.n_degenerate == 0
    for name in ("estimate", "conf_low", "conf_high", "share_low", "rank_high"):
        assert_allclose(weighted.contributions[name], plain.contributions[name], rtol=1e-8)


def test_trap_16_identical_answers_are_refused() -> None:
    frame = toy_frame()
    for name in frame.columns:
        frame[name] = 5.0
    with pytest.raises(sq.EstimationError, match="needs answers that vary"):
        sq.relative_importance(toy_survey(frame), outcome="satisfaction")


def test_one_predictor_has_it_all() -> None:
    survey = toy_survey(toy_frame(n_items=2), toy_instrument((2,)))
    for method in METHODS:
        result = sq.relative_importance(
            survey, outcome="satisfaction", method=method, n_resamples=100
        )
        assert_allclose(result.contributions["share"], 1.0)
        assert_allclose(result.contributions["estimate"], result.r_squared, rtol=1e-10)
        assert result.contributions["rank_high"].tolist() == [1.0]
