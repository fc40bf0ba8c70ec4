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
from servqual.typing import BoolArray, FloatArray, IntArray

__all__ = ["AverageEffects", "average_effects"]


@dataclass(frozen=True, slots=True, eq=False)
class AverageEffects:
    """Effects on n_targets averages of predicted values.

    Attributes
    ----------
    level : FloatArray, shape (n_targets,)
        The averages themselves.
    estimate : FloatArray, shape (n_targets, n_predictors)
        Their derivatives by each predictor, averaged over rows; of a predictor of the values 0 and
        1 only, the difference between the two.
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
    factors: IntArray | None = None,
) -> AverageEffects:
    """Average effect of each predictor on Σ_k v_k P(Y = k), for several sets of values v.

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
    factors : IntArray, shape (n_predictors,), optional
        Code of the grouping variable that each 0/1 column belongs to, -1 for none. Nobody is in
        two groups of one variable.

    Returns
    -------
    AverageEffects

    Notes
    -----
    With f the density of F and f̄_k its average over rows at cut k, the effect of predictor j is
    β_j Σ_k (v_{k+1} − v_k) f̄_k, so its derivatives need only averages of f'. The effect of a
    predictor that takes the values 0 and 1 only is no derivative, but the difference between
    everybody at 1 and everybody at 0. Of a group, that is everybody in it less everybody in the
    base group: the columns of the variable's other groups are 0 on both sides.

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
    weight = np.ones(len(predictors)) if weights is None else weights
    share = weight / weight.sum()
    n_targets, n_slopes = len(values), len(coefficients)
    estimate = np.empty((n_targets, n_slopes))
    gradient = np.empty((n_targets, n_slopes, n_slopes + len(thresholds)))
    jumps = np.diff(values, axis=1)
    estimate[:], gradient[:] = _derivatives(
        coefficients, thresholds, predictors, jumps, share, link
    )
    codes = np.full(n_slopes, -1) if factors is None else factors
    for place in np.flatnonzero(_is_indicator(predictors)):
        elsewhere = np.flatnonzero((codes == codes[place]) & (codes >= 0))
        based = predictors.copy()
        based[:, [*elsewhere, place]] = 0.0
        estimate[:, place], gradient[:, place] = _difference(
            coefficients, thresholds, based, jumps, share, link, int(place)
        )
    variance = np.einsum("tjp,pq,tjq->tj", gradient, covariance, gradient, optimize=True)
    below = share @ link_distribution(_at_cuts(coefficients, thresholds, predictors), link)
    return AverageEffects(
        level=values[:, -1] - jumps @ below,
        estimate=estimate,
        std_error=np.sqrt(np.maximum(variance, 0.0)),
    )


def _is_indicator(predictors: FloatArray) -> BoolArray:
    """Which predictors take both the values 0 and 1, and no other."""
    either = ((predictors == 0.0) | (predictors == 1.0)).all(axis=0)
    return np.asarray(either & (np.ptp(predictors, axis=0) == 1.0))


def _at_cuts(
    coefficients: FloatArray, thresholds: FloatArray, predictors: FloatArray
) -> FloatArray:
    """Linear predictor of every row at every cut, shape (n_rows, n_cuts)."""
    return np.asarray(thresholds - (predictors @ coefficients)[:, np.newaxis])


def _derivatives(
    coefficients: FloatArray,
    thresholds: FloatArray,
    predictors: FloatArray,
    jumps: FloatArray,
    share: FloatArray,
    link: Link,
) -> tuple[FloatArray, FloatArray]:
    """Effects as derivatives, and their own derivatives by the parameters."""
    at_cuts = _at_cuts(coefficients, thresholds, predictors)
    rises = jumps @ (share @ link_density(at_cuts, link))
    slopes = link_density_slope(at_cuts, link) * share[:, np.newaxis]
    # Of each target's Σ (v_{k+1} − v_k) f̄_k by coefficients, then by thresholds.
    by_parameters = np.hstack([-jumps @ (slopes.T @ predictors), jumps * slopes.sum(axis=0)])
    gradient = coefficients[:, np.newaxis] * by_parameters[:, np.newaxis, :]
    places = np.arange(len(coefficients))
    gradient[:, places, places] += rises[:, np.newaxis]
    return np.outer(rises, coefficients), gradient


def _difference(
    coefficients: FloatArray,
    thresholds: FloatArray,
    based: FloatArray,
    jumps: FloatArray,
    share: FloatArray,
    link: Link,
    place: int,
) -> tuple[FloatArray, FloatArray]:
    """Effect of one predictor, 0 in these rows, as everybody at 1 less everybody at 0.

    And its derivatives by the parameters.
    """
    estimate = np.zeros(len(jumps))
    gradient = np.zeros((len(jumps), len(coefficients) + len(thresholds)))
    for sign, setting in ((1.0, 1.0), (-1.0, 0.0)):
        moved = based.copy()
        moved[:, place] = setting
        at_cuts = _at_cuts(coefficients, thresholds, moved)
        density = link_density(at_cuts, link) * share[:, np.newaxis]
        estimate -= sign * jumps @ (share @ link_distribution(at_cuts, link))
        by_parameters = np.hstack([jumps @ (density.T @ moved), -jumps * density.sum(axis=0)])
        gradient += sign * by_parameters
    return estimate, gradient
