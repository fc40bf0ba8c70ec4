"""Extraction of common factors from a correlation matrix: three methods, one kind of answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from servqual.errors import NotIdentifiedError, NotPositiveDefiniteError, OptionError
from servqual.numerics.factor_discrepancies import (
    Profile,
    likelihood_hessian,
    likelihood_profile,
    residual_hessian,
    residual_profile,
)
from servqual.numerics.uniqueness_search import Problem, minimise
from servqual.typing import BoolArray, ExtractionMethod, FloatArray, check_option

__all__ = [
    "Extraction",
    "degrees_of_freedom",
    "extract",
    "maximum_likelihood_factors",
    "minimum_residual_factors",
    "principal_axis_factors",
]


@dataclass(frozen=True, slots=True)
class Extraction:
    """Unrotated factors, in the metric of the matrix they were extracted from.

    Attributes
    ----------
    loadings : FloatArray, shape (n_variables, n_factors)
        Loadings of the variables on uncorrelated factors of unit variance. Columns stand in
        decreasing order of their eigenvalues (for maximum likelihood, of the matrix after division
        by the uniquenesses), and each sums to zero or more.
    uniquenesses : FloatArray, shape (n_variables,)
        Variances that the factors leave unexplained.
    discrepancy : float
        What the method made small. Maximum likelihood: log|Sigma| + tr(S Sigma^-1) - log|S| - p,
        with Sigma = loadings loadings' + diag(uniquenesses). Minimum residuals: half the sum of
        squares of S - Sigma. Principal axes: the same, though it is not looked at on the way.
    n_iterations : int
        Steps taken.
    converged : bool
        Whether the discrepancy is flat in every uniqueness that is free to move; for principal
        axes, whether the communalities came to rest.
    heywood : BoolArray, shape (n_variables,)
        Variables whose uniqueness was held at the lower bound, or would be negative: the solution
        is improper and standard errors do not apply.
    """

    loadings: FloatArray
    uniquenesses: FloatArray
    discrepancy: float
    n_iterations: int
    converged: bool
    heywood: BoolArray


def degrees_of_freedom(n_variables: int, n_factors: int) -> int:
    """Degrees of freedom of the unrestricted factor model.

    Parameters
    ----------
    n_variables : int
        Number of observed variables p.
    n_factors : int
        Number of factors k.

    Returns
    -------
    int
        ((p - k)^2 - (p + k)) / 2; negative when the model has more parameters than the matrix has
        distinct elements.

    Examples
    --------
    >>> degrees_of_freedom(22, 5)
    131
    """
    return ((n_variables - n_factors) ** 2 - (n_variables + n_factors)) // 2


def extract(correlation: FloatArray, n_factors: int, method: ExtractionMethod) -> Extraction:
    """Extract factors by a method that is named.

    Parameters
    ----------
    correlation : FloatArray, shape (n_variables, n_variables)
        Correlation matrix.
    n_factors : int
        Number of factors.
    method : {"minres", "ml", "paf"}
        Minimum residuals, maximum likelihood or principal axes.

    Returns
    -------
    Extraction

    Raises
    ------
    OptionError
        If there is no such method.
    NotIdentifiedError
        If the model has more parameters than the matrix has distinct elements.
    NotPositiveDefiniteError
        If the matrix is not finite, or singular where the method needs its inverse.

    Examples
    --------
    >>> import numpy as np
    >>> strength = np.array([0.9, 0.8, 0.7, 0.6])
    >>> correlation = np.outer(strength, strength)
    >>> np.fill_diagonal(correlation, 1.0)
    >>> extract(correlation, 1, "minres").uniquenesses.round(4).tolist()
    [0.19, 0.36, 0.51, 0.64]
    """
    check_option("extraction", method, ExtractionMethod)
    if method == "ml":
        return maximum_likelihood_factors(correlation, n_factors)
    if method == "minres":
        return minimum_residual_factors(correlation, n_factors)
    return principal_axis_factors(correlation, n_factors)


def maximum_likelihood_factors(
    correlation: FloatArray,
    n_factors: int,
    *,
    lower_bound: float = 0.005,
    max_iterations: int = 1000,
) -> Extraction:
    """Extract factors by maximum likelihood.

    The discrepancy is minimised over the logarithms of the uniquenesses, for which the best
    loadings have a closed form [1]_. Damped Newton steps with the exact second derivatives [2]_
    go to the minimum; where they do not reach one, L-BFGS-B comes near it first.

    Parameters
    ----------
    correlation : FloatArray, shape (n_variables, n_variables)
        Correlation or covariance matrix, symmetric and positive definite. Maximum likelihood is
        free of scale: the loadings of a covariance matrix are those of its correlation matrix
        times the standard deviations.
    n_factors : int
        Number of factors, at least 1.
    lower_bound : float, default 0.005
        Smallest uniqueness allowed, as a share of the variable's variance. The likelihood of some
        matrices grows without end as a uniqueness goes to zero or below (a Heywood case).
    max_iterations : int, default 1000
        Most steps of each optimiser.

    Returns
    -------
    Extraction

    Raises
    ------
    NotIdentifiedError
        If the model has more parameters than the matrix has distinct elements.
    NotPositiveDefiniteError
        If the matrix is singular, indefinite or not finite.
    OptionError
        If `lower_bound` is not between 0 and 1.

    Notes
    -----
    Assumes multivariate normal observations for the likelihood to be one; the estimates are
    consistent without. Convergence is not raised as an error but recorded in `converged`.

    References
    ----------
    .. [1] Jöreskog, K. G. (1967). Some contributions to maximum likelihood factor analysis.
       Psychometrika, 32(4), 443-482. https://doi.org/10.1007/BF02289658
    .. [2] Clarke, M. R. B. (1970). A rapidly convergent method for maximum-likelihood factor
       analysis. British Journal of Mathematical and Statistical Psychology, 23(1), 43-52.
       https://doi.org/10.1111/j.2044-8317.1970.tb00433.x
    .. [3] Lawley, D. N., & Maxwell, A. E. (1971). Factor analysis as a statistical method
       (2nd ed.). Butterworths.

    Examples
    --------
    >>> import numpy as np
    >>> strength = np.array([0.9, 0.8, 0.7, 0.6])
    >>> correlation = np.outer(strength, strength)
    >>> np.fill_diagonal(correlation, 1.0)
    >>> extraction = maximum_likelihood_factors(correlation, 1)
    >>> extraction.loadings[:, 0].round(6).tolist()
    [0.9, 0.8, 0.7, 0.6]
    >>> extraction.converged
    True
    """
    _check_bound(lower_bound)
    matrix, scale = _standardise(np.asarray(correlation, dtype=np.float64))
    _check_regular(matrix)
    _check_identified(matrix.shape[0], n_factors)
    problem = Problem(
        profile=lambda logs: likelihood_profile(matrix, logs, n_factors),
        hessian=likelihood_hessian,
        low=float(np.log(lower_bound)),
        high=0.0,
    )
    start = np.log(_starting_uniquenesses(matrix, n_factors, lower_bound))
    solution = minimise(problem, start, max_iterations)
    uniquenesses = np.exp(solution.parameters)
    excess = np.where(solution.profile.retained, solution.profile.eigenvalues - 1.0, 0.0)
    loadings = np.sqrt(uniquenesses)[:, None] * _vectors(solution.profile, excess, n_factors)
    return Extraction(
        loadings=_turned(loadings) * scale[:, None],
        uniquenesses=uniquenesses * scale**2,
        discrepancy=solution.profile.value,
        n_iterations=solution.n_iterations,
        converged=solution.converged,
        heywood=solution.at_bound,
    )


def minimum_residual_factors(
    correlation: FloatArray,
    n_factors: int,
    *,
    lower_bound: float = 0.005,
    max_iterations: int = 1000,
) -> Extraction:
    """Extract factors by minimum residuals, that is by unweighted least squares.

    The sum of squared residual correlations is minimised over the uniquenesses, for which the best
    loadings have a closed form [1]_ [2]_. Damped Newton steps with the exact second derivatives go
    to the minimum; where they do not reach one, L-BFGS-B comes near it first.

    Parameters
    ----------
    correlation : FloatArray, shape (n_variables, n_variables)
        Correlation matrix. It may be singular.
    n_factors : int
        Number of factors, at least 1.
    lower_bound : float, default 0.005
        Smallest uniqueness allowed.
    max_iterations : int, default 1000
        Most steps of each optimiser.

    Returns
    -------
    Extraction

    Raises
    ------
    NotIdentifiedError
        If the model has more parameters than the matrix has distinct elements.
    NotPositiveDefiniteError
        If the matrix is not finite.
    OptionError
        If `lower_bound` is not between 0 and 1.

    Notes
    -----
    Assumes no distribution. Unlike maximum likelihood it is not free of scale: give correlations.
    Of a variable at the lower bound, the squared loadings may sum to more than one: they are those
    that fit the correlations best.

    References
    ----------
    .. [1] Harman, H. H., & Jones, W. H. (1966). Factor analysis by minimizing residuals (minres).
       Psychometrika, 31, 351-368. https://doi.org/10.1007/BF02289468
    .. [2] Jöreskog, K. G. (1977). Factor analysis by least-squares and maximum-likelihood methods.
       In K. Enslein, A. Ralston, & H. S. Wilf (Eds.), Statistical methods for digital computers
       (pp. 125-153). Wiley.

    Examples
    --------
    >>> import numpy as np
    >>> strength = np.array([0.9, 0.8, 0.7, 0.6])
    >>> correlation = np.outer(strength, strength)
    >>> np.fill_diagonal(correlation, 1.0)
    >>> minimum_residual_factors(correlation, 1).loadings[:, 0].round(6).tolist()
    [0.9, 0.8, 0.7, 0.6]
    """
    _check_bound(lower_bound)
    matrix, _ = _standardise(np.asarray(correlation, dtype=np.float64))
    _check_identified(matrix.shape[0], n_factors)
    problem = Problem(
        profile=lambda uniquenesses: residual_profile(matrix, uniquenesses, n_factors),
        hessian=residual_hessian,
        low=lower_bound,
        high=1.0,
    )
    start = _starting_uniquenesses(matrix, n_factors, lower_bound)
    solution = minimise(problem, start, max_iterations)
    strengths = np.where(solution.profile.retained, solution.profile.eigenvalues, 0.0)
    return Extraction(
        loadings=_turned(_vectors(solution.profile, strengths, n_factors)),
        uniquenesses=solution.parameters,
        discrepancy=solution.profile.value,
        n_iterations=solution.n_iterations,
        converged=solution.converged,
        heywood=solution.at_bound,
    )


def principal_axis_factors(
    correlation: FloatArray,
    n_factors: int,
    *,
    tolerance: float = 1e-10,
    max_iterations: int = 10_000,
) -> Extraction:
    """Extract factors by iterated principal axes.

    Communalities take the place of the ones on the diagonal, the leading eigenvectors give
    loadings, these give communalities, and so on until nothing changes. It starts from the squared
    multiple correlations.

    Parameters
    ----------
    correlation : FloatArray, shape (n_variables, n_variables)
        Correlation matrix. It may be singular.
    n_factors : int
        Number of factors, at least 1.
    tolerance : float, default 1e-10
        Largest change of a communality that counts as rest.
    max_iterations : int, default 10000
        Most rounds.

    Returns
    -------
    Extraction
        Where a communality would exceed one, the rounds end before, and the variable is marked in
        `heywood`.

    Raises
    ------
    NotIdentifiedError
        If the model has more parameters than the matrix has distinct elements.
    NotPositiveDefiniteError
        If the matrix is not finite.

    Notes
    -----
    At rest the solution is that of minimum residuals, unless a uniqueness lies at its bound there.

    References
    ----------
    Harman, H. H. (1976). Modern factor analysis (3rd ed.). University of Chicago Press.

    Examples
    --------
    >>> import numpy as np
    >>> strength = np.array([0.9, 0.8, 0.7, 0.6])
    >>> correlation = np.outer(strength, strength)
    >>> np.fill_diagonal(correlation, 1.0)
    >>> principal_axis_factors(correlation, 1).loadings[:, 0].round(6).tolist()
    [0.9, 0.8, 0.7, 0.6]
    """
    matrix, _ = _standardise(np.asarray(correlation, dtype=np.float64))
    _check_identified(matrix.shape[0], n_factors)
    communalities = 1.0 - _unexplained(matrix)
    heywood = np.zeros(communalities.size, dtype=bool)
    converged, n_rounds = False, 0
    while not converged and n_rounds < max_iterations:
        n_rounds += 1
        profile = residual_profile(matrix, 1.0 - communalities, n_factors)
        strengths = np.where(profile.retained, profile.eigenvalues, 0.0)
        loadings = _vectors(profile, strengths, n_factors)
        found = np.sum(loadings**2, axis=1)
        heywood = found > 1.0
        change = float(np.max(np.abs(found - communalities)))
        if heywood.any():
            break
        communalities, converged = found, change < tolerance
    uniquenesses = 1.0 - np.sum(loadings**2, axis=1)
    residuals = matrix - loadings @ loadings.T - np.diag(uniquenesses)
    return Extraction(
        loadings=_turned(loadings),
        uniquenesses=uniquenesses,
        discrepancy=0.5 * float(np.sum(residuals**2)),
        n_iterations=n_rounds,
        converged=converged,
        heywood=heywood,
    )


# ---- checks and starting values ------------------------------------------------------------------


def _standardise(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Correlation matrix and standard deviations of a checked covariance matrix."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise NotPositiveDefiniteError(
            f"The matrix has shape {matrix.shape}, but factor extraction needs a square one."
        )
    if not np.all(np.isfinite(matrix)) or np.any(np.diag(matrix) <= 0.0):
        raise NotPositiveDefiniteError(
            "The matrix has elements that are not finite, or variances that are not positive. "
            "Factor extraction needs variables that vary. Leave constant items out."
        )
    scale = np.sqrt(np.diag(matrix))
    correlation: FloatArray = matrix / np.outer(scale, scale)
    return correlation, scale


def _check_bound(lower_bound: float) -> None:
    if not 0.0 < lower_bound < 1.0:
        raise OptionError(
            f"`lower_bound` is {lower_bound!r}, but must be a share of the variance, above 0 and "
            "below 1."
        )


def _check_regular(correlation: FloatArray) -> None:
    """Raise unless a correlation matrix has an inverse."""
    smallest = float(linalg.eigvalsh(correlation, subset_by_index=(0, 0))[0])
    if smallest <= 1e-12:
        raise NotPositiveDefiniteError(
            f"The smallest eigenvalue of the correlation matrix is {smallest:.3g}, but "
            "maximum-likelihood extraction needs all of them positive. Leave out items that are "
            "sums or copies of others, or use more respondents than items."
        )


def _check_identified(n_variables: int, n_factors: int) -> None:
    """Raise unless the model has no more parameters than the matrix has distinct elements."""
    if n_factors < 1 or degrees_of_freedom(n_variables, n_factors) < 0:
        most = sum(degrees_of_freedom(n_variables, number) >= 0 for number in range(1, n_variables))
        raise NotIdentifiedError(
            f"{n_factors} factors were asked for of {n_variables} variables, which can identify "
            f"1 to {most}. Use fewer factors or more variables."
            if most
            else f"{n_variables} variables cannot identify a common factor; it needs at least 3."
        )


def _unexplained(matrix: FloatArray) -> FloatArray:
    """1 - R^2 of each variable on all the others; one half for all where the matrix is singular."""
    try:
        factor = linalg.cho_factor(matrix)
    except linalg.LinAlgError:
        return np.full(matrix.shape[0], 0.5)
    precision = linalg.cho_solve(factor, np.eye(matrix.shape[0]))
    unexplained: FloatArray = 1.0 / np.diag(precision)
    # A factorisation that rounding let pass says nothing.
    return unexplained if float(unexplained.min()) > 1e-8 else np.full(matrix.shape[0], 0.5)


def _starting_uniquenesses(matrix: FloatArray, n_factors: int, lower_bound: float) -> FloatArray:
    """Jöreskog's starting values: a shrunken 1 - R^2 of each variable on all the others."""
    if not np.any(matrix - np.diag(np.diag(matrix))):
        # Nothing is shared, so no loadings fit as well as any, and say so.
        return np.ones(matrix.shape[0])
    start = (1.0 - 0.5 * n_factors / matrix.shape[0]) * _unexplained(matrix)
    clipped: FloatArray = np.clip(start, lower_bound, 1.0)
    return clipped


def _vectors(profile: Profile, strengths: FloatArray, n_factors: int) -> FloatArray:
    """Leading eigenvectors, each times the root of its strength."""
    scaled: FloatArray = profile.eigenvectors[:, :n_factors] * np.sqrt(strengths[:n_factors])
    return scaled


def _turned(loadings: FloatArray) -> FloatArray:
    """Signs that make no column sum negative."""
    return loadings * np.where(loadings.sum(axis=0) < 0.0, -1.0, 1.0)
