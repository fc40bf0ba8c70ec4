from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.errors import EstimationError
from servqual.numerics import resampled_means as module
from servqual.numerics.bootstrap import bootstrap_moments
from servqual.numerics.resampled_means import resampled_means
from servqual.typing import FloatArray


def _data(n_rows: int = 60, n_variables: int = 4) -> FloatArray:
    return np.random.default_rng(8).integers(0, 2, size=(n_rows, n_variables)).astype(np.float64)


WEIGHTS = np.linspace(0.5, 2.0, 60)
COUNTS = np.arange(60.0) % 4
CLUSTERS = np.arange(60) % 7


@pytest.mark.parametrize(
    "design",
    [
        {},
        {"counts": COUNTS},
        {"sampling_weights": WEIGHTS},
        {"clusters": CLUSTERS},
        {"clusters": CLUSTERS, "counts": COUNTS},
        {"clusters": CLUSTERS, "sampling_weights": WEIGHTS},
    ],
)
def test_means_are_those_of_the_bootstrap_of_moments(design: dict[str, FloatArray]) -> None:
    data = _data()
    means = resampled_means(data, n_resamples=300, seed=5, **design)  # type: ignore[arg-type]
    moments = bootstrap_moments(data, n_resamples=300, seed=5, **design)  # type: ignore[arg-type]
    assert_allclose(means, moments.means, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("max_bytes", [1, 60 * 8 * 3, 2**26])
def test_cut_of_the_work_does_not_matter(monkeypatch: pytest.MonkeyPatch, max_bytes: int) -> None:
    whole = resampled_means(_data(), n_resamples=20, seed=3)
    in_clusters = resampled_means(_data(), n_resamples=20, seed=3, clusters=CLUSTERS)
    monkeypatch.setattr(module, "_MAX_BYTES", max_bytes)
    assert_array_equal(resampled_means(_data(), n_resamples=20, seed=3), whole)
    again = resampled_means(_data(), n_resamples=20, seed=3, clusters=CLUSTERS)
    assert_array_equal(again, in_clusters)


def test_small_integers_are_as_good_as_floats() -> None:
    floats = resampled_means(_data(), n_resamples=20, seed=3, sampling_weights=WEIGHTS)
    bytes_ = resampled_means(
        _data().astype(np.uint8), n_resamples=20, seed=3, sampling_weights=WEIGHTS
    )
    assert_array_equal(floats, bytes_)


def test_data_are_not_written_to_and_progress_is_told() -> None:
    data = _data()
    data.flags.writeable = False
    told: list[tuple[int, int]] = []
    resampled_means(
        data, n_resamples=300, seed=1, progress=lambda done, total: told.append((done, total))
    )
    assert told[-1] == (300, 300)
    assert told == sorted(told)
    assert len(told) > 1


def test_one_respondent_is_always_drawn() -> None:
    assert (resampled_means(np.array([[2.0, 5.0]]), n_resamples=3, seed=1) == [2.0, 5.0]).all()


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (np.zeros(3), {}, "needs rows of variables"),
        (np.zeros((3, 0)), {}, "needs rows of variables"),
        (np.array([[np.nan]]), {}, "1 of 1 rows have values that are missing"),
        (np.zeros((3, 1)), {"n_resamples": 0}, "0 resamples were asked for"),
        (np.zeros((0, 1)), {}, "nobody to draw"),
        (np.zeros((3, 1)), {"counts": np.zeros(3)}, "nobody to draw"),
        (np.zeros((3, 1)), {"counts": np.full(3, 0.5)}, "not whole numbers"),
        (np.zeros((3, 1)), {"sampling_weights": np.zeros(3)}, "one positive number"),
        (
            np.zeros((3, 1)),
            {"sampling_weights": np.ones(3), "counts": np.ones(3)},
            "Both `counts` and `sampling_weights`",
        ),
        (np.zeros((3, 1)), {"clusters": np.zeros(3, int)}, "There is 1 cluster"),
        (np.zeros((3, 1)), {"clusters": np.zeros(2, int)}, r"`clusters` has shape \(2,\)"),
    ],
)
def test_what_cannot_be_resampled(
    data: FloatArray, options: dict[str, FloatArray], words: str
) -> None:
    with pytest.raises(EstimationError, match=words):
        resampled_means(data, **({"n_resamples": 5, "seed": 1} | options))  # type: ignore[arg-type]
