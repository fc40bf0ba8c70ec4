"""The true values of a simulated survey as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servqual.datasets.latent import cell_shares, dimension_means, gap_covariance, gap_means
from servqual.typing import FloatArray

if TYPE_CHECKING:
    from servqual.datasets.truth import ItemBlock, SurveyTruth

__all__ = ["TruthTables", "truth_tables"]


@dataclass(frozen=True, slots=True, eq=False)
class TruthTables:
    """True values of the latent model, which no rounding to the answer scale has touched.

    Attributes
    ----------
    gaps : pandas.DataFrame
        dimension, expectation, perception, gap: latent means over all branches and waves, in scale
        units.
    loadings : pandas.DataFrame
        item, side, dimension, intercept, loading, unique_sd, std_loading (the loading where the
        factor and the response have a standard deviation of 1 within a branch and a wave).
    factor_correlations : pandas.DataFrame
        Square frame of the expectation and perception factors within a branch and a wave.
    branch_effects : pandas.DataFrame
        branch, share, and one column per dimension: what the branch adds to perceptions.
    wave_effects : pandas.DataFrame
        wave, share, and one column per dimension.
    regression : pandas.DataFrame
        term, estimate, beta: the equation of latent satisfaction on the latent gaps; `beta` is
        standardised.
    mediation : pandas.DataFrame
        term (a, b, direct, indirect, total), estimate: quality (mean of the latent gaps) →
        satisfaction → loyalty.
    r_squared : pandas.DataFrame
        outcome, predictors ("gaps" or "gaps and satisfaction"), r_squared: share of the latent
        variance that the latent predictors explain.
    importance : pandas.DataFrame
        dimension, points: mean importance points.
    """

    gaps: pd.DataFrame
    loadings: pd.DataFrame
    factor_correlations: pd.DataFrame
    branch_effects: pd.DataFrame
    wave_effects: pd.DataFrame
    regression: pd.DataFrame
    mediation: pd.DataFrame
    r_squared: pd.DataFrame
    importance: pd.DataFrame


def truth_tables(truth: SurveyTruth) -> TruthTables:
    """Put the true values of the latent model in pandas frames.

    Parameters
    ----------
    truth : SurveyTruth
        The true values.

    Returns
    -------
    TruthTables

    Examples
    --------
    >>> from servqual.datasets.bank_truth import BANK
    >>> truth_tables(BANK).importance["points"].tolist()
    [11.0, 32.0, 22.0, 19.0, 16.0]
    """
    covariance = gap_covariance(truth)
    return TruthTables(
        gaps=_gap_table(truth),
        loadings=pd.concat(
            [
                _loading_table(truth, truth.expectation, "expectation"),
                _loading_table(truth, truth.perception, "perception"),
            ],
            ignore_index=True,
        ),
        factor_correlations=_correlation_table(truth),
        branch_effects=_effect_table(
            truth, "branch", truth.branches, truth.branch_shares, truth.branch_effects
        ),
        wave_effects=_effect_table(
            truth, "wave", truth.waves, truth.wave_shares, truth.wave_effects
        ),
        regression=_regression_table(truth, covariance),
        mediation=_mediation_table(truth, covariance),
        r_squared=_r_squared_table(truth, covariance),
        importance=pd.DataFrame(
            {"dimension": list(truth.dimensions), "points": 100.0 * truth.importance_shares}
        ),
    )


def _gap_table(truth: SurveyTruth) -> pd.DataFrame:
    gaps = np.einsum("bw,bwd->d", cell_shares(truth), gap_means(truth))
    expectation = dimension_means(truth, truth.expectation.intercepts)
    return pd.DataFrame(
        {
            "dimension": list(truth.dimensions),
            "expectation": expectation,
            "perception": expectation + gaps,
            "gap": gaps,
        }
    )


def _loading_table(truth: SurveyTruth, block: ItemBlock, side: str) -> pd.DataFrame:
    of_item = np.asarray(truth.dimension_of_item)
    offset = 0 if side == "expectation" else len(truth.dimensions)
    common = block.loadings * truth.factor_sds[offset + of_item]
    return pd.DataFrame(
        {
            "item": list(block.names),
            "side": side,
            "dimension": [truth.dimensions[position] for position in of_item],
            "intercept": block.intercepts,
            "loading": block.loadings,
            "unique_sd": block.unique_sds,
            "std_loading": common / np.hypot(common, block.unique_sds),
        }
    )


def _correlation_table(truth: SurveyTruth) -> pd.DataFrame:
    names = [f"{side} {name}" for side in ("E", "P") for name in truth.dimensions]
    return pd.DataFrame(truth.factor_correlations.copy(), index=names, columns=names)


def _effect_table(
    truth: SurveyTruth,
    group: str,
    names: tuple[str, ...] | tuple[int, ...],
    shares: FloatArray,
    effects: FloatArray,
) -> pd.DataFrame:
    columns = {name: effects[:, d] for d, name in enumerate(truth.dimensions)}
    return pd.DataFrame({group: list(names), "share": shares} | columns)


def _satisfaction_variance(truth: SurveyTruth, covariance: FloatArray) -> tuple[float, float]:
    """Explained and total variance of latent satisfaction."""
    coefficients = truth.satisfaction_coefficients
    explained = float(coefficients @ covariance @ coefficients)
    return explained, explained + truth.satisfaction_residual_sd**2


def _regression_table(truth: SurveyTruth, covariance: FloatArray) -> pd.DataFrame:
    _, total = _satisfaction_variance(truth, covariance)
    beta = truth.satisfaction_coefficients * np.sqrt(np.diag(covariance) / total)
    return pd.DataFrame(
        {
            "term": ["intercept", *truth.dimensions],
            "estimate": [truth.satisfaction_intercept, *truth.satisfaction_coefficients],
            "beta": [np.nan, *beta],
        }
    )


def _mediation_table(truth: SurveyTruth, covariance: FloatArray) -> pd.DataFrame:
    """Paths of quality → satisfaction → loyalty.

    Loyalty is linear in satisfaction and quality with independent noise, so b and the direct path
    are its coefficients. Path a is the slope of satisfaction on the mean gap alone.
    """
    averaging = np.full(len(truth.dimensions), 1.0 / len(truth.dimensions))
    quality_variance = averaging @ covariance @ averaging
    a = float(averaging @ covariance @ truth.satisfaction_coefficients / quality_variance)
    b, direct = truth.loyalty_on_satisfaction, truth.loyalty_on_quality
    return pd.DataFrame(
        {
            "term": ["a", "b", "direct", "indirect", "total"],
            "estimate": [a, b, direct, a * b, direct + a * b],
        }
    )


def _r_squared_table(truth: SurveyTruth, covariance: FloatArray) -> pd.DataFrame:
    explained, total = _satisfaction_variance(truth, covariance)
    averaging = np.full(len(truth.dimensions), 1.0 / len(truth.dimensions))
    effect = truth.loyalty_on_satisfaction * truth.satisfaction_coefficients
    effect = effect + truth.loyalty_on_quality * averaging
    by_gaps = float(effect @ covariance @ effect)
    by_both = by_gaps + (truth.loyalty_on_satisfaction * truth.satisfaction_residual_sd) ** 2
    loyalty = by_both + truth.loyalty_residual_sd**2
    return pd.DataFrame(
        {
            "outcome": ["satisfaction", "loyalty", "loyalty"],
            "predictors": ["gaps", "gaps", "gaps and satisfaction"],
            "r_squared": [explained / total, by_gaps / loyalty, by_both / loyalty],
        }
    )
