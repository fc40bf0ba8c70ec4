"""Rotation of factors towards simple structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from servqual.errors import EstimationError
from servqual.numerics.rotation_criteria import (
    Criterion,
    Family,
    Settled,
    crawford_ferguson,
    geomin,
    settle,
)
from servqual.typing import FloatArray, Rotation, check_option, check_whole

__all__ = ["OBLIQUE", "RotatedFactors", "rotate"]

#: Rotations after which factors may correlate.
OBLIQUE: Final[tuple[Rotation, ...]] = ("promax", "oblimin", "quartimin", "geomin")

#: What the Rotator of factor_analyzer calls them.
_METHODS: Final[dict[Rotation, str]] = {
    "varimax": "varimax",
    "quartimax": "quartimax",
    "equamax": "equamax",
    "geomin-orthogonal": "geomin_ort",
    "promax": "promax",
    "oblimin": "oblimin",
    "quartimin": "quartimin",
    "geomin": "geomin_obl",
}

#: R's functions scale rows by default for these and not for the others.
_KAISER: Final[tuple[Rotation, ...]] = ("varimax", "promax")

#: Criteria that often have several minima, and the number of starts that finds the lowest.
_STARTS: Final[dict[Rotation, int]] = {"geomin": 30, "geomin-orthogonal": 30}

#: Random starts taken in addition, until one ends in a minimum, if none of those asked for did.
#: Positions that the data make symmetric (two equal clusters, say) are saddles, not minima.
_MORE_STARTS: Final = 5

#: Length of the projected gradient at which the Rotator hands over. Its line search compares values
#: of the criterion, which round at 1e-16: it gets slow on the way to the root of that.
_TOLERANCE: Final = 1e-2
_MAX_ITERATIONS: Final = 500

#: Varimax stops on the relative growth of its criterion.
_VARIMAX_TOLERANCE: Final = 1e-8

#: Added to squared loadings by geomin, so that a zero does not hide the others of its row.
_GEOMIN_DELTA: Final = 0.01

#: Starts whose criterion is within this share of the lowest found the same solution.
_SAME: Final = 1e-6
_ALMOST_ZERO: Final = 1e-12

#: Smallest singular value of the loadings, as a share of the largest, with which factors that may
#: correlate can still be told apart.
_RANK: Final = 1e-8


@dataclass(frozen=True, slots=True)
class RotatedFactors:
    """Factors after rotation.

    Attributes
    ----------
    loadings : FloatArray, shape (n_variables, n_factors)
        Pattern loadings: the unrotated ones times `rotation_matrix`.
    structure : FloatArray, shape (n_variables, n_factors)
        Correlations of variables and factors.
    factor_correlations : FloatArray, shape (n_factors, n_factors)
        The identity after an orthogonal rotation.
    rotation_matrix : FloatArray, shape (n_factors, n_factors)
        What the unrotated loadings were multiplied by.
    criterion : float
        Value that the rotation made small; nan for promax, which has no criterion, and for none.
    kaiser_normalization : bool
        Whether rows were scaled to length one during rotation.
    n_starts : int
        Starting positions tried.
    n_best : int
        How many of them ended in the solution with the lowest criterion.
    converged : bool
        Whether the criterion is at a minimum: flat in every direction of rotation and higher
        on all sides. Of promax: whether its varimax is.
    """

    loadings: FloatArray
    structure: FloatArray
    factor_correlations: FloatArray
    rotation_matrix: FloatArray
    criterion: float
    kaiser_normalization: bool
    n_starts: int
    n_best: int
    converged: bool


def rotate(
    loadings: FloatArray,
    method: Rotation,
    *,
    kaiser_normalization: bool | None = None,
    n_starts: int | None = None,
    seed: int = 0,
    power: int = 4,
) -> RotatedFactors:
    """Rotate uncorrelated factors.

    Parameters
    ----------
    loadings : FloatArray, shape (n_variables, n_factors)
        Unrotated loadings.
    method : str
        ``"varimax"``, ``"quartimax"``, ``"equamax"`` or ``"geomin-orthogonal"`` keep factors
        uncorrelated; ``"oblimin"`` and ``"quartimin"`` (two names of direct quartimin),
        ``"geomin"`` and ``"promax"`` let them correlate; ``"none"`` leaves them as they are.
    kaiser_normalization : bool, optional
        Scale each variable's loadings to length one during rotation, so that all have the same say.
        Default: as R's functions do it, for varimax and promax and not for the others.
    n_starts : int, optional
        Starting positions: the one given and random ones. Default: 30 for geomin, which often has
        several minima, and 1 for the others. Where these lead to saddles, which are no minima, up
        to 5 random ones are added.
    seed : int, default 0
        Of the random starts.
    power : int, default 4
        Of promax: to which power the varimax loadings are raised to make its target.

    Returns
    -------
    RotatedFactors

    Raises
    ------
    OptionError
        If an option does not exist, or `n_starts` is not at least 1.
    EstimationError
        If loadings are not finite, a factor has no loadings at all, or factors that may correlate
        cannot be told apart.

    Notes
    -----
    The Rotator of the package factor_analyzer does the rotation (gradient projection; varimax by
    singular value decompositions) up to where its line search gets slow. Newton steps go from there
    to the minimum, and tell it from a saddle; starts and normalisation are added here as well.
    Equamax is the Crawford–Ferguson criterion with kappa = n_factors / (2 n_variables).
    Promax is that of psych (`rotate = "promax"`) and of SPSS: with `kaiser_normalization` rows are
    scaled for both of its steps, where `stats::promax` of R scales them for varimax only.

    References
    ----------
    Bernaards, C. A., & Jennrich, R. I. (2005). Gradient projection algorithms and software for
    arbitrary rotation criteria in factor analysis. Educational and Psychological Measurement, 65,
    676-696. https://doi.org/10.1177/0013164404272507

    Browne, M. W. (2001). An overview of analytic rotation in exploratory factor analysis.
    Multivariate Behavioral Research, 36, 111-150. https://doi.org/10.1207/S15327906MBR3601_05

    Hendrickson, A. E., & White, P. O. (1964). Promax: A quick method for rotation to oblique simple
    structure. British Journal of Statistical Psychology, 17, 65-70.
    https://doi.org/10.1111/j.2044-8317.1964.tb00244.x

    Examples
    --------
    >>> import numpy as np
    >>> simple = np.array([[0.8, 0.0], [0.7, 0.0], [0.0, 0.6], [0.0, 0.9]])
    >>> turned = simple @ np.array([[0.6, 0.8], [-0.8, 0.6]])
    >>> rotated = rotate(turned, "oblimin")
    >>> bool(np.allclose(np.sort(np.abs(rotated.loadings[:, 0])), [0.0, 0.0, 0.6, 0.9], atol=1e-5))
    True
    """
    check_option("rotation", method, Rotation)
    unrotated = _checked(loadings, method)
    n_factors = unrotated.shape[1]
    starts = check_whole("n_starts", _STARTS.get(method, 1) if n_starts is None else n_starts, 1)
    if method == "none" or n_factors == 1:
        return _result(unrotated, np.eye(n_factors), float("nan"), False, (1, 1), True)
    kaiser = method in _KAISER if kaiser_normalization is None else bool(kaiser_normalization)
    scaled = _normalized(unrotated) if kaiser else unrotated
    sought: Rotation = "varimax" if method == "promax" else method
    best, counted = _lowest(sought, scaled, starts, seed)
    matrix, value = best.position, best.value
    if method == "promax":
        # From the varimax position, the varimax within has nothing left to do.
        matrix, value = matrix @ _run("promax", scaled @ matrix, power), float("nan")
    elif method in OBLIQUE:
        # Loadings on the directions T of the factors are those on the old axes times inv(T)'.
        matrix = np.asarray(np.linalg.inv(matrix).T, dtype=np.float64)
    return _result(unrotated, matrix, value, kaiser, counted, best.minimum)


def _lowest(
    method: Rotation, loadings: FloatArray, n_starts: int, seed: int
) -> tuple[Settled, tuple[int, int]]:
    """The position with the lowest criterion; the starts tried, and how many ended there."""
    criterion = _criterion_of(method, loadings)
    family: Family = "oblique" if method in OBLIQUE else "orthogonal"
    found: list[Settled] = []
    for turn in _turns(loadings.shape[1], n_starts + _MORE_STARTS, seed):
        if len(found) >= n_starts and any(settled.minimum for settled in found):
            break
        start = turn @ _run(method, loadings @ turn)
        found.append(settle(criterion, family, loadings, start))
    values = np.array([settled.value for settled in found])
    same = values <= values.min() + _SAME * abs(values.min()) + _ALMOST_ZERO
    # Among equals the first that is known to be a minimum; the given position comes before others.
    equals = [settled for settled, equal in zip(found, same, strict=True) if equal]
    best = min(equals, key=lambda settled: not settled.minimum)
    return best, (len(found), len(equals))


def _checked(loadings: FloatArray, method: Rotation) -> FloatArray:
    """Loadings as a matrix that can be rotated."""
    matrix = np.array(loadings, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] < 1 or not np.isfinite(matrix).all():
        raise EstimationError(
            "Loadings must be a table of finite numbers, with one row per variable and one column "
            "per factor."
        )
    empty = np.flatnonzero(np.sum(matrix**2, axis=0) < 1e-20)
    if empty.size and matrix.shape[1] > 1:
        raise EstimationError(
            f"{empty.size} of {matrix.shape[1]} factors {'has' if empty.size == 1 else 'have'} no "
            "loadings at all, so there is nothing to rotate. Use fewer factors."
        )
    if matrix.shape[1] == 1:
        return matrix
    strengths = np.linalg.svd(matrix, compute_uv=False)
    rank = int(np.count_nonzero(strengths > _RANK * strengths[0]))
    if method in OBLIQUE and rank < matrix.shape[1]:
        raise EstimationError(
            f"The loadings on {matrix.shape[1]} factors have rank {rank}, so factors that may "
            f"correlate cannot be told apart. Use at most {rank} factor{'s' if rank != 1 else ''}."
        )
    return matrix


def _normalized(loadings: FloatArray) -> FloatArray:
    """Rows of length one; a variable without loadings stays without."""
    length = np.sqrt(np.sum(loadings**2, axis=1, keepdims=True))
    scaled: FloatArray = loadings / np.where(length > 0.0, length, 1.0)
    return scaled


def _turns(n_factors: int, n_starts: int, seed: int) -> Iterator[FloatArray]:
    """Starting positions: the one given, then random orthogonal matrices."""
    yield np.eye(n_factors)
    generator = np.random.default_rng(seed)
    for _ in range(n_starts - 1):
        q, r = np.linalg.qr(generator.standard_normal((n_factors, n_factors)))
        yield q * np.sign(np.diag(r))


def _run(method: Rotation, loadings: FloatArray, power: int = 4) -> FloatArray:
    """Let the Rotator rotate; the matrix it found (for promax by which loadings are multiplied)."""
    # Imported here: it brings scikit-learn along, which takes a second.
    from factor_analyzer.rotator import Rotator

    rotator = Rotator(
        method=_METHODS[method],
        normalize=False,
        power=power,
        kappa=loadings.shape[1] / (2.0 * loadings.shape[0]),
        delta=_GEOMIN_DELTA,
        max_iter=_MAX_ITERATIONS,
        tol=_VARIMAX_TOLERANCE if method in ("varimax", "promax") else _TOLERANCE,
    )
    rotator.fit_transform(loadings)
    return np.asarray(rotator.rotation_, dtype=np.float64)


def _result(
    unrotated: FloatArray,
    matrix: FloatArray,
    criterion: float,
    kaiser: bool,
    starts: tuple[int, int],
    converged: bool,
) -> RotatedFactors:
    pattern = unrotated @ matrix
    inverse = np.linalg.inv(matrix)
    correlations = inverse @ inverse.T
    # Rounding apart, the variances are one.
    spread = np.sqrt(np.diag(correlations))
    pattern = pattern * spread
    correlations = correlations / np.outer(spread, spread)
    np.fill_diagonal(correlations, 1.0)
    return RotatedFactors(
        loadings=pattern,
        structure=pattern @ correlations,
        factor_correlations=correlations,
        rotation_matrix=matrix * spread,
        criterion=criterion,
        kaiser_normalization=kaiser,
        n_starts=starts[0],
        n_best=starts[1],
        converged=converged,
    )


def _criterion_of(method: Rotation, loadings: FloatArray) -> Criterion:
    """Value and gradient of a criterion, as functions of the rotated loadings."""
    n_variables, n_factors = loadings.shape
    if method in ("geomin", "geomin-orthogonal"):
        return geomin(_GEOMIN_DELTA)
    kappa = {"varimax": 1.0 / n_variables, "equamax": n_factors / (2.0 * n_variables)}
    # Quartimax is the Crawford-Ferguson criterion with kappa = 0 among orthogonal rotations, and
    # direct quartimin the same among oblique ones.
    return crawford_ferguson(kappa.get(method, 0.0))
