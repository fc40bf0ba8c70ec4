"""The latent model of a simulated survey: means, a square root of the covariance, and the gaps.

The latent variables stand in the order: D expectation factors, D perception factors, satisfaction,
loyalty. The simulator and the exact population values both start here, so they cannot tell
different stories.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from servqual.typing import FloatArray

if TYPE_CHECKING:
    from servqual.datasets.truth import SurveyTruth

__all__ = [
    "LatentModel",
    "base_gaps",
    "between_covariance",
    "cell_shares",
    "dimension_means",
    "gap_covariance",
    "gap_means",
    "gap_weights",
    "latent_model",
    "loading_matrix",
]


@dataclass(frozen=True, slots=True)
class LatentModel:
    """Distribution of the latent variables: normal within every branch and wave.

    Attributes
    ----------
    means : ndarray, shape (B, W, 2D + 2)
        Means per branch and wave, in scale units.
    root : ndarray, shape (2D + 2, 2D + 2)
        Lower-triangular square root of the covariance within a branch and a wave.
    """

    means: FloatArray
    root: FloatArray


def gap_weights(truth: SurveyTruth) -> FloatArray:
    """Matrix that turns the 2D factors into latent dimension gaps (apart from a constant).

    The latent gap is the mean over the items of a dimension, so a factor counts with the mean
    loading of its items.

    Parameters
    ----------
    truth : SurveyTruth
        The true values.

    Returns
    -------
    ndarray, shape (D, 2D)
    """
    expectation = np.diag(dimension_means(truth, truth.expectation.loadings))
    perception = np.diag(dimension_means(truth, truth.perception.loadings))
    return np.hstack([-expectation, perception])


def base_gaps(truth: SurveyTruth) -> FloatArray:
    """Latent dimension gaps where all factors are 0.

    Parameters
    ----------
    truth : SurveyTruth
        The true values.

    Returns
    -------
    ndarray, shape (D,)
    """
    return dimension_means(truth, truth.perception.intercepts - truth.expectation.intercepts)


def dimension_means(truth: SurveyTruth, item_values: FloatArray) -> FloatArray:
    """Means of item values over the items of each dimension.

    Parameters
    ----------
    truth : SurveyTruth
        The true values.
    item_values : ndarray, shape (J,)
        One value per item.

    Returns
    -------
    ndarray, shape (D,)
    """
    sums = np.bincount(truth.dimension_of_item, weights=item_values)
    return np.asarray(sums / np.asarray(truth.items_per_dimension), dtype=np.float64)


def latent_model(truth: SurveyTruth) -> LatentModel:
    """Means and covariance root of all latent variables.

    Parameters
    ----------
    truth : SurveyTruth
        The true values.

    Returns
    -------
    LatentModel
    """
    n_dimensions = len(truth.dimensions)
    n_factors = 2 * n_dimensions
    gaps = gap_means(truth)
    means = np.zeros((len(truth.branches), len(truth.waves), n_factors + 2))
    means[:, :, n_dimensions:n_factors] = _perception_shifts(truth)
    satisfaction = truth.satisfaction_intercept + gaps @ truth.satisfaction_coefficients
    means[:, :, n_factors] = satisfaction
    means[:, :, n_factors + 1] = (
        truth.loyalty_intercept
        + truth.loyalty_on_satisfaction * satisfaction
        + truth.loyalty_on_quality * gaps.mean(axis=2)
    )
    factor_root = truth.factor_sds[:, None] * np.linalg.cholesky(truth.factor_correlations)
    gap_root = gap_weights(truth) @ factor_root
    root = np.zeros((n_factors + 2, n_factors + 2))
    root[:n_factors, :n_factors] = factor_root
    root[n_factors, :n_factors] = truth.satisfaction_coefficients @ gap_root
    root[n_factors, n_factors] = truth.satisfaction_residual_sd
    root[n_factors + 1] = truth.loyalty_on_satisfaction * root[n_factors]
    root[n_factors + 1, :n_factors] += truth.loyalty_on_quality * gap_root.mean(axis=0)
    root[n_factors + 1, n_factors + 1] = truth.loyalty_residual_sd
    return LatentModel(means=means, root=root)


def _perception_shifts(truth: SurveyTruth) -> FloatArray:
    """Means of the perception factors per branch and wave, shape (B, W, D)."""
    return truth.branch_effects[:, None, :] + truth.wave_effects[None, :, :]


def cell_shares(truth: SurveyTruth) -> FloatArray:
    """Share of the population in every branch and wave.

    Parameters
    ----------
    truth : SurveyTruth
        The true values.

    Returns
    -------
    ndarray, shape (B, W)
    """
    return np.outer(truth.branch_shares, truth.wave_shares)


def gap_means(truth: SurveyTruth) -> FloatArray:
    """Mean latent gaps per branch and wave.

    Parameters
    ----------
    truth : SurveyTruth
        The true values.

    Returns
    -------
    ndarray, shape (B, W, D)
    """
    loadings = dimension_means(truth, truth.perception.loadings)
    return np.asarray(base_gaps(truth) + loadings * _perception_shifts(truth), dtype=np.float64)


def gap_covariance(truth: SurveyTruth) -> FloatArray:
    """Covariance of the latent gaps in the whole population, within and between branches and waves.

    Parameters
    ----------
    truth : SurveyTruth
        The true values.

    Returns
    -------
    ndarray, shape (D, D)
    """
    weights = gap_weights(truth)
    factors = truth.factor_correlations * np.outer(truth.factor_sds, truth.factor_sds)
    return weights @ factors @ weights.T + between_covariance(truth, gap_means(truth))


def between_covariance(truth: SurveyTruth, means: FloatArray) -> FloatArray:
    """Covariance that arises from means which differ between branches and waves.

    Parameters
    ----------
    truth : SurveyTruth
        The true values, for the shares of branches and waves.
    means : ndarray, shape (B, W, k)
        Means of k variables.

    Returns
    -------
    ndarray, shape (k, k)
    """
    shares = cell_shares(truth)
    deviations = means - np.einsum("bw,bwk->k", shares, means)
    return np.asarray(np.einsum("bw,bwk,bwl->kl", shares, deviations, deviations), dtype=np.float64)


def loading_matrix(truth: SurveyTruth) -> FloatArray:
    """Give the loadings of all items, in column order, on all latent variables.

    Parameters
    ----------
    truth : SurveyTruth
        The true values.

    Returns
    -------
    ndarray, shape (number of items, 2D + 2)
    """
    n_dimensions = len(truth.dimensions)
    of_item = np.asarray(truth.dimension_of_item)
    satisfaction, loyalty = 2 * n_dimensions, 2 * n_dimensions + 1
    latent = np.concatenate(
        [
            of_item,
            n_dimensions + of_item,
            np.full(len(truth.satisfaction.names), satisfaction),
            np.full(len(truth.loyalty.names) + len(truth.recommend.names), loyalty),
        ]
    )
    matrix = np.zeros((latent.size, loyalty + 1))
    matrix[np.arange(latent.size), latent] = np.concatenate(
        [block.loadings for block in truth.blocks]
    )
    return matrix
