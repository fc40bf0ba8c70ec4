"""What predictors contribute by each method asked for, in one sample or in thousands at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from servqual.numerics.coalitions import average_gains, complete_dominance, shapley_values
from servqual.numerics.importance import (
    first,
    last,
    lmg,
    owen,
    partial,
    pratt,
    relative_weights,
    subset_r_squared,
)
from servqual.numerics.logistic import logistic_relative_weights, subset_mcfadden
from servqual.typing import FloatArray, ImportanceFamily, ImportanceMethod

__all__ = [
    "DECOMPOSITIONS",
    "FAMILY_METHODS",
    "OF_SUBSETS",
    "Contributions",
    "concatenate",
    "from_correlations",
    "from_weights",
]

#: Methods whose contributions add up to what is explained.
DECOMPOSITIONS: tuple[ImportanceMethod, ...] = ("lmg", "relative-weights", "pratt", "dominance")

#: Methods of each family, in the order of `method="all"`.
FAMILY_METHODS: dict[ImportanceFamily, tuple[ImportanceMethod, ...]] = {
    "ols": ("lmg", "relative-weights", "pratt", "first", "last", "partial", "dominance"),
    "logit": ("lmg", "relative-weights", "first", "last", "dominance"),
}

#: Methods that need the fit of every subset of the predictors.
OF_SUBSETS: dict[ImportanceFamily, tuple[ImportanceMethod, ...]] = {
    "ols": ("lmg", "dominance"),
    "logit": ("lmg", "dominance", "first", "last"),
}

_CLOSED_FORMS: dict[ImportanceMethod, Callable[[FloatArray], FloatArray]] = {
    "relative-weights": relative_weights,
    "pratt": pratt,
    "first": first,
    "last": last,
    "partial": partial,
}

#: Numbers of fits of subsets held at once, 16 MB.
_BLOCK = 2**21


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """Contributions of p predictors in each of several samples.

    Attributes
    ----------
    by_method : dict of FloatArray, shape (n_samples, p)
        Contributions; nan in samples in which they do not exist.
    explained : dict of FloatArray, shape (n_samples,)
        What all predictors explain together, on the scale of each method; empty where that is R².
    conditional : FloatArray or None, shape (n_samples, p, p)
        Average gains by number of other predictors, if dominance is asked for.
    complete : FloatArray or None, shape (n_samples, p, p)
        Complete dominance of rows over columns.
    """

    by_method: dict[ImportanceMethod, FloatArray]
    explained: dict[ImportanceMethod, FloatArray]
    conditional: FloatArray | None = None
    complete: FloatArray | None = None


def from_correlations(
    correlations: FloatArray,
    methods: Sequence[ImportanceMethod],
    groups: Sequence[Sequence[int]] | None = None,
) -> Contributions:
    """Contributions to R², from correlation matrices.

    Parameters
    ----------
    correlations : FloatArray, shape (n_samples, p + 1, p + 1)
        The outcome last; nan where a variable is constant.
    methods : sequence of str
        What to compute.
    groups : sequence of sequence of int, optional
        Groups of predictors, which LMG then keeps together.

    Returns
    -------
    Contributions
    """
    found = {name: _CLOSED_FORMS[name](correlations) for name in methods if name in _CLOSED_FORMS}
    conditional = complete = None
    if groups is not None and "lmg" in methods:
        found["lmg"] = owen(correlations, groups)
    elif "dominance" in methods:
        of_subsets = _from_worths(_blocks_of_r_squared(correlations))
        found["lmg"] = found["dominance"] = of_subsets.by_method["lmg"]
        conditional, complete = of_subsets.conditional, of_subsets.complete
    elif "lmg" in methods:
        found["lmg"] = lmg(correlations)
    return Contributions({name: found[name] for name in methods}, {}, conditional, complete)


def from_weights(
    predictors: FloatArray,
    outcome: FloatArray,
    weights: FloatArray,
    methods: Sequence[ImportanceMethod],
) -> Contributions:
    """Contributions to the fit of a logistic regression, for each set of weights.

    Parameters
    ----------
    predictors : FloatArray, shape (n_rows, p)
        Complete rows.
    outcome : FloatArray, shape (n_rows,)
        Zeros and ones.
    weights : FloatArray, shape (n_samples, n_rows)
        How much each row counts.
    methods : sequence of str
        What to compute.

    Returns
    -------
    Contributions
        To McFadden's R²; relative weights divide the squared correlation between the outcome and
        the fitted probabilities.
    """
    n_predictors = predictors.shape[1]
    found: dict[ImportanceMethod, FloatArray] = {}
    explained: dict[ImportanceMethod, FloatArray] = {}
    conditional = complete = None
    if "relative-weights" in methods:
        found["relative-weights"] = logistic_relative_weights(predictors, outcome, weights)
        explained["relative-weights"] = found["relative-weights"].sum(axis=1)
    if set(methods) & set(OF_SUBSETS["logit"]):
        worths = subset_mcfadden(predictors, outcome, weights)
        alone = [2**place for place in range(n_predictors)]
        found["first"] = worths[:, alone]
        found["last"] = worths[:, [-1]] - worths[:, [2**n_predictors - 1 - bit for bit in alone]]
        found["lmg"] = found["dominance"] = shapley_values(worths)
        explained.update(dict.fromkeys(OF_SUBSETS["logit"], worths[:, -1]))
        if "dominance" in methods:
            conditional, complete = average_gains(worths), complete_dominance(worths)
    return Contributions(
        {name: found[name] for name in methods},
        {name: explained[name] for name in methods},
        conditional,
        complete,
    )


def concatenate(parts: Sequence[Contributions]) -> Contributions:
    """Join contributions of some samples with those of others, made by the same methods.

    Parameters
    ----------
    parts : sequence of Contributions
        At least one.

    Returns
    -------
    Contributions
    """
    methods = parts[0].by_method

    def joined(arrays: Sequence[FloatArray | None]) -> FloatArray | None:
        present = [array for array in arrays if array is not None]
        return np.concatenate(present) if present else None

    return Contributions(
        {name: np.concatenate([part.by_method[name] for part in parts]) for name in methods},
        {
            name: np.concatenate([part.explained[name] for part in parts])
            for name in parts[0].explained
        },
        joined([part.conditional for part in parts]),
        joined([part.complete for part in parts]),
    )


def _blocks_of_r_squared(correlations: FloatArray) -> Iterator[FloatArray]:
    per_block = max(1, _BLOCK >> (correlations.shape[-1] - 1))
    for start in range(0, len(correlations), per_block):
        yield subset_r_squared(correlations[start : start + per_block])


def _from_worths(blocks: Iterator[FloatArray]) -> Contributions:
    parts = []
    for worths in blocks:
        values = shapley_values(worths)
        parts.append(
            Contributions(
                {"lmg": values},
                {},
                average_gains(worths),
                complete_dominance(worths),
            )
        )
    return concatenate(parts)
