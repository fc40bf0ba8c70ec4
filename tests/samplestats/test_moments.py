"""Listwise moments: what they say, what can be done with them, and what the errors say."""

from __future__ import annotations

import copy
import json
import math
import os
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from servqual.errors import EstimationError, OptionError, RowsRequiredError
from servqual.samplestats.moments import Moments, require_moments
from servqual.samplestats.pairwise import PairwiseMoments
from servqual.samplestats.sums import ShiftedSums
from servqual.typing import FloatArray, HasMoments, HasRows, WeightKind
from tests.analyses.surveys import reference_frame, toy_frame, toy_survey
from tests.reference import load_expected

NAN = float("nan")
RTOL = 1e-12
EXPECTED = load_expected("moments")
VARIABLES: list[str] = EXPECTED["variables"]


def likert(n: int = 60, p: int = 4, *, missing: float = 0.0, seed: int = 5) -> FloatArray:
    generator = np.random.default_rng(seed)
    answers = generator.integers(1, 8, size=(n, p)).astype(np.float64)
    answers[generator.random((n, p)) < missing] = np.nan
    return answers


def reference_rows() -> FloatArray:
    return reference_frame()[VARIABLES].to_numpy(np.float64)


# ---- what they say -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["none", "frequency"])
def test_listwise_as_r(kind: WeightKind) -> None:
    weights = reference_frame()["freq"] if kind == "frequency" else None
    moments = Moments.collect(reference_rows(), VARIABLES, weights=weights, weight_kind=kind)
    expected = EXPECTED["listwise" if kind == "none" else "frequency"]
    assert moments.n_obs == expected["n"]
    assert_allclose(moments.mean, expected["mean"], rtol=RTOL)
    assert_allclose(moments.covariance(), expected["covariance"], rtol=RTOL, atol=1e-14)
    assert_allclose(moments.correlation(), expected["correlation"], rtol=RTOL, atol=1e-14)
    assert_allclose(moments.standard_error(), expected["std_error"], rtol=RTOL)
    assert_allclose(moments.standard_deviation() ** 2, np.diag(expected["covariance"]), rtol=RTOL)


def test_sampling_weights_as_r_survey() -> None:
    moments = Moments.collect(
        reference_rows(), VARIABLES, weights=reference_frame()["weight"], weight_kind="sampling"
    )
    expected = EXPECTED["sampling"]
    assert moments.n_obs == expected["n"]
    assert_allclose(moments.mean, expected["mean"], rtol=RTOL)
    assert_allclose(moments.covariance(), expected["covariance"], rtol=1e-11, atol=1e-13)
    assert_allclose(
        moments.covariance_of_mean(), expected["covariance_of_mean"], rtol=1e-11, atol=1e-15
    )


def test_divisor_of_the_covariance() -> None:
    rows = likert()
    moments = Moments.collect(rows)
    assert_allclose(moments.covariance(), np.cov(rows.T), rtol=RTOL)
    assert_allclose(moments.covariance(unbiased=False), np.cov(rows.T, ddof=0), rtol=RTOL)
    weighted = Moments.collect(rows, weights=np.ones(60), weight_kind="sampling")
    assert_allclose(weighted.covariance(unbiased=False), np.cov(rows.T, ddof=0), rtol=RTOL)


def test_who_counts() -> None:
    rows: list[list[float]] = [[1, 2], [3, NAN], [NAN, NAN], [5, 7]]
    moments = Moments.collect(rows)
    assert (moments.n_obs, moments.n_excluded) == (2, 2)
    frequency = Moments.collect(rows, weights=[3, 2, 1, 0], weight_kind="frequency")
    assert (frequency.n_obs, frequency.n_excluded) == (3, 3)
    sampling = Moments.collect(rows, weights=[0.3, 2, 1, 0], weight_kind="sampling")
    # A weight of zero takes a respondent out of the sample.
    assert (sampling.n_obs, sampling.n_excluded) == (1, 2)


def test_large_mean_and_small_variance() -> None:
    # Deviations from the exactly summed mean are the reference; raw sums of squares keep no digit.
    rows = 1e8 + np.random.default_rng(11).normal(size=(5000, 2))
    mean = np.array([math.fsum(column) / 5000 for column in rows.T.tolist()])
    deviations = rows - mean
    expected = deviations.T @ deviations / 4999
    moments = Moments.collect(rows)
    assert_allclose(moments.covariance(), expected, rtol=1e-9, atol=1e-10)
    assert_allclose(moments.mean, mean, rtol=3e-16)
    pieces = Moments.from_batches(np.array_split(rows, 7))
    assert_allclose(pieces.covariance(), expected, rtol=1e-9, atol=1e-10)


def test_batch_without_answers_costs_no_digits() -> None:
    rows = 1e8 + np.random.default_rng(12).normal(size=(300, 1))
    nothing = Moments.collect([[NAN]])
    alone = Moments.collect(rows)
    for merged in (alone + nothing, nothing + alone):
        assert_array_equal(merged.covariance(), alone.covariance())
        assert (merged.n_obs, merged.n_excluded) == (300, 1)


@pytest.mark.parametrize("n", [2, 7, 600, 20_000])
@pytest.mark.parametrize("value", [13 / 3, 0.1, -1 / 3])
@pytest.mark.parametrize("kind", ["none", "sampling"])
def test_constant_has_no_variance_to_the_last_bit(n: int, value: float, kind: WeightKind) -> None:
    rows = np.column_stack([np.full(n, value), np.arange(n) % 7])
    weights = None if kind == "none" else 0.5 + np.arange(n) % 3 / 3
    moments = Moments.collect(rows, weights=weights, weight_kind=kind, shift=4)
    assert_array_equal(moments.covariance()[0], [0.0, 0.0])
    assert moments.covariance()[1, 1] > 0
    assert moments.standard_deviation()[0] == 0.0
    assert moments.standard_error()[0] == 0.0
    assert np.isnan(moments.correlation()[0]).all()


def test_one_deviating_answer_is_variance() -> None:
    rows = np.full((200_000, 1), 13 / 3)
    rows[17] = 4.0
    assert_allclose(Moments.collect(rows, shift=4).covariance(), rows.var(ddof=1), rtol=1e-4)


def test_too_few_respondents_give_nan() -> None:
    for rows in ([[1, 2]], [[1, NAN], [NAN, 2]]):
        moments = Moments.collect(rows)
        assert np.isnan(moments.covariance()).all()
        assert np.isnan(moments.standard_error()).all()
    assert np.isnan(Moments.collect([[1, NAN]]).mean).all()
    assert Moments.collect(np.empty((0, 2))).n_obs == 0
    unweighted = Moments.collect([[1], [2]], weights=[0, 0], weight_kind="sampling")
    assert np.isnan(unweighted.mean).all()
    assert np.isnan(unweighted.covariance_of_mean()).all()


# ---- making them ---------------------------------------------------------------------------------


def test_names() -> None:
    frame = pd.DataFrame({"P1": [1, 2], 7: [3, 4]})
    assert Moments.collect(frame).variables == ("P1", "7")
    assert Moments.collect([[1, 2]]).variables == ("x1", "x2")
    assert Moments.collect([1, 2, 3], ["y"]).n_obs == 3


def test_nullable_frames() -> None:
    frame = pd.DataFrame({"a": [1, None, 3], "b": [1, 2, 4]})
    assert Moments.collect(frame.convert_dtypes()) == Moments.collect(frame)


def test_callers_arrays_are_not_written_to() -> None:
    rows, shift, weights = likert(missing=0.1), np.full(4, 4.0), np.ones(60)
    before = rows.copy()
    for array in (rows, shift, weights):
        array.flags.writeable = False
    moments = Moments.collect(rows, shift=shift, weights=weights, weight_kind="frequency")
    assert_array_equal(rows, before)
    assert moments.shift is not shift


def test_results_are_read_only() -> None:
    shift = np.full(4, 4.0)
    moments = Moments.collect(likert(), shift=shift)
    shift[0] = 99.0
    assert moments.shift[0] == 4.0
    for array in (moments.shift, moments.sums.total, moments.sums.cross):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    with pytest.raises(AttributeError):
        moments.n_obs = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"data": np.zeros((2, 2, 2))}, r"`data` has 3 dimensions, but must be a table"),
        ({"data": [["a", "b"]]}, r"`data` cannot be read as numbers: .*'a'.* Give numbers"),
        ({"data": [[1.0, np.inf]]}, r"`data` has infinite values\. Replace them"),
        (
            {"data": [[1, 2]], "variables": ["x"]},
            r"`data` has 2 columns, but `variables` names 1\. Give one name per column\.",
        ),
        (
            {"data": [[1, 2]], "variables": ["x", "x"]},
            r"`variables` names these more than once: x\. Names must be unique\.",
        ),
        (
            {"data": [[1]], "weights": [1]},
            r'give `weights` together with `weight_kind="frequency"` or `weight_kind="sampling"`',
        ),
        ({"data": [[1]], "weight_kind": "sampling"}, r"Weights come with their kind"),
        (
            {"data": [[1]], "weights": [1], "weight_kind": "freqency"},
            r'`weight_kind` is \'freqency\', but must be one of "none", "frequency", "sampling"\. '
            r'Did you mean "frequency"\?',
        ),
        (
            {"data": [[1], [2]], "weights": [1], "weight_kind": "sampling"},
            r"`weights` has shape \(1,\), but one weight per row is needed: \(2,\)",
        ),
        (
            {"data": [[1], [2]], "weights": [1, NAN], "weight_kind": "sampling"},
            r"`weights` must be finite and not negative",
        ),
        (
            {"data": [[1], [2]], "weights": [1, -1], "weight_kind": "sampling"},
            r"`weights` must be finite and not negative",
        ),
        (
            {"data": [[1], [2]], "weights": [1, 0.5], "weight_kind": "frequency"},
            r"Frequency weights count respondents, so they must be whole numbers",
        ),
        (
            {"data": [[1, 2]], "shift": [1, 2, 3]},
            r"`shift` must be one finite number, or one for each of the 2 variables",
        ),
        ({"data": [[1, 2]], "shift": NAN}, r"`shift` must be one finite number"),
        (
            {"data": [[1]], "missing": "fiml"},
            r'`missing` is \'fiml\', but must be one of "listwise", "pairwise"',
        ),
    ],
)
def test_collect_errors(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        Moments.collect(**arguments)


def test_no_batches() -> None:
    with pytest.raises(OptionError, match="`batches` is empty, but at least one table"):
        Moments.from_batches(iter([]))
    with pytest.raises(OptionError, match="Moments of different variables cannot be merged"):
        Moments.from_batches([[[1, 2]], [[1, 2, 3]]])


# ---- from a covariance matrix --------------------------------------------------------------------


@pytest.mark.parametrize("unbiased", [True, False])
def test_from_covariance_and_back(unbiased: bool) -> None:
    covariance, mean = np.cov(likert().T), np.array([4.1, 3.9, 4.0, 4.2])
    moments = Moments.from_covariance(
        covariance, 60, ["a", "b", "c", "d"], mean=mean, unbiased=unbiased
    )
    assert_allclose(moments.covariance(unbiased=unbiased), covariance, rtol=1e-14)
    assert_array_equal(moments.mean, mean)
    assert moments.n_obs == 60


def test_from_covariance_of_a_frame() -> None:
    frame = pd.DataFrame(likert(), columns=["a", "b", "c", "d"])
    moments = Moments.from_covariance(frame.cov(), len(frame), mean=frame.mean())
    assert moments.variables == ("a", "b", "c", "d")
    assert_allclose(moments.correlation(), frame.corr(), rtol=RTOL)
    collected = Moments.collect(frame)
    assert_allclose(moments.standard_error(), collected.standard_error(), rtol=RTOL)


def test_from_covariance_merges_like_rows() -> None:
    rows = likert()
    parts = [
        Moments.from_covariance(np.cov(part.T), len(part), mean=part.mean(axis=0))
        for part in (rows[:25], rows[25:])
    ]
    merged, whole = parts[0] + parts[1], Moments.collect(rows)
    assert_allclose(merged.mean, whole.mean, rtol=RTOL)
    assert_allclose(merged.covariance(), whole.covariance(), rtol=RTOL, atol=1e-13)


def test_without_means() -> None:
    moments = Moments.from_covariance(np.eye(2), 50)
    assert np.isnan(moments.mean).all()
    assert np.isnan(moments.transform([[1, 1]], ["sum"]).mean).all()
    with pytest.raises(OptionError, match=r"without means cannot be merged.* Give `mean`"):
        moments.merge(Moments.collect([[1, 2], [2, 1]]))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"covariance": [[1, 0]], "n": 9}, r"`covariance` has shape \(1, 2\), but must be square"),
        ({"covariance": [[1, NAN], [NAN, 1]], "n": 9}, "has missing or infinite entries"),
        ({"covariance": [[1, 0.5], [0, 1]], "n": 9}, "is not symmetric.* both triangles alike"),
        ({"covariance": [[-1.0]], "n": 9}, "negative numbers on its diagonal"),
        (
            {"covariance": [[1.0, 0.2, 1.5], [0.2, 1.0, 0], [1.5, 0, 1.0]], "n": 9},
            r"has 1\.5 for x1 and x3 \(correlation 1\.5\), but no correlation lies beyond −1 or 1",
        ),
        (
            {"covariance": [[4.0, -9.0], [-9.0, 4.0]], "n": 9, "variables": ["P1", "E1"]},
            r"has -9 for P1 and E1 \(correlation -2\.25\).*Look for a misprint",
        ),
        (
            {"covariance": [[0.0, 0.5], [0.5, 1.0]], "n": 9},
            r"has 0\.5 for x1 and x2 \(no variance\)",
        ),
        ({"covariance": [[1.0]], "n": 1}, r"`n` is 1, but must be a whole number of at least 2\."),
        ({"covariance": [[1.0]], "n": 9.5}, r"`n` is 9\.5, but must be a whole number"),
        ({"covariance": [[1.0]], "n": NAN}, r"`n` is nan, but must be a whole number"),
        ({"covariance": [[1.0]], "n": None}, r"`n` is None, but must be a whole number"),
        ({"covariance": [[1.0]], "n": True}, r"`n` is True, but must be a whole number"),
        (
            {"covariance": [[1.0]], "n": 9, "variables": ["a", "b"]},
            r"`covariance` has shape \(1, 1\), but `variables` names 2\.",
        ),
        (
            {"covariance": [[1.0]], "n": 9, "mean": [1, 2]},
            "`mean` must hold one finite number for each of the 1 variables",
        ),
    ],
)
def test_from_covariance_errors(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        Moments.from_covariance(**arguments)


# ---- merge, select, transform --------------------------------------------------------------------


def test_merge_errors() -> None:
    moments = Moments.collect([[1, 2], [2, 3]], ["a", "b"])
    other = Moments.collect([[1, 2]], ["b", "a"])
    with pytest.raises(OptionError, match=r"different variables .*: a, b and b, a\. Use `select`"):
        moments.merge(other)
    weighted = Moments.collect([[1, 2]], ["a", "b"], weights=[1], weight_kind="sampling")
    with pytest.raises(OptionError, match='Moments with "none" and "sampling" weights cannot be'):
        moments.merge(weighted)
    pairwise: Any = Moments.collect([[1, 2]], ["a", "b"], missing="pairwise")
    with pytest.raises(OptionError, match="Listwise and pairwise moments cannot be merged"):
        moments.merge(pairwise)
    nothing: Any = 0
    with pytest.raises(OptionError, match="can be merged with moments only, not with 0"):
        moments.merge(nothing)


def test_select() -> None:
    rows = likert(missing=0.1)
    moments = Moments.collect(rows, ["a", "b", "c", "d"])
    some = moments.select(["d", "a"])
    assert some.variables == ("d", "a")
    # Who counts was decided when the four were collected.
    assert (some.n_obs, some.n_excluded) == (moments.n_obs, moments.n_excluded)
    assert_array_equal(some.mean, moments.mean[[3, 0]])
    assert_array_equal(some.covariance(), moments.covariance()[np.ix_([3, 0], [3, 0])])
    assert moments.moments(["d", "a"]) == some


def test_select_errors() -> None:
    moments = Moments.collect([[1, 2]], ["alpha", "beta"])
    with pytest.raises(OptionError, match=r'no variable named alhpa.*alpha, beta.*mean "alpha"'):
        moments.select(["alhpa"])
    with pytest.raises(OptionError, match="more than once: alpha"):
        moments.select(["alpha", "alpha"])
    pairwise: Any = "pairwise"
    with pytest.raises(OptionError, match="`missing` is 'pairwise', but must be one of \"listwise"):
        moments.moments(["alpha"], missing=pairwise)


def test_names_come_in_a_list() -> None:
    moments = Moments.collect([[1, 2], [2, 1]], ["a", "b"])
    words = r'`variables` is "ab", but must be a list, such as \["ab"\]\.'
    with pytest.raises(OptionError, match=words):
        moments.select("ab")
    with pytest.raises(OptionError, match=words):
        moments.moments("ab")
    with pytest.raises(OptionError, match=words):
        Moments.collect([[1, 2], [2, 1]], "ab")
    number: Any = 3
    with pytest.raises(OptionError, match="`variables` is 3, but must be a list of names"):
        moments.select(number)


def test_a_correlation_of_one_is_possible() -> None:
    moments = Moments.from_covariance([[4.0, 6.0], [6.0, 9.0 * (1 - 1e-12)]], n=9)
    assert_allclose(moments.correlation()[0, 1], 1.0)


@pytest.mark.parametrize("kind", ["none", "sampling"])
def test_transform_is_that_of_the_rows(kind: WeightKind) -> None:
    rows = likert()
    weights = None if kind == "none" else np.random.default_rng(2).uniform(0.5, 2, 60)
    matrix = np.array([[1, -1, 0, 0], [0.25, 0.25, 0.25, 0.25]])
    moments = Moments.collect(rows, weights=weights, weight_kind=kind)
    ours = moments.transform(matrix, ["gap", "mean"])
    theirs = Moments.collect(rows @ matrix.T, ["gap", "mean"], weights=weights, weight_kind=kind)
    assert_allclose(ours.mean, theirs.mean, rtol=RTOL)
    assert_allclose(ours.covariance(), theirs.covariance(), rtol=RTOL)
    assert_allclose(ours.covariance_of_mean(), theirs.covariance_of_mean(), rtol=RTOL, atol=1e-16)


def test_transform_errors() -> None:
    moments = Moments.collect([[1, 2]])
    with pytest.raises(
        OptionError, match=r"`matrix` has shape \(1, 3\), but 1 new names and 2 .* need \(1, 2\)"
    ):
        moments.transform([[1, 0, 0]], ["y"])


def test_cancelling_combination_has_no_negative_variance() -> None:
    first = likert(50, 2)
    rows = np.column_stack([first, 12.7 - first.sum(axis=1)])
    total = Moments.collect(rows).transform([[1 / 3, 1 / 3, 1 / 3]], ["mean"])
    assert 0.0 <= total.standard_deviation()[0] < 1e-7
    assert 0.0 <= total.standard_error()[0] < 1e-7


# ---- storing and showing -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["none", "frequency", "sampling"])
def test_dictionary_round_trip(kind: WeightKind) -> None:
    weights = None if kind == "none" else np.arange(60) % 4
    moments = Moments.collect(likert(missing=0.05), weights=weights, weight_kind=kind)
    stored = json.loads(json.dumps(moments.to_dict(), allow_nan=False))
    again = Moments.from_dict(stored)
    assert again == moments
    assert again.to_dict() == moments.to_dict()
    assert_array_equal(again.covariance_of_mean(), moments.covariance_of_mean())


def test_dictionary_errors() -> None:
    stored = Moments.collect([[1, 2]]).to_dict()
    with pytest.raises(OptionError, match=r"not written by `Moments\.to_dict`.* format is None"):
        Moments.from_dict({})
    with pytest.raises(OptionError, match=r"not written by `Moments\.to_dict`.*version 2"):
        Moments.from_dict(stored | {"version": 2})
    del stored["sums"], stored["shift"]
    with pytest.raises(OptionError, match=r"`stored` is not complete: it has no shift, sums\."):
        Moments.from_dict(stored)


def test_copies() -> None:
    moments = Moments.collect(likert())
    for again in (copy.deepcopy(moments), pickle.loads(pickle.dumps(moments))):
        assert again == moments
    assert moments != Moments.collect(likert(seed=6))
    assert moments != "moments"
    with pytest.raises(TypeError, match="unhashable"):
        hash(moments)


def test_repr() -> None:
    moments = Moments.collect(
        [[1.0, 2, 3, 4, NAN], [1.0, 2, 3, 4, 5]], weights=[1.0, 2.0], weight_kind="sampling"
    )
    assert repr(moments) == (
        "Moments of 5 variables (x1, x2, x3, x4 and 1 more): n = 1, 1 excluded, sampling weights"
    )
    assert repr(Moments.collect([[1], [2]], ["P1"])) == "Moments of 1 variable (P1): n = 2"


# ---- bits ----------------------------------------------------------------------------------------

_COLLECT = """
import json, sys
import numpy as np
import servqual as sq
rows = np.random.default_rng(8).integers(1, 8, size=(4000, 60)).astype(float)
print(json.dumps(sq.Moments.collect(rows, shift=4).to_dict()))
"""


def test_bits_do_not_depend_on_threads() -> None:
    found = set()
    for threads in ("1", "2", "4"):
        limits = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads
        )
        run = subprocess.run(
            [sys.executable, "-c", _COLLECT],
            env=os.environ | limits | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(run.stdout)
    assert len(found) == 1


def test_sums_are_exact_whole_numbers() -> None:
    rows = likert(500, 3)
    sums = Moments.collect(rows, shift=4).sums
    exact = [[int(value) for value in row] for row in (rows - 4)]
    assert sums.total.tolist() == [sum(row[j] for row in exact) for j in range(3)]
    assert sums.cross.tolist() == [
        [sum(row[j] * row[k] for row in exact) for k in range(3)] for j in range(3)
    ]


def test_sums_over_nobody() -> None:
    nobody = ShiftedSums.zero(2)
    assert nobody.weight == 0.0
    assert nobody.cross.shape == (2, 2)


# ---- asking for them -----------------------------------------------------------------------------


def test_protocols() -> None:
    moments = Moments.collect(likert())
    assert isinstance(moments, HasMoments)
    assert not isinstance(moments, HasRows)
    survey = toy_survey(toy_frame())
    assert isinstance(survey, HasRows)


def test_require_moments() -> None:
    survey = toy_survey(toy_frame())
    assert require_moments(survey, ["P1"], minimum=3, what="alpha").n_obs == 40
    with pytest.raises(
        RowsRequiredError, match="`alpha` was given DataFrame, but needs a `Survey`"
    ):
        require_moments(toy_frame(), ["P1"], minimum=3, what="alpha")
    moments = Moments.collect([[1, 2.0], [2, NAN], [3, 2.0], [4, 2.0]], ["a", "b"])
    with pytest.raises(
        EstimationError,
        match=r"`efa` needs at least 5 respondents who answered all of a, b, but 3 remain of 4",
    ):
        require_moments(moments, ["a", "b"], minimum=5, what="efa")
    with pytest.raises(EstimationError, match=r"`efa` needs answers that vary.* respondents: b"):
        require_moments(moments, ["a", "b"], minimum=2, what="efa")


def test_pairwise_is_another_type() -> None:
    assert isinstance(Moments.collect(likert(), missing="pairwise"), PairwiseMoments)
