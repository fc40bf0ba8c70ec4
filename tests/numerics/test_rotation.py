from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servqual.errors import EstimationError, OptionError
from servqual.numerics import rotation as module
from servqual.numerics.factor_order import arrange
from servqual.numerics.rotation import OBLIQUE, RotatedFactors, rotate
from servqual.numerics.rotation_criteria import crawford_ferguson, settle
from servqual.typing import FloatArray, Rotation
from tests.reference import load_expected

EXPECTED = load_expected("rotation")
SAMPLES = ("holzinger", "bfi", "perception", "kiosk")
METHODS: tuple[Rotation, ...] = tuple(m for m in get_args(Rotation) if m != "none")
SIMPLE = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6], [0.5]]))


def _turn(seed: int, size: int = 3) -> FloatArray:
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))
    return np.asarray(q * np.sign(np.diag(r)), dtype=np.float64)


def _noisy(seed: int) -> FloatArray:
    """Unrotated loadings of something near simple structure."""
    noise = np.random.default_rng(seed).normal(0.0, 0.1, SIMPLE.shape)
    return np.asarray((SIMPLE + noise) @ _turn(seed), dtype=np.float64)


def _same_factors(one: FloatArray, two: FloatArray, tolerance: float) -> None:
    identity = np.eye(one.shape[1])
    np.testing.assert_allclose(
        arrange(one, identity).loadings, arrange(two, identity).loadings, atol=tolerance
    )


# ---- numbers of R --------------------------------------------------------------------------------


def _equals(rotated: RotatedFactors, theirs: dict[str, Any]) -> None:
    assert rotated.converged
    ours = arrange(rotated.loadings, rotated.factor_correlations)
    np.testing.assert_allclose(ours.loadings, theirs["loadings"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours.factor_correlations, theirs["phi"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "quartimin"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_equals_r_run_to_its_end(sample: str, method: Rotation) -> None:
    unrotated, theirs = np.array(EXPECTED[sample]["unrotated"]), EXPECTED[sample]["default"][method]
    rotated = rotate(unrotated, method)
    _equals(rotated, theirs)
    # R's value of quartimax and varimax has another constant; promax has none.
    if method not in ("quartimax", "varimax", "promax"):
        assert rotated.criterion == pytest.approx(theirs["criterion"], rel=1e-12)
        assert rotated.criterion <= theirs["criterion_first_start"] * (1.0 + 1e-12)


@pytest.mark.parametrize("method", ["varimax", "promax", "oblimin", "quartimax"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_equals_r_with_the_other_normalisation(sample: str, method: Rotation) -> None:
    unrotated = np.array(EXPECTED[sample]["unrotated"])
    kaiser = method not in ("varimax", "promax")
    rotated = rotate(unrotated, method, kaiser_normalization=kaiser)
    _equals(rotated, EXPECTED[sample]["other"][method])


def test_quartimin_is_oblimin() -> None:
    unrotated = np.array(EXPECTED["perception"]["unrotated"])
    one, two = rotate(unrotated, "quartimin"), rotate(unrotated, "oblimin")
    np.testing.assert_allclose(one.loadings, two.loadings, rtol=0, atol=1e-10)


def test_random_starts_find_what_the_first_start_misses() -> None:
    unrotated = np.array(EXPECTED["perception"]["unrotated"])
    first = rotate(unrotated, "geomin-orthogonal", n_starts=1)
    best = rotate(unrotated, "geomin-orthogonal")
    theirs = EXPECTED["perception"]["default"]["geomin-orthogonal"]
    assert first.converged  # a minimum of its own, 2 % higher
    assert first.criterion == pytest.approx(theirs["criterion_first_start"], rel=1e-8)
    assert best.criterion < 0.98 * first.criterion
    assert 1 < best.n_best < best.n_starts == 30


# ---- laws ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [m for m in METHODS if m != "promax"])
def test_perfect_simple_structure_is_found_from_any_position(method: Rotation) -> None:
    pattern = SIMPLE * np.array([1.0, 0.9, 0.8])  # so that the order of factors is settled
    for seed in range(3):
        rotated = rotate(pattern @ _turn(seed), method)
        assert rotated.converged
        _same_factors(rotated.loadings, pattern, 1e-9)
        np.testing.assert_allclose(rotated.factor_correlations, np.eye(3), atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kaiser", [False, True])
def test_rotation_keeps_what_the_factors_explain(method: Rotation, kaiser: bool) -> None:
    unrotated = _noisy(1)
    rotated = rotate(unrotated, method, kaiser_normalization=kaiser, n_starts=2)
    assert rotated.kaiser_normalization is kaiser
    pattern, correlations = rotated.loadings, rotated.factor_correlations
    np.testing.assert_allclose(
        pattern @ correlations @ pattern.T, unrotated @ unrotated.T, atol=1e-10
    )
    np.testing.assert_allclose(unrotated @ rotated.rotation_matrix, pattern, atol=1e-12)
    np.testing.assert_allclose(rotated.structure, pattern @ correlations, atol=1e-12)
    np.testing.assert_array_equal(np.diag(correlations), 1.0)
    if method not in OBLIQUE:
        np.testing.assert_allclose(correlations, np.eye(3), atol=1e-10)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("promax",)])
def test_no_small_turn_lowers_the_criterion(method: Rotation) -> None:
    unrotated = _noisy(2)
    rotated = rotate(unrotated, method, kaiser_normalization=False)
    criterion = module._criterion_of(method, unrotated)
    rng = np.random.default_rng(0)
    for _ in range(20):
        step = 1e-3 * rng.standard_normal((3, 3))
        if method in OBLIQUE:
            position = np.linalg.inv(rotated.rotation_matrix).T + step
            position /= np.sqrt(np.sum(position**2, axis=0))
            near = unrotated @ np.linalg.inv(position).T
        else:
            left, _, right = np.linalg.svd(rotated.rotation_matrix + step)
            near = unrotated @ left @ right
        assert criterion(near)[0] >= rotated.criterion - 1e-12


@pytest.mark.parametrize("method", ["quartimax", "equamax", "varimax", "geomin"])
def test_gradients_are_the_slopes_of_the_criteria(method: Rotation) -> None:
    loadings = _noisy(3)
    criterion = module._criterion_of(method, loadings)
    slope = criterion(loadings)[1]
    for row, column in ((0, 0), (5, 2), (11, 1)):
        step = np.zeros_like(loadings)
        step[row, column] = 1e-6
        found = (criterion(loadings + step)[0] - criterion(loadings - step)[0]) / 2e-6
        assert slope[row, column] == pytest.approx(found, abs=1e-8)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_starting_position_does_not_matter(seed: int) -> None:
    unrotated = _noisy(4)
    one, two = (
        rotate(loadings, "oblimin", n_starts=3) for loadings in (unrotated, unrotated @ _turn(seed))
    )
    first, second = (arrange(r.loadings, r.factor_correlations) for r in (one, two))
    np.testing.assert_allclose(first.loadings, second.loadings, atol=1e-9)
    np.testing.assert_allclose(first.factor_correlations, second.factor_correlations, atol=1e-9)


def test_random_starts_are_reproducible_and_never_worse() -> None:
    unrotated = np.random.default_rng(8).uniform(-0.6, 0.6, (12, 4))
    one = rotate(unrotated, "geomin", n_starts=1)
    many = rotate(unrotated, "geomin", n_starts=15, seed=3)
    again = rotate(unrotated, "geomin", n_starts=15, seed=3)
    np.testing.assert_array_equal(many.loadings, again.loadings)
    assert many.criterion <= one.criterion + 1e-12
    assert 1 <= many.n_best <= many.n_starts == 15


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("general", "contrast"), [(0.6, 0.6), (0.7, 0.4)])
def test_a_symmetric_position_is_left(method: Rotation, general: float, contrast: float) -> None:
    # Two equal clusters: the unrotated position is flat by symmetry, but no minimum.
    unrotated = np.array([[general, contrast]] * 3 + [[general, -contrast]] * 3)
    rotated = rotate(unrotated, method)
    assert rotated.converged
    sizes = np.abs(rotated.loadings)
    if method == "geomin-orthogonal":
        # It favours one cluster or the other: both are lower than the position between them.
        between = unrotated @ np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2.0)
        assert rotated.criterion <= module._criterion_of(method, unrotated)(between)[0] + 1e-12
        return
    # Each cluster has its own factor, and both look alike.
    np.testing.assert_allclose(sizes[:3], sizes[3:, ::-1], atol=1e-9)
    assert np.min(np.max(sizes, axis=1)) > 0.75
    if method in OBLIQUE and method not in ("promax", "geomin"):
        np.testing.assert_allclose(np.min(sizes, axis=1), 0.0, atol=1e-9)


def test_a_saddle_is_no_minimum() -> None:
    unrotated = np.array([[0.6, 0.6]] * 3 + [[0.6, -0.6]] * 3)
    stuck = settle(crawford_ferguson(0.0), "orthogonal", unrotated, np.eye(2))
    np.testing.assert_array_equal(stuck.position, np.eye(2))
    assert not stuck.minimum
    tilted = np.array([[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]])
    free = settle(crawford_ferguson(0.0), "orthogonal", unrotated, tilted)
    assert free.minimum
    assert free.value == pytest.approx(0.0, abs=1e-15)


def test_a_rotation_that_found_no_minimum_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("servqual.numerics.rotation_criteria._MOST_STEPS", 0)
    assert not rotate(_noisy(5), "oblimin").converged


def test_rows_do_not_have_to_differ() -> None:
    unrotated = _noisy(7)[[0, 0, 1, 2, 4, 5, 6, 8, 9, 10]]
    for method in METHODS:
        rotated = rotate(unrotated, method, n_starts=2)
        assert rotated.converged
        np.testing.assert_allclose(rotated.loadings[0], rotated.loadings[1], atol=1e-14)


def test_one_factor_and_no_rotation_leave_the_loadings() -> None:
    column = SIMPLE[:, :1]
    for rotated in (rotate(column, "oblimin"), rotate(column, "none")):
        np.testing.assert_array_equal(rotated.loadings, column)
        assert rotated.factor_correlations.tolist() == [[1.0]]
        assert np.isnan(rotated.criterion)
    np.testing.assert_array_equal(rotate(SIMPLE, "none").loadings, SIMPLE)
    assert rotate(np.zeros((4, 1)), "oblimin").loadings.tolist() == [[0.0]] * 4


def test_a_variable_without_loadings_survives_normalisation() -> None:
    with_empty = np.vstack([_noisy(6), np.zeros(3)])
    rotated = rotate(with_empty, "varimax", kaiser_normalization=True)
    assert np.isfinite(rotated.loadings).all()
    np.testing.assert_allclose(rotated.loadings[-1], 0.0, atol=1e-15)


def test_what_cannot_be_rotated_is_said() -> None:
    with pytest.raises(EstimationError, match="finite numbers"):
        rotate(np.array([[0.5, np.nan], [0.2, 0.1]]), "varimax")
    with pytest.raises(EstimationError, match="1 of 2 factors has no loadings at all"):
        rotate(np.column_stack([np.full(4, 0.5), np.zeros(4)]), "oblimin")
    twice = np.column_stack([SIMPLE, SIMPLE[:, 0]])
    for method in OBLIQUE:
        with pytest.raises(EstimationError, match=r"on 4 factors have rank 3.* at most 3 factors"):
            rotate(twice, method)
    with pytest.raises(OptionError, match='"none", "varimax", "quartimax"'):
        rotate(SIMPLE, "simplimax")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="`n_starts` is 0, but must be a whole number from 1"):
        rotate(SIMPLE, "geomin", n_starts=0)
