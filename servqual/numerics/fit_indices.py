"""Fit indices of structural equation models, plain and robust."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from servqual.numerics.factor_fit import rmsea_interval
from servqual.typing import FloatArray

__all__ = ["ChiSquare", "FitIndices", "fit_indices", "standardised_residual_size"]

#: RMSEA up to which fit counts as close in the test of close fit (Browne & Cudeck 1993).
_CLOSE = 0.05


@dataclass(frozen=True, slots=True)
class ChiSquare:
    """A likelihood ratio statistic, of a model or of its baseline.

    Attributes
    ----------
    chi2 : float
        The statistic.
    df : int
        Its degrees of freedom.
    scaling_factor : float
        By which the statistic is too large when answers are not normal; 1 for a plain one.
    shift : float
        Added to the divided statistic, so that its variance too is that of χ²; 0 for most.
    """

    chi2: float
    df: int
    scaling_factor: float = 1.0
    shift: float = 0.0

    @property
    def scaled(self) -> float:
        """The statistic divided by its scaling factor, and shifted."""
        return self.chi2 / self.scaling_factor + self.shift

    @property
    def p_value(self) -> float:
        """Upper tail of the scaled statistic; nan without degrees of freedom."""
        return float(special.chdtrc(self.df, max(self.scaled, 0.0))) if self.df > 0 else np.nan


@dataclass(frozen=True, slots=True)
class FitIndices:
    """Comparison with the baseline, and error of approximation.

    Attributes
    ----------
    cfi, tli : float
        Comparative fit index and Tucker–Lewis index.
    rmsea, rmsea_low, rmsea_high : float
        Root mean square error of approximation with its interval.
    rmsea_p : float
        Probability of so large a statistic if RMSEA were .05.
    """

    cfi: float
    tli: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    rmsea_p: float


def fit_indices(
    model: ChiSquare,
    baseline: ChiSquare,
    n_obs: float,
    n_groups: int,
    *,
    conf_level: float = 0.90,
) -> FitIndices:
    """CFI, TLI and RMSEA, which estimate the same whatever the distribution of the answers.

    Without scaling factors these are the plain indices. With them, the noncentrality of a
    statistic T is T − c df, where c is its scaling factor (Brosseau-Liard & Savalei 2014).

    Parameters
    ----------
    model, baseline : ChiSquare
        Of the model and of uncorrelated variables.
    n_obs : float
        Respondents.
    n_groups : int
        Groups; RMSEA is multiplied by its root (Steiger 1998).
    conf_level : float, default 0.90
        Coverage of the interval of RMSEA.

    Returns
    -------
    FitIndices
        nan where there are no degrees of freedom for TLI; RMSEA is then 0.

    References
    ----------
    Brosseau-Liard, P. E., & Savalei, V. (2014). Adjusting incremental fit indices for
    nonnormality. *Multivariate Behavioral Research*, 49, 460-470.
    https://doi.org/10.1080/00273171.2014.933697

    Brosseau-Liard, P. E., Savalei, V., & Li, L. (2012). An investigation of the sample performance
    of two nonnormality corrections for RMSEA. *Multivariate Behavioral Research*, 47, 904-930.
    https://doi.org/10.1080/00273171.2012.715252

    Steiger, J. H. (1998). A note on multiple sample extensions of the RMSEA fit index.
    *Structural Equation Modeling*, 5, 411-419. https://doi.org/10.1080/10705519809540115

    Examples
    --------
    >>> found = fit_indices(ChiSquare(85.306, 24), ChiSquare(918.852, 36), 301, 1)
    >>> round(found.cfi, 3), round(found.tli, 3), round(found.rmsea, 3)
    (0.931, 0.896, 0.092)
    """
    excess = model.chi2 - model.scaling_factor * model.df
    excess_null = baseline.chi2 - baseline.scaling_factor * baseline.df
    worst = max(excess, excess_null, 0.0)
    cfi = 1.0 if worst <= 0.0 else 1.0 - max(excess, 0.0) / worst
    tli = np.nan
    if model.df > 0 and baseline.df > 0 and excess_null * model.df != 0.0:
        tli = 1.0 - (excess * baseline.df) / (excess_null * model.df)
    if model.df <= 0:
        return FitIndices(cfi, 1.0 if np.isnan(tli) else tli, 0.0, 0.0, 0.0, np.nan)
    groups = np.sqrt(n_groups)
    spread = np.sqrt(model.scaling_factor)
    rmsea = float(np.sqrt(max(excess / (n_obs * model.df), 0.0)) * groups)
    low, high = rmsea_interval(model.scaled, model.df, n_obs + 1.0, conf_level)
    centre = n_obs * model.df * _CLOSE**2 / (model.scaling_factor * n_groups)
    close = float(1.0 - special.chndtr(model.scaled, model.df, centre))
    return FitIndices(cfi, tli, rmsea, low * groups * spread, high * groups * spread, close)


def standardised_residual_size(
    covariances: list[FloatArray],
    implied: list[FloatArray],
    means: list[FloatArray] | None,
    implied_means: list[FloatArray] | None,
    sizes: FloatArray,
) -> float:
    """Standardised root mean square residual (Bentler 1995), with means where they are modelled.

    Parameters
    ----------
    covariances, implied : list of FloatArray, shape (p, p)
        Observed and implied covariances of each group.
    means, implied_means : list of FloatArray, shape (p,), or None
        Observed and implied means; None without a mean structure.
    sizes : FloatArray, shape (n_groups,)
        Respondents of each group, by which the groups' values are averaged.

    Returns
    -------
    float

    References
    ----------
    Bentler, P. M. (1995). *EQS Structural Equations Program Manual*. Multivariate Software.

    Examples
    --------
    >>> import numpy as np
    >>> residual = np.array([[1.0, 0.3], [0.3, 1.0]])
    >>> size = np.array([100.0])
    >>> round(standardised_residual_size([residual], [np.eye(2)], None, None, size), 4)
    0.1732
    """
    values = np.zeros(len(covariances))
    for group, (observed, expected) in enumerate(zip(covariances, implied, strict=True)):
        spread = np.sqrt(np.diag(observed))
        residual = (observed - expected) / np.outer(spread, spread)
        squares = float((np.tril(residual) ** 2).sum())
        count = len(spread) * (len(spread) + 1) / 2
        if means is not None and implied_means is not None:
            squares += float((((means[group] - implied_means[group]) / spread) ** 2).sum())
            count += len(spread)
        values[group] = np.sqrt(squares / count)
    return float(values @ sizes / sizes.sum())
