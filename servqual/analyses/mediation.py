"""Does quality work through satisfaction? Direct, indirect and total effects along the paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from servqual.analyses.mediation_model import Effect, MediationModel, build_mediation_model
from servqual.analyses.predictors import ModelVariables, model_moments, model_variables
from servqual.analyses.resampling import (
    check_bootstrap,
    cluster_codes,
    complete_respondents,
    resample,
    warn_of_few_clusters,
)
from servqual.errors import (
    NotIdentifiedError,
    OptionError,
    RowsRequiredError,
    shorten,
)
from servqual.numerics.bootstrap import Interval, bca_interval, percentile_interval
from servqual.numerics.jackknife import leave_one_out_covariances
from servqual.numerics.least_squares import collinear_columns
from servqual.numerics.location import mean_test
from servqual.numerics.path_effects import (
    FittedPaths,
    effect_gradients,
    effect_values,
    fit_paths,
    path_coefficients,
)
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import (
    BoolArray,
    FloatArray,
    MediationInterval,
    ModeratedPath,
    On,
    ProgressOption,
    check_conf_level,
    check_option,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MediationResult", "mediation"]

#: Unexplained share of variance below which a fit has no error.
_PERFECT = 1e-10

#: Respondents whose leave-one-out covariance matrices are held at a time.
_BLOCK = 4096

_INTERVAL_WORDS: dict[MediationInterval, str] = {
    "percentile": "percentile bootstrap",
    "bca": "bias-corrected and accelerated bootstrap",
    "monte-carlo": "Monte Carlo",
    "sobel": "normal theory (Sobel)",
}


@dataclass(frozen=True, repr=False)
class MediationResult(Result):
    """Effects of a mediation model.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with all variables.
    predictors, mediators : tuple of str
        Causes, and what they work through.
    outcome : str
        What they work on.
    moderator : str
        What a path depends on; empty without one.
    on : str
        Of which scores dimensions and quality are; empty when made from moments.
    serial : bool
        Whether mediators also depend on those before them.
    interval : str
        How the intervals of products of coefficients were made.
    cluster : str
        Grouping variable whose groups were resampled whole; empty without one.
    effects : DataFrame
        term (``a``, ``d``, ``b``, ``interaction``, ``direct``, ``total``, ``indirect``,
        ``specific``, ``contrast``, ``index``, ``conditional``), path, predictor, mediator,
        estimate, std_error, statistic, df, p_value, conf_low, conf_high, standardised (in standard
        deviations of cause and effect), share_of_total (of indirect effects with the sign of the
        direct one), method.
    normal_theory : DataFrame
        For each product of two paths: path, predictor, mediator, estimate, and standard error, z
        and p after Sobel, Aroian and Goodman. Empty where classical standard errors do not hold.
    equations : DataFrame
        outcome, n_predictors, r_squared of each regression.
    conf_level : float
        Coverage of the intervals.
    n_resamples : int
        Bootstrap resamples, or draws of the Monte Carlo method; 0 for neither.
    n_degenerate : int
        Resamples in which the model could not be fitted, which do not count.
    seed : int
        Seed of the generator.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Mediation"

    sample: SampleInfo
    predictors: tuple[str, ...]
    mediators: tuple[str, ...]
    outcome: str
    moderator: str
    on: str
    serial: bool
    interval: MediationInterval
    cluster: str
    effects: pd.DataFrame
    normal_theory: pd.DataFrame
    equations: pd.DataFrame
    conf_level: float
    n_resamples: int
    n_degenerate: int
    seed: int
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per effect."""
        return self.effects.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "interval": [self.interval],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_predictors": [len(self.predictors)],
                "n_mediators": [len(self.mediators)],
                "r_squared": [float(self.equations["r_squared"].iloc[len(self.mediators)])],
                "n_resamples": [self.n_resamples],
                "n_degenerate": [self.n_degenerate],
                "conf_level": [self.conf_level],
                "seed": [self.seed],
            }
        )

    def interpret(self) -> Interpretation:
        """Put the indirect effects into plain words.

        Returns
        -------
        Interpretation
        """
        shown = self.effects[self.effects["term"].isin(["indirect", "index"])]
        statements = [self._say(row) for _, row in shown.iterrows()]
        statements.append(
            Statement(
                "cause",
                "These are associations along assumed arrows. They are effects only if nothing "
                "else causes both the mediator and the outcome, and the arrows point the right "
                "way; answers of one moment cannot show that.",
            )
        )
        if self.interval == "bca":
            statements.append(
                Statement(
                    "interval",
                    "In samples of less than some hundred respondents the bias-corrected interval "
                    "excludes zero too often.",
                    "choice of the interval",
                    "Fritz, M. S., Taylor, A. B., & MacKinnon, D. P. (2012). Explanation of two "
                    "anomalous results in statistical mediation analysis, "
                    "https://doi.org/10.1080/00273171.2012.640596",
                )
            )
        return Interpretation(tuple(statements))

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the diagram: boxes, arrows and their coefficients.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes
        """
        from servqual.plots.mediation import plot_mediation

        return plot_mediation(self, ax=ax)

    def _say(self, row: pd.Series) -> Statement:
        low, high, size = float(row["conf_low"]), float(row["conf_high"]), float(row["estimate"])
        what = "The indirect effect" if row["term"] == "indirect" else "The index of moderation of"
        level = f"{self.conf_level:.0%} interval"
        span = f"({level} {format_number(low, 2)} to {format_number(high, 2)})"
        text = f"{what} {row['path']} is {format_number(size, 2)} {span}"
        if not np.isfinite(low):
            return Statement(str(row["predictor"]), f"{what} {row['path']} has no interval.")
        if low > 0 or high < 0:
            text += ", which is distinguishable from zero"
            if row["term"] == "indirect" and np.isfinite(row["share_of_total"]):
                text += f"; it is {row['share_of_total']:.0%} of the total effect"
        else:
            text += ", so it cannot be told from zero"
        return Statement(str(row["predictor"]), text + ".")

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        names = ["term", "path", "estimate", "std_error", "p_value", "conf_low", "conf_high"]
        return [(f"Intervals of products: {_INTERVAL_WORDS[self.interval]}", self.effects[names])]


def mediation(
    data: Survey | Moments,
    *,
    predictor: str | Sequence[str] = "quality",
    mediator: str | Sequence[str] = "satisfaction",
    outcome: str = "loyalty",
    on: On = "gap",
    covariates: Sequence[str] = (),
    serial: bool = False,
    moderator: str | None = None,
    moderated: ModeratedPath = "a",
    interval: MediationInterval | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
    n_resamples: int = 5000,
    seed: int = 1,
    progress: ProgressOption = None,
) -> MediationResult:
    """Split the effect of quality on an outcome into what goes through mediators and what does not.

    Each mediator is regressed on the predictors (paths *a*), and the outcome on predictors and
    mediators (paths *direct* and *b*). The indirect effect is the product of the paths of its
    route; with several mediators there is one for each route, their sum, and their differences.

    Parameters
    ----------
    data : Survey or Moments
        Moments allow Monte Carlo and Sobel intervals, and no moderator.
    predictor : str or sequence of str, default "quality"
        Dimensions, ``"quality"``, outcomes or columns; ``"dimensions"`` for all five. Each one's
        effects are adjusted for the others.
    mediator : str or sequence of str, default "satisfaction"
        What the predictors work through.
    outcome : str, default "loyalty"
        What they work on.
    on : str, default "gap"
        Side or difference whose scores dimensions and quality are; not used with moments.
    covariates : sequence of str, default ()
        Further variables in every equation.
    serial : bool, default False
        Whether mediators work on each other, in the order in which they are named.
    moderator : str, optional
        A variable on which a path depends. It and what it multiplies are centred at their means.
    moderated : {"a", "b"}, default "a"
        Which path: from the predictors to the mediators, or from the mediators to the outcome.
    interval : {"percentile", "bca", "monte-carlo", "sobel"}, optional
        Of products of coefficients. Default: ``"percentile"`` (bootstrap); with moments
        ``"monte-carlo"``.
    cluster : str, optional
        Grouping variable whose groups are resampled whole, such as the branch.
    conf_level : float, default 0.95
        Coverage of the intervals.
    n_resamples : int, default 5000
        Bootstrap resamples, or Monte Carlo draws.
    seed : int, default 1
        Seed of the generator; the result does not depend on anything else.
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstrap runs. None shows a bar where somebody
        is looking and the work is long, True always, False never.

    Returns
    -------
    MediationResult

    Raises
    ------
    OptionError
        If a variable or an option does not exist, or options contradict each other.
    RowsRequiredError
        If what is asked needs respondents, but moments were given.
    EstimationError
        If too few respondents remain, or a variable is constant.
    NotIdentifiedError
        If variables on the right-hand side repeat each other.
    NotPositiveDefiniteError
        If no data can have the covariance matrix of the moments.

    Warns
    -----
    SmallSampleWarning
        If there are fewer than 20 clusters.

    Notes
    -----
    Single paths have classical t-tests; with clusters or sampling weights, their standard errors
    and intervals come from the bootstrap, and their tests from the normal distribution. The p-value
    of an indirect effect is twice the smaller share of draws on one side of zero (percentile and
    Monte Carlo), or the Sobel test's. BCa intervals have none. With a moderator, its sample mean
    and standard deviation count as fixed numbers.

    References
    ----------
    MacKinnon, D. P., Lockwood, C. M., & Williams, J. (2004). Confidence limits for the indirect
    effect. *Multivariate Behavioral Research*, 39(1), 99–128.
    https://doi.org/10.1207/s15327906mbr3901_4

    Hayes, A. F. (2015). An index and test of linear moderated mediation. *Multivariate Behavioral
    Research*, 50(1), 1–22. https://doi.org/10.1080/00273171.2014.962683

    Sobel, M. E. (1982). Asymptotic confidence intervals for indirect effects in structural equation
    models. *Sociological Methodology*, 13, 290–312. https://doi.org/10.2307/270723

    Examples
    --------
    >>> import servqual as sq
    >>> survey = sq.load_example("bank")
    >>> result = sq.mediation(survey, n_resamples=500)
    >>> result.tidy()["term"].tolist()
    ['a', 'b', 'direct', 'total', 'indirect']
    >>> effect = result.tidy().set_index("term")["estimate"]
    >>> bool(abs(effect["direct"] + effect["indirect"] - effect["total"]) < 1e-12)
    True
    """
    check_conf_level(conf_level)
    resamples, seed = check_bootstrap(n_resamples, seed)
    check_option("moderated", moderated, ModeratedPath)
    chosen = _choose_interval(data, interval, cluster, moderator, resamples)
    names = _find_variables(data, predictor, mediator, outcome, on, covariates, moderator)
    if serial and (moderator is not None or len(names.mediators) < 2):
        raise OptionError(
            "`serial=True` needs at least two mediators, and no `moderator`; leave one of the "
            "two out."
        )
    path = None if moderator is None else moderated
    sample = _collect(data, names, path)
    model = build_mediation_model(
        names.predictors,
        names.mediators,
        names.outcome,
        n_covariates=len(names.covariates),
        serial=serial,
        moderated=path,
        moderator=names.moderator,
        spread=sample.spread,
    )
    fitted = _fit(sample, model, names)
    notes = [*_notes(sample, fitted, names), *_notes_on_contrasts(model, names, serial)]
    draws, n_degenerate = _draw(
        data, sample, model, fitted, chosen, resamples, seed, cluster, progress
    )
    if n_degenerate:
        few = n_degenerate > resamples // 2
        notes.append(
            f"In {n_degenerate} of {resamples} resamples a variable was constant or repeated "
            f"others; they do not count{', and the rest are too few for intervals' * few}."
        )
    if cluster is not None and sample.keep is not None and isinstance(data, Survey):
        warn_of_few_clusters(cluster_codes(data, cluster, sample.keep), cluster, stacklevel=2)
    classical = cluster is None and sample.moments.weight_kind != "sampling"
    table = _inferred(data, sample, model, fitted, draws, chosen, classical, conf_level)
    return MediationResult(
        sample=SampleInfo(
            sample.moments.n_obs,
            sample.moments.n_excluded,
            "listwise",
            sample.moments.weight_kind,
        ),
        predictors=names.predictors,
        mediators=names.mediators,
        outcome=names.outcome,
        moderator=names.moderator,
        on="" if isinstance(data, Moments) else on,
        serial=serial,
        interval=chosen,
        cluster=cluster or "",
        effects=table,
        normal_theory=_normal_theory(model, fitted, classical),
        equations=_equations(model, names, fitted),
        conf_level=conf_level,
        n_resamples=0 if draws is None else resamples,
        n_degenerate=n_degenerate,
        seed=seed,
        notes=tuple(notes),
    )


def _draw(
    data: Survey | Moments,
    sample: _Sample,
    model: MediationModel,
    fitted: FittedPaths,
    interval: MediationInterval,
    n_resamples: int,
    seed: int,
    cluster: str | None,
    progress: ProgressOption,
) -> tuple[FloatArray | None, int]:
    """Effects in each draw that the interval needs, if any, and how many draws have none."""
    if interval == "monte-carlo":
        return _monte_carlo_draws(fitted, n_resamples, seed), 0
    if interval != "sobel" and isinstance(data, Survey):
        return _bootstrap_draws(data, sample, model, n_resamples, seed, cluster, progress)
    return None, 0


def _equations(model: MediationModel, names: _Names, fitted: FittedPaths) -> pd.DataFrame:
    n_of_outcome = len(model.equations) - len(names.mediators)
    return pd.DataFrame(
        {
            "outcome": [*names.mediators, *[names.outcome] * n_of_outcome],
            "n_predictors": [len(causes) for _, causes in model.equations],
            "r_squared": fitted.r_squared,
        }
    )


# ---- what is asked -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Names:
    """Variables by their roles, and how the data give them."""

    predictors: tuple[str, ...]
    mediators: tuple[str, ...]
    covariates: tuple[str, ...]
    outcome: str
    moderator: str
    variables: ModelVariables


def _choose_interval(
    data: Survey | Moments,
    interval: MediationInterval | None,
    cluster: str | None,
    moderator: str | None,
    n_resamples: int,
) -> MediationInterval:
    if interval is not None:
        check_option("interval", interval, MediationInterval)
    if isinstance(data, Moments):
        needs = [
            name
            for name, asked in (
                (f'`interval="{interval}"`', interval in ("percentile", "bca")),
                ("`cluster`", cluster is not None),
                ("`moderator`", moderator is not None),
            )
            if asked
        ]
        if needs:
            raise RowsRequiredError(
                f"{needs[0]} needs respondents' answers, but `mediation` was given moments only. "
                'Give the `Survey`, or use `interval="monte-carlo"` without it.'
            )
    chosen = interval or ("monte-carlo" if isinstance(data, Moments) else "percentile")
    weighted = getattr(data, "weight_kind", "none") == "sampling"
    if chosen != "percentile" and (cluster is not None or weighted):
        why = "sampling weights" if cluster is None else "clusters"
        raise OptionError(
            f'`interval="{chosen}"` does not know of {why}. Use `interval="percentile"`, which '
            "resamples them as they are."
        )
    if chosen != "sobel" and n_resamples == 0:
        raise OptionError(
            f'`n_resamples` is 0, but `interval="{chosen}"` needs draws. Use 5000, or '
            '`interval="sobel"`, which needs none.'
        )
    return chosen


def _as_names(argument: str, given: object) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise OptionError(f"`{argument}` is {given!r}, but must be a name or a list of names.")
    return tuple(names)


def _find_variables(
    data: Survey | Moments,
    predictor: str | Sequence[str],
    mediator: str | Sequence[str],
    outcome: str,
    on: On,
    covariates: Sequence[str],
    moderator: str | None,
) -> _Names:
    predictors = _as_names("predictor", predictor)
    if predictors == ("dimensions",) and isinstance(data, Survey):
        predictors = tuple(dimension.key for dimension in data.instrument.dimensions)
    mediators = _as_names("mediator", mediator)
    others = _as_names("covariates", covariates)
    moderators = () if moderator is None else _as_names("moderator", moderator)
    for argument, names in (("predictor", predictors), ("mediator", mediators)):
        if not names:
            raise OptionError(f"`{argument}` is empty; name at least one.")
    variables = model_variables(
        data,
        outcome=outcome,
        on=on,
        predictors=[*predictors, *mediators, *others, *moderators],
        analysis="mediation",
    )
    labels = variables.terms
    ends = np.cumsum([len(predictors), len(mediators), len(others)])
    return _Names(
        predictors=labels[: ends[0]],
        mediators=labels[ends[0] : ends[1]],
        covariates=labels[ends[1] : ends[2]],
        outcome=outcome,
        moderator="" if moderator is None else labels[-1],
        variables=variables,
    )


# ---- the data ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Variables in the order of the model: their moments, and with a survey their rows."""

    moments: Moments
    rows: FloatArray | None
    keep: BoolArray | None
    spread: float


def _collect(data: Survey | Moments, names: _Names, moderated: ModeratedPath | None) -> _Sample:
    checked = model_moments(data, names.variables, "mediation")
    n_model = len(names.variables.variables) - (moderated is not None)
    order = [*range(n_model), len(names.variables.variables)]
    model_names = [names.variables.names[place] for place in order]
    if not isinstance(data, Survey):
        return _Sample(checked.select(model_names), None, None, 1.0)
    values = data.rows(names.variables.names)
    keep = complete_respondents(data, values)
    if moderated is None:
        return _Sample(checked.select(model_names), values[keep][:, order], keep, 1.0)
    first = 0 if moderated == "a" else len(names.predictors)
    n_products = len(names.predictors) if moderated == "a" else len(names.mediators)
    centred = values - checked.mean
    w, focal = centred[:, [n_model]], centred[:, first : first + n_products]
    every = np.column_stack([values[:, order], w, focal * w])
    # Centred columns in place of their own: with products, slopes then speak for the mean.
    every[:, first : first + n_products] = focal
    moments = Moments.collect(every, weights=data.weights, weight_kind=data.weight_kind)
    spread = float(moments.standard_deviation()[n_model + 1])
    return _Sample(moments, every[keep], keep, spread)


def _fit(sample: _Sample, model: MediationModel, names: _Names) -> FittedPaths:
    covariance = sample.moments.covariance()
    try:
        fitted = fit_paths(covariance, sample.moments.n_obs, model.equations)
    except NotIdentifiedError as error:
        places = collinear_columns(covariance[:-1, :-1] if not names.moderator else covariance)
        terms = names.variables.terms
        repeating = [terms[place] for place in places if place < len(terms)]
        raise NotIdentifiedError(
            "The paths are not determined: variables repeat each other exactly, or there are too "
            f"few respondents ({sample.moments.n_obs:,}). Look at {shorten(repeating or terms)}, "
            "and leave one out."
        ) from error
    perfect = 1.0 - fitted.r_squared < _PERFECT
    if not perfect.any():
        return fitted
    rows = np.repeat(perfect, [len(causes) for _, causes in model.equations])
    of_slopes = np.where(rows[:, None] | rows[None, :], np.nan, fitted.covariance)
    return replace(fitted, covariance=of_slopes)


def _notes(sample: _Sample, fitted: FittedPaths, names: _Names) -> list[str]:
    notes = []
    if not np.isfinite(fitted.covariance).all():
        notes.append(
            "A regression fits without error, so its standard errors do not exist. Is one variable "
            "made of others?"
        )
    if names.moderator:
        notes.append(
            f"With a moderator there is no single total effect. Paths are those at the mean of "
            f"{names.moderator}, whose standard deviation is {format_number(sample.spread, 3)}."
        )
    return notes


def _notes_on_contrasts(model: MediationModel, names: _Names, serial: bool) -> list[str]:
    """Say that contrasts between routes were left out, because they are too many."""
    n_mediators = len(names.mediators)
    terms = {effect.term for effect in model.effects}
    if n_mediators < 2 or names.moderator or "contrast" in terms:
        return []
    n_routes = 2**n_mediators - 1 if serial else n_mediators
    return [
        f"There are {n_routes} routes through the mediators, whose contrasts are too many to read; "
        "they are left out. Look at `specific`, or name fewer mediators."
    ]


# ---- draws ---------------------------------------------------------------------------------------


def _bootstrap_draws(
    survey: Survey,
    sample: _Sample,
    model: MediationModel,
    n_resamples: int,
    seed: int,
    cluster: str | None,
    progress: ProgressOption,
) -> tuple[FloatArray, int]:
    """Coefficients in each resample; nan where the model cannot be fitted, or seldom can."""
    if sample.rows is None or sample.keep is None:
        raise RowsRequiredError("A bootstrap needs respondents' answers. Give the `Survey`.")
    resampled = resample(
        survey,
        sample.rows,
        sample.keep,
        n_resamples=n_resamples,
        seed=seed,
        cluster=cluster,
        progress=progress,
    )
    draws = path_coefficients(resampled.covariances, model.equations)
    n_degenerate = int(np.isnan(draws[:, 0]).sum())
    if n_degenerate > n_resamples // 2:
        # The few in which all vary are no picture of how estimates vary.
        draws[:] = np.nan
    return draws, n_degenerate


def _monte_carlo_draws(fitted: FittedPaths, n_draws: int, seed: int) -> FloatArray:
    """Coefficients drawn from their normal distribution."""
    if not np.isfinite(fitted.covariance).all():
        return np.full((n_draws, fitted.coefficients.size), np.nan)
    generator = np.random.default_rng(seed)
    drawn: FloatArray = generator.multivariate_normal(
        fitted.coefficients, fitted.covariance, size=n_draws, method="eigh"
    )
    return drawn


def _jackknife(sample: _Sample, model: MediationModel) -> FloatArray:
    """Effects after each respondent is left out, shape (n_rows, n_effects)."""
    if sample.rows is None:
        raise RowsRequiredError("Leaving out respondents needs their answers. Give the `Survey`.")
    terms = [effect.terms for effect in model.effects]
    moments = sample.moments
    parts = []
    for start in range(0, len(sample.rows), _BLOCK):
        without = leave_one_out_covariances(
            sample.rows[start : start + _BLOCK], moments.mean, moments.covariance(), moments.n_obs
        )
        parts.append(effect_values(path_coefficients(without, model.equations), terms))
    return np.concatenate(parts)


def _inferred(
    data: Survey | Moments,
    sample: _Sample,
    model: MediationModel,
    fitted: FittedPaths,
    draws: FloatArray | None,
    interval: MediationInterval,
    classical: bool,
    conf_level: float,
) -> pd.DataFrame:
    """Table of effects with their tests and intervals."""
    terms = [effect.terms for effect in model.effects]
    estimates = effect_values(fitted.coefficients, terms)
    table = _table(model, estimates, sample)
    single = np.array([effect.is_path for effect in model.effects])
    of_draws = None if draws is None else effect_values(draws, terms)
    if classical or of_draws is None:
        paths = [effect for effect in model.effects if effect.is_path]
        _fill(table, single, _of_paths(paths, fitted, conf_level))
    else:
        _fill(
            table,
            single,
            _of_resamples(estimates[single], of_draws[:, single], conf_level, interval),
        )
    if of_draws is None:
        gradients = effect_gradients(fitted.coefficients, terms)[~single]
        found = _of_normal_theory(estimates[~single], gradients, fitted, conf_level)
    else:
        products = of_draws[:, ~single]
        if interval == "bca" and isinstance(data, Survey):
            left_out = _jackknife(sample, model)[:, ~single]
            weights = None if data.weights is None else data.weights[sample.keep]
            limits = bca_interval(
                products, estimates[~single], left_out, conf_level, counts=weights
            )
        else:
            limits = percentile_interval(products, conf_level)
        found = _of_draws(products, limits, interval)
    _fill(table, ~single, found)
    return table


# ---- tables --------------------------------------------------------------------------------------


def _table(model: MediationModel, estimates: FloatArray, sample: _Sample) -> pd.DataFrame:
    spread = sample.moments.standard_deviation()
    factor = [
        np.nan if effect.ends is None else spread[effect.ends[0]] / spread[effect.ends[1]]
        for effect in model.effects
    ]
    return pd.DataFrame(
        {
            "term": [effect.term for effect in model.effects],
            "path": [effect.path for effect in model.effects],
            "predictor": [effect.predictor for effect in model.effects],
            "mediator": [effect.mediator for effect in model.effects],
            "estimate": estimates,
            "std_error": np.nan,
            "statistic": np.nan,
            "df": np.nan,
            "p_value": np.nan,
            "conf_low": np.nan,
            "conf_high": np.nan,
            "standardised": estimates * np.array(factor),
            "share_of_total": _shares(model.effects, estimates),
            "method": "",
        }
    )


def _shares(effects: Sequence[Effect], estimates: FloatArray) -> FloatArray:
    """Indirect effects as shares of the total, where these mean something: all of one sign."""
    direct = {
        effect.predictor: value
        for effect, value in zip(effects, estimates, strict=True)
        if effect.term == "direct"
    }
    total = {
        effect.predictor: value
        for effect, value in zip(effects, estimates, strict=True)
        if effect.term == "total"
    }
    shares = np.full(len(effects), np.nan)
    for place, (effect, value) in enumerate(zip(effects, estimates, strict=True)):
        if effect.term in ("indirect", "specific") and effect.predictor in total:
            parts = (value, direct[effect.predictor], total[effect.predictor])
            if min(parts) >= 0.0 < max(parts) or max(parts) <= 0.0 > min(parts):
                shares[place] = value / total[effect.predictor]
    return shares


@dataclass(frozen=True, slots=True, eq=False)
class _Inference:
    """Columns of the table, for some of its rows."""

    std_error: FloatArray
    statistic: FloatArray
    df: FloatArray
    p_value: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    method: str


def _fill(table: pd.DataFrame, rows: BoolArray, inference: _Inference) -> None:
    names = ["std_error", "statistic", "df", "p_value", "conf_low", "conf_high", "method"]
    for name in names:
        table.loc[rows, name] = getattr(inference, name)


def _of_paths(effects: Sequence[Effect], fitted: FittedPaths, conf_level: float) -> _Inference:
    """Classical t-tests of single coefficients."""
    places = [effect.terms[0][1][0] for effect in effects]
    errors = np.sqrt(np.diag(fitted.covariance))[places]
    test = mean_test(fitted.coefficients[places], errors, fitted.df[places], conf_level=conf_level)
    return _Inference(
        errors,
        test.statistic,
        fitted.df[places],
        test.p_value,
        test.conf_low,
        test.conf_high,
        "classical",
    )


def _of_resamples(
    estimates: FloatArray, draws: FloatArray, conf_level: float, method: str
) -> _Inference:
    """Percentiles of the resamples, and a normal test with their standard deviation."""
    limits = percentile_interval(draws, conf_level)
    errors = _spread_of(draws)
    statistic = _ratio(estimates, errors)
    return _Inference(
        errors,
        statistic,
        np.full_like(errors, np.nan),
        2.0 * ndtr(-np.abs(statistic)),
        limits.low,
        limits.high,
        method,
    )


def _of_normal_theory(
    estimates: FloatArray, gradients: FloatArray, fitted: FittedPaths, conf_level: float
) -> _Inference:
    """Delta method; for a product of two paths it is Sobel's."""
    errors = np.sqrt(np.einsum("ij,jk,ik->i", gradients, fitted.covariance, gradients))
    statistic = _ratio(estimates, errors)
    reach = float(ndtri(0.5 + 0.5 * conf_level)) * errors
    return _Inference(
        errors,
        statistic,
        np.full_like(errors, np.nan),
        2.0 * ndtr(-np.abs(statistic)),
        estimates - reach,
        estimates + reach,
        "sobel",
    )


def _of_draws(draws: FloatArray, limits: Interval, method: MediationInterval) -> _Inference:
    """Draws of products: no statistic, and a p-value where the interval is a percentile one."""
    nan = np.full(draws.shape[1], np.nan)
    p_value = nan if method == "bca" else _two_sided_shares(draws)
    return _Inference(_spread_of(draws), nan, nan, p_value, limits.low, limits.high, method)


def _spread_of(draws: FloatArray) -> FloatArray:
    usable = draws[~np.isnan(draws).any(axis=1)]
    if len(usable) < 2:
        return np.full(draws.shape[1], np.nan)
    spread: FloatArray = usable.std(axis=0, ddof=1)
    return spread


def _two_sided_shares(draws: FloatArray) -> FloatArray:
    """Twice the smaller share of draws on one side of zero; never zero, for draws are finite."""
    usable = draws[~np.isnan(draws).any(axis=1)]
    if not len(usable):
        return np.full(draws.shape[1], np.nan)
    fewer = np.minimum((usable <= 0.0).sum(axis=0), (usable >= 0.0).sum(axis=0))
    p_values: FloatArray = np.minimum(1.0, 2.0 * (fewer + 1.0) / (len(usable) + 1.0))
    return p_values


def _ratio(estimates: FloatArray, errors: FloatArray) -> FloatArray:
    return np.divide(
        estimates, errors, out=np.full_like(estimates, np.nan), where=np.asarray(errors > 0.0)
    )


def _normal_theory(model: MediationModel, fitted: FittedPaths, classical: bool) -> pd.DataFrame:
    """Standard errors of products of two paths after Sobel, Aroian and Goodman."""
    products = [
        effect
        for effect in model.effects
        if effect.term in ("indirect", "specific")
        and len(effect.terms) == 1
        and len(effect.terms[0][1]) == 2
    ]
    if not classical:
        products = []
    variances = np.diag(fitted.covariance)
    a = np.array([effect.terms[0][1][0] for effect in products], dtype=np.int64)
    b = np.array([effect.terms[0][1][1] for effect in products], dtype=np.int64)
    estimates = fitted.coefficients[a] * fitted.coefficients[b]
    sobel = fitted.coefficients[a] ** 2 * variances[b] + fitted.coefficients[b] ** 2 * variances[a]
    both = variances[a] * variances[b]
    table = pd.DataFrame(
        {
            "path": [effect.path for effect in products],
            "predictor": [effect.predictor for effect in products],
            "mediator": [effect.mediator for effect in products],
            "estimate": estimates,
        }
    )
    for name, variance in (("sobel", sobel), ("aroian", sobel + both), ("goodman", sobel - both)):
        # Goodman's can be negative, where the paths are smaller than their standard errors.
        errors = np.sqrt(np.where(variance > 0.0, variance, np.nan))
        table[f"{name}_std_error"] = errors
        table[f"{name}_statistic"] = estimates / errors
        table[f"{name}_p"] = 2.0 * ndtr(-np.abs(estimates / errors))
    return table
