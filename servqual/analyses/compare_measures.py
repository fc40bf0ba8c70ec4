"""Gaps or perceptions alone, weighted or not: which goes best with an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from servqual.analyses.adjustment import adjust_p_values
from servqual.analyses.predictors import ModelVariables, model_variables
from servqual.analyses.resampling import check_bootstrap, complete_respondents, resample
from servqual.errors import EstimationError, OptionError, shorten
from servqual.numerics.bootstrap import percentile_interval
from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.cross_validation import cross_validated_r_squared
from servqual.numerics.dependent_correlations import compare_correlations, partial_correlation
from servqual.numerics.least_squares import SINGULAR, smallest_eigenvalue
from servqual.numerics.location import mean_test
from servqual.numerics.path_effects import fit_paths
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number, say_p
from servqual.samplestats.moments import Moments
from servqual.survey.scoring import mean_scores, row_mean
from servqual.survey.survey import Survey, require_survey
from servqual.typing import (
    BoolArray,
    FloatArray,
    ProgressOption,
    Side,
    check_conf_level,
    check_whole,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MeasureComparisonResult", "compare_measures"]

#: Why each of the measures may be missing.
_NEEDS = {
    "weighted SERVQUAL": "importance points",
    "weighted SERVPERF": "importance points",
    "evaluated performance": "the desired level of each item",
    "normed quality": "the desired level of each item",
}


@dataclass(frozen=True, repr=False)
class MeasureComparisonResult(Result):
    """Measures of quality, held against one outcome over the same respondents.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with all measures and the outcome.
    outcome : str
        What the measures are held against.
    measures : DataFrame
        measure, r, r_squared, r_squared_low, r_squared_high (bootstrap), cv_r_squared (mean of
        repeated cross-validation), cv_std_dev (of the repeats), p_best (share of resamples in which
        the measure has the highest R²).
    tests : DataFrame
        first, second, r_first, r_second, r_between, difference (of the absolute correlations),
        statistic, df, p_value (Williams' t), p_adjusted (Holm), delta_r_squared, conf_low,
        conf_high (bootstrap interval of delta_r_squared).
    components : DataFrame
        Regression of the outcome on perception and expectation: term, estimate, std_error,
        statistic, df, p_value, conf_low, conf_high, standardised.
    constraint : DataFrame
        One row: r_squared_gap, r_squared_components, f_statistic, df_numerator, df_denominator,
        p_value (of the constraint that a gap needs: equal coefficients of opposite sign),
        partial_r (of expectation and outcome, perception held constant), partial_statistic,
        partial_df, partial_p, partial_low, partial_high.
    conf_level : float
        Coverage of the intervals.
    n_folds, n_repeats : int
        Of the cross-validation.
    n_resamples, n_degenerate, seed : int
        Of the bootstrap.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Comparison of measures"

    sample: SampleInfo
    outcome: str
    measures: pd.DataFrame
    tests: pd.DataFrame
    components: pd.DataFrame
    constraint: pd.DataFrame
    conf_level: float
    n_folds: int
    n_repeats: int
    n_resamples: int
    n_degenerate: int
    seed: int
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per measure."""
        return self.measures.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        row = self.constraint.iloc[0]
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "best": [self._best("r_squared")],
                "best_cross_validated": [self._best("cv_r_squared")],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_measures": [len(self.measures)],
                "constraint_f": [float(row["f_statistic"])],
                "constraint_p": [float(row["p_value"])],
                "partial_r": [float(row["partial_r"])],
                "n_resamples": [self.n_resamples],
                "n_degenerate": [self.n_degenerate],
                "conf_level": [self.conf_level],
                "seed": [self.seed],
            }
        )

    def interpret(self) -> Interpretation:
        """Say what the comparison means for this survey.

        Returns
        -------
        Interpretation
        """
        return Interpretation((self._say_best(), *self._say_pair(), *self._say_components()))

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw R² of each measure with its interval, and what cross-validation leaves of it.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes
        """
        from servqual.plots.measures import plot_measures

        return plot_measures(self, ax=ax)

    def _best(self, column: str) -> str:
        values = self.measures[column].to_numpy(dtype=np.float64)
        return "" if np.isnan(values).all() else str(self.measures["measure"][np.nanargmax(values)])

    def _say_best(self) -> Statement:
        best = self._best("r_squared")
        numbers = self.measures.set_index("measure").to_dict(orient="index")
        row = numbers[best]
        text = f"{best} goes best with {self.outcome}: R² = {format_number(row['r_squared'], 2)}"
        if np.isfinite(row["p_best"]):
            text += f"; it is the best in {row['p_best']:.0%} of the resamples"
        if np.isfinite(row["cv_r_squared"]):
            text += (
                f". For respondents that the line has not seen, it is "
                f"{format_number(row['cv_r_squared'], 2)}"
            )
        return Statement("best", text + ".")

    def _say_pair(self) -> list[Statement]:
        """Say how the oldest quarrel ends here: SERVPERF or SERVQUAL."""
        rows = self.tests[
            self.tests["first"].isin(["SERVQUAL", "SERVPERF"])
            & self.tests["second"].isin(["SERVQUAL", "SERVPERF"])
        ]
        if not len(rows) or not np.isfinite(rows["p_value"].iloc[0]):
            return []
        row = rows.iloc[0]
        better = row["second"] if row["delta_r_squared"] < 0 else row["first"]
        if row["p_value"] < 1.0 - self.conf_level:
            text = (
                f"Between SERVQUAL (P − E) and SERVPERF (P), {better} correlates more strongly "
                f"(Williams' t = {format_number(row['statistic'], 2)}, {say_p(row['p_value'])})."
            )
        else:
            text = (
                "SERVQUAL (P − E) and SERVPERF (P) cannot be told apart as predictors here "
                f"(Williams' t = {format_number(row['statistic'], 2)}, {say_p(row['p_value'])})."
            )
        return [Statement("SERVQUAL or SERVPERF", text)]

    def _say_components(self) -> list[Statement]:
        row = self.constraint.iloc[0]
        level = 1.0 - self.conf_level
        statements = []
        if np.isfinite(row["partial_p"]):
            adds = row["partial_p"] < level
            text = (
                "Expectations add to what perceptions say"
                if adds
                else "Once perceptions are known, expectations add nothing that can be told from "
                "chance"
            )
            text += (
                f" (partial r = {format_number(row['partial_r'], 2)}, {say_p(row['partial_p'])})."
            )
            statements.append(Statement("expectation", text))
        if np.isfinite(row["p_value"]):
            test = (
                f"F({row['df_numerator']:.0f}, {row['df_denominator']:.0f}) = "
                f"{format_number(row['f_statistic'], 2)}, {say_p(row['p_value'])}"
            )
            if row["p_value"] < level:
                text = (
                    "A gap gives perception and expectation equal weights of opposite sign; these "
                    f"answers do not ({test}). As a predictor of {self.outcome} the gap score "
                    "hides something; for diagnosis, where to improve, it keeps its use."
                )
            else:
                text = (
                    "The equal weights of opposite sign, which a gap gives to perception and "
                    f"expectation, fit these answers ({test})."
                )
            statements.append(Statement("constraint", text))
        return statements

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        pairs = ["first", "second", "difference", "statistic", "p_adjusted", "delta_r_squared"]
        return [
            (f"Outcome: {self.outcome}", self.measures),
            ("Pairs (Williams' t, Holm)", self.tests[[*pairs, "conf_low", "conf_high"]]),
            ("Perception and expectation apart", self.components),
            ("Does the gap's constraint hold?", self.constraint),
        ]


def compare_measures(
    survey: Survey,
    *,
    outcome: str = "satisfaction",
    disconfirmation: str | None = None,
    n_folds: int = 10,
    n_repeats: int = 20,
    conf_level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 1,
    progress: ProgressOption = None,
) -> MeasureComparisonResult:
    """Compare the measures of service quality as predictors of an outcome.

    SERVQUAL is the mean gap over the dimensions, SERVPERF the mean perception over the same pairs
    of answers; weighted, each respondent's importance points take the place of equal weights.
    Where the survey asked the desired level, Teas' evaluated performance is minus the mean distance
    of perceptions from it, and his normed quality is that less the same for expectations. All are
    held against the outcome over the same respondents.

    Parameters
    ----------
    survey : Survey
        With expectations and perceptions.
    outcome : str, default "satisfaction"
        An outcome of the survey, or one of its columns.
    disconfirmation : str, optional
        An outcome or column in which respondents themselves said how the service compared with
        what they expected.
    n_folds, n_repeats : int, default 10 and 20
        Parts of the cross-validation, and how often it is done anew.
    conf_level : float, default 0.95
        Coverage of the intervals.
    n_resamples : int, default 2000
        Bootstrap resamples; 0 for none.
    seed : int, default 1
        Seed of the bootstrap and of the cross-validation.
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstrap runs. None shows a bar where somebody
        is looking and the work is long, True always, False never.

    Returns
    -------
    MeasureComparisonResult

    Raises
    ------
    OptionError
        If a variable or an option does not exist, or a side was not asked.
    EstimationError
        If too few respondents remain, or a measure is constant.

    Notes
    -----
    Williams' t compares absolute correlations, so that a measure with the opposite sign is judged
    by its strength. It assumes normal data and equal weights; with sampling weights it is nan, and
    the bootstrap interval of the difference of R² remains. A difference in R² between a score and
    its own parts is no proof about what customers think: the gap shares its perception with
    SERVPERF.

    References
    ----------
    Cronin, J. J., & Taylor, S. A. (1992). Measuring service quality: A reexamination and extension.
    *Journal of Marketing*, 56(3), 55–68. https://doi.org/10.1177/002224299205600304

    Edwards, J. R. (1994). The study of congruence in organizational behavior research.
    *Organizational Behavior and Human Decision Processes*, 58(1), 51–100.
    https://doi.org/10.1006/obhd.1994.1029

    Teas, R. K. (1993). Expectations, performance evaluation, and consumers' perceptions of quality.
    *Journal of Marketing*, 57(4), 18–34. https://doi.org/10.1177/002224299305700402

    Steiger, J. H. (1980). Tests for comparing elements of a correlation matrix. *Psychological
    Bulletin*, 87(2), 245–251. https://doi.org/10.1037/0033-2909.87.2.245

    Examples
    --------
    >>> import servqual as sq
    >>> result = sq.compare_measures(sq.load_example("bank"), n_resamples=200)
    >>> result.tidy()["measure"].tolist()
    ['SERVQUAL', 'weighted SERVQUAL', 'SERVPERF', 'weighted SERVPERF']
    """
    check_conf_level(conf_level)
    resamples, seed = check_bootstrap(n_resamples, seed)
    n_folds = check_whole("n_folds", n_folds, 2)
    n_repeats = check_whole("n_repeats", n_repeats, 1)
    survey = require_survey(survey, "compare_measures")
    variables = model_variables(
        survey,
        outcome=outcome,
        on="gap",
        predictors=["quality"] if disconfirmation is None else ["quality", disconfirmation],
        analysis="compare_measures",
    )
    job = _collect(survey, variables, disconfirmation)
    correlations = correlation_from_covariance(job.moments.covariance())
    draws, n_degenerate = _resampled(survey, job, resamples, seed, progress)
    notes = list(job.notes)
    if n_degenerate:
        notes.append(
            f"In {n_degenerate} of {resamples} resamples a variable was constant; they do not "
            "count."
        )
    if not resamples:
        notes.append("No resamples were asked for, so R² has no intervals.")
    if survey.weight_kind == "sampling":
        notes.append(
            "Williams' t, the F of the constraint and the test of the partial correlation do not "
            "know of sampling weights, so they are nan. The bootstrap intervals do."
        )
    validated = _cross_validated(survey, job, n_folds, n_repeats, seed)
    return MeasureComparisonResult(
        sample=SampleInfo(
            job.moments.n_obs, job.moments.n_excluded, "listwise", job.moments.weight_kind
        ),
        outcome=outcome,
        measures=_measures(job, correlations, draws, validated, conf_level),
        tests=_tests(job, correlations, draws, conf_level),
        components=_components(job, conf_level),
        constraint=_constraint(job, conf_level),
        conf_level=conf_level,
        n_folds=n_folds,
        n_repeats=n_repeats,
        n_resamples=resamples,
        n_degenerate=n_degenerate,
        seed=seed,
        notes=tuple(notes),
    )


# ---- the scores ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """Measures, then perception and expectation, then the outcome, of complete respondents."""

    names: tuple[str, ...]
    rows: FloatArray
    keep: BoolArray
    moments: Moments
    notes: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.names)

    @property
    def is_classical(self) -> bool:
        """Whether tests that take respondents as equals hold."""
        return self.moments.weight_kind != "sampling"


def _collect(survey: Survey, variables: ModelVariables, disconfirmation: str | None) -> _Job:
    scores, missing = _scores(survey)
    if disconfirmation is not None:
        scores["disconfirmation"] = survey.rows([variables.variables[1]])[:, 0]
    pairs = survey.paired("gap")
    perception, expectation = row_mean(pairs.minuend), row_mean(pairs.subtrahend)
    outcome = survey.rows([variables.outcome])[:, 0]
    values = np.column_stack([*scores.values(), perception, expectation, outcome])
    keep = complete_respondents(survey, values)
    names = (*scores, "perception", "expectation", variables.outcome)
    n_rows = int(keep.sum())
    if n_rows < 5:
        raise EstimationError(
            f"`compare_measures` needs at least 5 respondents with all of {shorten(names)}, but "
            f"there are {n_rows} of {survey.n_respondents}. Collect more answers."
        )
    moments = Moments.collect(
        values, _numbered(len(names)), weights=survey.weights, weight_kind=survey.weight_kind
    )
    spread = moments.standard_deviation()
    constant = [name for name, deviation in zip(names, spread, strict=True) if not deviation > 0]
    # A constant expectation leaves gaps that are perceptions; all but its own part still exists.
    if set(constant) - {"expectation"}:
        raise EstimationError(
            f"These do not vary between respondents, so nothing can go with them: "
            f"{shorten([name for name in constant if name != 'expectation'])}."
        )
    return _Job(tuple(scores), values[keep], keep, moments, tuple(missing))


def _numbered(size: int) -> list[str]:
    """Names x1, x2 … for columns whose own names may repeat."""
    return [f"x{place + 1}" for place in range(size)]


def _scores(survey: Survey) -> tuple[dict[str, FloatArray], list[str]]:
    """Each measure that the survey allows, per respondent, and a note on those that it does not."""
    pairs = survey.paired("gap")
    scores = {"SERVQUAL": row_mean(pairs.difference)}
    points = survey.points
    if points is not None:
        scores["weighted SERVQUAL"] = (points * pairs.difference).sum(axis=1) / 100.0
    scores["SERVPERF"] = row_mean(pairs.minuend)
    if points is not None:
        scores["weighted SERVPERF"] = (points * pairs.minuend).sum(axis=1) / 100.0
    if "desired" in survey.sides:
        scores["evaluated performance"] = -_distance(survey, "perception")
        scores["normed quality"] = scores["evaluated performance"] + _distance(
            survey, "expectation"
        )
    absent = [name for name in _NEEDS if name not in scores]
    notes = []
    for reason in dict.fromkeys(_NEEDS[name] for name in absent):
        listed = " or ".join(name for name in absent if _NEEDS[name] == reason)
        notes.append(f"Without {reason} there is no {listed}.")
    return scores, notes


def _distance(survey: Survey, side: Side) -> FloatArray:
    """Mean over dimensions of a side's mean distance from the desired level."""
    places = {item.number: place for place, item in enumerate(survey.instrument.items)}
    groups = [
        np.array([places[item.number] for item in survey.instrument.items_of(dimension.key)])
        for dimension in survey.instrument.dimensions
    ]
    distances = np.abs(survey.answers(side) - survey.answers("desired"))
    return row_mean(mean_scores(distances, groups, survey.min_answered))


# ---- numbers -------------------------------------------------------------------------------------


def _resampled(
    survey: Survey, job: _Job, n_resamples: int, seed: int, progress: ProgressOption
) -> tuple[FloatArray | None, int]:
    """R² of each measure in each resample."""
    if n_resamples == 0:
        return None, 0
    used = [*range(job.size), job.rows.shape[1] - 1]
    resampled = resample(
        survey,
        job.rows[:, used],
        job.keep,
        n_resamples=n_resamples,
        seed=seed,
        progress=progress,
    )
    variances = np.diagonal(resampled.covariances, axis1=1, axis2=2)
    shared = resampled.covariances[:, :-1, -1]
    scale = variances[:, :-1] * variances[:, [-1]]
    usable = scale > 0.0
    draws = np.where(usable, shared**2 / np.where(usable, scale, 1.0), np.nan)
    return draws, resampled.n_degenerate


def _cross_validated(
    survey: Survey, job: _Job, n_folds: int, n_repeats: int, seed: int
) -> FloatArray:
    rows = job.rows
    weights = None if survey.weights is None else survey.weights[job.keep]
    if survey.weight_kind == "frequency" and weights is not None:
        rows, weights = np.repeat(rows, weights.astype(np.int64), axis=0), None
    if len(rows) < n_folds:
        raise OptionError(
            f"`n_folds` is {n_folds}, but there are {len(rows)} respondents with all answers. Use "
            "fewer folds."
        )
    return cross_validated_r_squared(
        rows[:, : job.size],
        rows[:, -1],
        n_folds=n_folds,
        n_repeats=n_repeats,
        seed=seed,
        weights=weights,
    )


def _measures(
    job: _Job,
    correlations: FloatArray,
    draws: FloatArray | None,
    validated: FloatArray,
    conf_level: float,
) -> pd.DataFrame:
    r = correlations[: job.size, -1]
    low = high = best = np.full(job.size, np.nan)
    if draws is not None:
        limits = percentile_interval(draws, conf_level)
        low, high = limits.low, limits.high
        usable = draws[~np.isnan(draws).any(axis=1)]
        if len(usable):
            best = np.bincount(usable.argmax(axis=1), minlength=job.size) / len(usable)
    return pd.DataFrame(
        {
            "measure": list(job.names),
            "r": r,
            "r_squared": r**2,
            "r_squared_low": low,
            "r_squared_high": high,
            "cv_r_squared": validated.mean(axis=0),
            "cv_std_dev": validated.std(axis=0, ddof=1) if len(validated) > 1 else np.nan,
            "p_best": best,
        }
    )


def _tests(
    job: _Job, correlations: FloatArray, draws: FloatArray | None, conf_level: float
) -> pd.DataFrame:
    rows = []
    for one, two in combinations(range(job.size), 2):
        # Measures that run against the outcome are turned round, so that strengths are compared.
        turn = np.where(correlations[[one, two], -1] < 0.0, -1.0, 1.0)
        between = float(correlations[one, two] * turn.prod())
        first, second = np.abs(correlations[[one, two], -1])
        low = high = statistic = p_value = np.nan
        if draws is not None:
            limits = percentile_interval(draws[:, [one]] - draws[:, [two]], conf_level)
            low, high = float(limits.low[0]), float(limits.high[0])
        if job.is_classical:
            test = compare_correlations(
                float(first), float(second), between, float(job.moments.n_obs)
            )
            statistic, p_value = test.statistic, test.p_value
        rows.append(
            {
                "first": job.names[one],
                "second": job.names[two],
                "r_first": float(correlations[one, -1]),
                "r_second": float(correlations[two, -1]),
                "r_between": float(correlations[one, two]),
                "difference": float(first - second),
                "statistic": statistic,
                "df": float(job.moments.n_obs - 3),
                "p_value": p_value,
                "p_adjusted": np.nan,
                "delta_r_squared": float(first**2 - second**2),
                "conf_low": low,
                "conf_high": high,
            }
        )
    table = pd.DataFrame(rows)
    table["p_adjusted"] = adjust_p_values(table["p_value"].to_numpy(dtype=np.float64), "holm")
    return table


def _has_both(job: _Job) -> bool:
    """Whether perception and expectation can be told apart."""
    covariance = job.moments.covariance()[-3:-1, -3:-1]
    return bool((np.diag(covariance) > 0).all() and smallest_eigenvalue(covariance) > SINGULAR)


def _components(job: _Job, conf_level: float) -> pd.DataFrame:
    estimates = errors = standardised = np.full(2, np.nan)
    df = float(job.moments.n_obs - 3)
    if _has_both(job):
        covariance = job.moments.covariance()[-3:, -3:]
        fitted = fit_paths(covariance, job.moments.n_obs, [(2, (0, 1))])
        spread = np.sqrt(np.diag(covariance))
        estimates = fitted.coefficients
        standardised = estimates * spread[:2] / spread[2]
        if job.is_classical:
            errors = np.sqrt(np.diag(fitted.covariance))
    test = mean_test(estimates, errors, df, conf_level=conf_level)
    return pd.DataFrame(
        {
            "term": ["perception", "expectation"],
            "estimate": estimates,
            "std_error": errors,
            "statistic": test.statistic,
            "df": df,
            "p_value": test.p_value,
            "conf_low": test.conf_low,
            "conf_high": test.conf_high,
            "standardised": standardised,
        }
    )


def _constraint(job: _Job, conf_level: float) -> pd.DataFrame:
    """F test of b_P = -b_E (Edwards 1994), and the partial correlation of expectation."""
    n_obs = float(job.moments.n_obs)
    names = ["r_squared_gap", "r_squared_components", "f_statistic", "df_numerator"]
    names += ["df_denominator", "p_value", "partial_r", "partial_statistic", "partial_df"]
    names += ["partial_p", "partial_low", "partial_high"]
    found = dict.fromkeys(names, float("nan"))
    found |= {"df_numerator": 1.0, "df_denominator": n_obs - 3.0, "partial_df": n_obs - 3.0}
    covariance = job.moments.covariance()[-3:, -3:]
    gap = np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    of_gap = gap @ covariance @ gap.T
    found["r_squared_gap"] = float(of_gap[0, 1] ** 2 / (of_gap[0, 0] * of_gap[1, 1]))
    if _has_both(job):
        full = float(fit_paths(covariance, n_obs, [(2, (0, 1))]).r_squared[0])
        found["r_squared_components"] = full
        r = correlation_from_covariance(covariance)
        partial = partial_correlation(
            float(r[1, 2]), float(r[0, 1]), float(r[0, 2]), n_obs, conf_level
        )
        found["partial_r"] = partial.estimate
        if job.is_classical:
            left = 1.0 - full
            if left > SINGULAR:
                statistic = max(full - found["r_squared_gap"], 0.0) / left * (n_obs - 3.0)
                found["f_statistic"] = statistic
                found["p_value"] = float(fdtrc(1.0, n_obs - 3.0, statistic))
            found["partial_statistic"] = partial.statistic
            found["partial_p"] = partial.p_value
            found["partial_low"], found["partial_high"] = partial.conf_low, partial.conf_high
    return pd.DataFrame([found])
