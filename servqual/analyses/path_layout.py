"""Where the parts of a path diagram stand, and the same graph as text for Graphviz.

Nothing here draws. Positions are in units of one indicator's height, x to the right and y upwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from servqual.errors import OptionError
from servqual.typing import check_whole

if TYPE_CHECKING:
    from servqual.analyses.structural import StructuralResult

__all__ = ["PathEdge", "PathGraph", "PathNode", "graphviz_text", "lay_out", "path_graph"]

#: Distance between columns, and between indicators that stand side by side, in heights.
_COLUMN, _BESIDE = 5.0, 2.6

EdgeKind = Literal["loading", "regression", "covariance"]


@dataclass(frozen=True, slots=True)
class PathNode:
    """A variable.

    Attributes
    ----------
    name : str
        Its name.
    latent : bool
        Drawn as an ellipse; observed ones are boxes.
    x, y : float
        Centre.
    """

    name: str
    latent: bool
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class PathEdge:
    """An arrow.

    Attributes
    ----------
    start, end : str
        Names of the variables; a covariance has no direction.
    kind : {"loading", "regression", "covariance"}
        What it stands for.
    value : float
        Its estimate.
    fixed : bool
        Whether it was given, not estimated.
    """

    start: str
    end: str
    kind: EdgeKind
    value: float
    fixed: bool


@dataclass(frozen=True, slots=True)
class PathGraph:
    """Variables and arrows of a model.

    Attributes
    ----------
    nodes : tuple of PathNode
        Variables, placed by `lay_out`.
    edges : tuple of PathEdge
        Arrows.
    structural : bool
        Whether some variables explain others.
    """

    nodes: tuple[PathNode, ...]
    edges: tuple[PathEdge, ...]
    structural: bool

    def of_kind(self, kind: EdgeKind) -> list[PathEdge]:
        """Arrows of one kind."""
        return [edge for edge in self.edges if edge.kind == kind]


def path_graph(fit: StructuralResult, *, standardised: bool = True, group: int = 1) -> PathGraph:
    """Read a fitted model as a graph, not yet placed.

    Parameters
    ----------
    fit : StructuralResult
        From `cfa` or `sem`.
    standardised : bool, default True
        Whether arrows carry standardised estimates.
    group : int, default 1
        Number of the group.

    Returns
    -------
    PathGraph

    Raises
    ------
    OptionError
        If there is no such group.
    """
    if check_whole("group", group, 1) > fit.model.n_groups:
        raise OptionError(f"`group` is {group}, but the model has {fit.model.n_groups}.")
    kinds: dict[str, EdgeKind] = {"=~": "loading", "~": "regression", "~~": "covariance"}
    free = {
        (line.lhs, line.op, line.rhs): line.free > 0
        for line in fit.model.parameters
        if line.group == group
    }
    table = fit.parameters[fit.parameters["group"] == group]
    values = table["std_all" if standardised else "estimate"]
    edges = []
    for lhs, op, rhs, value in zip(table["lhs"], table["op"], table["rhs"], values, strict=True):
        if op not in kinds or (op == "~~" and lhs == rhs):
            continue
        fixed = not free[lhs, op, rhs]
        if fixed and op == "~~" and value == 0.0:
            continue
        start, end = (rhs, lhs) if op == "~" else (lhs, rhs)
        edges.append(PathEdge(start, end, kinds[op], float(value), fixed))
    shown = {name for edge in edges for name in (edge.start, edge.end)}
    nodes = [PathNode(name, True) for name in fit.model.latent]
    nodes += [PathNode(name, False) for name in fit.model.observed if name in shown]
    structural = any(edge.kind == "regression" for edge in edges)
    return PathGraph(tuple(nodes), tuple(edges), structural)


def lay_out(graph: PathGraph) -> PathGraph:
    """Place the variables.

    Causes stand to the left of what they explain. In a model of measurement the factors stand in
    a column with their indicators to the right, a factor of higher order to their left, and a
    general factor beyond the indicators. In a structural model the indicators of the first causes
    stand to the left, those of the last effects to the right, and those between above their
    factor.

    Parameters
    ----------
    graph : PathGraph
        As from `path_graph`.

    Returns
    -------
    PathGraph
        With the same arrows.
    """
    indicators = _indicators(graph)
    place = _structural if graph.structural else _measurement
    at = place(graph, indicators)
    nodes = tuple(replace(node, x=at[node.name][0], y=at[node.name][1]) for node in graph.nodes)
    return replace(graph, nodes=nodes)


def _indicators(graph: PathGraph) -> dict[str, list[str]]:
    """Observed variables that each latent variable measures, those of two factors at the first.

    A factor all of whose indicators belong to other factors too is a general one: it stands last,
    so that the others keep theirs.
    """
    observed = {node.name for node in graph.nodes if not node.latent}
    measured = {
        node.name: [
            edge.end
            for edge in graph.of_kind("loading")
            if edge.start == node.name and edge.end in observed
        ]
        for node in graph.nodes
        if node.latent
    }
    counts: dict[str, int] = {}
    for names in measured.values():
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    several = [
        factor
        for factor, names in measured.items()
        if names and all(counts[name] > 1 for name in names)
    ]
    # Of factors that share all their indicators the largest is the general one.
    general = max(several, key=lambda factor: len(measured[factor]), default=None)
    taken: set[str] = set()
    found: dict[str, list[str]] = {}
    for factor, names in measured.items():
        if factor == general and len(several) > 1:
            found[factor] = []
            continue
        found[factor] = [name for name in names if name not in taken]
        taken |= set(found[factor])
    return found


def _column(
    placed: dict[str, tuple[float, float]],
    factors: Sequence[str],
    indicators: Mapping[str, Sequence[str]],
    x: float,
    x_indicators: float,
) -> float:
    """Factors in a column beside their indicators, from the top; the height that they take."""
    y = 0.0
    for factor in factors:
        own = indicators.get(factor, ())
        height = max(1.6, float(len(own)))
        placed[factor] = (x, y - (height - 1.0) / 2.0)
        top = y - (height - len(own)) / 2.0
        for rank, name in enumerate(own):
            placed[name] = (x_indicators, top - rank)
        y -= height + 0.6
    return -y


def _measurement(
    graph: PathGraph, indicators: Mapping[str, Sequence[str]]
) -> dict[str, tuple[float, float]]:
    """Places in a model in which nothing explains anything but its indicators."""
    placed: dict[str, tuple[float, float]] = {}
    latent = [node.name for node in graph.nodes if node.latent]
    first = [name for name in latent if indicators[name]]
    _column(placed, first, indicators, _COLUMN, 2.0 * _COLUMN)
    parts = {
        name: [edge.end for edge in graph.of_kind("loading") if edge.start == name]
        for name in latent
        if name not in first
    }
    waiting = list(parts)
    column = 0.0
    while waiting:
        ready = [name for name in waiting if all(part in placed for part in parts[name])] or waiting
        for name in ready:
            heights = [placed[part][1] for part in parts[name] if part in placed] or [0.0]
            of_items = any(placed[part][0] > _COLUMN for part in parts[name] if part in placed)
            x = 3.0 * _COLUMN if of_items else column
            placed[name] = (x, float(np.mean(heights)))
        waiting = [name for name in waiting if name not in ready]
        column -= _COLUMN
    _rest(graph, placed)
    return placed


def _layers(graph: PathGraph) -> dict[str, int]:
    """Longest way from a first cause; a circle of causes is cut where it closes."""
    latent = {node.name for node in graph.nodes if node.latent}
    causes: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.kind == "regression" or (edge.kind == "loading" and edge.end in latent):
            # A second-order factor stands behind its facets: they lead to it in the picture.
            start, end = (
                (edge.end, edge.start) if edge.kind == "loading" else (edge.start, edge.end)
            )
            causes.setdefault(end, []).append(start)
            causes.setdefault(start, [])
    found: dict[str, int] = {}

    def depth(name: str, behind: frozenset[str]) -> int:
        if name in found:
            return found[name]
        seen = behind | {name}
        ways = [depth(cause, seen) for cause in causes[name] if cause not in seen]
        level = 1 + max(ways, default=-1)
        if not behind:
            found[name] = level
        return level

    for name in causes:
        depth(name, frozenset())
    ranks = {level: rank for rank, level in enumerate(sorted(set(found.values())))}
    return {name: ranks[level] for name, level in found.items()}


def _structural(
    graph: PathGraph, indicators: Mapping[str, Sequence[str]]
) -> dict[str, tuple[float, float]]:
    """Places in a model in which variables explain each other."""
    layers = _layers(graph)
    for node in graph.nodes:
        if node.latent:
            layers.setdefault(node.name, 0)
    last = max(layers.values())
    placed: dict[str, tuple[float, float]] = {}
    has_first = any(indicators.get(name) for name, layer in layers.items() if layer == 0)
    x = _COLUMN if has_first else 0.0
    tallest = 0.0
    for layer in range(last + 1):
        names = [name for name, own in layers.items() if own == layer]
        part: dict[str, tuple[float, float]] = {}
        if layer in (0, last):
            side = -_COLUMN if layer == 0 else _COLUMN
            height = _column(part, names, indicators, x, x + side)
        else:
            widest = max(len(indicators.get(name, ())) for name in names)
            x += max(0.0, (widest - 1) * _BESIDE / 2.0 - _COLUMN / 2.0)
            height = _row_above(part, names, indicators, x)
            x += max(0.0, (widest - 1) * _BESIDE / 2.0 - _COLUMN / 2.0)
        # Arrows that pass a column by go below it: it stands higher than what they lead to.
        raised = tallest / 2.0 if 0 < layer < last and _is_passed(graph, layers, layer) else 0.0
        for name, (own_x, own_y) in part.items():
            placed[name] = (own_x, own_y + height / 2.0 + raised)
        tallest = max(tallest, height)
        x += _COLUMN * 1.3
    _rest(graph, placed)
    return placed


def _is_passed(graph: PathGraph, layers: Mapping[str, int], layer: int) -> bool:
    """Whether an arrow leads from before a layer to behind it."""
    return any(
        layers[edge.start] < layer < layers[edge.end] for edge in graph.of_kind("regression")
    )


def _row_above(
    placed: dict[str, tuple[float, float]],
    factors: Sequence[str],
    indicators: Mapping[str, Sequence[str]],
    x: float,
) -> float:
    """Factors in a column, each with its indicators in a row above; the height that they take."""
    y = 0.0
    for factor in factors:
        own = indicators.get(factor, ())
        if own:
            for rank, name in enumerate(own):
                placed[name] = (x + (rank - (len(own) - 1) / 2.0) * _BESIDE, y)
            y -= 3.2
        placed[factor] = (x, y)
        y -= 2.6
    return -y


def _rest(graph: PathGraph, placed: dict[str, tuple[float, float]]) -> None:
    """Variables that nothing leads to stand in a row below."""
    lowest = min((y for _, y in placed.values()), default=0.0)
    left = min((x for x, _ in placed.values()), default=0.0)
    for rank, name in enumerate(node.name for node in graph.nodes if node.name not in placed):
        placed[name] = (left + rank * _BESIDE, lowest - 2.0)


def graphviz_text(graph: PathGraph, *, decimals: int = 2) -> str:
    """Write a graph in Graphviz' language, DOT.

    Parameters
    ----------
    graph : PathGraph
        As from `path_graph`.
    decimals : int, default 2
        Of the estimates.

    Returns
    -------
    str
        Ellipses for latent variables, boxes for observed ones, dashed arrows for fixed values.

    Examples
    --------
    >>> graph = PathGraph((PathNode("F", True), PathNode("x", False)),
    ...     (PathEdge("F", "x", "loading", 0.5, False),), False)
    >>> print(graphviz_text(graph))
    digraph model {
      rankdir=LR;
      "F" [shape=ellipse];
      "x" [shape=box];
      "F" -> "x" [label="0.50"];
    }
    """
    lines = ["digraph model {", "  rankdir=LR;"]
    lines += [
        f"  {_quoted(node.name)} [shape={'ellipse' if node.latent else 'box'}];"
        for node in graph.nodes
    ]
    for edge in graph.edges:
        options = [f'label="{edge.value:.{decimals}f}"']
        if edge.kind == "covariance":
            options += ["dir=both", "constraint=false"]
        if edge.fixed:
            options.append("style=dashed")
        lines.append(f"  {_quoted(edge.start)} -> {_quoted(edge.end)} [{', '.join(options)}];")
    return "\n".join([*lines, "}"])


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
