"""`Instrument` and its parts: the structure of a questionnaire, without its protected wording."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, get_args

from servqual.errors import InstrumentError, nearest, shorten
from servqual.typing import Side

_KEY = re.compile(r"[^\W\d]\w*")
# Surveys call the mean of the dimension scores so; a dimension of this name would hide behind it.
_OVERALL = "quality"
_TOP_LEVEL = (
    "id",
    "title",
    "version",
    "citation",
    "doi",
    "note",
    "scale",
    "sides",
    "dimensions",
    "items",
)


@dataclass(frozen=True, slots=True)
class Scale:
    """The answer scale of an instrument.

    Attributes
    ----------
    minimum, maximum : float
        The lowest and the highest answer.
    minimum_label, maximum_label : str
        What the two ends say, in words.
    continuous : bool
        Whether answers between whole steps are allowed (a slider).

    Raises
    ------
    InstrumentError
        If the ends are not in order.

    Examples
    --------
    >>> Scale(1, 7).midpoint
    4.0
    """

    minimum: float = 1.0
    maximum: float = 7.0
    minimum_label: str = ""
    maximum_label: str = ""
    continuous: bool = False

    def __post_init__(self) -> None:
        for name in ("minimum", "maximum"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise InstrumentError(
                    f"The scale's {name} is {value!r}, but must be a number, as in `scale = [1, "
                    "7]`."
                )
            if not math.isfinite(value):
                raise InstrumentError(
                    f"The scale's {name} is {value!r}, but must be a finite number."
                )
            object.__setattr__(self, name, float(value))
        if not isinstance(self.continuous, bool):
            raise InstrumentError(
                f"The scale has `continuous = {self.continuous!r}`, but it must be true or false."
            )
        if not self.minimum < self.maximum:
            raise InstrumentError(
                f"The scale runs from {self.minimum:g} to {self.maximum:g}, but its minimum must "
                "lie below its maximum."
            )
        if not self.continuous and not (self.maximum - self.minimum).is_integer():
            raise InstrumentError(
                f"The scale from {self.minimum:g} to {self.maximum:g} is not a whole number of "
                "steps long. Set `continuous = true` if answers may lie between steps."
            )

    @property
    def midpoint(self) -> float:
        """The middle of the scale."""
        return (self.minimum + self.maximum) / 2.0

    @property
    def width(self) -> float:
        """Distance from the lowest to the highest answer."""
        return self.maximum - self.minimum

    def __str__(self) -> str:
        return f"{self.minimum:g}–{self.maximum:g}"


@dataclass(frozen=True, slots=True)
class Item:
    """One question of an instrument.

    Attributes
    ----------
    number : int
        Its number in the instrument.
    key : str
        A stable word for its content. Numbers moved between the editions of SERVQUAL, keys did not.
    dimension : str
        Key of the dimension that it belongs to.
    label : str
        What it asks, in a few words of our own.
    reversed : bool
        Whether agreement means *bad* service, so that answers are turned round (minimum + maximum −
        answer).
    wording : str
        The question as respondents read it, where the user attached it.
    """

    number: int
    key: str
    dimension: str
    label: str = ""
    reversed: bool = False
    wording: str = ""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A group of items that measure one thing.

    Attributes
    ----------
    key : str
        The word by which analyses and columns name it, such as ``"reliability"``.
    label : str
        The name that tables and plots show.
    description : str
        What it means, in one sentence.
    """

    key: str
    label: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Instrument:
    """What a survey asks: dimensions, their items, and the answer scale.

    Take a published one by `servqual.instrument`, read your own by `from_toml`, or build one here.

    Attributes
    ----------
    id : str
        Short name, such as ``"servqual-1991"``.
    title : str
        Full name.
    scale : Scale
        Answer scale, the same for every item.
    dimensions : tuple of Dimension
        In the order in which tables show them.
    items : tuple of Item
        In the order of their numbers.
    sides : tuple of {"expectation", "perception", "minimum", "desired"}
        What is asked about each item.
    version, citation, doi, note : str
        Where it comes from, and what one should know.

    Raises
    ------
    InstrumentError
        If the parts contradict each other; the message lists all contradictions.

    Examples
    --------
    >>> import servqual as sq
    >>> servqual = sq.instrument("servqual-1991")
    >>> [dimension.key for dimension in servqual.dimensions]
    ['tangibles', 'reliability', 'responsiveness', 'assurance', 'empathy']
    >>> [item.number for item in servqual.items_of("responsiveness")]
    [10, 11, 12, 13]
    """

    id: str
    title: str
    scale: Scale
    dimensions: tuple[Dimension, ...]
    items: tuple[Item, ...]
    sides: tuple[Side, ...] = ("expectation", "perception")
    version: str = ""
    citation: str = ""
    doi: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.items, key=lambda item: item.number))
        object.__setattr__(self, "items", ordered)
        object.__setattr__(self, "dimensions", tuple(self.dimensions))
        object.__setattr__(self, "sides", tuple(self.sides))
        problems = list(_contradictions(self))
        if problems:
            raise InstrumentError(f"Instrument {self.id!r}: {' '.join(problems)}")

    # ---- looking things up -------------------------------------------------------------------

    def items_of(self, dimension: str) -> tuple[Item, ...]:
        """Items of one dimension, in the order of their numbers.

        Parameters
        ----------
        dimension : str
            Key of the dimension.

        Returns
        -------
        tuple of Item

        Raises
        ------
        InstrumentError
            If there is no such dimension.
        """
        self.dimension(dimension)
        return tuple(item for item in self.items if item.dimension == dimension)

    def dimension(self, key: str) -> Dimension:
        """Return the dimension with this key.

        Parameters
        ----------
        key : str
            Such as ``"reliability"``.

        Returns
        -------
        Dimension

        Raises
        ------
        InstrumentError
            If there is no such dimension.
        """
        for dimension in self.dimensions:
            if dimension.key == key:
                return dimension
        keys = [dimension.key for dimension in self.dimensions]
        close = nearest(key, keys, n=1)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        raise InstrumentError(
            f"{self.title} has no dimension {key!r}; it has {shorten(keys)}.{hint}"
        )

    def item(self, which: int | str) -> Item:
        """Return the item with this number or key.

        Parameters
        ----------
        which : int or str
            Number, or key.

        Returns
        -------
        Item

        Raises
        ------
        InstrumentError
            If there is no such item.
        """
        for item in self.items:
            if which in (item.number, item.key):
                return item
        close = nearest(str(which), [item.key for item in self.items], n=1)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        raise InstrumentError(
            f"{self.title} has no item {which!r}; its {len(self.items)} items are numbered "
            f"{self.items[0].number} to {self.items[-1].number}.{hint}"
        )

    @property
    def reversed_items(self) -> tuple[int, ...]:
        """Numbers of the items that are turned round before scoring."""
        return tuple(item.number for item in self.items if item.reversed)

    def with_wording(self, wording: Mapping[int | str, str]) -> Instrument:
        """Return the instrument with your own wording of the questions attached.

        Parameters
        ----------
        wording : mapping of int or str to str
            Item number or key → the question as respondents read it.

        Returns
        -------
        Instrument

        Raises
        ------
        InstrumentError
            If an item does not exist.

        Examples
        --------
        >>> import servqual as sq
        >>> own = sq.instrument("servqual-1991").with_wording({1: "Modern equipment here."})
        >>> own.item(1).wording
        'Modern equipment here.'
        """
        texts = {self.item(which).number: text for which, text in wording.items()}
        items = tuple(
            replace(item, wording=texts.get(item.number, item.wording)) for item in self.items
        )
        return replace(self, items=items)

    # ---- reading and writing -----------------------------------------------------------------

    @classmethod
    def from_toml(cls, source: str | Path) -> Instrument:
        """Read an instrument from a TOML file.

        The short form gives the scale and the item numbers of each dimension; the long form, as
        `to_toml` writes it, also keys, labels and reversed items.

        Parameters
        ----------
        source : str or Path
            Path of the file, or the TOML text itself (recognised by its line breaks).

        Returns
        -------
        Instrument

        Raises
        ------
        InstrumentError
            If the file is missing, is not TOML, or contradicts itself.

        Examples
        --------
        >>> cafe = Instrument.from_toml('''
        ... id = "cafe"
        ... scale = [1, 5]
        ... [dimensions]
        ... coffee = [1, 2, 3]
        ... people = [4, 5]
        ... ''')
        >>> len(cafe.items), str(cafe.scale)
        (5, '1–5')
        """
        text, name = _read_source(source)
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InstrumentError(f"The instrument {name!r} is not valid TOML: {error}.") from error
        return _from_table(table, name)

    def to_toml(self, path: str | Path | None = None) -> str:
        """Write the instrument as TOML; `from_toml` reads it back as it was.

        Parameters
        ----------
        path : str or Path, optional
            Where to write it, besides returning it.

        Returns
        -------
        str
        """
        text = _to_toml(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def __repr__(self) -> str:
        lines = [f"Instrument {self.id!r}: {self}"]
        width = max(len(dimension.label or dimension.key) for dimension in self.dimensions)
        for dimension in self.dimensions:
            members = self.items_of(dimension.key)
            numbers = ", ".join(
                f"{item.number}{' (reversed)' if item.reversed else ''}" for item in members
            )
            lines.append(f"  {dimension.label or dimension.key:<{width}}  {numbers}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return (
            f"{self.title} ({len(self.items)} items, {len(self.dimensions)} dimensions, "
            f"scale {self.scale})"
        )


# ---- what can be wrong ---------------------------------------------------------------------------


def _contradictions(instrument: Instrument) -> Iterator[str]:
    if not instrument.id.strip():
        yield "The id is empty; give it a short name."
    if not instrument.items:
        yield "There are no items; list their numbers under each dimension."
    keys = [dimension.key for dimension in instrument.dimensions]
    yield from _repeated("dimension", keys)
    yield from _repeated("item number", [item.number for item in instrument.items])
    yield from _repeated("item key", [item.key for item in instrument.items])
    yield from _repeated("side", list(instrument.sides))
    if _OVERALL in keys:
        yield (
            f"{_OVERALL!r} is the name of the overall score, so no dimension can have it; "
            "give that dimension another key."
        )
    bad_keys = [
        key for key in [*keys, *(item.key for item in instrument.items)] if not _KEY.fullmatch(key)
    ]
    if bad_keys:
        yield (
            f"These keys are not single words of letters, digits and underscores: "
            f"{shorten(bad_keys)}."
        )
    numbers: list[object] = [item.number for item in instrument.items]
    if any(not isinstance(number, int) or number < 1 for number in numbers):
        yield "Item numbers must be whole numbers from 1."
    homeless = [item.number for item in instrument.items if not item.dimension]
    if homeless:
        yield f"These items belong to no dimension: {shorten(homeless)}."
    used = {item.dimension for item in instrument.items if item.dimension}
    unknown = sorted(used - set(keys))
    if unknown:
        yield f"Items belong to dimensions that are not declared: {shorten(unknown)}."
    empty = [key for key in keys if key not in used]
    if empty:
        yield f"These dimensions have no items: {shorten(empty)}."
    sides = get_args(Side)
    wrong = [side for side in instrument.sides if side not in sides]
    if wrong or not instrument.sides:
        yield f"`sides` is {list(instrument.sides)}, but must list some of {', '.join(sides)}."


def _repeated(what: str, values: list[Any]) -> Iterator[str]:
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        yield f"The same {what} stands more than once: {shorten(repeated)}."


# ---- TOML ----------------------------------------------------------------------------------------


def _read_source(source: str | Path) -> tuple[str, str]:
    if isinstance(source, str) and "\n" in source:
        return source, "own"
    path = Path(source)
    try:
        return path.read_text(encoding="utf-8-sig"), path.stem
    except FileNotFoundError as error:
        raise InstrumentError(
            f"There is no instrument file at {str(path)!r}. Give the path of a TOML file."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InstrumentError(
            f"The instrument file {str(path)!r} cannot be read as UTF-8 text: {error}."
        ) from error


def _from_table(table: Mapping[str, Any], name: str) -> Instrument:
    unknown = [key for key in table if key not in _TOP_LEVEL]
    if unknown:
        raise InstrumentError(
            f"The instrument {name!r} has entries that are not known: {shorten(unknown)}. "
            f"Known are {', '.join(_TOP_LEVEL)}."
        )
    declared = table.get("dimensions")
    if not isinstance(declared, Mapping) or not declared:
        raise InstrumentError(
            f"The instrument {name!r} has no dimensions. Add a table such as\n"
            "[dimensions]\nreliability = [1, 2, 3]"
        )
    dimensions, members = _read_dimensions(declared)
    identifier = str(table.get("id", _word(name)))
    texts = {key: str(table.get(key, "")) for key in ("version", "citation", "doi", "note")}
    sides = table.get("sides", ["expectation", "perception"])
    if not isinstance(sides, list):
        raise InstrumentError(
            f'`sides` is {sides!r}, but must be a list, such as `sides = ["perception"]`.'
        )
    return Instrument(
        id=identifier,
        title=str(table.get("title", identifier)),
        scale=_read_scale(table.get("scale", [1, 7])),
        dimensions=dimensions,
        items=_read_items(table.get("items", []), members),
        sides=tuple(cast("Side", side) for side in sides),
        **texts,
    )


def _read_scale(given: Any) -> Scale:
    if isinstance(given, list) and len(given) == 2:
        return Scale(given[0], given[1])
    if isinstance(given, Mapping):
        known = ("minimum", "maximum", "minimum_label", "maximum_label", "continuous")
        unknown = [key for key in given if key not in known]
        if unknown:
            raise InstrumentError(
                f"The scale has entries that are not known: {shorten(unknown)}. "
                f"Known are {', '.join(known)}."
            )
        return Scale(**given)
    raise InstrumentError(f"The scale is {given!r}, but must be written as `scale = [1, 7]`.")


def _read_dimensions(
    declared: Mapping[str, Any],
) -> tuple[tuple[Dimension, ...], list[tuple[int, str]]]:
    dimensions: list[Dimension] = []
    members: list[tuple[int, str]] = []
    for key, value in declared.items():
        details = {"items": value} if isinstance(value, list) else value
        if not isinstance(details, Mapping):
            raise InstrumentError(
                f"The dimension {key!r} is {value!r}, but must list its item numbers, "
                "as in `reliability = [5, 6, 7, 8, 9]`."
            )
        known = ("items", "label", "description")
        unknown = [entry for entry in details if entry not in known]
        if unknown:
            raise InstrumentError(
                f"The dimension {key!r} has entries that are not known: {shorten(unknown)}. "
                f"Known are {', '.join(known)}."
            )
        if not isinstance(details.get("items", []), list):
            raise InstrumentError(
                f"The dimension {key!r} has `items = {details['items']!r}`, but must list their "
                "numbers, "
                "as in `items = [5, 6, 7]`."
            )
        label = str(details.get("label", key.replace("_", " ").capitalize()))
        dimensions.append(Dimension(key, label, str(details.get("description", ""))))
        for number in details.get("items", []):
            if isinstance(number, bool) or not isinstance(number, int):
                raise InstrumentError(
                    f"The dimension {key!r} lists {number!r}, but items are given by whole numbers."
                )
            members.append((number, key))
    return tuple(dimensions), members


def _read_items(given: Any, members: list[tuple[int, str]]) -> tuple[Item, ...]:
    if not isinstance(given, list) or not all(isinstance(entry, Mapping) for entry in given):
        raise InstrumentError(
            "`items` must be written as a list of tables, each starting with [[items]]."
        )
    details: dict[int, Mapping[str, Any]] = {}
    for entry in given:
        number = entry.get("number")
        if isinstance(number, bool) or not isinstance(number, int):
            raise InstrumentError(
                f"An item has the number {number!r}, but items are numbered by whole numbers."
            )
        if number in details:
            raise InstrumentError(f"The item number {number} stands more than once.")
        details[number] = entry
    placed = members + [
        (number, str(entry.get("dimension", "")))
        for number, entry in details.items()
        if number not in {member for member, _ in members}
    ]
    return tuple(_read_item(number, key, details.get(number, {})) for number, key in placed)


def _read_item(number: int, dimension: str, details: Mapping[str, Any]) -> Item:
    known = ("number", "key", "dimension", "label", "reversed", "wording")
    unknown = [key for key in details if key not in known]
    if unknown:
        raise InstrumentError(
            f"Item {number} has entries that are not known: {shorten(unknown)}. "
            f"Known are {', '.join(known)}."
        )
    elsewhere = str(details.get("dimension", dimension))
    if elsewhere != dimension:
        raise InstrumentError(
            f"Item {number} stands under {dimension!r} and says it belongs to {elsewhere!r}."
        )
    is_reversed = details.get("reversed", False)
    if not isinstance(is_reversed, bool):
        raise InstrumentError(
            f"Item {number} has `reversed = {is_reversed!r}`, but it must be true or false."
        )
    return Item(
        number=number,
        key=str(details.get("key", f"{dimension}_{number}")),
        dimension=dimension,
        label=str(details.get("label", f"Item {number}")),
        reversed=is_reversed,
        wording=str(details.get("wording", "")),
    )


def _word(name: str) -> str:
    return re.sub(r"[^\w-]+", "-", name).strip("-") or "own"


def _string(text: str) -> str:
    # JSON's escapes are a subset of TOML's, except that TOML also wants DEL escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _to_toml(instrument: Instrument) -> str:
    scale = instrument.scale
    lines = [f"id = {_string(instrument.id)}", f"title = {_string(instrument.title)}"]
    lines += [
        f"{key} = {_string(getattr(instrument, key))}"
        for key in ("version", "citation", "doi", "note")
        if getattr(instrument, key)
    ]
    lines.append(f"sides = [{', '.join(_string(side) for side in instrument.sides)}]")
    lines += ["", "[scale]", f"minimum = {_number(scale.minimum)}"]
    lines.append(f"maximum = {_number(scale.maximum)}")
    lines += [
        f"{key} = {_string(getattr(scale, key))}"
        for key in ("minimum_label", "maximum_label")
        if getattr(scale, key)
    ]
    if scale.continuous:
        lines.append("continuous = true")
    for dimension in instrument.dimensions:
        lines += ["", f"[dimensions.{_toml_key(dimension.key)}]"]
        lines.append(f"label = {_string(dimension.label)}")
        if dimension.description:
            lines.append(f"description = {_string(dimension.description)}")
    for item in instrument.items:
        lines += ["", "[[items]]", f"number = {item.number}", f"key = {_string(item.key)}"]
        lines += [f"dimension = {_string(item.dimension)}", f"label = {_string(item.label)}"]
        if item.reversed:
            lines.append("reversed = true")
        if item.wording:
            lines.append(f"wording = {_string(item.wording)}")
    return "\n".join(lines) + "\n"


def _toml_key(key: str) -> str:
    return key if key.isascii() else _string(key)
