"""The columns of a regression: predictors and outcome of every respondent, with their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from servqual.analyses.predictors import ModelVariables
from servqual.analyses.resampling import complete_respondents
from servqual.samplestats.moments import Moments
from servqual.survey.survey import Survey
from servqual.typing import BoolArray, FloatArray

__all__ = ["RegressionDesign", "regression_design"]


@dataclass(frozen=True, slots=True, eq=False)
class RegressionDesign:
    """The columns of a regression, without the intercept.

    Attributes
    ----------
    survey : Survey
        Whose respondents these are.
    outcome : str
        Name of the outcome.
    names : tuple of str
        Names of all columns for messages, the outcome last.
    terms : tuple of str
        How the result calls the predictors.
    labels : tuple of str
        How tables and plots call them.
    rows : FloatArray, shape (n_rows, n_terms + 1)
        Values of every row of the survey, the outcome last; nan where missing.
    keep : BoolArray, shape (n_rows,)
        Rows without missing values and with a weight above zero.
    """

    survey: Survey
    outcome: str
    names: tuple[str, ...]
    terms: tuple[str, ...]
    labels: tuple[str, ...]
    rows: FloatArray
    keep: BoolArray

    @property
    def complete(self) -> FloatArray:
        """Rows of the respondents kept, shape (n_complete, n_terms + 1)."""
        return self.rows[self.keep]

    @property
    def weights(self) -> FloatArray | None:
        """Weights of the respondents kept."""
        return None if self.survey.weights is None else self.survey.weights[self.keep]

    @property
    def n_obs(self) -> int:
        """Respondents kept; with frequency weights, their sum."""
        if self.survey.weight_kind == "frequency" and self.weights is not None:
            return int(self.weights.sum())
        return int(self.keep.sum())

    def moments(
        self, variables: Sequence[str], *, missing: Literal["listwise"] = "listwise"
    ) -> Moments:
        """Moments of all columns over the respondents kept.

        Parameters
        ----------
        variables : sequence of str
            The design's own names.
        missing : {"listwise"}
            Only respondents with all columns.

        Returns
        -------
        Moments
        """
        return self.survey.collect(self.rows, variables)


def regression_design(survey: Survey, variables: ModelVariables) -> RegressionDesign:
    """Read the columns of a regression from a survey.

    Parameters
    ----------
    survey : Survey
        Where they are.
    variables : ModelVariables
        Outcome and predictors.

    Returns
    -------
    RegressionDesign
    """
    rows = survey.rows(variables.names)
    return RegressionDesign(
        survey,
        variables.outcome,
        variables.names,
        variables.terms,
        variables.labels,
        rows,
        complete_respondents(survey, rows),
    )
