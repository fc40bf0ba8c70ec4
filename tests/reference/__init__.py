"""Reference numbers, made by the scripts in ``R/`` and stored in ``expected/``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["load_expected"]

_EXPECTED = Path(__file__).parent / "expected"


def load_expected(name: str) -> dict[str, Any]:
    """Reference numbers of one R script.

    Parameters
    ----------
    name : str
        File name in ``expected/`` without its ending.

    Returns
    -------
    dict
        Parsed anew at every call, so a test may change it.
    """
    content: dict[str, Any] = json.loads(_text(name))
    return content


@cache
def _text(name: str) -> str:
    return (_EXPECTED / f"{name}.json").read_text(encoding="utf-8")
