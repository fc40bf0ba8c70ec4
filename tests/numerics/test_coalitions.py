from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.errors import EstimationError
from servqual.numerics.coalitions import (
    average_gains,
    compare_pairs,
    complete_dominance,
    shapley_values,
)
from servqual.numerics.importance import subset_r_squared
from servqual.typing import FloatArray
from tests.reference import load_expected

CASES: dict[str, Any] = load_expected("relative_importance")["cases"]
every_case = pytest.mark.parametrize("name", list(CASES))


def monotone_games(seed: int, n_predictors: int, *batch: int) -> FloatArray:
    """Worths that never fall when predictors are added."""
    worths = np.random.default_rng(seed).uniform(size=(*batch, 2**n_predictors))
    worths[..., 0] = 0.0
    for subset in range(2**n_predictors):
        for place in range(n_predictors):
            if subset >> place & 1:
                below = worths[..., subset - 2**place]
                worths[..., subset] = np.maximum(worths[..., subset], below)
    return worths


@every_case
def test_worths_of_lm_have_the_dominance_of_r(name: str) -> None:
    case = CASES[name]
    worths = np.array(case["worths"])
    assert_allclose(shapley_values(worths), case["general"], rtol=1e-12)
    assert_allclose(average_gains(worths), case["conditional"], rtol=1e-12)
    assert complete_dominance(worths).tolist() == case["complete"]


def test_mtcars_is_the_printed_example() -> None:
    # https://cran.r-project.org/package=domir, vignette: mpg ~ am + cyl + carb
    worths = np.array(CASES["mtcars"]["worths"])
    general = [0.2156848, 0.4173094, 0.1783081]
    conditional = [
        [0.3597989, 0.2164938, 0.07076149],
        [0.7261800, 0.4181185, 0.10762967],
        [0.3035184, 0.1791172, 0.05228872],
    ]
    assert_allclose(shapley_values(worths), general, atol=5.1e-8, rtol=0)
    assert_allclose(average_gains(worths), conditional, atol=5.1e-8, rtol=0)
    # cyl dominates am and carb completely, and am carb.
    assert complete_dominance(worths).tolist() == [[0.5, 0, 1], [1, 0.5, 1], [0, 0, 0.5]]


@pytest.mark.parametrize("n_predictors", [1, 2, 4, 7])
def test_shapley_value_is_the_mean_of_the_average_gains(n_predictors: int) -> None:
    games = monotone_games(1, n_predictors, 3)
    gains = average_gains(games)
    assert gains.shape == (3, n_predictors, n_predictors)
    assert_allclose(gains.mean(axis=-1), shapley_values(games), rtol=1e-12)
    assert_allclose(shapley_values(games).sum(axis=-1), games[:, -1], rtol=1e-12)
    alone = games[:, [2**place for place in range(n_predictors)]]
    assert_allclose(gains[:, :, 0], alone, rtol=1e-12)


def test_complete_dominance_implies_conditional_and_general() -> None:
    games = monotone_games(5, 4, 400)
    complete = complete_dominance(games)
    conditional = compare_pairs(average_gains(games))
    general = compare_pairs(shapley_values(games)[..., None])
    assert (complete == 1.0).sum() > 100
    assert (conditional[complete == 1.0] == 1.0).all()
    assert (general[conditional == 1.0] == 1.0).all()
    for matrix in (complete, conditional, general):
        assert_allclose(matrix + np.swapaxes(matrix, -1, -2), 1.0, rtol=0)


def test_predictors_that_repeat_each_other_do_not_dominate() -> None:
    correlation = np.array(
        [[1.0, 1.0, 0.2, 0.6], [1.0, 1.0, 0.2, 0.6], [0.2, 0.2, 1.0, 0.4], [0.6, 0.6, 0.4, 1.0]]
    )
    worths = subset_r_squared(correlation)
    found = complete_dominance(worths)
    assert found[0, 1] == found[1, 0] == 0.5
    assert compare_pairs(shapley_values(worths)[:, None])[0, 1] == 0.5


def test_games_with_missing_worths_are_missing_and_leave_the_others_alone() -> None:
    games = monotone_games(2, 3, 2)
    games[0, 5] = np.nan
    for function in (average_gains, complete_dominance):
        found = function(games)
        assert np.isnan(found[0]).any()
        assert_allclose(found[1], function(games[1]), rtol=1e-12)
    assert np.isnan(complete_dominance(games)[0]).all()
    assert np.isnan(compare_pairs(average_gains(games))[0]).all()


@pytest.mark.parametrize("n_worths", [1, 3, 6])
def test_worths_that_are_no_game_are_refused(n_worths: int) -> None:
    for function in (shapley_values, average_gains, complete_dominance):
        with pytest.raises(EstimationError, match=f"There are {n_worths} worths, but a game of p"):
            function(np.zeros(n_worths))
