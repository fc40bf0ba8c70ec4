"""What would an improvement go with? Perceptions shifted, and put through the regression."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from servqual.analyses.predictors import ModelVariables, model_variables
from servqual.analyses.resampling import (
    FEW_CLUSTERS,
    check_bootstrap,
    cluster_codes,
    complete_respondents,
)
from servqual.analyses.what_if_options import (
    AskedChanges,
    OutcomeScale,
    asked_changes,
    check_answered,
    outcome_scale,
)
from servqual.errors import (
    EstimationError,
    NotIdentifiedError,
    OptionError,
    SmallSampleWarning,
    shorten,
)
from servqual.numerics.bootstrap import percentile_interval
from servqual.numerics.least_squares import collinear_columns
from servqual.numerics.what_if import (
    Scenario,
    ScenarioChanges,
    ScoreChanges,
    WhatIfModel,
    first_places,
    places,
    resampled_changes,
    scenario_changes,
    score_changes,
    share_positions,
)
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number
from servqual.samplestats.moments import Moments, require_moments
from servqual.survey.scoring import mean_scores
from servqual.survey.survey import Survey, require_survey
from servqual.typing import (
    DIFFERENCES,
    BoolArray,
    FloatArray,
    IntArray,
    PerceptionScore,
    Progress,
    WhatIfPlot,
    check_conf_level,
    check_option,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["WhatIfResult", "what_if"]

_ASSOCIATION = (
    "An association, no proof of an effect: respondents who differ in their perceptions are "
    "compared with each other. Whether a change would bring this about, these data cannot show."
)

#: How sentences call the measures, and how their changes are counted.
_WORDS = {
    "mean": ("the mean of {}", "points"),
    "top-two-box": ("the share in the top two boxes of {}", "percentage points"),
    "nps": ("the net promoter score of {}", "points"),
}


@dataclass(frozen=True, repr=False)
class WhatIfResult(Result):
    """What a change of perceptions goes with.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with all variables.
    outcome : str
        What is looked at.
    through : str
        The mediator; empty without one.
    on : str
        Of which scores the predictors are.
    covariates : tuple of str
        Held fixed.
    cluster : str
        Grouping variable whose groups were resampled whole; empty without one.
    outcome_range : tuple of float
        Lowest and highest answer to the outcome; nan where not known.
    r_squared : float
        Share of the outcome's variance that the model explains.
    changes : DataFrame
        term, label, level (``dimension`` or ``item``), asked (points, of the whole score),
        effective (mean of what the scale leaves room for), share_at_bound (of respondents who
        change by less than asked, because an answer met the end of the scale), before, after (mean
        perceptions).
    effects : DataFrame
        measure (``mean`` in points; ``top-two-box`` in percent of respondents; ``nps``, from −100
        to 100, for one question asked from 0 to 10), part (``total``; with a mediator ``direct``
        and ``through`` for the mean), before, after, change, std_error, conf_low, conf_high (of the
        change).
    per_point : DataFrame
        Each dimension moved up alone, by one point or as far as the scale goes: term, label,
        measure, effective, change, std_error, conf_low, conf_high, rank (1 gives most), rank_low,
        rank_high, p_first (share of resamples in which it gives most).
    conf_level : float
        Coverage of the intervals, which are bootstrap percentiles.
    n_resamples : int
        Bootstrap resamples; 0 for none.
    n_degenerate : int
        Resamples in which the model could not be fitted, which do not count.
    seed : int
        Seed of the bootstrap.
    notes : tuple of str
        How it is to be read, and what could not be computed.
    """

    title: ClassVar[str] = "What if"

    sample: SampleInfo
    outcome: str
    through: str
    on: PerceptionScore
    covariates: tuple[str, ...]
    cluster: str
    outcome_range: tuple[float, float]
    r_squared: float
    changes: pd.DataFrame
    effects: pd.DataFrame
    per_point: pd.DataFrame
    conf_level: float
    n_resamples: int
    n_degenerate: int
    seed: int
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per measure of the outcome."""
        return self.effects.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        total = self.effects[self.effects["part"] == "total"].set_index("measure")
        change = total["change"].reindex(list(_WORDS))
        first = self._first("mean")
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "through": [self.through],
                "on": [self.on],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "r_squared": [self.r_squared],
                "change_mean": [float(change["mean"])],
                "change_top_two_box": [float(change["top-two-box"])],
                "change_nps": [float(change["nps"])],
                "first": [str(first["term"])],
                "p_first": [float(first["p_first"])],
                "n_resamples": [self.n_resamples],
                "n_degenerate": [self.n_degenerate],
                "conf_level": [self.conf_level],
                "seed": [self.seed],
            }
        )

    def interpret(self) -> Interpretation:
        """Put the changes into plain words.

        Returns
        -------
        Interpretation
        """
        moved = self.changes[self.changes["level"] == "dimension"]
        statements = [_say_change(row) for _, row in moved.iterrows()]
        statements += [self._say_effect(row) for _, row in self.effects.iterrows()]
        statements.append(self._say_first())
        statements.append(Statement("cause", _ASSOCIATION))
        return Interpretation(tuple(statements))

    def plot(self, *, kind: WhatIfPlot = "per-point", ax: Axes | None = None) -> Axes:
        """Draw what each dimension gives per point, or the outcome before and after.

        Parameters
        ----------
        kind : {"per-point", "effects"}, default "per-point"
            Which picture.
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes

        Raises
        ------
        OptionError
            If `kind` is something else.
        """
        from servqual.plots.what_if import plot_what_if

        return plot_what_if(self, kind=kind, ax=ax)

    def _first(self, measure: str) -> pd.Series:
        rows = self.per_point[self.per_point["measure"] == measure]
        return rows.sort_values("rank", kind="stable").iloc[0]

    def _say_effect(self, row: pd.Series) -> Statement:
        measure, part = str(row["measure"]), str(row["part"])
        what, unit = _WORDS[measure]
        change, low, high = (float(row[name]) for name in ("change", "conf_low", "conf_high"))
        if not np.isfinite(change):
            return Statement(measure, f"There is no change of {what.format(self.outcome)} to tell.")
        interval = ""
        if np.isfinite(low):
            interval = (
                f" ({self.conf_level:.0%} interval {format_number(low, 2)} to "
                f"{format_number(high, 2)})"
            )
        size = f"{format_number(change, 2)} {unit}{interval}"
        if part != "total":
            way = "directly" if part == "direct" else f"through {self.through}"
            return Statement(part, f"Of that, {size} run {way}.")
        text = (
            f"With it {what.format(self.outcome)} goes from {format_number(row['before'], 2)} to "
            f"{format_number(row['after'], 2)}, by {size}"
        )
        if low <= 0.0 <= high and change != 0.0:
            text += ", which cannot be told from none"
        return Statement(measure, text + ".")

    def _say_first(self) -> Statement:
        first = self._first("mean")
        text = (
            f"Moved up alone by one point, or as far as the scale goes, {first['label']} goes with "
            f"most: {format_number(first['change'], 2)} points of {self.outcome}"
        )
        if np.isfinite(first["p_first"]):
            text += f"; it comes first in {first['p_first']:.0%} of the resamples"
        return Statement("per point", text + ".")

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        effects = self.effects.drop(columns="std_error")
        points = self.per_point[self.per_point["measure"] == "mean"].drop(
            columns=["label", "measure", "std_error"]
        )
        for name in ("rank", "rank_low", "rank_high"):
            points[name] = [format_number(place, 0) for place in points[name]]
        chain = f" through {self.through}" if self.through else ""
        return [
            ("Changes of perceptions", self.changes.drop(columns="label")),
            (f"Goes with, for {self.outcome}{chain}", effects),
            ("One point of each dimension alone: change of the mean", points),
        ]


def _say_change(row: pd.Series) -> Statement:
    text = (
        f"{row['label']} moved by {format_number(row['asked'], 2)} points moves by "
        f"{format_number(row['effective'], 2)} on average"
    )
    if row["share_at_bound"] > 0.0:
        text += (
            f", since {row['share_at_bound']:.0%} of the respondents meet the end of the scale "
            "with an answer"
        )
    return Statement(str(row["term"]), text + ".")


def what_if(
    survey: Survey,
    changes: Mapping[str, float],
    outcome: str,
    *,
    through: str | None = None,
    on: PerceptionScore = "gap",
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    outcome_range: tuple[float, float] | None = None,
    conf_level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 1,
    progress: Progress | None = None,
) -> WhatIfResult:
    """Tell what a change of perceptions would go with, if the regression were to hold.

    Every respondent's perceptions are moved as far as the answer scale allows, expectations stay,
    and the outcome follows by its regression on all dimension scores. An association, no proof of
    an effect.

    Parameters
    ----------
    survey : Survey
        The respondents.
    changes : mapping of str to float
        Dimension, ``"quality"`` (all dimensions) or item (``"5"``, ``"P5"``) → points of the scale
        by which each of its perceptions moves; negative for a decline.
    outcome : str
        An outcome of the survey or one of its columns.
    through : str, optional
        A mediator, such as ``"satisfaction"`` for loyalty: the effect is split into what runs
        through it and what does not.
    on : {"gap", "perception", "adequacy", "superiority"}, default "gap"
        Scores that are the predictors.
    covariates : sequence of str, default ()
        Further variables in every regression, which are held fixed.
    cluster : str, optional
        Grouping variable whose groups are resampled whole, such as the branch.
    outcome_range : tuple of float, optional
        Lowest and highest answer to the outcome. Default: the scale of the instrument; 0 to 10 for
        an outcome that is called a recommendation and does not fit it.
    conf_level : float, default 0.95
        Coverage of the intervals.
    n_resamples : int, default 2000
        Bootstrap resamples; 0 for no intervals.
    seed : int, default 1
        Seed of the bootstrap; the result does not depend on anything else.
    progress : callable, optional
        Is told (done, total) while the bootstrap runs.

    Returns
    -------
    WhatIfResult

    Raises
    ------
    OptionError
        If a variable or an option does not exist, or a change is no finite number.
    RowsRequiredError
        If it is given no survey.
    EstimationError
        If too few respondents remain, a variable is constant, or nobody answered what is to change.
    NotIdentifiedError
        If predictors repeat each other.

    Warns
    -----
    SmallSampleWarning
        If there are fewer than 20 clusters.

    Notes
    -----
    An answer that would leave the scale stops at its end, so scores change by less than asked.
    Scores are means of the answers that are there: an item moves its dimension by one over their
    number, and where it was skipped by nothing.

    The mean of the outcome changes by the sum of coefficient times mean effective change. For
    shares each respondent's outcome changes by coefficient times own effective change, and keeps
    what the model does not explain. An outcome between two possible scores counts for both, in
    proportion, so that without a change the share is the observed one. The top two boxes of a mean
    of several questions are scores of the maximum less one, or more. Promoters give 9 or 10,
    detractors 0 to 6 (Reichheld).

    Each resample gives its own coefficients, effective changes and shares.

    References
    ----------
    Reichheld, F. F. (2003). The one number you need to grow. *Harvard Business Review*, 81(12),
    46–54.

    Examples
    --------
    >>> import servqual as sq
    >>> survey = sq.load_example("bank")
    >>> result = sq.what_if(survey, {"reliability": 0.5}, "satisfaction", n_resamples=200)
    >>> result.tidy()["measure"].tolist()
    ['mean', 'top-two-box']
    >>> bool(0.4 < result.changes["effective"].item() < 0.5)
    True
    """
    require_survey(survey, "what_if")
    check_conf_level(conf_level)
    check_option("on", on, PerceptionScore)
    n_resamples, seed = check_bootstrap(n_resamples, seed)
    asked = asked_changes(survey, changes)
    variables = _variables(survey, outcome, through, on, covariates)
    answers, groups = _counting_answers(survey, on)
    check_answered(survey, np.asarray(~np.isnan(answers)), asked, groups)
    moments = require_moments(
        survey, variables.names, minimum=len(variables.names) + 1, what="what_if"
    )
    rows = survey.rows(variables.names)
    keep = complete_respondents(survey, rows)
    scale = outcome_scale(survey, outcome, keep, outcome_range)
    scenario = _Scenario.of(survey, asked, answers[keep], groups)
    model = _model(rows[keep], scenario, scale, mediated=through is not None)
    weights = None if survey.weights is None else survey.weights[keep]
    point = _of_sample(model, weights, moments, variables)
    draws, n_degenerate = _of_resamples(
        survey, model, keep, cluster, n_resamples=n_resamples, seed=seed, progress=progress
    )
    measures = _measures(model, scale, weights, point, draws)
    effects = _effects(measures, conf_level)
    return WhatIfResult(
        sample=SampleInfo(moments.n_obs, moments.n_excluded, "listwise", moments.weight_kind),
        outcome=outcome,
        through=through or "",
        on=on,
        covariates=tuple(covariates),
        cluster=cluster or "",
        outcome_range=scale.ends,
        r_squared=_r_squared(moments.covariance()),
        changes=_changes(survey, asked, scenario, weights),
        effects=effects,
        per_point=_per_point(survey, measures, scenario, weights, conf_level),
        conf_level=conf_level,
        n_resamples=n_resamples,
        n_degenerate=n_degenerate,
        seed=seed,
        notes=tuple(_notes(effects, scale, outcome, n_resamples, n_degenerate)),
    )


# ---- what is asked -------------------------------------------------------------------------------


def _variables(
    survey: Survey,
    outcome: str,
    through: str | None,
    on: PerceptionScore,
    covariates: Sequence[str],
) -> ModelVariables:
    """Dimensions, covariates, the mediator, the outcome."""
    if isinstance(covariates, str):
        raise OptionError(
            f'`covariates` is "{covariates}", but must be a list, such as ["{covariates}"].'
        )
    mediator: object = through
    if mediator is not None and (not isinstance(mediator, str) or mediator == outcome):
        raise OptionError(
            f"`through` is {mediator!r}, but must name a variable between quality and the outcome "
            f'{outcome!r}, such as "satisfaction" for loyalty; leave it out for none.'
        )
    keys = [dimension.key for dimension in survey.instrument.dimensions]
    between = [] if through is None else [through]
    return model_variables(
        survey,
        outcome=outcome,
        on=on,
        predictors=[*keys, *covariates, *between],
        analysis="what_if",
    )


def _counting_answers(survey: Survey, on: PerceptionScore) -> tuple[FloatArray, list[IntArray]]:
    """Perceptions that count for scores, nan where they do not, and the columns of dimensions."""
    answers = survey.answers("perception")
    if on in DIFFERENCES:
        answers = np.where(np.isnan(survey.answers(on)), np.nan, answers)
    groups = [
        np.array(
            [
                place
                for place, item in enumerate(survey.instrument.items)
                if item.dimension == dimension.key
            ]
        )
        for dimension in survey.instrument.dimensions
    ]
    return answers, groups


@dataclass(frozen=True, slots=True, eq=False)
class _Scenario:
    """What was asked, and each dimension moved by one point, for the respondents of the model."""

    answers: FloatArray
    groups: list[IntArray]
    asked: ScoreChanges
    of_one_point: ScoreChanges
    predictors: tuple[int, ...]

    @classmethod
    def of(
        cls,
        survey: Survey,
        asked: AskedChanges,
        answers: FloatArray,
        groups: list[IntArray],
    ) -> _Scenario:
        scale = survey.instrument.scale
        ends = (scale.minimum, scale.maximum)
        ones = np.ones(answers.shape[1])
        return cls(
            answers=answers,
            groups=groups,
            asked=score_changes(answers, asked.shifts, groups, *ends),
            of_one_point=score_changes(answers, ones, groups, *ends),
            predictors=asked.dimensions,
        )


def _model(
    complete: FloatArray, scenario: _Scenario, scale: OutcomeScale, *, mediated: bool
) -> WhatIfModel:
    """Regressions with the scenario as asked, then each dimension by one point."""
    moved = list(scenario.predictors)
    scenarios = [Scenario(scenario.predictors, scenario.asked.scores[:, moved])]
    scenarios += [
        Scenario((place,), scenario.of_one_point.scores[:, [place]])
        for place in range(len(scenario.groups))
    ]
    positions = [
        share_positions(scale.totals, scale.n_answers, threshold) for threshold in scale.thresholds
    ]
    return WhatIfModel(
        data=complete,
        n_predictors=len(scenario.groups),
        mediated=mediated,
        scenarios=tuple(scenarios),
        positions=np.array(positions).reshape(len(positions), len(complete)),
        n_answers=scale.n_answers,
    )


# ---- sample and resamples ------------------------------------------------------------------------


def _of_sample(
    model: WhatIfModel,
    weights: FloatArray | None,
    moments: Moments,
    variables: ModelVariables,
) -> ScenarioChanges:
    row = np.ones(len(model.data)) if weights is None else weights
    found = scenario_changes(model, row[None, :])
    if not np.isfinite(found.mean).all():
        repeating = collinear_columns(moments.covariance()[:-1, :-1])
        terms = [variables.terms[place] for place in repeating]
        raise NotIdentifiedError(
            "These predictors repeat each other exactly, so that `what_if` cannot tell what goes "
            f"with a change of one: {shorten(terms or variables.terms)}. Take away a covariate or "
            "the mediator, or use an instrument without one of the dimensions."
        )
    return found


def _of_resamples(
    survey: Survey,
    model: WhatIfModel,
    keep: BoolArray,
    cluster: str | None,
    *,
    n_resamples: int,
    seed: int,
    progress: Progress | None,
) -> tuple[ScenarioChanges | None, int]:
    """Changes in each resample, and how many of them have none."""
    codes = None if cluster is None else cluster_codes(survey, cluster, keep)
    if codes is not None and len(np.unique(codes)) < FEW_CLUSTERS:
        warnings.warn(
            f'There are {len(np.unique(codes))} clusters of "{cluster}". A bootstrap of clusters '
            f"needs many; with fewer than {FEW_CLUSTERS} its intervals are too narrow as a rule.",
            SmallSampleWarning,
            stacklevel=3,
        )
    if n_resamples == 0:
        return None, 0
    weights = None if survey.weights is None else survey.weights[keep]
    draws = resampled_changes(
        model,
        n_resamples=n_resamples,
        seed=seed,
        counts=weights if survey.weight_kind == "frequency" else None,
        sampling_weights=weights if survey.weight_kind == "sampling" else None,
        clusters=codes,
        progress=progress,
    )
    n_degenerate = int(np.isnan(draws.mean[:, 0]).sum())
    if n_degenerate > n_resamples // 2:
        raise EstimationError(
            f"In {n_degenerate} of {n_resamples} resamples a variable was constant or repeated "
            "others, so there are no intervals. Use fewer covariates, or more respondents."
        )
    return draws, n_degenerate


# ---- tables --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """One measure of the outcome in each scenario: the sample's change, and the resamples'."""

    name: str
    before: float
    change: FloatArray
    draws: FloatArray | None
    part: str = "total"


def _measures(
    model: WhatIfModel,
    scale: OutcomeScale,
    weights: FloatArray | None,
    point: ScenarioChanges,
    draws: ScenarioChanges | None,
) -> list[_Measured]:
    """Mean and its parts, top two boxes and, for a recommendation, the net promoter score."""
    level = _average(model.data[:, -1], weights)
    found = [_Measured("mean", level, point.mean[0], None if draws is None else draws.mean)]
    if model.mediated:
        for part in ("direct", "through"):
            of_draws = None if draws is None else getattr(draws, part)
            found.append(_Measured("mean", level, getattr(point, part)[0], of_draws, part))
    before = np.array([_average(row, weights) for row in np.clip(model.positions, 0.0, 1.0)])
    if scale.note:
        nan = np.full(len(model.scenarios), np.nan)
        found.append(_Measured("top-two-box", np.nan, nan, None))
    else:
        top = [scale.thresholds.index(scale.top_two)]
        found.append(_percent("top-two-box", float(before[top].sum()), point, draws, top))
    if scale.is_recommendation:
        # Detractors are all below the second threshold, so promoters less detractors are the
        # shares at or above both thresholds, less one.
        every = list(range(len(before)))
        found.append(_percent("nps", float(before.sum()) - 1.0, point, draws, every))
    return found


def _percent(
    name: str,
    before: float,
    point: ScenarioChanges,
    draws: ScenarioChanges | None,
    thresholds: list[int],
) -> _Measured:
    """Sum of shares, in percent."""
    return _Measured(
        name,
        100.0 * before,
        100.0 * point.shares[0][:, thresholds].sum(axis=1),
        None if draws is None else 100.0 * draws.shares[:, :, thresholds].sum(axis=2),
    )


def _effects(measures: Sequence[_Measured], conf_level: float) -> pd.DataFrame:
    """What goes with the changes that were asked for, the first scenario."""
    limits = [_limits(measured, conf_level) for measured in measures]
    change = np.array([measured.change[0] for measured in measures])
    before = np.array([measured.before for measured in measures])
    return pd.DataFrame(
        {
            "measure": [measured.name for measured in measures],
            "part": [measured.part for measured in measures],
            "before": before,
            "after": before + change,
            "change": change,
            "std_error": [errors[0] for errors, _, _ in limits],
            "conf_low": [low[0] for _, low, _ in limits],
            "conf_high": [high[0] for _, _, high in limits],
        }
    )


def _per_point(
    survey: Survey,
    measures: Sequence[_Measured],
    scenario: _Scenario,
    weights: FloatArray | None,
    conf_level: float,
) -> pd.DataFrame:
    """What goes with one point of each dimension, the scenarios after the first."""
    dimensions = survey.instrument.dimensions
    effective = [_average(column, weights) for column in scenario.of_one_point.scores.T]
    parts = []
    for measured in measures:
        if measured.part != "total":
            continue
        errors, low, high = _limits(measured, conf_level)
        rank_low, rank_high, p_first = _rank_limits(measured, conf_level)
        parts.append(
            pd.DataFrame(
                {
                    "term": [dimension.key for dimension in dimensions],
                    "label": [dimension.label for dimension in dimensions],
                    "measure": measured.name,
                    "effective": effective,
                    "change": measured.change[1:],
                    "std_error": errors[1:],
                    "conf_low": low[1:],
                    "conf_high": high[1:],
                    "rank": places(measured.change[1:]),
                    "rank_low": rank_low,
                    "rank_high": rank_high,
                    "p_first": p_first,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _limits(measured: _Measured, conf_level: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Standard error and limits of the change in each scenario."""
    if measured.draws is None:
        nan = np.full(measured.change.size, np.nan)
        return nan, nan, nan
    interval = percentile_interval(measured.draws, conf_level)
    return np.nanstd(measured.draws, axis=0, ddof=1), interval.low, interval.high


def _rank_limits(
    measured: _Measured, conf_level: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Limits of the places of the dimensions, and how often each is first."""
    if measured.draws is None:
        nan = np.full(measured.change.size - 1, np.nan)
        return nan, nan, nan
    of_points = measured.draws[:, 1:]
    interval = percentile_interval(places(of_points), conf_level)
    # A rank is a place, so its interval is widened to whole places.
    return np.floor(interval.low), np.ceil(interval.high), first_places(of_points)


def _changes(
    survey: Survey, asked: AskedChanges, scenario: _Scenario, weights: FloatArray | None
) -> pd.DataFrame:
    """Rows of the dimensions that are moved, then of the items that were named."""
    moved, rows = scenario.asked, []
    for place in asked.dimensions:
        columns = scenario.groups[place]
        [score] = mean_scores(scenario.answers, [columns], survey.min_answered).T
        dimension = survey.instrument.dimensions[place]
        rows.append(
            {"term": dimension.key, "label": dimension.label, "level": "dimension"}
            | _moved(
                score,
                moved.scores[:, place],
                float(asked.shifts[columns].mean()),
                moved.stopped_scores[:, place],
                weights,
            )
        )
    for place in asked.items:
        item = survey.instrument.items[place]
        rows.append(
            {"term": str(item.number), "label": f"{item.number} {item.label}", "level": "item"}
            | _moved(
                scenario.answers[:, place],
                moved.answers[:, place],
                float(asked.shifts[place]),
                moved.stopped_answers[:, place],
                weights,
            )
        )
    return pd.DataFrame(rows)


def _moved(
    before: FloatArray,
    changed: FloatArray,
    asked: float,
    stopped: BoolArray,
    weights: FloatArray | None,
) -> dict[str, object]:
    level, effective = _average(before, weights), _average(changed, weights)
    among = np.where(np.isnan(before), np.nan, stopped.astype(np.float64))
    return {
        "asked": asked,
        "effective": effective,
        "share_at_bound": _average(among, weights),
        "before": level,
        "after": level + effective,
    }


def _average(values: FloatArray, weights: FloatArray | None) -> float:
    """Weighted mean of what is there; nan when nothing is."""
    there = ~np.isnan(values)
    used = there.astype(np.float64) if weights is None else np.where(there, weights, 0.0)
    total = float(used.sum())
    return float(used @ np.where(there, values, 0.0)) / total if total > 0.0 else np.nan


def _notes(
    effects: pd.DataFrame, scale: OutcomeScale, outcome: str, n_resamples: int, n_degenerate: int
) -> list[str]:
    notes = [_ASSOCIATION]
    if scale.note:
        notes.append(scale.note)
    after = float(effects["after"].iloc[0])
    if after < scale.ends[0] or after > scale.ends[1]:
        notes.append(
            f"The mean of {outcome} would leave its scale, {scale.ends[0]:g} to "
            f"{scale.ends[1]:g}: the change is larger than what a straight line can speak for."
        )
    if n_resamples == 0:
        notes.append("No resamples were asked for, so there are no intervals.")
    if n_degenerate:
        notes.append(
            f"In {n_degenerate} of {n_resamples} resamples a variable was constant or repeated "
            "others; they do not count."
        )
    return notes


def _r_squared(covariance: FloatArray) -> float:
    predictors, shared = covariance[:-1, :-1], covariance[:-1, -1]
    return float(np.linalg.solve(predictors, shared) @ shared / covariance[-1, -1])
