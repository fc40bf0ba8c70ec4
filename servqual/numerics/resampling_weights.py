"""How often each respondent is drawn in each resample, for statistics that are no moments."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from servqual.errors import EstimationError
from servqual.typing import FloatArray, IntArray

__all__ = ["resampling_weights"]


def resampling_weights(
    n_rows: int,
    *,
    n_resamples: int,
    seed: int,
    block: int,
    counts: IntArray | None = None,
    sampling_weights: FloatArray | None = None,
    clusters: IntArray | None = None,
) -> Iterator[FloatArray]:
    """Weights of the rows in nonparametric bootstrap resamples, some resamples at a time.

    Parameters
    ----------
    n_rows : int
        Rows of the data.
    n_resamples : int
        Resamples in all.
    seed : int
        Seed of a generator that is used for nothing else. The draws are those that
        `servqual.numerics.bootstrap.bootstrap_moments` makes with the same seed.
    block : int
        Most resamples at a time, which the draws do not depend on.
    counts : IntArray, shape (n_rows,), optional
        How many respondents each row stands for.
    sampling_weights : FloatArray, shape (n_rows,), optional
        Positive weights; rows are drawn with equal chances and keep theirs.
    clusters : IntArray, shape (n_rows,), optional
        Codes of groups that are drawn whole.

    Yields
    ------
    FloatArray, shape (at most block, n_rows)
        Weights of the rows in each resample.

    Raises
    ------
    EstimationError
        If there are not two respondents or clusters to draw from.

    Examples
    --------
    >>> drawn = list(resampling_weights(5, n_resamples=3, seed=1, block=2))
    >>> [part.shape for part in drawn], [float(row.sum()) for part in drawn for row in part]
    ([(2, 5), (1, 5)], [5.0, 5.0, 5.0])
    """
    codes = None if clusters is None else np.unique(clusters, return_inverse=True)[1]
    n_units = n_rows if codes is None else int(codes.max(initial=-1)) + 1
    if n_units < 2:
        raise EstimationError(
            f"There are {n_units} respondents or clusters, but a bootstrap needs at least two."
        )
    multiplier = sampling_weights if codes is None or counts is None else counts.astype(np.float64)
    drawn_counts = counts if codes is None else None
    generator = np.random.default_rng(seed)
    for start in range(0, n_resamples, block):
        drawn = _draws(generator, min(block, n_resamples - start), n_units, drawn_counts)
        weights = drawn if codes is None else drawn[:, codes]
        yield weights if multiplier is None else weights * multiplier


def _draws(
    generator: np.random.Generator, n_resamples: int, n_units: int, counts: IntArray | None
) -> FloatArray:
    """How often each unit is drawn, shape (n_resamples, n_units)."""
    drawn = np.empty((n_resamples, n_units))
    for resample in range(n_resamples):
        if counts is None:
            places = generator.integers(0, n_units, size=n_units)
            drawn[resample] = np.bincount(places, minlength=n_units)
        else:
            n_obs = int(counts.sum())
            drawn[resample] = generator.multinomial(n_obs, counts / n_obs)
    return drawn
