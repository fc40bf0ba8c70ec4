"""Tests of linear combinations of regression coefficients, whatever estimated them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import fdtrc

from servqual.typing import FloatArray

__all__ = ["FixedDegrees", "JointTest", "LinearInference", "is_definite"]

#: Smallest eigenvalue of a correlation matrix that counts as positive.
_SINGULAR = 1e-12


@dataclass(frozen=True, slots=True)
class JointTest:
    """F test that several linear combinations of coefficients are zero together.

    Attributes
    ----------
    statistic : float
        F; nan where it does not exist.
    df_numerator, df_denominator : float
        Degrees of freedom.
    p_value : float
        Upper tail.
    """

    statistic: float
    df_numerator: float
    df_denominator: float
    p_value: float


class LinearInference(Protocol):
    """Estimated coefficients of which linear combinations can be tested."""

    @property
    def coefficients(self) -> FloatArray:
        """Estimates, shape (n_terms,)."""
        ...

    @property
    def covariance(self) -> FloatArray:
        """Their covariance matrix, shape (n_terms, n_terms)."""
        ...

    def degrees_of_freedom(self, contrasts: FloatArray) -> FloatArray:
        """Degrees of freedom of t for each contrast, shape (n_contrasts, n_terms)."""
        ...

    def joint_test(self, constraints: FloatArray) -> JointTest:
        """F test that all constraints, shape (n_constraints, n_terms), are zero together."""
        ...


@dataclass(frozen=True, slots=True)
class FixedDegrees:
    """Coefficients whose statistics all have the same degrees of freedom.

    Attributes
    ----------
    coefficients : FloatArray, shape (n_terms,)
        Estimates.
    covariance : FloatArray, shape (n_terms, n_terms)
        Their covariance matrix.
    df : float
        Degrees of freedom: of the residuals, or clusters less one.
    """

    coefficients: FloatArray
    covariance: FloatArray
    df: float

    def degrees_of_freedom(self, contrasts: FloatArray) -> FloatArray:
        """Return the same number for each contrast.

        Parameters
        ----------
        contrasts : FloatArray, shape (n_contrasts, n_terms)
            Linear combinations.

        Returns
        -------
        FloatArray, shape (n_contrasts,)
        """
        return np.full(len(contrasts), self.df)

    def joint_test(self, constraints: FloatArray) -> JointTest:
        """Wald test, divided by the number of constraints and held against F.

        Parameters
        ----------
        constraints : FloatArray, shape (n_constraints, n_terms)
            Linear combinations that are zero together.

        Returns
        -------
        JointTest
            nan where the covariance matrix has too low a rank.

        Examples
        --------
        >>> import numpy as np
        >>> fit = FixedDegrees(np.array([1.0, 0.5]), np.diag([0.04, 0.01]), 20.0)
        >>> round(fit.joint_test(np.eye(2)).statistic, 6)
        25.0
        """
        size = len(constraints)
        spread = constraints @ self.covariance @ constraints.T
        if self.df < size or not is_definite(spread):
            return JointTest(float("nan"), float(size), float(self.df), float("nan"))
        estimate = constraints @ self.coefficients
        statistic = float(estimate @ np.linalg.solve(spread, estimate)) / size
        return JointTest(
            statistic, float(size), float(self.df), float(fdtrc(size, self.df, statistic))
        )


def is_definite(covariance: FloatArray) -> bool:
    """Whether a covariance matrix has full rank, on the scale of correlations.

    Parameters
    ----------
    covariance : FloatArray, shape (n, n)
        Symmetric.

    Returns
    -------
    bool
        False also where something is nan.

    Examples
    --------
    >>> import numpy as np
    >>> is_definite(np.array([[1.0, 2.0], [2.0, 4.0]]))
    False
    """
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    if not np.isfinite(covariance).all() or not (spread > 0).all():
        return False
    correlation = covariance / np.outer(spread, spread)
    return bool(np.linalg.eigvalsh(correlation)[0] > _SINGULAR)
