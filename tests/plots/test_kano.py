from __future__ import annotations

import dataclasses
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import BarContainer
from numpy.testing import assert_allclose

from servqual.analyses.kano import KanoResult, kano
from servqual.errors import OptionError
from servqual.plots.kano import plot_kano
from tests.plots.helpers import legend_texts, row_labels


def answers(n_features: int = 4, n: int = 80) -> pd.DataFrame:
    """Answers of which each feature has more of its own class; the same at every call."""
    cells = np.array([[2, 5], [1, 5], [1, 3], [3, 3]])
    random = np.random.default_rng(12)
    columns: dict[str, Any] = {}
    for item in range(1, n_features + 1):
        likely = (item - 1) % 4
        drawn = np.where(random.random(n) < 0.5, likely, random.integers(0, 4, n))
        columns[f"K{item}f"], columns[f"K{item}d"] = cells[drawn].T
    columns["shop"] = np.where(np.arange(n) % 2, "b$1", "a")
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def result() -> KanoResult:
    labels = {1: "Costs $5 to $9", 2: "Quick", 3: "Play", 4: "A very long label " * 9}
    return kano(answers(), labels=labels, n_resamples=200)


def points(ax: Axes) -> np.ndarray:
    """Coordinates of the drawn points, in the order in which they were drawn."""
    drawn = [line.get_xydata() for line in ax.lines if line.get_marker() not in ("None", None)]
    return np.vstack([np.asarray(part) for part in drawn])


def test_points_are_better_against_minus_worse(result: KanoResult) -> None:
    ax = plot_kano(result)
    # Drawn class by class: M, O, A, I, which is the order of the features here.
    assert result.features["class"].tolist() == ["M", "O", "A", "I"]
    assert_allclose(points(ax)[:, 0], -result.features["worse"])
    assert_allclose(points(ax)[:, 1], result.features["better"])
    assert legend_texts(ax) == [
        "must-be (M)",
        "one-dimensional (O)",
        "attractive (A)",
        "indifferent (I)",
    ]


def test_quadrants_are_named_in_their_corners(result: KanoResult) -> None:
    corners = {text.get_text(): text.get_position() for text in plot_kano(result).texts}
    assert corners["ATTRACTIVE"] == (0.0, 1.0)
    assert corners["ONE-DIMENSIONAL"] == (1.0, 1.0)
    assert corners["MUST-BE"] == (1.0, 0.0)
    assert corners["INDIFFERENT"] == (0.0, 0.0)


def test_crosses_are_the_intervals(result: KanoResult) -> None:
    ax = plot_kano(result)
    lines = [part for part in ax.collections if isinstance(part, LineCollection)]
    across, along = (np.array([np.asarray(s) for s in part.get_segments()]) for part in lines)
    assert_allclose(across[:, 0, 0], -result.features["worse_high"])
    assert_allclose(across[:, 1, 0], -result.features["worse_low"])
    assert_allclose(along[:, :, 1], result.features[["better_low", "better_high"]])
    assert "Wilson's 95% intervals" in ax.get_xlabel()
    plain = plot_kano(result, show_intervals=False)
    assert not [part for part in plain.collections if isinstance(part, LineCollection)]
    assert "interval" not in plain.get_xlabel()


def test_labels_are_text_and_short(result: KanoResult) -> None:
    texts = [text.get_text() for text in plot_kano(result).texts]
    assert r"Costs \$5 to \$9" in texts
    [long] = [text for text in texts if text.startswith("A very")]
    assert long.endswith("…")
    assert long.count("\n") == 1


def test_labels_do_not_cover_each_other_or_leave_the_frame() -> None:
    cells = np.array([[2, 5], [1, 5], [1, 3], [3, 3]])
    random = np.random.default_rng(2)
    columns: dict[str, Any] = {}
    for item in range(1, 30):
        drawn = random.choice(4, size=200, p=random.dirichlet([1.0, 1.0, 1.0, 1.0]))
        columns[f"K{item}f"], columns[f"K{item}d"] = cells[drawn].T
    ax = plot_kano(kano(columns, n_resamples=0))
    figure = ax.figure
    figure.canvas.draw()
    frame = ax.get_window_extent()
    names = [str(item) for item in range(1, 30)]
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text() in names]
    assert len(boxes) == 29
    covered = sum(
        first.overlaps(second) for place, first in enumerate(boxes) for second in boxes[:place]
    )
    assert covered == 0
    for box in boxes:
        assert frame.x0 - 2 <= box.x0
        assert box.x1 <= frame.x1 + 2


def test_groups_have_colours_and_a_line_joins_a_feature() -> None:
    result = kano(answers(), by="shop", n_resamples=200)
    ax = plot_kano(result)
    assert legend_texts(ax) == ["a", r"b\$1"]
    assert len(points(ax)) == 8
    joined = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert len(joined) == 4
    # Each feature is named once.
    assert [text.get_text() for text in ax.texts].count("1") == 1


def test_bars_are_the_shares_in_order_of_class(result: KanoResult) -> None:
    ax = plot_kano(result, kind="shares")
    bars = [part for part in ax.containers if isinstance(part, BarContainer)]
    assert [part.get_label() for part in bars][:2] == ["must-be (M)", "one-dimensional (O)"]
    widths = np.array([[bar.get_width() for bar in part.patches] for part in bars])
    assert_allclose(widths.sum(axis=0), 1.0)
    assert_allclose(widths[0], result.features["share_M"])
    assert row_labels(ax)[:3] == ["Costs $5 to $9", "Quick", "Play"]
    texts = [text.get_text() for text in ax.texts]
    assert "class and its\nshare of resamples" in texts
    assert any(text.startswith("M  ") for text in texts)


def test_rows_are_sorted_by_class_and_share() -> None:
    result = kano(answers(8), n_resamples=0)
    ax = plot_kano(result, kind="shares")
    shown = [result.features.set_index("item").loc[name] for name in row_labels(ax)]
    keys = [("MOAI".index(str(row["class"])), -row[f"share_{row['class']}"]) for row in shown]
    assert keys == sorted(keys)
    assert "class" in [text.get_text() for text in ax.texts]


def test_rows_of_groups_stand_together() -> None:
    ax = plot_kano(kano(answers(2), by="shop", n_resamples=0), kind="shares")
    assert row_labels(ax) == ["1 – a", "1 – b$1", "2 – a", "2 – b$1"]


@pytest.mark.parametrize(
    ("chance", "text"), [(1.0, "M  100%"), (0.9995, "M  > 99%"), (0.4, "M  40%")]
)
def test_only_certainty_is_a_hundred_percent(result: KanoResult, chance: float, text: str) -> None:
    table = result.features.assign(probability=chance)
    ax = plot_kano(dataclasses.replace(result, features=table), kind="shares")
    assert text in [entry.get_text() for entry in ax.texts]


@pytest.mark.parametrize("kind", ["map", "shares"])
def test_features_without_answers_or_class(kind: Any) -> None:
    nothing = {"K1f": [1, 1], "K1d": [1, 1], "K2f": [None, None], "K2d": [None, None]}
    ax = plot_kano(kano(nothing, n_resamples=200), kind=kind)
    ax.figure.canvas.draw()
    assert "no answers" in [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("kind", ["map", "shares"])
def test_axes_handed_in_are_drawn_on_and_returned(result: KanoResult, kind: Any) -> None:
    figure, axes = plt.subplots(1, 2)
    assert result.plot(kind, ax=axes[1]) is axes[1]
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()


def test_what_cannot_be_drawn(result: KanoResult) -> None:
    with pytest.raises(OptionError, match="`kind` is 'bars'"):
        result.plot("bars")  # type: ignore[arg-type]
    _, ax = plt.subplots(subplot_kw={"projection": "polar"})
    with pytest.raises(OptionError, match="`ax` is polar"):
        plot_kano(result, ax=ax)
