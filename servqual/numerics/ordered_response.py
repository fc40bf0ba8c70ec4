"""Ordered and binary regression: logit or probit P(Y ≤ k) = τ_k − x'β, by maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from servqual.numerics.cumulative_likelihood import Link, link_quantile, maximise
from servqual.typing import FloatArray, IntArray

__all__ = [
    "OrderedResponse",
    "fit_ordered_response",
    "level_shares",
    "sandwich_covariance",
]


@dataclass(frozen=True, slots=True, eq=False)
class OrderedResponse:
    """A regression of ordered categories; n_parameters = n_predictors + n_levels − 1.

    Attributes
    ----------
    coefficients : FloatArray, shape (n_predictors,)
        Change of the log-odds (or probit) of an answer above any cut, per unit of the predictor.
    thresholds : FloatArray, shape (n_levels - 1,)
        Cuts τ_k, in increasing order. With two levels the intercept is minus the only one.
    covariance : FloatArray, shape (n_parameters, n_parameters)
        Inverse of the observed information; coefficients first, then thresholds.
    scores : FloatArray, shape (n_rows, n_parameters)
        Derivatives of each row's log-likelihood, before weights.
    loglik, null_loglik : float
        Log-likelihood of the model, and of the thresholds alone.
    converged : bool
        Whether there is a maximum. If not, all but `null_loglik` means nothing.
    """

    coefficients: FloatArray
    thresholds: FloatArray
    covariance: FloatArray
    scores: FloatArray
    loglik: float
    null_loglik: float
    converged: bool

    @property
    def parameters(self) -> FloatArray:
        """Coefficients, then thresholds, shape (n_parameters,)."""
        return np.concatenate([self.coefficients, self.thresholds])


def level_shares(levels: IntArray, n_levels: int, weights: FloatArray | None = None) -> FloatArray:
    """Share of each answer.

    Parameters
    ----------
    levels : IntArray, shape (n_rows,)
        Answers, from 0 to n_levels − 1.
    n_levels : int
        Number of different answers.
    weights : FloatArray, shape (n_rows,), optional
        Weights of the rows.

    Returns
    -------
    FloatArray, shape (n_levels,)

    Examples
    --------
    >>> level_shares(np.array([0, 1, 1, 2]), 3).tolist()
    [0.25, 0.5, 0.25]
    """
    counts = np.bincount(levels, weights=weights, minlength=n_levels).astype(np.float64)
    return np.asarray(counts / counts.sum())


def fit_ordered_response(
    levels: IntArray,
    predictors: FloatArray,
    n_levels: int,
    *,
    link: Link,
    weights: FloatArray | None = None,
) -> OrderedResponse:
    """Fit a cumulative logit or probit model.

    Parameters
    ----------
    levels : IntArray, shape (n_rows,)
        Answers, from 0 to n_levels − 1; each must occur.
    predictors : FloatArray, shape (n_rows, n_predictors)
        In any unit; none constant, none a combination of others.
    n_levels : int
        Number of different answers, at least 2.
    link : {"logit", "probit"}
        Distribution behind the answers.
    weights : FloatArray, shape (n_rows,), optional
        How often each row counts.

    Returns
    -------
    OrderedResponse

    Notes
    -----
    Predictors are centred and scaled while the model is fitted, which changes nothing but the
    rounding.

    References
    ----------
    .. [1] McCullagh, P. (1980). Regression models for ordinal data. *Journal of the Royal
           Statistical Society B*, 42(2), 109-142. https://doi.org/10.1111/j.2517-6161.1980.tb01109.x

    Examples
    --------
    >>> levels = np.array([0, 1, 0, 2, 1, 2])
    >>> gaps = np.array([[-2.0], [-1.0], [0.0], [-1.0], [1.0], [1.5]])
    >>> fit = fit_ordered_response(levels, gaps, 3, link="logit")
    >>> fit.converged, bool(fit.coefficients[0] > 0)
    (True, True)
    """
    shares = level_shares(levels, n_levels, weights)
    total = float(len(levels)) if weights is None else float(weights.sum())
    standard, centre, spread = _standardised(predictors)
    n_slopes = predictors.shape[1]
    start = np.zeros(n_slopes + n_levels - 1)
    start[n_slopes:] = link_quantile(np.cumsum(shares)[:-1], link)
    found = maximise(levels, standard, n_levels, start, link=link, weights=weights)
    # β = β* / s and τ = τ* + m'β; scores go by the inverse of the transposed matrix.
    back = np.eye(len(start))
    back[:n_slopes, :n_slopes] = np.diag(1.0 / spread)
    back[n_slopes:, :n_slopes] = centre / spread
    forth = np.eye(len(start))
    forth[:n_slopes, :n_slopes] = np.diag(spread)
    forth[n_slopes:, :n_slopes] = -centre
    parameters = back @ found.parameters
    return OrderedResponse(
        coefficients=parameters[:n_slopes],
        thresholds=parameters[n_slopes:],
        covariance=back @ _inverse(found.information) @ back.T,
        scores=found.scores @ forth,
        loglik=found.loglik,
        null_loglik=total * float(np.sum(shares * np.log(shares))),
        converged=found.converged,
    )


def _standardised(predictors: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    centre = predictors.mean(axis=0)
    spread = predictors.std(axis=0)
    spread = np.where(spread > 0.0, spread, 1.0)
    return (predictors - centre) / spread, centre, spread


def _inverse(information: FloatArray) -> FloatArray:
    """Inverse of an information matrix, nan where it is singular."""
    try:
        factor = linalg.cho_factor(information)
    except (linalg.LinAlgError, ValueError):
        return np.full_like(information, np.nan)
    inverse = linalg.cho_solve(factor, np.eye(len(information)))
    return np.asarray((inverse + inverse.T) / 2.0)


def sandwich_covariance(
    covariance: FloatArray,
    scores: FloatArray,
    *,
    counts: FloatArray | None = None,
    sampling_weights: FloatArray | None = None,
    clusters: IntArray | None = None,
    small_sample: bool = False,
) -> FloatArray:
    """Covariance matrix of estimates that does not take the likelihood at its word.

    Parameters
    ----------
    covariance : FloatArray, shape (n_parameters, n_parameters)
        Inverse of the information.
    scores : FloatArray, shape (n_rows, n_parameters)
        Derivatives of each row's log-likelihood, before weights.
    counts : FloatArray, shape (n_rows,), optional
        How many respondents a row stands for.
    sampling_weights : FloatArray, shape (n_rows,), optional
        How much a respondent's log-likelihood counts.
    clusters : IntArray, shape (n_rows,), optional
        Groups within which respondents may be alike.
    small_sample : bool, default False
        Multiply by n/(n − k) (HC1); with clusters by G/(G − 1) · (n − 1)/(n − k) (CR1).

    Returns
    -------
    FloatArray, shape (n_parameters, n_parameters)

    References
    ----------
    .. [1] Zeileis, A., Köll, S., & Graham, N. (2020). Various versatile variances: An
           object-oriented implementation of clustered covariances in R. *Journal of Statistical
           Software*, 95(1), 1-36. https://doi.org/10.18637/jss.v095.i01

    Examples
    --------
    >>> sandwich_covariance(np.eye(1) / 4, np.array([[1.0], [-1.0], [1.0], [-1.0]])).tolist()
    [[0.25]]
    """
    own = scores if sampling_weights is None else scores * sampling_weights[:, np.newaxis]
    n_obs = float(len(scores)) if counts is None else float(counts.sum())
    n_parameters = scores.shape[1]
    if clusters is None:
        meat = own.T @ (own if counts is None else own * counts[:, np.newaxis])
        factor = n_obs / (n_obs - n_parameters) if small_sample else 1.0
    else:
        counted = own if counts is None else own * counts[:, np.newaxis]
        names, codes = np.unique(clusters, return_inverse=True)
        sums = np.zeros((len(names), n_parameters))
        np.add.at(sums, codes, counted)
        meat = sums.T @ sums
        factor = len(names) / (len(names) - 1.0) * (n_obs - 1.0) / (n_obs - n_parameters)
        factor = factor if small_sample else 1.0
    return np.asarray(factor * (covariance @ meat @ covariance))
