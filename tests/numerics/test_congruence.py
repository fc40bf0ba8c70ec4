from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servqual.errors import EstimationError
from servqual.numerics.congruence import (
    match_factors,
    procrustes_oblique,
    procrustes_orthogonal,
    tucker_congruence,
)
from servqual.numerics.factor_order import arrange
from servqual.typing import FloatArray
from tests.reference import load_expected

EXPECTED = load_expected("rotation")
TARGET: FloatArray = np.asarray(np.kron(np.eye(3), np.ones((4, 1))), dtype=np.float64)
LOADINGS: FloatArray = TARGET * np.linspace(0.5, 0.9, 12)[:, None] + 0.05


def _orthogonal(seed: int) -> FloatArray:
    q = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    return np.asarray(q, dtype=np.float64)


def test_congruence_is_the_cosine() -> None:
    first, second = np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [1.0], [0.5]])
    assert tucker_congruence(first, second)[0, 0] == pytest.approx(5.5 / np.sqrt(14 * 5.25))
    assert np.isnan(tucker_congruence(first, np.zeros((3, 1)))[0, 0])


@given(st.integers(0, 1000), st.floats(0.1, 10.0))
def test_laws_of_congruence(seed: int, scale: float) -> None:
    loadings = np.random.default_rng(seed).normal(size=(8, 3))
    own = tucker_congruence(loadings, loadings)
    np.testing.assert_allclose(np.diag(own), 1.0, rtol=1e-14)
    np.testing.assert_allclose(own, own.T, atol=1e-15)
    np.testing.assert_allclose(tucker_congruence(loadings, -scale * loadings), -own, atol=1e-14)


@pytest.mark.parametrize("sample", ["holzinger", "bfi", "perception", "kiosk"])
def test_congruence_and_targets_equal_psych(sample: str) -> None:
    theirs = EXPECTED[sample]["towards"]
    loadings, target = np.array(EXPECTED[sample]["unrotated"]), np.array(theirs["target"])
    np.testing.assert_allclose(
        tucker_congruence(loadings, target), theirs["congruence"], rtol=0, atol=1e-13
    )
    turned = procrustes_orthogonal(loadings, target)
    np.testing.assert_allclose(turned.loadings, theirs["orthogonal"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        turned.rotation_matrix, theirs["orthogonal_rotation"], rtol=0, atol=1e-12
    )
    oblique = procrustes_oblique(loadings, target)
    np.testing.assert_allclose(oblique.loadings, theirs["oblique"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        oblique.factor_correlations, theirs["oblique_phi"], rtol=0, atol=1e-12
    )


def test_factors_are_matched_as_a_whole() -> None:
    # Taking the largest first (0.9) would leave 0.1 for the other; together .8 + .8 is more.
    congruence = np.array([[0.9, 0.8], [-0.8, 0.1], [0.0, np.nan]])
    assert match_factors(congruence).tolist() == [1, 0]
    with pytest.raises(EstimationError, match="1 factors cannot be matched with 2 targets"):
        match_factors(np.array([[0.5, 0.4]]))


@pytest.mark.parametrize("seed", range(4))
def test_orthogonal_rotation_finds_a_turned_target(seed: int) -> None:
    found = procrustes_orthogonal(LOADINGS @ _orthogonal(seed), LOADINGS)
    np.testing.assert_allclose(found.loadings, LOADINGS, atol=1e-12)
    np.testing.assert_allclose(
        found.rotation_matrix @ found.rotation_matrix.T, np.eye(3), atol=1e-12
    )
    np.testing.assert_array_equal(found.factor_correlations, np.eye(3))


def test_orthogonal_rotation_is_the_nearest() -> None:
    turned = LOADINGS @ _orthogonal(7)
    found = procrustes_orthogonal(turned, TARGET)
    distance = np.sum((found.loadings - TARGET) ** 2)
    for seed in range(20):
        assert np.sum((turned @ _orthogonal(seed) - TARGET) ** 2) >= distance - 1e-12


@pytest.mark.parametrize("seed", range(4))
def test_oblique_rotation_keeps_what_is_explained(seed: int) -> None:
    turned = LOADINGS @ _orthogonal(seed)
    found = procrustes_oblique(turned, TARGET)
    np.testing.assert_array_equal(np.diag(found.factor_correlations), 1.0)
    np.testing.assert_allclose(
        found.loadings @ found.factor_correlations @ found.loadings.T, turned @ turned.T, atol=1e-12
    )
    # In the direction of the regression on the target, up to the length of each column.
    slope = np.asarray(np.linalg.lstsq(turned, TARGET, rcond=None)[0], dtype=np.float64)
    np.testing.assert_allclose(
        np.abs(np.diag(tucker_congruence(found.rotation_matrix, slope))), 1.0, rtol=1e-12
    )


def test_oblique_rotation_recovers_correlated_factors() -> None:
    correlations = np.array([[1.0, 0.5, 0.3], [0.5, 1.0, 0.4], [0.3, 0.4, 1.0]])
    pattern = TARGET * 0.7
    unrotated = pattern @ np.linalg.cholesky(correlations) @ _orthogonal(3)
    found = procrustes_oblique(unrotated, TARGET)
    np.testing.assert_allclose(found.loadings, pattern, atol=1e-12)
    np.testing.assert_allclose(found.factor_correlations, correlations, atol=1e-12)


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(EstimationError, match=r"shapes \(12, 3\) and \(4, 3\)"):
        tucker_congruence(LOADINGS, LOADINGS[:4])
    with pytest.raises(EstimationError, match="target has 2 columns, but there are 3 factors"):
        procrustes_orthogonal(LOADINGS, TARGET[:, :2])
    with pytest.raises(EstimationError, match="two of its columns would need the same factor"):
        procrustes_oblique(LOADINGS, TARGET[:, [0, 0, 1]])


# ---- order and signs -----------------------------------------------------------------------------


@given(st.integers(0, 1000), st.permutations(range(3)), st.tuples(*[st.sampled_from([-1, 1])] * 3))
def test_order_and_signs_do_not_depend_on_those_given(
    seed: int, order: list[int], signs: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(seed)
    loadings = LOADINGS * np.array([1.0, 0.8, 0.6]) + rng.normal(0, 0.05, LOADINGS.shape)
    correlations = np.array([[1.0, 0.5, 0.3], [0.5, 1.0, 0.4], [0.3, 0.4, 1.0]])
    once = arrange(loadings, correlations)
    turned = np.array(signs, dtype=np.float64)
    again = arrange(
        loadings[:, order] * turned, correlations[np.ix_(order, order)] * np.outer(turned, turned)
    )
    np.testing.assert_allclose(again.loadings, once.loadings, atol=1e-15)
    np.testing.assert_allclose(again.factor_correlations, once.factor_correlations, atol=1e-15)
    twice = arrange(once.loadings, once.factor_correlations)
    np.testing.assert_array_equal(twice.loadings, once.loadings)
    assert (once.loadings.sum(axis=0) >= 0.0).all()
    explained = np.sum((once.loadings @ once.factor_correlations) * once.loadings, axis=0)
    assert (np.diff(explained) <= 0.0).all()
