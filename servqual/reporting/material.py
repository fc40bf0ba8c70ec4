"""All results that a report shows, each made once; what fails is kept with its reason."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from servqual.analyses.compare_measures import MeasureComparisonResult, compare_measures
from servqual.analyses.congruence import CongruenceResult
from servqual.analyses.efa import EFAResult, efa
from servqual.analyses.factor_count import FactorCountResult, factor_count
from servqual.analyses.frequencies import FrequencyResult, frequencies
from servqual.analyses.gaps import GapResult, gaps
from servqual.analyses.importance_performance import (
    ImportancePerformanceResult,
    importance_performance,
)
from servqual.analyses.latent_gaps import LatentGapResult, latent_gaps
from servqual.analyses.mediation import MediationResult, mediation
from servqual.analyses.penalty_reward import PenaltyRewardResult, penalty_reward
from servqual.analyses.regression import RegressionResult, regression
from servqual.analyses.relative_importance import ImportanceResult, relative_importance
from servqual.analyses.response_surface import ResponseSurfaceResult, response_surface
from servqual.analyses.scale_reliability import ReliabilityResult, scale_reliability
from servqual.analyses.structural import StructuralResult, cfa
from servqual.analyses.validity import ValidityResult, validity
from servqual.analyses.what_if import WhatIfResult, what_if
from servqual.errors import MissingDependencyError, ServqualError, ServqualWarning
from servqual.reporting.levels import LevelResult, levels
from servqual.survey.description import SurveyDescription
from servqual.survey.survey import Survey
from servqual.typing import (
    DIFFERENCES,
    AttributePerformance,
    Difference,
    FactorStructure,
    On,
    Progress,
    ProgressOption,
    Side,
)

#: Enough for upper limits of ratios, and quick for large surveys.
_MOST_RESAMPLES = 500

#: The outcome through which quality is thought to work on the others.
_MEDIATOR = "satisfaction"


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T]):
    """A result, or the reason why there is none.

    Attributes
    ----------
    value : object or None
        The result.
    reason : str
        Why there is none; "" if there is.
    remarks : tuple of str
        Warnings that were raised on the way.
    """

    value: T | None
    reason: str = ""
    remarks: tuple[str, ...] = ()


def attempt(make: Callable[[], T]) -> Attempt[T]:
    """Run an analysis; keep its warnings, and its error if it raises one of this package.

    Parameters
    ----------
    make : callable
        The analysis without arguments.

    Returns
    -------
    Attempt

    Examples
    --------
    >>> attempt(lambda: 1).value
    1
    """
    value, reason = None, ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ServqualWarning)
        try:
            value = make()
        except MissingDependencyError:
            raise
        except ServqualError as error:
            reason = str(error)
    remarks = []
    for warning in caught:
        if issubclass(warning.category, ServqualWarning):
            remarks.append(str(warning.message))
        else:
            # Not ours to keep: whoever called decides what becomes of it.
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return Attempt(value, reason, tuple(dict.fromkeys(remarks)))


@dataclass(frozen=True, slots=True)
class Settings:
    """What the caller of the report chose.

    Attributes
    ----------
    title : str
        Title of the report.
    notice : str
        First line of its body; "" for none.
    outcomes : tuple of str
        Outcomes whose drivers are looked for.
    by : str
        Grouping variable; "" for none.
    conf_level : float
        Coverage of the intervals.
    n_resamples : int
        Bootstrap resamples.
    seed : int
        Seed of the bootstrap.
    """

    title: str
    notice: str
    outcomes: tuple[str, ...]
    by: str
    conf_level: float
    n_resamples: int
    seed: int

    def bootstrap(self, progress: ProgressOption) -> dict[str, Any]:
        """Options of an analysis that resamples respondents."""
        return {
            "conf_level": self.conf_level,
            "n_resamples": self.n_resamples,
            "seed": self.seed,
            "progress": progress,
        }


@dataclass(frozen=True, slots=True)
class Driver:
    """What goes with one outcome.

    Attributes
    ----------
    outcome : str
        Its name.
    regression : Attempt of RegressionResult
        Regression on the dimensions.
    importance : Attempt of ImportanceResult
        R² divided among the dimensions.
    asymmetry : Attempt of PenaltyRewardResult
        What a dimension costs when it is bad, and earns when it is good.
    measures : Attempt of MeasureComparisonResult, or None
        Gaps against perceptions alone; None where only one side was asked.
    surface : Attempt of ResponseSurfaceResult, or None
        The outcome over perception and expectation; likewise.
    chain : Attempt of MediationResult, or None
        What of it runs through satisfaction; None for satisfaction itself.
    what_if : Attempt of WhatIfResult, or None
        What one point of each dimension goes with; None where perceptions were not asked.
    """

    outcome: str
    regression: Attempt[RegressionResult]
    importance: Attempt[ImportanceResult]
    asymmetry: Attempt[PenaltyRewardResult]
    measures: Attempt[MeasureComparisonResult] | None
    surface: Attempt[ResponseSurfaceResult] | None
    chain: Attempt[MediationResult] | None
    what_if: Attempt[WhatIfResult] | None


@dataclass(frozen=True, slots=True)
class Structure:
    """Whether the answers show the instrument's dimensions.

    Attributes
    ----------
    on : str
        The side that was analysed.
    count : Attempt of FactorCountResult
        How many factors.
    factors : Attempt of EFAResult
        As many factors as dimensions.
    congruence : Attempt of CongruenceResult
        These factors compared with the dimensions.
    """

    on: Side
    count: Attempt[FactorCountResult]
    factors: Attempt[EFAResult]
    congruence: Attempt[CongruenceResult]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Whether the dimensions hold when they are stated beforehand.

    Attributes
    ----------
    on : str
        The side that was analysed.
    models : dict of str to Attempt of StructuralResult
        Structure → its fit: correlated, second-order, one-factor.
    validity : Attempt of ValidityResult
        Of the correlated dimensions.
    latent_gaps : Attempt of LatentGapResult, or None
        Where both sides were asked.
    """

    on: Side
    models: dict[FactorStructure, Attempt[StructuralResult]]
    validity: Attempt[ValidityResult]
    latent_gaps: Attempt[LatentGapResult] | None


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that the sections of a report are written from.

    Attributes
    ----------
    survey : Survey
        The survey.
    settings : Settings
        What the caller chose.
    description : SurveyDescription
        Data quality.
    difference : {"gap", "adequacy", "superiority"} or None
        The difference that the report is about; None if one side only was asked.
    on : str
        That difference, or the one side: scores whose reliability and effects are shown.
    gaps : Attempt of GapResult, or None
        Of `difference`.
    grouped_gaps : Attempt of GapResult, or None
        By `settings.by`.
    further_gaps : tuple of (str, Attempt of GapResult)
        Of the other differences that the survey allows.
    levels : LevelResult or None
        Means of the one side, where there is no difference.
    frequencies : tuple of (str, Attempt of FrequencyResult)
        Of each side.
    reliability : tuple of (str, Attempt of ReliabilityResult)
        Of each side, then of the difference.
    structure : Structure or None
        Factors of the perceptions (or of the one side); None for an instrument of one dimension.
    confirmation : Confirmation or None
        Confirmatory models of the same side; None for an instrument of one dimension.
    priorities : tuple of Attempt of ImportancePerformanceResult
        By stated importance, if there are points, then derived from each outcome.
    drivers : tuple of Driver
        One per outcome.
    """

    survey: Survey
    settings: Settings
    description: SurveyDescription
    difference: Difference | None
    on: On
    gaps: Attempt[GapResult] | None
    grouped_gaps: Attempt[GapResult] | None
    further_gaps: tuple[tuple[Difference, Attempt[GapResult]], ...]
    levels: LevelResult | None
    frequencies: tuple[tuple[Side, Attempt[FrequencyResult]], ...]
    reliability: tuple[tuple[On, Attempt[ReliabilityResult]], ...]
    structure: Structure | None
    confirmation: Confirmation | None
    priorities: tuple[Attempt[ImportancePerformanceResult], ...]
    drivers: tuple[Driver, ...]


def gather(survey: Survey, settings: Settings, progress: Progress | None) -> Material:
    """Make every result of the report.

    Parameters
    ----------
    survey : Survey
        The survey.
    settings : Settings
        What the caller chose.
    progress : callable, optional
        Is told (done, total) over all bootstraps together.

    Returns
    -------
    Material
    """
    differences = [on for on, sides in DIFFERENCES.items() if set(sides) <= set(survey.sides)]
    difference = differences[0] if differences else None
    sides = _sides(survey, difference)
    on: On = difference or sides[0]
    by = settings.by
    steps = _Steps(progress, int(survey.has_importance) + _STEPS * len(settings.outcomes))
    material = Material(
        survey=survey,
        settings=settings,
        description=survey.describe(),
        difference=difference,
        on=on,
        gaps=None if difference is None else _gaps(survey, difference, settings, None),
        grouped_gaps=_gaps(survey, difference, settings, by) if difference and by else None,
        further_gaps=tuple((name, _gaps(survey, name, settings, None)) for name in differences[1:]),
        levels=None if difference else levels(survey, sides[0], by, settings.conf_level),
        frequencies=tuple((side, _frequencies(survey, side)) for side in sides),
        reliability=tuple(
            (name, _reliability(survey, name, settings)) for name in (*sides, *differences[:1])
        ),
        structure=_structure(survey, sides[0], settings),
        confirmation=_confirmation(survey, sides[0], difference, settings),
        priorities=_priorities(survey, on, settings, steps),
        drivers=tuple(_driver(survey, on, name, settings, steps) for name in settings.outcomes),
    )
    steps.finish()
    return material


def _frequencies(survey: Survey, side: Side) -> Attempt[FrequencyResult]:
    return attempt(lambda: frequencies(survey, on=side))


def _structure(survey: Survey, side: Side, settings: Settings) -> Structure | None:
    if len(survey.instrument.dimensions) < 2:
        return None
    factors = attempt(lambda: efa(survey, on=side, seed=settings.seed))
    found = factors.value
    congruence: Attempt[CongruenceResult] = Attempt(None, factors.reason)
    if found is not None:
        congruence = attempt(found.congruence)
    return Structure(
        on=side,
        count=attempt(lambda: factor_count(survey, on=side, seed=settings.seed, progress=False)),
        factors=factors,
        congruence=congruence,
    )


def _confirmation(
    survey: Survey, side: Side, difference: Difference | None, settings: Settings
) -> Confirmation | None:
    if len(survey.instrument.dimensions) < 2:
        return None
    structures: tuple[FactorStructure, ...] = ("correlated", "second-order", "one-factor")
    models = {structure: _model(survey, side, structure) for structure in structures}
    main = models["correlated"].value
    found: Attempt[ValidityResult] = Attempt(None, models["correlated"].reason)
    if main is not None:
        resamples = min(settings.n_resamples, _MOST_RESAMPLES)
        found = attempt(
            lambda: validity(
                main, survey, n_resamples=resamples, seed=settings.seed, progress=False
            )
        )
    gaps_of_factors = None
    if difference == "gap":
        gaps_of_factors = attempt(lambda: latent_gaps(survey, conf_level=settings.conf_level))
    return Confirmation(side, models, found, gaps_of_factors)


def _model(survey: Survey, side: Side, structure: FactorStructure) -> Attempt[StructuralResult]:
    return attempt(lambda: cfa(survey, on=side, structure=structure, estimator="MLR"))


def _sides(survey: Survey, difference: Difference | None) -> Sequence[Side]:
    """Sides whose scales are looked at: both of the difference, or the only one of interest."""
    if difference is not None:
        return DIFFERENCES[difference]
    return ("perception",) if "perception" in survey.sides else survey.sides[:1]


def _gaps(survey: Survey, on: Difference, settings: Settings, by: str | None) -> Attempt[GapResult]:
    return attempt(lambda: gaps(survey, on=on, by=by, conf_level=settings.conf_level))


def _reliability(survey: Survey, on: On, settings: Settings) -> Attempt[ReliabilityResult]:
    return attempt(lambda: scale_reliability(survey, on=on, conf_level=settings.conf_level))


class _Steps:
    """Progress of several bootstraps, told as the progress of all of them."""

    _FINE = 1000

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._begun = 0

    def next(self) -> ProgressOption:
        """Begin the next step; what it tells becomes its part of the whole."""
        told, place = self._progress, self._begun
        self._begun += 1
        if told is None:
            return False  # the report has one bar for all, or none

        def tell(done: int, of: int) -> None:
            told(place * self._FINE + round(self._FINE * done / of), self._total * self._FINE)

        return tell

    def finish(self) -> None:
        """Tell that all is done, also the steps that were not needed."""
        if self._progress is not None and self._total:
            self._progress(self._total * self._FINE, self._total * self._FINE)


#: Bootstraps per outcome: priorities, importance, asymmetry, measures, surface, chain, what if.
_STEPS = 7


def _priorities(
    survey: Survey, on: On, settings: Settings, steps: _Steps
) -> tuple[Attempt[ImportancePerformanceResult], ...]:
    """Importance against performance: by the respondents' points, then by each outcome."""
    if on not in ("gap", "perception", "adequacy", "superiority"):
        return ()
    sources: list[str | None] = [*([None] if survey.has_importance else []), *settings.outcomes]
    return tuple(_priority(survey, on, outcome, settings, steps.next()) for outcome in sources)


def _priority(
    survey: Survey,
    on: AttributePerformance,
    outcome: str | None,
    settings: Settings,
    progress: ProgressOption,
) -> Attempt[ImportancePerformanceResult]:
    return attempt(
        lambda: importance_performance(
            survey,
            on=on,
            outcome=outcome,
            **settings.bootstrap(progress),
        )
    )


def _driver(survey: Survey, on: On, outcome: str, settings: Settings, steps: _Steps) -> Driver:
    return Driver(
        outcome,
        attempt(lambda: regression(survey, outcome=outcome, on=on, conf_level=settings.conf_level)),
        attempt(
            lambda: relative_importance(
                survey,
                outcome=outcome,
                on=on,
                **settings.bootstrap(steps.next()),
            )
        ),
        attempt(
            lambda: penalty_reward(
                survey,
                outcome=outcome,
                on=on,
                **settings.bootstrap(steps.next()),
            )
        ),
        _measures(survey, on, outcome, settings, steps.next()),
        _surface(survey, on, outcome, settings, steps.next()),
        _chain(survey, on, outcome, settings, steps.next()),
        _what_if(survey, on, outcome, settings, steps.next()),
    )


def _measures(
    survey: Survey, on: On, outcome: str, settings: Settings, progress: ProgressOption
) -> Attempt[MeasureComparisonResult] | None:
    if on != "gap":
        return None
    return attempt(
        lambda: compare_measures(
            survey,
            outcome=outcome,
            **settings.bootstrap(progress),
        )
    )


def _surface(
    survey: Survey, on: On, outcome: str, settings: Settings, progress: ProgressOption
) -> Attempt[ResponseSurfaceResult] | None:
    if on != "gap":
        return None
    return attempt(
        lambda: response_surface(
            survey,
            outcome=outcome,
            **settings.bootstrap(progress),
        )
    )


def _chain(
    survey: Survey, on: On, outcome: str, settings: Settings, progress: ProgressOption
) -> Attempt[MediationResult] | None:
    """Split what quality has to do with an outcome into what runs through satisfaction."""
    if outcome == _MEDIATOR or _MEDIATOR not in survey.outcomes:
        return None
    return attempt(
        lambda: mediation(
            survey,
            mediator=_MEDIATOR,
            outcome=outcome,
            on=on,
            interval="percentile" if settings.n_resamples else "sobel",
            **settings.bootstrap(progress),
        )
    )


def _what_if(
    survey: Survey, on: On, outcome: str, settings: Settings, progress: ProgressOption
) -> Attempt[WhatIfResult] | None:
    """Move each dimension by one point, alone and all together."""
    if on not in ("gap", "perception", "adequacy", "superiority"):
        return None
    through = _MEDIATOR if _MEDIATOR in survey.outcomes and outcome != _MEDIATOR else None
    return attempt(
        lambda: what_if(
            survey,
            {dimension.key: 1.0 for dimension in survey.instrument.dimensions},
            outcome,
            through=through,
            on=on,
            **settings.bootstrap(progress),
        )
    )
