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
from servqual.progress import progress_of_part, shown_progress
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
    ProgressOption,
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

#: Respondents' correlations may be this far from those of the model's data, which a printed table
#: may have rounded.
_ROUNDED = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class _Resamples:
    """Correlations of bootstrap resamples of each group, and how many respondents they rest on."""

    correlations: tuple[FloatArray, ...]
    n_complete: int


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
        correlation with another factor, without its sign); nan where a figure does not exist.
    pairs : DataFrame
        first, second, group, correlation (of the model), htmt, htmt_upper, htmt2,
        htmt2_upper: one-sided bootstrap limits (nan without respondents' answers); below_85,
        below_90, below_1: whether the limit of `htmt2` lies below (without resamples: the ratio),
        and no where it does not exist.
    fornell_larcker : DataFrame
        Square: √AVE on the diagonal, correlations of the factors below it; of the first group.
    htmt, htmt2 : DataFrame
        Square, of the first group.
    conf_level : float
        Coverage of the one-sided limits.
    n_resamples : int
        Bootstrap resamples; 0 without limits.
    n_unusable : int
        Resamples in which a ratio did not exist; limits come from the others.
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
        """Draw the heterotrait–monotrait ratios (HTMT2), of the first group, as a heat map.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from servqual.plots.correlation_matrix import plot_correlation_matrix

        groups = self.fit.model.group_labels
        where = f", {groups[0]}" if groups else ""
        return plot_correlation_matrix(
            self.htmt2, title=f"Heterotrait–monotrait ratios (HTMT2){where}", ax=ax
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
    progress: ProgressOption = None,
) -> ValidityResult:
    """Judge convergent and discriminant validity of the factors of a confirmatory model.

    Parameters
    ----------
    fit : StructuralResult
        From `cfa` or `sem`.
    data : Survey or DataFrame, optional
        The respondents that the model was fitted to; with them heterotrait–monotrait ratios get
        upper limits by the bootstrap, of those who answered everything.
    scale : {"standardised", "raw"}, default "standardised"
        Metric of composite reliability and average variance extracted: of standardised
        indicators, as Fornell and Larcker's formulas are used in marketing, or of the answers
        themselves. The denominator is what the model implies in both.
    absolute : bool, default True
        Whether heterotrait–monotrait ratios take correlations without their signs.
    conf_level : float, default 0.95
        Coverage of the one-sided upper limits.
    n_resamples : int, default 1000
        Bootstrap resamples; 0 for no limits.
    seed : int, default 1
        Of the resampling.
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstrap runs. None shows a bar where somebody
        is looking and the work is long, True always, False never.

    Returns
    -------
    ValidityResult

    Raises
    ------
    OptionError
        If `fit` is no result of `cfa` or `sem` or has fewer than two factors with indicators, an
        option does not exist, or `data` are other respondents than the model was fitted to.
    RowsRequiredError
        If `data` is no survey and no table of rows.

    Notes
    -----
    A ratio is to be shown to lie below a limit, so the limit is compared with the upper end of a
    one-sided interval; that a ratio differs from 0 says nothing (Franke & Sarstedt 2019).

    Factors that share indicators, as in a bifactor model, have no ratio; their reliability and
    extracted variance count each factor's own share alone. A latent variable without observed
    indicators, such as a second-order factor, is left out. `notes` names what could not be judged.

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
    check_whole("n_resamples", n_resamples, 0)
    check_whole("seed", seed, 0)
    names, blocks = _blocks(fit)
    draws = None if data is None else _resampled(fit, data, n_resamples, seed, progress)
    factors, pairs, squares = [], [], []
    unusable = np.zeros(n_resamples, dtype=bool)
    for group in range(fit.model.n_groups):
        quality = _factors(fit, group, names, blocks, scale)
        factors.append(quality)
        ratios = _ratios(fit, group, names, blocks, absolute)
        squares.append(ratios)
        table = _pairs(fit, group, names, ratios)
        if draws is not None:
            drawn = draws.correlations[group]
            unusable |= _add_limits(table, drawn, blocks, absolute, conf_level)
        pairs.append(_judged(table, "htmt2" if draws is None else "htmt2_upper"))
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
        int(unusable.sum()),
        seed,
        (
            *_notes_on_limits(fit, data, draws, n_resamples, int(unusable.sum())),
            *_notes_on_factors(fit, names, blocks),
        ),
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


def _loadings(fit: StructuralResult, group: int, names: tuple[str, ...]) -> list[FloatArray]:
    """Loadings of each factor's indicators, wherever they stand in the matrices.

    An indicator that takes part in a regression is a latent variable of its own, and its loading
    is a regression then.
    """
    model = fit.estimated.representation
    parts = assemble(model.structure, fit.estimated.solution.parameters, group).parts()
    found: dict[str, list[float]] = {name: [] for name in names}
    observed = set(fit.model.observed)
    for number, at, matrix, row, column in zip(
        model.lines, model.group, model.matrix, model.row, model.column, strict=True
    ):
        line = fit.model.parameters[number]
        if line.op == "=~" and at == group and line.rhs in observed:
            found[line.lhs].append(float(parts[matrix][row, column]))
    return [np.array(values) for values in found.values()]


def _sharing(blocks: list[IntArray]) -> BoolArray:
    """Whether each factor shares an indicator with another."""
    times = np.bincount(np.concatenate(blocks))
    return np.array([bool((times[items] > 1).any()) for items in blocks])


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
    np.fill_diagonal(correlations, np.nan)
    loadings = _loadings(fit, group, names)
    rows = []
    for number, (name, items) in enumerate(zip(names, blocks, strict=True)):
        column = model.latent.index(name)
        found = factor_quality(
            loadings[number] / unit[items],
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
                # fmax passes over the correlations of a factor of negative variance.
                "max_correlation": float(np.fmax.reduce(correlations[number])),
            }
        )
    return pd.DataFrame(rows)


def _latent_correlations(fit: StructuralResult, group: int, names: tuple[str, ...]) -> FloatArray:
    """Correlations of the factors that the model implies; nan without a positive variance."""
    model = fit.estimated.representation
    matrices = assemble(model.structure, fit.estimated.solution.parameters, group)
    at = [model.latent.index(name) for name in names]
    covariance = implied_moments(matrices).latent_covariance[np.ix_(at, at)]
    variances = np.diag(covariance)
    spread = np.sqrt(np.where(variances > 0.0, variances, np.nan))
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
    fit: StructuralResult,
    data: Survey | pd.DataFrame,
    n_resamples: int,
    seed: int,
    progress: ProgressOption,
) -> _Resamples | None:
    """Correlation matrices of resamples of each group; None where the model can have no such."""
    rows = rows_of(data, fit.model.observed, "validity")
    if fit.estimator in ORDINAL or n_resamples == 0:
        return None
    weights = _counts(data)
    complete = ~np.isnan(rows).any(axis=1)
    drawn, n_complete = [], 0.0
    labels = fit.model.group_labels or ("",)
    with shown_progress(progress, "Resampling") as tell:
        for group, label in enumerate(labels):
            members = _members(fit, data, label)
            own = None if weights is None else weights[members]
            _check_respondents(fit, group, rows[members], own)
            chosen = members & complete
            counts = None if weights is None else weights[chosen]
            size = float(np.count_nonzero(chosen) if counts is None else counts.sum())
            if size < 2.0:
                return None
            n_complete += size
            found = bootstrap_moments(
                rows[chosen],
                n_resamples=n_resamples,
                seed=seed,
                counts=counts,
                progress=progress_of_part(tell, group, len(labels)),
            )
            drawn.append(_correlations(found.covariances))
    return _Resamples(tuple(drawn), round(n_complete))


def _counts(data: Survey | pd.DataFrame) -> FloatArray | None:
    """How often each row counts."""
    if not isinstance(data, Survey) or data.weights is None:
        return None
    if data.weight_kind == "sampling":
        raise OptionError(
            "`data` has sampling weights, to which no model is fitted. Give the survey that the "
            "model was fitted to."
        )
    return np.asarray(data.weights, dtype=float)


def _check_respondents(
    fit: StructuralResult, group: int, rows: FloatArray, counts: FloatArray | None
) -> None:
    """Refuse other respondents than those that the model was fitted to.

    Their limits would look like limits of the model's ratios.
    """
    sample = fit.estimated.samples[group]
    answered = ~np.isnan(rows)
    used = answered.any(axis=1) if sample.incomplete else answered.all(axis=1)
    times = np.ones(len(rows)) if counts is None else counts
    found, expected = round(times[used].sum()), round(sample.n_obs)
    if found != expected:
        raise OptionError(
            f"The model was fitted to {expected} respondents, but `data` has {found} with answers "
            "to its variables. Give the respondents that it was fitted to, or leave `data` out."
        )
    if sample.incomplete:
        return
    whole = np.cov(rows[used], rowvar=False, fweights=times[used].astype(np.int64))
    apart = _correlations(whole) - _correlations(fit.estimated.saturated[group][1])
    if not np.abs(apart).max() < _ROUNDED:
        raise OptionError(
            "The correlations of `data` are not those that the model was fitted to; they differ "
            f"by up to {np.abs(apart).max():.3f}. Give the respondents that it was fitted to, or "
            "leave `data` out."
        )


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
) -> BoolArray:
    """Write upper limits into a table of pairs; in which resamples a ratio did not exist."""
    found = heterotrait_monotrait(draws, blocks, absolute=absolute)
    first, second = np.triu_indices(len(blocks), k=1)
    unusable = np.zeros(len(draws), dtype=bool)
    for column, ratios in (("htmt_upper", found.htmt), ("htmt2_upper", found.htmt2)):
        values = ratios[:, first, second]
        exists = np.isfinite(values)
        limits = np.full(values.shape[1], np.nan)
        for at in np.flatnonzero(table[column.removesuffix("_upper")].notna()):
            unusable |= ~exists[:, at]
            if exists[:, at].any():
                limits[at] = np.quantile(values[exists[:, at], at], conf_level)
        table[column] = limits
    return unusable


def _judged(table: pd.DataFrame, held: str) -> pd.DataFrame:
    """Whether each pair lies below the limits, by the named column."""
    for limit in LIMITS:
        name = "1" if limit == 1.0 else f"{round(100 * limit)}"
        table[f"below_{name}"] = table[held] < limit
    return table


def _notes_on_limits(
    fit: StructuralResult,
    data: Survey | pd.DataFrame | None,
    draws: _Resamples | None,
    n_resamples: int,
    n_unusable: int,
) -> list[str]:
    """What limits rest on, or why there are none."""
    incomplete = any(sample.incomplete for sample in fit.estimated.samples)
    if data is None:
        return [
            "Heterotrait–monotrait ratios have no limits without respondents' answers; give them "
            "as `validity(fit, survey)`."
        ]
    if fit.estimator in ORDINAL:
        return [
            "Ratios of polychoric correlations are given without limits: resampling them is not "
            "supported."
        ]
    if n_resamples == 0:
        return []
    if draws is None:
        where = " in a group" if fit.model.group_labels else ""
        return [f"Ratios have no limits: fewer than two respondents{where} answered everything."]
    notes = []
    if incomplete:
        notes.append(
            f"Limits come from the {draws.n_complete} respondents who answered everything; ratios "
            f"from all answers of {fit.sample.n_obs}."
        )
    if n_unusable:
        notes.append(
            f"In {n_unusable} of {n_resamples} resamples a ratio did not exist; its limit comes "
            "from the others."
        )
    return notes


def _notes_on_factors(
    fit: StructuralResult, names: tuple[str, ...], blocks: list[IntArray]
) -> list[str]:
    """Which factors could not be judged, or not as usual."""
    notes = []
    if fit.improper:
        notes.append(
            "The solution is improper, so that its reliabilities, extracted variances and "
            f"correlations are not to be trusted. {' '.join(fit.improper)}"
        )
    if fit.estimator in ORDINAL:
        notes.append(
            "Composite reliability and extracted variance speak of the continuous variables "
            "beneath the ordinal answers, not of the sum of the answers."
        )
    together = np.concatenate(blocks)
    crossed = sorted({fit.model.observed[at] for at in together if np.sum(together == at) > 1})
    if crossed:
        notes.append(
            f"These indicators measure several factors: {shorten(crossed)}. Factors that share "
            "one have no ratio, and their ratios with others hold more than one factor; their "
            "reliability and extracted variance count each factor's own share alone."
        )
    single = [name for name, items in zip(names, blocks, strict=True) if len(items) < 2]
    if single:
        notes.append(
            f"These factors have one indicator, so that their figures do not exist: "
            f"{shorten(single)}."
        )
    mixed = _of_both_signs(fit, names)
    if mixed:
        notes.append(
            "These factors have loadings of both signs, which cancel in composite reliability: "
            f"{shorten(mixed)}. Recode the indicators that run the other way."
        )
    higher = [name for name in fit.model.latent if name not in names]
    if higher:
        notes.append(
            f"These latent variables have no observed indicators and are left out: "
            f"{shorten(higher)}."
        )
    return notes


def _of_both_signs(fit: StructuralResult, names: tuple[str, ...]) -> list[str]:
    """Factors with positive and negative loadings in a group."""
    found = []
    for group in range(fit.model.n_groups):
        for name, values in zip(names, _loadings(fit, group, names), strict=True):
            if values.min() < 0.0 < values.max() and name not in found:
                found.append(name)
    return found


def _say(result: ValidityResult) -> list[Statement]:
    """Sentences about each rule."""
    table = result.factors
    names, blocks = _blocks(result.fit)
    sharing = [name for name, yes in zip(names, _sharing(blocks), strict=True) if yes]
    # What a factor has in common with its indicators is its own only where they are its own.
    own = table.assign(
        ave=table["ave"].mask(table["factor"].isin(sharing)),
        sqrt_ave=table["sqrt_ave"].mask(table["factor"].isin(sharing)),
    )
    source = "Fornell & Larcker 1981, https://doi.org/10.1177/002224378101800104"
    return [
        Statement(
            "reliability",
            _verdict(
                table,
                table["composite_reliability"].isna(),
                table["composite_reliability"] < _LEAST_RELIABILITY,
                "Composite reliability is at least .70 for all factors",
                "Composite reliability is below .70 for",
                "No factor has a composite reliability.",
            ),
            "composite reliability ≥ .70",
            "Hair et al. 2019, https://doi.org/10.1108/EBR-11-2018-0203",
        ),
        Statement(
            "convergent",
            _verdict(
                own,
                own["ave"].isna(),
                own["ave"] < _LEAST_AVE,
                "All factors explain at least half of their indicators' variance",
                "Less than half of the indicators' variance is explained for",
                "No factor has indicators of its own whose explained variance is known.",
            ),
            "AVE ≥ .50",
            source,
        ),
        Statement(
            "discriminant",
            _verdict(
                own,
                own["sqrt_ave"].isna() | own["max_correlation"].isna(),
                own["sqrt_ave"] <= own["max_correlation"],
                "Each factor shares more variance with its indicators than with any other factor",
                "These factors share as much variance with another factor as with their own "
                "indicators:",
                "No factor's extracted variance can be compared with its correlations.",
            ),
            "√AVE > correlations",
            source,
        ),
        _say_ratios(result),
    ]


def _verdict(
    table: pd.DataFrame, unknown: pd.Series, failing: pd.Series, held: str, failed: str, none: str
) -> str:
    """Whether a rule holds for the factors with a figure, and which factors have none."""

    def named(chosen: pd.Series) -> list[str]:
        return list(dict.fromkeys(table.loc[chosen, "factor"]))

    if unknown.all():
        return none
    text = f"{failed} {shorten(named(failing))}." if failing.any() else f"{held}."
    if unknown.any():
        text += f" Not judged: {shorten(named(unknown))}."
    return text


def _say_ratios(result: ValidityResult) -> Statement:
    """Sentence about heterotrait–monotrait ratios."""
    pairs = result.pairs
    held = pairs["htmt2_upper" if result.n_resamples else "htmt2"]
    limit = "upper limit" if result.n_resamples else "ratio"

    def named(chosen: pd.Series) -> str:
        couples = [f"{row.first} and {row.second}" for row in pairs[chosen].itertuples()]
        return shorten(dict.fromkeys(couples))

    if held.isna().all():
        text = "No pair of factors has an HTMT2 to be judged."
    else:
        failing = held.notna() & ~pairs["below_90"]
        text = f"The largest {limit} of HTMT2 is {format_number(held.max())}; " + (
            f"not below .90: {named(failing)}." if failing.any() else "all pairs lie below .90."
        )
        if held.isna().any():
            text += f" Not judged: {named(held.isna())}."
    return Statement(
        "discriminant",
        text,
        "HTMT2 < .90",
        "Roemer et al. 2021, https://doi.org/10.1108/IMDS-02-2021-0082",
    )
