"""What the library does, from the same input as the others."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import numpy as np

import servqual as sq
from servqual.numerics.sampling_adequacy import sampling_adequacy
from tests.benchmarks.data import (
    IMPORTANCE_PREDICTORS,
    N_FACTORS,
    N_IMPORTANCE_RESAMPLES,
    model,
    with_outcome,
)
from tests.benchmarks.task import Data, Task, below_diagonal, three_scores

_PACKAGES = ("servqual", "numpy", "scipy", "pandas", "factor_analyzer")
_N_DRAWS = 100
_N_RESAMPLES = 5000


def versions() -> dict[str, str]:
    """Versions by name of package, and Python's."""
    return {"Python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def polychoric(data: Data) -> Task:
    return Task(
        work=lambda: sq.correlations(sq.Counts.collect(data.frame), kind="polychoric"),
        values=lambda result: {"correlations": below_diagonal(result.matrix)},
    )


def polychoric_pair(data: Data) -> Task:
    pair = data.frame[["P1", "P2"]].to_numpy()
    return Task(
        work=lambda: sq.correlations(sq.Counts.collect(pair), kind="polychoric"),
        values=lambda result: {"correlations": below_diagonal(result.matrix)},
    )


def alpha(data: Data) -> Task:
    return Task(
        work=lambda: sq.scale_reliability(sq.Moments.collect(data.frame)),
        values=lambda result: {
            "alpha": result.scales["alpha"],
            "interval": result.scales[["alpha_low", "alpha_high"]],
            "item_rest": result.items["item_rest_r"],
            "alpha_if_deleted": result.items["alpha_if_deleted"],
        },
    )


def adequacy(data: Data) -> Task:
    # `sq.efa` reports these beside the factors; alone they are to be had from the function beneath.
    return Task(
        work=lambda: sampling_adequacy(
            sq.Moments.collect(data.frame).correlation(), len(data.frame)
        ),
        values=lambda result: {
            "kmo": [result.kmo],
            "kmo_items": result.kmo_items,
            "bartlett": [result.bartlett_chi2],
        },
    )


def parallel(data: Data) -> Task:
    return Task(
        work=lambda: sq.factor_count(sq.Moments.collect(data.frame), n_draws=_N_DRAWS),
        values=_parallel_values,
    )


def _parallel_values(result: sq.FactorCountResult) -> dict[str, Any]:
    found = result.methods.set_index("method")["n_factors"]
    table = result.eigenvalues
    return {
        "n_components": [found["parallel-components-95"]],
        "n_factors": [found["parallel-factors-95"]],
        "component_eigenvalues": table["observed"],
        "component_random": table["parallel_mean"],
        "factor_eigenvalues": table["factor_observed"],
        "factor_random": table["factor_parallel_mean"],
    }


def ml(data: Data) -> Task:
    return Task(
        work=lambda: sq.efa(
            sq.Moments.collect(data.frame), n_factors=N_FACTORS, extraction="ml", rotation="oblimin"
        ),
        values=_solution,
    )


def ml_matrix(data: Data) -> Task:
    return _factors_of_matrix(data, extraction="ml")


def minres_matrix(data: Data) -> Task:
    return _factors_of_matrix(data, extraction="minres")


def _factors_of_matrix(data: Data, **options: Any) -> Task:
    n_obs = len(data.frame)
    return Task(
        work=lambda: sq.efa(
            sq.Moments.from_covariance(data.correlations, n_obs),
            n_factors=N_FACTORS,
            rotation="oblimin",
            **options,
        ),
        values=_solution,
    )


def _solution(result: sq.EFAResult) -> dict[str, Any]:
    return {"loadings": result.loadings, "factor_correlations": result.factor_correlations}


def omega(data: Data) -> Task:
    return Task(
        work=lambda: sq.scale_reliability(
            sq.Moments.collect(data.frame), n_group_factors=N_FACTORS
        ),
        values=lambda result: {
            "omega_hierarchical": result.general["omega_hierarchical"],
            "omega_total": result.general["omega_total"],
        },
    )


def importance(data: Data) -> Task:
    survey = sq.Survey(
        with_outcome(data.frame), instrument="servperf", outcomes={"outcome": ["OUTCOME"]}
    )
    return Task(
        work=lambda: sq.relative_importance(
            survey,
            outcome="outcome",
            on="perception",
            predictors=list(IMPORTANCE_PREDICTORS),
            n_resamples=N_IMPORTANCE_RESAMPLES,
        ),
        values=lambda result: {
            "lmg": result.contributions["estimate"],
            "limits": result.contributions[["conf_low", "conf_high"]],
        },
    )


def cfa(data: Data) -> Task:
    return Task(work=lambda: sq.cfa(data.frame, model()), values=_fit)


def cfa_robust(data: Data) -> Task:
    return Task(work=lambda: sq.cfa(data.frame, model(), estimator="MLR"), values=_fit)


def cfa_ordinal(data: Data) -> Task:
    return Task(work=lambda: sq.cfa(data.frame, model(), estimator="WLSMV"), values=_fit)


def _fit(result: sq.StructuralResult) -> dict[str, Any]:
    table, row = result.tidy(), result.glance().iloc[0]
    loadings = table[table["op"] == "=~"]
    found = {
        "loadings": loadings["estimate"],
        "std_errors": loadings["std_error"].fillna(0.0),
        "chi2": [row["chi2"]],
        "cfi": [row["cfi"]],
    }
    if result.estimator != "ML":
        found["chi2_scaled"] = [row["chi2_scaled"]]
    return found


def ladder(data: Data) -> Task:
    frame = data.frame.assign(half=np.arange(len(data.frame)) % 2)
    return Task(
        work=lambda: sq.invariance(frame, model(), by="half"),
        values=lambda result: {
            "chi2": result.levels["chi2"],
            "delta_chi2": result.levels["delta_chi2"].dropna(),
        },
    )


def mediation(data: Data) -> Task:
    frame = data.frame.join(three_scores(data.frame))
    # The first dimension's score is X; the survey is made once, as the other side's table is.
    survey = sq.Survey(frame, instrument="servperf", outcomes={"mediator": "M", "outcome": "Y"})
    return Task(
        work=lambda: sq.mediation(
            survey,
            predictor="tangibles",
            mediator="mediator",
            outcome="outcome",
            on="perception",
            n_resamples=_N_RESAMPLES,
        ),
        values=_mediation_values,
    )


def _mediation_values(result: sq.MediationResult) -> dict[str, Any]:
    effects = result.effects.set_index("term")
    return {
        "paths": effects.loc[["a", "total", "direct"], "estimate"],
        "indirect": [effects.loc["indirect", "estimate"]],
        "limits": effects.loc["indirect", ["conf_low", "conf_high"]],
    }
