"""How long work says how far it is: a callable, a bar of tqdm, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from time import monotonic
from typing import Any

from servqual.errors import MissingDependencyError, OptionError
from servqual.typing import Progress, ProgressOption

__all__ = ["progress_of_part", "shown_progress"]

#: Seconds that work may last before it needs a bar.
_PATIENCE = 1.0


@contextmanager
def shown_progress(progress: ProgressOption, label: str) -> Iterator[Progress | None]:
    """Make what long work tells of its progress from what the caller asked for.

    Parameters
    ----------
    progress : callable, bool or None
        A callable is told (done, total). True shows a bar of tqdm, False shows nothing. None shows
        a bar where a person is looking (a notebook or an interactive interpreter), tqdm is
        installed, and the work lasts more than a second; so scripts and apps are silent.
    label : str
        What is done, in front of the bar.

    Yields
    ------
    callable or None
        To be told (done, total), from one thread; None where nobody wants to know. The bar is
        removed at the end, also after an error or an interrupt.

    Raises
    ------
    OptionError
        If `progress` is something else.
    MissingDependencyError
        If it is True, and tqdm is not installed.

    Notes
    -----
    A bar is a widget in a notebook that has ipywidgets, and a line on standard error elsewhere.
    Standard output stays free.

    Examples
    --------
    >>> with shown_progress(lambda done, total: print(f"{done} of {total}"), "Counting") as tell:
    ...     tell(5, 10)
    5 of 10
    """
    if progress is False or (progress is None and not _somebody_is_looking()):
        yield None
    elif progress is None or progress is True:
        yield from _told_by_bar(label, asked=progress is True)
    elif callable(progress):
        yield progress
    else:
        raise OptionError(
            f"`progress` is {progress!r}, but must be None (a bar where somebody is looking), True "
            "(always a bar), False (never), or a function that is told (done, total)."
        )


def progress_of_part(progress: Progress | None, place: int, n_parts: int) -> Progress | None:
    """Progress of one of several equal parts, told as progress of the whole.

    Parameters
    ----------
    progress : callable or None
        Is told (done, total) of the whole.
    place : int
        Which part, from 0.
    n_parts : int
        How many there are.

    Returns
    -------
    callable or None
        To be told (done, total) of the part.

    Examples
    --------
    >>> second = progress_of_part(lambda done, total: print(f"{done} of {total}"), 1, 3)
    >>> second(5, 10)
    15 of 30
    """
    if progress is None:
        return None

    def tell(done: int, total: int) -> None:
        progress(place * total + done, n_parts * total)

    return tell


def _told_by_bar(label: str, *, asked: bool) -> Iterator[Progress | None]:
    bar_type = _bar_type()
    if bar_type is None:
        if asked:
            raise MissingDependencyError.for_extra("tqdm", "progress", "`progress=True`")
        yield None
        return
    bar = _Bar(bar_type, label, patience=0.0 if asked else _PATIENCE)
    try:
        yield bar
    finally:
        bar.close()


class _Bar:
    """A bar that appears at the first step told, when the total is known and patience is over."""

    def __init__(self, bar_type: Any, label: str, *, patience: float) -> None:
        self._type = bar_type
        self._label = label
        self._shows_from = monotonic() + patience
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            delay = max(0.0, self._shows_from - monotonic())
            self._bar = self._type(total=total, desc=self._label, delay=delay, leave=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _somebody_is_looking() -> bool:
    """Whether a person types in this process: a notebook, IPython, or Python's own prompt."""
    return hasattr(sys, "ps1") or bool(sys.flags.interactive) or _shell() is not None


def _shell() -> Any:
    """The running IPython, or None; without importing it."""
    ipython = sys.modules.get("IPython")
    find = getattr(ipython, "get_ipython", None)
    return None if find is None else find()


def _bar_type() -> Any:
    """The class of bars that this place can show, or None where tqdm is not installed."""
    try:
        import tqdm
    except ImportError:
        return None
    # `tqdm.auto` would choose too, but it warns in notebooks without ipywidgets.
    in_kernel = getattr(_shell(), "kernel", None) is not None
    if in_kernel and find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm as notebook_bar

        return notebook_bar
    return tqdm.tqdm
