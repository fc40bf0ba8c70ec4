"""Frames of relative importance: contributions, groups, conditional dominance, pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from servqual.analyses.importance_estimates import DECOMPOSITIONS, Contributions
from servqual.analyses.importance_model import ImportanceModel
from servqual.analyses.predictors import ModelVariables
from servqual.errors import EstimationError
from servqual.numerics.bootstrap import bca_interval, percentile_interval
from servqual.numerics.coalitions import compare_pairs
from servqual.typing import FloatArray, ImportanceMethod

__all__ = [
    "AGAINST_NOISE",
    "CONDITIONAL",
    "DOMINANCE",
    "GROUPS",
    "Inference",
    "against_noise_table",
    "conditional_table",
    "contributions_table",
    "dominance_table",
    "groups_table",
]

AGAINST_NOISE = ["term", "label", "method", "estimate", "conf_low", "conf_high"]
CONDITIONAL = ["term", "label", "size", "estimate", "conf_low", "conf_high"]
DOMINANCE = [
    "kind",
    "first",
    "second",
    "estimate",
    "mean",
    "std_error",
    "share_first",
    "share_second",
    "share_neither",
    "reproducibility",
]
GROUPS = [
    "group",
    "label",
    "method",
    "n_terms",
    "estimate",
    "share",
    "conf_low",
    "conf_high",
    "share_low",
    "share_high",
    "rank",
    "rank_low",
    "rank_high",
]


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """Estimates, and what their intervals are made of.

    Attributes
    ----------
    estimates : Contributions
        Of the one sample.
    draws : Contributions or None
        Of resamples; methods may be missing.
    left_out : Contributions or None
        After each respondent is left out, for BCa intervals.
    counts : FloatArray or None
        How many respondents each row of `left_out` stands for.
    conf_level : float
        Coverage.
    """

    estimates: Contributions
    draws: Contributions | None
    left_out: Contributions | None
    counts: FloatArray | None
    conf_level: float

    def of(
        self, method: ImportanceMethod, groups: Sequence[Sequence[int]] | None = None
    ) -> _Values:
        """Contributions by one method, summed within groups if there are some.

        Parameters
        ----------
        method : str
            One of the methods.
        groups : sequence of sequence of int, optional
            Places of the predictors of each group.

        Returns
        -------
        _Values
        """

        def taken(source: Contributions | None) -> FloatArray | None:
            if source is None or method not in source.by_method:
                return None
            values = source.by_method[method]
            if groups is None:
                return values
            return np.column_stack([values[:, list(group)].sum(axis=1) for group in groups])

        estimates = taken(self.estimates)
        if estimates is None:
            raise EstimationError(f'There are no contributions by "{method}".')
        return _Values(
            estimates[0], taken(self.draws), taken(self.left_out), self.counts, self.conf_level
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Values:
    """Contributions by one method: of the sample, of resamples, and without each respondent."""

    estimates: FloatArray
    draws: FloatArray | None
    left_out: FloatArray | None
    counts: FloatArray | None
    conf_level: float

    def limits(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limits of contributions."""
        return self._limits(self.estimates, self.draws, self.left_out)

    def limits_of_shares(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limits of shares of the sum."""
        left_out = None if self.left_out is None else _shares(self.left_out)
        draws = None if self.draws is None else _shares(self.draws)
        return self._limits(_shares(self.estimates[None, :])[0], draws, left_out)

    def limits_of_ranks(self) -> tuple[FloatArray, FloatArray]:
        """Percentiles of ranks, widened to whole places."""
        draws = None if self.draws is None else _ranks(self.draws)
        low, high = self._limits(self.estimates, draws, None)
        return np.floor(low), np.ceil(high)

    def columns(self) -> dict[str, FloatArray]:
        """Columns of a table: estimates, shares, ranks, and their limits."""
        (low, high), (share_low, share_high) = self.limits(), self.limits_of_shares()
        rank_low, rank_high = self.limits_of_ranks()
        return {
            "estimate": self.estimates,
            "share": _shares(self.estimates[None, :])[0],
            "conf_low": low,
            "conf_high": high,
            "share_low": share_low,
            "share_high": share_high,
            "rank": _ranks(self.estimates[None, :])[0],
            "rank_low": rank_low,
            "rank_high": rank_high,
        }

    def _limits(
        self, estimates: FloatArray, draws: FloatArray | None, left_out: FloatArray | None
    ) -> tuple[FloatArray, FloatArray]:
        if draws is None:
            nan = np.full(len(estimates), np.nan)
            return nan, nan
        if left_out is None:
            interval = percentile_interval(draws, self.conf_level)
        else:
            # One respondent less may leave a variable constant; she tells nothing about skewness.
            usable = np.isfinite(left_out).all(axis=1)
            counts = None if self.counts is None else self.counts[usable]
            interval = bca_interval(
                draws, estimates, left_out[usable], self.conf_level, counts=counts
            )
        return interval.low, interval.high


def contributions_table(
    model: ImportanceModel, inference: Inference, mc_error: FloatArray | None
) -> pd.DataFrame:
    """Contributions of the predictors, method after method.

    Parameters
    ----------
    model : ImportanceModel
        What was computed.
    inference : Inference
        Its numbers.
    mc_error : FloatArray or None
        Standard errors of sampled LMG shares.

    Returns
    -------
    DataFrame

    Raises
    ------
    EstimationError
        If the predictors explain nothing.
    """
    variables = model.variables
    group_of = {place: group.name for group in model.groups for place in group.places}
    parts = []
    for method in model.methods:
        values = inference.of(method)
        if not values.estimates.sum() > 0:
            raise EstimationError(
                f'The predictors explain nothing of "{variables.outcome}", so there is nothing to '
                "divide among them."
            )
        table = pd.DataFrame(
            {
                "term": list(variables.terms),
                "label": list(variables.labels),
                "method": method,
                **values.columns(),
            }
        )
        table["rank"] = table["rank"].astype(np.int64)
        sampled = mc_error is not None and method == "lmg"
        table["mc_error"] = mc_error if sampled else np.nan
        table["group"] = [group_of.get(place, "") for place in range(len(table))]
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def groups_table(model: ImportanceModel, inference: Inference) -> pd.DataFrame:
    """Contributions of groups of predictors, by the methods that add up.

    Parameters
    ----------
    model : ImportanceModel
        What was computed.
    inference : Inference
        Its numbers.

    Returns
    -------
    DataFrame
        Empty without groups.
    """
    if not model.groups:
        return pd.DataFrame(columns=GROUPS)
    parts = []
    for method in model.methods:
        if method not in DECOMPOSITIONS:
            continue
        table = pd.DataFrame(
            {
                "group": [group.name for group in model.groups],
                "label": [group.label for group in model.groups],
                "method": method,
                "n_terms": [len(group.places) for group in model.groups],
                **inference.of(method, model.places).columns(),
            }
        )
        table["rank"] = table["rank"].astype(np.int64)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def conditional_table(model: ImportanceModel, inference: Inference) -> pd.DataFrame:
    """Average gains of each predictor by the number of others.

    Parameters
    ----------
    model : ImportanceModel
        What was computed.
    inference : Inference
        Its numbers.

    Returns
    -------
    DataFrame
        Empty unless dominance was asked for.
    """
    averages = inference.estimates.conditional
    if averages is None:
        return pd.DataFrame(columns=CONDITIONAL)
    n_predictors = averages.shape[-1]

    def flat(values: FloatArray | None) -> FloatArray | None:
        return None if values is None else values.reshape(len(values), -1)

    draws, left_out = (
        flat(None if source is None else source.conditional)
        for source in (inference.draws, inference.left_out)
    )
    values = _Values(averages[0].ravel(), draws, left_out, inference.counts, inference.conf_level)
    low, high = values.limits()
    return pd.DataFrame(
        {
            "term": np.repeat(np.array(model.variables.terms, dtype=object), n_predictors),
            "label": np.repeat(np.array(model.variables.labels, dtype=object), n_predictors),
            "size": np.tile(np.arange(n_predictors), n_predictors),
            "estimate": values.estimates,
            "conf_low": low,
            "conf_high": high,
        }
    )


def dominance_table(model: ImportanceModel, inference: Inference) -> pd.DataFrame:
    """Which predictor of each pair dominates, and how often in resamples.

    Parameters
    ----------
    model : ImportanceModel
        What was computed.
    inference : Inference
        Its numbers.

    Returns
    -------
    DataFrame
        Empty unless dominance was asked for.
    """
    found = _matrices(inference.estimates)
    if found is None:
        return pd.DataFrame(columns=DOMINANCE)
    drawn = None if inference.draws is None else _matrices(inference.draws)
    # The more important predictor of each pair stands first.
    order = np.argsort(-inference.estimates.by_method["dominance"][0], kind="stable")
    rows = []
    for kind, matrix in found.items():
        for position, first in enumerate(order):
            for second in order[position + 1 :]:
                draws = None if drawn is None else drawn[kind][:, first, second]
                rows.append(
                    {
                        "kind": kind,
                        "first": model.variables.terms[first],
                        "second": model.variables.terms[second],
                        **_pair(float(matrix[0, first, second]), draws),
                    }
                )
    return pd.DataFrame(rows, columns=DOMINANCE)


def against_noise_table(
    variables: ModelVariables,
    estimates: dict[ImportanceMethod, FloatArray],
    draws: dict[ImportanceMethod, FloatArray],
    conf_level: float,
) -> pd.DataFrame:
    """Differences between predictors and a random variable.

    Parameters
    ----------
    variables : ModelVariables
        The predictors.
    estimates : dict of FloatArray, shape (p,)
        Differences in the sample, by method.
    draws : dict of FloatArray, shape (n_resamples, p)
        Differences in resamples.
    conf_level : float
        Coverage of the percentile intervals.

    Returns
    -------
    DataFrame
        Empty without differences.
    """
    parts = []
    for method, values in estimates.items():
        limits = percentile_interval(draws[method], conf_level)
        parts.append(
            pd.DataFrame(
                {
                    "term": list(variables.terms),
                    "label": list(variables.labels),
                    "method": method,
                    "estimate": values,
                    "conf_low": limits.low,
                    "conf_high": limits.high,
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=AGAINST_NOISE)


def _matrices(source: Contributions) -> dict[str, FloatArray] | None:
    """Complete, conditional and general dominance in each sample, if they were computed."""
    if source.complete is None or source.conditional is None:
        return None
    general = source.by_method["dominance"][..., None]
    return {
        "complete": source.complete,
        "conditional": compare_pairs(source.conditional),
        "general": compare_pairs(general),
    }


def _pair(estimate: float, draws: FloatArray | None) -> dict[str, float]:
    """Azen and Budescu's account of one pair in resamples."""
    names = ("mean", "std_error", "share_first", "share_second", "share_neither", "reproducibility")
    used = np.array([]) if draws is None else draws[np.isfinite(draws)]
    if used.size < 2:
        return {"estimate": estimate, **dict.fromkeys(names, np.nan)}
    values = (
        used.mean(),
        used.std(ddof=1),
        *(np.mean(used == value) for value in (1.0, 0.0, 0.5, estimate)),
    )
    return {"estimate": estimate, **dict(zip(names, map(float, values), strict=True))}


def _shares(contributions: FloatArray) -> FloatArray:
    """Of the sum of each row; nan where it is not positive."""
    sums = contributions.sum(axis=1, keepdims=True)
    shares: FloatArray = contributions / np.where(sums > 0, sums, np.nan)
    return shares


def _ranks(contributions: FloatArray) -> FloatArray:
    """Places in descending order of contribution, 1 the first; nan rows stay nan."""
    order = np.argsort(-contributions, axis=1, kind="stable")
    ranks = np.empty_like(contributions)
    np.put_along_axis(ranks, order, np.arange(1.0, contributions.shape[1] + 1)[None, :], axis=1)
    ranks[np.isnan(contributions).any(axis=1)] = np.nan
    return ranks
