"""Shifted sums of values and of their products: the arithmetic beneath `Moments`.

Likert answers minus a whole (or half) number are exact in binary floating point, and so are their
sums and products below 2**53. That is why the same answers give the same bits whatever the batches,
their order or the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.typing import FloatArray


def frozen(array: FloatArray) -> FloatArray:
    """Return a read-only float copy, so that a statistic cannot change after it was made."""
    result = np.array(array, dtype=np.float64)
    result.flags.writeable = False
    return result


def _column_sums(values: FloatArray) -> FloatArray:
    """Sum each column by itself, which numpy does pairwise; row by row, rounding would pile up."""
    return np.array([column.sum() for column in values.T], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class ShiftedSums:
    """Weighted sums of values around a fixed shift.

    Attributes
    ----------
    weight : float
        Sum of the weights (the number of rows when there are none).
    total : ndarray, shape (p,)
        Weighted sums of ``x - shift``.
    cross : ndarray, shape (p, p)
        Weighted sums of the products ``(x_j - shift_j)(x_k - shift_k)``.
    """

    weight: float
    total: FloatArray
    cross: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", float(self.weight))
        object.__setattr__(self, "total", frozen(self.total))
        object.__setattr__(self, "cross", frozen(self.cross))

    @classmethod
    def zero(cls, n_variables: int) -> ShiftedSums:
        """Sums over nobody."""
        return cls(0.0, np.zeros(n_variables), np.zeros((n_variables, n_variables)))

    @classmethod
    def collect(cls, deviations: FloatArray, weights: FloatArray | None) -> ShiftedSums:
        """Sum over rows of shape (n, p), which already have the shift taken off."""
        if weights is None:
            return cls(len(deviations), _column_sums(deviations), deviations.T @ deviations)
        weighted = deviations * weights[:, None]
        return cls(weights.sum(), _column_sums(weighted), deviations.T @ weighted)

    def reshift(self, by: FloatArray) -> ShiftedSums:
        """Sums around ``shift + by`` instead of ``shift``."""
        if not by.any():
            return self
        total = self.total - self.weight * by
        mixed = np.outer(self.total, by)
        cross = self.cross - mixed - mixed.T + self.weight * np.outer(by, by)
        return ShiftedSums(self.weight, total, cross)

    def __add__(self, other: ShiftedSums) -> ShiftedSums:
        return ShiftedSums(
            self.weight + other.weight, self.total + other.total, self.cross + other.cross
        )

    def select(self, index: list[int]) -> ShiftedSums:
        """Sums of the variables at `index`, in that order."""
        return ShiftedSums(self.weight, self.total[index], self.cross[np.ix_(index, index)])

    def transform(self, matrix: FloatArray) -> ShiftedSums:
        """Sums of the linear combinations ``matrix @ (x - shift)``."""
        return ShiftedSums(self.weight, matrix @ self.total, matrix @ self.cross @ matrix.T)

    def mean(self, shift: FloatArray) -> FloatArray:
        """Weighted means, shape (p,), from a numerator that is exact for Likert answers."""
        return (self.total + self.weight * shift) / self.weight

    def centred_cross(self) -> FloatArray:
        """Weighted cross-products around the mean, shape (p, p).

        ``(W·C − t tᵀ) / W`` rather than ``C − t tᵀ / W``: whole numbers stay exact up to the one
        division.
        """
        return (self.weight * self.cross - np.outer(self.total, self.total)) / self.weight

    def cross_around(self, centre: FloatArray) -> FloatArray:
        """Weighted cross-products around `centre`, given as a deviation from the shift."""
        mixed = np.outer(self.total, centre)
        return self.cross - mixed - mixed.T + self.weight * np.outer(centre, centre)
