"""The automatic rules; the references compare whole fits with lavaan's."""

from __future__ import annotations

import pytest

from servqual.errors import ModelSyntaxError
from servqual.model_language.parameter_table import ParameterTable, build_parameter_table

TWO = "F =~ x1 + x2 + x3\nH =~ x4 + x5 + x6"


def free(table: ParameterTable, lhs: str, op: str, rhs: str, group: int = 1) -> int:
    """Return the number of a parameter's free parameter."""
    found = [
        line
        for line in table.parameters
        if (line.lhs, line.op, line.rhs, line.group) == (lhs, op, rhs, group)
    ]
    assert len(found) == 1
    return found[0].free


def test_first_loadings_are_fixed() -> None:
    table = build_parameter_table(TWO)
    assert free(table, "F", "=~", "x1") == 0
    assert free(table, "F", "~~", "H") > 0
    assert table.n_free == 4 + 6 + 3


def test_variances_are_fixed_instead() -> None:
    table = build_parameter_table(TWO, std_lv=True)
    assert free(table, "F", "=~", "x1") > 0
    assert free(table, "F", "~~", "F") == 0
    assert table.n_free == 13


def test_a_freed_first_loading() -> None:
    assert free(build_parameter_table("F =~ NA*x1 + x2\nF ~~ 1*F"), "F", "=~", "x1") > 0


def test_equal_labels_are_one_parameter() -> None:
    table = build_parameter_table("F =~ x1 + a*x2 + a*x3")
    assert free(table, "F", "=~", "x2") == free(table, "F", "=~", "x3")


def test_a_single_indicator_has_no_error() -> None:
    table = build_parameter_table("F =~ x1\nF ~ y")
    assert free(table, "x1", "~~", "x1") == 0


def test_outcomes_covary_and_predictors_are_given() -> None:
    table = build_parameter_table("y1 ~ a + b\ny2 ~ a")
    assert free(table, "y1", "~~", "y2") > 0
    assert table.exogenous == ("a", "b")
    assert build_parameter_table("y1 ~ a + b\ny2 ~ a", fixed_x=False).exogenous == ()


def test_invariance_frees_latent_means() -> None:
    table = build_parameter_table(
        TWO, group_labels=("u", "v"), mean_structure=True, equal=("loadings", "intercepts")
    )
    assert free(table, "F", "=~", "x2", 1) == free(table, "F", "=~", "x2", 2) > 0
    assert free(table, "F", "~1", "", 1) == 0
    assert free(table, "F", "~1", "", 2) > 0
    assert free(table, "x1", "~~", "x1", 1) != free(table, "x1", "~~", "x1", 2)


def test_partial_invariance() -> None:
    table = build_parameter_table(
        TWO, group_labels=("u", "v"), equal=("loadings",), free=("F =~ x2",)
    )
    assert free(table, "F", "=~", "x2", 1) != free(table, "F", "=~", "x2", 2)
    assert free(table, "F", "=~", "x3", 1) == free(table, "F", "=~", "x3", 2)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("F =~ x1 + x2\nF =~ 2*x2 \nF =~ 3*x2", {}, "at another value than line"),
        ("F =~ F + x2", {}, "`F` cannot measure itself"),
        ("y ~ a*x\nq := aa*2", {}, "labels that no parameter has: aa. Did you mean a?"),
        ("y ~ a*x\na := a*2", {}, "already the label"),
        ("F =~ x1 + x2\nx1 | t1", {}, "Line 2 .*thresholds and scales belong to models of ordinal"),
        ("q := 2", {}, "The model has no parameters"),
        ("F =~ c(1, 2)*x1 + x2", {}, "gives 2 values .* there is 1 group"),
        (TWO, {"free": ("F =~ x9",)}, "`free` names `F =~ x9`"),
    ],
)
def test_contradictions(model: str, options: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(ModelSyntaxError, match=message):
        build_parameter_table(model, free=options.get("free", ()))


def test_the_model_is_shown_as_syntax() -> None:
    table = build_parameter_table("F =~ x1 + a*x2\nq := a^2")
    shown = str(table)
    assert "F =~ 1*x1 + a*x2" in shown
    assert build_parameter_table(shown).n_free == table.n_free
