"""Every exception and warning of the package.

Errors are for numbers that cannot exist, warnings for numbers that exist but mislead. Each error
also inherits the builtin that a caller would expect (`ValueError`, `TypeError` …), so existing
``except`` clauses keep working.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

__all__ = [
    "ColumnNotFoundError",
    "ConvergenceError",
    "EstimationError",
    "ImproperSolutionWarning",
    "InstrumentError",
    "MissingDataWarning",
    "MissingDependencyError",
    "ModelSyntaxError",
    "NotIdentifiedError",
    "NotPositiveDefiniteError",
    "OptionError",
    "RowsRequiredError",
    "ScaleRangeError",
    "ServqualError",
    "ServqualWarning",
    "SmallSampleWarning",
    "SurveyError",
    "WeightsWarning",
    "nearest",
    "shorten",
]

_MAX_NAMED = 10


def shorten(names: Iterable[object], limit: int = _MAX_NAMED) -> str:
    """Join the first `limit` names with commas, and say how many more there are.

    Parameters
    ----------
    names : iterable of object
        What to name, in the order in which it shall be read.
    limit : int, default 10
        How many to spell out.

    Returns
    -------
    str

    Examples
    --------
    >>> shorten(["E1", "E2", "E3"], limit=2)
    'E1, E2 and 1 more'
    """
    listed = [str(name) for name in names]
    if len(listed) <= limit:
        return ", ".join(listed)
    return f"{', '.join(listed[:limit])} and {len(listed) - limit} more"


def nearest(name: str, candidates: Sequence[str], n: int = 3) -> list[str]:
    """Candidates whose spelling is nearest to `name`, best first.

    Parameters
    ----------
    name : str
        What was asked for.
    candidates : sequence of str
        What exists.
    n : int, default 3
        The most to return.

    Returns
    -------
    list of str

    Examples
    --------
    >>> nearest("relaibility", ["reliability", "empathy"])
    ['reliability']
    """
    folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(name.casefold(), list(folded), n=n)
    return [folded[match] for match in matches]


class ServqualError(Exception):
    """Base of every error that this package raises on purpose."""


class SurveyError(ServqualError, ValueError):
    """The survey cannot be used as it is; all its problems are listed at once.

    Attributes
    ----------
    problems : tuple of str
        One complete sentence per problem.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems: tuple[str, ...] = (
            (problems,) if isinstance(problems, str) else tuple(problems)
        )
        if len(self.problems) == 1:
            message = self.problems[0]
        else:
            lines = "\n".join(
                f"  {number}. {text}" for number, text in enumerate(self.problems, start=1)
            )
            message = f"The survey has {len(self.problems)} problems:\n{lines}"
        super().__init__(message)

    def __reduce__(self) -> tuple[type[SurveyError], tuple[tuple[str, ...]]]:
        # The default would hand the joined message back to __init__ and lose the list.
        return type(self), (self.problems,)


class ColumnNotFoundError(SurveyError):
    """Columns that were asked for are not in the data."""


class ScaleRangeError(SurveyError):
    """Answers lie outside the scale of the instrument."""


class InstrumentError(ServqualError, ValueError):
    """An instrument is unknown, or its definition contradicts itself."""


class OptionError(ServqualError, ValueError):
    """An argument has a value that is not among its options."""

    @classmethod
    def for_option(
        cls, argument: str, value: object, options: Sequence[str], hint: str = ""
    ) -> OptionError:
        """Build the message from the options in their declared order.

        Parameters
        ----------
        argument : str
            Name of the argument.
        value : object
            What was given.
        options : sequence of str
            What is allowed, in declared order.
        hint : str, default ""
            A further sentence.

        Returns
        -------
        OptionError
        """
        allowed = ", ".join(f'"{option}"' for option in options)
        message = f"`{argument}` is {value!r}, but must be one of {allowed}."
        close = nearest(value, list(options), n=1) if isinstance(value, str) else []
        if close:
            message += f' Did you mean "{close[0]}"?'
        return cls(f"{message} {hint}".rstrip())


class ModelSyntaxError(ServqualError, ValueError):
    """A model description cannot be read."""


class RowsRequiredError(ServqualError, TypeError):
    """The analysis needs respondents' answers, but only sample statistics were given."""


class EstimationError(ServqualError, RuntimeError):
    """The numbers that were asked for do not exist for these data."""


class ConvergenceError(EstimationError):
    """An iterative method did not reach its criterion."""


class NotPositiveDefiniteError(EstimationError):
    """A covariance or correlation matrix is singular or indefinite."""


class NotIdentifiedError(EstimationError):
    """The data do not determine the parameters."""


class MissingDependencyError(ServqualError, ImportError):
    """An optional package is needed and not installed."""

    @classmethod
    def for_extra(cls, package: str, extra: str, purpose: str) -> MissingDependencyError:
        """Name the package, what needs it, and the command that installs it.

        Parameters
        ----------
        package : str
            The package that could not be imported.
        extra : str
            The extra of servqual that brings it.
        purpose : str
            What needs it, as the subject of a sentence.

        Returns
        -------
        MissingDependencyError
        """
        return cls(
            f"{purpose} needs the package {package}, which is not installed. "
            f"Install it with `pip install 'servqual[{extra}]'`."
        )


class ServqualWarning(UserWarning):
    """Base of every warning: the numbers exist, but may mislead."""


class MissingDataWarning(ServqualWarning):
    """Missing answers changed who is counted."""


class ImproperSolutionWarning(ServqualWarning):
    """An estimate lies outside its admissible range, such as a negative variance."""


class SmallSampleWarning(ServqualWarning):
    """There are too few respondents for the result to be leaned on."""


class WeightsWarning(ServqualWarning):
    """Weights are used in a way that the statistic does not honour in full."""
