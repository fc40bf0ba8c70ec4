from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.errors import NotIdentifiedError, NotPositiveDefiniteError, OptionError
from servqual.numerics import factor_discrepancies
from servqual.numerics.extraction import degrees_of_freedom, maximum_likelihood_factors
from servqual.typing import FloatArray
from tests.reference import load_expected

EXPECTED: dict[str, Any] = load_expected("numerics_models")["extraction"]


def _with_positive_sums(loadings: FloatArray) -> FloatArray:
    return loadings * np.where(loadings.sum(axis=0) < 0.0, -1.0, 1.0)


@pytest.mark.parametrize("name", list(EXPECTED))
def test_equals_factanal(name: str) -> None:
    case = EXPECTED[name]
    found = maximum_likelihood_factors(
        np.array(case["correlation"]), case["n_factors"], lower_bound=case["lower"]
    )
    # factanal's optimiser stops when the discrepancy stops changing, at about 1e-8 of a uniqueness.
    assert_allclose(found.uniquenesses, case["factanal_uniquenesses"], rtol=0, atol=1e-7)
    assert_allclose(found.discrepancy, case["factanal_discrepancy"], rtol=1e-10)
    assert degrees_of_freedom(len(found.uniquenesses), case["n_factors"]) == case["factanal_dof"]
    # factanal sorts columns in some versions, so what they have in common is compared.
    loadings = np.array(case["factanal_loadings"]).reshape(found.loadings.shape)
    assert_allclose(found.loadings @ found.loadings.T, loadings @ loadings.T, rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", list(EXPECTED))
def test_equals_polished_reference(name: str) -> None:
    case = EXPECTED[name]
    found = maximum_likelihood_factors(
        np.array(case["correlation"]), case["n_factors"], lower_bound=case["lower"]
    )
    loadings = np.array(case["polished_loadings"]).reshape(found.loadings.shape)
    assert found.converged
    assert_allclose(found.uniquenesses, case["polished_uniquenesses"], rtol=1e-10)
    assert_allclose(found.loadings, _with_positive_sums(loadings), rtol=0, atol=1e-11)
    assert_allclose(found.discrepancy, case["polished_discrepancy"], rtol=1e-10)


def test_heywood_case_is_flagged_and_held_at_the_bound() -> None:
    for name, bound in [("attitude_heywood", 0.005), ("attitude_heywood_bound", 0.05)]:
        found = maximum_likelihood_factors(
            np.array(EXPECTED[name]["correlation"]), 3, lower_bound=bound
        )
        assert found.heywood.tolist() == [False, False, False, True, False, False, False]
        assert_allclose(found.uniquenesses[3], bound, rtol=1e-12)
        assert found.converged


def test_proper_solution_has_no_heywood_flag() -> None:
    correlation = np.array(EXPECTED["holzinger_three"]["correlation"])
    assert not maximum_likelihood_factors(correlation, 3).heywood.any()


def test_covariance_gives_the_loadings_times_standard_deviations() -> None:
    correlation = np.array(EXPECTED["holzinger_three"]["correlation"])
    scale = np.linspace(0.01, 90.0, 9)
    of_correlation = maximum_likelihood_factors(correlation, 3)
    of_covariance = maximum_likelihood_factors(correlation * np.outer(scale, scale), 3)
    # Columns may turn, for the sum that fixes their sign is weighted by the scale.
    assert_allclose(
        np.abs(of_covariance.loadings), np.abs(of_correlation.loadings) * scale[:, None], rtol=1e-9
    )
    assert_allclose(of_covariance.uniquenesses, of_correlation.uniquenesses * scale**2, rtol=1e-9)
    assert_allclose(of_covariance.discrepancy, of_correlation.discrepancy, rtol=1e-9)


def test_variances_are_reproduced_and_columns_sum_to_zero_or_more() -> None:
    correlation = np.array(EXPECTED["mtcars_three"]["correlation"])
    found = maximum_likelihood_factors(correlation, 3)
    implied = found.loadings @ found.loadings.T + np.diag(found.uniquenesses)
    assert_allclose(np.diag(implied), 1.0, rtol=1e-9)
    assert (found.loadings.sum(axis=0) >= 0.0).all()


def test_discrepancy_is_that_of_the_implied_matrix() -> None:
    correlation = np.array(EXPECTED["attitude_heywood"]["correlation"])
    found = maximum_likelihood_factors(correlation, 3)
    implied = found.loadings @ found.loadings.T + np.diag(found.uniquenesses)
    by_definition = (
        np.linalg.slogdet(implied)[1]
        + np.trace(np.linalg.solve(implied, correlation))
        - np.linalg.slogdet(correlation)[1]
        - len(correlation)
    )
    assert_allclose(found.discrepancy, by_definition, rtol=1e-9)


def test_exact_factor_structure_is_recovered() -> None:
    generator = np.random.default_rng(5)
    loadings = generator.uniform(0.3, 0.8, size=(12, 1))
    uniquenesses = generator.uniform(0.2, 0.9, size=12)
    found = maximum_likelihood_factors(loadings @ loadings.T + np.diag(uniquenesses), 1)
    assert_allclose(found.loadings, loadings, rtol=1e-8)
    assert_allclose(found.uniquenesses, uniquenesses, rtol=1e-8)
    assert_allclose(found.discrepancy, 0.0, atol=1e-12)


def test_three_items_are_just_identified() -> None:
    correlation = np.array([[1.0, 0.42, 0.35], [0.42, 1.0, 0.3], [0.35, 0.3, 1.0]])
    found = maximum_likelihood_factors(correlation, 1)
    assert_allclose(found.loadings[:, 0], [0.7, 0.6, 0.5], rtol=1e-10)


@pytest.mark.parametrize("method", ["ml", "minres"])
def test_gradient_and_hessian_are_the_derivatives(method: str) -> None:
    correlation = np.array(EXPECTED["holzinger_three"]["correlation"])
    uniquenesses = np.random.default_rng(1).uniform(0.3, 0.9, 9)
    name = {"ml": "likelihood", "minres": "residual"}[method]
    evaluate = getattr(factor_discrepancies, f"{name}_profile")
    hessian = getattr(factor_discrepancies, f"{name}_hessian")
    point = np.log(uniquenesses) if method == "ml" else uniquenesses
    profile = evaluate(correlation, point, 3)
    step = 1e-5
    above = [evaluate(correlation, point + step * unit, 3) for unit in np.eye(9)]
    below = [evaluate(correlation, point - step * unit, 3) for unit in np.eye(9)]
    pairs = list(zip(above, below, strict=True))
    # Central differences of step h err by h^2 and by 1e-16 / h.
    slopes = [(high.value - low.value) / (2 * step) for high, low in pairs]
    assert_allclose(profile.gradient, slopes, rtol=0, atol=1e-8)
    curvature = [(high.gradient - low.gradient) / (2 * step) for high, low in pairs]
    assert_allclose(hessian(profile), curvature, rtol=0, atol=1e-8)


def test_too_few_iterations_are_recorded() -> None:
    correlation = np.array(EXPECTED["mtcars_three"]["correlation"])
    assert not maximum_likelihood_factors(correlation, 3, max_iterations=1).converged


def test_input_is_not_written_to() -> None:
    correlation = np.array(EXPECTED["bfi_agreeableness"]["correlation"])
    correlation.setflags(write=False)
    assert maximum_likelihood_factors(correlation, 1).converged


@pytest.mark.parametrize(("n_variables", "n_factors", "most"), [(6, 4, 3), (5, 3, 2), (5, 0, 2)])
def test_too_many_factors(n_variables: int, n_factors: int, most: int) -> None:
    with pytest.raises(
        NotIdentifiedError, match=rf"{n_factors} factors .* {n_variables} variables.*1 to {most}\."
    ):
        maximum_likelihood_factors(np.eye(n_variables), n_factors)


def test_two_variables_cannot_identify_a_factor() -> None:
    with pytest.raises(NotIdentifiedError, match="2 variables cannot identify a common factor"):
        maximum_likelihood_factors(np.eye(2), 1)


def test_singular_matrix() -> None:
    with pytest.raises(NotPositiveDefiniteError, match="smallest eigenvalue"):
        maximum_likelihood_factors(np.ones((4, 4)), 1)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_item_that_does_not_vary(bad: float) -> None:
    with pytest.raises(NotPositiveDefiniteError, match="Leave constant items out"):
        maximum_likelihood_factors(np.diag([1.0, bad, 1.0, 1.0]), 1)


def test_matrix_that_is_not_square() -> None:
    with pytest.raises(NotPositiveDefiniteError, match=r"shape \(3, 4\)"):
        maximum_likelihood_factors(np.ones((3, 4)), 1)


@pytest.mark.parametrize("lower_bound", [0.0, 1.0, -0.1])
def test_lower_bound_must_be_a_share(lower_bound: float) -> None:
    with pytest.raises(OptionError, match="`lower_bound` is"):
        maximum_likelihood_factors(np.eye(4), 1, lower_bound=lower_bound)
