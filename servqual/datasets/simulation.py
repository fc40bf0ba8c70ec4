"""Draw a survey from known true values."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from servqual.datasets.bank_truth import BANK
from servqual.datasets.latent import latent_model, loading_matrix
from servqual.datasets.truth import ItemBlock, SurveyTruth
from servqual.errors import OptionError
from servqual.typing import FloatArray, IntArray

__all__ = ["simulate"]


def simulate(
    truth: SurveyTruth = BANK, *, n_respondents: int = 600, seed: int = 20251
) -> pd.DataFrame:
    """Simulate a survey of expectations, perceptions, outcomes and importance points.

    Parameters
    ----------
    truth : SurveyTruth, default `BANK`
        The true values. Derive your own with `dataclasses.replace`.
    n_respondents : int, default 600
        How many respondents to draw.
    seed : int, default 20251
        Seed of the local random generator. The first k respondents of a larger survey with the same
        seed are the same k respondents.

    Returns
    -------
    pandas.DataFrame
        One row per respondent: ``respondent``, ``branch``, ``wave``; the expectations and the
        perceptions; satisfaction, loyalty and recommendation; and ``W_<dimension>``, the importance
        points. Ratings are whole numbers of type float64, nan where missing.

    Raises
    ------
    OptionError
        If `n_respondents` is not a whole number of at least 1, or `seed` not one of at least 0.

    Notes
    -----
    Latent variables are normal within a branch and a wave. Each item answers with its latent
    variable plus noise of its own, cut into the points of the scale by thresholds. `SurveyTruth`
    has the equations; `SurveyTruth.expected_scores` has the exact population values of the answers.

    Examples
    --------
    >>> survey = simulate(n_respondents=200, seed=1)
    >>> survey.shape
    (200, 59)
    >>> bool((survey["P5"].mean() < survey["E5"].mean()))
    True
    """
    _check_whole_number("n_respondents", n_respondents, lowest=1)
    _check_whole_number("seed", seed, lowest=0)
    # A stream of its own for every step keeps each respondent the same when others are added.
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(6)]
    n = int(n_respondents)
    branch = _draw_cells(streams[0], n, truth.branch_shares)
    wave = _draw_cells(streams[1], n, truth.wave_shares)
    answers = _draw_answers(truth, streams[2], streams[3], branch, wave)
    points = _draw_points(truth, streams[4], n)
    _remove_answers(truth, streams[5], answers, points)
    identity: dict[str, object] = {
        "respondent": np.arange(1, n + 1),
        "branch": [truth.branches[position] for position in branch],
        "wave": [truth.waves[position] for position in wave],
    }
    names = [name for block in truth.blocks for name in block.names]
    columns = dict(zip(names, answers.T, strict=True))
    weights = {f"W_{name}": points[:, d] for d, name in enumerate(truth.dimensions)}
    return pd.DataFrame(identity | columns | weights)


def _check_whole_number(argument: str, value: object, *, lowest: int) -> None:
    whole = (int, np.integer)
    if isinstance(value, bool) or not isinstance(value, whole) or value < lowest:
        raise OptionError(
            f"`{argument}` is {value!r}, but must be a whole number of at least {lowest}."
        )


def _draw_cells(stream: np.random.Generator, n: int, shares: FloatArray) -> IntArray:
    """Positions of branches or waves, drawn with their shares."""
    inner_limits = np.cumsum(shares)[:-1]
    return np.asarray(np.searchsorted(inner_limits, stream.random(n), side="right"), dtype=np.int64)


def _draw_answers(
    truth: SurveyTruth,
    latent_stream: np.random.Generator,
    unique_stream: np.random.Generator,
    branch: IntArray,
    wave: IntArray,
) -> FloatArray:
    """Answers to all items, shape (n, number of items), none missing."""
    model = latent_model(truth)
    loadings = loading_matrix(truth)
    intercepts = np.concatenate([block.intercepts for block in truth.blocks])
    unique_sds = np.concatenate([block.unique_sds for block in truth.blocks])
    n, n_latent, n_items = branch.size, model.root.shape[0], unique_sds.size
    latent = model.means[branch, wave] + latent_stream.standard_normal((n, n_latent)) @ model.root.T
    responses = latent @ loadings.T
    responses += intercepts
    responses += unique_stream.standard_normal((n, n_items)) * unique_sds
    first = 0
    for block in truth.blocks:
        columns = slice(first, first + len(block.names))
        responses[:, columns] = _answer(block, responses[:, columns])
        first = columns.stop
    return responses


def _answer(block: ItemBlock, responses: FloatArray) -> FloatArray:
    """Answers on paper: the lowest answer plus the number of thresholds below the response."""
    passed = np.searchsorted(block.thresholds, responses)
    return np.asarray(block.lowest + passed, dtype=np.float64)


def _draw_points(truth: SurveyTruth, stream: np.random.Generator, n: int) -> FloatArray:
    """Draw importance points, whole numbers that add up to 100, shape (n, D)."""
    parameters = truth.importance_concentration * truth.importance_shares
    uniform = stream.random((n, parameters.size + 1))
    # Gamma variables by inversion: uniform numbers are the stream that numpy changes least.
    gamma = gammaincinv(parameters, uniform[:, 1:])
    limits = np.zeros((n, parameters.size + 1))
    limits[:, 1:] = np.cumsum(gamma, axis=1)
    limits *= 100.0 / limits[:, -1:]
    limits[:, -1] = 100.0
    # One shift for all limits rounds every share up or down without bias and keeps the sum at 100.
    return np.diff(np.floor(limits + uniform[:, :1]), axis=1)


def _remove_answers(
    truth: SurveyTruth, stream: np.random.Generator, answers: FloatArray, points: FloatArray
) -> None:
    """Set answers and points missing, in the arrays of this draw."""
    n, n_items = answers.shape
    n_ratings = len(truth.expectation.names) + len(truth.perception.names)
    uniform = stream.random((n, n_items + 2))
    ratings, outcomes = uniform[:, :n_ratings], uniform[:, n_ratings:n_items]
    skips = uniform[:, [n_items + 1]] < truth.skipping_share
    answers[:, :n_ratings][skips & (ratings < truth.missing_item_share)] = np.nan
    answers[:, n_ratings:][outcomes < truth.missing_outcome_share] = np.nan
    points[uniform[:, n_items] < truth.missing_importance_share] = np.nan
