"""A Kano analysis in words: which feature is of which class, how certain, by which rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from servqual.errors import shorten
from servqual.numerics.kano import CLASSES
from servqual.results import Statement, format_number, say_p
from servqual.survey.checks import plural

if TYPE_CHECKING:
    from servqual.analyses.kano import KanoResult

__all__ = ["CLASS_NAMES", "name_of", "say_kano"]

#: What the letters of the classes mean.
CLASS_NAMES: dict[str, str] = dict(
    zip(
        CLASSES,
        ("attractive", "one-dimensional", "must-be", "indifferent", "reverse", "questionable"),
        strict=True,
    )
)

_BERGER = (
    "Berger, C., et al. (1993). Kano's methods for understanding customer-defined quality, "
    "Center for Quality of Management Journal, 2(4), 3–36"
)
_FONG = (
    "Fong, D. (1996). Using the self-stated importance questionnaire to interpret Kano "
    "questionnaire results, Center for Quality of Management Journal, 5(3), 21–24"
)
_EFRON = (
    "Efron, B., & Tibshirani, R. J. (1993). An introduction to the bootstrap, "
    "https://doi.org/10.1201/9780429246593"
)


def name_of(row: Mapping[Any, Any], by: Sequence[str]) -> str:
    """Name a feature in a sentence, with its group.

    Parameters
    ----------
    row : mapping
        A row of the table of features.
    by : sequence of str
        Grouping variables.

    Returns
    -------
    str

    Examples
    --------
    >>> name_of({"label": "Queue", "wave": "1"}, ["wave"])
    'Queue (1)'
    """
    groups = ", ".join(str(row[name]) for name in by)
    return f"{row['label']} ({groups})" if groups else str(row["label"])


def say_kano(result: KanoResult) -> Iterator[Statement]:
    """Put a result into sentences.

    Parameters
    ----------
    result : KanoResult
        From `servqual.kano`.

    Yields
    ------
    Statement
        Classes, their certainty, Fong's test, ties and the blended rule, best and worst feature,
        contradictions, groups.
    """
    for say in (
        _say_classes,
        _say_certainty,
        _say_fong,
        _say_rules,
        _say_extremes,
        _say_contradictions,
        _say_groups,
    ):
        yield from say(result)


def _rows(result: KanoResult) -> list[dict[str, Any]]:
    """Features that have a class, each with the name that it goes by in sentences."""
    rows: list[dict[Any, Any]] = result.features.to_dict(orient="records")
    for row in rows:
        row["in_words"] = name_of(row, result.by)
    return [row for row in rows if row["class"]]


def _say_classes(result: KanoResult) -> list[Statement]:
    statements = []
    meanings = {
        "A": "delight when present, and are not missed",
        "O": "satisfy when present, and annoy when absent",
        "M": "are taken for granted: only their absence is noticed",
        "I": "leave most respondents indifferent",
        "R": "are not wanted",
        "Q": "got answers that contradict each other, so their questions were not understood",
    }
    for name, meaning in meanings.items():
        found = [row["in_words"] for row in _rows(result) if row["class"] == name]
        if found:
            text = f"{CLASS_NAMES[name].capitalize()} ({meaning}): {shorten(found)}."
            statements.append(Statement(name, text))
    return statements


def _say_certainty(result: KanoResult) -> list[Statement]:
    rows = [row for row in _rows(result) if np.isfinite(row["probability"])]
    if not rows:
        return []
    unsure = [row for row in rows if row["probability"] < result.conf_level]
    if unsure:
        listed = []
        for row in sorted(unsure, key=lambda row: float(row["probability"])):
            chances = {name: float(row[f"class_{name}"]) for name in CLASSES}
            others = sorted(CLASSES, key=lambda name: -chances[name])
            words = [f"{name} {chances[name]:.0%}" for name in others if chances[name] >= 0.005]
            listed.append(f"{row['in_words']} ({', '.join(words)})")
        text = (
            f"The class of {plural(len(unsure), 'feature')} is not certain; in brackets, how "
            f"often each class is the most frequent one in resamples: {shorten(listed, 40)}."
        )
    else:
        text = "The class of every feature is as good as certain."
    rule = f"certain when at least {result.conf_level:.0%} of the resamples agree"
    return [Statement("certainty", text, rule, _EFRON)]


def _say_fong(result: KanoResult) -> list[Statement]:
    rows = [row for row in _rows(result) if np.isfinite(row["fong_statistic"])]
    if not rows:
        return []
    close = [
        row["in_words"]
        for row in rows
        if abs(row[f"n_{row['class']}"] - _second(row)) < row["fong_critical"]
    ]
    if close:
        text = (
            "By Fong's test these features do not belong to one class rather than to the next "
            f"frequent one: {shorten(close, 40)}."
        )
    else:
        text = "By Fong's test every feature belongs to its class rather than to the next."
    text += (
        " The test takes the two frequencies as independent, which makes it too lenient; "
        "`mode_p` is exact."
    )
    rule = "|a − b| < 1.65 √((a + b)(2n − a − b)/(2n)) is no difference (two-sided 10%)"
    return [Statement("fong", text, rule, _FONG)]


def _second(row: dict[str, Any]) -> float:
    return float(row[f"n_{row['second_class']}"]) if row["second_class"] else 0.0


def _say_rules(result: KanoResult) -> list[Statement]:
    statements = []
    tied = [
        f"{row['in_words']} ({row['class']} and {row['second_class']})"
        for row in _rows(result)
        if row["tie"]
    ]
    if tied:
        statements.append(
            Statement(
                "ties",
                f"Two classes are equally frequent for {shorten(tied)}; the first one was taken.",
                "M before O before A before I",
                _BERGER,
            )
        )
    blended = [
        f"{row['in_words']} ({row['blended_class']} instead of {row['class']})"
        for row in _rows(result)
        if row["blended_class"] != row["class"]
    ]
    if blended:
        statements.append(
            Statement(
                "blended",
                f"The blended rule puts these into another class: {shorten(blended)}.",
                "the largest of A, O and M if together they outnumber I, R and Q",
                _BERGER,
            )
        )
    return statements


def _say_extremes(result: KanoResult) -> list[Statement]:
    rows = [row for row in _rows(result) if np.isfinite(row["better"])]
    if not rows:
        return []
    best = max(rows, key=lambda row: float(row["better"]))
    worst = min(rows, key=lambda row: float(row["worse"]))
    return [
        Statement(
            "better",
            f"Presence pleases most for {best['in_words']}: better = "
            f"{_with_limits(result, best, 'better')}.",
        ),
        Statement(
            "worse",
            f"Absence displeases most for {worst['in_words']}: worse = "
            f"{_with_limits(result, worst, 'worse')}.",
        ),
    ]


def _with_limits(result: KanoResult, row: dict[str, Any], name: str) -> str:
    text = format_number(float(row[name]), 2)
    if not np.isfinite(row[f"{name}_low"]):
        return text
    low, high = (format_number(float(row[f"{name}_{end}"]), 2) for end in ("low", "high"))
    return f"{text} ({result.conf_level:.0%} interval {low} to {high})"


def _say_contradictions(result: KanoResult) -> list[Statement]:
    share = float(result.glance()["questionable_share"].item())
    text = f"{share:.1%} of all answer pairs contradict themselves (questionable)."
    return [Statement("questionable", text)]


def _say_groups(result: KanoResult) -> list[Statement]:
    tested = result.comparisons[result.comparisons["p_adjusted"].notna()]
    if tested.empty:
        return []
    differ = tested[tested["p_adjusted"] < 1.0 - result.conf_level]
    if differ.empty:
        text = "The groups could not be told apart on any feature"
    else:
        named = [
            f"{row['label']} ({say_p(float(row['p_adjusted']))})"
            for row in differ.to_dict(orient="records")
        ]
        text = f"The groups differ in the classes of {shorten(named)}"
    how = "" if result.p_adjust == "none" else f", adjusted by {result.p_adjust}"
    return [Statement("groups", f"{text} (χ² tests{how}).")]
