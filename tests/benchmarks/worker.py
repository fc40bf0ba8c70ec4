"""A process that runs the tasks of one module and times them.

It reads requests from standard input and answers each with one line of JSON, as ``peers.R`` does:

- ``{"do": "versions"}``: versions of what it uses, by name.
- ``{"do": "run", "task": NAME, "data": NAME}``: run once; ``seconds`` and ``values``.
- ``{"do": "time", "task": NAME, "data": NAME, "calls": K}``: run K times; ``seconds`` per call.

Whatever fails is answered with ``{"error": WORDS}``.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import warnings
from functools import cache
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

from tests.benchmarks.task import Data, Task, flat


class _Worker:
    def __init__(self, module: ModuleType, folder: Path) -> None:
        self._module = module
        self._data = cache(lambda name: Data.read(folder, name))
        self._task = cache(self._make_task)

    def _make_task(self, task: str, data: str) -> Task:
        made: Task = getattr(self._module, task)(self._data(data))
        return made

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "versions":
            versions: dict[str, str] = self._module.versions()
            return versions
        task = self._task(request["task"], request["data"])
        if request["do"] == "run":
            start = perf_counter()
            result = task.work()
            seconds = perf_counter() - start
            return {"seconds": seconds, "values": flat(task.values(result))}
        calls = range(request["calls"])
        start = perf_counter()
        for _ in calls:
            task.work()
        return {"seconds": (perf_counter() - start) / len(calls)}


def main() -> None:
    """Answer requests until there are no more."""
    worker = _Worker(importlib.import_module(sys.argv[1]), Path(sys.argv[2]))
    answers = sys.stdout
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        for line in sys.stdin:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    answer = worker.answer(json.loads(line))
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
