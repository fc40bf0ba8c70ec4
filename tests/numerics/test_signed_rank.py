"""Wilcoxon's signed-rank test against R's wilcox.test, and Pratt's form against scipy."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from servqual.errors import EstimationError, OptionError
from servqual.numerics.signed_rank import signed_rank
from servqual.typing import FloatArray
from tests.reference import load_expected

CASES: dict[str, dict[str, Any]] = load_expected("numerics_inference")["signed_rank"]


def as_vector(values: Any) -> FloatArray:
    """R writes a vector of one as a number."""
    return np.atleast_1d(np.asarray(values, dtype=np.float64))


@pytest.mark.parametrize("name", list(CASES))
def test_equals_wilcox_test(name: str) -> None:
    case = CASES[name]
    test = signed_rank(as_vector(case["values"]))
    assert test.statistic == case["statistic"]
    assert test.exact is case["exact"]
    assert (test.n_used, test.n_zeros) == (case["n_used"], case["n_zeros"])
    assert_allclose(test.p_value, case["p_value"], rtol=1e-12)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case["exact"]])
def test_without_continuity_equals_wilcox_test(name: str) -> None:
    case = CASES[name]
    test = signed_rank(as_vector(case["values"]), continuity=False)
    assert_allclose(test.p_value, case["p_value_without_continuity"], rtol=1e-12)


@pytest.mark.parametrize("name", ["gaps_40", "gaps_300", "zeros_without_ties"])
@pytest.mark.parametrize("continuity", [True, False])
def test_pratt_equals_scipy(name: str, continuity: bool) -> None:
    values = as_vector(CASES[name]["values"])
    expected: Any = stats.wilcoxon(  # type: ignore[call-overload]  # the stubs lack "asymptotic"
        values, zero_method="pratt", correction=continuity, method="asymptotic"
    )
    test = signed_rank(values, zeros="pratt", continuity=continuity)
    assert_allclose(test.p_value, expected.pvalue, rtol=1e-12)
    assert_allclose(abs(test.z), abs(expected.zstatistic), rtol=1e-12)


def test_without_zeros_both_ways_agree() -> None:
    values = as_vector(CASES["ties"]["values"])
    assert signed_rank(values, zeros="pratt") == signed_rank(values)


@given(
    table=st.dictionaries(st.integers(-6, 6), st.integers(0, 9), min_size=1),
    pratt=st.booleans(),
)
def test_a_frequency_table_equals_its_rows(table: dict[int, int], pratt: bool) -> None:
    values, counts = list(table), list(table.values())
    zeros = "pratt" if pratt else "wilcoxon"
    from_table = signed_rank(values, counts, zeros=zeros)  # type: ignore[arg-type]
    from_rows = signed_rank(np.repeat(values, counts), zeros=zeros)  # type: ignore[arg-type]
    # repr, because nan is not equal to itself.
    assert repr(from_table) == repr(from_rows)


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=80))
def test_exchanging_the_sides_turns_only_the_sign(values: list[int]) -> None:
    test, turned = signed_rank(values), signed_rank([-value for value in values])
    assert_allclose(turned.z, -test.z, rtol=1e-12, atol=1e-12)
    assert_allclose(turned.p_value, test.p_value, rtol=1e-12)


def test_exact_p_value_counts_all_signs() -> None:
    values = [1.0, -2.0, 3.0, 4.0, 5.0, -6.0, 7.0]
    observed = signed_rank(values)
    sums = [
        sum(r for r, s in zip(range(1, 8), signs, strict=True) if s)
        for signs in product((0, 1), repeat=7)
    ]
    upper = sum(total >= observed.statistic for total in sums) / len(sums)
    lower = sum(total <= observed.statistic for total in sums) / len(sums)
    assert observed.exact
    assert observed.p_value == 2 * min(upper, lower)


def test_z_has_the_sign_of_the_gap() -> None:
    assert signed_rank([-3, -2, -2, 1]).z < 0 < signed_rank([3, 2, 2, -1]).z


def test_only_zeros_give_nan() -> None:
    test = signed_rank([0.0], counts=[25])
    assert (test.statistic, test.n_used, test.n_zeros, test.exact) == (0.0, 0, 25, False)
    assert math.isnan(test.z)
    assert math.isnan(test.p_value)


def test_no_differences_give_nan() -> None:
    test = signed_rank([])
    assert test.n_used == 0
    assert math.isnan(test.p_value)


def test_frequencies_in_the_millions_do_not_overflow() -> None:
    few = signed_rank([-2, -1, 1, 2], [30, 40, 25, 20], continuity=False)
    many = signed_rank(
        [-2, -1, 1, 2], [30 * 10**6, 40 * 10**6, 25 * 10**6, 20 * 10**6], continuity=False
    )
    # z grows with the root of the number, up to terms of order 1/n.
    assert_allclose(many.z / few.z, 1000.0, rtol=0.01)


def test_refuses_missing_differences() -> None:
    with pytest.raises(
        EstimationError, match="`values` has 2 of 3 differences that are missing or"
    ):
        signed_rank([1.0, np.nan, np.inf])


@pytest.mark.parametrize("counts", [[1, -1], [1, 0.5], [1, np.nan], [1]])
def test_refuses_counts_that_count_nothing(counts: list[float]) -> None:
    with pytest.raises(
        EstimationError, match="needs one frequency per value; it has no form for sampling"
    ):
        signed_rank([1.0, 2.0], counts)


def test_refuses_an_unknown_rule_for_zeros() -> None:
    with pytest.raises(
        OptionError, match='`zeros` is \'prat\', but must be one of "wilcoxon", "pratt"'
    ):
        signed_rank([1.0], zeros="prat")  # type: ignore[arg-type]
