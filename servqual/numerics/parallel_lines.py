"""Do the slopes of an ordered regression hold at every cut? Brant's and likelihood-ratio tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.special import chdtrc, expit

from servqual.numerics.cumulative_likelihood import Link, maximise
from servqual.numerics.ordered_response import OrderedResponse, fit_ordered_response
from servqual.typing import BoolArray, FloatArray, IntArray

__all__ = ["BrantTest", "NominalTest", "brant_test", "nominal_test"]


@dataclass(frozen=True, slots=True, eq=False)
class BrantTest:
    """Wald tests that the slopes of the binary logits at the cuts are equal.

    Attributes
    ----------
    slopes : FloatArray, shape (n_levels - 1, n_predictors)
        Slopes of the logit of an answer above each cut; nan where it has no maximum.
    used : BoolArray, shape (n_levels - 1,)
        Cuts whose logit has a maximum.
    statistic, p_value : FloatArray, shape (n_predictors,)
        Chi-squared test of each predictor; nan when fewer than two cuts can be compared.
    df : float
        Degrees of freedom of each: cuts used − 1.
    omnibus_statistic, omnibus_df, omnibus_p_value : float
        Test of all predictors together.
    """

    slopes: FloatArray
    used: BoolArray
    statistic: FloatArray
    p_value: FloatArray
    df: float
    omnibus_statistic: float
    omnibus_df: float
    omnibus_p_value: float


@dataclass(frozen=True, slots=True, eq=False)
class NominalTest:
    """Likelihood-ratio tests of one predictor at a time with a slope of its own at each cut.

    Attributes
    ----------
    statistic, p_value : FloatArray, shape (n_predictors,)
        Chi-squared tests; nan where the larger model has no maximum.
    df : float
        Degrees of freedom of each: cuts − 1.
    """

    statistic: FloatArray
    p_value: FloatArray
    df: float


def brant_test(
    levels: IntArray, predictors: FloatArray, n_levels: int, *, weights: FloatArray | None = None
) -> BrantTest:
    """Test parallel lines of a cumulative logit model as Brant did.

    Parameters
    ----------
    levels : IntArray, shape (n_rows,)
        Answers, from 0 to n_levels − 1.
    predictors : FloatArray, shape (n_rows, n_predictors)
        Predictors.
    n_levels : int
        Number of different answers, at least 3.
    weights : FloatArray, shape (n_rows,), optional
        How many respondents each row stands for.

    Returns
    -------
    BrantTest

    Notes
    -----
    Cuts at which the binary logit has no maximum (separation) are not compared.

    References
    ----------
    .. [1] Brant, R. (1990). Assessing proportionality in the proportional odds model for ordinal
           logistic regression. *Biometrics*, 46(4), 1171-1178. https://doi.org/10.2307/2532457

    Examples
    --------
    >>> generator = np.random.default_rng(1)
    >>> gaps = generator.normal(size=(300, 1))
    >>> latent = gaps[:, 0] + generator.logistic(size=300)
    >>> levels = np.digitize(latent, [-1.0, 0.0, 1.0])
    >>> test = brant_test(levels, gaps, 4)
    >>> test.df, bool(test.omnibus_p_value > 0.01)
    (2.0, True)
    """
    n_cuts, n_slopes = n_levels - 1, predictors.shape[1]
    fits = [
        fit_ordered_response(
            (levels > cut).astype(np.int64), predictors, 2, link="logit", weights=weights
        )
        for cut in range(n_cuts)
    ]
    used = np.array([fit.converged for fit in fits], dtype=np.bool_)
    slopes = np.full((n_cuts, n_slopes), np.nan)
    for cut in np.flatnonzero(used):
        slopes[cut] = fits[cut].coefficients
    n_used = int(used.sum())
    nothing = np.full(n_slopes, np.nan)
    if n_used < 2:
        nan = float("nan")
        return BrantTest(slopes, used, nothing, nothing, nan, nan, nan, nan)
    kept = [fit for fit, use in zip(fits, used, strict=True) if use]
    joint = _joint_covariance(kept, predictors, weights)
    # First cut against each of the others, every predictor: rows are cut by predictor.
    contrast = np.hstack([np.ones((n_used - 1, 1)), -np.eye(n_used - 1)])
    spread = np.kron(contrast, np.eye(n_slopes))
    difference = spread @ slopes[used].ravel()
    covariance = spread @ joint @ spread.T
    own = [np.arange(n_used - 1) * n_slopes + place for place in range(n_slopes)]
    statistic = np.array(
        [_wald(difference[rows], covariance[np.ix_(rows, rows)]) for rows in own], dtype=np.float64
    )
    omnibus, df = _wald(difference, covariance), float(n_used - 1)
    return BrantTest(
        slopes=slopes,
        used=used,
        statistic=statistic,
        p_value=np.asarray(chdtrc(df, statistic)),
        df=df,
        omnibus_statistic=omnibus,
        omnibus_df=df * n_slopes,
        omnibus_p_value=float(chdtrc(df * n_slopes, omnibus)),
    )


def _joint_covariance(
    fits: list[OrderedResponse], predictors: FloatArray, weights: FloatArray | None
) -> FloatArray:
    """Covariance of the slopes of all binary logits, which share their respondents."""
    n_rows, n_slopes = predictors.shape
    weight = np.ones(n_rows) if weights is None else weights
    # Centred: the intercepts change, the slopes and their covariances do not.
    centred = predictors - predictors.mean(axis=0)
    design = np.hstack([np.ones((n_rows, 1)), centred])
    above = [expit(predictors @ fit.coefficients - fit.thresholds[0]) for fit in fits]
    bread = [_gram(design, weight * share * (1.0 - share)) for share in above]
    factors = [linalg.cho_factor(matrix) for matrix in bread]
    joint = np.empty((len(fits) * n_slopes,) * 2)
    for first in range(len(fits)):
        for second in range(first, len(fits)):
            # An answer above the second cut is above the first one too.
            together = above[second] * (1.0 - above[first])
            meat = _gram(design, weight * together)
            half = linalg.cho_solve(factors[first], meat)
            block = linalg.cho_solve(factors[second], half.T).T[1:, 1:]
            rows = slice(first * n_slopes, (first + 1) * n_slopes)
            columns = slice(second * n_slopes, (second + 1) * n_slopes)
            joint[rows, columns] = block
            joint[columns, rows] = block.T
    return joint


def _gram(design: FloatArray, weight: FloatArray) -> FloatArray:
    return np.asarray(design.T @ (design * weight[:, np.newaxis]))


def _wald(difference: FloatArray, covariance: FloatArray) -> float:
    """Wald's chi-squared; nan where the covariance matrix is not positive definite."""
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    if not (spread > 0.0).all():
        return float("nan")
    try:
        factor = linalg.cho_factor(covariance / np.outer(spread, spread))
    except linalg.LinAlgError:
        return float("nan")
    standard = difference / spread
    return float(standard @ linalg.cho_solve(factor, standard))


def nominal_test(
    levels: IntArray,
    predictors: FloatArray,
    fit: OrderedResponse,
    *,
    link: Link,
    weights: FloatArray | None = None,
) -> NominalTest:
    """Test each predictor's parallel lines by the likelihood ratio.

    Parameters
    ----------
    levels : IntArray, shape (n_rows,)
        Answers, from 0 to n_levels − 1.
    predictors : FloatArray, shape (n_rows, n_predictors)
        Predictors.
    fit : OrderedResponse
        The model with parallel lines.
    link : {"logit", "probit"}
        Its link.
    weights : FloatArray, shape (n_rows,), optional
        How many respondents each row stands for.

    Returns
    -------
    NominalTest

    Notes
    -----
    The larger model lets one predictor have a slope at every cut, the others being parallel, as
    ``nominal_test`` of the R package ordinal does.

    References
    ----------
    .. [1] Peterson, B., & Harrell, F. E. (1990). Partial proportional odds models for ordinal
           response variables. *Applied Statistics*, 39(2), 205-217.
           https://doi.org/10.2307/2347760

    Examples
    --------
    >>> generator = np.random.default_rng(1)
    >>> gaps = generator.normal(size=(300, 1))
    >>> levels = np.digitize(gaps[:, 0] + generator.logistic(size=300), [-1.0, 0.0, 1.0])
    >>> fit = fit_ordered_response(levels, gaps, 4, link="logit")
    >>> test = nominal_test(levels, gaps, fit, link="logit")
    >>> test.df, bool(test.p_value[0] > 0.01)
    (2.0, True)
    """
    n_cuts, n_slopes = len(fit.thresholds), len(fit.coefficients)
    centre, spread = predictors.mean(axis=0), predictors.std(axis=0)
    standard = (predictors - centre) / spread
    slopes = fit.coefficients * spread
    thresholds = fit.thresholds - centre @ fit.coefficients
    statistic = np.full(n_slopes, np.nan)
    for place in range(n_slopes):
        others = np.delete(np.arange(n_slopes), place)
        start = np.concatenate([slopes[others], thresholds, np.full(n_cuts, slopes[place])])
        found = maximise(
            levels,
            standard[:, others],
            n_cuts + 1,
            start,
            link=link,
            weights=weights,
            nonparallel=standard[:, place],
        )
        if found.converged:
            statistic[place] = max(2.0 * (found.loglik - fit.loglik), 0.0)
    df = float(n_cuts - 1)
    return NominalTest(statistic, np.asarray(chdtrc(df, statistic)), df)
