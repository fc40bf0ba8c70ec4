"""Labels beside points, where they cover neither each other nor the points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from servqual.plots.style import NEUTRAL, SMALL_FONT_SIZE
from servqual.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["label_points", "settled_figure"]

#: Distances from a point at which its label may stand, in points of 1/72 inch.
_DISTANCES: Final = (6.0, 14.0, 24.0, 36.0)
#: Directions, the best first: to the right, to the left, above, below, then in between.
_DIRECTIONS: Final = tuple(np.deg2rad([0, 180, 90, 270, 45, 315, 135, 225]).tolist())
#: From this distance on, a thin line leads from the label to its point.
_LED: Final = 14.0
#: Rounds in which every label may move once more.
_ROUNDS: Final = 6

# What it costs to cover something, per pixel of area or per thing, so that the order is: other
# labels, the frame, points, lines, and last the distance itself.
_PER_POINT: Final = 150.0
_PER_OVERHANG: Final = 50.0
_PER_LINE: Final = 25.0
_PER_DISTANCE: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where a label may stand: its box in pixels, its shift in points, and what it costs there."""

    box: FloatArray
    shift: tuple[float, float]
    distance: float
    cost: float


def settled_figure(ax: Axes) -> Figure:
    """Lay the figure of an axes out, so that positions in pixels are final.

    Parameters
    ----------
    ax : Axes
        On any figure or subfigure.

    Returns
    -------
    Figure
        The whole figure.
    """
    figure = ax.figure.canvas.figure
    figure.draw_without_rendering()
    return figure


def label_points(
    ax: Axes,
    x: FloatArray,
    y: FloatArray,
    labels: Sequence[str],
    *,
    avoid: Sequence[Text] = (),
    lines: tuple[float, float] | None = None,
) -> list[Text]:
    """Write a label beside each point, moved until labels do not overlap.

    Parameters
    ----------
    ax : Axes
        Where to draw; its limits must be final.
    x, y : FloatArray, shape (n,)
        Points.
    labels : sequence of str
        One per point, ready for drawing.
    avoid : sequence of Text, default ()
        Other texts that must not be covered.
    lines : tuple of float, optional
        A vertical and a horizontal line that had better not be covered.

    Returns
    -------
    list of Text
        Annotations in the order of the points; far ones are joined to their point by a thin line.

    Notes
    -----
    Each label chooses the cheapest of 32 places around its point, the most crowded first; then
    every label may move again while that makes the whole cheaper. The result depends on the
    drawing only, not on chance.
    """
    if not len(x):
        return []
    figure = settled_figure(ax)
    points = ax.transData.transform(np.column_stack([x, y]))
    frame = ax.get_window_extent()
    per_point = figure.dpi / 72.0
    taken = [_box(text) for text in avoid]
    sizes = _sizes(ax, labels)
    at = None if lines is None else ax.transData.transform(lines)
    edges = np.array([frame.x0, frame.y0, frame.x1, frame.y1])
    options = [
        [
            _option(points, number, size, direction, distance, per_point, edges, at, taken)
            for distance in _DISTANCES
            for direction in _DIRECTIONS
        ]
        for number, size in enumerate(sizes)
    ]
    chosen = _choose(options, points)
    return [
        _write(ax, (float(x[number]), float(y[number])), label, chosen[number])
        for number, label in enumerate(labels)
    ]


def _box(text: Text) -> FloatArray:
    extent = text.get_window_extent()
    return np.array([extent.x0, extent.y0, extent.x1, extent.y1])


def _sizes(ax: Axes, labels: Sequence[str]) -> list[tuple[float, float]]:
    """Width and height of each label in pixels."""
    sizes = []
    for label in labels:
        text = ax.text(0.5, 0.5, label, transform=ax.transAxes, fontsize=SMALL_FONT_SIZE)
        extent = text.get_window_extent()
        sizes.append((float(extent.width), float(extent.height)))
        text.remove()
    return sizes


def _option(
    points: FloatArray,
    number: int,
    size: tuple[float, float],
    direction: float,
    distance: float,
    per_point: float,
    edges: FloatArray,
    lines: FloatArray | None,
    taken: Sequence[FloatArray],
) -> _Place:
    """One place of a label, and what it costs whatever the other labels do."""
    across, along = np.cos(direction), np.sin(direction)
    shift = (float(distance * across), float(distance * along))
    width, height = size
    # The side of the label that faces its point stands at the shift.
    x0 = points[number, 0] + shift[0] * per_point - 0.5 * width * (1.0 - _sign(across))
    y0 = points[number, 1] + shift[1] * per_point - 0.5 * height * (1.0 - _sign(along))
    box = np.array([x0, y0, x0 + width, y0 + height])
    cost = _PER_DISTANCE * distance
    cost += sum(_overlap(box, other) for other in taken)
    covered = (
        (points[:, 0] > box[0] - 3)
        & (points[:, 0] < box[2] + 3)
        & (points[:, 1] > box[1] - 3)
        & (points[:, 1] < box[3] + 3)
    )
    cost += _PER_POINT * float(np.count_nonzero(covered))
    overhang = (
        np.maximum(edges[:2] - box[:2], 0.0).sum() + np.maximum(box[2:] - edges[2:], 0.0).sum()
    )
    cost += _PER_OVERHANG * float(overhang)
    if lines is not None:
        crossed = (box[0] < lines[0] < box[2]) + (box[1] < lines[1] < box[3])
        cost += _PER_LINE * float(crossed)
    return _Place(box, shift, distance, cost)


def _sign(part: float) -> float:
    return float(np.sign(part)) if abs(part) > 0.1 else 0.0


def _overlap(first: FloatArray, second: FloatArray) -> float:
    """Area in which two boxes overlap, with a little air around them."""
    width = min(first[2], second[2]) - max(first[0], second[0]) + 2.0
    height = min(first[3], second[3]) - max(first[1], second[1]) + 1.0
    # An overlap is worse than any distance, however small it is.
    return float(width * height + 60.0) if width > 0.0 and height > 0.0 else 0.0


def _choose(options: list[list[_Place]], points: FloatArray) -> list[_Place]:
    distances = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1))
    order = np.argsort((distances < 60.0).sum(axis=1) * -1, kind="stable")
    chosen: dict[int, _Place] = {}
    for _ in range(_ROUNDS):
        before = dict(chosen)
        for number in order.tolist():
            others = [place.box for other, place in chosen.items() if other != number]
            chosen[number] = min(
                options[number],
                key=lambda place: place.cost + sum(_overlap(place.box, box) for box in others),
            )
        if chosen == before:
            break
    return [chosen[number] for number in range(len(options))]


def _write(ax: Axes, at: tuple[float, float], label: str, place: _Place) -> Text:
    across, along = _sign(place.shift[0] / place.distance), _sign(place.shift[1] / place.distance)
    leader = {"arrowstyle": "-", "color": NEUTRAL, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3}
    return ax.annotate(
        label,
        at,
        xytext=place.shift,
        textcoords="offset points",
        ha={1.0: "left", -1.0: "right", 0.0: "center"}[across],
        va={1.0: "bottom", -1.0: "top", 0.0: "center"}[along],
        fontsize=SMALL_FONT_SIZE,
        arrowprops=leader if place.distance > _LED else None,
        zorder=5,
    )
