from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.container import BarContainer

from servqual.analyses.relative_importance import ImportanceResult, relative_importance
from servqual.errors import OptionError
from servqual.plots.importance import plot_importance
from servqual.results import SampleInfo
from servqual.typing import ImportancePlot
from tests.analyses.surveys import reference_survey, toy_frame, toy_instrument, toy_survey
from tests.plots.helpers import bar_lengths, intervals, row_labels


@pytest.fixture
def result() -> ImportanceResult:
    estimate = np.array([0.05, 0.20, -0.01, 0.16])
    table = pd.DataFrame(
        {
            "term": ["tangibles", "reliability", "assurance", "empathy"],
            "label": ["Tangibles", "Reliability $5 to $9", "Assurance", ""],
            "estimate": estimate,
            "share": estimate / 0.40,
            "conf_low": [0.02, 0.15, -0.03, 0.11],
            "conf_high": [0.09, 0.26, 0.01, 0.21],
            "rank": [3, 1, 4, 2],
        }
    )
    return ImportanceResult(
        sample=SampleInfo(600, 0, "listwise"),
        outcome="sat_$1_$2",
        on="gap",
        method="pratt",
        r_squared=0.40,
        contributions=table,
        conf_level=0.95,
        n_resamples=200,
        n_degenerate=0,
        seed=1,
    )


def test_bars_are_the_contributions_from_the_largest_down(result: ImportanceResult) -> None:
    ax = plot_importance(result)
    assert bar_lengths(ax) == [0.20, 0.16, 0.05, -0.01]
    assert row_labels(ax) == ["Reliability $5 to $9", "empathy", "Tangibles", "Assurance"]
    [drawn] = intervals(ax)
    np.testing.assert_allclose(drawn[:, 0], [0.15, 0.11, 0.02, -0.03], atol=1e-15)
    np.testing.assert_allclose(drawn[:, 1], [0.26, 0.21, 0.09, 0.01], atol=1e-15)


def test_shares_stand_beyond_the_intervals(result: ImportanceResult) -> None:
    ax = plot_importance(result)
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["50%", "40%", "12%", "−2%"]
    assert [text.xy[0] for text in ax.texts] == [0.26, 0.21, 0.09, -0.03]  # type: ignore[attr-defined]


def test_axis_and_title_name_measure_total_and_outcome(result: ImportanceResult) -> None:
    ax = plot_importance(result)
    assert ax.get_xlabel() == (
        "Share of R² (Pratt's measure; the bars add up to R² = 0.40);\n"
        "error bars: 95% bootstrap interval"
    )
    assert ax.get_title(loc="left") == r"Importance for sat_\$1_\$2"
    ax.figure.canvas.draw()


@pytest.mark.parametrize("method", ["first", "last"])
def test_measures_that_do_not_add_up_show_themselves(result: ImportanceResult, method: str) -> None:
    ax = plot_importance(dataclasses.replace(result, method=method))  # type: ignore[arg-type]
    assert [text.get_text() for text in ax.texts] == ["0.20", "0.16", "0.05", "−0.01"]
    assert "Share" not in ax.get_xlabel()


def test_without_a_bootstrap_there_are_bars_only(result: ImportanceResult) -> None:
    table = result.contributions.assign(conf_low=np.nan, conf_high=np.nan)
    ax = plot_importance(dataclasses.replace(result, contributions=table))
    assert intervals(ax) == []
    assert "error bars" not in ax.get_xlabel()
    assert [text.xy[0] for text in ax.texts] == [0.20, 0.16, 0.05, -0.01]  # type: ignore[attr-defined]


def test_an_interval_beside_its_estimate_is_drawn_where_it_is(result: ImportanceResult) -> None:
    table = result.contributions.copy()
    table.loc[1, ["conf_low", "conf_high"]] = [0.21, 0.30]
    [drawn] = intervals(plot_importance(dataclasses.replace(result, contributions=table)))
    np.testing.assert_allclose(drawn[0, :2], [0.21, 0.30])


def test_axes_handed_in_are_drawn_on_and_returned(result: ImportanceResult) -> None:
    figure, ax = plt.subplots()
    assert result.plot(ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_polar_axes_are_refused(result: ImportanceResult) -> None:
    _, ax = plt.subplots(subplot_kw={"projection": "polar"})
    with pytest.raises(OptionError, match="`ax` is polar"):
        plot_importance(result, ax=ax)


# ---- several methods, groups, conditional dominance ----------------------------------------------


@cache
def made(design: str) -> ImportanceResult:
    options: dict[str, dict[str, Any]] = {
        "methods": {"method": "all"},
        "groups": {"groups": "dimensions"},
        "dominance": {"method": ["dominance", "pratt"]},
        "weights": {"groups": "dimensions", "method": "relative-weights", "n_resamples": 0},
        "plain": {},
    }
    settings: dict[str, Any] = {"outcome": "satisfaction", "n_resamples": 100, **options[design]}
    return relative_importance(reference_survey(), **settings)


def test_each_method_has_its_marker_at_its_shares() -> None:
    result = made("methods")
    ax = result.plot()
    legend = ax.get_legend()
    assert legend is not None
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["LMG", "relative weights", "Pratt", "first", "last", "partial"]
    lines = {str(line.get_label()): line for line in ax.lines}
    table = result.contributions.set_index(["method", "label"])["share"]
    rows = row_labels(ax)
    for name, method in zip(names, result.methods, strict=True):
        shares = [table[method, row] for row in rows]
        np.testing.assert_allclose(np.asarray(lines[name].get_xdata(), dtype=float), shares)
    assert len({line.get_marker() for name, line in lines.items() if name in names}) == 6
    first = [table["lmg", row] for row in rows]
    assert first == sorted(first, reverse=True)
    assert len(intervals(ax)) == 6
    assert ax.get_xlabel().startswith("Share of each method's own sum")


def test_groups_stand_above_their_items() -> None:
    result = made("groups")
    ax = result.plot()
    labels = row_labels(ax)
    groups = result.groups.sort_values("estimate", ascending=False)
    bold = [text.get_text() for text in ax.get_yticklabels() if text.get_fontweight() == "bold"]
    assert bold == groups["label"].tolist()
    assert len(labels) == 27
    place = labels.index(bold[0])
    own = result.contributions[result.contributions["group"] == groups["group"].iloc[0]]
    assert sorted(labels[place + 1 : place + 1 + len(own)]) == sorted(own["label"])
    wide, narrow = (
        [float(bar.get_width()) for bar in part.patches]
        for part in ax.containers
        if isinstance(part, BarContainer)
    )
    np.testing.assert_allclose(wide, groups["estimate"])
    assert len(narrow) == 22
    np.testing.assert_allclose(np.sum(narrow), np.sum(wide))
    assert "Owen values" in ax.get_xlabel()
    assert "error bars" in ax.get_xlabel()


def test_groups_of_relative_weights_do_not_speak_of_owen_values() -> None:
    ax = made("weights").plot()
    assert ax.get_xlabel().startswith("Share of R² (relative weights; the bars add up")
    assert intervals(ax) == []


def test_conditional_dominance_is_a_line_for_each_predictor() -> None:
    result = made("dominance")
    ax = result.plot(kind="conditional")
    table = result.conditional.set_index("label")
    for line in ax.lines:
        expected = table.loc[[str(line.get_label())], "estimate"].to_numpy()
        np.testing.assert_allclose(np.asarray(line.get_ydata(), dtype=float), expected)
    assert len(ax.lines) == 5
    assert ax.get_ylabel() == "Average gain in R²"
    general = result.contributions.query("method == 'dominance'").sort_values("rank")
    assert [str(line.get_label()) for line in ax.lines] == general["label"].tolist()
    bars = result.plot(kind="bars")
    assert "general dominance" in bars.get_xlabel()


def test_pictures_that_a_result_does_not_hold_are_refused() -> None:
    for kind, words in (
        ("methods", 'without several methods, as in `method="all"`'),
        ("groups", 'without groups, as in `groups="dimensions"`'),
        ("conditional", 'without `method="dominance"`'),
    ):
        with pytest.raises(OptionError, match=words):
            made("plain").plot(kind=kind)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="`kind` is 'pie', but must be one of"):
        made("plain").plot(kind="pie")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("design", "kind"), [("methods", None), ("groups", None), ("dominance", "conditional")]
)
def test_every_kind_draws_on_axes_handed_in(design: str, kind: ImportancePlot | None) -> None:
    figure, ax = plt.subplots()
    assert made(design).plot(kind=kind, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()


@pytest.mark.parametrize("kind", ["methods", "conditional", "groups"])
def test_long_labels_with_dollars_are_drawn_as_they_are(kind: ImportancePlot) -> None:
    design = {"methods": "methods", "conditional": "dominance", "groups": "groups"}[kind]
    result = made(design)
    label = "fees of $5 to $9 " * 12
    table = result.contributions.assign(label=label)
    ax = plot_importance(dataclasses.replace(result, contributions=table), kind=kind)
    ax.figure.canvas.draw()
    texts = [text.get_text() for text in ax.get_yticklabels()]
    legend = ax.get_legend()
    if legend is not None:
        texts += [text.get_text() for text in legend.get_texts()]
    assert any(r"\$5" in text for text in texts)
    assert any(text.endswith("…") for text in texts)


def test_more_lines_than_colours_stay_in_the_background() -> None:
    survey = toy_survey(toy_frame(60, 10), toy_instrument((10,)))
    result = relative_importance(
        survey, outcome="satisfaction", predictors="items", method="dominance", n_resamples=0
    )
    ax = result.plot(kind="conditional")
    legend = ax.get_legend()
    assert legend is not None
    assert len(ax.lines) == 10
    assert len(legend.get_texts()) == 8
