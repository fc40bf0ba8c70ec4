"""What an outcome would go with if a dimension were better by one point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from servqual.analyses.what_if import WhatIfResult
from servqual.plots.what_if import plot_what_if
from servqual.reporting.blocks import (
    Absent,
    Block,
    Figure,
    Paragraph,
    Subheading,
    Table,
    number_column,
    prose,
    rows_of,
    text_column,
)
from servqual.reporting.figures import draw
from servqual.reporting.material import Driver
from servqual.reporting.sections.common import remarks, said_by
from servqual.reporting.words import interval, level, percent, two
from servqual.results import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def improvement(driver: Driver) -> Iterator[Block]:
    """What one point of each dimension goes with.

    Parameters
    ----------
    driver : Driver
        What goes with one outcome.

    Yields
    ------
    Block
        None where perceptions were not asked.
    """
    if driver.what_if is None:
        return
    yield Subheading(f"If a dimension were better, what of {driver.outcome}?")
    result = driver.what_if.value
    if result is None:
        yield Absent("What one point would go with is not shown", driver.what_if.reason)
        return
    statements = {part.topic: part for part in result.interpret().statements}
    for topic in ("per point", "cause"):
        if topic in statements:
            yield Paragraph(prose(statements[topic].text))
    yield _picture(result)
    yield _table(result)
    yield from remarks(said_by(driver.what_if))


def _picture(result: WhatIfResult) -> Figure:
    def draw_on(axes: Axes) -> None:
        plot_what_if(result, ax=axes)

    points = result.per_point.query("measure == 'mean'")
    labels = [str(label) for label in points["label"]]
    spoken = ", ".join(
        f"{label} {two(change)}" for label, change in zip(labels, points["change"], strict=True)
    )
    return Figure(
        draw(draw_on, labels),
        f"What one point more of each dimension goes with, in points of {result.outcome}.",
        f"Bar chart of changes: {spoken}.",
    )


def _table(result: WhatIfResult) -> Table:
    points = {
        (row["term"], row["measure"]): row for row in result.per_point.to_dict(orient="records")
    }
    terms = [term for term, measure in points if measure == "mean"]
    has_boxes = any(measure == "top-two-box" for _, measure in points)
    rows = []
    for term in terms:
        mean = points[term, "mean"]
        cells = [
            str(mean["label"]),
            two(mean["effective"]),
            two(mean["change"]),
            interval(mean["conf_low"], mean["conf_high"]),
            percent(mean["p_first"]),
        ]
        if has_boxes:
            boxes = points[term, "top-two-box"]
            cells += [
                format_number(boxes["change"], 1),
                interval(boxes["conf_low"], boxes["conf_high"], 1),
            ]
        rows.append(cells)
    coverage = f"{level(result.conf_level)} CI"
    boxes_group = "Top two boxes (percentage points)"
    return Table(
        f"One point more of each dimension, and {result.outcome}",
        (
            text_column("Dimension"),
            number_column("Moves by"),
            number_column("Change", group="Mean"),
            number_column(coverage, group="Mean"),
            number_column("First in", group="Mean"),
            *(
                (
                    number_column("Change", group=boxes_group),
                    number_column(coverage, group=boxes_group),
                )
                if has_boxes
                else ()
            ),
        ),
        (rows_of(rows),),
        prose(
            "Moves by: what is left of one point, since nobody can tick more than the top of the "
            "scale. First in: share of the resamples in which the dimension gives most."
        ),
    )
