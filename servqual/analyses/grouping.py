"""Which rows of a survey belong to which group, for analyses that give a table per group."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

import numpy as np

from servqual.errors import OptionError, shorten
from servqual.typing import BoolArray, HasGroups

#: Values of the grouping variables, and the rows of the survey that have them.
Group: TypeAlias = tuple[tuple[str, ...], BoolArray]


def find_groups(
    survey: HasGroups, by: str | Sequence[str] | None, taken: Collection[str]
) -> tuple[list[Group], tuple[str, ...]]:
    """Rows of each group; without `by`, all rows as the only group.

    Parameters
    ----------
    survey : Survey or other respondents
        With grouping variables.
    by : str or sequence of str, optional
        Which of them.
    taken : collection of str
        Columns of the result, beside which a grouping variable of that name could not stand.

    Returns
    -------
    groups : list of (tuple of str, ndarray of bool)
        One per group that has respondents.
    names : tuple of str
        The grouping variables.

    Raises
    ------
    OptionError
        If a name is unknown, repeated or taken, or nobody is in any group.

    Examples
    --------
    >>> import servqual as sq
    >>> groups, names = find_groups(sq.load_example("bank"), "wave", ())
    >>> len(groups), names
    (2, ('wave',))
    """
    if by is None:
        return [((), np.ones(len(survey), dtype=bool))], ()
    codes, levels, names = survey.group_codes(by)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise OptionError(f"`by` names these more than once: {shorten(repeated)}.")
    hidden = set(taken) & set(names)
    if hidden:
        raise OptionError(
            f"`by` names {', '.join(sorted(hidden))}, which is a column of the result. Declare the "
            'group under another name: `groups={"new_name": "column"}`.'
        )
    if not levels:
        raise OptionError(f"`by` names {', '.join(names)}, which is missing for every respondent.")
    return [(level, codes == place) for place, level in enumerate(levels)], names
