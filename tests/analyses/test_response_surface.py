from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.numerics.path_effects import fit_paths
from servqual.numerics.response_surface import (
    SURFACE_CONTRASTS,
    curvatures,
    principal_axes,
    stationary_points,
    surface_parameters,
)
from tests.analyses.surveys import (
    records,
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_survey,
)
from tests.reference import load_expected

OPTIONS: dict[str, dict[str, Any]] = {
    "quality": {},
    "reliability": {"predictor": "reliability", "outcome": "loyalty"},
    "covariate": {"covariates": ["loyalty"]},
    "frequency": {},
}


def surface(case: str, **more: Any) -> sq.ResponseSurfaceResult:
    survey = reference_survey("frequency" if case == "frequency" else "plain")
    return sq.response_surface(survey, **({"n_resamples": 0} | OPTIONS[case] | more))


def assert_tested(ours: pd.DataFrame, expected: list[dict[str, Any]]) -> None:
    theirs = records(expected)
    for column in theirs:
        assert_allclose(ours[column], theirs[column], rtol=1e-6, atol=1e-12, err_msg=column)


# ---- against R -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", list(OPTIONS))
@pytest.mark.parametrize("covariance", ["nonrobust", "HC1", "HC3"])
def test_coefficients_and_parameters_are_those_of_r(case: str, covariance: Any) -> None:
    expected = load_expected("response_surface")[case]
    result = surface(case, covariance=covariance)
    assert result.sample.n_obs == expected["n"]
    assert_tested(result.coefficients, expected["by_covariance"][covariance]["coefficients"])
    assert_tested(result.parameters, expected["by_covariance"][covariance]["parameters"])
    assert_allclose(result.r_squared, expected["r_squared"], rtol=1e-9)


def test_clusters_are_those_of_r() -> None:
    expected = load_expected("response_surface")["clusters"]["by_covariance"]["CR1"]
    with pytest.warns(sq.SmallSampleWarning, match="clusters of"):
        result = sq.response_surface(
            reference_survey(), cluster="branch", covariance="CR1", n_resamples=0
        )
    # Few clusters: the covariance matrix has nearly no rank, so rounding shows earlier.
    assert_tested(result.parameters, expected["parameters"])


@pytest.mark.parametrize("case", list(OPTIONS))
def test_models_axes_and_discrepancy_are_those_of_r(case: str) -> None:
    expected = load_expected("response_surface")[case]
    result = surface(case)
    models = records(expected["models"])
    assert result.models["model"].tolist() == models["model"].tolist()
    for column in ("r_squared", "adj_r_squared", "aic", "f_statistic", "df_numerator", "p_value"):
        assert_allclose(
            result.models[column],
            models[column].astype(float),
            rtol=1e-6,
            atol=1e-12,
            err_msg=column,
        )
    assert_allclose(result.models["aic_weight"].sum(), 1.0)
    assert_allclose(result.stationary_point["estimate"] - 4.0, expected["point"], rtol=1e-6)
    assert_allclose(result.principal_axes["estimate"], expected["axes"], rtol=1e-6)
    assert result.discrepancy["n"].tolist() == expected["discrepancy"]


def test_published_figures_of_the_holzinger_tests() -> None:
    expected = load_expected("response_surface")["golden"]
    fitted = fit_paths(np.array(expected["covariance"]), expected["n"], [(5, (0, 1, 2, 3, 4))])
    parameters = surface_parameters(fitted.coefficients)
    errors = np.sqrt(np.diag(SURFACE_CONTRASTS @ fitted.covariance @ SURFACE_CONTRASTS.T))
    golden = [0.411636, -0.002843, 0.234264, 0.037140, 0.044084]
    assert_allclose(parameters, golden, atol=5e-7)
    assert_allclose(errors, [0.058829, 0.040515, 0.080959, 0.076960, 0.039645], atol=5e-7)
    theirs = records(expected["by_covariance"]["nonrobust"]["parameters"])
    assert_allclose(parameters, theirs["estimate"], rtol=1e-8)


def test_published_surface_of_motives() -> None:
    # R RSA's data motcon, from the coefficients that lm gives for it.
    b = np.array([0.297454, 0.257875, -0.005840, 0.122904, -0.164893])
    expected = [0.555329, -0.047829, 0.039580, -0.293638, 0.159053]
    assert_allclose(surface_parameters(b), expected, atol=2e-6)
    assert_allclose(stationary_points(b), [-11.53349, -3.516331], rtol=2e-4)


# ---- geometry ------------------------------------------------------------------------------------


def test_the_stationary_point_is_flat_and_on_both_axes() -> None:
    b = np.random.default_rng(3).normal(size=(50, 5))
    x, y = stationary_points(b).T
    assert_allclose(b[:, 0] + 2 * b[:, 2] * x + b[:, 3] * y, 0.0, atol=1e-9)
    assert_allclose(b[:, 1] + 2 * b[:, 4] * y + b[:, 3] * x, 0.0, atol=1e-9)
    axes = principal_axes(b)
    assert_allclose(axes[:, 0] + axes[:, 1] * x, y, rtol=1e-8, atol=1e-8)
    assert_allclose(axes[:, 1] * axes[:, 3], -1.0, rtol=1e-8)
    hessian = np.stack(
        [np.stack([2 * b[:, 2], b[:, 3]], -1), np.stack([b[:, 3], 2 * b[:, 4]], -1)], -2
    )
    assert_allclose(curvatures(b), np.linalg.eigvalsh(hessian)[:, ::-1], atol=1e-12)


def test_surfaces_without_a_stationary_point() -> None:
    ridge = np.array([1.0, -1.0, -1.0, 2.0, -1.0])
    assert np.isnan(stationary_points(ridge)).all()
    assert np.isnan(principal_axes(np.array([1.0, 1.0, -1.0, 0.0, -2.0]))).all()


def squares_survey(n: int = 300, noise: float = 0.0) -> sq.Survey:
    """Survey whose outcome is minus the squared gap of item 1, plus noise."""
    generator = np.random.default_rng(4)
    frame = toy_frame(n)
    for side in ("E1", "P1"):
        frame[side] = generator.integers(1, 8, n)
    frame["y"] = 10.0 - (frame["P1"] - frame["E1"]) ** 2 + noise * generator.normal(size=n)
    return toy_survey(frame, outcomes={"satisfaction": ["y"]})


def test_a_squared_gap_is_found() -> None:
    result = sq.response_surface(squares_survey(noise=2.0), predictor="1", n_resamples=500)
    row = result.parameters.set_index("term")["estimate"].to_dict()
    assert_allclose(row["a4"], -4.0, atol=0.2)
    assert abs(row["a1"]) < 0.2
    p_values = result.models.set_index("model")["p_value"].to_dict()
    assert p_values["squared difference"] > 0.01
    assert p_values["difference"] < 1e-10
    assert "mismatch costs" in str(result.interpret())
    assert "does not do justice" in str(result.interpret())
    assert result.label.startswith("1 ")


def test_a_surface_without_error_has_no_standard_errors() -> None:
    result = sq.response_surface(squares_survey(), predictor="1", n_resamples=100)
    assert_allclose(result.coefficients["estimate"], [10, 0, 0, -1, 2, -1], atol=1e-8)
    assert result.coefficients["std_error"].isna().all()
    assert any("without error" in note for note in result.notes)
    assert_allclose(result.predict(np.array([5.0]), np.array([3.0])), 6.0)


# ---- the bootstrap -------------------------------------------------------------------------------


def test_bootstrap_errors_are_close_to_robust_ones() -> None:
    result = sq.response_surface(reference_survey(), n_resamples=3000)
    width = (result.parameters["boot_high"] - result.parameters["boot_low"]) / (2 * 1.96)
    assert_allclose(width, result.parameters["std_error"], rtol=0.35)
    assert (result.stationary_point["conf_low"] < result.stationary_point["conf_high"]).all()


def test_the_seed_is_all_that_matters() -> None:
    one = surface("quality", n_resamples=200)
    assert one.to_json() == surface("quality", n_resamples=200).to_json()
    assert one.to_json() != surface("quality", n_resamples=200, seed=2).to_json()


def test_the_surface_passes_through_what_regression_finds() -> None:
    result = surface("quality")
    survey = reference_survey()
    pairs = survey.paired("gap")
    p, e = pairs.minuend.mean(axis=1) - 4, pairs.subtrahend.mean(axis=1) - 4
    y = survey.rows(["satisfaction"])[:, 0]
    keep = ~np.isnan(p + e + y)
    design = np.column_stack([np.ones(keep.sum()), p[keep], e[keep]])
    design = np.column_stack([design, p[keep] ** 2, p[keep] * e[keep], e[keep] ** 2])
    assert_allclose(
        result.coefficients["estimate"], np.linalg.lstsq(design, y[keep], rcond=None)[0], rtol=1e-7
    )
    assert_allclose(
        result.predict(p[keep] + 4, e[keep] + 4),
        design @ result.coefficients["estimate"].to_numpy(),
        rtol=1e-9,
    )


def test_the_hull_holds_everybody() -> None:
    result = surface("quality")
    pairs = reference_survey().paired("gap")
    inside = np.column_stack([pairs.minuend.mean(axis=1), pairs.subtrahend.mean(axis=1)])
    corners = result.hull.to_numpy()
    centre = corners.mean(axis=0)
    edges = np.roll(corners, -1, axis=0) - corners
    for point in inside[~np.isnan(inside).any(axis=1)][:100]:
        apart = point - corners
        turned = edges[:, 0] * apart[:, 1] - edges[:, 1] * apart[:, 0]
        assert (turned > -1e-9).all()
    assert np.isfinite(centre).all()


def test_another_centre_keeps_the_heights() -> None:
    here, there = surface("quality"), surface("quality", centre=6)
    point = (np.array([5.5]), np.array([6.5]))
    assert_allclose(here.predict(*point), there.predict(*point), rtol=1e-9)
    assert_allclose(here.models["r_squared"].iloc[-1], there.models["r_squared"].iloc[-1])


# ---- nasty cases ---------------------------------------------------------------------------------


def test_expectations_at_the_ceiling() -> None:
    frame = toy_frame(60)
    for item in range(1, 6):
        frame[f"E{item}"] = 7
    with pytest.raises(sq.EstimationError, match=r"expectation is the same.*ceiling"):
        sq.response_surface(toy_survey(frame))


def test_two_values_cannot_carry_a_square() -> None:
    frame = toy_frame(60)
    generator = np.random.default_rng(2)
    frame["E1"], frame["P1"] = generator.choice([6, 7], 60), generator.choice([3, 5], 60)
    with pytest.raises(sq.NotIdentifiedError, match="expectation, expectation²"):
        sq.response_surface(toy_survey(frame), predictor="1")


def test_perceptions_that_repeat_expectations() -> None:
    frame = toy_frame(60)
    for item in range(1, 6):
        frame[f"P{item}"] = frame[f"E{item}"]
    with pytest.raises(sq.NotIdentifiedError, match="tell these terms apart"):
        sq.response_surface(toy_survey(frame))


def test_twenty_five_and_six_respondents() -> None:
    result = sq.response_surface(toy_survey(toy_frame(25)), n_resamples=300)
    assert np.isfinite(result.parameters["estimate"]).all()
    with pytest.raises(sq.EstimationError, match="at least 8 respondents"):
        sq.response_surface(toy_survey(toy_frame(6)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"predictor": "kindness"}, "kindness"),
        ({"predictor": 99}, "99"),
        ({"predictor": True}, "True"),
        ({"outcome": "happiness"}, "happiness"),
        ({"centre": "middle"}, "`centre`"),
        ({"centre": float("nan")}, "`centre`"),
        ({"covariance": "HC9"}, "`covariance`"),
        ({"covariance": "CR1"}, "needs `cluster`"),
        ({"covariance": "HC3", "cluster": "branch"}, "ignores clusters"),
        ({"covariates": "loyalty"}, "must be a list of names"),
        ({"n_resamples": 5}, "at least 100"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], words: str) -> None:
    with pytest.raises(sq.OptionError, match=words):
        sq.response_surface(reference_survey(), **options)


def test_sampling_weights_have_no_likelihood() -> None:
    result = sq.response_surface(reference_survey("sampling"), n_resamples=0)
    assert "No resamples were asked for, so there are no bootstrap intervals." in result.notes
    assert result.models[["aic", "aic_weight", "f_statistic", "p_value"]].isna().all().all()
    assert "could not be tested" in str(result.interpret())


def test_little_mismatch_is_said() -> None:
    frame = reference_frame()
    generator = np.random.default_rng(3)
    for item in range(1, 23):
        moved = frame[f"E{item}"] + generator.integers(-1, 2, len(frame)) * (item < 8)
        frame[f"P{item}"] = moved.clip(1, 7)
    result = sq.response_surface(survey_of(frame), n_resamples=0)
    assert "little to learn about mismatch" in str(result.interpret())


def test_words_keep_the_letters_of_the_formula() -> None:
    frame = reference_frame()
    generator = np.random.default_rng(5)
    for item in (1, 2, 3):
        frame[f"SAT{item}"] = generator.integers(1, 8, len(frame))
    words = str(sq.response_surface(survey_of(frame), n_resamples=0).interpret())
    assert "Slope along congruence (P = E) cannot be told from zero" in words


def test_a_centre_off_the_scale_is_refused() -> None:
    with pytest.raises(sq.OptionError, match="`centre` is 99, but must lie on the answer scale"):
        sq.response_surface(reference_survey(), centre=99)
