"""Relative importance by several methods, in groups, for binary outcomes, with BCa and clusters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.analyses.relative_importance import ImportanceResult
from servqual.numerics.bootstrap import bca_interval
from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.importance import lmg, owen, relative_weights
from servqual.numerics.resampling import weight_blocks
from servqual.typing import FloatArray, ImportanceMethod
from tests.analyses.surveys import (
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

EXPECTED: dict[str, Any] = load_expected("relative_importance")
CASES: dict[str, Any] = EXPECTED["cases"]
every_case = pytest.mark.parametrize("name", list(CASES))
LIMITS = ["conf_low", "conf_high"]


def moments_of(name: str) -> sq.Moments:
    case = CASES[name]
    variables = [*case["predictors"], case["outcome"]]
    return sq.Moments.from_covariance(case["covariance"], case["n"], variables)


def groups_of(name: str) -> dict[str, list[str]]:
    case = CASES[name]
    return {
        f"group {number}": [case["predictors"][int(place) - 1] for place in np.atleast_1d(group)]
        for number, group in enumerate(case["groups"], start=1)
    }


@cache
def binary_survey(design: str = "plain") -> sq.Survey:
    """Reference survey with an outcome that says whether satisfaction reaches its median."""
    frame = reference_frame()
    satisfaction = reference_survey().rows(["satisfaction"])[:, 0]
    threshold = EXPECTED["logistic"]["threshold"]
    frame["SATISFIED"] = np.where(
        np.isnan(satisfaction), np.nan, (satisfaction >= threshold).astype(float)
    )
    outcomes = {"satisfaction": "SAT*", "satisfied": ["SATISFIED"]}
    weights = {"frequency": sq.FrequencyWeights("freq"), "sampling": sq.SamplingWeights("weight")}
    return survey_of(frame, outcomes=outcomes, weights=weights.get(design))


def samples(values: FloatArray, n_resamples: int, seed: int) -> Iterator[FloatArray]:
    """Rows of each resample, one after the other."""
    for block in weight_blocks(len(values), n_resamples=n_resamples, seed=seed):
        for times in block:
            yield np.repeat(values, times, axis=0)


def rows_of(survey: sq.Survey, outcome: str = "satisfaction") -> FloatArray:
    names = [f"gap:{dimension.key}" for dimension in survey.instrument.dimensions]
    values = survey.rows([*names, outcome])
    complete: FloatArray = values[~np.isnan(values).any(axis=1)]
    return complete


# ---- dominance, against R ------------------------------------------------------------------------


@every_case
def test_dominance_is_that_of_lm(name: str) -> None:
    case = CASES[name]
    result = sq.relative_importance(moments_of(name), outcome=case["outcome"], method="dominance")
    assert_allclose(result.contributions["estimate"], case["general"], rtol=1e-9)
    p = len(case["predictors"])
    table = result.conditional.pivot(index="term", columns="size", values="estimate")
    assert_allclose(table.loc[case["predictors"]], case["conditional"], rtol=1e-8)
    complete = pd.DataFrame(case["complete"], case["predictors"], case["predictors"])
    pairs = result.dominance[result.dominance["kind"] == "complete"]
    assert len(pairs) == p * (p - 1) / 2
    for pair in pairs.to_dict("records"):
        assert pair["estimate"] == complete.at[pair["first"], pair["second"]]
    general = result.dominance[result.dominance["kind"] == "general"]
    # The more important one stands first, and no two are equal here.
    assert (general["estimate"] == 1.0).all()


@every_case
def test_partial_and_relative_weights_are_those_of_r(name: str) -> None:
    case = CASES[name]
    result = sq.relative_importance(
        moments_of(name), outcome=case["outcome"], method=["partial", "relative-weights"]
    )
    for method, key in (("partial", "partial"), ("relative-weights", "relative_weights")):
        own = result.contributions[result.contributions["method"] == method]
        assert_allclose(own["estimate"], case[key], rtol=1e-9)


def test_reproducibility_is_that_of_a_plain_loop() -> None:
    survey = reference_survey()
    result = sq.relative_importance(
        survey, outcome="satisfaction", method="dominance", n_resamples=100, seed=3
    )
    values = rows_of(survey)
    names = list(result.contributions["term"])
    verdicts: dict[tuple[str, str], list[float]] = {}
    for drawn in samples(values, 100, seed=3):
        r_squared = {}
        for subset in range(32):
            chosen = [place for place in range(5) if subset >> place & 1]
            design = np.column_stack([np.ones(len(drawn)), drawn[:, chosen]])
            residuals = np.linalg.lstsq(design, drawn[:, -1], rcond=None)[1]
            r_squared[subset] = 1.0 - residuals[0] / (len(drawn) * drawn[:, -1].var())
        for i in range(5):
            for j in range(5):
                others = [s for s in range(32) if not s >> i & 1 and not s >> j & 1]
                differences = [r_squared[s | 1 << i] - r_squared[s | 1 << j] for s in others]
                verdict = 1.0 if min(differences) > 0 else 0.0 if max(differences) < 0 else 0.5
                verdicts.setdefault((names[i], names[j]), []).append(verdict)
    table = result.dominance[result.dominance["kind"] == "complete"]
    for pair in table.to_dict("records"):
        drawn_verdicts = np.array(verdicts[pair["first"], pair["second"]])
        assert_allclose(pair["mean"], drawn_verdicts.mean(), rtol=1e-12)
        assert_allclose(pair["std_error"], drawn_verdicts.std(ddof=1), rtol=1e-12)
        assert_allclose(pair["share_first"], (drawn_verdicts == 1.0).mean(), rtol=1e-12)
        assert_allclose(pair["share_second"], (drawn_verdicts == 0.0).mean(), rtol=1e-12)
        assert_allclose(pair["share_neither"], (drawn_verdicts == 0.5).mean(), rtol=1e-12)
        agreeing = (drawn_verdicts == pair["estimate"]).mean()
        assert_allclose(pair["reproducibility"], agreeing, rtol=1e-12)


def test_shares_of_resamples_add_up() -> None:
    result = sq.relative_importance(
        reference_survey("sampling"), outcome="loyalty", method="dominance", n_resamples=200
    )
    shares = result.dominance[["share_first", "share_second", "share_neither"]].sum(axis=1)
    assert_allclose(shares, 1.0, rtol=1e-12)
    inside = result.conditional
    assert (inside["conf_low"] <= inside["estimate"]).all()
    assert (inside["estimate"] <= inside["conf_high"]).all()
    without = sq.relative_importance(
        reference_survey("sampling"), outcome="loyalty", method="dominance", n_resamples=0
    )
    assert without.dominance["reproducibility"].isna().all()
    assert without.dominance["estimate"].tolist() == result.dominance["estimate"].tolist()


# ---- groups --------------------------------------------------------------------------------------


@every_case
def test_owen_values_are_means_over_all_orders(name: str) -> None:
    case = CASES[name]
    groups = groups_of(name)
    result = sq.relative_importance(moments_of(name), outcome=case["outcome"], groups=groups)
    assert_allclose(result.contributions["estimate"], case["owen"], rtol=1e-9)
    assert result.groups["group"].tolist() == list(groups)
    assert_allclose(result.groups["estimate"], case["quotient"], rtol=1e-9)
    assert_allclose(result.groups["share"].sum(), 1.0, rtol=1e-12)
    assert_allclose(result.groups["estimate"].sum(), result.r_squared, rtol=1e-10)
    for group, terms in groups.items():
        own = result.contributions[result.contributions["group"] == group]
        assert own["term"].tolist() == [t for t in case["predictors"] if t in terms]


@pytest.mark.parametrize("design", ["plain", "frequency", "sampling"])
def test_items_within_their_dimensions_have_intervals(design: str) -> None:
    result = sq.relative_importance(
        reference_survey(design), outcome="satisfaction", groups="dimensions", n_resamples=200
    )
    assert len(result.contributions) == 22
    assert result.groups["n_terms"].tolist() == [4, 5, 4, 4, 5]
    assert result.groups["label"].tolist()[0] == "Tangibles"
    totals = result.contributions.groupby("group", sort=False)["estimate"].sum()
    assert_allclose(totals, result.groups["estimate"], rtol=1e-12)
    assert_allclose(totals.sum(), result.r_squared, rtol=1e-9)
    for table in (result.contributions, result.groups):
        assert np.isfinite(table[[*LIMITS, "share_low", "rank_high"]].to_numpy()).all()
    assert (result.groups["conf_low"] < result.groups["estimate"]).all()
    assert any("Owen values" in note for note in result.notes)


def test_limits_of_groups_are_those_of_sums_in_a_plain_loop() -> None:
    survey = reference_survey()
    groups = {"a": ["tangibles", "empathy"], "b": ["reliability"], "c": ["responsiveness"]}
    groups["c"].append("assurance")
    result = sq.relative_importance(
        survey, outcome="satisfaction", groups=groups, n_resamples=100, seed=4
    )
    values = rows_of(survey)
    places = [[0, 4], [1], [2, 3]]
    draws = []
    for drawn in samples(values, 100, seed=4):
        found = owen(np.asarray(np.corrcoef(drawn.T)), places)
        draws.append([found[own].sum() for own in places])
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    assert_allclose(result.groups["conf_low"], low, rtol=1e-8)
    assert_allclose(result.groups["conf_high"], high, rtol=1e-8)


def test_groups_of_weights_are_sums() -> None:
    result = sq.relative_importance(
        reference_survey(), outcome="satisfaction", groups="dimensions", method="all", n_resamples=0
    )
    assert result.methods == ("lmg", "relative-weights", "pratt")
    sums = result.contributions.groupby(["method", "group"])["estimate"].sum()
    for row in result.groups.to_dict("records"):
        assert_allclose(row["estimate"], sums[row["method"], row["group"]], rtol=1e-12)


def test_groups_are_checked_with_their_names() -> None:
    survey = reference_survey()
    options: dict[str, Any] = {"outcome": "satisfaction", "n_resamples": 0}
    rest = ["reliability", "responsiveness", "assurance", "empathy"]
    cases: list[tuple[Any, str]] = [
        ({"a": ["tangibles"], "b": rest[1:]}, "`groups` leaves out reliability"),
        ({"a": ["tangibles"], "b": [*rest, "tangibles"]}, "more than one place: tangibles"),
        ({"a": ["tangible"], "b": rest}, "`groups` names tangible, but the predictors are"),
        ({"a": "tangibles", "b": rest}, "each group needs a name and a list"),
        ({"a": [], "b": rest}, "each group needs a name and a list"),
        ("items", r'`groups` is \'items\', but must be "dimensions"'),
    ]
    for groups, words in cases:
        with pytest.raises(sq.OptionError, match=words):
            sq.relative_importance(survey, groups=groups, **options)
    with pytest.raises(sq.OptionError, match='`groups="dimensions"` takes the items'):
        sq.relative_importance(survey, groups="dimensions", predictors=["tangibles"], **options)
    with pytest.raises(sq.OptionError, match="`method` names first, which with `groups` means"):
        sq.relative_importance(survey, groups="dimensions", method="first", **options)
    with pytest.raises(sq.OptionError, match='`groups="dimensions"` needs a survey'):
        sq.relative_importance(moments_of("swiss"), outcome="Fertility", groups="dimensions")


# ---- several methods -----------------------------------------------------------------------------


def test_several_methods_come_from_one_set_of_resamples() -> None:
    survey = reference_survey()
    options: dict[str, Any] = {"outcome": "satisfaction", "n_resamples": 200, "seed": 8}
    every = sq.relative_importance(survey, method="all", **options)
    assert every.methods == ("lmg", "relative-weights", "pratt", "first", "last", "partial")
    for method in every.methods:
        own = every.contributions[every.contributions["method"] == method]
        alone = sq.relative_importance(survey, method=method, **options).contributions
        pd.testing.assert_frame_equal(own.reset_index(drop=True), alone)
    assert every.glance()["method"].item() == ", ".join(every.methods)
    assert any("put Reliability first" in part.text for part in every.interpret().statements)


def test_methods_keep_the_order_in_which_they_are_named() -> None:
    result = sq.relative_importance(
        moments_of("swiss"), outcome="Fertility", method=["last", "dominance", "last"]
    )
    assert result.methods == ("last", "dominance")
    assert result.method == "last"
    assert result.contributions["method"].unique().tolist() == ["last", "dominance"]


def test_methods_that_disagree_are_told() -> None:
    result = sq.relative_importance(moments_of("mtcars"), outcome="mpg", method=["lmg", "partial"])
    assert "Both methods put cyl first." in str(result.interpret())
    swiss = sq.relative_importance(moments_of("swiss"), outcome="Fertility", method="all")
    firsts = swiss.contributions.query("rank == 1").set_index("method")["term"]
    assert firsts["lmg"] != firsts["last"] or firsts.nunique() == 1
    words = str(swiss.interpret())
    assert ("do not agree" in words) == (firsts.nunique() > 1)


def test_methods_are_checked() -> None:
    survey = reference_survey()
    with pytest.raises(sq.OptionError, match="`method` is empty"):
        sq.relative_importance(survey, outcome="loyalty", method=[])
    with pytest.raises(sq.OptionError, match=r"`method` is 'shapley'.*Or give a list"):
        sq.relative_importance(survey, outcome="loyalty", method=["lmg", "shapley"])  # type: ignore[list-item]
    with pytest.raises(sq.OptionError, match="`method` is 3, but must be one of"):
        sq.relative_importance(survey, outcome="loyalty", method=3)  # type: ignore[arg-type]


def test_many_predictors_have_intervals_where_they_are_cheap() -> None:
    survey = toy_survey(toy_frame(60, 13), toy_instrument((13,)))
    result = sq.relative_importance(
        survey,
        outcome="satisfaction",
        predictors="items",
        method=["lmg", "relative-weights"],
        n_resamples=100,
    )
    limits = result.contributions.set_index("method")["conf_low"]
    assert limits["lmg"].isna().all()
    assert limits["relative-weights"].notna().all()
    assert any("there are no intervals for lmg" in note for note in result.notes)


# ---- BCa, clusters, weights ----------------------------------------------------------------------


def jackknife_by_loop(values: FloatArray) -> FloatArray:
    rows = range(len(values))
    return np.array([lmg(np.asarray(np.corrcoef(np.delete(values, i, 0).T))) for i in rows])


def test_bca_limits_are_those_of_a_plain_loop() -> None:
    survey = reference_survey()
    result = sq.relative_importance(
        survey, outcome="satisfaction", interval="bca", n_resamples=200, seed=9
    )
    values = rows_of(survey)
    draws = np.array(
        [lmg(np.asarray(np.corrcoef(drawn.T))) for drawn in samples(values, 200, seed=9)]
    )
    left_out = jackknife_by_loop(values)
    own = bca_interval(draws, lmg(np.asarray(np.corrcoef(values.T))), left_out, 0.95)
    assert_allclose(result.contributions["conf_low"], own.low, rtol=1e-7)
    assert_allclose(result.contributions["conf_high"], own.high, rtol=1e-7)
    total = result.contributions["estimate"].sum()
    shares = bca_interval(
        draws / draws.sum(axis=1, keepdims=True),
        result.contributions["estimate"].to_numpy() / total,
        left_out / left_out.sum(axis=1, keepdims=True),
        0.95,
    )
    assert_allclose(result.contributions["share_low"], shares.low, rtol=1e-7)
    percentile = sq.relative_importance(survey, outcome="satisfaction", n_resamples=200, seed=9)
    ranks = ["rank_low", "rank_high"]
    assert result.contributions[ranks].equals(percentile.contributions[ranks])
    assert "Limits of ranks are percentiles: a rank moves in whole places." in result.notes


@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_limits_are_those_of_boot_within_monte_carlo_error(interval: str) -> None:
    expected = EXPECTED["bootstrap"]
    limits, ranks, shares = [], [], []
    for seed in range(20):
        table = sq.relative_importance(
            reference_survey(),
            outcome="satisfaction",
            interval=interval,  # type: ignore[arg-type]
            n_resamples=2000,
            seed=seed,
        ).contributions
        limits.append(table[LIMITS].to_numpy())
        shares.append(table[["share_low", "share_high"]].to_numpy())
        ranks.append(table[["rank_low", "rank_high"]].to_numpy())
    # The mean of 20 runs of 2,000 and one of 10,000 differ by chance: 40,000 and 10,000 draws.
    error = np.std(limits, axis=0, ddof=1) * np.sqrt(1 / 20 + 2000 / expected["n_resamples"])
    z = (np.mean(limits, axis=0) - np.array(expected[interval])) / error
    assert np.abs(z).max() < 4.0
    # A rank limit is certain where no tail of R's ranks is near 2.5 percent of 2,000 draws.
    below = np.cumsum(expected["rank_shares"], axis=1)
    tolerance = 4.0 * np.sqrt(0.025 * 0.975 / 2000)
    certain = np.stack([(np.abs(below - t) > tolerance).all(axis=1) for t in (0.025, 0.975)], 1)
    assert certain.sum() >= 7
    assert (np.array(ranks)[:, certain] == np.array(expected["rank"])[certain]).all()
    if interval == "percentile":
        error = np.std(shares, axis=0, ddof=1) * np.sqrt(1 / 20 + 2000 / expected["n_resamples"])
        z = (np.mean(shares, axis=0) - np.array(expected["percentile_share"])) / error
        assert np.abs(z).max() < 4.0


def test_bca_under_frequency_weights_is_that_of_repeated_rows_for_the_same_draws() -> None:
    # Draws differ in their random numbers, so limits agree within simulation error only.
    frame = reference_frame()
    repeated = survey_of(frame.loc[frame.index.repeat(frame["freq"])])
    options: dict[str, Any] = {"outcome": "satisfaction", "interval": "bca", "n_resamples": 4000}
    weighted = sq.relative_importance(reference_survey("frequency"), **options).contributions
    plain = sq.relative_importance(repeated, **options).contributions
    assert_allclose(weighted[LIMITS], plain[LIMITS], atol=0.006)


@pytest.mark.parametrize("design", ["plain", "frequency", "sampling"])
def test_clusters_are_drawn_whole(design: str) -> None:
    survey = reference_survey(design)
    options: dict[str, Any] = {"outcome": "satisfaction", "n_resamples": 200, "cluster": "branch"}
    with pytest.warns(sq.SmallSampleWarning, match='clusters of "branch". A bootstrap of clusters'):
        result = sq.relative_importance(survey, **options)
    assert result.cluster == "branch"
    table = result.contributions
    assert np.isfinite(table[[*LIMITS, "rank_low", "rank_high"]].to_numpy()).all()
    assert (table["conf_low"] <= table["estimate"]).all()
    with pytest.warns(sq.SmallSampleWarning, match="A bootstrap of clusters"):
        bca = sq.relative_importance(survey, interval="bca", **options)
    assert not np.array_equal(bca.contributions[LIMITS], table[LIMITS])


def test_clusters_of_one_respondent_are_respondents() -> None:
    frame = reference_frame()
    frame["id"] = [f"r{number:03}" for number in range(len(frame))]
    survey = survey_of(frame, groups=["id"])
    options: dict[str, Any] = {"outcome": "satisfaction", "interval": "bca", "n_resamples": 200}
    alone = sq.relative_importance(survey, cluster="id", **options)
    plain = sq.relative_importance(survey, **options)
    assert_allclose(alone.contributions[LIMITS], plain.contributions[LIMITS], rtol=1e-7)


def test_equal_sampling_weights_have_the_bca_limits_of_none() -> None:
    frame = reference_frame().assign(weight=2.5)
    options: dict[str, Any] = {"outcome": "satisfaction", "interval": "bca", "n_resamples": 200}
    weighted = sq.relative_importance(
        survey_of(frame, weights=sq.SamplingWeights("weight")), **options
    )
    plain = sq.relative_importance(reference_survey(), **options)
    assert_allclose(weighted.contributions[LIMITS], plain.contributions[LIMITS], rtol=1e-7)


def test_the_order_of_respondents_does_not_matter() -> None:
    frame = reference_frame()
    turned = survey_of(frame.iloc[::-1].reset_index(drop=True))
    for options in ({"method": "all"}, {"groups": "dimensions"}, {"method": "dominance"}):
        settings: dict[str, Any] = {"outcome": "satisfaction", "n_resamples": 0, **options}
        one = sq.relative_importance(reference_survey(), **settings)
        other = sq.relative_importance(turned, **settings)
        assert_allclose(
            other.contributions["estimate"], one.contributions["estimate"], rtol=1e-9, atol=1e-14
        )


def test_what_needs_respondents_is_refused_for_moments() -> None:
    moments = moments_of("swiss")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"family": "logit"}, '`family="logit"` needs respondents'),
        ({"interval": "bca"}, '`interval="bca"` needs respondents'),
        ({"cluster": "branch"}, "`cluster` needs respondents"),
    ]
    for options, words in cases:
        with pytest.raises(sq.RowsRequiredError, match=words):
            sq.relative_importance(moments, outcome="Fertility", **options)


# ---- orders drawn --------------------------------------------------------------------------------


def test_drawn_orders_are_within_their_error_of_all_orders() -> None:
    survey = reference_survey()
    options: dict[str, Any] = {"outcome": "satisfaction", "n_resamples": 0}
    exact = sq.relative_importance(survey, **options)
    assert exact.contributions["mc_error"].isna().all()
    assert exact.n_permutations == 0
    drawn = sq.relative_importance(survey, n_permutations=1000, **options)
    assert drawn.n_permutations == 1000
    difference = drawn.contributions["estimate"] - exact.contributions["estimate"]
    assert (np.abs(difference) < 4 * drawn.contributions["mc_error"]).all()
    assert_allclose(drawn.contributions["estimate"].sum(), drawn.r_squared, rtol=1e-10)
    again = sq.relative_importance(survey, n_permutations=1000, **options)
    assert again.to_json() == drawn.to_json()


def test_both_sides_of_all_items_are_44_predictors() -> None:
    survey = reference_survey("complete")
    names = [f"{side}{number}" for side in ("E", "P") for number in range(1, 23)]
    values = survey.rows([*names, "satisfaction"])
    moments = sq.Moments.collect(
        pd.DataFrame(values[~np.isnan(values).any(axis=1)], columns=[*names, "satisfaction"])
    )
    result = sq.relative_importance(moments, outcome="satisfaction", n_permutations=2000)
    assert len(result.contributions) == 44
    assert_allclose(result.contributions["estimate"].sum(), result.r_squared, rtol=1e-9)
    assert (result.contributions["mc_error"] > 0).all()
    grouped = sq.relative_importance(
        moments,
        outcome="satisfaction",
        groups={"expectations": names[:16], "more": names[16:30], "most": names[30:]},
    )
    assert_allclose(grouped.groups["estimate"].sum(), result.r_squared, rtol=1e-9)


def test_orders_are_drawn_for_lmg_only() -> None:
    survey = reference_survey()
    cases: list[dict[str, Any]] = [
        {"method": "pratt"},
        {"method": "dominance"},
        {"groups": "dimensions"},
    ]
    for options in cases:
        with pytest.raises(sq.OptionError, match="`n_permutations` draws orders of entry for"):
            sq.relative_importance(survey, outcome="loyalty", n_permutations=500, **options)
    with pytest.raises(sq.OptionError, match="`n_permutations` is 10, but must be a whole number"):
        sq.relative_importance(survey, outcome="loyalty", n_permutations=10)


# ---- binary outcomes -----------------------------------------------------------------------------


@pytest.mark.parametrize("design", ["plain", "frequency"])
def test_logistic_importance_is_that_of_glm(design: str) -> None:
    expected = EXPECTED["logistic"]
    result = sq.relative_importance(
        binary_survey(design),
        outcome="satisfied",
        family="logit",
        method=["dominance", "relative-weights"],
        n_resamples=0,
    )
    own = expected["repeated"] if design == "frequency" else expected
    general = own["general"] if design == "frequency" else own["dominance"]["general"]
    by_method = result.contributions.set_index("method")["estimate"]
    assert result.sample.n_obs == own["n"]
    assert_allclose(by_method["dominance"], general, rtol=1e-8)
    assert_allclose(by_method["relative-weights"], own["relative_weights"], rtol=1e-8)
    assert_allclose(result.r_squared, np.sum(general), rtol=1e-9)
    if design == "plain":
        conditional = np.array(expected["dominance"]["conditional"]).ravel()
        assert_allclose(result.conditional["estimate"], conditional, rtol=1e-7)
    assert any("counts as 1 where it is 1, as 0 where it is 0" in note for note in result.notes)
    assert any("compare shares, not estimates" in note for note in result.notes)


@pytest.mark.parametrize("method", ["lmg", "relative-weights", "first", "last"])
@pytest.mark.parametrize("design", ["plain", "frequency", "sampling"])
def test_logistic_limits_contain_the_estimate(method: ImportanceMethod, design: str) -> None:
    result = sq.relative_importance(
        binary_survey(design),
        outcome="satisfied",
        family="logit",
        method=method,
        predictors=["tangibles", "reliability", "empathy"],
        n_resamples=150,
    )
    table = result.contributions
    assert (table["conf_low"] <= table["estimate"]).all()
    assert (table["estimate"] <= table["conf_high"]).all()


def test_logistic_draws_are_refits_of_the_same_resamples() -> None:
    from statsmodels.api import Logit, add_constant

    survey = binary_survey()
    result = sq.relative_importance(
        survey, outcome="satisfied", family="logit", method="last", n_resamples=100, seed=5
    )
    values = rows_of(survey, "satisfied")
    draws = []
    for drawn in samples(values, 100, seed=5):
        options: dict[str, Any] = {"disp": False, "tol": 1e-10}
        full = Logit(drawn[:, 5], add_constant(drawn[:, :5])).fit(**options)
        losses = []
        for place in range(5):
            others = np.delete(drawn[:, :5], place, axis=1)
            less = Logit(drawn[:, 5], add_constant(others)).fit(**options)
            losses.append(full.prsquared - less.prsquared)
        draws.append(losses)
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    assert_allclose(result.contributions["conf_low"], low, rtol=1e-6, atol=1e-10)
    assert_allclose(result.contributions["conf_high"], high, rtol=1e-6)


def test_two_values_of_any_kind_will_do_and_linear_regression_too() -> None:
    frame = toy_frame(80)
    frame["YES"] = np.where(frame["SAT1"] > 4, 5.0, 2.0)
    survey = toy_survey(frame, outcomes={"yes": ["YES"]})
    result = sq.relative_importance(survey, outcome="yes", family="logit", n_resamples=100)
    assert "yes counts as 1 where it is 5, as 0 where it is 2." in result.notes
    linear = sq.relative_importance(survey, outcome="yes", n_resamples=100)
    assert_allclose(linear.contributions["share"].sum(), 1.0, rtol=1e-12)


def test_logistic_regressions_that_do_not_exist_are_explained() -> None:
    frame = toy_frame(60, n_items=4)
    frame["YES"] = (frame["P1"] > 4).astype(float)
    separated = toy_survey(frame, toy_instrument((1, 3)), outcomes={"yes": ["YES"]})
    words = 'The predictors separate the two values of "yes"'
    with pytest.raises(sq.EstimationError, match=words):
        sq.relative_importance(separated, outcome="yes", family="logit", on="perception")
    frame["YES"] = (frame["SAT1"] > 4).astype(float)
    frame[["E3", "E4", "P3", "P4"]] = frame[["E1", "E2", "P1", "P2"]].to_numpy()
    twice = toy_survey(frame, toy_instrument((2, 2)), outcomes={"yes": ["YES"]})
    for method in ("lmg", "relative-weights"):
        with pytest.raises(sq.NotIdentifiedError, match=r"no logistic regression can tell.*d1, d2"):
            sq.relative_importance(twice, outcome="yes", family="logit", method=method)
    with pytest.raises(
        sq.EstimationError, match=r'has .* different values .*`family="logit"` needs'
    ):
        sq.relative_importance(toy_survey(toy_frame()), outcome="satisfaction", family="logit")


def test_logistic_options_are_checked() -> None:
    survey = binary_survey()
    options: dict[str, Any] = {"outcome": "satisfied", "family": "logit"}
    with pytest.raises(sq.OptionError, match='`method` names pratt, which with `family="logit"`'):
        sq.relative_importance(survey, method="pratt", **options)
    with pytest.raises(sq.OptionError, match='With `family="logit"` use `interval="percentile"`'):
        sq.relative_importance(survey, interval="bca", **options)
    with pytest.raises(sq.OptionError, match="`groups` divides a linear regression"):
        sq.relative_importance(survey, groups="dimensions", **options)
    with pytest.raises(sq.OptionError, match="`family` is 'probit', but must be one of"):
        sq.relative_importance(survey, outcome="satisfied", family="probit")  # type: ignore[arg-type]
    with pytest.raises(sq.EstimationError, match="There are 22 predictors, but lmg with"):
        sq.relative_importance(survey, predictors="items", **options)
    every = sq.relative_importance(survey, method="all", n_resamples=0, **options)
    assert every.methods == ("lmg", "relative-weights", "first", "last")


def test_logistic_bootstraps_that_take_too_long_are_left_out() -> None:
    frame = toy_frame(400, n_items=8)
    frame["YES"] = (frame["SAT1"] > 4).astype(float)
    survey = toy_survey(frame, toy_instrument((8,)), outcomes={"yes": ["YES"]})
    result = sq.relative_importance(
        survey, outcome="yes", family="logit", predictors="items", n_resamples=2000
    )
    assert result.contributions["conf_low"].isna().all()
    assert result.n_resamples == 0
    assert any("512,000 logistic regressions, so there are no intervals" in n for n in result.notes)


# ---- nasty data ----------------------------------------------------------------------------------


def test_resamples_in_which_predictors_repeat_each_other_are_counted() -> None:
    # Two respondents only tell d1 from d2; some resamples have neither.
    frame = toy_frame(n_items=4)
    frame[["E3", "E4", "P3", "P4"]] = frame[["E1", "E2", "P1", "P2"]].to_numpy()
    answers = frame.loc[[0, 1], "P3"].to_numpy()
    frame.loc[[0, 1], "P3"] = answers + np.where(answers < 4, 2.0, -2.0)
    survey = toy_survey(frame, toy_instrument((2, 2)))
    missed = sum(
        not np.isin([0, 1], drawn).any() for drawn in samples(np.arange(40.0)[:, None], 200, seed=2)
    )
    assert missed > 5
    result = sq.relative_importance(
        survey, outcome="satisfaction", method=["lmg", "last"], n_resamples=200, seed=2
    )
    assert result.n_degenerate == missed
    assert any(f"In {missed} of 200 resamples predictors repeated" in n for n in result.notes)
    assert np.isfinite(result.contributions[LIMITS].to_numpy()).all()
    without = sq.relative_importance(survey, outcome="satisfaction", n_resamples=200, seed=2)
    assert without.n_degenerate == 0


def test_most_resamples_failing_is_told() -> None:
    frame = toy_frame(n_items=3)
    frame["E1"], frame["P1"] = 5.0, 5.0
    frame.loc[0, "P1"] = 1.0
    frame["g"] = ["a"] + ["b"] * 10 + ["c"] * 10 + ["d"] * 19
    survey = toy_survey(frame, toy_instrument((1, 2)))
    with pytest.warns(sq.SmallSampleWarning, match="A bootstrap of clusters needs many"):
        result = sq.relative_importance(
            survey, outcome="satisfaction", n_resamples=200, cluster="g", seed=1
        )
    # A cluster of one respondent is missed in (3/4)^4 of the resamples.
    assert 30 < result.n_degenerate < 100
    assert np.isfinite(result.contributions[LIMITS].to_numpy()).all()


@pytest.mark.parametrize("options", [{}, {"interval": "bca"}, {"method": "dominance"}])
def test_25_respondents_are_enough(options: dict[str, Any]) -> None:
    survey = survey_of(reference_frame("survey_complete").head(25))
    result = sq.relative_importance(survey, outcome="satisfaction", n_resamples=300, **options)
    assert result.sample.n_obs == 25
    table = result.contributions
    assert (table["conf_low"] < table["conf_high"]).all()
    assert_allclose(table["estimate"].sum(), result.r_squared, rtol=1e-9)


def test_one_predictor_has_no_bca_interval_of_its_share() -> None:
    survey = toy_survey(toy_frame(n_items=2), toy_instrument((2,)))
    result = sq.relative_importance(survey, outcome="satisfaction", interval="bca", n_resamples=200)
    assert result.contributions["share_low"].isna().all()
    assert result.contributions["conf_low"].notna().all()
    assert any("A BCa interval does not exist where" in note for note in result.notes)


def test_an_outcome_made_of_the_predictors_has_no_partial_correlations() -> None:
    moments = sq.Moments.from_covariance(
        [[1.0, 0.3, 1.3], [0.3, 1.0, 1.3], [1.3, 1.3, 2.6]], 100, ["a", "b", "sum"]
    )
    result = sq.relative_importance(moments, outcome="sum", method="partial")
    assert_allclose(result.contributions["estimate"], 1.0, rtol=1e-9)
    weights = sq.relative_importance(moments, outcome="sum", method="dominance")
    assert_allclose(weights.r_squared, 1.0, rtol=1e-12)


def test_results_of_old_have_their_columns_in_place() -> None:
    result = sq.relative_importance(reference_survey(), outcome="loyalty", n_resamples=100)
    assert isinstance(result, ImportanceResult)
    assert result.tidy().columns.tolist()[:12] == [
        "term",
        "label",
        "method",
        "estimate",
        "share",
        *LIMITS,
        "share_low",
        "share_high",
        "rank",
        "rank_low",
        "rank_high",
    ]
    assert not len(result.groups)
    assert not len(result.conditional)
    assert not len(result.dominance)


def test_correlations_are_scale_free() -> None:
    values = rows_of(reference_survey()) * [1e-3, 1.0, 1e4, 1.0, 7.0, 0.1]
    found = owen(correlation_from_covariance(np.cov(values.T)), [[0, 1], [2, 3, 4]])
    plain = owen(np.asarray(np.corrcoef(rows_of(reference_survey()).T)), [[0, 1], [2, 3, 4]])
    assert_allclose(found, plain, rtol=1e-9)


# ---- against noise -------------------------------------------------------------------------------


def test_differences_from_noise_are_those_of_a_plain_loop() -> None:
    survey = reference_survey()
    result = sq.relative_importance(
        survey,
        outcome="satisfaction",
        method=["relative-weights", "lmg"],
        against_noise=True,
        n_resamples=100,
        seed=6,
    )
    values = rows_of(survey)
    noise = np.random.default_rng([6, 1]).standard_normal(len(values))
    wider = np.column_stack([values[:, :5], noise, values[:, 5]])
    draws: dict[str, list[FloatArray]] = {"lmg": [], "relative-weights": []}
    for drawn in samples(wider, 100, seed=6):
        correlations = np.asarray(np.corrcoef(drawn.T))
        for method, formula in (("lmg", lmg), ("relative-weights", relative_weights)):
            found = formula(correlations)
            draws[method].append(found[:5] - found[5])
    for method, drawn_differences in draws.items():
        own = result.against_noise[result.against_noise["method"] == method]
        low, high = np.quantile(drawn_differences, [0.025, 0.975], axis=0)
        assert_allclose(own["conf_low"], low, rtol=1e-8, atol=1e-12)
        assert_allclose(own["conf_high"], high, rtol=1e-8)
        found = (lmg if method == "lmg" else relative_weights)(np.asarray(np.corrcoef(wider.T)))
        assert_allclose(own["estimate"], found[:5] - found[5], rtol=1e-9)


def test_noise_does_not_exceed_noise_and_a_cause_does() -> None:
    generator = np.random.default_rng(11)
    frame = toy_frame(200, 4)
    for side in ("E", "P"):
        frame[[f"{side}3", f"{side}4"]] = generator.integers(1, 8, size=(200, 2))
    survey = toy_survey(frame, toy_instrument((2, 2)))
    result = sq.relative_importance(
        survey, outcome="satisfaction", on="perception", against_noise=True, n_resamples=500
    )
    low = result.against_noise.set_index("term")["conf_low"]
    assert low["d1"] > 0 > low["d2"]
    assert "D2 cannot be told from a variable of random numbers." in str(result.interpret())
    alone = sq.relative_importance(survey, outcome="satisfaction", on="perception", n_resamples=500)
    # The comparison does not touch the importances themselves.
    pd.testing.assert_frame_equal(alone.contributions, result.contributions)
    assert not len(alone.against_noise)


def test_noise_is_for_methods_that_are_never_negative() -> None:
    survey = reference_survey()
    cases: list[dict[str, Any]] = [{"method": "pratt"}, {"groups": "dimensions"}]
    for options in cases:
        with pytest.raises(sq.OptionError, match="`against_noise=True` compares"):
            sq.relative_importance(survey, outcome="loyalty", against_noise=True, **options)
    with pytest.raises(sq.OptionError, match="`against_noise` is 1, but must be True or False"):
        sq.relative_importance(survey, outcome="loyalty", against_noise=1)  # type: ignore[arg-type]
    result = sq.relative_importance(survey, outcome="loyalty", against_noise=True, n_resamples=0)
    assert not len(result.against_noise)


def test_dominance_that_few_resamples_repeat_is_not_relied_on() -> None:
    survey = toy_survey(toy_frame(n_respondents=60))
    result = sq.relative_importance(
        survey, outcome="satisfaction", method="dominance", n_resamples=200
    )
    complete = result.dominance.query("kind == 'complete' and estimate == 1.0")
    least = complete.groupby("first")["reproducibility"].min()
    words = str(result.interpret())
    assert words.count("do not rely on it") == int((least < 0.5).sum())
    assert words.count("of the resamples too") == int((least >= 0.5).sum())
    weak = replace(result, dominance=result.dominance.assign(reproducibility=0.3))
    assert "but in as few as 30% of the resamples: do not rely on it" in str(weak.interpret())
