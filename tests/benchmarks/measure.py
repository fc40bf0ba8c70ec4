"""Measures a row: first whether all sides find the same, then how long each takes, in turns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles

from tests.benchmarks.compare import differences, disagreements
from tests.benchmarks.rows import Peer, Row
from tests.benchmarks.task import Values
from tests.benchmarks.workers import Side, Worker, WorkFailedError

#: A repetition repeats a short call until it has lasted about this long.
_SECONDS_PER_REPETITION = 0.1

#: Repetitions of a row, unless they would take longer than the seconds.
_REPETITIONS = 15
_FEWEST_REPETITIONS = 5
_SECONDS_PER_ROW = 60.0


@dataclass(frozen=True)
class Measured:
    """One peer beside the library, on one row.

    Attributes
    ----------
    row, peer : Row, Peer
        What was compared.
    ours, theirs : tuple of float
        Seconds per call, one for each repetition; empty when nothing was timed. A peer that does
        a share of the work counts as if it did all of it.
    found : dict
        Largest difference by name.
    problems : tuple of str
        Why nothing was timed: disagreements or errors.
    """

    row: Row
    peer: Peer
    ours: tuple[float, ...] = ()
    theirs: tuple[float, ...] = ()
    found: dict[str, float] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def ratio(self) -> float:
        """Median over the repetitions of the peer's time over the library's."""
        return median(self._ratios())

    @property
    def ratio_range(self) -> tuple[float, float]:
        """Quartiles of the same."""
        low, _, high = quantiles(self._ratios(), n=4, method="inclusive")
        return low, high

    def _ratios(self) -> list[float]:
        """Both sides of a repetition ran one after the other, so a disturbance hit both."""
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def goal_met(self) -> bool | None:
        """Whether the goal is reached; None without a goal or a measurement."""
        if self.peer.goal is None or not self.ours:
            return None
        return self.ratio >= self.peer.goal


def measure(row: Row, workers: Mapping[Side, Worker]) -> list[Measured]:
    """Compare and time one row with every peer that is there.

    Parameters
    ----------
    row : Row
        What is compared.
    workers : mapping
        Running processes by side.

    Returns
    -------
    list of Measured
        One for each peer whose side is there.
    """
    peers = [peer for peer in row.peers if peer.side in workers]
    ours, problem = _run(workers["servqual"], row.task, row.data)
    if problem:
        return [Measured(row, peer, problems=(f"servqual: {problem}",)) for peer in peers]
    checked = [_check(row, peer, ours, workers[peer.side]) for peer in peers]
    timed = [measured.peer for measured in checked if not measured.problems]
    if not timed:
        return checked
    tasks = [(workers["servqual"], row.task), *((workers[p.side], p.task) for p in timed)]
    seconds = _take_turns(tasks, row.data)
    by_peer = {
        peer.task: tuple(taken / peer.share for taken in times)
        for peer, times in zip(timed, seconds[1:], strict=True)
    }
    return [
        measured
        if measured.problems
        else Measured(row, measured.peer, seconds[0], by_peer[measured.peer.task], measured.found)
        for measured in checked
    ]


def repetitions(seconds: float) -> int:
    """How often a row is repeated whose sides together take that long per repetition."""
    affordable = math.floor(_SECONDS_PER_ROW / seconds)
    return max(_FEWEST_REPETITIONS, min(_REPETITIONS, affordable))


def calls_per_repetition(seconds: float) -> int:
    """How many calls of that length fill a repetition."""
    return max(1, round(_SECONDS_PER_REPETITION / max(seconds, 1e-6)))


def _run(worker: Worker, task: str, data: str) -> tuple[Values, str]:
    try:
        return worker.run(task, data), ""
    except WorkFailedError as error:
        return {}, str(error)


def _check(row: Row, peer: Peer, ours: Values, worker: Worker) -> Measured:
    theirs, problem = _run(worker, peer.task, row.data)
    if problem:
        return Measured(row, peer, problems=(f"{peer.name}: {problem}",))
    found = differences(ours, theirs, peer.tolerances)
    problems = disagreements(found, peer.tolerances)
    return Measured(row, peer, found=found, problems=tuple(problems))


def _take_turns(tasks: list[tuple[Worker, str]], data: str) -> list[tuple[float, ...]]:
    """Seconds per call of each task, repetition by repetition; every task has run once before."""
    once = [worker.time(task, data, 1) for worker, task in tasks]
    calls = [calls_per_repetition(seconds) for seconds in once]
    total = sum(seconds * number for seconds, number in zip(once, calls, strict=True))
    taken: list[list[float]] = [[] for _ in tasks]
    for _ in range(repetitions(total)):
        for place, (worker, task) in enumerate(tasks):
            taken[place].append(worker.time(task, data, calls[place]))
    return [tuple(seconds) for seconds in taken]
