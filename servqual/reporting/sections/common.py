"""What several sections need: remarks from results, and tables of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from servqual.reporting.blocks import Block, BulletList, Paragraph, Remarks, prose
from servqual.reporting.material import Attempt, Material
from servqual.results import Interpretation


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


def words_of(words: Interpretation) -> Iterator[Block]:
    """Write an interpretation as a list, with the sources of its rules."""
    if words.statements:
        yield BulletList(tuple(prose(part.text) for part in words.statements))
    if words.sources:
        yield Paragraph(prose(f"Rules of thumb: {'; '.join(words.sources)}."), "small")


def dimension_labels(material: Material) -> dict[str, str]:
    """Key of each dimension → the name that is shown."""
    return {part.key: part.label or part.key for part in material.survey.instrument.dimensions}


def scale_text(material: Material) -> str:
    """Write the answer scale, such as "1–7 scale"."""
    return f"{material.survey.instrument.scale} scale"
