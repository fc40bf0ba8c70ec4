"""The picture of competing measures."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from numpy.testing import assert_allclose

import servqual as sq


def test_bars_are_r_squared_and_diamonds_cross_validation() -> None:
    result = sq.compare_measures(sq.load_example("bank"), n_resamples=200)
    ax = result.plot()
    widths = [bar.get_width() for bar in ax.patches if isinstance(bar, Rectangle)]
    assert_allclose(widths, result.measures["r_squared"])
    diamonds = next(line for line in ax.lines if line.get_label() == "cross-validated R²")
    assert_allclose(np.asarray(diamonds.get_xdata(), dtype=float), result.measures["cv_r_squared"])
    assert ax.get_yticklabels()[0].get_text() == "SERVQUAL"
    assert "bootstrap interval" in ax.get_xlabel()
    plt.close("all")


def test_without_resamples_there_are_no_error_bars() -> None:
    ax = sq.compare_measures(sq.load_example("bank"), n_resamples=0).plot()
    assert "bootstrap" not in ax.get_xlabel()
    plt.close("all")
