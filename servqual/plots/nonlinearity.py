"""Curves of an outcome along each variable, in panels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from servqual.plots.style import (
    ACCENT,
    NEUTRAL,
    SHORTFALL,
    SMALL_FONT_SIZE,
    canvas,
    format_percent,
    format_tick,
    ink,
    wrap_label,
)
from servqual.results import say_p
from servqual.typing import CurveForm, FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from servqual.analyses.nonlinearity import NonlinearityResult

__all__ = ["plot_nonlinearity"]

#: Size of a panel with its title, in inches, what surrounds all of them, and the width that the
#: title and the words below need.
_PANEL: Final = (2.35, 2.05)
_AROUND: Final = (0.75, 1.35)
_LEAST_WIDTH: Final = 6.2

_FORMS: Final[dict[CurveForm, str]] = {
    "quadratic": "with a square",
    "piecewise": "two slopes",
    "spline": "restricted cubic spline",
}


def plot_nonlinearity(
    result: NonlinearityResult, *, form: CurveForm | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a panel per variable: the curve with its band, and the straight line.

    Parameters
    ----------
    result : NonlinearityResult
        From `servqual.nonlinearity`.
    form : {"quadratic", "piecewise", "spline"}, optional
        Which curve. Default: the spline, or else the piecewise, or else the quadratic one.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, as large as the panels need.

    Returns
    -------
    Axes
        Without axes of its own; the panels are its `child_axes`, in the order of the variables, at
        most four in a row. They share the vertical axis. The p-value is that of the curve against
        the line, adjusted over the panels.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `form` is none of the result's, or `ax` is not an ordinary Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> ax = plot_nonlinearity(sq.nonlinearity(sq.load_example("bank")))
    >>> len(ax.child_axes)
    5
    >>> plt.close(ax.figure)
    """
    terms = [str(term) for term in result.scores["term"]]
    curves = [result.curve(term, form) for term in terms]
    chosen: CurveForm = result.drawn_form if form is None else form
    n_columns = min(len(terms), 3 if len(terms) in (3, 5, 6, 9) else 4)
    n_rows = math.ceil(len(terms) / n_columns)
    width, height = (
        count * panel + around
        for count, panel, around in zip((n_columns, n_rows), _PANEL, _AROUND, strict=True)
    )
    limits = _limits(curves)
    with canvas(ax, width=max(width, _LEAST_WIDTH), height=height) as axes:
        axes.set_axis_off()
        tests = result.tests[result.tests["form"] == chosen]
        p_values = tests["p_adjusted"].to_numpy(dtype=np.float64)
        for place, (term, curve) in enumerate(zip(terms, curves, strict=True)):
            panel = _panel(axes, place, n_columns, n_rows)
            _draw_curve(panel, curve)
            _mark_knots(panel, result, term, chosen)
            panel.set_ylim(*limits)
            _dress(panel, str(result.scores["label"].iloc[place]), float(p_values[place]))
            if place % n_columns:
                panel.tick_params(labelleft=False)
        axes.set_title(_title(result, chosen), loc="left", pad=22.0)
        _describe(axes, result, chosen)
    return axes


def _panel(axes: Axes, place: int, n_columns: int, n_rows: int) -> Any:
    """Axes of one panel inside the whole, with room for its title and ticks."""
    row, column = divmod(place, n_columns)
    width, height = 1.0 / n_columns, 1.0 / n_rows
    gap = 0.07 * width
    room = 0.30 * height
    return axes.inset_axes(
        (
            column * width + gap / 2.0,
            1.0 - (row + 1) * height + room / 2.0,
            width - gap,
            height - room,
        )
    )


def _limits(curves: list[pd.DataFrame]) -> tuple[float, float]:
    """Common vertical limits: curves and lines in full, bands as far as they do not dwarf these."""
    lines = np.concatenate([curve[["estimate", "linear"]].to_numpy().ravel() for curve in curves])
    bands = np.concatenate(
        [curve[["conf_low", "conf_high"]].to_numpy().ravel() for curve in curves]
    )
    lines, bands = lines[np.isfinite(lines)], bands[np.isfinite(bands)]
    if not lines.size:
        return 0.0, 1.0
    low, high = float(lines.min()), float(lines.max())
    room = max(high - low, 1e-9)
    if bands.size:
        low = max(min(low, float(bands.min())), low - room)
        high = min(max(high, float(bands.max())), high + room)
    margin = 0.05 * (high - low)
    return low - margin, high + margin


def _draw_curve(panel: Any, curve: pd.DataFrame) -> None:
    x, estimate, low, high, linear = (
        curve[name].to_numpy(dtype=np.float64)
        for name in ("x", "estimate", "conf_low", "conf_high", "linear")
    )
    if np.isfinite(low).any():
        panel.fill_between(x, low, high, color=ACCENT, alpha=0.18, linewidth=0, zorder=1)
    panel.plot(x, linear, color=ink(), linestyle="--", linewidth=1.0, zorder=2)
    panel.plot(x, estimate, color=ACCENT, linewidth=1.8, zorder=3)
    if not np.isfinite(estimate).any():
        panel.text(
            0.5,
            0.5,
            "no such curve",
            transform=panel.transAxes,
            ha="center",
            va="center",
            color=NEUTRAL,
            fontsize=SMALL_FONT_SIZE,
        )


def _mark_knots(panel: Any, result: NonlinearityResult, term: str, form: CurveForm) -> None:
    knots: FloatArray = result.knots[
        (result.knots["term"] == term) & (result.knots["form"] == form)
    ]["knot"].to_numpy(dtype=np.float64)
    low, high = panel.get_xlim()
    for knot in knots[(knots >= low) & (knots <= high)]:
        panel.axvline(float(knot), color=SHORTFALL, linewidth=0.8, linestyle=":", zorder=1)


def _dress(panel: Any, label: str, p_value: float) -> None:
    shown = say_p(p_value) if np.isfinite(p_value) else "no test"
    panel.set_title(
        f"{wrap_label(label, 28, 1)}\n{shown}",
        fontsize=SMALL_FONT_SIZE,
        loc="left",
        weight="normal",
    )
    panel.tick_params(labelsize=SMALL_FONT_SIZE - 1.0)
    panel.xaxis.set_major_formatter(format_tick)
    panel.yaxis.set_major_formatter(format_tick)
    panel.grid(visible=True, color=NEUTRAL, alpha=0.2, linewidth=0.6)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def _title(result: NonlinearityResult, form: CurveForm) -> str:
    return f"{wrap_label(result.outcome, 40, 1)} along {result.on} scores ({_FORMS[form]})"


def _describe(axes: Axes, result: NonlinearityResult, form: CurveForm) -> None:
    """Say below what the lines are."""
    text = (
        f"Band: {format_percent(result.conf_level)}, point by point ({result.covariance}); the "
        "other variables at their means.\nDashed: the straight line."
    )
    if form != "quadratic":
        text += " Dotted: where the curve may bend."
    text += " p: curve against line, adjusted (Holm)."
    axes.annotate(
        text,
        (0.0, 0.0),
        xycoords="axes fraction",
        xytext=(0.0, -8.0),
        textcoords="offset points",
        va="top",
        fontsize=SMALL_FONT_SIZE,
    )
