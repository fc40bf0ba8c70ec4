from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.special import stdtrit

import servqual as sq
from servqual.typing import CurveForm
from tests.analyses.surveys import (
    records,
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

#: Case of the reference → design of the survey and options.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "gap": ("plain", {}),
    "perception": ("plain", {"on": "perception", "outcome": "loyalty"}),
    "moved": (
        "plain",
        {"on": "perception", "outcome": "loyalty", "knot": 5, "n_knots": 5},
    ),
    "covariate": ("plain", {"covariates": ["loyalty"], "n_knots": 3}),
    "clusters": ("plain", {"cluster": "branch"}),
    "frequency": ("frequency", {}),
    "sampling": ("sampling", {}),
}
COVARIANCES = [
    (case, covariance)
    for case in CASES
    for covariance in (["CR1"] if case == "clusters" else ["nonrobust", "HC3"])
]
#: Four branches: the covariance matrix has rank three, so tests of many coefficients round more.
RTOL = 1e-7


@cache
def with_covariance(case: str, covariance: str) -> sq.NonlinearityResult:
    return curves(case, covariance=covariance)


def curves(case: str, **more: Any) -> sq.NonlinearityResult:
    design, options = CASES[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sq.ServqualWarning)
        return sq.nonlinearity(reference_survey(design), **(options | more))


# ---- against R -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "covariance"), COVARIANCES)
def test_tests_and_slopes_are_those_of_r(case: str, covariance: Any) -> None:
    expected = load_expected("nonlinearity")[case]
    result = with_covariance(case, covariance)
    assert result.sample.n_obs == expected["n"]
    assert_allclose(result.r_squared, expected["r_squared"], rtol=1e-9)
    theirs = records(expected["by_covariance"][covariance]["tests"])
    assert result.tests["term"].tolist() == theirs["term"].tolist()
    assert result.tests["form"].tolist() == theirs["form"].tolist()
    likelihood = ["f_statistic", "f_p_value", "aic", "delta_aic"]
    for column in theirs.columns[2:]:
        if case == "sampling" and column in likelihood:
            assert result.tests[column].isna().all()
            continue
        assert_allclose(
            result.tests[column],
            theirs[column].astype(float),
            rtol=RTOL,
            atol=1e-9,
            err_msg=column,
        )
    slopes = records(expected["by_covariance"][covariance]["slopes"])
    assert result.slopes["form"].tolist() == slopes["form"].tolist()
    for column in slopes.columns[2:]:
        assert_allclose(
            result.slopes[column], slopes[column], rtol=RTOL, atol=1e-11, err_msg=column
        )


def test_few_clusters_are_those_of_clubsandwich() -> None:
    expected = load_expected("nonlinearity")["small_clusters"]
    result = sq.nonlinearity(reference_survey(), cluster="office", forms=["piecewise", "spline"])
    assert result.covariance == "CR2"
    theirs = records(expected["tests"])
    assert result.tests["term"].tolist() == theirs["term"].tolist()
    assert result.tests["form"].tolist() == theirs["form"].tolist()
    for column in list(theirs.columns[2:]):
        assert_allclose(result.tests[column], theirs[column], rtol=1e-7, err_msg=column)
    slopes = records(expected["slopes"])
    for column in list(slopes.columns):
        assert_allclose(
            result.slopes[column], slopes[column], rtol=1e-7, atol=1e-11, err_msg=column
        )
    # At the knot the piecewise curve is its level; the band takes the fewest degrees of freedom.
    parts = result.coefficients.query("term == 'empathy' and form == 'piecewise'")
    level = result.covariances.query(
        "term == 'empathy' and form == 'piecewise' and first == 'level'"
    )["estimate"].item()
    curve = result.curve("empathy", "piecewise")
    at_knot = curve.iloc[int(curve["x"].abs().argmin())]
    reach = stdtrit(parts["df"].min(), 0.975) * np.sqrt(level)
    assert_allclose(float(at_knot["conf_high"]) - float(at_knot["estimate"]), reach, rtol=1e-7)


@pytest.mark.parametrize(("case", "covariance"), COVARIANCES)
def test_curves_and_knots_are_those_of_r(case: str, covariance: Any) -> None:
    expected = load_expected("nonlinearity")[case]
    result = with_covariance(case, covariance)
    theirs = records(expected["by_covariance"][covariance]["curves"])
    for (term, form), points in theirs.groupby(["term", "form"], sort=False):
        ours = result.curve(str(term), str(form), n_points=4)  # type: ignore[arg-type]
        # Ours has the knots in addition.
        apart = np.abs(ours["x"].to_numpy() - points["x"].to_numpy()[:, None])
        same = ours.iloc[apart.argmin(axis=1)]
        for column in ("x", "estimate", "conf_low", "conf_high", "linear"):
            assert_allclose(same[column], points[column], rtol=1e-7, atol=1e-9, err_msg=column)
    for term, knots in expected["knots"].items():
        rows = result.knots[(result.knots["term"] == term) & (result.knots["form"] == "spline")]
        assert_allclose(rows["knot"], knots, rtol=1e-12, atol=1e-12)


# ---- what must hold ------------------------------------------------------------------------------


def bent_survey(n: int = 1500, slope_below: float = 1.0, slope_above: float = 0.2) -> sq.Survey:
    """Make a survey whose outcome bends at a gap of zero along d1, and is straight along d2."""
    generator = np.random.default_rng(5)
    columns: dict[str, Any] = {}
    for item in (1, 2):
        columns[f"E{item}"] = generator.integers(2, 8, n)
        columns[f"P{item}"] = generator.integers(1, 8, n)
    first, second = columns["P1"] - columns["E1"], columns["P2"] - columns["E2"]
    columns["y"] = (
        slope_below * np.minimum(first, 0)
        + slope_above * np.maximum(first, 0)
        + 0.5 * second
        + generator.normal(size=n)
    )
    return toy_survey(
        pd.DataFrame(columns), toy_instrument((1, 1)), outcomes={"satisfaction": ["y"]}
    )


def test_a_bend_is_found_and_told() -> None:
    result = sq.nonlinearity(bent_survey(), conf_level=0.99)
    slopes = result.slopes.set_index(["term", "form", "part"])["estimate"]
    assert_allclose(slopes["d1", "piecewise", "below"], 1.0, atol=0.1)
    assert_allclose(slopes["d1", "piecewise", "above"], 0.2, atol=0.1)
    tests = result.tests.set_index(["term", "form"])["p_adjusted"]
    for form in ("quadratic", "piecewise", "spline"):
        assert tests["d1", form] < 1e-6
        assert tests["d2", form] > 0.01
    words = str(result.interpret())
    assert "loses more per point below zero than it gains per point above" in words
    assert "10.1177/002224299806200104" in words
    assert "cannot be told apart for" in words
    opposite = sq.nonlinearity(bent_survey(slope_below=0.2, slope_above=1.0))
    assert "gains more per point above zero than it loses per point below" in str(
        opposite.interpret()
    )


def test_the_test_of_one_column_is_its_t_squared() -> None:
    result = curves("gap")
    tests = result.tests.set_index(["term", "form"])
    slopes = result.slopes.set_index(["term", "form", "part"])
    for term in result.scores["term"]:
        for form, part in (("piecewise", "difference"), ("quadratic", "square")):
            assert_allclose(
                tests.loc[(term, form), "statistic"],
                slopes.loc[(term, form, part), "statistic"] ** 2,
                rtol=1e-9,
            )


def test_with_classical_errors_both_tests_are_one() -> None:
    tests = curves("gap", covariance="nonrobust").tests
    assert_allclose(tests["statistic"], tests["f_statistic"], rtol=1e-7, atol=1e-10)
    assert_allclose(tests["p_value"], tests["f_p_value"], rtol=1e-7)


def test_the_knot_does_not_move_squares_and_splines() -> None:
    here, there = curves("perception"), curves("perception", knot=5.5)
    forms: tuple[CurveForm, ...] = ("quadratic", "spline")
    for form in forms:
        one = here.tests[here.tests["form"] == form]
        other = there.tests[there.tests["form"] == form]
        assert_allclose(one["p_value"], other["p_value"], rtol=1e-6)
        assert_allclose(
            here.curve("empathy", form)["estimate"],
            there.curve("empathy", form)["estimate"],
            rtol=1e-7,
        )


def test_forms_are_asked_one_by_one() -> None:
    every = curves("gap")
    for form in ("quadratic", "piecewise", "spline"):
        alone = curves("gap", forms=form)
        rows = every.tests[every.tests["form"] == form].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone.tests, rows)
        assert alone.drawn_form == form
    assert curves("gap", forms=["spline", "quadratic"]).forms == ("quadratic", "spline")
    assert "square" not in str(curves("gap", forms="spline").interpret())


def test_the_straight_model_is_that_of_regression() -> None:
    result = curves("gap")
    fit = sq.regression(reference_survey(), outcome="satisfaction")
    glance = fit.glance()
    assert_allclose(result.r_squared, glance["r_squared"], rtol=1e-9)
    assert_allclose(result.aic, glance["aic"], rtol=1e-9)
    lines = result.coefficients[
        (result.coefficients["form"] == "linear") & (result.coefficients["part"] == "linear")
    ]
    assert_allclose(lines["estimate"], fit.coefficients["estimate"].iloc[1:], rtol=1e-9)


def test_order_and_frequency_weights() -> None:
    frame = reference_frame()
    plain = sq.nonlinearity(survey_of(frame))
    turned = sq.nonlinearity(survey_of(frame.iloc[::-1].reset_index(drop=True)))
    pd.testing.assert_frame_equal(plain.tests, turned.tests, rtol=1e-8)
    twice = sq.nonlinearity(survey_of(frame.assign(two=2.0), weights=sq.FrequencyWeights("two")))
    again = sq.nonlinearity(survey_of(pd.concat([frame, frame], ignore_index=True)))
    pd.testing.assert_frame_equal(twice.tests, again.tests, rtol=1e-8)
    pd.testing.assert_frame_equal(twice.knots, again.knots)


def test_shares_on_both_sides_of_the_knot() -> None:
    scores = sq.nonlinearity(bent_survey()).scores
    survey = bent_survey()
    gap = survey.rows(["gap:d1"])[:, 0]
    assert_allclose(scores["share_below"].iloc[0], (gap < 0).mean())
    assert_allclose(scores["share_above"].iloc[0], (gap > 0).mean())


# ---- nasty cases ---------------------------------------------------------------------------------


def note_of(result: sq.NonlinearityResult, words: str) -> str:
    [found] = [note for note in result.notes if words in note]
    return found


def test_nobody_on_one_side_of_the_knot() -> None:
    frame = toy_frame(200)
    for item in (1, 2):
        frame[f"P{item}"] = np.random.default_rng(item).integers(4, 8, 200)
    result = sq.nonlinearity(toy_survey(frame), on="perception")
    row = result.tests.set_index(["term", "form"])["p_value"]
    assert np.isnan(row["d1", "piecewise"])
    assert np.isfinite(row["d1", "quadratic"])
    assert np.isfinite(row["d2", "piecewise"])
    assert "nobody is below the knot: d1" in note_of(result, "piecewise")
    assert result.slopes.loc[result.slopes["form"] == "piecewise", "estimate"].isna().sum() == 3
    assert result.curve("d1", "piecewise")["estimate"].isna().all()
    assert result.curve("d1", "piecewise")["linear"].notna().all()


def test_two_values_and_coinciding_knots() -> None:
    frame = toy_frame(200)
    generator = np.random.default_rng(3)
    frame["P1"] = generator.choice([3, 6], 200)
    frame["P2"] = generator.choice([2, 5, 6, 7], 200, p=[0.02, 0.28, 0.4, 0.3])
    survey = toy_survey(frame, toy_instrument((1, 1, 3)))
    result = sq.nonlinearity(survey, on="perception", n_knots=5)
    p_values = result.tests.set_index(["term", "form"])["p_value"]
    assert p_values["d1"].isna().all()
    assert "two values only: d1" in note_of(result, "quadratic")
    assert "distinct knots: d1" in note_of(result, "no spline")
    assert "d2" in note_of(result, "fewer than 5 distinct knots")
    assert np.isfinite(p_values["d2", "spline"])
    assert np.isfinite(p_values["d3"]).all()


def test_a_constant_dimension_has_no_curve() -> None:
    frame = toy_frame(100)
    frame["P1"] = frame["P2"] = 6
    result = sq.nonlinearity(toy_survey(frame), on="perception")
    assert result.tests.loc[result.tests["term"] == "d1", "p_value"].isna().all()
    assert np.isfinite(result.tests.loc[result.tests["term"] == "d2", "p_value"]).any()
    assert any("it does not vary: d1" in note for note in result.notes)
    assert result.curve("d1")["linear"].isna().all()
    for item in (1, 2, 3, 4, 5):
        frame[f"P{item}"] = 7
    with pytest.raises(sq.EstimationError, match="None of these varies"):
        sq.nonlinearity(toy_survey(frame), on="perception")


def test_equal_dimensions_are_refused() -> None:
    frame = toy_frame(80)
    frame["P2"], frame["E2"] = frame["P1"], frame["E1"]
    with pytest.raises(sq.NotIdentifiedError, match=r"repeat each other exactly.*d1, d2"):
        sq.nonlinearity(toy_survey(frame, toy_instrument((1, 1, 3))))


def test_one_determined_by_the_bend_of_another() -> None:
    generator = np.random.default_rng(4)
    frame = toy_frame(200)
    frame["P1"] = generator.integers(1, 8, 200)
    frame["P2"] = np.maximum(frame["P1"], 4)
    survey = toy_survey(frame, toy_instrument((1, 1, 3)))
    result = sq.nonlinearity(survey, on="perception", forms="piecewise")
    assert "beside the other variables: d1" in note_of(result, "do not determine")
    assert np.isnan(result.tests["p_value"].iloc[0])


def test_few_respondents() -> None:
    small = sq.nonlinearity(toy_survey(toy_frame(25)))
    assert np.isfinite(small.tests.loc[small.tests["form"] == "quadratic", "p_value"]).all()
    with pytest.raises(sq.EstimationError, match="at least 8 respondents"):
        sq.nonlinearity(toy_survey(toy_frame(7)))
    with pytest.raises(sq.EstimationError, match="at least 8 respondents"):
        sq.nonlinearity(toy_survey(toy_frame(1)))


def test_a_perfect_line_has_no_tests() -> None:
    frame = toy_frame(60)
    frame["y"] = (frame["P1"] + frame["P2"]) / 2 + (frame["P3"] + frame["P4"] + frame["P5"]) / 3
    survey = toy_survey(frame, outcomes={"satisfaction": ["y"]})
    result = sq.nonlinearity(survey, on="perception")
    assert result.tests[["p_value", "aic", "f_statistic"]].isna().all().all()
    assert result.slopes["std_error"].isna().all()
    assert any("without error" in note for note in result.notes)
    assert "could not be made" in str(result.interpret())


def test_one_respondent_alone_beyond_the_knot() -> None:
    frame = toy_frame(60)
    frame["P1"] = frame["P2"] = np.r_[7, np.tile([1, 2, 3, 4], 15)[:59]]
    result = sq.nonlinearity(toy_survey(frame), on="perception", forms="piecewise")
    row = result.tests.iloc[0]
    assert np.isnan(row["p_value"])
    assert np.isfinite(row["f_p_value"])
    assert "leverage 1" in note_of(result, "standard errors are missing")
    classical = sq.nonlinearity(
        toy_survey(frame), on="perception", forms="piecewise", covariance="nonrobust"
    )
    assert np.isfinite(classical.tests["p_value"]).all()


def test_constant_outcomes_and_covariates_are_refused() -> None:
    frame = toy_frame(60, y=5.0)
    survey = toy_survey(frame, outcomes={"satisfaction": ["SAT1"], "y": ["y"]})
    with pytest.raises(sq.EstimationError, match="y is the same for all"):
        sq.nonlinearity(survey, outcome="y")
    with pytest.raises(sq.EstimationError, match="covariates are the same"):
        sq.nonlinearity(survey, covariates=["y"])


def test_two_valued_outcomes_and_items() -> None:
    frame = reference_frame("survey_complete")
    frame["happy"] = (frame["SAT1"] > 4).astype(int)
    survey = survey_of(frame, outcomes={"happy": ["happy"]})
    result = sq.nonlinearity(survey, outcome="happy", predictors="items")
    assert len(result.tests) == 66
    assert result.tests["term"].iloc[0] == "G1"


def test_warnings_point_at_the_caller() -> None:
    with pytest.warns(sq.SmallSampleWarning, match="clusters of") as caught:
        sq.nonlinearity(reference_survey(), cluster="branch", covariance="CR1", forms="quadratic")
    assert caught[0].filename == __file__
    with pytest.warns(sq.WeightsWarning, match="too small as a rule"):
        sq.nonlinearity(reference_survey("sampling"), covariance="nonrobust", forms="quadratic")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"outcome": "happiness"}, "happiness"),
        ({"on": "gaps"}, "`on`"),
        ({"predictors": ["kindness"]}, "kindness"),
        ({"forms": "cubic"}, "`forms`"),
        ({"forms": []}, "`forms`"),
        ({"forms": ["spline", "spline"]}, "`forms`"),
        ({"forms": 3}, "`forms`"),
        ({"knot": "middle"}, "`knot`"),
        ({"knot": float("inf")}, "`knot`"),
        ({"n_knots": 6}, "3, 4 or 5"),
        ({"n_knots": 2}, "`n_knots`"),
        ({"covariates": "loyalty"}, "must be a list of names"),
        ({"covariates": ["reliability"]}, "among the `predictors`"),
        ({"covariance": "CR1"}, "needs `cluster`"),
        ({"conf_level": 1}, "`conf_level`"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], words: str) -> None:
    with pytest.raises(sq.OptionError, match=words):
        sq.nonlinearity(reference_survey(), **options)


def test_curves_that_do_not_exist() -> None:
    result = curves("gap", forms="piecewise")
    with pytest.raises(sq.OptionError, match="`term`"):
        result.curve("kindness")
    with pytest.raises(sq.OptionError, match="`form`"):
        result.curve("empathy", "spline")
    with pytest.raises(sq.OptionError, match="`n_points`"):
        result.curve("empathy", n_points=1)


def test_tests_that_the_clusters_cannot_carry_have_a_note() -> None:
    survey = toy_survey(toy_frame(100, g=np.arange(100) % 2))
    with pytest.warns(sq.SmallSampleWarning):
        result = sq.nonlinearity(survey, cluster="g", covariance="CR1", forms="spline")
    assert result.tests["statistic"].isna().all()
    note = "The clusters are too few, or too small, for a test of the spline form: d1, d2."
    assert note in result.notes


def test_a_cluster_that_decides_a_coefficient_alone_is_told() -> None:
    survey = toy_survey(toy_frame(200, g=(np.arange(200) == 0).astype(int)))
    with pytest.warns(sq.SmallSampleWarning):
        result = sq.nonlinearity(survey, cluster="g", forms="quadratic")
    assert any("1 cluster is fitted exactly in some direction" in note for note in result.notes)


@pytest.mark.parametrize(
    ("below", "above", "words"),
    [
        (1.0, 0.0, "loses more per point below zero than it gains per point above"),
        (0.0, 1.0, "gains more per point above zero than it loses per point below"),
        (-0.2, -1.2, "falls along the score, more steeply above zero"),
        (-1.2, -0.2, "falls along the score, more steeply below zero"),
        (1.0, -1.0, "rises along the score below zero and falls above"),
        (-1.0, 1.0, "falls along the score below zero and rises above"),
    ],
)
def test_two_slopes_in_words(below: float, above: float, words: str) -> None:
    frame = toy_frame(300)
    gap = (frame["P1"] + frame["P2"] - frame["E1"] - frame["E2"]) / 2 + 1.0
    frame["E1"] -= 1.0
    frame["E2"] -= 1.0
    noise = np.random.default_rng(1).normal(scale=0.1, size=300)
    frame["y"] = below * np.minimum(gap, 0.0) + above * np.maximum(gap, 0.0) + noise
    survey = toy_survey(frame, outcomes={"satisfaction": ["y"]})
    result = sq.nonlinearity(survey, forms="piecewise", predictors=["d1"])
    assert f"D1: satisfaction {words} (slopes" in str(result.interpret())
