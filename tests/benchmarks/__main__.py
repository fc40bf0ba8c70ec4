"""Run the benchmarks: ``make bench``, or ``python -m tests.benchmarks --help``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.data import write_data
from tests.benchmarks.measure import Measured, measure
from tests.benchmarks.rows import ROWS
from tests.benchmarks.summary import (
    HEADER,
    Machine,
    as_text,
    page_part,
    replace_part,
    rows_of,
)
from tests.benchmarks.workers import ROOT, start_workers


def main() -> int:
    """Measure, print and write; 1 when results disagree or something failed."""
    options = _options()
    load_before = os.getloadavg()[0]
    if load_before > 0.5:
        _say(f"The load average is {load_before:.2f}; times will be uneven.")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_data(folder)
        with start_workers(folder, options.peers) as (workers, left_out):
            for side, reason in left_out.items():
                _say(f"{side} is left out: {reason}.")
            results: list[Measured] = []
            for row in ROWS:
                if options.only in row.task:
                    _say(f"{row.title} ({row.task}, {row.data})")
                    results.extend(measure(row, workers))
            versions = {side: worker.versions for side, worker in workers.items()}
    load = (load_before, os.getloadavg()[0])
    print(as_text(HEADER, rows_of(results)))
    problems = [problem for measured in results for problem in measured.problems]
    for problem in problems:
        _say(f"FAILED: {problem}")
    if options.page is not None and not problems:
        part = page_part(results, Machine.here(), versions, load, left_out)
        page = options.page.read_text(encoding="utf-8")
        options.page.write_text(replace_part(page, part), encoding="utf-8")
        _say(f"wrote {options.page}")
    return 1 if problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--peers",
        type=Path,
        default=ROOT / ".bench" / "peers" / "bin" / "python",
        help="interpreter of the environment made from tests/benchmarks/peers.txt",
    )
    parser.add_argument(
        "--only", default="", metavar="TASK", help="only rows whose task has this in its name"
    )
    parser.add_argument("--page", type=Path, help="page whose measured part is written again")
    return parser.parse_args()


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
