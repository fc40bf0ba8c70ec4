"""The command line: ``servqual report``, ``gaps``, ``instruments`` and ``demo``."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import servqual as sq
from servqual.errors import (
    EstimationError,
    MissingDependencyError,
    OptionError,
    ServqualError,
    ServqualWarning,
)
from servqual.instruments.instrument import Instrument
from servqual.results import format_number, format_p
from servqual.survey.survey import Survey
from servqual.typing import Level, Progress

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

try:
    import typer
except ModuleNotFoundError as error:
    _missing_typer: ModuleNotFoundError | None = error
else:
    _missing_typer = None

ASSUMED_INSTRUMENT = "servqual-1991"

#: What the process returns besides 0.
EXIT_ANALYSIS, EXIT_INPUT, EXIT_DEPENDENCY = 1, 2, 3

_EPILOG = (
    "Exit status: 0 done, 1 the numbers do not exist for these data, 2 the file or an option is "
    "wrong, 3 a package is missing."
)

Format = Literal["table", "csv", "json"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Raises
    ------
    SystemExit
        Always; with 0 when all went well.
    """
    if _missing_typer is not None:
        missing = MissingDependencyError.for_extra("typer", "report", "The command line")
        sys.stderr.write(f"Error: {missing}\n")
        raise SystemExit(EXIT_DEPENDENCY)
    try:
        _application()(args=None if arguments is None else list(arguments), prog_name="servqual")
    except ServqualError as error:
        _print_error(error)
        raise SystemExit(_exit_status(error)) from error


def _exit_status(error: ServqualError) -> int:
    if isinstance(error, MissingDependencyError):
        return EXIT_DEPENDENCY
    return EXIT_ANALYSIS if isinstance(error, EstimationError) else EXIT_INPUT


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, soft_wrap=False, highlight=False)


def _print_error(error: ServqualError) -> None:
    from rich.panel import Panel
    from rich.text import Text

    # Text, not markup: an answer such as "[red]" must stay as it is.
    _console(stderr=True).print(Panel(Text(str(error)), title="Error", title_align="left"))


@contextmanager
def _spoken_warnings() -> Iterator[None]:
    """Say each warning of the package once, in plain words on standard error."""
    from rich.text import Text

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ServqualWarning)
        yield
    console = _console(stderr=True)
    for text in dict.fromkeys(
        str(entry.message) for entry in caught if issubclass(entry.category, ServqualWarning)
    ):
        console.print(Text(f"Warning: {text}", style="yellow"))
    for entry in caught:
        if not issubclass(entry.category, ServqualWarning):
            warnings.warn_explicit(entry.message, entry.category, entry.filename, entry.lineno)


@contextmanager
def _progress(label: str) -> Iterator[Progress | None]:
    """Show a bar on a terminal; nothing where the output is a file."""
    console = _console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


# ---- options that commands share -----------------------------------------------------------------


def _named_instrument(name: str | None) -> tuple[str | Instrument, str]:
    """Return the instrument, and the sentence that says that it was assumed."""
    if name is None:
        asked = sq.instrument(ASSUMED_INSTRUMENT)
        blocks = ", ".join(
            f"{part.label.lower()} "
            f"{asked.items_of(part.key)[0].number}–{asked.items_of(part.key)[-1].number}"
            for part in asked.dimensions
        )
        return asked, (
            f"No instrument was named, so the columns are taken as {asked.title}: {blocks}. Other "
            "orders of the dimensions circulate; if yours differs, say so with --instrument NAME "
            "or --instrument FILE.toml."
        )
    if name.endswith(".toml"):
        return Instrument.from_toml(Path(name)), ""
    return sq.instrument(name), ""


def _named_outcomes(given: Sequence[str]) -> dict[str, list[str]] | Literal["find"]:
    if not given:
        return "find"
    outcomes: dict[str, list[str]] = {}
    for entry in given:
        name, separator, columns = entry.partition("=")
        members = [column.strip() for column in columns.split(",") if column.strip()]
        if not separator or not name.strip() or not members:
            raise OptionError(
                f"`--outcome` is {entry!r}, but must be written as NAME=COLUMN,COLUMN, such as "
                "`--outcome satisfaction=SAT1,SAT2`."
            )
        outcomes[name.strip()] = members
    return outcomes


def _load(
    file: Path,
    *,
    instrument: str | None,
    outcome: Sequence[str] | None,
    group: Sequence[str],
    missing_code: Sequence[float],
    delimiter: str | None,
    encoding: str | None,
) -> tuple[Survey, str]:
    asked, notice = _named_instrument(instrument)
    survey = sq.read_survey(
        file,
        instrument=asked,
        # Outcomes that nobody asked for are not looked for, and cannot be wrong.
        outcomes=None if outcome is None else _named_outcomes(outcome),
        groups=list(group),
        missing_codes=tuple(missing_code),
        delimiter=delimiter,
        encoding=encoding,
    )
    return survey, notice


def _say_how(survey: Survey, notice: str, console: Console) -> None:
    from rich.text import Text

    if notice:
        console.print(Text(notice, style="bold"))
    for note in survey.notes:
        console.print(Text(f"Note: {note}"))


def _say_outcomes(survey: Survey, console: Console) -> None:
    from rich.text import Text

    if survey.outcomes:
        listed = "; ".join(
            f"{name} = {', '.join(columns)}" for name, columns in survey.outcomes.items()
        )
        console.print(Text(f"Outcomes: {listed}."))
    else:
        console.print(
            Text(
                "Outcomes: none found by the usual names; name them with --outcome "
                "NAME=COLUMN,COLUMN."
            )
        )


# ---- tables on the terminal ----------------------------------------------------------------------


def _print_table(frame: pd.DataFrame, title: str, console: Console) -> None:
    """Print a table of words and whole numbers; other numbers are written by the caller."""
    from pandas.api.types import is_integer_dtype
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="underline",
        box=None,
        padding=(0, 2, 0, 0),
    )
    for name in frame.columns:
        right = is_integer_dtype(frame[name]) or name in frame.attrs.get("numbers", ())
        table.add_column(
            str(name),
            justify="right" if right else "left",
            no_wrap=right,
            overflow="fold",
        )
    for row in frame.itertuples(index=False):
        table.add_row(*(Text(str(cell)) for cell in row))
    console.print(table)


def _gap_table(result: sq.GapResult, level: Level | Literal["overall"]) -> pd.DataFrame:
    """Write the gaps of one level for reading."""
    import pandas as pd

    frame, names = {
        "items": (result.items, ["item", "label"]),
        "dimensions": (result.dimensions, ["dimension"]),
        "overall": (result.overall, ["score"]),
    }[level]
    shown = pd.DataFrame({name: frame[name].astype(str) for name in [*result.by, *names]})
    shown["n"] = frame["n"]
    for heading, name in (("E", "expectation"), ("P", "perception"), ("gap", "gap")):
        shown[heading] = [format_number(value, 2) for value in frame[name]]
    shown["interval"] = [
        f"[{format_number(low, 2)}, {format_number(high, 2)}]"
        for low, high in zip(frame["conf_low"], frame["conf_high"], strict=True)
    ]
    shown["p"] = [format_p(value) for value in frame["p_adjusted"]]
    shown["d"] = [format_number(value, 2) for value in frame["effect_size"]]
    shown.attrs["numbers"] = ("E", "P", "gap", "interval", "p", "d")
    return shown


def _summary_lines(survey: Survey) -> Iterator[str]:
    """Ten lines about a survey: what the demonstration prints."""
    result = sq.gaps(survey)
    overall = next(row for _, row in result.overall.iterrows() if row["score"] == "dimension mean")
    yield f"Respondents           {survey.n_respondents}, instrument {survey.instrument.title}"
    yield (
        f"Overall gap           {format_number(overall['gap'], 2)} on a scale from "
        f"{survey.instrument.scale.minimum:g} to {survey.instrument.scale.maximum:g} (95% interval "
        f"{format_number(overall['conf_low'], 2)} to {format_number(overall['conf_high'], 2)})"
    )
    alphas = sq.scale_reliability(survey, on="gap").scales.set_index("scale")["alpha"]
    for _, row in result.dimensions.sort_values("gap", kind="stable").iterrows():
        yield (
            f"{row['label']:<22}gap {format_number(row['gap'], 2)} "
            f"({format_number(row['conf_low'], 2)} to {format_number(row['conf_high'], 2)}), "
            f"alpha {format_number(alphas[row['dimension']], 2)}"
        )
    for outcome in list(survey.outcomes)[:2]:
        importance = sq.relative_importance(survey, outcome=outcome)
        top = importance.tidy().sort_values("rank").iloc[0]
        yield (
            f"{outcome.capitalize():<22}R² {format_number(importance.r_squared, 2)}; largest "
            f"share: {top['label']} ({top['share']:.0%})"
        )


# ---- commands ------------------------------------------------------------------------------------

if _missing_typer is None:
    _FileArgument = Annotated[
        Path, typer.Argument(metavar="FILE", help="Survey: .csv, .tsv, .xlsx, .parquet or .sav.")
    ]
    _InstrumentOption = Annotated[
        str | None,
        typer.Option(
            "--instrument",
            "-i",
            help="Name in the catalogue (see `servqual instruments`) or a TOML file of your own.",
        ),
    ]
    _OutcomeOption = Annotated[
        list[str] | None,
        typer.Option(
            "--outcome",
            help="NAME=COLUMN,COLUMN; may be repeated. Default: the usual names are looked for.",
        ),
    ]
    _GroupOption = Annotated[
        list[str] | None,
        typer.Option("--group", "-g", help="Grouping column, such as branch; may be repeated."),
    ]
    _MissingOption = Annotated[
        list[float] | None,
        typer.Option(
            "--missing-code", help='Answer that means "no answer", such as 9; may be repeated.'
        ),
    ]
    _DelimiterOption = Annotated[
        str | None,
        typer.Option("--delimiter", help="Delimiter of a text file, if not found rightly."),
    ]
    _EncodingOption = Annotated[
        str | None,
        typer.Option("--encoding", help="Encoding of a text file, if not found rightly."),
    ]


def _report(
    file: _FileArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write it.")] = Path(
        "report.html"
    ),
    instrument: _InstrumentOption = None,
    outcome: _OutcomeOption = None,
    group: _GroupOption = None,
    missing_code: _MissingOption = None,
    title: Annotated[str | None, typer.Option("--title", help="Title of the report.")] = None,
    conf_level: Annotated[
        float, typer.Option("--conf-level", help="Coverage of the intervals.")
    ] = 0.95,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the bootstrap.")] = 1,
    delimiter: _DelimiterOption = None,
    encoding: _EncodingOption = None,
) -> None:
    """Write a report about a survey: one HTML file with gaps, reliability, drivers and methods.

    Such as:

      servqual report bank.csv -o report.html

      servqual report bank.csv --group branch --outcome loyalty=LOY1,LOY2 --missing-code 9

      servqual report cafe.xlsx --instrument cafe.toml
    """
    from rich.text import Text

    console = _console()
    with _spoken_warnings():
        survey, notice = _load(
            file,
            instrument=instrument,
            outcome=outcome or (),
            group=group or (),
            missing_code=missing_code or (),
            delimiter=delimiter,
            encoding=encoding,
        )
        _say_how(survey, notice, console)
        _say_outcomes(survey, console)
        with _progress("Writing the report") as progress:
            written = sq.report(
                survey,
                output,
                title=title,
                notice=notice or None,
                conf_level=conf_level,
                seed=seed,
                progress=progress,
            )
    console.print(Text(f"Report: {written.resolve()}"))


def _gaps(
    file: _FileArgument,
    instrument: _InstrumentOption = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="Gaps per group of this column; may be repeated."),
    ] = None,
    level: Annotated[
        str, typer.Option("--level", help="dimensions, items or overall.")
    ] = "dimensions",
    output_format: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
    missing_code: _MissingOption = None,
    conf_level: Annotated[
        float, typer.Option("--conf-level", help="Coverage of the intervals.")
    ] = 0.95,
    delimiter: _DelimiterOption = None,
    encoding: _EncodingOption = None,
) -> None:
    """Print the gaps of a survey with their intervals.

    Such as:

      servqual gaps bank.csv

      servqual gaps bank.csv --by branch

      servqual gaps bank.csv --level items --format csv > items.csv
    """
    from servqual.typing import check_option

    check_option("--level", level, Literal["dimensions", "items", "overall"])
    check_option("--format", output_format, Format)
    with _spoken_warnings():
        survey, notice = _load(
            file,
            instrument=instrument,
            outcome=None,
            group=by or (),
            missing_code=missing_code or (),
            delimiter=delimiter,
            encoding=encoding,
        )
        result = sq.gaps(survey, by=by or None, conf_level=conf_level)
    _print_gaps(survey, result, notice, level, output_format)


def _print_gaps(
    survey: Survey, result: sq.GapResult, notice: str, level: Any, output_format: str
) -> None:
    from rich.text import Text

    if output_format == "table":
        console = _console()
        _say_how(survey, notice, console)
        title = (
            f"Gaps (perception P − expectation E), {result.conf_level:.0%} intervals, "
            f"p adjusted ({result.p_adjust}), d = gap / SD"
        )
        _print_table(_gap_table(result, level), title, console)
        return
    # What other programs read stays clean: the remark goes to standard error.
    if notice:
        _console(stderr=True).print(Text(notice, style="bold"))
    if output_format == "json":
        sys.stdout.write(result.to_json(indent=2) + "\n")
        return
    frame = {"items": result.items, "dimensions": result.dimensions, "overall": result.overall}[
        level
    ]
    sys.stdout.write(frame.to_csv(index=False))


def _instruments(
    name: Annotated[
        str | None, typer.Argument(help="Show this one as TOML, to start your own from.")
    ] = None,
) -> None:
    """List the instruments that ship with the package, or show one.

    Such as:

      servqual instruments

      servqual instruments servqual-1991 > own.toml
    """
    if name is not None:
        sys.stdout.write(sq.instrument(name).to_toml())
        return
    import pandas as pd

    rows = [(key, sq.instrument(key)) for key in sq.list_instruments()]
    frame = pd.DataFrame(
        {
            "name": [key for key, _ in rows],
            "items": [len(asked.items) for _, asked in rows],
            "dimensions": [len(asked.dimensions) for _, asked in rows],
            "scale": [str(asked.scale) for _, asked in rows],
            "reversed": [len(asked.reversed_items) for _, asked in rows],
            "source": [asked.citation for _, asked in rows],
        }
    )
    _print_table(frame, "Instruments", _console())


def _demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write the report.")
    ] = Path("report.html"),
) -> None:
    """Run the main job on the example survey of a bank (simulated): read, analyse, report.

    Such as:

      servqual demo -o report.html
    """
    from rich.text import Text

    console = _console()
    source = sq.example_path("bank")
    with _spoken_warnings():
        survey = sq.read_survey(
            source,
            instrument="servqual-1991",
            outcomes="find",
            groups=["branch", "wave"],
        )
        lines = list(_summary_lines(survey))
        with _progress("Writing the report") as progress:
            written = sq.report(
                survey,
                output,
                title="Service quality of a bank (simulated example)",
                progress=progress,
            )
    console.print(Text(f"Survey                {source}"))
    for line in lines:
        console.print(Text(line))
    console.print(Text(f"Report                {written.resolve()}"))


def _application() -> Any:
    application = typer.Typer(
        help="Statistics of the SERVQUAL gap model.",
        epilog=_EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, command in (
        ("report", _report),
        ("gaps", _gaps),
        ("instruments", _instruments),
        ("demo", _demo),
    ):
        application.command(name)(command)
    application.callback()(_options)
    return application


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"servqual {sq.__version__}\n")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command; the callback of each does its work."""


if __name__ == "__main__":
    main()
