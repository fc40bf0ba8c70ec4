"""What would an improvement go with? Perceptions shifted, and put through the regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from servqual.analyses.resampling import check_bootstrap, complete_respondents
from servqual.analyses.what_if_options import (
    OutcomeScale,
    asked_changes,
    check_answered,
    outcome_scale,
)
from servqual.analyses.what_if_scenario import (
    MovedAnswers,
    changes_of_resamples,
    changes_of_sample,
    counting_answers,
    scenario_model,
    scenario_variables,
)
from servqual.analyses.what_if_tables import (
    changes_table,
    effects_table,
    measure_outcome,
    per_point_table,
)
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number
from servqual.samplestats.moments import require_moments
from servqual.survey.survey import Survey, require_survey
from servqual.typing import (
    FloatArray,
    PerceptionScore,
    ProgressOption,
    WhatIfMeasure,
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

#: How sentences call the measures, the sign after a level, the unit of a change, and decimals.
_WORDS = {
    "mean": ("the mean of {}", "", "points", 2),
    "top-two-box": ("the share in the top two boxes of {}", "%", "percentage points", 1),
    "nps": ("the net promoter score of {}", "", "points", 1),
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

    def plot(
        self,
        kind: WhatIfPlot = "per-point",
        *,
        measure: WhatIfMeasure = "mean",
        ax: Axes | None = None,
    ) -> Axes:
        """Draw what each dimension gives per point, or the outcome before and after.

        Parameters
        ----------
        kind : {"per-point", "effects"}, default "per-point"
            Which picture.
        measure : {"mean", "top-two-box", "nps"}, default "mean"
            Of what the change per point is drawn; the other picture has all of them.
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes

        Raises
        ------
        OptionError
            If `kind` is something else, or the outcome has no such measure.
        """
        from servqual.plots.what_if import plot_what_if

        return plot_what_if(self, kind=kind, measure=measure, ax=ax)

    def _first(self, measure: str) -> pd.Series:
        rows = self.per_point[self.per_point["measure"] == measure]
        return rows.sort_values("rank", kind="stable").iloc[0]

    def _say_effect(self, row: pd.Series) -> Statement:
        measure, part = str(row["measure"]), str(row["part"])
        what, sign, unit, digits = _WORDS[measure]
        change, low, high = (float(row[name]) for name in ("change", "conf_low", "conf_high"))
        if not np.isfinite(change):
            return Statement(measure, f"There is no change of {what.format(self.outcome)} to tell.")
        interval = ""
        if np.isfinite(low):
            interval = (
                f" ({self.conf_level:.0%} interval {format_number(low, digits)} to "
                f"{format_number(high, digits)})"
            )
        size = f"{format_number(change, digits)} {unit}{interval}"
        if part != "total":
            way = "directly" if part == "direct" else f"through {self.through}"
            return Statement(part, f"Of that, {size} run {way}.")
        before, after = (format_number(row[name], digits) + sign for name in ("before", "after"))
        text = f"With it {what.format(self.outcome)} goes from {before} to {after}, by {size}"
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
        about = f" through {self.through}" if self.through else ""
        if np.isfinite(self.outcome_range).all():
            low, high = self.outcome_range
            about += f", answers from {low:g} to {high:g}"
        return [
            ("Changes of perceptions", self.changes.drop(columns="label")),
            (f"Goes with, for {self.outcome}{about}", effects),
            ("One point of each dimension alone: change of the mean", points),
        ]


def _say_change(row: pd.Series) -> Statement:
    text = (
        f"{row['label']} is asked to move by {format_number(row['asked'], 2)} points and moves by "
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
    progress: ProgressOption = None,
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
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstrap runs. None shows a bar where somebody
        is looking and the work is long, True always, False never.

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
    variables = scenario_variables(survey, outcome, through, on, covariates)
    answers, groups = counting_answers(survey, on)
    check_answered(survey, np.asarray(~np.isnan(answers)), asked, groups)
    moments = require_moments(
        survey, variables.names, minimum=len(variables.names) + 1, what="what_if"
    )
    rows = survey.rows(variables.names)
    keep = complete_respondents(survey, rows)
    check_answered(survey, np.asarray(~np.isnan(answers[keep])), asked, groups)
    scale = outcome_scale(survey, outcome, keep, outcome_range)
    moved = MovedAnswers.of(survey, asked, answers[keep], groups)
    model = scenario_model(rows[keep], moved, scale, mediated=through is not None)
    weights = None if survey.weights is None else survey.weights[keep]
    point = changes_of_sample(model, weights, moments, variables)
    draws, n_degenerate = changes_of_resamples(
        survey, model, keep, cluster, n_resamples=n_resamples, seed=seed, progress=progress
    )
    measures = measure_outcome(model, scale, weights, point, draws)
    effects = effects_table(measures, conf_level)
    return WhatIfResult(
        sample=SampleInfo(moments.n_obs, moments.n_excluded, "listwise", moments.weight_kind),
        outcome=outcome,
        through=through or "",
        on=on,
        covariates=tuple(covariates),
        cluster=cluster or "",
        outcome_range=scale.ends,
        r_squared=_r_squared(moments.covariance()),
        changes=changes_table(survey, asked, moved, weights),
        effects=effects,
        per_point=per_point_table(survey, measures, moved, weights, conf_level),
        conf_level=conf_level,
        n_resamples=n_resamples,
        n_degenerate=n_degenerate,
        seed=seed,
        notes=tuple(_notes(effects, scale, outcome, n_resamples, n_degenerate)),
    )


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
