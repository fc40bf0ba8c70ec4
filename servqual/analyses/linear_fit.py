"""Least squares with rows, by statsmodels: which covariance matrix, which weights, which errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from servqual.errors import OptionError, shorten
from servqual.survey.survey import Survey
from servqual.typing import Covariance, FloatArray, IntArray, WeightKind, check_option


def check_covariance(covariance: object, cluster: object) -> None:
    """Raise `OptionError` unless both are options.

    Parameters
    ----------
    covariance : str or None
        Kind of covariance matrix.
    cluster : str or None
        Grouping variable.

    Raises
    ------
    OptionError
        If one of them is something else.
    """
    if covariance is not None:
        check_option("covariance", covariance, Covariance)
    if cluster is not None and not isinstance(cluster, str):
        raise OptionError(
            f"`cluster` is {cluster!r}, but must be the name of one grouping variable, such as "
            '"branch".'
        )


def choose_covariance(
    survey: Survey, covariance: Covariance | None, cluster: str | None
) -> Covariance:
    """Return the kind of covariance matrix: HC3, or CR1 with clusters, unless asked otherwise.

    Parameters
    ----------
    survey : Survey
        Whose grouping variables there are.
    covariance : str or None
        What was asked.
    cluster : str or None
        Grouping variable.

    Returns
    -------
    str

    Raises
    ------
    OptionError
        If covariance matrix and clusters do not go together.
    """
    if cluster is None:
        if covariance == "CR1":
            raise OptionError(
                '`covariance="CR1"` needs `cluster`, the grouping variable within which '
                f"respondents may be alike; this survey has {shorten(survey.groups) or 'none'}."
            )
        return covariance or "HC3"
    if covariance not in (None, "CR1"):
        raise OptionError(
            f'`covariance="{covariance}"` ignores clusters. With `cluster`, give '
            '`covariance="CR1"` or leave '
            "it out."
        )
    return "CR1"


def fit_linear(
    complete: FloatArray,
    terms: Sequence[str],
    outcome: str,
    *,
    covariance: Covariance,
    weights: FloatArray | None,
    weight_kind: WeightKind,
    clusters: IntArray | None,
) -> Any:
    """Fit a line with an intercept.

    Parameters
    ----------
    complete : FloatArray, shape (n_rows, n_terms + 1)
        Complete rows, the outcome last.
    terms : sequence of str
        Names of the predictors.
    outcome : str
        Name of the outcome.
    covariance : str
        Kind of covariance matrix.
    weights : FloatArray or None, shape (n_rows,)
        Weights; rows are repeated for frequency weights.
    weight_kind : str
        What they mean.
    clusters : IntArray or None, shape (n_rows,)
        Codes of clusters, for ``"CR1"``.

    Returns
    -------
    statsmodels RegressionResults
    """
    from statsmodels.regression.linear_model import OLS, WLS

    values = complete
    if weight_kind == "frequency" and weights is not None:
        counts = weights.astype(np.int64)
        values = np.repeat(values, counts, axis=0)
        clusters = None if clusters is None else np.repeat(clusters, counts)
        weights = None
    design = pd.DataFrame(values[:, :-1], columns=list(terms))
    design.insert(0, "(Intercept)", 1.0)
    target = pd.Series(values[:, -1], name=outcome)
    model = OLS(target, design) if weights is None else WLS(target, design, weights=weights)
    if covariance == "CR1":
        return model.fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    return model.fit(cov_type=covariance, use_t=True)


def leverage_notes(model: Any, covariance: Covariance) -> list[str]:
    """Say why HC2 and HC3, which divide a residual by one minus its leverage, do not exist.

    Parameters
    ----------
    model : statsmodels RegressionResults
        From `fit_linear`.
    covariance : str
        Kind of covariance matrix.

    Returns
    -------
    list of str
        Empty where they exist, or others were asked for.
    """
    if covariance not in ("HC2", "HC3"):
        return []
    basis = np.linalg.qr(np.asarray(model.model.wexog, dtype=np.float64))[0]
    n_alone = int((np.sum(basis**2, axis=1) > 1.0 - 1e-10).sum())
    if not n_alone:
        return []
    who = "1 respondent determines" if n_alone == 1 else f"{n_alone:,} respondents determine each"
    return [
        f"{who} a coefficient alone (leverage 1), so {covariance} standard errors do not exist. "
        'Use `covariance="HC1"`, or leave out the predictor that varies in so few answers.'
    ]
