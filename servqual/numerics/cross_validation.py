"""How well a straight line predicts respondents that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from servqual.errors import EstimationError
from servqual.numerics.least_squares import SINGULAR
from servqual.typing import FloatArray, IntArray

__all__ = ["FoldErrors", "cross_validated_fit", "cross_validated_r_squared"]


@dataclass(frozen=True, slots=True)
class FoldErrors:
    """Errors of a regression on the rows of each fold, fitted without them.

    Attributes
    ----------
    size : FloatArray, shape (n_repeats, n_folds)
        Rows of each fold, weighted.
    squared : FloatArray, shape (n_repeats, n_folds)
        Sum of squared errors of prediction; nan where the other folds do not determine the fit.
    about_mean : FloatArray, shape (n_repeats, n_folds)
        Sum of squared errors of predicting the mean of the other folds.
    """

    size: FloatArray
    squared: FloatArray
    about_mean: FloatArray


def cross_validated_r_squared(
    predictors: FloatArray,
    outcome: FloatArray,
    *,
    n_folds: int,
    n_repeats: int,
    seed: int,
    weights: FloatArray | None = None,
) -> FloatArray:
    """Share of variance that each of several predictors, taken alone, predicts out of sample.

    Parameters
    ----------
    predictors : FloatArray, shape (n_rows, n_predictors)
        Each is a model of its own: a line with an intercept.
    outcome : FloatArray, shape (n_rows,)
        What is predicted.
    n_folds : int
        Parts into which the rows are divided by chance; each is predicted from the others.
    n_repeats : int
        How often that is done anew.
    seed : int
        Seed of the generator.
    weights : FloatArray, shape (n_rows,), optional
        Weights of the rows, in fitting and in judging.

    Returns
    -------
    FloatArray, shape (n_repeats, n_predictors)
        1 minus the squared errors of prediction over those of predicting the mean of the other
        folds. Negative where the mean predicts better. All predictors see the same folds. nan
        where a predictor, or the outcome, is constant outside a fold.

    Raises
    ------
    EstimationError
        If there are fewer than three rows outside a fold.

    References
    ----------
    Stone, M. (1974). Cross-validatory choice and assessment of statistical predictions. Journal of
    the Royal Statistical Society B, 36(2), 111-147.
    https://doi.org/10.1111/j.2517-6161.1974.tb00994.x

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(20.0)
    >>> found = cross_validated_r_squared(
    ...     x[:, None], 2.0 * x + 1.0, n_folds=5, n_repeats=2, seed=1
    ... )
    >>> found.round(6).tolist()
    [[1.0], [1.0]]
    """
    n_rows, n_predictors = predictors.shape
    members = _members(n_rows, n_folds, n_repeats, seed, least=3)
    weight = np.ones(n_rows) if weights is None else np.asarray(weights, dtype=np.float64)
    x = predictors - np.average(predictors, axis=0, weights=weight)
    y = outcome - np.average(outcome, weights=weight)
    w = weight[:, None]
    # One, x, y, x², xy and y² of each predictor, weighted: all that a line needs of a fold.
    sums = np.stack(
        [
            np.broadcast_to(w, x.shape),
            w * x,
            np.broadcast_to(w * y[:, None], x.shape),
            w * x**2,
            w * x * y[:, None],
            np.broadcast_to(w * y[:, None] ** 2, x.shape),
        ],
        axis=-1,
    ).reshape(n_rows, -1)
    found = np.empty((n_repeats, n_predictors))
    for repeat, codes in enumerate(members):
        member = np.zeros((n_folds, n_rows))
        member[codes, np.arange(n_rows)] = 1.0
        of_fold = (member @ sums).reshape(n_folds, n_predictors, 6)
        found[repeat] = _r_squared(of_fold, of_fold.sum(axis=0) - of_fold)
    return found


def cross_validated_fit(
    design: FloatArray,
    outcome: FloatArray,
    *,
    n_folds: int,
    n_repeats: int,
    seed: int,
    weights: FloatArray | None = None,
) -> FoldErrors:
    """Errors of a regression on several predictors, out of sample.

    Parameters
    ----------
    design : FloatArray, shape (n_rows, n_predictors)
        Without the intercept.
    outcome : FloatArray, shape (n_rows,)
        What is predicted.
    n_folds, n_repeats, seed, weights
        As in `cross_validated_r_squared`; with the same seed the folds are the same.

    Returns
    -------
    FoldErrors

    Raises
    ------
    EstimationError
        If the rows outside a fold are fewer than the coefficients.

    Notes
    -----
    No fold is fitted from its rows: a fold is a matrix of cross-products, and the others are the
    total less that.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(20.0)
    >>> design = np.column_stack([x, x**2])
    >>> errors = cross_validated_fit(design, 2.0 + x, n_folds=5, n_repeats=1, seed=1)
    >>> bool(errors.squared.sum() < 1e-12 * errors.about_mean.sum())
    True
    """
    n_rows, n_predictors = design.shape
    members = _members(n_rows, n_folds, n_repeats, seed, least=n_predictors + 1)
    weight = np.ones(n_rows) if weights is None else np.asarray(weights, dtype=np.float64)
    values = np.column_stack([design, outcome])
    values = values - np.average(values, axis=0, weights=weight)
    scale = np.sqrt(np.average(values**2, axis=0, weights=weight))
    # On one scale for stability; errors go back to the unit of the outcome at the end.
    rows = np.column_stack([np.ones(n_rows), values / np.where(scale > 0.0, scale, 1.0)])
    size, squared, about_mean = (np.empty((n_repeats, n_folds)) for _ in range(3))
    for repeat, codes in enumerate(members):
        of_fold = np.stack(
            [
                (rows[codes == fold] * weight[codes == fold, None]).T @ rows[codes == fold]
                for fold in range(n_folds)
            ]
        )
        rest = of_fold.sum(axis=0) - of_fold
        size[repeat] = of_fold[:, 0, 0]
        squared[repeat] = _prediction_errors(of_fold, rest) * scale[-1] ** 2
        mean = rest[:, 0, -1] / rest[:, 0, 0]
        about_mean[repeat] = (
            of_fold[:, -1, -1] - 2.0 * mean * of_fold[:, 0, -1] + mean**2 * of_fold[:, 0, 0]
        ) * scale[-1] ** 2
    return FoldErrors(size, squared, about_mean)


def _members(
    n_rows: int, n_folds: int, n_repeats: int, seed: int, *, least: int
) -> Iterator[IntArray]:
    """Give the fold of each row, once per repeat."""
    if not 2 <= n_folds <= n_rows or n_rows - -(-n_rows // n_folds) < least:
        raise EstimationError(
            f"{n_rows} respondents cannot be divided into {n_folds} folds so that at least "
            f"{'three' if least == 3 else least} are left to fit with. Use fewer folds, at least "
            "two."
        )
    generator = np.random.default_rng(seed)
    sizes = np.arange(n_rows) % n_folds
    return (generator.permutation(sizes) for _ in range(n_repeats))


def _prediction_errors(of_fold: FloatArray, rest: FloatArray) -> FloatArray:
    """Sum of squared errors on each fold of the fit to the rest, from cross-products."""
    size = rest.shape[1] - 1
    errors = np.full(len(rest), np.nan)
    for fold, (own, other) in enumerate(zip(of_fold, rest, strict=True)):
        spread = np.sqrt(np.diag(other)[:size])
        if not (spread > 0.0).all():
            continue
        values, vectors = np.linalg.eigh(other[:size, :size] / np.outer(spread, spread))
        if not values[0] > SINGULAR:
            continue
        moment = vectors.T @ (other[:size, size] / spread)
        coefficients = np.append(-(vectors @ (moment / values)) / spread, 1.0)
        errors[fold] = max(float(coefficients @ own @ coefficients), 0.0)
    return errors


def _r_squared(fold: FloatArray, rest: FloatArray) -> FloatArray:
    """Errors of lines fitted to the rest, summed over folds, against those of the rest's mean."""
    n, x, y, xx, xy, _ = np.moveaxis(rest, -1, 0)
    spread = xx - x**2 / n
    varies = np.asarray(spread > 1e-12 * xx)
    slope = np.where(varies, (xy - x * y / n) / np.where(varies, spread, 1.0), np.nan)
    intercept = (y - slope * x) / n
    m, u, v, uu, uv, vv = np.moveaxis(fold, -1, 0)
    errors = (
        vv
        - 2.0 * slope * uv
        - 2.0 * intercept * v
        + slope**2 * uu
        + 2.0 * slope * intercept * u
        + intercept**2 * m
    )
    about_mean = vv - 2.0 * (y / n) * v + (y / n) ** 2 * m
    total = about_mean.sum(axis=0)
    shares: FloatArray = np.where(
        total > 0.0, 1.0 - errors.sum(axis=0) / np.where(total > 0.0, total, 1.0), np.nan
    )
    return shares
