"""How far does the service fall short? Gaps of items, of dimensions and of the whole."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from servqual import rules
from servqual.analyses.adjustment import adjust_p_values
from servqual.analyses.gap_intervals import GapBootstrap, check_gap_interval, gap_limits
from servqual.analyses.group_comparison import (
    COMPARISON_COLUMNS,
    compare_groups,
    comparison_notes,
    groups_left_out,
)
from servqual.analyses.grouping import Group, find_groups
from servqual.errors import EstimationError, OptionError, SmallSampleWarning, shorten
from servqual.numerics.hotelling import hotelling_one_sample
from servqual.numerics.least_squares import collinear_columns
from servqual.numerics.location import mean_test
from servqual.numerics.signed_rank import signed_rank
from servqual.progress import progress_of_part, shown_progress
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    say_p,
)
from servqual.samplestats.counts import value_frequencies
from servqual.samplestats.moments import Moments
from servqual.survey.scoring import PairedScores, row_mean
from servqual.survey.survey import Survey, require_survey
from servqual.typing import (
    DIFFERENCES,
    BoolArray,
    Difference,
    FloatArray,
    GapInterval,
    Level,
    PAdjust,
    ProgressOption,
    ZeroMethod,
    check_conf_level,
    check_option,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GapPlot = Literal["gaps", "dumbbell", "radar"]

_ESTIMATES = [
    "n",
    "expectation",
    "expectation_sd",
    "perception",
    "perception_sd",
    "gap",
    "gap_sd",
    "std_error",
    "statistic",
    "df",
    "p_value",
    "p_adjusted",
    "conf_low",
    "conf_high",
    "effect_size",
    "wilcoxon_p",
]
_MULTIVARIATE = ["n", "statistic", "f_statistic", "df_numerator", "df_denominator", "p_value"]
_TITLES: dict[Difference, str] = {
    "gap": "Gaps",
    "adequacy": "Adequacy gaps",
    "superiority": "Superiority gaps",
}
#: Columns of the frames, which a grouping variable must not be called.
_TAKEN = {
    *_ESTIMATES,
    *_MULTIVARIATE,
    "item",
    "key",
    "label",
    "dimension",
    "n_items",
    "weight",
    "weighted_gap",
    "score",
    "level",
    "term",
    "estimate",
}
_TIDY = {
    "term": "term",
    "gap": "estimate",
    "std_error": "std_error",
    "statistic": "statistic",
    "df": "df",
    "p_value": "p_value",
    "p_adjusted": "p_adjusted",
    "conf_low": "conf_low",
    "conf_high": "conf_high",
    "effect_size": "effect_size",
    "n": "n",
}


@dataclass(frozen=True, repr=False)
class GapResult(Result):
    """Gaps with their uncertainty. A gap is perception − expectation: negative is a shortfall.

    Attributes
    ----------
    sample : SampleInfo
        Respondents of the survey.
    on : str
        Which difference. For ``"adequacy"`` and ``"superiority"`` the columns named ``expectation``
        hold the minimum and the desired level.
    conf_level : float
        Coverage of the intervals.
    p_adjust : str
        How p-values were adjusted: over the items, and over the dimensions, within each group.
    zeros : str
        How Wilcoxon's test treats gaps of zero.
    by : tuple of str
        Grouping variables, which are the leading columns of the frames.
    items : DataFrame
        item, key, label, dimension, n, expectation, expectation_sd, perception, perception_sd, gap,
        gap_sd, std_error, statistic (paired t), df, p_value, p_adjusted, conf_low, conf_high,
        effect_size (gap over the standard deviation of gaps), wilcoxon_p.
    dimensions : DataFrame
        dimension, label, n_items, and the same; weight (mean importance points), weighted_gap (mean
        of points × gap / 100).
    overall : DataFrame
        score (``"dimension mean"``, ``"item mean"``, ``"weighted"``, ``"weighted by mean
        points"``), and the same.
    multivariate : DataFrame
        Hotelling's T² test that all dimension gaps are zero: n, statistic, f_statistic,
        df_numerator, df_denominator, p_value.
    comparisons : DataFrame
        With `by`: level, term, test (``"welch_anova"``, ``"games_howell"``), contrast, estimate
        (difference of gaps), std_error, statistic (F or t), df, df_denominator, p_value,
        p_adjusted, conf_low, conf_high, effect_size (ω² for the first, difference over the pooled
        standard deviation for the second).
    labels : dict
        Dimension → its name for tables and plots.
    scale : tuple of float
        Ends of the answer scale.
    interval : str
        Kind of the limits in `items`, `dimensions` and `overall`.
    n_resamples : int
        Bootstrap resamples behind them; 0 for t intervals.
    seed : int
        Of the resampling.
    n_degenerate : int
        Resamples in which nobody drawn had one of the gaps; its limits come from the others.
    notes : tuple of str
        What could not be computed, and why.
    """

    sample: SampleInfo
    on: Difference
    conf_level: float
    p_adjust: PAdjust
    zeros: ZeroMethod
    by: tuple[str, ...]
    items: pd.DataFrame
    dimensions: pd.DataFrame
    overall: pd.DataFrame
    multivariate: pd.DataFrame
    comparisons: pd.DataFrame
    labels: dict[str, str]
    scale: tuple[float, float]
    interval: GapInterval = "t"
    n_resamples: int = 0
    seed: int = 1
    n_degenerate: int = 0
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading of the representations, which says how the difference was made."""
        first, second = DIFFERENCES[self.on]
        return f"{_TITLES[self.on]} ({first} − {second}; negative is a shortfall)"

    def tidy(self) -> pd.DataFrame:
        """Return one row per item, dimension and overall score, with broom's column names."""
        parts = []
        for level, frame, name in (
            ("item", self.items, "item"),
            ("dimension", self.dimensions, "dimension"),
            ("overall", self.overall, "score"),
        ):
            part = frame.rename(columns={name: "term"})[[*self.by, *_TIDY]].rename(columns=_TIDY)
            part.insert(len(self.by), "level", level)
            part["term"] = part["term"].astype(str)
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def glance(self) -> pd.DataFrame:
        """Return one row: respondents, the overall gap with its interval, and Hotelling's test."""
        nan = float("nan")
        row: dict[str, object] = {
            "n_obs": self.sample.n_obs,
            "n_excluded": self.sample.n_excluded,
            "n_groups": len(self.multivariate),
            "conf_level": self.conf_level,
            **dict.fromkeys(("gap", "std_error", "conf_low", "conf_high"), nan),
            **dict.fromkeys((f"hotelling_{name}" for name in _MULTIVARIATE[1:]), nan),
        }
        if not self.by:
            overall, test = self.overall.iloc[0], self.multivariate.iloc[0]
            row |= {name: overall[name] for name in ("gap", "std_error", "conf_low", "conf_high")}
            row |= {f"hotelling_{name}": test[name] for name in _MULTIVARIATE[1:]}
        row |= {
            "interval": self.interval,
            "n_resamples": self.n_resamples,
            "seed": self.seed,
            "n_degenerate": self.n_degenerate,
        }
        return pd.DataFrame([row])

    @property
    def omnibus(self) -> pd.DataFrame:
        """Rows of `comparisons` that compare all groups at once (Welch's analysis of variance)."""
        return self.comparisons[self.comparisons["test"] == "welch_anova"].reset_index(drop=True)

    @property
    def pairs(self) -> pd.DataFrame:
        """Rows of `comparisons` that compare two groups (Games–Howell)."""
        return self.comparisons[self.comparisons["test"] == "games_howell"].reset_index(drop=True)

    def interpret(self) -> Interpretation:
        """Put the gaps into plain words, with the rule of thumb for their size named.

        Returns
        -------
        Interpretation

        Examples
        --------
        >>> import servqual as sq
        >>> words = sq.gaps(sq.load_example("bank")).interpret()
        >>> words.statements[0].topic
        'overall'
        """
        statements = [*_say_overall(self), *_say_dimensions(self), *_say_groups(self)]
        return Interpretation(tuple(statements))

    def plot(
        self, kind: GapPlot = "gaps", *, level: Level = "dimensions", ax: Axes | None = None
    ) -> Axes:
        """Draw the gaps.

        Parameters
        ----------
        kind : {"gaps", "dumbbell", "radar"}, default "gaps"
            Bars with intervals, sorted; both sides joined by a line; or a radar chart (whose area
            means nothing).
        level : {"dimensions", "items"}, default "dimensions"
            What to show.
        ax : Axes, optional
            Where to draw; a radar chart needs polar axes.

        Returns
        -------
        Axes
        """
        from servqual.plots.gaps import plot_expectation_perception, plot_gaps, plot_radar

        check_option("kind", kind, GapPlot)
        if kind == "gaps":
            return plot_gaps(self, level=level, ax=ax)
        if kind == "dumbbell":
            return plot_expectation_perception(self, level=level, ax=ax)
        return plot_radar(self, level=level, ax=ax)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        names = ["n", "expectation", "perception", "gap", "conf_low", "conf_high", "p_adjusted"]
        # Under its own name, because the minimum and the desired level are no expectation.
        own = {"expectation": DIFFERENCES[self.on][1]}
        tables = [
            (heading, table[[*self.by, column, *names, "effect_size"]].rename(columns=own))
            for heading, table, column in (
                ("Dimensions", self.dimensions, "dimension"),
                ("Overall", self.overall, "score"),
            )
        ]
        if len(self.comparisons):
            shown = [
                "term",
                "contrast",
                "statistic",
                "df",
                "df_denominator",
                "p_value",
                "effect_size",
            ]
            tables.append(("Groups compared (Welch's analysis of variance)", self.omnibus[shown]))
        return tables


def gaps(
    survey: Survey,
    *,
    on: Difference = "gap",
    by: str | Sequence[str] | None = None,
    conf_level: float = 0.95,
    p_adjust: PAdjust = "holm",
    zeros: ZeroMethod = "wilcoxon",
    interval: GapInterval = "t",
    n_resamples: int = 2000,
    seed: int = 1,
    progress: ProgressOption = None,
) -> GapResult:
    """Gaps of items, dimensions and of the whole, with paired tests and intervals.

    The respondent is the unit: each has one gap per item, and one per dimension (the mean over the
    item pairs answered on both sides); the tests are those of their means. The overall score is the
    mean of the dimension scores, as Parasuraman, Zeithaml and Berry use it; the mean of all items
    stands beside it, because the two differ when dimensions have different numbers of items.

    Parameters
    ----------
    survey : Survey
        Answers to both sides.
    on : {"gap", "adequacy", "superiority"}, default "gap"
        perception − expectation, perception − minimum, or perception − desired.
    by : str or sequence of str, optional
        Grouping variables: every table per group, and the groups compared.
    conf_level : float, default 0.95
        Coverage of the intervals.
    p_adjust : {"holm", "bonferroni", "hochberg", "fdr-bh", "fdr-by", "none"}, default "holm"
        Adjustment over the items, and over the dimensions.
    zeros : {"wilcoxon", "pratt"}, default "wilcoxon"
        Wilcoxon's test drops gaps of zero, as R does; Pratt's keeps them in the ranking.
    interval : {"t", "bootstrap", "bca"}, default "t"
        Limits from the t distribution, percentiles of bootstrap resamples, or such percentiles
        corrected for bias and skewness.
    n_resamples : int, default 2000
        Bootstrap resamples; not used for t intervals.
    seed : int, default 1
        Seed of the bootstrap; the limits do not depend on anything else.
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstrap runs. None shows a bar where somebody
        is looking and the work is long, True always, False never.

    Returns
    -------
    GapResult

    Raises
    ------
    RowsRequiredError
        If `survey` is not a survey.
    OptionError
        If an option, a side or a grouping variable does not exist.

    Warns
    -----
    SmallSampleWarning
        If fewer than ten respondents stand behind a dimension.

    Notes
    -----
    Standard errors are those of a mean of independent respondents; with sampling weights they are
    Taylor-linearised. Under frequency weights a row counts as that many respondents. Wilcoxon's
    test has no design-based form here, so it is nan under sampling weights.

    The bootstrap resamples respondents, once for all items, dimensions and scores, and within each
    group. They keep the answers that they miss, so a mean is over those drawn who have the gap.
    Only limits of gaps come from it: standard errors, tests and comparisons of groups stay as they
    are. "Weighted by mean points" takes the mean points of the sample as fixed in both.

    References
    ----------
    Parasuraman, A., Zeithaml, V. A., & Berry, L. L. (1988). SERVQUAL: A multiple-item scale for
    measuring consumer perceptions of service quality. *Journal of Retailing*, 64(1), 12–40.

    Welch, B. L. (1951). On the comparison of several mean values. *Biometrika*, 38, 330–336.
    https://doi.org/10.1093/biomet/38.3-4.330

    Efron, B. (1987). Better bootstrap confidence intervals. *Journal of the American Statistical
    Association*, 82(397), 171–185. https://doi.org/10.1080/01621459.1987.10478410

    Games, P. A., & Howell, J. F. (1976). Pairwise multiple comparison procedures with unequal n's
    and/or variances. *Journal of Educational Statistics*, 1(2), 113–125.
    https://doi.org/10.3102/10769986001002113

    Examples
    --------
    >>> import servqual as sq
    >>> result = sq.gaps(sq.load_example("bank"))
    >>> worst = result.dimensions.sort_values("gap").iloc[0]
    >>> worst["dimension"]
    'reliability'
    """
    source = require_survey(survey, "gaps")
    check_option("on", on, Difference, "Gaps are differences of two sides.")
    check_conf_level(conf_level)
    check_option("p_adjust", p_adjust, PAdjust)
    check_option("zeros", zeros, ZeroMethod)
    interval, n_resamples, seed = check_gap_interval(interval, n_resamples, seed)
    _check_by(by)
    job = _Job(source, on, conf_level, p_adjust, zeros)
    groups, names = find_groups(source, by, _TAKEN)
    tables = [_tables_of_group(job, levels, rows, names) for levels, rows in groups]
    for table in tables:
        _warn_if_small(table, names, interval)
    bootstrap = GapBootstrap(interval, n_resamples, seed, conf_level)
    n_degenerate = 0
    if interval != "t":
        n_degenerate = _put_limits(tables, groups, source, bootstrap, progress)
    notes = [note for table in tables for note in table.notes]
    comparisons = pd.DataFrame(columns=COMPARISON_COLUMNS)
    if names:
        comparisons, remarks = _compare(job, groups)
        notes += remarks
    if source.weight_kind == "sampling":
        notes.append(
            "Wilcoxon's test has no form for sampling weights here, so its p-values are nan."
        )
    notes += _notes_on_limits(bootstrap, n_degenerate, len(groups))
    if not source.has_importance:
        notes.append("No importance points were given, so there is no weighted score.")
    scale = source.instrument.scale
    return GapResult(
        sample=_sample(source, groups),
        on=on,
        conf_level=conf_level,
        p_adjust=p_adjust,
        zeros=zeros,
        by=names,
        items=_stack([table.items for table in tables]),
        dimensions=_stack([table.dimensions for table in tables]),
        overall=_stack([table.overall for table in tables]),
        multivariate=_stack([table.multivariate for table in tables]),
        comparisons=comparisons,
        labels={part.key: part.label for part in source.instrument.dimensions},
        scale=(scale.minimum, scale.maximum),
        interval=interval,
        n_resamples=n_resamples,
        seed=seed,
        n_degenerate=n_degenerate,
        notes=tuple(dict.fromkeys(notes)),
    )


def _check_by(by: object) -> None:
    """Refuse what cannot be names of grouping variables."""
    if by is None or isinstance(by, str):
        return
    if not isinstance(by, Sequence) or not all(isinstance(name, str) for name in by):
        raise OptionError(
            f"`by` is {by!r}, but must be the name of a grouping variable or a list of names, such "
            'as "branch" or ["branch", "wave"].'
        )


# ---- estimates -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Job:
    """What stays the same over all groups of one call."""

    survey: Survey
    on: Difference
    conf_level: float
    p_adjust: PAdjust
    zeros: ZeroMethod


@dataclass(frozen=True, slots=True)
class _Tables:
    items: pd.DataFrame
    dimensions: pd.DataFrame
    overall: pd.DataFrame
    multivariate: pd.DataFrame
    notes: tuple[str, ...]
    gaps: FloatArray


def _tables_of_group(
    job: _Job, levels: tuple[str, ...], rows: BoolArray, names: tuple[str, ...]
) -> _Tables:
    survey, instrument = job.survey, job.survey.instrument
    dimension_pairs = survey.paired(job.on, "dimensions")
    where = f" ({', '.join(levels)})" if levels else ""
    item_pairs = survey.paired(job.on, "items")
    items = _estimates(job, item_pairs, rows)
    items.insert(0, "dimension", [item.dimension for item in instrument.items])
    items.insert(0, "label", [item.label for item in instrument.items])
    items.insert(0, "key", [item.key for item in instrument.items])
    items.insert(0, "item", [item.number for item in instrument.items])
    dimensions = _estimates(job, dimension_pairs, rows)
    keys = [dimension.key for dimension in instrument.dimensions]
    dimensions.insert(0, "n_items", [len(instrument.items_of(key)) for key in keys])
    dimensions.insert(0, "label", [dimension.label for dimension in instrument.dimensions])
    dimensions.insert(0, "dimension", keys)
    points = survey.points
    dimensions["weight"], dimensions["weighted_gap"] = _weights(job, dimension_pairs, points, rows)
    scores = list(_overall_scores(job, dimension_pairs, dimensions["weight"].to_numpy()))
    # The rows are different definitions of one quantity, not a family of tests.
    pairs = _side_by_side([pair for _, pair in scores])
    overall = _estimates(replace(job, p_adjust="none"), pairs, rows)
    overall.insert(0, "score", [name for name, _ in scores])
    multivariate, notes = _hotelling(job, dimension_pairs.difference, rows, where)
    notes += _notes_on_nan(items, dimensions, overall, where)
    for frame in (items, dimensions, overall, multivariate):
        for place, (name, level) in enumerate(zip(names, levels, strict=True)):
            frame.insert(place, name, level)
    columns = [part.difference for part in (item_pairs, dimension_pairs, pairs)]
    return _Tables(items, dimensions, overall, multivariate, tuple(notes), np.hstack(columns))


def _put_limits(
    tables: list[_Tables],
    groups: list[Group],
    survey: Survey,
    bootstrap: GapBootstrap,
    progress: ProgressOption,
) -> int:
    """Write bootstrap limits into the tables of each group; return how many resamples had none."""
    n_degenerate = 0
    with shown_progress(progress, "Resampling") as tell:
        for place, (table, (_, rows)) in enumerate(zip(tables, groups, strict=True)):
            settings = replace(bootstrap, progress=progress_of_part(tell, place, len(groups)))
            limits = gap_limits(survey, table.gaps, rows, settings)
            n_degenerate += limits.n_degenerate
            start = 0
            for frame in (table.items, table.dimensions, table.overall):
                part = slice(start, start := start + len(frame))
                # Where all gaps are the same, resamples say nothing about others.
                varies = (frame["gap_sd"] > 0).to_numpy()
                frame["conf_low"] = np.where(varies, limits.low[part], np.nan)
                frame["conf_high"] = np.where(varies, limits.high[part], np.nan)
    return n_degenerate


def _notes_on_limits(bootstrap: GapBootstrap, n_degenerate: int, n_groups: int) -> list[str]:
    """What the limits are, when they are not those of the tests beside them."""
    if bootstrap.interval == "t":
        return []
    kind = {"bootstrap": "percentiles", "bca": "bias-corrected percentiles (BCa)"}
    each = " of each group" if n_groups > 1 else ""
    notes = [
        f"Limits are {kind[bootstrap.interval]} of {bootstrap.n_resamples} bootstrap "
        f"resamples{each}; standard errors and tests are those of means."
    ]
    if n_degenerate:
        notes.append(
            f"In {n_degenerate} of {n_groups * bootstrap.n_resamples} resamples nobody drawn had "
            "one of the gaps; its limits come from the others."
        )
    return notes


def _notes_on_nan(
    items: pd.DataFrame, dimensions: pd.DataFrame, overall: pd.DataFrame, where: str
) -> list[str]:
    """Say why a test is nan."""
    parts = ((items, "key"), (dimensions, "dimension"), (overall, "score"))
    few = [str(name) for table, column in parts for name in table.loc[table["n"] < 2, column]]
    flat = [
        str(name) for table, column in parts for name in table.loc[table["gap_sd"] == 0, column]
    ]
    notes = []
    if few:
        notes.append(
            f"Fewer than two respondents have a gap in {shorten(few)}{where}, so no test exists "
            "there."
        )
    if flat:
        notes.append(
            f"Every respondent has the same gap in {shorten(flat)}{where}, so no test exists there."
        )
    return notes


def _estimates(job: _Job, pairs: PairedScores, rows: BoolArray) -> pd.DataFrame:
    """Table of `_ESTIMATES`, one row per column of the scores."""
    width = job.survey.instrument.scale.width
    summaries = []
    for place in range(pairs.difference.shape[1]):
        values = np.column_stack(
            [pairs.subtrahend[:, place], pairs.minuend[:, place], pairs.difference[:, place]]
        )
        moments = job.survey.collect(values, ("expectation", "perception", "gap"), rows=rows)
        deviation = moments.standard_deviation()
        # A constant of thirds has a variance of rounding errors; it is none.
        deviation = np.where(deviation < 1e-9 * width, 0.0, deviation)
        error = moments.standard_error()[2] if deviation[2] > 0 else np.sqrt(deviation[2])
        summaries.append((moments.n_obs, *moments.mean, *deviation, error))
    n, e_mean, p_mean, gap, e_sd, p_sd, gap_sd, error = np.array(summaries, dtype=np.float64).T
    test = mean_test(gap, error, n - 1.0, conf_level=job.conf_level)
    effect = np.divide(gap, gap_sd, out=np.full_like(gap, np.nan), where=gap_sd > 0)
    columns = {
        "n": n.astype(np.int64),
        "expectation": e_mean,
        "expectation_sd": e_sd,
        "perception": p_mean,
        "perception_sd": p_sd,
        "gap": gap,
        "gap_sd": gap_sd,
        "std_error": error,
        "statistic": test.statistic,
        "df": n - 1.0,
        "p_value": test.p_value,
        "p_adjusted": adjust_p_values(test.p_value, job.p_adjust),
        "conf_low": test.conf_low,
        "conf_high": test.conf_high,
        "effect_size": effect,
        "wilcoxon_p": _wilcoxon(job, pairs.difference, rows),
    }
    return pd.DataFrame(columns)


def _wilcoxon(job: _Job, differences: FloatArray, rows: BoolArray) -> FloatArray:
    p_values = np.full(differences.shape[1], np.nan)
    if job.survey.weight_kind == "sampling":
        return p_values
    weights = job.survey.weights
    for place in range(differences.shape[1]):
        keep = rows & ~np.isnan(differences[:, place])
        if weights is not None:
            keep &= weights > 0
        # Means of means carry rounding errors that would break ties between equal answers.
        values = np.round(differences[keep, place], 10)
        if values.size:
            table = value_frequencies(values, None if weights is None else weights[keep])
            p_values[place] = signed_rank(*table, zeros=job.zeros).p_value
    return p_values


def _weights(
    job: _Job, pairs: PairedScores, points: FloatArray | None, rows: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Mean importance points, and mean of points × gap / 100, per dimension."""
    size = pairs.difference.shape[1]
    if points is None:
        return np.full(size, np.nan), np.full(size, np.nan)
    names = [str(place) for place in range(size)]
    mean_points = job.survey.collect(points, names, rows=rows).mean
    products = points * pairs.difference / 100.0
    weighted = [
        job.survey.collect(products[:, [place]], [names[place]], rows=rows).mean[0]
        for place in range(size)
    ]
    return mean_points, np.array(weighted)


def _overall_scores(
    job: _Job, pairs: PairedScores, mean_points: FloatArray
) -> Iterator[tuple[str, PairedScores]]:
    sides = (pairs.minuend, pairs.subtrahend, pairs.difference)
    yield "dimension mean", PairedScores(*(row_mean(side)[:, None] for side in sides))
    yield "item mean", job.survey.overall_pair(job.on)
    points = job.survey.points
    if points is not None:
        yield (
            "weighted",
            PairedScores(*((points * side).sum(axis=1, keepdims=True) / 100.0 for side in sides)),
        )
        yield (
            "weighted by mean points",
            PairedScores(
                *((mean_points * side).sum(axis=1, keepdims=True) / 100.0 for side in sides)
            ),
        )


def _side_by_side(parts: list[PairedScores]) -> PairedScores:
    return PairedScores(
        np.hstack([part.minuend for part in parts]),
        np.hstack([part.subtrahend for part in parts]),
        np.hstack([part.difference for part in parts]),
    )


def _hotelling(
    job: _Job, differences: FloatArray, rows: BoolArray, where: str
) -> tuple[pd.DataFrame, list[str]]:
    names = [dimension.key for dimension in job.survey.instrument.dimensions]
    moments = job.survey.collect(differences, names, rows=rows)
    nan = float("nan")
    row: dict[str, Any] = dict.fromkeys(_MULTIVARIATE, nan)
    row["n"] = moments.n_obs
    notes = []
    try:
        test = hotelling_one_sample(moments.mean, moments.covariance_of_mean(), moments.n_obs)
    except EstimationError:
        reason = _why_no_hotelling(moments)
        notes.append(f"Hotelling's test of all dimensions was not done{where}: {reason}")
    else:
        row.update(
            statistic=test.statistic,
            f_statistic=test.f_statistic,
            df_numerator=test.df_numerator,
            df_denominator=test.df_denominator,
            p_value=test.p_value,
        )
    return pd.DataFrame([row], columns=_MULTIVARIATE), notes


def _why_no_hotelling(moments: Moments) -> str:
    """Say in the words of the survey why the dimension gaps cannot be tested together."""
    names = moments.variables
    if moments.n_obs <= len(names):
        return (
            f"respondents with a gap in every dimension must be more than the {len(names)} "
            f"dimensions, and there are {moments.n_obs}."
        )
    covariance = moments.covariance()
    flat = [
        name for name, variance in zip(names, np.diag(covariance), strict=True) if variance == 0
    ]
    if flat:
        return (
            f"among the respondents with a gap in every dimension, all have the same gap in "
            f"{shorten(flat)}. The tests of the other dimensions stand by themselves."
        )
    tied = [names[place] for place in collinear_columns(covariance)]
    return (
        f"the gaps of {shorten(tied or names)} determine one another exactly, so their covariance "
        "matrix is singular. Look whether a column was entered twice."
    )


def _warn_if_small(table: _Tables, names: tuple[str, ...], interval: GapInterval) -> None:
    small = table.dimensions[table.dimensions["n"] < 10]
    if len(small):
        levels = small.iloc[0][list(names)]
        where = f" ({', '.join(levels)})" if names else ""
        trust = "Their intervals rest on the normality of so few answers"
        if interval != "t":
            trust = "Bootstrap intervals of so few answers are too narrow as a rule"
        listed = ", ".join(
            f"{key} ({n})" for key, n in zip(small["dimension"], small["n"], strict=True)
        )
        warnings.warn(
            f"Fewer than ten respondents stand behind these dimension gaps{where}: {listed}. "
            f"{trust}; read them as a description.",
            SmallSampleWarning,
            stacklevel=3,
        )


def _stack(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


def _sample(survey: Survey, groups: list[Group]) -> SampleInfo:
    total = survey.n_respondents
    counted = sum(survey.count_respondents(rows) for _, rows in groups)
    rule = f"item pairs; dimensions with {survey.min_answered:.0%} of their pairs"
    return SampleInfo(counted, total - counted, rule, survey.weight_kind)


# ---- groups compared -----------------------------------------------------------------------------


def _compare(job: _Job, groups: list[Group]) -> tuple[pd.DataFrame, list[str]]:
    pairs = job.survey.paired(job.on, "dimensions")
    keys = [dimension.key for dimension in job.survey.instrument.dimensions]
    columns = [("dimension", key, pairs.difference[:, place]) for place, key in enumerate(keys)]
    columns.append(("overall", "dimension mean", row_mean(pairs.difference)))
    names = [", ".join(levels) for levels, _ in groups]
    parts, left_out = [], {}
    for level, term, values in columns:
        moments = [job.survey.collect(values[:, None], [term], rows=rows) for _, rows in groups]
        table, _ = compare_groups(moments, names, term, conf_level=job.conf_level)
        table.insert(0, "level", level)
        parts.append(table)
        left_out[term] = groups_left_out(moments, names)
    comparisons = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    omnibus = (comparisons["test"] == "welch_anova") & (comparisons["level"] == "dimension")
    comparisons.loc[omnibus, "p_adjusted"] = adjust_p_values(
        comparisons.loc[omnibus, "p_value"], job.p_adjust
    )
    return comparisons[COMPARISON_COLUMNS], comparison_notes(left_out, len(names))


# ---- words ---------------------------------------------------------------------------------------


def _say_overall(result: GapResult) -> Iterator[Statement]:
    for _, row in result.overall[result.overall["score"] == "dimension mean"].iterrows():
        group = ", ".join(str(row[name]) for name in result.by)
        prefix = f"{group}: overall" if group else "Overall"
        if not np.isfinite(row["gap"]):
            yield Statement("overall", f"{prefix}, no gap can be computed.")
            continue
        side = {
            "gap": "expectations",
            "adequacy": "the minimum",
            "superiority": "the desired level",
        }
        if row["gap"] == 0:
            yield Statement("overall", f"{prefix}, the service meets {side[result.on]} exactly.")
            continue
        verb = "falls short of" if row["gap"] < 0 else "exceeds"
        interval = ""
        if np.isfinite(row["conf_low"]):
            interval = (
                f" ({result.conf_level:.0%} interval {format_number(row['conf_low'], 2)} to "
                f"{format_number(row['conf_high'], 2)})"
            )
        yield Statement(
            "overall",
            f"{prefix}, the service {verb} {side[result.on]} by "
            f"{format_number(abs(row['gap']), 2)} points"
            f"{interval}, on a scale from {result.scale[0]:g} to {result.scale[1]:g}.",
        )


def _say_dimensions(result: GapResult) -> Iterator[Statement]:
    if result.by:
        return
    for _, row in result.dimensions.sort_values("gap", kind="stable").iterrows():
        if not np.isfinite(row["effect_size"]):
            continue
        word = rules.EFFECT_SIZE.word(abs(row["effect_size"]))
        differs = row["p_adjusted"] < 1.0 - result.conf_level
        verdict = (
            f"a {word} {'shortfall' if row['gap'] < 0 else 'surplus'}"
            if differs
            else "not distinguishable from zero"
        )
        yield Statement(
            str(row["dimension"]),
            f"{row['label']}: gap {format_number(row['gap'], 2)}, {verdict} "
            f"(d = {format_number(row['effect_size'], 2)}, adjusted "
            f"{say_p(row['p_adjusted'])}).",
            rules.EFFECT_SIZE.name,
            rules.EFFECT_SIZE.source,
        )


def _say_groups(result: GapResult) -> Iterator[Statement]:
    for _, row in result.omnibus.iterrows():
        if not np.isfinite(row["p_value"]):
            continue
        differ = row["p_adjusted"] < 1.0 - result.conf_level
        label = result.labels.get(str(row["term"]), "Overall score")
        found = (
            "differ between the groups" if differ else "do not differ detectably between the groups"
        )
        yield Statement(
            str(row["term"]),
            f"{label}: gaps {found} (Welch's F({format_number(row['df'], 0)}, "
            f"{format_number(row['df_denominator'], 1)}) = {format_number(row['statistic'], 2)}, "
            f"ω² = {format_number(row['effect_size'], 3)}).",
        )
