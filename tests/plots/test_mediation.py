"""Diagrams of mediation: every variable and arrow is there, and boxes do not overlap."""

from __future__ import annotations

import itertools
from typing import Any

import matplotlib.pyplot as plt
import pytest
from matplotlib.patches import Rectangle

import servqual as sq

CASES: dict[str, dict[str, Any]] = {
    "one": {},
    "dimensions": {"predictor": "dimensions"},
    "parallel": {"predictor": "reliability", "mediator": ["satisfaction", "empathy"]},
    "serial": {
        "predictor": "reliability",
        "mediator": ["tangibles", "satisfaction", "empathy"],
        "serial": True,
    },
    "moderated": {"predictor": "reliability", "moderator": "empathy", "moderated": "b"},
}


@pytest.mark.parametrize("name", list(CASES))
def test_every_variable_has_a_box_and_every_path_an_arrow(name: str) -> None:
    result = sq.mediation(sq.load_example("bank"), interval="sobel", **CASES[name])
    ax = result.plot()
    boxes = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert len(boxes) == len(result.predictors) + len(result.mediators) + 1
    for first, second in itertools.combinations(boxes, 2):
        apart = (
            abs(first.get_x() - second.get_x()) >= first.get_width()
            or abs(first.get_y() - second.get_y()) >= first.get_height()
        )
        assert apart
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    drawn = result.effects["term"].isin(["a", "b", "d", "direct"]).sum()
    assert len(arrows) == drawn
    shown = " ".join(text.get_text() for text in ax.texts)
    for variable in (*result.predictors, *result.mediators, result.outcome):
        assert variable in shown
    plt.close("all")


def test_many_indirect_effects_are_cut_with_a_word() -> None:
    result = sq.mediation(
        sq.load_example("bank"),
        predictor="dimensions",
        mediator=["satisfaction", "SAT1"],
        interval="sobel",
    )
    ax = result.plot()
    assert any("more, see the table" in text.get_text() for text in ax.texts)
    plt.close("all")
