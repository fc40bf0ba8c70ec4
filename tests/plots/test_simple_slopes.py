"""The picture of simple slopes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from tests.analyses.surveys import reference_survey, toy_frame, toy_survey


def moderated(**options: object) -> sq.RegressionResult:
    return sq.regression(
        reference_survey(),
        outcome="satisfaction",
        predictors=["reliability", "empathy"],
        **options,  # type: ignore[arg-type]
    )


def test_each_slope_has_a_row_and_a_marker() -> None:
    fit = moderated(by="branch")
    ax = sq.plot_simple_slopes(fit)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0] == "Reliability · East"
    assert len(labels) == 8
    markers = [line for line in ax.lines if line.get_marker() == "o"]
    drawn = np.sort(np.concatenate([np.asarray(m.get_xdata(), dtype=float) for m in markers]))
    assert_allclose(drawn, np.sort(fit.simple_slopes["estimate"]))
    assert_allclose(
        len(np.atleast_1d(markers[0].get_xdata())), (fit.simple_slopes["p_value"] < 0.05).sum()
    )
    assert "slopes by branch" in ax.get_title(loc="left")
    plt.close("all")


def test_one_of_several_moderators_is_chosen() -> None:
    fit = moderated(by=["wave", "tangibles"])
    figure, axes = plt.subplots()
    assert sq.plot_simple_slopes(fit, moderator="tangibles", ax=axes) is axes
    assert axes.get_yticklabels()[0].get_text() == "Reliability · mean − 1 SD"
    with pytest.raises(
        sq.OptionError, match=r"`moderator` is 'branch', but .* has wave, tangibles"
    ):
        sq.plot_simple_slopes(fit, moderator="branch")
    plt.close(figure)


def test_without_a_moderator_there_is_nothing_to_draw() -> None:
    with pytest.raises(sq.OptionError, match="has no moderator"):
        sq.plot_simple_slopes(moderated())


def test_slopes_without_intervals_and_long_names_are_drawn() -> None:
    frame = toy_frame(g=["a group that costs $5 to $9 " * 3] * 20 + ["b"] * 18 + ["c"] * 2)
    fit = sq.regression(toy_survey(frame), outcome="satisfaction", predictors=["d1"], by="g")
    assert fit.simple_slopes["std_error"].isna().all()
    ax = sq.plot_simple_slopes(fit)
    assert "interval" not in ax.get_xlabel()
    ax.figure.canvas.draw()
    plt.close("all")
