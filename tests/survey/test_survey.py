"""Surveys as users make them: one body over every dataframe, scores by hand, names of variables."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import servqual as sq
from servqual.errors import (
    InstrumentError,
    OptionError,
    RowsRequiredError,
    ServqualWarning,
    SurveyError,
)
from servqual.survey.survey import require_survey
from tests.analyses.surveys import reference_frame, reference_survey, toy_frame, toy_instrument

duckdb = pytest.importorskip("duckdb")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

Constructor: TypeAlias = Callable[[pd.DataFrame], object]

NAN = float("nan")
#: Alpha has items 1 to 3, beta items 4 and 5.
MINI = sq.Instrument.from_toml(
    'id = "mini"\nscale = [1, 7]\n[dimensions]\nalpha = [1, 2, 3]\nbeta = [4, 5]\n'
)

FRAMES: dict[str, Constructor] = {
    "pandas": lambda frame: frame,
    "pandas-nullable": lambda frame: frame.convert_dtypes(),
    "pandas-pyarrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "pandas-text": lambda frame: (
        frame.astype(object)
        .where(frame.notna(), None)
        .map(lambda value: None if value is None else str(value))
    ),
    "polars": pl.from_pandas,
    "polars-lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "duckdb": lambda frame: duckdb.from_arrow(pa.Table.from_pandas(frame, preserve_index=False)),
    "dict": lambda frame: frame.to_dict("list"),
}


def mini_frame(n: int = 6, **more: Any) -> pd.DataFrame:
    generator = np.random.default_rng(2)
    columns = {
        f"{side}{item}": generator.integers(1, 8, n) for side in "EP" for item in range(1, 6)
    }
    return pd.DataFrame(columns | more)


def mini(frame: object | None = None, **options: Any) -> sq.Survey:
    return sq.Survey(mini_frame() if frame is None else frame, **{"instrument": MINI} | options)


def by_hand() -> sq.Survey:
    """Four respondents whose scores can be worked out on paper."""
    rows = {
        "E1": [7, 6, NAN, 5], "E2": [7, NAN, 6, NAN], "E3": [4, 5, 6, NAN],
        "E4": [5, 5, NAN, 7], "E5": [6, NAN, 5, 7],
        "P1": [6, 6, 4, 3], "P2": [5, 4, NAN, 3], "P3": [4, 2, 6, 2],
        "P4": [7, NAN, 3, 5], "P5": [5, 4, 4, NAN],
    }  # fmt: skip
    return mini(pd.DataFrame(rows))


# ---- one body over every dataframe ---------------------------------------------------------------


def _options() -> dict[str, Any]:
    return {
        "instrument": "servqual-1991",
        "outcomes": {"satisfaction": "SAT*", "loyalty": ["LOY1", "LOY2"]},
        "groups": ["branch", "wave"],
        "importance": "W_{dimension}",
        "weights": sq.SamplingWeights("weight"),
        "id": "id",
    }


@pytest.mark.parametrize("name", FRAMES)
def test_same_bits_from_every_dataframe(name: str) -> None:
    frame = reference_frame()
    expected = sq.Survey(frame, **_options())
    found = sq.Survey(FRAMES[name](frame), **_options())
    assert repr(found) == repr(expected)
    for by in (None, ["wave"]):
        ours, theirs = (sq.gaps(survey, by=by) for survey in (found, expected))
        for table in ("items", "dimensions", "overall", "multivariate", "comparisons"):
            pd.testing.assert_frame_equal(
                getattr(ours, table), getattr(theirs, table), check_exact=True
            )
    assert found.moments(["P1", "satisfaction"]) == expected.moments(["P1", "satisfaction"])
    assert found.groups == expected.groups
    pd.testing.assert_frame_equal(found.describe().items, expected.describe().items)


def test_callers_frame_is_not_written_to() -> None:
    frame = reference_frame()
    before = frame.copy(deep=True)
    survey = sq.Survey(frame, **_options() | {"instrument": "servqual-1991"})
    sq.gaps(survey)
    pd.testing.assert_frame_equal(frame, before)
    frame["P1"] = 1
    assert (survey.rows(["P1"]) != 1).any()


# ---- scores by hand ------------------------------------------------------------------------------


def test_pairs_rule_by_hand() -> None:
    pair = by_hand().paired("gap")
    # Alpha: only items with both answers count, and at least two of its three.
    assert_allclose(pair.minuend[:, 0], [5, 4, NAN, NAN])
    assert_allclose(pair.subtrahend[:, 0], [6, 5.5, NAN, NAN])
    assert_allclose(pair.difference[:, 0], [-1, -1.5, NAN, NAN])
    # Beta: one of two pairs is half, and half is enough; the second respondent has none.
    assert_allclose(pair.minuend[:, 1], [6, NAN, 4, 5])
    assert_allclose(pair.difference[:, 1], [0.5, NAN, -1, -2])


def test_one_sided_scores_take_all_answers_of_that_side() -> None:
    survey = by_hand()
    assert_allclose(survey.dimension_scores("perception")[:, 0], [5, 4, 5, 8 / 3])
    assert_allclose(survey.dimension_scores("expectation")[:, 0], [6, 5.5, 6, NAN])
    assert_allclose(survey.dimension_scores("perception")[:, 1], [6, 4, 3.5, 5])


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.3, [-1, -1.5, 0, -2]),
        (0.5, [-1, -1.5, NAN, NAN]),
        (2 / 3, [-1, -1.5, NAN, NAN]),
        (0.67, [-1, NAN, NAN, NAN]),
        (1, [-1, NAN, NAN, NAN]),
    ],
)
def test_min_answered(share: float, expected: list[float]) -> None:
    frame = pd.DataFrame({name: by_hand().rows([name])[:, 0] for name in mini_frame().columns})
    survey = mini(frame, min_answered=share)
    assert_allclose(survey.dimension_scores("gap")[:, 0], expected)
    assert survey.min_answered == share


@pytest.mark.parametrize("share", [0, -0.5, 1.01, True, NAN, "half", None])
def test_min_answered_errors(share: Any) -> None:
    with pytest.raises(OptionError, match=r"`min_answered` is .*, but must be a share above 0"):
        mini(min_answered=share)


def test_overall_scores_by_hand() -> None:
    survey = by_hand()
    # The item mean needs half of all five pairs: the others have only two.
    assert_allclose(survey.overall_pair("gap").difference[:, 0], [-0.4, NAN, NAN, NAN])
    assert_allclose(survey.rows(["gap:quality"])[:, 0], [-0.25, NAN, NAN, NAN])
    assert_allclose(survey.rows(["perception:quality"])[:, 0], [5.5, 4, 4.25, (8 / 3 + 5) / 2])


def test_scores_table() -> None:
    frame = mini_frame(o1=[1, 2, NAN, 4, 5, 6], o2=[3, NAN, NAN, 4, 5, 7], g=list("xyxyxy"))
    table = mini(frame, outcomes={"sat": ["o1", "o2"]}, groups="g").scores("gap")
    assert list(table.columns) == ["alpha", "beta", "quality", "sat", "g"]
    assert_allclose(table["quality"], (table["alpha"] + table["beta"]) / 2)
    # One of two answers is half, so it counts.
    assert_allclose(table["sat"], [2, 2, NAN, 4, 5, 6.5])
    assert table["g"].tolist() == list("xyxyxy")


def test_answers_and_gaps() -> None:
    survey = by_hand()
    assert_array_equal(survey.answers("gap")[0], [-1, -2, 0, 2, -1])
    assert_array_equal(
        survey.answers("gap"), survey.answers("perception") - survey.answers("expectation")
    )
    assert_array_equal(survey.answers()[0], [6, 5, 4, 7, 5])


# ---- sides ---------------------------------------------------------------------------------------


def test_servperf_needs_no_expectations() -> None:
    frame = reference_frame()[[f"P{item}" for item in range(1, 23)]]
    survey = sq.Survey(frame, instrument="servperf")
    assert survey.sides == ("perception",)
    table = sq.scale_reliability(survey, on="perception").scales
    assert table["scale"].tolist()[-1] == "overall"
    both = reference_survey()
    assert_array_equal(survey.dimension_scores("perception"), both.dimension_scores("perception"))
    with pytest.raises(
        OptionError,
        match=r'`on="gap"` needs expectation answers, but this survey has perception only\. '
        r'Possible here: `on="perception"`\. If the survey did ask, say where',
    ):
        sq.gaps(survey)


def test_sides_of_a_survey_that_asked_fewer() -> None:
    survey = mini(sides=("perception",))
    assert survey.sides == ("perception",)
    assert "expectation" not in survey.columns
    with pytest.raises(OptionError, match=r'must be one of "expectation", "perc.* mean "perc'):
        mini(sides=("percepton",))
    with pytest.raises(OptionError, match='`sides` is "perception", but must be a list'):
        mini(sides="perception")
    with pytest.raises(OptionError, match="`sides` is empty; name at least one"):
        mini(sides=())


def three_columns(*, template: tuple[str, str, str] = ("A{}", "D{}", "P{}")) -> pd.DataFrame:
    """Minimum 3, desired 6, perception from 1 to 7: the format of 1994."""
    generator = np.random.default_rng(1)
    low, high, seen = template
    return pd.DataFrame(
        {low.format(item): 3 - generator.integers(0, 2, 12) for item in range(1, 6)}
        | {high.format(item): 6 + generator.integers(0, 2, 12) for item in range(1, 6)}
        | {seen.format(item): generator.integers(1, 8, 12) for item in range(1, 6)}
    )


@pytest.mark.parametrize("template", [("A{}", "D{}", "P{}"), ("min_{}", "desired_{}", "perc_{}")])
def test_three_columns_of_1994(template: tuple[str, str, str]) -> None:
    frame = three_columns(template=template)
    survey = mini(frame, sides=("minimum", "desired", "perception"))
    assert survey.sides == ("minimum", "desired", "perception")
    low, high, seen = (
        np.column_stack([frame[name.format(item)] for item in range(1, 6)]) for name in template
    )
    for on, other in (("adequacy", low), ("superiority", high)):
        result = sq.gaps(survey, on=on)  # type: ignore[arg-type]
        assert_allclose(result.items["gap"], (seen - other).mean(axis=0))
        assert_allclose(result.items["expectation"], other.mean(axis=0))
        assert result.on == on
    assert_array_equal(survey.rows(["MSA1", "MSS1"]), np.column_stack(
        [seen[:, 0] - low[:, 0], seen[:, 0] - high[:, 0]]
    ))  # fmt: skip
    with pytest.raises(OptionError, match="needs expectation answers, but this survey has minimum"):
        sq.gaps(survey)


def test_sides_that_are_named_are_asked() -> None:
    frame = three_columns().join(mini_frame(12)[["E1", "E2", "E3", "E4", "E5"]])
    survey = mini(frame, minimum="A{item}")
    assert survey.sides == ("expectation", "perception", "minimum")
    assert sq.gaps(survey, on="adequacy").items["n"].tolist() == [12] * 5


# ---- variables by name ---------------------------------------------------------------------------


def test_rows_by_name() -> None:
    frame = mini_frame(o1=[1, 2, 3, 4, 5, 6], o2=[3, 4, 5, 4, 5, 7])
    survey = mini(frame, outcomes={"satisfaction": ["o1", "o2"]})
    names = ["P1", "G1", "gap:beta", "perception:quality", "satisfaction", "o2", "gap:5", "E5"]
    rows = survey.rows(names)
    assert rows.shape == (6, 8)
    gaps = (
        frame[[f"P{i}" for i in range(1, 6)]].to_numpy()
        - frame[[f"E{i}" for i in range(1, 6)]].to_numpy()
    )
    alpha, beta = (frame[names].mean(axis=1) for names in (["P1", "P2", "P3"], ["P4", "P5"]))
    expected = [
        frame["P1"], gaps[:, 0], gaps[:, 3:].mean(axis=1), (alpha + beta) / 2,
        (frame["o1"] + frame["o2"]) / 2, frame["o2"], gaps[:, 4], frame["E5"],
    ]  # fmt: skip
    assert_allclose(rows, np.column_stack(expected))
    moments = survey.moments(names)
    assert moments.variables == tuple(names)
    assert_allclose(moments.mean, rows.mean(axis=0))
    assert survey.moments(names) is moments
    assert survey.rows([]).shape == (6, 0)


def test_names_of_the_data_are_kept() -> None:
    frame = mini_frame().rename(columns={"P1": "Perf 01", "E1": "exp.1"})
    survey = mini(
        frame,
        perception=["Perf 01", "P2", "P3", "P4", "P5"],
        expectation=["exp.1", "E2", "E3", "E4", "E5"],
    )
    assert_array_equal(survey.rows(["Perf 01", "exp.1"]), frame[["Perf 01", "exp.1"]])
    assert_array_equal(survey.rows(["G1"])[:, 0], frame["Perf 01"] - frame["exp.1"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "P9",
            r'"P9" is not a variable .* outcomes \(satisfaction\), its item columns, differences',
        ),
        ("satisfction", 'Did you mean "satisfaction"'),
        ("gap:alhpa", '"gap:alhpa" is not a variable of this survey'),
        ("G9", '"G9" is not a variable'),
        ("gp:alpha", "`on` is 'gp', but must be one of \"gap\""),
        (
            "adequacy:alpha",
            '`on="adequacy"` needs minimum answers, but this survey has expectation',
        ),
        ("", '"" is not a variable'),
    ],
)
def test_unknown_names(name: str, words: str) -> None:
    survey = mini(mini_frame(o=1), outcomes={"satisfaction": "o"})
    with pytest.raises(OptionError, match=words):
        survey.rows([name])


def test_names_come_in_a_list() -> None:
    with pytest.raises(
        OptionError, match=r'`variables` is "P1", but must be a list, such as \["P1"'
    ):
        mini().rows("P1")
    with pytest.raises(OptionError, match=r'`variables` is "G1", but must be a list'):
        mini().moments("G1")
    with pytest.raises(OptionError, match=r'`variables` is "G1", but must be a list'):
        mini().counts("G1")
    numbers: Any = [1, 2]
    with pytest.raises(OptionError, match=r"`variables` lists 1, 2, but variables are named by"):
        mini().moments(numbers)


def test_moments_listwise_and_pairwise() -> None:
    survey = reference_survey()
    names = ["P1", "P2", "satisfaction"]
    rows = survey.rows(names)
    complete = rows[~np.isnan(rows).any(axis=1)]
    listwise = survey.moments(names)
    assert (listwise.n_obs, listwise.n_excluded) == (len(complete), 240 - len(complete))
    assert_allclose(listwise.covariance(), np.cov(complete.T), rtol=1e-12)
    pairwise = survey.moments(names, missing="pairwise")
    assert_allclose(pairwise.correlation(), pd.DataFrame(rows).corr(), rtol=1e-12)
    wrong: Any = "fiml"
    with pytest.raises(OptionError, match="`missing` is 'fiml', but must be one of \"listwise\""):
        survey.moments(names, missing=wrong)


def test_moments_carry_the_weights() -> None:
    frame = mini_frame(w=[1, 2, 1, 3, 1, 1])
    frequency = mini(frame, weights=sq.FrequencyWeights("w"))
    assert frequency.n_respondents == 9
    assert len(frequency) == 6
    assert frequency.moments(["P1"]).n_obs == 9
    assert_allclose(frequency.moments(["P1"]).mean, np.average(frame["P1"], weights=frame["w"]))
    sampling = mini(frame, weights=sq.SamplingWeights("w"))
    assert sampling.n_respondents == 6
    assert sampling.moments(["P1"]).weight_kind == "sampling"
    assert_array_equal(sampling.weights, frame["w"])
    assert mini().weights is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda survey: survey.answers("gaps"), "`on` is 'gaps'.*Did you mean \"gap\""),
        (
            lambda survey: survey.paired("perception"),
            '`on` is "perception", but two sides are need',
        ),
        (lambda survey: survey.overall_pair("expectation"), "a difference of two sides is needed"),
        (lambda survey: survey.paired("gap", "item"), "`level` is 'item'.*mean \"items\""),
        (lambda survey: survey.dimension_scores("minimum"), '`on="minimum"` needs minimum answers'),
    ],
)
def test_option_errors(call: Callable[[sq.Survey], object], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        call(mini())


# ---- groups --------------------------------------------------------------------------------------


def grouped() -> sq.Survey:
    frame = mini_frame(
        branch=["north", "south", None, "north", " south", "west"], wave=[10, 9, 9, 10, 9, NAN]
    )
    return mini(frame, groups=["branch", "wave"])


def test_groups() -> None:
    survey = grouped()
    assert survey.groups == {"branch": ("north", "south", "west"), "wave": ("9", "10")}
    codes, levels, names = survey.group_codes("branch")
    assert codes.tolist() == [0, 1, -1, 0, 1, 2]
    assert levels == [("north",), ("south",), ("west",)]
    assert names == ("branch",)


def test_crossed_groups_are_those_that_exist() -> None:
    codes, levels, names = grouped().group_codes(["branch", "wave"])
    assert levels == [("north", "10"), ("south", "9")]
    assert codes.tolist() == [0, 1, -1, 0, 1, -1]
    assert names == ("branch", "wave")


def test_group_errors() -> None:
    survey = grouped()
    with pytest.raises(
        OptionError,
        match=r'"brunch" is not a grouping variable of this survey; it has branch, wave\. Did you '
        r'mean "branch"\? Declare it when the survey is made: `groups=\["brunch"\]`',
    ):
        survey.group_codes("brunch")
    with pytest.raises(OptionError, match="it has none"):
        mini().group_codes("branch")
    with pytest.raises(OptionError, match="`by` is empty; name at least one"):
        survey.group_codes([])
    number: Any = 3
    with pytest.raises(OptionError, match="`by` is 3, but must name grouping variables"):
        survey.group_codes(number)
    with pytest.raises(OptionError, match="`by` lists 3, but grouping variables are named by text"):
        survey.group_codes([number])
    with pytest.raises(OptionError, match="`by` is 3, but must name grouping variables"):
        sq.frequencies(survey, by=number)


def test_where() -> None:
    survey = grouped()
    north = survey.where(branch="north")
    assert len(north) == 2
    assert_array_equal(north.answers("gap"), survey.answers("gap")[[0, 3]])
    assert len(survey.where(branch="south", wave="9")) == 2
    wave: Any = 10
    assert len(survey.where(wave=wave)) == 2
    assert len(survey.where()) == len(survey) == 6
    with pytest.raises(OptionError, match='`branch` is \'nort\', but must be one of "north", "sou'):
        survey.where(branch="nort")
    with pytest.raises(OptionError, match='"brunch" is not a grouping variable'):
        survey.where(brunch="north")


def test_where_nobody_is() -> None:
    with pytest.raises(SurveyError, match="No respondent has branch='west' and wave='9'"):
        grouped().where(branch="west", wave="9")


def test_where_all_weights_are_zero() -> None:
    frame = mini_frame(branch=["north"] * 4 + ["south"] * 2, w=[1, 2, 1, 2, 0, 0])
    survey = mini(frame, groups="branch", weights=sq.FrequencyWeights("w"))
    assert survey.where(branch="north").n_respondents == 6
    with pytest.raises(
        SurveyError,
        match=r"No respondent has branch='south': 2 rows there, but with a weight of zero\. Choose",
    ):
        survey.where(branch="south")


def test_where_takes_all_that_belongs_to_a_respondent() -> None:
    survey = reference_survey("sampling")
    part = survey.where(branch="North")
    keep = (reference_frame()["branch"] == "North").to_numpy()
    assert survey.weights is not None
    assert survey.points is not None
    assert_array_equal(part.weights, survey.weights[keep])
    assert_array_equal(part.points, survey.points[keep])
    assert_array_equal(part.rows(["satisfaction"]), survey.rows(["satisfaction"])[keep])
    whole = sq.gaps(survey, by="branch").dimensions
    alone = sq.gaps(part).dimensions
    same = whole[whole["branch"] == "North"].drop(columns="branch").reset_index(drop=True)
    pd.testing.assert_frame_equal(same, alone)


# ---- immutable, copied, shown --------------------------------------------------------------------


def test_a_survey_does_not_change() -> None:
    survey = mini(mini_frame(w=1.0, g="x"), weights=sq.SamplingWeights("w"), groups="g")
    with pytest.raises(AttributeError, match="does not change after it was made, so `instrument`"):
        survey.instrument = MINI  # type: ignore[misc]
    with pytest.raises(AttributeError):
        survey.new = 1
    for part in (survey, survey.where(g="x"), pickle.loads(pickle.dumps(survey))):
        arrays: list[Any] = [
            part.answers("perception"), part.answers("gap"), part.weights,
            part.dimension_scores("gap"), part.dimension_scores("perception"),
            part.paired("gap").minuend, part.paired("gap", "items").subtrahend,
        ]  # fmt: skip
        for array in arrays:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 99
    columns = survey.columns
    columns["perception"][1] = "other"
    assert survey.columns["perception"][1] == "P1"


def test_copies() -> None:
    survey = reference_survey("sampling")
    before = sq.gaps(survey)
    for again in (pickle.loads(pickle.dumps(survey)), copy.copy(survey), copy.deepcopy(survey)):
        assert repr(again) == repr(survey)
        assert_array_equal(again.points, survey.points)
        pd.testing.assert_frame_equal(
            sq.gaps(again).dimensions, before.dimensions, check_exact=True
        )


def test_repr() -> None:
    frame = mini_frame(
        SAT1=1, SAT2=2, recommend=3, branch=list("xyxyxy"), w=1.0, W_alpha=60, W_beta=40
    )
    options: dict[str, Any] = {
        "outcomes": {"satisfaction": "SAT*", "recommend": "recommend"},
        "groups": ["branch"],
        "weights": sq.SamplingWeights("w"),
    }
    expected = "\n".join(
        [
            "Survey: 6 respondents, mini (5 items, 2 dimensions, scale 1–7)",
            "  expectation  E1 … E5 (E{item})",
            "  perception   P1 … P5 (P{item})",
            "  outcomes     satisfaction (SAT1, SAT2); recommend",
            "  groups       branch (2)",
            "  importance   W_alpha, W_beta",
            "  weights      sampling",
        ]
    )
    assert repr(mini(frame, **options)) == expected
    assert repr(mini(frame.copy(), **options)) == expected


def test_repr_of_what_was_done() -> None:
    frame = toy_frame(12, 22)
    frame.loc[0, "P1"] = 99
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ServqualWarning)
        survey = sq.Survey(
            frame, instrument="servqual-1988", missing_codes=(99,), importance=[20] * 5
        )
    text = repr(survey)
    assert "  importance   one vector for all\n" in text
    assert "  reversed     10, 11, 12, 13, 18, 19, 20, 21, 22\n" in text
    assert (
        "Note: Reverse-coded once, on every side: items 10, 11, 12, 13, 18, 19, 20, 21, 22." in text
    )
    assert "Note: 1 answers were missing codes: P1 (1)." in text or "1 answer was" in text


def test_what_it_holds() -> None:
    survey = reference_survey()
    assert survey.instrument == sq.instrument("servqual-1991")
    assert survey.columns["perception"] == {item: f"P{item}" for item in range(1, 23)}
    assert survey.outcomes == {
        "satisfaction": ("SAT1", "SAT2", "SAT3"),
        "loyalty": ("LOY1", "LOY2"),
    }
    assert survey.has_importance
    assert not mini().has_importance
    assert mini().points is None
    assert survey.source == ""
    assert survey.weight_kind == "none"
    assert survey.reversed_items == ()


# ---- instruments and other arguments -------------------------------------------------------------


def test_instrument_argument() -> None:
    with pytest.raises(
        InstrumentError, match=r"no instrument 'servqal-1991'.*mean \"servqual-1991\""
    ):
        mini(instrument="servqal-1991")
    wrong: Any = 1991
    with pytest.raises(OptionError, match="`instrument` is int, but must be a name such as"):
        mini(instrument=wrong)


def test_require_survey() -> None:
    survey = mini()
    assert require_survey(survey, "gaps") is survey
    with pytest.raises(
        RowsRequiredError, match="`gaps` was given DataFrame, but needs respondents"
    ):
        require_survey(mini_frame(), "gaps")
    with pytest.raises(RowsRequiredError, match="`gaps` was given Moments"):
        sq.gaps(survey.moments(["P1"]))  # type: ignore[arg-type]


# ---- warnings ------------------------------------------------------------------------------------


def test_reverse_coding_missed_or_done_twice() -> None:
    frame = toy_frame(60, 6, seed=9)
    frame["P2"] = 8 - frame["P2"]
    instrument = toy_instrument((3, 3))
    with pytest.warns(
        ServqualWarning, match=r"run against the rest of their dimension or side: P2\."
    ):
        survey = sq.Survey(frame, instrument=instrument)
    items = survey.describe().items
    assert items.loc[items["looks_reversed"], "column"].tolist() == ["P2"]


def test_the_wrong_edition_reverses_whole_dimensions_and_is_noticed() -> None:
    # The bank survey has the positive wording of 1991; that of 1988 turns two dimensions round.
    frame = pd.read_csv(sq.example_path("bank"))
    with pytest.warns(ServqualWarning) as caught:
        sq.Survey(frame, instrument="servqual-1988", sides=("perception",))
    (warning,) = caught
    turned = ", ".join(f"P{number}" for number in (10, 11, 12, 13, 18, 19, 20, 21, 22))
    assert f": {turned}. They look as if reverse coding" in str(warning.message)


def test_no_warning_for_a_few_respondents() -> None:
    frame = toy_frame(9, 6, seed=9)
    frame["P2"] = 8 - frame["P2"]
    sq.Survey(frame, instrument=toy_instrument((3, 3)))


def test_stray_code_in_an_outcome() -> None:
    frame = mini_frame(o=[5, 6, 7, 6, 4, 99], p=[-9, 999, 1, 2, 3, 4])
    outcomes = {"satisfaction": ["o"], "loyalty": ["p"]}
    with pytest.warns(ServqualWarning) as caught:
        mini(frame, outcomes=outcomes)
    first, second = (str(entry.message) for entry in caught)
    assert first.startswith("The outcome column 'o' holds 99, far from its other answers")
    assert '`missing_codes={"o": (99,)}`' in first
    assert '`missing_codes={"p": (-9, 999)}`' in second
    # Doing what the message says is enough.
    survey = mini(frame, outcomes=outcomes, missing_codes={"o": (99,), "p": (-9, 999)})
    assert_array_equal(survey.rows(["satisfaction"])[5:], [[NAN]])


def test_narrower_scale() -> None:
    generator = np.random.default_rng(3)
    frame = pd.DataFrame(
        {f"E{item}": generator.integers(3, 8, 150) for item in range(1, 6)}
        | {f"P{item}": generator.integers(1, 6, 150) for item in range(1, 6)}
    )
    with pytest.warns(
        ServqualWarning, match="No perception answer is above 5, and many are 5, while expectation"
    ):
        mini(frame)


# ---- small surveys -------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::servqual.errors.SmallSampleWarning")
def test_read_survey_needs_a_path() -> None:
    frame: Any = mini_frame()
    with pytest.raises(
        OptionError,
        match=r"`path` is of type DataFrame, .* use `sq\.Survey\(frame, instrument=…\)`",
    ):
        sq.read_survey(frame, instrument=MINI)
    nothing: Any = None
    with pytest.raises(OptionError, match="`path` is of type NoneType, but must be the path of a"):
        sq.read_survey(nothing, instrument=MINI)


@pytest.mark.filterwarnings("ignore::servqual.errors.SmallSampleWarning")
def test_extreme_sampling_weights() -> None:
    weights = np.array([1.0, 3, 2, 1, 2, 1])
    expected = sq.gaps(mini(mini_frame(), weights=sq.SamplingWeights(weights))).dimensions
    # Powers of two keep the last bit; only the ratios of sampling weights matter.
    for factor in (2.0**1000, 2.0**-1000):
        found = sq.gaps(mini(mini_frame(), weights=sq.SamplingWeights(weights * factor)))
        pd.testing.assert_frame_equal(found.dimensions, expected)
    apart = mini(mini_frame(), weights=sq.SamplingWeights([1e300, 1e300, 1e300, 1e-300, 1, 1]))
    assert apart.n_respondents == 6
    assert np.isfinite(sq.gaps(apart).dimensions["gap"]).all()


@pytest.mark.filterwarnings("ignore::servqual.errors.SmallSampleWarning")
def test_one_respondent() -> None:
    result = sq.gaps(mini(mini_frame(1)))
    assert result.dimensions["n"].tolist() == [1, 1]
    assert result.dimensions["gap"].notna().all()
    unknown = ["gap_sd", "std_error", "statistic", "p_value", "conf_low", "conf_high"]
    assert result.dimensions[unknown].isna().all(axis=None)


def test_same_fractional_gap_for_everybody() -> None:
    frame = mini_frame(20).assign(E1=5, E2=5, E3=5, P1=5, P2=5, P3=4)
    table = sq.gaps(mini(frame)).dimensions
    assert table.loc[0, "gap"] == pytest.approx(-1 / 3)
    # Minus a third is no binary number, but it is the same for all.
    assert table.loc[0, "gap_sd"] == 0.0
    assert table["statistic"].isna().tolist() == [True, False]
