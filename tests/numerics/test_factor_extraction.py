"""Three methods of extraction, against R and on matrices that cannot bear them."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from servqual.errors import NotIdentifiedError, NotPositiveDefiniteError, OptionError
from servqual.numerics.extraction import (
    Extraction,
    extract,
    maximum_likelihood_factors,
    minimum_residual_factors,
    principal_axis_factors,
)
from servqual.numerics.factor_discrepancies import (
    likelihood_hessian,
    likelihood_profile,
    residual_hessian,
    residual_profile,
)
from servqual.typing import ExtractionMethod, FloatArray
from tests.numerics.factor_data import correlation_of, read_columns
from tests.reference import load_expected

EXPECTED: dict[str, Any] = load_expected("factor_extraction")
CASES = [name for name in EXPECTED if name not in {"r", "packages", "made_by"}]
METHODS: tuple[ExtractionMethod, ...] = get_args(ExtractionMethod)

#: Where psych's optimiser stops earlier than elsewhere: the discrepancy is near the least,
#: but so flat that some communalities are a few 1e-5 away.
STOPPED_EARLY = {
    ("kiosk_perception", "minres"),
    ("kiosk_satisfaction", "ml"),
    ("mixed_categories", "minres"),
}

#: One item correlates with the others more than a single factor can without a communality above 1.
HEYWOOD = np.array(
    [
        [1.0, 0.8, 0.7, 0.6, 0.5],
        [0.8, 1.0, 0.3, 0.3, 0.3],
        [0.7, 0.3, 1.0, 0.3, 0.3],
        [0.6, 0.3, 0.3, 1.0, 0.3],
        [0.5, 0.3, 0.3, 0.3, 1.0],
    ]
)


@cache
def _correlation(name: str) -> FloatArray:
    columns = {
        "perception": ("survey_complete", [f"P{item}" for item in range(1, 23)]),
        "kiosk_perception": ("kiosk", [f"P{item}" for item in range(1, 25)]),
        "kiosk_satisfaction": ("kiosk", [f"SAT{item}" for item in range(1, 25)]),
    }
    return correlation_of(read_columns(*columns.get(name, (name, None))))


def _common(extraction: Extraction) -> FloatArray:
    """What does not depend on the rotation."""
    return extraction.loadings @ extraction.loadings.T


def _sum_of_squares(correlation: FloatArray, loadings: FloatArray) -> float:
    residuals = correlation - loadings @ loadings.T
    np.fill_diagonal(residuals, 0.0)
    return float(np.sum(residuals**2))


def _population(seed: int, n_items: int, n_factors: int) -> tuple[FloatArray, FloatArray]:
    """Correlations that known factors imply exactly, and the communalities."""
    generator = np.random.default_rng(seed)
    loadings = generator.uniform(-0.15, 0.15, (n_items, n_factors))
    own = np.arange(n_items) % n_factors
    loadings[np.arange(n_items), own] = generator.uniform(0.5, 0.8, n_items)
    correlation = loadings @ loadings.T
    communalities = np.diag(correlation).copy()
    np.fill_diagonal(correlation, 1.0)
    return correlation, communalities


# ---- numbers of R --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", CASES)
def test_equals_polished_psych(name: str, method: ExtractionMethod) -> None:
    case, reference = EXPECTED[name], EXPECTED[name][method]
    found = extract(_correlation(name), case["n_factors"], method)
    # Principal axes come to rest at a change of 1e-10, which a slow case multiplies.
    tolerance = 1e-8 if method == "paf" else 1e-10
    assert found.converged
    assert_allclose(found.uniquenesses, reference["uniquenesses"], rtol=0, atol=tolerance)
    assert_allclose(found.loadings, np.array(reference["loadings"]), rtol=0, atol=10 * tolerance)
    assert_allclose(
        _sum_of_squares(_correlation(name), found.loadings), reference["sum_of_squares"], rtol=1e-8
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", CASES)
def test_equals_psych_as_it_comes(name: str, method: ExtractionMethod) -> None:
    case, reference = EXPECTED[name], EXPECTED[name][method]
    found = extract(_correlation(name), case["n_factors"], method)
    communalities = np.sum(found.loadings**2, axis=1)
    tolerance = 1e-4 if (name, method) in STOPPED_EARLY else 1e-5
    assert_allclose(communalities, reference["psych_communalities"], rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", CASES)
def test_equals_factanal(name: str) -> None:
    case = EXPECTED[name]
    found = maximum_likelihood_factors(_correlation(name), case["n_factors"])
    assert_allclose(found.uniquenesses, case["factanal"]["uniquenesses"], rtol=0, atol=1e-6)
    assert_allclose(found.discrepancy, case["factanal"]["discrepancy"], rtol=1e-9)


def test_heywood_item_of_real_data_is_held_at_the_bound() -> None:
    reference = np.array(EXPECTED["kiosk_perception"]["ml"]["uniquenesses"])
    found = maximum_likelihood_factors(_correlation("kiosk_perception"), 6)
    assert found.heywood.sum() == 1
    assert found.heywood.tolist() == (reference <= 0.005 + 1e-9).tolist()
    assert_allclose(found.uniquenesses[found.heywood], 0.005, rtol=1e-12)


# ---- the solution is a minimum -------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_no_step_lowers_the_residuals(name: str) -> None:
    correlation = _correlation(name)
    found = minimum_residual_factors(correlation, EXPECTED[name]["n_factors"])
    least = _sum_of_squares(correlation, found.loadings)
    generator = np.random.default_rng(11)
    for size in (1e-4, 1e-2, 0.1):
        for _ in range(20):
            moved = found.loadings + size * generator.standard_normal(found.loadings.shape)
            assert _sum_of_squares(correlation, moved) > least


@pytest.mark.parametrize("name", CASES)
def test_second_derivatives_are_those_of_a_minimum(name: str) -> None:
    correlation, number = _correlation(name), EXPECTED[name]["n_factors"]
    likely = maximum_likelihood_factors(correlation, number)
    nearest = minimum_residual_factors(correlation, number)
    of_likelihood = likelihood_hessian(
        likelihood_profile(correlation, np.log(likely.uniquenesses), number)
    )
    of_residuals = residual_hessian(residual_profile(correlation, nearest.uniquenesses, number))
    for hessian, free in [(of_likelihood, ~likely.heywood), (of_residuals, ~nearest.heywood)]:
        assert np.linalg.eigvalsh(hessian[np.ix_(free, free)])[0] > 0.0


@pytest.mark.parametrize("name", CASES)
def test_principal_axes_at_rest_are_minimum_residuals(name: str) -> None:
    number = EXPECTED[name]["n_factors"]
    axes = principal_axis_factors(_correlation(name), number)
    nearest = minimum_residual_factors(_correlation(name), number)
    assert_allclose(axes.loadings, nearest.loadings, rtol=0, atol=1e-7)
    assert_allclose(axes.discrepancy, nearest.discrepancy, rtol=1e-10)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n_factors=st.integers(1, 3))
def test_gradients_are_finite_differences(seed: int, n_factors: int) -> None:
    correlation, communalities = _population(seed, 9, n_factors)
    generator = np.random.default_rng(seed)
    uniquenesses = np.clip(1.0 - communalities + generator.uniform(-0.1, 0.1, 9), 0.1, 1.0)
    step = 1e-6
    for profile, point in [
        (likelihood_profile, np.log(uniquenesses)),
        (residual_profile, uniquenesses),
    ]:
        slopes = [
            profile(correlation, point + step * unit, n_factors).value
            - profile(correlation, point - step * unit, n_factors).value
            for unit in np.eye(9)
        ]
        gradient = profile(correlation, point, n_factors).gradient
        # Differences of step h err by 1e-16 / h and by h^2.
        assert_allclose(gradient, np.array(slopes) / (2 * step), rtol=0, atol=1e-8)


# ---- properties ----------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n_factors=st.integers(1, 3), method=st.sampled_from(METHODS))
def test_known_factors_are_recovered(seed: int, n_factors: int, method: ExtractionMethod) -> None:
    correlation, communalities = _population(seed, 5 * n_factors, n_factors)
    found = extract(correlation, n_factors, method)
    reproduced = _common(found)
    assert_allclose(np.diag(reproduced), communalities, rtol=0, atol=1e-7)
    np.fill_diagonal(reproduced, 1.0)
    assert_allclose(reproduced, correlation, rtol=0, atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(9)), method=st.sampled_from(METHODS))
def test_order_of_items_does_not_matter(order: list[int], method: ExtractionMethod) -> None:
    correlation = _correlation("holzinger")
    whole = extract(correlation, 3, method)
    turned = extract(correlation[np.ix_(order, order)], 3, method)
    assert_allclose(turned.loadings, whole.loadings[order], rtol=0, atol=1e-8)
    assert_allclose(turned.discrepancy, whole.discrepancy, rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_reversed_items_change_sign_only(method: ExtractionMethod) -> None:
    sign = np.where(np.arange(9) % 2 == 0, 1.0, -1.0)
    correlation = _correlation("holzinger")
    whole = extract(correlation, 3, method)
    turned = extract(correlation * np.outer(sign, sign), 3, method)
    assert_allclose(turned.uniquenesses, whole.uniquenesses, rtol=0, atol=1e-9)
    assert_allclose(_common(turned), _common(whole) * np.outer(sign, sign), rtol=0, atol=1e-8)
    assert (turned.loadings.sum(axis=0) >= 0.0).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_maximum_likelihood_is_free_of_scale(seed: int) -> None:
    scale = np.exp(np.random.default_rng(seed).uniform(-4.0, 4.0, 9))
    correlation = _correlation("holzinger")
    plain = maximum_likelihood_factors(correlation, 3)
    scaled = maximum_likelihood_factors(correlation * np.outer(scale, scale), 3)
    assert_allclose(_common(scaled), _common(plain) * np.outer(scale, scale), rtol=1e-6)
    assert_allclose(scaled.uniquenesses, plain.uniquenesses * scale**2, rtol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_loadings_have_decreasing_sums_of_squares(method: ExtractionMethod) -> None:
    found = extract(_correlation("bfi"), 5, method)
    if method != "ml":
        assert (np.diff(np.sum(found.loadings**2, axis=0)) < 0.0).all()
    assert (found.loadings.sum(axis=0) >= 0.0).all()


@pytest.mark.parametrize("method", METHODS)
def test_input_is_not_written_to(method: ExtractionMethod) -> None:
    correlation = _correlation("holzinger").copy()
    correlation.setflags(write=False)
    assert extract(correlation, 3, method).converged


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n_factors=st.integers(1, 5),
    method=st.sampled_from(["ml", "minres"]),
)
@example(seed=257, n_factors=4, method="ml")
def test_small_noisy_samples_have_a_solution(
    seed: int, n_factors: int, method: ExtractionMethod
) -> None:
    # Far more factors than there are, so that uniquenesses lie on their bound or close to it.
    data = np.random.default_rng(seed).standard_normal((40, 10))
    found = extract(correlation_of(data + data[:, :1]), n_factors, method)
    assert found.converged
    assert (found.uniquenesses >= 0.005 - 1e-12).all()


# ---- data that cannot bear it --------------------------------------------------------------------


def test_heywood_case_of_minimum_residuals_is_held_at_the_bound() -> None:
    found = minimum_residual_factors(HEYWOOD, 1)
    assert found.converged
    assert found.heywood.tolist() == [True, False, False, False, False]
    assert_allclose(found.uniquenesses[0], 0.005, rtol=1e-12)


def test_heywood_case_of_maximum_likelihood_is_held_at_the_bound() -> None:
    found = maximum_likelihood_factors(HEYWOOD, 1)
    assert found.converged
    assert found.heywood.tolist() == [True, False, False, False, False]
    assert_allclose(found.uniquenesses[0], 0.005, rtol=1e-12)


def test_principal_axes_stop_at_a_communality_above_one() -> None:
    found = principal_axis_factors(HEYWOOD, 1)
    assert not found.converged
    assert found.heywood.tolist() == [True, False, False, False, False]
    assert found.uniquenesses[0] < 0.0
    assert found.n_iterations < 10


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_factors", [1, 2])
def test_uncorrelated_items_have_no_loadings(method: ExtractionMethod, n_factors: int) -> None:
    found = extract(np.eye(6), n_factors, method)
    assert found.loadings.tolist() == np.zeros((6, n_factors)).tolist()
    assert found.uniquenesses.tolist() == [1.0] * 6
    assert found.discrepancy == 0.0
    assert found.converged
    assert not found.heywood.any()


@pytest.mark.parametrize("method", METHODS)
def test_a_factor_too_many_leaves_the_fit_perfect(method: ExtractionMethod) -> None:
    correlation, _ = _population(3, 9, 2)
    found = extract(correlation, 3, method)
    reproduced = _common(found)
    np.fill_diagonal(reproduced, 1.0)
    assert_allclose(reproduced, correlation, rtol=0, atol=1e-6)
    assert_allclose(found.discrepancy, 0.0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_equal_correlations_with_two_factors(method: ExtractionMethod) -> None:
    correlation = np.full((6, 6), 0.5) + 0.5 * np.eye(6)
    found = extract(correlation, 2, method)
    assert np.isfinite(found.loadings).all()
    assert_allclose(found.discrepancy, 0.0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_most_factors_that_leave_no_degrees_of_freedom(method: ExtractionMethod) -> None:
    # 6 items and 3 factors leave 0 degrees of freedom.
    correlation, _ = _population(8, 6, 2)
    found = extract(correlation, 3, method)
    assert found.discrepancy < 1e-6
    assert np.isfinite(found.loadings).all()


@pytest.mark.parametrize("method", METHODS)
def test_more_factors_than_can_be_identified(method: ExtractionMethod) -> None:
    with pytest.raises(NotIdentifiedError, match=r"4 factors .* 6 variables.*1 to 3\."):
        extract(np.eye(6), 4, method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_items", [1, 2])
def test_one_or_two_items(method: ExtractionMethod, n_items: int) -> None:
    with pytest.raises(NotIdentifiedError, match=f"{n_items} variables cannot identify"):
        extract(np.eye(n_items), 1, method)


def test_one_factor_of_three_items_is_the_triad() -> None:
    correlation = np.array([[1.0, 0.42, 0.35], [0.42, 1.0, 0.3], [0.35, 0.3, 1.0]])
    for method in METHODS:
        found = extract(correlation, 1, method)
        assert_allclose(found.loadings[:, 0], [0.7, 0.6, 0.5], rtol=1e-7)


def _few_respondents() -> FloatArray:
    return correlation_of(np.random.default_rng(1).standard_normal((8, 12)))


def _copied_item() -> FloatArray:
    data = np.random.default_rng(2).standard_normal((100, 6))
    data += data[:, :1]
    data[:, 5] = data[:, 4]
    return correlation_of(data)


@pytest.mark.parametrize("singular", [_few_respondents, _copied_item])
def test_singular_matrix(singular: Any) -> None:
    correlation = singular()
    with pytest.raises(NotPositiveDefiniteError, match="smallest eigenvalue"):
        maximum_likelihood_factors(correlation, 1)
    nearest = minimum_residual_factors(correlation, 1)
    axes = principal_axis_factors(correlation, 1)
    assert nearest.converged
    assert_allclose(axes.loadings, nearest.loadings, rtol=0, atol=1e-7)


def test_copied_item_and_a_factor_of_its_own() -> None:
    found = minimum_residual_factors(_copied_item(), 2)
    assert found.converged
    assert found.heywood[[4, 5]].all()


def test_indefinite_matrix() -> None:
    correlation = np.array(
        [[1.0, 0.9, 0.1, 0.3], [0.9, 1.0, 0.9, 0.2], [0.1, 0.9, 1.0, 0.1], [0.3, 0.2, 0.1, 1.0]]
    )
    with pytest.raises(NotPositiveDefiniteError, match=r"smallest eigenvalue .* is -0\.226"):
        maximum_likelihood_factors(correlation, 1)
    assert minimum_residual_factors(correlation, 1).heywood[1]
    assert principal_axis_factors(correlation, 1).heywood[1]


@pytest.mark.parametrize("method", METHODS)
def test_matrix_with_nan(method: ExtractionMethod) -> None:
    correlation = _correlation("holzinger").copy()
    correlation[0, 1] = correlation[1, 0] = np.nan
    with pytest.raises(NotPositiveDefiniteError, match="not finite"):
        extract(correlation, 1, method)


def test_too_few_iterations_are_recorded() -> None:
    correlation = _correlation("kiosk_satisfaction")
    assert not minimum_residual_factors(correlation, 6, max_iterations=1).converged
    axes = principal_axis_factors(correlation, 6, max_iterations=3)
    assert not axes.converged
    assert axes.n_iterations == 3


def test_unknown_method() -> None:
    with pytest.raises(OptionError, match="`extraction` is 'pca'"):
        extract(np.eye(4), 1, "pca")  # type: ignore[arg-type]


def test_lower_bound_of_minimum_residuals() -> None:
    with pytest.raises(OptionError, match=r"`lower_bound` is 1\.0"):
        minimum_residual_factors(np.eye(4), 1, lower_bound=1.0)
