"""The true values behind the example survey of a retail bank."""

from __future__ import annotations

from typing import Final

import numpy as np

from servqual.datasets.truth import ItemBlock, SurveyTruth
from servqual.typing import FloatArray

__all__ = ["BANK"]

_SEVEN_POINTS: Final = np.arange(1.5, 7.0)
_ELEVEN_POINTS: Final = np.arange(0.5, 10.0)

# Rows and columns: tangibles, reliability, responsiveness, assurance, empathy.
_EXPECTATION_CORRELATIONS: Final = np.array(
    [
        [1.00, 0.57, 0.55, 0.56, 0.55],
        [0.57, 1.00, 0.72, 0.70, 0.62],
        [0.55, 0.72, 1.00, 0.68, 0.66],
        [0.56, 0.70, 0.68, 1.00, 0.65],
        [0.55, 0.62, 0.66, 0.65, 1.00],
    ]
)
_PERCEPTION_CORRELATIONS: Final = np.array(
    [
        [1.00, 0.56, 0.55, 0.58, 0.55],
        [0.56, 1.00, 0.71, 0.69, 0.63],
        [0.55, 0.71, 1.00, 0.70, 0.70],
        [0.58, 0.69, 0.70, 1.00, 0.68],
        [0.55, 0.63, 0.70, 0.68, 1.00],
    ]
)
# Rows: expectations; columns: perceptions.
_CROSS_CORRELATIONS: Final = np.array(
    [
        [0.34, 0.17, 0.16, 0.18, 0.16],
        [0.16, 0.26, 0.18, 0.18, 0.15],
        [0.15, 0.18, 0.24, 0.17, 0.16],
        [0.17, 0.19, 0.17, 0.29, 0.17],
        [0.16, 0.16, 0.17, 0.18, 0.30],
    ]
)


def _factor_correlations() -> FloatArray:
    return np.block(
        [
            [_EXPECTATION_CORRELATIONS, _CROSS_CORRELATIONS],
            [_CROSS_CORRELATIONS.T, _PERCEPTION_CORRELATIONS],
        ]
    )


# Loadings average to 1 within each dimension and side, so a factor moves its dimension score one
# for one.
_EXPECTATION: Final = ItemBlock(
    names=tuple(f"E{item}" for item in range(1, 23)),
    intercepts=np.concatenate(
        [
            [5.35, 5.15, 5.80, 5.20],
            [6.75, 6.65, 6.60, 6.70, 6.75],
            [6.35, 6.55, 6.50, 6.10],
            [6.60, 6.80, 6.45, 6.55],
            [6.05, 6.20, 5.95, 6.25, 6.05],
        ]
    ),
    loadings=np.concatenate(
        [
            [1.05, 1.10, 0.85, 1.00],
            [1.05, 1.00, 1.05, 1.05, 0.85],
            [0.95, 1.05, 1.10, 0.90],
            [1.05, 0.95, 0.95, 1.05],
            [1.05, 0.80, 1.10, 1.00, 1.05],
        ]
    ),
    unique_sds=np.concatenate(
        [
            [0.75, 0.80, 0.85, 0.80],
            [0.65, 0.70, 0.70, 0.65, 0.80],
            [0.75, 0.70, 0.70, 0.80],
            [0.65, 0.70, 0.70, 0.65],
            [0.75, 0.95, 0.75, 0.80, 0.75],
        ]
    ),
    thresholds=_SEVEN_POINTS,
)
_PERCEPTION: Final = ItemBlock(
    names=tuple(f"P{item}" for item in range(1, 23)),
    intercepts=np.concatenate(
        [
            [5.30, 5.05, 5.75, 5.10],
            [5.10, 5.30, 5.20, 5.25, 5.60],
            [5.25, 5.05, 5.50, 4.90],
            [5.80, 6.15, 5.95, 5.70],
            [5.40, 5.25, 5.45, 5.40, 5.30],
        ]
    ),
    loadings=np.concatenate(
        [
            [1.05, 1.10, 0.85, 1.00],
            [1.10, 1.05, 1.00, 1.10, 0.75],
            [0.95, 1.05, 1.05, 0.95],
            [1.10, 0.85, 1.00, 1.05],
            [1.05, 0.70, 1.10, 1.05, 1.10],
        ]
    ),
    unique_sds=np.concatenate(
        [
            [0.70, 0.75, 0.85, 0.75],
            [0.75, 0.80, 0.80, 0.75, 1.05],
            [0.90, 0.80, 0.80, 0.90],
            [0.70, 0.80, 0.75, 0.75],
            [0.80, 1.10, 0.75, 0.80, 0.80],
        ]
    ),
    thresholds=_SEVEN_POINTS,
)
_SATISFACTION: Final = ItemBlock(
    names=("SAT1", "SAT2", "SAT3"),
    intercepts=np.array([0.0, 0.4, -0.5]),
    loadings=np.array([1.0, 0.95, 1.05]),
    unique_sds=np.array([0.60, 0.70, 0.75]),
    thresholds=_SEVEN_POINTS,
)
_LOYALTY: Final = ItemBlock(
    names=("LOY1", "LOY2", "LOY3"),
    intercepts=np.array([0.1, 0.0, -0.6]),
    loadings=np.array([1.0, 1.05, 0.95]),
    unique_sds=np.array([0.75, 0.70, 0.95]),
    thresholds=_SEVEN_POINTS,
)
_RECOMMEND: Final = ItemBlock(
    names=("recommend",),
    intercepts=np.array([-0.6]),
    loadings=np.array([1.55]),
    unique_sds=np.array([1.2]),
    thresholds=_ELEVEN_POINTS,
    lowest=0,
)

#: A retail bank with six branches, asked in two waves. Expectations lie near the ceiling; service
#: falls short most in reliability and hardly in tangibles. Harbour is truly worse and Old Town
#: truly better than the other branches, whose effects are small and follow no pattern. Between the
#: waves responsiveness improved by 0.4, and nothing else changed.
BANK: Final = SurveyTruth(
    dimensions=("tangibles", "reliability", "responsiveness", "assurance", "empathy"),
    items_per_dimension=(4, 5, 4, 4, 5),
    expectation=_EXPECTATION,
    perception=_PERCEPTION,
    satisfaction=_SATISFACTION,
    loyalty=_LOYALTY,
    recommend=_RECOMMEND,
    factor_sds=np.array([0.95, 0.85, 0.90, 0.85, 0.90, 0.95, 1.10, 1.10, 0.95, 1.05]),
    factor_correlations=_factor_correlations(),
    branches=("Airport", "Central", "Harbour", "Market Square", "Old Town", "University"),
    branch_shares=np.array([0.08, 0.28, 0.17, 0.20, 0.15, 0.12]),
    branch_effects=np.array(
        [
            [0.12, -0.04, 0.07, -0.09, -0.11],
            [0.05, 0.06, -0.08, 0.03, -0.05],
            [-0.10, -0.55, -0.50, -0.40, -0.45],
            [-0.02, 0.04, 0.09, -0.03, 0.10],
            [0.03, 0.35, 0.40, 0.30, 0.45],
            [-0.06, 0.10, 0.02, 0.08, -0.04],
        ]
    ),
    waves=(2025, 2026),
    wave_shares=np.array([0.5, 0.5]),
    wave_effects=np.array([[0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.4, 0.0, 0.0]]),
    satisfaction_intercept=5.85,
    satisfaction_coefficients=np.array([0.0, 0.36, 0.22, 0.16, 0.12]),
    satisfaction_residual_sd=0.70,
    loyalty_intercept=1.60,
    loyalty_on_satisfaction=0.70,
    loyalty_on_quality=0.12,
    loyalty_residual_sd=0.75,
    importance_shares=np.array([0.11, 0.32, 0.22, 0.19, 0.16]),
    importance_concentration=20.0,
    skipping_share=0.25,
    missing_item_share=0.08,
    missing_outcome_share=0.01,
    missing_importance_share=0.03,
)
