"""Words and numbers as the report writes them: rounded, APA style, a real minus sign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from servqual.reporting.blocks import Prose, prose, symbol
from servqual.results import format_number, format_p
from servqual.typing import DIFFERENCES, Difference, On, Side

SIDE_NAMES: Final[dict[Side, str]] = {
    "expectation": "Expectation",
    "perception": "Perception",
    "minimum": "Minimum",
    "desired": "Desired level",
}
ON_NAMES: Final[dict[On, str]] = {
    "expectation": "Expectation",
    "perception": "Perception",
    "minimum": "Minimum",
    "desired": "Desired level",
    "gap": "Gap",
    "adequacy": "Adequacy gap",
    "superiority": "Superiority gap",
}
SCORE_NAMES: Final[dict[str, str]] = {
    "dimension mean": "Mean of the dimensions",
    "item mean": "Mean of the items",
    "weighted": "Weighted by own points",
    "weighted by mean points": "Weighted by mean points",
}


def formula(on: Difference) -> str:
    """Say how a difference is made, such as "perception − expectation"."""
    first, second = DIFFERENCES[on]
    return f"{first} − {second}"


def two(value: float) -> str:
    """Write a number with two decimals."""
    return format_number(value, 2)


def three(value: float) -> str:
    """Write a number with three decimals."""
    return format_number(value, 3)


def percent(share: float, digits: int = 0) -> str:
    """Write a share as a percentage.

    Parameters
    ----------
    share : float
        1 is the whole.
    digits : int, default 0
        Decimals.

    Returns
    -------
    str

    Examples
    --------
    >>> percent(0.0312, 1), percent(float("nan"))
    ('3.1%', '–')
    """
    return f"{format_number(100.0 * share, digits)}%" if math.isfinite(share) else "–"


def level(conf_level: float) -> str:
    """Write the coverage of an interval, such as "95%"."""
    return f"{100.0 * conf_level:.4g}%"


def interval(low: float, high: float, digits: int = 2) -> str:
    """Write an interval in brackets, which no line break divides; a dash if it does not exist.

    Parameters
    ----------
    low, high : float
        Limits.
    digits : int, default 2
        Decimals.

    Returns
    -------
    str

    Examples
    --------
    >>> interval(-1.0, 0.5) == "[−1.00,\N{NO-BREAK SPACE}0.50]"
    True
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return "–"
    return f"[{format_number(low, digits)},\N{NO-BREAK SPACE}{format_number(high, digits)}]"


def mean_and_sd(mean: float, deviation: float) -> str:
    """Write a mean with its standard deviation in parentheses."""
    return f"{two(mean)} ({two(deviation)})" if math.isfinite(mean) else "–"


def whole(value: float) -> str:
    """Write a count with separated thousands; a dash for nan."""
    return f"{value:,.0f}" if math.isfinite(value) else "–"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun.

    Parameters
    ----------
    count : int
        How many.
    noun : str
        Singular.
    plural : str, default ""
        If it is not the singular with an s.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(1, "respondent"), counted(1200, "respondent")
    ('1 respondent', '1,200 respondents')
    """
    return f"{whole(count)} {noun if count == 1 else plural or noun + 's'}"


def unbroken(text: str) -> str:
    """Keep an equation such as "p < .001" on one line.

    Parameters
    ----------
    text : str
        A sentence.

    Returns
    -------
    str

    Examples
    --------
    >>> unbroken("d = 0.20").isprintable(), " " in unbroken("d = 0.20")
    (False, False)
    """
    space = "\N{NO-BREAK SPACE}"
    for sign in "=<":
        text = text.replace(f" {sign} ", f"{space}{sign}{space}")
    return text


def p_prose(p_value: float) -> Prose:
    """Write a p-value as part of a sentence: *p* = .031, or *p* < .001."""
    text = format_p(p_value)
    return prose(symbol("p"), f" {text}" if text.startswith("<") else f" = {text}")


def degrees(value: float) -> str:
    """Write degrees of freedom: whole ones without decimals, others with two."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def listed(names: Sequence[str]) -> str:
    """Join names as a sentence does.

    Parameters
    ----------
    names : sequence of str
        At least one.

    Returns
    -------
    str

    Examples
    --------
    >>> listed(["E1", "E2", "E3"])
    'E1, E2 and E3'
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
