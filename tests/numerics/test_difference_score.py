"""Reliability of differences and sums against the share of true variance in a simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.difference_score import difference_reliability, linear_composite_reliability
from servqual.numerics.reliability import cronbach_alpha
from tests.reference import load_expected

EXPECTED = load_expected("numerics_inference")
TRUTH: dict[str, Any] = EXPECTED["difference"]


def test_difference_has_its_share_of_true_variance() -> None:
    value = difference_reliability(
        TRUTH["variance_p"],
        TRUTH["variance_e"],
        TRUTH["reliability_p"],
        TRUTH["reliability_e"],
        TRUTH["r_pe"],
    )
    assert_allclose(value, TRUTH["reliability_difference"], rtol=1e-12)


def test_sum_has_its_share_of_true_variance() -> None:
    value = linear_composite_reliability(
        [TRUTH["variance_p"], TRUTH["variance_e"]],
        [TRUTH["reliability_p"], TRUTH["reliability_e"]],
        TRUTH["variance_sum"],
    )
    assert_allclose(value, TRUTH["reliability_sum"], rtol=1e-12)


def test_equal_variances_follow_the_short_formula() -> None:
    r = np.linspace(-0.9, 0.9, 7)
    expected = (0.75 - r) / (1.0 - r)
    assert_allclose(difference_reliability(4.0, 4.0, 0.8, 0.7, r), expected, rtol=1e-13)


def test_is_vectorised_over_dimensions() -> None:
    value = difference_reliability([1.0, 2.0], [1.5, 1.0], [0.8, 0.9], [0.7, 0.8], [0.3, 0.5])
    assert value.shape == (2,)
    assert value[1] == difference_reliability(2.0, 1.0, 0.9, 0.8, 0.5)


def test_can_be_negative() -> None:
    assert difference_reliability(1.0, 1.0, 0.6, 0.6, 0.8) < 0.0


def test_of_a_composite_of_parallel_parts_is_alpha() -> None:
    # With alpha of the two halves of parallel items, the composite's reliability is alpha of all.
    items = np.full((6, 6), 0.4) + 0.6 * np.eye(6)
    half = items[:3, :3]
    value = linear_composite_reliability([half.sum()] * 2, [cronbach_alpha(half)] * 2, items.sum())
    assert_allclose(value, cronbach_alpha(items), rtol=1e-14)


def test_is_bounded_by_one_for_bfi_scales() -> None:
    covariance = np.array(EXPECTED["reliability"]["bfi_all"]["covariance"])
    correlation = correlation_from_covariance(covariance)
    assert correlation.shape == (25, 25)
    blocks = [covariance[i : i + 5, i : i + 5] for i in range(0, 25, 5)]
    value = linear_composite_reliability(
        [block.sum() for block in blocks],
        [cronbach_alpha(block) for block in blocks],
        covariance.sum(),
    )
    assert 0.0 < value < 1.0


def test_leading_axes_are_kept() -> None:
    value = linear_composite_reliability(
        np.ones((4, 2)), np.full((4, 2), 0.7), [2.0, 2.5, 3.0, 0.0]
    )
    assert value.shape == (4,)
    assert_array_equal(np.isnan(value), [False, False, False, True])


@pytest.mark.parametrize(
    ("variance_p", "variance_e", "r_pe"),
    [
        (1.0, 1.0, 1.0),
        (0.0, 0.0, np.nan),
        (1.0, 0.0, np.nan),
        (0.1 + 0.2, 0.3, 1.0),
    ],
)
def test_is_nan_when_it_does_not_exist(variance_p: float, variance_e: float, r_pe: float) -> None:
    assert np.isnan(difference_reliability(variance_p, variance_e, 0.8, 0.8, r_pe))
