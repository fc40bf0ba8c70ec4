from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.typing import Covariance
from tests.analyses.surveys import (
    assert_columns,
    assert_same_rows,
    records,
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

INFERENCE = ["estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high"]
COVARIANCES = ["nonrobust", "HC0", "HC1", "HC2", "HC3", "CR1 branch", "CR1 office"]
KEYS = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]
UNWEIGHTED: list[tuple[str, str, str]] = [
    ("plain", outcome, on)
    for outcome in ("satisfaction", "loyalty")
    for on in ("gap", "perception", "expectation")
]
UNWEIGHTED += [("complete", "satisfaction", "gap")]


def expected_model(design: str, outcome: str, on: str) -> dict[str, Any]:
    expected = load_expected("regression")
    if design != "plain":
        part: dict[str, Any] = expected[design]
        return part
    (found,) = (
        model for model in expected["models"] if (model["outcome"], model["on"]) == (outcome, on)
    )
    model: dict[str, Any] = found
    return model


def fitted(survey: sq.Survey, covariance: str, **options: Any) -> sq.RegressionResult:
    """Fit under one of the names that the reference numbers have for covariances."""
    kind, _, cluster = covariance.partition(" ")
    if kind != "CR1":
        return sq.regression(survey, covariance=kind, **options)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        # Four branches are few clusters, which has a test of its own.
        warnings.simplefilter("ignore", sq.SmallSampleWarning)
        return sq.regression(survey, covariance="CR1", cluster=cluster, **options)


def assert_same_terms(table: pd.DataFrame, expected: pd.DataFrame) -> None:
    named = expected.assign(term=expected["term"].replace("intercept", "(Intercept)"))
    assert_same_rows(table, named, term="term")


# ---- against R -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("design", "outcome", "on"), UNWEIGHTED)
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_coefficients_and_wald_tests_are_those_of_r(
    design: str, outcome: str, on: str, covariance: str
) -> None:
    model = expected_model(design, outcome, on)
    result = fitted(reference_survey(design), covariance, outcome=outcome, on=on)
    rows = [row for row in model["coefficients"] if row["covariance"] == covariance]
    expected = records(rows)
    assert_same_terms(result.coefficients, expected)
    assert_columns(result.coefficients, expected, INFERENCE)
    (wald,) = (row for row in model["wald"] if row["covariance"] == covariance)
    row = result.fit.iloc[0]
    assert_allclose([row["df_model"], row["df_residual"]], [5, wald["df_denominator"]])
    if wald["f_statistic"] is None:
        assert row[["f_statistic", "p_value"]].isna().all()
        assert any("The joint F test does not exist" in note for note in result.notes)
    else:
        ours = row[["f_statistic", "p_value"]].to_numpy(dtype=float)
        assert_allclose(ours, [wald["f_statistic"], wald["p_value"]], rtol=1e-9)
        assert not any("F test does not exist" in note for note in result.notes)


@pytest.mark.parametrize(("design", "outcome", "on"), UNWEIGHTED)
def test_the_fit_is_that_of_r(design: str, outcome: str, on: str) -> None:
    model = expected_model(design, outcome, on)
    survey = reference_survey(design)
    result = sq.regression(survey, outcome=outcome, on=on, covariance="nonrobust")  # type: ignore[arg-type]
    summary = model["summary"]
    row = result.glance().iloc[0]
    names = ["r_squared", "adj_r_squared", "sigma", "f_statistic", "aic", "bic", "loglik"]
    assert_allclose(row[names].to_numpy(dtype=float), [summary[name] for name in names], rtol=1e-10)
    assert_allclose(row["p_value"], summary["f_p_value"], rtol=1e-9)
    assert (row["n_obs"], row["df_residual"]) == (summary["n"], summary["df_residual"])
    assert row["n_obs"] + row["n_excluded"] == len(survey)
    slopes = result.coefficients.iloc[1:].reset_index(drop=True)
    assert_columns(slopes, records(model["standardised"]), ["beta", "vif"])
    assert result.coefficients[["beta", "vif"]].iloc[0].isna().all()


@pytest.mark.parametrize("covariance", COVARIANCES[:5])
def test_items_as_predictors_are_those_of_r(covariance: str) -> None:
    model = expected_model("plain", "satisfaction", "gap items")
    result = fitted(reference_survey(), covariance, outcome="satisfaction", predictors="items")
    rows = [row for row in model["coefficients"] if row["covariance"] == covariance]
    expected = records(rows)
    assert_same_terms(result.coefficients, expected)
    assert_columns(result.coefficients, expected, INFERENCE)
    slopes = result.coefficients.iloc[1:].reset_index(drop=True)
    assert_columns(slopes, records(model["standardised"]), ["beta", "vif"])
    (wald,) = (row for row in model["wald"] if row["covariance"] == covariance)
    assert_allclose(result.fit["f_statistic"], wald["f_statistic"], rtol=1e-9)
    assert_allclose(result.fit["p_value"], wald["p_value"], rtol=1e-8)


@pytest.mark.parametrize("covariance", COVARIANCES[:5])
def test_frequency_weights_are_those_of_r_on_repeated_rows(covariance: str) -> None:
    model = expected_model("frequency", "satisfaction", "gap")
    result = fitted(reference_survey("frequency"), covariance, outcome="satisfaction")
    rows = [row for row in model["coefficients"] if row["covariance"] == covariance]
    assert_columns(result.coefficients, records(rows), INFERENCE)
    slopes = result.coefficients.iloc[1:].reset_index(drop=True)
    assert_columns(slopes, records(model["standardised"]), ["beta", "vif"])
    (wald,) = (row for row in model["wald"] if row["covariance"] == covariance)
    assert_allclose(result.fit["f_statistic"], wald["f_statistic"], rtol=1e-9)
    assert_allclose(result.fit["p_value"], wald["p_value"], rtol=1e-8)
    names = ["r_squared", "adj_r_squared", "sigma", "aic", "bic", "loglik"]
    summary = [model["summary"][name] for name in names]
    assert_allclose(result.fit[names].iloc[0].to_numpy(dtype=float), summary, rtol=1e-10)
    assert result.sample.n_obs == model["summary"]["n"]


def test_clusters_under_frequency_weights_are_those_of_repeated_rows() -> None:
    frame = reference_frame()
    repeated = survey_of(frame.loc[frame.index.repeat(frame["freq"])])
    weighted = fitted(reference_survey("frequency"), "CR1 office", outcome="loyalty")
    plain = fitted(repeated, "CR1 office", outcome="loyalty")
    assert_columns(weighted.coefficients, plain.coefficients, [*INFERENCE, "beta", "vif"])
    pd.testing.assert_frame_equal(weighted.fit, plain.fit, rtol=1e-9)


@pytest.mark.parametrize("covariance", ["HC0", "HC1", "HC2", "HC3"])
def test_sampling_weights_are_those_of_r(covariance: str) -> None:
    model = expected_model("sampling", "satisfaction", "gap")
    result = fitted(reference_survey("sampling"), covariance, outcome="satisfaction")
    name = f"{covariance} (lm weights)"
    rows = [row for row in model["coefficients"] if row["covariance"] == name]
    assert_same_terms(result.coefficients, records(rows))
    # One limit is −0.0001: it is compared absolutely, for it is the difference of numbers near 0.1.
    assert_columns(result.coefficients, records(rows), INFERENCE, atol=1e-11)
    slopes = result.coefficients.iloc[1:].reset_index(drop=True)
    assert_columns(slopes, records(model["vif"]), ["vif"])
    assert_allclose(result.fit["r_squared"], model["r_squared"], rtol=1e-10)
    assert result.sample.n_obs == model["n"]
    assert result.fit[["aic", "bic", "loglik"]].isna().all(axis=None)
    assert any("With sampling weights there is no likelihood" in note for note in result.notes)
    if covariance == "HC3":
        (wald,) = (row for row in model["wald"] if row["covariance"] == name)
        assert_allclose(result.fit["f_statistic"], wald["f_statistic"], rtol=1e-9)
        assert_allclose(result.fit["p_value"], wald["p_value"], rtol=1e-8)
    if covariance == "HC0":
        # Linearisation, as the survey package does it, is HC0 times n / (n − 1).
        linear = [row for row in model["coefficients"] if row["covariance"] == "svyglm"]
        factor = np.sqrt(model["n"] / (model["n"] - 1))
        errors = result.coefficients["std_error"] * factor
        assert_allclose(errors, records(linear)["std_error"], rtol=1e-8)


def test_classical_errors_under_sampling_weights_are_those_of_r_and_warned_of() -> None:
    model = expected_model("sampling", "satisfaction", "gap")
    with pytest.warns(sq.WeightsWarning, match='do not know of sampling weights.*"HC3"'):
        result = sq.regression(
            reference_survey("sampling"), outcome="satisfaction", covariance="nonrobust"
        )
    name = "nonrobust (lm weights)"
    rows = [row for row in model["coefficients"] if row["covariance"] == name]
    assert_columns(result.coefficients, records(rows), INFERENCE)


# ---- moments and rows ----------------------------------------------------------------------------


@pytest.mark.parametrize("design", ["plain", "frequency", "complete"])
@pytest.mark.parametrize("outcome", ["satisfaction", "loyalty"])
def test_moments_give_what_rows_give(design: str, outcome: str) -> None:
    survey = reference_survey(design)
    variables = [f"gap:{key}" for key in KEYS]
    moments = survey.moments([*variables, outcome])
    ours = sq.regression(moments, outcome=outcome)
    rows = sq.regression(survey, outcome=outcome, covariance="nonrobust")
    assert ours.coefficients["term"].tolist() == ["(Intercept)", *variables]
    names = [*INFERENCE, "beta", "vif"]
    assert_columns(ours.coefficients, rows.coefficients, names, rtol=1e-10, atol=1e-13)
    pd.testing.assert_frame_equal(ours.fit, rows.fit, rtol=1e-10)
    assert ours.sample == rows.sample
    assert ours.covariance == "nonrobust"
    assert ours.model is None
    assert rows.model is not None


def test_moments_through_json_give_the_same() -> None:
    moments = reference_survey().moments(["P1", "P2", "satisfaction"])
    stored = sq.Moments.from_dict(moments.to_dict())
    first = sq.regression(moments, outcome="satisfaction", conf_level=0.9)
    second = sq.regression(stored, outcome="satisfaction", conf_level=0.9)
    assert first.to_dict() == second.to_dict()


def test_a_correlation_matrix_from_a_paper_has_slopes_and_no_intercept() -> None:
    matrix = [[1.0, 0.5, 0.6], [0.5, 1.0, 0.4], [0.6, 0.4, 1.0]]
    moments = sq.Moments.from_covariance(matrix, n=100, variables=["x1", "x2", "y"])
    result = sq.regression(moments, outcome="y")
    slopes = np.linalg.solve([[1.0, 0.5], [0.5, 1.0]], [0.6, 0.4])
    assert_allclose(result.coefficients["estimate"].iloc[1:], slopes)
    assert_allclose(result.coefficients["beta"].iloc[1:], slopes)
    assert result.coefficients[INFERENCE[:3]].iloc[0].isna().all()
    assert "The moments hold no means, so the intercept is not known." in result.notes
    assert_allclose(result.fit["r_squared"], slopes @ [0.6, 0.4])


def test_the_published_regressions_of_r_are_found_from_their_covariances() -> None:
    for name in ("mtcars", "attitude", "swiss", "simple"):
        case = load_expected("numerics_models")["least_squares"][name]
        moments = sq.Moments.from_covariance(
            case["covariance"], case["n_obs"], case["variables"], mean=case["mean"]
        )
        outcome = case["variables"][0]
        result = sq.regression(moments, outcome=outcome, conf_level=case["conf_level"])
        pairs = {"coefficients": "estimate", "std_errors": "std_error"}
        pairs |= {name: name for name in INFERENCE if name in case}
        for theirs, ours in pairs.items():
            # Fifteen digits of the covariances leave some ten of p.
            assert_allclose(result.coefficients[ours], case[theirs], rtol=1e-8, err_msg=name)
        for fit in ("r_squared", "adj_r_squared", "sigma", "loglik", "aic", "bic"):
            assert_allclose(result.fit[fit], case[fit], rtol=1e-10)
        assert_allclose(result.coefficients["vif"].iloc[1:], case["vif"], rtol=1e-9)


def test_moments_under_sampling_weights_warn_and_have_no_likelihood() -> None:
    variables = [*(f"gap:{key}" for key in KEYS), "satisfaction"]
    moments = reference_survey("sampling").moments(variables)
    with pytest.warns(sq.WeightsWarning, match="Give the `Survey` for robust ones"):
        result = sq.regression(moments, outcome="satisfaction")
    rows = sq.regression(reference_survey("sampling"), outcome="satisfaction")
    assert_columns(result.coefficients, rows.coefficients, ["estimate", "beta", "vif"])
    assert result.fit[["aic", "bic", "loglik"]].isna().all(axis=None)


# ---- defaults and names --------------------------------------------------------------------------


def test_defaults_are_hc3_and_with_few_clusters_cr2() -> None:
    survey = reference_survey()
    assert sq.regression(survey, outcome="satisfaction").covariance == "HC3"
    clustered = sq.regression(survey, outcome="satisfaction", cluster="office")
    assert (clustered.covariance, clustered.cluster) == ("CR2", "office")
    assert clustered.fit["n_clusters"].item() == 20
    assert clustered.coefficients["df"].nunique() == 6


@pytest.mark.parametrize(("n_clusters", "covariance"), [(39, "CR2"), (40, "CR1")])
def test_from_forty_clusters_on_the_default_is_cr1(n_clusters: int, covariance: str) -> None:
    frame = toy_frame(120, g=[f"g{place % n_clusters}" for place in range(120)])
    result = sq.regression(toy_survey(frame), outcome="satisfaction", cluster="g")
    assert result.covariance == covariance


def test_predictors_can_be_named() -> None:
    survey = reference_survey()
    named = sq.regression(survey, outcome="SAT1", predictors=["empathy", "loyalty", "P3"])
    assert named.tidy()["term"].tolist() == ["(Intercept)", "empathy", "loyalty", "P3"]
    rows = survey.rows(["gap:empathy", "loyalty", "P3", "SAT1"])
    rows = rows[~np.isnan(rows).any(axis=1)]
    design = np.column_stack([np.ones(len(rows)), rows[:, :3]])
    slopes = np.linalg.lstsq(design, rows[:, 3], rcond=None)[0]
    assert_allclose(named.coefficients["estimate"], slopes, rtol=1e-9)
    overall = sq.regression(survey, outcome="loyalty", predictors="overall")
    assert overall.tidy()["term"].tolist() == ["(Intercept)", "quality"]
    items = sq.regression(survey, outcome="loyalty", on="perception", predictors="items")
    assert items.tidy()["term"].tolist()[1:3] == ["P1", "P2"]


def test_the_statsmodels_object_is_the_fitted_one() -> None:
    result = sq.regression(reference_survey(), outcome="satisfaction")
    assert_allclose(result.model.bse, result.coefficients["std_error"], rtol=1e-12)
    assert result.model.nobs == result.sample.n_obs
    assert list(result.model.params.index) == result.coefficients["term"].tolist()


@pytest.mark.parametrize("covariance", ["CR1", "CR2"])
def test_few_clusters_are_warned_of(covariance: Covariance) -> None:
    with pytest.warns(sq.SmallSampleWarning, match='There are 4 clusters of "branch"'):
        sq.regression(
            reference_survey(), outcome="satisfaction", cluster="branch", covariance=covariance
        )


def test_excluded_respondents_are_counted_in_a_note() -> None:
    result = sq.regression(reference_survey(), outcome="satisfaction")
    assert any(
        note.startswith(f"{result.sample.n_excluded} respondents were left out")
        for note in result.notes
    )


def test_one_excluded_respondent_is_one() -> None:
    frame = toy_frame()
    frame.loc[0, ["SAT1", "SAT2", "SAT3"]] = np.nan
    result = sq.regression(toy_survey(frame), outcome="satisfaction")
    assert result.sample.n_excluded == 1
    note = "1 respondent was left out because a variable of the regression is missing."
    assert note in result.notes


def test_interpretation_warns_of_causes_and_of_collinearity() -> None:
    words = sq.regression(reference_survey(), outcome="satisfaction").interpret()
    assert "association, not proof of effect" in words.statements[0].text
    assert words.statements[-1].topic == "collinearity"
    assert any("Hair" in source for source in words.sources)


# ---- errors --------------------------------------------------------------------------------------


def test_options_are_checked_with_their_names() -> None:
    survey = reference_survey()
    options: dict[str, Any]
    for options, error, words in (
        ({"outcome": "satisfacton"}, sq.OptionError, 'Did you mean "satisfaction"'),
        ({"outcome": "loyalty", "on": "gaps"}, sq.OptionError, "`on` is 'gaps'"),
        ({"outcome": "loyalty", "predictors": "dimension"}, sq.OptionError, "`predictors` is"),
        ({"outcome": "loyalty", "predictors": []}, sq.OptionError, "`predictors` is empty"),
        (
            {"outcome": "loyalty", "predictors": ["empathy", "empathy"]},
            sq.OptionError,
            "`regression` are named more than once: gap:empathy",
        ),
        (
            {"outcome": "loyalty", "predictors": ["loyalty"]},
            sq.OptionError,
            'The outcome "loyalty" is among the predictors',
        ),
        (
            {"outcome": "loyalty", "predictors": ["emphaty"]},
            sq.OptionError,
            '"emphaty" is not a variable of this survey',
        ),
        ({"outcome": "loyalty", "covariance": "HC4"}, sq.OptionError, "`covariance` is 'HC4'"),
        ({"outcome": "loyalty", "covariance": "CR1"}, sq.OptionError, '"CR1"` needs `cluster`'),
        (
            {"outcome": "loyalty", "covariance": "HC3", "cluster": "branch"},
            sq.OptionError,
            '`covariance="HC3"` ignores clusters',
        ),
        ({"outcome": "loyalty", "cluster": "shop"}, sq.OptionError, '"shop" is not a grouping'),
        ({"outcome": "loyalty", "conf_level": 1.0}, sq.OptionError, "`conf_level` is 1.0"),
        ({"outcome": ["loyalty"]}, sq.OptionError, "`outcome` is .*the name of one outcome"),
        ({"outcome": None}, sq.OptionError, "`outcome` is None, but must be the name of one"),
        ({"outcome": "loyalty", "cluster": 1}, sq.OptionError, "`cluster` is 1, but must be the"),
        ({"outcome": "loyalty", "predictors": 5}, sq.OptionError, "`predictors` is 5, but must"),
        (
            {"outcome": "loyalty", "predictors": [1, 2]},
            sq.OptionError,
            r"`predictors` is \[1, 2\], but must be a level of scores, such as",
        ),
    ):
        with pytest.raises(error, match=words):
            sq.regression(survey, **options)


@pytest.mark.parametrize("predictors", ["P", "items", "overall"])
def test_a_word_that_moments_do_not_know_is_refused(predictors: str) -> None:
    moments = reference_survey().moments(["P1", "P2", "satisfaction"])
    words = f'`predictors` is "{predictors}", but these moments hold P1, P2, satisfaction'
    for analysis in (sq.regression, sq.relative_importance):
        with pytest.raises(sq.OptionError, match=words):
            analysis(moments, outcome="satisfaction", predictors=predictors)
    one = sq.regression(moments, outcome="satisfaction", predictors="P2")
    assert one.coefficients["term"].tolist() == ["(Intercept)", "P2"]
    every = sq.regression(moments, outcome="satisfaction", predictors="dimensions")
    assert every.coefficients["term"].tolist() == ["(Intercept)", "P1", "P2"]


def test_names_of_predictors_may_come_as_any_sequence() -> None:
    survey = reference_survey()
    names = ["empathy", "P3"]
    expected = sq.regression(survey, outcome="loyalty", predictors=names).coefficients
    for given in (tuple(names), pd.Index(names), np.array(names)):
        found = sq.regression(survey, outcome="loyalty", predictors=given)  # type: ignore[arg-type]
        pd.testing.assert_frame_equal(found.coefficients, expected)


@pytest.mark.parametrize(
    "matrix",
    [
        [[1, 0.9, 0.2], [0.9, 1, 0.9], [0.2, 0.9, 1]],  # R² would be 2.77.
        [[1, 0.3, 0.9], [0.3, 1, -0.9], [0.9, -0.9, 1]],
        [[1, 0.9, 0.9, 0.1], [0.9, 1, 0.1, 0.1], [0.9, 0.1, 1, 0.1], [0.1, 0.1, 0.1, 1]],
    ],
)
def test_a_covariance_matrix_that_no_data_can_have_is_refused(matrix: list[list[float]]) -> None:
    # Units do not matter: the last one is measured in thousandths.
    scale = np.array([1.0] * (len(matrix) - 1) + [1000.0])
    names = ["a", "b", "c", "y"][-len(matrix) :]
    moments = sq.Moments.from_covariance(matrix * np.outer(scale, scale), 100, names)
    for analysis in (sq.regression, sq.relative_importance):
        words = f"No data can have this covariance matrix of {', '.join(names)}: the smallest"
        with pytest.raises(sq.NotPositiveDefiniteError, match=words):
            analysis(moments, outcome="y")
    # What contradicts itself only together with a variable that is left out can be used.
    pair = sq.regression(moments, outcome="y", predictors=[names[0]])
    assert_allclose(pair.fit["r_squared"], matrix[0][-1] ** 2, rtol=1e-10)


def test_frequency_weights_beyond_all_memory_name_the_way_out() -> None:
    frame = toy_frame(w=np.full(40, 10**14))
    survey = toy_survey(frame, weights=sq.FrequencyWeights("w"))
    words = r"stand for 4,000,000,000,000,000 respondents.*`sq\.regression\(survey\.moments"
    for covariance in ("HC3", "nonrobust"):
        with pytest.raises(sq.EstimationError, match=words):
            sq.regression(survey, outcome="satisfaction", covariance=covariance)
    moments = survey.moments(["gap:d1", "gap:d2", "satisfaction"])
    way_out = sq.regression(moments, outcome="satisfaction", covariance="nonrobust")
    plain = sq.regression(toy_survey(frame), outcome="satisfaction")
    names = ["estimate", "beta", "vif"]
    assert_columns(way_out.coefficients, plain.coefficients, names)


def test_a_survey_without_outcomes_says_how_to_declare_them() -> None:
    survey = toy_survey(toy_frame(), outcomes=None)
    with pytest.raises(sq.OptionError, match=r"has no outcomes\. Declare them"):
        sq.regression(survey, outcome="satisfaction")


@pytest.mark.parametrize("covariance", ["HC0", "HC3", "CR1"])
def test_robust_errors_need_rows(covariance: Covariance) -> None:
    moments = reference_survey().moments(["P1", "P2", "satisfaction"])
    with pytest.raises(sq.RowsRequiredError, match=f"{covariance}.*needs respondents"):
        sq.regression(moments, outcome="satisfaction", covariance=covariance)
    with pytest.raises(sq.RowsRequiredError, match="`cluster` needs respondents"):
        sq.regression(moments, outcome="satisfaction", cluster="branch")
    with pytest.raises(sq.OptionError, match="hold no variable named nobody"):
        sq.regression(moments, outcome="nobody")


# ---- nasty data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_respondents", [1, 2, 3])
def test_too_few_respondents_are_counted_in_the_error(n_respondents: int) -> None:
    survey = toy_survey(toy_frame(n_respondents))
    words = f"`regression` needs at least 4 respondents.*but {n_respondents} remain of"
    with pytest.raises(sq.EstimationError, match=words):
        sq.regression(survey, outcome="satisfaction")


def test_more_predictors_than_respondents_are_refused() -> None:
    survey = toy_survey(toy_frame(6, 10), toy_instrument((1,) * 10))
    with pytest.raises(sq.EstimationError, match=r"at least 12 respondents.*but 6 remain of 6"):
        sq.regression(survey, outcome="satisfaction")


def test_a_dimension_that_nobody_answered_leaves_nobody() -> None:
    frame = toy_frame()
    frame[["P1", "P2"]] = np.nan
    with pytest.raises(sq.EstimationError, match="gap:d2, satisfaction, but 0 remain of 40"):
        sq.regression(toy_survey(frame), outcome="satisfaction")


@pytest.mark.parametrize("answers", [(4, 4, 4), (4, 4, 5)])
@pytest.mark.parametrize("covariance", ["nonrobust", "HC3"])
def test_a_constant_outcome_is_named(answers: tuple[int, ...], covariance: Covariance) -> None:
    # 13/3 is no binary fraction, so its variance may be a rounding error instead of zero.
    frame = toy_frame()
    frame[["SAT1", "SAT2", "SAT3"]] = np.tile(answers, (40, 1))
    words = "needs answers that vary, but these are the same for all 40 respondents: satisfaction"
    with pytest.raises(sq.EstimationError, match=words):
        sq.regression(toy_survey(frame), outcome="satisfaction", covariance=covariance)


def test_constant_gaps_are_named() -> None:
    frame = toy_frame(n_items=6)
    for item in range(1, 7):
        frame[f"E{item}"], frame[f"P{item}"] = 5.0, 5.0 - (item in (1, 4))
    survey = toy_survey(frame, toy_instrument((3, 3)))
    with pytest.raises(sq.EstimationError, match="the same for all 40 respondents: gap:d1, gap:d2"):
        sq.regression(survey, outcome="satisfaction")


def test_identical_dimensions_are_named() -> None:
    frame = toy_frame(n_items=4)
    frame[["E3", "E4", "P3", "P4"]] = frame[["E1", "E2", "P1", "P2"]].to_numpy()
    survey = toy_survey(frame, toy_instrument((2, 2)))
    with pytest.raises(sq.NotIdentifiedError, match=r"repeat each other exactly.*: d1, d2\."):
        sq.regression(survey, outcome="satisfaction")


@pytest.mark.parametrize("covariance", ["nonrobust", "HC0", "HC3"])
def test_a_perfect_fit_has_no_standard_errors(covariance: Covariance) -> None:
    frame = toy_frame(n_items=3)
    frame["SAT1"] = frame["P1"] - frame["E1"] + 4
    survey = toy_survey(frame, toy_instrument((1, 2)), outcomes={"satisfaction": ["SAT1"]})
    result = sq.regression(survey, outcome="satisfaction", covariance=covariance)
    assert_allclose(result.coefficients["estimate"], [4, 1, 0], atol=1e-12)
    names = ["std_error", "statistic", "p_value", "conf_low", "conf_high"]
    assert result.coefficients[names].isna().all(axis=None)
    assert result.fit[["f_statistic", "p_value", "aic", "loglik"]].isna().all(axis=None)
    assert_allclose(result.fit["r_squared"], 1.0)
    assert any("reproduce the outcome without any error" in note for note in result.notes)
    moments = survey.moments(["gap:d1", "gap:d2", "satisfaction"])
    other = sq.regression(moments, outcome="satisfaction")
    assert other.coefficients[names].isna().all(axis=None)
    assert other.fit[["f_statistic", "aic"]].isna().all(axis=None)
    assert any("reproduce the outcome without any error" in note for note in other.notes)


@pytest.mark.parametrize("covariance", ["HC2", "HC3"])
def test_a_respondent_who_determines_a_slope_alone_leaves_hc_errors_undefined(
    covariance: Covariance,
) -> None:
    frame = toy_frame(n_items=3)
    frame["E1"], frame["P1"] = 5.0, 5.0
    frame.loc[0, "P1"] = 2.0
    survey = toy_survey(frame, toy_instrument((1, 2)))
    result = sq.regression(survey, outcome="satisfaction", covariance=covariance)
    names = ["std_error", "statistic", "p_value", "conf_low", "conf_high"]
    assert result.coefficients[names].isna().all(axis=None)
    assert result.coefficients["estimate"].notna().all()
    assert np.isfinite(result.fit[["r_squared", "aic"]].to_numpy()).all()
    assert any(n.startswith("1 respondent determines a coefficient alone") for n in result.notes)
    other = sq.regression(survey, outcome="satisfaction", covariance="HC1")
    assert other.coefficients[names].notna().all(axis=None)


def test_clusters_must_be_known_and_more_than_one() -> None:
    frame = toy_frame(g=[None] * 3 + ["a"] * 37)
    with pytest.raises(sq.EstimationError, match='variable "g" is missing for 3 of the 40 respond'):
        sq.regression(toy_survey(frame), outcome="satisfaction", cluster="g")
    with pytest.raises(sq.EstimationError, match='in one group of "g", but at least two clusters'):
        sq.regression(toy_survey(frame.iloc[3:]), outcome="satisfaction", cluster="g")


def test_trap_16_identical_answers_are_refused() -> None:
    frame = toy_frame()
    for name in frame.columns:
        frame[name] = 5.0
    with pytest.raises(sq.EstimationError, match=r"gap:d1, gap:d2, satisfaction\. Leave"):
        sq.regression(toy_survey(frame), outcome="satisfaction")


@pytest.mark.parametrize(("minimum", "maximum"), [(1, 10), (-3, 3)])
def test_other_scales_are_scales_too(minimum: int, maximum: int) -> None:
    frame = toy_frame(minimum=minimum, maximum=maximum)
    survey = toy_survey(frame, toy_instrument(minimum=minimum, maximum=maximum))
    result = sq.regression(survey, outcome="satisfaction")
    first = (frame["P1"] - frame["E1"] + frame["P2"] - frame["E2"]) / 2
    second = sum((frame[f"P{item}"] - frame[f"E{item}"] for item in (3, 4, 5)), 0.0 * first) / 3
    design = np.column_stack([np.ones(40), first, second])
    outcome = frame[["SAT1", "SAT2", "SAT3"]].mean(axis=1)
    slopes = np.linalg.lstsq(design, outcome, rcond=None)[0]
    assert_allclose(result.coefficients["estimate"], slopes, rtol=1e-9)


def test_one_dimension_is_a_simple_regression() -> None:
    survey = toy_survey(toy_frame(n_items=2), toy_instrument((2,)))
    result = sq.regression(survey, outcome="satisfaction", covariance="nonrobust")
    row = result.coefficients.iloc[1]
    assert_allclose(row["vif"], 1.0)
    assert_allclose(row["beta"] ** 2, result.fit["r_squared"], rtol=1e-12)
    assert_allclose(result.fit["f_statistic"], row["statistic"] ** 2, rtol=1e-10)
