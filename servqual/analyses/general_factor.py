"""Reliability of the whole instrument: how much of it is one general factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from servqual.errors import EstimationError, shorten
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
        With coefficients that are nan, and a note that says why, if the solution is improper or did
        not converge; the loadings are there all the same, to see where it went wrong.
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
    names = [str(name) for name in columns["item"]]
    failures = _failures(extraction, split, names, rotated.converged)
    if failures:
        reliability = _without_coefficients(reliability)
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
    notes = [*_notes_on_identification(split), *failures]
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


def _without_coefficients(reliability: BifactorReliability) -> BifactorReliability:
    """Keep which items belong to which group, and nothing else."""
    nan, none = float("nan"), np.full(len(reliability.group_total), np.nan)
    return replace(
        reliability,
        omega_total=nan,
        omega_hierarchical=nan,
        omega_limit=nan,
        ecv=nan,
        group_total=none,
        group_general=none,
        group_specific=none,
    )


def _notes_on_identification(split: SchmidLeiman) -> list[str]:
    if split.second_order.size > 2:
        return []
    return [
        "Two group factors do not identify the general factor; their loadings on it were set equal."
    ]


def _failures(
    extraction: Extraction, split: SchmidLeiman, names: Sequence[str], converged: bool
) -> list[str]:
    """Say what is wrong with a solution; nothing if it can be relied on."""
    reasons = []
    if extraction.heywood.any():
        own = [name for name, at_bound in zip(names, extraction.heywood, strict=True) if at_bound]
        reasons.append(
            "Omega hierarchical is nan: the solution with "
            f"{split.groups.shape[1]} group factors leaves no unique variance to these items (a "
            f"Heywood case): {shorten(own)}. Use another `n_group_factors`."
        )
    if split.heywood:
        strongest = int(np.argmax(np.abs(split.second_order))) + 1
        reasons.append(
            f"Omega hierarchical is nan: the group factor F{strongest} is nothing but the general "
            "factor (a Heywood case of second order). Use another `n_group_factors`."
        )
    if not (extraction.converged and converged):
        step = "extraction" if not extraction.converged else "rotation"
        reasons.append(
            f"Omega hierarchical is nan: the {step} of {split.groups.shape[1]} group factors did "
            "not converge. Use another `n_group_factors`."
        )
    return reasons
