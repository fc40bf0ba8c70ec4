"""The pictures of a what-if: what each dimension gives per point; the outcome before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.errors import OptionError, shorten
from servqual.plots.rows import (
    FIGURE_WIDTH,
    draw_intervals,
    figure_height,
    prepare_rows,
    set_span,
    write_values,
)
from servqual.plots.style import (
    ACCENT,
    FAINT,
    NEUTRAL,
    SMALL_FONT_SIZE,
    canvas,
    format_percent,
    ink,
    wrap_label,
)
from servqual.results import format_number
from servqual.typing import FloatArray, WhatIfMeasure, WhatIfPlot, check_option

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from servqual.analyses.what_if import WhatIfResult

__all__ = ["plot_what_if"]

_LABELS: Final = {
    "mean": "Mean\n({} to {})",
    "top-two-box": "Top two boxes\n(percent)",
    "nps": "Net promoter score\n(−100 to 100)",
}
_PER_POINT: Final[dict[WhatIfMeasure, str]] = {
    "mean": "Change of the mean, in points",
    "top-two-box": "Change of the top two boxes, in percentage points",
    "nps": "Change of the net promoter score",
}
_ASSOCIATION: Final = "An association, no proof of an effect"


def plot_what_if(
    result: WhatIfResult,
    *,
    kind: WhatIfPlot = "per-point",
    measure: WhatIfMeasure = "mean",
    ax: Axes | None = None,
) -> Axes:
    """Draw what goes with one point of each dimension, or the outcome before and after.

    Parameters
    ----------
    result : WhatIfResult
        From `servqual.what_if`.
    kind : {"per-point", "effects"}, default "per-point"
        Bars of the change per dimension, the largest at the top; or each measure of the outcome
        before and after the change that was asked for, along its own range.
    measure : {"mean", "top-two-box", "nps"}, default "mean"
        Of what the bars are changes.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure.

    Returns
    -------
    Axes
        With one row per dimension or measure, at the heights 0, 1, … from the top.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `kind` is something else, the result has no such measure, or `ax` is not an ordinary
        Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> survey = sq.load_example("bank")
    >>> result = sq.what_if(survey, {"reliability": 0.5}, "satisfaction", n_resamples=200)
    >>> ax = plot_what_if(result)
    >>> ax.get_title(loc="left")
    'One point of each dimension: satisfaction'
    >>> plt.close(ax.figure)
    """
    check_option("kind", kind, WhatIfPlot)
    check_option("measure", measure, WhatIfMeasure)
    if kind == "effects":
        return _draw_effects(result, ax)
    return _draw_per_point(result, measure, ax)


def _draw_per_point(result: WhatIfResult, measure: WhatIfMeasure, ax: Axes | None) -> Axes:
    known = result.per_point[np.isfinite(_numbers(result.per_point, "change"))]
    table = known[known["measure"] == measure].sort_values("rank", kind="stable")
    if table.empty:
        raise OptionError(
            f'`measure` is "{measure}", but {result.outcome} has '
            f"{shorten(known['measure'].unique())} only."
        )
    change, low, high = (_numbers(table, name) for name in ("change", "conf_low", "conf_high"))
    names = zip(table["label"], table["term"], strict=True)
    labels = [wrap_label(str(label or term)) for label, term in names]
    digits = 2 if measure == "mean" else 1
    unsure = (low <= 0.0) & (high >= 0.0)
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels) + 0.5) as axes:
        places = prepare_rows(axes, labels)
        bars = axes.barh(places, change, height=0.62, color=ACCENT, alpha=0.75, zorder=2)
        for bar, is_unsure in zip(bars, unsure, strict=True):
            if is_unsure:
                bar.set(facecolor=FAINT, edgecolor=NEUTRAL, alpha=1.0)
        draw_intervals(axes, change, low, high, places)
        axes.axvline(0.0, color=ink(), linewidth=1.0, zorder=2.5)
        set_span(axes, change, low, high)
        ends = np.where(change < 0.0, np.fmin(change, low), np.fmax(change, high))
        write_values(axes, ends, places, [format_number(value, digits) for value in change])
        lines = [_PER_POINT[measure], *_interval_lines(result, low)]
        if unsure.any():
            lines.append("Pale: cannot be told from none")
        axes.set_xlabel("\n".join([*lines, _ASSOCIATION]))
        title = f"One point of each dimension: {wrap_label(result.outcome, 22, 1)}"
        axes.set_title(title, loc="left")
    return axes


def _draw_effects(result: WhatIfResult, ax: Axes | None) -> Axes:
    """Dots before and after, each measure along its own range."""
    table = result.effects[result.effects["part"] == "total"]
    table = table[np.isfinite(_numbers(table, "change"))]
    measures = [str(name) for name in table["measure"]]
    ranges = {"mean": result.outcome_range, "top-two-box": (0.0, 100.0), "nps": (-100.0, 100.0)}
    known = bool(np.isfinite(result.outcome_range).all())
    # Without a range, there is one measure only, which can be drawn in its own points.
    ends = np.array([ranges[name] if known else (0.0, 1.0) for name in measures])
    before, after, change, low, high = (
        _numbers(table, name) for name in ("before", "after", "change", "conf_low", "conf_high")
    )
    widths = ends[:, 1] - ends[:, 0]
    start, end = (before - ends[:, 0]) / widths, (after - ends[:, 0]) / widths
    least, most = ((before + limit - ends[:, 0]) / widths for limit in (low, high))
    labels = [_label(name, result.outcome_range) for name in measures]
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels, per_row=3) + 0.5) as axes:
        places = prepare_rows(axes, labels)
        axes.hlines(places, start, end, color=ACCENT, linewidth=2.0, zorder=2)
        draw_intervals(axes, end, least, most, places)
        axes.scatter(start, places, s=44, color="white", edgecolor=ACCENT, zorder=4, label="before")
        axes.scatter(end, places, s=44, color=ACCENT, zorder=4, label="after")
        if known:
            every = np.concatenate([[0.0, 1.0], start, end, least, most])
            axes.set_xlim(float(np.nanmin(every)) - 0.02, float(np.nanmax(every)) + 0.02)
            axes.set_xticks([0.0, 0.5, 1.0], ["lowest", "half way", "highest"])
        _write_levels(axes, measures, (before, after, change), (start + end) / 2.0, places)
        where = "along each measure's range" if known else "in points"
        lines = [f"Open: before, filled: after, {where}", *_interval_lines(result, low)]
        axes.set_xlabel("\n".join([*lines, _ASSOCIATION]))
        title = f"Before and after: {wrap_label(result.outcome, 32, 1)}"
        axes.set_title(title, loc="left")
    return axes


def _interval_lines(result: WhatIfResult, low: FloatArray) -> list[str]:
    if not np.isfinite(low).any():
        return []
    return [f"Error bars: {format_percent(result.conf_level)} bootstrap interval"]


def _write_levels(
    axes: Axes,
    measures: list[str],
    levels: tuple[FloatArray, FloatArray, FloatArray],
    middle: FloatArray,
    places: FloatArray,
) -> None:
    """Write the levels before and after, and their difference, above each row's line."""
    low, high = axes.get_xlim()
    for row, measure in enumerate(measures):
        digits = 2 if measure == "mean" else 1
        before, after, change = (format_number(values[row], digits) for values in levels)
        sign = "+" if levels[2][row] > 0.0 else ""
        # Near an edge, the text keeps to the inside.
        share = (middle[row] - low) / (high - low)
        axes.annotate(
            f"{before} → {after} ({sign}{change})",
            (float(middle[row]), float(places[row])),
            xytext=(0.0, 8.0),
            textcoords="offset points",
            ha="left" if share < 0.12 else "right" if share > 0.88 else "center",
            va="bottom",
            fontsize=SMALL_FONT_SIZE,
        )


def _label(measure: str, ends: tuple[float, float]) -> str:
    if measure == "mean" and not np.isfinite(ends).all():
        return "Mean\n(points)"
    return _LABELS[measure].format(*(format_number(end, 0) for end in ends))


def _numbers(table: pd.DataFrame, name: str) -> FloatArray:
    return table[name].to_numpy(dtype=np.float64)
