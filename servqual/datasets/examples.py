"""The example surveys that come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from servqual.datasets.bank import BANK_CSV
from servqual.datasets.bank_truth import BANK
from servqual.datasets.truth import SurveyTruth
from servqual.errors import OptionError
from servqual.survey.survey import Survey, read_survey

__all__ = ["example_path", "example_truth", "load_example"]

_PATHS: Final[dict[str, Path]] = {"bank": BANK_CSV}
_TRUTHS: Final[dict[str, SurveyTruth]] = {"bank": BANK}


def example_path(name: str = "bank") -> Path:
    """Path of an example file that comes with the package.

    Parameters
    ----------
    name : {"bank"}, default "bank"
        Name of the example.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    OptionError
        If there is no example of this name.

    Examples
    --------
    >>> example_path("bank").name
    'bank.csv'
    """
    _check_name(name)
    return _PATHS[name]


def example_truth(name: str = "bank") -> SurveyTruth:
    """Find the true values from which an example was simulated.

    Parameters
    ----------
    name : {"bank"}, default "bank"
        Name of the example.

    Returns
    -------
    SurveyTruth

    Raises
    ------
    OptionError
        If there is no example of this name.

    Examples
    --------
    >>> example_truth("bank").branches[2]
    'Harbour'
    """
    _check_name(name)
    return _TRUTHS[name]


def load_example(name: str = "bank") -> Survey:
    """Read an example survey from its file, as one would read a file of one's own.

    Parameters
    ----------
    name : {"bank"}, default "bank"
        ``"bank"``: a **simulated** survey of a retail bank; 600 respondents, 22 expectations and
        perceptions on a scale of 1 to 7, three items of satisfaction and of loyalty, six branches,
        two waves, and importance points.

    Returns
    -------
    Survey

    Raises
    ------
    OptionError
        If there is no example of this name.

    See Also
    --------
    example_truth : The true values, to compare estimates with.
    example_path : The file.

    Examples
    --------
    >>> survey = load_example("bank")
    """
    return read_survey(
        example_path(name),
        instrument="servqual-1991",
        outcomes={
            "satisfaction": ["SAT1", "SAT2", "SAT3"],
            "loyalty": ["LOY1", "LOY2", "LOY3"],
        },
        groups=["branch", "wave"],
        importance="W_{dimension}",
    )


def _check_name(name: str) -> None:
    if name not in _PATHS:
        raise OptionError.for_option("name", name, list(_PATHS))
