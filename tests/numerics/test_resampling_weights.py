from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.errors import EstimationError
from servqual.numerics.bootstrap import bootstrap_moments
from servqual.numerics.resampling_weights import resampling_weights

DATA = np.random.default_rng(1).integers(1, 8, size=(30, 2)).astype(float)
COUNTS = np.random.default_rng(2).integers(1, 4, size=30)
SAMPLING = np.random.default_rng(3).uniform(0.5, 2.0, 30)
CLUSTERS = np.random.default_rng(4).choice([2, 5, 9, 11], size=30)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"counts": COUNTS},
        {"sampling_weights": SAMPLING},
        {"clusters": CLUSTERS},
        {"clusters": CLUSTERS, "counts": COUNTS},
        {"clusters": CLUSTERS, "sampling_weights": SAMPLING},
    ],
)
def test_weights_are_those_of_the_moments_of_the_bootstrap(options: dict[str, np.ndarray]) -> None:
    moments = bootstrap_moments(DATA, n_resamples=25, seed=6, **options)  # type: ignore[arg-type]
    parts = resampling_weights(30, n_resamples=25, seed=6, block=7, **options)
    weights = np.concatenate(list(parts))
    means = weights @ DATA / weights.sum(axis=1, keepdims=True)
    assert_allclose(means, moments.means, rtol=1e-12)


def test_blocks_do_not_change_the_draws() -> None:
    one, other = (
        np.concatenate(list(resampling_weights(9, n_resamples=11, seed=2, block=block)))
        for block in (1, 100)
    )
    np.testing.assert_array_equal(one, other)
    assert (one.sum(axis=1) == 9).all()


def test_one_unit_is_refused() -> None:
    with pytest.raises(EstimationError, match="There are 1 respondents or clusters"):
        list(resampling_weights(3, n_resamples=2, seed=1, block=2, clusters=np.zeros(3, np.int64)))
