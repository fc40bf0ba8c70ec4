"""From columns to a survey: what is found, what is read, and what every problem says."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import servqual as sq
from servqual.errors import ColumnNotFoundError, OptionError, ScaleRangeError, SurveyError
from servqual.survey.columns import ColumnSpec

NAN = float("nan")
MINI = sq.Instrument.from_toml(
    'id = "mini"\nscale = [1, 7]\n[dimensions]\nalpha = [1, 2, 3]\nbeta = [4, 5]\n'
)
ITEMS = range(1, 6)


def frame_of(n: int = 20, *, names: tuple[str, str] = ("E{}", "P{}"), **more: Any) -> pd.DataFrame:
    generator = np.random.default_rng(4)
    columns = {name.format(item): generator.integers(1, 8, n) for name in names for item in ITEMS}
    return pd.DataFrame(columns | more)


def mini(frame: object | None = None, **options: Any) -> sq.Survey:
    return sq.Survey(frame_of() if frame is None else frame, **{"instrument": MINI} | options)


def problems_of(frame: object, **options: Any) -> tuple[str, ...]:
    with pytest.raises(SurveyError) as caught:
        mini(frame, **options)
    problems = caught.value.problems
    # Every problem is a complete sentence, and none is told twice.
    assert all(problem.endswith((".", "?", "`")) for problem in problems)
    assert len(set(problems)) == len(problems)
    return problems


def fails(words: str, frame: object, **options: Any) -> None:
    """There is one problem, and it says this."""
    (problem,) = problems_of(frame, **options)
    assert re.search(words, problem), problem


# ---- which column is which -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ("E{}", "P{}"),
        ("e{:02d}", "p{:02d}"),
        (" Exp_{} ", "Perc_{}"),
        ("expectation.{}", "perception.{}"),
        ("Q{}_E", "Q{}_P"),
    ],
)
def test_usual_names_are_found(names: tuple[str, str]) -> None:
    survey = mini(frame_of(names=names))
    assert_array_equal(survey.answers("gap"), mini().answers("gap"))
    assert survey.columns["expectation"] == {item: names[0].format(item) for item in ITEMS}


KEYS = [item.key for item in MINI.items]


@pytest.mark.parametrize(
    ("perception", "columns"),
    [
        ("rated {item}", [f"rated {item}" for item in ITEMS]),
        ("rated_{key}", [f"rated_{key}" for key in KEYS]),
        (list("vwxyz"), list("vwxyz")),
        (tuple("vwxyz"), list("vwxyz")),
        (dict(zip(ITEMS, "vwxyz", strict=True)), list("vwxyz")),
        (dict(zip(KEYS, "vwxyz", strict=True)), list("vwxyz")),
        # Keys of a mapping that went through JSON.
        (dict(zip("54321", "zyxwv", strict=True)), list("vwxyz")),
    ],
)
def test_template_list_and_mapping(perception: ColumnSpec, columns: list[str]) -> None:
    frame = frame_of().rename(
        columns={f"P{item}": column for item, column in zip(ITEMS, columns, strict=True)}
    )
    survey = mini(frame, perception=perception)
    assert survey.columns["perception"] == dict(zip(ITEMS, columns, strict=True))
    assert_array_equal(survey.answers("gap"), mini().answers("gap"))


def test_items_are_never_taken_by_position() -> None:
    frame = frame_of()
    backwards = frame[frame.columns[::-1]]
    assert_array_equal(mini(backwards).answers("gap"), mini(frame).answers("gap"))


def test_pattern_is_shown() -> None:
    assert "perception   P1 … P5 (P{item})" in repr(mini())
    spaced = frame_of(names=("E{}", "Perc {:02d}"))
    assert "perception   Perc 01 … Perc 05 (Perc {item:02d})" in repr(mini(spaced))


def test_column_that_is_there_twice() -> None:
    frame = frame_of(e_1=1)
    fails("More than one column could be the expectation of 1 item: item 1 'E1' and 'e_1'", frame)
    # An exact name decides.
    assert mini(frame, expectation="E{item}").columns["expectation"][1] == "E1"
    fails(
        "In `expectation`, the column 'e1' could be any of the columns 'E1' and 'e_1'",
        frame,
        expectation=["e1", "E2", "E3", "E4", "E5"],
    )


def test_missing_columns() -> None:
    frame = frame_of().rename(columns={"P2": "Q2"})
    fails(
        r"Only 4 of the 5 columns for the perception were found \(P1 … P5\); missing: P2\.", frame
    )
    fails(
        r"`perception` names 5 columns, of which 5 are not in the data: x1, x2, x3, x4, x5\.",
        frame_of(),
        perception="x{item}",
    )
    with pytest.raises(ColumnNotFoundError):
        mini(frame)


def test_more_columns_than_items() -> None:
    problem = problems_of(frame_of(P6=1, P7=2))[0]
    assert re.search("mini has 5 items, but there are more perception columns .*: P6, P7", problem)
    assert len(mini(frame_of(P6=1, P7=2), perception="P{item}")) == 20


@pytest.mark.parametrize(
    ("perception", "words"),
    [
        ("P", r"`perception` is 'P', which has no \{item\} or \{key\}"),
        ("P{number}", r"which has the unknown \{number\}"),
        ("P*", "is a pattern, which does not say which column is which"),
        (["P1"], "`perception` lists 1 column, but there are 5 items"),
        (
            {1: "P1", 9: "P9"},
            "names 1 item that there is not: 9, and leaves out 4 items: 2, 3, 4, 5",
        ),
    ],
)
def test_arguments_that_contradict_themselves(perception: ColumnSpec, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        mini(perception=perception)


def test_item_used_twice() -> None:
    fails(
        "In `perception`, the column 'P1' is given for more than one: 1, 2",
        frame_of(),
        perception=["P1", "P1", "P3", "P4", "P5"],
    )
    problems = problems_of(frame_of(), perception="E{item}")
    assert len(problems) == 5
    assert problems[0] == (
        "Column 'E1' is used twice: as expectation of item 1 and as perception of item 1. Each "
        "column can serve once."
    )


@pytest.mark.parametrize(
    ("options", "purpose"),
    [
        ({"outcomes": {"sat": "P1"}}, "as perception of item 1 and as outcome 'sat'"),
        ({"groups": ["P1"]}, "as perception of item 1 and as group 'P1'"),
        ({"weights": sq.FrequencyWeights("P1")}, "as perception of item 1 and as weights"),
    ],
)
def test_item_with_a_second_purpose(options: dict[str, Any], purpose: str) -> None:
    fails(f"Column 'P1' is used twice: {purpose}", frame_of(), **options)


def test_repeated_column_names() -> None:
    frame = pd.concat([frame_of(), frame_of()[["E1", "P2"]]], axis=1)
    fails("These column names stand more than once: E1, P2. Rename the columns", frame)


def test_no_rows_and_no_columns() -> None:
    fails("The survey is empty: it has 10 columns but no rows", frame_of().iloc[:0])
    fails("The data have no columns", pd.DataFrame())


def test_what_is_no_frame() -> None:
    fails("`frame` is of type list, but must be a dataframe", [1, 2])
    fails("`frame` is the path or text 'bank.csv'.*`read_survey", "bank.csv")


# ---- answers -------------------------------------------------------------------------------------


def test_off_the_scale_as_promised() -> None:
    kiosk = sq.Instrument.from_toml("[dimensions]\na = [3, 11]\n")
    frame = pd.DataFrame({"E3": [8] * 9 + [5] * 11, "E11": 4, "P3": 4, "P11": [0] * 6 + [4] * 14})
    expected = (
        "15 answers lie outside the 1–7 scale: E3 (nine answers of 8), P11 (six answers of 0). "
        'Codes such as 8, 9, 99 often mean "no answer"; if so, list them in `missing_codes=(0, 8)`.'
    )
    with pytest.raises(ScaleRangeError) as caught:
        sq.Survey(frame, instrument=kiosk)
    assert caught.value.problems == (expected,)
    # Doing what the message says is enough.
    survey = sq.Survey(frame, instrument=kiosk, missing_codes=(0, 8))
    assert np.isnan(survey.answers("expectation")[:9, 0]).all()
    assert "15 answers were missing codes: E3 (9), P11 (6)." in survey.notes


def test_a_longer_scale_is_not_called_codes() -> None:
    five = sq.Instrument.from_toml("[scale]\nminimum = 1\nmaximum = 5\n[dimensions]\na = [1, 2]\n")
    fails(
        r"The data look like 1–7; the instrument has 1–5\.",
        frame_of(n=200),
        instrument=five,
        expectation=["E1", "E2"],
        perception=["P1", "P2"],
    )


def test_question_texts_below_the_header() -> None:
    frame = frame_of(w=2).astype(object)
    text = {name: f"1. How about {name}?" for name in frame.columns}
    codes = {name: f'{{"ImportId":"{name}"}}' for name in frame.columns}
    both = pd.concat([pd.DataFrame([text, codes]), frame], ignore_index=True)
    weights = sq.SamplingWeights("w")
    words = (
        r"^Rows 1 and 2 look like question texts .* in 11 columns: E1 begins with '1\. How about"
    )
    fails(words, both, weights=weights)
    # Doing what the message says is enough, also for numbers that were read as text.
    survey = mini(both.iloc[2:].astype(str), weights=weights)
    assert_array_equal(survey.answers("gap"), mini().answers("gap"))
    # A slip further down is told beside it.
    both.loc[7, "P2"] = "good"
    first, second = problems_of(both, weights=weights)
    assert "in 10 columns" in first
    assert "`P2` holds text where numbers are needed:" in second


def test_between_the_steps() -> None:
    frame = frame_of().assign(P1=[3.5] + [4.0] * 19)
    fails(r"1 answer lies between the steps of the 1–7 scale: P1 \(one answer of 3\.5\)", frame)
    slider = sq.Instrument.from_toml(
        "[scale]\nminimum = 1\nmaximum = 7\ncontinuous = true\n"
        "[dimensions]\nalpha = [1, 2, 3]\nbeta = [4, 5]\n"
    )
    assert sq.Survey(frame, instrument=slider).answers()[0, 0] == 3.5


def test_text_in_an_answer() -> None:
    frame = frame_of().astype(object)
    frame.loc[[0, 1, 2], "P1"] = ["good", "bad", "good"]
    fails(
        r"`P1` holds text where numbers are needed: 'good' \(2×\), 'bad' \(1×\)\. Recode it",
        frame,
    )


def test_labels_that_begin_with_their_number() -> None:
    first, second = problems_of(frame_of().assign(P1="7 - strongly agree"))
    assert "`P1` holds text where numbers are needed: '7 - strongly agree' (20×)" in first
    assert 'Some answers begin with a number and go on in words (P1), such as "7' in second


def test_sides_on_different_scales() -> None:
    frame = frame_of()
    for item in ITEMS:
        frame[f"P{item}"] = np.arange(20) % 10 + 1
    problems = problems_of(frame)
    assert any(
        "perception answers run from 1 to 10, expectation answers from" in problem
        and "The two sides are on different scales" in problem
        for problem in problems
    )


def test_nobody_answered() -> None:
    frame = frame_of().astype(float)
    frame[:] = np.nan
    fails("All 200 answers to the items are missing. Check the columns, the delimiter", frame)


# ---- all problems at once ------------------------------------------------------------------------


def test_all_problems_in_one_run() -> None:
    frame = frame_of(
        id=[1, 1, 2, 2, 2, *range(3, 18)],
        W_alpha=[60] * 18 + [70, 50],
        W_beta=40,
        w=[-1.0] + [1.0] * 19,
        branch="x",
        o=["much"] + ["3"] * 19,
    ).astype({"P1": object})
    frame.loc[0, "P1"] = "good"
    frame.loc[[1, 2], "E3"] = [8, 9]
    problems = problems_of(
        frame,
        outcomes={"satisfaction": "o", "alpha": "P2", "loyalty": "LOY*"},
        groups=["brunch"],
        importance="W_{dimension}",
        weights=sq.SamplingWeights("w"),
        id="id",
    )
    expected = [
        r"outcome 'alpha' has the name of a score of the instrument\. Give it another name",
        "Column 'P2' is used twice: as perception of item 2 and as outcome 'alpha'",
        r"No column fits the pattern 'LOY\*'",
        r"no column 'brunch' in the data\. Nearest is branch",
        r"importance points \(W_alpha, W_beta\) of 2 of 20 respondents do not add up to 100: "
        r"row 19 \(110\), row 20 \(90\)",
        r"Column 'w' cannot serve as weights: .* negative \(rows? 1\)",
        r"id column 'id' .* stand more than once: 1 \(2×\), 2 \(3×\)",
        r"`P1` holds text where numbers are needed: 'good' \(1×\)",
        r"`o` holds text where numbers are needed: 'much' \(1×\)",
        r"2 answers lie outside the 1–7 scale: E3 \(one answer of 8, one answer of 9\)",
    ]
    for words in expected:
        assert sum(bool(re.search(words, problem)) for problem in problems) == 1, words
    assert len(problems) == len(expected)
    with pytest.raises(SurveyError, match=r"^The survey has 10 problems:\n  1\. ") as caught:
        mini(
            frame,
            outcomes={"satisfaction": "o", "alpha": "P2", "loyalty": "LOY*"},
            groups=["brunch"],
            importance="W_{dimension}",
            weights=sq.SamplingWeights("w"),
            id="id",
        )
    assert type(caught.value) is SurveyError


def test_missing_columns_do_not_hide_other_problems() -> None:
    frame = frame_of().rename(columns={"P2": "Q2"})
    frame.loc[0, ["E1", "P3"]] = 9
    problems = problems_of(frame)
    assert len(problems) == 2
    assert "missing: P2" in problems[0]
    assert (
        "2 answers lie outside the 1–7 scale: E1 (one answer of 9), P3 (one answer of 9)"
        in (problems[1])
    )


# ---- missing codes -------------------------------------------------------------------------------


def test_code_on_the_scale() -> None:
    fails(
        "`missing_codes` lists 7, which lies on the 1–7 scale and would remove true answers",
        frame_of(),
        missing_codes=(7, 9),
    )


def test_codes_per_column() -> None:
    frame = frame_of().assign(P1=[7] * 5 + [3] * 15, P2=[7] * 20)
    # Said for a column, a code may lie on the scale.
    survey = mini(frame, missing_codes={" p1": (7,)})
    assert np.isnan(survey.answers()[:5, 0]).all()
    assert (survey.answers()[:, 1] == 7).all()
    assert survey.notes == ("5 answers were missing codes: P1 (5).",)


def test_code_that_may_be_an_outcomes_true_answer() -> None:
    frame = frame_of(nps=[9, 10] * 10)
    fails(
        "`missing_codes` lists 9, but in 'nps' there are answers up to 10, so that could be a true",
        frame,
        outcomes={"nps": "nps"},
        missing_codes=(9, 99),
    )
    told = mini(frame, outcomes={"nps": "nps"}, missing_codes={"P1": (9,)})
    assert_array_equal(told.rows(["nps"])[:2, 0], [9, 10])
    scale_of_five = frame_of(sat=[9, 5] * 10)
    clear = mini(scale_of_five, outcomes={"sat": "sat"}, missing_codes=(9, 99))
    assert_array_equal(clear.rows(["sat"])[:2, 0], [NAN, 5])


def test_codes_in_importance_points() -> None:
    frame = frame_of(W_alpha=[60.0] * 19 + [999], W_beta=[40.0] * 19 + [999])
    survey = mini(
        frame, importance="W_{dimension}", missing_codes={"W_alpha": (999,), "W_beta": (999,)}
    )
    assert survey.points is not None
    assert np.isnan(survey.points[-1]).all()


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (9, r"`missing_codes` is 9, but must list numbers, such as `missing_codes=\(9, 99\)`"),
        ("99", "`missing_codes` is '99', but must list numbers"),
        (("9", "x"), "`missing_codes` lists '9', 'x', but codes are numbers"),
        ({"P1": 9}, "`missing_codes` is 9, but must list numbers"),
    ],
)
def test_codes_that_are_none(codes: Any, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        mini(missing_codes=codes)


def test_codes_of_a_column_that_is_not_there() -> None:
    # They would do nothing, and the answers that they mean would count.
    fails(
        "There is no column 'branch_' in the data. Nearest is branch",
        frame_of(branch="x").rename(columns={"branch": "branchs"}),
        missing_codes={"branch_": (99,)},
    )


def test_codes_for_all_columns_leave_true_points_alone() -> None:
    frame = frame_of(W_alpha=[9.0, 999.0] + [60.0] * 18, W_beta=[91.0, 999.0] + [40.0] * 18)
    survey = mini(frame, importance="W_{dimension}", missing_codes=(9, 99, 999))
    assert survey.points is not None
    assert_array_equal(survey.points[:3], [[9, 91], [NAN, NAN], [60, 40]])


# ---- reverse coding ------------------------------------------------------------------------------


def test_reverse_coding_is_done_once_on_both_sides() -> None:
    reversed_mini = sq.Instrument.from_toml(
        MINI.to_toml().replace("number = 2\n", "number = 2\nreversed = true\n")
    )
    frame = frame_of()
    survey = mini(frame, instrument=reversed_mini, missing_codes=(9,))
    assert_array_equal(survey.answers("perception")[:, 1], 8 - frame["P2"])
    assert_array_equal(survey.answers("expectation")[:, 1], 8 - frame["E2"])
    assert_array_equal(survey.answers("gap")[:, 1], frame["E2"] - frame["P2"])
    assert_array_equal(survey.rows(["P2"])[:, 0], 8 - frame["P2"])
    assert survey.notes == ("Reverse-coded once, on every side: items 2.",)


def test_missing_codes_are_taken_before_reverse_coding() -> None:
    reversed_mini = sq.Instrument.from_toml(
        MINI.to_toml().replace("number = 2\n", "number = 2\nreversed = true\n")
    )
    frame = frame_of()
    frame.loc[0, "P2"] = 9
    survey = mini(frame, instrument=reversed_mini, missing_codes=(9,))
    assert np.isnan(survey.answers()[0, 1])


# ---- outcomes ------------------------------------------------------------------------------------


def test_outcomes() -> None:
    frame = frame_of(SAT1=1, sat_2=3, LOY1=4, LOY2=[NAN] * 20, recommend=5)
    survey = mini(
        frame,
        outcomes={"satisfaction": ["SAT1", "sat2"], "loyalty": "loy*", "recommend": "recommend"},
    )
    assert survey.outcomes == {
        "satisfaction": ("SAT1", "sat_2"),
        "loyalty": ("LOY1", "LOY2"),
        "recommend": ("recommend",),
    }
    assert_array_equal(survey.rows(["satisfaction", "loyalty", "recommend"])[0], [2, 4, 5])


def test_found_outcomes_give_way() -> None:
    frame = frame_of(SAT1=1, SAT2=[2, 3] * 10, recommend="yes", loyalty=3, nps=4)
    survey = mini(frame, outcomes="find", groups=["SAT2"], weights=sq.SamplingWeights("nps"))
    assert survey.outcomes == {"satisfaction": ("SAT1",), "loyalty": ("loyalty",)}
    assert survey.groups == {"SAT2": ("2", "3")}
    assert (
        "The outcome 'recommend' was found (recommend), but recommend holds text; it is not used. "
        "Name outcomes to use it."
    ) in survey.notes
    named = mini(frame, outcomes="find", groups={"satisfaction": "SAT2"})
    assert "satisfaction" not in named.outcomes
    assert any("but a group has that name" in note for note in named.notes)
    # A slip in an outcome of numbers is told, and so is text in an outcome that was asked for.
    slip = frame_of(SAT1=["five", *["5"] * 19])
    fails("`SAT1` holds text where numbers are needed: 'five'", slip, outcomes="find")
    fails("`recommend` holds text", frame, outcomes={"loyalty": "recommend"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"outcomes": {1: "SAT1"}}, "`outcomes` has the entry 1: 'SAT1', but must say"),
        ({"outcomes": {"s": None}}, "`outcomes` has the entry 's': None, but must say"),
        ({"outcomes": {"s": 3}}, "`outcomes` has the entry 's': 3, but must say"),
        ({"outcomes": 3}, "`outcomes` is 3, but must say which columns"),
        ({"groups": [3]}, r"`groups` is \[3\], but must name columns by text, such as"),
        ({"groups": 3}, "`groups` is 3, but must name columns by text"),
        ({"groups": {"branch": 3}}, r"`groups` is \{'branch': 3\}, but must name columns"),
        ({"groups": [["SAT1"]]}, r"`groups` is \[\['SAT1'\]\], but must name columns"),
        ({"id": 3}, "A column is asked for by 3, of type int, but columns are named by text"),
        ({"id": 1.5}, '"SAT1"'),
        ({"sides": 3}, "`sides` is 3, but must be a list"),
        ({"importance": 3}, "`importance` is 3, but must be a template of columns"),
    ],
)
def test_arguments_of_another_type(options: dict[str, Any], words: str) -> None:
    frame = frame_of(SAT1=5)
    frame[3] = "x"
    with pytest.raises(OptionError, match=words):
        mini(frame, **options)
    # A column whose name is a number goes by its text.
    assert mini(frame, groups=["3"]).groups == {"3": ("x",)}


@pytest.mark.parametrize(
    ("frame", "options", "words"),
    [
        (
            frame_of(G1=5),
            {"outcomes": {"satisfaction": "G1"}},
            r"This name of a column is taken by what is computed .* 'G1' \(the gap of item 1\)\. "
            "Rename the column, or leave it out",
        ),
        (
            frame_of().assign(**{"gap:alpha": 5, "perception:2": 4}),
            {"outcomes": {"satisfaction": ["gap:alpha", "perception:2"]}},
            r"These names .* 'gap:alpha' \(the gap score of alpha\), 'perception:2' \(the percep",
        ),
        (frame_of(G2="x"), {"groups": ["G2"]}, "'G2' .the gap of item 2"),
        (frame_of(G3=2), {"weights": sq.SamplingWeights("G3")}, "'G3' .the gap of item 3"),
        (
            frame_of().rename(columns={"E1": "G4"}),
            {"expectation": ["G4", "E2", "E3", "E4", "E5"]},
            "'G4' .the gap of item 4",
        ),
    ],
)
def test_columns_named_like_what_is_computed(
    frame: pd.DataFrame, options: dict[str, Any], words: str
) -> None:
    fails(words, frame, **options)


def test_names_of_what_is_not_computed_are_free() -> None:
    # Nobody has a sixth item, or the zone of tolerance; unused columns and renamed groups clash
    # with nothing; and without expectations there are no gaps.
    frame = frame_of(G6=5, MSA1=4, G1=1, G2="x")
    survey = mini(frame, outcomes={"o": ["G6", "MSA1"]}, groups={"branch": "G2"})
    assert_array_equal(survey.rows(["G1"])[:, 0], frame["P1"] - frame["E1"])
    assert_array_equal(survey.rows(["G6"])[:, 0], frame["G6"])
    one_side = frame_of(names=("E{}", "G{}"))
    asked = mini(one_side, sides=("perception",), perception="G{item}")
    assert_array_equal(asked.rows(["G1"])[:, 0], one_side["G1"])


def test_columns_named_like_differences_of_three_columns() -> None:
    zone = sq.Instrument.from_toml(
        'id = "zone"\nsides = ["minimum", "desired", "perception"]\n[dimensions]\na = [1, 2]\n'
    )
    frame = pd.DataFrame({f"{side}{item}": [4, 5] for side in "ADP" for item in (1, 2)})
    frame["MSA1"] = frame["MSS2"] = 3
    fails(
        r"'MSA1' \(the adequacy of item 1\), 'MSS2' \(the superiority of item 2\)",
        frame,
        instrument=zone,
        outcomes={"o": ["MSA1", "MSS2"]},
    )


def test_outcomes_are_found() -> None:
    frame = frame_of(SAT1=1, SAT2=3, recommend=4, nps=9)
    assert mini(frame, outcomes="find").outcomes == {
        "satisfaction": ("SAT1", "SAT2"),
        "loyalty": ("recommend",),
        "nps": ("nps",),
    }
    assert mini(frame).outcomes == {}
    with pytest.raises(OptionError, match="`outcomes` is 'found', but must be one of \"find\""):
        mini(frame, outcomes="found")


def test_one_question_may_serve_two_outcomes() -> None:
    survey = mini(
        frame_of(LOY1=1, recommend=3),
        outcomes={"loyalty": ["LOY1", "recommend"], "recommend": "recommend"},
    )
    assert_array_equal(survey.rows(["loyalty", "recommend"])[0], [2, 3])


def test_outcomes_need_a_mapping() -> None:
    with pytest.raises(OptionError, match=r"`outcomes` is \['SAT1'\], but must say which columns"):
        mini(frame_of(SAT1=1), outcomes=["SAT1"])


@pytest.mark.parametrize("name", ["alpha", "quality", "G1", "MSA2", "gap:alpha"])
def test_outcome_named_like_a_score(name: str) -> None:
    fails(
        f"The outcome '{name}' has the name of a score of the instrument. Give it another name",
        frame_of(o=1),
        outcomes={name: "o"},
    )


def test_outcome_errors() -> None:
    fails("The outcome 'sat' lists no columns. Name at least one", frame_of(), outcomes={"sat": []})
    fails(
        "The outcome 'P1' has the name of a column that means something else",
        frame_of(o=1),
        outcomes={"P1": "o"},
    )
    fails("There is no column 'SAT1' in the data", frame_of(), outcomes={"sat": "SAT1"})


# ---- groups --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "levels"),
    [
        (["x", None, "y ", "x", "NA"] * 4, ("x", "y")),
        ([10.0, 9.0, NAN, 2.0] * 5, ("2", "9", "10")),
        ([True, False] * 10, ("False", "True")),
        (pd.Categorical(["lo", "hi"] * 10, categories=["lo", "mid", "hi"]), ("lo", "hi")),
        (pd.Categorical(["10", "9"] * 10), ("10", "9")),
        (["9", "10", "b", "a"] * 5, ("9", "10", "a", "b")),
        (["Week 10", "Week 2", "10 weeks", "Week"] * 5, ("10 weeks", "Week", "Week 2", "Week 10")),
        (["Q2.10", "Q2.9", "Q10.1", "²"] * 5, ("Q2.9", "Q2.10", "Q10.1", "²")),
        (pd.Timestamp("2024-05-31"), ("2024-05-31",)),
    ],
)
def test_groups(column: object, levels: tuple[str, ...]) -> None:
    survey = mini(frame_of(branch=column), groups="Branch ")
    assert survey.groups == {"Branch ": levels}


def test_groups_by_other_names() -> None:
    survey = mini(frame_of(V7=["x", "y"] * 10), groups={"branch": "V7"})
    assert survey.groups == {"branch": ("x", "y")}
    assert sq.gaps(survey, by="branch").dimensions["branch"].tolist() == ["x", "x", "y", "y"]


@pytest.mark.parametrize("name", ["alpha", "quality", "sat"])
def test_group_named_like_a_score(name: str) -> None:
    fails(
        f"The group '{name}' has the name of a score. Give it another name, as in "
        rf'`groups=\{{"{name}_group": "V7"\}}`',
        frame_of(V7="x", o=1),
        groups={name: "V7"},
        outcomes={"sat": "o"},
    )


def test_unknown_group() -> None:
    fails(
        "There is no column 'brnch' in the data. Nearest is branch.",
        frame_of(branch="x"),
        groups="brnch",
    )


# ---- importance points ---------------------------------------------------------------------------


def points_frame(last: float = 60.0) -> pd.DataFrame:
    return frame_of(W_alpha=[60.0] * 19 + [last], W_beta=40.0)


@pytest.mark.parametrize(
    "importance",
    [None, "W_{dimension}", ["W_alpha", "w_beta"], {"beta": "W_beta", "alpha": "W_alpha"}],
)
def test_points_by_column(importance: object) -> None:
    survey = mini(points_frame(), importance=importance)
    assert survey.has_importance
    assert survey.points is not None
    assert_array_equal(survey.points, [[60, 40]] * 20)


@pytest.mark.parametrize(
    "importance", [[60, 40], (60.0, 40.0), np.array([60, 40]), {"beta": 40, "alpha": 60}]
)
def test_one_vector_for_all(importance: object) -> None:
    survey = mini(importance=importance)
    assert survey.points is not None
    assert_array_equal(survey.points, [[60, 40]] * 20)
    assert "importance   one vector for all" in repr(survey)


@pytest.mark.parametrize(
    ("importance", "words"),
    [
        (
            [60, 30, 10],
            "`importance` has 3 numbers, but the instrument has 2 dimensions: alpha, beta",
        ),
        ([100], "`importance` has 1 number, but the instrument has 2 dimensions: alpha, beta"),
        ({"alpha": 60, "betta": 40}, r"unknown or left out: betta, beta\."),
        (["W_alpha"], "`importance` lists 1 column, but there are 2 dimensions"),
        ("W_{dim}", r"`importance` is 'W_\{dim\}', which has the unknown \{dim\}"),
    ],
)
def test_points_that_contradict_the_dimensions(importance: object, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        mini(importance=importance)


def test_points_that_do_not_add_up() -> None:
    fails(
        r"importance points \(W_alpha, W_beta\) of 1 of 20 respondents do not add up to 100: "
        r"row 20 \(90\)\. Correct them, or give `renormalise_points=True`",
        points_frame(50),
        importance="W_{dimension}",
    )
    fails(
        r"importance points \(alpha, beta\) .* do not add up to 100: .*\(90\)",
        frame_of(),
        importance=[60, 30],
    )


def test_text_in_points_is_one_problem() -> None:
    fails(
        "`W_alpha` holds text where numbers are needed: 'much'",
        frame_of(W_alpha="much", W_beta=40),
        importance="W_{dimension}",
    )


def test_renormalised_points() -> None:
    survey = mini(points_frame(40), importance="W_{dimension}", renormalise_points=True)
    assert survey.points is not None
    assert_allclose(survey.points[[0, -1]], [[60, 40], [50, 50]])
    assert any(
        re.search("importance points of 1 respondents? w.* brought to a sum of 100", note)
        for note in survey.notes
    )
    frame = points_frame()
    frame.loc[:2, "W_alpha"] = [50, 100, 30]
    frame.loc[:2, "W_beta"] = [NAN, NAN, 30]
    partial = mini(frame, importance="W_{dimension}", renormalise_points=True)
    assert partial.points is not None
    assert_allclose(partial.points[:3], [[100, 0], [100, 0], [50, 50]])
    assert "The importance points of 2 respondents were brought to a sum of 100." in partial.notes
    assert any(
        note.startswith("1 respondent of them left importance points out, which count as zero.")
        for note in partial.notes
    )
    vector = mini(importance=[6, 4], renormalise_points=True)
    assert vector.points is not None
    assert_allclose(vector.points, [[60, 40]] * 20)


@pytest.mark.parametrize("renormalise", [False, True])
def test_negative_points(renormalise: bool) -> None:
    frame = points_frame(140)
    frame.loc[19, "W_beta"] = -40
    (problem,) = problems_of(frame, importance="W_{dimension}", renormalise_points=renormalise)
    assert re.search(
        r"1 negative importance points? in W_alpha, W_beta; points are shares", problem
    )


def test_points_of_nobody_and_of_one_dimension() -> None:
    frame = points_frame()
    frame.loc[18, ["W_alpha", "W_beta"]] = [100, NAN]
    frame.loc[19, ["W_alpha", "W_beta"]] = NAN
    survey = mini(frame)
    assert survey.points is not None
    assert_array_equal(survey.points[18:], [[100, 0], [NAN, NAN]])
    # All zero is no opinion that could be scaled.
    frame.loc[0, ["W_alpha", "W_beta"]] = 0
    scaled = mini(frame, importance="W_{dimension}", renormalise_points=True)
    assert scaled.points is not None
    assert np.isnan(scaled.points[0]).all()


def test_columns_that_merely_look_like_points() -> None:
    survey = mini(points_frame(50))
    assert not survey.has_importance
    assert survey.notes == (
        "The columns W_alpha, W_beta look like importance points but do not add up to 100; they "
        "are not used. Give `importance` to use them.",
    )
    text = mini(frame_of(W_alpha="much", W_beta="little"))
    assert not text.has_importance
    other_meaning = mini(points_frame(), outcomes={"weighty": "W_alpha"})
    assert not other_meaning.has_importance


def test_weighted_score_by_hand() -> None:
    frame = points_frame(100)
    frame.loc[19, "W_beta"] = 0
    survey = mini(frame)
    gaps = survey.dimension_scores("gap")
    points = np.array([[60, 40]] * 19 + [[100, 0]])
    overall = sq.gaps(survey).overall.set_index("score")["gap"]
    assert overall["weighted"] == pytest.approx((gaps * points / 100).sum(axis=1).mean())
    assert overall["weighted by mean points"] == pytest.approx(
        (gaps.mean(axis=0) * points.mean(axis=0) / 100).sum()
    )


# ---- weights -------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["w", [1.0, 2.0], 3, {"w": 1}])
def test_weights_need_their_kind(given: object) -> None:
    with pytest.raises(
        OptionError,
        match=r"but its kind decides the standard errors\. Give `sq\.SamplingWeights\(\"column\"\)`"
        r" if .*, or `sq\.FrequencyWeights\(\"column\"\)` if",
    ):
        mini(weights=given)


@pytest.mark.parametrize(
    ("column", "kind", "words"),
    [
        ([-1] + [1] * 19, sq.SamplingWeights, r"missing, infinite or negative \(rows? 1\)"),
        ([1] * 19 + [NAN], sq.SamplingWeights, r"missing, infinite or negative \(rows? 20\)"),
        ([1] * 19 + [np.inf], sq.SamplingWeights, "`w` holds text .*: 'inf'"),
        ([0] * 20, sq.SamplingWeights, "'w' cannot serve as weights: all of them are zero"),
        (
            [1.5] + [1] * 19,
            sq.FrequencyWeights,
            r"must be whole numbers\. If they are survey weights, give `sq\.SamplingWeights`",
        ),
        (["a"] * 20, sq.FrequencyWeights, "`w` holds text where numbers are needed: 'a'"),
    ],
)
def test_weights_that_cannot_serve(column: list[Any], kind: Any, words: str) -> None:
    fails(words, frame_of(w=column), weights=kind("w"))


def test_weights_by_column_and_by_row() -> None:
    frame = frame_of(w=np.arange(20) % 3 + 1)
    by_column = mini(frame, weights=sq.FrequencyWeights(" W"))
    by_row = mini(frame, weights=sq.FrequencyWeights(frame["w"].tolist()))
    assert_array_equal(by_column.weights, by_row.weights)
    assert by_column.n_respondents == int(frame["w"].sum())
    fails("`weights` cannot serve as weights: there are 2 weights for 20 rows", frame,
          weights=sq.SamplingWeights([1.0, 2.0]))  # fmt: skip
    fails("no column 'weigth' in the data. Nearest is weight", frame_of(weight=1),
          weights=sq.SamplingWeights("weigth"))  # fmt: skip


def test_weights_with_a_comma_that_may_mean_thousands() -> None:
    frame = frame_of(w=["1,234", "987"] * 10)
    fails(
        r"`w` holds numbers whose comma may separate thousands or decimals: '1,234' \(10×\)",
        frame,
        weights=sq.SamplingWeights("w"),
    )


def test_messages_count_one() -> None:
    frame = frame_of(w=[0, *[1] * 19], id=[1, 1, *range(2, 20)])
    assert (
        "1 row has a weight of zero and does not count."
        in mini(frame, weights=sq.FrequencyWeights("w")).notes
    )
    assert (
        "1 answer was a missing code: P1 (1)."
        in mini(frame_of().assign(P1=[9, *[5] * 19]), missing_codes=(9,)).notes
    )
    fails("has 1 value that stands more than once: 1 ", frame, id="id")
    fails(
        r"there is 1 weight for 20 rows\. Give one",
        frame,
        weights=sq.FrequencyWeights([3]),
    )
    frame["w"] = [-1, *[1] * 19]
    fails(r"1 is missing, infinite or negative \(row 1\)", frame, weights=sq.SamplingWeights("w"))
    assert repr(mini(frame_of(1))).startswith("Survey: 1 respondent, ")


def test_frequencies_that_nobody_can_count() -> None:
    frame = frame_of(w=[1e300, *[1.0] * 19])
    fails(
        r"frequency weights count respondents, but these add up to 1e\+300\. If they are survey",
        frame,
        weights=sq.FrequencyWeights("w"),
    )


def test_weights_that_are_no_numbers() -> None:
    with pytest.raises(OptionError, match=r"`weights` cannot be read as numbers: .*'a'"):
        mini(weights=sq.SamplingWeights(["a"] * 20))  # type: ignore[list-item]


# ---- respondent numbers --------------------------------------------------------------------------


def test_ids() -> None:
    assert len(mini(frame_of(id=range(20)), id="ID")) == 20
    repeated = frame_of(id=[7, 7, 7, 8, 8, *range(15)])
    fails(
        r"id column 'id' has .* stand more than once: 7 \(4×\), 8 \(3×\)\. Remove the rep",
        repeated,
        id="id",
    )
    # Nobody said that they are respondents' numbers.
    assert len(mini(repeated)) == 20
    # Respondents without a number cannot be told apart, and are not repeated.
    assert len(mini(frame_of(id=[None] * 5 + list(range(15))), id="id")) == 20
    fails("There is no column 'number' in the data", frame_of(), id="number")
