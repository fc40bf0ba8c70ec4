"""Thresholds and polychoric correlations, and models fitted to them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.model_language.parameter_table import build_parameter_table
from servqual.model_language.representation import Representation, represent
from servqual.numerics.ordinal_fit import (
    adjusted,
    fit_ordinal,
    implied_statistics,
    independence_test,
    infer_ordinal,
    weighted_squares,
)
from servqual.numerics.ordinal_moments import OrdinalMoments, ordinal_moments
from servqual.numerics.polychoric import polychoric_correlations
from servqual.typing import FloatArray, IntArray

MODEL = "F =~ a + b + c\nG =~ d + e + f\nG ~ F"


def _answers(n_obs: int, seed: int = 5) -> IntArray:
    """Six items of three to five categories, two factors."""
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(n_obs, 1))
    second = 0.6 * factor + 0.8 * rng.normal(size=(n_obs, 1))
    latent = np.hstack([factor] * 3 + [second] * 3) * 0.8 + 0.6 * rng.normal(size=(n_obs, 6))
    cuts = ([-0.5, 0.8], [-1.0, 0.0, 1.0], [-1.2, -0.4, 0.3, 1.1])
    return np.column_stack([np.digitize(latent[:, j], cuts[j % 3]) for j in range(6)])


SIZES = np.array([3, 4, 5, 3, 4, 5])


def _representation(model: str, moments: OrdinalMoments, *, std_lv: bool = False) -> Representation:
    categories = dict(zip("abcdef", SIZES.tolist(), strict=True))
    table = build_parameter_table(model, categories=categories, std_lv=std_lv)
    return represent(
        table, means=[np.zeros(6)], covariances=[moments.correlations], categories=categories
    )


def test_the_diagonal_of_the_spread_is_the_squared_standard_error() -> None:
    codes = _answers(300)
    found = ordinal_moments(codes, SIZES)
    belongs = np.hstack([codes[:, [j]] == np.arange(SIZES[j]) for j in range(6)]).astype(float)
    polychoric = polychoric_correlations(belongs.T @ belongs, SIZES)
    row, column = np.tril_indices(6, k=-1)
    order = np.lexsort((row, column))
    expected = polychoric.std_errors[row[order], column[order]] ** 2 * 300
    assert_allclose(np.diag(found.spread)[len(found.thresholds) :], expected, rtol=1e-10)
    share = np.mean(codes[:, 0] == 0)
    density = np.exp(-0.5 * found.thresholds[0] ** 2) / np.sqrt(2 * np.pi)
    assert_allclose(found.spread[0, 0], share * (1 - share) / density**2, rtol=1e-10)


def test_weights_are_repeated_rows_and_portions_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codes = _answers(200)
    twice = ordinal_moments(np.vstack([codes, codes]), SIZES)
    weighted = ordinal_moments(codes, SIZES, weights=np.full(200, 2.0))
    assert_allclose(weighted.spread, twice.spread, rtol=1e-10, atol=1e-12)
    assert weighted.n_obs == twice.n_obs == 400
    monkeypatch.setattr("servqual.numerics.ordinal_moments._ROWS_AT_ONCE", 37)
    assert_allclose(ordinal_moments(codes, SIZES, weights=np.full(200, 2.0)).spread, twice.spread)


def _numerical(model: Representation, point: FloatArray) -> FloatArray:
    step = 1e-6
    columns = []
    for number in range(len(point)):
        up, down = point.copy(), point.copy()
        up[number] += step
        down[number] -= step
        columns.append(
            (
                implied_statistics(model.structure, up, 0)[0]
                - implied_statistics(model.structure, down, 0)[0]
            )
            / (2 * step)
        )
    return np.column_stack(columns)


def test_the_jacobian_is_that_of_differences_with_free_scales_and_means() -> None:
    free = MODEL + "\na ~*~ NA*a\nb ~ NA*1\nF ~ NA*1\na ~~ d"
    model = _representation(free, ordinal_moments(_answers(300), SIZES))
    rng = np.random.default_rng(3)
    point = rng.uniform(0.4, 0.9, model.structure.n_parameters)
    jacobian = implied_statistics(model.structure, point, 0)[1]
    assert_allclose(jacobian, _numerical(model, point), atol=1e-8)


def test_a_model_that_holds_is_recovered() -> None:
    moments = ordinal_moments(_answers(200_000), SIZES)
    model = _representation(MODEL, moments, std_lv=True)
    found = fit_ordinal(model.structure, [moments])
    names = model.structure.free[0]
    loadings = found.parameters[names.parameter[names.matrix == 0]][:3]
    assert_allclose(loadings, 0.8, atol=0.01)
    inference = infer_ordinal(
        model.structure, found.parameters, [moments], model.reduction, robust=True
    )
    test = adjusted(
        weighted_squares(model.structure, found.parameters, [moments]),
        8,
        inference.trace,
        inference.trace_squared,
    )
    assert test.p_value > 0.01


def test_marker_and_unit_variance_fit_alike() -> None:
    moments = ordinal_moments(_answers(300), SIZES)
    squares = []
    for std_lv in (False, True):
        model = _representation(MODEL, moments, std_lv=std_lv)
        found = fit_ordinal(model.structure, [moments])
        squares.append(weighted_squares(model.structure, found.parameters, [moments]))
    assert_allclose(squares[0], squares[1], rtol=1e-9)


def test_the_traces_are_those_of_the_whole_matrices() -> None:
    moments = ordinal_moments(_answers(300), SIZES)
    model = _representation(MODEL, moments)
    found = fit_ordinal(model.structure, [moments])
    inference = infer_ordinal(
        model.structure, found.parameters, [moments], model.reduction, robust=True
    )
    jacobian = implied_statistics(model.structure, found.parameters, 0)[1]
    weight = np.diag(1.0 / np.diag(moments.spread))
    middle = np.linalg.inv(jacobian.T @ weight @ jacobian)
    product = (weight - weight @ jacobian @ middle @ jacobian.T @ weight) @ moments.spread
    assert_allclose(inference.trace, np.trace(product), rtol=1e-9)
    assert_allclose(inference.trace_squared, np.trace(product @ product), rtol=1e-9)


def test_uncorrelated_items_have_a_statistic_near_its_degrees_of_freedom() -> None:
    rng = np.random.default_rng(8)
    moments = ordinal_moments(rng.integers(0, 3, (5000, 6)), np.full(6, 3))
    test = independence_test([moments], robust=True)
    assert test.df == 15
    assert 0.001 < test.p_value < 0.999
