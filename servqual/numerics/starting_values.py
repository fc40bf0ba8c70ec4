"""Starting values of a structural equation model, near enough for a few steps of scoring."""

from __future__ import annotations

import numpy as np

from servqual.numerics.implied_moments import (
    FACTOR_COVARIANCE,
    FACTOR_MEANS,
    INTERCEPTS,
    LOADINGS,
    REGRESSIONS,
    RESIDUAL_COVARIANCE,
    SCALES,
    FreeElements,
    ModelMatrices,
    ModelStructure,
)
from servqual.typing import BoolArray, FloatArray

__all__ = ["plain_starting_values", "starting_values"]

#: Largest correlation of two latent variables to start from.
_LARGEST = 0.9

#: Smallest loading of a standardised indicator to start from.
_SMALLEST = 0.1


def starting_values(
    structure: ModelStructure,
    covariances: list[FloatArray],
    means: list[FloatArray],
    thresholds: list[FloatArray],
) -> FloatArray:
    """Starting values from centroid factors of each latent variable's indicators.

    Loadings come from the correlations among the indicators of one latent variable, covariances of
    latent variables from the correlations between their indicators, and regressions from these by
    least squares.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    covariances : list of FloatArray, shape (p, p)
        Sample covariances (correlations of ordinal items) of each group.
    means, thresholds : list of FloatArray
        Sample means and thresholds of each group.

    Returns
    -------
    FloatArray, shape (q,)

    References
    ----------
    Thurstone, L. L. (1931). Multiple factor analysis. *Psychological Review*, 38, 406-427.
    https://doi.org/10.1037/h0069792
    """
    sums, counts = np.zeros(structure.n_parameters), np.zeros(structure.n_parameters)
    for group in range(structure.n_groups):
        guess = _guess(structure, group, covariances[group], means[group], thresholds[group])
        _read(structure.free[group], guess, sums, counts)
    return sums / np.maximum(counts, 1.0)


def plain_starting_values(
    structure: ModelStructure,
    covariances: list[FloatArray],
    means: list[FloatArray],
    thresholds: list[FloatArray],
) -> FloatArray:
    """Cautious starting values: nearly uncorrelated variables, so that Σ is definite.

    Parameters
    ----------
    structure, covariances, means, thresholds
        As in `starting_values`.

    Returns
    -------
    FloatArray, shape (q,)
    """
    sums, counts = np.zeros(structure.n_parameters), np.zeros(structure.n_parameters)
    for group in range(structure.n_groups):
        spread = np.diag(covariances[group])
        fixed = structure.fixed[group]
        guess = ModelMatrices(
            np.full_like(fixed.loadings, 0.1),
            np.zeros_like(fixed.regressions),
            0.05 * float(spread.mean()) * np.eye(len(fixed.factor_means)),
            np.diag(0.9 * spread),
            means[group],
            np.zeros_like(fixed.factor_means),
            np.ones_like(spread),
            thresholds[group],
        )
        _read(structure.free[group], guess, sums, counts)
    return sums / np.maximum(counts, 1.0)


def _read(free: FreeElements, guess: ModelMatrices, sums: FloatArray, counts: FloatArray) -> None:
    """Add the values at the places of the free elements."""
    for number, part in enumerate(guess.parts()):
        at = np.flatnonzero(free.matrix == number)
        if at.size:
            row, column = free.row[at], free.column[at]
            values = part[row] if part.ndim == 1 else part[row, column]
            np.add.at(sums, free.parameter[at], values)
            np.add.at(counts, free.parameter[at], 1.0)


def _is_free(free: FreeElements, number: int, shape: tuple[int, ...]) -> BoolArray:
    mask = np.zeros(shape, dtype=bool)
    at = free.matrix == number
    if len(shape) == 1:
        mask[free.row[at]] = True
    else:
        mask[free.row[at], free.column[at]] = True
    if number in (FACTOR_COVARIANCE, RESIDUAL_COVARIANCE):
        mask |= mask.T
    return mask


def _guess(
    structure: ModelStructure,
    group: int,
    covariance: FloatArray,
    mean: FloatArray,
    thresholds: FloatArray,
) -> ModelMatrices:
    """Matrices of one group, free elements guessed and fixed ones as they are."""
    fixed, free = structure.fixed[group], structure.free[group]
    p, m = fixed.loadings.shape
    free_loadings = _is_free(free, LOADINGS, (p, m))
    free_effects = _is_free(free, REGRESSIONS, (m, m))
    free_factors = _is_free(free, FACTOR_COVARIANCE, (m, m))
    loadings, variances = _loadings(fixed, free_loadings, free_factors, covariance)
    latent = _latent_covariance(loadings, variances, covariance)
    effects, latent = _higher_order(fixed, free_effects, free_factors, loadings, latent)
    effects, disturbances = _effects(fixed, free_effects, effects, latent)
    return ModelMatrices(
        loadings,
        effects,
        np.where(free_factors, disturbances, fixed.factor_covariance),
        np.diag(0.5 * np.diag(covariance)),
        np.where(_is_free(free, INTERCEPTS, (p,)), mean, fixed.intercepts),
        np.where(_is_free(free, FACTOR_MEANS, (m,)), 0.0, fixed.factor_means),
        np.where(_is_free(free, SCALES, (p,)), 1.0, fixed.scales),
        thresholds,
    )


def _centroid(correlation: FloatArray) -> FloatArray:
    """Loadings of one factor by the centroid method, each indicator's sign by the first axis."""
    size = len(correlation)
    if size == 1:
        return np.array([0.9])
    axis = np.linalg.eigh(correlation)[1][:, -1]
    sign = np.where(axis * (1.0 if axis.sum() >= 0 else -1.0) < 0, -1.0, 1.0)
    between = correlation * np.outer(sign, sign)
    sums = between.sum(axis=0) - np.diag(between)
    total = max(float(sums.sum()), 1e-3)
    strength = np.clip(sums / np.sqrt(total) * np.sqrt(size / (size - 1.0)), _SMALLEST, 0.95)
    signed: FloatArray = sign * strength
    return signed


def _scaled(
    raw: FloatArray, fixed: FloatArray, is_free: BoolArray, variance: float, variance_is_free: bool
) -> tuple[FloatArray, float]:
    """Bring loadings to the unit that a fixed loading or a fixed variance demands."""
    marked = np.flatnonzero(~is_free & (fixed != 0.0))
    if variance_is_free and marked.size:
        unit = float(np.mean(raw[marked] / fixed[marked]))
        unit = unit if abs(unit) > 1e-3 else 1e-3
        return np.where(is_free, raw / unit, fixed), unit**2
    if variance_is_free or variance <= 0.0:
        return np.where(is_free, raw, fixed), 1.0
    return np.where(is_free, raw / np.sqrt(variance), fixed), variance


def _loadings(
    fixed: ModelMatrices, is_free: BoolArray, free_factors: BoolArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Loadings and variances of the latent variables that have observed indicators."""
    loadings = fixed.loadings.copy()
    variances = np.full(loadings.shape[1], np.nan)
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    for k in range(loadings.shape[1]):
        rows = np.flatnonzero(is_free[:, k] | (loadings[:, k] != 0.0))
        if not rows.size:
            continue
        raw = _centroid(correlation[np.ix_(rows, rows)]) * spread[rows]
        if (
            rows.size == 1
            and not is_free[rows[0], k]
            and fixed.residual_covariance[rows[0], rows[0]] == 0.0
        ):
            raw = spread[rows]
        loadings[rows, k], variances[k] = _scaled(
            raw,
            fixed.loadings[rows, k],
            is_free[rows, k],
            float(fixed.factor_covariance[k, k]),
            bool(free_factors[k, k]),
        )
    return loadings, variances


def _latent_covariance(
    loadings: FloatArray, variances: FloatArray, covariance: FloatArray
) -> FloatArray:
    """Covariances of latent variables from those of sums of their own indicators."""
    m = len(variances)
    own = (loadings != 0.0) & ((loadings != 0.0).sum(axis=1, keepdims=True) == 1)
    sign = np.sign(loadings) * own
    between = sign.T @ covariance @ sign
    strength = np.abs(loadings * own).sum(axis=0)
    latent = np.diag(np.where(np.isnan(variances), 1.0, variances))
    for k in range(m):
        for j in range(k):
            if strength[j] > 0 and strength[k] > 0:
                limit = _LARGEST * np.sqrt(latent[j, j] * latent[k, k])
                value = between[j, k] / (strength[j] * strength[k])
                latent[j, k] = latent[k, j] = np.clip(value, -limit, limit)
    return latent


def _higher_order(
    fixed: ModelMatrices,
    free_effects: BoolArray,
    free_factors: BoolArray,
    loadings: FloatArray,
    latent: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Effects of latent variables that are measured by other latent variables only."""
    effects, latent = fixed.regressions.copy(), latent.copy()
    without = ~(loadings != 0.0).any(axis=0)
    for k in np.flatnonzero(without):
        rows = np.flatnonzero((free_effects[:, k] | (effects[:, k] != 0.0)) & ~without)
        if not rows.size:
            continue
        spread = np.sqrt(np.diag(latent)[rows])
        raw = _centroid(latent[np.ix_(rows, rows)] / np.outer(spread, spread)) * spread
        effects[rows, k], latent[k, k] = _scaled(
            raw,
            fixed.regressions[rows, k],
            free_effects[rows, k],
            float(fixed.factor_covariance[k, k]),
            bool(free_factors[k, k]),
        )
        shared = effects[rows, k] * latent[k, k]
        latent[rows, k] = latent[k, rows] = shared
        others = np.setdiff1d(np.arange(len(latent)), [*rows, k])
        for j in others:
            if not without[j]:
                mean = float(
                    np.mean(
                        latent[j, rows] / np.where(effects[rows, k] == 0.0, 1.0, effects[rows, k])
                    )
                )
                limit = _LARGEST * np.sqrt(latent[j, j] * latent[k, k])
                latent[j, k] = latent[k, j] = np.clip(mean, -limit, limit)
    return effects, latent


def _effects(
    fixed: ModelMatrices, is_free: BoolArray, effects: FloatArray, latent: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Regressions by least squares on the covariances of the latent variables."""
    effects, disturbances = effects.copy(), latent.copy()
    for row in np.flatnonzero((is_free | (fixed.regressions != 0.0)).any(axis=1)):
        columns = np.flatnonzero(is_free[row] | (fixed.regressions[row] != 0.0))
        among = latent[np.ix_(columns, columns)] + 0.05 * np.diag(np.diag(latent)[columns])
        solved = np.linalg.lstsq(among, latent[columns, row], rcond=None)[0]
        effects[row, columns] = np.where(
            is_free[row, columns], solved, fixed.regressions[row, columns]
        )
        explained = float(effects[row, columns] @ latent[columns, row])
        disturbances[row, :] = disturbances[:, row] = 0.0
        disturbances[row, row] = max(latent[row, row] - explained, 0.2 * latent[row, row])
    return effects, disturbances
