"""Validity of factors against semTools 0.5-6, and what it says in odd cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.analyses.validity import ValidityResult, validity
from servqual.numerics.resampling import weight_blocks
from tests.analyses.surveys import reference_survey
from tests.reference import load_expected

DATA = Path(__file__).parents[1] / "reference" / "data"
REFERENCE: dict[str, Any] = load_expected("validity")
THREE = REFERENCE["quality"]["pupils"]["model"]
BIFACTOR = """general =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
general ~~ 0*textual + 0*speed
textual ~~ 0*speed"""


def pupils() -> pd.DataFrame:
    """Return the pupils of Holzinger and Swineford."""
    return pd.read_csv(DATA / "pupils.csv")


def notes_of(found: ValidityResult) -> str:
    """Return all notes as one text."""
    return " ".join(found.notes)


@pytest.mark.parametrize("name", list(REFERENCE["quality"]))
def test_reliability_and_extracted_variance_against_semtools(name: str) -> None:
    theirs = REFERENCE["quality"][name]
    frame = pd.read_csv(DATA / f"{theirs['data']}.csv")
    table = validity(sq.cfa(frame, theirs["model"], by=theirs["by"]), scale="raw").tidy()
    for column in ("composite_reliability", "ave"):
        for factor, value in theirs[column].items():
            # semTools has no extracted variance where a factor shares an indicator.
            if value is not None:
                ours = table.loc[table["factor"] == factor, column]
                assert_allclose(ours, np.atleast_1d(value), rtol=5e-9)


@pytest.mark.parametrize("name", list(REFERENCE["ratios"]))
def test_ratios_against_semtools(name: str) -> None:
    theirs = REFERENCE["ratios"][name]
    fit = sq.cfa(pd.read_csv(DATA / f"{theirs['data']}.csv"), theirs["model"])
    found, signed = validity(fit), validity(fit, absolute=False)
    for ours, square in (
        (found.htmt, theirs["htmt"]),
        (found.htmt2, theirs["htmt2"]),
        (signed.htmt, theirs["htmt_signed"]),
    ):
        below = np.tril_indices(len(ours), k=-1)
        assert_allclose(ours.to_numpy()[below], np.array(square, dtype=float)[below], rtol=1e-12)


def test_ordinal_answers_against_semtools() -> None:
    frame = pd.read_csv(DATA / "pupils_ordinal.csv")
    found = validity(sq.cfa(frame, THREE, estimator="WLSMV"), frame)
    table = found.tidy().set_index("factor")["ave"]
    for factor, value in REFERENCE["ordinal_ave"].items():
        # lavaan's default optimiser stops at five digits.
        assert_allclose(table[factor], value, rtol=1e-5)
    assert "polychoric" in notes_of(found)
    assert "beneath the ordinal answers" in notes_of(found)
    assert found.n_resamples == 0
    assert found.htmt.notna().all().all()


def test_published_figures() -> None:
    fit = sq.cfa(pupils(), THREE)
    found = validity(fit).tidy()
    assert_allclose(found["composite_reliability"], [0.626, 0.885, 0.691], atol=5e-4)
    assert_allclose(found["sqrt_ave"] ** 2, found["ave"], rtol=1e-13)
    raw = validity(fit, scale="raw")
    assert_allclose(raw.tidy()["ave"], [0.371, 0.721, 0.424], atol=5e-4)
    assert_allclose(raw.pairs["htmt"], [0.4243, 0.4665, 0.2896], atol=5e-5)
    assert_allclose(raw.pairs["htmt2"], [0.3841, 0.3868, 0.2797], atol=5e-5)


def test_comparison_of_fornell_and_larcker() -> None:
    fit = sq.cfa(pupils(), THREE)
    found = validity(fit)
    table, square = found.tidy(), found.fornell_larcker.to_numpy()
    assert_allclose(np.diag(square), table["sqrt_ave"], rtol=1e-14)
    assert np.isnan(square[np.triu_indices(3, 1)]).all()
    standard = fit.standardised()
    between = standard[(standard["op"] == "~~") & (standard["lhs"] != standard["rhs"])]
    assert_allclose(square[np.tril_indices(3, -1)], between["estimate"], rtol=1e-10)
    assert table["max_correlation"][0] == found.pairs["correlation"][[0, 1]].max()


def test_limits_are_quantiles_of_resampled_respondents() -> None:
    frame = pupils()
    found = validity(sq.cfa(frame, THREE), frame, n_resamples=60, conf_level=0.9, seed=7)
    rows = frame[[f"x{i}" for i in range(1, 10)]].to_numpy()
    [weights] = weight_blocks(301, n_resamples=60, seed=7)
    ratios = []
    for times in weights:
        r = np.abs(np.corrcoef(np.repeat(rows, times, axis=0), rowvar=False))
        first, second = r[[0, 0, 1], [1, 2, 2]], r[[3, 3, 4], [4, 5, 5]]
        ratios.append(r[:3, 3:6].mean() / np.sqrt(first.mean() * second.mean()))
    assert_allclose(found.pairs["htmt_upper"][0], np.quantile(ratios, 0.9), rtol=1e-10)


def test_limits_need_respondents_and_repeat_with_the_seed() -> None:
    survey = reference_survey()
    fit = sq.cfa(survey)
    without = validity(fit)
    assert without.pairs["htmt_upper"].isna().all()
    assert any("validity(fit, survey)" in note for note in without.notes)
    first, second = (validity(fit, survey, n_resamples=200, seed=4) for _ in range(2))
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
    found = validity(sq.cfa(frame, "F =~ a + b + c\nG =~ d + e + f"), frame)
    assert found.pairs["below_85"].all()
    assert "all pairs lie below .90" in str(found.interpret())
    same = frame.assign(**{name: frame[name] + 4 * factors[:, 0] for name in "def"})
    alike = validity(sq.cfa(same, "F =~ a + b + c\nG =~ d + e + f"), same)
    assert not alike.pairs["below_90"].any()
    assert "not below .90: F and G" in str(alike.interpret())


def test_groups_have_their_own_figures() -> None:
    frame = pupils()
    found = validity(sq.cfa(frame, THREE, by="school"), frame, n_resamples=100)
    assert found.tidy()["group"].tolist() == [1, 1, 1, 2, 2, 2]
    one = frame[frame["school"] == "Pasteur"]
    alone = validity(sq.cfa(one, THREE), one, n_resamples=100)
    assert_allclose(found.pairs["htmt_upper"][:3], alone.pairs["htmt_upper"], rtol=1e-12)


def test_groups_of_a_survey_and_frequency_weights() -> None:
    survey = reference_survey("frequency")
    model = "A =~ P14 + P15 + P16\nB =~ P1 + P2 + P3"
    found = validity(sq.cfa(survey, model, by="wave"), survey, n_resamples=50)
    assert found.pairs["htmt_upper"].notna().all()
    again = reference_survey("sampling")
    with pytest.raises(sq.OptionError, match="sampling weights"):
        validity(sq.cfa(survey, model), again, n_resamples=50)


def test_no_resamples_no_limits() -> None:
    frame = pupils()
    found = validity(sq.cfa(frame, THREE), frame, n_resamples=0)
    assert found.pairs["htmt2_upper"].isna().all()
    assert found.pairs["below_85"].all()
    assert (found.n_resamples, found.notes) == (0, ())


def test_factors_that_share_indicators() -> None:
    frame = pupils()
    crossed = "F =~ x1 + x2 + x3\nG =~ x4 + x5 + x6 + x3\nH =~ x7"
    found = validity(sq.cfa(frame, crossed), frame, n_resamples=50)
    assert "measure several factors: x3" in notes_of(found)
    assert "one indicator, so that their figures do not exist: H" in notes_of(found)
    assert found.tidy().set_index("factor")["ave"].isna()["H"]
    assert found.pairs[["htmt", "htmt2", "htmt2_upper"]].isna().all().all()
    assert not found.pairs["below_1"].any()


def test_a_bifactor_model_is_not_called_valid() -> None:
    frame = pupils()
    found = validity(sq.cfa(frame, BIFACTOR), frame, n_resamples=50)
    pairs = found.pairs.set_index(["first", "second"])
    assert pairs["htmt2"].notna().tolist() == [False, False, True]
    said = str(found.interpret())
    assert "Not judged: general and textual, general and speed" in said
    assert "can be compared with its correlations" in said
    assert "Each factor shares" not in said


def test_nothing_is_claimed_of_factors_without_figures() -> None:
    said = str(validity(sq.cfa(pupils(), "F =~ x1\nG =~ x4")).interpret())
    for claim in ("at least .70", "at least half", "shares more variance", "below .90"):
        assert claim not in said
    part = str(validity(sq.cfa(pupils(), THREE + "\nage =~ ageyr")).interpret())
    assert part.count("Not judged: age.") == 3
    assert "visual and age" in part


def test_a_second_order_factor_is_left_out() -> None:
    fit = sq.cfa(pupils(), THREE + "\nability =~ visual + textual + speed")
    found = validity(fit)
    assert found.tidy()["factor"].tolist() == ["visual", "textual", "speed"]
    assert "left out: ability" in notes_of(found)


def test_an_indicator_in_a_regression_keeps_its_loading() -> None:
    frame = pupils()
    regressed = validity(sq.sem(frame, THREE + "\nx3 ~ sex")).tidy()
    # The slope adds to the variance of x3 what its correlation with sex explains: very little.
    plain = validity(sq.cfa(frame, THREE)).tidy()
    for column in ("composite_reliability", "ave"):
        assert_allclose(regressed[column], plain[column], atol=0.01)


def test_loadings_of_both_signs_are_noted() -> None:
    frame = pupils().assign(x3=lambda table: -table["x3"])
    found = validity(sq.cfa(frame, THREE))
    assert "loadings of both signs, which cancel in composite reliability: visual" in notes_of(
        found
    )
    plain = validity(sq.cfa(pupils(), THREE))
    assert_allclose(found.pairs["htmt2"], plain.pairs["htmt2"], rtol=1e-12)
    assert_allclose(found.tidy()["ave"], plain.tidy()["ave"], rtol=1e-7)


def test_resamples_without_a_ratio_are_counted() -> None:
    frame = pupils().assign(x3=lambda table: -table["x3"])
    found = validity(sq.cfa(frame, THREE), frame, absolute=False, n_resamples=100)
    assert 0 < found.n_unusable < 100
    assert f"In {found.n_unusable} of 100 resamples" in notes_of(found)
    assert found.pairs["htmt2_upper"].notna().tolist() == [False, False, True]


def test_improper_solutions_are_noted() -> None:
    frame = pd.read_csv(DATA / "heywood.csv")
    rng = np.random.default_rng(2)
    more = rng.normal(size=(len(frame), 1)) + 0.5 * rng.normal(size=(len(frame), 3))
    frame[["z1", "z2", "z3"]] = more
    with pytest.warns(sq.ImproperSolutionWarning):
        fit = sq.cfa(frame, "F =~ y1 + y2 + y3 + y4\nG =~ z1 + z2 + z3")
    assert "improper" in notes_of(validity(fit))
    assert "y1" in notes_of(validity(fit))


def test_a_factor_of_negative_variance_has_no_figures() -> None:
    # Three variables that have nothing in common: the marker's factor has a variance below 0 here.
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(80, 6)), columns=list("abcdef"))
    frame[["d", "e", "f"]] += 1.5 * rng.normal(size=(80, 1))
    with pytest.warns(sq.ImproperSolutionWarning, match="variance is negative for F"):
        fit = sq.cfa(frame, "F =~ a + b + c\nG =~ d + e + f")
    table = validity(fit).tidy().set_index("factor")
    assert table.loc["F", ["composite_reliability", "ave", "max_correlation"]].isna().all()
    assert table.loc["G", ["composite_reliability", "ave"]].notna().all()


def test_limits_of_incomplete_answers() -> None:
    frame = pd.read_csv(DATA / "pupils_missing30.csv")
    fit = sq.cfa(frame, THREE, missing="fiml")
    assert "from the 19 respondents who answered everything" in notes_of(
        validity(fit, frame, n_resamples=50)
    )
    items = [f"x{i}" for i in range(1, 10)]
    # Everybody left one item out, in turn.
    holes = pupils()[items].astype(float)
    for place in range(len(holes)):
        holes.iloc[place, place % 9] = np.nan
    found = validity(sq.cfa(holes, THREE, missing="fiml"), holes, n_resamples=50)
    assert "fewer than two respondents answered everything" in notes_of(found)
    assert found.n_resamples == 0
    assert found.pairs["htmt2"].notna().all()


def test_other_respondents_are_refused() -> None:
    frame = pupils()
    fit = sq.cfa(frame, THREE)
    with pytest.raises(sq.OptionError, match="fitted to 301 respondents, but `data` has 50"):
        validity(fit, frame.head(50))
    mixed = frame.assign(x1=frame["x1"].to_numpy()[::-1])
    with pytest.raises(sq.OptionError, match="correlations of `data` are not those"):
        validity(fit, mixed)
    # The same respondents in another order, or statistics of them, are fine.
    items = [f"x{i}" for i in range(1, 10)]
    moments = sq.Moments.from_covariance(frame[items].cov().round(5), n=301)
    assert validity(sq.cfa(moments, THREE), frame[::-1], n_resamples=50).n_resamples == 50


def test_errors() -> None:
    fit = sq.cfa(pupils(), THREE)
    with pytest.raises(sq.OptionError, match="needs a result of `cfa`"):
        validity(pupils())  # type: ignore[arg-type]
    with pytest.raises(sq.RowsRequiredError, match="`validity` was given str"):
        validity(fit, "pupils")  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match="the model has 1"):
        validity(sq.cfa(pupils(), "F =~ x1 + x2 + x3"))
    with pytest.raises(sq.OptionError, match="scale"):
        validity(fit, scale="other")  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match="n_resamples"):
        validity(fit, n_resamples=-1)
    with pytest.raises(sq.OptionError, match="seed"):
        validity(fit, seed=-1)


def test_ratios_are_drawn() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    ax = validity(sq.cfa(pupils(), THREE)).plot()
    assert "HTMT2" in ax.get_title(loc="left")
    plt.close(ax.figure)
    grouped = validity(sq.cfa(pupils(), THREE, by="school")).plot()
    assert "Pasteur" in grouped.get_title(loc="left")
    plt.close(grouped.figure)
