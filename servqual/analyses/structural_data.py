"""What a structural equation model takes from data: statistics per group, rows on request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from servqual.errors import EstimationError, OptionError, RowsRequiredError, nearest, shorten
from servqual.numerics.normal_discrepancy import NormalSample
from servqual.numerics.saturated import pattern_sample
from servqual.results import SampleInfo
from servqual.samplestats.moments import Moments, require_moments
from servqual.survey.survey import Survey
from servqual.typing import BoolArray, FloatArray, StructuralMissing, WeightKind

__all__ = [
    "StructuralData",
    "StructuralInput",
    "StructuralMissing",
    "group_labels_of",
    "rows_of",
    "structural_data",
]

StructuralInput: TypeAlias = "Survey | pd.DataFrame | Moments | Mapping[str, Moments]"


@dataclass(frozen=True, slots=True, eq=False)
class StructuralData:
    """Sample statistics of the variables of a model.

    Attributes
    ----------
    variables : tuple of str
        Observed variables.
    groups : tuple of str
        Names of the groups; empty for one.
    moments : tuple of Moments
        One per group.
    rows : tuple of FloatArray, shape (n, p), or None
        Rows per group, if they were asked for; complete ones unless missing answers are used.
    row_weights : tuple of FloatArray or None
        How often each row counts.
    sample : SampleInfo
        For whom the statistics speak.
    incomplete : tuple of NormalSample or None
        Patterns of missing answers per group, where all answers are used.
    """

    variables: tuple[str, ...]
    groups: tuple[str, ...]
    moments: tuple[Moments, ...]
    rows: tuple[FloatArray, ...] | None
    row_weights: tuple[FloatArray, ...] | None
    sample: SampleInfo
    incomplete: tuple[NormalSample, ...] | None

    @property
    def sizes(self) -> FloatArray:
        """Respondents per group."""
        if self.incomplete is not None:
            return np.array([part.n_obs for part in self.incomplete])
        return np.array([float(part.n_obs) for part in self.moments])

    def samples(self, *, unbiased: bool, with_means: bool) -> list[NormalSample]:
        """Statistics for estimation; covariances with divisor n, or n − 1 where asked."""
        if self.incomplete is not None:
            return list(self.incomplete)
        return [
            NormalSample.complete(
                part.n_obs, _means(part, with_means), part.covariance(unbiased=unbiased)
            )
            for part in self.moments
        ]


def _means(moments: Moments, needed: bool) -> FloatArray:
    """Means of a group; zeros where a printed table has none and the model needs none."""
    if needed and not np.isfinite(moments.mean).all():
        raise OptionError(
            "The model has means, but the moments have none. Give them with "
            "`Moments.from_covariance(…, mean=…)`, or use `mean_structure=False`."
        )
    return moments.mean if needed else np.nan_to_num(moments.mean)


def structural_data(
    data: StructuralInput,
    variables: Sequence[str],
    *,
    by: str | None,
    missing: StructuralMissing,
    need_rows: bool,
    what: str,
    ordinal: bool = False,
) -> StructuralData:
    """Collect the statistics of a model's variables.

    Parameters
    ----------
    data : Survey, Moments, or mapping of group to Moments
        Data.
    variables : sequence of str
        Observed variables of the model.
    by : str or None
        Grouping variable of a survey.
    missing : {"listwise", "fiml"}
        Complete respondents only, or all answers.
    need_rows : bool
        Whether respondents' answers are needed, as for robust standard errors.
    what : str
        Name of the analysis, for messages.
    ordinal : bool, default False
        Whether answers are taken as ordinal, so that their covariances need not have an inverse.

    Returns
    -------
    StructuralData

    Raises
    ------
    RowsRequiredError
        If rows are needed and only statistics are given, or `data` is of another kind.
    OptionError
        If `by` does not go with the data, or a variable does not exist.
    EstimationError
        If too few respondents remain, or a variable does not vary.
    """
    names = tuple(variables)
    if isinstance(data, (Survey, pd.DataFrame)):
        found = _of_rows(data, names, by, missing, need_rows, what)
    elif isinstance(data, (Moments, Mapping)):
        found = _of_statistics(data, names, need_rows or missing == "fiml", what)
    else:
        raise RowsRequiredError(
            f"`{what}` was given {type(data).__name__}, but needs a `Survey` or `Moments`. Make "
            "one with `sq.Survey(frame, instrument=…)`, or from a printed table with "
            "`sq.Moments.from_covariance(table, n=…)`."
        )
    if found.incomplete is None and not ordinal:
        _check_definite(found, what)
    return found


def _of_statistics(
    data: Moments | Mapping[str, Moments],
    names: tuple[str, ...],
    need_rows: bool,
    what: str,
) -> StructuralData:
    if need_rows:
        raise RowsRequiredError(
            f'`{what}` with a robust estimator or with `missing="fiml"` needs respondents\' '
            'answers, but was given moments. Give the survey, or use `estimator="ML"`.'
        )
    groups: dict[str, Moments] = dict(data) if isinstance(data, Mapping) else {"": data}
    if not groups:
        raise OptionError(f"`{what}` was given no moments.")
    for label, part in groups.items():
        missing = [name for name in names if name not in getattr(part, "variables", names)]
        if missing:
            where = f" of group {label}" if label else ""
            raise OptionError(
                f"These variables of the model are not in the moments{where}: {shorten(missing)}. "
                f"There are: {shorten(part.variables)}."
            )
    collected = tuple(
        require_moments(part, names, minimum=2, what=what) for part in groups.values()
    )
    labels = tuple(groups) if len(groups) > 1 else ()
    return StructuralData(names, labels, collected, None, None, _sample_info(collected), None)


@dataclass(frozen=True, slots=True, eq=False)
class _Respondents:
    """Rows of a survey or of a table, in groups."""

    values: FloatArray
    weights: FloatArray | None
    weight_kind: WeightKind
    parts: list[BoolArray]
    labels: tuple[str, ...]
    n_respondents: int

    def moments(self, names: tuple[str, ...], part: BoolArray) -> Moments:
        """Moments of the complete respondents of one group."""
        weights = None if self.weights is None else self.weights[part]
        return Moments.collect(
            self.values[part], names, weights=weights, weight_kind=self.weight_kind
        )


def group_labels_of(data: StructuralInput, by: str | None) -> tuple[str, ...]:
    """Names of the groups of a model; empty for one.

    Parameters
    ----------
    data : Survey, DataFrame, Moments, or mapping of group to Moments
        Data.
    by : str or None
        Grouping variable of rows.

    Returns
    -------
    tuple of str
    """
    if by is None:
        if isinstance(data, Mapping) and not isinstance(data, pd.DataFrame):
            return tuple(data) if len(data) > 1 else ()
        return ()
    if isinstance(data, Survey):
        return tuple(" · ".join(level) for level in data.group_codes(by)[1])
    if isinstance(data, pd.DataFrame):
        if by not in data.columns:
            raise OptionError(f"`by` is {by!r}, but the table has no such column.")
        return tuple(str(level) for level in data[by].dropna().unique())
    raise OptionError(
        "`by` needs a survey or a table of rows. Give the groups' moments as a dictionary, "
        '{"group": moments, …}, instead.'
    )


def rows_of(data: Survey | pd.DataFrame, names: Sequence[str], what: str) -> FloatArray:
    """Answers of all respondents to the variables of a model.

    Parameters
    ----------
    data : Survey or DataFrame
        Respondents.
    names : sequence of str
        Variables.
    what : str
        Name of the analysis, for messages.

    Returns
    -------
    FloatArray, shape (n, p)
        nan where missing.

    Raises
    ------
    RowsRequiredError
        If `data` is neither.
    OptionError
        If a variable does not exist, or is not a number.
    """
    if isinstance(data, Survey):
        return data.rows(list(names))
    if not isinstance(data, pd.DataFrame):
        raise RowsRequiredError(
            f"`{what}` was given {type(data).__name__}, but needs respondents' answers: a survey "
            "or a table of rows."
        )
    lacking = [name for name in names if name not in data.columns]
    if lacking:
        close = nearest(lacking[0], [str(column) for column in data.columns], n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise OptionError(
            f"These variables of the model are not columns of the table: {shorten(lacking)}.{hint}"
        )
    texts = [name for name in names if not pd.api.types.is_numeric_dtype(data[name])]
    if texts:
        raise OptionError(
            f"These variables of the model are not numbers: {shorten(texts)}. Recode them."
        )
    return data[list(names)].to_numpy(dtype=float, na_value=np.nan)


def _respondents(
    data: Survey | pd.DataFrame, names: tuple[str, ...], by: str | None, what: str
) -> _Respondents:
    labels = group_labels_of(data, by)
    if isinstance(data, pd.DataFrame):
        values = rows_of(data, names, what)
        parts = [np.ones(len(data), dtype=bool)]
        if by is not None:
            column = data[by].astype(str).to_numpy()
            there = data[by].notna().to_numpy()
            parts = [(column == label) & there for label in labels]
        return _Respondents(values, None, "none", parts, labels, len(data))
    if data.weight_kind == "sampling":
        raise OptionError(
            f"`{what}` does not know sampling weights: its tests would not be valid. Use a survey "
            "without weights, or frequency weights."
        )
    parts = [np.ones(len(data), dtype=bool)]
    if by is not None:
        codes = data.group_codes(by)[0]
        parts = [codes == position for position in range(len(labels))]
    counted = np.logical_or.reduce(parts)
    return _Respondents(
        data.rows(names),
        data.weights,
        data.weight_kind,
        parts,
        labels,
        data.count_respondents(counted),
    )


def _of_rows(
    data: Survey | pd.DataFrame,
    names: tuple[str, ...],
    by: str | None,
    missing: StructuralMissing,
    need_rows: bool,
    what: str,
) -> StructuralData:
    found = _respondents(data, names, by, what)
    if missing == "fiml":
        return _all_answers(found, names, what)
    complete = ~np.isnan(found.values).any(axis=1)
    moments = tuple(
        require_moments(_Collected(found.moments(names, part)), names, minimum=2, what=what)
        for part in found.parts
    )
    rows = weights = None
    if need_rows:
        rows = tuple(found.values[part & complete] for part in found.parts)
        if found.weights is not None:
            weights = tuple(found.weights[part & complete] for part in found.parts)
    return StructuralData(names, found.labels, moments, rows, weights, _sample_info(moments), None)


def _all_answers(found: _Respondents, names: tuple[str, ...], what: str) -> StructuralData:
    """Patterns of missing answers of each group."""
    values, labels = found.values, found.labels
    distinct = np.array([np.unique(column[~np.isnan(column)]).size for column in values.T])
    constant = [name for name, size in zip(names, distinct, strict=True) if size < 2]
    if constant:
        raise EstimationError(
            f"`{what}` needs answers that vary, but these are all the same or all missing: "
            f"{shorten(constant)}. Leave them out."
        )
    seen = ~np.isnan(values)
    kept = [part & seen.any(axis=1) for part in found.parts]
    for label, part in zip(labels or ("",), kept, strict=True):
        both = seen[part].T.astype(float) @ seen[part].astype(float)
        rows, columns = np.nonzero(np.triu(both < 2.0))
        if rows.size:
            where = f" in group {label}" if label else ""
            pairs = [f"{names[i]} and {names[j]}" for i, j in zip(rows, columns, strict=True)]
            raise EstimationError(
                f"Fewer than two respondents answered both of these{where}: {shorten(pairs)}. "
                "Their covariance cannot be estimated; leave one of each pair out."
            )
    answers = tuple(values[part] for part in kept)
    weights = None
    if found.weights is not None:
        weights = tuple(found.weights[part] for part in kept)
    incomplete = tuple(
        pattern_sample(part, None if weights is None else weights[place])
        for place, part in enumerate(answers)
    )
    n_obs = round(sum(part.n_obs for part in incomplete))
    sample = SampleInfo(n_obs, found.n_respondents - n_obs, "fiml", found.weight_kind)
    return StructuralData(names, labels, (), answers, weights, sample, incomplete)


@dataclass(frozen=True, slots=True)
class _Collected:
    """Moments that are already there, in the shape that `require_moments` asks of data."""

    held: Moments

    def moments(self, variables: Sequence[str], *, missing: str = "listwise") -> Moments:
        """Return the moments of the named variables."""
        return self.held.select(variables)


def _sample_info(moments: Sequence[Moments]) -> SampleInfo:
    return SampleInfo(
        sum(part.n_obs for part in moments),
        sum(part.n_excluded for part in moments),
        "listwise",
        moments[0].weight_kind,
    )


def _check_definite(data: StructuralData, what: str) -> None:
    """Refuse a group whose covariance matrix has no inverse."""
    labels = data.groups or ("",)
    for label, part in zip(labels, data.moments, strict=True):
        spread = np.sqrt(np.diag(part.covariance()))
        correlation = part.covariance() / np.outer(spread, spread)
        if np.linalg.eigvalsh(correlation)[0] > 1e-10:
            continue
        where = f" in group {label}" if label else ""
        if part.n_obs <= len(data.variables):
            raise EstimationError(
                f"`{what}` needs the covariance of {len(data.variables)} variables, but after "
                f"listwise deletion {part.n_obs} complete respondents remain{where} of "
                f"{part.n_obs + part.n_excluded}. Fit fewer variables, or collect more answers."
            )
        raise EstimationError(
            f"The covariance matrix of the {len(data.variables)} variables has no inverse{where}: "
            "one variable is a sum of others, or two are the same. Leave one of them out."
        )
