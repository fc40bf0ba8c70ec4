"""What a report is made of: text, tables, figures and sections, without any markup.

Everything here holds plain text. The template escapes all of it, so a label from the data can never
become part of the page's own markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeAlias

RunKind: TypeAlias = Literal["plain", "symbol", "strong", "sub", "link"]


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a sentence.

    Attributes
    ----------
    text : str
        What is read.
    kind : {"plain", "symbol", "strong", "sub", "link"}
        Symbols of statistics are set in italics, ``"sub"`` below the line.
    href : str
        Where a link leads.
    """

    text: str
    kind: RunKind = "plain"
    href: str = ""


Prose: TypeAlias = tuple[Run, ...]


def symbol(text: str) -> Run:
    """Make a symbol of a statistic, such as *t*."""
    return Run(text, "symbol")


def sub(text: str) -> Run:
    """Make the index of a symbol."""
    return Run(text, "sub")


def strong(text: str) -> Run:
    """Make a piece of text that stands out."""
    return Run(text, "strong")


def prose(*parts: str | Run) -> Prose:
    """Make a sentence of strings and runs.

    Parameters
    ----------
    *parts : str or Run
        In reading order.

    Returns
    -------
    tuple of Run

    Examples
    --------
    >>> [run.kind for run in prose("so ", symbol("t"), " = 2.00")]
    ['plain', 'symbol', 'plain']
    """
    return tuple(Run(part) if isinstance(part, str) else part for part in parts)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph.

    Attributes
    ----------
    runs : tuple of Run
        The text.
    style : {"", "lead", "small"}
        Its weight on the page.
    """

    kind: ClassVar[str] = "paragraph"

    runs: Prose
    style: Literal["", "lead", "small"] = ""


@dataclass(frozen=True, slots=True)
class BulletList:
    """A list of short paragraphs.

    Attributes
    ----------
    items : tuple of tuple of Run
        One entry per point.
    ordered : bool
        Whether the order says something.
    """

    kind: ClassVar[str] = "list"

    items: tuple[Prose, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Remarks:
    """What the reader should know before leaning on the numbers beside it.

    Attributes
    ----------
    items : tuple of str
        Complete sentences.
    """

    kind: ClassVar[str] = "remarks"

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """Something that cannot be shown, and why.

    Attributes
    ----------
    what : str
        The beginning of the sentence, such as "The regression of loyalty is not shown".
    reason : str
        Complete sentences.
    """

    kind: ClassVar[str] = "absent"

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Subheading:
    """Heading of a part of a section.

    Attributes
    ----------
    text : str
        The heading.
    """

    kind: ClassVar[str] = "subheading"

    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column.

    Attributes
    ----------
    title : Prose
        The head.
    numeric : bool
        Whether its cells are set flush right.
    group : str
        A head that spans this and its neighbours of the same group.
    """

    title: Prose
    numeric: bool = True
    group: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """Rows of a table that belong together.

    Attributes
    ----------
    rows : tuple of tuple of str
        Cells; the first of each row is its head.
    heading : str
        What they have in common.
    """

    rows: tuple[tuple[str, ...], ...]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes
    ----------
    caption : str
        What it shows.
    columns : tuple of Column
        Heads.
    bodies : tuple of Body
        Rows.
    note : Prose
        Stands below the table.
    """

    kind: ClassVar[str] = "table"

    caption: str
    columns: tuple[Column, ...]
    bodies: tuple[Body, ...]
    note: Prose = ()

    @property
    def spans(self) -> tuple[tuple[str, int], ...]:
        """Heads of groups of columns, each with the number of its columns; empty without groups."""
        if not any(column.group for column in self.columns):
            return ()
        found: list[tuple[str, int]] = []
        for column in self.columns:
            if found and column.group and found[-1][0] == column.group:
                found[-1] = (column.group, found[-1][1] + 1)
            else:
                found.append((column.group, 1))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture.

    Attributes
    ----------
    source : str
        A ``data:`` URI.
    caption : str
        What it shows and how to read it.
    alternative : str
        What it shows, for who cannot see it.
    size : {"", "half", "wide"}
        Whether two may stand side by side, or it needs more room than others.
    """

    kind: ClassVar[str] = "figure"

    source: str
    caption: str
    alternative: str
    size: Literal["", "half", "wide"] = ""


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures side by side where there is room.

    Attributes
    ----------
    figures : tuple of Figure
        In reading order.
    """

    kind: ClassVar[str] = "gallery"

    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A term and what it means.

    Attributes
    ----------
    term : str
        The term.
    text : Prose
        Its explanation.
    """

    term: str
    text: Prose


@dataclass(frozen=True, slots=True)
class Definitions:
    """Terms and their explanations.

    Attributes
    ----------
    entries : tuple of Entry
        In reading order.
    style : {"", "facts"}
        Facts are short and stand in a grid.
    """

    kind: ClassVar[str] = "definitions"

    entries: tuple[Entry, ...]
    style: Literal["", "facts"] = ""


@dataclass(frozen=True, slots=True)
class ReferenceList:
    """References.

    Attributes
    ----------
    items : tuple of Prose
        One entry per work.
    """

    kind: ClassVar[str] = "references"

    items: tuple[Prose, ...]


Block: TypeAlias = (
    Paragraph
    | BulletList
    | Remarks
    | Absent
    | Subheading
    | Table
    | Figure
    | Gallery
    | Definitions
    | ReferenceList
)


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report.

    Attributes
    ----------
    anchor : str
        By which the table of contents finds it.
    title : str
        Heading.
    blocks : tuple of Block
        Contents.
    new_page : bool
        Whether it starts a page when printed.
    """

    anchor: str
    title: str
    blocks: tuple[Block, ...]
    new_page: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on the strip that shows the answer scale.

    Attributes
    ----------
    name : str
        What is marked.
    value : str
        The number as it is read.
    place : float
        Percent of the way from the lower to the upper end.
    role : str
        ``"perception"``, ``"expectation"`` …, which chooses the colour.
    above : bool
        Whether its text stands above the strip.
    """

    name: str
    value: str
    place: float
    role: str
    above: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """The answer scale with the overall scores on it.

    Attributes
    ----------
    low, high : str
        Ends of the scale.
    marks : tuple of Mark
        Scores.
    """

    low: str
    high: str
    marks: tuple[Mark, ...]

    @property
    def span(self) -> tuple[float, float]:
        """Start and length of the distance between the outermost marks, in percent."""
        places = [mark.place for mark in self.marks]
        return min(places), max(places) - min(places)


@dataclass(frozen=True, slots=True)
class Headline:
    """The first thing to be read.

    Attributes
    ----------
    label : str
        What the number is.
    number : str
        The number, large.
    interval : str
        Its uncertainty in words.
    strip : Strip or None
        The number on its scale.
    respondents : str
        How many people stand behind it.
    columns : tuple of tuple of Block
        What follows, side by side where there is room.
    """

    label: str
    number: str
    interval: str
    strip: Strip | None
    respondents: str
    columns: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    Attributes
    ----------
    title : str
        Title of the page.
    subtitle : str
        Instrument and sample.
    notice : str
        Stands before everything else; "" for none.
    headline : Headline
        The first section.
    sections : tuple of Section
        The others.
    footer : str
        Who made it.
    """

    title: str
    subtitle: str
    notice: str
    headline: Headline
    sections: tuple[Section, ...]
    footer: str


def rows_of(rows: Sequence[Sequence[str]], heading: str = "") -> Body:
    """Make a body of a table from lists of cells."""
    return Body(tuple(tuple(row) for row in rows), heading)


def number_column(*title: str | Run, group: str = "") -> Column:
    """Make the head of a column of numbers."""
    return Column(prose(*title), group=group)


def text_column(*title: str | Run, group: str = "") -> Column:
    """Make the head of a column of text."""
    return Column(prose(*title), numeric=False, group=group)


def halved(figures: Sequence[Figure]) -> Gallery:
    """Put figures side by side."""
    return Gallery(tuple(replace(figure, size="half") for figure in figures))
