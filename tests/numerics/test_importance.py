from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from servqual.errors import EstimationError
from servqual.numerics import importance
from servqual.numerics.correlation import correlation_from_covariance
from servqual.typing import FloatArray
from tests.reference import load_expected

EXPECTED: dict[str, Any] = load_expected("numerics_models")["importance"]
METHODS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "lmg": importance.lmg,
    "relative_weights": importance.relative_weights,
    "pratt": importance.pratt,
    "first": importance.first,
    "last": importance.last,
}
#: Figures printed in other people's documentation, with as many digits as they print.
PUBLISHED: list[tuple[str, str, list[float], float]] = [
    # https://github.com/clbustos/dominanceAnalysis, README
    ("attitude", "lmg", [0.371, 0.051, 0.156, 0.120, 0.007, 0.028], 5e-4),
    # https://cran.r-project.org/package=domir, vignette
    ("mtcars_domir", "lmg", [0.2156848, 0.4173094, 0.1783081], 5e-8),
    # https://cran.r-project.org/package=rwa, vignette
    ("mtcars_four", "relative_weights", [0.2284797, 0.2221469, 0.2321744, 0.0963886], 5e-8),
    (
        "mtcars_five",
        "relative_weights",
        [0.18833374, 0.16479802, 0.18809142, 0.07345304, 0.23642417],
        5e-9,
    ),
]


def _sample_correlations(seed: int, n_predictors: int, *batch: int) -> FloatArray:
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(*batch, 1, 80))
    rows = generator.normal(size=(*batch, n_predictors + 1, 80)) + common
    covariances = rows - rows.mean(axis=-1, keepdims=True)
    return correlation_from_covariance(covariances @ np.swapaxes(covariances, -1, -2) / 79)


def _lmg_by_definition(correlation: FloatArray) -> FloatArray:
    p = len(correlation) - 1

    def r_squared(subset: tuple[int, ...]) -> float:
        chosen = list(subset)
        toward = correlation[chosen, -1]
        slopes = np.linalg.lstsq(correlation[np.ix_(chosen, chosen)], toward, rcond=1e-10)[0]
        return float(slopes @ toward)

    shares = np.zeros(p)
    for j in range(p):
        others = [other for other in range(p) if other != j]
        for size in range(p):
            orders = factorial(size) * factorial(p - size - 1) / factorial(p)
            for subset in combinations(others, size):
                before = r_squared(subset) if subset else 0.0
                shares[j] += orders * (r_squared((*subset, j)) - before)
    return shares


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize("name", list(EXPECTED))
def test_equals_r(name: str, method: str) -> None:
    case = EXPECTED[name]
    found = METHODS[method](np.array(case["correlation"]))
    assert_allclose(found, case[method], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ["lmg", "relative_weights", "pratt"])
@pytest.mark.parametrize("name", list(EXPECTED))
def test_shares_sum_to_r_squared(name: str, method: str) -> None:
    case = EXPECTED[name]
    found = METHODS[method](np.array(case["correlation"]))
    assert_allclose(found.sum(), case["r_squared"], rtol=1e-11)


@pytest.mark.parametrize(("name", "method", "printed", "rounding"), PUBLISHED)
def test_equals_published_figures(
    name: str, method: str, printed: list[float], rounding: float
) -> None:
    found = METHODS[method](np.array(EXPECTED[name]["correlation"]))
    assert_allclose(found, printed, rtol=0, atol=1.01 * rounding)


@pytest.mark.parametrize("n_predictors", [1, 2, 3, 6])
def test_lmg_by_definition(n_predictors: int) -> None:
    correlation = _sample_correlations(1, n_predictors)
    assert_allclose(importance.lmg(correlation), _lmg_by_definition(correlation), rtol=1e-10)


@pytest.mark.parametrize("method", list(METHODS))
def test_one_predictor_takes_all(method: str) -> None:
    correlation = np.array([[1.0, -0.6], [-0.6, 1.0]])
    assert_allclose(METHODS[method](correlation), [0.36], rtol=1e-12)


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize("batch", [(), (1,), (5,), (2, 3), (0,)])
def test_leading_axes_are_kept(method: str, batch: tuple[int, ...]) -> None:
    stack = _sample_correlations(2, 4, *batch)
    found = METHODS[method](stack)
    assert found.shape == (*batch, 4)
    for position in np.ndindex(batch):
        assert_allclose(found[position], METHODS[method](stack[position]), rtol=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_uncorrelated_predictors_get_their_squared_correlations(
    seed: int, n_predictors: int
) -> None:
    toward = np.random.default_rng(seed).uniform(-0.4, 0.4, n_predictors)
    correlation = np.eye(n_predictors + 1)
    correlation[:-1, -1] = correlation[-1, :-1] = toward
    for method in METHODS.values():
        assert_allclose(method(correlation), toward**2, rtol=1e-9, atol=1e-15)


@given(st.integers(0, 2**32 - 1), st.permutations(range(4)))
def test_order_of_predictors_does_not_matter(seed: int, order: list[int]) -> None:
    correlation = _sample_correlations(seed, 4)
    permuted = correlation[np.ix_([*order, 4], [*order, 4])]
    for method in METHODS.values():
        assert_allclose(method(permuted), method(correlation)[order], rtol=1e-8, atol=1e-12)


def test_subsets_walked_in_parts_give_the_same_as_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack = _sample_correlations(4, 7, 3)
    at_once = importance.lmg(stack)
    monkeypatch.setattr(importance, "_BLOCK", 16)
    assert_allclose(importance.lmg(stack), at_once, rtol=1e-12)


@pytest.mark.parametrize("n_predictors", [12, 17])
def test_lmg_of_many_predictors_sums_to_r_squared(n_predictors: int) -> None:
    correlation = _sample_correlations(9, n_predictors)
    r_squared = importance.pratt(correlation).sum()
    found = importance.lmg(correlation)
    assert_allclose(found.sum(), r_squared, rtol=1e-10)
    assert (found >= 0.0).all()


def test_lmg_of_more_than_22_predictors() -> None:
    with pytest.raises(EstimationError, match=r"23 predictors.*at most 22.*relative weights"):
        importance.lmg(np.eye(24))


def test_lmg_splits_what_a_repeated_predictor_explains() -> None:
    correlation = np.array([[1.0, 1.0, 0.6], [1.0, 1.0, 0.6], [0.6, 0.6, 1.0]])
    assert_allclose(importance.lmg(correlation), [0.18, 0.18], rtol=1e-12)


@pytest.mark.parametrize("method", ["relative_weights", "pratt", "last"])
def test_collinear_predictors_have_no_value(method: str) -> None:
    stack = np.stack([np.ones((3, 3)), _sample_correlations(1, 2)])
    found = METHODS[method](stack)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


@pytest.mark.parametrize("method", ["lmg", "relative_weights", "pratt", "last"])
def test_resample_without_variance_is_nan_and_leaves_the_others_alone(method: str) -> None:
    covariances = _sample_correlations(3, 3, 4)
    covariances[1, 2, :] = covariances[1, :, 2] = 0.0
    found = METHODS[method](correlation_from_covariance(covariances))
    assert np.isnan(found).all(axis=1).tolist() == [False, True, False, False]
    assert np.isfinite(found[[0, 2, 3]]).all()


def test_correlation_from_covariance() -> None:
    rows = np.random.default_rng(1).normal(size=(4, 40)) * np.array([[1e-4], [1.0], [1e5], [0.0]])
    found = correlation_from_covariance(np.cov(rows))
    assert_allclose(found[:3, :3], np.corrcoef(rows[:3]), rtol=1e-12)
    assert (np.diag(found)[:3] == 1.0).all()
    assert np.isnan(found[3]).all()
    assert np.isnan(found[:, 3]).all()


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 1)])
def test_shape_is_checked(shape: tuple[int, ...]) -> None:
    for method in METHODS.values():
        with pytest.raises(EstimationError, match="importance needs square matrices"):
            method(np.ones(shape))
