"""Latent gaps against lavaan, and against the truth of a simulated survey."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from tests.analyses.surveys import reference_survey
from tests.reference import load_expected

REFERENCE: dict[str, Any] = load_expected("latent_gaps")


def test_the_ladder_and_the_gaps_agree_with_lavaan() -> None:
    found = sq.latent_gaps(reference_survey("complete"))
    assert found.levels["level"].tolist() == ["configural", "metric", "scalar", "strict"]
    assert found.levels["df"].tolist() == REFERENCE["df"]
    for column in ("chi2", "cfi", "srmr"):
        assert_allclose(found.levels[column], REFERENCE[column], rtol=2e-5, err_msg=column)
    # lavaan stops its search when the discrepancy changes by less than 1e-10.
    assert_allclose(found.gaps["gap"], REFERENCE["gap"], rtol=1e-4, atol=1e-4)
    assert_allclose(found.gaps["std_error"], REFERENCE["std_error"], rtol=1e-3)
    assert_allclose(found.gaps["difference_variance"], REFERENCE["difference_variance"], rtol=1e-4)


def test_latent_gaps_have_the_sign_of_observed_ones_and_correlations_below_one() -> None:
    survey = sq.load_example("bank")
    found = sq.latent_gaps(survey)
    clear = found.gaps[found.gaps["p_value"] < 0.01]
    assert (np.sign(clear["gap"]) == np.sign(clear["observed_gap"])).all()
    assert found.gaps["correlation"].abs().max() < 1
    words = str(found.interpret())
    assert "Equal loadings of expectations and perceptions hold" in words
    assert "reliability: latent gap" in words
    assert "not told apart from 0" in words


def test_missing_answers_are_used_with_fiml() -> None:
    survey = sq.load_example("bank")
    found = sq.latent_gaps(survey, missing="fiml")
    assert found.sample.n_obs > sq.latent_gaps(survey).sample.n_obs


def test_errors() -> None:
    survey = sq.load_example("bank")
    with pytest.raises(sq.OptionError, match="difference of numbers"):
        sq.latent_gaps(survey, estimator="WLSMV")
    with pytest.raises(sq.OptionError, match="needs a survey"):
        sq.latent_gaps(pd.DataFrame({"P1": [1.0]}))  # type: ignore[arg-type]
    frame = pd.DataFrame(survey.rows([f"P{n}" for n in range(1, 23)])).set_axis(
        [f"P{n}" for n in range(1, 23)], axis=1
    )
    one_side = sq.Survey(frame, instrument="servperf")
    with pytest.raises(sq.SurveyError, match="no expectation answers"):
        sq.latent_gaps(one_side)
