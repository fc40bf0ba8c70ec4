"""Estimation of a structural equation model for normal variables: ML, FIML, GLS and ULS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import linalg

from servqual.numerics.implied_moments import (
    Directions,
    Implied,
    ModelMatrices,
    ModelStructure,
    assemble,
    directions,
    implied_moments,
    second_directions,
)
from servqual.numerics.normal_discrepancy import (
    Evaluation,
    NormalSample,
    evaluate_least_squares,
    evaluate_likelihood,
    expected_information,
    observed_information,
)
from servqual.numerics.scoring import Problem, Solution, minimise
from servqual.numerics.starting_values import plain_starting_values, starting_values
from servqual.typing import FloatArray, IntArray

__all__ = [
    "NormalCriterion",
    "Point",
    "Reduction",
    "casewise_scores",
    "fit_normal",
    "information",
    "invert_information",
    "point_of",
    "weights_of",
]

#: Rows whose scores are made at once, few enough for the processor's cache.
_ROWS_AT_ONCE = 4096

NormalCriterion = Literal["likelihood", "generalised", "unweighted"]


@dataclass(frozen=True, slots=True)
class Reduction:
    """Linear equality constraints: parameters = offset + basis @ reduced parameters.

    Attributes
    ----------
    basis : FloatArray, shape (q, r)
        Orthonormal columns.
    offset : FloatArray, shape (q,)
        A point that fulfils the constraints.
    """

    basis: FloatArray
    offset: FloatArray

    @classmethod
    def none(cls, size: int) -> Reduction:
        """No constraint."""
        return cls(np.eye(size), np.zeros(size))

    @classmethod
    def of_constraints(cls, coefficients: FloatArray, constants: FloatArray) -> Reduction:
        """Constraints coefficients @ parameters = constants."""
        basis = linalg.null_space(coefficients)
        offset: FloatArray = np.linalg.lstsq(coefficients, constants, rcond=None)[0].astype(float)
        return cls(basis, offset)

    def expand(self, reduced: FloatArray) -> FloatArray:
        """All parameters."""
        parameters: FloatArray = self.offset + self.basis @ reduced
        return parameters

    def reduce(self, parameters: FloatArray) -> FloatArray:
        """The nearest reduced parameters."""
        reduced: FloatArray = self.basis.T @ (parameters - self.offset)
        return reduced


@dataclass(frozen=True, slots=True)
class Point:
    """A group's model at some parameters.

    Attributes
    ----------
    matrices : ModelMatrices
        Its matrices.
    implied : Implied
        What they imply.
    mean : FloatArray, shape (p,)
        Implied means; the sample's where means are saturated.
    evaluation : Evaluation
        The discrepancy there.
    """

    matrices: ModelMatrices
    implied: Implied
    mean: FloatArray
    evaluation: Evaluation


def weights_of(samples: list[NormalSample], criterion: NormalCriterion) -> list[FloatArray | None]:
    """Weight matrices of least squares, one per group; None for the likelihood.

    Parameters
    ----------
    samples : list of NormalSample
        One per group.
    criterion : {"likelihood", "generalised", "unweighted"}
        What is minimised.

    Returns
    -------
    list of FloatArray or None
    """
    if criterion == "likelihood":
        return [None] * len(samples)
    if criterion == "unweighted":
        return [np.eye(sample.means.shape[1]) for sample in samples]
    return [np.linalg.inv(sample.covariances[0]) for sample in samples]


def point_of(
    structure: ModelStructure,
    parameters: FloatArray,
    group: int,
    sample: NormalSample,
    weight: FloatArray | None,
) -> Point | None:
    """Evaluate a group's discrepancy; None where it does not exist.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Parameters.
    group : int
        From 0.
    sample : NormalSample
        The group's data.
    weight : FloatArray or None
        Weight of least squares.

    Returns
    -------
    Point or None
    """
    matrices = assemble(structure, parameters, group)
    try:
        implied = implied_moments(matrices)
    except np.linalg.LinAlgError:
        return None
    mean = implied.mean if structure.mean_structure else sample.means[0]
    if weight is None:
        evaluation = evaluate_likelihood(sample, implied.covariance, mean)
    else:
        evaluation = evaluate_least_squares(sample, implied.covariance, mean, weight)
    return None if evaluation is None else Point(matrices, implied, mean, evaluation)


def _along(structure: ModelStructure, point: Point, group: int) -> Directions:
    along = directions(point.matrices, point.implied, structure.free[group])
    if structure.mean_structure:
        return along
    return Directions(along.left, along.right, np.zeros_like(along.mean))


def information(
    structure: ModelStructure,
    parameters: FloatArray,
    samples: list[NormalSample],
    weights: list[FloatArray | None],
    kind: Literal["expected", "observed"],
) -> FloatArray:
    """Second derivatives of the discrepancy, summed over respondents.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Where; the discrepancy must exist there.
    samples : list of NormalSample
        One per group.
    weights : list of FloatArray or None
        As from `weights_of`.
    kind : {"expected", "observed"}
        Expected under the model, or as they are; least squares know the expected ones only.

    Returns
    -------
    FloatArray, shape (q, q)

    Raises
    ------
    ValueError
        If the discrepancy does not exist at the parameters.
    """
    total = np.zeros((structure.n_parameters, structure.n_parameters))
    for group, (sample, weight) in enumerate(zip(samples, weights, strict=True)):
        point = point_of(structure, parameters, group, sample, weight)
        if point is None:
            raise ValueError("The implied covariance matrix is not positive definite.")
        along = _along(structure, point, group)
        if kind == "expected" or weight is not None:
            part = expected_information(sample, along, point.implied.covariance, weight)
        else:
            second = second_directions(
                point.matrices,
                point.implied,
                structure.free[group],
                point.evaluation.covariance_weight,
                point.evaluation.mean_weight
                if structure.mean_structure
                else np.zeros(len(point.mean)),
            )
            part = observed_information(sample, along, point.implied.covariance, point.mean, second)
        chosen = structure.selection(group)
        total += chosen.T @ part @ chosen
    return total


def _problem(
    structure: ModelStructure,
    samples: list[NormalSample],
    weights: list[FloatArray | None],
    reduction: Reduction,
) -> Problem:
    """The discrepancy as a function of reduced parameters."""

    def evaluate(reduced: FloatArray) -> tuple[float, FloatArray] | None:
        parameters = reduction.expand(reduced)
        value, gradient = 0.0, np.zeros(structure.n_parameters)
        for group, (sample, weight) in enumerate(zip(samples, weights, strict=True)):
            point = point_of(structure, parameters, group, sample, weight)
            if point is None:
                return None
            value += point.evaluation.value
            slope = point.evaluation.gradient(_along(structure, point, group))
            np.add.at(gradient, structure.free[group].parameter, slope)
        return value, reduction.basis.T @ gradient

    def curvature(kind: Literal["expected", "observed"]) -> object:
        def second(reduced: FloatArray) -> FloatArray:
            full = information(structure, reduction.expand(reduced), samples, weights, kind)
            product: FloatArray = reduction.basis.T @ full @ reduction.basis
            return product

        return second

    is_likelihood = all(weight is None for weight in weights)
    return Problem(
        evaluate,
        curvature("expected"),  # type: ignore[arg-type]
        curvature("observed") if is_likelihood else None,  # type: ignore[arg-type]
    )


def fit_normal(
    structure: ModelStructure,
    samples: list[NormalSample],
    *,
    criterion: NormalCriterion = "likelihood",
    reduction: Reduction | None = None,
    start: FloatArray | None = None,
    saturated: list[tuple[FloatArray, FloatArray]] | None = None,
    max_iterations: int = 300,
) -> Solution:
    """Estimate the free parameters of a model.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    samples : list of NormalSample
        One per group.
    criterion : {"likelihood", "generalised", "unweighted"}, default "likelihood"
        What is minimised.
    reduction : Reduction, optional
        Linear equality constraints.
    start : FloatArray, shape (q,), optional
        Starting values; nan where they are to be found.
    saturated : list of (mean, covariance), optional
        Saturated estimates of each group, for starting values with missing answers.
    max_iterations : int, default 300
        Steps after which the search gives up.

    Returns
    -------
    Solution
        Its parameters are all q; converged or not.

    Raises
    ------
    ValueError
        If no starting values with a positive definite covariance matrix are found.
    """
    reduction = reduction or Reduction.none(structure.n_parameters)
    weights = weights_of(samples, criterion)
    problem = _problem(structure, samples, weights, reduction)
    moments = saturated or [(sample.means[0], sample.covariances[0]) for sample in samples]
    means, covariances = [mean for mean, _ in moments], [spread for _, spread in moments]
    nothing = [np.zeros(0)] * len(samples)
    tried: Solution | None = None
    for guess_of in (starting_values, plain_starting_values):
        guess = guess_of(structure, covariances, means, nothing)
        if start is not None:
            guess = np.where(np.isnan(start), guess, start)
        reduced = reduction.reduce(guess)
        if problem.evaluate(reduced) is None:
            continue
        found = minimise(problem, reduced, max_iterations=max_iterations)
        if tried is None or (found.converged and not tried.converged):
            tried = found
        if tried.converged:
            break
    if tried is None:
        raise ValueError("No starting values imply a positive definite covariance matrix.")
    return Solution(
        reduction.expand(tried.parameters),
        tried.value,
        tried.gradient,
        tried.decrement,
        tried.n_iterations,
        tried.converged,
    )


def invert_information(matrix: FloatArray, reduction: Reduction) -> tuple[FloatArray, IntArray]:
    """Inverse of an information matrix under constraints, and what it does not determine.

    Parameters
    ----------
    matrix : FloatArray, shape (q, q)
        Information about all parameters.
    reduction : Reduction
        Constraints.

    Returns
    -------
    inverse : FloatArray, shape (q, q)
        Basis (basisᵀ matrix basis)⁻¹ basisᵀ; nan if it does not exist.
    undetermined : IntArray
        Parameters that take part in a direction without information.
    """
    basis = reduction.basis
    reduced = basis.T @ matrix @ basis
    scale = np.sqrt(np.maximum(np.abs(np.diag(reduced)), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(reduced / np.outer(scale, scale))
    weak = np.abs(values) < 1e-10
    if weak.any():
        loose = np.abs(basis @ (vectors[:, weak] / scale[:, None])).max(axis=1)
        undetermined = np.flatnonzero(loose > 0.01 * loose.max())
        return np.full_like(matrix, np.nan), undetermined
    half = basis @ (vectors / scale[:, None])
    inverse: FloatArray = (half / values) @ half.T
    return inverse, np.zeros(0, dtype=np.int64)


def casewise_scores(
    structure: ModelStructure,
    parameters: FloatArray,
    group: int,
    rows: FloatArray,
    sample_mean: FloatArray | None = None,
) -> FloatArray:
    """Derivative of each respondent's log likelihood with respect to the free elements.

    Parameters
    ----------
    structure : ModelStructure
        The model.
    parameters : FloatArray, shape (q,)
        Where.
    group : int
        From 0.
    rows : FloatArray, shape (n, p)
        Answers; nan where missing.
    sample_mean : FloatArray, shape (p,), optional
        Means of the sample, from which deviations are taken where the model has no means.

    Returns
    -------
    FloatArray, shape (n, n_elements)
    """
    matrices = assemble(structure, parameters, group)
    implied = implied_moments(matrices)
    along = directions(matrices, implied, structure.free[group])
    mean = implied.mean
    if not structure.mean_structure and sample_mean is not None:
        mean = sample_mean
    slopes = along.mean if structure.mean_structure else np.zeros_like(along.mean)
    seen = ~np.isnan(rows)
    # Complete answers are one pattern; to sort them in order to see that would take longest.
    patterns, member = seen[:1], np.zeros(len(rows), dtype=np.int64)
    if not seen.all():
        patterns, member = np.unique(seen, axis=0, return_inverse=True)
    scores = np.zeros((len(rows), along.left.shape[1]))
    for number, pattern in enumerate(patterns):
        at = np.flatnonzero(member.ravel() == number)
        inverse = np.linalg.inv(implied.covariance[np.ix_(pattern, pattern)])
        left, right = along.left[pattern], along.right[pattern]
        constant = np.einsum("it,it->t", left, inverse @ right)
        for start in range(0, len(at), _ROWS_AT_ONCE):
            part = at[start : start + _ROWS_AT_ONCE]
            pull = (rows[np.ix_(part, pattern)] - mean[pattern]) @ inverse
            own = (pull @ left) * (pull @ right)
            own -= constant
            if structure.mean_structure:
                own += pull @ slopes[pattern]
            scores[part] = own
    return scores
