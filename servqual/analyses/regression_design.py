"""The columns of a regression: predictors, moderators, covariates, products, and the outcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from servqual.analyses.predictors import ModelVariables, model_variables
from servqual.analyses.resampling import complete_respondents
from servqual.errors import EstimationError, NotIdentifiedError, OptionError, shorten
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import BoolArray, FloatArray, IntArray, On

__all__ = ["Moderator", "RegressionDesign", "regression_design"]


@dataclass(frozen=True, slots=True, eq=False)
class Moderator:
    """A variable on which the slopes of the predictors depend; q columns.

    Attributes
    ----------
    name : str
        How the user called it.
    levels : tuple of str
        Its groups, the base first; or the mean less one standard deviation, the mean, and the mean
        plus one.
    values : FloatArray, shape (n_levels,)
        The same on the scale of a numeric moderator; nan for groups.
    coding : FloatArray, shape (n_levels, q)
        Its columns at each level.
    average : FloatArray, shape (q,)
        Its columns at their sample mean.
    columns : IntArray, shape (q,)
        Places of its columns among the terms.
    products : IntArray, shape (n_predictors, q)
        Places of the products among the terms.
    centre : float
        What was taken off a numeric moderator; nan for groups.
    """

    name: str
    levels: tuple[str, ...]
    values: FloatArray
    coding: FloatArray
    average: FloatArray
    columns: IntArray
    products: IntArray
    centre: float

    @property
    def is_numeric(self) -> bool:
        """Whether it is a number, not a group."""
        return bool(np.isfinite(self.centre))


@dataclass(frozen=True, slots=True, eq=False)
class RegressionDesign:
    """The columns of a regression, without the intercept.

    Attributes
    ----------
    survey : Survey
        Whose respondents these are.
    outcome : str
        Name of the outcome.
    names : tuple of str
        Names of all columns for messages, the outcome last.
    terms : tuple of str
        How the result calls the predictors, moderators, covariates and products.
    labels : tuple of str
        How tables and plots call them.
    rows : FloatArray, shape (n_rows, n_terms + 1)
        Values of every row of the survey, the outcome last; nan where missing.
    keep : BoolArray, shape (n_rows,)
        Rows without missing values and with a weight above zero.
    n_predictors : int
        Leading terms that are predictors.
    moderators : tuple of Moderator
        On what their slopes depend.
    notes : tuple of str
        How groups and products are coded.
    bases : dict of str to str
        For each term that is a 0/1 column of a group: the group that it is compared with.
    """

    survey: Survey
    outcome: str
    names: tuple[str, ...]
    terms: tuple[str, ...]
    labels: tuple[str, ...]
    rows: FloatArray
    keep: BoolArray
    n_predictors: int
    moderators: tuple[Moderator, ...] = ()
    notes: tuple[str, ...] = ()
    bases: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> FloatArray:
        """Rows of the respondents kept, shape (n_complete, n_terms + 1)."""
        return self.rows[self.keep]

    @property
    def weights(self) -> FloatArray | None:
        """Weights of the respondents kept."""
        return None if self.survey.weights is None else self.survey.weights[self.keep]

    @property
    def n_obs(self) -> int:
        """Respondents kept; with frequency weights, their sum."""
        if self.survey.weight_kind == "frequency" and self.weights is not None:
            return int(self.weights.sum())
        return int(self.keep.sum())

    def moments(
        self, variables: Sequence[str], *, missing: Literal["listwise"] = "listwise"
    ) -> Moments:
        """Moments of all columns over the respondents kept.

        Parameters
        ----------
        variables : sequence of str
            The design's own names.
        missing : {"listwise"}
            Only respondents with all columns.

        Returns
        -------
        Moments
        """
        return self.survey.collect(self.rows, variables)


def regression_design(
    survey: Survey,
    variables: ModelVariables,
    *,
    on: On,
    covariates: Sequence[str] = (),
    by: str | Sequence[str] | None = None,
    required: Sequence[str] = (),
) -> RegressionDesign:
    """Make the columns of a regression from a survey.

    Parameters
    ----------
    survey : Survey
        Where the variables are.
    variables : ModelVariables
        Outcome and predictors.
    on : str
        Side or difference of scores among covariates and moderators.
    covariates : sequence of str, default ()
        Further variables: outcomes, scores, columns, grouping variables.
    by : str or sequence of str, optional
        Moderators: the same kinds of variables.
    required : sequence of str, default ()
        Grouping variables that respondents need to have, without a column of their own.

    Returns
    -------
    RegressionDesign
        Predictors, moderators, covariates, then products of each predictor with each moderator.
        With moderators, predictors and numeric moderators are centred at their means.

    Raises
    ------
    OptionError
        If a variable does not exist, or is named twice.
    EstimationError
        If a moderator or a group takes one value only.
    NotIdentifiedError
        If a group of a moderator is too small for slopes of its own.
    """
    further = _listed(covariates, "covariates")
    moderating = () if by is None else _listed(by, "by")
    _check_apart(variables, further, moderating)
    sources = {
        name: _source(survey, variables.outcome, on, name) for name in (*moderating, *further)
    }
    _check_resolved(variables, sources)
    numbers = survey.rows(variables.names)
    columns = [numbers, *(source.values[:, None] for source in sources.values())]
    for name in required:
        # Whoever has no group has no outcome either, so that every count leaves them out.
        numbers[np.isnan(_group_column(survey, name)[0]), -1] = np.nan
    keep = complete_respondents(survey, np.column_stack(columns))
    builder = _Builder(survey, keep, variables, numbers)
    for name in moderating:
        builder.add_moderator(name, sources[name])
    for name in further:
        builder.add_covariate(name, sources[name])
    return builder.finish()


def _listed(names: object, argument: str) -> tuple[str, ...]:
    if isinstance(names, str) and argument == "by":
        return (names,)
    if isinstance(names, str):
        raise OptionError(
            f'`{argument}` is "{names}", but must be a list of names, such as ["{names}"].'
        )
    listed = tuple(names) if isinstance(names, Iterable) else (names,)
    if not all(isinstance(name, str) for name in listed):
        raise OptionError(
            f"`{argument}` is {names!r}, but must be a list of names of variables of the survey, "
            'such as ["branch"].'
        )
    return listed


def _check_apart(
    variables: ModelVariables, covariates: tuple[str, ...], moderators: tuple[str, ...]
) -> None:
    """Each variable has one part to play."""
    parts = (("by", moderators), ("covariates", covariates))
    for argument, names in parts:
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise OptionError(f"`{argument}` names these more than once: {shorten(repeated)}.")
    both = [name for name in moderators if name in covariates]
    if both:
        raise OptionError(
            f"{shorten(both)} stands in `by` and in `covariates`. A moderator has a main effect of "
            "its own; take it out of `covariates`."
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """A variable beside the predictors: its values, and its groups if it has any."""

    variable: str
    label: str
    values: FloatArray
    levels: tuple[str, ...]


def _group_column(survey: Survey, name: str) -> tuple[FloatArray, tuple[str, ...]]:
    codes, levels, _ = survey.group_codes(name)
    return np.where(codes < 0, np.nan, codes), tuple(level[0] for level in levels)


def _source(survey: Survey, outcome: str, on: On, name: str) -> _Source:
    if name in survey.groups:
        values, levels = _group_column(survey, name)
        return _Source(name, name, values, levels)
    found = model_variables(
        survey, outcome=outcome, on=on, predictors=[name], analysis="regression"
    )
    return _Source(found.variables[0], found.labels[0], survey.rows(found.variables)[:, 0], ())


def _check_resolved(variables: ModelVariables, sources: dict[str, _Source]) -> None:
    """Refuse a predictor under another name: "reliability" is "gap:reliability"."""
    taken = [name for name, source in sources.items() if source.variable in variables.variables]
    if taken:
        raise OptionError(
            f"{shorten(taken)} is among the predictors already. Name the others in `predictors`, "
            "or leave it out of `by` and `covariates`."
        )


class _Builder:
    """Collects columns and their names, in order."""

    def __init__(
        self, survey: Survey, keep: BoolArray, variables: ModelVariables, numbers: FloatArray
    ) -> None:
        self.survey, self.keep, self.variables = survey, keep, variables
        self.outcome = numbers[:, -1]
        self.names = list(variables.variables)
        self.terms = list(variables.terms)
        self.labels = list(variables.labels)
        self.columns = [numbers[:, place] for place in range(len(self.terms))]
        self.n_predictors = len(self.terms)
        self.moderators: list[tuple[str, _Source, tuple[str, ...], list[int], float]] = []
        self.notes: list[str] = []
        self.bases: dict[str, str] = {}

    def mean(self, column: FloatArray) -> float:
        weights = None if self.survey.weights is None else self.survey.weights[self.keep]
        return float(np.average(column[self.keep], weights=weights)) if self.keep.any() else 0.0

    def spread(self, column: FloatArray) -> float:
        if not self.keep.any():
            return 0.0
        moments = self.survey.collect(column[:, None], ["x"], rows=self.keep)
        return float(moments.standard_deviation()[0])

    def append(self, name: str, term: str, label: str, column: FloatArray) -> int:
        self.names.append(name)
        self.terms.append(term)
        self.labels.append(label)
        self.columns.append(column)
        return len(self.terms) - 1

    def add_covariate(self, name: str, source: _Source) -> None:
        if source.levels:
            self._add_groups(name, source, "covariates")
        else:
            self.append(source.variable, name, source.label, source.values)

    def add_moderator(self, name: str, source: _Source) -> None:
        if source.levels:
            levels, places = self._add_groups(name, source, "by")
            self._check_sizes(name, source)
            self.moderators.append((name, source, levels, places, float("nan")))
            return
        kept = source.values[self.keep]
        if kept.size and np.ptp(kept) <= 1e-7 * np.abs(kept).max():
            raise EstimationError(
                f'The moderator "{name}" is {kept[0]:g} for all {kept.size:,} respondents of this '
                "analysis, so nothing can depend on it. Leave it out of `by`."
            )
        centre = self.mean(source.values)
        place = self.append(source.variable, name, source.label, source.values - centre)
        levels = ("mean − 1 SD", "mean", "mean + 1 SD")
        self.moderators.append((name, source, levels, [place], centre))

    def _add_groups(
        self, name: str, source: _Source, argument: str
    ) -> tuple[tuple[str, ...], list[int]]:
        """Add a 0/1 column for each group but the first that has respondents."""
        present = np.unique(source.values[self.keep]).astype(np.int64)
        levels = tuple(source.levels[code] for code in present)
        if len(levels) < 2 and self.keep.any():
            raise EstimationError(
                f'All respondents of this analysis are in one group of "{name}" ({levels[0]}), so '
                f"it can explain nothing. Leave it out of `{argument}`."
            )
        places = []
        for code, level in zip(present[1:], levels[1:], strict=True):
            column = np.where(np.isnan(source.values), np.nan, source.values == code)
            text = f"{name}: {level}"
            places.append(self.append(text, text, text, column))
            self.bases[text] = f"{name}: {levels[0]}"
        if levels:
            self.notes.append(f'The base of "{name}" is {levels[0]}.')
        return levels, places

    def _check_sizes(self, name: str, source: _Source) -> None:
        """Refuse groups that have fewer respondents than slopes and an intercept."""
        weights = self.survey.weights
        counted = self.survey.weight_kind == "frequency" and weights is not None
        of_rows = weights if counted and weights is not None else np.ones(len(source.values))
        small = []
        for code, level in enumerate(source.levels):
            size = int(of_rows[self.keep & (source.values == code)].sum())
            if 0 < size < self.n_predictors + 1:
                small.append(f"{level} ({size})")
        if small:
            needed = self.n_predictors + 1
            raise NotIdentifiedError(
                f'With `by="{name}"` every group has slopes of its own, which need at least '
                f"{needed} respondents each, but these groups have fewer: {shorten(small)}. Use "
                "fewer predictors, leave these groups out of the survey, or put "
                f'"{name}" into `covariates`.'
            )

    def finish(self) -> RegressionDesign:
        if self.moderators:
            for place in range(self.n_predictors):
                self.columns[place] = self.columns[place] - self.mean(self.columns[place])
        moderators = tuple(self._with_products(*entry) for entry in self.moderators)
        self._note_parts_of_outcome()
        if moderators:
            numeric = any(moderator.is_numeric for moderator in moderators)
            self.notes.append(
                f"Predictors{' and numeric moderators' if numeric else ''} are centred at their "
                "sample means: a main effect holds at the mean of the variables that it is "
                "multiplied with, or in their base group."
            )
        return RegressionDesign(
            survey=self.survey,
            outcome=self.variables.outcome,
            names=(*self.names, self.variables.outcome),
            terms=tuple(self.terms),
            labels=tuple(self.labels),
            rows=np.column_stack([*self.columns, self.outcome]),
            keep=self.keep,
            n_predictors=self.n_predictors,
            moderators=moderators,
            notes=tuple(self.notes),
            bases=self.bases,
        )

    def _note_parts_of_outcome(self) -> None:
        """Say which predictors are answers that the outcome is made of, or the other way round."""
        columns, outcome = self.survey.outcomes, self.variables.outcome
        own = set(columns.get(outcome, (outcome,)))
        parts = [
            name for name in self.names if name != outcome and own & set(columns.get(name, (name,)))
        ]
        if parts:
            self.notes.append(
                f"{shorten(parts)} and {outcome} rest on the same answers, so that the outcome "
                "explains itself in part, and R² says little."
            )

    def _with_products(
        self,
        name: str,
        source: _Source,
        levels: tuple[str, ...],
        places: list[int],
        centre: float,
    ) -> Moderator:
        products = np.empty((self.n_predictors, len(places)), dtype=np.int64)
        for predictor in range(self.n_predictors):
            for column, place in enumerate(places):
                products[predictor, column] = self.append(
                    f"{self.names[predictor]} × {self.names[place]}",
                    f"{self.terms[predictor]} × {self.terms[place]}",
                    f"{self.labels[predictor]} × {self.labels[place]}",
                    self.columns[predictor] * self.columns[place],
                )
        if source.levels:
            coding = np.vstack([np.zeros(len(places)), np.eye(len(places))])
            values = np.full(len(levels), np.nan)
            average = np.array([self.mean(self.columns[place]) for place in places])
        else:
            spread = self.spread(source.values)
            coding = np.array([[-spread], [0.0], [spread]])
            values, average = centre + coding[:, 0], np.zeros(1)
        return Moderator(name, levels, values, coding, average, np.array(places), products, centre)
