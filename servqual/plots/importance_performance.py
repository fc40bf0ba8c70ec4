"""Pictures of an importance–performance analysis: the map, and how certain the quadrants are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.plots.point_labels import label_points
from servqual.plots.rows import FIGURE_WIDTH, figure_height, prepare_rows
from servqual.plots.style import (
    ACCENT,
    FAINT,
    NEUTRAL,
    SHORTFALL,
    SMALL_FONT_SIZE,
    SURPLUS,
    canvas,
    format_percent,
    format_tick,
    ink,
    wrap_label,
)
from servqual.results import format_number
from servqual.typing import BoolArray, FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from servqual.analyses.importance_performance import ImportancePerformanceResult

__all__ = ["plot_importance_performance", "plot_quadrant_probabilities"]

#: Column of the probability, name, fill, and ink on that fill.
_QUADRANTS: Final = (
    ("p_concentrate", "Concentrate here", SHORTFALL, "white"),
    ("p_keep_up", "Keep up the good work", SURPLUS, "white"),
    ("p_low_priority", "Low priority", FAINT, "#222222"),
    ("p_overkill", "Possible overkill", ACCENT, "white"),
)
#: Where a quadrant's name stands: in axes coordinates, with its alignment.
_CORNERS: Final = {
    "Concentrate here": (0.012, 0.988, "left", "top"),
    "Keep up the good work": (0.988, 0.988, "right", "top"),
    "Low priority": (0.012, 0.012, "left", "bottom"),
    "Possible overkill": (0.988, 0.012, "right", "bottom"),
}
#: Inches of the map; with a key of the items beside it, it is wider.
_MAP: Final = (6.6, 5.4)
_KEY_WIDTH: Final = 2.7
#: More attributes than this are labelled by their numbers, explained in a key.
_MOST_NAMES: Final = 12
#: Each side of the crosshair takes at least this share of an axis, so that names have room.
_LEAST_SIDE: Final = 0.2
_MARGIN: Final = 0.07
#: Of the axis labels, a careful estimate.
_LETTERS_PER_INCH: Final = 12.0
#: A probability needs this much of a bar to be written on it.
_ROOM_FOR_SHARE: Final = 0.075
#: Letters of the longest label up to which the names of the quadrants fit into one line.
_SHORT: Final = 18


def plot_importance_performance(
    result: ImportancePerformanceResult, *, diagonal: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw importance against performance, with the crosshair and an ellipse for each attribute.

    Parameters
    ----------
    result : ImportancePerformanceResult
        From `servqual.importance_performance`.
    diagonal : bool, default False
        Whether to draw the line on which importance equals performance, both measured from the
        crosshair in standard deviations over the attributes.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure. With more than twelve items the points bear
        their numbers; a new figure has a key of them beside the map.

    Returns
    -------
    Axes
        Performance to the right, importance upwards. Filled points are certain of their quadrant.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `ax` is not an ordinary Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> result = sq.importance_performance(sq.load_example("bank"), n_resamples=200)
    >>> ax = plot_importance_performance(result)
    >>> ax.get_title(loc="left")
    'Importance and performance'
    >>> plt.close(ax.figure)
    """
    table = result.tidy()
    known = np.isfinite(_numbers(table, "importance") + _numbers(table, "performance"))
    table = table[known]
    has_key = len(table) > _MOST_NAMES
    width = _MAP[0] + (_KEY_WIDTH if has_key and ax is None else 0.0)
    with canvas(ax, width=width, height=_MAP[1]) as axes:
        axes.set_title("Importance and performance", loc="left")
        across, up = _letters(axes)
        axes.set_xlabel(_performance_label(result, table, diagonal, across))
        axes.set_ylabel(_importance_label(result, up))
        axes.xaxis.set_major_formatter(format_tick)
        axes.yaxis.set_major_formatter(format_tick)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        if table.empty:
            _say_nothing(axes, "No attribute has both coordinates")
            return axes
        lines = _lines(result)
        ellipses = _ellipses(result, table)
        _set_limits(axes, table, ellipses, lines)
        _draw_lines(axes, lines)
        if diagonal:
            _draw_diagonal(axes, table, lines)
        corners = _name_corners(axes)
        _draw_points(axes, result, table, ellipses)
        if has_key and ax is None:
            _draw_key(axes, table)
        label_points(
            axes,
            _numbers(table, "performance"),
            _numbers(table, "importance"),
            _labels(table, short=has_key),
            avoid=corners,
            lines=(lines[1], lines[0]),
        )
    return axes


def _numbers(table: pd.DataFrame, name: str) -> FloatArray:
    return table[name].to_numpy(dtype=np.float64)


def _lines(result: ImportancePerformanceResult) -> tuple[float, float]:
    """Importance and performance of the crosshair."""
    importance, performance = result.lines["value"].to_list()
    return float(importance), float(performance)


def _certain(result: ImportancePerformanceResult, table: pd.DataFrame) -> BoolArray:
    return np.asarray(_numbers(table, "p_quadrant") >= result.conf_level)


def _say_nothing(axes: Axes, text: str) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center")


# ---- words ---------------------------------------------------------------------------------------


def _letters(axes: Axes) -> tuple[int, int]:
    """How many letters have room beside each axis, to the right and upwards."""
    box = axes.get_window_extent()
    per_inch = _LETTERS_PER_INCH / axes.figure.dpi
    return max(30, int(per_inch * box.width)), max(24, int(per_inch * box.height))


def _performance_label(
    result: ImportancePerformanceResult, table: pd.DataFrame, diagonal: bool, room: int
) -> str:
    row = result.lines.iloc[1]
    text = (
        f"Performance: {result.performance_name}\n(dashed: {row['rule']}, {_place(row['value'])})"
    )
    parts = []
    if np.isfinite(_numbers(table, "p_quadrant")).any():
        share = format_percent(result.conf_level)
        parts.append(f"filled: there in at least {share} of the resamples")
        if _has_covariance(table).any():
            parts.append(f"ellipses: {share} regions")
    if diagonal:
        parts.append("dotted: importance equals performance (standardised)")
    return text + "".join(f"\n{part}" for part in _in_lines(parts, room))


def _in_lines(parts: list[str], room: int) -> list[str]:
    """Join what fits on one line."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 2 <= room:
            lines[-1] += f"; {part}"
        else:
            lines.append(part)
    return lines


def _importance_label(result: ImportancePerformanceResult, room: int) -> str:
    row = result.lines.iloc[0]
    name = wrap_label(f"Importance: {result.importance_name}", room, 2)
    return f"{name}\n(dashed: {row['rule']}, {_place(row['value'])})"


def _place(value: float) -> str:
    """Write where a line is; shares and correlations need one decimal more."""
    return format_number(value, 2 if abs(value) >= 1.0 else 3)


def _labels(table: pd.DataFrame, *, short: bool) -> list[str]:
    if not short:
        return [wrap_label(str(label), 20, 2) for label in table["label"]]
    # The labels of items begin with their numbers.
    return [wrap_label(str(label).partition(" ")[0], 8, 1) for label in table["label"]]


def _draw_key(axes: Axes, table: pd.DataFrame) -> None:
    axes.text(
        1.03,
        1.0,
        "\n".join(wrap_label(str(label), 36, 1) for label in table["label"]),
        transform=axes.transAxes,
        ha="left",
        va="top",
        fontsize=SMALL_FONT_SIZE,
        linespacing=1.35,
    )


def _name_corners(axes: Axes) -> list[Text]:
    return [
        axes.text(
            x,
            y,
            name,
            transform=axes.transAxes,
            ha=across,
            va=along,
            fontsize=SMALL_FONT_SIZE,
            fontstyle="italic",
            color=NEUTRAL,
            # Keeps lines off the name.
            bbox={"facecolor": axes.get_facecolor(), "edgecolor": "none", "pad": 1.0},
            zorder=1.6,
        )
        for name, (x, y, across, along) in _CORNERS.items()
    ]


# ---- marks ---------------------------------------------------------------------------------------


def _has_covariance(table: pd.DataFrame) -> BoolArray:
    errors = _numbers(table, "importance_std_error") + _numbers(table, "performance_std_error")
    return np.isfinite(errors + _numbers(table, "covariance"))


def _ellipses(
    result: ImportancePerformanceResult, table: pd.DataFrame
) -> list[tuple[float, float, float, float, float] | None]:
    """Half-axes, angle in degrees, and half the width and height of the box of each ellipse."""
    # The squared distance of two normal estimates is chi-square with two degrees of freedom.
    radius = np.sqrt(-2.0 * np.log1p(-result.conf_level))
    found: list[tuple[float, float, float, float, float] | None] = []
    for shown, (_, row) in zip(_has_covariance(table), table.iterrows(), strict=True):
        if not shown:
            found.append(None)
            continue
        across, up = float(row["performance_std_error"]), float(row["importance_std_error"])
        shared = float(row["covariance"])
        values, vectors = np.linalg.eigh(np.array([[across**2, shared], [shared, up**2]]))
        half = radius * np.sqrt(np.maximum(values, 0.0))
        angle = float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])))
        found.append(
            (float(half[1]), float(half[0]), angle, float(radius * across), float(radius * up))
        )
    return found


def _set_limits(
    axes: Axes,
    table: pd.DataFrame,
    ellipses: list[tuple[float, float, float, float, float] | None],
    lines: tuple[float, float],
) -> None:
    for name, line, set_limits, place in (
        ("performance", lines[1], axes.set_xlim, 3),
        ("importance", lines[0], axes.set_ylim, 4),
    ):
        values = _numbers(table, name)
        reach = np.array([0.0 if part is None else part[place] for part in ellipses])
        low, high = float((values - reach).min()), float((values + reach).max())
        low, high = min(low, line), max(high, line)
        span = high - low or max(abs(high), 1.0)
        low, high = low - _MARGIN * span, high + _MARGIN * span
        least = _LEAST_SIDE / (1.0 - _LEAST_SIDE)
        below, above = line - low, high - line
        set_limits(line - max(below, least * above), line + max(above, least * below))


def _draw_lines(axes: Axes, lines: tuple[float, float]) -> None:
    style = {"color": ink(), "linestyle": "--", "linewidth": 0.9, "zorder": 1.5}
    axes.axhline(lines[0], **style)  # type: ignore[arg-type]
    axes.axvline(lines[1], **style)  # type: ignore[arg-type]


def _draw_diagonal(axes: Axes, table: pd.DataFrame, lines: tuple[float, float]) -> None:
    if len(table) < 2:
        return
    up = float(np.std(_numbers(table, "importance"), ddof=1))
    across = float(np.std(_numbers(table, "performance"), ddof=1))
    if np.isfinite(_numbers(table, "iso_distance")).any():
        axes.axline(
            (lines[1], lines[0]),
            slope=up / across,
            color=NEUTRAL,
            linestyle=":",
            linewidth=1.0,
            zorder=1.4,
        )


def _draw_points(
    axes: Axes,
    result: ImportancePerformanceResult,
    table: pd.DataFrame,
    ellipses: list[tuple[float, float, float, float, float] | None],
) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Ellipse

    at = np.column_stack([_numbers(table, "performance"), _numbers(table, "importance")])
    for (x, y), ellipse in zip(at, ellipses, strict=True):
        if ellipse is not None:
            long, short, angle = ellipse[:3]
            axes.add_patch(
                Ellipse(
                    (x, y),
                    2.0 * long,
                    2.0 * short,
                    angle=angle,
                    facecolor=to_rgba(ACCENT, 0.12 if len(table) <= _MOST_NAMES else 0.03),
                    edgecolor=to_rgba(ACCENT, 0.35),
                    linewidth=0.7,
                    zorder=2,
                )
            )
    certain = _certain(result, table)
    for filled in (True, False):
        chosen = certain == filled
        if chosen.any():
            axes.scatter(
                at[chosen, 0],
                at[chosen, 1],
                s=34.0,
                facecolor=ACCENT if filled else axes.get_facecolor(),
                edgecolor=ACCENT,
                linewidth=1.3,
                zorder=3,
            )


# ---- probabilities -------------------------------------------------------------------------------


def plot_quadrant_probabilities(
    result: ImportancePerformanceResult, *, ax: Axes | None = None
) -> Axes:
    """Draw how often each attribute fell into each quadrant, the most urgent at the top.

    Parameters
    ----------
    result : ImportancePerformanceResult
        From `servqual.importance_performance`.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, as high as the rows need.

    Returns
    -------
    Axes
        One stacked bar per attribute, in descending order of the probability of "Concentrate
        here".

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `ax` is not an ordinary Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> result = sq.importance_performance(sq.load_example("bank"), n_resamples=200)
    >>> ax = plot_quadrant_probabilities(result)
    >>> ax.get_xlabel()
    'Share of the resamples in each quadrant'
    >>> plt.close(ax.figure)
    """
    table = result.tidy()
    keys = [-_numbers(table, name) for name, *_ in reversed(_QUADRANTS[:3])]
    table = table.iloc[np.lexsort([*keys])]
    labels = [wrap_label(str(label)) for label in table["label"]]
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels) + 0.3) as axes:
        places = prepare_rows(axes, labels)
        start = np.zeros(len(table))
        for name, quadrant, fill, on_fill in _QUADRANTS:
            shares = np.nan_to_num(_numbers(table, name))
            axes.barh(
                places,
                shares,
                left=start,
                height=0.66,
                color=fill,
                edgecolor=axes.get_facecolor(),
                linewidth=0.6,
                label=quadrant,
                zorder=2,
            )
            _write_shares(axes, shares, start, places, on_fill)
            start = start + shares
        for place in places[start == 0.0]:
            axes.text(0.01, place, "unknown", va="center", fontsize=SMALL_FONT_SIZE)
        axes.set_xlim(0.0, 1.0)
        axes.xaxis.set_major_formatter(lambda share, _: format_percent(share))
        axes.set_xlabel("Share of the resamples in each quadrant")
        # Long labels leave too little width for the four names side by side.
        n_rows = 1 if max(map(_longest_line, labels)) <= _SHORT else 2
        axes.set_title("How certain the quadrants are", loc="left", pad=12.0 + 14.0 * n_rows)
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=4 // n_rows,
            frameon=False,
            fontsize=SMALL_FONT_SIZE,
            borderaxespad=0.2,
            handlelength=1.0,
            columnspacing=1.2,
        )
    return axes


def _longest_line(label: str) -> int:
    return max(map(len, label.split("\n")))


def _write_shares(
    axes: Axes, shares: FloatArray, start: FloatArray, places: FloatArray, colour: str
) -> None:
    for share, left, place in zip(shares, start, places, strict=True):
        if share >= _ROOM_FOR_SHARE:
            axes.text(
                left + 0.5 * share,
                place,
                format_percent(share),
                ha="center",
                va="center",
                color=colour,
                fontsize=SMALL_FONT_SIZE,
                zorder=3,
            )
