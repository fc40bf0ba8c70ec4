"""Which column is which: pure functions on names.

Names are compared folded: without case, without spaces, underscores, hyphens, dots and brackets,
and without leading zeros, so that ``E1``, ``e_01`` and ``E 1`` are one name. Folding never decides
between two columns; where more than one fits, the error names them.

Everything that is wrong with the columns of the data is a `ColumnNotFoundError`, whose problems a
survey collects; an argument that contradicts itself, such as a list of the wrong length, is an
`OptionError`.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from servqual.errors import ColumnNotFoundError, OptionError, nearest, shorten
from servqual.typing import Side

__all__ = [
    "ColumnSpec",
    "SideMatch",
    "expand",
    "find_outcomes",
    "find_points",
    "fold",
    "match_side",
    "resolve",
]

#: A template (``"E{item}"``), the columns in item order, item number or key to column, or None:
#: find them.
ColumnSpec: TypeAlias = str | Sequence[str] | Mapping[int, str] | Mapping[str, str] | None

_K = TypeVar("_K", bound=Hashable)

_SIDE_WORDS: dict[Side, tuple[str, ...]] = {
    "expectation": ("e", "ex", "exp", "expect", "expectation", "expectations", "expected"),
    "perception": (
        *("p", "per", "perc", "percep", "percept", "perception", "perceptions", "perceived"),
        *("perf", "performance"),
    ),
    "minimum": ("a", "min", "minimum", "adequate"),
    "desired": ("d", "des", "desired"),
}
_USUAL_NAMES: dict[Side, tuple[str, ...]] = {
    "expectation": ("E{item}", "exp_{item}", "expectation_{item}", "Q{item}_E"),
    "perception": ("P{item}", "perc_{item}", "perception_{item}", "Q{item}_P"),
    "minimum": ("A{item}", "min_{item}", "adequate_{item}", "Q{item}_A"),
    "desired": ("D{item}", "des_{item}", "desired_{item}", "Q{item}_D"),
}
_QUESTION = "(?:q|sq|item|question)"
_POINT_WORDS = (
    *("w", "wt", "weight", "weights", "point", "points", "pts"),
    *("imp", "importance", "importances"),
)
_OUTCOMES = {
    "satisfaction": re.compile(
        r"(?:overall|customer|o|c)?(?:sat|satis|satisf|satisfaction|satisfied)(?:overall)?\d*"
    ),
    "loyalty": re.compile(
        r"(?:loy|loyal|loyalty|recommend|recommendation|(?:repurchase|reuse|revisit)(?:intentions?)?"
        r"|intentions?)\d*"
    ),
    "nps": re.compile(r"nps(?:score)?|netpromoter(?:score)?"),
}
#: Names of a whole outcome: next to numbered items, such a column is their mean or a question of
#: its own.
_SUMMARIES: dict[str, frozenset[str]] = {
    "satisfaction": frozenset({"satisfaction", "sat"}),
    "loyalty": frozenset({"loyalty", "loy"}),
    "nps": frozenset(),
}


@dataclass(frozen=True, slots=True)
class SideMatch:
    """The columns of one side of the questionnaire.

    Attributes
    ----------
    columns : dict of int to str
        Item number → column, in item order.
    pattern : str
        How they are called, for people: ``"E{item}"``, or ``"age … wave"`` when there is no
        pattern.
    extra : tuple of str
        Columns of the same pattern whose numbers are no item's, such as E23 with 22 items. They may
        mean that the data belong to another instrument.
    """

    columns: dict[int, str]
    pattern: str
    extra: tuple[str, ...] = ()


def fold(name: str) -> str:
    """Reduce a name to what distinguishes it: no case, separators or leading zeros.

    Parameters
    ----------
    name : str
        The name of a column.

    Returns
    -------
    str

    Examples
    --------
    >>> fold(" Exp_01 "), fold("Q1.E"), fold("Q1.1")
    ('exp1', 'q1e', 'q1/1')
    """
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    # A separator between two numbers matters: Q1.1 is not Q11.
    text = re.sub(r"(?<=\d)[\s_.\-()\[\]]+(?=\d)", "/", text)
    text = re.sub(r"[\s_.\-()\[\]]+", "", text)
    return re.sub(r"(?<!\d)0+(?=\d)", "", text)


def resolve(name: str, names: Sequence[str]) -> str:
    """Find the one column that a name means.

    Parameters
    ----------
    name : str
        What was asked for.
    names : sequence of str
        The columns there are.

    Returns
    -------
    str
        The column of exactly this name, or else the only one whose folded name is the same.

    Raises
    ------
    ColumnNotFoundError
        If there is none, with the nearest names, or more than one, with all of them.

    Examples
    --------
    >>> resolve("branch", ["id", " Branch"])
    ' Branch'
    """
    if not isinstance(name, str):
        raise _not_a_name(name)
    return _resolve_all({name: name}, names, argument=None)[name]


def _not_a_name(name: object) -> OptionError:
    example = name if isinstance(name, int) else "SAT1"
    return OptionError(
        f"A column is asked for by {name!r}, of type {type(name).__name__}, but columns are named "
        f'by text in quotation marks, such as "{example}".'
    )


def expand(pattern: str | Sequence[str], names: Sequence[str]) -> list[str]:
    """Find the columns that names or patterns with ``*`` and ``?`` mean.

    Parameters
    ----------
    pattern : str or sequence of str
        A name, a pattern such as ``"LOY*"`` (without regard to case), or several of them.
    names : sequence of str
        The columns there are.

    Returns
    -------
    list of str
        Each column once; those of a pattern in the order of the data.

    Raises
    ------
    ColumnNotFoundError
        With one problem for every name or pattern that fits no column.

    Examples
    --------
    >>> expand("loy*", ["E1", "LOY1", "LOY2"])
    ['LOY1', 'LOY2']
    """
    if not isinstance(pattern, Iterable):
        raise _not_a_name(pattern)
    patterns = [pattern] if isinstance(pattern, str) else list(pattern)
    found: list[str] = []
    problems: list[str] = []
    for part in map(str, patterns):
        try:
            found.extend(_expand_one(part, names))
        except ColumnNotFoundError as error:
            problems.extend(error.problems)
    if problems:
        raise ColumnNotFoundError(problems)
    return list(dict.fromkeys(found))


def _expand_one(pattern: str, names: Sequence[str]) -> list[str]:
    if pattern in names or not set(pattern) & set("*?"):
        return [resolve(pattern, names)]
    # Not fnmatch: it would read square brackets, which some survey tools put into names.
    parts = [{"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern.strip()]
    expression = re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
    found = [name for name in names if expression.fullmatch(name.strip())]
    if not found:
        raise ColumnNotFoundError(
            f"No column fits the pattern {pattern!r}.{_nearest_words([pattern.strip('*?')], names)}"
        )
    return found


def match_side(
    names: Sequence[str],
    items: Sequence[int],
    item_keys: Mapping[int, str] | Sequence[str],
    given: ColumnSpec,
    *,
    side: Side,
    argument: str,
) -> SideMatch:
    """Find the columns that hold one side's answers to the items.

    Parameters
    ----------
    names : sequence of str
        The columns there are.
    items : sequence of int
        The numbers of the items, in order.
    item_keys : mapping of int to str, or sequence of str
        Their keys.
    given : str, sequence of str, mapping or None
        A template with ``{item}`` or ``{key}`` (``"P{item:02d}"``), the columns in item order, a
        mapping from item number or key to column, or None to find the usual patterns (``E1``,
        ``exp_1``, ``expectation.1``, ``Q1_E``, ``1E``, ``E_tan_equipment`` and the like).
    side : {"expectation", "perception", "minimum", "desired"}
        The side, which decides what its usual patterns are.
    argument : str
        Name of the argument, for messages.

    Returns
    -------
    SideMatch

    Raises
    ------
    ColumnNotFoundError
        If columns are missing, or if more than one fits; all of it in ``.problems``.
    OptionError
        If `given` contradicts itself or the items.

    Examples
    --------
    >>> names = ["id", "Exp_01", "Exp_02", "p1", "p2"]
    >>> match_side(names, [1, 2], ["a", "b"], None, side="expectation", argument="expectation")
    SideMatch(columns={1: 'Exp_01', 2: 'Exp_02'}, pattern='Exp_{item:02d}', extra=())
    """
    keys = (
        dict(item_keys)
        if isinstance(item_keys, Mapping)
        else dict(zip(items, item_keys, strict=True))
    )
    keys = {item: keys[item] for item in items}
    if given is None:
        return _search_side(names, keys, side, argument)
    if isinstance(given, str):
        wanted = _fill_template(given, [{"item": n, "key": k} for n, k in keys.items()], argument)
        pattern = given
        by_item = dict(zip(keys, wanted, strict=True))
    elif isinstance(given, Mapping):
        by_item = _from_mapping(given, keys, argument, what="item")
        pattern = _span(list(by_item.values()))
    else:
        by_item = _from_list(given, list(keys), argument, what="item")
        pattern = _span(list(by_item.values()))
    return SideMatch(_resolve_all(by_item, names, argument=argument), pattern)


def find_points(
    names: Sequence[str],
    dimension_keys: Sequence[str],
    given: str | Sequence[str] | Mapping[str, str] | None = None,
    *,
    argument: str = "importance",
) -> dict[str, str] | None:
    """Find the columns that hold the importance points of the dimensions.

    Parameters
    ----------
    names : sequence of str
        The columns there are.
    dimension_keys : sequence of str
        Keys of the dimensions.
    given : str, sequence of str, mapping or None
        A template with ``{dimension}``, the columns in the order of the dimensions, a mapping from
        dimension to column, or None to find them: ``W_``, ``weight_``, ``points_`` or
        ``importance_`` before or after the dimension's key, in singular or plural.
    argument : str, default "importance"
        Name of the argument, for messages.

    Returns
    -------
    dict of str to str, or None
        Dimension → column; None when nothing was given and fewer than half were found.

    Raises
    ------
    ColumnNotFoundError
        If columns are missing, or if more than one fits.
    OptionError
        If `given` contradicts itself or the dimensions.

    Examples
    --------
    >>> find_points(["W_Tangible", "W_Empathy"], ["tangibles", "empathy"])
    {'tangibles': 'W_Tangible', 'empathy': 'W_Empathy'}
    """
    keys = list(dimension_keys)
    if given is None:
        return _search_points(names, keys, argument)
    if isinstance(given, str):
        fields = [{"dimension": key, "key": key} for key in keys]
        wanted = dict(zip(keys, _fill_template(given, fields, argument), strict=True))
    elif isinstance(given, Mapping):
        wanted = _from_mapping(given, {key: key for key in keys}, argument, what="dimension")
    else:
        wanted = _from_list(given, keys, argument, what="dimension")
    return _resolve_all(wanted, names, argument=argument)


def find_outcomes(names: Sequence[str], used: Collection[str] = ()) -> dict[str, list[str]]:
    """Find outcomes by their usual names.

    Parameters
    ----------
    names : sequence of str
        The columns there are.
    used : collection of str, optional
        Columns that already have another meaning.

    Returns
    -------
    dict of str to list of str
        ``"satisfaction"`` (SAT1, sat_2, satisfaction_3, CSAT …), ``"loyalty"`` (LOY1, recommend,
        repurchase, reuse, intention …) and ``"nps"`` → their columns; only those that were found.

    Notes
    -----
    Only numbered items (SAT1, SAT2 …) are taken together. Beside them a column called
    ``satisfaction`` is left out, since it is usually their mean; any other column
    (``overall_satisfaction``, ``recommend``) is an outcome of its own, since it is often asked on
    another scale.

    Examples
    --------
    >>> find_outcomes(["E1", "SAT1", "satisfaction_2", "recommend", "nps"])
    {'satisfaction': ['SAT1', 'satisfaction_2'], 'loyalty': ['recommend'], 'nps': ['nps']}
    """
    taken = set(used)
    outcomes: dict[str, list[str]] = {}
    for outcome, expression in _OUTCOMES.items():
        members = [n for n in names if n not in taken and expression.fullmatch(fold(n))]
        numbered = [name for name in members if fold(name)[-1].isdigit()]
        if numbered:
            members = [name for name in members if fold(name) not in _SUMMARIES[outcome]]
        alone: list[str] = []
        if numbered or len(members) > 1:
            alone = [name for name in members if name not in numbered]
            members = numbered
        if members:
            outcomes[outcome] = members
        for name in alone:
            outcomes[re.sub(r"[\s.\-]+", "_", name.strip().casefold())] = [name]
    return outcomes


# ---- what was given ------------------------------------------------------------------------------


def _fill_template(
    template: str, fields: Sequence[Mapping[str, object]], argument: str
) -> list[str]:
    """Write out a template for each item or dimension."""
    allowed = [name for name in fields[0] if name != "key" or "dimension" not in fields[0]]
    example = f"`{argument}={_example(argument, allowed)}`"
    braces = " or ".join(f"{{{name}}}" for name in allowed)
    try:
        placeholders = [
            name for _, name, _, _ in string.Formatter().parse(template) if name is not None
        ]
        unknown = [name for name in placeholders if name not in fields[0]]
        if not unknown and (placeholders or len(fields) == 1):
            return [template.format(**values) for values in fields]
    except (ValueError, TypeError) as error:
        raise OptionError(
            f"`{argument}` is {template!r}, which is not a template ({error}). Write {example}."
        ) from error
    if unknown:
        found = f"has the unknown {{{unknown[0]}}}"
    elif set(template) & set("*?"):
        found = "is a pattern, which does not say which column is which"
    else:
        found = f"has no {braces}"
    raise OptionError(
        f"`{argument}` is {template!r}, which {found}. A template with {braces} is needed, such as "
        f"{example}; a list or a mapping will do too."
    )


def _example(argument: str, allowed: Sequence[str]) -> str:
    if "dimension" in allowed:
        return '"W_{dimension}"'
    usual = {side: patterns[0] for side, patterns in _USUAL_NAMES.items()}
    return f'"{dict(usual).get(argument, "E{item}")}"'  # type: ignore[call-overload]


def _from_list(
    given: Iterable[object], keys: Sequence[_K], argument: str, what: str
) -> dict[_K, str]:
    """Pair a list of columns with the items or dimensions, in their order."""
    if not isinstance(given, Iterable):
        raise OptionError(
            f"`{argument}` is {given!r}, but must be a template such as "
            f"{_example(argument, ['dimension'] if what == 'dimension' else [])}, a list of "
            "columns, or a mapping."
        )
    columns = [str(column) for column in given]
    if len(columns) != len(keys):
        raise OptionError(
            f"`{argument}` lists {_count(len(columns), 'column')}, but there are "
            f"{_count(len(keys), what)}. Give one column for each, in their order "
            f"({shorten(keys, 5)})."
        )
    return dict(zip(keys, columns, strict=True))


def _from_mapping(
    given: Mapping[int, str] | Mapping[str, str],
    keys: Mapping[_K, str],
    argument: str,
    what: str,
) -> dict[_K, str]:
    """Read a mapping whose keys are numbers (also as text, as in JSON) or keys."""
    known: dict[str, _K] = {}
    for number, key in keys.items():
        known[fold(key)] = number
        known[str(number)] = number
    found: dict[_K, str] = {}
    unknown: list[object] = []
    twice: list[_K] = []
    for label, column in given.items():
        number_or_none = known.get(str(label), known.get(fold(str(label))))
        if number_or_none is None:
            unknown.append(label)
        elif number_or_none in found:
            twice.append(number_or_none)
        else:
            found[number_or_none] = str(column)
    parts = []
    if unknown:
        parts.append(
            f"names {_count(len(unknown), what)} that there {_is(len(unknown))} not: "
            f"{shorten(unknown)}"
        )
    missing = [number for number in keys if number not in found]
    if missing:
        parts.append(f"leaves out {_count(len(missing), what)}: {shorten(missing)}")
    if twice:
        parts.append(f"gives two columns for {what} {shorten(twice)}")
    if parts:
        raise OptionError(
            f"`{argument}` {', and '.join(parts)}. Give exactly one column for each {what} "
            f"({shorten(keys, 5)})."
        )
    return {number: found[number] for number in keys}


def _resolve_all(
    wanted: Mapping[_K, str], names: Sequence[str], *, argument: str | None
) -> dict[_K, str]:
    """Find all named columns, or raise one error with everything that is wrong."""
    exact = set(names)
    folded: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        folded.setdefault(fold(name), []).append(name)
    found: dict[_K, str] = {}
    missing: list[str] = []
    problems: list[str] = []
    for key, name in wanted.items():
        fitting = [name] if name in exact else folded.get(fold(name), [])
        if len(fitting) == 1:
            found[key] = fitting[0]
        elif fitting:
            problems.append(
                f"{_said(argument, name)} could be any of the columns {_quoted(fitting)}. "
                "Write the name exactly as in the data."
            )
        else:
            missing.append(name)
    if missing:
        problems.insert(0, _missing_words(missing, len(wanted), names, argument))
    by_column: dict[str, list[_K]] = {}
    for key, name in found.items():
        by_column.setdefault(name, []).append(key)
    shared = {name: keys for name, keys in by_column.items() if len(keys) > 1}
    for name, keys in shared.items():
        problems.append(
            f"{_said(argument, name)} is given for more than one: {shorten(keys)}. "
            "Each needs a column of its own."
        )
    if problems:
        raise ColumnNotFoundError(problems)
    return found


def _missing_words(
    missing: Sequence[str], n_wanted: int, names: Sequence[str], argument: str | None
) -> str:
    near = _nearest_words(missing, names)
    if n_wanted == 1:
        end = "" if argument is None else f" Give `{argument}` as the data have it."
        return f"There is no column {missing[0]!r} in the data.{near}{end}"
    return (
        f"`{argument}` names {n_wanted} columns, of which {len(missing)} {_is(len(missing))} not "
        f"in the data: {shorten(missing)}.{near} Give the names as the data have them."
    )


def _nearest_words(missing: Sequence[str], names: Sequence[str]) -> str:
    """Name the nearest columns, or else what there is; a sentence with a leading space."""
    near = list(dict.fromkeys(match for name in missing[:10] for match in nearest(name, names)))
    return _near_words(near) or f" The data have {_described(names)}."


def _near_words(near: Sequence[str]) -> str:
    if not near:
        return ""
    return f" Nearest {_is(len(near))} {shorten(near, 6)}."


def _said(argument: str | None, name: str) -> str:
    return f"The column {name!r}" if argument is None else f"In `{argument}`, the column {name!r}"


# ---- what is found -------------------------------------------------------------------------------


def _search_side(
    names: Sequence[str], keys: Mapping[int, str], side: Side, argument: str
) -> SideMatch:
    """Find the one usual pattern that has a column for every item."""
    forms = _collect_forms(names, keys, side)
    complete = {
        form: members for form, members in forms.items() if all(item in members for item in keys)
    }
    example = _USUAL_NAMES[side][0]
    if len(complete) > 1:
        spans = " and ".join(_span([m[item][0] for item in keys]) for m in complete.values())
        raise ColumnNotFoundError(
            f"More than one set of columns could be the {side} of the {_count(len(keys), 'item')}: "
            f"{spans}. Say which, such as `{argument}={_template_of(complete, keys)}`."
        )
    if not complete:
        raise ColumnNotFoundError(_not_found_words(names, forms, keys, side, argument))
    members = next(iter(complete.values()))
    double = {item: found for item, found in members.items() if item in keys and len(found) > 1}
    if double:
        found = "; ".join(
            f"item {item} {_quoted(found)}" for item, found in list(double.items())[:10]
        )
        raise ColumnNotFoundError(
            f"More than one column could be the {side} of {_count(len(double), 'item')}: {found}. "
            f'Say which, such as `{argument}="{example}"`, a list or a mapping, or drop the others.'
        )
    columns = {item: members[item][0] for item in keys}
    extra = [name for item, found in members.items() if item not in keys for name in found]
    return SideMatch(columns, _pattern_of(columns, keys), tuple(extra))


def _collect_forms(
    names: Sequence[str], keys: Mapping[int, str], side: Side
) -> dict[str, dict[int, list[str]]]:
    """Sort the columns of a side by pattern (``"e#"``, ``"q#e"`` …) and item number."""
    words = "|".join(_SIDE_WORDS[side])
    expression = re.compile(
        rf"(?P<before>{_QUESTION}?(?:{words}){_QUESTION}?)(?P<first>\d+)"
        rf"|(?P<question>{_QUESTION}?)(?P<second>\d+)(?P<after>{words})"
    )
    numbers = {fold(key): item for item, key in keys.items()}
    forms: dict[str, dict[int, list[str]]] = {}
    for name in dict.fromkeys(names):
        folded = fold(name)
        match = expression.fullmatch(folded)
        if match:
            item = int(match["first"] or match["second"])
            form = f"{match['before'] or match['question'] or ''}#{match['after'] or ''}"
            forms.setdefault(form, {}).setdefault(item, []).append(name)
        for word in _SIDE_WORDS[side]:
            for form, rest in (
                (f"{word}*", folded.removeprefix(word)),
                (f"*{word}", folded.removesuffix(word)),
            ):
                if rest != folded and rest in numbers:
                    forms.setdefault(form, {}).setdefault(numbers[rest], []).append(name)
    return forms


def _not_found_words(
    names: Sequence[str],
    forms: Mapping[str, Mapping[int, Sequence[str]]],
    keys: Mapping[int, str],
    side: Side,
    argument: str,
) -> str:
    """Say that a pattern is incomplete, or that there is none."""
    way_out = (
        f'Say which they are with `{argument}="{_USUAL_NAMES[side][0]}"` or another template, a '
        f"list of {_count(len(keys), 'column')}, or a mapping from item to column."
    )
    best = max(forms.values(), key=lambda m: sum(item in keys for item in m), default={})
    present = {item: best[item][0] for item in keys if item in best}
    if present and 2 * len(present) >= len(keys):
        return f"{_incomplete_words(names, present, keys, side)} {way_out}"
    hint = ""
    if sum(item not in keys for item in best) >= 2:
        span = _span([best[item][0] for item in sorted(best)])
        numbers = _span([str(item) for item in keys])
        hint = f" The columns {span} have other numbers than the items ({numbers})."
    examples = [pattern.format(item=next(iter(keys))) for pattern in _USUAL_NAMES[side]]
    near = list(dict.fromkeys(name for usual in examples for name in nearest(usual, names, n=2)))
    return (
        f"No columns for the {side} of the {_count(len(keys), 'item')} were found; usual names are "
        f"{', '.join(examples)}.{hint} The data have {_described(names)}.{_near_words(near)} "
        f"{way_out}"
    )


def _incomplete_words(
    names: Sequence[str], present: Mapping[int, str], keys: Mapping[int, str], side: Side
) -> str:
    """Name the columns that a pattern lacks, and the nearest of the others."""
    pattern = _pattern_of(present, keys)
    lost = [
        pattern.format(item=item, key=key) if "{" in pattern else f"item {item}"
        for item, key in keys.items()
        if item not in present
    ]
    others = [name for name in names if name not in present.values()]
    near = list(dict.fromkeys(name for wish in lost[:10] for name in nearest(wish, others, n=1)))
    return (
        f"Only {len(present)} of the {_count(len(keys), 'column')} for the {side} were found "
        f"({_span(list(present.values()))}); missing: {shorten(lost)}.{_near_words(near)}"
    )


def _search_points(
    names: Sequence[str], keys: Sequence[str], argument: str
) -> dict[str, str] | None:
    """Find the columns of points by their usual names."""
    stems = {_singular(fold(key)): key for key in keys}
    forms: dict[str, dict[str, list[str]]] = {}
    for name in dict.fromkeys(names):
        folded = fold(name)
        for word in _POINT_WORDS:
            for form, rest in (
                ("before", folded.removeprefix(word)),
                ("after", folded.removesuffix(word)),
            ):
                key = stems.get(_singular(rest))
                if rest != folded and key is not None:
                    # "weight" and "weights" are one pattern.
                    members = forms.setdefault(f"{form} {_singular(word)}", {}).setdefault(key, [])
                    if name not in members:
                        members.append(name)
    complete = [members for members in forms.values() if len(members) == len(keys)]
    if len(complete) == 1 and all(len(found) == 1 for found in complete[0].values()):
        return {key: complete[0][key][0] for key in keys}
    way_out = f'Say which with `{argument}="W_{{dimension}}"`, a list or a mapping'
    if complete:
        several = [[n for key in keys for n in members[key]] for members in complete]
        spans = " and ".join(shorten(found, 2 * len(keys)) for found in several)
        raise ColumnNotFoundError(
            f"More than one set of columns could be the importance points: {spans}. {way_out}."
        )
    best = max(forms.values(), key=len, default={})
    if 2 * len(best) < len(keys) or not best:
        return None
    missing = [key for key in keys if key not in best]
    found = [best[key][0] for key in keys if key in best]
    raise ColumnNotFoundError(
        f"Importance points were found for {len(found)} of the {len(keys)} dimensions "
        f"({shorten(found)}); missing: {shorten(missing)}. {way_out}, "
        "or rename or drop these columns."
    )


def _singular(word: str) -> str:
    return word.rstrip("s")


# ---- words for people ----------------------------------------------------------------------------


def _pattern_of(columns: Mapping[int, str], keys: Mapping[int, str]) -> str:
    """Write the template that gives these names, or else their first and last."""
    # The first column is guessed from; all of them are compared with the guess.
    item, first = next(iter(columns.items()))
    escaped = first.replace("{", "{{").replace("}", "}}")
    guesses = [
        _replace_number(escaped, number.format(item=item), number)
        for number in ("{item}", "{item:02d}", "{item:03d}")
    ]
    guesses.append(escaped.replace(keys[item], "{key}", 1))
    for guess in guesses:
        if guess != escaped and all(
            guess.format(item=number, key=keys[number]) == name for number, name in columns.items()
        ):
            return guess
    return _span(list(columns.values()))


def _replace_number(name: str, digits: str, placeholder: str) -> str:
    return re.sub(rf"(?<!\d){digits}(?!\d)", lambda _: placeholder, name, count=1)


def _template_of(
    complete: Mapping[str, Mapping[int, Sequence[str]]], keys: Mapping[int, str]
) -> str:
    members = next(iter(complete.values()))
    pattern = _pattern_of({item: members[item][0] for item in keys}, keys)
    return f'"{pattern}"' if "{" in pattern else "[…]"


def _span(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"


def _described(names: Sequence[str]) -> str:
    """Describe the columns by their numbered runs (``V1 … V44``), or by the first ten names."""
    runs: dict[tuple[str, str], list[str]] = {}
    for name in names:
        match = re.fullmatch(r"(.*?)\d+(\D*)", name.strip(), re.DOTALL)
        if match:
            runs.setdefault((match[1].casefold(), match[2].casefold()), []).append(name)
    long = [f"{_span(run)} ({len(run)} columns)" for run in runs.values() if len(run) >= 3]
    if long:
        return shorten(long, 6)
    return f"{_count(len(names), 'column')}: {shorten(names)}"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names[:-1]) + f" and {names[-1]!r}"


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
