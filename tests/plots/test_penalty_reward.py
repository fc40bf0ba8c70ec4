"""Penalties and rewards: the bars and the map."""

from __future__ import annotations

import dataclasses
import warnings
from functools import cache
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.container import BarContainer
from matplotlib.text import Annotation, Text
from numpy.testing import assert_allclose

import servqual as sq
from servqual.plots.penalty_reward import plot_penalty_reward
from servqual.typing import PenaltyRewardPlot
from tests.plots.helpers import intervals, legend_texts, row_labels

KINDS: tuple[PenaltyRewardPlot, ...] = ("bars", "map")


@cache
def result(predictors: str = "dimensions", n_resamples: int = 200) -> sq.PenaltyRewardResult:
    options: dict[str, Any] = {"predictors": predictors, "n_resamples": n_resamples}
    return sq.penalty_reward(sq.load_example("bank"), **options)


def widths(ax: Any) -> dict[str, list[float]]:
    return {
        str(part.get_label()).split()[0]: [bar.get_width() for bar in part.patches]
        for part in ax.containers
        if isinstance(part, BarContainer)
    }


def draw(ax: Any) -> None:
    ax.figure.draw_without_rendering()


def notes_on(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts if isinstance(text, Annotation)]


def test_bars_are_sorted_by_impact_asymmetry_and_nan_comes_last() -> None:
    ax = result().plot()
    table = result().asymmetry.sort_values("impact_asymmetry", ascending=False, na_position="last")
    assert row_labels(ax) == table["label"].tolist()
    assert_allclose(widths(ax)["reward"], table["reward"])
    assert_allclose(widths(ax)["penalty"], table["penalty"])
    assert legend_texts(ax) == ["reward (high against middle)", "penalty (low against middle)"]
    shown = notes_on(ax)
    for asymmetry, name in zip(table["impact_asymmetry"], table["class"], strict=True):
        assert any(name in text for text in shown)
        if np.isfinite(asymmetry):
            assert any(f"{asymmetry:.2f}".replace("-", "−") in text for text in shown)


def test_error_bars_are_the_intervals_of_the_coefficients() -> None:
    ax = result().plot()
    rows = result().coefficients
    order = np.argsort(-result().asymmetry["impact_asymmetry"].to_numpy(), kind="stable")
    drawn = intervals(ax)
    for part, kind in zip(drawn, ("reward", "penalty"), strict=True):
        limits = rows[rows["kind"] == kind].iloc[order][["conf_low", "conf_high"]]
        assert_allclose(part[:, :2], limits)


def test_the_map_has_a_point_for_what_has_an_asymmetry() -> None:
    ax = result().plot("map")
    table = result().asymmetry
    known = table.dropna(subset=["impact_asymmetry"])
    points = np.asarray(ax.collections[-1].get_offsets())
    assert_allclose(points, known[["range", "impact_asymmetry"]])
    assert set(known["label"]) <= set(notes_on(ax))
    for term in table.loc[table["impact_asymmetry"].isna(), "term"]:
        assert term in ax.get_xlabel()
    assert ax.get_ylabel() == "Impact asymmetry"


def test_without_resamples_the_map_has_no_intervals() -> None:
    ax = result(n_resamples=0).plot("map")
    assert "bootstrap" not in ax.get_xlabel()


def test_items_and_one_dimension_fit() -> None:
    for kind in KINDS:
        draw(result("items").plot(kind))
    alone = sq.penalty_reward(sq.load_example("bank"), predictors="overall", n_resamples=100)
    assert row_labels(alone.plot()) == ["Overall quality"]
    alone.plot("map")


def test_an_empty_group_has_no_bar() -> None:
    frame = sq.load_example("bank")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sq.SmallSampleWarning)
        lacking = sq.penalty_reward(frame, coding="scale", low=0.5, n_resamples=0)
    for kind in KINDS:
        draw(lacking.plot(kind))
    assert np.isnan(widths(lacking.plot())["penalty"]).all()


def test_axes_handed_in_and_words() -> None:
    _, own = plt.subplots()
    assert plot_penalty_reward(result(), ax=own) is own
    _, polar = plt.subplots(subplot_kw={"projection": "polar"})
    with pytest.raises(sq.OptionError, match="polar"):
        plot_penalty_reward(result(), ax=polar)
    with pytest.raises(sq.OptionError, match="`kind`"):
        result().plot("pie")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_outcome_stays_in_the_figure(kind: PenaltyRewardPlot) -> None:
    long = dataclasses.replace(
        result(), outcome="overall satisfaction with everything in the branch"
    )
    ax = long.plot(kind)
    draw(ax)
    title = next(text for text in ax.findobj(Text) if text.get_text() == ax.get_title("left"))
    others = [text.get_window_extent() for text in ax.texts]
    assert title.get_window_extent().x1 <= ax.figure.bbox.width
    assert not any(title.get_window_extent().overlaps(box) for box in others)
