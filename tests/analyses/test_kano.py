"""Kano classes against R and the authors' table, columns found, nasty answers, sound bootstrap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import servqual as sq
from servqual.errors import (
    ColumnNotFoundError,
    EstimationError,
    OptionError,
    ScaleRangeError,
    SmallSampleWarning,
    SurveyError,
)
from servqual.typing import FloatArray
from tests.analyses.surveys import records, toy_frame, toy_survey
from tests.reference import load_expected

pl = pytest.importorskip("polars")

DATA = Path(__file__).parents[1] / "reference" / "data" / "kiosk_kano.csv"
EXPECTED: dict[str, Any] = load_expected("kano")
ANSWERS = ["like", "must-be", "neutral", "live-with", "dislike"]
CLASSES = ["A", "O", "M", "I", "R", "Q"]
RTOL = 1e-9


def kiosk(*, incomplete: bool = False, **more: Any) -> pd.DataFrame:
    """Answers of 194 visitors, with the gaps, weights and clusters that the R script makes too."""
    frame = pd.read_csv(DATA)
    row = np.arange(1, len(frame) + 1)
    if incomplete:
        for item in range(1, 30):
            column = frame[f"K{item}f"].astype(float)
            frame[f"K{item}f"] = column.mask((row + item) % 13 == 0)
    frame["freq"] = 1 + row % 3
    frame["weight"] = 0.5 + (row % 7) / 4
    frame["office"] = row % 25
    return frame.assign(**more)


def pairs(*answers: str) -> dict[str, list[int | None]]:
    """Make columns of one feature per argument: pairs of digits, a dot where missing."""
    columns: dict[str, list[int | None]] = {}
    for item, text in enumerate(answers, start=1):
        for place, letter in enumerate("fd"):
            digits = [pair[place] for pair in text.split()]
            columns[f"K{item}{letter}"] = [None if d == "." else int(d) for d in digits]
    return columns


def assert_as_r(features: pd.DataFrame, expected: list[dict[str, Any]], names: list[str]) -> None:
    theirs = records(expected)
    for name in names:
        if not pd.api.types.is_numeric_dtype(theirs[name]):
            assert features[name].tolist() == theirs[name].tolist(), name
        else:
            assert_allclose(
                features[name].astype(float),
                theirs[name].astype(float),
                rtol=RTOL,
                atol=1e-13,
                err_msg=name,
            )


WORDS = ["class", "second_class"]
RATIOS = [
    *("better", "better_std_error", "better_low", "better_high"),
    *("worse", "worse_std_error", "worse_low", "worse_high"),
]
SIMPLE = [
    *(*WORDS, "blended_class", "tie", "n", "n_missing", "category_strength", "total_strength"),
    *("fong_statistic", "fong_critical", "fong_p", "mode_p", *RATIOS),
]


def scores_of(result: sq.KanoResult, question: str) -> pd.DataFrame:
    return result.scores[result.scores["question"] == question]


# ---- against R -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "incomplete", "options"),
    [
        ("plain", False, {}),
        ("pouliot", False, {"table": "pouliot"}),
        ("missing", True, {}),
        ("frequency", True, {"weights": sq.FrequencyWeights("freq")}),
    ],
)
def test_independent_respondents(case: str, incomplete: bool, options: dict[str, Any]) -> None:
    result = sq.kano(kiosk(incomplete=incomplete), n_resamples=0, **options)
    expected = EXPECTED[case]
    assert_as_r(result.features, expected, SIMPLE)
    counts = np.array([row["counts"] for row in expected])
    assert_array_equal(result.features[[f"n_{name}" for name in CLASSES]], counts)
    shares = counts / counts.sum(axis=1, keepdims=True)
    found = result.features[[f"share_{name}" for name in CLASSES]]
    assert_allclose(found, shares, rtol=1e-14)
    theirs = records(expected)
    for question in ("functional", "dysfunctional"):
        ours = scores_of(result, question)
        for name, other in (
            ("estimate", question),
            ("std_error", f"{question}_se"),
            ("conf_low", f"{question}_low"),
            ("conf_high", f"{question}_high"),
        ):
            assert_allclose(ours[name], theirs[other], rtol=RTOL, atol=1e-12, err_msg=other)


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("sampling", {"weights": sq.SamplingWeights("weight")}),
        ("clusters", {"cluster": "office"}),
        ("both", {"weights": sq.SamplingWeights("weight"), "cluster": "office"}),
    ],
)
def test_sampling_weights_and_clusters(case: str, options: dict[str, Any]) -> None:
    result = sq.kano(kiosk(incomplete=True), n_resamples=0, **options)
    expected = EXPECTED[case]
    assert_as_r(result.features, expected, [*WORDS, "n", "mode_p", *RATIOS])
    found = result.features[[f"share_{name}" for name in CLASSES]]
    assert_allclose(found, [row["shares"] for row in expected], rtol=1e-12, atol=1e-15)
    theirs = records(expected)
    for question in ("functional", "dysfunctional"):
        ours = scores_of(result, question)
        assert_allclose(ours["estimate"], theirs[question], rtol=RTOL, atol=1e-12)
        assert_allclose(ours["std_error"], theirs[f"{question}_se"], rtol=RTOL)
        assert_array_equal(ours["df"], theirs["df"])
    assert result.features["fong_p"].isna().all()
    assert any("Fong's test" in note for note in result.notes)


def test_groups() -> None:
    result = sq.kano(kiosk(), by="sex", n_resamples=2000, p_adjust="none")
    theirs = records(EXPECTED["groups"])
    ours = result.comparisons
    for name in ("statistic", "df", "p_value", "effect_size", "min_expected"):
        assert_allclose(ours[name], theirs[name], rtol=RTOL, err_msg=name)
    assert_array_equal(ours["p_adjusted"], ours["p_value"])
    # Shares of 2,000 and of 50,000 random tables.
    p = theirs["p_simulated"].to_numpy()
    spread = np.sqrt(p * (1 - p) * (1 / 2000 + 1 / 50000)) + 1 / 2000
    assert (np.abs(ours["p_simulated"] - p) < 4.5 * spread).all()


def test_bootstrap_agrees_with_boot_over_twenty_seeds() -> None:
    expected = EXPECTED["bootstrap"]
    results = [
        sq.kano(kiosk(), interval="bootstrap", n_resamples=1000, seed=seed) for seed in range(20)
    ]
    theirs = np.array(expected["probabilities"])
    ours = np.mean(
        [result.features[[f"class_{name}" for name in CLASSES]] for result in results], axis=0
    )
    # 20,000 resamples on both sides.
    spread = np.sqrt(theirs * (1 - theirs) * 2 / 20000)
    assert (np.abs(ours - theirs) < 4.5 * spread + 2e-4).all()
    for name in ("better", "worse"):
        limits = np.mean([r.features[[f"{name}_low", f"{name}_high"]] for r in results], axis=0)
        assert_allclose(limits, expected[name], atol=0.008)
    means = np.array([r.means[["conf_low", "conf_high"]].to_numpy() for r in results])
    assert_allclose(means.mean(axis=0), expected["means"], atol=0.002)
    errors = np.mean([r.means["std_error"] for r in results], axis=0)
    assert_allclose(errors, expected["mean_errors"], rtol=0.02)


# ---- classes by hand -----------------------------------------------------------------------------


def test_every_cell_of_the_standard_table() -> None:
    rows = ["QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ"]
    cells = [f"{f}{d}" for f in range(1, 6) for d in range(1, 6)]
    result = sq.kano(pairs(*cells), n_resamples=0)
    assert "".join(result.features["class"]) == "".join(rows)
    assert result.evaluation["functional"].tolist()[0] == "like"
    assert result.evaluation.loc[0, "dislike"] == "O"


def test_a_table_of_ones_own() -> None:
    table: Any = {
        "like": {
            "like": "Q",
            "must-be": "A",
            "neutral": "A",
            "live-with": "A",
            "dislike": "O",
        },
        "must-be": "RQIIM",
        "neutral": ["R", "I", "I", "I", "M"],
        "live-with": "RIIQM",
        "dislike": "RRRRQ",
    }
    mine = sq.kano(kiosk(), table=table, n_resamples=0)
    named = sq.kano(kiosk(), table="pouliot", n_resamples=0)
    assert mine.table == "custom"
    pd.testing.assert_frame_equal(mine.features, named.features)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("Standard", '`table` is .* Did you mean "standard"'),
        ({"like": "QAAAO"}, "`table` leaves out must-be, neutral, live-with, dislike"),
        ({"love": "QAAAO"}, "has the unknown answers 'love'"),
        (dict.fromkeys(ANSWERS, "QAAO"), "five"),
        (dict.fromkeys(ANSWERS, "QAAAX"), "'X'"),
        (dict.fromkeys(ANSWERS, 3), "five classes"),
        (
            {answer: {"like": "Q"} for answer in ANSWERS},
            "leaves out must-be",
        ),
    ],
)
def test_wrong_tables(table: Any, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        sq.kano(kiosk(), table=table)


def test_ties_go_to_must_be_before_one_dimensional_before_attractive() -> None:
    result = sq.kano(pairs("13 25", "15 13", "33 13", "33 21", "21 11"), n_resamples=0)
    assert result.features["class"].tolist() == ["M", "O", "A", "I", "R"]
    assert result.features["second_class"].tolist() == ["A", "A", "I", "R", "Q"]
    assert result.features["tie"].all()
    assert result.features["category_strength"].tolist() == [0.0] * 5
    said = str(result.interpret())
    assert "Two classes are equally frequent for 1 (M and A)" in said
    assert "M before O" not in said  # The rule stands with its source, not in the text.


def test_equal_weights_that_are_no_binary_fractions_tie_too() -> None:
    people = pairs("13 25 13 25 13 25 33")
    weights = sq.SamplingWeights([0.1] * 7)
    assert bool(sq.kano(people, weights=weights, n_resamples=0).features["tie"].item())


def test_the_blended_rule() -> None:
    answers = " ".join(["33"] * 4 + ["13"] * 3 + ["25"] * 2)
    [row] = sq.kano(pairs(answers), n_resamples=0).features.to_dict(orient="records")
    assert (row["class"], row["blended_class"]) == ("I", "A")


# ---- the bootstrap is honest ---------------------------------------------------------------------


def _drawn_features(shares: FloatArray, n: int, seed: int) -> dict[str, FloatArray]:
    """Draw answers to one feature per row of class shares, each class by one of its cells."""
    cells = np.array([(1, 3), (1, 5), (2, 5), (3, 3), (3, 1), (1, 1)], dtype=float)
    generator = np.random.default_rng(seed)
    columns: dict[str, FloatArray] = {}
    for item, chances in enumerate(shares, start=1):
        both = cells[generator.choice(6, size=n, p=chances)]
        columns |= {f"K{item}f": both[:, 0], f"K{item}d": both[:, 1]}
    return columns


def test_with_very_many_respondents_the_true_class_is_certain() -> None:
    shares = np.array([[0.30, 0.27, 0.22, 0.19, 0.01, 0.01]])
    result = sq.kano(_drawn_features(shares, 50_000, seed=4), n_resamples=200)
    assert result.features["class_A"].item() == 1.0


def test_probabilities_mean_what_they_say() -> None:
    """Of features with a probability of about 80%, about 80% are put into their true class."""
    shares = np.random.default_rng(3).dirichlet([2, 2, 2, 2, 0.2, 0.1], size=600)
    features = sq.kano(_drawn_features(shares, 150, seed=5), n_resamples=300).features
    right = (features["class"] == np.array(CLASSES)[shares.argmax(axis=1)]).to_numpy()
    claimed = features["probability"].to_numpy()
    for low, high in ((0.0, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.01)):
        here = (claimed >= low) & (claimed < high)
        mean = claimed[here].mean()
        spread = np.sqrt(mean * (1.0 - mean) / here.sum())
        assert here.sum() > 40
        assert abs(right[here].mean() - mean) < 3.5 * spread + 0.02
    # Limits of better hold at their level, too.
    truth = shares[:, :2].sum(axis=1) / shares[:, :4].sum(axis=1)
    inside = (features["better_low"] <= truth) & (truth <= features["better_high"])
    assert 0.92 < inside.mean() < 0.98


def test_probabilities_add_up_and_belong_to_the_class() -> None:
    features = sq.kano(kiosk(incomplete=True), n_resamples=300).features
    assert_allclose(features[[f"class_{name}" for name in CLASSES]].sum(axis=1), 1.0, rtol=1e-12)
    own = [row[f"class_{row['class']}"] for row in features.to_dict(orient="records")]
    assert_array_equal(features["probability"], own)


def test_wilson_and_bootstrap_limits_are_near_each_other() -> None:
    wilson = sq.kano(kiosk(), n_resamples=0).features
    drawn = sq.kano(kiosk(), n_resamples=2000, interval="bootstrap").features
    for name in ("better_low", "better_high", "worse_low", "worse_high"):
        assert_allclose(wilson[name], drawn[name], atol=0.03)
    assert (drawn["better_low"] <= drawn["better_high"]).all()
    assert (wilson["worse_low"] <= wilson["worse"]).all()


def test_a_seed_makes_the_same_result_again() -> None:
    first = sq.kano(kiosk(), n_resamples=200, seed=3)
    assert first.to_json() == sq.kano(kiosk(), n_resamples=200, seed=3).to_json()
    assert first.to_json() != sq.kano(kiosk(), n_resamples=200, seed=4).to_json()


def test_order_of_respondents_does_not_matter() -> None:
    frame = kiosk(incomplete=True)
    turned = frame.sample(frac=1.0, random_state=5)
    first, second = (sq.kano(part, n_resamples=0).features for part in (frame, turned))
    pd.testing.assert_frame_equal(first, second)


def test_a_frequency_weight_of_two_is_a_respondent_twice() -> None:
    frame = kiosk(incomplete=True)
    weighted = sq.kano(frame, weights=sq.FrequencyWeights([2.0] * 194), n_resamples=500)
    doubled = sq.kano(pd.concat([frame, frame]), n_resamples=500)
    drawn = [f"class_{name}" for name in CLASSES] + ["probability"]
    pd.testing.assert_frame_equal(
        weighted.features.drop(columns=drawn), doubled.features.drop(columns=drawn)
    )
    assert weighted.sample == sq.SampleInfo(388, 0, "feature by feature", "frequency")
    apart = (weighted.features[drawn] - doubled.features[drawn]).to_numpy()
    assert np.abs(apart).max() < 0.12


def test_equal_sampling_weights_change_no_estimate() -> None:
    plain = sq.kano(kiosk(), n_resamples=200)
    equal = sq.kano(kiosk(), weights=sq.SamplingWeights([3.0] * 194), n_resamples=200)
    for name in ("better", "worse", "share_A", "category_strength", "probability", "class_O"):
        assert_allclose(equal.features[name], plain.features[name], rtol=1e-12)


def test_progress_runs_over_all_groups() -> None:
    told: list[tuple[int, int]] = []
    sq.kano(
        kiosk(),
        by="sex",
        n_resamples=300,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (600, 600)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# ---- groups --------------------------------------------------------------------------------------


def test_a_group_is_a_survey_of_its_own() -> None:
    frame = kiosk(incomplete=True)
    by_sex = sq.kano(frame, by="sex", n_resamples=200)
    for sex in ("F", "M"):
        alone = sq.kano(frame[frame["sex"] == sex], n_resamples=200)
        for name in ("features", "scores", "means"):
            part = getattr(by_sex, name)
            part = part[part["sex"] == sex].drop(columns="sex").reset_index(drop=True)
            pd.testing.assert_frame_equal(part, getattr(alone, name))


def test_two_grouping_columns_and_a_missing_group() -> None:
    frame = kiosk()
    frame["time"] = np.where(frame["resp"] % 2, "late", "early")
    frame.loc[:3, "sex"] = None
    result = sq.kano(frame, by=["sex", "time"], items=[1, 2], n_resamples=0)
    assert result.by == ("sex", "time")
    assert len(result.features) == 8
    assert result.sample.n_excluded == 4
    assert "4 respondents without a group: not counted." in result.notes


def test_one_group_has_nothing_to_compare() -> None:
    result = sq.kano(kiosk(g="a"), by="g", items=[1], n_resamples=0)
    assert result.comparisons.empty
    assert any("only one group" in note for note in result.notes)


def test_groups_with_weights_are_not_tested() -> None:
    result = sq.kano(
        kiosk(), by="sex", weights=sq.SamplingWeights("weight"), items=[1, 2], n_resamples=0
    )
    assert result.comparisons["p_value"].isna().all()
    assert "groups" not in [part.topic for part in result.interpret().statements]


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("gender", '"gender" is not a column of the data'),
        ("Sex", 'Did you mean "sex"'),
        (3, "`by` is 3, but must name columns"),
        ([], "must name columns"),
        (["sex", "sex"], "more than once: sex"),
    ],
)
def test_wrong_groups(by: Any, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        sq.kano(kiosk(), by=by)


def test_a_group_cannot_hide_a_column_of_the_result() -> None:
    with pytest.raises(OptionError, match="`by` names better, which is a column of the result"):
        sq.kano(kiosk(better="a"), by="better")


# ---- clusters ------------------------------------------------------------------------------------


def test_few_clusters_warn() -> None:
    frame = kiosk()
    frame["shop"] = np.arange(194) % 4
    with pytest.warns(SmallSampleWarning, match='4 clusters of "shop"'):
        sq.kano(frame, cluster="shop", items=[1], n_resamples=0)


def test_one_cluster_is_an_error() -> None:
    with pytest.raises(EstimationError, match='in one group of "shop"'):
        sq.kano(kiosk(shop="a"), cluster="shop", items=[1])


def test_a_cluster_of_one_respondent_is_a_respondent() -> None:
    frame = kiosk(incomplete=True)
    plain = sq.kano(frame, n_resamples=200)
    alone = sq.kano(frame, cluster="resp", n_resamples=200)
    for name in ("share_A", "better", "worse", "probability"):
        assert_allclose(alone.features[name], plain.features[name], rtol=1e-12)


# ---- columns -------------------------------------------------------------------------------------


def test_columns_by_template_list_and_mapping_are_the_same() -> None:
    frame = kiosk()
    first = sq.kano(frame, items=["3", "1"], n_resamples=0)
    lists = sq.kano(
        frame, functional=["K3f", "K1f"], dysfunctional=["K3d", "K1d"], n_resamples=0
    ).features
    mapped = sq.kano(
        frame,
        functional={3: "K3f", 1: "K1f"},
        dysfunctional={"1": "K1d", "3": "K3d"},
        n_resamples=0,
    )
    assert first.features["item"].tolist() == ["3", "1"]
    assert lists["item"].tolist() == ["1", "2"]
    pd.testing.assert_frame_equal(first.features, mapped.features)
    assert_array_equal(first.features["better"], lists["better"])
    mixed = sq.kano(frame, dysfunctional={3: "K3d", 1: "K1d"}, n_resamples=0)
    pd.testing.assert_frame_equal(first.features, mixed.features)


def test_templates_of_which_one_is_part_of_the_other() -> None:
    people = {"K1": [1, 1], "K1d": [5, 3], "K2": [2, 2], "K2d": [5, 5]}
    result = sq.kano(people, functional="K{item}", n_resamples=0)
    assert result.features["item"].tolist() == ["1", "2"]
    turned = sq.kano(
        {"K1d": [5, 3], "K1": [1, 1]}, functional="K{item}d", dysfunctional="K{item}", n_resamples=0
    )
    assert turned.features["item"].tolist() == ["1"]


def test_templates_with_a_format_need_items() -> None:
    people = {"K01f": [1, 1], "K01d": [5, 3]}
    options: dict[str, Any] = {"functional": "K{item:02d}f", "dysfunctional": "K{item:02d}d"}
    assert sq.kano(people, items=[1], n_resamples=0, **options).features["item"].tolist() == ["1"]
    with pytest.raises(OptionError, match="Name them by `items`"):
        sq.kano(people, **options)
    with pytest.raises(OptionError, match="cannot be filled with the features one"):
        sq.kano(people, items=["one"], **options)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"functional": "Kf"}, OptionError, "`functional` is 'Kf', but a template has {item} once"),
        ({"functional": "K{key}f"}, OptionError, "has {item} once"),
        ({"functional": "K{item"}, OptionError, "which is not a template"),
        ({"functional": "X{item}f"}, ColumnNotFoundError, "29 columns fit .* K1d, K2d"),
        ({"functional": "X{item}", "dysfunctional": "Y{item}"}, ColumnNotFoundError, "No columns"),
        ({"items": [1, 30]}, ColumnNotFoundError, "`functional` asks for .* not there: K30f"),
        ({"items": []}, OptionError, "`items` is empty"),
        ({"items": [1, "1"]}, OptionError, "lists these more than once: 1"),
        ({"items": "12"}, OptionError, "must be a list"),
        ({"functional": 3, "items": [1]}, OptionError, "`functional` is 3"),
        ({"functional": ["K1f"], "items": [1, 2]}, OptionError, "lists 1 column, but there are 2"),
        (
            {"functional": ["K1f", "K2f"], "dysfunctional": ["K1d", "K1f"]},
            OptionError,
            "more than once: K1f",
        ),
        (
            {"functional": {1: "K1f", 2: "K2f"}, "dysfunctional": {1: "K1d"}},
            OptionError,
            "`dysfunctional` has no column for 2",
        ),
        ({"items": [1], "importance": "W{item}"}, ColumnNotFoundError, "`importance` asks for"),
        ({"labels": ["one"]}, OptionError, "a list of 29 labels"),
        ({"labels": "one"}, OptionError, "`labels` must be a mapping"),
        ({"labels": {99: "one"}}, OptionError, "features that there are not: 99"),
        ({"interval": "wald"}, OptionError, "`interval` is 'wald'"),
        ({"p_adjust": "x"}, OptionError, "`p_adjust` is 'x'"),
        ({"n_resamples": 20}, OptionError, "`n_resamples` is 20"),
        ({"interval": "bootstrap", "n_resamples": 0}, OptionError, "needs resamples"),
        ({"conf_level": 95}, OptionError, "`conf_level` is 95"),
        ({"weights": "weight"}, OptionError, "its kind decides"),
        ({"weights": sq.SamplingWeights("w")}, OptionError, "names the column 'w'"),
        ({"weights": sq.SamplingWeights([0.0] * 194)}, SurveyError, "all of them are zero"),
        ({"weights": sq.FrequencyWeights([0.5] * 194)}, SurveyError, "whole numbers"),
        ({"weights": sq.FrequencyWeights("sex")}, SurveyError, "cannot serve as weights"),
    ],
)
def test_wrong_arguments(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        sq.kano(kiosk(), **options)


def test_one_question_without_its_partner_is_told() -> None:
    with pytest.raises(ColumnNotFoundError, match=r"1 column fits .* without a partner: K4f"):
        sq.kano(kiosk().drop(columns="K4d"))


def test_a_question_without_its_partner_is_told() -> None:
    frame = kiosk().drop(columns=["K4d", "K7f"])
    with pytest.raises(ColumnNotFoundError, match=r"2 columns fit .* without a partner: K4f, K7d"):
        sq.kano(frame)


def test_two_columns_of_one_name() -> None:
    frame = kiosk()
    frame = pd.concat([frame, frame[["K2f", "sex"]]], axis=1)
    with pytest.raises(SurveyError, match="stand more than once in the data: K2f"):
        sq.kano(frame)
    assert len(sq.kano(frame, items=[1], n_resamples=0).features) == 1


@pytest.mark.parametrize("make", [pl.from_pandas, lambda frame: frame.to_dict("list")])
def test_any_dataframe(make: Any) -> None:
    frame = kiosk(incomplete=True)
    pandas = sq.kano(frame, n_resamples=200, by="sex")
    assert sq.kano(make(frame), n_resamples=200, by="sex").to_json() == pandas.to_json()


def test_what_is_no_dataframe() -> None:
    with pytest.raises(SurveyError, match="must be a dataframe"):
        sq.kano(3)
    with pytest.raises(SurveyError, match="The data have no rows"):
        sq.kano(kiosk().iloc[:0])


# ---- surveys -------------------------------------------------------------------------------------


def _kiosk_survey(keep: Any = "K*", **options: Any) -> sq.Survey:
    frame = pd.concat([toy_frame(194), kiosk(incomplete=True)], axis=1)
    return toy_survey(frame, keep=keep, groups=["sex", "office"], **options)


def test_a_survey_that_kept_the_columns() -> None:
    survey = _kiosk_survey(weights=sq.FrequencyWeights("freq"))
    result = sq.kano(survey, by="sex", n_resamples=200)
    frame = sq.kano(
        kiosk(incomplete=True), by="sex", weights=sq.FrequencyWeights("freq"), n_resamples=200
    )
    assert result.to_json() == frame.to_json()
    part = sq.kano(survey.where(sex="M"), n_resamples=200)
    men = result.features[result.features["sex"] == "M"].drop(columns="sex")
    pd.testing.assert_frame_equal(part.features, men.reset_index(drop=True))


def test_outcomes_of_a_survey_can_be_asked_for_too() -> None:
    frame = pd.concat([toy_frame(194), kiosk()], axis=1)
    survey = toy_survey(frame, outcomes={"bill": ["K2f", "K2d"]})
    assert sq.kano(survey, n_resamples=0).features["class"].tolist() == ["M"]


def test_a_survey_that_kept_nothing() -> None:
    with pytest.raises(ColumnNotFoundError, match=r'Keep the columns .* `keep="K\*"`'):
        sq.kano(_kiosk_survey(keep=()))
    with pytest.raises(ColumnNotFoundError, match=r"K2d.*Keep them when the survey is made"):
        sq.kano(_kiosk_survey(keep=["K1f", "K1d", "K2f"]), items=[1, 2])


def test_weights_belong_to_the_survey() -> None:
    with pytest.raises(OptionError, match="a survey, which has weights of its own"):
        sq.kano(_kiosk_survey(), weights=sq.SamplingWeights("weight"))


def test_texts_cannot_be_kept_by_a_survey() -> None:
    words = ("love", "expect", "whatever", "bear", "hate")
    with pytest.raises(OptionError, match="a survey keeps columns of numbers"):
        sq.kano(_kiosk_survey(), codes=words)


# ---- codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", [(5, 4, 3, 2, 1), {"like": 5, "must-be": 4, "neutral": 3}])
def test_codes_in_another_order(codes: Any) -> None:
    if isinstance(codes, dict):
        codes = codes | {"live-with": 2, "dislike": 1}
    turned = kiosk()
    asked = [name for name in turned.columns if name.startswith("K")]
    turned[asked] = 6 - turned[asked]
    first = sq.kano(kiosk(), n_resamples=0).features
    pd.testing.assert_frame_equal(first, sq.kano(turned, codes=codes, n_resamples=0).features)


def test_answers_as_text() -> None:
    words = ("I like it", "I expect it", "Neutral", "I can live with it", "I dislike it")
    frame = kiosk(incomplete=True)
    asked = [name for name in frame.columns if name.startswith("K")]
    text = frame.copy()
    for name in asked:
        text[name] = frame[name].map(dict(enumerate(words, start=1))).astype(object)
    text.loc[0, "K1f"] = "  i LIKE  it "
    frame.loc[0, "K1f"] = 1
    result = sq.kano(text, codes=words, n_resamples=0)
    pd.testing.assert_frame_equal(result.features, sq.kano(frame, n_resamples=0).features)
    text.loc[3, "K2d"] = "no idea"
    with pytest.raises(ScaleRangeError, match=r"One answer is none .* K2d holds 'no idea' \(1×\)"):
        sq.kano(text, codes=words)
    with pytest.raises(ScaleRangeError, match="K1f holds 'I expect it'"):
        sq.kano(text)


def test_answers_off_the_codes_are_listed() -> None:
    frame = kiosk()
    frame["K1f"] = frame["K1f"].astype(float)
    frame.loc[:2, "K1f"] = [7, 7, 2.5]
    frame.loc[5, "K3d"] = 0
    message = r"Four answers are none of the five codes \(1 = like, .*\): K1f holds 7 \(2×\), 2.5"
    with pytest.raises(ScaleRangeError, match=message):
        sq.kano(frame)
    with pytest.raises(ScaleRangeError, match=r"K3d holds 0 \(1×\)\. Say by `codes`"):
        sq.kano(frame)


@pytest.mark.parametrize(
    "codes", [(1, 2, 3, 4), (1, 2, 3, 4, 4), (1, 2, 3, 4, "5"), "12345", 5, (True, 2, 3, 4, 5)]
)
def test_wrong_codes(codes: Any) -> None:
    with pytest.raises(OptionError, match="five different numbers or five different texts"):
        sq.kano(kiosk(), codes=codes)


def test_codes_by_answers_that_there_are_not() -> None:
    with pytest.raises(OptionError, match="`codes` has the unknown answers 'love'"):
        sq.kano(kiosk(), codes={"love": 1})


# ---- nasty answers -------------------------------------------------------------------------------


def test_one_respondent() -> None:
    result = sq.kano(pairs("13", "25"), n_resamples=200)
    assert result.features["class"].tolist() == ["A", "M"]
    assert result.features["probability"].tolist() == [1.0, 1.0]
    assert result.features["mode_p"].tolist() == [1.0, 1.0]
    assert result.features["second_class"].tolist() == ["", ""]
    assert result.features["category_strength"].tolist() == [1.0, 1.0]
    assert result.scores["std_error"].isna().all()
    weighted = sq.kano(pairs("13"), weights=sq.SamplingWeights([2.0]), n_resamples=200)
    assert weighted.features["better_low"].isna().all()
    assert "nan" not in str(weighted.interpret())


def test_everybody_contradicts_themselves() -> None:
    result = sq.kano(pairs("11 11 55", "13 13 13"), n_resamples=200)
    [questionable, _] = result.features.to_dict(orient="records")
    assert questionable["class"] == "Q"
    assert np.isnan(questionable["better"])
    assert np.isnan(questionable["worse_low"])
    assert any("reverse or questionable" in note for note in result.notes)
    assert "so their questions were not understood" in str(result.interpret())
    alone = sq.kano(pairs("11 11 55"), n_resamples=200)
    assert alone.means["n_features"].tolist() == [0, 0, 1]
    assert alone.means["estimate"].isna().tolist() == [True, True, False]


def test_a_feature_that_nobody_answered() -> None:
    result = sq.kano(pairs("13 25 13", ".. .. ..", "1. .5 .."), n_resamples=200)
    assert result.features["class"].tolist() == ["A", "", ""]
    assert result.features["n"].tolist() == [3, 0, 0]
    assert result.features["n_missing"].tolist() == [0, 3, 3]
    assert result.features.loc[1:, "probability"].isna().all()
    assert result.n_degenerate == 0
    assert any("Nobody answered both questions of 2, 3" in note for note in result.notes)
    assert result.glance()["n_classified"].item() == 1


def test_nobody_answered_anything() -> None:
    with pytest.raises(EstimationError, match="None of the 2 respondents answered both questions"):
        sq.kano(pairs(".. .."))
    frame = kiosk(sex=[None] * 194)
    with pytest.raises(OptionError, match="missing for every respondent"):
        sq.kano(frame, by="sex")


def test_respondents_without_any_pair_are_excluded() -> None:
    result = sq.kano(pairs("13 2. .. 25", "25 .5 .. .."), n_resamples=0)
    assert (result.sample.n_obs, result.sample.n_excluded) == (2, 2)
    assert result.features["n_missing"].tolist() == [0, 1]
    assert "Respondents without both answers, by feature: 2 (1)." in result.notes


def test_a_weight_of_zero_is_nobody() -> None:
    people = pairs("13 25 25", "25 13 13")
    for kind in (sq.FrequencyWeights, sq.SamplingWeights):
        result = sq.kano(people, weights=kind([1.0, 0.0, 0.0]), n_resamples=200)
        assert result.sample.n_obs == 1
        assert result.sample.n_excluded == 0
        assert result.features["class"].tolist() == ["A", "M"]
        assert result.features["probability"].tolist() == [1.0, 1.0]


def test_resamples_in_which_nobody_answered_a_feature_are_counted() -> None:
    result = sq.kano(pairs("13 13 25 25", "25 .. .. .."), n_resamples=400)
    # Nobody draws the one respondent with probability (3/4)^4 = .316.
    assert 0.2 < result.n_degenerate / 400 < 0.43
    assert result.features["probability"].tolist()[1] == 1.0
    assert any("nobody had answered some feature" in note for note in result.notes)


def test_constant_answers_are_certain() -> None:
    result = sq.kano(pairs(" ".join(["25"] * 30)), n_resamples=200)
    [row] = result.features.to_dict(orient="records")
    assert (row["class"], row["worse"], row["better"], row["probability"]) == ("M", -1.0, 0.0, 1.0)
    assert row["better_low"] == 0.0
    assert row["worse_low"] == -1.0
    assert 0.0 < row["better_high"] < 0.2
    assert row["fong_p"] < 0.001


def test_constant_answers_with_weights_have_intervals_after_kish() -> None:
    weights = sq.SamplingWeights(np.linspace(1, 3, 30).tolist())
    [row] = sq.kano(pairs(" ".join(["25"] * 30)), weights=weights, n_resamples=0).features.to_dict(
        orient="records"
    )
    size = np.linspace(1, 3, 30).sum() ** 2 / (np.linspace(1, 3, 30) ** 2).sum()
    z = 1.959963984540054
    assert_allclose(row["better_high"], z**2 / (size + z**2), rtol=1e-12)


def test_what_does_not_vary_has_no_t_test() -> None:
    weights = sq.SamplingWeights([1.0, 2.0, 1.0, 1.0])
    result = sq.kano(pairs("25 25 25 25", "13 .. .. .."), weights=weights, n_resamples=0)
    assert result.features["mode_p"].isna().all()
    assert any("The answers to 1, 2 do not vary" in note for note in result.notes)
    assert any("One respondent only answered both questions of 2" in note for note in result.notes)


def test_a_group_in_which_nobody_counts() -> None:
    frame = kiosk(shop=["a"] * 97 + ["b"] * 97)
    weights = sq.FrequencyWeights([1.0] * 97 + [0.0] * 97)
    result = sq.kano(frame, by="shop", weights=weights, items=[1, 2], n_resamples=200)
    assert result.sample.n_obs == 97
    nobody = result.features[result.features["shop"] == "b"]
    assert nobody["n"].tolist() == [0, 0]
    assert nobody["class"].tolist() == ["", ""]
    assert result.comparisons["p_value"].isna().all()
    assert any("Nobody answered both questions of 1 (b), 2 (b)" in note for note in result.notes)
    assert "(b)" not in str(result.interpret())


def test_self_stated_importance() -> None:
    frame = kiosk(W1=np.arange(194) % 9 + 1.0, W2=5.0)
    frame.loc[0, "W1"] = np.nan
    result = sq.kano(frame, items=[1, 2], importance="W{item}", n_resamples=0)
    stated = scores_of(result, "importance")
    assert stated["n"].tolist() == [193, 194]
    given = frame["W1"].dropna().to_numpy(dtype=float)
    assert_allclose(stated["estimate"].iloc[0], given.mean(), rtol=1e-13)
    assert_allclose(stated["std_error"].iloc[0], given.std(ddof=1) / np.sqrt(193), rtol=1e-12)
    assert np.isnan(stated["conf_low"].iloc[1])
    with pytest.raises(SurveyError, match="`importance` needs numbers"):
        sq.kano(frame.assign(W1="high"), items=[1, 2], importance="W{item}")


# ---- words ---------------------------------------------------------------------------------------


def test_words_name_what_is_not_certain() -> None:
    result = sq.kano(kiosk(), labels={5: "Games while waiting"}, n_resamples=2000)
    said = {part.topic: part for part in result.interpret().statements}
    unsure = result.features[result.features["probability"] < 0.95]
    assert f"The class of {len(unsure)} features is not certain" in said["certainty"].text
    games = unsure[unsure["label"] == "Games while waiting"].to_dict(orient="records")[0]
    chances = sorted(((games[f"class_{name}"], name) for name in "AI"), reverse=True)
    words = ", ".join(f"{name} {chance:.0%}" for chance, name in chances)
    assert f"Games while waiting ({words})" in said["certainty"].text
    assert "Games while waiting" in said["fong"].text
    assert said["certainty"].source.startswith("Efron")
    assert said["fong"].source.startswith("Fong")
    assert "Games while waiting (A instead of I)" in said["blended"].text
    assert "27: better = 0.89 (95% interval 0.84 to 0.93)" in said["better"].text


def test_words_without_resamples_say_nothing_of_certainty() -> None:
    result = sq.kano(kiosk(), n_resamples=0)
    assert "certainty" not in [part.topic for part in result.interpret().statements]
    assert any("No resamples were asked for" in note for note in result.notes)
    assert result.glance()["n_certain"].item() == 0


def test_words_on_groups() -> None:
    frame = kiosk()
    late = frame["resp"] > 97
    frame["time"] = np.where(late, "late", "early")
    frame.loc[late, "K1d"] = 5
    frame.loc[late, "K1f"] = 1
    result = sq.kano(frame, by="time", items=[1, 2], n_resamples=200)
    text = result.interpret().statements[-1].text
    assert text.startswith("The groups differ in the classes of 1 (p < .001)")
    assert "adjusted by holm" in text
    assert "1 (late)" in str(result.interpret())


def test_when_all_is_certain_and_distinct() -> None:
    result = sq.kano(pairs(" ".join(["25"] * 60)), n_resamples=200)
    said = str(result.interpret())
    assert "as good as certain" in said
    assert "every feature belongs to its class" in said


def test_a_mean_of_equal_answers_has_no_interval_and_a_note() -> None:
    answers = {"K1f": [2] * 8, "K1d": [5, 4, 5, 3, 5, 4, 5, 2]}
    result = sq.kano(answers, n_resamples=0)
    assert np.isnan(result.scores["conf_low"].iloc[0])
    assert np.isfinite(result.scores["conf_low"].iloc[1])
    note = "Everybody answers alike to 1 functional, so these means have no intervals."
    assert note in result.notes
