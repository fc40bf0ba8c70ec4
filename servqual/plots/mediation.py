"""The diagram of a mediation model: boxes, arrows and the coefficients on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.plots.style import (
    NEUTRAL,
    PERCEPTION,
    SHORTFALL,
    SMALL_FONT_SIZE,
    canvas,
    format_percent,
    ink,
    wrap_label,
)
from servqual.results import format_number
from servqual.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from servqual.analyses.mediation import MediationResult

__all__ = ["plot_mediation"]

#: Half the width and half the height of a box.
_BOX: Final = (1.15, 0.36)

#: Where predictors, the first mediator and the outcome stand.
_LEFT, _MIDDLE, _RIGHT = 0.0, 4.2, 8.4

_PATHS: Final = ("a", "d", "b", "direct")


def plot_mediation(result: MediationResult, *, ax: Axes | None = None) -> Axes:
    """Draw the paths of a mediation model; arrows that cannot be told from zero are dashed.

    Parameters
    ----------
    result : MediationResult
        From `servqual.mediation`.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure.

    Returns
    -------
    Axes

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
    >>> ax = plot_mediation(sq.mediation(sq.load_example("bank"), n_resamples=200))
    >>> ax.get_title(loc="left")
    'Mediation: effects on loyalty'
    >>> plt.close(ax.figure)
    """
    places = _places(result)
    x = [place[0] for place in places.values()]
    y = [place[1] for place in places.values()]
    lines = _indirect_lines(result)
    left, right = min(x) - 1.4, max(x) + 1.4
    top, bottom = max(y) + 0.7, min(y) - 0.9 - 0.42 * len(lines)
    with canvas(ax, width=0.68 * (right - left), height=0.68 * (top - bottom) + 0.5) as axes:
        for row in _arrows(result):
            _arrow(axes, row, places)
        for name, place in places.items():
            _box(axes, name, place)
        for number, line in enumerate(lines):
            axes.text(
                left,
                min(y) - 0.85 - 0.42 * number,
                line,
                fontsize=SMALL_FONT_SIZE,
                color=ink(),
                va="center",
            )
        axes.set_xlim(left, right)
        axes.set_ylim(bottom, top)
        axes.set_axis_off()
        title = f"Mediation: effects on {wrap_label(result.outcome, 60)}"
        axes.set_title(title, loc="left")
    return axes


def _places(result: MediationResult) -> dict[str, tuple[float, float]]:
    """Predictors on the left, mediators above the middle, the outcome on the right."""
    places: dict[str, tuple[float, float]] = {}
    n_predictors, n_mediators = len(result.predictors), len(result.mediators)
    step = 1.25
    low = -0.5 * step * (n_predictors - 1)
    for number, name in enumerate(reversed(result.predictors)):
        places[name] = (_LEFT, low + step * number)
    base = 2.2 + max(0.0, -low)
    for number, name in enumerate(result.mediators):
        if result.serial:
            x = _MIDDLE + (number - 0.5 * (n_mediators - 1)) * 3.4
            # An arc, so that arrows that pass a mediator over run beneath it.
            height = 0.9 * min(number, n_mediators - 1 - number)
            places[name] = (x + 0.25, base + height)
        else:
            places[name] = (_MIDDLE, base + 1.5 * (n_mediators - 1 - number))
    right = _RIGHT + (3.4 * max(0, n_mediators - 2) if result.serial else 0.0)
    places[result.outcome] = (right, 0.0)
    return places


def _arrows(result: MediationResult) -> list[pd.Series]:
    table = result.effects[result.effects["term"].isin(_PATHS)]
    return [row for _, row in table.iterrows()]


def _ends(row: pd.Series) -> tuple[str, str]:
    start, _, end = str(row["path"]).partition(" → ")
    return start, end


def _arrow(axes: Axes, row: pd.Series, places: dict[str, tuple[float, float]]) -> None:
    first, second = _ends(row)
    start, end = np.array(places[first]), np.array(places[second])
    tail, head = _edge(start, end), _edge(end, start)
    sure = float(row["conf_low"]) > 0.0 or float(row["conf_high"]) < 0.0
    colour = NEUTRAL if not sure else (SHORTFALL if row["estimate"] < 0.0 else PERCEPTION)
    axes.annotate(
        "",
        xy=tuple(head),
        xytext=tuple(tail),
        arrowprops={
            "arrowstyle": "-|>",
            "color": colour,
            "linewidth": 1.6 if sure else 1.0,
            "linestyle": "-" if sure else "--",
            "shrinkA": 0,
            "shrinkB": 0,
        },
        zorder=1,
    )
    share = {"a": 0.32, "d": 0.5, "b": 0.5, "direct": 0.32}[str(row["term"])]
    spot = tail + share * (head - tail)
    axes.text(
        spot[0],
        spot[1],
        format_number(float(row["estimate"]), 2),
        ha="center",
        va="center",
        fontsize=SMALL_FONT_SIZE,
        color=ink(),
        bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"},
        zorder=2,
    )


def _edge(centre: FloatArray, towards: FloatArray) -> FloatArray:
    """Where the line from a box's centre leaves the box."""
    way = towards - centre
    edge: FloatArray = centre + way / max(abs(way[0]) / _BOX[0], abs(way[1]) / _BOX[1], 1e-9)
    return edge


def _box(axes: Axes, name: str, place: tuple[float, float]) -> None:
    from matplotlib.patches import Rectangle

    corner = (place[0] - _BOX[0], place[1] - _BOX[1])
    axes.add_patch(
        Rectangle(
            corner,
            2 * _BOX[0],
            2 * _BOX[1],
            facecolor="white",
            edgecolor=ink(),
            linewidth=1.0,
            zorder=3,
        )
    )
    axes.text(
        *place,
        wrap_label(name, 16, 2),
        ha="center",
        va="center",
        fontsize=SMALL_FONT_SIZE,
        color="black",
        zorder=4,
    )


def _indirect_lines(result: MediationResult) -> list[str]:
    """What the indirect effects are, under the diagram; the first eight."""
    table = result.effects[result.effects["term"].isin(["indirect", "specific", "index"])]
    level = format_percent(result.conf_level)
    lines = []
    for _, row in table.head(8).iterrows():
        word = "Index" if row["term"] == "index" else "Indirect"
        lines.append(
            f"{word}: {wrap_label(str(row['path']), 90, 1)}: "
            f"{format_number(float(row['estimate']), 2)} "
            f"({level} interval {format_number(float(row['conf_low']), 2)} to "
            f"{format_number(float(row['conf_high']), 2)})"
        )
    if len(table) > len(lines):
        lines.append(f"and {len(table) - len(lines)} more, see the table")
    return lines
