from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.errors import EstimationError
from servqual.numerics import logistic
from servqual.numerics.coalitions import average_gains, complete_dominance
from servqual.typing import FloatArray
from tests.analyses.surveys import reference_survey
from tests.reference import load_expected

EXPECTED: dict[str, Any] = load_expected("relative_importance")["logistic"]


@cache
def rows() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Gaps, whether satisfied, and frequencies of the reference survey."""
    survey = reference_survey("frequency")
    names = [f"gap:{dimension.key}" for dimension in survey.instrument.dimensions]
    values = survey.rows([*names, "satisfaction"])
    keep = ~np.isnan(values).any(axis=1)
    assert survey.weights is not None
    satisfied = (values[keep, -1] >= EXPECTED["threshold"]).astype(float)
    return values[keep, :-1], satisfied, survey.weights[keep]


def test_coefficients_are_those_of_glm() -> None:
    x, y, _ = rows()
    assert len(y) == EXPECTED["n"]
    fits = logistic.fit_logistic(x, y, np.ones((1, len(y))))
    assert_allclose(fits.coefficients[0], EXPECTED["coefficients"], rtol=1e-9)


def test_dominance_on_mcfadden_is_that_of_glm() -> None:
    x, y, counts = rows()
    weights = np.stack([np.ones(len(y)), counts])
    worths = logistic.subset_mcfadden(x, y, weights)
    expected = EXPECTED["dominance"]
    assert_allclose(worths[0], expected["worths"], rtol=1e-9, atol=1e-13)
    assert_allclose(average_gains(worths)[0], expected["conditional"], rtol=1e-8)
    assert complete_dominance(worths)[0].tolist() == expected["complete"]
    general = average_gains(worths)[1].mean(axis=-1)
    assert_allclose(general, EXPECTED["repeated"]["general"], rtol=1e-9)


def test_relative_weights_are_those_of_glm_on_orthonormal_variables() -> None:
    x, y, counts = rows()
    found = logistic.logistic_relative_weights(x, y, np.stack([np.ones(len(y)), counts]))
    assert_allclose(found[0], EXPECTED["relative_weights"], rtol=1e-9)
    assert_allclose(found[0].sum(), EXPECTED["r_squared"], rtol=1e-9)
    assert_allclose(found[1], EXPECTED["repeated"]["relative_weights"], rtol=1e-9)


def test_scale_and_shift_of_the_predictors_do_not_matter() -> None:
    x, y, _ = rows()
    weights = np.ones((1, len(y)))
    moved = x * [1e-4, 1.0, 1e5, -1.0, 3.0] + [0.0, 1e3, 0.0, 2.0, -7.0]
    for function in (logistic.logistic_relative_weights, logistic.subset_mcfadden):
        assert_allclose(function(moved, y, weights), function(x, y, weights), rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("block", [300, 10**6])
def test_many_fits_at_once_are_single_fits(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "_BLOCK", block)
    x, y, _ = rows()
    weights = np.random.default_rng(1).multinomial(len(y), np.full(len(y), 1 / len(y)), size=20)
    start = logistic.fit_logistic(x, y, np.ones((1, len(y)))).coefficients[0]
    together = logistic.fit_logistic(x, y, weights.astype(float), start)
    for place in range(20):
        drawn = np.repeat(np.arange(len(y)), weights[place])
        alone = logistic.fit_logistic(x[drawn], y[drawn], np.ones((1, len(drawn))))
        assert_allclose(together.coefficients[place], alone.coefficients[0], rtol=1e-8)
        assert_allclose(together.log_likelihood[place], alone.log_likelihood[0], rtol=1e-10)


def test_fits_without_a_maximum_are_missing_and_leave_the_others_alone() -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(size=(40, 2))
    y = (x[:, 0] + generator.logistic(size=40) > 0).astype(float)
    weights = np.ones((4, 40))
    weights[1] = y  # one outcome only
    weights[2] = np.where((x[:, 0] > 0) == (y > 0.5), 1.0, 0.0)  # separated by the first predictor
    fits = logistic.fit_logistic(x, y, weights)
    assert np.isnan(fits.coefficients).any(axis=1).tolist() == [False, True, True, False]
    assert_allclose(fits.coefficients[0], fits.coefficients[3], rtol=1e-12)
    for function in (logistic.subset_mcfadden, logistic.logistic_relative_weights):
        missing = np.isnan(function(x, y, weights)).all(axis=1)
        assert missing.tolist() == [False, True, True, False]


def test_predictors_that_repeat_each_other_have_no_fit() -> None:
    generator = np.random.default_rng(4)
    x = generator.normal(size=(50, 1))
    y = (generator.uniform(size=50) > 0.5).astype(float)
    twice = np.column_stack([x, 2.0 * x])
    constant = np.column_stack([x, np.ones(50)])
    for design in (twice, constant):
        assert np.isnan(logistic.fit_logistic(design, y, np.ones((1, 50))).coefficients).all()
        assert np.isnan(logistic.logistic_relative_weights(design, y, np.ones((1, 50)))).all()


def test_large_and_small_weights_find_the_same_maximum() -> None:
    x, y, _ = rows()
    one = logistic.fit_logistic(x, y, np.ones((1, len(y)))).coefficients
    for size in (1e-6, 1e6):
        found = logistic.fit_logistic(x, y, np.full((1, len(y)), size)).coefficients
        assert_allclose(found, one, rtol=1e-7)


def test_outcomes_other_than_zero_and_one_are_refused() -> None:
    with pytest.raises(EstimationError, match="needs an outcome of zeros and ones"):
        logistic.fit_logistic(np.ones((3, 1)), np.array([1.0, 2.0, 1.0]), np.ones((1, 3)))
