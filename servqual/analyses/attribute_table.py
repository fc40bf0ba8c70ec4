"""Tables of an importance–performance analysis: what follows from where the attributes stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from servqual.analyses.attribute_estimates import Coordinates, Estimate
from servqual.analyses.attributes import AttributeScores
from servqual.errors import shorten
from servqual.numerics.bootstrap import percentile_interval
from servqual.numerics.importance_performance import (
    CONCENTRATE,
    KEEP_UP,
    LOW_PRIORITY,
    OVERKILL,
    UNKNOWN,
    Priorities,
    attribute_means,
    attribute_medians,
    prioritise,
    quadrant_shares,
)
from servqual.typing import AttributePerformance, BoolArray, Crosshair, FloatArray

__all__ = [
    "PROBABILITIES",
    "QUADRANTS",
    "Placed",
    "Placement",
    "attribute_table",
    "line_table",
    "place",
    "placement_notes",
    "satisfaction_index",
]

#: Quadrants as Martilla and James name them, by the code of the numerics.
QUADRANTS: Final[dict[int, str]] = {
    CONCENTRATE: "Concentrate here",
    KEEP_UP: "Keep up the good work",
    LOW_PRIORITY: "Low priority",
    OVERKILL: "Possible overkill",
}
#: Columns of their probabilities, in the same order.
PROBABILITIES: Final = ("p_concentrate", "p_keep_up", "p_low_priority", "p_overkill")

#: What has limits, and what of the priorities it is.
_LIMITED: Final = {
    "iso": "distance",
    "pgcv": "pgcv",
    "pgcv_rank": "pgcv_rank",
    "priority": "priority",
    "priority_rank": "priority_rank",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """Lines and priorities of a sample, or of a stack of resamples.

    Attributes
    ----------
    importance_line, performance_line : FloatArray, shape (...)
        The crosshair.
    priorities : Priorities
        Quadrants, priorities and ranks.
    """

    importance_line: FloatArray
    performance_line: FloatArray
    priorities: Priorities


@dataclass(frozen=True, slots=True)
class Placement:
    """Everything that is known about where the attributes stand.

    Attributes
    ----------
    scores : AttributeScores
        Names, and what importance is.
    on : str
        What performance is.
    crosshair : str
        What the lines go through.
    importance, performance : Estimate
        With standard errors and limits.
    sample : Coordinates
        The same estimates, with gaps.
    found : Placed
        Of the sample.
    draws : Coordinates or None
        Of the resamples.
    drawn : Placed or None
        Of the resamples.
    conf_level : float
        Coverage.
    """

    scores: AttributeScores
    on: AttributePerformance
    crosshair: Crosshair
    importance: Estimate
    performance: Estimate
    sample: Coordinates
    found: Placed
    draws: Coordinates | None
    drawn: Placed | None
    conf_level: float

    @property
    def n_degenerate(self) -> int:
        """Resamples in which a coordinate that the sample has does not exist."""
        if self.draws is None:
            return 0
        lost = np.zeros(len(self.draws.importance), dtype=np.bool_)
        for own, drawn in (
            (self.sample.importance, self.draws.importance),
            (self.sample.performance, self.draws.performance),
        ):
            lost |= np.isnan(drawn[:, np.isfinite(own)]).any(axis=1)
        return int(lost.sum())


def place(
    coordinates: Coordinates,
    crosshair: Crosshair,
    lines: tuple[float, float] | None,
    best: float,
) -> Placed:
    """Draw the crosshair through attributes, and see where that leaves them.

    Parameters
    ----------
    coordinates : Coordinates
        Of a sample or of a stack of resamples.
    crosshair : str
        What the lines go through.
    lines : tuple of float or None
        Importance and performance, where the lines are fixed.
    best : float
        The best performance there can be; nan for differences.

    Returns
    -------
    Placed
    """
    importance, performance = coordinates.importance, coordinates.performance
    if lines is not None:
        shape = importance.shape[:-1]
        at = (np.full(shape, lines[0]), np.full(shape, lines[1]))
    else:
        # An attribute without a place has no say in where the other axis is divided.
        known = np.isfinite(importance + performance)
        middle = attribute_means if crosshair == "means" else attribute_medians
        at = (
            middle(np.where(known, importance, np.nan)),
            middle(np.where(known, performance, np.nan)),
        )
    return Placed(
        *at,
        prioritise(
            importance,
            performance,
            *at,
            best=best,
            gap=coordinates.gap,
            weighted_shortfall=coordinates.products,
        ),
    )


def satisfaction_index(placement: Placement) -> tuple[float, float, float]:
    """Mean performance weighted by stated importance, over the top of the scale, with limits.

    Parameters
    ----------
    placement : Placement
        Where the attributes stand.

    Returns
    -------
    tuple of float
        Index, lower and upper limit; nan when importance is derived.
    """
    nan = float("nan")
    if placement.scores.source == "derived":
        return nan, nan, nan
    value = float(placement.found.priorities.satisfaction_index)
    if placement.drawn is None or not np.isfinite(value):
        return value, nan, nan
    draws = placement.drawn.priorities.satisfaction_index
    limits = percentile_interval(draws, placement.conf_level)
    return value, float(limits.low), float(limits.high)


def attribute_table(placement: Placement) -> pd.DataFrame:
    """Table of the attributes.

    Parameters
    ----------
    placement : Placement
        Where they stand.

    Returns
    -------
    DataFrame
        One row per attribute.
    """
    scores, own = placement.scores, placement.found.priorities
    size = len(scores.terms)
    columns: dict[str, object] = {
        "term": list(scores.terms),
        "label": list(scores.labels),
        "dimension": list(scores.dimensions),
        "n": placement.performance.n,
        "n_importance": placement.importance.n,
    }
    for name, estimate in (
        ("importance", placement.importance),
        ("performance", placement.performance),
    ):
        columns |= {
            name: estimate.value,
            f"{name}_std_error": estimate.std_error,
            f"{name}_low": estimate.low,
            f"{name}_high": estimate.high,
        }
    shares = _probabilities(placement)
    low, high = _limits(placement)
    columns |= {
        "covariance": _covariance(placement),
        "quadrant": [QUADRANTS.get(int(code), "") for code in own.quadrant],
        "p_quadrant": shares[np.arange(size), np.maximum(own.quadrant, 0)],
        **{name: shares[:, code] for code, name in enumerate(PROBABILITIES)},
        "iso_distance": own.distance,
        "iso_low": low["iso"],
        "iso_high": high["iso"],
        "udcv": own.udcv,
        "acv": own.acv,
        "gap": placement.sample.gap,
        "weight": own.weight,
    }
    for name, values, ranks in (
        ("pgcv", own.pgcv, own.pgcv_rank),
        ("priority", own.priority, own.priority_rank),
    ):
        columns |= {
            name: values,
            f"{name}_low": low[name],
            f"{name}_high": high[name],
            f"{name}_rank": ranks,
            f"{name}_rank_low": low[f"{name}_rank"],
            f"{name}_rank_high": high[f"{name}_rank"],
        }
    return pd.DataFrame(columns)


def _probabilities(placement: Placement) -> FloatArray:
    """Share of the resamples in each quadrant, shape (k, 4)."""
    own = placement.found.priorities.quadrant
    if placement.drawn is None:
        return np.full((own.size, len(QUADRANTS)), np.nan)
    shares = quadrant_shares(placement.drawn.priorities.quadrant)
    # An attribute without a place in the sample has no quadrant there, and none in resamples.
    return np.where((own == UNKNOWN)[:, None], np.nan, shares)


def _limits(placement: Placement) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    low: dict[str, FloatArray] = {}
    high: dict[str, FloatArray] = {}
    for name, attribute in _LIMITED.items():
        if placement.drawn is None:
            low[name] = high[name] = np.full(len(placement.scores.terms), np.nan)
            continue
        draws = getattr(placement.drawn.priorities, attribute)
        interval = percentile_interval(draws, placement.conf_level)
        low[name], high[name] = interval.low, interval.high
        if name.endswith("rank"):
            # A rank is a place, so its interval is widened to whole places.
            low[name], high[name] = np.floor(interval.low), np.ceil(interval.high)
    return low, high


def _covariance(placement: Placement) -> FloatArray:
    """Covariance of both estimates: correlation of their draws, times their standard errors."""
    if placement.draws is None:
        return np.full(len(placement.scores.terms), np.nan)
    importance, performance = placement.draws.importance, placement.draws.performance
    known = np.isfinite(importance + performance)
    count = np.maximum(known.sum(axis=0), 1)
    centred = []
    for values in (importance, performance):
        mean = np.where(known, values, 0.0).sum(axis=0) / count
        centred.append(np.where(known, values - mean, 0.0))
    squares = (centred[0] ** 2).sum(axis=0) * (centred[1] ** 2).sum(axis=0)
    product = (centred[0] * centred[1]).sum(axis=0)
    # A coordinate without any variation has no covariance either.
    correlation = product / np.sqrt(np.where(squares > 0.0, squares, 1.0))
    covariance: FloatArray = (
        correlation * placement.importance.std_error * placement.performance.std_error
    )
    return covariance


def line_table(placement: Placement) -> pd.DataFrame:
    """Table of the crosshair.

    Parameters
    ----------
    placement : Placement
        Where the attributes stand.

    Returns
    -------
    DataFrame
        axis, rule, value, conf_low, conf_high.
    """
    rows = []
    for axis, rule in zip(("importance", "performance"), _rules(placement), strict=True):
        value = float(getattr(placement.found, f"{axis}_line"))
        low = high = value
        if placement.crosshair in ("means", "medians"):
            low = high = float("nan")
            if placement.drawn is not None:
                draws = getattr(placement.drawn, f"{axis}_line")
                interval = percentile_interval(draws, placement.conf_level)
                low, high = float(interval.low), float(interval.high)
        rows.append((axis, rule, value, low, high))
    return pd.DataFrame(rows, columns=["axis", "rule", "value", "conf_low", "conf_high"])


def _rules(placement: Placement) -> tuple[str, str]:
    """Name what the lines go through, importance first."""
    if placement.crosshair == "means":
        return ("mean of the attributes",) * 2
    if placement.crosshair == "medians":
        return ("median of the attributes",) * 2
    if placement.crosshair == "target":
        return ("target",) * 2
    shares = placement.scores.source in ("stated", "derived")
    return (
        "equal shares" if shares else "middle of the answer scale",
        "middle of the answer scale" if placement.on == "perception" else "no gap",
    )


# ---- notes ---------------------------------------------------------------------------------------


def placement_notes(placement: Placement, n_resamples: int) -> list[str]:
    """Say what could not be computed, and what the reader should know about it.

    Parameters
    ----------
    placement : Placement
        Where the attributes stand.
    n_resamples : int
        Resamples that were asked for.

    Returns
    -------
    list of str
    """
    return [
        *_notes_on_answers(placement),
        *_notes_on_performance(placement),
        *_notes_on_places(placement),
        *_notes_on_resamples(placement, n_resamples),
    ]


def _notes_on_answers(placement: Placement) -> Iterator[str]:
    scores, importance, performance = placement.scores, placement.importance, placement.performance

    def named(which: BoolArray) -> str:
        return shorten(term for term, chosen in zip(scores.terms, which, strict=True) if chosen)

    empty = performance.n == 0
    if empty.any():
        yield f"Nobody has a performance score in {named(empty)}, so there is no place for it."
    flat = (performance.std_error == 0.0) & (performance.n > 1)
    if flat.any():
        yield (
            f"Every respondent has the same performance score in {named(flat)}, so its interval "
            "does not exist."
        )
    if scores.source == "derived":
        return
    unrated = importance.n == 0
    if unrated.any():
        yield f"Nobody rated the importance of {named(unrated)}, so there is no place for it."
    fixed = (importance.std_error == 0.0) & (importance.n > 1)
    if fixed.any():
        yield (
            f"Every respondent gives the same importance to {named(fixed)}, so its interval does "
            "not exist."
        )


def _notes_on_performance(placement: Placement) -> Iterator[str]:
    scores = placement.scores
    if placement.on == "perception":
        if scores.difference is None:
            yield "This survey has no expectations, so `gap` and `priority` are nan."
        return
    yield (
        "The potential gain in customer value needs performance on the answer scale, so with "
        f'`on="{placement.on}"` it is nan; `priority` is weight × shortfall.'
    )
    if (placement.on, scores.source) in {("gap", "expectation"), ("superiority", "desired")}:
        yield (
            f"The {scores.importance_name} is part of performance too, so the axes are related by "
            "construction: what is expected more tends to fall short more."
        )


def _notes_on_places(placement: Placement) -> Iterator[str]:
    found = placement.found.priorities
    if np.isfinite(placement.importance.value).any() and np.isnan(found.weight).all():
        yield (
            "Some importances are negative, or all are zero, so they are no shares of a whole: "
            "`weight` and what follows from it are nan."
        )
    known = found.quadrant != UNKNOWN
    if known.sum() == 1:
        yield (
            "Only one attribute has both coordinates, so lines through means or medians pass "
            "through it, and there is no iso-priority line."
        )
    elif known.any() and np.isnan(found.distance[known]).all():
        yield (
            "The attributes do not differ in importance, or not in performance. A line through "
            "their middle passes through all of them, and there is no iso-priority line."
        )


def _notes_on_resamples(placement: Placement, n_resamples: int) -> Iterator[str]:
    if placement.draws is None:
        why = "No resamples were asked for" if not n_resamples else "There is one respondent"
        yield f"{why}, so quadrants and ranks have no probabilities or limits."
    elif placement.n_degenerate:
        yield (
            f"In {placement.n_degenerate} of {n_resamples} resamples a coordinate of some "
            "attribute does not exist, because nobody answered, or a variable was constant or "
            "repeated others. They count for the other attributes only."
        )
