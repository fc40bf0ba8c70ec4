"""Pictures of gaps: bars with intervals, expectation against perception, and a radar chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

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
    EXPECTATION,
    FAINT,
    GROUP_STYLES,
    NEUTRAL,
    PERCEPTION,
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
from servqual.typing import BoolArray, Difference, FloatArray, Level, PAdjust, check_option

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend
    from matplotlib.projections.polar import PolarAxes

    from servqual.analyses.gaps import GapResult

__all__ = ["plot_expectation_perception", "plot_gaps", "plot_radar"]

#: Name of the difference on the axis, and of the side that is subtracted.
_NAMES: Final[dict[Difference, tuple[str, str]]] = {
    "gap": ("Gap (perception − expectation)", "Expectation"),
    "adequacy": ("Adequacy gap (perception − minimum)", "Minimum"),
    "superiority": ("Superiority gap (perception − desired)", "Desired level"),
}
_ADJUSTED_P: Final[dict[PAdjust, str]] = {
    "holm": "Holm-adjusted p",
    "bonferroni": "Bonferroni-adjusted p",
    "hochberg": "Hochberg-adjusted p",
    "fdr-bh": "Benjamini–Hochberg-adjusted p",
    "fdr-by": "Benjamini–Yekutieli-adjusted p",
    "none": "unadjusted p",
}
_RADAR_CAVEAT: Final = (
    "Compare the two sides along one spoke at a time:\n"
    "the area depends on the order of the axes and on the scale, and means nothing by itself."
)
#: Legends stand below the axis label: this many of their font sizes below the axes.
_BELOW_AXIS_LABEL: Final = 5.6
_MIN_SPOKES: Final = 3


def plot_gaps(result: GapResult, *, level: Level = "dimensions", ax: Axes | None = None) -> Axes:
    """Draw gaps as bars to both sides of zero, the worst at the top, with their intervals.

    A grey bar is not distinguishable from zero: its adjusted p-value is not below
    ``1 - result.conf_level``. With groups (``result.by``), each has a point with its interval
    instead of a bar, hollow where it is not distinguishable from zero; the rows are sorted by the
    mean of the groups' gaps.

    Parameters
    ----------
    result : GapResult
        From `servqual.gaps`.
    level : {"dimensions", "items"}, default "dimensions"
        What the rows are.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, as high as the rows need, which notebooks show.

    Returns
    -------
    Axes
        With one row per dimension or item, at the heights 0, 1, … from the top.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `level` or `ax` is not what it must be, or there are more than eight groups.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> ax = plot_gaps(sq.gaps(sq.load_example("bank")))
    >>> ax.get_yticklabels()[0].get_text()
    'Reliability'
    >>> plt.close(ax.figure)
    """
    check_option("level", level, Level)
    if result.by:
        return _plot_groups(result, level, ax)
    frame = _frame(result, level)
    order = _worst_first(_numbers(frame, "gap"))
    rows = _Estimates.of(result, frame.iloc[order])
    labels = [_row_labels(frame, level)[place] for place in order]
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels)) as axes:
        places = prepare_rows(axes, labels)
        _draw_bars(axes, rows, places)
        axes.axvline(0.0, color=ink(), linewidth=1.0, zorder=2.5)
        set_span(axes, rows.gap, rows.low, rows.high)
        write_values(axes, rows.outer_ends(), places, [_value_text(gap) for gap in rows.gap])
        axes.set_xlabel(_gap_label(result, rows))
        _bar_legend(axes, result, rows)
    return axes


def plot_expectation_perception(
    result: GapResult, *, level: Level = "dimensions", ax: Axes | None = None
) -> Axes:
    """Draw what is expected and what is perceived as two markers joined by a line.

    The largest shortfall stands at the top, and the gap as a number on the right. The axis is the
    whole answer scale.

    Parameters
    ----------
    result : GapResult
        From `servqual.gaps`, without `by`.
    level : {"dimensions", "items"}, default "dimensions"
        What the rows are.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, as high as the rows need, which notebooks show.

    Returns
    -------
    Axes
        With one row per dimension or item, at the heights 0, 1, … from the top.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `level` or `ax` is not what it must be, or the result is of several groups.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> ax = plot_expectation_perception(sq.gaps(sq.load_example("bank")))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['Expectation', 'Perception']
    >>> plt.close(ax.figure)
    """
    check_option("level", level, Level)
    _check_one_group(result, "An expectation–perception plot")
    frame = _frame(result, level)
    order = _worst_first(_numbers(frame, "gap"))
    labels = [_row_labels(frame, level)[place] for place in order]
    expectation, perception, gap = (
        _numbers(frame, name)[order] for name in ("expectation", "perception", "gap")
    )
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels)) as axes:
        places = prepare_rows(axes, labels)
        axes.hlines(places, expectation, perception, colors=NEUTRAL, linewidth=2.0, zorder=2)
        _draw_sides(axes, expectation, perception, places, _NAMES[result.on][1])
        _scale_axis(axes, result.scale)
        axes.set_xlabel(f"Mean on the {_scale_text(result.scale)} scale")
        _gap_column(axes, gap, places)
        _legend_below(axes, offset=4.2)
    return axes


def plot_radar(result: GapResult, *, level: Level = "dimensions", ax: Axes | None = None) -> Axes:
    """Draw both sides as outlines on a radar chart, in the order of the instrument.

    Radar charts are expected in service quality reports, and mislead: the area depends on the order
    of the axes and on the scale. So the outlines are not filled, the scale is whole, and a caption
    says what may be compared. Prefer `plot_gaps`.

    Parameters
    ----------
    result : GapResult
        From `servqual.gaps`, without `by`.
    level : {"dimensions", "items"}, default "dimensions"
        What the spokes are.
    ax : PolarAxes, optional
        Where to draw; it must be polar. Default: a new pyplot figure, which notebooks show.

    Returns
    -------
    Axes
        Polar, with one spoke per dimension or item, clockwise from the top.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `level` or `ax` is not what it must be, the result is of several groups, or there are
        fewer than three spokes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> ax = plot_radar(sq.gaps(sq.load_example("bank")))
    >>> ax.get_xticklabels()[0].get_text()
    'Tangibles'
    >>> plt.close(ax.figure)
    """
    check_option("level", level, Level)
    _check_one_group(result, "A radar chart")
    frame = _frame(result, level)
    if len(frame) < _MIN_SPOKES:
        raise OptionError(
            f"The result has {len(frame)} {level}, but a radar chart needs at least {_MIN_SPOKES}. "
            "Use `plot_expectation_perception` instead."
        )
    many = len(frame) > 10
    labels = _row_labels(frame, level, width=20 if many else 16)
    width, height = (8.0, 7.6) if many else (6.2, 6.2)
    with canvas(ax, width=width, height=height, projection="polar") as axes:
        spokes = np.linspace(0.0, 2.0 * np.pi, len(frame), endpoint=False)
        _prepare_spokes(cast("PolarAxes", axes), spokes, labels, result.scale)
        outline = {"linewidth": 1.6, "markersize": 7.0, "zorder": 3}
        _draw_outline(
            axes,
            spokes,
            _numbers(frame, "expectation"),
            label=_NAMES[result.on][1],
            color=EXPECTATION,
            marker="D",
            linestyle="--",
            markerfacecolor="none",
            markeredgewidth=1.6,
            **outline,
        )
        _draw_outline(
            axes,
            spokes,
            _numbers(frame, "perception"),
            label="Perception",
            color=PERCEPTION,
            marker="o",
            linestyle="-",
            **outline,
        )
        below = _room_below(spokes, labels)
        _legend_below(axes, offset=below / SMALL_FONT_SIZE)
        caption = (
            f"Scale {_scale_text(result.scale)}, with {format_tick(result.scale[0])} at the centre."
        )
        _caption(axes, f"{caption} {_RADAR_CAVEAT}", below=below + 22.0)
    return axes


# ---- what is drawn -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Estimates:
    """Gaps of the rows as drawn, and whether each is distinguishable from zero."""

    gap: FloatArray
    low: FloatArray
    high: FloatArray
    p_adjusted: FloatArray
    differs: BoolArray

    @classmethod
    def of(cls, result: GapResult, frame: pd.DataFrame) -> _Estimates:
        p_adjusted = _numbers(frame, "p_adjusted")
        return cls(
            _numbers(frame, "gap"),
            _numbers(frame, "conf_low"),
            _numbers(frame, "conf_high"),
            p_adjusted,
            p_adjusted < 1.0 - result.conf_level,
        )

    def outer_ends(self) -> FloatArray:
        """Where a row's bar and interval end, on the side to which the bar points."""
        outer: FloatArray = np.where(
            self.gap < 0.0, np.fmin(self.gap, self.low), np.fmax(self.gap, self.high)
        )
        return outer

    @property
    def has_intervals(self) -> bool:
        return bool(np.isfinite(self.low).any())


def _frame(result: GapResult, level: Level) -> pd.DataFrame:
    return result.items if level == "items" else result.dimensions


def _numbers(frame: pd.DataFrame, name: str) -> FloatArray:
    return frame[name].to_numpy(dtype=np.float64)


def _row_labels(frame: pd.DataFrame, level: Level, width: int = 34) -> list[str]:
    """Labels of items as "5 Keeps its time promises", of dimensions their names."""
    if level == "items":
        items = zip(frame["item"], frame["label"], frame["key"], strict=True)
        return [wrap_label(f"{item} {label or key}", width) for item, label, key in items]
    dimensions = zip(frame["label"], frame["dimension"], strict=True)
    return [wrap_label(str(label or key), width) for label, key in dimensions]


def _worst_first(gap: FloatArray) -> list[int]:
    """Places from the largest shortfall to the largest surplus, nan at the end; ties keep order."""
    return [int(place) for place in np.argsort(gap, kind="stable")]


def _scale_text(scale: tuple[float, float]) -> str:
    low, high = format_tick(scale[0]), format_tick(scale[1])
    return f"{low} to {high}" if scale[0] < 0.0 else f"{low}–{high}"


def _gap_label(result: GapResult, rows: _Estimates) -> str:
    text = f"{_NAMES[result.on][0]}, points on the {_scale_text(result.scale)} scale"
    if rows.has_intervals:
        text += f";\nerror bars: {format_percent(result.conf_level)} interval"
    return text


def _value_text(gap: float) -> str:
    return format_number(gap, 2) if np.isfinite(gap) else "no answers"


def _not_distinguishable(result: GapResult, p_adjusted: FloatArray) -> str:
    level = f"{1.0 - result.conf_level:.4g}".removeprefix("0")
    text = f"Not distinguishable from 0\n({_ADJUSTED_P[result.p_adjust]} ≥ {level}"
    return f"{text}, or no test)" if np.isnan(p_adjusted).any() else f"{text})"


def _check_one_group(result: GapResult, what: str) -> None:
    if not result.by:
        return
    chosen = result.dimensions[list(result.by)].iloc[0]
    example = ", ".join(f'{name}="{value}"' for name, value in chosen.items())
    raise OptionError(
        f"{what} shows one group, but the gaps are by {', '.join(result.by)}. "
        f"Choose one with `survey.where({example})`, or draw all with `plot_gaps`."
    )


# ---- bars ----------------------------------------------------------------------------------------


def _draw_bars(ax: Axes, rows: _Estimates, places: FloatArray) -> None:
    signs = np.where(rows.gap < 0.0, SHORTFALL, SURPLUS)
    ax.barh(
        places,
        rows.gap,
        height=0.62,
        color=np.where(rows.differs, signs, FAINT).tolist(),
        edgecolor=np.where(rows.differs, signs, NEUTRAL).tolist(),
        linewidth=0.8,
        zorder=2,
    )
    draw_intervals(ax, rows.gap, rows.low, rows.high, places)


def _bar_legend(ax: Axes, result: GapResult, rows: _Estimates) -> None:
    from matplotlib.patches import Patch

    handles = []
    if (rows.differs & (rows.gap < 0.0)).any():
        handles.append(Patch(facecolor=SHORTFALL, edgecolor=SHORTFALL, label="Shortfall"))
    if (rows.differs & (rows.gap >= 0.0)).any():
        handles.append(Patch(facecolor=SURPLUS, edgecolor=SURPLUS, label="Surplus"))
    if not rows.differs.all():
        text = _not_distinguishable(result, rows.p_adjusted)
        handles.append(Patch(facecolor=FAINT, edgecolor=NEUTRAL, label=text))
    _legend_below(ax, handles=handles)


def _legend_below(ax: Axes, *, offset: float = _BELOW_AXIS_LABEL, **keywords: Any) -> Legend:
    return ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        borderaxespad=offset,
        ncols=3,
        frameon=False,
        fontsize=SMALL_FONT_SIZE,
        columnspacing=1.4,
        handletextpad=0.6,
        **keywords,
    )


# ---- groups --------------------------------------------------------------------------------------


def _plot_groups(result: GapResult, level: Level, ax: Axes | None) -> Axes:
    frame = _frame(result, level)
    names = frame[list(result.by)].astype(str).agg(", ".join, axis=1)
    groups = list(dict.fromkeys(names))
    _check_number_of_groups(result, groups)
    parts = [frame[names == group] for group in groups]
    order = _worst_first(_mean_gap(np.array([_numbers(part, "gap") for part in parts])))
    labels = [_row_labels(parts[0], level)[place] for place in order]
    estimates = [_Estimates.of(result, part.iloc[order]) for part in parts]
    height = figure_height(labels, per_row=len(groups))
    with canvas(ax, width=FIGURE_WIDTH + 0.8, height=height) as axes:
        places = prepare_rows(axes, labels)
        for place in places[1::2]:
            axes.axhspan(place - 0.5, place + 0.5, color=FAINT, alpha=0.35, linewidth=0, zorder=0)
        axes.axvline(0.0, color=ink(), linewidth=1.0, zorder=1)
        shifts = (np.arange(len(groups)) - (len(groups) - 1) / 2.0) * (0.8 / len(groups))
        for place, (rows, shift) in enumerate(zip(estimates, shifts, strict=True)):
            _draw_group(axes, rows, places + shift, place)
        spread = [side for rows in estimates for side in (rows.gap, rows.low, rows.high)]
        set_span(axes, *spread, room_for_text=False)
        axes.set_xlabel(_gap_label(result, estimates[0]))
        _group_legend(axes, result, groups, estimates)
    return axes


def _check_number_of_groups(result: GapResult, groups: list[str]) -> None:
    if len(groups) <= len(GROUP_STYLES):
        return
    chosen = result.dimensions[list(result.by)].iloc[0]
    example = ", ".join(f'{name}="{value}"' for name, value in chosen.items())
    raise OptionError(
        f"There are {len(groups)} groups ({shorten(groups)}), but at most {len(GROUP_STYLES)} can "
        f"be told apart in one plot. Draw one at a time from `survey.where({example})`, or group "
        "by fewer variables."
    )


def _mean_gap(gaps: FloatArray) -> FloatArray:
    """Mean over the groups that have a gap; nan where none has. Shape (n_groups, n_rows) in."""
    known = np.isfinite(gaps)
    total = np.where(known, gaps, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    mean: FloatArray = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return mean


def _draw_group(ax: Axes, rows: _Estimates, places: FloatArray, number: int) -> None:
    colour, marker = GROUP_STYLES[number]
    background = ax.get_facecolor()
    draw_intervals(ax, rows.gap, rows.low, rows.high, places, colour=colour)
    ax.scatter(
        rows.gap,
        places,
        s=30.0,
        marker=marker,
        facecolors=[colour if differs else background for differs in rows.differs],
        edgecolors=colour,
        linewidths=1.2,
        zorder=4,
    )


def _group_legend(
    ax: Axes, result: GapResult, groups: list[str], estimates: list[_Estimates]
) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for group, (colour, marker) in zip(groups, GROUP_STYLES, strict=False):
        label = wrap_label(group, 24)
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=5.5, label=label))
    if not all(rows.differs.all() for rows in estimates):
        every = np.concatenate([rows.p_adjusted for rows in estimates])
        text = wrap_label(f"Hollow: n{_not_distinguishable(result, every)[1:]}", 24, 5)
        handles.append(Line2D([], [], linestyle="none", label=text))
    ax.legend(
        handles=handles,
        title=wrap_label(", ".join(result.by), 24),
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        frameon=False,
        fontsize=SMALL_FONT_SIZE,
        title_fontsize=SMALL_FONT_SIZE,
        alignment="left",
    )


# ---- both sides ----------------------------------------------------------------------------------


def _draw_sides(
    ax: Axes, expectation: FloatArray, perception: FloatArray, places: FloatArray, name: str
) -> None:
    # The diamond is hollow and larger, so that both are seen where they coincide.
    ax.scatter(
        expectation,
        places,
        s=75.0,
        marker="D",
        facecolors=ax.get_facecolor(),
        edgecolors=EXPECTATION,
        linewidths=2.0,
        zorder=3,
        label=name,
    )
    ax.scatter(
        perception, places, s=44.0, marker="o", color=PERCEPTION, zorder=4, label="Perception"
    )


def _scale_axis(ax: Axes, scale: tuple[float, float]) -> None:
    low, high = scale
    edge = 0.02 * (high - low)
    ax.set_xlim(low - edge, high + edge)
    ax.set_xticks(_scale_steps(scale))


def _scale_steps(scale: tuple[float, float]) -> list[float]:
    """Every step of a short scale of whole numbers; both ends and quarters of others."""
    low, high = scale
    if low.is_integer() and high.is_integer() and high - low <= 10.0:
        return [float(step) for step in np.arange(low, high + 1.0)]
    return [float(step) for step in np.linspace(low, high, 5)]


def _gap_column(ax: Axes, gap: FloatArray, places: FloatArray) -> None:
    """Write the gaps on the right of the axes, under a heading."""
    across = ax.get_yaxis_transform()
    style: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": SMALL_FONT_SIZE}
    for value, place in zip(gap, places, strict=True):
        ax.text(1.09, float(place), format_number(value, 2), transform=across, **style)
    ax.text(1.09, -0.75, "Gap", transform=across, fontweight="bold", **style)


# ---- radar ---------------------------------------------------------------------------------------


def _prepare_spokes(
    ax: PolarAxes, spokes: FloatArray, labels: list[str], scale: tuple[float, float]
) -> None:
    ax.set_theta_zero_location("N")
    ax.set_theta_direction(-1)
    ax.set_ylim(*scale)
    steps = _scale_steps(scale)
    ax.set_yticks(steps, [format_tick(step) for step in steps])
    # Between two spokes, where no marker hides them.
    ax.set_rlabel_position(float(np.degrees(spokes[1]) / 2.0))
    ax.tick_params(axis="y", labelsize=SMALL_FONT_SIZE, labelcolor=NEUTRAL)
    ax.set_xticks(spokes, labels)
    for spoke, text in zip(spokes, ax.get_xticklabels(), strict=True):
        across, up = float(np.sin(spoke)), float(np.cos(spoke))
        text.set_horizontalalignment(_towards(across, "right", "center", "left"))
        text.set_verticalalignment(_towards(up, "top", "center", "bottom"))
    ax.tick_params(axis="x", pad=2.0)
    ax.grid(color=NEUTRAL, alpha=0.35, linewidth=0.7)
    ax.spines["polar"].set_visible(False)


def _room_below(spokes: FloatArray, labels: list[str]) -> float:
    """Points between the circle and what stands below it, so that the lowest labels have room."""
    radius = 150.0  # of a small chart; in larger ones there is more room
    lines = np.array([label.count("\n") + 1.0 for label in labels])
    reach = lines * 1.3 * SMALL_FONT_SIZE + 6.0 - radius * (1.0 + np.cos(spokes))
    return 10.0 + max(0.0, float(reach.max()))


def _towards(direction: float, below: Any, near: Any, above: Any) -> Any:
    if abs(direction) < 0.25:
        return near
    return above if direction > 0.0 else below


def _draw_outline(ax: Axes, spokes: FloatArray, values: FloatArray, **style: Any) -> None:
    """Draw a closed outline; it is open beside a spoke without a value."""
    ax.plot(np.append(spokes, spokes[0]), np.append(values, values[0]), clip_on=False, **style)


def _caption(ax: Axes, text: str, *, below: float) -> None:
    ax.annotate(
        text,
        (0.5, 0.0),
        xycoords="axes fraction",
        xytext=(0.0, -below),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=SMALL_FONT_SIZE,
        fontstyle="italic",
    )
