"""Bootstrap limits of gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import servqual as sq
from servqual.analyses.gap_intervals import GapBootstrap, gap_limits
from servqual.survey.scoring import row_mean
from servqual.typing import FloatArray, GapInterval
from tests.analyses.surveys import (
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_survey,
)
from tests.reference import load_expected

LIMITS = ["conf_low", "conf_high"]
KINDS: list[GapInterval] = ["bootstrap", "bca"]


def limits_of(result: sq.GapResult) -> FloatArray:
    """Limits of 22 items, 5 dimensions and the two scores that need no points."""
    frames = (result.items, result.dimensions, result.overall.iloc[:2])
    return np.vstack([frame[LIMITS].to_numpy(dtype=np.float64) for frame in frames])


# ---- against R -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("design", ["plain", "frequency", "sampling", "branch"])
def test_limits_are_those_of_r_within_simulation_error(design: str, kind: GapInterval) -> None:
    expected = load_expected("gap_bootstrap")[design]
    survey = reference_survey("plain" if design == "branch" else design)
    if design == "branch":
        frame = reference_frame()
        survey = survey_of(frame[frame["branch"] == expected["name"]])
    # Beneath `gaps`, whose tests would be computed each time.
    pairs = (survey.paired("gap", "items"), survey.paired("gap", "dimensions"))
    columns = [pair.difference for pair in pairs]
    columns += [row_mean(columns[1])[:, None], survey.overall_pair("gap").difference]
    gaps, rows = np.hstack(columns), np.ones(len(columns[0]), dtype=np.bool_)
    settings = [GapBootstrap(kind, 2000, seed, 0.95) for seed in range(20)]
    limits = [gap_limits(survey, gaps, rows, each) for each in settings]
    found = np.array([np.column_stack([each.low, each.high]) for each in limits])
    result = sq.gaps(survey, interval=kind, seed=7)
    assert_allclose(found[7], limits_of(result), rtol=1e-12, atol=1e-14)
    estimates = [*result.items["gap"], *result.dimensions["gap"], *result.overall["gap"][:2]]
    assert_allclose(estimates, expected["estimate"], rtol=1e-10, atol=1e-12)
    # In units of each gap's standard error, one number says how much a seed's limits vary.
    unit = np.array(expected["sd"])[:, None]
    spread = np.sqrt(np.mean(found.var(axis=0, ddof=1) / unit**2))
    # Twenty seeds of 2,000 resamples are as many as R drew; 58 limits are compared at once.
    tolerance = 4.0 * spread * np.sqrt(1 / 20 + 1 / 20)
    assert np.abs((found.mean(axis=0) - np.array(expected[kind])) / unit).max() < tolerance
    assert tolerance < 0.15


# ---- what must hold ------------------------------------------------------------------------------


def test_only_limits_differ_from_those_of_t() -> None:
    survey = reference_survey()
    by_t, by_draws = sq.gaps(survey), sq.gaps(survey, interval="bootstrap")
    for name in ("items", "dimensions", "overall"):
        first, second = getattr(by_t, name), getattr(by_draws, name)
        pd.testing.assert_frame_equal(first.drop(columns=LIMITS), second.drop(columns=LIMITS))
        assert (first[LIMITS].to_numpy() != second[LIMITS].to_numpy()).all()
        # With 200 respondents both are close.
        width = (first["conf_high"] - first["conf_low"]).to_numpy()[:, None]
        assert_allclose((second[LIMITS] - first[LIMITS]) / width, 0.0, atol=0.12)
    assert any("percentiles of 2000 bootstrap resamples" in note for note in by_draws.notes)
    assert not any("resamples" in note for note in by_t.notes)


def test_glance_says_what_the_limits_are() -> None:
    survey = toy_survey(toy_frame())
    names = ["interval", "n_resamples", "seed", "n_degenerate"]
    by_t = sq.gaps(survey).glance()
    assert by_t.columns[-4:].tolist() == names
    assert by_t[names].iloc[0].tolist() == ["t", 0, 1, 0]
    by_draws = sq.gaps(survey, interval="bca", n_resamples=300, seed=5).glance()
    assert by_draws[names].iloc[0].tolist() == ["bca", 300, 5, 0]
    assert by_draws["conf_low"].iloc[0] != by_t["conf_low"].iloc[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_alone_decides(kind: GapInterval) -> None:
    survey = toy_survey(toy_frame())
    options: dict[str, Any] = {"interval": kind, "n_resamples": 200}
    one = sq.gaps(survey, seed=3, **options)
    assert one.to_json() == sq.gaps(survey, seed=3, **options).to_json()
    assert repr(one) == repr(sq.gaps(survey, seed=3, **options))
    other = sq.gaps(survey, seed=4, **options)
    assert not np.array_equal(limits_of(one), limits_of(other))


@pytest.mark.parametrize("kind", KINDS)
def test_frequency_weights_are_repeated_rows(kind: GapInterval) -> None:
    frame = toy_frame(w=np.tile([1, 2, 0, 3], 10))
    frame.loc[[3, 9], "P2"] = np.nan
    weighted = toy_survey(frame, weights=sq.FrequencyWeights("w"))
    repeated = toy_survey(frame.loc[frame.index.repeat(frame["w"])].reset_index(drop=True))
    options: dict[str, Any] = {"interval": kind, "n_resamples": 300}
    found, expected = sq.gaps(weighted, **options), sq.gaps(repeated, **options)
    assert_allclose(limits_of(found), limits_of(expected), rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_respondents_changes_limits_by_simulation_error_only(
    kind: GapInterval,
) -> None:
    frame = toy_frame(200)
    found, turned = (
        limits_of(sq.gaps(toy_survey(rows.reset_index(drop=True)), interval=kind))
        for rows in (frame, frame.iloc[::-1])
    )
    error = sq.gaps(toy_survey(frame)).items["std_error"].max()
    assert_allclose(found, turned, atol=0.4 * error)


def test_equal_sampling_weights_are_no_weights() -> None:
    frame = toy_frame(w=2.5)
    options: dict[str, Any] = {"interval": "bca", "n_resamples": 300}
    found = sq.gaps(toy_survey(frame, weights=sq.SamplingWeights("w")), **options)
    assert_allclose(limits_of(found), limits_of(sq.gaps(toy_survey(frame), **options)), rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_has_the_limits_of_a_survey_of_its_own(kind: GapInterval) -> None:
    frame = toy_frame(60, g=["a"] * 25 + ["b"] * 35)
    together = sq.gaps(toy_survey(frame), by="g", interval=kind, n_resamples=300)
    for group in ("a", "b"):
        own = toy_survey(frame[frame["g"] == group].reset_index(drop=True))
        alone = sq.gaps(own, interval=kind, n_resamples=300)
        for name in ("items", "dimensions", "overall"):
            table = getattr(together, name)
            found = table.loc[table["g"] == group, LIMITS].to_numpy()
            assert_array_equal(found, getattr(alone, name)[LIMITS].to_numpy())
    assert any("resamples of each group" in note for note in together.notes)


def test_items_are_resampled_together() -> None:
    frame = toy_frame()
    frame["E2"], frame["P2"] = frame["E1"], frame["P1"]
    items = sq.gaps(toy_survey(frame), interval="bootstrap", n_resamples=200).items
    assert_array_equal(items.loc[0, LIMITS], items.loc[1, LIMITS])


def test_resamples_without_an_answer_are_counted() -> None:
    frame = toy_frame(40)
    frame.loc[3:, "P1"] = np.nan
    frame.loc[[0, 1, 2], ["P1", "E1"]] = [[2.0, 5.0], [3.0, 4.0], [6.0, 6.0]]
    result = sq.gaps(toy_survey(frame), interval="bootstrap", n_resamples=2000)
    expected = (1 - 3 / 40) ** 40
    assert abs(result.n_degenerate / 2000 - expected) < 4 * np.sqrt(expected / 2000)
    note = f"In {result.n_degenerate} of 2000 resamples nobody drawn had one of the gaps"
    assert any(text.startswith(note) for text in result.notes)
    assert np.isfinite(limits_of(result)).all()
    # The mean of three answers can be no smaller than the smallest of them.
    assert result.items["conf_low"][0] >= -3.0
    assert result.items["conf_high"][0] <= 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_gaps_without_uncertainty_have_no_limits(kind: GapInterval) -> None:
    frame = toy_frame(30)
    frame["E1"], frame["P1"] = 6.0, 5.0  # the same gap everywhere
    frame.loc[1:, "P2"] = np.nan  # one gap only
    frame["P3"] = np.nan  # none
    result = sq.gaps(toy_survey(frame), interval=kind, n_resamples=300)
    limits = result.items[LIMITS].to_numpy()
    assert np.isnan(limits[:3]).all()
    assert np.isfinite(limits[3:]).all()
    assert any("Every respondent has the same gap in P1" in note for note in result.notes) or any(
        "same gap" in note for note in result.notes
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::servqual.SmallSampleWarning")
def test_one_respondent(kind: GapInterval) -> None:
    result = sq.gaps(toy_survey(toy_frame(1)), interval=kind)
    assert np.isnan(limits_of(result)).all()
    assert result.n_degenerate == 0


@pytest.mark.parametrize("kind", KINDS)
def test_few_respondents_have_wide_limits_and_no_crash(kind: GapInterval) -> None:
    result = sq.gaps(toy_survey(toy_frame(25)), interval=kind)
    limits = limits_of(result)
    assert np.isfinite(limits).all()
    assert (limits[:, 0] < limits[:, 1]).all()


def test_percentiles_stay_within_what_was_answered() -> None:
    # Skewed gaps: most at the ceiling. A t interval reaches beyond the largest gap there is.
    frame = toy_frame(12, n_items=5)
    frame["E1"], frame["P1"] = 7.0, 7.0
    frame.loc[0, "P1"] = 1.0
    survey = toy_survey(frame)
    assert sq.gaps(survey).items["conf_high"][0] > 0.0
    found = sq.gaps(survey, interval="bootstrap").items
    assert found["conf_high"][0] == 0.0


def test_progress_covers_all_groups() -> None:
    told: list[tuple[int, int]] = []
    survey = toy_survey(toy_frame(60, g=["a"] * 25 + ["b"] * 35))
    sq.gaps(
        survey,
        by="g",
        interval="bootstrap",
        n_resamples=200,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (400, 400)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# ---- arguments -----------------------------------------------------------------------------------


def test_unknown_interval() -> None:
    with pytest.raises(sq.OptionError, match="`interval` is 'percentile', but must be one of"):
        sq.gaps(toy_survey(toy_frame()), interval="percentile")  # type: ignore[arg-type]


def test_bootstrap_without_resamples() -> None:
    with pytest.raises(sq.OptionError, match='`n_resamples` is 0, but `interval="bca"` needs'):
        sq.gaps(toy_survey(toy_frame()), interval="bca", n_resamples=0)


def test_too_few_resamples() -> None:
    with pytest.raises(sq.OptionError, match="`n_resamples` is 50"):
        sq.gaps(toy_survey(toy_frame()), interval="bootstrap", n_resamples=50)


def test_few_respondents_are_warned_of_where_the_user_called() -> None:
    survey = toy_survey(toy_frame(n_respondents=6))
    with pytest.warns(sq.SmallSampleWarning, match="normality of so few") as told:
        sq.gaps(survey)
    assert told[0].filename == __file__
    with pytest.warns(sq.SmallSampleWarning, match="Bootstrap intervals of so few"):
        sq.gaps(survey, interval="bootstrap", n_resamples=100)
