from __future__ import annotations

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.container import BarContainer

import servqual as sq
from servqual.analyses.frequencies import FrequencyResult, frequencies
from servqual.plots.likert import plot_likert
from servqual.plots.style import FAINT
from servqual.survey.survey import Survey
from tests.plots.helpers import CAFE, answers, legend_texts, row_labels

NAN = float("nan")


@pytest.fixture
def result() -> FrequencyResult:
    return frequencies(Survey(answers(), instrument=CAFE))


def of_answers(columns: dict[str, list[float]], scale: tuple[float, float]) -> FrequencyResult:
    """Frequencies of answers that belong to no instrument."""
    rows = np.array(list(columns.values())).T
    return frequencies(sq.Counts.collect(rows, list(columns), missing="pairwise"), scale=scale)


def bars(ax: Axes) -> list[BarContainer]:
    """The stacked bars, from the top down."""
    return [part for part in ax.containers if isinstance(part, BarContainer)]


def ends(bar: BarContainer) -> tuple[float, float]:
    """Where a stacked bar begins and stops."""
    return bar.patches[0].get_x(), bar.patches[-1].get_x() + bar.patches[-1].get_width()


def texts(ax: Axes) -> list[str]:
    """What is written inside the axes."""
    return [text.get_text() for text in ax.texts]


def luminance(colour: tuple[float, float, float]) -> float:
    """How light a colour is in greyscale."""
    return float(np.dot(colour, [0.2126, 0.7152, 0.0722]))


def test_items_stand_under_their_dimensions(result: FrequencyResult) -> None:
    ax = plot_likert(result)
    assert row_labels(ax)[:4] == ["Coffee", "1 Strong_and_hot", "2 Served at once", "People"]
    assert row_labels(ax)[-2:] == [
        "Costs $5 to $9 <script>alert(1)</script>",
        "4 A $5 seat, a $9 view",
    ]
    assert [text.get_fontweight() for text in ax.get_yticklabels()][:2] == ["bold", "normal"]
    ax.figure.canvas.draw()


def test_segments_are_the_shares_and_the_middle_is_centred() -> None:
    ax = plot_likert(of_answers({"a": [1, 2, 3, 3, 3, 3, 4, 5, 5, 5]}, (1, 5)))
    [bar] = bars(ax)
    widths = [patch.get_width() for patch in bar.patches]
    assert widths == pytest.approx([0.1, 0.1, 0.4, 0.1, 0.3], abs=1e-15)
    middle = bar.patches[2]
    assert middle.get_x() == pytest.approx(-0.2, abs=1e-15)
    assert ends(bar) == pytest.approx((-0.4, 0.6), abs=1e-15)
    assert to_hex(middle.get_facecolor()).upper() == FAINT
    assert texts(ax) == ["20%", "40%", "40%", "1–2", "4–5", "3"]


@pytest.mark.parametrize("n_points", [2, 3, 5, 7, 10])
def test_zero_is_the_middle_of_every_scale(n_points: int) -> None:
    points = [float(point) for point in range(1, n_points + 1)]
    ax = plot_likert(of_answers({"a": points}, (1.0, float(n_points))))
    [bar] = bars(ax)
    assert ends(bar) == pytest.approx((-0.5, 0.5), abs=1e-12)
    grey = [to_hex(patch.get_facecolor()).upper() == FAINT for patch in bar.patches]
    assert sum(grey) == n_points % 2
    assert legend_texts(ax) == [f"{point:g}" for point in points]


def test_shades_tell_the_order_without_hue() -> None:
    ax = plot_likert(of_answers({"a": [float(point) for point in range(1, 11)]}, (1, 10)))
    light = [luminance(to_rgb(patch.get_facecolor())) for patch in bars(ax)[0].patches]
    assert (np.diff(light[:5]) > 0.03).all()
    assert (np.diff(light[5:]) < -0.03).all()


def test_a_point_nobody_chose_keeps_its_place_in_the_legend() -> None:
    ax = plot_likert(of_answers({"a": [2.0, 2.0, 4.0, 4.0]}, (1, 5)))
    assert legend_texts(ax) == ["1", "2", "3", "4", "5"]
    assert ends(bars(ax)[0]) == (-0.5, 0.5)
    assert texts(ax)[:2] == ["50%", "50%"]


def test_shares_of_both_halves_are_those_of_the_table(result: FrequencyResult) -> None:
    ax = plot_likert(result)
    first = result.categories[result.categories["item"] == 1]
    lower = first.loc[first["category"] < 4, "share"].sum()
    upper = first.loc[first["category"] > 4, "share"].sum()
    assert texts(ax)[:2] == [f"{100 * lower:.0f}%", f"{100 * upper:.0f}%"]


def test_the_axis_has_no_minus_signs(result: FrequencyResult) -> None:
    ax = plot_likert(result)
    ax.figure.canvas.draw()
    labels = [text.get_text() for text in ax.get_xticklabels()]
    assert all(label.endswith("%") and "−" not in label and "-" not in label for label in labels)
    assert ax.get_xlabel() == "Share of answers (perception)"


def test_differences_are_centred_on_none() -> None:
    gaps = frequencies(Survey(answers(), instrument=CAFE), on="gap")
    ax = plot_likert(gaps)
    assert legend_texts(ax) == ["−6", "−5", "−4", "−3", "−2", "−1", *"0123456"]
    assert texts(ax)[-3:] == ["below 0", "above 0", "0"]
    assert ax.get_xlabel() == "Share of answers (gap = perception − expectation)"


def test_scales_of_different_length_share_a_legend_of_ends() -> None:
    rows = np.array([[1, 1], [2, 2], [1, 3], [2, 3]], dtype=float)
    ax = plot_likert(frequencies(sq.Counts.collect(rows, ["a", "b"])))
    assert legend_texts(ax) == ["lowest", "", "middle", "", "highest"]
    assert texts(ax)[-2:] == ["lower", "upper"]
    assert [len(bar.patches) for bar in bars(ax)] == [2, 3]


def test_groups_have_a_bar_each_under_the_item() -> None:
    frame = answers().assign(g=["b", "a"] * 30)
    by_group = frequencies(Survey(frame, instrument=CAFE, groups=["g"]), by="g")
    ax = plot_likert(by_group, dimension="coffee")
    assert row_labels(ax) == [
        "Coffee",
        "1 Strong_and_hot",
        "a",
        "b",
        "2 Served at once",
        "a",
        "b",
    ]
    assert len(bars(ax)) == 4
    first = by_group.categories.query("g == 'a' and item == 1")["share"]
    np.testing.assert_allclose([patch.get_width() for patch in bars(ax)[0].patches], first)


def test_one_dimension_alone(result: FrequencyResult) -> None:
    ax = result.plot(dimension="people")
    assert row_labels(ax) == ["People", "3 Keeps its time promises"]
    with pytest.raises(sq.OptionError, match=r"`dimension` is 'peeple'.*Did you mean .people"):
        result.plot(dimension="peeple")


def test_an_item_without_answers_says_so() -> None:
    ax = plot_likert(of_answers({"a": [1.0, 2.0], "b": [NAN, NAN]}, (1, 2)))
    assert "no answers" in texts(ax)
    assert len(bars(ax)) == 1


def test_one_answer_from_everybody_is_a_middle() -> None:
    counts = sq.Counts.collect(np.full((4, 1), 3.0), ["a"])
    ax = plot_likert(frequencies(counts))
    assert ends(bars(ax)[0]) == (-0.5, 0.5)
    ax.figure.canvas.draw()


def test_words_of_the_scale_stand_in_the_legend(result: FrequencyResult) -> None:
    named = dataclasses.replace(result, scale_labels=("never $1", "always"))
    assert legend_texts(plot_likert(named))[0] == r"1 never \$1"
    assert legend_texts(plot_likert(named))[-1] == "7 always"


def test_too_many_bars_are_refused() -> None:
    frame = answers().assign(g=[f"g{place:02d}" for place in range(60)])
    by_group = frequencies(Survey(frame, instrument=CAFE, groups=["g"]), by="g")
    with pytest.raises(sq.OptionError, match="There are 240 bars, but at most 150"):
        plot_likert(by_group)


def test_axes_that_are_handed_in_are_drawn_on(result: FrequencyResult) -> None:
    _, ax = plt.subplots()
    assert plot_likert(result, ax=ax) is ax
    assert len(bars(ax)) == 4
