"""Ready models: what they say, and that they can be fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import servqual as sq
from tests.analyses.surveys import reference_survey


def _estimates(fit: sq.StructuralResult) -> pd.Series:
    table = fit.tidy()
    named = table[table["label"] != ""]
    series: pd.Series = named.set_index("label")["estimate"]
    return series


@pytest.mark.parametrize("direct", [True, False])
def test_effects_are_the_products_along_the_ways(direct: bool) -> None:
    survey = sq.load_example("bank")
    fit = sq.sem(survey, sq.models.satisfaction_loyalty(survey, direct=direct))
    found = _estimates(fit)
    for key in (dimension.key for dimension in survey.instrument.dimensions):
        through = found[f"b_satisfaction_{key}"] * found["b_loyalty_satisfaction"]
        assert_allclose(found[f"indirect_{key}_loyalty"], through, rtol=1e-10)
        own = found[f"b_loyalty_{key}"] if direct else 0.0
        assert_allclose(found[f"total_{key}_loyalty"], through + own, rtol=1e-10)
    errors = fit.tidy().set_index("label")["std_error"]
    assert errors["total_empathy_loyalty"] > 0


def test_quality_as_a_second_order_factor() -> None:
    survey = sq.load_example("bank")
    chain, direct = (
        sq.sem(survey, sq.models.quality_chain(survey, direct=way)) for way in (False, True)
    )
    assert chain.glance()["df"].iloc[0] == direct.glance()["df"].iloc[0] + 1
    same = sq.sem(survey, sq.models.cronin_taylor(survey))
    # Cronin and Taylor's model is the chain with the direct path, under another name.
    assert_allclose(same.glance()["chi2"], direct.glance()["chi2"], rtol=1e-8)
    assert "indirect_quality_intentions" in _estimates(same)


def test_dimensions_as_causes_of_overall_quality() -> None:
    survey = sq.load_example("bank")
    model = sq.models.dabholkar(
        survey, overall=["SAT1", "SAT2"], satisfaction=["SAT3"], intentions=["LOY1", "LOY2"]
    )
    fit = sq.sem(survey, model)
    found = _estimates(fit)
    expected = found["b_overall_empathy"] * (
        found["b_intentions_overall"]
        + found["b_satisfaction_overall"] * found["b_intentions_satisfaction"]
    )
    assert_allclose(found["total_empathy_intentions"], expected, rtol=1e-10)


def test_customer_satisfaction_indices_can_be_fitted() -> None:
    rng = np.random.default_rng(6)
    names = ["image", "expectations", "quality", "value", "satisfaction", "complaints", "loyalty"]
    level = rng.normal(size=400)
    columns: dict[str, list[str]] = {}
    answers: dict[str, object] = {}
    for name in names:
        level = 0.6 * level + 0.8 * rng.normal(size=400)
        columns[name] = [f"{name[:2]}{number}" for number in (1, 2, 3)]
        answers |= {column: level + 0.6 * rng.normal(size=400) for column in columns[name]}
    frame = pd.DataFrame(answers)
    for template, without in ((sq.models.acsi, "image"), (sq.models.ecsi, "complaints")):
        chosen = {name: items for name, items in columns.items() if name != without}
        fit = sq.sem(frame, template(**chosen))
        assert fit.glance()["n_parameters"].iloc[0] > 40
        assert "total_expectations_loyalty" in _estimates(fit)


def test_an_instrument_has_the_usual_columns() -> None:
    instrument = sq.instrument("servqual-1991")
    model = sq.models.satisfaction_loyalty(
        instrument, satisfaction="SAT1", loyalty=["L1", "L2"], on="gap"
    )
    assert model.splitlines()[0] == "tangibles =~ G1 + G2 + G3 + G4"
    assert "satisfaction =~ SAT1" in model


def test_errors() -> None:
    instrument = sq.instrument("servqual-1991")
    with pytest.raises(sq.OptionError, match="not known: satisfaction, loyalty"):
        sq.models.satisfaction_loyalty(instrument)
    with pytest.raises(sq.OptionError, match="needs a survey or an instrument"):
        sq.models.quality_chain("bank")  # type: ignore[arg-type]
    with pytest.raises(sq.OptionError, match="overall"):
        sq.models.dabholkar(reference_survey())
    with pytest.raises(sq.OptionError, match="No columns measure value"):
        sq.models.ecsi(
            image=["a"],
            expectations=["b"],
            quality=["c"],
            value=[],
            satisfaction=["d"],
            loyalty=["e"],
        )
    with pytest.raises(sq.OptionError, match="Give the survey"):
        sq.models.quality_chain(instrument, on="desired")
