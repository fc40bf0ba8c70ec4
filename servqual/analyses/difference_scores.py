"""Reliability of gaps as differences of measured scores, and of the mean of all dimensions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servqual.analyses.scale_tables import OVERALL, ScaleItems, collect, n_obs_of
from servqual.errors import shorten
from servqual.numerics.difference_score import (
    difference_reliability,
    linear_composite_reliability,
)
from servqual.numerics.reliability import cronbach_alpha
from servqual.survey.survey import Survey
from servqual.typing import Missing, On, Side

DIFFERENCE_COLUMNS = [
    "dimension",
    "label",
    "n",
    "sd_perception",
    "sd_expectation",
    "reliability_perception",
    "reliability_expectation",
    "r_pe",
    "reliability_difference",
    "alpha_difference",
]


def difference_table(
    survey: Survey,
    sides: tuple[Side, Side],
    parts: list[ScaleItems],
    scales: pd.DataFrame,
    missing: Missing,
) -> pd.DataFrame:
    """Make the table of difference scores, with the reliability that follows from their parts.

    Parameters
    ----------
    survey : Survey
        The survey.
    sides : tuple of str
        Minuend and subtrahend.
    parts : list of ScaleItems
        The scales.
    scales : DataFrame
        Reliability of the items' differences.
    missing : {"listwise", "pairwise"}
        Which respondents count.

    Returns
    -------
    DataFrame
        As `ReliabilityResult.differences`.
    """
    rows = []
    for part in parts:
        if part.scale == OVERALL:
            continue
        size = len(part.numbers)
        names = [f"{side}:{number}" for side in sides for number in part.numbers]
        moments = collect(survey, names, missing)
        covariance = moments.covariance()
        first, second = covariance[:size, :size], covariance[size:, size:]
        averaging = np.kron(np.eye(2), np.full((1, size), 1.0 / size))
        scores = averaging @ covariance @ averaging.T
        variances = np.diag(scores)
        # Rounding errors of a side without variance, which can be negative, are none.
        flat = variances <= 1e-12 * np.trace(covariance)
        deviations = np.sqrt(np.where(flat, 0.0, variances))
        product = deviations[0] * deviations[1]
        r_pe = float(scores[0, 1] / product) if product > 0 else float("nan")
        alphas = cronbach_alpha(first), cronbach_alpha(second)
        rows.append(
            {
                "dimension": part.scale,
                "label": part.label,
                "n": n_obs_of(moments),
                "sd_perception": deviations[0],
                "sd_expectation": deviations[1],
                "reliability_perception": alphas[0],
                "reliability_expectation": alphas[1],
                "r_pe": r_pe,
                "reliability_difference": float(
                    difference_reliability(scores[0, 0], scores[1, 1], *alphas, r_pe)
                ),
                "alpha_difference": float(
                    scales.loc[scales["scale"] == part.scale, "alpha"].iloc[0]
                ),
            }
        )
    return pd.DataFrame(rows, columns=DIFFERENCE_COLUMNS)


def notes_on_differences(differences: pd.DataFrame, sides: tuple[Side, Side]) -> list[str]:
    """Say why the correlation of the two sides is nan.

    Parameters
    ----------
    differences : DataFrame
        As `difference_table` makes it.
    sides : tuple of str
        Minuend and subtrahend.

    Returns
    -------
    list of str
    """
    flat = differences[(differences["n"] >= 2) & differences["r_pe"].isna()]
    if flat.empty:
        return []
    return [
        f"The score of {' or '.join(sides)} is the same for all respondents in "
        f"{shorten(flat['dimension'])}, so the correlation of the two sides and the reliability of "
        "the difference from its parts are nan there."
    ]


def composite_reliability(
    survey: Survey, on: On, parts: list[ScaleItems], missing: Missing
) -> float:
    """Reliability of the overall score (the mean of the dimension scores) as a linear composite.

    Parameters
    ----------
    survey : Survey
        The survey.
    on : str
        Side or difference.
    parts : list of ScaleItems
        The scales.
    missing : {"listwise", "pairwise"}
        Which respondents count.

    Returns
    -------
    float
        nan with fewer than two scales.
    """
    own = [part for part in parts if part.scale != OVERALL]
    if len(own) < 2:
        return float("nan")
    items = [number for part in own for number in part.numbers]
    # Variances and alphas of the same respondents: one formula must not mix two samples.
    covariance = collect(survey, [f"{on}:{number}" for number in items], missing).covariance()
    averaging = np.array(
        [[(number in part.numbers) / len(part.numbers) for number in items] for part in own]
    )
    scores = averaging @ covariance @ averaging.T
    alphas = [cronbach_alpha(covariance[np.ix_(row > 0, row > 0)]) for row in averaging]
    return float(linear_composite_reliability(np.diag(scores), alphas, float(scores.sum())))
