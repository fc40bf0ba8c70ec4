from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import servqual as sq
from servqual.errors import OptionError
from servqual.samplestats import counts as module
from servqual.samplestats.counts import Counts, value_frequencies
from servqual.typing import Missing

NAN = float("nan")
ROWS = np.array([[1, 2, 5], [1, 3, 5], [2, 3, NAN], [2, NAN, 4], [NAN, NAN, NAN], [2, 2, 4]])
NAMES = ["P1", "P2", "P3"]


def test_listwise_counts_who_answered_all() -> None:
    counts = Counts.collect(ROWS, NAMES)
    assert (counts.n_obs, counts.n_excluded) == (3, 3)
    assert counts.categories == ((1.0, 2.0), (2.0, 3.0), (4.0, 5.0))
    assert counts.table("P1", "P2").tolist() == [[1.0, 1.0], [1.0, 0.0]]
    assert counts.table("P2", "P1").tolist() == [[1.0, 1.0], [1.0, 0.0]]
    assert counts.frequencies("P3").tolist() == [1.0, 2.0]
    assert (counts.pairs == 3).all()


def test_pairwise_counts_who_answered_both() -> None:
    counts = Counts.collect(ROWS, NAMES, missing="pairwise")
    assert (counts.n_obs, counts.n_excluded) == (5, 1)
    assert counts.pairs.tolist() == [[5.0, 4.0, 4.0], [4.0, 4.0, 3.0], [4.0, 3.0, 4.0]]
    assert counts.frequencies("P1").tolist() == [2.0, 3.0]
    assert counts.table("P1", "P3").tolist() == [[0.0, 2.0], [2.0, 0.0]]


def test_a_table_equals_pandas_crosstab() -> None:
    frame = pd.DataFrame(sq.load_example("bank").rows(["P1", "E7"]), columns=["P1", "E7"])
    counts = Counts.collect(frame)
    expected = pd.crosstab(frame["P1"], frame["E7"])
    np.testing.assert_array_equal(counts.table("P1", "E7"), expected.to_numpy())
    assert counts.categories[0] == tuple(expected.index)


def test_sampling_weights_add_up_and_pairs_count_respondents() -> None:
    weights = np.array([0.5, 2.0, 1.0, 1.0, 1.0, 0.0])
    counts = Counts.collect(ROWS, NAMES, weights=weights, weight_kind="sampling")
    assert counts.n_obs == 2
    assert counts.n_excluded == 3
    assert counts.frequencies("P2").tolist() == [0.5, 2.0]
    assert (counts.pairs == 2).all()


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_frequency_weights_are_repeated_rows(missing: Missing) -> None:
    weights = np.array([2.0, 1.0, 3.0, 1.0, 2.0, 0.0])
    weighted = Counts.collect(
        ROWS, NAMES, missing=missing, weights=weights, weight_kind="frequency"
    )
    repeated = Counts.collect(np.repeat(ROWS, weights.astype(int), axis=0), NAMES, missing=missing)
    np.testing.assert_array_equal(weighted.tables, repeated.tables)
    np.testing.assert_array_equal(weighted.pairs, repeated.pairs)
    assert (weighted.n_obs, weighted.n_excluded) == (repeated.n_obs, repeated.n_excluded)


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_batches_add_up_to_the_whole(missing: Missing) -> None:
    whole = Counts.collect(ROWS, NAMES, missing=missing)
    parts = Counts.from_batches([ROWS[3:], ROWS[:1], ROWS[1:3]], NAMES, missing=missing)
    assert parts == whole


def test_merging_adds_categories_that_one_side_lacks() -> None:
    both = Counts.collect([[1.0, 1.0], [2.0, 1.0]]) + Counts.collect([[3.0, 1.0], [1.5, 2.0]])
    assert both.categories == ((1.0, 1.5, 2.0, 3.0), (1.0, 2.0))
    assert both.table("x1", "x2").tolist() == [[1, 0], [0, 1], [1, 0], [1, 0]]


@pytest.mark.parametrize("limit", [1, 12, 1000])
@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_how_variables_are_tabulated_together_makes_no_difference(
    limit: int, missing: Missing, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = sq.load_example("bank").rows([f"P{item}" for item in range(1, 8)])
    whole = Counts.collect(rows, missing=missing)
    monkeypatch.setattr(module, "_MOST_COMBINATIONS", limit)
    assert Counts.collect(rows, missing=missing) == whole


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_moments_equal_those_of_the_rows(missing: Missing) -> None:
    rows = sq.load_example("bank").rows([f"P{item}" for item in range(1, 8)])
    found = Counts.collect(rows, missing=missing).moments()
    expected = (
        sq.Moments.collect(rows)
        if missing == "listwise"
        else sq.Moments.collect(rows, missing="pairwise")
    )
    assert found.n_obs == expected.n_obs
    assert found.n_excluded == expected.n_excluded
    np.testing.assert_array_equal(found.mean, expected.mean)
    np.testing.assert_array_equal(found.covariance(), expected.covariance())
    np.testing.assert_array_equal(found.correlation(), expected.correlation())


def test_sampling_weights_give_no_moments() -> None:
    counts = Counts.collect(ROWS, weights=np.ones(6), weight_kind="sampling")
    with pytest.raises(OptionError, match="hold no squared weights"):
        counts.moments()


def test_select_takes_variables_in_the_order_given() -> None:
    counts = Counts.collect(ROWS, NAMES, missing="pairwise")
    chosen = counts.select(["P3", "P1"])
    assert chosen.variables == ("P3", "P1")
    np.testing.assert_array_equal(chosen.table("P3", "P1"), counts.table("P3", "P1"))
    np.testing.assert_array_equal(chosen.pairs, counts.pairs[np.ix_([2, 0], [2, 0])])
    with pytest.raises(OptionError, match="P9"):
        counts.select(["P9"])


def test_json_and_back() -> None:
    counts = Counts.collect(ROWS, NAMES, missing="pairwise")
    assert Counts.from_dict(json.loads(json.dumps(counts.to_dict()))) == counts
    with pytest.raises(OptionError, match=r"was not written by `Counts\.to_dict`"):
        Counts.from_dict({"format": "other"})


def test_a_survey_counts_its_variables_once() -> None:
    survey = sq.load_example("bank")
    counts = survey.counts(["P1", "E1"])
    assert survey.counts(["P1", "E1"]) is counts
    assert counts.n_obs == survey.moments(["P1", "E1"]).n_obs
    assert survey.counts(["P1", "E1"], missing="pairwise").n_obs > counts.n_obs


def test_measurements_are_no_categories() -> None:
    with pytest.raises(OptionError, match=r"at most 50 categories.*weight \(60\)"):
        Counts.collect(np.arange(60.0)[:, None] / 7.0, ["weight"])
    with pytest.raises(OptionError, match=r"x1 \(60\)"):
        Counts.from_batches([np.arange(30.0)[:, None], np.arange(30.0, 60.0)[:, None]])


def test_values_far_apart_are_categories_too() -> None:
    counts = Counts.collect([[0.0], [1e9], [0.0], [2.5]])
    assert counts.categories == ((0.0, 2.5, 1e9),)
    assert counts.frequencies("x1").tolist() == [2.0, 1.0, 1.0]


def test_nobody_is_no_error() -> None:
    counts = Counts.collect(np.full((2, 2), NAN))
    assert (counts.n_obs, counts.n_excluded, counts.categories) == (0, 2, ((), ()))
    assert counts.frequencies("x1").size == 0


def test_what_does_not_fit_is_said() -> None:
    counts = Counts.collect(ROWS, NAMES)
    with pytest.raises(OptionError, match="Listwise and pairwise counts cannot be merged"):
        counts.merge(Counts.collect(ROWS, NAMES, missing="pairwise"))
    with pytest.raises(OptionError, match="different variables"):
        counts.merge(Counts.collect(ROWS, ["a", "b", "c"]))
    with pytest.raises(OptionError, match="`batches` is empty"):
        Counts.from_batches([])
    with pytest.raises(OptionError, match="listwise"):
        Counts.collect(ROWS, missing="fiml")  # type: ignore[arg-type]


def test_a_statistic_cannot_be_changed() -> None:
    counts = Counts.collect(ROWS, NAMES)
    with pytest.raises(ValueError, match="read-only"):
        counts.tables[0, 0] = 9.0
    assert repr(counts) == (
        "Counts of 3 variables (P1, P2, P3) with 2 categories: n = 3, missing: listwise"
    )


def test_one_variable_may_have_any_number_of_values() -> None:
    values, frequencies = value_frequencies(np.arange(200.0) / 3.0, np.full(200, 2.0))
    np.testing.assert_array_equal(values, np.arange(200.0) / 3.0)
    assert (frequencies == 2.0).all()
