"""Estimates in rows: labels on the left, horizontal intervals, values as text at the ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from servqual.plots.style import NEUTRAL, SMALL_FONT_SIZE, ink
from servqual.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import ScalarFormatter

__all__ = [
    "FIGURE_WIDTH",
    "draw_intervals",
    "figure_height",
    "prepare_rows",
    "set_span",
    "write_values",
]

#: Inches.
FIGURE_WIDTH = 7.2
_LINE = 0.17
_GAP_OF_ROWS = 0.17
_AROUND = 1.15


def figure_height(labels: Sequence[str], *, per_row: int = 1) -> float:
    """Height at which the rows' labels do not touch each other.

    Parameters
    ----------
    labels : sequence of str
        One per row, wrapped.
    per_row : int, default 1
        Estimates that share a row.

    Returns
    -------
    float
        Inches.

    Examples
    --------
    >>> figure_height(["one"]) < figure_height(["one", "two"])
    True
    """
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    return _AROUND + len(labels) * (_LINE * max(lines, per_row) + _GAP_OF_ROWS)


def prepare_rows(ax: Axes, labels: Sequence[str]) -> FloatArray:
    """Label the rows from the top down and take away what only surrounds them.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    labels : sequence of str
        One per row, ready for drawing.

    Returns
    -------
    ndarray, shape (n_rows,)
        Vertical position of each row.
    """
    places = np.arange(len(labels), dtype=np.float64)
    ax.set_yticks(places, list(labels))
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.xaxis.set_major_formatter(_tick_formatter())
    ax.set_axisbelow(True)
    ax.grid(visible=True, axis="x", color=NEUTRAL, alpha=0.25, linewidth=0.6)
    ax.grid(visible=False, axis="y")
    return places


def _tick_formatter() -> ScalarFormatter:
    """Write equal decimals at all ticks, and a real minus whatever matplotlib is set to."""
    from matplotlib.ticker import ScalarFormatter

    class RealMinus(ScalarFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return str(super().__call__(x, pos)).replace("-", "−")

    return RealMinus(useOffset=False)


def draw_intervals(
    ax: Axes,
    estimates: FloatArray,
    low: FloatArray,
    high: FloatArray,
    places: FloatArray,
    *,
    colour: str | None = None,
) -> None:
    """Draw the intervals that exist, as horizontal lines with caps.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    estimates, low, high : ndarray, shape (n_rows,)
        Estimates and limits; a row with nan gets no interval.
    places : ndarray, shape (n_rows,)
        Vertical positions.
    colour : str, optional
        Default: that of text.
    """
    shown = np.isfinite(low) & np.isfinite(high) & np.isfinite(estimates)
    if not shown.any():
        return
    # A bootstrap interval need not contain its estimate, and errorbar refuses negative lengths: so
    # it is drawn about its own middle.
    middle = (low[shown] + high[shown]) / 2.0
    ax.errorbar(
        middle,
        places[shown],
        xerr=(high[shown] - low[shown]) / 2.0,
        fmt="none",
        ecolor=colour or ink(),
        elinewidth=1.2,
        capsize=2.5,
        capthick=1.2,
        zorder=3,
    )


def set_span(ax: Axes, *values: FloatArray, room_for_text: bool = True) -> None:
    """Make the horizontal axis hold zero and all values, and a margin.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    *values : ndarray
        What must be seen; nan is left out.
    room_for_text : bool, default True
        Whether there will be text beyond the values (but not beyond zero).
    """
    every = np.concatenate([[0.0], *values])
    finite = every[np.isfinite(every)]
    low, high = float(finite.min()), float(finite.max())
    span = high - low or 1.0
    edge = 0.03 * span
    room = 0.16 * span if room_for_text else edge
    ax.set_xlim(low - (room if low < 0.0 else edge), high + (room if high > 0.0 else edge))


def write_values(ax: Axes, ends: FloatArray, places: FloatArray, texts: Sequence[str]) -> None:
    """Write a text beyond the end of each bar: on the left of negative ends, else on the right.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    ends : ndarray, shape (n_rows,)
        Where the bar and its interval end; nan counts as zero.
    places : ndarray, shape (n_rows,)
        Vertical positions.
    texts : sequence of str
        What to write.
    """
    for end, place, text in zip(np.nan_to_num(ends), places, texts, strict=True):
        left = bool(end < 0.0)
        ax.annotate(
            text,
            (float(end), float(place)),
            xytext=(-4.0 if left else 4.0, 0.0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=SMALL_FONT_SIZE,
        )
