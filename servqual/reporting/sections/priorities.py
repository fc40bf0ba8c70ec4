"""Priorities: shortfall against importance, stated and derived, and how certain they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from servqual.analyses.importance_performance import ImportancePerformanceResult
from servqual.plots.importance_performance import plot_importance_performance
from servqual.reporting.blocks import (
    Absent,
    Block,
    Column,
    Figure,
    Paragraph,
    Section,
    Table,
    halved,
    number_column,
    prose,
    rows_of,
    text_column,
)
from servqual.reporting.figures import HALF_WIDTH, draw_sized
from servqual.reporting.material import Material
from servqual.reporting.sections.common import dimension_labels, remarks, said_by, words_of
from servqual.reporting.words import ON_NAMES, level, percent, two
from servqual.results import format_number
from servqual.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def priorities(material: Material) -> Section:
    """Write the section.

    Parameters
    ----------
    material : Material
        Results.

    Returns
    -------
    Section
    """
    return Section("priorities", "Priorities", tuple(_blocks(material)), new_page=True)


def _blocks(material: Material) -> Iterator[Block]:
    performance = _performance(material)
    if performance is None:
        yield Absent("No priorities are shown", "There are no scores of the dimensions to rank.")
        return
    found = [each.value for each in material.priorities if each.value is not None]
    yield Paragraph(prose(_how(material, found)))
    if not found:
        yield Absent(
            "Importance is not known",
            "No importance points were given, and no outcome is there from which importance "
            "could be derived. The dimensions are ranked by their shortfall alone.",
        )
        yield _by_shortfall(material, performance)
        return
    yield _ranking(material, performance, found)
    yield from words_of(found[0].interpret())
    yield halved([_map(result) for result in found])
    yield _quadrants(material, found)
    yield from remarks(*(said_by(each) for each in material.priorities))


def _performance(material: Material) -> FloatArray | None:
    if material.gaps is not None and material.gaps.value is not None:
        values = material.gaps.value.dimensions["gap"].to_numpy(dtype=np.float64)
    elif material.levels is not None:
        values = material.levels.dimensions["mean"].to_numpy(dtype=np.float64)
    else:
        return None
    return values if np.isfinite(values).any() else None


def _shortfall(material: Material, performance: FloatArray) -> FloatArray:
    """Say what could be gained: gaps up to zero, means of one side up to the end of the scale."""
    if material.difference is not None:
        return -performance
    return material.survey.instrument.scale.maximum - performance


def _is_stated(result: ImportancePerformanceResult) -> bool:
    return result.source == "stated"


def _title(result: ImportancePerformanceResult) -> str:
    return "Stated" if _is_stated(result) else f"Derived from {result.outcome}"


def _importance(result: ImportancePerformanceResult, value: float) -> str:
    """Write an importance: as points, or as a share of R² in percent."""
    return format_number(value, 1) if _is_stated(result) else percent(value)


def _how(material: Material, found: Sequence[ImportancePerformanceResult]) -> str:
    one_sided = material.difference is None
    shortfall = (
        "distance to the top of the scale"
        if one_sided
        else "shortfall (the gap with its sign turned)"
    )
    words = ["A dimension deserves attention first where it is important and falls short."]
    if any(_is_stated(result) for result in found):
        words.append(
            "Stated importance are the respondents' own points, multiplied within each respondent "
            "and then averaged."
        )
    if any(not _is_stated(result) for result in found):
        words.append(
            "Derived importance is the dimension's share of the explained variance of an outcome "
            "(LMG); it shows association, not effect."
        )
    if found:
        by_what = _title(found[0])
        words.append(
            f"Priority is importance × {shortfall}; ranks follow the one "
            + (
                "from the stated importance."
                if by_what == "Stated"
                else f"from the importance {by_what[0].lower()}{by_what[1:]}."
            )
        )
    return " ".join(words)


def _performance_name(material: Material) -> str:
    return "Mean" if material.difference is None else ON_NAMES[material.difference]


def _by_shortfall(material: Material, performance: FloatArray) -> Table:
    labels = list(dimension_labels(material).values())
    # Descending, nan last.
    order = np.argsort(-_shortfall(material, performance), kind="stable")
    return Table(
        "Dimensions ranked by shortfall",
        (
            text_column("Dimension"),
            number_column("Rank"),
            number_column(_performance_name(material)),
        ),
        (
            rows_of(
                [
                    [labels[place], str(rank), two(performance[place])]
                    for rank, place in enumerate(order, start=1)
                ]
            ),
        ),
    )


def _ranking(
    material: Material, performance: FloatArray, found: Sequence[ImportancePerformanceResult]
) -> Table:
    """Rank the dimensions by the first source of importance, the others beside it."""
    tables = [result.tidy().to_dict("records") for result in found]
    keys = np.array([row["priority"] for row in tables[0]], dtype=np.float64)
    order = np.argsort(-keys, kind="stable")
    labels = list(dimension_labels(material).values())
    rows = []
    for rank, place in enumerate(order, start=1):
        cells = [labels[place], str(rank), two(performance[place])]
        for result, table in zip(found, tables, strict=True):
            cells += _priority_cells(result, table[place])
        rows.append(cells)
    heads: list[Column] = []
    for result in found:
        group = _title(result)
        heads += [
            number_column("Points" if _is_stated(result) else "Share of R²", group=group),
            number_column("Priority", group=group),
            number_column(f"Rank, {level(result.conf_level)} CI", group=group),
        ]
    shortfall = (
        "shortfall, in points of the answer scale; negative where expectations are exceeded"
        if material.difference is not None
        else "distance from the mean to the top of the answer scale"
    )
    drawn = " Limits of ranks: bootstrap percentiles." if any(r.n_resamples for r in found) else ""
    return Table(
        "Dimensions ranked by priority",
        (
            text_column("Dimension"),
            number_column("Rank"),
            number_column(_performance_name(material)),
            *heads,
        ),
        (rows_of(rows),),
        prose(f"Priority: importance × {shortfall}.{drawn}"),
    )


def _priority_cells(result: ImportancePerformanceResult, row: dict[Any, Any]) -> list[str]:
    low, high = float(row["priority_rank_low"]), float(row["priority_rank_high"])
    ranks = "–"
    if np.isfinite(low) and np.isfinite(high):
        ranks = f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"
    return [_importance(result, float(row["importance"])), two(float(row["priority"])), ranks]


def _map(result: ImportancePerformanceResult) -> Figure:
    def draw_on(axes: Axes) -> None:
        plot_importance_performance(result, ax=axes)
        axes.set_title("", loc="left")

    labels = [str(label) for label in result.tidy()["label"]]
    spoken = "; ".join(
        f"{row['label']}: {result.performance_name} {two(row['performance'])}, importance "
        f"{_importance(result, row['importance'])}"
        for row in result.tidy().to_dict("records")
    )
    return Figure(
        draw_sized(draw_on, width=HALF_WIDTH, height=4.3, measured=labels),
        f"{_title(result)}: importance against {result.performance_name}. The lines stand at: "
        f"{result.crosshair_text}.",
        f"Scatter plot. {spoken}.",
    )


def _quadrants(material: Material, found: Sequence[ImportancePerformanceResult]) -> Table:
    tables = [result.tidy().to_dict("records") for result in found]
    rows = []
    for place, label in enumerate(dimension_labels(material).values()):
        cells = [label]
        for table in tables:
            row = table[place]
            cells += [str(row["quadrant"]) or "–", percent(float(row["p_quadrant"]))]
        rows.append(cells)
    heads: list[Column] = []
    for result in found:
        group = _title(result)
        heads += [text_column("Quadrant", group=group), number_column("Certainty", group=group)]
    return Table(
        "Quadrants, and how certain they are",
        (text_column("Dimension"), *heads),
        (rows_of(rows),),
        prose(
            "Certainty: in how many of the bootstrap resamples the dimension falls into this "
            "quadrant; the lines are drawn anew in each."
        ),
    )
