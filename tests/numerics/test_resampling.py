"""Draws with replacement: their distribution, and that nothing but the seed matters."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from itertools import product
from math import factorial, prod

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from scipy.stats import binom, chisquare, multinomial

from servqual.errors import EstimationError
from servqual.numerics import resampling
from servqual.numerics.bootstrap import bootstrap_moments
from servqual.numerics.resampling import resampled_sums, weight_blocks
from servqual.typing import FloatArray, IntArray


def _weights(
    n_units: int, n_resamples: int, seed: int = 1, counts: IntArray | None = None
) -> NDArray[np.int64]:
    blocks = weight_blocks(n_units, n_resamples=n_resamples, seed=seed, counts=counts)
    return np.concatenate([block.astype(np.int64) for block in blocks])


# ---- distribution --------------------------------------------------------------------------------


@pytest.mark.parametrize("n_units", [1, 2, 3, 9, 25, 300, 5_000, 40_000])
def test_as_many_are_drawn_as_there_are(n_units: int) -> None:
    weights = _weights(n_units, 100)
    assert weights.shape == (100, n_units)
    assert (weights.sum(axis=1) == n_units).all()


@pytest.mark.parametrize("n_units", [2, 3, 4])
def test_each_outcome_has_its_multinomial_probability(n_units: int) -> None:
    n_resamples = 64 * 400
    found = Counter(map(tuple, _weights(n_units, n_resamples).tolist()))
    outcomes = [
        outcome
        for outcome in product(range(n_units + 1), repeat=n_units)
        if sum(outcome) == n_units
    ]
    ways = [factorial(n_units) / prod(map(factorial, outcome)) for outcome in outcomes]
    expected = np.array(ways) / n_units**n_units * n_resamples
    assert chisquare([found[outcome] for outcome in outcomes], expected).pvalue > 0.001


@pytest.mark.parametrize("n_units", [12, 60, 1_000, 20_000])
def test_a_weight_is_binomial(n_units: int) -> None:
    """Far apart units of many resamples, whose weights hardly depend on one another."""
    chosen = np.linspace(0, n_units - 1, 5).astype(int)
    n_resamples = 64 * (50 if n_units > 5_000 else 500)
    drawn = _weights(n_units, n_resamples)[:, chosen].ravel()
    largest = 5
    found = np.bincount(np.minimum(drawn, largest), minlength=largest + 1)
    probability = binom.pmf(np.arange(largest), n_units, 1.0 / n_units)
    expected = np.append(probability, 1.0 - probability.sum()) * drawn.size
    assert chisquare(found, expected).pvalue > 0.001


def test_large_weights_are_not_cut_off() -> None:
    # More than 4 takes another way than the two random bytes; so does what they leave open.
    drawn = _weights(2_000, 6_400).ravel()
    for weight in (4, 5, 6, 7, 8):
        expected = binom.pmf(weight, 2_000, 1 / 2_000) * drawn.size
        assert abs(np.count_nonzero(drawn == weight) - expected) < 5 * np.sqrt(expected)


def test_no_unit_is_preferred_and_two_units_compete() -> None:
    n_units, n_resamples = 40, 64 * 300
    weights = _weights(n_units, n_resamples)
    assert chisquare(weights.sum(axis=0)).pvalue > 0.001
    covariance = np.cov(weights.T)
    # Each unit has variance 1 − 1/n, each pair covariance −1/n.
    expected = np.eye(n_units) - 1.0 / n_units
    assert_allclose(covariance, expected, atol=5.0 * np.sqrt(2.0 / n_resamples))


def test_resamples_do_not_repeat_each_other() -> None:
    weights = _weights(30, 64 * 20).astype(float)
    correlations = np.corrcoef(weights)[np.triu_indices(len(weights), 1)]
    assert np.abs(correlations).max() < 0.95
    assert abs(correlations.mean()) < 5.0 / np.sqrt(30 * correlations.size)


def test_many_per_row_are_multinomial() -> None:
    counts = np.array([200, 100, 0, 700])
    weights = _weights(4, 64 * 100, counts=counts)
    assert (weights.sum(axis=1) == 1_000).all()
    expected = multinomial(1_000, counts / 1_000)
    assert_allclose(weights.mean(axis=0), expected.mean(), atol=5 * 15 / 80)
    assert_allclose(np.cov(weights.T), expected.cov(), atol=20)


def test_few_per_row_are_the_same_draws_as_repeated_rows() -> None:
    counts = np.array([2, 0, 1, 3, 0])
    by_respondent = _weights(6, 100)
    expected = np.add.reduceat(by_respondent, [0, 2, 3], axis=1)
    found = _weights(5, 100, counts=counts)
    assert_array_equal(found[:, [0, 2, 3]], expected)
    assert (found[:, [1, 4]] == 0).all()


@pytest.mark.parametrize(("n_units", "counts"), [(0, None), (3, np.zeros(3, dtype=np.int64))])
def test_nobody_to_draw(n_units: int, counts: IntArray | None) -> None:
    with pytest.raises(EstimationError, match="There are 0 respondents to draw from"):
        next(weight_blocks(n_units, n_resamples=10, seed=1, counts=counts))


# ---- only the seed matters -----------------------------------------------------------------------


def _table(n_rows: int, n_columns: int = 3) -> FloatArray:
    return np.random.default_rng(5).normal(size=(n_rows, n_columns))


def _sums(table: FloatArray, n_resamples: int = 200, seed: int = 1) -> FloatArray:
    return resampled_sums(table.__getitem__, len(table), n_resamples=n_resamples, seed=seed)


@pytest.mark.parametrize("n_rows", [5, 700, 5_000])
def test_sums_are_those_of_the_weights(n_rows: int) -> None:
    table = _table(n_rows)
    expected = _weights(n_rows, 200) @ table
    assert_allclose(_sums(table), expected, rtol=1e-12, atol=1e-11)


def test_sums_of_counts() -> None:
    table = _table(6)
    for counts in (np.array([1, 2, 0, 3, 1, 1]), np.array([100, 20, 0, 31, 10, 7])):
        found = resampled_sums(table.__getitem__, 6, n_resamples=90, seed=4, counts=counts)
        assert_allclose(found, _weights(6, 90, 4, counts) @ table, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_resamples", [1, 63, 64, 65, 199])
def test_more_resamples_continue_the_same_draws(n_resamples: int) -> None:
    table = _table(3_000)
    assert_array_equal(_sums(table, n_resamples), _sums(table)[:n_resamples])


@pytest.mark.parametrize("processors", [2, 3, 16])
def test_processors_do_not_matter(monkeypatch: pytest.MonkeyPatch, processors: int) -> None:
    data = _table(3_000)
    alone = bootstrap_moments(data, n_resamples=700, seed=2)
    monkeypatch.setattr(resampling, "_DRAWS_PER_THREAD", 1)
    monkeypatch.setattr(resampling, "_processors", lambda: processors)
    names: set[str] = set()
    shared = bootstrap_moments(
        data,
        n_resamples=700,
        seed=2,
        progress=lambda done, total: names.update(one.name for one in threading.enumerate()),
    )
    # Threads did take part, and not one bit differs.
    assert any(name.startswith("servqual-resampling") for name in names)
    assert_array_equal(shared.means, alone.means)
    assert_array_equal(shared.covariances, alone.covariances)


def test_processors_are_counted() -> None:
    assert 1 <= resampling._processors() <= (os.cpu_count() or 1)


_PRINT_SUMS = """
import numpy as np
from servqual.numerics.bootstrap import bootstrap_moments
answers = np.random.default_rng(3).integers(1, 8, size=(4_000, 22)).astype(float)
for data in (answers, answers / 3.0):
    found = bootstrap_moments(data, n_resamples=130, seed=1)
    print(*(value.hex() for value in found.covariances[:, 3, 4].tolist()))
"""


def test_threads_of_linear_algebra_do_not_matter() -> None:
    printed = []
    for threads in ("1", "2"):
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        done = subprocess.run(
            [sys.executable, "-c", _PRINT_SUMS],
            env={**os.environ, **dict.fromkeys(names, threads)},
            capture_output=True,
            text=True,
            check=True,
        )
        printed.append(done.stdout.splitlines())
    (whole_one, thirds_one), (whole_two, thirds_two) = printed
    # Sums of whole numbers are exact; others may differ in the last digits at most.
    assert whole_one == whole_two
    first, second = (
        [float.fromhex(word) for word in line.split()] for line in (thirds_one, thirds_two)
    )
    assert_allclose(first, second, rtol=1e-10)


# ---- interrupts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("processors", [1, 3])
def test_an_interrupt_ends_the_work(monkeypatch: pytest.MonkeyPatch, processors: int) -> None:
    monkeypatch.setattr(resampling, "_DRAWS_PER_THREAD", 1)
    monkeypatch.setattr(resampling, "_processors", lambda: processors)
    table, asked = _table(3_000), []

    def columns(part: slice) -> FloatArray:
        asked.append(part.start)
        return table[part]

    def interrupt(done: int, total: int) -> None:
        if done >= 128:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        resampled_sums(columns, 3_000, n_resamples=64 * 500, seed=1, progress=interrupt)
    # While the exception, and so the frame of the work, is still held:
    assert caught.value is not None
    working = [one for one in threading.enumerate() if one.name.startswith("servqual-resampling")]
    assert not working
    assert len(asked) < 100
    assert_array_equal(_sums(table), _sums(table.copy()))


def test_an_error_in_a_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "_DRAWS_PER_THREAD", 1)
    monkeypatch.setattr(resampling, "_processors", lambda: 2)

    def columns(part: slice) -> FloatArray:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        resampled_sums(columns, 3_000, n_resamples=640, seed=1)
    assert not [one for one in threading.enumerate() if "servqual-resampling" in one.name]
