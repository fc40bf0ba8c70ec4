"""How many components or factors to keep: average partial correlations and Kaiser's criteria."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.errors import OptionError
from servqual.typing import FloatArray

__all__ = [
    "AveragePartials",
    "EmpiricalKaiser",
    "average_partial_correlations",
    "empirical_kaiser",
    "kaiser_rule",
    "n_leading",
]

#: Variances below this are zero but for rounding.
_ZERO = 1e-10


@dataclass(frozen=True, slots=True)
class AveragePartials:
    """Average partial correlations between items after components are taken out.

    Attributes
    ----------
    squared : FloatArray, shape (p,)
        Mean of the squared partial correlations after m = 0, 1, …, p - 1 components; nan from
        `n_computed` on.
    fourth : FloatArray, shape (p,)
        Mean of their fourth powers.
    n_factors : int
        The m at which `squared` is smallest.
    n_factors_fourth : int
        The m at which `fourth` is smallest.
    n_computed : int
        For how many m there are numbers. Less than p if components exhaust an item's variance,
        which leaves nothing to correlate.
    """

    squared: FloatArray
    fourth: FloatArray
    n_factors: int
    n_factors_fourth: int
    n_computed: int


@dataclass(frozen=True, slots=True)
class EmpiricalKaiser:
    """The empirical Kaiser criterion.

    Attributes
    ----------
    reference : FloatArray, shape (p,)
        What each eigenvalue has to exceed.
    n_factors : int
        Leading eigenvalues that do, up to the first that does not.
    """

    reference: FloatArray
    n_factors: int


def average_partial_correlations(correlation: FloatArray) -> AveragePartials:
    """Compute the minimum average partial criterion (MAP) with squares and fourth powers.

    Parameters
    ----------
    correlation : FloatArray, shape (p, p)
        Correlation matrix of at least two items.

    Returns
    -------
    AveragePartials

    Raises
    ------
    OptionError
        If there are fewer than two items.

    Notes
    -----
    With A_m the loadings of the first m principal components, the partial correlations are those of
    R - A_m A_m'. As long as components capture what several items share, the partial correlations
    shrink; once they capture single items, they grow.

    References
    ----------
    Velicer, W. F. (1976). Determining the number of components from the matrix of partial
    correlations. Psychometrika, 41, 321-327. https://doi.org/10.1007/BF02293557

    Velicer, W. F., Eaton, C. A., & Fava, J. L. (2000). Construct explication through factor or
    component analysis. In R. D. Goffin & E. Helmes (Eds.), Problems and solutions in human
    assessment (pp. 41-71). https://doi.org/10.1007/978-1-4615-4397-8_3

    Examples
    --------
    >>> import numpy as np
    >>> one_factor = np.full((4, 4), 0.5)
    >>> np.fill_diagonal(one_factor, 1.0)
    >>> partials = average_partial_correlations(one_factor)
    >>> partials.squared[:2].round(6).tolist(), partials.n_factors
    ([0.25, 0.111111], 1)
    """
    matrix = np.asarray(correlation, dtype=np.float64)
    n_items = matrix.shape[0]
    if n_items < 2:
        raise OptionError(
            f"`correlation` has {n_items} row(s), but partial correlations need two items or more."
        )
    values, vectors = np.linalg.eigh(matrix)
    loadings = (vectors * np.sqrt(np.maximum(values, 0.0)))[:, ::-1]
    squared, fourth = np.full((2, n_items), np.nan)
    n_computed = 0
    for n_components in range(n_items):
        # What is left, from the components that are not taken out: without small differences.
        left = loadings[:, n_components:]
        rest = left @ left.T
        variances = np.diag(rest)
        if variances.min() <= _ZERO:
            break
        squares = rest**2 / np.outer(variances, variances)
        np.fill_diagonal(squares, 0.0)
        squared[n_components] = squares.sum() / (n_items * (n_items - 1))
        fourth[n_components] = np.sum(squares**2) / (n_items * (n_items - 1))
        n_computed += 1
    return AveragePartials(
        squared=squared,
        fourth=fourth,
        n_factors=int(np.nanargmin(squared)),
        n_factors_fourth=int(np.nanargmin(fourth)),
        n_computed=n_computed,
    )


def empirical_kaiser(eigenvalues: FloatArray, n_obs: float) -> EmpiricalKaiser:
    """Compare eigenvalues with those of uncorrelated items, given the larger ones before them.

    Parameters
    ----------
    eigenvalues : FloatArray, shape (p,)
        Of the correlation matrix, decreasing.
    n_obs : float
        Respondents.

    Returns
    -------
    EmpiricalKaiser

    Notes
    -----
    The reference of eigenvalue j is ``max[(p - Σ_{i<j} λ_i) / (p - j + 1) · (1 + √(p / n))², 1]``
    [1]_. The first is the asymptotic maximum for uncorrelated items (Marčenko and Pastur); later
    ones take account of the variance that is left. The number of factors counts up to the first
    eigenvalue that does not exceed its reference.

    References
    ----------
    .. [1] Braeken, J., & van Assen, M. A. L. M. (2017). An empirical Kaiser criterion.
       Psychological Methods, 22, 450-466. https://doi.org/10.1037/met0000074

    Examples
    --------
    >>> import numpy as np
    >>> criterion = empirical_kaiser(np.array([2.5, 0.8, 0.4, 0.3]), 100)
    >>> criterion.reference.round(4).tolist(), criterion.n_factors
    ([1.44, 1.0, 1.0, 1.0], 1)
    """
    values = np.asarray(eigenvalues, dtype=np.float64)
    n_items = values.size
    before = np.concatenate([[0.0], np.cumsum(values)[:-1]])
    left = (n_items - before) / (n_items - np.arange(n_items))
    reference = np.maximum(left * (1.0 + np.sqrt(n_items / n_obs)) ** 2, 1.0)
    return EmpiricalKaiser(reference=reference, n_factors=n_leading(values, reference))


def kaiser_rule(eigenvalues: FloatArray) -> int:
    """Count the eigenvalues of a correlation matrix that are greater than one.

    Parameters
    ----------
    eigenvalues : FloatArray, shape (p,)
        Decreasing.

    Returns
    -------
    int

    References
    ----------
    Guttman, L. (1954). Some necessary conditions for common-factor analysis. Psychometrika, 19,
    149-161. https://doi.org/10.1007/BF02289162

    Kaiser, H. F. (1960). The application of electronic computers to factor analysis. Educational
    and Psychological Measurement, 20, 141-151. https://doi.org/10.1177/001316446002000116

    Examples
    --------
    >>> import numpy as np
    >>> kaiser_rule(np.array([2.5, 1.1, 0.4]))
    2
    """
    return n_leading(eigenvalues, np.ones(np.size(eigenvalues)))


def n_leading(values: FloatArray, reference: FloatArray) -> int:
    """Count the leading values that exceed their reference, up to the first that does not.

    Parameters
    ----------
    values, reference : FloatArray, shape (p,)
        In the same order. A difference that rounding can make counts as none.

    Returns
    -------
    int

    Examples
    --------
    >>> import numpy as np
    >>> n_leading(np.array([2.0, 0.9, 1.2]), np.ones(3))
    1
    """
    exceeds = np.asarray(values) - np.asarray(reference) > _ZERO
    return int(np.cumprod(exceeds).sum())
