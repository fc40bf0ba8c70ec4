"""Correlation matrices of the reference data that tests of factor methods share."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from servqual.typing import FloatArray

_DATA = Path(__file__).parents[1] / "reference" / "data"


def read_columns(name: str, columns: list[str] | None = None) -> FloatArray:
    """Read columns of a reference file by their names; all of them by default."""
    path = _DATA / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        names = file.readline().strip().replace('"', "").split(",")
    places = None if columns is None else [names.index(column) for column in columns]
    return np.loadtxt(path, delimiter=",", skiprows=1, usecols=places)


def correlation_of(data: FloatArray) -> FloatArray:
    """Correlation matrix of columns."""
    return np.asarray(np.corrcoef(data, rowvar=False), dtype=np.float64)


def eigenvalues_of(correlation: FloatArray) -> FloatArray:
    """Eigenvalues in decreasing order."""
    return np.asarray(np.linalg.eigvalsh(correlation)[::-1], dtype=np.float64)


def reference_correlation(name: str) -> FloatArray:
    """Matrix of one of the data sets that ``R/factor_count.R`` describes."""
    if name in {"perception", "gap"}:
        sides = {
            side: read_columns("survey_complete", [f"{side}{item}" for item in range(1, 23)])
            for side in "EP"
        }
        return correlation_of(sides["P"] if name == "perception" else sides["P"] - sides["E"])
    if name == "kiosk":
        return correlation_of(read_columns(name, [f"SAT{item}" for item in range(1, 25)]))
    return correlation_of(read_columns(name))
