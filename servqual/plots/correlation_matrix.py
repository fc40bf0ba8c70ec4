"""A square matrix of correlations as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.errors import OptionError
from servqual.plots.cells import colour_bar, draw_cells, label_cells
from servqual.plots.style import SMALL_FONT_SIZE, canvas, wrap_label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["plot_correlation_matrix"]

#: Inches.
_CELL: Final = 0.36
_CELL_OF_FEW: Final = 0.62
_CELL_OF_MANY: Final = 0.17
_FEW: Final = 8
#: More variables than this leave no room for numbers.
_MANY: Final = 30
#: Longer labels of columns stand upright.
_SHORT_LABEL: Final = 4


def plot_correlation_matrix(
    matrix: pd.DataFrame, *, title: str = "Correlations", ax: Axes | None = None
) -> Axes:
    """Draw a square matrix of correlations as coloured cells with their numbers.

    Parameters
    ----------
    matrix : DataFrame
        Square, with the same names on both sides; nan is shown as a dash.
    title : str, default "Correlations"
        What stands above.
    ax : Axes, optional
        Where to draw. Default: a new pyplot figure, as large as the matrix needs, which notebooks
        show.

    Returns
    -------
    Axes
        With the first variable at the top and on the left. The diagonal has no colour. Beyond 30
        variables the cells have no numbers, and a bar explains the colours.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If the matrix is not square, or `ax` is not an ordinary Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> matrix = sq.correlations(sq.load_example("bank")).matrix
    >>> ax = plot_correlation_matrix(matrix, title="Perception")
    >>> ax.get_title(loc="left")
    'Perception'
    >>> plt.close(ax.figure)
    """
    values = matrix.to_numpy(dtype=np.float64)
    size = len(values)
    if values.shape != (size, size) or size == 0:
        raise OptionError(
            f"`matrix` has shape {values.shape}, but a matrix of correlations is square."
        )
    labels = [wrap_label(str(name), 18, 2) for name in matrix.columns]
    numbered = size <= _MANY
    cell = _CELL_OF_FEW if size <= _FEW else _CELL if numbered else _CELL_OF_MANY
    longest = max(len(line) for label in labels for line in label.split("\n"))
    around = 0.9 + 0.07 * longest
    with canvas(ax, width=max(size * cell + around, 3.4), height=size * cell + around) as axes:
        font_size = (SMALL_FONT_SIZE if size <= _FEW else 7.0) if numbered else None
        draw_cells(axes, values, font_size=font_size, plain=np.eye(size, dtype=np.bool_))
        upright = longest > _SHORT_LABEL or not numbered
        label_cells(axes, labels, labels, top=False, upright=upright)
        axes.set_aspect("equal")
        if not numbered:
            axes.tick_params(labelsize=6.5)
            colour_bar(axes, "Correlation")
        axes.set_title(wrap_label(title, 60), loc="left")
    return axes
