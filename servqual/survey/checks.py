"""Checks of coded answers. Each returns sentences: what was found, what is needed, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from servqual.errors import ColumnNotFoundError, ScaleRangeError, SurveyError, shorten
from servqual.instruments.instrument import Scale
from servqual.numerics.reliability import item_statistics
from servqual.samplestats.moments import Moments
from servqual.survey.frames import may_be_thousands
from servqual.typing import BoolArray, FloatArray

_SMALL_NUMBERS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
)


#: Codes for "no answer" that survey tools use, and that are hardly ever ratings.
_USUAL_CODES = (
    *(-1.0, -7.0, -8.0, -9.0, -88.0, -98.0, -99.0, -999.0),
    *(77.0, 88.0, 97.0, 98.0, 99.0, 888.0, 997.0, 998.0, 999.0, 9998.0, 9999.0),
)

#: Codes for "no answer" that stand right beside usual scales.
_SMALL_CODES = frozenset({-9.0, -8.0, -1.0, 0.0, 8.0, 9.0})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a survey.

    Attributes
    ----------
    text : str
        A complete sentence or two.
    kind : type of SurveyError
        Which error it is when it stands alone.
    """

    text: str
    kind: type[SurveyError] = SurveyError


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise one error that lists all problems; its type is specific when they are all of one kind.

    Parameters
    ----------
    problems : iterable of Problem
        In reading order.

    Raises
    ------
    SurveyError
        If there is any.
    """
    listed = list(problems)
    if not listed:
        return
    kinds = {problem.kind for problem in listed}
    kind = kinds.pop() if len(kinds) == 1 else SurveyError
    raise kind([problem.text for problem in listed])


def counted(count: int, noun: str) -> str:
    """Write a count with its noun: ``"nine answers"``, ``"1 answer"`` as ``"one answer"``.

    Parameters
    ----------
    count : int
        How many.
    noun : str
        In the singular.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(9, "answer"), counted(1, "answer"), counted(12, "answer")
    ('nine answers', 'one answer', '12 answers')
    """
    number = _SMALL_NUMBERS[count] if count < len(_SMALL_NUMBERS) else f"{count:,}"
    return f"{number} {noun}{'' if count == 1 else 's'}"


def plural(count: int, noun: str) -> str:
    """Write a count in digits with its noun: ``"1 respondent"``, ``"1,200 respondents"``.

    Parameters
    ----------
    count : int
        How many.
    noun : str
        In the singular.

    Returns
    -------
    str

    Examples
    --------
    >>> plural(1, "row"), plural(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def columns_not_found(error: ColumnNotFoundError) -> list[Problem]:
    """Turn the column errors of one part of the survey into problems."""
    return [Problem(text, ColumnNotFoundError) for text in error.problems]


def text_in_numbers(bad: Mapping[str, Mapping[str, int]]) -> list[Problem]:
    """Find text where ratings are needed.

    Parameters
    ----------
    bad : mapping of str to mapping of str to int
        Column → text → how often.

    Returns
    -------
    list of Problem
    """
    problems = []
    for column, texts in bad.items():
        most = sorted(texts.items(), key=lambda entry: (-entry[1], entry[0]))
        shown = shorten([f"{text[:40]!r} ({count}×)" for text, count in most], limit=5)
        if all(may_be_thousands(text) for text in texts):
            problems.append(
                Problem(
                    f"`{column}` holds numbers whose comma may separate thousands or decimals: "
                    f"{shown}. Remove the separators of thousands; if it is a decimal comma, read "
                    'the file with `decimal=","`.'
                )
            )
            continue
        problems.append(
            Problem(
                f"`{column}` holds text where numbers are needed: {shown}. Recode it to numbers, "
                "or empty these cells if they mean that there is no answer."
            )
        )
    return problems


def header_texts(labels: Sequence[str | None], is_number: BoolArray) -> list[str]:
    """Texts in the first one or two rows of a column that holds nothing but numbers below them.

    Parameters
    ----------
    labels : sequence of str or None
        The entries as text; None where missing.
    is_number : ndarray of bool, shape (n,)
        Which of them are numbers.

    Returns
    -------
    list of str
        None of them when the column begins otherwise, or has other text further down.

    Examples
    --------
    >>> header_texts(["How tidy is it?", "5", None], np.array([False, True, False]))
    ['How tidy is it?']
    """
    texts = [row for row, label in enumerate(labels) if label is not None and not is_number[row]]
    if texts not in ([0], [0, 1]) or not is_number.any():
        return []
    return [str(labels[row]) for row in texts]


def header_rows(headed: Mapping[str, Sequence[str]], n_columns: int) -> Problem | None:
    """Find further rows of the header, as some survey tools write them below the names.

    That is taken as plain when three or more columns begin with text and go on in numbers, and they
    are at least half of the columns with text.

    Parameters
    ----------
    headed : mapping of str to sequence of str
        Column → its texts, as `header_texts` gives them.
    n_columns : int
        Number of columns in which there is text where numbers are needed.

    Returns
    -------
    Problem or None
    """
    if len(headed) < 3 or 2 * len(headed) < n_columns:
        return None
    height = max(len(texts) for texts in headed.values())
    column, texts = next(entry for entry in headed.items() if len(entry[1]) == height)
    rows, them = ("Row 1 looks", "it") if height == 1 else ("Rows 1 and 2 look", "them")
    return Problem(
        f"{rows} like question texts below the header, not like answers, in {len(headed)} columns: "
        f"{column} begins with {shorten([repr(text[:40]) for text in texts])}. Skip {them} before "
        f"the survey is made, for instance by `frame.iloc[{height}:]`, or delete {them} from the "
        "file."
    )


def stray_codes(answers: FloatArray) -> list[float]:
    """Usual codes for "no answer" that lie out of line with the other answers to a question.

    A code such as 99 does when it is more than three times the largest of them, and a negative one
    when none of them is negative. The codes 8 and 9 may be ratings; they are suspected when twenty
    others or more do not pass 5 (9 alone: 7).

    Parameters
    ----------
    answers : ndarray, shape (n,)
        Answers to one question; nan where missing.

    Returns
    -------
    list of float

    Examples
    --------
    >>> stray_codes(np.array([1.0, 4.0, 5.0, 99.0])), stray_codes(np.array([90.0, 98.0, 99.0]))
    ([99.0], [])
    """
    given = answers[~np.isnan(answers)]
    usual = np.isin(given, _USUAL_CODES)
    others = given[~usual]
    if others.size == 0:
        return []
    far = usual & ((given > 3.0 * others.max()) | ((given < 0) & (others.min() >= 0)))
    found = {float(code) for code in given[far]}
    for codes, top in (((8.0, 9.0), 5.0), ((9.0,), 7.0)):
        lower = others[~np.isin(others, codes)]
        if lower.size >= 20 and lower.max() <= top:
            found |= {code for code in codes if (others == code).any()}
    return sorted(found)


def off_scale(answers: FloatArray, columns: Mapping[int, str], scale: Scale) -> list[Problem]:
    """Find answers outside the scale, or between its steps.

    Parameters
    ----------
    answers : ndarray, shape (n, J)
        Answers of one side or of several.
    columns : mapping of int to str
        Position → column name.
    scale : Scale
        What is allowed.

    Returns
    -------
    list of Problem
    """
    present = ~np.isnan(answers)
    outside = present & ((answers < scale.minimum) | (answers > scale.maximum))
    between = np.zeros_like(outside)
    if not scale.continuous:
        steps = answers - scale.minimum
        between = present & ~outside & (steps != np.rint(steps))
    problems = []
    if outside.any():
        share = outside.sum() / present.sum()
        problems.append(
            Problem(
                f"{_sentence_count(int(outside.sum()), 'answer')} outside the "
                f"{scale} scale: {_by_column(answers, outside, columns)}. "
                f"{_way_out(answers[outside], scale, common=bool(share >= 0.05))}",
                ScaleRangeError,
            )
        )
    if between.any():
        problems.append(
            Problem(
                f"{_sentence_count(int(between.sum()), 'answer')} between the steps of the "
                f"{scale} scale: {_by_column(answers, between, columns)}. If answers may lie "
                "between steps, give the instrument a scale with `continuous = true`.",
                ScaleRangeError,
            )
        )
    return problems


def _way_out(outside: FloatArray, scale: Scale, *, common: bool) -> str:
    """Say what answers off the scale probably are: those of a longer scale, or codes."""
    found = sorted({float(value) for value in outside})
    below, above = _continuation(found, scale, -1), _continuation(found, scale, 1)
    # A code or two next to the scale, and a few slips, are no longer scale.
    if not common or not ({*below, *above} - _SMALL_CODES):
        return _suggest_codes(found)
    low, high = min([scale.minimum, *below]), max([scale.maximum, *above])
    sentence = (
        f"The data look like {low:g}–{high:g}; the instrument has {scale}. If that scale was used, "
        "give it to the instrument"
    )
    rest = [value for value in found if not low <= value <= high]
    if rest:
        return f"{sentence}. {_suggest_codes(rest)}"
    if len(found) > 1:
        return f"{sentence}."
    # One step beyond the end may as well be the box "do not know" next to the scale.
    (code,) = found
    return f'{sentence}; if {code:g} means "no answer", list it in `missing_codes=({code:g},)`.'


def _continuation(found: Sequence[float], scale: Scale, direction: Literal[-1, 1]) -> list[float]:
    """Those of the values that go on, step by step, where the scale ends."""
    value = (scale.maximum if direction > 0 else scale.minimum) + direction
    steps = []
    while value in found:
        steps.append(value)
        value += direction
    return steps


def _suggest_codes(found: Sequence[float]) -> str:
    codes = ", ".join(f"{value:g}" for value in found[:5])
    comma = "," if len(found) == 1 else ""
    return (
        'Codes such as 8, 9, 99 often mean "no answer"; if so, list them in '
        f"`missing_codes=({codes}{comma})`."
    )


def _sentence_count(count: int, noun: str) -> str:
    return f"{count:,} {noun} lies" if count == 1 else f"{count:,} {noun}s lie"


def _by_column(answers: FloatArray, flagged: BoolArray, columns: Mapping[int, str]) -> str:
    parts = []
    for position in np.flatnonzero(flagged.any(axis=0)):
        values, counts = np.unique(answers[flagged[:, position], position], return_counts=True)
        pieces = [
            f"{counted(int(count), 'answer')} of {value:g}"
            for value, count in zip(values, counts, strict=True)
        ]
        parts.append(f"{columns[int(position)]} ({shorten(pieces, limit=3)})")
    return shorten(parts)


def different_scales(
    first: FloatArray, second: FloatArray, names: tuple[str, str], scale: Scale
) -> list[Problem]:
    """Find two sides that were plainly answered on different scales.

    It is taken as plain when a fifth or more of the answers of one side lie outside the scale and
    none of the other's.

    Parameters
    ----------
    first, second : ndarray, shape (n, J)
        Answers of the two sides.
    names : tuple of str
        What the sides are called.
    scale : Scale
        The scale of the instrument.

    Returns
    -------
    list of Problem
    """
    shares, ends = [], []
    for answers in (first, second):
        given = answers[~np.isnan(answers)]
        if given.size == 0:
            return []
        shares.append(np.mean((given < scale.minimum) | (given > scale.maximum)))
        ends.append(f"{given.min():g} to {given.max():g}")
    if min(shares) == 0 and max(shares) >= 0.2:
        return [
            Problem(
                f"The two sides are on different scales: {names[0]} answers run from {ends[0]}, "
                f"{names[1]} answers from {ends[1]}. Both must be on {scale} before a difference "
                "means anything; recode one of them.",
                ScaleRangeError,
            )
        ]
    return []


def narrower_scale(
    first: FloatArray, second: FloatArray, names: tuple[str, str], scale: Scale
) -> str | None:
    """Suspect that one side was asked on a shorter scale inside the instrument's.

    Suspicion needs 500 answers, none of which passes some point below the end of the scale, while a
    tenth or more sit on that point and the other side reaches the end.

    Parameters
    ----------
    first, second : ndarray, shape (n, J)
        Answers of the two sides.
    names : tuple of str
        What the sides are called.
    scale : Scale
        The scale of the instrument.

    Returns
    -------
    str or None
        A sentence for a warning.
    """
    given = [answers[~np.isnan(answers)] for answers in (first, second)]
    if min(part.size for part in given) < 500:
        return None
    tops = [part.max() for part in given]
    if max(tops) < scale.maximum or tops[0] == tops[1]:
        return None
    low = int(np.argmin(tops))
    if np.mean(given[low] == tops[low]) < 0.1:
        return None
    return (
        f"No {names[low]} answer is above {tops[low]:g}, and many are {tops[low]:g}, while "
        f"{names[1 - low]} answers reach {scale.maximum:g}. If the two sides were asked on "
        "different scales, their difference means nothing; bring both to one scale first."
    )


def points_not_hundred(points: FloatArray, columns: tuple[str, ...]) -> list[Problem]:
    """Find importance points that are negative or do not add up to 100.

    Parameters
    ----------
    points : ndarray, shape (n, D)
        Rows of nan are respondents who gave none.
    columns : tuple of str
        Their columns.

    Returns
    -------
    list of Problem
    """
    given = ~np.isnan(points).all(axis=1)
    totals = np.where(np.isnan(points), 0.0, points).sum(axis=1)
    wrong = given & (np.abs(totals - 100.0) > 1e-6)
    problems = []
    if wrong.any():
        rows = np.flatnonzero(wrong)
        shown = shorten([f"row {row + 1} ({totals[row]:g})" for row in rows], limit=5)
        problems.append(
            Problem(
                f"The importance points ({shorten(columns, 5)}) of {wrong.sum():,} of "
                f"{plural(int(given.sum()), 'respondent')} do not add up to 100: {shown}. Correct "
                "them, or give `renormalise_points=True` to bring each respondent's points to 100."
            )
        )
    if (points < 0).any():
        problems.append(
            Problem(
                f"{_negative_words(int((points < 0).sum()))} in {shorten(columns, 5)}; points are "
                "shares of 100."
            )
        )
    return problems


def _negative_words(count: int) -> str:
    verb = "There is" if count == 1 else "There are"
    return f"{verb} {plural(count, 'negative importance point')}"


def looks_reversed(answers: FloatArray, groups: Mapping[str, list[int]]) -> list[int]:
    """Positions of items that run against the others, beyond chance.

    Two signs are looked for: an item against the rest of its dimension, and items (also whole
    dimensions) against the majority of all items of the side, if these have a common core. An item
    counts when its correlation with the others is so far below zero that a handful of respondents
    cannot produce it: Fisher's z below −3.3 (p < .0005, one-sided) in the first case, −5 in the
    second.

    Parameters
    ----------
    answers : ndarray, shape (n, J)
        Answers of one side.
    groups : mapping of str to list of int
        Dimension → positions of its items.

    Returns
    -------
    list of int
    """
    found: set[int] = set()
    for positions in groups.values():
        if len(positions) < 3:
            # With two items it cannot be told which of them is the reversed one.
            continue
        moments = Moments.collect(answers[:, positions])
        if moments.n_obs < 10:
            continue
        rest = item_statistics(moments.covariance()).item_rest_r
        found |= {
            position
            for position, r in zip(positions, rest, strict=True)
            if _far_below_zero(r, moments.n_obs)
        }
    return sorted(found | set(_against_the_majority(answers)))


def _against_the_majority(answers: FloatArray) -> list[int]:
    """Positions of items on the smaller side of the first principal component, beyond chance.

    The limit of z is stricter here (−5), since the majority is found in the same answers.
    """
    pairs = Moments.collect(answers, missing="pairwise")
    correlation = pairs.correlation()
    varying = np.flatnonzero(np.isfinite(np.diag(correlation)))
    block = correlation[np.ix_(varying, varying)]
    n_obs = int(pairs.counts[np.ix_(varying, varying)].min()) if len(varying) else 0
    if len(varying) < 4 or n_obs < 10 or not np.isfinite(block).all():
        return []
    eigenvalues, eigenvectors = np.linalg.eigh(block)
    if eigenvalues[-1] < 2.0 * eigenvalues[-2]:
        # Without a common core of the side there is no majority to run against.
        return []
    component = eigenvectors[:, -1]
    majority = component * np.sign(np.median(component)) > 0
    if 2 * majority.sum() <= len(varying):
        return []
    spread = np.sqrt(block[np.ix_(majority, majority)].sum())
    with_majority = block[:, majority].sum(axis=1) / spread
    return [
        int(position)
        for position, r, same in zip(varying, with_majority, majority, strict=True)
        if not same and _far_below_zero(float(r), n_obs, limit=-5.0)
    ]


def _far_below_zero(correlation: float, n_obs: int, limit: float = -3.3) -> bool:
    if not np.isfinite(correlation):
        return False
    z = np.arctanh(np.clip(correlation, -0.999999, 0.999999)) * np.sqrt(n_obs - 3)
    return bool(z < limit)
