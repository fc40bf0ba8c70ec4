"""Confirmatory models: laws that hold whatever the data, and words for what cannot be."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.typing import FloatArray
from tests.analyses.surveys import reference_survey

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ITEMS = [f"x{number}" for number in range(1, 10)]
FIT = ["chi2", "df", "cfi", "tli", "rmsea", "srmr", "chi2_null", "df_null"]


def pupils() -> pd.DataFrame:
    """Return the pupils of Holzinger and Swineford."""
    return pd.read_csv("tests/reference/data/pupils.csv")


def fit_of(result: sq.StructuralResult) -> FloatArray:
    """Return the figures of fit."""
    figures: FloatArray = result.glance()[FIT].to_numpy(dtype=float)[0]
    return figures


# ---- laws ----------------------------------------------------------------------------------------


def test_units_of_the_items_change_no_fit() -> None:
    frame = pupils()
    other = frame.assign(x2=frame["x2"] * 100.0, x7=frame["x7"] / 50.0 + 3.0)
    assert_allclose(fit_of(sq.cfa(other, THREE)), fit_of(sq.cfa(frame, THREE)), rtol=1e-7)


@pytest.mark.parametrize("estimator", ["ML", "MLR", "MLM", "GLS", "ULS"])
def test_how_factors_are_scaled_changes_no_fit(estimator: Any) -> None:
    first = sq.cfa(pupils(), THREE, estimator=estimator)
    second = sq.cfa(pupils(), THREE, estimator=estimator, std_lv=True)
    assert_allclose(fit_of(second), fit_of(first), rtol=1e-6)
    assert_allclose(second.standardised()["estimate"], first.standardised()["estimate"], atol=1e-6)
    assert_allclose(
        np.nan_to_num(second.standardised()["std_error"]),
        np.nan_to_num(first.standardised()["std_error"]),
        atol=1e-6,
    )


def test_fiml_on_complete_answers_is_maximum_likelihood() -> None:
    plain = sq.cfa(pupils(), THREE, mean_structure=True, information="observed")
    fiml = sq.cfa(pupils(), THREE, missing="fiml")
    assert_allclose(fit_of(fiml), fit_of(plain), rtol=1e-9)
    assert_allclose(fiml.tidy()["std_error"], plain.tidy()["std_error"], rtol=1e-7)


def test_means_that_are_free_change_no_fit() -> None:
    with_means = sq.cfa(pupils(), THREE, mean_structure=True).glance()
    without = sq.cfa(pupils(), THREE).glance()
    for name in ("chi2", "df", "cfi", "rmsea", "loglik"):
        assert_allclose(with_means[name], without[name], rtol=1e-9)


def test_a_saturated_model_fits_and_says_so() -> None:
    result = sq.cfa(pupils(), "F =~ x1 + x2 + x3")
    assert_allclose(result.glance()["chi2"].item(), 0.0, atol=1e-9)
    assert any("no degrees of freedom" in note for note in result.notes)
    assert "says nothing" in str(result.interpret())


def test_order_of_groups_does_not_matter() -> None:
    frame = pupils()
    options: dict[str, Any] = {"by": "school", "equal": ["loadings"]}
    first = sq.cfa(frame, THREE, **options)
    second = sq.cfa(frame.iloc[::-1], THREE, **options)
    assert first.model.group_labels == second.model.group_labels[::-1]
    assert_allclose(fit_of(second), fit_of(first), rtol=1e-7)


def test_population_moments_give_back_the_population() -> None:
    loadings = np.kron(np.eye(2), np.array([[0.8], [0.7], [0.6]]))
    spread = loadings @ np.array([[1.0, 0.4], [0.4, 1.0]]) @ loadings.T
    spread += np.diag([0.36, 0.51, 0.64] * 2)
    # Printed covariances have the divisor n − 1, maximum likelihood n.
    moments = sq.Moments.from_covariance(spread * 500 / 499, n=500)
    result = sq.cfa(moments, "F =~ x1 + x2 + x3\nH =~ x4 + x5 + x6", std_lv=True)
    table = result.tidy()
    assert_allclose(table.loc[table["op"] == "=~", "estimate"], [0.8, 0.7, 0.6] * 2, rtol=1e-6)
    assert_allclose(table["estimate"].iloc[-1], 0.4, rtol=1e-6)


def test_rows_moments_and_survey_agree() -> None:
    survey = reference_survey("complete")
    names = list(survey.item_names("perception"))
    frame = pd.DataFrame(survey.rows(names), columns=names)
    model = "trust =~ P14 + P15 + P16 + P17\ncare =~ P18 + P19 + P20"
    results = [sq.cfa(data, model) for data in (survey, frame, survey.moments(names))]
    for result in results[1:]:
        pd.testing.assert_frame_equal(result.tidy(), results[0].tidy(), rtol=1e-9)


def test_frequency_weights_repeat_respondents() -> None:
    model = "trust =~ P14 + P15 + P16 + P17"
    weighted = sq.cfa(reference_survey("frequency"), model, estimator="MLR")
    survey = reference_survey("frequency")
    assert survey.weights is not None
    repeated = np.repeat(survey.rows(["P14", "P15", "P16", "P17"]), survey.weights.astype(int), 0)
    plain = sq.cfa(
        pd.DataFrame(repeated, columns=["P14", "P15", "P16", "P17"]), model, estimator="MLR"
    )
    assert_allclose(weighted.tidy()["std_error"], plain.tidy()["std_error"], rtol=1e-8)
    assert_allclose(weighted.glance()["chi2_scaled"], plain.glance()["chi2_scaled"], rtol=1e-8)


# ---- the instrument ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("structure", "df"),
    [("correlated", 199), ("one-factor", 209), ("second-order", 204), ("bifactor", 187)],
)
def test_degrees_of_freedom_of_the_instrument(structure: Any, df: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sq.ImproperSolutionWarning)
        result = sq.cfa(sq.load_example("bank"), structure=structure)
    assert result.glance()["df"].item() == df
    assert result.glance()["converged"].item()


def test_gap_items_have_names_in_models() -> None:
    result = sq.cfa(sq.load_example("bank"), "trust =~ G14 + G15 + G16 + G17")
    assert result.model.observed == ("G14", "G15", "G16", "G17")


def test_factor_scores() -> None:
    survey = sq.load_example("bank")
    model = "trust =~ P14 + P15 + P16 + P17\ncare =~ P18 + P19 + P20"
    result = sq.cfa(survey, model)
    regression, bartlett = (
        result.factor_scores(survey, method) for method in ("regression", "Bartlett")
    )
    assert list(regression.columns) == ["trust", "care"]
    assert_allclose(regression.mean(), 0.0, atol=1e-9)
    # The first are shrunk towards the mean, the second are not.
    assert (regression.var() < bartlett.var()).all()
    assert (np.diag(regression.corrwith(bartlett).to_frame()) > 0.9).all()


def test_defined_effects_follow_the_delta_method() -> None:
    model = """
    trust =~ P14 + P15 + P16 + P17
    satisfaction =~ SAT1 + SAT2 + SAT3
    loyalty =~ LOY1 + LOY2
    satisfaction ~ a*trust
    loyalty ~ b*satisfaction
    indirect := a*b
    """
    result = sq.sem(sq.load_example("bank"), model)
    table = result.tidy().set_index("label")
    values = {str(name): float(value) for name, value in table["estimate"].items()}
    errors = {str(name): float(value) for name, value in table["std_error"].items()}
    a, b = values["a"], values["b"]
    vcov = result.vcov.loc[["a", "b"], ["a", "b"]].to_numpy()
    slope = np.array([b, a])
    assert_allclose(values["indirect"], a * b, rtol=1e-12)
    assert_allclose(errors["indirect"], np.sqrt(slope @ vcov @ slope), rtol=1e-10)


def test_residuals_are_drawn() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    ax = sq.cfa(pupils(), THREE, by="school").plot("residuals", group=2)
    assert ax.get_title(loc="left") == "Residual correlations, Grant-White"
    assert [label.get_text() for label in ax.get_xticklabels()] == ITEMS
    plt.close(ax.figure)


# ---- what cannot be ------------------------------------------------------------------------------


def test_a_heywood_case_is_named() -> None:
    frame = pd.read_csv("tests/reference/data/heywood.csv")
    with pytest.warns(sq.ImproperSolutionWarning, match=r"residual variance is negative for y1"):
        result = sq.cfa(frame, "F =~ y1 + y2 + y3 + y4")
    assert result.improper


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("F =~ x1 + x2", r"3 means|free parameters, but the data give"),
        ("F =~ NA*x1 + x2 + x3 + x4", "do not determine these parameters .*F =~ x1"),
    ],
)
def test_models_that_are_not_identified(model: str, message: str) -> None:
    with pytest.raises(sq.NotIdentifiedError, match=message):
        sq.cfa(pupils(), model)


def test_no_convergence_is_an_error_with_the_last_state() -> None:
    with pytest.raises(sq.ConvergenceError, match="did not reach a minimum in 1 iterations"):
        sq.cfa(pupils(), THREE, max_iterations=1)


def test_too_few_respondents() -> None:
    with pytest.raises(sq.EstimationError, match="9 variables, but after listwise deletion 8"):
        sq.cfa(pupils().head(8), THREE)


def test_a_variable_that_is_a_sum_of_others() -> None:
    frame = pupils().assign(x9=lambda table: table["x1"] + table["x2"])
    with pytest.raises(sq.EstimationError, match="has no inverse: one variable is a sum of others"):
        sq.cfa(frame, THREE)


def test_a_constant_variable() -> None:
    with pytest.raises(sq.EstimationError, match="the same for all 301 respondents: x3"):
        sq.cfa(pupils().assign(x3=4.0), THREE)
    with pytest.raises(sq.EstimationError, match="all the same or all missing: x3"):
        sq.cfa(pupils().assign(x3=4.0), THREE, missing="fiml")


def test_a_pair_that_nobody_answered() -> None:
    frame = pupils()
    frame.loc[:150, "x1"] = np.nan
    frame.loc[151:, "x2"] = np.nan
    with pytest.raises(sq.EstimationError, match=r"Fewer than two respondents .*: x1 and x2"):
        sq.cfa(frame, THREE, missing="fiml")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"estimator": "MLX"}, sq.OptionError, "`estimator` is 'MLX'"),
        ({"missing": "pairwise"}, sq.OptionError, '"listwise", "fiml"'),
        ({"missing": "fiml", "estimator": "GLS"}, sq.OptionError, "is maximum likelihood, but"),
        ({"equal": ["loading"]}, sq.OptionError, 'Did you mean "loadings"'),
        ({"by": "scool"}, sq.OptionError, "has no such column"),
        ({"information": "hessian"}, sq.OptionError, "`information` is"),
    ],
)
def test_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sq.cfa(pupils(), THREE, **options)


def test_variables_that_are_not_there() -> None:
    with pytest.raises(sq.OptionError, match="not columns of the table: x10"):
        sq.cfa(pupils(), "F =~ x1 + x2 + x10")
    with pytest.raises(sq.OptionError, match="not in the moments: x10"):
        sq.cfa(sq.Moments.collect(pupils()[ITEMS]), "F =~ x1 + x2 + x10")
    with pytest.raises(sq.OptionError, match="are not numbers: school"):
        sq.cfa(pupils(), "F =~ x1 + x2 + school")


def test_a_model_without_latent_variables() -> None:
    result = sq.sem(pupils(), "x1 ~~ x2")
    expected = np.corrcoef(pupils()["x1"], pupils()["x2"])[0, 1]
    assert_allclose(result.tidy()["std_all"].to_numpy()[0], expected)


def test_a_model_is_text() -> None:
    with pytest.raises(sq.ModelSyntaxError, match="The model is bool, but must be text"):
        sq.cfa(pupils(), True)  # type: ignore[arg-type]


def test_what_needs_rows_says_so() -> None:
    moments = sq.Moments.collect(pupils()[ITEMS])
    with pytest.raises(sq.RowsRequiredError, match="needs respondents' answers"):
        sq.cfa(moments, THREE, estimator="MLR")
    with pytest.raises(sq.RowsRequiredError, match="was given list"):
        sq.cfa([1, 2], THREE)  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match="`model` is missing"):
        sq.cfa(moments)


def test_sampling_weights_are_refused() -> None:
    with pytest.raises(sq.OptionError, match="does not know sampling weights"):
        sq.cfa(reference_survey("sampling"), "trust =~ P14 + P15 + P16")


def test_exogenous_variables_need_a_distribution_for_fiml() -> None:
    with pytest.raises(sq.OptionError, match=r"only explain: ageyr.*fixed_x=False"):
        sq.sem(pupils(), "F =~ x1 + x2 + x3\nF ~ ageyr", missing="fiml")


def test_least_squares_has_no_modification_indices() -> None:
    with pytest.raises(sq.OptionError, match="need maximum likelihood"):
        sq.cfa(pupils(), THREE, estimator="ULS").modification_indices()


# ---- ordinal answers -----------------------------------------------------------------------------


def ordinal() -> pd.DataFrame:
    """Return the pupils' answers in four categories."""
    return pd.read_csv("tests/reference/data/pupils_ordinal.csv")


def test_categories_are_names_only() -> None:
    frame = ordinal()
    other = frame.assign(**{item: frame[item].map({1: -3, 2: 0, 3: 5, 4: 50}) for item in ITEMS})
    first, second = (sq.cfa(table, THREE, estimator="WLSMV") for table in (frame, other))
    assert_allclose(fit_of(second), fit_of(first), rtol=1e-12)


def test_ordinal_answers_leave_estimates_of_dwls_and_change_its_errors() -> None:
    plain, robust = (sq.cfa(ordinal(), THREE, estimator=name) for name in ("DWLS", "WLSMV"))
    assert_allclose(plain.tidy()["estimate"], robust.tidy()["estimate"], rtol=1e-12)
    assert np.isnan(plain.glance()["chi2_scaled"].iloc[0])
    assert robust.glance()["chi2_scaled"].iloc[0] > robust.glance()["chi2"].iloc[0]
    assert "CFI 0.96" in str(robust.interpret())


def test_residual_variances_follow_from_the_loadings() -> None:
    found = sq.cfa(ordinal(), THREE, estimator="WLSMV", std_lv=True).tidy()
    loadings = found.loc[found["op"] == "=~", "estimate"].to_numpy()
    variances = found[(found["op"] == "~~") & found["lhs"].isin(ITEMS)]
    assert_allclose(variances["estimate"], 1.0 - loadings**2, rtol=1e-12)
    assert variances["std_error"].isna().all()


def test_ordinal_models_of_a_survey() -> None:
    survey = reference_survey()
    found = sq.cfa(survey, structure="one-factor", estimator="WLSMV")
    assert found.glance()["df"].iloc[0] == 209
    assert found.residuals().shape == (22, 22)
    assert (found.model.ordered) == found.model.observed


def test_an_answer_that_a_factor_explains_keeps_unit_variance() -> None:
    found = sq.sem(ordinal(), "F =~ x4 + x5 + x6\nx1 ~ F", estimator="WLSMV")
    table = found.tidy().set_index(["lhs", "op", "rhs"])["estimate"]
    explained = table["x1", "~", "F"] ** 2 * table["F", "~~", "F"]
    assert_allclose(table["x1", "~~", "x1"], 1.0 - explained, rtol=1e-12)
    share = found.r_squared.set_index("variable")["r_squared"]
    assert_allclose(share["x1"], explained, rtol=1e-12)


@pytest.mark.parametrize(
    ("model", "options", "error", "message"),
    [
        (THREE, {"missing": "fiml"}, sq.OptionError, "maximum likelihood"),
        (THREE, {"mean_structure": False}, sq.OptionError, "needs thresholds"),
        ("F =~ x1 + x2 + x3\nF ~ x4", {}, sq.ModelSyntaxError, "explain others: x4"),
        ("F =~ x1 + x2 + x3\nx1 ~~ x1", {}, sq.ModelSyntaxError, "follows from its loadings"),
        ("F =~ x1 + x2 + x3\nx1 | t4", {}, sq.ModelSyntaxError, "t1 to t3"),
        ("F =~ x1 + x2 + x3\nx9 | t1", {}, sq.NotIdentifiedError, "F|x9|parameters"),
    ],
)
def test_what_ordinal_models_cannot_be(
    model: str, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    if error is sq.NotIdentifiedError:
        # A variable with thresholds only is uncorrelated with the others: that is a model.
        found = sq.cfa(ordinal(), model, estimator="WLSMV", **options)
        assert found.glance()["df"].iloc[0] == 3
        return
    with pytest.raises(error, match=message):
        sq.cfa(ordinal(), model, estimator="WLSMV", **options)


def test_ordinal_models_need_few_categories_and_all_of_them_in_each_group() -> None:
    with pytest.raises(sq.EstimationError, match="more than 15 different values: x1, x2, x3"):
        sq.cfa(pupils(), "F =~ x1 + x2 + x3", estimator="WLSMV")
    frame = ordinal()
    frame.loc[(frame["school"] == "Pasteur") & (frame["x2"] == 4), "x2"] = 3
    with pytest.raises(sq.EstimationError, match=r"Nobody in group Pasteur .* x2 \(4\)"):
        sq.cfa(frame, THREE, by="school", estimator="WLSMV")


def test_a_perfect_polychoric_correlation_is_named() -> None:
    frame = ordinal().assign(twin=ordinal()["x1"])
    with pytest.raises(sq.EstimationError, match="x1 and twin"):
        sq.cfa(frame, "F =~ x1 + x2 + x3 + twin", estimator="WLSMV")


def test_ordinal_answers_need_rows() -> None:
    moments = sq.Moments.collect(ordinal()[ITEMS].to_numpy(float), ITEMS)
    with pytest.raises(sq.RowsRequiredError, match="respondents"):
        sq.cfa(moments, THREE, estimator="WLSMV")


def test_ordinal_models_have_no_modification_indices_and_scores() -> None:
    found = sq.cfa(ordinal(), THREE, estimator="WLSMV")
    with pytest.raises(sq.OptionError, match="maximum likelihood"):
        found.modification_indices()
    with pytest.raises(sq.OptionError, match="answers as numbers"):
        found.factor_scores(ordinal())


def test_thresholds_belong_to_ordinal_answers() -> None:
    with pytest.raises(sq.OptionError, match="only ordinal answers"):
        sq.cfa(pupils(), THREE, by="school", equal="thresholds")
    with pytest.raises(sq.ModelSyntaxError, match="WLSMV"):
        sq.cfa(pupils(), THREE + "\nx1 | t1")
