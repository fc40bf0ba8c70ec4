"""Confirmatory model: whether the dimensions hold when they are stated beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from servqual.analyses.latent_gaps import LatentGapResult
from servqual.analyses.structural import StructuralResult
from servqual.analyses.validity import ValidityResult
from servqual.plots.path_diagram import plot_path_diagram
from servqual.reporting.blocks import (
    Absent,
    Block,
    Figure,
    Paragraph,
    Section,
    Subheading,
    Table,
    number_column,
    prose,
    rows_of,
    text_column,
)
from servqual.reporting.figures import WIDE, draw_sized
from servqual.reporting.material import Confirmation, Material
from servqual.reporting.sections.common import dimension_labels, remarks, said_by, words_of
from servqual.reporting.words import ON_NAMES, interval, three, two, whole
from servqual.results import format_p
from servqual.typing import FactorStructure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STRUCTURES: dict[FactorStructure, str] = {
    "correlated": "Correlated dimensions",
    "second-order": "Dimensions as facets of quality",
    "one-factor": "One factor",
}


def confirmatory(material: Material) -> tuple[Section, ...]:
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
    if material.confirmation is None:
        return ()
    blocks = tuple(_blocks(material, material.confirmation))
    return (Section("confirmation", "Confirmatory model", blocks, new_page=True),)


def _blocks(material: Material, found: Confirmation) -> Iterator[Block]:
    name = ON_NAMES[found.on].lower()
    yield Paragraph(
        prose(
            f"Here the dimensions are stated beforehand, and the {name} items are asked whether "
            "they fit: each item measures its own dimension only. Estimates are by maximum "
            "likelihood, tests and standard errors robust to answers that are not normal (MLR)."
        )
    )
    yield from _models(found)
    main = found.models["correlated"].value
    if main is not None:
        yield from _diagram(main)
    labels = dimension_labels(material)
    if found.validity.value is not None:
        yield from _validity(found.validity.value, labels)
    elif main is not None:
        yield Absent("The validity of the dimensions is not shown", found.validity.reason)
    if found.latent_gaps is not None:
        yield from _latent_gaps(found, labels)
    yield from remarks(*(said_by(each) for each in found.models.values()), said_by(found.validity))


def _models(found: Confirmation) -> Iterator[Block]:
    """Fit of each structure, side by side."""
    yield Subheading("Do the dimensions fit?")
    rows = []
    for structure, label in _STRUCTURES.items():
        fit = found.models[structure].value
        if fit is None:
            yield Absent(f"{label}: not shown", found.models[structure].reason)
            continue
        row = fit.glance().iloc[0]
        rows.append(
            [
                label,
                two(row["chi2_scaled"]),
                whole(row["df"]),
                format_p(row["p_value_scaled"]),
                three(row["cfi_robust"]),
                three(row["tli_robust"]),
                three(row["rmsea_robust"]),
                interval(row["rmsea_robust_low"], row["rmsea_robust_high"], 3),
                three(row["srmr"]),
                whole(row["bic"]),
            ]
        )
    if not rows:
        return
    main = found.models["correlated"].value
    if main is not None:
        yield from words_of(main.interpret())
    yield Table(
        "Fit of the models",
        (
            text_column("Model"),
            number_column("χ² (scaled)"),
            number_column("df"),
            number_column("p"),
            number_column("CFI"),
            number_column("TLI"),
            number_column("RMSEA"),
            number_column("90 % interval"),
            number_column("SRMR"),
            number_column("BIC"),
        ),
        (rows_of(rows),),
        prose("CFI, TLI and RMSEA are robust. The model with the smallest BIC is to be preferred."),
    )


def _diagram(fit: StructuralResult) -> Iterator[Block]:
    def draw_on(axes: Axes) -> None:
        plot_path_diagram(fit, ax=axes)

    yield Figure(
        draw_sized(draw_on, width=WIDE, height=1.6 + 0.32 * len(fit.model.observed)),
        "Standardised loadings of the items, and correlations of the dimensions.",
        "Path diagram of the model; the correlations stand in the table below.",
        "wide",
    )


def _validity(result: ValidityResult, labels: dict[str, str]) -> Iterator[Block]:
    """Reliability, extracted variance and discriminant validity."""
    yield Subheading("One thing each, and different things?")
    yield from words_of(result.interpret())
    correlations = result.fornell_larcker
    rows = [
        [
            labels.get(str(row["factor"]), str(row["factor"])),
            two(row["composite_reliability"]),
            two(row["ave"]),
            *(
                "" if value != value else two(value)
                for value in correlations.loc[row["factor"]].to_list()
            ),
        ]
        for row in result.tidy().to_dict("records")
    ]
    yield Table(
        "Composite reliability, average variance extracted, and correlations",
        (
            text_column("Dimension"),
            number_column("Composite reliability"),
            number_column("AVE"),
            *(
                number_column(labels.get(str(name), str(name)), group="√AVE and correlations")
                for name in correlations.columns
            ),
        ),
        (rows_of(rows),),
        prose("On the diagonal √AVE: it should be larger than the correlations."),
    )
    pairs = [
        [
            labels.get(row["first"], row["first"]),
            labels.get(row["second"], row["second"]),
            two(row["htmt"]),
            two(row["htmt_upper"]),
            two(row["htmt2"]),
            two(row["htmt2_upper"]),
        ]
        for row in result.pairs.to_dict("records")
    ]
    yield Table(
        "Heterotrait–monotrait ratios with upper limits",
        (
            text_column("Dimension"),
            text_column("and"),
            number_column("HTMT"),
            number_column("upper limit"),
            number_column("HTMT2"),
            number_column("upper limit"),
        ),
        (rows_of(pairs),),
        prose(
            "Two dimensions are told apart if the upper limit lies below .85, or by a laxer rule "
            ".90."
            + (
                f" Limits are one-sided, from {result.n_resamples} bootstrap resamples."
                if result.n_resamples
                else ""
            )
        ),
    )


def _latent_gaps(found: Confirmation, labels: dict[str, str]) -> Iterator[Block]:
    """Gaps without the error of measurement."""
    yield Subheading("Gaps without the error of measurement")
    attempted = found.latent_gaps
    if attempted is None or attempted.value is None:
        yield Absent("Latent gaps are not shown", "" if attempted is None else attempted.reason)
        return
    result: LatentGapResult = attempted.value
    yield from words_of(result.interpret())
    rows = [
        [
            labels.get(row["dimension"], row["dimension"]),
            two(row["gap"]),
            interval(row["conf_low"], row["conf_high"]),
            format_p(row["p_value"]),
            two(row["effect_size"]),
            two(row["correlation"]),
        ]
        for row in result.tidy().to_dict("records")
    ]
    yield Table(
        "Latent gaps",
        (
            text_column("Dimension"),
            number_column("Gap"),
            number_column("Interval"),
            number_column("p"),
            number_column("in SD"),
            number_column("Correlation of both sides"),
        ),
        (rows_of(rows),),
        prose(
            "Expectations and perceptions are factors of one model with equal loadings and "
            "intercepts; a gap is the difference of their means, in units of the dimension's first "
            "item."
        ),
    )
    yield from remarks(said_by(attempted))
