from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, special

from servqual.numerics.bivariate_normal import bivariate_normal_cdf, bivariate_normal_density


def _by_quadrature(h: float, k: float, rho: float) -> float:
    """P(X < h, Y < k) by integrating the conditional probability of Y."""

    def integrand(x: float) -> float:
        conditional = special.ndtr((k - rho * x) / np.sqrt(1.0 - rho**2))
        return float(np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi) * conditional)

    turn = k / rho if rho else 0.0
    edges = sorted({-12.0, min(max(turn, -12.0), h), h})
    return float(
        sum(
            integrate.quad(integrand, low, high, epsabs=1e-13, epsrel=1e-12, limit=400)[0]
            for low, high in pairwise(edges)
        )
    )


@pytest.mark.parametrize("rho", [-0.99, -0.95, -0.8, -0.4, 0.0, 0.29, 0.31, 0.74, 0.92, 0.93, 0.99])
def test_probabilities_equal_a_direct_quadrature(rho: float) -> None:
    h, k = np.array([-2.3, -0.7, 0.0, 0.4, 1.9]), np.array([-1.1, 0.0, 0.4, 2.5])
    found = bivariate_normal_cdf(h[None], k[None], np.array([rho]))[0]
    expected = [[_by_quadrature(a, b, rho) for b in k] for a in h]
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=2e-13)


@pytest.mark.parametrize("rho", [-0.9999, -0.6, 0.0, 0.5, 0.95, 0.9999])
def test_quadrant_probability_has_its_closed_form(rho: float) -> None:
    found = bivariate_normal_cdf(np.zeros((1, 1)), np.zeros((1, 1)), np.array([rho]))[0, 0, 0]
    assert found == pytest.approx(0.25 + np.arcsin(rho) / (2.0 * np.pi), abs=1e-15)


@pytest.mark.parametrize("rho", [0.2, 0.6, 0.9, 0.95, -0.99])
def test_limits_at_infinity_leave_the_margin(rho: float) -> None:
    h = np.array([[np.inf, -np.inf, 0.7]])
    k = np.array([[np.inf, -0.2, -np.inf]])
    found = bivariate_normal_cdf(h, k, np.array([rho]))[0]
    margin_h, margin_k = special.ndtr(0.7), special.ndtr(-0.2)
    np.testing.assert_allclose(found[0], [1.0, margin_k, 0.0], atol=1e-15)
    np.testing.assert_allclose(found[1], 0.0, atol=1e-15)
    np.testing.assert_allclose(found[2, [0, 2]], [margin_h, 0.0], atol=1e-15)


@pytest.mark.parametrize("rho", [0.1, 0.7, 0.9])
def test_density_is_the_slope_of_the_probability(rho: float) -> None:
    h, k, step = np.array([[-1.2, 0.3]]), np.array([[0.8, 0.0]]), 1e-6
    above, below = (bivariate_normal_cdf(h, k, np.array([rho + d])) for d in (step, -step))
    slope = (above - below) / (2.0 * step)
    np.testing.assert_allclose(
        bivariate_normal_density(h, k, np.array([rho])), slope, rtol=0.0, atol=1e-8
    )


def test_each_pair_has_its_own_correlation() -> None:
    rho = np.array([0.1, 0.96, -0.5, 0.8])
    h = np.linspace(-1.0, 1.0, 12).reshape(4, 3)
    together = bivariate_normal_cdf(h, h[:, :2], rho)
    for place, value in enumerate(rho):
        alone = bivariate_normal_cdf(h[[place]], h[[place], :2], np.array([value]))
        np.testing.assert_array_equal(together[[place]], alone)
