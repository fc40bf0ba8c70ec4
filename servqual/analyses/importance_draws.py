"""Contributions of predictors in bootstrap resamples, and without each respondent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from servqual.analyses.importance_estimates import (
    OF_SUBSETS,
    Contributions,
    concatenate,
    from_correlations,
    from_weights,
)
from servqual.analyses.predictors import ModelVariables
from servqual.analyses.resampling import cluster_codes, complete_respondents, resample
from servqual.errors import EstimationError, shorten
from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.importance import n_owen_subsets
from servqual.numerics.jackknife import leave_cluster_out_covariances, leave_one_out_covariances
from servqual.numerics.resampling_weights import resampling_weights
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import BoolArray, FloatArray, ImportanceFamily, ImportanceMethod, Progress

__all__ = [
    "Draws",
    "ImportanceModel",
    "PredictorGroup",
    "Respondents",
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

#: Weights of resamples held at a time, in numbers.
_WEIGHTS = 2**20


@dataclass(frozen=True, slots=True)
class PredictorGroup:
    """Predictors that belong together, such as the items of a dimension.

    Attributes
    ----------
    name, label : str
        What the group is called in results, and in pictures.
    places : tuple of int
        Its predictors' places.
    """

    name: str
    label: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ImportanceModel:
    """What is computed.

    Attributes
    ----------
    variables : ModelVariables
        Outcome and predictors.
    methods : tuple of str
        How importance is measured.
    groups : tuple of PredictorGroup
        Empty without groups.
    family : {"ols", "logit"}
        Regression whose fit is divided.
    """

    variables: ModelVariables
    methods: tuple[ImportanceMethod, ...]
    groups: tuple[PredictorGroup, ...]
    family: ImportanceFamily

    @property
    def places(self) -> list[tuple[int, ...]] | None:
        """Places of the predictors of each group, if there are groups."""
        return [group.places for group in self.groups] or None

    @property
    def n_subsets(self) -> int:
        """Fits of subsets of predictors that one sample needs."""
        if not set(self.methods) & set(OF_SUBSETS[self.family]):
            return 1
        if self.groups:
            return n_owen_subsets([len(group.places) for group in self.groups])
        return int(2 ** len(self.variables.variables))

    def of_covariances(
        self, covariances: FloatArray, methods: Sequence[ImportanceMethod] | None = None
    ) -> Contributions:
        """Contributions to R² in each of several samples.

        Parameters
        ----------
        covariances : FloatArray, shape (n_samples, p + 1, p + 1)
            The outcome last.
        methods : sequence of str, optional
            Default: all.

        Returns
        -------
        Contributions
        """
        correlations = correlation_from_covariance(covariances)
        return from_correlations(
            correlations, self.methods if methods is None else methods, self.places
        )


@dataclass(frozen=True, slots=True, eq=False)
class Respondents:
    """Complete rows of a survey, the outcome last, and their weights.

    Attributes
    ----------
    survey : Survey
        Where they come from.
    rows : FloatArray, shape (n_rows, p + 1)
        Their values.
    keep : BoolArray, shape (n_respondents,)
        Which respondents of the survey they are.
    """

    survey: Survey
    rows: FloatArray
    keep: BoolArray

    @classmethod
    def collect(cls, survey: Survey, variables: ModelVariables) -> Respondents:
        """Find the respondents who have all variables.

        Parameters
        ----------
        survey : Survey
            Where they are.
        variables : ModelVariables
            What they must have answered.

        Returns
        -------
        Respondents
        """
        values = survey.rows(variables.names)
        keep = complete_respondents(survey, values)
        return cls(survey, values[keep], keep)

    @property
    def weights(self) -> FloatArray | None:
        """How much each row counts: frequencies, or sampling weights about one."""
        if self.survey.weights is None:
            return None
        own = self.survey.weights[self.keep]
        return own / own.mean() if self.survey.weight_kind == "sampling" else own

    def binary(self, outcome: str) -> tuple[FloatArray, FloatArray]:
        """Turn an outcome of two values into zeros and ones.

        Parameters
        ----------
        outcome : str
            Its name, for the message.

        Returns
        -------
        tuple of FloatArray
            The two values, and for each row 0 (the lower) or 1.

        Raises
        ------
        EstimationError
            If there are not two values.
        """
        found = np.unique(self.rows[:, -1])
        if len(found) != 2:
            listed = shorten([f"{value:g}" for value in found])
            raise EstimationError(
                f'The outcome "{outcome}" has {len(found)} different values ({listed}), but '
                '`family="logit"` needs two, such as 0 and 1. Use `family="ols"`, or declare an '
                "outcome that says yes or no."
            )
        return found, (self.rows[:, -1] == found[1]).astype(np.float64)


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
    *,
    n_resamples: int,
    seed: int,
    cluster: str | None,
    progress: Progress | None,
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
    n_resamples, seed, cluster, progress
        As in `relative_importance`.

    Returns
    -------
    Draws

    Raises
    ------
    EstimationError
        If a cluster is missing for someone, or there are not two of them.
    """
    if model.family == "logit":
        return _logistic_bootstrap(
            model, methods, respondents, n_resamples, seed, cluster, progress
        )
    resampled = resample(
        respondents.survey,
        respondents.rows,
        respondents.keep,
        n_resamples=n_resamples,
        seed=seed,
        cluster=cluster,
        progress=progress,
    )
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
    *,
    n_resamples: int,
    seed: int,
    cluster: str | None,
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
    n_resamples, seed, cluster
        As in `relative_importance`; the resamples are those of `bootstrap`.

    Returns
    -------
    tuple of dict
        Differences in the sample, shape (p,), and in resamples, shape (n_resamples, p).
    """
    survey, rows = respondents.survey, respondents.rows
    # A stream of its own, or the noise would be made of the numbers that draw respondents.
    noise = np.random.default_rng([seed, 1]).standard_normal(len(rows))
    wider = np.column_stack([rows[:, :-1], noise, rows[:, -1]])
    of_all = Moments.collect(wider, weights=respondents.weights, weight_kind=moments.weight_kind)
    resampled = resample(
        survey, wider, respondents.keep, n_resamples=n_resamples, seed=seed, cluster=cluster
    )
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
    n_resamples: int,
    seed: int,
    cluster: str | None,
    progress: Progress | None,
) -> Draws:
    survey, rows = respondents.survey, respondents.rows
    _, outcome = respondents.binary(model.variables.outcome)
    weights = respondents.weights
    is_frequency = survey.weight_kind == "frequency" and weights is not None
    parts, done, n_constant = [], 0, 0
    for drawn in resampling_weights(
        len(rows),
        n_resamples=n_resamples,
        seed=seed,
        block=max(1, _WEIGHTS // len(rows)),
        counts=weights.astype(np.int64) if is_frequency and weights is not None else None,
        sampling_weights=None if is_frequency else weights,
        clusters=None if cluster is None else cluster_codes(survey, cluster, respondents.keep),
    ):
        parts.append(from_weights(rows[:, :-1], outcome, drawn, methods))
        n_constant += int(np.count_nonzero(_have_a_constant(rows, drawn)))
        done += len(drawn)
        if progress is not None:
            progress(done, n_resamples)
    contributions = concatenate(parts)
    return Draws(contributions, n_constant, _failed(contributions) - n_constant)


def _have_a_constant(rows: FloatArray, weights: FloatArray) -> BoolArray:
    """In which resamples a variable has one value only."""
    present = (weights > 0.0).astype(np.float64)
    totals = present.sum(axis=1)
    constant = np.zeros(len(weights), dtype=np.bool_)
    for column in rows.T:
        # The value of the first row that was drawn, as a test of all that were.
        start = column[np.argmax(present > 0.0, axis=1)]
        for value in np.unique(start):
            same = start == value
            constant[same] |= (present[same] @ (column == value)) >= totals[same]
    return constant


def _failed(contributions: Contributions) -> int:
    """Samples in which a method has no contributions."""
    missing = [np.isnan(values).any(axis=1) for values in contributions.by_method.values()]
    return int(np.count_nonzero(np.any(missing, axis=0)))
