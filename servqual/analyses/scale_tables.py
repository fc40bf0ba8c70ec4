"""Tables of scales and of their items, from the covariances of the items."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servqual.errors import (
    ConvergenceError,
    EstimationError,
    NotIdentifiedError,
    ServqualWarning,
    shorten,
)
from servqual.numerics.extraction import maximum_likelihood_factors
from servqual.numerics.omega import OmegaTotal, omega_total_interval
from servqual.numerics.reliability import item_statistics, scale_reliability_statistics
from servqual.numerics.split_halves import MOST_ITEMS
from servqual.results import format_number
from servqual.samplestats.moments import Moments
from servqual.samplestats.pairwise import PairwiseMoments
from servqual.survey.survey import Survey
from servqual.typing import FloatArray, Missing

#: Name of the scale of all items.
OVERALL = "overall"


@dataclass(frozen=True, slots=True)
class ScaleItems:
    """A scale and its items, as tables name them.

    Attributes
    ----------
    scale, label : str
        Short and long name of the scale.
    variables : tuple of str
        Under which the data know the items.
    numbers, keys, labels : tuple
        What tables call the items.
    """

    scale: str
    label: str
    variables: tuple[str, ...]
    numbers: tuple[object, ...]
    keys: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScaleAnswers:
    """What is known of the items of one scale.

    Attributes
    ----------
    covariance : FloatArray, shape (k, k)
        Covariances, or correlations where that is all there is.
    mean, deviation : FloatArray, shape (k,)
        Of the answers.
    n_obs : int
        Respondents.
    simple : bool
        Whether these are the covariances of a simple random sample, for which intervals are known.
    """

    covariance: FloatArray
    mean: FloatArray
    deviation: FloatArray
    n_obs: int
    simple: bool

    @classmethod
    def of(cls, moments: Moments | PairwiseMoments) -> ScaleAnswers:
        """Take what the moments of the items tell."""
        covariance = moments.covariance()
        return cls(
            covariance,
            moments.mean,
            np.sqrt(np.diag(covariance)),
            n_obs_of(moments),
            moments.weight_kind != "sampling",
        )

    def select(self, index: Sequence[int]) -> ScaleAnswers:
        """Keep some of the items."""
        places = list(index)
        block = self.covariance[np.ix_(places, places)]
        return ScaleAnswers(
            block, self.mean[places], self.deviation[places], self.n_obs, self.simple
        )


def collect(
    survey: Survey, variables: Sequence[str], missing: Missing
) -> Moments | PairwiseMoments:
    """Ask a survey for the moments of some variables.

    Parameters
    ----------
    survey : Survey
        Whose answers.
    variables : sequence of str
        Which.
    missing : {"listwise", "pairwise"}
        Which respondents count.

    Returns
    -------
    Moments or PairwiseMoments
    """
    if missing == "pairwise":
        return survey.moments(variables, missing="pairwise")
    return survey.moments(variables)


def n_obs_of(moments: Moments | PairwiseMoments) -> int:
    """Count the respondents behind moments; of pairs, the smallest number.

    Parameters
    ----------
    moments : Moments or PairwiseMoments
        Whose respondents.

    Returns
    -------
    int
    """
    return moments.n_obs if isinstance(moments, Moments) else moments.n_pairs_min


def scale_tables(
    parts: Sequence[ScaleItems],
    answers: Sequence[ScaleAnswers],
    conf_level: float,
    notes: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the tables of the scales and of their items.

    Parameters
    ----------
    parts : sequence of ScaleItems
        The scales.
    answers : sequence of ScaleAnswers
        What is known of the items of each.
    conf_level : float
        Coverage of the intervals.
    notes : list of str
        To which is added what could not be computed, and why.

    Returns
    -------
    scales, items : DataFrame
        As `ReliabilityResult` has them.

    Warns
    -----
    ServqualWarning
        If an item correlates negatively with the rest of its scale.
    """
    rows = [
        _scale_row(part, own, conf_level, notes) for part, own in zip(parts, answers, strict=True)
    ]
    items = pd.concat(
        [_item_rows(part, own) for part, own in zip(parts, answers, strict=True)],
        ignore_index=True,
    )
    _warn_of_negative(items)
    return pd.DataFrame(rows), items


def _scale_row(
    part: ScaleItems, answers: ScaleAnswers, conf_level: float, notes: list[str]
) -> dict[str, object]:
    covariance, n_obs = answers.covariance, answers.n_obs
    # Feldt's distribution and the information matrix of omega hold for simple random samples only.
    simple = answers.simple
    notes += _notes_on_scale(part, covariance, n_obs)
    statistics = scale_reliability_statistics(
        covariance, n_obs if simple else np.nan, conf_level=conf_level
    )
    omega = _omega(part, covariance, n_obs if simple else np.nan, conf_level, notes)
    return {
        "scale": part.scale,
        "label": part.label,
        "n_items": len(part.variables),
        "n": n_obs,
        "mean_r": statistics.mean_r,
        "alpha": statistics.alpha,
        "alpha_low": statistics.alpha_low,
        "alpha_high": statistics.alpha_high,
        "alpha_std": statistics.alpha_std,
        "omega": omega.estimate,
        "omega_low": omega.conf_low,
        "omega_high": omega.conf_high,
        "lambda2": statistics.lambda2,
        "lambda6": statistics.lambda6,
        "split_half": statistics.split_half,
        "split_half_mean": statistics.split_half_mean,
        "split_half_minimum": statistics.split_half_minimum,
        "split_half_maximum": statistics.split_half_maximum,
    }


def _notes_on_scale(part: ScaleItems, covariance: FloatArray, n_obs: float) -> list[str]:
    """Say why coefficients of a scale are nan, as far as its items are the reason."""
    if n_obs < 2:
        return [
            f"Nothing can be computed for {part.scale}: fewer than two respondents answered all "
            "of its items."
        ]
    if len(part.variables) == 1:
        return [f"{part.scale} has one item, and a single item has no reliability coefficients."]
    constant = np.flatnonzero(~(np.diag(covariance) > 0))
    if constant.size:
        listed = shorten([part.numbers[place] for place in constant])
        return [
            f"Every respondent gave the same answer to these items of {part.scale}: {listed}. "
            "What rests on correlations between items is nan there."
        ]
    if len(part.variables) > MOST_ITEMS:
        return [
            f"{part.scale} has {len(part.variables)} items, too many to split in every way: the "
            "worst and the best split into halves are those of 10,000 random ones."
        ]
    return []


def _omega(
    part: ScaleItems, covariance: FloatArray, n_obs: float, conf_level: float, notes: list[str]
) -> OmegaTotal:
    nan = float("nan")
    if len(part.variables) == 2:
        notes.append(
            f"Omega of {part.scale} is nan: a one-factor model needs at least three items, and it "
            "has two."
        )
    if len(part.variables) < 3 or not (np.diag(covariance) > 0).all():
        return OmegaTotal(nan, nan, nan, nan)
    try:
        factor = maximum_likelihood_factors(covariance, 1)
    except (NotIdentifiedError, ConvergenceError, EstimationError) as error:
        notes.append(f"Omega of {part.scale} is nan: {error}")
        return OmegaTotal(nan, nan, nan, nan)
    if factor.heywood.any():
        notes.append(
            f"The one-factor model of {part.scale} has an item without unique variance (a Heywood "
            "case), so omega has no interval there."
        )
    return omega_total_interval(
        factor.loadings,
        factor.uniquenesses,
        n_obs,
        conf_level=conf_level,
        heywood=factor.heywood,
    )


def _item_rows(part: ScaleItems, answers: ScaleAnswers) -> pd.DataFrame:
    statistics = item_statistics(answers.covariance)
    return pd.DataFrame(
        {
            "scale": part.scale,
            "item": list(part.numbers),
            "key": list(part.keys),
            "label": list(part.labels),
            "n": answers.n_obs,
            "mean": answers.mean,
            "sd": answers.deviation,
            "item_rest_r": statistics.item_rest_r,
            "alpha_if_deleted": statistics.alpha_if_deleted,
        }
    )


def _warn_of_negative(items: pd.DataFrame) -> None:
    own = items[items["scale"] != OVERALL]
    negative = own[own["item_rest_r"] < 0]
    if len(negative):
        listed = [
            f"{item} ({format_number(r, 2)})"
            for item, r in zip(negative["item"], negative["item_rest_r"], strict=True)
        ]
        warnings.warn(
            "These items correlate negatively with the rest of their dimension: "
            f"{shorten(listed)}. Look whether they have to be reversed before anything else is "
            "done with them.",
            ServqualWarning,
            stacklevel=5,
        )
