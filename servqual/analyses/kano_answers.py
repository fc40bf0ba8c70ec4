"""Answers to a Kano questionnaire: which columns are a pair, what their codes mean, which class."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from servqual.errors import (
    ColumnNotFoundError,
    OptionError,
    ScaleRangeError,
    SurveyError,
    nearest,
    shorten,
)
from servqual.numerics.kano import CLASSES, pair_classes
from servqual.survey.checks import counted, plural
from servqual.survey.frames import Frame
from servqual.survey.respondents import Respondents
from servqual.typing import FloatArray, IntArray, KanoTable, check_option

__all__ = ["ANSWERS", "Codes", "Columns", "KanoAnswers", "Table", "evaluation_table", "read_pairs"]

#: The five answers, from 0 to 4.
ANSWERS = ("like", "must-be", "neutral", "live-with", "dislike")

#: A template with ``{item}``, columns in the order of the items, or item to column.
Columns: TypeAlias = str | Sequence[str] | Mapping[Any, str]

#: Codes of the five answers, from like to dislike; or answer to code.
Codes: TypeAlias = Sequence[float] | Sequence[str] | Mapping[str, float] | Mapping[str, str]

#: A table by name; or functional answer to the classes of the five dysfunctional answers.
Table: TypeAlias = KanoTable | Mapping[str, str | Sequence[str] | Mapping[str, str]]

#: Rows are functional answers, places in a row dysfunctional ones.
_TABLES: dict[KanoTable, tuple[str, ...]] = {
    "standard": ("QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ"),
    "pouliot": ("QAAAO", "RQIIM", "RIIIM", "RIIQM", "RRRRQ"),
}


@dataclass(frozen=True, slots=True, eq=False)
class KanoAnswers:
    """Pairs of answers, coded.

    Attributes
    ----------
    items, labels : tuple of str
        The features.
    functional, dysfunctional : IntArray, shape (n, k)
        Answers 0 (like) to 4 (dislike); −1 where missing.
    classes : IntArray, shape (n, k)
        Places in `CLASSES`; −1 where an answer of the pair is missing.
    importance : FloatArray, shape (n, k), or None
        Self-stated importance of each feature.
    """

    items: tuple[str, ...]
    labels: tuple[str, ...]
    functional: IntArray
    dysfunctional: IntArray
    classes: IntArray
    importance: FloatArray | None


def evaluation_table(table: Table) -> tuple[str, IntArray]:
    """Give the evaluation table as places in `CLASSES`, and its name.

    Parameters
    ----------
    table : str or mapping
        One of the tables by name; or for each functional answer its classes, as a text of five
        letters, a list, or a mapping of dysfunctional answer to class.

    Returns
    -------
    name : str
        ``"custom"`` for a mapping.
    places : IntArray, shape (5, 5)

    Raises
    ------
    OptionError
        If the name is unknown, or the mapping does not give one class for each of the 25 pairs.

    Examples
    --------
    >>> name, places = evaluation_table("standard")
    >>> name, places[0].tolist()
    ('standard', [5, 0, 0, 0, 1])
    """
    if not isinstance(table, Mapping):
        check_option(
            "table",
            table,
            KanoTable,
            'Or give a mapping such as `{"like": "QAAAO", "must-be": "RIIIM", …}`.',
        )
        name, rows = str(table), [list(row) for row in _TABLES[table]]
    else:
        name, rows = "custom", _custom_rows(table)
    return name, np.array([[CLASSES.index(cell) for cell in row] for row in rows], dtype=np.int64)


def _custom_rows(table: Mapping[Any, Any]) -> list[list[str]]:
    _check_answer_words("table", table)
    rows = []
    for answer in ANSWERS:
        given = table[answer]
        if isinstance(given, Mapping):
            _check_answer_words(f'table["{answer}"]', given)
            given = [given[other] for other in ANSWERS]
        cells = [str(cell) for cell in given] if isinstance(given, Iterable) else []
        if len(cells) != len(ANSWERS):
            raise OptionError(
                f'`table["{answer}"]` is {given!r}, but must give five classes, one for each of '
                f"the dysfunctional answers {', '.join(ANSWERS)}."
            )
        wrong = [cell for cell in cells if cell not in CLASSES]
        if wrong:
            raise OptionError(
                f'`table["{answer}"]` has the classes {shorten(map(repr, wrong))}, but a class is '
                f"one of {', '.join(CLASSES)}: attractive, one-dimensional, must-be, indifferent, "
                "reverse, questionable."
            )
        rows.append(cells)
    return rows


def _check_answer_words(argument: str, given: Mapping[Any, Any]) -> None:
    unknown = [repr(word) for word in given if word not in ANSWERS]
    left_out = [word for word in ANSWERS if word not in given]
    if unknown or left_out:
        parts = [f"has the unknown answers {shorten(unknown)}"] if unknown else []
        parts += [f"leaves out {shorten(left_out)}"] if left_out else []
        raise OptionError(
            f"`{argument}` {' and '.join(parts)}. Give each of the five answers once: "
            f"{', '.join(ANSWERS)}."
        )


def read_pairs(
    people: Respondents,
    *,
    functional: Columns,
    dysfunctional: Columns,
    importance: Columns | None,
    items: Sequence[Any] | None,
    labels: Sequence[str] | Mapping[Any, str] | None,
    codes: Codes,
    places: IntArray,
) -> KanoAnswers:
    """Find the pairs of questions, read their answers and look up their classes.

    Parameters
    ----------
    people : Respondents
        Who answered.
    functional, dysfunctional : str, sequence or mapping
        Columns of the two questions.
    importance : str, sequence or mapping, optional
        Columns of self-stated importance.
    items : sequence, optional
        The features; default: all that the templates find.
    labels : sequence or mapping, optional
        What the features are called.
    codes : sequence or mapping
        Codes of the five answers.
    places : IntArray, shape (5, 5)
        The evaluation table.

    Returns
    -------
    KanoAnswers

    Raises
    ------
    OptionError
        If the arguments contradict each other.
    ColumnNotFoundError
        If columns are missing.
    ScaleRangeError
        If there are answers that are none of the five codes.
    """
    wanted = None if items is None else _named_items(items)
    pairs = _match_pairs(people, functional, dysfunctional, wanted)
    known = list(pairs)
    named = [column for pair in pairs.values() for column in pair]
    stated: list[str] = []
    if importance is not None:
        stated = list(_columns_of(importance, "importance", known, wanted).values())
        _check_columns(people, stated, "importance")
    _check_once(people, [*named, *stated])
    coded = _coded_answers(people, named, _five_codes(codes))
    first, second = coded[:, 0::2], coded[:, 1::2]
    return KanoAnswers(
        items=tuple(known),
        labels=_labels(labels, known),
        functional=first,
        dysfunctional=second,
        classes=pair_classes(first, second, places),
        importance=_importance(people, stated) if stated else None,
    )


# ---- which columns -------------------------------------------------------------------------------


def _named_items(items: object) -> dict[str, object]:
    """Items by their names, in the order given; the values keep numbers for templates."""
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise OptionError(f"`items` is {items!r}, but must be a list, such as `items=[1, 2, 3]`.")
    listed = list(items)
    named = {str(item): item for item in listed}
    if not listed or len(named) < len(listed):
        repeated = [name for name, count in Counter(map(str, listed)).items() if count > 1]
        found = f"lists these more than once: {shorten(repeated)}" if repeated else "is empty"
        raise OptionError(f"`items` {found}. Name each feature once.")
    return named


def _match_pairs(
    people: Respondents,
    functional: Columns,
    dysfunctional: Columns,
    wanted: Mapping[str, object] | None,
) -> dict[str, tuple[str, str]]:
    """Item → its functional and its dysfunctional column."""
    if wanted is None and isinstance(functional, str) and isinstance(dysfunctional, str):
        return _found_pairs(people, functional, dysfunctional)
    if wanted is None and isinstance(functional, Mapping):
        wanted = {str(item): item for item in functional}
    elif wanted is None and isinstance(dysfunctional, Mapping):
        wanted = {str(item): item for item in dysfunctional}
    elif wanted is None:
        columns = dysfunctional if isinstance(functional, str) else functional
        wanted = {str(place): place for place in range(1, len(columns) + 1)}
    first = _columns_of(functional, "functional", list(wanted), wanted)
    second = _columns_of(dysfunctional, "dysfunctional", list(wanted), wanted)
    _check_columns(people, list(first.values()), "functional")
    _check_columns(people, list(second.values()), "dysfunctional")
    return {item: (first[item], second[item]) for item in wanted}


def _found_pairs(
    people: Respondents, functional: str, dysfunctional: str
) -> dict[str, tuple[str, str]]:
    """Pairs of columns that fit the two templates, in the order of the data."""
    first = _fitting(functional, "functional", people.columns)
    second = _fitting(dysfunctional, "dysfunctional", people.columns)
    # "K1d" fits both "K{item}" and "K{item}d"; it belongs where its partner is.
    of_second = {column: item for item, column in second.items()}
    of_first = {column: item for item, column in first.items()}
    first = {
        item: c for item, c in first.items() if of_second.get(c) not in first or item in second
    }
    second = {
        item: c for item, c in second.items() if of_first.get(c) not in second or item in first
    }
    alone = [first[item] for item in first if item not in second]
    alone += [second[item] for item in second if item not in first]
    if alone:
        fit = "fits" if len(alone) == 1 else "fit"
        raise ColumnNotFoundError(
            f"{plural(len(alone), 'column')} {fit} `functional` ({functional!r}) or "
            f"`dysfunctional` ({dysfunctional!r}) without a partner: {shorten(alone)}. "
            "Each feature needs both questions; name the features by `items` to leave others out."
        )
    if not first:
        way = (
            'Keep the columns when the survey is made, as in `keep="K*"`, or give the dataframe.'
            if people.is_survey
            else "Say how the columns are called."
        )
        raise ColumnNotFoundError(
            f"No columns fit `functional` ({functional!r}) and `dysfunctional` "
            f"({dysfunctional!r}); there are {shorten(people.columns) or 'none'}. {way}"
        )
    return {item: (first[item], second[item]) for item in first}


def _fitting(template: str, argument: str, columns: Sequence[str]) -> dict[str, str]:
    """Item → column, for the columns that a template fits."""
    parts = _template_parts(template, argument)
    if any(format_spec for _, format_spec in parts):
        raise OptionError(
            f"`{argument}` is {template!r}, whose numbers have a format, so the features cannot be "
            "found. Name them by `items`."
        )
    start, end = template.split("{item}", 1)
    expression = re.compile(re.escape(start) + "(.+)" + re.escape(end), re.DOTALL)
    matches = {column: expression.fullmatch(column) for column in columns}
    return {match.group(1): column for column, match in matches.items() if match is not None}


def _template_parts(template: str, argument: str) -> list[tuple[str, str]]:
    """Placeholders of a template with their formats."""
    try:
        parts = [
            (name, format_spec or "")
            for _, name, format_spec, _ in string.Formatter().parse(template)
            if name is not None
        ]
    except ValueError as error:
        raise OptionError(
            f"`{argument}` is {template!r}, which is not a template ({error}). Write, for example, "
            '"K{item}f".'
        ) from error
    if [name for name, _ in parts] != ["item"]:
        raise OptionError(
            f"`{argument}` is {template!r}, but a template has {{item}} once, as in "
            '"K{item}f"; a list of columns or a mapping of item to column will do too.'
        )
    return parts


def _columns_of(
    given: Columns, argument: str, items: Sequence[str], wanted: Mapping[str, object] | None
) -> dict[str, str]:
    """Item → column, as it was asked for."""
    if isinstance(given, str):
        _template_parts(given, argument)
        values = wanted or {item: item for item in items}
        try:
            return {item: given.format(item=values[item]) for item in items}
        except ValueError as error:
            raise OptionError(
                f"`{argument}` is {given!r}, which cannot be filled with the features "
                f"{shorten(items)} ({error})."
            ) from error
    if isinstance(given, Mapping):
        found = {str(item): str(column) for item, column in given.items()}
        missing = [item for item in items if item not in found]
        extra = [item for item in found if item not in items]
        if missing or (extra and wanted is None):
            raise OptionError(
                f"`{argument}` has no column for {shorten(missing or extra)}. Give one column for "
                f"each feature: {shorten(items)}."
            )
        return {item: found[item] for item in items}
    if not isinstance(given, Iterable):
        raise OptionError(
            f"`{argument}` is {given!r}, but must be a template such as "
            '"K{item}f", a list of columns, or a mapping of item to column.'
        )
    columns = [str(column) for column in given]
    if len(columns) != len(items):
        raise OptionError(
            f"`{argument}` lists {plural(len(columns), 'column')}, but there are "
            f"{plural(len(items), 'feature')}: {shorten(items)}. Give one column for each, in "
            "their order."
        )
    return dict(zip(items, columns, strict=True))


def _check_columns(people: Respondents, wanted: Sequence[str], argument: str) -> None:
    missing = [column for column in wanted if column not in people.columns]
    if not missing:
        return
    close = nearest(missing[0], people.columns, n=1)
    hint = f' Did you mean "{close[0]}"?' if close else ""
    way = ' Keep them when the survey is made, as in `keep="K*"`.' if people.is_survey else ""
    raise ColumnNotFoundError(
        f"`{argument}` asks for columns that are not there: {shorten(missing)}. There are "
        f"{shorten(people.columns) or 'none'}.{hint}{way}"
    )


def _check_once(people: Respondents, named: Sequence[str]) -> None:
    repeated = [column for column, count in Counter(named).items() if count > 1]
    if repeated:
        raise OptionError(
            f"These columns are asked for more than once: {shorten(repeated)}. Each question has "
            "a column of its own."
        )
    doubled = (
        [name for name in people.source.duplicates if name in named]
        if isinstance(people.source, Frame)
        else []
    )
    if doubled:
        raise SurveyError(
            f"These column names stand more than once in the data: {shorten(doubled)}. Rename the "
            "columns, so that each has a name of its own."
        )


def _labels(labels: object, items: Sequence[str]) -> tuple[str, ...]:
    if labels is None:
        return tuple(items)
    if isinstance(labels, Mapping):
        given = {str(item): str(label) for item, label in labels.items()}
        unknown = [item for item in given if item not in items]
        if unknown:
            raise OptionError(
                f"`labels` names features that there are not: {shorten(unknown)}. There are "
                f"{shorten(items)}."
            )
        return tuple(given.get(item, item) for item in items)
    listed = [] if isinstance(labels, str) or not isinstance(labels, Iterable) else list(labels)
    if len(listed) != len(items):
        raise OptionError(
            f"`labels` must be a mapping of item to label, or a list of {len(items)} labels, one "
            f"for each feature ({shorten(items)})."
        )
    return tuple(str(label) for label in listed)


# ---- what the answers are ------------------------------------------------------------------------


def _five_codes(codes: object) -> tuple[float, ...] | tuple[str, ...]:
    """Codes from like to dislike: five numbers, or five texts ready to be compared."""
    if isinstance(codes, Mapping):
        _check_answer_words("codes", codes)
        codes = [codes[answer] for answer in ANSWERS]
    listed = [] if isinstance(codes, str) or not isinstance(codes, Iterable) else list(codes)
    texts = tuple(_comparable(code) for code in listed if isinstance(code, str))
    numbers = tuple(
        float(code)
        for code in listed
        if isinstance(code, (int, float, np.number)) and not isinstance(code, bool)
    )
    for found in (texts, numbers):
        if len(found) == len(listed) == len(set(found)) == len(ANSWERS):
            return found
    raise OptionError(
        f"`codes` is {codes!r}, but must give five different numbers or five different texts, for "
        f"the answers {', '.join(ANSWERS)} in this order, such as `codes=(1, 2, 3, 4, 5)`."
    )


def _comparable(text: object) -> str:
    return " ".join(str(text).split()).casefold()


def _coded_answers(
    people: Respondents, columns: Sequence[str], codes: tuple[float, ...] | tuple[str, ...]
) -> IntArray:
    """Answers 0 to 4 of each column, −1 where missing; everything else is an error."""
    coded = np.full((len(people), len(columns)), -1, dtype=np.int64)
    off: dict[str, Counter[str]] = {}
    for place, column in enumerate(columns):
        if isinstance(codes[0], str):
            wrong = _code_texts(people, column, codes, coded[:, place])
        else:
            wrong = _code_numbers(people, column, codes, coded[:, place])
        if wrong:
            off[column] = wrong
    if off:
        raise _off_codes(off, codes)
    return coded


def _code_texts(
    people: Respondents, column: str, codes: Sequence[Any], coded: IntArray
) -> Counter[str]:
    labels = people.labels(column)
    position = {code: place for place, code in enumerate(codes)}
    found = {text: position.get(_comparable(text), -2) for text in set(labels) - {None}}
    found[None] = -1
    coded[:] = [found[label] for label in labels]
    wrong = Counter(repr(label[:40]) for label in labels[coded == -2])
    coded[coded == -2] = -1
    return wrong


def _code_numbers(
    people: Respondents, column: str, codes: Sequence[Any], coded: IntArray
) -> Counter[str]:
    read = people.numeric(column)
    wrong: Counter[str] = Counter({repr(text[:40]): count for text, count in read.bad.items()})
    for place, code in enumerate(codes):
        coded[read.values == code] = place
    for value in read.values[(coded < 0) & ~np.isnan(read.values)]:
        wrong[f"{value:g}"] += 1
    return wrong


def _off_codes(off: Mapping[str, Counter[str]], codes: Sequence[Any]) -> ScaleRangeError:
    total = sum(sum(wrong.values()) for wrong in off.values())
    listed = [
        f"{column} holds "
        + shorten([f"{entry} ({count}×)" for entry, count in wrong.most_common()], limit=5)
        for column, wrong in off.items()
    ]
    meanings = ", ".join(
        f"{code if isinstance(code, str) else format(code, 'g')} = {answer}"
        for code, answer in zip(codes, ANSWERS, strict=True)
    )
    more = f" and {len(listed) - 10} more columns" if len(listed) > 10 else ""
    number = counted(total, "answer")
    return ScaleRangeError(
        f"{number[0].upper()}{number[1:]} {'is' if total == 1 else 'are'} none of the five codes "
        f"({meanings}): {'; '.join(listed[:10])}{more}. Say by `codes` how the answers are coded, "
        "or empty these cells if they mean that there is no answer."
    )


def _importance(people: Respondents, columns: Sequence[str]) -> FloatArray:
    read = {column: people.numeric(column) for column in columns}
    bad = [
        f"{column} holds {shorten([repr(text[:40]) for text in found.bad], limit=3)}"
        for column, found in read.items()
        if found.bad
    ]
    if bad:
        raise SurveyError(
            f"`importance` needs numbers, but there is text: {shorten(bad)}. Recode it to numbers, "
            "or empty these cells."
        )
    return np.column_stack([found.values for found in read.values()])
