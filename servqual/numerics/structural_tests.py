"""Standard errors and tests of an estimated normal model, classical and robust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from servqual.numerics.fit_indices import ChiSquare
from servqual.numerics.implied_moments import ModelStructure, assemble, implied_moments
from servqual.numerics.normal_discrepancy import NormalSample
from servqual.numerics.structural_fit import (
    Reduction,
    casewise_scores,
    information,
    invert_information,
    weights_of,
)
from servqual.typing import FloatArray, IntArray

__all__ = ["Inference", "implied_of", "infer", "scaled_test"]


@dataclass(frozen=True, slots=True)
class Inference:
    """Uncertainty of estimates.

    Attributes
    ----------
    covariance : FloatArray, shape (q, q)
        Of the estimates; nan where they are not determined.
    undetermined : IntArray
        Parameters about which there is no information.
    trace_model : float
        tr(B A⁻¹) over the parameters, by which robust tests are scaled; nan if not robust.
    """

    covariance: FloatArray
    undetermined: IntArray
    trace_model: float


def infer(
    structure: ModelStructure,
    parameters: FloatArray,
    samples: list[NormalSample],
    reduction: Reduction,
    *,
    kind: Literal["expected", "observed"],
    criterion: Literal["likelihood", "generalised", "unweighted"] = "likelihood",
    rows: list[FloatArray] | None = None,
    row_weights: list[FloatArray] | None = None,
    shrink: float = 1.0,
) -> Inference:
    """Covariance matrix of the estimates, A⁻¹ or the sandwich A⁻¹ B A⁻¹.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Estimates.
    samples : list of NormalSample
        One per group.
    reduction : Reduction
        Constraints.
    kind : {"expected", "observed"}
        Which information A is.
    criterion : {"likelihood", "generalised", "unweighted"}, default "likelihood"
        What was minimised.
    rows : list of FloatArray, shape (n, p), optional
        Respondents' answers per group: the sandwich is computed (Huber 1967, White 1982).
    row_weights : list of FloatArray, shape (n,), optional
        How often each respondent counts.
    shrink : float, default 1
        By which the information is multiplied, such as (n − 1) / n.

    Returns
    -------
    Inference

    References
    ----------
    White, H. (1982). Maximum likelihood estimation of misspecified models. *Econometrica*, 50,
    1-25. https://doi.org/10.2307/1912526
    """
    bread = shrink * information(
        structure, parameters, samples, weights_of(samples, criterion), kind
    )
    inverse, undetermined = invert_information(bread, reduction)
    if criterion == "unweighted":
        # Under normality n Cov(s) is 2 S ⊗ S, in which the weight of the middle is S itself.
        spreads: list[FloatArray | None] = [sample.covariances[0] for sample in samples]
        middle = shrink * information(structure, parameters, samples, spreads, kind)
        return Inference(inverse @ middle @ inverse, undetermined, np.nan)
    if rows is None:
        return Inference(inverse, undetermined, np.nan)
    meat = np.zeros_like(bread)
    for group, values in enumerate(rows):
        scores = casewise_scores(structure, parameters, group, values, samples[group].means[0])
        scores = scores @ structure.selection(group)
        weighted = scores if row_weights is None else scores * row_weights[group][:, None]
        meat += scores.T @ weighted
    sandwich = inverse @ meat @ inverse
    return Inference(sandwich, undetermined, float(np.einsum("ij,ji->", meat, inverse)))


def _saturated_trace(
    rows: FloatArray, weights: FloatArray | None, spread: FloatArray, mean_structure: bool
) -> float:
    """tr(W Γ) of all covariances, from Mardia's kurtosis: no matrix of fourth moments is needed."""
    inverse = np.linalg.inv(spread)
    count = np.ones(len(rows)) if weights is None else weights
    total = float(count.sum())
    mean = count @ rows / total
    centred = rows - mean
    distance = np.einsum("ij,ij->i", centred @ inverse, centred)
    covariance = (centred * count[:, None]).T @ centred / total
    product = inverse @ covariance
    fourth = float(count @ distance**2) / total
    trace = 0.5 * (fourth - float(np.einsum("ij,ji->", product, product)))
    return trace + (float(np.trace(product)) if mean_structure else 0.0)


def scaled_test(
    chi2: float,
    df: int,
    trace_model: float,
    rows: list[FloatArray],
    row_weights: list[FloatArray] | None,
    weights_at: list[FloatArray],
    given: IntArray,
    *,
    mean_structure: bool,
) -> ChiSquare:
    """Yuan–Bentler or Satorra–Bentler test: the statistic divided by tr(UΓ) / df.

    The trace is that of the saturated model minus that of the model itself.

    Parameters
    ----------
    chi2 : float
        Plain statistic.
    df : int
        Its degrees of freedom.
    trace_model : float
        `Inference.trace_model`.
    rows, row_weights : list of FloatArray
        Answers of each group, complete, and how often each counts.
    weights_at : list of FloatArray, shape (p, p)
        Covariance matrix at which the saturated model's weight is taken: of the sample
        (Yuan–Bentler) or implied (Satorra–Bentler).
    given : IntArray
        Fixed exogenous variables. The model is about the others given these, whose own share of
        the trace is taken off.
    mean_structure : bool
        Whether means belong to the model.

    Returns
    -------
    ChiSquare

    References
    ----------
    Yuan, K.-H., & Bentler, P. M. (2000). Three likelihood-based methods for mean and covariance
    structure analysis with nonnormal missing data. *Sociological Methodology*, 30, 165-200.
    https://doi.org/10.1111/0081-1750.00078

    Satorra, A., & Bentler, P. M. (1994). Corrections to test statistics and standard errors in
    covariance structure analysis. In *Latent Variables Analysis*, 399-419. Sage.
    """
    if df <= 0:
        return ChiSquare(chi2, df)
    trace = -trace_model
    for group, (values, spread) in enumerate(zip(rows, weights_at, strict=True)):
        weights = None if row_weights is None else row_weights[group]
        trace += _saturated_trace(values, weights, spread, mean_structure)
        if given.size:
            own = spread[np.ix_(given, given)]
            trace -= _saturated_trace(values[:, given], weights, own, mean_structure)
    return ChiSquare(chi2, df, trace / df)


def implied_of(
    structure: ModelStructure, parameters: FloatArray
) -> list[tuple[FloatArray, FloatArray]]:
    """Implied means and covariances of each group.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Where.

    Returns
    -------
    list of (mean, covariance)
    """
    found = []
    for group in range(structure.n_groups):
        implied = implied_moments(assemble(structure, parameters, group))
        found.append((implied.mean, implied.covariance))
    return found
