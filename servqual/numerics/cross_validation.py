"""How well a straight line predicts respondents that it has not seen."""

from __future__ import annotations

import numpy as np

from servqual.errors import EstimationError
from servqual.typing import FloatArray

__all__ = ["cross_validated_r_squared"]


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
    if n_folds < 2 or n_rows - -(-n_rows // n_folds) < 3:
        raise EstimationError(
            f"{n_rows} respondents cannot be divided into {n_folds} folds so that at least three "
            "are left to fit with. Use fewer folds, at least two."
        )
    generator = np.random.default_rng(seed)
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
    sizes = np.arange(n_rows) % n_folds
    found = np.empty((n_repeats, n_predictors))
    for repeat in range(n_repeats):
        member = np.zeros((n_folds, n_rows))
        member[generator.permutation(sizes), np.arange(n_rows)] = 1.0
        of_fold = (member @ sums).reshape(n_folds, n_predictors, 6)
        found[repeat] = _r_squared(of_fold, of_fold.sum(axis=0) - of_fold)
    return found


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
