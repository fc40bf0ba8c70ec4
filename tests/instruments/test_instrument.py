"""Instruments of one's own: read, written, looked up, and refused with the reason."""

from __future__ import annotations

import copy
import pickle
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servqual.errors import InstrumentError
from servqual.instruments.instrument import Dimension, Instrument, Item, Scale
from servqual.survey.survey import QUALITY
from servqual.typing import Side

#: An instrument of one's own in ten lines.
TEN_LINES = """\
scale = [1, 7]
[dimensions]
usefulness = [1, 2, 3]
ease_of_use = [4, 5, 6]
enjoyment = [7, 8, 9]
control = [10, 11, 12]
security = [13, 14, 15]
design = [16, 17, 18]
speed = [19, 20, 21]
convenience = [22, 23, 24]
"""

CAFE = """
id = "cafe"
scale = [1, 5]
[dimensions]
coffee = [1, 2, 3]
people = [4, 5]
"""


def instrument_of(text: str) -> Instrument:
    return Instrument.from_toml(text)


def with_items(*items: Item, **changes: Any) -> Instrument:
    settings: dict[str, Any] = {
        "id": "own",
        "title": "Own",
        "scale": Scale(1, 7),
        "dimensions": tuple(Dimension(key) for key in dict.fromkeys(i.dimension for i in items)),
        "items": items,
    }
    return Instrument(**(settings | changes))


# ---- the short form ------------------------------------------------------------------------------


def test_ten_lines_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(TEN_LINES, encoding="utf-8")
    assert len(TEN_LINES.splitlines()) == 10
    for source in (path, str(path)):
        kiosk = Instrument.from_toml(source)
        assert kiosk.id == kiosk.title == "kiosk"
        assert len(kiosk.dimensions) == 8
        assert [item.number for item in kiosk.items] == list(range(1, 25))
        assert kiosk.sides == ("expectation", "perception")
        assert kiosk.scale == Scale(1, 7)
        assert kiosk.reversed_items == ()
        assert kiosk.dimension("ease_of_use").label == "Ease of use"
        assert [item.key for item in kiosk.items_of("design")] == [
            "design_16",
            "design_17",
            "design_18",
        ]
        assert kiosk.item(24).label == "Item 24"
    assert str(kiosk) == "kiosk (24 items, 8 dimensions, scale 1–7)"


@pytest.mark.parametrize(
    ("stem", "expected"),
    [("my survey (2024)", "my-survey-2024"), ("umfrage_größe", "umfrage_größe"), ("§", "own")],
)
def test_id_from_the_file_name(tmp_path: Path, stem: str, expected: str) -> None:
    path = tmp_path / f"{stem}.toml"
    path.write_text(TEN_LINES, encoding="utf-8")
    assert Instrument.from_toml(path).id == expected


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "cafe.toml"
    path.write_bytes(b"\xef\xbb\xbf" + CAFE.replace("\n", "\r\n").encode())
    assert Instrument.from_toml(path) == instrument_of(CAFE)


def test_items_of_different_dimensions_may_be_mixed() -> None:
    mixed = instrument_of("[dimensions]\nodd = [5, 1, 3]\neven = [4, 2]\n")
    assert [item.number for item in mixed.items] == [1, 2, 3, 4, 5]
    assert [item.number for item in mixed.items_of("odd")] == [1, 3, 5]
    # A scale of 1 to 7 is what SERVQUAL asks.
    assert mixed.scale == Scale(1, 7)


def test_details_of_items_besides_the_short_form() -> None:
    cafe = instrument_of(
        f'{CAFE}[[items]]\nnumber = 2\nkey = "taste"\nlabel = "Bad taste"\nreversed = true\n'
    )
    assert cafe.item("taste") == Item(2, "taste", "coffee", "Bad taste", True)
    assert cafe.reversed_items == (2,)
    assert cafe.item(1).key == "coffee_1"


def test_long_form() -> None:
    text = """
    id = "cafe"
    title = "Café"
    version = "2"
    citation = "Nobody (2024)."
    doi = "10.1/x"
    note = "For a test."
    sides = ["perception", "minimum", "desired"]
    [scale]
    minimum = 0
    maximum = 10
    minimum_label = "never"
    maximum_label = "always"
    continuous = true
    [dimensions.coffee]
    label = "The coffee"
    description = "What is in the cup."
    [[items]]
    number = 7
    key = "taste"
    dimension = "coffee"
    """
    cafe = instrument_of(text)
    assert (cafe.version, cafe.citation, cafe.doi) == ("2", "Nobody (2024).", "10.1/x")
    assert cafe.note == "For a test."
    assert cafe.sides == ("perception", "minimum", "desired")
    assert cafe.scale == Scale(0, 10, "never", "always", True)
    assert cafe.dimensions == (Dimension("coffee", "The coffee", "What is in the cup."),)
    assert cafe.items == (Item(7, "taste", "coffee", "Item 7"),)


# ---- round trips ---------------------------------------------------------------------------------

_NASTY = st.sampled_from(
    ['"', "'", "\\", "\n", "\r\n", "\t", "\x7f", "\x00", "\x85", "\u2028", "é", "😀"]
)
#: Any text that a file can hold: surrogates are no characters.
_TEXT = st.lists(
    _NASTY | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=4
).map("".join)
_KEYS = st.from_regex(r"[a-z_äß][a-z0-9_ä]{0,8}", fullmatch=True).filter(lambda key: key != QUALITY)
_SIDES: list[Side] = ["expectation", "perception", "minimum", "desired"]


@st.composite
def scales(draw: st.DrawFn) -> Scale:
    if draw(st.booleans()):
        low = draw(st.integers(-100, 100))
        return Scale(low, low + draw(st.integers(1, 100)), draw(_TEXT), draw(_TEXT))
    low_end = draw(st.floats(-1e20, 1e20))
    high = draw(st.floats(-1e20, 1e20).filter(lambda end: end > low_end))
    return Scale(low_end, high, continuous=True)


@st.composite
def instruments(draw: st.DrawFn) -> Instrument:
    keys = draw(st.lists(_KEYS, min_size=1, max_size=4, unique=True))
    numbers = draw(st.lists(st.integers(1, 10**6), min_size=len(keys), max_size=8, unique=True))
    item_keys = draw(st.lists(_KEYS, min_size=len(numbers), max_size=len(numbers), unique=True))
    items = []
    for place, (number, key) in enumerate(zip(numbers, item_keys, strict=True)):
        home = keys[place] if place < len(keys) else draw(st.sampled_from(keys))
        items.append(Item(number, key, home, draw(_TEXT), draw(st.booleans()), draw(_TEXT)))
    return Instrument(
        id=draw(_TEXT.filter(str.strip)),
        title=draw(_TEXT),
        scale=draw(scales()),
        dimensions=tuple(Dimension(key, draw(_TEXT), draw(_TEXT)) for key in keys),
        items=tuple(items),
        sides=tuple(draw(st.lists(st.sampled_from(_SIDES), min_size=1, unique=True))),
        version=draw(_TEXT),
        citation=draw(_TEXT),
        doi=draw(_TEXT),
        note=draw(_TEXT),
    )


@settings(max_examples=200)
@given(instruments())
def test_toml_round_trip(instrument: Instrument) -> None:
    text = instrument.to_toml()
    assert Instrument.from_toml(text) == instrument
    assert Instrument.from_toml(text).to_toml() == text


@settings(max_examples=30)
@given(instruments())
def test_toml_round_trip_through_a_file(
    tmp_path_factory: pytest.TempPathFactory, instrument: Instrument
) -> None:
    path = tmp_path_factory.mktemp("instruments") / "own.toml"
    text = instrument.to_toml(path)
    assert path.read_bytes().decode("utf-8") == text
    assert Instrument.from_toml(path) == instrument


def test_written_toml_reads_well() -> None:
    text = instrument_of(CAFE).to_toml()
    assert text.startswith('id = "cafe"\ntitle = "cafe"\nsides = ["expectation", "perception"]\n')
    assert "minimum = 1\nmaximum = 5\n" in text
    assert "wording" not in text
    assert tomllib.loads(text)["items"][0] == {
        "number": 1,
        "key": "coffee_1",
        "dimension": "coffee",
        "label": "Item 1",
    }


def test_copies() -> None:
    cafe = instrument_of(CAFE)
    assert pickle.loads(pickle.dumps(cafe)) == cafe
    assert copy.deepcopy(cafe) == cafe
    assert len({cafe, instrument_of(CAFE)}) == 1
    with pytest.raises(AttributeError):
        cafe.id = "other"  # type: ignore[misc]


# ---- looking things up ---------------------------------------------------------------------------


def test_unknown_dimension() -> None:
    cafe = instrument_of(CAFE)
    words = r"cafe has no dimension 'coffe'; it has coffee, people\. Did you mean \"coffee\"\?"
    with pytest.raises(InstrumentError, match=words):
        cafe.dimension("coffe")
    with pytest.raises(InstrumentError, match=words):
        cafe.items_of("coffe")


def test_unknown_item() -> None:
    cafe = instrument_of(CAFE)
    with pytest.raises(
        InstrumentError, match="cafe has no item 9; its 5 items are numbered 1 to 5"
    ):
        cafe.item(9)
    with pytest.raises(InstrumentError, match=r"no item 'cofee_2'.*Did you mean \"coffee_2\""):
        cafe.item("cofee_2")


def test_wording() -> None:
    cafe = instrument_of(CAFE)
    own = cafe.with_wording({1: "The coffee is hot.", "people_4": "They smile."})
    assert own.item(1).wording == "The coffee is hot."
    assert own.item(4).wording == "They smile."
    assert own.item(2).wording == ""
    assert own.with_wording({1: "Hot."}).item(4).wording == "They smile."
    assert cafe.item(1).wording == ""
    assert Instrument.from_toml(own.to_toml()) == own
    with pytest.raises(InstrumentError, match="no item 99"):
        cafe.with_wording({99: "?"})


# ---- scales --------------------------------------------------------------------------------------


def test_scale() -> None:
    scale = Scale(1, 7)
    assert (scale.midpoint, scale.width, str(scale)) == (4.0, 6.0, "1–7")
    assert Scale(1, 10).midpoint == 5.5
    assert isinstance(scale.minimum, float)
    assert str(Scale(0, 1.5, continuous=True)) == "0–1.5"
    assert Scale(0.5, 5.5).width == 5.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((7, 1), "runs from 7 to 1, but its minimum must lie below its maximum"),
        ((3, 3), "runs from 3 to 3, but its minimum must lie below"),
        ((1, 6.5), r"not a whole number of steps long\. Set `continuous = true`"),
        (("1", 7), r"scale's minimum is '1', but must be a number, as in `scale = \[1, 7\]`"),
        ((1, True), "scale's maximum is True, but must be a number"),
        ((1, float("inf"), "", "", True), "scale's maximum is inf, but must be a finite number"),
        ((float("nan"), 7), "scale's minimum is nan, but must be a finite number"),
        ((1, 7, "", "", "yes"), "has `continuous = 'yes'`, but it must be true or false"),
    ],
)
def test_scale_errors(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(InstrumentError, match=words):
        Scale(*arguments)


# ---- contradictions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[dimensions]\na = [1, 2, 2]\n", r"same item number stands more than once: 2\."),
        ("[dimensions]\na = [1, 2]\nb = [2, 3]\n", r"same item number stands more than once: 2\."),
        ("[dimensions]\na = [0, 1]\n", r"Item numbers must be whole numbers from 1\."),
        ("[dimensions]\na = [1]\nb = []\n", r"These dimensions have no items: b\."),
        (
            '[dimensions]\n"a-b" = [1]\n',
            r"not single words of letters, digits and underscores: a-b, a-b_1\.",
        ),
        ('id = " "\n[dimensions]\na = [1]\n', r"The id is empty; give it a short name\."),
        (
            'sides = ["percepton"]\n[dimensions]\na = [1]\n',
            r"`sides` is \['percepton'\], but must list some of expectation, perception, minimum, "
            "desired",
        ),
        ("sides = []\n[dimensions]\na = [1]\n", r"`sides` is \[\], but must list some of"),
        (
            'sides = "perception"\n[dimensions]\na = [1]\n',
            r"`sides` is 'perception', but must be a list",
        ),
        (
            'sides = ["perception", "perception"]\n[dimensions]\na = [1]\n',
            "The same side stands more than once: perception",
        ),
        (
            "[dimensions]\nquality = [1]\n",
            "'quality' is the name of the overall score, so no dimension can have it",
        ),
        (
            '[dimensions]\na = [1, 2]\n[[items]]\nnumber = 1\nkey = "x"\n'
            '[[items]]\nnumber = 2\nkey = "x"\n',
            "The same item key stands more than once: x",
        ),
        (
            '[dimensions]\na = [1]\n[[items]]\nnumber = 2\ndimension = "b"\n',
            r"Items belong to dimensions that are not declared: b\.",
        ),
        (
            "[dimensions]\na = [1]\n[[items]]\nnumber = 2\n",
            r"These items belong to no dimension: 2\.",
        ),
        (
            '[dimensions]\na = [1]\nb = [2]\n[[items]]\nnumber = 1\ndimension = "b"\n',
            "Item 1 stands under 'a' and says it belongs to 'b'",
        ),
        (
            "[dimensions]\na = [1]\n[[items]]\nnumber = 1\n[[items]]\nnumber = 1\n",
            "The item number 1 stands more than once",
        ),
        (
            '[dimensions]\na = [1]\n[[items]]\nnumber = "1"\n',
            "An item has the number '1', but items are numbered by whole numbers",
        ),
        (
            "[dimensions]\na = [1]\n[[items]]\nnumber = 1\nreversed = 1\n",
            "Item 1 has `reversed = 1`, but it must be true or false",
        ),
        (
            "[dimensions]\na = [1]\n[[items]]\nnumber = 1\nlabl = 'x'\n",
            r"Item 1 has entries that are not known: labl\. Known are number, key, dimension",
        ),
        ("items = 3\n[dimensions]\na = [1]\n", r"`items` must be .* each starting with \[\[items"),
        ("scale = [1, 7]\n", r"'own' has no dimensions\. Add a table such as\n\[dimensions\]"),
        ("[dimensions]\n", "'own' has no dimensions"),
        ("[dimensions]\na = 1\n", r"dimension 'a' is 1, but must list its item numbers"),
        ("[dimensions]\na = [1.5]\n", r"'a' lists 1\.5, but items are given by whole numbers"),
        ("[dimensions]\na = [true]\n", "'a' lists True, but items are given by whole numbers"),
        (
            "[dimensions.a]\nitem = [1]\n",
            r"dimension 'a' has entries that are not known: item\. Known are items, label, desc",
        ),
        ("[dimensions.a]\nitems = 5\n", "'a' has `items = 5`, but must list their numbers"),
        (
            "skale = [1, 7]\n[dimensions]\na = [1]\n",
            r"'own' has entries that are not known: skale\. Known are id, title, version",
        ),
        ("scale = 7\n[dimensions]\na = [1]\n", r"scale is 7, but must be written as `scale = \[1"),
        ("scale = [1, 2, 3]\n[dimensions]\na = [1]\n", "but must be written as"),
        (
            "[scale]\nmin = 1\n[dimensions]\na = [1]\n",
            r"The scale has entries that are not known: min\. Known are minimum, maximum",
        ),
        ("scale = [1, 7\n[dimensions]\n", r"The instrument 'own' is not valid TOML: .*line 2"),
        ("scale = [5, 1]\n[dimensions]\na = [1]\n", "its minimum must lie below its maximum"),
    ],
)
def test_contradictions(text: str, words: str) -> None:
    with pytest.raises(InstrumentError, match=words):
        instrument_of(text)


def test_all_contradictions_at_once() -> None:
    with pytest.raises(InstrumentError) as caught:
        instrument_of('id = ""\n[dimensions]\na = [0, 1, 1]\nb = []\n')
    message = str(caught.value)
    for words in ("id is empty", "number stands more than once: 1", "from 1.", "no items: b"):
        assert words in message


def test_contradictions_of_one_that_was_built() -> None:
    item = Item(1, "one", "a")
    assert with_items(item).items == (item,)
    with pytest.raises(InstrumentError, match="There are no items; list their numbers"):
        with_items(dimensions=(Dimension("a"),))
    with pytest.raises(InstrumentError, match="The same dimension stands more than once: a"):
        with_items(item, dimensions=(Dimension("a"), Dimension("a")))
    with pytest.raises(InstrumentError, match="dimensions that are not declared: b"):
        with_items(item, Item(2, "two", "b"), dimensions=(Dimension("a"),))
    with pytest.raises(InstrumentError, match="Item numbers must be whole numbers from 1"):
        with_items(replace(item, number=1.5))  # type: ignore[arg-type]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InstrumentError, match=r"no instrument file at '.*none\.toml'\. Give the"):
        Instrument.from_toml(tmp_path / "none.toml")
    latin = tmp_path / "latin.toml"
    latin.write_bytes('id = "café"'.encode("latin-1"))
    with pytest.raises(InstrumentError, match="cannot be read as UTF-8 text"):
        Instrument.from_toml(latin)
    with pytest.raises(InstrumentError, match="cannot be read as UTF-8 text"):
        Instrument.from_toml(tmp_path)


def test_overall_score_has_one_name() -> None:
    # instruments/ may not import survey/, so the word stands in both.
    with pytest.raises(InstrumentError, match=f"'{QUALITY}' is the name of the overall score"):
        with_items(Item(1, "one", QUALITY))
