"""Student's t against R's t.test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.errors import OptionError
from servqual.numerics.location import mean_test
from tests.reference import load_expected

CASES: list[dict[str, Any]] = load_expected("numerics_inference")["location"]


@pytest.mark.parametrize("case", CASES)
def test_equals_t_test(case: dict[str, Any]) -> None:
    test = mean_test(
        [case["mean"]],
        [case["std_error"]],
        [case["n"] - 1],
        conf_level=case["conf_level"],
        null=case["null"],
    )
    for field in ("statistic", "df", "p_value"):
        assert_allclose(getattr(test, field), [case[field]], rtol=1e-11, err_msg=field)
    # scipy's quantile of t (stdtrit) differs by up to 3e-11 between scipy 1.15 and 1.17.
    for field in ("conf_low", "conf_high"):
        assert_allclose(getattr(test, field), [case[field]], rtol=1e-10, err_msg=field)


def test_each_mean_is_tested_by_itself() -> None:
    together = mean_test([-0.5, 0.2], [0.1, 0.2], [10, 400], conf_level=0.9)
    alone = mean_test([0.2], [0.2], [400], conf_level=0.9)
    assert together.p_value[1] == alone.p_value[0]
    assert together.conf_high[1] == alone.conf_high[0]


def test_null_shifts_the_statistic_and_not_the_interval() -> None:
    about_zero = mean_test([1.0], [0.5], [20], conf_level=0.95)
    about_one = mean_test([1.0], [0.5], [20], conf_level=0.95, null=1.0)
    assert about_one.statistic[0] == 0.0
    assert about_one.p_value[0] == 1.0
    assert_array_equal(about_zero.conf_low, about_one.conf_low)


@pytest.mark.parametrize(
    ("mean", "std_error", "df"),
    [
        (-1.0, 0.0, 20.0),
        (0.0, 0.0, 20.0),
        (-1.0, np.nan, 20.0),
        (-1.0, 0.1, 0.0),
        (-1.0, 0.1, np.nan),
        (-1.0, 1e-16, 20.0),
        (np.nan, np.nan, np.nan),
    ],
)
def test_is_nan_without_a_standard_error(mean: float, std_error: float, df: float) -> None:
    test = mean_test([mean, 1.0], [std_error, 0.5], [df, 20.0], conf_level=0.95)
    for field in ("statistic", "p_value", "conf_low", "conf_high"):
        values = getattr(test, field)
        assert np.isnan(values[0])
        assert np.isfinite(values[1])
    assert_array_equal(test.estimate, [mean, 1.0])


def test_far_tail_is_not_zero() -> None:
    test = mean_test([60.0], [1.0], [200], conf_level=0.95)
    assert 0.0 < test.p_value[0] < 1e-100


def test_reads_read_only_arrays_and_returns_its_own() -> None:
    mean = np.array([0.5])
    mean.flags.writeable = False
    test = mean_test(mean, [0.1], [9], conf_level=0.95)
    test.estimate[0] = 7.0
    assert mean[0] == 0.5


def test_refuses_a_level_of_95() -> None:
    with pytest.raises(
        OptionError, match="`conf_level` is 95, but must be a number between 0 and 1"
    ):
        mean_test([0.5], [0.1], [9], conf_level=95)
