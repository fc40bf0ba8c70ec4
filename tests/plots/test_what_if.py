from __future__ import annotations

import dataclasses
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from servqual.analyses.what_if import WhatIfResult
from servqual.errors import OptionError
from servqual.plots.style import FAINT
from servqual.plots.what_if import plot_what_if
from servqual.results import SampleInfo
from servqual.typing import WhatIfPlot
from tests.plots.helpers import bar_lengths, intervals, row_labels


@pytest.fixture
def result() -> WhatIfResult:
    points = pd.DataFrame(
        {
            "term": ["tangibles", "reliability", "assurance", "empathy"],
            "label": ["Tangibles", "Reliability $5 to $9", "Assurance", ""],
            "measure": "mean",
            "change": [0.05, 0.20, -0.01, 0.16],
            "conf_low": [0.02, 0.15, -0.03, 0.11],
            "conf_high": [0.09, 0.26, 0.01, 0.21],
            "rank": [3.0, 1.0, 4.0, 2.0],
        }
    )
    other = points.assign(measure="nps", change=9.0)
    effects = pd.DataFrame(
        {
            "measure": ["mean", "mean", "top-two-box", "nps"],
            "part": ["total", "direct", "total", "total"],
            "before": [6.0, 6.0, 20.0, -50.0],
            "after": [7.0, 6.5, 30.0, 0.0],
            "change": [1.0, 0.5, 10.0, 50.0],
            "conf_low": [0.5, 0.1, 5.0, 40.0],
            "conf_high": [1.5, 0.9, 15.0, 60.0],
        }
    )
    return WhatIfResult(
        sample=SampleInfo(600, 0, "listwise"),
        outcome="sat_$1_$2",
        through="",
        on="gap",
        covariates=(),
        cluster="",
        outcome_range=(0.0, 10.0),
        r_squared=0.4,
        changes=pd.DataFrame(),
        effects=effects,
        per_point=pd.concat([points, other], ignore_index=True),
        conf_level=0.95,
        n_resamples=200,
        n_degenerate=0,
        seed=1,
    )


def offsets(ax: Any) -> list[Any]:
    """Positions of the dots before and after."""
    return [np.asarray(part.get_offsets()) for part in ax.collections[-2:]]


def test_bars_are_changes_of_the_mean_from_the_largest_down(result: WhatIfResult) -> None:
    ax = plot_what_if(result)
    assert bar_lengths(ax) == [0.20, 0.16, 0.05, -0.01]
    assert row_labels(ax) == ["Reliability $5 to $9", "empathy", "Tangibles", "Assurance"]
    [drawn] = intervals(ax)
    np.testing.assert_allclose(drawn[:, 0], [0.15, 0.11, 0.02, -0.03], atol=1e-15)
    assert [text.get_text() for text in ax.texts] == ["0.20", "0.16", "0.05", "−0.01"]
    ax.figure.canvas.draw()


def test_bars_of_another_measure(result: WhatIfResult) -> None:
    ax = result.plot(measure="nps")
    assert bar_lengths(ax) == [9.0] * 4
    assert ax.texts[0].get_text() == "9.0"
    assert "net promoter score" in ax.get_xlabel()
    with pytest.raises(OptionError, match=r"`measure` is \"top-two-box\".* has mean, nps only"):
        result.plot(measure="top-two-box")
    with pytest.raises(OptionError, match="`measure` is 'median'"):
        result.plot(measure="median")  # type: ignore[arg-type]


def test_what_cannot_be_told_from_none_is_pale(result: WhatIfResult) -> None:
    ax = plot_what_if(result)
    colours = [to_hex(bar.get_facecolor()) for bar in ax.patches]
    assert [colour == FAINT.lower() for colour in colours] == [False, False, False, True]
    assert "Pale: cannot be told from none" in ax.get_xlabel()


@pytest.mark.parametrize("kind", ["per-point", "effects"])
def test_every_picture_says_that_it_shows_an_association(
    result: WhatIfResult, kind: WhatIfPlot
) -> None:
    ax = result.plot(kind=kind)
    assert "An association, no proof of an effect" in ax.get_xlabel()
    assert "95% bootstrap interval" in ax.get_xlabel()
    assert r"sat_\$1_\$2" in ax.get_title(loc="left")
    ax.figure.canvas.draw()


def test_levels_before_and_after_lie_along_their_ranges(result: WhatIfResult) -> None:
    ax = plot_what_if(result, kind="effects")
    before, after = offsets(ax)
    np.testing.assert_allclose(before, [[0.6, 0], [0.2, 1], [0.25, 2]])
    np.testing.assert_allclose(after, [[0.7, 0], [0.3, 1], [0.5, 2]])
    [drawn] = intervals(ax)
    np.testing.assert_allclose(drawn[:, :2], [[0.65, 0.75], [0.25, 0.35], [0.45, 0.55]])
    assert [text.get_text() for text in ax.texts] == [
        "6.00 → 7.00 (+1.00)",
        "20.0 → 30.0 (+10.0)",
        "−50.0 → 0.0 (+50.0)",
    ]
    assert row_labels(ax)[0] == "Mean\n(0 to 10)"


def test_without_a_range_the_mean_is_drawn_in_its_points(result: WhatIfResult) -> None:
    effects = result.effects.iloc[:1]
    bare = dataclasses.replace(result, effects=effects, outcome_range=(np.nan, np.nan))
    ax = plot_what_if(bare, kind="effects")
    before, after = offsets(ax)
    np.testing.assert_allclose(before, [[6.0, 0.0]])
    np.testing.assert_allclose(after, [[7.0, 0.0]])
    assert row_labels(ax) == ["Mean\n(points)"]
    assert "filled: after, in points" in ax.get_xlabel()


def test_texts_near_an_edge_stay_inside(result: WhatIfResult) -> None:
    levels = {"before": [9.9, 0.0, 1.0, 0.0], "after": [9.95, 0.0, 2.0, 1.0]}
    effects = result.effects.assign(**levels, conf_low=0.0, conf_high=0.0)
    ax = plot_what_if(dataclasses.replace(result, effects=effects), kind="effects")
    assert [text.get_horizontalalignment() for text in ax.texts] == ["right", "left", "center"]


@pytest.mark.parametrize("kind", ["per-point", "effects"])
def test_without_a_bootstrap_there_are_no_intervals(result: WhatIfResult, kind: WhatIfPlot) -> None:
    nan = {"conf_low": np.nan, "conf_high": np.nan}
    bare = dataclasses.replace(
        result, effects=result.effects.assign(**nan), per_point=result.per_point.assign(**nan)
    )
    ax = plot_what_if(bare, kind=kind)
    assert intervals(ax) == []
    assert "Error bars" not in ax.get_xlabel()


@pytest.mark.parametrize("kind", ["per-point", "effects"])
def test_axes_handed_in_are_drawn_on_and_returned(result: WhatIfResult, kind: WhatIfPlot) -> None:
    figure, ax = plt.subplots()
    assert result.plot(kind=kind, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_a_kind_that_does_not_exist_and_polar_axes_are_refused(result: WhatIfResult) -> None:
    with pytest.raises(OptionError, match='Did you mean "effects"'):
        plot_what_if(result, kind="effect")  # type: ignore[arg-type]
    _, ax = plt.subplots(subplot_kw={"projection": "polar"})
    with pytest.raises(OptionError, match="`ax` is polar"):
        plot_what_if(result, ax=ax)


@pytest.mark.parametrize("kind", ["per-point", "effects"])
def test_a_long_outcome_stays_in_the_figure(result: WhatIfResult, kind: WhatIfPlot) -> None:
    long = dataclasses.replace(result, outcome="overall satisfaction with everything in the branch")
    ax = plot_what_if(long, kind=kind)
    ax.figure.canvas.draw()
    title = next(text for text in ax.findobj(Text) if text.get_text() == ax.get_title("left"))
    assert title.get_text().endswith("…")
    assert title.get_window_extent().x1 <= ax.figure.bbox.width
