"""Tables of penalties and rewards: coefficients, impact asymmetry, symmetry, classes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servqual.analyses.adjustment import adjust_p_values
from servqual.analyses.contrast_fit import ContrastFit, ContrastModel
from servqual.numerics.bootstrap import percentile_interval
from servqual.numerics.contrast_coding import asymmetry_class, impact_asymmetry
from servqual.numerics.location import MeanTest, mean_test
from servqual.typing import BoolArray, FloatArray

__all__ = [
    "CLASSES",
    "NOT_ESTIMATED",
    "asymmetry_table",
    "class_table",
    "coefficient_table",
    "symmetry_table",
]

#: Classes of impact asymmetry, from −1 to 1, and what has none.
CLASSES = ("frustrator", "dissatisfier", "hybrid", "satisfier", "delighter", "indeterminate")

#: Class of a variable of which a group is empty.
NOT_ESTIMATED = "not estimated"


def _limits(
    draws: FloatArray | None, size: int, conf_level: float
) -> tuple[FloatArray, FloatArray]:
    if draws is None:
        return np.full(size, np.nan), np.full(size, np.nan)
    interval = percentile_interval(draws, conf_level)
    return interval.low, interval.high


def _of_pairs(model: ContrastModel, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rewards and penalties of all variables, last axis, from all coefficients; nan without one."""
    padded = np.concatenate([values, np.full((*values.shape[:-1], 1), np.nan)], axis=-1)
    # Place −1, of a coefficient that does not exist, is the padding.
    return padded[..., model.high_places], padded[..., model.low_places]


def _combination(
    model: ContrastModel, fit: ContrastFit, sign: float, conf_level: float
) -> MeanTest:
    """Reward plus `sign` times penalty of each variable, tested against zero; nan without one."""
    size = fit.inference.coefficients.size
    contrasts = np.zeros((len(model.variables.terms), size))
    exists = (model.high_places >= 0) & (model.low_places >= 0)
    rows = np.flatnonzero(exists)
    contrasts[rows, model.high_places[rows]] = 1.0
    contrasts[rows, model.low_places[rows]] = sign
    return _tested(fit, contrasts, exists, conf_level)


def _tested(
    fit: ContrastFit, contrasts: FloatArray, exists: BoolArray, conf_level: float
) -> MeanTest:
    """Test linear combinations of coefficients; nan for those that do not exist."""
    inference = fit.inference
    estimates, errors, df = np.full((3, len(contrasts)), np.nan)
    chosen = contrasts[exists]
    if len(chosen):
        estimates[exists] = chosen @ inference.coefficients
        variances = np.einsum("ij,jk,ik->i", chosen, inference.covariance, chosen)
        errors[exists] = np.sqrt(variances)
        df[exists] = inference.degrees_of_freedom(chosen)
    return mean_test(estimates, errors, df, conf_level=conf_level)


def coefficient_table(
    model: ContrastModel, fit: ContrastFit, draws: FloatArray | None, conf_level: float
) -> pd.DataFrame:
    """Intercept, penalty and reward of each variable, covariates.

    Parameters
    ----------
    model : ContrastModel
        From `build_contrast_model`.
    fit : ContrastFit
        From `fit_contrasts`.
    draws : FloatArray or None
        From `contrast_draws`.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        As `PenaltyRewardResult.coefficients`.
    """
    cells = model.groups.cells
    rows = [("(Intercept)", "Intercept", "intercept", np.nan, np.nan, 0)]
    for place, (term, label) in enumerate(
        zip(model.variables.terms, model.variables.labels, strict=True)
    ):
        for kind, group, column in (
            ("penalty", "low", model.low_places[place]),
            ("reward", "high", model.high_places[place]),
        ):
            n, share = cells[f"n_{group}"].iloc[place], cells[f"share_{group}"].iloc[place]
            rows.append((term, label, kind, float(n), float(share), int(column)))
    first = 1 + len(model.dummies)
    if model.covariates is not None:
        names = zip(model.covariates.terms, model.covariates.labels, strict=True)
        rows += [
            (term, label, "covariate", np.nan, np.nan, first + place)
            for place, (term, label) in enumerate(names)
        ]
    table = pd.DataFrame(rows, columns=["term", "label", "kind", "n", "share", "place"])
    places = table.pop("place").to_numpy(dtype=np.int64)
    size = fit.inference.coefficients.size
    # Place −1, of a coefficient that does not exist, is the row of zeros.
    contrasts = np.vstack([np.eye(size), np.zeros(size)])[places]
    test = _tested(fit, contrasts, places >= 0, conf_level)
    low, high = (np.append(part, np.nan)[places] for part in _limits(draws, size, conf_level))
    return table.assign(
        estimate=test.estimate,
        std_error=test.std_error,
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        conf_low=test.conf_low,
        conf_high=test.conf_high,
        boot_low=low,
        boot_high=high,
    )


def asymmetry_table(
    model: ContrastModel,
    fit: ContrastFit,
    draws: FloatArray | None,
    cuts: tuple[float, float],
    conf_level: float,
) -> pd.DataFrame:
    """Range, potentials, impact asymmetry and class of each variable.

    Parameters
    ----------
    model : ContrastModel
        From `build_contrast_model`.
    fit : ContrastFit
        From `fit_contrasts`.
    draws : FloatArray or None
        From `contrast_draws`.
    cuts : tuple of float
        Cut points between the classes.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        As `PenaltyRewardResult.asymmetry`.
    """
    reward, penalty = _of_pairs(model, fit.inference.coefficients)
    found = impact_asymmetry(reward, penalty)
    interval = _combination(model, fit, -1.0, conf_level)
    impact_range = interval.estimate
    of_draws = None
    if draws is not None:
        of_draws = impact_asymmetry(*_of_pairs(model, draws)).impact_asymmetry
    low, high = _limits(of_draws, reward.size, conf_level)
    estimated = np.isfinite(impact_range)
    places = asymmetry_class(found.impact_asymmetry, cuts)
    shares = _class_shares(model, draws, cuts)
    mean_range = np.nanmean(impact_range) if estimated.any() else np.nan
    return pd.DataFrame(
        {
            "term": list(model.variables.terms),
            "label": list(model.variables.labels),
            "reward": reward,
            "penalty": penalty,
            "range": impact_range,
            "range_low": interval.conf_low,
            "range_high": interval.conf_high,
            "satisfaction_potential": found.satisfaction_potential,
            "dissatisfaction_potential": found.dissatisfaction_potential,
            "impact_asymmetry": found.impact_asymmetry,
            "conf_low": np.where(np.isnan(found.impact_asymmetry), np.nan, low),
            "conf_high": np.where(np.isnan(found.impact_asymmetry), np.nan, high),
            "class": np.where(estimated, np.array(CLASSES)[places], NOT_ESTIMATED),
            "class_probability": np.where(
                estimated, shares[np.arange(reward.size), places], np.nan
            ),
            "importance": np.where(
                estimated, np.where(impact_range > mean_range, "high", "low"), NOT_ESTIMATED
            ),
        }
    )


def symmetry_table(model: ContrastModel, fit: ContrastFit, conf_level: float) -> pd.DataFrame:
    """Test that reward and penalty cancel out, which they do if equally large.

    Parameters
    ----------
    model : ContrastModel
        From `build_contrast_model`.
    fit : ContrastFit
        From `fit_contrasts`.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        As `PenaltyRewardResult.symmetry`.
    """
    test = _combination(model, fit, 1.0, conf_level)
    return pd.DataFrame(
        {
            "term": list(model.variables.terms),
            "label": list(model.variables.labels),
            "estimate": test.estimate,
            "std_error": test.std_error,
            "statistic": test.statistic,
            "df": test.df,
            "p_value": test.p_value,
            "p_adjusted": adjust_p_values(test.p_value, "holm"),
            "conf_low": test.conf_low,
            "conf_high": test.conf_high,
        }
    )


def _class_shares(
    model: ContrastModel, draws: FloatArray | None, cuts: tuple[float, float]
) -> FloatArray:
    """Share of the draws in each class, shape (n_variables, n_classes)."""
    size = len(model.variables.terms)
    if draws is None:
        return np.full((size, len(CLASSES)), np.nan)
    reward, penalty = _of_pairs(model, draws)
    exists = ~np.isnan(reward + penalty)
    places = asymmetry_class(impact_asymmetry(reward, penalty).impact_asymmetry, cuts)
    counts = [((places == place) & exists).sum(axis=0) for place in range(len(CLASSES))]
    n_draws = exists.sum(axis=0)
    shares: FloatArray = np.column_stack(counts) / np.where(n_draws > 0, n_draws, np.nan)[:, None]
    return shares


def class_table(
    model: ContrastModel, draws: FloatArray | None, cuts: tuple[float, float]
) -> pd.DataFrame:
    """Share of the draws in each class.

    Parameters
    ----------
    model : ContrastModel
        From `build_contrast_model`.
    draws : FloatArray or None
        From `contrast_draws`.
    cuts : tuple of float
        Cut points between the classes.

    Returns
    -------
    DataFrame
        As `PenaltyRewardResult.classes`.
    """
    shares = _class_shares(model, draws, cuts)
    n_draws = np.zeros(len(shares), dtype=np.int64)
    if draws is not None:
        n_draws = (~np.isnan(sum(_of_pairs(model, draws)))).sum(axis=0).astype(np.int64)
    return pd.DataFrame(
        {
            "term": list(model.variables.terms),
            "label": list(model.variables.labels),
            **dict(zip(CLASSES, shares.T, strict=True)),
            "n_draws": n_draws,
        }
    )
