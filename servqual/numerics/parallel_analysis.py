"""Parallel analysis: the eigenvalues that items without anything in common would have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from servqual.errors import OptionError
from servqual.numerics.polychoric import polychoric_correlations
from servqual.numerics.smoothing import smooth_correlation
from servqual.typing import CorrelationKind, FloatArray, IntArray, Progress

__all__ = [
    "ParallelAnalysis",
    "ReferenceEigenvalues",
    "apportion",
    "parallel_analysis_normal",
    "parallel_analysis_permutation",
    "random_correlations",
    "reduced_eigenvalues",
    "squared_multiple_correlations",
]

#: Eigenvalues below this are zero but for rounding: an item that has a part in their vectors is a
#: sum of the others.
_ZERO = 1e-12

#: Above this, an inverse has digits enough, and takes a quarter of the time of eigenvectors.
_NEARLY_ZERO = 1e-6

#: Matrices are made in portions of so many elements, to bound the memory and to tell of progress.
_ELEMENTS_AT_ONCE = 2**17

_FEWEST_DRAWS = 20

#: Makes some correlation matrices, shape (number, p, p).
_Draw: TypeAlias = Callable[[int], FloatArray]


@dataclass(frozen=True, slots=True)
class ReferenceEigenvalues:
    """What the largest, second largest … eigenvalue comes to over all draws.

    Attributes
    ----------
    mean : FloatArray, shape (p,)
        Mean.
    percentile : FloatArray, shape (p,)
        Upper percentile.
    mean_error : FloatArray, shape (p,)
        Standard error of the mean that comes from the number of draws.
    percentile_error : FloatArray, shape (p,)
        The same of the percentile: half the distance of the order statistics that lie one binomial
        standard error to its left and right.
    """

    mean: FloatArray
    percentile: FloatArray
    mean_error: FloatArray
    percentile_error: FloatArray


@dataclass(frozen=True, slots=True)
class ParallelAnalysis:
    """Eigenvalues of random correlation matrices, in decreasing order.

    Attributes
    ----------
    components : ReferenceEigenvalues
        Of the matrices themselves.
    factors : ReferenceEigenvalues
        Of the matrices with squared multiple correlations on the diagonal.
    n_draws : int
        Number of matrices.
    """

    components: ReferenceEigenvalues
    factors: ReferenceEigenvalues
    n_draws: int


def parallel_analysis_normal(
    n_obs: int,
    n_items: int,
    *,
    n_draws: int,
    seed: int,
    percentile: float = 0.95,
    progress: Progress | None = None,
) -> ParallelAnalysis:
    """Eigenvalues of correlation matrices of independent normal variables.

    Parameters
    ----------
    n_obs : int
        Respondents, at least 3.
    n_items : int
        Number of variables p.
    n_draws : int
        Random matrices, at least 20.
    seed : int
        Seed of a generator that is used for nothing else.
    percentile : float, default 0.95
        Upper percentile, as a share.
    progress : callable, optional
        Is told (draws done, draws in all).

    Returns
    -------
    ParallelAnalysis

    Raises
    ------
    OptionError
        If a number is too small, or the percentile not between 0 and 1.

    Notes
    -----
    No data are drawn: see `random_correlations`. The draws depend on the seed, the number of draws
    and of items, not on the machine's number of threads.

    References
    ----------
    Horn, J. L. (1965). A rationale and test for the number of factors in factor analysis.
    Psychometrika, 30, 179-185. https://doi.org/10.1007/BF02289447

    Glorfeld, L. W. (1995). An improvement on Horn's parallel analysis methodology for selecting the
    correct number of factors to retain. Educational and Psychological Measurement, 55, 377-393.
    https://doi.org/10.1177/0013164495055003002

    Humphreys, L. G., & Ilgen, D. R. (1969). Note on a criterion for the number of common factors.
    Educational and Psychological Measurement, 29, 571-578.
    https://doi.org/10.1177/001316446902900303

    Examples
    --------
    >>> reference = parallel_analysis_normal(301, 9, n_draws=200, seed=0)
    >>> [round(float(value), 1) for value in reference.components.mean[:3]]
    [1.3, 1.2, 1.1]
    """
    generator = np.random.default_rng(seed)

    def draw(number: int) -> FloatArray:
        return random_correlations(n_obs, n_items, number, generator)

    return _analyse(draw, n_items, n_draws, percentile, progress)


def parallel_analysis_permutation(
    frequencies: Sequence[IntArray],
    values: Sequence[FloatArray],
    *,
    kind: CorrelationKind = "pearson",
    n_draws: int,
    seed: int,
    percentile: float = 0.95,
    progress: Progress | None = None,
) -> ParallelAnalysis:
    """Eigenvalues of correlations between items whose answers were shuffled.

    Each item keeps its own answers, in an order of its own; so nothing relates the items but
    chance, while their distributions stay what they are.

    Parameters
    ----------
    frequencies : sequence of IntArray, each shape (k_i,)
        For each item, how many respondents chose each category; the same sum for all items.
    values : sequence of FloatArray, each shape (k_i,)
        The categories as numbers, ascending. Only Pearson's correlation takes more from them than
        their order.
    kind : {"pearson", "polychoric", "spearman"}, default "pearson"
        Which correlations. Polychoric ones are smoothed where they have to be.
    n_draws : int
        How often all items are shuffled, at least 20.
    seed : int
        Seed of a generator that is used for nothing else.
    percentile : float, default 0.95
        Upper percentile, as a share.
    progress : callable, optional
        Is told (draws done, draws in all).

    Returns
    -------
    ParallelAnalysis

    Raises
    ------
    OptionError
        If an item does not vary, the items' sums differ, or a number is too small.

    References
    ----------
    Buja, A., & Eyuboglu, N. (1992). Remarks on parallel analysis. Multivariate Behavioral Research,
    27, 509-540. https://doi.org/10.1207/s15327906mbr2704_2

    Lubbe, D. (2019). Parallel analysis with categorical variables: Impact of category probability
    proportions on dimensionality assessment accuracy. Psychological Methods, 24, 339-351.
    https://doi.org/10.1037/met0000171

    Examples
    --------
    >>> import numpy as np
    >>> answers, points = np.array([20, 50, 30]), np.array([1.0, 2.0, 3.0])
    >>> reference = parallel_analysis_permutation(
    ...     [answers] * 4, [points] * 4, n_draws=200, seed=0
    ... )
    >>> round(float(reference.components.mean.sum()), 6)
    4.0
    """
    chosen = [np.asarray(own, dtype=np.int64) for own in frequencies]
    _check_frequencies(chosen, len(values))
    generator = np.random.default_rng(seed)
    draw = (
        _shuffle_categories(chosen, generator)
        if kind == "polychoric"
        else _shuffle_scores(chosen, values, kind, generator)
    )
    return _analyse(draw, len(chosen), n_draws, percentile, progress)


def random_correlations(
    n_obs: int, n_items: int, n_draws: int, generator: np.random.Generator
) -> FloatArray:
    """Correlation matrices of independent normal variables.

    Parameters
    ----------
    n_obs : int
        Respondents.
    n_items : int
        Number of variables p.
    n_draws : int
        Number of matrices.
    generator : numpy Generator
        Source of random numbers.

    Returns
    -------
    FloatArray, shape (n_draws, p, p)

    Notes
    -----
    By Bartlett's decomposition the sums of squares and products of n observations are L L', with L
    lower triangular, independent standard normal numbers below its diagonal, and on it the roots of
    chi-squared ones with n - 1, n - 2, … degrees of freedom. That takes p (p + 1) / 2 random
    numbers in place of n p. With n - 1 < p these do not exist, and data are drawn.

    References
    ----------
    Odell, P. L., & Feiveson, A. H. (1966). A numerical procedure to generate a sample covariance
    matrix. Journal of the American Statistical Association, 61, 199-203.
    https://doi.org/10.1080/01621459.1966.10502018

    Smith, W. B., & Hocking, R. R. (1972). Algorithm AS 53: Wishart variate generator. Applied
    Statistics, 21, 341-345. https://doi.org/10.2307/2346290

    Examples
    --------
    >>> import numpy as np
    >>> random_correlations(100, 5, 3, np.random.default_rng(1)).shape
    (3, 5, 5)
    """
    if n_obs - 1 < n_items:
        rows = generator.standard_normal((n_draws, n_items, n_obs))
        rows -= rows.mean(axis=2, keepdims=True)
    else:
        rows = np.tril(generator.standard_normal((n_draws, n_items, n_items)), k=-1)
        place = np.arange(n_items)
        rows[:, place, place] = np.sqrt(
            generator.chisquare(n_obs - 1.0 - place, size=(n_draws, n_items))
        )
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    correlations: FloatArray = rows @ rows.transpose(0, 2, 1)
    return correlations


def squared_multiple_correlations(correlations: FloatArray) -> FloatArray:
    """Share of each variable's variance that all the others explain.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p, p)
        Correlation matrices without negative eigenvalues.

    Returns
    -------
    FloatArray, shape (..., p)
        1 for a variable that is a sum of others, as all are if there are no more respondents than
        variables.

    References
    ----------
    Guttman, L. (1956). "Best possible" systematic estimates of communalities. Psychometrika, 21,
    273-285. https://doi.org/10.1007/BF02289137

    Examples
    --------
    >>> import numpy as np
    >>> squared_multiple_correlations(np.array([[1.0, 0.5], [0.5, 1.0]])).round(6).tolist()
    [0.25, 0.25]
    """
    matrices = np.asarray(correlations, dtype=np.float64)
    return _shares(matrices, float(np.linalg.eigvalsh(matrices).min()))


def reduced_eigenvalues(correlations: FloatArray) -> FloatArray:
    """Eigenvalues of correlation matrices with squared multiple correlations on the diagonal.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p, p)
        Correlation matrices without negative eigenvalues.

    Returns
    -------
    FloatArray, shape (..., p)
        Decreasing; the last ones are negative.

    Examples
    --------
    >>> import numpy as np
    >>> reduced_eigenvalues(np.array([[1.0, 0.5], [0.5, 1.0]])).round(6).tolist()
    [0.75, -0.25]
    """
    matrices = np.asarray(correlations, dtype=np.float64)
    return _reduced_eigenvalues(matrices, squared_multiple_correlations(matrices))


def apportion(weights: FloatArray, total: int) -> IntArray:
    """Whole numbers in proportion to weights, by largest remainders.

    Parameters
    ----------
    weights : FloatArray, shape (k,)
        Not negative, with a positive sum.
    total : int
        What the numbers sum to.

    Returns
    -------
    IntArray, shape (k,)
        The weights themselves where they are whole numbers with this sum.

    Examples
    --------
    >>> import numpy as np
    >>> apportion(np.array([1.0, 1.0, 2.0]), 10).tolist()
    [3, 2, 5]
    """
    given = np.asarray(weights, dtype=np.float64)
    share = given * (total / given.sum())
    # A product that is a whole number but for rounding is that number.
    whole = np.floor(share + 1e-9)
    missing = total - int(whole.sum())
    whole[np.argsort(whole - share, kind="stable")[:missing]] += 1.0
    numbers: IntArray = whole.astype(np.int64)
    return numbers


def _check_frequencies(chosen: list[IntArray], n_values: int) -> None:
    """Raise unless every item varies and all were answered by the same number."""
    if n_values != len(chosen):
        raise OptionError(
            f"There are frequencies of {len(chosen)} items, but values of {n_values}. Give both "
            "for each item."
        )
    constant = [place for place, own in enumerate(chosen) if np.count_nonzero(own) < 2]
    if constant:
        raise OptionError(
            f"Only one category was chosen at the positions {constant[:10]} of `frequencies`, but "
            "a correlation needs items that vary. Leave them out."
        )
    sums = sorted({int(own.sum()) for own in chosen})
    if len(sums) > 1:
        raise OptionError(
            f"The frequencies of the items sum to {sums[:10]}, but shuffling needs the same number "
            "of answers to all items. Scale them with `apportion`."
        )


def _shares(matrices: FloatArray, smallest: float) -> FloatArray:
    """Squared multiple correlations 1 - 1 / r^ii, given the smallest eigenvalue of any matrix."""
    if smallest > _NEARLY_ZERO:
        # Before numpy 2 a matrix beside a stack of as many matrices was taken for vectors.
        identity = np.broadcast_to(np.eye(matrices.shape[-1]), matrices.shape)
        inverse = np.linalg.solve(matrices, identity)
        inverse_diagonal = np.diagonal(inverse, axis1=-2, axis2=-1)
    else:
        # An eigenvalue of zero makes r^ii infinite where the variable has a part in its vector.
        values, vectors = np.linalg.eigh(matrices)
        weights = 1.0 / np.maximum(values, _ZERO)
        inverse_diagonal = np.einsum("...ik,...k->...i", vectors**2, weights)
    shares: FloatArray = np.clip(1.0 - 1.0 / inverse_diagonal, 0.0, 1.0)
    return shares


def _reduced_eigenvalues(matrices: FloatArray, diagonals: FloatArray) -> FloatArray:
    """Eigenvalues, decreasing, of matrices with other diagonals."""
    reduced = matrices.copy()
    place = np.arange(reduced.shape[-1])
    reduced[..., place, place] = diagonals
    return np.asarray(np.linalg.eigvalsh(reduced)[..., ::-1], dtype=np.float64)


def _codes(chosen: list[IntArray]) -> IntArray:
    """For each item the place of each answer's category, in order, shape (p, n)."""
    return np.stack([np.repeat(np.arange(own.size), own) for own in chosen])


def _shuffle_scores(
    chosen: list[IntArray],
    values: Sequence[FloatArray],
    kind: CorrelationKind,
    generator: np.random.Generator,
) -> _Draw:
    """Pearson's correlations of shuffled numbers, or of shuffled mean ranks.

    The numbers are whole for whole answers and for ranks, so that sums of products are exact,
    whatever order threads take them in.
    """
    rows = []
    for own, points in zip(chosen, values, strict=True):
        n_obs = int(own.sum())
        if kind == "spearman":
            # Twice the mean ranks; everybody answered, so they are the same in every order.
            numbers = (2 * np.cumsum(own) - own - n_obs).astype(np.float64)
        else:
            numbers = np.asarray(points, dtype=np.float64)
            numbers = numbers - np.rint(own @ numbers / n_obs)
        rows.append(np.repeat(numbers, own))
    answers = np.stack(rows)
    sums = answers.sum(axis=1)
    centre = np.outer(sums, sums) / answers.shape[1]
    deviation = np.sqrt(np.sum(answers**2, axis=1) - np.diag(centre))
    scale = np.outer(deviation, deviation)

    def draw(number: int) -> FloatArray:
        matrices = np.empty((number, len(chosen), len(chosen)))
        for matrix in matrices:
            shuffled = generator.permuted(answers, axis=1)
            np.matmul(shuffled, shuffled.T, out=matrix)
        correlations: FloatArray = (matrices - centre) / scale
        return correlations

    return draw


def _shuffle_categories(chosen: list[IntArray], generator: np.random.Generator) -> _Draw:
    """Polychoric correlations from the two-way tables of shuffled answers."""
    codes = _codes(chosen).astype(np.int16)
    sizes = np.array([own.size for own in chosen], dtype=np.int64)
    offsets = np.cumsum(sizes) - sizes

    def draw(number: int) -> FloatArray:
        matrices = np.empty((number, sizes.size, sizes.size))
        for place in range(number):
            shuffled = generator.permuted(codes, axis=1)
            tables = _tables(shuffled + offsets[:, None], int(sizes.sum()))
            estimate = polychoric_correlations(tables, sizes, standard_errors=False)
            matrices[place] = smooth_correlation(estimate.correlations).matrix
        return matrices

    return draw


def _tables(cells: IntArray, n_categories: int) -> FloatArray:
    """All two-way tables as one matrix, from each item's row of chosen categories, shape (p, n)."""
    tables = np.zeros((n_categories, n_categories))
    # Portions bound the memory; counts below 2^24 are exact in single precision.
    for start in range(0, cells.shape[1], 8192):
        part = cells[:, start : start + 8192]
        indicator = np.zeros((n_categories, part.shape[1]), dtype=np.float32)
        indicator[part, np.arange(part.shape[1])] = 1.0
        tables += indicator @ indicator.T
    return tables


def _portions(n_draws: int, n_items: int) -> Iterator[tuple[int, int]]:
    size = int(np.clip(_ELEMENTS_AT_ONCE // n_items**2, 1, 100))
    for start in range(0, n_draws, size):
        yield start, min(start + size, n_draws)


def _analyse(
    draw: _Draw, n_items: int, n_draws: int, percentile: float, progress: Progress | None
) -> ParallelAnalysis:
    """Draw matrices and summarise their eigenvalues."""
    if n_draws < _FEWEST_DRAWS or not 0.0 < percentile < 1.0:
        raise OptionError(
            f"{n_draws} draws and the percentile {percentile!r} were asked for, but it takes at "
            f"least {_FEWEST_DRAWS} draws, and a percentile between 0 and 1."
        )
    components, factors = np.empty((2, n_draws, n_items))
    for start, stop in _portions(n_draws, n_items):
        matrices = draw(stop - start)
        values = np.linalg.eigvalsh(matrices)
        components[start:stop] = values[:, ::-1]
        shares = _shares(matrices, float(values.min()))
        factors[start:stop] = _reduced_eigenvalues(matrices, shares)
        if progress is not None:
            progress(stop, n_draws)
    return ParallelAnalysis(
        components=_summarise(components, percentile),
        factors=_summarise(factors, percentile),
        n_draws=n_draws,
    )


def _summarise(draws: FloatArray, percentile: float) -> ReferenceEigenvalues:
    """Mean and percentile of each column, quantiles interpolated linearly (R's type 7)."""
    number = draws.shape[0]
    reach = np.sqrt(percentile * (1.0 - percentile) / number)
    wanted = np.clip([percentile, percentile - reach, percentile + reach], 0.0, 1.0)
    at, below, above = np.quantile(draws, wanted, axis=0)
    return ReferenceEigenvalues(
        mean=draws.mean(axis=0),
        percentile=at,
        mean_error=draws.std(axis=0, ddof=1) / np.sqrt(number),
        percentile_error=(above - below) / 2.0,
    )
