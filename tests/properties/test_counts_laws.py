from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from servqual.samplestats.counts import Counts, value_frequencies
from servqual.samplestats.moments import Moments
from servqual.typing import FloatArray, Missing

answers = npst.arrays(
    np.float64,
    st.tuples(st.integers(1, 25), st.just(3)),
    elements=st.sampled_from([1.0, 2.0, 3.0, 5.0, float("nan")]),
)
treatments = st.sampled_from(["listwise", "pairwise"])


@given(answers, answers, answers, treatments)
def test_merging_is_associative_and_commutative(
    one: FloatArray, two: FloatArray, three: FloatArray, missing: Missing
) -> None:
    a, b, c = (Counts.collect(rows, missing=missing) for rows in (one, two, three))
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a


@given(answers, treatments, st.integers(1, 10))
def test_batches_do_not_matter(rows: FloatArray, missing: Missing, size: int) -> None:
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]
    assert Counts.from_batches(batches, missing=missing) == Counts.collect(rows, missing=missing)


@given(answers, treatments, st.randoms(use_true_random=False))
def test_the_order_of_respondents_does_not_matter(
    rows: FloatArray, missing: Missing, random: object
) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert Counts.collect(rows[order], missing=missing) == Counts.collect(rows, missing=missing)


@given(answers, treatments)
def test_a_frequency_weight_of_two_is_everybody_twice(rows: FloatArray, missing: Missing) -> None:
    weighted = Counts.collect(
        rows, missing=missing, weights=np.full(len(rows), 2.0), weight_kind="frequency"
    )
    doubled = Counts.collect(np.vstack([rows, rows]), missing=missing)
    np.testing.assert_array_equal(weighted.tables, doubled.tables)
    assert weighted.n_obs == doubled.n_obs


@given(answers, treatments)
def test_tables_agree_with_their_margins(rows: FloatArray, missing: Missing) -> None:
    counts = Counts.collect(rows, missing=missing)
    np.testing.assert_array_equal(counts.tables, counts.tables.T)
    for first, row in zip(counts.variables, counts.pairs, strict=True):
        for second, n in zip(counts.variables, row, strict=True):
            assert counts.table(first, second).sum() == n


@given(answers, st.permutations(["x1", "x2", "x3"]))
def test_selecting_variables_is_collecting_them(rows: FloatArray, names: list[str]) -> None:
    places = [int(name[1]) - 1 for name in names]
    # Pairwise, so that the answers to the other variables do not decide who counts.
    selected = Counts.collect(rows, missing="pairwise").select(names)
    assert selected == Counts.collect(rows[:, places], names, missing="pairwise")
    two = Counts.collect(rows, missing="pairwise").select(names[:2])
    alone = Counts.collect(rows[:, places[:2]], names[:2], missing="pairwise")
    np.testing.assert_array_equal(two.tables, alone.tables)
    np.testing.assert_array_equal(two.pairs, alone.pairs)


@given(answers, treatments)
def test_a_dictionary_holds_everything(rows: FloatArray, missing: Missing) -> None:
    counts = Counts.collect(rows, missing=missing)
    assert Counts.from_dict(json.loads(json.dumps(counts.to_dict()))) == counts


@given(answers, treatments)
def test_moments_of_counts_are_moments_of_the_rows(rows: FloatArray, missing: Missing) -> None:
    found = Counts.collect(rows, missing=missing).moments()
    if missing == "listwise":
        expected = Moments.collect(rows)
        assert isinstance(found, Moments)
        np.testing.assert_array_equal(found.mean, expected.mean)
        np.testing.assert_array_equal(found.covariance(), expected.covariance())
    else:
        pairwise = Moments.collect(rows, missing="pairwise")
        np.testing.assert_array_equal(found.mean, pairwise.mean)
        np.testing.assert_array_equal(found.covariance(), pairwise.covariance())


@given(
    npst.arrays(
        np.float64, st.integers(0, 30), elements=st.sampled_from([-2.0, -0.5, 0.0, 3.0, 1e7])
    )
)
def test_a_frequency_table_is_that_of_sorting(values: FloatArray) -> None:
    found, frequencies = value_frequencies(values)
    expected, counted = np.unique(values, return_counts=True)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(frequencies, counted)
