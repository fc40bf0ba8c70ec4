"""Diagnostics in arrays: what deletion does, and where a test does not exist."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from servqual.numerics.regression_diagnostics import (
    condition_indices,
    influence,
    jarque_bera_test,
    reset_test,
    variance_test,
)


def simulated(n_rows: int = 30) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(6)
    design = np.column_stack([np.ones(n_rows), generator.normal(size=(n_rows, 2))])
    return design, design @ [1.0, 2.0, 0.5] + generator.normal(size=n_rows)


def test_influence_is_what_leaving_out_does() -> None:
    design, outcome = simulated()
    found = influence(design, outcome)
    full = np.linalg.lstsq(design, outcome, rcond=None)[0]
    scale = np.sum((outcome - design @ full) ** 2) / 27
    for row in range(30):
        rest = np.arange(30) != row
        slopes, left, *_ = np.linalg.lstsq(design[rest], outcome[rest], rcond=None)
        moved = design @ (full - slopes)
        assert_allclose(found.cooks_distance[row], moved @ moved / (3 * scale), rtol=1e-9)
        error = np.sqrt(left[0] / 26)
        expected = moved[row] / (error * np.sqrt(found.leverage[row]))
        assert_allclose(found.dffits[row], expected, rtol=1e-9)


def test_with_no_degree_of_freedom_to_spare_studentised_residuals_are_nan() -> None:
    design, outcome = simulated(4)
    found = influence(design, outcome)
    assert np.isfinite(found.standardised).all()
    assert np.isnan(found.studentised).all()


def test_the_square_of_a_dummy_counts_once() -> None:
    design, outcome = simulated()
    dummy = (np.arange(30) % 2).astype(float)
    both = np.column_stack([design[:, 1], dummy])
    residual = outcome - outcome.mean()
    assert variance_test(residual, both, with_products=True).df == 4.0
    assert variance_test(residual, dummy[:, None], with_products=True).df == 1.0


def test_long_tables_are_summed_in_parts() -> None:
    generator = np.random.default_rng(9)
    x = generator.normal(size=(40_000, 2))
    residual = generator.normal(size=40_000) * np.exp(0.1 * x[:, 0])
    test = variance_test(residual, x)
    squared = residual**2
    design = np.column_stack([np.ones(40_000), x])
    fitted = design @ np.linalg.lstsq(design, squared, rcond=None)[0]
    share = ((fitted - squared.mean()) ** 2).sum() / ((squared - squared.mean()) ** 2).sum()
    assert_allclose(test.statistic, 40_000 * share, rtol=1e-9)


def test_tests_that_do_not_exist_are_nan() -> None:
    design, outcome = simulated(5)
    few = variance_test(outcome - outcome.mean(), design[:, 1:], with_products=True)
    assert np.isnan(few.statistic)
    alternating = np.tile([1.0, -1.0], 10)
    assert np.isnan(variance_test(alternating, np.arange(20.0)[:, None]).statistic)
    assert np.isnan(jarque_bera_test(np.zeros(10)).statistic)
    dummy = np.column_stack([np.ones(20), np.repeat([0.0, 1.0], 10)])
    assert np.isnan(reset_test(dummy, np.arange(20.0)).statistic)


def test_a_near_dependency_has_a_large_index_that_names_its_members() -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(size=(50, 2))
    design = np.column_stack([np.ones(50), x, x[:, 0] + 1e-4 * generator.normal(size=50)])
    found = condition_indices(design)
    assert found.indices[0] == 1.0
    assert found.indices[-1] > 1000
    assert (found.proportions[-1, [1, 3]] > 0.99).all()
    assert (found.proportions[-1, [0, 2]] < 0.5).all()
    assert_allclose(found.proportions.sum(axis=0), 1.0)
