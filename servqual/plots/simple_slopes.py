"""Simple slopes of a moderated regression: each predictor in each group, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servqual.errors import OptionError, shorten
from servqual.plots.rows import (
    FIGURE_WIDTH,
    draw_intervals,
    figure_height,
    prepare_rows,
    set_span,
    write_values,
)
from servqual.plots.style import ACCENT, NEUTRAL, canvas, format_percent, ink, wrap_label
from servqual.results import format_number
from servqual.typing import BoolArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from servqual.analyses.regression_result import RegressionResult

__all__ = ["plot_simple_slopes"]


def plot_simple_slopes(
    result: RegressionResult, *, moderator: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the slope of each predictor at each level of a moderator.

    Parameters
    ----------
    result : RegressionResult
        From `servqual.regression` with `by`.
    moderator : str, optional
        Which one; default: the first.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, as high as the rows need.

    Returns
    -------
    Axes
        With one row per predictor and level, at the heights 0, 1, … from the top. Slopes whose
        interval holds zero have an open marker.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If the regression has no such moderator, or `ax` is not an ordinary Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> fit = sq.regression(
    ...     sq.load_example("bank"), outcome="satisfaction", predictors=["empathy"], by="wave"
    ... )
    >>> ax = plot_simple_slopes(fit)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Empathy · 2025', 'Empathy · 2026']
    >>> plt.close(ax.figure)
    """
    name = _checked_moderator(result, moderator)
    table = result.simple_slopes[result.simple_slopes["moderator"] == name]
    of_terms = dict(zip(result.coefficients["term"], result.coefficients["label"], strict=True))
    labels = [
        wrap_label(f"{of_terms[term]} · {level}")
        for term, level in zip(table["term"], table["level"], strict=True)
    ]
    estimate, low, high = (
        table[column].to_numpy(dtype=np.float64) for column in ("estimate", "conf_low", "conf_high")
    )
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels) + 0.15) as axes:
        places = prepare_rows(axes, labels)
        axes.axvline(0.0, color=ink(), linewidth=1.0, zorder=1.5)
        _separate(axes, table["term"])
        draw_intervals(axes, estimate, low, high, places)
        _mark(axes, estimate, places, (low > 0.0) | (high < 0.0))
        set_span(axes, estimate, low, high)
        ends = np.where(estimate < 0.0, np.fmin(estimate, low), np.fmax(estimate, high))
        write_values(axes, ends, places, [format_number(value, 2) for value in estimate])
        text = "Slope: points of the outcome for one point more"
        if np.isfinite(low).any():
            text += f";\nlines: {format_percent(result.conf_level)} interval"
        axes.set_xlabel(text)
        axes.set_title(
            f"{wrap_label(result.outcome, 40, 1)}: slopes by {wrap_label(name, 30, 1)}", loc="left"
        )
    return axes


def _checked_moderator(result: RegressionResult, moderator: str | None) -> str:
    known = list(dict.fromkeys(result.simple_slopes["moderator"]))
    if not known:
        raise OptionError(
            "This regression has no moderator, so a predictor has one slope only. Name one in "
            "`sq.regression(…, by=…)`."
        )
    if moderator is not None and moderator not in known:
        raise OptionError(
            f"`moderator` is {moderator!r}, but this regression has {shorten(known)}."
        )
    return known[0] if moderator is None else moderator


def _separate(axes: Axes, terms: pd.Series) -> None:
    """Draw a thin line where the next predictor begins."""
    names = terms.tolist()
    for place in range(1, len(names)):
        if names[place] != names[place - 1]:
            axes.axhline(place - 0.5, color=NEUTRAL, linewidth=0.7, alpha=0.6, zorder=1)


def _mark(axes: Axes, estimate: FloatArray, places: FloatArray, told: BoolArray) -> None:
    """Draw filled markers where the interval leaves out zero, open ones elsewhere."""
    for shown, filling in ((told, ACCENT), (~told, "white")):
        axes.plot(
            estimate[shown],
            places[shown],
            "o",
            color=ACCENT,
            markerfacecolor=filling,
            markersize=6.0,
            zorder=4,
        )
