"""How well a regression predicts respondents that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from servqual.numerics.cross_validation import cross_validated_fit
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number
from servqual.typing import check_whole

__all__ = ["CrossValidationResult", "cross_validate"]


@dataclass(frozen=True, repr=False)
class CrossValidationResult(Result):
    """R² of a regression for respondents that it has not seen.

    Attributes
    ----------
    sample : SampleInfo
        Respondents of the regression.
    outcome : str
        What is predicted.
    r_squared : float
        Mean over the repeats.
    std_dev : float
        Standard deviation of the repeats: what the division by chance does, not the error of the
        sample. nan for one repeat.
    rmse : float
        Root of the mean squared error of prediction, in points of the outcome.
    in_sample : float
        R² of the regression itself.
    repeats : DataFrame
        repeat, r_squared, rmse.
    folds : DataFrame
        repeat, fold, n (weighted with sampling weights), r_squared: against the mean of the other
        folds.
    n_folds, n_repeats, seed : int
        Of the division.
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Cross-validation"

    sample: SampleInfo
    outcome: str
    r_squared: float
    std_dev: float
    rmse: float
    in_sample: float
    repeats: pd.DataFrame
    folds: pd.DataFrame
    n_folds: int
    n_repeats: int
    seed: int
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Return one row per repeat."""
        return self.repeats.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row about the whole."""
        return pd.DataFrame(
            {
                "outcome": [self.outcome],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "r_squared": [self.r_squared],
                "std_dev": [self.std_dev],
                "rmse": [self.rmse],
                "in_sample": [self.in_sample],
                "n_folds": [self.n_folds],
                "n_repeats": [self.n_repeats],
                "seed": [self.seed],
            }
        )

    def interpret(self) -> Interpretation:
        """Say what is left of R².

        Returns
        -------
        Interpretation
        """
        if not np.isfinite(self.r_squared):
            return Interpretation((Statement("cross-validation", "There is nothing to compare."),))
        text = (
            f"For respondents that it has not seen, the regression explains "
            f"{format_number(100 * self.r_squared, 0)}% of the variance of {self.outcome}, against "
            f"{format_number(100 * self.in_sample, 0)}% for those that it was fitted to."
        )
        if self.r_squared < 0.0:
            text += " Negative: the plain mean predicts better."
        return Interpretation((Statement("cross-validation", text),))

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        heading = f"Outcome: {self.outcome}; {self.n_repeats} × {self.n_folds} folds"
        return [(heading, self.glance().drop(columns=["outcome", "n_obs", "n_excluded"]))]


def cross_validate(
    model: Any,
    sample: SampleInfo,
    outcome: str,
    in_sample: float,
    *,
    n_folds: int,
    n_repeats: int,
    seed: int,
    cluster: str = "",
) -> CrossValidationResult:
    """Fit a regression to all folds but one, and predict that one, in turn.

    Parameters
    ----------
    model : statsmodels RegressionResults
        The regression.
    sample : SampleInfo
        Its respondents.
    outcome : str
        Its outcome.
    in_sample : float
        Its R².
    n_folds, n_repeats, seed : int
        As in `RegressionResult.cross_validate`.
    cluster : str, default ""
        Grouping variable within which respondents may be alike; for the notes.

    Returns
    -------
    CrossValidationResult
    """
    n_folds = check_whole("n_folds", n_folds, 2)
    n_repeats = check_whole("n_repeats", n_repeats, 1)
    seed = check_whole("seed", seed, 0)
    errors = cross_validated_fit(
        np.asarray(model.model.exog, dtype=np.float64)[:, 1:],
        np.asarray(model.model.endog, dtype=np.float64),
        n_folds=n_folds,
        n_repeats=n_repeats,
        seed=seed,
        weights=model.model.weights if sample.weights == "sampling" else None,
    )
    squared, about_mean = errors.squared.sum(axis=1), errors.about_mean.sum(axis=1)
    r_squared = 1.0 - squared / about_mean
    rmse = np.sqrt(squared / errors.size.sum(axis=1))
    n_lost = int(np.isnan(errors.squared).any(axis=1).sum())
    notes = []
    if n_lost:
        notes.append(
            f"In {n_lost} of {n_repeats} repeats a fold held all answers by which a predictor "
            "varies, so the others did not determine the fit; these repeats do not count."
        )
    if cluster:
        notes.append(
            f"Folds divide respondents, not groups of {cluster}: this is about further respondents "
            "of the same groups, and may be too good for others."
        )
    known = r_squared[np.isfinite(r_squared)]
    if known.size < 2:
        notes.append("Fewer than two repeats, so there is no standard deviation.")
    return CrossValidationResult(
        sample=sample,
        outcome=outcome,
        r_squared=float(known.mean()) if known.size else float("nan"),
        std_dev=float(known.std(ddof=1)) if known.size > 1 else float("nan"),
        rmse=float(np.sqrt(np.nanmean(rmse**2))) if known.size else float("nan"),
        in_sample=in_sample,
        repeats=pd.DataFrame(
            {"repeat": np.arange(1, n_repeats + 1), "r_squared": r_squared, "rmse": rmse}
        ),
        folds=pd.DataFrame(
            {
                "repeat": np.repeat(np.arange(1, n_repeats + 1), n_folds),
                "fold": np.tile(np.arange(1, n_folds + 1), n_repeats),
                "n": errors.size.ravel(),
                "r_squared": (1.0 - _divided(errors.squared, errors.about_mean)).ravel(),
            }
        ),
        n_folds=n_folds,
        n_repeats=n_repeats,
        seed=seed,
        notes=tuple(notes),
    )


def _divided(errors: Any, total: Any) -> Any:
    """Errors over their total; nan in a fold without spread."""
    return np.where(total > 0.0, errors / np.where(total > 0.0, total, 1.0), np.nan)
