"""Gaps of dimensions, items and of the whole: tables, pictures and the joint test."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from servqual.analyses.gaps import GapResult
from servqual.plots.gaps import plot_expectation_perception, plot_gaps
from servqual.reporting.blocks import (
    Absent,
    Block,
    Body,
    Column,
    Figure,
    Paragraph,
    Prose,
    Section,
    Subheading,
    Table,
    number_column,
    prose,
    rows_of,
    sub,
    symbol,
    text_column,
)
from servqual.reporting.figures import WIDE, WIDTH, draw
from servqual.reporting.material import Attempt, Material
from servqual.reporting.sections.common import remarks, said_by, scale_text
from servqual.reporting.sections.groups import group_blocks
from servqual.reporting.sections.level_tables import level_blocks
from servqual.reporting.words import (
    ON_NAMES,
    SCORE_NAMES,
    SIDE_NAMES,
    degrees,
    formula,
    interval,
    level,
    listed,
    mean_and_sd,
    p_prose,
    two,
    whole,
)
from servqual.results import format_p
from servqual.typing import DIFFERENCES, Level, Side

#: Place of the adjusted p-value among the columns.
_ADJUSTED = 8


def gap_section(material: Material) -> Section:
    """Write the section on gaps; on means, where one side only was asked.

    Parameters
    ----------
    material : Material
        Results.

    Returns
    -------
    Section
    """
    if material.difference is None:
        title = f"{SIDE_NAMES[_only_side(material)]} means"
        return Section("gaps", title, tuple(level_blocks(material)), new_page=True)
    blocks = [*_main(material), *_further(material), *group_blocks(material)]
    return Section("gaps", "Gaps", tuple(blocks), new_page=True)


def _only_side(material: Material) -> Side:
    return "perception" if material.levels is None else material.levels.side


def _main(material: Material) -> Iterator[Block]:
    attempt: Attempt[GapResult] | None = material.gaps
    if attempt is None or attempt.value is None:
        yield Absent("No gaps are shown", "" if attempt is None else attempt.reason)
        return
    result = attempt.value
    yield Paragraph(
        prose(
            f"A gap is {formula(result.on)} on the {scale_text(material)}: negative is a "
            "shortfall. Each respondent has one gap per item and one per dimension; the tests "
            "are those of their means."
        )
    )
    yield Subheading("Dimensions")
    yield gap_table(result, "dimensions", f"{ON_NAMES[result.on]}s of the dimensions")
    yield _bars(result, "dimensions")
    yield _dumbbell(result)
    yield from _joint_test(result)
    yield Subheading("Overall scores")
    yield from _overall(result)
    yield Subheading("Items")
    yield gap_table(result, "items", f"{ON_NAMES[result.on]}s of the items")
    yield _bars(result, "items")
    yield from remarks(said_by(attempt))


def _further(material: Material) -> Iterator[Block]:
    for on, attempt in material.further_gaps:
        yield Subheading(f"{ON_NAMES[on]}: {formula(on)}")
        if attempt.value is None:
            yield Absent("These differences are not shown", attempt.reason)
            continue
        yield gap_table(attempt.value, "dimensions", f"{ON_NAMES[on]} of the dimensions")
        yield _bars(attempt.value, "dimensions")
        yield from remarks(said_by(attempt))


# ---- tables --------------------------------------------------------------------------------------


def gap_table(result: GapResult, at: Level, caption: str) -> Table:
    """Make the table of gaps of the dimensions or the items.

    Parameters
    ----------
    result : GapResult
        Gaps of one group.
    at : {"dimensions", "items"}
        Which.
    caption : str
        Caption.

    Returns
    -------
    Table
    """
    head = text_column("Dimension" if at == "dimensions" else "Item")
    return Table(caption, (head, *_columns(result)), tuple(_bodies(result, at)), _note(result, at))


def _columns(result: GapResult) -> tuple[Column, ...]:
    first, second = DIFFERENCES[result.on]
    name = ON_NAMES[result.on]
    mean = (symbol("M"), " (", symbol("SD"), ")")
    tests = f"{name} against zero"
    return (
        number_column(symbol("n")),
        number_column(*mean, group=SIDE_NAMES[second]),
        number_column(*mean, group=SIDE_NAMES[first]),
        number_column(*mean, group=name),
        number_column(f"{level(result.conf_level)} CI", group=name),
        number_column(symbol("d"), sub("z"), group=name),
        number_column(symbol("t"), group=tests),
        number_column(symbol("p"), group=tests),
        number_column(symbol("p"), sub("Holm"), group=tests),
        number_column(symbol("p"), sub("Wilcoxon"), group=tests),
    )


def _bodies(result: GapResult, at: Level) -> Iterator[Body]:
    if at == "dimensions":
        rows = [
            [str(row["label"] or row["dimension"]), *_cells(row)]
            for _, row in result.dimensions.iterrows()
        ]
        yield rows_of(rows)
        return
    for dimension, label in result.labels.items():
        part = result.items[result.items["dimension"] == dimension]
        rows = [
            [f"{row['item']} {row['label'] or row['key']}", *_cells(row)]
            for _, row in part.iterrows()
        ]
        yield rows_of(rows, label or dimension)


def _cells(row: pd.Series) -> list[str]:
    return [
        whole(row["n"]),
        mean_and_sd(row["expectation"], row["expectation_sd"]),
        mean_and_sd(row["perception"], row["perception_sd"]),
        mean_and_sd(row["gap"], row["gap_sd"]),
        interval(row["conf_low"], row["conf_high"]),
        two(row["effect_size"]),
        two(row["statistic"]),
        format_p(row["p_value"]),
        format_p(row["p_adjusted"]),
        format_p(row["wilcoxon_p"]),
    ]


def _note(result: GapResult, at: Level) -> Prose:
    family = (
        f"{len(result.dimensions)} dimensions"
        if at == "dimensions"
        else f"{len(result.items)} items"
    )
    return prose(
        symbol("t"),
        ": paired, ",
        symbol("df"),
        " = ",
        symbol("n"),
        " − 1. ",
        symbol("p"),
        sub("Holm"),
        ": adjusted over the ",
        family,
        ". ",
        symbol("d"),
        sub("z"),
        ": mean gap divided by the standard deviation of the gaps. A dash: not computable.",
    )


def _overall(result: GapResult) -> Iterator[Block]:
    rows = [
        [SCORE_NAMES.get(str(row["score"]), str(row["score"])), *_cells(row)]
        for _, row in result.overall.iterrows()
    ]
    # The rows define one quantity in several ways; they are no family of tests to adjust for.
    columns = [column for place, column in enumerate(_columns(result)) if place != _ADJUSTED]
    kept = [[cell for place, cell in enumerate(row) if place != _ADJUSTED + 1] for row in rows]
    yield Table(
        "Overall scores by definition", (text_column("Definition"), *columns), (rows_of(kept),)
    )
    sizes = sorted({int(size) for size in result.dimensions["n_items"]})
    words = [
        "The overall score of this report is the mean of the dimensions: each dimension counts "
        "the same, as Parasuraman, Zeithaml and Berry use it. The mean of the items lets "
        "dimensions with more items count more"
        + (
            f" (they have {listed([str(size) for size in sizes])} items here)."
            if len(sizes) > 1
            else "; here all have the same number."
        )
    ]
    if "weighted" in set(result.overall["score"]):
        words.append(
            "The weighted score multiplies each dimension by the respondent's own importance "
            "points and needs all of them; weighting by mean points uses the same points for "
            "all, and differs where gaps and points go together."
        )
    yield Paragraph(prose(" ".join(words)))


def _joint_test(result: GapResult) -> Iterator[Block]:
    row = result.multivariate.iloc[0]
    if not math.isfinite(row["p_value"]):
        return
    differ = row["p_value"] < 1.0 - result.conf_level
    yield Paragraph(
        prose(
            "All dimensions at once: their gaps "
            f"{'are not all zero' if differ else 'cannot be told from zero'}, Hotelling's ",
            symbol("T"),
            f"² = {two(row['statistic'])}, ",
            symbol("F"),
            f"({degrees(row['df_numerator'])}, {degrees(row['df_denominator'])}) = "
            f"{two(row['f_statistic'])}, ",
            *p_prose(row["p_value"]),
            ", ",
            symbol("n"),
            f" = {whole(row['n'])}.",
        )
    )


# ---- pictures ------------------------------------------------------------------------------------


def _row_names(result: GapResult, at: Level) -> list[str]:
    if at == "items":
        return [f"{row['item']} {row['label'] or row['key']}" for _, row in result.items.iterrows()]
    return [str(row["label"] or row["dimension"]) for _, row in result.dimensions.iterrows()]


def _spoken(result: GapResult, at: Level) -> str:
    table = result.items if at == "items" else result.dimensions
    order = table.assign(name=_row_names(result, at)).sort_values("gap", kind="stable")
    return ", ".join(
        f"{name} {two(gap)}" for name, gap in zip(order["name"], order["gap"], strict=True)
    )


def _bars(result: GapResult, at: Level) -> Figure:
    width = WIDE if at == "items" else WIDTH
    source = draw(
        lambda axes: plot_gaps(result, level=at, ax=axes), _row_names(result, at), width=width
    )
    return Figure(
        source,
        f"{ON_NAMES[result.on]}s of the {at}, the largest shortfall first, with "
        f"{level(result.conf_level)} confidence intervals.",
        f"Bar chart of {ON_NAMES[result.on].lower()}s, largest shortfall first: "
        f"{_spoken(result, at)}.",
        "wide" if at == "items" else "",
    )


def _dumbbell(result: GapResult) -> Figure:
    first, second = DIFFERENCES[result.on]
    source = draw(
        lambda axes: plot_expectation_perception(result, ax=axes), _row_names(result, "dimensions")
    )
    rows = [
        f"{name}: {second} {two(row['expectation'])}, {first} {two(row['perception'])}"
        for name, (_, row) in zip(
            _row_names(result, "dimensions"), result.dimensions.iterrows(), strict=True
        )
    ]
    return Figure(
        source,
        f"{SIDE_NAMES[second]} and {first} of each dimension on the whole answer scale.",
        f"Pairs of points on the answer scale. {'; '.join(rows)}.",
    )
