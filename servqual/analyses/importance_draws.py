"""Contributions of predictors in bootstrap resamples, and without each respondent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from servqual.analyses.importance_estimates import (
    OF_SUBSETS,
    Contributions,
    concatenate,
    from_correlations,
    from_weights,
)
from servqual.analyses.importance_model import ImportanceModel
from servqual.analyses.importance_sample import Respondents
from servqual.analyses.resampling import cluster_codes, resample
from servqual.errors import shorten
from servqual.numerics.bootstrap import BootstrapMoments
from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.jackknife import leave_cluster_out_covariances, leave_one_out_covariances
from servqual.numerics.resampling import weight_blocks
from servqual.progress import shown_progress
from servqual.samplestats.moments import Moments
from servqual.typing import BoolArray, FloatArray, ImportanceMethod, ProgressOption

__all__ = [
    "Draws",
    "Resampling",
    "bootstrap",
    "left_out",
    "with_noise",
    "without_intervals",
]

#: Most fits of subsets per resample: 2^12, so 12 predictors without groups, 22 items in five.
_MAX_SUBSETS = 2**12

#: Most rows that logistic regressions of a bootstrap go through in all, about half a minute.
_MAX_LOGISTIC_ROWS = 2 * 10**8

#: Respondents whose leave-one-out covariance matrices are held at a time.
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Resampling:
    """How respondents are drawn.

    Attributes
    ----------
    n_resamples : int
        Number of resamples.
    seed : int
        Seed of the generator.
    cluster : str or None
        Grouping variable whose groups are drawn whole.
    progress : callable, bool or None
        See `servqual.progress.shown_progress`.
    """

    n_resamples: int
    seed: int
    cluster: str | None
    progress: ProgressOption

    def moments_of(
        self, respondents: Respondents, rows: FloatArray, progress: ProgressOption
    ) -> BootstrapMoments:
        """Moments of rows in resamples of their respondents.

        Parameters
        ----------
        respondents : Respondents
            Who is drawn.
        rows : FloatArray, shape (n_rows, n_variables)
            Their values.
        progress : callable, bool or None
            See `servqual.progress.shown_progress`.

        Returns
        -------
        BootstrapMoments
        """
        return resample(
            respondents.survey,
            rows,
            respondents.keep,
            n_resamples=self.n_resamples,
            seed=self.seed,
            cluster=self.cluster,
            progress=progress,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Contributions in bootstrap resamples.

    Attributes
    ----------
    contributions : Contributions
        In each resample; nan where they do not exist.
    n_constant : int
        Resamples in which a variable was constant.
    n_collinear : int
        Further resamples in which a method had no contributions.
    """

    contributions: Contributions
    n_constant: int
    n_collinear: int


def without_intervals(
    model: ImportanceModel, n_resamples: int, n_rows: int
) -> tuple[tuple[ImportanceMethod, ...], str]:
    """Say for which methods a bootstrap would take too long, and why.

    Parameters
    ----------
    model : ImportanceModel
        What is computed.
    n_resamples : int
        Resamples asked for.
    n_rows : int
        Respondents.

    Returns
    -------
    tuple
        Methods without intervals, and a note; both empty if there are none.
    """
    n_predictors, n_subsets = len(model.variables.variables), model.n_subsets
    dear = tuple(name for name in model.methods if name in OF_SUBSETS[model.family])
    instead = 'Use `method="relative-weights"` for a close approximation with intervals.'
    if model.n_orders and n_predictors < _MAX_SUBSETS.bit_length():
        return dear, "Orders of entry are drawn once, so there are no intervals for lmg."
    if n_subsets > _MAX_SUBSETS:
        count = f"{n_subsets:,}" if model.groups else f"2^{n_predictors}"
        return dear, (
            f"With {n_predictors} predictors each resample needs {count} regressions, so there "
            f"are no intervals for {shorten(dear)}. {instead}"
        )
    if model.family == "logit" and n_subsets * n_resamples * n_rows > _MAX_LOGISTIC_ROWS and dear:
        return dear, (
            f"{n_resamples:,} resamples of {n_rows:,} respondents need {n_subsets * n_resamples:,} "
            f"logistic regressions, so there are no intervals for {shorten(dear)}. Use fewer "
            "resamples. " + instead
        )
    return (), ""


def bootstrap(
    model: ImportanceModel,
    methods: Sequence[ImportanceMethod],
    respondents: Respondents,
    resampling: Resampling,
) -> Draws:
    """Contributions in bootstrap resamples of the respondents.

    Parameters
    ----------
    model : ImportanceModel
        What is computed.
    methods : sequence of str
        Methods of it that are computed in resamples.
    respondents : Respondents
        Who is drawn.
    resampling : Resampling
        How.

    Returns
    -------
    Draws

    Raises
    ------
    EstimationError
        If a cluster is missing for someone, or there are not two of them.
    """
    if model.family == "logit":
        return _logistic_bootstrap(model, methods, respondents, resampling)
    resampled = resampling.moments_of(respondents, respondents.rows, resampling.progress)
    contributions = model.of_covariances(resampled.covariances, methods)
    failed = _failed(contributions)
    return Draws(contributions, resampled.n_degenerate, failed - resampled.n_degenerate)


def left_out(
    model: ImportanceModel,
    methods: Sequence[ImportanceMethod],
    respondents: Respondents,
    moments: Moments,
    cluster: str | None,
) -> tuple[Contributions, FloatArray | None]:
    """Contributions after each respondent, or each cluster, is left out.

    Parameters
    ----------
    model : ImportanceModel
        What is computed.
    methods : sequence of str
        Methods of it that have BCa intervals.
    respondents : Respondents
        Who is left out.
    moments : Moments
        Of all of them.
    cluster : str or None
        Grouping variable whose groups are left out whole.

    Returns
    -------
    tuple
        Contributions, and how many respondents each of their rows stands for, or None for one.
    """
    survey, rows = respondents.survey, respondents.rows
    if cluster is not None or survey.weight_kind == "sampling":
        codes = (
            np.arange(len(rows))
            if cluster is None
            else cluster_codes(survey, cluster, respondents.keep)
        )
        without = leave_cluster_out_covariances(rows, codes, respondents.weights)
        return model.of_covariances(without, methods), None
    covariance = moments.covariance()
    parts = [
        model.of_covariances(
            leave_one_out_covariances(
                rows[start : start + _BLOCK], moments.mean, covariance, moments.n_obs
            ),
            methods,
        )
        for start in range(0, len(rows), _BLOCK)
    ]
    return concatenate(parts), respondents.weights


def with_noise(
    methods: Sequence[ImportanceMethod],
    respondents: Respondents,
    moments: Moments,
    resampling: Resampling,
) -> tuple[dict[ImportanceMethod, FloatArray], dict[ImportanceMethod, FloatArray]]:
    """By how much predictors contribute more than a random variable that is put beside them.

    Parameters
    ----------
    methods : sequence of str
        ``"lmg"`` or ``"relative-weights"``.
    respondents : Respondents
        Who is drawn.
    moments : Moments
        Of all of them.
    resampling : Resampling
        How; the resamples are those of `bootstrap`.

    Returns
    -------
    tuple of dict
        Differences in the sample, shape (p,), and in resamples, shape (n_resamples, p).
    """
    rows = respondents.rows
    # A stream of its own, or the noise would be made of the numbers that draw respondents.
    noise = np.random.default_rng([resampling.seed, 1]).standard_normal(len(rows))
    wider = np.column_stack([rows[:, :-1], noise, rows[:, -1]])
    of_all = Moments.collect(wider, weights=respondents.weights, weight_kind=moments.weight_kind)
    resampled = resampling.moments_of(respondents, wider, progress=False)
    found = []
    for covariances in (of_all.covariance()[None], resampled.covariances):
        contributions = from_correlations(correlation_from_covariance(covariances), methods)
        found.append(
            {
                name: values[:, :-1] - values[:, -1:]
                for name, values in contributions.by_method.items()
            }
        )
    return {name: values[0] for name, values in found[0].items()}, found[1]


def _logistic_bootstrap(
    model: ImportanceModel,
    methods: Sequence[ImportanceMethod],
    respondents: Respondents,
    resampling: Resampling,
) -> Draws:
    rows = respondents.rows
    _, outcome = respondents.binary(model.variables.outcome)
    parts, done, n_constant = [], 0, 0
    with shown_progress(resampling.progress, "Resampling") as tell:
        for drawn in _weights_of_rows(respondents, resampling):
            parts.append(from_weights(rows[:, :-1], outcome, drawn, methods))
            n_constant += int(np.count_nonzero(_have_a_constant(rows, drawn)))
            done += len(drawn)
            if tell is not None:
                tell(done, resampling.n_resamples)
    contributions = concatenate(parts)
    return Draws(contributions, n_constant, _failed(contributions) - n_constant)


def _weights_of_rows(respondents: Respondents, resampling: Resampling) -> Iterator[FloatArray]:
    """Weights of the rows in each resample, some resamples at a time."""
    survey, weights = respondents.survey, respondents.weights
    is_frequency = survey.weight_kind == "frequency" and weights is not None
    if resampling.cluster is None:
        codes, n_units = None, len(respondents.rows)
        counts = weights.astype(np.int64) if is_frequency and weights is not None else None
    else:
        found = cluster_codes(survey, resampling.cluster, respondents.keep)
        codes = np.unique(found, return_inverse=True)[1]
        n_units, counts = int(codes.max()) + 1, None
    for drawn in weight_blocks(
        n_units, n_resamples=resampling.n_resamples, seed=resampling.seed, counts=counts
    ):
        of_rows = (drawn if codes is None else drawn[:, codes]).astype(np.float64)
        # Frequencies of rows are in the draws already, unless whole clusters were drawn.
        if weights is not None and counts is None:
            of_rows *= weights
        yield of_rows


def _have_a_constant(rows: FloatArray, weights: FloatArray) -> BoolArray:
    """In which resamples a variable has one value only."""
    drawn = weights > 0.0
    constant = np.zeros(len(weights), dtype=np.bool_)
    for column in rows.T:
        lowest = np.where(drawn, column, np.inf).min(axis=1)
        highest = np.where(drawn, column, -np.inf).max(axis=1)
        constant |= lowest == highest
    return constant


def _failed(contributions: Contributions) -> int:
    """Samples in which a method has no contributions."""
    missing = [np.isnan(values).any(axis=1) for values in contributions.by_method.values()]
    return int(np.count_nonzero(np.any(missing, axis=0)))
