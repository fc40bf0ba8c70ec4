"""Groups compared on one score: Welch's analysis of variance and all pairs by Games and Howell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from servqual.errors import shorten
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
    usable = _usable(moments)
    notes = comparison_notes({term: groups_left_out(moments, names)}, len(names))
    if usable.sum() < 2:
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


def groups_left_out(moments: Sequence[Moments], names: Sequence[str]) -> tuple[str, ...]:
    """Groups that cannot be compared on one variable.

    Parameters
    ----------
    moments : sequence of Moments
        One per group, of one variable each.
    names : sequence of str
        Names of the groups.

    Returns
    -------
    tuple of str
        Names of those with fewer than two respondents or no variance.
    """
    return tuple(name for name, good in zip(names, _usable(moments), strict=True) if not good)


def comparison_notes(left_out: Mapping[str, tuple[str, ...]], n_groups: int) -> list[str]:
    """Say which groups were not compared; terms with the same groups left out share a sentence.

    Parameters
    ----------
    left_out : mapping of str to tuple of str
        What is compared → groups left out of it.
    n_groups : int
        How many groups there are.

    Returns
    -------
    list of str

    Examples
    --------
    >>> comparison_notes({"speed": (), "people": ()}, 1)
    ['Fewer than two groups can be compared on speed, people.']
    """
    terms_of: dict[tuple[str, ...], list[str]] = {}
    for term, groups in left_out.items():
        terms_of.setdefault(groups, []).append(term)
    notes = [
        f"Left out of the comparison of groups on {shorten(terms)}, because they have fewer than "
        f"two respondents or no variance: {shorten(groups)}."
        for groups, terms in terms_of.items()
        if groups
    ]
    alone = [term for term, groups in left_out.items() if n_groups - len(groups) < 2]
    if alone:
        notes.append(f"Fewer than two groups can be compared on {shorten(alone)}.")
    return notes


def _usable(moments: Sequence[Moments]) -> np.ndarray:
    deviation = np.array([part.standard_deviation()[0] for part in moments])
    usable: np.ndarray = np.array([part.n_obs >= 2 for part in moments]) & (deviation > 1e-12)
    return usable


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
