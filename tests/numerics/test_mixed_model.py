"""Random intercepts: against the likelihood itself, and where there are no answers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from servqual.errors import EstimationError, NotIdentifiedError
from servqual.numerics.mixed_model import random_intercept
from servqual.typing import FloatArray, IntArray


def simulated(
    seed: int = 1, n_rows: int = 80, spread: float = 0.7
) -> tuple[FloatArray, FloatArray, IntArray]:
    generator = np.random.default_rng(seed)
    groups = generator.integers(0, 9, n_rows)
    design = np.column_stack([np.ones(n_rows), generator.normal(5.0, 1.0, (n_rows, 2))])
    effect = spread * generator.normal(size=9)
    outcome = design @ [1.0, 0.5, 0.0] + effect[groups] + generator.normal(size=n_rows)
    return design, outcome, groups


def criterion(logs: FloatArray, design: FloatArray, outcome: FloatArray, groups: IntArray) -> float:
    """Minus twice the restricted log likelihood, from the covariance matrix of all rows."""
    between, within = np.exp(logs)
    same = (groups[:, None] == groups[None, :]).astype(float)
    covariance = within * np.eye(len(outcome)) + between * same
    inverse = np.linalg.inv(covariance)
    information = design.T @ inverse @ design
    slopes = np.linalg.solve(information, design.T @ inverse @ outcome)
    residual = outcome - design @ slopes
    return float(
        np.linalg.slogdet(covariance)[1]
        + np.linalg.slogdet(information)[1]
        + residual @ inverse @ residual
        + (len(outcome) - design.shape[1]) * np.log(2.0 * np.pi)
    )


def test_the_estimate_is_the_highest_point_of_the_likelihood() -> None:
    data = simulated()
    fit = random_intercept(*data)
    at_fit = np.log([fit.variance_between, fit.variance_within])
    assert_allclose(criterion(at_fit, *data), fit.criterion, rtol=1e-11)
    searched = minimize(criterion, at_fit + 0.3, args=data, method="Nelder-Mead", tol=1e-12)
    assert fit.criterion <= searched.fun + 1e-9
    assert_allclose(searched.x, at_fit, atol=1e-5)


def test_degrees_of_freedom_are_those_of_numerical_derivatives() -> None:
    """Satterthwaite by central differences of the likelihood over both variances."""
    data = simulated(3)
    design, _, groups = data
    fit = random_intercept(*data)
    centre = np.array([fit.variance_between, fit.variance_within])

    def covariance(variances: FloatArray) -> FloatArray:
        same = (groups[:, None] == groups[None, :]).astype(float)
        whole = variances[1] * np.eye(len(groups)) + variances[0] * same
        return np.asarray(np.linalg.inv(design.T @ np.linalg.solve(whole, design)), np.float64)

    step = 1e-4 * centre
    hessian = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            total = 0.0
            for a in (1.0, -1.0):
                for b in (1.0, -1.0):
                    moved = centre.copy()
                    moved[i] += a * step[i]
                    moved[j] += b * step[j]
                    total += a * b * criterion(np.log(moved), *data)
            hessian[i, j] = total / (4.0 * step[i] * step[j])
    spread = 2.0 * np.linalg.inv(hessian)
    gradient = np.empty((2, 3))
    for i in range(2):
        move = np.eye(2)[i] * step[i]
        change = covariance(centre + move) - covariance(centre - move)
        gradient[i] = np.diag(change) / (2.0 * step[i])
    variance = np.diag(fit.covariance)
    expected = 2.0 * variance**2 / np.einsum("ic,ij,jc->c", gradient, spread, gradient)
    assert_allclose(fit.degrees_of_freedom(np.eye(3)), expected, rtol=1e-4)
    assert_allclose(fit.covariance, covariance(centre), rtol=1e-9)


def test_at_the_boundary_it_is_least_squares() -> None:
    design, outcome, groups = simulated(5, spread=0.0)
    outcome = outcome - np.array([outcome[groups == g].mean() for g in range(9)])[groups]
    fit = random_intercept(design, outcome, groups)
    assert fit.is_boundary
    assert fit.variance_between == 0.0
    slopes = np.linalg.lstsq(design, outcome, rcond=None)[0]
    assert_allclose(fit.coefficients, slopes, rtol=1e-9)
    assert_allclose(fit.degrees_of_freedom(np.eye(3)), 77.0)
    assert_allclose(fit.joint_test(np.eye(3)[1:]).df_denominator, 77.0)
    assert (fit.ratio_statistic, fit.ratio_p) == (0.0, 1.0)


def test_counts_repeat_rows() -> None:
    design, outcome, groups = simulated()
    counts = np.tile([1.0, 2.0, 3.0, 2.0], 20)
    times = counts.astype(int)
    weighted = random_intercept(design, outcome, groups, counts=counts)
    repeated = random_intercept(
        np.repeat(design, times, axis=0), np.repeat(outcome, times), np.repeat(groups, times)
    )
    assert_allclose(weighted.coefficients, repeated.coefficients, rtol=1e-10)
    assert_allclose(weighted.variance_between, repeated.variance_between, rtol=1e-9)
    assert_allclose(weighted.group_errors, repeated.group_errors, rtol=1e-9)


def test_large_groups_and_large_ratios() -> None:
    design, outcome, groups = simulated(2, 400, spread=1000.0)
    fit = random_intercept(design, outcome, groups)
    assert 1e5 < fit.variance_between < 1e7
    values = np.column_stack([design[:, 1:], outcome])
    means = np.stack([values[groups == group].mean(axis=0) for group in range(9)])
    within = values - means[groups]
    slopes = np.linalg.lstsq(within[:, :2], within[:, 2], rcond=None)[0]
    # Groups so far apart say nothing about the slopes: they are those within groups.
    assert_allclose(fit.coefficients[1:], slopes, atol=1e-5)


def test_what_cannot_be_fitted_is_refused() -> None:
    design, outcome, groups = simulated()
    with pytest.raises(EstimationError, match="All rows are in one group"):
        random_intercept(design, outcome, np.zeros(80, dtype=np.int64))
    with pytest.raises(NotIdentifiedError, match="80 groups and 80 respondents"):
        random_intercept(design, outcome, np.arange(80))
    with pytest.raises(EstimationError, match="without any error"):
        random_intercept(design, groups.astype(float), groups)
