from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servqual.numerics.reliability import (
    cronbach_alpha,
    scale_reliability_statistics,
    split_half_average,
)
from servqual.numerics.split_halves import MOST_ITEMS, split_half_range
from servqual.typing import FloatArray
from tests.reference import load_expected

DATA = Path(__file__).parents[1] / "reference" / "data"
EXPECTED = load_expected("reliability_hierarchical")
DIMENSIONS = {
    "Tangibles": range(1, 5),
    "Reliability": range(5, 10),
    "Responsiveness": range(10, 14),
    "Assurance": range(14, 18),
    "Empathy": range(18, 23),
}


def _correlation(places: range) -> FloatArray:
    frame = pd.read_csv(DATA / "survey_complete.csv")[[f"P{item}" for item in places]]
    return np.asarray(np.corrcoef(frame.to_numpy(dtype=np.float64).T), dtype=np.float64)


def _random_correlation(size: int, seed: int = 4) -> FloatArray:
    generator = np.random.default_rng(seed)
    answers = generator.standard_normal((60, size)) + generator.standard_normal((60, 1))
    return np.asarray(np.corrcoef(answers.T), dtype=np.float64)


def _one_by_one(matrix: FloatArray) -> list[float]:
    size = len(matrix)
    values = []
    for own in combinations(range(size), size // 2):
        other = [place for place in range(size) if place not in own]
        values.append(4.0 * float(matrix[np.ix_(own, other)].sum()) / float(matrix.sum()))
    return values


@pytest.mark.parametrize("scale", list(DIMENSIONS))
def test_the_worst_and_the_best_split_are_those_of_r(scale: str) -> None:
    expected: dict[str, Any] = EXPECTED["split_half"][scale]
    matrix = _correlation(DIMENSIONS[scale])
    found = split_half_range(matrix)
    assert found.minimum == pytest.approx(expected["minimum"], rel=1e-12)
    assert found.maximum == pytest.approx(expected["maximum"], rel=1e-12)
    if len(matrix) % 2 == 0:
        # With an odd number of items psych looks at the first half of the splits only.
        assert found.minimum == pytest.approx(expected["psych_minimum"], rel=1e-12)
        assert found.maximum == pytest.approx(expected["psych_maximum"], rel=1e-12)


@pytest.mark.parametrize(("name", "size"), [("split_half_twelve", 12), ("split_half_all", 22)])
def test_longer_scales_are_those_of_r(name: str, size: int) -> None:
    matrix, expected = _correlation(range(1, size + 1)), EXPECTED[name]
    found = split_half_range(matrix)
    assert found.minimum == pytest.approx(expected["minimum"], rel=1e-11)
    assert found.maximum == pytest.approx(expected["maximum"], rel=1e-11)
    assert split_half_average(matrix) == pytest.approx(expected["mean"], rel=1e-11)
    assert (found.exact, found.n_splits) == (True, math.comb(size, size // 2) // 2)


@pytest.mark.parametrize("size", range(2, 12))
def test_every_split_is_looked_at_once(size: int) -> None:
    matrix = _random_correlation(size)
    values = _one_by_one(matrix)
    found = split_half_range(matrix)
    assert found.minimum == pytest.approx(min(values), rel=1e-12)
    assert found.maximum == pytest.approx(max(values), rel=1e-12)
    assert split_half_average(matrix) == pytest.approx(np.mean(values), rel=1e-12)
    assert found.n_splits == len(values) // (2 if size % 2 == 0 else 1)


def test_a_covariance_matrix_will_do() -> None:
    spread = np.linspace(0.5, 3.0, 7)
    matrix = _random_correlation(7) * np.outer(spread, spread)
    values = _one_by_one(matrix)
    found = split_half_range(matrix)
    assert (found.minimum, found.maximum) == pytest.approx((min(values), max(values)), rel=1e-12)


@pytest.mark.parametrize("size", [MOST_ITEMS + 1, MOST_ITEMS + 4])
def test_long_scales_are_sampled_in_the_same_way_each_time(size: int) -> None:
    matrix = _random_correlation(size)
    found = split_half_range(matrix)
    assert (found.exact, found.n_splits) == (False, 10_000)
    assert found == split_half_range(matrix)
    assert found != split_half_range(matrix, seed=1)
    assert found.minimum < split_half_average(matrix) < found.maximum <= 1.0


def test_parallel_items_split_equally_well_in_every_way() -> None:
    matrix = np.full((30, 30), 0.3) + 0.7 * np.eye(30)
    for size in (6, 30):
        own = matrix[:size, :size]
        found = split_half_range(own)
        assert found.minimum == pytest.approx(cronbach_alpha(own), rel=1e-12)
        assert found.maximum == pytest.approx(found.minimum, rel=1e-12)


@pytest.mark.parametrize(
    "matrix", [[[1.0]], [[1.0, -1.0], [-1.0, 1.0]], [[1.0, math.nan], [math.nan, 1.0]]]
)
def test_what_cannot_be_split_is_nan(matrix: list[list[float]]) -> None:
    found = split_half_range(matrix)
    assert math.isnan(found.minimum)
    assert math.isnan(found.maximum)
    assert found.n_splits == 0


def test_rounding_is_no_variance() -> None:
    matrix = np.array([[1.0, -1.0 + 1e-15], [-1.0 + 1e-15, 1.0]])
    assert math.isnan(split_half_range(matrix).maximum)
    assert math.isnan(split_half_average(matrix))


def test_statistics_of_a_scale_hold_the_extremes_of_standardised_items() -> None:
    spread = np.array([1.0, 2.0, 0.5, 1.5])
    matrix = _correlation(DIMENSIONS["Tangibles"])
    found = split_half_range(matrix)
    statistics = scale_reliability_statistics(
        matrix * np.outer(spread, spread), 200, conf_level=0.95
    )
    assert statistics.split_half_minimum == pytest.approx(found.minimum, rel=1e-12)
    assert statistics.split_half_maximum == pytest.approx(found.maximum, rel=1e-12)
    assert statistics.split_half_minimum < statistics.split_half_mean < found.maximum
