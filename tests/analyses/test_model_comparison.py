"""Comparison of nested models, and invariance across groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from servqual.numerics.fit_indices import ChiSquare
from servqual.numerics.scaled_difference import difference_test
from tests.reference import load_expected

DATA = Path(__file__).parents[1] / "reference" / "data"
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
REFERENCE: dict[str, Any] = load_expected("structural_models")


def pupils() -> pd.DataFrame:
    """Return the pupils of Holzinger and Swineford."""
    return pd.read_csv(DATA / "pupils.csv")


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_the_ladder_agrees_with_lavaan(estimator: Any) -> None:
    ladder = sq.invariance(pupils(), THREE, by="school", estimator=estimator).tidy()
    theirs = REFERENCE["differences"][estimator]
    # lavaan stops its search at a relative change of 1e-10 of the discrepancy.
    assert_allclose(ladder["delta_chi2"][1:], theirs["chi2"], rtol=1e-4)
    assert ladder["delta_df"][1:].tolist() == theirs["df"]
    assert_allclose(ladder["p_value"][1:], theirs["p"], rtol=1e-3)


def test_the_ladder_of_the_pupils_is_the_published_one() -> None:
    ladder = sq.invariance(pupils(), THREE, by="school")
    assert_allclose(ladder.levels["chi2"], [115.851, 124.044, 164.103, 181.511], atol=6e-4)
    assert ladder.levels["df"].tolist() == [48, 54, 60, 69]
    words = str(ladder.interpret())
    assert "Metric invariance holds" in words
    assert "Scalar invariance does not hold" in words
    assert "Strict" not in words


def test_latent_means_are_relative_to_the_first_group() -> None:
    ladder = sq.invariance(pupils(), THREE, by="school")
    first = ladder.latent_means[ladder.latent_means["group"] == ladder.groups[0]]
    assert (first["estimate"] == 0.0).all()
    assert first["std_error"].isna().all()
    scalar = ladder.fits["scalar"].tidy()
    means = scalar[(scalar["op"] == "~1") & (scalar["lhs"] == "visual")]["estimate"]
    own = ladder.latent_means[ladder.latent_means["factor"] == "visual"]
    assert_allclose(own["estimate"], means)


def test_partial_invariance() -> None:
    whole = sq.invariance(pupils(), THREE, by="school")
    partial = sq.invariance(pupils(), THREE, by="school", free=["x3 ~ 1", "x7 ~ 1"])
    assert partial.levels["df"].tolist() == [48, 54, 58, 67]
    assert partial.levels["chi2"][2] < whole.levels["chi2"][2] - 10.0
    assert partial.free == ("x3 ~ 1", "x7 ~ 1")


def test_groups_of_moments() -> None:
    frame = pupils()
    names = [f"x{number}" for number in range(1, 10)]
    groups = {
        str(school): sq.Moments.collect(part[names])
        for school, part in frame.groupby("school", sort=False)
    }
    from_moments = sq.invariance(groups, THREE)
    from_rows = sq.invariance(frame, THREE, by="school")
    pd.testing.assert_frame_equal(from_moments.levels, from_rows.levels, rtol=1e-7)


def test_models_are_ordered_by_their_freedom() -> None:
    free = sq.cfa(pupils(), THREE)
    tight = sq.cfa(pupils(), THREE, orthogonal=True)
    table = sq.compare_models(tight, free).tidy()
    assert table["model"].tolist() == ["model 2", "model 1"]
    assert np.isnan(table["delta_chi2"][0])
    expected = tight.glance()["chi2"].item() - free.glance()["chi2"].item()
    assert_allclose(table["delta_chi2"][1], expected, rtol=1e-12)
    assert table["delta_df"][1] == 3
    assert "model 1 against model 2" in str(sq.compare_models(tight, free).interpret())


def test_what_cannot_be_compared() -> None:
    fit = sq.cfa(pupils(), THREE)
    with pytest.raises(sq.OptionError, match="at least two fitted models"):
        sq.compare_models(fit)
    with pytest.raises(sq.OptionError, match="other observed variables than model 1"):
        sq.compare_models(fit, sq.cfa(pupils(), "F =~ x1 + x2 + x3 + x4"))
    with pytest.raises(sq.OptionError, match='estimated by "MLR", model 1 by "ML"'):
        sq.compare_models(fit, sq.cfa(pupils(), THREE, estimator="MLR"))
    with pytest.raises(sq.OptionError, match="speaks for 200 respondents, model 1 for 301"):
        sq.compare_models(fit, sq.cfa(pupils().head(200), THREE))
    with pytest.raises(sq.OptionError, match="was given str as model 2"):
        sq.compare_models(fit, "other")  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match="name a grouping variable"):
        sq.invariance(pupils(), THREE)


def test_a_scaling_factor_that_is_not_positive_gives_nan() -> None:
    found = difference_test(ChiSquare(20.0, 10, 0.9), ChiSquare(12.0, 9, 1.2))
    assert np.isnan(found.chi2)
    assert found.scaling_factor < 0.0
    assert np.isnan(difference_test(ChiSquare(5.0, 3), ChiSquare(4.0, 3)).chi2)


def _cut(frame: pd.DataFrame, categories: int) -> pd.DataFrame:
    """The pupils' answers in categories of about equal size."""
    items = [f"x{number}" for number in range(1, 10)]
    cut = {
        item: pd.qcut(frame[item], categories, labels=False, duplicates="drop") for item in items
    }
    return frame.assign(**cut)


def test_invariance_of_ordinal_answers_frees_scales_and_shifts_step_by_step() -> None:
    found = sq.invariance(_cut(pupils(), 4), THREE, by="school", estimator="WLSMV")
    levels = found.tidy().set_index("level")
    assert levels.index.tolist() == ["configural", "thresholds", "metric", "scalar"]
    # Nine items of three thresholds, two of which a shift and a scale take up; then nine loadings
    # less three markers; then nine shifts less three means.
    assert levels["delta_df"].tolist()[1:] == [9.0, 6.0, 6.0]
    assert (levels["chi2"].diff().dropna() > 0).all()
    assert (found.latent_means["estimate"] != 0).sum() == 3


def test_invariance_of_two_categories_cannot_be_told() -> None:
    with pytest.raises(sq.OptionError, match="have two categories: x1, x2, x3"):
        sq.invariance(_cut(pupils(), 2), THREE, by="school", estimator="WLSMV")
