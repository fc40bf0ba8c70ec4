"""The table of a run, and the part of the page that a run writes."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks.data import SIZES
from tests.benchmarks.measure import Measured
from tests.benchmarks.workers import Side

BEGIN = "<!-- Written by `make bench`; the next run writes it again. -->"
END = "<!-- End of what `make bench` writes. -->"

HEADER = (
    "work",
    "n",
    "compared with",
    "servqual",
    "the other",
    "ratio (quartiles)",
    "goal",
    "largest difference",
    "repetitions",
)

_SIDES: dict[Side, str] = {
    "servqual": "servqual",
    "python": "Python's other packages",
    "r": "R",
}


@dataclass(frozen=True)
class Machine:
    """Where and when a run was made.

    Attributes
    ----------
    system, processor : str
        Operating system, name of the processor.
    n_cores : int
        Cores that the process may use.
    memory_gib : float
        Memory; nan where it is not told.
    date : str
        Day.
    """

    system: str
    processor: str
    n_cores: int
    memory_gib: float
    date: str

    @classmethod
    def here(cls) -> Machine:
        return cls(
            system=f"{platform.system()} {platform.machine()}",
            processor=_processor(),
            n_cores=len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1,
            memory_gib=_memory_gib(),
            date=datetime.date.today().isoformat(),
        )


def rows_of(results: Iterable[Measured]) -> list[tuple[str, ...]]:
    """One row of text per measurement, in the order of `HEADER`."""
    return [_row(measured) for measured in results]


def as_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for the terminal."""
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, tuple("-" * width for width in widths), *rows)
    ]
    return "\n".join(lines)


def as_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same for a page."""
    lines = (header, tuple("---" for _ in header), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page_part(
    results: Sequence[Measured],
    machine: Machine,
    versions: Mapping[Side, Mapping[str, str]],
    load: tuple[float, float],
    left_out: Mapping[Side, str],
) -> str:
    """What a run writes into the page.

    Parameters
    ----------
    results : sequence of Measured
        The run.
    machine : Machine
        Where it was made.
    versions : mapping
        Versions by side and name.
    load : tuple of float
        Processes that wanted to run in the minute before the run, and in its last minute.
    left_out : mapping
        Why a side is missing.
    """
    memory = f", {machine.memory_gib:.0f} GiB of memory" if machine.memory_gib > 0 else ""
    lines = [
        f"Measured on {machine.date}: {machine.system}, {machine.processor}, "
        f"{machine.n_cores} cores{memory}. Load average in the minute before the run "
        f"{load[0]:.2f}, in its last minute {load[1]:.2f} (the run itself is a load of 1, or more "
        "where a side uses several cores).",
        "",
        *(f"- {_SIDES[side]}: {_versions(versions[side])}" for side in versions),
        *(f"- {_SIDES[side]}: left out, {reason}" for side, reason in left_out.items()),
        "",
        as_markdown(HEADER, rows_of(results)),
    ]
    return "\n".join(lines)


def replace_part(page: str, part: str) -> str:
    """The page with its measured part replaced.

    Raises
    ------
    ValueError
        If the page does not have the two marks once each, in order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after or END in after:
        raise ValueError(f"The page needs the lines {BEGIN!r} and {END!r}, once each, in order.")
    return f"{before}{BEGIN}\n\n{part}\n\n{END}{after}"


def seconds_as_text(seconds: float) -> str:
    """Three digits, in the unit that suits."""
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 1:
            return f"{_three_digits(seconds * factor)} {unit}"
    return f"{_three_digits(seconds * 1e6)} µs"


def _row(measured: Measured) -> tuple[str, ...]:
    row, peer = measured.row, measured.peer
    work = (row.title, f"{SIZES[row.data]:,}", f"`{peer.name}`")
    if measured.problems:
        # A line break or a bar in an error's words would break the table.
        words = " ".join("; ".join(measured.problems).replace("|", "/").split())
        return (*work, "–", "–", "–", _goal(measured), f"FAILED: {words}", "–")
    low, high = measured.ratio_range
    return (
        *work,
        seconds_as_text(median(measured.ours)),
        seconds_as_text(median(measured.theirs)),
        f"{_three_digits(measured.ratio)} ({_three_digits(low)}–{_three_digits(high)})",
        _goal(measured),
        f"{max(measured.found.values()):.0e}",
        str(len(measured.ours)),
    )


def _goal(measured: Measured) -> str:
    if measured.peer.goal is None:
        return ""
    wanted = f"≥ {measured.peer.goal:g}"
    return (
        wanted if measured.goal_met is None else f"{wanted}: {'yes' if measured.goal_met else 'no'}"
    )


def _three_digits(number: float) -> str:
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _processor() -> str:
    """As Linux tells it; elsewhere what Python knows."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _memory_gib() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):  # not told on this system
        return float("nan")
