"""Validity of factors against semTools 0.5-6, and what it says in odd cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from tests.analyses.surveys import reference_survey
from tests.reference import load_expected

DATA = Path(__file__).parents[1] / "reference" / "data"
REFERENCE: dict[str, Any] = load_expected("validity")
THREE = REFERENCE["pupils"]["model"]


def pupils() -> pd.DataFrame:
    """Return the pupils of Holzinger and Swineford."""
    return pd.read_csv(DATA / "pupils.csv")


@pytest.mark.parametrize("name", ["pupils", "survey"])
def test_against_semtools(name: str) -> None:
    theirs = REFERENCE[name]
    frame = pd.read_csv(DATA / f"{theirs['data']}.csv")
    fit = sq.cfa(frame, theirs["model"])
    found = sq.validity(fit, scale="raw")
    table = found.tidy().set_index("factor")
    for column in ("composite_reliability", "ave"):
        for factor, value in theirs[column].items():
            assert_allclose(table.loc[factor, column], value, rtol=2e-5)
    signed = sq.validity(fit, absolute=False)
    for ours, square in (
        (found.htmt, theirs["htmt"]),
        (found.htmt2, theirs["htmt2"]),
        (signed.htmt, theirs["htmt_signed"]),
    ):
        below = np.tril_indices(len(ours), k=-1)
        assert_allclose(ours.to_numpy()[below], np.array(square, dtype=float)[below], rtol=1e-9)


def test_published_figures_of_the_standardised_solution() -> None:
    found = sq.validity(sq.cfa(pupils(), THREE)).tidy()
    assert_allclose(found["composite_reliability"], [0.626, 0.885, 0.691], atol=5e-4)
    assert_allclose(found["sqrt_ave"] ** 2, found["ave"], rtol=1e-13)


def test_limits_need_respondents_and_repeat_with_the_seed() -> None:
    survey = reference_survey()
    fit = sq.cfa(survey)
    without = sq.validity(fit)
    assert without.pairs["htmt_upper"].isna().all()
    assert any("validity(fit, survey)" in note for note in without.notes)
    first, second = (sq.validity(fit, survey, n_resamples=200, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(first.pairs, second.pairs)
    assert (first.pairs["htmt_upper"] > first.pairs["htmt"]).all()
    assert (first.pairs["htmt2_upper"] > first.pairs["htmt2"]).all()
    assert first.pairs.loc[first.pairs["below_85"], "htmt2_upper"].max() < 0.85
    assert first.glance()["n_resamples"].iloc[0] == 200


def test_limits_hold_factors_apart_that_are_apart() -> None:
    rng = np.random.default_rng(11)
    factors = rng.normal(size=(400, 2))
    items = np.repeat(factors, 3, axis=1) + 0.7 * rng.normal(size=(400, 6))
    frame = pd.DataFrame(items, columns=list("abcdef"))
    found = sq.validity(sq.cfa(frame, "F =~ a + b + c\nG =~ d + e + f"), frame)
    assert found.pairs["below_85"].all()
    assert "all pairs lie below .90" in str(found.interpret())
    same = frame.assign(**{name: frame[name] + 4 * factors[:, 0] for name in "def"})
    alike = sq.validity(sq.cfa(same, "F =~ a + b + c\nG =~ d + e + f"), same)
    assert not alike.pairs["below_90"].any()
    assert "not below .90: F and G" in str(alike.interpret())


def test_groups_have_their_own_figures() -> None:
    frame = pupils()
    found = sq.validity(sq.cfa(frame, THREE, by="school"), frame, n_resamples=100)
    assert found.tidy()["group"].tolist() == [1, 1, 1, 2, 2, 2]
    one = frame[frame["school"] == "Pasteur"]
    alone = sq.validity(sq.cfa(one, THREE), one, n_resamples=100)
    assert_allclose(found.pairs["htmt_upper"][:3], alone.pairs["htmt_upper"], rtol=1e-12)


def test_what_cannot_be_judged_is_noted() -> None:
    frame = pupils()
    model = "F =~ x1 + x2 + x3\nG =~ x4 + x5 + x6 + x3\nH =~ x7"
    found = sq.validity(sq.cfa(frame, model))
    notes = " ".join(found.notes)
    assert "several factors" in notes
    assert "x3" in notes
    assert "one indicator" in notes
    assert found.tidy().set_index("factor")["ave"].isna()["H"]
    second = sq.validity(sq.cfa(frame, THREE + "\nability =~ visual + textual + speed"))
    assert "ability" in " ".join(second.notes)
    ordinal = pd.read_csv(DATA / "pupils_ordinal.csv")
    polychoric = sq.validity(sq.cfa(ordinal, THREE, estimator="WLSMV"), ordinal)
    assert "polychoric" in " ".join(polychoric.notes)
    assert polychoric.htmt.notna().all().all()


def test_errors() -> None:
    with pytest.raises(sq.OptionError, match="needs a result of `cfa`"):
        sq.validity(pupils())  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match="the model has 1"):
        sq.validity(sq.cfa(pupils(), "F =~ x1 + x2 + x3"))
    with pytest.raises(sq.OptionError, match="scale"):
        sq.validity(sq.cfa(pupils(), THREE), scale="other")  # type: ignore[arg-type]


def test_ratios_are_drawn() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    ax = sq.validity(sq.cfa(pupils(), THREE)).plot()
    assert "HTMT2" in ax.get_title(loc="left")
    plt.close(ax.figure)
