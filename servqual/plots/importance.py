"""The picture of relative importance: what each predictor contributes to R²."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.plots.rows import (
    FIGURE_WIDTH,
    draw_intervals,
    figure_height,
    prepare_rows,
    set_span,
    write_values,
)
from servqual.plots.style import ACCENT, canvas, format_percent, ink, wrap_label
from servqual.results import format_number
from servqual.typing import FloatArray, ImportanceMethod

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from servqual.analyses.relative_importance import ImportanceResult

__all__ = ["plot_importance"]

#: What a bar's length is, under the method; the model's R² is put in.
_MEANING: Final[dict[ImportanceMethod, str]] = {
    "lmg": "Share of R² (LMG; the bars add up to R² = {})",
    "relative-weights": "Share of R² (relative weights; the bars add up to R² = {})",
    "pratt": "Share of R² (Pratt's measure; the bars add up to R² = {})",
    "first": "R² of each predictor alone (all together: R² = {})",
    "last": "R² lost without the predictor (of R² = {})",
}
#: Methods whose contributions add up to R².
_DECOMPOSITIONS: Final[tuple[ImportanceMethod, ...]] = ("lmg", "relative-weights", "pratt")


def plot_importance(result: ImportanceResult, *, ax: Axes | None = None) -> Axes:
    """Draw the predictors' contributions to R² as bars with intervals, the largest at the top.

    Parameters
    ----------
    result : ImportanceResult
        From `servqual.relative_importance`.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, as high as the rows need, which notebooks show.

    Returns
    -------
    Axes
        With one row per predictor, at the heights 0, 1, … from the top. The text at a bar's end is
        its share of R² in percent; for the methods ``"first"`` and ``"last"``, whose contributions
        do not add up to R², it is the contribution itself.

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
    >>> survey = sq.load_example("bank")
    >>> result = sq.relative_importance(survey, outcome="satisfaction", n_resamples=200)
    >>> ax = plot_importance(result)
    >>> ax.get_title(loc="left")
    'Importance for satisfaction'
    >>> plt.close(ax.figure)
    """
    table = result.tidy()
    # Descending, nan last; ties keep the order of the table.
    table = table.iloc[np.argsort(-_numbers(table, "estimate"), kind="stable")]
    estimate, share, low, high = (
        _numbers(table, name) for name in ("estimate", "share", "conf_low", "conf_high")
    )
    names = zip(table["label"], table["term"], strict=True)
    labels = [wrap_label(str(label or term)) for label, term in names]
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels)) as axes:
        places = prepare_rows(axes, labels)
        axes.barh(places, estimate, height=0.62, color=ACCENT, alpha=0.75, zorder=2)
        draw_intervals(axes, estimate, low, high, places)
        axes.axvline(0.0, color=ink(), linewidth=1.0, zorder=2.5)
        set_span(axes, estimate, low, high)
        ends = np.where(estimate < 0.0, np.fmin(estimate, low), np.fmax(estimate, high))
        write_values(axes, ends, places, _value_texts(result, estimate, share))
        axes.set_xlabel(_axis_label(result, bool(np.isfinite(low).any())))
        axes.set_title(f"Importance for {wrap_label(result.outcome, 60)}", loc="left")
    return axes


def _numbers(table: pd.DataFrame, name: str) -> FloatArray:
    return table[name].to_numpy(dtype=np.float64)


def _value_texts(result: ImportanceResult, estimate: FloatArray, share: FloatArray) -> list[str]:
    if result.method in _DECOMPOSITIONS:
        return [format_percent(part) for part in share]
    return [format_number(value, 2) for value in estimate]


def _axis_label(result: ImportanceResult, has_intervals: bool) -> str:
    text = _MEANING[result.method].format(format_number(result.r_squared, 2))
    if has_intervals:
        text += f";\nerror bars: {format_percent(result.conf_level)} bootstrap interval"
    return text
