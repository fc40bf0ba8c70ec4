from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.errors import EstimationError
from servqual.numerics.bootstrap import bootstrap_moments
from servqual.numerics.incomplete_means import means_without_one, resampled_incomplete_means
from servqual.numerics.resampling import weight_blocks
from servqual.typing import FloatArray


def _values(n_rows: int = 30) -> FloatArray:
    generator = np.random.default_rng(4)
    values = generator.normal(size=(n_rows, 3))
    values[generator.random((n_rows, 3)) < 0.2] = np.nan
    return values


def test_each_mean_is_over_those_drawn_who_have_a_value() -> None:
    values, weights = _values(), np.random.default_rng(1).uniform(0.5, 2.0, 30)
    plain = resampled_incomplete_means(values, n_resamples=40, seed=2)
    weighted = resampled_incomplete_means(values, n_resamples=40, seed=2, sampling_weights=weights)
    [drawn] = weight_blocks(30, n_resamples=40, seed=2)
    for resample, times in enumerate(drawn):
        rows = np.repeat(np.arange(30), times)
        assert_allclose(plain[resample], np.nanmean(values[rows], axis=0), rtol=1e-12)
        known = np.ma.masked_invalid(values[rows])
        expected = np.ma.average(known, axis=0, weights=weights[rows])
        assert_allclose(weighted[resample], np.asarray(expected), rtol=1e-12)


def test_complete_values_have_the_means_of_the_bootstrap_of_moments() -> None:
    values = np.random.default_rng(4).normal(size=(50, 2))
    means = resampled_incomplete_means(values, n_resamples=100, seed=3)
    assert_allclose(means, bootstrap_moments(values, n_resamples=100, seed=3).means, rtol=1e-10)


def test_nobody_drawn_has_a_value() -> None:
    values = np.full((12, 2), np.nan)
    values[:, 0], values[5, 1] = 1.0, 3.0
    means = resampled_incomplete_means(values, n_resamples=500, seed=1)
    blocks = weight_blocks(12, n_resamples=500, seed=1)
    missed = np.concatenate([block[:, 5] == 0 for block in blocks])
    assert_array_equal(np.isnan(means[:, 1]), missed)
    assert (means[~missed, 1] == 3.0).all()
    assert (means[:, 0] == 1.0).all()


@pytest.mark.parametrize("kind", ["plain", "counts", "sampling"])
def test_leaving_one_out_is_the_mean_of_the_others(kind: str) -> None:
    values = _values(9)
    counts = np.array([1, 2, 3] * 3)
    weights = np.linspace(0.3, 2.0, 9)
    found = means_without_one(
        values,
        counts=counts if kind == "counts" else None,
        sampling_weights=weights if kind == "sampling" else None,
    )
    for row in range(9):
        times = {"plain": np.ones(9), "counts": counts.astype(float), "sampling": weights}[kind]
        times = times.copy()
        times[row] -= times[row] if kind == "sampling" else 1.0
        known = np.ma.masked_invalid(values)
        expected = np.ma.average(known, axis=0, weights=times)
        assert_allclose(found[row], np.asarray(expected), rtol=1e-12)


def test_nobody_else_has_a_value() -> None:
    values = np.array([[1.0, 0.1], [2.0, np.nan], [4.0, np.nan]])
    found = means_without_one(values, sampling_weights=np.array([0.1, 0.2, 0.7]))
    assert np.isnan(found[0, 1])
    assert_allclose(found[1:, 1], 0.1)


def test_two_kinds_of_weights() -> None:
    with pytest.raises(EstimationError, match="one kind of weight"):
        resampled_incomplete_means(
            np.ones((3, 1)),
            n_resamples=2,
            seed=1,
            counts=np.ones(3, dtype=np.int64),
            sampling_weights=np.ones(3),
        )
