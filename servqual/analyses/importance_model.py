"""What relative importance is asked for: predictors, methods, groups, and what they allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from servqual.analyses.importance_estimates import (
    DECOMPOSITIONS,
    FAMILY_METHODS,
    OF_SUBSETS,
    Contributions,
    from_correlations,
)
from servqual.analyses.predictors import ModelVariables, model_variables
from servqual.errors import EstimationError, OptionError, RowsRequiredError, shorten
from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.importance import MAX_LMG_PREDICTORS, n_owen_subsets
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey, require_survey
from servqual.typing import (
    FloatArray,
    ImportanceFamily,
    ImportanceInterval,
    ImportanceMethod,
    On,
    PredictorLevel,
    check_option,
    check_whole,
)

__all__ = [
    "NEVER_NEGATIVE",
    "Groups",
    "ImportanceModel",
    "PredictorGroup",
    "build_importance_model",
    "check_data",
]

#: Dimensions as groups of their items, or names of groups with their terms.
Groups = Literal["dimensions"] | Mapping[str, Sequence[str]]

#: Most predictors whose subsets all have a logistic regression.
_MAX_LOGISTIC = 10

#: Orders of entry that are drawn where there are too many subsets.
_N_PERMUTATIONS = 10_000

#: Methods whose contributions are above zero by chance alone, so that zero is no yardstick.
NEVER_NEGATIVE: tuple[ImportanceMethod, ...] = ("lmg", "relative-weights")


@dataclass(frozen=True, slots=True)
class PredictorGroup:
    """Predictors that belong together, such as the items of a dimension.

    Attributes
    ----------
    name, label : str
        What the group is called in results, and in pictures.
    places : tuple of int
        Its predictors' places.
    """

    name: str
    label: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ImportanceModel:
    """What is computed.

    Attributes
    ----------
    variables : ModelVariables
        Outcome and predictors.
    methods : tuple of str
        How importance is measured.
    groups : tuple of PredictorGroup
        Empty without groups.
    family : {"ols", "logit"}
        Regression whose fit is divided.
    n_orders : int
        Orders of entry to draw for LMG; 0 for all.
    against_noise : bool
        Whether a random variable is put beside the predictors too.
    """

    variables: ModelVariables
    methods: tuple[ImportanceMethod, ...]
    groups: tuple[PredictorGroup, ...]
    family: ImportanceFamily
    n_orders: int = 0
    against_noise: bool = False

    @property
    def places(self) -> list[tuple[int, ...]] | None:
        """Places of the predictors of each group, if there are groups."""
        return [group.places for group in self.groups] or None

    @property
    def n_subsets(self) -> int:
        """Fits of subsets of predictors that one sample needs."""
        if not set(self.methods) & set(OF_SUBSETS[self.family]):
            return 1
        if self.groups:
            return n_owen_subsets([len(group.places) for group in self.groups])
        return int(2 ** len(self.variables.variables))

    def of_covariances(
        self, covariances: FloatArray, methods: Sequence[ImportanceMethod] | None = None
    ) -> Contributions:
        """Contributions to R² in each of several samples.

        Parameters
        ----------
        covariances : FloatArray, shape (n_samples, p + 1, p + 1)
            The outcome last.
        methods : sequence of str, optional
            Default: all.

        Returns
        -------
        Contributions
        """
        correlations = correlation_from_covariance(covariances)
        return from_correlations(
            correlations, self.methods if methods is None else methods, self.places
        )


def check_data(
    data: object, family: ImportanceFamily, interval: ImportanceInterval, cluster: str | None
) -> None:
    """Raise unless the data allow what is asked.

    Parameters
    ----------
    data : Survey or Moments
        Where the variables are.
    family, interval, cluster
        As in `relative_importance`.

    Raises
    ------
    RowsRequiredError
        If respondents are needed, but moments were given.
    OptionError
        If options contradict each other.
    """
    if isinstance(data, Moments):
        needs = [
            name
            for name, asked in (
                ('`family="logit"`', family == "logit"),
                ('`interval="bca"`', interval == "bca"),
                ("`cluster`", cluster is not None),
            )
            if asked
        ]
        if needs:
            raise RowsRequiredError(
                f"{needs[0]} needs respondents' answers, but `relative_importance` was given "
                "moments only. Give the `Survey`, or leave it out."
            )
    else:
        require_survey(data, "relative_importance", moments_do=True)
    if family == "logit" and interval == "bca":
        raise OptionError(
            '`interval="bca"` would need a logistic regression without each respondent. With '
            '`family="logit"` use `interval="percentile"`.'
        )


def build_importance_model(
    data: Survey | Moments,
    *,
    outcome: str,
    on: On,
    predictors: PredictorLevel | Sequence[str],
    method: object,
    groups: Groups | None,
    family: ImportanceFamily,
    n_permutations: int | None,
    against_noise: bool,
) -> ImportanceModel:
    """Find predictors, methods and groups, and whether they go together.

    Parameters
    ----------
    data : Survey or Moments
        Where the variables are.
    outcome, on, predictors, method, groups, family, n_permutations, against_noise
        As in `relative_importance`.

    Returns
    -------
    ImportanceModel

    Raises
    ------
    OptionError
        If a name or an option does not exist, or options contradict each other.
    EstimationError
        If there are too many predictors.
    """
    if family == "logit" and groups is not None:
        raise OptionError(
            '`groups` divides a linear regression. Leave it out, or use `family="ols"`.'
        )
    methods = _chosen_methods(method, family, groups is not None)
    variables = model_variables(
        data,
        outcome=outcome,
        on=on,
        predictors=_level(data, predictors, groups),
        analysis="relative_importance",
    )
    model = ImportanceModel(
        variables,
        methods,
        _find_groups(data, variables, groups),
        family,
        against_noise=against_noise,
    )
    _check_noise(model)
    return replace(model, n_orders=_orders(model, n_permutations))


def _chosen_methods(
    method: object, family: ImportanceFamily, grouped: bool
) -> tuple[ImportanceMethod, ...]:
    possible = FAMILY_METHODS[family]
    if grouped:
        possible = tuple(name for name in possible if name in DECOMPOSITIONS[:3])
    if method == "all":
        return tuple(name for name in possible if name != "dominance")
    if isinstance(method, str) or not isinstance(method, Iterable):
        asked: list[object] = [method]
    else:
        asked = list(dict.fromkeys(method))
    if not asked:
        raise OptionError('`method` is empty; name at least one, such as "lmg", or use "all".')
    for name in asked:
        check_option("method", name, ImportanceMethod, 'Or give a list of them, or "all".')
    chosen = tuple(name for name in FAMILY_METHODS["ols"] if name in asked)
    refused = [name for name in chosen if name not in possible]
    if refused:
        why = "with `groups`" if grouped else f'with `family="{family}"`'
        raise OptionError(
            f"`method` names {shorten(refused)}, which {why} means nothing. Choose from "
            f"{shorten(possible)}."
        )
    return tuple(name for name in asked if name in chosen)


def _level(
    data: Survey | Moments,
    predictors: PredictorLevel | Sequence[str],
    groups: Groups | None,
) -> PredictorLevel | Sequence[str]:
    """Level of the predictors: the items, where dimensions are groups of them."""
    if groups is None or isinstance(groups, Mapping):
        return predictors
    if groups != "dimensions":
        raise OptionError(
            f'`groups` is {groups!r}, but must be "dimensions", or name groups with their terms, '
            'such as {"core": ["reliability", "assurance"], "rest": ["tangibles"]}.'
        )
    if isinstance(data, Moments):
        raise OptionError(
            '`groups="dimensions"` needs a survey, whose instrument says which items belong '
            'together. With moments, name the groups: {"one": ["x1", "x2"]}.'
        )
    if predictors not in ("dimensions", "items"):
        raise OptionError(
            '`groups="dimensions"` takes the items as predictors. Leave `predictors` out, or name '
            "the groups of your own predictors."
        )
    return "items"


def _find_groups(
    data: Survey | Moments,
    variables: ModelVariables,
    groups: Groups | None,
) -> tuple[PredictorGroup, ...]:
    if groups is None:
        return ()
    if isinstance(groups, Mapping):
        return _named_groups(variables, groups)
    if not isinstance(data, Survey):
        return ()
    items = data.instrument.items
    return tuple(
        PredictorGroup(
            dimension.key,
            dimension.label,
            tuple(place for place, item in enumerate(items) if item.dimension == dimension.key),
        )
        for dimension in data.instrument.dimensions
    )


def _named_groups(
    variables: ModelVariables, groups: Mapping[str, Sequence[str]]
) -> tuple[PredictorGroup, ...]:
    place_of = {term: place for place, term in enumerate(variables.terms)}
    named: list[str] = []
    for pair in groups.items():
        name, terms = cast("tuple[object, object]", pair)
        is_list = isinstance(terms, Sequence) and not isinstance(terms, str) and len(terms) > 0
        if not isinstance(name, str) or not is_list:
            raise OptionError(
                f"`groups` has {name!r}: {terms!r}, but each group needs a name and a list of at "
                "least one of the predictors."
            )
        named.extend(pair[1])
    unknown = [str(term) for term in named if term not in place_of]
    if unknown:
        raise OptionError(
            f"`groups` names {shorten(unknown)}, but the predictors are {shorten(variables.terms)}."
        )
    repeated = sorted({term for term in named if named.count(term) > 1})
    if repeated:
        raise OptionError(f"`groups` has these in more than one place: {shorten(repeated)}.")
    lost = [term for term in variables.terms if term not in named]
    if lost:
        raise OptionError(
            f"`groups` leaves out {shorten(lost)}. Put every predictor into a group; one of its "
            "own will do."
        )
    return tuple(
        PredictorGroup(name, name, tuple(place_of[term] for term in terms))
        for name, terms in groups.items()
    )


def _orders(model: ImportanceModel, n_permutations: int | None) -> int:
    """How many orders of entry to draw; 0 for all."""
    n_predictors = len(model.variables.variables)
    of_subsets = set(model.methods) & set(OF_SUBSETS[model.family])
    if n_permutations is not None:
        n_permutations = check_whole("n_permutations", n_permutations, 100)
        if model.family != "ols" or model.groups or of_subsets != {"lmg"}:
            raise OptionError(
                '`n_permutations` draws orders of entry for `method="lmg"` in linear regressions '
                "without groups only. Leave it out."
            )
        return n_permutations
    if model.family == "logit" and of_subsets and n_predictors > _MAX_LOGISTIC:
        raise EstimationError(
            f"There are {n_predictors} predictors, but {shorten(sorted(of_subsets))} with "
            f'`family="logit"` takes at most {_MAX_LOGISTIC}: it needs 2^{n_predictors} logistic '
            'regressions. Use `method="relative-weights"`, or dimensions instead of items.'
        )
    if model.groups or n_predictors <= MAX_LMG_PREDICTORS or not of_subsets:
        return 0
    if "dominance" in of_subsets:
        raise EstimationError(
            f"There are {n_predictors} predictors, but dominance takes at most "
            f'{MAX_LMG_PREDICTORS}: it compares all subsets. Use `method="lmg"`, which draws '
            "orders of entry, or dimensions instead of items."
        )
    return _N_PERMUTATIONS


def _check_noise(model: ImportanceModel) -> None:
    against_noise: object = model.against_noise
    if not isinstance(against_noise, bool):
        raise OptionError(f"`against_noise` is {against_noise!r}, but must be True or False.")
    able = set(model.methods) & set(NEVER_NEGATIVE)
    if against_noise and (model.family != "ols" or model.groups or not able):
        raise OptionError(
            '`against_noise=True` compares "lmg" or "relative-weights" in linear regressions '
            "without groups only. Name one of these methods, or leave it out."
        )
