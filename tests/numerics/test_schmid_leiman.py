from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from servqual.errors import EstimationError
from servqual.numerics.extraction import minimum_residual_factors
from servqual.numerics.factor_order import arrange
from servqual.numerics.rotation import rotate
from servqual.numerics.schmid_leiman import bifactor_reliability, schmid_leiman
from servqual.typing import FloatArray
from tests.reference import load_expected

DATA = Path(__file__).parents[1] / "reference" / "data"
EXPECTED = load_expected("reliability_hierarchical")["hierarchical"]
SAMPLES = {
    "survey_complete": ("survey_complete", [f"P{item}" for item in range(1, 23)], 5),
    "kiosk": ("kiosk", [f"SAT{item}" for item in range(1, 25)], 6),
    "holzinger": ("holzinger", [f"x{item}" for item in range(1, 10)], 3),
    "holzinger_two": ("holzinger", [f"x{item}" for item in range(1, 7)], 2),
}


def _correlation(sample: str) -> FloatArray:
    name, items, _ = SAMPLES[sample]
    frame = pd.read_csv(DATA / f"{name}.csv")
    return np.asarray(np.corrcoef(frame[items].to_numpy(dtype=np.float64).T), dtype=np.float64)


@pytest.mark.parametrize("sample", list(SAMPLES))
def test_equals_psych_run_to_its_end(sample: str) -> None:
    correlation, number = _correlation(sample), SAMPLES[sample][2]
    rotated = rotate(minimum_residual_factors(correlation, number).loadings, "oblimin")
    ordered = arrange(rotated.loadings, rotated.factor_correlations)
    split = schmid_leiman(ordered.loadings, ordered.factor_correlations)
    reliability = bifactor_reliability(split, correlation)
    expected = EXPECTED[sample]
    # The rotation comes to rest within 1e-6 of its optimum.
    np.testing.assert_allclose(np.sort(split.second_order), expected["second_order"], atol=1e-5)
    np.testing.assert_allclose(split.general, expected["general"], atol=1e-5)
    for name in ("omega_total", "omega_hierarchical", "omega_limit", "ecv"):
        assert getattr(reliability, name) == pytest.approx(expected[name], abs=1e-6), name
        assert getattr(reliability, name) == pytest.approx(expected["psych"][name], abs=5e-5), name
    assert not split.heywood


ROTATED = load_expected("rotation")


@pytest.mark.parametrize("sample", ["holzinger", "bfi", "perception", "kiosk", "two_factors"])
def test_equals_psych_on_a_given_pattern(sample: str) -> None:
    rotated, expected = ROTATED[sample]["default"]["oblimin"], ROTATED[sample]["general"]
    split = schmid_leiman(np.array(rotated["loadings"]), np.array(rotated["phi"]))
    np.testing.assert_allclose(split.second_order, expected["second_order"], rtol=0, atol=1e-9)
    for name, theirs in (("general", "general"), ("groups", "groups"), ("uniquenesses", "u2")):
        np.testing.assert_allclose(getattr(split, name), expected[theirs], rtol=0, atol=1e-9)
    # psych's own second-order extraction stops up to 1.2e-5 from there.
    np.testing.assert_allclose(split.general, expected["psych"]["general"], rtol=0, atol=2e-5)
    np.testing.assert_allclose(split.groups, expected["psych"]["groups"], rtol=0, atol=2e-5)
    reliability = bifactor_reliability(split, np.array(expected["implied"]))
    for name in ("omega_total", "omega_hierarchical", "omega_limit", "ecv"):
        assert getattr(reliability, name) == pytest.approx(expected[name], rel=1e-9), name
        assert getattr(reliability, name) == pytest.approx(expected["psych"][name], abs=5e-6), name
    groups = np.column_stack(
        [reliability.group_total, reliability.group_general, reliability.group_specific]
    )
    np.testing.assert_allclose(groups, expected["by_group"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(groups, expected["psych"]["by_group"], rtol=0, atol=2e-5)


def test_a_true_general_factor_is_recovered() -> None:
    second = np.array([0.9, 0.7, 0.5])
    pattern = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6]]))
    phi = np.outer(second, second)
    np.fill_diagonal(phi, 1.0)
    split = schmid_leiman(pattern, phi)
    np.testing.assert_allclose(split.second_order, second, rtol=1e-9)
    np.testing.assert_allclose(split.general, pattern @ second, rtol=1e-9)
    common = np.outer(split.general, split.general) + split.groups @ split.groups.T
    np.testing.assert_allclose(common, pattern @ phi @ pattern.T, atol=1e-12)
    np.testing.assert_allclose(np.diag(common) + split.uniquenesses, 1.0, rtol=1e-12)


def test_shares_of_the_groups_add_up() -> None:
    pattern = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6]]))
    phi = np.full((3, 3), 0.4) + 0.6 * np.eye(3)
    correlation = pattern @ phi @ pattern.T
    np.fill_diagonal(correlation, 1.0)
    split = schmid_leiman(pattern, phi)
    reliability = bifactor_reliability(split, correlation)
    assert reliability.members.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    np.testing.assert_allclose(
        reliability.group_total, reliability.group_general + reliability.group_specific
    )
    # Omega of three items with these loadings, by hand: 2.1² / (2.1² + .36 + .51 + .64).
    np.testing.assert_allclose(reliability.group_total, 4.41 / (4.41 + 1.51))


def test_a_group_without_items_has_no_omega() -> None:
    pattern = np.column_stack([np.full(4, 0.7), np.full(4, 0.1), [0.1, 0.1, 0.1, 0.2]])
    phi = np.full((3, 3), 0.3) + 0.7 * np.eye(3)
    reliability = bifactor_reliability(schmid_leiman(pattern, phi), np.eye(4) * 0.5 + 0.5)
    assert np.isnan(reliability.group_total[1:]).all()


def test_a_factor_that_is_the_general_one_is_marked() -> None:
    phi = np.array([[1.0, 0.95, 0.9], [0.95, 1.0, 0.7], [0.9, 0.7, 1.0]])
    split = schmid_leiman(np.kron(np.eye(3), np.full((3, 1), 0.7)), phi)
    assert split.heywood
    assert np.isfinite(split.groups).all()


def test_one_factor_and_opposite_factors_have_no_general_factor() -> None:
    with pytest.raises(EstimationError, match="A general factor behind one factor"):
        schmid_leiman(np.full((3, 1), 0.5), np.eye(1))
    with pytest.raises(EstimationError, match=r"two factors correlate -0\.40"):
        schmid_leiman(np.full((4, 2), 0.5), np.array([[1.0, -0.4], [-0.4, 1.0]]))
