from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.errors import EstimationError, OptionError
from servqual.numerics import bootstrap
from servqual.numerics.bootstrap import bootstrap_moments, percentile_interval
from servqual.numerics.resampling import weight_blocks
from servqual.typing import FloatArray, IntArray
from tests.reference import load_expected

EXPECTED: dict[str, Any] = load_expected("numerics_models")["quantiles"]


def _answers(n_rows: int = 60, n_variables: int = 3) -> FloatArray:
    return np.random.default_rng(8).integers(1, 8, size=(n_rows, n_variables)).astype(np.float64)


def _drawn(n_units: int, n_resamples: int, seed: int) -> list[IntArray]:
    """Which units each resample consists of."""
    blocks = weight_blocks(n_units, n_resamples=n_resamples, seed=seed)
    return [np.repeat(np.arange(n_units), weights) for block in blocks for weights in block]


def test_each_resample_has_the_moments_of_its_rows() -> None:
    data = _answers() / 3.0
    found = bootstrap_moments(data, n_resamples=7, seed=42)
    for resample, drawn in enumerate(_drawn(60, 7, 42)):
        rows = data[drawn]
        assert_allclose(found.means[resample], rows.mean(axis=0), rtol=1e-13)
        assert_allclose(found.covariances[resample], np.cov(rows.T), rtol=1e-11, atol=1e-14)
    assert found.n_degenerate == 0


@pytest.mark.parametrize("max_bytes", [1, 60 * 8 * 3, 2**26])
def test_cut_of_the_work_does_not_matter(monkeypatch: pytest.MonkeyPatch, max_bytes: int) -> None:
    data = _answers()
    whole = bootstrap_moments(data, n_resamples=20, seed=3)
    thirds = bootstrap_moments(data / 3.0, n_resamples=20, seed=3)
    monkeypatch.setattr(bootstrap, "_MAX_BYTES", max_bytes)
    cut = bootstrap_moments(data, n_resamples=20, seed=3)
    # Whole numbers add up exactly: not one bit differs.
    assert_array_equal(cut.means, whole.means)
    assert_array_equal(cut.covariances, whole.covariances)
    cut_thirds = bootstrap_moments(data / 3.0, n_resamples=20, seed=3)
    assert_allclose(cut_thirds.covariances, thirds.covariances, rtol=0, atol=1e-13)


def test_seed_decides_and_global_state_is_not_touched() -> None:
    state = np.random.get_state(legacy=False)  # noqa: NPY002 - that it stays is the point
    first = bootstrap_moments(_answers(), n_resamples=5, seed=1)
    again = bootstrap_moments(_answers(), n_resamples=5, seed=1)
    other = bootstrap_moments(_answers(), n_resamples=5, seed=2)
    assert_array_equal(first.means, again.means)
    assert (first.means != other.means).any()
    after = np.random.get_state(legacy=False)  # noqa: NPY002
    assert_array_equal(after["state"]["key"], state["state"]["key"])
    assert after["state"]["pos"] == state["state"]["pos"]


def test_more_resamples_continue_the_same_draws() -> None:
    few = bootstrap_moments(_answers(), n_resamples=5, seed=1)
    many = bootstrap_moments(_answers(), n_resamples=300, seed=1)
    assert_array_equal(many.means[:5], few.means)


def test_few_counts_are_repeated_rows() -> None:
    data = _answers(30)
    counts = np.random.default_rng(2).integers(0, 4, size=30)
    by_counts = bootstrap_moments(data, n_resamples=100, seed=5, counts=counts)
    by_rows = bootstrap_moments(np.repeat(data, counts, axis=0), n_resamples=100, seed=5)
    assert_allclose(by_counts.means, by_rows.means, rtol=1e-13)
    assert_allclose(by_counts.covariances, by_rows.covariances, rtol=1e-11, atol=1e-13)


def test_spread_of_means_is_the_standard_error() -> None:
    data = _answers(400)
    found = bootstrap_moments(data, n_resamples=4000, seed=6)
    expected = data.std(axis=0) / np.sqrt(400)
    # The relative error of a standard deviation of 4,000 draws is 1 / sqrt(8000) = 1.1 %.
    assert_allclose(found.means.std(axis=0), expected, rtol=0.04)
    assert_allclose(found.means.mean(axis=0), data.mean(axis=0), atol=4 * expected.max() / 63)


def test_counts_have_the_distribution_of_repeated_rows() -> None:
    data = _answers(30)
    counts = np.random.default_rng(2).integers(0, 25, size=30)
    repeated = np.repeat(data, counts, axis=0)
    by_counts = bootstrap_moments(data, n_resamples=4000, seed=5, counts=counts)
    by_rows = bootstrap_moments(repeated, n_resamples=4000, seed=5)
    assert_allclose(by_counts.means.std(axis=0), by_rows.means.std(axis=0), rtol=0.06)
    assert_allclose(by_counts.covariances.mean(axis=0), by_rows.covariances.mean(axis=0), atol=0.04)
    # Exact: on average a resample's covariance with divisor n is (1 - 1/n) of the data's.
    n = len(repeated)
    assert_allclose(by_counts.covariances.mean(axis=0), np.cov(repeated.T) * (n - 1) / n, atol=0.03)


def test_counts_of_one_draw_as_many_as_there_are_rows() -> None:
    data = _answers(10, 1)
    found = bootstrap_moments(data, n_resamples=50, seed=1, counts=np.ones(10))
    sums = found.means[:, 0] * 10
    assert_allclose(sums, np.rint(sums), atol=1e-9)


def test_resample_without_variance_is_counted() -> None:
    data = np.column_stack([np.r_[np.zeros(9), 1.0] / 3.0, np.arange(10.0)])
    found = bootstrap_moments(data, n_resamples=500, seed=1)
    constant = found.covariances[:, 0, 0] == 0.0
    assert found.n_degenerate == np.count_nonzero(constant)
    # All ten draws miss the one row with probability 0.9^10 = 0.349.
    assert abs(found.n_degenerate / 500 - 0.9**10) < 3 * np.sqrt(0.349 * 0.651 / 500)
    assert (found.covariances[constant, 0, 1] == 0.0).all()
    assert (found.covariances[~constant, 0, 0] > 0.0).all()


@pytest.mark.parametrize("value", [4.0, 1.0 / 3.0, 0.1, 1e6 + 0.1])
def test_constant_column_never_varies(value: float) -> None:
    data = np.column_stack([np.full(50, value), np.arange(50.0)])
    found = bootstrap_moments(data, n_resamples=40, seed=1)
    assert found.n_degenerate == 40
    assert (found.covariances[:, 0, :] == 0.0).all()
    assert (found.covariances[:, 1, 1] > 0.0).all()


def test_large_means_do_not_cost_digits() -> None:
    data = np.random.default_rng(1).normal(size=(80, 2))
    near = bootstrap_moments(data, n_resamples=10, seed=1)
    far = bootstrap_moments(data + 1e6, n_resamples=10, seed=1)
    # 1e6 in front of the point leaves ten digits behind it.
    assert_allclose(far.covariances, near.covariances, atol=1e-8)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    bootstrap_moments(
        _answers(), n_resamples=600, seed=1, progress=lambda done, total: told.append((done, total))
    )
    assert told == [*((done, 600) for done in range(64, 600, 64)), (600, 600)]


def test_data_are_not_written_to() -> None:
    data = _answers()
    data.setflags(write=False)
    bootstrap_moments(data, n_resamples=3, seed=1)


def test_incomplete_rows() -> None:
    data = _answers()
    data[3, 1] = np.nan
    with pytest.raises(EstimationError, match="1 of 60 rows have values that are missing"):
        bootstrap_moments(data, n_resamples=3, seed=1)


@pytest.mark.parametrize("bad", [0.5, -1.0, np.nan, np.inf])
def test_counts_must_be_whole_numbers(bad: float) -> None:
    counts = np.ones(60)
    counts[[2, 7]] = bad
    with pytest.raises(EstimationError, match="2 of 60 `counts` are not whole numbers"):
        bootstrap_moments(_answers(), n_resamples=3, seed=1, counts=counts)


def test_shapes_are_checked() -> None:
    with pytest.raises(EstimationError, match=r"`counts` has shape \(3,\).*60 rows"):
        bootstrap_moments(_answers(), n_resamples=3, seed=1, counts=np.ones(3))
    with pytest.raises(EstimationError, match=r"shape \(5,\)"):
        bootstrap_moments(np.ones(5), n_resamples=3, seed=1)


@pytest.mark.parametrize(("n_rows", "n_resamples"), [(0, 10), (1, 10), (60, 0)])
def test_too_little_to_resample(n_rows: int, n_resamples: int) -> None:
    with pytest.raises(
        EstimationError, match=f"{n_resamples} resamples of {n_rows} respondents were asked for"
    ):
        bootstrap_moments(_answers(n_rows), n_resamples=n_resamples, seed=1)


@pytest.mark.parametrize(("conf_level", "key"), [(0.95, "conf_95"), (0.9, "conf_90")])
def test_percentiles_equal_r(conf_level: float, key: str) -> None:
    interval = percentile_interval(np.array(EXPECTED["draws"]), conf_level)
    assert_allclose([interval.low, interval.high], EXPECTED[key], rtol=1e-12)
    assert interval.n_used == 30


def test_percentiles_leave_out_what_is_not_a_number() -> None:
    draws = np.repeat(np.array(EXPECTED["draws"])[:, None, None], 2, axis=1)
    draws = np.concatenate([draws, draws], axis=2)
    draws[:3, 0, 1] = np.nan
    draws[:, 1, 0] = np.nan
    interval = percentile_interval(draws, 0.95)
    assert interval.n_used.tolist() == [[30, 27], [0, 30]]
    assert_allclose(
        [interval.low[0, 1], interval.high[0, 1]], EXPECTED["without_first_three"], rtol=1e-12
    )
    assert_allclose([interval.low[0, 0], interval.high[0, 0]], EXPECTED["conf_95"], rtol=1e-12)
    assert np.isnan([interval.low[1, 0], interval.high[1, 0]]).all()


def test_percentile_conf_level_is_checked() -> None:
    with pytest.raises(OptionError, match="`conf_level` is 0"):
        percentile_interval(np.arange(3.0), 0.0)


def test_sampling_weights_stay_with_their_rows() -> None:
    data, weights = _some_data(30), np.random.default_rng(7).uniform(0.2, 5.0, 30)
    found = bootstrap_moments(data, n_resamples=20, seed=3, sampling_weights=weights)
    for resample, drawn in enumerate(_drawn(30, 20, 3)):
        expected = np.cov(data[drawn].T, aweights=weights[drawn], ddof=0) * 30 / 29
        np.testing.assert_allclose(found.covariances[resample], expected, rtol=1e-10)
        np.testing.assert_allclose(
            found.means[resample],
            np.average(data[drawn], axis=0, weights=weights[drawn]),
            rtol=1e-12,
        )


@pytest.mark.parametrize("max_bytes", [2**26, 900, 1])
def test_clusters_are_drawn_whole(monkeypatch: pytest.MonkeyPatch, max_bytes: int) -> None:
    monkeypatch.setattr("servqual.numerics.bootstrap._MAX_BYTES", max_bytes)
    data = _some_data(40)
    clusters = np.repeat([4, 9, 2, 7], [1, 9, 10, 20]).astype(np.int64)
    found = bootstrap_moments(data, n_resamples=20, seed=5, clusters=clusters)
    present = np.unique(clusters)
    for resample, drawn in enumerate(_drawn(4, 20, 5)):
        chosen = present[drawn]
        rows = np.concatenate([np.flatnonzero(clusters == code) for code in chosen])
        if len(np.unique(data[rows], axis=0)) == 1:
            continue
        expected = np.cov(data[rows].T)
        np.testing.assert_allclose(found.covariances[resample], expected, rtol=1e-9, atol=1e-12)


def test_clusters_with_counts_are_clusters_of_repeated_rows() -> None:
    data = _some_data(12)
    counts = np.array([1, 2, 3] * 4)
    clusters = np.repeat([0, 1, 2], 4)
    short = bootstrap_moments(data, n_resamples=50, seed=2, counts=counts, clusters=clusters)
    long = bootstrap_moments(
        np.repeat(data, counts, axis=0),
        n_resamples=50,
        seed=2,
        clusters=np.repeat(clusters, counts),
    )
    np.testing.assert_allclose(short.covariances, long.covariances, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(short.means, long.means, rtol=1e-12)


def test_weights_and_clusters_are_checked() -> None:
    data = _some_data(6)
    with pytest.raises(EstimationError, match="one positive number for each of 6 rows"):
        bootstrap_moments(data, n_resamples=2, seed=1, sampling_weights=np.zeros(6))
    with pytest.raises(EstimationError, match="one kind of weight"):
        bootstrap_moments(
            data, n_resamples=2, seed=1, sampling_weights=np.ones(6), counts=np.ones(6)
        )
    with pytest.raises(EstimationError, match="There is 1 cluster"):
        bootstrap_moments(data, n_resamples=2, seed=1, clusters=np.zeros(6, dtype=np.int64))
    with pytest.raises(EstimationError, match="one code per row"):
        bootstrap_moments(data, n_resamples=2, seed=1, clusters=np.zeros(5, dtype=np.int64))


def _some_data(n_rows: int) -> FloatArray:
    return np.random.default_rng(11).normal(size=(n_rows, 3)).cumsum(axis=1)
