"""Exploratory factor analysis against R's psych, and what it says of data that cannot bear one."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import servqual as sq
from servqual.analyses.correlations import correlations
from servqual.analyses.efa import EFAResult, efa
from servqual.errors import (
    EstimationError,
    ImproperSolutionWarning,
    NotIdentifiedError,
    NotPositiveDefiniteError,
    OptionError,
    RowsRequiredError,
)
from servqual.samplestats.counts import Counts
from servqual.typing import FloatArray, Rotation
from tests.analyses.surveys import (
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)
from tests.reference import load_expected

REFERENCE = load_expected("efa")

# ---- numbers of R --------------------------------------------------------------------------------

#: GPArotation cannot resolve its criterion further, which leaves up to 1e-6 of the loadings open
#: where it is flat.
ROTATED = 1e-6


@cache
def kiosk() -> sq.Moments:
    return moments_of(reference_frame("kiosk").filter(like="SAT"))


def moments_of(frame: pd.DataFrame) -> sq.Moments:
    return sq.Moments.collect(frame.to_numpy(dtype=np.float64), list(frame.columns))


def polychoric() -> sq.Moments:
    case = REFERENCE["polychoric"]
    return sq.Moments.from_covariance(np.array(case["correlation"]), n=case["n"])


DATA: dict[str, Callable[[], tuple[Any, dict[str, Any]]]] = {
    "holzinger": lambda: (moments_of(reference_frame("holzinger")), {"n_factors": 3}),
    "holzinger_one": lambda: (moments_of(reference_frame("holzinger")), {"n_factors": 1}),
    "bfi": lambda: (moments_of(reference_frame("bfi")), {"n_factors": 5}),
    "perception": lambda: (reference_survey("complete"), {}),
    "gap": lambda: (reference_survey("complete"), {"on": "gap"}),
    "kiosk": lambda: (kiosk(), {"n_factors": 6}),
    "polychoric": lambda: (polychoric(), {"n_factors": 5}),
}

CASES = [
    (name, position, rotation)
    for name in DATA
    for position, analysis in enumerate(REFERENCE[name]["analyses"])
    for rotation in analysis["rotations"]
]


@cache
def analysed(name: str, extraction: str, rotation: str) -> EFAResult:
    data, options = DATA[name]()
    return efa(data, extraction=extraction, rotation=rotation, **options)  # type: ignore[arg-type]


def expected_of(name: str, position: int) -> dict[str, Any]:
    analysis: dict[str, Any] = REFERENCE[name]["analyses"][position]
    return analysis


@pytest.mark.parametrize(("name", "position", "rotation"), CASES)
def test_loadings_order_and_signs_are_those_of_psych(
    name: str, position: int, rotation: str
) -> None:
    analysis = expected_of(name, position)
    theirs = analysis["rotations"][rotation]
    ours = analysed(name, analysis["extraction"], rotation)
    assert_allclose(ours.loadings, theirs["loadings"], rtol=0, atol=ROTATED)
    phi = np.reshape(theirs["phi"], (ours.n_factors, -1))
    assert_allclose(ours.factor_correlations, phi, rtol=0, atol=ROTATED)
    structure = np.array(theirs["loadings"]) @ phi
    assert_allclose(ours.structure, structure, rtol=0, atol=ROTATED)
    for column in ("ss_loadings", "proportion", "cumulative"):
        assert_allclose(ours.variance[column], np.ravel(theirs[column]), rtol=0, atol=ROTATED)


ANALYSES = [(name, place) for name in DATA for place in range(len(REFERENCE[name]["analyses"]))]


@pytest.mark.parametrize(("name", "position"), ANALYSES)
def test_communalities_and_fit_are_those_of_psych(name: str, position: int) -> None:
    theirs = expected_of(name, position)
    ours = analysed(name, theirs["extraction"], next(iter(theirs["rotations"])))
    assert_allclose(ours.communalities, theirs["communalities"], rtol=1e-8)
    assert_allclose(ours.communalities + ours.uniquenesses, 1.0, rtol=1e-15)
    fit = ours.fit.iloc[0]
    for statistic in ("chi2", "df", "chi2_null", "df_null", "rmsr", "rmsr_corrected"):
        assert_allclose(fit[statistic], theirs["fit"][statistic], rtol=1e-7, err_msg=statistic)
    for statistic in ("p_value", "tli", "bic"):
        assert_allclose(fit[statistic], theirs["fit"][statistic], rtol=1e-6, err_msg=statistic)
    # psych's RMSEA is sqrt(chi2 / (df n) - 1 / (n - 1)), which has two different n.
    n, excess = REFERENCE[name]["n"], theirs["fit"]["chi2"] / theirs["fit"]["df"] - 1.0
    steiger = np.sqrt(max(excess, 0.0) / (n - 1.0))
    assert_allclose(fit["rmsea"], steiger, rtol=1e-6)
    assert_allclose(fit["rmsea"], theirs["fit"]["rmsea"], rtol=0, atol=1e-3)
    # uniroot finds the noncentralities to 1e-4, which leaves 1e-6 of RMSEA's limits.
    for statistic in ("rmsea_low", "rmsea_high"):
        assert_allclose(fit[statistic], theirs["fit"][statistic], rtol=0, atol=2e-6)


@pytest.mark.parametrize(("name", "position"), ANALYSES)
def test_psych_with_its_own_stopping_rules_is_near(name: str, position: int) -> None:
    theirs = expected_of(name, position)
    ours = analysed(name, theirs["extraction"], next(iter(theirs["rotations"])))
    near = 1e-4 if theirs["extraction"] != "paf" else 0.01
    assert_allclose(ours.communalities, theirs["psych_communalities"], rtol=0, atol=near)


@pytest.mark.parametrize("name", [name for name in DATA if "adequacy" in REFERENCE[name]])
def test_sampling_adequacy_is_that_of_psych(name: str) -> None:
    theirs = REFERENCE[name]["adequacy"]
    ours = analysed(name, "minres", "oblimin")
    for column in ("kmo", "bartlett_chi2", "bartlett_df", "bartlett_p"):
        assert_allclose(ours.adequacy[column].item(), theirs[column], rtol=1e-8)
    assert_allclose(ours.item_adequacy, theirs["kmo_items"], rtol=1e-8)


def test_the_kiosk_survey_as_it_was_published() -> None:
    result = analysed("kiosk", "paf", "varimax")
    published = [3.0081, 2.8765, 2.7438, 2.0038, 1.9013, 1.6089]
    # There and in psych, principal axes stop when the sum of communalities moves by less than .001.
    assert_allclose(result.variance["ss_loadings"], published, rtol=0, atol=2e-3)
    psych = REFERENCE["kiosk_psych_ss_loadings"]
    assert_allclose(result.variance["ss_loadings"], psych, rtol=0, atol=2e-3)
    assert_allclose(result.variance["cumulative"].iloc[-1], 0.5893, rtol=0, atol=2e-4)
    assert_allclose(result.adequacy["kmo"].item(), 0.88382, rtol=0, atol=5e-6)
    assert_allclose(result.adequacy["bartlett_chi2"].item(), 2573.76, rtol=0, atol=5e-3)


# ---- laws ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rotation", get_args(Rotation))
def test_every_rotation_keeps_the_common_variance(rotation: Rotation) -> None:
    result = analysed("holzinger", "minres", rotation)
    pattern, phi = result.loadings.to_numpy(), result.factor_correlations.to_numpy()
    implied = pattern @ phi @ pattern.T
    assert_allclose(np.diag(implied), result.communalities, rtol=1e-9)
    assert_allclose(np.diag(phi), 1.0, rtol=1e-12)
    explained = result.variance["ss_loadings"].to_numpy()
    assert (np.diff(explained) <= 0).all()
    assert (pattern.sum(axis=0) >= 0).all()
    assert_allclose(explained.sum(), result.communalities.sum(), rtol=1e-9)
    residuals = result.residuals.to_numpy()
    assert_allclose(residuals + implied, correlations(DATA["holzinger"]()[0]).matrix, atol=1e-12)
    assert_allclose(np.diag(residuals), result.uniquenesses, rtol=1e-9)


def test_complexity_is_one_where_an_item_loads_on_one_factor() -> None:
    result = analysed("holzinger_one", "minres", "none")
    assert_allclose(result.complexity, 1.0, rtol=1e-14)
    several = analysed("holzinger", "minres", "varimax")
    squared = several.loadings.to_numpy() ** 2
    assert_allclose(several.complexity, squared.sum(axis=1) ** 2 / (squared**2).sum(axis=1))


def test_one_factor_is_not_rotated() -> None:
    result = efa(DATA["holzinger"]()[0], n_factors=1)
    assert result.rotation == "none"
    assert result.notes == ("One factor cannot be rotated.",)
    pd.testing.assert_frame_equal(
        result.loadings, analysed("holzinger_one", "minres", "none").loadings
    )
    assert result.factor_correlations.to_numpy().tolist() == [[1.0]]


def test_units_of_the_items_do_not_matter() -> None:
    frame = reference_frame("holzinger")
    scaled = moments_of(frame * np.arange(1.0, 10.0))
    ours = efa(scaled, n_factors=3, extraction="ml")
    assert_allclose(ours.loadings, analysed("holzinger", "ml", "oblimin").loadings, atol=1e-7)


# ---- one matrix, whatever it comes from ----------------------------------------------------------


def test_survey_moments_counts_and_correlations_give_the_same() -> None:
    survey = reference_survey("complete")
    frame = reference_frame("survey_complete")[[f"P{item}" for item in range(1, 23)]]
    expected = analysed("perception", "minres", "oblimin")
    for data in (
        moments_of(frame),
        Counts.collect(frame.to_numpy(dtype=np.float64), list(frame.columns)),
        correlations(survey),
    ):
        result = efa(data, n_factors=5)
        assert_allclose(result.loadings, expected.loadings, rtol=0, atol=1e-12)
        assert_allclose(result.fit, expected.fit, rtol=1e-12)
        assert list(result.loadings.index) == list(expected.loadings.index)


def test_polychoric_correlations_of_a_survey_are_those_of_the_matrix() -> None:
    frame = reference_frame("mixed_categories")
    counts = Counts.collect(frame.to_numpy(dtype=np.float64), list(frame.columns))
    result = efa(counts, n_factors=5, correlation="polychoric")
    assert result.correlation == "polychoric"
    assert any("as if they were Pearson's" in note for note in result.notes)
    theirs = REFERENCE["polychoric"]["analyses"][0]["rotations"]["oblimin"]
    # lavCor stops its search for each correlation at 1e-5 or so.
    assert_allclose(result.loadings, theirs["loadings"], rtol=0, atol=1e-4)
    again = efa(correlations(counts, kind="polychoric"), n_factors=5)
    assert again.correlation == "polychoric"
    pd.testing.assert_frame_equal(again.loadings, result.loadings)


def test_rank_correlations() -> None:
    frame = reference_frame("survey_complete")[[f"P{item}" for item in range(1, 23)]]
    ranks = efa(reference_survey("complete"), correlation="spearman")
    ranked = efa(moments_of(frame.rank()), n_factors=5)
    assert_allclose(ranks.loadings, ranked.loadings, rtol=0, atol=1e-9)


def test_missing_answers_listwise_and_pairwise() -> None:
    frame = reference_frame()[[f"P{item}" for item in range(1, 23)]]
    survey = reference_survey()
    complete = efa(survey)
    assert complete.sample.n_obs == len(frame.dropna())
    assert_allclose(complete.loadings, efa(moments_of(frame.dropna()), n_factors=5).loadings)
    pairs = efa(survey, missing="pairwise")
    counts = frame.notna().astype(int)
    assert pairs.sample.n_obs == (counts.T @ counts).to_numpy().min()
    assert pairs.sample.missing == "pairwise"
    matrix = frame.corr().to_numpy()
    implied = matrix - pairs.residuals.to_numpy()
    loadings = pairs.loadings.to_numpy()
    assert_allclose(
        loadings @ pairs.factor_correlations.to_numpy() @ loadings.T, implied, atol=1e-9
    )


def test_frequency_weights_repeat_rows() -> None:
    frame = reference_frame()
    repeated = frame.loc[frame.index.repeat(frame["freq"])].reset_index(drop=True)
    weighted, plain = efa(reference_survey("frequency")), efa(survey_of(repeated))
    assert weighted.sample.n_obs == plain.sample.n_obs
    assert_allclose(weighted.loadings, plain.loadings, rtol=0, atol=1e-10)
    assert_allclose(weighted.fit, plain.fit, rtol=1e-9)


def test_sampling_weights_leave_tests_out() -> None:
    result = efa(reference_survey("sampling"))
    assert any("distribution of χ² is not known" in note for note in result.notes)
    fit = result.fit.iloc[0]
    for name in ("chi2", "p_value", "rmsea", "rmsea_low", "rmsea_high", "tli", "bic"):
        assert np.isnan(fit[name]), name
    assert np.isfinite(fit["rmsr"])
    assert fit["df"] == 131
    assert np.isfinite(result.adequacy["kmo"].item())
    assert np.isnan(result.adequacy["bartlett_p"].item())
    assert "nan" not in str(result.interpret())


def test_the_number_of_factors_is_that_of_the_dimensions() -> None:
    random = np.random.default_rng(5)
    latent = np.repeat(random.normal(size=(300, 2)), [3, 4], axis=1)
    answers = np.rint(4 + latent + 0.8 * random.normal(size=(300, 7)))
    columns = {f"P{item + 1}": np.clip(answers[:, item], 1, 7) for item in range(7)}
    survey = toy_survey(toy_frame(300, 7).assign(**columns), toy_instrument((3, 4)))
    assert efa(survey).n_factors == 2
    assert efa(correlations(survey)).n_factors == 2
    assert efa(survey, n_factors=1).n_factors == 1


def test_an_instrument_of_one_dimension() -> None:
    result = efa(toy_survey(toy_frame(60, 4), toy_instrument((4,))))
    assert result.n_factors == 1
    assert result.tidy()["dimension"].tolist() == ["d1"] * 4


# ---- data that cannot bear it --------------------------------------------------------------------


def test_fewer_respondents_than_items() -> None:
    frame = reference_frame("survey_complete").head(15)
    survey = survey_of(frame)
    reason = "15 respondents are not more than the 22 items"
    with pytest.raises(NotPositiveDefiniteError, match=reason):
        efa(survey, extraction="ml")
    for extraction in ("minres", "paf"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = efa(survey, extraction=extraction, rotation="varimax", n_factors=2)
        assert any(reason in str(warning.message) for warning in caught)
        assert np.isfinite(result.loadings.to_numpy()).all()
        assert result.adequacy[["kmo", "bartlett_chi2", "bartlett_p"]].isna().all(axis=None)
        assert result.item_adequacy.isna().all()
        assert np.isnan(result.fit["chi2"].item())
        assert any(reason in note for note in result.notes)


def test_a_constant_item_is_named() -> None:
    frame = reference_frame("survey_complete").assign(P7=4)
    with pytest.raises(EstimationError, match=r"answers that vary.*: P7\. Leave them out"):
        efa(survey_of(frame))


def test_identical_items_are_named() -> None:
    frame = reference_frame("survey_complete")
    survey = survey_of(frame.assign(P9=frame["P8"]))
    with pytest.raises(NotPositiveDefiniteError, match="correlate perfectly: P8 and P9"):
        efa(survey, extraction="ml")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = efa(survey)
    words = [str(warning.message) for warning in caught]
    assert any("no inverse: these items correlate perfectly: P8 and P9" in text for text in words)
    assert np.isfinite(result.loadings.to_numpy()).all()


def test_a_matrix_of_pairs_that_is_not_positive_definite() -> None:
    random = np.random.default_rng(4)
    answers = random.integers(1, 6, (40, 10)) + np.rint(2.0 * random.normal(size=(40, 1)))
    answers[random.random(answers.shape) < 0.5] = np.nan
    pairs = sq.Moments.collect(answers, [f"x{place}" for place in range(10)], missing="pairwise")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = efa(pairs, n_factors=2, rotation="varimax")
    words = [str(warning.message) for warning in caught]
    assert all(issubclass(warning.category, sq.ServqualWarning) for warning in caught)
    assert sum("not positive definite: its smallest eigenvalue is -" in text for text in words) == 1
    assert not any("no inverse" in text for text in words)
    assert result.adequacy[["kmo", "bartlett_chi2", "bartlett_p"]].isna().all(axis=None)
    assert result.fit[["chi2", "p_value", "rmsea", "tli", "bic"]].isna().all(axis=None)
    assert np.isfinite(result.loadings.to_numpy()).all()
    assert any("was smoothed" in note for note in result.notes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImproperSolutionWarning)
        with pytest.raises(NotPositiveDefiniteError, match="is not positive definite"):
            efa(pairs, n_factors=2, extraction="ml")


def test_a_factor_too_many() -> None:
    moments = DATA["holzinger"]()[0]
    for extraction in ("minres", "ml", "paf"):
        with pytest.raises(NotIdentifiedError, match="6 factors were asked for of 9 variables"):
            efa(moments, n_factors=6, extraction=extraction)


def test_no_degrees_of_freedom_left() -> None:
    moments = moments_of(reference_frame("holzinger")[["x1", "x2", "x3"]])
    result = efa(moments, n_factors=1)
    assert result.fit["df"].item() == 0
    assert any("0 degrees of freedom" in note for note in result.notes)
    assert np.isnan(result.fit["rmsea"].item())
    assert_allclose(result.residuals.to_numpy()[np.triu_indices(3, 1)], 0.0, atol=1e-8)


def heywood_matrix() -> FloatArray:
    matrix = np.full((5, 5), 0.3)
    matrix[0, 1:] = matrix[1:, 0] = [0.8, 0.7, 0.6, 0.5]
    np.fill_diagonal(matrix, 1.0)
    return matrix


@pytest.mark.parametrize("extraction", ["minres", "ml"])
def test_heywood_cases_are_named(extraction: Any) -> None:
    moments = sq.Moments.from_covariance(heywood_matrix(), n=200, variables=list("abcde"))
    with pytest.warns(
        ImproperSolutionWarning, match=r"without unique variance \(a Heywood case\): a\."
    ):
        result = efa(moments, n_factors=1, extraction=extraction)
    assert result.heywood == ("a",)
    # psych's minres follows the gradient of another function than it minimises, which agree in
    # the interior only, so at a bound it ends a little off the minimum.
    near = 1e-6 if extraction == "ml" else 0.01
    theirs = REFERENCE["heywood"][extraction]
    assert_allclose(result.communalities, theirs, rtol=0, atol=near)
    assert_allclose(result.uniquenesses, 1.0 - result.communalities, rtol=0, atol=1e-15)
    assert result.glance()["n_heywood"].item() == 1
    assert "without unique variance" in str(result.interpret())


# ---- words for wrong arguments -------------------------------------------------------------------


def test_the_number_of_factors_is_needed_without_an_instrument() -> None:
    with pytest.raises(OptionError, match=r"`n_factors` is needed.*`factor_count`"):
        efa(kiosk())


@pytest.mark.parametrize("n_factors", [0, -1, 2.5, "3", True])
def test_the_number_of_factors_is_a_whole_number(n_factors: Any) -> None:
    with pytest.raises(
        OptionError, match=r"`n_factors` is .*, but must be a whole number from 1 up"
    ):
        efa(kiosk(), n_factors=n_factors)


def test_seed_and_number_of_starts_are_whole_numbers() -> None:
    with pytest.raises(OptionError, match="`seed` is -1, but must be a whole number from 0 up"):
        efa(kiosk(), n_factors=2, seed=-1)
    with pytest.raises(OptionError, match="`n_starts` is 0, but must be a whole number from 1 up"):
        efa(kiosk(), n_factors=2, n_starts=0)


def test_options_are_checked() -> None:
    survey = reference_survey("complete")
    with pytest.raises(OptionError, match="`extraction` is 'pca', but must be one of \"minres\""):
        efa(survey, extraction="pca")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"`rotation` is 'oblimn'.* Did you mean \"oblimin\""):
        efa(survey, rotation="oblimn")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="`correlation` is 'kendall'"):
        efa(survey, correlation="kendall")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="`conf_level` is 90"):
        efa(survey, conf_level=90)
    with pytest.raises(OptionError, match="needs the frequencies of the answers"):
        efa(kiosk(), n_factors=6, correlation="polychoric")
    with pytest.raises(RowsRequiredError, match="were asked of DataFrame"):
        efa(reference_frame())  # type: ignore[arg-type]


# ---- the result ----------------------------------------------------------------------------------


def test_the_tidy_table_names_items_and_factors() -> None:
    result = analysed("perception", "minres", "oblimin")
    table = result.tidy()
    factors = ["F1", "F2", "F3", "F4", "F5"]
    rest = ["communality", "uniqueness", "complexity"]
    assert list(table.columns) == ["item", "number", "key", "label", "dimension", *factors, *rest]
    assert table["item"].tolist() == [f"P{item}" for item in range(1, 23)]
    assert table["number"].tolist() == list(range(1, 23))
    assert table["dimension"].iloc[4] == "reliability"
    assert_array_equal(table[factors].to_numpy(), result.loadings.to_numpy())
    assert result.loadings.index.name == "item"
    assert analysed("gap", "minres", "oblimin").loadings.index[0] == "G1"


def test_variables_without_an_instrument_have_no_numbers() -> None:
    table = analysed("holzinger", "minres", "oblimin").tidy()
    assert table["number"].isna().all()
    assert table["dimension"].tolist() == [""] * 9
    assert table["label"].tolist() == table["item"].tolist()


def test_glance_is_one_row_of_fixed_columns() -> None:
    columns = [
        *("extraction", "rotation", "correlation", "on", "n_obs", "n_excluded", "n_items"),
        *("n_factors", "chi2", "df", "p_value", "rmsea", "rmsea_low", "rmsea_high", "tli", "rmsr"),
        *("bic", "kmo", "bartlett_p", "variance_explained", "converged", "n_heywood", "conf_level"),
    ]
    for case in (("perception", "minres", "oblimin"), ("holzinger_one", "ml", "none")):
        result = analysed(*case)
        glance = result.glance()
        assert list(glance.columns) == columns
        assert len(glance) == 1
        assert glance["n_obs"].item() == REFERENCE[case[0]]["n"]
        assert glance["converged"].item() is True or bool(glance["converged"].item())


def test_the_interval_has_the_coverage_that_was_asked_for() -> None:
    moments = DATA["holzinger"]()[0]
    wide, usual = (
        efa(moments, n_factors=3, conf_level=0.99),
        analysed("holzinger", "minres", "oblimin"),
    )
    assert wide.fit["rmsea"].item() == usual.fit["rmsea"].item()
    assert wide.fit["rmsea_low"].item() < usual.fit["rmsea_low"].item()
    assert wide.fit["rmsea_high"].item() > usual.fit["rmsea_high"].item()


def test_the_same_seed_gives_the_same_bits() -> None:
    survey = reference_survey("complete")
    first = efa(survey, rotation="geomin", n_starts=5, seed=3)
    assert first.to_json() == efa(survey, rotation="geomin", n_starts=5, seed=3).to_json()
    assert first.n_starts == 5


def test_the_result_can_be_stored() -> None:
    plain = json.loads(analysed("perception", "minres", "oblimin").to_json())
    assert plain["analysis"] == "EFAResult"
    assert plain["loadings"][0]["item"] == "P1"
    assert "instrument" not in plain


def test_words() -> None:
    result = analysed("perception", "minres", "oblimin")
    text = str(result.interpret())
    assert "Sampling adequacy (KMO) is" in text
    assert "The 5 factors together account for" in text
    assert "RMSEA is 0.015 (90% interval 0.000 to" in text
    assert "P5 (" in text
    assert "The closest factors are" in text
    assert "Kaiser, H. F., & Rice" in text
    alone = str(analysed("holzinger_one", "ml", "none").interpret())
    assert "The factor accounts for" in alone
    assert "closest" not in alone


def test_the_representation_shows_loadings_variance_and_fit() -> None:
    text = repr(analysed("perception", "minres", "oblimin"))
    for part in ("Loadings (minres, oblimin, pearson, on: perception)", "Variance accounted for"):
        assert part in text
    assert "Correlations of factors" in text
    assert "Correlations of factors" not in repr(analysed("perception", "minres", "varimax"))
    assert "<table" in analysed("holzinger", "minres", "oblimin")._repr_html_()
