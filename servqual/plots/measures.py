"""The picture of competing measures: how much each explains, in and out of sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from servqual.plots.rows import (
    FIGURE_WIDTH,
    draw_intervals,
    figure_height,
    prepare_rows,
    set_span,
    write_values,
)
from servqual.plots.style import ACCENT, SHORTFALL, canvas, format_percent, ink, wrap_label
from servqual.results import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from servqual.analyses.compare_measures import MeasureComparisonResult

__all__ = ["plot_measures"]


def plot_measures(result: MeasureComparisonResult, *, ax: Axes | None = None) -> Axes:
    """Draw R² of each measure as a bar, with a diamond where cross-validation puts it.

    Parameters
    ----------
    result : MeasureComparisonResult
        From `servqual.compare_measures`.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure.

    Returns
    -------
    Axes
        One row per measure, at the heights 0, 1, … from the top.

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
    >>> ax = plot_measures(sq.compare_measures(sq.load_example("bank"), n_resamples=200))
    >>> ax.get_title(loc="left")
    'Which measure goes best with satisfaction?'
    >>> plt.close(ax.figure)
    """
    table = result.measures
    labels = [wrap_label(str(name)) for name in table["measure"]]
    r_squared, low, high, validated = (
        table[name].to_numpy(dtype=np.float64)
        for name in ("r_squared", "r_squared_low", "r_squared_high", "cv_r_squared")
    )
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels) + 0.4) as axes:
        places = prepare_rows(axes, labels)
        axes.barh(places, r_squared, height=0.62, color=ACCENT, alpha=0.75, zorder=2, label="R²")
        draw_intervals(axes, r_squared, low, high, places)
        axes.plot(
            validated,
            places,
            linestyle="none",
            marker="D",
            color=SHORTFALL,
            markeredgecolor="white",
            markersize=6.5,
            zorder=4,
            label="cross-validated R²",
        )
        axes.axvline(0.0, color=ink(), linewidth=1.0, zorder=2.5)
        set_span(axes, r_squared, low, high, validated)
        ends = np.fmax(np.fmax(r_squared, high), validated)
        write_values(axes, ends, places, [format_number(value, 2) for value in r_squared])
        text = "Share of variance explained (R²)"
        if np.isfinite(low).any():
            text += f"; error bars: {format_percent(result.conf_level)} bootstrap interval"
        axes.set_xlabel(text)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, frameon=False)
        axes.set_title(
            f"Which measure goes best with {wrap_label(result.outcome, 60)}?", loc="left"
        )
    return axes
