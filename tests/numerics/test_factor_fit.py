"""Fit of factors and of its intervals, against psych and the published formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from servqual.errors import OptionError
from servqual.numerics.extraction import extract
from servqual.numerics.factor_fit import FactorFit, factor_fit, rmsea_interval
from servqual.typing import ExtractionMethod, FloatArray
from tests.numerics.test_factor_extraction import CASES, EXPECTED, METHODS, _correlation

#: psych finds its limits with a root search that stops within 1.2e-4 of the non-centrality.
PSYCH_LIMITS = 1e-5


def _fit(name: str, method: ExtractionMethod) -> FactorFit:
    case = EXPECTED[name]
    found = extract(_correlation(name), case["n_factors"], method)
    uniquenesses = 1.0 - np.sum(found.loadings**2, axis=1)
    return factor_fit(_correlation(name), found.loadings, uniquenesses, None, case["n_obs"])


def _one_factor(strength: float = 0.7, n_items: int = 6) -> tuple[FloatArray, FloatArray]:
    loadings = np.full((n_items, 1), strength)
    correlation = loadings @ loadings.T
    np.fill_diagonal(correlation, 1.0)
    return correlation, loadings


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", CASES)
def test_equals_psych(name: str, method: ExtractionMethod) -> None:
    reference: dict[str, Any] = EXPECTED[name][method]["fit"]
    found = _fit(name, method)
    assert found.df == reference["df"]
    assert found.df_null == reference["df_null"]
    fields = ["discrepancy", "chi2", "chi2_null", "rmsea", "rmsea_low", "rmsea_high", "tli"]
    for field in [*fields, "rmsr", "rmsr_corrected", "bic"]:
        assert_allclose(getattr(found, field), reference[field], rtol=1e-7, err_msg=field)
    # A p-value of 1e-100 has an error as many times larger than that of its statistic.
    assert_allclose(found.p_value, reference["p_value"], rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", CASES)
def test_root_mean_square_error_of_psych(name: str, method: ExtractionMethod) -> None:
    reference, n_obs = EXPECTED[name][method]["fit"], EXPECTED[name]["n_obs"]
    found = _fit(name, method)
    # psych divides chi2 / df by n and the one that is taken off by n - 1.
    mixed = np.sqrt(max(found.chi2 / (found.df * n_obs) - 1.0 / (n_obs - 1.0), 0.0))
    assert_allclose(mixed, reference["psych_rmsea"], rtol=1e-7)
    limits = [reference["psych_rmsea_low"], reference["psych_rmsea_high"]]
    assert_allclose([found.rmsea_low, found.rmsea_high], limits, rtol=0, atol=PSYCH_LIMITS)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", CASES)
def test_psych_as_it_comes(name: str, method: ExtractionMethod) -> None:
    reference, found = EXPECTED[name][method], _fit(name, method)
    assert_allclose(found.chi2, reference["psych_chi2"], rtol=1e-5)
    # Printed to four decimals; psych's early stop shows in the seventh.
    assert_allclose(found.rmsr, reference["psych_rmsr"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_statistic_of_factanal(name: str) -> None:
    reference, found = EXPECTED[name]["factanal"], _fit(name, "ml")
    assert found.df == reference["df"]
    # factanal's discrepancy has the loadings' own uniquenesses, equal up to its optimiser's rest.
    assert_allclose(found.chi2, reference["chi2"], rtol=1e-6)
    assert_allclose(found.p_value, reference["p_value"], rtol=1e-4)


def test_rotation_does_not_change_the_fit() -> None:
    correlation = _correlation("holzinger")
    loadings = extract(correlation, 3, "ml").loadings
    uniquenesses = 1.0 - np.sum(loadings**2, axis=1)
    plain = factor_fit(correlation, loadings, uniquenesses, None, 301)
    generator = np.random.default_rng(4)
    basis = generator.standard_normal((3, 3))
    basis /= np.linalg.norm(basis, axis=0)
    pattern: FloatArray = np.linalg.solve(basis, loadings.T).T.astype(np.float64)
    phi: FloatArray = (basis.T @ basis).astype(np.float64)
    turned = factor_fit(correlation, pattern, uniquenesses, phi, 301)
    assert_allclose(turned.residuals, plain.residuals, rtol=0, atol=1e-12)
    assert_allclose(turned.chi2, plain.chi2, rtol=1e-9)


def test_residuals_leave_the_correlations() -> None:
    correlation = _correlation("holzinger")
    loadings = extract(correlation, 3, "minres").loadings
    uniquenesses = 1.0 - np.sum(loadings**2, axis=1)
    found = factor_fit(correlation, loadings, uniquenesses, None, 301)
    assert_allclose(found.residuals + loadings @ loadings.T, correlation, rtol=0, atol=1e-14)


def test_perfect_fit() -> None:
    correlation, loadings = _one_factor()
    found = factor_fit(correlation, loadings, np.full(6, 0.51), None, 200)
    assert_allclose([found.chi2, found.rmsea, found.rmsea_low, found.rmsea_high], 0.0, atol=1e-10)
    assert_allclose(found.p_value, 1.0, rtol=1e-9)
    assert_allclose(found.rmsr, 0.0, atol=1e-14)
    assert found.tli > 1.0


def test_no_degrees_of_freedom() -> None:
    correlation, loadings = _one_factor(n_items=3)
    found = factor_fit(correlation, loadings, np.full(3, 0.51), None, 200)
    assert found.df == 0
    tested = [found.p_value, found.rmsea, found.rmsea_low, found.rmsea_high, found.tli, found.bic]
    assert np.isnan([*tested, found.rmsr_corrected]).all()
    assert_allclose(found.chi2, 0.0, atol=1e-10)


def test_singular_correlations_leave_the_residuals() -> None:
    correlation = np.ones((4, 4))
    found = factor_fit(correlation, np.full((4, 1), 0.9), np.full(4, 0.19), None, 100)
    assert np.isnan([found.discrepancy, found.chi2, found.chi2_null, found.rmsea, found.bic]).all()
    assert_allclose(found.rmsr, 0.19, rtol=1e-12)


def test_model_that_implies_communalities_above_one() -> None:
    correlation, _ = _one_factor()
    found = factor_fit(correlation, np.full((6, 1), 1.2), np.full(6, -0.44), None, 100)
    assert np.isnan([found.discrepancy, found.chi2, found.p_value]).all()
    assert np.isfinite([found.chi2_null, found.rmsr]).all()


def test_unknown_distribution_leaves_the_residuals() -> None:
    correlation, loadings = _one_factor()
    found = factor_fit(correlation, 0.9 * loadings, np.full(6, 0.6), None, float("nan"))
    assert np.isnan([found.chi2, found.p_value, found.chi2_null, found.rmsea, found.tli]).all()
    assert np.isfinite([found.discrepancy, found.rmsr, found.rmsr_corrected]).all()


def test_too_few_respondents_for_the_correction() -> None:
    correlation, loadings = _one_factor()
    found = factor_fit(correlation, 0.9 * loadings, np.full(6, 0.6), None, 4)
    assert np.isnan([found.chi2, found.p_value, found.rmsea]).all()


@pytest.mark.parametrize("conf_level", [0.0, 1.0, 90])
def test_confidence_level(conf_level: float) -> None:
    correlation, loadings = _one_factor()
    with pytest.raises(OptionError, match="`conf_level` is"):
        factor_fit(correlation, loadings, np.full(6, 0.51), None, 100, conf_level=conf_level)


@settings(max_examples=40, deadline=None)
@given(
    chi2=st.floats(0.0, 3000.0),
    df=st.integers(1, 300),
    n_obs=st.integers(20, 5000),
    conf_level=st.floats(0.5, 0.99),
)
def test_limits_are_quantiles_of_the_noncentral_distribution(
    chi2: float, df: int, n_obs: int, conf_level: float
) -> None:
    low, high = rmsea_interval(chi2, df, n_obs, conf_level)
    assert 0.0 <= low <= high
    tail = (1.0 - conf_level) / 2.0
    for limit, share in [(low, 1.0 - tail), (high, tail)]:
        if limit > 0.0:
            below = stats.ncx2.cdf(chi2, df, limit**2 * df * (n_obs - 1))
            assert_allclose(below, share, rtol=0, atol=1e-7)
        else:
            assert stats.chi2.cdf(chi2, df) <= share + 1e-12


def test_limits_without_degrees_of_freedom() -> None:
    assert np.isnan(rmsea_interval(3.0, 0, 100, 0.9)).all()
    assert np.isnan(rmsea_interval(float("nan"), 3, 100, 0.9)).all()
