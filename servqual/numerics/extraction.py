"""Maximum-likelihood extraction of common factors from a correlation or covariance matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from servqual.errors import NotIdentifiedError, NotPositiveDefiniteError, OptionError
from servqual.typing import BoolArray, FloatArray

__all__ = ["Extraction", "degrees_of_freedom", "maximum_likelihood_factors"]

#: Largest slope of the discrepancy in a free log uniqueness at a solution that counts as converged.
_GRADIENT_TOLERANCE = 1e-9

#: Distance on the log scale below which a uniqueness counts as lying on its bound.
_BOUND_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Extraction:
    """Unrotated factors, in the metric of the matrix they were extracted from.

    Attributes
    ----------
    loadings : FloatArray, shape (n_variables, n_factors)
        Loadings of the variables on uncorrelated factors of unit variance. Columns stand in
        decreasing order of the explained share after dividing by the uniquenesses, and each sums
        to zero or more.
    uniquenesses : FloatArray, shape (n_variables,)
        Variances that the factors leave unexplained.
    discrepancy : float
        Minimum of ``log|Sigma| + tr(S Sigma^-1) - log|S| - p``, with Sigma = loadings
        loadings' + diag(uniquenesses).
    n_iterations : int
        Steps of both optimisers together.
    converged : bool
        Whether the discrepancy is flat in every uniqueness that is free to move.
    heywood : BoolArray, shape (n_variables,)
        Variables whose uniqueness was held at the lower bound: the likelihood would grow further
        beyond it, so the solution is improper and standard errors do not apply.
    """

    loadings: FloatArray
    uniquenesses: FloatArray
    discrepancy: float
    n_iterations: int
    converged: bool
    heywood: BoolArray


@dataclass(frozen=True, slots=True)
class _Profile:
    """The discrepancy, minimised over the loadings, at given log uniquenesses.

    Attributes
    ----------
    value : float
        The discrepancy.
    gradient : FloatArray, shape (n_variables,)
        Its derivatives by the log uniquenesses.
    eigenvalues : FloatArray, shape (n_variables,)
        Eigenvalues of the matrix scaled by the uniquenesses, decreasing.
    eigenvectors : FloatArray, shape (n_variables, n_variables)
        Their eigenvectors, one per column.
    retained : BoolArray, shape (n_variables,)
        Which of them carry a factor.
    """

    value: float
    gradient: FloatArray
    eigenvalues: FloatArray
    eigenvectors: FloatArray
    retained: BoolArray


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


def maximum_likelihood_factors(
    correlation: FloatArray,
    n_factors: int,
    *,
    lower_bound: float = 0.005,
    max_iterations: int = 1000,
) -> Extraction:
    """Extract factors by maximum likelihood.

    The discrepancy is minimised over the logarithms of the uniquenesses, for which the best
    loadings have a closed form [1]_. L-BFGS-B with the analytic gradient comes near the minimum,
    Newton steps with the exact second derivatives [2]_ finish.

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
    if not 0.0 < lower_bound < 1.0:
        raise OptionError(
            f"`lower_bound` is {lower_bound!r}, but must be a share of the variance, above 0 and "
            "below 1."
        )
    matrix, scale = _standardise(np.asarray(correlation, dtype=np.float64))
    _check_identified(matrix.shape[0], n_factors)
    start = np.log(_starting_uniquenesses(matrix, n_factors, lower_bound))
    floor = float(np.log(lower_bound))
    near, n_approach = _approach(matrix, start, n_factors, floor, max_iterations)
    log_uniquenesses, n_newton = _newton(matrix, near, n_factors, floor, max_iterations)
    profile = _profile(matrix, log_uniquenesses, n_factors)
    heywood = (log_uniquenesses <= floor + _BOUND_TOLERANCE) & (profile.gradient > 0.0)
    slope = np.where(heywood, 0.0, profile.gradient)
    return Extraction(
        loadings=_loadings(profile, log_uniquenesses, n_factors) * scale[:, None],
        uniquenesses=np.exp(log_uniquenesses) * scale**2,
        discrepancy=profile.value,
        n_iterations=n_approach + n_newton,
        converged=bool(np.max(np.abs(slope)) < _GRADIENT_TOLERANCE),
        heywood=heywood,
    )


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
    smallest = float(linalg.eigvalsh(correlation, subset_by_index=(0, 0))[0])
    if smallest <= 1e-12:
        raise NotPositiveDefiniteError(
            f"The smallest eigenvalue of the correlation matrix is {smallest:.3g}, but "
            "maximum-likelihood extraction needs all of them positive. Leave out items that are "
            "sums or copies of others, or use more respondents than items."
        )
    return correlation, scale


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


def _starting_uniquenesses(matrix: FloatArray, n_factors: int, lower_bound: float) -> FloatArray:
    """Jöreskog's starting values: a shrunken 1 - R^2 of each variable on all the others."""
    precision = linalg.cho_solve(linalg.cho_factor(matrix), np.eye(matrix.shape[0]))
    start = (1.0 - 0.5 * n_factors / matrix.shape[0]) / np.diag(precision)
    clipped: FloatArray = np.clip(start, lower_bound, 1.0)
    return clipped


def _profile(matrix: FloatArray, log_uniquenesses: FloatArray, n_factors: int) -> _Profile:
    """Evaluate the discrepancy minimised over the loadings (Lawley & Maxwell 1971, section 4.3)."""
    scale = np.exp(-0.5 * log_uniquenesses)
    increasing, vectors = linalg.eigh(matrix * np.outer(scale, scale))
    eigenvalues, eigenvectors = increasing[::-1], vectors[:, ::-1]
    # A factor whose eigenvalue is below one would need imaginary loadings; its loadings are zero.
    retained = (np.arange(eigenvalues.size) < n_factors) & (eigenvalues > 1.0)
    excess = eigenvalues[~retained] - 1.0
    return _Profile(
        value=float(np.sum(excess - np.log1p(excess))),
        gradient=-(eigenvectors[:, ~retained] ** 2 @ excess),
        eigenvalues=eigenvalues,
        eigenvectors=eigenvectors,
        retained=retained,
    )


def _approach(
    matrix: FloatArray, start: FloatArray, n_factors: int, floor: float, max_iterations: int
) -> tuple[FloatArray, int]:
    """L-BFGS-B from the starting values; returns where it ends, and its number of iterations."""

    def value_and_gradient(log_uniquenesses: FloatArray, /) -> tuple[float, FloatArray]:
        profile = _profile(matrix, log_uniquenesses, n_factors)
        return profile.value, profile.gradient

    solution = optimize.minimize(
        value_and_gradient,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(floor, 0.0)] * start.size,
        options={"maxiter": max_iterations, "ftol": 1e-12, "gtol": 1e-7},
    )
    return np.asarray(solution.x, dtype=np.float64), int(solution.nit)


def _hessian(profile: _Profile) -> FloatArray:
    """Second derivatives of the discrepancy by the log uniquenesses (Clarke 1970).

    With theta, omega the eigenvalues and eigenvectors of the scaled matrix, m over the discarded
    ones and r over the retained ones::

        H_ij = (sum_m theta_m omega_im omega_jm) (sum_m omega_im omega_jm)
               + sum_m sum_r (1 - theta_m) (theta_r + theta_m) / (theta_r - theta_m)
                 omega_im omega_jm omega_ir omega_jr
    """
    kept, dropped = profile.retained, ~profile.retained
    theta_kept, theta_dropped = profile.eigenvalues[kept], profile.eigenvalues[dropped]
    omega_kept, omega_dropped = profile.eigenvectors[:, kept], profile.eigenvectors[:, dropped]
    hessian: FloatArray = ((omega_dropped * theta_dropped) @ omega_dropped.T) * (
        omega_dropped @ omega_dropped.T
    )
    for theta, omega in zip(theta_kept, omega_kept.T, strict=True):
        weight = (1.0 - theta_dropped) * (theta + theta_dropped) / (theta - theta_dropped)
        hessian += ((omega_dropped * weight) @ omega_dropped.T) * np.outer(omega, omega)
    return hessian


def _newton(
    matrix: FloatArray,
    log_uniquenesses: FloatArray,
    n_factors: int,
    floor: float,
    max_iterations: int,
) -> tuple[FloatArray, int]:
    """Newton steps on the uniquenesses that are free to move; returns where they end, and how many.

    A step that does not lower the slope ends the search, so the result is never further from the
    minimum than the start.
    """
    current = log_uniquenesses
    profile = _profile(matrix, current, n_factors)
    for step in range(min(max_iterations, 50)):
        free = (current > floor) | (profile.gradient < 0.0)
        slope = float(np.max(np.abs(profile.gradient[free]), initial=0.0))
        if slope < 1e-14:
            return current, step
        hessian = _hessian(profile)[np.ix_(free, free)]
        direction = np.zeros_like(current)
        direction[free] = np.linalg.lstsq(hessian, -profile.gradient[free], rcond=1e-12)[0]
        candidate = np.clip(current + direction, floor, 0.0)
        trial = _profile(matrix, candidate, n_factors)
        if np.max(np.abs(trial.gradient[free & (candidate > floor)]), initial=0.0) >= slope:
            return current, step
        current, profile = candidate, trial
    return current, min(max_iterations, 50)


def _loadings(profile: _Profile, log_uniquenesses: FloatArray, n_factors: int) -> FloatArray:
    """Loadings from the leading eigenvectors, with signs that make no column sum negative."""
    excess = np.where(profile.retained, profile.eigenvalues - 1.0, 0.0)[:n_factors]
    loadings: FloatArray = (
        np.exp(0.5 * log_uniquenesses)[:, None]
        * profile.eigenvectors[:, :n_factors]
        * np.sqrt(excess)
    )
    return loadings * np.where(loadings.sum(axis=0) < 0.0, -1.0, 1.0)
