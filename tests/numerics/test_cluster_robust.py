"""CR2: the low-rank formulas against the matrices that they stand for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.errors import EstimationError
from servqual.numerics.cluster_robust import bias_reduced
from servqual.numerics.linear_hypotheses import FixedDegrees
from servqual.typing import FloatArray, IntArray


def simulated(n_rows: int = 40, n_clusters: int = 7) -> tuple[FloatArray, FloatArray, IntArray]:
    generator = np.random.default_rng(8)
    design = np.column_stack([np.ones(n_rows), generator.normal(4.0, 1.0, (n_rows, 2))])
    clusters = np.arange(n_rows) % n_clusters
    outcome = design @ [1.0, 0.5, 0.2] + generator.normal(size=n_rows)
    return design, outcome, clusters


def by_matrices(
    design: FloatArray, outcome: FloatArray, clusters: IntArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """CR2 and its degrees of freedom, written down with matrices over all rows."""
    n_rows = len(outcome)
    heavy = weights[:, None] * design
    bread = np.linalg.inv(design.T @ heavy)
    annihilator = np.eye(n_rows) - design @ bread @ heavy.T
    residual = annihilator @ outcome
    meat = np.zeros((3, 3))
    combinations = []
    for code in np.unique(clusters):
        rows = clusters == code
        part = annihilator[rows]
        values, vectors = np.linalg.eigh(part @ part.T)
        root = (vectors / np.sqrt(values)) @ vectors.T
        adjusted = root @ heavy[rows]
        score = adjusted.T @ residual[rows]
        meat += np.outer(score, score)
        combinations.append(part.T @ adjusted @ bread)
    degrees = []
    for term in range(3):
        columns = np.column_stack([combination[:, term] for combination in combinations])
        products = columns.T @ columns
        degrees.append(np.trace(products) ** 2 / (products**2).sum())
    return bread @ meat @ bread, np.array(degrees)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_clusters", [4, 7, 39])
def test_it_is_what_the_matrices_give(weighted: bool, n_clusters: int) -> None:
    data = simulated(n_clusters=n_clusters)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, 40) if weighted else np.ones(40)
    fit = bias_reduced(*data, weights=weights if weighted else None)
    covariance, degrees = by_matrices(*data, weights)
    assert_allclose(fit.covariance, covariance, rtol=1e-9, atol=1e-14)
    assert_allclose(fit.degrees_of_freedom(np.eye(3)), degrees, rtol=1e-9)
    assert fit.n_fitted_exactly == 0


def test_a_joint_test_of_one_is_the_squared_t() -> None:
    fit = bias_reduced(*simulated())
    contrast = np.array([[0.0, 1.0, -1.0]])
    test = fit.joint_test(contrast)
    estimate = float((contrast @ fit.coefficients).item())
    variance = float((contrast @ fit.covariance @ contrast.T).item())
    assert_allclose(test.statistic, estimate**2 / variance, rtol=1e-10)
    assert_allclose(test.df_denominator, fit.degrees_of_freedom(contrast)[0], rtol=1e-10)


def test_units_of_predictors_do_not_matter() -> None:
    design, outcome, clusters = simulated()
    scale = np.array([1.0, 1e6, 1e-5])
    plain = bias_reduced(design, outcome, clusters)
    scaled = bias_reduced(design * scale, outcome, clusters)
    assert_allclose(scaled.covariance * np.outer(scale, scale), plain.covariance, rtol=1e-8)
    ours, theirs = scaled.joint_test(np.eye(3)[1:]), plain.joint_test(np.eye(3)[1:])
    assert_allclose(ours.statistic, theirs.statistic, rtol=1e-8)
    assert_allclose(ours.df_denominator, theirs.df_denominator, rtol=1e-8)


def test_a_cluster_large_beyond_matrices_over_its_rows() -> None:
    generator = np.random.default_rng(2)
    n_rows = 60_000
    design = np.column_stack([np.ones(n_rows), generator.normal(size=n_rows)])
    outcome = generator.normal(size=n_rows)
    fit = bias_reduced(design, outcome, np.arange(n_rows) % 3)
    assert np.isfinite(fit.covariance).all()


def test_one_cluster_is_refused_and_too_few_have_no_joint_test() -> None:
    design, outcome, _ = simulated()
    with pytest.raises(EstimationError, match="All rows are in one cluster"):
        bias_reduced(design, outcome, np.zeros(40, dtype=np.int64))
    fit = bias_reduced(design, outcome, np.arange(40) % 2)
    assert np.isnan(fit.joint_test(np.eye(3)).statistic)


def test_fixed_degrees_have_no_joint_test_without_rank() -> None:
    fit = FixedDegrees(np.array([1.0, 2.0]), np.ones((2, 2)), 10.0)
    assert np.isnan(fit.joint_test(np.eye(2)).statistic)
    few = FixedDegrees(np.array([1.0, 2.0]), np.eye(2), 1.0)
    assert np.isnan(few.joint_test(np.eye(2)).p_value)
    assert few.degrees_of_freedom(np.eye(2)).tolist() == [1.0, 1.0]


def test_one_heavy_weight_is_no_crash() -> None:
    design, outcome, clusters = simulated()
    weights = np.where(np.arange(len(outcome)) == 0, 1e12, 1.0)
    degrees = bias_reduced(design, outcome, clusters, weights=weights).degrees_of_freedom(np.eye(3))
    assert not (degrees <= 0.0).any()


def test_degrees_of_freedom_are_nan_where_nothing_varies() -> None:
    design, outcome, clusters = simulated(12, 3)
    fit = bias_reduced(design, outcome, clusters)
    nothing = np.zeros_like(fit.squared)
    empty = replace(fit, plain=nothing, weighted=nothing, squared=nothing)
    assert np.isnan(empty.degrees_of_freedom(np.eye(3))).all()
