"""Penalties and rewards as bars, and impact asymmetry over the range of impact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.plots.point_labels import label_points
from servqual.plots.rows import (
    FIGURE_WIDTH,
    draw_intervals,
    figure_height,
    prepare_rows,
    set_span,
)
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
from servqual.typing import FloatArray, PenaltyRewardPlot, check_option

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from servqual.analyses.penalty_reward import PenaltyRewardResult

__all__ = ["plot_penalty_reward"]

#: Half the distance of the two bars of a row, and their height.
_SHIFT: Final = 0.17
_HEIGHT: Final = 0.32

#: Points from the axis to the legend below it.
_BELOW_AXIS_LABEL: Final = 3.6


def plot_penalty_reward(
    result: PenaltyRewardResult, *, kind: PenaltyRewardPlot = "bars", ax: Axes | None = None
) -> Axes:
    """Draw penalties and rewards with their intervals, or the map of impact asymmetry.

    Parameters
    ----------
    result : PenaltyRewardResult
        From `servqual.penalty_reward`.
    kind : {"bars", "map"}, default "bars"
        A row with two bars per variable, sorted by impact asymmetry; or impact asymmetry over the
        range of impact.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure.

    Returns
    -------
    Axes
        Bars: one row per variable at the heights 0, 1, … from the top, the most rewarding first,
        those without impact asymmetry last; its class stands at the right. Map: one point per
        variable that has an impact asymmetry; the others are named below.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `kind` is not known, or `ax` is not an ordinary Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> result = sq.penalty_reward(sq.load_example("bank"), n_resamples=200)
    >>> ax = plot_penalty_reward(result)
    >>> ax.get_title(loc="left")
    'What costs and what earns satisfaction'
    >>> plt.close(ax.figure)
    """
    check_option("kind", kind, PenaltyRewardPlot)
    return _draw_map(result, ax) if kind == "map" else _draw_bars(result, ax)


def _numbers(table: pd.DataFrame, name: str) -> FloatArray:
    return table[name].to_numpy(dtype=np.float64)


def _names(table: pd.DataFrame, width: int, max_lines: int = 3) -> list[str]:
    pairs = zip(table["label"], table["term"], strict=True)
    return [wrap_label(str(label or term), width, max_lines) for label, term in pairs]


# ---- bars ----------------------------------------------------------------------------------------


def _draw_bars(result: PenaltyRewardResult, ax: Axes | None) -> Axes:
    # Descending, nan last; ties keep the order of the table.
    order = np.argsort(-_numbers(result.asymmetry, "impact_asymmetry"), kind="stable")
    table = result.asymmetry.iloc[order]
    labels = _names(table, 34)
    coefficients = result.coefficients
    with canvas(
        ax, width=FIGURE_WIDTH + 0.6, height=figure_height(labels, per_row=2) + 0.35
    ) as axes:
        places = prepare_rows(axes, labels)
        drawn: list[FloatArray] = []
        for kind, colour, shift in (
            ("reward", SURPLUS, -_SHIFT),
            ("penalty", SHORTFALL, _SHIFT),
        ):
            rows = coefficients[coefficients["kind"] == kind].iloc[order]
            estimate, low, high = (
                _numbers(rows, name) for name in ("estimate", "conf_low", "conf_high")
            )
            axes.barh(
                places + shift,
                estimate,
                height=_HEIGHT,
                color=colour,
                alpha=0.85,
                zorder=2,
                label=f"{kind} ({'high' if kind == 'reward' else 'low'} against middle)",
            )
            draw_intervals(axes, estimate, low, high, places + shift)
            drawn += [estimate, low, high]
        axes.axvline(0.0, color=ink(), linewidth=1.0, zorder=2.5)
        set_span(axes, *drawn, room_for_text=False)
        _write_classes(axes, table, places)
        axes.set_xlabel(
            _bar_axis_label(result, bool(np.isfinite(np.concatenate(drawn[1::3])).any()))
        )
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            borderaxespad=_BELOW_AXIS_LABEL + (1.4 if axes.get_xlabel().count("\n") else 0.0),
            ncols=2,
            frameon=False,
            fontsize=SMALL_FONT_SIZE,
        )
        axes.set_title(f"What costs and what earns {wrap_label(result.outcome, 18, 1)}", loc="left")
    return axes


def _bar_axis_label(result: PenaltyRewardResult, has_intervals: bool) -> str:
    text = f"Points of {wrap_label(result.outcome, 40, 1)}, the other variables held constant"
    if has_intervals:
        text += f";\nerror bars: {format_percent(result.conf_level)} interval ({result.covariance})"
    return text


def _write_classes(axes: Axes, table: pd.DataFrame, places: FloatArray) -> None:
    """Class and impact asymmetry at the right of each row."""
    rows = zip(places, table["impact_asymmetry"], table["class"], strict=True)
    for place, asymmetry, name in rows:
        text = str(name)
        if np.isfinite(asymmetry):
            text = f"{format_number(float(asymmetry), 2)}  {name}"
        axes.annotate(
            text,
            (1.0, float(place)),
            xycoords=("axes fraction", "data"),
            xytext=(6.0, 0.0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_FONT_SIZE,
        )
    axes.annotate(
        "impact asymmetry",
        (1.0, -0.6),
        xycoords=("axes fraction", "data"),
        xytext=(6.0, 2.0),
        textcoords="offset points",
        va="bottom",
        color=NEUTRAL,
        fontsize=SMALL_FONT_SIZE,
    )


# ---- map -----------------------------------------------------------------------------------------


def _draw_map(result: PenaltyRewardResult, ax: Axes | None) -> Axes:
    table = result.asymmetry
    known = np.isfinite(_numbers(table, "impact_asymmetry"))
    shown = table[known]
    x, y, low, high = (
        _numbers(shown, name) for name in ("range", "impact_asymmetry", "conf_low", "conf_high")
    )
    with canvas(ax, width=FIGURE_WIDTH, height=5.4) as axes:
        _draw_classes(axes, result.class_cuts)
        interval = np.isfinite(low) & np.isfinite(high)
        axes.vlines(
            x[interval], low[interval], high[interval], color=ACCENT, alpha=0.4, linewidth=1.4
        )
        axes.scatter(x, y, s=36.0, color=ACCENT, edgecolors="white", linewidths=0.8, zorder=4)
        limit = 1.35 * float(x.max(initial=0.0)) or 1.0
        ranges = _numbers(table, "range")
        mean_range = float(ranges[np.isfinite(ranges)].mean()) if known.any() else 0.0
        if 0.0 < mean_range < limit:
            axes.axvline(mean_range, color=NEUTRAL, linestyle="--", linewidth=1.0)
            axes.annotate(
                "mean range",
                (mean_range, -1.06),
                xytext=(3.0, 0.0),
                textcoords="offset points",
                va="bottom",
                color=NEUTRAL,
                fontsize=SMALL_FONT_SIZE,
            )
        axes.set_xlim(0.0, limit)
        axes.set_ylim(-1.06, 1.06)
        axes.yaxis.set_major_formatter(format_tick)
        axes.set_xlabel(_map_axis_label(result, table[~known], bool(interval.any())))
        axes.set_ylabel("Impact asymmetry")
        axes.set_title(f"What costs and what earns {wrap_label(result.outcome, 32, 1)}", loc="left")
        # Last, because names are moved by where everything else has come to stand.
        label_points(axes, x, y, _names(shown, 30, 1), lines=(mean_range, 0.0))
    return axes


def _draw_classes(axes: Axes, cuts: tuple[float, float]) -> None:
    """Bands of the classes, named at the right."""
    inner, outer = cuts
    axes.axhspan(-inner, inner, color=FAINT, alpha=0.4, linewidth=0, zorder=0)
    names = {
        "delighters": (outer, 1.0),
        "satisfiers": (inner, outer),
        "hybrids": (-inner, inner),
        "dissatisfiers": (-outer, -inner),
        "frustrators": (-1.0, -outer),
    }
    for name, (bottom, top) in names.items():
        if top - bottom < 0.02:
            continue
        axes.annotate(
            name,
            (1.0, (bottom + top) / 2.0),
            xycoords=("axes fraction", "data"),
            xytext=(6.0, 0.0),
            textcoords="offset points",
            va="center",
            color=NEUTRAL,
            fontsize=SMALL_FONT_SIZE,
        )
    for cut in (-outer, -inner, inner, outer):
        if abs(cut) < 1.0:
            axes.axhline(cut, color=NEUTRAL, alpha=0.5, linewidth=0.6, zorder=1)
    axes.axhline(0.0, color=ink(), linewidth=1.0, zorder=1)


def _map_axis_label(result: PenaltyRewardResult, without: pd.DataFrame, has_intervals: bool) -> str:
    text = f"Range of impact: reward − penalty, points of {wrap_label(result.outcome, 40, 1)}"
    if has_intervals:
        text += f";\nvertical lines: {format_percent(result.conf_level)} bootstrap interval"
    if len(without):
        names = ", ".join(without["term"])
        listed = wrap_label(f"Not on the map (a wrong sign, or an empty group): {names}", 76, 4)
        text += f"\n{listed}"
    return text
