"""The headline: the overall score with its uncertainty, and where the service falls short most."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from servqual.analyses.gaps import GapResult
from servqual.errors import shorten
from servqual.plots.style import format_tick
from servqual.reporting.blocks import (
    Absent,
    Block,
    BulletList,
    Headline,
    Mark,
    Paragraph,
    Prose,
    Strip,
    Subheading,
    prose,
    strong,
)
from servqual.reporting.levels import LevelResult
from servqual.reporting.material import Material
from servqual.reporting.sections.common import scale_text
from servqual.reporting.words import (
    ON_NAMES,
    SIDE_NAMES,
    counted,
    interval,
    level,
    two,
    unbroken,
    whole,
)
from servqual.results import format_number
from servqual.typing import DIFFERENCES

_SHOWN = 3


def headline(material: Material) -> Headline:
    """Write the headline.

    Parameters
    ----------
    material : Material
        Results.

    Returns
    -------
    Headline
    """
    if material.gaps is not None and material.gaps.value is not None:
        return _of_gaps(material, material.gaps.value)
    if material.levels is not None:
        return _of_levels(material, material.levels)
    reason = "" if material.gaps is None else material.gaps.reason
    absent = Absent("There is no overall score", reason)
    return Headline("Overall score", "–", "", None, _respondents(material, None), ((absent,),))


def _respondents(material: Material, counted_in: int | None) -> str:
    text = counted(material.survey.n_respondents, "respondent")
    if counted_in is not None and counted_in != material.survey.n_respondents:
        text += f", {whole(counted_in)} of them in the overall score"
    return text


def _interval_text(row: pd.Series, conf_level: float, n_obs: int) -> str:
    if not math.isfinite(row["conf_low"]):
        whose = counted(n_obs, "respondent")
        return f"There is no interval, because {whose} with an overall score cannot give one."
    return f"{level(conf_level)} confidence interval {interval(row['conf_low'], row['conf_high'])}"


# ---- two sides -----------------------------------------------------------------------------------


def _of_gaps(material: Material, result: GapResult) -> Headline:
    row = result.overall.iloc[0]
    n_obs = int(row["n"])
    number = ("+" if row["gap"] > 0 else "") + two(row["gap"])
    names = tuple(SIDE_NAMES[side] for side in DIFFERENCES[result.on])
    values = (row["perception"], row["expectation"])
    return Headline(
        label=f"Overall {ON_NAMES[result.on].lower()} on the {scale_text(material)}",
        number=number,
        interval=_interval_text(row, result.conf_level, n_obs),
        strip=_strip(material, names, values),
        respondents=_respondents(material, n_obs),
        columns=(
            (Subheading("In plain words"), *_plain_words(result)),
            (Subheading("Largest shortfalls"), *_shortfalls(result)),
        ),
    )


def _plain_words(result: GapResult) -> Iterator[Block]:
    words = result.interpret()
    overall = [part.text for part in words.statements if part.topic == "overall"]
    others = [part.text for part in words.statements if part.topic != "overall"]
    if overall:
        yield Paragraph(prose(" ".join(overall)), "lead")
    if others:
        yield BulletList(tuple(prose(unbroken(text)) for text in others))
    if words.sources:
        yield Paragraph(
            prose(f"Words for sizes follow a rule of thumb: {'; '.join(words.sources)}."), "small"
        )


def _shortfalls(result: GapResult) -> Iterator[Block]:
    known = result.dimensions[result.dimensions["gap"].notna()]
    unknown = result.dimensions[result.dimensions["gap"].isna()]
    # Points that are known for some dimensions only would leave the others out of the ranking.
    weighted = bool(len(known) and known["weighted_gap"].notna().all())
    order = "weighted_gap" if weighted else "gap"
    worst = known[known["gap"] < 0].sort_values(order, kind="stable").head(_SHOWN)
    if len(worst):
        rows = tuple(_shortfall(row, weighted) for _, row in worst.iterrows())
        yield BulletList(rows, ordered=True)
        yield Paragraph(prose(_how_ranked(known, weighted)), "small")
    elif unknown.empty:
        yield Paragraph(prose("No dimension falls short: no gap is negative."))
    elif len(known):
        yield Paragraph(prose("No dimension whose gap is known falls short."))
    if len(unknown):
        names = shorten(row["label"] or row["dimension"] for _, row in unknown.iterrows())
        yield Paragraph(
            prose(f"Not known, because nobody answered enough of both sides: the gap of {names}.")
        )


def _how_ranked(known: pd.DataFrame, weighted: bool) -> str:
    if weighted:
        return (
            "Ranked by importance points × gap: what each dimension takes from the weighted "
            "overall score."
        )
    if known["weight"].isna().all():
        return "Ranked by the gap itself, because no importance points were given."
    return (
        "Ranked by the gap itself, because importance points do not go with the gap of every "
        "dimension."
    )


def _shortfall(row: pd.Series, weighted: bool) -> Prose:
    between = interval(row["conf_low"], row["conf_high"])
    limits = "" if between == "–" else f" {between}"
    text = f": gap {two(row['gap'])}{limits}"
    if weighted:
        points, part = format_number(row["weight"], 0), two(row["weighted_gap"])
        text += f", {points} of 100 points, so {part} of the weighted score"
    return prose(strong(str(row["label"] or row["dimension"])), text)


# ---- one side ------------------------------------------------------------------------------------


def _of_levels(material: Material, result: LevelResult) -> Headline:
    row = result.overall.iloc[0]
    n_obs = int(row["n"])
    name = SIDE_NAMES[result.side]
    scale = material.survey.instrument.scale
    ordered = result.dimensions[result.dimensions["n"] > 0].sort_values("mean", kind="stable")
    lowest = [
        prose(
            strong(str(part["label"])),
            f": mean {two(part['mean'])} {interval(part['conf_low'], part['conf_high'])}",
        )
        for _, part in ordered.head(_SHOWN).iterrows()
    ]
    said: tuple[Block, ...] = (
        Subheading("In plain words"),
        Paragraph(
            prose(
                f"On average, respondents put the {name.lower()} at {two(row['mean'])} on a scale "
                f"from {scale.minimum:g} to {scale.maximum:g}."
            ),
            "lead",
        ),
        Paragraph(
            prose(
                "Only one side was asked, so there are no gaps: this report shows means, which "
                "say nothing about how they compare with what respondents expected."
            )
        ),
    )
    worst: tuple[Block, ...] = (
        Subheading("Lowest dimensions"),
        BulletList(tuple(lowest), ordered=True),
    )
    return Headline(
        label=f"Overall {name.lower()} on the {scale_text(material)}",
        number=two(row["mean"]),
        interval=_interval_text(row, material.settings.conf_level, n_obs),
        strip=_strip(material, (name,), (row["mean"],)),
        respondents=_respondents(material, n_obs),
        columns=(said, worst),
    )


def _strip(material: Material, names: tuple[str, ...], values: tuple[float, ...]) -> Strip | None:
    if not all(math.isfinite(value) for value in values):
        return None
    scale = material.survey.instrument.scale
    marks = [
        Mark(
            name=name,
            value=two(value),
            place=round(100.0 * (value - scale.minimum) / scale.width, 2),
            role="subject" if place == 0 else "standard",
            above=place == 0,
        )
        for place, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    return Strip(format_tick(scale.minimum), format_tick(scale.maximum), tuple(marks))
