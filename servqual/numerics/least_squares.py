"""Ordinary least squares from means and covariances, without the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, special

from servqual.errors import (
    EstimationError,
    NotIdentifiedError,
    NotPositiveDefiniteError,
    shorten,
)
from servqual.numerics.correlation import correlation_from_covariance
from servqual.typing import FloatArray, IntArray, check_conf_level

__all__ = [
    "SINGULAR",
    "LeastSquares",
    "collinear_columns",
    "constant_columns",
    "least_squares_from_moments",
    "smallest_eigenvalue",
]

#: Eigenvalues of a correlation matrix count as zero within this distance. Sums of cross-products
#: carry about 1e-15, so a variance inflation factor up to about 1e10 is a number, and an eigenvalue
#: below minus this is no rounding error.
SINGULAR = 1e-10

#: Share of a variable in a null direction below which it does not take part in the dependency.
_PARTICIPATION_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """A linear regression with an intercept; n_terms = 1 + n_predictors, the intercept first.

    Attributes
    ----------
    coefficients : FloatArray, shape (n_terms,)
        Change of the outcome per unit of the predictor.
    std_errors : FloatArray, shape (n_terms,)
        Classical standard errors, which assume equal error variance.
    covariance_of_coefficients : FloatArray, shape (n_terms, n_terms)
        Classical covariance matrix of the coefficients.
    statistic : FloatArray, shape (n_terms,)
        t statistics.
    p_value : FloatArray, shape (n_terms,)
        Two-sided.
    conf_low, conf_high : FloatArray, shape (n_terms,)
        Limits from the t distribution.
    df_residual : float
        n_obs - n_terms.
    r_squared, adj_r_squared : float
        Share of the outcome's variance explained, and the same from unbiased variances.
    f_statistic, f_p_value : float
        Test that all slopes are zero, on n_predictors and df_residual degrees of freedom.
    sigma : float
        Residual standard deviation.
    loglik, aic, bic : float
        As R computes them: the residual variance counts as a parameter.
    beta : FloatArray, shape (n_terms,)
        Coefficients after all variables were standardised; nan for the intercept.
    vif : FloatArray, shape (n_terms,)
        Variance inflation factors; nan for the intercept.
    """

    coefficients: FloatArray
    std_errors: FloatArray
    covariance_of_coefficients: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    df_residual: float
    r_squared: float
    adj_r_squared: float
    f_statistic: float
    f_p_value: float
    sigma: float
    loglik: float
    aic: float
    bic: float
    beta: FloatArray
    vif: FloatArray


def constant_columns(covariance: FloatArray, mean: FloatArray | None = None) -> IntArray:
    """Indices of the variables that do not vary.

    Parameters
    ----------
    covariance : FloatArray, shape (n_variables, n_variables)
        Covariance matrix.
    mean : FloatArray, shape (n_variables,), optional
        Means. With them a standard deviation below 1e-7 of the mean counts as rounding error;
        without, only a variance of exactly zero counts.

    Returns
    -------
    IntArray
        In increasing order; empty when all vary. A variance that is nan counts as not varying.

    Examples
    --------
    >>> import numpy as np
    >>> constant_columns(np.diag([1.0, 0.0, 2.0])).tolist()
    [1]
    """
    variance = np.diag(np.asarray(covariance, dtype=np.float64))
    limit = np.zeros_like(variance) if mean is None else 1e-14 * np.square(mean)
    return np.flatnonzero(~(variance > limit)).astype(np.int64)


def collinear_columns(covariance: FloatArray) -> IntArray:
    """Indices of the variables that take part in an exact linear dependency.

    All members of a dependency are named, not only the last: of a gap, a perception and an
    expectation it is not for the arithmetic to say which one is superfluous.

    Parameters
    ----------
    covariance : FloatArray, shape (n_variables, n_variables)
        Covariance matrix of the predictors. Variables without variance are passed over
        (`constant_columns` finds them).

    Returns
    -------
    IntArray
        In increasing order; empty when the variables are linearly independent.

    Notes
    -----
    Variables are dependent when an eigenvalue of their correlation matrix is below 1e-10.

    Examples
    --------
    >>> import numpy as np
    >>> spread = np.diag([1.0, 1.0, 1.0])
    >>> gap = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, -1.0, 0.0]])
    >>> collinear_columns(gap @ spread @ gap.T).tolist()
    [0, 1, 3]
    """
    matrix = np.asarray(covariance, dtype=np.float64)
    varying = np.setdiff1d(np.arange(matrix.shape[0]), constant_columns(matrix))
    if varying.size == 0:
        return varying.astype(np.int64)
    eigenvalues, eigenvectors = linalg.eigh(
        correlation_from_covariance(matrix[np.ix_(varying, varying)])
    )
    null_directions = eigenvectors[:, eigenvalues < SINGULAR]
    participation = np.linalg.norm(null_directions, axis=1)
    involved: IntArray = varying[participation > _PARTICIPATION_TOLERANCE].astype(np.int64)
    return involved


def smallest_eigenvalue(covariance: FloatArray) -> float:
    """Smallest eigenvalue of the correlation matrix, which is negative when no data can have it.

    Parameters
    ----------
    covariance : FloatArray, shape (n_variables, n_variables)
        Covariance matrix. Variables without variance are passed over.

    Returns
    -------
    float
        Below `-SINGULAR`, the covariances contradict one another. 1.0 when nothing varies.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.array([[1.0, 0.9, 0.2], [0.9, 1.0, 0.9], [0.2, 0.9, 1.0]])
    >>> round(smallest_eigenvalue(matrix), 4)
    -0.1767
    """
    matrix = np.asarray(covariance, dtype=np.float64)
    varying = np.setdiff1d(np.arange(matrix.shape[0]), constant_columns(matrix))
    if varying.size == 0:
        return 1.0
    correlation = correlation_from_covariance(matrix[np.ix_(varying, varying)])
    return float(linalg.eigvalsh(correlation, subset_by_index=[0, 0])[0])


def least_squares_from_moments(
    mean: FloatArray,
    covariance: FloatArray,
    n_obs: float,
    *,
    outcome: int,
    predictors: Sequence[int] | IntArray,
    conf_level: float,
) -> LeastSquares:
    """Regress one variable on others, with an intercept.

    Parameters
    ----------
    mean : FloatArray, shape (n_variables,)
        Means.
    covariance : FloatArray, shape (n_variables, n_variables)
        Covariance matrix with divisor n_obs - 1.
    n_obs : float
        Number of respondents; with frequency weights, their sum.
    outcome : int
        Index of the dependent variable.
    predictors : sequence of int
        Indices of the independent variables, at least one, in the order of the coefficients.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    LeastSquares

    Raises
    ------
    NotIdentifiedError
        If a variable does not vary, predictors are linearly dependent, or there are not more
        respondents than coefficients. The message names indices; a caller that knows names asks
        `constant_columns` and `collinear_columns` first.
    NotPositiveDefiniteError
        If no data can have this covariance matrix.
    OptionError
        If `conf_level` is not between 0 and 1.

    Notes
    -----
    Classical standard errors: independent respondents, equal error variance. The normal equations
    are solved on the scale of correlations, by Cholesky. A fit without error gives zero standard
    errors, infinite statistics and an infinite log likelihood.

    References
    ----------
    Seber, G. A. F., & Lee, A. J. (2003). Linear regression analysis (2nd ed.). Wiley.
    https://doi.org/10.1002/9780471722199

    Examples
    --------
    >>> import numpy as np
    >>> mean, covariance = np.array([4.0, 5.0]), np.array([[1.0, 0.6], [0.6, 2.0]])
    >>> fit = least_squares_from_moments(
    ...     mean, covariance, 50, outcome=1, predictors=[0], conf_level=0.95
    ... )
    >>> fit.coefficients.round(6).tolist()
    [2.6, 0.6]
    >>> round(fit.r_squared, 6)
    0.18
    """
    check_conf_level(conf_level)
    means = np.asarray(mean, dtype=np.float64)
    covariances = np.asarray(covariance, dtype=np.float64)
    columns = np.asarray(predictors, dtype=np.int64)
    _check_identified(means, covariances, n_obs, int(outcome), columns)
    spread = np.sqrt(np.diag(covariances)[columns])
    outcome_variance = float(covariances[outcome, outcome])
    factor = linalg.cho_factor(correlation_from_covariance(covariances[np.ix_(columns, columns)]))
    # Standardised on the predictors' side only: the outcome keeps its unit.
    standard_slopes = linalg.cho_solve(factor, covariances[columns, outcome] / spread)
    inverse = linalg.cho_solve(factor, np.eye(columns.size))
    inverse_correlation = 0.5 * (inverse + inverse.T)  # Symmetric to the last bit.
    slopes = standard_slopes / spread
    explained = float(standard_slopes @ (covariances[columns, outcome] / spread))
    # Below zero by rounding only: `_check_identified` has refused matrices that no data can have.
    residual = max(outcome_variance - explained, 0.0)
    unscaled = _unscaled_covariance(
        inverse_correlation / np.outer(spread, spread), means[columns], n_obs
    )
    return _assemble(
        coefficients=np.concatenate([[means[outcome] - float(slopes @ means[columns])], slopes]),
        unscaled=unscaled,
        sums_of_squares=((n_obs - 1) * residual, (n_obs - 1) * outcome_variance),
        n_obs=n_obs,
        conf_level=conf_level,
        beta=np.concatenate([[np.nan], standard_slopes / np.sqrt(outcome_variance)]),
        vif=np.concatenate([[np.nan], np.diag(inverse_correlation)]),
    )


def _check_identified(
    mean: FloatArray, covariance: FloatArray, n_obs: float, outcome: int, predictors: IntArray
) -> None:
    """Raise unless the regression has exactly one solution and something left over for error."""
    if predictors.size == 0:
        raise EstimationError("No predictors were given, but a regression needs at least one.")
    constant = np.intersect1d(constant_columns(covariance, mean), [outcome, *predictors])
    if constant.size:
        raise NotIdentifiedError(
            f"The variables at {shorten(constant)} do not vary, but a regression needs variables "
            "that do. Leave them out."
        )
    used = np.append(predictors, outcome)
    smallest = smallest_eigenvalue(covariance[np.ix_(used, used)])
    if smallest < -SINGULAR:
        raise NotPositiveDefiniteError(
            f"No data can have this covariance matrix: the smallest eigenvalue of its correlations "
            f"is {smallest:.3g}, but must not be negative. Look for a misprint in it."
        )
    collinear = collinear_columns(covariance[np.ix_(predictors, predictors)])
    if collinear.size:
        raise NotIdentifiedError(
            f"The predictors at {shorten(predictors[collinear])} are linearly dependent, so their "
            "coefficients are not determined. Leave at least one of them out."
        )
    if n_obs <= predictors.size + 1:
        raise NotIdentifiedError(
            f"There are {n_obs:g} complete respondents for {predictors.size + 1} coefficients, but "
            "a regression needs more respondents than coefficients. Use fewer predictors."
        )


def _unscaled_covariance(
    inverse_covariance: FloatArray, mean: FloatArray, n_obs: float
) -> FloatArray:
    """Inverse cross-product matrix (X'X)^-1 of the design with its column of ones."""
    of_slopes = inverse_covariance / (n_obs - 1)
    with_intercept = -of_slopes @ mean
    unscaled: FloatArray = np.block(
        [
            [np.atleast_2d(1.0 / n_obs - mean @ with_intercept), with_intercept[None, :]],
            [with_intercept[:, None], of_slopes],
        ]
    )
    return unscaled


def _assemble(
    *,
    coefficients: FloatArray,
    unscaled: FloatArray,
    sums_of_squares: tuple[float, float],
    n_obs: float,
    conf_level: float,
    beta: FloatArray,
    vif: FloatArray,
) -> LeastSquares:
    """Turn the solution and its (residual, total) sums of squares into tests and fit measures."""
    residual, total = sums_of_squares
    n_slopes = coefficients.size - 1
    df_residual = float(n_obs - coefficients.size)
    variance = residual / df_residual
    covariance = variance * unscaled
    std_errors = np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):  # A perfect fit has no error to divide by.
        statistic = coefficients / std_errors
        f_statistic = float(np.divide((total - residual) / n_slopes, variance))
        loglik = float(-0.5 * n_obs * (np.log(2.0 * np.pi * residual / n_obs) + 1.0))
    p_value: FloatArray = np.asarray(
        2.0 * special.stdtr(df_residual, -np.abs(statistic)), np.float64
    )
    margin = float(special.stdtrit(df_residual, 0.5 + 0.5 * conf_level)) * std_errors
    n_parameters = coefficients.size + 1
    return LeastSquares(
        coefficients=coefficients,
        std_errors=std_errors,
        covariance_of_coefficients=covariance,
        statistic=statistic,
        p_value=p_value,
        conf_low=coefficients - margin,
        conf_high=coefficients + margin,
        df_residual=df_residual,
        r_squared=1.0 - residual / total,
        adj_r_squared=1.0 - (residual / df_residual) / (total / (n_obs - 1)),
        f_statistic=f_statistic,
        f_p_value=float(special.fdtrc(n_slopes, df_residual, f_statistic)),
        sigma=float(np.sqrt(variance)),
        loglik=loglik,
        aic=2.0 * n_parameters - 2.0 * loglik,
        bic=float(np.log(n_obs)) * n_parameters - 2.0 * loglik,
        beta=beta,
        vif=vif,
    )
