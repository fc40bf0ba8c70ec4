"""Estimating a structural equation model from ordinal answers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from servqual.analyses.structural_data import StructuralData
from servqual.analyses.structural_estimation import (
    Estimate,
    check_degrees_of_freedom,
    check_identified,
    not_converged,
)
from servqual.errors import EstimationError, NotPositiveDefiniteError, shorten
from servqual.model_language.parameter_table import ParameterTable
from servqual.model_language.representation import represent
from servqual.numerics.fit_indices import ChiSquare, fit_indices
from servqual.numerics.implied_moments import ModelStructure
from servqual.numerics.ordinal_fit import (
    adjusted,
    fit_ordinal,
    implied_statistics,
    independence_test,
    infer_ordinal,
    weighted_squares,
)
from servqual.numerics.ordinal_moments import OrdinalMoments, ordinal_moments
from servqual.numerics.structural_tests import Inference
from servqual.typing import Estimator, FloatArray, IntArray

__all__ = ["categories_of", "estimate_ordinal"]

#: Distinct answers above which a variable is hardly ordinal.
_MOST_CATEGORIES = 15


def categories_of(data: StructuralData, what: str) -> dict[str, FloatArray]:
    """Distinct answers of each variable, in order.

    Parameters
    ----------
    data : StructuralData
        With rows.
    what : str
        Name of the analysis, for messages.

    Returns
    -------
    dict of str to FloatArray

    Raises
    ------
    EstimationError
        If a variable has a single answer or very many, or a group never gives one of the answers
        of the others.
    """
    rows = data.rows or ()
    together = np.vstack(rows)
    found = {name: np.unique(together[:, at]) for at, name in enumerate(data.variables)}
    many = [name for name, values in found.items() if len(values) > _MOST_CATEGORIES]
    if many:
        raise EstimationError(
            f"`{what}` takes answers as ordinal, but these variables have more than "
            f"{_MOST_CATEGORIES} different values: {shorten(many)}. Take answers as numbers with "
            '`estimator="MLR"`.'
        )
    for label, part in zip(data.groups, rows, strict=False):
        absent = [
            f"{name} ({', '.join(f'{value:g}' for value in np.setdiff1d(values, part[:, at]))})"
            for at, (name, values) in enumerate(found.items())
            if np.setdiff1d(values, part[:, at]).size
        ]
        if absent:
            raise EstimationError(
                f"Nobody in group {label} gave these answers, so that their thresholds do not "
                f"exist there: {shorten(absent)}. Join categories that few chose."
            )
    return found


def _moments(
    data: StructuralData, categories: Mapping[str, FloatArray], what: str
) -> list[OrdinalMoments]:
    """Thresholds and polychoric correlations of each group."""
    sizes: IntArray = np.array([len(values) for values in categories.values()])
    collected = []
    labels = data.groups or ("",)
    for group, rows in enumerate(data.rows or ()):
        codes = np.empty(rows.shape, dtype=np.int64)
        for at, values in enumerate(categories.values()):
            codes[:, at] = np.searchsorted(values, rows[:, at])
        weights = None if data.row_weights is None else data.row_weights[group]
        found = ordinal_moments(codes, sizes, weights=weights)
        first, second = np.nonzero(np.triu(found.at_bound, 1))
        if first.size:
            names = data.variables
            pairs = [f"{names[i]} and {names[j]}" for i, j in zip(first, second, strict=True)]
            where = f" in group {labels[group]}" if labels[group] else ""
            raise EstimationError(
                f"The polychoric correlation of these pairs is perfect{where}: {shorten(pairs)}. "
                f"`{what}` cannot weight it. Leave one of each pair out, or join categories."
            )
        collected.append(found)
    return collected


def estimate_ordinal(
    table: ParameterTable,
    data: StructuralData,
    categories: Mapping[str, FloatArray],
    *,
    estimator: Estimator,
    what: str,
    max_iterations: int,
) -> Estimate:
    """Estimate a model by diagonally weighted least squares and test it.

    Parameters
    ----------
    table : ParameterTable
        The model, all of whose observed variables are ordinal.
    data : StructuralData
        With the rows of its observed variables, in its order.
    categories : mapping of str to FloatArray
        As from `categories_of`.
    estimator : {"DWLS", "WLSMV"}
        Plain standard errors and test, or robust ones.
    what : str
        Name of the analysis, for messages.
    max_iterations : int
        Steps after which the search gives up.

    Returns
    -------
    Estimate

    Raises
    ------
    NotIdentifiedError, ConvergenceError, NotPositiveDefiniteError
        As `estimate`.
    EstimationError
        If a polychoric correlation is perfect.
    """
    samples = _moments(data, categories, what)
    p, n_groups = len(table.observed), len(samples)
    nothing = np.zeros(p)
    correlations = [sample.correlations for sample in samples]
    model = represent(
        table,
        means=[nothing] * n_groups,
        covariances=correlations,
        categories={name: len(values) for name, values in categories.items()},
    )
    reduction, robust = model.reduction, estimator == "WLSMV"
    n_statistics = sum(len(sample.values) for sample in samples)
    df = n_statistics - int(reduction.basis.shape[1])
    check_degrees_of_freedom(df, reduction, "thresholds and correlations")
    try:
        solution = fit_ordinal(
            model.structure,
            samples,
            reduction=reduction,
            start=model.start,
            max_iterations=max_iterations,
        )
    except ValueError as problem:
        raise NotPositiveDefiniteError(
            f"`{what}` found no starting values for the model. Look at fixed values and signs, or "
            "give starting values with `start(…)*x`."
        ) from problem
    if not solution.converged:
        raise not_converged(what, solution)
    found = infer_ordinal(model.structure, solution.parameters, samples, reduction, robust=robust)
    inference = Inference(found.covariance, found.undetermined, found.trace)
    check_identified(table, inference)
    chi2 = weighted_squares(model.structure, solution.parameters, samples)
    test, baseline = ChiSquare(chi2, df), independence_test(samples, robust=robust)
    if robust:
        test = adjusted(chi2, df, found.trace, found.trace_squared)
    n_obs = sum(sample.n_obs - 1.0 for sample in samples)
    plain = fit_indices(
        ChiSquare(test.chi2, test.df), ChiSquare(baseline.chi2, baseline.df), n_obs, n_groups
    )
    scaled = fit_indices(
        ChiSquare(test.scaled, test.df), ChiSquare(baseline.scaled, baseline.df), n_obs, n_groups
    )
    return Estimate(
        table,
        model,
        solution,
        inference,
        [],
        [(nothing, correlation) for correlation in correlations],
        test,
        baseline,
        plain,
        scaled,
        scaled,
        _residual_size(model.structure, solution.parameters, samples),
        float("nan"),
        float("nan"),
        int(reduction.basis.shape[1]),
        samples,
    )


def _residual_size(
    structure: ModelStructure, parameters: FloatArray, samples: list[OrdinalMoments]
) -> float:
    """Root mean square of the residual correlations, groups weighted by their respondents."""
    total, n_obs = 0.0, sum(sample.n_obs for sample in samples)
    for group, sample in enumerate(samples):
        implied, _ = implied_statistics(structure, parameters, group)
        residual = (sample.values - implied)[len(sample.thresholds) :]
        size = structure.n_variables
        total += (
            sample.n_obs / n_obs * float(np.sqrt(np.sum(residual**2) / (size * (size + 1) / 2)))
        )
    return total
