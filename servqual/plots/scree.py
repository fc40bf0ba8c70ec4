"""The scree plot: eigenvalues in decreasing order, beside those of items that share nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.analyses.factor_count import ScreeOf
from servqual.numerics.retention import n_leading
from servqual.plots.style import (
    ACCENT,
    NEUTRAL,
    SHORTFALL,
    SMALL_FONT_SIZE,
    canvas,
    format_tick,
    ink,
)
from servqual.typing import FloatArray, check_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from servqual.analyses.factor_count import FactorCountResult

__all__ = ["plot_scree"]

#: Inches.
_WIDTH: Final = 6.4
_HEIGHT: Final = 4.6

#: A first eigenvalue that is so many times the second presses all others together.
_DOMINANT: Final = 3.0
#: Fewer points than this can be told apart all the same.
_FEW: Final = 8

#: More points than this are drawn smaller, with fewer numbers on the axis.
_MANY: Final = 30

_TITLES: Final[dict[ScreeOf, str]] = {
    "components": "Scree plot with parallel analysis",
    "factors": "Scree plot with parallel analysis, common factors",
}
_AXES: Final[dict[ScreeOf, tuple[str, str]]] = {
    "components": ("Component", "Eigenvalue"),
    "factors": ("Factor", "Eigenvalue (diagonal: squared multiple correlations)"),
}


def plot_scree(
    result: FactorCountResult, *, of: ScreeOf = "components", ax: Axes | None = None
) -> Axes:
    """Draw eigenvalues with the mean and the 95th percentile of those of unrelated items.

    Parameters
    ----------
    result : FactorCountResult
        From `servqual.factor_count`.
    of : {"components", "factors"}, default "components"
        Eigenvalues of the correlation matrix, or of the matrix with squared multiple correlations
        on the diagonal.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, which notebooks show.

    Returns
    -------
    Axes
        With three lines, in this order: observed, 95th percentile, mean. Filled markers are the
        leading eigenvalues above the percentile, which the legend counts. Where the first
        eigenvalue dwarfs the others, an inset shows those after it on a larger scale.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `of` is not an option, or `ax` is not an ordinary Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> ax = plot_scree(sq.factor_count(sq.load_example("bank")))
    >>> ax.get_legend().get_texts()[0].get_text()
    'Observed: 3 above the 95th percentile'
    >>> plt.close(ax.figure)
    """
    check_option("of", of, ScreeOf)
    prefix = "" if of == "components" else "factor_"
    observed, mean, percentile = (
        result.eigenvalues[f"{prefix}{name}"].to_numpy(dtype=np.float64)
        for name in ("observed", "parallel_mean", "parallel_95")
    )
    floor = np.maximum(percentile, 0.0) if of == "factors" else percentile
    number = n_leading(observed, floor)
    with canvas(ax, width=_WIDTH, height=_HEIGHT) as axes:
        _draw_lines(axes, observed, percentile, mean, number)
        if of == "factors":
            axes.axhline(0.0, color=ink(), linewidth=0.8, zorder=1.5)
        _dress(axes, observed.size)
        if observed.size >= _FEW and observed[0] > _DOMINANT * max(observed[1], percentile[1]):
            _magnify(axes, observed, percentile, mean, number)
        below, beside = _AXES[of]
        axes.set_xlabel(below)
        axes.set_ylabel(beside)
        axes.set_title(_TITLES[of], loc="left")
        # Eigenvalues fall from the upper left, so this corner is free.
        axes.legend(loc="upper right", frameon=False)
    return axes


def _draw_lines(
    ax: Axes, observed: FloatArray, percentile: FloatArray, mean: FloatArray, number: int
) -> None:
    place = np.arange(1, observed.size + 1)
    size = 5.5 if observed.size <= _MANY else 4.0
    ax.plot(
        place,
        observed,
        color=ACCENT,
        linewidth=1.5,
        marker="o",
        markersize=size,
        markerfacecolor="white",
        label=f"Observed: {number} above the 95th percentile",
        zorder=3.0,
    )
    ax.plot(
        place,
        percentile,
        color=SHORTFALL,
        linewidth=1.2,
        label="Unrelated items: 95th percentile",
        zorder=2.5,
    )
    ax.plot(
        place,
        mean,
        color=ink(),
        linewidth=1.2,
        linestyle=(0, (2.0, 2.5)),
        label="Unrelated items: mean",
        zorder=2.6,
    )
    # Over the line's own markers, which are hollow.
    ax.scatter(
        place[:number],
        observed[:number],
        s=size**2,
        color=ACCENT,
        linewidths=1.0,
        zorder=3.5,
    )


def _magnify(
    ax: Axes, observed: FloatArray, percentile: FloatArray, mean: FloatArray, number: int
) -> None:
    """Draw the points around the decision once more, in the empty middle of the plot."""
    inset = ax.inset_axes((0.36, 0.36, 0.62, 0.4))
    _draw_lines(inset, observed, percentile, mean, number)
    last = min(observed.size, max(number + 3, _FEW))
    _dress(inset, observed.size)
    inset.set_xlim(1.6, last + 0.4)
    inset.set_xticks(np.arange(2, last + 1))
    shown = np.concatenate([values[1:last] for values in (observed, percentile, mean)])
    margin = 0.08 * float(np.ptp(shown))
    inset.set_ylim(shown.min() - margin, shown.max() + margin)
    for side in ("top", "right"):
        inset.spines[side].set_visible(True)
    for spine in inset.spines.values():
        spine.set_color(NEUTRAL)
    inset.set_title(f"2 to {last} on a larger scale", fontsize=SMALL_FONT_SIZE, loc="left")


def _dress(ax: Axes, n_items: int) -> None:
    """Whole numbers below, a faint grid, and room around the points."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if n_items <= _MANY:
        ax.set_xticks(np.arange(1, n_items + 1))
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=2))
    ax.yaxis.set_major_formatter(FuncFormatter(format_tick))
    ax.set_xlim(0.4, n_items + 0.6)
    ax.tick_params(labelsize=SMALL_FONT_SIZE)
    ax.grid(visible=True, axis="y", color=NEUTRAL, alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
