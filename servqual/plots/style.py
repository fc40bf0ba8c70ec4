"""What every plot shares: colours by role, axes to draw on, and labels that are safe to draw."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from servqual.errors import MissingDependencyError, OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ACCENT",
    "EXPECTATION",
    "FAINT",
    "FONT_SIZE",
    "GROUP_STYLES",
    "NEUTRAL",
    "PERCEPTION",
    "SHORTFALL",
    "SMALL_FONT_SIZE",
    "SURPLUS",
    "canvas",
    "escape_math",
    "format_percent",
    "format_tick",
    "ink",
    "wrap_label",
]

Projection: TypeAlias = Literal["rectilinear", "polar", "3d"]

# Colours of Okabe & Ito (2008), "Color Universal Design", https://jfly.uni-koeln.de/color/.
# No plot relies on colour alone: direction, filling or the shape of the marker says the same.
SHORTFALL: Final = "#D55E00"
SURPLUS: Final = "#009E73"
EXPECTATION: Final = "#E69F00"
PERCEPTION: Final = "#0072B2"
ACCENT: Final = "#0072B2"
#: Lines that carry no message of their own.
NEUTRAL: Final = "#7F7F7F"
#: Fill of what is not distinguishable from zero, light enough to differ in greyscale too.
FAINT: Final = "#DADADA"

#: Colour and marker of each group, in their order. Grey stands for Okabe and Ito's yellow, which is
#: hard to see on white.
GROUP_STYLES: Final[tuple[tuple[str, str], ...]] = (
    ("#0072B2", "o"),
    ("#D55E00", "s"),
    ("#009E73", "^"),
    ("#000000", "D"),
    ("#CC79A7", "v"),
    ("#E69F00", "P"),
    ("#56B4E9", "X"),
    ("#7F7F7F", "p"),
)

FONT_SIZE: Final = 9.5
SMALL_FONT_SIZE: Final = 8.5

#: Of figures that are made here; an Axes that is handed in keeps the style of its owner.
_RC: Final[dict[Any, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#333333",
    "axes.facecolor": "white",
    "axes.labelcolor": "#222222",
    "axes.labelsize": FONT_SIZE,
    "axes.titlecolor": "#222222",
    "axes.titlesize": FONT_SIZE + 1.5,
    "axes.titleweight": "bold",
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.dpi": 110.0,
    "figure.facecolor": "white",
    "font.size": FONT_SIZE,
    "legend.fontsize": SMALL_FONT_SIZE,
    "text.color": "#222222",
    "xtick.color": "#333333",
    "xtick.labelsize": SMALL_FONT_SIZE,
    "ytick.color": "#222222",
    "ytick.labelsize": FONT_SIZE,
}


@contextmanager
def canvas(
    ax: Axes | None, *, width: float, height: float, projection: Projection = "rectilinear"
) -> Iterator[Axes]:
    """Give axes to draw on: the ones handed in, or those of a new pyplot figure.

    The new figure is pyplot's, so that notebooks show it; it is closed again if drawing fails. The
    settings of its style hold inside the ``with`` block only.

    Parameters
    ----------
    ax : Axes or None
        Where to draw; None makes a figure.
    width, height : float
        Size of the new figure in inches.
    projection : {"rectilinear", "polar", "3d"}, default "rectilinear"
        Kind of axes that the plot needs.

    Yields
    ------
    Axes

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `ax` is not an Axes, or not one of the kind that is needed.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with canvas(None, width=5.0, height=3.0) as ax:
    ...     lines = ax.plot([1, 2], [3, 4])
    >>> plt.close(ax.figure)
    """
    try:
        import matplotlib
    except ImportError as error:
        raise MissingDependencyError.for_extra("matplotlib", "plot", "Plotting") from error
    if ax is not None:
        _check_axes(ax, projection)
        yield ax
        return
    # Not before: axes handed in may belong to a program that keeps away from pyplot's state.
    import matplotlib.pyplot as plt

    with matplotlib.rc_context(_RC):
        keywords = {} if projection == "rectilinear" else {"projection": projection}
        figure, own = plt.subplots(
            figsize=(width, height), layout="constrained", subplot_kw=keywords
        )
        try:
            yield own
        except BaseException:
            plt.close(figure)
            raise


def _check_axes(ax: object, projection: Projection) -> None:
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise OptionError(
            f"`ax` is of type {type(ax).__name__}, but must be one matplotlib Axes. "
            "If it came from `plt.subplots(1, 2)`, pass one of them, as in `ax=axes[0]`."
        )
    if projection == "polar" and ax.name != "polar":
        raise OptionError(
            f"`ax` has a {ax.name} projection, but a radar chart needs polar axes. Make them by "
            '`plt.subplots(subplot_kw={"projection": "polar"})`, or leave `ax` out.'
        )
    if projection == "3d" and ax.name != "3d":
        raise OptionError(
            f"`ax` has a {ax.name} projection, but a surface needs three dimensions. Make them by "
            '`plt.subplots(subplot_kw={"projection": "3d"})`, or leave `ax` out.'
        )
    if projection != "polar" and ax.name == "polar":
        raise OptionError(
            "`ax` is polar, but this plot needs ordinary axes. Make them by `plt.subplots()`, or "
            "leave `ax` out."
        )


def ink() -> str:
    """Colour of text in the style that is in force, for lines that must be as visible as text.

    Returns
    -------
    str

    Examples
    --------
    >>> ink()
    'black'
    """
    import matplotlib

    return str(matplotlib.rcParams["text.color"])


def escape_math(text: str) -> str:
    r"""Make matplotlib draw every character as it is, instead of reading ``$…$`` as a formula.

    Parameters
    ----------
    text : str
        Text from the data.

    Returns
    -------
    str

    Examples
    --------
    >>> print(escape_math("fees of $5 to $9"))
    fees of \$5 to \$9
    """
    return text.replace("$", r"\$")


def wrap_label(text: str, width: int = 34, max_lines: int = 3) -> str:
    r"""Break a label from the data into lines and escape it; what is too long ends with "…".

    Parameters
    ----------
    text : str
        Text from the data; control characters and runs of white space become one space.
    width : int, default 34
        The most characters per line.
    max_lines : int, default 3
        The most lines.

    Returns
    -------
    str

    Examples
    --------
    >>> print(wrap_label("5 Keeps its time promises", width=16))
    5 Keeps its time
    promises
    """
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    lines = textwrap.wrap(printable, width, max_lines=max_lines, placeholder="…")
    return escape_math("\n".join(lines))


def format_tick(value: float, position: float | None = None) -> str:
    """Write the number at a tick, with a real minus sign whatever matplotlib is set to.

    Parameters
    ----------
    value : float
        Where the tick is.
    position : float, optional
        Its place among the ticks; matplotlib passes it, and it does not matter.

    Returns
    -------
    str

    Examples
    --------
    >>> format_tick(-0.5)
    '−0.5'
    """
    text = f"{value:g}"
    return "0" if float(text) == 0.0 else text.replace("-", "−")


def format_percent(share: float) -> str:
    """Write a share as a percentage, with a space that no line break divides; a dash for nan.

    Parameters
    ----------
    share : float
        1 is the whole.

    Returns
    -------
    str
        Whole percent, except above 99% (confidence levels such as 99.5%).

    Examples
    --------
    >>> format_percent(0.95)
    '95%'
    """
    if not math.isfinite(share):
        return "–"
    percent = 100.0 * share
    text = f"{percent:.4g}" if 99.0 < percent < 100.0 else f"{percent:.0f}"
    return ("0" if float(text) == 0.0 else text.replace("-", "−")) + "%"
