"""Factor structure: whether the answers show the dimensions of the instrument at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from servqual.analyses.congruence import CongruenceResult
from servqual.analyses.efa import EFAResult
from servqual.analyses.factor_count import FactorCountResult
from servqual.analyses.scale_reliability import ReliabilityResult
from servqual.plots.correlation_matrix import plot_correlation_matrix
from servqual.plots.loadings import plot_congruence, plot_loadings
from servqual.plots.scree import plot_scree
from servqual.reporting.blocks import (
    Absent,
    Block,
    BulletList,
    Figure,
    Paragraph,
    Section,
    Subheading,
    Table,
    halved,
    number_column,
    prose,
    rows_of,
    text_column,
)
from servqual.reporting.figures import HALF_WIDTH, WIDE, draw_sized
from servqual.reporting.material import Material, Structure
from servqual.reporting.sections.common import dimension_labels, remarks, said_by
from servqual.reporting.words import ON_NAMES, percent, two, whole
from servqual.results import Interpretation

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def factor_structure(material: Material) -> tuple[Section, ...]:
    """Write the section; an instrument of one dimension has none.

    Parameters
    ----------
    material : Material
        Results.

    Returns
    -------
    tuple of Section
        One or none.
    """
    if material.structure is None:
        return ()
    blocks = tuple(_blocks(material, material.structure))
    return (Section("structure", "Factor structure", blocks, new_page=True),)


def _blocks(material: Material, structure: Structure) -> Iterator[Block]:
    name = ON_NAMES[structure.on].lower()
    number = len(material.survey.instrument.dimensions)
    yield Paragraph(
        prose(
            f"The instrument says that its items measure {number} dimensions. Here the answers "
            f"are asked whether they show them: only the correlations of the {name} items are "
            "looked at, and not which dimension an item was written for."
        )
    )
    if structure.count.value is None:
        yield Absent("The number of factors is not shown", structure.count.reason)
    else:
        yield from _number_of_factors(structure.count.value)
    factors = structure.factors.value
    if factors is None:
        # One cause usually stops both; it is told once.
        same = structure.factors.reason == structure.count.reason
        reason = "See above." if same else structure.factors.reason
        yield Absent("The factor analysis is not shown", reason)
    else:
        yield from _factors(factors)
        if structure.congruence.value is None:
            yield Absent("The comparison with the theory is not shown", structure.congruence.reason)
        else:
            yield from _theory(structure.congruence.value, dimension_labels(material))
    yield from _general_factor(material, structure)
    yield from remarks(
        said_by(structure.count), said_by(structure.factors), said_by(structure.congruence)
    )


def _words(words: Interpretation) -> Iterator[Block]:
    """An interpretation as a list, with the sources of its rules."""
    if words.statements:
        yield BulletList(tuple(prose(part.text) for part in words.statements))
    if words.sources:
        yield Paragraph(prose(f"Rules of thumb: {'; '.join(words.sources)}."), "small")


# ---- how many ------------------------------------------------------------------------------------


def _number_of_factors(result: FactorCountResult) -> Iterator[Block]:
    yield Subheading("How many factors?")
    rows = [
        [
            str(row["label"]),
            "–" if row["n_factors"] != row["n_factors"] else whole(row["n_factors"]),
        ]
        for row in result.methods.astype({"n_factors": "float64"}).to_dict("records")
    ]
    yield Table(
        "Number of factors by each criterion",
        (text_column("Criterion"), number_column("Factors")),
        (rows_of(rows),),
        prose("No criterion is right in every case; they are shown side by side."),
    )

    def draw_on(axes: Axes) -> None:
        plot_scree(result, ax=axes)

    yield Figure(
        draw_sized(draw_on, width=WIDE, height=4.6),
        "Eigenvalues of the correlations against those of unrelated items. Components above the "
        "upper line hold more than chance would give.",
        "Scree plot of the eigenvalues with the lines of parallel analysis.",
        "wide",
    )


# ---- which ---------------------------------------------------------------------------------------


def _factors(result: EFAResult) -> Iterator[Block]:
    yield Subheading("Which factors?")
    yield from _words(result.interpret())

    def draw_loadings(axes: Axes) -> None:
        plot_loadings(result, ax=axes)

    yield Figure(
        draw_sized(draw_loadings, width=WIDE, height=1.0 + 0.25 * len(result.loadings)),
        f"Loadings of the items on {result.n_factors} factors, in the order of the instrument. "
        "Each item's largest is in bold.",
        "Heat map of the loadings; the numbers stand in the table below.",
        "wide",
    )
    yield _loadings_table(result)
    yield _variance_table(result)


def _loadings_table(result: EFAResult) -> Table:
    factors = list(result.loadings.columns)
    rows = [
        [
            f"{row['item']} {row['label'] or row['key']}",
            *(two(row[factor]) for factor in factors),
            two(row["communality"]),
            two(kmo),
        ]
        for row, kmo in zip(result.tidy().to_dict("records"), result.item_adequacy, strict=True)
    ]
    return Table(
        "Loadings",
        (
            text_column("Item"),
            *(number_column(factor, group="Loading on") for factor in factors),
            number_column("Communality"),
            number_column("KMO"),
        ),
        (rows_of(rows),),
        prose(
            "Pattern loadings: what each factor adds when the others are held constant. "
            "Communality: share of the item's variance that the factors account for."
        ),
    )


def _variance_table(result: EFAResult) -> Table:
    correlations = result.factor_correlations
    rows = [
        [
            str(row["factor"]),
            two(row["ss_loadings"]),
            percent(row["proportion"]),
            percent(row["cumulative"]),
            *(two(value) for value in correlations.loc[row["factor"]]),
        ]
        for row in result.variance.to_dict("records")
    ]
    return Table(
        "Factors: variance that they account for, and their correlations",
        (
            text_column("Factor"),
            number_column("Sum of squares"),
            number_column("Share"),
            number_column("Cumulative"),
            *(number_column(str(name), group="Correlation with") for name in correlations.columns),
        ),
        (rows_of(rows),),
    )


# ---- the theory ----------------------------------------------------------------------------------


def _theory(result: CongruenceResult, labels: dict[str, str]) -> Iterator[Block]:
    yield Subheading("Do they match the dimensions?")
    yield from _words(result.interpret())
    rows = [
        [
            labels.get(row["dimension"], str(row["dimension"])),
            str(row["factor"]),
            two(row["congruence"]),
            two(row["congruence_target"]),
        ]
        for row in result.dimensions.to_dict("records")
    ]
    yield Table(
        "Congruence of the factors with the dimensions",
        (
            text_column("Dimension"),
            text_column("Factor"),
            number_column("As rotated"),
            number_column("Rotated towards the dimensions"),
        ),
        (rows_of(rows),),
    )

    def draw_congruence(axes: Axes) -> None:
        plot_congruence(result, ax=axes)

    def draw_correlations(axes: Axes) -> None:
        table = result.target_factor_correlations.rename(index=labels, columns=labels)
        plot_correlation_matrix(table, title="Correlations of dimensions", ax=axes)

    size = 0.55 * len(result.dimensions)
    yield halved(
        [
            Figure(
                draw_sized(draw_congruence, width=HALF_WIDTH, height=1.2 + size),
                "Tucker's congruence of each factor with each dimension.",
                "Heat map of the congruences; the matched ones stand in the table above.",
                "half",
            ),
            Figure(
                draw_sized(draw_correlations, width=HALF_WIDTH, height=1.2 + size),
                "Correlations of the factors after rotation towards the dimensions.",
                "Heat map of the correlations of the dimensions.",
                "half",
            ),
        ]
    )


# ---- the whole instrument ------------------------------------------------------------------------


def _general_factor(material: Material, structure: Structure) -> Iterator[Block]:
    found: list[ReliabilityResult] = [
        each.value
        for on, each in material.reliability
        if on == structure.on and each.value is not None and len(each.value.general)
    ]
    if not found:
        return
    yield Subheading("One score for the whole instrument?")
    row = found[0].general.to_dict("records")[0]
    yield Paragraph(
        prose(
            f"Of the variance of the total score, {percent(row['omega_hierarchical'])} comes from "
            "one general factor that all items share (ω hierarchical), and "
            f"{percent(row['omega_total'])} from all factors together (ω total). The general "
            f"factor makes up {percent(row['ecv'])} of what the items have in common (ECV)."
        )
    )
    groups = [
        [
            str(part["factor"]),
            str(part["items"]),
            two(part["omega_total"]),
            two(part["omega_general"]),
            two(part["omega_group"]),
        ]
        for part in found[0].general_groups.to_dict("records")
    ]
    yield Table(
        "Where the reliable variance of each group of items comes from",
        (
            text_column("Group factor"),
            text_column("Items"),
            number_column("Both", group="ω from"),
            number_column("General factor", group="ω from"),
            number_column("Own factor", group="ω from"),
        ),
        (rows_of(groups),),
        prose("Items belong to the group factor on which they load highest."),
    )
