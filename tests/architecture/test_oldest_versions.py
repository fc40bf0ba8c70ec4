from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
TESTED_EXTRAS = ("plot", "report", "progress", "spss", "scale", "test")


def _declared_minima() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in TESTED_EXTRAS:
        lines += project["optional-dependencies"][extra]
    minima: dict[str, str] = {}
    for requirement in map(Requirement, lines):
        name = str(canonicalize_name(requirement.name))
        if name == "servqual":  # an extra that includes another one
            continue
        [specifier] = requirement.specifier
        assert specifier.operator == ">=", f"{requirement} names no minimum"
        minima[name] = specifier.version
    return minima


def _pins() -> dict[str, str]:
    text = (ROOT / "tests" / "constraints-oldest.txt").read_text(encoding="utf-8")
    pins: dict[str, str] = {}
    for line in text.splitlines():
        if "==" in line and not line.startswith("#"):
            name, version = line.split("==")
            pins[str(canonicalize_name(name))] = version.strip()
    return pins


def test_the_oldest_versions_tested_are_the_ones_declared() -> None:
    assert _pins() == _declared_minima()
