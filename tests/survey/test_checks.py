"""Checks on arrays: when they speak, when they are silent, and the words."""

from __future__ import annotations

import re

import numpy as np
import pytest

from servqual.errors import ColumnNotFoundError, ScaleRangeError, SurveyError
from servqual.instruments.instrument import Scale
from servqual.survey.checks import (
    Problem,
    columns_not_found,
    counted,
    different_scales,
    header_rows,
    header_texts,
    looks_reversed,
    narrower_scale,
    off_scale,
    points_not_hundred,
    raise_problems,
    stray_codes,
    text_in_numbers,
)
from servqual.typing import FloatArray

NAN = float("nan")
LIKERT = Scale(1, 7)
SIDES = ("expectation", "perception")


def _answers(n: int, p: int, *, low: int = 1, high: int = 7, seed: int = 1) -> FloatArray:
    return np.random.default_rng(seed).integers(low, high + 1, size=(n, p)).astype(np.float64)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "no answers"), (1, "one answer"), (9, "nine answers"), (10, "10 answers")],
)
def test_counted(count: int, expected: str) -> None:
    assert counted(count, "answer") == expected
    assert counted(12345, "row") == "12,345 rows"


# ---- off the scale -------------------------------------------------------------------------------


def test_on_the_scale() -> None:
    assert off_scale(np.array([[1, 7, NAN], [4, 2, 3]]), dict(enumerate("abc")), LIKERT) == []
    assert off_scale(np.full((2, 1), NAN), {0: "a"}, LIKERT) == []


def test_one_answer_off_the_scale() -> None:
    (problem,) = off_scale(np.array([[1.0], [8.0]]), {0: "E3"}, LIKERT)
    assert problem.kind is ScaleRangeError
    assert problem.text == (
        "1 answer lies outside the 1–7 scale: E3 (one answer of 8). "
        'Codes such as 8, 9, 99 often mean "no answer"; if so, list them in `missing_codes=(8,)`.'
    )


@pytest.mark.parametrize(
    ("answers", "scale", "words"),
    [
        # A longer scale than the instrument's.
        ([1, 2, 5, 6, 7], Scale(1, 5), "The data look like 1–7; the instrument has 1–5. If that"),
        ([1, 7, 8, 9, 10], LIKERT, r"The data look like 1–10; .* give it to the instrument\.$"),
        ([0, 7, 8, 9, 10], LIKERT, "The data look like 0–10; the instrument has 1–7"),
        ([1, 3, 6, 7, 99], Scale(1, 5), r"look like 1–7; .* in `missing_codes=\(99,\)`\.$"),
        ([1, 3, 5, 6], Scale(1, 5), r'look like 1–6; .*; if 6 means "no answer", .*=\(6,\)`\.$'),
        # Codes.
        ([1, 7, 8, 9], LIKERT, r"\)\. Codes such as 8, 9, 99 often .*`missing_codes=\(8, 9\)`\.$"),
        ([1, 7, 0, 9], LIKERT, r"\)\. Codes such as .*`missing_codes=\(0, 9\)`\.$"),
        ([1, 5, 99], Scale(1, 5), r"\)\. Codes such as .*`missing_codes=\(99,\)`\.$"),
        # Two slips among many answers are no other scale.
        ([1, 2, 3, 4, 5] * 20 + [6, 7], Scale(1, 5), r"\)\. Codes such as .*=\(6, 7\)`\.$"),
    ],
)
def test_another_scale_or_codes(answers: list[float], scale: Scale, words: str) -> None:
    (problem,) = off_scale(np.array(answers, dtype=np.float64)[:, None], {0: "P1"}, scale)
    assert re.search(words, problem.text), problem.text


def test_long_lists_are_shortened() -> None:
    answers = np.arange(10, 30, dtype=np.float64).reshape(1, 20)
    (problem,) = off_scale(answers, {place: f"P{place}" for place in range(20)}, LIKERT)
    assert "20 answers lie outside" in problem.text
    assert "P9 (one answer of 19) and 10 more" in problem.text
    assert "`missing_codes=(10, 11, 12, 13, 14)`" in problem.text
    many = np.arange(10, 16, dtype=np.float64).reshape(6, 1)
    (problem,) = off_scale(many, {0: "P1"}, LIKERT)
    assert "P1 (one answer of 10, one answer of 11, one answer of 12 and 3 more)" in problem.text


def test_off_and_between() -> None:
    answers = np.array([[0.0, 2.5], [4.0, 2.5]])
    outside, between = off_scale(answers, {0: "a", 1: "b"}, LIKERT)
    assert "1 answer lies outside" in outside.text
    assert between.text == (
        "2 answers lie between the steps of the 1–7 scale: b (two answers of 2.5). If answers may "
        "lie between steps, give the instrument a scale with `continuous = true`."
    )
    assert len(off_scale(answers, {0: "a", 1: "b"}, Scale(1, 7, continuous=True))) == 1


def test_scales_that_start_elsewhere() -> None:
    half = Scale(0.5, 4.5)
    assert off_scale(np.array([[0.5, 1.5, 4.5]]), dict(enumerate("abc")), half) == []
    (problem,) = off_scale(np.array([[1.0]]), {0: "a"}, half)
    assert "between the steps of the 0.5–4.5 scale" in problem.text


# ---- two scales ----------------------------------------------------------------------------------


def test_different_scales() -> None:
    seven, ten = _answers(50, 4), _answers(50, 4, high=10)
    (problem,) = different_scales(seven, ten, SIDES, LIKERT)
    assert problem.kind is ScaleRangeError
    assert problem.text.startswith(
        "The two sides are on different scales: perception answers run from 1 to 10, expectation "
        "answers from 1 to 7."
    ) or problem.text.startswith(
        "The two sides are on different scales: expectation answers run from 1 to 7, perception "
        "answers from 1 to 10."
    )
    assert "Both must be on 1–7" in problem.text
    assert len(different_scales(ten, seven, SIDES, LIKERT)) == 1


def test_no_different_scales() -> None:
    seven = _answers(50, 4)
    few = seven.copy()
    few[:5, 0] = 9
    assert different_scales(seven, few, SIDES, LIKERT) == []
    both = _answers(50, 4, high=10)
    assert different_scales(both, both, SIDES, LIKERT) == []
    assert different_scales(seven, np.full((50, 4), NAN), SIDES, LIKERT) == []


def test_narrower_scale() -> None:
    seven, five = _answers(150, 4), _answers(150, 4, high=5)
    sentence = narrower_scale(seven, five, SIDES, LIKERT)
    assert sentence is not None
    assert sentence.startswith("No perception answer is above 5, and many are 5, while expectation")
    assert sentence.endswith("bring both to one scale first.")
    other = narrower_scale(five, seven, SIDES, LIKERT)
    assert other is not None
    assert other.startswith("No expectation answer is above 5")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # Too few answers to tell.
        (_answers(100, 4), _answers(100, 4, high=5)),
        # Both reach the end, or neither does.
        (_answers(150, 4), _answers(150, 4, low=3)),
        (_answers(150, 4, high=5), _answers(150, 4, high=5)),
        (_answers(150, 4, high=6), _answers(150, 4, high=5)),
        # Nobody crowds at the top of the lower side.
        (_answers(150, 4), np.where(np.arange(600).reshape(150, 4) == 0, 5.0, 2.0)),
        (_answers(150, 4), np.full((150, 4), NAN)),
    ],
)
def test_no_narrower_scale(first: FloatArray, second: FloatArray) -> None:
    assert narrower_scale(first, second, SIDES, LIKERT) is None


# ---- items that run backwards --------------------------------------------------------------------


def _one_factor(n: int, p: int = 4, seed: int = 2) -> FloatArray:
    generator = np.random.default_rng(seed)
    factor = generator.normal(size=(n, 1))
    return np.clip(np.rint(4 + 1.2 * factor + 0.6 * generator.normal(size=(n, p))), 1, 7)


def test_looks_reversed() -> None:
    answers = _one_factor(60)
    assert looks_reversed(answers, {"a": [0, 1, 2, 3]}) == []
    answers[:, 2] = 8 - answers[:, 2]
    assert looks_reversed(answers, {"a": [0, 1, 2, 3]}) == [2]
    assert looks_reversed(answers, {"a": [3, 2, 0]}) == [2]


def test_cannot_tell_which_is_reversed() -> None:
    answers = _one_factor(60)
    answers[:, 1] = 8 - answers[:, 1]
    assert looks_reversed(answers[:, :2], {"a": [0, 1]}) == []
    assert looks_reversed(answers[:9], {"a": [0, 1, 2, 3]}) == []
    # Two against two.
    answers[:, 0] = 8 - answers[:, 0]
    assert looks_reversed(answers[:, :2], {"a": [0, 1]}) == []
    assert looks_reversed(answers[:, :3], {"a": [0, 1], "b": [2]}) == []


def test_against_the_other_dimensions() -> None:
    answers = _one_factor(60, 6)
    groups = {"a": [0, 1], "b": [2, 3, 4, 5]}
    assert looks_reversed(answers, groups) == []
    # No item runs against the rest of its dimension, but the dimension against the others.
    answers[:, [0, 1]] = 8 - answers[:, [0, 1]]
    assert looks_reversed(answers, groups) == [0, 1]
    answers[::3, 4] = np.nan
    assert looks_reversed(answers, groups) == [0, 1]


def test_the_majority_of_all_items_tells_what_a_dimension_cannot() -> None:
    answers = _one_factor(60)
    answers[:, 1] = 8 - answers[:, 1]
    assert looks_reversed(answers, {"a": [0, 1], "b": [2, 3]}) == [1]


def test_constant_items_are_not_suspicious() -> None:
    answers = _one_factor(60)
    answers[:, 1] = 4
    assert looks_reversed(answers, {"a": [0, 1, 2, 3]}) == []
    assert looks_reversed(np.full((60, 3), 5.0), {"a": [0, 1, 2]}) == []


# ---- importance points ---------------------------------------------------------------------------


def test_points() -> None:
    good = np.array([[60, 40], [NAN, NAN], [100, NAN], [33.3, 66.7]])
    assert points_not_hundred(good, ("W_a", "W_b")) == []
    bad = np.array([[60, 40], [50, 40], [NAN, NAN], [0, 0]])
    (problem,) = points_not_hundred(bad, ("W_a", "W_b"))
    assert problem.text.startswith(
        "The importance points (W_a, W_b) of 2 of 3 respondents do not add up to 100: row 2 (90), "
        "row 4 (0). Correct them"
    )


def test_points_of_one_respondent() -> None:
    (problem,) = points_not_hundred(np.array([[50.0, 40]]), ("W_a", "W_b"))
    assert "of 1 of 1 respondent do not" in problem.text


def test_points_below_zero() -> None:
    (problem,) = points_not_hundred(np.array([[140, -40.0], [50, 50]]), ("W_a", "W_b"))
    assert problem.text.startswith("There is 1 negative importance point in W_a, W_b; points are")
    (problem,) = points_not_hundred(np.array([[140, -40.0], [-10, 110]]), ("W_a", "W_b"))
    assert problem.text.startswith("There are 2 negative importance points in")


# ---- problems ------------------------------------------------------------------------------------


def test_text_in_numbers() -> None:
    problems = text_in_numbers({"P1": {"good": 2, "bad": 5, "x" * 60: 1}, "P2": {"-1-": 1}})
    assert problems[0].text == (
        f"`P1` holds text where numbers are needed: 'bad' (5×), 'good' (2×), '{'x' * 40}' (1×). "
        "Recode it to numbers, or empty these cells if they mean that there is no answer."
    )
    assert problems[1].text.startswith("`P2` holds text where numbers are needed: '-1-' (1×)")
    assert text_in_numbers({}) == []


def test_thousands_or_decimals() -> None:
    (problem,) = text_in_numbers({"w": {"1,234": 2, "1,050": 1}})
    assert problem.text == (
        "`w` holds numbers whose comma may separate thousands or decimals: '1,234' (2×), '1,050' "
        "(1×). Remove the separators of thousands; if it is a decimal comma, read the file with "
        '`decimal=","`.'
    )
    (problem,) = text_in_numbers({"w": {"1,234": 2, "good": 1}})
    assert "holds text where numbers are needed" in problem.text


@pytest.mark.parametrize(
    ("labels", "texts"),
    [
        (["How tidy?", "5", "6"], ["How tidy?"]),
        (["How tidy?", '{"ImportId":"Q1"}', "6"], ["How tidy?", '{"ImportId":"Q1"}']),
        (["a", "b", "c"], []),
        (["a", "5", "c"], []),
        (["a", "b"], []),
        (["5", "a", "6"], []),
        ([None, "a", "6"], []),
    ],
)
def test_header_texts(labels: list[str | None], texts: list[str]) -> None:
    numbers = np.array([label is not None and label.isdigit() for label in labels])
    assert header_texts(labels, numbers) == texts


def test_header_rows() -> None:
    headed = {f"P{item}": [f"Question {item}", "{}"] for item in range(1, 5)}
    problem = header_rows(headed, 5)
    assert problem is not None
    assert problem.text == (
        "Rows 1 and 2 look like question texts below the header, not like answers, in 4 columns: "
        "P1 begins with 'Question 1', '{}'. Skip them before the survey is made, for instance by "
        "`frame.iloc[2:]`, or delete them from the file."
    )
    one = header_rows({key: ["Question"] for key in "abc"}, 3)
    assert one is not None
    assert one.text.startswith("Row 1 looks like")
    assert "Skip it before" in one.text
    # Slips in two columns, or in few of many, are no header.
    assert header_rows({key: ["Question"] for key in "ab"}, 2) is None
    assert header_rows(headed, 9) is None


@pytest.mark.parametrize(
    ("answers", "codes"),
    [
        ([1, 4, 5, 99], [99]),
        ([1, 4, 10, 999, -9, NAN], [-9, 999]),
        ([-3, 2, -1], []),
        ([90, 98, 99], []),
        ([99, 99], []),
        ([1, 2, 3, 4, 5] * 4 + [8, 9], [8, 9]),
        ([1, 2, 3, 6, 7] * 4 + [9], [9]),
        # A scale up to 10, or too few answers to tell.
        ([1, 2, 3, 6, 10] * 4 + [9], []),
        ([1, 2, 3, 6, 8] * 4 + [9], []),
        ([1, 2, 3, 9], []),
        ([NAN], []),
    ],
)
def test_stray_codes(answers: list[float], codes: list[float]) -> None:
    assert stray_codes(np.array(answers, dtype=np.float64)) == codes


def test_columns_not_found() -> None:
    problems = columns_not_found(ColumnNotFoundError(["No E1.", "No P1."]))
    assert problems == [
        Problem("No E1.", ColumnNotFoundError),
        Problem("No P1.", ColumnNotFoundError),
    ]


def test_raise_problems() -> None:
    raise_problems(iter(()))
    with pytest.raises(ScaleRangeError, match=r"^Off\.$"):
        raise_problems([Problem("Off.", ScaleRangeError)])
    with pytest.raises(SurveyError, match=r"2 problems:\n  1\. Off\.\n  2\. Odd\.") as caught:
        raise_problems([Problem("Off.", ScaleRangeError), Problem("Odd.")])
    assert type(caught.value) is SurveyError
