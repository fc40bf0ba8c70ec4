"""Where the crosshair of an importance–performance analysis stands when it is given."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from servqual.analyses.attribute_estimates import SHARES
from servqual.analyses.attributes import AttributeScores
from servqual.errors import OptionError
from servqual.survey.survey import Survey
from servqual.typing import AttributePerformance, Crosshair, DerivedImportance

__all__ = ["fixed_lines"]


def fixed_lines(
    survey: Survey,
    attributes: AttributeScores,
    on: AttributePerformance,
    method: DerivedImportance | None,
    crosshair: Crosshair,
    targets: Mapping[str, float] | None,
) -> tuple[float, float] | None:
    """Find the lines of importance and of performance that do not come from the data.

    Parameters
    ----------
    survey : Survey
        With the answer scale.
    attributes : AttributeScores
        Where importance is from, and its answers.
    on : str
        What performance is.
    method : str or None
        How importance is derived.
    crosshair : {"means", "medians", "midpoint", "target"}
        What the lines go through.
    targets : mapping or None
        Importance and performance for ``"target"``.

    Returns
    -------
    tuple of float or None
        Importance, performance; None when the lines go through means or medians.

    Raises
    ------
    OptionError
        If targets are missing, superfluous or no numbers, or importance has no middle.
    """
    if crosshair == "target":
        return _targets(targets)
    if targets is not None:
        raise OptionError(
            f'`targets` were given, but `crosshair` is "{crosshair}". Use `crosshair="target"`, or '
            "leave `targets` out."
        )
    if crosshair != "midpoint":
        return None
    middle = survey.instrument.scale.midpoint
    return _importance_midpoint(survey, attributes, method), middle if on == "perception" else 0.0


def _targets(targets: object) -> tuple[float, float]:
    names = ("importance", "performance")
    if isinstance(targets, Mapping) and set(targets) == set(names):
        values = [targets[name] for name in names]
        numbers = [
            float(value)
            for value in values
            if isinstance(value, (int, float, np.integer, np.floating))
            and not isinstance(value, bool)
            and np.isfinite(value)
        ]
        if len(numbers) == 2:
            return numbers[0], numbers[1]
    raise OptionError(
        f'`targets` is {targets!r}, but `crosshair="target"` needs one number for each axis: '
        '`targets={"importance": 20, "performance": 5.5}`.'
    )


def _importance_midpoint(
    survey: Survey, attributes: AttributeScores, method: DerivedImportance | None
) -> float:
    scale = survey.instrument.scale
    size = len(attributes.terms)
    if attributes.source == "stated":
        return 100.0 / size
    if attributes.source == "derived":
        if method in SHARES:
            return 1.0 / size
        raise OptionError(
            f'`crosshair` is "midpoint", but importance by `method="{method}"` has no scale with a '
            'middle. Use `crosshair="means"`, or `crosshair="target"` with `targets`.'
        )
    answers = attributes.importance
    if answers is not None:
        known = answers[~np.isnan(answers)]
        if ((known < scale.minimum) | (known > scale.maximum)).any():
            raise OptionError(
                '`crosshair` is "midpoint", but the importance answers go from '
                f"{known.min():g} to {known.max():g}, beyond the instrument's scale ({scale}), so "
                'their middle is not known. Use `crosshair="target"` with `targets`.'
            )
    return scale.midpoint
