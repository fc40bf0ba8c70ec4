"""Bootstrap limits of gaps: respondents resampled once for all items, dimensions and scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.analyses.resampling import check_bootstrap
from servqual.errors import OptionError
from servqual.numerics.bootstrap import Interval, bca_interval, percentile_interval
from servqual.numerics.incomplete_means import means_without_one, resampled_incomplete_means
from servqual.survey.survey import Survey
from servqual.typing import BoolArray, FloatArray, GapInterval, IntArray, Progress, check_option


@dataclass(frozen=True, slots=True)
class GapBootstrap:
    """How limits of gaps are resampled.

    Attributes
    ----------
    interval : {"bootstrap", "bca"}
        Percentiles, or percentiles corrected for bias and skewness.
    n_resamples, seed : int
        Of the bootstrap.
    conf_level : float
        Coverage.
    progress : callable or None
        Is told (done, total).
    """

    interval: GapInterval
    n_resamples: int
    seed: int
    conf_level: float
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class GapLimits:
    """Limits of some gaps.

    Attributes
    ----------
    low, high : FloatArray, shape (n_gaps,)
        nan where fewer than two respondents have the gap, or all have the same.
    n_degenerate : int
        Resamples in which nobody drawn had one of the gaps that two respondents or more have.
    """

    low: FloatArray
    high: FloatArray
    n_degenerate: int


def check_gap_interval(
    interval: object, n_resamples: object, seed: object
) -> tuple[GapInterval, int, int]:
    """Return kind, resamples and seed, or say what is wrong with them.

    Parameters
    ----------
    interval : {"t", "bootstrap", "bca"}
        Kind of the limits.
    n_resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    tuple
        All three; no resamples for ``"t"``.

    Raises
    ------
    OptionError
        If the kind does not exist, or there are too few resamples.

    Examples
    --------
    >>> check_gap_interval("t", 2000, 1)
    ('t', 0, 1)
    """
    check_option("interval", interval, GapInterval)
    kind: GapInterval = interval  # type: ignore[assignment]
    resamples, checked_seed = check_bootstrap(n_resamples, seed)
    if kind == "t":
        return kind, 0, checked_seed
    if resamples == 0:
        raise OptionError(
            f'`n_resamples` is 0, but `interval="{kind}"` needs resamples; 2000 are usual. Use '
            '`interval="t"` for limits without them.'
        )
    return kind, resamples, checked_seed


def gap_limits(
    survey: Survey, gaps: FloatArray, rows: BoolArray, bootstrap: GapBootstrap
) -> GapLimits:
    """Limits of the mean of each column, from resamples of the respondents of some rows.

    Parameters
    ----------
    survey : Survey
        Whose weights count.
    gaps : FloatArray, shape (n_rows, n_gaps)
        Gaps of each row of the survey, nan where there is none.
    rows : BoolArray, shape (n_rows,)
        Whose respondents are drawn.
    bootstrap : GapBootstrap
        Settings.

    Returns
    -------
    GapLimits
    """
    keep = rows if survey.weights is None else rows & (survey.weights > 0)
    values = gaps[keep]
    known = ~np.isnan(values)
    own = None if survey.weights is None else survey.weights[keep]
    frequency = survey.weight_kind == "frequency"
    counts = own.astype(np.int64) if own is not None and frequency else None
    weights = None if frequency else own
    times = np.ones(len(values)) if counts is None else counts
    there = times @ known >= 2
    low, high = np.full((2, gaps.shape[1]), np.nan)
    if not there.any():
        return GapLimits(low, high, 0)
    draws = resampled_incomplete_means(
        values[:, there],
        n_resamples=bootstrap.n_resamples,
        seed=bootstrap.seed,
        counts=counts,
        sampling_weights=weights,
        progress=bootstrap.progress,
    )
    if bootstrap.interval == "bootstrap":
        found = percentile_interval(draws, bootstrap.conf_level)
    else:
        found = _corrected(draws, values[:, there], counts, weights, bootstrap.conf_level)
    low[there], high[there] = found.low, found.high
    return GapLimits(low, high, int(np.isnan(draws).any(axis=1).sum()))


def _corrected(
    draws: FloatArray,
    values: FloatArray,
    counts: IntArray | None,
    weights: FloatArray | None,
    conf_level: float,
) -> Interval:
    """BCa limits, with each respondent left out in turn."""
    known = ~np.isnan(values)
    times = weights if weights is not None else np.ones(len(values)) if counts is None else counts
    estimates = times @ np.where(known, values, 0.0) / (times @ known)
    return bca_interval(
        draws,
        estimates,
        means_without_one(values, counts=counts, sampling_weights=weights),
        conf_level,
        counts=None if counts is None else counts.astype(np.float64),
    )
