"""The equations of a mediation model, and its effects as sums of products of their coefficients."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, pairwise

from servqual.numerics.path_effects import Equation, Term
from servqual.typing import ModeratedPath

__all__ = ["Effect", "MediationModel", "build_mediation_model"]

#: With more routes than this, the contrasts between all pairs are too many to read.
_MOST_CONTRASTED = 7


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of the model.

    Attributes
    ----------
    term : str
        Its kind: ``a``, ``b``, ``d``, ``interaction``, ``direct``, ``total``, ``indirect``,
        ``specific``, ``contrast``, ``index`` or ``conditional``.
    path : str
        The way it takes, in words.
    predictor, mediator : str
        Whose it is; empty where there is none, or more than one.
    terms : tuple of (float, tuple of int)
        Sum of products of coefficients.
    ends : tuple of int or None
        Places of the variables in whose standard deviations a standardised effect is expressed:
        the cause and the outcome. None where that has no meaning.
    is_path : bool
        Whether it is one coefficient, with a test of its own.
    level : float
        Value of the moderator, in standard deviations from its mean; 0 without one.
    """

    term: str
    path: str
    predictor: str
    mediator: str
    terms: tuple[Term, ...]
    ends: tuple[int, int] | None
    is_path: bool = False
    level: float = 0.0


@dataclass(frozen=True, slots=True)
class MediationModel:
    """Regressions of a mediation model.

    Attributes
    ----------
    equations : tuple of (int, tuple of int)
        One per mediator, then that of the outcome, then, without a moderator, that of the outcome
        without mediators, whose slopes are the total effects.
    effects : tuple of Effect
        What is reported, in its order.
    """

    equations: tuple[Equation, ...]
    effects: tuple[Effect, ...]


@dataclass(slots=True)
class _Builder:
    """Places of variables and of coefficients, while the model is built."""

    predictors: tuple[str, ...]
    mediators: tuple[str, ...]
    outcome: str
    n_covariates: int
    serial: bool
    moderated: ModeratedPath | None
    moderator: str
    spread: float
    equations: list[Equation] = field(default_factory=list)
    coefficients: dict[tuple[int, int], int] = field(default_factory=dict)
    n_coefficients: int = 0

    @property
    def n_predictors(self) -> int:
        return len(self.predictors)

    @property
    def n_mediators(self) -> int:
        return len(self.mediators)

    def mediator(self, number: int) -> int:
        return self.n_predictors + number

    @property
    def outcome_place(self) -> int:
        return self.n_predictors + self.n_mediators + self.n_covariates

    @property
    def moderator_place(self) -> int:
        return self.outcome_place + 1

    def product(self, number: int) -> int:
        """Place of the moderator times the predictor or the mediator of this number."""
        return self.moderator_place + 1 + number

    def add(self, outcome: int, causes: tuple[int, ...], *, known: bool = True) -> None:
        """Add an equation; `known` ones give the coefficients of the routes."""
        self.equations.append((outcome, causes))
        for cause in causes:
            if known:
                self.coefficients[cause, outcome] = self.n_coefficients
            self.n_coefficients += 1

    def slope(self, cause: int, outcome: int) -> int:
        return self.coefficients[cause, outcome]


def build_mediation_model(
    predictors: tuple[str, ...],
    mediators: tuple[str, ...],
    outcome: str,
    *,
    n_covariates: int = 0,
    serial: bool = False,
    moderated: ModeratedPath | None = None,
    moderator: str = "",
    spread: float = 1.0,
) -> MediationModel:
    """Write down equations and effects.

    The variables are numbered: predictors, mediators, covariates, outcome; with a moderator then
    the moderator, and its products with the predictors (``"a"``) or the mediators (``"b"``).

    Parameters
    ----------
    predictors, mediators : tuple of str
        How they are called.
    outcome : str
        How it is called.
    n_covariates : int, default 0
        Variables in every equation besides.
    serial : bool, default False
        Whether each mediator also depends on those before it.
    moderated : {"a", "b"}, optional
        Which path depends on the moderator.
    moderator : str, default ""
        How it is called.
    spread : float, default 1.0
        Its standard deviation, for effects at one above and below its mean.

    Returns
    -------
    MediationModel

    Examples
    --------
    >>> model = build_mediation_model(("quality",), ("satisfaction",), "loyalty")
    >>> model.equations
    ((1, (0,)), (2, (0, 1)), (2, (0,)))
    >>> [(effect.term, effect.terms) for effect in model.effects][-1]
    ('indirect', ((1.0, (0, 2)),))
    """
    build = _Builder(
        predictors, mediators, outcome, n_covariates, serial, moderated, moderator, spread
    )
    _add_equations(build)
    effects = [*_paths(build)]
    if moderated is None:
        effects += _totals(build)
        effects += _indirect(build)
    else:
        effects += _moderated(build)
    return MediationModel(tuple(build.equations), tuple(effects))


def _add_equations(build: _Builder) -> None:
    causes = tuple(range(build.n_predictors))
    mediators = tuple(build.mediator(number) for number in range(build.n_mediators))
    covariates = tuple(range(build.n_predictors + build.n_mediators, build.outcome_place))
    with_a = build.moderated == "a"
    products = tuple(
        build.product(number)
        for number in range(build.n_predictors if with_a else build.n_mediators)
    )
    of_moderator = (build.moderator_place, *products)
    for number, mediator in enumerate(mediators):
        before = mediators[:number] if build.serial else ()
        build.add(mediator, (*causes, *before, *covariates, *(of_moderator if with_a else ())))
    moderated_b = of_moderator if build.moderated == "b" else ()
    build.add(build.outcome_place, (*causes, *mediators, *covariates, *moderated_b))
    if build.moderated is None:
        build.add(build.outcome_place, (*causes, *covariates), known=False)


def _route(*names: str) -> str:
    return " → ".join(names)


def _paths(build: _Builder) -> list[Effect]:
    """Single coefficients: a, d, b, interactions and direct effects."""
    y = build.outcome_place
    effects: list[Effect] = []

    def path(
        term: str, cause: int, effect: int, names: tuple[str, ...], who: tuple[str, str]
    ) -> None:
        terms = ((1.0, (build.slope(cause, effect),)),)
        ends = None if term == "interaction" else (cause, effect)
        effects.append(Effect(term, _route(*names), *who, terms, ends, is_path=True))

    for x, predictor in enumerate(build.predictors):
        for k, mediator in enumerate(build.mediators):
            path("a", x, build.mediator(k), (predictor, mediator), (predictor, mediator))
    if build.serial:
        for first, second in combinations(range(build.n_mediators), 2):
            names = (build.mediators[first], build.mediators[second])
            path("d", build.mediator(first), build.mediator(second), names, ("", names[1]))
    for k, mediator in enumerate(build.mediators):
        path("b", build.mediator(k), y, (mediator, build.outcome), ("", mediator))
    for x, predictor in enumerate(build.predictors):
        for k, mediator in enumerate(build.mediators):
            if build.moderated == "a":
                names = (f"{predictor} × {build.moderator}", mediator)
                path(
                    "interaction", build.product(x), build.mediator(k), names, (predictor, mediator)
                )
    for k, mediator in enumerate(build.mediators):
        if build.moderated == "b":
            names = (f"{mediator} × {build.moderator}", build.outcome)
            path("interaction", build.product(k), y, names, ("", mediator))
    for x, predictor in enumerate(build.predictors):
        path("direct", x, y, (predictor, build.outcome), (predictor, ""))
    return effects


def _totals(build: _Builder) -> list[Effect]:
    start = build.n_coefficients - build.n_predictors - build.n_covariates
    y = build.outcome_place
    return [
        Effect(
            "total",
            _route(predictor, build.outcome),
            predictor,
            "",
            ((1.0, (start + x,)),),
            (x, y),
            is_path=True,
        )
        for x, predictor in enumerate(build.predictors)
    ]


def _indirect(build: _Builder) -> list[Effect]:
    """All indirect effects of each predictor, each on its own, and their differences."""
    y = build.outcome_place
    effects: list[Effect] = []
    routes = [
        chosen
        for size in range(1, (build.n_mediators if build.serial else 1) + 1)
        for chosen in combinations(range(build.n_mediators), size)
    ]
    for x, predictor in enumerate(build.predictors):
        products: list[Term] = []
        for route in routes:
            stops = [x, *(build.mediator(k) for k in route), y]
            slopes = tuple(build.slope(*step) for step in pairwise(stops))
            products.append((1.0, slopes))
        names = [
            _route(predictor, *(build.mediators[k] for k in route), build.outcome)
            for route in routes
        ]
        whose = [build.mediators[route[0]] if len(route) == 1 else "" for route in routes]
        if len(routes) == 1:
            effects.append(
                Effect("indirect", names[0], predictor, whose[0], (products[0],), (x, y))
            )
            continue
        every = f"{predictor} → … → {build.outcome}"
        effects.append(Effect("indirect", every, predictor, "", tuple(products), (x, y)))
        effects += [
            Effect("specific", name, predictor, mediator, (product,), (x, y))
            for name, mediator, product in zip(names, whose, products, strict=True)
        ]
        if len(routes) <= _MOST_CONTRASTED:
            effects += [
                Effect(
                    "contrast",
                    f"({names[one]}) − ({names[two]})",
                    predictor,
                    "",
                    (products[one], (-1.0, products[two][1])),
                    (x, y),
                )
                for one, two in combinations(range(len(routes)), 2)
            ]
    return effects


def _moderated(build: _Builder) -> list[Effect]:
    """Index of moderated mediation, and the indirect effect at three values of the moderator."""
    y = build.outcome_place
    effects: list[Effect] = []
    for x, predictor in enumerate(build.predictors):
        for k, mediator in enumerate(build.mediators):
            m = build.mediator(k)
            a, b = build.slope(x, m), build.slope(m, y)
            if build.moderated == "a":
                changing = (build.slope(build.product(x), m), b)
            else:
                changing = (a, build.slope(build.product(k), y))
            name = _route(predictor, mediator, build.outcome)
            effects.append(Effect("index", name, predictor, mediator, ((1.0, changing),), None))
            for level, words in ((-1.0, "mean − 1 SD"), (0.0, "mean"), (1.0, "mean + 1 SD")):
                terms: tuple[Term, ...] = ((1.0, (a, b)),)
                if level:
                    terms = (*terms, (level * build.spread, changing))
                effects.append(
                    Effect(
                        "conditional",
                        f"{name}, {build.moderator}: {words}",
                        predictor,
                        mediator,
                        terms,
                        None,
                        level=level,
                    )
                )
    return effects
