"""Pictures of the report: drawn by `servqual.plots` or here, written as plain SVG."""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from servqual.plots.rows import draw_intervals, figure_height, prepare_rows, write_values
from servqual.plots.style import (
    PERCEPTION,
    wrap_label,
)
from servqual.reporting.fonts import OWN_FONT, fit_fonts
from servqual.reporting.words import two
from servqual.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches. Narrower than a notebook's, so that text stays readable where the page is narrow.
WIDTH: Final = 5.3
WIDE: Final = 6.8
HALF_WIDTH: Final = 4.8

_STYLE: Final[dict[Any, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#333333",
    "axes.labelcolor": "#222222",
    "axes.labelsize": 9.0,
    "axes.titlesize": 10.0,
    "axes.unicode_minus": True,
    "font.family": [OWN_FONT],
    "font.size": 9.0,
    "text.color": "#222222",
    "text.usetex": False,
    "xtick.color": "#333333",
    "xtick.labelsize": 8.5,
    "ytick.color": "#222222",
    "ytick.labelsize": 9.0,
    # The same shapes get the same names, so the same survey makes the same bytes.
    "svg.hashsalt": "servqual",
    "svg.fonttype": "path",
    "svg.image_inline": True,
}
_COMMENTS: Final = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_PREAMBLE: Final = re.compile(r"\A.*?(?=<svg)", re.DOTALL)
_METADATA: Final = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)


@contextmanager
def _figure(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """Axes on a figure of their own, not of pyplot's: reports may be made in threads of an app."""
    import matplotlib
    from matplotlib.figure import Figure as MatplotlibFigure

    # `fit_fonts` may change settings and filter warnings; both end with the figure.
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        figure = MatplotlibFigure(figsize=(width, height), layout="constrained")
        yield figure, figure.subplots()


def draw(
    draw_on: Callable[[Axes], object],
    labels: Sequence[str],
    *,
    per_row: int = 1,
    width: float = WIDTH,
) -> str:
    """Draw a picture of labelled rows.

    Parameters
    ----------
    draw_on : callable
        Draws on the axes that it is given.
    labels : sequence of str
        Labels of the rows, from which the height follows.
    per_row : int, default 1
        Estimates that share a row.
    width : float
        Inches.

    Returns
    -------
    str
        A ``data:`` URI.
    """
    height = figure_height([wrap_label(label) for label in labels], per_row=per_row)
    with _figure(width, height + 0.25) as (figure, axes):
        draw_on(axes)
        fit_fonts(figure)
        return to_data_uri(figure)


def draw_sized(
    draw_on: Callable[[Axes], object],
    *,
    width: float,
    height: float,
    measured: Sequence[str] = (),
) -> str:
    """Draw a picture whose height does not follow from rows.

    Parameters
    ----------
    draw_on : callable
        Draws on the axes that it is given.
    width, height : float
        Inches.
    measured : sequence of str
        Texts whose size is measured while they are drawn, so that their font must be known before.

    Returns
    -------
    str
        A ``data:`` URI.
    """
    with _figure(width, height) as (figure, axes):
        if measured:
            fit_fonts(figure, measured)
        draw_on(axes)
        fit_fonts(figure)
        return to_data_uri(figure)


def to_data_uri(figure: Figure) -> str:
    """Write a figure as SVG inside a ``data:`` URI, the same bytes for the same figure.

    Parameters
    ----------
    figure : Figure
        A matplotlib figure.

    Returns
    -------
    str
        For the ``src`` of an ``img``, where a browser runs no script and loads nothing.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue().decode("utf-8")
    for pattern in (_PREAMBLE, _COMMENTS, _METADATA):
        text = pattern.sub("", text)
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode("utf-8")).decode("ascii")


# ---- pictures of one side ------------------------------------------------------------------------


def draw_levels(
    labels: Sequence[str],
    mean: FloatArray,
    low: FloatArray,
    high: FloatArray,
    *,
    scale: tuple[float, float],
    axis_label: str,
) -> str:
    """Draw means of one side with their intervals on the answer scale, the lowest at the top.

    Parameters
    ----------
    labels : sequence of str
        One per row.
    mean, low, high : ndarray, shape (n_rows,)
        Means and limits.
    scale : tuple of float
        Ends of the answer scale.
    axis_label : str
        What is drawn.

    Returns
    -------
    str
        A ``data:`` URI.
    """
    order = np.argsort(mean, kind="stable")

    def draw_on(axes: Axes) -> None:
        places = prepare_rows(axes, [wrap_label(labels[place]) for place in order])
        draw_intervals(axes, mean[order], low[order], high[order], places)
        axes.scatter(mean[order], places, s=44.0, color=PERCEPTION, zorder=4)
        edge = 0.02 * (scale[1] - scale[0])
        axes.set_xlim(scale[0] - edge, scale[1] + edge)
        ends = np.fmax(mean[order], np.nan_to_num(high[order], nan=-np.inf))
        write_values(axes, ends, places, [two(value) for value in mean[order]])
        axes.set_xlabel(axis_label)

    return draw(draw_on, labels)
