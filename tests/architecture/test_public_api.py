"""The public list: cheap to import, whole, documented, the same for people and type checkers."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import servqual
import servqual.errors

ROOT = Path(__file__).parents[2]
STUB = ROOT / "servqual" / "__init__.pyi"

#: Names that are about the package, not of it.
METADATA = {"__version__"}

#: Modules that are public as such, for names that belong together.
MODULES = {"models"}


def _stub_tree() -> ast.Module:
    return ast.parse(STUB.read_text(encoding="utf-8"))


def _stub_all() -> list[str]:
    """``__all__`` of the stub; where there is none, lazy_loader takes every imported name."""
    for node in _stub_tree().body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and target.id == "__all__" and value is not None:
            return [str(name) for name in ast.literal_eval(value)]
    return _stub_imports()


def _stub_imports() -> list[str]:
    return [
        alias.asname or alias.name
        for node in _stub_tree().body
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    ]


PUBLIC = sorted(set(_stub_all()) - METADATA - MODULES)


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_servqual_loads_nothing_heavy() -> None:
    loaded = set(json.loads(_run("import servqual, sys, json; print(json.dumps([*sys.modules]))")))
    heavy = {
        "pandas",
        "numpy",
        "statsmodels",
        "scipy",
        "scipy.stats",
        "matplotlib",
        "factor_analyzer",
        "sklearn",
        "narwhals",
        "typer",
        "jinja2",
    }
    assert loaded & heavy == set()


def test_every_public_module_but_the_plots_runs_without_the_slow_libraries() -> None:
    code = (
        "import servqual, sys, json\n"
        "for name in servqual.__all__: getattr(servqual, name)\n"
        "print(json.dumps([*sys.modules]))"
    )
    loaded = set(json.loads(_run(code)))
    assert loaded & {"statsmodels", "scipy.stats", "matplotlib", "sklearn"} == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_of_the_stub_can_be_had(name: str) -> None:
    public = getattr(servqual, name)
    assert public.__name__ == name
    assert public.__module__.startswith("servqual."), f"{name} comes from {public.__module__}"
    assert public.__doc__, f"{name} has no docstring"


def test_the_stub_and_the_package_list_the_same_names() -> None:
    assert set(servqual.__all__) - METADATA - MODULES == set(PUBLIC)
    assert set(_stub_imports()) - METADATA - MODULES == set(PUBLIC)
    assert set(PUBLIC) <= set(dir(servqual))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = servqual.no_such_name  # type: ignore[attr-defined]


def test_every_error_and_warning_is_public() -> None:
    classes = {
        name
        for name, value in vars(servqual.errors).items()
        if isinstance(value, type) and issubclass(value, (Exception, Warning))
    }
    assert classes - {"Exception", "Warning"} <= set(PUBLIC)


def test_no_module_shadows_a_public_name() -> None:
    """Importing ``servqual.x`` binds ``x`` in the package, which would hide a function ``x``."""
    modules = {module.name for module in pkgutil.iter_modules(servqual.__path__)}
    assert modules & set(PUBLIC) == set()


def test_public_names_survive_the_import_of_every_module() -> None:
    for module in pkgutil.walk_packages(servqual.__path__, "servqual."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in PUBLIC:
        assert callable(getattr(servqual, name)), f"servqual.{name} is hidden by a module"


def test_every_public_name_stands_in_the_reference() -> None:
    documented: list[str] = []
    for page in sorted((ROOT / "docs" / "reference").glob("*.md")):
        for block in re.findall(
            r"^```\{eval-rst\}\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M
        ):
            documented += re.findall(r"^   (\w+)$", block, re.M)
    missing = set(PUBLIC) - set(documented)
    unknown = set(documented) - set(PUBLIC)
    twice = {name for name in documented if documented.count(name) > 1}
    assert (missing, unknown, twice) == (set(), set(), set())


def test_the_version_is_a_release_number() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|rc\d+)?", servqual.__version__)
