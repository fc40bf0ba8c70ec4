"""Tables of curved links, and the points of their curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import fdtrc, stdtrit

from servqual.analyses.adjustment import adjust_p_values
from servqual.analyses.curve_fit import Bend, CurveFit, CurveModel
from servqual.numerics.curves import hinge, restricted_cubic_spline
from servqual.numerics.location import mean_test
from servqual.survey.survey import Survey
from servqual.typing import CurveForm, FloatArray

__all__ = [
    "aic_of",
    "bend_tests",
    "curve_points",
    "curve_tables",
    "knot_table",
    "score_table",
    "slope_table",
]

#: Unexplained share of variance below which a fit has no error.
_PERFECT = 1e-10

_TEST_COLUMNS = (
    "statistic",
    "df",
    "df_denominator",
    "p_value",
    "p_adjusted",
    "f_statistic",
    "f_p_value",
    "r_squared",
    "delta_r_squared",
    "aic",
    "delta_aic",
)


def aic_of(fit: CurveFit, has_likelihood: bool) -> float:
    """AIC of a model; nan where it has no likelihood.

    Parameters
    ----------
    fit : CurveFit
        The model.
    has_likelihood : bool
        False with sampling weights.

    Returns
    -------
    float
    """
    perfect = 1.0 - fit.classical.r_squared < _PERFECT
    return fit.classical.aic if has_likelihood and not perfect else np.nan


def _named(model: CurveModel, bend: Bend) -> dict[str, object]:
    names = model.variables
    return {
        "term": names.terms[bend.place],
        "label": names.labels[bend.place],
        "form": bend.form,
    }


def bend_tests(
    model: CurveModel,
    straight: CurveFit,
    fits: Sequence[CurveFit | None],
    has_likelihood: bool,
) -> pd.DataFrame:
    """Test each bend against the linear model.

    Parameters
    ----------
    model : CurveModel
        From `build_curve_model`.
    straight : CurveFit
        The linear model.
    fits : sequence of CurveFit or None
        One per bend.
    has_likelihood : bool
        False with sampling weights.

    Returns
    -------
    DataFrame
        As `NonlinearityResult.tests`.
    """
    rows = []
    for bend, fit in zip(model.bends, fits, strict=True):
        size = len(bend.parts)
        row = _named(model, bend) | dict.fromkeys(_TEST_COLUMNS, np.nan)
        if fit is not None:
            constraints = np.eye(fit.inference.coefficients.size)[-size:]
            test = fit.inference.joint_test(constraints)
            f_statistic, f_p_value = _f_test(straight, fit, size, has_likelihood)
            aic = aic_of(fit, has_likelihood)
            row |= {
                "statistic": test.statistic,
                "df": test.df_numerator,
                "df_denominator": test.df_denominator,
                "p_value": test.p_value,
                "f_statistic": f_statistic,
                "f_p_value": f_p_value,
                "r_squared": fit.classical.r_squared,
                "delta_r_squared": fit.classical.r_squared - straight.classical.r_squared,
                "aic": aic,
                "delta_aic": aic - aic_of(straight, has_likelihood),
            }
        rows.append(row)
    table = pd.DataFrame(rows)
    for form in dict.fromkeys(table["form"]):
        same = table["form"] == form
        table.loc[same, "p_adjusted"] = adjust_p_values(table.loc[same, "p_value"], "holm")
    return table


def _f_test(
    straight: CurveFit, fit: CurveFit, size: int, has_likelihood: bool
) -> tuple[float, float]:
    """Classical F test of the bend."""
    unexplained = 1.0 - fit.classical.r_squared
    if not has_likelihood or unexplained < _PERFECT:
        return np.nan, np.nan
    df = fit.classical.df_residual
    gained = max(fit.classical.r_squared - straight.classical.r_squared, 0.0)
    statistic = gained / size / unexplained * df
    return statistic, float(fdtrc(size, df, statistic))


def slope_table(
    model: CurveModel, fits: Sequence[CurveFit | None], conf_level: float
) -> pd.DataFrame:
    """Slopes on both sides of the knot, and at it.

    Parameters
    ----------
    model : CurveModel
        From `build_curve_model`.
    fits : sequence of CurveFit or None
        One per bend.
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        As `NonlinearityResult.slopes`.
    """
    parts: dict[CurveForm, dict[str, list[float]]] = {
        "piecewise": {"below": [1.0, 0.0], "above": [1.0, 1.0], "difference": [0.0, 1.0]},
        "quadratic": {"at knot": [1.0, 0.0], "square": [0.0, 1.0]},
    }
    lead: list[dict[str, object]] = []
    estimates, errors, df = [], [], []
    for bend, fit in zip(model.bends, fits, strict=True):
        if bend.form not in parts:
            continue
        for part, contrast in parts[bend.form].items():
            lead.append(_named(model, bend) | {"part": part})
            if fit is None:
                estimates.append(np.nan)
                errors.append(np.nan)
                df.append(np.nan)
                continue
            inference = fit.inference
            weights = np.zeros(inference.coefficients.size)
            weights[[1 + model.own[bend.place], -1]] = contrast
            estimates.append(float(weights @ inference.coefficients))
            errors.append(float(np.sqrt(weights @ inference.covariance @ weights)))
            df.append(float(inference.degrees_of_freedom(weights[None, :])[0]))
    test = mean_test(np.array(estimates), np.array(errors), np.array(df), conf_level=conf_level)
    table = pd.DataFrame(lead, columns=["term", "label", "form", "part"])
    return table.assign(
        estimate=test.estimate,
        std_error=test.std_error,
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        conf_low=test.conf_low,
        conf_high=test.conf_high,
    )


def curve_tables(
    model: CurveModel, straight: CurveFit, fits: Sequence[CurveFit | None]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What each curve is made of, and the covariances of that.

    Parameters
    ----------
    model : CurveModel
        From `build_curve_model`.
    straight : CurveFit
        The linear model.
    fits : sequence of CurveFit or None
        One per bend.

    Returns
    -------
    tuple of DataFrame
        As `NonlinearityResult.coefficients` and `NonlinearityResult.covariances`.
    """
    coefficients, covariances = [], []
    drawn: list[tuple[int, str, tuple[str, ...], CurveFit]] = [
        (place, "linear", (), straight) for place in range(len(model.own)) if model.own[place] >= 0
    ]
    drawn += [
        (bend.place, bend.form, bend.parts, fit)
        for bend, fit in zip(model.bends, fits, strict=True)
        if fit is not None
    ]
    for place, form, extra, fit in drawn:
        inference = fit.inference
        matrix = _at_means(model, place, inference.coefficients.size)
        parts = ("level", "linear", *extra)
        term = model.variables.terms[place]
        values, spread = matrix @ inference.coefficients, matrix @ inference.covariance @ matrix.T
        coefficients += [
            (term, form, *row)
            for row in zip(parts, values, inference.degrees_of_freedom(matrix), strict=True)
        ]
        if form != "linear":
            covariances += [
                (term, form, parts[row], parts[column], spread[row, column])
                for row in range(len(parts))
                for column in range(row + 1)
            ]
    return (
        pd.DataFrame(coefficients, columns=["term", "form", "part", "estimate", "df"]),
        pd.DataFrame(covariances, columns=["term", "form", "first", "second", "estimate"]),
    )


def _at_means(model: CurveModel, place: int, size: int) -> FloatArray:
    """From all coefficients to a curve's: its level with the other variables at their means."""
    n_straight = len(model.straight)
    own = 1 + int(model.own[place])
    rest = np.arange(1 + n_straight, size)
    matrix = np.zeros((2 + rest.size, size))
    matrix[0, 0] = 1.0
    matrix[0, 1 : 1 + n_straight] = model.moments.mean[:n_straight]
    matrix[0, own] = 0.0
    matrix[1, own] = 1.0
    matrix[2 + np.arange(rest.size), rest] = 1.0
    return matrix


def knot_table(model: CurveModel) -> pd.DataFrame:
    """Knots of each form, on the scale of the scores.

    Parameters
    ----------
    model : CurveModel
        From `build_curve_model`.

    Returns
    -------
    DataFrame
        As `NonlinearityResult.knots`.
    """
    rows = [
        (model.variables.terms[bend.place], bend.form, float(knot) + model.knot)
        for bend in model.bends
        for knot in bend.knots
    ]
    return pd.DataFrame(rows, columns=["term", "form", "knot"])


def score_table(survey: Survey, model: CurveModel) -> pd.DataFrame:
    """Where the respondents are, on either side of the knot.

    Parameters
    ----------
    survey : Survey
        With the scores.
    model : CurveModel
        From `build_curve_model`.

    Returns
    -------
    DataFrame
        As `NonlinearityResult.scores`.
    """
    values = survey.rows(model.variables.variables)[model.keep]
    mass = np.ones(len(values)) if survey.weights is None else survey.weights[model.keep]
    mass = mass / mass.sum()
    from_knot = np.round(values - model.knot, 9)
    return pd.DataFrame(
        {
            "term": list(model.variables.terms),
            "label": list(model.variables.labels),
            "mean": mass @ values,
            "minimum": values.min(axis=0),
            "maximum": values.max(axis=0),
            "share_below": mass @ (from_knot < 0.0),
            "share_above": mass @ (from_knot > 0.0),
        }
    )


def curve_points(
    form: CurveForm,
    *,
    ends: tuple[float, float],
    n_points: int,
    knot: float,
    knots: FloatArray,
    line: FloatArray,
    coefficients: FloatArray,
    covariances: FloatArray,
    df: FloatArray,
    conf_level: float,
) -> pd.DataFrame:
    """Points of one curve and of its band, and of the straight line beside it.

    Parameters
    ----------
    form : str
        Of the curve.
    ends : tuple of float
        Where it begins and ends.
    n_points : int
        Points at equal distances; knots between the ends come in addition.
    knot : float
        From which scores are measured.
    knots : FloatArray, shape (n_knots,)
        Of the form, on the scale of the scores.
    line : FloatArray, shape (2,)
        Level and slope of the straight line; empty where there is none.
    coefficients : FloatArray, shape (n_parts,)
        Level, linear part and bend; empty where the curve could not be fitted.
    covariances : FloatArray, shape (n_parts * (n_parts + 1) / 2,)
        Their covariances, row by row of the lower triangle.
    df : FloatArray, shape (n_parts,)
        Their degrees of freedom; the band takes the fewest.
    conf_level : float
        Its coverage, point by point.

    Returns
    -------
    DataFrame
        x, estimate, conf_low, conf_high, linear.
    """
    inside = knots[(knots > ends[0]) & (knots < ends[1])]
    x = np.union1d(np.linspace(*ends, n_points), inside)
    estimate, reach = np.full((2, x.size), np.nan)
    if coefficients.size:
        basis = _basis(x - knot, form, knots - knot)
        size = coefficients.size
        matrix = np.empty((size, size))
        lower = np.tril_indices(size)
        matrix[lower] = covariances
        matrix.T[lower] = covariances
        estimate = basis @ coefficients
        variance = np.einsum("ij,jk,ik->i", basis, matrix, basis)
        reach = stdtrit(df.min(), 0.5 + 0.5 * conf_level) * np.sqrt(variance)
    return pd.DataFrame(
        {
            "x": x,
            "estimate": estimate,
            "conf_low": estimate - reach,
            "conf_high": estimate + reach,
            "linear": line[0] + line[1] * (x - knot) if line.size else np.nan,
        }
    )


def _basis(x: FloatArray, form: CurveForm, knots: FloatArray) -> FloatArray:
    """Columns of a curve: level, line, bend."""
    bend = {
        "quadratic": lambda: (x**2)[:, None],
        "piecewise": lambda: hinge(x, 0.0),
        "spline": lambda: restricted_cubic_spline(x, knots),
    }[form]()
    return np.column_stack([np.ones_like(x), x, bend])
