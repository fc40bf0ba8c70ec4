"""Nested models against each other, and whether groups answer by the same model."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from servqual.analyses.structural import ORDINAL, StructuralResult, cfa, instrument_model
from servqual.analyses.structural_data import StructuralInput, group_labels_of
from servqual.analyses.structural_estimation import Estimate
from servqual.errors import OptionError, shorten
from servqual.model_language.parameter_table import build_parameter_table
from servqual.numerics.ordinal_fit import ordinal_difference
from servqual.numerics.ordinal_moments import OrdinalMoments
from servqual.numerics.scaled_difference import DifferenceTest, difference_test
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    format_p,
    not_in_json,
)
from servqual.typing import Estimator, FactorStructure, On, StructuralMissing

__all__ = [
    "InvarianceResult",
    "ModelComparisonResult",
    "compare_fits",
    "compare_models",
    "invariance",
]

#: Level of invariance → what is equal across groups.
LEVELS: dict[str, tuple[str, ...]] = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}

#: The same for ordinal answers, whose intercepts are fixed until thresholds are equal.
ORDINAL_LEVELS: dict[str, tuple[str, ...]] = {
    "configural": (),
    "thresholds": ("thresholds",),
    "metric": ("thresholds", "loadings"),
    "scalar": ("thresholds", "loadings", "intercepts"),
}

#: Fall of CFI from which a level does not hold (Cheung & Rensvold 2002).
_CFI_FALL = 0.010


@dataclass(frozen=True, repr=False, eq=False)
class ModelComparisonResult(Result):
    """Nested models side by side, each tested against the freer one before it.

    Attributes
    ----------
    sample : SampleInfo
        For whom the models speak.
    estimator : str
        Of all of them.
    models : DataFrame
        model (its place in the call), n_parameters, chi2, df, scaling_factor, cfi, rmsea, srmr,
        aic, bic, delta_chi2, delta_df, p_value, delta_cfi, delta_rmsea, delta_srmr; the freest
        first. With robust estimators cfi and rmsea are the robust ones, and delta_chi2 is scaled.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Comparison of models"

    sample: SampleInfo
    estimator: str
    models: pd.DataFrame
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per model, the freest first."""
        return self.models.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, number of models, the smallest information criteria."""
        return pd.DataFrame(
            {
                "estimator": [self.estimator],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_models": [len(self.models)],
                "smallest_aic": [self.models["aic"].min()],
                "smallest_bic": [self.models["bic"].min()],
            }
        )

    def interpret(self) -> Interpretation:
        """Put each test into words.

        Returns
        -------
        Interpretation
        """
        said = []
        rows = self.models.to_dict("records")
        for freer, row in itertools.pairwise(rows):
            said.append(
                Statement(
                    str(row["model"]),
                    f"{row['model']} against {freer['model']}: Δχ²({int(row['delta_df'])}) = "
                    f"{format_number(row['delta_chi2'], 2)}, p = {format_p(row['p_value'])}, "
                    f"ΔCFI {format_number(row['delta_cfi'])}.",
                )
            )
        return Interpretation(tuple(said))


@dataclass(frozen=True, repr=False, eq=False)
class InvarianceResult(Result):
    """Whether groups answer by the same model: from the same pattern to equal residuals.

    Attributes
    ----------
    sample : SampleInfo
        For whom it speaks.
    estimator : str
        How the models were estimated.
    group_by : str
        Grouping variable; empty for groups of moments.
    groups : tuple of str
        Names of the groups.
    levels : DataFrame
        level (configural, metric, scalar, strict; for ordinal answers configural, thresholds,
        metric, scalar), chi2, df, scaling_factor, cfi, rmsea, srmr,
        delta_chi2, delta_df, p_value, delta_cfi, delta_rmsea, delta_srmr; each level against the
        one before. With robust estimators cfi and rmsea are the robust ones, and delta_chi2 is
        scaled.
    latent_means : DataFrame
        factor, group, estimate, std_error, statistic, p_value, conf_low, conf_high: means of the
        scalar model, those of the first group being 0.
    free : tuple of str
        Parameters that are not held equal.
    notes : tuple of str
        What a reader should know.
    """

    title: ClassVar[str] = "Measurement invariance"

    sample: SampleInfo
    estimator: str
    group_by: str
    groups: tuple[str, ...]
    levels: pd.DataFrame
    latent_means: pd.DataFrame
    free: tuple[str, ...]
    notes: tuple[str, ...] = ()
    fits: dict[str, StructuralResult] = not_in_json()  # noqa: RUF009

    def tidy(self) -> pd.DataFrame:
        """Return one row per level."""
        return self.levels.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, groups, and the fit of the first and the last model."""
        first, last = self.levels.iloc[0], self.levels.iloc[-1]
        return pd.DataFrame(
            {
                "estimator": [self.estimator],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_groups": [len(self.groups)],
                "configural_cfi": [first["cfi"]],
                "configural_rmsea": [first["rmsea"]],
                "last_cfi": [last["cfi"]],
                "last_rmsea": [last["rmsea"]],
            }
        )

    def interpret(self) -> Interpretation:
        """Say which level holds, by the fall of CFI, with the source of the rule.

        Returns
        -------
        Interpretation
        """
        rows = self.levels.to_dict("records")
        said = []
        for row in rows[1:]:
            holds = row["delta_cfi"] >= -_CFI_FALL
            said.append(
                Statement(
                    str(row["level"]),
                    f"{str(row['level']).capitalize()} invariance "
                    + ("holds" if holds else "does not hold")
                    + f" by the fall of CFI: ΔCFI {format_number(row['delta_cfi'])}, "
                    f"Δχ²({int(row['delta_df'])}) = {format_number(row['delta_chi2'], 2)}, "
                    f"p = {format_p(row['p_value'])}.",
                    "ΔCFI ≥ −.010",
                    "Cheung & Rensvold 2002, https://doi.org/10.1207/S15328007SEM0902_5",
                )
            )
            if not holds:
                break
        return Interpretation(tuple(said))

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        return [("Levels", self.levels), ("Latent means (scalar model)", self.latent_means)]


def compare_models(*fits: StructuralResult) -> ModelComparisonResult:
    """Test nested models against each other, scaled where the estimator is robust.

    Parameters
    ----------
    *fits : StructuralResult
        Two or more results of `cfa` or `sem` for the same respondents and variables. Each is tested
        against the one with the next fewer degrees of freedom; that they are nested is for the
        caller to know.

    Returns
    -------
    ModelComparisonResult

    Raises
    ------
    OptionError
        If there are fewer than two, or they speak of other variables, respondents or estimators.

    References
    ----------
    Satorra, A., & Bentler, P. M. (2001). A scaled difference chi-square test statistic for moment
    structure analysis. *Psychometrika*, 66, 507-514. https://doi.org/10.1007/BF02296192

    Satorra, A. (2000). Scaled and adjusted restricted tests in multi-sample analysis of moment
    structures. In *Innovations in Multivariate Statistical Analysis*, 233-247. Kluwer.
    https://doi.org/10.1007/978-1-4615-4603-0_17 (for ordinal answers)

    Examples
    --------
    >>> import servqual as sq
    >>> survey = sq.load_example("bank")
    >>> five, one = sq.cfa(survey), sq.cfa(survey, structure="one-factor")
    >>> sq.compare_models(one, five).tidy()["delta_df"].iloc[1].item()
    10.0
    """
    for place, fit in enumerate(fits, start=1):
        if not isinstance(fit, StructuralResult):
            raise OptionError(
                f"`compare_models` was given {type(fit).__name__} as model {place}, but needs "
                "results of `cfa` or `sem`."
            )
    if len(fits) < 2:
        raise OptionError("`compare_models` needs at least two fitted models.")
    _check_comparable(fits)
    order = sorted(range(len(fits)), key=lambda place: fits[place].estimated.test.df)
    chosen = [fits[place] for place in order]
    table, notes = compare_fits(chosen)
    table.insert(0, "model", [f"model {place + 1}" for place in order])
    table.insert(1, "n_parameters", [fit.estimated.n_parameters for fit in chosen])
    for at, column in enumerate(["aic", "bic"]):
        table.insert(8 + at, column, [float(fit.fit[column].iloc[0]) for fit in chosen])
    return ModelComparisonResult(fits[0].sample, fits[0].estimator, table, notes)


def _check_comparable(fits: Sequence[StructuralResult]) -> None:
    first = fits[0]
    for place, fit in enumerate(fits[1:], start=2):
        if set(fit.model.observed) != set(first.model.observed):
            raise OptionError(
                f"Model {place} has other observed variables than model 1. Only models of the same "
                "variables can be compared by their tests."
            )
        if fit.estimator != first.estimator:
            raise OptionError(
                f'Model {place} was estimated by "{fit.estimator}", model 1 by '
                f'"{first.estimator}". Use the same estimator.'
            )
        if fit.sample.n_obs != first.sample.n_obs:
            raise OptionError(
                f"Model {place} speaks for {fit.sample.n_obs} respondents, model 1 for "
                f"{first.sample.n_obs}. Fit both to the same respondents."
            )


def _difference(restricted: Estimate, free: Estimate) -> DifferenceTest:
    """Test of one model within another, scaled as their own tests are."""
    if not restricted.ordinal or restricted.test.scaling_factor == 1.0:
        return difference_test(restricted.test, free.test)
    sides = [
        (
            one.representation.structure,
            one.solution.parameters,
            one.representation.reduction,
            one.test,
        )
        for one in (restricted, free)
    ]
    return ordinal_difference(sides[0], sides[1], _aligned(restricted, free))


def _aligned(restricted: Estimate, free: Estimate) -> list[OrdinalMoments]:
    """Data of both models, whose variables must stand in the same order."""
    if restricted.table.observed != free.table.observed:
        raise OptionError(
            "The models name their variables in another order. Write their lines in the same "
            "order, so that the test of ordinal answers can compare them."
        )
    return free.ordinal


def compare_fits(fits: Sequence[StructuralResult]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Figures of fit, and the change from each model to the next.

    Parameters
    ----------
    fits : sequence of StructuralResult
        Nested models, the freest first.

    Returns
    -------
    table : DataFrame
        One row per model.
    notes : tuple of str
        What could not be computed.
    """
    nothing = float("nan")
    names = ["chi2", "df", "scaling_factor", "cfi", "rmsea", "srmr"]
    names += ["delta_chi2", "delta_df", "p_value", "delta_cfi", "delta_rmsea", "delta_srmr"]
    rows: list[list[float]] = []
    notes: list[str] = []
    for place, fit in enumerate(fits):
        test, indices = fit.estimated.test, fit.estimated.indices
        own = [test.chi2, test.df, test.scaling_factor, indices.cfi, indices.rmsea]
        own.append(fit.estimated.srmr)
        change = [nothing] * 6
        if place:
            found = _difference(fit.estimated, fits[place - 1].estimated)
            before = rows[-1]
            change = [found.chi2, float(found.df), found.p_value]
            change += [own[at] - before[at] for at in (3, 4, 5)]
            if found.df > 0 and found.scaling_factor <= 0.0:
                notes.append(
                    "A scaled difference could not be computed: its scaling factor is not "
                    "positive, which happens in small samples."
                )
        rows.append([*own, *change])
    table = pd.DataFrame(rows, columns=names)
    table["df"] = table["df"].astype(int)
    return table, tuple(dict.fromkeys(notes))


def invariance(
    data: StructuralInput,
    model: str | None = None,
    *,
    by: str | None = None,
    on: On = "perception",
    structure: FactorStructure = "correlated",
    estimator: Estimator = "ML",
    missing: StructuralMissing = "listwise",
    free: Collection[str] = (),
    conf_level: float = 0.95,
) -> InvarianceResult:
    """Test whether groups answer by the same measurement model.

    Four models of increasing strictness are fitted: the same pattern of loadings (configural),
    equal loadings (metric), equal loadings and intercepts (scalar), and equal residual variances
    too (strict). Comparing means of groups needs the scalar level.

    With ordinal answers (``estimator="WLSMV"``) the order is thresholds, loadings, intercepts (Wu &
    Estabrook 2016), which needs three categories or more. Residual variances have no unit of their
    own there, so that there is no strict level.

    Parameters
    ----------
    data : Survey, DataFrame, or mapping of group to Moments
        Respondents' answers, a table of rows, or the moments of each group.
    model : str, optional
        In lavaan's syntax; by default made from the survey's instrument.
    by : str, optional
        Grouping variable or wave, for rows.
    on, structure, estimator, missing
        As in `cfa`.
    free : collection of str, default ()
        Parameters that are not held equal, such as ``"reliability =~ P7"`` or ``"P7 ~ 1"``:
        partial invariance.
    conf_level : float, default 0.95
        Coverage of the intervals of the latent means.

    Returns
    -------
    InvarianceResult

    Raises
    ------
    OptionError
        If there are no groups, or answers taken as ordinal have two categories only.
    ServqualError
        As `cfa`.

    References
    ----------
    Cheung, G. W., & Rensvold, R. B. (2002). Evaluating goodness-of-fit indexes for testing
    measurement invariance. *Structural Equation Modeling*, 9, 233-255.
    https://doi.org/10.1207/S15328007SEM0902_5

    Wu, H., & Estabrook, R. (2016). Identification of confirmatory factor analysis models of
    different levels of invariance for ordered categorical outcomes. *Psychometrika*, 81,
    1014-1045. https://doi.org/10.1007/s11336-016-9506-0

    Chen, F. F. (2007). Sensitivity of goodness of fit indexes to lack of measurement invariance.
    *Structural Equation Modeling*, 14, 464-504. https://doi.org/10.1080/10705510701301834

    Examples
    --------
    >>> import servqual as sq
    >>> model = "trust =~ P14 + P15 + P16 + P17"
    >>> sq.invariance(sq.load_example("bank"), model, by="wave").tidy()["level"].tolist()
    ['configural', 'metric', 'scalar', 'strict']
    """
    n_groups = len(group_labels_of(data, by))
    if n_groups < 2:
        raise OptionError("`invariance` compares groups; name a grouping variable with `by=`.")
    ordinal = estimator in ORDINAL
    orthogonal = std_lv = False
    if model is None:
        model, orthogonal = instrument_model(data, on, structure, orthogonal=False)
        std_lv = structure == "bifactor"

    def fit(level: str, equal: tuple[str, ...]) -> StructuralResult:
        return cfa(
            data,
            _freed(model, level, n_groups) if ordinal else model,
            estimator=estimator,
            missing=missing,
            by=by,
            equal=equal,
            free=free if equal else (),
            std_lv=std_lv,
            mean_structure=True,
            orthogonal=orthogonal,
            conf_level=conf_level,
        )

    fits = {"configural": fit("configural", ())}
    if ordinal:
        _require_three_categories(fits["configural"])
    levels = ORDINAL_LEVELS if ordinal else LEVELS
    fits |= {level: fit(level, equal) for level, equal in levels.items() if equal}
    first = fits["configural"]
    table, notes = compare_fits(list(fits.values()))
    table.insert(0, "level", list(fits))
    return InvarianceResult(
        first.sample,
        estimator,
        by or "",
        first.model.group_labels,
        table,
        _latent_means(fits["scalar"]),
        (free,) if isinstance(free, str) else tuple(free),
        notes,
        fits,
    )


def _freed(model: str, level: str, n_groups: int) -> str:
    """A model of ordinal answers in which equal thresholds leave the rest of a level free.

    Thresholds alone do not tell a shift of the answers from one of the factor, so that intercepts
    are free and factor means 0 in all groups until intercepts themselves are equal.
    """
    if level not in ("thresholds", "metric"):
        return model
    table = build_parameter_table(model)
    measured = dict.fromkeys(line.rhs for line in table.parameters if line.op == "=~")
    shift = ", ".join(["0", *["NA"] * (n_groups - 1)])
    zero = ", ".join(["0"] * n_groups)
    lines = [f"{name} ~ c({shift})*1" for name in measured if name in table.observed]
    lines += [f"{name} ~ c({zero})*1" for name in table.latent]
    return "\n".join([model, *lines])


def _require_three_categories(configural: StructuralResult) -> None:
    """Refuse items of two categories, whose only threshold tells no shift from a scale."""
    model = configural.model
    cuts = {line.lhs for line in model.parameters if line.op == "|" and line.rhs == "t2"}
    two = [name for name in model.observed if name not in cuts]
    if two:
        raise OptionError(
            f"These items have two categories: {shorten(two)}. Their levels of invariance cannot "
            "be told apart, because one threshold tells no shift from a scale. Compare models of "
            "your own by `compare_models`, or take answers as numbers."
        )


def _latent_means(fit: StructuralResult) -> pd.DataFrame:
    """Means of the latent variables of a model with equal intercepts."""
    table = fit.tidy()
    rows = table[(table["op"] == "~1") & table["lhs"].isin(fit.model.latent)]
    labels = [fit.model.group_labels[group - 1] for group in rows["group"]]
    columns = ["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]
    found = rows[columns].reset_index(drop=True)
    found.insert(0, "factor", rows["lhs"].to_list())
    found.insert(1, "group", labels)
    return found
