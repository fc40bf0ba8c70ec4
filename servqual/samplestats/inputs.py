"""What `Moments` and `PairwiseMoments` share: their input checked, and the limits of rounding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from servqual.errors import OptionError, nearest, shorten
from servqual.typing import BoolArray, FloatArray, WeightKind, check_option

#: Under this name moments are stored.
FORMAT = "servqual-moments"


def as_rows(data: ArrayLike, n_variables: int | None) -> FloatArray:
    """Turn a table into rows of floats, shape (n, p), or say why that cannot be."""
    try:
        rows = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError) as error:
        rows = _nullable_rows(data, error)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2:
        raise OptionError(
            f"`data` has {rows.ndim} dimensions, but must be a table of shape (rows, variables)."
        )
    if n_variables is not None and rows.shape[1] != n_variables:
        raise OptionError(
            f"`data` has {rows.shape[1]} columns, but `variables` names {n_variables}. "
            "Give one name per column."
        )
    if np.isinf(rows).any():
        raise OptionError(
            "`data` has infinite values. Replace them, or mark them as missing (nan)."
        )
    return rows


def _nullable_rows(data: Any, error: Exception) -> FloatArray:
    """Read a pandas frame of nullable columns, whose missing value is not a float."""
    try:
        return np.asarray(data.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    except (AttributeError, TypeError, ValueError):
        raise OptionError(
            f"`data` cannot be read as numbers: {error}. Give numbers, with nan where an answer is "
            "missing."
        ) from error


def as_weights(weights: ArrayLike | None, kind: WeightKind, n_rows: int) -> FloatArray | None:
    """Check that weights fit the rows and their kind."""
    check_option("weight_kind", kind, WeightKind)
    if (weights is None) != (kind == "none"):
        raise OptionError(
            'Weights come with their kind: give `weights` together with `weight_kind="frequency"` '
            'or `weight_kind="sampling"`.'
        )
    if weights is None:
        return None
    values = np.asarray(weights, dtype=np.float64)
    if values.shape != (n_rows,):
        raise OptionError(
            f"`weights` has shape {values.shape}, but one weight per row is needed: ({n_rows},)."
        )
    if not np.isfinite(values).all() or (values < 0).any():
        raise OptionError("`weights` must be finite and not negative; drop rows without a weight.")
    if kind == "frequency" and (values != np.rint(values)).any():
        raise OptionError(
            "Frequency weights count respondents, so they must be whole numbers. "
            'If these are survey weights, use `weight_kind="sampling"`.'
        )
    return values


def as_shift(shift: ArrayLike | None, rows: FloatArray) -> FloatArray:
    """Give what is taken off each variable before summing, shape (p,)."""
    n_variables = rows.shape[1]
    if shift is not None:
        given = np.asarray(shift, dtype=np.float64)
        if given.shape not in ((), (1,), (n_variables,)) or not np.isfinite(given).all():
            raise OptionError(
                f"`shift` must be one finite number, or one for each of the {n_variables} "
                "variables."
            )
        return np.broadcast_to(given, (n_variables,)).copy()
    # Without a known scale, a whole number near the data keeps Likert sums exact and avoids
    # cancellation.
    answered = np.isfinite(rows)
    count = answered.sum(axis=0)
    total = np.where(answered, rows, 0.0).sum(axis=0)
    mean: FloatArray = np.divide(total, count, out=np.zeros(n_variables), where=count > 0)
    return np.rint(mean)


def check_listed(argument: str, names: object) -> None:
    """Insist on a list of names; a text would be taken apart into its letters."""
    if isinstance(names, str):
        raise OptionError(f'`{argument}` is "{names}", but must be a list, such as ["{names}"].')
    if not isinstance(names, Iterable):
        raise OptionError(
            f'`{argument}` is {names!r}, but must be a list of names, such as ["P1", "P2"].'
        )


def variables_words(variables: Sequence[str]) -> str:
    """Count variables and name the first: ``"2 variables (P1, P2)"``."""
    noun = "variable" if len(variables) == 1 else "variables"
    return f"{len(variables)} {noun} ({shorten(variables, 4)})"


def as_names(variables: Sequence[str] | None, n_variables: int) -> tuple[str, ...]:
    """Name the variables, each differently."""
    if variables is None:
        return tuple(f"x{number}" for number in range(1, n_variables + 1))
    check_listed("variables", variables)
    names = tuple(str(name) for name in variables)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise OptionError(
            f"`variables` names these more than once: {shorten(repeated)}. Names must be unique."
        )
    return names


def positions_of(variables: tuple[str, ...], wanted: Sequence[str]) -> list[int]:
    """Find the positions of some variables."""
    check_listed("variables", wanted)
    where = {name: position for position, name in enumerate(variables)}
    unknown = [name for name in wanted if name not in where]
    if unknown:
        close = nearest(str(unknown[0]), variables)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        raise OptionError(
            f"The moments hold no variable named {shorten(unknown)}. "
            f"They hold {shorten(variables)}.{hint}"
        )
    return [where[name] for name in wanted]


@runtime_checkable
class _Mergeable(Protocol):
    """What merging asks of moments."""

    @property
    def variables(self) -> tuple[str, ...]: ...

    @property
    def weight_kind(self) -> WeightKind: ...


def check_mergeable(first: _Mergeable, second: _Mergeable) -> None:
    """Insist that two moments are of the same kind, variables and weights."""
    if not isinstance(second, _Mergeable):
        raise OptionError(f"Moments can be merged with moments only, not with {second!r}.")
    if type(first) is not type(second):
        raise OptionError(
            "Listwise and pairwise moments cannot be merged; collect both the same way."
        )
    if first.variables != second.variables:
        raise OptionError(
            f"Moments of different variables cannot be merged: {shorten(first.variables)} and "
            f"{shorten(second.variables)}. Use `select` to put both in the same order."
        )
    if first.weight_kind != second.weight_kind:
        raise OptionError(
            f'Moments with "{first.weight_kind}" and "{second.weight_kind}" weights cannot be '
            "merged; collect both with the same kind."
        )


def rounding_share(n_obs: ArrayLike) -> FloatArray:
    """Share of a sum of squares that rounding alone may leave as a variance.

    A constant such as 13/3 is no binary number, so its n squares do not cancel to the last bit.
    What is left of them grows with √n and stays below half of this.
    """
    return np.asarray(16.0 * np.finfo(np.float64).eps * np.sqrt(np.maximum(n_obs, 1.0)))


def without_noise(centred: FloatArray, squares: FloatArray, n_obs: int) -> FloatArray:
    """Set to exactly zero what rounding left of the variables that do not vary."""
    constant = np.diag(centred) <= rounding_share(n_obs) * squares
    return np.where(constant[:, None] | constant[None, :], 0.0, centred)


def root(variances: FloatArray) -> FloatArray:
    """Take the square root of variances that may be a little below zero."""
    # Linear combinations that cancel may leave a variance of −1e-17.
    return np.sqrt(np.maximum(variances, 0.0))


def joint_shift(
    first: FloatArray, first_counts: BoolArray, second: FloatArray, second_counts: BoolArray
) -> FloatArray:
    """Shift of merged moments: the smaller one, which does not depend on the order.

    A batch without answers has no say: its shift is arbitrary, and far from the data it would
    cost digits.
    """
    smaller = np.minimum(first, second)
    return np.where(first_counts == second_counts, smaller, np.where(first_counts, first, second))


def check_stored(stored: Mapping[str, Any], written_as: str, name: str, kind: type) -> None:
    """Insist that a dictionary was written by `to_dict` of a class, and is whole."""
    if stored.get("format") != written_as or stored.get("version") != 1:
        raise OptionError(
            f"`stored` was not written by `{name}.to_dict`: its format is "
            f"{stored.get('format')!r}, version {stored.get('version')!r}."
        )
    lost = [field.name for field in fields(kind) if field.name not in stored]
    if lost:
        raise OptionError(
            f"`stored` is not complete: it has no {shorten(lost)}. Give all that "
            f"`{name}.to_dict` wrote."
        )
