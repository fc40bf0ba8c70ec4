"""Which dimension counts most for an outcome? The explained variance, divided fairly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from servqual.analyses.predictors import ModelVariables, model_moments, model_variables
from servqual.analyses.resampling import check_bootstrap, resampled_moments
from servqual.errors import EstimationError, NotIdentifiedError, shorten
from servqual.numerics.bootstrap import percentile_interval
from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.importance import (
    first,
    last,
    lmg,
    pratt,
    relative_weights,
)
from servqual.numerics.least_squares import collinear_columns
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import (
    FloatArray,
    ImportanceMethod,
    On,
    PredictorLevel,
    ProgressOption,
    check_conf_level,
    check_option,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_METHODS: dict[ImportanceMethod, Callable[[FloatArray], FloatArray]] = {
    "lmg": lmg,
    "relative-weights": relative_weights,
    "pratt": pratt,
    "first": first,
    "last": last,
}

#: Methods whose contributions add up to R².
_DECOMPOSITIONS: tuple[ImportanceMethod, ...] = ("lmg", "relative-weights", "pratt")

#: Beyond this many predictors, 2^p models per resample are too many for a bootstrap.
_MAX_BOOTSTRAP_LMG = 10


@dataclass(frozen=True, repr=False)
class ImportanceResult(Result):
    """Relative importance of predictors.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with answers to all variables.
    outcome : str
        What is explained.
    on : str
        Of which scores the predictors are; empty when made from moments.
    method : str
        How importance is measured.
    r_squared : float
        Share of variance that all predictors explain together.
    contributions : DataFrame
        term, label, method, estimate (contribution to R²), share (of the sum of contributions),
        conf_low, conf_high (of the estimate), share_low, share_high, rank (1 is the most
        important), rank_low, rank_high. Intervals are bootstrap percentiles.
    conf_level : float
        Coverage of the intervals.
    n_resamples : int
        Bootstrap resamples asked for.
    n_degenerate : int
        Resamples in which a variable was constant, which do not count.
    seed : int
        Seed of the bootstrap.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Relative importance"

    sample: SampleInfo
    outcome: str
    on: str
    method: ImportanceMethod
    r_squared: float
    contributions: pd.DataFrame
    conf_level: float
    n_resamples: int
    n_degenerate: int
    seed: int
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per predictor."""
        return self.contributions.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "method": [self.method],
                "r_squared": [self.r_squared],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_resamples": [self.n_resamples],
                "n_degenerate": [self.n_degenerate],
                "conf_level": [self.conf_level],
                "seed": [self.seed],
            }
        )

    def interpret(self) -> Interpretation:
        """Put the importances into plain words.

        Returns
        -------
        Interpretation
        """
        ordered = self.contributions.sort_values("rank", kind="stable")
        top = ordered.iloc[0]
        statements = [
            Statement(
                "fit",
                f"Together the predictors go with {self.r_squared:.0%} of the variance of "
                f"{self.outcome}. The shares divide this up; they are no causal effects.",
            ),
            Statement(
                str(top["term"]),
                f"{top['label']} has the largest share: {top['share']:.0%} of what is explained.",
            ),
        ]
        unsure = ordered[(ordered["rank_low"] <= 1) & (ordered["rank"] > 1)]
        if len(unsure):
            listed = ", ".join(unsure["label"])
            statements.append(
                Statement(
                    "rank",
                    f"The first place is not certain: it lies within the {self.conf_level:.0%} "
                    f"interval of the rank of {listed} too.",
                )
            )
        return Interpretation(tuple(statements))

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the contributions as bars with intervals.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes
        """
        from servqual.plots.importance import plot_importance

        return plot_importance(self, ax=ax)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        names = [
            "term",
            "estimate",
            "share",
            "conf_low",
            "conf_high",
            "rank",
            "rank_low",
            "rank_high",
        ]
        table = self.contributions[names].copy()
        for name in ("rank_low", "rank_high"):
            table[name] = [format_number(place, 0) for place in table[name]]
        return [
            (
                f"Outcome: {self.outcome}; method: {self.method}; R² = {self.r_squared:.3f}",
                table,
            )
        ]


def relative_importance(
    data: Survey | Moments,
    *,
    outcome: str,
    on: On = "gap",
    predictors: PredictorLevel | Sequence[str] = "dimensions",
    method: ImportanceMethod = "lmg",
    conf_level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 1,
    progress: ProgressOption = None,
) -> ImportanceResult:
    """Divide the variance explained in an outcome among the predictors.

    The dimensions of service quality overlap, so regression coefficients share their common part
    arbitrarily. The LMG measure averages what a predictor adds over all orders in which predictors
    can enter (the Shapley value of R²).

    Parameters
    ----------
    data : Survey or Moments
        Bootstrap intervals need a survey.
    outcome : str
        An outcome of the survey or one of its columns; a variable of the moments.
    on : str, default "gap"
        Side or difference whose scores are the predictors; not used with moments.
    predictors : {"dimensions", "items", "overall"} or sequence of str, default "dimensions"
        Level of the scores, or names. With moments, default: all other variables.
    method : {"lmg", "relative-weights", "pratt", "first", "last"}, default "lmg"
        Shapley value of R²; Johnson's relative weights; Pratt's product of coefficient and
        correlation; R² alone; R² added last.
    conf_level : float, default 0.95
        Coverage of the intervals.
    n_resamples : int, default 2000
        Bootstrap resamples; 0 for none.
    seed : int, default 1
        Seed of the bootstrap; the result does not depend on anything else.
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstrap runs. None shows a bar where somebody
        is looking and the work is long, True always, False never.

    Returns
    -------
    ImportanceResult

    Raises
    ------
    OptionError
        If a variable or an option does not exist.
    EstimationError
        If too few respondents remain, or a variable is constant.
    NotIdentifiedError
        If predictors repeat each other, unless the method is ``"lmg"`` or ``"first"``.
    NotPositiveDefiniteError
        If no data can have the covariance matrix of the moments.

    References
    ----------
    Lindeman, R. H., Merenda, P. F., & Gold, R. Z. (1980). *Introduction to bivariate and
    multivariate analysis*.

    Grömping, U. (2006). Relative importance for linear regression in R: The package relaimpo.
    *Journal of Statistical Software*, 17(1). https://doi.org/10.18637/jss.v017.i01

    Johnson, J. W. (2000). A heuristic method for estimating the relative weight of predictor
    variables in multiple regression. *Multivariate Behavioral Research*, 35(1), 1–19.
    https://doi.org/10.1207/S15327906MBR3501_1

    Examples
    --------
    >>> import servqual as sq
    >>> survey = sq.load_example("bank")
    >>> result = sq.relative_importance(survey, outcome="satisfaction", n_resamples=0)
    >>> bool(abs(result.tidy()["estimate"].sum() - result.r_squared) < 1e-12)
    True
    """
    check_conf_level(conf_level)
    check_option("method", method, ImportanceMethod)
    n_resamples, seed = check_bootstrap(n_resamples, seed)
    variables = model_variables(
        data, outcome=outcome, on=on, predictors=predictors, analysis="relative_importance"
    )
    moments = model_moments(data, variables, "relative_importance")
    covariance = moments.covariance()
    compute = _METHODS[method]
    estimates = compute(correlation_from_covariance(covariance))
    if not np.isfinite(estimates).all():
        _raise_collinear(variables, covariance[:-1, :-1], method)
    r_squared = _r_squared(covariance)
    draws, n_degenerate, notes = _draws(
        data, variables, method, n_resamples=n_resamples, seed=seed, progress=progress
    )
    if method not in _DECOMPOSITIONS:
        notes.append(
            f'Contributions by "{method}" do not add up to R², so their shares are of their own '
            "sum."
        )
    return ImportanceResult(
        sample=SampleInfo(moments.n_obs, moments.n_excluded, "listwise", moments.weight_kind),
        outcome=outcome,
        on="" if isinstance(data, Moments) else on,
        method=method,
        r_squared=r_squared,
        contributions=_table(variables, method, estimates, draws, conf_level),
        conf_level=conf_level,
        n_resamples=0 if draws is None else n_resamples,
        n_degenerate=n_degenerate,
        seed=seed,
        notes=tuple(notes),
    )


def _raise_collinear(
    variables: ModelVariables, covariance: FloatArray, method: ImportanceMethod
) -> None:
    names = [variables.terms[place] for place in collinear_columns(covariance)]
    raise NotIdentifiedError(
        f"These predictors repeat each other exactly, so `relative_importance` cannot tell them "
        f'apart with `method="{method}"`: {shorten(names)}. Leave one of them out, or use '
        '`method="lmg"`, which shares their part evenly.'
    )


def _r_squared(covariance: FloatArray) -> float:
    predictors, shared = covariance[:-1, :-1], covariance[:-1, -1]
    # lstsq, because predictors that repeat each other explain no less together.
    slopes = np.linalg.lstsq(predictors, shared, rcond=None)[0]
    return float(slopes @ shared / covariance[-1, -1])


def _draws(
    data: Survey | Moments,
    variables: ModelVariables,
    method: ImportanceMethod,
    *,
    n_resamples: int,
    seed: int,
    progress: ProgressOption,
) -> tuple[FloatArray | None, int, list[str]]:
    """Contributions in each resample, or None with the reason."""
    if isinstance(data, Moments):
        return None, 0, ["Moments hold no respondents to resample, so there are no intervals."]
    if n_resamples == 0:
        return None, 0, ["No resamples were asked for, so there are no intervals."]
    if method == "lmg" and len(variables.variables) > _MAX_BOOTSTRAP_LMG:
        return (
            None,
            0,
            [
                f"With {len(variables.variables)} predictors each resample needs "
                f"2^{len(variables.variables)} regressions, so "
                'there are no intervals. Use `method="relative-weights"` for a close approximation '
                "with intervals."
            ],
        )
    covariances, n_degenerate = _resampled_covariances(
        data, variables, n_resamples=n_resamples, seed=seed, progress=progress
    )
    usable = (np.diagonal(covariances, axis1=1, axis2=2) > 0).all(axis=1)
    draws = np.full((n_resamples, len(variables.variables)), np.nan)
    if usable.any():
        draws[usable] = _METHODS[method](correlation_from_covariance(covariances[usable]))
    notes = []
    if n_degenerate:
        notes.append(
            f"In {n_degenerate} of {n_resamples} resamples a variable was constant; they do not "
            "count."
        )
    return draws, n_degenerate, notes


def _resampled_covariances(
    survey: Survey,
    variables: ModelVariables,
    *,
    n_resamples: int,
    seed: int,
    progress: ProgressOption,
) -> tuple[FloatArray, int]:
    resampled = resampled_moments(
        survey, variables.names, n_resamples=n_resamples, seed=seed, progress=progress
    )
    return resampled.covariances, resampled.n_degenerate


def _table(
    variables: ModelVariables,
    method: ImportanceMethod,
    estimates: FloatArray,
    draws: FloatArray | None,
    conf_level: float,
) -> pd.DataFrame:
    total = estimates.sum()
    if not total > 0:
        raise EstimationError(
            f'The predictors explain nothing of "{variables.outcome}", so there is nothing to '
            "divide among them."
        )
    ranks = _ranks(estimates[None, :])[0]
    nan = np.full(len(estimates), np.nan)
    low, high, share_low, share_high, rank_low, rank_high = (nan,) * 6
    if draws is not None:
        interval = percentile_interval(draws, conf_level)
        sums = draws.sum(axis=1, keepdims=True)
        of_share = percentile_interval(draws / np.where(sums > 0, sums, np.nan), conf_level)
        of_rank = percentile_interval(_ranks(draws), conf_level)
        low, high = interval.low, interval.high
        share_low, share_high = of_share.low, of_share.high
        # A rank is a place, so its interval is widened to whole places.
        rank_low, rank_high = np.floor(of_rank.low), np.ceil(of_rank.high)
    return pd.DataFrame(
        {
            "term": list(variables.terms),
            "label": list(variables.labels),
            "method": method,
            "estimate": estimates,
            "share": estimates / total,
            "conf_low": low,
            "conf_high": high,
            "share_low": share_low,
            "share_high": share_high,
            "rank": ranks.astype(np.int64),
            "rank_low": rank_low,
            "rank_high": rank_high,
        }
    )


def _ranks(contributions: FloatArray) -> FloatArray:
    """Places in descending order of contribution, 1 the first; nan rows stay nan."""
    order = np.argsort(-contributions, axis=1, kind="stable")
    ranks = np.empty_like(contributions)
    np.put_along_axis(ranks, order, np.arange(1.0, contributions.shape[1] + 1)[None, :], axis=1)
    ranks[np.isnan(contributions).any(axis=1)] = np.nan
    return ranks
