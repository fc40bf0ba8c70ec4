"""Whether two sides found the same: the largest difference between their numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.task import Values, flat


def differences(ours: Values, theirs: Values, names: Mapping[str, float]) -> dict[str, float]:
    """Largest absolute difference of the numbers of each name.

    Parameters
    ----------
    ours, theirs : dict
        Numbers by name. A factor solution is put into one order of factors first.
    names : mapping
        What is compared; the values (tolerances) are not looked at.

    Returns
    -------
    dict
        Infinite where a side does not have the numbers, or not as many, or one is missing.
    """
    first, second = _ordered(ours), _ordered(theirs)
    return {name: _largest(first.get(name), second.get(name)) for name in names}


def disagreements(found: Mapping[str, float], tolerances: Mapping[str, float]) -> list[str]:
    """One sentence for each name whose difference is not within its tolerance."""
    return [
        f"{name} differ by {found[name]:.1e}; at most {tolerance:.0e} is allowed"
        for name, tolerance in tolerances.items()
        if not found[name] <= tolerance
    ]


def _largest(first: list[float] | None, second: list[float] | None) -> float:
    if not first or not second or len(first) != len(second):
        return math.inf
    difference = np.abs(np.asarray(first, dtype=float) - np.asarray(second, dtype=float))
    return math.inf if np.isnan(difference).any() else float(difference.max())


def _ordered(values: Values) -> Values:
    """A copy with factors in the order of the items that load on them most, and positive."""
    if "loadings" not in values or "factor_correlations" not in values:
        return values
    n_factors = math.isqrt(len(values["factor_correlations"]))
    loadings = np.reshape(values["loadings"], (-1, n_factors))
    correlations = np.reshape(values["factor_correlations"], (n_factors, n_factors))
    order = _order(loadings)
    signs = np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)[order]
    turned = {
        "loadings": loadings[:, order] * signs,
        "factor_correlations": correlations[np.ix_(order, order)] * np.outer(signs, signs),
    }
    return {**values, **flat(turned)}


def _order(loadings: NDArray[np.float64]) -> NDArray[np.intp]:
    """Factors by the average position of the items, weighted by their squared loadings."""
    squares = loadings**2
    return np.argsort(np.arange(len(loadings)) @ squares / squares.sum(axis=0), kind="stable")
