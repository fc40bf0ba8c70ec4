"""Fitness of correlations for factor analysis: Kaiser–Meyer–Olkin and Bartlett."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, special

from servqual.numerics.smoothing import SINGULAR
from servqual.typing import FloatArray

__all__ = ["SamplingAdequacy", "sampling_adequacy"]


@dataclass(frozen=True, slots=True)
class SamplingAdequacy:
    """Two measures of a correlation matrix.

    Attributes
    ----------
    kmo : float
        Kaiser–Meyer–Olkin measure: between 0 and 1, large when partial correlations are small.
    kmo_items : FloatArray, shape (n_variables,)
        The same for each variable.
    bartlett_chi2 : float
        Bartlett's test that all correlations are zero.
    bartlett_df : int
        Its degrees of freedom.
    bartlett_p : float
        Its p-value.
    """

    kmo: float
    kmo_items: FloatArray
    bartlett_chi2: float
    bartlett_df: int
    bartlett_p: float


def sampling_adequacy(correlation: FloatArray, n_obs: float) -> SamplingAdequacy:
    """Kaiser–Meyer–Olkin measure of sampling adequacy and Bartlett's test of sphericity.

    Parameters
    ----------
    correlation : FloatArray, shape (n_variables, n_variables)
        Correlation matrix.
    n_obs : float
        Respondents; nan where the test does not apply, which leaves the measure.

    Returns
    -------
    SamplingAdequacy
        All nan for a matrix without an inverse.

    Notes
    -----
    KMO = sum r^2 / (sum r^2 + sum q^2) over the pairs, q being the partial correlation given all
    other variables. Bartlett: -(n - 1 - (2p + 5) / 6) log det R, with p (p - 1) / 2 degrees of
    freedom, for normal variables.

    References
    ----------
    Kaiser, H. F. (1974). An index of factorial simplicity. Psychometrika, 39, 31-36.
    https://doi.org/10.1007/BF02291575

    Bartlett, M. S. (1950). Tests of significance in factor analysis. British Journal of Statistical
    Psychology, 3, 77-85. https://doi.org/10.1111/j.2044-8317.1950.tb00285.x

    Examples
    --------
    >>> import numpy as np
    >>> correlation = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    >>> adequacy = sampling_adequacy(correlation, 100)
    >>> round(adequacy.kmo, 4), adequacy.bartlett_df
    (0.8, 6)
    """
    matrix = np.asarray(correlation, dtype=np.float64)
    size = matrix.shape[0]
    df = size * (size - 1) // 2
    nan = float("nan")
    smallest = float(linalg.eigvalsh(matrix, subset_by_index=(0, 0))[0])
    if smallest <= SINGULAR:
        return SamplingAdequacy(nan, np.full(size, nan), nan, df, nan)
    lower, _ = linalg.cho_factor(matrix, lower=True)
    precision = linalg.cho_solve((lower, True), np.eye(size))
    spread = np.sqrt(np.diag(precision))
    partial = precision / np.outer(spread, spread)
    off = ~np.eye(size, dtype=bool)
    squares = np.where(off, matrix**2, 0.0).sum(axis=0)
    partials = np.where(off, partial**2, 0.0).sum(axis=0)
    log_determinant = 2.0 * float(np.sum(np.log(np.diag(lower))))
    chi2 = -(n_obs - 1.0 - (2.0 * size + 5.0) / 6.0) * log_determinant
    total = float(squares.sum() + partials.sum())
    items = np.full(size, nan)
    np.divide(squares, squares + partials, out=items, where=squares + partials > 0.0)
    return SamplingAdequacy(
        kmo=float(squares.sum()) / total if total > 0.0 else nan,
        kmo_items=items,
        bartlett_chi2=chi2,
        bartlett_df=df,
        bartlett_p=float(special.chdtrc(df, max(chi2, 0.0))) if np.isfinite(chi2) else nan,
    )
