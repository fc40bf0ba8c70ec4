"""Pairwise moments: each pair of variables speaks for those who answered both."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.errors import OptionError
from servqual.samplestats.moments import Moments
from servqual.samplestats.pairwise import PairwiseMoments
from servqual.typing import FloatArray, WeightKind
from tests.analyses.surveys import reference_frame
from tests.reference import load_expected

NAN = float("nan")
RTOL = 1e-12
EXPECTED = load_expected("moments")
VARIABLES: list[str] = EXPECTED["variables"]


def rows_with_gaps(n: int = 80, p: int = 4, seed: int = 3) -> FloatArray:
    generator = np.random.default_rng(seed)
    factor = generator.normal(size=(n, 1))
    rows = np.clip(np.rint(4 + factor + generator.normal(size=(n, p))), 1, 7)
    rows[generator.random((n, p)) < 0.2] = np.nan
    return rows


def pairwise(rows: FloatArray, **options: object) -> PairwiseMoments:
    result = Moments.collect(rows, missing="pairwise", **options)  # type: ignore[call-overload]
    assert isinstance(result, PairwiseMoments)
    return result


def test_as_r() -> None:
    ours = pairwise(reference_frame()[VARIABLES].to_numpy(np.float64))
    expected = EXPECTED["pairwise"]
    assert_array_equal(ours.counts, expected["counts"])
    assert_allclose(ours.mean, expected["mean"], rtol=RTOL)
    assert_allclose(ours.covariance(), expected["covariance"], rtol=RTOL, atol=1e-14)
    assert_allclose(ours.correlation(), expected["correlation"], rtol=RTOL, atol=1e-14)


def test_frequency_weights_as_r() -> None:
    frame = reference_frame()
    ours = pairwise(
        frame[VARIABLES].to_numpy(np.float64), weights=frame["freq"], weight_kind="frequency"
    )
    expected = EXPECTED["pairwise_frequency"]
    assert_allclose(ours.covariance(), expected["covariance"], rtol=RTOL, atol=1e-14)
    assert_allclose(ours.correlation(), expected["correlation"], rtol=RTOL, atol=1e-14)


def test_as_pandas() -> None:
    frame = pd.DataFrame(rows_with_gaps())
    ours = pairwise(frame.to_numpy())
    assert_allclose(ours.correlation(), frame.corr(), rtol=RTOL)
    assert_allclose(ours.covariance(), frame.cov(), rtol=RTOL)


def test_sampling_weights_by_hand() -> None:
    rows, weights = rows_with_gaps(), np.random.default_rng(4).uniform(0.5, 2, 80)
    ours = pairwise(rows, weights=weights, weight_kind="sampling")
    both = ~np.isnan(rows[:, 0]) & ~np.isnan(rows[:, 1])
    pair, weight = rows[both][:, [0, 1]], weights[both]
    alone = Moments.collect(pair, weights=weight, weight_kind="sampling")
    assert_allclose(ours.covariance()[0, 1], alone.covariance()[0, 1], rtol=RTOL)
    assert_allclose(ours.correlation()[0, 1], alone.correlation()[0, 1], rtol=RTOL)
    scaled = pairwise(rows, weights=weights * 8, weight_kind="sampling")
    assert_allclose(scaled.covariance(), ours.covariance(), rtol=RTOL)


@pytest.mark.parametrize("kind", ["none", "frequency", "sampling"])
def test_same_as_listwise_without_missing_answers(kind: WeightKind) -> None:
    rows = np.nan_to_num(rows_with_gaps(), nan=4.0)
    weights = None if kind == "none" else 1.0 + np.arange(80) % 3
    listwise = Moments.collect(rows, weights=weights, weight_kind=kind)
    ours = pairwise(rows, weights=weights, weight_kind=kind)
    assert_allclose(ours.mean, listwise.mean, rtol=RTOL)
    assert_allclose(ours.covariance(), listwise.covariance(), rtol=RTOL, atol=1e-14)
    assert_allclose(ours.correlation(), listwise.correlation(), rtol=RTOL, atol=1e-14)
    assert ours.n_pairs_min == listwise.n_obs


def test_merge_is_collecting_together() -> None:
    rows = rows_with_gaps()
    parts = [pairwise(part) for part in (rows[:10], rows[10:45], rows[45:])]
    whole = pairwise(rows)
    merged = parts[0] + parts[1] + parts[2]
    backwards = parts[2] + (parts[1] + parts[0])
    assert merged == backwards
    assert_array_equal(merged.covariance(), whole.covariance())
    assert_array_equal(merged.correlation(), whole.correlation())
    assert (merged.n_obs, merged.n_excluded) == (whole.n_obs, whole.n_excluded)


def test_merge_with_an_unanswered_batch_costs_no_digits() -> None:
    rows = 1e8 + np.random.default_rng(1).normal(size=(200, 2))
    empty = pairwise(np.array([[NAN, NAN]]))
    assert_array_equal((pairwise(rows) + empty).covariance(), pairwise(rows).covariance())


def test_merge_errors() -> None:
    ours = pairwise(np.ones((2, 2)))
    with pytest.raises(OptionError, match="Listwise and pairwise moments cannot be merged"):
        ours.merge(Moments.collect(np.ones((2, 2))))  # type: ignore[arg-type]


def test_select() -> None:
    ours = pairwise(rows_with_gaps())
    some = ours.select(["x3", "x1"])
    block = np.ix_([2, 0], [2, 0])
    assert some.variables == ("x3", "x1")
    assert_array_equal(some.correlation(), ours.correlation()[block])
    assert_array_equal(some.covariance(), ours.covariance()[block])
    with pytest.raises(OptionError, match=r"no variable named x9.*They hold x1, x2, x3, x4"):
        ours.select(["x9"])


def test_who_counts() -> None:
    ours = pairwise(np.array([[1, NAN], [NAN, NAN], [2, 3], [NAN, 5]]))
    assert (ours.n_obs, ours.n_excluded, ours.n_pairs_min) == (3, 1, 1)
    assert_array_equal(ours.counts, [[2, 1], [1, 2]])
    weighted = pairwise(
        np.array([[1, NAN], [NAN, NAN], [2, 3]]), weights=[3, 2, 1], weight_kind="frequency"
    )
    assert (weighted.n_obs, weighted.n_excluded) == (4, 2)


def test_what_cannot_be_computed_is_nan() -> None:
    ours = pairwise(np.array([[1, 13 / 3, NAN], [2, 13 / 3, NAN], [4, 13 / 3, 5.0]]))
    correlation = ours.correlation()
    assert np.isnan(correlation[0, 1])
    assert np.isnan(correlation[1, 1])
    assert np.isnan(correlation[0, 2])
    assert correlation[0, 0] == 1.0
    assert ours.covariance()[1, 1] == 0.0
    assert np.isnan(ours.covariance()[0, 2])


@pytest.mark.parametrize("kind", ["none", "sampling"])
def test_dictionary_round_trip(kind: WeightKind) -> None:
    weights = None if kind == "none" else np.linspace(0.5, 1.5, 80)
    ours = pairwise(rows_with_gaps(), weights=weights, weight_kind=kind)
    again = PairwiseMoments.from_dict(json.loads(json.dumps(ours.to_dict(), allow_nan=False)))
    assert again == ours
    assert pickle.loads(pickle.dumps(ours)) == ours
    assert copy.deepcopy(ours) == ours


def test_dictionary_errors() -> None:
    listwise = Moments.collect([[1, 2]]).to_dict()
    with pytest.raises(OptionError, match=r"not written by `PairwiseMoments\.to_dict`"):
        PairwiseMoments.from_dict(listwise)
    stored = pairwise(np.ones((2, 2))).to_dict()
    del stored["cross"]
    with pytest.raises(OptionError, match=r"`stored` is not complete: it has no cross\."):
        PairwiseMoments.from_dict(stored)


def test_read_only_and_repr() -> None:
    ours = pairwise(rows_with_gaps())
    with pytest.raises(ValueError, match="read-only"):
        ours.counts[0, 0] = 3
    counts = ours.counts.astype(int)
    assert repr(ours) == (
        f"PairwiseMoments of 4 variables (x1, x2, x3, x4): n = {counts.min()} to {counts.max()} "
        "per pair"
    )
    assert ours != Moments.collect(np.ones((2, 2)))
