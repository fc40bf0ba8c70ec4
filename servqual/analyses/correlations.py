"""How do the answers go together? Pearson, polychoric and rank correlations with their errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy import special

from servqual.analyses.correlation_source import (
    CorrelationSource,
    HoldsSource,
    SourceData,
    make_source,
    warn_of_repairs,
)
from servqual.errors import EstimationError
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    not_in_json,
)
from servqual.typing import (
    CorrelationKind,
    EmptyCells,
    FloatArray,
    Missing,
    On,
    check_conf_level,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLES: dict[CorrelationKind, str] = {
    "pearson": "Pearson correlations",
    "polychoric": "Polychoric correlations",
    "spearman": "Rank correlations (Spearman)",
}

_THRESHOLD_COLUMNS = ["item", "below", "above", "threshold"]


@dataclass(frozen=True, repr=False)
class CorrelationResult(Result, HoldsSource):
    """Correlations of all pairs of variables.

    It can be given to `efa`, `factor_count` and `scale_reliability` in place of the survey, which
    then speak of this very matrix.

    Attributes
    ----------
    sample : SampleInfo
        The smallest number of respondents behind any pair.
    on : str
        Which answers; empty when the variables are not the items of a survey.
    kind : {"pearson", "polychoric", "spearman"}
        Which correlations.
    conf_level : float
        Coverage of the intervals.
    matrix : DataFrame
        Square, with the names of the variables on both sides.
    std_errors : DataFrame
        Square; nan on the diagonal.
    n_obs_pairs : DataFrame
        Square: respondents behind each pair.
    thresholds : DataFrame
        For polychoric correlations: item, below and above (the two answers that the threshold lies
        between), threshold; else empty.
    smallest_eigenvalue : float
        Before smoothing; nan where the matrix holds nan.
    smoothed : bool
        Whether the matrix was not positive definite and had to be smoothed.
    largest_change : float
        By which smoothing changed a correlation.
    n_empty : int
        For polychoric correlations, pairs with empty cells in their table.
    n_adjusted : int
        Those of them in which empty cells were filled.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Correlations"

    sample: SampleInfo
    on: str
    kind: CorrelationKind
    conf_level: float
    matrix: pd.DataFrame
    std_errors: pd.DataFrame
    n_obs_pairs: pd.DataFrame
    thresholds: pd.DataFrame
    smallest_eigenvalue: float
    smoothed: bool
    largest_change: float
    n_empty: int
    n_adjusted: int
    notes: tuple[str, ...] = ()
    source: CorrelationSource = not_in_json()  # noqa: RUF009

    def tidy(self) -> pd.DataFrame:
        """Return one row per pair, with its test against zero and its interval.

        Returns
        -------
        DataFrame
            first, second, n, estimate, std_error, statistic, df (of t; infinite for z), p_value,
            conf_low, conf_high. Pearson: t test and Fisher's z interval. Spearman: t approximation
            and Fisher's z with the variance of Bonett and Wright (2000). Polychoric: z.
        """
        rows, columns = np.triu_indices(len(self.matrix), k=1)
        names = self.matrix.columns.to_numpy()
        estimate = self.matrix.to_numpy()[rows, columns]
        error = self.std_errors.to_numpy()[rows, columns]
        n = self.n_obs_pairs.to_numpy()[rows, columns]
        test = _test(estimate, error, n, self.kind, self.conf_level)
        if self.sample.weights == "sampling":
            test = {name: np.full(rows.size, np.nan) for name in test}
        return pd.DataFrame(
            {
                "first": names[rows],
                "second": names[columns],
                "n": n,
                "estimate": estimate,
                "std_error": error,
                **test,
            }
        )

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, average correlation, smoothing, empty cells."""
        upper = self.matrix.to_numpy()[np.triu_indices(len(self.matrix), k=1)]
        return pd.DataFrame(
            {
                "correlation": [self.kind],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_variables": [len(self.matrix)],
                "mean_correlation": [float(np.mean(upper)) if upper.size else np.nan],
                "smallest_eigenvalue": [self.smallest_eigenvalue],
                "smoothed": [self.smoothed],
                "largest_change": [self.largest_change],
                "n_empty": [self.n_empty],
                "n_adjusted": [self.n_adjusted],
            }
        )

    def interpret(self) -> Interpretation:
        """Put the range of the correlations into plain words.

        Returns
        -------
        Interpretation
        """
        return Interpretation(tuple(_say(self)))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the matrix as a heat map.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from servqual.plots.correlation_matrix import plot_correlation_matrix

        return plot_correlation_matrix(self.matrix, title=_TITLES[self.kind], ax=ax)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        table = self.matrix.rename_axis(index=None, columns=None)
        table.insert(0, "", table.index)
        return [(_TITLES[self.kind], table)]


def correlations(
    data: SourceData,
    *,
    on: On = "perception",
    variables: Sequence[str] | None = None,
    kind: CorrelationKind = "pearson",
    missing: Missing = "listwise",
    empty_cells: EmptyCells = "two-by-two",
    conf_level: float = 0.95,
) -> CorrelationResult:
    """Correlations between items, or between any variables of a survey.

    Parameters
    ----------
    data : Survey, Moments, PairwiseMoments or Counts
        Polychoric and rank correlations need a survey or counts.
    on : str, default "perception"
        Side or difference whose items are taken.
    variables : sequence of str, optional
        Other variables in place of all items: names as in `Survey.rows`, such as ``"P1"``,
        ``"gap:reliability"`` or ``"satisfaction"``.
    kind : {"pearson", "polychoric", "spearman"}, default "pearson"
        Pearson takes the answers as numbers. Polychoric correlations are those of the normal
        variables that are thought to lie beneath ordered answers. Spearman's takes ranks.
    missing : {"listwise", "pairwise"}, default "listwise"
        Respondents with answers to all variables, or for each pair those who answered both.
    empty_cells : {"two-by-two", "all", "none"}, default "two-by-two"
        For polychoric correlations, what becomes of cells of a two-way table that nobody is in:
        one half is added in two-by-two tables with margins kept, one half in every table, or
        nothing. The result says how many tables were concerned.
    conf_level : float, default 0.95
        Coverage of the intervals in `tidy`.

    Returns
    -------
    CorrelationResult

    Raises
    ------
    OptionError
        If an option or a variable does not exist, or `kind` needs more than moments.
    EstimationError
        If there are fewer than two variables.
    RowsRequiredError
        If `data` is none of these.

    Warns
    -----
    ImproperSolutionWarning
        If the matrix had to be smoothed, or a polychoric correlation is perfect.

    Notes
    -----
    Correlations of an item that does not vary are nan, with a note. A matrix that is not positive
    definite, as pairs of different respondents and polychoric estimates may give, is smoothed
    (eigenvalues raised, diagonal one), and the result tells by how much. With sampling weights
    there are no standard errors.

    References
    ----------
    Olsson, U. (1979). Maximum likelihood estimation of the polychoric correlation coefficient.
    *Psychometrika*, 44, 443–460. https://doi.org/10.1007/BF02296207

    Bonett, D. G., & Wright, T. A. (2000). Sample size requirements for estimating Pearson, Kendall
    and Spearman correlations. *Psychometrika*, 65, 23–28. https://doi.org/10.1007/BF02294183

    Examples
    --------
    >>> import servqual as sq
    >>> survey = sq.load_example("bank")
    >>> result = sq.correlations(survey, on="perception", kind="polychoric")
    >>> result.matrix.shape
    (22, 22)
    """
    check_conf_level(conf_level)
    source = make_source(
        data, on=on, kind=kind, missing=missing, variables=variables, empty_cells=empty_cells
    )
    names = pd.Index(source.items.names, name="item")
    if len(names) < 2:
        raise EstimationError(
            f"`correlations` was given {len(names)} "
            f"{'variable' if len(names) == 1 else 'variables'}, but a correlation needs two."
        )
    warn_of_repairs(source, stacklevel=3)
    smoothing, polychoric = source.smoothing, source.polychoric
    upper = np.triu_indices(len(names), k=1)
    notes = list(source.notes)
    if source.weight_kind == "sampling":
        notes.append("With sampling weights, standard errors of correlations are not known.")
    return CorrelationResult(
        sample=source.sample,
        on=source.on,
        kind=source.kind,
        conf_level=conf_level,
        matrix=_square(source.matrix, names),
        std_errors=_square(_std_errors(source), names),
        n_obs_pairs=_square(source.pairs, names).astype(np.int64),
        thresholds=_thresholds(source),
        smallest_eigenvalue=np.nan if smoothing is None else smoothing.smallest_eigenvalue,
        smoothed=smoothing is not None and smoothing.smoothed,
        largest_change=np.nan if smoothing is None else smoothing.largest_change,
        n_empty=0 if polychoric is None else int(np.count_nonzero(polychoric.empty_cells[upper])),
        n_adjusted=0 if polychoric is None else int(np.count_nonzero(polychoric.adjusted[upper])),
        notes=tuple(notes),
        # A result holds statistics, not respondents.
        source=replace(source, survey=None),
    )


def _say(result: CorrelationResult) -> Iterator[Statement]:
    table = result.tidy().dropna(subset=["estimate"])
    if table.empty:
        return
    closest = table.iloc[int(table["estimate"].to_numpy().argmax())]
    farthest = table.iloc[int(table["estimate"].to_numpy().argmin())]
    yield Statement(
        "correlations",
        f"The {len(table)} correlations lie between {format_number(farthest['estimate'], 2)} "
        f"({farthest['first']} and {farthest['second']}) and "
        f"{format_number(closest['estimate'], 2)} ({closest['first']} and {closest['second']}); "
        f"their mean is {format_number(float(table['estimate'].mean()), 2)}.",
    )
    if result.smoothed:
        yield Statement(
            "smoothing",
            "No data could have all these correlations at once, so they were smoothed; the "
            f"largest change is {format_number(result.largest_change, 4)}.",
        )


def _square(values: FloatArray, names: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(values.copy(), index=names, columns=list(names))


def _std_errors(source: CorrelationSource) -> FloatArray:
    """Standard errors of all pairs: of Pearson's and Spearman's r that of the t test."""
    if source.polychoric is not None:
        return source.polychoric.std_errors
    errors = np.full(source.matrix.shape, np.nan)
    if source.weight_kind == "sampling":
        return errors
    df = source.pairs - 2.0
    rest = np.maximum(1.0 - source.matrix**2, 0.0)
    np.sqrt(np.divide(rest, df, out=errors, where=df > 0.0), out=errors, where=df > 0.0)
    np.fill_diagonal(errors, np.nan)
    return errors


def _thresholds(source: CorrelationSource) -> pd.DataFrame:
    if source.polychoric is None or source.counts is None:
        return pd.DataFrame(columns=_THRESHOLD_COLUMNS)
    rows = [
        (name, below, above, threshold)
        for name, chosen, cuts in zip(
            source.items.names, source.counts.categories, source.polychoric.thresholds, strict=True
        )
        for below, above, threshold in zip(chosen[:-1], chosen[1:], cuts, strict=True)
    ]
    return pd.DataFrame(rows, columns=_THRESHOLD_COLUMNS)


def _test(
    estimate: FloatArray, error: FloatArray, n: FloatArray, kind: CorrelationKind, conf_level: float
) -> dict[str, FloatArray]:
    """Test against zero and confidence limits of each pair."""
    quantile = float(special.ndtri(0.5 + 0.5 * conf_level))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / error
        if kind == "polychoric":
            df = np.full(estimate.size, np.inf)
            p_value = 2.0 * special.ndtr(-np.abs(statistic))
            low, high = estimate - quantile * error, estimate + quantile * error
        else:
            df = np.asarray(n, dtype=np.float64) - 2.0
            p_value = 2.0 * special.stdtr(df, -np.abs(statistic))
            spread = 1.0 + 0.5 * estimate**2 if kind == "spearman" else 1.0
            margin = quantile * np.sqrt(spread / np.where(n > 3, n - 3.0, np.nan))
            z = np.arctanh(estimate)
            low, high = np.tanh(z - margin), np.tanh(z + margin)
    return {
        "statistic": statistic,
        "df": df,
        "p_value": p_value,
        "conf_low": low,
        "conf_high": high,
    }
