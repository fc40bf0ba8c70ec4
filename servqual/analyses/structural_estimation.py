"""Estimating a structural equation model from sample statistics: estimates, errors, tests."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from servqual.analyses.structural_data import StructuralData
from servqual.errors import (
    ConvergenceError,
    ImproperSolutionWarning,
    NotIdentifiedError,
    NotPositiveDefiniteError,
    shorten,
)
from servqual.model_language.parameter_table import ParameterTable
from servqual.model_language.representation import Representation, represent
from servqual.numerics.fit_indices import (
    ChiSquare,
    FitIndices,
    fit_indices,
    standardised_residual_size,
)
from servqual.numerics.implied_moments import ModelStructure, assemble, implied_moments
from servqual.numerics.incomplete_fit import SaturatedFit, corrected_test, fit_saturated
from servqual.numerics.normal_discrepancy import (
    NormalSample,
    evaluate_least_squares,
    evaluate_likelihood,
    log_likelihood,
)
from servqual.numerics.ordinal_moments import OrdinalMoments
from servqual.numerics.saturated import (
    independence_structure,
    saturated_moments,
)
from servqual.numerics.scoring import Solution
from servqual.numerics.structural_fit import (
    NormalCriterion,
    Reduction,
    fit_normal,
    weights_of,
)
from servqual.numerics.structural_tests import Inference, implied_of, infer, scaled_test
from servqual.typing import Estimator, FloatArray, IntArray

__all__ = [
    "Estimate",
    "check_degrees_of_freedom",
    "check_identified",
    "estimate",
    "not_converged",
    "warn_of_improper",
]

CRITERIA: dict[Estimator, NormalCriterion] = {
    "ML": "likelihood",
    "MLR": "likelihood",
    "MLM": "likelihood",
    "ULS": "unweighted",
    "GLS": "generalised",
}


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """An estimated model.

    Attributes
    ----------
    table : ParameterTable
        The model.
    representation : Representation
        The same as matrices.
    solution : Solution
        Estimates, and how the search ended.
    inference : Inference
        Their uncertainty.
    samples : list of NormalSample
        Data that were fitted.
    saturated : list of (mean, covariance)
        Estimates without a model, per group.
    test, baseline : ChiSquare
        Of the model and of uncorrelated variables; scaled where the estimator is robust.
    plain, indices, scaled : FitIndices
        Without scaling; robust ones where the estimator is robust; from scaled statistics.
    srmr : float
        Standardised root mean square residual.
    loglik, loglik_saturated : float
        Log likelihoods; nan for least squares.
    n_parameters : int
        Free parameters, less constraints.
    ordinal : list of OrdinalMoments
        Thresholds and polychoric correlations that were fitted, if answers were taken as ordinal.
    """

    table: ParameterTable
    representation: Representation
    solution: Solution
    inference: Inference
    samples: list[NormalSample]
    saturated: list[tuple[FloatArray, FloatArray]]
    test: ChiSquare
    baseline: ChiSquare
    plain: FitIndices
    indices: FitIndices
    scaled: FitIndices
    srmr: float
    loglik: float
    loglik_saturated: float
    n_parameters: int
    ordinal: list[OrdinalMoments] = field(default_factory=list)


def estimate(
    table: ParameterTable,
    data: StructuralData,
    *,
    estimator: Estimator,
    information: Literal["expected", "observed"],
    what: str,
    max_iterations: int,
) -> Estimate:
    """Estimate a model and test it.

    Parameters
    ----------
    table : ParameterTable
        The model.
    data : StructuralData
        Statistics of its observed variables, in its order.
    estimator : {"ML", "MLR", "MLM", "ULS", "GLS"}
        What is minimised, and how errors are found.
    information : {"expected", "observed"}
        On which standard errors rest.
    what : str
        Name of the analysis, for messages.
    max_iterations : int
        Steps after which the search gives up.

    Returns
    -------
    Estimate

    Raises
    ------
    NotIdentifiedError
        If there are more parameters than moments, or the data do not determine them.
    ConvergenceError
        If no minimum is found; the last state is named.
    NotPositiveDefiniteError
        If no starting values give a positive definite covariance matrix.
    """
    criterion = CRITERIA[estimator]
    samples = data.samples(
        unbiased=criterion != "likelihood", with_means=table.mean_structure or bool(table.exogenous)
    )
    saturated = _saturated(samples, what)
    means, covariances = [mean for mean, _ in saturated], [spread for _, spread in saturated]
    model = represent(table, means=means, covariances=covariances)
    reduction = model.reduction
    df = _degrees_of_freedom(table, reduction)
    check_degrees_of_freedom(df, reduction, "means, variances and covariances")
    try:
        solution = fit_normal(
            model.structure,
            samples,
            criterion=criterion,
            reduction=reduction,
            start=model.start,
            saturated=saturated,
            max_iterations=max_iterations,
        )
    except ValueError as problem:
        raise NotPositiveDefiniteError(
            f"`{what}` found no starting values at which the model implies a positive definite "
            "covariance matrix. Look at fixed values and signs, or give starting values with "
            "`start(…)*x`."
        ) from problem
    if not solution.converged:
        raise not_converged(what, solution)
    n_obs = float(data.sizes.sum())
    shrink = 1.0 if criterion == "likelihood" else (n_obs - len(samples)) / n_obs
    rows, row_weights = _robust_rows(data, estimator)
    inference = infer(
        model.structure,
        solution.parameters,
        samples,
        reduction,
        kind=information,
        criterion=criterion,
        rows=rows,
        row_weights=row_weights,
        shrink=shrink,
    )
    check_identified(table, inference)
    test, loglik, loglik_saturated = _test(
        table, model, solution, samples, saturated, criterion, df, shrink
    )
    baseline, baseline_structure, baseline_parameters = _baseline(
        table, samples, saturated, criterion, loglik_saturated, shrink
    )
    whole = None
    if rows is not None and data.incomplete is not None:
        whole = fit_saturated(samples, saturated, rows, row_weights)
    given = np.array([table.observed.index(name) for name in table.exogenous], dtype=np.int64)
    if rows is not None:
        own = infer(
            baseline_structure,
            baseline_parameters,
            samples,
            Reduction.none(len(baseline_parameters)),
            kind=information,
            rows=rows,
            row_weights=row_weights,
        )
        test = _scaled(
            test,
            inference,
            model.structure,
            solution.parameters,
            data,
            saturated,
            given,
            estimator,
            whole,
        )
        baseline = _scaled(
            baseline,
            own,
            baseline_structure,
            baseline_parameters,
            data,
            saturated,
            given,
            estimator,
            whole,
        )
    robust_test, robust_baseline = test, baseline
    if whole is not None and test.df > 0 and baseline.df > 0:
        robust_test = corrected_test(
            model.structure, solution.parameters, reduction, df, samples, saturated, whole
        )
        robust_baseline = corrected_test(
            baseline_structure,
            baseline_parameters,
            Reduction.none(len(baseline_parameters)),
            baseline.df,
            samples,
            saturated,
            whole,
        )
    implied = implied_of(model.structure, solution.parameters)
    with_means = table.mean_structure
    weight_of_test = shrink * n_obs
    plain = fit_indices(
        ChiSquare(test.chi2, test.df),
        ChiSquare(baseline.chi2, baseline.df),
        weight_of_test,
        len(samples),
    )
    return Estimate(
        table,
        model,
        solution,
        inference,
        samples,
        saturated,
        test,
        baseline,
        plain,
        fit_indices(robust_test, robust_baseline, weight_of_test, len(samples)),
        fit_indices(
            ChiSquare(test.scaled, test.df),
            ChiSquare(baseline.scaled, baseline.df),
            weight_of_test,
            len(samples),
        ),
        standardised_residual_size(
            covariances,
            [spread for _, spread in implied],
            means if with_means else None,
            [mean for mean, _ in implied] if with_means else None,
            data.sizes,
        ),
        loglik,
        loglik_saturated,
        reduction.basis.shape[1],
    )


def check_degrees_of_freedom(df: int, reduction: Reduction, moments: str) -> None:
    """Refuse a model with more parameters than the data have moments.

    Parameters
    ----------
    df : int
        Moments less parameters.
    reduction : Reduction
        Constraints.
    moments : str
        What the moments are.

    Raises
    ------
    NotIdentifiedError
        If there are too many parameters.
    """
    if df < 0:
        raise NotIdentifiedError(
            f"The model has {reduction.basis.shape[1]} free parameters, but the data give "
            f"{reduction.basis.shape[1] + df} {moments} to find them from. "
            "Fix parameters, make some equal by labels, or measure with more indicators."
        )


def not_converged(what: str, solution: Solution) -> ConvergenceError:
    """The error that a search ended with, its last state in words.

    Parameters
    ----------
    what : str
        Name of the analysis.
    solution : Solution
        The last state.

    Returns
    -------
    ConvergenceError
    """
    return ConvergenceError(
        f"`{what}` did not reach a minimum in {solution.n_iterations} iterations: the "
        f"discrepancy stands at {solution.value:.6g} and the estimates are still about "
        f"{np.sqrt(solution.decrement):.2g} standard errors away. The model may not be "
        "identified, or the sample too small for it: fix parameters, or fit fewer factors."
    )


def _saturated(samples: list[NormalSample], what: str) -> list[tuple[FloatArray, FloatArray]]:
    found = []
    for sample in samples:
        own = saturated_moments(sample)
        if not own.converged:
            raise ConvergenceError(
                f"`{what}` could not estimate the means and covariances of the incomplete answers "
                f"in {own.n_iterations} steps. Leave out variables that few respondents answered "
                'together, or use `missing="listwise"`.'
            )
        found.append((own.mean, own.covariance))
    return found


def _degrees_of_freedom(table: ParameterTable, reduction: Reduction) -> int:
    """Moments that the model speaks of, less its parameters."""
    p, given = len(table.observed), len(table.exogenous)
    moments = p * (p + 1) // 2 - given * (given + 1) // 2
    if table.mean_structure:
        moments += p - given
    return table.n_groups * moments - int(reduction.basis.shape[1])


def _robust_rows(
    data: StructuralData, estimator: Estimator
) -> tuple[list[FloatArray] | None, list[FloatArray] | None]:
    if estimator not in ("MLR", "MLM") or data.rows is None:
        return None, None
    return list(data.rows), None if data.row_weights is None else list(data.row_weights)


def check_identified(table: ParameterTable, inference: Inference) -> None:
    """Refuse estimates about which the data say nothing, and name the parameters.

    Parameters
    ----------
    table : ParameterTable
        The model.
    inference : Inference
        What is determined.

    Raises
    ------
    NotIdentifiedError
        If something is not.
    """
    if not inference.undetermined.size:
        return
    loose = {int(number) + 1 for number in inference.undetermined}
    names = list(
        dict.fromkeys(
            f"{line.lhs} {line.op} {line.rhs}".strip()
            for line in table.parameters
            if line.free in loose
        )
    )
    raise NotIdentifiedError(
        f"The data do not determine these parameters of the model: {shorten(names)}. Fix one of "
        "them, make some equal by labels, or give a factor more indicators."
    )


def _test(
    table: ParameterTable,
    model: Representation,
    solution: Solution,
    samples: list[NormalSample],
    saturated: list[tuple[FloatArray, FloatArray]],
    criterion: NormalCriterion,
    df: int,
    shrink: float,
) -> tuple[ChiSquare, float, float]:
    """χ² of the model, its log likelihood and that of the saturated model."""
    if criterion != "likelihood":
        nothing = float("nan")
        return ChiSquare(2.0 * shrink * solution.value, df), nothing, nothing
    loglik = sum(log_likelihood(sample, 0.0) for sample in samples) - solution.value
    best = 0.0
    for sample, (mean, covariance) in zip(samples, saturated, strict=True):
        at = evaluate_likelihood(sample, covariance, mean)
        best += np.nan if at is None else log_likelihood(sample, at.value)
    chi2 = max(2.0 * (best - loglik), 0.0)
    part = _given_log_likelihood(table, samples, saturated)
    return ChiSquare(chi2, df), loglik - part, best - part


def _given_log_likelihood(
    table: ParameterTable,
    samples: list[NormalSample],
    saturated: list[tuple[FloatArray, FloatArray]],
) -> float:
    """Log likelihood of the fixed exogenous variables, which the model does not speak of."""
    if not table.exogenous:
        return 0.0
    at = np.array([table.observed.index(name) for name in table.exogenous])
    total = 0.0
    for sample, (mean, covariance) in zip(samples, saturated, strict=True):
        own = NormalSample(
            sample.counts,
            sample.means[:, at],
            sample.covariances[:, at[:, None], at],
            sample.observed[:, at],
        )
        found = evaluate_likelihood(own, covariance[np.ix_(at, at)], mean[at])
        total += np.nan if found is None else log_likelihood(own, found.value)
    return total


def _baseline(
    table: ParameterTable,
    samples: list[NormalSample],
    saturated: list[tuple[FloatArray, FloatArray]],
    criterion: NormalCriterion,
    loglik_saturated: float,
    shrink: float,
) -> tuple[ChiSquare, ModelStructure, FloatArray]:
    """Test of uncorrelated variables; its structure and parameters."""
    given = np.array([name in table.exogenous for name in table.observed])
    explaining = np.array([name in table.explaining for name in table.observed])
    alone = [_each_alone(sample, own) for sample, own in zip(samples, saturated, strict=True)]
    structure, parameters = independence_structure(
        [mean for mean, _ in alone],
        [spread for _, spread in alone],
        explaining,
        given,
        mean_structure=table.mean_structure,
    )
    if criterion == "generalised":
        parameters = fit_normal(
            structure, samples, criterion=criterion, start=parameters
        ).parameters
    weights = weights_of(samples, criterion)
    value = 0.0
    for group, (sample, weight) in enumerate(zip(samples, weights, strict=True)):
        implied = implied_moments(assemble(structure, parameters, group))
        mean = implied.mean if table.mean_structure else sample.means[0]
        if weight is None:
            at = evaluate_likelihood(sample, implied.covariance, mean)
            value += np.nan if at is None else log_likelihood(sample, at.value)
        else:
            value += evaluate_least_squares(sample, implied.covariance, mean, weight).value
    if criterion == "likelihood":
        whole = loglik_saturated + _given_log_likelihood(table, samples, saturated)
        chi2 = 2.0 * (whole - value)
    else:
        chi2 = 2.0 * shrink * value
    p, fixed = len(given), int(given.sum())
    moments = p * (p + 1) // 2 - fixed * (fixed + 1) // 2 + (p - fixed) * table.mean_structure
    df = table.n_groups * moments - len(parameters)
    return ChiSquare(chi2, df), structure, parameters


def _each_alone(
    sample: NormalSample, own: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Means and variances of each variable by itself; covariances as saturated."""
    if not sample.incomplete:
        return own
    answered = sample.counts @ sample.observed
    mean = sample.counts @ sample.means / answered
    shifted = np.where(sample.observed, sample.means - mean, 0.0)
    squares = np.diagonal(sample.covariances, axis1=1, axis2=2) + shifted**2
    covariance = own[1].copy()
    np.fill_diagonal(covariance, sample.counts @ squares / answered)
    return mean, covariance


def _scaled(
    test: ChiSquare,
    inference: Inference,
    structure: ModelStructure,
    parameters: FloatArray,
    data: StructuralData,
    saturated: list[tuple[FloatArray, FloatArray]],
    given: IntArray,
    estimator: Estimator,
    whole: SaturatedFit | None,
) -> ChiSquare:
    """A robust test, of the model or of the baseline."""
    if test.df <= 0:
        return test
    implied = [spread for _, spread in implied_of(structure, parameters)]
    mean_structure = structure.mean_structure
    rows = list(data.rows or ())
    weights = None if data.row_weights is None else list(data.row_weights)
    if data.incomplete is None:
        chosen = implied if estimator == "MLM" else [spread for _, spread in saturated]
        return scaled_test(
            test.chi2,
            test.df,
            inference.trace_model,
            rows,
            weights,
            chosen,
            given,
            mean_structure=mean_structure,
        )
    if whole is None:
        return test
    trace = whole.inference.trace_model - inference.trace_model
    return ChiSquare(test.chi2, test.df, trace / test.df)


def warn_of_improper(found: Estimate, *, stacklevel: int) -> tuple[str, ...]:
    """Say aloud what cannot be: negative variances, correlations beyond one, indefinite Ψ.

    Parameters
    ----------
    found : Estimate
        The model.
    stacklevel : int
        As in `warnings.warn`, counted from here.

    Returns
    -------
    tuple of str
        What was warned of.

    Warns
    -----
    ImproperSolutionWarning
        With the names of variables and the values.
    """
    messages = []
    structure, parameters = found.representation.structure, found.solution.parameters
    labels = found.table.group_labels or ("",)
    for group, label in enumerate(labels):
        where = f" in group {label}" if label else ""
        matrices = assemble(structure, parameters, group)
        messages += _negative(
            np.diag(matrices.residual_covariance), found.table.observed, "residual variance", where
        )
        messages += _negative(
            np.diag(matrices.factor_covariance), found.representation.latent, "variance", where
        )
        messages += _beyond_one(
            implied_moments(matrices).latent_covariance, found.representation.latent, where
        )
    if messages:
        warnings.warn(
            " ".join(messages) + " The model does not fit these data as it stands, or the sample "
            "is too small for it.",
            ImproperSolutionWarning,
            stacklevel=stacklevel,
        )
    return tuple(messages)


def _negative(variances: FloatArray, names: tuple[str, ...], kind: str, where: str) -> list[str]:
    found = [
        f"{name} ({value:.3f})" for name, value in zip(names, variances, strict=True) if value < 0
    ]
    return [f"The {kind} is negative{where} for {shorten(found)}."] if found else []


def _beyond_one(covariance: FloatArray, names: tuple[str, ...], where: str) -> list[str]:
    """Name correlations of latent variables beyond one, or an indefinite matrix without such."""
    spread = np.sqrt(np.abs(np.diag(covariance)))
    if not spread.size or not (spread > 0).all() or (np.diag(covariance) < 0).any():
        return []
    correlation = covariance / np.outer(spread, spread)
    rows, columns = np.nonzero(np.tril(np.abs(correlation) > 1.0 + 1e-9, k=-1))
    if rows.size:
        pairs = [
            f"{names[j]} and {names[i]} ({correlation[i, j]:.3f})"
            for i, j in zip(rows, columns, strict=True)
        ]
        return [f"Latent variables correlate beyond one{where}: {shorten(pairs)}."]
    if np.linalg.eigvalsh(correlation)[0] < -1e-9:
        return [f"The covariance matrix of the latent variables is not positive definite{where}."]
    return []
