"""Scores of respondents: from answers to items to scores of dimensions and of the whole, on arrays.

A score is the mean of the answers that are there, if enough of them are. Scores of a difference use
the item *pairs* that were answered on both sides, so that a gap is always the difference of its two
sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from servqual.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class PairedScores:
    """Scores of both sides and of their difference, over the same item pairs.

    Attributes
    ----------
    minuend, subtrahend, difference : ndarray, shape (n, k)
        Such as perception, expectation and gap; nan where too few pairs were answered.
    """

    minuend: FloatArray
    subtrahend: FloatArray
    difference: FloatArray

    def select(self, columns: list[int]) -> PairedScores:
        """Return some of the columns."""
        return PairedScores(
            self.minuend[:, columns], self.subtrahend[:, columns], self.difference[:, columns]
        )


def mean_scores(answers: FloatArray, groups: list[IntArray], min_answered: float) -> FloatArray:
    """Mean of the answered items of each group of columns.

    Parameters
    ----------
    answers : ndarray, shape (n, J)
        nan where missing.
    groups : list of ndarray
        Column positions of each scale.
    min_answered : float
        Share of the scale's items that must be answered.

    Returns
    -------
    ndarray, shape (n, len(groups))
    """
    scores = np.full((len(answers), len(groups)), np.nan)
    for position, columns in enumerate(groups):
        block = answers[:, columns]
        present = ~np.isnan(block)
        count = present.sum(axis=1)
        enough = count >= required(len(columns), min_answered)
        total = np.where(present, block, 0.0).sum(axis=1)
        np.divide(total, count, out=scores[:, position], where=enough)
    return scores


def paired_scores(
    minuend: FloatArray, subtrahend: FloatArray, groups: list[IntArray], min_answered: float
) -> PairedScores:
    """Scores of two sides and of their difference over the item pairs answered on both.

    Parameters
    ----------
    minuend, subtrahend : ndarray, shape (n, J)
        Answers on both sides.
    groups : list of ndarray
        Column positions of each scale.
    min_answered : float
        Share of the scale's pairs that must be answered.

    Returns
    -------
    PairedScores
    """
    both = ~(np.isnan(minuend) | np.isnan(subtrahend))
    first = np.where(both, minuend, np.nan)
    second = np.where(both, subtrahend, np.nan)
    # The difference is averaged by itself: (ΣP − ΣE)/k keeps ties exact, which P̄ − Ē would not.
    return PairedScores(
        *(
            _read_only(mean_scores(values, groups, min_answered))
            for values in (first, second, first - second)
        )
    )


def _read_only(values: FloatArray) -> FloatArray:
    # Surveys keep and share these scores.
    values.flags.writeable = False
    return values


def required(n_items: int, min_answered: float) -> int:
    """Return how many of `n_items` must be answered: at least one, rounded up."""
    # The small allowance keeps 0.7 · 10 from asking for eight.
    return max(1, int(np.ceil(n_items * min_answered - 1e-9)))


def row_mean(scores: FloatArray) -> FloatArray:
    """Mean over the columns, shape (n,); nan unless all are there."""
    return np.asarray(scores.mean(axis=1), dtype=np.float64)


def reverse(answers: FloatArray, columns: list[int], minimum: float, maximum: float) -> FloatArray:
    """Turn negatively worded items round: minimum + maximum − answer.

    Parameters
    ----------
    answers : ndarray, shape (n, J)
        Answers as given.
    columns : list of int
        Positions of the items to turn round.
    minimum, maximum : float
        Ends of the scale.

    Returns
    -------
    ndarray, shape (n, J)
        A new array; reversing twice gives the answers back.
    """
    turned = answers.copy()
    turned[:, columns] = minimum + maximum - answers[:, columns]
    return turned
