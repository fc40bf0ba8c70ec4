"""Numbers from −1 to 1 in coloured cells: what heat maps of loadings and correlations share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.plots.style import ACCENT, NEUTRAL, SHORTFALL
from servqual.results import format_number
from servqual.typing import BoolArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

__all__ = ["colour_bar", "colour_map", "draw_cells", "format_coefficient", "label_cells"]

#: Inks for text on cells; the one that stands out more is taken.
_DARK: Final = (0.13, 0.13, 0.13)
_LIGHT: Final = (1.0, 1.0, 1.0)


def colour_map() -> Colormap:
    """Colours from −1 (vermilion) through 0 (white) to 1 (blue).

    The two ends are Okabe and Ito's, which readers with any kind of colour vision tell apart; the
    sign is also in the cell's number.

    Returns
    -------
    Colormap

    Examples
    --------
    >>> [float(part) for part in colour_map()(0.5)[:3]]
    [1.0, 1.0, 1.0]
    """
    from matplotlib.colors import LinearSegmentedColormap

    # An odd number of steps, so that one of them is exactly white.
    return LinearSegmentedColormap.from_list("negative-positive", [SHORTFALL, "white", ACCENT], 257)


def format_coefficient(value: float) -> str:
    """Write a coefficient with two decimals and, as it rarely reaches 1, without a leading zero.

    Parameters
    ----------
    value : float
        The coefficient.

    Returns
    -------
    str
        A dash for nan.

    Examples
    --------
    >>> format_coefficient(-0.416), format_coefficient(1.0213)
    ('−.42', '1.02')
    """
    text = format_number(value, 2)
    for sign in ("", "−"):
        if text.startswith(f"{sign}0."):
            return sign + text.removeprefix(f"{sign}0")
    return text


def draw_cells(
    ax: Axes,
    values: FloatArray,
    *,
    font_size: float | None,
    bold: BoolArray | None = None,
    plain: BoolArray | None = None,
) -> None:
    """Colour one cell per number, the first row at the top, and write the number in it.

    Cell (i, j) is centred at x = j, y = i.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    values : ndarray, shape (n_rows, n_columns)
        Numbers; colours end at −1 and 1, nan has none.
    font_size : float or None
        Of the numbers; None leaves them out.
    bold : ndarray of bool, shape (n_rows, n_columns), optional
        Numbers to stand out.
    plain : ndarray of bool, shape (n_rows, n_columns), optional
        Cells without a colour.
    """
    colours = colour_map()
    coloured = np.isfinite(values) if plain is None else np.isfinite(values) & ~plain
    n_rows, n_columns = values.shape
    ax.pcolormesh(
        np.arange(n_columns + 1) - 0.5,
        np.arange(n_rows + 1) - 0.5,
        np.ma.masked_array(np.clip(values, -1.0, 1.0), ~coloured),
        cmap=colours,
        vmin=-1.0,
        vmax=1.0,
        edgecolors="white",
        linewidth=0.8,
    )
    ax.set_xlim(-0.5, n_columns - 0.5)
    ax.set_ylim(n_rows - 0.5, -0.5)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    if font_size is None:
        return
    for (row, column), value in np.ndenumerate(values):
        filled = bool(coloured[row, column])
        red, green, blue, _ = colours(0.5 * (float(np.clip(value, -1.0, 1.0)) + 1.0))
        ax.text(
            column,
            row,
            format_coefficient(float(value)),
            ha="center",
            va="center",
            fontsize=font_size,
            fontweight="bold" if bold is not None and bold[row, column] else "normal",
            color=_ink_on((red, green, blue)) if filled else NEUTRAL,
        )


def label_cells(
    ax: Axes, rows: Sequence[str], columns: Sequence[str], *, top: bool, upright: bool = False
) -> None:
    """Label the rows on the left, and the columns above or below the cells.

    Parameters
    ----------
    ax : Axes
        With cells.
    rows, columns : sequence of str
        Labels, ready for drawing.
    top : bool
        Whether the columns are labelled above.
    upright : bool, default False
        Whether the columns' labels stand upright, as long ones must.
    """
    ax.set_yticks(np.arange(len(rows)), list(rows))
    ax.set_xticks(np.arange(len(columns)), list(columns))
    ax.tick_params(length=0, top=False, bottom=False, left=False, right=False)
    ax.tick_params(
        axis="x", labeltop=top, labelbottom=not top, labelrotation=90.0 if upright else 0.0
    )


def colour_bar(ax: Axes, label: str) -> None:
    """Explain the colours beside cells that have no numbers.

    Parameters
    ----------
    ax : Axes
        With cells.
    label : str
        What the numbers are.
    """
    bar = ax.figure.colorbar(ax.collections[0], ax=ax, fraction=0.04, pad=0.02)
    bar.set_ticks([-1.0, -0.5, 0.0, 0.5, 1.0], labels=["−1", "−.5", "0", ".5", "1"])
    bar.outline.set_visible(False)
    bar.set_label(label)


def _ink_on(background: tuple[float, float, float]) -> tuple[float, float, float]:
    """The ink that stands out more, by the contrast of WCAG 2 (W3C, 2008)."""
    here = _luminance(background)
    light = (_luminance(_LIGHT) + 0.05) / (here + 0.05)
    dark = (here + 0.05) / (_luminance(_DARK) + 0.05)
    return _LIGHT if light > dark else _DARK


def _luminance(colour: tuple[float, float, float]) -> float:
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
