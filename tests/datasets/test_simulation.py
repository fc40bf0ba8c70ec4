"""The simulator draws what its true values promise, and the exact population values are exact."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from servqual.datasets.bank_truth import BANK
from servqual.datasets.expected import AnswerMoments, answer_moments
from servqual.datasets.latent import base_gaps, gap_weights, latent_model
from servqual.datasets.simulation import simulate
from servqual.datasets.truth import ItemBlock, SurveyTruth
from servqual.errors import NotPositiveDefiniteError, OptionError
from servqual.typing import FloatArray

N_LARGE = 200_000
POINTS = [f"W_{name}" for name in BANK.dimensions]
COMPLETE = replace(BANK, skipping_share=0.0, missing_outcome_share=0.0)


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    return simulate(COMPLETE, n_respondents=N_LARGE, seed=7)


@pytest.fixture(scope="module")
def moments() -> AnswerMoments:
    return answer_moments(BANK)


def values(frame: pd.DataFrame, names: tuple[str, ...]) -> FloatArray:
    return frame[list(names)].to_numpy(dtype=np.float64)


def dimension_gaps(frame: pd.DataFrame) -> FloatArray:
    gaps = values(frame, BANK.perception.names) - values(frame, BANK.expectation.names)
    of_item = np.asarray(BANK.dimension_of_item)
    return np.column_stack([gaps[:, of_item == d].mean(axis=1) for d in range(5)])


# --- the population values ----------------------------------------------------------------------


def test_item_means_agree_with_a_large_simulation(
    large: pd.DataFrame, moments: AnswerMoments
) -> None:
    standard_errors = np.sqrt(np.diag(moments.covariance) / N_LARGE)
    found = values(large, moments.names).mean(axis=0)
    assert np.abs((found - moments.mean) / standard_errors).max() < 4.5


def test_item_covariances_agree_with_a_large_simulation(
    large: pd.DataFrame, moments: AnswerMoments
) -> None:
    deviations = values(large, moments.names) - moments.mean
    squared = deviations**2
    found = deviations.T @ deviations / N_LARGE
    standard_errors = np.sqrt((squared.T @ squared / N_LARGE - found**2) / N_LARGE)
    # 1,326 different entries: 5 standard errors leave about one false alarm in 1,300 seeds.
    assert np.abs((found - moments.covariance) / standard_errors).max() < 5.0


def test_dimension_gaps_and_their_spread_agree_with_a_large_simulation(large: pd.DataFrame) -> None:
    expected = BANK.expected_scores().dimensions
    gaps = dimension_gaps(large)
    spread = expected["gap_sd"].to_numpy(dtype=np.float64)
    means = expected["gap"].to_numpy(dtype=np.float64)
    assert np.abs((gaps.mean(axis=0) - means) / (spread / np.sqrt(N_LARGE))).max() < 4.5
    np.testing.assert_allclose(gaps.std(axis=0), spread, rtol=0.01)


def test_branch_and_wave_means_agree_with_a_large_simulation(large: pd.DataFrame) -> None:
    expected = BANK.expected_scores()
    gaps = dimension_gaps(large)
    for group, table in (("branch", expected.branches), ("wave", expected.waves)):
        wide = table.pivot(index=group, columns="dimension", values="gap")[list(BANK.dimensions)]
        for name, row in wide.iterrows():
            own = gaps[(large[group] == name).to_numpy()]
            standard_error = own.std(axis=0) / np.sqrt(len(own))
            assert np.abs((own.mean(axis=0) - row.to_numpy()) / standard_error).max() < 4.5


def test_regression_of_the_answers_agrees_with_a_large_simulation(large: pd.DataFrame) -> None:
    expected = BANK.expected_scores()
    design = np.column_stack([np.ones(N_LARGE), dimension_gaps(large)])
    for outcome, block in (("satisfaction", BANK.satisfaction), ("loyalty", BANK.loyalty)):
        score = values(large, block.names).mean(axis=1)
        estimate = np.linalg.lstsq(design, score, rcond=None)[0]
        residuals = score - design @ estimate
        table = expected.regression.query("outcome == @outcome")
        standard_errors = np.sqrt(
            np.diag(np.linalg.inv(design.T @ design)) * residuals.var() * N_LARGE / (N_LARGE - 6)
        )
        assert np.abs((estimate - table["estimate"].to_numpy()) / standard_errors).max() < 5.0
        share = expected.r_squared.set_index("outcome").loc[outcome, "r_squared"]
        # The standard error of R² is about 2·sqrt(R²)(1 - R²)/sqrt(n) < 0.0018.
        assert 1.0 - residuals.var() / score.var() == pytest.approx(share, abs=0.008)


def test_alpha_of_the_answers_agrees_with_a_large_simulation(large: pd.DataFrame) -> None:
    reliability = BANK.expected_scores().reliability.set_index(["on", "dimension"])["alpha"]
    covariance = np.cov(values(large, ("P5", "P6", "P7", "P8", "P9")), rowvar=False)
    alpha = 5 / 4 * (1.0 - np.trace(covariance) / covariance.sum())
    assert alpha == pytest.approx(reliability["perception", "reliability"], abs=0.003)


def test_answer_mean_is_the_integral_over_the_response_density(moments: AnswerMoments) -> None:
    block = BANK.expectation
    mean, sd = block.intercepts[4], np.hypot(block.loadings[4] * 0.85, block.unique_sds[4])

    def weighted(response: float) -> float:
        answer = 1 + np.searchsorted(block.thresholds, response)
        return float(
            answer * np.exp(-0.5 * ((response - mean) / sd) ** 2) / sd / np.sqrt(2 * np.pi)
        )

    integral, _ = quad(weighted, mean - 12 * sd, mean + 12 * sd, points=block.thresholds, limit=200)
    assert moments.mean[4] == pytest.approx(integral, rel=1e-8)


def test_answer_covariance_is_that_of_the_bivariate_normal_distribution() -> None:
    one_cell = replace(
        COMPLETE,
        branches=("Only",),
        branch_shares=np.array([1.0]),
        branch_effects=np.zeros((1, 5)),
        waves=(1,),
        wave_shares=np.array([1.0]),
        wave_effects=np.zeros((1, 5)),
    )
    moments = answer_moments(one_cell)
    first, second = moments.names.index("P5"), moments.names.index("P6")
    block, sd = BANK.perception, BANK.factor_sds[6]
    covariance = np.outer(block.loadings[4:6], block.loadings[4:6]) * sd**2
    covariance += np.diag(block.unique_sds[4:6] ** 2)
    response = multivariate_normal(block.intercepts[4:6], covariance)
    margins = [
        multivariate_normal(block.intercepts[4 + k], covariance[k, k]).cdf(block.thresholds)
        for k in range(2)
    ]
    # Cov of two counts of passed thresholds: Σ_k Σ_l [Φ2(a_k, b_l) - Φ(a_k) Φ(b_l)].
    expected = sum(
        float(response.cdf([a, b])) - margins[0][k] * margins[1][j]
        for k, a in enumerate(block.thresholds)
        for j, b in enumerate(block.thresholds)
    )
    # scipy integrates the bivariate distribution function numerically, to about 1e-8 per term.
    assert moments.covariance[first, second] == pytest.approx(expected, abs=1e-6)


def test_latent_paths_and_r_squared_agree_with_latent_draws() -> None:
    model, n = latent_model(BANK), 100_000
    generator = np.random.default_rng(5)
    branch = generator.choice(6, size=n, p=BANK.branch_shares)
    wave = generator.choice(2, size=n, p=BANK.wave_shares)
    latent = model.means[branch, wave] + generator.standard_normal((n, 12)) @ model.root.T
    gaps = base_gaps(BANK) + latent[:, :10] @ gap_weights(BANK).T
    satisfaction, loyalty, quality = latent[:, 10], latent[:, 11], gaps.mean(axis=1)
    one = np.ones(n)
    found_a = np.linalg.lstsq(np.column_stack([one, quality]), satisfaction, rcond=None)[0][1]
    found = np.linalg.lstsq(np.column_stack([one, satisfaction, quality]), loyalty, rcond=None)[0]
    paths = BANK.tables().mediation.set_index("term")["estimate"]
    # Standard errors of the slopes are about 0.003 to 0.005.
    np.testing.assert_allclose(
        [found_a, found[1], found[2]], paths[["a", "b", "direct"]], atol=0.015
    )
    r_squared = []
    for outcome, predictors in (
        (satisfaction, gaps),
        (loyalty, gaps),
        (loyalty, np.column_stack([gaps, satisfaction])),
    ):
        design = np.column_stack([one, predictors])
        residuals = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
        r_squared.append(1.0 - residuals.var() / outcome.var())
    # The standard error of R² is below 0.003 at this size.
    np.testing.assert_allclose(r_squared, BANK.tables().r_squared["r_squared"], atol=0.01)


def test_the_latent_mediation_agrees_with_its_identities() -> None:
    paths = BANK.tables().mediation.set_index("term")["estimate"]
    assert paths["indirect"] == pytest.approx(paths["a"] * paths["b"])
    assert paths["total"] == pytest.approx(paths["direct"] + paths["indirect"])


def test_overall_scores_are_the_means_that_they_name() -> None:
    expected = BANK.expected_scores()
    overall = expected.overall.set_index("score")["gap"]
    gaps = expected.dimensions["gap"].to_numpy(dtype=np.float64)
    assert overall["dimension mean"] == pytest.approx(gaps.mean())
    assert overall["item mean"] == pytest.approx(np.average(gaps, weights=[4, 5, 4, 4, 5]))
    assert overall["weighted"] == pytest.approx(gaps @ [0.11, 0.32, 0.22, 0.19, 0.16])


# --- the story that a class is told -------------------------------------------------------------


def test_the_story_of_the_bank() -> None:
    expected = BANK.expected_scores()
    gaps = expected.dimensions.set_index("dimension")["gap"]
    assert gaps.idxmin() == "reliability"
    assert abs(gaps["tangibles"]) < 0.1
    assert expected.reliability["alpha"].between(0.74, 0.92).all()
    shares = expected.r_squared.set_index("outcome")["r_squared"]
    assert 0.4 < shares["satisfaction"] < 0.55
    coefficients = BANK.tables().regression.set_index("term")["estimate"].drop("intercept")
    assert coefficients.sort_values(ascending=False).index.tolist() == [
        "reliability",
        "responsiveness",
        "assurance",
        "empathy",
        "tangibles",
    ]


def test_factor_correlations_lie_where_the_docs_say() -> None:
    correlations = BANK.factor_correlations
    upper = np.triu_indices(5, 1)
    for side in (slice(0, 5), slice(5, 10)):
        within = correlations[side, side][upper]
        assert within.min() >= 0.55
        assert within.max() <= 0.75
    same = np.diag(correlations[:5, 5:])
    assert same.min() >= 0.2
    assert same.max() <= 0.35


def test_loadings_average_to_one_within_each_dimension_and_side() -> None:
    means = BANK.tables().loadings.groupby(["side", "dimension"])["loading"].mean()
    np.testing.assert_allclose(means, 1.0, rtol=1e-12)


# --- the draw -----------------------------------------------------------------------------------


def test_columns_and_types() -> None:
    survey = simulate(n_respondents=20, seed=1)
    assert survey.columns.tolist() == [
        *("respondent", "branch", "wave"),
        *(f"E{item}" for item in range(1, 23)),
        *(f"P{item}" for item in range(1, 23)),
        *("SAT1", "SAT2", "SAT3", "LOY1", "LOY2", "LOY3", "recommend"),
        *POINTS,
    ]
    assert survey["respondent"].tolist() == list(range(1, 21))
    assert (survey.drop(columns=["respondent", "branch", "wave"]).dtypes == np.float64).all()


def test_answers_are_whole_numbers_on_their_scales(large: pd.DataFrame) -> None:
    for block in BANK.blocks:
        answers = values(large, block.names)
        assert np.array_equal(answers, np.round(answers))
        assert answers.min() == block.lowest
        assert answers.max() == block.highest


def test_importance_points_are_whole_add_up_and_are_unbiased(large: pd.DataFrame) -> None:
    given = large[POINTS].dropna().to_numpy(dtype=np.float64)
    assert np.array_equal(given, np.round(given))
    assert given.min() >= 0.0
    assert (given.sum(axis=1) == 100.0).all()
    standard_errors = given.std(axis=0) / np.sqrt(len(given))
    deviations = given.mean(axis=0) - 100.0 * BANK.importance_shares
    assert np.abs(deviations / standard_errors).max() < 4.5


def test_missing_answers_have_their_shares() -> None:
    survey = simulate(n_respondents=20_000, seed=3)
    ratings = survey[[*BANK.expectation.names, *BANK.perception.names]].isna()
    assert ratings.to_numpy().mean() == pytest.approx(0.02, abs=0.001)
    # A skipper who skips nothing is rare: 0.92**44 = 0.026.
    assert ratings.any(axis=1).mean() == pytest.approx(0.25 * (1 - 0.92**44), abs=0.015)
    assert survey[["SAT1", "LOY3", "recommend"]].isna().to_numpy().mean() == pytest.approx(
        0.01, abs=0.002
    )
    points = survey[POINTS].isna()
    assert (points.any(axis=1) == points.all(axis=1)).all()
    assert points.all(axis=1).mean() == pytest.approx(0.03, abs=0.006)


def test_branches_and_waves_have_their_shares(large: pd.DataFrame) -> None:
    shares = large["branch"].value_counts(normalize=True)[list(BANK.branches)]
    np.testing.assert_allclose(shares, BANK.branch_shares, atol=0.005)
    assert (large["wave"] == 2026).mean() == pytest.approx(0.5, abs=0.005)


def test_the_same_seed_gives_the_same_survey_and_another_does_not() -> None:
    pd.testing.assert_frame_equal(
        simulate(n_respondents=50, seed=5), simulate(n_respondents=50, seed=5)
    )
    assert not simulate(n_respondents=50, seed=5).equals(simulate(n_respondents=50, seed=6))


def test_more_respondents_leave_the_first_as_they_are() -> None:
    pd.testing.assert_frame_equal(simulate(n_respondents=600).head(70), simulate(n_respondents=70))


def test_one_respondent_is_enough() -> None:
    assert len(simulate(n_respondents=1, seed=0)) == 1


def test_global_random_state_is_left_alone() -> None:
    np.random.seed(4)  # noqa: NPY002 - the legacy state is what must not change
    undisturbed = np.random.random()  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    simulate(n_respondents=10, seed=2)
    assert np.random.random() == undisturbed  # noqa: NPY002


@pytest.mark.parametrize("n_respondents", [0, -3, 2.5])
def test_impossible_numbers_of_respondents_are_refused(n_respondents: int) -> None:
    with pytest.raises(OptionError, match=r"`n_respondents` is .*whole number of at least 1"):
        simulate(n_respondents=n_respondents)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(OptionError, match="`seed` is -1"):
        simulate(seed=-1)


# --- the true values ----------------------------------------------------------------------------


def test_true_values_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        BANK.loyalty_intercept = 3.0  # type: ignore[misc]
    arrays = [getattr(BANK, field.name) for field in fields(SurveyTruth)]
    arrays += [getattr(block, field.name) for block in BANK.blocks for field in fields(ItemBlock)]
    writable = [a for a in arrays if isinstance(a, np.ndarray) and a.flags.writeable]
    assert writable == []


def test_the_arrays_of_the_caller_are_copied() -> None:
    shares = np.array([0.2, 0.2, 0.2, 0.2, 0.2])
    truth = replace(BANK, importance_shares=shares)
    shares[0] = 9.0
    assert truth.importance_shares[0] == 0.2


def test_frames_of_true_values_are_copies() -> None:
    table = BANK.tables().factor_correlations
    table.iloc[0, 1] = 0.0
    assert BANK.factor_correlations[0, 1] == 0.57


def test_contradicting_true_values_are_refused() -> None:
    with pytest.raises(OptionError, match="`branch_effects` has the shape"):
        replace(BANK, branch_effects=np.zeros((5, 5)))
    with pytest.raises(OptionError, match=r"`wave_shares` adds up to 1\.2"):
        replace(BANK, wave_shares=np.array([0.6, 0.6]))
    with pytest.raises(OptionError, match="`missing_item_share` is 1"):
        replace(BANK, missing_item_share=1.0)
    with pytest.raises(OptionError, match="`expectation` has 22 items"):
        replace(BANK, items_per_dimension=(4, 5, 4, 4, 4))
    with pytest.raises(OptionError, match="`items_per_dimension` has 4 entries"):
        replace(BANK, items_per_dimension=(4, 5, 4, 9))
    with pytest.raises(OptionError, match="missing or infinite"):
        replace(BANK, factor_sds=np.full(10, np.nan))


def test_impossible_factor_correlations_are_refused() -> None:
    impossible = np.full((10, 10), -0.9)
    np.fill_diagonal(impossible, 1.0)
    with pytest.raises(NotPositiveDefiniteError, match="has the eigenvalue"):
        replace(BANK, factor_correlations=impossible)
    lopsided = BANK.factor_correlations.copy()
    lopsided[0, 1] = 0.1
    with pytest.raises(OptionError, match="must be symmetric"):
        replace(BANK, factor_correlations=lopsided)


def test_contradicting_item_blocks_are_refused() -> None:
    with pytest.raises(OptionError, match="`loadings` has the shape"):
        replace(BANK.loyalty, loadings=np.ones(2))
    with pytest.raises(OptionError, match="must be positive"):
        replace(BANK.loyalty, unique_sds=np.array([1.0, 0.0, 1.0]))
    with pytest.raises(OptionError, match="numbers that ascend"):
        replace(BANK.loyalty, thresholds=np.array([2.0, 1.0]))
