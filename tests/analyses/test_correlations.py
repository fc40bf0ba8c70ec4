from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import servqual as sq
from servqual.analyses.correlation_source import correlation_source
from servqual.errors import (
    EstimationError,
    ImproperSolutionWarning,
    OptionError,
    RowsRequiredError,
)
from servqual.typing import CorrelationKind
from tests.reference import load_expected

DATA = Path(__file__).parents[1] / "reference" / "data"
PERCEPTIONS = [f"P{item}" for item in range(1, 23)]
KINDS: tuple[CorrelationKind, ...] = ("pearson", "polychoric", "spearman")


def _mixed() -> pd.DataFrame:
    return pd.read_csv(DATA / "mixed_categories.csv")


def _cafe(frame: pd.DataFrame, **options: object) -> sq.Survey:
    cafe = sq.Instrument.from_toml(
        'id = "cafe"\nscale = [1, 5]\n[dimensions]\ncoffee = [1, 2]\npeople = [3]\n'
    )
    return sq.Survey(frame, instrument=cafe, sides=("perception",), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_a_survey_its_counts_and_its_moments_give_the_same(kind: CorrelationKind) -> None:
    survey = sq.load_example("bank")
    result = sq.correlations(survey, on="perception", kind=kind)
    assert list(result.matrix.columns) == PERCEPTIONS
    assert result.matrix.index.name == "item"
    from_counts = sq.correlations(survey.counts(PERCEPTIONS), kind=kind)
    np.testing.assert_array_equal(result.matrix.to_numpy(), from_counts.matrix.to_numpy())
    if kind == "pearson":
        from_moments = sq.correlations(survey.moments(PERCEPTIONS))
        np.testing.assert_array_equal(result.matrix.to_numpy(), from_moments.matrix.to_numpy())


def test_pearson_test_and_interval_equal_r() -> None:
    expected = load_expected("correlations")["pearson"]
    frame = pd.read_csv(DATA / "survey_complete.csv")[["P1", "P2"]]
    row = sq.correlations(sq.Moments.collect(frame)).tidy().to_dict("records")[0]
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, rel=1e-10), name


def test_spearman_p_equals_r() -> None:
    expected = load_expected("correlations")["spearman"]["p_value"]
    counts = sq.Counts.collect(_mixed()[["P1", "P2"]])
    row = sq.correlations(counts, kind="spearman").tidy().to_dict("records")[0]
    assert row["p_value"] == pytest.approx(expected, rel=1e-9)
    z, spread = np.arctanh(row["estimate"]), np.sqrt((1 + row["estimate"] ** 2 / 2) / 397)
    assert row["conf_high"] == pytest.approx(np.tanh(z + 1.959963984540054 * spread), rel=1e-12)


def test_polychoric_of_items_with_two_to_ten_categories() -> None:
    result = sq.correlations(sq.Counts.collect(_mixed()), kind="polychoric")
    expected = load_expected("correlations")["mixed_categories"]
    rows, columns = np.triu_indices(22, k=1)
    order = np.lexsort((rows, columns))
    np.testing.assert_allclose(
        result.matrix.to_numpy()[rows[order], columns[order]],
        expected["correlations"],
        rtol=0.0,
        atol=1e-7,  # where lavaan's own optimiser stops
    )
    # Nobody chose 3, so the threshold lies between 2 and 4.
    cuts = result.thresholds[result.thresholds["item"] == "P4"]
    assert cuts[["below", "above"]].to_numpy().tolist()[1] == [2.0, 4.0]
    assert len(result.thresholds) == len(expected["thresholds"])
    assert result.n_empty > 0
    assert result.n_adjusted == 0
    assert "two-way tables have cells that nobody is in; they were left empty" in result.notes[0]
    row = result.tidy().to_dict("records")[0]
    assert row["conf_high"] - row["estimate"] == pytest.approx(
        1.959963984540054 * row["std_error"], rel=1e-12
    )


def test_empty_cells_can_be_filled() -> None:
    counts = sq.Counts.collect(_mixed())
    filled = sq.correlations(counts, kind="polychoric", empty_cells="all")
    assert filled.n_adjusted == filled.n_empty > 0
    assert "one half was put there" in filled.notes[0]
    with pytest.raises(OptionError, match="two-by-two"):
        sq.correlations(counts, kind="polychoric", empty_cells="drop")  # type: ignore[arg-type]


def test_other_variables_by_name() -> None:
    survey = sq.load_example("bank")
    result = sq.correlations(survey, variables=["gap:reliability", "satisfaction"])
    rows = survey.rows(["gap:reliability", "satisfaction"])
    complete = rows[~np.isnan(rows).any(axis=1)]
    expected = pd.DataFrame(complete).corr().to_numpy()[0, 1]
    assert result.matrix.to_numpy()[0, 1] == pytest.approx(expected, rel=1e-12)
    assert result.on == ""
    items = sq.correlations(survey, variables=["P3", "P1"])
    assert items.source.items.numbers == (3, 1)
    assert items.on == "perception"
    gaps = sq.correlations(survey, on="gap")
    assert list(gaps.matrix.columns[:2]) == ["G1", "G2"]


def test_pairwise_uses_the_answers_of_each_pair() -> None:
    survey = sq.load_example("bank")
    result = sq.correlations(survey, missing="pairwise")
    assert result.sample.missing == "pairwise"
    assert result.sample.n_obs == result.n_obs_pairs.to_numpy().min()
    assert result.n_obs_pairs.to_numpy()[0, 0] > result.sample.n_obs
    expected = pd.DataFrame(survey.rows(PERCEPTIONS)).corr().to_numpy()
    np.testing.assert_allclose(result.matrix.to_numpy(), expected, rtol=1e-10)


def test_an_item_without_variance_is_nan_with_a_note() -> None:
    frame = pd.DataFrame({"P1": [1, 2, 3, 4], "P2": [2, 1, 4, 3], "P3": [5, 5, 5, 5]})
    for kind in KINDS:
        result = sq.correlations(_cafe(frame), kind=kind)
        assert np.isnan(result.matrix["P3"]).all()
        assert any("same answer to these items" in note and "P3" in note for note in result.notes)
        assert np.isnan(result.smallest_eigenvalue)
    with pytest.raises(EstimationError, match="the same for all 4 respondents: P3"):
        correlation_source(_cafe(frame), analysis="efa")


def test_an_indefinite_matrix_is_smoothed_and_said() -> None:
    nan = np.nan
    rng = np.random.default_rng(1)
    # Three groups of respondents that each answered another pair, with correlations no data have.
    blocks = []
    for first, second, sign in ((0, 1, 1.0), (1, 2, 1.0), (0, 2, -1.0)):
        rows = np.full((60, 3), nan)
        rows[:, first] = rng.standard_normal(60)
        rows[:, second] = sign * rows[:, first] + 0.2 * rng.standard_normal(60)
        blocks.append(rows)
    pairs = sq.Moments.collect(np.vstack(blocks), missing="pairwise")
    with pytest.warns(ImproperSolutionWarning, match="not positive definite: its smallest"):
        result = sq.correlations(pairs)
    assert result.smoothed
    assert result.smallest_eigenvalue < 0.0
    assert result.largest_change == pytest.approx(
        np.abs(result.matrix.to_numpy() - pairs.correlation()).max()
    )
    assert np.linalg.eigvalsh(result.matrix.to_numpy())[0] > 0.0
    assert any("was smoothed" in note for note in result.notes)


def test_a_perfect_polychoric_correlation_is_warned_of() -> None:
    item = np.tile([1, 2, 3, 4, 5], 20)
    frame = pd.DataFrame({"P1": item, "P2": item, "P3": np.roll(np.repeat([1, 2, 3, 4, 5], 20), 7)})
    with pytest.warns(ImproperSolutionWarning, match=r"held at ±\.9999: P1 and P2"):
        result = sq.correlations(_cafe(frame), kind="polychoric")
    assert result.matrix.loc["P1", "P2"] == 0.9999


def test_sampling_weights_have_no_standard_errors() -> None:
    frame = pd.DataFrame(
        {
            "P1": np.tile([1, 2, 3, 4], 10),
            "P2": np.roll(np.tile([2, 2, 3, 5], 10), 1),
            "P3": np.tile([1, 2, 4, 5, 3], 8),
            "w": np.linspace(0.5, 2.0, 40),
        }
    )
    survey = _cafe(frame, weights=sq.SamplingWeights("w"))
    for kind in KINDS:
        result = sq.correlations(survey, kind=kind)
        assert result.std_errors.isna().all(axis=None)
        assert result.tidy()[["statistic", "p_value", "conf_low"]].isna().all(axis=None)
        assert any("sampling weights" in note for note in result.notes)


def test_frequency_weights_are_repeated_rows() -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.integers(1, 6, (40, 3)), columns=["P1", "P2", "P3"])
    frame["f"] = rng.integers(0, 4, 40)
    weighted = _cafe(frame, weights=sq.FrequencyWeights("f"))
    repeated = _cafe(frame.loc[frame.index.repeat(frame["f"]), ["P1", "P2", "P3"]])
    for kind in KINDS:
        one, two = (sq.correlations(survey, kind=kind) for survey in (weighted, repeated))
        pd.testing.assert_frame_equal(one.tidy(), two.tidy())


def test_contract_of_the_result() -> None:
    result = sq.correlations(sq.load_example("bank"), kind="polychoric")
    assert list(result.glance()) == [
        "correlation",
        "n_obs",
        "n_excluded",
        "n_variables",
        "mean_correlation",
        "smallest_eigenvalue",
        "smoothed",
        "largest_change",
        "n_empty",
        "n_adjusted",
    ]
    assert list(result.tidy()) == [
        "first",
        "second",
        "n",
        "estimate",
        "std_error",
        "statistic",
        "df",
        "p_value",
        "conf_low",
        "conf_high",
    ]
    plain = result.to_dict()
    assert plain["kind"] == "polychoric"
    assert "source" not in plain
    assert "P22" in repr(result)


def test_what_cannot_be_done_is_said() -> None:
    survey = sq.load_example("bank")
    with pytest.raises(OptionError, match="needs the frequencies of the answers"):
        sq.correlations(survey.moments(["P1", "P2"]), kind="polychoric")
    with pytest.raises(OptionError, match='"pearson", "polychoric"'):
        sq.correlations(survey, kind="kendall")  # type: ignore[arg-type]
    with pytest.raises(EstimationError, match="was given 1 variable, but a correlation needs two"):
        sq.correlations(survey, variables=["P1"])
    with pytest.raises(RowsRequiredError, match="Correlations were asked of DataFrame"):
        sq.correlations(_mixed())  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="not a variable of this survey"):
        sq.correlations(survey, variables=["P1", "nonsense"])


def test_too_few_respondents_for_an_analysis() -> None:
    frame = pd.DataFrame({"P1": [1, 2], "P2": [2, 3], "P3": [1, 5]})
    with pytest.raises(EstimationError, match=r"at least 3 respondents.*but 2 remain of 2"):
        correlation_source(_cafe(frame), analysis="efa")


def test_one_matrix_can_be_handed_on() -> None:
    survey = sq.load_example("bank")
    result = sq.correlations(survey, kind="polychoric")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert correlation_source(result, analysis="efa") is result.source
    with pytest.raises(OptionError, match="already there"):
        correlation_source(result, analysis="efa", variables=["P1", "P2"])


def test_factor_analyses_of_some_items_keep_their_place_in_the_instrument() -> None:
    survey = sq.load_example("bank")
    chosen = [f"P{item}" for item in (1, 2, 3, 4, 5, 6, 7, 8)]
    result = sq.efa(survey, variables=chosen)
    assert result.n_factors == 2
    assert set(result.items["dimension"]) == {"tangibles", "reliability"}
    counted = sq.factor_count(survey, variables=chosen, n_draws=50)
    assert len(counted.eigenvalues) == 8
    assert counted.glance()["hypothesised"].item() == 2
    with pytest.raises(OptionError, match="more than once: P1"):
        sq.efa(survey, variables=["P1", "P1", "P2"])


def test_a_misprint_in_a_table_is_suspected() -> None:
    table = [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]
    moments = sq.Moments.from_covariance(table, n=100)
    with pytest.warns(ImproperSolutionWarning, match="Look for a misprint in the table"):
        sq.correlations(moments)


def test_another_kind_than_the_one_given_is_refused() -> None:
    polychoric = sq.correlations(sq.load_example("bank"), kind="polychoric")
    with pytest.raises(OptionError, match="the correlations given are polychoric ones"):
        sq.efa(polychoric, correlation="spearman")
    with pytest.raises(RowsRequiredError, match=r"sq\.Moments\.from_covariance\(table, n=…\)"):
        sq.efa(polychoric.matrix, n_factors=5)  # type: ignore[arg-type]
