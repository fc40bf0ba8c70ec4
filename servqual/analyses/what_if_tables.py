"""Tables of a what-if: what is moved, what goes with it, and what one point of each goes with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servqual.analyses.what_if_options import AskedChanges, OutcomeScale
from servqual.analyses.what_if_scenario import MovedAnswers
from servqual.numerics.bootstrap import percentile_interval
from servqual.numerics.what_if import ScenarioChanges, WhatIfModel, first_places, places
from servqual.survey.scoring import mean_scores
from servqual.survey.survey import Survey
from servqual.typing import BoolArray, FloatArray

__all__ = ["Measured", "changes_table", "effects_table", "measure_outcome", "per_point_table"]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One measure of the outcome.

    Attributes
    ----------
    name : str
        Such as ``"mean"``.
    before : float
        Its level.
    change : FloatArray, shape (n_scenarios,)
        By how much each scenario changes it.
    draws : FloatArray or None, shape (n_resamples, n_scenarios)
        The same in resamples.
    part : {"total", "direct", "through"}
        Of which part of the effect.
    """

    name: str
    before: float
    change: FloatArray
    draws: FloatArray | None
    part: str = "total"


def measure_outcome(
    model: WhatIfModel,
    scale: OutcomeScale,
    weights: FloatArray | None,
    point: ScenarioChanges,
    draws: ScenarioChanges | None,
) -> list[Measured]:
    """Mean and its parts, top two boxes and, for a recommendation, the net promoter score.

    Parameters
    ----------
    model : WhatIfModel
        Data and scenarios.
    scale : OutcomeScale
        Which shares there are.
    weights : FloatArray or None, shape (n,)
        Weights of the respondents.
    point : ScenarioChanges
        Of the sample, one row.
    draws : ScenarioChanges or None
        Of the resamples.

    Returns
    -------
    list of Measured
    """
    level = _average(model.data[:, -1], weights)
    found = [Measured("mean", level, point.mean[0], None if draws is None else draws.mean)]
    if model.mediated:
        for part in ("direct", "through"):
            of_draws = None if draws is None else getattr(draws, part)
            found.append(Measured("mean", level, getattr(point, part)[0], of_draws, part))
    before = np.array([_average(row, weights) for row in np.clip(model.positions, 0.0, 1.0)])
    if scale.note:
        nan = np.full(len(model.scenarios), np.nan)
        found.append(Measured("top-two-box", np.nan, nan, None))
    else:
        top = [scale.thresholds.index(scale.top_two)]
        found.append(_percent("top-two-box", float(before[top].sum()), point, draws, top))
    if scale.is_recommendation:
        # Detractors are all below the second threshold, so promoters less detractors are the
        # shares at or above both thresholds, less one.
        every = list(range(len(before)))
        found.append(_percent("nps", float(before.sum()) - 1.0, point, draws, every))
    return found


def _percent(
    name: str,
    before: float,
    point: ScenarioChanges,
    draws: ScenarioChanges | None,
    thresholds: list[int],
) -> Measured:
    """Sum of shares, in percent."""
    return Measured(
        name,
        100.0 * before,
        100.0 * point.shares[0][:, thresholds].sum(axis=1),
        None if draws is None else 100.0 * draws.shares[:, :, thresholds].sum(axis=2),
    )


def effects_table(measures: Sequence[Measured], conf_level: float) -> pd.DataFrame:
    """What goes with the changes that were asked for, the first scenario.

    Parameters
    ----------
    measures : sequence of Measured
        What there is to tell.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
    """
    limits = [_limits(measured, conf_level) for measured in measures]
    change = np.array([measured.change[0] for measured in measures])
    before = np.array([measured.before for measured in measures])
    return pd.DataFrame(
        {
            "measure": [measured.name for measured in measures],
            "part": [measured.part for measured in measures],
            "before": before,
            "after": before + change,
            "change": change,
            "std_error": [errors[0] for errors, _, _ in limits],
            "conf_low": [low[0] for _, low, _ in limits],
            "conf_high": [high[0] for _, _, high in limits],
        }
    )


def per_point_table(
    survey: Survey,
    measures: Sequence[Measured],
    moved: MovedAnswers,
    weights: FloatArray | None,
    conf_level: float,
) -> pd.DataFrame:
    """What goes with one point of each dimension, the scenarios after the first.

    Parameters
    ----------
    survey : Survey
        Whose dimensions these are.
    measures : sequence of Measured
        What there is to tell.
    moved : MovedAnswers
        By how much one point moves each dimension.
    weights : FloatArray or None, shape (n,)
        Weights of the respondents.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
    """
    dimensions = survey.instrument.dimensions
    effective = [_average(column, weights) for column in moved.of_one_point.scores.T]
    parts = []
    for measured in measures:
        if measured.part != "total":
            continue
        errors, low, high = _limits(measured, conf_level)
        rank_low, rank_high, p_first = _rank_limits(measured, conf_level)
        parts.append(
            pd.DataFrame(
                {
                    "term": [dimension.key for dimension in dimensions],
                    "label": [dimension.label for dimension in dimensions],
                    "measure": measured.name,
                    "effective": effective,
                    "change": measured.change[1:],
                    "std_error": errors[1:],
                    "conf_low": low[1:],
                    "conf_high": high[1:],
                    "rank": places(measured.change[1:]),
                    "rank_low": rank_low,
                    "rank_high": rank_high,
                    "p_first": p_first,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _limits(measured: Measured, conf_level: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Standard error and limits of the change in each scenario."""
    if measured.draws is None:
        nan = np.full(measured.change.size, np.nan)
        return nan, nan, nan
    interval = percentile_interval(measured.draws, conf_level)
    return np.nanstd(measured.draws, axis=0, ddof=1), interval.low, interval.high


def _rank_limits(
    measured: Measured, conf_level: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Limits of the places of the dimensions, and how often each is first."""
    if measured.draws is None:
        nan = np.full(measured.change.size - 1, np.nan)
        return nan, nan, nan
    of_points = measured.draws[:, 1:]
    interval = percentile_interval(places(of_points), conf_level)
    # A rank is a place, so its interval is widened to whole places.
    return np.floor(interval.low), np.ceil(interval.high), first_places(of_points)


def changes_table(
    survey: Survey, asked: AskedChanges, moved: MovedAnswers, weights: FloatArray | None
) -> pd.DataFrame:
    """Rows of the dimensions that are moved, then of the items that were named.

    Parameters
    ----------
    survey : Survey
        Whose dimensions these are.
    asked : AskedChanges
        What was asked.
    moved : MovedAnswers
        What it does.
    weights : FloatArray or None, shape (n,)
        Weights of the respondents.

    Returns
    -------
    DataFrame
    """
    found, rows = moved.asked, []
    for place in asked.dimensions:
        columns = moved.groups[place]
        [score] = mean_scores(moved.answers, [columns], survey.min_answered).T
        dimension = survey.instrument.dimensions[place]
        rows.append(
            {"term": dimension.key, "label": dimension.label, "level": "dimension"}
            | _moved(
                score,
                found.scores[:, place],
                float(asked.shifts[columns].mean()),
                found.stopped_scores[:, place],
                weights,
            )
        )
    for place in asked.items:
        item = survey.instrument.items[place]
        rows.append(
            {"term": str(item.number), "label": f"{item.number} {item.label}", "level": "item"}
            | _moved(
                moved.answers[:, place],
                found.answers[:, place],
                float(asked.shifts[place]),
                found.stopped_answers[:, place],
                weights,
            )
        )
    return pd.DataFrame(rows)


def _moved(
    before: FloatArray,
    changed: FloatArray,
    asked: float,
    stopped: BoolArray,
    weights: FloatArray | None,
) -> dict[str, object]:
    level, effective = _average(before, weights), _average(changed, weights)
    among = np.where(np.isnan(before), np.nan, stopped.astype(np.float64))
    return {
        "asked": asked,
        "effective": effective,
        "share_at_bound": _average(among, weights),
        "before": level,
        "after": level + effective,
    }


def _average(values: FloatArray, weights: FloatArray | None) -> float:
    """Weighted mean of what is there; nan when nothing is."""
    there = ~np.isnan(values)
    used = there.astype(np.float64) if weights is None else np.where(there, weights, 0.0)
    total = float(used.sum())
    return float(used @ np.where(there, values, 0.0)) / total if total > 0.0 else np.nan
