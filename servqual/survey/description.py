"""`survey.describe()`: what a careful reader looks at before any analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from servqual.instruments.instrument import Instrument
from servqual.results import Result, SampleInfo
from servqual.survey.checks import looks_reversed
from servqual.survey.data import SurveyData
from servqual.typing import FloatArray


@dataclass(frozen=True, repr=False)
class SurveyDescription(Result):
    """Who answered what, and what looks odd.

    Attributes
    ----------
    sample : SampleInfo
        Respondents.
    items : DataFrame
        One row per item and side: side, item, key, label, dimension, column, n, missing_share,
        mean, sd, floor_share, ceiling_share (shares of the answers at the ends of the scale),
        constant, looks_reversed.
    sides : DataFrame
        One row per side: side, n_items, missing_share, floor_share, ceiling_share,
        n_constant_items, n_looks_reversed, n_complete, n_empty (respondents without any answer),
        n_straight_lining (complete respondents with the same answer to every item).
    outcomes : DataFrame
        One row per outcome item: outcome, column, n, missing_share, mean, sd, minimum, maximum.
    groups : DataFrame
        One row per group: variable, group, n.
    notes : tuple of str
        What was done to the data.
    """

    title: ClassVar[str] = "Survey description"

    sample: SampleInfo
    items: pd.DataFrame
    sides: pd.DataFrame
    outcomes: pd.DataFrame
    groups: pd.DataFrame
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return the table of items."""
        return self.items.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: respondents, missing share, constant and suspicious items."""
        return pd.DataFrame(
            {
                "n_respondents": [self.sample.n_obs],
                "missing_share": [float(np.average(self.sides["missing_share"]))],
                "n_constant_items": [int(self.sides["n_constant_items"].sum())],
                "n_looks_reversed": [int(self.sides["n_looks_reversed"].sum())],
                "n_straight_lining": [int(self.sides["n_straight_lining"].max())],
            }
        )

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        tables = [("Sides", self.sides)]
        if len(self.outcomes):
            tables.append(("Outcomes", self.outcomes))
        if len(self.groups):
            tables.append(("Groups", self.groups))
        return tables


def describe(data: SurveyData, instrument: Instrument, n_respondents: int) -> SurveyDescription:
    """Describe coded answers.

    Parameters
    ----------
    data : SurveyData
        The answers.
    instrument : Instrument
        What was asked.
    n_respondents : int
        How many respondents the rows stand for.

    Returns
    -------
    SurveyDescription
        Shares and means are unweighted: they speak about the rows of the data.
    """
    items = pd.concat(
        [_describe_side(side, data, instrument) for side in data.answers], ignore_index=True
    )
    sides = pd.DataFrame(
        [_summarise_side(side, answers, items) for side, answers in data.answers.items()]
    )
    return SurveyDescription(
        sample=SampleInfo(n_respondents, 0, "shown", data.weight_kind),
        items=items,
        sides=sides,
        outcomes=_describe_outcomes(data),
        groups=_describe_groups(data),
        notes=data.notes,
    )


def _describe_side(side: str, data: SurveyData, instrument: Instrument) -> pd.DataFrame:
    answers = data.answers[side]  # type: ignore[index]
    columns = data.columns[side]  # type: ignore[index]
    positions = {
        dimension.key: [
            place for place, item in enumerate(instrument.items) if item.dimension == dimension.key
        ]
        for dimension in instrument.dimensions
    }
    suspicious = set(looks_reversed(answers, positions))
    scale = instrument.scale
    rows = []
    for place, item in enumerate(instrument.items):
        given = answers[:, place][~np.isnan(answers[:, place])]
        rows.append(
            {
                "side": side,
                "item": item.number,
                "key": item.key,
                "label": item.label,
                "dimension": item.dimension,
                "column": columns[item.number],
                **_summarise(given, data.n_rows),
                "floor_share": _share(given == scale.minimum),
                "ceiling_share": _share(given == scale.maximum),
                "constant": bool(given.size and np.ptp(given) == 0),
                "looks_reversed": place in suspicious,
            }
        )
    return pd.DataFrame(rows)


def _summarise_side(side: str, answers: FloatArray, items: pd.DataFrame) -> dict[str, object]:
    part = items[items["side"] == side]
    present = ~np.isnan(answers)
    complete = answers[present.all(axis=1)]
    same = (
        np.ptp(complete, axis=1) == 0 if complete.shape[1] > 1 and len(complete) else np.array([])
    )
    total = part["n"].sum()
    return {
        "side": side,
        "n_items": answers.shape[1],
        "missing_share": float(1.0 - present.mean()),
        "floor_share": _weighted(part, "floor_share", total),
        "ceiling_share": _weighted(part, "ceiling_share", total),
        "n_constant_items": int(part["constant"].sum()),
        "n_looks_reversed": int(part["looks_reversed"].sum()),
        "n_complete": len(complete),
        "n_empty": int((~present.any(axis=1)).sum()),
        "n_straight_lining": int(np.count_nonzero(same)),
    }


def _weighted(part: pd.DataFrame, column: str, total: float) -> float:
    if total == 0:
        return float("nan")
    return float((part[column].fillna(0.0) * part["n"]).sum() / total)


def _share(flags: np.ndarray) -> float:
    return float(np.mean(flags)) if flags.size else float("nan")


def _summarise(given: FloatArray, n_rows: int) -> dict[str, float | int]:
    return {
        "n": given.size,
        "missing_share": 1.0 - given.size / n_rows if n_rows else float("nan"),
        "mean": float(given.mean()) if given.size else float("nan"),
        "sd": float(given.std(ddof=1)) if given.size > 1 else float("nan"),
    }


def _describe_outcomes(data: SurveyData) -> pd.DataFrame:
    rows = []
    for name, columns in data.outcome_columns.items():
        for place, column in enumerate(columns):
            values = data.outcomes[name][:, place]
            given = values[~np.isnan(values)]
            rows.append(
                {
                    "outcome": name,
                    "column": column,
                    **_summarise(given, data.n_rows),
                    "minimum": float(given.min()) if given.size else float("nan"),
                    "maximum": float(given.max()) if given.size else float("nan"),
                }
            )
    names = ["outcome", "column", "n", "missing_share", "mean", "sd", "minimum", "maximum"]
    return pd.DataFrame(rows, columns=names)


def _describe_groups(data: SurveyData) -> pd.DataFrame:
    rows = [
        {"variable": name, "group": level, "n": int((column.codes == place).sum())}
        for name, column in data.groups.items()
        for place, level in enumerate(column.levels)
    ]
    return pd.DataFrame(rows, columns=["variable", "group", "n"])
