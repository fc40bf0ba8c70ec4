from __future__ import annotations

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

import servqual as sq
from servqual.analyses.efa import EFAResult, efa
from servqual.errors import OptionError
from servqual.plots.cells import colour_map, format_coefficient
from servqual.plots.loadings import plot_congruence, plot_loadings
from servqual.typing import FloatArray
from tests.plots.helpers import row_labels


@cache
def bank() -> EFAResult:
    return efa(sq.load_example("bank"))


def mixed_instrument() -> sq.Instrument:
    """Two dimensions whose items take turns, with labels that matplotlib could misread."""
    return sq.Instrument.from_toml(
        """
        id = "mixed"
        scale = [1, 7]
        [dimensions]
        odd = [1, 3, 5]
        even = [2, 4, 6]
        """
    )


@cache
def turns() -> EFAResult:
    random = np.random.default_rng(7)
    latent = random.normal(size=(200, 2))
    answers = np.clip(np.rint(4 + np.tile(latent, 3) + random.normal(size=(200, 6))), 1, 7)
    frame = pd.DataFrame({f"P_{item + 1}$": answers[:, item] for item in range(6)})
    frame = frame.join(pd.DataFrame({f"E_{item + 1}$": answers[:, item] for item in range(6)}))
    survey = sq.Survey(
        frame, instrument=mixed_instrument(), expectation="E_{item}$", perception="P_{item}$"
    )
    return efa(survey)


def cells(ax: Axes) -> FloatArray:
    """Values of the cells, from the top left."""
    [mesh] = [part for part in ax.collections if isinstance(part, QuadMesh)]
    values = mesh.get_array()
    assert values is not None
    filled: FloatArray = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
    return filled


def columns(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_xticklabels()]


def test_cells_are_the_loadings_with_their_numbers() -> None:
    ax = bank().plot()
    loadings = bank().loadings.to_numpy()
    np.testing.assert_array_equal(cells(ax), loadings)
    assert columns(ax) == ["F1", "F2", "F3", "F4", "F5"]
    assert row_labels(ax)[4] == "P5  Keeps its time promises"
    texts = [text.get_text() for text in ax.texts]
    assert texts[: loadings.size] == [format_coefficient(value) for value in loadings.ravel()]
    assert ax.get_title(loc="left") == "Loadings (minres, oblimin)"


def test_the_largest_loading_of_each_item_is_bold() -> None:
    ax = bank().plot()
    loadings = bank().loadings.to_numpy()
    bold = np.array([text.get_fontweight() == "bold" for text in ax.texts[: loadings.size]])
    np.testing.assert_array_equal(
        bold.reshape(loadings.shape).argmax(axis=1), np.abs(loadings).argmax(axis=1)
    )
    assert bold.sum() == len(loadings)


def test_items_are_grouped_by_dimension() -> None:
    ax = turns().plot()
    order = [0, 2, 4, 1, 3, 5]
    assert row_labels(ax) == [f"P_{place + 1}$  Item {place + 1}" for place in order]
    np.testing.assert_array_equal(cells(ax), turns().loadings.to_numpy()[order])
    names = [text for text in ax.texts if text.get_position()[0] > 1.5]
    assert [text.get_text() for text in names] == ["Odd", "Even"]
    assert [text.get_position()[1] for text in names] == [1.0, 4.0]
    ax.figure.canvas.draw()


def test_variables_without_an_instrument_have_no_groups() -> None:
    matrix = np.full((4, 4), 0.4) + 0.6 * np.eye(4)
    result = efa(sq.Moments.from_covariance(matrix, n=100, variables=list("dcba")), n_factors=1)
    ax = plot_loadings(result)
    assert row_labels(ax) == ["d", "c", "b", "a"]
    assert len(ax.texts) == 4
    assert ax.get_title(loc="left") == "Loadings (minres, unrotated)"


def test_colours_are_white_at_zero_and_differ_in_the_sign() -> None:
    colours = colour_map()
    assert colours(0.5) == (1.0, 1.0, 1.0, 1.0)
    negative, positive = colours(0.0), colours(1.0)
    assert negative[0] > negative[2]
    assert positive[0] < positive[2]


def test_numbers_stand_out_from_their_cells() -> None:
    ax = bank().plot()
    for text, value in zip(ax.texts, bank().loadings.to_numpy().ravel(), strict=False):
        ink = np.mean(text.get_color()[:3])  # type: ignore[arg-type]
        assert (ink > 0.9) if abs(value) > 0.95 else (ink < 0.2 or abs(value) > 0.7)


def test_congruence_has_the_matched_pairs_on_the_diagonal() -> None:
    result = bank().congruence()
    ax = result.plot()
    values = cells(ax)
    np.testing.assert_array_equal(np.diag(values), result.dimensions["congruence"])
    assert columns(ax) == result.dimensions["factor"].tolist()
    assert row_labels(ax) == result.dimensions["label"].tolist()
    np.testing.assert_array_equal(values[:, 0], result.matrix.loc[columns(ax)[0]])


def test_factor_correlations_have_two_names() -> None:
    result = bank()
    first, second = result.plot("factor-correlations"), result.plot_factor_correlations()
    for ax in (first, second):
        assert ax.get_title(loc="left") == "Correlations of factors"
        np.testing.assert_array_equal(cells(ax)[0, 1:], result.factor_correlations.iloc[0, 1:])
    with pytest.raises(OptionError, match="`kind` is 'scree', but must be one of"):
        result.plot("scree")  # type: ignore[arg-type]


def test_axes_handed_in_are_drawn_on_and_returned() -> None:
    figure, (first, second) = plt.subplots(1, 2)
    assert bank().plot(ax=first) is first
    assert plot_congruence(bank().congruence(), ax=second) is second
    assert plt.get_fignums() == [figure.number]


def test_polar_axes_are_refused() -> None:
    _, ax = plt.subplots(subplot_kw={"projection": "polar"})
    with pytest.raises(OptionError, match="`ax` is polar"):
        plot_loadings(bank(), ax=ax)
