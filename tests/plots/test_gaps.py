from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba

from servqual.analyses.gaps import GapResult, gaps
from servqual.datasets.examples import load_example
from servqual.errors import OptionError
from servqual.plots.gaps import plot_expectation_perception, plot_gaps, plot_radar
from servqual.plots.style import FAINT, GROUP_STYLES, NEUTRAL, SHORTFALL, SURPLUS
from servqual.typing import Level
from tests.plots.helpers import bar_lengths, cafe_gaps, intervals, legend_texts, row_labels

PLOTS = [plot_gaps, plot_expectation_perception, plot_radar]


@pytest.fixture(scope="module")
def cafe() -> GapResult:
    return cafe_gaps()


@pytest.fixture(scope="module")
def by_branch() -> GapResult:
    return cafe_gaps(n_groups=3)


def _points(ax: Axes, place: int) -> np.ndarray:
    scatters = [part for part in ax.collections if isinstance(part, PathCollection)]
    return np.asarray(scatters[place].get_offsets())


def _without_test(result: GapResult, place: int, *, with_gap: bool) -> GapResult:
    """Return the result with one dimension that has no interval, and no gap either if asked."""
    table = result.dimensions.copy()
    names = ["conf_low", "conf_high", "p_value", "p_adjusted"]
    names += [] if with_gap else ["gap", "expectation", "perception"]
    table.loc[place, names] = np.nan
    return dataclasses.replace(result, dimensions=table)


# ---- bars ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["dimensions", "items"])
def test_bars_are_the_gaps_from_the_worst_down(cafe: GapResult, level: Level) -> None:
    ax = plot_gaps(cafe, level=level)
    expected = (cafe.items if level == "items" else cafe.dimensions).sort_values("gap")
    assert bar_lengths(ax) == expected["gap"].tolist()
    [drawn] = intervals(ax)
    np.testing.assert_allclose(drawn[:, 0], expected["conf_low"], rtol=1e-12)
    np.testing.assert_allclose(drawn[:, 1], expected["conf_high"], rtol=1e-12)
    assert drawn[:, 2].tolist() == list(range(len(expected)))


def test_items_are_labelled_by_number_and_words(cafe: GapResult) -> None:
    assert row_labels(plot_gaps(cafe, level="items")) == [
        "1 Strong_and_hot",
        "2 Served at once",
        "4 A $5 seat, a $9 view",
        "3 Keeps its time promises",
    ]


def test_dimensions_are_labelled_by_their_names(cafe: GapResult) -> None:
    labels = row_labels(plot_gaps(cafe))
    assert [label.replace("\n", " ") for label in labels] == [
        "Coffee",
        "Costs $5 to $9 <script>alert(1)</script>",
        "People",
    ]


def test_a_missing_label_is_replaced_by_the_key(cafe: GapResult) -> None:
    items = cafe.items.assign(label="")
    labels = row_labels(plot_gaps(dataclasses.replace(cafe, items=items), level="items"))
    assert labels[0] == f"{items['item'][0]} {items['key'][0]}"


def test_colour_says_the_sign_and_grey_that_there_may_be_no_gap(cafe: GapResult) -> None:
    table = cafe.dimensions.assign(p_adjusted=[0.049, 0.051, 0.001])
    table["gap"] = [-1.0, -0.5, 0.5]
    ax = plot_gaps(dataclasses.replace(cafe, dimensions=table))
    fills = [patch.get_facecolor() for patch in ax.patches]
    assert fills == [to_rgba(SHORTFALL), to_rgba(FAINT), to_rgba(SURPLUS)]
    assert [patch.get_edgecolor() for patch in ax.patches][1] == to_rgba(NEUTRAL)
    assert legend_texts(ax) == [
        "Shortfall",
        "Surplus",
        "Not distinguishable from 0\n(Holm-adjusted p ≥ .05)",
    ]


def test_the_legend_follows_the_confidence_level_and_the_adjustment(cafe: GapResult) -> None:
    table = cafe.dimensions.assign(p_adjusted=0.02)
    other = dataclasses.replace(cafe, dimensions=table, conf_level=0.99, p_adjust="none")
    assert legend_texts(plot_gaps(other)) == ["Not distinguishable from 0\n(unadjusted p ≥ .01)"]


def test_legend_names_only_what_is_drawn(cafe: GapResult) -> None:
    table = cafe.dimensions.assign(p_adjusted=0.001, gap=-1.0)
    assert legend_texts(plot_gaps(dataclasses.replace(cafe, dimensions=table))) == ["Shortfall"]


def test_values_stand_beyond_bars_and_intervals(cafe: GapResult) -> None:
    ax = plot_gaps(cafe)
    ordered = cafe.dimensions.sort_values("gap")
    assert [text.get_text() for text in ax.texts] == [
        f"{gap:.2f}".replace("-", "−") for gap in ordered["gap"]
    ]
    first, last = ax.texts[0], ax.texts[-1]
    assert (first.xy[0], first.get_ha()) == (ordered["conf_low"].iloc[0], "right")  # type: ignore[attr-defined]
    assert (last.xy[0], last.get_ha()) == (ordered["conf_high"].iloc[-1], "left")  # type: ignore[attr-defined]


def test_the_axis_names_sign_scale_and_interval(cafe: GapResult) -> None:
    assert plot_gaps(cafe).get_xlabel() == (
        "Gap (perception − expectation), points on the 1–7 scale;\nerror bars: 95% interval"
    )


def test_the_axis_of_another_difference_and_scale(cafe: GapResult) -> None:
    other = dataclasses.replace(cafe, on="superiority", scale=(-3.0, 3.0), conf_level=0.9)
    label = plot_gaps(other).get_xlabel()
    assert label.startswith("Superiority gap (perception − desired), points on the −3 to 3 scale;")
    assert label.endswith("90% interval")


def test_zero_is_on_the_axis_and_ticks_have_a_real_minus(cafe: GapResult) -> None:
    table = cafe.dimensions.copy()
    table[["gap", "conf_low", "conf_high"]] -= 3.0
    ax = plot_gaps(dataclasses.replace(cafe, dimensions=table))
    assert ax.get_xlim()[1] > 0.0
    plt.rcParams["axes.unicode_minus"] = False
    try:
        ax.figure.canvas.draw()
        ticks = [text.get_text() for text in ax.get_xticklabels()]
    finally:
        plt.rcParams["axes.unicode_minus"] = True
    assert any(text.startswith("−") for text in ticks)
    assert not any("-" in text for text in ticks)


def test_a_row_without_a_test_has_a_grey_bar_and_no_interval(cafe: GapResult) -> None:
    ax = plot_gaps(_without_test(cafe, 0, with_gap=True))
    assert len(bar_lengths(ax)) == 3
    assert intervals(ax)[0][:, 2].tolist() == [1.0, 2.0]
    assert ax.patches[0].get_facecolor() == to_rgba(FAINT)
    assert legend_texts(ax)[-1].endswith("or no test)")


def test_a_row_without_answers_stands_at_the_bottom(cafe: GapResult) -> None:
    ax = plot_gaps(_without_test(cafe, 0, with_gap=False))
    assert row_labels(ax)[-1] == "Coffee"
    assert np.isnan(bar_lengths(ax)[-1])
    assert ax.texts[-1].get_text() == "no answers"
    ax.figure.canvas.draw()


def test_nothing_but_missing_rows_is_still_a_plot(cafe: GapResult) -> None:
    table = cafe.dimensions.copy()
    numbers = ["gap", "expectation", "perception", "conf_low", "conf_high", "p_adjusted"]
    table[numbers] = np.nan
    empty = dataclasses.replace(cafe, dimensions=table)
    ax = plot_gaps(empty)
    assert intervals(ax) == []
    assert "error bars" not in ax.get_xlabel()
    for plot in PLOTS:
        plot(empty).figure.canvas.draw()


def test_the_figure_grows_with_its_rows(cafe: GapResult) -> None:
    items = pd.concat([cafe.items] * 10, ignore_index=True)
    few = plot_gaps(cafe, level="items").bbox.height
    many = plot_gaps(dataclasses.replace(cafe, items=items), level="items").bbox.height
    assert many > 4 * few


# ---- groups --------------------------------------------------------------------------------------


def test_groups_are_points_with_intervals_one_beside_the_other(by_branch: GapResult) -> None:
    ax = plot_gaps(by_branch)
    table = by_branch.dimensions
    order = table.groupby("dimension")["gap"].mean().sort_values().index
    heights = []
    for place, group in enumerate(["b$0", "b$1", "b$2"]):
        rows = table[table["branch"] == group].set_index("dimension").loc[order]
        points = _points(ax, place)
        np.testing.assert_allclose(points[:, 0], rows["gap"])
        np.testing.assert_allclose(
            intervals(ax)[place][:, :2], rows[["conf_low", "conf_high"]], rtol=1e-12
        )
        heights.append(points[:, 1])
    assert (np.diff(np.array(heights), axis=0) > 0.0).all()
    assert np.abs(np.array(heights) - np.arange(3)).max() < 0.5


def test_hollow_points_are_not_distinguishable_from_zero(by_branch: GapResult) -> None:
    ax = plot_gaps(by_branch)
    scatters = [part for part in ax.collections if isinstance(part, PathCollection)]
    table = by_branch.dimensions[by_branch.dimensions["branch"] == "b$0"].set_index("label")
    drawn = [label.replace("\n", " ") for label in row_labels(ax)]
    differs = table.loc[drawn, "p_adjusted"].to_numpy(dtype=np.float64) < 0.05
    colour = GROUP_STYLES[0][0]
    assert set(differs) == {True, False}
    np.testing.assert_allclose(
        np.asarray(scatters[0].get_facecolor()),
        [to_rgba(colour if row else "white") for row in differs],
    )
    np.testing.assert_allclose(np.asarray(scatters[0].get_edgecolor()), [to_rgba(colour)])
    assert legend_texts(ax)[-1].startswith("Hollow: not")


def test_the_legend_of_groups_escapes_their_names(by_branch: GapResult) -> None:
    ax = plot_gaps(by_branch)
    assert legend_texts(ax)[:3] == [r"b\$0", r"b\$1", r"b\$2"]
    legend = ax.get_legend()
    assert legend is not None
    assert legend.get_title().get_text() == "branch"


def test_a_group_without_a_gap_leaves_a_hole(by_branch: GapResult) -> None:
    table = by_branch.dimensions.copy()
    table.loc[0, ["gap", "conf_low", "conf_high", "p_adjusted"]] = np.nan
    ax = plot_gaps(dataclasses.replace(by_branch, dimensions=table))
    assert len(intervals(ax)[0]) == 2
    assert len(intervals(ax)[1]) == 3
    ax.figure.canvas.draw()


def test_eight_groups_are_drawn_and_nine_refused() -> None:
    assert len(intervals(plot_gaps(cafe_gaps(n_groups=8)))) == 8
    plt.close("all")
    wanted = r"9 groups \(b\$0.*at most 8.*`survey\.where\(branch=\"b\$0\"\)`"
    with pytest.raises(OptionError, match=wanted):
        plot_gaps(cafe_gaps(n_groups=9))
    assert plt.get_fignums() == []


def test_two_grouping_variables_are_named_together() -> None:
    result = gaps(load_example("bank").where(branch="Harbour"), by=["branch", "wave"])
    ax = plot_gaps(result)
    legend = ax.get_legend()
    assert legend is not None
    assert legend.get_title().get_text() == "branch, wave"
    assert all(text.startswith("Harbour, ") for text in legend_texts(ax)[:2])


@pytest.mark.parametrize("plot", [plot_expectation_perception, plot_radar])
def test_other_plots_show_one_group(by_branch: GapResult, plot: Callable[..., Axes]) -> None:
    with pytest.raises(OptionError, match=r"one group.*by branch.*`survey\.where\(branch="):
        plot(by_branch)
    assert plt.get_fignums() == []


# ---- both sides ----------------------------------------------------------------------------------


def test_the_dumbbell_joins_expectation_and_perception(cafe: GapResult) -> None:
    ax = plot_expectation_perception(cafe, level="items")
    ordered = cafe.items.sort_values("gap")
    np.testing.assert_allclose(_points(ax, 0)[:, 0], ordered["expectation"])
    np.testing.assert_allclose(_points(ax, 1)[:, 0], ordered["perception"])
    [lines] = [part for part in ax.collections if type(part) is LineCollection]
    ends = np.array([np.asarray(segment)[:, 0] for segment in lines.get_segments()])
    np.testing.assert_allclose(ends, ordered[["expectation", "perception"]])
    assert legend_texts(ax) == ["Expectation", "Perception"]


def test_the_dumbbell_shows_the_whole_scale_and_the_gaps(cafe: GapResult) -> None:
    ax = plot_expectation_perception(cafe)
    assert ax.get_xticks().tolist() == [1, 2, 3, 4, 5, 6, 7]
    low, high = ax.get_xlim()
    assert low == pytest.approx(0.88)
    assert high == pytest.approx(7.12)
    gap = cafe.dimensions.sort_values("gap")["gap"]
    assert [text.get_text() for text in ax.texts] == [
        *(f"{value:.2f}".replace("-", "−") for value in gap),
        "Gap",
    ]


def test_long_and_broken_scales_get_a_few_ticks(cafe: GapResult) -> None:
    long = plot_expectation_perception(dataclasses.replace(cafe, scale=(0.0, 100.0)))
    assert long.get_xticks().tolist() == [0, 25, 50, 75, 100]
    broken = plot_expectation_perception(dataclasses.replace(cafe, scale=(0.5, 4.5)))
    assert broken.get_xticks().tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]


@pytest.mark.parametrize(
    ("on", "side"), [("adequacy", "Minimum"), ("superiority", "Desired level")]
)
def test_sides_are_named_by_the_difference(cafe: GapResult, on: str, side: str) -> None:
    result = dataclasses.replace(cafe, on=on)  # type: ignore[arg-type]
    assert legend_texts(plot_expectation_perception(result)) == [side, "Perception"]
    assert legend_texts(plot_radar(result)) == [side, "Perception"]


def test_a_missing_row_of_the_dumbbell_has_no_markers(cafe: GapResult) -> None:
    ax = plot_expectation_perception(_without_test(cafe, 0, with_gap=False))
    ax.figure.canvas.draw()
    assert np.isfinite(np.ma.filled(_points(ax, 0)[:, 0], np.nan)).sum() == 2
    assert ax.texts[-2].get_text() == "–"


# ---- radar ---------------------------------------------------------------------------------------


def test_the_radar_draws_both_outlines_closed_in_the_order_of_the_instrument(
    cafe: GapResult,
) -> None:
    ax = plot_radar(cafe)
    expectation, perception = ax.get_lines()
    for line, name in ((expectation, "expectation"), (perception, "perception")):
        values = cafe.dimensions[name].tolist()
        assert np.asarray(line.get_ydata()).tolist() == [*values, values[0]]
        np.testing.assert_allclose(
            np.asarray(line.get_xdata(), dtype=float), [0.0, 2 * np.pi / 3, 4 * np.pi / 3, 0.0]
        )
    assert expectation.get_marker() != perception.get_marker()
    assert expectation.get_linestyle() != perception.get_linestyle()
    assert ax.get_ylim() == (1.0, 7.0)
    assert [text.get_text() for text in ax.get_xticklabels()][:2] == ["Coffee", "People"]


def test_the_radar_says_that_its_area_means_nothing(cafe: GapResult) -> None:
    [caption] = plot_radar(cafe).texts
    assert "1 at the centre" in caption.get_text()
    assert "area depends on the order of the axes and on the scale" in caption.get_text()


def test_the_radar_needs_polar_axes(cafe: GapResult) -> None:
    figure, square = plt.subplots()
    with pytest.raises(OptionError, match="rectilinear projection, but a radar chart needs polar"):
        plot_radar(cafe, ax=square)
    assert plt.get_fignums() == [figure.number]


def test_two_spokes_are_no_radar(cafe: GapResult) -> None:
    two = dataclasses.replace(cafe, dimensions=cafe.dimensions.iloc[:2])
    with pytest.raises(OptionError, match="has 2 dimensions, but a radar chart needs at least 3"):
        plot_radar(two)
    assert plt.get_fignums() == []


# ---- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("plot", PLOTS)
def test_axes_handed_in_are_drawn_on_and_returned(
    cafe: GapResult, plot: Callable[..., Axes]
) -> None:
    keywords = {"projection": "polar"} if plot is plot_radar else {}
    figure, ax = plt.subplots(subplot_kw=keywords)
    assert plot(cafe, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("plot", PLOTS)
def test_an_unknown_level_is_refused_before_anything_is_drawn(
    cafe: GapResult, plot: Callable[..., Axes]
) -> None:
    with pytest.raises(OptionError, match="`level` is 'item', but must be one of \"dimensions\""):
        plot(cafe, level="item")
    assert plt.get_fignums() == []


@pytest.mark.parametrize("plot", PLOTS)
def test_a_broken_result_leaves_no_figure_open(cafe: GapResult, plot: Callable[..., Axes]) -> None:
    broken = dataclasses.replace(cafe, scale=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        plot(broken)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("level", ["dimensions", "items"])
def test_nothing_is_written_beyond_the_edge_of_a_new_figure(
    plot: Callable[..., Axes], level: Level
) -> None:
    ax = plot(gaps(load_example("bank")), level=level)
    figure = ax.figure
    figure.canvas.draw()
    inside = ax.get_tightbbox()
    assert inside is not None
    assert inside.x0 >= 0.0
    assert inside.y0 >= 0.0
    assert inside.x1 <= figure.bbox.x1
    assert inside.y1 <= figure.bbox.y1


@pytest.mark.parametrize("plot", [plot_gaps, plot_expectation_perception])
@pytest.mark.parametrize("level", ["dimensions", "items"])
def test_row_labels_do_not_touch_each_other(plot: Callable[..., Axes], level: Level) -> None:
    result = gaps(load_example("bank"))
    items = result.items.assign(label="a long label that does not fit in one line " * 3)
    ax = plot(dataclasses.replace(result, items=items), level=level)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.get_yticklabels()]
    boxes.sort(key=lambda box: -box.y0)
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))


@pytest.mark.parametrize(("kind", "line_count"), [("gaps", 0), ("dumbbell", 0), ("radar", 2)])
def test_the_result_draws_itself(cafe: GapResult, kind: str, line_count: int) -> None:
    ax = cafe.plot(kind)  # type: ignore[arg-type]
    assert (ax.name == "polar") == (kind == "radar")
    if kind == "radar":
        assert len(ax.get_lines()) == line_count
