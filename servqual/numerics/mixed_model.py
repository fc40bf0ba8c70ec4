"""Linear mixed model with one random intercept per group, by restricted maximum likelihood.

With one variance ratio the likelihood is a function of one number, so it is searched on a grid and
finished by a root of its derivative: to the last digits, which general optimisers do not reach.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize
from scipy.special import chdtrc, fdtrc

from servqual.errors import EstimationError, NotIdentifiedError
from servqual.numerics.linear_hypotheses import JointTest, is_definite
from servqual.typing import FloatArray, IntArray

__all__ = ["RandomIntercept", "random_intercept"]

#: Ratios of the variance between groups to that within, among which the search begins.
_GRID = np.concatenate([[0.0], np.logspace(-10.0, 10.0, 121)])

#: Share of the outcome's variance within groups below which nothing is left for error.
_PERFECT = 1e-12


@dataclass(frozen=True, slots=True)
class RandomIntercept:
    """A linear mixed model with a random intercept; J groups, n_terms fixed effects.

    Attributes
    ----------
    coefficients : FloatArray, shape (n_terms,)
        Fixed effects.
    covariance : FloatArray, shape (n_terms, n_terms)
        Their covariance matrix, the variance components taken as known.
    variance_between, variance_within : float
        Of the random intercepts and of the residuals.
    is_boundary : bool
        Whether the variance between groups is estimated as zero.
    criterion : float
        Minus twice the restricted log likelihood.
    ratio_statistic, ratio_p : float
        Restricted likelihood ratio test that the variance between groups is zero.
    n_obs : float
        Respondents.
    group_sizes : FloatArray, shape (J,)
        Respondents of each group.
    group_effects, group_errors : FloatArray, shape (J,)
        Predicted random intercepts (BLUP), and their conditional standard errors.
    unscaled : FloatArray, shape (n_terms, n_terms)
        `covariance` over `variance_within`.
    slope : FloatArray, shape (n_terms, n_terms)
        Derivative of `covariance` by the ratio of the variances.
    of_components : FloatArray, shape (2, 2)
        Covariance matrix of the ratio of the variances and `variance_within`.
    """

    coefficients: FloatArray
    covariance: FloatArray
    variance_between: float
    variance_within: float
    is_boundary: bool
    criterion: float
    ratio_statistic: float
    ratio_p: float
    n_obs: float
    group_sizes: FloatArray
    group_effects: FloatArray
    group_errors: FloatArray
    unscaled: FloatArray
    slope: FloatArray
    of_components: FloatArray

    def degrees_of_freedom(self, contrasts: FloatArray) -> FloatArray:
        """Satterthwaite degrees of freedom of each contrast.

        Parameters
        ----------
        contrasts : FloatArray, shape (n_contrasts, n_terms)
            Linear combinations of the fixed effects.

        Returns
        -------
        FloatArray, shape (n_contrasts,)
            Twice the squared variance of the contrast over the variance of that variance.
        """
        rows = np.atleast_2d(contrasts)
        variance, by_ratio, by_within = (
            np.einsum("ci,ij,cj->c", rows, matrix, rows)
            for matrix in (self.covariance, self.slope, self.unscaled)
        )
        gradient = np.column_stack([by_ratio, by_within])
        spread = np.einsum("ci,ij,cj->c", gradient, self.of_components, gradient)
        degrees: FloatArray = np.asarray(2.0 * variance**2 / spread)
        return degrees

    def joint_test(self, constraints: FloatArray) -> JointTest:
        """F test with the denominator of Fai and Cornelius, as lmerTest makes it.

        Parameters
        ----------
        constraints : FloatArray, shape (n_constraints, n_terms)
            Linear combinations that are zero together.

        Returns
        -------
        JointTest
        """
        size = len(constraints)
        spread = constraints @ self.covariance @ constraints.T
        if not is_definite(spread):
            return JointTest(float("nan"), float(size), float("nan"), float("nan"))
        values, vectors = np.linalg.eigh(spread)
        rotated = vectors.T @ constraints
        statistic = float(np.mean((rotated @ self.coefficients) ** 2 / values))
        df = _denominator(self.degrees_of_freedom(rotated))
        return JointTest(statistic, float(size), df, float(fdtrc(size, df, statistic)))


def _denominator(degrees: FloatArray) -> float:
    """Denominator of an F statistic that is a mean of squared t with these degrees of freedom."""
    if np.ptp(degrees) < 1e-8:
        return float(degrees.mean())
    if (degrees <= 2.0).any():
        return 2.0
    expected = float((degrees / (degrees - 2.0)).sum())
    return 2.0 * expected / (expected - degrees.size)


@dataclass(frozen=True, slots=True)
class _Sums:
    """All that the likelihood needs of the rows: n = respondents, p = fixed effects."""

    within: FloatArray  # Triangle of the deviations from group means, outcome last, (p + 1, p + 1).
    means: FloatArray  # Group means, outcome last, (J, p + 1).
    sizes: FloatArray
    n_obs: float

    @property
    def n_terms(self) -> int:
        return int(self.means.shape[1]) - 1

    @property
    def df(self) -> float:
        return self.n_obs - self.n_terms


@dataclass(frozen=True, slots=True)
class _Fit:
    """Generalised least squares at one ratio of the variances."""

    triangle: FloatArray
    coefficients: FloatArray
    residual: float
    pull: FloatArray  # Weight of each group mean: n / (1 + n ratio).
    deviation: FloatArray  # Of each group mean from its prediction.


def random_intercept(
    design: FloatArray,
    outcome: FloatArray,
    groups: IntArray,
    *,
    counts: FloatArray | None = None,
) -> RandomIntercept:
    """Fit a random intercept per group by restricted maximum likelihood.

    Parameters
    ----------
    design : FloatArray, shape (n_rows, n_terms)
        Fixed effects, with a column of ones; of full rank.
    outcome : FloatArray, shape (n_rows,)
        Dependent variable.
    groups : IntArray, shape (n_rows,)
        Code of each row's group.
    counts : FloatArray, shape (n_rows,), optional
        How many respondents each row stands for.

    Returns
    -------
    RandomIntercept
        Groups in the order of their codes.

    Raises
    ------
    EstimationError
        If there are fewer than two groups, or the fixed effects and groups leave no error.
    NotIdentifiedError
        If each group has one respondent only, or there are not more respondents than fixed effects.

    Notes
    -----
    Normal residuals and random intercepts of equal variance, independent of the predictors. At a
    variance of zero the model is that of ordinary least squares, with n − p degrees of freedom. The
    likelihood ratio test takes half of the upper tail of chi-square with one degree of freedom,
    because the null value lies at the boundary (Self and Liang 1987).

    References
    ----------
    Bates, D., Mächler, M., Bolker, B., & Walker, S. (2015). Fitting linear mixed-effects models
    using lme4. Journal of Statistical Software, 67(1), 1-48. https://doi.org/10.18637/jss.v067.i01

    Kuznetsova, A., Brockhoff, P. B., & Christensen, R. H. B. (2017). lmerTest package: Tests in
    linear mixed effects models. Journal of Statistical Software, 82(13), 1-26.
    https://doi.org/10.18637/jss.v082.i13

    Self, S. G., & Liang, K.-Y. (1987). Asymptotic properties of maximum likelihood estimators and
    likelihood ratio tests under nonstandard conditions. Journal of the American Statistical
    Association, 82(398), 605-610. https://doi.org/10.1080/01621459.1987.10478472

    Examples
    --------
    >>> import numpy as np
    >>> outcome = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 2.0, 3.0, 4.0])
    >>> fit = random_intercept(np.ones((9, 1)), outcome, np.repeat([0, 1, 2], 3))
    >>> round(fit.variance_between, 6), round(fit.variance_within, 6)
    (2.0, 1.0)
    """
    sums = _collect(design, outcome, groups, counts)
    ratio = _best_ratio(sums)
    fit = _fit(sums, ratio)
    within = fit.residual / sums.df
    inverse = linalg.solve_triangular(fit.triangle, np.eye(sums.n_terms))
    unscaled = inverse @ inverse.T
    if ratio == 0.0:
        # The ratio is no free parameter there: the degrees of freedom are those of the residuals.
        slope, of_components = np.zeros_like(unscaled), np.diag([0.0, 2.0 * within**2 / sums.df])
    else:
        slope, of_components = _component_errors(sums, fit, unscaled, within)
    criterion = _criterion(sums, ratio)
    statistic = max(_criterion(sums, 0.0) - criterion, 0.0)
    return RandomIntercept(
        coefficients=fit.coefficients,
        covariance=within * unscaled,
        variance_between=ratio * within,
        variance_within=within,
        is_boundary=ratio == 0.0,
        criterion=criterion,
        ratio_statistic=statistic,
        ratio_p=0.5 * float(chdtrc(1.0, statistic)) if statistic > 0.0 else 1.0,
        n_obs=sums.n_obs,
        group_sizes=sums.sizes,
        group_effects=ratio * fit.pull * fit.deviation,
        group_errors=np.sqrt(within * ratio / (1.0 + ratio * sums.sizes)),
        unscaled=unscaled,
        slope=slope,
        of_components=of_components,
    )


def _collect(
    design: FloatArray, outcome: FloatArray, groups: IntArray, counts: FloatArray | None
) -> _Sums:
    values = np.column_stack([design, outcome])
    count = np.ones(len(values)) if counts is None else np.asarray(counts, dtype=np.float64)
    codes, members = np.unique(groups, return_inverse=True)
    sizes = np.asarray(np.bincount(members, weights=count), dtype=np.float64)
    n_obs = float(sizes.sum())
    if codes.size < 2:
        raise EstimationError("All rows are in one group, but a random intercept needs two.")
    if codes.size >= n_obs or n_obs <= design.shape[1]:
        raise NotIdentifiedError(
            f"There are {codes.size} groups and {n_obs:g} respondents for {design.shape[1]} fixed "
            "effects, but a random intercept needs groups with more than one respondent, and more "
            "respondents than fixed effects."
        )
    means = np.empty((codes.size, values.shape[1]))
    for column in range(values.shape[1]):
        means[:, column] = np.bincount(members, weights=count * values[:, column]) / sizes
    deviations = np.sqrt(count)[:, None] * (values - means[members])
    sums = _Sums(_triangle(deviations), means, sizes, n_obs)
    total = float(count @ (outcome - np.average(outcome, weights=count)) ** 2)
    # A group effect each, as good as it can be: what then is left is the error.
    left = abs(float(_square(sums.within)[-1, -1])) ** 2
    is_saturated = n_obs - codes.size <= np.linalg.matrix_rank(sums.within[:, :-1])
    if left <= _PERFECT * total and not is_saturated:
        raise EstimationError(
            "Predictors and groups together reproduce the outcome without any error, so variance "
            "components do not exist. Is the outcome the same for all respondents of a group?"
        )
    return sums


def _triangle(matrices: FloatArray) -> FloatArray:
    """R of a QR decomposition, or of many."""
    return np.asarray(np.linalg.qr(matrices, mode="r"), dtype=np.float64)


def _square(triangle: FloatArray) -> FloatArray:
    """Triangle of a matrix that had fewer rows than columns, filled up with rows of zeros."""
    filled = np.zeros((triangle.shape[1],) * 2)
    filled[: len(triangle)] = triangle
    return filled


def _triangles(sums: _Sums, ratios: FloatArray) -> FloatArray:
    """R of the design that is whitened by each ratio, outcome last."""
    pull = sums.sizes / (1.0 + ratios[:, None] * sums.sizes)
    between = np.sqrt(pull)[:, :, None] * sums.means
    within = np.broadcast_to(sums.within, (len(ratios), *sums.within.shape))
    return _triangle(np.concatenate([within, between], axis=1))


def _criteria(sums: _Sums, ratios: FloatArray) -> FloatArray:
    """Minus twice the restricted log likelihood, the error variance at its best."""
    size = np.abs(np.diagonal(_triangles(sums, ratios), axis1=1, axis2=2))
    of_groups = np.log1p(ratios[:, None] * sums.sizes).sum(axis=1)
    of_error = sums.df * (1.0 + np.log(2.0 * np.pi * size[:, -1] ** 2 / sums.df))
    criteria: FloatArray = of_groups + 2.0 * np.log(size[:, :-1]).sum(axis=1) + of_error
    return criteria


def _criterion(sums: _Sums, ratio: float) -> float:
    return float(_criteria(sums, np.array([ratio]))[0])


def _fit(sums: _Sums, ratio: float) -> _Fit:
    triangle = _triangles(sums, np.array([ratio]))[0]
    size = sums.n_terms
    coefficients = linalg.solve_triangular(triangle[:size, :size], triangle[:size, size])
    return _Fit(
        triangle=triangle[:size, :size],
        coefficients=coefficients,
        residual=float(triangle[size, size]) ** 2,
        pull=sums.sizes / (1.0 + ratio * sums.sizes),
        deviation=sums.means[:, size] - sums.means[:, :size] @ coefficients,
    )


def _derivative(sums: _Sums, ratio: float) -> float:
    """Derivative of the criterion by the ratio."""
    fit = _fit(sums, ratio)
    taken = linalg.solve_triangular(fit.triangle, sums.means[:, :-1].T, trans="T")
    leverage = (taken**2).sum(axis=0)
    error = float(fit.pull**2 @ fit.deviation**2) / fit.residual
    return float(fit.pull.sum() - fit.pull**2 @ leverage - sums.df * error)


def _best_ratio(sums: _Sums) -> float:
    """Ratio of the variances at which the restricted likelihood is highest."""
    best = int(np.argmin(_criteria(sums, _GRID)))
    if best == 0 and _derivative(sums, 0.0) >= 0.0:
        return 0.0
    if best == len(_GRID) - 1:
        raise NotIdentifiedError(
            "The likelihood has no highest point: within groups there is too little left to tell "
            "the variance between them from that within. Use fewer predictors."
        )
    low, high = float(_GRID[max(best - 1, 0)]), float(_GRID[best + 1])
    # Between its neighbours on the grid the criterion falls, then rises.
    if _derivative(sums, low) >= 0.0 or _derivative(sums, high) <= 0.0:
        return float(_GRID[best])
    return float(
        optimize.brentq(lambda ratio: _derivative(sums, ratio), low, high, xtol=1e-300, rtol=1e-14)
    )


def _component_errors(
    sums: _Sums, fit: _Fit, unscaled: FloatArray, within: float
) -> tuple[FloatArray, FloatArray]:
    """Change of the fixed effects' covariance with the ratio; covariance of the components.

    The latter is twice the inverse of the second derivatives of the criterion by the ratio and the
    error variance, all in closed form.
    """
    means, pull, deviation = sums.means[:, :-1], fit.pull, fit.deviation
    first = (means * pull[:, None] ** 2).T @ means
    second = (means * pull[:, None] ** 3).T @ means
    slope = within * unscaled @ first @ unscaled
    pulled = means.T @ (pull**2 * deviation)
    residual_first = -float(pull**2 @ deviation**2)
    residual_second = float(2.0 * pull**3 @ deviation**2 - 2.0 * pulled @ unscaled @ pulled)
    product = unscaled @ first
    log_second = float(2.0 * np.trace(unscaled @ second) - np.trace(product @ product))
    by_ratio = residual_second / within - float((pull**2).sum()) + log_second
    mixed = -residual_first / within**2
    by_within = sums.df / within**2
    determinant = by_ratio * by_within - mixed**2
    hessian = np.array([[by_within, -mixed], [-mixed, by_ratio]]) / determinant
    return slope, 2.0 * hessian
