"""The studentized range against direct integration in R, and against closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special, stats

from servqual.numerics.studentized_range import (
    studentized_range_quantile,
    studentized_range_upper_tail,
)
from tests.reference import load_expected

EXPECTED: dict[str, list[dict[str, Any]]] = load_expected("numerics_inference")["studentized_range"]


@pytest.mark.parametrize("case", EXPECTED["upper_tail"])
def test_upper_tail_equals_integration_in_r(case: dict[str, Any]) -> None:
    p_value = studentized_range_upper_tail(case["q"], case["n_means"], case["df"])
    assert_allclose(p_value, case["p_value"], rtol=1e-10)


@pytest.mark.parametrize("case", EXPECTED["upper_tail"])
def test_upper_tail_is_near_ptukey(case: dict[str, Any]) -> None:
    # ptukey itself is the less exact: 4e-6 off at 2.1 degrees of freedom, 6e-4 at a tail of 1e-10.
    p_value = studentized_range_upper_tail(case["q"], case["n_means"], case["df"])
    assert_allclose(p_value, case["ptukey"], rtol=5e-6, atol=1e-12)


@pytest.mark.parametrize("case", EXPECTED["quantile"])
def test_quantile_equals_root_in_r(case: dict[str, Any]) -> None:
    q = studentized_range_quantile(case["upper_tail"], case["n_means"], case["df"])
    assert_allclose(q, case["q"], rtol=1e-10)


@pytest.mark.parametrize(
    ("q", "n_means", "df"), [(0.2, 3, 5), (2.0, 4, 1), (3.1, 30, 8.5), (4, 3, 1e4)]
)
def test_centre_equals_scipy(q: float, n_means: int, df: float) -> None:
    expected = 1.0 - stats.studentized_range.cdf(q, n_means, df)
    assert_allclose(studentized_range_upper_tail(q, n_means, df), expected, rtol=1e-9)


@pytest.mark.parametrize("df", [1.0, 7.3, 1e6])
def test_two_means_are_a_t_test(df: float) -> None:
    p_value = studentized_range_upper_tail(3.0 * math.sqrt(2.0), 2, df)
    assert_allclose(p_value, 2.0 * special.stdtr(df, -3.0), rtol=1e-13)
    assert_allclose(
        studentized_range_quantile(0.05, 2, df),
        math.sqrt(2.0) * special.stdtrit(df, 0.975),
        rtol=1e-12,
    )


@pytest.mark.parametrize("df", [1.0, 4.6, 60.0, 1e5])
@pytest.mark.parametrize("q", [1e-6, 0.5, 4.0, 12.0, 40.0])
def test_tail_lies_between_one_pair_and_all_pairs(q: float, df: float) -> None:
    pair = 2.0 * float(special.stdtr(df, -q / math.sqrt(2.0)))
    p_value = studentized_range_upper_tail(q, 5, df)
    assert pair * (1.0 - 1e-12) <= p_value <= min(1.0, 10.0 * pair)


def test_far_out_only_one_pair_at_a_time_is_wide() -> None:
    pair = 2.0 * float(special.stdtr(1e5, -30.0 / math.sqrt(2.0)))
    assert_allclose(studentized_range_upper_tail(30.0, 5, 1e5), 10.0 * pair, rtol=1e-11)


def test_quantile_undoes_the_tail() -> None:
    for n_means in (3, 8, 50):
        for df in (1.0, 3.5, 30.0, 5000.0):
            for tail in (0.5, 0.05, 1e-8):
                q = studentized_range_quantile(tail, n_means, df)
                assert_allclose(studentized_range_upper_tail(q, n_means, df), tail, rtol=1e-9)


def test_a_range_is_never_negative() -> None:
    assert studentized_range_upper_tail(0.0, 3, 10) == 1.0


@pytest.mark.parametrize(
    ("q", "n_means", "df"), [(np.nan, 3, 10), (3.0, 1, 10), (3.0, 3, 0.5), (3.0, 3, np.nan)]
)
def test_is_nan_outside_its_domain(q: float, n_means: int, df: float) -> None:
    assert math.isnan(studentized_range_upper_tail(q, n_means, df))


@pytest.mark.parametrize(
    ("tail", "n_means", "df"), [(0.0, 3, 10), (0.05, 1, 10), (0.05, 3, np.nan)]
)
def test_quantile_is_nan_outside_its_domain(tail: float, n_means: int, df: float) -> None:
    assert math.isnan(studentized_range_quantile(tail, n_means, df))
