"""Who sees a bar, and that it is gone afterwards."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import servqual as sq
from servqual import progress as module
from servqual.errors import MissingDependencyError, OptionError
from servqual.progress import progress_of_part, shown_progress
from servqual.results import Result
from servqual.typing import ProgressOption


class _Bar:
    """What is used of tqdm's bar, remembered."""

    made: list[_Bar]

    def __init__(self, *, total: int, desc: str, delay: float, leave: bool) -> None:
        self.total, self.desc, self.delay, self.leave = total, desc, delay, leave
        self.n = 0
        self.closed = False
        type(self).made.append(self)

    def update(self, steps: int) -> None:
        self.n += steps

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[_Bar]:
    """A tqdm that remembers its bars, and nobody who looks."""
    package = ModuleType("tqdm")
    package.tqdm = _Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm", package)
    _nobody(monkeypatch)
    monkeypatch.setattr(_Bar, "made", [], raising=False)
    return _Bar.made


def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "ps1", raising=False)
    monkeypatch.delitem(sys.modules, "IPython", raising=False)


def _prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)


def _ipython(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    package = ModuleType("IPython")
    package.get_ipython = lambda: shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", package)


def test_scripts_and_apps_are_silent(bars: list[_Bar]) -> None:
    with shown_progress(None, "Work") as tell:
        assert tell is None
    assert not bars


def test_false_is_silent_where_somebody_looks(
    bars: list[_Bar], monkeypatch: pytest.MonkeyPatch
) -> None:
    _prompt(monkeypatch)
    with shown_progress(False, "Work") as tell:
        assert tell is None
    assert not bars


def test_a_person_gets_a_bar_after_a_second(
    bars: list[_Bar], monkeypatch: pytest.MonkeyPatch
) -> None:
    _prompt(monkeypatch)
    with shown_progress(None, "Work") as tell:
        assert tell is not None
        tell(3, 10)
        tell(10, 10)
    [bar] = bars
    assert (bar.total, bar.n, bar.desc, bar.closed, bar.leave) == (10, 10, "Work", True, False)
    assert 0.5 < bar.delay <= 1.0


def test_the_second_counts_from_the_start(
    bars: list[_Bar], monkeypatch: pytest.MonkeyPatch
) -> None:
    _prompt(monkeypatch)
    clock = iter([100.0, 100.75])
    monkeypatch.setattr(module, "monotonic", lambda: next(clock))
    with shown_progress(None, "Work") as tell:
        assert tell is not None
        tell(1, 2)
    assert bars[0].delay == 0.25


@pytest.mark.parametrize("shell", [object(), None])
def test_ipython_counts_where_it_runs(
    bars: list[_Bar], monkeypatch: pytest.MonkeyPatch, shell: object
) -> None:
    _ipython(monkeypatch, shell)
    with shown_progress(None, "Work") as tell:
        assert (tell is not None) == (shell is not None)


def test_a_kernel_with_widgets_gets_a_widget(
    bars: list[_Bar], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Widget(_Bar):
        made = bars

    class Shell:
        kernel = object()

    notebook = ModuleType("tqdm.notebook")
    notebook.tqdm = Widget  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm.notebook", notebook)
    _ipython(monkeypatch, Shell())
    for widgets, expected in ((object(), Widget), (None, _Bar)):
        monkeypatch.setattr(module, "find_spec", lambda name, found=widgets: found)
        with shown_progress(None, "Work") as tell:
            assert tell is not None
            tell(1, 1)
        assert type(bars[-1]) is expected


def test_true_is_a_bar_at_once(bars: list[_Bar]) -> None:
    with shown_progress(True, "Work") as tell:
        assert tell is not None
        tell(1, 2)
    assert bars[0].delay == 0.0


def test_without_tqdm(bars: list[_Bar], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    _prompt(monkeypatch)
    with shown_progress(None, "Work") as tell:
        assert tell is None
    with (
        pytest.raises(MissingDependencyError, match=r"needs the package tqdm, .*\[progress\]"),
        shown_progress(True, "Work"),
    ):
        pass


def test_nothing_told_shows_nothing(bars: list[_Bar]) -> None:
    with shown_progress(True, "Work"):
        pass
    assert not bars


@pytest.mark.parametrize("problem", [KeyboardInterrupt, ValueError])
def test_the_bar_is_closed_when_work_breaks_off(
    bars: list[_Bar], problem: type[BaseException]
) -> None:
    with pytest.raises(problem), shown_progress(True, "Work") as tell:  # noqa: PT012
        assert tell is not None
        tell(1, 2)
        raise problem
    assert bars[0].closed


@pytest.mark.parametrize("wrong", ["yes", 1, 0])
def test_other_values_are_refused(wrong: Any) -> None:
    with pytest.raises(OptionError, match=r"`progress` is .* but must be None"):
        sq.relative_importance(
            sq.load_example("bank"), outcome="satisfaction", n_resamples=100, progress=wrong
        )


def test_parts_of_a_whole() -> None:
    told: list[tuple[int, int]] = []
    for place in range(2):
        tell = progress_of_part(lambda done, total: told.append((done, total)), place, 2)
        assert tell is not None
        tell(1, 2)
        tell(2, 2)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert progress_of_part(None, 0, 2) is None


# ---- analyses ------------------------------------------------------------------------------------


_ANALYSES: dict[str, Callable[[sq.Survey, ProgressOption], Result]] = {
    "mediation": lambda survey, progress: sq.mediation(survey, n_resamples=600, progress=progress),
    "relative_importance": lambda survey, progress: sq.relative_importance(
        survey, outcome="satisfaction", n_resamples=600, progress=progress
    ),
    "compare_measures": lambda survey, progress: sq.compare_measures(
        survey, outcome="satisfaction", n_resamples=600, progress=progress
    ),
    "response_surface": lambda survey, progress: sq.response_surface(
        survey, outcome="satisfaction", n_resamples=600, progress=progress
    ),
    "factor_count": lambda survey, progress: sq.factor_count(
        survey, n_draws=300, progress=progress
    ),
}


@pytest.mark.parametrize("analysis", _ANALYSES.values(), ids=_ANALYSES)
def test_every_analysis_shows_its_bar(
    bars: list[_Bar], analysis: Callable[[sq.Survey, ProgressOption], Result]
) -> None:
    analysis(sq.load_example("bank"), True)
    [bar] = bars
    assert bar.closed
    assert bar.n == bar.total


def test_validity_of_groups_has_one_bar(bars: list[_Bar]) -> None:
    survey = sq.load_example("bank")
    fit = sq.cfa(survey, by="branch", on="perception")
    sq.validity(fit, survey, n_resamples=300, progress=True)
    [bar] = bars
    assert bar.closed
    assert bar.n == bar.total


def test_an_interrupt_leaves_nothing_behind() -> None:
    survey = sq.load_example("bank")

    def interrupt(done: int, total: int) -> None:
        if done >= total / 3:
            raise KeyboardInterrupt

    for name, analysis in _ANALYSES.items():
        with pytest.raises(KeyboardInterrupt):
            analysis(survey, interrupt)
        again = analysis(survey, None)
        undisturbed = analysis(sq.load_example("bank"), None)
        assert again.to_json() == undisturbed.to_json(), name


# ---- the real tqdm -------------------------------------------------------------------------------


def test_the_bar_of_tqdm_is_on_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    _nobody(monkeypatch)
    error, output = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", error)
    monkeypatch.setattr(sys, "stdout", output)
    with shown_progress(True, "Work") as tell:
        assert tell is not None
        tell(1, 4)
        tell(4, 4)
    assert "Work" in error.getvalue()
    assert not output.getvalue()


def test_short_work_shows_no_bar_of_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    _nobody(monkeypatch)
    _prompt(monkeypatch)
    error = io.StringIO()
    monkeypatch.setattr(sys, "stderr", error)
    with shown_progress(None, "Work") as tell:
        assert tell is not None
        tell(1, 4)
        tell(4, 4)
    assert not error.getvalue()


def test_tqdm_is_not_imported_by_a_script() -> None:
    code = (
        "import sys, servqual as sq; "
        "sq.mediation(sq.load_example('bank'), n_resamples=300); "
        "sys.exit('tqdm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
