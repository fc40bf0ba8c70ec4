"""Least squares with rows, by statsmodels: which covariance matrix, which weights, which errors."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from servqual.analyses.resampling import FEW_CLUSTERS
from servqual.errors import (
    EstimationError,
    OptionError,
    SmallSampleWarning,
    WeightsWarning,
    shorten,
)
from servqual.numerics.cluster_robust import BiasReduced, bias_reduced
from servqual.numerics.linear_hypotheses import FixedDegrees, LinearInference
from servqual.survey.survey import Survey
from servqual.typing import (
    BoolArray,
    Covariance,
    FloatArray,
    IntArray,
    WeightKind,
    check_option,
)

#: Kinds of covariance matrix that know of clusters.
CLUSTERED = ("CR1", "CR2")

#: From so many clusters on, CR1 is the default: it comes to the same there, and costs less.
MANY_CLUSTERS = 40

#: With more respondents than this, rows are no longer repeated for their frequency weights.
_MOST_REPEATED = 5_000_000

#: CR2 warns below these: with fewer degrees of freedom Satterthwaite's approximation is rough
#: (Pustejovsky and Tipton 2018, after Bell and McCaffrey 2002).
_FEWEST_CLUSTERS, _FEWEST_DEGREES = 5, 4


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
    survey: Survey,
    covariance: Covariance | None,
    cluster: str | None,
    clusters: IntArray | None,
) -> Covariance:
    """Return the kind of covariance matrix: HC3, or CR2 or CR1 with clusters, unless asked.

    Parameters
    ----------
    survey : Survey
        Whose grouping variables there are.
    covariance : str or None
        What was asked.
    cluster : str or None
        Grouping variable.
    clusters : IntArray or None, shape (n_rows,)
        Codes of its groups.

    Returns
    -------
    str
        With `cluster`, CR2 where there are fewer than 40 clusters, else CR1.

    Raises
    ------
    OptionError
        If covariance matrix and clusters do not go together.
    """
    if cluster is None or clusters is None:
        if covariance in CLUSTERED:
            raise OptionError(
                f'`covariance="{covariance}"` needs `cluster`, the grouping variable within which '
                f"respondents may be alike; this survey has {shorten(survey.groups) or 'none'}."
            )
        return covariance or "HC3"
    if covariance is None:
        return "CR2" if len(np.unique(clusters)) < MANY_CLUSTERS else "CR1"
    if covariance not in CLUSTERED:
        raise OptionError(
            f'`covariance="{covariance}"` ignores clusters. With `cluster`, give '
            '`covariance="CR2"` or "CR1", or leave it out.'
        )
    return covariance


def check_repeatable(survey: Survey, keep: BoolArray, analysis: str) -> None:
    """Refuse to repeat rows for frequency weights until they no longer fit into memory.

    Parameters
    ----------
    survey : Survey
        Whose weights they are.
    keep : BoolArray, shape (n_respondents,)
        Rows of the analysis.
    analysis : str
        Its name, for the message.

    Raises
    ------
    EstimationError
        If the weights stand for more than five million respondents.
    """
    n_obs = survey.count_respondents(keep)
    if survey.weight_kind != "frequency" or n_obs <= max(_MOST_REPEATED, int(keep.sum())):
        return
    raise EstimationError(
        f"The frequency weights stand for {n_obs:,} respondents, and `{analysis}` needs a row for "
        f"each; {_MOST_REPEATED:,} are the most. If the weights are no counts, declare them as "
        "`sq.SamplingWeights`."
    )


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """A line fitted to rows, and what its coefficients can be tested with.

    Attributes
    ----------
    model : statsmodels RegressionResults
        The fit; with CR2, which statsmodels does not have, its own standard errors are classical.
    inference : LinearInference
        Coefficients, the intercept first, with the covariance matrix that was asked for.
    n_clusters : float
        Clusters; nan without.
    """

    model: Any
    inference: LinearInference
    n_clusters: float


def fit_linear(
    complete: FloatArray,
    terms: Sequence[str],
    outcome: str,
    *,
    covariance: Covariance,
    weights: FloatArray | None,
    weight_kind: WeightKind,
    clusters: IntArray | None,
    row_numbers: IntArray | None = None,
) -> LinearFit:
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
        Codes of clusters, for ``"CR1"`` and ``"CR2"``.
    row_numbers : IntArray, shape (n_rows,), optional
        Where each row stands in the survey; the index of the model's data. Default: 0, 1, 2, …

    Returns
    -------
    LinearFit
    """
    from statsmodels.regression.linear_model import OLS, WLS

    values = complete
    numbers = np.arange(len(values)) if row_numbers is None else row_numbers
    if weight_kind == "frequency" and weights is not None:
        counts = weights.astype(np.int64)
        values, numbers = np.repeat(values, counts, axis=0), np.repeat(numbers, counts)
        clusters = None if clusters is None else np.repeat(clusters, counts)
        weights = None
    design = pd.DataFrame(values[:, :-1], columns=list(terms), index=numbers)
    design.insert(0, "(Intercept)", 1.0)
    target = pd.Series(values[:, -1], name=outcome, index=numbers)
    model = OLS(target, design) if weights is None else WLS(target, design, weights=weights)
    n_clusters = np.nan if clusters is None else float(len(np.unique(clusters)))
    if covariance == "CR2" and clusters is not None:
        reduced = bias_reduced(
            design.to_numpy(dtype=np.float64), values[:, -1], clusters, weights=weights
        )
        return LinearFit(model.fit(use_t=True), reduced, n_clusters)
    if covariance == "CR1":
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    else:
        # Whoever alone decides a coefficient has leverage 1, by which HC2 and HC3 divide; rounding
        # decides whether exactly. `leverage_notes` finds out and says so.
        with np.errstate(divide="ignore", invalid="ignore"):
            fit = model.fit(cov_type=covariance, use_t=True)
    inference = FixedDegrees(
        np.asarray(fit.params, dtype=np.float64),
        np.asarray(fit.cov_params(), dtype=np.float64),
        float(fit.df_resid if clusters is None else n_clusters - 1.0),
    )
    return LinearFit(fit, inference, n_clusters)


def without_errors(fit: LinearFit) -> FixedDegrees:
    """Give the same coefficients with standard errors that do not exist.

    Parameters
    ----------
    fit : LinearFit
        From `fit_linear`.

    Returns
    -------
    FixedDegrees
        With a covariance matrix of nan.
    """
    coefficients = fit.inference.coefficients
    clustered = np.isfinite(fit.n_clusters)
    return FixedDegrees(
        coefficients,
        np.full((coefficients.size,) * 2, np.nan),
        fit.n_clusters - 1.0 if clustered else float(fit.model.df_resid),
    )


def warn_of_clusters(
    fit: LinearFit, covariance: Covariance, cluster: str | None, *, stacklevel: int
) -> None:
    """Warn of standard errors that so few clusters cannot carry.

    Parameters
    ----------
    fit : LinearFit
        From `fit_linear`.
    covariance : str
        Kind of covariance matrix.
    cluster : str or None
        Grouping variable.
    stacklevel : int
        Calls between the user and this function.

    Warns
    -----
    SmallSampleWarning
        For CR1 below 20 clusters; for CR2 below five, or where a coefficient has fewer than four
        degrees of freedom.
    """
    if covariance == "CR1" and fit.n_clusters < FEW_CLUSTERS:
        warnings.warn(
            f'There are {fit.n_clusters:.0f} clusters of "{cluster}". CR1 standard errors need '
            f"many clusters; with fewer than {FEW_CLUSTERS} they are too small as a rule. Use "
            '`covariance="CR2"`.',
            SmallSampleWarning,
            stacklevel=stacklevel + 1,
        )
    if covariance != "CR2":
        return
    degrees = fit.inference.degrees_of_freedom(np.eye(fit.inference.coefficients.size))
    degrees = degrees[np.isfinite(degrees)]
    if fit.n_clusters < _FEWEST_CLUSTERS or (degrees < _FEWEST_DEGREES).any():
        leave = f", which leave {degrees.min():.1f} to {degrees.max():.1f} degrees of freedom"
        warnings.warn(
            f'There are {fit.n_clusters:.0f} clusters of "{cluster}"'
            f"{leave if degrees.size else ''}. With fewer than {_FEWEST_DEGREES} the t-tests and "
            "intervals of CR2 are rough.",
            SmallSampleWarning,
            stacklevel=stacklevel + 1,
        )


def warn_of_weights(weight_kind: WeightKind, covariance: Covariance, *, stacklevel: int) -> None:
    """Warn of classical standard errors of a weighted sample.

    Parameters
    ----------
    weight_kind : str
        What the weights mean.
    covariance : str
        Kind of covariance matrix.
    stacklevel : int
        Calls between the user and this function.

    Warns
    -----
    WeightsWarning
        If classical standard errors meet sampling weights.
    """
    if weight_kind == "sampling" and covariance == "nonrobust":
        warnings.warn(
            "Classical standard errors do not know of sampling weights and are too small as a "
            'rule. Use `covariance="HC3"`.',
            WeightsWarning,
            stacklevel=stacklevel + 1,
        )


def excluded_notes(n_excluded: int) -> list[str]:
    """Say how many respondents a model left out.

    Parameters
    ----------
    n_excluded : int
        Respondents without one of its variables.

    Returns
    -------
    list of str
        Empty for nobody.
    """
    if not n_excluded:
        return []
    who = "1 respondent was" if n_excluded == 1 else f"{n_excluded:,} respondents were"
    return [f"{who} left out because a score, a covariate or the outcome is missing."]


def exact_cluster_notes(inference: LinearInference) -> list[str]:
    """Say which clusters have no error in some direction.

    Parameters
    ----------
    inference : LinearInference
        From `fit_linear`.

    Returns
    -------
    list of str
        Empty without such clusters, and for other errors than CR2.
    """
    if not isinstance(inference, BiasReduced) or not inference.n_fitted_exactly:
        return []
    count = inference.n_fitted_exactly
    return [
        f"{'1 cluster is' if count == 1 else f'{count} clusters are'} fitted exactly in some "
        "direction, because a coefficient depends on that cluster alone. Standard errors are too "
        "small there, or zero, and then there is no test."
    ]


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
