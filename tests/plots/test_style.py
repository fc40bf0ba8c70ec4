from __future__ import annotations

import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from servqual.errors import MissingDependencyError, OptionError
from servqual.plots import style
from servqual.plots.style import canvas, escape_math, format_percent, format_tick, wrap_label


def _luminance(colour: str) -> float:
    red, green, blue = to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_a_new_figure_has_the_size_asked_for_and_a_white_ground() -> None:
    with canvas(None, width=5.0, height=3.0) as ax:
        pass
    figure = ax.get_figure(root=True) if mpl.__version_info__ >= (3, 10) else ax.get_figure()
    assert figure is not None
    assert figure.get_size_inches().tolist() == [5.0, 3.0]  # type: ignore[union-attr]
    assert figure.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
    assert plt.get_fignums() != []  # pyplot knows it, so a notebook shows it


def test_axes_handed_in_are_used_and_their_figure_is_not_touched() -> None:
    figure, own = plt.subplots()
    with canvas(own, width=5.0, height=3.0) as ax:
        assert ax is own
    assert plt.get_fignums() == [figure.number]


def test_settings_of_matplotlib_are_as_before() -> None:
    before = dict(mpl.rcParams)
    with canvas(None, width=5.0, height=3.0):
        assert mpl.rcParams["font.size"] == style.FONT_SIZE
    assert dict(mpl.rcParams) == before


def _fail_while_drawing() -> None:
    with canvas(None, width=5.0, height=3.0):
        raise KeyError("gap")


def test_a_figure_is_closed_when_drawing_fails() -> None:
    with pytest.raises(KeyError, match="gap"):
        _fail_while_drawing()
    assert plt.get_fignums() == []


def test_axes_handed_in_stay_open_when_drawing_fails() -> None:
    figure, own = plt.subplots()
    with pytest.raises(KeyError, match="gap"), canvas(own, width=5.0, height=3.0):
        raise KeyError("gap")
    assert plt.get_fignums() == [figure.number]


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    wanted = r"Plotting needs the package matplotlib.*pip install 'servqual\[plot\]'"
    with (
        pytest.raises(MissingDependencyError, match=wanted),
        canvas(None, width=5.0, height=3.0),
    ):
        pass


def test_an_array_of_axes_is_refused() -> None:
    _, several = plt.subplots(1, 2)
    with (
        pytest.raises(OptionError, match=r"`ax` is of type ndarray.*`ax=axes\[0\]`"),
        canvas(several, width=5.0, height=3.0),
    ):
        pass


def test_polar_axes_are_refused_where_they_do_not_fit() -> None:
    _, polar = plt.subplots(subplot_kw={"projection": "polar"})
    with (
        pytest.raises(OptionError, match="`ax` is polar, but this plot needs ordinary axes"),
        canvas(polar, width=5.0, height=3.0),
    ):
        pass


def test_what_is_not_significant_differs_in_greyscale_too() -> None:
    for colour in (style.SHORTFALL, style.SURPLUS):
        assert _luminance(style.FAINT) - _luminance(colour) > 0.3
    assert abs(_luminance(style.EXPECTATION) - _luminance(style.PERCEPTION)) > 0.2


def test_no_two_groups_share_a_colour_or_a_marker() -> None:
    colours, markers = zip(*style.GROUP_STYLES, strict=True)
    assert len(set(colours)) == len(set(markers)) == 8


@pytest.mark.parametrize(
    "text", ["$x^2$", "from $5 to $9", r"\$", r"a\$b$", "100% & <b>_under_</b>", r"\frac{1}{2}"]
)
def test_a_label_is_drawn_as_it_is(text: str) -> None:
    _, ax = plt.subplots()
    drawn = ax.text(0.5, 0.5, escape_math(text))
    # What matplotlib itself makes of a text just before drawing it.
    cleaned, is_math = drawn._preprocess_math(drawn.get_text())  # type: ignore[attr-defined]
    assert (cleaned, is_math) == (text, False)


def test_long_labels_are_wrapped_and_cut() -> None:
    lines = wrap_label("very long " * 50, width=20, max_lines=3).split("\n")
    assert len(lines) == 3
    assert max(map(len, lines)) <= 20
    assert lines[-1].endswith("…")


def test_a_long_word_is_broken_and_control_characters_are_not_drawn() -> None:
    assert wrap_label("x" * 25, width=20).split("\n") == ["x" * 20, "x" * 5]
    assert wrap_label("line\nbreak\tand\x07bell") == "line break and bell"
    assert wrap_label("") == ""


@pytest.mark.parametrize(
    ("value", "text"), [(-1.5, "−1.5"), (0.0, "0"), (-0.0, "0"), (7.0, "7"), (-3.0, "−3")]
)
def test_ticks_have_a_real_minus(value: float, text: str) -> None:
    assert format_tick(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.95, "95%"), (0.995, "99.5%"), (1.0, "100%"), (-0.05, "−5%"), (-0.001, "0%")],
)
def test_percentages(share: float, text: str) -> None:
    assert format_percent(share) == text


def test_a_percentage_that_does_not_exist_is_a_dash() -> None:
    assert format_percent(np.nan) == "–"
