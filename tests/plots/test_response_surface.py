"""The response surface, from above and in three dimensions."""

from __future__ import annotations

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

import servqual as sq
from servqual.typing import FloatArray


@cache
def result() -> sq.ResponseSurfaceResult:
    return sq.response_surface(sq.load_example("bank"), n_resamples=0)


def legend_of(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_the_map_shows_both_lines_and_where_the_answers_lie() -> None:
    ax = result().plot()
    labels = legend_of(ax)
    assert labels[:2] == ["agreement (P = E)", "disagreement"]
    assert ax.get_xlim() == ax.get_ylim() == (1.0, 7.0)
    outline = np.asarray(ax.lines[0].get_xydata())
    assert len(outline) == len(result().hull) + 1
    assert "Overall quality" in ax.get_title(loc="left")
    plt.close("all")


def test_the_stationary_point_is_marked_inside_the_scale_only() -> None:
    generator = np.random.default_rng(6)
    n = 300
    columns: dict[str, FloatArray] = {
        f"{side}{item}": generator.integers(1, 8, n).astype(float)
        for side in "EP"
        for item in (1, 2)
    }
    p = (columns["P1"] + columns["P2"]) / 2
    e = (columns["E1"] + columns["E2"]) / 2
    columns["y"] = 20 - (p - 4) ** 2 - (e - 5) ** 2 + generator.normal(size=n)
    instrument = sq.Instrument.from_toml('id = "t"\nscale = [1, 7]\n[dimensions]\none = [1, 2]')
    survey = sq.Survey(columns, instrument=instrument, outcomes={"y": ["y"]})
    peak = sq.response_surface(survey, outcome="y", predictor="one", n_resamples=0)
    assert peak.surface == "peak"
    assert legend_of(peak.plot())[-1] == "stationary point"
    plt.close("all")


def test_three_dimensions() -> None:
    ax = result().plot("surface")
    assert ax.name == "3d"
    _, own = plt.subplots(subplot_kw={"projection": "3d"})
    assert result().plot("surface", ax=own) is own
    plt.close("all")


def test_wrong_axes_and_words_are_refused() -> None:
    _, flat = plt.subplots()
    with pytest.raises(sq.OptionError, match="needs three dimensions"):
        result().plot("surface", ax=flat)
    with pytest.raises(sq.OptionError, match="`kind`"):
        result().plot("pie")  # type: ignore[arg-type]
    plt.close("all")
