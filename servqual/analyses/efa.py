"""Which factors lie beneath the answers? Exploratory factor analysis of one correlation matrix."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np
import pandas as pd

from servqual import rules
from servqual.analyses.congruence import CongruenceResult, TargetRotation, compare_with_theory
from servqual.analyses.correlation_source import (
    CorrelationSource,
    ItemLabels,
    SourceData,
    correlation_source,
)
from servqual.errors import (
    ImproperSolutionWarning,
    NotPositiveDefiniteError,
    OptionError,
    ServqualWarning,
    shorten,
)
from servqual.instruments.instrument import Instrument
from servqual.numerics.extraction import Extraction, extract
from servqual.numerics.factor_fit import FactorFit, factor_fit
from servqual.numerics.factor_order import arrange
from servqual.numerics.rotation import OBLIQUE, RotatedFactors, rotate
from servqual.numerics.sampling_adequacy import SamplingAdequacy, sampling_adequacy
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    not_in_json,
    say_p,
)
from servqual.typing import (
    CorrelationKind,
    ExtractionMethod,
    FloatArray,
    Missing,
    On,
    Rotation,
    check_conf_level,
    check_option,
    check_whole,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EFAPlot: TypeAlias = Literal["loadings", "factor-correlations"]

_FIT = [
    "chi2",
    "df",
    "p_value",
    "chi2_null",
    "df_null",
    "rmsea",
    "rmsea_low",
    "rmsea_high",
    "tli",
    "rmsr",
    "rmsr_corrected",
    "bic",
]
_GLANCE_FIT = ["p_value", "rmsea", "rmsea_low", "rmsea_high", "tli", "rmsr", "bic"]
_ADEQUACY = ["kmo", "bartlett_chi2", "bartlett_df", "bartlett_p"]

#: Items named per factor in plain words.
_MOST_NAMED = 8


@dataclass(frozen=True, repr=False)
class EFAResult(Result):
    """Common factors of a set of items.

    Factors are called F1, F2 … in decreasing order of the variance that they account for, and
    turned so that the loadings of each add up to zero or more.

    Attributes
    ----------
    sample : SampleInfo
        For whom the correlations speak; with pairwise deletion the smallest number behind any pair.
    on : str
        Which answers; empty when the result was not made from a survey's items.
    extraction : {"minres", "ml", "paf"}
        How factors were extracted.
    rotation : str
        How they were rotated; ``"none"`` also where there is one factor.
    correlation : {"pearson", "polychoric", "spearman"}
        Which correlations were analysed.
    conf_level : float
        Coverage of the interval of RMSEA.
    loadings : DataFrame
        Pattern loadings: index ``item``, columns F1 …. For correlated factors these are regression
        weights, which may exceed 1.
    structure : DataFrame
        Correlations of items with factors, of the same form.
    communalities, uniquenesses : Series
        Share of each item's variance that the factors account for, and the rest; by item.
    complexity : Series
        Hofmann's index by item: 1 when it loads on one factor only.
    factor_correlations : DataFrame
        Square; the identity for uncorrelated factors.
    variance : DataFrame
        factor, ss_loadings (the diagonal of Phi L'L), proportion (of the items' total variance),
        cumulative.
    fit : DataFrame
        One row: chi2, df, p_value, chi2_null, df_null (of the model without factors), rmsea,
        rmsea_low, rmsea_high, tli, rmsr, rmsr_corrected (for degrees of freedom), bic.
    adequacy : DataFrame
        One row: kmo, bartlett_chi2, bartlett_df, bartlett_p.
    item_adequacy : Series
        Kaiser–Meyer–Olkin measure of each item.
    residuals : DataFrame
        Square: correlations minus those that the factors imply; uniquenesses on the diagonal.
    items : DataFrame
        item (as in the index of `loadings`), number, key, label, dimension of the instrument.
    heywood : tuple of str
        Items whose uniqueness went to its bound or below zero.
    converged : bool
        Whether extraction and rotation reached their criteria.
    kaiser_normalization : bool
        Whether rows were scaled to length one during rotation.
    n_starts : int
        Starts of the rotation, of which the best result was kept.
    seed : int
        Of the random starts.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Exploratory factor analysis"

    sample: SampleInfo
    on: str
    extraction: ExtractionMethod
    rotation: Rotation
    correlation: CorrelationKind
    conf_level: float
    loadings: pd.DataFrame
    structure: pd.DataFrame
    communalities: pd.Series
    uniquenesses: pd.Series
    complexity: pd.Series
    factor_correlations: pd.DataFrame
    variance: pd.DataFrame
    fit: pd.DataFrame
    adequacy: pd.DataFrame
    item_adequacy: pd.Series
    residuals: pd.DataFrame
    items: pd.DataFrame
    heywood: tuple[str, ...]
    converged: bool
    kaiser_normalization: bool
    n_starts: int
    seed: int
    notes: tuple[str, ...] = ()
    instrument: Instrument | None = not_in_json()  # noqa: RUF009

    @property
    def n_factors(self) -> int:
        """Number of factors."""
        return self.loadings.shape[1]

    def tidy(self) -> pd.DataFrame:
        """Return one row per item: its names, loadings, communality, uniqueness, complexity."""
        table = self.items.copy()
        table[list(self.loadings.columns)] = self.loadings.to_numpy()
        table["communality"] = self.communalities.to_numpy()
        table["uniqueness"] = self.uniquenesses.to_numpy()
        table["complexity"] = self.complexity.to_numpy()
        return table

    def glance(self) -> pd.DataFrame:
        """Return one row: method, sample, fit and adequacy."""
        fit, adequacy = self.fit.iloc[0], self.adequacy.iloc[0]
        row: dict[str, object] = {
            "extraction": self.extraction,
            "rotation": self.rotation,
            "correlation": self.correlation,
            "on": self.on,
            "n_obs": self.sample.n_obs,
            "n_excluded": self.sample.n_excluded,
            "n_items": len(self.loadings),
            "n_factors": self.n_factors,
            "chi2": fit["chi2"],
            "df": int(fit["df"]),
            **{name: fit[name] for name in _GLANCE_FIT},
            "kmo": adequacy["kmo"],
            "bartlett_p": adequacy["bartlett_p"],
            "variance_explained": float(self.variance["proportion"].sum()),
            "converged": self.converged,
            "n_heywood": len(self.heywood),
            "conf_level": self.conf_level,
        }
        return pd.DataFrame({name: [value] for name, value in row.items()})

    def interpret(self) -> Interpretation:
        """Put the factors into plain words, each rule of thumb with its source.

        Returns
        -------
        Interpretation
        """
        return Interpretation(tuple(_say(self)))

    def congruence(
        self,
        instrument: Instrument | str | None = None,
        *,
        rotation: TargetRotation = "oblique",
    ) -> CongruenceResult:
        """Compare the factors with the dimensions of an instrument.

        Parameters
        ----------
        instrument : Instrument or str, optional
            Whose dimensions are the theory; by default the survey's own. Items are found by their
            numbers; of variables that belong to no survey, by the number at the end of their names,
            as in ``"P5"``.
        rotation : {"oblique", "orthogonal"}, default "oblique"
            How the factors are rotated towards the dimensions.

        Returns
        -------
        CongruenceResult
            Tucker's congruence of the factors as they are and after rotation towards the theory,
            and the items that load elsewhere.

        Raises
        ------
        OptionError
            If there is no instrument, the number of factors is not that of the dimensions, or items
            are not among the instrument's.

        Examples
        --------
        >>> import servqual as sq
        >>> result = sq.efa(sq.load_example("bank")).congruence()
        >>> bool((result.dimensions["congruence_target"] > 0.85).all())
        True
        """
        check_option("rotation", rotation, TargetRotation)
        return compare_with_theory(
            self.loadings,
            self.factor_correlations,
            self.items,
            self.instrument if instrument is None else instrument,
            rotation=rotation,
            sample=self.sample,
            on=self.on,
        )

    def plot(self, kind: EFAPlot = "loadings", *, ax: Axes | None = None) -> Axes:
        """Draw the loadings, grouped by dimension, or the factor correlations as a heat map.

        Parameters
        ----------
        kind : {"loadings", "factor-correlations"}, default "loadings"
            What to draw.
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from servqual.plots.correlation_matrix import plot_correlation_matrix
        from servqual.plots.loadings import plot_loadings

        check_option("kind", kind, EFAPlot)
        if kind == "loadings":
            return plot_loadings(self, ax=ax)
        return plot_correlation_matrix(
            self.factor_correlations, title="Correlations of factors", ax=ax
        )

    def plot_factor_correlations(self, ax: Axes | None = None) -> Axes:
        """Draw the correlations of the factors; the same as ``plot("factor-correlations")``.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        return self.plot("factor-correlations", ax=ax)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        table = self.tidy().drop(columns=["number", "key", "dimension"])
        if (table["label"] == table["item"]).all() or not table["label"].any():
            table = table.drop(columns="label")
        on = f", on: {self.on}" if self.on else ""
        heading = f"Loadings ({self.extraction}, {self.rotation}, {self.correlation}{on})"
        tables = [(heading, table), ("Variance accounted for", self.variance)]
        if self.n_factors > 1 and self.rotation in OBLIQUE:
            square = self.factor_correlations.rename_axis(index=None)
            square.insert(0, "", square.index)
            tables.append(("Correlations of factors", square))
        fit = ["chi2", "df", "p_value", "rmsea", "rmsea_low", "rmsea_high", "tli", "rmsr", "bic"]
        tables.append(("Fit", self.fit[fit]))
        tables.append(("Sampling adequacy", self.adequacy))
        return tables


def efa(
    data: SourceData,
    *,
    on: On = "perception",
    variables: Sequence[str] | None = None,
    n_factors: int | None = None,
    extraction: ExtractionMethod = "minres",
    rotation: Rotation = "oblimin",
    correlation: CorrelationKind = "pearson",
    missing: Missing = "listwise",
    kaiser_normalization: bool | None = None,
    n_starts: int | None = None,
    seed: int = 0,
    conf_level: float = 0.90,
) -> EFAResult:
    """Exploratory factor analysis: the common factors that the answers show by themselves.

    Parameters
    ----------
    data : Survey, Moments, PairwiseMoments, Counts or CorrelationResult
        With the result of `correlations`, that matrix is analysed, of whatever kind it is.
    on : str, default "perception"
        Side or difference whose items are analysed.
    variables : sequence of str, optional
        Some of the items (``"P1"``, ``"P2"`` …) or other variables, in place of all items.
    n_factors : int, optional
        How many factors. Default: as many as the survey's instrument has dimensions; required for
        other data. See `factor_count`.
    extraction : {"minres", "ml", "paf"}, default "minres"
        Minimum residuals (unweighted least squares), maximum likelihood, or principal axes.
    rotation : str, default "oblimin"
        Oblique: ``"oblimin"`` and ``"quartimin"`` (the same, direct quartimin), ``"geomin"``,
        ``"promax"``. Orthogonal: ``"varimax"``, ``"quartimax"``, ``"equamax"``,
        ``"geomin-orthogonal"``. Or ``"none"``.
    correlation : {"pearson", "polychoric", "spearman"}, default "pearson"
        Which correlations; polychoric ones treat the answers as ordered categories.
    missing : {"listwise", "pairwise"}, default "listwise"
        Respondents with answers to all items, or for each pair of items those who answered both;
        then n is the smallest of their numbers.
    kaiser_normalization : bool, optional
        Whether rows are scaled to length one during rotation. Default: what is usual for the
        rotation in R (on for varimax and promax, off for the others).
    n_starts : int, optional
        Starts of the rotation, of which the lowest minimum is kept. Default: 30 for geomin, whose
        criterion often has several minima, and 1 for the others.
    seed : int, default 0
        Of the random starts.
    conf_level : float, default 0.90
        Coverage of the interval of RMSEA.

    Returns
    -------
    EFAResult

    Raises
    ------
    OptionError
        If an option does not exist, or `n_factors` is needed.
    EstimationError
        If an item does not vary, or too few respondents remain.
    NotIdentifiedError
        If the items cannot identify that many factors.
    NotPositiveDefiniteError
        If ``extraction="ml"`` and the correlation matrix has no inverse.
    RowsRequiredError
        If `data` is none of these, or holds too little for the correlations.

    Warns
    -----
    ImproperSolutionWarning
        If an item is left without unique variance (a Heywood case), if the correlation matrix has
        no inverse, or if it had to be smoothed.
    ServqualWarning
        If extraction or rotation did not converge.

    Notes
    -----
    Order and signs: factors stand in decreasing order of the variance they account for (the
    diagonal of Phi L'L), and each is turned so that its loadings add up to zero or more, as R's
    psych does.

    χ² and what comes from it assume normal answers, a simple random sample and Pearson
    correlations. It has Bartlett's correction, whatever the extraction, and is nan with sampling
    weights and for a matrix without inverse. With polychoric or rank correlations it is only
    descriptive.

    References
    ----------
    Harman, H. H., & Jones, W. H. (1966). Factor analysis by minimizing residuals (minres).
    *Psychometrika*, 31, 351–368. https://doi.org/10.1007/BF02289468

    Jöreskog, K. G. (1967). Some contributions to maximum likelihood factor analysis.
    *Psychometrika*, 32, 443–482. https://doi.org/10.1007/BF02289658

    Browne, M. W. (2001). An overview of analytic rotation in exploratory factor analysis.
    *Multivariate Behavioral Research*, 36, 111–150. https://doi.org/10.1207/S15327906MBR3601_05

    Hofmann, R. J. (1978). Complexity and simplicity as objective indices descriptive of factor
    solutions. *Multivariate Behavioral Research*, 13, 247–250.
    https://doi.org/10.1207/s15327906mbr1302_9

    Examples
    --------
    >>> import servqual as sq
    >>> result = sq.efa(sq.load_example("bank"), extraction="ml")
    >>> result.loadings.shape, result.n_factors
    ((22, 5), 5)
    """
    check_option("extraction", extraction, ExtractionMethod)
    check_option("rotation", rotation, Rotation)
    check_conf_level(conf_level)
    starts = None if n_starts is None else check_whole("n_starts", n_starts, 1)
    seed = check_whole("seed", seed, 0)
    source = correlation_source(
        data, analysis="efa", on=on, kind=correlation, missing=missing, variables=variables
    )
    number = _number_of_factors(n_factors, source)
    _check_invertible(source, extraction)
    extracted = extract(source.matrix, number, extraction)
    method: Rotation = rotation if number > 1 else "none"
    rotated = rotate(
        extracted.loadings,
        method,
        kaiser_normalization=kaiser_normalization,
        n_starts=starts,
        seed=seed,
    )
    heywood = _heywood(extracted, source.items.names)
    _warn(source, extracted, rotated, heywood)
    return _result(
        source,
        extracted,
        rotated,
        extraction=extraction,
        rotation=rotation,
        heywood=heywood,
        seed=seed,
        conf_level=conf_level,
    )


# ---- before and after the mathematics ------------------------------------------------------------


def _number_of_factors(n_factors: object, source: CorrelationSource) -> int:
    """Number of factors that was asked for, or that of the instrument's dimensions."""
    if n_factors is None:
        dimensions = {dimension for dimension in source.items.dimensions if dimension}
        if not dimensions:
            raise OptionError(
                "`n_factors` is needed, as the data belong to no instrument whose dimensions could "
                "be counted. `factor_count` helps to choose it."
            )
        return len(dimensions)
    return check_whole("n_factors", n_factors, 1)


def _check_invertible(source: CorrelationSource, extraction: ExtractionMethod) -> None:
    """Maximum likelihood needs the inverse of the matrix."""
    if extraction == "ml" and source.singular:
        raise NotPositiveDefiniteError(
            "Maximum likelihood needs a correlation matrix that has an inverse, but "
            f'{source.describe_singular()}. Use `extraction="minres"`, fewer items or more '
            "respondents."
        )


def _heywood(extracted: Extraction, names: Sequence[str]) -> tuple[str, ...]:
    """Names of items that are left without unique variance."""
    communalities = np.sum(extracted.loadings**2, axis=1)
    improper = extracted.heywood | (communalities >= 1.0)
    return tuple(name for name, held in zip(names, improper, strict=True) if held)


def _warn(
    source: CorrelationSource,
    extracted: Extraction,
    rotated: RotatedFactors,
    heywood: tuple[str, ...],
) -> None:
    smoothed = source.smoothing is not None and source.smoothing.smoothed
    if source.singular and not smoothed:  # Of smoothing, the source has warned.
        warnings.warn(
            f"The correlation matrix has no inverse: {source.describe_singular()}. KMO, Bartlett's "
            "test, χ² and what comes from it are nan. Use fewer items or more respondents.",
            ImproperSolutionWarning,
            stacklevel=3,
        )
    if heywood:
        warnings.warn(
            "These items are left without unique variance (a Heywood case): "
            f"{shorten(heywood)}. Use fewer factors, another extraction or more respondents; do "
            "not interpret their loadings.",
            ImproperSolutionWarning,
            stacklevel=3,
        )
    elif not extracted.converged:
        warnings.warn(
            f"Extraction stopped after {extracted.n_iterations} steps before it reached its "
            "criterion. Use fewer factors or another `extraction`.",
            ServqualWarning,
            stacklevel=3,
        )
    if not rotated.converged:
        warnings.warn(
            "Rotation stopped before it reached its criterion. Use another `rotation` or more "
            "`n_starts`.",
            ServqualWarning,
            stacklevel=3,
        )


def _notes(source: CorrelationSource, rotation: Rotation, n_factors: int, df: float) -> list[str]:
    notes = list(source.notes)
    if source.weight_kind == "sampling":
        notes.append(
            "With sampling weights, the distribution of χ² is not known: χ², p, RMSEA, TLI, BIC "
            "and Bartlett's test are nan."
        )
    elif source.singular:
        notes.append(
            "KMO, Bartlett's test, χ² and what comes from it are nan: "
            f"{source.describe_singular()}."
        )
    elif source.kind != "pearson":
        notes.append(
            f"χ² and what comes from it are computed from {source.kind} correlations as if they "
            "were Pearson's; take them as descriptive."
        )
    if df == 0:
        notes.append(
            "With 0 degrees of freedom, the factors fit any correlations: there is no test."
        )
    if n_factors == 1 and rotation != "none":
        notes.append("One factor cannot be rotated.")
    return notes


def _n_tested(source: CorrelationSource) -> float:
    """Respondents of a simple random sample, whose tests have known distributions; else nan."""
    known = source.weight_kind != "sampling" and not source.singular
    return float(source.n_obs) if known else float("nan")


def _fit(source: CorrelationSource, loadings: FloatArray, conf_level: float) -> FactorFit:
    # Fit does not depend on the rotation, so the unrotated loadings will do.
    uniquenesses = 1.0 - np.sum(loadings**2, axis=1)
    return factor_fit(
        source.matrix, loadings, uniquenesses, None, _n_tested(source), conf_level=conf_level
    )


def _adequacy(source: CorrelationSource) -> SamplingAdequacy:
    found = sampling_adequacy(source.matrix, _n_tested(source))
    if not source.singular:
        return found
    # A smoothed matrix has an inverse, but one that smoothing made up.
    nan = float("nan")
    return SamplingAdequacy(nan, np.full_like(found.kmo_items, nan), nan, found.bartlett_df, nan)


# ---- tables --------------------------------------------------------------------------------------


def _result(
    source: CorrelationSource,
    extracted: Extraction,
    rotated: RotatedFactors,
    *,
    extraction: ExtractionMethod,
    rotation: Rotation,
    heywood: tuple[str, ...],
    seed: int,
    conf_level: float,
) -> EFAResult:
    ordered = arrange(rotated.loadings, rotated.factor_correlations)
    loadings, correlations = ordered.loadings, ordered.factor_correlations
    fit = _fit(source, extracted.loadings, conf_level)
    adequacy = _adequacy(source)
    n_items, n_factors = loadings.shape
    # Each index is made once: pandas takes longer to look at names than all of the mathematics.
    columns = pd.Index(source.items.names)
    names = columns.rename("item")
    factors = pd.Index([f"F{number}" for number in range(1, n_factors + 1)])
    communalities = np.sum(extracted.loadings**2, axis=1)
    squared = loadings**2
    explained = np.sum((loadings @ correlations) * loadings, axis=0)
    return EFAResult(
        sample=source.sample,
        on=source.on,
        extraction=extraction,
        rotation=rotation if n_factors > 1 else "none",
        correlation=source.kind,
        conf_level=conf_level,
        loadings=pd.DataFrame(loadings, index=names, columns=factors),
        structure=pd.DataFrame(loadings @ correlations, index=names, columns=factors),
        communalities=pd.Series(communalities, index=names, name="communality"),
        uniquenesses=pd.Series(1.0 - communalities, index=names, name="uniqueness"),
        complexity=pd.Series(
            squared.sum(axis=1) ** 2 / np.sum(squared**2, axis=1), index=names, name="complexity"
        ),
        factor_correlations=pd.DataFrame(
            correlations, index=factors.rename("factor"), columns=factors
        ),
        variance=pd.DataFrame(
            {
                "factor": factors,
                "ss_loadings": explained,
                "proportion": explained / n_items,
                "cumulative": np.cumsum(explained) / n_items,
            }
        ),
        fit=_one_row(fit, _FIT),
        adequacy=_one_row(adequacy, _ADEQUACY),
        item_adequacy=pd.Series(adequacy.kmo_items, index=names, name="kmo"),
        residuals=pd.DataFrame(fit.residuals, index=names, columns=columns),
        items=_items(source.items),
        heywood=heywood,
        converged=extracted.converged and rotated.converged,
        kaiser_normalization=rotated.kaiser_normalization,
        n_starts=rotated.n_starts,
        seed=seed,
        notes=tuple(_notes(source, rotation, n_factors, fit.df)),
        instrument=source.instrument,
    )


def _one_row(values: FactorFit | SamplingAdequacy, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: [getattr(values, name)] for name in names})


def _items(labels: ItemLabels) -> pd.DataFrame:
    known = None not in labels.numbers
    return pd.DataFrame(
        {
            "item": list(labels.names),
            "number": pd.array(list(labels.numbers), dtype="int64" if known else "Int64"),
            "key": list(labels.keys),
            "label": list(labels.labels),
            "dimension": [dimension or "" for dimension in labels.dimensions],
        }
    )


# ---- words ---------------------------------------------------------------------------------------


def _say(result: EFAResult) -> Iterator[Statement]:
    yield from _say_adequacy(result)
    yield from _say_fit(result)
    yield from _say_factors(result)
    yield from _say_items(result)
    yield from _say_correlations(result)


def _say_adequacy(result: EFAResult) -> Iterator[Statement]:
    row, rule = result.adequacy.iloc[0], rules.SAMPLING_ADEQUACY
    if np.isfinite(row["kmo"]):
        yield Statement(
            "adequacy",
            f"Sampling adequacy (KMO) is {format_number(row['kmo'], 2)}: {rule.word(row['kmo'])}.",
            rule.name,
            rule.source,
        )
    if np.isfinite(row["bartlett_p"]):
        yield Statement(
            "adequacy",
            f"Bartlett's test of uncorrelated items: χ²({row['bartlett_df']:.0f}) = "
            f"{format_number(row['bartlett_chi2'], 1)}, {say_p(row['bartlett_p'])}.",
        )


def _say_fit(result: EFAResult) -> Iterator[Statement]:
    row, rule = result.fit.iloc[0], rules.ERROR_OF_APPROXIMATION
    share = result.variance["proportion"].sum()
    yield Statement(
        "variance",
        f"{_factors(result.n_factors)} for {share:.0%} of the items' variance.",
    )
    if np.isfinite(row["rmsea"]):
        interval = ""
        if np.isfinite(row["rmsea_low"]) and np.isfinite(row["rmsea_high"]):
            interval = (
                f" ({result.conf_level:.0%} interval {format_number(row['rmsea_low'], 3)} to "
                f"{format_number(row['rmsea_high'], 3)})"
            )
        yield Statement(
            "fit",
            f"RMSEA is {format_number(row['rmsea'], 3)}{interval}: {rule.word(row['rmsea'])}.",
            rule.name,
            rule.source,
        )


def _say_factors(result: EFAResult) -> Iterator[Statement]:
    """For each factor, the items that load on it more than on any other."""
    values = result.loadings.to_numpy()
    highest = np.argmax(np.abs(values), axis=1)
    labels = _named_items(result)
    for place, factor in enumerate(result.loadings.columns):
        own = [int(row) for row in np.flatnonzero(highest == place)]
        own.sort(key=lambda row: -abs(values[row, place]))
        share = result.variance["proportion"].iloc[place]
        if not own:
            text = f"{factor} ({share:.0%} of the variance): no item loads on it most."
        else:
            listed = [f"{labels[row]} {format_number(values[row, place], 2)}" for row in own]
            text = f"{factor} ({share:.0%} of the variance): {shorten(listed, _MOST_NAMED)}."
        yield Statement(str(factor), text)


def _say_items(result: EFAResult) -> Iterator[Statement]:
    rule = rules.LOADING
    least = rule.cuts[0]
    absolute = np.sort(np.abs(result.loadings.to_numpy()), axis=1)
    names = result.items["item"].to_numpy()
    weak = names[absolute[:, -1] < least]
    if weak.size:
        yield Statement(
            "items",
            f"No loading of these items reaches {format_number(least, 2)}: {shorten(weak)}.",
            rule.name,
            rule.source,
        )
    several = names[absolute[:, -2] >= least] if result.n_factors > 1 else names[:0]
    if several.size:
        yield Statement(
            "items",
            f"These items load {format_number(least, 2)} or more on several factors: "
            f"{shorten(several)}.",
            rule.name,
            rule.source,
        )
    if result.heywood:
        yield Statement(
            "items",
            "These items are left without unique variance, which cannot be (a Heywood case): "
            f"{shorten(result.heywood)}.",
        )


def _say_correlations(result: EFAResult) -> Iterator[Statement]:
    if result.n_factors == 1 or result.rotation not in OBLIQUE:
        return
    values = result.factor_correlations.to_numpy()
    rows, columns = np.triu_indices(result.n_factors, k=1)
    most = int(np.argmax(np.abs(values[rows, columns])))
    first, second = rows[most], columns[most]
    yield Statement(
        "factors",
        f"The closest factors are F{first + 1} and F{second + 1}, which correlate "
        f"{format_number(values[first, second], 2)}.",
    )


def _named_items(result: EFAResult) -> list[str]:
    named = zip(result.items["item"], result.items["label"], strict=True)
    return [f"{item} ({label})" if label and label != item else str(item) for item, label in named]


def _factors(number: int) -> str:
    return "The factor accounts" if number == 1 else f"The {number} factors together account"
