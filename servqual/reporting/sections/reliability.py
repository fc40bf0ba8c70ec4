"""Reliability: whether items measure one thing, and how reliable the gap is as a difference."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from servqual.analyses.scale_reliability import ReliabilityResult
from servqual.analyses.scale_tables import OVERALL
from servqual.reporting.blocks import (
    Absent,
    Block,
    BulletList,
    Paragraph,
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
from servqual.reporting.material import Material
from servqual.reporting.sections.common import dimension_labels, remarks
from servqual.reporting.words import ON_NAMES, interval, level, listed, two, whole
from servqual.typing import DIFFERENCES, On


def reliability(material: Material) -> Section:
    """Write the section.

    Parameters
    ----------
    material : Material
        Results.

    Returns
    -------
    Section
    """
    return Section("reliability", "Reliability", tuple(_blocks(material)), new_page=True)


def _blocks(material: Material) -> Iterator[Block]:
    found = [(on, each.value) for on, each in material.reliability if each.value is not None]
    for on, each in material.reliability:
        if each.value is None:
            yield Absent(
                f"The reliability of the {ON_NAMES[on].lower()} scores is not shown", each.reason
            )
    if found:
        yield Paragraph(
            prose(
                "Reliability is the share of a score's variance that is not measurement error. "
                "It belongs to these respondents and this use of the scale; whether it is enough "
                "depends on what is decided by it."
            )
        )
        yield from _reading(found)
        yield _scales_table(found, material.settings.conf_level)
        yield from _difference_blocks(found)
        yield Subheading("Items within their dimension")
        yield _items_table(material, found)
    yield from remarks(
        *(
            (f"{ON_NAMES[on]}: {text}" for text in (*each.remarks, *_notes(each.value)))
            for on, each in material.reliability
        )
    )


def _notes(result: ReliabilityResult | None) -> tuple[str, ...]:
    return () if result is None else result.notes


def _reading(found: list[tuple[On, ReliabilityResult]]) -> Iterator[Block]:
    """Alphas of the perceptions (or of the one side) in words."""
    on, result = found[0]
    words = result.interpret()
    own = [part for part in words.statements if part.rule]
    if not own:
        return
    yield Paragraph(prose(f"In words, for {ON_NAMES[on].lower()}:"))
    yield BulletList(tuple(prose(part.text) for part in own))
    if words.sources:
        yield Paragraph(
            prose(f"The words follow a convention, not a law: {'; '.join(words.sources)}."), "small"
        )


def _scales_table(found: list[tuple[On, ReliabilityResult]], conf_level: float) -> Table:
    coverage = f"{level(conf_level)} CI"
    bodies = [
        rows_of([_scale_cells(row) for _, row in result.scales.iterrows()], ON_NAMES[on])
        for on, result in found
    ]
    return Table(
        "Reliability of the scales",
        (
            text_column("Scale"),
            number_column("Items"),
            number_column(symbol("n")),
            number_column("Mean ", symbol("r")),
            number_column("α", group="Cronbach"),
            number_column(coverage, group="Cronbach"),
            number_column("α standardised", group="Cronbach"),
            number_column("ω", group="McDonald"),
            number_column(coverage, group="McDonald"),
            number_column("λ", sub("2"), group="Guttman"),
            number_column("λ", sub("6"), group="Guttman"),
            number_column("Split-half"),
        ),
        tuple(bodies),
        prose(
            "Mean ",
            symbol("r"),
            ": average correlation between items. Interval of α: Feldt. Split-half: odd against "
            "even items, Spearman–Brown. Respondents with answers to all items of the scale.",
        ),
    )


def _scale_cells(row: pd.Series) -> list[str]:
    return [
        str(row["label"] or row["scale"]),
        whole(row["n_items"]),
        whole(row["n"]),
        two(row["mean_r"]),
        two(row["alpha"]),
        interval(row["alpha_low"], row["alpha_high"]),
        two(row["alpha_std"]),
        two(row["omega"]),
        interval(row["omega_low"], row["omega_high"]),
        two(row["lambda2"]),
        two(row["lambda6"]),
        two(row["split_half"]),
    ]


def _difference_blocks(found: list[tuple[On, ReliabilityResult]]) -> Iterator[Block]:
    for on, result in found:
        if result.differences.empty or on not in DIFFERENCES:
            continue
        first, second = (name.capitalize() for name in DIFFERENCES[on])
        yield Subheading("How reliable is the gap as a difference?")
        yield _differences_table(result.differences, first, second)
        yield Paragraph(
            prose(
                "Alpha of the gaps describes how the items' differences go together. It is not "
                "the reliability of the gap as a difference of two measured scores: that follows "
                f"from the reliability of {first.lower()} and {second.lower()} and falls as the "
                "two sides correlate more and as their variances shrink. For that reason a gap "
                f"can be less reliable than either side, and {first.lower()} alone often predicts "
                "outcomes as well."
            )
        )


def _differences_table(table: pd.DataFrame, first: str, second: str) -> Table:
    rows = [
        [
            str(row["label"] or row["dimension"]),
            whole(row["n"]),
            *(
                two(row[name])
                for name in (
                    "sd_perception",
                    "reliability_perception",
                    "sd_expectation",
                    "reliability_expectation",
                    "r_pe",
                    "reliability_difference",
                    "alpha_difference",
                )
            ),
        ]
        for _, row in table.iterrows()
    ]
    return Table(
        "Reliability of the difference score and its parts",
        (
            text_column("Dimension"),
            number_column(symbol("n")),
            number_column(symbol("SD"), group=first),
            number_column("α", group=first),
            number_column(symbol("SD"), group=second),
            number_column("α", group=second),
            number_column(symbol("r"), " of the sides"),
            number_column("Reliability of the gap"),
            number_column("α of the gaps"),
        ),
        (rows_of(rows),),
    )


def _item_numbers(result: ReliabilityResult) -> dict[int, tuple[float, float]]:
    """Find, by item number, its correlation with the rest and alpha without it."""
    table = result.items[result.items["scale"] != OVERALL]
    pairs = zip(table["item_rest_r"], table["alpha_if_deleted"], strict=True)
    return dict(zip(table["item"], pairs, strict=True))


def _items_table(material: Material, found: list[tuple[On, ReliabilityResult]]) -> Table:
    bodies = []
    items = {on: _item_numbers(result) for on, result in found}
    for part, label in dimension_labels(material).items():
        rows = []
        for item in material.survey.instrument.items_of(part):
            cells = [f"{item.number} {item.label or item.key}"]
            for table in items.values():
                cells += [two(value) for value in table[item.number]]
            rows.append(cells)
        bodies.append(rows_of(rows, label))
    heads = [
        head
        for on in items
        for head in (
            number_column(symbol("r"), sub("rest"), group=ON_NAMES[on]),
            number_column("α without", group=ON_NAMES[on]),
        )
    ]
    sides = listed([ON_NAMES[on].lower() for on in items])
    return Table(
        f"Item analysis: {sides}",
        (text_column("Item"), *heads),
        tuple(bodies),
        prose(
            symbol("r"),
            sub("rest"),
            ": correlation of the item with the sum of the others of its dimension. α without: "
            "alpha of the dimension if the item is left out.",
        ),
    )
