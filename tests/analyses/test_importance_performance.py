"""Importance–performance analysis: numbers of R, what is certain, and what cannot be known."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.analyses.importance_performance import ImportancePerformanceResult
from servqual.errors import (
    EstimationError,
    OptionError,
    RowsRequiredError,
    ServqualWarning,
    SmallSampleWarning,
)
from tests.analyses.surveys import (
    DATA,
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)

REFERENCE: dict[str, Any] = json.loads(
    (
        Path(__file__).parents[1] / "reference" / "expected" / "importance_performance.json"
    ).read_text(encoding="utf-8")
)
KIOSK, SURVEY = REFERENCE["kiosk"], REFERENCE["survey"]
NAMES = ["Concentrate here", "Keep up the good work", "Low priority", "Possible overkill"]
COLUMNS = ["p_concentrate", "p_keep_up", "p_low_priority", "p_overkill"]
DIMENSIONS = [
    "usefulness",
    "playfulness",
    "control",
    "economy",
    "personalisation",
    "convenience",
    "security",
    "tangibles",
]
METHODS = [
    "relative-weights",
    "correlation",
    "squared-correlation",
    "partial",
    "beta",
    "log-partial",
]


@cache
def kiosk_survey() -> sq.Survey:
    """Return the visitors of kiosks: performance is satisfaction with the item."""
    lines = [
        f"{key} = [{3 * place + 1}, {3 * place + 2}, {3 * place + 3}]"
        for place, key in enumerate(DIMENSIONS)
    ]
    instrument = sq.Instrument.from_toml(
        'id = "kiosk"\nscale = [1, 7]\n[dimensions]\n' + "\n".join(lines)
    )
    frame = pd.concat(
        [pd.read_csv(DATA / "kiosk_importance.csv"), pd.read_csv(DATA / "kiosk_outcomes.csv")],
        axis=1,
    )
    return sq.Survey(
        frame,
        instrument=instrument,
        sides=["perception"],
        perception="SAT{item}",
        outcomes={"satisfaction": ["Y1", "Y2"]},
        keep="IMP*",
    )


def analyse(survey: sq.Survey, **options: Any) -> ImportancePerformanceResult:
    return sq.importance_performance(survey, **({"n_resamples": 0} | options))


def quadrant_names(codes: list[int]) -> list[str]:
    return [NAMES[code - 1] for code in codes]


def assert_estimates(table: pd.DataFrame, axis: str, theirs: list[dict[str, float]]) -> None:
    n = "n" if axis == "performance" else "n_importance"
    assert table[n].tolist() == [row["n"] for row in theirs]
    for ours, name in (
        (axis, "estimate"),
        (f"{axis}_std_error", "std_error"),
        (f"{axis}_low", "conf_low"),
        (f"{axis}_high", "conf_high"),
    ):
        assert_allclose(table[ours], [row[name] for row in theirs], rtol=1e-9, err_msg=ours)


# ---- closed forms --------------------------------------------------------------------------------


def test_the_published_table_of_the_kiosk_survey() -> None:
    published = pd.read_csv(DATA / "kiosk_priorities.csv")
    result = analyse(kiosk_survey(), level="items", importance="IMP{item}")
    table = result.attributes
    assert_allclose(table["importance"], published["importance_mean"], rtol=1e-12)
    assert_allclose(table["performance"], published["performance_mean"], rtol=1e-12)
    assert_allclose(table["performance"] - table["importance"], published["gap"], rtol=1e-10)
    words = {"concentrate_here": NAMES[0], "keep_up": NAMES[1], "low_priority": NAMES[2]}
    assert table["quadrant"].tolist() == [
        words[code] for code in published["quadrant_mean_crosshair"]
    ]
    assert_allclose(100 * table["weight"], published["WF_pct"], rtol=1e-12)
    assert_allclose(table["weight"] * table["performance"], published["WS"], rtol=1e-12)
    assert_allclose(result.satisfaction_index, published["WS"].sum() / 7, rtol=1e-12)


@pytest.mark.parametrize("crosshair", ["means", "medians"])
def test_items_against_r(crosshair: str) -> None:
    result = analyse(kiosk_survey(), level="items", importance="IMP{item}", crosshair=crosshair)
    table, theirs = result.attributes, KIOSK[crosshair]
    assert result.sample.n_obs == KIOSK["n"]
    assert_estimates(table, "importance", KIOSK["importance"])
    assert_estimates(table, "performance", KIOSK["performance"])
    assert_allclose(result.lines["value"], theirs["at"], rtol=1e-12)
    assert table["quadrant"].tolist() == quadrant_names(theirs["quadrant"])
    assert_allclose(table["iso_distance"], theirs["iso_distance"], rtol=1e-9)
    for name in ("weight", "udcv", "acv", "pgcv", "pgcv_rank"):
        assert_allclose(table[name], KIOSK[name], rtol=1e-10, err_msg=name)
    assert_allclose(result.satisfaction_index, KIOSK["satisfaction_index"], rtol=1e-12)


def test_importance_answers_are_averaged_into_dimensions() -> None:
    result = analyse(kiosk_survey(), importance="IMP{item}", crosshair="midpoint")
    assert_estimates(result.attributes, "importance", KIOSK["dimensions"]["importance"])
    assert_estimates(result.attributes, "performance", KIOSK["dimensions"]["performance"])
    assert result.lines["value"].tolist() == [4.0, 4.0]
    items = analyse(kiosk_survey(), level="items", importance="IMP{item}", crosshair="midpoint")
    assert items.attributes["quadrant"].tolist() == quadrant_names(KIOSK["midpoint"])


@pytest.mark.parametrize("method", METHODS)
def test_derived_importance_of_items_against_r(method: str) -> None:
    result = analyse(kiosk_survey(), level="items", outcome="satisfaction", method=method)
    theirs = KIOSK["derived_items"][method.replace("-", "_")]
    assert_allclose(result.attributes["importance"], theirs, rtol=1e-8)


@pytest.mark.parametrize("method", ["lmg", *METHODS])
def test_derived_importance_of_dimensions_against_r(method: str) -> None:
    kiosk = analyse(kiosk_survey(), outcome="satisfaction", method=method)
    name = method.replace("-", "_")
    assert_allclose(kiosk.attributes["importance"], KIOSK["derived_dimensions"][name], rtol=1e-8)
    assert kiosk.method == method
    survey = analyse(reference_survey(), outcome="satisfaction", method=method)
    assert_allclose(survey.attributes["importance"], SURVEY["derived"][name], rtol=1e-8)
    assert survey.attributes["n_importance"].tolist() == [SURVEY["derived"]["n"]] * 5
    counted = analyse(reference_survey("frequency"), outcome="satisfaction", method=method)
    theirs = SURVEY["frequency"]["derived"]
    assert_allclose(counted.attributes["importance"], theirs[name], rtol=1e-8)
    assert counted.attributes["n_importance"].tolist() == [theirs["n"]] * 5


def test_points_with_missing_answers_against_r() -> None:
    result = analyse(reference_survey())
    table = result.attributes
    assert result.sample.n_obs == SURVEY["n"]
    assert_estimates(table, "importance", SURVEY["importance"])
    assert_estimates(table, "performance", SURVEY["performance"])
    assert_allclose(table["gap"], [row["estimate"] for row in SURVEY["gap"]], rtol=1e-9)
    assert_allclose(table["priority"], SURVEY["priority"], rtol=1e-9)
    assert table["quadrant"].tolist() == quadrant_names(SURVEY["quadrant"])


@pytest.mark.parametrize("design", ["frequency", "sampling"])
def test_weighted_surveys_against_r(design: str) -> None:
    table = analyse(reference_survey(design)).attributes
    assert_estimates(table, "importance", SURVEY[design]["importance"])
    assert_estimates(table, "performance", SURVEY[design]["performance"])
    assert_allclose(table["priority"], SURVEY[design]["priority"], rtol=1e-9)


@pytest.mark.parametrize("method", ["lmg", "correlation"])
def test_derived_importance_under_sampling_weights_against_r(method: str) -> None:
    table = analyse(reference_survey("sampling"), outcome="satisfaction", method=method).attributes
    assert_allclose(table["importance"], SURVEY["sampling"]["derived"][method], rtol=1e-8)


def test_the_numbers_are_those_of_the_other_analyses() -> None:
    survey = reference_survey()
    gaps = sq.gaps(survey).dimensions
    table = analyse(survey, on="gap").attributes
    for ours, theirs in (
        ("performance", "gap"),
        ("performance_std_error", "std_error"),
        ("performance_low", "conf_low"),
        ("gap", "gap"),
        ("importance", "weight"),
    ):
        assert_allclose(table[ours], gaps[theirs], rtol=1e-12, err_msg=ours)
    assert_allclose(table["priority"], -gaps["weighted_gap"], rtol=1e-12)
    for method in ("lmg", "relative-weights"):
        derived = analyse(survey, on="gap", outcome="loyalty", method=method).attributes
        shares = sq.relative_importance(
            survey, outcome="loyalty", method=method, n_resamples=0
        ).contributions
        assert_allclose(derived["importance"], shares["share"], rtol=1e-10)
        assert_allclose(derived["priority"], -shares["share"] * gaps["gap"], rtol=1e-9)


# ---- the bootstrap -------------------------------------------------------------------------------

SEEDS = range(20)


@cache
def resampled(kind: str) -> list[ImportancePerformanceResult]:
    options: dict[str, Any] = {
        "kiosk": {"level": "items", "importance": "IMP{item}"},
        "points": {},
        "medians": {"crosshair": "medians"},
        "lmg": {"outcome": "satisfaction", "method": "lmg"},
    }[kind]
    survey = kiosk_survey() if kind == "kiosk" else reference_survey()
    return [analyse(survey, seed=seed, n_resamples=2000, **options) for seed in SEEDS]


BOOT = {
    "kiosk": KIOSK["boot"],
    "points": SURVEY["boot"],
    "medians": SURVEY["boot_medians"],
    "lmg": SURVEY["boot_lmg"],
}
every_boot = pytest.mark.parametrize("kind", list(BOOT))


def columns(kind: str, names: list[str]) -> np.ndarray:
    """Columns of every seed's table, shape (n_seeds, k, n_names)."""
    return np.array([result.attributes[names].to_numpy(dtype=float) for result in resampled(kind)])


def assert_within_simulation_error(ours: np.ndarray, theirs: Any, draws: int) -> None:
    """The mean over the seeds is R's number, given how much single seeds differ."""
    expected = np.asarray(theirs, dtype=float)
    error = ours.std(axis=0, ddof=1)
    # R's own run is a simulation of `draws` resamples too; ours are 20 of 2,000 each.
    tolerance = 4.5 * error * np.sqrt(1 / len(SEEDS) + 2000 / draws)
    # Quantiles of discrete draws move in steps, which a few seeds may not show.
    steps = 1e-9 + 0.002 * np.abs(expected)
    assert (np.abs(ours.mean(axis=0) - expected) <= tolerance + steps).all()


@every_boot
def test_probabilities_of_quadrants_against_boot(kind: str) -> None:
    theirs = BOOT[kind]
    shares = columns(kind, COLUMNS)
    assert_allclose(shares.sum(axis=2), 1.0, rtol=1e-12)
    expected = np.array(theirs["probabilities"])
    draws = theirs["draws"]
    spread = np.sqrt(expected * (1 - expected))
    assert (
        np.abs(shares.mean(axis=0) - expected)
        <= 4.5 * spread * np.sqrt(1 / 40_000 + 1 / draws) + 2e-4
    ).all()
    assert (np.abs(shares - expected) <= 5 * spread * np.sqrt(1 / 2000 + 1 / draws) + 2e-3).all()


@every_boot
def test_rank_limits_are_quantiles_of_the_ranks_of_boot(kind: str) -> None:
    draws = BOOT[kind]["draws"]
    tolerance = 4.5 * np.sqrt(0.025 * 0.975 * (1 / 2000 + 1 / draws))
    for name in ("pgcv", "priority"):
        if kind == "kiosk" and name == "priority":
            continue  # No expectations, so no gaps.
        shares = BOOT[kind][f"{name}_ranks"]
        before, after = np.array(shares["before"]), np.array(shares["after"])
        size = len(before)
        for result in resampled(kind):
            low = result.attributes[f"{name}_rank_low"].to_numpy(dtype=int)
            high = result.attributes[f"{name}_rank_high"].to_numpy(dtype=int)
            every = np.arange(size)
            # Column r − 1 of `before` is P(rank < r); column r of `after` is P(rank > r).
            assert (before[every, low - 1] <= 0.025 + tolerance).all()
            assert (before[every, low] >= 0.025 - tolerance).all()
            assert (after[every, high] <= 0.025 + tolerance).all()
            assert (after[every, high - 1] >= 0.025 - tolerance).all()


@every_boot
def test_limits_of_priorities_and_lines_against_boot(kind: str) -> None:
    theirs = BOOT[kind]
    for name in ("pgcv", "priority"):
        if kind == "kiosk" and name == "priority":
            continue
        ours = columns(kind, [f"{name}_low", f"{name}_high"])
        assert_within_simulation_error(ours, theirs[f"{name}_limits"], theirs["draws"])
    lines = np.array(
        [result.lines[["conf_low", "conf_high"]].to_numpy() for result in resampled(kind)]
    )
    assert_within_simulation_error(lines, theirs["line_limits"], theirs["draws"])
    if kind != "lmg":
        index = np.array(
            [
                [result.satisfaction_index_low, result.satisfaction_index_high]
                for result in resampled(kind)
            ]
        )
        assert_within_simulation_error(index, theirs["index_limits"], theirs["draws"])


def test_derived_importance_has_the_errors_and_limits_of_boot() -> None:
    theirs = BOOT["lmg"]
    errors = columns("lmg", ["importance_std_error"])[:, :, 0]
    assert_within_simulation_error(errors, theirs["importance_sd"], theirs["draws"])
    limits = columns("lmg", ["importance_low", "importance_high"])
    assert_within_simulation_error(limits, theirs["importance_limits"], theirs["draws"])


@every_boot
def test_covariances_of_the_coordinates_against_boot(kind: str) -> None:
    ours = columns(kind, ["covariance"])[:, :, 0]
    expected = np.array(BOOT[kind]["covariance"])
    table = resampled(kind)[0].attributes
    scale = (table["importance_std_error"] * table["performance_std_error"]).to_numpy()
    # A correlation of 2,000 draws has a standard error of at most 1/√2000; closed errors exceed
    # those of a bootstrap by √(n/(n − 1)).
    assert (np.abs(ours.mean(axis=0) - expected) <= scale * 0.03).all()
    assert (np.abs(ours - expected) <= scale * 0.13).all()


def test_covariances_of_complete_answers_have_a_closed_form() -> None:
    ours = columns("kiosk", ["covariance"])[:, :, 0].mean(axis=0)
    table = resampled("kiosk")[0].attributes
    scale = (table["importance_std_error"] * table["performance_std_error"]).to_numpy()
    assert (np.abs(ours - KIOSK["covariance"]) <= scale * 4.5 / np.sqrt(40_000)).all()


def test_the_same_seed_gives_the_same_result_and_another_one_another() -> None:
    survey = reference_survey()
    first = analyse(survey, n_resamples=200, seed=3)
    assert first.to_json() == analyse(survey, n_resamples=200, seed=3).to_json()
    other = analyse(survey, n_resamples=200, seed=4)
    assert not first.attributes["p_quadrant"].equals(other.attributes["p_quadrant"])
    assert first.attributes["importance"].equals(other.attributes["importance"])


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    analyse(
        reference_survey(), n_resamples=300, progress=lambda done, total: told.append((done, total))
    )
    assert told[-1] == (300, 300)


def test_a_frequency_weight_of_two_is_a_respondent_twice() -> None:
    frame = reference_frame("survey_complete").head(80).assign(freq=2)
    weighted = survey_of(frame, weights=sq.FrequencyWeights("freq"))
    doubled = survey_of(pd.concat([frame, frame], ignore_index=True))
    options: dict[str, Any] = {"outcome": "satisfaction", "n_resamples": 4000}
    ours, theirs = (analyse(survey, **options) for survey in (weighted, doubled))
    assert ours.sample.n_obs == theirs.sample.n_obs == 160
    same = ["n", "n_importance", "importance", "performance", "performance_std_error", "pgcv"]
    for name in same:
        assert_allclose(ours.attributes[name], theirs.attributes[name], rtol=1e-9, err_msg=name)
    assert_allclose(ours.attributes[COLUMNS], theirs.attributes[COLUMNS], atol=0.06)
    assert_allclose(
        ours.attributes["importance_std_error"],
        theirs.attributes["importance_std_error"],
        rtol=0.08,
    )


def test_the_order_of_respondents_does_not_matter() -> None:
    frame = reference_frame()
    shuffled = survey_of(frame.sample(frac=1.0, random_state=5).reset_index(drop=True))
    for options in (
        {},
        {"outcome": "satisfaction"},
        {"level": "items", "importance": "expectation"},
    ):
        ours, theirs = analyse(survey_of(frame), **options), analyse(shuffled, **options)
        pd.testing.assert_frame_equal(ours.attributes, theirs.attributes, rtol=1e-10)


def test_clusters_are_drawn_whole() -> None:
    survey = reference_survey("complete")
    plain = analyse(survey, n_resamples=1000)
    with pytest.warns(SmallSampleWarning, match='There are 4 clusters of "branch"'):
        clustered = analyse(survey, n_resamples=1000, cluster="branch")
    assert clustered.cluster == "branch"
    assert_allclose(clustered.attributes["performance"], plain.attributes["performance"])
    error = "performance_std_error"
    assert not np.allclose(clustered.attributes[error], plain.attributes[error], rtol=0.02)
    # With clusters the limits are percentiles, which need not be symmetric about the estimate.
    table = clustered.attributes
    middle = 0.5 * (table["performance_low"] + table["performance_high"])
    assert not np.allclose(middle, table["performance"], rtol=1e-9)


def test_a_cluster_of_one_respondent_is_drawn_too() -> None:
    frame = toy_frame(60, g=["alone", *[f"g{place % 25}" for place in range(59)]])
    survey = toy_survey(frame)
    result = analyse(survey, importance="expectation", cluster="g", n_resamples=200)
    assert np.isfinite(result.attributes["p_quadrant"]).all()


# ---- where importance comes from -----------------------------------------------------------------


def test_the_result_says_where_importance_is_from() -> None:
    survey = reference_survey()
    assert analyse(survey).importance_name == "mean of the importance points (100 in all)"
    assert analyse(survey, outcome="loyalty").importance_name == "share of R² for loyalty (LMG)"
    assert analyse(survey, importance="expectation").importance_name == "mean expectation"
    revised = analyse(survey, outcome="loyalty", method="log-partial")
    assert revised.importance_name == "partial correlation of ln(performance) with loyalty"
    items = analyse(survey, level="items", outcome="loyalty")
    assert items.method == "relative-weights"
    answers = analyse(kiosk_survey(), importance="IMP{item}")
    assert (answers.source, answers.importance_name) == ("answers", "mean of IMP1 … IMP24")
    for result in (revised, items, answers):
        assert result.importance_name in repr(result)
        assert result.importance_name in str(result.interpret())


@pytest.mark.parametrize(
    "importance",
    [
        [f"IMP{item}" for item in range(1, 25)],
        {item: f"IMP{item}" for item in range(1, 25)},
        {str(item): f"IMP{item}" for item in range(24, 0, -1)},
    ],
)
def test_columns_may_be_listed_or_mapped(importance: Any) -> None:
    template = analyse(kiosk_survey(), level="items", importance="IMP{item}")
    listed = analyse(kiosk_survey(), level="items", importance=importance)
    pd.testing.assert_frame_equal(template.attributes, listed.attributes)


def test_columns_of_dimensions_may_be_named_too() -> None:
    columns_of = {key: f"IMP{place}" for place, key in enumerate(DIMENSIONS, start=1)}
    mapped = analyse(kiosk_survey(), importance=columns_of)
    listed = analyse(kiosk_survey(), importance=list(columns_of.values()))
    pd.testing.assert_frame_equal(mapped.attributes, listed.attributes)
    expected = [row["estimate"] for row in KIOSK["importance"][:8]]
    assert_allclose(mapped.attributes["importance"], expected, rtol=1e-12)


def test_a_template_of_dimensions() -> None:
    frame = toy_frame(w_d1=[3.0, 5.0] * 20, w_d2=[4.0] * 40)
    survey = toy_survey(frame, keep=["w_d1", "w_d2"])
    result = analyse(survey, importance="w_{dimension}")
    assert result.attributes["importance"].tolist() == [4.0, 4.0]


def test_columns_follow_the_items_even_where_there_are_as_many_dimensions() -> None:
    instrument = sq.Instrument.from_toml(
        'id = "swapped"\nscale = [1, 7]\n[dimensions]\nlate = [2]\nearly = [1]\n'
    )
    frame = toy_frame(n_items=2, IMP1=[3.0] * 40, IMP2=[6.0] * 40)
    survey = toy_survey(frame, instrument, keep="IMP*")
    by_key = analyse(survey, importance="IMP{item}").attributes.set_index("term")["importance"]
    assert by_key.to_dict() == {"late": 6.0, "early": 3.0}


def test_desired_levels_are_importance_too() -> None:
    frame = toy_frame()
    frame[[f"D{item}" for item in range(1, 6)]] = frame[[f"E{item}" for item in range(1, 6)]]
    survey = toy_survey(frame, sides=["perception", "desired"])
    result = analyse(survey, importance="desired", on="superiority")
    assert_allclose(
        result.attributes["importance"], survey.dimension_scores("desired").mean(axis=0)
    )
    assert any("related by construction" in note for note in result.notes)


def test_expectations_on_both_axes_are_noted() -> None:
    result = analyse(reference_survey(), on="gap", importance="expectation")
    assert any("related by construction" in note for note in result.notes)
    assert not any("construction" in note for note in analyse(reference_survey()).notes)


# ---- crosshair -----------------------------------------------------------------------------------


def test_the_crosshair_is_always_named() -> None:
    survey = reference_survey()
    targets = {"importance": 25, "performance": 4.5}
    for options, words in (
        ({}, "mean of the attributes (importance 20.00, performance"),
        ({"crosshair": "medians"}, "median of the attributes (importance"),
        (
            {"crosshair": "midpoint"},
            "equal shares (importance 20.00), middle of the answer scale (performance 4.00)",
        ),
        ({"crosshair": "midpoint", "on": "gap"}, "no gap (performance 0.000)"),
        (
            {"crosshair": "midpoint", "outcome": "loyalty"},
            "equal shares (importance 0.200), middle of the answer scale (performance 4.00)",
        ),
        (
            {"crosshair": "target", "targets": targets},
            "target (importance 25.00, performance 4.50)",
        ),
    ):
        result = analyse(survey, **options)
        assert words in result.crosshair_text
        assert result.crosshair_text in repr(result)
        assert result.crosshair_text in str(result.interpret())
        assert "on a line counts as high" in repr(result)
        assert result.glance()["crosshair"].item() == options.get("crosshair", "means")


def test_fixed_lines_do_not_move_in_resamples() -> None:
    result = analyse(
        reference_survey(),
        crosshair="target",
        targets={"importance": 20, "performance": 5},
        n_resamples=100,
    )
    for name in ("value", "conf_low", "conf_high"):
        assert result.lines[name].tolist() == [20.0, 5.0]
    moving = analyse(reference_survey(), n_resamples=100).lines
    assert (moving["conf_low"] < moving["value"]).iloc[1]
    assert_allclose(moving[["conf_low", "conf_high"]].iloc[0], 20.0)  # Points add up to 100.


@pytest.mark.parametrize(
    "targets",
    [
        None,
        {"importance": 20},
        {"importance": 20, "performance": 5, "x": 1},
        {"importance": 20, "performance": "5"},
        {"importance": 20, "performance": float("nan")},
        {"importance": True, "performance": 5},
        (20, 5),
    ],
)
def test_targets_are_two_numbers(targets: Any) -> None:
    with pytest.raises(OptionError, match="needs one number for each axis"):
        analyse(reference_survey(), crosshair="target", targets=targets)


def test_correlations_have_no_middle() -> None:
    with pytest.raises(OptionError, match='`method="partial"` has no scale with a middle'):
        analyse(reference_survey(), outcome="loyalty", method="partial", crosshair="midpoint")


def test_importance_on_another_scale_has_no_known_middle() -> None:
    survey = toy_survey(toy_frame(IMP=[0.0, 10.0] * 20), keep="IMP")
    with pytest.raises(OptionError, match=r"go from 0 to 10, beyond the instrument's scale"):
        analyse(
            toy_survey(
                toy_frame(n_items=1, IMP=[0.0, 10.0] * 20), toy_instrument((1,)), keep="IMP"
            ),
            importance=["IMP"],
            crosshair="midpoint",
        )
    assert survey.kept == ("IMP",)


# ---- words ---------------------------------------------------------------------------------------


def test_words_say_what_is_certain_and_what_is_not() -> None:
    result = sq.importance_performance(sq.load_example("bank"), on="gap")
    words = result.interpret()
    assert "Reliability, Responsiveness (certain: there in at least 95%" in str(words)
    empathy = result.attributes.set_index("term").loc["empathy"]
    # Only its performance is near a line, so it can be in two quadrants.
    probable = {"Possible overkill": "p_overkill", "Low priority": "p_low_priority"}
    own = probable.pop(str(empathy["quadrant"]))
    [(other, column)] = probable.items()
    assert f"not certain: Empathy ({empathy[own]:.0%}; {other} {empathy[column]:.0%})" in str(words)
    assert "some fall on each side whatever the level" in str(words)
    assert any("Martilla" in source for source in words.sources)
    fixed = analyse(reference_survey(), crosshair="midpoint").interpret()
    assert "whatever the level" not in str(fixed)
    derived = analyse(reference_survey(), outcome="loyalty").interpret()
    assert "shows association" in str(derived)


def test_glance_counts_the_quadrants() -> None:
    result = analyse(reference_survey(), n_resamples=200)
    glance = result.glance().iloc[0]
    names = ["n_concentrate", "n_keep_up", "n_low_priority", "n_overkill"]
    assert glance[names].sum() == glance["n_attributes"] == 5
    assert glance["n_certain"] == (result.attributes["p_quadrant"] >= 0.95).sum()
    assert (
        result.satisfaction_index_low < result.satisfaction_index < result.satisfaction_index_high
    )


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"importance": "derived"}, 'needs an `outcome`, such as "satisfaction"'),
        ({"importance": "stated", "outcome": "loyalty"}, "`outcome` was given, but `importance`"),
        ({"importance": "stated", "method": "lmg"}, "`method` was given, but `importance`"),
        ({"importance": "sated"}, 'Did you mean "stated"'),
        ({"importance": "desired"}, "has expectation, perception only"),
        ({"importance": 7}, "a list of columns, or a mapping"),
        ({"importance": ["W_empathy"]}, "lists 1 columns, but one is needed for each of the 22"),
        ({"importance": "IMP{item}"}, r'does not know 22: IMP1, .*`keep="IMP\*"`'),
        ({"importance": "P{number}"}, "is not a template"),
        ({"importance": {1: "P1", 99: "P2"}}, "leaves out the items 2, 3.* and names 99"),
        ({"level": "items"}, 'given to dimensions, and `level` is "items"'),
        ({"level": "item"}, "`level` is 'item'"),
        ({"on": "expectation"}, "`on` is 'expectation'"),
        ({"on": "superiority"}, "needs desired answers"),
        ({"crosshair": "mean"}, 'Did you mean "means"'),
        ({"targets": {"importance": 1, "performance": 1}}, "`targets` were given"),
        ({"outcome": "loyality"}, 'Did you mean "loyalty"'),
        ({"outcome": "loyalty", "method": "pratt"}, "`method` is 'pratt'"),
        ({"outcome": "loyalty", "method": "log-partial", "on": "gap"}, "takes logarithms"),
        (
            {"outcome": "loyalty", "method": "lmg", "level": "items", "n_resamples": 500},
            "each of the 500 resamples needs 2\\^22 regressions",
        ),
        ({"cluster": "region", "n_resamples": 200}, '"region" is not a grouping variable'),
        ({"conf_level": 95}, "`conf_level` is 95"),
        ({"n_resamples": 5}, "at least 100"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        analyse(reference_survey(), **options)


def test_logarithms_need_a_scale_above_zero() -> None:
    frame = toy_frame(minimum=0, maximum=6)
    survey = toy_survey(frame, toy_instrument(minimum=0, maximum=6))
    with pytest.raises(OptionError, match="takes logarithms, but the answer scale is"):
        analyse(survey, outcome="satisfaction", method="log-partial")


def test_without_points_the_message_says_what_to_do() -> None:
    with pytest.raises(OptionError, match=r'no importance points.*`importance="W_\{dimension\}"`'):
        analyse(toy_survey(toy_frame()))


def test_moments_do_not_do() -> None:
    moments = sq.Moments.from_covariance(np.eye(3), 50)
    with pytest.raises(RowsRequiredError, match="`importance_performance` was given Moments"):
        sq.importance_performance(moments)  # type: ignore[arg-type]


def test_a_survey_in_which_nobody_has_a_score() -> None:
    frame = toy_frame()
    frame[["P1", "P3"]] = np.nan
    survey = toy_survey(frame, min_answered=1.0)
    with pytest.raises(EstimationError, match="No respondent has a score of any attribute"):
        analyse(survey, outcome="satisfaction")


# ---- nasty surveys -------------------------------------------------------------------------------


def test_all_importances_equal() -> None:
    survey = toy_survey(toy_frame(), importance=[50.0, 50.0])
    result = analyse(survey, n_resamples=200)
    table = result.attributes
    assert set(table["quadrant"]) <= {NAMES[0], NAMES[1]}  # On the line counts as high.
    assert_allclose(table["p_concentrate"] + table["p_keep_up"], 1.0)
    assert table["iso_distance"].isna().all()
    assert table["covariance"].tolist() == [0.0, 0.0]
    assert any("do not differ in importance" in note for note in result.notes)
    assert any("same importance to d1, d2" in note for note in result.notes)
    assert table["importance_low"].isna().all()


def test_one_attribute_only() -> None:
    survey = toy_survey(toy_frame(n_items=2), toy_instrument((2,)))
    for options in ({"importance": "expectation"}, {"outcome": "satisfaction"}):
        result = analyse(survey, n_resamples=200, **options)
        assert result.attributes["quadrant"].tolist() == [NAMES[1]]
        assert result.attributes["p_keep_up"].tolist() == [1.0]
        assert result.attributes["pgcv_rank"].tolist() == [1.0]
        assert any("Only one attribute" in note for note in result.notes)


@pytest.mark.parametrize("method", ["lmg", "correlation", "beta"])
def test_a_constant_outcome(method: str) -> None:
    survey = toy_survey(toy_frame().assign(SAT1=4, SAT2=4, SAT3=4))
    result = analyse(survey, outcome="satisfaction", method=method, n_resamples=200)
    assert result.attributes["importance"].isna().all()
    assert result.attributes["performance"].notna().all()
    assert result.attributes["quadrant"].tolist() == ["", ""]
    assert result.attributes[COLUMNS].isna().all(axis=None)
    assert any("the outcome is the same for every respondent" in note for note in result.notes)
    assert "none has a quadrant" in str(result.interpret())


@pytest.mark.parametrize("method", ["lmg", "relative-weights", "correlation", "partial"])
def test_an_attribute_without_variance_has_no_derived_importance(method: str) -> None:
    frame = toy_frame(n_items=6).assign(P1=7, P2=7)
    survey = toy_survey(frame, toy_instrument((2, 2, 2)))
    result = analyse(survey, outcome="satisfaction", method=method, n_resamples=200)
    table = result.attributes.set_index("term")
    assert table["importance"].isna().tolist() == [True, False, False]
    assert table.loc["d1", "quadrant"] == ""
    assert table["p_quadrant"].isna().tolist() == [True, False, False]
    assert any("same score in d1, so no importance" in note for note in result.notes)
    assert any("same performance score in d1" in note for note in result.notes)
    assert table.loc["d1", "performance_std_error"] == 0.0
    alone = toy_survey(
        frame.drop(columns=["E1", "E2", "P1", "P2"]),
        sq.Instrument.from_toml(
            'id = "toy"\nscale = [1, 7]\n[dimensions]\nd2 = [3, 4]\nd3 = [5, 6]\n'
        ),
    )
    without = analyse(alone, outcome="satisfaction", method=method)
    assert_allclose(without.attributes["importance"], table.loc[["d2", "d3"], "importance"])


def test_ceiling_performance() -> None:
    frame = toy_frame().assign(**{f"P{item}": 7 for item in range(1, 6)})
    result = analyse(toy_survey(frame), importance="expectation", n_resamples=200)
    assert result.attributes["pgcv"].tolist() == [0.0, 0.0]
    assert result.attributes["pgcv_rank"].tolist() == [1.5, 1.5]
    assert set(result.attributes["quadrant"]) == {NAMES[1], NAMES[3]}
    assert any("do not differ in importance, or not in performance" in n for n in result.notes)


def test_ceiling_performance_has_no_derived_importance() -> None:
    frame = toy_frame().assign(**{f"P{item}": 7 for item in range(1, 6)})
    result = analyse(toy_survey(frame), outcome="satisfaction", n_resamples=200)
    assert result.attributes["importance"].isna().all()
    assert any("no attribute varies over the respondents" in note for note in result.notes)


def test_attributes_with_no_answers() -> None:
    frame = toy_frame(n_items=6).assign(P1=np.nan, P2=np.nan)
    survey = toy_survey(frame, toy_instrument((2, 2, 2)))
    for options in ({"importance": "expectation"}, {"outcome": "satisfaction"}):
        result = analyse(survey, n_resamples=200, **options)
        table = result.attributes.set_index("term")
        assert table.loc["d1", "n"] == 0
        assert table.loc["d1", "quadrant"] == ""
        assert table["performance"].isna().tolist() == [True, False, False]
        assert table["p_quadrant"].isna().tolist() == [True, False, False]
        assert any("Nobody has a performance score in d1" in note for note in result.notes)
        # The lines go through those that have a place.
        placed = table.loc[["d2", "d3"]]
        assert_allclose(
            result.lines["value"], [placed["importance"].mean(), placed["performance"].mean()]
        )
        assert result.n_degenerate == 0


def test_importance_that_nobody_rated() -> None:
    survey = toy_survey(toy_frame(I1=[5.0] * 40, I2=[np.nan] * 40), keep=["I1", "I2"])
    result = analyse(survey, importance=["I1", "I2"])
    assert any("Nobody rated the importance of d2" in note for note in result.notes)
    assert result.attributes["quadrant"].tolist() == [NAMES[1], ""]


def test_an_attribute_that_few_answered_is_missing_in_some_resamples() -> None:
    frame = toy_frame(60)
    frame.loc[2:, ["P1", "P2"]] = np.nan
    with pytest.warns(SmallSampleWarning, match=r"Fewer than ten respondents.*d1 \(2\)"):
        result = analyse(toy_survey(frame), importance="expectation", n_resamples=500)
    # Two of sixty are both left out of (58/60)^60 = 13% of the resamples.
    assert 35 <= result.n_degenerate <= 105
    assert any(f"In {result.n_degenerate} of 500 resamples" in note for note in result.notes)
    assert_allclose(result.attributes[COLUMNS].sum(axis=1), 1.0)


def test_twenty_five_respondents() -> None:
    frame = reference_frame("survey_complete").head(25)
    survey = survey_of(frame)
    for options in ({}, {"outcome": "satisfaction"}, {"outcome": "loyalty", "method": "partial"}):
        result = analyse(survey, n_resamples=300, **options)
        assert_allclose(result.attributes[COLUMNS].sum(axis=1), 1.0)
    items = analyse(
        survey, level="items", outcome="satisfaction", method="correlation", n_resamples=300
    )
    assert items.attributes["importance"].notna().all()


def test_more_attributes_than_respondents_can_tell_apart() -> None:
    survey = survey_of(reference_frame("survey_complete").head(20))
    result = analyse(survey, level="items", outcome="satisfaction")
    assert result.attributes["importance"].isna().all()
    assert any(
        "20 respondents with all attributes and the outcome, where 24 are needed" in note
        for note in result.notes
    )


def test_one_respondent() -> None:
    with pytest.warns(SmallSampleWarning, match="Fewer than ten"):
        result = analyse(toy_survey(toy_frame(1)), importance="expectation", n_resamples=200)
    assert result.n_resamples == 0
    assert any("There is one respondent" in note for note in result.notes)
    assert result.attributes["quadrant"].ne("").all()
    assert result.attributes["performance_std_error"].isna().all()


def test_attributes_that_repeat_each_other() -> None:
    frame = toy_frame(n_items=4)
    frame[["P3", "P4"]] = frame[["P1", "P2"]]
    survey = toy_survey(frame, toy_instrument((2, 2)))
    for method in ("relative-weights", "partial", "beta"):
        tied = analyse(survey, outcome="satisfaction", method=method)
        assert tied.attributes["importance"].isna().all()
        assert any("repeat each other exactly" in note for note in tied.notes)
    shared = analyse(survey, outcome="satisfaction", method="lmg")
    assert_allclose(shared.attributes["importance"], [0.5, 0.5])


def test_an_outcome_of_two_values() -> None:
    frame = toy_frame()
    frame["SAT1"] = (frame["SAT1"] > 4).astype(float)
    survey = toy_survey(frame, outcomes={"stays": ["SAT1"]})
    result = analyse(survey, outcome="stays", n_resamples=200)
    assert_allclose(result.attributes["importance"].sum(), 1.0)


def test_resamples_in_which_the_outcome_is_constant_are_counted() -> None:
    frame = toy_frame(30).assign(SAT1=[1.0] + [0.0] * 29)
    survey = toy_survey(frame, outcomes={"stays": ["SAT1"]})
    result = analyse(survey, outcome="stays", n_resamples=500)
    # The one who differs is left out of (29/30)^30 = 36% of the resamples.
    assert 130 <= result.n_degenerate <= 235
    assert any("of 500 resamples" in note for note in result.notes)
    assert_allclose(result.attributes[COLUMNS].sum(axis=1), 1.0)


def test_negative_importances_are_no_shares() -> None:
    frame = toy_frame(60)
    frame["SAT1"] = 8 - frame["SAT1"]
    survey = toy_survey(frame, outcomes={"trouble": ["SAT1"]})
    result = analyse(survey, outcome="trouble", method="correlation")
    assert (result.attributes["importance"] < 0).all()
    assert result.attributes["weight"].isna().all()
    assert result.attributes["priority"].isna().all()
    assert any("no shares of a whole" in note for note in result.notes)


def test_one_sided_surveys_have_no_gaps() -> None:
    result = analyse(kiosk_survey(), importance="IMP{item}")
    assert result.attributes[["gap", "priority"]].isna().all(axis=None)
    assert any("no expectations" in note for note in result.notes)
    assert result.attributes["pgcv"].notna().all()


def test_no_resamples() -> None:
    result = analyse(reference_survey())
    table = result.attributes
    unknown = [*COLUMNS, "p_quadrant", "covariance", "iso_low", "pgcv_low", "priority_rank_high"]
    assert table[unknown].isna().all(axis=None)
    assert result.lines[["conf_low", "conf_high"]].isna().all(axis=None)
    assert any("No resamples were asked for" in note for note in result.notes)
    assert table["quadrant"].ne("").all()
    assert "certain" not in str(result.interpret())


def test_missing_everywhere() -> None:
    frame = toy_frame(200, n_items=6)
    generator = np.random.default_rng(8)
    sides = [name for name in frame.columns if name[0] in "EP"]
    frame[sides] = frame[sides].where(generator.random((200, len(sides))) > 0.4)
    survey = toy_survey(frame, toy_instrument((2, 2, 2)), min_answered=1.0)
    result = analyse(survey, outcome="satisfaction", n_resamples=500)
    scores = survey.dimension_scores("perception")
    table = result.attributes
    assert table["n"].tolist() == (~np.isnan(scores)).sum(axis=0).tolist()
    assert_allclose(table["performance"], np.nanmean(scores, axis=0), rtol=1e-12)
    assert (table["n_importance"] < table["n"].min()).all()
    # Bootstrap errors of a mean over those who answered are near the closed ones.
    items = analyse(survey, importance="expectation", n_resamples=2000)
    assert np.isfinite(items.attributes["p_quadrant"]).all()


def test_warnings_of_the_survey_do_not_come_again() -> None:
    survey = reference_survey()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ServqualWarning)
        analyse(survey)
