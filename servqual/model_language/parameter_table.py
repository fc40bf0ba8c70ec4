"""The typed table of a model's parameters, completed by lavaan's automatic rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from servqual.errors import ModelSyntaxError, nearest, shorten
from servqual.model_language.expressions import expression_names, parse_expression
from servqual.model_language.syntax import Modifier, Statement, parse

__all__ = [
    "EQUALITIES",
    "Parameter",
    "ParameterTable",
    "build_parameter_table",
    "observed_variables",
]

#: What may be held equal across groups.
EQUALITIES = (
    "loadings",
    "thresholds",
    "intercepts",
    "means",
    "residuals",
    "residual_covariances",
    "regressions",
    "latent_variances",
    "latent_covariances",
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One line of a parameter table.

    Attributes
    ----------
    lhs, op, rhs : str
        As in lavaan: ``F =~ x1``, ``y ~ x``, ``x ~~ y``, ``x ~1``, ``name := expression``.
    group : int
        From 1; 0 for definitions and constraints.
    free : int
        0 if fixed, else the number of the free parameter; equal parameters share it.
    label : str
        The user's label, or empty.
    value : float
        Value of a fixed parameter; nan where the sample's own value is taken.
    start : float
        The user's starting value, or nan.
    exogenous : bool
        Whether it is a moment of fixed exogenous observed variables.
    given : bool
        Whether the user wrote it.
    """

    lhs: str
    op: str
    rhs: str
    group: int
    free: int
    label: str
    value: float
    start: float
    exogenous: bool
    given: bool


@dataclass(frozen=True, slots=True)
class ParameterTable:
    """All parameters of a model.

    Attributes
    ----------
    parameters : tuple of Parameter
        Group by group, the user's lines first; definitions and constraints last.
    group_labels : tuple of str
        Names of the groups; empty for one.
    observed, latent : tuple of str
        Observed and latent variables.
    explaining : tuple of str
        Observed variables that only explain.
    exogenous : tuple of str
        Those of them whose moments are taken as given.
    ordered : tuple of str
        Ordinal variables.
    mean_structure : bool
        Whether means are modelled.
    """

    parameters: tuple[Parameter, ...]
    group_labels: tuple[str, ...]
    observed: tuple[str, ...]
    latent: tuple[str, ...]
    explaining: tuple[str, ...]
    exogenous: tuple[str, ...]
    ordered: tuple[str, ...]
    mean_structure: bool

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return max(1, len(self.group_labels))

    @property
    def n_free(self) -> int:
        """Number of free parameters, equal ones counted once."""
        return max((line.free for line in self.parameters), default=0)

    @property
    def defined(self) -> tuple[Parameter, ...]:
        """Lines with ``:=``."""
        return tuple(line for line in self.parameters if line.op == ":=")

    @property
    def constraints(self) -> tuple[Parameter, ...]:
        """Lines with ``==``."""
        return tuple(line for line in self.parameters if line.op == "==")

    def __str__(self) -> str:
        """Write the model as syntax: the first group's lines, with what is fixed or labelled."""
        shown: dict[tuple[str, str], list[str]] = {}
        for line in self.parameters:
            if line.group > 1 or line.exogenous:
                continue
            if line.op in (":=", "=="):
                shown[line.lhs, line.op] = [line.rhs]
                continue
            before = "" if line.free else f"{line.value:g}*"
            if line.label:
                before = f"{line.label}*"
            operator = "~" if line.op == "~1" else line.op
            shown.setdefault((line.lhs, operator), []).append(f"{before}{line.rhs or '1'}")
        return "\n".join(
            f"{lhs} {operator} {' + '.join(terms)}" for (lhs, operator), terms in shown.items()
        )


@dataclass(frozen=True, slots=True)
class _Names:
    """Variables of a model by their roles, in order of appearance."""

    latent: tuple[str, ...]
    observed: tuple[str, ...]
    exogenous: tuple[str, ...]
    random: tuple[str, ...]
    outcomes: tuple[str, ...]
    exogenous_latent: tuple[str, ...]
    single: frozenset[str]


def build_parameter_table(
    model: str | Sequence[Statement],
    *,
    group_labels: Sequence[str] = (),
    std_lv: bool = False,
    mean_structure: bool = False,
    fixed_x: bool = True,
    orthogonal: bool = False,
    equal: Collection[str] = (),
    free: Collection[str] = (),
    categories: Mapping[str, int] | None = None,
) -> ParameterTable:
    """Complete a model by the automatic rules of lavaan's ``cfa`` and ``sem``.

    The first loading of each latent variable is fixed at 1 (or with `std_lv` its variance), all
    variances are free, exogenous latent variables covary, and so do outcomes that explain nothing
    themselves. The residual of a single indicator is fixed at 0.

    Parameters
    ----------
    model : str or sequence of Statement
        The model.
    group_labels : sequence of str, default ()
        Names of the groups; empty for one.
    std_lv : bool, default False
        Whether latent variables are scaled by a (residual) variance of 1.
    mean_structure : bool, default False
        Whether means are modelled.
    fixed_x : bool, default True
        Whether the moments of observed variables that only explain are taken as given.
    orthogonal : bool, default False
        Whether latent variables are uncorrelated.
    equal : collection of str, default ()
        What is equal across groups; see `EQUALITIES`.
    free : collection of str, default ()
        Parameters that are exempted from `equal`, such as ``"F =~ x2"``.
    categories : mapping of str to int, optional
        Number of categories of each observed variable, all of which are then ordinal: thresholds
        are free, residual variances follow from the scales, which are 1 (in later groups free
        where thresholds are equal).

    Returns
    -------
    ParameterTable

    Raises
    ------
    ModelSyntaxError
        If the model contradicts itself.

    Examples
    --------
    >>> table = build_parameter_table("F =~ x1 + x2 + x3")
    >>> table.n_free, table.observed
    (6, ('x1', 'x2', 'x3'))
    """
    statements = _statements(model)
    ordinal = categories is not None
    written = _merged(statements, ordinal)
    names = _roles(written, fixed_x)
    if categories is not None:
        mean_structure = True
        _check_ordinal(written, names, categories)
    lines = _complete(written, names, std_lv, mean_structure, orthogonal, categories)
    n_groups = max(1, len(group_labels))
    rules = _Rules(std_lv, frozenset(equal), _exempted(free, lines))
    numbering = _Numbering()
    parameters = [
        _parameter(line, group, n_groups, names, rules, numbering)
        for group in range(1, n_groups + 1)
        for line in lines
    ]
    parameters += _definitions(statements, parameters)
    return ParameterTable(
        tuple(parameters),
        tuple(group_labels),
        names.observed,
        names.latent,
        (*names.exogenous, *names.random),
        names.exogenous,
        names.observed if ordinal else (),
        mean_structure,
    )


def observed_variables(model: str | Sequence[Statement], *, ordinal: bool) -> tuple[str, ...]:
    """Observed variables of a model, in the order of its table.

    Parameters
    ----------
    model : str or sequence of Statement
        The model.
    ordinal : bool
        Whether they are ordinal, so that the model may speak of thresholds.

    Returns
    -------
    tuple of str

    Raises
    ------
    ModelSyntaxError
        If the model contradicts itself.

    Examples
    --------
    >>> observed_variables("F =~ x1 + x2 + x3", ordinal=False)
    ('x1', 'x2', 'x3')
    """
    return _roles(_merged(_statements(model), ordinal), fixed_x=False).observed


def _check_ordinal(
    written: Sequence[Statement], names: _Names, categories: Mapping[str, int]
) -> None:
    """Refuse what a model of ordinal answers cannot say."""
    explaining = {line.rhs for line in written if line.op == "~"} & set(names.observed)
    if explaining:
        raise ModelSyntaxError(
            f"These observed variables explain others: {shorten(sorted(explaining))}. In a model "
            "of ordinal answers only latent variables explain; let each be measured by at least "
            'two answers, or take answers as numbers with `estimator="MLR"`.'
        )
    for line in written:
        if line.op == "~~" and line.lhs == line.rhs and line.lhs in names.observed:
            raise ModelSyntaxError(
                f"Line {line.line} of the model has `{line.lhs} ~~ {line.lhs}`, but the residual "
                "variance of an ordinal answer follows from its loadings and its scale. Leave the "
                f"line out, or write `{line.lhs} ~*~ {line.lhs}` for its scale."
            )
        if line.op == "|" and line.lhs not in categories:
            raise ModelSyntaxError(
                f"Line {line.line} of the model has a threshold of {line.lhs}, which is no "
                "observed variable."
            )
        if line.op == "|" and not (
            line.rhs[:1] == "t"
            and line.rhs[1:].isdigit()
            and 1 <= int(line.rhs[1:]) < categories[line.lhs]
        ):
            raise ModelSyntaxError(
                f"Line {line.line} of the model has the threshold `{line.lhs} | {line.rhs}`, but "
                f"{line.lhs} has {categories[line.lhs]} categories: its thresholds are t1"
                f"{f' to t{categories[line.lhs] - 1}' if categories[line.lhs] > 2 else ''}."
            )


def _statements(model: str | Sequence[Statement]) -> tuple[Statement, ...]:
    """Read a model, unless it was read already."""
    if isinstance(model, (list, tuple)) and all(isinstance(line, Statement) for line in model):
        return tuple(model)
    return parse(model)  # type: ignore[arg-type]  # says what else it was given


def _merged(statements: Sequence[Statement], ordinal: bool) -> list[Statement]:
    """Lines of parameters, those written twice joined into one."""
    found: dict[tuple[str, str, str], Statement] = {}
    for line in statements:
        if line.op in (":=", "=="):
            continue
        if line.op in ("|", "~*~") and not ordinal:
            raise ModelSyntaxError(
                f"Line {line.line} of the model has `{line.lhs} {line.op} {line.rhs}`, but "
                "thresholds and scales belong to models of ordinal answers. Leave the line out, "
                'or use `estimator="WLSMV"`.'
            )
        key = (line.lhs, line.op, line.rhs)
        if line.op == "~~" and (line.rhs, line.op, line.lhs) in found:
            key = (line.rhs, line.op, line.lhs)
        known = found.get(key)
        if known is None:
            found[key] = line
            continue
        if known.modifier.fixed and line.modifier.fixed and known.modifier != line.modifier:
            raise ModelSyntaxError(
                f"Line {line.line} of the model fixes `{line.lhs} {line.op} {line.rhs}` at another "
                f"value than line {known.line}. Leave one of them out."
            )
        modifier = known.modifier.joined(line.modifier)
        found[key] = Statement(known.lhs, known.op, known.rhs, modifier, known.line)
    if not found:
        raise ModelSyntaxError("The model has no parameters. Add a line such as `F =~ x1 + x2`.")
    return list(found.values())


def _unique(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _roles(lines: list[Statement], fixed_x: bool) -> _Names:
    """Who is latent, observed, exogenous or an outcome."""
    latent = _unique([line.lhs for line in lines if line.op == "=~"])
    indicators = [line.rhs for line in lines if line.op == "=~"]
    explained = [line.lhs for line in lines if line.op == "~"]
    explaining = [line.rhs for line in lines if line.op == "~"]
    others = [
        name
        for line in lines
        if line.op in ("~~", "~1", "|", "~*~")
        for name in (line.lhs, *([line.rhs] if line.op == "~~" else []))
    ]
    observed = tuple(
        name for name in _unique(indicators + explained + explaining + others) if name not in latent
    )
    for line in lines:
        if line.op == "=~" and line.rhs == line.lhs:
            raise ModelSyntaxError(f"Line {line.line}: `{line.lhs}` cannot measure itself.")
    only_explaining = tuple(
        name
        for name in _unique(explaining)
        if name not in {*latent, *indicators, *explained, *others}
    )
    exogenous = only_explaining if fixed_x else ()
    random = () if fixed_x else only_explaining
    outcomes = tuple(
        name
        for name in (*latent, *observed)
        if name in explained and name not in {*explaining, *indicators}
    )
    counts = {name: indicators.count(name) for name in indicators}
    single = frozenset(
        line.rhs
        for line in lines
        if line.op == "=~"
        and sum(other.lhs == line.lhs and other.op == "=~" for other in lines) == 1
        and counts[line.rhs] == 1
        and line.rhs not in latent
    )
    exogenous_latent = tuple(
        name for name in latent if name not in explained and name not in indicators
    )
    return _Names(latent, observed, exogenous, random, outcomes, exogenous_latent, single)


def _complete(
    written: list[Statement],
    names: _Names,
    std_lv: bool,
    mean_structure: bool,
    orthogonal: bool,
    categories: Mapping[str, int] | None,
) -> list[Statement]:
    """The user's lines with their defaults, then those that the rules add."""
    have = {(line.lhs, line.op, line.rhs) for line in written}
    have |= {(rhs, op, lhs) for lhs, op, rhs in have if op == "~~"}
    firsts: dict[str, str] = {}
    for line in written:
        if line.op == "=~":
            firsts.setdefault(line.lhs, line.rhs)
    lines = []
    for line in written:
        marked = line.op == "=~" and firsts[line.lhs] == line.rhs and not std_lv
        modifier = Modifier(fixed=(1.0,)).joined(line.modifier) if marked else line.modifier
        lines.append(Statement(line.lhs, line.op, line.rhs, modifier, line.line))

    def add(lhs: str, op: str, rhs: str, fixed: tuple[float, ...] = ()) -> None:
        if (lhs, op, rhs) not in have:
            lines.append(Statement(lhs, op, rhs, Modifier(fixed=fixed), 0))

    modelled = [name for name in names.observed if name not in names.exogenous]
    ordinal = categories is not None
    for name, count in (categories or {}).items():
        for cut in range(1, count):
            add(name, "|", f"t{cut}")
    for name in modelled:
        add(name, "~~", name, (0.0,) if name in names.single or ordinal else ())
    for name in names.latent:
        add(name, "~~", name, (1.0,) if std_lv else ())
    for first, second in combinations(names.exogenous_latent, 2):
        add(first, "~~", second, (0.0,) if orthogonal else ())
    for first, second in combinations(names.outcomes, 2):
        add(first, "~~", second)
    for first, second in combinations(names.random, 2):
        add(first, "~~", second)
    for place, first in enumerate(names.exogenous):
        for second in names.exogenous[place:]:
            add(first, "~~", second)
    for name in categories or ():
        add(name, "~*~", name, (1.0,))
    if mean_structure or any(line.op == "~1" for line in written):
        for name in (*modelled, *names.exogenous):
            add(name, "~1", "", (0.0,) if ordinal else ())
        for name in names.latent:
            add(name, "~1", "", (0.0,))
    return lines


@dataclass(frozen=True, slots=True)
class _Rules:
    """What is equal across groups, and what is exempted."""

    std_lv: bool
    equal: frozenset[str]
    exempted: frozenset[tuple[str, str, str]]

    def kind(self, line: Statement, names: _Names) -> str:
        """Word of `EQUALITIES` under which a parameter falls."""
        latent = line.lhs in names.latent
        if line.op == "=~":
            return "loadings"
        if line.op == "~":
            return "regressions"
        if line.op in ("|", "~*~"):
            return "thresholds" if line.op == "|" else "scales"
        if line.op == "~1":
            return "means" if latent else "intercepts"
        if line.op == "~~" and latent:
            return "latent_variances" if line.lhs == line.rhs else "latent_covariances"
        return "residuals" if line.lhs == line.rhs else "residual_covariances"


class _Numbering:
    """Hands out numbers of free parameters; equal ones get the same."""

    def __init__(self) -> None:
        self.known: dict[object, int] = {}
        self.last = 0

    def number(self, key: object | None) -> int:
        if key is not None and key in self.known:
            return self.known[key]
        self.last += 1
        if key is not None:
            self.known[key] = self.last
        return self.last


def _of_group(values: tuple[object, ...], group: int, n_groups: int, line: Statement) -> object:
    """A modifier's entry for a group."""
    if len(values) == 1:
        return values[0]
    if len(values) != n_groups:
        raise ModelSyntaxError(
            f"Line {line.line} of the model gives {len(values)} values for "
            f"`{line.lhs} {line.op} {line.rhs}`, but there "
            f"{'is 1 group' if n_groups == 1 else f'are {n_groups} groups'}. Give one value, or "
            "one for each group."
        )
    return values[group - 1]


def _parameter(
    line: Statement,
    group: int,
    n_groups: int,
    names: _Names,
    rules: _Rules,
    numbering: _Numbering,
) -> Parameter:
    """One parameter of one group."""
    exogenous = line.op in ("~~", "~1") and line.lhs in names.exogenous
    modifier, given = line.modifier, line.line > 0
    fixed = float("nan")
    is_free = not exogenous
    if modifier.fixed and not exogenous:
        fixed = float(_of_group(modifier.fixed, group, n_groups, line))  # type: ignore[arg-type]
        is_free = bool(np.isnan(fixed))
    label = str(_of_group(modifier.labels, group, n_groups, line)) if modifier.labels else ""
    start = float("nan")
    if modifier.starts:
        start = float(_of_group(modifier.starts, group, n_groups, line))  # type: ignore[arg-type]
    kind = rules.kind(line, names)
    automatic = not given and not is_free and not exogenous
    if automatic and group > 1 and kind == "scales":
        is_free = "thresholds" in rules.equal
    elif automatic and group > 1 and line.lhs in names.latent:
        anchored = not rules.equal.isdisjoint({"intercepts", "thresholds"})
        means_move = kind == "means" and anchored and "means" not in rules.equal
        spreads_move = (
            kind == "latent_variances"
            and rules.std_lv
            and "loadings" in rules.equal
            and "latent_variances" not in rules.equal
        )
        is_free = means_move or spreads_move
    number = 0
    if is_free:
        exempt = (line.lhs, line.op, line.rhs) in rules.exempted
        shared = n_groups > 1 and kind in rules.equal and not exempt and not label
        key: object | None = ("label", label) if label else None
        if shared and not (automatic and group > 1):
            key = ("equal", line.lhs, line.op, line.rhs)
        number = numbering.number(key)
    value = float("nan") if is_free or exogenous else fixed
    return Parameter(
        line.lhs, line.op, line.rhs, group, number, label, value, start, exogenous, given
    )


def _exempted(free: Collection[str], lines: list[Statement]) -> frozenset[tuple[str, str, str]]:
    """Parameters named in `free`, each of which must exist."""
    known = {(line.lhs, line.op, line.rhs) for line in lines}
    found = set()
    for text in [free] if isinstance(free, str) else free:
        for line in parse(text):
            keys = {(line.lhs, line.op, line.rhs), (line.rhs, line.op, line.lhs)} & known
            if not keys:
                raise ModelSyntaxError(
                    f"`free` names `{text}`, but the model has no such parameter."
                )
            found |= keys
    return frozenset(found)


def _definitions(
    statements: Sequence[Statement], parameters: Sequence[Parameter]
) -> list[Parameter]:
    """Lines with ``:=`` and ``==``, whose labels must exist."""
    labels = {line.label for line in parameters if line.label}
    found: list[Parameter] = []
    nothing = float("nan")
    for line in statements:
        if line.op not in (":=", "=="):
            continue
        used = expression_names(parse_expression(line.rhs))
        if line.op == "==":
            used += expression_names(parse_expression(line.lhs))
        unknown = [name for name in used if name not in labels]
        if unknown:
            close = nearest(unknown[0], sorted(labels), n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise ModelSyntaxError(
                f"Line {line.line} of the model uses labels that no parameter has: "
                f"{shorten(unknown)}.{hint} Give a parameter a label as in `y ~ a*x`."
            )
        if line.op == ":=":
            if line.lhs in labels:
                raise ModelSyntaxError(
                    f"Line {line.line} of the model defines `{line.lhs}`, which is already the "
                    "label of a parameter. Choose another name."
                )
            labels.add(line.lhs)
        found.append(
            Parameter(
                line.lhs,
                line.op,
                line.rhs,
                0,
                0,
                line.lhs if line.op == ":=" else "",
                nothing,
                nothing,
                False,
                True,
            )
        )
    return found
