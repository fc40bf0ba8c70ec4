"""How reliable are the scores of dimensions, and of gaps? Alpha, omega and their kin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from servqual import rules
from servqual.analyses.correlation_source import (
    CorrelationSource,
    HoldsSource,
    make_source,
    warn_of_repairs,
)
from servqual.analyses.difference_scores import (
    DIFFERENCE_COLUMNS,
    composite_reliability,
    difference_table,
    notes_on_differences,
)
from servqual.analyses.general_factor import (
    GeneralFactor,
    general_factor,
    no_general_factor,
)
from servqual.analyses.scale_tables import (
    OVERALL,
    ScaleAnswers,
    ScaleItems,
    collect,
    n_obs_of,
    scale_tables,
)
from servqual.errors import OptionError, shorten
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number
from servqual.samplestats.counts import Counts
from servqual.samplestats.moments import Moments
from servqual.samplestats.pairwise import PairwiseMoments
from servqual.survey.survey import Survey, require_survey
from servqual.typing import (
    DIFFERENCES,
    CorrelationKind,
    Missing,
    On,
    check_conf_level,
    check_option,
    check_whole,
)

if TYPE_CHECKING:
    from servqual.analyses.correlations import CorrelationResult

_ORDINAL = "ordinal: reliability of hypothetical continuous answers"


@dataclass(frozen=True, repr=False)
class ReliabilityResult(Result):
    """Reliability of scales.

    Attributes
    ----------
    sample : SampleInfo
        The largest number of respondents behind any scale.
    on : str
        Which answers; empty when the result was made from moments.
    conf_level : float
        Coverage of the intervals.
    scales : DataFrame
        scale (each dimension, then ``"overall"``), label, n_items, n, mean_r (average correlation
        between items), alpha, alpha_low, alpha_high (Feldt), alpha_std (of standardised items),
        omega, omega_low, omega_high (McDonald's omega total of a one-factor model by maximum
        likelihood), lambda2, lambda6 (Guttman), split_half (odd against even items,
        Spearman–Brown), split_half_mean, split_half_minimum, split_half_maximum (average, worst
        and best of all splits into halves, of standardised items; the best is Guttman's lambda 4).
    items : DataFrame
        scale, item, key, label, n, mean, sd, item_rest_r (correlation with the other items' sum),
        alpha_if_deleted.
    general : DataFrame
        About all items together, after a Schmid–Leiman transformation: scale, n_items, n,
        n_group_factors, omega_total, omega_hierarchical, omega_limit (the general factor's share of
        what is common), ecv (its share of the common variance); empty where there are no group
        factors, and nan where their solution is improper or did not converge.
    general_loadings : DataFrame
        item, key, label, general, one column per group factor, uniqueness.
    general_groups : DataFrame
        factor, n_items, items (those that load highest on it), omega_total, omega_general,
        omega_group of the sum of these items.
    differences : DataFrame
        For a difference: dimension, label, n, sd_perception, sd_expectation,
        reliability_perception, reliability_expectation (alphas), r_pe (correlation of the two
        sides), reliability_difference (from these parts), alpha_difference (alpha of the items'
        differences); empty otherwise.
    composite : float
        Reliability of the overall score (mean of the dimension scores) as a linear composite, from
        the dimensions' alphas, over the respondents who answered all items.
    correlation : {"pearson", "polychoric"}
        With ``"polychoric"``, every coefficient is ordinal: the reliability of hypothetical
        continuous answers.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Scale reliability"

    sample: SampleInfo
    on: str
    conf_level: float
    scales: pd.DataFrame
    items: pd.DataFrame
    general: pd.DataFrame
    general_loadings: pd.DataFrame
    general_groups: pd.DataFrame
    differences: pd.DataFrame
    composite: float
    correlation: CorrelationKind = "pearson"
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per scale."""
        return self.scales.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: lowest and overall alpha, omega hierarchical, composite."""
        own = self.scales[self.scales["scale"] != OVERALL]
        overall = self.scales[self.scales["scale"] == OVERALL]
        return pd.DataFrame(
            {
                "on": [self.on],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_scales": [len(own)],
                "alpha_minimum": [float(own["alpha"].min())],
                "alpha_overall": [float(overall["alpha"].iloc[0]) if len(overall) else np.nan],
                "composite_reliability": [self.composite],
                "omega_hierarchical": [_only(self.general, "omega_hierarchical")],
                "ecv": [_only(self.general, "ecv")],
                "correlation": [self.correlation],
                "conf_level": [self.conf_level],
            }
        )

    def interpret(self) -> Interpretation:
        """Put the reliabilities into plain words, with the convention named.

        Returns
        -------
        Interpretation
        """
        return Interpretation(tuple(_say(self)))

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        names = ["scale", "n_items", "n", "alpha", "alpha_low", "alpha_high", "alpha_std", "omega"]
        heading = "Scales" if self.correlation == "pearson" else f"Scales, {_ORDINAL}"
        tables = [(f"{heading}, on: {self.on}" if self.on else heading, self.scales[names])]
        if len(self.general):
            tables.append(("General factor", self.general))
        if len(self.differences):
            shown = [
                "dimension",
                "reliability_perception",
                "reliability_expectation",
                "r_pe",
                "reliability_difference",
            ]
            tables.append(("Difference scores", self.differences[shown]))
        return tables


def scale_reliability(
    data: Survey | Moments | PairwiseMoments | Counts | CorrelationResult,
    *,
    on: On = "perception",
    scales: Mapping[str, Sequence[str]] | None = None,
    correlation: CorrelationKind = "pearson",
    missing: Missing = "listwise",
    n_group_factors: int | None = None,
    conf_level: float = 0.95,
) -> ReliabilityResult:
    """Reliability of the dimensions and of the whole scale.

    Parameters
    ----------
    data : Survey, Moments, PairwiseMoments, Counts or CorrelationResult
        Without a survey, `scales` says which variables make a scale (default: all of them one
        scale). With the result of `correlations`, its matrix is taken as it is, and all
        coefficients are those of standardised items.
    on : str, default "perception"
        Side or difference whose items are looked at. For a difference, the reliability of the
        difference score with its parts is reported too.
    scales : mapping of str to sequence of str, optional
        Without a survey: scale → its variables.
    correlation : {"pearson", "polychoric"}, default "pearson"
        ``"polychoric"`` gives ordinal alpha, omega and the others: the reliability of the
        continuous answers that are thought to lie behind the categories, over the respondents who
        answered all items. It is not the reliability of scores made from the answers.
    missing : {"listwise", "pairwise"}, default "listwise"
        Respondents with answers to all items of the scale, or for each pair of items those who
        answered both; then n is the smallest of their numbers.
    n_group_factors : int, optional
        Group factors of the Schmid–Leiman transformation for omega hierarchical. Default: the
        number of scales that do not hold all items.
    conf_level : float, default 0.95
        Coverage of the intervals.

    Returns
    -------
    ReliabilityResult

    Raises
    ------
    OptionError
        If an option or a variable does not exist.
    RowsRequiredError
        If `data` is none of these.

    Warns
    -----
    ServqualWarning
        If an item correlates negatively with the rest of its dimension: it may have to be reversed.
    ImproperSolutionWarning
        If a matrix of polychoric or pairwise correlations had to be smoothed.

    Notes
    -----
    Alpha assumes that all items measure one thing equally well; omega lets them differ. Feldt's
    interval assumes normal answers with equal covariances, and a simple random sample: with
    sampling weights and for ordinal alpha it is nan. A split into halves is rated by 4 C / V (C the
    covariance of the two sums, V the variance of the sum of all items); the average is exact, the
    worst and the best split are so up to 26 items and come from 10,000 random splits beyond. Omega
    hierarchical and the explained common variance rest on minimum residuals with oblimin rotation,
    as in R's psych. The reliability of a difference score assumes that the errors of the two sides
    are uncorrelated.

    References
    ----------
    Chalmers, R. P. (2018). On misconceptions and the limited usefulness of ordinal alpha.
    *Educational and Psychological Measurement*, 78, 1056–1071.
    https://doi.org/10.1177/0013164417727036

    Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. *Psychometrika*,
    16, 297–334. https://doi.org/10.1007/BF02310555

    Feldt, L. S. (1965). The approximate sampling distribution of Kuder-Richardson reliability
    coefficient twenty. *Psychometrika*, 30, 357–370. https://doi.org/10.1007/BF02289499

    Guttman, L. (1945). A basis for analyzing test-retest reliability. *Psychometrika*, 10, 255–282.
    https://doi.org/10.1007/BF02288892

    Johns, G. (1981). Difference score measures of organizational behavior variables: A critique.
    *Organizational Behavior and Human Performance*, 27, 443–463.
    https://doi.org/10.1016/0030-5073(81)90033-7

    McDonald, R. P. (1999). *Test theory: A unified treatment*.
    https://doi.org/10.4324/9781410601087

    Zinbarg, R. E., Revelle, W., Yovel, I., & Li, W. (2005). Cronbach's α, Revelle's β, and
    McDonald's ωH. *Psychometrika*, 70, 123–133. https://doi.org/10.1007/s11336-003-0974-7

    Zumbo, B. D., Gadermann, A. M., & Zeisser, C. (2007). Ordinal versions of coefficients alpha and
    theta for Likert rating scales. *Journal of Modern Applied Statistical Methods*, 6, 21–29.
    https://doi.org/10.22237/jmasm/1177992180

    Examples
    --------
    >>> import servqual as sq
    >>> result = sq.scale_reliability(sq.load_example("bank"), on="gap")
    >>> bool((result.scales["alpha"] > 0.7).all())
    True
    """
    check_conf_level(conf_level)
    check_option("missing", missing, Missing)
    check_option("correlation", correlation, CorrelationKind)
    if n_group_factors is not None:
        # A general factor needs group factors to be told from.
        check_whole("n_group_factors", n_group_factors, 2)
    if isinstance(data, Counts) and correlation == "pearson":
        data = data.moments()
    if isinstance(data, (Moments, PairwiseMoments)) and correlation == "pearson":
        return _of_moments(data, scales, n_group_factors, conf_level)
    if isinstance(data, (Moments, PairwiseMoments, Counts, HoldsSource)):
        source = make_source(
            data,
            on=on,
            kind=correlation,
            missing=missing,
            variables=None,
            empty_cells="two-by-two",
        )
        return _of_source(source, scales, n_group_factors, conf_level)
    survey = require_survey(data, "scale_reliability", moments_do=True)
    check_option("on", on, On)
    if scales is not None:
        raise OptionError(
            "`scales` is for moments; the dimensions of a survey are those of its instrument."
        )
    if correlation == "pearson":
        return _of_survey(survey, on, missing, n_group_factors, conf_level)
    source = make_source(
        survey,
        on=on,
        kind=correlation,
        missing=missing,
        variables=None,
        empty_cells="two-by-two",
    )
    return _of_source(source, None, n_group_factors, conf_level)


# ---- from a survey -------------------------------------------------------------------------------


def _scales_of(survey: Survey, on: On) -> list[ScaleItems]:
    parts = [
        (part.key, part.label, survey.instrument.items_of(part.key))
        for part in survey.instrument.dimensions
    ]
    if len(parts) > 1:
        parts.append((OVERALL, "All items", survey.instrument.items))
    return [
        ScaleItems(
            key,
            label,
            tuple(f"{on}:{item.number}" for item in items),
            tuple(item.number for item in items),
            tuple(item.key for item in items),
            tuple(item.label for item in items),
        )
        for key, label, items in parts
    ]


def _of_survey(
    survey: Survey, on: On, missing: Missing, n_group_factors: int | None, conf_level: float
) -> ReliabilityResult:
    parts = _scales_of(survey, on)
    collected = [ScaleAnswers.of(collect(survey, part.variables, missing)) for part in parts]
    notes: list[str] = []
    if survey.weight_kind == "sampling":
        notes.append(
            "With sampling weights, the intervals of alpha and omega are not known and are nan."
        )
    scales, items = scale_tables(parts, collected, conf_level, notes)
    source = make_source(
        survey, on=on, kind="pearson", missing=missing, variables=None, empty_cells="two-by-two"
    )
    general = _general(source, parts, n_group_factors)
    if len(general.summary):
        warn_of_repairs(source, stacklevel=4)
    differences = pd.DataFrame(columns=DIFFERENCE_COLUMNS)
    if on in DIFFERENCES:
        sides = DIFFERENCES[on]
        differences = difference_table(survey, sides, parts, scales, missing)
        notes += notes_on_differences(differences, sides)
    counts = scales["n"]
    largest = int(counts.max())
    total = survey.n_respondents
    return ReliabilityResult(
        sample=SampleInfo(largest, total - largest, f"{missing}, per scale", survey.weight_kind),
        on=on,
        conf_level=conf_level,
        scales=scales,
        items=items,
        general=general.summary,
        general_loadings=general.loadings,
        general_groups=general.groups,
        differences=differences,
        composite=composite_reliability(survey, on, parts, missing),
        notes=tuple(dict.fromkeys([*notes, *general.notes])),
    )


def _general(
    source: CorrelationSource, parts: Sequence[ScaleItems], n_group_factors: int | None
) -> GeneralFactor:
    """General factor of all items of the scales, by default with a group factor for each scale."""
    # Variables of a source go by two names: as the survey knows them, and as tables show them.
    places = {name: at for at, name in enumerate(source.items.names)}
    places |= {name: at for at, name in enumerate(source.requests)}
    members = [{places[name] for name in part.variables} for part in parts]
    every = sorted(set[int]().union(*members))
    # A scale of all items is no group among them.
    groups = [
        own
        for part, own in zip(parts, members, strict=True)
        if part.scale != OVERALL and len(own) < len(every)
    ]
    number = len(groups) if n_group_factors is None else n_group_factors
    if number < 2:
        return no_general_factor()
    labels, block = source.items, np.ix_(every, every)
    columns = {
        name: [values[at] for at in every]
        for name, values in (("item", labels.names), ("key", labels.keys), ("label", labels.labels))
    }
    # The pair with the fewest respondents may lie outside of the scales.
    n_obs = int(source.pairs[block].min()) if source.sample.missing == "pairwise" else source.n_obs
    found = general_factor(source.matrix[block], n_obs, columns, number, OVERALL)
    if source.smoothing is not None and source.smoothing.smoothed:
        return replace(found, notes=(*source.notes, *found.notes))
    known = bool(found.summary["omega_hierarchical"].notna().any())
    if known and source.singular and len(every) == len(labels.names):
        reason = f"The correlations of all items have no inverse: {source.describe_singular()}. "
        advice = "Do not rely on omega hierarchical."
        return replace(found, notes=(*found.notes, reason + advice))
    return found


# ---- from moments, or from correlations ----------------------------------------------------------


def _parts_of(names: Sequence[str], scales: Mapping[str, Sequence[str]] | None) -> list[ScaleItems]:
    """Scales as they were told, by default one of all variables."""
    chosen = {OVERALL: tuple(names)} if scales is None else scales
    if not chosen:
        raise OptionError(
            '`scales` is empty; name at least one, as in `scales={"A": ["x1", "x2"]}`.'
        )
    parts = []
    for name, variables in chosen.items():
        own = tuple(variables)
        if not own:
            raise OptionError(f'The scale "{name}" lists no variables. Name at least one.')
        parts.append(ScaleItems(name, name, own, own, own, own))
    return parts


def _of_moments(
    moments: Moments | PairwiseMoments,
    scales: Mapping[str, Sequence[str]] | None,
    n_group_factors: int | None,
    conf_level: float,
) -> ReliabilityResult:
    parts = _parts_of(moments.variables, scales)
    answers = [ScaleAnswers.of(moments.select(part.variables)) for part in parts]
    notes: list[str] = []
    if moments.weight_kind == "sampling":
        notes.append(
            "With sampling weights, the intervals of alpha and omega are not known and are nan."
        )
    tables = scale_tables(parts, answers, conf_level, notes)
    every = tuple(dict.fromkeys(name for part in parts for name in part.variables))
    source = make_source(
        moments.select(every),
        on="perception",
        kind="pearson",
        missing="listwise",
        variables=None,
        empty_cells="two-by-two",
    )
    general = _general(source, parts, n_group_factors)
    if len(general.summary):
        warn_of_repairs(source, stacklevel=4)
    missing = "listwise" if isinstance(moments, Moments) else "pairwise"
    return ReliabilityResult(
        sample=SampleInfo(n_obs_of(moments), moments.n_excluded, missing, moments.weight_kind),
        on="",
        conf_level=conf_level,
        scales=tables[0],
        items=tables[1],
        general=general.summary,
        general_loadings=general.loadings,
        general_groups=general.groups,
        differences=pd.DataFrame(columns=DIFFERENCE_COLUMNS),
        composite=float("nan"),
        notes=tuple(dict.fromkeys([*notes, *general.notes])),
    )


def _of_source(
    source: CorrelationSource,
    scales: Mapping[str, Sequence[str]] | None,
    n_group_factors: int | None,
    conf_level: float,
) -> ReliabilityResult:
    """Coefficients of a correlation matrix that is already there."""
    if source.kind == "spearman":
        raise OptionError(
            "Reliability is not defined by rank correlations. Use "
            '`correlation="pearson"` or `correlation="polychoric"`.'
        )
    warn_of_repairs(source, stacklevel=4)
    parts = _parts_of_source(source, scales)
    place = {name: position for position, name in enumerate(source.items.names)}
    whole = _answers_of(source)
    answers = [whole.select([place[str(name)] for name in part.variables]) for part in parts]
    notes = list(source.notes)
    if source.kind == "polychoric":
        notes.append(
            "All coefficients are ordinal: the reliability of the continuous answers that are "
            "thought to lie behind the categories (Zumbo et al., 2007), not of scores made from "
            "the answers (Chalmers, 2018). Their intervals are not known and are nan."
        )
    else:
        notes.append(
            "All coefficients are those of standardised answers; their intervals are not known and "
            "are nan."
        )
    table, items = scale_tables(parts, answers, conf_level, notes)
    general = _general(source, parts, n_group_factors)
    if source.on in DIFFERENCES:
        notes.append("The parts of a difference are looked at with Pearson correlations only.")
    return ReliabilityResult(
        sample=source.sample,
        on=source.on,
        conf_level=conf_level,
        scales=table,
        items=items,
        general=general.summary,
        general_loadings=general.loadings,
        general_groups=general.groups,
        differences=pd.DataFrame(columns=DIFFERENCE_COLUMNS),
        composite=float("nan"),
        correlation=source.kind,
        notes=tuple(dict.fromkeys([*notes, *general.notes])),
    )


def _parts_of_source(
    source: CorrelationSource, scales: Mapping[str, Sequence[str]] | None
) -> list[ScaleItems]:
    """Scales as they were told, or else the dimensions of the instrument."""
    labels = source.items
    if scales is not None or source.instrument is None:
        parts = _parts_of(labels.names, scales)
        known = set(labels.names)
        unknown = [name for part in parts for name in part.variables if name not in known]
        if unknown:
            raise OptionError(
                f"`scales` names variables that the correlations do not hold: {shorten(unknown)}. "
                f"They hold {shorten(labels.names)}."
            )
        return parts
    found = [(part.key, part.label) for part in source.instrument.dimensions]
    parts = []
    for key, label in (*found, (OVERALL, "All items")):
        index = [
            position
            for position, dimension in enumerate(labels.dimensions)
            if key in (dimension, OVERALL)
        ]
        if index and not (key == OVERALL and len(parts) < 2):
            parts.append(
                ScaleItems(
                    key,
                    label,
                    tuple(labels.names[position] for position in index),
                    tuple(labels.numbers[position] for position in index),
                    tuple(labels.keys[position] for position in index),
                    tuple(labels.labels[position] for position in index),
                )
            )
    return parts


def _answers_of(source: CorrelationSource) -> ScaleAnswers:
    """Correlations of all items, with means and deviations of the answers where they are known."""
    unknown = np.full(len(source.items.names), np.nan)
    mean = deviation = unknown
    if source.counts is not None and source.weight_kind != "sampling":
        moments = source.counts.moments()
        mean, deviation = moments.mean, np.sqrt(np.diag(moments.covariance()))
    # The sampling error of the deviations is not in the formulas of the intervals.
    return ScaleAnswers(source.matrix, mean, deviation, source.n_obs, simple=False)


# ---- words ---------------------------------------------------------------------------------------


def _only(table: pd.DataFrame, column: str) -> float:
    """Value of a table of one row; nan if it has none."""
    return float(table[column].iloc[0]) if len(table) else float("nan")


def _say(result: ReliabilityResult) -> Iterator[Statement]:
    ordinal = result.correlation == "polychoric"
    for _, row in result.scales.iterrows():
        if np.isfinite(row["alpha"]):
            yield _say_ordinal_alpha(row) if ordinal else _say_alpha(row, result.conf_level)
    total = "the total of the continuous answers" if ordinal else "the total score"
    for _, row in result.general.iterrows():
        if np.isfinite(row["omega_hierarchical"]):
            yield Statement(
                str(row["scale"]),
                f"All items: one general factor explains {row['omega_hierarchical']:.0%} of the "
                f"variance of {total} (omega hierarchical) and {row['ecv']:.0%} of what the items "
                f"have in common; all factors together explain {row['omega_total']:.0%} of {total} "
                "(omega total).",
            )
    for _, row in result.differences.iterrows():
        if np.isfinite(row["reliability_difference"]):
            yield Statement(
                str(row["dimension"]),
                f"{row['label']}: as a difference score the gap has reliability "
                f"{format_number(row['reliability_difference'], 2)}, from alphas of "
                f"{format_number(row['reliability_perception'], 2)} and "
                f"{format_number(row['reliability_expectation'], 2)} and a correlation of "
                f"{format_number(row['r_pe'], 2)} between the two sides.",
            )


def _say_alpha(row: pd.Series, conf_level: float) -> Statement:
    interval = ""
    if np.isfinite(row["alpha_low"]):
        interval = (
            f", {conf_level:.0%} interval {format_number(row['alpha_low'], 2)} to "
            f"{format_number(row['alpha_high'], 2)}"
        )
    return Statement(
        str(row["scale"]),
        f"{row['label']}: alpha {format_number(row['alpha'], 2)}{interval}; "
        f"{rules.RELIABILITY.word(row['alpha'])}.",
        rules.RELIABILITY.name,
        rules.RELIABILITY.source,
    )


def _say_ordinal_alpha(row: pd.Series) -> Statement:
    # The conventions are about scores that somebody has, so they say nothing of this coefficient.
    return Statement(
        str(row["scale"]),
        f"{row['label']}: ordinal alpha {format_number(row['alpha'], 2)}, the reliability of "
        "hypothetical continuous answers and not of the scores.",
    )
