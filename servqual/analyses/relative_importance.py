"""Which dimension counts most for an outcome? The explained variance, divided fairly."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, cast

import numpy as np
import pandas as pd

from servqual.analyses.importance_draws import (
    Draws,
    ImportanceModel,
    PredictorGroup,
    Respondents,
    bootstrap,
    left_out,
    with_noise,
    without_intervals,
)
from servqual.analyses.importance_estimates import (
    DECOMPOSITIONS,
    FAMILY_METHODS,
    OF_SUBSETS,
    Contributions,
    from_weights,
)
from servqual.analyses.importance_tables import (
    AGAINST_NOISE,
    CONDITIONAL,
    DOMINANCE,
    GROUPS,
    Inference,
    against_noise_table,
    conditional_table,
    contributions_table,
    dominance_table,
    groups_table,
)
from servqual.analyses.predictors import ModelVariables, model_moments, model_variables
from servqual.analyses.resampling import FEW_CLUSTERS, check_bootstrap, cluster_codes
from servqual.errors import (
    EstimationError,
    NotIdentifiedError,
    OptionError,
    RowsRequiredError,
    SmallSampleWarning,
    shorten,
)
from servqual.numerics.correlation import correlation_from_covariance
from servqual.numerics.importance import MAX_LMG_PREDICTORS, SampledShares, sampled_lmg
from servqual.numerics.least_squares import collinear_columns
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey, require_survey
from servqual.typing import (
    FloatArray,
    ImportanceFamily,
    ImportanceInterval,
    ImportanceMethod,
    ImportancePlot,
    On,
    PredictorLevel,
    Progress,
    check_conf_level,
    check_option,
    check_whole,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Most predictors whose subsets all have a logistic regression.
_MAX_LOGISTIC = 10

#: Orders of entry that are drawn where there are too many subsets.
_N_PERMUTATIONS = 10_000

#: Methods whose contributions are above zero by chance alone, so that zero is no yardstick.
_NEVER_NEGATIVE: tuple[ImportanceMethod, ...] = ("lmg", "relative-weights")

_DOMINANCE_SOURCE = (
    "Azen, R., & Budescu, D. V. (2003). The dominance analysis approach for comparing predictors "
    "in multiple regression, https://doi.org/10.1037/1082-989X.8.2.129"
)

_NOISE_SOURCE = (
    "Tonidandel, S., LeBreton, J. M., & Johnson, J. W. (2009). Determining the statistical "
    "significance of relative weights, https://doi.org/10.1037/a0017735"
)


@dataclass(frozen=True, repr=False)
class ImportanceResult(Result):
    """Relative importance of predictors.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with answers to all variables.
    outcome : str
        What is explained.
    on : str
        Of which scores the predictors are; empty when made from moments.
    method : str
        How importance is measured; the first of several methods.
    r_squared : float
        Share of variance that all predictors explain together. With a logistic regression,
        McFadden's R², or what relative weights add up to if these are the first method.
    contributions : DataFrame
        term, label, method, estimate (contribution to R²), share (of the sum of contributions),
        conf_low, conf_high (of the estimate), share_low, share_high, rank (1 is the most
        important), rank_low, rank_high, mc_error (standard error of sampled orders; nan where the
        estimate is exact), group. Limits of ranks are bootstrap percentiles whatever the interval.
    conf_level : float
        Coverage of the intervals.
    n_resamples : int
        Bootstrap resamples asked for.
    n_degenerate : int
        Resamples in which a variable was constant, or a method had no contributions because
        predictors repeated each other; they do not count.
    seed : int
        Seed of the bootstrap, and of sampled orders.
    notes : tuple of str
        What could not be computed, and why.
    methods : tuple of str
        All methods, in the order of the tables.
    family : str
        Regression whose fit is divided.
    interval : str
        How limits of contributions and shares were made.
    cluster : str
        Grouping variable whose groups were resampled whole; empty without one.
    n_permutations : int
        Orders of entry that were drawn; 0 where all were counted.
    groups : DataFrame
        With groups of predictors: group, label, method, n_terms, and estimate to rank_high as in
        `contributions`. Else empty.
    conditional : DataFrame
        With ``"dominance"``: term, label, size (number of other predictors), estimate (average
        gain from adding the term to as many), conf_low, conf_high. Else empty.
    dominance : DataFrame
        With ``"dominance"``: kind (complete, conditional, general), first, second, estimate (1 if
        the first predictor dominates the second, 0 the other way round, 0.5 neither), mean and
        std_error of that in resamples, share_first, share_second, share_neither (of resamples),
        reproducibility (share of resamples that agree with the estimate). Else empty.
    against_noise : DataFrame
        With ``against_noise=True``: term, label, method, estimate (contribution less that of a
        random variable put beside the predictors), conf_low, conf_high (percentiles). Else empty.
    """

    title: ClassVar[str] = "Relative importance"

    sample: SampleInfo
    outcome: str
    on: str
    method: ImportanceMethod
    r_squared: float
    contributions: pd.DataFrame
    conf_level: float
    n_resamples: int
    n_degenerate: int
    seed: int
    notes: tuple[str, ...] = ()
    methods: tuple[ImportanceMethod, ...] = ()
    family: ImportanceFamily = "ols"
    interval: ImportanceInterval = "percentile"
    cluster: str = ""
    n_permutations: int = 0
    groups: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=GROUPS))
    conditional: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=CONDITIONAL))
    dominance: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=DOMINANCE))
    against_noise: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=AGAINST_NOISE))

    def tidy(self) -> pd.DataFrame:
        """Return one row per predictor, and per method if there are several."""
        return self.contributions.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "method": [", ".join(self.methods or (self.method,))],
                "r_squared": [self.r_squared],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_resamples": [self.n_resamples],
                "n_degenerate": [self.n_degenerate],
                "conf_level": [self.conf_level],
                "seed": [self.seed],
                "family": [self.family],
                "interval": [self.interval],
                "n_permutations": [self.n_permutations],
                "n_groups": [self.groups["group"].nunique()],
            }
        )

    def interpret(self) -> Interpretation:
        """Put the importances into plain words.

        Returns
        -------
        Interpretation
        """
        main = self.contributions[self.contributions["method"] == self.method]
        ordered = main.sort_values("rank", kind="stable")
        top = ordered.iloc[0]
        explained = (
            f"Together the predictors go with {self.r_squared:.0%} of the variance of "
            f"{self.outcome}."
            if self.family == "ols"
            else f"Together the predictors have a pseudo R² of {self.r_squared:.2f} for "
            f"{self.outcome}."
        )
        statements = [
            Statement("fit", explained + " The shares divide this up; they are no causal effects."),
            Statement(
                str(top["term"]),
                f"{top['label']} has the largest share: {top['share']:.0%} of what is explained.",
            ),
        ]
        unsure = ordered[(ordered["rank_low"] <= 1) & (ordered["rank"] > 1)]
        if len(unsure):
            listed = ", ".join(unsure["label"])
            statements.append(
                Statement(
                    "rank",
                    f"The first place is not certain: it lies within the {self.conf_level:.0%} "
                    f"interval of the rank of {listed} too.",
                )
            )
        statements += [*self._say_groups(), *self._say_methods(), *self._say_dominance()]
        statements += self._say_noise()
        return Interpretation(tuple(statements))

    def _say_groups(self) -> list[Statement]:
        own = self.groups[self.groups["method"] == self.method]
        if not len(own):
            return []
        top = own.sort_values("rank", kind="stable").iloc[0]
        return [
            Statement(
                "groups",
                f"Of the groups, {top['label']} has the largest share: {top['share']:.0%}.",
            )
        ]

    def _say_methods(self) -> list[Statement]:
        firsts = self.contributions[self.contributions["rank"] == 1]
        if len(firsts) < 2:
            return []
        if firsts["term"].nunique() == 1:
            text = f"All {len(firsts)} methods put {firsts['label'].iloc[0]} first."
        else:
            places = "; ".join(
                f"{label} by {', '.join(part['method'])}"
                for label, part in firsts.groupby("label", sort=False)
            )
            text = f"The methods do not agree on the first place: {places}."
        return [Statement("methods", text)]

    def _say_dominance(self) -> list[Statement]:
        complete = self.dominance[self.dominance["kind"] == "complete"]
        if not len(complete):
            return []
        labels = dict(zip(self.contributions["term"], self.contributions["label"], strict=True))
        rule = "complete dominance: adds more to every subset of the other predictors"
        held = complete[complete["estimate"] == 1.0]
        statements = []
        for first, part in held.groupby("first", sort=False):
            listed = ", ".join(labels[second] for second in part["second"])
            text = f"{labels[first]} dominates {listed} completely"
            least = float(part["reproducibility"].min())
            if np.isfinite(least):
                text += f"; in at least {least:.0%} of the resamples too"
            statements.append(Statement(str(first), text + ".", rule, _DOMINANCE_SOURCE))
        if not statements:
            text = "No predictor dominates another completely."
            statements.append(Statement("dominance", text, rule, _DOMINANCE_SOURCE))
        return statements

    def _say_noise(self) -> list[Statement]:
        if not len(self.against_noise):
            return []
        method = self.against_noise["method"].iloc[0]
        own = self.against_noise[self.against_noise["method"] == method]
        weak = own.loc[~(own["conf_low"] > 0), "label"]
        text = (
            f"{', '.join(weak)} cannot be told from a variable of random numbers."
            if len(weak)
            else "Every predictor contributes more than a variable of random numbers."
        )
        rule = "the interval of the difference from a random variable excludes zero"
        return [Statement("noise", text, rule, _NOISE_SOURCE)]

    def plot(self, *, kind: ImportancePlot | None = None, ax: Axes | None = None) -> Axes:
        """Draw the contributions.

        Parameters
        ----------
        kind : {"bars", "methods", "groups", "conditional"}, optional
            Bars of one method; a dot for each of several methods; bars of groups above those of
            their predictors; average gains by the number of other predictors. Default: what suits
            the result.
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes

        Raises
        ------
        OptionError
            If the result does not hold what such a picture shows.
        """
        from servqual.plots.importance import plot_importance

        return plot_importance(self, kind=kind, ax=ax)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        scale = "R²" if self.family == "ols" else "pseudo R²"
        heading = f"Outcome: {self.outcome}; method: {self.method}; {scale} = {self.r_squared:.3f}"
        shown = []
        if len(self.groups):
            own = self.groups[self.groups["method"] == self.method]
            shown.append((heading, _for_reading(own, "group")))
            heading = "Predictors within groups"
        main = self.contributions[self.contributions["method"] == self.method]
        table = _for_reading(main, "term")
        if main["mc_error"].notna().any():
            table.insert(2, "mc_error", main["mc_error"])
        if len(self.groups):
            table.insert(0, "group", main["group"])
        shown.append((heading, table))
        if len(self.methods) > 1:
            wide = self.contributions.pivot(index="term", columns="method", values="share")
            order = wide.loc[list(main["term"]), list(self.methods)].reset_index()
            shown.append(("Shares by method", order.rename_axis(None, axis="columns")))
        if len(self.dominance):
            names = ["first", "second", "estimate", "reproducibility"]
            complete = self.dominance[self.dominance["kind"] == "complete"]
            shown.append(("Complete dominance", complete[names]))
        return shown


def _for_reading(table: pd.DataFrame, name: str) -> pd.DataFrame:
    names = ["estimate", "share", "conf_low", "conf_high", "rank", "rank_low", "rank_high"]
    shown = table[[name, *names]].copy()
    for column in ("rank_low", "rank_high"):
        shown[column] = [format_number(place, 0) for place in shown[column]]
    return shown


def relative_importance(
    data: Survey | Moments,
    *,
    outcome: str,
    on: On = "gap",
    predictors: PredictorLevel | Sequence[str] = "dimensions",
    method: ImportanceMethod | Sequence[ImportanceMethod] | Literal["all"] = "lmg",
    groups: Literal["dimensions"] | Mapping[str, Sequence[str]] | None = None,
    family: ImportanceFamily = "ols",
    interval: ImportanceInterval = "percentile",
    cluster: str | None = None,
    n_permutations: int | None = None,
    against_noise: bool = False,
    conf_level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 1,
    progress: Progress | None = None,
) -> ImportanceResult:
    """Divide the variance explained in an outcome among the predictors.

    The dimensions of service quality overlap, so regression coefficients share their common part
    arbitrarily. The LMG measure averages what a predictor adds over all orders in which predictors
    can enter (the Shapley value of R²).

    Parameters
    ----------
    data : Survey or Moments
        Bootstrap intervals and logistic regressions need a survey.
    outcome : str
        An outcome of the survey or one of its columns; a variable of the moments.
    on : str, default "gap"
        Side or difference whose scores are the predictors; not used with moments.
    predictors : {"dimensions", "items", "overall"} or sequence of str, default "dimensions"
        Level of the scores, or names. With moments, default: all other variables.
    method : str or sequence of str, default "lmg"
        ``"lmg"``: Shapley value of R². ``"dominance"``: the same, with tables of conditional and
        complete dominance. ``"relative-weights"``: Johnson's. ``"pratt"``: product of coefficient
        and correlation. ``"first"``: R² alone. ``"last"``: R² added last. ``"partial"``: squared
        partial correlation given all others. Several are computed from the same resamples;
        ``"all"`` stands for all but ``"dominance"``, whose contributions are LMG's.
    groups : "dimensions" or mapping of str to sequence of str, optional
        Predictors that belong together: the items of each dimension (which then are the
        predictors), or names of groups with the terms of each. LMG becomes the Owen value: orders
        in which a group's predictors enter one after the other. Only for ``"lmg"``,
        ``"relative-weights"`` and ``"pratt"``, whose contributions add up.
    family : {"ols", "logit"}, default "ols"
        With ``"logit"`` the outcome has two values, and the fit of logistic regressions is divided:
        McFadden's R² (``"lmg"``, ``"dominance"``, ``"first"``, ``"last"``; at most 10 predictors),
        or the squared correlation of outcome and fitted probability (``"relative-weights"``).
    interval : {"percentile", "bca"}, default "percentile"
        Limits of contributions and shares. Ranks are whole numbers, so theirs are percentiles
        always.
    cluster : str, optional
        Grouping variable whose groups are resampled whole, such as the branch.
    n_permutations : int, optional
        Draw so many orders of entry for ``"lmg"`` instead of counting all. Default: all, with up
        to 22 predictors; 10,000 beyond.
    against_noise : bool, default False
        Whether ``"lmg"`` and ``"relative-weights"``, which are never negative, are also compared
        with those of a random variable. Not with groups or a binary outcome.
    conf_level : float, default 0.95
        Coverage of the intervals.
    n_resamples : int, default 2000
        Bootstrap resamples; 0 for none.
    seed : int, default 1
        Seed of the bootstrap and of drawn orders; the result does not depend on anything else.
    progress : callable, optional
        Is told (done, total) while the bootstrap runs.

    Returns
    -------
    ImportanceResult

    Raises
    ------
    OptionError
        If a variable or an option does not exist, or options contradict each other.
    RowsRequiredError
        If what is asked needs respondents, but moments were given.
    EstimationError
        If too few respondents remain, a variable is constant, predictors separate the values of a
        binary outcome, or there are too many subsets.
    NotIdentifiedError
        If predictors repeat each other, unless methods are ``"lmg"``, ``"dominance"`` or
        ``"first"``.
    NotPositiveDefiniteError
        If no data can have the covariance matrix of the moments.

    Warns
    -----
    SmallSampleWarning
        If there are fewer than 20 clusters.

    Notes
    -----
    LMG is exact: all 2^p regressions are made, by sweeping. In resamples too, up to 12 predictors;
    with groups far more, because fewer subsets are needed (22 items in five dimensions: 1,792).
    Beyond these there are no intervals for LMG, and a note says so.

    References
    ----------
    Lindeman, R. H., Merenda, P. F., & Gold, R. Z. (1980). *Introduction to bivariate and
    multivariate analysis*.

    Grömping, U. (2006). Relative importance for linear regression in R: The package relaimpo.
    *Journal of Statistical Software*, 17(1). https://doi.org/10.18637/jss.v017.i01

    Johnson, J. W. (2000). A heuristic method for estimating the relative weight of predictor
    variables in multiple regression. *Multivariate Behavioral Research*, 35(1), 1–19.
    https://doi.org/10.1207/S15327906MBR3501_1

    Azen, R., & Budescu, D. V. (2003). The dominance analysis approach for comparing predictors in
    multiple regression. *Psychological Methods*, 8(2), 129–148.
    https://doi.org/10.1037/1082-989X.8.2.129

    Huettner, F., & Sunder, M. (2012). Axiomatic arguments for decomposing goodness of fit according
    to Shapley and Owen values. *Electronic Journal of Statistics*, 6, 1239–1250.
    https://doi.org/10.1214/12-EJS710

    Tonidandel, S., LeBreton, J. M., & Johnson, J. W. (2009). Determining the statistical
    significance of relative weights. *Psychological Methods*, 14(4), 387–399.
    https://doi.org/10.1037/a0017735

    Azen, R., & Traxel, N. (2009). Using dominance analysis to determine predictor importance in
    logistic regression. *Journal of Educational and Behavioral Statistics*, 34(3), 319–347.
    https://doi.org/10.3102/1076998609332754

    Tonidandel, S., & LeBreton, J. M. (2010). Determining the relative importance of predictors in
    logistic regression: An extension of relative weight analysis. *Organizational Research
    Methods*, 13(4), 767–781. https://doi.org/10.1177/1094428109341993

    Examples
    --------
    >>> import servqual as sq
    >>> survey = sq.load_example("bank")
    >>> result = sq.relative_importance(survey, outcome="satisfaction", n_resamples=0)
    >>> bool(abs(result.tidy()["estimate"].sum() - result.r_squared) < 1e-12)
    True
    """
    check_conf_level(conf_level)
    check_option("family", family, ImportanceFamily)
    check_option("interval", interval, ImportanceInterval)
    n_resamples, seed = check_bootstrap(n_resamples, seed)
    _check_data(data, family, interval, cluster)
    if family == "logit" and groups is not None:
        raise OptionError(
            '`groups` divides a linear regression. Leave it out, or use `family="ols"`.'
        )
    methods = _chosen_methods(method, family, groups is not None)
    level = _level(data, predictors, groups)
    variables = model_variables(
        data, outcome=outcome, on=on, predictors=level, analysis="relative_importance"
    )
    model = ImportanceModel(variables, methods, _find_groups(data, variables, groups), family)
    orders = _orders(model, n_permutations)
    _check_noise(model, against_noise)
    moments = model_moments(data, variables, "relative_importance")
    respondents = Respondents.collect(data, variables) if isinstance(data, Survey) else None
    notes: list[str] = []
    sampled = None
    if family == "logit" and respondents is not None:
        estimates = _logistic_estimates(model, respondents, notes)
        r_squared = float(estimates.explained[methods[0]][0])
    else:
        estimates, sampled = _linear_estimates(model, moments, orders, seed)
        r_squared = _r_squared(moments.covariance())
    draws = _draws(model, respondents, orders, n_resamples, seed, cluster, progress, notes)
    inference = _inference(
        model, respondents, moments, estimates, draws, interval, cluster, conf_level
    )
    noise = pd.DataFrame(columns=AGAINST_NOISE)
    if against_noise:
        noise = _compare_with_noise(
            model, draws, respondents, moments, n_resamples, seed, cluster, conf_level
        )
    contributions = contributions_table(
        model, inference, None if sampled is None else sampled.mc_error
    )
    notes += _notes(model, sampled, draws, contributions, interval)
    return ImportanceResult(
        sample=SampleInfo(moments.n_obs, moments.n_excluded, "listwise", moments.weight_kind),
        outcome=outcome,
        on="" if isinstance(data, Moments) else on,
        method=methods[0],
        r_squared=r_squared,
        contributions=contributions,
        conf_level=conf_level,
        n_resamples=0 if draws is None else n_resamples,
        n_degenerate=0 if draws is None else draws.n_constant + draws.n_collinear,
        seed=seed,
        notes=tuple(notes),
        methods=methods,
        family=family,
        interval=interval,
        cluster=cluster or "",
        n_permutations=0 if sampled is None else sampled.n_permutations,
        groups=groups_table(model, inference),
        conditional=conditional_table(model, inference),
        dominance=dominance_table(model, inference),
        against_noise=noise,
    )


# ---- what is asked -------------------------------------------------------------------------------


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


def _check_data(
    data: object, family: ImportanceFamily, interval: ImportanceInterval, cluster: str | None
) -> None:
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


def _level(
    data: Survey | Moments,
    predictors: PredictorLevel | Sequence[str],
    groups: Literal["dimensions"] | Mapping[str, Sequence[str]] | None,
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
    groups: Literal["dimensions"] | Mapping[str, Sequence[str]] | None,
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


def _check_noise(model: ImportanceModel, against_noise: object) -> None:
    if not isinstance(against_noise, bool):
        raise OptionError(f"`against_noise` is {against_noise!r}, but must be True or False.")
    able = set(model.methods) & set(_NEVER_NEGATIVE)
    if against_noise and (model.family != "ols" or model.groups or not able):
        raise OptionError(
            '`against_noise=True` compares "lmg" or "relative-weights" in linear regressions '
            "without groups only. Name one of these methods, or leave it out."
        )


# ---- the sample ----------------------------------------------------------------------------------


def _linear_estimates(
    model: ImportanceModel, moments: Moments, orders: int, seed: int
) -> tuple[Contributions, SampledShares | None]:
    covariance = moments.covariance()
    methods = tuple(name for name in model.methods if not (orders and name == "lmg"))
    estimates = model.of_covariances(covariance[None], methods)
    failed = [name for name in methods if not np.isfinite(estimates.by_method[name]).all()]
    if failed:
        _raise_collinear(model.variables, covariance[:-1, :-1], failed[0])
    if not orders:
        return estimates, None
    sampled = sampled_lmg(correlation_from_covariance(covariance), n_permutations=orders, seed=seed)
    by_method = {**estimates.by_method, "lmg": sampled.shares[None]}
    return Contributions({name: by_method[name] for name in model.methods}, {}), sampled


def _raise_collinear(
    variables: ModelVariables, covariance: FloatArray, method: ImportanceMethod
) -> None:
    names = [variables.terms[place] for place in collinear_columns(covariance)]
    if not names:
        raise EstimationError(
            "The predictors explain the outcome without error, so there are no partial "
            'correlations. Is it made of them? Leave `"partial"` out.'
        )
    raise NotIdentifiedError(
        f"These predictors repeat each other exactly, so `relative_importance` cannot tell them "
        f'apart with `method="{method}"`: {shorten(names)}. Leave one of them out, or use '
        '`method="lmg"`, which shares their part evenly.'
    )


def _logistic_estimates(
    model: ImportanceModel, respondents: Respondents, notes: list[str]
) -> Contributions:
    (lower, higher), outcome = respondents.binary(model.variables.outcome)
    weights = respondents.weights
    base = np.ones(len(outcome)) if weights is None else weights
    rows = respondents.rows[:, :-1]
    estimates = from_weights(rows, outcome, base[None], model.methods)
    if not all(np.isfinite(values).all() for values in estimates.by_method.values()):
        repeating = collinear_columns(np.cov(rows.T, aweights=base).reshape((rows.shape[1],) * 2))
        if len(repeating):
            names = [model.variables.terms[place] for place in repeating]
            raise NotIdentifiedError(
                "These predictors repeat each other exactly, so no logistic regression can tell "
                f"them apart: {shorten(names)}. Leave one of them out."
            )
        raise EstimationError(
            f'The predictors separate the two values of "{model.variables.outcome}" (nearly) '
            "without error, so a logistic regression has no finite coefficients. Use fewer "
            'predictors, or `family="ols"`.'
        )
    notes.append(
        f"{model.variables.outcome} counts as 1 where it is {higher:g}, as 0 where it is {lower:g}."
    )
    if "relative-weights" in model.methods and len(model.methods) > 1:
        total = float(estimates.explained["relative-weights"][0])
        notes.append(
            "Relative weights divide the squared correlation of outcome and fitted probability "
            f"({total:.3f}), the other methods McFadden's R²; compare shares, not estimates."
        )
    return estimates


def _r_squared(covariance: FloatArray) -> float:
    predictors, shared = covariance[:-1, :-1], covariance[:-1, -1]
    # lstsq, because predictors that repeat each other explain no less together.
    slopes = np.linalg.lstsq(predictors, shared, rcond=None)[0]
    return float(slopes @ shared / covariance[-1, -1])


# ---- intervals -----------------------------------------------------------------------------------


def _draws(
    model: ImportanceModel,
    respondents: Respondents | None,
    orders: int,
    n_resamples: int,
    seed: int,
    cluster: str | None,
    progress: Progress | None,
    notes: list[str],
) -> Draws | None:
    """Contributions in each resample, or None, with the reason among the notes."""
    if respondents is None:
        notes.append("Moments hold no respondents to resample, so there are no intervals.")
        return None
    if n_resamples == 0:
        notes.append("No resamples were asked for, so there are no intervals.")
        return None
    without, why = without_intervals(model, n_resamples, len(respondents.rows))
    if orders and not without:
        without = ("lmg",)
        why = "Orders of entry are drawn once, so there are no intervals for lmg."
    methods = [name for name in model.methods if name not in without]
    if why:
        notes.append(why)
    if not methods:
        return None
    if cluster is not None:
        _warn_of_few_clusters(respondents, cluster)
    drawn = bootstrap(
        model,
        methods,
        respondents,
        n_resamples=n_resamples,
        seed=seed,
        cluster=cluster,
        progress=progress,
    )
    notes.extend(_notes_of_failures(drawn, n_resamples))
    return drawn


def _compare_with_noise(
    model: ImportanceModel,
    draws: Draws | None,
    respondents: Respondents | None,
    moments: Moments,
    n_resamples: int,
    seed: int,
    cluster: str | None,
    conf_level: float,
) -> pd.DataFrame:
    """Differences between predictors and a random variable, by the methods that have draws."""
    if draws is None or respondents is None:
        return pd.DataFrame(columns=AGAINST_NOISE)
    drawn = draws.contributions.by_method
    methods = [name for name in _NEVER_NEGATIVE if name in drawn]
    estimates, differences = with_noise(
        methods, respondents, moments, n_resamples=n_resamples, seed=seed, cluster=cluster
    )
    return against_noise_table(model.variables, estimates, differences, conf_level)


def _notes_of_failures(draws: Draws, n_resamples: int) -> list[str]:
    notes = []
    if draws.n_constant:
        notes.append(
            f"In {draws.n_constant} of {n_resamples} resamples a variable was constant; they do "
            "not count."
        )
    if draws.n_collinear:
        notes.append(
            f"In {draws.n_collinear} of {n_resamples} resamples predictors repeated each other or "
            "told the outcome without error; they do not count where a method cannot do with that."
        )
    failed = draws.n_constant + draws.n_collinear
    if failed > n_resamples // 2:
        notes.append(
            f"Only {n_resamples - failed} resamples remain, so do not rely on the intervals."
        )
    return notes


def _warn_of_few_clusters(respondents: Respondents, cluster: str) -> None:
    n_clusters = len(np.unique(cluster_codes(respondents.survey, cluster, respondents.keep)))
    if n_clusters < FEW_CLUSTERS:
        warnings.warn(
            f'There are {n_clusters} clusters of "{cluster}". A bootstrap of clusters needs many; '
            f"with fewer than {FEW_CLUSTERS} its intervals are too narrow as a rule.",
            SmallSampleWarning,
            stacklevel=4,
        )


def _inference(
    model: ImportanceModel,
    respondents: Respondents | None,
    moments: Moments,
    estimates: Contributions,
    draws: Draws | None,
    interval: ImportanceInterval,
    cluster: str | None,
    conf_level: float,
) -> Inference:
    if draws is None or respondents is None:
        return Inference(estimates, None, None, None, conf_level)
    if interval == "percentile":
        return Inference(estimates, draws.contributions, None, None, conf_level)
    without, counts = left_out(
        model, list(draws.contributions.by_method), respondents, moments, cluster
    )
    return Inference(estimates, draws.contributions, without, counts, conf_level)


def _notes(
    model: ImportanceModel,
    sampled: SampledShares | None,
    draws: Draws | None,
    contributions: pd.DataFrame,
    interval: ImportanceInterval,
) -> list[str]:
    notes = []
    if sampled is not None:
        notes.append(
            f"LMG is the mean over {sampled.n_permutations:,} of all orders of entry, drawn in "
            "pairs of opposites; `mc_error` is its standard error."
        )
    if model.groups and "lmg" in model.methods:
        notes.append(
            "Contributions by LMG are Owen values: the predictors of a group enter one after the "
            "other."
        )
    apart = [name for name in model.methods if name not in DECOMPOSITIONS]
    if apart:
        listed = ", ".join(f'"{name}"' for name in apart)
        notes.append(
            f"Contributions by {listed} do not add up to R², so their shares are of their own sum."
        )
    if interval == "bca" and draws is not None:
        notes.append("Limits of ranks are percentiles: a rank moves in whole places.")
        has_draws = contributions["method"].isin(list(draws.contributions.by_method))
        if contributions.loc[has_draws, ["conf_low", "share_low"]].isna().any(axis=None):
            notes.append(
                "A BCa interval does not exist where all resamples lie on one side of the "
                "estimate, or no respondent changes it."
            )
    return notes
