"""Surveys that the tests of the analyses share, and how their tables are compared with R's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

import servqual as sq

#: An analysis of a survey, whatever its result.
Analysis: TypeAlias = Callable[[sq.Survey], Any]

DATA = Path(__file__).parents[1] / "reference" / "data"

#: Everything here is sums and quantile functions in double precision; R and we agree to some 1e-12.
RTOL = 1e-9
ATOL = 1e-12

WEIGHTS: dict[str, sq.FrequencyWeights | sq.SamplingWeights] = {
    "frequency": sq.FrequencyWeights("freq"),
    "sampling": sq.SamplingWeights("weight"),
}


@cache
def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv")


def reference_frame(name: str = "survey") -> pd.DataFrame:
    """Return the simulated answers that R read too, as a copy to change at will."""
    return _read(name).copy()


def survey_of(frame: pd.DataFrame, **options: Any) -> sq.Survey:
    """Make a survey of a frame that has the columns of the reference data."""
    settings: dict[str, Any] = {
        "instrument": "servqual-1991",
        "outcomes": {"satisfaction": "SAT*", "loyalty": "LOY*"},
        "groups": ["branch", "office", "wave"],
        "importance": "W_{dimension}",
    }
    return sq.Survey(frame, **(settings | options))


@cache
def reference_survey(design: str = "plain") -> sq.Survey:
    """Survey by design: ``plain``, ``frequency``, ``sampling`` (weights), or ``complete``."""
    name = "survey_complete" if design == "complete" else "survey"
    return survey_of(_read(name), weights=WEIGHTS.get(design))


def toy_instrument(
    sizes: Sequence[int] = (2, 3), *, minimum: float = 1, maximum: float = 7
) -> sq.Instrument:
    """Make an instrument with dimensions d1, d2 … of the given numbers of items."""
    ends = np.cumsum([0, *sizes])
    lines = [
        f"d{place} = {list(range(start + 1, stop + 1))}"
        for place, (start, stop) in enumerate(pairwise(ends), start=1)
    ]
    text = f'id = "toy"\nscale = [{minimum}, {maximum}]\n[dimensions]\n' + "\n".join(lines)
    return sq.Instrument.from_toml(text)


def toy_frame(
    n_respondents: int = 40,
    n_items: int = 5,
    *,
    seed: int = 3,
    minimum: float = 1,
    maximum: float = 7,
    **more: Any,
) -> pd.DataFrame:
    """Simulate answers E1 …, P1 … that share one factor, and an outcome SAT1 … SAT3."""
    generator = np.random.default_rng(seed)
    factor = generator.normal(size=(n_respondents, 1))
    width = maximum - minimum
    columns: dict[str, Any] = {}
    for side, level, slope in (("E", 0.75, 0.08), ("P", 0.5, 0.16)):
        noise = generator.normal(size=(n_respondents, n_items))
        answers = np.rint(minimum + width * (level + slope * factor + 0.1 * noise))
        for item in range(n_items):
            columns[f"{side}{item + 1}"] = np.clip(answers[:, item], minimum, maximum)
    for item in range(3):
        noise = generator.normal(size=n_respondents)
        columns[f"SAT{item + 1}"] = np.clip(np.rint(4 + factor[:, 0] + 0.8 * noise), 1, 7)
    return pd.DataFrame(columns | more)


def toy_survey(
    frame: pd.DataFrame, instrument: sq.Instrument | None = None, **options: Any
) -> sq.Survey:
    """Make a survey of a toy frame; a column ``g`` becomes a grouping variable."""
    settings: dict[str, Any] = {
        "instrument": toy_instrument() if instrument is None else instrument,
        "outcomes": {"satisfaction": ["SAT1", "SAT2", "SAT3"]},
        "groups": ["g"] if "g" in frame.columns else None,
    }
    return sq.Survey(frame, **(settings | options))


def records(table: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Turn a table of the reference numbers into a frame; null becomes nan."""
    return pd.DataFrame(list(table))


def assert_same_rows(ours: pd.DataFrame, theirs: pd.DataFrame, **keys: str) -> None:
    """Both tables have the same rows in the same order; ``ours=theirs`` names the key columns."""
    assert len(ours) == len(theirs)
    for own, other in keys.items():
        left = [str(value).lower() for value in ours[own]]
        assert left == [str(value).lower() for value in theirs[other]]


def assert_columns(
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    names: Sequence[str],
    *,
    renamed: Mapping[str, str] | None = None,
    rtol: float = RTOL,
    atol: float = 0.0,
) -> None:
    """Every named column is R's, nan where R has null."""
    for name in names:
        other = (renamed or {}).get(name, name)
        assert_allclose(
            ours[name].to_numpy(dtype=float),
            theirs[other].to_numpy(dtype=float),
            rtol=rtol,
            atol=atol,
            err_msg=name,
        )
