from __future__ import annotations

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from servqual.analyses.relative_importance import ImportanceResult
from servqual.errors import OptionError
from servqual.plots.importance import plot_importance
from servqual.results import SampleInfo
from tests.plots.helpers import bar_lengths, intervals, row_labels


@pytest.fixture
def result() -> ImportanceResult:
    estimate = np.array([0.05, 0.20, -0.01, 0.16])
    table = pd.DataFrame(
        {
            "term": ["tangibles", "reliability", "assurance", "empathy"],
            "label": ["Tangibles", "Reliability $5 to $9", "Assurance", ""],
            "estimate": estimate,
            "share": estimate / 0.40,
            "conf_low": [0.02, 0.15, -0.03, 0.11],
            "conf_high": [0.09, 0.26, 0.01, 0.21],
            "rank": [3, 1, 4, 2],
        }
    )
    return ImportanceResult(
        sample=SampleInfo(600, 0, "listwise"),
        outcome="sat_$1_$2",
        on="gap",
        method="pratt",
        r_squared=0.40,
        contributions=table,
        conf_level=0.95,
        n_resamples=200,
        n_degenerate=0,
        seed=1,
    )


def test_bars_are_the_contributions_from_the_largest_down(result: ImportanceResult) -> None:
    ax = plot_importance(result)
    assert bar_lengths(ax) == [0.20, 0.16, 0.05, -0.01]
    assert row_labels(ax) == ["Reliability $5 to $9", "empathy", "Tangibles", "Assurance"]
    [drawn] = intervals(ax)
    np.testing.assert_allclose(drawn[:, 0], [0.15, 0.11, 0.02, -0.03], atol=1e-15)
    np.testing.assert_allclose(drawn[:, 1], [0.26, 0.21, 0.09, 0.01], atol=1e-15)


def test_shares_stand_beyond_the_intervals(result: ImportanceResult) -> None:
    ax = plot_importance(result)
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["50%", "40%", "12%", "−2%"]
    assert [text.xy[0] for text in ax.texts] == [0.26, 0.21, 0.09, -0.03]  # type: ignore[attr-defined]


def test_axis_and_title_name_measure_total_and_outcome(result: ImportanceResult) -> None:
    ax = plot_importance(result)
    assert ax.get_xlabel() == (
        "Share of R² (Pratt's measure; the bars add up to R² = 0.40);\n"
        "error bars: 95% bootstrap interval"
    )
    assert ax.get_title(loc="left") == r"Importance for sat_\$1_\$2"
    ax.figure.canvas.draw()


@pytest.mark.parametrize("method", ["first", "last"])
def test_measures_that_do_not_add_up_show_themselves(result: ImportanceResult, method: str) -> None:
    ax = plot_importance(dataclasses.replace(result, method=method))  # type: ignore[arg-type]
    assert [text.get_text() for text in ax.texts] == ["0.20", "0.16", "0.05", "−0.01"]
    assert "Share" not in ax.get_xlabel()


def test_without_a_bootstrap_there_are_bars_only(result: ImportanceResult) -> None:
    table = result.contributions.assign(conf_low=np.nan, conf_high=np.nan)
    ax = plot_importance(dataclasses.replace(result, contributions=table))
    assert intervals(ax) == []
    assert "error bars" not in ax.get_xlabel()
    assert [text.xy[0] for text in ax.texts] == [0.20, 0.16, 0.05, -0.01]  # type: ignore[attr-defined]


def test_an_interval_beside_its_estimate_is_drawn_where_it_is(result: ImportanceResult) -> None:
    table = result.contributions.copy()
    table.loc[1, ["conf_low", "conf_high"]] = [0.21, 0.30]
    [drawn] = intervals(plot_importance(dataclasses.replace(result, contributions=table)))
    np.testing.assert_allclose(drawn[0, :2], [0.21, 0.30])


def test_axes_handed_in_are_drawn_on_and_returned(result: ImportanceResult) -> None:
    figure, ax = plt.subplots()
    assert result.plot(ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_polar_axes_are_refused(result: ImportanceResult) -> None:
    _, ax = plt.subplots(subplot_kw={"projection": "polar"})
    with pytest.raises(OptionError, match="`ax` is polar"):
        plot_importance(result, ax=ax)
