"""The four pictures of residuals."""

from __future__ import annotations

from functools import cache
from typing import get_args

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

import servqual as sq
from servqual.typing import DiagnosticPlot
from tests.analyses.surveys import reference_survey, toy_frame, toy_instrument, toy_survey


@cache
def result() -> sq.RegressionDiagnosticsResult:
    return sq.regression(reference_survey(), outcome="satisfaction").diagnostics()


def test_four_panels_share_a_figure() -> None:
    ax = result().plot()
    panels = ax.figure.axes
    assert len(panels) == 4
    titles = [panel.get_title(loc="left") for panel in panels]
    assert titles == [
        "Residuals and fitted values",
        "Normal quantiles",
        "Scale and location",
        "Residuals and leverage",
    ]
    ax.figure.canvas.draw()
    plt.close("all")


@pytest.mark.parametrize("kind", get_args(DiagnosticPlot))
def test_each_draws_on_the_axes_handed_in(kind: DiagnosticPlot) -> None:
    figure, axes = plt.subplots()
    assert result().plot(kind, ax=axes) is axes
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    points = axes.lines[1] if kind != "scale-location" else axes.lines[0]
    assert len(points.get_xdata()) == result().sample.n_obs  # type: ignore[arg-type]
    plt.close(figure)


def test_the_three_most_influential_rows_are_named() -> None:
    ax = result().plot("residuals")
    named = {text.get_text() for text in ax.texts}
    assert named == {str(row) for row in result().influential["row"][:3]}
    plt.close("all")


def test_points_are_residuals_of_the_model() -> None:
    ax = result().plot("residuals")
    drawn = np.asarray(ax.lines[1].get_ydata(), dtype=float)
    np.testing.assert_allclose(drawn, result().model.resid)
    plt.close("all")


def test_kinds_and_axes_are_checked() -> None:
    with pytest.raises(sq.OptionError, match="`kind` is 'q-q', but must be one of"):
        result().plot("q-q")  # type: ignore[arg-type]
    figure, axes = plt.subplots()
    with pytest.raises(sq.OptionError, match="Four pictures do not go into one `ax`"):
        result().plot(ax=axes)
    plt.close(figure)
    with pytest.raises(sq.OptionError, match="must be one matplotlib Axes"):
        result().plot("qq", ax="here")  # type: ignore[arg-type]


@pytest.mark.parametrize("n_respondents", [6, 25])
def test_few_respondents_and_one_that_stands_alone(n_respondents: int) -> None:
    frame = toy_frame(n_respondents, 3)
    frame["E1"], frame["P1"] = 5.0, 5.0
    frame.loc[0, "P1"] = 2.0
    fit = sq.regression(toy_survey(frame, toy_instrument((1, 2))), outcome="satisfaction")
    ax = fit.diagnostics().plot()
    ax.figure.canvas.draw()
    assert isinstance(ax, Axes)
    plt.close("all")


def test_a_long_name_with_a_dollar_is_drawn_as_it_is() -> None:
    name = "willing to pay $5 to $9 more " * 4
    survey = toy_survey(toy_frame(), outcomes={name: ["SAT1", "SAT2"]})
    ax = sq.regression(survey, outcome=name).diagnostics().plot("residuals")
    assert ax.get_xlabel().startswith(r"Fitted willing to pay \$5")
    assert ax.get_xlabel().endswith("…")
    ax.figure.canvas.draw()
    plt.close("all")


def test_somebody_far_out_is_held_against_lines_of_cooks_distance() -> None:
    frame = toy_frame(40, 3)
    frame.loc[9, ["P1", "P2", "P3"]] = 1.0
    frame.loc[9, ["SAT1", "SAT2", "SAT3"]] = 7.0
    survey = toy_survey(frame, toy_instrument((1, 2)))
    ax = sq.regression(survey, outcome="satisfaction").diagnostics().plot("leverage")
    ax.figure.canvas.draw()
    texts = {text.get_text() for text in ax.texts}
    assert "9" in texts
    assert any(text.startswith("Cook's distance") for text in texts)
    plt.close("all")
