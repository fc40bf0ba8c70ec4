"""Tables of a Kano analysis: features, scores and means of one group, and groups compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from servqual.analyses.adjustment import adjust_p_values
from servqual.analyses.kano_answers import KanoAnswers
from servqual.numerics.bootstrap import percentile_interval
from servqual.numerics.contingency import chi_square_test
from servqual.numerics.kano import (
    CLASSES,
    better_worse,
    blended_classes,
    exact_mode_test,
    fong_test,
    linearised_ratio,
    modal_classes,
    wilson_interval,
)
from servqual.numerics.location import mean_test
from servqual.numerics.resampled_means import resampled_means
from servqual.typing import (
    BoolArray,
    FloatArray,
    IntArray,
    KanoInterval,
    PAdjust,
    Progress,
)

__all__ = ["Design", "KanoGroup", "analyse_group", "compare_groups"]

#: DuMouchel's scores of the answers like … dislike: presence counts more than resignation.
_FUNCTIONAL_SCORES = np.array([4.0, 2.0, 0.0, -1.0, -2.0])
_DYSFUNCTIONAL_SCORES = np.array([-2.0, -1.0, 0.0, 2.0, 4.0])

_MEANS = ("better", "worse", "total_strength")


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Weights and clusters of the respondents of one group.

    Attributes
    ----------
    rows : BoolArray, shape (n,)
        Who is in the group, has a weight above zero and answered some feature.
    repeats : FloatArray, shape (n,), or None
        Frequency weights of all respondents.
    weights : FloatArray, shape (n,), or None
        Sampling weights of all respondents.
    clusters : IntArray, shape (n,), or None
        Clusters of all respondents; −1 where missing.
    """

    rows: BoolArray
    repeats: FloatArray | None
    weights: FloatArray | None
    clusters: IntArray | None

    @property
    def is_simple(self) -> bool:
        """Whether respondents are independent and of equal weight."""
        return self.weights is None and self.clusters is None

    def part(self, rows: BoolArray) -> dict[str, Any]:
        """Weights and clusters of some respondents, as `linearised_ratio` takes them."""
        return {
            "repeats": None if self.repeats is None else self.repeats[rows],
            "weights": None if self.weights is None else self.weights[rows],
            "clusters": None if self.clusters is None else self.clusters[rows],
        }


@dataclass(frozen=True, slots=True, eq=False)
class KanoGroup:
    """What is known of one group.

    Attributes
    ----------
    features, scores, means : DataFrame
        Their tables, without the group's name.
    n_degenerate : int
        Resamples in which nobody answered some feature that has answers.
    """

    features: pd.DataFrame
    scores: pd.DataFrame
    means: pd.DataFrame
    n_degenerate: int


def analyse_group(
    answers: KanoAnswers,
    design: Design,
    *,
    interval: KanoInterval,
    conf_level: float,
    n_resamples: int,
    seed: int,
    progress: Progress | None,
) -> KanoGroup:
    """Classify the features by the answers of one group of respondents.

    Parameters
    ----------
    answers : KanoAnswers
        Of all respondents.
    design : Design
        Who is in the group, with weights and clusters.
    interval : {"wilson", "bootstrap"}
        Kind of the limits of better and worse.
    conf_level : float
        Their coverage.
    n_resamples, seed : int
        Of the bootstrap; no resamples, no probabilities.
    progress : callable, optional
        Is told (done, total).

    Returns
    -------
    KanoGroup
    """
    features = pd.DataFrame([_feature(answers, design, place) for place in _places(answers)])
    draws = None
    if n_resamples:
        draws = _resampled_shares(answers, design, n_resamples, seed, progress)
    n_degenerate = 0
    if draws is not None:
        answered = features["n"].to_numpy() > 0
        n_degenerate = int(np.isnan(draws[:, answered, 0]).any(axis=1).sum())
    _add_intervals(features, draws, interval, conf_level)
    _add_probabilities(features, draws)
    return KanoGroup(
        features=features.drop(columns=["n_effective_better", "n_effective_worse"]),
        scores=_scores(answers, design, conf_level),
        means=_means(features, draws, conf_level),
        n_degenerate=n_degenerate,
    )


def _places(answers: KanoAnswers) -> range:
    return range(len(answers.items))


def _indicators(classes: IntArray) -> FloatArray:
    """One column per class, shape (n, 6); rows of zeros where an answer is missing."""
    found: FloatArray = (classes[:, None] == np.arange(len(CLASSES))).astype(np.float64)
    return found


# ---- one feature ---------------------------------------------------------------------------------


def _feature(answers: KanoAnswers, design: Design, place: int) -> dict[str, Any]:
    rows = design.rows & (answers.classes[:, place] >= 0)
    part = design.part(rows)
    indicators = _indicators(answers.classes[rows, place])
    repeats = np.ones(len(indicators)) if part["repeats"] is None else part["repeats"]
    weights = repeats if part["weights"] is None else part["weights"]
    counts = repeats @ indicators
    n = float(counts.sum())
    everyone = float(
        design.rows.sum() if design.repeats is None else design.repeats[design.rows].sum()
    )
    shares = weights @ indicators / weights.sum() if n > 0 else np.full(len(CLASSES), np.nan)
    modes = modal_classes(shares)
    first, second = int(modes.first), int(modes.second)
    largest = float(shares[first]) if first >= 0 else np.nan
    runner_up = float(shares[second]) if second >= 0 else 0.0
    return {
        "item": answers.items[place],
        "label": answers.labels[place],
        "n": int(n),
        "n_missing": int(everyone - n),
        **{f"n_{name}": int(count) for name, count in zip(CLASSES, counts, strict=True)},
        **{f"share_{name}": float(part) for name, part in zip(CLASSES, shares, strict=True)},
        "class": _name(first),
        "second_class": _name(second),
        "tie": bool(modes.tied),
        "blended_class": _name(int(blended_classes(shares))),
        "category_strength": largest - runner_up,
        "total_strength": float(shares[:3].sum()),
        **_mode_tests(indicators, counts, first, second, design, part),
        **_better_and_worse(indicators, counts, shares, design, part),
    }


def _name(place: int) -> str:
    return CLASSES[place] if place >= 0 else ""


def _mode_tests(
    indicators: FloatArray,
    counts: FloatArray,
    first: int,
    second: int,
    design: Design,
    part: dict[str, Any],
) -> dict[str, float]:
    """Test the mode against the runner-up, after Fong and as it should be."""
    nan = float("nan")
    tests = {"fong_statistic": nan, "fong_critical": nan, "fong_p": nan, "mode_p": nan}
    if first < 0:
        return tests
    a = counts[[first]]
    b = counts[[second]] if second >= 0 else np.zeros(1)
    if design.is_simple:
        fong = fong_test(a, b, counts.sum(keepdims=True))
        tests["fong_statistic"] = float(fong.statistic[0])
        tests["fong_critical"] = float(fong.critical[0])
        tests["fong_p"] = float(fong.p_value[0])
        tests["mode_p"] = float(exact_mode_test(a, b)[0])
        return tests
    difference = indicators[:, first] - (indicators[:, second] if second >= 0 else 0.0)
    ratio = linearised_ratio(difference[:, None], np.ones((len(difference), 1)), **part)
    test = mean_test(ratio.estimate, ratio.std_error, ratio.df, conf_level=0.95)
    tests["mode_p"] = float(test.p_value[0])
    return tests


def _better_and_worse(
    indicators: FloatArray,
    counts: FloatArray,
    shares: FloatArray,
    design: Design,
    part: dict[str, Any],
) -> dict[str, float]:
    """Shares of the answers A, O, M and I, their errors, and how many answers they are worth."""
    better, worse = better_worse(shares)
    size = float(counts[:4].sum())
    share = np.abs(np.array([better, worse]))
    errors = np.sqrt(share * (1.0 - share) / size) if size > 0 else np.full(2, np.nan)
    effective = np.full(2, size)
    if not design.is_simple and size > 0:
        answered = indicators[:, :4].sum(axis=1, keepdims=True)
        wanted = np.column_stack([indicators[:, :2].sum(axis=1), indicators[:, 1:3].sum(axis=1)])
        ratio = linearised_ratio(wanted, np.repeat(answered, 2, axis=1), **part)
        errors = ratio.std_error
        effective = _effective(share, errors, answered[:, 0], part)
    return {
        "better": float(better),
        "better_std_error": float(errors[0]),
        "worse": float(worse),
        "worse_std_error": float(errors[1]),
        "n_effective_better": float(effective[0]),
        "n_effective_worse": float(effective[1]),
    }


def _effective(
    share: FloatArray, errors: FloatArray, answered: FloatArray, part: dict[str, Any]
) -> FloatArray:
    """Independent answers that would have the same standard error; after Kish without one."""
    repeats = np.ones(len(answered)) if part["repeats"] is None else part["repeats"]
    totals = repeats * answered * (1.0 if part["weights"] is None else part["weights"])
    if part["clusters"] is not None:
        totals = np.bincount(np.unique(part["clusters"], return_inverse=True)[1], weights=totals)
    kish = totals.sum() ** 2 / (totals**2).sum()
    spread = share * (1.0 - share)
    # A share of 0 or 1 has no spread but that of rounding.
    known = (spread > 1e-12) & (errors > 0)
    found = np.full(2, kish)
    found[known] = spread[known] / errors[known] ** 2
    return np.where(np.isnan(errors), np.nan, found)


# ---- the bootstrap -------------------------------------------------------------------------------


def _resampled_shares(
    answers: KanoAnswers,
    design: Design,
    n_resamples: int,
    seed: int,
    progress: Progress | None,
) -> FloatArray | None:
    """Shares of the classes in each resample, shape (n_resamples, k, 6); nan without answers."""
    n_features, n_classes = len(answers.items), len(CLASSES)
    rows = design.rows & (answers.classes >= 0).any(axis=1)
    if not rows.any():
        return None
    table = np.zeros((int(rows.sum()), n_features * n_classes), dtype=np.uint8)
    for place in range(n_features):
        table[:, place * n_classes : (place + 1) * n_classes] = _indicators(
            answers.classes[rows, place]
        )
    part = design.part(rows)
    means = resampled_means(
        table,
        n_resamples=n_resamples,
        seed=seed,
        counts=part["repeats"],
        sampling_weights=part["weights"],
        clusters=part["clusters"],
        progress=progress,
    ).reshape(n_resamples, n_features, n_classes)
    answered = means.sum(axis=2, keepdims=True)
    with np.errstate(invalid="ignore"):
        shares: FloatArray = np.where(answered > 0, means / answered, np.nan)
    return shares


def _add_intervals(
    features: pd.DataFrame, draws: FloatArray | None, interval: KanoInterval, conf_level: float
) -> None:
    """Add the limits of better and worse, beside their standard errors."""
    of_draws = None if draws is None else better_worse(draws)
    for place, name in enumerate(("better", "worse")):
        low = high = np.full(len(features), np.nan)
        if interval == "wilson":
            share = np.abs(features[name].to_numpy(dtype=np.float64))
            limits = wilson_interval(
                share, features[f"n_effective_{name}"].to_numpy(dtype=np.float64), conf_level
            )
            low, high = limits.low, limits.high
            if name == "worse":
                low, high = -high, -low
        elif of_draws is not None:
            found = percentile_interval(of_draws[:, :, place], conf_level)
            low, high = found.low, found.high
        at = int(features.columns.get_loc(f"{name}_std_error")) + 1  # type: ignore[arg-type]
        features.insert(at, f"{name}_low", low)
        # Negative zero is no limit that anybody wants to read.
        features.insert(at + 1, f"{name}_high", high + 0.0)


def _add_probabilities(features: pd.DataFrame, draws: FloatArray | None) -> None:
    """Add how often each class is the mode of a resample, and how often the one that it is."""
    chances = np.full((len(features), len(CLASSES)), np.nan)
    if draws is not None:
        first = modal_classes(draws).first
        drawn = (first >= 0).sum(axis=0)
        for place in range(len(CLASSES)):
            hits = (first == place).sum(axis=0)
            chances[:, place] = np.where(drawn > 0, hits / np.maximum(drawn, 1), np.nan)
    for place, name in enumerate(CLASSES):
        features[f"class_{name}"] = chances[:, place]
    own = [CLASSES.index(name) if name else -1 for name in features["class"]]
    features["probability"] = [
        chances[row, place] if place >= 0 else np.nan for row, place in enumerate(own)
    ]


def _means(features: pd.DataFrame, draws: FloatArray | None, conf_level: float) -> pd.DataFrame:
    """Means over the features that have a value."""
    values = [features[name].to_numpy(dtype=np.float64) for name in _MEANS]
    estimates = np.array([_mean_of_known(value[None, :])[0] for value in values])
    errors = low = high = np.full(len(_MEANS), np.nan)
    if draws is not None:
        pairs = better_worse(draws)
        drawn = (pairs[:, :, 0], pairs[:, :, 1], draws[:, :, :3].sum(axis=2))
        means = np.column_stack([_mean_of_known(part) for part in drawn])
        found = percentile_interval(means, conf_level)
        low, high = found.low, found.high
        errors = np.array([_deviation(part) for part in means.T])
    return pd.DataFrame(
        {
            "term": list(_MEANS),
            "n_features": [int(np.count_nonzero(~np.isnan(value))) for value in values],
            "estimate": estimates,
            "std_error": errors,
            "conf_low": low,
            "conf_high": high,
        }
    )


def _deviation(draws: FloatArray) -> float:
    known = draws[~np.isnan(draws)]
    return float(known.std(ddof=1)) if known.size > 1 else float("nan")


def _mean_of_known(values: FloatArray) -> FloatArray:
    known = ~np.isnan(values)
    n = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    found: FloatArray = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return found


# ---- scores --------------------------------------------------------------------------------------


def _scores(answers: KanoAnswers, design: Design, conf_level: float) -> pd.DataFrame:
    """Mean scores of the answers, and of self-stated importance."""
    records = []
    for place in _places(answers):
        paired = design.rows & (answers.classes[:, place] >= 0)
        asked = [
            ("functional", paired, _FUNCTIONAL_SCORES[answers.functional[paired, place]]),
            ("dysfunctional", paired, _DYSFUNCTIONAL_SCORES[answers.dysfunctional[paired, place]]),
        ]
        if answers.importance is not None:
            rows = design.rows & ~np.isnan(answers.importance[:, place])
            asked.append(("importance", rows, answers.importance[rows, place]))
        for question, rows, values in asked:
            records.append(
                {
                    "item": answers.items[place],
                    "label": answers.labels[place],
                    "question": question,
                    **_score(values, rows, design, conf_level),
                }
            )
    return pd.DataFrame(records)


def _score(
    values: FloatArray, rows: BoolArray, design: Design, conf_level: float
) -> dict[str, float]:
    part = design.part(rows)
    n = float(len(values) if part["repeats"] is None else part["repeats"].sum())
    ratio = linearised_ratio(values[:, None], np.ones((len(values), 1)), **part)
    df = np.maximum(ratio.df, 0.0)
    test = mean_test(ratio.estimate, ratio.std_error, df, conf_level=conf_level)
    return {
        "n": int(n),
        "estimate": float(ratio.estimate[0]),
        "std_error": float(ratio.std_error[0]),
        "df": float(df[0]),
        "conf_low": float(test.conf_low[0]),
        "conf_high": float(test.conf_high[0]),
    }


# ---- groups --------------------------------------------------------------------------------------


def compare_groups(
    answers: KanoAnswers,
    designs: Sequence[Design],
    *,
    p_adjust: PAdjust,
    n_draws: int,
    seed: int,
) -> pd.DataFrame:
    """Compare the groups' distributions over the classes, feature by feature.

    Parameters
    ----------
    answers : KanoAnswers
        Of all respondents.
    designs : sequence of Design
        One per group.
    p_adjust : str
        How p-values are adjusted over the features.
    n_draws : int
        Random tables for the simulated p-value.
    seed : int
        Where they come from.

    Returns
    -------
    DataFrame
        One row per feature; statistics are nan with sampling weights or clusters, for which the
        test does not hold.
    """
    generator = np.random.default_rng(seed)
    records = []
    for place in _places(answers):
        counts = np.array([_class_counts(answers, design, place) for design in designs])
        test = chi_square_test(counts, n_draws=n_draws, generator=generator)
        holds = designs[0].is_simple
        nan = float("nan")
        records.append(
            {
                "item": answers.items[place],
                "label": answers.labels[place],
                "n": int(test.n),
                "statistic": test.statistic if holds else nan,
                "df": test.df if holds else nan,
                "p_value": test.p_value if holds else nan,
                "p_adjusted": nan,
                "p_simulated": test.p_simulated if holds else nan,
                "effect_size": test.cramers_v if holds else nan,
                "min_expected": test.min_expected,
            }
        )
    table = pd.DataFrame(records)
    table["p_adjusted"] = adjust_p_values(table["p_value"], p_adjust)
    return table


def _class_counts(answers: KanoAnswers, design: Design, place: int) -> FloatArray:
    rows = design.rows & (answers.classes[:, place] >= 0)
    repeats = np.ones(int(rows.sum())) if design.repeats is None else design.repeats[rows]
    counts: FloatArray = repeats @ _indicators(answers.classes[rows, place])
    return counts
