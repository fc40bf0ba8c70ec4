"""Groups compared: gaps of each, Welch's test, and the pairs that differ."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from servqual.analyses.gaps import GapResult
from servqual.plots.gaps import plot_gaps
from servqual.plots.style import GROUP_STYLES
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
    sub,
    symbol,
    text_column,
)
from servqual.reporting.figures import WIDE, draw
from servqual.reporting.material import Material
from servqual.reporting.sections.common import dimension_labels, remarks, said_by
from servqual.reporting.words import ON_NAMES, degrees, interval, level, listed, two, whole
from servqual.results import format_number, format_p

OVERALL_TERM = "dimension mean"
_MOST_PAIRS = 30


def group_blocks(material: Material) -> Iterator[Block]:
    """Write the comparison of groups.

    Parameters
    ----------
    material : Material
        Results.

    Yields
    ------
    Block
    """
    attempt = material.grouped_gaps
    if attempt is None:
        return
    yield Subheading(f"Groups compared: {material.settings.by}")
    if attempt.value is None:
        yield Absent("The groups are not compared", attempt.reason)
        return
    result = attempt.value
    names = {**dimension_labels(material), OVERALL_TERM: "Overall"}
    yield _table(result)
    yield from _picture(result)
    yield from comparison_blocks(result.comparisons, names, result.conf_level, "gaps")
    others = [name for name in material.survey.groups if name != material.settings.by]
    if others:
        yield Paragraph(
            prose(f"Further grouping variables, not compared here: {listed(others)}."), "small"
        )
    yield from remarks(_own_remarks(material))


def _own_remarks(material: Material) -> Iterator[str]:
    """Remarks of the comparison that the whole sample's gaps did not make already."""
    if material.grouped_gaps is None:
        return
    known = () if material.gaps is None else said_by(material.gaps)
    yield from (text for text in said_by(material.grouped_gaps) if text not in known)


def _table(result: GapResult) -> Table:
    name = result.by[0]
    bodies = []
    overall = result.overall[result.overall["score"] == OVERALL_TERM]
    bodies.append(rows_of([_row(row, name) for _, row in overall.iterrows()], "Overall"))
    for dimension, part in result.dimensions.groupby("dimension", sort=False):
        rows = [_row(row, name) for _, row in part.iterrows()]
        bodies.append(rows_of(rows, result.labels.get(str(dimension)) or str(dimension)))
    kind = ON_NAMES[result.on]
    return Table(
        f"{kind}s by {name}",
        (
            text_column("Group"),
            number_column(symbol("n")),
            number_column(kind),
            number_column(symbol("SD")),
            number_column(f"{level(result.conf_level)} CI"),
            number_column(symbol("d"), sub("z")),
        ),
        tuple(bodies),
    )


def _row(row: pd.Series, name: str) -> list[str]:
    return [
        str(row[name]),
        whole(row["n"]),
        two(row["gap"]),
        two(row["gap_sd"]),
        interval(row["conf_low"], row["conf_high"]),
        two(row["effect_size"]),
    ]


def _picture(result: GapResult) -> Iterator[Block]:
    groups = list(dict.fromkeys(result.dimensions[result.by[0]].astype(str)))
    if len(groups) > len(GROUP_STYLES):
        yield Absent(
            "The groups are not drawn",
            f"There are {len(groups)}, and no more than {len(GROUP_STYLES)} can be told apart in "
            "one picture.",
        )
        return
    labels = [label or key for key, label in result.labels.items()]
    overall = result.overall[result.overall["score"] == OVERALL_TERM]
    spoken = "; ".join(
        f"{group} {two(gap)}"
        for group, gap in zip(overall[result.by[0]], overall["gap"], strict=True)
    )
    yield Figure(
        draw(lambda axes: plot_gaps(result, ax=axes), labels, per_row=len(groups), width=WIDE),
        f"{ON_NAMES[result.on]}s of the dimensions by {result.by[0]}, with "
        f"{level(result.conf_level)} confidence intervals.",
        f"Points with intervals for each group and dimension. Overall: {spoken}.",
        size="wide",
    )


def comparison_blocks(
    comparisons: pd.DataFrame, names: dict[str, str], conf_level: float, what: str
) -> Iterator[Block]:
    """Write Welch's tests, and the pairs of groups that differ.

    Parameters
    ----------
    comparisons : DataFrame
        As `compare_groups` makes it.
    names : dict of str to str
        Term → what is shown.
    conf_level : float
        Coverage of the intervals.
    what : str
        What is compared, plural.

    Yields
    ------
    Block
    """
    omnibus = comparisons[comparisons["test"] == "welch_anova"]
    if omnibus.empty:
        yield Absent("The groups are not compared by a test", "Fewer than two of them can be.")
        return
    yield _omnibus_table(omnibus, names)
    pairs = comparisons[comparisons["test"] == "games_howell"]
    differing = pairs[pairs["p_adjusted"] < 1.0 - conf_level]
    if differing.empty:
        yield Paragraph(
            prose(
                f"No pair of groups differs in its {what} at the "
                f"{format_number(100 * (1 - conf_level), 0)}% level (Games–Howell, {len(pairs)} "
                "comparisons)."
            )
        )
        return
    yield _pairs_table(differing, len(pairs), names, conf_level)


def _omnibus_table(omnibus: pd.DataFrame, names: dict[str, str]) -> Table:
    rows = [
        [
            names.get(str(row["term"]), str(row["term"])),
            two(row["statistic"]),
            degrees(row["df"]),
            degrees(row["df_denominator"]),
            format_p(row["p_value"]),
            format_p(row["p_adjusted"]) if row["term"] != OVERALL_TERM else "–",
            format_number(row["effect_size"], 3),
        ]
        for _, row in omnibus.iterrows()
    ]
    return Table(
        "Do the groups differ? Welch's analysis of variance",
        (
            text_column("Score"),
            number_column(symbol("F")),
            number_column(symbol("df"), sub("1")),
            number_column(symbol("df"), sub("2")),
            number_column(symbol("p")),
            number_column(symbol("p"), sub("Holm")),
            number_column("ω²"),
        ),
        (rows_of(rows),),
        prose(
            symbol("p"),
            sub("Holm"),
            ": adjusted over the dimensions. ω²: share of the variance that goes with the "
            "groups; it may be negative by chance.",
        ),
    )


def _pairs_table(
    differing: pd.DataFrame, n_pairs: int, names: dict[str, str], conf_level: float
) -> Table:
    ordered = differing.sort_values("p_adjusted", kind="stable").head(_MOST_PAIRS)
    rows = [
        [
            f"{names.get(str(row['term']), str(row['term']))}: {row['contrast']}",
            two(row["estimate"]),
            interval(row["conf_low"], row["conf_high"]),
            two(row["statistic"]),
            degrees(round(row["df"], 2)) if math.isfinite(row["df"]) else "–",
            format_p(row["p_adjusted"]),
            two(row["effect_size"]),
        ]
        for _, row in ordered.iterrows()
    ]
    cut = f" The {_MOST_PAIRS} clearest are shown." if len(differing) > _MOST_PAIRS else ""
    return Table(
        "Pairs of groups that differ (Games–Howell)",
        (
            text_column("Score: groups"),
            number_column("Difference"),
            number_column(f"{level(conf_level)} CI"),
            number_column(symbol("t")),
            number_column(symbol("df")),
            number_column(symbol("p")),
            number_column(symbol("d")),
        ),
        (rows_of(rows),),
        prose(
            f"{len(differing)} of {n_pairs} comparisons.{cut} ",
            symbol("p"),
            " and intervals allow for all pairs within a score; ",
            symbol("d"),
            ": difference divided by the pooled standard deviation.",
        ),
    )
