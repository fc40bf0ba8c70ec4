"""Regression with clusters, covariates, moderators and random intercepts, against R."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.numerics.cluster_robust import bias_reduced
from tests.analyses.surveys import (
    assert_columns,
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
KEYS = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]


def expected_of(*path: str) -> Any:
    found: Any = load_expected("linear_models")
    for name in path:
        found = found[name]
    return found


def quietly(*arguments: Any, **options: Any) -> sq.RegressionResult:
    """Fit where few clusters are the point; the warnings have tests of their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sq.SmallSampleWarning)
        return sq.regression(*arguments, **options)


# ---- CR2 -----------------------------------------------------------------------------------------


@cache
def lonely_survey() -> sq.Survey:
    frame = reference_frame()
    survey = survey_of(frame)
    rows = survey.rows([*(f"gap:{key}" for key in KEYS), "satisfaction"])
    first = int(np.flatnonzero(~np.isnan(rows).any(axis=1))[0])
    frame.loc[first, "office"] = "Alone"
    return survey_of(frame)


CR2_SITUATIONS: dict[str, tuple[str, str]] = {
    "office": ("plain", "office"),
    "branch": ("plain", "branch"),
    "lonely": ("lonely", "office"),
    "frequency": ("frequency", "office"),
    "sampling": ("sampling", "office"),
}


@pytest.mark.parametrize("situation", list(CR2_SITUATIONS))
def test_cr2_is_that_of_clubsandwich(situation: str) -> None:
    design, cluster = CR2_SITUATIONS[situation]
    survey = lonely_survey() if design == "lonely" else reference_survey(design)
    result = quietly(survey, outcome="satisfaction", cluster=cluster)
    expected = expected_of("cr2", situation)
    assert result.covariance == "CR2"
    rtol = 1e-9 if situation != "branch" else 1e-7  # Four clusters leave 1.6 degrees of freedom.
    assert_columns(result.coefficients, records(expected["coefficients"]), INFERENCE, rtol=rtol)
    assert_allclose(result.coefficients["p_value"], expected["p_value"], rtol=1e-7)
    row = result.fit.iloc[0]
    joint = expected["joint"]
    if joint["f_statistic"] is None:
        assert np.isnan(row[["f_statistic", "df_residual", "p_value"]].to_numpy(float)).all()
        assert any("The joint F test does not exist: the clusters" in n for n in result.notes)
    else:
        ours = row[["f_statistic", "df_residual", "p_value"]].to_numpy(dtype=float)
        theirs = [joint["f_statistic"], joint["df_denominator"], joint["p_value"]]
        assert_allclose(ours, theirs, rtol=1e-8)


@pytest.mark.parametrize("situation", ["office", "branch", "lonely"])
def test_a_joint_test_of_two_slopes_is_the_htz_test_of_clubsandwich(situation: str) -> None:
    survey = lonely_survey() if situation == "lonely" else reference_survey()
    model = sq.regression(survey, outcome="satisfaction").model
    cluster = CR2_SITUATIONS[situation][1]
    codes = survey.group_codes(cluster)[0][np.asarray(model.model.data.row_labels)]
    fit = bias_reduced(np.array(model.model.exog), np.array(model.model.endog), codes)
    test, expected = fit.joint_test(np.eye(6)[1:3]), expected_of("cr2", situation, "two")
    ours = [test.statistic, test.df_denominator, test.p_value]
    theirs = [expected[name] for name in ("f_statistic", "df_denominator", "p_value")]
    assert_allclose(ours, theirs, rtol=1e-7)


def test_products_that_too_few_clusters_cannot_test_are_told_of() -> None:
    result = quietly(
        reference_survey(),
        outcome="satisfaction",
        predictors=["reliability", "empathy", "assurance", "tangibles"],
        by="wave",
        cluster="branch",
    )
    assert result.interactions["f_statistic"].isna().all()
    assert any("joint test of products with wave does not exist" in n for n in result.notes)


def test_cr2_with_a_covariate_of_groups_is_that_of_clubsandwich() -> None:
    result = quietly(
        reference_survey(), outcome="satisfaction", cluster="office", covariates=["branch"]
    )
    expected = records(expected_of("cr2", "covariate", "coefficients"))
    assert result.coefficients["term"].tolist()[-3:] == [
        "branch: North",
        "branch: South",
        "branch: West",
    ]
    assert_columns(result.coefficients, expected, INFERENCE)


def test_a_cluster_for_each_respondent_is_hc2() -> None:
    frame = toy_frame(39)
    frame["g"] = [f"g{place}" for place in range(39)]
    survey = toy_survey(frame)
    alone = sq.regression(survey, outcome="satisfaction", cluster="g")
    plain = sq.regression(survey, outcome="satisfaction", covariance="HC2")
    assert alone.covariance == "CR2"
    assert_columns(alone.coefficients, plain.coefficients, ["estimate", "std_error"])
    assert (alone.coefficients["df"] < plain.coefficients["df"]).all()


def test_a_cluster_that_is_fitted_exactly_is_told_of() -> None:
    frame = toy_frame(30, g=["a"] * 9 + ["b"] * 9 + ["c"] * 10 + ["d", "e"])
    result = quietly(toy_survey(frame), outcome="satisfaction", covariates=["g"], cluster="g")
    # Each cluster has a coefficient for its own mean.
    assert any("5 clusters are fitted exactly in some direction" in note for note in result.notes)
    assert result.coefficients["std_error"].iloc[1:3].notna().all()


def test_cr2_warns_of_few_degrees_of_freedom_only() -> None:
    with pytest.warns(sq.SmallSampleWarning, match=r"4 clusters.*leave .* degrees of freedom"):
        sq.regression(reference_survey(), outcome="satisfaction", cluster="branch")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sq.regression(reference_survey(), outcome="satisfaction", cluster="office")


def test_the_response_surface_takes_cr2_too() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sq.SmallSampleWarning)
        surface = sq.response_surface(reference_survey(), cluster="office", n_resamples=0)
    assert surface.covariance == "CR2"
    assert surface.parameters["df"].nunique() == 5
    assert (surface.parameters["df"] < 20).all()


# ---- covariates ----------------------------------------------------------------------------------


def test_covariates_of_every_kind_are_those_of_r() -> None:
    result = sq.regression(
        reference_survey(), outcome="satisfaction", covariates=["loyalty", "branch", "P3"]
    )
    expected = expected_of("covariates")
    assert result.sample.n_obs == expected["n"]
    assert result.coefficients["term"].tolist()[6:] == [
        "loyalty",
        "branch: North",
        "branch: South",
        "branch: West",
        "P3",
    ]
    assert_columns(result.coefficients, records(expected["coefficients"]), INFERENCE)
    assert_allclose(result.coefficients["vif"].iloc[1:], expected["vif"], rtol=1e-9)
    assert 'The base of "branch" is East.' in result.notes


def test_groups_count_only_where_somebody_is_left() -> None:
    frame = toy_frame(40, g=["a"] * 10 + ["b"] * 15 + ["c"] * 15)
    frame.loc[:9, ["SAT1", "SAT2", "SAT3"]] = np.nan
    result = sq.regression(toy_survey(frame), outcome="satisfaction", covariates=["g"])
    assert result.coefficients["term"].tolist()[-1] == "g: c"
    assert 'The base of "g" is b.' in result.notes
    assert result.sample.n_excluded == 10


def test_a_missing_group_excludes() -> None:
    frame = toy_frame(40, g=["a"] * 20 + ["b"] * 19 + [None])
    result = sq.regression(toy_survey(frame), outcome="satisfaction", covariates=["g"])
    assert (result.sample.n_obs, result.sample.n_excluded) == (39, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"covariates": "branch"}, r"`covariates` is \"branch\", but must be a list of names"),
        ({"covariates": [1]}, r"`covariates` is \[1\], but must be a list of names"),
        ({"covariates": 5}, "`covariates` is 5, but must be a list of names"),
        ({"covariates": ["branch", "branch"]}, "`covariates` names these more than once: branch"),
        ({"by": ["wave", "wave"]}, "`by` names these more than once: wave"),
        ({"by": "wave", "covariates": ["wave"]}, "wave stands in `by` and in `covariates`"),
        ({"covariates": ["reliability"]}, "reliability is among the predictors already"),
        ({"by": "gap:reliability"}, "gap:reliability is among the predictors already"),
        ({"covariates": ["satisfaction"]}, 'The outcome "satisfaction" is among the predictors'),
        ({"covariates": ["brunch"]}, '"brunch" is not a variable of this survey'),
        ({"random": 3}, "`random` is 3, but must be the name of one grouping variable"),
        ({"random": "shop"}, '"shop" is not a grouping'),
        ({"random": "branch", "cluster": "branch"}, "`random` has standard errors of its own"),
        ({"random": "branch", "covariance": "HC3"}, "`random` has standard errors of its own"),
        ({"random": "branch", "covariates": ["branch"]}, "intercepts that are fixed and random"),
        ({"random": "branch", "by": "branch"}, "intercepts that are fixed and random"),
        ({"random": "branch", "family": "logit"}, '`random` does not go with `family="logit"`'),
        ({"family": "probit"}, "`family` is 'probit', but must be one of"),
        ({"covariance": "CR2"}, '"CR2"` needs `cluster`'),
    ],
)
def test_options_that_contradict_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(sq.OptionError, match=words):
        sq.regression(reference_survey(), outcome="satisfaction", **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"covariates": ["P2"]}, "`covariates` needs .*name further variables of the moments"),
        ({"by": "P2"}, "`by` needs .*products of variables are not among their moments"),
        ({"random": "branch"}, '`random="branch"` needs respondents'),
        ({"family": "logit"}, '`family="logit"` needs respondents'),
        ({"covariance": "CR2"}, '`covariance="CR2"` needs respondents'),
    ],
)
def test_moments_do_for_the_plain_regression_only(options: dict[str, Any], words: str) -> None:
    moments = reference_survey().moments(["P1", "P2", "satisfaction"])
    with pytest.raises(sq.RowsRequiredError, match=words):
        sq.regression(moments, outcome="satisfaction", predictors=["P1"], **options)


# ---- moderators ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("design", "situation"),
    [("plain", "group"), ("frequency", "frequency"), ("sampling", "sampling")],
)
def test_slopes_by_group_are_those_of_r(design: str, situation: str) -> None:
    result = sq.regression(
        reference_survey(design),
        outcome="satisfaction",
        predictors=["reliability", "empathy"],
        by="branch",
    )
    expected = expected_of("moderators", situation)
    assert result.coefficients["term"].tolist() == [
        "(Intercept)",
        "reliability",
        "empathy",
        *(f"branch: {name}" for name in ("North", "South", "West")),
        *(f"reliability × branch: {name}" for name in ("North", "South", "West")),
        *(f"empathy × branch: {name}" for name in ("North", "South", "West")),
    ]
    assert_columns(result.coefficients, records(expected["coefficients"]), INFERENCE)
    slopes = result.simple_slopes
    assert slopes["term"].tolist() == ["reliability"] * 4 + ["empathy"] * 4
    assert slopes["level"].tolist() == ["East", "North", "South", "West"] * 2
    assert slopes["value"].isna().all()
    assert_columns(slopes, records(expected["slopes"]), INFERENCE)
    row = result.interactions.iloc[0]
    joint, gained = expected["joint"], expected["delta_r_squared"]
    assert_allclose(
        row[["f_statistic", "df_numerator", "p_value", "delta_r_squared"]].to_numpy(dtype=float),
        [*(joint[name] for name in ("f_statistic", "df_numerator", "p_value")), gained],
        rtol=1e-8,
    )
    assert not len(result.johnson_neyman)


def test_slopes_by_a_number_and_johnson_neyman_bounds_are_those_of_r() -> None:
    result = sq.regression(
        reference_survey(), outcome="satisfaction", predictors=["reliability"], by="tangibles"
    )
    expected = expected_of("moderators", "number")
    assert_columns(result.coefficients, records(expected["coefficients"]), INFERENCE)
    slopes = result.simple_slopes
    assert slopes["level"].tolist() == ["mean − 1 SD", "mean", "mean + 1 SD"]
    assert_allclose(slopes["value"], expected["values"], rtol=1e-9)
    assert_columns(slopes, records(expected["slopes"]), INFERENCE)
    bounds = result.johnson_neyman.iloc[0]
    if expected["bounds"][0] is None:
        assert bounds["region"] in ("everywhere", "nowhere")
        assert np.isnan(bounds["bound_low"])
    else:
        assert_allclose([bounds["bound_low"], bounds["bound_high"]], expected["bounds"], rtol=1e-8)
    assert_allclose(bounds["share"], expected["share"])


def test_slopes_with_cr2_have_degrees_of_freedom_of_their_own() -> None:
    result = quietly(
        reference_survey(),
        outcome="satisfaction",
        predictors=["reliability"],
        by="tangibles",
        cluster="office",
    )
    expected = records(expected_of("moderators", "cr2"))
    assert_columns(result.simple_slopes, expected, INFERENCE, rtol=1e-8)
    assert not len(result.johnson_neyman)
    assert any("Johnson–Neyman bounds need one number" in note for note in result.notes)


def test_two_moderators_hold_each_other_at_the_mean() -> None:
    result = sq.regression(
        reference_survey(),
        outcome="satisfaction",
        predictors=["reliability"],
        by=["wave", "tangibles"],
    )
    expected = expected_of("moderators", "two")
    assert_columns(result.coefficients, records(expected["coefficients"]), INFERENCE)
    assert result.simple_slopes["moderator"].tolist() == ["wave"] * 2 + ["tangibles"] * 3
    assert_columns(result.simple_slopes, records(expected["slopes"]), INFERENCE)
    assert result.interactions["moderator"].tolist() == ["wave", "tangibles"]


def test_garcia_as_psychtools_prints_it() -> None:
    expected = expected_of("moderators", "garcia")
    rows = records(expected["rows"])
    frame = toy_frame(len(rows))
    survey = toy_survey(
        pd.concat([frame, rows], axis=1),
        outcomes={name: [name] for name in ("respappr", "prot2", "sexism")},
    )
    result = sq.regression(
        survey, outcome="respappr", predictors=["prot2"], by="sexism", covariance="nonrobust"
    )
    assert_columns(result.coefficients, records(expected["coefficients"]), INFERENCE)
    row = result.fit.iloc[0]
    assert_allclose(row["r_squared"], expected["r_squared"], rtol=1e-10)
    assert_allclose(
        [row["f_statistic"], row["df_model"], row["df_residual"]], expected["f"], rtol=1e-10
    )
    # Printed: centred 1.46 .81 .02 (with the outcome centred too, −.01 in front), R² .30.
    assert result.coefficients["estimate"].round(2).tolist()[1:] == [1.46, 0.02, 0.81]
    assert (round(row["r_squared"], 2), round(row["f_statistic"], 2)) == (0.30, 17.53)
    # Uncentred, the slope of prot2 is the one at sexism = 0: it comes back from the others.
    means = rows.mean()
    estimate = result.coefficients["estimate"].to_numpy()
    at_zero = estimate[1] - estimate[3] * means["sexism"]
    assert_allclose(at_zero, expected["uncentred"][1], rtol=1e-9)
    bounds = result.johnson_neyman.iloc[0]
    assert_allclose([bounds["bound_low"], bounds["bound_high"]], expected["bounds"], rtol=1e-8)
    assert_allclose(bounds["share"], expected["share"])
    assert bounds["region"] == "outside"


def test_centring_is_stated_and_the_words_follow_the_products() -> None:
    result = sq.regression(
        reference_survey(), outcome="satisfaction", predictors=["reliability"], by="tangibles"
    )
    assert any("centred at their sample means" in note for note in result.notes)
    topics = [statement.topic for statement in result.interpret().statements]
    assert "tangibles" in topics
    assert not any("×" in topic for topic in topics)
    # Products overlap with their parts by construction, so no rule is held against them.
    assert "collinearity" not in topics
    assert "Simple slopes" in repr(result)


def test_a_moderator_that_does_not_vary_is_named() -> None:
    frame = toy_frame(g=["a"] * 40, age=np.full(40, 37.0))
    survey = toy_survey(frame, outcomes={"satisfaction": ["SAT1"], "age": ["age"]})
    with pytest.raises(sq.EstimationError, match='moderator "age" is 37 for all 40 respondents'):
        sq.regression(survey, outcome="satisfaction", by="age")
    with pytest.raises(sq.EstimationError, match=r'one group of "g" \(a\).*Leave it out of `by`'):
        sq.regression(survey, outcome="satisfaction", by="g")
    with pytest.raises(sq.EstimationError, match=r'one group of "g".*out of `covariates`'):
        sq.regression(survey, outcome="satisfaction", covariates=["g"])


def test_a_group_with_two_respondents_is_too_small_for_slopes() -> None:
    survey = toy_survey(toy_frame(g=["a"] * 20 + ["b"] * 18 + ["c"] * 2))
    with pytest.raises(sq.NotIdentifiedError, match=r"at least 3 respondents each.*c \(2\)"):
        sq.regression(survey, outcome="satisfaction", by="g")
    # As a covariate the same group does.
    fine = sq.regression(survey, outcome="satisfaction", covariates=["g"])
    assert fine.coefficients["std_error"].notna().all()
    # With one predictor two respondents fix the slope without error: no HC3, and a note why.
    one = sq.regression(survey, outcome="satisfaction", predictors=["d1"], by="g")
    assert one.coefficients["std_error"].isna().all()
    assert any("leverage 1" in note for note in one.notes)


# ---- random intercepts ---------------------------------------------------------------------------

_SHIFTS = np.array([-0.8, 0.5, 0.0, 0.9, -0.4])


@cache
def shifted_survey(design: str = "plain") -> sq.Survey:
    """Make a survey in which offices differ, by the same shifts as in R."""
    frame = reference_frame()
    office = np.unique(frame["office"], return_inverse=True)[1] + 1
    satisfaction = survey_of(frame).rows(["satisfaction"])[:, 0]
    frame["SHIFTED"] = satisfaction + _SHIFTS[office % 5]
    outcomes = {"satisfaction": "SAT*", "loyalty": "LOY*", "shifted": ["SHIFTED"]}
    weights = sq.FrequencyWeights("freq") if design == "frequency" else None
    return survey_of(frame, outcomes=outcomes, weights=weights)


MIXED: dict[str, tuple[str, dict[str, Any]]] = {
    "office": ("plain", {"outcome": "shifted", "random": "office"}),
    "branch": ("plain", {"outcome": "satisfaction", "random": "branch"}),
    "frequency": ("frequency", {"outcome": "shifted", "random": "office"}),
    "moderated": (
        "plain",
        {
            "outcome": "shifted",
            "random": "office",
            "predictors": ["reliability"],
            "by": "tangibles",
        },
    ),
}


@pytest.mark.parametrize("situation", list(MIXED))
def test_random_intercepts_are_those_of_lme4_and_lmertest(situation: str) -> None:
    design, options = MIXED[situation]
    result = sq.regression(shifted_survey(design), **options)
    expected = expected_of("mixed", situation)
    assert result.sample.n_obs == expected["n"]
    table, theirs = result.coefficients, records(expected["coefficients"])
    assert_columns(table, theirs, ["estimate", "std_error", "df"], rtol=1e-6)
    assert_columns(table, theirs, ["statistic", "conf_low", "conf_high"], rtol=1e-6, atol=1e-7)
    assert_allclose(table["p_value"], expected["p_value"], rtol=1e-5)
    row = result.fit.iloc[0]
    joint = expected["joint"]
    assert_allclose(row["f_statistic"], joint["f_statistic"], rtol=1e-6)
    assert_allclose(row["df_residual"], joint["df_denominator"], rtol=1e-6)
    assert_allclose(row["p_value"], joint["p_value"], rtol=1e-4)
    assert_allclose(-2.0 * row["loglik"], expected["criterion"], rtol=1e-11)
    assert_allclose([row["aic"], row["bic"]], [expected["aic"], expected["bic"]], rtol=1e-11)
    fit = [row["icc"], row["r_squared"], row["r_squared_conditional"]]
    theirs_fit = [expected["icc"], expected["marginal"], expected["conditional"]]
    assert_allclose(fit, theirs_fit, rtol=1e-6)
    components = result.variance_components
    assert_allclose(components["variance"], expected["variance"], rtol=1e-6, atol=1e-12)
    assert_allclose(components["statistic"].iloc[0], expected["ratio"], rtol=1e-8, atol=1e-9)
    effects = records(expected["effects"])
    assert result.random_effects["group"].tolist() == effects["group"].tolist()
    assert result.random_effects["n"].tolist() == effects["n"].tolist()
    assert_columns(result.random_effects, effects, ["estimate", "std_error"], rtol=1e-6, atol=1e-7)
    if situation == "moderated":
        slope = result.simple_slopes.iloc[2:]
        assert_columns(slope, records(expected["slope"]), INFERENCE, rtol=1e-5)


def test_a_variance_of_zero_is_reported() -> None:
    result = sq.regression(reference_survey(), outcome="satisfaction", random="branch")
    assert result.fit["icc"].item() == 0.0
    assert result.variance_components["p_value"].iloc[0] == 1.0
    assert (result.random_effects[["estimate", "std_error"]] == 0.0).all(axis=None)
    assert any("is estimated as zero" in note for note in result.notes)
    assert any("4 groups of branch" in note for note in result.notes)
    least = sq.regression(reference_survey(), outcome="satisfaction", covariance="nonrobust")
    assert_columns(result.coefficients, least.coefficients, [*INFERENCE, "beta", "vif"])
    assert "no more than chance" in str(result.interpret())


def test_frequency_weights_are_repeated_respondents() -> None:
    frame = toy_frame(60, g=[f"g{place % 7}" for place in range(60)], w=np.tile([1, 2, 3], 20))
    weighted = toy_survey(frame, weights=sq.FrequencyWeights("w"))
    repeated = toy_survey(frame.loc[frame.index.repeat(frame["w"])].reset_index(drop=True))
    for options in ({"random": "g"}, {"by": "g"}, {"cluster": "g"}, {"covariates": ["g"]}):
        first = quietly(weighted, outcome="satisfaction", **options)
        second = quietly(repeated, outcome="satisfaction", **options)
        for name in ("coefficients", "fit", "simple_slopes", "interactions", "random_effects"):
            pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name), rtol=1e-8)


def test_sampling_weights_and_random_intercepts_do_not_go_together() -> None:
    with pytest.raises(
        sq.OptionError, match=r'does not know of sampling weights.*cluster="office"'
    ):
        sq.regression(reference_survey("sampling"), outcome="satisfaction", random="office")


def test_groups_that_leave_nothing_to_tell_are_refused() -> None:
    alone = toy_survey(toy_frame(g=[f"g{place}" for place in range(40)]))
    with pytest.raises(sq.EstimationError, match="Each of the 40 respondents is alone in a group"):
        sq.regression(alone, outcome="satisfaction", random="g")
    together = toy_survey(toy_frame(g=["a"] * 40))
    with pytest.raises(sq.EstimationError, match=r'in one group of "g".*Leave `random` out'):
        sq.regression(together, outcome="satisfaction", random="g")


def test_an_outcome_of_the_group_leaves_no_error() -> None:
    frame = toy_frame(g=[f"g{place % 4}" for place in range(40)])
    for item in (1, 2, 3):
        frame[f"SAT{item}"] = np.arange(40) % 4 + 1.0
    with pytest.raises(sq.EstimationError, match="reproduce the outcome without any error"):
        sq.regression(toy_survey(frame), outcome="satisfaction", random="g")


def test_a_missing_group_excludes_its_respondents_from_a_mixed_model() -> None:
    frame = toy_frame(g=["a"] * 15 + ["b"] * 15 + ["c"] * 8 + [None] * 2)
    result = sq.regression(toy_survey(frame), outcome="satisfaction", random="g")
    assert (result.sample.n_obs, result.sample.n_excluded) == (38, 2)
    assert result.random_effects["n"].tolist() == [15, 15, 8]


def test_a_group_of_one_respondent_does() -> None:
    frame = toy_frame(g=["a"] * 15 + ["b"] * 15 + ["c"] * 9 + ["d"])
    result = sq.regression(toy_survey(frame), outcome="satisfaction", random="g")
    assert result.random_effects["n"].tolist() == [15, 15, 9, 1]
    assert result.coefficients["std_error"].notna().all()


def test_the_order_of_respondents_does_not_matter() -> None:
    frame = toy_frame(60, g=[f"g{place % 7}" for place in range(60)])
    mixed_up = frame.sample(frac=1.0, random_state=2).reset_index(drop=True)
    for options in ({"random": "g"}, {"by": "g"}, {"cluster": "g"}, {"by": "first"}):
        outcomes = {"satisfaction": ["SAT2", "SAT3"], "first": ["SAT1"]}
        first = quietly(toy_survey(frame, outcomes=outcomes), outcome="satisfaction", **options)
        second = quietly(toy_survey(mixed_up, outcomes=outcomes), outcome="satisfaction", **options)
        for name in ("coefficients", "fit", "simple_slopes", "random_effects"):
            pd.testing.assert_frame_equal(
                getattr(first, name), getattr(second, name), rtol=1e-8, atol=1e-12
            )


# ---- nasty data ----------------------------------------------------------------------------------


def test_an_outcome_with_two_values_works_and_names_the_logit() -> None:
    frame = toy_frame()
    for item in (1, 2, 3):
        frame[f"SAT{item}"] = np.where(frame["P1"] > 4, 5.0, 4.0)
    result = sq.regression(toy_survey(frame), outcome="satisfaction")
    assert any('`family="logit"` is made for it' in note for note in result.notes)
    assert result.coefficients["std_error"].notna().all()


def test_25_respondents_and_22_items() -> None:
    frame = toy_frame(25, 22, seed=5)
    frame["g"] = [f"g{place % 5}" for place in range(25)]
    survey = toy_survey(frame, toy_instrument((4, 5, 4, 4, 5)))
    result = sq.regression(survey, outcome="satisfaction", predictors="items")
    assert result.fit["df_model"].item() == 22
    assert (result.coefficients["df"] == 2).all()
    diagnosed = result.diagnostics()
    assert diagnosed.tests.set_index("test")["statistic"].isna()["White"]
    assert any("White's test needs more respondents" in note for note in diagnosed.notes)
    with pytest.raises(sq.EstimationError, match="25 respondents cannot be divided into 10 folds"):
        result.cross_validate()
    mixed = sq.regression(survey, outcome="satisfaction", predictors="items", random="g")
    assert mixed.coefficients["estimate"].notna().all()
    clustered = quietly(survey, outcome="satisfaction", predictors="items", cluster="g")
    assert np.isnan(clustered.fit["f_statistic"].item())


@pytest.mark.parametrize("options", [{"by": "g"}, {"random": "g"}, {"covariates": ["g"]}])
def test_collinear_dimensions_are_named_whatever_else_is_in_the_model(
    options: dict[str, Any],
) -> None:
    frame = toy_frame(n_items=4, g=["a"] * 20 + ["b"] * 20)
    frame[["E3", "E4", "P3", "P4"]] = frame[["E1", "E2", "P1", "P2"]].to_numpy()
    survey = toy_survey(frame, toy_instrument((2, 2)))
    with pytest.raises(sq.NotIdentifiedError, match=r"repeat each other exactly.*: d1, d2"):
        sq.regression(survey, outcome="satisfaction", **options)


def test_a_constant_outcome_is_named_in_a_mixed_model() -> None:
    frame = toy_frame(g=["a"] * 20 + ["b"] * 20)
    frame[["SAT1", "SAT2", "SAT3"]] = 4.0
    with pytest.raises(sq.EstimationError, match="the same for all 40 respondents: satisfaction"):
        sq.regression(toy_survey(frame), outcome="satisfaction", random="g")


# ---- words ---------------------------------------------------------------------------------------


def test_a_group_is_no_point_more() -> None:
    result = sq.regression(
        reference_survey(), outcome="satisfaction", covariates=["branch"], conf_level=0.01
    )
    words = str(result.interpret())
    term, base = next(iter(result.bases.items()))
    assert f"{term} instead of {base} goes with" in words
    assert f"One point more in {term}" not in words
    assert result.to_dict()["bases"][term] == base


def test_a_slope_that_depends_on_something_says_where_it_holds() -> None:
    result = sq.regression(
        reference_survey(),
        outcome="satisfaction",
        predictors=["reliability"],
        by=["wave", "empathy"],
        covariates=["tangibles"],
        conf_level=0.05,
    )
    words = str(result.interpret())
    base = result.simple_slopes.query("moderator == 'wave'")["level"].iloc[0]
    assert f"where wave is {base} and empathy is at its mean, the other predictors" in words
    assert "One point more in Empathy goes with" in words
    assert "points of satisfaction, where reliability is at its mean, the other" in words
    tangibles = next(line for line in words.splitlines() if "more in Tangibles" in line)
    assert "where" not in tangibles


def test_a_share_that_chance_explains_is_not_only_called_large() -> None:
    frame = toy_frame(n_respondents=12)
    frame["SAT1"] = np.random.default_rng(3).permutation(frame["SAT1"].to_numpy())
    result = sq.regression(toy_survey(frame), outcome="satisfaction", covariance="nonrobust")
    assert result.fit["p_value"].item() > 0.05
    assert "That they go with any of it cannot be told (F(" in str(result.interpret())


def test_coefficients_without_degrees_of_freedom_are_explained() -> None:
    frame = reference_frame()
    frame["heavy"] = np.where(np.arange(len(frame)) == 0, 1e6, 1.0)
    survey = survey_of(frame, weights=sq.SamplingWeights("heavy"))
    result = quietly(survey, outcome="satisfaction", cluster="branch")
    assert result.coefficients["df"].isna().any()
    assert any("no degrees of freedom with CR2" in note for note in result.notes)


def test_huge_frequencies_with_groups_are_told_a_way_that_exists() -> None:
    frame = reference_frame()
    frame["many"] = 100_000
    survey = survey_of(frame, weights=sq.FrequencyWeights("many"))
    with pytest.raises(sq.EstimationError, match="Leave `by`, `covariates`") as told:
        sq.regression(survey, outcome="satisfaction", covariates=["wave"])
    names = [f"gap:{key}" for key in KEYS]
    assert ", ".join([*names, "satisfaction"]) in str(told.value)
    fit = sq.regression(survey.moments([*names, "satisfaction"]), outcome="satisfaction")
    assert np.isfinite(fit.coefficients["std_error"]).all()


def test_a_grouping_variable_where_a_number_is_needed_is_named_as_such() -> None:
    with pytest.raises(sq.OptionError, match='"branch" is a grouping variable, whose groups'):
        sq.response_surface(reference_survey(), covariates=["branch"])
    with pytest.raises(sq.OptionError, match="Only `covariates` and `by` of"):
        sq.mediation(reference_survey(), moderator="branch", predictor="reliability")


def test_an_outcome_that_explains_itself_is_noted() -> None:
    words = "rest on the same answers"
    survey = reference_survey()
    for outcome, covariate in (("satisfaction", "SAT1"), ("SAT1", "satisfaction")):
        result = sq.regression(survey, outcome=outcome, covariates=[covariate])
        assert any(note.startswith(f"{covariate} and {outcome} {words}") for note in result.notes)
    for other in ("SAT2", "loyalty"):
        apart = sq.regression(survey, outcome="SAT1", covariates=[other])
        assert not any(words in note for note in apart.notes)


def test_a_misprinted_grouping_variable_is_recognised() -> None:
    with pytest.raises(sq.OptionError, match=r'"brnach" is not a variable.*mean "branch"'):
        sq.regression(reference_survey(), outcome="satisfaction", covariates=["brnach"])


def test_cross_validation_says_what_folds_of_respondents_leave_together() -> None:
    result = quietly(reference_survey(), outcome="satisfaction", cluster="branch")
    validated = result.cross_validate(n_repeats=2)
    assert any("Folds divide respondents, not groups of branch" in x for x in validated.notes)
    with pytest.raises(sq.EstimationError, match="cannot be divided into 100000 folds"):
        result.cross_validate(n_folds=100_000)


def test_words_where_nothing_is_told() -> None:
    frame = reference_frame()
    frame["alone"] = np.where(np.arange(len(frame)) == 0, "one", "others")
    survey = survey_of(frame, groups=["alone"])
    result = sq.regression(survey, outcome="satisfaction", covariates=["alone"])
    assert result.coefficients["std_error"].isna().all()
    assert "there are no standard errors. See the notes." in str(result.interpret())
    frame["SAT1"] = np.random.default_rng(1).permutation(frame["SAT1"].to_numpy())
    shuffled = survey_of(frame, groups=[])
    for family in ("ols", "ordered-logit"):
        nothing = sq.regression(
            shuffled, outcome="SAT1", predictors="overall", family=family, conf_level=0.999
        )
        assert "No predictor by itself can be told" in str(nothing.interpret())
