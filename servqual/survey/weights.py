"""The two kinds of weights, as types, because they mean different things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from servqual.errors import shorten
from servqual.survey.checks import plural
from servqual.typing import FloatArray, WeightKind

WeightSource: TypeAlias = str | Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FrequencyWeights:
    """Each row stands for that many respondents with the same answers; whole numbers.

    Attributes
    ----------
    source : str or sequence of float
        Name of the column, or one number per row.

    Examples
    --------
    >>> FrequencyWeights("count").source
    'count'
    """

    source: WeightSource


@dataclass(frozen=True, slots=True, eq=False)
class SamplingWeights:
    """Each row was drawn with unequal probability and speaks for a share of the population.

    Standard errors are Taylor-linearised (architecture of survey statistics, respondents drawn
    independently); the number of respondents stays the number of rows.

    Attributes
    ----------
    source : str or sequence of float
        Name of the column, or one number per row.

    Examples
    --------
    >>> SamplingWeights("weight").source
    'weight'
    """

    source: WeightSource


Weights: TypeAlias = FrequencyWeights | SamplingWeights


def within_reach(weights: FloatArray) -> FloatArray:
    """Scale sampling weights whose squares would leave the range of floating point.

    Only their ratios matter. A power of two keeps every bit of them.

    Parameters
    ----------
    weights : FloatArray, shape (n,)
        Weights that are not all zero.

    Returns
    -------
    FloatArray, shape (n,)

    Examples
    --------
    >>> within_reach(np.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    exponent = int(np.frexp(weights.max())[1])
    if abs(exponent) <= 200:
        return weights
    scaled = np.ldexp(weights, -exponent)
    # A weight that is as good as zero still belongs to a respondent.
    return np.where(weights > 0, np.maximum(scaled, np.finfo(np.float64).tiny), 0.0)


def weights_problem(values: FloatArray, kind: WeightKind, n_rows: int) -> str:
    """Say why numbers cannot serve as weights, as the end of a sentence; "" when they can.

    Parameters
    ----------
    values : FloatArray
        What was given; nan where it is no number.
    kind : {"frequency", "sampling"}
        What they shall mean.
    n_rows : int
        Rows of the data.

    Returns
    -------
    str

    Examples
    --------
    >>> weights_problem(np.zeros(3), "sampling", 3)
    'all of them are zero.'
    """
    if values.shape != (n_rows,):
        return (
            f"there {'is' if values.size == 1 else 'are'} {plural(values.size, 'weight')} for "
            f"{plural(n_rows, 'row')}. Give one per row."
        )
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        rows = shorten([row + 1 for row in np.flatnonzero(bad)], limit=5)
        return (
            f"{np.count_nonzero(bad):,} are missing, infinite or negative (rows {rows}). "
            "Correct or drop these rows."
            if np.count_nonzero(bad) > 1
            else f"1 is missing, infinite or negative (row {rows}). Correct or drop this row."
        )
    if not (values > 0).any():
        return "all of them are zero."
    if kind == "frequency" and values.sum() > 2.0**53:
        return (
            f"frequency weights count respondents, but these add up to {values.sum():.3g}. If they "
            "are survey weights, give `sq.SamplingWeights`."
        )
    if kind == "frequency" and (values != np.rint(values)).any():
        return (
            "frequency weights count respondents and must be whole numbers. If they are survey "
            "weights, give `sq.SamplingWeights`."
        )
    return ""
