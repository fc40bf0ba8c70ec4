"""How much of an explained variance each of several correlated predictors may claim.

Every function takes correlation matrices with the outcome in the last row and column, and any
leading axes, so that the resamples of a bootstrap are one call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from servqual.errors import EstimationError
from servqual.numerics.coalitions import shapley_values
from servqual.typing import BoolArray, FloatArray, IntArray

__all__ = [
    "MAX_LMG_PREDICTORS",
    "SampledShares",
    "first",
    "last",
    "lmg",
    "n_owen_subsets",
    "owen",
    "partial",
    "pratt",
    "relative_weights",
    "sampled_lmg",
    "subset_r_squared",
]

#: Most predictors that `lmg` takes: 2^22 regressions, 32 MB of R^2.
MAX_LMG_PREDICTORS = 22

#: Eigenvalue or residual variance below which a predictor repeats others.
_SINGULAR = 1e-10

#: Numbers held at once while regressions are enumerated; 2^18 doubles are 2 MB and stay in cache.
_BLOCK = 2**18


def lmg(correlations: FloatArray) -> FloatArray:
    """Average gain in R^2 from adding a predictor, over all orders of entry.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last; p from 1 to 22.

    Returns
    -------
    FloatArray, shape (..., p)
        Shares, none negative, that sum to R^2; nan where a matrix is not finite.

    Raises
    ------
    EstimationError
        If there are more than 22 predictors.

    Notes
    -----
    Known as LMG, Shapley value regression and general dominance. Exact: R^2 of all 2^p subsets
    of predictors is computed by sweeping. A predictor that is a linear combination of others adds
    nothing to them, so shares exist for collinear predictors too.

    References
    ----------
    Lindeman, R. H., Merenda, P. F., & Gold, R. Z. (1980). Introduction to bivariate and
    multivariate analysis. Scott, Foresman.

    Grömping, U. (2006). Relative importance for linear regression in R: The package relaimpo.
    Journal of Statistical Software, 17(1). https://doi.org/10.18637/jss.v017.i01

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> shares = lmg(correlations)
    >>> shares.round(6).tolist()
    [0.286667, 0.086667]
    >>> round(float(shares.sum()), 6)
    0.373333
    """
    matrices = _checked(correlations)
    n_predictors = _enumerable(matrices)
    flat = matrices.reshape(-1, n_predictors + 1, n_predictors + 1)
    shares = np.empty((flat.shape[0], n_predictors))
    per_block = max(1, _BLOCK >> n_predictors)
    for start in range(0, flat.shape[0], per_block):
        part = slice(start, start + per_block)
        shares[part] = shapley_values(subset_r_squared(flat[part]))
    return shares.reshape(*matrices.shape[:-2], n_predictors)


def subset_r_squared(correlations: FloatArray) -> FloatArray:
    """R^2 of every subset of the predictors.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last; p from 1 to 22.

    Returns
    -------
    FloatArray, shape (..., 2^p)
        Bit j of a position says whether predictor j is in; nan where a matrix is not finite.

    Raises
    ------
    EstimationError
        If there are more than 22 predictors.

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> subset_r_squared(correlations).round(6).tolist()
    [0.0, 0.36, 0.16, 0.373333]
    """
    matrices = _checked(correlations)
    n_predictors = _enumerable(matrices)
    flat = matrices.reshape(-1, n_predictors + 1, n_predictors + 1)
    finite = _are_finite(flat)
    if finite.all():
        # Without a copy of what may be 32 MB.
        found = _all_subsets_r_squared(flat) if len(flat) else np.empty((0, 2**n_predictors))
    else:
        found = np.full((flat.shape[0], 2**n_predictors), np.nan)
        if finite.any():
            found[finite] = _all_subsets_r_squared(flat[finite])
    return found.reshape(*matrices.shape[:-2], 2**n_predictors)


@dataclass(frozen=True, slots=True)
class SampledShares:
    """LMG shares from a sample of the orders of entry.

    Attributes
    ----------
    shares : FloatArray, shape (p,)
        They sum to R^2.
    mc_error : FloatArray, shape (p,)
        Standard errors of the sampling of orders; nan with one pair of orders.
    n_permutations : int
        Orders that were walked through.
    """

    shares: FloatArray
    mc_error: FloatArray
    n_permutations: int


def sampled_lmg(correlations: FloatArray, *, n_permutations: int, seed: int) -> SampledShares:
    """LMG shares of many predictors, from random orders of entry.

    Parameters
    ----------
    correlations : FloatArray, shape (p + 1, p + 1)
        A correlation matrix, the outcome last.
    n_permutations : int
        Orders to walk through, at least 2; an odd number is raised by one.
    seed : int
        Seed of a generator that is used for nothing else.

    Returns
    -------
    SampledShares

    Raises
    ------
    EstimationError
        If there are several matrices, one is not finite, or fewer than two orders are asked for.

    Notes
    -----
    Each order is drawn together with its reverse. A predictor that enters early in one enters late
    in the other, so that the average of the two varies less than that of two independent orders.
    The standard error is that of a mean of independent pairs. The gains of one order sum to R^2,
    so the shares do too, without error. The cost grows with ``n_permutations * p^3``.

    References
    ----------
    Castro, J., Gómez, D., & Tejada, J. (2009). Polynomial calculation of the Shapley value based on
    sampling. Computers & Operations Research, 36(5), 1726-1730.
    https://doi.org/10.1016/j.cor.2008.04.004

    Mitchell, R., Cooper, J., Frank, E., & Holmes, G. (2022). Sampling permutations for Shapley
    value estimation. Journal of Machine Learning Research, 23(43), 1-46.

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> sampled_lmg(correlations, n_permutations=10, seed=1).shares.round(6).tolist()
    [0.286667, 0.086667]
    """
    matrix = _checked(correlations)
    if matrix.ndim != 2 or not np.isfinite(matrix).all() or n_permutations < 2:
        raise EstimationError(
            f"{n_permutations} orders of correlations of shape {matrix.shape} were asked for, but "
            "sampling needs at least two orders and one matrix of finite numbers."
        )
    n_predictors, n_pairs = matrix.shape[0] - 1, (n_permutations + 1) // 2
    generator = np.random.default_rng(seed)
    total, squares = np.zeros(n_predictors), np.zeros(n_predictors)
    per_block = max(1, _BLOCK // (2 * matrix.size))
    for start in range(0, n_pairs, per_block):
        n_drawn = min(per_block, n_pairs - start)
        orders = generator.permuted(np.tile(np.arange(n_predictors), (n_drawn, 1)), axis=1)
        of_pairs = 0.5 * (
            _gains_in_order(matrix, orders) + _gains_in_order(matrix, orders[:, ::-1])
        )
        total += of_pairs.sum(axis=0)
        squares += (of_pairs**2).sum(axis=0)
    shares = total / n_pairs
    # Squares less the square of the mean: with sums near the mean, rounding may go below zero.
    spread = np.maximum(squares / n_pairs - shares**2, 0.0)
    error = np.sqrt(spread / (n_pairs - 1)) if n_pairs > 1 else np.full(n_predictors, np.nan)
    return SampledShares(shares, error, 2 * n_pairs)


def owen(correlations: FloatArray, groups: Sequence[Sequence[int]]) -> FloatArray:
    r"""LMG shares over those orders of entry in which groups of predictors stay together.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.
    groups : sequence of sequence of int
        Places of the predictors of each group; each predictor is in one group.

    Returns
    -------
    FloatArray, shape (..., p)
        Shares, none negative, that sum to R^2; nan where a matrix is not finite. The shares of a
        group sum to the Shapley value of that group, when groups enter as wholes.

    Raises
    ------
    EstimationError
        If groups overlap or miss predictors, or need more than 2^22 regressions.

    Notes
    -----
    With m groups, predictor i in group k of b predictors B has

    .. math:: \sum_{Q \not\ni k} \sum_{S \subseteq B \setminus i}
        \frac{|Q|! (m - |Q| - 1)!}{m!} \frac{|S|! (b - |S| - 1)!}{b!}
        [R^2(Q \cup S \cup i) - R^2(Q \cup S)]

    where Q runs over the sets of other groups, taken whole (Owen 1977, equation for a priori
    unions; for R^2 Huettner and Sunder 2012). So far fewer subsets are needed than for LMG: with
    five groups of four or five, 2,000 instead of four million. Groups of one predictor each, and
    one group of all, give LMG.

    References
    ----------
    Owen, G. (1977). Values of games with a priori unions. In R. Henn & O. Moeschlin (Eds.),
    Mathematical economics and game theory (pp. 76-88). Springer.
    https://doi.org/10.1007/978-3-642-45494-3_7

    Huettner, F., & Sunder, M. (2012). Axiomatic arguments for decomposing goodness of fit according
    to Shapley and Owen values. Electronic Journal of Statistics, 6, 1239-1250.
    https://doi.org/10.1214/12-EJS710

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    >>> owen(correlations, [[0, 1], [2]]).round(6).tolist()
    [0.114583, 0.114583, 0.145833]
    """
    matrices = _checked(correlations)
    n_predictors = matrices.shape[-1] - 1
    n_subsets = n_owen_subsets([len(group) for group in groups])
    _check_groups(groups, n_predictors, n_subsets)
    flat = matrices.reshape(-1, n_predictors + 1, n_predictors + 1)
    finite = _are_finite(flat)
    shares = np.full((flat.shape[0], n_predictors), np.nan)
    per_block = max(1, _BLOCK // n_subsets)
    for start in range(0, flat.shape[0], per_block):
        rows = np.flatnonzero(finite[start : start + per_block]) + start
        for group in range(len(groups) if rows.size else 0):
            shares[np.ix_(rows, np.asarray(groups[group]))] = _owen_of_group(
                flat[rows], groups, group
            )
    return shares.reshape(*matrices.shape[:-2], n_predictors)


def n_owen_subsets(sizes: Sequence[int]) -> int:
    """How many regressions `owen` makes for each matrix.

    Parameters
    ----------
    sizes : sequence of int
        Predictors in each group.

    Returns
    -------
    int

    Examples
    --------
    >>> n_owen_subsets([4, 5, 4, 4, 5])
    1792
    """
    return int(2 ** (len(sizes) - 1) * sum(2**size for size in sizes))


def relative_weights(correlations: FloatArray) -> FloatArray:
    """Johnson's relative weights.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.

    Returns
    -------
    FloatArray, shape (..., p)
        Shares, none negative, that sum to R^2; nan where a matrix is not finite or the predictors
        are linearly dependent.

    Notes
    -----
    The predictors are replaced by the uncorrelated variables nearest to them (the symmetric square
    root of their correlation matrix); what these explain is handed back in proportion to the
    squared correlations. The cost grows with p^3 only.

    References
    ----------
    Johnson, J. W. (2000). A heuristic method for estimating the relative weight of predictor
    variables in multiple regression. Multivariate Behavioral Research, 35(1), 1-19.
    https://doi.org/10.1207/S15327906MBR3501_1

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> relative_weights(correlations).round(6).tolist()
    [0.286667, 0.086667]
    """
    matrices = _checked(correlations)
    eigenvalues, eigenvectors = _predictor_eigen(matrices)
    transposed = np.swapaxes(eigenvectors, -1, -2)
    root = (eigenvectors * np.sqrt(eigenvalues)[..., None, :]) @ transposed
    inverse_root = (eigenvectors / np.sqrt(eigenvalues)[..., None, :]) @ transposed
    on_orthogonal = (inverse_root @ matrices[..., :-1, -1:])[..., 0]
    weights: FloatArray = (root**2 @ (on_orthogonal**2)[..., None])[..., 0]
    return weights


def pratt(correlations: FloatArray) -> FloatArray:
    """Pratt's measure: standardised coefficient times correlation with the outcome.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.

    Returns
    -------
    FloatArray, shape (..., p)
        Values that sum to R^2 and can be negative (a suppressor); nan where a matrix is not
        finite or the predictors are linearly dependent.

    References
    ----------
    Pratt, J. W. (1987). Dividing the indivisible: Using simple symmetry to partition variance
    explained. In Proceedings of the Second International Conference in Statistics (pp. 245-260).
    University of Tampere.

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> pratt(correlations).round(6).tolist()
    [0.32, 0.053333]
    """
    matrices = _checked(correlations)
    slopes, _ = _slopes_and_precisions(matrices)
    return slopes * matrices[..., :-1, -1]


def first(correlations: FloatArray) -> FloatArray:
    """R^2 of each predictor alone.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.

    Returns
    -------
    FloatArray, shape (..., p)
        Squared correlations with the outcome. Correlated predictors claim the same variance, so
        the values need not sum to R^2.

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> first(correlations).round(6).tolist()
    [0.36, 0.16]
    """
    alone: FloatArray = _checked(correlations)[..., :-1, -1] ** 2
    return alone


def last(correlations: FloatArray) -> FloatArray:
    """Gain in R^2 from adding each predictor to all the others.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.

    Returns
    -------
    FloatArray, shape (..., p)
        Squared semipartial correlations (Darlington's usefulness), which need not sum to R^2;
        nan where a matrix is not finite or the predictors are linearly dependent.

    References
    ----------
    Darlington, R. B. (1968). Multiple regression in psychological research and practice.
    Psychological Bulletin, 69(3), 161-182. https://doi.org/10.1037/h0025471

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> last(correlations).round(6).tolist()
    [0.213333, 0.013333]
    """
    slopes, precisions = _slopes_and_precisions(_checked(correlations))
    gains: FloatArray = slopes**2 / precisions
    return gains


def partial(correlations: FloatArray) -> FloatArray:
    """Squared partial correlation of each predictor with the outcome, given all the others.

    Parameters
    ----------
    correlations : FloatArray, shape (..., p + 1, p + 1)
        Correlation matrices, the outcome last.

    Returns
    -------
    FloatArray, shape (..., p)
        What the predictor explains of the variance that the others leave, between 0 and 1; the
        values do not sum to R^2. nan where a matrix is not finite, the predictors are linearly
        dependent, or the others explain everything.

    References
    ----------
    Cohen, J., Cohen, P., West, S. G., & Aiken, L. S. (2003). Applied multiple
    regression/correlation analysis for the behavioral sciences (3rd ed.). Erlbaum.
    https://doi.org/10.4324/9780203774441

    Examples
    --------
    >>> import numpy as np
    >>> correlations = np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> partial(correlations).round(6).tolist()
    [0.253968, 0.020833]
    """
    matrices = _checked(correlations)
    slopes, precisions = _slopes_and_precisions(matrices)
    gains = slopes**2 / precisions
    unexplained = 1.0 - np.sum(slopes * matrices[..., :-1, -1], axis=-1, keepdims=True)
    left_by_others = unexplained + gains
    usable = left_by_others > _SINGULAR
    found: FloatArray = gains / np.where(usable, left_by_others, np.nan)
    return found


def _checked(correlations: FloatArray) -> FloatArray:
    """Correlation matrices as floats, with at least one predictor."""
    matrices = np.asarray(correlations, dtype=np.float64)
    if matrices.ndim < 2 or matrices.shape[-1] != matrices.shape[-2] or matrices.shape[-1] < 2:
        raise EstimationError(
            f"The correlations have shape {matrices.shape}, but importance needs square matrices "
            "of at least one predictor and the outcome."
        )
    return matrices


def _enumerable(matrices: FloatArray) -> int:
    """How many predictors there are, unless they have too many subsets."""
    n_predictors = int(matrices.shape[-1]) - 1
    if n_predictors > MAX_LMG_PREDICTORS:
        raise EstimationError(
            f"There are {n_predictors} predictors, but LMG takes at most {MAX_LMG_PREDICTORS}: "
            f"it needs 2^{n_predictors} regressions. Use relative weights, which come close to it, "
            "or the dimensions instead of the items."
        )
    return n_predictors


def _are_finite(matrices: FloatArray) -> BoolArray:
    """Which matrices have only finite elements, shape (...)."""
    return np.asarray(np.isfinite(matrices).all(axis=(-2, -1)), dtype=np.bool_)


def _predictor_eigen(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues and eigenvectors of the predictors' correlations; nan where not usable."""
    predictors = matrices[..., :-1, :-1]
    finite = _are_finite(matrices)
    # eigh raises for the whole stack at one nan, so those matrices are replaced and marked after.
    usable = np.where(finite[..., None, None], predictors, np.eye(predictors.shape[-1]))
    eigenvalues, eigenvectors = np.linalg.eigh(usable)
    keep = finite & (eigenvalues[..., 0] > _SINGULAR)
    return np.where(keep[..., None], eigenvalues, np.nan), eigenvectors


def _slopes_and_precisions(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Standardised coefficients, and the inverse correlation matrix's diagonal."""
    eigenvalues, eigenvectors = _predictor_eigen(matrices)
    rotated = np.swapaxes(eigenvectors, -1, -2) @ matrices[..., :-1, -1:]
    slopes: FloatArray = (eigenvectors @ (rotated / eigenvalues[..., :, None]))[..., 0]
    precisions: FloatArray = np.sum(eigenvectors**2 / eigenvalues[..., None, :], axis=-1)
    return slopes, precisions


def _all_subsets_r_squared(matrices: FloatArray) -> FloatArray:
    """R^2 of every subset of predictors, shape (b, 2^p); bit j of the position stands for j.

    The last predictors are handled for all subsets at once; subsets of the others, the leading
    ones, are walked through one at a time, so that the work space stays at `_BLOCK` numbers.
    """
    n_batch, n_predictors = matrices.shape[0], matrices.shape[-1] - 1
    n_walked = max(0, n_predictors - max(1, (_BLOCK // n_batch).bit_length() - 3))
    r_squared = np.empty((n_batch, 2 ** (n_predictors - n_walked), 2**n_walked))
    for walked in range(2**n_walked):
        state = matrices
        for bit in range(n_walked):
            state = _swept(state) if walked >> bit & 1 else state[:, 1:, 1:]
        r_squared[:, :, walked] = _r_squared_of_rest(state)
    return r_squared.reshape(n_batch, -1)


def _r_squared_of_rest(state: FloatArray) -> FloatArray:
    """R^2 of every subset of the predictors that are left in `state`, shape (b, 2^n_left)."""
    n_batch, size = state.shape[0], state.shape[-1]
    subsets = state[:, None]
    for _ in range(size - 1):
        # The predictor in front is left out of the first half of the subsets and in the second.
        subsets = np.concatenate([subsets[..., 1:, 1:], _swept(subsets)], axis=1)
    return 1.0 - subsets.reshape(n_batch, -1)


def _swept(state: FloatArray) -> FloatArray:
    """Residual covariances of the other variables after regression on the one in front."""
    pivot = state[..., 0, 0]
    usable = pivot > _SINGULAR
    scaled = np.where(usable, 1.0, 0.0) / np.where(usable, pivot, 1.0)
    column = state[..., 1:, 0]
    residual: FloatArray = (
        state[..., 1:, 1:] - (column * scaled[..., None])[..., :, None] * column[..., None, :]
    )
    return residual


def _gains_in_order(matrix: FloatArray, orders: IntArray) -> FloatArray:
    """Gain in R^2 of each predictor when they enter in each order, shape (n_orders, p)."""
    n_orders, n_predictors = orders.shape
    places = np.column_stack([orders, np.full(n_orders, n_predictors)])
    state = matrix[places[:, :, None], places[:, None, :]]
    gains = np.empty((n_orders, n_predictors))
    for step in range(n_predictors):
        before = state[:, -1, -1]
        state = _swept(state)
        gains[:, step] = before - state[:, -1, -1]
    found = np.empty_like(gains)
    np.put_along_axis(found, orders, gains, axis=1)
    return found


def _check_groups(groups: Sequence[Sequence[int]], n_predictors: int, n_subsets: int) -> None:
    placed = sorted(place for group in groups for place in group)
    if placed != list(range(n_predictors)) or not all(len(group) for group in groups):
        raise EstimationError(
            f"The groups hold the predictors {placed}, but each of {n_predictors} must be in "
            "exactly one group, and no group empty."
        )
    if n_subsets > 2**MAX_LMG_PREDICTORS:
        raise EstimationError(
            f"Groups of {', '.join(str(len(group)) for group in groups)} predictors need "
            f"{n_subsets:,} regressions, but at most 2^{MAX_LMG_PREDICTORS} are made. Use smaller "
            "groups, or relative weights."
        )


def _owen_of_group(
    matrices: FloatArray, groups: Sequence[Sequence[int]], chosen: int
) -> FloatArray:
    """Owen values of one group's predictors, shape (b, n_of_group)."""
    own = list(groups[chosen])
    others = [list(group) for place, group in enumerate(groups) if place != chosen]
    order = [*(place for group in others for place in group), *own, matrices.shape[-1] - 1]
    states = matrices[:, order][:, :, order][:, None]
    sizes = np.zeros(1, dtype=np.int64)
    for group in others:
        # The group in front is left out of the first half of the sets and in the second.
        entered = states
        for _ in group:
            entered = _swept(entered)
        states = np.concatenate([states[..., len(group) :, len(group) :], entered], axis=1)
        sizes = np.concatenate([sizes, sizes + 1])
    n_sets = states.shape[1]
    weights = [1.0 / (len(groups) * math.comb(len(groups) - 1, int(size))) for size in sizes]
    within = _r_squared_of_rest(states.reshape(-1, len(own) + 1, len(own) + 1))
    values = shapley_values(within).reshape(-1, n_sets, len(own))
    shares: FloatArray = np.einsum("bqi,q->bi", values, np.array(weights))
    return shares
