"""Which respondents count as low and as high on a score: the rule, the cut points, the groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from servqual.analyses.predictors import ModelVariables
from servqual.errors import OptionError
from servqual.numerics.contrast_coding import tail_cuts
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import (
    DIFFERENCES,
    BoolArray,
    ContrastCoding,
    FloatArray,
    IntArray,
    On,
    check_option,
)

__all__ = ["CodingRule", "ContrastGroups", "coding_rule", "contrast_groups"]

#: Scores this close to a cut point are at it.
_SAME = 1e-9

_DEFAULT_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class CodingRule:
    """How scores are turned into a low, a middle and a high group.

    Attributes
    ----------
    coding : str
        Kind of rule.
    share : float
        Share of respondents in each tail, for ``"quantile"``; else nan.
    low, high : float
        Cut points for ``"scale"``; else nan.
    """

    coding: ContrastCoding
    share: float = np.nan
    low: float = np.nan
    high: float = np.nan

    @property
    def words(self) -> str:
        """The rule, for a sentence."""
        if self.coding == "quantile":
            return (
                f"low is the lowest {self.share:.0%} of the respondents, high the highest "
                f"{self.share:.0%}, as near as repeated scores allow"
            )
        if self.coding == "scale":
            return f"low is {self.low:g} or less, high is {self.high:g} or more"
        if self.coding == "sd":
            return "low is a standard deviation or more below the mean, high as much above it"
        return "low is a score below zero, high a score above it"

    def cuts(self, scores: FloatArray, weights: FloatArray | None, spread: float) -> FloatArray:
        """Cut points of one variable.

        Parameters
        ----------
        scores : FloatArray, shape (n,)
            Complete scores.
        weights : FloatArray or None, shape (n,)
            Weights.
        spread : float
            Standard deviation of the scores.

        Returns
        -------
        FloatArray, shape (2,)
            The low and the high one; nan where scores take too few values for the rule.
        """
        if self.coding == "quantile":
            found = tail_cuts(scores, self.share, weights)
            return np.array([found.low, found.high])
        if self.coding == "scale":
            return np.array([self.low, self.high])
        if self.coding == "sd":
            mean = float(np.average(scores, weights=weights))
            return np.array([mean - spread, mean + spread]) if spread > 0 else np.full(2, np.nan)
        return np.zeros(2)


@dataclass(frozen=True, slots=True, eq=False)
class ContrastGroups:
    """Groups of complete respondents on several variables.

    Attributes
    ----------
    codes : IntArray, shape (n_respondents, n_variables)
        −1 for low, 0 for the middle, 1 for high.
    cells : DataFrame
        term, label, low_cut, high_cut, n_low, n_middle, n_high, share_low, share_middle,
        share_high.
    """

    codes: IntArray
    cells: pd.DataFrame


def coding_rule(
    survey: Survey,
    on: On,
    coding: ContrastCoding,
    share: float | None,
    low: float | None,
    high: float | None,
) -> CodingRule:
    """Check a rule and fill in what was left out.

    Parameters
    ----------
    survey : Survey
        Whose answer scale it is.
    on : str
        Side or difference whose scores are coded.
    coding : str
        Kind of rule.
    share : float or None
        Share of each tail, for ``"quantile"``.
    low, high : float or None
        Cut points, for ``"scale"``.

    Returns
    -------
    CodingRule

    Raises
    ------
    OptionError
        If one of them is not possible, or does not belong to the rule.
    """
    check_option("coding", coding, ContrastCoding)
    check_option("on", on, On)
    if share is not None and coding != "quantile":
        raise OptionError(
            f'`share` belongs to `coding="quantile"`, but `coding` is "{coding}". Leave one of '
            "them out."
        )
    if (low is not None or high is not None) and coding != "scale":
        raise OptionError(
            f'`low` and `high` belong to `coding="scale"`, but `coding` is "{coding}". Leave them '
            'out, or use `coding="scale"`.'
        )
    if coding == "quantile":
        return CodingRule(coding, share=_checked_share(share))
    if coding == "scale":
        return _scale_rule(survey, on, low, high)
    if coding == "gap-sign" and on not in DIFFERENCES:
        raise OptionError(
            f'`coding="gap-sign"` needs scores that may be negative, but `on` is "{on}". Use '
            '`on="gap"`, or another `coding`.'
        )
    return CodingRule(coding)


def _is_number(value: object) -> bool:
    return (
        isinstance(value, (int, float, np.integer, np.floating))
        and not isinstance(value, bool)
        and bool(np.isfinite(value))
    )


def _checked_share(share: float | None) -> float:
    if share is None:
        return _DEFAULT_SHARE
    if not _is_number(share) or not 0.0 < share < 0.5:
        raise OptionError(
            f"`share` is {share!r}, but must be a number between 0 and 0.5, such as 0.25: the "
            "share of respondents in the low group, and in the high one."
        )
    return float(share)


def _scale_rule(survey: Survey, on: On, low: float | None, high: float | None) -> CodingRule:
    if on in DIFFERENCES and (low is None or high is None):
        raise OptionError(
            f'`coding="scale"` with `on="{on}"` needs `low` and `high`: a difference has no '
            "middle third that would mean anything. Give both, such as `low=-1, high=0`, or use "
            '`coding="gap-sign"`.'
        )
    scale = survey.instrument.scale
    third = (scale.maximum - scale.minimum) / 3.0
    cuts = []
    for name, value, default in (
        ("low", low, scale.minimum + third),
        ("high", high, scale.maximum - third),
    ):
        chosen = default if value is None else value
        if not _is_number(chosen):
            raise OptionError(
                f"`{name}` is {value!r}, but must be a number on the answer scale, such as "
                f"{default:g}."
            )
        cuts.append(float(chosen))
    if not cuts[0] < cuts[1]:
        raise OptionError(
            f"`low` is {cuts[0]:g} and `high` is {cuts[1]:g}, but `low` must be below `high`: who "
            "has `low` or less is in the low group, who has `high` or more in the high one."
        )
    return CodingRule("scale", low=cuts[0], high=cuts[1])


def contrast_groups(
    survey: Survey,
    variables: ModelVariables,
    scores: FloatArray,
    keep: BoolArray,
    rule: CodingRule,
) -> ContrastGroups:
    """Put complete respondents into groups, and count them.

    Parameters
    ----------
    survey : Survey
        Whose weights count.
    variables : ModelVariables
        Names of the scores.
    scores : FloatArray, shape (n_complete, n_variables)
        Scores of complete respondents.
    keep : BoolArray, shape (n_respondents,)
        Which respondents these are.
    rule : CodingRule
        What is low and what is high.

    Returns
    -------
    ContrastGroups
    """
    weights = None if survey.weights is None else survey.weights[keep]
    spread = Moments.collect(
        scores, weights=weights, weight_kind=survey.weight_kind
    ).standard_deviation()
    cuts = np.array(
        [rule.cuts(column, weights, spread[place]) for place, column in enumerate(scores.T)]
    )
    codes = _codes(scores, cuts, strict=rule.coding == "gap-sign")
    mass = np.ones(len(scores)) if weights is None else weights
    counted = mass if survey.weight_kind == "frequency" else np.ones(len(scores))
    table: dict[str, object] = {
        "term": list(variables.terms),
        "label": list(variables.labels),
        "low_cut": cuts[:, 0],
        "high_cut": cuts[:, 1],
    }
    groups = {"low": codes < 0, "middle": codes == 0, "high": codes > 0}
    for name, members in groups.items():
        table[f"n_{name}"] = np.rint(counted @ members).astype(np.int64)
    for name, members in groups.items():
        table[f"share_{name}"] = (mass @ members) / mass.sum()
    return ContrastGroups(codes, pd.DataFrame(table))


def _codes(scores: FloatArray, cuts: FloatArray, *, strict: bool) -> IntArray:
    # A score at its cut point belongs to the group, except at zero, which is neither sign.
    slack = -_SAME if strict else _SAME
    below = scores <= cuts[:, 0] + slack
    above = scores >= cuts[:, 1] - slack
    codes: IntArray = above.astype(np.int64) - below.astype(np.int64)
    return codes
