"""Quadrants, lines, ranks and priorities on arrays: of one sample, or of many resamples."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.errors import EstimationError
from servqual.numerics.importance_performance import (
    CONCENTRATE,
    KEEP_UP,
    LOW_PRIORITY,
    OVERKILL,
    UNKNOWN,
    attribute_means,
    attribute_medians,
    covariances_from_products,
    descending_ranks,
    iso_priority_distances,
    partial_correlations,
    prioritise,
    quadrant_codes,
    quadrant_shares,
    shares_of_sum,
    standardised_slopes,
)

NAN = float("nan")


def random_values(shape: tuple[int, ...], seed: int = 1, missing: float = 0.3) -> np.ndarray:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=shape)
    values[generator.random(shape) < missing] = NAN
    return values


def test_lines_are_means_and_medians_of_the_attributes_that_have_a_value() -> None:
    values = random_values((200, 7))
    values[:, 0] = 1.0  # No row without any value, which numpy would warn of.
    assert_allclose(attribute_means(values), np.nanmean(values, axis=1), rtol=1e-14)
    assert_allclose(attribute_medians(values), np.nanmedian(values, axis=1), rtol=1e-14)


def test_lines_without_any_value_do_not_exist() -> None:
    nothing = np.full((2, 3), NAN)
    assert np.isnan(attribute_means(nothing)).all()
    assert np.isnan(attribute_medians(nothing)).all()


def test_quadrants_are_those_of_martilla_and_james() -> None:
    importance = np.array([6.0, 6.0, 4.0, 4.0])
    performance = np.array([4.0, 6.0, 4.0, 6.0])
    codes = quadrant_codes(importance, performance, 5.0, 5.0)
    assert codes.tolist() == [CONCENTRATE, KEEP_UP, LOW_PRIORITY, OVERKILL]


def test_on_a_line_counts_as_high_whatever_rounding_does() -> None:
    equal = np.full(3, 0.1 + 0.2)
    mean = attribute_means(equal)
    assert quadrant_codes(equal, equal, mean, mean).tolist() == [KEEP_UP] * 3
    assert quadrant_codes(equal, equal, mean * (1 + 1e-14), mean).tolist() == [KEEP_UP] * 3
    assert quadrant_codes(-equal, -equal, -mean * (1 - 1e-14), -mean).tolist() == [KEEP_UP] * 3
    assert quadrant_codes(equal, equal, mean * (1 + 1e-6), mean).tolist() == [OVERKILL] * 3


def test_without_a_coordinate_or_a_line_there_is_no_quadrant() -> None:
    importance, performance = np.array([NAN, 5.0, 5.0]), np.array([5.0, NAN, 5.0])
    assert quadrant_codes(importance, performance, 4.0, 4.0).tolist() == [UNKNOWN, UNKNOWN, KEEP_UP]
    assert quadrant_codes(importance, performance, NAN, 4.0).tolist() == [UNKNOWN] * 3


def test_each_resample_has_its_own_lines() -> None:
    importance = np.array([[1.0, 3.0], [5.0, 3.0]])
    codes = quadrant_codes(importance, importance, np.array([2.0, 4.0]), np.array([2.0, 4.0]))
    assert codes.tolist() == [[LOW_PRIORITY, KEEP_UP], [KEEP_UP, LOW_PRIORITY]]


def test_shares_leave_out_resamples_without_a_quadrant() -> None:
    codes = np.array([[0, UNKNOWN], [0, UNKNOWN], [UNKNOWN, UNKNOWN], [3, UNKNOWN]])
    shares = quadrant_shares(codes)
    assert_allclose(shares[0], [2 / 3, 0, 0, 1 / 3])
    assert np.isnan(shares[1]).all()


def test_the_distance_is_perpendicular_to_the_diagonal_through_the_crosshair() -> None:
    generator = np.random.default_rng(4)
    importance, performance = generator.normal(20, 3, 8), generator.normal(5, 0.4, 8)
    at = (importance.mean(), performance.mean())
    distance = iso_priority_distances(importance, performance, *at)
    z_importance = (importance - at[0]) / importance.std(ddof=1)
    z_performance = (performance - at[1]) / performance.std(ddof=1)
    # The foot of the perpendicular on the diagonal has both coordinates equal.
    foot = 0.5 * (z_importance + z_performance)
    length = np.hypot(z_importance - foot, z_performance - foot)
    assert_allclose(np.abs(distance), length, rtol=1e-12)
    assert_array_equal(distance > 0, z_importance > z_performance)
    scaled = iso_priority_distances(100 * importance, performance + 3, 100 * at[0], at[1] + 3)
    assert_allclose(scaled, distance, rtol=1e-9)


@pytest.mark.parametrize("importance", [[5.0, 5.0, 5.0], [0.1 + 0.2, 0.3, 0.3]])
def test_attributes_that_do_not_differ_have_no_diagonal(importance: list[float]) -> None:
    performance = np.array([1.0, 2.0, 3.0])
    assert np.isnan(iso_priority_distances(np.array(importance), performance, 5.0, 2.0)).all()


def test_ranks_are_descending_shared_and_nan_where_nothing_is_ranked() -> None:
    assert_array_equal(
        descending_ranks(np.array([[1.0, 9.0, NAN, 1.0], [NAN, NAN, NAN, 2.0]])),
        [[2.5, 1.0, NAN, 2.5], [NAN, NAN, NAN, 1.0]],
    )


def test_shares_of_a_sum_with_a_negative_part_do_not_exist() -> None:
    assert_allclose(
        shares_of_sum(np.array([[1.0, 3.0], [-1.0, 3.0], [0.0, 0.0]])),
        [[0.25, 0.75], [NAN, NAN], [NAN, NAN]],
    )


def test_covariances_from_sums_are_those_of_the_rows() -> None:
    generator = np.random.default_rng(5)
    rows = generator.normal(size=(30, 3)) @ generator.normal(size=(3, 3))
    weights = generator.integers(0, 3, size=(4, 30)).astype(float)
    first, second = np.triu_indices(3)
    found = covariances_from_products(
        weights.sum(axis=1) / 30,
        weights @ rows / 30,
        weights @ (rows[:, first] * rows[:, second]) / 30,
    )
    for draw in range(4):
        expected = np.cov(rows.T, fweights=weights[draw].astype(int), ddof=0)
        assert_allclose(found[draw], expected, rtol=1e-10, atol=1e-14)


def test_constant_variables_have_no_covariance_and_no_weight_gives_nan() -> None:
    rows = np.array([[0.1, 1.0], [0.1, 2.0]])
    products = np.array([[0.02, 0.3, 5.0], [0.0, 0.0, 0.0]])
    sums = np.array([rows.sum(axis=0), [0.0, 0.0]])
    found = covariances_from_products(np.array([2.0, 0.0]), sums, products)
    assert found[0, 0].tolist() == [0.0, 0.0]
    assert_allclose(found[0, 1, 1], 0.25)
    assert np.isnan(found[1]).all()


def correlations_of(n_variables: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(50, n_variables)) + generator.normal(size=(50, 1))
    return np.asarray(np.corrcoef(rows.T))


def test_partial_correlations_come_from_the_inverse() -> None:
    stack = np.array([correlations_of(5, seed) for seed in range(4)])
    inverse = np.linalg.inv(stack)
    scale = np.sqrt(inverse[:, range(4), range(4)] * inverse[:, [4], [4]])
    assert_allclose(partial_correlations(stack), -inverse[:, :4, 4] / scale, rtol=1e-10)


def test_slopes_solve_the_normal_equations() -> None:
    matrix = correlations_of(5, 9)
    assert_allclose(
        standardised_slopes(matrix), np.linalg.solve(matrix[:4, :4], matrix[:4, 4]), rtol=1e-10
    )


def test_predictors_that_repeat_each_other_have_no_slopes_of_their_own() -> None:
    good = correlations_of(3, 2)
    tied = np.array([[1.0, 1.0, 0.5], [1.0, 1.0, 0.5], [0.5, 0.5, 1.0]])
    unknown = good.copy()
    unknown[0, 1] = unknown[1, 0] = NAN
    for measure in (standardised_slopes, partial_correlations):
        found = measure(np.array([good, tied, unknown]))
        assert np.isfinite(found[0]).all()
        assert np.isnan(found[1:]).all()


def test_a_perfect_fit_has_partial_correlations_of_one() -> None:
    matrix = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.8], [0.6, 0.8, 1.0]])
    assert_allclose(partial_correlations(matrix), [1.0, 1.0], rtol=1e-7)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3,)])
def test_what_is_no_correlation_matrix_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(EstimationError, match="square matrices of at least one predictor"):
        partial_correlations(np.zeros(shape))


def test_priorities_of_a_stack_are_those_of_its_samples() -> None:
    importance = np.abs(random_values((6, 5), 7, 0.0)) + 1
    performance = np.abs(random_values((6, 5), 8, 0.1)) + 1
    gap = random_values((6, 5), 9)
    at = (attribute_means(importance), attribute_means(performance))
    whole = prioritise(importance, performance, *at, best=7.0, gap=gap)
    for draw in range(6):
        one = prioritise(
            importance[draw],
            performance[draw],
            at[0][draw],
            at[1][draw],
            best=7.0,
            gap=gap[draw],
        )
        for name in one.__slots__:
            assert_array_equal(getattr(whole, name)[draw], getattr(one, name), err_msg=name)


def test_customer_value_splits_into_achieved_and_potential() -> None:
    importance, performance = np.array([6.0, 4.0, NAN]), np.array([5.0, 6.5, 5.0])
    found = prioritise(importance, performance, 5.0, 5.0, best=7.0, gap=np.full(3, NAN))
    assert_allclose(found.udcv, found.acv + found.pgcv)
    assert found.pgcv_rank.tolist()[:2] == [1.0, 2.0]
    assert np.isnan(found.priority).all()
    assert_allclose(found.satisfaction_index, (0.6 * 5.0 + 0.4 * 6.5) / 7.0)


def test_differences_have_no_best_performance() -> None:
    values = np.array([1.0, 2.0])
    found = prioritise(values, -values, 1.5, -1.5, best=NAN, gap=-values)
    assert np.isnan(found.udcv).all()
    assert np.isnan(found.acv).all()
    assert np.isnan(found.pgcv).all()
    assert np.isnan(found.satisfaction_index)
    assert_allclose(found.priority, [1 / 3, 4 / 3])


def test_products_of_the_respondents_are_taken_as_they_are() -> None:
    values = np.array([1.0, 2.0])
    own = np.array([0.7, 0.2])
    found = prioritise(values, values, 1.5, 1.5, best=7.0, gap=-values, weighted_shortfall=own)
    assert_array_equal(found.priority, own)
    assert found.priority_rank.tolist() == [1.0, 2.0]


def test_arrays_of_the_caller_are_not_written_to() -> None:
    importance, performance = np.array([1.0, 2.0, NAN]), np.array([3.0, 2.0, 1.0])
    for values in (importance, performance):
        values.flags.writeable = False
    prioritise(importance, performance, 1.5, 2.0, best=5.0, gap=performance)
    descending_ranks(importance)
    attribute_medians(importance)
