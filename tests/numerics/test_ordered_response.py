from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servqual.numerics.cumulative_likelihood import (
    Link,
    link_density,
    link_density_slope,
    link_distribution,
    link_quantile,
    maximise,
)
from servqual.numerics.marginal_effects import average_effects
from servqual.numerics.ordered_response import (
    fit_ordered_response,
    level_shares,
    sandwich_covariance,
)
from servqual.numerics.parallel_lines import brant_test, nominal_test
from servqual.numerics.separation import separating_predictors
from servqual.typing import FloatArray, IntArray

LINKS: list[Link] = ["logit", "probit"]


def simulated(
    n_rows: int = 200, n_levels: int = 5, seed: int = 1, link: Link = "logit"
) -> tuple[IntArray, FloatArray]:
    generator = np.random.default_rng(seed)
    predictors = generator.normal(size=(n_rows, 3)) * [1.0, 2.0, 0.5] + [0.0, 5.0, -1.0]
    noise = generator.logistic(size=n_rows) if link == "logit" else generator.normal(size=n_rows)
    latent = predictors @ [0.8, -0.3, 0.5] + noise
    cuts = np.quantile(latent, np.arange(1, n_levels) / n_levels)
    return np.searchsorted(cuts, latent).astype(np.int64), predictors


def loglik(
    parameters: FloatArray, levels: IntArray, predictors: FloatArray, n_levels: int, link: Link
) -> float:
    """Log-likelihood from its definition, by differences of distribution functions."""
    size = predictors.shape[1]
    cuts = np.concatenate([[-np.inf], parameters[size:], [np.inf]])
    eta = predictors @ parameters[:size]
    upper = link_distribution(cuts[levels + 1] - eta, link)
    return float(np.sum(np.log(upper - link_distribution(cuts[levels] - eta, link))))


@pytest.mark.parametrize("link", LINKS)
def test_link_functions_belong_together(link: Link) -> None:
    values = np.linspace(-3.0, 3.0, 13)
    step = 1e-5
    assert_allclose(link_quantile(link_distribution(values, link), link), values, atol=1e-12)
    for function, derivative in (
        (link_distribution, link_density),
        (link_density, link_density_slope),
    ):
        numerical = (function(values + step, link) - function(values - step, link)) / (2 * step)
        assert_allclose(derivative(values, link), numerical, atol=1e-10)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("n_levels", [2, 3, 7])
def test_scores_and_information_are_derivatives_of_the_likelihood(
    link: Link, n_levels: int
) -> None:
    levels, predictors = simulated(n_levels=n_levels, link=link)
    fit = fit_ordered_response(levels, predictors, n_levels, link=link)
    assert fit.converged
    assert_allclose(fit.scores.sum(axis=0), 0.0, atol=1e-10)
    best = fit.parameters
    assert_allclose(fit.loglik, loglik(best, levels, predictors, n_levels, link), rtol=1e-12)
    size = len(best)
    # Away from the maximum, one row at a time: the scores of the fit with that row alone.
    step = 1e-4
    hessian = np.empty((size, size))
    for first in range(size):
        for second in range(size):
            total = 0.0
            for one, other in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                moved = best.copy()
                moved[first] += one * step
                moved[second] += other * step
                total += one * other * loglik(moved, levels, predictors, n_levels, link)
            hessian[first, second] = total / (4 * step**2)
    assert_allclose(np.linalg.inv(fit.covariance), -hessian, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("link", LINKS)
def test_row_scores_are_numerical_derivatives_of_each_row(link: Link) -> None:
    levels, predictors = simulated(30, 4, link=link)
    fit = fit_ordered_response(levels, predictors, 4, link=link)
    step = 1e-6
    for place in range(len(fit.parameters)):
        ends = []
        for sign in (1, -1):
            moved = fit.parameters.copy()
            moved[place] += sign * step
            ends.append(
                [
                    loglik(moved, levels[[row]], predictors[[row]], 4, link)
                    for row in range(len(levels))
                ]
            )
        numerical = (np.array(ends[0]) - ends[1]) / (2 * step)
        assert_allclose(fit.scores[:, place], numerical, atol=1e-7)


@pytest.mark.parametrize("link", LINKS)
def test_probabilities_in_the_tails_are_not_lost(link: Link) -> None:
    # Far from the cuts both distribution functions round to one; their difference must not.
    levels = np.array([1, 1, 0, 2], dtype=np.int64)
    predictors = np.array([[30.0], [-30.0], [0.0], [1.0]])
    found = maximise(levels, predictors, 3, np.array([1.0, -1.0, 1.0]), link=link)
    assert np.isfinite(found.loglik)
    assert found.loglik > -50


def test_units_of_predictors_do_not_matter() -> None:
    levels, predictors = simulated()
    plain = fit_ordered_response(levels, predictors, 5, link="logit")
    scale, shift = np.array([1e-3, 1.0, 1e4]), np.array([0.0, 100.0, -7.0])
    other = fit_ordered_response(levels, predictors * scale + shift, 5, link="logit")
    assert_allclose(other.coefficients, plain.coefficients / scale, rtol=1e-9)
    assert_allclose(other.loglik, plain.loglik, rtol=1e-12)
    assert_allclose(
        other.thresholds, plain.thresholds + shift @ other.coefficients, rtol=1e-9, atol=1e-9
    )
    errors = np.sqrt(np.diag(plain.covariance))[:3] / scale
    assert_allclose(np.sqrt(np.diag(other.covariance))[:3], errors, rtol=1e-9)


@pytest.mark.parametrize("link", LINKS)
def test_weights_are_repeated_rows(link: Link) -> None:
    levels, predictors = simulated(80, 4)
    counts = np.random.default_rng(2).integers(0, 4, 80)
    rows = np.repeat(np.arange(80), counts)
    weighted = fit_ordered_response(
        levels, predictors, 4, link=link, weights=counts.astype(np.float64)
    )
    repeated = fit_ordered_response(levels[rows], predictors[rows], 4, link=link)
    assert_allclose(weighted.parameters, repeated.parameters, rtol=1e-9)
    assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-8)
    assert_allclose(weighted.loglik, repeated.loglik, rtol=1e-12)
    assert_allclose(weighted.null_loglik, repeated.null_loglik, rtol=1e-12)
    for clusters in (None, np.arange(80) % 20):
        ours = sandwich_covariance(
            weighted.covariance,
            weighted.scores,
            counts=counts.astype(np.float64),
            clusters=clusters,
            small_sample=True,
        )
        theirs = sandwich_covariance(
            repeated.covariance,
            repeated.scores,
            clusters=None if clusters is None else clusters[rows],
            small_sample=True,
        )
        assert_allclose(ours, theirs, rtol=1e-7)


@pytest.mark.parametrize("unit", [1e-8, 1e12])
def test_the_unit_of_weights_does_not_matter(unit: float) -> None:
    levels, predictors = simulated(200, 4)
    plain = fit_ordered_response(levels, predictors, 4, link="probit")
    other = fit_ordered_response(levels, predictors, 4, link="probit", weights=np.full(200, unit))
    assert other.converged
    assert_allclose(other.parameters, plain.parameters, rtol=1e-9)
    assert_allclose(other.covariance * unit, plain.covariance, rtol=1e-8)
    separated = (predictors[:, 0] > 0).astype(np.int64)
    weights = np.full(200, unit)
    assert not fit_ordered_response(
        separated, predictors, 2, link="logit", weights=weights
    ).converged


def test_the_null_likelihood_is_that_of_the_shares() -> None:
    levels, _ = simulated(60, 3)
    shares = level_shares(levels, 3)
    counts = np.bincount(levels)
    assert_allclose(shares, counts / 60)
    empty = fit_ordered_response(levels, np.empty((60, 0)), 3, link="probit")
    assert_allclose(empty.loglik, empty.null_loglik, rtol=1e-12)
    assert_allclose(empty.null_loglik, counts @ np.log(shares), rtol=1e-12)


@pytest.mark.parametrize("link", LINKS)
def test_separation_does_not_converge_and_is_named(link: Link) -> None:
    generator = np.random.default_rng(4)
    predictors = generator.normal(size=(50, 2))
    levels = (predictors[:, 1] > 0.2).astype(np.int64)
    assert not fit_ordered_response(levels, predictors, 2, link=link).converged
    assert separating_predictors(levels, predictors, 2).tolist() == [1]
    together = (predictors.sum(axis=1) > 0).astype(np.int64)
    assert not fit_ordered_response(together, predictors, 2, link=link).converged
    assert separating_predictors(together, predictors, 2).tolist() == [0, 1]


@pytest.mark.parametrize("link", LINKS)
def test_one_error_is_no_separation(link: Link) -> None:
    generator = np.random.default_rng(4)
    predictors = generator.normal(size=(200, 1))
    levels = (predictors[:, 0] > 0.0).astype(np.int64)
    highest = int(predictors[:, 0].argmax())
    levels[highest] = 0
    fit = fit_ordered_response(levels, predictors, 2, link=link)
    assert fit.converged
    assert separating_predictors(levels, predictors, 2).size == 0


def test_separation_of_the_highest_answer_only() -> None:
    # All with the property gave the highest answer, which others gave too.
    generator = np.random.default_rng(6)
    levels = generator.integers(0, 4, 80).astype(np.int64)
    has = (levels == 3) & (generator.random(80) < 0.5)
    predictors = np.column_stack([has.astype(float), generator.normal(size=80)])
    assert not fit_ordered_response(levels, predictors, 4, link="logit").converged
    assert separating_predictors(levels, predictors, 4).tolist() == [0]


def test_no_predictor_cannot_separate() -> None:
    levels = np.array([0, 1, 1, 0], dtype=np.int64)
    assert separating_predictors(levels, np.empty((4, 0)), 2).size == 0


def test_a_start_without_likelihood_is_no_crash() -> None:
    levels, predictors = simulated(40, 3)
    start = np.array([0.0, 0.0, 0.0, 1.0, -1.0])
    found = maximise(levels, predictors, 3, start, link="logit")
    assert not found.converged
    assert np.isnan(found.loglik)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("indicator", [False, True])
def test_effects_and_their_errors_are_those_of_numerical_derivatives(
    link: Link, indicator: bool
) -> None:
    levels, predictors = simulated(120, 4)
    if indicator:
        predictors = np.column_stack([predictors, (np.arange(120) % 3 == 0).astype(float)])
    weights = np.random.default_rng(9).uniform(0.5, 2.0, 120)
    fit = fit_ordered_response(levels, predictors, 4, link=link)
    values = np.vstack([np.eye(4), [1.0, 2.0, 3.0, 5.0], [0.0, 0.0, 1.0, 1.0]])
    size = predictors.shape[1]

    def averages(parameters: FloatArray, moved: FloatArray) -> FloatArray:
        at_cuts = parameters[size:] - (moved @ parameters[:size])[:, None]
        below = np.column_stack([np.zeros(120), link_distribution(at_cuts, link), np.ones(120)])
        shares = np.average(np.diff(below, axis=1), axis=0, weights=weights)
        return np.asarray(values @ shares)

    def effects(parameters: FloatArray) -> FloatArray:
        columns = []
        for place in range(size):
            up, down = predictors.copy(), predictors.copy()
            if place == 3:
                up[:, 3], down[:, 3], width = 1.0, 0.0, 1.0
            else:
                width = 2e-5
                up[:, place] += width / 2
                down[:, place] -= width / 2
            columns.append((averages(parameters, up) - averages(parameters, down)) / width)
        return np.column_stack(columns)

    found = average_effects(
        fit.coefficients,
        fit.thresholds,
        fit.covariance,
        predictors,
        values,
        link=link,
        weights=weights,
    )
    assert_allclose(found.level, averages(fit.parameters, predictors), rtol=1e-12)
    assert_allclose(found.estimate, effects(fit.parameters), atol=1e-9)
    jacobian = np.empty((*found.estimate.shape, len(fit.parameters)))
    step = 1e-4
    for place in range(len(fit.parameters)):
        ends = []
        for sign in (1, -1):
            moved = fit.parameters.copy()
            moved[place] += sign * step
            ends.append(effects(moved))
        jacobian[..., place] = (ends[0] - ends[1]) / (2 * step)
    variance = np.einsum("tjp,pq,tjq->tj", jacobian, fit.covariance, jacobian)
    assert_allclose(found.std_error, np.sqrt(variance), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("link", LINKS)
def test_the_effect_of_a_group_leaves_nobody_in_another(link: Link) -> None:
    levels, predictors = simulated(150, 4)
    group = np.arange(150) % 3
    predictors = np.column_stack([predictors, group == 1, group == 2]).astype(np.float64)
    fit = fit_ordered_response(levels, predictors, 4, link=link)
    values = np.vstack([np.eye(4), [0.0, 0.0, 1.0, 1.0]])
    size = predictors.shape[1]

    def difference(parameters: FloatArray, place: int) -> FloatArray:
        found = []
        for setting in (0.0, 1.0):
            moved = predictors.copy()
            moved[:, -2:] = 0.0
            moved[:, place] = setting
            at_cuts = parameters[size:] - (moved @ parameters[:size])[:, None]
            below = np.column_stack([np.zeros(150), link_distribution(at_cuts, link), np.ones(150)])
            found.append(values @ np.diff(below, axis=1).mean(axis=0))
        return np.asarray(found[1] - found[0])

    factors = np.array([*[-1] * (size - 2), 0, 0])
    found = average_effects(
        fit.coefficients,
        fit.thresholds,
        fit.covariance,
        predictors,
        values,
        link=link,
        factors=factors,
    )
    step = 1e-4
    for place in (size - 2, size - 1):
        assert_allclose(
            found.estimate[:, place], difference(fit.parameters, place), rtol=1e-9, atol=1e-12
        )
        moves = step * np.eye(len(fit.parameters))
        jacobian = np.column_stack(
            [
                difference(fit.parameters + move, place) - difference(fit.parameters - move, place)
                for move in moves
            ]
        ) / (2 * step)
        variance = np.einsum("tp,pq,tq->t", jacobian, fit.covariance, jacobian)
        assert_allclose(found.std_error[:, place], np.sqrt(variance), rtol=1e-5)


# ---- parallel lines ------------------------------------------------------------------------------


def test_tests_of_parallel_lines_keep_their_level() -> None:
    # Under parallel lines the statistics are chi-squared: their means are their degrees of freedom.
    statistics = []
    for seed in range(150):
        levels, predictors = simulated(400, 4, seed=seed)
        fit = fit_ordered_response(levels, predictors, 4, link="logit")
        brant = brant_test(levels, predictors, 4)
        nominal = nominal_test(levels, predictors, fit, link="logit")
        statistics.append([brant.omnibus_statistic, brant.statistic[0], nominal.statistic[0]])
    # Standard error of a mean of chi-squared: sqrt(2 df / 150); four of them.
    assert abs(np.mean([row[0] for row in statistics]) - 6) < 4 * np.sqrt(12 / 150)
    assert abs(np.mean([row[1] for row in statistics]) - 2) < 4 * np.sqrt(4 / 150)
    assert abs(np.mean([row[2] for row in statistics]) - 2) < 4 * np.sqrt(4 / 150)


def test_one_predictor_makes_the_omnibus_test_its_own() -> None:
    levels, predictors = simulated(300, 4)
    test = brant_test(levels, predictors[:, [0]], 4)
    assert_allclose(test.omnibus_statistic, test.statistic[0], rtol=1e-12)
    assert test.omnibus_df == test.df == 2


def test_brants_slopes_are_those_of_the_binary_logits() -> None:
    levels, predictors = simulated(300, 4)
    test = brant_test(levels, predictors, 4)
    for cut in range(3):
        above = (levels > cut).astype(np.int64)
        own = fit_ordered_response(above, predictors, 2, link="logit")
        assert_allclose(test.slopes[cut], own.coefficients, rtol=1e-12)


def test_units_do_not_matter_to_tests_of_parallel_lines() -> None:
    levels, predictors = simulated(300, 4)
    other = predictors * [100.0, 0.01, 1.0] + [5.0, 0.0, 50.0]
    results = []
    for design in (predictors, other):
        fit = fit_ordered_response(levels, design, 4, link="probit")
        nominal = nominal_test(levels, design, fit, link="probit")
        results.append(np.append(nominal.statistic, brant_test(levels, design, 4).statistic))
    assert_allclose(results[0], results[1], rtol=1e-7)


def test_cuts_that_cannot_be_compared_leave_no_test() -> None:
    generator = np.random.default_rng(3)
    predictors = generator.normal(size=(40, 1))
    levels = np.ones(40, dtype=np.int64)
    levels[predictors[:, 0].argmin()] = 0
    levels[predictors[:, 0] > 0.5] = 2
    test = brant_test(levels, predictors, 3)
    assert not test.used.any()
    assert np.isnan([test.omnibus_statistic, test.omnibus_p_value, test.df]).all()
    assert np.isnan(test.statistic).all()


def test_a_larger_model_without_a_maximum_has_no_likelihood_ratio() -> None:
    levels, predictors = simulated(60, 3)
    # Nobody at the lowest answer lies above anybody at the others: the first cut runs away.
    predictors[levels == 0, 0] = -3.0 - np.abs(predictors[levels == 0, 0])
    levels[np.flatnonzero(levels == 1)[0]] = 2
    fit = fit_ordered_response(levels, predictors, 3, link="logit")
    assert fit.converged
    test = nominal_test(levels, predictors, fit, link="logit")
    assert np.isnan(test.statistic[0])
    assert np.isnan(test.p_value[0])
    assert np.isfinite(test.statistic[1:]).all()


def test_only_those_that_separate_are_named_among_many() -> None:
    generator = np.random.default_rng(7)
    predictors = generator.integers(-3, 4, size=(400, 10)).astype(np.float64)
    levels = (predictors[:, 2] + predictors[:, 6] > 0).astype(np.int64)
    assert separating_predictors(levels, predictors, 2).tolist() == [2, 6]


def test_a_slope_at_each_cut_has_the_derivatives_of_its_likelihood() -> None:
    levels, predictors = simulated(300, 4)
    fit = fit_ordered_response(levels, predictors, 4, link="logit")
    start = np.concatenate([fit.coefficients[1:], fit.thresholds, np.full(3, fit.coefficients[0])])
    found = maximise(
        levels, predictors[:, 1:], 4, start, link="logit", nonparallel=predictors[:, 0]
    )
    assert found.converged
    assert found.loglik > fit.loglik
    # At the maximum the scores add up to nothing, and the information is minus their slope.
    assert_allclose(found.scores.sum(axis=0), 0.0, atol=1e-9)
    step = 1e-3
    for place in range(len(start)):
        ends = []
        for sign in (1, -1):
            moved = found.parameters.copy()
            moved[place] += sign * step
            ends.append(scores_at(moved, levels, predictors))
        slope = (ends[0] - ends[1]) / (2 * step)
        assert_allclose(-slope, found.information[place], rtol=1e-5, atol=1e-3)


def scores_at(parameters: FloatArray, levels: IntArray, predictors: FloatArray) -> FloatArray:
    """Gradient of a model of four answers whose first predictor has a slope at each cut."""
    step = 1e-3
    gradient = np.empty(len(parameters))
    for place in range(len(parameters)):
        ends = []
        for sign in (1, -1):
            moved = parameters.copy()
            moved[place] += sign * step
            slopes, cuts, free = moved[:2], moved[2:5], moved[5:]
            at_cuts = cuts - (predictors[:, 1:] @ slopes)[:, None] - predictors[:, [0]] * free
            below = np.column_stack(
                [np.zeros(len(levels)), link_distribution(at_cuts, "logit"), np.ones(len(levels))]
            )
            chosen = np.diff(below, axis=1)[np.arange(len(levels)), levels]
            ends.append(float(np.log(chosen).sum()))
        gradient[place] = (ends[0] - ends[1]) / (2 * step)
    return gradient
