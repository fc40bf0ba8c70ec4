"""Means and covariances of incomplete normal data, and the model in which both are free."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from servqual.numerics.implied_moments import (
    INTERCEPTS,
    RESIDUAL_COVARIANCE,
    FreeElements,
    ModelMatrices,
    ModelStructure,
    vech_indices,
)
from servqual.numerics.normal_discrepancy import NormalSample, evaluate_likelihood
from servqual.typing import BoolArray, FloatArray

__all__ = ["SaturatedEstimate", "pattern_sample", "saturated_moments", "saturated_structure"]

#: Change of the log likelihood per respondent below which EM has arrived.
_TOLERANCE = 1e-13

_MAX_STEPS = 5000


@dataclass(frozen=True, slots=True)
class SaturatedEstimate:
    """Maximum likelihood estimates without a model.

    Attributes
    ----------
    mean : FloatArray, shape (p,)
        Means.
    covariance : FloatArray, shape (p, p)
        Covariances, divisor n.
    n_iterations : int
        Steps of EM.
    converged : bool
        Whether the likelihood stopped rising.
    """

    mean: FloatArray
    covariance: FloatArray
    n_iterations: int
    converged: bool


def pattern_sample(rows: FloatArray, weights: FloatArray | None = None) -> NormalSample:
    """Sort respondents by which questions they answered.

    Parameters
    ----------
    rows : FloatArray, shape (n, p)
        Answers; nan where missing. Every row has at least one.
    weights : FloatArray, shape (n,), optional
        How often each row counts.

    Returns
    -------
    NormalSample

    Examples
    --------
    >>> import numpy as np
    >>> pattern_sample(np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]])).counts.tolist()
    [1.0, 2.0]
    """
    seen = ~np.isnan(rows)
    patterns, member = np.unique(seen, axis=0, return_inverse=True)
    member = member.ravel()
    count = np.ones(len(rows)) if weights is None else weights
    totals: FloatArray = np.bincount(member, count, len(patterns)).astype(float)
    filled = np.where(seen, rows, 0.0)
    size = rows.shape[1]
    means = np.zeros((len(patterns), size))
    np.add.at(means, member, filled * count[:, None])
    means /= totals[:, None]
    centred = np.where(seen, rows - means[member], 0.0)
    covariances = np.zeros((len(patterns), size, size))
    order = np.argsort(member, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(member, minlength=len(patterns)))])
    for number, (first, last) in enumerate(pairwise(bounds)):
        part = centred[order[first:last]]
        covariances[number] = (part * count[order[first:last], None]).T @ part / totals[number]
    return NormalSample(totals, means, covariances, patterns)


def saturated_moments(sample: NormalSample) -> SaturatedEstimate:
    """Maximum likelihood means and covariances, by the EM algorithm where answers are missing.

    A step of EM is a step along the gradient of the log likelihood, Σ ← Σ − Σ Q Σ / n − δδᵀ and
    μ ← μ + δ with δ = Σ r / n, where Q and r are the weights of `evaluate_likelihood`.

    Parameters
    ----------
    sample : NormalSample
        Of one group.

    Returns
    -------
    SaturatedEstimate
        Not converged where some pair of variables was never answered together, or the covariance
        matrix becomes singular.

    References
    ----------
    Dempster, A. P., Laird, N. M., & Rubin, D. B. (1977). Maximum likelihood from incomplete data
    via the EM algorithm. *Journal of the Royal Statistical Society B*, 39, 1-38.
    https://doi.org/10.1111/j.2517-6161.1977.tb01600.x

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0], [2.0, 2.5]])
    >>> found = saturated_moments(pattern_sample(rows))
    >>> found.converged, round(float(found.mean[0]), 6)
    (True, 2.75)
    """
    if not sample.incomplete:
        return SaturatedEstimate(sample.means[0], sample.covariances[0], 0, True)
    answered = sample.counts @ sample.observed
    mean = sample.counts @ np.where(sample.observed, sample.means, 0.0) / answered
    squares = np.diagonal(sample.covariances, axis1=1, axis2=2) + (
        np.where(sample.observed, sample.means - mean, 0.0) ** 2
    )
    covariance = np.diag(sample.counts @ squares / answered)
    n_obs, last = sample.n_obs, np.inf
    for step in range(_MAX_STEPS):
        at = evaluate_likelihood(sample, covariance, mean)
        if at is None:
            return SaturatedEstimate(mean, covariance, step, False)
        if last - at.value <= _TOLERANCE * n_obs:
            return SaturatedEstimate(mean, covariance, step, True)
        last = at.value
        shift = covariance @ at.mean_weight / n_obs
        moved = covariance - covariance @ at.covariance_weight @ covariance / n_obs
        moved = moved - np.outer(shift, shift)
        covariance, mean = (moved + moved.T) / 2.0, mean + shift
    return SaturatedEstimate(mean, covariance, _MAX_STEPS, False)


def saturated_structure(
    means: list[FloatArray], covariances: list[FloatArray]
) -> tuple[ModelStructure, FloatArray]:
    """The model in which all means and covariances are free, and its parameters.

    Parameters
    ----------
    means, covariances : list of FloatArray
        Of each group.

    Returns
    -------
    structure : ModelStructure
    parameters : FloatArray
    """
    size = len(means[0])
    row, column = vech_indices(size)
    everything = np.ones((size, size), dtype=bool)
    return _free_moments(means, covariances, [everything[row, column]] * len(means))


def independence_structure(
    means: list[FloatArray],
    covariances: list[FloatArray],
    explaining: BoolArray,
    given: BoolArray,
    *,
    mean_structure: bool,
) -> tuple[ModelStructure, FloatArray]:
    """The baseline: uncorrelated variables, those that only explain apart, and its parameters.

    Parameters
    ----------
    means, covariances : list of FloatArray
        Of each group; variances are maximum likelihood estimates of each variable alone.
    explaining : BoolArray, shape (p,)
        Observed variables that only explain, which may covary.
    given : BoolArray, shape (p,)
        Those of them whose covariances are taken from the sample.
    mean_structure : bool
        Whether means are part of the model.

    Returns
    -------
    structure : ModelStructure
    parameters : FloatArray
    """
    row, column = vech_indices(len(given))
    free = ((row == column) | (explaining[row] & explaining[column])) & ~(
        given[row] & given[column]
    )
    return _free_moments(
        means, covariances, [free] * len(means), given=given, mean_structure=mean_structure
    )


def _free_moments(
    means: list[FloatArray],
    covariances: list[FloatArray],
    free: list[BoolArray],
    *,
    given: BoolArray | None = None,
    mean_structure: bool = True,
) -> tuple[ModelStructure, FloatArray]:
    """A model without latent variables, some of whose covariances are free and the others zero."""
    size = len(means[0])
    row, column = vech_indices(size)
    fixed, elements, parameters = [], [], []
    last = 0
    own = np.ones(size, dtype=bool) if given is None else ~given
    for mean, covariance, chosen in zip(means, covariances, free, strict=True):
        held = np.zeros((size, size)) if given is None else covariance * np.outer(given, given)
        at = np.flatnonzero(own) if mean_structure else np.zeros(0, dtype=np.int64)
        fixed.append(
            ModelMatrices(
                np.zeros((size, 0)),
                np.zeros((0, 0)),
                np.zeros((0, 0)),
                held,
                np.where(own, 0.0, mean),
                np.zeros(0),
                np.ones(size),
                np.zeros(0),
            )
        )
        count = int(chosen.sum()) + len(at)
        elements.append(
            FreeElements(
                np.concatenate(
                    [np.full(int(chosen.sum()), RESIDUAL_COVARIANCE), np.full(len(at), INTERCEPTS)]
                ),
                np.concatenate([row[chosen], at]),
                np.concatenate([column[chosen], np.zeros(len(at), dtype=np.int64)]),
                np.arange(last, last + count),
            )
        )
        parameters += [covariance[row, column][chosen], mean[at]]
        last += count
    structure = ModelStructure(
        tuple(fixed), tuple(elements), last, mean_structure, np.zeros(0, dtype=np.int64)
    )
    return structure, np.concatenate(parameters)
