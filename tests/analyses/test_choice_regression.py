from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.typing import Family
from tests.analyses.surveys import (
    WEIGHTS,
    assert_columns,
    records,
    reference_frame,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

WALD = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]
SLOPES = ["tangibles", "reliability", "responsiveness", "assurance", "empathy"]
LINKS: dict[str, Family] = {"logistic": "ordered-logit", "probit": "ordered-probit"}
COVARIANCES = ["nonrobust", "HC0", "HC1", "CR1 branch", "CR1 office"]
#: R's standard errors come from numerical second derivatives of polr and clm, polished by Newton
#: steps; its marginal effects from numerical derivatives throughout.
RTOL = 1e-8
NUMERICAL = 1e-6


def choice_frame() -> pd.DataFrame:
    """Return the reference answers with a binary outcome and one of four merged answers."""
    frame = reference_frame()
    frame["HIGH"] = (frame["SAT1"] >= 6).astype(float).where(frame["SAT1"].notna())
    frame["MERGED"] = frame["SAT1"].clip(3, 6)
    return frame


@cache
def choice_survey(design: str = "plain") -> sq.Survey:
    outcomes = {
        "satisfaction": ["SAT1", "SAT2", "SAT3"],
        "loyalty": ["LOY1", "LOY2"],
        "high": ["HIGH"],
        "merged": ["MERGED"],
    }
    return survey_of(choice_frame(), outcomes=outcomes, weights=WEIGHTS.get(design))


def expected_ordered(outcome: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        model
        for model in load_expected("choice_models")["ordered"]
        if (model["outcome"], model["method"]) == (outcome, method)
    )
    return found


def fitted(survey: sq.Survey, covariance: str, **options: Any) -> sq.RegressionResult:
    """Fit under one of the names that the reference numbers have for covariances."""
    kind, _, cluster = covariance.partition(" ")
    if kind != "CR1":
        return sq.regression(survey, covariance=kind, **options)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        # Four branches are few clusters, which has a test of its own.
        warnings.simplefilter("ignore", sq.SmallSampleWarning)
        return sq.regression(survey, cluster=cluster, **options)


def r_rows(model: dict[str, Any], covariance: str, table: str = "parameters") -> pd.DataFrame:
    return records([row for row in model[table] if row["covariance"] == covariance])


ORDERED = [("SAT1", "logistic"), ("SAT1", "probit"), ("MERGED", "logistic")]


# ---- against R: ordered models -------------------------------------------------------------------


@pytest.mark.parametrize(("outcome", "method"), ORDERED)
@pytest.mark.parametrize("covariance", COVARIANCES)
def test_coefficients_and_thresholds_are_those_of_polr_clm_and_sandwich(
    outcome: str, method: str, covariance: str
) -> None:
    model = expected_ordered(outcome, method)
    result = fitted(choice_survey(), covariance, outcome=outcome, family=LINKS[method])
    expected = r_rows(model, covariance)
    assert result.coefficients["term"].tolist() == SLOPES
    assert_columns(result.coefficients, expected.iloc[:5], WALD, rtol=RTOL, atol=1e-13)
    assert result.thresholds["term"].tolist() == expected["term"].tolist()[5:]
    names = ["estimate", "std_error", "conf_low", "conf_high"]
    assert_columns(result.thresholds, expected.iloc[5:], names, rtol=RTOL)
    assert_allclose(result.coefficients["beta"], model["beta"], rtol=RTOL)
    assert result.coefficients["df"].isna().all()
    (wald,) = [row for row in model["wald"] if row["covariance"] == covariance]
    row = result.fit.iloc[0]
    if wald["chi_squared"] is None:
        assert np.isnan(row["chi_squared"])
        assert np.isnan(row["p_value"])
        assert any("joint Wald test does not exist" in note for note in result.notes)
    else:
        assert_allclose(row["chi_squared"], wald["chi_squared"], rtol=RTOL)
        assert_allclose(row["p_value"], wald["p_value"], rtol=NUMERICAL)


FIT = {
    "loglik": "loglik",
    "null_loglik": "null_loglik",
    "aic": "aic",
    "bic": "bic",
    "lr_statistic": "lr_statistic",
    "lr_p": "lr_p_value",
    "mcfadden": "mcfadden",
    "cox_snell": "cox_snell",
    "nagelkerke": "nagelkerke",
}


def assert_fit(result: sq.RegressionResult, summary: dict[str, Any]) -> None:
    row = result.glance().iloc[0]
    assert row["n_obs"] == summary["n"]
    for ours, theirs in FIT.items():
        assert_allclose(row[ours], summary[theirs], rtol=1e-9, err_msg=ours)
    assert row[["r_squared", "adj_r_squared", "sigma", "f_statistic"]].isna().all()


@pytest.mark.parametrize(("outcome", "method"), ORDERED)
def test_fit_and_likelihood_ratio_are_those_of_r(outcome: str, method: str) -> None:
    model = expected_ordered(outcome, method)
    result = sq.regression(choice_survey(), outcome=outcome, family=LINKS[method])
    assert result.covariance == "nonrobust"
    assert_fit(result, model["fit"])
    assert result.fit["n_levels"].item() == len(model["answers"])
    assert result.fit["df_model"].item() == 5


@pytest.mark.parametrize(("outcome", "method"), ORDERED)
def test_marginal_effects_are_numerical_derivatives_of_averaged_predictions(
    outcome: str, method: str
) -> None:
    model = expected_ordered(outcome, method)
    result = sq.regression(choice_survey(), outcome=outcome, family=LINKS[method])
    assert_effects(result, model["marginal_effects"])
    # Shares of answers move in sum by nothing, and by their values as the mean answer does.
    effects = result.marginal_effects.pivot(
        index="term", columns="outcome_level", values="estimate"
    )
    answers = [f"{answer:g}" for answer in model["answers"]]
    assert_allclose(effects[answers].sum(axis=1), 0.0, atol=1e-15)
    assert_allclose(effects[answers] @ model["answers"], effects["mean answer"], rtol=1e-10)
    assert_allclose(effects[answers[-2:]].sum(axis=1), effects["top two"], rtol=1e-12)


def assert_effects(result: sq.RegressionResult, expected: list[dict[str, Any]]) -> None:
    theirs = records(expected).assign(term=lambda table: table["term"].str.lower())
    both = result.marginal_effects.merge(
        theirs, on=["term", "outcome_level"], suffixes=("", "_r"), validate="one_to_one"
    )
    assert len(both) == len(theirs) == len(result.marginal_effects)
    for name in WALD:
        # Effects next to nothing are differences of numbers near 0.1.
        assert_allclose(both[name], both[f"{name}_r"], rtol=NUMERICAL, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(("outcome", "method"), ORDERED)
def test_likelihood_ratio_tests_of_parallel_lines_are_those_of_nominal_test(
    outcome: str, method: str
) -> None:
    model = expected_ordered(outcome, method)
    result = sq.regression(choice_survey(), outcome=outcome, family=LINKS[method])
    lines = result.parallel_lines.query("test == 'likelihood-ratio'").reset_index(drop=True)
    assert lines["term"].tolist() == SLOPES
    assert_columns(lines, records(model["nominal"]), ["statistic", "df", "p_value"], rtol=NUMERICAL)


@pytest.mark.parametrize("outcome", ["SAT1", "MERGED"])
def test_brants_test_is_his_formula_on_the_binary_logits_of_glm(outcome: str) -> None:
    model = expected_ordered(outcome, "logistic")
    result = sq.regression(choice_survey(), outcome=outcome, family="ordered-logit")
    lines = result.parallel_lines.query("test == 'brant'").reset_index(drop=True)
    assert lines["term"].tolist() == ["all", *SLOPES]
    assert_columns(lines, records(model["brant"]), ["statistic", "df", "p_value"], rtol=RTOL)


def test_only_the_ordered_logit_has_brants_test() -> None:
    probit = sq.regression(choice_survey(), outcome="SAT1", family="ordered-probit")
    assert set(probit.parallel_lines["test"]) == {"likelihood-ratio"}
    assert probit.coefficients.filter(like="odds").isna().all(axis=None)
    binary = sq.regression(choice_survey(), outcome="high", family="logit")
    assert len(binary.parallel_lines) == len(binary.thresholds) == 0


@pytest.mark.parametrize(("place", "method"), [(0, "logistic"), (1, "probit")])
def test_frequency_weights_are_those_of_r_on_repeated_rows(place: int, method: str) -> None:
    model = load_expected("choice_models")["frequency"][place]
    result = sq.regression(choice_survey("frequency"), outcome="SAT1", family=LINKS[method])
    expected = r_rows(model, "nonrobust")
    assert_columns(result.coefficients, expected.iloc[:5], WALD, rtol=RTOL)
    assert_columns(result.thresholds, expected.iloc[5:], ["estimate", "std_error"], rtol=RTOL)
    assert_fit(result, model["fit"])
    assert_effects(result, model["marginal_effects"])
    lines = result.parallel_lines
    nominal = lines.query("test == 'likelihood-ratio'").reset_index(drop=True)
    assert_columns(nominal, records(model["nominal"]), ["statistic", "p_value"], rtol=NUMERICAL)
    if method == "logistic":
        brant = lines.query("test == 'brant'").reset_index(drop=True)
        assert_columns(brant, records(model["brant"]), ["statistic", "p_value"], rtol=NUMERICAL)


@pytest.mark.parametrize("covariance", ["HC0", "HC1", "CR1 office"])
@pytest.mark.parametrize("family", ["ordered-logit", "logit"])
def test_robust_errors_under_frequency_weights_are_those_of_repeated_rows(
    family: Family, covariance: str
) -> None:
    outcome = "high" if family == "logit" else "SAT1"
    frame = choice_frame()
    outcomes = choice_survey().outcomes
    repeated = survey_of(frame.loc[frame.index.repeat(frame["freq"])], outcomes=outcomes)
    weighted = fitted(choice_survey("frequency"), covariance, outcome=outcome, family=family)
    plain = fitted(repeated, covariance, outcome=outcome, family=family)
    for name in ("coefficients", "thresholds", "fit", "marginal_effects", "parallel_lines"):
        ours, theirs = getattr(weighted, name), getattr(plain, name)
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-8, atol=1e-12, check_exact=False)
    assert weighted.sample == plain.sample.__class__(
        plain.sample.n_obs, weighted.sample.n_excluded, "listwise", "frequency"
    )


@pytest.mark.parametrize(("place", "method"), [(0, "logistic"), (1, "probit")])
def test_sampling_weights_are_those_of_svyolr(place: int, method: str) -> None:
    model = load_expected("choice_models")["sampling"][place]
    survey = choice_survey("sampling")
    result = sq.regression(survey, outcome="SAT1", family=LINKS[method])
    assert result.covariance == "HC1"
    for kind in ("HC0", "HC1"):
        expected = r_rows(model, kind)
        ours = sq.regression(survey, outcome="SAT1", family=LINKS[method], covariance=kind)
        assert_columns(ours.coefficients, expected.iloc[:5], WALD, rtol=RTOL)
        assert_columns(ours.thresholds, expected.iloc[5:], ["estimate", "std_error"], rtol=RTOL)
    # Linearisation, as the survey package does it, is HC0 times n / (n − 1).
    linear = r_rows(model, "svyolr")
    n, size = model["n"], len(linear)
    factor = np.sqrt((n - size) / (n - 1))
    assert_allclose(
        result.coefficients["std_error"] * factor, linear["std_error"].iloc[:5], rtol=RTOL
    )
    assert_effects(result, model["marginal_effects"])
    none = ["aic", "bic", "loglik", "null_loglik", "lr_statistic", "lr_p", "mcfadden"]
    assert result.fit[none].isna().all(axis=None)
    assert np.isfinite(result.fit[["chi_squared", "p_value"]].to_numpy()).all()
    assert len(result.parallel_lines) == 0
    assert any("With sampling weights there is no likelihood" in note for note in result.notes)
    assert any("Tests of parallel lines need a likelihood" in note for note in result.notes)
    doubled = survey_of(
        choice_frame().assign(weight=lambda table: 2 * table["weight"]),
        weights=sq.SamplingWeights("weight"),
    )
    other = sq.regression(doubled, outcome="SAT1", family=LINKS[method])
    assert_columns(other.coefficients, result.coefficients, WALD, rtol=1e-8)


# ---- against R: binary logit ---------------------------------------------------------------------


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_the_binary_logit_is_that_of_glm_and_sandwich(covariance: str) -> None:
    model = load_expected("choice_models")["binary"]
    result = fitted(choice_survey(), covariance, outcome="high", family="logit")
    assert result.coefficients["term"].tolist() == ["(Intercept)", *SLOPES]
    expected = r_rows(model, covariance)
    assert_columns(result.coefficients, expected, WALD, rtol=RTOL)
    odds = np.exp(expected[["estimate", "conf_low", "conf_high"]].to_numpy())
    names = ["odds_ratio", "odds_ratio_low", "odds_ratio_high"]
    assert_allclose(result.coefficients[names], odds, rtol=RTOL)
    (wald,) = [row for row in model["wald"] if row["covariance"] == covariance]
    if wald["chi_squared"] is not None:
        assert_allclose(result.fit["chi_squared"], wald["chi_squared"], rtol=RTOL)
    assert_fit(result, model["fit"])
    if covariance == "nonrobust":
        assert_effects(result, model["marginal_effects"])
    assert_allclose(result.model.params, result.coefficients["estimate"], rtol=1e-9)
    # What statsmodels calls HC1 of a logit is HC0.
    n_obs = result.sample.n_obs
    factor = np.sqrt((n_obs - 6) / n_obs) if covariance == "HC1" else 1.0
    assert_allclose(result.model.bse, result.coefficients["std_error"] * factor, rtol=1e-8)


def test_the_binary_logit_under_frequency_weights_is_that_of_glm() -> None:
    model = load_expected("choice_models")["binary_frequency"]
    result = sq.regression(choice_survey("frequency"), outcome="high", family="logit")
    assert_columns(result.coefficients, r_rows(model, "nonrobust"), WALD, rtol=RTOL)
    assert_fit(result, model["fit"])
    assert_effects(result, model["marginal_effects"])
    assert result.model.nobs == result.sample.n_obs


def test_the_binary_logit_under_sampling_weights_is_that_of_svyglm() -> None:
    model = load_expected("choice_models")["binary_sampling"]
    result = sq.regression(choice_survey("sampling"), outcome="high", family="logit")
    assert_columns(result.coefficients, r_rows(model, "HC1"), WALD, rtol=RTOL)
    assert result.model is None


def test_two_answers_make_an_ordered_logit_binary() -> None:
    binary = sq.regression(choice_survey(), outcome="high", family="logit")
    ordered = sq.regression(choice_survey(), outcome="high", family="ordered-logit")
    slopes = binary.coefficients.iloc[1:].reset_index(drop=True)
    pd.testing.assert_frame_equal(ordered.coefficients, slopes)
    assert_allclose(ordered.thresholds["estimate"], -binary.coefficients["estimate"].iloc[0])
    pd.testing.assert_frame_equal(ordered.marginal_effects, binary.marginal_effects)
    assert set(binary.marginal_effects["outcome_level"]) == {"1"}
    assert len(ordered.parallel_lines) == 0


# ---- what does not matter ------------------------------------------------------------------------


def test_the_order_of_respondents_does_not_matter() -> None:
    survey = choice_survey()
    shuffled = survey_of(choice_frame().sample(frac=1.0, random_state=1), outcomes=survey.outcomes)
    first = sq.regression(survey, outcome="SAT1", family="ordered-probit")
    second = sq.regression(shuffled, outcome="SAT1", family="ordered-probit")
    for name in ("coefficients", "thresholds", "marginal_effects", "parallel_lines"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name), rtol=1e-8)


def test_turning_the_answers_round_turns_the_signs() -> None:
    frame = choice_frame()
    turned = survey_of(frame.assign(SAT1=8 - frame["SAT1"]), outcomes={"s": ["SAT1"]})
    first = sq.regression(choice_survey(), outcome="SAT1", family="ordered-logit")
    second = sq.regression(turned, outcome="SAT1", family="ordered-logit")
    assert_allclose(second.coefficients["estimate"], -first.coefficients["estimate"], rtol=1e-9)
    assert_allclose(
        second.thresholds["estimate"], -first.thresholds["estimate"].iloc[::-1], rtol=1e-9
    )
    brant = [result.parallel_lines.query("test == 'brant'") for result in (first, second)]
    assert_allclose(brant[1]["statistic"], brant[0]["statistic"], rtol=1e-7)


def test_covariates_and_groups_are_predictors_too() -> None:
    survey = choice_survey()
    result = sq.regression(
        survey, outcome="SAT1", family="ordered-logit", covariates=["loyalty", "wave"]
    )
    assert result.coefficients["term"].tolist() == [*SLOPES, "loyalty", "wave: 2"]
    assert 'The base of "wave" is 1.' in result.notes
    # The effect of a group is the difference between everybody in it and everybody in the base.
    effect = result.marginal_effects.query("term == 'wave: 2' and outcome_level == 'top two'")
    rows = survey.rows([*(f"gap:{key}" for key in SLOPES), "loyalty", "SAT1"])
    keep = ~np.isnan(rows).any(axis=1)
    slopes = result.coefficients["estimate"].to_numpy()
    others = rows[keep][:, :6] @ slopes[:6]
    cut = result.thresholds["estimate"].iloc[-2]

    def share(group: int) -> float:
        return float(np.mean(1 / (1 + np.exp(cut - others - slopes[6] * group))))

    assert_allclose(effect["estimate"], share(1) - share(0), rtol=1e-9)


def test_the_effect_of_a_group_is_against_the_base_with_nobody_in_a_third() -> None:
    survey = choice_survey()
    result = sq.regression(
        survey,
        outcome="SAT1",
        family="ordered-logit",
        predictors=["reliability"],
        covariates=["branch"],
    )
    terms = list(result.bases)
    assert len(terms) > 1
    rows = survey.rows(["gap:reliability", "SAT1"])
    codes = survey.group_codes("branch")[0]
    predicted = rows[(codes >= 0) & ~np.isnan(rows).any(axis=1), 0]
    slopes = result.coefficients.set_index("term")["estimate"]
    cut = result.thresholds["estimate"].iloc[-2]
    effects = result.marginal_effects.query("outcome_level == 'top two'").set_index("term")

    def share(of_group: float) -> float:
        linear = slopes["reliability"] * predicted + of_group
        return float(np.mean(1 / (1 + np.exp(cut - linear))))

    for term in terms:
        change = share(slopes[term]) - share(0.0)
        assert_allclose(effects["estimate"][term], change, rtol=1e-9)
    words = str(
        sq.regression(
            survey,
            outcome="SAT1",
            family="ordered-logit",
            covariates=["branch"],
            conf_level=0.01,
        ).interpret()
    )
    assert f"{terms[0]} instead of {result.bases[terms[0]]} multiplies the odds" in words
    assert f"One point more in {terms[0]}" not in words


# ---- errors and notes ----------------------------------------------------------------------------


def test_options_that_do_not_go_together_say_what_does() -> None:
    survey = choice_survey()
    options: dict[str, Any]
    for options, words in (
        ({"family": "logistic"}, "`family` is 'logistic'.*must be one of"),
        ({"covariance": "HC3"}, '"HC3"` rests on leverages of a linear regression.*"HC1"'),
        ({"covariance": "HC2"}, '"HC2"` rests on leverages'),
        ({"covariance": "CR2", "cluster": "office"}, '"CR2"` rests on leverages.*"CR1"'),
        ({"covariance": "CR1"}, '"CR1"` needs `cluster`.*branch, office, wave'),
        ({"covariance": "HC1", "cluster": "office"}, '"HC1"` ignores clusters'),
        ({"by": "wave"}, "`by` does not go with `family=.*survey.where"),
        ({"random": "branch"}, "`random` does not go with `family="),
    ):
        every: dict[str, Any] = {"outcome": "SAT1", "family": "ordered-logit"} | options
        with pytest.raises(sq.OptionError, match=words):
            sq.regression(survey, **every)
    with pytest.raises(sq.OptionError, match="depend on the unit of the weights"):
        sq.regression(
            choice_survey("sampling"), outcome="high", family="logit", covariance="nonrobust"
        )
    moments = survey.moments(["gap:empathy", "SAT1"])
    with pytest.raises(sq.RowsRequiredError, match=r"`family=.*needs respondents"):
        sq.regression(moments, outcome="SAT1", family="ordered-logit")


def test_a_mean_of_items_has_too_many_values() -> None:
    words = (
        r'"satisfaction" has 2\d different values \(it is the mean of SAT1, SAT2, SAT3\); 20 are '
        r'the most\. Name one of its columns, as in `outcome="SAT1"`, or use least squares'
    )
    with pytest.raises(sq.OptionError, match=words):
        sq.regression(choice_survey(), outcome="satisfaction", family="ordered-logit")


def test_a_mean_of_few_values_is_an_outcome() -> None:
    result = sq.regression(choice_survey(), outcome="loyalty", family="ordered-logit")
    assert "3.5|4" in result.thresholds["term"].tolist()


def test_a_binary_logit_needs_two_values() -> None:
    words = (
        r'exactly two values, but "SAT1" has 6: 2, 3, 4, 5, 6, 7\. Use `family="ordered-logit"`, '
        r'or add a column of 0 and 1.*"SAT1" is at least 6'
    )
    with pytest.raises(sq.OptionError, match=words):
        sq.regression(choice_survey(), outcome="SAT1", family="logit")


@pytest.mark.parametrize("family", ["ordered-logit", "ordered-probit", "logit"])
def test_an_outcome_with_one_value_is_named(family: Family) -> None:
    frame = toy_frame()
    frame["SAT1"] = 4.0
    survey = toy_survey(frame, outcomes={"s": ["SAT1"]})
    with pytest.raises(sq.EstimationError, match="the same for all 40 respondents: s"):
        sq.regression(survey, outcome="s", family=family)


@pytest.mark.parametrize("family", ["ordered-logit", "ordered-probit"])
def test_answers_that_nobody_gave_are_left_out_and_named(family: Family) -> None:
    frame = choice_frame()
    frame.loc[frame["SAT1"] == 4, "SAT1"] = 5
    result = sq.regression(survey_of(frame, outcomes={"s": ["SAT1"]}), outcome="s", family=family)
    assert result.thresholds["term"].tolist() == ["2|3", "3|5", "5|6", "6|7"]
    assert any(note.startswith("Nobody answered 4 to s, so thresholds") for note in result.notes)
    # Codes of the answers do not matter to the model.
    frame["SAT1"] = frame["SAT1"].map({2: 1, 3: 2, 5: 3, 6: 4, 7: 5})
    dense = sq.regression(survey_of(frame, outcomes={"s": ["SAT1"]}), outcome="s", family=family)
    pd.testing.assert_frame_equal(dense.coefficients, result.coefficients)
    assert not any(note.startswith("Nobody answered") for note in dense.notes)


def test_an_answer_of_one_respondent_is_named_and_its_cut_left_out_of_brants_test() -> None:
    frame = choice_frame()
    lowest = frame.index[frame["SAT1"] == 2]
    frame.loc[lowest, "SAT1"] = 3
    complete = choice_survey().rows([*(f"gap:{key}" for key in SLOPES), "SAT1"])
    # Nobody is less content with the tangibles, so that answer can be told apart without error.
    one = int(np.nanargmin(np.where(np.isnan(complete).any(axis=1), np.nan, complete[:, 0])))
    frame.loc[one, "SAT1"] = 1
    result = sq.regression(
        survey_of(frame, outcomes={"s": ["SAT1"]}), outcome="s", family="ordered-logit"
    )
    assert any("respondents gave these answers to s" in n and ": 1 (1)." in n for n in result.notes)
    assert any(note.startswith("Brant's test leaves out 1|3") for note in result.notes)
    assert any(note.startswith("Nobody answered 2 to s") for note in result.notes)
    brant = result.parallel_lines.query("test == 'brant'")
    # Five cuts, of which four can be compared.
    assert brant["df"].tolist() == [15.0] + [3.0] * 5
    merged = frame.assign(SAT1=frame["SAT1"].clip(lower=3))
    without = sq.regression(
        survey_of(merged, outcomes={"s": ["SAT1"]}), outcome="s", family="ordered-logit"
    )
    same = without.parallel_lines.query("test == 'brant'")
    assert_allclose(brant["statistic"], same["statistic"], rtol=1e-8)


def separated_frame(family: Family) -> pd.DataFrame:
    """Simulate answers that follow from the second gap without error."""
    frame = toy_frame(60, n_items=3)
    gap = frame["P2"] - frame["E2"]
    cuts = [-1.5] if family == "logit" else [-2.5, -1.5]
    frame["SAT1"] = np.digitize(gap, cuts) + 1.0
    return frame


@pytest.mark.parametrize("family", ["ordered-logit", "ordered-probit", "logit"])
def test_separation_names_the_predictor(family: Family) -> None:
    survey = toy_survey(
        separated_frame(family), toy_instrument((1, 1, 1)), outcomes={"s": ["SAT1"]}
    )
    words = r'This predictor tells answers to "s" apart without error \(separation\).*: d2\. Use'
    with pytest.raises(sq.NotIdentifiedError, match=words):
        sq.regression(survey, outcome="s", family=family)


def test_quasi_complete_separation_is_found() -> None:
    # One group answers 1 throughout; the other both.
    frame = toy_frame(60, n_items=2, g=["a"] * 20 + ["b"] * 40)
    generator = np.random.default_rng(5)
    frame["SAT1"] = np.where(frame["g"] == "a", 1, generator.integers(0, 2, 60))
    survey = toy_survey(frame, toy_instrument((1, 1)), outcomes={"s": ["SAT1"]})
    with pytest.raises(sq.NotIdentifiedError, match=r"This predictor tells.*: g: b\."):
        sq.regression(survey, outcome="s", family="logit", covariates=["g"])


def test_predictors_that_separate_only_together_are_named_together() -> None:
    frame = toy_frame(60, n_items=3)
    total = frame["P1"] - frame["E1"] + frame["P2"] - frame["E2"]
    frame["SAT1"] = (total > total.median()) * 1.0
    survey = toy_survey(frame, toy_instrument((1, 1, 1)), outcomes={"s": ["SAT1"]})
    with pytest.raises(sq.NotIdentifiedError, match=r"These predictors tell.*: d1, d2"):
        sq.regression(survey, outcome="s", family="logit")


def test_dimensions_that_repeat_each_other_are_named() -> None:
    frame = toy_frame(n_items=4)
    frame[["E3", "E4", "P3", "P4"]] = frame[["E1", "E2", "P1", "P2"]].to_numpy()
    survey = toy_survey(frame, toy_instrument((2, 2)))
    with pytest.raises(sq.NotIdentifiedError, match=r"repeat each other exactly.*: d1, d2\."):
        sq.regression(survey, outcome="SAT1", family="ordered-logit")


def test_a_dimension_that_nobody_answered_leaves_nobody() -> None:
    frame = toy_frame()
    frame[["P1", "P2"]] = np.nan
    with pytest.raises(sq.EstimationError, match="gap:d2, SAT1, but 0 remain of 40"):
        sq.regression(toy_survey(frame), outcome="SAT1", family="ordered-logit")


def test_more_parameters_than_respondents_are_refused() -> None:
    frame = toy_frame(6)
    frame["SAT1"] = [1.0, 2, 3, 4, 5, 6]
    survey = toy_survey(frame)
    with pytest.raises(sq.EstimationError, match=r'"SAT1" has 7 parameters, but only 6 respond'):
        sq.regression(survey, outcome="SAT1", family="ordered-logit")


@pytest.mark.parametrize("family", ["ordered-logit", "ordered-probit"])
def test_twenty_five_respondents_are_enough(family: Family) -> None:
    result = sq.regression(toy_survey(toy_frame(25)), outcome="SAT1", family=family)
    assert np.isfinite(result.coefficients[WALD].to_numpy()).all()
    assert np.isfinite(result.marginal_effects[WALD].to_numpy()).all()
    unknown = result.parallel_lines["statistic"].isna()
    assert not unknown.any() or any("parallel lines" in note for note in result.notes)
    assert "nan" not in str(result.interpret())


def test_one_excluded_respondent_is_one() -> None:
    frame = toy_frame()
    frame.loc[0, "SAT1"] = np.nan
    result = sq.regression(toy_survey(frame), outcome="SAT1", family="ordered-logit")
    assert result.sample.n_excluded == 1
    note = "1 respondent was left out because a variable of the regression is missing."
    assert note in result.notes


def test_few_clusters_are_warned_of() -> None:
    with pytest.warns(sq.SmallSampleWarning, match='There are 4 clusters of "branch"') as caught:
        sq.regression(choice_survey(), outcome="high", family="logit", cluster="branch")
    assert caught[0].filename == __file__


def test_clusters_must_be_more_than_one() -> None:
    survey = toy_survey(toy_frame(g=["a"] * 40))
    with pytest.raises(sq.EstimationError, match='in one group of "g"'):
        sq.regression(survey, outcome="SAT1", family="ordered-logit", cluster="g")


def test_robust_errors_change_errors_only() -> None:
    plain = sq.regression(choice_survey(), outcome="SAT1", family="ordered-logit")
    robust = fitted(choice_survey(), "HC0", outcome="SAT1", family="ordered-logit")
    for name in ("coefficients", "thresholds", "marginal_effects"):
        ours, theirs = getattr(plain, name), getattr(robust, name)
        assert (ours["estimate"] == theirs["estimate"]).all()
        assert (ours["std_error"] != theirs["std_error"]).all()
    pd.testing.assert_frame_equal(plain.parallel_lines, robust.parallel_lines)
    assert any("do not use the robust covariance" in note for note in robust.notes)


@pytest.mark.parametrize("method", ["diagnostics", "cross_validate"])
def test_what_is_for_least_squares_is_refused(method: str) -> None:
    result = sq.regression(choice_survey(), outcome="high", family="logit")
    with pytest.raises(sq.OptionError, match=f'`{method}` is for least squares.*"logit"'):
        getattr(result, method)()


# ---- words ---------------------------------------------------------------------------------------


def test_interpretation_says_odds_and_shares() -> None:
    result = sq.regression(choice_survey(), outcome="SAT1", family="ordered-logit")
    words = str(result.interpret())
    top = result.coefficients.sort_values("p_value").iloc[0]
    assert f"multiplies the odds of a higher answer to SAT1 by {top['odds_ratio']:.2f}" in words
    assert "share of the two highest answers" in words
    assert "association, not proof of effect" in words
    binary = str(sq.regression(choice_survey(), outcome="high", family="logit").interpret())
    assert "the share of the answer 1" in binary
    assert "step of the answer scale" not in binary
    probit = str(
        sq.regression(choice_survey(), outcome="SAT1", family="ordered-probit").interpret()
    )
    assert "multiplies the odds" not in probit


def crossing_frame(n_respondents: int = 600) -> pd.DataFrame:
    """Simulate answers whose low cuts depend on the first gap, and whose high cuts do not."""
    generator = np.random.default_rng(8)
    frame = toy_frame(n_respondents, n_items=2)
    gap = frame["P1"] - frame["E1"]
    low = gap + 2 + generator.logistic(size=n_respondents) > 0
    high = generator.random(n_respondents) < 0.4
    frame["SAT1"] = 1.0 + low + (low & high)
    return frame


def test_interpretation_warns_when_lines_are_not_parallel() -> None:
    survey = toy_survey(crossing_frame(), toy_instrument((1, 1)), outcomes={"s": ["SAT1"]})
    result = sq.regression(survey, outcome="s", family="ordered-logit")
    lines = result.parallel_lines.set_index(["test", "term"])["p_value"]
    assert lines["brant", "all"] < 1e-4
    assert lines["likelihood-ratio", "d1"] < 1e-4
    words = result.interpret()
    (caution,) = [part for part in words.statements if part.topic == "parallel lines"]
    assert caution.text.startswith("Caution")
    assert "in doubt for d1" in caution.text
    assert "10.2307/2532457" in caution.source
