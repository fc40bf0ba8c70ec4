from __future__ import annotations

import numpy as np
import pytest

from servqual.errors import NotPositiveDefiniteError
from servqual.numerics.smoothing import smooth_correlation
from tests.reference import load_expected


def test_equals_psych() -> None:
    expected = load_expected("correlations")["smoothing"]
    matrix = np.array(expected["matrix"])
    smoothing = smooth_correlation(matrix)
    np.testing.assert_allclose(smoothing.matrix, expected["smoothed"], rtol=1e-10)
    assert smoothing.smoothed
    assert smoothing.smallest_eigenvalue == pytest.approx(np.linalg.eigvalsh(matrix)[0])
    assert smoothing.largest_change == pytest.approx(np.abs(smoothing.matrix - matrix).max())
    assert np.linalg.eigvalsh(smoothing.matrix)[0] > 0.0


def test_a_correlation_matrix_is_left_alone() -> None:
    matrix = np.array([[1.0, 0.5], [0.5, 1.0]])
    smoothing = smooth_correlation(matrix)
    np.testing.assert_array_equal(smoothing.matrix, matrix)
    assert (smoothing.smoothed, smoothing.largest_change) == (False, 0.0)


def test_a_singular_matrix_is_left_alone() -> None:
    smoothing = smooth_correlation(np.ones((3, 3)))
    assert not smoothing.smoothed
    assert smoothing.smallest_eigenvalue == pytest.approx(0.0, abs=1e-14)


def test_nan_has_no_eigenvalues() -> None:
    with pytest.raises(NotPositiveDefiniteError, match="not finite"):
        smooth_correlation(np.array([[1.0, np.nan], [np.nan, 1.0]]))
