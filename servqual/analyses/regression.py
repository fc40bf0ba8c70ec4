"""How do gaps or perceptions go with an outcome? Regression with honest standard errors."""

from __future__ import annotations

from collections.abc import Sequence

from servqual.analyses.linear_fit import check_covariance, choose_covariance
from servqual.analyses.linear_regression import least_squares_of_moments, least_squares_of_rows
from servqual.analyses.predictors import model_moments, model_variables
from servqual.analyses.regression_design import regression_design
from servqual.analyses.regression_result import RegressionResult
from servqual.errors import OptionError, RowsRequiredError
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import (
    Covariance,
    Family,
    On,
    PredictorLevel,
    check_conf_level,
    check_option,
)

__all__ = ["RegressionResult", "regression"]


def regression(
    data: Survey | Moments,
    *,
    outcome: str,
    on: On = "gap",
    predictors: PredictorLevel | Sequence[str] = "dimensions",
    family: Family = "ols",
    covariance: Covariance | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
) -> RegressionResult:
    """Linear regression of an outcome on scores.

    Parameters
    ----------
    data : Survey or Moments
        With moments, standard errors are the classical ones, for robust ones need respondents'
        answers.
    outcome : str
        An outcome of the survey or one of its columns; a variable of the moments.
    on : str, default "gap"
        Side or difference whose scores are the predictors; not used with moments.
    predictors : {"dimensions", "items", "overall"} or sequence of str, default "dimensions"
        Level of the scores, or names. With moments, default: all other variables.
    family : {"ols"}, default "ols"
        What kind of outcome the model is for: least squares.
    covariance : {"nonrobust", "HC0", "HC1", "HC2", "HC3", "CR1"}, optional
        How standard errors are computed. Default: ``"HC3"``, which does not assume equal error
        variance; ``"CR1"`` with `cluster`; ``"nonrobust"`` from moments.
    cluster : str, optional
        Grouping variable of the survey within which respondents may be alike, such as the branch.
    conf_level : float, default 0.95
        Coverage of the intervals.

    Returns
    -------
    RegressionResult

    Raises
    ------
    OptionError
        If a variable or an option does not exist.
    RowsRequiredError
        If robust standard errors are asked of moments.
    EstimationError
        If too few respondents remain, a variable is constant, or frequency weights stand for more
        than five million respondents (their moments have no such limit).
    NotIdentifiedError
        If predictors repeat each other; the message names them.
    NotPositiveDefiniteError
        If no data can have the covariance matrix of the moments.

    Warns
    -----
    SmallSampleWarning
        If there are fewer than 20 clusters.
    WeightsWarning
        If classical standard errors are asked for with sampling weights.

    Notes
    -----
    Respondents with a missing score are left out (listwise). Statistics follow the t distribution
    with n − k degrees of freedom, or with the number of clusters − 1; the F statistic is the Wald
    test with the same covariance matrix. AIC and BIC count the error variance as a parameter, as R
    does.

    References
    ----------
    Long, J. S., & Ervin, L. H. (2000). Using heteroscedasticity consistent standard errors in the
    linear regression model. *The American Statistician*, 54(3), 217–224.
    https://doi.org/10.1080/00031305.2000.10474549

    Examples
    --------
    >>> import servqual as sq
    >>> fit = sq.regression(sq.load_example("bank"), outcome="satisfaction")
    >>> fit.tidy()["term"].tolist()
    ['(Intercept)', 'tangibles', 'reliability', 'responsiveness', 'assurance', 'empathy']
    """
    check_conf_level(conf_level)
    check_option("family", family, Family)
    variables = model_variables(
        data, outcome=outcome, on=on, predictors=predictors, analysis="regression"
    )
    if family != "ols":
        # The one place where the other families branch off (see `fit_choice_regression`).
        raise OptionError(f'`family` is "{family}", but this version fits `family="ols"` only.')
    kind = _choose_covariance(data, covariance, cluster)
    if isinstance(data, Moments):
        moments = model_moments(data, variables, "regression")
        return least_squares_of_moments(moments, variables, conf_level)
    return least_squares_of_rows(
        regression_design(data, variables),
        covariance=kind,
        cluster=cluster,
        on=on,
        conf_level=conf_level,
    )


def _choose_covariance(
    data: Survey | Moments, covariance: Covariance | None, cluster: str | None
) -> Covariance:
    check_covariance(covariance, cluster)
    if isinstance(data, Moments):
        if covariance not in (None, "nonrobust") or cluster is not None:
            asked = f'`covariance="{covariance}"`' if cluster is None else "`cluster`"
            raise RowsRequiredError(
                f"{asked} needs respondents' answers, but `regression` was given moments only. "
                "Give the `Survey`, or "
                'use `covariance="nonrobust"`.'
            )
        return "nonrobust"
    return choose_covariance(data, covariance, cluster)
