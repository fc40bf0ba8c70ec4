"""The map of importance and performance, and the bars of its probabilities."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

import servqual as sq
from servqual.analyses.importance_performance import ImportancePerformanceResult
from servqual.errors import OptionError
from servqual.plots.importance_performance import (
    plot_importance_performance,
    plot_quadrant_probabilities,
)
from servqual.typing import Level
from tests.analyses.surveys import reference_survey, toy_frame, toy_survey
from tests.plots.helpers import CAFE, answers, legend_texts, row_labels

NAMES = ["Concentrate here", "Keep up the good work", "Low priority", "Possible overkill"]


def analyse(survey: sq.Survey, **options: Any) -> ImportancePerformanceResult:
    return sq.importance_performance(survey, **({"n_resamples": 200} | options))


@pytest.fixture
def result() -> ImportancePerformanceResult:
    return analyse(reference_survey())


@pytest.fixture
def items() -> ImportancePerformanceResult:
    return analyse(reference_survey(), level="items", importance="expectation")


def offsets(ax: Any) -> np.ndarray:
    drawn = [part for part in ax.collections if isinstance(part, PathCollection)]
    return np.vstack([np.asarray(part.get_offsets()) for part in drawn])


def test_points_stand_where_the_table_says(result: ImportancePerformanceResult) -> None:
    ax = plot_importance_performance(result)
    expected = result.attributes[["performance", "importance"]].to_numpy()
    found = offsets(ax)
    assert len(found) == 5
    np.testing.assert_allclose(np.sort(found, axis=0), np.sort(expected, axis=0))


def test_certain_points_are_filled(result: ImportancePerformanceResult) -> None:
    table = result.attributes.assign(p_quadrant=[1.0, 0.95, 0.949, 0.5, np.nan])
    ax = plot_importance_performance(dataclasses.replace(result, attributes=table))
    filled, hollow = (part for part in ax.collections if isinstance(part, PathCollection))
    counts = [np.asarray(part.get_offsets()).shape[0] for part in (filled, hollow)]
    assert counts == [2, 3]
    assert not np.allclose(filled.get_facecolor(), hollow.get_facecolor())
    assert "filled: there in at least 95%" in ax.get_xlabel()


def test_the_crosshair_is_drawn_and_named(result: ImportancePerformanceResult) -> None:
    ax = plot_importance_performance(result)
    importance, performance = result.lines["value"]
    drawn = [(line.get_xdata(), line.get_ydata()) for line in ax.lines]
    assert any(set(np.asarray(y)) == {importance} for _, y in drawn)
    assert any(set(np.asarray(x)) == {performance} for x, _ in drawn)
    assert f"mean of the attributes, {performance:.2f}" in ax.get_xlabel()
    assert "mean of the attributes, 20.00" in ax.get_ylabel()
    assert "mean of the importance points (100 in all)" in ax.get_ylabel().replace("\n", " ")


def test_quadrants_are_named_in_their_corners(result: ImportancePerformanceResult) -> None:
    ax = plot_importance_performance(result)
    at = {text.get_text(): text.get_position() for text in ax.texts if text.get_text() in NAMES}
    assert set(at) == set(NAMES)
    assert at["Concentrate here"][0] < 0.5 < at["Concentrate here"][1]
    assert at["Possible overkill"][1] < 0.5 < at["Possible overkill"][0]


def test_ellipses_have_the_covariance_of_the_coordinates() -> None:
    result = analyse(reference_survey(), outcome="satisfaction", n_resamples=500)
    ax = plot_importance_performance(result)
    ellipses = [patch for patch in ax.patches if isinstance(patch, Ellipse)]
    assert len(ellipses) == 5
    radius = -2.0 * np.log(0.05)
    for ellipse, (_, row) in zip(ellipses, result.attributes.iterrows(), strict=True):
        assert ellipse.center == (row["performance"], row["importance"])
        angle = np.radians(ellipse.angle)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        spread = np.diag([(ellipse.width / 2) ** 2, (ellipse.height / 2) ** 2]) / radius
        covariance = turn @ spread @ turn.T
        expected = [
            [row["performance_std_error"] ** 2, row["covariance"]],
            [row["covariance"], row["importance_std_error"] ** 2],
        ]
        np.testing.assert_allclose(covariance, expected, rtol=1e-8, atol=1e-12)


def test_without_resamples_there_are_points_only() -> None:
    ax = plot_importance_performance(analyse(reference_survey(), n_resamples=0))
    assert not ax.patches
    assert "ellipses" not in ax.get_xlabel()
    assert "filled" not in ax.get_xlabel()


def test_the_diagonal_comes_on_request(result: ImportancePerformanceResult) -> None:
    without = plot_importance_performance(result)
    ax = result.plot(diagonal=True)
    assert len(ax.lines) == len(without.lines) + 1
    assert "dotted: importance equals performance" in ax.get_xlabel()
    assert "dotted" not in without.get_xlabel()
    slope = result.attributes["importance"].std() / result.attributes["performance"].std()
    assert ax.lines[-1].get_slope() == pytest.approx(slope)  # type: ignore[attr-defined]


def test_labels_do_not_overlap(
    result: ImportancePerformanceResult, items: ImportancePerformanceResult
) -> None:
    for shown in (result, items):
        ax = plot_importance_performance(shown)
        ax.figure.canvas.draw()
        labels = [text for text in ax.texts if text.get_transform() != ax.transAxes]
        assert len(labels) == len(shown.attributes)
        boxes = [text.get_window_extent() for text in labels]
        assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
        plt.close("all")


def test_many_items_are_numbered_and_explained(items: ImportancePerformanceResult) -> None:
    ax = plot_importance_performance(items)
    shown = [text.get_text() for text in ax.texts]
    assert {str(number) for number in range(1, 23)} <= set(shown)
    [key] = [text for text in shown if "\n" in text]
    assert key.split("\n")[0].startswith("1 ")
    assert len(key.split("\n")) == 22


def test_axes_handed_in_get_no_key(items: ImportancePerformanceResult) -> None:
    figure, (left, right) = plt.subplots(1, 2)
    assert items.plot(ax=left) is left
    assert items.plot("probabilities", ax=right) is right
    assert plt.get_fignums() == [figure.number]
    assert not any("\n" in text.get_text() for text in left.texts)


def test_everything_lies_within_the_axes(items: ImportancePerformanceResult) -> None:
    for shown in (items, analyse(reference_survey(), crosshair="midpoint")):
        ax = plot_importance_performance(shown)
        importance, performance = shown.lines["value"]
        for (low, high), values, line in (
            (ax.get_xlim(), shown.attributes["performance"], performance),
            (ax.get_ylim(), shown.attributes["importance"], importance),
        ):
            assert low < values.min()
            assert values.max() < high
            # Each side of the crosshair has room for the name of its quadrant.
            assert 0.15 < (line - low) / (high - low) < 0.85


@pytest.mark.parametrize("kind", ["map", "probabilities"])
def test_labels_are_no_formulas(kind: Any) -> None:
    survey = sq.Survey(answers(), instrument=CAFE)
    ax = analyse(survey, importance="expectation").plot(kind)
    ax.figure.canvas.draw()
    shown = [text.get_text() for text in ax.texts] + [
        text.get_text() for text in ax.get_yticklabels()
    ]
    assert any(r"\$5" in text for text in shown)


@pytest.mark.parametrize("kind", ["map", "probabilities"])
def test_what_cannot_be_placed_is_said(kind: Any) -> None:
    survey = toy_survey(toy_frame().assign(SAT1=4, SAT2=4, SAT3=4))
    ax = analyse(survey, outcome="satisfaction").plot(kind)
    ax.figure.canvas.draw()
    words = {"map": "No attribute has both coordinates", "probabilities": "unknown"}
    assert any(text.get_text() == words[kind] for text in ax.texts)


def test_one_attribute_and_no_spread_can_be_drawn() -> None:
    survey = toy_survey(toy_frame().assign(**{f"P{item}": 7 for item in range(1, 6)}))
    analyse(survey, importance=["E1", "E2", "E3", "E4", "E5"]).plot(diagonal=True)
    one = sq.Instrument.from_toml('id = "one"\nscale = [1, 7]\n[dimensions]\nall = [1, 2, 3, 4, 5]')
    analyse(toy_survey(toy_frame(), one), importance="expectation").plot(diagonal=True)


def test_bars_are_the_probabilities(result: ImportancePerformanceResult) -> None:
    shares = np.array(
        [
            [0.0, 0.2, 0.8, 0.0],
            [0.9, 0.1, 0.0, 0.0],
            [0.4, 0.6, 0.0, 0.0],
            [0.0, 0.5, 0.0, 0.5],
            [np.nan] * 4,
        ]
    )
    columns = ["p_concentrate", "p_keep_up", "p_low_priority", "p_overkill"]
    table = result.attributes.assign(
        **{name: shares[:, place] for place, name in enumerate(columns)}
    )
    ax = plot_quadrant_probabilities(dataclasses.replace(result, attributes=table))
    labels = row_labels(ax)
    expected = table["label"].iloc[[1, 2, 3, 0, 4]].tolist()
    assert labels == expected
    widths = np.array([[bar.get_width() for bar in part] for part in ax.containers])
    np.testing.assert_allclose(widths.T, np.nan_to_num(shares[[1, 2, 3, 0, 4]]))
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("90%") == 1
    assert "unknown" in texts
    assert legend_texts(ax) == NAMES


def test_words_beside_the_axes_fit_small_figures(result: ImportancePerformanceResult) -> None:
    figure = Figure(figsize=(4.8, 4.0), layout="constrained")
    ax = result.plot(diagonal=True, ax=figure.subplots())
    figure.draw_without_rendering()
    for label in (ax.xaxis.label, ax.yaxis.label):
        box = label.get_window_extent()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1


def test_kinds_are_checked(result: ImportancePerformanceResult) -> None:
    with pytest.raises(OptionError, match='Did you mean "map"'):
        result.plot("maps")  # type: ignore[arg-type]


@pytest.mark.parametrize("draw", [plot_importance_performance, plot_quadrant_probabilities])
def test_polar_axes_are_refused(result: ImportancePerformanceResult, draw: Any) -> None:
    _, ax = plt.subplots(subplot_kw={"projection": "polar"})
    with pytest.raises(OptionError, match="`ax` is polar"):
        draw(result, ax=ax)


def test_tables_are_not_changed(result: ImportancePerformanceResult) -> None:
    before = result.attributes.copy(deep=True)
    result.plot()
    result.plot("probabilities")
    pd.testing.assert_frame_equal(result.attributes, before)


@pytest.mark.parametrize("level", ["dimensions", "items"])
def test_names_of_the_quadrants_stay_in_the_figure(level: Level) -> None:
    result = sq.importance_performance(
        sq.load_example("bank"), level=level, outcome="satisfaction", n_resamples=200
    )
    ax = result.plot("probabilities")
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    assert legend is not None
    assert legend.get_window_extent().x1 <= ax.figure.bbox.width
    plt.close("all")
