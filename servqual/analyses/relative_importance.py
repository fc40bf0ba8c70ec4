"""Which dimension counts most for an outcome? The explained variance, divided fairly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import pandas as pd

from servqual.analyses.importance_draws import (
    Draws,
    Resampling,
    bootstrap,
    left_out,
    with_noise,
    without_intervals,
)
from servqual.analyses.importance_estimates import DECOMPOSITIONS
from servqual.analyses.importance_model import (
    NEVER_NEGATIVE,
    ImportanceModel,
    build_importance_model,
    check_data,
)
from servqual.analyses.importance_sample import Respondents, estimate_sample
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
from servqual.analyses.predictors import model_moments
from servqual.analyses.resampling import check_bootstrap, cluster_codes, warn_of_few_clusters
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import (
    ImportanceFamily,
    ImportanceInterval,
    ImportanceMethod,
    ImportancePlot,
    On,
    PredictorLevel,
    ProgressOption,
    check_conf_level,
    check_option,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ImportanceResult", "relative_importance"]

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
            who = "Both" if len(firsts) == 2 else f"All {len(firsts)}"
            text = f"{who} methods put {firsts['label'].iloc[0]} first."
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
            if least >= 0.5:
                text += f"; in at least {least:.0%} of the resamples too"
            elif np.isfinite(least):
                text += f", but in as few as {least:.0%} of the resamples: do not rely on it"
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

    def plot(self, kind: ImportancePlot | None = None, *, ax: Axes | None = None) -> Axes:
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
    progress: ProgressOption = None,
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
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstrap runs. None shows a bar where somebody
        is looking and the work is long, True always, False never.

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
    check_data(data, family, interval, cluster)
    model = build_importance_model(
        data,
        outcome=outcome,
        on=on,
        predictors=predictors,
        method=method,
        groups=groups,
        family=family,
        n_permutations=n_permutations,
        against_noise=against_noise,
    )
    moments = model_moments(data, model.variables, "relative_importance")
    respondents = Respondents.collect(data, model.variables) if isinstance(data, Survey) else None
    resampling = Resampling(n_resamples, seed, cluster, progress)
    estimated = estimate_sample(model, moments, respondents, seed)
    draws, notes = _draws(model, respondents, resampling)
    without, counts = None, None
    if interval == "bca" and draws is not None and respondents is not None:
        methods = list(draws.contributions.by_method)
        without, counts = left_out(model, methods, respondents, moments, cluster)
    inference = Inference(
        estimated.contributions,
        None if draws is None else draws.contributions,
        without,
        counts,
        conf_level,
    )
    sampled = estimated.sampled
    contributions = contributions_table(
        model, inference, None if sampled is None else sampled.mc_error
    )
    notes = [*estimated.notes, *notes, *_notes(model, draws, contributions, interval)]
    return ImportanceResult(
        sample=SampleInfo(moments.n_obs, moments.n_excluded, "listwise", moments.weight_kind),
        outcome=outcome,
        on="" if isinstance(data, Moments) else on,
        method=model.methods[0],
        r_squared=estimated.r_squared,
        contributions=contributions,
        conf_level=conf_level,
        n_resamples=0 if draws is None else n_resamples,
        n_degenerate=0 if draws is None else draws.n_constant + draws.n_collinear,
        seed=seed,
        notes=tuple(notes),
        methods=model.methods,
        family=family,
        interval=interval,
        cluster=cluster or "",
        n_permutations=0 if sampled is None else sampled.n_permutations,
        groups=groups_table(model, inference),
        conditional=conditional_table(model, inference),
        dominance=dominance_table(model, inference),
        against_noise=_noise_table(model, draws, respondents, moments, resampling, conf_level),
    )


def _draws(
    model: ImportanceModel, respondents: Respondents | None, resampling: Resampling
) -> tuple[Draws | None, list[str]]:
    """Contributions in each resample, or None; and notes, such as the reason."""
    if respondents is None:
        return None, ["Moments hold no respondents to resample, so there are no intervals."]
    if resampling.n_resamples == 0:
        return None, ["No resamples were asked for, so there are no intervals."]
    without, why = without_intervals(model, resampling.n_resamples, len(respondents.rows))
    notes = [why] if why else []
    methods = [name for name in model.methods if name not in without]
    if not methods:
        return None, notes
    if resampling.cluster is not None:
        warn_of_few_clusters(
            cluster_codes(respondents.survey, resampling.cluster, respondents.keep),
            resampling.cluster,
            stacklevel=3,
        )
    drawn = bootstrap(model, methods, respondents, resampling)
    return drawn, [*notes, *_notes_of_failures(drawn, resampling.n_resamples)]


def _noise_table(
    model: ImportanceModel,
    draws: Draws | None,
    respondents: Respondents | None,
    moments: Moments,
    resampling: Resampling,
    conf_level: float,
) -> pd.DataFrame:
    """Differences between predictors and a random variable, by the methods that have draws."""
    if not model.against_noise or draws is None or respondents is None:
        return pd.DataFrame(columns=AGAINST_NOISE)
    methods = [name for name in NEVER_NEGATIVE if name in draws.contributions.by_method]
    estimates, differences = with_noise(methods, respondents, moments, resampling)
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


def _notes(
    model: ImportanceModel,
    draws: Draws | None,
    contributions: pd.DataFrame,
    interval: ImportanceInterval,
) -> list[str]:
    notes = []
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
