"""Pictures of a Kano analysis: a map of better and worse, and the shares of the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from servqual.plots.point_labels import label_points, settled_figure
from servqual.plots.rows import FIGURE_WIDTH, figure_height, prepare_rows
from servqual.plots.style import (
    FAINT,
    GROUP_STYLES,
    NEUTRAL,
    SMALL_FONT_SIZE,
    canvas,
    format_percent,
    ink,
    wrap_label,
)
from servqual.typing import FloatArray, KanoPlot, check_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from servqual.analyses.kano import KanoResult

__all__ = ["plot_kano"]

#: Class → its name, colour (Okabe & Ito) and marker; in the order in which they are stacked.
_CLASSES: Final[dict[str, tuple[str, str, str]]] = {
    "M": ("must-be", "#D55E00", "s"),
    "O": ("one-dimensional", "#0072B2", "o"),
    "A": ("attractive", "#009E73", "^"),
    "I": ("indifferent", "#BDBDBD", "D"),
    "R": ("reverse", "#CC79A7", "v"),
    "Q": ("questionable", "#555555", "X"),
}
#: Classes whose colour is light, so that text on it must be dark.
_LIGHT: Final = ("I", "R")

#: Names of the quadrants and where they stand: corner, and how text is aligned there.
_QUADRANTS: Final = (
    ("attractive", 0.0, 1.0, "left", "top"),
    ("one-dimensional", 1.0, 1.0, "right", "top"),
    ("indifferent", 0.0, 0.0, "left", "bottom"),
    ("must-be", 1.0, 0.0, "right", "bottom"),
)
#: With more features than this, points are named by their items only.
_MOST_LABELS: Final = 14
#: Width of a letter over the size of its font.
_LETTER: Final = 0.56


def plot_kano(
    result: KanoResult,
    *,
    kind: KanoPlot = "map",
    show_intervals: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw better against worse, or the shares of the classes.

    Parameters
    ----------
    result : KanoResult
        From `servqual.kano`.
    kind : {"map", "shares"}, default "map"
        A map with its quadrants, or stacked bars.
    show_intervals : bool, default True
        Whether the map shows the intervals as crosses.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure.

    Returns
    -------
    Axes
        The map goes from 0 to 1 on both sides; stacked bars have one row per feature (and group),
        at the heights 0, 1, … from the top.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `kind` is unknown, or `ax` is not an ordinary Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> answers = {"K1f": [1, 1, 1, 2], "K1d": [3, 4, 3, 5], "K2f": [2] * 4, "K2d": [5] * 4}
    >>> ax = plot_kano(sq.kano(answers, n_resamples=200))
    >>> ax.get_title(loc="left")
    'What presence gives, and what absence takes'
    >>> plt.close(ax.figure)
    """
    check_option("kind", kind, KanoPlot)
    if kind == "shares":
        return _plot_shares(result, ax)
    return _plot_map(result, show_intervals, ax)


# ---- the map -------------------------------------------------------------------------------------


def _plot_map(result: KanoResult, show_intervals: bool, ax: Axes | None) -> Axes:
    shown = result.features[result.features["better"].notna()]
    with canvas(ax, width=FIGURE_WIDTH, height=6.6) as axes:
        _draw_quadrants(axes)
        if show_intervals:
            _draw_crosses(axes, shown)
        _draw_points(axes, result, shown)
        text = "Dissatisfaction when absent: −worse = (O + M)/(A + O + M + I)"
        if show_intervals and shown["better_low"].notna().any():
            kind = "Wilson's" if result.interval == "wilson" else "bootstrap"
            text += f"\ncrosses: {kind} {format_percent(result.conf_level)} intervals"
        axes.set_xlabel(text)
        axes.set_ylabel("Satisfaction when present: better = (A + O)/(A + O + M + I)")
        axes.set_title("What presence gives, and what absence takes", loc="left")
        if len(shown):
            axes.legend(
                loc="upper center",
                bbox_to_anchor=(0.5, 0.0),
                borderaxespad=6.2,
                ncols=4,
                frameon=False,
                fontsize=SMALL_FONT_SIZE,
                handletextpad=0.2,
            )
        else:
            axes.text(0.5, 0.5, "no answers", ha="center", va="center")
        # Last, because the layout must be settled before anybody can say what hides what.
        _draw_labels(axes, result, shown)
    return axes


def _draw_quadrants(ax: Axes) -> None:
    edge = 0.03
    ax.set_xlim(-edge, 1.0 + edge)
    ax.set_ylim(-edge, 1.0 + edge)
    ax.set_aspect("equal", adjustable="box")
    ticks = np.linspace(0.0, 1.0, 6)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(ticks, [f"{tick:.1f}" for tick in ticks], fontsize=SMALL_FONT_SIZE)
    ax.axvline(0.5, color=NEUTRAL, linewidth=0.9, zorder=1)
    ax.axhline(0.5, color=NEUTRAL, linewidth=0.9, zorder=1)
    for name, x, y, across, along in _QUADRANTS:
        ax.text(
            x,
            y,
            name.upper(),
            ha=across,
            va=along,
            color=NEUTRAL,
            fontsize=SMALL_FONT_SIZE,
            fontweight="bold",
            alpha=0.8,
            zorder=1,
        )
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _coordinates(shown: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    return (
        # Not minus zero.
        0.0 - shown["worse"].to_numpy(dtype=np.float64),
        shown["better"].to_numpy(dtype=np.float64),
    )


def _draw_crosses(ax: Axes, shown: pd.DataFrame) -> None:
    x, y = _coordinates(shown)
    left, right = (-shown[f"worse_{end}"].to_numpy(dtype=np.float64) for end in ("high", "low"))
    low, high = (shown[f"better_{end}"].to_numpy(dtype=np.float64) for end in ("low", "high"))
    style: dict[str, Any] = {"color": ink(), "alpha": 0.22, "linewidth": 1.0, "zorder": 2}
    known = np.isfinite(left) & np.isfinite(right)
    ax.hlines(y[known], left[known], right[known], **style)
    known = np.isfinite(low) & np.isfinite(high)
    ax.vlines(x[known], low[known], high[known], **style)


def _draw_points(ax: Axes, result: KanoResult, shown: pd.DataFrame) -> None:
    """Draw points by class, or by group where there are groups."""
    x, y = _coordinates(shown)
    style: dict[str, Any] = {"linestyle": "none", "markersize": 7.5, "markeredgecolor": "white"}
    if result.by:
        names = shown[list(result.by)].astype(str).agg(", ".join, axis=1)
        for place, name in enumerate(dict.fromkeys(names)):
            colour, marker = GROUP_STYLES[place % len(GROUP_STYLES)]
            here = (names == name).to_numpy()
            label = wrap_label(str(name), 30, 1)
            ax.plot(x[here], y[here], marker=marker, color=colour, zorder=4, label=label, **style)
        for item in dict.fromkeys(shown["item"]):
            here = (shown["item"] == item).to_numpy()
            ax.plot(x[here], y[here], color=NEUTRAL, linewidth=0.9, linestyle=":", zorder=3)
        return
    for letter, (name, colour, marker) in _CLASSES.items():
        here = (shown["class"] == letter).to_numpy()
        if here.any():
            label = f"{name} ({letter})"
            shade = "#8C8C8C" if letter == "I" else colour
            ax.plot(x[here], y[here], marker=marker, color=shade, zorder=4, label=label, **style)


def _draw_labels(ax: Axes, result: KanoResult, shown: pd.DataFrame) -> None:
    """Name the points; with groups each feature at the first of its points, joined to the rest."""
    from matplotlib.patheffects import withStroke

    few = result.features["item"].nunique() <= _MOST_LABELS
    names = shown["label" if few else "item"].astype(str).tolist()
    again = shown["item"].duplicated().tolist()
    labels = [
        "" if repeated else wrap_label(name, 20, 2)
        for name, repeated in zip(names, again, strict=True)
    ]
    x, y = _coordinates(shown)
    quadrants = list(ax.texts)
    for text in label_points(ax, x, y, labels, avoid=quadrants, lines=(0.5, 0.5)):
        text.set_path_effects([withStroke(linewidth=2.0, foreground=ax.get_facecolor())])
        if not text.get_text():
            text.remove()


# ---- shares --------------------------------------------------------------------------------------


def _plot_shares(result: KanoResult, ax: Axes | None) -> Axes:
    shown = _sorted_rows(result)
    labels = [_row_label(result, row) for row in shown.to_dict(orient="records")]
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels) + 0.5) as axes:
        places = prepare_rows(axes, labels)
        shares = np.nan_to_num(shown[[f"share_{letter}" for letter in _CLASSES]].to_numpy(float))
        starts = np.cumsum(shares, axis=1) - shares
        for place, (letter, (name, colour, _)) in enumerate(_CLASSES.items()):
            axes.barh(
                places,
                shares[:, place],
                left=starts[:, place],
                height=0.72,
                color=colour,
                edgecolor=axes.get_facecolor(),
                linewidth=0.6,
                zorder=2,
                label=f"{name} ({letter})",
            )
        _write_classes(axes, shown, places, result.n_resamples > 0)
        _finish_shares(axes)
        _write_shares(axes, starts, shares, places)
    return axes


def _sorted_rows(result: KanoResult) -> pd.DataFrame:
    """Sort features by class and within it by its share; features in groups stay as they are."""
    if result.by:
        order = {item: place for place, item in enumerate(dict.fromkeys(result.features["item"]))}
        places = result.features["item"].map(order)
        return result.features.iloc[np.argsort(places.to_numpy(), kind="stable")]
    rank = {letter: place for place, letter in enumerate(_CLASSES)}
    classes = [rank.get(letter, len(rank)) for letter in result.features["class"]]
    own = [
        row[f"share_{row['class']}"] if row["class"] else 0.0
        for row in result.features.to_dict(orient="records")
    ]
    return result.features.iloc[np.lexsort((-np.array(own), np.array(classes)))]


def _row_label(result: KanoResult, row: dict[Any, Any]) -> str:
    groups = ", ".join(str(row[name]) for name in result.by)
    return wrap_label(f"{row['label']} – {groups}" if groups else str(row["label"]))


def _write_shares(ax: Axes, starts: FloatArray, shares: FloatArray, places: FloatArray) -> None:
    """Write letter and percent into the segments that have room for them."""
    per_point = settled_figure(ax).dpi / 72.0
    room = float(ax.get_window_extent().width) / per_point
    for row, place in enumerate(places):
        for column, letter in enumerate(_CLASSES):
            share = float(shares[row, column])
            text = f"{letter} {format_percent(share)}"
            if share * room < (len(text) + 1) * _LETTER * SMALL_FONT_SIZE:
                continue
            ax.text(
                starts[row, column] + 0.5 * share,
                place,
                text,
                ha="center",
                va="center",
                fontsize=SMALL_FONT_SIZE - 0.5,
                color="#222222" if letter in _LIGHT else "white",
                zorder=4,
            )


def _write_classes(
    ax: Axes, shown: pd.DataFrame, places: FloatArray, has_probabilities: bool
) -> None:
    """Write the class of each row on its right, and how certain it is."""
    style: dict[str, Any] = {"ha": "left", "fontsize": SMALL_FONT_SIZE}
    head = "class and its\nshare of resamples" if has_probabilities else "class"
    ax.text(1.02, -0.6, head, va="bottom", **style)
    for row, place in zip(shown.to_dict(orient="records"), places, strict=True):
        text = str(row["class"]) or "no answers"
        if np.isfinite(row["probability"]):
            text += f"  {_chance(float(row['probability']))}"
        ax.text(1.02, place, text, va="center", **style)


def _chance(probability: float) -> str:
    """Write a probability in whole percent; only 1 is 100%."""
    return "> 99%" if 0.99 < probability < 1.0 else format_percent(probability)


def _finish_shares(ax: Axes) -> None:
    ax.set_xlim(0.0, 1.0)
    ticks = np.linspace(0.0, 1.0, 6)
    ax.set_xticks(ticks, [format_percent(float(tick)) for tick in ticks])
    ax.set_xlabel("Share of respondents")
    ax.set_title("Classes after Kano", loc="left", pad=10.0)
    ax.spines["bottom"].set_color(FAINT)
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        borderaxespad=4.2,
        ncols=3,
        frameon=False,
        fontsize=SMALL_FONT_SIZE,
        handlelength=1.2,
    )
