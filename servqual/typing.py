"""Words that options may take, and the protocols that say what an analysis needs of its data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, get_args, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from servqual.errors import OptionError

if TYPE_CHECKING:
    from servqual.samplestats.counts import Counts
    from servqual.samplestats.moments import Moments

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

Side: TypeAlias = Literal["expectation", "perception", "minimum", "desired"]
Difference: TypeAlias = Literal["gap", "adequacy", "superiority"]
On: TypeAlias = Literal[
    "gap", "perception", "expectation", "adequacy", "superiority", "minimum", "desired"
]
Missing: TypeAlias = Literal["listwise", "pairwise"]
WeightKind: TypeAlias = Literal["none", "frequency", "sampling"]
PAdjust: TypeAlias = Literal["holm", "bonferroni", "hochberg", "fdr-bh", "fdr-by", "none"]
Covariance: TypeAlias = Literal["nonrobust", "HC0", "HC1", "HC2", "HC3", "CR1", "CR2"]
Family: TypeAlias = Literal["ols", "ordered-logit", "ordered-probit", "logit"]
ChoiceFamily: TypeAlias = Literal["ordered-logit", "ordered-probit", "logit"]
CoefficientPlot: TypeAlias = Literal["coefficients", "effects"]
PredictorLevel: TypeAlias = Literal["dimensions", "items", "overall"]
ImportanceMethod: TypeAlias = Literal[
    "lmg", "relative-weights", "pratt", "first", "last", "dominance", "partial"
]
ImportanceFamily: TypeAlias = Literal["ols", "logit"]
ImportanceInterval: TypeAlias = Literal["percentile", "bca"]
ImportancePlot: TypeAlias = Literal["bars", "methods", "groups", "conditional"]
CorrelationKind: TypeAlias = Literal["pearson", "polychoric", "spearman"]
EmptyCells: TypeAlias = Literal["two-by-two", "all", "none"]
ExtractionMethod: TypeAlias = Literal["minres", "ml", "paf"]
Rotation: TypeAlias = Literal[
    "none",
    "varimax",
    "quartimax",
    "equamax",
    "geomin-orthogonal",
    "promax",
    "oblimin",
    "quartimin",
    "geomin",
]
Estimator: TypeAlias = Literal["ML", "MLR", "MLM", "ULS", "GLS", "DWLS", "WLSMV"]
StructuralPlot: TypeAlias = Literal["path", "residuals"]
ValidityScale: TypeAlias = Literal["standardised", "raw"]
FactorStructure: TypeAlias = Literal["correlated", "one-factor", "second-order", "bifactor"]
Information: TypeAlias = Literal["expected", "observed"]
StructuralMissing: TypeAlias = Literal["listwise", "fiml"]
ResidualKind: TypeAlias = Literal["raw", "correlation", "standardised"]
ScoreMethod: TypeAlias = Literal["regression", "Bartlett"]
DiagnosticPlot: TypeAlias = Literal["residuals", "qq", "scale-location", "leverage"]
SurfacePlot: TypeAlias = Literal["contour", "surface"]
ContrastCoding: TypeAlias = Literal["quantile", "scale", "sd", "gap-sign"]
PenaltyRewardPlot: TypeAlias = Literal["bars", "map"]
CurveForm: TypeAlias = Literal["quadratic", "piecewise", "spline"]
GapInterval: TypeAlias = Literal["t", "bootstrap", "bca"]
MediationInterval: TypeAlias = Literal["percentile", "bca", "monte-carlo", "sobel"]
ModeratedPath: TypeAlias = Literal["a", "b"]
PerceptionScore: TypeAlias = Literal["gap", "perception", "adequacy", "superiority"]
WhatIfMeasure: TypeAlias = Literal["mean", "top-two-box", "nps"]
WhatIfPlot: TypeAlias = Literal["effects", "per-point"]
KanoTable: TypeAlias = Literal["standard", "pouliot"]
KanoInterval: TypeAlias = Literal["wilson", "bootstrap"]
KanoPlot: TypeAlias = Literal["map", "shares"]
ZeroMethod: TypeAlias = Literal["wilcoxon", "pratt"]
Level: TypeAlias = Literal["dimensions", "items"]
AttributePerformance: TypeAlias = Literal["perception", "gap", "adequacy", "superiority"]
ImportanceSource: TypeAlias = Literal["stated", "derived", "expectation", "desired"]
DerivedImportance: TypeAlias = Literal[
    "lmg",
    "relative-weights",
    "correlation",
    "squared-correlation",
    "partial",
    "beta",
    "log-partial",
]
Crosshair: TypeAlias = Literal["means", "medians", "midpoint", "target"]
PriorityPlot: TypeAlias = Literal["map", "probabilities"]

#: How a difference is made: (minuend, subtrahend).
DIFFERENCES: dict[Difference, tuple[Side, Side]] = {
    "gap": ("perception", "expectation"),
    "adequacy": ("perception", "minimum"),
    "superiority": ("perception", "desired"),
}

#: A callback that is told (done, total) while a long step runs.
Progress: TypeAlias = Callable[[int, int], None]

#: What a user may say about progress: see `servqual.progress.shown_progress`.
ProgressOption: TypeAlias = Progress | bool | None


def check_option(argument: str, value: object, literal: Any, hint: str = "") -> None:
    """Raise `OptionError` unless `value` is one of the words of a `Literal`.

    Parameters
    ----------
    argument : str
        Name of the argument, for the message.
    value : object
        What was given.
    literal : typing.Literal
        The type that lists the options.
    hint : str, default ""
        A further sentence for the message.

    Raises
    ------
    OptionError
        If `value` is not an option.

    Examples
    --------
    >>> check_option("on", "gap", On)
    """
    options: tuple[str, ...] = get_args(literal)
    if value not in options:
        raise OptionError.for_option(argument, value, options, hint)


def check_conf_level(conf_level: object) -> None:
    """Raise `OptionError` unless `conf_level` lies strictly between 0 and 1.

    Parameters
    ----------
    conf_level : float
        Coverage of the interval, such as 0.95.

    Raises
    ------
    OptionError
        If it does not.

    Examples
    --------
    >>> check_conf_level(0.95)
    """
    if (
        isinstance(conf_level, bool)
        or not isinstance(conf_level, (int, float))
        or not 0.0 < conf_level < 1.0
    ):
        raise OptionError(
            f"`conf_level` is {conf_level!r}, but must be a number between 0 and 1, such as 0.95."
        )


def check_whole(argument: str, value: object, least: int) -> int:
    """Return a whole number, or raise `OptionError` unless it is one and not below the least.

    Parameters
    ----------
    argument : str
        Name of the argument, for the message.
    value : object
        What was given.
    least : int
        The smallest number allowed.

    Returns
    -------
    int

    Raises
    ------
    OptionError
        If it is something else.

    Examples
    --------
    >>> check_whole("n_factors", 5, 1)
    5
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise OptionError(f"`{argument}` is {value!r}, but must be a whole number from {least} up.")
    return int(value)


@runtime_checkable
class HasMoments(Protocol):
    """Data that can give the means and cross-products of variables."""

    def moments(
        self, variables: Sequence[str], *, missing: Literal["listwise"] = "listwise"
    ) -> Moments:
        """Moments of the named variables over complete respondents."""
        ...


@runtime_checkable
class HasCounts(Protocol):
    """Data that can give the two-way tables of ordinal variables."""

    def counts(self, variables: Sequence[str], *, missing: Missing = "listwise") -> Counts:
        """Frequencies and two-way tables of the named variables."""
        ...


@runtime_checkable
class HasRows(HasMoments, Protocol):
    """Data that can also give the respondents' own values."""

    def rows(self, variables: Sequence[str]) -> FloatArray:
        """Values of the named variables, shape (n_respondents, n_variables), nan where missing."""
        ...


class HasGroups(Protocol):
    """Respondents in groups that are known by name."""

    def __len__(self) -> int:
        """Count the rows."""
        ...

    def group_codes(
        self, by: str | Sequence[str]
    ) -> tuple[IntArray, list[tuple[str, ...]], tuple[str, ...]]:
        """Codes of the rows, values of each group, names of the grouping variables."""
        ...
