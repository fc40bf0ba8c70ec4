"""What every result shares: its sample, plain dictionaries, and how it shows itself."""

from __future__ import annotations

import dataclasses
import html
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from servqual.typing import WeightKind

_RULED_OUT = {"json": False}


def not_in_json() -> Any:
    """Mark a field that holds an object of another library, which `to_dict` leaves out."""
    return dataclasses.field(default=None, repr=False, compare=False, metadata=_RULED_OUT)


@dataclass(frozen=True, slots=True)
class SampleInfo:
    """For whom a result speaks.

    Attributes
    ----------
    n_obs : int
        Respondents counted.
    n_excluded : int
        Respondents left out because of missing answers.
    missing : str
        How missing answers were handled.
    weights : {"none", "frequency", "sampling"}
        Kind of weights used.
    """

    n_obs: int
    n_excluded: int
    missing: str
    weights: WeightKind = "none"

    def __str__(self) -> str:
        text = f"n = {self.n_obs}"
        if self.n_excluded:
            text += f", {self.n_excluded} excluded"
        text += f", missing: {self.missing}"
        if self.weights != "none":
            text += f", {self.weights} weights"
        return text


def json_ready(value: Any) -> Any:
    """Turn a value into plain dictionaries, lists, numbers, strings and None.

    Parameters
    ----------
    value : object
        Frames become lists of records, series with an index of names dictionaries, arrays
        lists, nan and infinities None.

    Returns
    -------
    object
        What `json.dumps` takes without help.

    Examples
    --------
    >>> json_ready({"x": float("nan"), "y": (1, 2)})
    {'x': None, 'y': [1, 2]}
    """
    if isinstance(value, pd.DataFrame):
        table = value if isinstance(value.index, pd.RangeIndex) else value.reset_index()
        columns = {str(name): json_ready(table[name].tolist()) for name in table.columns}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if isinstance(value, pd.Series) and not isinstance(value.index, pd.RangeIndex):
        return dict(zip(map(str, value.index), json_ready(value.tolist()), strict=True))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: json_ready(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.metadata.get("json", True)
        }
    if isinstance(value, Mapping):
        return {str(key): json_ready(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return json_ready(value.tolist())
    if isinstance(value, np.generic):
        return json_ready(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, Iterable):
        return [json_ready(entry) for entry in value]
    return str(value)


def format_number(value: float, digits: int = 3) -> str:
    """Write a number for reading: fixed decimals, a real minus sign, a dash for nan.

    Parameters
    ----------
    value : float
        The number.
    digits : int, default 3
        Decimals.

    Returns
    -------
    str

    Examples
    --------
    >>> format_number(-0.5, 2)
    '−0.50'
    """
    if not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    if float(text) == 0.0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def format_p(p_value: float) -> str:
    """Write a p-value as APA style does: three decimals without a leading zero, ``< .001`` below.

    Parameters
    ----------
    p_value : float
        Between 0 and 1.

    Returns
    -------
    str

    Examples
    --------
    >>> format_p(0.0312), format_p(1e-9)
    ('.031', '< .001')
    """
    if not math.isfinite(p_value):
        return "–"
    if p_value < 0.001:
        return "< .001"
    return f"{p_value:.3f}".removeprefix("0")


def say_p(p_value: float) -> str:
    """Write a p-value with its relation, for a sentence.

    Parameters
    ----------
    p_value : float
        Between 0 and 1.

    Returns
    -------
    str

    Examples
    --------
    >>> say_p(0.0312), say_p(1e-9)
    ('p = .031', 'p < .001')
    """
    text = format_p(p_value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def rounded(table: pd.DataFrame, digits: int = 3) -> pd.DataFrame:
    """Return a copy of a table as text for reading; the numbers themselves stay as they are.

    Parameters
    ----------
    table : DataFrame
        With numbers in full precision.
    digits : int, default 3
        Decimals; columns named ``p_…`` follow `format_p`.

    Returns
    -------
    DataFrame
        Of strings.
    """
    shown = pd.DataFrame(index=table.index)
    for name in table.columns:
        column = table[name]
        if pd.api.types.is_float_dtype(column):
            is_p = name in {"p_value", "p_adjusted"} or str(name).endswith("_p")
            write = format_p if is_p else lambda value: format_number(value, digits)
            shown[name] = [write(float(value)) for value in column]
        else:
            shown[name] = [str(value) for value in column]
    return shown


class Result:
    """Base of every result: `to_dict`, `to_json` and the two representations.

    A subclass is a frozen dataclass with fields `sample` and `notes`, and gives `tidy` and
    `glance`.
    """

    __slots__ = ()

    title: ClassVar[str] = "Result"
    sample: SampleInfo
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return the main table, one row per component, in full precision."""
        raise NotImplementedError

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole result; always the same columns."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers and strings, ready for JSON; nan becomes None.

        Returns
        -------
        dict
            With the name of the analysis under ``"analysis"``.
        """
        plain: dict[str, Any] = {"analysis": type(self).__name__}
        plain.update(json_ready(self))
        return plain

    def to_json(self, *, indent: int | None = None) -> str:
        """Write `to_dict` as JSON text.

        Parameters
        ----------
        indent : int, optional
            As in `json.dumps`.

        Returns
        -------
        str
        """
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        """Tables that the representations show, each with its heading."""
        return [("", self.tidy())]

    def __repr__(self) -> str:
        lines = [f"{self.title} ({self.sample})"]
        for heading, table in self._shown():
            lines += ["", heading] if heading else [""]
            lines.append(rounded(table).to_string(index=False))
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [
            f"<p><strong>{html.escape(self.title)}</strong> ({html.escape(str(self.sample))})</p>"
        ]
        for heading, table in self._shown():
            if heading:
                parts.append(f"<p>{html.escape(heading)}</p>")
            parts.append(rounded(table).to_html(index=False, escape=True, border=0))
        parts += [f"<p><small>{html.escape(note)}</small></p>" for note in self.notes]
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an interpretation.

    Attributes
    ----------
    topic : str
        What it is about, such as a dimension.
    text : str
        The sentence.
    rule : str
        The rule of thumb that it applies, or "" when it only puts a number into words.
    source : str
        Where the rule comes from.
    """

    topic: str
    text: str
    rule: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Interpretation:
    """A result in plain words, each rule of thumb named with its source.

    Attributes
    ----------
    statements : tuple of Statement
        In reading order.
    """

    statements: tuple[Statement, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources of the rules, each once."""
        return tuple(dict.fromkeys(part.source for part in self.statements if part.source))

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, ready for JSON.

        Returns
        -------
        dict
        """
        plain: dict[str, Any] = json_ready(self)
        return plain

    def __str__(self) -> str:
        text = "\n".join(part.text for part in self.statements)
        if self.sources:
            text += "\nRules of thumb: " + "; ".join(self.sources) + "."
        return text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [f"<p>{html.escape(part.text)}</p>" for part in self.statements]
        if self.sources:
            parts.append(
                f"<p><small>Rules of thumb: {html.escape('; '.join(self.sources))}.</small></p>"
            )
        return "\n".join(parts)
