"""What factor extraction makes small, at the best loadings, and its derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.typing import BoolArray, FloatArray

__all__ = [
    "Profile",
    "likelihood_hessian",
    "likelihood_profile",
    "residual_hessian",
    "residual_profile",
]


@dataclass(frozen=True, slots=True)
class Profile:
    """The discrepancy, minimised over the loadings, at given parameters.

    Attributes
    ----------
    value : float
        The discrepancy.
    gradient : FloatArray, shape (n_variables,)
        Its derivatives by the parameters.
    eigenvalues : FloatArray, shape (n_variables,)
        Eigenvalues of the matrix that holds the factors, decreasing.
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


def likelihood_profile(matrix: FloatArray, log_uniquenesses: FloatArray, n_factors: int) -> Profile:
    """Evaluate the likelihood's discrepancy and its slope in the log uniquenesses.

    Parameters
    ----------
    matrix : FloatArray, shape (n_variables, n_variables)
        Correlation matrix, positive definite.
    log_uniquenesses : FloatArray, shape (n_variables,)
        Logarithms of the uniquenesses.
    n_factors : int
        Number of factors.

    Returns
    -------
    Profile
        Its eigenvalues are those of Psi^-1/2 S Psi^-1/2.

    References
    ----------
    Lawley, D. N., & Maxwell, A. E. (1971). Factor analysis as a statistical method (2nd ed.),
    section 4.3. Butterworths.

    Examples
    --------
    >>> import numpy as np
    >>> correlation = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    >>> round(likelihood_profile(correlation, np.log(np.full(4, 0.5)), 1).value, 12)
    0.0
    """
    scale = np.exp(-0.5 * log_uniquenesses)
    increasing, vectors = np.linalg.eigh(matrix * np.outer(scale, scale))
    eigenvalues, eigenvectors = increasing[::-1], vectors[:, ::-1]
    # A factor whose eigenvalue is below one would need imaginary loadings; its loadings are zero.
    retained = (np.arange(eigenvalues.size) < n_factors) & (eigenvalues > 1.0)
    excess = eigenvalues[~retained] - 1.0
    return Profile(
        value=float(np.sum(excess - np.log1p(excess))),
        gradient=-(eigenvectors[:, ~retained] ** 2 @ excess),
        eigenvalues=eigenvalues,
        eigenvectors=eigenvectors,
        retained=retained,
    )


def likelihood_hessian(profile: Profile) -> FloatArray:
    """Second derivatives of the likelihood's discrepancy by the log uniquenesses.

    Parameters
    ----------
    profile : Profile
        What `likelihood_profile` found.

    Returns
    -------
    FloatArray, shape (n_variables, n_variables)

    Notes
    -----
    With theta, omega the eigenvalues and eigenvectors of the scaled matrix, m over the discarded
    ones and r over the retained ones::

        H_ij = (sum_m theta_m omega_im omega_jm) (sum_m omega_im omega_jm)
               + sum_m sum_r (1 - theta_m) (theta_r + theta_m) / (theta_r - theta_m)
                 omega_im omega_jm omega_ir omega_jr

    References
    ----------
    Clarke, M. R. B. (1970). A rapidly convergent method for maximum-likelihood factor analysis.
    British Journal of Mathematical and Statistical Psychology, 23(1), 43-52.
    https://doi.org/10.1111/j.2044-8317.1970.tb00433.x

    Examples
    --------
    >>> import numpy as np
    >>> correlation = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    >>> profile = likelihood_profile(correlation, np.log(np.full(4, 0.5)), 1)
    >>> likelihood_hessian(profile).diagonal().round(4).tolist()
    [0.5625, 0.5625, 0.5625, 0.5625]
    """
    kept, dropped = profile.retained, ~profile.retained
    theta_kept, theta_dropped = profile.eigenvalues[kept], profile.eigenvalues[dropped]
    omega_kept, omega_dropped = profile.eigenvectors[:, kept], profile.eigenvectors[:, dropped]
    hessian: FloatArray = ((omega_dropped * theta_dropped) @ omega_dropped.T) * (
        omega_dropped @ omega_dropped.T
    )
    for theta, omega in zip(theta_kept, omega_kept.T, strict=True):
        weight = _ratio((1.0 - theta_dropped) * (theta + theta_dropped), theta - theta_dropped)
        hessian += ((omega_dropped * weight) @ omega_dropped.T) * np.outer(omega, omega)
    return hessian


def residual_profile(matrix: FloatArray, uniquenesses: FloatArray, n_factors: int) -> Profile:
    """Evaluate half the sum of squared residuals and its slope in the uniquenesses.

    The best loadings come from the leading eigenvalues of S - Psi; what is left is the sum of
    squares of the others.

    Parameters
    ----------
    matrix : FloatArray, shape (n_variables, n_variables)
        Correlation matrix.
    uniquenesses : FloatArray, shape (n_variables,)
        Uniquenesses.
    n_factors : int
        Number of factors.

    Returns
    -------
    Profile
        Its eigenvalues are those of S - Psi.

    References
    ----------
    Jöreskog, K. G. (1977). Factor analysis by least-squares and maximum-likelihood methods. In
    K. Enslein, A. Ralston, & H. S. Wilf (Eds.), Statistical methods for digital computers
    (pp. 125-153). Wiley.

    Examples
    --------
    >>> import numpy as np
    >>> correlation = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    >>> round(residual_profile(correlation, np.full(4, 0.5), 1).value, 12)
    0.0
    """
    increasing, vectors = np.linalg.eigh(matrix - np.diag(uniquenesses))
    eigenvalues, eigenvectors = increasing[::-1], vectors[:, ::-1]
    retained = (np.arange(eigenvalues.size) < n_factors) & (eigenvalues > 0.0)
    left = eigenvalues[~retained]
    return Profile(
        value=0.5 * float(np.sum(left**2)),
        gradient=-(eigenvectors[:, ~retained] ** 2 @ left),
        eigenvalues=eigenvalues,
        eigenvectors=eigenvectors,
        retained=retained,
    )


def residual_hessian(profile: Profile) -> FloatArray:
    """Second derivatives of half the sum of squared residuals by the uniquenesses.

    Parameters
    ----------
    profile : Profile
        What `residual_profile` found.

    Returns
    -------
    FloatArray, shape (n_variables, n_variables)

    Notes
    -----
    By differentiating the eigenvalues and eigenvectors of S - Psi, with m over the discarded and r
    over the retained ones::

        H_ij = (sum_m omega_im omega_jm)^2
               + 2 sum_r (sum_m theta_m / (theta_m - theta_r) omega_im omega_jm) omega_ir omega_jr

    Examples
    --------
    >>> import numpy as np
    >>> correlation = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    >>> profile = residual_profile(correlation, np.full(4, 0.5), 1)
    >>> residual_hessian(profile).diagonal().round(4).tolist()
    [0.5625, 0.5625, 0.5625, 0.5625]
    """
    kept, dropped = profile.retained, ~profile.retained
    theta_kept, theta_dropped = profile.eigenvalues[kept], profile.eigenvalues[dropped]
    omega_kept, omega_dropped = profile.eigenvectors[:, kept], profile.eigenvectors[:, dropped]
    hessian: FloatArray = (omega_dropped @ omega_dropped.T) ** 2
    for theta, omega in zip(theta_kept, omega_kept.T, strict=True):
        weight = _ratio(-2.0 * theta_dropped, theta - theta_dropped)
        hessian += ((omega_dropped * weight) @ omega_dropped.T) * np.outer(omega, omega)
    return hessian


def _ratio(numerator: FloatArray, gap: FloatArray) -> FloatArray:
    """Share of a discarded eigenvalue; zero where it ties with the retained one.

    Tied eigenvalues have no eigenvectors of their own, so no second derivative exists, and any
    value serves that keeps the search going.
    """
    return np.divide(numerator, gap, out=np.zeros_like(gap), where=gap > 0.0)
