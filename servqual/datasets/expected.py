"""Exact population values of the answers to a simulated survey.

Answers are rounded to the points of a scale and cut off at its ends, so their means, gaps and
covariances differ from those of the latent responses. For normal responses and known thresholds
they can be computed: means and variances from the normal distribution function, covariances from
Mehler's expansion of the bivariate normal density.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr

from servqual.datasets.latent import (
    between_covariance,
    cell_shares,
    latent_model,
    loading_matrix,
)
from servqual.typing import FloatArray

if TYPE_CHECKING:
    from servqual.datasets.truth import ItemBlock, SurveyTruth

__all__ = ["AnswerMoments", "ExpectedScores", "answer_moments", "expected_scores"]

# The terms fall like powers of the correlation of two responses. Even where this is 0.85, the first
# term left out is 0.85**201 < 1e-14.
_MEHLER_TERMS = 200


@dataclass(frozen=True, slots=True, eq=False)
class AnswerMoments:
    """Population moments of the answers, in the order of the item columns of a simulated survey.

    Attributes
    ----------
    names : tuple of str, length k
        The item columns.
    cell_means : ndarray, shape (B, W, k)
        Means per branch and wave.
    mean : ndarray, shape (k,)
        Means in the whole population.
    covariance : ndarray, shape (k, k)
        Covariances in the whole population.
    """

    names: tuple[str, ...]
    cell_means: FloatArray
    mean: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedScores:
    """What an analysis of the answers would find with endless respondents and nothing missing.

    Attributes
    ----------
    items : pandas.DataFrame
        item, dimension, expectation, expectation_sd, perception, perception_sd, gap, gap_sd.
    dimensions : pandas.DataFrame
        dimension, n_items and the same.
    overall : pandas.DataFrame
        score ("dimension mean", "item mean", "weighted"), gap.
    branches : pandas.DataFrame
        branch, dimension, expectation, perception, gap.
    waves : pandas.DataFrame
        wave, dimension, expectation, perception, gap.
    outcomes : pandas.DataFrame
        outcome, mean, sd: means of the outcome's items.
    reliability : pandas.DataFrame
        on ("expectation", "perception", "gap"), dimension, alpha.
    regression : pandas.DataFrame
        outcome, term, estimate: least squares of the outcome scores on the five dimension gaps.
    r_squared : pandas.DataFrame
        outcome, r_squared.
    """

    items: pd.DataFrame
    dimensions: pd.DataFrame
    overall: pd.DataFrame
    branches: pd.DataFrame
    waves: pd.DataFrame
    outcomes: pd.DataFrame
    reliability: pd.DataFrame
    regression: pd.DataFrame
    r_squared: pd.DataFrame


def answer_moments(truth: SurveyTruth) -> AnswerMoments:
    """Means and covariances of the answers to all items, exact up to floating point.

    Within a branch and a wave the responses are normal. With thresholds standardised to t_1 … t_K,
    an answer has the mean ``lowest + Σ_k Φ(-t_k)``, and two answers have the covariance
    ``Σ_{m≥1} ρ^m c_m d_m``, where ``c_m = Σ_k φ(t_k) He_{m-1}(t_k) / √m!`` and He are Hermite
    polynomials [1]_.

    Parameters
    ----------
    truth : SurveyTruth
        The true values.

    Returns
    -------
    AnswerMoments

    References
    ----------
    .. [1] Pearson, K. (1900). Mathematical contributions to the theory of evolution. VII. On the
       correlation of characters not quantitatively measurable. *Philosophical Transactions of the
       Royal Society A*, 195, 1-47. https://doi.org/10.1098/rsta.1900.0022

    Examples
    --------
    >>> from servqual.datasets.bank_truth import BANK
    >>> answer_moments(BANK).covariance.shape
    (51, 51)
    """
    model = latent_model(truth)
    loadings = loading_matrix(truth)
    root = loadings @ model.root
    unique_sds = np.concatenate([block.unique_sds for block in truth.blocks])
    intercepts = np.concatenate([block.intercepts for block in truth.blocks])
    response_covariance = root @ root.T + np.diag(unique_sds**2)
    response_sds = np.sqrt(np.diag(response_covariance))
    correlations = response_covariance / np.outer(response_sds, response_sds)
    shares = cell_shares(truth)
    cell_means = np.empty((*shares.shape, unique_sds.size))
    within = np.zeros_like(correlations)
    for branch, wave in np.ndindex(*shares.shape):
        response_means = intercepts + loadings @ model.means[branch, wave]
        thresholds = _standardised_thresholds(truth.blocks, response_means, response_sds)
        lowest = np.repeat(
            [block.lowest for block in truth.blocks], [len(block.names) for block in truth.blocks]
        )
        cell_means[branch, wave] = lowest + ndtr(-thresholds).sum(axis=1)
        within += shares[branch, wave] * _answer_covariance(thresholds, correlations)
    return AnswerMoments(
        names=tuple(name for block in truth.blocks for name in block.names),
        cell_means=cell_means,
        mean=np.einsum("bw,bwk->k", shares, cell_means),
        covariance=within + between_covariance(truth, cell_means),
    )


def _standardised_thresholds(
    blocks: tuple[ItemBlock, ...], response_means: FloatArray, response_sds: FloatArray
) -> FloatArray:
    """Thresholds in standard deviations from the mean, shape (items, most thresholds).

    Items with fewer thresholds are filled with infinity, a threshold that nobody passes.
    """
    most = max(block.thresholds.size for block in blocks)
    rows = [
        np.pad(block.thresholds, (0, most - block.thresholds.size), constant_values=np.inf)
        for block in blocks
        for _ in block.names
    ]
    return np.asarray((np.vstack(rows) - response_means[:, None]) / response_sds[:, None])


def _answer_covariance(thresholds: FloatArray, correlations: FloatArray) -> FloatArray:
    """Covariance of answers whose normal responses correlate as given (Mehler's expansion)."""
    finite = np.isfinite(thresholds)
    points = np.where(finite, thresholds, 0.0)
    density = np.where(finite, np.exp(-0.5 * points**2) / np.sqrt(2.0 * np.pi), 0.0)
    covariance = np.zeros_like(correlations)
    powers = np.ones_like(correlations)
    hermite, previous = np.ones_like(points), np.zeros_like(points)
    for order in range(1, _MEHLER_TERMS + 1):
        coefficients = (density * hermite).sum(axis=1) / np.sqrt(order)
        powers = powers * correlations
        covariance += powers * np.outer(coefficients, coefficients)
        # `hermite` is He_{order-1}/√(order-1)!; the recurrence keeps it from growing.
        following = (points * hermite - np.sqrt(order - 1) * previous) / np.sqrt(order)
        hermite, previous = following, hermite
    np.fill_diagonal(covariance, _answer_variances(thresholds))
    return covariance


def _answer_variances(thresholds: FloatArray) -> FloatArray:
    """Variances of answers: for counts of passed thresholds, E[k²] = Σ (2k - 1) P(at least k)."""
    passed = ndtr(-thresholds)
    odd = 2.0 * np.arange(1, thresholds.shape[1] + 1) - 1.0
    return np.asarray(passed @ odd - passed.sum(axis=1) ** 2, dtype=np.float64)


def expected_scores(truth: SurveyTruth) -> ExpectedScores:
    """Compute population values of items, scores, reliabilities and regressions of the answers.

    Parameters
    ----------
    truth : SurveyTruth
        The true values.

    Returns
    -------
    ExpectedScores

    Notes
    -----
    Answers that are missing completely at random leave the means as they are; they lower alpha and
    R² a little, which the values here, for complete answers, do not show.

    Examples
    --------
    >>> from servqual.datasets.bank_truth import BANK
    >>> expected = expected_scores(BANK)
    >>> bool(expected.dimensions["gap"].idxmin() == 1)
    True
    """
    moments = answer_moments(truth)
    n_items = len(truth.expectation.names)
    averaging = _dimension_averaging(truth)
    dimensions = _side_table(moments, averaging)
    dimensions.insert(0, "dimension", list(truth.dimensions))
    dimensions.insert(1, "n_items", list(truth.items_per_dimension))
    items = _side_table(moments, np.eye(n_items))
    items.insert(0, "item", list(range(1, n_items + 1)))
    items.insert(1, "dimension", [truth.dimensions[d] for d in truth.dimension_of_item])
    branch_means = np.einsum("w,bwk->bk", truth.wave_shares, moments.cell_means)
    wave_means = np.einsum("b,bwk->wk", truth.branch_shares, moments.cell_means)
    regression, r_squared = _regression_tables(truth, moments)
    return ExpectedScores(
        items=items,
        dimensions=dimensions,
        overall=_overall_table(truth, items, dimensions),
        branches=_group_table(truth, "branch", truth.branches, branch_means),
        waves=_group_table(truth, "wave", truth.waves, wave_means),
        outcomes=_outcome_table(truth, moments),
        reliability=_reliability_table(truth, moments),
        regression=regression,
        r_squared=r_squared,
    )


def _dimension_averaging(truth: SurveyTruth) -> FloatArray:
    """Matrix that averages item values within dimensions, shape (D, J)."""
    member = np.asarray(truth.dimension_of_item) == np.arange(len(truth.dimensions))[:, None]
    return np.asarray(member / np.asarray(truth.items_per_dimension)[:, None], dtype=np.float64)


def _sides(averaging: FloatArray, n_columns: int) -> dict[str, FloatArray]:
    """Matrices that make the scores of both sides and the gap from all item columns."""
    n_scores, n_items = averaging.shape
    rest = np.zeros((n_scores, n_columns - 2 * n_items))
    zero = np.zeros_like(averaging)
    expectation = np.hstack([averaging, zero, rest])
    perception = np.hstack([zero, averaging, rest])
    return {
        "expectation": expectation,
        "perception": perception,
        "gap": perception - expectation,
    }


def _side_table(moments: AnswerMoments, averaging: FloatArray) -> pd.DataFrame:
    columns: dict[str, FloatArray] = {}
    for side, matrix in _sides(averaging, moments.mean.size).items():
        columns[side] = matrix @ moments.mean
        columns[f"{side}_sd"] = np.sqrt(np.diag(matrix @ moments.covariance @ matrix.T))
    return pd.DataFrame(columns)


def _overall_table(
    truth: SurveyTruth, items: pd.DataFrame, dimensions: pd.DataFrame
) -> pd.DataFrame:
    gaps = dimensions["gap"].to_numpy(dtype=np.float64)
    # Points are independent of the ratings: the mean of the products is the product of the means.
    weighted = float(truth.importance_shares @ gaps)
    return pd.DataFrame(
        {
            "score": ["dimension mean", "item mean", "weighted"],
            "gap": [float(gaps.mean()), float(items["gap"].mean()), weighted],
        }
    )


def _group_table(
    truth: SurveyTruth, group: str, names: tuple[str, ...] | tuple[int, ...], means: FloatArray
) -> pd.DataFrame:
    sides = _sides(_dimension_averaging(truth), means.shape[1])
    columns = {side: (means @ matrix.T).ravel() for side, matrix in sides.items()}
    n_dimensions = len(truth.dimensions)
    identity: dict[str, object] = {
        group: [name for name in names for _ in range(n_dimensions)],
        "dimension": list(truth.dimensions) * len(names),
    }
    return pd.DataFrame(identity | columns)


def _outcome_averaging(truth: SurveyTruth) -> dict[str, FloatArray]:
    """For each outcome, the vector that averages its items out of all item columns."""
    columns = [name for block in truth.blocks for name in block.names]
    outcomes = {
        "satisfaction": truth.satisfaction,
        "loyalty": truth.loyalty,
        "recommend": truth.recommend,
    }
    return {
        outcome: np.isin(columns, block.names) / len(block.names)
        for outcome, block in outcomes.items()
    }


def _outcome_table(truth: SurveyTruth, moments: AnswerMoments) -> pd.DataFrame:
    averaging = _outcome_averaging(truth)
    return pd.DataFrame(
        {
            "outcome": list(averaging),
            "mean": [float(vector @ moments.mean) for vector in averaging.values()],
            "sd": [
                float(np.sqrt(vector @ moments.covariance @ vector))
                for vector in averaging.values()
            ],
        }
    )


def _reliability_table(truth: SurveyTruth, moments: AnswerMoments) -> pd.DataFrame:
    sides = _sides(np.eye(len(truth.expectation.names)), moments.mean.size)
    of_item = np.asarray(truth.dimension_of_item)
    rows: list[tuple[str, str, float]] = []
    for side, matrix in sides.items():
        covariance = matrix @ moments.covariance @ matrix.T
        for position, dimension in enumerate(truth.dimensions):
            chosen = np.flatnonzero(of_item == position)
            part = covariance[np.ix_(chosen, chosen)]
            m = chosen.size
            alpha = m / (m - 1) * (1.0 - np.trace(part) / part.sum()) if m > 1 else np.nan
            rows.append((side, dimension, float(alpha)))
    return pd.DataFrame(rows, columns=["on", "dimension", "alpha"])


def _regression_tables(
    truth: SurveyTruth, moments: AnswerMoments
) -> tuple[pd.DataFrame, pd.DataFrame]:
    gaps = _sides(_dimension_averaging(truth), moments.mean.size)["gap"]
    gap_covariance = gaps @ moments.covariance @ gaps.T
    rows: list[tuple[str, str, float]] = []
    shares: list[tuple[str, float]] = []
    for outcome, vector in _outcome_averaging(truth).items():
        with_outcome = gaps @ moments.covariance @ vector
        slopes = np.linalg.solve(gap_covariance, with_outcome)
        intercept = vector @ moments.mean - slopes @ (gaps @ moments.mean)
        terms = ("intercept", *truth.dimensions)
        rows += [
            (outcome, term, float(estimate))
            for term, estimate in zip(terms, [intercept, *slopes], strict=True)
        ]
        variance = vector @ moments.covariance @ vector
        shares.append((outcome, float(slopes @ with_outcome / variance)))
    return (
        pd.DataFrame(rows, columns=["outcome", "term", "estimate"]),
        pd.DataFrame(shares, columns=["outcome", "r_squared"]),
    )
