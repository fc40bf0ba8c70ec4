"""Whether a bad dimension costs an outcome more than a good one earns it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from servqual.analyses.penalty_reward import PenaltyRewardResult
from servqual.plots.penalty_reward import plot_penalty_reward
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def asymmetry(driver: Driver) -> Iterator[Block]:
    """Penalties and rewards of the dimensions.

    Parameters
    ----------
    driver : Driver
        What goes with one outcome.

    Yields
    ------
    Block
    """
    yield Subheading(f"Penalties and rewards: {driver.outcome}")
    result = driver.asymmetry.value
    if result is None:
        yield Absent("Penalties and rewards are not shown", driver.asymmetry.reason)
        return
    words = result.interpret()
    yield Paragraph(prose(words.statements[0].text))
    yield _picture(result)
    yield _table(result)
    if words.sources:
        yield Paragraph(prose(f"Rules of thumb: {'; '.join(words.sources)}."), "small")
    yield from remarks(said_by(driver.asymmetry))


def _picture(result: PenaltyRewardResult) -> Figure:
    def draw_on(axes: Axes) -> None:
        plot_penalty_reward(result, ax=axes)

    table = result.asymmetry.to_dict("records")
    spoken = "; ".join(
        f"{row['label']}: penalty {two(row['penalty'])}, reward {two(row['reward'])}"
        for row in table
    )
    return Figure(
        draw(draw_on, [str(row["label"]) for row in table]),
        f"What the lowest scores of a dimension cost {result.outcome}, and what the highest earn.",
        f"Bar chart. {spoken}.",
    )


def _table(result: PenaltyRewardResult) -> Table:
    parts = {(row["term"], row["kind"]): row for row in result.tidy().to_dict(orient="records")}
    rows = []
    for row in result.asymmetry.to_dict(orient="records"):
        penalty, reward = parts[row["term"], "penalty"], parts[row["term"], "reward"]
        certainty = float(row["class_probability"])
        rows.append(
            [
                str(row["label"]),
                two(penalty["estimate"]),
                interval(penalty["conf_low"], penalty["conf_high"]),
                two(reward["estimate"]),
                interval(reward["conf_low"], reward["conf_high"]),
                two(row["impact_asymmetry"]),
                interval(row["conf_low"], row["conf_high"]),
                str(row["class"]) or "–",
                percent(certainty) if np.isfinite(certainty) else "–",
            ]
        )
    coverage = f"{level(result.conf_level)} CI"
    return Table(
        f"Penalties and rewards for {result.outcome}",
        (
            text_column("Dimension"),
            number_column("Penalty"),
            number_column(coverage),
            number_column("Reward"),
            number_column(coverage),
            number_column("Asymmetry"),
            number_column(coverage),
            text_column("Class"),
            number_column("Certainty"),
        ),
        (rows_of(rows),),
        prose(
            "Regression of the outcome on belonging to the lowest and to the highest scores of "
            "each dimension, against those between. Asymmetry: −1 where a dimension only costs, 1 "
            "where it only earns; none where a sign is wrong (class indeterminate). Certainty: "
            "share of the bootstrap resamples in the same class."
        ),
    )
