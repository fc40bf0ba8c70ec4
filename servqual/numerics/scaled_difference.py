"""Tests of nested models whose statistics are scaled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from servqual.numerics.fit_indices import ChiSquare

__all__ = ["DifferenceTest", "difference_test"]


@dataclass(frozen=True, slots=True)
class DifferenceTest:
    """Difference of two nested models.

    Attributes
    ----------
    chi2 : float
        Statistic, scaled where those of the models are; nan if its scaling factor is not positive.
    df : int
        Its degrees of freedom.
    p_value : float
        Upper tail.
    scaling_factor : float
        Of the difference.
    """

    chi2: float
    df: int
    p_value: float
    scaling_factor: float


def difference_test(restricted: ChiSquare, free: ChiSquare) -> DifferenceTest:
    """Likelihood ratio test of a restricted model within a freer one.

    The difference of scaled statistics does not follow the χ² distribution. The difference of the
    plain ones is divided by its own factor, c = (d₀c₀ − d₁c₁) / (d₀ − d₁).

    Parameters
    ----------
    restricted : ChiSquare
        Of the model with more degrees of freedom, d₀, and scaling factor c₀.
    free : ChiSquare
        Of the model with fewer.

    Returns
    -------
    DifferenceTest

    References
    ----------
    Satorra, A., & Bentler, P. M. (2001). A scaled difference chi-square test statistic for moment
    structure analysis. *Psychometrika*, 66, 507-514. https://doi.org/10.1007/BF02296192

    Examples
    --------
    >>> found = difference_test(ChiSquare(124.044, 54), ChiSquare(115.851, 48))
    >>> round(found.chi2, 3), found.df, round(found.p_value, 3)
    (8.193, 6, 0.224)
    """
    df = restricted.df - free.df
    if df <= 0:
        return DifferenceTest(np.nan, df, np.nan, np.nan)
    factor = (restricted.df * restricted.scaling_factor - free.df * free.scaling_factor) / df
    if factor <= 0.0:
        return DifferenceTest(np.nan, df, np.nan, factor)
    chi2 = (restricted.chi2 - free.chi2) / factor
    return DifferenceTest(chi2, df, float(special.chdtrc(df, max(chi2, 0.0))), factor)
