"""Priorities: shortfall against importance, stated and derived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from servqual.reporting.blocks import (
    Absent,
    Block,
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
from servqual.reporting.figures import PriorityMap, draw_priorities
from servqual.reporting.material import Material
from servqual.reporting.sections.common import dimension_labels
from servqual.reporting.words import ON_NAMES, SIDE_NAMES, percent, two
from servqual.results import format_number
from servqual.typing import FloatArray


@dataclass(frozen=True, slots=True)
class Importance:
    """Importance of the dimensions from one source.

    Attributes
    ----------
    title : str
        Heading of its columns.
    axis : str
        Name of the axis.
    shares : ndarray, shape (D,)
        Importance, adding up to about 1.
    products : ndarray, shape (D,)
        Importance × shortfall: positive where there is something to gain.
    stated : bool
        Whether respondents said so, or it was derived from an outcome.
    """

    title: str
    axis: str
    shares: FloatArray
    products: FloatArray
    stated: bool

    def shown(self, share: float) -> str:
        """Write an importance: as points, or as a percentage."""
        return format_number(100.0 * share, 1) if self.stated else percent(share)


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
    sources = [*_stated(material, performance), *_derived(material, performance)]
    if not sources:
        yield Absent(
            "Importance is not known",
            "No importance points were given, and no outcome is there from which importance "
            "could be derived. The dimensions are ranked by their shortfall alone.",
        )
    yield Paragraph(prose(_how(material, sources)))
    yield _table(material, performance, sources)
    maps = [figure for source in sources for figure in _map(material, performance, source)]
    if maps:
        yield halved(maps)
        yield Paragraph(
            prose(
                "The dashed lines divide the dimensions by their own means, so some fall on each "
                "side whatever the level of the service. Positions are estimates: see the "
                "intervals of the gaps and of the importance before acting on small distances."
            ),
            "small",
        )


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


def _stated(material: Material, performance: FloatArray) -> Iterator[Importance]:
    if material.gaps is not None and material.gaps.value is not None:
        table = material.gaps.value.dimensions
        points = table["weight"].to_numpy(dtype=np.float64) / 100.0
        products = -table["weighted_gap"].to_numpy(dtype=np.float64)
    elif material.levels is not None:
        points = material.levels.dimensions["weight"].to_numpy(dtype=np.float64) / 100.0
        products = points * _shortfall(material, performance)
    else:
        return
    if np.isfinite(points).any():
        yield Importance(
            "Stated", "Stated importance (mean points of 100)", points, products, stated=True
        )


def _derived(material: Material, performance: FloatArray) -> Iterator[Importance]:
    for driver in material.drivers:
        result = driver.importance.value
        if result is None:
            continue
        shares = result.contributions["share"].to_numpy(dtype=np.float64)
        yield Importance(
            f"Derived from {driver.outcome}",
            f"Derived importance (% of R² for {driver.outcome})",
            shares,
            shares * _shortfall(material, performance),
            stated=False,
        )


def _how(material: Material, sources: list[Importance]) -> str:
    one_sided = material.difference is None
    shortfall = (
        "distance to the top of the scale"
        if one_sided
        else "shortfall (the gap with its sign turned)"
    )
    words = ["A dimension deserves attention first where it is important and falls short."]
    if any(source.stated for source in sources):
        own = "" if one_sided else ", multiplied within each respondent and then averaged"
        words.append(f"Stated importance are the respondents' own points{own}.")
    if any(not source.stated for source in sources):
        words.append(
            "Derived importance is the dimension's share of the explained variance of an outcome "
            "(LMG); it shows association, not effect."
        )
    if sources:
        words.append(
            f"Priority is importance × {shortfall}; ranks follow the one from "
            f"{_by_what(sources[0])}."
        )
    return " ".join(words)


def _by_what(source: Importance) -> str:
    return (
        "the stated importance"
        if source.stated
        else f"the importance {source.title[0].lower()}{source.title[1:]}"
    )


def _table(material: Material, performance: FloatArray, sources: list[Importance]) -> Table:
    labels = list(dimension_labels(material).values())
    keys = sources[0].products if sources else _shortfall(material, performance)
    # Descending, nan last.
    order = np.argsort(-keys, kind="stable")
    rows = []
    for rank, place in enumerate(order, start=1):
        cells = [labels[place], str(rank), two(performance[place])]
        for source in sources:
            cells += [source.shown(source.shares[place]), two(source.products[place])]
        rows.append(cells)
    name = _performance_name(material)
    heads = []
    for source in sources:
        heads.append(
            number_column("Points" if source.stated else "Share of R²", group=source.title)
        )
        heads.append(number_column("Priority", group=source.title))
    return Table(
        "Dimensions ranked by priority",
        (text_column("Dimension"), number_column("Rank"), number_column(name), *heads),
        (rows_of(rows),),
        prose(
            "Priority: importance × shortfall, in points of the answer scale; negative where "
            "expectations are exceeded."
        )
        if material.difference is not None
        else prose("Priority: importance × distance from the mean to the top of the answer scale."),
    )


def _performance_name(material: Material) -> str:
    if material.difference is not None:
        return ON_NAMES[material.difference]
    return "Mean" if material.levels is None else f"{SIDE_NAMES[material.levels.side]} mean"


def _map(material: Material, performance: FloatArray, source: Importance) -> Iterator[Figure]:
    known = np.isfinite(performance) & np.isfinite(source.shares)
    if known.sum() < 2:
        return
    every = list(dimension_labels(material).values())
    name = _performance_name(material)
    chart = PriorityMap(
        tuple(label for label, good in zip(every, known, strict=True) if good),
        performance[known],
        100.0 * source.shares[known],
        name,
        source.axis,
    )
    x_mean, y_mean = chart.centre
    unit = "points" if source.stated else "%"
    spoken = "; ".join(
        f"{label}: {name.lower()} {two(x)}, importance {format_number(y, 1)}"
        for label, x, y in zip(chart.labels, chart.performance, chart.importance, strict=True)
    )
    space = " " if source.stated else ""
    yield Figure(
        draw_priorities(chart),
        f"{source.title}: importance against {name.lower()}. The lines cross at the means of the "
        f"dimensions: {name.lower()} {two(x_mean)}, importance "
        f"{format_number(y_mean, 1)}{space}{unit}.",
        f"Scatter plot. {spoken}.",
    )
