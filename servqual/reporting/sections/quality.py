"""Data quality: who answered, how columns were mapped, what is missing, and what looks odd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from servqual.analyses.frequencies import FrequencyResult
from servqual.plots.likert import plot_likert
from servqual.reporting.blocks import (
    Block,
    Body,
    Definitions,
    Entry,
    Figure,
    Paragraph,
    Section,
    Subheading,
    Table,
    number_column,
    prose,
    rows_of,
    symbol,
    text_column,
)
from servqual.reporting.figures import WIDE, draw_sized
from servqual.reporting.material import Material
from servqual.reporting.sections.common import remarks
from servqual.reporting.words import SIDE_NAMES, counted, listed, percent, two, whole
from servqual.survey.checks import narrower_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: More items than this make no readable picture.
_MOST_BARS = 60
#: A share of answers at one end of the scale that is worth a sentence.
_MUCH = 0.5
_MOST_GROUPS = 40


def quality(material: Material) -> Section:
    """Write the section.

    Parameters
    ----------
    material : Material
        Results.

    Returns
    -------
    Section
    """
    blocks: list[Block] = [
        _facts(material),
        _sides_table(material),
        *remarks(material.survey.notes, _oddities(material)),
        Subheading("How columns were mapped"),
        _mapping_table(material),
        Subheading("Answers to each item"),
        *_likert_figures(material),
        _items_table(material),
    ]
    blocks += _outcomes_table(material)
    blocks += _groups_table(material)
    return Section("data", "Data quality", tuple(blocks))


def _facts(material: Material) -> Definitions:
    survey = material.survey
    facts = [
        ("Respondents", counted(survey.n_respondents, "respondent")),
        ("Instrument", str(survey.instrument)),
    ]
    if survey.source:
        facts.append(("File", survey.source))
    turned = survey.reversed_items
    facts.append(
        (
            "Reversed items",
            listed([str(number) for number in turned]) + ", turned round once"
            if turned
            else "none",
        )
    )
    if survey.weight_kind != "none":
        facts.append(("Weights", f"{survey.weight_kind} weights"))
    if survey.points is not None:
        given = int((survey.points[:, 0] >= 0).sum())
        facts.append(
            ("Importance points", f"100 over the dimensions, from {counted(given, 'row')}")
        )
    return Definitions(tuple(Entry(term, prose(text)) for term, text in facts), "facts")


def _sides_table(material: Material) -> Table:
    rows = [
        [
            SIDE_NAMES[row["side"]],
            whole(row["n_items"]),
            percent(row["missing_share"], 1),
            percent(row["floor_share"], 1),
            percent(row["ceiling_share"], 1),
            whole(row["n_constant_items"]),
            whole(row["n_looks_reversed"]),
            whole(row["n_complete"]),
            whole(row["n_empty"]),
            whole(row["n_straight_lining"]),
        ]
        for _, row in material.description.sides.iterrows()
    ]
    return Table(
        "Answers to each side",
        (
            text_column("Side"),
            number_column("Items"),
            number_column("Missing", group="Answers"),
            number_column("At floor", group="Answers"),
            number_column("At ceiling", group="Answers"),
            number_column("Constant", group="Items that are"),
            number_column("Suspicious", group="Items that are"),
            number_column("Complete", group="Respondents"),
            number_column("Empty", group="Respondents"),
            number_column("Same answer throughout", group="Respondents"),
        ),
        (rows_of(rows),),
        prose(
            "Shares are of all possible answers (missing) or of the answers given (floor: "
            "lowest, ceiling: highest answer). Suspicious items run against the rest of their "
            "dimension. Same answer throughout: complete respondents who gave one answer to "
            "every item of the side. Nobody was removed for it. Counts are unweighted rows."
        ),
    )


def _oddities(material: Material) -> Iterator[str]:
    items = material.description.items
    for name, words in (
        (
            "constant",
            "have the same answer from everybody, so nothing that needs variance exists for them",
        ),
        (
            "looks_reversed",
            "run against the rest of their dimension, as if reverse coding was missed or done "
            "twice",
        ),
    ):
        found = items.loc[items[name], "column"].tolist()
        if found:
            yield f"These columns {words}: {', '.join(found)}."
    high = items.loc[items["ceiling_share"] > _MUCH, "column"].tolist()
    if high:
        yield (
            f"More than half of the answers are the highest possible one in {', '.join(high)}: "
            "such items can hardly tell respondents apart."
        )
    sides = material.survey.sides
    if {"expectation", "perception"} <= set(sides):
        sentence = narrower_scale(
            material.survey.answers("expectation"),
            material.survey.answers("perception"),
            ("expectation", "perception"),
            material.survey.instrument.scale,
        )
        if sentence:
            yield sentence


def _mapping_table(material: Material) -> Table:
    survey = material.survey
    columns = survey.columns
    rows = []
    for part in survey.instrument.dimensions:
        numbers = [item.number for item in survey.instrument.items_of(part.key)]
        rows.append(
            [
                part.label or part.key,
                _numbers(numbers),
                *(", ".join(columns[side][number] for number in numbers) for side in survey.sides),
            ]
        )
    return Table(
        "Columns of the data behind each dimension",
        (
            text_column("Dimension"),
            text_column("Items"),
            *(text_column(SIDE_NAMES[side]) for side in survey.sides),
        ),
        (rows_of(rows),),
        prose(
            "Which item belongs to which dimension comes from the instrument, never from the "
            "order of the columns. Other orders of the dimensions circulate: compare this table "
            "with the questionnaire."
        ),
    )


def _numbers(numbers: list[int]) -> str:
    """Write consecutive numbers as a range, others one by one."""
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return f"{numbers[0]}–{numbers[-1]}"
    return ", ".join(str(number) for number in numbers)


def _likert_figures(material: Material) -> Iterator[Block]:
    """Answers to each side as stacked bars to both sides of the middle of the scale."""
    n_dimensions = len(material.survey.instrument.dimensions)
    for side, attempt in material.frequencies:
        result = attempt.value
        if result is None or not (result.items["n"] > 0).any():
            continue
        n_rows = len(result.items) + n_dimensions
        if n_rows > _MOST_BARS:
            continue

        def draw_on(axes: Axes, result: FrequencyResult = result) -> None:
            plot_likert(result, ax=axes)

        yield Figure(
            draw_sized(draw_on, width=WIDE, height=1.1 + 0.27 * n_rows),
            f"{SIDE_NAMES[side]}: how often each point of the scale was chosen. Bars stand centred "
            "on the middle of the scale; on the left the share of answers below it, on the right "
            "the share above.",
            f"Stacked bars of the answers to {len(result.items)} items. The shares of the lowest "
            "and highest answers stand in the table below.",
            "wide",
        )


def _items_table(material: Material) -> Table:
    survey, items = material.survey, material.description.items
    bodies = []
    for part in survey.instrument.dimensions:
        rows = []
        for item in survey.instrument.items_of(part.key):
            cells = [f"{item.number} {item.label or item.key}"]
            for side in survey.sides:
                row = items[(items["side"] == side) & (items["item"] == item.number)].iloc[0]
                cells += [
                    whole(row["n"]),
                    percent(row["missing_share"], 1),
                    percent(row["floor_share"], 1),
                    percent(row["ceiling_share"], 1),
                ]
            rows.append(cells)
        bodies.append(rows_of(rows, part.label or part.key))
    heads = [
        number_column(title, group=SIDE_NAMES[side])
        for side in survey.sides
        for title in (symbol("n"), "Missing", "Floor", "Ceiling")
    ]
    return Table(
        "Missing, lowest and highest answers", (text_column("Item"), *heads), tuple(bodies)
    )


def _outcomes_table(material: Material) -> Iterator[Block]:
    table = material.description.outcomes
    if table.empty:
        return
    yield Subheading("Outcomes")
    bodies = []
    for name, part in table.groupby("outcome", sort=False):
        rows = [
            [
                str(row["column"]),
                whole(row["n"]),
                percent(row["missing_share"], 1),
                two(row["mean"]),
                two(row["sd"]),
                f"{row['minimum']:g} to {row['maximum']:g}" if row["n"] else "–",
            ]
            for _, row in part.iterrows()
        ]
        bodies.append(rows_of(rows, str(name)))
    yield Table(
        "Items of the outcomes",
        (
            text_column("Column"),
            number_column(symbol("n")),
            number_column("Missing"),
            number_column(symbol("M")),
            number_column(symbol("SD")),
            number_column("Answers found"),
        ),
        tuple(bodies),
        prose("The score of an outcome is the mean of its answered items."),
    )


def _groups_table(material: Material) -> Iterator[Block]:
    table = material.description.groups
    if table.empty:
        return
    yield Subheading("Groups")
    bodies: list[Body] = []
    for name, part in table.groupby("variable", sort=False):
        total = int(part["n"].sum())
        shown = part.head(_MOST_GROUPS)
        rows = [
            [
                str(row["group"]),
                whole(row["n"]),
                percent(row["n"] / total if total else float("nan")),
            ]
            for _, row in shown.iterrows()
        ]
        bodies.append(rows_of(rows, str(name)))
        if len(part) > len(shown):
            yield Paragraph(
                prose(f"Of the {len(part)} groups of {name}, the first {len(shown)} are listed.")
            )
    yield Table(
        "Respondents in each group",
        (text_column("Group"), number_column(symbol("n")), number_column("Share")),
        tuple(bodies),
    )
