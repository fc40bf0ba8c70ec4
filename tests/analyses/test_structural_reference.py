"""Models against lavaan 0.6-14 (structural_models, ordinal_models, structural_nasty)."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from servqual.analyses.model_comparison import compare_models
from servqual.analyses.structural import StructuralResult, sem
from servqual.errors import ServqualWarning
from tests.reference import load_expected

DATA = Path(__file__).parents[1] / "reference" / "data"
REFERENCE: dict[str, Any] = load_expected("structural_models")
ORDINAL: dict[str, Any] = load_expected("ordinal_models")
FITS: dict[str, dict[str, Any]] = {
    record["name"]: record
    for record in (*REFERENCE["fits"], *ORDINAL["fits"], *load_expected("structural_nasty")["fits"])
}

#: lavaan stops its search when the discrepancy changes by less than 1e-10.
ESTIMATES = 2e-5
STD_ERRORS = 2e-4
INDICES = 1e-5

LIMITS = ("rmsea.ci.lower.scaled", "rmsea.ci.upper.scaled")

#: lavaan's standard errors of ULS are not those of the published formula; see the R script.
ULS = "three factors, ULS"

MEASURES = {
    "npar": "n_parameters",
    "chisq": "chi2",
    "df": "df",
    "pvalue": "p_value",
    "baseline.chisq": "chi2_null",
    "baseline.df": "df_null",
    "cfi": "cfi",
    "tli": "tli",
    "rmsea": "rmsea",
    "rmsea.ci.lower": "rmsea_low",
    "rmsea.ci.upper": "rmsea_high",
    "rmsea.pvalue": "rmsea_p",
    "srmr": "srmr",
    "logl": "loglik",
    "unrestricted.logl": "loglik_saturated",
    "aic": "aic",
    "bic": "bic",
    "bic2": "sabic",
    "chisq.scaled": "chi2_scaled",
    "df.scaled": "df_scaled",
    "pvalue.scaled": "p_value_scaled",
    "chisq.scaling.factor": "scaling_factor",
    "baseline.chisq.scaling.factor": "scaling_factor_null",
    "cfi.robust": "cfi_robust",
    "tli.robust": "tli_robust",
    "rmsea.robust": "rmsea_robust",
    "rmsea.ci.lower.robust": "rmsea_robust_low",
    "rmsea.ci.upper.robust": "rmsea_robust_high",
    "cfi.scaled": "cfi_scaled",
    "tli.scaled": "tli_scaled",
    "rmsea.scaled": "rmsea_scaled",
    "rmsea.ci.lower.scaled": "rmsea_scaled_low",
    "rmsea.ci.upper.scaled": "rmsea_scaled_high",
}


@cache
def fit(name: str) -> StructuralResult:
    """Fit a record's model to its data."""
    record = FITS[name]
    options = dict(record["options"] or {})
    frame = pd.read_csv(DATA / f"{record['data']}.csv")
    by = options.get("group")
    settings: dict[str, Any] = {
        "estimator": options.get("estimator", "ML"),
        "missing": "fiml" if options.get("missing") == "ml" else "listwise",
        "std_lv": options.get("std.lv", False),
        "orthogonal": options.get("orthogonal", False),
        "fixed_x": options.get("fixed.x", True),
        "mean_structure": options.get("meanstructure"),
        "information": options.get("information"),
        "by": by,
    }
    equal, free = options.get("group.equal"), options.get("group.partial")
    if equal is not None:
        settings["equal"] = [equal] if isinstance(equal, str) else equal
    if free is not None:
        settings["free"] = free
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ServqualWarning)
        return sem(frame, record["model"], **settings)


def _keys(table: dict[str, Any]) -> list[tuple[str, str, str, int]]:
    """Lines by name; of a covariance the names in alphabetical order."""
    keys = []
    for lhs, op, rhs, group in zip(
        table["lhs"], table["op"], table["rhs"], table["group"], strict=True
    ):
        names = tuple(sorted((lhs, rhs))) if op == "~~" else (lhs, rhs)
        if op == ":=":
            names, group = (lhs, ""), 0
        keys.append((names[0], op, names[1], group))
    return keys


def _aligned(ours: pd.DataFrame, theirs: dict[str, Any], column: str) -> tuple[Any, Any]:
    """Values of both in lavaan's order."""
    own = dict(
        zip(_keys({str(name): ours[name].tolist() for name in ours}), ours[column], strict=True)
    )
    left, right = [], []
    for key, value in zip(_keys(theirs), theirs[column], strict=True):
        left.append(own[key])
        right.append(np.nan if value is None else value)
    return np.array(left, dtype=float), np.array(right, dtype=float)


@pytest.mark.parametrize("name", FITS)
def test_estimates_and_standard_errors(name: str) -> None:
    theirs = FITS[name]["parameters"]
    ours = fit(name).tidy()
    left, right = _aligned(ours, theirs, "estimate")
    assert_allclose(left, right, rtol=ESTIMATES, atol=ESTIMATES)
    if name == ULS:
        theirs = REFERENCE["uls"]
        ours = ours[ours["std_error"].notna()]
    left, right = _aligned(ours, theirs, "std_error")
    # lavaan gives fixed parameters an error of 0; we say that there is none.
    assert_allclose(np.nan_to_num(left), np.nan_to_num(right), rtol=STD_ERRORS, atol=1e-6)


@pytest.mark.parametrize("name", FITS)
def test_standardised_solution(name: str) -> None:
    theirs = FITS[name]["standardised"]
    ours = fit(name).standardised()
    kept = [place for place, op in enumerate(theirs["op"]) if op not in (":=", "==")]
    theirs = {column: [values[place] for place in kept] for column, values in theirs.items()}
    left, right = _aligned(ours, theirs, "estimate")
    assert_allclose(left, right, rtol=ESTIMATES, atol=ESTIMATES)
    if name != ULS:
        left, right = _aligned(ours, theirs, "std_error")
        assert_allclose(np.nan_to_num(left), np.nan_to_num(right), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", FITS)
def test_fit_measures(name: str) -> None:
    theirs = FITS[name]["measures"]
    ours = fit(name).glance().iloc[0]
    options = dict(FITS[name]["options"] or {})
    # For incomplete answers without MLR, and for ordinal ones, we give no robust indices.
    plain = options.get("estimator", "ML") == "ML"
    not_given = plain or "ordered" in options
    for measure, column in MEASURES.items():
        # lavaan takes these from the plain statistic with tr(UΓ) degrees of freedom; ours come from
        # the scaled statistic with its own, as for every other test.
        if measure in LIMITS and options.get("estimator") in ("MLR", "MLM"):
            continue
        if not_given and "robust" in measure:
            assert np.isnan(ours[column])
        elif measure in theirs and theirs[measure] is not None:
            # lavaan's EM for the saturated moments, which these rest on, stops at a change of 1e-5.
            rough = options.get("missing") == "ml" and "robust" in measure
            near = 5 * INDICES if rough else INDICES
            assert_allclose(
                float(ours[column]), theirs[measure], rtol=near, atol=near, err_msg=measure
            )


DETAILED = [name for name, record in FITS.items() if "modification" in record]


def _matrix(rows: list[list[float]]) -> Any:
    return np.array(rows, dtype=float)


@pytest.mark.parametrize("name", DETAILED)
def test_modification_indices(name: str) -> None:
    theirs = FITS[name]["modification"]
    ours = fit(name).modification_indices()
    own = {
        (row.lhs, row.op, row.rhs): (row.modification_index, row.expected_change)
        for row in ours.itertuples()
    }
    own |= {(rhs, op, lhs): pair for (lhs, op, rhs), pair in own.items() if op == "~~"}
    assert len(theirs["mi"]) == len(ours)
    for lhs, op, rhs, index, change in zip(
        theirs["lhs"], theirs["op"], theirs["rhs"], theirs["mi"], theirs["epc"], strict=True
    ):
        assert_allclose(np.array(own[lhs, op, rhs]), [index, change], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", DETAILED)
def test_residuals(name: str) -> None:
    ours = fit(name)
    assert_allclose(
        ours.residuals("correlation"), _matrix(FITS[name]["residual_correlations"]), atol=2e-5
    )
    # lavaan writes 0 where a residual cannot vary.
    z = np.nan_to_num(ours.residuals("standardised").to_numpy())
    theirs = _matrix(FITS[name]["residual_z"])
    off = ~np.eye(len(z), dtype=bool)
    # Small residuals inherit the distance at which lavaan stops its search.
    assert_allclose(z[off], theirs[off], rtol=1e-3, atol=3e-3)


@pytest.mark.parametrize("name", DETAILED)
def test_explained_variance(name: str) -> None:
    ours = fit(name).r_squared.set_index("variable")["r_squared"]
    for variable, share in FITS[name]["r_squared"].items():
        assert_allclose(ours[variable], share, rtol=2e-5)


@pytest.mark.parametrize("name", DETAILED)
def test_factor_scores(name: str) -> None:
    rows = pd.read_csv(DATA / f"{FITS[name]['data']}.csv")
    for method in ("regression", "Bartlett"):
        ours = fit(name).factor_scores(rows, method).to_numpy()[:5]
        theirs = _matrix(FITS[name][f"scores_{method.lower()}"])
        assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5)


def _schools(**options: Any) -> StructuralResult:
    frame = pd.read_csv(DATA / "pupils_ordinal.csv")
    return sem(frame, FITS["schools"]["model"], by="school", estimator="WLSMV", **options)


def test_differences_of_ordinal_models() -> None:
    pairs = {
        "factors": (fit("three factors, school data"), fit("one factor")),
        "thresholds": (_schools(), _schools(equal=("loadings", "thresholds"))),
    }
    for name, fits in pairs.items():
        theirs = ORDINAL["differences"][name]
        ours = compare_models(*fits).tidy().iloc[1]
        assert ours["delta_df"] == theirs["df"]
        assert_allclose(ours["delta_chi2"], theirs["chi2"], rtol=1e-6)
        assert_allclose(ours["p_value"], theirs["p_value"], rtol=1e-4)
