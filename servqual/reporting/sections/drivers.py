"""Drivers: what goes with each outcome, what matters most for it, and through what it works."""

from __future__ import annotations

from collections.abc import Iterator

from servqual.analyses.regression import RegressionResult
from servqual.analyses.relative_importance import ImportanceResult
from servqual.plots.importance import plot_importance
from servqual.reporting.blocks import (
    Absent,
    Block,
    BulletList,
    Figure,
    Paragraph,
    Prose,
    Section,
    Subheading,
    Table,
    number_column,
    prose,
    rows_of,
    symbol,
    text_column,
)
from servqual.reporting.figures import draw
from servqual.reporting.material import Driver, Material
from servqual.reporting.sections.asymmetry import asymmetry
from servqual.reporting.sections.common import remarks, said_by
from servqual.reporting.sections.improvement import improvement
from servqual.reporting.sections.links import both_sides, chain
from servqual.reporting.words import (
    ON_NAMES,
    degrees,
    interval,
    level,
    p_prose,
    percent,
    two,
    whole,
)
from servqual.results import format_number, format_p
from servqual.typing import On


def drivers(material: Material) -> Section:
    """Write the section.

    Parameters
    ----------
    material : Material
        Results.

    Returns
    -------
    Section
    """
    blocks = [block for driver in material.drivers for block in _of_outcome(driver, material.on)]
    if not blocks:
        reason = (
            "No outcome such as satisfaction or loyalty was declared in this survey."
            if not material.survey.outcomes
            else "The report was asked to leave the outcomes out."
        )
        blocks = [Absent("Drivers are not shown", reason)]
    return Section(
        "drivers", "Drivers of each outcome", tuple(blocks), new_page=bool(material.drivers)
    )


def _of_outcome(driver: Driver, on: On) -> Iterator[Block]:
    yield Subheading(f"Outcome: {driver.outcome}")
    fit, importance = driver.regression, driver.importance
    if fit.value is None:
        yield Absent(f"The regression of {driver.outcome} is not shown", fit.reason)
    else:
        yield from _reading(fit.value)
        yield _coefficients(fit.value, on)
    if importance.value is None:
        # One cause usually stops both; it is told once.
        reason = importance.reason if importance.reason != fit.reason else "See above."
        yield Absent(f"The relative importance for {driver.outcome} is not shown", reason)
    else:
        yield BulletList(
            tuple(prose(part.text) for part in importance.value.interpret().statements[1:])
        )
        yield _contributions(importance.value)
        yield _picture(importance.value)
    yield from remarks(said_by(fit), said_by(importance))
    yield from asymmetry(driver)
    yield from both_sides(driver)
    yield from chain(driver)
    yield from improvement(driver)


def _reading(result: RegressionResult) -> Iterator[Block]:
    words = result.interpret()
    first, *others = words.statements
    yield Paragraph(prose(first.text), "lead")
    # The report has the fair division right below, so the pointer to the function is not needed.
    texts = [
        part.text.replace(
            "see `relative_importance` for a fair division",
            "the relative importance below divides it fairly",
        )
        for part in others
    ]
    if texts:
        yield BulletList(tuple(prose(text) for text in texts))
    if words.sources:
        yield Paragraph(
            prose(f"Words for sizes follow a rule of thumb: {'; '.join(words.sources)}."), "small"
        )


def _coefficients(result: RegressionResult, on: On) -> Table:
    rows = [
        [
            str(row["label"]),
            two(row["estimate"]),
            two(row["std_error"]),
            interval(row["conf_low"], row["conf_high"]),
            two(row["statistic"]),
            format_p(row["p_value"]),
            two(row["beta"]),
            format_number(row["vif"], 1),
        ]
        for _, row in result.coefficients.iterrows()
    ]
    return Table(
        f"Regression of {result.outcome} on the dimensions ({ON_NAMES[on].lower()} scores)",
        (
            text_column("Predictor"),
            number_column(symbol("b")),
            number_column(symbol("SE")),
            number_column(f"{level(result.conf_level)} CI"),
            number_column(symbol("t")),
            number_column(symbol("p")),
            number_column("β"),
            number_column("VIF"),
        ),
        (rows_of(rows),),
        _fit_note(result),
    )


def _fit_note(result: RegressionResult) -> Prose:
    fit = result.fit.iloc[0]
    joint: Prose = prose(
        symbol("F"),
        f"({degrees(fit['df_model'])}, {degrees(fit['df_residual'])}) = "
        f"{two(fit['f_statistic'])}, ",
        *p_prose(fit["p_value"]),
    )
    return prose(
        symbol("n"),
        f" = {whole(result.sample.n_obs)}; ",
        symbol("R"),
        f"² = {two(fit['r_squared'])}, adjusted {two(fit['adj_r_squared'])}; ",
        *joint,
        f". Standard errors: {result.covariance}, which allow for unequal error variance. β: "
        "standardised coefficient; VIF: variance inflation factor.",
    )


def _contributions(result: ImportanceResult) -> Table:
    ordered = result.contributions.sort_values("rank", kind="stable")
    rows = [
        [
            str(row["label"]),
            whole(row["rank"]),
            _ranks(row["rank_low"], row["rank_high"]),
            format_number(row["estimate"], 3),
            interval(row["conf_low"], row["conf_high"], 3),
            percent(row["share"]),
            _percents(row["share_low"], row["share_high"]),
        ]
        for _, row in ordered.iterrows()
    ]
    coverage = f"{level(result.conf_level)} CI"
    return Table(
        f"Relative importance for {result.outcome} (LMG)",
        (
            text_column("Dimension"),
            number_column("Rank"),
            number_column(coverage),
            number_column(symbol("R"), "² part"),
            number_column(coverage),
            number_column("Share"),
            number_column(coverage),
        ),
        (rows_of(rows),),
        prose(
            symbol("n"),
            f" = {whole(result.sample.n_obs)}. The parts add up to ",
            symbol("R"),
            f"² = {format_number(result.r_squared, 3)}. ",
            f"Intervals: bootstrap percentiles, {whole(result.n_resamples)} resamples."
            if result.n_resamples
            else "There are no intervals.",
        ),
    )


def _ranks(low: float, high: float) -> str:
    text = f"{format_number(low, 0)} to {format_number(high, 0)}"
    return "–" if "–" in text else text


def _percents(low: float, high: float) -> str:
    text = f"[{percent(low)}, {percent(high)}]"
    return "–" if "–" in text else text


def _picture(result: ImportanceResult) -> Figure:
    table = result.contributions.sort_values("rank", kind="stable")
    spoken = ", ".join(
        f"{label} {percent(share)}"
        for label, share in zip(table["label"], table["share"], strict=True)
    )
    return Figure(
        draw(
            lambda axes: plot_importance(result, ax=axes), [str(label) for label in table["label"]]
        ),
        f"What each dimension contributes to the explained variance of {result.outcome}.",
        f"Bar chart of shares of the explained variance: {spoken}.",
    )
