from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from servqual.errors import OptionError
from servqual.numerics.retention import (
    average_partial_correlations,
    empirical_kaiser,
    kaiser_rule,
    n_leading,
)
from tests.numerics.factor_data import correlation_of, eigenvalues_of, reference_correlation
from tests.reference import load_expected

EXPECTED: dict[str, Any] = load_expected("factor_count")["data"]


@pytest.mark.parametrize("name", list(EXPECTED))
def test_average_partial_correlations_equal_r(name: str) -> None:
    case = EXPECTED[name]
    found = average_partial_correlations(reference_correlation(name))
    np.testing.assert_allclose(found.squared[:-1], case["map"][:-1], rtol=1e-8)
    np.testing.assert_allclose(found.fourth[:-1], case["map4"][:-1], rtol=1e-8)
    # One component is left, so all correlations are perfect; R's formula is off by some 1e-8 here.
    np.testing.assert_allclose([found.squared[-1], found.fourth[-1]], 1.0, rtol=1e-14)
    assert found.n_factors == int(np.argmin(case["map"]))
    assert found.n_factors_fourth == int(np.argmin(case["map4"]))
    assert found.n_computed == len(case["map"])


@pytest.mark.parametrize("name", list(EXPECTED))
def test_average_partial_correlations_equal_psych_which_starts_at_one(name: str) -> None:
    theirs = EXPECTED[name]["psych_map"]
    found = average_partial_correlations(reference_correlation(name))
    np.testing.assert_allclose(found.squared[1 : 1 + len(theirs)], theirs, rtol=1e-8)


def test_published_values_of_holzinger_and_swineford() -> None:
    found = average_partial_correlations(reference_correlation("holzinger"))
    np.testing.assert_allclose(
        found.squared[:4], [0.101884, 0.080226, 0.063415, 0.068227], rtol=0.0, atol=5e-7
    )
    assert found.n_factors == 2


@pytest.mark.parametrize("name", list(EXPECTED))
def test_empirical_kaiser_equals_the_formula_in_r(name: str) -> None:
    case = EXPECTED[name]
    eigenvalues = eigenvalues_of(reference_correlation(name))
    np.testing.assert_allclose(eigenvalues, case["eigenvalues"], rtol=1e-10)
    found = empirical_kaiser(eigenvalues, case["n"])
    np.testing.assert_allclose(found.reference, case["ekc"]["reference"], rtol=1e-10)
    assert found.n_factors == case["ekc"]["n_factors"]
    assert kaiser_rule(eigenvalues) == case["kaiser"]


@pytest.mark.parametrize("name", list(EXPECTED))
def test_empirical_kaiser_is_that_of_semtools_with_its_floor(name: str) -> None:
    case = EXPECTED[name]
    found = empirical_kaiser(np.array(case["eigenvalues"]), case["n"])
    np.testing.assert_allclose(
        found.reference, np.maximum(case["semtools_reference"], 1.0), rtol=1e-10
    )


def test_floor_decides_for_holzinger_and_swineford() -> None:
    case = EXPECTED["holzinger"]
    assert empirical_kaiser(np.array(case["eigenvalues"]), case["n"]).n_factors == 3
    assert case["semtools_n_factors"] == 5


def test_uncorrelated_items_have_no_factors() -> None:
    found = average_partial_correlations(np.eye(6))
    assert found.n_factors == found.n_factors_fourth == 0
    # Rounding may put eigenvalues of one on either side of it.
    eigenvalues = np.ones(6) + 1e-15
    assert kaiser_rule(eigenvalues) == 0
    assert empirical_kaiser(eigenvalues, 200).n_factors == 0


def test_counting_stops_at_the_first_that_does_not_exceed() -> None:
    assert n_leading(np.array([3.0, 0.8, 1.5]), np.ones(3)) == 1
    assert n_leading(np.array([3.0, 2.0]), np.ones(2)) == 2
    assert n_leading(np.array([0.5, 2.0]), np.ones(2)) == 0


def test_two_factors_of_identical_items_stop_the_partial_correlations() -> None:
    matrix = np.asarray(np.kron(np.eye(2), np.ones((2, 2))), dtype=np.float64)
    found = average_partial_correlations(matrix)
    # Two of six pairs are perfect; after one component two items have no variance.
    np.testing.assert_allclose(found.squared[0], 2.0 / 6.0)
    assert found.n_computed == 1
    assert np.isnan(found.squared[1:]).all()
    assert found.n_factors == 0


def test_two_identical_items_among_others() -> None:
    generator = np.random.default_rng(0)
    data = generator.normal(size=(200, 5)) + generator.normal(size=(200, 1))
    correlation = correlation_of(np.column_stack([data, data[:, 0]]))
    found = average_partial_correlations(correlation)
    # The rank is 5, so five components leave nothing.
    assert found.n_computed == 5
    assert np.isfinite(found.squared[:5]).all()
    assert np.isnan(found.squared[5])


def test_two_items() -> None:
    found = average_partial_correlations(np.array([[1.0, 0.6], [0.6, 1.0]]))
    np.testing.assert_allclose(found.squared, [0.36, 1.0])


def test_one_item_has_no_partial_correlations() -> None:
    with pytest.raises(OptionError, match=r"1 row\(s\).*two items or more"):
        average_partial_correlations(np.ones((1, 1)))


def test_the_matrix_is_not_changed() -> None:
    matrix = np.array([[1.0, 0.5, 0.4], [0.5, 1.0, 0.3], [0.4, 0.3, 1.0]])
    before = matrix.copy()
    average_partial_correlations(matrix)
    np.testing.assert_array_equal(matrix, before)
