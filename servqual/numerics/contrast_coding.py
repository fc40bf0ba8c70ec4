"""Low, middle and high respondents: cut points, and what penalties and rewards say together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.errors import EstimationError
from servqual.typing import FloatArray, IntArray

__all__ = [
    "ImpactAsymmetry",
    "TailCuts",
    "asymmetry_class",
    "impact_asymmetry",
    "tail_cuts",
]

#: Scores that differ by less are the same score, and shares that differ by less are equal.
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class TailCuts:
    """Scores that bound a low and a high group, both themselves in their group.

    Attributes
    ----------
    low, high : float
        Highest score of the low group, and lowest score of the high one; nan where there is no
        such group, because scores take fewer than three values.
    """

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ImpactAsymmetry:
    """What reward and penalty say together; all arrays have the shape of these.

    Attributes
    ----------
    impact_range : FloatArray
        Reward minus penalty: the whole step of the outcome from low to high.
    satisfaction_potential, dissatisfaction_potential : FloatArray
        Shares of reward and penalty in the range, which add up to 1.
    impact_asymmetry : FloatArray
        Their difference, from −1 to 1. All three are nan where a sign is wrong (a reward below zero
        or a penalty above it) or both are zero.
    """

    impact_range: FloatArray
    satisfaction_potential: FloatArray
    dissatisfaction_potential: FloatArray
    impact_asymmetry: FloatArray


def tail_cuts(scores: FloatArray, share: float, weights: FloatArray | None = None) -> TailCuts:
    """Cut points whose tails come nearest to a share of the respondents.

    Parameters
    ----------
    scores : FloatArray, shape (n,)
        Complete scores, which may repeat.
    share : float
        Share of each tail, above 0 and below one half.
    weights : FloatArray, shape (n,), optional
        Positive weights.

    Returns
    -------
    TailCuts

    Raises
    ------
    EstimationError
        If the share is not between 0 and one half, or there is no score.

    Notes
    -----
    Cut points are scores that occur. Of two that are equally near to the share, the one with the
    smaller tail is taken. At least one score lies between the cuts; where the nearest cuts leave
    none, the one whose move costs less share moves outwards.

    Examples
    --------
    >>> import numpy as np
    >>> cuts = tail_cuts(np.array([1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 5.0]), 0.25)
    >>> cuts.low, cuts.high
    (1.0, 4.0)
    """
    if not 0.0 < share < 0.5 or scores.size == 0:
        raise EstimationError(
            f"Tails of a share of {share:g} were asked of {scores.size} scores, but the share must "
            "lie between 0 and 0.5, and there must be a score."
        )
    values, mass = _distribution(scores, weights)
    if values.size < 3:
        return TailCuts(np.nan, np.nan)
    from_below = np.abs(np.cumsum(mass) - share)
    from_above = np.abs(np.cumsum(mass[::-1]) - share)
    # Tails grow with their index, so the first of equally near ones is the smallest.
    low = _first_smallest(from_below)
    high = values.size - 1 - _first_smallest(from_above)
    if high - low < 2:
        low, high = _make_room(from_below, from_above[::-1], low, high)
    return TailCuts(float(values[low]), float(values[high]))


def _distribution(scores: FloatArray, weights: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Distinct scores, ascending, and the share of respondents at each."""
    ordered = np.sort(scores)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(ordered) > _SAME]))
    values = ordered[starts]
    place = np.searchsorted(values, scores + _SAME, side="right") - 1
    mass = np.bincount(place, weights=weights, minlength=values.size).astype(np.float64)
    return values, mass / mass.sum()


def _first_smallest(distance: FloatArray) -> int:
    return int(np.flatnonzero(distance <= distance.min() + _SAME)[0])


def _make_room(
    from_below: FloatArray, from_above: FloatArray, low: int, high: int
) -> tuple[int, int]:
    """Move one cut outwards, so that a score lies between; distances are unimodal, so one will do.

    Parameters
    ----------
    from_below, from_above : FloatArray
        Distance of each tail's share from the one asked for, by the place of its cut.
    low, high : int
        Places of the cuts.
    """
    if low == 0:
        return low, low + 2
    if high == from_above.size - 1:
        return high - 2, high
    lower, upper = (high - 2, high), (low, low + 2)
    cost = [from_below[first] + from_above[last] for first, last in (lower, upper)]
    return lower if cost[0] <= cost[1] + _SAME else upper


def impact_asymmetry(reward: FloatArray, penalty: FloatArray) -> ImpactAsymmetry:
    """Range, potentials and asymmetry of rewards and penalties.

    Parameters
    ----------
    reward, penalty : FloatArray, of one shape
        Coefficients of the high and the low group against the middle one.

    Returns
    -------
    ImpactAsymmetry

    Notes
    -----
    Signs are taken as they are: nothing is set to zero or made positive.

    References
    ----------
    Mikulić, J., & Prebežac, D. (2008). Prioritizing improvement of service attributes using impact
    range-performance analysis and impact-asymmetry analysis. Managing Service Quality, 18(6),
    559-576. https://doi.org/10.1108/09604520810920068

    Examples
    --------
    >>> import numpy as np
    >>> found = impact_asymmetry(np.array([0.3, 0.5, -0.1]), np.array([-0.9, -0.5, -0.4]))
    >>> found.impact_asymmetry.round(6).tolist()
    [-0.5, 0.0, nan]
    """
    impact_range = np.asarray(reward - penalty, dtype=np.float64)
    expected = (reward >= 0.0) & (penalty <= 0.0) & (impact_range > 0.0)
    divisor = np.where(expected, impact_range, np.nan)
    satisfaction, dissatisfaction = reward / divisor, -penalty / divisor
    return ImpactAsymmetry(
        impact_range=impact_range,
        satisfaction_potential=satisfaction,
        dissatisfaction_potential=dissatisfaction,
        impact_asymmetry=satisfaction - dissatisfaction,
    )


def asymmetry_class(asymmetry: FloatArray, cuts: tuple[float, float]) -> IntArray:
    """Place of each impact asymmetry among five classes.

    Parameters
    ----------
    asymmetry : FloatArray
        From −1 to 1, or nan.
    cuts : tuple of float
        Two cut points, 0 < inner ≤ outer ≤ 1, used on both sides of zero.

    Returns
    -------
    IntArray, of the same shape
        0 below −outer, 1 below −inner, 2 from −inner to inner, 3 above inner, 4 above outer; 5 for
        nan.

    Examples
    --------
    >>> import numpy as np
    >>> asymmetry_class(np.array([-0.9, -0.3, 0.2, 0.3, 0.9, np.nan]), (0.2, 0.7)).tolist()
    [0, 1, 2, 3, 4, 5]
    """
    inner, outer = cuts
    values = np.asarray(asymmetry, dtype=np.float64)
    place = 2 + (values > inner) + (values > outer) - (values < -inner) - (values < -outer)
    classes: IntArray = np.where(np.isnan(values), 5, place).astype(np.int64)
    return classes
