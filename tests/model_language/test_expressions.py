"""Arithmetic of defined parameters and constraints."""

from __future__ import annotations

import math

import numpy as np
import pytest

from servqual.errors import ModelSyntaxError
from servqual.model_language.expressions import (
    evaluate,
    expression_names,
    linear_form,
    parse_expression,
)

VALUES = {"a": 2.0, "b": 3.0, "c": 0.5}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * c", 3.5),
        ("(a + b) * c", 2.5),
        ("-a^2", -4.0),
        ("2^-1", 0.5),
        ("a^b^c", 2.0 ** (3.0**0.5)),
        ("a - b - c", -1.5),
        ("a / b / c", 2.0 / 3.0 / 0.5),
        ("sqrt(a * 8) + exp(0) + log(1) + abs(-b)", 8.0),
        ("1e-3 + .5", 0.501),
        ("a**2", 4.0),
    ],
)
def test_values(text: str, value: float) -> None:
    assert math.isclose(evaluate(parse_expression(text), VALUES), value, rel_tol=1e-15)


def test_derivatives_by_complex_steps() -> None:
    found = evaluate(parse_expression("abs(-a) * sqrt(b) / exp(c)"), VALUES | {"a": 2.0 + 1e-30j})
    assert math.isclose(np.imag(found) / 1e-30, math.sqrt(3.0) / math.exp(0.5), rel_tol=1e-14)


def test_names_are_listed_once() -> None:
    assert expression_names(parse_expression("b * a + b - sqrt(c)")) == ("b", "a", "c")


def test_linear_forms() -> None:
    slope, constant = linear_form(parse_expression("2*(a - b)/4 + 3 - -b"), ["a", "b"])
    assert slope.tolist() == [0.5, 0.5]
    assert constant == 3.0


@pytest.mark.parametrize("text", ["a*b", "a/b", "sqrt(a)", "a^2"])
def test_products_are_not_linear(text: str) -> None:
    with pytest.raises(ModelSyntaxError, match="must be linear in the labels"):
        linear_form(parse_expression(text), ["a", "b"])


@pytest.mark.parametrize(
    ("text", "message"),
    [("a b", "where it should have ended"), ("(a", "lacks a closing"), ("a ? b", "cannot be read")],
)
def test_what_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(ModelSyntaxError, match=message):
        parse_expression(text)
