"""The helpers of the benchmarks. Nothing here is timed, and no other package is needed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.benchmarks import ours
from tests.benchmarks.compare import differences, disagreements
from tests.benchmarks.data import N_ITEMS, SIZES, simulate
from tests.benchmarks.measure import Measured, calls_per_repetition, measure, repetitions
from tests.benchmarks.rows import ROWS, Peer, Row
from tests.benchmarks.summary import (
    BEGIN,
    END,
    HEADER,
    Machine,
    as_markdown,
    as_text,
    page_part,
    replace_part,
    rows_of,
    seconds_as_text,
)
from tests.benchmarks.task import Values
from tests.benchmarks.workers import ROOT, Side

_PEER = Peer("r", "their_task", "package::function", {"alpha": 1e-6}, goal=10)
_ROW = Row("Alpha", "alpha", "small", (_PEER,))


def test_data_are_seven_points_and_the_same_every_time() -> None:
    answers = simulate(300)
    assert answers.shape == (300, N_ITEMS)
    assert set(np.unique(answers)) == set(range(1, 8))
    np.testing.assert_array_equal(answers, simulate(300))


def test_rows_name_functions_and_data_that_exist() -> None:
    r_script = (ROOT / "tests" / "benchmarks" / "peers.R").read_text(encoding="utf-8")
    python = (ROOT / "tests" / "benchmarks" / "peers.py").read_text(encoding="utf-8")
    for row in ROWS:
        assert callable(getattr(ours, row.task))
        assert row.data in SIZES
        for peer in row.peers:
            defined = (
                f"tasks${peer.task} <- function(data)" in r_script
                if peer.side == "r"
                else f"def {peer.task}(data: Data) -> Task:" in python
            )
            assert defined, peer.task
            assert peer.tolerances


def test_no_row_has_two_peers_of_one_name() -> None:
    for row in ROWS:
        assert len({peer.task for peer in row.peers}) == len(row.peers)


def test_differences_are_the_largest_by_name() -> None:
    found = differences({"a": [1.0, 2.0], "b": [0.0]}, {"a": [1.0, 2.5]}, {"a": 1.0, "b": 1.0})
    assert found == {"a": 0.5, "b": math.inf}


def test_what_is_missing_never_agrees() -> None:
    tolerances = {"a": 1e9}
    for theirs in ([math.nan], [1.0, 1.0], []):
        assert disagreements(differences({"a": [1.0]}, {"a": theirs}, tolerances), tolerances)


def test_disagreement_is_put_into_words() -> None:
    assert disagreements({"a": 0.5, "b": 0.0}, {"a": 0.1, "b": 0.0}) == [
        "a differ by 5.0e-01; at most 1e-01 is allowed"
    ]


def test_factors_may_come_in_another_order_and_with_other_signs() -> None:
    loadings = np.array([[0.8, 0.1], [0.7, 0.0], [0.1, 0.6], [0.0, 0.9]])
    correlations = np.array([[1.0, 0.3], [0.3, 1.0]])
    signs = np.array([-1.0, 1.0])
    turned = correlations[::-1, ::-1] * np.outer(signs, signs)
    found = differences(
        {
            "loadings": loadings.ravel().tolist(),
            "factor_correlations": correlations.ravel().tolist(),
        },
        {
            "loadings": (loadings[:, ::-1] * signs).ravel().tolist(),
            "factor_correlations": turned.ravel().tolist(),
        },
        {"loadings": 0, "factor_correlations": 0},
    )
    assert found == {"loadings": 0.0, "factor_correlations": 0.0}


def test_short_calls_are_repeated_and_long_rows_shortened() -> None:
    assert calls_per_repetition(0.001) == 100
    assert calls_per_repetition(3.0) == 1
    assert repetitions(0.3) == 15
    assert repetitions(10.0) == 6
    assert repetitions(100.0) == 5


def test_ratio_is_the_median_over_repetitions() -> None:
    measured = Measured(_ROW, _PEER, (1.0, 2.0, 3.0), (40.0, 10.0, 60.0), {"alpha": 1e-9})
    assert measured.ratio == 20.0
    assert measured.ratio_range == (12.5, 30.0)
    assert measured.goal_met is True
    assert Measured(_ROW, _PEER).goal_met is None


class _Fake:
    """A side whose every call takes the same time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def run(self, task: str, data: str) -> Values:
        return {"alpha": [0.8]}

    def time(self, task: str, data: str, calls: int) -> float:
        return self._seconds


def test_a_share_of_the_work_counts_as_if_it_were_all() -> None:
    part = Peer("r", "part", "package::function, a tenth", {"alpha": 1e-6}, share=0.1)
    sides: dict[Side, Any] = {"servqual": _Fake(2.0), "r": _Fake(3.0)}
    [measured] = measure(Row("Alpha", "alpha", "small", (part,)), sides)
    assert not measured.problems
    assert measured.ratio == pytest.approx(15.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5, "2.50 s"), (0.0123, "12.3 ms"), (0.000_45, "450 µs"), (120.0, "120 s")],
)
def test_seconds_have_three_digits(seconds: float, text: str) -> None:
    assert seconds_as_text(seconds) == text


def test_table_shows_what_failed_in_place_of_times() -> None:
    row = rows_of([Measured(_ROW, _PEER, problems=("alpha differ | much\nso",))])[0]
    assert len(row) == len(HEADER)
    assert row[6:8] == ("≥ 10", "FAILED: alpha differ / much so")


def test_tables_have_one_line_per_row() -> None:
    rows = rows_of([Measured(_ROW, _PEER, (0.001,) * 3, (0.02,) * 3, {"alpha": 1e-9})])
    assert rows[0][2:7] == (
        "`package::function`",
        "1.00 ms",
        "20.0 ms",
        "20.0 (20.0–20.0)",
        "≥ 10: yes",
    )
    assert len(as_text(HEADER, rows).splitlines()) == 3
    assert (
        as_markdown(HEADER, rows)
        .splitlines()[2]
        .startswith("| Alpha | 500 | `package::function` |")
    )


def test_page_part_says_where_with_what_and_what_is_left_out() -> None:
    machine = Machine("Linux x86_64", "a processor", 2, 24.0, "2026-01-31")
    part = page_part([], machine, {"servqual": {"numpy": "2.0"}}, (0.1, 1.0), {"r": "not found"})
    for words in (
        "2026-01-31",
        "a processor, 2 cores, 24 GiB",
        "numpy 2.0",
        "R: left out, not found",
    ):
        assert words in part


def test_page_keeps_everything_else() -> None:
    page = f"# Title\n\n{BEGIN}\nold\n{END}\n\nmore\n"
    assert replace_part(page, "new") == f"# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nmore\n"
    assert replace_part(replace_part(page, "new"), "new") == replace_part(page, "new")


@pytest.mark.parametrize("page", ["", BEGIN, f"{END} {BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_page_without_its_marks_is_not_touched(page: str) -> None:
    with pytest.raises(ValueError, match="once each, in order"):
        replace_part(page, "new")


def test_the_page_has_its_marks() -> None:
    page = (ROOT / "docs" / "explanation" / "benchmarks.md").read_text(encoding="utf-8")
    assert replace_part(page, "new") != page
