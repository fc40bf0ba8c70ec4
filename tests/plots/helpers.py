"""A small survey with labels that try to be formulas and markup, and ways to read a drawing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import BarContainer, ErrorbarContainer

from servqual.analyses.gaps import GapResult, gaps
from servqual.instruments.instrument import Instrument
from servqual.survey.survey import Survey
from servqual.typing import FloatArray

CAFE = Instrument.from_toml(
    """
id = "cafe"
scale = [1, 7]
[dimensions.coffee]
label = "Coffee"
[dimensions.people]
label = "People"
[dimensions.place]
label = "Costs $5 to $9 <script>alert(1)</script>"
[[items]]
number = 1
dimension = "coffee"
label = "Strong_and_hot"
[[items]]
number = 2
dimension = "coffee"
label = "Served at once"
[[items]]
number = 3
dimension = "people"
label = "Keeps its time promises"
[[items]]
number = 4
dimension = "place"
label = "A $5 seat, a $9 view"
"""
)

#: Mean of P − E that the answers are drawn around: a shortfall, a surplus, and next to nothing.
_SHIFTS = {1: -1.5, 2: -1.0, 3: 1.5, 4: 0.0}


def answers(n_respondents: int = 60) -> pd.DataFrame:
    """Answers on both sides, the same at every call."""
    random = np.random.default_rng(20)
    # A respondent answers high or low throughout, or items would look as if one were reversed.
    level = random.integers(3, 8, n_respondents)
    columns: dict[str, list[float]] = {}
    for item, shift in _SHIFTS.items():
        expected = np.clip(level + random.integers(-1, 2, n_respondents) - max(shift, 0.0), 1, 7)
        expected = np.round(expected)
        noise = random.integers(-1, 2, n_respondents)
        perceived = np.clip(np.round(expected + shift + noise), 1, 7)
        columns[f"E{item}"] = expected.astype(float).tolist()
        columns[f"P{item}"] = perceived.astype(float).tolist()
    return pd.DataFrame(columns)


def cafe_gaps(n_groups: int = 0) -> GapResult:
    """Gaps of the small survey, by groups of 30 if asked."""
    if not n_groups:
        return gaps(Survey(answers(), instrument=CAFE))
    frame = answers(30 * n_groups)
    frame["branch"] = [f"b${place % n_groups}" for place in range(len(frame))]
    return gaps(Survey(frame, instrument=CAFE, groups=["branch"]), by="branch")


def bar_lengths(ax: Axes) -> list[float]:
    """Signed lengths of the bars, from the top down."""
    [bars] = [part for part in ax.containers if isinstance(part, BarContainer)]
    return [float(bar.get_width()) for bar in bars.patches]


def intervals(ax: Axes) -> list[FloatArray]:
    """Low, high and height of each interval, one array (n, 3) per errorbar call."""
    found = []
    for container in ax.containers:
        if isinstance(container, ErrorbarContainer):
            [lines] = container.lines[2]
            assert isinstance(lines, LineCollection)
            ends = [np.asarray(segment) for segment in lines.get_segments()]
            found.append(np.array([[end[0, 0], end[1, 0], end[0, 1]] for end in ends]))
    return found


def row_labels(ax: Axes) -> list[str]:
    """Labels of the rows, from the top down, as they are drawn."""
    top_down = sorted(ax.get_yticklabels(), key=lambda text: text.get_position()[1])
    assert ax.yaxis_inverted()
    return [text.get_text().replace(r"\$", "$") for text in top_down]


def legend_texts(ax: Axes) -> list[str]:
    """Texts of the legend."""
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]
