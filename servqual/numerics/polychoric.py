"""Polychoric correlations: the correlation of the normal variables beneath ordered answers.

All pairs of items are estimated at once from their two-way tables; nothing here sees a respondent.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import optimize, special

from servqual.errors import OptionError
from servqual.numerics.bivariate_normal import (
    FAR,
    bivariate_normal_cdf,
    bivariate_normal_density,
)
from servqual.typing import BoolArray, EmptyCells, FloatArray, IntArray, check_option

__all__ = ["Polychoric", "cell_influences", "polychoric_correlations"]

#: Largest correlation that is tried: an identical pair of items has no maximum below 1.
BOUND = 0.9999

#: A step below this is the last one: Newton's steps square the error, which is then below 1e-11.
_STEP = 1e-6

#: Smallest probability of a cell, above the rounding errors of the four corners that make it.
_FLOOR = 1e-14

#: Pairs are taken in portions of so many table cells, to bound the memory.
_CELLS_AT_ONCE = 200_000

_MAX_ITERATIONS = 50


@dataclass(frozen=True, slots=True)
class Polychoric:
    """Polychoric correlations of all pairs of items.

    Attributes
    ----------
    correlations : FloatArray, shape (p, p)
        Diagonal 1; nan for an item with fewer than two chosen categories, and for a pair that
        nobody answered.
    std_errors : FloatArray, shape (p, p)
        Of the two-step estimates, with the sampling error of the thresholds in them; nan on the
        diagonal, at the bound and where standard errors were not asked for.
    thresholds : tuple of FloatArray
        For each item the cuts between its chosen categories, one fewer than these.
    empty_cells : IntArray, shape (p, p)
        Cells of the two-way table that nobody is in, among the chosen categories.
    adjusted : BoolArray, shape (p, p)
        Pairs in whose table empty cells were filled.
    at_bound : BoolArray, shape (p, p)
        Pairs whose likelihood grows up to a perfect correlation; it was held at ±.9999.
    n_iterations : int
        Most Newton steps that any pair took.
    converged : BoolArray, shape (p, p)
        Pairs that came to rest. Those that Newton's steps left are found by a search that cannot
        fail, so this is for the record.
    """

    correlations: FloatArray
    std_errors: FloatArray
    thresholds: tuple[FloatArray, ...]
    empty_cells: IntArray
    adjusted: BoolArray
    at_bound: BoolArray
    n_iterations: int
    converged: BoolArray


@dataclass(frozen=True, slots=True)
class _Margins:
    """Items with their categories padded to the same number K.

    Attributes
    ----------
    counts : FloatArray, shape (p, K)
        Frequencies of the chosen categories, then zeros.
    upper : FloatArray, shape (p, K - 1)
        Thresholds, then +38.5 where an item has no further one.
    place : IntArray, shape (p, K)
        Rows of the tables' matrix, then the row of zeros that was added to it.
    n_chosen : IntArray, shape (p,)
        Number of chosen categories.
    """

    counts: FloatArray
    upper: FloatArray
    place: IntArray
    n_chosen: IntArray


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Some pairs of items.

    Attributes
    ----------
    first, second : IntArray, shape (m,)
        Items.
    tables : FloatArray, shape (m, K, K)
        Two-way tables, empty cells filled where the policy says so.
    """

    first: IntArray
    second: IntArray
    tables: FloatArray


@dataclass(frozen=True, slots=True)
class _Fit:
    """Correlations of some pairs: see `Polychoric` for the meaning."""

    correlation: FloatArray
    at_bound: BoolArray
    converged: BoolArray
    n_iterations: int


def polychoric_correlations(
    tables: FloatArray,
    n_categories: IntArray,
    *,
    empty_cells: EmptyCells = "two-by-two",
    standard_errors: bool = True,
) -> Polychoric:
    """Estimate polychoric correlations in two steps.

    Thresholds come from the items' own frequencies; given these, the correlation of each pair
    maximises the likelihood of its two-way table.

    Parameters
    ----------
    tables : FloatArray, shape (K, K)
        All two-way tables as one symmetric matrix, K being the sum of the numbers of categories;
        the blocks on the diagonal hold the items' own frequencies.
    n_categories : IntArray, shape (p,)
        Number of categories of each item. Categories that nobody chose are left out.
    empty_cells : {"two-by-two", "all", "none"}, default "two-by-two"
        What becomes of cells that nobody is in. In a two-by-two table such a cell makes the
        likelihood grow up to a perfect correlation; ``"two-by-two"`` adds one half to it and
        changes the other three so that the margins stay, as lavaan does. ``"all"`` puts one half
        into every empty cell of any table, as psych does by default. ``"none"`` leaves all as
        they are.
    standard_errors : bool, default True
        Whether to compute standard errors.

    Returns
    -------
    Polychoric

    Raises
    ------
    OptionError
        If the numbers of categories do not fit the tables, or `empty_cells` is not an option.

    Notes
    -----
    Assumes that a bivariate normal distribution lies beneath each pair. The standard errors are
    those of the two-step estimator with empirical information, as in Muthén (1984): they use the
    variance of the scores in the sample and need no full table of all items. Under pairwise
    deletion they count those who answered one of the two items only, whose answers bear on its
    thresholds.

    References
    ----------
    Olsson, U. (1979). Maximum likelihood estimation of the polychoric correlation coefficient.
    Psychometrika, 44, 443-460. https://doi.org/10.1007/BF02296207

    Muthén, B. (1984). A general structural equation model with dichotomous, ordered categorical,
    and continuous latent variable indicators. Psychometrika, 49, 115-132.
    https://doi.org/10.1007/BF02294210

    Examples
    --------
    >>> import numpy as np
    >>> pair = np.array([[40.0, 10.0], [10.0, 40.0]])
    >>> margins = np.diag([50.0, 50.0])
    >>> both = np.block([[margins, pair], [pair.T, margins]])
    >>> estimate = polychoric_correlations(both, np.array([2, 2]))
    >>> round(float(estimate.correlations[0, 1]), 6)
    0.809017
    """
    check_option("empty_cells", empty_cells, EmptyCells)
    burt = np.asarray(tables, dtype=np.float64)
    sizes = np.asarray(n_categories, dtype=np.int64)
    if burt.ndim != 2 or burt.shape != (sizes.sum(), sizes.sum()):
        raise OptionError(
            f"`tables` has shape {burt.shape}, but {sizes.sum()} categories of {sizes.size} items "
            "were announced. Give one row and one column per category."
        )
    margins = _margins(burt, sizes)
    with_zeros = np.pad(burt, (0, 1))
    n_items = sizes.size
    correlations, errors = np.eye(n_items), np.full((n_items, n_items), np.nan)
    empty = np.zeros((n_items, n_items), dtype=np.int64)
    adjusted, at_bound = np.zeros((2, n_items, n_items), dtype=bool)
    converged = np.ones((n_items, n_items), dtype=bool)
    most = 0
    varied = margins.n_chosen >= 2
    correlations[~varied, :] = correlations[:, ~varied] = np.nan
    first, second = np.triu_indices(n_items, k=1)
    usable = varied[first] & varied[second]
    first, second = first[usable], second[usable]
    width = margins.counts.shape[1]
    portion = max(1, _CELLS_AT_ONCE // width**2)
    for start in range(0, first.size, portion):
        i, j = first[start : start + portion], second[start : start + portion]
        found = with_zeros[margins.place[i][:, :, None], margins.place[j][:, None, :]]
        filled, changed, n_empty = _fill(
            found, margins.n_chosen[i], margins.n_chosen[j], empty_cells
        )
        pairs = _Pairs(i, j, filled)
        fit = _estimate(margins, pairs)
        most = max(most, fit.n_iterations)
        for target, values in (
            (correlations, fit.correlation),
            (empty, n_empty),
            (adjusted, changed),
            (at_bound, fit.at_bound),
            (converged, fit.converged),
        ):
            target[i, j] = target[j, i] = values
        if standard_errors:
            error = _standard_errors(margins, _Pairs(i, j, found), fit.correlation)
            errors[i, j] = errors[j, i] = np.where(fit.at_bound, np.nan, error)
    return Polychoric(
        correlations=correlations,
        std_errors=errors,
        thresholds=tuple(
            margins.upper[item, : max(0, chosen - 1)].copy()
            for item, chosen in enumerate(margins.n_chosen)
        ),
        empty_cells=empty,
        adjusted=adjusted,
        at_bound=at_bound,
        n_iterations=most,
        converged=converged,
    )


def _margins(burt: FloatArray, sizes: IntArray) -> _Margins:
    """Each item's frequencies and thresholds, categories that nobody chose left out."""
    frequencies = np.diag(burt)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    chosen = [
        start + np.flatnonzero(frequencies[start:stop] > 0.0) for start, stop in pairwise(starts)
    ]
    n_chosen = np.array([places.size for places in chosen], dtype=np.int64)
    width = max(2, int(n_chosen.max(initial=0)))
    counts = np.zeros((sizes.size, width))
    place = np.full((sizes.size, width), burt.shape[0], dtype=np.int64)
    upper = np.full((sizes.size, width - 1), FAR)
    for item, places in enumerate(chosen):
        counts[item, : places.size] = frequencies[places]
        place[item, : places.size] = places
        if places.size:
            # From the nearer end, so that a threshold far out keeps its digits.
            below = np.cumsum(frequencies[places])[:-1]
            above = np.cumsum(frequencies[places][::-1])[::-1][1:]
            total = frequencies[places].sum()
            upper[item, : places.size - 1] = np.where(
                below <= above, special.ndtri(below / total), -special.ndtri(above / total)
            )
    return _Margins(counts, upper, place, n_chosen)


def _fill(
    tables: FloatArray, n_first: IntArray, n_second: IntArray, policy: EmptyCells
) -> tuple[FloatArray, BoolArray, IntArray]:
    """Tables under the policy for empty cells, which ones it changed, and their empty cells."""
    category = np.arange(tables.shape[1])
    real = (category < n_first[:, None])[:, :, None] & (category < n_second[:, None])[:, None, :]
    void = real & (tables == 0.0)
    n_empty = void.sum(axis=(1, 2))
    changed = np.zeros(len(tables), dtype=bool)
    if policy == "none":
        return tables, changed, n_empty
    if policy == "all":
        return np.where(void, 0.5, tables), n_empty > 0, n_empty
    # With both cells of a diagonal empty the correlation is perfect, whatever is added.
    changed = (n_first == 2) & (n_second == 2) & (n_empty == 1)
    if changed.any():
        tables = tables.copy()
        main = void[changed, 0, 0] | void[changed, 1, 1]
        half = np.where(main, 0.5, -0.5)
        tables[changed, :2, :2] += half[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return tables, changed, n_empty


def _rectangles(corners: FloatArray) -> FloatArray:
    """Differences of a function of the corners over all rectangles, shape (m, K, K)."""
    return np.diff(np.diff(corners, axis=1), axis=2)


def _with_edges(inner: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Add to the inner corners those at minus infinity (0) and plus infinity (the margins)."""
    m, rows, columns = inner.shape
    corners = np.zeros((m, rows + 2, columns + 2))
    corners[:, 1:-1, 1:-1] = inner
    corners[:, 1:-1, -1] = first
    corners[:, -1, 1:-1] = second
    corners[:, -1, -1] = 1.0
    return corners


def _probabilities(first: FloatArray, second: FloatArray, rho: FloatArray) -> FloatArray:
    """Probabilities of the cells, shape (m, K, K), not below the smallest."""
    corners = _with_edges(
        bivariate_normal_cdf(first, second, rho), special.ndtr(first), special.ndtr(second)
    )
    return np.maximum(_rectangles(corners), _FLOOR)


def _slopes(
    first: FloatArray, second: FloatArray, rho: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """First and second derivatives of the cells' probabilities by the correlation."""
    density = bivariate_normal_density(first, second, rho)
    h, k, r = first[:, :, None], second[:, None, :], rho[:, None, None]
    rest = 1.0 - r**2
    # d log phi2 / d rho, the bivariate normal density's own derivative
    curve = (r * rest + (1.0 + r**2) * h * k - r * (h**2 + k**2)) / rest**2
    pad = ((0, 0), (1, 1), (1, 1))
    return _rectangles(np.pad(density, pad)), _rectangles(np.pad(density * curve, pad))


def _starts(pairs: _Pairs) -> FloatArray:
    """Pearson's correlation of the category numbers, kept away from the bounds."""
    category = np.arange(pairs.tables.shape[1], dtype=np.float64)
    total = pairs.tables.sum(axis=(1, 2))
    rows, columns = pairs.tables.sum(axis=2), pairs.tables.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_first, mean_second = rows @ category / total, columns @ category / total
        variance_first = rows @ category**2 / total - mean_first**2
        variance_second = columns @ category**2 / total - mean_second**2
        product = np.einsum("mab,a,b->m", pairs.tables, category, category) / total
        pearson = (product - mean_first * mean_second) / np.sqrt(variance_first * variance_second)
    # Coarse answers weaken correlations; a little more than Pearson's is nearer the solution.
    start: FloatArray = np.nan_to_num(1.1 * pearson, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(start, -0.9, 0.9)


def _estimate(margins: _Margins, pairs: _Pairs) -> _Fit:
    """Newton's steps for all pairs at once; those that have come to rest drop out."""
    total = pairs.tables.sum(axis=(1, 2))
    answered = total > 0.0
    rho = np.where(answered, _starts(pairs), np.nan)
    moving = np.flatnonzero(answered)
    iteration = 0
    while moving.size and iteration < _MAX_ITERATIONS:
        iteration += 1
        first, second = margins.upper[pairs.first[moving]], margins.upper[pairs.second[moving]]
        step = _newton_step(first, second, rho[moving], pairs.tables[moving])
        # No step goes more than nine tenths of the way to the bound.
        target = rho[moving] + step
        room = np.where(step > 0.0, BOUND - rho[moving], -BOUND - rho[moving])
        target = np.where(np.abs(target) < BOUND, target, rho[moving] + 0.9 * room)
        rho[moving] = target
        at_rest = (np.abs(step) < _STEP) | (BOUND - np.abs(target) < 1e-7)
        moving = moving[~at_rest]
    converged = np.ones(rho.size, dtype=bool)
    for pair in moving:
        converged[pair] = False
        rho[pair] = _search(margins, pairs, int(pair))
    at_bound = _reaches_bound(margins, pairs, rho)
    rho = np.where(at_bound, np.copysign(BOUND, rho), rho)
    return _Fit(rho, at_bound, converged, iteration)


def _newton_step(
    first: FloatArray, second: FloatArray, rho: FloatArray, tables: FloatArray
) -> FloatArray:
    """One step up the log-likelihood: Newton's where it is concave, else Fisher's."""
    probability = _probabilities(first, second, rho)
    slope, curve = _slopes(first, second, rho)
    ratio = slope / probability
    gradient = np.einsum("mab,mab->m", tables, ratio)
    observed = np.einsum("mab,mab->m", tables, ratio**2 - curve / probability)
    expected = tables.sum(axis=(1, 2)) * np.einsum("mab,mab->m", slope, ratio)
    # The observed information may vanish far from the maximum; the expected one does not.
    information = np.where(observed > 0.3 * expected, observed, np.maximum(expected, 1e-300))
    step: FloatArray = gradient / information
    return np.clip(step, -0.4, 0.4)


def _log_likelihood(
    first: FloatArray, second: FloatArray, rho: FloatArray, tables: FloatArray
) -> FloatArray:
    """Log-likelihood of each pair."""
    logs = np.log(_probabilities(first, second, rho))
    total: FloatArray = np.einsum("mab,mab->m", tables, logs)
    return total


def _reaches_bound(margins: _Margins, pairs: _Pairs, rho: FloatArray) -> BoolArray:
    """Pairs whose likelihood is at the bound as high as where they came to rest.

    Long before the bound the likelihood of such a table is flat in double precision.
    """
    reaches = np.zeros(rho.size, dtype=bool)
    high = np.flatnonzero(np.abs(rho) > 0.9)
    if high.size:
        first, second = margins.upper[pairs.first[high]], margins.upper[pairs.second[high]]
        there, here = (
            _log_likelihood(first, second, value, pairs.tables[high])
            for value in (np.copysign(BOUND, rho[high]), rho[high])
        )
        reaches[high] = there >= here - 1e-8
    return reaches


def _search(margins: _Margins, pairs: _Pairs, pair: int) -> float:
    """Bounded search for one pair, for the rare table on which Newton's steps do not settle."""
    first = margins.upper[[pairs.first[pair]]]
    second = margins.upper[[pairs.second[pair]]]
    table = pairs.tables[[pair]]

    def minus_log_likelihood(rho: float) -> float:
        return -float(_log_likelihood(first, second, np.array([rho]), table)[0])

    found = optimize.minimize_scalar(
        minus_log_likelihood, bounds=(-BOUND, BOUND), method="bounded", options={"xatol": 1e-10}
    )
    return float(found.x)


@dataclass(frozen=True, slots=True)
class _Influence:
    """What a respondent in each cell does to the score of a pair's correlation.

    Attributes
    ----------
    both : FloatArray, shape (m, K, K)
        Of those who answered both items.
    first, second : FloatArray, shape (m, K)
        The part of it that comes through the thresholds of either item.
    information : FloatArray, shape (m,)
        By which the influence on the score is divided to get that on the correlation.
    """

    both: FloatArray
    first: FloatArray
    second: FloatArray
    information: FloatArray


def _influence(margins: _Margins, pairs: _Pairs, rho: FloatArray) -> _Influence:
    """Influence of each cell, the sampling error of the thresholds in it.

    A respondent in cell (a, b) moves the correlation by ``[s(a,b) − J₁'ψ₁(a) − J₂'ψ₂(b)] / A``: s
    is the score, A = Σ n s², ψ the influence on the thresholds, and J = Σ n s ∂log π/∂τ.
    """
    first, second = margins.upper[pairs.first], margins.upper[pairs.second]
    probability = _probabilities(first, second, rho)
    score = _slopes(first, second, rho)[0] / probability
    weight = pairs.tables * score / probability
    through_first = _through_thresholds(margins.counts[pairs.first], first, second, rho, weight)
    through_second = _through_thresholds(
        margins.counts[pairs.second], second, first, rho, weight.transpose(0, 2, 1)
    )
    return _Influence(
        score - through_first[:, :, None] - through_second[:, None, :],
        through_first,
        through_second,
        np.einsum("mab,mab->m", pairs.tables, score**2),
    )


def _standard_errors(margins: _Margins, pairs: _Pairs, rho: FloatArray) -> FloatArray:
    """Standard errors of the two-step estimates, from each cell's influence on them."""
    answered = pairs.tables.sum(axis=(1, 2)) > 0.0
    found = _influence(margins, pairs, np.where(answered, rho, 0.0))
    # Under pairwise deletion some answered one of the two items only.
    alone_first = margins.counts[pairs.first] - pairs.tables.sum(axis=2)
    alone_second = margins.counts[pairs.second] - pairs.tables.sum(axis=1)
    variance = (
        np.einsum("mab,mab->m", pairs.tables, found.both**2)
        + np.einsum("ma,ma->m", alone_first, found.first**2)
        + np.einsum("ma,ma->m", alone_second, found.second**2)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        error: FloatArray = np.sqrt(variance) / found.information
    return np.where(answered & (found.information > 0.0), error, np.nan)


def cell_influences(
    tables: FloatArray, n_categories: IntArray, correlations: FloatArray
) -> FloatArray:
    """By how much a respondent in each cell of a two-way table moves its polychoric correlation.

    Parameters
    ----------
    tables : FloatArray, shape (K, K)
        As in `polychoric_correlations`, complete answers, every category chosen.
    n_categories : IntArray, shape (p,)
        Number of categories of each item.
    correlations : FloatArray, shape (p, p)
        The estimates.

    Returns
    -------
    FloatArray, shape (p (p − 1) / 2, W, W)
        n times the influence, for the pairs below the diagonal, column by column; the first of the
        two axes is the category of the item with the smaller number, and W the largest number of
        categories.

    References
    ----------
    Muthén, B. (1984). A general structural equation model with dichotomous, ordered categorical,
    and continuous latent variable indicators. *Psychometrika*, 49, 115-132.
    https://doi.org/10.1007/BF02294210

    Examples
    --------
    >>> import numpy as np
    >>> pair = np.array([[40.0, 10.0], [10.0, 40.0]])
    >>> margins = np.diag([50.0, 50.0])
    >>> both = np.block([[margins, pair], [pair.T, margins]])
    >>> sizes = np.array([2, 2])
    >>> found = polychoric_correlations(both, sizes)
    >>> influence = cell_influences(both, sizes, found.correlations)
    >>> error = np.sqrt(np.sum(pair * influence[0] ** 2)) / pair.sum()
    >>> bool(np.isclose(error, found.std_errors[0, 1]))
    True
    """
    burt = np.asarray(tables, dtype=np.float64)
    sizes = np.asarray(n_categories, dtype=np.int64)
    margins = _margins(burt, sizes)
    with_zeros = np.pad(burt, (0, 1))
    first, second = np.triu_indices(sizes.size, k=1)
    width = margins.counts.shape[1]
    total = float(margins.counts[0].sum())
    found = np.empty((first.size, width, width))
    portion = max(1, _CELLS_AT_ONCE // width**2)
    for start in range(0, first.size, portion):
        i, j = first[start : start + portion], second[start : start + portion]
        cells = with_zeros[margins.place[i][:, :, None], margins.place[j][:, None, :]]
        part = _influence(margins, _Pairs(i, j, cells), correlations[i, j])
        found[start : start + portion] = total * part.both / part.information[:, None, None]
    return found


def _through_thresholds(
    counts: FloatArray, own: FloatArray, other: FloatArray, rho: FloatArray, weight: FloatArray
) -> FloatArray:
    """What a respondent in each category of an item does to the score by moving its thresholds.

    Shape (m, K): J'ψ(a), with ψ_c(a) = (1[a ≤ c] − F_c) / (n φ(τ_c)) and
    J_c = Σ_b [w(c, b) − w(c + 1, b)] · ∂π/∂τ_c.
    """
    r = rho[:, None, None]
    conditional = special.ndtr(
        (np.clip(other, -FAR, FAR)[:, None, :] - r * own[:, :, None]) / np.sqrt(1.0 - r**2)
    )
    edges = np.pad(conditional, ((0, 0), (0, 0), (1, 1)))
    edges[:, :, -1] = 1.0
    # The density of the threshold stands in ∂π/∂τ and in ψ, and cancels.
    slope = np.einsum("mcb,mcb->mc", weight[:, :-1, :] - weight[:, 1:, :], np.diff(edges, axis=2))
    real = np.arange(own.shape[1]) < (counts > 0.0).sum(axis=1)[:, None] - 1
    slope = np.where(real, slope, 0.0)
    total = counts.sum(axis=1, keepdims=True)
    below = np.cumsum(counts, axis=1)[:, :-1] / total
    # Σ_c slope_c (1[a ≤ c] − F_c): the slopes at and above a, less the average.
    at_or_above = np.cumsum(slope[:, ::-1], axis=1)[:, ::-1]
    mean = np.sum(slope * below, axis=1, keepdims=True)
    reach: FloatArray = (np.pad(at_or_above, ((0, 0), (0, 1))) - mean) / total
    return reach
