"""Sampling adequacy and Bartlett's test against psych."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from servqual.numerics.sampling_adequacy import sampling_adequacy
from servqual.typing import FloatArray
from tests.numerics.factor_data import correlation_of, read_columns
from tests.numerics.test_factor_extraction import CASES, EXPECTED, _correlation


@pytest.mark.parametrize("name", CASES)
def test_equals_psych(name: str) -> None:
    reference = EXPECTED[name]["adequacy"]
    found = sampling_adequacy(_correlation(name), EXPECTED[name]["n_obs"])
    assert_allclose(found.kmo, reference["kmo"], rtol=1e-11)
    assert_allclose(found.kmo_items, reference["kmo_items"], rtol=1e-11)
    assert_allclose(found.bartlett_chi2, reference["bartlett_chi2"], rtol=1e-11)
    assert found.bartlett_df == reference["bartlett_df"]
    # Below the smallest double R gives zero.
    assert_allclose(found.bartlett_p, reference["bartlett_p"], rtol=1e-8, atol=1e-300)


def test_published_numbers_of_the_kiosk_survey() -> None:
    sides = {
        side: read_columns("kiosk", [f"{side}{item}" for item in range(1, 25)])
        for side in ("P", "SAT")
    }
    perception = sampling_adequacy(correlation_of(sides["P"]), 194)
    satisfaction = sampling_adequacy(correlation_of(sides["SAT"]), 194)
    # Printed with three to five decimals.
    assert_allclose([perception.kmo, satisfaction.kmo], [0.82328, 0.88382], rtol=0, atol=5e-6)
    assert_allclose(perception.bartlett_chi2, 1870.193, rtol=0, atol=5e-4)
    assert_allclose(satisfaction.bartlett_chi2, 2573.76, rtol=0, atol=5e-3)
    assert perception.bartlett_df == 276


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(9)))
def test_order_of_items_does_not_matter(order: list[int]) -> None:
    correlation = _correlation("holzinger")
    whole = sampling_adequacy(correlation, 301)
    turned = sampling_adequacy(correlation[np.ix_(order, order)], 301)
    assert_allclose(turned.kmo, whole.kmo, rtol=1e-12)
    assert_allclose(turned.kmo_items, whole.kmo_items[order], rtol=1e-12)
    assert_allclose(turned.bartlett_chi2, whole.bartlett_chi2, rtol=1e-12)


def test_two_items_have_a_measure_of_one_half() -> None:
    # With nothing to hold constant, the partial correlation is the correlation.
    found = sampling_adequacy(np.array([[1.0, 0.6], [0.6, 1.0]]), 50)
    assert_allclose([found.kmo, *found.kmo_items], 0.5, rtol=1e-12)


def test_uncorrelated_items() -> None:
    found = sampling_adequacy(np.eye(4), 50)
    assert np.isnan([found.kmo, *found.kmo_items]).all()
    assert found.bartlett_chi2 == 0.0
    assert found.bartlett_p == 1.0


@pytest.mark.parametrize(
    "correlation",
    [
        np.ones((3, 3)),
        np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.9], [0.1, 0.9, 1.0]]),
    ],
)
def test_matrix_without_inverse(correlation: FloatArray) -> None:
    found = sampling_adequacy(correlation, 50)
    assert np.isnan([found.kmo, *found.kmo_items, found.bartlett_chi2, found.bartlett_p]).all()
    assert found.bartlett_df == 3


def test_unknown_distribution_leaves_the_measure() -> None:
    found = sampling_adequacy(_correlation("holzinger"), float("nan"))
    assert np.isfinite(found.kmo)
    assert np.isnan([found.bartlett_chi2, found.bartlett_p]).all()
