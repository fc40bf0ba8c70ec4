"""Convergent and discriminant validity: one thing each, and different things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from servqual.analyses.structural import ORDINAL, StructuralResult
from servqual.analyses.structural_data import group_labels_of, rows_of
from servqual.errors import OptionError, shorten
from servqual.numerics.bootstrap import bootstrap_moments
from servqual.numerics.implied_moments import assemble, implied_moments
from servqual.numerics.validity import factor_quality, heterotrait_monotrait
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    not_in_json,
)
from servqual.survey.survey import Survey
from servqual.typing import (
    BoolArray,
    FloatArray,
    IntArray,
    ValidityScale,
    check_conf_level,
    check_option,
    check_whole,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ValidityResult", "validity"]

#: Limits against which heterotrait–monotrait ratios are held.
LIMITS = (0.85, 0.90, 1.0)

#: Least average variance extracted and composite reliability by convention.
_LEAST_AVE, _LEAST_RELIABILITY = 0.50, 0.70


@dataclass(frozen=True, repr=False, eq=False)
class ValidityResult(Result):
    """Convergent and discriminant validity of the factors of a confirmatory model.

    Attributes
    ----------
    sample : SampleInfo
        For whom it speaks.
    estimator : str
        Of the model.
    scale : {"standardised", "raw"}
        In which metric reliability and extracted variance are.
    factors : DataFrame
        factor, group, n_items, composite_reliability, ave, sqrt_ave, max_correlation (largest
        correlation with another factor, without its sign).
    pairs : DataFrame
        first, second, group, correlation (of the model), htmt, htmt_upper, htmt2,
        htmt2_upper: one-sided bootstrap limits (nan without respondents' answers); below_85,
        below_90, below_1: whether the limit of `htmt2` lies below (without a limit: the ratio).
    fornell_larcker : DataFrame
        Square: √AVE on the diagonal, correlations of the factors below it; of the first group.
    htmt, htmt2 : DataFrame
        Square, of the first group.
    conf_level : float
        Coverage of the one-sided limits.
    n_resamples : int
        Bootstrap resamples; 0 without limits.
    n_unusable : int
        Resamples in which a ratio did not exist.
    seed : int
        Of the resampling.
    notes : tuple of str
        What a reader should know.
    """

    title: ClassVar[str] = "Validity of the factors"

    sample: SampleInfo
    estimator: str
    scale: str
    factors: pd.DataFrame
    pairs: pd.DataFrame
    fornell_larcker: pd.DataFrame
    htmt: pd.DataFrame
    htmt2: pd.DataFrame
    conf_level: float
    n_resamples: int
    n_unusable: int
    seed: int
    notes: tuple[str, ...] = ()
    fit: StructuralResult = not_in_json()  # noqa: RUF009

    def tidy(self) -> pd.DataFrame:
        """Return one row per factor, in full precision."""
        return self.factors.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, and the worst figure of each kind."""
        return pd.DataFrame(
            {
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_factors": [len(self.htmt)],
                "smallest_composite_reliability": [self.factors["composite_reliability"].min()],
                "smallest_ave": [self.factors["ave"].min()],
                "largest_htmt": [self.pairs["htmt"].max()],
                "largest_htmt2": [self.pairs["htmt2"].max()],
                "n_resamples": [self.n_resamples],
            }
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the heterotrait–monotrait ratios (HTMT2) as a heat map.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from servqual.plots.correlation_matrix import plot_correlation_matrix

        return plot_correlation_matrix(
            self.htmt2, title="Heterotrait–monotrait ratios (HTMT2)", ax=ax
        )

    def interpret(self) -> Interpretation:
        """Say which factors hold by each rule, with the rules' sources.

        Returns
        -------
        Interpretation
        """
        return Interpretation(tuple(_say(self)))

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        return [
            ("Factors", self.factors),
            ("√AVE (diagonal) and correlations", self.fornell_larcker.reset_index()),
            ("Heterotrait–monotrait ratios", self.pairs),
        ]


def validity(
    fit: StructuralResult,
    data: Survey | pd.DataFrame | None = None,
    *,
    scale: ValidityScale = "standardised",
    absolute: bool = True,
    conf_level: float = 0.95,
    n_resamples: int = 1000,
    seed: int = 1,
) -> ValidityResult:
    """Judge convergent and discriminant validity of the factors of a confirmatory model.

    Parameters
    ----------
    fit : StructuralResult
        From `cfa` or `sem`.
    data : Survey or DataFrame, optional
        The respondents that the model was fitted to; with them heterotrait–monotrait ratios get
        upper limits by the bootstrap.
    scale : {"standardised", "raw"}, default "standardised"
        Metric of composite reliability and average variance extracted: of standardised
        indicators, as Fornell and Larcker's formulas are used in marketing, or of the answers
        themselves. The denominator is what the model implies in both.
    absolute : bool, default True
        Whether heterotrait–monotrait ratios take correlations without their signs.
    conf_level : float, default 0.95
        Coverage of the one-sided upper limits.
    n_resamples : int, default 1000
        Bootstrap resamples.
    seed : int, default 1
        Of the resampling.

    Returns
    -------
    ValidityResult

    Raises
    ------
    OptionError
        If `fit` is no result of `cfa` or `sem` or has fewer than two factors with indicators, or
        an option does not exist.

    Notes
    -----
    A ratio is to be shown to lie below a limit, so the limit is compared with the upper end of a
    one-sided interval; that a ratio differs from 0 says nothing (Franke & Sarstedt 2019).

    References
    ----------
    Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with unobservable
    variables and measurement error. *Journal of Marketing Research*, 18, 39-50.
    https://doi.org/10.1177/002224378101800104

    Roemer, E., Schuberth, F., & Henseler, J. (2021). HTMT2: an improved criterion for assessing
    discriminant validity in structural equation modeling. *Industrial Management & Data Systems*,
    121, 2637-2650. https://doi.org/10.1108/IMDS-02-2021-0082

    Franke, G., & Sarstedt, M. (2019). Heuristics versus statistics in discriminant validity
    testing. *Internet Research*, 29, 430-447. https://doi.org/10.1108/IntR-12-2017-0515

    Examples
    --------
    >>> import servqual as sq
    >>> survey = sq.load_example("bank")
    >>> found = sq.validity(sq.cfa(survey), survey, n_resamples=200)
    >>> found.tidy()["factor"].tolist()
    ['tangibles', 'reliability', 'responsiveness', 'assurance', 'empathy']
    """
    if not isinstance(fit, StructuralResult):
        raise OptionError(
            f"`validity` was given {type(fit).__name__}, but needs a result of `cfa` or `sem`."
        )
    check_option("scale", scale, ValidityScale)
    check_conf_level(conf_level)
    check_whole("n_resamples", n_resamples, 1)
    names, blocks = _blocks(fit)
    draws = None if data is None else _resampled(fit, data, n_resamples, seed)
    factors, pairs, squares, n_unusable = [], [], [], 0
    for group in range(fit.model.n_groups):
        quality = _factors(fit, group, names, blocks, scale)
        factors.append(quality)
        ratios = _ratios(fit, group, names, blocks, absolute)
        squares.append(ratios)
        table = _pairs(fit, group, names, ratios)
        if draws is not None:
            n_unusable += _add_limits(table, draws[group], blocks, absolute, conf_level)
        pairs.append(_judged(table))
    first = factors[0]
    larcker = _latent_correlations(fit, 0, names)
    np.fill_diagonal(larcker, first["sqrt_ave"])
    larcker[np.triu_indices(len(names), 1)] = np.nan
    return ValidityResult(
        fit.sample,
        fit.estimator,
        scale,
        pd.concat(factors, ignore_index=True),
        pd.concat(pairs, ignore_index=True),
        _square(larcker, names),
        _square(squares[0][0], names),
        _square(squares[0][1], names),
        conf_level,
        0 if draws is None else n_resamples,
        n_unusable,
        seed,
        _notes(fit, data, blocks, names),
        fit,
    )


def _square(values: FloatArray, names: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(values, index=pd.Index(names, name="factor"), columns=list(names))


def _blocks(fit: StructuralResult) -> tuple[tuple[str, ...], list[IntArray]]:
    """Factors that observed variables measure, and their indicators' places."""
    place = {name: at for at, name in enumerate(fit.model.observed)}
    found: dict[str, list[int]] = {}
    for line in fit.model.parameters:
        if line.op == "=~" and line.group == 1 and line.rhs in place:
            found.setdefault(line.lhs, []).append(place[line.rhs])
    if len(found) < 2:
        raise OptionError(
            f"`validity` compares factors, but the model has {len(found)} that observed variables "
            "measure."
        )
    return tuple(found), [np.array(items, dtype=np.int64) for items in found.values()]


def _factors(
    fit: StructuralResult, group: int, names: tuple[str, ...], blocks: list[IntArray], scale: str
) -> pd.DataFrame:
    """Composite reliability and average variance extracted of each factor."""
    model = fit.estimated.representation
    matrices = assemble(model.structure, fit.estimated.solution.parameters, group)
    implied = implied_moments(matrices)
    spread = np.sqrt(np.diag(implied.covariance))
    unit = spread if scale == "standardised" else np.ones_like(spread)
    correlations = np.abs(_latent_correlations(fit, group, names))
    np.fill_diagonal(correlations, -np.inf)
    rows = []
    for number, (name, items) in enumerate(zip(names, blocks, strict=True)):
        column = model.latent.index(name)
        found = factor_quality(
            matrices.loadings[items, column] / unit[items],
            float(implied.latent_covariance[column, column]),
            implied.covariance[np.ix_(items, items)] / np.outer(unit[items], unit[items]),
        )
        extracted = found.average_variance_extracted
        rows.append(
            {
                "factor": name,
                "group": group + 1,
                "n_items": len(items),
                "composite_reliability": found.composite_reliability,
                "ave": extracted,
                "sqrt_ave": float(np.sqrt(extracted)),
                "max_correlation": float(correlations[number].max()),
            }
        )
    return pd.DataFrame(rows)


def _latent_correlations(fit: StructuralResult, group: int, names: tuple[str, ...]) -> FloatArray:
    """Correlations of the factors that the model implies."""
    model = fit.estimated.representation
    matrices = assemble(model.structure, fit.estimated.solution.parameters, group)
    at = [model.latent.index(name) for name in names]
    covariance = implied_moments(matrices).latent_covariance[np.ix_(at, at)]
    spread = np.sqrt(np.abs(np.diag(covariance)))
    correlations: FloatArray = covariance / np.outer(spread, spread)
    return correlations


def _ratios(
    fit: StructuralResult,
    group: int,
    names: tuple[str, ...],
    blocks: list[IntArray],
    absolute: bool,
) -> tuple[FloatArray, FloatArray]:
    """Heterotrait–monotrait ratios of the sample."""
    covariance = fit.estimated.saturated[group][1]
    found = heterotrait_monotrait(_correlations(covariance), blocks, absolute=absolute)
    return found.htmt, found.htmt2


def _correlations(covariances: FloatArray) -> FloatArray:
    spread = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: FloatArray = covariances / (spread[..., :, None] * spread[..., None, :])
    return found


def _pairs(
    fit: StructuralResult,
    group: int,
    names: tuple[str, ...],
    ratios: tuple[FloatArray, FloatArray],
) -> pd.DataFrame:
    correlations = _latent_correlations(fit, group, names)
    first, second = np.triu_indices(len(names), k=1)
    return pd.DataFrame(
        {
            "first": [names[i] for i in first],
            "second": [names[j] for j in second],
            "group": group + 1,
            "correlation": correlations[first, second],
            "htmt": ratios[0][first, second],
            "htmt_upper": np.nan,
            "htmt2": ratios[1][first, second],
            "htmt2_upper": np.nan,
        }
    )


def _resampled(
    fit: StructuralResult, data: Survey | pd.DataFrame, n_resamples: int, seed: int
) -> list[FloatArray] | None:
    """Correlation matrices of resamples of each group; None where the model has no such."""
    if fit.estimator in ORDINAL:
        return None
    rows = rows_of(data, fit.model.observed, "validity")
    weights = data.weights if isinstance(data, Survey) else None
    complete = ~np.isnan(rows).any(axis=1)
    found = []
    for label in fit.model.group_labels or ("",):
        chosen = complete & _members(fit, data, label)
        drawn = bootstrap_moments(
            rows[chosen],
            n_resamples=n_resamples,
            seed=seed,
            counts=None if weights is None else weights[chosen],
        )
        found.append(_correlations(drawn.covariances))
    return found


def _members(fit: StructuralResult, data: Survey | pd.DataFrame, label: str) -> BoolArray:
    """Who belongs to a group of the model."""
    if not label:
        return np.ones(len(data), dtype=bool)
    if not fit.group_by:
        raise OptionError(
            "The model was fitted to moments of groups, so that the respondents of each group are "
            "not known. Leave `data` out."
        )
    if isinstance(data, Survey):
        place = group_labels_of(data, fit.group_by).index(label)
        return np.asarray(data.group_codes(fit.group_by)[0] == place)
    return np.asarray((data[fit.group_by].astype(str) == label) & data[fit.group_by].notna())


def _add_limits(
    table: pd.DataFrame,
    draws: FloatArray,
    blocks: list[IntArray],
    absolute: bool,
    conf_level: float,
) -> int:
    """Write upper limits into a table of pairs; the number of resamples without a ratio."""
    found = heterotrait_monotrait(draws, blocks, absolute=absolute)
    first, second = np.triu_indices(len(blocks), k=1)
    unusable = np.zeros(len(draws), dtype=bool)
    for column, ratios in (("htmt_upper", found.htmt), ("htmt2_upper", found.htmt2)):
        values = ratios[:, first, second]
        exists = ~np.isnan(table[column.removesuffix("_upper")].to_numpy())
        unusable |= np.isnan(values[:, exists]).any(axis=1)
        limits = np.full(values.shape[1], np.nan)
        if exists.any():
            limits[exists] = np.nanquantile(values[:, exists], conf_level, axis=0)
        table[column] = limits
    return int(unusable.sum())


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    """Whether each pair lies below the limits, by the upper end where there is one."""
    held = table["htmt2_upper"].fillna(table["htmt2"])
    for limit in LIMITS:
        name = "1" if limit == 1.0 else f"{round(100 * limit)}"
        table[f"below_{name}"] = held < limit
    return table


def _notes(
    fit: StructuralResult,
    data: Survey | pd.DataFrame | None,
    blocks: list[IntArray],
    names: tuple[str, ...],
) -> tuple[str, ...]:
    notes = []
    if data is None:
        notes.append(
            "Heterotrait–monotrait ratios have no limits without respondents' answers; give them "
            "as `validity(fit, survey)`."
        )
    elif fit.estimator in ORDINAL:
        notes.append(
            "Ratios of polychoric correlations are given without limits: resampling them is not "
            "supported."
        )
    elif any(sample.incomplete for sample in fit.estimated.samples):
        notes.append("Limits come from complete respondents only; ratios from all answers.")
    together = np.concatenate(blocks)
    crossed = sorted({fit.model.observed[at] for at in together if np.sum(together == at) > 1})
    if crossed:
        notes.append(
            f"These indicators measure several factors, so that ratios are not meaningful for "
            f"them: {shorten(crossed)}."
        )
    single = [name for name, items in zip(names, blocks, strict=True) if len(items) < 2]
    if single:
        notes.append(
            f"These factors have one indicator, so that their figures do not exist: "
            f"{shorten(single)}."
        )
    higher = [name for name in fit.model.latent if name not in names]
    if higher:
        notes.append(
            f"These latent variables have no observed indicators and are left out: "
            f"{shorten(higher)}."
        )
    return tuple(notes)


def _say(result: ValidityResult) -> list[Statement]:
    """Sentences about each rule."""
    table, pairs = result.factors, result.pairs

    def named(chosen: pd.DataFrame) -> list[str]:
        return list(dict.fromkeys(chosen["factor"]))

    weak = named(table[table["composite_reliability"] < _LEAST_RELIABILITY])
    poor = named(table[table["ave"] < _LEAST_AVE])
    near = named(table[table["sqrt_ave"] <= table["max_correlation"]])
    close = pairs[~pairs["below_90"] & pairs["htmt2"].notna()]
    couples = [f"{row.first} and {row.second}" for row in close.itertuples()]
    source = "Fornell & Larcker 1981, https://doi.org/10.1177/002224378101800104"
    limit = "upper limit" if result.n_resamples else "ratio"
    largest = pairs["htmt2_upper" if result.n_resamples else "htmt2"].max()
    return [
        Statement(
            "reliability",
            "Composite reliability is at least .70 for all factors."
            if not weak
            else f"Composite reliability is below .70 for {shorten(weak)}.",
            "composite reliability ≥ .70",
            "Hair et al. 2019, https://doi.org/10.1108/EBR-11-2018-0203",
        ),
        Statement(
            "convergent",
            "All factors explain at least half of their indicators' variance."
            if not poor
            else f"Less than half of the indicators' variance is explained for {shorten(poor)}.",
            "AVE ≥ .50",
            source,
        ),
        Statement(
            "discriminant",
            "Each factor shares more variance with its indicators than with any other factor."
            if not near
            else f"These factors share as much variance with another factor as with their own "
            f"indicators: {shorten(near)}.",
            "√AVE > correlations",
            source,
        ),
        Statement(
            "discriminant",
            f"The largest {limit} of HTMT2 is {format_number(largest)}; "
            + (
                "all pairs lie below .90." if not couples else f"not below .90: {shorten(couples)}."
            ),
            "HTMT2 < .90",
            "Roemer et al. 2021, https://doi.org/10.1108/IMDS-02-2021-0082",
        ),
    ]
