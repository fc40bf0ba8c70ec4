"""Composite reliability, extracted variance and heterotrait–monotrait ratios."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from servqual.numerics.validity import factor_quality, heterotrait_monotrait
from servqual.typing import FloatArray

BLOCKS = [np.array([0, 1, 2]), np.array([3, 4])]


def _correlations() -> FloatArray:
    rng = np.random.default_rng(4)
    answers = rng.normal(size=(50, 1)) + rng.normal(size=(50, 5))
    matrix: FloatArray = np.asarray(np.corrcoef(answers, rowvar=False))
    return matrix


def test_parallel_items_have_the_reliability_of_spearman_and_brown() -> None:
    loadings = np.full(4, 0.6)
    implied = np.full((4, 4), 0.36) + 0.64 * np.eye(4)
    found = factor_quality(loadings, 1.0, implied)
    assert_allclose(found.composite_reliability, 4 * 0.36 / (1 + 3 * 0.36), rtol=1e-14)
    assert_allclose(found.average_variance_extracted, 0.36, rtol=1e-14)


def test_correlated_residuals_lower_reliability() -> None:
    implied = np.full((3, 3), 0.49) + 0.51 * np.eye(3)
    more = implied.copy()
    more[0, 1] = more[1, 0] = 0.69
    plain, correlated = (
        factor_quality(np.full(3, 0.7), 1.0, matrix).composite_reliability
        for matrix in (implied, more)
    )
    assert correlated < plain


def test_one_indicator_has_no_figures() -> None:
    found = factor_quality(np.array([1.0]), 1.0, np.eye(1))
    assert np.isnan([found.composite_reliability, found.average_variance_extracted]).all()
    ratios = heterotrait_monotrait(np.eye(3) + 0.3, [np.array([0]), np.array([1, 2])])
    assert np.isnan(ratios.htmt[0, 1])
    assert ratios.htmt[0, 0] == 1.0


def test_ratios_by_the_definition() -> None:
    r = _correlations()
    found = heterotrait_monotrait(r, BLOCKS)
    across = np.abs(r[:3, 3:]).ravel()
    first, second = np.abs(r[[0, 0, 1], [1, 2, 2]]), np.abs(r[[3], [4]])
    assert_allclose(
        found.htmt[0, 1], across.mean() / np.sqrt(first.mean() * second.mean()), rtol=1e-13
    )

    def geometric(values: FloatArray) -> float:
        return float(np.prod(values) ** (1 / values.size))

    expected = geometric(across) / np.sqrt(geometric(first) * geometric(second))
    assert_allclose(found.htmt2[1, 0], expected, rtol=1e-13)


def test_stacks_are_done_one_by_one_and_signs_can_be_ignored() -> None:
    r = _correlations()
    turned = r.copy()
    turned[0, 1:] *= -1
    turned[1:, 0] *= -1
    stack = heterotrait_monotrait(np.stack([r, turned]), BLOCKS)
    assert_allclose(stack.htmt[0], stack.htmt[1], rtol=1e-14)
    signed = heterotrait_monotrait(turned, BLOCKS, absolute=False)
    assert np.isnan(signed.htmt2[0, 1])


def test_a_factor_of_negative_variance_has_no_figures() -> None:
    found = factor_quality(np.full(3, 0.5), -0.1, np.eye(3))
    assert np.isnan([found.composite_reliability, found.average_variance_extracted]).all()


def test_blocks_that_share_an_indicator_have_no_ratio() -> None:
    r = _correlations()
    found = heterotrait_monotrait(r, [np.array([0, 1, 2]), np.array([2, 3]), np.array([3, 4])])
    alone = heterotrait_monotrait(r, BLOCKS)
    for ratios, whole in ((found.htmt, alone.htmt), (found.htmt2, alone.htmt2)):
        assert np.isnan([ratios[0, 1], ratios[1, 0], ratios[1, 2]]).all()
        assert ratios[0, 2] == whole[0, 1]


def test_a_correlation_of_zero_makes_the_geometric_ratio_zero() -> None:
    r = _correlations()
    r[0, 3] = r[3, 0] = 0.0
    found = heterotrait_monotrait(r, BLOCKS)
    assert found.htmt2[0, 1] == 0.0
    assert found.htmt[0, 1] > 0.0
    r[3, 4] = r[4, 3] = 0.0
    within = heterotrait_monotrait(r, BLOCKS)
    assert np.isnan([within.htmt[0, 1], within.htmt2[0, 1]]).all()
