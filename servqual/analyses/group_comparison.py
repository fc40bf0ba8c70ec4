"""Groups compared on one score: Welch's analysis of variance and all pairs by Games and Howell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from servqual.numerics.group_means import games_howell, omega_squared, welch_anova
from servqual.samplestats.moments import Moments

COMPARISON_COLUMNS = [
    "level",
    "term",
    "test",
    "contrast",
    "estimate",
    "std_error",
    "statistic",
    "df",
    "df_denominator",
    "p_value",
    "p_adjusted",
    "conf_low",
    "conf_high",
    "effect_size",
]


def compare_groups(
    moments: Sequence[Moments], names: Sequence[str], term: str, *, conf_level: float
) -> tuple[pd.DataFrame, list[str]]:
    """Compare the means of one variable between groups.

    Parameters
    ----------
    moments : sequence of Moments
        One per group, of one variable each.
    names : sequence of str
        Names of the groups.
    term : str
        What is compared.
    conf_level : float
        Coverage of the intervals, over all pairs together.

    Returns
    -------
    table : DataFrame
        The columns of `COMPARISON_COLUMNS` except ``level``: one row of Welch's test, then one per
        pair.
    notes : list of str
        Which groups were left out, and why.
    """
    deviation = np.array([part.standard_deviation()[0] for part in moments])
    usable = np.array([part.n_obs >= 2 for part in moments]) & (deviation > 1e-12)
    notes = []
    if not usable.all():
        left_out = ", ".join(name for name, good in zip(names, usable, strict=True) if not good)
        notes.append(
            f"Left out of the comparison of groups on {term}, because they have fewer than two "
            f"respondents or no variance: {left_out}."
        )
    if usable.sum() < 2:
        notes.append(f"Fewer than two groups can be compared on {term}.")
        return pd.DataFrame(columns=COMPARISON_COLUMNS[1:]), notes
    kept = [part for part, good in zip(moments, usable, strict=True) if good]
    labels = [name for name, good in zip(names, usable, strict=True) if good]
    means = np.array([part.mean[0] for part in kept])
    of_means = np.array([part.covariance_of_mean()[0, 0] for part in kept])
    variances = np.array([part.covariance()[0, 0] for part in kept])
    sizes = np.array([part.n_obs for part in kept], dtype=np.float64)
    rows = [_omnibus_row(means, of_means, variances, sizes, _shares(kept), term)]
    pairs = games_howell(means, of_means, sizes - 1.0, conf_level=conf_level)
    pooled = np.sqrt((variances[pairs.first] + variances[pairs.second]) / 2.0)
    for place in range(len(pairs.first)):
        first, second = labels[int(pairs.first[place])], labels[int(pairs.second[place])]
        # The later group minus the earlier, as R's TukeyHSD has it: of two waves, the change.
        rows.append(
            {
                "term": term,
                "test": "games_howell",
                "contrast": f"{second} − {first}",
                "estimate": -pairs.difference[place],
                "std_error": pairs.std_error[place],
                "statistic": -pairs.statistic[place],
                "df": pairs.df[place],
                "df_denominator": np.nan,
                "p_value": pairs.p_value[place],
                "p_adjusted": pairs.p_value[place],
                "conf_low": -pairs.conf_high[place],
                "conf_high": -pairs.conf_low[place],
                "effect_size": -pairs.difference[place] / pooled[place],
            }
        )
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS[1:]), notes


def _shares(kept: Sequence[Moments]) -> np.ndarray:
    """Share of each group in the sum of weights, in respondents: what ω² weighs the groups by."""
    weights = np.array([part.sums.weight for part in kept])
    total: float = sum(part.n_obs for part in kept)
    shares: np.ndarray = weights / weights.sum() * total
    return shares


def _omnibus_row(
    means: np.ndarray,
    of_means: np.ndarray,
    variances: np.ndarray,
    sizes: np.ndarray,
    shares: np.ndarray,
    term: str,
) -> dict[str, object]:
    test = welch_anova(means, of_means, sizes - 1.0)
    return {
        "term": term,
        "test": "welch_anova",
        "contrast": "all groups",
        "estimate": np.nan,
        "std_error": np.nan,
        "statistic": test.statistic,
        "df": test.df_numerator,
        "df_denominator": test.df_denominator,
        "p_value": test.p_value,
        "p_adjusted": test.p_value,
        "conf_low": np.nan,
        "conf_high": np.nan,
        "effect_size": omega_squared(means, variances, shares),
    }
