"""Gaps of latent variables: expectations and perceptions in one model.

Difference scores are unreliable when expectations and perceptions correlate. A model of both at
once takes the error of measurement out: the same factors on both sides, equal loadings and
intercepts, and residuals that correlate for the same item.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from servqual.analyses.model_comparison import compare_fits
from servqual.analyses.structural import ORDINAL, StructuralResult, sem
from servqual.errors import OptionError, SurveyError
from servqual.results import (
    Interpretation,
    Result,
    SampleInfo,
    Statement,
    format_number,
    format_p,
    not_in_json,
)
from servqual.survey.survey import Survey
from servqual.typing import Estimator, StructuralMissing

__all__ = ["LatentGapResult", "latent_gaps"]

LEVELS = ("configural", "metric", "scalar", "strict")

#: Fall of CFI from which a level does not hold (Cheung & Rensvold 2002).
_CFI_FALL = 0.010

#: Error probability below which a gap counts as told apart from 0.
_SIGNIFICANT = 0.05


@dataclass(frozen=True, repr=False, eq=False)
class LatentGapResult(Result):
    """Gaps between latent perceptions and expectations.

    Attributes
    ----------
    sample : SampleInfo
        For whom it speaks.
    estimator : str
        How the models were estimated.
    gaps : DataFrame
        dimension, gap (mean of the latent perception minus that of the expectation, in the units
        of the dimension's first item), std_error, statistic, p_value, conf_low, conf_high,
        difference_variance (of the respondents' latent gaps), effect_size (gap in standard
        deviations of these), correlation (of latent expectation and perception), observed_gap
        (mean of the first item's gap); from the scalar model.
    levels : DataFrame
        level (configural, metric, scalar, strict), chi2, df, scaling_factor, cfi, rmsea, srmr,
        delta_chi2, delta_df, p_value, delta_cfi, delta_rmsea, delta_srmr; each level against the
        one before.
    conf_level : float
        Coverage of the intervals.
    notes : tuple of str
        What a reader should know.
    """

    title: ClassVar[str] = "Latent gaps"

    sample: SampleInfo
    estimator: str
    gaps: pd.DataFrame
    levels: pd.DataFrame
    conf_level: float
    notes: tuple[str, ...] = ()
    fits: dict[str, StructuralResult] = not_in_json()  # noqa: RUF009

    def tidy(self) -> pd.DataFrame:
        """Return one row per dimension."""
        return self.gaps.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: sample, and the fit of the scalar model."""
        scalar = self.levels.set_index("level").loc["scalar"]
        return pd.DataFrame(
            {
                "estimator": [self.estimator],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "scalar_cfi": [scalar["cfi"]],
                "scalar_rmsea": [scalar["rmsea"]],
                "scalar_delta_cfi": [scalar["delta_cfi"]],
            }
        )

    def interpret(self) -> Interpretation:
        """Say whether both sides are the same scale, and which latent gaps differ from 0.

        Returns
        -------
        Interpretation
        """
        rows = self.levels.to_dict("records")
        said = [
            Statement(
                str(row["level"]),
                f"Equal {word} of expectations and perceptions "
                + ("hold" if row["delta_cfi"] >= -_CFI_FALL else "do not hold")
                + f" by the fall of CFI (ΔCFI {format_number(row['delta_cfi'])}).",
                "ΔCFI ≥ −.010",
                "Cheung & Rensvold 2002, https://doi.org/10.1207/S15328007SEM0902_5",
            )
            for row, word in zip(rows[1:3], ("loadings", "intercepts"), strict=True)
        ]
        said += [
            Statement(
                str(row["dimension"]),
                f"{row['dimension']}: latent gap {format_number(row['gap'])} "
                f"(p {format_p(row['p_value'])}), " + _verdict(row),
            )
            for row in self.gaps.to_dict("records")
        ]
        return Interpretation(tuple(said))

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        return [("Latent gaps (scalar model)", self.gaps), ("Levels", self.levels)]


def latent_gaps(
    survey: Survey,
    *,
    estimator: Estimator = "ML",
    missing: StructuralMissing = "listwise",
    conf_level: float = 0.95,
) -> LatentGapResult:
    """Compare expectations and perceptions as latent variables of the same persons.

    Expectations and perceptions of each dimension are factors of one model, all correlated, with
    the residuals of the same item correlated between the sides. Four models of increasing
    strictness are fitted: the same pattern (configural), equal loadings (metric), equal intercepts
    too (scalar), equal residual variances too (strict). In the scalar model the difference of the
    factor means is the latent gap.

    Parameters
    ----------
    survey : Survey
        With expectations and perceptions, and two items or more for each dimension.
    estimator : {"ML", "MLR", "MLM", "ULS", "GLS"}, default "ML"
        As in `cfa`.
    missing : {"listwise", "fiml"}, default "listwise"
        As in `cfa`.
    conf_level : float, default 0.95
        Coverage of the intervals.

    Returns
    -------
    LatentGapResult

    Raises
    ------
    SurveyError
        If a side is missing.
    OptionError
        If the estimator takes answers as ordinal.
    ServqualError
        As `cfa`.

    Notes
    -----
    Interpreting P − E needs the scalar level: only then do a point of expectation and a point of
    perception mean the same.

    References
    ----------
    McArdle, J. J. (2009). Latent variable modeling of differences and changes with longitudinal
    data. *Annual Review of Psychology*, 60, 577-605.
    https://doi.org/10.1146/annurev.psych.60.110707.163612

    Peter, J. P., Churchill, G. A., & Brown, T. J. (1993). Caution in the use of difference scores
    in consumer research. *Journal of Consumer Research*, 19, 655-662.
    https://doi.org/10.1086/209329

    Examples
    --------
    >>> import servqual as sq
    >>> found = sq.latent_gaps(sq.load_example("bank"))
    >>> found.tidy()["dimension"].tolist()
    ['tangibles', 'reliability', 'responsiveness', 'assurance', 'empathy']
    """
    if not isinstance(survey, Survey):
        raise OptionError(
            f"`latent_gaps` was given {type(survey).__name__}, but needs a survey with both sides."
        )
    if estimator in ORDINAL:
        raise OptionError(
            "`latent_gaps` takes answers as numbers, because a gap is a difference of numbers. Use "
            '`estimator="MLR"`.'
        )
    lacking = {"expectation", "perception"} - set(survey.sides)
    if lacking:
        raise SurveyError(
            f"The survey has no {' and no '.join(sorted(lacking))} answers, but a latent gap needs "
            "both sides."
        )
    fits = {
        level: sem(
            survey,
            _model(survey, level),
            estimator=estimator,
            missing=missing,
            mean_structure=True,
            conf_level=conf_level,
        )
        for level in LEVELS
    }
    levels, notes = compare_fits(list(fits.values()))
    levels.insert(0, "level", list(fits))
    scalar = fits["scalar"]
    return LatentGapResult(
        scalar.sample,
        estimator,
        _gaps(survey, scalar),
        levels,
        conf_level,
        tuple(dict.fromkeys((*notes, *scalar.notes))),
        fits,
    )


def _verdict(row: Mapping[Hashable, Any]) -> str:
    if not row["p_value"] < _SIGNIFICANT:
        return "not told apart from 0."
    return "perceptions fall short." if row["gap"] < 0 else "perceptions exceed expectations."


def _name(key: str) -> str:
    return re.sub(r"\W", "_", key)


def _columns(survey: Survey) -> dict[str, tuple[str, ...]]:
    """Columns of each side's items."""
    return {
        "expectation": survey.item_names("expectation"),
        "perception": survey.item_names("perception"),
    }


def _model(survey: Survey, level: str) -> str:
    """Write the model of both sides at a level."""
    names = _columns(survey)
    items = survey.instrument.items
    lines = []
    for dimension in survey.instrument.dimensions:
        key = _name(dimension.key)
        own = [place for place, item in enumerate(items) if item.dimension == dimension.key]
        for side, columns in names.items():
            prefix = side[0].upper()
            terms = [
                f"{'' if level == 'configural' or not rank else f'l_{key}_{rank}*'}{columns[place]}"
                for rank, place in enumerate(own)
            ]
            lines.append(f"{prefix}_{key} =~ {' + '.join(terms)}")
            for rank, place in enumerate(own):
                column = columns[place]
                if level in ("scalar", "strict"):
                    lines.append(f"{column} ~ i_{key}_{rank}*1")
                if level == "strict":
                    lines.append(f"{column} ~~ r_{key}_{rank}*{column}")
        lines += [f"{names['expectation'][place]} ~~ {names['perception'][place]}" for place in own]
        if level in ("scalar", "strict"):
            lines += _difference(key)
    return "\n".join(lines)


def _difference(key: str) -> list[str]:
    """Means, variances and the covariance of a dimension's two factors, and what follows."""
    return [
        f"P_{key} ~ gap_{key}*1",
        f"E_{key} ~~ ve_{key}*E_{key}",
        f"P_{key} ~~ vp_{key}*P_{key}",
        f"E_{key} ~~ c_{key}*P_{key}",
        f"difference_{key} := ve_{key} + vp_{key} - 2*c_{key}",
        f"correlation_{key} := c_{key} / sqrt(ve_{key} * vp_{key})",
    ]


def _gaps(survey: Survey, scalar: StructuralResult) -> pd.DataFrame:
    """Latent gaps of the dimensions."""
    table = scalar.tidy()
    by_label = table[table["label"] != ""].drop_duplicates("label").set_index("label")
    estimates = by_label["estimate"].to_dict()
    names = _columns(survey)
    rows = []
    for dimension in survey.instrument.dimensions:
        key = _name(dimension.key)
        gap = by_label.loc[f"gap_{key}"]
        variance = float(estimates[f"difference_{key}"])
        place = next(
            at for at, item in enumerate(survey.instrument.items) if item.dimension == dimension.key
        )
        both = survey.rows([names["perception"][place], names["expectation"][place]])
        rows.append(
            {
                "dimension": dimension.key,
                "gap": gap["estimate"],
                "std_error": gap["std_error"],
                "statistic": gap["statistic"],
                "p_value": gap["p_value"],
                "conf_low": gap["conf_low"],
                "conf_high": gap["conf_high"],
                "difference_variance": variance,
                "effect_size": gap["estimate"] / np.sqrt(variance) if variance > 0 else np.nan,
                "correlation": float(estimates[f"correlation_{key}"]),
                "observed_gap": float(np.nanmean(both[:, 0] - both[:, 1])),
            }
        )
    return pd.DataFrame(rows)
