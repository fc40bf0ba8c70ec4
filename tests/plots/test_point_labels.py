"""Labels beside points do not cover each other, the points, or other texts."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from servqual.plots.point_labels import label_points
from servqual.typing import FloatArray


def overlaps(texts: list[Text]) -> list[tuple[str, str]]:
    boxes = [text.get_window_extent() for text in texts]
    return [
        (texts[first].get_text(), texts[second].get_text())
        for first, second in itertools.combinations(range(len(texts)), 2)
        if boxes[first].overlaps(boxes[second])
    ]


def scattered(n_points: int, seed: int) -> tuple[FloatArray, FloatArray]:
    generator = np.random.default_rng(seed)
    return generator.normal(5.0, 0.4, n_points), generator.normal(20.0, 4.0, n_points)


@pytest.mark.parametrize("seed", range(6))
def test_twenty_four_numbers_do_not_overlap(seed: int) -> None:
    x, y = scattered(24, seed)
    _, ax = plt.subplots(figsize=(6.6, 5.4), layout="constrained")
    ax.scatter(x, y)
    texts = label_points(ax, x, y, [str(number) for number in range(1, 25)])
    ax.figure.canvas.draw()
    assert overlaps(texts) == []
    assert [text.get_text() for text in texts] == [str(number) for number in range(1, 25)]


@pytest.mark.parametrize("seed", range(6))
def test_eight_long_names_stay_apart_and_inside(seed: int) -> None:
    x, y = scattered(8, seed)
    _, ax = plt.subplots(figsize=(6.6, 5.4), layout="constrained")
    ax.scatter(x, y)
    texts = label_points(ax, x, y, ["Never too busy to\nrespond to requests"] * 8)
    ax.figure.canvas.draw()
    assert overlaps(texts) == []
    frame = ax.get_window_extent()
    for text in texts:
        box = text.get_window_extent()
        assert box.x0 >= frame.x0 - 2
        assert box.x1 <= frame.x1 + 2


def test_points_on_top_of_each_other_get_labels_side_by_side() -> None:
    x, y = np.full(6, 1.0), np.full(6, 2.0)
    _, ax = plt.subplots()
    ax.scatter(x, y)
    texts = label_points(ax, x, y, list("abcdef"))
    assert overlaps(texts) == []


def test_other_texts_are_not_covered() -> None:
    _, ax = plt.subplots()
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    point = ax.transData.inverted().transform(
        ax.transData.transform((0.5, 0.5)) + np.array([30.0, 0.0])
    )
    other = ax.text(float(point[0]), float(point[1]), "in the way", va="center")
    [text] = label_points(ax, np.array([0.5]), np.array([0.5]), ["label"], avoid=[other])
    assert not text.get_window_extent().overlaps(other.get_window_extent())


def test_the_same_drawing_gets_the_same_places() -> None:
    x, y = scattered(15, 1)
    places = []
    for _ in range(2):
        _, ax = plt.subplots()
        ax.scatter(x, y)
        texts = label_points(ax, x, y, ["label"] * 15)
        places.append([text.get_position() for text in texts])
    assert places[0] == places[1]


def test_labels_far_from_their_points_are_joined_to_them() -> None:
    x, y = np.full(20, 1.0), np.full(20, 2.0)
    _, ax = plt.subplots()
    texts = label_points(ax, x, y, [f"label {number}" for number in range(20)])
    assert any(getattr(text, "arrow_patch", None) is not None for text in texts)
    assert any(getattr(text, "arrow_patch", None) is None for text in texts)


def test_no_points_no_labels() -> None:
    _, ax = plt.subplots()
    assert label_points(ax, np.array([]), np.array([]), []) == []


def test_subfigures_do_too() -> None:
    figure = plt.figure(layout="constrained")
    ax = figure.subfigures(1, 2, squeeze=False)[0, 0].subplots()
    [text] = label_points(ax, np.array([0.5]), np.array([0.5]), ["here"])
    assert text.get_text() == "here"


@pytest.mark.parametrize("seed", range(6))
def test_labels_may_move_again_when_others_have_settled(seed: int) -> None:
    generator = np.random.default_rng(seed)
    x, y = generator.random(14), generator.random(14)
    _, ax = plt.subplots(figsize=(5.0, 4.0), layout="constrained")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    labels = ["a rather long name " * (1 + place % 2) for place in range(14)]
    assert len(label_points(ax, x, y, labels)) == 14
