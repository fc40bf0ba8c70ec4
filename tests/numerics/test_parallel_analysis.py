from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from servqual.errors import OptionError
from servqual.numerics.parallel_analysis import (
    ReferenceEigenvalues,
    apportion,
    parallel_analysis_normal,
    parallel_analysis_permutation,
    random_correlations,
    reduced_eigenvalues,
    squared_multiple_correlations,
)
from servqual.typing import CorrelationKind, FloatArray, IntArray
from tests.numerics.factor_data import correlation_of, read_columns, reference_correlation
from tests.reference import load_expected

EXPECTED: dict[str, Any] = load_expected("factor_count")


def _categories(data: FloatArray) -> tuple[list[IntArray], list[FloatArray]]:
    """Frequencies and values of each column's categories."""
    found = [np.unique(column, return_counts=True) for column in data.T]
    return [counts for _, counts in found], [values for values, _ in found]


def _assert_same_within_simulation_error(
    ours: ReferenceEigenvalues, theirs: dict[str, list[float]]
) -> None:
    """Both are simulations: five standard errors of their difference are allowed."""
    for statistic in ("mean", "percentile"):
        difference = getattr(ours, statistic) - np.array(theirs[statistic])
        error = np.hypot(getattr(ours, f"{statistic}_error"), theirs[f"{statistic}_error"])
        # Eigenvalues that are zero in every draw have no simulation error.
        assert np.all(np.abs(difference) <= 5.0 * error + 1e-12), statistic


@pytest.mark.parametrize("name", list(EXPECTED["normal"]))
def test_normal_draws_equal_simulated_data(name: str) -> None:
    case = EXPECTED["normal"][name]
    ours = parallel_analysis_normal(case["n"], case["p"], n_draws=4000, seed=8)
    _assert_same_within_simulation_error(ours.components, case["components"])
    if "factors" in case:
        _assert_same_within_simulation_error(ours.factors, case["factors"])


@pytest.mark.parametrize(
    ("kind", "data", "n_draws"),
    [
        ("pearson", "mixed_categories", 2000),
        ("spearman", "mixed_categories", 2000),
        ("polychoric", "holzinger_ordinal", 300),
    ],
)
def test_shuffled_answers_equal_shuffled_data(
    kind: CorrelationKind, data: str, n_draws: int
) -> None:
    case = EXPECTED["permutation"][kind]
    frequencies, values = _categories(read_columns(data))
    ours = parallel_analysis_permutation(frequencies, values, kind=kind, n_draws=n_draws, seed=8)
    _assert_same_within_simulation_error(ours.components, case["components"])
    _assert_same_within_simulation_error(ours.factors, case["factors"])


@pytest.mark.parametrize("n_obs", [10, 40])
def test_correlations_have_their_exact_moments(n_obs: int) -> None:
    # With n = 10 data are drawn, with n = 40 the decomposition is used.
    p, number = 12, 20_000
    matrices = random_correlations(n_obs, p, number, np.random.default_rng(4))
    off_diagonal = matrices[:, *np.triu_indices(p, k=1)]
    assert np.allclose(np.diagonal(matrices, axis1=1, axis2=2), 1.0, rtol=0.0, atol=1e-14)
    # Of independent normal variables r² is beta distributed with mean 1 / (n - 1).
    mean, square = off_diagonal.mean(axis=0), np.mean(off_diagonal**2, axis=0)
    error = np.std(off_diagonal**2, axis=0) / np.sqrt(number)
    assert np.all(np.abs(mean) < 5.0 / np.sqrt(number * (n_obs - 1)))
    assert np.all(np.abs(square - 1.0 / (n_obs - 1)) < 5.0 * error)


def test_fewer_respondents_than_items_leave_eigenvalues_of_zero() -> None:
    reference = parallel_analysis_normal(6, 9, n_draws=50, seed=0)
    np.testing.assert_allclose(reference.components.mean[5:], 0.0, atol=1e-14)
    assert reference.components.mean[4] > 0.05
    # Every item is then a sum of the others.
    np.testing.assert_allclose(reference.factors.mean, reference.components.mean, atol=1e-9)


@pytest.mark.parametrize("n_obs", [9, 10, 11])
def test_as_many_respondents_as_items(n_obs: int) -> None:
    reference = parallel_analysis_normal(n_obs, 9, n_draws=50, seed=0)
    assert reference.components.mean.sum() == pytest.approx(9.0)
    assert (reference.components.mean[-1] > 1e-6) == (n_obs > 9)


def test_a_single_item() -> None:
    reference = parallel_analysis_normal(50, 1, n_draws=20, seed=0)
    np.testing.assert_allclose(reference.components.percentile, 1.0, rtol=1e-14)
    np.testing.assert_allclose(reference.factors.mean, 0.0, atol=1e-14)


def test_the_seed_decides() -> None:
    first, again, other = (
        parallel_analysis_normal(80, 7, n_draws=150, seed=seed) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first.components.mean, again.components.mean)
    np.testing.assert_array_equal(first.factors.percentile, again.factors.percentile)
    assert np.all(first.components.mean != other.components.mean)


_IN_ANOTHER_PROCESS = """
import numpy as np
from servqual.numerics.parallel_analysis import *
normal = parallel_analysis_normal(500, 22, n_draws=40, seed=5)
answers = [np.array([900, 3000, 5000, 1100])] * 22
points = [np.arange(1.0, 5.0)] * 22
shuffled = parallel_analysis_permutation(answers, points, n_draws=20, seed=5)
for found in (normal, shuffled):
    for reference in (found.components, found.factors):
        print(reference.mean.tobytes().hex(), reference.percentile.tobytes().hex())
"""


def test_the_number_of_threads_does_not_matter() -> None:
    printed = set()
    for threads in ("1", "4"):
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        printed.add(
            subprocess.run(
                [sys.executable, "-c", _IN_ANOTHER_PROCESS],
                env=os.environ | limits,
                cwd=Path(__file__).parents[2],
                check=True,
                capture_output=True,
            ).stdout
        )
    assert len(printed) == 1
    assert printed != {b""}


def test_shuffling_ignores_names_of_categories_where_only_order_counts() -> None:
    answers = [np.array([5, 20, 15]), np.array([10, 30]), np.array([8, 8, 8, 16])]
    plain = [np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0, 4.0])]
    stretched = [points**3 for points in plain]
    same = [
        parallel_analysis_permutation(answers, points, kind="spearman", n_draws=30, seed=1)
        for points in (plain, stretched)
    ]
    np.testing.assert_array_equal(same[0].components.mean, same[1].components.mean)
    pearson = [
        parallel_analysis_permutation(answers, points, n_draws=30, seed=1)
        for points in (plain, stretched)
    ]
    assert np.all(pearson[0].components.mean != pearson[1].components.mean)


def test_an_origin_far_away_costs_no_digits() -> None:
    answers = [np.array([5, 20, 15]), np.array([10, 10, 20]), np.array([8, 16, 16])]
    near, far = (
        parallel_analysis_permutation(
            answers, [np.arange(3.0) + origin] * 3, n_draws=30, seed=1
        ).components.mean
        for origin in (0.0, 1e9)
    )
    np.testing.assert_array_equal(near, far)


def test_categories_that_nobody_chose_change_nothing() -> None:
    without = [np.array([5, 20, 15]), np.array([10, 30]), np.array([8, 16, 16])]
    with_empty = [np.array([5, 0, 20, 15]), np.array([10, 30, 0]), np.array([0, 8, 16, 16])]
    found = [
        parallel_analysis_permutation(
            answers,
            [np.arange(float(own.size)) for own in answers],
            kind="polychoric",
            n_draws=20,
            seed=1,
        ).components.mean
        for answers in (without, with_empty)
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


@pytest.mark.parametrize("name", list(EXPECTED["data"]))
def test_reduced_eigenvalues_equal_r(name: str) -> None:
    np.testing.assert_allclose(
        reduced_eigenvalues(reference_correlation(name)),
        EXPECTED["data"][name]["reduced_eigenvalues"],
        rtol=0.0,
        atol=1e-12,
    )


def test_items_that_are_sums_of_others_are_explained_in_full() -> None:
    generator = np.random.default_rng(2)
    data = generator.normal(size=(100, 4))
    repeated = correlation_of(np.column_stack([data, data[:, 0]]))
    found = squared_multiple_correlations(repeated)
    np.testing.assert_allclose(found[[0, 4]], 1.0, atol=1e-9)
    # To the others the second copy is nothing new.
    alone = squared_multiple_correlations(correlation_of(data))
    np.testing.assert_allclose(found[1:4], alone[1:], rtol=1e-9)


def test_nearly_singular_matrices_have_no_seam() -> None:
    # The inverse is used on one side of an eigenvalue of 1e-6, eigenvectors on the other.
    for rest in (0.9e-6, 1.1e-6):
        matrix = np.array([[1.0, 1.0 - rest, 0.3], [1.0 - rest, 1.0, 0.3], [0.3, 0.3, 1.0]])
        smallest = float(np.linalg.eigvalsh(matrix)[0])
        assert smallest == pytest.approx(rest, rel=1e-3)
        exact = 0.09 * 2.0 / (2.0 - rest)
        assert squared_multiple_correlations(matrix)[2] == pytest.approx(exact, rel=1e-9)


def test_apportion_keeps_what_is_whole() -> None:
    np.testing.assert_array_equal(apportion(np.array([3.0, 0.0, 7.0]), 10), [3, 0, 7])
    assert apportion(np.array([3.0, 0.0, 7.0]), 10).dtype == np.int64


@pytest.mark.parametrize("total", [3, 10, 97, 1000])
def test_apportion_sums_to_the_total(total: int) -> None:
    weights = np.random.default_rng(total).random(7)
    found = apportion(weights, total)
    assert found.sum() == total
    assert np.all(np.abs(found - weights * total / weights.sum()) < 1.0)


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    parallel_analysis_normal(
        50, 5, n_draws=250, seed=0, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(100, 250), (200, 250), (250, 250)]


@pytest.mark.parametrize(("n_draws", "percentile"), [(19, 0.95), (100, 95.0), (100, 0.0)])
def test_too_few_draws_or_no_percentile(n_draws: int, percentile: float) -> None:
    with pytest.raises(OptionError, match=rf"{n_draws} draws and the percentile {percentile}"):
        parallel_analysis_normal(50, 5, n_draws=n_draws, seed=0, percentile=percentile)


def test_an_item_that_does_not_vary_cannot_be_shuffled() -> None:
    answers, points = [np.array([5, 5]), np.array([10, 0])], [np.arange(2.0)] * 2
    with pytest.raises(OptionError, match=r"positions \[1\] of `frequencies`"):
        parallel_analysis_permutation(answers, points, n_draws=20, seed=0)


def test_items_need_the_same_number_of_answers() -> None:
    answers, points = [np.array([5, 5]), np.array([5, 6])], [np.arange(2.0)] * 2
    with pytest.raises(OptionError, match=r"sum to \[10, 11\].*`apportion`"):
        parallel_analysis_permutation(answers, points, n_draws=20, seed=0)


def test_values_are_needed_for_all_items() -> None:
    with pytest.raises(OptionError, match="frequencies of 2 items, but values of 1"):
        parallel_analysis_permutation([np.array([5, 5])] * 2, [np.arange(2.0)], n_draws=20, seed=0)
