from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from scipy import stats

from servqual.numerics.contingency import chi_square_test

TABLE = np.array([[10.0, 0.0, 5.0, 3.0], [4.0, 0.0, 9.0, 8.0], [0.0, 0.0, 0.0, 0.0]])


def test_empty_rows_and_columns_do_not_count() -> None:
    test = chi_square_test(TABLE)
    peer = stats.chi2_contingency(TABLE[:2, [0, 2, 3]], correction=False)
    assert_allclose(test.statistic, peer.statistic, rtol=1e-13)
    assert_allclose(test.p_value, peer.pvalue, rtol=1e-12)
    assert (test.df, test.n) == (2.0, 39.0)
    assert_allclose(test.min_expected, peer.expected_freq.min(), rtol=1e-14)
    assert np.isnan(test.p_simulated)


def test_simulated_p_is_near_the_exact_one() -> None:
    table = np.array([[3.0, 1.0], [1.0, 4.0]])
    test = chi_square_test(table, n_draws=20_000, generator=np.random.default_rng(4))
    exact = stats.fisher_exact(table).pvalue
    assert abs(test.p_simulated - exact) < 0.015


def test_nothing_to_compare() -> None:
    for table in (np.array([[3.0, 4.0]]), np.array([[3.0], [4.0]]), np.zeros((2, 6))):
        test = chi_square_test(table, n_draws=10, generator=np.random.default_rng(1))
        assert np.isnan(test.statistic)
        assert np.isnan(test.p_simulated)
