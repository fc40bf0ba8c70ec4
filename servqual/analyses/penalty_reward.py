"""What costs satisfaction when it is bad, and what earns it when it is good? Penalties, rewards."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from servqual.analyses.contrast_fit import (
    ContrastFit,
    ContrastModel,
    build_contrast_model,
    contrast_draws,
    contrast_notes,
    fit_contrasts,
    small_cells,
)
from servqual.analyses.contrast_groups import coding_rule
from servqual.analyses.contrast_tables import (
    NOT_ESTIMATED,
    asymmetry_table,
    class_table,
    coefficient_table,
    symmetry_table,
)
from servqual.analyses.covariates import model_covariates
from servqual.analyses.linear_fit import check_covariance, warn_of_weights
from servqual.analyses.predictors import model_variables
from servqual.analyses.resampling import check_bootstrap, cluster_codes, warn_of_few_clusters
from servqual.errors import OptionError, SmallSampleWarning, shorten
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    format_p,
    say_p,
)
from servqual.survey.survey import Survey, require_survey
from servqual.typing import (
    ContrastCoding,
    Covariance,
    FloatArray,
    On,
    PenaltyRewardPlot,
    PredictorLevel,
    ProgressOption,
    check_conf_level,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PenaltyRewardResult", "penalty_reward"]

#: What the classes are in the three-factor theory of satisfaction.
_FACTORS = {
    "frustrator": ("costs when bad and earns next to nothing when good", "basic"),
    "dissatisfier": ("costs more when bad than it earns when good", "basic"),
    "hybrid": ("earns about as much when good as it costs when bad", "performance"),
    "satisfier": ("earns more when good than it costs when bad", "excitement"),
    "delighter": ("earns when good and costs next to nothing when bad", "excitement"),
}

_MIKULIC = (
    "Mikulić, J., & Prebežac, D. (2008). Prioritizing improvement of service attributes using "
    "impact range-performance analysis and impact-asymmetry analysis, "
    "https://doi.org/10.1108/09604520810920068"
)
_ALBAYRAK = (
    "Albayrak, T., & Caber, M. (2013). Penalty–reward-contrast analysis: A review of its "
    "application in customer satisfaction research, https://doi.org/10.1080/14783363.2013.776757"
)


@dataclass(frozen=True, repr=False)
class PenaltyRewardResult(Result):
    """Penalties and rewards of dimensions or items.

    Attributes
    ----------
    sample : SampleInfo
        Respondents with all variables.
    outcome : str
        What is won and lost.
    on : str
        Of which scores the groups were formed.
    coding : str
        Rule by which they were formed.
    rule : str
        The same in words.
    covariance : str
        Kind of covariance matrix of the coefficients.
    cluster : str
        Grouping variable; empty without one.
    coefficients : DataFrame
        term, label, kind (intercept, reward, penalty, covariate), n and share (respondents of the
        high or the low group), estimate, std_error, statistic, df, p_value, conf_low, conf_high,
        boot_low, boot_high. A reward is the outcome of the high group minus that of the middle, a
        penalty that of the low group minus that of the middle, the other variables held constant.
    asymmetry : DataFrame
        term, label, reward, penalty, range (reward − penalty), range_low, range_high (from its
        standard error), satisfaction_potential, dissatisfaction_potential (shares of the range),
        impact_asymmetry (their difference, from −1 to 1), conf_low, conf_high (bootstrap), class,
        class_probability (share of the bootstrap draws in that class), importance (high where the
        range is above the mean range, else low).
    symmetry : DataFrame
        term, label and the test that reward and penalty are equally large: estimate (reward +
        penalty), std_error, statistic (t; its square is the F of the hypothesis), df, p_value,
        p_adjusted (Holm), conf_low, conf_high.
    classes : DataFrame
        term, label, frustrator, dissatisfier, hybrid, satisfier, delighter, indeterminate: shares
        of the bootstrap draws, and n_draws, in how many both coefficients exist.
    cells : DataFrame
        term, label, low_cut, high_cut, n_low, n_middle, n_high, share_low, share_middle,
        share_high.
    class_cuts : tuple of float
        Cut points of impact asymmetry between the classes.
    r_squared, adj_r_squared : float
        Share of the variance that the groups explain.
    conf_level : float
        Coverage of the intervals.
    n_resamples, n_degenerate, seed : int
        Of the bootstrap; degenerate are resamples in which a coefficient does not exist.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Penalty–reward contrasts"

    sample: SampleInfo
    outcome: str
    on: On
    coding: ContrastCoding
    rule: str
    covariance: Covariance
    cluster: str
    coefficients: pd.DataFrame
    asymmetry: pd.DataFrame
    symmetry: pd.DataFrame
    classes: pd.DataFrame
    cells: pd.DataFrame
    class_cuts: tuple[float, float]
    r_squared: float
    adj_r_squared: float
    conf_level: float
    n_resamples: int
    n_degenerate: int
    seed: int
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per coefficient."""
        return self.coefficients.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        shares = self.cells[["share_low", "share_middle", "share_high"]]
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "on": [self.on],
                "coding": [self.coding],
                "covariance": [self.covariance],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_terms": [len(self.asymmetry)],
                "r_squared": [self.r_squared],
                "adj_r_squared": [self.adj_r_squared],
                "n_indeterminate": [int((self.asymmetry["class"] == "indeterminate").sum())],
                "smallest_share": [float(shares.to_numpy(dtype=np.float64).min())],
                "n_resamples": [self.n_resamples],
                "n_degenerate": [self.n_degenerate],
                "conf_level": [self.conf_level],
                "seed": [self.seed],
            }
        )

    def interpret(self) -> Interpretation:
        """Say of each dimension whether it costs or earns, and how sure that is.

        Returns
        -------
        Interpretation
        """
        statements = [
            Statement(
                "coding",
                f"Groups: {self.rule}. The groups together go with {self.r_squared:.0%} of the "
                f"variance of {self.outcome}. This is association, and another coding rule may "
                "put dimensions into other classes.",
                "the coding rule is part of the result",
                _ALBAYRAK,
            )
        ]
        order = np.argsort(-self.asymmetry["range"].to_numpy(dtype=np.float64), kind="stable")
        for place in order:
            row = self.asymmetry.iloc[place]
            if row["class"] == "indeterminate":
                statements.append(self._say_indeterminate(row))
            elif row["class"] != NOT_ESTIMATED:
                p_value = float(self.symmetry["p_adjusted"].iloc[place])
                statements.append(self._say_class(row, self.classes.iloc[place], p_value))
        return Interpretation(tuple(statements))

    def plot(self, kind: PenaltyRewardPlot = "bars", *, ax: Axes | None = None) -> Axes:
        """Draw penalties and rewards as bars, or impact asymmetry over the range of impact.

        Parameters
        ----------
        kind : {"bars", "map"}, default "bars"
            Bars to the left and to the right, or the map of Mikulić and Prebežac.
        ax : Axes, optional
            Where to draw.

        Returns
        -------
        Axes
        """
        from servqual.plots.penalty_reward import plot_penalty_reward

        return plot_penalty_reward(self, kind=kind, ax=ax)

    def _say_class(self, row: pd.Series, shares: pd.Series, p_value: float) -> Statement:
        name = str(row["class"])
        what, factor = _FACTORS[name]
        text = (
            f"{row['label']}: reward {format_number(row['reward'], 2)}, penalty "
            f"{format_number(row['penalty'], 2)}"
        )
        if np.isfinite(p_value):
            verdict = "differ" if p_value < 1.0 - self.conf_level else "cannot be told apart"
            text += f"; their sizes {verdict} (adjusted {say_p(p_value)})"
        text += f". Impact asymmetry is {format_number(row['impact_asymmetry'], 2)}"
        if np.isfinite(row["conf_low"]):
            text += (
                f" ({self.conf_level:.0%} interval {format_number(row['conf_low'], 2)} to "
                f"{format_number(row['conf_high'], 2)})"
            )
        text += f", by the cut points a {name}: it {what} ({factor} factor)."
        inner, outer = self.class_cuts
        return Statement(
            str(row["term"]),
            text + _say_support(float(shares[name]), float(shares["indeterminate"])),
            f"classes of impact asymmetry, cut at ±{inner:g} and ±{outer:g}: labels for numbers",
            _MIKULIC,
        )

    def _say_indeterminate(self, row: pd.Series) -> Statement:
        rows = self.coefficients[self.coefficients["term"] == row["term"]].set_index("kind")
        reward, penalty = float(row["reward"]), float(row["penalty"])
        text = (
            f"{row['label']} has no class: reward {format_number(reward, 2)}, penalty "
            f"{format_number(penalty, 2)}. "
        )
        wrong = [
            name
            for name, is_wrong in (("reward", reward < 0.0), ("penalty", penalty > 0.0))
            if is_wrong
        ]
        if len(wrong) != 1:
            text += "Both have the wrong sign." if wrong else "Both are zero."
        else:
            name = wrong[0]
            text += f"The {name} has the wrong sign"
            limits = rows.loc[name, ["conf_low", "conf_high"]].to_numpy(dtype=np.float64)
            if limits[0] <= 0.0 <= limits[1]:
                factor = "a basic" if name == "reward" else "an excitement"
                text += f", but cannot be told from zero; at zero, this is {factor} factor."
            elif np.isfinite(limits).all():
                text += (
                    ", beyond chance. Look for dimensions that overlap with this one, or for "
                    "another link than low, middle, high."
                )
            else:
                text += "."
        return Statement(str(row["term"]), text, "wrong signs have no class", _MIKULIC)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        names = ["term", "kind", "n", "estimate", "std_error", "p_value", "conf_low", "conf_high"]
        coefficients = self.coefficients[names].copy()
        coefficients["n"] = [format_number(value, 0) for value in coefficients["n"]]
        asymmetry = self.asymmetry[
            ["term", "range", "impact_asymmetry", "conf_low", "conf_high", "class"]
        ].copy()
        asymmetry["p_symmetry"] = [format_p(value) for value in self.symmetry["p_adjusted"]]
        heading = f"Outcome: {self.outcome}; {self.on}; standard errors: {self.covariance}"
        return [
            (heading, coefficients),
            (f"Groups: {self.rule}", asymmetry),
            (
                "Bootstrap probability of each class",
                self.classes.drop(columns=["label", "n_draws"]),
            ),
        ]


def _say_support(share: float, wrong: float) -> str:
    """How many resamples agree with a class; nothing without resamples."""
    if not np.isfinite(share):
        return ""
    text = f" {'' if share >= 0.5 else 'Only '}{share:.0%} of the resamples agree"
    if share < 0.5:
        text += ", so the class is not settled"
    if wrong >= 0.1:
        text += f"; {wrong:.0%} have a wrong sign"
    return text + "."


def penalty_reward(
    survey: Survey,
    *,
    outcome: str = "satisfaction",
    on: On = "perception",
    predictors: PredictorLevel | Sequence[str] = "dimensions",
    coding: ContrastCoding = "quantile",
    share: float | None = None,
    low: float | None = None,
    high: float | None = None,
    class_cuts: tuple[float, float] = (0.2, 0.7),
    covariates: Sequence[str] = (),
    covariance: Covariance | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 1,
    progress: ProgressOption = None,
) -> PenaltyRewardResult:
    """Regress an outcome on who is low and who is high: what costs, and what earns.

    Each score is turned into two columns: low (1 for respondents with a low score) and high. The
    coefficient of the first is the penalty, that of the second the reward, both against the
    respondents in between. Impact asymmetry says which of the two is larger.

    Parameters
    ----------
    survey : Survey
        With an outcome.
    outcome : str, default "satisfaction"
        An outcome of the survey, or one of its columns.
    on : str, default "perception"
        Side or difference whose scores are grouped.
    predictors : {"dimensions", "items", "overall"} or sequence of str, default "dimensions"
        Level of the scores, or names.
    coding : {"quantile", "scale", "sd", "gap-sign"}, default "quantile"
        Who is low and who is high: the lowest and the highest `share` of the respondents, as near
        as repeated scores allow; fixed points of the answer scale; a standard deviation from the
        mean; the sign of a gap.
    share : float, default 0.25
        Of respondents in each tail, for ``"quantile"``.
    low, high : float, optional
        For ``"scale"``: who has `low` or less is low, who has `high` or more is high. Default: the
        lowest and the highest third of the answer scale (3 and 5 from 1 to 7).
    class_cuts : tuple of float, default (0.2, 0.7)
        Impact asymmetry within ± the first is a hybrid; beyond ± the second, a frustrator or a
        delighter; between them, a dissatisfier or a satisfier. With 1 as the second there are three
        classes.
    covariates : sequence of str, default ()
        Further variables of the survey, taken as they are.
    covariance : str, optional
        ``"HC3"`` (default), ``"nonrobust"`` for classical standard errors, ``"HC0"`` to ``"HC2"``;
        with `cluster` ``"CR2"`` or ``"CR1"``. Default with clusters: CR2 below 40 of them.
    cluster : str, optional
        Grouping variable of the survey within which respondents may be alike.
    conf_level : float, default 0.95
        Coverage of the intervals.
    n_resamples : int, default 2000
        Bootstrap resamples; 0 for none, and then neither limits of impact asymmetry nor
        probabilities of classes.
    seed : int, default 1
        Seed of the bootstrap.
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstrap runs. None shows a bar where somebody
        is looking and the work is long, True always, False never.

    Returns
    -------
    PenaltyRewardResult

    Raises
    ------
    OptionError
        If a variable or an option does not exist, or options do not go together.
    EstimationError
        If too few respondents remain, the outcome is constant, no variable has a group to contrast,
        or frequency weights stand for more than five million respondents.
    NotIdentifiedError
        If groups repeat each other, such as those of two equal dimensions.

    Warns
    -----
    SmallSampleWarning
        If a group holds less than 5% of the respondents, or there are too few clusters: 20 for CR1
        and for the bootstrap, five (or four degrees of freedom) for CR2.
    WeightsWarning
        If classical standard errors are asked for with sampling weights.

    Notes
    -----
    A group without respondents has no coefficient (nan), and a note names it. A reward below zero
    or a penalty above it makes the dimension indeterminate; nothing is set to zero. Cut points stay
    where the sample put them in all resamples. Limits of impact asymmetry are percentiles of the
    draws in which it exists.

    References
    ----------
    Brandt, R. D. (1987). A procedure for identifying value-enhancing service components using
    customer satisfaction survey data. In C. Surprenant (Ed.), *Add value to your service*
    (pp. 61–65). American Marketing Association.

    Mikulić, J., & Prebežac, D. (2008). Prioritizing improvement of service attributes using impact
    range-performance analysis and impact-asymmetry analysis. *Managing Service Quality*, 18(6),
    559–576. https://doi.org/10.1108/09604520810920068

    Mikulić, J., & Prebežac, D. (2012). Using dummy regression to explore asymmetric effects in
    tourist satisfaction: A cautionary note. *Tourism Management*, 33(3), 713–716.
    https://doi.org/10.1016/j.tourman.2011.08.005

    Examples
    --------
    >>> import servqual as sq
    >>> result = sq.penalty_reward(sq.load_example("bank"), n_resamples=200)
    >>> result.tidy()["kind"].tolist()[:3]
    ['intercept', 'penalty', 'reward']
    >>> result.asymmetry["term"].tolist()
    ['tangibles', 'reliability', 'responsiveness', 'assurance', 'empathy']
    """
    check_conf_level(conf_level)
    resamples, seed = check_bootstrap(n_resamples, seed)
    survey = require_survey(survey, "penalty_reward")
    check_covariance(covariance, cluster)
    cuts = _checked_class_cuts(class_cuts)
    rule = coding_rule(survey, on, coding, share, low, high)
    variables = model_variables(
        survey, outcome=outcome, on=on, predictors=predictors, analysis="penalty_reward"
    )
    model = build_contrast_model(
        survey,
        variables,
        model_covariates(survey, variables, covariates, on=on, analysis="penalty_reward"),
        rule,
    )
    fit = fit_contrasts(survey, model, covariance, cluster)
    draws = contrast_draws(
        survey, model, n_resamples=resamples, seed=seed, cluster=cluster, progress=progress
    )
    _warn(survey, model, fit)
    if draws is not None and cluster is not None:
        warn_of_few_clusters(cluster_codes(survey, cluster, model.keep), cluster, stacklevel=2)
    asymmetry = asymmetry_table(model, fit, draws, cuts, conf_level)
    notes = [*contrast_notes(model), *_sign_notes(asymmetry), *fit.notes]
    n_degenerate = _count_degenerate(model, draws)
    if resamples == 0:
        notes.append(
            "No resamples were asked for, so impact asymmetry has no limits and the classes have "
            "no probabilities."
        )
    if n_degenerate:
        notes.append(
            f"In {n_degenerate} of {resamples} resamples a group was empty or groups repeated each "
            "other; coefficients that do not exist there do not count."
        )
    return PenaltyRewardResult(
        sample=SampleInfo(model.moments.n_obs, model.n_excluded, "listwise", survey.weight_kind),
        outcome=outcome,
        on=on,
        coding=coding,
        rule=rule.words,
        covariance=fit.covariance,
        cluster=cluster or "",
        coefficients=coefficient_table(model, fit, draws, conf_level),
        asymmetry=asymmetry,
        symmetry=symmetry_table(model, fit, conf_level),
        classes=class_table(model, draws, cuts),
        cells=model.groups.cells,
        class_cuts=cuts,
        r_squared=fit.r_squared,
        adj_r_squared=fit.adj_r_squared,
        conf_level=conf_level,
        n_resamples=resamples,
        n_degenerate=n_degenerate,
        seed=seed,
        notes=tuple(notes),
    )


def _checked_class_cuts(cuts: object) -> tuple[float, float]:
    try:
        inner, outer = (float(value) for value in cuts)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        inner = outer = np.nan
    if not 0.0 < inner <= outer <= 1.0:
        raise OptionError(
            f"`class_cuts` is {cuts!r}, but must be two numbers above 0 and up to 1, the smaller "
            "first, such as (0.2, 0.7)."
        )
    return inner, outer


def _warn(survey: Survey, model: ContrastModel, fit: ContrastFit) -> None:
    small = small_cells(model.groups)
    if small:
        warnings.warn(
            f"These groups hold less than 5% of the respondents, so few people decide their "
            f"coefficients: {shorten(small)}. Use another `coding`, or other cut points.",
            SmallSampleWarning,
            stacklevel=3,
        )
    warn_of_weights(survey.weight_kind, fit.covariance, stacklevel=3)


def _sign_notes(asymmetry: pd.DataFrame) -> list[str]:
    notes = []
    for kind, wrong in (
        ("reward below zero", asymmetry["reward"] < 0.0),
        ("penalty above zero", asymmetry["penalty"] > 0.0),
    ):
        if wrong.any():
            notes.append(
                f"A {kind} is the wrong sign, so there is no impact asymmetry: "
                f"{shorten(asymmetry.loc[wrong, 'term'])}."
            )
    return notes


def _count_degenerate(model: ContrastModel, draws: FloatArray | None) -> int:
    return 0 if draws is None else int(np.isnan(draws[:, 1:]).any(axis=1).sum())
