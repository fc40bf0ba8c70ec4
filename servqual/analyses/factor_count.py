"""How many factors do the answers speak for? Several criteria side by side."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np
import pandas as pd

from servqual.analyses.correlation_source import (
    CorrelationSource,
    SourceData,
    correlation_source,
)
from servqual.errors import ImproperSolutionWarning, OptionError
from servqual.numerics.parallel_analysis import (
    ParallelAnalysis,
    ReferenceEigenvalues,
    apportion,
    parallel_analysis_normal,
    parallel_analysis_permutation,
    reduced_eigenvalues,
)
from servqual.numerics.retention import (
    AveragePartials,
    EmpiricalKaiser,
    average_partial_correlations,
    empirical_kaiser,
    kaiser_rule,
    n_leading,
)
from servqual.progress import shown_progress
from servqual.results import Interpretation, Result, SampleInfo, Statement
from servqual.samplestats.counts import Counts
from servqual.typing import (
    CorrelationKind,
    FloatArray,
    IntArray,
    Missing,
    On,
    ProgressOption,
    check_option,
    check_whole,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Draws", "FactorCountResult", "ScreeOf", "factor_count"]

#: Random matrices that parallel analysis compares with.
Draws: TypeAlias = Literal["normal", "permutation"]

#: Whose eigenvalues a scree plot shows.
ScreeOf: TypeAlias = Literal["components", "factors"]

_FEWEST_DRAWS = 20

_HORN = "Horn, J. L. (1965), https://doi.org/10.1007/BF02289447"
_GLORFELD = "Glorfeld, L. W. (1995), https://doi.org/10.1177/0013164495055003002"
_HUMPHREYS = "Humphreys, L. G., & Ilgen, D. R. (1969), https://doi.org/10.1177/001316446902900303"
_VELICER = "Velicer, W. F. (1976), https://doi.org/10.1007/BF02293557"
_VELICER_FOURTH = (
    "Velicer, W. F., Eaton, C. A., & Fava, J. L. (2000), "
    "https://doi.org/10.1007/978-1-4615-4397-8_3"
)
_BRAEKEN = "Braeken, J., & van Assen, M. A. L. M. (2017), https://doi.org/10.1037/met0000074"
_KAISER = "Kaiser, H. F. (1960), https://doi.org/10.1177/001316446002000116"
_ZWICK = "Zwick, W. R., & Velicer, W. F. (1986), https://doi.org/10.1037/0033-2909.99.3.432"
_BUJA = "Buja, A., & Eyuboglu, N. (1992), https://doi.org/10.1207/s15327906mbr2704_2"
_AUERSWALD = "Auerswald, M., & Moshagen, M. (2019), https://doi.org/10.1037/met0000200"

#: Method → what it is called, and where it comes from.
_METHODS: dict[str, tuple[str, str]] = {
    "parallel-components-mean": ("Parallel analysis of components, mean", _HORN),
    "parallel-components-95": ("Parallel analysis of components, 95th percentile", _GLORFELD),
    "parallel-factors-mean": ("Parallel analysis of common factors, mean", _HUMPHREYS),
    "parallel-factors-95": (
        "Parallel analysis of common factors, 95th percentile",
        f"{_HUMPHREYS}; {_GLORFELD}",
    ),
    "map": ("Minimum average partial correlation, squared (MAP)", _VELICER),
    "map4": ("Minimum average partial correlation, fourth power (MAP)", _VELICER_FOURTH),
    "ekc": ("Empirical Kaiser criterion", _BRAEKEN),
    "kaiser": ("Kaiser's rule: eigenvalues above 1", _KAISER),
}

_HYPOTHESISED = "hypothesised"


@dataclass(frozen=True, repr=False)
class FactorCountResult(Result):
    """Number of factors by several criteria.

    Attributes
    ----------
    sample : SampleInfo
        Respondents behind the correlation matrix.
    on : str
        Which answers; empty when the data are not a survey's items.
    correlation : {"pearson", "polychoric", "spearman"}
        Which correlations.
    draws : {"normal", "permutation"}
        What parallel analysis compares with.
    n_draws : int
        Random matrices.
    seed : int
        Seed of the draws.
    hypothesised : int or None
        Number of factors that theory says.
    methods : DataFrame
        One row per method: method, n_factors (missing where it cannot be told), label, source.
        The last row, ``"hypothesised"``, is there if a number is known.
    eigenvalues : DataFrame
        component (1, 2, …), observed (eigenvalue of the correlation matrix), parallel_mean and
        parallel_95 (mean and 95th percentile of the random ones), factor_observed,
        factor_parallel_mean, factor_parallel_95 (the same with squared multiple correlations on the
        diagonal), ekc_reference (of the empirical Kaiser criterion).
    partial_correlations : DataFrame
        m (components taken out, from 0), map (mean squared partial correlation), map4 (mean of the
        fourth powers); nan where nothing is left to correlate.
    notes : tuple of str
        What could not be computed, and what a reader should know.
    """

    title: ClassVar[str] = "Number of factors"

    sample: SampleInfo
    on: str
    correlation: CorrelationKind
    draws: Draws
    n_draws: int
    seed: int
    hypothesised: int | None
    methods: pd.DataFrame
    eigenvalues: pd.DataFrame
    partial_correlations: pd.DataFrame
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per method."""
        return self.methods.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: the sample, the draws, and each method's number of factors."""
        found = self.methods.set_index("method")["n_factors"]
        counts = {
            name.replace("-", "_"): pd.array([found.get(name, pd.NA)], dtype="Int64")
            for name in (*_METHODS, _HYPOTHESISED)
        }
        return pd.DataFrame(
            {
                "on": [self.on],
                "correlation": [self.correlation],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_items": [len(self.eigenvalues)],
                "draws": [self.draws],
                "n_draws": [self.n_draws],
                "seed": [self.seed],
                **counts,
            }
        )

    def interpret(self) -> Interpretation:
        """Put the criteria into plain words, with what is known about their leanings.

        Returns
        -------
        Interpretation
        """
        return Interpretation(tuple(_say(self)))

    def plot(self, of: ScreeOf = "components", *, ax: Axes | None = None) -> Axes:
        """Draw the eigenvalues with those of parallel analysis (scree plot).

        Parameters
        ----------
        of : {"components", "factors"}, default "components"
            Eigenvalues of the correlation matrix, or of the matrix with squared multiple
            correlations on the diagonal.
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from servqual.plots.scree import plot_scree

        return plot_scree(self, of=of, ax=ax)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        methods = self.methods[["label", "n_factors"]].copy()
        methods["n_factors"] = [
            "–" if number is pd.NA else str(number) for number in self.methods["n_factors"]
        ]
        largest = self.methods["n_factors"].max()
        rows = 3 if largest is pd.NA else int(largest) + 2
        return [("", methods), ("Largest eigenvalues", self.eigenvalues.head(rows))]


def factor_count(
    data: SourceData,
    *,
    on: On = "perception",
    variables: Sequence[str] | None = None,
    correlation: CorrelationKind = "pearson",
    missing: Missing = "listwise",
    draws: Draws = "normal",
    n_draws: int = 500,
    seed: int = 0,
    hypothesised: int | None = None,
    progress: ProgressOption = None,
) -> FactorCountResult:
    """Compare criteria for the number of factors.

    Parameters
    ----------
    data : Survey, Moments, PairwiseMoments, Counts or CorrelationResult
        Moments do for Pearson correlations and normal draws; whatever else needs a survey or
        counts.
    on : str, default "perception"
        Side or difference whose items are taken.
    variables : sequence of str, optional
        Some of the items (``"P1"``, ``"P2"`` …) or other variables, in place of all items.
    correlation : {"pearson", "polychoric", "spearman"}, default "pearson"
        Which correlations.
    missing : {"listwise", "pairwise"}, default "listwise"
        Respondents with answers to all items, or for each pair those who answered both; then n is
        the smallest of their numbers.
    draws : {"normal", "permutation"}, default "normal"
        Random matrices of parallel analysis: correlations of independent normal variables, or
        correlations of the chosen kind after each item's own answers were shuffled. The latter
        keeps the items' skewed and coarse distributions, which matters for polychoric correlations;
        its time grows with the number of respondents.
    n_draws : int, default 500
        Random matrices, at least 20. With 500 the simulation error of a 95th percentile is some .01
        from 200 respondents on, and less with more of them; a note says when it leaves a number of
        factors open.
    seed : int, default 0
        Seed of the draws; the result does not depend on the number of threads.
    hypothesised : int, optional
        Number of factors that theory says. Default: the number of dimensions that the survey's
        items belong to.
    progress : callable, bool or None, default None
        A callable is told (done, total) while matrices are drawn. None shows a bar where somebody
        is looking and the work is long, True always, False never.

    Returns
    -------
    FactorCountResult

    Raises
    ------
    EstimationError
        If an item does not vary, or there are fewer than two items or three respondents.
    OptionError
        If an option does not exist, or needs more than the data hold.
    RowsRequiredError
        If `data` is none of these.

    Warns
    -----
    ImproperSolutionWarning
        If the correlation matrix is singular, or had to be smoothed.

    Notes
    -----
    Parallel analysis and the criteria of Kaiser count leading eigenvalues that exceed their
    reference, up to the first that does not. Common factors need a positive eigenvalue too. MAP
    takes the number of components after which partial correlations are smallest, 0 included. The
    empirical Kaiser criterion has its published floor of 1.

    The criteria assume a simple random sample. With sampling weights the empirical Kaiser criterion
    is missing, and parallel analysis takes the number of respondents.

    References
    ----------
    Horn, J. L. (1965). A rationale and test for the number of factors in factor analysis.
    *Psychometrika*, 30, 179–185. https://doi.org/10.1007/BF02289447

    Glorfeld, L. W. (1995). An improvement on Horn's parallel analysis methodology for selecting the
    correct number of factors to retain. *Educational and Psychological Measurement*, 55, 377–393.
    https://doi.org/10.1177/0013164495055003002

    Humphreys, L. G., & Ilgen, D. R. (1969). Note on a criterion for the number of common factors.
    *Educational and Psychological Measurement*, 29, 571–578.
    https://doi.org/10.1177/001316446902900303

    Buja, A., & Eyuboglu, N. (1992). Remarks on parallel analysis. *Multivariate Behavioral
    Research*, 27, 509–540. https://doi.org/10.1207/s15327906mbr2704_2

    Velicer, W. F. (1976). Determining the number of components from the matrix of partial
    correlations. *Psychometrika*, 41, 321–327. https://doi.org/10.1007/BF02293557

    Velicer, W. F., Eaton, C. A., & Fava, J. L. (2000). Construct explication through factor or
    component analysis. In R. D. Goffin & E. Helmes (Eds.), *Problems and solutions in human
    assessment* (pp. 41–71). https://doi.org/10.1007/978-1-4615-4397-8_3

    Braeken, J., & van Assen, M. A. L. M. (2017). An empirical Kaiser criterion. *Psychological
    Methods*, 22, 450–466. https://doi.org/10.1037/met0000074

    Kaiser, H. F. (1960). The application of electronic computers to factor analysis. *Educational
    and Psychological Measurement*, 20, 141–151. https://doi.org/10.1177/001316446002000116

    Examples
    --------
    >>> import servqual as sq
    >>> result = sq.factor_count(sq.load_example("bank"))
    >>> int(result.tidy().set_index("method")["n_factors"]["ekc"])
    5
    """
    check_option("draws", draws, Draws)
    check_whole("n_draws", n_draws, _FEWEST_DRAWS)
    check_whole("seed", seed, 0)
    if hypothesised is not None:
        check_whole("hypothesised", hypothesised, 1)
    source = correlation_source(
        data,
        analysis="factor_count",
        on=on,
        kind=correlation,
        missing=missing,
        variables=variables,
    )
    expected = _hypothesised(source, hypothesised)
    random = _draw(source, draws, n_draws, seed, progress)
    criteria = _criteria(source, random)
    _warn_of_singular(source)
    return FactorCountResult(
        sample=source.sample,
        on=source.on,
        correlation=source.kind,
        draws=draws,
        n_draws=int(n_draws),
        seed=int(seed),
        hypothesised=expected,
        methods=_methods(criteria, expected, source),
        eigenvalues=_eigenvalues(criteria),
        partial_correlations=_partial_correlations(criteria.partials),
        notes=(*source.notes, *_notes(source, criteria, draws)),
    )


# ---- before the mathematics ----------------------------------------------------------------------


def _hypothesised(source: CorrelationSource, given: int | None) -> int | None:
    n_items = len(source.items.names)
    if given is None:
        return len({part for part in source.items.dimensions if part}) or None
    if given > n_items:
        raise OptionError(
            f"`hypothesised` is {given}, but {n_items} items cannot have more factors than items."
        )
    return int(given)


def _counts(source: CorrelationSource) -> Counts:
    """Frequencies of the answers behind a matrix."""
    if source.counts is not None:
        return source.counts
    if source.survey is None:
        raise OptionError(
            '`draws="permutation"` shuffles the answers, whose frequencies moments do not hold. '
            'Use `draws="normal"`, or give a `Survey` or `sq.Counts.collect(table)`.'
        )
    missing: Missing = "pairwise" if source.sample.missing == "pairwise" else "listwise"
    return source.survey.counts(source.requests, missing=missing)


def _own_frequencies(counts: Counts, n_obs: int) -> list[IntArray]:
    """Each item's frequencies, as those of the same number of respondents for all items."""
    own = np.split(np.diag(counts.tables), np.cumsum(counts.n_categories)[:-1])
    return [apportion(frequencies, n_obs) for frequencies in own]


def _draw(
    source: CorrelationSource, draws: Draws, n_draws: int, seed: int, progress: ProgressOption
) -> ParallelAnalysis:
    with shown_progress(progress, "Random matrices") as tell:
        if draws == "normal":
            return parallel_analysis_normal(
                source.n_obs,
                len(source.items.names),
                n_draws=int(n_draws),
                seed=int(seed),
                progress=tell,
            )
        counts = _counts(source)
        return parallel_analysis_permutation(
            _own_frequencies(counts, source.n_obs),
            [np.array(points) for points in counts.categories],
            kind=source.kind,
            n_draws=int(n_draws),
            seed=int(seed),
            progress=tell,
        )


# ---- the criteria --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Criteria:
    """Everything that is counted, as arrays.

    Attributes
    ----------
    components, factors : FloatArray, shape (p,)
        Eigenvalues of the matrix, and of the one with squared multiple correlations.
    random : ParallelAnalysis
        What they are compared with.
    partials : AveragePartials
        Average partial correlations.
    kaiser : EmpiricalKaiser or None
        None under sampling weights.
    """

    components: FloatArray
    factors: FloatArray
    random: ParallelAnalysis
    partials: AveragePartials
    kaiser: EmpiricalKaiser | None

    def parallel(self) -> dict[str, tuple[FloatArray, FloatArray, FloatArray]]:
        """Eigenvalues, reference and its simulation error of each kind of parallel analysis."""
        # A common factor with a negative share of variance is none, whatever chance would give.
        factors, random = self.random.factors, self.random.components
        return {
            "parallel-components-mean": (self.components, random.mean, random.mean_error),
            "parallel-components-95": (
                self.components,
                random.percentile,
                random.percentile_error,
            ),
            "parallel-factors-mean": (
                self.factors,
                np.maximum(factors.mean, 0.0),
                factors.mean_error,
            ),
            "parallel-factors-95": (
                self.factors,
                np.maximum(factors.percentile, 0.0),
                factors.percentile_error,
            ),
        }

    def n_factors(self) -> dict[str, int | None]:
        """Number of factors by each method."""
        counted: dict[str, int | None] = {
            method: n_leading(values, reference)
            for method, (values, reference, _) in self.parallel().items()
        }
        return counted | {
            "map": self.partials.n_factors,
            "map4": self.partials.n_factors_fourth,
            "ekc": None if self.kaiser is None else self.kaiser.n_factors,
            "kaiser": kaiser_rule(self.components),
        }


def _criteria(source: CorrelationSource, random: ParallelAnalysis) -> _Criteria:
    components = np.asarray(np.linalg.eigvalsh(source.matrix)[::-1], dtype=np.float64)
    return _Criteria(
        components=components,
        factors=reduced_eigenvalues(source.matrix),
        random=random,
        partials=average_partial_correlations(source.matrix),
        kaiser=None
        if source.weight_kind == "sampling"
        else empirical_kaiser(components, source.n_obs),
    )


def _methods(
    criteria: _Criteria, hypothesised: int | None, source: CorrelationSource
) -> pd.DataFrame:
    counted = criteria.n_factors()
    rows = [(name, counted[name], *words) for name, words in _METHODS.items()]
    if hypothesised is not None:
        own = source.instrument is not None and hypothesised == _hypothesised(source, None)
        rows.append(
            (
                _HYPOTHESISED,
                hypothesised,
                "Number that theory says",
                f"dimensions of {source.instrument.title}"
                if own and source.instrument is not None
                else "given",
            )
        )
    method, numbers, labels, sources = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "method": method,
            "n_factors": pd.array(list(numbers), dtype="Int64"),
            "label": labels,
            "source": sources,
        }
    )


def _eigenvalues(criteria: _Criteria) -> pd.DataFrame:
    size = criteria.components.size

    def columns(values: FloatArray, random: ReferenceEigenvalues, prefix: str) -> dict[str, object]:
        return {
            f"{prefix}observed": values,
            f"{prefix}parallel_mean": random.mean,
            f"{prefix}parallel_95": random.percentile,
        }

    return pd.DataFrame(
        {
            "component": np.arange(1, size + 1),
            **columns(criteria.components, criteria.random.components, ""),
            **columns(criteria.factors, criteria.random.factors, "factor_"),
            "ekc_reference": np.full(size, np.nan)
            if criteria.kaiser is None
            else criteria.kaiser.reference,
        }
    )


def _partial_correlations(partials: AveragePartials) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "m": np.arange(partials.squared.size),
            "map": partials.squared,
            "map4": partials.fourth,
        }
    )


# ---- what a reader should know -------------------------------------------------------------------


def _warn_of_singular(source: CorrelationSource) -> None:
    # That a matrix was smoothed has been warned of where it was.
    if source.singular and not (source.smoothing is not None and source.smoothing.smoothed):
        warnings.warn(
            f"The correlation matrix has no inverse: {source.describe_singular()}. Criteria that "
            "rest on multiple or partial correlations are of little use then; the notes say which. "
            "Use fewer items or more respondents.",
            ImproperSolutionWarning,
            stacklevel=3,
        )


def _notes(source: CorrelationSource, criteria: _Criteria, draws: Draws) -> Iterator[str]:
    n_items = len(source.items.names)
    if n_items < 3:
        yield "Two items cannot show how many factors they have: one correlation fits any number."
    if source.singular:
        yield (
            "Items that are sums of others have squared multiple correlations of 1, so parallel "
            "analysis of common factors treats them as parallel analysis of components does."
        )
    if criteria.partials.n_computed < n_items:
        yield (
            f"Average partial correlations end at m = {criteria.partials.n_computed - 1}: one more "
            "component leaves an item without variance."
        )
    if draws == "normal" and source.kind != "pearson":
        yield (
            "The random eigenvalues are those of Pearson correlations of normal variables; "
            f"{source.kind} correlations of answers in few categories may vary more by chance. "
            '`draws="permutation"` compares like with like.'
        )
    if source.weight_kind == "sampling":
        yield (
            "Parallel analysis takes the number of respondents, whatever their sampling weights; "
            "the empirical Kaiser criterion is left out, because it rests on a simple random "
            "sample."
        )
    if source.sample.missing == "pairwise":
        yield (
            f"Pairs of items have different numbers of respondents; the smallest, {source.n_obs}, "
            "is taken for all."
        )
    yield from _open_questions(criteria)


def _open_questions(criteria: _Criteria) -> Iterator[str]:
    """Numbers of factors that more draws might change."""
    for method, (values, reference, error) in criteria.parallel().items():
        number = n_leading(values, reference)
        near = np.abs(values - reference) < 2.0 * error
        decisive = [place for place in (number - 1, number) if 0 <= place < values.size]
        found = [place + 1 for place in decisive if near[place]]
        if found:
            yield (
                f"{_METHODS[method][0]}: eigenvalue {found[0]} is nearer to its reference than the "
                "simulation error, so other draws may count one more or one less. Use more draws."
            )


# ---- words ---------------------------------------------------------------------------------------


def _counted(number: int, noun: str) -> str:
    if number == 0:
        return f"no {noun}"
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _say(result: FactorCountResult) -> Iterator[Statement]:
    found = {
        str(method): int(number)
        for method, number in zip(
            result.methods["method"], result.methods["n_factors"], strict=True
        )
        if number is not pd.NA
    }
    yield Statement(
        "parallel-components",
        "Parallel analysis of components: "
        f"{_counted(found['parallel-components-95'], 'eigenvalue')} "
        f"{'exceed' if found['parallel-components-95'] > 1 else 'exceeds'} the 95th percentile of "
        "items that have nothing in common; against their mean it is "
        f"{found['parallel-components-mean']}.",
        "eigenvalues above those of unrelated items",
        f"{_HORN}; {_GLORFELD}",
    )
    yield Statement(
        "parallel-factors",
        f"Of common factors it counts {found['parallel-factors-95']} (95th percentile) or "
        f"{found['parallel-factors-mean']} (mean); this form is known to count rather too many.",
        "parallel analysis of common factors",
        _BUJA,
    )
    yield Statement(
        "map",
        "Partial correlations between items are smallest once "
        f"{_counted(found['map'], 'component')} {'are' if found['map'] > 1 else 'is'} taken out; "
        f"with fourth powers it is {found['map4']}.",
        "minimum average partial correlation",
        f"{_VELICER}; {_VELICER_FOURTH}",
    )
    if "ekc" in found:
        yield Statement(
            "ekc",
            f"The empirical Kaiser criterion counts {_counted(found['ekc'], 'factor')}. It was "
            "made for scales with few items per factor and factors that correlate, for which "
            "parallel analysis of components tends to count too few.",
            "empirical Kaiser criterion",
            _BRAEKEN,
        )
    yield Statement(
        "kaiser",
        f"Kaiser's rule counts {_counted(found['kaiser'], 'eigenvalue')} above 1; it is known to "
        "count too many when there are many items.",
        "eigenvalues above 1",
        _ZWICK,
    )
    yield _agreement(found)


def _agreement(found: dict[str, int]) -> Statement:
    """What the criteria say together, beside the number that theory says."""
    numbers = [number for method, number in found.items() if method != _HYPOTHESISED]
    low, high = min(numbers), max(numbers)
    if low == high:
        text = f"All criteria say {low}."
    else:
        often = max(sorted(set(numbers)), key=numbers.count)
        text = (
            f"The criteria range from {low} to {high}; {numbers.count(often)} of {len(numbers)} "
            f"say {often}. Solutions within this range are worth comparing for what they mean."
        )
    expected = found.get(_HYPOTHESISED)
    if expected is not None:
        agree = numbers.count(expected)
        text += (
            f" Theory says {expected}, as {'do' if agree != 1 else 'does'} {agree} of "
            f"{len(numbers)} criteria."
            if agree
            else f" Theory says {expected}, which none of the criteria do."
        )
    return Statement("together", text, "no criterion decides alone", _AUERSWALD)
