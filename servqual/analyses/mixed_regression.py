"""Regression with a random intercept for each group, such as each branch."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servqual.analyses.linear_regression import (
    coefficient_table,
    design_moments,
    excluded_note,
)
from servqual.analyses.regression_design import RegressionDesign
from servqual.analyses.regression_result import RegressionResult, fit_row
from servqual.analyses.simple_slopes import interaction_tests, johnson_neyman, simple_slopes
from servqual.errors import EstimationError, OptionError
from servqual.numerics.mixed_model import RandomIntercept, random_intercept
from servqual.results import SampleInfo
from servqual.samplestats.moments import Moments
from servqual.typing import IntArray, On

__all__ = ["random_intercepts"]

#: Groups below which a variance between them is hardly known.
_FEW_GROUPS = 5


def random_intercepts(
    design: RegressionDesign, random: str, *, on: On, conf_level: float
) -> RegressionResult:
    """Fit a linear mixed model with a random intercept per group, by REML.

    Parameters
    ----------
    design : RegressionDesign
        Outcome, predictors, moderators and covariates, of respondents that have a group.
    random : str
        Grouping variable.
    on : str
        Of which scores the predictors are.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    RegressionResult
    """
    survey = design.survey
    _check_apart(design, random)
    moments = design_moments(design)
    codes = survey.group_codes(random)[0][design.keep]
    _check_groups(codes, random)
    rows = design.complete
    fit = random_intercept(
        np.column_stack([np.ones(len(rows)), rows[:, :-1]]),
        rows[:, -1],
        codes,
        counts=design.weights,
    )
    size = len(design.terms)
    test = fit.joint_test(np.eye(size + 1)[1:])
    notes = [*excluded_note(moments), *design.notes, *_notes(fit, random)]
    of_moderators = np.full(len(design.moderators), np.nan)
    if design.moderators:
        notes.append(
            "What products add to R², and Johnson–Neyman bounds, are for least squares; with "
            "random intercepts they are missing."
        )
    return RegressionResult(
        sample=SampleInfo(
            design.n_obs, survey.n_respondents - design.n_obs, "listwise", survey.weight_kind
        ),
        outcome=design.outcome,
        on=on,
        covariance="nonrobust",
        cluster="",
        conf_level=conf_level,
        coefficients=coefficient_table(design.terms, design.labels, fit, moments, conf_level),
        fit=_summary(fit, moments, test.statistic, test.df_denominator, test.p_value),
        notes=tuple(notes),
        random=random,
        interactions=interaction_tests(design, fit, of_moderators),
        simple_slopes=simple_slopes(design, fit, conf_level),
        johnson_neyman=johnson_neyman(design, fit, conf_level),
        bases=design.bases,
        variance_components=_components(fit, random),
        random_effects=_effects(design, fit, random),
    )


def _check_groups(codes: IntArray, random: str) -> None:
    n_groups = len(np.unique(codes))
    if n_groups < 2:
        raise EstimationError(
            f'All respondents of this analysis are in one group of "{random}", but random '
            "intercepts need at least two. Leave `random` out."
        )
    if n_groups == len(codes):
        raise EstimationError(
            f'Each of the {n_groups:,} respondents is alone in a group of "{random}", so what '
            "groups differ by cannot be told from what respondents differ by. Leave `random` out."
        )


def _check_apart(design: RegressionDesign, random: str) -> None:
    taken = [term for term in design.terms if term.startswith(f"{random}: ")]
    if taken:
        raise OptionError(
            f'"{random}" is in `random` and in `by` or `covariates`: its groups cannot have '
            "intercepts that are fixed and random. Leave it out of one of them."
        )


def _notes(fit: RandomIntercept, random: str) -> list[str]:
    notes = [
        "R² is the share that the fixed effects explain (marginal); adjusted R² does not exist."
    ]
    if fit.is_boundary:
        notes.append(
            f"The variance between the groups of {random} is estimated as zero: they differ no "
            "more than respondents within them, and the model is that of least squares."
        )
    if fit.group_sizes.size < _FEW_GROUPS:
        notes.append(
            f"There are {fit.group_sizes.size} groups of {random}; a variance between so few is "
            f'hardly known. With `covariates=["{random}"]` their intercepts are estimated instead.'
        )
    return notes


def _explained(fit: RandomIntercept, moments: Moments) -> tuple[float, float]:
    """Marginal and conditional R² of Nakagawa and Schielzeth."""
    slopes = fit.coefficients[1:]
    fixed = float(slopes @ moments.covariance()[:-1, :-1] @ slopes)
    total = fixed + fit.variance_between + fit.variance_within
    return fixed / total, (fixed + fit.variance_between) / total


def _summary(
    fit: RandomIntercept, moments: Moments, statistic: float, df: float, p_value: float
) -> pd.DataFrame:
    marginal, conditional = _explained(fit, moments)
    n_parameters = fit.coefficients.size + 2
    return fit_row(
        r_squared=marginal,
        sigma=np.sqrt(fit.variance_within),
        f_statistic=statistic,
        df_model=fit.coefficients.size - 1,
        df_residual=df,
        p_value=p_value,
        aic=fit.criterion + 2.0 * n_parameters,
        bic=fit.criterion + float(np.log(fit.n_obs)) * n_parameters,
        loglik=-0.5 * fit.criterion,
        n_clusters=fit.group_sizes.size,
        r_squared_conditional=conditional,
        icc=fit.variance_between / (fit.variance_between + fit.variance_within),
    )


def _components(fit: RandomIntercept, random: str) -> pd.DataFrame:
    variance = np.array([fit.variance_between, fit.variance_within])
    return pd.DataFrame(
        {
            "term": [random, "residual"],
            "variance": variance,
            "std_dev": np.sqrt(variance),
            "share": variance / variance.sum(),
            "statistic": [fit.ratio_statistic, np.nan],
            "p_value": [fit.ratio_p, np.nan],
        }
    )


def _effects(design: RegressionDesign, fit: RandomIntercept, random: str) -> pd.DataFrame:
    codes, levels, _ = design.survey.group_codes(random)
    present = np.unique(codes[design.keep])
    return pd.DataFrame(
        {
            "group": [levels[code][0] for code in present],
            "n": fit.group_sizes.astype(np.int64),
            "estimate": fit.group_effects,
            "std_error": fit.group_errors,
        }
    )
