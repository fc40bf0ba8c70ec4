"""Attributes of an importance–performance analysis: their scores, and where importance is from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, get_args

import numpy as np

from servqual.errors import OptionError, nearest, shorten
from servqual.survey.scoring import mean_scores
from servqual.survey.survey import Survey
from servqual.typing import (
    DIFFERENCES,
    AttributePerformance,
    BoolArray,
    DerivedImportance,
    Difference,
    FloatArray,
    ImportanceSource,
    Level,
)

__all__ = ["AttributeScores", "ImportanceSpec", "collect_attributes"]

#: A source, or columns: a template, a list in the order of the attributes, or a mapping.
ImportanceSpec: TypeAlias = str | Sequence[str] | Mapping[int, str] | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AttributeScores:
    """Scores of the respondents for every attribute.

    Attributes
    ----------
    terms, labels, dimensions : tuple of str
        Name, label and dimension of each.
    numbers : tuple of str
        Short names for plots: the number of an item; empty for dimensions.
    source : str
        ``"stated"`` (points), ``"answers"`` (columns), ``"expectation"``, ``"desired"`` or
        ``"derived"``.
    importance_name : str
        What the importances are.
    performance : FloatArray, shape (n_rows, k)
        Scores; nan where missing.
    importance : FloatArray, shape (n_rows, k), or None
        Scores; None when derived.
    predictors : FloatArray, shape (n_rows, k), or None
        Scores that are correlated with the outcome; None unless derived.
    outcome : FloatArray, shape (n_rows,), or None
        Outcome; None unless derived.
    difference : str or None
        Which gap there is, if any.
    gap : FloatArray, shape (n_rows, k)
        Its scores; nan where there is none.
    products : FloatArray, shape (n_rows, k), or None
        Importance points times shortfall over 100; None without points.
    """

    terms: tuple[str, ...]
    labels: tuple[str, ...]
    dimensions: tuple[str, ...]
    numbers: tuple[str, ...]
    source: str
    importance_name: str
    performance: FloatArray
    importance: FloatArray | None
    predictors: FloatArray | None
    outcome: FloatArray | None
    difference: Difference | None
    gap: FloatArray
    products: FloatArray | None

    @property
    def answered(self) -> BoolArray:
        """Which rows have anything to say about an attribute, shape (n_rows,)."""
        any_score = ~np.isnan(self.performance).all(axis=1)
        if self.importance is not None:
            any_score |= ~np.isnan(self.importance).all(axis=1)
        return np.asarray(any_score, dtype=np.bool_)


def collect_attributes(
    survey: Survey,
    *,
    on: AttributePerformance,
    level: Level,
    importance: ImportanceSpec,
    outcome: str | None,
    method: DerivedImportance | None,
) -> AttributeScores:
    """Find the scores of the attributes.

    Parameters
    ----------
    survey : Survey
        Where they are.
    on : {"perception", "gap", "adequacy", "superiority"}
        What performance is.
    level : {"dimensions", "items"}
        What the attributes are.
    importance : str, sequence or mapping
        Source of importance, or columns.
    outcome : str or None
        What importance is derived from.
    method : str or None
        How it is derived.

    Returns
    -------
    AttributeScores

    Raises
    ------
    OptionError
        If a side, a column or the outcome is not there, or options contradict each other.
    """
    terms, labels, dimensions, numbers = _names(survey, on, level)
    difference = _difference(survey, on)
    performance = _scores(survey, on, level)
    # The same array where performance is a gap, so that it is resampled once.
    gap = performance
    if on == "perception":
        gap = (
            np.full(performance.shape, np.nan)
            if difference is None
            else survey.paired(difference, level).difference
        )
    source, name, stated = _importance(survey, importance, level, outcome, method)
    predictors, values = None, None
    if source == "derived" and outcome is not None:
        values = survey.rows([outcome])[:, 0]
        predictors = performance
        if method == "log-partial":
            _check_logarithm(survey, on)
            predictors = np.log(performance)
    return AttributeScores(
        terms=terms,
        labels=labels,
        dimensions=dimensions,
        numbers=numbers,
        source=source,
        importance_name=name,
        performance=performance,
        importance=stated,
        predictors=predictors,
        outcome=values,
        difference=difference,
        gap=gap,
        products=-stated * gap / 100.0 if source == "stated" and stated is not None else None,
    )


def _names(
    survey: Survey, on: AttributePerformance, level: Level
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    instrument = survey.instrument
    if level == "dimensions":
        keys = tuple(dimension.key for dimension in instrument.dimensions)
        return keys, tuple(dimension.label for dimension in instrument.dimensions), keys, ()
    items = instrument.items
    return (
        survey.item_names(on),
        tuple(f"{item.number} {item.label}" for item in items),
        tuple(item.dimension for item in items),
        tuple(str(item.number) for item in items),
    )


def _difference(survey: Survey, on: AttributePerformance) -> Difference | None:
    """Which gap says how far the service falls short."""
    if on != "perception":
        return on
    return "gap" if set(DIFFERENCES["gap"]) <= set(survey.sides) else None


def _scores(survey: Survey, on: AttributePerformance, level: Level) -> FloatArray:
    return survey.dimension_scores(on) if level == "dimensions" else survey.answers(on)


def _check_logarithm(survey: Survey, on: AttributePerformance) -> None:
    if on != "perception":
        raise OptionError(
            f'`method="log-partial"` takes logarithms, but scores of `on="{on}"` can be zero or '
            'negative. Use `on="perception"`, or `method="partial"`.'
        )
    if survey.instrument.scale.minimum <= 0:
        raise OptionError(
            f'`method="log-partial"` takes logarithms, but the answer scale is '
            f'{survey.instrument.scale}. Use `method="partial"`.'
        )


# ---- importance ----------------------------------------------------------------------------------


def _importance(
    survey: Survey,
    importance: ImportanceSpec,
    level: Level,
    outcome: str | None,
    method: DerivedImportance | None,
) -> tuple[str, str, FloatArray | None]:
    """Source, what it is called, and the respondents' scores of importance."""
    if importance == "derived":
        return "derived", _derived_name(survey, outcome, method), None
    if outcome is not None or method is not None:
        given = "outcome" if outcome is not None else "method"
        raise OptionError(
            f"`{given}` was given, but `importance` is {importance!r}. An outcome and a method are "
            'for `importance="derived"` only; leave one of the two out.'
        )
    if importance == "stated":
        return "stated", "mean of the importance points (100 in all)", _points(survey, level)
    if importance == "expectation":
        return "expectation", "mean expectation", _side(survey, "expectation", level)
    if importance == "desired":
        return "desired", "mean desired level", _side(survey, "desired", level)
    columns, per_dimension = _columns(survey, importance, level)
    span = columns[0] if len(columns) == 1 else f"{columns[0]} … {columns[-1]}"
    return "answers", f"mean of {span}", _answers(survey, columns, level, per_dimension)


def _derived_name(survey: Survey, outcome: str | None, method: DerivedImportance | None) -> str:
    if outcome is None:
        raise OptionError(
            '`importance="derived"` needs an `outcome`, such as "satisfaction"; this survey has '
            f"{shorten(survey.outcomes) or 'none'}."
        )
    names: dict[DerivedImportance, str] = {
        "lmg": "share of R² for {} (LMG)",
        "relative-weights": "share of R² for {} (relative weights)",
        "correlation": "correlation with {}",
        "squared-correlation": "squared correlation with {}",
        "partial": "partial correlation with {}",
        "beta": "standardised regression coefficient for {}",
        "log-partial": "partial correlation of ln(performance) with {}",
    }
    return names[method or "lmg"].format(outcome)


def _points(survey: Survey, level: Level) -> FloatArray:
    points = survey.points
    if points is None:
        raise OptionError(
            '`importance` is "stated", but this survey has no importance points. Declare them when '
            'it is made (`importance="W_{dimension}"`), name columns with importance answers, or '
            'use `importance="expectation"` or an `outcome`.'
        )
    if level == "items":
        raise OptionError(
            '`importance` is "stated", but importance points are given to dimensions, and `level` '
            'is "items". Name columns with importance answers (`importance="IMP{item}"`), or use '
            '`importance="expectation"`, an `outcome`, or `level="dimensions"`.'
        )
    return points


def _side(survey: Survey, side: ImportanceSource, level: Level) -> FloatArray:
    if side not in survey.sides:
        raise OptionError(
            f'`importance` is "{side}", but this survey has {", ".join(survey.sides)} only.'
        )
    on = "expectation" if side == "expectation" else "desired"
    return survey.dimension_scores(on) if level == "dimensions" else survey.answers(on)  # type: ignore[arg-type]


def _columns(survey: Survey, given: object, level: Level) -> tuple[list[str], bool]:
    """Columns of importance, and whether there is one per dimension, not per item."""
    dimensions = [dimension.key for dimension in survey.instrument.dimensions]
    items = survey.instrument.items
    per_dimension = False
    if isinstance(given, str):
        per_dimension = level == "dimensions" and "{dimension" in given
        columns = _from_template(survey, given, per_dimension)
    elif isinstance(given, Mapping):
        per_dimension = level == "dimensions" and set(given) == set(dimensions)
        columns = _from_mapping(survey, given, level, per_dimension)
    elif isinstance(given, Iterable):
        columns = list(given)
        per_dimension = level == "dimensions" and len(columns) == len(dimensions)
    else:
        columns = []
    if not columns or not all(isinstance(column, str) for column in columns):
        raise OptionError(
            f"`importance` is {given!r}, but must be one of "
            f"{', '.join(repr(word) for word in get_args(ImportanceSource))}, a template such as "
            '"IMP{item}", a list of columns, or a mapping from item to column.'
        )
    sizes = {len(items)} if level == "items" else {len(items), len(dimensions)}
    if len(columns) not in sizes:
        needed = f"{len(items)} items"
        if level == "dimensions":
            needed += f" or the {len(dimensions)} dimensions"
        raise OptionError(
            f"`importance` lists {len(columns)} columns, but one is needed for each of the "
            f"{needed}, in their order."
        )
    _check_known(survey, columns)
    return columns, per_dimension


def _from_template(survey: Survey, template: str, per_dimension: bool) -> list[str]:
    if "{" not in template:
        words = get_args(ImportanceSource)
        raise OptionError.for_option(
            "importance", template, words, 'Or give columns, such as "IMP{item}".'
        )
    fields: list[dict[str, object]]
    if per_dimension:
        fields = [{"dimension": part.key} for part in survey.instrument.dimensions]
    else:
        fields = [{"item": item.number, "key": item.key} for item in survey.instrument.items]
    try:
        return [template.format(**values) for values in fields]
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise OptionError(
            f"`importance` is {template!r}, which is not a template with {{item}} or {{key}} (or "
            '{dimension}, for dimensions). Write it as in "IMP{item}".'
        ) from error


def _from_mapping(
    survey: Survey,
    given: Mapping[int, str] | Mapping[str, str],
    level: Level,
    per_dimension: bool,
) -> list[str]:
    labels = {str(label): column for label, column in given.items()}
    if per_dimension:
        return [labels[dimension.key] for dimension in survey.instrument.dimensions]
    found, missing = [], []
    for item in survey.instrument.items:
        column = labels.pop(str(item.number), None) or labels.pop(item.key, None)
        if column is None:
            missing.append(item.number)
        else:
            found.append(column)
    if missing or labels:
        parts = []
        if missing:
            parts.append(f"leaves out the items {shorten(missing)}")
        if labels:
            parts.append(f"names {shorten(labels)}, which are no items")
        raise OptionError(
            f"`importance` {' and '.join(parts)}. Give exactly one column for each item, by number "
            "or key" + (", or for each dimension." if level == "dimensions" else ".")
        )
    return found


def _check_known(survey: Survey, columns: Sequence[str]) -> None:
    known = {column for own in survey.outcomes.values() for column in own}
    known |= {column for side in survey.columns.values() for column in side.values()}
    known |= set(survey.kept)
    lost = [column for column in columns if column not in known]
    if lost:
        close = nearest(lost[0], sorted(known), n=1)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        raise OptionError(
            f"`importance` names {len(columns)} columns, of which this survey does not know "
            f"{len(lost)}: {shorten(lost)}.{hint} A survey keeps the columns that it was told of, "
            'so name them when it is made, as in `keep="IMP*"`.'
        )


def _answers(survey: Survey, columns: list[str], level: Level, per_dimension: bool) -> FloatArray:
    values = survey.rows(columns)
    if level == "items" or per_dimension:
        return values
    instrument = survey.instrument
    groups = [
        np.array([place for place, item in enumerate(instrument.items) if item.dimension == key])
        for key in (dimension.key for dimension in instrument.dimensions)
    ]
    return mean_scores(values, groups, survey.min_answered)
