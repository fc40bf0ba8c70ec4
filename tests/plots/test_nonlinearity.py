"""Curves in panels."""

from __future__ import annotations

from functools import cache
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.text import Text
from numpy.testing import assert_allclose

import servqual as sq
from servqual.plots.nonlinearity import plot_nonlinearity
from tests.analyses.surveys import toy_frame, toy_survey


@cache
def result() -> sq.NonlinearityResult:
    return sq.nonlinearity(sq.load_example("bank"))


def panels(ax: Axes) -> list[Any]:
    return list(ax.child_axes)


def test_each_panel_has_its_curve_its_line_and_its_band() -> None:
    ax = result().plot("piecewise")
    assert len(panels(ax)) == 5
    for term, panel in zip(result().scores["term"], panels(ax), strict=True):
        curve = result().curve(term, "piecewise")
        line, bent = panel.lines[:2]
        assert_allclose(line.get_ydata(), curve["linear"])
        assert_allclose(bent.get_xdata(), curve["x"])
        assert_allclose(bent.get_ydata(), curve["estimate"])
        [band] = [part for part in panel.collections if isinstance(part, PolyCollection)]
        corners = np.asarray(band.get_paths()[0].vertices)
        assert_allclose(corners[:, 1].min(), curve["conf_low"].min())
        assert_allclose(corners[:, 1].max(), curve["conf_high"].max())
        assert panel.lines[2].get_xdata()[0] == 0.0
    assert {panel.get_ylim() for panel in panels(ax)} == {panels(ax)[0].get_ylim()}


def test_titles_name_the_variable_and_the_adjusted_p() -> None:
    ax = result().plot()
    tests = result().tests.query("form == 'spline'")
    for label, p_value, panel in zip(tests["label"], tests["p_adjusted"], panels(ax), strict=True):
        title = panel.get_title(loc="left")
        assert label in title
        assert f"p = {p_value:.3f}".replace("0.", ".", 1) in title
    assert "restricted cubic spline" in ax.get_title(loc="left")


def test_what_could_not_be_fitted_is_said() -> None:
    far = sq.nonlinearity(sq.load_example("bank"), forms="piecewise", knot=-20)
    ax = far.plot()
    for panel in panels(ax):
        assert "no such curve" in [text.get_text() for text in panel.texts]
        assert "no test" in panel.get_title(loc="left")


def test_items_and_one_variable_fit() -> None:
    many = sq.nonlinearity(sq.load_example("bank"), predictors="items", forms="quadratic")
    ax = many.plot()
    assert len(panels(ax)) == 22
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]
    alone = sq.nonlinearity(sq.load_example("bank"), predictors="overall", forms="quadratic")
    assert len(panels(alone.plot())) == 1


def test_axes_handed_in_and_words() -> None:
    _, own = plt.subplots()
    assert plot_nonlinearity(result(), ax=own) is own
    assert not own.axison
    before = plt.get_fignums()
    with pytest.raises(sq.OptionError, match="`form`"):
        sq.nonlinearity(sq.load_example("bank"), forms="quadratic").plot("spline")
    assert plt.get_fignums() == before
    _, polar = plt.subplots(subplot_kw={"projection": "polar"})
    with pytest.raises(sq.OptionError, match="polar"):
        plot_nonlinearity(result(), ax=polar)


def test_wild_bands_do_not_flatten_the_curves() -> None:
    generator = np.random.default_rng(1)
    columns: dict[str, Any] = {
        f"{side}{item}": generator.integers(1, 8, 30) for side in "EP" for item in (1, 2)
    }
    columns["y"] = generator.integers(1, 8, 30)
    instrument = sq.Instrument.from_toml('id = "t"\nscale = [1, 7]\n[dimensions]\na = [1]\nb = [2]')
    survey = sq.Survey(columns, instrument=instrument, outcomes={"y": ["y"]})
    few = sq.nonlinearity(survey, outcome="y", n_knots=5)
    bottom, top = panels(few.plot())[0].get_ylim()
    curves = np.concatenate([few.curve(term)["estimate"].to_numpy() for term in ("a", "b")])
    assert top - bottom < 3.5 * np.ptp(curves) + 1e-9


@pytest.mark.parametrize("terms", [["d1"], ["d1", "d2"]])
def test_one_panel_has_room_for_its_title(terms: list[str]) -> None:
    result = sq.nonlinearity(toy_survey(toy_frame(100)), predictors=terms)
    # A layout that does not fit is a warning, and so an error here.
    ax = result.plot()
    ax.figure.canvas.draw()
    title = next(text for text in ax.findobj(Text) if text.get_text() == ax.get_title("left"))
    assert title.get_window_extent().x1 <= ax.figure.bbox.width
    plt.close("all")
