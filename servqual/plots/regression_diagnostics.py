"""Residuals of a regression: against fitted values, against normal quantiles, against leverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

import numpy as np

from servqual.errors import OptionError
from servqual.numerics.regression_diagnostics import influence
from servqual.plots.style import (
    ACCENT,
    NEUTRAL,
    SHORTFALL,
    SMALL_FONT_SIZE,
    canvas,
    escape_math,
    format_tick,
    ink,
    wrap_label,
)
from servqual.typing import DiagnosticPlot, FloatArray, check_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from servqual.analyses.regression_diagnostics import RegressionDiagnosticsResult

__all__ = ["plot_regression_diagnostics"]

_NAMED: Final = 3

_TITLES: Final[dict[str, str]] = {
    "residuals": "Residuals and fitted values",
    "qq": "Normal quantiles",
    "scale-location": "Scale and location",
    "leverage": "Residuals and leverage",
}


def plot_regression_diagnostics(
    result: RegressionDiagnosticsResult,
    *,
    kind: DiagnosticPlot | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the residuals of a regression in four ways, or in one of them.

    Parameters
    ----------
    result : RegressionDiagnosticsResult
        From `RegressionResult.diagnostics`.
    kind : {"residuals", "qq", "scale-location", "leverage"}, optional
        Which picture. Default: all four, in one new figure.
    ax : Axes, optional
        Where to draw one picture. Default: a new pyplot figure.

    Returns
    -------
    Axes
        Of all four the first; the others are in its figure. The three respondents with the largest
        Cook's distance are marked by their row.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `kind` is not known, or four pictures shall go into one `ax`.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> fit = sq.regression(sq.load_example("bank"), outcome="satisfaction")
    >>> ax = plot_regression_diagnostics(fit.diagnostics())
    >>> len(ax.figure.axes)
    4
    >>> plt.close(ax.figure)
    """
    if kind is not None:
        check_option("kind", kind, DiagnosticPlot)
        points = _Points(result)
        with canvas(ax, width=5.4, height=4.2) as axes:
            _draw(points, kind, axes)
        return axes
    if ax is not None:
        raise OptionError(
            "Four pictures do not go into one `ax`. Name one of them in `kind`: "
            f"{', '.join(get_args(DiagnosticPlot))}; or leave `ax` out."
        )
    return _draw_panels(_Points(result))


class _Points:
    """What is drawn, taken from the fitted model."""

    def __init__(self, result: RegressionDiagnosticsResult) -> None:
        model = result.model.model
        found = influence(
            np.asarray(model.wexog, dtype=np.float64), np.asarray(model.wendog, dtype=np.float64)
        )
        self.outcome = result.outcome
        self.rows = np.asarray(model.data.row_labels, dtype=np.int64)
        self.fitted = np.asarray(result.model.fittedvalues, dtype=np.float64)
        self.residual = np.asarray(result.model.resid, dtype=np.float64)
        self.standardised = found.standardised
        self.leverage = found.leverage
        self.cooks_distance = found.cooks_distance
        self.n_terms = int(model.exog.shape[1])
        order = np.argsort(-np.nan_to_num(found.cooks_distance, nan=-1.0), kind="stable")
        _, first = np.unique(self.rows[order], return_index=True)
        self.marked = order[np.sort(first)[:_NAMED]]


def _draw_panels(points: _Points) -> Axes:
    """Four pictures in one figure, in the style of all figures that are made here."""
    # The canvas makes the figure and its style; three more axes join the first.
    with canvas(None, width=9.4, height=7.6) as axes:
        figure = axes.get_figure()
        assert figure is not None
        grid = figure.add_gridspec(2, 2)
        axes.set_subplotspec(grid[0, 0])
        others = [figure.add_subplot(grid[place // 2, place % 2]) for place in (1, 2, 3)]
        for kind, panel in zip(get_args(DiagnosticPlot), [axes, *others], strict=True):
            _draw(points, kind, panel)
    return axes


def _draw(points: _Points, kind: DiagnosticPlot, axes: Axes) -> None:
    if kind == "residuals":
        _draw_residuals(points, axes)
    elif kind == "qq":
        _draw_quantiles(points, axes)
    elif kind == "scale-location":
        _draw_scale(points, axes)
    else:
        _draw_leverage(points, axes)
    axes.xaxis.set_major_formatter(format_tick)
    axes.yaxis.set_major_formatter(format_tick)
    axes.set_title(_TITLES[kind], loc="left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _scatter(axes: Axes, x: FloatArray, y: FloatArray, points: _Points) -> None:
    """Draw all respondents, and name those with the largest Cook's distance."""
    shade = float(np.clip(60.0 / np.sqrt(len(x)) / 4.0, 0.15, 0.7))
    axes.plot(
        x, y, "o", markersize=4.5, color=ACCENT, alpha=shade, markeredgewidth=0, rasterized=True
    )
    middle = float(np.nanmean(x))
    for place in points.marked:
        if not np.isfinite([x[place], y[place]]).all():
            continue
        axes.plot([x[place]], [y[place]], "o", markersize=5, color=SHORTFALL)
        right = x[place] > middle
        axes.annotate(
            escape_math(str(points.rows[place])),
            (x[place], y[place]),
            xytext=(-5 if right else 5, 3),
            textcoords="offset points",
            ha="right" if right else "left",
            fontsize=SMALL_FONT_SIZE - 1.0,
        )


def _trend(axes: Axes, x: FloatArray, y: FloatArray) -> None:
    """Draw a smooth line, where there are enough different values for one."""
    from statsmodels.nonparametric.smoothers_lowess import lowess

    known = np.isfinite(x) & np.isfinite(y)
    if len(np.unique(x[known])) < 10:
        return
    reach = 0.01 * float(np.ptp(x[known]))
    line = lowess(y[known], x[known], frac=2.0 / 3.0, delta=reach)
    axes.plot(line[:, 0], line[:, 1], color=SHORTFALL, linewidth=1.6)


def _draw_residuals(points: _Points, axes: Axes) -> None:
    axes.axhline(0.0, color=NEUTRAL, linewidth=0.9, linestyle="--")
    _scatter(axes, points.fitted, points.residual, points)
    _trend(axes, points.fitted, points.residual)
    axes.set_xlabel(f"Fitted {wrap_label(points.outcome, 40, 1)}")
    axes.set_ylabel("Residual")


def _draw_quantiles(points: _Points, axes: Axes) -> None:
    from scipy.special import ndtri

    known = np.flatnonzero(np.isfinite(points.standardised))
    order = known[np.argsort(points.standardised[known], kind="stable")]
    shift = 3.0 / 8.0 if order.size <= 10 else 0.5
    quantiles = np.full(len(points.standardised), np.nan)
    quantiles[order] = ndtri(
        (np.arange(1, order.size + 1) - shift) / (order.size + 1.0 - 2.0 * shift)
    )
    ends = np.array([np.nanmin(quantiles), np.nanmax(quantiles)])
    axes.plot(ends, ends, color=NEUTRAL, linewidth=0.9, linestyle="--")
    _scatter(axes, quantiles, points.standardised, points)
    axes.set_xlabel("Normal quantile")
    axes.set_ylabel("Standardised residual")


def _draw_scale(points: _Points, axes: Axes) -> None:
    size = np.sqrt(np.abs(points.standardised))
    _scatter(axes, points.fitted, size, points)
    _trend(axes, points.fitted, size)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel(f"Fitted {wrap_label(points.outcome, 40, 1)}")
    axes.set_ylabel("Root of the absolute standardised residual")


def _draw_leverage(points: _Points, axes: Axes) -> None:
    axes.axhline(0.0, color=NEUTRAL, linewidth=0.9, linestyle="--")
    _scatter(axes, points.leverage, points.standardised, points)
    known = np.isfinite(points.standardised)
    right = 1.05 * float(points.leverage[known].max())
    top = 1.15 * float(np.abs(points.standardised[known]).max())
    across = np.linspace(1e-4, min(right, 0.999), 200)
    for distance, style in ((0.5, ":"), (1.0, "--")):
        # Where Cook's distance is this much.
        height = np.sqrt(distance * points.n_terms * (1.0 - across) / across)
        if height.min() < top:
            for sign in (1.0, -1.0):
                axes.plot(across, sign * height, style, color=ink(), linewidth=0.9)
            if height[-1] < 0.9 * top:
                # Below the line, which falls to the right.
                axes.annotate(
                    f"Cook's distance {distance:g}",
                    (across[-1], height[-1]),
                    xytext=(-2, -2),
                    textcoords="offset points",
                    ha="right",
                    va="top",
                    fontsize=SMALL_FONT_SIZE - 1.5,
                )
    axes.set_xlim(0.0, right)
    axes.set_ylim(-top, top)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel("Leverage")
    axes.set_ylabel("Standardised residual")
