"""Reliability of the whole instrument: how much of it is one general factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servqual.errors import EstimationError
from servqual.numerics.extraction import Extraction, minimum_residual_factors
from servqual.numerics.factor_order import arrange
from servqual.numerics.rotation import rotate
from servqual.numerics.schmid_leiman import (
    BifactorReliability,
    SchmidLeiman,
    bifactor_reliability,
    schmid_leiman,
)
from servqual.typing import FloatArray

GENERAL_COLUMNS = [
    "scale",
    "n_items",
    "n",
    "n_group_factors",
    "omega_total",
    "omega_hierarchical",
    "omega_limit",
    "ecv",
]

GROUP_COLUMNS = ["factor", "n_items", "items", "omega_total", "omega_general", "omega_group"]


@dataclass(frozen=True, slots=True)
class GeneralFactor:
    """Tables about the general factor; empty where there is none.

    Attributes
    ----------
    summary : DataFrame
        One row; see `ReliabilityResult.general`.
    loadings : DataFrame
        See `ReliabilityResult.general_loadings`.
    groups : DataFrame
        See `ReliabilityResult.general_groups`.
    notes : tuple of str
        What could not be computed, and why.
    """

    summary: pd.DataFrame
    loadings: pd.DataFrame
    groups: pd.DataFrame
    notes: tuple[str, ...]


def no_general_factor(*notes: str) -> GeneralFactor:
    """Make the tables of an instrument that has no general factor to speak of.

    Parameters
    ----------
    *notes : str
        Why.

    Returns
    -------
    GeneralFactor
    """
    return GeneralFactor(
        pd.DataFrame(columns=GENERAL_COLUMNS),
        pd.DataFrame(columns=["item", "general", "uniqueness"]),
        pd.DataFrame(columns=GROUP_COLUMNS),
        notes,
    )


def general_factor(
    correlation: FloatArray,
    n_obs: int,
    columns: Mapping[str, Sequence[object]],
    n_group_factors: int,
    scale: str,
) -> GeneralFactor:
    """Extract group factors, and the general factor behind them.

    Parameters
    ----------
    correlation : FloatArray, shape (p, p)
        Correlations of all items.
    n_obs : int
        Respondents behind them.
    columns : mapping of str to sequence
        What identifies the items in the tables: item, and perhaps key and label.
    n_group_factors : int
        Number of group factors.
    scale : str
        Name of the whole.

    Returns
    -------
    GeneralFactor
    """
    if n_group_factors < 2:
        return no_general_factor(
            "Omega hierarchical needs at least two group factors; one factor is its own general "
            "factor."
        )
    if not np.isfinite(correlation).all():
        return no_general_factor(
            "Omega hierarchical is not shown: some items of the whole do not vary, or nobody "
            "answered all."
        )
    try:
        extraction = minimum_residual_factors(correlation, n_group_factors)
        rotated = rotate(extraction.loadings, "oblimin")
        arranged = arrange(rotated.loadings, rotated.factor_correlations)
        split = schmid_leiman(arranged.loadings, arranged.factor_correlations)
    except EstimationError as error:
        return no_general_factor(f"Omega hierarchical is not shown: {error}")
    reliability = bifactor_reliability(split, correlation)
    factors = [f"F{number}" for number in range(1, n_group_factors + 1)]
    summary = pd.DataFrame(
        [
            (
                scale,
                len(correlation),
                n_obs,
                n_group_factors,
                reliability.omega_total,
                reliability.omega_hierarchical,
                reliability.omega_limit,
                reliability.ecv,
            )
        ],
        columns=GENERAL_COLUMNS,
    )
    loadings = pd.DataFrame(
        {
            **columns,
            "general": split.general,
            **dict(zip(factors, split.groups.T, strict=True)),
            "uniqueness": split.uniquenesses,
        }
    )
    names = [str(name) for name in columns["item"]]
    notes = _notes(extraction, split, rotated.converged)
    return GeneralFactor(summary, loadings, _groups(reliability, factors, names), tuple(notes))


def _groups(reliability: BifactorReliability, factors: list[str], names: list[str]) -> pd.DataFrame:
    rows = []
    for place, factor in enumerate(factors):
        own = [
            name for name, member in zip(names, reliability.members, strict=True) if member == place
        ]
        rows.append(
            (
                factor,
                len(own),
                ", ".join(own),
                reliability.group_total[place],
                reliability.group_general[place],
                reliability.group_specific[place],
            )
        )
    return pd.DataFrame(rows, columns=GROUP_COLUMNS)


def _notes(extraction: Extraction, split: SchmidLeiman, converged: bool) -> list[str]:
    notes = []
    if split.second_order.size == 2:
        notes.append(
            "Two group factors do not identify the general factor; their loadings on it were set "
            "equal."
        )
    if extraction.heywood.any():
        notes.append(
            "In the factor solution behind omega hierarchical an item is left without unique "
            "variance (a Heywood case); do not rely on it."
        )
    if split.heywood:
        notes.append(
            "A group factor behind omega hierarchical is nothing but the general factor (a "
            "Heywood case of second order); do not rely on it."
        )
    if not (extraction.converged and converged):
        notes.append("The factor solution behind omega hierarchical did not converge.")
    return notes
