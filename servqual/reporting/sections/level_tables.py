"""Means of one side: what the section on gaps shows when there are no gaps."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from servqual.reporting.blocks import (
    Absent,
    Block,
    Body,
    Column,
    Figure,
    Paragraph,
    Subheading,
    Table,
    number_column,
    prose,
    rows_of,
    symbol,
    text_column,
)
from servqual.reporting.figures import draw_levels
from servqual.reporting.levels import LevelResult
from servqual.reporting.material import Material
from servqual.reporting.sections.common import dimension_labels, remarks, scale_text
from servqual.reporting.sections.groups import OVERALL_TERM, comparison_blocks
from servqual.reporting.words import SCORE_NAMES, SIDE_NAMES, interval, level, two, whole


def level_blocks(material: Material) -> Iterator[Block]:
    """Write the means of the side that was asked.

    Parameters
    ----------
    material : Material
        Results.

    Yields
    ------
    Block
    """
    result, conf_level = material.levels, material.settings.conf_level
    if result is None:
        return
    asked = " and ".join(SIDE_NAMES[side].lower() for side in material.survey.sides)
    yield Absent(
        "There are no gaps",
        f"A gap needs two sides, and this survey has {asked} only; its means are shown instead.",
    )
    yield from _dimensions(material, result)
    yield from _overall(result, conf_level)
    yield Subheading("Items")
    yield Table(
        f"{SIDE_NAMES[result.side]} of the items",
        (text_column("Item"), *_columns(conf_level)),
        tuple(_item_bodies(material, result.items)),
    )
    yield from _groups(material, result)
    yield from remarks(result.notes)


def _dimensions(material: Material, result: LevelResult) -> Iterator[Block]:
    yield Subheading("Dimensions")
    yield Table(
        f"{SIDE_NAMES[result.side]} of the dimensions",
        (text_column("Dimension"), *_columns(material.settings.conf_level)),
        (rows_of([[str(row["label"]), *_cells(row)] for _, row in result.dimensions.iterrows()]),),
        prose(
            f"Means on the {scale_text(material)}. Intervals: ",
            symbol("t"),
            ", ",
            symbol("df"),
            " = ",
            symbol("n"),
            " − 1.",
        ),
    )
    yield _picture(material, result)


def _overall(result: LevelResult, conf_level: float) -> Iterator[Block]:
    yield Subheading("Overall scores")
    yield Table(
        "Overall scores by definition",
        (text_column("Definition"), *_columns(conf_level)),
        (
            rows_of(
                [
                    [SCORE_NAMES[str(row["score"])], *_cells(row)]
                    for _, row in result.overall.iterrows()
                ]
            ),
        ),
    )
    yield Paragraph(
        prose(
            "The overall score of this report is the mean of the dimensions, in which each "
            "dimension counts the same. The mean of the items lets dimensions with more items "
            "count more; as a sum, it is the original SERVPERF score."
        )
    )


def _columns(conf_level: float) -> tuple[Column, ...]:
    return (
        number_column(symbol("n")),
        number_column(symbol("M")),
        number_column(symbol("SD")),
        number_column(symbol("SE")),
        number_column(f"{level(conf_level)} CI"),
    )


def _cells(row: pd.Series) -> list[str]:
    return [
        whole(row["n"]),
        two(row["mean"]),
        two(row["sd"]),
        two(row["std_error"]),
        interval(row["conf_low"], row["conf_high"]),
    ]


def _item_bodies(material: Material, items: pd.DataFrame) -> Iterator[Body]:
    for dimension, label in dimension_labels(material).items():
        part = items[items["dimension"] == dimension]
        rows = [
            [f"{row['item']} {row['label'] or row['key']}", *_cells(row)]
            for _, row in part.iterrows()
        ]
        yield rows_of(rows, label)


def _picture(material: Material, result: LevelResult) -> Figure:
    table, scale = result.dimensions, material.survey.instrument.scale
    columns = [table[name].to_numpy(dtype=float) for name in ("mean", "conf_low", "conf_high")]
    coverage = level(material.settings.conf_level)
    labels = [str(label) for label in table["label"]]
    spoken = ", ".join(
        f"{label} {two(mean)}" for label, mean in zip(labels, table["mean"], strict=True)
    )
    return Figure(
        draw_levels(
            labels,
            *columns,
            scale=(scale.minimum, scale.maximum),
            axis_label=f"Mean on the {scale} scale; error bars: {coverage} interval",
        ),
        f"{SIDE_NAMES[result.side]} of the dimensions, the lowest first, with {coverage} "
        "confidence intervals.",
        f"Points with intervals on the answer scale: {spoken}.",
    )


def _groups(material: Material, result: LevelResult) -> Iterator[Block]:
    by = material.settings.by
    if not by:
        return
    yield Subheading(f"Groups compared: {by}")
    if result.groups.empty:
        yield Absent("The groups are not compared", f"{by} is missing for every respondent.")
        return
    bodies = []
    ordered = [OVERALL_TERM, *dimension_labels(material)]
    for term in ordered:
        part = result.groups[result.groups["term"] == term]
        rows = [[str(row["group"]), *_cells(row)] for _, row in part.iterrows()]
        bodies.append(rows_of(rows, str(part["label"].iloc[0])))
    yield Table(
        f"{SIDE_NAMES[result.side]} by {by}",
        (text_column("Group"), *_columns(material.settings.conf_level)),
        tuple(bodies),
    )
    names = {**dimension_labels(material), OVERALL_TERM: "Overall"}
    yield from comparison_blocks(result.comparisons, names, material.settings.conf_level, "means")
