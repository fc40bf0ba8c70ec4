"""Expectations or perceptions, and the chain from quality over satisfaction to other outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from servqual.analyses.compare_measures import MeasureComparisonResult
from servqual.analyses.mediation import MediationResult
from servqual.analyses.response_surface import ResponseSurfaceResult
from servqual.plots.mediation import plot_mediation
from servqual.plots.response_surface import plot_response_surface
from servqual.reporting.blocks import (
    Absent,
    Block,
    Figure,
    Subheading,
    Table,
    number_column,
    prose,
    rows_of,
    symbol,
    text_column,
)
from servqual.reporting.figures import WIDE, WIDTH, draw_sized
from servqual.reporting.material import Driver
from servqual.reporting.sections.common import remarks, said_by, words_of
from servqual.reporting.words import interval, level, percent, two, whole
from servqual.results import format_number, format_p

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_EFFECTS = {
    "a": "Quality to satisfaction",
    "b": "Satisfaction to outcome",
    "direct": "Direct",
    "indirect": "Through satisfaction",
    "total": "Total",
}


def both_sides(driver: Driver) -> Iterator[Block]:
    """Gaps against perceptions alone, and the surface over both.

    Parameters
    ----------
    driver : Driver
        What goes with one outcome.

    Yields
    ------
    Block
        None where only one side was asked.
    """
    if driver.measures is None or driver.surface is None:
        return
    yield Subheading(f"Gaps or perceptions alone, for {driver.outcome}?")
    if driver.measures.value is None:
        yield Absent("The comparison of measures is not shown", driver.measures.reason)
    else:
        yield from words_of(driver.measures.value.interpret())
        yield _measures(driver.measures.value)
    if driver.surface.value is None:
        reason = driver.surface.reason
        yield Absent("The response surface is not shown", reason)
    else:
        yield from words_of(driver.surface.value.interpret())
        yield _map(driver.surface.value)
        yield _parameters(driver.surface.value)
    yield from remarks(said_by(driver.measures), said_by(driver.surface))


def _measures(result: MeasureComparisonResult) -> Table:
    best = {
        (row["first"], row["second"]): row["p_adjusted"] for row in result.tests.to_dict("records")
    }
    leader = str(result.measures.sort_values("r_squared", ascending=False)["measure"].iloc[0])
    rows = []
    for row in result.measures.to_dict("records"):
        name = str(row["measure"])
        against = best.get((leader, name), best.get((name, leader), float("nan")))
        rows.append(
            [
                name,
                two(row["r"]),
                two(row["r_squared"]),
                interval(row["r_squared_low"], row["r_squared_high"]),
                two(row["cv_r_squared"]),
                percent(row["p_best"]),
                "–" if name == leader else format_p(against),
            ]
        )
    return Table(
        f"Measures of quality against {result.outcome}",
        (
            text_column("Measure"),
            number_column(symbol("r")),
            number_column(symbol("R"), "²"),
            number_column(f"{level(result.conf_level)} CI"),
            number_column("Cross-validated"),
            number_column("Best in"),
            number_column(symbol("p"), " against the best"),
        ),
        (rows_of(rows),),
        prose(
            symbol("n"),
            f" = {whole(result.sample.n_obs)}, the same for all. SERVQUAL: P − E; SERVPERF: P; "
            "weighted: by each respondent's importance points. Tests: Williams' ",
            symbol("t"),
            f", Holm. Cross-validated: {result.n_folds} folds, repeated {result.n_repeats} times. "
            "Best in: share of the bootstrap resamples.",
        ),
    )


def _map(result: ResponseSurfaceResult) -> Figure:
    def draw_on(axes: Axes) -> None:
        plot_response_surface(result, ax=axes)

    return Figure(
        draw_sized(draw_on, width=WIDTH, height=4.7),
        f"{result.outcome} over perception and expectation. The outline holds all answers; where "
        "the map is pale, nobody answered.",
        "Contour map; its parameters stand in the table below.",
    )


def _parameters(result: ResponseSurfaceResult) -> Table:
    rows = [
        [
            str(row["term"]),
            str(row["label"]),
            two(row["estimate"]),
            two(row["std_error"]),
            interval(row["conf_low"], row["conf_high"]),
            format_p(row["p_value"]),
        ]
        for row in result.tidy().to_dict("records")
    ]
    return Table(
        f"Response surface of {result.outcome}",
        (
            text_column("Parameter"),
            text_column("Meaning"),
            number_column("Estimate"),
            number_column(symbol("SE")),
            number_column(f"{level(result.conf_level)} CI"),
            number_column(symbol("p")),
        ),
        (rows_of(rows),),
        prose(
            f"Both sides centred at {format_number(result.centre, 1)}; standard errors "
            f"{result.covariance}; ",
            symbol("R"),
            f"² = {two(result.r_squared)}.",
        ),
    )


def chain(driver: Driver) -> Iterator[Block]:
    """What of an outcome's link with quality runs through satisfaction.

    Parameters
    ----------
    driver : Driver
        What goes with one outcome.

    Yields
    ------
    Block
        None for satisfaction itself, or where it was not asked.
    """
    if driver.chain is None:
        return
    yield Subheading(f"From quality through satisfaction to {driver.outcome}")
    result = driver.chain.value
    if result is None:
        yield Absent("The chain is not shown", driver.chain.reason)
        return
    yield from words_of(result.interpret())
    yield _diagram(result)
    yield _effects(result)
    yield from remarks(said_by(driver.chain))


def _diagram(result: MediationResult) -> Figure:
    def draw_on(axes: Axes) -> None:
        plot_mediation(result, ax=axes)

    return Figure(
        draw_sized(draw_on, width=WIDE, height=3.2),
        "Coefficients along the arrows; dashed where the interval includes zero.",
        "Diagram of the chain; its coefficients stand in the table below.",
        "wide",
    )


def _effects(result: MediationResult) -> Table:
    rows = [
        [
            _EFFECTS.get(str(row["term"]), str(row["term"])),
            two(row["estimate"]),
            interval(row["conf_low"], row["conf_high"]),
            format_p(row["p_value"]),
            percent(row["share_of_total"]),
        ]
        for row in result.tidy().to_dict("records")
    ]
    return Table(
        f"Effects on {result.outcome}",
        (
            text_column("Effect"),
            number_column("Estimate"),
            number_column(f"{level(result.conf_level)} CI"),
            number_column(symbol("p")),
            number_column("Share of total"),
        ),
        (rows_of(rows),),
        prose(
            symbol("n"),
            f" = {whole(result.sample.n_obs)}. The interval of the indirect effect: ",
            f"bootstrap percentiles, {whole(result.n_resamples)} resamples."
            if result.n_resamples
            else "Sobel's, by normal theory.",
        ),
    )
