"""What should be improved first? Importance against performance, with uncertainty."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
import pandas as pd

from servqual.analyses.attribute_estimates import (
    MAX_LMG,
    draw_coordinates,
    from_draws,
    sample_coordinates,
)
from servqual.analyses.attribute_table import (
    PROBABILITIES,
    QUADRANTS,
    Placement,
    attribute_table,
    line_table,
    place,
    placement_notes,
    satisfaction_index,
)
from servqual.analyses.attributes import AttributeScores, ImportanceSpec, collect_attributes
from servqual.analyses.crosshair import fixed_lines
from servqual.analyses.resampling import check_bootstrap, cluster_codes, warn_of_few_clusters
from servqual.errors import EstimationError, OptionError, SmallSampleWarning, shorten
from servqual.numerics.importance_performance import (
    CONCENTRATE,
    KEEP_UP,
    LOW_PRIORITY,
    OVERKILL,
)
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number
from servqual.survey.survey import Survey, require_survey
from servqual.typing import (
    AttributePerformance,
    BoolArray,
    Crosshair,
    DerivedImportance,
    Level,
    PriorityPlot,
    ProgressOption,
    check_conf_level,
    check_option,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ImportancePerformanceResult", "importance_performance"]

_MEANINGS: Final[dict[int, str]] = {
    CONCENTRATE: "important, low performance",
    KEEP_UP: "important, high performance",
    LOW_PRIORITY: "less important, low performance",
    OVERKILL: "less important, high performance",
}
_PERFORMANCE_NAMES: Final[dict[AttributePerformance, str]] = {
    "perception": "mean perception",
    "gap": "mean gap (perception − expectation)",
    "adequacy": "mean adequacy gap (perception − minimum)",
    "superiority": "mean superiority gap (perception − desired)",
}
_SOURCE: Final = (
    "Martilla, J. A., & James, J. C. (1977). Importance-performance analysis, "
    "https://doi.org/10.1177/002224297704100112"
)


@dataclass(frozen=True, repr=False)
class ImportancePerformanceResult(Result):
    """Attributes by their importance and performance.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with a score of any attribute.
    level : str
        ``"dimensions"`` or ``"items"``.
    on : str
        What performance is.
    source : str
        Where importance is from: ``"stated"`` (points), ``"answers"`` (columns),
        ``"expectation"``, ``"desired"`` or ``"derived"``.
    importance_name : str
        What the importances are, in words.
    method : str
        How importance was derived; empty otherwise.
    outcome : str
        What it was derived from; empty otherwise.
    crosshair : str
        What the lines go through.
    cluster : str
        Grouping variable whose groups were resampled whole; empty without one.
    attributes : DataFrame
        term, label, dimension, n (respondents behind performance), n_importance, importance,
        importance_std_error, importance_low, importance_high, performance, performance_std_error,
        performance_low, performance_high, covariance (of both estimates), quadrant, p_quadrant (the
        probability of that quadrant), p_concentrate, p_keep_up, p_low_priority, p_overkill,
        iso_distance (from the line on which importance equals performance, in standard deviations
        over the attributes; positive where importance exceeds performance), iso_low, iso_high,
        udcv, acv, pgcv (potential gain in customer value), pgcv_rank, pgcv_rank_low,
        pgcv_rank_high, gap, weight (share of the importance), priority (weight × shortfall),
        priority_low, priority_high, priority_rank, priority_rank_low, priority_rank_high.
    lines : DataFrame
        The crosshair: axis, rule, value, conf_low, conf_high (equal to the value when the line does
        not depend on the data).
    satisfaction_index : float
        Mean perception weighted by stated importance, as a share of the top of the scale; nan
        when importance is derived or performance is a difference.
    satisfaction_index_low, satisfaction_index_high : float
        Its bootstrap limits.
    conf_level : float
        Coverage of the intervals, and the probability from which a quadrant counts as certain.
    n_resamples : int
        Bootstrap resamples; 0 for none.
    n_degenerate : int
        Resamples in which a coordinate of some attribute does not exist; they count for the other
        attributes only.
    seed : int
        Seed of the bootstrap.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Importance–performance analysis"

    sample: SampleInfo
    level: Level
    on: AttributePerformance
    source: str
    importance_name: str
    method: str
    outcome: str
    crosshair: Crosshair
    cluster: str
    attributes: pd.DataFrame
    lines: pd.DataFrame
    satisfaction_index: float
    satisfaction_index_low: float
    satisfaction_index_high: float
    conf_level: float
    n_resamples: int
    n_degenerate: int
    seed: int
    notes: tuple[str, ...] = ()

    @property
    def performance_name(self) -> str:
        """What performance is, in words."""
        return _PERFORMANCE_NAMES[self.on]

    @property
    def crosshair_text(self) -> str:
        """Where the crosshair stands, in words."""
        importance, performance = (row for _, row in self.lines.iterrows())
        places = [
            # Shares and correlations need one decimal more.
            f"{row['axis']} {format_number(row['value'], 2 if abs(row['value']) >= 1.0 else 3)}"
            for row in (importance, performance)
        ]
        if importance["rule"] == performance["rule"]:
            return f"{importance['rule']} ({places[0]}, {places[1]})"
        return f"{importance['rule']} ({places[0]}), {performance['rule']} ({places[1]})"

    def tidy(self) -> pd.DataFrame:
        """Return one row per attribute."""
        return self.attributes.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        quadrant = self.attributes["quadrant"]
        return pd.DataFrame(
            {
                "source": [self.source],
                "method": [self.method],
                "outcome": [self.outcome],
                "on": [self.on],
                "level": [self.level],
                "crosshair": [self.crosshair],
                "importance_line": [float(self.lines["value"].iloc[0])],
                "performance_line": [float(self.lines["value"].iloc[1])],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_attributes": [len(self.attributes)],
                "n_concentrate": [int((quadrant == QUADRANTS[CONCENTRATE]).sum())],
                "n_keep_up": [int((quadrant == QUADRANTS[KEEP_UP]).sum())],
                "n_low_priority": [int((quadrant == QUADRANTS[LOW_PRIORITY]).sum())],
                "n_overkill": [int((quadrant == QUADRANTS[OVERKILL]).sum())],
                "n_certain": [int((self.attributes["p_quadrant"] >= self.conf_level).sum())],
                "satisfaction_index": [self.satisfaction_index],
                "satisfaction_index_low": [self.satisfaction_index_low],
                "satisfaction_index_high": [self.satisfaction_index_high],
                "n_resamples": [self.n_resamples],
                "n_degenerate": [self.n_degenerate],
                "conf_level": [self.conf_level],
                "seed": [self.seed],
            }
        )

    def interpret(self) -> Interpretation:
        """Put the quadrants into plain words, and say which of them are certain.

        Returns
        -------
        Interpretation
        """
        return Interpretation(tuple(_say(self)))

    def plot(
        self,
        kind: PriorityPlot = "map",
        *,
        diagonal: bool = False,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the attributes.

        Parameters
        ----------
        kind : {"map", "probabilities"}, default "map"
            Importance against performance with crosshair and ellipses; or bars of the
            probabilities of the quadrants.
        diagonal : bool, default False
            Whether the map shows the line on which importance equals performance.
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes
        """
        from servqual.plots.importance_performance import (
            plot_importance_performance,
            plot_quadrant_probabilities,
        )

        check_option("kind", kind, PriorityPlot)
        if kind == "map":
            return plot_importance_performance(self, diagonal=diagonal, ax=ax)
        return plot_quadrant_probabilities(self, ax=ax)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        names = ["term", "n", "importance", "performance", "quadrant", "p_quadrant"]
        table = self.attributes[names].copy()
        for name in ("pgcv_rank", "priority_rank"):
            if self.attributes[name].notna().any():
                table[name] = [
                    "–" if np.isnan(rank) else f"{rank:g}" for rank in self.attributes[name]
                ]
        heading = (
            f"Importance: {self.importance_name}; performance: {self.performance_name}\n"
            f"Crosshair: {self.crosshair_text}; on a line counts as high"
        )
        return [(heading, table)]


def importance_performance(
    survey: Survey,
    *,
    level: Level = "dimensions",
    on: AttributePerformance = "perception",
    importance: ImportanceSpec | None = None,
    outcome: str | None = None,
    method: DerivedImportance | None = None,
    crosshair: Crosshair = "means",
    targets: Mapping[str, float] | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 1,
    progress: ProgressOption = None,
) -> ImportancePerformanceResult:
    """Place attributes by importance and performance, and say how certain their quadrants are.

    Important attributes that perform badly are to be improved first ("Concentrate here"); where
    the lines between high and low are drawn decides what that means, so they are part of the
    result. Respondents are resampled, and the lines drawn anew in each resample if they come from
    the data: how often an attribute falls into a quadrant is the probability of that quadrant.

    Parameters
    ----------
    survey : Survey
        Respondents' answers.
    level : {"dimensions", "items"}, default "dimensions"
        What the attributes are.
    on : {"perception", "gap", "adequacy", "superiority"}, default "perception"
        What performance is.
    importance : str, list or mapping, optional
        ``"stated"``: the importance points of the dimensions. ``"expectation"``, ``"desired"``:
        that side. ``"derived"``: from the outcome. Or columns with importance answers that the
        survey was told of: a template (``"IMP{item}"``, ``"IMP_{dimension}"``), a list in the order
        of the attributes, or a mapping from item or dimension to column. Default: ``"derived"`` if
        there is an outcome, else ``"stated"``.
    outcome : str, optional
        What importance is derived from.
    method : str, optional
        How it is derived. ``"lmg"``, ``"relative-weights"``: shares of R². ``"correlation"``,
        ``"squared-correlation"``: of each attribute alone. ``"partial"``, ``"beta"``: given the
        others. ``"log-partial"``: partial correlation of the logarithm of performance, the revised
        analysis. Default: ``"lmg"`` up to ten attributes, else ``"relative-weights"``.
    crosshair : {"means", "medians", "midpoint", "target"}, default "means"
        What the lines go through: the mean or the median of the attributes; the middle of the
        scale (a gap of zero; equal shares of points and of R²); or `targets`.
    targets : mapping, optional
        ``{"importance": …, "performance": …}`` for ``crosshair="target"``.
    cluster : str, optional
        Grouping variable whose groups are resampled whole, such as the branch.
    conf_level : float, default 0.95
        Coverage of the intervals, and the probability from which a quadrant counts as certain.
    n_resamples : int, default 2000
        Bootstrap resamples; 0 for none.
    seed : int, default 1
        Seed of the bootstrap; the result does not depend on anything else.
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstrap runs. None shows a bar where somebody
        is looking and the work is long, True always, False never.

    Returns
    -------
    ImportancePerformanceResult

    Raises
    ------
    RowsRequiredError
        If `survey` is not a survey.
    OptionError
        If an option, a side, a column or the outcome does not exist, or options contradict each
        other.
    EstimationError
        If nobody answered anything, or clusters are missing.

    Warns
    -----
    SmallSampleWarning
        If fewer than ten respondents stand behind an attribute, or there are fewer than 20
        clusters.

    Notes
    -----
    What lies on a line counts as high. Each performance and each stated importance is the mean of
    those who answered, with the standard error and t interval of `gaps`. Derived importance is that
    of the respondents with all attributes and the outcome, with bootstrap errors and percentile
    limits; so are all errors and limits when clusters are drawn. The potential gain in customer
    value is importance × (top of the scale − performance). The priority is weight × shortfall; with
    importance points, the mean of the respondents' own products.

    References
    ----------
    Martilla, J. A., & James, J. C. (1977). Importance-performance analysis. *Journal of Marketing*,
    41(1), 77–79. https://doi.org/10.1177/002224297704100112

    Matzler, K., Sauerwein, E., & Heischmidt, K. A. (2003). Importance-performance analysis
    revisited. *The Service Industries Journal*, 23(2), 112–129.
    https://doi.org/10.1080/02642060412331300912

    Deng, W. (2007). Using a revised importance–performance analysis approach. *Tourism Management*,
    28(5), 1274–1284. https://doi.org/10.1016/j.tourman.2006.07.001

    Hom, W. (1997). An overview of customer satisfaction models. *Proceedings of the RP Group
    Conference*, 100–110.

    Aritonang, L. R. (2005). *Kepuasan pelanggan*. Gramedia Pustaka Utama.

    Examples
    --------
    >>> import servqual as sq
    >>> result = sq.importance_performance(sq.load_example("bank"), n_resamples=500)
    >>> result.tidy().set_index("term").loc["reliability", "quadrant"]
    'Concentrate here'
    """
    source = require_survey(survey, "importance_performance")
    check_option("level", level, Level)
    check_option("on", on, AttributePerformance)
    check_option("crosshair", crosshair, Crosshair)
    check_conf_level(conf_level)
    n_resamples, seed = check_bootstrap(n_resamples, seed)
    if importance is None:
        importance = "stated" if outcome is None else "derived"
    if importance == "derived":
        method = _settle_method(source, method, level, n_resamples)
    attributes = collect_attributes(
        source, on=on, level=level, importance=importance, outcome=outcome, method=method
    )
    lines = fixed_lines(source, attributes, on, method, crosshair, targets)
    rows = _respondents(source, attributes)
    bootstrap = _Bootstrap(n_resamples, seed, cluster, progress)
    placement, notes = _place(
        source, attributes, rows, on, method, crosshair, lines, conf_level, bootstrap
    )
    _warn_if_small(source, placement, cluster, rows)
    index, index_low, index_high = satisfaction_index(placement)
    return ImportancePerformanceResult(
        sample=_sample(source, attributes, rows),
        level=level,
        on=on,
        source=attributes.source,
        importance_name=attributes.importance_name,
        method=method or "",
        outcome=outcome or "",
        crosshair=crosshair,
        cluster=cluster or "",
        attributes=attribute_table(placement),
        lines=line_table(placement),
        satisfaction_index=index,
        satisfaction_index_low=index_low,
        satisfaction_index_high=index_high,
        conf_level=conf_level,
        n_resamples=0 if placement.draws is None else n_resamples,
        n_degenerate=placement.n_degenerate,
        seed=seed,
        notes=(*notes, *placement_notes(placement, n_resamples)),
    )


@dataclass(frozen=True, slots=True)
class _Bootstrap:
    n_resamples: int
    seed: int
    cluster: str | None
    progress: ProgressOption


def _place(
    survey: Survey,
    attributes: AttributeScores,
    rows: BoolArray,
    on: AttributePerformance,
    method: DerivedImportance | None,
    crosshair: Crosshair,
    lines: tuple[float, float] | None,
    conf_level: float,
    bootstrap: _Bootstrap,
) -> tuple[Placement, list[str]]:
    """Estimate, resample, and see where the attributes stand."""
    importance, performance, sample, model, notes = sample_coordinates(
        survey, attributes, method, rows, conf_level
    )
    best = survey.instrument.scale.maximum if on == "perception" else float("nan")
    draws, drawn = None, None
    if bootstrap.n_resamples and survey.count_respondents(rows) > 1:
        draws = draw_coordinates(
            survey,
            attributes,
            model,
            rows,
            n_resamples=bootstrap.n_resamples,
            seed=bootstrap.seed,
            cluster=bootstrap.cluster,
            progress=bootstrap.progress,
        )
        drawn = place(draws, crosshair, lines, best)
        if attributes.source == "derived" or bootstrap.cluster is not None:
            importance = from_draws(importance, draws.importance, conf_level)
        if bootstrap.cluster is not None:
            performance = from_draws(performance, draws.performance, conf_level)
    placement = Placement(
        scores=attributes,
        on=on,
        crosshair=crosshair,
        importance=importance,
        performance=performance,
        sample=sample,
        found=place(sample, crosshair, lines, best),
        draws=draws,
        drawn=drawn,
        conf_level=conf_level,
    )
    return placement, notes


# ---- what was asked ------------------------------------------------------------------------------


def _settle_method(
    survey: Survey, method: DerivedImportance | None, level: Level, n_resamples: int
) -> DerivedImportance:
    instrument = survey.instrument
    size = len(instrument.dimensions if level == "dimensions" else instrument.items)
    if method is None:
        return "lmg" if size <= MAX_LMG else "relative-weights"
    check_option("method", method, DerivedImportance)
    if method == "lmg" and size > MAX_LMG and n_resamples:
        raise OptionError(
            f'`method` is "lmg", but with {size} attributes each of the {n_resamples} resamples '
            f'needs 2^{size} regressions. Use `method="relative-weights"`, which comes close, or '
            "`n_resamples=0`."
        )
    return method


def _respondents(survey: Survey, attributes: AttributeScores) -> BoolArray:
    rows = attributes.answered
    if survey.weights is not None:
        rows &= survey.weights > 0
    if not rows.any():
        raise EstimationError(
            "No respondent has a score of any attribute, so there is nothing to place. Look at "
            "`survey.describe()`, or lower `min_answered` when the survey is made."
        )
    return rows


def _sample(survey: Survey, attributes: AttributeScores, rows: BoolArray) -> SampleInfo:
    n_obs = survey.count_respondents(rows)
    missing = "each attribute's own answers"
    if attributes.source == "derived":
        missing += ", derived importance listwise"
    return SampleInfo(n_obs, survey.n_respondents - n_obs, missing, survey.weight_kind)


def _warn_if_small(
    survey: Survey, placement: Placement, cluster: str | None, rows: BoolArray
) -> None:
    few = [
        f"{term} ({n})"
        for term, n in zip(placement.scores.terms, placement.performance.n, strict=True)
        if 0 < n < 10
    ]
    if few:
        warnings.warn(
            f"Fewer than ten respondents stand behind these attributes: {shorten(few)}. Read their "
            "places as a description.",
            SmallSampleWarning,
            stacklevel=3,
        )
    if cluster is not None:
        warn_of_few_clusters(cluster_codes(survey, cluster, rows), cluster, stacklevel=3)


# ---- words ---------------------------------------------------------------------------------------


def _say(result: ImportancePerformanceResult) -> Iterator[Statement]:
    data_driven = result.crosshair in ("means", "medians")
    text = (
        f"Importance is the {result.importance_name}, performance the {result.performance_name}. "
        f"The crosshair stands at the {result.crosshair_text}."
    )
    if data_driven:
        text += (
            " It divides the attributes among themselves, so some fall on each side whatever the "
            "level of the service."
        )
    yield Statement("crosshair", text)
    for code, name in QUADRANTS.items():
        members = result.attributes[result.attributes["quadrant"] == name]
        if len(members):
            yield _say_quadrant(result, members, code)
    if not (result.attributes["quadrant"] != "").any():
        yield Statement("quadrants", "No attribute has both coordinates, so none has a quadrant.")
    if result.source == "derived":
        yield Statement(
            "cause",
            "Derived importance shows association with the outcome, not what would happen if an "
            "attribute were improved.",
        )


def _say_quadrant(
    result: ImportancePerformanceResult, members: pd.DataFrame, code: int
) -> Statement:
    name = QUADRANTS[code]
    head = f"{name} ({_MEANINGS[code]})"
    if result.n_resamples == 0:
        text = f"{head}: {shorten(members['label'])}."
    else:
        certain = members[members["p_quadrant"] >= result.conf_level]
        unsure = members[~(members["p_quadrant"] >= result.conf_level)]
        parts = []
        if len(certain):
            parts.append(
                f"{shorten(certain['label'])} (certain: there in at least "
                f"{result.conf_level:.0%} of the resamples)"
            )
        if len(unsure):
            listed = shorten(_unsure(row) for _, row in unsure.iterrows())
            parts.append(f"not certain: {listed}")
        text = f"{head}: {'; '.join(parts)}."
    return Statement(
        PROBABILITIES[code].removeprefix("p_"),
        text,
        "quadrants of importance and performance",
        _SOURCE,
    )


def _unsure(row: pd.Series) -> str:
    """Say how probable the quadrant is, and which other is the most probable."""
    shares = {
        name: float(row[column])
        for name, column in zip(QUADRANTS.values(), PROBABILITIES, strict=True)
    }
    own = shares.pop(str(row["quadrant"]))
    other = max(shares, key=lambda name: shares[name])
    return f"{row['label']} ({own:.0%}; {other} {shares[other]:.0%})"
