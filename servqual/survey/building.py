"""From a frame to `SurveyData`: columns found, answers read, checked and coded."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from servqual.errors import ColumnNotFoundError, OptionError, SurveyError, shorten
from servqual.instruments.instrument import Instrument
from servqual.survey.checks import (
    Problem,
    columns_not_found,
    different_scales,
    header_rows,
    header_texts,
    off_scale,
    plural,
    points_not_hundred,
    raise_problems,
    text_in_numbers,
)
from servqual.survey.columns import (
    ColumnSpec,
    expand,
    find_outcomes,
    find_points,
    match_side,
    resolve,
)
from servqual.survey.data import DIFFERENCE_PREFIX, GroupColumn, SurveyData
from servqual.survey.frames import Frame, starts_with_number
from servqual.survey.scoring import reverse
from servqual.survey.weights import (
    FrequencyWeights,
    SamplingWeights,
    Weights,
    weights_problem,
    within_reach,
)
from servqual.typing import DIFFERENCES, FloatArray, Side, WeightKind, check_option

# "G1" and "gap:reliability" are scores.
_NAME_OF_A_DIFFERENCE = re.compile(r"(?:G|MSA|MSS)\d+|.*:.*", re.DOTALL)

MissingCodes = Sequence[float] | Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What the user said about the columns; see `Survey` for the meaning of each."""

    columns: Mapping[Side, ColumnSpec]
    outcomes: Mapping[str, str | Sequence[str]] | Literal["find"]
    groups: Sequence[str] | Mapping[str, str] | str | None
    importance: Any
    weights: Weights | None
    id: str | None
    missing_codes: MissingCodes
    sides: Sequence[Side] | None
    renormalise_points: bool
    keep: str | Sequence[str] = ()


@dataclass(slots=True)
class _Workbench:
    """What is collected while a survey is built; nothing outside this module sees it."""

    frame: Frame
    instrument: Instrument
    options: BuildOptions
    problems: list[Problem] = field(default_factory=list)
    bad_text: dict[str, dict[str, int]] = field(default_factory=dict)
    recoded: dict[str, int] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    codes_of: dict[str, list[float]] = field(default_factory=dict)
    codes_of_all: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def claim(self, column: str, purpose: str) -> None:
        """Note that a column serves a purpose; two purposes for one column are a problem."""
        before = self.used.setdefault(column, purpose)
        if before != purpose:
            self.problems.append(
                Problem(
                    f"Column {column!r} is used twice: as {before} and as {purpose}. Each column "
                    "can serve once."
                )
            )

    def find(self, name: str) -> str | None:
        """Find a column by its name, however it is capitalised; None after noting the problem."""
        try:
            return resolve(name, self.frame.names)
        except ColumnNotFoundError as error:
            self.problems.extend(columns_not_found(error))
            return None


def build(frame: Frame, instrument: Instrument, options: BuildOptions) -> SurveyData:
    """Find, read, code and check the columns of a survey.

    Parameters
    ----------
    frame : Frame
        The data.
    instrument : Instrument
        What was asked.
    options : BuildOptions
        What the user said.

    Returns
    -------
    SurveyData

    Raises
    ------
    SurveyError
        With all problems found.
    """
    bench = _Workbench(frame, instrument, options)
    _check_frame(bench)
    _read_codes(bench)
    columns, patterns = _match_sides(bench)
    raw = {side: _read_side(bench, mapping) for side, mapping in columns.items()}
    outcome_columns = _match_outcomes(bench)
    outcomes = {name: _read_outcome(bench, members) for name, members in outcome_columns.items()}
    groups = _read_groups(bench, outcome_columns)
    points, points_columns = _read_points(bench)
    weights, kind = _read_weights(bench)
    kept = _read_kept(bench, outcome_columns)
    _check_ids(bench)
    _check_text(bench)
    _check_names(bench, columns, groups)
    _check_answers(bench, raw, columns)
    raise_problems(bench.problems)
    scale = instrument.scale
    turned = [place for place, item in enumerate(instrument.items) if item.reversed]
    if turned:
        numbers = shorten(instrument.reversed_items, 22)
        bench.notes.append(f"Reverse-coded once, on every side: items {numbers}.")
    if bench.recoded:
        total = sum(bench.recoded.values())
        bench.notes.append(
            f"{plural(total, 'answer')} "
            f"{'was a missing code' if total == 1 else 'were missing codes'}: "
            f"{shorten([f'{name} ({count})' for name, count in bench.recoded.items()])}."
        )
    return SurveyData(
        n_rows=frame.n_rows,
        answers={
            side: _read_only(reverse(values, turned, scale.minimum, scale.maximum))
            for side, values in raw.items()
        },
        columns=columns,
        patterns=patterns,
        outcomes={name: _read_only(values) for name, values in outcomes.items()},
        outcome_columns=outcome_columns,
        groups=groups,
        points=None if points is None else _read_only(points),
        points_columns=points_columns,
        weights=None if weights is None else _read_only(weights),
        weight_kind=kind,
        recoded=bench.recoded,
        notes=tuple(bench.notes),
        kept={name: _read_only(values) for name, values in kept.items()},
    )


def _read_only(values: FloatArray) -> FloatArray:
    values.flags.writeable = False
    return values


def _check_frame(bench: _Workbench) -> None:
    frame = bench.frame
    if frame.duplicates:
        bench.problems.append(
            Problem(
                f"These column names stand more than once: {shorten(frame.duplicates)}. Rename the "
                "columns, so that each has a name of its own."
            )
        )
    if frame.n_rows == 0:
        raise SurveyError(
            f"The survey is empty: it has {plural(len(frame.names), 'column')} but no rows. Check "
            "the filter or the file that it came from."
        )


# ---- items ---------------------------------------------------------------------------------------


def _asked_sides(bench: _Workbench) -> tuple[Side, ...]:
    chosen = bench.options.sides
    if chosen is None:
        given = [side for side, spec in bench.options.columns.items() if spec is not None]
        extra = [side for side in given if side not in bench.instrument.sides]
        return (*bench.instrument.sides, *extra)
    known: tuple[Side, ...] = ("expectation", "perception", "minimum", "desired")
    if isinstance(chosen, str):
        raise OptionError(
            f'`sides` is "{chosen}", but must be a list, such as `sides=("perception",)`.'
        )
    if not isinstance(chosen, Iterable):
        raise OptionError(
            f'`sides` is {chosen!r}, but must be a list, such as `sides=("perception",)`.'
        )
    for side in chosen:
        if side not in known:
            raise OptionError.for_option("sides", side, known)
    if not chosen:
        raise OptionError('`sides` is empty; name at least one, such as `sides=("perception",)`.')
    return tuple(chosen)


def _match_sides(bench: _Workbench) -> tuple[dict[Side, dict[int, str]], dict[Side, str]]:
    items = bench.instrument.items
    columns: dict[Side, dict[int, str]] = {}
    patterns: dict[Side, str] = {}
    for side in _asked_sides(bench):
        try:
            match = match_side(
                bench.frame.names,
                [item.number for item in items],
                {item.number: item.key for item in items},
                bench.options.columns[side],
                side=side,
                argument=side,
            )
        except ColumnNotFoundError as error:
            bench.problems.extend(columns_not_found(error))
            # What can be found is still read, so that its problems are told in the same run.
            columns[side] = _found_alone(bench, side)
            continue
        for number, column in match.columns.items():
            bench.claim(column, f"{side} of item {number}")
        if match.extra and bench.options.columns[side] is None:
            bench.problems.append(_more_columns_than_items(bench.instrument, side, match.extra))
        columns[side] = dict(match.columns)
        patterns[side] = match.pattern
    return columns, patterns


def _found_alone(bench: _Workbench, side: Side) -> dict[int, str]:
    """Columns of the items that can be found one by one."""
    found: dict[int, str] = {}
    if bench.options.columns[side] is not None:
        return found
    for item in bench.instrument.items:
        try:
            match = match_side(
                bench.frame.names,
                [item.number],
                {item.number: item.key},
                None,
                side=side,
                argument=side,
            )
        except ColumnNotFoundError:
            continue
        found.update(match.columns)
    return found


def _more_columns_than_items(instrument: Instrument, side: Side, extra: Sequence[str]) -> Problem:
    """Columns beyond the instrument's items mean, as a rule, that another one was used."""
    return Problem(
        f"{instrument.title} has {plural(len(instrument.items), 'item')}, but there are more "
        f"{side} columns of the same pattern: {shorten(extra)}. Name the instrument that was used "
        "(your own by a TOML file), or, if these columns are something else, name the right ones, "
        f'as in `{side}="{side[0].upper()}{{item}}"`.'
    )


def _read_side(bench: _Workbench, mapping: Mapping[int, str]) -> FloatArray:
    missing = np.full(bench.frame.n_rows, np.nan)
    values = [
        _read_number(bench, mapping[item.number], is_item=True)
        if item.number in mapping
        else missing
        for item in bench.instrument.items
    ]
    return np.column_stack(values)


def _read_number(
    bench: _Workbench, column: str, *, is_item: bool = False, is_points: bool = False
) -> FloatArray:
    read = bench.frame.numeric(column)
    if read.bad:
        bench.bad_text[column] = read.bad
    codes = _codes_for(bench, column, is_points=is_points)
    values = read.values
    if not codes:
        return values
    coded = np.isin(values, codes)
    if not coded.any():
        return values
    if not (is_item or is_points or column in bench.codes_of):
        _check_code_is_no_answer(bench, column, values, codes)
    bench.recoded[column] = int(coded.sum())
    return np.where(coded, np.nan, values)


def _read_codes(bench: _Workbench) -> None:
    """Read the missing codes; a column that they name must exist, or they would do nothing."""
    given = bench.options.missing_codes
    if not isinstance(given, Mapping):
        bench.codes_of_all.extend(_as_codes(given))
        return
    for name, codes in given.items():
        read = _as_codes(codes)
        column = bench.find(str(name))
        if column is not None:
            bench.codes_of[column] = read


def _as_codes(given: object) -> list[float]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise OptionError(
            f"`missing_codes` is {given!r}, but must list numbers, such as `missing_codes=(9, 99)`,"
            ' or say for which columns they hold, as in `missing_codes={"P1": (9,)}`.'
        )
    listed = list(given)
    wrong = [code for code in listed if not isinstance(code, (int, float, np.number))]
    if wrong:
        raise OptionError(
            f"`missing_codes` lists {shorten([repr(code) for code in wrong])}, but codes are "
            "numbers. Empty cells and the usual texts for them are missing without being told."
        )
    return [float(code) for code in listed]


def _codes_for(bench: _Workbench, column: str, *, is_points: bool = False) -> list[float]:
    if column in bench.codes_of:
        return bench.codes_of[column]
    if is_points:
        # 9 and 99 are true points; said for all columns, only what no share can be is a code.
        return [code for code in bench.codes_of_all if not 0 <= code <= 100]
    return bench.codes_of_all


def _check_code_is_no_answer(
    bench: _Workbench, column: str, values: FloatArray, codes: list[float]
) -> None:
    """Find codes that may be true answers of an outcome, such as 9 on a scale from 0 to 10."""
    others = values[~np.isnan(values) & ~np.isin(values, codes)]
    doubtful = [
        code for code in codes if others.size and (values == code).any() and code < others.max()
    ]
    if doubtful:
        bench.problems.append(
            Problem(
                f"`missing_codes` lists {shorten([f'{code:g}' for code in doubtful])}, but in "
                f"{column!r} there are answers up to {others.max():g}, so that could be a true "
                "answer. Say for which "
                'columns each code holds, as in `missing_codes={"P1": (9,)}`.'
            )
        )


def _check_answers(
    bench: _Workbench,
    raw: Mapping[Side, FloatArray],
    columns: Mapping[Side, Mapping[int, str]],
) -> None:
    scale = bench.instrument.scale
    codes = bench.options.missing_codes
    if not isinstance(codes, Mapping):
        inside = [code for code in codes if scale.minimum <= float(code) <= scale.maximum]
        if inside:
            bench.problems.append(
                Problem(
                    f"`missing_codes` lists {shorten([f'{float(code):g}' for code in inside])}, "
                    f"which lies on the {scale} scale and would remove true answers. List codes "
                    "off the scale only."
                )
            )
    if raw:
        names = [
            columns[side].get(item.number, "") for side in raw for item in bench.instrument.items
        ]
        every = np.column_stack(list(raw.values()))
        apart = [
            problem
            for first, second in DIFFERENCES.values()
            if first in raw and second in raw
            for problem in different_scales(raw[first], raw[second], (first, second), scale)
        ]
        # A side on another scale explains its answers off this one, column by column.
        bench.problems.extend(apart or off_scale(every, dict(enumerate(names)), scale))
        if np.isnan(every).all() and not bench.bad_text and not bench.problems:
            bench.problems.append(
                Problem(
                    f"All {every.size:,} answers to the items are missing. Check the columns, the "
                    "delimiter and `missing_codes`."
                )
            )


def _check_text(bench: _Workbench) -> None:
    """Tell further rows of a header by one problem, and other text column by column."""
    headed: dict[str, list[str]] = {}
    for column in bench.bad_text:
        texts = header_texts(
            bench.frame.labels(column).tolist(), np.isfinite(bench.frame.numeric(column).values)
        )
        if texts:
            headed[column] = texts
    found = header_rows(headed, len(bench.bad_text))
    if found is not None:
        bench.problems.append(found)
        bench.bad_text = _without_header(bench, max(map(len, headed.values())))
    bench.problems.extend(text_in_numbers(bench.bad_text))
    _hint_at_labels(bench)


def _without_header(bench: _Workbench, height: int) -> dict[str, dict[str, int]]:
    """Text where numbers are needed, apart from the first rows."""
    rest: dict[str, dict[str, int]] = {}
    for column, texts in bench.bad_text.items():
        start = set(bench.frame.labels(column)[:height])
        below = {text: count for text, count in texts.items() if text not in start}
        if below:
            rest[column] = below
    return rest


def _check_names(bench: _Workbench, sides: Collection[Side], groups: Collection[str]) -> None:
    """Find columns that could not be told from what is computed, such as ``G1`` from a gap."""
    meanings = _computed_names(bench.instrument, sides)
    # A group goes by the name that it was given, whatever its column is called.
    columns = [name for name, use in bench.used.items() if not use.startswith("group")]
    clashes = [name for name in dict.fromkeys((*columns, *groups)) if name in meanings]
    if not clashes:
        return
    listed = [f"{name!r} ({meanings[name]})" for name in clashes]
    one = len(clashes) == 1
    bench.problems.append(
        Problem(
            f"{'This name of a column is' if one else 'These names of columns are'} taken by what "
            f"is computed from the answers: {shorten(listed)}. Rename "
            f"{'the column' if one else 'the columns'}, or leave "
            f"{'it' if one else 'them'} out."
        )
    )


def _computed_names(instrument: Instrument, sides: Collection[Side]) -> dict[str, str]:
    """Name → meaning of the differences and scores that a survey with these sides has."""
    asked: dict[str, str] = {side: f"{side} score" for side in sides}
    meanings: dict[str, str] = {}
    for difference, pair in DIFFERENCES.items():
        if set(pair) <= set(sides):
            asked[difference] = f"{difference} score"
            prefix = next(short for short, name in DIFFERENCE_PREFIX.items() if name == difference)
            for item in instrument.items:
                meanings[f"{prefix}{item.number}"] = f"the {difference} of item {item.number}"
    parts = ["quality", *(dimension.key for dimension in instrument.dimensions)]
    parts += [str(item.number) for item in instrument.items]
    for on, kind in asked.items():
        meanings |= {f"{on}:{part}": f"the {kind} of {part}" for part in parts}
    return meanings


def _hint_at_labels(bench: _Workbench) -> None:
    labelled = [
        column
        for column, texts in bench.bad_text.items()
        if any(starts_with_number(text) for text in texts)
    ]
    if labelled:
        bench.problems.append(
            Problem(
                f"Some answers begin with a number and go on in words ({shorten(labelled)}), such "
                "as "
                '"7 - strongly agree". Keep only the number before the survey is made, for '
                "instance by "
                '`frame[column].str.extract(r"^(\\d+)")`.'
            )
        )


# ---- the rest ------------------------------------------------------------------------------------


def _found_outcomes(bench: _Workbench) -> dict[str, list[str]]:
    """Outcomes by their usual names, without what serves otherwise or cannot be averaged."""
    groups = _named_groups(bench.options.groups)
    found = find_outcomes(bench.frame.names, {*bench.used, *_columns_with_a_purpose(bench, groups)})
    n_items = len(bench.instrument.items)
    for name, columns in list(found.items()):
        text = [column for column in columns if _is_text(bench.frame, column)]
        if text or name in groups:
            del found[name]
            why = (
                f"{shorten(text)} {'holds' if len(text) == 1 else 'hold'} text"
                if text
                else "a group has that name"
            )
            bench.notes.append(
                f"The outcome {name!r} was found ({shorten(columns, 3)}), but {why}; it is not "
                "used. Name outcomes to use it."
            )
        elif len(columns) == n_items > 1:
            del found[name]
            bench.notes.append(
                f"The columns {shorten(columns, 3)} look like ratings of each of the {n_items} "
                f"items, not like the outcome {name!r}; they are not used. Name outcomes to use "
                "them."
            )
    return found


def _is_text(frame: Frame, column: str) -> bool:
    """Whether a column holds words; a few of them among numbers are a slip that must be told."""
    read = frame.numeric(column)
    return read.n_bad > int(np.isfinite(read.values).sum())


def _columns_with_a_purpose(bench: _Workbench, groups: Mapping[str, str]) -> set[str]:
    """Columns that the user named for something else than outcomes."""
    weights = None if bench.options.weights is None else bench.options.weights.source
    named = [*groups.values(), bench.options.id, weights]
    columns = set()
    for name in named:
        if isinstance(name, str):
            try:
                columns.add(resolve(name, bench.frame.names))
            except ColumnNotFoundError:
                # It is told where the column is read.
                continue
    return columns


def _match_outcomes(bench: _Workbench) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    reserved = {dimension.key for dimension in bench.instrument.dimensions} | {"quality"}
    wanted = bench.options.outcomes
    if isinstance(wanted, str):
        check_option(
            "outcomes", wanted, Literal["find"], "Or give a mapping of outcome to columns."
        )
        wanted = _found_outcomes(bench)
    if not isinstance(wanted, Mapping):
        raise OptionError(
            f"`outcomes` is {wanted!r}, but must say which columns each outcome has, as in "
            '`outcomes={"satisfaction": ["SAT1", "SAT2"]}`, or be "find".'
        )
    entries: Mapping[Any, Any] = wanted
    for name, given in entries.items():
        if not isinstance(name, str) or not isinstance(given, Iterable):
            raise OptionError(
                f"`outcomes` has the entry {name!r}: {given!r}, but must say which columns each "
                'outcome has, as in `outcomes={"satisfaction": ["SAT1", "SAT2"]}`.'
            )
        if name in reserved or _NAME_OF_A_DIFFERENCE.fullmatch(name):
            bench.problems.append(
                Problem(
                    f"The outcome {name!r} has the name of a score of the instrument. Give it "
                    "another name."
                )
            )
        try:
            members = expand(given if isinstance(given, str) else list(given), bench.frame.names)
        except ColumnNotFoundError as error:
            bench.problems.extend(columns_not_found(error))
            continue
        for column in members:
            # One question may serve two outcomes, such as recommendation in loyalty and by itself.
            if not bench.used.get(column, "").startswith("outcome"):
                bench.claim(column, f"outcome {name!r}")
        if members:
            found[name] = tuple(members)
        else:
            bench.problems.append(
                Problem(f"The outcome {name!r} lists no columns. Name at least one.")
            )
    for name, columns in found.items():
        clash = name in bench.used and columns != (name,)
        if clash:
            bench.problems.append(
                Problem(
                    f"The outcome {name!r} has the name of a column that means something else. "
                    "Give it another name."
                )
            )
    return found


def _read_outcome(bench: _Workbench, columns: Sequence[str]) -> FloatArray:
    return np.column_stack([_read_number(bench, column) for column in columns])


def _read_groups(
    bench: _Workbench, outcomes: Mapping[str, tuple[str, ...]]
) -> dict[str, GroupColumn]:
    named = _named_groups(bench.options.groups)
    groups: dict[str, GroupColumn] = {}
    scores = {"quality", *(part.key for part in bench.instrument.dimensions), *outcomes}
    for name, wanted in named.items():
        if name in scores:
            bench.problems.append(
                Problem(
                    f"The group {name!r} has the name of a score. Give it another name, as in "
                    f'`groups={{"{name}_group": "{wanted}"}}`.'
                )
            )
        column = bench.find(wanted)
        if column is not None:
            bench.claim(column, f"group {name!r}")
            groups[name] = read_group(bench.frame, column)
    return groups


def _named_groups(given: object) -> dict[str, str]:
    """Group → its column, as it was asked for."""
    if given is None:
        return {}
    if isinstance(given, str):
        given = [given]
    listed = list(given) if isinstance(given, Iterable) else [given]
    pairs = list(given.items()) if isinstance(given, Mapping) else [(name, name) for name in listed]
    if all(isinstance(entry, str) for pair in pairs for entry in pair):
        return dict(pairs)
    raise OptionError(
        f"`groups` is {given!r}, but must name columns by text, such as "
        '`groups=["branch", "wave"]`.'
    )


def read_group(frame: Frame, column: str) -> GroupColumn:
    """Read a column as groups.

    Parameters
    ----------
    frame : Frame
        The data.
    column : str
        One of its columns.

    Returns
    -------
    GroupColumn
        Groups in their declared order, or else sorted, numbers by their size.
    """
    labels = frame.labels(column)
    present = {label for label in labels if label is not None}
    declared = frame.categories(column)
    levels = [level for level in declared if level in present] if declared else []
    if set(levels) != present:
        levels = sorted(present, key=_natural_order)
    position = {level: place for place, level in enumerate(levels)}
    codes = np.array([-1 if label is None else position[label] for label in labels], dtype=np.int64)
    return GroupColumn(codes, tuple(levels))


def _natural_order(label: str) -> tuple[int, float, tuple[str | int, ...], str]:
    """Numbers in the order of their size, before words; so are the numbers within words."""
    try:
        return 0, float(label), (), label
    except ValueError:
        # Words and numbers take turns, so that only like is compared with like.
        parts = re.split(r"(\d+)", label)
        mixed = tuple(int(part) if place % 2 else part for place, part in enumerate(parts))
        return 1, 0.0, mixed, label


def _read_kept(bench: _Workbench, outcomes: Mapping[str, tuple[str, ...]]) -> dict[str, FloatArray]:
    """Further columns that the user wants to reach by their names."""
    given = bench.options.keep
    if isinstance(given, Mapping) or not isinstance(given, Iterable):
        raise OptionError(
            f'`keep` is {given!r}, but must name columns, such as `keep=["K1f", "K1d"]`, or be a '
            'pattern, such as `keep="K*"`.'
        )
    try:
        columns = expand(given if isinstance(given, str) else list(given), bench.frame.names)
    except ColumnNotFoundError as error:
        bench.problems.extend(columns_not_found(error))
        return {}
    for column in columns:
        bench.claim(column, "column to keep")
    hidden = [column for column in columns if column in outcomes]
    if hidden:
        bench.problems.append(
            Problem(
                f"These columns to keep have the name of an outcome: {shorten(hidden)}. Give the "
                "outcome another name."
            )
        )
    return {column: _read_number(bench, column) for column in columns}


def _read_points(bench: _Workbench) -> tuple[FloatArray | None, tuple[str, ...]]:
    keys = [dimension.key for dimension in bench.instrument.dimensions]
    given = bench.options.importance
    vector = _points_vector(given, keys)
    if vector is not None:
        points = np.tile(vector, (bench.frame.n_rows, 1))
        return _settle_points(bench, points, tuple(keys)), ()
    try:
        found = find_points(bench.frame.names, keys, given)
    except ColumnNotFoundError as error:
        bench.problems.extend(columns_not_found(error))
        return None, ()
    if found is None:
        return None, ()
    columns = tuple(found[key] for key in keys)
    if given is None and any(column in bench.used for column in columns):
        return None, ()
    before = len(bench.problems), dict(bench.bad_text)
    points = np.column_stack([_read_number(bench, column, is_points=True) for column in columns])
    if given is None and (
        set(bench.bad_text) - set(before[1]) or points_not_hundred(points, columns)
    ):
        # Nobody said that these are importance points, so they are left alone rather than
        # complained about.
        del bench.problems[before[0] :]
        bench.bad_text = before[1]
        bench.notes.append(
            f"The columns {shorten(columns, 5)} look like importance points but do not add up to "
            "100; they are not used. Give `importance` to use them."
        )
        return None, ()
    for column in columns:
        bench.claim(column, "importance points")
    if any(column in bench.bad_text for column in columns):
        # Their text is a problem of its own, and the sums would be wrong for that reason only.
        return None, columns
    return _settle_points(bench, points, columns), columns


def _points_vector(given: Any, keys: list[str]) -> FloatArray | None:
    """Return the points as numbers when one vector was given for everybody."""
    if (
        isinstance(given, Mapping)
        and given
        and all(isinstance(value, (int, float)) for value in given.values())
    ):
        wrong = [key for key in given if key not in keys] + [
            key for key in keys if key not in given
        ]
        if wrong:
            raise OptionError(
                f"`importance` must give points for each dimension ({shorten(keys)}); these are "
                f"unknown or left out: {shorten(wrong)}."
            )
        return np.array([float(given[key]) for key in keys])
    if given is None or isinstance(given, (str, Mapping)):
        return None
    if not isinstance(given, Iterable):
        raise OptionError(
            f"`importance` is {given!r}, but must be a template of columns, such as "
            '"W_{dimension}", or list columns or points for each dimension.'
        )
    values = list(given)
    if all(isinstance(value, (int, float, np.number)) for value in values):
        if len(values) != len(keys):
            raise OptionError(
                f"`importance` has {plural(len(values), 'number')}, but the instrument has "
                f"{plural(len(keys), 'dimension')}: {shorten(keys)}."
            )
        return np.array([float(value) for value in values])
    return None


def _settle_points(
    bench: _Workbench, points: FloatArray, columns: tuple[str, ...]
) -> FloatArray | None:
    given = np.asarray(~np.isnan(points).all(axis=1))
    filled = np.where(given[:, None] & np.isnan(points), 0.0, points)
    totals = filled.sum(axis=1, keepdims=True)
    if bench.options.renormalise_points and not (filled < 0).any():
        changed = given & (np.abs(totals[:, 0] - 100.0) > 1e-6)
        partial = changed & np.isnan(points).any(axis=1) & (totals[:, 0] > 0)
        if changed.any():
            bench.notes.append(
                f"The importance points of {plural(int(changed.sum()), 'respondent')} were brought "
                "to a sum of 100."
            )
        if partial.any():
            bench.notes.append(
                f"{plural(int(partial.sum()), 'respondent')} of them left importance points out, "
                "which count as zero. Empty all points of a row to leave it out."
            )
        # Somebody who gave zero to everything has no opinion that could be scaled.
        scaled: FloatArray = np.full_like(points, np.nan)
        np.divide(100.0 * filled, totals, out=scaled, where=totals > 0)
        return scaled
    problems = points_not_hundred(points, columns)
    bench.problems.extend(problems)
    return None if problems else filled


def _read_weights(bench: _Workbench) -> tuple[FloatArray | None, WeightKind]:
    given = bench.options.weights
    if given is None:
        return None, "none"
    if not isinstance(given, (FrequencyWeights, SamplingWeights)):
        raise OptionError(
            f"`weights` is {given!r}, but its kind decides the standard errors. Give "
            '`sq.SamplingWeights("column")` if rows were drawn with unequal probability, or '
            '`sq.FrequencyWeights("column")` if each row stands for that many respondents.'
        )
    kind: WeightKind = "frequency" if isinstance(given, FrequencyWeights) else "sampling"
    name = "`weights`"
    if isinstance(given.source, str):
        column = bench.find(given.source)
        if column is None:
            return None, kind
        bench.claim(column, "weights")
        name = f"Column {column!r}"
        read = bench.frame.numeric(column)
        if read.bad:
            bench.bad_text[column] = read.bad
            return None, kind
        values = read.values
    else:
        try:
            values = np.array(given.source, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise OptionError(
                f"`weights` cannot be read as numbers: {error}. Give the name of a column, or one "
                "number per row."
            ) from error
    problem = weights_problem(values, kind, bench.frame.n_rows)
    if problem:
        bench.problems.append(Problem(f"{name} cannot serve as weights: {problem}"))
        return None, kind
    nobody = np.count_nonzero(values == 0)
    if nobody:
        verb = "has a weight of zero and does" if nobody == 1 else "have a weight of zero and do"
        bench.notes.append(f"{plural(int(nobody), 'row')} {verb} not count.")
    return (within_reach(values) if kind == "sampling" else values), kind


def _check_ids(bench: _Workbench) -> None:
    if bench.options.id is None:
        return
    column = bench.find(bench.options.id)
    if column is None:
        return
    bench.claim(column, "id")
    labels = [label for label in bench.frame.labels(column) if label is not None]
    values, counts = np.unique(np.array(labels, dtype=object).astype(str), return_counts=True)
    repeated = [
        f"{value} ({count}×)" for value, count in zip(values, counts, strict=True) if count > 1
    ]
    if repeated:
        bench.problems.append(
            Problem(
                f"The id column {column!r} has {plural(len(repeated), 'value')} that "
                f"{'stands' if len(repeated) == 1 else 'stand'} more than once: "
                f"{shorten(repeated)}. Remove the repeated rows; if the same respondents answered "
                "in several waves, leave `id` out."
            )
        )
