"""Variables that a model holds constant: `covariates=` turned into names, terms and labels."""

from __future__ import annotations

from collections.abc import Sequence

from servqual.analyses.predictors import ModelVariables, model_variables
from servqual.errors import OptionError, shorten
from servqual.survey.survey import Survey
from servqual.typing import On

__all__ = ["model_covariates"]


def model_covariates(
    survey: Survey,
    variables: ModelVariables,
    covariates: Sequence[str],
    *,
    on: On,
    analysis: str,
) -> ModelVariables | None:
    """Find the covariates.

    Parameters
    ----------
    survey : Survey
        Where they are.
    variables : ModelVariables
        Outcome and predictors, among which they must not be.
    covariates : sequence of str
        Their names.
    on : str
        Side or difference of which dimensions are taken.
    analysis : str
        Name of the analysis, for messages.

    Returns
    -------
    ModelVariables or None

    Raises
    ------
    OptionError
        If one is not known, or among the predictors.
    """
    if isinstance(covariates, str):
        raise OptionError(
            f'`covariates` is "{covariates}", but must be a list of names, such as '
            f'["{covariates}"].'
        )
    if not len(covariates):
        return None
    found = model_variables(
        survey,
        outcome=variables.outcome,
        on=on,
        predictors=[*covariates],
        analysis=analysis,
    )
    twice = [name for name in found.terms if name in variables.terms]
    if twice:
        raise OptionError(
            f"`covariates` names what is among the `predictors`: {shorten(twice)}. Leave it out of "
            "one of them."
        )
    return found
