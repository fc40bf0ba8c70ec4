"""What the language reads, and what it says of what it cannot read."""

from __future__ import annotations

import numpy as np
import pytest

from servqual.errors import ModelSyntaxError
from servqual.model_language.syntax import parse


def lines(text: str) -> list[tuple[str, str, str]]:
    """Return the parameters of a text, without their modifiers."""
    return [(part.lhs, part.op, part.rhs) for part in parse(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("F =~ x1 + x2", [("F", "=~", "x1"), ("F", "=~", "x2")]),
        ("y ~ a\nz ~ b", [("y", "~", "a"), ("z", "~", "b")]),
        ("y ~ a; z ~ b", [("y", "~", "a"), ("z", "~", "b")]),
        ("y ~ a +\n b", [("y", "~", "a"), ("y", "~", "b")]),
        ("y ~ a\n  + b", [("y", "~", "a"), ("y", "~", "b")]),
        ("x1 ~~ x2", [("x1", "~~", "x2")]),
        ("y ~ 1 + a", [("y", "~1", ""), ("y", "~", "a")]),
        ("y1 + y2 ~ a", [("y1", "~", "a"), ("y2", "~", "a")]),
        ("x1 | t1 + t2", [("x1", "|", "t1"), ("x1", "|", "t2")]),
        ("ab := a*b", [("ab", ":=", "a*b")]),
        ("a == 2*b", [("a", "==", "2*b")]),
        ("# only this\ny ~ a # and this\n! or this", [("y", "~", "a")]),
        ("größe =~ P.1 + P_2", [("größe", "=~", "P.1"), ("größe", "=~", "P_2")]),
    ],
)
def test_parameters(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert lines(text) == expected


def test_modifiers() -> None:
    one, free, label, start, both = (
        part.modifier
        for part in parse("F =~ -1.5e1*x1 + NA*x2 + a*x3 + start(0.8)*x4 + NA*x5 + b*x5")
    )
    assert one.fixed == (-15.0,)
    assert np.isnan(free.fixed[0])
    assert label.labels == ("a",)
    assert start.starts == (0.8,)
    assert np.isnan(both.fixed[0])
    assert both.labels == ("b",)


def test_modifiers_of_groups() -> None:
    labels, values, quoted, starts = (
        part.modifier
        for part in parse('F =~ c(a, b)*x1 + c(1, NA)*x2 + "c"*x3 + start(c(1, 2))*x4')
    )
    assert labels.labels == ("a", "b")
    assert values.fixed[0] == 1.0
    assert np.isnan(values.fixed[1])
    assert quoted.labels == ("c",)
    assert starts.starts == (1.0, 2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The model is empty"),
        ("F = x1", "Line 1 .* there is no operator"),
        ("y ~ a\nF =~ x1 + + x2", r"Line 2 .*`\+ x2` is not a name"),
        ("F =~ x1 +", "nothing between two plus signs, or after the last"),
        ("F =~", "the right side of `=~` is empty"),
        ("F =~ foo(1)*x1", r"`foo\(…\)` is not known here"),
        ("y ~ a:b", "products of variables .* are not supported"),
        ("F <~ x1", "Composites .* are not supported"),
        ("a > 0", "Inequality constraints are not supported"),
        ("level: 1", "blocks are not supported"),
        ("x | s1", "thresholds are called t1, t2"),
        ("y ~ y", "`y` cannot be explained by itself"),
        ("ab := a *", "ends too early"),
        ("ab := f(a)", "uses the function f, which is not known"),
        ("F =~ c(1, a)*x1", "is neither a number, nor NA, nor a label"),
        ("F =~ start(a)*x1", r"`start\(…\)` needs numbers"),
        ("1x =~ x1", "`1x` is not a name"),
    ],
)
def test_errors_name_the_line_and_what_is_needed(text: str, message: str) -> None:
    with pytest.raises(ModelSyntaxError, match=message):
        parse(text)


def test_errors_point_at_the_place() -> None:
    with pytest.raises(ModelSyntaxError) as caught:
        parse("F =~ x1 + 2y*x2")
    shown, mark = str(caught.value).splitlines()[1:]
    assert shown[mark.index("^") :].startswith("2y")


def test_a_model_is_text() -> None:
    with pytest.raises(ModelSyntaxError, match="The model is list, but must be text"):
        parse(["F =~ x1"])  # type: ignore[arg-type]
