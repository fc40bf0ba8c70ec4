"""Cross-validation from cross-products of folds: the same folds, the same errors as from rows."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.errors import EstimationError
from servqual.numerics.cross_validation import cross_validated_fit, cross_validated_r_squared
from servqual.typing import FloatArray


def simulated(n_rows: int = 45) -> tuple[FloatArray, FloatArray]:
    generator = np.random.default_rng(12)
    design = generator.normal(5.0, 1.0, (n_rows, 3))
    return design, design @ [0.5, 0.2, 0.0] + generator.normal(size=n_rows)


def test_one_predictor_is_what_the_lines_give() -> None:
    design, outcome = simulated()
    errors = cross_validated_fit(design[:, :1], outcome, n_folds=5, n_repeats=4, seed=3)
    shares = 1.0 - errors.squared.sum(axis=1) / errors.about_mean.sum(axis=1)
    lines = cross_validated_r_squared(design[:, :1], outcome, n_folds=5, n_repeats=4, seed=3)
    assert_allclose(shares, lines[:, 0], rtol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_folds_are_fitted_as_from_rows(weighted: bool) -> None:
    design, outcome = simulated()
    weights = np.random.default_rng(1).uniform(0.5, 2.0, 45) if weighted else np.ones(45)
    errors = cross_validated_fit(
        design, outcome, n_folds=6, n_repeats=1, seed=2, weights=weights if weighted else None
    )
    member = np.random.default_rng(2).permutation(np.arange(45) % 6)
    x = np.column_stack([np.ones(45), design])
    for fold in range(6):
        out, root = member == fold, np.sqrt(weights[member != fold])
        slopes = np.linalg.lstsq(root[:, None] * x[~out], root * outcome[~out], rcond=None)[0]
        mean = np.average(outcome[~out], weights=weights[~out])
        assert_allclose(errors.size[0, fold], weights[out].sum())
        assert_allclose(
            errors.squared[0, fold], weights[out] @ (outcome[out] - x[out] @ slopes) ** 2
        )
        assert_allclose(errors.about_mean[0, fold], weights[out] @ (outcome[out] - mean) ** 2)


def test_units_and_levels_do_not_matter() -> None:
    design, outcome = simulated()
    plain = cross_validated_fit(design, outcome, n_folds=5, n_repeats=2, seed=1)
    moved = cross_validated_fit(
        design * [1e6, 1e-6, 1.0] + 100.0, 10.0 * outcome - 1e4, n_folds=5, n_repeats=2, seed=1
    )
    assert_allclose(moved.squared, 100.0 * plain.squared, rtol=1e-6)


def test_a_column_that_varies_in_one_fold_only_leaves_that_fold_undefined() -> None:
    design, outcome = simulated()
    alone = np.column_stack([design[:, 0], np.arange(45) == 7])
    errors = cross_validated_fit(alone, outcome, n_folds=5, n_repeats=3, seed=1)
    assert (np.isnan(errors.squared).sum(axis=1) == 1).all()
    assert np.isfinite(errors.about_mean).all()


def test_too_few_rows_are_counted() -> None:
    design, outcome = simulated(6)
    with pytest.raises(EstimationError, match="6 respondents cannot be divided into 2 folds"):
        cross_validated_fit(design, outcome, n_folds=2, n_repeats=1, seed=1)
