"""Arithmetic of defined parameters (``:=``) and of constraints (``==``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from servqual.errors import ModelSyntaxError
from servqual.typing import FloatArray

__all__ = ["Expression", "evaluate", "expression_names", "linear_form", "parse_expression"]


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A label."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function with its arguments."""

    function: str
    arguments: tuple[Expression, ...]


Expression: TypeAlias = "Number | Name | Call"

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d][\w.]*)"
    r"|(?P<sign>\*\*|[-+*/^(),]))"
)

#: All of these take complex numbers, so that derivatives can be had by complex steps.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
    "negative": lambda a: -a,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "abs": lambda a: -a if np.real(a) < 0 else a,
}
_NAMED = ("sqrt", "exp", "log", "abs")


def parse_expression(text: str) -> Expression:
    """Read an arithmetic expression.

    Parameters
    ----------
    text : str
        Numbers, labels, ``+ - * / ^ **``, parentheses and the functions sqrt, exp, log and abs.

    Returns
    -------
    Number, Name or Call

    Raises
    ------
    ModelSyntaxError
        If it cannot be read.

    Examples
    --------
    >>> evaluate(parse_expression("a * (b + 1)^2"), {"a": 2.0, "b": 1.0})
    8.0
    """
    return _Reader(text).read()


class _Reader:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise self.error(f"cannot be read from {text[position:].strip()!r} on")
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        self.at = 0

    def error(self, problem: str) -> ModelSyntaxError:
        return ModelSyntaxError(
            f"The expression `{self.text.strip()}` {problem}. Write numbers, labels, + - * / ^, "
            "parentheses, and sqrt, exp, log or abs."
        )

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise self.error("ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def read(self) -> Expression:
        found = self.sum()
        if self.at < len(self.tokens):
            raise self.error(f"has {self.peek()!r} where it should have ended")
        return found

    def sum(self) -> Expression:
        left = self.product()
        while self.peek() in ("+", "-"):
            operator = self.take()[1]
            left = Call(operator, (left, self.product()))
        return left

    def product(self) -> Expression:
        left = self.signed()
        while self.peek() in ("*", "/"):
            operator = self.take()[1]
            left = Call(operator, (left, self.signed()))
        return left

    def signed(self) -> Expression:
        if self.peek() == "-":
            self.take()
            return Call("negative", (self.signed(),))
        if self.peek() == "+":
            self.take()
            return self.signed()
        return self.power()

    def power(self) -> Expression:
        base = self.atom()
        if self.peek() in ("^", "**"):
            self.take()
            return Call("^", (base, self.signed()))
        return base

    def atom(self) -> Expression:
        kind, text = self.take()
        if kind == "number":
            return Number(float(text))
        if kind == "name":
            if self.peek() != "(":
                return Name(text)
            if text not in _NAMED:
                raise self.error(f"uses the function {text}, which is not known")
            return Call(text, (self.atom(),))
        if text != "(":
            raise self.error(f"has {text!r} in the wrong place")
        inner = self.sum()
        if self.peek() != ")":
            raise self.error("lacks a closing parenthesis")
        self.take()
        return inner


def expression_names(expression: Expression) -> tuple[str, ...]:
    """Labels in an expression, each once, in order.

    Parameters
    ----------
    expression : Number, Name or Call
        As from `parse_expression`.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> expression_names(parse_expression("a * b + a"))
    ('a', 'b')
    """
    if isinstance(expression, Name):
        return (expression.name,)
    if isinstance(expression, Call):
        names = [name for part in expression.arguments for name in expression_names(part)]
        return tuple(dict.fromkeys(names))
    return ()


def evaluate(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Value of an expression.

    Parameters
    ----------
    expression : Number, Name or Call
        As from `parse_expression`.
    values : mapping of str to number
        One per label; may be complex.

    Returns
    -------
    number

    Examples
    --------
    >>> evaluate(parse_expression("-sqrt(4)"), {})
    -2.0
    """
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Name):
        return values[expression.name]
    arguments = [evaluate(part, values) for part in expression.arguments]
    value = _FUNCTIONS[expression.function](*arguments)
    return float(value) if isinstance(value, np.floating) else value


def linear_form(expression: Expression, names: Sequence[str]) -> tuple[FloatArray, float]:
    """Coefficients and constant of an expression that is linear in its labels.

    Parameters
    ----------
    expression : Number, Name or Call
        As from `parse_expression`.
    names : sequence of str
        Labels, in the order of the coefficients.

    Returns
    -------
    coefficients : FloatArray
    constant : float

    Raises
    ------
    ModelSyntaxError
        If it is not linear.

    Examples
    --------
    >>> linear_form(parse_expression("2 * a - 1"), ["a"])
    (array([2.]), -1.0)
    """
    place = {name: position for position, name in enumerate(names)}

    def affine(part: Expression) -> tuple[FloatArray, float]:
        if isinstance(part, Number):
            return np.zeros(len(names)), part.value
        if isinstance(part, Name):
            unit = np.zeros(len(names))
            unit[place[part.name]] = 1.0
            return unit, 0.0
        sides = [affine(argument) for argument in part.arguments]
        constants = [constant for _, constant in sides]
        if not any(slope.any() for slope, _ in sides):
            value = float(_FUNCTIONS[part.function](*constants))
            return np.zeros(len(names)), value
        if part.function == "negative":
            return -sides[0][0], -constants[0]
        if part.function in ("+", "-"):
            sign = 1.0 if part.function == "+" else -1.0
            return sides[0][0] + sign * sides[1][0], constants[0] + sign * constants[1]
        if part.function == "*" and not (sides[0][0].any() and sides[1][0].any()):
            slope = sides[0][0] * constants[1] + sides[1][0] * constants[0]
            return slope, constants[0] * constants[1]
        if part.function == "/" and not sides[1][0].any():
            return sides[0][0] / constants[1], constants[0] / constants[1]
        raise ModelSyntaxError(
            "A constraint written with `==` must be linear in the labels, such as `a == 2*b + 1`."
        )

    return affine(expression)
