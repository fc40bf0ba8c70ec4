from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from servqual.errors import EstimationError
from servqual.numerics import importance
from servqual.numerics.coalitions import shapley_values
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


# ---- Owen values, partial correlations, sampled orders -------------------------------------------

CASES: dict[str, Any] = load_expected("relative_importance")["cases"]
every_case = pytest.mark.parametrize("name", list(CASES))


def _of_case(name: str) -> tuple[FloatArray, list[list[int]]]:
    case = CASES[name]
    groups = [[int(place) - 1 for place in np.atleast_1d(group)] for group in case["groups"]]
    return correlation_from_covariance(case["covariance"]), groups


@every_case
def test_subsets_are_those_of_lm(name: str) -> None:
    correlation, _ = _of_case(name)
    found = importance.subset_r_squared(correlation)
    assert_allclose(found, CASES[name]["worths"], rtol=1e-9, atol=1e-13)


@every_case
def test_owen_values_are_means_over_all_orders(name: str) -> None:
    correlation, groups = _of_case(name)
    found = importance.owen(correlation, groups)
    assert_allclose(found, CASES[name]["owen"], rtol=1e-9)
    totals = [found[group].sum() for group in groups]
    assert_allclose(totals, CASES[name]["quotient"], rtol=1e-9)
    assert_allclose(found.sum(), CASES[name]["worths"][-1], rtol=1e-12)


@every_case
def test_partial_correlations_are_those_of_t_values(name: str) -> None:
    correlation, _ = _of_case(name)
    assert_allclose(importance.partial(correlation), CASES[name]["partial"], rtol=1e-9)


def test_groups_of_one_and_one_group_of_all_give_lmg() -> None:
    stack = _sample_correlations(6, 5, 3)
    for groups in ([[place] for place in range(5)], [list(range(5))], [[4, 2, 0, 1, 3]]):
        assert_allclose(importance.owen(stack, groups), importance.lmg(stack), rtol=1e-11)


def test_groups_divide_what_the_union_of_their_predictors_explains() -> None:
    correlation = _sample_correlations(7, 6)
    groups = [[0, 3], [1], [2, 4, 5]]
    worths = importance.subset_r_squared(correlation)
    unions = [sum(2**place for place in group) for group in groups]
    between = np.array(
        [worths[sum(unions[j] for j in range(3) if subset >> j & 1)] for subset in range(8)]
    )
    found = importance.owen(correlation, groups)
    totals = [found[group].sum() for group in groups]
    assert_allclose(totals, shapley_values(between), rtol=1e-11)


def test_owen_values_of_22_items_in_five_groups_are_one_small_call() -> None:
    stack = _sample_correlations(8, 22, 3)
    stack[1, 4, :] = stack[1, :, 4] = np.nan
    ends = np.cumsum([0, 4, 5, 4, 4, 5])
    groups = [list(range(start, stop)) for start, stop in pairwise(ends)]
    found = importance.owen(stack, groups)
    assert np.isnan(found).all(axis=1).tolist() == [False, True, False]
    r_squared = importance.pratt(stack).sum(axis=-1)
    assert_allclose(found.sum(axis=-1), r_squared, rtol=1e-9)


@pytest.mark.parametrize("groups", [[[0, 1]], [[0, 1], [1, 2]], [[0, 1, 2], []], [[0, 1], [3]]])
def test_groups_that_are_no_partition_are_refused(groups: list[list[int]]) -> None:
    with pytest.raises(EstimationError, match="each of 3 must be in exactly one group"):
        importance.owen(np.eye(4), groups)


def test_groups_that_are_too_large_are_refused() -> None:
    with pytest.raises(EstimationError, match=r"Groups of 2, 22 predictors need 8,388,616 regr"):
        importance.owen(np.eye(25), [[0, 1], list(range(2, 24))])


@pytest.mark.parametrize("seed", range(5))
def test_sampled_orders_are_within_their_own_error(seed: int) -> None:
    correlation = _sample_correlations(10, 8)
    found = importance.sampled_lmg(correlation, n_permutations=2000, seed=seed)
    z = (found.shares - importance.lmg(correlation)) / found.mc_error
    assert np.abs(z).max() < 4.0
    assert_allclose(found.shares.sum(), importance.pratt(correlation).sum(), rtol=1e-11)
    assert found.n_permutations == 2000


def test_the_error_of_sampled_orders_is_the_spread_over_seeds() -> None:
    correlation = _sample_correlations(10, 6)
    runs = [importance.sampled_lmg(correlation, n_permutations=100, seed=s) for s in range(300)]
    spread = np.std([run.shares for run in runs], axis=0)
    stated = np.sqrt(np.mean([run.mc_error**2 for run in runs], axis=0))
    assert_allclose(stated, spread, rtol=0.15)


def test_opposite_orders_are_better_than_as_many_independent_ones() -> None:
    correlation = _sample_correlations(12, 10)
    generator = np.random.default_rng(1)
    worths = importance.subset_r_squared(correlation)
    gains = []
    for _ in range(400):
        order = generator.permutation(10)
        steps = np.cumsum([0, *(2**order)])
        gain = np.empty(10)
        gain[order] = np.diff(worths[steps])
        gains.append(gain)
    independent = np.std(gains, axis=0, ddof=1) / np.sqrt(400)
    paired = importance.sampled_lmg(correlation, n_permutations=400, seed=1).mc_error
    assert (paired < independent).all()


def test_sampled_orders_share_what_repeated_predictors_explain() -> None:
    correlation = np.array([[1.0, 1.0, 0.6], [1.0, 1.0, 0.6], [0.6, 0.6, 1.0]])
    found = importance.sampled_lmg(correlation, n_permutations=10, seed=1)
    assert_allclose(found.shares, [0.18, 0.18], rtol=1e-12)


def test_blocks_of_orders_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    correlation = _sample_correlations(12, 6)
    at_once = importance.sampled_lmg(correlation, n_permutations=200, seed=1)
    monkeypatch.setattr(importance, "_BLOCK", 500)
    in_blocks = importance.sampled_lmg(correlation, n_permutations=200, seed=1)
    assert_allclose(in_blocks.shares, at_once.shares, rtol=1e-12)


@pytest.mark.parametrize("n_permutations", [0, 1])
def test_too_few_orders_are_refused(n_permutations: int) -> None:
    with pytest.raises(EstimationError, match="sampling needs at least two orders and one matrix"):
        importance.sampled_lmg(np.eye(3), n_permutations=n_permutations, seed=1)


def test_no_partial_correlation_where_the_others_explain_everything() -> None:
    correlation = np.array([[1.0, 0.6, 1.0], [0.6, 1.0, 0.6], [1.0, 0.6, 1.0]])
    found = importance.partial(correlation)
    assert np.isnan(found[1])
    assert_allclose(found[0], 1.0, rtol=1e-12)
