"""Answers as stacked bars to both sides of the middle of the scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from servqual.errors import OptionError
from servqual.plots.style import (
    FAINT,
    FONT_SIZE,
    NEUTRAL,
    SMALL_FONT_SIZE,
    canvas,
    format_percent,
    format_tick,
    ink,
    wrap_label,
)
from servqual.typing import DIFFERENCES, FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

    from servqual.analyses.frequencies import FrequencyResult

__all__ = ["plot_likert"]

#: Below and above the middle: from the point next to it to the end of the scale. The hues are those
#: of shortfall and perception (Okabe & Ito 2008), which colour-blind readers tell apart; towards
#: the ends they grow darker, so that the order shows in greyscale too.
_LOW_COLOURS: Final = ("#F8D3B8", "#E37C33", "#9C4400")
_HIGH_COLOURS: Final = ("#C3DDF0", "#4296CC", "#004C78")

#: Inches.
_WIDTH: Final = 8.4
_AROUND: Final = 1.35
_LINE: Final = 0.15
#: Height of a bar in units of its row.
_BAR: Final = 0.78
_LABEL_WIDTH: Final = 40
_MOST_BARS: Final = 150
#: With more points than this the legend names the ends and the middle only.
_MOST_IN_LEGEND: Final = 13
#: A share is written on a middle segment that is at least so long.
_ROOM_FOR_SHARE: Final = 0.055
#: Room for the shares at both sides, as part of the length of all bars.
_SIDE: Final = 0.12
#: From the ends of the axis to these shares, as part of its length.
_PAD: Final = 0.012


def plot_likert(
    result: FrequencyResult, *, dimension: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the shares of all answers as stacked bars, centred on the middle of the scale.

    Answers below the middle lie on the left of zero and those above it on the right; a middle
    point, if the scale has one, lies half on either side. The shares of both halves stand beside
    the bars, that of the middle point inside.

    Parameters
    ----------
    result : FrequencyResult
        From `servqual.frequencies`; with groups, every item has a bar per group.
    dimension : str, optional
        Draw the items of one dimension only.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, as high as the rows need, which notebooks show.

    Returns
    -------
    Axes
        With the items from the top down, grouped by dimension.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `dimension` is not in the result, `ax` is not an ordinary Axes, or there are more than
        150 bars.

    References
    ----------
    Heiberger, R. M., & Robbins, N. B. (2014). Design of diverging stacked bar charts for Likert
    scales and other applications. *Journal of Statistical Software*, 57(5), 1–32.
    https://doi.org/10.18637/jss.v057.i05

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> ax = plot_likert(sq.frequencies(sq.load_example("bank")), dimension="reliability")
    >>> ax.get_yticklabels()[0].get_text()
    'Reliability'
    >>> plt.close(ax.figure)
    """
    rows = _rows(result, dimension)
    _check_number_of_bars(rows)
    heights = np.array([row.height for row in rows])
    places = np.cumsum(heights) - heights / 2.0
    with canvas(ax, width=_WIDTH, height=_AROUND + float(heights.sum())) as axes:
        _label_rows(axes, rows, places, heights)
        extent = _span([row.bar for row in rows if row.bar is not None])
        axes.set_xlim(*extent)
        for row, place in zip(rows, places, strict=True):
            if row.bar is not None:
                _draw_bar(axes, row.bar, float(place), _BAR * row.height)
        _head_columns(axes, _common_points(rows), result.scale)
        axes.vlines(0.0, 0.0, float(heights.sum()), color=ink(), linewidth=0.8, zorder=1)
        axes.set_xlabel(_share_label(result.on))
        _legend(axes, rows, result)
    return axes


# ---- what is drawn -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bar:
    """One item's answers: points of the scale, their shares, and where they stand.

    Positions run from −1, the lowest point, to 1, the highest; 0 is the middle.
    """

    points: tuple[float, ...]
    shares: FloatArray
    positions: FloatArray

    @property
    def lower(self) -> float:
        return float(self.shares[self.positions < 0.0].sum())

    @property
    def middle(self) -> float:
        return float(self.shares[self.positions == 0.0].sum())

    @property
    def upper(self) -> float:
        return float(self.shares[self.positions > 0.0].sum())

    @property
    def start(self) -> float:
        """Where the bar begins, so that zero is in the middle of the scale."""
        return -self.lower - 0.5 * self.middle

    @property
    def stop(self) -> float:
        return self.upper + 0.5 * self.middle


@dataclass(frozen=True, slots=True)
class _Row:
    """A heading, or a bar with its label; `height` in inches."""

    label: str
    heading: bool
    bar: _Bar | None
    height: float


def _rows(result: FrequencyResult, dimension: str | None) -> list[_Row]:
    table = result.items
    if dimension is not None:
        if dimension not in set(table["dimension"]):
            raise OptionError.for_option(
                "dimension", dimension, [key for key in dict.fromkeys(table["dimension"]) if key]
            )
        table = table[table["dimension"] == dimension]
    parts = result.categories.groupby([*result.by, "item"], sort=False, dropna=False)
    shares: dict[Any, pd.DataFrame] = dict(iter(parts))
    listed = [*result.labels, *table["dimension"]]
    rows: list[_Row] = []
    for key in dict.fromkeys(listed):
        items = table[table["dimension"] == key]
        if items.empty:
            continue
        if key:
            rows.append(_heading(wrap_label(result.labels.get(key) or key, _LABEL_WIDTH, 2)))
        for item in dict.fromkeys(items["item"]):
            rows += _rows_of_item(result, items[items["item"] == item], shares)
    return rows


def _rows_of_item(
    result: FrequencyResult, parts: pd.DataFrame, shares: dict[Any, pd.DataFrame]
) -> Iterator[_Row]:
    """One bar; with groups a line with the item's label, and a bar per group."""
    first = parts.iloc[0]
    label = _item_label(first)
    if result.by:
        yield _Row(label, False, None, _height(label))
    for _, part in parts.iterrows():
        levels = tuple(part[name] for name in result.by)
        bar = _bar(shares[(*levels, part["item"])], result.scale)
        text = wrap_label(", ".join(map(str, levels)), _LABEL_WIDTH, 1) if result.by else label
        yield _Row(text, False, bar, _height(text, narrow=bool(result.by)))


def _item_label(item: pd.Series[Any]) -> str:
    number, name = item["item"], item["label"] or item["key"]
    text = str(name) if str(number) == str(name) else f"{number} {name}"
    return wrap_label(text, _LABEL_WIDTH, 2)


def _heading(label: str) -> _Row:
    return _Row(label, True, None, _height(label) + 0.06)


def _height(label: str, *, narrow: bool = False) -> float:
    return _LINE * (label.count("\n") + 1) + (0.05 if narrow else 0.13)


def _bar(shares: pd.DataFrame, scale: tuple[float, float] | None) -> _Bar:
    points = shares["category"].to_numpy(dtype=np.float64)
    low, high = scale or ((float(points[0]), float(points[-1])) if points.size else (0.0, 1.0))
    # An item that everybody answers alike, with ends unknown, has nothing but a middle.
    half = 0.5 * (high - low) or 1.0
    positions = (points - 0.5 * (low + high)) / half
    values = np.nan_to_num(shares["share"].to_numpy(dtype=np.float64))
    return _Bar(tuple(points.tolist()), values, positions)


def _check_number_of_bars(rows: list[_Row]) -> None:
    n_bars = sum(row.bar is not None for row in rows)
    if n_bars > _MOST_BARS:
        raise OptionError(
            f"There are {n_bars} bars, but at most {_MOST_BARS} can be read in one plot. Draw one "
            "dimension at a time, as in `plot(dimension=…)`, or group by fewer variables."
        )


def _common_points(rows: list[_Row]) -> tuple[float, ...]:
    """Points of the scale, if all items have the same; else none."""
    every = {row.bar.points for row in rows if row.bar is not None}
    return every.pop() if len(every) == 1 else ()


# ---- drawing -------------------------------------------------------------------------------------


def _label_rows(ax: Axes, rows: list[_Row], places: FloatArray, heights: FloatArray) -> None:
    ax.set_yticks(places.tolist(), [row.label for row in rows])
    # Above the first row stands what the shares at the sides are of.
    ax.set_ylim(float(heights.sum()), -0.22)
    ax.tick_params(axis="y", length=0)
    for row, text in zip(rows, ax.get_yticklabels(), strict=True):
        text.set_fontsize(FONT_SIZE if row.heading else SMALL_FONT_SIZE)
        text.set_fontweight("bold" if row.heading else "normal")
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.set_axisbelow(True)
    ax.grid(visible=True, axis="x", color=NEUTRAL, alpha=0.25, linewidth=0.6)
    ax.grid(visible=False, axis="y")


def _span(bars: list[_Bar]) -> tuple[float, float]:
    """Ends of the axis: all bars, and room for the shares at both sides."""
    low = min((bar.start for bar in bars), default=0.0)
    high = max((bar.stop for bar in bars), default=0.0)
    side = _SIDE * max(high - low, 0.5)
    return low - side, high + side


def _draw_bar(ax: Axes, bar: _Bar, place: float, height: float) -> None:
    style: dict[str, Any] = {"va": "center", "fontsize": SMALL_FONT_SIZE, "zorder": 4}
    if not bar.shares.any():
        ax.text(0.0, place, "no answers", ha="center", **style)
        return
    lefts = bar.start + np.concatenate([[0.0], np.cumsum(bar.shares)[:-1]])
    ax.barh(
        np.full(bar.shares.size, place),
        bar.shares,
        left=lefts,
        height=height,
        color=[_colour(position) for position in bar.positions.tolist()],
        edgecolor=ax.get_facecolor(),
        linewidth=0.5,
        zorder=2,
    )
    across = ax.get_yaxis_transform()
    ax.text(_PAD, place, format_percent(bar.lower), ha="left", transform=across, **style)
    ax.text(1.0 - _PAD, place, format_percent(bar.upper), ha="right", transform=across, **style)
    if bar.middle >= _ROOM_FOR_SHARE:
        # The segment is light whatever the style.
        text = format_percent(bar.middle)
        ax.text(0.0, place, text, ha="center", color="#222222", **style)


def _colour(position: float) -> str:
    """Colour of a point that stands between −1 and 1."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    if position == 0.0:
        return FAINT
    anchors = _LOW_COLOURS if position < 0.0 else _HIGH_COLOURS
    return to_hex(LinearSegmentedColormap.from_list("half", anchors)(abs(position)))


def _head_columns(ax: Axes, points: tuple[float, ...], scale: tuple[float, float] | None) -> None:
    """Write above the shares at both sides, and in the middle, what they are of."""
    from matplotlib.ticker import FuncFormatter

    low, middle, high = _column_heads(points, scale)
    style: dict[str, Any] = {"va": "center", "fontsize": SMALL_FONT_SIZE, "fontweight": "bold"}
    across = ax.get_yaxis_transform()
    ax.text(_PAD, -0.1, low, ha="left", transform=across, **style)
    ax.text(1.0 - _PAD, -0.1, high, ha="right", transform=across, **style)
    if middle:
        ax.text(0.0, -0.1, middle, ha="center", **style)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_percent(abs(value))))


def _column_heads(
    points: tuple[float, ...], scale: tuple[float, float] | None
) -> tuple[str, str, str]:
    if not points:
        return "lower", "", "upper"
    low, high = scale or (points[0], points[-1])
    centre = 0.5 * (low + high)
    if low == -high:
        return "below 0", "0" if 0.0 in points else "", "above 0"
    below = [point for point in points if point < centre]
    above = [point for point in points if point > centre]
    return (
        _from_to(below),
        format_tick(centre) if centre in points else "",
        _from_to(above),
    )


def _from_to(points: list[float]) -> str:
    if not points:
        return ""
    if len(points) == 1:
        return format_tick(points[0])
    return f"{format_tick(points[0])}–{format_tick(points[-1])}"


def _share_label(on: str) -> str:
    if on in DIFFERENCES:
        return f"Share of answers ({on} = {' − '.join(DIFFERENCES[on])})"
    return f"Share of answers ({on})" if on else "Share of answers"


# ---- legend --------------------------------------------------------------------------------------


def _legend(ax: Axes, rows: list[_Row], result: FrequencyResult) -> None:
    points = _common_points(rows)
    if 0 < len(points) <= _MOST_IN_LEGEND:
        bar = next(row.bar for row in rows if row.bar is not None)
        texts = [format_tick(point) for point in points]
        for place, words in zip((0, -1), result.scale_labels, strict=True):
            if words:
                texts[place] += f" {wrap_label(words, 26, 1)}"
        entries = list(zip(texts, bar.positions.tolist(), strict=True))
    else:
        entries = [("lowest", -1.0), ("", -0.5), ("middle", 0.0), ("", 0.5), ("highest", 1.0)]
    ax.legend(
        handles=[_patch(text, position) for text, position in entries],
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        borderaxespad=4.6,
        ncols=len(entries),
        frameon=False,
        fontsize=SMALL_FONT_SIZE,
        columnspacing=0.9,
        handletextpad=0.4,
        handlelength=1.4,
    )


def _patch(label: str, position: float) -> Patch:
    from matplotlib.patches import Patch

    return Patch(facecolor=_colour(position), edgecolor=NEUTRAL, linewidth=0.4, label=label)
