"""Estimation of a structural equation model for ordinal answers by diagonally weighted squares.

A model implies thresholds t = δ (τ − μ) and correlations ρ = δ_i δ_j σ_ij of the normal variables
beneath the answers. The distance from those of the sample is weighted by the inverse variances of
the sample's (Muthén, du Toit & Spisic 1997).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, special

from servqual.numerics.fit_indices import ChiSquare
from servqual.numerics.implied_moments import (
    SCALES,
    THRESHOLDS,
    ModelStructure,
    assemble,
    directions,
    implied_moments,
)
from servqual.numerics.ordinal_moments import OrdinalMoments, pair_indices
from servqual.numerics.scaled_difference import DifferenceTest
from servqual.numerics.scoring import Problem, Solution, minimise
from servqual.numerics.starting_values import plain_starting_values, starting_values
from servqual.numerics.structural_fit import Reduction, invert_information
from servqual.typing import FloatArray, IntArray

__all__ = [
    "OrdinalInference",
    "adjusted",
    "fit_ordinal",
    "implied_statistics",
    "independence_test",
    "infer_ordinal",
    "ordinal_difference",
    "weighted_squares",
]


@dataclass(frozen=True, slots=True)
class OrdinalInference:
    """Uncertainty of estimates, and how far the weighted squares are from a χ² statistic.

    Attributes
    ----------
    covariance : FloatArray, shape (q, q)
        Of the estimates; nan where they are not determined.
    undetermined : IntArray
        Parameters about which there is no information.
    trace : float
        tr(UΓ): expected value of the statistic of the true model.
    trace_squared : float
        tr(UΓUΓ): half its variance.
    """

    covariance: FloatArray
    undetermined: IntArray
    trace: float
    trace_squared: float


def implied_statistics(
    structure: ModelStructure, parameters: FloatArray, group: int
) -> tuple[FloatArray, FloatArray]:
    """Thresholds and correlations that a model implies, and their derivatives.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Where.
    group : int
        From 0.

    Returns
    -------
    values : FloatArray, shape (t + p (p − 1) / 2,)
        Thresholds, then correlations below the diagonal column by column.
    jacobian : FloatArray, shape (t + p (p − 1) / 2, q)
        Derivatives with respect to the parameters.
    """
    matrices = assemble(structure, parameters, group)
    implied = implied_moments(matrices)
    free = structure.free[group]
    along = directions(matrices, implied, free)
    item, scales = structure.threshold_items, matrices.scales
    row, column = pair_indices(structure.n_variables)
    distance = matrices.thresholds - implied.mean[item]
    unscaled = implied.covariance[row, column]
    both = scales[row] * scales[column]
    values = np.concatenate([scales[item] * distance, both * unscaled])

    slopes = np.zeros((len(values), len(free.matrix)))
    n_thresholds = len(item)
    slopes[:n_thresholds] = -scales[item, None] * along.mean[item]
    left, right = along.left, along.right
    slopes[n_thresholds:] = both[:, None] * (left[row] * right[column] + right[row] * left[column])
    at = np.flatnonzero(free.matrix == THRESHOLDS)
    slopes[free.row[at], at] = scales[item[free.row[at]]]
    for element in np.flatnonzero(free.matrix == SCALES):
        own = free.row[element]
        slopes[:n_thresholds, element] = np.where(item == own, distance, 0.0)
        other = np.where(row == own, scales[column], np.where(column == own, scales[row], 0.0))
        slopes[n_thresholds:, element] = other * unscaled
    jacobian = np.zeros((len(values), structure.n_parameters))
    np.add.at(jacobian.T, free.parameter, slopes.T)
    return values, jacobian


def fit_ordinal(
    structure: ModelStructure,
    samples: list[OrdinalMoments],
    *,
    reduction: Reduction | None = None,
    start: FloatArray | None = None,
    max_iterations: int = 300,
) -> Solution:
    """Estimate the free parameters of a model by diagonally weighted least squares.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    samples : list of OrdinalMoments
        One per group.
    reduction : Reduction, optional
        Linear equality constraints.
    start : FloatArray, shape (q,), optional
        Starting values; nan where they are to be found.
    max_iterations : int, default 300
        Steps after which the search gives up.

    Returns
    -------
    Solution
        Its value is half the sum of the weighted squares times the respondents less one.

    Raises
    ------
    ValueError
        If no starting values are found.

    References
    ----------
    Muthén, B., du Toit, S. H. C., & Spisic, D. (1997). *Robust inference using weighted least
    squares and quadratic estimating equations in latent variable modeling with categorical and
    continuous outcomes*. Unpublished technical report.
    """
    reduction = reduction or Reduction.none(structure.n_parameters)
    problem = _problem(structure, samples, reduction)
    correlations = [sample.correlations for sample in samples]
    thresholds = [sample.thresholds for sample in samples]
    means = [np.zeros(structure.n_variables)] * len(samples)
    tried: Solution | None = None
    for guess_of in (starting_values, plain_starting_values):
        guess = guess_of(structure, correlations, means, thresholds)
        if start is not None:
            guess = np.where(np.isnan(start), guess, start)
        reduced = reduction.reduce(guess)
        if problem.evaluate(reduced) is None:
            continue
        found = minimise(problem, reduced, max_iterations=max_iterations)
        if tried is None or (found.converged and not tried.converged):
            tried = found
        if tried.converged:
            break
    if tried is None:
        raise ValueError("No starting values at which the model implies correlations.")
    return Solution(
        reduction.expand(tried.parameters),
        tried.value,
        tried.gradient,
        tried.decrement,
        tried.n_iterations,
        tried.converged,
    )


def _problem(
    structure: ModelStructure, samples: list[OrdinalMoments], reduction: Reduction
) -> Problem:
    """The weighted squares as a function of reduced parameters."""
    weights = [(sample.n_obs - 1.0) / np.diag(sample.spread) for sample in samples]
    observed = [sample.values for sample in samples]

    def evaluate(reduced: FloatArray) -> tuple[float, FloatArray] | None:
        parameters = reduction.expand(reduced)
        value, gradient = 0.0, np.zeros(structure.n_parameters)
        for group, weight in enumerate(weights):
            try:
                implied, jacobian = implied_statistics(structure, parameters, group)
            except np.linalg.LinAlgError:
                return None
            distance = observed[group] - implied
            value += 0.5 * float(weight @ distance**2)
            gradient -= (weight * distance) @ jacobian
        return (value, reduction.basis.T @ gradient) if np.isfinite(value) else None

    def curvature(reduced: FloatArray) -> FloatArray:
        jacobians = _jacobians(structure, reduction.expand(reduced), reduction)
        return _information(jacobians, weights)

    return Problem(evaluate, curvature)


def _jacobians(
    structure: ModelStructure, parameters: FloatArray, reduction: Reduction
) -> list[FloatArray]:
    """Derivatives of each group's statistics with respect to the reduced parameters."""
    return [
        implied_statistics(structure, parameters, group)[1] @ reduction.basis
        for group in range(structure.n_groups)
    ]


def _information(jacobians: list[FloatArray], weights: list[FloatArray]) -> FloatArray:
    total: FloatArray = sum(  # type: ignore[assignment]
        jacobian.T @ (jacobian * weight[:, None])
        for jacobian, weight in zip(jacobians, weights, strict=True)
    )
    return total


def weighted_squares(
    structure: ModelStructure, parameters: FloatArray, samples: list[OrdinalMoments]
) -> float:
    """The statistic, Σ (n_g − 1) (s − σ)ᵀ W (s − σ) over the groups.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Estimates.
    samples : list of OrdinalMoments
        One per group.

    Returns
    -------
    float

    Notes
    -----
    Groups are multiplied by n − 1, as in lavaan.
    """
    total = 0.0
    for group, sample in enumerate(samples):
        distance = sample.values - implied_statistics(structure, parameters, group)[0]
        total += (sample.n_obs - 1.0) * float(np.sum(distance**2 / np.diag(sample.spread)))
    return total


def infer_ordinal(
    structure: ModelStructure,
    parameters: FloatArray,
    samples: list[OrdinalMoments],
    reduction: Reduction,
    *,
    robust: bool,
) -> OrdinalInference:
    """Covariance matrix of the estimates, and the traces by which the test is adjusted.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Estimates.
    samples : list of OrdinalMoments
        One per group.
    reduction : Reduction
        Constraints.
    robust : bool
        Whether the covariance matrix is the sandwich, which takes the statistics' own covariances
        into account; if not, it is the inverse of the weighted squares' second derivatives.

    Returns
    -------
    OrdinalInference

    Notes
    -----
    Covariances are those of n − 1 (less one per group), as in lavaan.

    References
    ----------
    Muthén, B. (1984). A general structural equation model with dichotomous, ordered categorical,
    and continuous latent variable indicators. *Psychometrika*, 49, 115-132.
    https://doi.org/10.1007/BF02294210
    """
    weights = [sample.n_obs / np.diag(sample.spread) for sample in samples]
    jacobians = [
        implied_statistics(structure, parameters, group)[1] for group in range(structure.n_groups)
    ]
    inverse, undetermined = invert_information(_information(jacobians, weights), reduction)
    n_obs = sum(sample.n_obs for sample in samples)
    grown = n_obs / (n_obs - len(samples))
    if undetermined.size:
        return OrdinalInference(inverse, undetermined, np.nan, np.nan)
    weighted = [
        jacobian * weight[:, None] for jacobian, weight in zip(jacobians, weights, strict=True)
    ]
    spreads = [sample.spread / sample.n_obs for sample in samples]
    middle: FloatArray = sum(  # type: ignore[assignment]
        part.T @ spread @ part for part, spread in zip(weighted, spreads, strict=True)
    )
    trace, trace_squared = _traces(weights, spreads, weighted, inverse)
    covariance = inverse @ middle @ inverse if robust else inverse
    return OrdinalInference(grown * covariance, undetermined, trace, trace_squared)


def _traces(
    weights: list[FloatArray],
    spreads: list[FloatArray],
    weighted: list[FloatArray],
    inverse: FloatArray,
) -> tuple[float, float]:
    """tr(UΓ) and tr(UΓUΓ) for U = W − WJ (JᵀWJ)⁻¹ JᵀW, groups stacked."""
    # With blocks X_g = W_g Γ_g and thin parts Y_g = W_g J_g, U Γ is X − Y A⁻¹ Yᵀ Γ.
    products = [weight[:, None] * spread for weight, spread in zip(weights, spreads, strict=True)]
    thin = [part.T @ spread for part, spread in zip(weighted, spreads, strict=True)]
    half = [inverse @ part for part in thin]
    trace = sum(float(np.trace(product)) for product in products)
    core = sum(left @ right for left, right in zip(half, weighted, strict=True))
    trace -= float(np.trace(core))
    squared = sum(float(np.einsum("ij,ji->", product, product)) for product in products)
    squared -= 2.0 * sum(
        float(np.einsum("qm,mq->", left @ product, right))
        for left, product, right in zip(half, products, weighted, strict=True)
    )
    squared += float(np.einsum("ij,ji->", core, core))
    return trace, squared


def adjusted(chi2: float, df: int, trace: float, trace_squared: float) -> ChiSquare:
    """Scale and shift a statistic so that its mean and variance are those of χ².

    Parameters
    ----------
    chi2 : float
        Weighted squares.
    df : int
        Degrees of freedom.
    trace, trace_squared : float
        tr(UΓ) and tr(UΓUΓ).

    Returns
    -------
    ChiSquare

    References
    ----------
    Asparouhov, T., & Muthén, B. (2010). *Simple second order chi-square correction*. Mplus
    technical appendix. https://www.statmodel.com/download/WLSMV_new_chi21.pdf

    Examples
    --------
    >>> adjusted(30.0, 10, 20.0, 40.0).scaled
    15.0
    """
    if df <= 0:
        return ChiSquare(chi2, df)
    factor = float(np.sqrt(trace_squared / df))
    return ChiSquare(chi2, df, factor, df - trace / factor)


def independence_test(samples: list[OrdinalMoments], *, robust: bool) -> ChiSquare:
    """Test of uncorrelated items whose thresholds are free.

    Parameters
    ----------
    samples : list of OrdinalMoments
        One per group.
    robust : bool
        Whether the statistic is scaled and shifted.

    Returns
    -------
    ChiSquare
    """
    chi2, df, squared = 0.0, 0, 0.0
    for sample in samples:
        row, column = pair_indices(len(sample.correlations))
        start = len(sample.thresholds)
        own = sample.spread[start:, start:]
        variance = np.diag(own)
        chi2 += (sample.n_obs - 1.0) * float(
            np.sum(sample.correlations[row, column] ** 2 / variance)
        )
        df += len(row)
        squared += float(np.sum(own**2 / np.outer(variance, variance)))
    return adjusted(chi2, df, float(df), squared) if robust else ChiSquare(chi2, df)


def ordinal_difference(
    restricted: tuple[ModelStructure, FloatArray, Reduction, ChiSquare],
    free: tuple[ModelStructure, FloatArray, Reduction, ChiSquare],
    samples: list[OrdinalMoments],
) -> DifferenceTest:
    """Scaled and shifted difference of two nested models' statistics.

    Parameters
    ----------
    restricted, free : tuple of (structure, parameters, reduction, test)
        The two models at their estimates.
    samples : list of OrdinalMoments
        The data of both.

    Returns
    -------
    DifferenceTest

    References
    ----------
    Satorra, A. (2000). Scaled and adjusted restricted tests in multi-sample analysis of moment
    structures. In *Innovations in Multivariate Statistical Analysis*, 233-247. Kluwer.
    https://doi.org/10.1007/978-1-4615-4603-0_17
    """
    df = restricted[3].df - free[3].df
    if df <= 0:
        return DifferenceTest(np.nan, df, np.nan, np.nan)
    weights = [sample.n_obs / np.diag(sample.spread) for sample in samples]
    spreads = [sample.spread / sample.n_obs for sample in samples]
    large, small = (_jacobians(*model[:3]) for model in (free, restricted))
    inverse = np.linalg.inv(_information(large, weights))
    # The directions of the freer model that the restricted one cannot take.
    shared = np.linalg.lstsq(np.vstack(large), np.vstack(small), rcond=None)[0]
    contrast = linalg.null_space(shared.T).T
    image = contrast @ inverse
    core = image.T @ np.linalg.solve(image @ contrast.T, image)
    weighted = [part * weight[:, None] for part, weight in zip(large, weights, strict=True)]
    middle: FloatArray = sum(  # type: ignore[assignment]
        part.T @ spread @ part for part, spread in zip(weighted, spreads, strict=True)
    )
    product = core @ middle
    trace, squared = float(np.trace(product)), float(np.einsum("ij,ji->", product, product))
    found = adjusted(restricted[3].chi2 - free[3].chi2, df, trace, squared)
    p_value = float(special.chdtrc(df, max(found.scaled, 0.0)))
    return DifferenceTest(found.scaled, df, p_value, found.scaling_factor)
