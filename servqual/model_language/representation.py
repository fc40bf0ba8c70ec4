"""From a parameter table to the matrices in which models are estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from servqual.errors import ModelSyntaxError
from servqual.model_language.expressions import linear_form, parse_expression
from servqual.model_language.parameter_table import Parameter, ParameterTable
from servqual.numerics.implied_moments import (
    FACTOR_COVARIANCE,
    FACTOR_MEANS,
    INTERCEPTS,
    LOADINGS,
    REGRESSIONS,
    RESIDUAL_COVARIANCE,
    SCALES,
    THRESHOLDS,
    FreeElements,
    ModelMatrices,
    ModelStructure,
)
from servqual.numerics.structural_fit import Reduction
from servqual.typing import FloatArray, IntArray

__all__ = ["Representation", "represent"]


@dataclass(frozen=True, slots=True, eq=False)
class Representation:
    """A model as matrices, and where each line of its table stands in them.

    Attributes
    ----------
    structure : ModelStructure
        Fixed values and places of free ones.
    latent : tuple of str
        Columns of Λ: the latent variables, then observed variables that take part in regressions,
        each of which is a latent variable measured by itself without error.
    lines : IntArray, shape (k,)
        Lines of the table that are elements of matrices.
    group, matrix, row, column : IntArray, shape (k,)
        Their places; groups from 0.
    start : FloatArray, shape (q,)
        Starting values that the user gave; nan elsewhere.
    reduction : Reduction
        Linear constraints among the parameters.
    """

    structure: ModelStructure
    latent: tuple[str, ...]
    lines: IntArray
    group: IntArray
    matrix: IntArray
    row: IntArray
    column: IntArray
    start: FloatArray
    reduction: Reduction


class _Places:
    """Finds the element that a line of the table speaks of."""

    def __init__(self, table: ParameterTable, categories: Mapping[str, int]) -> None:
        self.observed = {name: place for place, name in enumerate(table.observed)}
        own = _own_latents(table)
        self.latent_names = (*table.latent, *own)
        self.latent = {name: place for place, name in enumerate(self.latent_names)}
        counts = [categories[name] - 1 for name in table.ordered]
        first = np.concatenate([[0], np.cumsum(counts)]).astype(int)
        self.first_threshold = dict(zip(table.ordered, first[:-1], strict=True))
        self.threshold_items = np.repeat(
            np.array([self.observed[name] for name in table.ordered], dtype=np.int64), counts
        )

    def place(self, parameter: Parameter) -> tuple[int, int, int]:
        """Number of the matrix, row and column."""
        lhs, rhs = parameter.lhs, parameter.rhs
        if parameter.op == "=~":
            if rhs in self.latent:
                return REGRESSIONS, self.latent[rhs], self.latent[lhs]
            return LOADINGS, self.observed[rhs], self.latent[lhs]
        if parameter.op == "~":
            return REGRESSIONS, self.latent[lhs], self.latent[rhs]
        if parameter.op == "~~":
            if lhs in self.latent and rhs in self.latent:
                return FACTOR_COVARIANCE, self.latent[lhs], self.latent[rhs]
            return RESIDUAL_COVARIANCE, self.observed[lhs], self.observed[rhs]
        if parameter.op == "~1":
            if lhs in self.latent:
                return FACTOR_MEANS, self.latent[lhs], 0
            return INTERCEPTS, self.observed[lhs], 0
        if parameter.op == "~*~":
            return SCALES, self.observed[lhs], 0
        return THRESHOLDS, int(self.first_threshold[lhs]) + int(rhs[1:]) - 1, 0


def _own_latents(table: ParameterTable) -> tuple[str, ...]:
    """Observed variables that need a latent variable of their own, in the order of the table."""
    latent = set(table.latent)
    needed: set[str] = set(table.exogenous)
    for line in table.parameters:
        if line.op == "~" or (line.op == "~~" and (line.lhs in latent) != (line.rhs in latent)):
            needed |= {line.lhs, line.rhs}
    # An observed variable that covaries with such a one has to stand beside it.
    grown = True
    while grown:
        partners = {
            name
            for line in table.parameters
            if line.op == "~~" and line.lhs != line.rhs
            for name in (line.lhs, line.rhs)
            if ({line.lhs, line.rhs} - latent) & needed
        }
        grown = not partners <= (needed | latent)
        needed |= partners
    return tuple(name for name in table.observed if name in needed and name not in latent)


def represent(
    table: ParameterTable,
    *,
    means: Sequence[FloatArray],
    covariances: Sequence[FloatArray],
    categories: Mapping[str, int] | None = None,
) -> Representation:
    """Put a parameter table into matrices.

    Parameters
    ----------
    table : ParameterTable
        The model.
    means, covariances : sequence of FloatArray
        Sample values of each group in the order of the table's observed variables, which fixed
        exogenous variables take over.
    categories : mapping of str to int, optional
        Number of categories of each ordinal variable.

    Returns
    -------
    Representation

    Raises
    ------
    ModelSyntaxError
        If a constraint is not linear or contradicts another.
    """
    places = _Places(table, categories or {})
    n_groups = table.n_groups
    empty = [_empty(table, places) for _ in range(n_groups)]
    free: list[list[tuple[int, int, int, int]]] = [[] for _ in range(n_groups)]
    start = np.full(table.n_free, np.nan)
    kept: list[tuple[int, int, int, int, int]] = []
    for number, line in enumerate(table.parameters):
        if line.group == 0:
            continue
        group = line.group - 1
        matrix, row, column = places.place(line)
        kept.append((number, group, matrix, row, column))
        if line.free:
            free[group].append((matrix, row, column, line.free - 1))
            if not np.isnan(line.start):
                start[line.free - 1] = line.start
            continue
        value = line.value
        if np.isnan(value):
            value = _sample_value(line, places, means[group], covariances[group])
        _put(empty[group], matrix, row, column, value)
    structure = ModelStructure(
        tuple(empty),
        tuple(_elements(elements) for elements in free),
        table.n_free,
        table.mean_structure,
        places.threshold_items,
        np.array([places.latent.get(name, -1) for name in table.observed], dtype=np.int64),
    )
    columns = np.array(kept, dtype=np.int64).reshape(-1, 5).T
    return Representation(
        structure,
        places.latent_names,
        columns[0],
        columns[1],
        columns[2],
        columns[3],
        columns[4],
        start,
        _constraints(table),
    )


def _empty(table: ParameterTable, places: _Places) -> ModelMatrices:
    p, m = len(table.observed), len(places.latent_names)
    matrices = ModelMatrices(
        np.zeros((p, m)),
        np.zeros((m, m)),
        np.zeros((m, m)),
        np.zeros((p, p)),
        np.zeros(p),
        np.zeros(m),
        np.ones(p),
        np.zeros(len(places.threshold_items)),
    )
    for name in places.latent_names[len(table.latent) :]:
        matrices.loadings[places.observed[name], places.latent[name]] = 1.0
    return matrices


def _put(matrices: ModelMatrices, number: int, row: int, column: int, value: float) -> None:
    part = matrices.parts()[number]
    if part.ndim == 1:
        part[row] = value
        return
    part[row, column] = value
    if number in (FACTOR_COVARIANCE, RESIDUAL_COVARIANCE):
        part[column, row] = value


def _sample_value(
    line: Parameter, places: _Places, mean: FloatArray, covariance: FloatArray
) -> float:
    """Mean or covariance of fixed exogenous variables."""
    if line.op == "~1":
        return float(mean[places.observed[line.lhs]])
    return float(covariance[places.observed[line.lhs], places.observed[line.rhs]])


def _elements(elements: list[tuple[int, int, int, int]]) -> FreeElements:
    table = np.array(elements, dtype=np.int64).reshape(-1, 4).T
    return FreeElements(table[0], table[1], table[2], table[3])


def _constraints(table: ParameterTable) -> Reduction:
    """Constraints written with ``==`` as a linear map."""
    if not table.constraints:
        return Reduction.none(table.n_free)
    labels = {line.label: line.free - 1 for line in table.parameters if line.label and line.free}
    names = tuple(labels)
    rows, constants = [], []
    for line in table.constraints:
        left, left_constant = linear_form(parse_expression(line.lhs), names)
        right, right_constant = linear_form(parse_expression(line.rhs), names)
        row = np.zeros(table.n_free)
        for name, coefficient in zip(names, np.subtract(left, right), strict=True):
            row[labels[name]] += float(coefficient)
        rows.append(row)
        constants.append(right_constant - left_constant)
    coefficients, values = np.array(rows), np.array(constants, dtype=float)
    reduction = Reduction.of_constraints(coefficients, values)
    if not np.allclose(coefficients @ reduction.offset, values):
        raise ModelSyntaxError(
            "The constraints written with `==` contradict each other. Leave one of them out."
        )
    return reduction
