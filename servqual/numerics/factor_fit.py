"""Fit of factors to the correlations that they are to reproduce."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize, special

from servqual.numerics.extraction import degrees_of_freedom
from servqual.numerics.smoothing import SINGULAR
from servqual.typing import FloatArray, check_conf_level

__all__ = ["FactorFit", "factor_fit", "rmsea_interval"]


@dataclass(frozen=True, slots=True)
class FactorFit:
    """Fit of an exploratory factor model.

    Attributes
    ----------
    n_factors : int
        Number of factors.
    discrepancy : float
        Maximum-likelihood discrepancy of the solution, whatever method found it.
    chi2 : float
        The discrepancy times n - 1 - (2p + 5)/6 - 2k/3 (Bartlett's correction).
    df : int
        ((p - k)^2 - (p + k)) / 2.
    p_value : float
        Of exact fit; nan without degrees of freedom.
    chi2_null, df_null : float, int
        Of the model without factors, with Bartlett's correction.
    rmsea, rmsea_low, rmsea_high : float
        Root mean square error of approximation with its interval.
    tli : float
        Tucker–Lewis index.
    rmsr : float
        Root mean square of the residual correlations.
    rmsr_corrected : float
        The same with the degrees of freedom in place of the number of correlations.
    bic : float
        chi2 - df log n: below zero favours the factor model over the saturated one.
    residuals : FloatArray, shape (n_variables, n_variables)
        Correlations less what the factors imply; the uniquenesses on the diagonal.
    """

    n_factors: int
    discrepancy: float
    chi2: float
    df: int
    p_value: float
    chi2_null: float
    df_null: int
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    tli: float
    rmsr: float
    rmsr_corrected: float
    bic: float
    residuals: FloatArray


def factor_fit(
    correlation: FloatArray,
    loadings: FloatArray,
    uniquenesses: FloatArray,
    factor_correlations: FloatArray | None,
    n_obs: float,
    *,
    conf_level: float = 0.90,
) -> FactorFit:
    """Fit of a factor solution to the correlations.

    Parameters
    ----------
    correlation : FloatArray, shape (p, p)
        Correlation matrix R.
    loadings : FloatArray, shape (p, k)
        Pattern loadings.
    uniquenesses : FloatArray, shape (p,)
        Shown on the diagonal of the residuals.
    factor_correlations : FloatArray, shape (k, k), or None
        Correlations of the factors; None for uncorrelated ones.
    n_obs : float
        Respondents; nan where χ² has no known distribution, which leaves the residuals.
    conf_level : float, default 0.90
        Coverage of the interval of RMSEA.

    Returns
    -------
    FactorFit
        χ² and what comes from it are nan for a matrix without an inverse or a model that implies
        one.

    Raises
    ------
    OptionError
        If `conf_level` is not between 0 and 1.

    Notes
    -----
    F = tr(Sigma^-1 R) - log|Sigma^-1 R| - p with Sigma = L Phi L' off the diagonal and R's ones on
    it. RMSEA is sqrt(max(chi2/df - 1, 0) / (n - 1)) [1]_; its limits are the non-centralities for
    which chi2 is a quantile. TLI is the original coefficient with Bartlett's factor [2]_. The
    distribution of χ² assumes normal variables and maximum likelihood.

    References
    ----------
    .. [1] Steiger, J. H. (1990). Structural model evaluation and modification: An interval
       estimation approach. Multivariate Behavioral Research, 25, 173-180.
       https://doi.org/10.1207/s15327906mbr2502_4
    .. [2] Tucker, L. R., & Lewis, C. (1973). A reliability coefficient for maximum likelihood
       factor analysis. Psychometrika, 38, 1-10. https://doi.org/10.1007/BF02291170
    .. [3] Bartlett, M. S. (1951). The effect of standardization on a chi-square approximation in
       factor analysis. Biometrika, 38, 337-344. https://doi.org/10.1093/biomet/38.3-4.337

    Examples
    --------
    >>> import numpy as np
    >>> loadings = np.array([[0.8], [0.7], [0.6], [0.5]])
    >>> correlation = loadings @ loadings.T
    >>> np.fill_diagonal(correlation, 1.0)
    >>> fit = factor_fit(correlation, loadings, 1 - loadings[:, 0] ** 2, None, 200)
    >>> fit.df, round(fit.chi2, 6)
    (2, 0.0)
    """
    check_conf_level(conf_level)
    observed = np.asarray(correlation, dtype=np.float64)
    pattern = np.asarray(loadings, dtype=np.float64)
    size, n_factors = pattern.shape
    structure = pattern if factor_correlations is None else pattern @ factor_correlations
    implied = structure @ pattern.T
    residuals = observed - implied
    np.fill_diagonal(residuals, uniquenesses)
    off = residuals[~np.eye(size, dtype=bool)]
    df, df_null = degrees_of_freedom(size, n_factors), size * (size - 1) // 2
    np.fill_diagonal(implied, np.diag(observed))
    discrepancy, null = _discrepancy(observed, implied), _discrepancy(observed, np.eye(size))
    correction = n_obs - 1.0 - (2.0 * size + 5.0) / 6.0
    reduced = correction - 2.0 * n_factors / 3.0
    chi2, chi2_null = _statistic(discrepancy, reduced), _statistic(null, correction)
    low, high = rmsea_interval(chi2, df, n_obs, conf_level)
    nan, tested = float("nan"), df > 0 and np.isfinite(chi2)
    return FactorFit(
        n_factors=n_factors,
        discrepancy=discrepancy,
        chi2=chi2,
        df=df,
        p_value=float(special.chdtrc(df, chi2)) if tested else nan,
        chi2_null=chi2_null,
        df_null=df_null,
        rmsea=float(np.sqrt(max(chi2 / df - 1.0, 0.0) / (n_obs - 1.0))) if tested else nan,
        rmsea_low=low,
        rmsea_high=high,
        tli=_tucker_lewis(discrepancy, df, null, df_null, reduced) if tested else nan,
        rmsr=float(np.sqrt(np.mean(off**2))),
        rmsr_corrected=float(np.sqrt(np.sum(off**2) / (2.0 * df))) if df > 0 else nan,
        bic=float(chi2 - df * np.log(n_obs)) if tested else nan,
        residuals=residuals,
    )


def _statistic(discrepancy: float, factor: float) -> float:
    """Discrepancy times a factor; nan where too few respondents make that negative."""
    # Rounding leaves a perfect fit a hair below zero; nan stays nan.
    least = discrepancy if not discrepancy < 0.0 else 0.0
    return least * factor if factor > 0.0 else float("nan")


def _discrepancy(observed: FloatArray, implied: FloatArray) -> float:
    """tr(Sigma^-1 R) - log|Sigma^-1 R| - p; nan where one of the two has no inverse."""
    for matrix in (observed, implied):
        if float(linalg.eigvalsh(matrix, subset_by_index=(0, 0))[0]) <= SINGULAR:
            return float("nan")
    ratio = linalg.eigh(observed, implied, eigvals_only=True)
    # Each term is zero where the ratio is one, without cancellation.
    excess = ratio - 1.0
    return float(np.sum(excess - np.log1p(excess)))


def _tucker_lewis(discrepancy: float, df: int, null: float, df_null: int, reduced: float) -> float:
    """Tucker and Lewis (1973), with mean discrepancies per degree of freedom."""
    baseline = null / df_null
    best = baseline - 1.0 / reduced
    return (baseline - discrepancy / df) / best if best > 0.0 else float("nan")


def rmsea_interval(chi2: float, df: int, n_obs: float, conf_level: float) -> tuple[float, float]:
    """Limits of the root mean square error of approximation.

    Parameters
    ----------
    chi2 : float
        Test statistic.
    df : int
        Its degrees of freedom.
    n_obs : float
        Respondents.
    conf_level : float
        Coverage.

    Returns
    -------
    tuple of float
        Low and high; nan without degrees of freedom or without a statistic.

    References
    ----------
    Steiger, J. H. (1990). Structural model evaluation and modification: An interval estimation
    approach. Multivariate Behavioral Research, 25, 173-180.
    https://doi.org/10.1207/s15327906mbr2502_4

    Examples
    --------
    >>> [round(limit, 4) for limit in rmsea_interval(85.306, 24, 302, 0.90)]
    [0.0714, 0.1137]
    """
    if df <= 0 or not np.isfinite(chi2) or not n_obs > 1.0:
        return float("nan"), float("nan")
    tail = (1.0 - conf_level) / 2.0
    low, high = (_noncentrality(chi2, df, share) for share in (1.0 - tail, tail))
    scale = df * (n_obs - 1.0)
    return float(np.sqrt(low / scale)), float(np.sqrt(high / scale))


def _noncentrality(chi2: float, df: int, share: float) -> float:
    """Non-centrality for which a share of the distribution lies below the statistic; at least 0."""

    def excess(noncentrality: float) -> float:
        return float(special.chndtr(chi2, df, noncentrality)) - share

    if float(special.chdtr(df, chi2)) <= share:
        return 0.0
    top = chi2 + 1.0
    while excess(top) > 0.0:
        top *= 2.0
    return float(optimize.brentq(excess, 0.0, top, xtol=1e-12, rtol=1e-14))
