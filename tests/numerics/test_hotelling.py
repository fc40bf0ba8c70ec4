"""Hotelling's T² against R's matrix expression (itself checked against anova.mlm)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.errors import EstimationError, NotPositiveDefiniteError
from servqual.numerics.hotelling import hotelling_one_sample
from servqual.numerics.location import mean_test
from tests.reference import load_expected

CASES: list[dict[str, Any]] = load_expected("numerics_inference")["hotelling"]


@pytest.mark.parametrize("case", CASES)
def test_equals_r(case: dict[str, Any]) -> None:
    test = hotelling_one_sample(case["mean"], case["covariance_of_mean"], case["n"])
    for field in ("statistic", "f_statistic", "df_numerator", "df_denominator", "p_value"):
        assert_allclose(getattr(test, field), case[field], rtol=1e-10, err_msg=field)


def test_of_one_mean_is_the_square_of_t() -> None:
    test = hotelling_one_sample([-0.3], [[0.01]], 40)
    t_test = mean_test([-0.3], [0.1], [39], conf_level=0.95)
    assert_allclose(test.statistic, t_test.statistic[0] ** 2, rtol=1e-14)
    assert_allclose(test.p_value, t_test.p_value[0], rtol=1e-12)


def test_does_not_depend_on_units_or_on_linear_recoding() -> None:
    case = CASES[0]
    mean, covariance = np.array(case["mean"]), np.array(case["covariance_of_mean"])
    recode = (
        np.tril(np.ones((mean.size, mean.size))) * np.array([1e-6, 1.0, 1e6, 3.0, 0.1])[:, None]
    )
    plain = hotelling_one_sample(mean, covariance, case["n"])
    recoded = hotelling_one_sample(recode @ mean, recode @ covariance @ recode.T, case["n"])
    assert_allclose(recoded.statistic, plain.statistic, rtol=1e-9)


def test_refuses_a_total_beside_its_parts() -> None:
    parts = np.array([[1.0, 0.3, 0.2], [0.3, 1.0, 0.4], [0.2, 0.4, 1.0]]) / 50
    with_total = np.vstack([np.eye(3), np.ones(3) / 3])
    with pytest.raises(
        NotPositiveDefiniteError, match="covariance matrix of the 4 means is singular"
    ):
        hotelling_one_sample(with_total @ [0.1, 0.2, 0.3], with_total @ parts @ with_total.T, 51)


def test_refuses_an_indefinite_matrix() -> None:
    with pytest.raises(NotPositiveDefiniteError, match="Leave out totals and duplicated variables"):
        hotelling_one_sample([0.1, 0.1], [[1.0, 2.0], [2.0, 1.0]], 30)


def test_names_the_constant_variables() -> None:
    with pytest.raises(
        NotPositiveDefiniteError, match="1 of 2 variables have no variance: positions 1,"
    ):
        hotelling_one_sample([0.1, 0.1], [[1.0, 0.0], [0.0, 0.0]], 30)


@pytest.mark.parametrize("n_obs", [1, 2, float("nan")])
def test_refuses_fewer_respondents_than_means(n_obs: float) -> None:
    with pytest.raises(EstimationError, match="complete respondents for 2 means"):
        hotelling_one_sample([0.1, 0.1], np.eye(2), n_obs)


def test_refuses_missing_covariances() -> None:
    with pytest.raises(EstimationError, match="missing or infinite"):
        hotelling_one_sample([0.1, 0.1], [[1.0, np.nan], [np.nan, 1.0]], 30)


def test_refuses_shapes_that_do_not_fit() -> None:
    with pytest.raises(
        EstimationError, match=r"`mean` has shape \(3,\) and `covariance_of_mean` \(2, 2\)"
    ):
        hotelling_one_sample([0.1, 0.1, 0.1], np.eye(2), 30)
