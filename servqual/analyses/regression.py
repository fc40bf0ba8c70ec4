"""How do gaps or perceptions go with an outcome? Regression with honest standard errors."""

from __future__ import annotations

from collections.abc import Sequence

from servqual.analyses.choice_regression import check_choice_options, fit_choice_regression
from servqual.analyses.linear_fit import check_covariance
from servqual.analyses.linear_regression import least_squares_of_moments, least_squares_of_rows
from servqual.analyses.mixed_regression import random_intercepts
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
    covariates: Sequence[str] = (),
    by: str | Sequence[str] | None = None,
    family: Family = "ols",
    random: str | None = None,
    covariance: Covariance | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
) -> RegressionResult:
    """Regression of an outcome on scores: least squares, or a model of ordered or binary answers.

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
    covariates : sequence of str, default ()
        Further variables of the survey, after the predictors: outcomes, scores, columns, grouping
        variables. A grouping variable becomes a 0/1 column for each group but the first, its base.
    by : str or sequence of str, optional
        Moderators, on which the slopes of the predictors depend: grouping variables, or variables
        that are numbers. Main effects and products are added, and predictors and numeric moderators
        are centred at their sample means. With least squares only.
    family : {"ols", "ordered-logit", "ordered-probit", "logit"}, default "ols"
        What kind of outcome the model is for: numbers (least squares), a few ordered answers, or
        two answers, of which the larger counts as 1.
    random : str, optional
        Grouping variable with a random intercept for each of its groups: a linear mixed model.
    covariance : {"nonrobust", "HC0", "HC1", "HC2", "HC3", "CR1", "CR2"}, optional
        How standard errors are computed. Default: ``"HC3"``, which does not assume equal error
        variance; with `cluster` ``"CR2"`` below 40 clusters, ``"CR1"`` from there on;
        ``"nonrobust"`` from moments and with `random`. The other families have ``"nonrobust"``,
        ``"HC1"`` with sampling weights, ``"CR1"`` with `cluster`, and ``"HC0"``.
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
        If moments are asked for anything but a plain regression with classical standard errors.
    EstimationError
        If too few respondents remain, a variable is constant, or frequency weights stand for more
        than five million respondents (their moments have no such limit).
    NotIdentifiedError
        If predictors repeat each other, groups of a moderator are too small, or predictors tell the
        answers apart without error, so that a logit has no maximum; the message names them.
    ConvergenceError
        If the likelihood of a logit or probit has no maximum for another reason.
    NotPositiveDefiniteError
        If no data can have the covariance matrix of the moments.

    Warns
    -----
    SmallSampleWarning
        If there are fewer than 20 clusters (CR1), or than five, or fewer than four degrees of
        freedom (CR2).
    WeightsWarning
        If classical standard errors are asked for with sampling weights.

    Notes
    -----
    Respondents with a missing variable are left out (listwise). Statistics follow the t
    distribution: with n − k degrees of freedom; with the number of clusters − 1 (CR1); with
    Satterthwaite's for each coefficient (CR2, random intercepts). The F statistic is the Wald test
    with the same covariance matrix, with CR2 the approximate Hotelling test (AHT). AIC and BIC
    count the error variance as a parameter, as R does; with random intercepts they come from the
    restricted likelihood, as in lme4, and compare models with the same fixed effects only.

    The ordered families are cumulative models, P(Y ≤ k) = F(τ_k − x'β) with F logistic or normal,
    as ``MASS::polr`` and ``ordinal::clm`` write them, fitted by Newton's method. Standard errors
    come from the observed information unless `covariance` says otherwise, tests and intervals from
    the normal distribution. With sampling weights the likelihood is a pseudo-likelihood; HC0 times
    n/(n − 1) is what ``survey::svyolr`` and ``survey::svyglm`` report. Marginal effects are
    averages over respondents with delta-method standard errors, the predictors taken as fixed.

    References
    ----------
    Agresti, A. (2010). *Analysis of ordinal categorical data* (2nd ed.). Wiley.
    https://doi.org/10.1002/9780470594001

    Brant, R. (1990). Assessing proportionality in the proportional odds model for ordinal logistic
    regression. *Biometrics*, 46(4), 1171–1178. https://doi.org/10.2307/2532457

    Long, J. S., & Ervin, L. H. (2000). Using heteroscedasticity consistent standard errors in the
    linear regression model. *The American Statistician*, 54(3), 217–224.
    https://doi.org/10.1080/00031305.2000.10474549

    Nakagawa, S., & Schielzeth, H. (2013). A general and simple method for obtaining R² from
    generalized linear mixed-effects models. *Methods in Ecology and Evolution*, 4(2), 133–142.
    https://doi.org/10.1111/j.2041-210x.2012.00261.x

    Pustejovsky, J. E., & Tipton, E. (2018). Small-sample methods for cluster-robust variance
    estimation and hypothesis testing in fixed effects models. *Journal of Business & Economic
    Statistics*, 36(4), 672–683. https://doi.org/10.1080/07350015.2016.1247004

    Examples
    --------
    >>> import servqual as sq
    >>> fit = sq.regression(sq.load_example("bank"), outcome="satisfaction")
    >>> fit.tidy()["term"].tolist()
    ['(Intercept)', 'tangibles', 'reliability', 'responsiveness', 'assurance', 'empathy']
    >>> branches = sq.regression(
    ...     sq.load_example("bank"), outcome="loyalty", predictors="overall", random="branch"
    ... )
    >>> branches.variance_components["term"].tolist()
    ['branch', 'residual']
    >>> steps = sq.regression(sq.load_example("bank"), outcome="SAT1", family="ordered-logit")
    >>> steps.thresholds["term"].tolist()
    ['1|2', '2|3', '3|4', '4|5', '5|6', '6|7']
    """
    check_conf_level(conf_level)
    check_option("family", family, Family)
    check_covariance(covariance, cluster)
    variables = model_variables(
        data, outcome=outcome, on=on, predictors=predictors, analysis="regression"
    )
    if isinstance(data, Moments):
        _check_moments_do(covariates, by, family, random, covariance, cluster)
        moments = model_moments(data, variables, "regression")
        return least_squares_of_moments(moments, variables, conf_level)
    if random is not None:
        _check_random(data, random, family, covariance, cluster)
    choice_covariance = None
    if family != "ols":
        choice_covariance = check_choice_options(
            data, by=by, family=family, covariance=covariance, cluster=cluster
        )
    design = regression_design(
        data,
        variables,
        on=on,
        covariates=covariates,
        by=by,
        required=() if random is None else (random,),
    )
    if random is not None:
        return random_intercepts(design, random, on=on, conf_level=conf_level)
    if family != "ols" and choice_covariance is not None:
        return fit_choice_regression(
            design,
            family=family,
            covariance=choice_covariance,
            cluster=cluster,
            on=on,
            conf_level=conf_level,
        )
    return least_squares_of_rows(
        design, covariance=covariance, cluster=cluster, on=on, conf_level=conf_level
    )


def _check_moments_do(
    covariates: Sequence[str],
    by: str | Sequence[str] | None,
    family: Family,
    random: str | None,
    covariance: Covariance | None,
    cluster: str | None,
) -> None:
    """Refuse what needs respondents."""
    asked = {
        "`cluster`": cluster is not None,
        f'`covariance="{covariance}"`': covariance not in (None, "nonrobust"),
        f'`family="{family}"`': family != "ols",
        f'`random="{random}"`': random is not None,
        "`by`": by is not None,
        "`covariates`": len(covariates) > 0,
    }
    first = next((name for name, is_asked in asked.items() if is_asked), None)
    if first is None:
        return
    way_out = 'Give the `Survey`, or use `covariance="nonrobust"`.'
    if first == "`by`":
        way_out = "Give the `Survey`: products of variables are not among their moments."
    elif first == "`covariates`":
        way_out = "Give the `Survey`, or name further variables of the moments in `predictors`."
    elif first.startswith(("`family", "`random")):
        way_out = "Give the `Survey`."
    raise RowsRequiredError(
        f"{first} needs respondents' answers, but `regression` was given moments only. {way_out}"
    )


def _check_random(
    survey: Survey,
    random: object,
    family: Family,
    covariance: Covariance | None,
    cluster: str | None,
) -> None:
    """Refuse what does not go with random intercepts."""
    if not isinstance(random, str):
        raise OptionError(
            f"`random` is {random!r}, but must be the name of one grouping variable, such as "
            '"branch".'
        )
    if family != "ols":
        raise OptionError(
            f'`random` does not go with `family="{family}"`. Use `cluster="{random}"`, which '
            "allows for respondents of a group being alike."
        )
    if cluster is not None or covariance not in (None, "nonrobust"):
        raise OptionError(
            "`random` has standard errors of its own, which follow from the random intercepts; "
            f'leave `covariance` and `cluster` out, or use `cluster="{random}"` without `random`.'
        )
    if survey.weight_kind == "sampling":
        raise OptionError(
            "`random` does not know of sampling weights: how they enter the likelihood of a mixed "
            "model depends on how groups and respondents were drawn. Use "
            f'`cluster="{random}"`, which does.'
        )
