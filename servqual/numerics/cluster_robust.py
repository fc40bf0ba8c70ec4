"""Cluster-robust standard errors for few clusters: bias-reduced linearisation (CR2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.special import fdtrc

from servqual.errors import EstimationError
from servqual.numerics.linear_hypotheses import JointTest, is_definite
from servqual.typing import FloatArray, IntArray

__all__ = ["BiasReduced", "bias_reduced"]

#: Eigenvalues of I − H within a cluster below this are zero: the cluster is fitted exactly there.
_ZERO = 1e-12


@dataclass(frozen=True, slots=True)
class BiasReduced:
    """Least squares with the CR2 covariance matrix, and what its degrees of freedom need.

    Attributes
    ----------
    coefficients : FloatArray, shape (n_terms,)
        Estimates.
    covariance : FloatArray, shape (n_terms, n_terms)
        CR2.
    n_clusters : int
        Clusters.
    n_fitted_exactly : int
        Clusters in which a linear combination of the residuals is zero whatever the outcome.
    triangle : FloatArray, shape (n_terms, n_terms)
        R of the QR decomposition of the (weighted) design: contrasts are taken to its coordinates,
        in which the cross-products are the unit matrix.
    spread : FloatArray, shape (n_terms, n_terms)
        Cross-products with squared weights in these coordinates.
    plain, weighted, squared : FloatArray, shape (n_clusters, n_terms, n_terms)
        Cross-products of each cluster's adjusted design with its design, its weighted design, and
        itself.
    """

    coefficients: FloatArray
    covariance: FloatArray
    n_clusters: int
    n_fitted_exactly: int
    triangle: FloatArray
    spread: FloatArray
    plain: FloatArray
    weighted: FloatArray
    squared: FloatArray

    def degrees_of_freedom(self, contrasts: FloatArray) -> FloatArray:
        """Satterthwaite degrees of freedom of each contrast.

        Parameters
        ----------
        contrasts : FloatArray, shape (n_contrasts, n_terms)
            Linear combinations of the coefficients.

        Returns
        -------
        FloatArray, shape (n_contrasts,)
            Twice the squared mean over the variance of the contrast's estimated variance, under
            independent errors of equal variance; nan where its mean is zero but for rounding.
        """
        rows = np.atleast_2d(contrasts)
        return np.array([self._scale_of_wishart(row[None, :]) for row in rows])

    def joint_test(self, constraints: FloatArray) -> JointTest:
        """Approximate Hotelling T² test (AHT, "HTZ" in clubSandwich).

        Parameters
        ----------
        constraints : FloatArray, shape (n_constraints, n_terms)
            Linear combinations that are zero together.

        Returns
        -------
        JointTest
            nan where there are too few clusters for as many constraints.
        """
        size = len(constraints)
        scale = self._scale_of_wishart(constraints)
        df = scale - size + 1.0
        spread = constraints @ self.covariance @ constraints.T
        if not df > 0.0 or not is_definite(spread):
            return JointTest(float("nan"), float(size), df if df > 0.0 else np.nan, float("nan"))
        estimate = constraints @ self.coefficients
        wald = float(estimate @ np.linalg.solve(spread, estimate))
        statistic = df / (scale * size) * wald
        return JointTest(statistic, float(size), df, float(fdtrc(size, df, statistic)))

    def _scale_of_wishart(self, constraints: FloatArray) -> float:
        """Degrees of freedom of the Wishart matrix with the variance of the estimated one.

        The products of residual combinations of clusters i and j are a diagonal matrix plus one of
        low rank, L R'; their sums of squares are taken without the matrix over pairs of clusters.
        """
        taken = linalg.solve_triangular(self.triangle, constraints.T, trans="T").T
        # On one scale, whatever the units of the predictors.
        taken /= np.linalg.norm(taken, axis=1)[:, None]
        mean = np.einsum("sk,jkl,tl->jst", taken, self.squared, taken)
        left, right = self._factors(taken)
        own = mean + np.einsum("jsk,jtk->jst", left, right)
        expected = own.sum(axis=0)
        values, vectors = np.linalg.eigh(0.5 * (expected + expected.T))
        if not values[0] > _ZERO * values[-1]:
            return float("nan")
        taken = (vectors / np.sqrt(values)) @ vectors.T @ taken
        diagonal = np.einsum("sk,jkl,tl->jst", taken, self.squared, taken)
        left, right = self._factors(taken)
        total = 0.0
        size = len(taken)
        for s in range(size):
            for t in range(size):
                total += _inner(diagonal, left, right, (s, s), (t, t))
                total += _inner(diagonal, left, right, (s, t), (t, s))
        # Weights that leave one cluster alone in the world: nothing to divide by but rounding.
        return size * (size + 1) / total if total > 0.0 else float("nan")

    def _factors(self, taken: FloatArray) -> tuple[FloatArray, FloatArray]:
        """L and R of each contrast, shape (n_clusters, n_contrasts, 2 n_terms)."""
        plain = np.einsum("jkl,sl->jsk", self.plain, taken)
        weighted = np.einsum("jkl,sl->jsk", self.weighted, taken)
        left = np.concatenate([plain, weighted], axis=2)
        right = np.concatenate([plain @ self.spread - weighted, -plain], axis=2)
        return left, right


def _inner(
    diagonal: FloatArray,
    left: FloatArray,
    right: FloatArray,
    first: tuple[int, int],
    second: tuple[int, int],
) -> float:
    """Sum over pairs of clusters of the products of two matrices diag(d) + L R'."""
    (s, t), (u, v) = first, second
    d1, d2 = diagonal[:, s, t], diagonal[:, u, v]
    l1, r1, l2, r2 = left[:, s], right[:, t], left[:, u], right[:, v]
    own = d1 @ d2 + d1 @ (l2 * r2).sum(axis=1) + d2 @ (l1 * r1).sum(axis=1)
    return float(own + ((l1.T @ l2) * (r1.T @ r2)).sum())


def bias_reduced(
    design: FloatArray,
    outcome: FloatArray,
    clusters: IntArray,
    *,
    weights: FloatArray | None = None,
) -> BiasReduced:
    """Least squares with CR2 standard errors and Satterthwaite degrees of freedom.

    Parameters
    ----------
    design : FloatArray, shape (n_rows, n_terms)
        With a column of ones for the intercept; of full rank.
    outcome : FloatArray, shape (n_rows,)
        Dependent variable.
    clusters : IntArray, shape (n_rows,)
        Code of each row's cluster.
    weights : FloatArray, shape (n_rows,), optional
        Weights of weighted least squares, above zero.

    Returns
    -------
    BiasReduced

    Raises
    ------
    EstimationError
        If there are fewer than two clusters.

    Notes
    -----
    Residuals of a cluster are multiplied by the symmetric inverse root of their covariance matrix
    under independent errors of equal variance (the working model, also with weights), so that the
    estimated variance is unbiased there. Where a cluster is fitted exactly the root is a
    generalised inverse.

    References
    ----------
    Bell, R. M., & McCaffrey, D. F. (2002). Bias reduction in standard errors for linear regression
    with multi-stage samples. Survey Methodology, 28(2), 169-181.

    Pustejovsky, J. E., & Tipton, E. (2018). Small-sample methods for cluster-robust variance
    estimation and hypothesis testing in fixed effects models. Journal of Business & Economic
    Statistics, 36(4), 672-683. https://doi.org/10.1080/07350015.2016.1247004

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(12.0)
    >>> design = np.column_stack([np.ones(12), x])
    >>> outcome = 2.0 + 0.5 * x + np.tile([0.3, -0.3, 0.1], 4)
    >>> fit = bias_reduced(design, outcome, np.repeat([0, 1, 2, 3], 3))
    >>> fit.coefficients.round(3).tolist()
    [2.064, 0.494]
    """
    codes, members = np.unique(clusters, return_inverse=True)
    if codes.size < 2:
        raise EstimationError(
            "All rows are in one cluster, but cluster-robust errors need at least two."
        )
    weight = np.ones(len(outcome)) if weights is None else np.asarray(weights, dtype=np.float64)
    root = np.sqrt(weight)
    basis, triangle = np.linalg.qr(root[:, None] * design)
    projected = basis.T @ (root * outcome)
    coefficients = linalg.solve_triangular(triangle, projected)
    residual = outcome - design @ coefficients
    flat = basis / root[:, None]
    spread = flat.T @ (weight[:, None] ** 2 * flat)
    order = np.argsort(members, kind="stable")
    ends = np.cumsum(np.bincount(members))
    parts = np.split(order, ends[:-1])
    adjusted = [_adjusted(flat[rows], weight[rows], spread) for rows in parts]
    pieces = [
        (
            flat[rows].T @ design_part,
            flat[rows].T @ (weight[rows, None] * design_part),
            design_part.T @ design_part,
            design_part.T @ residual[rows],
        )
        for rows, (design_part, _) in zip(parts, adjusted, strict=True)
    ]
    plain, weighted, squared, scores = (np.stack(piece) for piece in zip(*pieces, strict=True))
    unscaled = linalg.solve_triangular(triangle, scores.T)
    return BiasReduced(
        coefficients=coefficients,
        covariance=unscaled @ unscaled.T,
        n_clusters=int(codes.size),
        n_fitted_exactly=sum(exact for _, exact in adjusted),
        triangle=triangle,
        spread=spread,
        plain=plain,
        weighted=weighted,
        squared=squared,
    )


def _adjusted(flat: FloatArray, weight: FloatArray, spread: FloatArray) -> tuple[FloatArray, bool]:
    """A W X of a cluster, and whether A is a generalised inverse.

    Outside the columns of F = [X, W X] the residuals' covariance matrix I + F C F' is the unit
    matrix, so that its inverse root needs only a matrix as wide as F, however large the cluster.
    """
    n_terms = flat.shape[1]
    heavy = weight[:, None] * flat
    unit = np.eye(n_terms)
    core = np.block([[spread, -unit], [-unit, np.zeros_like(unit)]])
    columns, triangle = np.linalg.qr(np.concatenate([flat, heavy], axis=1))
    inside = np.eye(len(triangle)) + triangle @ core @ triangle.T
    values, vectors = np.linalg.eigh(0.5 * (inside + inside.T))
    usable = values > _ZERO
    roots = np.where(usable, 1.0 / np.sqrt(np.where(usable, values, 1.0)), 0.0)
    change = (vectors * (roots - 1.0)) @ vectors.T
    return heavy + columns @ (change @ (columns.T @ heavy)), not bool(usable.all())
