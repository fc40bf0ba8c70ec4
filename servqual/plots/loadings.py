"""Pictures of factor loadings: a heat map by dimension, and how well factors match a theory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.plots.cells import draw_cells, label_cells
from servqual.plots.style import FONT_SIZE, NEUTRAL, SMALL_FONT_SIZE, canvas, wrap_label
from servqual.typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from servqual.analyses.congruence import CongruenceResult
    from servqual.analyses.efa import EFAResult

__all__ = ["plot_congruence", "plot_loadings"]

#: Inches.
_ROW: Final = 0.26
_SECOND_LINE: Final = 0.14
_COLUMN: Final = 0.62
_LETTER: Final = 0.075
_LABEL_WIDTH: Final = 42
#: Cells are light whatever the style, so the lines across them are dark.
_LINE: Final = "#222222"


def plot_loadings(result: EFAResult, *, ax: Axes | None = None) -> Axes:
    """Draw the loadings as coloured cells, one row per item, grouped by dimension.

    Parameters
    ----------
    result : EFAResult
        From `servqual.efa`.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, as high as the rows need, which notebooks show.

    Returns
    -------
    Axes
        With one row per item at the heights 0, 1, … from the top, and one column per factor. Each
        item's largest loading is in bold. Dimensions are named on the right; items that belong to
        none stand as they are in the result.

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
    >>> ax = plot_loadings(sq.efa(sq.load_example("bank")))
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['F1', 'F2', 'F3', 'F4', 'F5']
    >>> plt.close(ax.figure)
    """
    known = () if result.instrument is None else result.instrument.dimensions
    groups = _groups(result.items, {part.key: part.label for part in known})
    order = [place for group in groups for place in group.places]
    items = result.items.iloc[order]
    values = result.loadings.to_numpy(dtype=np.float64)[order]
    labels = [
        wrap_label(_item_label(name, label), _LABEL_WIDTH, 2)
        for name, label in zip(items["item"], items["label"], strict=True)
    ]
    width, height = _figure_size(labels, values.shape[1], [group.label for group in groups])
    with canvas(ax, width=width, height=height) as axes:
        draw_cells(axes, values, font_size=SMALL_FONT_SIZE, bold=_largest(values))
        label_cells(axes, labels, [str(name) for name in result.loadings.columns], top=True)
        _draw_groups(axes, groups, values.shape[1])
        axes.set_title(_title(result), loc="left")
    return axes


def plot_congruence(result: CongruenceResult, *, ax: Axes | None = None) -> Axes:
    """Draw how congruent each factor is with each dimension, as coloured cells.

    Parameters
    ----------
    result : CongruenceResult
        From `EFAResult.congruence`.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, which notebooks show.

    Returns
    -------
    Axes
        With one row per dimension and one column per factor, in the order in which factors and
        dimensions were matched, so that the matched pairs, in bold, stand on the diagonal.

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
    >>> ax = plot_congruence(sq.efa(sq.load_example("bank")).congruence())
    >>> ax.get_yticklabels()[0].get_text()
    'Tangibles'
    >>> plt.close(ax.figure)
    """
    factors = list(result.dimensions["factor"])
    keys = list(result.dimensions["dimension"])
    values = result.matrix.loc[factors, keys].to_numpy(dtype=np.float64).T
    names = zip(result.dimensions["label"], keys, strict=True)
    labels = [wrap_label(str(label or key), 28, 2) for label, key in names]
    width, height = _figure_size(labels, len(factors), [])
    with canvas(ax, width=max(width, 4.6), height=height + 0.14 * len(labels)) as axes:
        diagonal = np.eye(len(factors), dtype=np.bool_)
        draw_cells(axes, values, font_size=FONT_SIZE, bold=diagonal)
        label_cells(axes, labels, factors, top=True)
        axes.set_title("Congruence of factors with dimensions", loc="left")
    return axes


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows of one dimension: places in the result's order, and what stands beside them."""

    label: str
    places: tuple[int, ...]


def _groups(items: pd.DataFrame, labels: dict[str, str]) -> list[_Group]:
    """Items by dimension, in the order of the labels; the others come last."""
    found: dict[str, list[int]] = {key: [] for key in labels}
    for place, key in enumerate(items["dimension"]):
        found.setdefault(str(key), []).append(place)
    return [
        _Group(wrap_label(labels.get(key) or key, 22, 2), tuple(places))
        for key, places in found.items()
        if places
    ]


def _item_label(name: object, label: object) -> str:
    return f"{name}  {label}" if label and label != name else str(name)


def _figure_size(labels: list[str], n_columns: int, groups: list[str]) -> tuple[float, float]:
    """Inches that labels, cells and groups need."""
    longest = _longest(labels) + _longest(groups)
    lines = sum(label.count("\n") for label in labels)
    # Rows are equally high, so one long label in few rows stretches them all.
    row = _ROW + (_SECOND_LINE if lines else 0.0)
    return 0.6 + _LETTER * longest + _COLUMN * n_columns, 0.95 + row * len(labels)


def _longest(texts: list[str]) -> int:
    return max((len(line) for text in texts for line in text.split("\n")), default=0)


def _largest(values: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Where each row has its largest absolute value."""
    found = np.zeros(values.shape, dtype=np.bool_)
    found[np.arange(len(values)), np.argmax(np.abs(values), axis=1)] = True
    return found


def _draw_groups(ax: Axes, groups: list[_Group], n_columns: int) -> None:
    """Part the dimensions by lines, and name them on the right."""
    right = n_columns - 0.5
    start = 0
    for number, group in enumerate(groups):
        stop = start + len(group.places)
        if number:
            ax.plot([-0.5, right], [start - 0.5] * 2, color=_LINE, linewidth=1.1, zorder=3)
        if group.label:
            ax.plot(
                [right + 0.12] * 2,
                [start - 0.4, stop - 0.6],
                color=NEUTRAL,
                linewidth=1.4,
                clip_on=False,
            )
            middle = (start + stop - 1) / 2.0
            ax.text(right + 0.25, middle, group.label, va="center", fontsize=SMALL_FONT_SIZE)
        start = stop


def _title(result: EFAResult) -> str:
    if result.rotation == "none":
        return f"Loadings ({result.extraction}, unrotated)"
    return f"Loadings ({result.extraction}, {result.rotation})"
