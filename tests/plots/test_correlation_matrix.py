from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from servqual.errors import OptionError
from servqual.plots.correlation_matrix import plot_correlation_matrix
from tests.plots.helpers import row_labels
from tests.plots.test_loadings import cells, columns


def matrix_of(size: int, prefix: str = "P") -> pd.DataFrame:
    random = np.random.default_rng(2)
    values = np.corrcoef(random.normal(size=(size, 60)))
    names = [f"{prefix}{number + 1}" for number in range(size)]
    return pd.DataFrame(values, index=names, columns=names)


def test_cells_are_the_correlations_and_the_diagonal_has_no_colour() -> None:
    matrix = matrix_of(5)
    ax = plot_correlation_matrix(matrix, title="Answers in $")
    off = ~np.eye(5, dtype=bool)
    np.testing.assert_array_equal(cells(ax)[off], matrix.to_numpy()[off])
    assert np.isnan(np.diag(cells(ax))).all()
    assert row_labels(ax) == columns(ax) == ["P1", "P2", "P3", "P4", "P5"]
    assert ax.texts[0].get_text() == "1.00"
    assert len(ax.texts) == 25
    assert ax.get_title(loc="left") == r"Answers in \$"
    ax.figure.canvas.draw()


def test_nan_is_a_dash_without_colour() -> None:
    matrix = matrix_of(3)
    matrix.iloc[0, 1] = matrix.iloc[1, 0] = np.nan
    ax = plot_correlation_matrix(matrix)
    assert np.isnan(cells(ax)[0, 1])
    assert ax.texts[1].get_text() == "–"


def test_many_variables_have_colours_and_a_bar_but_no_numbers() -> None:
    ax = plot_correlation_matrix(matrix_of(31))
    assert len(ax.texts) == 0
    [bar] = [axes for axes in ax.figure.axes if axes is not ax]
    assert bar.get_ylabel() == "Correlation"
    assert len(plot_correlation_matrix(matrix_of(30)).texts) == 900


def test_long_names_stand_upright() -> None:
    short, long = (
        plot_correlation_matrix(matrix_of(3)),
        plot_correlation_matrix(matrix_of(3, "item")),
    )
    assert {text.get_rotation() for text in short.get_xticklabels()} == {0.0}
    assert {text.get_rotation() for text in long.get_xticklabels()} == {90.0}


@pytest.mark.parametrize("shape", [(2, 3), (0, 0)])
def test_a_matrix_that_is_not_square_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(OptionError, match="is square"):
        plot_correlation_matrix(pd.DataFrame(np.zeros(shape)))


def test_axes_handed_in_are_drawn_on_and_returned() -> None:
    figure, ax = plt.subplots()
    assert plot_correlation_matrix(matrix_of(4), ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
