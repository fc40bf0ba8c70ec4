"""Derivatives of structural equation models, the EM algorithm, and the search."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.model_language.parameter_table import build_parameter_table
from servqual.model_language.representation import Representation, represent
from servqual.numerics.implied_moments import assemble, directions, implied_moments
from servqual.numerics.normal_discrepancy import NormalSample, evaluate_likelihood
from servqual.numerics.saturated import pattern_sample, saturated_moments
from servqual.numerics.scoring import Problem, minimise
from servqual.numerics.structural_fit import (
    Reduction,
    casewise_scores,
    information,
    invert_information,
    point_of,
)
from servqual.typing import FloatArray

MODEL = """
F =~ x1 + x2 + x3
H =~ x4 + x5 + x6
Q =~ F + H
y ~ Q + x1
x2 ~~ x4
H ~ 1
"""


def model() -> tuple[Representation, FloatArray, FloatArray]:
    """Return a model with every kind of parameter, a point, and answers with holes."""
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((60, 7)) + 0.6 * rng.standard_normal((60, 1))
    table = build_parameter_table(MODEL, mean_structure=True)
    found = represent(table, means=[rows.mean(axis=0)], covariances=[np.cov(rows.T)])
    point = rng.uniform(0.4, 0.9, table.n_free)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    rows[np.isnan(rows).all(axis=1), 0] = 0.0
    return found, point, rows


def _value(found: Representation, point: FloatArray, sample: NormalSample) -> float:
    at = point_of(found.structure, point, 0, sample, None)
    assert at is not None
    return at.evaluation.value


def _gradient(found: Representation, point: FloatArray, sample: NormalSample) -> FloatArray:
    at = point_of(found.structure, point, 0, sample, None)
    assert at is not None
    along = directions(at.matrices, at.implied, found.structure.free[0])
    slope: FloatArray = at.evaluation.gradient(along) @ found.structure.selection(0)
    return slope


def _numeric(function: object, point: FloatArray, step: float) -> FloatArray:
    """Central differences of fourth order."""
    moved = [
        (
            function(point - 2 * step * unit)  # type: ignore[operator]
            - 8 * function(point - step * unit)  # type: ignore[operator]
            + 8 * function(point + step * unit)  # type: ignore[operator]
            - function(point + 2 * step * unit)  # type: ignore[operator]
        )
        / (12 * step)
        for unit in np.eye(len(point))
    ]
    return np.array(moved)


def test_derivatives_of_implied_moments() -> None:
    found, point, _ = model()
    structure = found.structure

    def moments(at: FloatArray) -> FloatArray:
        implied = implied_moments(assemble(structure, at, 0))
        lower = np.tril_indices(7)
        return np.concatenate([implied.covariance.T[lower[::-1]], implied.mean])

    matrices = assemble(structure, point, 0)
    along = directions(matrices, implied_moments(matrices), structure.free[0])
    numeric = _numeric(moments, point, 1e-3).T
    column, row = np.triu_indices(7)
    ours = along.left[row] * along.right[column] + along.right[row] * along.left[column]
    order = {pair: place for place, pair in enumerate(zip(*np.tril_indices(7), strict=True))}
    places = [order[pair] for pair in zip(row, column, strict=True)]
    assert_allclose(ours @ structure.selection(0), numeric[:28][places], atol=1e-9)
    assert_allclose(along.mean @ structure.selection(0), numeric[28:], atol=1e-9)


def test_gradient_and_hessian_with_missing_answers() -> None:
    found, point, rows = model()
    sample = pattern_sample(rows)
    assert len(sample.counts) > 10
    gradient = _gradient(found, point, sample)
    numeric = _numeric(lambda at: _value(found, at, sample), point, 1e-3)
    assert_allclose(gradient, numeric, rtol=1e-7, atol=1e-7)
    hessian = information(found.structure, point, [sample], [None], "observed")
    curved = _numeric(lambda at: _gradient(found, at, sample), point, 1e-3)
    assert_allclose(hessian, curved, rtol=1e-7, atol=1e-6)
    assert_allclose(hessian, hessian.T, atol=1e-9)


def test_scores_add_up_to_the_gradient() -> None:
    found, point, rows = model()
    scores = casewise_scores(found.structure, point, 0, rows) @ found.structure.selection(0)
    assert_allclose(scores.sum(axis=0), -_gradient(found, point, pattern_sample(rows)), atol=1e-9)


def test_expected_information_is_the_mean_of_the_observed() -> None:
    found, point, _ = model()
    implied = implied_moments(assemble(found.structure, point, 0))
    truth = NormalSample.complete(100, implied.mean, implied.covariance)
    expected, observed = (
        information(found.structure, point, [truth], [None], kind)
        for kind in ("expected", "observed")
    )
    assert_allclose(observed, expected, atol=1e-9)


def test_em_finds_where_the_likelihood_is_flat() -> None:
    _, _, rows = model()
    sample = pattern_sample(rows)
    found = saturated_moments(sample)
    assert found.converged
    at = evaluate_likelihood(sample, found.covariance, found.mean)
    assert at is not None
    assert_allclose(at.mean_weight, 0.0, atol=1e-4)
    assert_allclose(at.covariance_weight, 0.0, atol=1e-3)


def test_em_does_not_depend_on_the_order_of_respondents() -> None:
    _, _, rows = model()
    first, second = (saturated_moments(pattern_sample(part)) for part in (rows, rows[::-1]))
    assert_allclose(first.covariance, second.covariance, rtol=1e-10)


def test_constraints_hold() -> None:
    reduction = Reduction.of_constraints(np.array([[1.0, -2.0, 0.0]]), np.array([0.5]))
    point = reduction.expand(np.array([0.3, -1.2]))
    assert_allclose(point[0] - 2 * point[1], 0.5, rtol=1e-12)
    assert_allclose(reduction.reduce(point), [0.3, -1.2], rtol=1e-12)


def test_what_is_not_determined_is_named() -> None:
    matrix = np.array([[2.0, 2.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 1.0]])
    inverse, loose = invert_information(matrix, Reduction.none(3))
    assert np.isnan(inverse).all()
    assert loose.tolist() == [0, 1]


def test_the_search_leaves_a_place_where_scoring_fails() -> None:
    # Information that is ten times too small makes steps too long; halving them is enough.
    def evaluate(x: FloatArray) -> tuple[float, FloatArray] | None:
        return (float(np.cosh(x).sum()), np.sinh(x)) if np.abs(x).max() < 20 else None

    problem = Problem(evaluate, lambda x: np.diag(0.1 * np.cosh(x)))
    found = minimise(problem, np.array([5.0, -3.0]))
    assert found.converged
    assert_allclose(found.parameters, 0.0, atol=1e-6)


def test_a_start_where_nothing_exists_is_refused() -> None:
    problem = Problem(lambda x: None, lambda x: np.eye(1))
    with pytest.raises(ValueError, match="does not exist at the starting values"):
        minimise(problem, np.zeros(1))
