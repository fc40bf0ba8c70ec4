"""What Python's other packages do; runs in their own environment (``peers.txt``)."""

from __future__ import annotations

import platform
from importlib.metadata import version
from math import comb
from typing import Any

import factor_analyzer
import numpy as np
import ordinalcorr  # type: ignore[import-not-found, unused-ignore]
import pingouin  # type: ignore[import-not-found, unused-ignore]

from tests.benchmarks.data import (
    IMPORTANCE_PREDICTORS,
    N_FACTORS,
    N_IMPORTANCE_RESAMPLES,
    N_ITEMS,
    model,
    with_outcome,
)
from tests.benchmarks.task import Data, Task, below_diagonal, three_scores

_PACKAGES = (
    "factor_analyzer",
    "scikit-learn",
    "pingouin",
    "ordinalcorr",
    "semopy",
    "statsmodels",
    "numpy",
    "scipy",
    "pandas",
)


def versions() -> dict[str, str]:
    """Versions by name of package, and Python's."""
    return {"Python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def ordinalcorr_polychoric(data: Data) -> Task:
    return Task(
        work=lambda: ordinalcorr.hetcor(data.frame),
        values=lambda matrix: {"correlations": below_diagonal(matrix)},
    )


def ordinalcorr_pair(data: Data) -> Task:
    first, second = data.frame["P1"].to_numpy(), data.frame["P2"].to_numpy()
    return Task(
        work=lambda: ordinalcorr.polychoric(first, second),
        values=lambda correlation: {"correlations": [correlation]},
    )


def pingouin_alpha(data: Data) -> Task:
    return Task(
        work=lambda: pingouin.cronbach_alpha(data.frame),
        values=lambda result: {"alpha": [result[0]], "interval": result[1]},
    )


def factor_analyzer_adequacy(data: Data) -> Task:
    return Task(
        work=lambda: (
            factor_analyzer.calculate_kmo(data.frame),
            factor_analyzer.calculate_bartlett_sphericity(data.frame),
        ),
        values=lambda result: {
            "kmo": [result[0][1]],
            "kmo_items": result[0][0],
            "bartlett": [result[1][0]],
        },
    )


def factor_analyzer_ml(data: Data) -> Task:
    return _factors(data.frame, method="ml")


def factor_analyzer_ml_matrix(data: Data) -> Task:
    return _factors(data.correlations, method="ml", is_corr_matrix=True)


def factor_analyzer_minres_matrix(data: Data) -> Task:
    return _factors(data.correlations, method="minres", is_corr_matrix=True)


def _factors(data: Any, **options: Any) -> Task:
    # Without Kaiser's normalization, which psych and servqual do not use for oblimin either.
    rotation = {"normalize": False}
    return Task(
        work=lambda: factor_analyzer.FactorAnalyzer(
            n_factors=N_FACTORS, rotation="oblimin", rotation_kwargs=rotation, **options
        ).fit(data),
        values=lambda fitted: {
            "loadings": fitted.loadings_,
            "factor_correlations": fitted.phi_,
        },
    )


def statsmodels_importance(data: Data) -> Task:
    """Work as a plain loop: respondents drawn, 31 regressions, shares; then the next resample."""
    from statsmodels.api import OLS  # type: ignore[import-untyped, unused-ignore]

    frame = with_outcome(data.frame)
    predictors = frame[list(IMPORTANCE_PREDICTORS)].to_numpy(dtype=np.float64)
    design = np.column_stack([np.ones(len(frame)), predictors])
    outcome = frame["OUTCOME"].to_numpy(dtype=np.float64)
    p = predictors.shape[1]

    def lmg(x: Any, y: Any) -> Any:
        r_squared = [0.0]
        for subset in range(1, 2**p):
            columns = [0, *(place + 1 for place in range(p) if subset >> place & 1)]
            r_squared.append(OLS(y, x[:, columns]).fit().rsquared)
        shares = np.zeros(p)
        for subset in range(2**p):
            weight = 1.0 / (p * comb(p - 1, subset.bit_count())) if subset + 1 < 2**p else 0.0
            for place in range(p):
                if not subset >> place & 1:
                    shares[place] += weight * (r_squared[subset | 1 << place] - r_squared[subset])
        return shares

    def work() -> Any:
        generator = np.random.default_rng(1)
        draws = []
        for _ in range(N_IMPORTANCE_RESAMPLES):
            drawn = generator.integers(0, len(outcome), size=len(outcome))
            draws.append(lmg(design[drawn], outcome[drawn]))
        return lmg(design, outcome), np.quantile(draws, [0.025, 0.975], axis=0)

    return Task(work=work, values=lambda result: {"lmg": result[0], "limits": result[1].T})


def semopy_cfa(data: Data) -> Task:
    import semopy  # type: ignore[import-not-found, unused-ignore]

    def work() -> Any:
        fitted = semopy.Model(model())
        fitted.fit(data.frame)
        return fitted

    def values(fitted: Any) -> dict[str, Any]:
        table = fitted.inspect()
        loadings = table[(table["op"] == "~") & table["lval"].str.startswith("P")]
        order = [f"P{number}" for number in range(1, N_ITEMS + 1)]
        return {"loadings": loadings.set_index("lval").loc[order, "Estimate"]}

    return Task(work=work, values=values)


def pingouin_mediation(data: Data) -> Task:
    return _mediation(data, n_resamples=5000)


def pingouin_mediation_part(data: Data) -> Task:
    # All 5,000 would take minutes, and 4 GB for the places drawn.
    return _mediation(data, n_resamples=250)


def _mediation(data: Data, *, n_resamples: int) -> Task:
    frame = three_scores(data.frame)

    def values(table: Any) -> dict[str, Any]:
        rows = table.set_index("path")
        return {
            "paths": rows.loc[["M ~ X", "Total", "Direct"], "coef"],
            "indirect": [rows.loc["Indirect", "coef"]],
            "limits": rows.loc["Indirect", ["CI2.5", "CI97.5"]],
        }

    return Task(
        work=lambda: pingouin.mediation_analysis(
            frame, x="X", m="M", y="Y", n_boot=n_resamples, seed=1
        ),
        values=values,
    )
