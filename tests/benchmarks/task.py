"""What a side offers: functions that take the data and return a `Task`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tests.benchmarks.data import FACTOR_SIZES

#: Numbers by name; factor solutions have "loadings" (row by row) and "factor_correlations".
Values = dict[str, list[float]]


@dataclass(frozen=True)
class Data:
    """One data set, read before anything is timed.

    Attributes
    ----------
    frame : DataFrame, shape (n, p)
        Answers.
    correlations : ndarray, shape (p, p)
        Their Pearson correlations.
    """

    frame: pd.DataFrame
    correlations: NDArray[np.float64]

    @classmethod
    def read(cls, folder: Path, name: str) -> Data:
        correlations = pd.read_csv(folder / f"{name}_correlations.csv").to_numpy(dtype=np.float64)
        return cls(pd.read_csv(folder / f"{name}.csv"), correlations)


@dataclass(frozen=True)
class Task:
    """A piece of work.

    Attributes
    ----------
    work : callable
        What is timed: takes nothing, returns a result.
    values : callable
        Takes that result and returns the numbers that must agree; not timed.
    """

    work: Callable[[], Any]
    values: Callable[[Any], Mapping[str, ArrayLike]]


def flat(values: Mapping[str, ArrayLike]) -> Values:
    """Lists of numbers, row by row."""
    return {
        name: np.asarray(value, dtype=np.float64).ravel().tolist() for name, value in values.items()
    }


def below_diagonal(matrix: ArrayLike) -> Sequence[float]:
    """Entries below the diagonal of a square matrix, row by row."""
    square = np.asarray(matrix, dtype=np.float64)
    entries: list[float] = square[np.tril_indices(len(square), k=-1)].tolist()
    return entries


def three_scores(frame: pd.DataFrame) -> pd.DataFrame:
    """Means of the first three factors' items: what works, through what, on what."""
    columns, first = {}, 1
    for name, size in zip(("X", "M", "Y"), FACTOR_SIZES, strict=False):
        items = [f"P{item}" for item in range(first, first + size)]
        columns[name] = frame[items].mean(axis=1)
        first += size
    return pd.DataFrame(columns)
