"""Reading a model: text becomes statements, each term with its modifiers and its place.

The language is lavaan's (Rosseel 2012, https://doi.org/10.18637/jss.v048.i02).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from servqual.errors import ModelSyntaxError
from servqual.model_language.expressions import parse_expression

__all__ = ["Modifier", "Statement", "parse"]

#: Longer operators first, so that none hides another.
_OPERATORS = ("~*~", "=~", "~~", ":=", "==", "<~", "~", "|", "<", ">")
_UNSUPPORTED = {
    "<~": "Composites (`<~`) are not supported; write the indicators with `=~`.",
    "<": "Inequality constraints are not supported; leave the line out and look at the estimate.",
    ">": "Inequality constraints are not supported; leave the line out and look at the estimate.",
}
_NAME = re.compile(r"[^\W\d][\w.]*")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Modifier:
    """What stands before the ``*`` of a term; one entry per group, or one for all groups.

    Attributes
    ----------
    fixed : tuple of float
        Fixed values; nan where the parameter is free on purpose (``NA``). Empty if not given.
    labels : tuple of str
        Labels. Empty if not given.
    starts : tuple of float
        Starting values. Empty if not given.
    """

    fixed: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    starts: tuple[float, ...] = ()

    def joined(self, other: Modifier) -> Modifier:
        """Both together, where a term is written twice."""
        return Modifier(
            other.fixed or self.fixed, other.labels or self.labels, other.starts or self.starts
        )


@dataclass(frozen=True, slots=True)
class Statement:
    """One parameter that the user wrote.

    Attributes
    ----------
    lhs, op, rhs : str
        As in the parameter table: the right side of ``~1`` is empty, those of ``:=`` and ``==``
        are expressions.
    modifier : Modifier
        What stands before the ``*``.
    line : int
        Line of the text, from 1.
    """

    lhs: str
    op: str
    rhs: str
    modifier: Modifier
    line: int


@dataclass(frozen=True, slots=True)
class _Source:
    """A logical line, with what errors need to point into the text."""

    text: str
    number: int

    def error(self, fragment: str, problem: str) -> ModelSyntaxError:
        shown = self.text.rstrip()
        place = max(shown.find(fragment.strip()), 0) if fragment.strip() else len(shown)
        return ModelSyntaxError(
            f"Line {self.number} of the model cannot be read: {problem}\n"
            f"  {shown}\n  {' ' * place}^"
        )


def parse(model: str) -> tuple[Statement, ...]:
    """Read a model.

    Parameters
    ----------
    model : str
        Lines such as ``quality =~ P1 + P2``, ``loyalty ~ b*quality``, ``P1 ~~ P2``, ``P1 ~ 1``,
        ``P1 | t1 + t2``, ``indirect := a*b`` and ``a == b``. ``#`` and ``!`` begin comments.

    Returns
    -------
    tuple of Statement
        One per parameter, in the order of the text.

    Raises
    ------
    ModelSyntaxError
        With the line and a mark under the place that cannot be read.

    References
    ----------
    Rosseel, Y. (2012). lavaan: An R package for structural equation modeling. *Journal of
    Statistical Software*, 48(2). https://doi.org/10.18637/jss.v048.i02

    Examples
    --------
    >>> [(part.lhs, part.op, part.rhs) for part in parse("F =~ x1 + 2*x2")]
    [('F', '=~', 'x1'), ('F', '=~', 'x2')]
    """
    if not isinstance(model, str):
        raise ModelSyntaxError(
            f"The model is {type(model).__name__}, but must be text, such as 'F =~ x1 + x2 + x3'."
        )
    statements: list[Statement] = []
    for source in _logical_lines(model):
        statements += _read_line(source)
    if not statements:
        raise ModelSyntaxError(
            "The model is empty. Write at least one line, such as `F =~ x1 + x2 + x3`."
        )
    return tuple(statements)


def _logical_lines(model: str) -> list[_Source]:
    """Lines without comments; a line that ends with an operator or plus goes on in the next."""
    sources: list[_Source] = []
    held, first = "", 0
    for number, raw in enumerate(model.splitlines(), start=1):
        for piece in re.split(r"[#!]", raw, maxsplit=1)[0].split(";"):
            if not piece.strip():
                continue
            goes_on = held.rstrip().endswith(("+", "~", "*", "=", "|", ",", "("))
            starts_plus = piece.lstrip().startswith(("+", "*"))
            if held and not goes_on and not starts_plus:
                sources.append(_Source(held, first))
                held = ""
            held, first = (f"{held} {piece.strip()}", first) if held else (piece, number)
    if held:
        sources.append(_Source(held, first))
    return sources


def _read_line(source: _Source) -> list[Statement]:
    operator, place = _find_operator(source)
    left, right = source.text[:place].strip(), source.text[place + len(operator) :].strip()
    if operator in _UNSUPPORTED:
        raise source.error(operator, _UNSUPPORTED[operator])
    if not left or not right:
        side = "left" if not left else "right"
        raise source.error(operator, f"the {side} side of `{operator}` is empty.")
    if operator in (":=", "=="):
        return [_definition(source, left, operator, right)]
    return [
        statement
        for name in _split(left, "+")
        for statement in _terms(source, _name(source, name), operator, right)
    ]


def _find_operator(source: _Source) -> tuple[str, int]:
    """The first operator outside quotes and parentheses."""
    depth, quote = 0, ""
    for place, character in enumerate(source.text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif depth == 0:
            for operator in _OPERATORS:
                if source.text.startswith(operator, place):
                    return operator, place
    if re.match(r"\s*(group|level|block)\s*:", source.text, re.IGNORECASE):
        raise source.error(
            source.text,
            "blocks are not supported. Give groups with `by=`, and values of each "
            "group as `c(…, …)*x`.",
        )
    raise source.error(
        source.text, "there is no operator. Write one of `=~`, `~`, `~~`, `:=` or `==`."
    )


def _definition(source: _Source, left: str, operator: str, right: str) -> Statement:
    """A defined parameter or a constraint; its expressions are read once here, to fail early."""
    parse_expression(right)
    if operator == ":=":
        left = _name(source, left)
    else:
        parse_expression(left)
    return Statement(left, operator, right, Modifier(), source.number)


def _split(text: str, separator: str) -> list[str]:
    """Split outside quotes and parentheses; a sign that belongs to a number stays with it."""
    parts, depth, quote, start = [], 0, "", 0
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == separator and depth == 0:
            before = text[start:place].rstrip()
            exponent = re.search(r"[\d.][eE]$", text[start:place]) is not None
            if separator == "+" and (not before or exponent):
                continue
            parts.append(text[start:place].strip())
            start = place + 1
    parts.append(text[start:].strip())
    return parts


def _name(source: _Source, text: str) -> str:
    text = text.strip()
    if _NAME.fullmatch(text):
        return text
    if ":" in text:
        raise source.error(
            text,
            "products of variables (`x:z`) are not supported. Add the product to the data "
            "as a column of its own.",
        )
    raise source.error(
        text,
        f"`{text}` is not a name. Names begin with a letter and hold letters, digits, `_` and `.`.",
    )


def _terms(source: _Source, left: str, operator: str, right: str) -> list[Statement]:
    found: dict[tuple[str, str], Statement] = {}
    for term in _split(right, "+"):
        if not term:
            raise source.error(right, "there is nothing between two plus signs, or after the last.")
        *before, target = _split(term, "*")
        modifier = Modifier()
        for text in before:
            modifier = modifier.joined(_modifier(source, text))
        op, rhs = operator, target
        if operator == "~" and target == "1":
            op, rhs = "~1", ""
        elif operator == "~" and target in ("0", "-1"):
            op, rhs, modifier = "~1", "", Modifier(fixed=(0.0,))
        else:
            rhs = _name(source, target)
        if operator == "|" and not re.fullmatch(r"t[1-9]\d*", rhs):
            raise source.error(target, "thresholds are called t1, t2 and so on.")
        if operator == "~" and rhs == left:
            raise source.error(target, f"`{left}` cannot be explained by itself.")
        known = found.get((op, rhs))
        if known is not None:
            modifier = known.modifier.joined(modifier)
        found[op, rhs] = Statement(left, op, rhs, modifier, source.number)
    return list(found.values())


def _modifier(source: _Source, text: str) -> Modifier:
    """Read what stands before a ``*``."""
    text = text.strip()
    call = re.fullmatch(r"(\w+)\s*\((.*)\)", text, re.DOTALL)
    if call is None:
        return _of_values(source, [text])
    function, inner = call[1], _split(call[2], ",")
    if function == "c":
        return _of_values(source, inner)
    if function in ("start", "label", "equal"):
        if len(inner) == 1 and (nested := re.fullmatch(r"c\s*\((.*)\)", inner[0])):
            inner = _split(nested[1], ",")
        if function == "start":
            if not all(_NUMBER.fullmatch(value) for value in inner):
                raise source.error(text, "`start(…)` needs numbers.")
            return Modifier(starts=tuple(float(value) for value in inner))
        return Modifier(labels=tuple(value.strip("\"' ") for value in inner))
    raise source.error(
        text,
        f"`{function}(…)` is not known here. Write a number, NA, a label, start(…), or "
        "c(…) with one entry per group.",
    )


def _of_values(source: _Source, values: list[str]) -> Modifier:
    """Numbers and NA fix and free; names label."""
    values = [value.strip() for value in values]
    if all(value == "NA" or _NUMBER.fullmatch(value) for value in values):
        return Modifier(fixed=tuple(np.nan if value == "NA" else float(value) for value in values))
    labels = [value.strip("\"'") for value in values]
    if all(_NAME.fullmatch(label) for label in labels):
        return Modifier(labels=tuple("" if label == "NA" else label for label in labels))
    raise source.error(
        values[0], f"`{', '.join(values)}` is neither a number, nor NA, nor a label."
    )
