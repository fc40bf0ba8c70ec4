"""Kano classes of answer pairs: their table, their mode, tests of the mode, better and worse.

Six classes stand in the order of `CLASSES` in every array whose last axis has six places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, ndtr, ndtri

from servqual.typing import BoolArray, FloatArray, IntArray, check_conf_level

__all__ = [
    "CLASSES",
    "FONG_CRITICAL",
    "FongTest",
    "Modes",
    "ProportionInterval",
    "RatioEstimate",
    "better_worse",
    "blended_classes",
    "exact_mode_test",
    "fong_test",
    "linearised_ratio",
    "modal_classes",
    "pair_classes",
    "wilson_interval",
]

#: Attractive, one-dimensional, must-be, indifferent, reverse, questionable.
CLASSES = ("A", "O", "M", "I", "R", "Q")

#: Fong's multiplier: the two-sided 10% point of the normal distribution, as he rounds it.
FONG_CRITICAL = 1.65

#: Places in the order that resolves ties: M, O, A, I (Berger et al. 1993), then R and Q.
_PRIORITY = np.array([2, 1, 0, 3, 4, 5])

#: Shares that are closer than this are equal; weighted sums differ by rounding.
_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class Modes:
    """The most frequent class and the runner-up.

    Attributes
    ----------
    first, second : IntArray, shape (...)
        Places in `CLASSES`; −1 where nobody answered, or nobody is in a second class.
    tied : BoolArray, shape (...)
        Whether both have the same share.
    """

    first: IntArray
    second: IntArray
    tied: BoolArray


@dataclass(frozen=True, slots=True)
class FongTest:
    """Fong's test of the mode against the runner-up.

    Attributes
    ----------
    statistic : FloatArray, shape (k,)
        Difference of the frequencies over its standard error after Fong.
    critical : FloatArray, shape (k,)
        Difference, in respondents, from which it is significant.
    p_value : FloatArray, shape (k,)
        Two-sided, by the normal distribution.
    """

    statistic: FloatArray
    critical: FloatArray
    p_value: FloatArray


@dataclass(frozen=True, slots=True)
class ProportionInterval:
    """Limits of shares.

    Attributes
    ----------
    low, high : FloatArray, shape (k,)
        From 0 to 1; nan where there is no share.
    """

    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class RatioEstimate:
    """A ratio of weighted totals.

    Attributes
    ----------
    estimate, std_error : FloatArray, shape (k,)
        The ratio and its linearised standard error; nan where they do not exist.
    df : FloatArray, shape (k,)
        Respondents (or clusters) less one.
    """

    estimate: FloatArray
    std_error: FloatArray
    df: FloatArray


def pair_classes(functional: IntArray, dysfunctional: IntArray, table: IntArray) -> IntArray:
    """Look up the class of each pair of answers.

    Parameters
    ----------
    functional, dysfunctional : IntArray, shape (...)
        Answers 0 (like) to 4 (dislike), −1 where missing.
    table : IntArray, shape (5, 5)
        Class of each pair as a place in `CLASSES`; rows are functional answers.

    Returns
    -------
    IntArray, shape (...)
        Places in `CLASSES`; −1 where an answer of the pair is missing.

    Examples
    --------
    >>> import numpy as np
    >>> table = np.full((5, 5), 3)
    >>> table[0, 4] = 1
    >>> pair_classes(np.array([0, 0, -1]), np.array([4, 2, 4]), table).tolist()
    [1, 3, -1]
    """
    missing = (functional < 0) | (dysfunctional < 0)
    found: IntArray = np.where(missing, -1, table[functional, dysfunctional]).astype(np.int64)
    return found


def modal_classes(shares: FloatArray) -> Modes:
    """Find the most frequent class and the runner-up, ties resolved by M > O > A > I > R > Q.

    Parameters
    ----------
    shares : FloatArray, shape (..., 6)
        Shares or frequencies; nan where nobody answered.

    Returns
    -------
    Modes

    References
    ----------
    Berger, C., et al. (1993). Kano's methods for understanding customer-defined quality. *Center
    for Quality of Management Journal*, 2(4), 3-36.

    Examples
    --------
    >>> import numpy as np
    >>> modes = modal_classes(np.array([[0.4, 0.1, 0.4, 0.1, 0.0, 0.0]]))
    >>> CLASSES[modes.first[0]], CLASSES[modes.second[0]], bool(modes.tied[0])
    ('M', 'A', True)
    """
    ordered = np.round(np.nan_to_num(shares), _DECIMALS)[..., _PRIORITY]
    first = np.argmax(ordered, axis=-1)
    largest = np.take_along_axis(ordered, first[..., None], axis=-1)[..., 0]
    rest = ordered.copy()
    np.put_along_axis(rest, first[..., None], -1.0, axis=-1)
    second = np.argmax(rest, axis=-1)
    runner_up = np.take_along_axis(rest, second[..., None], axis=-1)[..., 0]
    return Modes(
        first=np.where(largest > 0, _PRIORITY[first], -1).astype(np.int64),
        second=np.where(runner_up > 0, _PRIORITY[second], -1).astype(np.int64),
        tied=np.asarray((largest > 0) & (runner_up == largest)),
    )


def blended_classes(shares: FloatArray) -> IntArray:
    """Classify by the blended rule: the mode of A, O, M if they outweigh I, R, Q, else of these.

    Parameters
    ----------
    shares : FloatArray, shape (..., 6)
        Shares or frequencies; nan where nobody answered.

    Returns
    -------
    IntArray, shape (...)
        Places in `CLASSES`; −1 where nobody answered.

    References
    ----------
    Berger, C., et al. (1993). Kano's methods for understanding customer-defined quality. *Center
    for Quality of Management Journal*, 2(4), 3-36.

    Examples
    --------
    >>> import numpy as np
    >>> int(blended_classes(np.array([0.25, 0.2, 0.15, 0.4, 0.0, 0.0])))
    0
    """
    known = np.round(np.nan_to_num(shares), _DECIMALS)
    wanted = np.round(known[..., :3].sum(axis=-1) - known[..., 3:].sum(axis=-1), _DECIMALS) > 0.0
    kept = np.repeat(np.stack([wanted, ~wanted], axis=-1), 3, axis=-1)
    return modal_classes(np.where(kept, known, 0.0)).first


def fong_test(first: FloatArray, second: FloatArray, n: FloatArray) -> FongTest:
    """Test the frequency of the mode against that of the runner-up, after Fong (1996).

    Parameters
    ----------
    first, second : FloatArray, shape (k,)
        Frequencies of the two classes.
    n : FloatArray, shape (k,)
        Respondents in all classes.

    Returns
    -------
    FongTest
        nan where nobody answered.

    Notes
    -----
    The difference is called significant unless |a − b| < 1.65 √[(a + b)(2n − a − b)/(2n)]. The root
    is the standard error of a difference of two frequencies from *independent* samples of n. Two
    classes of one sample are not independent: if they are equally frequent, the variance of a − b
    is a + b. Fong's test is therefore too lenient, the more so the larger both classes are; see
    `exact_mode_test`.

    References
    ----------
    Fong, D. (1996). Using the self-stated importance questionnaire to interpret Kano questionnaire
    results. *Center for Quality of Management Journal*, 5(3), 21-24.

    Examples
    --------
    >>> import numpy as np
    >>> test = fong_test(np.array([123.0]), np.array([95.0]), np.array([296.0]))
    >>> round(float(test.critical[0]), 1)
    19.4
    """
    both = first + second
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(both * (2.0 * n - both) / (2.0 * n))
        # Two equal frequencies differ by nothing, whatever their spread.
        statistic = np.where(first == second, 0.0, np.abs(first - second) / spread)
    statistic = np.where(n > 0, statistic, np.nan)
    return FongTest(statistic, FONG_CRITICAL * spread, 2.0 * ndtr(-statistic))


def exact_mode_test(first: FloatArray, second: FloatArray) -> FloatArray:
    """Exact two-sided binomial p-value for equal frequencies of two classes of one sample.

    Parameters
    ----------
    first, second : FloatArray, shape (k,)
        Frequencies, whole numbers.

    Returns
    -------
    FloatArray, shape (k,)
        nan where nobody is in either class.

    Notes
    -----
    Given a + b, a is binomial with probability one half if both classes are equally frequent. It is
    McNemar's test in its exact form.

    Examples
    --------
    >>> import numpy as np
    >>> exact_mode_test(np.array([8.0, 5.0]), np.array([2.0, 5.0])).round(6).tolist()
    [0.109375, 1.0]
    """
    both = first + second
    larger = np.maximum(first, second)
    # The upper tail of the binomial distribution is an incomplete beta function.
    upper = betainc(np.maximum(larger, 1.0), both - larger + 1.0, 0.5)
    return np.where(both > 0, np.minimum(2.0 * upper, 1.0), np.nan)


def better_worse(shares: FloatArray) -> FloatArray:
    """Share that a feature satisfies when present, and share that its absence dissatisfies.

    Parameters
    ----------
    shares : FloatArray, shape (..., 6)
        Shares or frequencies of the classes.

    Returns
    -------
    FloatArray, shape (..., 2)
        better = (A + O)/(A + O + M + I) and worse = −(O + M)/(A + O + M + I); nan where nobody is
        in these four classes.

    References
    ----------
    Berger, C., et al. (1993). Kano's methods for understanding customer-defined quality. *Center
    for Quality of Management Journal*, 2(4), 3-36.

    Examples
    --------
    >>> import numpy as np
    >>> better_worse(np.array([2.0, 1.0, 4.0, 1.0, 5.0, 0.0])).tolist()
    [0.375, -0.625]
    """
    attractive, wanted, must = (shares[..., place] for place in range(3))
    total = shares[..., :4].sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        pair = np.stack([(attractive + wanted) / total, -(wanted + must) / total], axis=-1)
    found: FloatArray = np.where((total > 0)[..., None], pair, np.nan)
    return found


def wilson_interval(share: FloatArray, n: FloatArray, conf_level: float) -> ProportionInterval:
    """Wilson's score interval of a share.

    Parameters
    ----------
    share : FloatArray, shape (k,)
        Shares, 0 to 1.
    n : FloatArray, shape (k,)
        Answers behind each, or the effective number of them; need not be whole.
    conf_level : float
        Coverage of the interval.

    Returns
    -------
    ProportionInterval

    Raises
    ------
    OptionError
        If `conf_level` is not between 0 and 1.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    *Journal of the American Statistical Association*, 22(158), 209-212.
    https://doi.org/10.1080/01621459.1927.10502953

    Examples
    --------
    >>> import numpy as np
    >>> interval = wilson_interval(np.array([0.0]), np.array([10.0]), 0.95)
    >>> round(float(interval.low[0]), 4), round(float(interval.high[0]), 4)
    (0.0, 0.2775)
    """
    check_conf_level(conf_level)
    z = float(ndtri(0.5 + 0.5 * conf_level))
    known = n > 0
    size = np.where(known, n, np.nan)
    middle = (share + z * z / (2.0 * size)) / (1.0 + z * z / size)
    spread = z * np.sqrt(share * (1.0 - share) / size + z * z / (4.0 * size**2))
    half = spread / (1.0 + z * z / size)
    # At a share of 0 or 1 one limit is the share itself, up to rounding.
    low = np.where(share <= 0.0, 0.0, middle - half)
    high = np.where(share >= 1.0, 1.0, middle + half)
    missing = np.isnan(half)
    return ProportionInterval(np.where(missing, np.nan, low), np.where(missing, np.nan, high))


def linearised_ratio(
    numerator: FloatArray,
    denominator: FloatArray,
    *,
    repeats: FloatArray | None = None,
    weights: FloatArray | None = None,
    clusters: IntArray | None = None,
) -> RatioEstimate:
    """Ratio of two weighted totals, with its linearised standard error.

    Parameters
    ----------
    numerator, denominator : FloatArray, shape (n_rows, k)
        What is added up. With a denominator of ones the ratio is a mean.
    repeats : FloatArray, shape (n_rows,), optional
        How many respondents a row stands for.
    weights : FloatArray, shape (n_rows,), optional
        Sampling weights of its respondents.
    clusters : IntArray, shape (n_rows,), optional
        Groups in which respondents may be alike; independent of each other.

    Returns
    -------
    RatioEstimate

    Notes
    -----
    The variance is that of the sum of the linearised residuals over respondents (or clusters),
    drawn with replacement: m/(m − 1) Σ u². For a mean of equally weighted respondents it is s²/n.
    As ``svyratio`` and ``svymean`` of R's package survey.

    References
    ----------
    Lumley, T. (2010). *Complex surveys: A guide to analysis using R*. Wiley.
    https://doi.org/10.1002/9780470580066

    Examples
    --------
    >>> import numpy as np
    >>> ratio = linearised_ratio(np.array([[1.0], [2.0], [6.0]]), np.ones((3, 1)))
    >>> float(ratio.estimate[0]), round(float(ratio.std_error[0]), 6)
    (3.0, 1.527525)
    """
    n_rows = numerator.shape[0]
    times = np.ones(n_rows) if repeats is None else repeats
    weight = np.ones(n_rows) if weights is None else weights
    with np.errstate(invalid="ignore", divide="ignore"):
        total = (times * weight) @ denominator
        estimate = ((times * weight) @ numerator) / total
        residuals = weight[:, None] * (numerator - estimate * denominator) / total
        if clusters is None:
            n_units, squares = float(times.sum()), times @ residuals**2
        else:
            present, codes = np.unique(clusters, return_inverse=True)
            sums = np.zeros((present.size, residuals.shape[1]))
            np.add.at(sums, codes, times[:, None] * residuals)
            n_units, squares = float(present.size), (sums**2).sum(axis=0)
        variance = n_units / (n_units - 1.0) * squares if n_units > 1 else squares * np.nan
    return RatioEstimate(estimate, np.sqrt(variance), np.full(estimate.shape, n_units - 1.0))
