from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.errors import EstimationError, OptionError
from servqual.numerics.extraction import Extraction, maximum_likelihood_factors
from servqual.numerics.omega import omega_total, omega_total_interval, one_factor_covariance
from tests.reference import load_expected

EXPECTED: dict[str, Any] = load_expected("numerics_models")["omega"]


def _one_factor(case: dict[str, Any]) -> Extraction:
    # lavaan's ML divides by n.
    return maximum_likelihood_factors(
        np.array(case["covariance"]) * (case["n_obs"] - 1) / case["n_obs"], 1
    )


@pytest.mark.parametrize("name", list(EXPECTED))
def test_one_factor_solution_equals_lavaan(name: str) -> None:
    case = EXPECTED[name]
    found = _one_factor(case)
    assert_allclose(found.loadings[:, 0], case["loadings"], rtol=1e-9)
    assert_allclose(found.uniquenesses, case["uniquenesses"], rtol=1e-9)
    # A just-identified model has a chi-square of zero in exact arithmetic.
    assert_allclose(found.discrepancy * case["n_obs"], case["chisq"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", list(EXPECTED))
def test_covariance_of_estimates_equals_lavaan(name: str) -> None:
    case = EXPECTED[name]
    found = _one_factor(case)
    covariance = one_factor_covariance(found.loadings, found.uniquenesses, case["n_obs"])
    scale = np.sqrt(np.diag(case["vcov"]))
    assert_allclose(
        covariance / np.outer(scale, scale), case["vcov"] / np.outer(scale, scale), atol=1e-9
    )
    std_errors = np.sqrt(np.diag(covariance))
    assert_allclose(std_errors, case["loadings_se"] + case["uniquenesses_se"], rtol=1e-9)


@pytest.mark.parametrize("name", list(EXPECTED))
def test_omega_and_its_interval_equal_lavaan(name: str) -> None:
    case = EXPECTED[name]
    found = _one_factor(case)
    omega = omega_total_interval(
        found.loadings, found.uniquenesses, case["n_obs"], conf_level=0.95, heywood=found.heywood
    )
    assert_allclose(omega.estimate, case["omega"], rtol=1e-9)
    assert_allclose(omega.std_error, case["omega_se"], rtol=1e-9)
    assert_allclose(omega.conf_low, case["omega_low"], rtol=1e-9)
    assert_allclose(omega.conf_high, case["omega_high"], rtol=1e-9)
    assert omega.estimate == omega_total(found.loadings, found.uniquenesses)


def test_divisor_of_the_covariance_does_not_matter() -> None:
    case = EXPECTED["holzinger_six"]
    found = maximum_likelihood_factors(np.array(case["covariance"]), 1)
    omega = omega_total_interval(found.loadings, found.uniquenesses, case["n_obs"], conf_level=0.95)
    assert_allclose(omega.std_error, case["omega_se"], rtol=1e-9)


def test_several_orthogonal_factors_add_up() -> None:
    loadings = np.array([[0.8, 0.1], [0.7, 0.0], [0.2, 0.6], [0.0, 0.5]])
    uniquenesses = 1.0 - (loadings**2).sum(axis=1)
    implied = loadings @ loadings.T + np.diag(uniquenesses)
    assert_allclose(
        omega_total(loadings, uniquenesses), 1.0 - uniquenesses.sum() / implied.sum(), rtol=1e-12
    )


def test_equals_alpha_for_tau_equivalent_items() -> None:
    loadings, uniquenesses = np.full(5, 0.7), np.array([0.3, 0.4, 0.5, 0.6, 0.7])
    covariance = np.outer(loadings, loadings) + np.diag(uniquenesses)
    alpha = 5 / 4 * (1 - np.trace(covariance) / covariance.sum())
    assert_allclose(omega_total(loadings, uniquenesses), alpha, rtol=1e-12)


def test_interval_covers_as_often_as_it_says() -> None:
    loadings, uniquenesses = np.array([0.8, 0.7, 0.6, 0.7]), np.array([0.36, 0.51, 0.64, 0.51])
    truth = omega_total(loadings, uniquenesses)
    covariance = np.outer(loadings, loadings) + np.diag(uniquenesses)
    generator = np.random.default_rng(11)
    covered = 0
    for _ in range(200):
        sample = generator.multivariate_normal(np.zeros(4), covariance, size=400)
        found = maximum_likelihood_factors(np.cov(sample.T), 1)
        omega = omega_total_interval(found.loadings, found.uniquenesses, 400, conf_level=0.9)
        covered += omega.conf_low <= truth <= omega.conf_high
    # Three binomial standard errors around 90 %.
    assert abs(covered / 200 - 0.9) < 3 * np.sqrt(0.9 * 0.1 / 200)


def test_heywood_case_has_no_standard_error() -> None:
    omega = omega_total_interval(
        np.array([0.8, 0.7, 0.99]),
        np.array([0.36, 0.51, 0.005]),
        100,
        conf_level=0.95,
        heywood=np.array([False, False, True]),
    )
    assert np.isfinite(omega.estimate)
    assert np.isnan([omega.std_error, omega.conf_low, omega.conf_high]).all()


@pytest.mark.parametrize(
    ("loadings", "uniquenesses"),
    [
        ([0.8, 0.7, 0.0], [0.36, 0.51, 1.0]),
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]),
        ([0.8, 0.7, 1.0], [0.36, 0.51, 0.0]),
    ],
    ids=["one loading is zero", "no loading", "no unique variance"],
)
def test_undetermined_standard_error_is_nan(
    loadings: list[float], uniquenesses: list[float]
) -> None:
    omega = omega_total_interval(np.array(loadings), np.array(uniquenesses), 100, conf_level=0.95)
    assert np.isfinite(omega.estimate)
    assert np.isnan(omega.std_error)


def test_nothing_varies() -> None:
    omega = omega_total_interval(np.zeros(3), np.zeros(3), 100, conf_level=0.95)
    assert np.isnan(omega.estimate)
    assert np.isnan(omega.std_error)


def test_standard_error_is_for_one_factor_only() -> None:
    with pytest.raises(EstimationError, match=r"shape \(3, 2\).*one factor only"):
        omega_total_interval(np.ones((3, 2)), np.ones(3), 100, conf_level=0.95)


def test_conf_level_is_checked() -> None:
    with pytest.raises(OptionError, match="`conf_level` is 95"):
        omega_total_interval(np.ones(3), np.ones(3), 100, conf_level=95)
