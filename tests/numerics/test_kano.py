from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from servqual.errors import OptionError
from servqual.numerics.kano import (
    CLASSES,
    better_worse,
    blended_classes,
    exact_mode_test,
    fong_test,
    linearised_ratio,
    modal_classes,
    pair_classes,
    wilson_interval,
)
from servqual.typing import FloatArray


def letters(places: np.ndarray) -> str:
    return "".join("-" if place < 0 else CLASSES[place] for place in places)


def test_missing_answers_have_no_class() -> None:
    table = np.arange(25).reshape(5, 5) % 6
    functional = np.array([[0, -1], [4, 2]])
    dysfunctional = np.array([[3, 1], [-1, 0]])
    assert_array_equal(pair_classes(functional, dysfunctional, table), [[3, -1], [-1, 4]])


def test_modes_and_runners_up() -> None:
    shares = np.array(
        [
            [5.0, 3.0, 1.0, 0.0, 0.0, 0.0],
            [2.0, 2.0, 2.0, 2.0, 2.0, 2.0],
            [0.0, 0.0, 0.0, 0.0, 0.0, 9.0],
            [0.0, 0.0, 0.0, 0.0, 4.0, 4.0],
            [np.nan] * 6,
            [0.0] * 6,
        ]
    )
    modes = modal_classes(shares)
    assert letters(modes.first) == "AMQR--"
    assert letters(modes.second) == "OO-Q--"
    assert modes.tied.tolist() == [False, True, False, True, False, False]


def test_rounding_breaks_no_tie() -> None:
    tenths = 0.1 + 0.2, 0.3
    modes = modal_classes(np.array([[*tenths, 0.0, 0.2, 0.2, 0.0]]))
    assert letters(modes.first) == "O"
    assert modes.tied.all()


def test_blended_rule_in_every_direction() -> None:
    shares = np.array(
        [
            [3.0, 2.0, 1.0, 5.0, 0.0, 0.0],
            [3.0, 2.0, 1.0, 3.0, 3.0, 0.0],
            [1.0, 1.0, 0.0, 0.0, 3.0, 4.0],
            [np.nan] * 6,
        ]
    )
    assert letters(blended_classes(shares)) == "AIQ-"


def test_fong_by_hand() -> None:
    test = fong_test(np.array([30.0, 5.0, 7.0]), np.array([20.0, 5.0, 0.0]), np.array([100, 10, 7]))
    spread = np.sqrt(50 * 150 / 200)
    assert_allclose(test.statistic[:2], [10 / spread, 0.0], rtol=1e-14)
    assert_allclose(test.critical[0], 1.65 * spread, rtol=1e-14)
    assert_allclose(test.p_value[:2], [2 * stats.norm.sf(10 / spread), 1.0], rtol=1e-12)
    assert_allclose(test.statistic[2], np.sqrt(14.0), rtol=1e-14)


def test_fong_rejects_too_often_where_two_classes_hold_everybody() -> None:
    """Of two equally frequent classes of one sample, the nominal 10% are 24%."""
    draws = np.random.default_rng(1).binomial(400, 0.5, 20_000).astype(float)
    test = fong_test(draws, 400.0 - draws, np.full(draws.size, 400.0))
    rejected = np.abs(2.0 * draws - 400.0) >= test.critical
    assert abs(rejected.mean() - 2 * stats.norm.sf(1.65 * np.sqrt(0.5))) < 0.02
    assert (exact_mode_test(draws, 400.0 - draws) < 0.1).mean() < 0.1


def test_exact_test_is_the_binomial_test() -> None:
    first = np.array([0.0, 1.0, 9.0, 60.0, 500.0, 3.0])
    second = np.array([0.0, 0.0, 2.0, 40.0, 500.0, 8.0])
    expected = [
        stats.binomtest(int(a), int(a + b), 0.5).pvalue
        for a, b in zip(first, second, strict=True)
        if a
    ]
    found = exact_mode_test(first, second)
    assert np.isnan(found[0])
    assert_allclose(found[1:], expected, rtol=1e-11)


def test_far_tails_do_not_vanish() -> None:
    assert_allclose(exact_mode_test(np.array([300.0]), np.array([0.0])), 2.0**-299, rtol=1e-10)


def test_better_and_worse_without_the_four_classes() -> None:
    shares = np.array([[0.0, 0.0, 0.0, 0.0, 1.0, 2.0], [np.nan] * 6, [1.0, 0, 0, 0, 0, 9.0]])
    found = better_worse(shares)
    assert np.isnan(found[:2]).all()
    assert found[2].tolist() == [1.0, 0.0]


def test_wilson_limits_solve_their_equation() -> None:
    share = np.array([0.0, 0.01, 0.3, 0.5, 1.0])
    n = np.array([4.0, 150.5, 20.0, 1.0, 9.0])
    interval = wilson_interval(share, n, 0.9)
    z = stats.norm.ppf(0.95)
    for limit in (interval.low, interval.high):
        distance = np.abs(limit - share)
        assert_allclose(distance, z * np.sqrt(limit * (1 - limit) / n), rtol=1e-10, atol=1e-15)
    assert interval.low[0] == 0.0
    assert interval.high[-1] == 1.0


def test_wilson_without_answers() -> None:
    interval = wilson_interval(np.array([np.nan, 0.5]), np.array([0.0, np.nan]), 0.95)
    assert np.isnan(interval.low).all()
    assert np.isnan(interval.high).all()
    with pytest.raises(OptionError, match="`conf_level`"):
        wilson_interval(np.array([0.5]), np.array([2.0]), 1.0)


def _rows(n: int = 40) -> tuple[FloatArray, FloatArray]:
    generator = np.random.default_rng(3)
    return generator.random((n, 2)), generator.integers(1, 4, (n, 2)).astype(np.float64)


def test_repeats_are_repeated_rows() -> None:
    top, bottom = _rows()
    times = np.arange(40.0) % 4
    by_times = linearised_ratio(top, bottom, repeats=times)
    index = np.repeat(np.arange(40), times.astype(int))
    by_rows = linearised_ratio(top[index], bottom[index])
    assert_allclose(by_times.estimate, by_rows.estimate, rtol=1e-13)
    assert_allclose(by_times.std_error, by_rows.std_error, rtol=1e-12)
    assert_array_equal(by_times.df, by_rows.df)


def test_clusters_of_one_are_no_clusters_and_scale_of_weights_is_nothing() -> None:
    top, bottom = _rows()
    weights = np.linspace(1.0, 4.0, 40)
    plain = linearised_ratio(top, bottom, weights=weights)
    alone = linearised_ratio(top, bottom, weights=7.0 * weights, clusters=np.arange(40)[::-1])
    assert_allclose(alone.std_error, plain.std_error, rtol=1e-12)


def test_one_row_has_no_standard_error() -> None:
    one = linearised_ratio(np.array([[3.0]]), np.array([[1.0]]))
    assert one.estimate.tolist() == [3.0]
    assert np.isnan(one.std_error).all()
    nobody = linearised_ratio(np.empty((0, 1)), np.empty((0, 1)))
    assert np.isnan(nobody.estimate).all()
