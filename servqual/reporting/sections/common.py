"""What several sections need: remarks from results, and tables of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from servqual.reporting.blocks import Remarks
from servqual.reporting.material import Attempt, Material


def remarks(*sources: Iterable[str]) -> tuple[Remarks, ...]:
    """Collect remarks, each once.

    Parameters
    ----------
    *sources : iterable of str
        Sentences.

    Returns
    -------
    tuple of Remarks
        Empty if there are none.
    """
    sentences = tuple(dict.fromkeys(sentence for source in sources for sentence in source))
    return (Remarks(sentences),) if sentences else ()


def said_by(attempt: Attempt[Any]) -> tuple[str, ...]:
    """Warnings and notes of a result."""
    notes = () if attempt.value is None else tuple(attempt.value.notes)
    return (*attempt.remarks, *notes)


def dimension_labels(material: Material) -> dict[str, str]:
    """Key of each dimension → the name that is shown."""
    return {part.key: part.label or part.key for part in material.survey.instrument.dimensions}


def scale_text(material: Material) -> str:
    """Write the answer scale, such as "1–7 scale"."""
    return f"{material.survey.instrument.scale} scale"
