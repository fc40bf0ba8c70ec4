"""The bivariate normal distribution, accurate and for many pairs of variables at once."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import special

from servqual.typing import FloatArray

__all__ = ["bivariate_normal_cdf", "bivariate_normal_density"]

#: Beyond this the one-sided normal probability is 0 or 1 in double precision.
FAR = 38.5

#: Number of Gauss–Legendre nodes by largest correlation (Genz 2004, with one step more of each);
#: above the last, Owen's T is used.
_NODES = ((0.3, 8), (0.75, 14), (0.925, 24))


def bivariate_normal_cdf(
    first: FloatArray, second: FloatArray, correlation: FloatArray
) -> FloatArray:
    """Probability that both of two standard normal variables stay below their limits.

    Parameters
    ----------
    first : FloatArray, shape (m, a)
        Limits of the first variable, for each of m correlations; infinities are allowed.
    second : FloatArray, shape (m, b)
        Limits of the second variable.
    correlation : FloatArray, shape (m,)
        Correlations, strictly between −1 and 1.

    Returns
    -------
    FloatArray, shape (m, a, b)
        With an absolute error of about 1e-15.

    Notes
    -----
    Up to a correlation of .925 Plackett's integral over the angle whose sine is the correlation is
    taken by Gauss–Legendre quadrature [1]_; beyond, where it becomes steep, Owen's T function [2]_.

    References
    ----------
    .. [1] Genz, A. (2004). Numerical computation of rectangular bivariate and trivariate normal and
       t probabilities. Statistics and Computing, 14, 251-260.
       https://doi.org/10.1023/B:STCO.0000035304.20635.31
    .. [2] Owen, D. B. (1956). Tables for computing bivariate normal probabilities. Annals of
       Mathematical Statistics, 27, 1075-1090. https://doi.org/10.1214/aoms/1177728074

    Examples
    --------
    >>> import numpy as np
    >>> quadrant = bivariate_normal_cdf(np.zeros((1, 1)), np.zeros((1, 1)), np.array([0.5]))
    >>> round(float(quadrant[0, 0, 0]), 12)
    0.333333333333
    """
    rho = np.asarray(correlation, dtype=np.float64)
    h = np.clip(first, -FAR, FAR)
    k = np.clip(second, -FAR, FAR)
    result = np.empty((rho.size, h.shape[1], k.shape[1]))
    size = np.abs(rho)
    below = 0.0
    for limit, n_nodes in _NODES:
        chosen = (size >= below) & (size < limit)
        if chosen.any():
            result[chosen] = _plackett(h[chosen], k[chosen], rho[chosen], n_nodes)
        below = limit
    steep = size >= below
    if steep.any():
        result[steep] = _owen(h[steep], k[steep], rho[steep])
    return result


def bivariate_normal_density(
    first: FloatArray, second: FloatArray, correlation: FloatArray
) -> FloatArray:
    """Density of two standard normal variables, which is also the derivative of their probability.

    Parameters
    ----------
    first, second, correlation
        As in `bivariate_normal_cdf`.

    Returns
    -------
    FloatArray, shape (m, a, b)
        Density at each pair of limits = derivative of the probability by the correlation (Plackett
        1954).

    References
    ----------
    Plackett, R. L. (1954). A reduction formula for normal multivariate integrals. Biometrika, 41,
    351-360. https://doi.org/10.1093/biomet/41.3-4.351

    Examples
    --------
    >>> import numpy as np
    >>> density = bivariate_normal_density(np.zeros((1, 1)), np.zeros((1, 1)), np.array([0.0]))
    >>> round(float(density[0, 0, 0]), 6)
    0.159155
    """
    h = np.clip(first, -FAR, FAR)[:, :, None]
    k = np.clip(second, -FAR, FAR)[:, None, :]
    rho = np.asarray(correlation, dtype=np.float64)[:, None, None]
    rest = 1.0 - rho**2
    exponent = (rho * h * k - 0.5 * (h**2 + k**2)) / rest
    density: FloatArray = np.exp(exponent) / (2.0 * np.pi * np.sqrt(rest))
    return density


@cache
def _gauss_legendre(n_nodes: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on the interval from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    return (nodes + 1.0) / 2.0, weights / 2.0


def _plackett(h: FloatArray, k: FloatArray, rho: FloatArray, n_nodes: int) -> FloatArray:
    """Independence plus the integral over the angle: Genz (2004), equation 3."""
    nodes, weights = _gauss_legendre(n_nodes)
    angle = np.arcsin(rho)
    sine = np.sin(angle[:, None] * nodes)
    inverse = 1.0 / (1.0 - sine**2)
    # The exponent, −(h² + k² − 2 h k sin) / (2 cos²), is linear in (h²+k²)/2 and h k, so a product
    # of matrices makes it for all corners and nodes of a pair.
    corners = np.stack(
        [
            -0.5 * (h[:, :, None] ** 2 + k[:, None, :] ** 2),
            h[:, :, None] * k[:, None, :],
        ],
        axis=-1,
    ).reshape(rho.size, -1, 2)
    exponent = corners @ np.stack([inverse, sine * inverse], axis=1)
    np.exp(exponent, out=exponent)
    integral = (exponent @ weights).reshape(rho.size, h.shape[1], k.shape[1])
    integral *= (angle / (2.0 * np.pi))[:, None, None]
    product: FloatArray = special.ndtr(h)[:, :, None] * special.ndtr(k)[:, None, :]
    return product + integral


def _owen(h: FloatArray, k: FloatArray, rho: FloatArray) -> FloatArray:
    """By Owen's T: Owen (1956), equation 2.1."""
    first, second = np.broadcast_arrays(h[:, :, None], k[:, None, :])
    r = rho[:, None, None]
    rest = np.sqrt((1.0 - r) * (1.0 + r))
    with np.errstate(divide="ignore", invalid="ignore"):
        slope_first = np.where(
            first == 0.0, np.copysign(np.inf, second), (second - r * first) / (first * rest)
        )
        slope_second = np.where(
            second == 0.0, np.copysign(np.inf, first), (first - r * second) / (second * rest)
        )
    opposite = (first * second < 0.0) | ((first * second == 0.0) & (first + second < 0.0))
    probability: FloatArray = (
        0.5 * (special.ndtr(first) + special.ndtr(second))
        - special.owens_t(first, slope_first)
        - special.owens_t(second, slope_second)
        - 0.5 * opposite
    )
    origin = (first == 0.0) & (second == 0.0)
    at_origin = np.broadcast_to(0.25 + np.arcsin(r) / (2.0 * np.pi), first.shape)
    return np.where(origin, at_origin, probability)
