"""What would change if fixed elements of a model were free, and residuals with standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.numerics.implied_moments import (
    FreeElements,
    ModelStructure,
    assemble,
    directions,
    implied_moments,
    vech_indices,
)
from servqual.numerics.normal_discrepancy import NormalSample
from servqual.numerics.structural_fit import Reduction, information, point_of
from servqual.typing import FloatArray, IntArray

__all__ = ["ScoreTests", "absent_elements", "residual_z", "score_tests"]


@dataclass(frozen=True, slots=True)
class ScoreTests:
    """Score tests of elements that are not free.

    Attributes
    ----------
    statistic : FloatArray, shape (k,)
        Modification indices: by how much χ² would fall, at least nearly; nan where the element
        could not be estimated.
    expected_change : FloatArray, shape (k,)
        Value that the element would take, less the one that it has.
    """

    statistic: FloatArray
    expected_change: FloatArray


def score_tests(
    structure: ModelStructure,
    parameters: FloatArray,
    samples: list[NormalSample],
    reduction: Reduction,
    candidates: list[FreeElements],
) -> ScoreTests:
    """Test fixed elements one at a time by their scores.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Maximum likelihood estimates.
    samples : list of NormalSample
        One per group.
    reduction : Reduction
        Constraints.
    candidates : list of FreeElements
        Elements to be tested in each group, numbered from 0 over all groups.

    Returns
    -------
    ScoreTests

    References
    ----------
    Sörbom, D. (1989). Model modification. *Psychometrika*, 54, 371-384.
    https://doi.org/10.1007/BF02294623
    """
    q = structure.n_parameters
    count = 1 + max((int(part.parameter.max(initial=-1)) for part in candidates), default=-1)
    values = np.zeros(count)
    free = []
    for group, part in enumerate(candidates):
        matrices = assemble(structure, parameters, group).parts()
        for number, row, column, place in zip(
            part.matrix, part.row, part.column, part.parameter, strict=True
        ):
            held = matrices[number]
            values[place] = held[row] if held.ndim == 1 else held[row, column]
        own = structure.free[group]
        free.append(
            FreeElements(
                np.concatenate([own.matrix, part.matrix]),
                np.concatenate([own.row, part.row]),
                np.concatenate([own.column, part.column]),
                np.concatenate([own.parameter, part.parameter + q]),
            )
        )
    wider = ModelStructure(
        structure.fixed, tuple(free), q + count, structure.mean_structure, structure.threshold_items
    )
    point = np.concatenate([parameters, values])
    weights: list[FloatArray | None] = [None] * len(samples)
    full = information(wider, point, samples, weights, "expected")
    slope = np.zeros(q + count)
    for group, sample in enumerate(samples):
        at = point_of(wider, point, group, sample, None)
        if at is None:
            raise ValueError("The implied covariance matrix is not positive definite.")
        along = directions(at.matrices, at.implied, wider.free[group])
        gradient = np.einsum("it,it->t", along.left, at.evaluation.covariance_weight @ along.right)
        if structure.mean_structure:
            gradient = gradient - at.evaluation.mean_weight @ along.mean
        np.add.at(slope, wider.free[group].parameter, gradient)
    basis = reduction.basis
    known = basis.T @ full[:q, :q] @ basis
    cross = basis.T @ full[:q, q:]
    remaining = np.diag(full)[q:] - np.einsum("ij,ij->j", cross, np.linalg.solve(known, cross))
    estimable = remaining > 1e-9 * np.diag(full)[q:]
    remaining = np.where(estimable, remaining, np.nan)
    score = -slope[q:]
    return ScoreTests(score**2 / remaining, score / remaining)


def residual_z(
    structure: ModelStructure,
    parameters: FloatArray,
    sample: NormalSample,
    group: int,
    parameter_covariance: FloatArray,
) -> FloatArray:
    """Covariance residuals divided by their standard errors under normality.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Maximum likelihood estimates.
    sample : NormalSample
        The group's data, complete.
    group : int
        From 0.
    parameter_covariance : FloatArray, shape (q, q)
        Of the estimates, from the expected information.

    Returns
    -------
    FloatArray, shape (p, p)
        nan where the residual cannot vary, such as on the diagonal of a model with free residual
        variances.

    References
    ----------
    Ogasawara, H. (2001). Standard errors of fit indices using residuals in structural equation
    modeling. *Psychometrika*, 66, 421-436. https://doi.org/10.1007/BF02294443
    """
    matrices = assemble(structure, parameters, group)
    implied = implied_moments(matrices)
    free = structure.free[group]
    slopes = directions(matrices, implied, free).aggregated() @ structure.selection(group)
    row, column = vech_indices(len(implied.mean))
    sigma, observed = implied.covariance, sample.covariances[0]
    weight = np.linalg.inv(_normal_covariance(sigma, row, column))
    projection = sample.n_obs * slopes @ parameter_covariance @ slopes.T @ weight
    remover = np.eye(len(row)) - projection
    gamma = _normal_covariance(observed, row, column)
    variance = np.einsum("ij,ij->i", remover @ gamma, remover) / sample.n_obs
    residual = (observed - sigma)[row, column]
    moving = variance > 1e-9 * np.diag(gamma) / sample.n_obs
    z = np.full(len(row), np.nan)
    z[moving] = residual[moving] / np.sqrt(variance[moving])
    square = np.full_like(sigma, np.nan)
    square[row, column] = z
    square[column, row] = z
    return square


def _normal_covariance(spread: FloatArray, row: IntArray, column: IntArray) -> FloatArray:
    """Covariances of sample covariances under normality, times n."""
    crossed: FloatArray = (
        spread[np.ix_(row, row)] * spread[np.ix_(column, column)]
        + spread[np.ix_(row, column)] * spread[np.ix_(column, row)]
    )
    return crossed


def absent_elements(
    structure: ModelStructure, n_measured: int, matrices: tuple[int, ...]
) -> tuple[list[FreeElements], list[tuple[int, int, int, int]]]:
    """Elements that are fixed at zero in a model, as candidates for `score_tests`.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    n_measured : int
        Latent variables that are measured, before those that stand for observed variables.
    matrices : tuple of int
        Numbers of the matrices to look through: loadings, (residual) covariances.

    Returns
    -------
    candidates : list of FreeElements
        One per group.
    places : list of (group, matrix, row, column)
        Of each candidate.
    """
    candidates: list[FreeElements] = []
    places: list[tuple[int, int, int, int]] = []
    for group, (fixed, free) in enumerate(zip(structure.fixed, structure.free, strict=True)):
        own_rows = (fixed.loadings[:, n_measured:] == 1.0).any(axis=1)
        found: list[tuple[int, int, int, int]] = []
        for number in matrices:
            part = fixed.parts()[number]
            taken = part != 0.0
            here = free.matrix == number
            taken[free.row[here], free.column[here]] = True
            symmetric = number in (2, 3)
            if symmetric:
                taken |= taken.T
            for row, column in zip(*np.nonzero(~taken), strict=True):
                measured = row >= len(own_rows) or not own_rows[row] or number == 2
                if symmetric and (column >= row or (number == 3 and own_rows[column])):
                    continue
                if not measured or (number == 0 and column >= n_measured):
                    continue
                found.append((group, number, int(row), int(column)))
        numbers: IntArray = np.arange(len(places), len(places) + len(found))
        table = np.array(found, dtype=np.int64).reshape(-1, 4)
        candidates.append(FreeElements(table[:, 1], table[:, 2], table[:, 3], numbers))
        places += found
    return candidates, places
