"""The picture of a regression: coefficients, odds ratios or marginal effects, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.analyses.choice_tables import TOP_TWO
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
    canvas,
    format_percent,
    format_tick,
    ink,
    wrap_label,
)
from servqual.results import format_number
from servqual.typing import CoefficientPlot, FloatArray, check_option

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from servqual.analyses.regression_result import RegressionResult

__all__ = ["plot_coefficients"]

#: Distances between the ticks of odds ratios, as factors: the first that needs few enough is used.
_LADDERS: Final[tuple[tuple[float, ...], ...]] = (
    (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0),
    (0.1, 0.2, 0.25, 0.33, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 10.0),
    (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0),
    tuple(10.0**power for power in range(-4, 5)),
    tuple(10.0 ** (4 * power) for power in range(-4, 5)),
)
_FEWEST_TICKS: Final = 3
_MOST_TICKS: Final = 9


def plot_coefficients(
    result: RegressionResult, *, kind: CoefficientPlot = "coefficients", ax: Axes | None = None
) -> Axes:
    """Draw the slopes of a regression with their intervals, one row per term.

    Parameters
    ----------
    result : RegressionResult
        From `servqual.regression`.
    kind : {"coefficients", "effects"}, default "coefficients"
        Coefficients, which for logits are drawn as odds ratios on a logarithmic axis; or average
        marginal effects, on the top two answers or on the higher of two.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, as high as the rows need, which notebooks show.

    Returns
    -------
    Axes
        With one row per term, at the heights 0, 1, … from the top, without the intercept. Terms
        whose interval holds no effect (zero, or an odds ratio of one) have an open marker.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `kind` is not known, `ax` is not an ordinary Axes, or a linear regression is asked for
        marginal effects.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> fit = sq.regression(sq.load_example("bank"), outcome="SAT1", family="ordered-logit")
    >>> ax = plot_coefficients(fit)
    >>> ax.get_title(loc="left")
    'What goes with SAT1'
    >>> plt.close(ax.figure)
    """
    check_option("kind", kind, CoefficientPlot)
    table = result.coefficients[result.coefficients["term"] != "(Intercept)"]
    labels = [
        wrap_label(str(label or term))
        for label, term in zip(table["label"], table["term"], strict=True)
    ]
    if kind == "effects":
        table = _effects(result)
    has_odds = kind == "coefficients" and bool(table["odds_ratio"].notna().any())
    estimate, low, high = (_numbers(table, name) for name in ("estimate", "conf_low", "conf_high"))
    with canvas(ax, width=FIGURE_WIDTH, height=figure_height(labels) + 0.15) as axes:
        places = prepare_rows(axes, labels)
        axes.axvline(0.0, color=ink(), linewidth=1.0, zorder=1.5)
        draw_intervals(axes, estimate, low, high, places)
        told = (low > 0.0) | (high < 0.0)
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
        set_span(axes, estimate, low, high)
        ends = np.where(estimate < 0.0, np.fmin(estimate, low), np.fmax(estimate, high))
        if has_odds:
            _label_odds(axes)
            texts = [_odds_text(float(np.exp(value))) for value in estimate]
        elif kind == "effects":
            axes.xaxis.set_major_formatter(lambda value, _: format_tick(round(100.0 * value, 6)))
            texts = [format_number(100.0 * value, 1) for value in estimate]
        else:
            texts = [format_number(value, 2) for value in estimate]
        write_values(axes, ends, places, texts)
        axes.set_xlabel(_axis_label(result, kind, has_odds, bool(np.isfinite(low).any())))
        axes.set_title(f"What goes with {wrap_label(result.outcome, 60)}", loc="left")
    return axes


def _numbers(table: pd.DataFrame, name: str) -> FloatArray:
    return table[name].to_numpy(dtype=np.float64)


def _effects(result: RegressionResult) -> pd.DataFrame:
    """Marginal effects on the top two answers, or on the higher of two."""
    effects = result.marginal_effects
    if not len(effects):
        raise OptionError(
            '`kind="effects"` needs marginal effects, which only the families "ordered-logit", '
            '"ordered-probit" and "logit" have: in a linear regression they are the coefficients. '
            'Use `kind="coefficients"`.'
        )
    return effects[effects["outcome_level"] == _target(effects)]


def _target(effects: pd.DataFrame) -> str:
    levels = effects["outcome_level"].tolist()
    return TOP_TWO if TOP_TWO in levels else str(levels[-1])


def _odds_text(ratio: float) -> str:
    """Write an odds ratio with two decimals, or with two digits where that would hide it."""
    if 0.01 <= ratio < 1000.0 or not np.isfinite(ratio):
        return format_number(ratio, 2)
    return format_tick(float(f"{ratio:.2g}"))


def _label_odds(axes: Axes) -> None:
    """Put odds ratios at the ticks of an axis of their logarithms."""
    low, high = np.exp(axes.get_xlim())
    for ladder in _LADDERS:
        ticks = [step for step in ladder if low <= step <= high]
        reaches = ladder[0] <= low * 1.5 and ladder[-1] >= high / 1.5
        if reaches and _FEWEST_TICKS <= len(ticks) <= _MOST_TICKS:
            break
    else:
        # An axis narrower or wider than all of these keeps the places that matplotlib chose.
        ticks = [float(np.exp(tick)) for tick in axes.get_xticks()]
    span = axes.get_xlim()
    axes.set_xticks(np.log(ticks), [format_tick(float(f"{tick:.4g}")) for tick in ticks])
    axes.set_xlim(span)


def _axis_label(
    result: RegressionResult, kind: CoefficientPlot, has_odds: bool, has_intervals: bool
) -> str:
    if kind == "effects":
        target = _target(result.marginal_effects)
        whose = "the two highest answers" if target == TOP_TWO else f"the answer {target}"
        text = f"Percentage points of the share of {whose}, for one point more"
    elif has_odds:
        odds = "a higher answer" if result.family == "ordered-logit" else "the higher answer"
        text = f"Odds ratio of {odds} for one point more"
    elif result.family == "ordered-probit":
        text = "Coefficient: standard deviations of what lies behind the answers"
    else:
        text = "Coefficient: points of the outcome for one point more"
    if has_intervals:
        text += f";\nlines: {format_percent(result.conf_level)} interval"
    return text
