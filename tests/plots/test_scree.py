from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

import servqual as sq
from servqual.analyses.factor_count import FactorCountResult, factor_count
from servqual.errors import OptionError
from servqual.plots.scree import plot_scree
from servqual.typing import FloatArray
from tests.plots.helpers import legend_texts


def result_of(n_items: int = 6, n_factors: int = 2) -> FactorCountResult:
    generator = np.random.default_rng(6)
    factors = np.repeat(generator.normal(size=(300, n_factors)), n_items // n_factors, axis=1)
    moments = sq.Moments.collect(factors + 0.7 * generator.normal(size=factors.shape))
    return factor_count(moments, n_draws=40)


@pytest.fixture(scope="module")
def result() -> FactorCountResult:
    return result_of()


def heights(ax: Axes, line: int) -> FloatArray:
    return np.asarray(ax.lines[line].get_ydata(), dtype=np.float64)


def test_lines_are_the_eigenvalues_and_their_references(result: FactorCountResult) -> None:
    ax = result.plot()
    table = result.eigenvalues
    for line, name in enumerate(["observed", "parallel_95", "parallel_mean"]):
        np.testing.assert_array_equal(ax.lines[line].get_xdata(), table["component"])
        np.testing.assert_array_equal(heights(ax, line), table[name])
    assert len(ax.lines) == 3
    assert ax.get_xlabel() == "Component"
    assert ax.get_title(loc="left") == "Scree plot with parallel analysis"


def test_filled_markers_are_those_above_the_percentile(result: FactorCountResult) -> None:
    ax = result.plot()
    [filled] = ax.collections
    np.testing.assert_allclose(
        np.asarray(filled.get_offsets()),
        result.eigenvalues[["component", "observed"]].to_numpy()[:2],
    )
    assert legend_texts(ax) == [
        "Observed: 2 above the 95th percentile",
        "Unrelated items: 95th percentile",
        "Unrelated items: mean",
    ]


def test_common_factors_have_a_line_at_zero(result: FactorCountResult) -> None:
    ax = result.plot("factors")
    for line, name in enumerate(["observed", "parallel_95", "parallel_mean"]):
        np.testing.assert_array_equal(heights(ax, line), result.eigenvalues[f"factor_{name}"])
    assert heights(ax, 3).tolist() == [0.0, 0.0]
    assert ax.get_xlabel() == "Factor"
    assert legend_texts(ax)[0].startswith("Observed: 2 above")


def test_a_dominant_first_eigenvalue_leaves_an_inset_for_the_others(
    result: FactorCountResult,
) -> None:
    assert result.plot().child_axes == []
    ax = result_of(12, 1).plot()
    [inset] = ax.child_axes
    assert isinstance(inset, Axes)
    assert inset.get_title(loc="left") == "2 to 8 on a larger scale"
    assert [int(tick) for tick in inset.get_xticks()] == list(range(2, 9))
    low, high = inset.get_ylim()
    drawn = np.concatenate([heights(inset, line)[1:8] for line in range(3)])
    assert low < drawn.min() < drawn.max() < high < heights(inset, 0)[0]


def test_every_component_has_its_number_unless_there_are_many(result: FactorCountResult) -> None:
    assert [int(tick) for tick in result.plot().get_xticks()] == [1, 2, 3, 4, 5, 6]
    ax = result_of(40, 4).plot()
    assert all(tick == int(tick) for tick in ax.get_xticks())
    assert len(ax.get_xticks()) < 20


def test_axes_handed_in_are_drawn_on_and_returned(result: FactorCountResult) -> None:
    figure, ax = plt.subplots()
    assert result.plot(ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()


def test_polar_axes_and_other_words_are_refused(result: FactorCountResult) -> None:
    _, ax = plt.subplots(subplot_kw={"projection": "polar"})
    with pytest.raises(OptionError, match="`ax` is polar"):
        plot_scree(result, ax=ax)
    other: Any = "roots"
    with pytest.raises(OptionError, match="`of` is 'roots'"):
        plot_scree(result, of=other)
