"""How often each respondent is drawn in each bootstrap resample, and the sums that follow.

Every bootstrap of the library draws here. Resamples come in blocks of fixed size, each with a
generator of its own, so that the draws do not depend on how many are asked for, on the memory or on
the number of processors that share the work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from servqual.errors import EstimationError
from servqual.typing import FloatArray, IntArray, Progress

__all__ = ["resampled_sums", "weight_blocks"]

#: Resamples that share a generator. A change of this number changes every bootstrap.
_BLOCK = 64

#: Pairs of respondents whose random numbers are made at once, which fit into a processor's cache.
_PAIRS_AT_ONCE = 2**15

#: Rows whose columns are asked for at once, and rows of one matrix product.
_ROWS_ASKED = 2048
_ROWS_MULTIPLIED = 256

#: Counts up to this, on average, are drawn respondent by respondent, which is then faster.
_FEW_PER_ROW = 8

#: Draws that are worth a thread, and the most threads, whose memory adds up.
_DRAWS_PER_THREAD = 4_000_000
_MOST_THREADS = 4

#: Weights before the last draws are those of a Poisson process that falls short of the number of
#: respondents by so many standard deviations, so that it seldom has to be drawn again.
_SHORTFALL = 3.0

#: Values of two random bytes, and weights that a pair of respondents may have; larger ones have
#: probabilities below 1e-32.
_VALUES = 2**16
_WEIGHTS = 30

Weights: TypeAlias = NDArray[np.uint8] | NDArray[np.uint32] | IntArray


def weight_blocks(
    n_units: int, *, n_resamples: int, seed: int, counts: IntArray | None = None
) -> Generator[Weights, None, None]:
    """How often each unit is drawn in each resample, block by block.

    Parameters
    ----------
    n_units : int
        Respondents, rows or clusters that are drawn with equal chances and with replacement, as
        many as there are.
    n_resamples : int
        Number of resamples.
    seed : int
        Seed of generators that are used for nothing else.
    counts : IntArray, shape (n_units,), optional
        How many respondents each row stands for. Then as many are drawn as the counts add up to.

    Yields
    ------
    array of small integers, shape (at most 64, n_units)
        One row per resample, which adds up to the number drawn. Turn it into floats before
        multiplying: small integers overflow.

    Raises
    ------
    EstimationError
        If there is nothing to draw.

    Notes
    -----
    For sums of many columns use `resampled_sums`, which draws the same weights and shares the work
    among processors.

    Examples
    --------
    >>> blocks = list(weight_blocks(5, n_resamples=100, seed=1))
    >>> [block.shape for block in blocks]
    [(64, 5), (36, 5)]
    >>> {int(total) for block in blocks for total in block.sum(axis=1)}
    {5}
    """
    draw = _drawer(n_units, seed, counts)
    for start in range(0, n_resamples, _BLOCK):
        weights = draw.rows(draw.units(start // _BLOCK))
        yield weights[: n_resamples - start]


def resampled_sums(
    columns: Callable[[slice], FloatArray],
    n_units: int,
    *,
    n_resamples: int,
    seed: int,
    counts: IntArray | None = None,
    progress: Progress | None = None,
) -> FloatArray:
    """Sums of columns over the units drawn in each resample.

    Parameters
    ----------
    columns : callable
        Returns the columns of a slice of the units, shape (n_in_slice, n_columns); such as
        ``table.__getitem__``. It is called from several threads at once.
    n_units : int
        Respondents, rows or clusters that are drawn with replacement.
    n_resamples : int
        Number of resamples, at least 1.
    seed : int
        Seed of generators that are used for nothing else.
    counts : IntArray, shape (n_units,), optional
        How many respondents each row stands for.
    progress : callable, optional
        Is told (resamples done, resamples in all) after each block, in this thread.

    Returns
    -------
    FloatArray, shape (n_resamples, n_columns)

    Raises
    ------
    EstimationError
        If there is nothing to draw.

    Notes
    -----
    The resamples are those of `weight_blocks` with the same seed. Every block of 64 resamples has
    its own generator, and its matrix products have shapes that depend on the data alone. So the
    sums are the same to the last bit for any number of processors, and further resamples continue
    the same draws. Only a linear algebra library that splits one product among threads may change
    the last digits of sums that are not whole numbers.

    Time grows with ``n_resamples * n_units * n_columns``, from some 2 nanoseconds per draw for few
    columns. Beside the columns, memory is that of 64 bytes per unit and thread.

    Examples
    --------
    >>> import numpy as np
    >>> table = np.arange(10.0).reshape(5, 2)
    >>> sums = resampled_sums(table.__getitem__, 5, n_resamples=3, seed=1)
    >>> sums.shape, bool(np.all(sums[:, 1] - sums[:, 0] == 5))
    ((3, 2), True)
    """
    draw = _drawer(n_units, seed, counts)
    n_blocks = -(-n_resamples // _BLOCK)
    done: list[FloatArray] = []
    # Closed also when `progress` raises, so that no thread goes on working.
    with closing(
        _in_order(lambda block: draw.sums(block, columns), n_blocks, draw.n_units)
    ) as results:
        for sums in results:
            done.append(sums)
            if progress is not None:
                progress(min(len(done) * _BLOCK, n_resamples), n_resamples)
    return np.concatenate(done)[:n_resamples]


# ---- weights -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Drawer:
    """What is drawn: units of equal chances, which may be the respondents behind shorter rows.

    Attributes
    ----------
    seed : int
        Of all blocks.
    n_units : int
        Units drawn.
    per_row : IntArray or None
        How many units each row stands for, where rows are more than one unit.
    counts : IntArray or None
        How many respondents each row stands for, where they are so many that rows are drawn with
        chances of their own.
    """

    seed: int
    n_units: int
    per_row: IntArray | None
    counts: IntArray | None

    def units(self, block: int) -> Weights:
        """How often each unit is drawn, shape (64, n_units)."""
        stream = np.random.SeedSequence(self.seed, spawn_key=(block,))
        generator = np.random.Generator(np.random.SFC64(stream))
        if self.counts is None:
            return _equal_chances(generator, self.n_units)
        n_obs = int(self.counts.sum())
        return generator.multinomial(n_obs, self.counts / n_obs, size=_BLOCK)

    def rows(self, units: Weights) -> Weights:
        """Weights of units added up over the rows that they belong to."""
        if self.per_row is None:
            return units
        present = np.flatnonzero(self.per_row)
        starts = np.concatenate([[0], np.cumsum(self.per_row[present])[:-1]])
        summed = np.add.reduceat(units, starts, axis=1, dtype=np.uint32)
        if present.size == self.per_row.size:
            return summed
        weights = np.zeros((_BLOCK, self.per_row.size), dtype=np.uint32)
        weights[:, present] = summed
        return weights

    def sums(self, block: int, columns: Callable[[slice], FloatArray]) -> FloatArray:
        """Sums of the columns in each resample of a block, shape (64, n_columns)."""
        weights = self.rows(self.units(block))
        n_rows = weights.shape[1]
        total: FloatArray | None = None
        # Floats of a few rows stay in the cache, and so small a product stays in its thread.
        floats = np.empty((_BLOCK, _ROWS_MULTIPLIED))
        for first in range(0, n_rows, _ROWS_ASKED):
            part = columns(slice(first, first + _ROWS_ASKED))
            if total is None:
                total = np.zeros((_BLOCK, part.shape[1]))
            for start in range(0, len(part), _ROWS_MULTIPLIED):
                rows = part[start : start + _ROWS_MULTIPLIED]
                factor = floats[:, : len(rows)]
                factor[...] = weights[:, first + start : first + start + len(rows)]
                total += factor @ rows
        assert total is not None  # there is at least one unit
        return total


def _drawer(n_units: int, seed: int, counts: IntArray | None) -> _Drawer:
    n_obs = n_units if counts is None else int(counts.sum())
    if n_obs < 1:
        raise EstimationError(
            f"There are {n_obs} respondents to draw from, but a bootstrap needs at least one."
        )
    if counts is None:
        return _Drawer(seed, n_units, None, None)
    if n_obs <= _FEW_PER_ROW * n_units:
        return _Drawer(seed, n_obs, counts, None)
    return _Drawer(seed, n_units, None, counts)


def _equal_chances(generator: np.random.Generator, n_units: int) -> NDArray[np.uint8]:
    """Multinomial weights of units with equal chances, shape (64, n_units).

    Independent Poisson weights are multinomial given their sum. So units get Poisson weights with
    a mean below one, and what is missing to `n_units` draws is drawn one by one; resamples that
    already have too many are drawn again. The distribution is exactly that of `n_units` draws with
    replacement (Devroye 1986, chapter XI.1), for a fraction of the time.

    References
    ----------
    Devroye, L. (1986). Non-uniform random variate generation. Springer.
    https://doi.org/10.1007/978-1-4613-8643-8
    """
    table = _pair_table(1.0 / (1.0 + _SHORTFALL / np.sqrt(n_units)))
    weights = _poisson_weights(generator, table, _BLOCK * n_units).reshape(_BLOCK, n_units)
    sum_type = np.uint32 if n_units < 2**24 else np.uint64  # the faster one where it suffices
    total = weights.sum(axis=1, dtype=sum_type).astype(np.int64)
    while (redrawn := np.flatnonzero(total > n_units)).size:
        fresh = _poisson_weights(generator, table, redrawn.size * n_units)
        weights[redrawn] = fresh.reshape(-1, n_units)
        total[redrawn] = weights[redrawn].sum(axis=1, dtype=sum_type)
    missing = n_units - total
    places = generator.integers(0, n_units, size=int(missing.sum()))
    places += np.repeat(np.arange(_BLOCK) * n_units, missing)
    np.add.at(weights.reshape(-1), places, np.uint8(1))
    return weights


@dataclass(frozen=True, slots=True)
class _PairTable:
    """Two independent Poisson weights from two random bytes (Marsaglia's table method).

    Attributes
    ----------
    pairs : array of uint16, shape (65536,)
        Both weights, one in each byte, for each value of the random bytes that decides them.
    n_decided : int
        Values from here on leave them open, a few in ten thousand.
    rest : FloatArray, shape (900,)
        Cumulative distribution of what they leave open: the part of each probability that is no
        whole number of 65,536ths.
    rest_pairs : array of uint16, shape (900,)
        Its pairs of weights.
    """

    pairs: NDArray[np.uint16]
    n_decided: int
    rest: FloatArray
    rest_pairs: NDArray[np.uint16]


@lru_cache(maxsize=8)
def _pair_table(mean: float) -> _PairTable:
    """Table of pairs of Poisson weights with a mean below one.

    References
    ----------
    Marsaglia, G. (1963). Generating discrete random variables in a computer. Communications of the
    ACM, 6(1), 37-38. https://doi.org/10.1145/366193.366228
    """
    weight = np.arange(_WEIGHTS)
    single = np.exp(weight * np.log(mean) - mean - gammaln(weight + 1.0))
    probability = np.outer(single, single).ravel()
    pairs = np.add.outer(weight, 256 * weight).ravel().astype(np.uint16)
    values = np.floor(probability * _VALUES).astype(np.int64)
    decided = np.repeat(pairs, values)
    rest = np.cumsum(probability - values / _VALUES)
    table = np.zeros(_VALUES, dtype=np.uint16)
    table[: decided.size] = decided
    return _PairTable(table, decided.size, rest / rest[-1], pairs)


def _poisson_weights(
    generator: np.random.Generator, table: _PairTable, size: int
) -> NDArray[np.uint8]:
    """Independent Poisson weights."""
    pairs = np.empty(-(-size // 2), dtype=np.uint16)
    is_open = np.empty(_PAIRS_AT_ONCE, dtype=np.bool_)
    for start in range(0, pairs.size, _PAIRS_AT_ONCE):
        part = pairs[start : start + _PAIRS_AT_ONCE]
        raw = np.asarray(generator.bit_generator.random_raw(-(-part.size // 4)))
        values = raw.view(np.uint16)[: part.size]
        # With a mode other than "raise", the result needs no buffer.
        np.take(table.pairs, values, out=part, mode="clip")
        left_open = np.flatnonzero(
            np.greater_equal(values, table.n_decided, out=is_open[: part.size])
        )
        found = np.searchsorted(table.rest, generator.random(left_open.size), side="right")
        part[left_open] = table.rest_pairs[found]
    return pairs.view(np.uint8)[:size]


# ---- processors ----------------------------------------------------------------------------------


def _in_order(
    work: Callable[[int], FloatArray], n_blocks: int, n_units: int
) -> Generator[FloatArray, None, None]:
    """Results of the blocks, one after the other, from as many threads as the work is worth.

    numpy lets go of Python's lock while it draws and multiplies, so threads do run side by side. An
    interrupt or an error ends the threads after the blocks that they are at.
    """
    threads = min(_processors(), _MOST_THREADS, n_blocks * _BLOCK * n_units // _DRAWS_PER_THREAD)
    if threads < 2:
        yield from map(work, range(n_blocks))
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="servqual-resampling")
    try:
        yield from pool.map(work, range(n_blocks))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
