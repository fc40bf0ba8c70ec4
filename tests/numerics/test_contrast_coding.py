from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from servqual.errors import EstimationError
from servqual.numerics.contrast_coding import asymmetry_class, impact_asymmetry, tail_cuts

SCORES = st.lists(st.integers(1, 7), min_size=1, max_size=40).map(
    lambda values: np.array(values, dtype=float)
)


def nearest_pair(scores: np.ndarray, share: float) -> tuple[float, float]:
    """Best of all pairs of scores with another between them; of equal ones, the smaller tails."""
    values = np.unique(scores)
    below = np.array([(scores <= value).mean() for value in values])
    above = np.array([(scores >= value).mean() for value in values])
    pairs = [
        (
            round(abs(below[low] - share) + abs(above[high] - share), 9),
            below[low] + above[high],
            low,
            high,
        )
        for low in range(values.size)
        for high in range(low + 2, values.size)
    ]
    _, _, low, high = min(pairs)
    return float(values[low]), float(values[high])


@given(SCORES, st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.4]))
def test_cuts_are_the_nearest_pair(scores: np.ndarray, share: float) -> None:
    cuts = tail_cuts(scores, share)
    if np.unique(scores).size < 3:
        assert np.isnan([cuts.low, cuts.high]).all()
        return
    low, high = nearest_pair(scores, share)

    def cost(first: float, last: float) -> float:
        tails = (scores <= first).mean(), (scores >= last).mean()
        return float(abs(tails[0] - share) + abs(tails[1] - share))

    assert_allclose(cost(cuts.low, cuts.high), cost(low, high), atol=1e-9)
    assert ((scores > cuts.low) & (scores < cuts.high)).any()


@given(SCORES)
def test_weights_are_repetitions(scores: np.ndarray) -> None:
    values, counts = np.unique(scores, return_counts=True)
    plain, weighted = tail_cuts(scores, 0.25), tail_cuts(values, 0.25, counts.astype(float))
    np.testing.assert_equal((plain.low, plain.high), (weighted.low, weighted.high))


def test_cuts_turn_round_with_the_scale() -> None:
    scores = np.array([1.0, 2, 2, 3, 3, 3, 3, 4, 4, 5, 6, 7, 7])
    cuts, turned = tail_cuts(scores, 0.2), tail_cuts(8 - scores, 0.2)
    assert (turned.low, turned.high) == (8 - cuts.high, 8 - cuts.low)


def test_without_ties_the_tails_are_quarters() -> None:
    scores = np.random.default_rng(2).permutation(np.arange(400.0))
    cuts = tail_cuts(scores, 0.25)
    assert (cuts.low, cuts.high) == (99.0, 300.0)


def test_a_ceiling_leaves_a_middle() -> None:
    scores = np.repeat([5.0, 6.0, 7.0], [2, 3, 95])
    cuts = tail_cuts(scores, 0.25)
    assert (cuts.low, cuts.high) == (5.0, 7.0)


@pytest.mark.parametrize("share", [0.0, 0.5, -0.1, float("nan")])
def test_shares_that_are_no_tail(share: float) -> None:
    with pytest.raises(EstimationError, match=r"between 0 and 0\.5"):
        tail_cuts(np.arange(10.0), share)


def test_asymmetry_runs_from_minus_one_to_one() -> None:
    found = impact_asymmetry(np.array([0.0, 1.0, 2.0, 0.0]), np.array([-1.0, -1.0, 0.0, 0.0]))
    assert found.impact_asymmetry[:3].tolist() == [-1.0, 0.0, 1.0]
    # Nothing earned and nothing lost has no asymmetry.
    assert np.isnan(found.impact_asymmetry[3])
    assert found.impact_range.tolist() == [1.0, 2.0, 2.0, 0.0]


def test_wrong_signs_have_no_asymmetry_but_a_range() -> None:
    found = impact_asymmetry(np.array([-0.2, 0.5, -0.2]), np.array([-1.0, 0.3, 0.4]))
    assert_allclose(found.impact_range, [0.8, 0.2, -0.6])
    for part in (
        found.impact_asymmetry,
        found.satisfaction_potential,
        found.dissatisfaction_potential,
    ):
        assert np.isnan(part).all()


def test_classes_ascend_and_mirror() -> None:
    values = np.linspace(-1, 1, 201)
    classes = asymmetry_class(values, (0.2, 0.7))
    assert all(first <= second for first, second in pairwise(classes))
    assert_allclose(classes[::-1], 4 - classes)
    assert set(asymmetry_class(values, (0.2, 1.0))) == {1, 2, 3}
