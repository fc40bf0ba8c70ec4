"""How far a normal model is from the data, with first and second derivatives.

One group is a stack of patterns of missing answers, each with its number of respondents, means
and covariances; complete data are a stack of one. All matrices are padded to the full number of
variables with zeros where a pattern has no answers, so that products pass over them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from servqual.numerics.implied_moments import Directions
from servqual.typing import BoolArray, FloatArray

__all__ = [
    "Evaluation",
    "NormalSample",
    "evaluate_least_squares",
    "evaluate_likelihood",
    "expected_information",
    "observed_information",
]

#: Patterns handled at once, so that memory stays bounded.
_CHUNK = 512

_LOG_TWO_PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True, eq=False)
class NormalSample:
    """What a group's answers say under normality.

    Attributes
    ----------
    counts : FloatArray, shape (R,)
        Respondents per pattern.
    means : FloatArray, shape (R, p)
        Means of each pattern; 0 where not answered.
    covariances : FloatArray, shape (R, p, p)
        Covariances with divisor n; 0 where not answered.
    observed : BoolArray, shape (R, p)
        Which variables each pattern answered.
    """

    counts: FloatArray
    means: FloatArray
    covariances: FloatArray
    observed: BoolArray

    @classmethod
    def complete(cls, n_obs: float, mean: FloatArray, covariance: FloatArray) -> NormalSample:
        """A sample without missing answers; covariance with divisor n."""
        return cls(
            np.array([float(n_obs)]),
            np.asarray(mean, dtype=float)[None, :],
            np.asarray(covariance, dtype=float)[None, :, :],
            np.ones((1, len(mean)), dtype=bool),
        )

    @property
    def n_obs(self) -> float:
        """Respondents in all patterns."""
        return float(self.counts.sum())

    @property
    def n_answers(self) -> float:
        """Answers in all patterns."""
        return float(self.counts @ self.observed.sum(axis=1))

    @property
    def incomplete(self) -> bool:
        """Whether any answer is missing."""
        return not bool(self.observed.all())

    def chunks(self) -> Iterator[NormalSample]:
        """Parts of at most some hundred patterns."""
        for start in range(0, len(self.counts), _CHUNK):
            part = slice(start, start + _CHUNK)
            yield NormalSample(
                self.counts[part], self.means[part], self.covariances[part], self.observed[part]
            )


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A discrepancy at some moments, summed over the respondents of a group.

    Attributes
    ----------
    value : float
        Half of −2 log likelihood without its constant, or half of n F for least squares.
    covariance_weight : FloatArray, shape (p, p)
        Q, with which ∂value/∂θ_t = left_tᵀ Q right_t − rᵀ ∂μ/∂θ_t.
    mean_weight : FloatArray, shape (p,)
        r.
    """

    value: float
    covariance_weight: FloatArray
    mean_weight: FloatArray

    def gradient(self, along: Directions) -> FloatArray:
        """Derivatives with respect to the elements, shape (n_elements,)."""
        quadratic = np.einsum("it,it->t", along.left, self.covariance_weight @ along.right)
        slope: FloatArray = quadratic - self.mean_weight @ along.mean
        return slope


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Quantities of each pattern at some moments, padded with zeros."""

    inverse: FloatArray
    weighted: FloatArray
    pull: FloatArray
    log_determinant: FloatArray
    distance: FloatArray


def _inverses(sample: NormalSample, covariance: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Inverse of Σ in each pattern, padded with zeros, and its log determinant."""
    seen = sample.observed
    both = seen[:, :, None] & seen[:, None, :]
    padded = np.where(both, covariance, 0.0)
    place = np.arange(covariance.shape[0])
    padded[:, place, place] = np.where(seen, np.diag(covariance), 1.0)
    try:
        factor = np.linalg.cholesky(padded)
    except np.linalg.LinAlgError:
        return None
    diagonal = np.diagonal(factor, axis1=1, axis2=2)
    inverse = np.linalg.inv(padded)
    inverse = np.where(both, (inverse + inverse.transpose(0, 2, 1)) / 2.0, 0.0)
    return inverse, 2.0 * np.log(diagonal).sum(axis=1)


def _patterns(sample: NormalSample, covariance: FloatArray, mean: FloatArray) -> _Patterns | None:
    found = _inverses(sample, covariance)
    if found is None:
        return None
    inverse, log_determinant = found
    deviation = np.where(sample.observed, sample.means - mean, 0.0)
    second = sample.covariances + deviation[:, :, None] * deviation[:, None, :]
    product = inverse @ second
    return _Patterns(
        inverse,
        product @ inverse,
        (inverse @ deviation[:, :, None])[:, :, 0],
        log_determinant,
        np.trace(product, axis1=1, axis2=2),
    )


def evaluate_likelihood(
    sample: NormalSample, covariance: FloatArray, mean: FloatArray
) -> Evaluation | None:
    """Half of −2 log likelihood without its constant, ½ Σ_r n_r [ln|Σ_r| + tr(Σ_r⁻¹ T_r)].

    Parameters
    ----------
    sample : NormalSample
        Of one group.
    covariance : FloatArray, shape (p, p)
        Σ.
    mean : FloatArray, shape (p,)
        μ.

    Returns
    -------
    Evaluation or None
        None where Σ is not positive definite.

    References
    ----------
    Arbuckle, J. L. (1996). Full information estimation in the presence of incomplete data. In
    *Advanced Structural Equation Modeling*, 243-277. Erlbaum.
    https://doi.org/10.4324/9781315827414
    """
    size = len(mean)
    value, quadratic, linear = 0.0, np.zeros((size, size)), np.zeros(size)
    for part in sample.chunks():
        at = _patterns(part, covariance, mean)
        if at is None:
            return None
        value += 0.5 * float(part.counts @ (at.log_determinant + at.distance))
        quadratic += np.tensordot(part.counts, at.inverse - at.weighted, axes=1)
        linear += part.counts @ at.pull
    return Evaluation(value, quadratic, linear)


def log_likelihood(sample: NormalSample, value: float) -> float:
    """Turn the value of `evaluate_likelihood` into the log likelihood, its constant included."""
    return -value - 0.5 * sample.n_answers * _LOG_TWO_PI


def evaluate_least_squares(
    sample: NormalSample, covariance: FloatArray, mean: FloatArray, weight: FloatArray
) -> Evaluation:
    """Half of n times ½ tr{[W (S − Σ)]²} + (m − μ)ᵀ W (m − μ).

    With W = S⁻¹ this is generalised, with W = I unweighted least squares.

    Parameters
    ----------
    sample : NormalSample
        Of one group, complete.
    covariance : FloatArray, shape (p, p)
        Σ.
    mean : FloatArray, shape (p,)
        μ.
    weight : FloatArray, shape (p, p)
        W.

    Returns
    -------
    Evaluation

    References
    ----------
    Browne, M. W. (1974). Generalized least squares estimators in the analysis of covariance
    structures. *South African Statistical Journal*, 8, 1-24.
    """
    n_obs = sample.n_obs
    product = weight @ (sample.covariances[0] - covariance)
    deviation = sample.means[0] - mean
    pull = weight @ deviation
    value = 0.25 * float(np.einsum("ij,ji->", product, product)) + 0.5 * float(deviation @ pull)
    return Evaluation(n_obs * value, -n_obs * (product @ weight), n_obs * pull)


def _weighted_products(
    left: FloatArray, right: FloatArray, first: FloatArray, second: FloatArray
) -> FloatArray:
    """tr(A Σ_s B Σ_t) for A = first and B = second, symmetric, in all pairs (s, t).

    With Σ_t = l_t r_tᵀ + r_t l_tᵀ the trace is a sum of four products of two scalars.
    """
    a_ll, a_rr, a_lr = left.T @ first @ left, right.T @ first @ right, left.T @ first @ right
    if first is second:
        product: FloatArray = 2.0 * (a_ll * a_rr + a_lr * a_lr.T)
        return product
    b_ll, b_rr, b_lr = left.T @ second @ left, right.T @ second @ right, left.T @ second @ right
    mixed: FloatArray = b_lr.T * a_lr + b_rr * a_ll + b_ll * a_rr + b_lr * a_lr.T
    return mixed


def expected_information(
    sample: NormalSample,
    along: Directions,
    covariance: FloatArray | None,
    weight: FloatArray | None,
) -> FloatArray:
    """Expected second derivatives, Σ_r n_r [½ tr(W_r Σ_s W_r Σ_t) + μ_sᵀ W_r μ_t].

    Parameters
    ----------
    sample : NormalSample
        Of one group.
    along : Directions
        Derivatives of the moments.
    covariance : FloatArray, shape (p, p), or None
        Σ, for maximum likelihood: W_r is its inverse in each pattern.
    weight : FloatArray, shape (p, p), or None
        W itself, for least squares.

    Returns
    -------
    FloatArray, shape (n_elements, n_elements)
    """
    if weight is not None:
        half = 0.5 * _weighted_products(along.left, along.right, weight, weight)
        product: FloatArray = sample.n_obs * (half + along.mean.T @ weight @ along.mean)
        return product
    count = along.left.shape[1]
    total = np.zeros((count, count))
    for part in sample.chunks():
        found = None if covariance is None else _inverses(part, covariance)
        if found is None:
            raise ValueError("The covariance matrix is not positive definite.")
        for n_obs, inverse in zip(part.counts, found[0], strict=True):
            half = 0.5 * _weighted_products(along.left, along.right, inverse, inverse)
            total += n_obs * (half + along.mean.T @ inverse @ along.mean)
    return total


def observed_information(
    sample: NormalSample,
    along: Directions,
    covariance: FloatArray,
    mean: FloatArray,
    second: FloatArray,
) -> FloatArray:
    """Second derivatives of the value of `evaluate_likelihood`.

    Parameters
    ----------
    sample : NormalSample
        Of one group.
    along : Directions
        Derivatives of the moments.
    covariance : FloatArray, shape (p, p)
        Σ.
    mean : FloatArray, shape (p,)
        μ.
    second : FloatArray, shape (n_elements, n_elements)
        `implied_moments.second_directions` at the weights of the evaluation.

    Returns
    -------
    FloatArray, shape (n_elements, n_elements)
    """
    total = second.copy()
    left, right = along.left, along.right
    for part in sample.chunks():
        at = _patterns(part, covariance, mean)
        if at is None:
            raise ValueError("The covariance matrix is not positive definite.")
        for n_obs, inverse, weighted, pull in zip(
            part.counts, at.inverse, at.weighted, at.pull, strict=True
        ):
            same = _weighted_products(left, right, inverse, inverse)
            mixed = _weighted_products(left, right, inverse, weighted)
            # μ_sᵀ W Σ_t h, with h the weighted deviation of the means
            weighted_means = along.mean.T @ inverse
            cross = (weighted_means @ left) * (pull @ right) + (weighted_means @ right) * (
                pull @ left
            )
            total += n_obs * (mixed - 0.5 * same + cross + cross.T + weighted_means @ along.mean)
    return total
