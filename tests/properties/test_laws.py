"""Laws of sample statistics and of surveys, over drawn data.

Likert answers add up as exact whole numbers, so their laws hold to the last bit; with sampling
weights, which are no whole numbers, they hold to rounding.
"""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

import servqual as sq
from servqual.samplestats.moments import Moments
from servqual.samplestats.pairwise import PairwiseMoments
from servqual.survey.scoring import mean_scores, paired_scores, required, reverse
from servqual.typing import FloatArray
from tests.analyses.surveys import toy_frame, toy_instrument, toy_survey

EXAMPLES = settings(max_examples=60)
#: A survey and its tables take some 20 ms each.
FEW_EXAMPLES = settings(max_examples=8)
NAN = float("nan")
TABLES = ("items", "dimensions", "overall", "multivariate")


@st.composite
def likert_rows(
    draw: st.DrawFn, *, p: int = 3, least: int = 0, most: int = 25, missing: bool = True
) -> FloatArray:
    """Whole answers from 1 to 7, some of them missing."""
    answer = st.integers(1, 7).map(float)
    shape = (draw(st.integers(least, most)), p)
    return draw(
        hnp.arrays(np.float64, shape, elements=answer | st.just(NAN) if missing else answer)
    )


def collect(rows: FloatArray, shift: float | None = 4.0) -> Moments:
    return Moments.collect(rows, ["a", "b", "c"], shift=shift)


def assert_same_numbers(first: Moments, second: Moments) -> None:
    """All that they say has the same bits, wherever their sums were shifted."""
    assert (first.n_obs, first.n_excluded) == (second.n_obs, second.n_excluded)
    assert_array_equal(first.mean, second.mean)
    assert_array_equal(first.covariance(), second.covariance())
    assert_array_equal(first.correlation(), second.correlation())
    assert_array_equal(first.covariance_of_mean(), second.covariance_of_mean())


def assert_close(first: Moments, second: Moments) -> None:
    assert (first.n_obs, first.n_excluded) == (second.n_obs, second.n_excluded)
    assert_allclose(first.mean, second.mean, rtol=1e-12, atol=1e-12)
    assert_allclose(first.covariance(), second.covariance(), rtol=1e-10, atol=1e-10)
    assert_allclose(first.covariance_of_mean(), second.covariance_of_mean(), rtol=1e-10, atol=1e-10)


# ---- merge ---------------------------------------------------------------------------------------


@EXAMPLES
@given(likert_rows(), likert_rows(), likert_rows())
def test_merge_is_associative_and_commutative(
    first: FloatArray, second: FloatArray, third: FloatArray
) -> None:
    # Without a given shift, each batch is summed around its own.
    for shift in (4.0, None):
        one, two, three = (collect(rows, shift) for rows in (first, second, third))
        assert (one + two).to_dict() == (two + one).to_dict()
        assert ((one + two) + three).to_dict() == (one + (two + three)).to_dict()


@EXAMPLES
@given(likert_rows(), likert_rows(), likert_rows())
def test_pairwise_merge_is_associative_and_commutative(
    first: FloatArray, second: FloatArray, third: FloatArray
) -> None:
    one, two, three = (Moments.collect(rows, missing="pairwise") for rows in (first, second, third))
    assert (one + two).to_dict() == (two + one).to_dict()
    assert ((one + two) + three).to_dict() == (one + (two + three)).to_dict()


@EXAMPLES
@given(likert_rows(least=1), st.lists(st.integers(0, 25), max_size=5), st.randoms())
def test_batches_and_their_order_do_not_matter(
    rows: FloatArray, cuts: list[int], random: Random
) -> None:
    batches = np.split(rows, sorted(cut for cut in cuts if cut <= len(rows)))
    whole = collect(rows)
    random.shuffle(batches)
    assert Moments.from_batches(batches, ["a", "b", "c"], shift=4.0) == whole
    assert_same_numbers(Moments.from_batches(batches), whole)
    pairs = [Moments.collect(batch, missing="pairwise", shift=4.0) for batch in batches]
    merged = pairs[0]
    for part in pairs[1:]:
        merged = merged + part
    assert merged == Moments.collect(rows, missing="pairwise", shift=4.0)


@EXAMPLES
@given(likert_rows())
def test_merging_nobody_changes_nothing(rows: FloatArray) -> None:
    nobody = collect(np.empty((0, 3)), None)
    moments = collect(rows, None)
    assert (moments + nobody).to_dict() == (nobody + moments).to_dict()
    assert_same_numbers(moments + nobody, moments)


@EXAMPLES
@given(likert_rows(missing=False), likert_rows(missing=False), st.integers(0, 2**32 - 1))
def test_merge_with_sampling_weights(first: FloatArray, second: FloatArray, seed: int) -> None:
    generator = np.random.default_rng(seed)
    weights = [generator.uniform(0.2, 3.0, len(rows)) for rows in (first, second)]
    parts = [
        Moments.collect(rows, weights=weight, weight_kind="sampling")
        for rows, weight in zip((first, second), weights, strict=True)
    ]
    whole = Moments.collect(
        np.vstack([first, second]), weights=np.concatenate(weights), weight_kind="sampling"
    )
    assert_close(parts[0] + parts[1], whole)
    assert_close(parts[1] + parts[0], whole)


# ---- transform and select ------------------------------------------------------------------------

_MATRIX = hnp.arrays(np.float64, (2, 3), elements=st.integers(-3, 3).map(float))


@EXAMPLES
@given(likert_rows(), likert_rows(), _MATRIX)
def test_transform_distributes_over_merge(
    first: FloatArray, second: FloatArray, matrix: FloatArray
) -> None:
    one, two, names = collect(first), collect(second), ["u", "v"]
    merged = (one + two).transform(matrix, names)
    # Differences and sums of items are whole numbers too, so this holds to the last bit.
    assert (
        merged.to_dict() == (one.transform(matrix, names) + two.transform(matrix, names)).to_dict()
    )


@EXAMPLES
@given(likert_rows(missing=False), hnp.arrays(np.float64, (2, 3), elements=st.floats(-2, 2)))
def test_transform_is_that_of_the_rows(rows: FloatArray, matrix: FloatArray) -> None:
    moments = collect(rows).transform(matrix, ["u", "v"])
    assert_close(moments, Moments.collect(rows @ matrix.T, ["u", "v"]))


@EXAMPLES
@given(likert_rows(), _MATRIX, st.permutations(["u", "v"]))
def test_select_after_transform(rows: FloatArray, matrix: FloatArray, names: list[str]) -> None:
    order = [["u", "v"].index(name) for name in names]
    moments = collect(rows)
    assert moments.transform(matrix, ["u", "v"]).select(names) == moments.transform(
        matrix[order], names
    )


@EXAMPLES
@given(likert_rows(), likert_rows(), st.permutations(["a", "b", "c"]))
def test_select_distributes_over_merge(
    first: FloatArray, second: FloatArray, names: list[str]
) -> None:
    one, two = collect(first), collect(second)
    assert (one + two).select(names[:2]) == one.select(names[:2]) + two.select(names[:2])
    assert (one + two).select(names).select(["a", "b", "c"]) == one + two


@EXAMPLES
@given(likert_rows(missing=False))
def test_transform_by_the_identity(rows: FloatArray) -> None:
    moments = collect(rows)
    assert moments.transform(np.eye(3), ["a", "b", "c"]) == moments


# ---- what does not matter ------------------------------------------------------------------------


@EXAMPLES
@given(likert_rows(), st.integers(-20, 20), st.sampled_from([0.0, 0.5]))
def test_shift_does_not_matter(rows: FloatArray, whole: int, half: float) -> None:
    assert_same_numbers(collect(rows, whole + half), collect(rows))
    one = Moments.collect(rows, missing="pairwise", shift=whole + half)
    two = Moments.collect(rows, missing="pairwise")
    assert_array_equal(one.correlation(), two.correlation())
    assert_array_equal(one.covariance(), two.covariance())
    assert_array_equal(one.mean, two.mean)


@EXAMPLES
@given(likert_rows(), st.integers(0, 2**32 - 1))
def test_order_of_respondents_does_not_matter(rows: FloatArray, seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(rows)
    assert collect(shuffled) == collect(rows)
    pairwise = Moments.collect(rows, missing="pairwise")
    assert Moments.collect(shuffled, missing="pairwise") == pairwise


@EXAMPLES
@given(likert_rows(), st.lists(st.integers(0, 3), min_size=25, max_size=25))
def test_frequency_weight_is_repetition(rows: FloatArray, counts: list[int]) -> None:
    weights = np.array(counts[: len(rows)], dtype=np.float64)
    assume(weights.any())
    repeated = np.repeat(rows, weights.astype(int), axis=0)
    weighted = Moments.collect(rows, weights=weights, weight_kind="frequency")
    assert_same_numbers(weighted, Moments.collect(repeated))
    pairs = Moments.collect(rows, missing="pairwise", weights=weights, weight_kind="frequency")
    plain = Moments.collect(repeated, missing="pairwise")
    assert_array_equal(pairs.counts, plain.counts)
    assert_array_equal(pairs.covariance(), plain.covariance())
    assert_array_equal(pairs.correlation(), plain.correlation())


@EXAMPLES
@given(likert_rows(), st.integers(-8, 8), st.integers(0, 2**32 - 1))
def test_scale_of_sampling_weights_does_not_matter(rows: FloatArray, power: int, seed: int) -> None:
    weights = np.random.default_rng(seed).uniform(0.2, 3.0, len(rows))
    one = Moments.collect(rows, weights=weights, weight_kind="sampling", shift=4)
    # Scaling by a power of two is exact, so nothing changes at all.
    same = Moments.collect(rows, weights=weights * 2.0**power, weight_kind="sampling", shift=4)
    assert_same_numbers(one, same)
    other = Moments.collect(rows, weights=weights * 0.3, weight_kind="sampling", shift=4)
    assert_close(one, other)


@EXAMPLES
@given(likert_rows())
def test_equal_sampling_weights_are_none(rows: FloatArray) -> None:
    weighted = Moments.collect(
        rows, weights=np.full(len(rows), 2.5), weight_kind="sampling", shift=4
    )
    assert_close(weighted, collect(rows))


@EXAMPLES
@given(likert_rows(missing=False, least=2))
def test_pairwise_is_listwise_without_missing_answers(rows: FloatArray) -> None:
    listwise, pairwise = collect(rows), Moments.collect(rows, missing="pairwise", shift=4.0)
    assert_array_equal(pairwise.mean, listwise.mean)
    assert_array_equal(pairwise.covariance(), listwise.covariance())
    assert_allclose(pairwise.correlation(), listwise.correlation(), rtol=1e-12, atol=1e-13)


@EXAMPLES
@given(likert_rows(least=2))
def test_pairwise_correlation_as_pandas(rows: FloatArray) -> None:
    frame = pd.DataFrame(rows)
    pairwise = Moments.collect(rows, missing="pairwise")
    assert_allclose(pairwise.covariance(), frame.cov(), rtol=1e-11, atol=1e-13)
    # pandas divides by a variance of rounding noise where a variable does not vary over the pair.
    ours, theirs = pairwise.correlation(), frame.corr().to_numpy()
    known = ~np.isnan(ours)
    assert_allclose(ours[known], theirs[known], rtol=1e-11, atol=1e-12)


@EXAMPLES
@given(likert_rows())
def test_dictionary_round_trip(rows: FloatArray) -> None:
    moments = collect(rows)
    assert Moments.from_dict(moments.to_dict()) == moments
    assert Moments.from_dict(json.loads(json.dumps(moments.to_dict()))) == moments
    pairwise = Moments.collect(rows, missing="pairwise")
    assert PairwiseMoments.from_dict(json.loads(json.dumps(pairwise.to_dict()))) == pairwise


@EXAMPLES
@given(likert_rows(least=2, missing=False))
def test_from_covariance_round_trip(rows: FloatArray) -> None:
    moments = collect(rows)
    again = Moments.from_covariance(
        moments.covariance(), moments.n_obs, moments.variables, mean=moments.mean
    )
    assert_close(again, moments)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_do_not_matter(threads: int) -> None:
    rows = np.random.default_rng(7).integers(1, 8, size=(3000, 66)).astype(np.float64)
    expected = Moments.collect(rows, shift=4.0)
    # scikit-learn brings it; without it, the test of the bits in tests/samplestats remains.
    threadpoolctl = pytest.importorskip("threadpoolctl")
    with threadpoolctl.threadpool_limits(limits=threads):
        assert Moments.collect(rows, shift=4.0) == expected


# ---- scores --------------------------------------------------------------------------------------


@EXAMPLES
@given(likert_rows(), st.lists(st.integers(0, 2), unique=True))
def test_reverse_coding_twice_is_the_identity(rows: FloatArray, columns: list[int]) -> None:
    once = reverse(rows, columns, 1, 7)
    assert_array_equal(reverse(once, columns, 1, 7), rows)
    others = [column for column in range(3) if column not in columns]
    assert_array_equal(once[:, others], rows[:, others])


@EXAMPLES
@given(likert_rows(), likert_rows(), st.sampled_from([0.34, 0.5, 1.0]))
def test_gap_is_the_difference_of_its_sides(
    first: FloatArray, second: FloatArray, share: float
) -> None:
    n = min(len(first), len(second))
    scores = paired_scores(first[:n], second[:n], [np.arange(3)], share)
    assert_allclose(scores.difference, scores.minuend - scores.subtrahend, atol=1e-14)
    swapped = paired_scores(second[:n], first[:n], [np.arange(3)], share)
    assert_array_equal(swapped.difference, -scores.difference)


@EXAMPLES
@given(likert_rows(), st.sampled_from([0.34, 0.5, 0.67, 1.0]))
def test_half_rule_by_hand(rows: FloatArray, share: float) -> None:
    scores = mean_scores(rows, [np.arange(3)], share)[:, 0]
    for row, score in zip(rows, scores, strict=True):
        answered = [value for value in row if not np.isnan(value)]
        if len(answered) >= share * 3:
            assert score == pytest.approx(sum(answered) / len(answered), rel=1e-15)
        else:
            assert np.isnan(score)


@given(st.integers(1, 60), st.floats(0.01, 1.0))
def test_required_answers(n_items: int, share: float) -> None:
    count = required(n_items, share)
    assert 1 <= count <= n_items
    assert count >= share * n_items - 1e-8
    assert count == 1 or count - 1 < share * n_items


# ---- surveys -------------------------------------------------------------------------------------


def _survey_frame(seed: int, n: int = 30) -> pd.DataFrame:
    frame = toy_frame(n, seed=seed)
    generator = np.random.default_rng(seed)
    answers = frame.to_numpy(np.float64, copy=True)
    answers[generator.random(answers.shape) < 0.05] = np.nan
    return pd.DataFrame(answers, columns=frame.columns)


def assert_same_tables(first: sq.GapResult, second: sq.GapResult) -> None:
    for name in TABLES:
        pd.testing.assert_frame_equal(
            getattr(first, name), getattr(second, name), check_exact=False, rtol=1e-10, atol=1e-13
        )


@FEW_EXAMPLES
@given(st.integers(0, 1000))
def test_frequency_weight_two_is_duplication_in_gaps(seed: int) -> None:
    frame = _survey_frame(seed)
    weighted = toy_survey(frame.assign(f=2), weights=sq.FrequencyWeights("f"))
    twice = toy_survey(pd.concat([frame, frame], ignore_index=True))
    assert weighted.n_respondents == twice.n_respondents == 60
    assert_same_tables(sq.gaps(weighted), sq.gaps(twice))


@FEW_EXAMPLES
@given(st.integers(0, 1000), st.lists(st.integers(0, 4), min_size=30, max_size=30))
def test_frequency_weights_are_repetition_in_gaps(seed: int, counts: list[int]) -> None:
    assume(sum(count > 0 for count in counts) > 15)
    frame = _survey_frame(seed)
    weighted = toy_survey(frame, weights=sq.FrequencyWeights(counts))
    repeated = toy_survey(frame.loc[np.repeat(frame.index, counts)].reset_index(drop=True))
    assert_same_tables(sq.gaps(weighted), sq.gaps(repeated))


@FEW_EXAMPLES
@given(st.integers(0, 1000))
def test_order_of_respondents_does_not_matter_in_gaps(seed: int) -> None:
    frame = _survey_frame(seed)
    shuffled = frame.sample(frac=1.0, random_state=seed)
    assert_same_tables(sq.gaps(toy_survey(frame)), sq.gaps(toy_survey(shuffled)))
    names = ["P1", "E1", "G1", "SAT1"]
    assert toy_survey(frame).moments(names) == toy_survey(shuffled).moments(names)


@FEW_EXAMPLES
@given(st.integers(0, 1000))
def test_equal_sampling_weights_change_nothing_in_gaps(seed: int) -> None:
    frame = _survey_frame(seed)
    plain = sq.gaps(toy_survey(frame)).dimensions
    weighted = sq.gaps(toy_survey(frame.assign(w=0.7), weights=sq.SamplingWeights("w"))).dimensions
    numbers = [name for name in plain.columns if name != "wilcoxon_p"]
    pd.testing.assert_frame_equal(
        plain[numbers], weighted[numbers], check_exact=False, rtol=1e-10, atol=1e-13
    )


@FEW_EXAMPLES
@given(st.integers(0, 1000), st.sets(st.integers(1, 5), min_size=1))
def test_reversed_items_are_turned_round_once(seed: int, numbers: set[int]) -> None:
    frame = _survey_frame(seed)
    instrument = toy_instrument()
    turned = replace(
        instrument,
        items=tuple(replace(item, reversed=item.number in numbers) for item in instrument.items),
    )
    as_asked = frame.copy()
    for number in numbers:
        for side in "EP":
            as_asked[f"{side}{number}"] = 8 - as_asked[f"{side}{number}"]
    plain, reverse_coded = toy_survey(frame), toy_survey(as_asked, turned)
    assert reverse_coded.reversed_items == tuple(sorted(numbers))
    assert_array_equal(plain.answers("gap"), reverse_coded.answers("gap"))
    assert_array_equal(plain.answers("perception"), reverse_coded.answers("perception"))


@FEW_EXAMPLES
@given(st.integers(0, 1000), st.permutations(range(13)))
def test_order_of_columns_does_not_matter(seed: int, order: list[int]) -> None:
    frame = _survey_frame(seed)
    moved = frame[[frame.columns[place] for place in order]]
    assert_array_equal(toy_survey(moved).answers("gap"), toy_survey(frame).answers("gap"))
