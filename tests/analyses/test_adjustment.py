from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.analyses.adjustment import adjust_p_values
from servqual.errors import OptionError
from servqual.typing import PAdjust
from tests.analyses.surveys import records
from tests.reference import load_expected

METHODS: list[tuple[PAdjust, str]] = [
    ("holm", "p_holm"),
    ("bonferroni", "p_bonferroni"),
    ("hochberg", "p_hochberg"),
    ("fdr-bh", "p_bh"),
    ("fdr-by", "p_by"),
]


@pytest.mark.parametrize(("method", "column"), METHODS)
@pytest.mark.parametrize("table", ["items", "dimensions"])
def test_adjusted_p_values_are_those_of_r(method: PAdjust, column: str, table: str) -> None:
    expected = load_expected("gaps")
    for part in (expected, expected["frequency"], expected["sampling"], expected["complete"]):
        frame = records(part[table])
        assert_allclose(adjust_p_values(frame["p_value"], method), frame[column], rtol=1e-13)


@pytest.mark.parametrize(("method", "column"), METHODS)
def test_a_test_that_was_not_done_is_no_member_of_the_family(method: PAdjust, column: str) -> None:
    p_values = [0.01, np.nan, 0.04, 0.03, np.nan]
    adjusted = adjust_p_values(p_values, method)
    assert np.isnan(adjusted[[1, 4]]).all()
    assert_allclose(adjusted[[0, 2, 3]], adjust_p_values([0.01, 0.04, 0.03], method), rtol=1e-15)


@pytest.mark.parametrize(("method", "column"), METHODS)
def test_adjusting_never_lowers_a_p_value_nor_passes_one(method: PAdjust, column: str) -> None:
    raw = np.array([0.9, 0.5, 0.01, 1.0, 0.0, 0.02, 0.02])
    adjusted = adjust_p_values(raw, method)
    assert (adjusted >= raw).all()
    assert (adjusted <= 1.0).all()
    assert (np.diff(adjusted[np.argsort(raw)]) >= 0).all()


def test_none_leaves_p_values_alone_and_gives_a_copy() -> None:
    raw = np.array([0.2, np.nan, 0.01])
    adjusted = adjust_p_values(raw, "none")
    assert_allclose(adjusted, raw, rtol=0)
    assert adjusted is not raw


def test_nothing_tested_stays_nan() -> None:
    assert np.isnan(adjust_p_values([np.nan, np.nan], "holm")).all()
    assert adjust_p_values([], "holm").shape == (0,)


def test_read_only_input_is_left_alone() -> None:
    raw = np.array([0.04, 0.01])
    raw.flags.writeable = False
    assert adjust_p_values(raw, "bonferroni").tolist() == [0.08, 0.02]
    assert raw.tolist() == [0.04, 0.01]


def test_unknown_methods_are_named_with_the_options() -> None:
    with pytest.raises(OptionError, match=r'`p_adjust` is \'BH\', but must be one of "holm"'):
        adjust_p_values([0.1], "BH")  # type: ignore[arg-type]
