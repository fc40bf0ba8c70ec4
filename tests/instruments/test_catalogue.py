"""What ships with the package: structure as published, in words of our own."""

from __future__ import annotations

import pickle

import pytest

import servqual as sq
from servqual.errors import InstrumentError
from servqual.instruments.catalogue import instrument, list_instruments
from servqual.instruments.instrument import Instrument

#: Parasuraman, Zeithaml & Berry (1988, 1991): the items of each dimension, in both editions.
BLOCKS = {
    "tangibles": [1, 2, 3, 4],
    "reliability": [5, 6, 7, 8, 9],
    "responsiveness": [10, 11, 12, 13],
    "assurance": [14, 15, 16, 17],
    "empathy": [18, 19, 20, 21, 22],
}


def test_names() -> None:
    assert list_instruments() == ("servperf", "servqual-1988", "servqual-1991")
    assert sq.list_instruments() == list_instruments()


@pytest.mark.parametrize("name", list_instruments())
def test_every_instrument(name: str) -> None:
    found = instrument(name)
    assert found.id == name
    assert found.citation
    assert found.title
    assert len(found.items) == 22
    assert str(found.scale) == "1–7"
    assert (found.scale.minimum_label, found.scale.maximum_label) == (
        "strongly disagree",
        "strongly agree",
    )
    assert {
        dimension.key: [item.number for item in found.items_of(dimension.key)]
        for dimension in found.dimensions
    } == BLOCKS
    assert all(dimension.label and dimension.description for dimension in found.dimensions)
    # The wording is protected; labels are short and in our own words.
    assert all(item.label and not item.wording for item in found.items)
    assert all(len(item.label) <= 40 for item in found.items)
    assert len({item.label for item in found.items}) == 22
    assert Instrument.from_toml(found.to_toml()) == found
    assert pickle.loads(pickle.dumps(found)) == found
    assert instrument(name) is found


def test_1988_has_nine_reversed_items_on_both_sides() -> None:
    edition = instrument("servqual-1988")
    assert edition.reversed_items == (10, 11, 12, 13, 18, 19, 20, 21, 22)
    assert edition.sides == ("expectation", "perception")
    assert {edition.item(number).dimension for number in edition.reversed_items} == {
        "responsiveness",
        "empathy",
    }


def test_1991_has_no_reversed_items() -> None:
    edition = instrument("servqual-1991")
    assert edition.reversed_items == ()
    assert edition.sides == ("expectation", "perception")


@pytest.mark.parametrize(
    ("key", "number_1988", "number_1991"),
    [
        ("emp_individual", 18, 18),
        ("emp_hours", 22, 19),
        ("emp_personal", 19, 20),
        ("emp_best_interests", 21, 21),
        ("emp_needs", 20, 22),
    ],
)
def test_items_moved_and_kept_their_keys(key: str, number_1988: int, number_1991: int) -> None:
    assert instrument("servqual-1988").item(key).number == number_1988
    assert instrument("servqual-1991").item(key).number == number_1991


def test_items_that_were_replaced_have_other_keys() -> None:
    keys = {
        name: {item.key for item in instrument(name).items}
        for name in ("servqual-1988", "servqual-1991")
    }
    only_1988 = keys["servqual-1988"] - keys["servqual-1991"]
    assert {"tan_fit", "ass_trust", "ass_support"} <= only_1988
    assert instrument("servqual-1991").item(14).key == "ass_confidence"
    assert instrument("servqual-1991").item(17).key == "ass_knowledge"


def test_servperf_asks_one_side() -> None:
    servperf = instrument("servperf")
    assert servperf.sides == ("perception",)
    assert servperf.reversed_items == ()
    assert [item.key for item in servperf.items] == [
        item.key for item in instrument("servqual-1991").items
    ]


def test_own_wording() -> None:
    published = sq.instrument("servqual-1991")
    own = published.with_wording({"emp_hours": "The branch is open when I need it."})
    assert own.item(19).wording == "The branch is open when I need it."
    assert published.item(19).wording == ""


@pytest.mark.parametrize("name", ["servqal-1991", "SERVQUAL-1991", "servqual1991"])
def test_unknown_names(name: str) -> None:
    words = (
        rf"There is no instrument '{name}'; the catalogue has servperf, servqual-1988, "
        r'servqual-1991\. Did you mean "servqual-19\d\d"\? Read your own by '
        r"`sq\.Instrument\.from_toml\(path\)`\."
    )
    with pytest.raises(InstrumentError, match=words):
        instrument(name)


def test_nothing_near() -> None:
    with pytest.raises(InstrumentError, match=r"servqual-1991\. Read your own"):
        instrument("xyz")
