from __future__ import annotations

import numpy as np
import pytest

from servqual.errors import OptionError
from servqual.numerics.rank_correlation import spearman_correlations
from tests.numerics.test_polychoric import _answers, _tables, _upper
from tests.reference import load_expected


@pytest.mark.parametrize(
    ("key", "name", "items"),
    [
        ("mixed_categories", "mixed_categories", [f"P{item}" for item in range(1, 23)]),
        ("pairwise", "survey", [f"P{item}" for item in range(1, 10)]),
    ],
)
def test_equals_r(key: str, name: str, items: list[str]) -> None:
    found = spearman_correlations(*_tables(_answers(name, items)))
    expected = load_expected("correlations")["spearman"][key]
    np.testing.assert_allclose(_upper(found), expected, rtol=1e-12)
    np.testing.assert_array_equal(np.diag(found), 1.0)


def test_an_item_without_variance_has_no_rank_correlation() -> None:
    answers = np.column_stack([np.tile([1.0, 2.0], 4), np.full(8, 3.0)])
    found = spearman_correlations(*_tables(answers))
    assert found[0, 0] == 1.0
    assert np.isnan(found[[0, 1, 1], [1, 0, 1]]).all()


def test_tables_must_fit_the_numbers_of_categories() -> None:
    with pytest.raises(OptionError, match="`tables` has shape \\(4, 4\\)"):
        spearman_correlations(np.eye(4), np.array([2, 3]))
