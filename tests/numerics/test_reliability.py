"""Reliability coefficients against psych::alpha, psych::alpha.ci and Guttman's formulas in R."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.errors import EstimationError, OptionError
from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.reliability import (
    cronbach_alpha,
    feldt_interval,
    guttman_lambda2,
    guttman_lambda6,
    item_statistics,
    mean_inter_item_correlation,
    scale_reliability_statistics,
    split_half_average,
    split_half_odd_even,
    squared_multiple_correlations,
)
from servqual.typing import FloatArray
from tests.reference import load_expected

EXPECTED = load_expected("numerics_inference")
DATA = Path(__file__).parents[1] / "reference" / "data"
CASES: dict[str, dict[str, Any]] = EXPECTED["reliability"]
COEFFICIENTS = (
    "mean_r",
    "alpha",
    "alpha_low",
    "alpha_high",
    "alpha_std",
    "lambda2",
    "lambda6",
    "lambda2_std",
    "lambda6_std",
    "split_half",
)


@pytest.fixture
def items() -> FloatArray:
    return np.array([[1.0, 0.5, 0.4], [0.5, 1.2, 0.6], [0.4, 0.6, 0.9]])


@pytest.mark.parametrize("name", list(CASES))
def test_scale_statistics_equal_r(name: str) -> None:
    case = CASES[name]
    stats = scale_reliability_statistics(
        case["covariance"], case["n"], conf_level=case["conf_level"]
    )
    for field in COEFFICIENTS:
        assert_allclose(getattr(stats, field), case[field], rtol=1e-10, err_msg=field)
    assert stats.n_items == len(case["covariance"])
    assert (stats.n_obs, stats.conf_level) == (case["n"], case["conf_level"])


@pytest.mark.parametrize("name", list(CASES))
def test_item_statistics_equal_r(name: str) -> None:
    case = CASES[name]
    stats = item_statistics(case["covariance"])
    expected = np.array(case["alpha_if_deleted"], dtype=np.float64)
    assert_allclose(stats.item_rest_r, case["item_rest_r"], rtol=1e-10)
    assert_allclose(stats.alpha_if_deleted, expected, rtol=1e-10)


def test_published_values_of_the_bfi() -> None:
    # Agreeableness of psych's bfi, A1 reversed, 2436 complete respondents; six digits were printed.
    case = CASES["bfi_agreeableness"]
    stats = scale_reliability_statistics(case["covariance"], case["n"], conf_level=0.95)
    items = item_statistics(case["covariance"])
    assert case["n"] == 2436
    assert_allclose(
        [stats.alpha, stats.alpha_std, stats.lambda2_std, stats.lambda6_std],
        [0.715849, 0.724925, 0.732204, 0.695653],
        atol=5e-7,
    )
    assert_allclose([stats.alpha_low, stats.alpha_high], [0.6976, 0.7333], atol=5e-5)
    assert_allclose(
        items.alpha_if_deleted, [0.731461, 0.633200, 0.615084, 0.696314, 0.658242], atol=5e-7
    )
    assert_allclose(
        items.item_rest_r, [0.319096, 0.575923, 0.603569, 0.414525, 0.500435], atol=5e-7
    )


@pytest.mark.parametrize("case", EXPECTED["feldt"])
def test_feldt_equals_alpha_ci(case: dict[str, Any]) -> None:
    interval = feldt_interval(
        case["alpha"], case["n_items"], case["n"], conf_level=case["conf_level"]
    )
    assert_allclose(interval.low, case["low"], rtol=1e-10)
    assert_allclose(interval.high, case["high"], rtol=1e-10)


def test_feldt_has_its_two_tails(items: FloatArray) -> None:
    # A wider interval contains the narrower one, and both contain alpha.
    alpha = cronbach_alpha(items)
    narrow = feldt_interval(alpha, 3, 80, conf_level=0.8)
    wide = feldt_interval(alpha, 3, 80, conf_level=0.99)
    assert wide.low < narrow.low < alpha < narrow.high < wide.high < 1.0


def test_guttman_bounds_are_ordered() -> None:
    for case in CASES.values():
        covariance = np.array(case["covariance"])
        k = covariance.shape[0]
        lambda1 = (k - 1) / k * cronbach_alpha(covariance)
        assert lambda1 <= cronbach_alpha(covariance) <= guttman_lambda2(covariance) + 1e-15


def test_parallel_items_follow_spearman_and_brown() -> None:
    # Every coefficient that is exact for parallel items gives k r / (1 + (k − 1) r).
    r, k = 0.4, 6
    parallel = np.full((k, k), r) + (1.0 - r) * np.eye(k)
    stepped_up = k * r / (1.0 + (k - 1) * r)
    stats = scale_reliability_statistics(9.0 * parallel, 100, conf_level=0.95)
    assert_allclose(
        [stats.alpha, stats.alpha_std, stats.lambda2, stats.split_half], stepped_up, rtol=1e-14
    )
    assert_allclose(stats.mean_r, r, rtol=1e-14)


def test_coefficients_of_correlations_ignore_units() -> None:
    case = CASES["bfi_agreeableness"]
    units = np.array([1.0, 10.0, 0.1, 3.0, 7.0])
    rescaled = np.array(case["covariance"]) * np.outer(units, units)
    stats = scale_reliability_statistics(rescaled, case["n"], conf_level=0.95)
    assert_allclose(stats.alpha_std, case["alpha_std"], rtol=1e-12)
    assert_allclose(stats.lambda6_std, case["lambda6_std"], rtol=1e-12)
    assert abs(stats.alpha - case["alpha"]) > 0.01


def test_squared_multiple_correlations_are_regressions() -> None:
    correlation = correlation_from_covariance(CASES["bfi_openness"]["covariance"])
    smc = squared_multiple_correlations(correlation)
    others = [1, 2, 3, 4]
    slopes = np.linalg.solve(correlation[np.ix_(others, others)], correlation[others, 0])
    assert_allclose(smc[0], slopes @ correlation[others, 0], rtol=1e-12)


def test_a_negative_alpha_is_reported() -> None:
    assert_allclose(cronbach_alpha([[1.0, -0.5], [-0.5, 1.0]]), -2.0)


def test_one_item_has_no_reliability() -> None:
    stats = scale_reliability_statistics([[2.0]], 50, conf_level=0.95)
    assert all(math.isnan(getattr(stats, field)) for field in COEFFICIENTS)
    item = item_statistics([[2.0]])
    assert_array_equal(item.item_rest_r, [np.nan])
    assert_array_equal(item.alpha_if_deleted, [np.nan])


def test_two_items_have_no_alpha_without_one_of_them() -> None:
    stats = item_statistics([[1.0, 0.5], [0.5, 1.0]])
    assert_allclose(stats.item_rest_r, [0.5, 0.5])
    assert np.isnan(stats.alpha_if_deleted).all()


def test_a_constant_item_leaves_what_needs_no_correlation(items: FloatArray) -> None:
    covariance = np.zeros((4, 4))
    covariance[:3, :3] = items
    stats = scale_reliability_statistics(covariance, 50, conf_level=0.95)
    assert_allclose(stats.alpha, 4 / 3 * (1.0 - np.trace(items) / items.sum()))
    assert math.isfinite(stats.alpha_low)
    assert math.isfinite(stats.lambda2)
    assert math.isfinite(stats.split_half)
    for field in ("mean_r", "alpha_std", "lambda6", "lambda2_std", "lambda6_std"):
        assert math.isnan(getattr(stats, field)), field
    item = item_statistics(covariance)
    assert_array_equal(np.isnan(item.item_rest_r), [False, False, False, True])
    assert_allclose(item.alpha_if_deleted[3], cronbach_alpha(items), rtol=1e-14)


@pytest.mark.parametrize(
    "covariance",
    [
        np.zeros((3, 3)),
        [[1.0, -1.0], [-1.0, 1.0]],
        np.full((3, 3), np.nan),
        # 0.1 + 0.2 − 0.3: no variance but for rounding.
        np.outer([0.1, 0.2, -0.3], [0.1, 0.2, -0.3]),
    ],
)
def test_a_sum_without_variance_has_no_reliability(covariance: FloatArray) -> None:
    stats = scale_reliability_statistics(covariance, 50, conf_level=0.95)
    for field in ("alpha", "alpha_low", "alpha_high", "lambda2", "lambda6"):
        assert math.isnan(getattr(stats, field)), field


def test_a_half_without_variance_has_no_split_half() -> None:
    assert math.isnan(split_half_odd_even([[1.0, 0.0], [0.0, 0.0]]))


def test_opposite_halves_have_no_split_half() -> None:
    assert math.isnan(split_half_odd_even([[1.0, -2.0], [-2.0, 4.0]]))


def test_a_duplicated_item_has_no_lambda6(items: FloatArray) -> None:
    copy = np.vstack([np.eye(3), [0.0, 1.0, 0.0]])
    duplicated = copy @ items @ copy.T
    stats = scale_reliability_statistics(duplicated, 50, conf_level=0.95)
    assert math.isnan(stats.lambda6)
    assert math.isnan(stats.lambda6_std)
    assert math.isfinite(stats.alpha_std)


def test_an_indefinite_matrix_has_no_lambda6() -> None:
    assert math.isnan(guttman_lambda6([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]))


@pytest.mark.parametrize(("n_items", "n_obs"), [(1, 50), (5, 1), (5, float("nan"))])
def test_feldt_is_nan_without_degrees_of_freedom(n_items: int, n_obs: float) -> None:
    interval = feldt_interval(0.8, n_items, n_obs, conf_level=0.95)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


def test_single_item_functions_are_nan() -> None:
    functions = (
        cronbach_alpha,
        guttman_lambda2,
        guttman_lambda6,
        split_half_odd_even,
        mean_inter_item_correlation,
    )
    assert all(math.isnan(function([[1.0]])) for function in functions)


def test_the_callers_matrix_is_not_changed(items: FloatArray) -> None:
    items.flags.writeable = False
    before = items.copy()
    scale_reliability_statistics(items, 50, conf_level=0.95)
    item_statistics(items)
    assert_array_equal(items, before)


def test_statistics_are_frozen(items: FloatArray) -> None:
    stats = scale_reliability_statistics(items, 50, conf_level=0.95)
    with pytest.raises(dataclasses.FrozenInstanceError):
        stats.alpha = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("matrix", [[1.0, 2.0], np.ones((2, 3)), np.ones((0, 0))])
def test_refuses_what_is_no_square_matrix(matrix: FloatArray) -> None:
    with pytest.raises(EstimationError, match="needs the square covariance matrix"):
        cronbach_alpha(matrix)


def test_refuses_a_level_of_one(items: FloatArray) -> None:
    with pytest.raises(OptionError, match=r"`conf_level` is 1\.0"):
        scale_reliability_statistics(items, 50, conf_level=1.0)


@pytest.mark.parametrize("scale", ["Tangibles", "Reliability", "Responsiveness", "Empathy"])
def test_average_split_half_is_the_mean_over_all_splits(scale: str) -> None:
    places = {
        "Tangibles": range(1, 5),
        "Reliability": range(5, 10),
        "Responsiveness": range(10, 14),
        "Empathy": range(18, 23),
    }
    expected = load_expected("reliability_hierarchical")["split_half"][scale]
    frame = pd.read_csv(DATA / "survey_complete.csv")[[f"P{item}" for item in places[scale]]]
    correlation = np.corrcoef(frame.to_numpy(dtype=np.float64).T)
    assert split_half_average(correlation) == pytest.approx(expected["mean"], rel=1e-12)
    if len(correlation) % 2 == 0:
        # With an odd number of items psych averages over the first half of the splits only.
        assert split_half_average(correlation) == pytest.approx(expected["psych"], rel=1e-12)
        assert split_half_average(correlation) == pytest.approx(cronbach_alpha(correlation))


def test_one_item_has_no_halves() -> None:
    assert math.isnan(split_half_average([[1.0]]))
    assert math.isnan(split_half_average([[1.0, -1.0], [-1.0, 1.0]]))
