"""Diagnostics of a least-squares fit: influence, variance, normality, form, collinearity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, fdtrc

from servqual.numerics.least_squares import SINGULAR
from servqual.typing import FloatArray

__all__ = [
    "ConditionIndices",
    "Influence",
    "ModelTest",
    "condition_indices",
    "influence",
    "jarque_bera_test",
    "reset_test",
    "variance_test",
]

#: Rows of auxiliary regressions that are held at once.
_CHUNK = 16_384

#: A leverage this near to one is one: the row is fitted exactly, and has no residual.
_ALONE = 1e-10


@dataclass(frozen=True, slots=True)
class Influence:
    """How much each row has to do with the fit; all arrays have shape (n_rows,).

    Attributes
    ----------
    leverage : FloatArray
        Diagonal of the hat matrix.
    standardised : FloatArray
        Residuals over their standard errors (internally studentised).
    studentised : FloatArray
        The same with the error variance of the other rows; t with n − k − 1 degrees of freedom.
    cooks_distance : FloatArray
        Distance by which all coefficients move without the row.
    dffits : FloatArray
        Change of the row's own prediction without it, in standard errors.
    """

    leverage: FloatArray
    standardised: FloatArray
    studentised: FloatArray
    cooks_distance: FloatArray
    dffits: FloatArray


@dataclass(frozen=True, slots=True)
class ModelTest:
    """A test of an assumption.

    Attributes
    ----------
    statistic : float
        Chi-square, or F where `df_denominator` is a number; nan where it does not exist.
    df, df_denominator : float
        Degrees of freedom; the second is nan for chi-square.
    p_value : float
        Upper tail.
    """

    statistic: float
    df: float
    df_denominator: float
    p_value: float


@dataclass(frozen=True, slots=True)
class ConditionIndices:
    """Collinearity after Belsley, Kuh and Welsch; n_terms columns of the design.

    Attributes
    ----------
    indices : FloatArray, shape (n_terms,)
        Largest singular value over each, ascending.
    proportions : FloatArray, shape (n_terms, n_terms)
        Share of the variance of each coefficient (column) that goes with each index (row).
    """

    indices: FloatArray
    proportions: FloatArray


def influence(design: FloatArray, outcome: FloatArray) -> Influence:
    """Leverage, residuals and deletion statistics of every row.

    Parameters
    ----------
    design : FloatArray, shape (n_rows, n_terms)
        With the intercept, of full rank; for weighted least squares times the root of the weights.
    outcome : FloatArray, shape (n_rows,)
        The same.

    Returns
    -------
    Influence
        nan, but for the leverage, for a row that determines a coefficient alone.

    References
    ----------
    Belsley, D. A., Kuh, E., & Welsch, R. E. (1980). Regression diagnostics. Wiley.
    https://doi.org/10.1002/0471725153

    Cook, R. D. (1977). Detection of influential observation in linear regression. Technometrics,
    19(1), 15-18. https://doi.org/10.1080/00401706.1977.10489493

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    >>> found = influence(np.column_stack([np.ones(5), x]), np.array([1.0, 2.0, 2.5, 4.0, 4.0]))
    >>> found.leverage.round(3).tolist()
    [0.38, 0.28, 0.22, 0.2, 0.92]
    """
    n_rows, n_terms = design.shape
    basis = np.linalg.qr(design)[0]
    leverage = (basis**2).sum(axis=1)
    residual = outcome - basis @ (basis.T @ outcome)
    df = n_rows - n_terms
    variance = float(residual @ residual) / df
    free = np.where(leverage < 1.0 - _ALONE, 1.0 - leverage, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):  # A fit without error has no scale.
        standardised = residual / np.sqrt(variance * free)
        # The error variance without the row; with one degree of freedom less there may be none.
        others = (df - standardised**2) / (df - 1.0) if df > 1 else np.full(n_rows, np.nan)
        studentised = standardised / np.sqrt(np.where(others > 0.0, others, np.nan))
        cooks_distance = standardised**2 * leverage / (free * n_terms)
        dffits = studentised * np.sqrt(leverage / free)
    return Influence(leverage, standardised, studentised, cooks_distance, dffits)


def variance_test(
    residual: FloatArray, design: FloatArray, *, with_products: bool = False
) -> ModelTest:
    """Breusch and Pagan's test for unequal error variance, studentised; or White's.

    Parameters
    ----------
    residual : FloatArray, shape (n_rows,)
        Of the fit.
    design : FloatArray, shape (n_rows, n_predictors)
        Without the intercept.
    with_products : bool, default False
        Also explain the squared residuals by squares and products of the predictors, which is
        White's test. Products that repeat each other, such as the square of a 0/1 column, count
        once.

    Returns
    -------
    ModelTest
        nan where there are not more rows than terms, or residuals are zero.

    References
    ----------
    Koenker, R. (1981). A note on studentizing a test for heteroscedasticity. Journal of
    Econometrics, 17(1), 107-112. https://doi.org/10.1016/0304-4076(81)90062-2

    White, H. (1980). A heteroskedasticity-consistent covariance matrix estimator and a direct test
    for heteroskedasticity. Econometrica, 48(4), 817-838. https://doi.org/10.2307/1912934

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(1.0, 9.0)
    >>> residual = np.array([1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 4.0, -4.0])
    >>> round(variance_test(residual, x[:, None]).statistic, 4)
    7.3828
    """
    standard = (design - design.mean(axis=0)) / design.std(axis=0)
    expand = _with_products if with_products else _unchanged
    share, df = _explained(residual**2, standard, expand)
    n_rows = len(residual)
    if not np.isfinite(share) or n_rows <= df + 1:
        return ModelTest(float("nan"), float(df), float("nan"), float("nan"))
    statistic = n_rows * share
    return ModelTest(statistic, float(df), float("nan"), float(chdtrc(df, statistic)))


def _unchanged(rows: FloatArray) -> FloatArray:
    return rows


def _with_products(rows: FloatArray) -> FloatArray:
    first, second = np.triu_indices(rows.shape[1])
    return np.column_stack([rows, rows[:, first] * rows[:, second]])


def _explained(
    target: FloatArray, rows: FloatArray, expand: Callable[[FloatArray], FloatArray]
) -> tuple[float, int]:
    """R² of the target on expanded columns, and their rank, from sums taken in chunks of rows."""
    centre = expand(rows[:1]).shape[1]
    total, mean = np.zeros((centre + 1, centre + 1)), np.zeros(centre + 1)
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        values = np.column_stack([expand(rows[part]), target[part]])
        mean += values.sum(axis=0)
        total += values.T @ values
    mean /= len(rows)
    spread = total - len(rows) * np.outer(mean, mean)
    size = np.sqrt(np.maximum(np.diag(spread), 0.0))
    varies = size > 1e-10 * np.sqrt(np.diag(total))
    if not varies[-1]:
        return float("nan"), int(varies[:-1].sum())
    correlation = spread[np.ix_(varies, varies)] / np.outer(size[varies], size[varies])
    values, vectors = np.linalg.eigh(correlation[:-1, :-1])
    used = values > SINGULAR
    taken = vectors[:, used].T @ correlation[:-1, -1]
    return float((taken**2 / values[used]).sum()), int(used.sum())


def jarque_bera_test(residual: FloatArray) -> ModelTest:
    """Jarque and Bera's test that skewness and excess kurtosis are zero.

    Parameters
    ----------
    residual : FloatArray, shape (n_rows,)
        Of a fit with an intercept.

    Returns
    -------
    ModelTest
        Chi-square with two degrees of freedom, which holds in large samples.

    References
    ----------
    Jarque, C. M., & Bera, A. K. (1987). A test for normality of observations and regression
    residuals. International Statistical Review, 55(2), 163-172. https://doi.org/10.2307/1403192

    Examples
    --------
    >>> import numpy as np
    >>> round(jarque_bera_test(np.array([-1.0, -1.0, 0.0, 0.0, 2.0])).statistic, 4)
    0.7465
    """
    centred = residual - residual.mean()
    variance = float((centred**2).mean())
    if not variance > 0.0:
        return ModelTest(float("nan"), 2.0, float("nan"), float("nan"))
    standard = centred / np.sqrt(variance)
    skewness, kurtosis = float((standard**3).mean()), float((standard**4).mean())
    statistic = len(residual) / 6.0 * (skewness**2 + (kurtosis - 3.0) ** 2 / 4.0)
    return ModelTest(statistic, 2.0, float("nan"), float(chdtrc(2.0, statistic)))


def reset_test(design: FloatArray, outcome: FloatArray) -> ModelTest:
    """Ramsey's RESET with squares and cubes of the fitted values.

    Parameters
    ----------
    design : FloatArray, shape (n_rows, n_terms)
        With the intercept, of full rank.
    outcome : FloatArray, shape (n_rows,)
        Dependent variable.

    Returns
    -------
    ModelTest
        F; nan where the powers add nothing to the design (a 0/1 predictor alone), or too few rows
        are left.

    References
    ----------
    Ramsey, J. B. (1969). Tests for specification errors in classical linear least-squares
    regression analysis. Journal of the Royal Statistical Society B, 31(2), 350-371.
    https://doi.org/10.1111/j.2517-6161.1969.tb00796.x

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(8.0)
    >>> test = reset_test(np.column_stack([np.ones(8), x]), x**2 + np.tile([0.5, -0.5], 4))
    >>> bool(test.statistic > 50)
    True
    """
    n_rows, n_terms = design.shape
    basis = np.linalg.qr(design)[0]
    fitted = basis @ (basis.T @ outcome)
    residual = outcome - fitted
    spread = float(fitted.std())
    standard = (fitted - fitted.mean()) / spread if spread > 0.0 else np.zeros(n_rows)
    powers = np.column_stack([standard**2, standard**3])
    beyond = powers - basis @ (basis.T @ powers)
    values, vectors = np.linalg.eigh(beyond.T @ beyond)
    used = values > 1e-10 * max(float((powers**2).sum()), 1e-300)
    df, left = int(used.sum()), n_rows - n_terms - int(used.sum())
    total = float(residual @ residual)
    if df == 0 or left < 1 or not total > 0.0:
        return ModelTest(float("nan"), float(df), float(max(left, 0)), float("nan"))
    gained = float(((vectors[:, used].T @ (beyond.T @ residual)) ** 2 / values[used]).sum())
    statistic = gained / df / ((total - gained) / left)
    return ModelTest(statistic, float(df), float(left), float(fdtrc(df, left, statistic)))


def condition_indices(design: FloatArray) -> ConditionIndices:
    """Condition indices of the design, its columns scaled to unit length and not centred.

    Parameters
    ----------
    design : FloatArray, shape (n_rows, n_terms)
        With the intercept.

    Returns
    -------
    ConditionIndices

    References
    ----------
    Belsley, D. A., Kuh, E., & Welsch, R. E. (1980). Regression diagnostics. Wiley, chapter 3.
    https://doi.org/10.1002/0471725153

    Examples
    --------
    >>> import numpy as np
    >>> found = condition_indices(np.array([[1.0, 1.0], [1.0, -1.0], [1.0, 0.0]]))
    >>> found.indices.round(6).tolist()
    [1.0, 1.0]
    """
    scaled = design / np.linalg.norm(design, axis=0)
    _, values, directions = np.linalg.svd(scaled, full_matrices=False)
    parts = (directions / values[:, None]) ** 2
    return ConditionIndices(values[0] / values, parts / parts.sum(axis=0))
