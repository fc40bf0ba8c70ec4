"""Pictures of relative importance: what each predictor contributes to R²."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.errors import OptionError
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
    GROUP_STYLES,
    NEUTRAL,
    SMALL_FONT_SIZE,
    canvas,
    format_percent,
    ink,
    wrap_label,
)
from servqual.results import format_number
from servqual.typing import FloatArray, ImportanceMethod, ImportancePlot, check_option

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from servqual.analyses.relative_importance import ImportanceResult

__all__ = ["plot_importance"]

#: What a bar's length is, under the method; the scale, and what all explain, are put in.
_MEANING: Final[dict[ImportanceMethod, str]] = {
    "lmg": "Share of {0} (LMG; the bars add up to {0} = {1})",
    "dominance": "Share of {0} (general dominance; the bars add up to {0} = {1})",
    "relative-weights": "Share of {0} (relative weights; the bars add up to {0} = {1})",
    "pratt": "Share of {0} (Pratt's measure; the bars add up to {0} = {1})",
    "first": "{0} of each predictor alone (all together: {0} = {1})",
    "last": "{0} lost without the predictor (of {0} = {1})",
    "partial": "Squared partial correlation given the other predictors",
}
_GROUPED: Final = "Share of {0} (Owen values; the groups add up to {0} = {1})"

#: How a legend names methods.
_NAMES: Final[dict[ImportanceMethod, str]] = {
    "lmg": "LMG",
    "dominance": "general dominance",
    "relative-weights": "relative weights",
    "pratt": "Pratt",
    "first": "first",
    "last": "last",
    "partial": "partial",
}
#: Methods whose contributions add up to R².
_DECOMPOSITIONS: Final[tuple[ImportanceMethod, ...]] = (
    "lmg",
    "relative-weights",
    "pratt",
    "dominance",
)


def plot_importance(
    result: ImportanceResult, *, kind: ImportancePlot | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the predictors' contributions to R², the largest at the top.

    Parameters
    ----------
    result : ImportanceResult
        From `servqual.relative_importance`.
    kind : {"bars", "methods", "groups", "conditional"}, optional
        ``"bars"``: contributions by the result's method, with intervals. ``"methods"``: shares by
        several methods, a dot for each. ``"groups"``: a bar for each group, and below it those of
        its predictors. ``"conditional"``: average gains by the number of other predictors, a line
        for each. Default: groups or methods if the result has them, else bars.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, as high as the rows need, which notebooks show.

    Returns
    -------
    Axes
        With one row per predictor, at the heights 0, 1, … from the top. The text at a bar's end is
        its share of R² in percent; for the methods whose contributions do not add up to R², it is
        the contribution itself.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `ax` is not an ordinary Axes, or the result does not hold what such a picture shows.

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
    chosen = _chosen_kind(result, kind)
    if chosen == "conditional":
        return _draw_conditional(result, ax)
    if chosen == "methods":
        return _draw_methods(result, ax)
    if chosen == "groups":
        return _draw_groups(result, ax)
    return _draw_bars(result, ax)


def _chosen_kind(result: ImportanceResult, kind: ImportancePlot | None) -> ImportancePlot:
    if kind is None:
        if len(result.groups):
            return "groups"
        return "methods" if len(result.methods) > 1 else "bars"
    check_option("kind", kind, ImportancePlot)
    missing = {
        "bars": "",
        "methods": "" if len(result.methods) > 1 else 'several methods, as in `method="all"`',
        "groups": "" if len(result.groups) else 'groups, as in `groups="dimensions"`',
        "conditional": "" if len(result.conditional) else '`method="dominance"`',
    }[kind]
    if missing:
        raise OptionError(
            f'`kind` is "{kind}", but this result was made without {missing}. Run '
            "`relative_importance` with it, or leave `kind` out."
        )
    return kind


def _draw_bars(result: ImportanceResult, ax: Axes | None) -> Axes:
    table = _of_method(result, result.tidy())
    # Descending, nan last; ties keep the order of the table.
    table = table.iloc[np.argsort(-_numbers(table, "estimate"), kind="stable")]
    estimate, share, low, high = (
        _numbers(table, name) for name in ("estimate", "share", "conf_low", "conf_high")
    )
    labels = _labels(table, "term")
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels)) as axes:
        places = prepare_rows(axes, labels)
        axes.barh(places, estimate, height=0.62, color=ACCENT, alpha=0.75, zorder=2)
        draw_intervals(axes, estimate, low, high, places)
        axes.axvline(0.0, color=ink(), linewidth=1.0, zorder=2.5)
        set_span(axes, estimate, low, high)
        write_values(
            axes, _ends(estimate, low, high), places, _value_texts(result, estimate, share)
        )
        _finish(axes, result, _MEANING[result.method], bool(np.isfinite(low).any()))
    return axes


def _draw_groups(result: ImportanceResult, ax: Axes | None) -> Axes:
    """Wide dark bars of groups, narrow light ones of their predictors."""
    groups = _of_method(result, result.groups)
    groups = groups.iloc[np.argsort(-_numbers(groups, "estimate"), kind="stable")]
    items = _of_method(result, result.tidy())
    parts, is_group = [], []
    for _, group in groups.iterrows():
        own = items[items["group"] == group["group"]]
        own = own.iloc[np.argsort(-_numbers(own, "estimate"), kind="stable")]
        parts.append((wrap_label(str(group["label"] or group["group"])), group))
        parts.extend(zip(_labels(own, "term"), (row for _, row in own.iterrows()), strict=True))
        is_group += [True, *[False] * len(own)]
    labels = [label for label, _ in parts]
    estimate, share, low, high = (
        np.array([float(row[name]) for _, row in parts])
        for name in ("estimate", "share", "conf_low", "conf_high")
    )
    whole = np.array(is_group)
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels)) as axes:
        places = prepare_rows(axes, labels)
        axes.barh(places[whole], estimate[whole], height=0.74, color=ACCENT, alpha=0.85, zorder=2)
        axes.barh(places[~whole], estimate[~whole], height=0.5, color=ACCENT, alpha=0.35, zorder=2)
        draw_intervals(axes, estimate, low, high, places)
        axes.axvline(0.0, color=ink(), linewidth=1.0, zorder=2.5)
        set_span(axes, estimate, low, high)
        write_values(axes, _ends(estimate, low, high), places, [format_percent(s) for s in share])
        for label, bold in zip(axes.get_yticklabels(), is_group, strict=True):
            label.set_fontweight("bold" if bold else "normal")
        meaning = _GROUPED if result.method == "lmg" else _MEANING[result.method]
        _finish(axes, result, meaning, bool(np.isfinite(low).any()))
    return axes


def _draw_methods(result: ImportanceResult, ax: Axes | None) -> Axes:
    """Shares side by side, in the order of the first method."""
    table = result.tidy()
    main = _of_method(result, table)
    main = main.iloc[np.argsort(-_numbers(main, "share"), kind="stable")]
    labels = _labels(main, "term")
    n_methods = len(result.methods)
    offsets = (np.arange(n_methods) - 0.5 * (n_methods - 1)) * min(0.22, 0.66 / n_methods)
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels, per_row=n_methods)) as axes:
        places = prepare_rows(axes, labels)
        every = []
        for method, offset, (colour, marker) in zip(
            result.methods, offsets, GROUP_STYLES, strict=False
        ):
            own = table[table["method"] == method].set_index("term").loc[list(main["term"])]
            share, low, high = (
                _numbers(own, name) for name in ("share", "share_low", "share_high")
            )
            draw_intervals(axes, share, low, high, places + offset, colour=colour)
            axes.plot(
                share,
                places + offset,
                linestyle="none",
                marker=marker,
                markersize=5.5,
                color=colour,
                label=_NAMES[method],
                zorder=4,
            )
            every += [share, low, high]
        axes.axvline(0.0, color=ink(), linewidth=1.0, zorder=2.5)
        set_span(axes, *every, room_for_text=False)
        axes.xaxis.set_major_formatter(_percent)
        for border in places[1:] - 0.5:
            axes.axhline(border, color=NEUTRAL, alpha=0.25, linewidth=0.6, zorder=1)
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            borderaxespad=0.0,
            frameon=False,
            fontsize=SMALL_FONT_SIZE,
            handletextpad=0.2,
        )
        has_intervals = bool(np.isfinite(np.concatenate(every[1::3])).any())
        _finish(axes, result, "Share of each method's own sum", has_intervals)
    return axes


def _draw_conditional(result: ImportanceResult, ax: Axes | None) -> Axes:
    """A line for each predictor, from R² alone to R² added last."""
    table = result.conditional
    order = _of_method(result, result.tidy(), ("dominance", "lmg"))
    order = order.iloc[np.argsort(-_numbers(order, "estimate"), kind="stable")]
    with canvas(ax, width=FIGURE_WIDTH, height=4.2) as axes:
        for place, (term, label) in enumerate(
            zip(order["term"], _labels(order, "term"), strict=True)
        ):
            own = table[table["term"] == term]
            size, estimate = _numbers(own, "size"), _numbers(own, "estimate")
            # More lines than there are colours stay in the background.
            named = place < len(GROUP_STYLES)
            colour, marker = GROUP_STYLES[place] if named else (NEUTRAL, "")
            axes.plot(
                size,
                estimate,
                color=colour,
                marker=marker,
                markersize=5.0,
                linewidth=1.5 if named else 0.8,
                alpha=1.0 if named else 0.6,
                zorder=3.0 if named else 2.0,
                label=label if named else "_the rest",
            )
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.grid(visible=True, axis="y", color=NEUTRAL, alpha=0.25, linewidth=0.6)
        axes.set_xticks(np.arange(table["size"].max() + 1))
        axes.set_xlabel("Number of other predictors already in the model")
        axes.set_ylabel(f"Average gain in {_scale(result)}")
        axes.set_title(f"Conditional dominance for {wrap_label(result.outcome, 60)}", loc="left")
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            borderaxespad=0.0,
            frameon=False,
            fontsize=SMALL_FONT_SIZE,
        )
    return axes


def _of_method(
    result: ImportanceResult, table: pd.DataFrame, methods: Sequence[str] = ()
) -> pd.DataFrame:
    """Rows of the result's method, or of the first of some that is there."""
    if "method" not in table:
        return table
    present = [name for name in methods if (table["method"] == name).any()]
    return table[table["method"] == (present[0] if present else result.method)]


def _labels(table: pd.DataFrame, name: str) -> list[str]:
    pairs = zip(table["label"], table[name], strict=True)
    return [wrap_label(str(label or term)) for label, term in pairs]


def _numbers(table: pd.DataFrame, name: str) -> FloatArray:
    return table[name].to_numpy(dtype=np.float64)


def _ends(estimate: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    return np.where(estimate < 0.0, np.fmin(estimate, low), np.fmax(estimate, high))


def _percent(value: float, position: float | None = None) -> str:
    """Write the percentage at a tick."""
    return format_percent(value)


def _value_texts(result: ImportanceResult, estimate: FloatArray, share: FloatArray) -> list[str]:
    if result.method in _DECOMPOSITIONS:
        return [format_percent(part) for part in share]
    return [format_number(value, 2) for value in estimate]


def _scale(result: ImportanceResult) -> str:
    return "R²" if result.family == "ols" else "pseudo R²"


def _finish(axes: Axes, result: ImportanceResult, meaning: str, has_intervals: bool) -> None:
    text = meaning.format(_scale(result), format_number(result.r_squared, 2))
    if has_intervals:
        text += f";\nerror bars: {format_percent(result.conf_level)} bootstrap interval"
    axes.set_xlabel(text)
    axes.set_title(f"Importance for {wrap_label(result.outcome, 60)}", loc="left")
