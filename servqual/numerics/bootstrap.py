"""Bootstrap of means and covariances by products of resampling weights, and percentile intervals.

A resample is a vector that says how often each respondent was drawn. Its moments are the products
of that vector with the data and their cross-products, so many resamples are one matrix product and
no resampled data set is ever built.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.errors import EstimationError
from servqual.typing import FloatArray, IntArray, Progress, check_conf_level

__all__ = ["BootstrapMoments", "Interval", "bootstrap_moments", "percentile_interval"]

#: Bytes that the resampling weights, and the data with their cross-products, may each take.
_MAX_BYTES = 2**26

#: Most resamples per matrix product, so that progress is told now and then on small data too.
_MAX_CHUNK = 256

#: A sum of squares that shrinks below this share when it is centred is rounding error.
_NO_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True)
class BootstrapMoments:
    """Moments of each resample.

    Attributes
    ----------
    means : FloatArray, shape (n_resamples, n_variables)
        Means.
    covariances : FloatArray, shape (n_resamples, n_variables, n_variables)
        Covariance matrices with divisor n - 1; a variable that is constant in a resample has
        variances and covariances of exactly zero there.
    n_degenerate : int
        Resamples in which at least one variable is constant, so that its correlations do not
        exist.
    """

    means: FloatArray
    covariances: FloatArray
    n_degenerate: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile interval.

    Attributes
    ----------
    low, high : FloatArray, shape (...)
        Limits; nan where no draw is a number.
    n_used : IntArray, shape (...)
        Draws that are numbers and were used.
    """

    low: FloatArray
    high: FloatArray
    n_used: IntArray


def bootstrap_moments(
    data: FloatArray,
    *,
    n_resamples: int,
    seed: int,
    counts: FloatArray | IntArray | None = None,
    progress: Progress | None = None,
) -> BootstrapMoments:
    """Means and covariances of nonparametric bootstrap resamples.

    Parameters
    ----------
    data : FloatArray, shape (n_rows, n_variables)
        Complete rows, one per respondent (or per distinct pattern, with `counts`).
    n_resamples : int
        Number of resamples, at least 1.
    seed : int
        Seed of a generator that is used for nothing else.
    counts : array, shape (n_rows,), optional
        Frequency weights: whole numbers of respondents that each row stands for. Resamples then
        have as many respondents as the counts add up to.
    progress : callable, optional
        Is told (resamples done, resamples in all) after each step.

    Returns
    -------
    BootstrapMoments

    Raises
    ------
    EstimationError
        If the data are not a table of finite numbers, there are fewer than two respondents, the
        counts are not whole numbers, or no resample is asked for.

    Notes
    -----
    Respondents are drawn independently with replacement. The draws are made one resample after
    the other, so they depend on the seed and the number of rows only; with whole-number data the
    sums are exact integers, and the results are the same to the last bit however the work is cut
    up. With `counts` the weights are multinomial, which has the distribution of resampling the
    repeated rows, but another stream of random numbers: intervals agree within simulation error.

    Time grows with ``n_resamples * n_rows * n_variables**2``. Beside the data and the result,
    about 200 MB are used at most.

    References
    ----------
    Davison, A. C., & Hinkley, D. V. (1997). Bootstrap methods and their application. Cambridge
    University Press. https://doi.org/10.1017/CBO9780511802843

    Examples
    --------
    >>> import numpy as np
    >>> data = np.array([[1.0, 2.0], [2.0, 3.0], [4.0, 3.0], [5.0, 7.0]])
    >>> moments = bootstrap_moments(data, n_resamples=100, seed=1)
    >>> moments.covariances.shape
    (100, 2, 2)
    """
    values = _checked_data(data)
    frequencies = None if counts is None else _checked_counts(counts, values.shape[0])
    n_obs = values.shape[0] if frequencies is None else int(frequencies.sum())
    if n_obs < 2 or n_resamples < 1:
        raise EstimationError(
            f"{n_resamples} resamples of {n_obs} respondents were asked for, but a bootstrap "
            "needs at least one resample and two respondents."
        )
    shift = _shift(values)
    rows, columns = np.triu_indices(values.shape[1])
    sums = np.empty((n_resamples, values.shape[1] + rows.size))
    shifted = values - shift
    # Cross-products that do not fit in memory are made anew for each chunk of resamples.
    block = max(1, _MAX_BYTES // (8 * sums.shape[1]))
    products = _products(shifted, rows, columns) if shifted.shape[0] <= block else None
    generator = np.random.default_rng(seed)
    chunk = int(np.clip(_MAX_BYTES // (8 * values.shape[0]), 1, _MAX_CHUNK))
    for start in range(0, n_resamples, chunk):
        stop = min(start + chunk, n_resamples)
        weights = _resampling_weights(generator, stop - start, values.shape[0], frequencies)
        sums[start:stop] = (
            _weighted_sums(weights, shifted, rows, columns, block)
            if products is None
            else weights @ products
        )
        if progress is not None:
            progress(stop, n_resamples)
    return _moments_from_sums(sums, rows, columns, shift, n_obs)


def percentile_interval(draws: FloatArray, conf_level: float) -> Interval:
    """Equal-tailed interval between the quantiles of bootstrap draws.

    Parameters
    ----------
    draws : FloatArray, shape (n_draws, ...)
        One statistic or an array of them per resample. Draws that are nan, as from a resample in
        which the statistic does not exist, are left out, each statistic on its own.
    conf_level : float
        Coverage of the interval.

    Returns
    -------
    Interval

    Raises
    ------
    OptionError
        If `conf_level` is not between 0 and 1.

    Notes
    -----
    Quantiles interpolate linearly between order statistics (type 7 of Hyndman and Fan, the default
    of R and numpy).

    References
    ----------
    Efron, B., & Tibshirani, R. J. (1993). An introduction to the bootstrap. Chapman & Hall.
    https://doi.org/10.1201/9780429246593

    Examples
    --------
    >>> import numpy as np
    >>> interval = percentile_interval(np.arange(101.0), 0.9)
    >>> round(float(interval.low), 6), round(float(interval.high), 6), int(interval.n_used)
    (5.0, 95.0, 101)
    """
    check_conf_level(conf_level)
    values = np.asarray(draws, dtype=np.float64)
    shape = values.shape[1:]
    flat = values.reshape(values.shape[0], -1)
    tail = 0.5 * (1.0 - conf_level)
    limits = np.full((2, flat.shape[1]), np.nan)
    n_used = np.count_nonzero(~np.isnan(flat), axis=0)
    for column in np.flatnonzero(n_used):
        draws_used = flat[~np.isnan(flat[:, column]), column]
        limits[:, column] = np.quantile(draws_used, [tail, 1.0 - tail])
    return Interval(
        low=limits[0].reshape(shape),
        high=limits[1].reshape(shape),
        n_used=n_used.astype(np.int64).reshape(shape),
    )


def _products(shifted: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
    """Shifted data beside their distinct cross-products, shape (n_rows, n_variables + n_pairs)."""
    n_variables = shifted.shape[1]
    products = np.empty((shifted.shape[0], n_variables + rows.size))
    products[:, :n_variables] = shifted
    for position, (row, column) in enumerate(zip(rows, columns, strict=True), start=n_variables):
        np.multiply(shifted[:, row], shifted[:, column], out=products[:, position])
    return products


def _checked_data(data: FloatArray) -> FloatArray:
    """Rows as floats, complete and finite."""
    values = np.asarray(data, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] == 0:
        raise EstimationError(
            f"The data have shape {values.shape}, but a bootstrap needs rows of variables."
        )
    incomplete = int(np.count_nonzero(~np.isfinite(values).all(axis=1)))
    if incomplete:
        raise EstimationError(
            f"{incomplete} of {values.shape[0]} rows have values that are missing or infinite, but "
            "a bootstrap needs complete rows. Leave them out first."
        )
    return values


def _checked_counts(counts: FloatArray | IntArray, n_rows: int) -> IntArray:
    """Frequency weights as integers."""
    given = np.asarray(counts, dtype=np.float64)
    if given.shape != (n_rows,):
        raise EstimationError(
            f"`counts` has shape {given.shape}, but there are {n_rows} rows; it needs one count "
            "per row."
        )
    whole = np.isfinite(given) & (given >= 0.0) & (np.floor(given) == given)
    if not whole.all():
        raise EstimationError(
            f"{int(np.count_nonzero(~whole))} of {n_rows} `counts` are not whole numbers of "
            "respondents. Frequency weights say how often a row occurs; sampling weights cannot "
            "be resampled this way."
        )
    return given.astype(np.int64)


def _shift(values: FloatArray) -> FloatArray:
    """A point near the means; a whole number for whole-number data, whose sums then stay exact."""
    if values.shape[0] == 0:
        return np.zeros(values.shape[1])
    means = values.mean(axis=0)
    integral = (values == np.rint(values)).all(axis=0)
    shift: FloatArray = np.where(integral, np.rint(means), means)
    return shift


def _resampling_weights(
    generator: np.random.Generator, n_resamples: int, n_rows: int, counts: IntArray | None
) -> FloatArray:
    """How often each row is drawn, shape (n_resamples, n_rows)."""
    weights = np.empty((n_resamples, n_rows))
    if counts is not None:
        n_obs = int(counts.sum())
        shares = counts / n_obs
        for resample in range(n_resamples):
            weights[resample] = generator.multinomial(n_obs, shares)
        return weights
    for resample in range(n_resamples):
        drawn = generator.integers(0, n_rows, size=n_rows)
        weights[resample] = np.bincount(drawn, minlength=n_rows)
    return weights


def _weighted_sums(
    weights: FloatArray, shifted: FloatArray, rows: IntArray, columns: IntArray, block: int
) -> FloatArray:
    """Sums of the shifted data and their cross-products in each resample, by blocks of rows."""
    total = np.zeros((weights.shape[0], shifted.shape[1] + rows.size))
    for start in range(0, shifted.shape[0], block):
        part = slice(start, start + block)
        total += weights[:, part] @ _products(shifted[part], rows, columns)
    return total


def _moments_from_sums(
    sums: FloatArray, rows: IntArray, columns: IntArray, shift: FloatArray, n_obs: int
) -> BootstrapMoments:
    """Centre the cross-products, and mark variables that are constant in a resample."""
    n_variables = shift.size
    shifted_means = sums[:, :n_variables] / n_obs
    raw = sums[:, n_variables:]
    centred = raw - n_obs * shifted_means[:, rows] * shifted_means[:, columns]
    on_diagonal = rows == columns
    constant = centred[:, on_diagonal] <= _NO_VARIANCE * raw[:, on_diagonal]
    centred[constant[:, rows] | constant[:, columns]] = 0.0
    covariances = np.empty((sums.shape[0], n_variables, n_variables))
    covariances[:, rows, columns] = centred / (n_obs - 1)
    covariances[:, columns, rows] = covariances[:, rows, columns]
    return BootstrapMoments(
        means=shift + shifted_means,
        covariances=covariances,
        n_degenerate=int(np.count_nonzero(constant.any(axis=1))),
    )
