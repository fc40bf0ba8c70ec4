from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.errors import (
    EstimationError,
    NotIdentifiedError,
    NotPositiveDefiniteError,
    OptionError,
)
from servqual.numerics.least_squares import (
    LeastSquares,
    collinear_columns,
    constant_columns,
    least_squares_from_moments,
    smallest_eigenvalue,
)
from tests.reference import load_expected

EXPECTED: dict[str, Any] = load_expected("numerics_models")["least_squares"]


def _fit(case: dict[str, Any]) -> LeastSquares:
    mean = np.array(case["mean"])
    return least_squares_from_moments(
        mean,
        np.array(case["covariance"]),
        case["n_obs"],
        outcome=0,
        predictors=range(1, mean.size),
        conf_level=case["conf_level"],
    )


@pytest.mark.parametrize(
    "field",
    [
        "coefficients",
        "std_errors",
        "statistic",
        "p_value",
        "conf_low",
        "conf_high",
        "df_residual",
        "r_squared",
        "adj_r_squared",
        "f_statistic",
        "f_p_value",
        "sigma",
        "loglik",
        "aic",
        "bic",
    ],
)
@pytest.mark.parametrize("name", list(EXPECTED))
def test_equals_lm(name: str, field: str) -> None:
    # R solves by QR on the rows; cross-products square the condition, which costs some digits.
    assert_allclose(getattr(_fit(EXPECTED[name]), field), EXPECTED[name][field], rtol=1e-9)


@pytest.mark.parametrize("name", list(EXPECTED))
def test_covariance_of_coefficients_equals_lm(name: str) -> None:
    scale = np.array(EXPECTED[name]["std_errors"])
    found = _fit(EXPECTED[name]).covariance_of_coefficients / np.outer(scale, scale)
    assert_allclose(found, EXPECTED[name]["vcov"] / np.outer(scale, scale), rtol=0, atol=1e-10)
    assert (found == found.T).all()


@pytest.mark.parametrize("name", list(EXPECTED))
def test_beta_and_vif_equal_r(name: str) -> None:
    fit = _fit(EXPECTED[name])
    assert np.isnan([fit.beta[0], fit.vif[0]]).all()
    assert_allclose(fit.beta[1:], np.atleast_1d(EXPECTED[name]["beta"]), rtol=1e-9)
    assert_allclose(fit.vif[1:], np.atleast_1d(EXPECTED[name]["vif"]), rtol=1e-9)


def test_order_of_predictors_is_that_of_the_coefficients() -> None:
    case = EXPECTED["swiss"]
    order = [3, 1, 5, 2, 4]
    fit = least_squares_from_moments(
        np.array(case["mean"]),
        np.array(case["covariance"]),
        case["n_obs"],
        outcome=0,
        predictors=order,
        conf_level=0.99,
    )
    assert_allclose(fit.coefficients[1:], np.array(case["coefficients"])[order], rtol=1e-9)
    assert_allclose(fit.coefficients[0], case["coefficients"][0], rtol=1e-9)


def test_units_of_measurement_do_not_matter() -> None:
    case = EXPECTED["mtcars"]
    scale = np.array([1.0, 1e-6, 1e6, 1e3, 1e-3])
    fit = least_squares_from_moments(
        np.array(case["mean"]) * scale,
        np.array(case["covariance"]) * np.outer(scale, scale),
        case["n_obs"],
        outcome=0,
        predictors=[1, 2, 3, 4],
        conf_level=0.95,
    )
    assert_allclose(fit.statistic, case["statistic"], rtol=1e-9)
    assert_allclose(fit.coefficients[1:] * scale[1:], case["coefficients"][1:], rtol=1e-9)


def test_perfect_fit_has_no_error_and_no_warning() -> None:
    covariance = np.array([[4.0, 2.0], [2.0, 1.0]])
    fit = least_squares_from_moments(
        np.array([2.0, 1.0]), covariance, 10, outcome=0, predictors=[1], conf_level=0.95
    )
    assert fit.r_squared == 1.0
    assert fit.sigma == 0.0
    assert fit.f_statistic == np.inf
    assert fit.f_p_value == 0.0
    assert fit.statistic[1] == np.inf
    assert fit.loglik == np.inf


def test_inputs_are_not_written_to() -> None:
    mean, covariance = np.array([1.0, 2.0]), np.array([[2.0, 0.5], [0.5, 1.0]])
    mean.setflags(write=False)
    covariance.setflags(write=False)
    least_squares_from_moments(mean, covariance, 9, outcome=1, predictors=[0], conf_level=0.95)


def test_collinear_predictors_are_named_by_their_indices() -> None:
    rows = np.random.default_rng(3).normal(size=(50, 5))
    rows[:, 4] = rows[:, 1] - rows[:, 3]
    with pytest.raises(NotIdentifiedError, match=r"predictors at 1, 3, 4 are linearly dependent"):
        least_squares_from_moments(
            rows.mean(axis=0),
            np.cov(rows.T),
            50,
            outcome=0,
            predictors=[1, 2, 3, 4],
            conf_level=0.95,
        )


@pytest.mark.parametrize(("constant", "named"), [(0, "0"), (2, "2")])
def test_variable_that_does_not_vary(constant: int, named: str) -> None:
    rows = np.random.default_rng(3).normal(size=(50, 3))
    rows[:, constant] = 1.0 / 3.0
    with pytest.raises(NotIdentifiedError, match=rf"variables at {named} do not vary"):
        least_squares_from_moments(
            rows.mean(axis=0), np.cov(rows.T), 50, outcome=0, predictors=[1, 2], conf_level=0.95
        )


@pytest.mark.parametrize("outcome", [0, 1, 2])
def test_covariances_that_no_data_can_have(outcome: int) -> None:
    matrix = np.array([[1.0, 0.9, 0.2], [0.9, 1.0, 0.9], [0.2, 0.9, 1.0]])
    scale = np.array([1e-3, 1.0, 1e4])
    others = [place for place in range(3) if place != outcome]
    with pytest.raises(NotPositiveDefiniteError, match=r"is -0\.177, but must not be negative"):
        least_squares_from_moments(
            np.zeros(3),
            matrix * np.outer(scale, scale),
            100,
            outcome=outcome,
            predictors=others,
            conf_level=0.95,
        )
    # A variable that takes no part cannot be in contradiction.
    fit = least_squares_from_moments(
        np.zeros(3), matrix, 100, outcome=outcome, predictors=others[:1], conf_level=0.95
    )
    assert_allclose(fit.r_squared, matrix[outcome, others[0]] ** 2, rtol=1e-12)


def test_a_correlation_above_one_is_refused() -> None:
    with pytest.raises(NotPositiveDefiniteError, match="No data can have this covariance matrix"):
        least_squares_from_moments(
            np.zeros(2),
            np.array([[1.0, 1.2], [1.2, 1.0]]),
            100,
            outcome=1,
            predictors=[0],
            conf_level=0.95,
        )


def test_smallest_eigenvalue_passes_over_constants_and_units() -> None:
    matrix = np.diag([4.0, 0.0, 9.0])
    assert smallest_eigenvalue(matrix) == 1.0
    matrix[0, 2] = matrix[2, 0] = 3.0
    assert_allclose(smallest_eigenvalue(matrix), 0.5, rtol=1e-14)
    assert smallest_eigenvalue(np.zeros((2, 2))) == 1.0


def test_too_few_respondents() -> None:
    with pytest.raises(NotIdentifiedError, match="3 complete respondents for 3 coefficients"):
        least_squares_from_moments(
            np.zeros(3), np.eye(3), 3, outcome=0, predictors=[1, 2], conf_level=0.95
        )


def test_no_predictors() -> None:
    with pytest.raises(EstimationError, match="needs at least one"):
        least_squares_from_moments(
            np.zeros(3), np.eye(3), 30, outcome=0, predictors=[], conf_level=0.95
        )


def test_conf_level_is_checked() -> None:
    with pytest.raises(OptionError, match=r"`conf_level` is 1\.5"):
        least_squares_from_moments(
            np.zeros(2), np.eye(2), 30, outcome=0, predictors=[1], conf_level=1.5
        )


def test_constant_columns() -> None:
    assert constant_columns(np.diag([1.0, 0.0, np.nan, 3.0])).tolist() == [1, 2]
    # The rounding error of summing a hundred thirds is no variance when the mean is known.
    noise = np.diag([1e-17, 1e-17, 1.0])
    assert constant_columns(noise, np.array([1.0 / 3.0, 0.0, 5.0])).tolist() == [0]
    assert constant_columns(noise).tolist() == []


def test_collinear_columns_finds_each_dependency_and_no_bystander() -> None:
    rows = np.random.default_rng(7).normal(size=(60, 7))
    rows[:, 2] = 3.0 * rows[:, 0] + 1.0
    rows[:, 6] = rows[:, 3] + rows[:, 4]
    assert collinear_columns(np.cov(rows.T)).tolist() == [0, 2, 3, 4, 6]
    assert collinear_columns(np.cov(rows[:, [0, 1, 3, 4, 5]].T)).tolist() == []


def test_collinear_columns_passes_over_constants() -> None:
    assert collinear_columns(np.diag([1.0, 0.0, 2.0])).tolist() == []
    assert collinear_columns(np.zeros((2, 2))).tolist() == []


def test_near_collinearity_is_not_an_error() -> None:
    rows = np.random.default_rng(7).normal(size=(60, 3))
    rows[:, 2] = rows[:, 1] + 1e-3 * rows[:, 2]
    fit = least_squares_from_moments(
        rows.mean(axis=0), np.cov(rows.T), 60, outcome=0, predictors=[1, 2], conf_level=0.95
    )
    assert fit.vif[1] > 1e5
