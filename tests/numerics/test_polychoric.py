from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import special

from servqual.errors import OptionError
from servqual.numerics import polychoric as module
from servqual.numerics.bivariate_normal import bivariate_normal_cdf
from servqual.numerics.polychoric import BOUND, Polychoric, polychoric_correlations
from servqual.typing import EmptyCells, FloatArray, IntArray
from tests.reference import load_expected

DATA = Path(__file__).parents[1] / "reference" / "data"


def _tables(answers: FloatArray) -> tuple[FloatArray, IntArray]:
    """All two-way tables, straight from rows; nan is missing."""
    indicators, sizes = [], []
    for column in answers.T:
        chosen = np.unique(column[~np.isnan(column)])
        indicators.append(column[:, None] == chosen)
        sizes.append(chosen.size)
    table = np.hstack(indicators).astype(np.float64)
    return table.T @ table, np.array(sizes)


def _answers(name: str, items: list[str] | None = None) -> FloatArray:
    frame = pd.read_csv(DATA / f"{name}.csv")
    return frame[items or frame.columns].to_numpy(dtype=np.float64)


def _upper(matrix: FloatArray) -> FloatArray:
    """Elements above the diagonal, column by column, as R's upper.tri gives them."""
    rows, columns = np.triu_indices(len(matrix), k=1)
    order = np.lexsort((rows, columns))
    return matrix[rows[order], columns[order]]


def _of(answers: FloatArray, empty_cells: EmptyCells = "two-by-two") -> Polychoric:
    return polychoric_correlations(*_tables(answers), empty_cells=empty_cells)


# lavaan's optimiser stops when the log-likelihood no longer changes in ten digits, which leaves its
# correlations right to about 4e-8.
@pytest.mark.parametrize(
    "name", ["holzinger_ordinal", "mixed_categories", "survey_complete", "kiosk", "bfi"]
)
def test_equals_lavaan(name: str) -> None:
    expected = load_expected("correlations")[name]
    estimate = _of(_answers(name, expected["items"]))
    np.testing.assert_allclose(
        _upper(estimate.correlations), expected["correlations"], rtol=0.0, atol=1e-7
    )
    np.testing.assert_allclose(_upper(estimate.std_errors), expected["std_errors"], rtol=1e-6)
    np.testing.assert_allclose(
        np.concatenate(estimate.thresholds), expected["thresholds"], rtol=1e-9, atol=1e-12
    )
    assert estimate.converged.all()
    assert not estimate.at_bound.any()


def test_known_value_of_the_holzinger_tests() -> None:
    estimate = _of(_answers("holzinger_ordinal"))
    assert estimate.correlations[0, 1] == pytest.approx(0.30027, abs=5e-6)


def test_a_category_that_nobody_chose_changes_nothing() -> None:
    tables, sizes = _tables(_answers("mixed_categories"))
    place = int(sizes[:3].sum()) + 2  # between the second and the third category of P4
    widened = np.insert(np.insert(tables, place, 0.0, axis=0), place, 0.0, axis=1)
    with_gap = sizes.copy()
    with_gap[3] += 1
    plain, padded = (
        polychoric_correlations(tables, sizes),
        polychoric_correlations(widened, with_gap),
    )
    np.testing.assert_array_equal(plain.correlations, padded.correlations)
    np.testing.assert_array_equal(plain.thresholds[3], padded.thresholds[3])


def test_pairwise_deletion_equals_lavaan() -> None:
    expected = load_expected("correlations")["pairwise"]
    estimate = _of(_answers("survey", [f"P{item}" for item in range(1, 10)]))
    np.testing.assert_allclose(
        _upper(estimate.correlations), expected["correlations"], rtol=0.0, atol=1e-7
    )


def test_two_by_two_table_with_an_empty_cell_keeps_its_margins() -> None:
    answers = np.array([[1.0, 1.0]] * 40 + [[1.0, 2.0]] * 12 + [[2.0, 2.0]] * 30)
    expected = load_expected("correlations")["two_by_two"]["correlation"]
    estimate = _of(answers)
    assert estimate.correlations[0, 1] == pytest.approx(expected, rel=1e-6)
    assert estimate.adjusted[0, 1]
    assert estimate.empty_cells[0, 1] == 1
    left_alone = _of(answers, "none")
    assert left_alone.at_bound[0, 1]
    assert not left_alone.adjusted.any()


def test_filling_every_empty_cell() -> None:
    expected = load_expected("correlations")["empty_filled"]
    estimate = _of(_answers("mixed_categories", expected["items"]), "all")
    # The reference is a search on a likelihood, which is flat to half of its digits at the top.
    np.testing.assert_allclose(
        _upper(estimate.correlations), expected["correlations"], rtol=0.0, atol=1e-7
    )
    np.testing.assert_array_equal(estimate.adjusted, estimate.empty_cells > 0)


def test_identical_and_opposite_items_are_held_at_the_bound() -> None:
    item = np.tile([1.0, 2.0, 3.0, 4.0], 20)
    estimate = _of(np.column_stack([item, item, 5.0 - item]))
    assert estimate.correlations[0, 1] == BOUND
    assert estimate.correlations[0, 2] == -BOUND
    assert estimate.at_bound[np.triu_indices(3, k=1)].all()
    assert np.isnan(estimate.std_errors).all()


def test_two_empty_cells_of_a_two_by_two_table_are_a_perfect_correlation() -> None:
    answers = np.array([[1.0, 1.0]] * 5 + [[2.0, 2.0]] * 7)
    estimate = _of(answers)
    assert estimate.correlations[0, 1] == BOUND
    assert not estimate.adjusted.any()


def test_an_item_without_variance_has_no_correlation() -> None:
    answers = np.column_stack(
        [np.tile([1.0, 2.0], 30), np.full(60, 3.0), np.repeat([1.0, 2.0], 30)]
    )
    estimate = _of(answers)
    assert np.isnan(estimate.correlations[1]).all()
    assert np.isnan(estimate.correlations[:, 1]).all()
    assert estimate.thresholds[1].size == 0
    assert estimate.correlations[0, 2] == pytest.approx(0.0, abs=1e-12)


def test_a_pair_that_nobody_answered_both_has_no_correlation() -> None:
    answers = np.full((80, 3), np.nan)
    answers[:40, 0] = np.tile([1.0, 2.0], 20)
    answers[40:, 1] = np.tile([1.0, 2.0], 20)
    answers[:, 2] = np.tile([1.0, 1.0, 2.0, 2.0], 20)
    estimate = _of(answers)
    assert np.isnan(estimate.correlations[0, 1])
    assert np.isnan(estimate.std_errors[0, 1])
    assert np.isfinite(estimate.correlations[[0, 1], 2]).all()


@pytest.mark.parametrize("rho", [-0.97, -0.6, 0.0, 0.35, 0.8, 0.94, 0.99])
def test_recovers_the_correlation_of_a_population_table(rho: float) -> None:
    cuts = [np.array([-1.0, -0.2, 0.7]), np.array([-0.5, 1.1])]
    corners = bivariate_normal_cdf(
        np.pad(cuts[0], 1, constant_values=(-np.inf, np.inf))[None],
        np.pad(cuts[1], 1, constant_values=(-np.inf, np.inf))[None],
        np.array([rho]),
    )[0]
    # An almost empty cell is smaller than rounding; it is none.
    pair = np.maximum(np.diff(np.diff(corners, axis=0), axis=1), 0.0) * 1e6
    tables = np.block([[np.diag(pair.sum(axis=1)), pair], [pair.T, np.diag(pair.sum(axis=0))]])
    estimate = polychoric_correlations(tables, np.array([4, 3]), empty_cells="none")
    assert estimate.correlations[0, 1] == pytest.approx(rho, abs=1e-9)
    np.testing.assert_allclose(estimate.thresholds[0], cuts[0], atol=1e-9)


def test_standard_errors_hold_in_repeated_samples() -> None:
    rng = np.random.default_rng(3)
    cuts = special.ndtri([0.2, 0.45, 0.7, 0.9])
    estimates, errors = [], []
    for _ in range(300):
        general = rng.standard_normal((300, 1))
        latent = np.sqrt(0.5) * general + np.sqrt(0.5) * rng.standard_normal((300, 2))
        estimate = _of(np.searchsorted(cuts, latent).astype(np.float64))
        estimates.append(estimate.correlations[0, 1])
        errors.append(estimate.std_errors[0, 1])
    # The standard deviation of 300 estimates has itself a relative standard error of 4 %.
    assert np.mean(errors) == pytest.approx(np.std(estimates, ddof=1), rel=4 * 0.041)


def test_standard_errors_under_pairwise_deletion_use_the_other_answers() -> None:
    answers = _answers("holzinger_ordinal")[:, :2].copy()
    complete = _of(answers)
    fewer = answers.copy()
    fewer[:150, 1] = np.nan
    half, own = _of(fewer), _of(fewer[150:])
    assert complete.std_errors[0, 1] < half.std_errors[0, 1] < 1.02 * own.std_errors[0, 1]


def test_respondents_may_be_weighted_by_how_often_they_count() -> None:
    tables, sizes = _tables(_answers("holzinger_ordinal"))
    once, twice = polychoric_correlations(tables, sizes), polychoric_correlations(2 * tables, sizes)
    np.testing.assert_allclose(twice.correlations, once.correlations, rtol=0.0, atol=1e-12)
    off = ~np.eye(9, dtype=bool)
    np.testing.assert_allclose(
        twice.std_errors[off], once.std_errors[off] / np.sqrt(2.0), rtol=1e-9
    )


def test_turning_an_item_round_turns_the_sign() -> None:
    answers = _answers("holzinger_ordinal")
    turned = answers.copy()
    turned[:, 0] = 5.0 - turned[:, 0]
    plain, reverse = _of(answers), _of(turned)
    np.testing.assert_allclose(
        reverse.correlations[0, 1:], -plain.correlations[0, 1:], rtol=0.0, atol=1e-12
    )
    np.testing.assert_allclose(reverse.std_errors[0, 1:], plain.std_errors[0, 1:], rtol=1e-9)


def test_portions_of_pairs_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    tables, sizes = _tables(_answers("mixed_categories"))
    whole = polychoric_correlations(tables, sizes)
    monkeypatch.setattr(module, "_CELLS_AT_ONCE", 700)
    np.testing.assert_allclose(
        polychoric_correlations(tables, sizes).correlations,
        whole.correlations,
        rtol=0.0,
        atol=1e-14,
    )


def test_a_pair_on_which_newton_does_not_settle_is_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables, sizes = _tables(_answers("holzinger_ordinal"))
    whole = polychoric_correlations(tables, sizes)
    monkeypatch.setattr(module, "_MAX_ITERATIONS", 0)
    searched = polychoric_correlations(tables, sizes)
    assert not searched.converged[0, 1]
    # A search by values alone finds the top of a likelihood to half of its digits.
    np.testing.assert_allclose(searched.correlations, whole.correlations, rtol=0.0, atol=1e-6)


def test_tables_must_fit_the_numbers_of_categories() -> None:
    with pytest.raises(OptionError, match="`tables` has shape \\(4, 4\\), but 5 categories of 2"):
        polychoric_correlations(np.eye(4), np.array([2, 3]))


def test_the_policy_must_be_known() -> None:
    with pytest.raises(OptionError, match="two-by-two"):
        polychoric_correlations(np.eye(4), np.array([2, 2]), empty_cells="some")  # type: ignore[arg-type]
