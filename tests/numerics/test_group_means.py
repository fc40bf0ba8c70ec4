"""Welch's test, ω² and Games–Howell against R."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.errors import OptionError
from servqual.numerics.group_means import games_howell, omega_squared, welch_anova
from servqual.typing import FloatArray
from tests.reference import load_expected

CASES: dict[str, dict[str, Any]] = load_expected("numerics_inference")["groups"]


def moments_of(case: dict[str, Any]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Means, variances of the means and degrees of freedom."""
    sizes = np.array(case["sizes"], dtype=np.float64)
    return np.array(case["means"]), np.array(case["variances"]) / sizes, sizes - 1.0


@pytest.mark.parametrize("name", list(CASES))
def test_welch_equals_oneway_test(name: str) -> None:
    test = welch_anova(*moments_of(CASES[name]))
    for field, value in CASES[name]["welch"].items():
        assert_allclose(getattr(test, field), value, rtol=1e-11, err_msg=field)


@pytest.mark.parametrize("name", list(CASES))
def test_omega_squared_equals_aov(name: str) -> None:
    case = CASES[name]
    value = omega_squared(case["means"], case["variances"], case["sizes"])
    assert_allclose(value, case["omega_squared"], rtol=1e-10)


@pytest.mark.parametrize("name", list(CASES))
def test_games_howell_equals_r(name: str) -> None:
    case = CASES[name]
    pairs = games_howell(*moments_of(case), conf_level=case["conf_level"])
    expected = case["games_howell"]
    assert pairs.first.tolist() == [pair["first"] for pair in expected]
    assert pairs.second.tolist() == [pair["second"] for pair in expected]
    for field in ("difference", "std_error", "statistic", "df", "p_value"):
        # Differences of means that a file holds with 15 digits keep fewer.
        values = [pair[field] for pair in expected]
        assert_allclose(getattr(pairs, field), values, rtol=1e-9, atol=1e-13, err_msg=field)
    for field in ("conf_low", "conf_high"):
        values = [pair[field] for pair in expected]
        assert_allclose(getattr(pairs, field), values, rtol=1e-8, err_msg=field)


@pytest.mark.parametrize("name", list(CASES))
def test_games_howell_is_near_ptukey(name: str) -> None:
    case = CASES[name]
    pairs = games_howell(*moments_of(case), conf_level=case["conf_level"])
    # ptukey's own error is about 1e-9 in all, so its far tail has few correct digits;
    # the test above holds the numbers to direct integration.
    ptukey = [pair["ptukey"] for pair in case["games_howell"]]
    assert_allclose(pairs.p_value, ptukey, rtol=1e-6, atol=1e-9)


def test_omega_squared_can_be_negative() -> None:
    assert omega_squared([1.0, 1.0], [2.0, 2.0], [10, 10]) < 0.0


def test_a_group_of_one_counts_in_omega_squared() -> None:
    with_nan = omega_squared([1.0, 2.0, 4.0], [1.0, 1.5, np.nan], [10, 12, 1])
    assert with_nan == omega_squared([1.0, 2.0, 4.0], [1.0, 1.5, 0.0], [10, 12, 1])
    assert math.isfinite(with_nan)


@pytest.mark.parametrize(
    ("means", "variances", "sizes"),
    [
        ([1.0], [1.0], [10]),
        ([1.0, 1.0], [0.0, 0.0], [5, 5]),
        ([1.0, 2.0], [np.nan, np.nan], [1, 1]),
    ],
)
def test_omega_squared_is_nan_when_it_does_not_exist(
    means: list[float], variances: list[float], sizes: list[float]
) -> None:
    assert math.isnan(omega_squared(means, variances, sizes))


@pytest.mark.parametrize(
    ("means", "variances", "dfs"),
    [
        ([1.0], [0.1], [9]),
        ([1.0, 2.0], [0.1, 0.0], [9, 9]),
        ([1.0, 2.0], [0.1, np.nan], [9, 0]),
        ([1.0, np.nan], [0.1, 0.1], [9, 9]),
    ],
)
def test_welch_is_nan_when_it_does_not_exist(
    means: list[float], variances: list[float], dfs: list[float]
) -> None:
    test = welch_anova(means, variances, dfs)
    assert math.isnan(test.statistic)
    assert math.isnan(test.df_denominator)
    assert math.isnan(test.p_value)


def test_a_group_of_one_is_left_out_of_games_howell() -> None:
    all_three = games_howell([1.0, 2.0, 9.0], [0.1, 0.2, np.nan], [9, 12, 0], conf_level=0.95)
    two = games_howell([1.0, 2.0], [0.1, 0.2], [9, 12], conf_level=0.95)
    assert all_three.p_value[0] == two.p_value[0]
    assert all_three.conf_low[0] == two.conf_low[0]
    assert_array_equal(np.isnan(all_three.p_value), [False, True, True])
    assert_array_equal(np.isnan(all_three.conf_high), [False, True, True])


def test_two_constant_groups_cannot_be_compared() -> None:
    pairs = games_howell([1.0, 2.0, 2.5], [0.0, 0.0, 0.1], [9, 9, 9], conf_level=0.95)
    assert_array_equal(np.isnan(pairs.p_value), [True, False, False])
    assert pairs.df.tolist()[1:] == [9.0, 9.0]


def test_one_group_has_no_pairs() -> None:
    pairs = games_howell([1.0], [0.1], [9], conf_level=0.95)
    assert pairs.first.size == pairs.p_value.size == pairs.conf_low.size == 0


def test_the_difference_is_first_minus_second() -> None:
    pairs = games_howell([-0.9, -0.4], [0.01, 0.01], [50, 50], conf_level=0.95)
    assert_allclose(pairs.difference, [-0.5])


def test_refuses_a_level_of_zero() -> None:
    with pytest.raises(OptionError, match="`conf_level` is 0"):
        games_howell([1.0, 2.0], [0.1, 0.2], [9, 12], conf_level=0)
