"""Fit of a model to incomplete answers, on the scale of complete ones.

With missing answers a misfit shows less, so that fit indices made from the usual statistic depend
on how much is missing. The corrected statistic compares what the model implies with the saturated
estimates as if these came from complete answers (Zhang & Savalei 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.numerics.fit_indices import ChiSquare
from servqual.numerics.implied_moments import (
    INTERCEPTS,
    ModelStructure,
    assemble,
    directions,
    implied_moments,
)
from servqual.numerics.normal_discrepancy import NormalSample, evaluate_likelihood
from servqual.numerics.saturated import saturated_structure
from servqual.numerics.structural_fit import Reduction, information, invert_information
from servqual.numerics.structural_tests import Inference, infer
from servqual.typing import FloatArray

__all__ = ["SaturatedFit", "corrected_test", "fit_saturated"]


@dataclass(frozen=True, slots=True, eq=False)
class SaturatedFit:
    """The saturated model of incomplete answers.

    Attributes
    ----------
    structure : ModelStructure
        All means and covariances of each group are free.
    information : FloatArray, shape (s, s)
        Observed information about them in the incomplete answers.
    complete_information : FloatArray, shape (s, s)
        The information that as many complete answers would have.
    inference : Inference
        Their sandwich covariance matrix, and its trace.
    """

    structure: ModelStructure
    information: FloatArray
    complete_information: FloatArray
    inference: Inference


def fit_saturated(
    samples: list[NormalSample],
    saturated: list[tuple[FloatArray, FloatArray]],
    rows: list[FloatArray],
    row_weights: list[FloatArray] | None,
) -> SaturatedFit:
    """Information about the saturated model, in incomplete and in as many complete answers.

    Parameters
    ----------
    samples : list of NormalSample
        Patterns of each group.
    saturated : list of (mean, covariance)
        Maximum likelihood estimates of each group.
    rows, row_weights : list of FloatArray
        Answers of each group, nan where missing, and how often each row counts.

    Returns
    -------
    SaturatedFit
    """
    structure, parameters = saturated_structure(
        [mean for mean, _ in saturated], [spread for _, spread in saturated]
    )
    nothing: list[FloatArray | None] = [None] * len(samples)
    complete = _complete(samples, saturated)
    return SaturatedFit(
        structure,
        information(structure, parameters, samples, nothing, "observed"),
        information(structure, parameters, complete, nothing, "expected"),
        infer(
            structure,
            parameters,
            samples,
            Reduction.none(len(parameters)),
            kind="observed",
            rows=rows,
            row_weights=row_weights,
        ),
    )


def _complete(
    samples: list[NormalSample], saturated: list[tuple[FloatArray, FloatArray]]
) -> list[NormalSample]:
    """As many complete answers with the saturated moments."""
    return [
        NormalSample.complete(sample.n_obs, *moments)
        for sample, moments in zip(samples, saturated, strict=True)
    ]


def corrected_test(
    structure: ModelStructure,
    parameters: FloatArray,
    reduction: Reduction,
    df: int,
    samples: list[NormalSample],
    saturated: list[tuple[FloatArray, FloatArray]],
    whole: SaturatedFit,
) -> ChiSquare:
    """The statistic of complete answers at the estimates, with its scaling factor.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Estimates from the incomplete answers.
    reduction : Reduction
        Constraints.
    df : int
        Degrees of freedom, above 0.
    samples : list of NormalSample
        Patterns of each group.
    saturated : list of (mean, covariance)
        Estimates of each group without a model.
    whole : SaturatedFit
        As from `fit_saturated`.

    Returns
    -------
    ChiSquare
        Its factor is tr(U W⁻¹ C W⁻¹ U Γ) / df; W is the information in the incomplete answers, C
        that of complete ones, Γ the covariance matrix of the saturated estimates and U = W −
        WΔ (ΔᵀWΔ)⁻¹ ΔᵀW.

    References
    ----------
    Zhang, X., & Savalei, V. (2022). New computations for RMSEA and CFI following FIML and TS
    estimation with missing data. *Psychological Methods*, 28, 263-283.
    https://doi.org/10.1037/met0000445
    """
    statistic = 0.0
    for group, sample in enumerate(_complete(samples, saturated)):
        implied = implied_moments(assemble(structure, parameters, group))
        there = evaluate_likelihood(sample, implied.covariance, implied.mean)
        best = evaluate_likelihood(sample, saturated[group][1], saturated[group][0])
        if there is None or best is None:
            return ChiSquare(np.nan, df, np.nan)
        statistic += 2.0 * (there.value - best.value)
    slopes = _slopes(structure, parameters, whole.structure)
    weight = whole.information
    pulled = weight @ slopes
    inverse, _ = invert_information(slopes.T @ pulled, reduction)
    residual = weight - pulled @ inverse @ pulled.T
    outer = np.linalg.solve(weight, residual)
    product = outer.T @ whole.complete_information @ outer
    trace = float(np.einsum("ij,ji->", product, whole.inference.covariance))
    return ChiSquare(max(statistic, 0.0), df, trace / df)


def _slopes(
    structure: ModelStructure, parameters: FloatArray, saturated: ModelStructure
) -> FloatArray:
    """Derivatives of all means and covariances with respect to the parameters."""
    found = np.zeros((saturated.n_parameters, structure.n_parameters))
    for group in range(structure.n_groups):
        matrices = assemble(structure, parameters, group)
        along = directions(matrices, implied_moments(matrices), structure.free[group])
        place = saturated.free[group]
        row, column = place.row, place.column
        of_covariance = (
            along.left[row] * along.right[column] + along.right[row] * along.left[column]
        )
        is_mean = (place.matrix == INTERCEPTS)[:, None]
        slopes = np.where(is_mean, along.mean[row], of_covariance)
        found[place.parameter] = slopes @ structure.selection(group)
    return found
