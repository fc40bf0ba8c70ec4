"""What every result promises: its columns, one row of `glance`, JSON, escaping, no rows inside."""

from __future__ import annotations

import dataclasses
import json
import re
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import servqual as sq
from servqual.results import Result
from tests.analyses.surveys import (
    reference_frame,
    reference_survey,
    survey_of,
    toy_frame,
    toy_instrument,
    toy_survey,
)

SIDES_AND_TEST = [
    "n",
    "expectation",
    "expectation_sd",
    "perception",
    "perception_sd",
    "gap",
    "gap_sd",
    "std_error",
    "statistic",
    "df",
    "p_value",
    "p_adjusted",
    "conf_low",
    "conf_high",
    "effect_size",
    "wilcoxon_p",
]
COMPARISONS = [
    "level",
    "term",
    "test",
    "contrast",
    "estimate",
    "std_error",
    "statistic",
    "df",
    "df_denominator",
    "p_value",
    "p_adjusted",
    "conf_low",
    "conf_high",
    "effect_size",
]
#: Result → frame → its columns, in order. Columns may be added at the end, none may go or move.
SCHEMA: dict[str, dict[str, list[str]]] = {
    "gaps": {
        "items": ["item", "key", "label", "dimension", *SIDES_AND_TEST],
        "dimensions": [
            "dimension",
            "label",
            "n_items",
            *SIDES_AND_TEST,
            "weight",
            "weighted_gap",
        ],
        "overall": ["score", *SIDES_AND_TEST],
        "multivariate": [
            "n",
            "statistic",
            "f_statistic",
            "df_numerator",
            "df_denominator",
            "p_value",
        ],
        "comparisons": COMPARISONS,
        "omnibus": COMPARISONS,
        "pairs": COMPARISONS,
        "tidy": [
            "level",
            "term",
            "estimate",
            "std_error",
            "statistic",
            "df",
            "p_value",
            "p_adjusted",
            "conf_low",
            "conf_high",
            "effect_size",
            "n",
        ],
        "glance": [
            "n_obs",
            "n_excluded",
            "n_groups",
            "conf_level",
            "gap",
            "std_error",
            "conf_low",
            "conf_high",
            "hotelling_statistic",
            "hotelling_f_statistic",
            "hotelling_df_numerator",
            "hotelling_df_denominator",
            "hotelling_p_value",
            "interval",
            "n_resamples",
            "seed",
            "n_degenerate",
        ],
    },
    "scale_reliability": {
        "scales": [
            "scale",
            "label",
            "n_items",
            "n",
            "mean_r",
            "alpha",
            "alpha_low",
            "alpha_high",
            "alpha_std",
            "omega",
            "omega_low",
            "omega_high",
            "lambda2",
            "lambda6",
            "split_half",
            "split_half_mean",
            "split_half_minimum",
            "split_half_maximum",
        ],
        "items": [
            "scale",
            "item",
            "key",
            "label",
            "n",
            "mean",
            "sd",
            "item_rest_r",
            "alpha_if_deleted",
        ],
        "differences": [
            "dimension",
            "label",
            "n",
            "sd_perception",
            "sd_expectation",
            "reliability_perception",
            "reliability_expectation",
            "r_pe",
            "reliability_difference",
            "alpha_difference",
        ],
        "glance": [
            "on",
            "n_obs",
            "n_excluded",
            "n_scales",
            "alpha_minimum",
            "alpha_overall",
            "composite_reliability",
            "omega_hierarchical",
            "ecv",
            "correlation",
            "conf_level",
        ],
        "general": [
            "scale",
            "n_items",
            "n",
            "n_group_factors",
            "omega_total",
            "omega_hierarchical",
            "omega_limit",
            "ecv",
        ],
        "general_groups": [
            "factor",
            "n_items",
            "items",
            "omega_total",
            "omega_general",
            "omega_group",
        ],
    },
    "regression": {
        "coefficients": [
            "term",
            "label",
            "estimate",
            "std_error",
            "statistic",
            "df",
            "p_value",
            "conf_low",
            "conf_high",
            "beta",
            "vif",
            "odds_ratio",
            "odds_ratio_low",
            "odds_ratio_high",
        ],
        "fit": [
            "r_squared",
            "adj_r_squared",
            "sigma",
            "f_statistic",
            "df_model",
            "df_residual",
            "p_value",
            "aic",
            "bic",
            "loglik",
            "n_clusters",
            "r_squared_conditional",
            "icc",
            "null_loglik",
            "chi_squared",
            "lr_statistic",
            "lr_p",
            "mcfadden",
            "cox_snell",
            "nagelkerke",
            "n_levels",
        ],
        "interactions": [
            "moderator",
            "delta_r_squared",
            "f_statistic",
            "df_numerator",
            "df_denominator",
            "p_value",
        ],
        "simple_slopes": [
            "term",
            "moderator",
            "level",
            "value",
            "estimate",
            "std_error",
            "statistic",
            "df",
            "p_value",
            "conf_low",
            "conf_high",
        ],
        "johnson_neyman": ["term", "moderator", "bound_low", "bound_high", "region", "share"],
        "variance_components": [
            "term",
            "variance",
            "std_dev",
            "share",
            "statistic",
            "p_value",
        ],
        "random_effects": ["group", "n", "estimate", "std_error"],
        "thresholds": ["term", "estimate", "std_error", "conf_low", "conf_high"],
        "marginal_effects": [
            "term",
            "outcome_level",
            "estimate",
            "std_error",
            "statistic",
            "p_value",
            "conf_low",
            "conf_high",
            "average",
        ],
        "parallel_lines": ["term", "test", "statistic", "df", "p_value"],
        "glance": [
            "outcome",
            "covariance",
            "n_obs",
            "n_excluded",
            "r_squared",
            "adj_r_squared",
            "sigma",
            "f_statistic",
            "df_model",
            "df_residual",
            "p_value",
            "aic",
            "bic",
            "loglik",
            "n_clusters",
            "r_squared_conditional",
            "icc",
            "null_loglik",
            "chi_squared",
            "lr_statistic",
            "lr_p",
            "mcfadden",
            "cox_snell",
            "nagelkerke",
            "n_levels",
            "family",
        ],
    },
    "regression_diagnostics": {
        "tests": ["test", "assumption", "statistic", "df", "df_denominator", "p_value"],
        "tidy": ["test", "assumption", "statistic", "df", "df_denominator", "p_value"],
        "influential": ["row", "leverage", "studentised", "cooks_distance", "dffits"],
        "cutoffs": ["measure", "cutoff", "n", "share", "source"],
        "collinearity": ["term", "label", "vif", "tolerance"],
        "glance": [
            "outcome",
            "n_obs",
            "n_excluded",
            "breusch_pagan_p",
            "white_p",
            "jarque_bera_p",
            "reset_p",
            "largest_cooks_distance",
            "n_influential",
            "largest_vif",
            "condition_number",
        ],
    },
    "cross_validation": {
        "repeats": ["repeat", "r_squared", "rmse"],
        "tidy": ["repeat", "r_squared", "rmse"],
        "folds": ["repeat", "fold", "n", "r_squared"],
        "glance": [
            "outcome",
            "n_obs",
            "n_excluded",
            "r_squared",
            "std_dev",
            "rmse",
            "in_sample",
            "n_folds",
            "n_repeats",
            "seed",
        ],
    },
    "relative_importance": {
        "contributions": [
            "term",
            "label",
            "method",
            "estimate",
            "share",
            "conf_low",
            "conf_high",
            "share_low",
            "share_high",
            "rank",
            "rank_low",
            "rank_high",
            "mc_error",
            "group",
        ],
        "groups": [
            "group",
            "label",
            "method",
            "n_terms",
            "estimate",
            "share",
            "conf_low",
            "conf_high",
            "share_low",
            "share_high",
            "rank",
            "rank_low",
            "rank_high",
        ],
        "against_noise": ["term", "label", "method", "estimate", "conf_low", "conf_high"],
        "conditional": ["term", "label", "size", "estimate", "conf_low", "conf_high"],
        "dominance": [
            "kind",
            "first",
            "second",
            "estimate",
            "mean",
            "std_error",
            "share_first",
            "share_second",
            "share_neither",
            "reproducibility",
        ],
        "glance": [
            "outcome",
            "method",
            "r_squared",
            "n_obs",
            "n_excluded",
            "n_resamples",
            "n_degenerate",
            "conf_level",
            "seed",
            "family",
            "interval",
            "n_permutations",
            "n_groups",
        ],
    },
}
SCHEMA["correlations"] = {
    "thresholds": ["item", "below", "above", "threshold"],
    "tidy": [
        "first",
        "second",
        "n",
        "estimate",
        "std_error",
        "statistic",
        "df",
        "p_value",
        "conf_low",
        "conf_high",
    ],
    "glance": [
        "correlation",
        "n_obs",
        "n_excluded",
        "n_variables",
        "mean_correlation",
        "smallest_eigenvalue",
        "smoothed",
        "largest_change",
        "n_empty",
        "n_adjusted",
    ],
}
SCHEMA["factor_count"] = {
    "methods": ["method", "n_factors", "label", "source"],
    "eigenvalues": [
        "component",
        "observed",
        "parallel_mean",
        "parallel_95",
        "factor_observed",
        "factor_parallel_mean",
        "factor_parallel_95",
        "ekc_reference",
    ],
    "partial_correlations": ["m", "map", "map4"],
    "tidy": ["method", "n_factors", "label", "source"],
    "glance": [
        "on",
        "correlation",
        "n_obs",
        "n_excluded",
        "n_items",
        "draws",
        "n_draws",
        "seed",
        "parallel_components_mean",
        "parallel_components_95",
        "parallel_factors_mean",
        "parallel_factors_95",
        "map",
        "map4",
        "ekc",
        "kaiser",
        "hypothesised",
    ],
}
SCHEMA["efa"] = {
    "variance": ["factor", "ss_loadings", "proportion", "cumulative"],
    "fit": [
        "chi2",
        "df",
        "p_value",
        "chi2_null",
        "df_null",
        "rmsea",
        "rmsea_low",
        "rmsea_high",
        "tli",
        "rmsr",
        "rmsr_corrected",
        "bic",
    ],
    "adequacy": ["kmo", "bartlett_chi2", "bartlett_df", "bartlett_p"],
    "items": ["item", "number", "key", "label", "dimension"],
    "glance": [
        "extraction",
        "rotation",
        "correlation",
        "on",
        "n_obs",
        "n_excluded",
        "n_items",
        "n_factors",
        "chi2",
        "df",
        "p_value",
        "rmsea",
        "rmsea_low",
        "rmsea_high",
        "tli",
        "rmsr",
        "bic",
        "kmo",
        "bartlett_p",
        "variance_explained",
        "converged",
        "n_heywood",
        "conf_level",
    ],
}
SCHEMA["frequencies"] = {
    "categories": ["item", "key", "label", "dimension", "category", "n", "share"],
    "items": [
        "item",
        "key",
        "label",
        "dimension",
        "n",
        "n_missing",
        "mean",
        "sd",
        "median",
        "bottom_share",
        "top_share",
    ],
    "tidy": ["item", "key", "label", "dimension", "category", "n", "share"],
    "glance": ["n_obs", "n_excluded", "n_items", "n_groups", "n_categories", "missing_share"],
}
SCHEMA["congruence"] = {
    "dimensions": ["dimension", "label", "factor", "congruence", "congruence_target"],
    "items": [
        "item",
        "number",
        "key",
        "label",
        "dimension",
        "loading",
        "other_dimension",
        "other_loading",
        "elsewhere",
        "elsewhere_target",
    ],
    "tidy": ["dimension", "label", "factor", "congruence", "congruence_target"],
    "glance": [
        "instrument",
        "on",
        "rotation",
        "n_obs",
        "n_excluded",
        "n_items",
        "n_factors",
        "congruence_mean",
        "congruence_minimum",
        "congruence_target_mean",
        "congruence_target_minimum",
        "n_misplaced",
    ],
}

SCHEMA["cfa"] = {
    "parameters": [
        "lhs",
        "op",
        "rhs",
        "group",
        "label",
        "estimate",
        "std_error",
        "statistic",
        "p_value",
        "conf_low",
        "conf_high",
        "std_all",
    ],
    "fit": [
        "estimator",
        "n_obs",
        "n_excluded",
        "n_parameters",
        "chi2",
        "df",
        "p_value",
        "cfi",
        "tli",
        "rmsea",
        "rmsea_low",
        "rmsea_high",
        "rmsea_p",
        "srmr",
        "aic",
        "bic",
        "sabic",
        "loglik",
        "loglik_saturated",
        "chi2_null",
        "df_null",
        "chi2_scaled",
        "df_scaled",
        "p_value_scaled",
        "scaling_factor",
        "scaling_factor_null",
        "cfi_scaled",
        "tli_scaled",
        "rmsea_scaled",
        "rmsea_scaled_low",
        "rmsea_scaled_high",
        "cfi_robust",
        "tli_robust",
        "rmsea_robust",
        "rmsea_robust_low",
        "rmsea_robust_high",
        "converged",
        "n_iterations",
    ],
    "r_squared": ["variable", "group", "r_squared"],
    "modification_indices": ["lhs", "op", "rhs", "group", "modification_index", "expected_change"],
    "standardised": [
        "lhs",
        "op",
        "rhs",
        "group",
        "estimate",
        "std_error",
        "statistic",
        "p_value",
        "conf_low",
        "conf_high",
    ],
}
SCHEMA["cfa"]["tidy"] = SCHEMA["cfa"]["parameters"]
SCHEMA["cfa"]["glance"] = SCHEMA["cfa"]["fit"]

_CHANGES = ["delta_chi2", "delta_df", "p_value", "delta_cfi", "delta_rmsea", "delta_srmr"]
_FIGURES = ["chi2", "df", "scaling_factor", "cfi", "rmsea", "srmr"]
SCHEMA["latent_gaps"] = {
    "levels": ["level", *_FIGURES, *_CHANGES],
    "gaps": [
        "dimension",
        "gap",
        "std_error",
        "statistic",
        "p_value",
        "conf_low",
        "conf_high",
        "difference_variance",
        "effect_size",
        "correlation",
        "observed_gap",
    ],
    "glance": [
        "estimator",
        "n_obs",
        "n_excluded",
        "scalar_cfi",
        "scalar_rmsea",
        "scalar_delta_cfi",
    ],
}
SCHEMA["latent_gaps"]["tidy"] = SCHEMA["latent_gaps"]["gaps"]
SCHEMA["validity"] = {
    "tidy": [
        "factor",
        "group",
        "n_items",
        "composite_reliability",
        "ave",
        "sqrt_ave",
        "max_correlation",
    ],
    "glance": [
        "n_obs",
        "n_excluded",
        "n_factors",
        "smallest_composite_reliability",
        "smallest_ave",
        "largest_htmt",
        "largest_htmt2",
        "n_resamples",
    ],
}
SCHEMA["validity"]["factors"] = SCHEMA["validity"]["tidy"]
SCHEMA["validity"]["pairs"] = [
    "first",
    "second",
    "group",
    "correlation",
    "htmt",
    "htmt_upper",
    "htmt2",
    "htmt2_upper",
    "below_85",
    "below_90",
    "below_1",
]
SCHEMA["invariance"] = {
    "levels": ["level", *_FIGURES, *_CHANGES],
    "latent_means": [
        "factor",
        "group",
        "estimate",
        "std_error",
        "statistic",
        "p_value",
        "conf_low",
        "conf_high",
    ],
    "tidy": ["level", *_FIGURES, *_CHANGES],
    "glance": [
        "estimator",
        "n_obs",
        "n_excluded",
        "n_groups",
        "configural_cfi",
        "configural_rmsea",
        "last_cfi",
        "last_rmsea",
    ],
}
SCHEMA["compare_models"] = {
    "models": ["model", "n_parameters", *_FIGURES, "aic", "bic", *_CHANGES],
    "tidy": ["model", "n_parameters", *_FIGURES, "aic", "bic", *_CHANGES],
    "glance": ["estimator", "n_obs", "n_excluded", "n_models", "smallest_aic", "smallest_bic"],
}
SCHEMA["mediation"] = {
    "effects": [
        "term",
        "path",
        "predictor",
        "mediator",
        "estimate",
        "std_error",
        "statistic",
        "df",
        "p_value",
        "conf_low",
        "conf_high",
        "standardised",
        "share_of_total",
        "method",
    ],
    "normal_theory": [
        "path",
        "predictor",
        "mediator",
        "estimate",
        "sobel_std_error",
        "sobel_statistic",
        "sobel_p",
        "aroian_std_error",
        "aroian_statistic",
        "aroian_p",
        "goodman_std_error",
        "goodman_statistic",
        "goodman_p",
    ],
    "equations": ["outcome", "n_predictors", "r_squared"],
    "glance": [
        "outcome",
        "interval",
        "n_obs",
        "n_excluded",
        "n_predictors",
        "n_mediators",
        "r_squared",
        "n_resamples",
        "n_degenerate",
        "conf_level",
        "seed",
    ],
}
SCHEMA["compare_measures"] = {
    "measures": [
        "measure",
        "r",
        "r_squared",
        "r_squared_low",
        "r_squared_high",
        "cv_r_squared",
        "cv_std_dev",
        "p_best",
    ],
    "tests": [
        "first",
        "second",
        "r_first",
        "r_second",
        "r_between",
        "difference",
        "statistic",
        "df",
        "p_value",
        "p_adjusted",
        "delta_r_squared",
        "conf_low",
        "conf_high",
    ],
    "components": [
        "term",
        "estimate",
        "std_error",
        "statistic",
        "df",
        "p_value",
        "conf_low",
        "conf_high",
        "standardised",
    ],
    "constraint": [
        "r_squared_gap",
        "r_squared_components",
        "f_statistic",
        "df_numerator",
        "df_denominator",
        "p_value",
        "partial_r",
        "partial_statistic",
        "partial_df",
        "partial_p",
        "partial_low",
        "partial_high",
    ],
    "glance": [
        "outcome",
        "best",
        "best_cross_validated",
        "n_obs",
        "n_excluded",
        "n_measures",
        "constraint_f",
        "constraint_p",
        "partial_r",
        "n_resamples",
        "n_degenerate",
        "conf_level",
        "seed",
    ],
}
SCHEMA["compare_measures"]["tidy"] = SCHEMA["compare_measures"]["measures"]
_TESTED = [
    "estimate",
    "std_error",
    "statistic",
    "df",
    "p_value",
    "conf_low",
    "conf_high",
    "boot_low",
    "boot_high",
]
SCHEMA["response_surface"] = {
    "coefficients": ["term", *_TESTED],
    "parameters": ["term", "label", *_TESTED],
    "tidy": ["term", "label", *_TESTED],
    "stationary_point": ["term", "estimate", "conf_low", "conf_high"],
    "principal_axes": ["term", "estimate", "conf_low", "conf_high"],
    "discrepancy": ["group", "n", "share"],
    "models": [
        "model",
        "n_coefficients",
        "r_squared",
        "adj_r_squared",
        "aic",
        "delta_aic",
        "aic_weight",
        "f_statistic",
        "df_numerator",
        "df_denominator",
        "p_value",
    ],
    "hull": ["perception", "expectation"],
    "glance": [
        "outcome",
        "predictor",
        "covariance",
        "n_obs",
        "n_excluded",
        "r_squared",
        "surface",
        "best_model",
        "discrepant_share",
        "n_resamples",
        "n_degenerate",
        "conf_level",
        "seed",
    ],
}
SCHEMA["importance_performance"] = {
    "attributes": [
        "term",
        "label",
        "dimension",
        "n",
        "n_importance",
        "importance",
        "importance_std_error",
        "importance_low",
        "importance_high",
        "performance",
        "performance_std_error",
        "performance_low",
        "performance_high",
        "covariance",
        "quadrant",
        "p_quadrant",
        "p_concentrate",
        "p_keep_up",
        "p_low_priority",
        "p_overkill",
        "iso_distance",
        "iso_low",
        "iso_high",
        "udcv",
        "acv",
        "gap",
        "weight",
        "pgcv",
        "pgcv_low",
        "pgcv_high",
        "pgcv_rank",
        "pgcv_rank_low",
        "pgcv_rank_high",
        "priority",
        "priority_low",
        "priority_high",
        "priority_rank",
        "priority_rank_low",
        "priority_rank_high",
    ],
    "lines": ["axis", "rule", "value", "conf_low", "conf_high"],
    "glance": [
        "source",
        "method",
        "outcome",
        "on",
        "level",
        "crosshair",
        "importance_line",
        "performance_line",
        "n_obs",
        "n_excluded",
        "n_attributes",
        "n_concentrate",
        "n_keep_up",
        "n_low_priority",
        "n_overkill",
        "n_certain",
        "satisfaction_index",
        "satisfaction_index_low",
        "satisfaction_index_high",
        "n_resamples",
        "n_degenerate",
        "conf_level",
        "seed",
    ],
}
SCHEMA["importance_performance"]["tidy"] = SCHEMA["importance_performance"]["attributes"]
SCHEMA["penalty_reward"] = {
    "coefficients": ["term", "label", "kind", "n", "share", *_TESTED],
    "asymmetry": [
        "term",
        "label",
        "reward",
        "penalty",
        "range",
        "range_low",
        "range_high",
        "satisfaction_potential",
        "dissatisfaction_potential",
        "impact_asymmetry",
        "conf_low",
        "conf_high",
        "class",
        "class_probability",
        "importance",
    ],
    "symmetry": [
        "term",
        "label",
        "estimate",
        "std_error",
        "statistic",
        "df",
        "p_value",
        "p_adjusted",
        "conf_low",
        "conf_high",
    ],
    "classes": [
        "term",
        "label",
        "frustrator",
        "dissatisfier",
        "hybrid",
        "satisfier",
        "delighter",
        "indeterminate",
        "n_draws",
    ],
    "cells": [
        "term",
        "label",
        "low_cut",
        "high_cut",
        "n_low",
        "n_middle",
        "n_high",
        "share_low",
        "share_middle",
        "share_high",
    ],
    "glance": [
        "outcome",
        "on",
        "coding",
        "covariance",
        "n_obs",
        "n_excluded",
        "n_terms",
        "r_squared",
        "adj_r_squared",
        "n_indeterminate",
        "smallest_share",
        "n_resamples",
        "n_degenerate",
        "conf_level",
        "seed",
    ],
}
SCHEMA["penalty_reward"]["tidy"] = SCHEMA["penalty_reward"]["coefficients"]
SCHEMA["nonlinearity"] = {
    "tests": [
        "term",
        "label",
        "form",
        "statistic",
        "df",
        "df_denominator",
        "p_value",
        "p_adjusted",
        "f_statistic",
        "f_p_value",
        "r_squared",
        "delta_r_squared",
        "aic",
        "delta_aic",
    ],
    "slopes": [
        "term",
        "label",
        "form",
        "part",
        "estimate",
        "std_error",
        "statistic",
        "df",
        "p_value",
        "conf_low",
        "conf_high",
    ],
    "coefficients": ["term", "form", "part", "estimate", "df"],
    "covariances": ["term", "form", "first", "second", "estimate"],
    "knots": ["term", "form", "knot"],
    "scores": ["term", "label", "mean", "minimum", "maximum", "share_below", "share_above"],
    "glance": [
        "outcome",
        "on",
        "knot",
        "covariance",
        "n_obs",
        "n_excluded",
        "n_terms",
        "n_forms",
        "r_squared",
        "aic",
        "smallest_p_adjusted",
        "conf_level",
    ],
}
SCHEMA["nonlinearity"]["tidy"] = SCHEMA["nonlinearity"]["tests"]
_KANO_CLASSES = ["A", "O", "M", "I", "R", "Q"]
SCHEMA["kano"] = {
    "features": [
        *("item", "label", "n", "n_missing"),
        *(f"n_{name}" for name in _KANO_CLASSES),
        *(f"share_{name}" for name in _KANO_CLASSES),
        *("class", "second_class", "tie", "blended_class", "category_strength", "total_strength"),
        *("fong_statistic", "fong_critical", "fong_p", "mode_p"),
        *("better", "better_std_error", "better_low", "better_high"),
        *("worse", "worse_std_error", "worse_low", "worse_high"),
        *(f"class_{name}" for name in _KANO_CLASSES),
        "probability",
    ],
    "scores": [
        *("item", "label", "question", "n", "estimate", "std_error", "df"),
        *("conf_low", "conf_high"),
    ],
    "means": ["term", "n_features", "estimate", "std_error", "conf_low", "conf_high"],
    "evaluation": ["functional", "like", "must-be", "neutral", "live-with", "dislike"],
    "comparisons": [
        *("item", "label", "n", "statistic", "df", "p_value", "p_adjusted", "p_simulated"),
        *("effect_size", "min_expected"),
    ],
    "glance": [
        *("table", "interval", "n_obs", "n_excluded", "n_features", "n_groups", "n_classified"),
        *("n_certain", "n_ties", "questionable_share", "reverse_share"),
        *("n_resamples", "n_degenerate", "conf_level", "seed"),
    ],
}
SCHEMA["kano"]["tidy"] = SCHEMA["kano"]["features"]
SCHEMA["mediation"]["tidy"] = SCHEMA["mediation"]["effects"]
SCHEMA["what_if"] = {
    "changes": [
        "term",
        "label",
        "level",
        "asked",
        "effective",
        "share_at_bound",
        "before",
        "after",
    ],
    "effects": [
        "measure",
        "part",
        "before",
        "after",
        "change",
        "std_error",
        "conf_low",
        "conf_high",
    ],
    "per_point": [
        "term",
        "label",
        "measure",
        "effective",
        "change",
        "std_error",
        "conf_low",
        "conf_high",
        "rank",
        "rank_low",
        "rank_high",
        "p_first",
    ],
    "glance": [
        "outcome",
        "through",
        "on",
        "n_obs",
        "n_excluded",
        "r_squared",
        "change_mean",
        "change_top_two_box",
        "change_nps",
        "first",
        "p_first",
        "n_resamples",
        "n_degenerate",
        "conf_level",
        "seed",
    ],
}
SCHEMA["what_if"]["tidy"] = SCHEMA["what_if"]["effects"]

#: Frames whose columns are the variables, factors or dimensions at hand.
VARYING = {
    "scale_reliability": {"general_loadings"},
    "correlations": {"matrix", "std_errors", "n_obs_pairs"},
    "efa": {"loadings", "structure", "factor_correlations", "residuals"},
    "congruence": {"matrix", "target_loadings", "target_factor_correlations"},
    "validity": {"fornell_larcker", "htmt", "htmt2"},
    "regression_diagnostics": {"condition_indices"},
}
#: Frames that are the same for all groups.
SHARED = {"glance", "comparisons", "omnibus", "pairs", "evaluation"}
SCHEMA["scale_reliability"]["tidy"] = SCHEMA["scale_reliability"]["scales"]
SCHEMA["regression"]["tidy"] = SCHEMA["regression"]["coefficients"]
SCHEMA["relative_importance"]["tidy"] = SCHEMA["relative_importance"]["contributions"]


def _moments() -> sq.Moments:
    survey = reference_survey()
    keys = [f"gap:{dimension.key}" for dimension in survey.instrument.dimensions]
    return survey.moments([*keys, "satisfaction"])


def kano_frame() -> pd.DataFrame:
    """Give the respondents of the reference survey answers to four Kano pairs."""
    frame = reference_frame()
    generator = np.random.default_rng(6)
    for item in range(1, 5):
        for letter, likely in (("f", 1), ("d", 5)):
            answers = generator.integers(1, 6, len(frame)).astype(float)
            answers[generator.random(len(frame)) < 0.4] = likely
            frame[f"K{item}{letter}"] = answers
    frame.loc[2:9, "K1f"] = np.nan
    return frame


def _paper() -> sq.Moments:
    return sq.Moments.from_covariance(np.eye(3) + 0.3, n=50)


SITUATIONS: dict[str, Callable[[], Result]] = {
    "gaps": lambda: sq.gaps(reference_survey()),
    "gaps by": lambda: sq.gaps(reference_survey(), by="wave"),
    "gaps bootstrap": lambda: sq.gaps(reference_survey(), interval="bootstrap", n_resamples=200),
    "gaps bca by": lambda: sq.gaps(
        reference_survey("sampling"), by="wave", interval="bca", n_resamples=200
    ),
    "gaps bootstrap of one": lambda: sq.gaps(toy_survey(toy_frame(1)), interval="bootstrap"),
    "gaps sampling": lambda: sq.gaps(reference_survey("sampling")),
    "gaps without points": lambda: sq.gaps(toy_survey(toy_frame())),
    "gaps of one": lambda: sq.gaps(toy_survey(toy_frame(1))),
    "gaps by one group": lambda: sq.gaps(toy_survey(toy_frame(g=["a"] * 40)), by="g"),
    "scale_reliability": lambda: sq.scale_reliability(reference_survey(), on="gap"),
    "scale_reliability side": lambda: sq.scale_reliability(reference_survey()),
    "scale_reliability sampling": lambda: sq.scale_reliability(reference_survey("sampling")),
    "scale_reliability pairwise": lambda: sq.scale_reliability(
        reference_survey(), missing="pairwise"
    ),
    "scale_reliability moments": lambda: sq.scale_reliability(_paper()),
    "scale_reliability of one": lambda: sq.scale_reliability(toy_survey(toy_frame(1)), on="gap"),
    "scale_reliability one dimension": lambda: sq.scale_reliability(
        toy_survey(toy_frame(n_items=1), toy_instrument((1,))), on="gap"
    ),
    "scale_reliability ordinal": lambda: sq.scale_reliability(
        reference_survey(), correlation="polychoric"
    ),
    "correlations": lambda: sq.correlations(reference_survey()),
    "correlations ordinal": lambda: sq.correlations(reference_survey(), kind="polychoric"),
    "correlations sampling": lambda: sq.correlations(reference_survey("sampling"), kind="spearman"),
    "correlations moments": lambda: sq.correlations(_paper()),
    "frequencies": lambda: sq.frequencies(reference_survey()),
    "frequencies by": lambda: sq.frequencies(reference_survey(), on="gap", by="wave"),
    "frequencies sampling": lambda: sq.frequencies(reference_survey("sampling")),
    "factor_count": lambda: sq.factor_count(reference_survey(), n_draws=50),
    "factor_count sampling": lambda: sq.factor_count(reference_survey("sampling"), n_draws=50),
    "factor_count moments": lambda: sq.factor_count(_paper(), n_draws=50),
    "efa": lambda: sq.efa(reference_survey()),
    "efa sampling": lambda: sq.efa(reference_survey("sampling"), rotation="varimax"),
    "efa moments": lambda: sq.efa(_paper(), n_factors=1),
    "congruence": lambda: sq.efa(reference_survey()).congruence(),
    "cfa": lambda: sq.cfa(reference_survey("complete")),
    "cfa robust": lambda: sq.cfa(reference_survey("complete"), estimator="MLR"),
    "cfa incomplete": lambda: sq.cfa(reference_survey(), missing="fiml"),
    "cfa groups": lambda: sq.cfa(
        reference_survey(), "trust =~ P14 + P15 + P16", by="wave", equal=["loadings"]
    ),
    "cfa moments": lambda: sq.cfa(_paper(), "F =~ x1 + x2 + x3"),
    "latent_gaps": lambda: sq.latent_gaps(reference_survey("complete")),
    "validity": lambda: sq.validity(
        sq.cfa(reference_survey("complete")), reference_survey("complete"), n_resamples=50
    ),
    "validity moments": lambda: sq.validity(sq.cfa(reference_survey("complete"))),
    "invariance": lambda: sq.invariance(
        reference_survey(), "trust =~ P14 + P15 + P16 + P17", by="wave"
    ),
    "compare_models": lambda: sq.compare_models(
        sq.cfa(reference_survey("complete"), structure="one-factor", estimator="MLR"),
        sq.cfa(reference_survey("complete"), estimator="MLR"),
    ),
    "regression": lambda: sq.regression(reference_survey(), outcome="satisfaction"),
    "regression sampling": lambda: sq.regression(reference_survey("sampling"), outcome="loyalty"),
    "regression moments": lambda: sq.regression(_moments(), outcome="satisfaction"),
    "regression paper": lambda: sq.regression(_paper(), outcome="x3"),
    "regression clusters": lambda: sq.regression(
        reference_survey(), outcome="satisfaction", cluster="branch"
    ),
    "regression covariates": lambda: sq.regression(
        reference_survey(), outcome="satisfaction", covariates=["branch", "loyalty"]
    ),
    "regression by group": lambda: sq.regression(
        reference_survey("frequency"), outcome="satisfaction", by="branch"
    ),
    "regression by number": lambda: sq.regression(
        reference_survey(), outcome="loyalty", predictors="overall", by=["P1", "wave"]
    ),
    "regression random": lambda: sq.regression(
        reference_survey(), outcome="loyalty", random="office", by="wave"
    ),
    "regression random boundary": lambda: sq.regression(
        reference_survey(), outcome="satisfaction", random="branch"
    ),
    "regression ordered": lambda: sq.regression(
        reference_survey(), outcome="SAT1", family="ordered-logit"
    ),
    "regression ordered probit": lambda: sq.regression(
        reference_survey("frequency"), outcome="LOY1", family="ordered-probit"
    ),
    "regression ordered sampling": lambda: sq.regression(
        reference_survey("sampling"), outcome="SAT1", family="ordered-logit"
    ),
    "regression ordered clusters": lambda: sq.regression(
        reference_survey(), outcome="LOY1", family="ordered-logit", cluster="branch"
    ),
    "regression binary": lambda: sq.regression(
        toy_survey(toy_frame(SAT1=[0.0, 1.0] * 20)), outcome="SAT1", family="logit"
    ),
    "regression_diagnostics": lambda: sq.regression(
        reference_survey(), outcome="satisfaction"
    ).diagnostics(),
    "regression_diagnostics sampling": lambda: sq.regression(
        reference_survey("sampling"), outcome="satisfaction"
    ).diagnostics(),
    "regression_diagnostics items": lambda: sq.regression(
        reference_survey(), outcome="satisfaction", predictors="items"
    ).diagnostics(),
    "cross_validation": lambda: sq.regression(
        reference_survey(), outcome="satisfaction"
    ).cross_validate(n_repeats=5),
    "relative_importance": lambda: sq.relative_importance(
        reference_survey(), outcome="satisfaction", n_resamples=100
    ),
    "relative_importance sampling": lambda: sq.relative_importance(
        reference_survey("sampling"), outcome="satisfaction", method="pratt", n_resamples=100
    ),
    "relative_importance dominance": lambda: sq.relative_importance(
        reference_survey(),
        outcome="loyalty",
        method=["dominance", "relative-weights"],
        interval="bca",
        against_noise=True,
        n_resamples=100,
    ),
    "relative_importance groups": lambda: sq.relative_importance(
        reference_survey("frequency"),
        outcome="satisfaction",
        groups="dimensions",
        cluster="branch",
        n_resamples=100,
    ),
    "relative_importance all": lambda: sq.relative_importance(
        reference_survey("sampling"), outcome="satisfaction", method="all", n_resamples=0
    ),
    "relative_importance orders": lambda: sq.relative_importance(
        reference_survey(), outcome="satisfaction", predictors="items", n_permutations=200
    ),
    "relative_importance logit": lambda: sq.relative_importance(
        toy_survey(
            toy_frame().assign(YES=lambda frame: (frame["SAT1"] > 4).astype(float)),
            outcomes={"yes": ["YES"]},
        ),
        outcome="yes",
        family="logit",
        method="all",
        n_resamples=100,
    ),
    "mediation": lambda: sq.mediation(reference_survey(), n_resamples=100),
    "mediation dimensions": lambda: sq.mediation(
        reference_survey("sampling"), predictor="dimensions", n_resamples=100
    ),
    "mediation moderated": lambda: sq.mediation(
        reference_survey(), predictor="reliability", moderator="empathy", interval="sobel"
    ),
    "mediation moments": lambda: sq.mediation(
        _paper(), predictor="x1", mediator="x2", outcome="x3", n_resamples=100
    ),
    "compare_measures": lambda: sq.compare_measures(reference_survey(), n_resamples=100),
    "compare_measures sampling": lambda: sq.compare_measures(
        reference_survey("sampling"), outcome="loyalty", n_resamples=100
    ),
    "compare_measures without points": lambda: sq.compare_measures(
        toy_survey(toy_frame()), n_resamples=0
    ),
    "response_surface": lambda: sq.response_surface(reference_survey(), n_resamples=100),
    "response_surface sampling": lambda: sq.response_surface(
        reference_survey("sampling"), predictor="reliability", n_resamples=0
    ),
    "importance_performance": lambda: sq.importance_performance(
        reference_survey(), n_resamples=100
    ),
    "importance_performance items": lambda: sq.importance_performance(
        reference_survey(), level="items", on="gap", importance="expectation", n_resamples=100
    ),
    "importance_performance derived": lambda: sq.importance_performance(
        reference_survey("sampling"), outcome="satisfaction", crosshair="medians", n_resamples=100
    ),
    "importance_performance without resamples": lambda: sq.importance_performance(
        toy_survey(toy_frame(1)), importance="expectation", n_resamples=0
    ),
    "importance_performance constant": lambda: sq.importance_performance(
        toy_survey(toy_frame().assign(SAT1=4, SAT2=4, SAT3=4)),
        outcome="satisfaction",
        n_resamples=100,
    ),
    "penalty_reward": lambda: sq.penalty_reward(reference_survey(), n_resamples=100),
    "penalty_reward sampling": lambda: sq.penalty_reward(
        reference_survey("sampling"), on="gap", coding="gap-sign", n_resamples=0
    ),
    "penalty_reward empty": lambda: sq.penalty_reward(
        toy_survey(toy_frame()), coding="scale", low=1, high=5, n_resamples=100
    ),
    "nonlinearity": lambda: sq.nonlinearity(reference_survey()),
    "nonlinearity sampling": lambda: sq.nonlinearity(
        reference_survey("sampling"), on="perception", forms="piecewise", knot=7
    ),
    "nonlinearity clusters": lambda: sq.nonlinearity(
        reference_survey(), cluster="branch", n_knots=3, covariates=["loyalty"]
    ),
    "kano": lambda: sq.kano(kano_frame(), n_resamples=100),
    "kano by": lambda: sq.kano(kano_frame(), by="wave", importance="P{item}", n_resamples=100),
    "kano sampling": lambda: sq.kano(
        kano_frame(), weights=sq.SamplingWeights("weight"), interval="bootstrap", n_resamples=100
    ),
    "kano of one": lambda: sq.kano(kano_frame().iloc[:1], n_resamples=0),
    "relative_importance moments": lambda: sq.relative_importance(_paper(), outcome="x3"),
    "what_if": lambda: sq.what_if(
        reference_survey(), {"reliability": 0.5, "P1": 1}, "satisfaction", n_resamples=100
    ),
    "what_if chain": lambda: sq.what_if(
        reference_survey("sampling"),
        {"quality": -1},
        "loyalty",
        through="satisfaction",
        n_resamples=100,
    ),
    "what_if off the scale": lambda: sq.what_if(
        toy_survey(toy_frame(TIPS=np.arange(40.0)), outcomes={"tips": "TIPS"}),
        {"d1": 1},
        "tips",
        n_resamples=0,
    ),
}


def analysis_of(situation: str) -> str:
    return situation.partition(" ")[0]


@cache
def result_of(situation: str) -> Result:
    with warnings.catch_warnings():
        # Small samples and few clusters are the point here; the warnings have tests of their own.
        warnings.simplefilter("ignore", sq.ServqualWarning)
        return SITUATIONS[situation]()


def frame_of(result: Result, name: str) -> pd.DataFrame:
    value = getattr(result, name)
    frame: pd.DataFrame = value() if callable(value) else value
    return frame


def every_frame(result: Result) -> Iterator[tuple[str, pd.DataFrame]]:
    for field in dataclasses.fields(result):  # type: ignore[arg-type]
        value = getattr(result, field.name)
        if isinstance(value, pd.DataFrame):
            yield field.name, value


every_situation = pytest.mark.parametrize("situation", list(SITUATIONS))


# ---- tables --------------------------------------------------------------------------------------


@every_situation
def test_columns_are_those_of_the_contract(situation: str) -> None:
    result = result_of(situation)
    groups = list(getattr(result, "by", ()))
    for name, columns in SCHEMA[analysis_of(situation)].items():
        leading = [] if name in SHARED else groups
        assert list(frame_of(result, name).columns) == [*leading, *columns], name


@every_situation
def test_every_frame_of_a_result_is_in_the_contract(situation: str) -> None:
    named = set(SCHEMA[analysis_of(situation)]) | VARYING.get(analysis_of(situation), set())
    assert {name for name, _ in every_frame(result_of(situation))} <= named


@every_situation
def test_glance_is_one_row(situation: str) -> None:
    result = result_of(situation)
    glance = result.glance()
    assert len(glance) == 1
    assert glance["n_obs"].item() == result.sample.n_obs
    assert glance["n_excluded"].item() == result.sample.n_excluded


@every_situation
def test_frames_are_numbered_from_zero(situation: str) -> None:
    result = result_of(situation)
    square = VARYING.get(analysis_of(situation), set())
    square -= {"general_loadings", "condition_indices"}
    for name, frame in [*every_frame(result), ("tidy", result.tidy()), ("glance", result.glance())]:
        if name in square:
            assert frame.index.name in ("item", "factor", "dimension")
        else:
            assert frame.index.equals(pd.RangeIndex(len(frame)))
        assert frame.columns.is_unique


@every_situation
def test_numbers_are_numbers(situation: str) -> None:
    words = {"term", "label", "level", "test", "contrast", "method", "scale", "dimension", "score"}
    words |= {"key", "on", "outcome", "covariance", "item", "items", "wave", "g", "first", "second"}
    words |= {"correlation", "extraction", "rotation", "draws", "source", "factor", "instrument"}
    words |= {"other_dimension", "lhs", "op", "rhs", "estimator", "variable"}
    words |= {"model", "group", "path", "predictor", "mediator", "interval"}
    words |= {"family", "kind"}
    words |= {"quadrant", "axis", "rule", "crosshair"}
    words |= {"kind", "class", "importance", "coding", "form", "part"}
    words |= {"moderator", "region", "assumption"}
    words |= {"moderator", "region", "assumption"}
    words |= {"moderator", "region", "assumption", "family", "outcome_level"}
    words |= {"measure", "best", "best_cross_validated", "surface", "best_model"}
    words |= {"class", "second_class", "blended_class", "question", "table", "functional"}
    words |= {"like", "must-be", "neutral", "live-with", "dislike"}
    words |= {"part", "through"}
    result = result_of(situation)
    for name, frame in [*every_frame(result), ("tidy", result.tidy()), ("glance", result.glance())]:
        for column in set(frame.columns) - words:
            if len(frame):
                assert pd.api.types.is_numeric_dtype(frame[column]), (name, column)


# ---- results do not change, and hold no rows -----------------------------------------------------


@every_situation
def test_results_are_frozen(situation: str) -> None:
    result = result_of(situation)
    for field in dataclasses.fields(result):  # type: ignore[arg-type]
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(result, field.name, None)


@every_situation
def test_tables_that_methods_return_are_copies(situation: str) -> None:
    result = result_of(situation)
    before = result.to_json()
    for table in (result.tidy(), result.glance()):
        for column in table.columns:
            table[column] = None
    assert result.to_json() == before


@every_situation
def test_results_hold_no_rows(situation: str) -> None:
    result = result_of(situation)
    for field in dataclasses.fields(result):  # type: ignore[arg-type]
        value = getattr(result, field.name)
        if field.name == "model":
            continue  # The statsmodels object, for whoever wants it, which to_dict leaves out.
        assert not isinstance(value, (np.ndarray, sq.Survey, sq.Moments))
        # Frequencies have a row per item and point of the scale, not per respondent.
        if isinstance(value, pd.DataFrame) and field.name != "categories":
            assert len(value) < 120  # 240 respondents stand behind the reference surveys.
    assert "model" not in result.to_dict()


def test_the_survey_is_not_changed() -> None:
    frame = reference_frame()
    before = frame.copy(deep=True)
    survey = survey_of(frame, weights=sq.SamplingWeights("weight"))
    shown, scores = repr(survey), survey.scores("gap").copy(deep=True)
    answers = {side: survey.answers(side).copy() for side in survey.sides}
    sq.gaps(survey, by="wave")
    sq.scale_reliability(survey, on="gap")
    sq.scale_reliability(survey, missing="pairwise")
    fit = sq.regression(survey, outcome="satisfaction", by="branch", covariates=["loyalty"])
    fit.diagnostics()
    fit.cross_validate(n_repeats=2)
    sq.relative_importance(survey, outcome="satisfaction", n_resamples=100)
    sq.mediation(survey, n_resamples=100)
    sq.what_if(survey, {"quality": 1}, "satisfaction", n_resamples=100)
    sq.importance_performance(survey, n_resamples=100)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(survey.scores("gap"), scores)
    assert repr(survey) == shown
    for side in survey.sides:
        np.testing.assert_array_equal(survey.answers(side), answers[side])


def test_results_do_not_depend_on_what_was_asked_before() -> None:
    used = survey_of(reference_frame())
    sq.scale_reliability(used, on="gap", missing="pairwise")
    sq.gaps(used, by="branch")
    fresh = survey_of(reference_frame())
    assert sq.gaps(used).to_json() == sq.gaps(fresh).to_json()
    options: dict[str, Any] = {"outcome": "satisfaction", "n_resamples": 100}
    first = sq.relative_importance(used, **options)
    assert first.to_json() == sq.relative_importance(fresh, **options).to_json()


# ---- dictionaries --------------------------------------------------------------------------------


def without_nan(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and without_nan(part) for key, part in value.items())
    if isinstance(value, list):
        return all(without_nan(part) for part in value)
    if isinstance(value, float):
        return bool(np.isfinite(value))
    return value is None or type(value) in (str, int, bool)


@every_situation
def test_dictionaries_are_json_without_nan(situation: str) -> None:
    result = result_of(situation)
    plain = result.to_dict()
    assert without_nan(plain)
    text = json.dumps(plain, allow_nan=False)
    assert json.loads(text) == plain
    assert json.loads(result.to_json(indent=2)) == plain
    assert plain["analysis"] == type(result).__name__
    assert plain["sample"]["n_obs"] == result.sample.n_obs


@every_situation
def test_dictionaries_have_every_number_in_full_precision(situation: str) -> None:
    result = result_of(situation)
    plain = result.to_dict()
    for name, frame in every_frame(result):
        assert len(plain[name]) == len(frame)
        for column in frame.select_dtypes("number").columns:
            stored = [row[column] for row in plain[name]]
            values = frame[column].tolist()
            assert stored == [None if pd.isna(value) else value for value in values]


@every_situation
def test_interpretations_are_words_and_json(situation: str) -> None:
    words = result_of(situation).interpret()  # type: ignore[attr-defined]
    json.dumps(words.to_dict(), allow_nan=False)
    # As a word: "dominance" holds the letters.
    assert "nan" not in re.findall(r"\w+", str(words))
    assert str(words) == repr(words)
    for statement in words.statements:
        assert statement.text.endswith((".", ")"))
        assert bool(statement.rule) == bool(statement.source)


# ---- showing themselves --------------------------------------------------------------------------


@every_situation
def test_representations_are_deterministic_and_have_no_nan(situation: str) -> None:
    result = result_of(situation)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sq.ServqualWarning)
        again = SITUATIONS[situation]()
    assert repr(result) == repr(again)
    assert result._repr_html_() == again._repr_html_()
    body = repr(result).split("Note:")[0]
    assert "nan" not in body.lower().split()
    assert repr(result).startswith(f"{result.title} (n = {result.sample.n_obs}")


SCRIPT = "<script>alert('x')</script>"


def nasty_survey() -> sq.Survey:
    """Make a survey in which everything that a user may name is markup."""
    text = f'''
id = "nasty"
title = "{SCRIPT}"
scale = [1, 7]
[dimensions.one]
label = "{SCRIPT}"
items = [1, 2]
[dimensions.two]
label = "<b>two</b> & more"
items = [3, 4, 5]
'''
    instrument = sq.Instrument.from_toml(text)
    frame = toy_frame(g=[SCRIPT] * 20 + ["<img src=x onerror=alert(1)>"] * 20)
    frame = frame.rename(columns={"SAT1": "<i>SAT</i>"})
    return toy_survey(frame, instrument, outcomes={SCRIPT: ["<i>SAT</i>", "SAT2"]}, groups=["g"])


def nasty_results(survey: sq.Survey) -> Iterator[Any]:
    yield sq.gaps(survey)
    yield sq.gaps(survey, by="g")
    yield sq.scale_reliability(survey, on="gap")
    yield sq.regression(survey, outcome=SCRIPT)
    yield sq.regression(survey, outcome="<i>SAT</i>", predictors=["one", SCRIPT])
    moderated = sq.regression(survey, outcome=SCRIPT, by="g")
    yield moderated
    yield moderated.diagnostics()
    yield moderated.cross_validate(n_repeats=2)
    yield sq.regression(survey, outcome=SCRIPT, random="g")
    yield sq.regression(
        survey, outcome="<i>SAT</i>", predictors=["one", "two"], family="ordered-logit"
    )
    yield sq.mediation(
        survey, predictor="one", mediator="two", outcome=SCRIPT, moderator="SAT2", n_resamples=100
    )
    yield sq.compare_measures(survey, outcome=SCRIPT, n_resamples=100)
    yield sq.response_surface(survey, outcome=SCRIPT, predictor="one", n_resamples=100)
    yield sq.penalty_reward(survey, outcome=SCRIPT, n_resamples=100)
    yield sq.nonlinearity(survey, outcome=SCRIPT)
    yield sq.relative_importance(survey, outcome=SCRIPT, n_resamples=100)
    yield sq.relative_importance(survey, outcome=SCRIPT, method="dominance", n_resamples=100)
    yield sq.relative_importance(survey, outcome=SCRIPT, groups={SCRIPT: ["one"], "b": ["two"]})
    yield sq.kano(
        {"f": [1, 1, 2], "d": [3, 5, 5], SCRIPT: ["<b>", "<b>", "<i>"]},
        functional={SCRIPT: "f"},
        dysfunctional={SCRIPT: "d"},
        by=SCRIPT,
        n_resamples=100,
    )
    yield sq.what_if(survey, {"one": 1, "P3": 1}, SCRIPT, through="SAT2", n_resamples=100)
    yield sq.importance_performance(survey, outcome=SCRIPT, n_resamples=100)
    yield sq.importance_performance(
        survey, importance=["<i>SAT</i>", "SAT2"], outcome=None, n_resamples=100
    )
    yield sq.scale_reliability(
        sq.Moments.from_covariance(np.eye(2) + 0.5, 50, [SCRIPT, "<b>"]), scales={SCRIPT: [SCRIPT]}
    )


def test_markup_in_labels_groups_and_names_stays_text() -> None:
    for result in nasty_results(nasty_survey()):
        for page in (result._repr_html_(), result.interpret()._repr_html_()):
            assert "<script" not in page
            assert "<img" not in page
            assert "<i>" not in page
            assert "<b>" not in page


def test_notes_are_escaped_too() -> None:
    survey = nasty_survey().where(g=SCRIPT)
    result = sq.gaps(survey, by="g")
    assert any("Fewer than two groups" in note for note in result.notes)
    assert "<script" not in result._repr_html_()
    with pytest.warns(sq.SmallSampleWarning, match="Fewer than ten"):
        few = sq.gaps(toy_survey(toy_frame(4, g=[SCRIPT] + ["b"] * 3)), by="g")
    assert any(SCRIPT in note for note in few.notes)
    page = few._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
