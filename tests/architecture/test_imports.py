"""Imports go one way, so every part can be read, tested and replaced without those above it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "servqual"

#: From the foundations to the roof: a part imports only from parts that stand before it.
ORDER = (
    "errors",
    "typing",
    "progress",
    "numerics",
    "samplestats",
    "instruments",
    "model_language",
    "rules",
    "results",
    "survey",
    "models",
    "analyses",
    "plots",
    "reporting",
    "datasets",
    "__init__",  # the public list; the command line uses what every user can use
    "cli",
)

PANDAS_ALLOWED = {"results", "survey", "analyses", "plots", "reporting", "datasets", "cli"}

#: Dataframe libraries and file readers, which only `survey` knows.
SURVEY_ONLY = {"narwhals", "polars", "pyarrow", "duckdb", "pyreadstat"}

#: Each costs a good part of a second, so they are imported inside the functions that need them.
SLOW = ("statsmodels", "matplotlib", "scipy.stats", "factor_analyzer", "sklearn")

NUMERICS_PACKAGES = sys.stdlib_module_names | {"numpy", "scipy"}

#: Rotation is done by a package that is kept for that alone.
ROTATOR = ("numerics/rotation.py", "factor_analyzer.rotator.Rotator")


@dataclass(frozen=True)
class Import:
    """One imported name and where it stands."""

    target: str
    line: int
    functions: tuple[str, ...]
    type_checking: bool

    @property
    def top(self) -> str:
        return self.target.split(".")[0]

    def is_in(self, module: str) -> bool:
        return self.target == module or self.target.startswith(module + ".")


class _Collector(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: list[Import] = []
        self._functions: list[str] = []
        self._type_checking = False

    def _add(self, target: str, line: int) -> None:
        self.found.append(Import(target, line, tuple(self._functions), self._type_checking))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert node.level == 0, f"line {node.lineno}: a relative import"
        assert node.module is not None
        for alias in node.names:  # `from scipy import stats` imports scipy.stats
            self._add(f"{node.module}.{alias.name}", node.lineno)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) not in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            self.generic_visit(node)
            return
        self._type_checking = True
        for statement in node.body:
            self.visit(statement)
        self._type_checking = False
        for statement in node.orelse:
            self.visit(statement)


def _imports(source: str) -> list[Import]:
    collector = _Collector()
    collector.visit(ast.parse(source))
    return collector.found


def _part(path: Path) -> str:
    """The part of the house that a file belongs to: its sub-package, or itself."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def _own_target(target: str) -> str | None:
    """The part that ``servqual.x.y`` belongs to; None for other packages."""
    names = target.split(".")
    if names[0] != "servqual":
        return None
    return names[1] if len(names) > 1 and names[1] in ORDER else "__init__"


def _problems(part: str, imports: list[Import]) -> Iterator[str]:
    for item in imports:
        where = f"line {item.line}: imports {item.target}"
        own = _own_target(item.target)
        if own is not None and own != part and ORDER.index(own) > ORDER.index(part):
            plot_method = "plot" in item.functions
            # A protocol of `typing` names what it promises; nothing is imported at run time.
            names_a_promise = part == "typing" and item.type_checking
            if not plot_method and not names_a_promise:
                yield f"{where}, which stands to the right of {part}"
        if item.is_in("pandas") and part not in PANDAS_ALLOWED:
            yield f"{where}; frames are made in {', '.join(sorted(PANDAS_ALLOWED))} only"
        if item.top in SURVEY_ONLY and part != "survey":
            yield f"{where}; only survey/ knows dataframe libraries and files"
        if not item.functions and not item.type_checking and any(map(item.is_in, SLOW)):
            yield f"{where} when the module is imported; import it inside the function"


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    part = _part(path)
    assert part in ORDER, f"{part} has no place in the order of imports"
    problems = list(_problems(part, _imports(path.read_text(encoding="utf-8"))))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    "path",
    sorted((PACKAGE / "numerics").rglob("*.py")),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_numerics_know_arrays_only(path: Path) -> None:
    allowed_own = {"errors", "typing", "numerics"}
    for item in _imports(path.read_text(encoding="utf-8")):
        own = _own_target(item.target)
        assert own is None or own in allowed_own, f"line {item.line}: imports {item.target}"
        if (str(path.relative_to(PACKAGE)), item.target) == ROTATOR:
            continue
        if own is None:
            assert item.top in NUMERICS_PACKAGES, f"line {item.line}: imports {item.target}"


@pytest.mark.parametrize(
    "path",
    sorted(PACKAGE.glob("*/**/__init__.py")),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_sub_packages_do_not_re_export(path: Path) -> None:
    """One name, one home: only ``servqual`` itself re-exports."""
    own = [item for item in _imports(path.read_text(encoding="utf-8")) if item.top == "servqual"]
    assert not own, f"imports {', '.join(item.target for item in own)}"


@pytest.mark.parametrize(
    ("part", "source", "expected"),
    [
        ("numerics", "from servqual.analyses.gaps import gaps", "to the right of numerics"),
        ("numerics", "def f():\n    from servqual.survey import survey", "to the right"),
        ("analyses", "def draw():\n    from servqual.plots.gaps import x", "to the right"),
        ("survey", "import servqual", "to the right of survey"),
        ("results", "if TYPE_CHECKING:\n    from servqual.plots.a import b", "to the right"),
        ("samplestats", "import pandas as pd", "frames are made in"),
        ("analyses", "import narwhals as nw", "only survey/ knows"),
        ("analyses", "from scipy import stats", "inside the function"),
        ("plots", "import matplotlib.pyplot as plt", "inside the function"),
        ("analyses", "class A:\n    import statsmodels.api as sm", "inside the function"),
    ],
)
def test_a_breach_is_found(part: str, source: str, expected: str) -> None:
    [problem] = _problems(part, _imports(source))
    assert expected in problem


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("analyses", "class R:\n    def plot(self):\n        from servqual.plots.gaps import x"),
        ("analyses", "def fit():\n    import statsmodels.api as sm"),
        ("plots", "if TYPE_CHECKING:\n    from matplotlib.axes import Axes"),
        ("typing", "if TYPE_CHECKING:\n    from servqual.samplestats.moments import Moments"),
        ("numerics", "from scipy import special"),
        ("survey", "import narwhals as nw\nimport pandas as pd"),
    ],
)
def test_what_is_allowed_is_not_reported(part: str, source: str) -> None:
    assert list(_problems(part, _imports(source))) == []
