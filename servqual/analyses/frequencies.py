"""Who answered what? How often each point of the scale was chosen, item by item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np
import pandas as pd

from servqual.analyses.correlation_source import ItemLabels
from servqual.analyses.grouping import find_groups
from servqual.errors import OptionError, RowsRequiredError
from servqual.instruments.instrument import Scale
from servqual.results import Interpretation, Result, SampleInfo, Statement
from servqual.samplestats.counts import MOST_CATEGORIES, Counts
from servqual.survey.survey import Survey
from servqual.typing import DIFFERENCES, FloatArray, Missing, On, check_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ITEM_COLUMNS = ["item", "key", "label", "dimension"]
_CATEGORY_COLUMNS = [*_ITEM_COLUMNS, "category", "n", "share"]
_SUMMARY_COLUMNS = [
    *_ITEM_COLUMNS,
    "n",
    "n_missing",
    "mean",
    "sd",
    "median",
    "bottom_share",
    "top_share",
]
#: On shorter scales the lowest two points and the highest two are not two different ends.
_FEWEST_FOR_TWO = 4

_Points: TypeAlias = tuple[float, ...]


@dataclass(frozen=True, repr=False)
class FrequencyResult(Result):
    """How often each answer was given.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with at least one answer (pairwise) or with all of them (listwise).
    on : str
        Which answers; empty for counts.
    by : tuple of str
        Grouping variables, which are the leading columns of the frames.
    categories : DataFrame
        item, key, label, dimension, category (a point of the scale), n (how often it was chosen;
        with sampling weights the sum of the weights), share (of those who answered the item). Every
        point has a row, also one that nobody chose.
    items : DataFrame
        item, key, label, dimension, n (respondents who answered), n_missing, mean, sd, median,
        bottom_share and top_share (share of the lowest two points and of the highest two; of the
        lowest and of the highest one if there are fewer than four).
    labels : dict
        Dimension → its name for plots.
    scale : tuple of (float, float) or None
        Lowest and highest answer possible; None when each item has its own ends.
    scale_labels : tuple of (str, str)
        What the lowest and the highest point say in words; empty if not known.
    notes : tuple of str
        What a reader should know.
    """

    title: ClassVar[str] = "Frequencies of answers"

    sample: SampleInfo
    on: str
    by: tuple[str, ...]
    categories: pd.DataFrame
    items: pd.DataFrame
    labels: dict[str, str]
    scale: tuple[float, float] | None
    scale_labels: tuple[str, str] = ("", "")
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per item and point of the scale."""
        return self.categories.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: respondents, items, points of the scale, and missing answers."""
        answered = float(self.items["n"].sum())
        asked = answered + float(self.items["n_missing"].sum())
        return pd.DataFrame(
            {
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_items": [self.items["item"].nunique()],
                "n_groups": [len(self.items[list(self.by)].drop_duplicates()) if self.by else 1],
                "n_categories": [self.categories["category"].nunique()],
                "missing_share": [1.0 - answered / asked if asked > 0.0 else np.nan],
            }
        )

    def interpret(self) -> Interpretation:
        """Put the ends of the scale into plain words.

        Returns
        -------
        Interpretation
        """
        return Interpretation(tuple(_say(self)))

    def plot(self, *, dimension: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the shares as stacked bars to both sides of the middle of the scale.

        Parameters
        ----------
        dimension : str, optional
            Draw the items of one dimension only.
        ax : Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from servqual.plots.likert import plot_likert

        return plot_likert(self, dimension=dimension, ax=ax)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        shares = self.categories.copy()
        keys = [*self.by, "item"]
        order = shares[keys].drop_duplicates()
        wide = shares.pivot(index=keys, columns="category", values="share").reset_index()
        wide = order.merge(wide, on=keys)
        wide = wide.set_axis(
            [str(key) for key in keys] + [f"{point:g}" for point in wide.columns[len(keys) :]],
            axis=1,
        )
        names = [*keys, "key", "n", "n_missing", "mean", "sd", "median"]
        return [("Shares", wide), ("Items", self.items[names])]


def frequencies(
    data: Survey | Counts,
    *,
    on: On = "perception",
    by: str | Sequence[str] | None = None,
    missing: Missing = "pairwise",
    scale: tuple[float, float] | None = None,
) -> FrequencyResult:
    """How often each point of the scale was chosen, per item.

    Parameters
    ----------
    data : Survey or Counts
        Answers, or their frequencies.
    on : str, default "perception"
        Side or difference of a survey. Of differences, every possible one has a row.
    by : str or sequence of str, optional
        Grouping variables of the survey: every table per group.
    missing : {"pairwise", "listwise"}, default "pairwise"
        For each item everybody who answered it, or only respondents who answered all items. Counts
        were collected one way or the other, which stays.
    scale : (float, float), optional
        For counts, the lowest and the highest answer possible. Default: for each item, the lowest
        and the highest that somebody gave.

    Returns
    -------
    FrequencyResult

    Raises
    ------
    OptionError
        If an option, a side or a grouping variable does not exist, or answers lie off `scale`.
    RowsRequiredError
        If `data` is neither a survey nor counts, or `by` is asked of counts.

    Notes
    -----
    With sampling weights, shares, means, medians and standard deviations are weighted, and `n`
    still counts respondents. The median is the point at which half of the answers is reached; if
    one half ends exactly between two points, their mean.

    References
    ----------
    Heiberger, R. M., & Robbins, N. B. (2014). Design of diverging stacked bar charts for Likert
    scales and other applications. *Journal of Statistical Software*, 57(5), 1–32.
    https://doi.org/10.18637/jss.v057.i05

    Examples
    --------
    >>> import servqual as sq
    >>> result = sq.frequencies(sq.load_example("bank"))
    >>> result.items[["item", "n", "median"]].head(2)
       item    n  median
    0     1  586     5.0
    1     2  583     5.0
    """
    check_option("missing", missing, Missing)
    if isinstance(data, Counts):
        if by is not None:
            raise RowsRequiredError(
                "Counts do not know groups, so `by` needs a `Survey`. Collect the counts of each "
                "group by itself, or give the survey."
            )
        return _of_counts(data, scale)
    if not isinstance(data, Survey):
        raise RowsRequiredError(
            f"`frequencies` was given {type(data).__name__}, but needs a `Survey` or `Counts`. "
            "Make one with `sq.Survey(frame, instrument=…)` or `sq.Counts.collect(rows)`."
        )
    if scale is not None:
        raise OptionError(
            "`scale` is for counts. A survey's scale is that of its instrument, "
            f"{data.instrument.scale}."
        )
    return _of_survey(data, on, by, missing)


def _of_survey(
    survey: Survey, on: On, by: str | Sequence[str] | None, missing: Missing
) -> FrequencyResult:
    names = survey.item_names(on)
    groups, group_names = find_groups(survey, by, {*_CATEGORY_COLUMNS, *_SUMMARY_COLUMNS})
    labels = ItemLabels.of_items(survey, on)
    spread = on in DIFFERENCES
    points = _scale_points(survey.instrument.scale, spread=spread)
    tables = []
    for levels, rows in groups:
        counts = survey.counts(names, missing=missing)
        if group_names:
            weights = survey.weights
            counts = Counts.collect(
                survey.rows(names)[rows],
                names,
                missing=missing,
                weights=None if weights is None else weights[rows],
                weight_kind=survey.weight_kind,
            )
        shown = [points or chosen for chosen in counts.categories]
        tables.append(_tables(counts, labels, shown, dict(zip(group_names, levels, strict=True))))
    ends = survey.instrument.scale
    n_obs = sum(table.n_obs for table in tables)
    return FrequencyResult(
        sample=SampleInfo(n_obs, survey.n_respondents - n_obs, _rule(missing), survey.weight_kind),
        on=on,
        by=group_names,
        categories=pd.concat([table.categories for table in tables], ignore_index=True),
        items=pd.concat([table.items for table in tables], ignore_index=True),
        labels={part.key: part.label for part in survey.instrument.dimensions},
        scale=(-ends.width, ends.width) if spread else (ends.minimum, ends.maximum),
        scale_labels=("", "") if spread else (ends.minimum_label, ends.maximum_label),
        notes=_notes(survey.weight_kind == "sampling"),
    )


def _of_counts(counts: Counts, scale: tuple[float, float] | None) -> FrequencyResult:
    table = _tables(
        counts, ItemLabels.of_variables(counts.variables), _points_of_counts(counts, scale), {}
    )
    notes = _notes(counts.weight_kind == "sampling")
    if scale is None:
        notes += (
            "Counts do not know the ends of the scale: each item is shown from the lowest to the "
            "highest answer that somebody gave. Give `scale` if there are more points.",
        )
    return FrequencyResult(
        sample=SampleInfo(
            counts.n_obs, counts.n_excluded, _rule(counts.missing), counts.weight_kind
        ),
        on="",
        by=(),
        categories=table.categories,
        items=table.items,
        labels={},
        scale=None if scale is None else (float(scale[0]), float(scale[1])),
        notes=notes,
    )


def _rule(missing: Missing) -> str:
    return "answers to each item" if missing == "pairwise" else "listwise"


def _notes(sampling: bool) -> tuple[str, ...]:
    if not sampling:
        return ()
    return ("With sampling weights, n of a point of the scale is the sum of the weights.",)


# ---- points of the scale -------------------------------------------------------------------------


def _scale_points(scale: Scale, *, spread: bool) -> _Points:
    """All points of a survey's scale, or all differences; none where they are too many to list."""
    if scale.continuous:
        return ()
    low, high = (-scale.width, scale.width) if spread else (scale.minimum, scale.maximum)
    return _steps(low, high)


def _steps(low: float, high: float) -> _Points:
    if high - low >= MOST_CATEGORIES:
        return ()
    return tuple((low + np.arange(high - low + 1.0)).tolist())


def _points_of_counts(counts: Counts, scale: tuple[float, float] | None) -> list[_Points]:
    """Points to show for each variable: those between its ends, if answers are whole steps."""
    if scale is None:
        return [
            _steps(chosen[0], chosen[-1]) or chosen if _in_whole_steps(chosen) else chosen
            for chosen in counts.categories
        ]
    low, high = float(scale[0]), float(scale[1])
    points = _steps(low, high)
    if not low < high or not (high - low).is_integer() or not points:
        raise OptionError(
            f"`scale` is {scale!r}, but must be the lowest and the highest answer, whole steps "
            f"apart and with at most {MOST_CATEGORIES} points, such as (1, 7)."
        )
    off = [
        f"{name} ({', '.join(f'{value:g}' for value in chosen if value not in points)})"
        for name, chosen in zip(counts.variables, counts.categories, strict=True)
        if not set(chosen) <= set(points)
    ]
    if off:
        raise OptionError(
            f"`scale` is {low:g} to {high:g}, but these have other answers: {', '.join(off)}. "
            "Give the scale that they were asked on, or leave `scale` out."
        )
    return [points] * len(counts.variables)


def _in_whole_steps(chosen: _Points) -> bool:
    return bool(chosen) and all((value - chosen[0]).is_integer() for value in chosen)


# ---- tables --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tables:
    categories: pd.DataFrame
    items: pd.DataFrame
    n_obs: int


def _tables(
    counts: Counts, labels: ItemLabels, points: Sequence[_Points], levels: dict[str, str]
) -> _Tables:
    """Both tables of one group."""
    categories, items = [], []
    everybody = counts.n_obs + counts.n_excluded
    for place, name in enumerate(counts.variables):
        number = labels.numbers[place]
        label = (
            name if number is None else number,
            labels.keys[place],
            labels.labels[place],
            labels.dimensions[place] or "",
        )
        values = np.array(points[place], dtype=np.float64)
        chosen = np.zeros(values.size)
        chosen[np.searchsorted(values, counts.categories[place])] = counts.frequencies(name)
        n = int(counts.pairs[place, place])
        total = chosen.sum()
        share = chosen / total if total > 0.0 else np.full(values.size, np.nan)
        categories += [
            (*label, *row) for row in zip(values.tolist(), chosen.tolist(), share, strict=True)
        ]
        items.append((*label, n, everybody - n, *_summary(values, chosen, n)))
    by_category = pd.DataFrame(categories, columns=_CATEGORY_COLUMNS)
    if counts.weight_kind != "sampling":
        by_category["n"] = by_category["n"].astype(np.int64)
    by_item = pd.DataFrame(items, columns=_SUMMARY_COLUMNS)
    for frame in (by_category, by_item):
        for place, (name, level) in enumerate(levels.items()):
            frame.insert(place, name, level)
    return _Tables(by_category, by_item, counts.n_obs)


def _summary(
    values: FloatArray, chosen: FloatArray, n: int
) -> tuple[float, float, float, float, float]:
    """Mean, standard deviation, median, and shares of both ends, of a frequency table."""
    total = float(chosen.sum())
    if total <= 0.0:
        return (np.nan,) * 5
    mean = float(chosen @ values) / total
    spread = float(chosen @ (values - mean) ** 2) / total
    deviation = float(np.sqrt(spread * n / (n - 1.0))) if n > 1 else np.nan
    ends = 2 if values.size >= _FEWEST_FOR_TWO else 1
    return (
        mean,
        deviation,
        _median(values, chosen),
        float(chosen[:ends].sum()) / total,
        float(chosen[-ends:].sum()) / total,
    )


def _median(values: FloatArray, chosen: FloatArray) -> float:
    """Where half of the answers is reached; between two points if it is reached exactly there."""
    reached = np.cumsum(chosen)
    half = 0.5 * reached[-1]
    # Sums of weights that ought to be one half may miss it by rounding.
    slack = 1e-12 * reached[-1]
    lower = int(np.argmax(reached >= half - slack))
    upper = int(np.argmax(reached > half + slack))
    return float(0.5 * (values[lower] + values[upper]))


# ---- words ---------------------------------------------------------------------------------------


def _say(result: FrequencyResult) -> Iterator[Statement]:
    answered = result.items[result.items["n"] > 0]
    groups = answered.groupby(list(result.by), sort=False) if result.by else [((), answered)]
    for levels, table in groups:
        where = f"{', '.join(map(str, levels))}: " if levels else ""
        for name, end in (("top_share", "highest"), ("bottom_share", "lowest")):
            shares = table[name].to_numpy(dtype=np.float64)
            known = np.flatnonzero(np.isfinite(shares))
            if not known.size:
                continue
            most = known[int(np.argmax(shares[known]))]
            row = table.iloc[most]
            text = (
                f"{where}The share of answers at the {end} end of the scale is largest for "
                f"{row['item']} ({row['label']}): {shares[most]:.0%}."
            )
            yield Statement(str(row["item"]), text[0].upper() + text[1:])
