"""What a shift of the respondents' answers goes with: changes of scores, means and shares.

A scenario says by how much each respondent's scores change. The change of the outcome's mean is
linear in it. For a share, such as that of satisfied respondents, each respondent's own outcome is
moved. Both are computed for any weights of the respondents, and so for those of many bootstrap
resamples at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from servqual.errors import EstimationError
from servqual.numerics.path_effects import Equation, path_coefficients
from servqual.numerics.resampling import weight_blocks
from servqual.typing import BoolArray, FloatArray, IntArray, Progress

__all__ = [
    "Scenario",
    "ScenarioChanges",
    "ScoreChanges",
    "WhatIfModel",
    "first_places",
    "places",
    "resampled_changes",
    "scenario_changes",
    "score_changes",
    "share_positions",
]

#: Numbers in each of the few arrays of one entry per resample and respondent: few enough for a
#: processor's cache, but at least some resamples at a time, so that the data are not read anew for
#: each, unless these take too much memory.
_CHUNK, _FEWEST, _MOST = 2**18, 16, 2**22

#: A sum of squares that shrinks below this share when it is centred is rounding error.
_NO_VARIANCE = 1e-12


# ---- from answers to scores ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScoreChanges:
    """What bounded shifts of answers do to scores.

    Attributes
    ----------
    answers : FloatArray, shape (n, n_items)
        Change of each answer; nan where it does not count.
    scores : FloatArray, shape (n, n_scales)
        Change of each score, the mean over the answers that count; nan where none does.
    stopped_answers : BoolArray, shape (n, n_items)
        Whether an answer met the end of the answer scale, so that it changes by less than asked.
    stopped_scores : BoolArray, shape (n, n_scales)
        Whether one of the score's answers did.
    """

    answers: FloatArray
    scores: FloatArray
    stopped_answers: BoolArray
    stopped_scores: BoolArray


def score_changes(
    answers: FloatArray,
    shifts: FloatArray,
    groups: Sequence[IntArray],
    lowest: float,
    highest: float,
) -> ScoreChanges:
    """Shift answers, stop them at the ends of their scale, and score them again.

    Parameters
    ----------
    answers : FloatArray, shape (n, n_items)
        Answers between `lowest` and `highest`; nan where one does not count for a score.
    shifts : FloatArray, shape (n_items,)
        By how much each item's answers are moved.
    groups : sequence of IntArray
        Columns of each scale.
    lowest, highest : float
        Ends of the answer scale.

    Returns
    -------
    ScoreChanges

    Notes
    -----
    A score is the mean of the answers that are there, so one item moves it by one over their
    number, and a missing answer moves nothing.

    Examples
    --------
    >>> import numpy as np
    >>> answers = np.array([[7.0, 5.0], [6.5, np.nan]])
    >>> changes = score_changes(answers, np.array([1.0, 1.0]), [np.array([0, 1])], 1.0, 7.0)
    >>> changes.scores.tolist(), changes.stopped_answers.tolist()
    ([[0.5], [0.5]], [[True, False], [True, False]])
    """
    moved = answers + shifts
    bounded = np.clip(moved, lowest, highest) - answers
    beyond = np.asarray((moved > highest) | (moved < lowest))
    counts = ~np.isnan(answers)
    scores = np.full((len(answers), len(groups)), np.nan)
    stopped = np.zeros((len(answers), len(groups)), dtype=bool)
    for place, columns in enumerate(groups):
        n_counting = counts[:, columns].sum(axis=1)
        total = np.where(counts[:, columns], bounded[:, columns], 0.0).sum(axis=1)
        np.divide(total, n_counting, out=scores[:, place], where=n_counting > 0)
        stopped[:, place] = beyond[:, columns].any(axis=1)
    return ScoreChanges(bounded, scores, stopped_answers=beyond, stopped_scores=stopped)


def share_positions(totals: FloatArray, n_answers: FloatArray, threshold: float) -> FloatArray:
    """Place each respondent in the last step below a threshold: 0 where it begins, 1 where it ends.

    Parameters
    ----------
    totals : FloatArray, shape (n,)
        Sum of each respondent's whole-number answers.
    n_answers : FloatArray, shape (n,)
        How many these are; the score is their mean and has steps of one over this number.
    threshold : float
        A whole number, the lowest score that counts.

    Returns
    -------
    FloatArray, shape (n,)
        Clipped to 0 … 1 it says how much of the respondent counts, here exactly 0 or 1. A change
        of the score by d moves it by d times `n_answers`.

    Notes
    -----
    A score between two steps counts in part for each, by linear interpolation, which is the
    expectation of rounding it at random to one of them.

    Examples
    --------
    >>> import numpy as np
    >>> share_positions(np.array([5.0, 17.0, 18.0]), np.array([1.0, 3.0, 3.0]), 6.0).tolist()
    [0.0, 0.0, 1.0]
    """
    positions: FloatArray = totals - n_answers * threshold + 1.0
    return positions


# ---- from scores to the outcome ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """By how much scores change.

    Attributes
    ----------
    predictors : tuple of int
        Places of the scores that change, among all of the model.
    changes : FloatArray, shape (n, len(predictors))
        Each respondent's changes.
    """

    predictors: tuple[int, ...]
    changes: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class WhatIfModel:
    """Regressions of an outcome, and the scenarios that are put through them.

    Attributes
    ----------
    data : FloatArray, shape (n, n_variables)
        Complete rows: predictors, covariates, the mediator if there is one, the outcome.
    n_predictors : int
        How many of the first variables are scores that scenarios may change.
    mediated : bool
        Whether the last variable but one is a mediator.
    scenarios : tuple of Scenario
        What is asked.
    positions : FloatArray, shape (n_thresholds, n)
        From `share_positions`, one row per threshold of the outcome.
    n_answers : FloatArray, shape (n,)
        Answers behind each respondent's outcome.
    """

    data: FloatArray
    n_predictors: int
    mediated: bool
    scenarios: tuple[Scenario, ...]
    positions: FloatArray
    n_answers: FloatArray

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Regression of the mediator, if there is one, and of the outcome."""
        last = self.data.shape[1] - 1
        if not self.mediated:
            return ((last, tuple(range(last))),)
        return ((last - 1, tuple(range(last - 1))), (last, tuple(range(last))))


@dataclass(frozen=True, slots=True)
class ScenarioChanges:
    """Changes of the outcome for each row of weights; nan where the model cannot be fitted.

    Attributes
    ----------
    direct, through : FloatArray, shape (n_weights, n_scenarios)
        Change of the mean, without and by way of the mediator; without one, all is direct.
    shares : FloatArray, shape (n_weights, n_scenarios, n_thresholds)
        Change of the share of respondents at or above each threshold.
    """

    direct: FloatArray
    through: FloatArray
    shares: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Change of the mean, shape (n_weights, n_scenarios)."""
        return self.direct + self.through


def scenario_changes(model: WhatIfModel, weights: FloatArray) -> ScenarioChanges:
    """Changes of the outcome's mean and shares, for given weights of the respondents.

    Parameters
    ----------
    model : WhatIfModel
        Data and scenarios.
    weights : FloatArray, shape (n_weights, n)
        Weights, a row for each sample or resample.

    Returns
    -------
    ScenarioChanges

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, 2.0, 4.0, 5.0])
    >>> data = np.column_stack([x, 1.0 + 0.5 * x])
    >>> ones = np.ones((4, 1))
    >>> positions = np.empty((0, 4))
    >>> model = WhatIfModel(data, 1, False, (Scenario((0,), ones),), positions, ones[:, 0])
    >>> scenario_changes(model, ones.T).mean.round(12).tolist()
    [[0.5]]
    """
    return _Prepared.of(model).changes(weights)


def resampled_changes(
    model: WhatIfModel,
    *,
    n_resamples: int,
    seed: int,
    counts: FloatArray | None = None,
    sampling_weights: FloatArray | None = None,
    clusters: IntArray | None = None,
    progress: Progress | None = None,
) -> ScenarioChanges:
    """Changes of the outcome in bootstrap resamples of the respondents.

    Coefficients, changes of scores and shares all come from the same resample.

    Parameters
    ----------
    model : WhatIfModel
        Data and scenarios.
    n_resamples : int
        Number of resamples.
    seed : int
        Seed of the generators, those of every bootstrap.
    counts : FloatArray, shape (n,), optional
        Frequency weights: how many respondents each row stands for.
    sampling_weights : FloatArray, shape (n,), optional
        Positive weights, which respondents keep when they are drawn. Not together with `counts`.
    clusters : IntArray, shape (n,), optional
        Codes of groups that are drawn whole.
    progress : callable, optional
        Is told (resamples done, resamples in all).

    Returns
    -------
    ScenarioChanges
        One row per resample.

    Raises
    ------
    EstimationError
        If both kinds of weights are given, or no resample is asked for.

    Notes
    -----
    Time grows with ``n_resamples * n * n_scenarios * n_thresholds``. Beside the data, some
    products of them and the result, a few arrays of at most 32 MB each are used (or of one row of
    weights, where that is more).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([1.0, 2.0, 4.0, 5.0, 5.0, 7.0])
    >>> data = np.column_stack([x, 1.0 + 0.5 * x])
    >>> ones = np.ones((6, 1))
    >>> positions = np.empty((0, 6))
    >>> model = WhatIfModel(data, 1, False, (Scenario((0,), ones),), positions, ones[:, 0])
    >>> changes = resampled_changes(model, n_resamples=100, seed=1)
    >>> bool(np.allclose(changes.mean, 0.5))
    True
    """
    if counts is not None and sampling_weights is not None:
        raise EstimationError(
            "Both `counts` and `sampling_weights` were given, but respondents have one kind of "
            "weight. Leave one of them out."
        )
    if n_resamples < 1:
        raise EstimationError(
            f"`n_resamples` is {n_resamples}, but a bootstrap needs at least one resample."
        )
    prepared = _Prepared.of(model)
    n_scenarios, n_thresholds = len(model.scenarios), len(model.positions)
    direct = np.empty((n_resamples, n_scenarios))
    through = np.empty((n_resamples, n_scenarios))
    shares = np.empty((n_resamples, n_scenarios, n_thresholds))
    done = 0
    for weights in _weights_in_chunks(
        len(model.data), n_resamples, seed, counts, sampling_weights, clusters
    ):
        found = prepared.changes(weights)
        part = slice(done, done + len(weights))
        direct[part], through[part], shares[part] = found.direct, found.through, found.shares
        done += len(weights)
        if progress is not None:
            progress(done, n_resamples)
    return ScenarioChanges(direct=direct, through=through, shares=shares)


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A model with what all weights share: shifted data, their products, changes side by side."""

    model: WhatIfModel
    sums: FloatArray
    changes_of_scores: FloatArray
    before: FloatArray

    @classmethod
    def of(cls, model: WhatIfModel) -> _Prepared:
        shifted = model.data - np.rint(model.data.mean(axis=0))
        rows, columns = np.triu_indices(shifted.shape[1])
        return cls(
            model=model,
            sums=np.hstack([shifted, shifted[:, rows] * shifted[:, columns]]),
            changes_of_scores=np.hstack([scenario.changes for scenario in model.scenarios]),
            before=np.clip(model.positions, 0.0, 1.0),
        )

    def changes(self, weights: FloatArray) -> ScenarioChanges:
        model = self.model
        total = weights.sum(axis=1)
        direct, through = self._slopes(weights, total)
        means = weights @ self.changes_of_scores / total[:, None]
        shape = (len(weights), len(model.scenarios))
        by_direct, by_through = np.empty(shape), np.empty(shape)
        shares = np.empty((*shape, len(model.positions)))
        start = 0
        for place, scenario in enumerate(model.scenarios):
            moved = list(scenario.predictors)
            mean = means[:, start : start + len(moved)]
            start += len(moved)
            by_direct[:, place] = (direct[:, moved] * mean).sum(axis=1)
            by_through[:, place] = (through[:, moved] * mean).sum(axis=1)
            if len(model.positions):
                slopes = direct[:, moved] + through[:, moved]
                gained = self._gained(weights, slopes, scenario.changes)
                shares[:, place] = gained / total[:, None]
        return ScenarioChanges(direct=by_direct, through=by_through, shares=shares)

    def _gained(self, weights: FloatArray, slopes: FloatArray, changes: FloatArray) -> FloatArray:
        """Weight that comes to lie at or above each threshold, shape (n_weights, n_thresholds)."""
        steps = changes * self.model.n_answers[:, None]
        least, most = _extremes(slopes, steps)
        gained = np.empty((len(weights), len(self.model.positions)))
        for place, positions in enumerate(self.model.positions):
            # Nobody else crosses the threshold in any of these resamples: most of the time saved.
            stays = ((positions + least >= 1.0) & (positions >= 1.0)) | (
                (positions + most <= 0.0) & (positions <= 0.0)
            )
            near = np.flatnonzero(~stays)
            after = slopes @ steps[near].T
            after += positions[near]
            np.clip(after, 0.0, 1.0, out=after)
            # Respondent by respondent, so that no change is exactly none.
            after -= self.before[place, near]
            gained[:, place] = np.einsum("bi,bi->b", weights[:, near], after)
        gained[np.isnan(slopes).any(axis=1)] = np.nan
        return gained

    def _slopes(self, weights: FloatArray, total: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Slopes of the scores, direct and by way of the mediator, shape (n_weights, n_scores)."""
        model = self.model
        n_variables = model.data.shape[1]
        covariances = _covariances(weights @ self.sums / total[:, None], n_variables)
        slopes = path_coefficients(covariances, model.equations)
        scores = slice(0, model.n_predictors)
        if not model.mediated:
            return slopes[:, scores], np.zeros((len(weights), model.n_predictors))
        of_outcome = slopes[:, n_variables - 2 :]
        return of_outcome[:, scores], slopes[:, scores] * of_outcome[:, [-1]]


def _extremes(slopes: FloatArray, steps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least and most by which each respondent can move under any of the slopes, shape (n,)."""
    low, high = np.fmin.reduce(slopes, axis=0) * steps, np.fmax.reduce(slopes, axis=0) * steps
    return np.minimum(low, high).sum(axis=1), np.maximum(low, high).sum(axis=1)


def _covariances(averages: FloatArray, n_variables: int) -> FloatArray:
    """Covariance matrices with divisor one; exactly zero for a variable that does not vary."""
    rows, columns = np.triu_indices(n_variables)
    means, raw = averages[:, :n_variables], averages[:, n_variables:]
    centred = raw - means[:, rows] * means[:, columns]
    diagonal = rows == columns
    constant = centred[:, diagonal] <= _NO_VARIANCE * raw[:, diagonal]
    centred[constant[:, rows] | constant[:, columns]] = 0.0
    covariances = np.empty((len(averages), n_variables, n_variables))
    covariances[:, rows, columns] = centred
    covariances[:, columns, rows] = centred
    return covariances


def _weights_in_chunks(
    n_rows: int,
    n_resamples: int,
    seed: int,
    counts: FloatArray | None,
    sampling_weights: FloatArray | None,
    clusters: IntArray | None,
) -> Iterator[FloatArray]:
    """Weights of some resamples at a time."""
    n_units, codes = n_rows, None
    if clusters is not None:
        present, codes = np.unique(clusters, return_inverse=True)
        n_units = len(present)
    multiplier, frequencies = sampling_weights, None
    if counts is not None:
        if codes is None:
            frequencies = counts.astype(np.int64)
        else:
            multiplier = counts  # A cluster that is drawn brings all of its respondents.
    at_once = max(1, _CHUNK // n_rows, min(_FEWEST, _MOST // n_rows))
    for block in weight_blocks(n_units, n_resamples=n_resamples, seed=seed, counts=frequencies):
        for start in range(0, len(block), at_once):
            times = block[start : start + at_once]
            weights = (times if codes is None else times[:, codes]).astype(np.float64)
            if multiplier is not None:
                weights *= multiplier
            yield weights


# ---- places --------------------------------------------------------------------------------------


def places(changes: FloatArray) -> FloatArray:
    """Place of each entry of a row in descending order, 1 the first; equal entries share theirs.

    Parameters
    ----------
    changes : FloatArray, shape (..., n)
        Rows to order.

    Returns
    -------
    FloatArray, shape (..., n)
        nan in a row with nan.

    Examples
    --------
    >>> import numpy as np
    >>> places(np.array([0.2, 0.5, 0.2])).tolist()
    [2.0, 1.0, 2.0]
    """
    larger = changes[..., None, :] > changes[..., :, None]
    found: FloatArray = 1.0 + larger.sum(axis=-1, dtype=np.float64)
    found[np.isnan(changes).any(axis=-1)] = np.nan
    return found


def first_places(changes: FloatArray) -> FloatArray:
    """Share of rows in which each entry is the largest; rows that tie are divided evenly.

    Parameters
    ----------
    changes : FloatArray, shape (n_rows, n)
        Rows; those with nan do not count.

    Returns
    -------
    FloatArray, shape (n,)
        Adds up to 1; nan when no row counts.

    Examples
    --------
    >>> import numpy as np
    >>> first_places(np.array([[0.2, 0.5], [0.4, 0.4]])).tolist()
    [0.25, 0.75]
    """
    usable = changes[~np.isnan(changes).any(axis=1)]
    if not len(usable):
        return np.full(changes.shape[1], np.nan)
    first = usable == usable.max(axis=1, keepdims=True)
    shares: FloatArray = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares
