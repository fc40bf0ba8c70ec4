"""Starts the processes that work and time, one for each side, and asks them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from tests.benchmarks.task import Values

ROOT = Path(__file__).parents[2]

#: R's usual linear algebra has one thread, so numpy's gets one too. More do not help matrices of
#: this size, and on a busy machine each of their many small products would wait for a core.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")

#: The library itself, Python's other packages, R's packages.
Side = Literal["servqual", "python", "r"]


class WorkFailedError(Exception):
    """A side could not do what it was asked; the words are its own."""


class Worker:
    """A running process that answers requests, as ``worker.py`` and ``peers.R`` do.

    Parameters
    ----------
    command : list of str
        Starts it; run in the repository's root.

    Raises
    ------
    WorkFailedError
        If it does not start.
    """

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.versions: dict[str, str] = self._ask({"do": "versions"})

    def run(self, task: str, data: str) -> Values:
        """Run a task once and return its numbers."""
        values: Values = self._ask({"do": "run", "task": task, "data": data})["values"]
        return values

    def time(self, task: str, data: str, calls: int) -> float:
        """Seconds per call."""
        return float(
            self._ask({"do": "time", "task": task, "data": data, "calls": calls})["seconds"]
        )

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise WorkFailedError("The process ended; its words stand above.")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkFailedError(answer["error"])
        return answer

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process: it stops when its input does."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()


@contextmanager
def start_workers(
    folder: Path, peers_python: Path
) -> Iterator[tuple[dict[Side, Worker], dict[Side, str]]]:
    """Start every side that is there.

    Parameters
    ----------
    folder : Path
        Holds the data.
    peers_python : Path
        Interpreter of the environment with Python's other packages.

    Yields
    ------
    tuple of (workers by side, reasons by side that is left out)
    """
    module = ["-m", "tests.benchmarks.worker"]
    commands: dict[Side, list[str]] = {
        "servqual": [sys.executable, *module, "tests.benchmarks.ours", str(folder)],
        "python": [str(peers_python), *module, "tests.benchmarks.peers", str(folder)],
        "r": ["Rscript", "--vanilla", "tests/benchmarks/peers.R", str(folder)],
    }
    workers: dict[Side, Worker] = {}
    left_out: dict[Side, str] = {}
    with ExitStack() as stack:
        for side, command in commands.items():
            reason = _missing(side, command[0])
            if reason:
                left_out[side] = reason
                continue
            workers[side] = stack.enter_context(Worker(command))
        yield workers, left_out


def _missing(side: Side, program: str) -> str:
    """Why a side cannot take part; empty when it can."""
    if shutil.which(program) is None:
        return f"`{program}` was not found"
    if side == "r":
        packages = ("jsonlite", "psych", "lavaan", "GPArotation")
        absent = "p <- c({}); cat(p[!sapply(p, requireNamespace, quietly = TRUE)])".format(
            ", ".join(f'"{package}"' for package in packages)
        )
        found = subprocess.run(
            [program, "--vanilla", "-e", absent], capture_output=True, text=True, check=False
        )
        if found.returncode != 0 or found.stdout.strip():
            return f"R has no package {found.stdout.strip() or packages}"
    return ""
