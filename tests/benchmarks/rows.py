"""What is compared with what, how close the results must be, and what the goals are.

A new row needs a function in ``ours.py``, one in ``peers.py`` or ``peers.R`` for each peer, and an
entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.benchmarks.workers import Side


@dataclass(frozen=True)
class Peer:
    """Another package's way to do the work of a row.

    Attributes
    ----------
    side : {"python", "r"}
        Where it runs.
    task : str
        Its function in ``peers.py`` or ``peers.R``.
    name : str
        What is called, as readers know it.
    tolerances : dict
        Largest absolute difference allowed, by name of the numbers compared.
    goal : float, optional
        How many times faster the library shall be.
    share : float
        Part of the work that the peer does, where all of it would take too long; its times are
        divided by it. The name says so.
    """

    side: Side
    task: str
    name: str
    tolerances: dict[str, float]
    goal: float | None = None
    share: float = 1.0


@dataclass(frozen=True)
class Row:
    """One piece of work on one data set.

    Attributes
    ----------
    title : str
        What is done.
    task : str
        The function in ``ours.py``.
    data : str
        Name of the data set.
    peers : tuple of Peer
        Who does the same.
    """

    title: str
    task: str
    data: str
    peers: tuple[Peer, ...]


#: lavaan and psych stop a correlation's optimisation early, each by its own rule.
_LAVAAN_POLYCHORIC: Final = {"correlations": 1e-4}
_PSYCH_POLYCHORIC: Final = {"correlations": 2e-4}

_LAVCOR = Peer("r", "lavaan_polychoric", "lavaan::lavCor", _LAVAAN_POLYCHORIC, goal=20)
_POLYCHORIC = Peer("r", "psych_polychoric", "psych::polychoric", _PSYCH_POLYCHORIC, goal=100)

_ONE_CORE = Peer("r", "psych_polychoric_one_core", "psych::polychoric, one core", _PSYCH_POLYCHORIC)

# pingouin rounds its limits to three decimals.
_PINGOUIN_ALPHA = Peer(
    "python", "pingouin_alpha", "pingouin.cronbach_alpha", {"alpha": 1e-10, "interval": 5.1e-4}
)
_PSYCH_ALPHA = Peer(
    "r",
    "psych_alpha",
    "psych::alpha",
    {"alpha": 1e-10, "interval": 1e-8, "item_rest": 1e-10, "alpha_if_deleted": 1e-10},
)
# Limits differ at n = 100,000: R's `qf` takes so many denominator degrees of freedom as infinite.
_PSYCH_ALPHA_LARGE = Peer(
    "r", "psych_alpha", "psych::alpha", {**_PSYCH_ALPHA.tolerances, "interval": 1e-4}
)
_ADEQUACY: Final = {"kmo": 1e-10, "kmo_items": 1e-10, "bartlett": 1e-6}

#: The criteria at which the programs stop leave the third to fifth decimal open.
_SOLUTION: Final = {"loadings": 5e-4, "factor_correlations": 5e-4}

#: factor_analyzer 0.5.1 sorts the loadings by variance, but not the factor correlations with them.
_LOADINGS: Final = {"loadings": _SOLUTION["loadings"]}

#: Means of 100 random eigenvalues differ from run to run.
_SIMULATION_ERROR: Final = 0.05
_PARALLEL: Final = {
    "n_factors": 0,
    "n_components": 0,
    "component_eigenvalues": 1e-8,
    "component_random": _SIMULATION_ERROR,
}

#: Both draw their respondents at random: five times the simulation error of a limit.
_IMPORTANCE: Final = {"lmg": 1e-10, "limits": 0.01}

#: lavaan stops its search at a relative change of 1e-10; sums of squares grow with the respondents.
_CFA: Final = {"loadings": 1e-4, "std_errors": 1e-4, "chi2": 1e-3, "cfi": 1e-5}
_ROBUST_CFA: Final = {**_CFA, "chi2_scaled": 1e-2}

#: pingouin corrects its limits for bias, and both draw at random. In units of the indirect effect's
#: standard error, .03 and .002, the tolerances are a third and one (of 250 resamples).
_MEDIATION: Final = {"paths": 1e-8, "indirect": 1e-8, "limits": 0.01}

ROWS: Final[tuple[Row, ...]] = (
    Row(
        "Polychoric correlations from raw data",
        "polychoric",
        "small",
        (
            _LAVCOR,
            _POLYCHORIC,
            _ONE_CORE,
            Peer("python", "ordinalcorr_polychoric", "ordinalcorr.hetcor", {"correlations": 1e-3}),
        ),
    ),
    Row(
        "Polychoric correlations from raw data",
        "polychoric",
        "large",
        (_LAVCOR, _POLYCHORIC, _ONE_CORE),
    ),
    Row(
        "One polychoric correlation",
        "polychoric_pair",
        "small",
        (Peer("python", "ordinalcorr_pair", "ordinalcorr.polychoric", {"correlations": 1e-3}),),
    ),
    Row("Alpha and item statistics", "alpha", "small", (_PINGOUIN_ALPHA, _PSYCH_ALPHA)),
    Row("Alpha and item statistics", "alpha", "large", (_PINGOUIN_ALPHA, _PSYCH_ALPHA_LARGE)),
    Row(
        "KMO and Bartlett's test",
        "adequacy",
        "small",
        (
            Peer(
                "python",
                "factor_analyzer_adequacy",
                "factor_analyzer.calculate_kmo, calculate_bartlett_sphericity",
                _ADEQUACY,
            ),
            Peer("r", "psych_adequacy", "psych::KMO, cortest.bartlett", _ADEQUACY),
        ),
    ),
    Row(
        "Parallel analysis, 100 draws",
        "parallel",
        "small",
        (
            Peer("r", "psych_parallel", "psych::fa.parallel", _PARALLEL, goal=50),
            Peer(
                "r",
                "psych_parallel_smc",
                "psych::fa.parallel(SMC = TRUE)",
                {**_PARALLEL, "factor_eigenvalues": 1e-8, "factor_random": _SIMULATION_ERROR},
            ),
        ),
    ),
    Row(
        "EFA (ML, oblimin) from raw data",
        "ml",
        "small",
        (
            Peer("r", "psych_ml", "psych::fa", _SOLUTION, goal=2),
            Peer("python", "factor_analyzer_ml", "factor_analyzer.FactorAnalyzer", _LOADINGS),
        ),
    ),
    Row(
        "EFA (ML, oblimin) from a correlation matrix",
        "ml_matrix",
        "small",
        (
            Peer("r", "psych_ml_matrix", "psych::fa", _SOLUTION, goal=2),
            Peer(
                "python", "factor_analyzer_ml_matrix", "factor_analyzer.FactorAnalyzer", _LOADINGS
            ),
        ),
    ),
    Row(
        "EFA (minres, oblimin) from a correlation matrix",
        "minres_matrix",
        "small",
        (
            Peer("r", "psych_minres_matrix", "psych::fa", _SOLUTION),
            Peer(
                "python",
                "factor_analyzer_minres_matrix",
                "factor_analyzer.FactorAnalyzer",
                _LOADINGS,
            ),
        ),
    ),
    Row(
        "Hierarchical omega (five groups)",
        "omega",
        "small",
        (
            Peer(
                "r",
                "psych_omega",
                "psych::omega",
                {"omega_hierarchical": 1e-3, "omega_total": 1e-3},
            ),
        ),
    ),
    Row(
        "LMG of five predictors, 2,000 resamples",
        "importance",
        "small",
        (
            Peer(
                "python",
                "statsmodels_importance",
                "loop over statsmodels.OLS",
                _IMPORTANCE,
                goal=50,
            ),
        ),
    ),
    Row(
        "CFA by ML, five factors",
        "cfa",
        "small",
        (
            Peer("r", "lavaan_cfa", "lavaan::cfa", _CFA, goal=10),
            # semopy's optimiser stops early: its loadings are 1.3e-3 from those on which lavaan and
            # servqual agree to 1e-6.
            Peer("python", "semopy_cfa", "semopy.Model", {"loadings": 5e-3}),
        ),
    ),
    Row(
        "CFA by MLR with all fit measures",
        "cfa_robust",
        "small",
        (Peer("r", "lavaan_robust", "lavaan::cfa, fitMeasures", _ROBUST_CFA, goal=10),),
    ),
    Row(
        "CFA by MLR with all fit measures",
        "cfa_robust",
        "large",
        (Peer("r", "lavaan_robust", "lavaan::cfa, fitMeasures", _ROBUST_CFA, goal=50),),
    ),
    Row(
        "CFA by WLSMV",
        "cfa_ordinal",
        "small",
        (Peer("r", "lavaan_ordinal", "lavaan::cfa", _ROBUST_CFA, goal=10),),
    ),
    Row(
        "CFA by WLSMV",
        "cfa_ordinal",
        "large",
        (Peer("r", "lavaan_ordinal", "lavaan::cfa", _ROBUST_CFA, goal=50),),
    ),
    Row(
        "Invariance of two groups, four levels",
        "ladder",
        "small",
        (
            Peer(
                "r",
                "lavaan_ladder",
                "lavaan::cfa (four), lavTestLRT",
                {"chi2": 1e-3, "delta_chi2": 1e-3},
                goal=10,
            ),
        ),
    ),
    Row(
        "Mediation, 5,000 resamples",
        "mediation",
        "small",
        (Peer("python", "pingouin_mediation", "pingouin.mediation_analysis", _MEDIATION, goal=20),),
    ),
    Row(
        "Mediation, 5,000 resamples",
        "mediation",
        "large",
        (
            Peer(
                "python",
                "pingouin_mediation_part",
                "pingouin.mediation_analysis, 250 resamples, times 20",
                {**_MEDIATION, "limits": 0.002},
                goal=100,
                share=0.05,
            ),
        ),
    ),
)
