"""Average marginal effects of ordered and binary regressions, with delta-method errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.numerics.cumulative_likelihood import (
    Link,
    link_density,
    link_density_slope,
    link_distribution,
)
from servqual.typing import FloatArray

__all__ = ["AverageEffects", "average_effects"]


@dataclass(frozen=True, slots=True, eq=False)
class AverageEffects:
    """Effects on n_targets averages of predicted values.

    Attributes
    ----------
    level : FloatArray, shape (n_targets,)
        The averages themselves.
    estimate : FloatArray, shape (n_targets, n_predictors)
        Their derivatives by each predictor, averaged over rows.
    std_error : FloatArray, shape (n_targets, n_predictors)
        Delta-method standard errors, the predictors taken as fixed.
    """

    level: FloatArray
    estimate: FloatArray
    std_error: FloatArray


def average_effects(
    coefficients: FloatArray,
    thresholds: FloatArray,
    covariance: FloatArray,
    predictors: FloatArray,
    values: FloatArray,
    *,
    link: Link,
    weights: FloatArray | None = None,
) -> AverageEffects:
    """Average derivative of Σ_k v_k P(Y = k) by each predictor, for several sets of values v.

    Values that are 1 for one answer and 0 for others give the effect on its probability; 1 for two
    answers, on the probability of either; the answers themselves, on the expected answer.

    Parameters
    ----------
    coefficients : FloatArray, shape (n_predictors,)
        Slopes β of P(Y ≤ k) = F(τ_k − x'β).
    thresholds : FloatArray, shape (n_levels - 1,)
        Cuts τ.
    covariance : FloatArray, shape (n_parameters, n_parameters)
        Of coefficients, then thresholds.
    predictors : FloatArray, shape (n_rows, n_predictors)
        Over whose rows effects are averaged.
    values : FloatArray, shape (n_targets, n_levels)
        Values of the answers.
    link : {"logit", "probit"}
        Distribution F.
    weights : FloatArray, shape (n_rows,), optional
        Weights of the rows.

    Returns
    -------
    AverageEffects

    Notes
    -----
    With f the density of F and f̄_k its average over rows at cut k, the effect of predictor j is
    β_j Σ_k (v_{k+1} − v_k) f̄_k, so its derivatives need only averages of f'.

    References
    ----------
    .. [1] Greene, W. H., & Hensher, D. A. (2010). *Modeling ordered choices: A primer*. Cambridge
           University Press. https://doi.org/10.1017/CBO9780511845062

    Examples
    --------
    >>> effects = average_effects(
    ...     np.array([1.0]), np.array([0.0]), np.eye(2), np.zeros((3, 1)),
    ...     np.array([[0.0, 1.0]]), link="logit",
    ... )
    >>> effects.level.tolist(), effects.estimate.tolist()
    ([0.5], [[0.25]])
    """
    n_slopes = len(coefficients)
    weight = np.ones(len(predictors)) if weights is None else weights
    share = weight / weight.sum()
    # Averages over rows, one per cut.
    at_cuts = thresholds - (predictors @ coefficients)[:, np.newaxis]
    below = share @ link_distribution(at_cuts, link)
    density = share @ link_density(at_cuts, link)
    slopes = link_density_slope(at_cuts, link) * share[:, np.newaxis]
    slope = slopes.sum(axis=0)
    slope_by_predictor = slopes.T @ predictors

    jumps = np.diff(values, axis=1)
    rises = jumps @ density
    # Derivatives of each target's Σ (v_{k+1} − v_k) f̄_k by coefficients, then by thresholds.
    gradient = np.hstack([-jumps @ slope_by_predictor, jumps * slope])
    errors = np.empty((len(values), n_slopes))
    for target, (rise, by_parameters) in enumerate(zip(rises, gradient, strict=True)):
        jacobian = np.outer(coefficients, by_parameters)
        jacobian[:, :n_slopes] += rise * np.eye(n_slopes)
        variance = np.sum((jacobian @ covariance) * jacobian, axis=1)
        errors[target] = np.sqrt(np.maximum(variance, 0.0))
    return AverageEffects(
        level=values[:, -1] - jumps @ below,
        estimate=np.outer(rises, coefficients),
        std_error=errors,
    )
