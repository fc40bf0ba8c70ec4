"""The one place from which an analysis takes its correlation matrix, of whatever kind.

KMO, Bartlett's test, parallel analysis, factor extraction and reliability all speak of the matrix
that is made here, and of the same respondents.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from servqual.errors import (
    EstimationError,
    ImproperSolutionWarning,
    OptionError,
    RowsRequiredError,
    shorten,
)
from servqual.instruments.instrument import Instrument
from servqual.numerics.polychoric import Polychoric, polychoric_correlations
from servqual.numerics.rank_correlation import spearman_correlations
from servqual.numerics.smoothing import SINGULAR, Smoothing, smooth_correlation
from servqual.results import SampleInfo, format_number
from servqual.samplestats.counts import Counts
from servqual.samplestats.inputs import as_names
from servqual.samplestats.moments import Moments
from servqual.samplestats.pairwise import PairwiseMoments
from servqual.survey.survey import Survey
from servqual.typing import (
    CorrelationKind,
    EmptyCells,
    FloatArray,
    Missing,
    On,
    WeightKind,
    check_option,
)

#: A correlation at least so near to 1 counts as perfect.
_PERFECT = 1.0 - 1e-9

_FEWEST = 3


@dataclass(frozen=True, slots=True)
class ItemLabels:
    """What the variables of a matrix are called.

    Attributes
    ----------
    names : tuple of str
        As shown in square tables: ``"P1"``, ``"G1"``, or the names of the moments.
    numbers : tuple of (int or None)
        Item numbers of the instrument; None where there is none.
    keys, labels : tuple of str
        Short and long names; the variable's name where there is no instrument.
    dimensions : tuple of (str or None)
        The dimension of each item.
    """

    names: tuple[str, ...]
    numbers: tuple[int | None, ...]
    keys: tuple[str, ...]
    labels: tuple[str, ...]
    dimensions: tuple[str | None, ...]

    @classmethod
    def of_variables(cls, names: Sequence[str]) -> ItemLabels:
        """Labels of variables that belong to no instrument."""
        own = tuple(names)
        nothing = (None,) * len(own)
        return cls(own, nothing, own, own, nothing)

    @classmethod
    def of_items(cls, survey: Survey, on: On) -> ItemLabels:
        """Labels of all items of a survey's instrument."""
        items = survey.instrument.items
        return cls(
            survey.item_names(on),
            tuple(item.number for item in items),
            tuple(item.key for item in items),
            tuple(item.label for item in items),
            tuple(item.dimension for item in items),
        )

    def select(self, names: Sequence[str]) -> ItemLabels:
        """Labels of some variables; those that are not among these go by their names alone."""
        place = {name: position for position, name in enumerate(self.names)}
        found = [place.get(name) for name in names]
        return ItemLabels(
            tuple(names),
            tuple(None if at is None else self.numbers[at] for at in found),
            tuple(
                name if at is None else self.keys[at] for name, at in zip(names, found, strict=True)
            ),
            tuple(
                name if at is None else self.labels[at]
                for name, at in zip(names, found, strict=True)
            ),
            tuple(None if at is None else self.dimensions[at] for at in found),
        )


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationSource:
    """A correlation matrix, with all that an analysis must know about it.

    Attributes
    ----------
    matrix : FloatArray, shape (p, p)
        Correlations, smoothed where they had to be.
    kind : {"pearson", "polychoric", "spearman"}
        Which correlations.
    items : ItemLabels
        Names of rows and columns.
    n_obs : int
        The smallest number of respondents behind a pair.
    pairs : FloatArray, shape (p, p)
        Respondents behind each pair.
    sample : SampleInfo
        For whom the matrix speaks.
    weight_kind : {"none", "frequency", "sampling"}
        Kind of weights.
    instrument : Instrument or None
        What was asked, if the variables are the items of a survey.
    on : str
        Side or difference; empty where there is no survey.
    smoothing : Smoothing or None
        What smoothing did; None if the matrix holds nan.
    polychoric : Polychoric or None
        The estimates, for polychoric correlations.
    counts : Counts or None
        The tables behind the matrix, for polychoric and rank correlations.
    survey : Survey or None
        The survey, if it was made from one.
    requests : tuple of str
        Names under which the survey knows the variables.
    notes : tuple of str
        What a reader should know.
    """

    matrix: FloatArray
    kind: CorrelationKind
    items: ItemLabels
    n_obs: int
    pairs: FloatArray
    sample: SampleInfo
    weight_kind: WeightKind
    instrument: Instrument | None
    on: str
    smoothing: Smoothing | None
    polychoric: Polychoric | None
    counts: Counts | None
    survey: Survey | None
    requests: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def singular(self) -> bool:
        """Whether the matrix, as it was before smoothing, has no inverse."""
        return self.smoothing is None or self.smoothing.smallest_eigenvalue <= SINGULAR

    def describe_singular(self) -> str:
        """Say in words why the matrix has no inverse; empty if it has one."""
        if not self.singular or self.smoothing is None:
            return ""
        names, p = self.items.names, len(self.items.names)
        if self.smoothing.smoothed:
            return (
                "the correlation matrix is not positive definite (smallest eigenvalue "
                f"{format_number(self.smoothing.smallest_eigenvalue, 4)})"
            )
        if self.n_obs <= p:
            return f"{self.n_obs} respondents are not more than the {p} items"
        rows, columns = np.nonzero(np.triu(np.abs(self.matrix) >= _PERFECT, k=1))
        if rows.size:
            listed = [f"{names[i]} and {names[j]}" for i, j in zip(rows, columns, strict=True)]
            return f"these items correlate perfectly: {shorten(listed)}"
        return "one item is a sum of others, or nearly so"


@dataclass(frozen=True, slots=True)
class _Estimate:
    """A matrix before it is smoothed, and where it came from."""

    matrix: FloatArray
    pairs: FloatArray
    sample: SampleInfo
    weight_kind: WeightKind
    polychoric: Polychoric | None
    counts: Counts | None


SourceData: TypeAlias = "Survey | Moments | PairwiseMoments | Counts | HoldsSource"


class HoldsSource:
    """A result that carries the source of its correlations, for other analyses to go on from."""

    __slots__ = ()

    source: CorrelationSource


def correlation_source(
    data: SourceData,
    *,
    analysis: str,
    on: On = "perception",
    kind: CorrelationKind = "pearson",
    missing: Missing = "listwise",
    variables: Sequence[str] | None = None,
    empty_cells: EmptyCells = "two-by-two",
) -> CorrelationSource:
    """Correlation matrix for an analysis that needs all of its elements.

    Parameters
    ----------
    data : Survey, Moments, PairwiseMoments, Counts or CorrelationResult
        With the result of `correlations`, that matrix is taken, of whatever kind it is.
    analysis : str
        Name of the analysis, for messages.
    on, kind, missing, variables, empty_cells
        As in `correlations`.

    Returns
    -------
    CorrelationSource

    Raises
    ------
    EstimationError
        If an item does not vary, if fewer than three respondents remain, or if nobody answered
        both items of a pair.
    OptionError
        If an option does not exist, or `kind` needs more than moments.
    RowsRequiredError
        If `data` is none of these.

    Warns
    -----
    ImproperSolutionWarning
        If the matrix had to be smoothed, or a polychoric correlation is perfect.

    Examples
    --------
    >>> import servqual as sq
    >>> survey = sq.load_example("bank")
    >>> correlation_source(survey, analysis="efa").matrix.shape
    (22, 22)
    """
    source = make_source(
        data, on=on, kind=kind, missing=missing, variables=variables, empty_cells=empty_cells
    )
    _check_complete(source, analysis)
    warn_of_repairs(source, stacklevel=4)
    return source


def make_source(
    data: SourceData,
    *,
    on: On,
    kind: CorrelationKind,
    missing: Missing,
    variables: Sequence[str] | None,
    empty_cells: EmptyCells,
) -> CorrelationSource:
    """Make a `CorrelationSource`, whose matrix may hold nan; nothing is warned of.

    Parameters
    ----------
    data, on, kind, missing, variables, empty_cells
        As in `correlation_source`.

    Returns
    -------
    CorrelationSource
    """
    check_option("correlation", kind, CorrelationKind)
    check_option("missing", missing, Missing)
    check_option("empty_cells", empty_cells, EmptyCells)
    if isinstance(data, HoldsSource):
        if variables is not None:
            raise OptionError(
                "`variables` cannot be given together with correlations that are already there. "
                "Give it to `correlations`."
            )
        # "pearson" is the default of every caller, so it may not have been meant.
        if kind not in ("pearson", data.source.kind):
            raise OptionError(
                f'`correlation` is "{kind}", but the correlations given are {data.source.kind} '
                "ones. Leave the option out, or give the survey."
            )
        return data.source
    if isinstance(data, Survey):
        return _of_survey(data, on, kind, missing, variables, empty_cells)
    if isinstance(data, (Moments, PairwiseMoments, Counts)):
        statistics = data if variables is None else data.select(variables)
        estimate = _estimate(statistics, kind, empty_cells)
        return _finish(
            estimate,
            kind,
            ItemLabels.of_variables(statistics.variables),
            requests=statistics.variables,
        )
    raise RowsRequiredError(
        f"Correlations were asked of {type(data).__name__}, but need a `Survey`, `Moments`, "
        "`Counts` or the result of `correlations`. Make one with `sq.Survey(frame, "
        "instrument=…)`, of a table of answers with `sq.Moments.collect(table)` or "
        "`sq.Counts.collect(table)`, or of a table of correlations with "
        "`sq.Moments.from_covariance(table, n=…)`."
    )


def warn_of_repairs(source: CorrelationSource, *, stacklevel: int) -> None:
    """Warn that a matrix was smoothed, or holds perfect polychoric correlations.

    Parameters
    ----------
    source : CorrelationSource
        The matrix.
    stacklevel : int
        As in `warnings.warn`, counted from here.

    Warns
    -----
    ImproperSolutionWarning
        With the smallest eigenvalue and the largest change, or the pairs.
    """
    if source.smoothing is not None and source.smoothing.smoothed:
        warnings.warn(
            f"The matrix of {_WORDS[source.kind]} correlations is not positive definite: its "
            f"smallest eigenvalue is {source.smoothing.smallest_eigenvalue:.4g}. It was smoothed, "
            f"which changed a correlation by up to {source.smoothing.largest_change:.4f}. "
            f"{_advice(source)}",
            ImproperSolutionWarning,
            stacklevel=stacklevel,
        )
    if source.polychoric is not None and source.polychoric.at_bound.any():
        rows, columns = np.nonzero(np.triu(source.polychoric.at_bound))
        names = source.items.names
        listed = [f"{names[i]} and {names[j]}" for i, j in zip(rows, columns, strict=True)]
        warnings.warn(
            "The polychoric correlation of these items is perfect as far as their answers tell, "
            f"and was held at ±.9999: {shorten(listed)}. Leave one of each pair out.",
            ImproperSolutionWarning,
            stacklevel=stacklevel,
        )


def _advice(source: CorrelationSource) -> str:
    """What may have made a matrix indefinite."""
    if source.kind == "pearson" and source.sample.missing == "listwise":
        # Correlations of the same respondents cannot be indefinite; a printed table can.
        return "Look for a misprint in the table, or give more digits."
    return (
        "Look for items with few answers or few categories, or use complete respondents with "
        '`correlation="pearson"`.'
    )


_WORDS: dict[CorrelationKind, str] = {
    "pearson": "Pearson",
    "polychoric": "polychoric",
    "spearman": "Spearman",
}


def _of_survey(
    survey: Survey,
    on: On,
    kind: CorrelationKind,
    missing: Missing,
    variables: Sequence[str] | None,
    empty_cells: EmptyCells,
) -> CorrelationSource:
    check_option("on", on, On)
    labels, requests = (
        ItemLabels.of_items(survey, on),
        tuple(f"{on}:{item.number}" for item in survey.instrument.items),
    )
    if variables is not None:
        labels, requests = labels.select(as_names(variables, len(variables))), tuple(variables)
    if kind == "pearson":
        statistics: Moments | PairwiseMoments | Counts = (
            survey.moments(requests)
            if missing == "listwise"
            else survey.moments(requests, missing="pairwise")
        )
    else:
        statistics = survey.counts(requests, missing=missing)
    return _finish(
        _estimate(statistics, kind, empty_cells),
        kind,
        labels,
        requests=requests,
        survey=survey,
        # Variables of other kinds, such as scores, have no place in the instrument.
        instrument=None if None in labels.numbers else survey.instrument,
        on="" if None in labels.numbers else on,
    )


def _estimate(
    statistics: Moments | PairwiseMoments | Counts, kind: CorrelationKind, empty_cells: EmptyCells
) -> _Estimate:
    if isinstance(statistics, Counts):
        pairs = statistics.pairs
        n_obs, missing = int(pairs.min(initial=statistics.n_obs)), statistics.missing
    elif isinstance(statistics, PairwiseMoments):
        pairs, n_obs, missing = statistics.counts, statistics.n_pairs_min, "pairwise"
    else:
        size = len(statistics.variables)
        pairs = np.full((size, size), float(statistics.n_obs))
        n_obs, missing = statistics.n_obs, "listwise"
    sample = SampleInfo(n_obs, statistics.n_excluded, missing, statistics.weight_kind)
    polychoric, counts = None, statistics if isinstance(statistics, Counts) else None
    if kind == "pearson":
        numbers = statistics.moments() if isinstance(statistics, Counts) else statistics
        matrix = numbers.correlation()
    elif counts is None:
        raise OptionError(
            f'`correlation="{kind}"` needs the frequencies of the answers, which moments do not '
            "hold. Give a `Survey`, or `sq.Counts.collect(table)`."
        )
    elif kind == "polychoric":
        polychoric = polychoric_correlations(
            counts.tables,
            counts.n_categories,
            empty_cells=empty_cells,
            standard_errors=statistics.weight_kind != "sampling",
        )
        matrix = polychoric.correlations
    else:
        matrix = spearman_correlations(counts.tables, counts.n_categories)
    return _Estimate(matrix, pairs, sample, statistics.weight_kind, polychoric, counts)


def _finish(
    estimate: _Estimate,
    kind: CorrelationKind,
    labels: ItemLabels,
    *,
    requests: tuple[str, ...],
    survey: Survey | None = None,
    instrument: Instrument | None = None,
    on: str = "",
) -> CorrelationSource:
    complete = bool(np.isfinite(estimate.matrix).all()) and estimate.matrix.size > 0
    smoothing = smooth_correlation(estimate.matrix) if complete else None
    return CorrelationSource(
        matrix=estimate.matrix if smoothing is None else smoothing.matrix,
        kind=kind,
        items=labels,
        n_obs=estimate.sample.n_obs,
        pairs=estimate.pairs,
        sample=estimate.sample,
        weight_kind=estimate.weight_kind,
        instrument=instrument,
        on=on,
        smoothing=smoothing,
        polychoric=estimate.polychoric,
        counts=estimate.counts,
        survey=survey,
        requests=requests,
        notes=tuple(_notes(estimate, kind, labels, smoothing)),
    )


def _notes(
    estimate: _Estimate, kind: CorrelationKind, labels: ItemLabels, smoothing: Smoothing | None
) -> list[str]:
    notes = []
    constant = [
        name
        for name, value in zip(labels.names, np.diag(estimate.matrix), strict=True)
        if not np.isfinite(value)
    ]
    if kind == "polychoric" and estimate.polychoric is not None:
        constant = [
            name
            for name, cuts in zip(labels.names, estimate.polychoric.thresholds, strict=True)
            if cuts.size == 0
        ]
        notes += _notes_on_tables(estimate.polychoric)
    if constant:
        notes.append(
            "Every respondent gave the same answer to these items, so their correlations are nan: "
            f"{shorten(constant)}."
        )
    if smoothing is not None and smoothing.smoothed:
        notes.append(
            f"The matrix was not positive definite (smallest eigenvalue "
            f"{format_number(smoothing.smallest_eigenvalue, 4)}) and was smoothed; the largest "
            f"change of a correlation is {format_number(smoothing.largest_change, 4)}."
        )
    return notes


def _notes_on_tables(polychoric: Polychoric) -> list[str]:
    upper = np.triu_indices(len(polychoric.thresholds), k=1)
    with_empty = int(np.count_nonzero(polychoric.empty_cells[upper]))
    filled = int(np.count_nonzero(polychoric.adjusted[upper]))
    if not with_empty:
        return []
    text = (
        f"{with_empty} of {upper[0].size} two-way tables "
        f"{'has' if with_empty == 1 else 'have'} cells that nobody is in"
    )
    if filled:
        return [f"{text}; in {filled} of them one half was put there."]
    return [f"{text}; they were left empty."]


def _check_complete(source: CorrelationSource, analysis: str) -> None:
    """Raise unless every correlation is there."""
    names = source.items.names
    if len(names) < 2:
        raise EstimationError(
            f"`{analysis}` was given {len(names)} "
            f"{'variable' if len(names) == 1 else 'variables'}, but a correlation needs two."
        )
    if source.n_obs < _FEWEST and source.sample.missing == "pairwise":
        raise EstimationError(
            f"`{analysis}` needs at least {_FEWEST} respondents who answered both items of every "
            f"pair, but a pair has {source.n_obs}. Use fewer items, or collect more answers."
        )
    if source.n_obs < _FEWEST:
        raise EstimationError(
            f"`{analysis}` needs at least {_FEWEST} respondents who answered all items, but "
            f"{source.n_obs} {'remains' if source.n_obs == 1 else 'remain'} of "
            f"{source.sample.n_obs + source.sample.n_excluded}. Use "
            '`missing="pairwise"` or fewer items, or collect more answers.'
        )
    holes = ~np.isfinite(source.matrix)
    if not holes.any():
        return
    everywhere = [name for name, hole in zip(names, np.diag(holes), strict=True) if hole]
    if everywhere:
        raise EstimationError(
            f"`{analysis}` needs answers that vary, but these are the same for all "
            f"{source.n_obs} respondents: {shorten(everywhere)}. Leave them out."
        )
    rows, columns = np.nonzero(np.triu(holes, k=1))
    listed = [f"{names[i]} and {names[j]}" for i, j in zip(rows, columns, strict=True)]
    raise EstimationError(
        f"`{analysis}` needs every correlation, but among the respondents who answered both, one "
        f"of the two items does not vary: {shorten(listed)}. Leave one of each pair out."
    )
