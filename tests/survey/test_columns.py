"""Names of columns: what is found, what is ambiguous, and what the errors say."""

from __future__ import annotations

import pytest

from servqual.errors import ColumnNotFoundError, OptionError
from servqual.survey.columns import (
    ColumnSpec,
    SideMatch,
    expand,
    find_outcomes,
    find_points,
    fold,
    match_side,
    resolve,
)
from servqual.typing import Side

ITEMS = list(range(1, 23))
KEYS = [
    "tan_equipment", "tan_facilities", "tan_staff", "tan_materials",
    "rel_promises", "rel_problems", "rel_first_time", "rel_on_time", "rel_records",
    "res_informed", "res_prompt", "res_willing", "res_never_busy",
    "ass_confidence", "ass_safe", "ass_courteous", "ass_knowledge",
    "emp_individual", "emp_hours", "emp_personal", "emp_interests", "emp_needs",
]  # fmt: skip
DIMENSIONS = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]
OTHERS = ["id", "branch", "age", "SAT1", "SAT2", "LOY1", "W_tangibles", "importance"]


def _names(template: str) -> list[str]:
    return [template.format(item=item, key=key) for item, key in zip(ITEMS, KEYS, strict=True)]


def _match(names: list[str], given: ColumnSpec = None, *, side: Side = "expectation") -> SideMatch:
    return match_side(names, ITEMS, KEYS, given, side=side, argument=side)


def _fails(names: list[str], words: str, given: ColumnSpec = None) -> ColumnNotFoundError:
    with pytest.raises(ColumnNotFoundError, match=words) as caught:
        _match(names, given)
    assert all(problem.endswith((".", "?")) for problem in caught.value.problems)
    return caught.value


# ---- folding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["E1", "e1", " E 1 ", "E_01", "e-1", "E.001", "E[1]", "Ｅ１"])
def test_names_that_are_one(name: str) -> None:
    assert fold(name) == "e1"


@pytest.mark.parametrize(
    ("first", "second"), [("E1", "E11"), ("E1", "E10"), ("Q1.1", "Q11"), ("Q1_10", "Q11_0")]
)
def test_names_that_are_not_one(first: str, second: str) -> None:
    assert fold(first) != fold(second)


# ---- finding a side ------------------------------------------------------------------------------

EXPECTATION = [
    "E{item}", "e{item}", "E{item:02d}", "E_{item}", "E-{item}", "E {item}", " E{item} ",
    "exp{item}", "exp_{item}", "Exp{item:02d}", "expect_{item}", "expectation{item}",
    "expectation_{item}", "Expectations {item}", "expected.{item}", "EXPECTED_{item:02d}",
    "Q{item}_E", "q{item:02d}e", "{item}E", "{item}_E", "E_Q{item}", "EQ{item}",
    "Q{item} expectation", "Q{item} (Expectation)", "E[SQ{item:03d}]", "item_{item}_exp",
    "E_{key}", "exp_{key}", "{key}_E", "{key}_expectation", "Expectation {key}",
]  # fmt: skip
PERCEPTION = [
    "P{item}", "p{item:02d}", "P_{item}", "PER{item}", "perc{item}", "perc_{item}",
    "perception_{item}", "Perceptions{item}", "perceived{item}", "Perceived.{item}",
    "Q{item}_P", "{item}P", "P_Q{item}", "Q{item} perception", "performance_{item}",
    "P_{key}", "perc_{key}", "{key}_P",
]  # fmt: skip
MINIMUM = ["A{item}", "min{item}", "min_{item}", "minimum_{item}", "adequate{item}", "Q{item}_A"]
DESIRED = ["D{item}", "desired{item}", "desired_{item}", "D_{item:02d}", "Q{item} desired"]
USUAL: list[tuple[Side, str]] = [
    *(("expectation", template) for template in EXPECTATION),
    *(("perception", template) for template in PERCEPTION),
    *(("minimum", template) for template in MINIMUM),
    *(("desired", template) for template in DESIRED),
]


@pytest.mark.parametrize(("side", "template"), USUAL)
def test_usual_patterns_are_found(side: Side, template: str) -> None:
    wanted = _names(template)
    # All sides together, backwards: neither order nor neighbours decide what a column is.
    own = {"expectation": "E", "perception": "P", "minimum": "A", "desired": "D"}
    others = [
        name for key, letter in own.items() if key != side for name in _names(letter + "{item}")
    ]
    match = _match([*OTHERS, *reversed(wanted), *others], side=side)
    assert match.columns == dict(zip(ITEMS, wanted, strict=True))
    assert list(match.columns) == ITEMS
    assert match.pattern == template
    assert match.extra == ()


def test_uneven_spelling_is_one_pattern_without_a_template() -> None:
    names = ["E1", "e_02", "E 3", *(f"E{item}" for item in ITEMS[3:])]
    match = _match(names)
    assert list(match.columns.values()) == names
    assert match.pattern == "E1 … E22"


def test_keys_can_be_a_mapping() -> None:
    keys = dict(zip(ITEMS, KEYS, strict=True))
    match = match_side(
        _names("E_{key}"), ITEMS, keys, None, side="expectation", argument="expectation"
    )
    assert match.columns[5] == "E_rel_promises"


def test_columns_of_other_numbers_are_named() -> None:
    names = [f"E{item}" for item in range(1, 25)]
    assert _match(names).extra == ("E23", "E24")


def test_a_stray_column_of_another_pattern_does_not_matter() -> None:
    assert _match([*_names("E{item}"), "exp_1"]).pattern == "E{item}"


def test_two_columns_for_one_item() -> None:
    _fails(
        [*_names("E{item}"), "e_03", "E 17"],
        "More than one column could be the expectation of 2 items: item 3 'E3' and 'e_03'; "
        "item 17 'E17' and 'E 17'.*`expectation=\"E{item}\"`",
    )


def test_two_complete_patterns() -> None:
    _fails(
        [*_names("E{item}"), *_names("expected_{item}")],
        r"More than one set of columns could be the expectation of the 22 items: E1 … E22 and "
        r"expected_1 … expected_22\. Say which, such as `expectation=\"E\{item\}\"`",
    )


def test_some_columns_are_missing() -> None:
    names = [*_names("E{item:02d}"), *_names("P{item}")]
    names[2], names[6] = "EE03", "Exx7"
    _fails(
        names,
        "Only 20 of the 22 columns for the expectation were found .E01 … E22.; "
        r"missing: E03, E07\. Nearest is EE03\. Say which they are with `expectation=",
    )
    _fails(_names("E_{key}")[1:], "Only 21 of the 22 .*missing: E_tan_equipment")


def test_nothing_is_found() -> None:
    error = _fails(
        ["id", *(f"V{number}" for number in range(1, 45)), "age"],
        r"No columns for the expectation of the 22 items were found; usual names are E1, exp_1, "
        r"expectation_1, Q1_E\. The data have V1 … V44 \(44 columns\)\.",
    )
    assert "a list of 22 columns, or a mapping from item to column" in str(error)
    _fails(["id", "age"], "The data have 2 columns: id, age")


def test_nearest_columns_are_named_when_nothing_is_found() -> None:
    names = [f"expectaton{item}" for item in ITEMS]
    _fails(names, r"Nearest are expectaton1.*`expectation=")


def test_numbers_that_go_on_from_the_other_side() -> None:
    names = [f"E{number}" for number in range(23, 45)]
    _fails(names, r"The columns E23 … E44 have other numbers than the items \(1 … 22\)")


# ---- a side that is given ------------------------------------------------------------------------


@pytest.mark.parametrize("template", ["V{item}", "v{item:02d}", "V_{item}", " v.{item} "])
def test_template(template: str) -> None:
    match = _match([f"V{number}" for number in range(1, 45)], template)
    assert match == SideMatch(dict(zip(ITEMS, _names("V{item}"), strict=True)), template)


def test_template_with_keys() -> None:
    assert _match(_names("perc_{key}"), "Perc_{key}").columns[1] == "perc_tan_equipment"


def test_template_decides_between_patterns() -> None:
    names = [*_names("E{item}"), *_names("exp_{item}"), "e_1"]
    assert list(_match(names, "exp_{item}").columns.values()) == _names("exp_{item}")
    # The exact name wins over those that are only alike.
    assert _match(names, "E{item}").columns[1] == "E1"


def test_template_that_misses_columns() -> None:
    names = _names("E{item}")
    names[2], names[3] = "X3", "EE4"
    error = _fails(
        names,
        r"`expectation` names 22 columns, of which 2 are not in the data: E3, E4\. Nearest are",
        "E{item}",
    )
    assert "EE4" in str(error)


def test_template_that_fits_two_columns() -> None:
    names = [name for name in _names("E{item}") if name != "E5"]
    error = _fails(
        [*names, "e5", "E_5"], "'E5' could be any of the columns 'e5' and 'E_5'", "E{item}"
    )
    assert len(error.problems) == 1


def test_all_problems_of_a_template_at_once() -> None:
    names = [name for name in _names("E{item}") if name not in {"E5", "E6"}]
    error = _fails([*names, "e5", "E_5"], "has 2 problems", "E{item}")
    assert "E6" in error.problems[0]
    assert "E_5" in error.problems[1]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("E", r"'E', which has no \{item\} or \{key\}.*such as `expectation=\"E\{item\}\"`"),
        ("E*", r"is a pattern, which does not say which column is which"),
        ("E{number}", r"has the unknown \{number\}"),
        ("E{}", r"has the unknown \{\}"),
        ("E{item", r"is not a template"),
        ("E{item:q}", r"is not a template"),
    ],
)
def test_wrong_template(template: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        _match(_names("E{item}"), template)


def test_list() -> None:
    names = [f"V{number}" for number in range(1, 45)]
    match = _match(names, names[22:])
    assert match.columns == dict(zip(ITEMS, names[22:], strict=True))
    assert match.pattern == "V23 … V44"
    with pytest.raises(OptionError, match="`expectation` lists 21 columns, but there are 22 items"):
        _match(names, names[23:])
    _fails(names, "'V1' is given for more than one: 1, 2", ["V1", "V1", *names[2:22]])


def test_mapping() -> None:
    names = _names("V{item}")
    wanted = dict(zip(ITEMS, names, strict=True))
    assert _match(names, wanted).columns == wanted
    assert _match(names, dict(zip(KEYS, names, strict=True))).columns == wanted
    assert _match(names, {str(item): name for item, name in wanted.items()}).columns == wanted
    backwards = dict(reversed(wanted.items()))
    assert list(_match(names, backwards).columns) == ITEMS


def test_wrong_mapping() -> None:
    names = _names("V{item}")
    wanted: dict[int, str] = dict(zip(ITEMS, names, strict=True))
    del wanted[4]
    with pytest.raises(OptionError, match="`expectation` leaves out 1 item: 4"):
        _match(names, wanted)
    with pytest.raises(OptionError, match="names 1 item that there is not: 30"):
        _match(names, {**wanted, 4: "V4", 30: "V4"})
    twice: dict[str, str] = {str(item): name for item, name in wanted.items()}
    with pytest.raises(OptionError, match="gives two columns for item 1"):
        _match(names, {**twice, "4": "V4", "tan_equipment": "V1"})


def test_one_item_may_be_named_outright() -> None:
    match = match_side(["Q"], [1], ["all"], "q", side="perception", argument="perception")
    assert match == SideMatch({1: "Q"}, "q")


# ---- importance points ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "template",
    ["W_{dimension}", "w{dimension}", "weight_{dimension}", "Weights {dimension}",
     "points.{dimension}", "importance_{dimension}", "imp_{dimension}", "{dimension}_points",
     "{dimension} weight"],
)  # fmt: skip
@pytest.mark.parametrize("singular", [True, False])
def test_points_are_found(template: str, singular: bool) -> None:
    stems = [key.removesuffix("s") if singular else key for key in DIMENSIONS]
    names = [template.format(dimension=stem) for stem in stems]
    found = find_points(["weight", "importance", *DIMENSIONS, *names], DIMENSIONS)
    assert found == dict(zip(DIMENSIONS, names, strict=True))


def test_points_that_are_not_there() -> None:
    assert find_points(["E1", "weight", *DIMENSIONS], DIMENSIONS) is None
    # Two of five are a coincidence rather than a mistake.
    assert find_points(["W_tangibles", "W_empathy"], DIMENSIONS) is None


def test_points_that_are_incomplete_or_double() -> None:
    names = [f"W_{key}" for key in DIMENSIONS]
    with pytest.raises(ColumnNotFoundError, match=r"4 of the 5 dimensions .*missing: empathy"):
        find_points(names[:4], DIMENSIONS)
    with pytest.raises(ColumnNotFoundError, match=r"More than one set .*W_tangibles.*points_tan"):
        find_points([*names, *(f"points_{key}" for key in DIMENSIONS)], DIMENSIONS)
    with pytest.raises(ColumnNotFoundError, match=r"More than one set .*w_tangible\b"):
        find_points([*names, "w_tangible"], DIMENSIONS)


def test_points_that_are_given() -> None:
    names = ["a", "b", "c", "d", "e", *(f"Pts {key}" for key in DIMENSIONS)]
    assert find_points(names, DIMENSIONS, "pts_{dimension}") == {
        key: f"Pts {key}" for key in DIMENSIONS
    }
    assert find_points(names, DIMENSIONS, list("abcde")) == dict(
        zip(DIMENSIONS, "abcde", strict=True)
    )
    mapping = dict(zip(reversed(DIMENSIONS), "abcde", strict=True))
    found = find_points(names, DIMENSIONS, mapping)
    assert found == mapping
    assert found is not None
    assert list(found) == DIMENSIONS


def test_points_that_are_given_wrongly() -> None:
    with pytest.raises(ColumnNotFoundError, match="`importance` names 5 columns, of which 5 are"):
        find_points(["a"], DIMENSIONS, "W_{dimension}")
    with pytest.raises(OptionError, match=r"has no \{dimension\}.*`importance=\"W_\{dimension\}\""):
        find_points(["a"], DIMENSIONS, "a")
    with pytest.raises(OptionError, match="lists 1 column, but there are 5 dimensions"):
        find_points(["a"], DIMENSIONS, ["a"])
    with pytest.raises(OptionError, match="leaves out 4 dimensions: reliability"):
        find_points(["a"], DIMENSIONS, {"tangibles": "a"})


# ---- outcomes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["SAT1", "sat_2", "satisfaction_3", "Satisfaction", "overall_satisfaction", "CSAT", "OSAT",
     "customer satisfaction", "Satisfied"],
)  # fmt: skip
def test_satisfaction(name: str) -> None:
    assert find_outcomes(["id", name]) == {"satisfaction": [name]}


@pytest.mark.parametrize(
    "name",
    ["LOY1", "loyalty_2", "Loyalty", "recommend", "Recommendation", "recommend_1", "repurchase",
     "reuse", "intention", "reuse_intention"],
)  # fmt: skip
def test_loyalty(name: str) -> None:
    assert find_outcomes(["id", name]) == {"loyalty": [name]}


def test_several_outcomes() -> None:
    names = ["E1", "nps", "LOY2", "SAT2", "SAT1", "recommend", "LOY1", "satellite", "royalty"]
    assert find_outcomes(names) == {
        "satisfaction": ["SAT2", "SAT1"],
        "loyalty": ["LOY2", "LOY1"],
        # Often asked from 0 to 10, so it is not averaged with the numbered items.
        "recommend": ["recommend"],
        "nps": ["nps"],
    }
    assert find_outcomes(["recommend", "reuse"]) == {"recommend": ["recommend"], "reuse": ["reuse"]}
    assert find_outcomes(names, used={"nps", "SAT1"})["satisfaction"] == ["SAT2"]
    assert find_outcomes(["E1", "P1"]) == {}


def test_summaries_next_to_their_items() -> None:
    names = ["SAT1", "SAT2", "Satisfaction", "Overall Satisfaction", "LOY1", "loyalty"]
    assert find_outcomes(names) == {
        "satisfaction": ["SAT1", "SAT2"],
        "overall_satisfaction": ["Overall Satisfaction"],
        "loyalty": ["LOY1"],
    }


# ---- single names and patterns -------------------------------------------------------------------


def test_resolve() -> None:
    names = ["Branch", " wave ", "SAT_01", "sat1 "]
    assert resolve("Branch", names) == "Branch"
    assert resolve("branch", names) == "Branch"
    assert resolve("Wave", names) == " wave "
    assert resolve("SAT_01", names) == "SAT_01"
    with pytest.raises(
        ColumnNotFoundError, match="'SAT1' could be any of the columns 'SAT_01' and"
    ):
        resolve("SAT1", names)
    with pytest.raises(
        ColumnNotFoundError, match=r"no column 'brnach' in the data\. Nearest is Br"
    ):
        resolve("brnach", names)
    with pytest.raises(ColumnNotFoundError, match="no column 'x' in the data"):
        resolve("x", names)


def test_expand() -> None:
    names = ["LOY2", "loy1 ", "LOY10", "Loyal?", "SAT[1]", "id"]
    assert expand("loy*", names) == ["LOY2", "loy1 ", "LOY10", "Loyal?"]
    assert expand("LOY?", names) == ["LOY2", "loy1 "]
    assert expand("Loyal?", names) == ["Loyal?"]
    assert expand("sat[*", names) == ["SAT[1]"]
    assert expand(["LOY1", "LOY*"], names) == ["loy1 ", "LOY2", "LOY10", "Loyal?"]
    assert expand("ID", names) == ["id"]
    with pytest.raises(ColumnNotFoundError, match="No column fits the pattern") as caught:
        expand(["REC*", "LOX1", "id"], names)
    assert len(caught.value.problems) == 2
