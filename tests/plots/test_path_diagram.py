"""Path diagrams: nothing overlaps, everything is drawn, and the text for Graphviz is right."""

from __future__ import annotations

import itertools
import re
from functools import cache

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import servqual as sq
from servqual.analyses.path_layout import (
    PathEdge,
    PathGraph,
    PathNode,
    graphviz_text,
    lay_out,
    path_graph,
)
from servqual.plots.path_diagram import plot_path_diagram


@cache
def fitted(name: str) -> sq.StructuralResult:
    """Return a model of the example survey by name."""
    survey = sq.load_example("bank")
    if name in ("correlated", "second-order", "bifactor", "one-factor"):
        return sq.cfa(survey, structure=name)  # type: ignore[arg-type]
    models = {
        "chain": sq.models.quality_chain(survey),
        "dimensions": sq.models.satisfaction_loyalty(survey),
        "answers": "SAT1 ~ P1 + P5\nLOY1 ~ SAT1 + P5",
        "crossed": "F =~ P1 + P2 + P3 + P5\nG =~ P5 + P6 + P7\nP1 ~~ P6",
    }
    return sq.sem(survey, models[name])


NAMES = [
    "correlated",
    "one-factor",
    "second-order",
    "bifactor",
    "chain",
    "dimensions",
    "answers",
    "crossed",
]


@pytest.mark.parametrize("name", NAMES)
def test_no_two_variables_overlap(name: str) -> None:
    graph = lay_out(path_graph(fitted(name)))
    for first, second in itertools.combinations(graph.nodes, 2):
        apart = abs(first.x - second.x) >= 1.9 or abs(first.y - second.y) >= 0.9
        assert apart, (first, second)


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_and_arrow_is_drawn(name: str) -> None:
    fit = fitted(name)
    graph = path_graph(fit)
    ax = plot_path_diagram(fit, covariances=True)
    texts = [text.get_text() for text in ax.texts]
    assert {node.name[:8] for node in graph.nodes} <= {text[:8] for text in texts}
    numbers = [text for text in texts if re.fullmatch(r"−?\d+\.\d\d", text)]
    assert len(numbers) == len(graph.edges)
    plt.close("all")


def test_causes_stand_to_the_left_of_their_effects() -> None:
    graph = lay_out(path_graph(fitted("dimensions")))
    x = {node.name: node.x for node in graph.nodes}
    assert x["P1"] < x["tangibles"] < x["satisfaction"] < x["loyalty"] < x["LOY1"]


def test_a_circle_of_causes_can_be_placed() -> None:
    nodes = tuple(PathNode(name, True) for name in "abc")
    edges = tuple(
        PathEdge(start, end, "regression", 0.1, False) for start, end in ("ab", "bc", "ca")
    )
    placed = lay_out(PathGraph(nodes, edges, True))
    assert len({(node.x, node.y) for node in placed.nodes}) == 3


def test_estimates_are_those_of_the_result() -> None:
    fit = fitted("answers")
    table = fit.tidy().set_index(["lhs", "op", "rhs"])
    for standardised, column in ((True, "std_all"), (False, "estimate")):
        edge = path_graph(fit, standardised=standardised).of_kind("regression")[0]
        assert edge.value == table.loc[(edge.end, "~", edge.start), column]


def test_groups_have_their_own_diagram() -> None:
    survey = sq.load_example("bank")
    fit = sq.cfa(survey, "trust =~ P14 + P15 + P16 + P17", by="wave")
    ax = fit.plot(group=2, standardised=False)
    assert ax.get_title(loc="left") == f"Path diagram, estimates, {fit.model.group_labels[1]}"
    plt.close("all")
    with pytest.raises(sq.OptionError, match="`group` is 3"):
        fit.plot(group=3)
    with pytest.raises(sq.OptionError, match="kind"):
        fit.plot("other")  # type: ignore[arg-type]


def test_text_for_graphviz_quotes_names() -> None:
    graph = PathGraph(
        (PathNode('a"b\\', True), PathNode("é", False)),
        (
            PathEdge('a"b\\', "é", "loading", 1.0, True),
            PathEdge('a"b\\', "é", "covariance", -0.25, False),
        ),
        False,
    )
    lines = graphviz_text(graph, decimals=1).splitlines()
    assert lines[2] == '  "a\\"b\\\\" [shape=ellipse];'
    assert lines[4] == '  "a\\"b\\\\" -> "é" [label="1.0", style=dashed];'
    assert lines[5].endswith('[label="-0.2", dir=both, constraint=false];')


def test_text_for_graphviz_has_every_arrow() -> None:
    fit = fitted("chain")
    text = fit.to_graphviz()
    assert text.count(" -> ") == len(path_graph(fit).edges)
    assert text.startswith("digraph model {")
    assert text.endswith("}")


def test_long_names_are_cut() -> None:
    survey = sq.load_example("bank")
    frame = pd.DataFrame(
        survey.rows(["P1", "P2", "P3"]), columns=["x1", "x2", "a_very_long_name_of_a_column"]
    )
    ax = sq.cfa(frame, "F =~ x1 + x2 + a_very_long_name_of_a_column").plot()
    assert "a_very_l…" in [text.get_text().replace("\\", "") for text in ax.texts]
    plt.close("all")
