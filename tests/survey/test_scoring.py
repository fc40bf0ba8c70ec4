"""Scores on arrays, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.survey.scoring import (
    PairedScores,
    mean_scores,
    paired_scores,
    required,
    reverse,
    row_mean,
)

NAN = float("nan")
TWO_SCALES = [np.array([0, 1]), np.array([2, 3, 4])]


def test_mean_scores() -> None:
    answers = np.array(
        [
            [1, 2, 3, 4, 5],
            [1, NAN, 3, NAN, NAN],
            [NAN, NAN, 3, NAN, 6],
            [NAN, NAN, NAN, NAN, NAN],
        ]
    )
    assert_allclose(
        mean_scores(answers, TWO_SCALES, 0.5),
        [[1.5, 4], [1, NAN], [NAN, 4.5], [NAN, NAN]],
    )
    assert_allclose(mean_scores(answers, TWO_SCALES, 1.0)[:, 0], [1.5, NAN, NAN, NAN])
    assert_allclose(mean_scores(answers, TWO_SCALES, 0.3)[:, 1], [4, 3, 4.5, NAN])


def test_columns_need_not_be_neighbours() -> None:
    answers = np.arange(5.0)[None, :]
    assert_allclose(mean_scores(answers, [np.array([4, 0])], 1.0), [[2.0]])


def test_paired_scores() -> None:
    perception = np.array([[5, 6, 4.0], [5, NAN, 4], [5, 6, NAN]])
    expectation = np.array([[6, 6, 7.0], [6, 6, 7], [NAN, 7, 7]])
    scores = paired_scores(perception, expectation, [np.arange(3)], 0.5)
    assert_allclose(scores.minuend[:, 0], [5, 4.5, NAN])
    assert_allclose(scores.subtrahend[:, 0], [19 / 3, 6.5, NAN])
    assert_allclose(scores.difference[:, 0], [-4 / 3, -2, NAN])


def test_ties_stay_ties() -> None:
    # Means of sides and of differences may differ in the last bit; ranks need the exact ones.
    perception = np.array([[1, 2, 2.0], [7, 1, 1]])
    expectation = np.array([[2, 2, 2.0], [3, 4, 3]])
    difference = paired_scores(perception, expectation, [np.arange(3)], 0.5).difference[:, 0]
    assert difference[0] == difference[1] == -1 / 3


def test_select() -> None:
    scores = PairedScores(*(np.full((2, 3), value) + np.arange(3.0) for value in (5.0, 6.0, -1.0)))
    some = scores.select([2, 0])
    assert_array_equal(some.minuend[0], [7, 5])
    assert_array_equal(some.difference[0], [1, -1])


@pytest.mark.parametrize(
    ("n_items", "share", "expected"),
    [
        (4, 0.5, 2),
        (5, 0.5, 3),
        (1, 0.5, 1),
        (10, 0.7, 7),
        (3, 2 / 3, 2),
        (3, 1.0, 3),
        (22, 0.01, 1),
        (10, 0.3, 3),
        (10, 0.1 + 0.2, 3),
    ],
)
def test_required(n_items: int, share: float, expected: int) -> None:
    assert required(n_items, share) == expected


def test_row_mean_needs_all() -> None:
    assert_allclose(row_mean(np.array([[1, 2], [1, NAN]])), [1.5, NAN])


def test_reverse() -> None:
    answers = np.array([[1, 2, NAN], [7, 4, 3]])
    answers.flags.writeable = False
    assert_array_equal(reverse(answers, [0, 2], 1, 7), [[7, 2, NAN], [1, 4, 5]])
    assert_array_equal(reverse(answers, [1], 0, 10), [[1, 8, NAN], [7, 6, 3]])
    assert_array_equal(reverse(answers, [], 1, 7), answers)
    assert answers[0, 0] == 1
