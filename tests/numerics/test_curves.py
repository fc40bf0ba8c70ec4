from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.errors import EstimationError
from servqual.numerics.curves import (
    HARRELL_QUANTILES,
    hinge,
    repeated_quantiles,
    restricted_cubic_spline,
)


@pytest.mark.parametrize("n_knots", [3, 4, 5])
def test_splines_are_smooth_and_straight_beyond_the_outer_knots(n_knots: int) -> None:
    knots = np.array([-1.0, 0.3, 1.0, 2.5, 4.0])[:n_knots]
    step = 1e-3
    x = np.arange(-3.0, 6.0, step)
    columns = restricted_cubic_spline(x, knots)
    assert columns.shape == (x.size, n_knots - 2)
    second = np.diff(columns, 2, axis=0) / step**2
    middle = x[1:-1]
    outside = (middle < knots[0] - step) | (middle > knots[-1] + step)
    assert_allclose(second[outside], 0.0, atol=1e-4)
    # The second derivative is continuous: no jump between neighbours, only slopes.
    assert np.abs(np.diff(second, axis=0)).max() < 0.05
    assert (columns[x < knots[0]] == 0.0).all()


def test_splines_are_harrells_formula_term_by_term() -> None:
    t1, t2, t3 = 1.0, 2.0, 4.0
    x = 3.0
    by_hand = ((x - t1) ** 3 - (x - t2) ** 3 * (t3 - t1) / (t3 - t2)) / (t3 - t1) ** 2
    found = restricted_cubic_spline(np.array([x]), np.array([t1, t2, t3]))
    assert_allclose(found, [[by_hand]], rtol=1e-14)


def test_splines_move_with_their_knots() -> None:
    x, knots = np.linspace(0, 7, 30), np.array([1.0, 3.0, 4.0, 6.0])
    assert_allclose(
        restricted_cubic_spline(x, knots), restricted_cubic_spline(x - 2.5, knots - 2.5), atol=1e-12
    )


@pytest.mark.parametrize("knots", [[1.0, 2.0], [1.0, 1.0, 2.0], [3.0, 2.0, 1.0]])
def test_knots_that_make_no_spline(knots: list[float]) -> None:
    with pytest.raises(EstimationError, match="at least three"):
        restricted_cubic_spline(np.arange(5.0), np.array(knots))


def test_quantiles_of_counts_are_those_of_repeated_values() -> None:
    generator = np.random.default_rng(3)
    for _ in range(50):
        values = generator.normal(size=9).round(1)
        counts = generator.integers(0, 4, 9).astype(float)
        counts[0] = max(counts[0], 1.0)
        repeated = np.repeat(values, counts.astype(int))
        for probabilities in HARRELL_QUANTILES.values():
            levels = np.array(probabilities)
            assert_allclose(
                repeated_quantiles(values, levels, counts),
                np.quantile(repeated, levels),
                rtol=1e-12,
                atol=1e-12,
            )


def test_quantiles_of_one_value() -> None:
    found = repeated_quantiles(np.array([4.0]), np.array([0.0, 0.5, 1.0]), np.array([3.0]))
    assert found.tolist() == [4.0, 4.0, 4.0]


def test_hinges_leave_their_argument_alone() -> None:
    x = np.array([-2.0, 0.5, 3.0])
    x.flags.writeable = False
    assert hinge(x, 1.0).ravel().tolist() == [0.0, 0.0, 2.0]
