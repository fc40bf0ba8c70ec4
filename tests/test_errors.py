"""Errors: their place in the family, their words, and that they survive a worker's pickle."""

from __future__ import annotations

import inspect
import pickle
import warnings

import pytest

import servqual as sq
from servqual import errors
from servqual.errors import (
    MissingDependencyError,
    OptionError,
    ServqualError,
    ServqualWarning,
    SurveyError,
    nearest,
    shorten,
)
from servqual.survey.checks import Problem, raise_problems

FAMILY: dict[str, tuple[type[Exception], type[Exception]]] = {
    "SurveyError": (ServqualError, ValueError),
    "ColumnNotFoundError": (SurveyError, ValueError),
    "ScaleRangeError": (SurveyError, ValueError),
    "InstrumentError": (ServqualError, ValueError),
    "OptionError": (ServqualError, ValueError),
    "ModelSyntaxError": (ServqualError, ValueError),
    "RowsRequiredError": (ServqualError, TypeError),
    "EstimationError": (ServqualError, RuntimeError),
    "ConvergenceError": (errors.EstimationError, RuntimeError),
    "NotPositiveDefiniteError": (errors.EstimationError, RuntimeError),
    "NotIdentifiedError": (errors.EstimationError, RuntimeError),
    "MissingDependencyError": (ServqualError, ImportError),
}
WARNINGS = (
    "MissingDataWarning",
    "ImproperSolutionWarning",
    "SmallSampleWarning",
    "WeightsWarning",
)


@pytest.mark.parametrize("name", FAMILY)
def test_family(name: str) -> None:
    error = getattr(errors, name)
    parent, builtin = FAMILY[name]
    assert issubclass(error, parent)
    assert issubclass(error, builtin)
    assert getattr(sq, name) is error
    with pytest.raises(builtin, match="what was found"):
        raise error("what was found")


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings(name: str) -> None:
    warning = getattr(errors, name)
    assert issubclass(warning, ServqualWarning)
    assert issubclass(warning, UserWarning)
    with pytest.warns(ServqualWarning, match="may mislead"):
        warnings.warn("may mislead", warning, stacklevel=1)


def test_nothing_is_left_out() -> None:
    defined = {
        name
        for name, entry in inspect.getmembers(errors, inspect.isclass)
        if entry.__module__ == errors.__name__
    }
    assert defined == {*FAMILY, *WARNINGS, "ServqualError", "ServqualWarning"}
    assert defined <= set(errors.__all__)


@pytest.mark.parametrize(
    "name", [name for name in FAMILY if issubclass(getattr(errors, name), SurveyError)]
)
def test_survey_errors_survive_pickling(name: str) -> None:
    error = getattr(errors, name)(["E1 is missing.", "P1 is missing."])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert again.problems == error.problems == ("E1 is missing.", "P1 is missing.")
    assert str(again) == str(error)


@pytest.mark.parametrize("name", [*FAMILY, *WARNINGS])
def test_all_survive_pickling(name: str) -> None:
    error = getattr(errors, name)("One sentence.")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == "One sentence."


def test_problems() -> None:
    one = SurveyError("Only this.")
    assert one.problems == ("Only this.",)
    assert str(one) == "Only this."
    assert SurveyError(["Only this."]).problems == ("Only this.",)
    two = SurveyError(text for text in ("First.", "Second."))
    assert str(two) == "The survey has 2 problems:\n  1. First.\n  2. Second."


def test_error_is_specific_when_all_problems_are_of_a_kind() -> None:
    column = Problem("No E1.", errors.ColumnNotFoundError)
    with pytest.raises(errors.ColumnNotFoundError, match="2 problems"):
        raise_problems([column, column])
    with pytest.raises(SurveyError) as caught:
        raise_problems([column, Problem("Off.", errors.ScaleRangeError)])
    assert type(caught.value) is SurveyError
    raise_problems([])


def test_options_in_declared_order() -> None:
    error = OptionError.for_option("p_adjust", "hol", ("none", "holm", "bonferroni"))
    assert str(error) == (
        '`p_adjust` is \'hol\', but must be one of "none", "holm", "bonferroni". '
        'Did you mean "holm"?'
    )
    assert isinstance(error, OptionError)


def test_options_without_a_near_one() -> None:
    error = OptionError.for_option("on", 3, ("gap", "perception"), "Gaps are differences.")
    assert str(error) == (
        '`on` is 3, but must be one of "gap", "perception". Gaps are differences.'
    )
    assert "Did you mean" not in str(OptionError.for_option("on", "xyz", ("gap", "perception")))
    assert str(OptionError.for_option("on", None, ("gap",))).endswith('one of "gap".')


def test_missing_dependency() -> None:
    error = MissingDependencyError.for_extra("pyreadstat", "spss", "Reading a .sav file")
    assert str(error) == (
        "Reading a .sav file needs the package pyreadstat, which is not installed. "
        "Install it with `pip install 'servqual[spss]'`."
    )
    assert isinstance(error, MissingDependencyError)


@pytest.mark.parametrize(
    ("names", "limit", "expected"),
    [
        ([], 10, ""),
        (["a"], 10, "a"),
        (range(1, 11), 10, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"),
        (range(1, 12), 10, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 1 more"),
        ("abcd", 2, "a, b and 2 more"),
    ],
)
def test_shorten(names: object, limit: int, expected: str) -> None:
    assert shorten(names, limit) == expected  # type: ignore[arg-type]


def test_shorten_names_ten() -> None:
    assert shorten(iter(range(100))).endswith("9 and 90 more")


def test_nearest() -> None:
    assert nearest("relaibility", ["reliability", "empathy"]) == ["reliability"]
    # As the data write it, whatever the case in which it was asked for.
    assert nearest("BRANCH", ["Branch", "wave"]) == ["Branch"]
    assert nearest("E1", ["E1", "E11", "E12", "E13", "E2"], n=2)[0] == "E1"
    assert nearest("satisfaction", []) == []
    assert nearest("xyz", ["reliability"]) == []
    assert len(nearest("E1", [f"E1{digit}" for digit in range(9)])) == 3
