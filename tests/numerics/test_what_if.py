from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.errors import EstimationError
from servqual.numerics import what_if
from servqual.numerics.resampling import weight_blocks
from servqual.numerics.what_if import (
    Scenario,
    ScenarioChanges,
    WhatIfModel,
    first_places,
    places,
    resampled_changes,
    scenario_changes,
    score_changes,
    share_positions,
)
from servqual.typing import FloatArray, IntArray


def make_model(n_rows: int = 50, *, mediated: bool = True, seed: int = 4) -> WhatIfModel:
    """Two scores, a covariate, a mediator and an outcome of three whole-number answers."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(n_rows, 2))
    covariate = generator.normal(size=(n_rows, 1))
    level = 4.0 + scores @ [0.8, 0.4]
    mediator = level + generator.normal(size=n_rows)
    noise = generator.normal(size=(n_rows, 3))
    answers = np.clip(np.rint((0.6 * level + 0.4 * mediator)[:, None] + noise), 1, 7)
    parts = [scores, covariate, *([mediator[:, None]] if mediated else [])]
    data = np.column_stack([*parts, answers.mean(axis=1)])
    n_answers = np.full(n_rows, 3.0)
    positions = [share_positions(answers.sum(axis=1), n_answers, at) for at in (6.0, 5.0)]
    changes = generator.uniform(0.0, 1.0, size=(n_rows, 2))
    scenarios = (Scenario((0, 1), changes), Scenario((1,), -changes[:, [1]]))
    return WhatIfModel(data, 2, mediated, scenarios, np.array(positions), n_answers)


def by_hand(model: WhatIfModel, rows: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Direct, through and shares of one resample: lstsq, and rounding to neighbours by floor."""
    data = model.data[rows]
    ones = np.ones(len(data))

    def fit(columns: list[int], target: int) -> FloatArray:
        design = np.column_stack([ones, data[:, columns]])
        slopes: FloatArray = np.linalg.lstsq(design, data[:, target], rcond=None)[0][1:]
        return slopes

    last = data.shape[1] - 1
    if model.mediated:
        a = fit([0, 1, 2], 3)
        whole = fit([0, 1, 2, 3], 4)
        direct, through = whole[:2], a[:2] * whole[3]
    else:
        direct, through = fit([0, 1, 2], last)[:2], np.zeros(2)
    found: list[list[float]] = [[], []]
    shares = []
    for scenario in model.scenarios:
        changes = scenario.changes[rows]
        moved = list(scenario.predictors)
        found[0].append(float(changes.mean(axis=0) @ direct[moved]))
        found[1].append(float(changes.mean(axis=0) @ through[moved]))
        after = data[:, -1] + changes @ (direct + through)[moved]
        shares.append(
            [
                smooth_share(after, threshold) - smooth_share(data[:, -1], threshold)
                for threshold in (6.0, 5.0)
            ]
        )
    return np.array(found[0]), np.array(found[1]), np.array(shares)


def smooth_share(scores: FloatArray, threshold: float) -> float:
    below = np.floor(scores * 3.0 + 1e-9) / 3.0
    rest = (scores - below) * 3.0
    upper = below + 1.0 / 3.0
    counted = (1.0 - rest) * (below > threshold - 1e-6) + rest * (upper > threshold - 1e-6)
    return float(counted.mean())


def assert_row(changes: ScenarioChanges, row: int, expected: Any) -> None:
    direct, through, shares = expected
    assert_allclose(changes.direct[row], direct, rtol=1e-9, atol=1e-12)
    assert_allclose(changes.through[row], through, rtol=1e-9, atol=1e-12)
    assert_allclose(changes.shares[row], shares, rtol=1e-8, atol=1e-10)


# ---- answers to scores ---------------------------------------------------------------------------


def test_answers_stop_at_the_ends_and_missing_ones_move_nothing() -> None:
    answers = np.array([[7.0, 6.5, 1.0], [2.0, np.nan, 4.0], [np.nan, np.nan, 5.0]])
    shifts = np.array([1.0, 1.0, -2.0])
    changes = score_changes(answers, shifts, [np.array([0, 1]), np.array([2])], 1.0, 7.0)
    assert_allclose(changes.scores, [[0.25, 0.0], [1.0, -2.0], [np.nan, -2.0]])
    assert_allclose(changes.answers[0], [0.0, 0.5, 0.0])
    assert changes.stopped_answers.tolist() == [
        [True, True, True],
        [False, False, False],
        [False, False, False],
    ]
    assert changes.stopped_scores.tolist() == [[True, True], [False, False], [False, False]]


def test_what_is_handed_in_is_not_written_to() -> None:
    answers = np.array([[7.0, np.nan], [2.0, 3.0]])
    shifts = np.array([1.0, 1.0])
    answers.flags.writeable = shifts.flags.writeable = False
    score_changes(answers, shifts, [np.array([0, 1])], 1.0, 7.0)
    model = make_model()
    for array in (model.data, model.positions, model.n_answers, model.scenarios[0].changes):
        array.flags.writeable = False
    resampled_changes(model, n_resamples=5, seed=1, counts=_read_only(np.ones(50)))


def _read_only(values: FloatArray) -> FloatArray:
    values.flags.writeable = False
    return values


def test_a_position_says_how_much_of_a_respondent_counts() -> None:
    totals, n_answers = np.array([11.0, 17.0, 18.0, 21.0]), np.array([2.0, 3.0, 3.0, 3.0])
    positions = share_positions(totals, n_answers, 6.0)
    assert np.clip(positions, 0, 1).tolist() == [0.0, 0.0, 1.0, 1.0]
    # A ninth of a point takes somebody at 5 2/3 a third of the way to 6.
    assert_allclose(np.clip(positions + n_answers / 9, 0, 1), [2 / 9, 1 / 3, 1.0, 1.0])


# ---- scores to the outcome -----------------------------------------------------------------------


@pytest.mark.parametrize("mediated", [True, False])
def test_a_sample_is_what_least_squares_and_rounding_find(mediated: bool) -> None:
    model = make_model(mediated=mediated)
    changes = scenario_changes(model, np.ones((1, 50)))
    assert_row(changes, 0, by_hand(model, slice(None)))
    assert_allclose(changes.mean, changes.direct + changes.through)


def drawn_units(n_units: int, n_resamples: int, *, seed: int) -> list[IntArray]:
    """Return the units of each resample, one after the other."""
    blocks = weight_blocks(n_units, n_resamples=n_resamples, seed=seed)
    return [np.repeat(np.arange(n_units), times) for block in blocks for times in block]


@pytest.mark.parametrize("mediated", [True, False])
def test_each_resample_is_what_a_loop_finds(mediated: bool) -> None:
    model = make_model(mediated=mediated)
    changes = resampled_changes(model, n_resamples=12, seed=9)
    for resample, rows in enumerate(drawn_units(50, 12, seed=9)):
        assert_row(changes, resample, by_hand(model, rows))


def test_clusters_and_weights_are_those_of_a_loop() -> None:
    model = make_model()
    clusters = np.arange(50) % 7 + 3
    drawn = resampled_changes(model, n_resamples=6, seed=2, clusters=clusters)
    for resample, chosen in enumerate(drawn_units(7, 6, seed=2)):
        rows = np.concatenate([np.flatnonzero(clusters == code + 3) for code in chosen])
        assert_row(drawn, resample, by_hand(model, rows))
    counts = (np.arange(50) % 4).astype(np.float64)
    with_counts = resampled_changes(model, n_resamples=6, seed=2, clusters=clusters, counts=counts)
    chosen = drawn_units(7, 6, seed=2)[0]
    rows = np.concatenate([np.flatnonzero(clusters == code + 3) for code in chosen])
    assert_row(with_counts, 0, by_hand(model, np.repeat(rows, counts[rows].astype(int))))
    as_weights = resampled_changes(
        model, n_resamples=6, seed=2, clusters=clusters, sampling_weights=counts
    )
    assert_allclose(as_weights.mean, with_counts.mean, rtol=1e-12)


def test_counts_have_the_distribution_of_repeated_rows() -> None:
    model = make_model(40)
    counts = (1 + np.arange(40) % 3).astype(np.float64)
    rows = np.repeat(np.arange(40), counts.astype(int))
    repeated = WhatIfModel(
        model.data[rows],
        2,
        True,
        tuple(Scenario(part.predictors, part.changes[rows]) for part in model.scenarios),
        model.positions[:, rows],
        model.n_answers[rows],
    )
    by_counts = resampled_changes(model, n_resamples=4000, seed=1, counts=counts)
    by_rows = resampled_changes(repeated, n_resamples=4000, seed=1)
    # The relative error of a standard deviation of 4,000 draws is 1.1 %.
    assert_allclose(by_counts.mean.std(axis=0), by_rows.mean.std(axis=0), rtol=0.07)
    assert_allclose(by_counts.shares.std(axis=0), by_rows.shares.std(axis=0), rtol=0.07)


@pytest.mark.parametrize("chunk", [(1, 1, 50), (120, 1, 50), (2**18, 16, 2**22)])
def test_cut_of_the_work_does_not_matter(monkeypatch: pytest.MonkeyPatch, chunk: Any) -> None:
    model = make_model()
    whole = resampled_changes(model, n_resamples=20, seed=3)
    for name, value in zip(("_CHUNK", "_FEWEST", "_MOST"), chunk, strict=True):
        monkeypatch.setattr(what_if, name, value)
    told: list[int] = []
    cut = resampled_changes(
        model, n_resamples=20, seed=3, progress=lambda done, total: told.append(done)
    )
    assert told[-1] == 20
    assert_allclose(cut.mean, whole.mean, rtol=1e-11)
    assert_allclose(cut.shares, whole.shares, rtol=1e-9, atol=1e-12)


def test_no_change_is_exactly_none() -> None:
    model = make_model()
    still = WhatIfModel(
        model.data,
        2,
        True,
        (Scenario((0, 1), np.zeros((50, 2))),),
        model.positions,
        model.n_answers,
    )
    changes = resampled_changes(still, n_resamples=30, seed=1)
    assert_array_equal(changes.mean, 0.0)
    assert_array_equal(changes.shares, 0.0)


def test_a_resample_that_cannot_be_fitted_is_nan_throughout() -> None:
    model = make_model(12)
    data = model.data.copy()
    data[:, 2] = 0.0
    data[0, 2] = 1.0
    rare = WhatIfModel(data, 2, True, model.scenarios, model.positions, model.n_answers)
    changes = resampled_changes(rare, n_resamples=200, seed=1)
    without = np.array([0 not in rows for rows in drawn_units(12, 200, seed=1)])
    assert 40 < without.sum() < 110
    assert_array_equal(np.isnan(changes.mean).any(axis=1), without)
    assert_array_equal(np.isnan(changes.shares).all(axis=(1, 2)), without)


def test_large_surveys_need_little_memory() -> None:
    model = make_model(200_000)
    tracemalloc.start()
    resampled_changes(model, n_resamples=40, seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 40 rows of weights alone would take 64 MB, and so would every intermediate array.
    assert peak < 250e6


def test_what_a_bootstrap_cannot_be() -> None:
    model = make_model()
    ones = np.ones(50)
    with pytest.raises(EstimationError, match="one kind of weight"):
        resampled_changes(model, n_resamples=5, seed=1, counts=ones, sampling_weights=ones)
    with pytest.raises(EstimationError, match="at least one resample"):
        resampled_changes(model, n_resamples=0, seed=1)


# ---- places --------------------------------------------------------------------------------------


def test_places_are_shared_by_what_is_equal() -> None:
    rows = np.array([[0.1, 0.3, 0.2], [0.5, 0.5, -1.0], [np.nan, 1.0, 2.0]])
    assert_array_equal(places(rows), [[3, 1, 2], [1, 1, 3], [np.nan] * 3])


def test_first_places_leave_out_nan_and_divide_ties() -> None:
    rows = np.array([[0.1, 0.3, 0.2], [0.5, 0.5, -1.0], [np.nan, 1.0, 2.0]])
    assert_allclose(first_places(rows), [0.25, 0.75, 0.0])
    assert np.isnan(first_places(rows[2:])).all()
