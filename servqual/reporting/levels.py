"""Means of one side, for surveys that did not ask the other, as SERVPERF does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servqual.analyses.adjustment import adjust_p_values
from servqual.analyses.group_comparison import compare_groups
from servqual.numerics.location import mean_test
from servqual.survey.scoring import mean_scores, row_mean
from servqual.survey.survey import Survey
from servqual.typing import BoolArray, FloatArray, Side


@dataclass(frozen=True, slots=True)
class LevelResult:
    """Means of one side with their intervals.

    Attributes
    ----------
    side : str
        Which side.
    items, dimensions, overall : DataFrame
        n, mean, sd, std_error, conf_low, conf_high; items also item, key, label and dimension,
        dimensions also dimension, label and weight (mean importance points), overall also score.
    groups : DataFrame
        group, term, label, n, mean, sd, conf_low, conf_high; empty without groups.
    comparisons : DataFrame
        As `compare_groups` gives it, for each dimension and the overall score; empty without
        groups.
    notes : tuple of str
        What could not be computed, and why.
    """

    side: Side
    items: pd.DataFrame
    dimensions: pd.DataFrame
    overall: pd.DataFrame
    groups: pd.DataFrame
    comparisons: pd.DataFrame
    notes: tuple[str, ...] = ()


def levels(survey: Survey, side: Side, by: str, conf_level: float) -> LevelResult:
    """Compute the means of one side.

    Parameters
    ----------
    survey : Survey
        With answers to the side.
    side : str
        Which.
    by : str
        Grouping variable; "" for none.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    LevelResult

    Examples
    --------
    >>> import servqual as sq
    >>> result = levels(sq.load_example("bank"), "perception", "", 0.95)
    >>> result.overall["score"].tolist()[:2]
    ['dimension mean', 'item mean']
    """
    instrument = survey.instrument
    scores = survey.dimension_scores(side)
    everyone = np.ones(len(survey), dtype=bool)
    items = _means(survey, survey.answers(side), everyone, conf_level)
    items.insert(0, "dimension", [item.dimension for item in instrument.items])
    items.insert(0, "label", [item.label for item in instrument.items])
    items.insert(0, "key", [item.key for item in instrument.items])
    items.insert(0, "item", [item.number for item in instrument.items])
    dimensions = _means(survey, scores, everyone, conf_level)
    dimensions.insert(0, "label", [part.label or part.key for part in instrument.dimensions])
    dimensions.insert(0, "dimension", [part.key for part in instrument.dimensions])
    dimensions["weight"] = _mean_points(survey)
    named = dict(_overall_scores(survey, side, scores))
    overall = _means(survey, np.column_stack(list(named.values())), everyone, conf_level)
    overall.insert(0, "score", list(named))
    groups, comparisons, notes = _by_group(survey, by, scores, conf_level)
    return LevelResult(side, items, dimensions, overall, groups, comparisons, notes)


def _means(survey: Survey, values: FloatArray, rows: BoolArray, conf_level: float) -> pd.DataFrame:
    summaries = []
    for place in range(values.shape[1]):
        moments = survey.collect(values[:, [place]], ("score",), rows=rows)
        deviation = float(moments.standard_deviation()[0])
        # A constant of thirds has a variance of rounding errors; it is none.
        if deviation < 1e-9 * survey.instrument.scale.width:
            deviation = 0.0
        error = float(moments.standard_error()[0]) if deviation > 0 else np.sqrt(deviation)
        summaries.append((moments.n_obs, float(moments.mean[0]), deviation, error))
    n, mean, deviations, errors = np.array(summaries, dtype=np.float64).T
    test = mean_test(mean, errors, n - 1.0, conf_level=conf_level)
    return pd.DataFrame(
        {
            "n": n.astype(np.int64),
            "mean": mean,
            "sd": deviations,
            "std_error": errors,
            "conf_low": test.conf_low,
            "conf_high": test.conf_high,
        }
    )


def _mean_points(survey: Survey) -> FloatArray:
    names = [part.key for part in survey.instrument.dimensions]
    if survey.points is None:
        return np.full(len(names), np.nan)
    return survey.collect(survey.points, names).mean


def _overall_scores(
    survey: Survey, side: Side, scores: FloatArray
) -> Iterator[tuple[str, FloatArray]]:
    yield "dimension mean", row_mean(scores)
    every = [np.arange(len(survey.instrument.items))]
    yield "item mean", mean_scores(survey.answers(side), every, survey.min_answered)[:, 0]
    if survey.points is not None:
        yield "weighted", (survey.points * scores).sum(axis=1) / 100.0


def _by_group(
    survey: Survey, by: str, scores: FloatArray, conf_level: float
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    if not by:
        return pd.DataFrame(), pd.DataFrame(), ()
    codes, found, _ = survey.group_codes(by)
    names = [", ".join(group) for group in found]
    parts = survey.instrument.dimensions
    terms = [*((part.key, part.label or part.key) for part in parts), ("dimension mean", "Overall")]
    values = np.column_stack([scores, row_mean(scores)])
    tables, comparisons, notes = [], [], []
    for place, name in enumerate(names):
        table = _means(survey, values, codes == place, conf_level)
        table.insert(0, "label", [label for _, label in terms])
        table.insert(0, "term", [term for term, _ in terms])
        table.insert(0, "group", name)
        tables.append(table)
    for column, (term, label) in enumerate(terms):
        moments = [
            survey.collect(values[:, [column]], (term,), rows=codes == place)
            for place in range(len(names))
        ]
        comparison, remarks = compare_groups(moments, names, term, conf_level=conf_level)
        comparison.insert(0, "label", label)
        comparisons.append(comparison)
        notes += remarks
    filled = [table for table in comparisons if len(table)] or comparisons[:1]
    compared = pd.concat(filled, ignore_index=True)
    # As in `gaps`: the tests of the dimensions are one family, the overall score is not part of it.
    omnibus = (compared["test"] == "welch_anova") & (compared["term"] != "dimension mean")
    compared.loc[omnibus, "p_adjusted"] = adjust_p_values(compared.loc[omnibus, "p_value"], "holm")
    groups = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    return groups, compared, tuple(dict.fromkeys(notes))
