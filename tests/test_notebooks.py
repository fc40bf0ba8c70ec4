"""The class notebooks: stored without outputs, public names only, silent when they run."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import servqual as sq

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

#: Code that a text shows, such as the solution of an exercise.
_FENCED = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: A public name that a text mentions: `sq.gaps`, `sq.report(survey)`.
_MENTIONED = re.compile(r"\bsq\.(\w+)")

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def _read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def _texts(path: Path, kind: str) -> Iterator[tuple[str, str]]:
    """Id and text of each cell of a kind."""
    for cell in _read(path)["cells"]:
        if cell["cell_type"] == kind:
            yield str(cell["id"]), "".join(cell["source"])


def _codes(path: Path) -> Iterator[tuple[str, str]]:
    """Where it stands, and code: the cells first, then what the texts show."""
    yield from _texts(path, "code")
    for name, text in _texts(path, "markdown"):
        for code in _FENCED.findall(text):
            yield f"{name} (in the text)", code


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@each_notebook
def test_is_valid(path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(_read(path))


@each_notebook
def test_is_stored_without_outputs(path: Path) -> None:
    for cell in _read(path)["cells"]:
        assert cell["metadata"] == {}, cell["id"]
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], cell["id"]
            assert cell["execution_count"] is None, cell["id"]


@each_notebook
def test_says_only_what_it_must_about_itself(path: Path) -> None:
    notebook = _read(path)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)  # the first with cell ids
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


@each_notebook
def test_cells_are_named_by_what_they_do(path: Path) -> None:
    """Names stay when a notebook is saved again; random ids tell the reader of a change nothing."""
    names = [cell["id"] for cell in _read(path)["cells"]]
    assert len(set(names)) == len(names)
    odd = [name for name in names if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", name)]
    assert odd == []


@each_notebook
def test_uses_public_names_only(path: Path) -> None:
    used: set[str] = set()
    imported: list[str] = []
    for where, code in _codes(path):
        for node in ast.walk(ast.parse(code, filename=where)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used |= {node.attr} if node.value.id == "sq" else set()
            elif isinstance(node, ast.Import):
                imported += [ast.unparse(alias) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported.append(f"{node.module}.")
    for _, text in _texts(path, "markdown"):
        used |= set(_MENTIONED.findall(text))
    assert used <= set(sq.__all__)
    assert [name for name in imported if name.startswith("servqual")] == ["servqual as sq"]


@each_notebook
def test_runs_without_a_warning_and_so_do_its_solutions(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd
    from matplotlib import pyplot as plt

    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    try:
        with warnings.catch_warnings(), pd.option_context("display.float_format", None):
            warnings.simplefilter("error")
            for where, code in _codes(path):
                exec(compile(code, f"{path.name}: {where}", "exec"), names)
    finally:
        plt.close("all")
    assert list(tmp_path.iterdir()) == []
