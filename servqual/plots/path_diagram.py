"""Path diagrams of confirmatory factor analyses and structural equation models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from servqual.analyses.path_layout import PathEdge, PathGraph, PathNode, lay_out, path_graph
from servqual.plots.style import (
    FAINT,
    NEUTRAL,
    PERCEPTION,
    SHORTFALL,
    SMALL_FONT_SIZE,
    canvas,
    escape_math,
    ink,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from servqual.analyses.structural import StructuralResult

__all__ = ["plot_path_diagram"]

#: Half the width and half the height of an ellipse and of a box.
_LATENT, _BOX = (1.75, 0.62), (0.95, 0.36)

#: Characters of a name that fit.
_LONGEST = {True: 15, False: 9}


def plot_path_diagram(
    fit: StructuralResult,
    *,
    standardised: bool = True,
    group: int = 1,
    covariances: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a model: boxes are answers, ellipses are what they measure.

    Parameters
    ----------
    fit : StructuralResult
        From `cfa` or `sem`.
    standardised : bool, default True
        Whether arrows carry standardised estimates.
    group : int, default 1
        Number of the group.
    covariances : bool, optional
        Whether covariances are drawn, as arcs; by default in models of measurement only, because
        in structural ones they would cross the arrows.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If there is no such group, or `ax` is not an ordinary Axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> ax = plot_path_diagram(sq.cfa(sq.load_example("bank")))
    >>> ax.get_title(loc="left")
    'Path diagram, standardised estimates'
    >>> plt.close(ax.figure)
    """
    graph = lay_out(path_graph(fit, standardised=standardised, group=group))
    if covariances is None:
        covariances = not graph.structural
    left, right, bottom, top = _extent(graph, covariances)
    with canvas(
        ax, width=min(16.0, 0.42 * (right - left) + 0.6), height=0.30 * (top - bottom) + 0.9
    ) as axes:
        places = {node.name: node for node in graph.nodes}
        for edge in graph.edges:
            if edge.kind != "covariance":
                _arrow(axes, edge, places)
            elif covariances:
                _arc(axes, edge, places)
        for node in graph.nodes:
            _node(axes, node)
        axes.set_xlim(left, right)
        axes.set_ylim(bottom, top)
        axes.set_axis_off()
        words = "standardised estimates" if standardised else "estimates"
        label = f", {fit.model.group_labels[group - 1]}" if fit.model.group_labels else ""
        axes.set_title(escape_math(f"Path diagram, {words}{label}"), loc="left")
    return axes


def _extent(graph: PathGraph, covariances: bool) -> tuple[float, float, float, float]:
    """Limits of the picture, with room for arcs on the left."""
    x = np.array([node.x for node in graph.nodes])
    y = np.array([node.y for node in graph.nodes])
    places = {node.name: node for node in graph.nodes}
    reach = max(
        (
            _bulge(places[edge.start], places[edge.end])
            for edge in graph.of_kind("covariance")
            if covariances
        ),
        default=0.0,
    )
    return (
        float(x.min()) - 2.2 - reach,
        float(x.max()) + 2.2,
        float(y.min()) - 1.2,
        float(y.max()) + 1.2,
    )


def _short(node: PathNode) -> str:
    most = _LONGEST[node.latent]
    name = node.name if len(node.name) <= most else node.name[: most - 1] + "…"
    return escape_math(name)


def _node(axes: Axes, node: PathNode) -> None:
    """An ellipse or a box with its name."""
    from matplotlib.patches import Ellipse, Patch, Rectangle

    width, height = _LATENT if node.latent else _BOX
    shape: Patch
    if node.latent:
        shape = Ellipse((node.x, node.y), 2 * width, 2 * height)
    else:
        shape = Rectangle((node.x - width, node.y - height), 2 * width, 2 * height)
    shape.set(facecolor="white", edgecolor=ink(), linewidth=1.0, zorder=3)
    axes.add_patch(shape)
    axes.text(
        node.x,
        node.y,
        _short(node),
        ha="center",
        va="center",
        fontsize=SMALL_FONT_SIZE,
        color="black",
        zorder=4,
    )


def _edge_of(node: PathNode, towards: tuple[float, float]) -> tuple[float, float]:
    """Where the line from a node's centre leaves its shape."""
    dx, dy = towards[0] - node.x, towards[1] - node.y
    width, height = _LATENT if node.latent else _BOX
    if node.latent:
        share = 1.0 / max(np.hypot(dx / width, dy / height), 1e-9)
    else:
        share = 1.0 / max(abs(dx) / width, abs(dy) / height, 1e-9)
    return node.x + share * dx, node.y + share * dy


def _head(node: PathNode, cause: PathNode) -> tuple[float, float]:
    """Where an arrow ends: at the middle of the side of a box that faces the cause."""
    if node.latent or abs(node.x - cause.x) < _LATENT[0] + _BOX[0]:
        return _edge_of(node, (cause.x, cause.y))
    return node.x + np.sign(cause.x - node.x) * _BOX[0], node.y


def _colour(edge: PathEdge) -> str:
    return SHORTFALL if edge.value < 0 else PERCEPTION


def _width(edge: PathEdge) -> float:
    return 0.7 + 1.6 * min(abs(edge.value), 1.0)


def _arrow(axes: Axes, edge: PathEdge, places: dict[str, PathNode]) -> None:
    """A straight arrow with its estimate."""
    start, end = places[edge.start], places[edge.end]
    head = _head(end, start)
    tail = _edge_of(start, head)
    loading = edge.kind == "loading"
    axes.annotate(
        "",
        xy=head,
        xytext=tail,
        arrowprops={
            "arrowstyle": "-|>",
            "color": NEUTRAL if loading else _colour(edge),
            "linewidth": _width(edge),
            "shrinkA": 0,
            "shrinkB": 0,
            "linestyle": "--" if edge.fixed and not loading else "-",
        },
        zorder=1,
    )
    # Near the indicator, arrows of one factor are furthest apart; near the cause those to one.
    share = 0.68 if loading else 0.30
    _value(axes, edge, tail[0] + share * (head[0] - tail[0]), tail[1] + share * (head[1] - tail[1]))


def _bulge(first: PathNode, second: PathNode) -> float:
    """How far an arc reaches to the left: further, the further apart its ends are."""
    return 0.9 + 0.22 * abs(first.y - second.y)


def _arc(axes: Axes, edge: PathEdge, places: dict[str, PathNode]) -> None:
    """A double-headed arc on the left, of residuals of answers on the right."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    first, second = places[edge.start], places[edge.end]
    sign = -1.0 if first.latent and second.latent else 1.0
    offset = sign * (_LATENT[0] if first.latent else _BOX[0])
    reach = sign * _bulge(first, second) * 4.0 / 3.0
    begin, finish = (first.x + offset, first.y), (second.x + offset, second.y)
    curve = Path(
        [begin, (begin[0] + reach, begin[1]), (finish[0] + reach, finish[1]), finish],
        [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
    )
    axes.add_patch(
        FancyArrowPatch(
            path=curve,
            arrowstyle="<|-|>",
            mutation_scale=7,
            color=_colour(edge) if abs(edge.value) >= 0.005 else FAINT,
            linewidth=0.5 + abs(min(edge.value, 1.0)),
            zorder=1,
        )
    )
    _value(axes, edge, (begin[0] + finish[0]) / 2.0 + 0.75 * reach, (begin[1] + finish[1]) / 2.0)


def _value(axes: Axes, edge: PathEdge, x: float, y: float) -> None:
    """The estimate, on white so that lines do not cross it."""
    axes.text(
        x,
        y,
        f"{edge.value:.2f}".replace("-", "−"),
        ha="center",
        va="center",
        fontsize=SMALL_FONT_SIZE - 1.0,
        color=ink(),
        bbox={"boxstyle": "square,pad=0.08", "facecolor": "white", "edgecolor": "none"},
        zorder=2,
    )
