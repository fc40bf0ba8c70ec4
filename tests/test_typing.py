"""The words that options may take, and who has what."""

from __future__ import annotations

from typing import Any, get_args

import pandas as pd
import pytest

from servqual.errors import OptionError
from servqual.samplestats.moments import Moments
from servqual.typing import (
    DIFFERENCES,
    Difference,
    HasMoments,
    HasRows,
    On,
    PAdjust,
    Side,
    check_conf_level,
    check_option,
)
from tests.analyses.surveys import toy_frame, toy_survey


def test_on_is_every_side_and_difference() -> None:
    assert set(get_args(On)) == {*get_args(Side), *get_args(Difference)}
    assert tuple(DIFFERENCES) == get_args(Difference)


def test_differences_are_taken_from_the_perception() -> None:
    # Negative is a shortfall, everywhere.
    assert DIFFERENCES == {
        "gap": ("perception", "expectation"),
        "adequacy": ("perception", "minimum"),
        "superiority": ("perception", "desired"),
    }


@pytest.mark.parametrize("word", get_args(PAdjust))
def test_options_are_taken(word: str) -> None:
    check_option("p_adjust", word, PAdjust)


@pytest.mark.parametrize("value", ["Holm", "", None, 1, ["holm"], {"holm"}])
def test_other_words_are_not(value: object) -> None:
    with pytest.raises(OptionError, match=r'`p_adjust` is .*, but must be one of "holm", "bonf'):
        check_option("p_adjust", value, PAdjust)


def test_hint() -> None:
    with pytest.raises(OptionError, match=r'one of "expectation".*\. Sides are asked\.$'):
        check_option("on", "x", Side, "Sides are asked.")


@pytest.mark.parametrize("level", [0.5, 0.95, 1e-9, 0.999999])
def test_conf_levels(level: float) -> None:
    check_conf_level(level)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, 1.0, float("nan"), True, "0.95", None])
def test_no_conf_levels(level: Any) -> None:
    with pytest.raises(
        OptionError,
        match=r"`conf_level` is .*, but must be a number between 0 and 1, such as 0\.95",
    ):
        check_conf_level(level)


def test_who_has_what() -> None:
    survey, moments = toy_survey(toy_frame()), Moments.collect([[1, 2], [2, 1]])
    assert isinstance(survey, HasRows)
    assert isinstance(survey, HasMoments)
    assert isinstance(moments, HasMoments)
    assert not isinstance(moments, HasRows)
    assert not isinstance(pd.DataFrame(), HasMoments)
