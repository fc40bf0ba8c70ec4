from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from servqual.analyses.regression_result import RegressionResult, fit_row
from servqual.errors import OptionError
from servqual.plots.regression import plot_coefficients
from servqual.results import SampleInfo
from servqual.typing import Family
from tests.plots.helpers import intervals, row_labels

TERMS = ["tangibles", "reliability", "assurance"]


def fitted(family: Family = "ordered-logit", factor: float = 1.0) -> RegressionResult:
    """Make a result by hand: a slope above zero, one below, one that cannot be told."""
    estimate = factor * np.array([0.4, -0.7, 0.1])
    low, high = estimate - 0.2 * factor, estimate + 0.2 * factor
    odds = np.full(3, np.nan) if family in ("ols", "ordered-probit") else np.exp(estimate)
    slopes = pd.DataFrame(
        {
            "term": TERMS,
            "label": ["Tangibles", "Costs $5 to $9", ""],
            "estimate": estimate,
            "conf_low": low,
            "conf_high": high,
            "odds_ratio": odds,
        }
    )
    if family in ("ols", "logit"):
        intercept = pd.DataFrame({"term": ["(Intercept)"], "label": ["Intercept"], "estimate": 4.0})
        slopes = pd.concat([intercept, slopes], ignore_index=True)
    targets = ["1"] if family == "logit" else ["1", "2", "3", "mean answer", "top two"]
    effects = pd.DataFrame(
        {
            "term": [term for term in TERMS for _ in targets],
            "outcome_level": targets * 3,
            "estimate": np.repeat(estimate / 10, len(targets)),
            "conf_low": np.repeat(low / 10, len(targets)),
            "conf_high": np.repeat(high / 10, len(targets)),
        }
    )
    return RegressionResult(
        sample=SampleInfo(600, 0, "listwise"),
        outcome="sat_$1",
        on="gap",
        covariance="nonrobust",
        cluster="",
        conf_level=0.9,
        coefficients=slopes,
        fit=fit_row(),
        family=family,
        marginal_effects=effects if family != "ols" else effects.iloc[:0],
    )


def markers(ax: Axes) -> list[tuple[list[float], str]]:
    return [
        (np.asarray(line.get_xdata(), dtype=float).tolist(), str(line.get_markerfacecolor()))
        for line in ax.lines
        if line.get_marker() == "o"
    ]


def test_slopes_stand_in_rows_without_the_intercept() -> None:
    ax = plot_coefficients(fitted("ols"))
    assert row_labels(ax) == ["Tangibles", "Costs $5 to $9", "assurance"]
    [drawn] = intervals(ax)
    np.testing.assert_allclose(drawn[:, 0], [0.2, -0.9, -0.1], atol=1e-12)
    np.testing.assert_allclose(drawn[:, 1], [0.6, -0.5, 0.3], atol=1e-12)
    assert [text.get_text() for text in ax.texts] == ["0.40", "−0.70", "0.10"]
    assert "points of the outcome for one point more;\nlines: 90% interval" in ax.get_xlabel()


def test_what_cannot_be_told_from_zero_has_an_open_marker() -> None:
    filled, hollow = markers(plot_coefficients(fitted()))
    assert filled[0] == pytest.approx([0.4, -0.7])
    assert hollow[0] == pytest.approx([0.1])
    assert (filled[1] == "white", hollow[1] == "white") == (False, True)


@pytest.mark.parametrize("factor", [0.02, 0.2, 1.0, 4.0, 20.0])
def test_odds_ratios_stand_on_a_logarithmic_axis(factor: float) -> None:
    ax = plot_coefficients(fitted(factor=factor))
    ax.figure.canvas.draw()
    ticks = [
        (place, text.get_text().replace("−", "-"))
        for place, text in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    ]
    assert 3 <= len(ticks) <= 12
    for place, text in ticks:
        assert float(text) == pytest.approx(np.exp(place), rel=6e-4)
    assert len({text for _, text in ticks}) == len(ticks)
    for drawn, value in zip(ax.texts, (0.4, -0.7, 0.1), strict=True):
        written = float(drawn.get_text().replace("−", "-"))
        assert written == pytest.approx(np.exp(factor * value), rel=0.06, abs=0.006)
        assert written > 0
    low, high = ax.get_xlim()
    assert low <= factor * -0.9
    assert high >= factor * 0.6
    assert ax.get_xlabel().startswith("Odds ratio of a higher answer for one point more")


def test_probits_have_coefficients() -> None:
    ax = plot_coefficients(fitted("ordered-probit"))
    assert ax.get_xlabel().startswith("Coefficient: standard deviations of what lies behind")


@pytest.mark.parametrize("family", ["ordered-logit", "ordered-probit", "logit"])
def test_effects_are_percentage_points_of_the_best_answers(family: Family) -> None:
    ax = plot_coefficients(fitted(family), kind="effects")
    ax.figure.canvas.draw()
    assert [text.get_text() for text in ax.texts] == ["4.0", "−7.0", "1.0"]
    whose = "the answer 1" if family == "logit" else "the two highest answers"
    assert f"share of {whose}" in ax.get_xlabel()
    assert row_labels(ax) == ["Tangibles", "Costs $5 to $9", "assurance"]
    shown = [text.get_text() for text in ax.get_xticklabels()]
    assert "−5" in shown
    assert "0" in shown


def test_the_title_names_the_outcome() -> None:
    assert plot_coefficients(fitted()).get_title(loc="left") == r"What goes with sat_\$1"


def test_without_intervals_there_are_points_only() -> None:
    result = fitted("ols")
    result.coefficients.loc[:, ["conf_low", "conf_high"]] = np.nan
    ax = plot_coefficients(result)
    assert intervals(ax) == []
    assert "interval" not in ax.get_xlabel()
    ax.figure.canvas.draw()


def test_axes_handed_in_are_drawn_on_and_returned() -> None:
    figure, ax = plt.subplots()
    assert fitted().plot(ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(OptionError, match='"effects"` needs marginal effects'):
        plot_coefficients(fitted("ols"), kind="effects")
    with pytest.raises(OptionError, match="`kind` is 'odds'"):
        fitted().plot(kind="odds")  # type: ignore[arg-type]
    _, ax = plt.subplots(subplot_kw={"projection": "polar"})
    with pytest.raises(OptionError, match="`ax` is polar"):
        plot_coefficients(fitted(), ax=ax)
