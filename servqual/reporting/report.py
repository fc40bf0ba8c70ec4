"""`sq.report`: everything about a survey in one HTML file that needs nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from servqual.analyses.resampling import check_bootstrap
from servqual.errors import MissingDependencyError, OptionError
from servqual.progress import shown_progress
from servqual.survey.survey import Survey, require_survey
from servqual.typing import ProgressOption, check_conf_level

_SUFFIXES = (".html", ".htm")


def report(
    survey: Survey,
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    notice: str | None = None,
    outcomes: Sequence[str] | None = None,
    by: str | None = None,
    conf_level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 1,
    progress: ProgressOption = None,
) -> Path:
    """Write a report of a survey: gaps, priorities, reliability, drivers of outcomes, and methods.

    The file is complete in itself: no network and no script is needed to read it, and it can be
    printed. The same survey and the same arguments give the same bytes. What cannot be computed is
    named with the reason; the rest of the report stays.

    Parameters
    ----------
    survey : Survey
        Answers. With one side only (SERVPERF), means take the place of gaps.
    path : str or path
        Where to write: a name that ends in .html or .htm. The folder must exist, and a file of this
        name is replaced.
    title : str, optional
        Title of the report. Default: ``"Service quality report"``.
    notice : str, optional
        Stands before everything else, such as which instrument was assumed.
    outcomes : sequence of str, optional
        Outcomes whose drivers are shown. Default: all of the survey; an empty list for none.
    by : str, optional
        Grouping variable whose groups are compared. Default: the first of the survey, if it has
        any; ``""`` for no comparison.
    conf_level : float, default 0.95
        Coverage of the intervals.
    n_resamples : int, default 2000
        Bootstrap resamples for the intervals of relative importance; 0 for none.
    seed : int, default 1
        Seed of the bootstrap.
    progress : callable, bool or None, default None
        A callable is told (done, total) while the bootstraps run. None shows a bar where somebody
        is looking and the work is long, True always, False never.

    Returns
    -------
    pathlib.Path
        Of the file.

    Raises
    ------
    RowsRequiredError
        If `survey` is not a survey.
    OptionError
        If an outcome, the grouping variable, an option or the folder does not exist, or `path` does
        not name an HTML file.
    MissingDependencyError
        If jinja2 or matplotlib is not installed.

    Notes
    -----
    Warnings of the analyses become remarks in the sections that they concern. p-values are adjusted
    by Holm's method over the items and over the dimensions.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import servqual as sq
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "bank.html"
    ...     written = sq.report(sq.load_example("bank"), path, n_resamples=200)
    ...     text = written.read_text(encoding="utf-8")
    >>> text.startswith("<!doctype html>")
    True
    """
    source = require_survey(survey, "report")
    check_conf_level(conf_level)
    n_resamples, seed = check_bootstrap(n_resamples, seed)
    target = _target(path)
    chosen = _chosen_outcomes(source, outcomes)
    group = _chosen_group(source, by)
    _require_packages()
    # These draw, so they are not imported before matplotlib is known to be there.
    from servqual.reporting.document import compose
    from servqual.reporting.material import Settings, gather
    from servqual.reporting.rendering import render

    settings = Settings(
        title=title or "Service quality report",
        notice=notice or "",
        outcomes=chosen,
        by=group,
        conf_level=float(conf_level),
        n_resamples=n_resamples,
        seed=seed,
    )
    with shown_progress(progress, "Report") as tell:
        material = gather(source, settings, tell)
    text = render(compose(material))
    _write(target, text)
    return target


# ---- arguments -----------------------------------------------------------------------------------


def _target(path: str | os.PathLike[str]) -> Path:
    try:
        target = Path(path)
    except TypeError as error:
        raise OptionError(
            f'`path` is {path!r}, but must be the name of a file to write, such as "report.html".'
        ) from error
    if not target.parent.is_dir():
        raise OptionError(
            f"`path` is {str(target)!r}, but the folder {str(target.parent)!r} does not exist. "
            "Make the folder first, or write somewhere else."
        )
    if target.is_dir():
        raise OptionError(
            f"`path` is {str(target)!r}, which is a folder. Add the name of a file, as in "
            f"{str(target / 'report.html')!r}."
        )
    if target.suffix.lower() not in _SUFFIXES:
        raise OptionError(
            f"`path` is {str(target)!r}, but a report is an HTML file: let the name end in .html, "
            f"as in {str(target.with_suffix('.html'))!r}. A browser prints it to PDF."
        )
    return target


def _chosen_outcomes(survey: Survey, outcomes: Sequence[str] | None) -> tuple[str, ...]:
    known = list(survey.outcomes)
    if outcomes is None:
        return tuple(known)
    asked: object = (outcomes,) if isinstance(outcomes, str) else outcomes
    if not isinstance(asked, Sequence) or not all(isinstance(name, str) for name in asked):
        raise OptionError(
            f"`outcomes` is {outcomes!r}, but must be a list of names of outcomes, such as "
            f'["{known[0] if known else "satisfaction"}"], or empty for none.'
        )
    chosen = tuple(dict.fromkeys(asked))
    for name in chosen:
        if name not in known:
            if not known:
                raise OptionError(
                    f"`outcomes` names {name!r}, but this survey has no outcomes. Declare them "
                    "when it is made: "
                    '`outcomes={"satisfaction": ["SAT1", "SAT2"]}`.'
                )
            raise OptionError.for_option("outcomes", name, known)
    return chosen


def _chosen_group(survey: Survey, by: str | None) -> str:
    known = list(survey.groups)
    if by is None:
        return known[0] if known else ""
    if not isinstance(by, str):
        raise OptionError(
            f"`by` is {by!r}, but the report compares the groups of one variable: give its name, "
            "such as "
            f'"{known[0] if known else "branch"}".'
        )
    if by and by not in known:
        if not known:
            raise OptionError(
                f'`by` is "{by}", but this survey has no grouping variables. Declare them when it '
                f'is made: `groups=["{by}"]`.'
            )
        raise OptionError.for_option("by", by, known)
    return by


def _require_packages() -> None:
    for name in ("jinja2", "matplotlib"):
        try:
            __import__(name)
        except ImportError as error:
            raise MissingDependencyError.for_extra(name, "report", "`report`") from error


def _write(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OptionError(
            f"The report cannot be written to {str(target)!r}: {error.strerror or error}. Close "
            "the file where it is open, or write somewhere else."
        ) from error
