"""Pearson's test of a two-way table of frequencies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from servqual.typing import FloatArray

__all__ = ["ChiSquareTest", "chi_square_test"]


@dataclass(frozen=True, slots=True)
class ChiSquareTest:
    """Pearson's χ² of a two-way table.

    Attributes
    ----------
    statistic : float
        Pearson's χ²; nan when the table has fewer than two rows or columns with anybody in them.
    df : float
        Degrees of freedom, of the rows and columns that are not empty.
    p_value : float
        By the χ² distribution.
    p_simulated : float
        By random tables of the same margins; nan without draws.
    cramers_v : float
        Strength of the association, 0 to 1.
    n : float
        Sum of the table.
    min_expected : float
        Smallest expected frequency.
    """

    statistic: float
    df: float
    p_value: float
    p_simulated: float
    cramers_v: float
    n: float
    min_expected: float


def chi_square_test(
    counts: FloatArray, *, n_draws: int = 0, generator: np.random.Generator | None = None
) -> ChiSquareTest:
    """Test whether the rows of a table have the same distribution over its columns.

    Parameters
    ----------
    counts : FloatArray, shape (n_rows, n_columns)
        Whole numbers of independent respondents. Empty rows and columns are left out.
    n_draws : int, default 0
        Random tables for the simulated p-value.
    generator : Generator, optional
        Where they come from; needed with draws.

    Returns
    -------
    ChiSquareTest

    Notes
    -----
    The simulated p-value is that of R's ``chisq.test(simulate.p.value = TRUE)``: one is added to
    the number of tables at least as far from independence, and to the number of tables.

    References
    ----------
    Agresti, A. (2013). *Categorical data analysis* (3rd ed.). Wiley.

    Patefield, W. M. (1981). Algorithm AS 159: An efficient method of generating random R × C tables
    with given row and column totals. *Applied Statistics*, 30(1), 91-97.
    https://doi.org/10.2307/2346669

    Examples
    --------
    >>> import numpy as np
    >>> test = chi_square_test(np.array([[10.0, 20.0], [20.0, 10.0]]))
    >>> round(test.statistic, 4), test.df, round(test.cramers_v, 4)
    (6.6667, 1.0, 0.3333)
    """
    table = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    n = float(table.sum())
    if min(table.shape) < 2:
        nan = float("nan")
        return ChiSquareTest(nan, nan, nan, nan, nan, n, nan)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    expected = np.outer(rows, columns) / n
    statistic = float(((table - expected) ** 2 / expected).sum())
    df = float((table.shape[0] - 1) * (table.shape[1] - 1))
    simulated = float("nan")
    if n_draws and generator is not None:
        simulated = _simulated_p(statistic, expected, rows, columns, n_draws, generator)
    return ChiSquareTest(
        statistic=statistic,
        df=df,
        p_value=float(chdtrc(df, statistic)),
        p_simulated=simulated,
        cramers_v=float(np.sqrt(statistic / n / (min(table.shape) - 1))),
        n=n,
        min_expected=float(expected.min()),
    )


def _simulated_p(
    statistic: float,
    expected: FloatArray,
    rows: FloatArray,
    columns: FloatArray,
    n_draws: int,
    generator: np.random.Generator,
) -> float:
    from scipy.stats import random_table

    tables = random_table.rvs(
        rows.astype(np.int64), columns.astype(np.int64), size=n_draws, random_state=generator
    )
    drawn = ((tables - expected) ** 2 / expected).sum(axis=(1, 2))
    # Tables that are as far from independence differ from it by rounding only.
    as_far = np.count_nonzero(drawn >= statistic * (1.0 - 1e-10))
    return (1.0 + as_far) / (1.0 + n_draws)
