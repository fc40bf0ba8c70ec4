"""The data of the benchmarks: simulated once, written to files that every side reads."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FACTOR_SIZES: Final = (4, 5, 4, 4, 5)
N_FACTORS: Final = len(FACTOR_SIZES)
N_ITEMS: Final = sum(FACTOR_SIZES)
SEED: Final = 1988

#: Name of each data set, and its number of respondents.
SIZES: Final[dict[str, int]] = {"small": 500, "large": 100_000}

_FACTOR_CORRELATION = 0.4
_LOADINGS = (0.60, 0.85)
_THRESHOLDS = (-1.8, -1.2, -0.6, 0.0, 0.6, 1.2)
_SHIFT = 0.3  # thresholds of the items differ by up to this much in both directions

#: One item of each factor, which explain an outcome that is made of them.
IMPORTANCE_PREDICTORS: Final = ("P1", "P5", "P10", "P14", "P18")
N_IMPORTANCE_RESAMPLES: Final = 2000


def model() -> str:
    """The true model in lavaan's syntax."""
    lines, first = [], 1
    for number, size in enumerate(FACTOR_SIZES, start=1):
        items = " + ".join(f"P{item}" for item in range(first, first + size))
        lines.append(f"F{number} =~ {items}")
        first += size
    return "\n".join(lines)


def simulate(n_obs: int, seed: int = SEED) -> NDArray[np.int64]:
    """Answers on seven points to 22 items beneath which lie five correlated factors.

    Parameters
    ----------
    n_obs : int
        Respondents.
    seed : int
        Of a generator of its own.

    Returns
    -------
    ndarray, shape (n_obs, 22)
        Whole numbers from 1 to 7.
    """
    generator = np.random.default_rng(seed)
    correlations = np.full((N_FACTORS, N_FACTORS), _FACTOR_CORRELATION)
    np.fill_diagonal(correlations, 1.0)
    factors = generator.standard_normal((n_obs, N_FACTORS)) @ np.linalg.cholesky(correlations).T
    # The order of 0, 7, 14, 21, 6 … spreads strong and weak items over all factors.
    loadings = np.linspace(*_LOADINGS, N_ITEMS)[np.arange(N_ITEMS) * 7 % N_ITEMS]
    factor_of_item = np.repeat(np.arange(N_FACTORS), FACTOR_SIZES)
    unique = generator.standard_normal((n_obs, N_ITEMS)) * np.sqrt(1 - loadings**2)
    latent = factors[:, factor_of_item] * loadings + unique
    shifts = np.linspace(-_SHIFT, _SHIFT, N_ITEMS)
    answers = np.ones((n_obs, N_ITEMS), dtype=np.int64)
    for threshold in _THRESHOLDS:
        answers += latent > threshold + shifts
    return answers


def with_outcome(answers: pd.DataFrame) -> pd.DataFrame:
    """Answers, and a column OUTCOME that their items of `IMPORTANCE_PREDICTORS` explain in part.

    Parameters
    ----------
    answers : DataFrame, shape (n_obs, 22)
        As `simulate` makes them.

    Returns
    -------
    DataFrame
        A copy; the outcome is a whole number, so that every side reads the same.
    """
    chosen = answers[list(IMPORTANCE_PREDICTORS)].to_numpy(dtype=np.float64)
    noise = np.random.default_rng(SEED).standard_normal(len(answers))
    return answers.assign(OUTCOME=np.rint(chosen @ [0.5, 0.4, 0.3, 0.2, 0.1] + 1.5 * noise))


def write_data(folder: Path) -> None:
    """Write the answers and their correlations as CSV, for Python and R alike.

    Parameters
    ----------
    folder : Path
        Receives ``NAME.csv`` and ``NAME_correlations.csv`` for each name in `SIZES`.
    """
    names = ",".join(f"P{number}" for number in range(1, N_ITEMS + 1))
    for name, n_obs in SIZES.items():
        answers = simulate(n_obs)
        correlations = np.corrcoef(answers, rowvar=False)
        for path, table, style in (
            (folder / f"{name}.csv", answers, "%d"),
            (folder / f"{name}_correlations.csv", correlations, "%.17g"),
        ):
            np.savetxt(path, table, fmt=style, delimiter=",", header=names, comments="")
