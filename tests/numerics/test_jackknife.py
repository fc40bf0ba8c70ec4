from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.errors import EstimationError
from servqual.numerics.jackknife import leave_cluster_out_covariances, leave_one_out_covariances


def test_leaving_out_one_is_the_covariance_of_the_others() -> None:
    data = np.random.default_rng(1).normal(size=(12, 3)) * [1.0, 100.0, 1e-3] + 50.0
    found = leave_one_out_covariances(data, data.mean(axis=0), np.cov(data.T), 12)
    for row in range(12):
        assert_allclose(found[row], np.cov(np.delete(data, row, axis=0).T), rtol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_leaving_out_a_cluster_is_the_covariance_of_the_others(weighted: bool) -> None:
    generator = np.random.default_rng(2)
    data = generator.normal(size=(20, 3)) + 50.0
    clusters = generator.choice([3, 7, 8, 11], size=20)
    weights = generator.uniform(0.5, 2.0, 20) if weighted else None
    found = leave_cluster_out_covariances(data, clusters, weights)
    for place, code in enumerate(np.unique(clusters)):
        others = clusters != code
        own = None if weights is None else weights[others]
        expected = np.cov(data[others].T, aweights=own, ddof=0)
        assert_allclose(found[place], expected, rtol=1e-9)


def test_clusters_of_one_are_respondents() -> None:
    data = np.random.default_rng(3).normal(size=(15, 2))
    one = leave_one_out_covariances(data, data.mean(axis=0), np.cov(data.T), 15)
    clusters = leave_cluster_out_covariances(data, np.arange(15))
    assert_allclose(clusters * 14 / 13, one, rtol=1e-10)


def test_too_few_are_refused() -> None:
    data = np.array([[1.0], [2.0]])
    with pytest.raises(EstimationError, match="There are 2 respondents, but leaving one out"):
        leave_one_out_covariances(data, data.mean(axis=0), np.cov(data.T), 2)
    with pytest.raises(EstimationError, match="There is 1 cluster, but leaving one out needs"):
        leave_cluster_out_covariances(data, np.zeros(2, dtype=np.int64))
