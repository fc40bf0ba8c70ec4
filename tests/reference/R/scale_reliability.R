# Reliability of the five scales and of all 22 items, of the difference scores and of their sum.
# Writes expected/scale_reliability.json.
# Run from the repository root: Rscript tests/reference/R/scale_reliability.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages({
  library(psych)
  library(lavaan)
})

scales <- c(dimension_items, list(overall = 1:22))

side_items <- function(survey, on, items) {
  e <- expectation_items(survey, items)
  p <- perception_items(survey, items)
  answers <- switch(on, perception = p, expectation = e, gap = p - e)
  colnames(answers) <- paste0("x", items)
  answers[complete.cases(answers), , drop = FALSE]
}

alpha_formula <- function(s) {
  k <- nrow(s)
  k / (k - 1) * (1 - sum(diag(s)) / sum(s))
}

psych_alpha <- function(x) {
  suppressWarnings(suppressMessages(
    psych::alpha(as.data.frame(x), check.keys = FALSE, warnings = FALSE)
  ))
}

feldt_limits <- function(alpha, n, k) {
  tail <- (1 - conf_level) / 2
  1 - (1 - alpha) * qf(c(1 - tail, tail), n - 1, (n - 1) * (k - 1))
}

guttman_lambda2 <- function(s) {
  k <- nrow(s)
  off <- s - diag(diag(s))
  (sum(off) + sqrt(k / (k - 1) * sum(off^2))) / sum(s)
}

# 1 / diag(S^-1) is the variance of an item that the other items leave unexplained.
guttman_lambda6 <- function(s) 1 - sum(1 / diag(solve(s))) / sum(s)

split_half_odd_even <- function(x) {
  odd <- seq_len(ncol(x)) %% 2 == 1
  r <- cor(rowSums(x[, odd, drop = FALSE]), rowSums(x[, !odd, drop = FALSE]))
  c(r = r, spearman_brown = 2 * r / (1 + r))
}

# nlminb stops at a gradient of about 1e-7; two or three Newton steps take it to rounding error.
# The last fit only evaluates standard errors and defined parameters at the polished solution.
polished_fit <- function(model, data) {
  options <- list(model = model, data = data, std.lv = TRUE, likelihood = "normal")
  fit <- do.call("cfa", options)
  stopifnot(lavInspect(fit, "converged"))
  for (step in 1:3) {
    move <- solve(lavTech(fit, "hessian"), as.vector(lavTech(fit, "gradient")))
    table <- parTable(fit)
    free <- table$free > 0
    table$est[free] <- table$est[free] - move[table$free[free]]
    table$ustart <- table$start <- table$est
    options$model <- table[c("id", "lhs", "op", "rhs", "user", "block", "group", "free", "ustart",
      "exo", "label", "plabel")]
    fit <- do.call("cfa", c(options, optim.method = "none", optim.force.converged = TRUE))
  }
  stopifnot(max(abs(lavTech(fit, "gradient"))) < 1e-10)
  fit
}

# One-factor maximum likelihood, the factor's variance fixed to 1.
one_factor_omega <- function(x) {
  items <- colnames(x)
  loadings <- paste0("l", seq_along(items))
  errors <- paste0("e", seq_along(items))
  total <- paste0("(", paste(loadings, collapse = " + "), ")^2")
  model <- c(
    paste("f =~", paste0(loadings, "*", items, collapse = " + ")),
    paste0(items, " ~~ ", errors, "*", items),
    paste0("omega := ", total, " / (", total, " + ", paste(errors, collapse = " + "), ")")
  )
  fit <- polished_fit(paste(model, collapse = "\n"), as.data.frame(x))
  estimates <- parameterEstimates(fit, level = conf_level)
  row <- estimates[estimates$lhs == "omega", ]
  standardised <- lavInspect(fit, "std")
  lambda <- standardised$lambda[, 1]
  theta <- diag(standardised$theta)
  unstandardised <- lavInspect(fit, "est")
  list(
    omega = row$est, omega_std_error = row$se,
    omega_low = row$ci.lower, omega_high = row$ci.upper,
    omega_standardised = sum(lambda)^2 / (sum(lambda)^2 + sum(theta)),
    one_factor_chi2 = unname(fitMeasures(fit, "chisq")),
    one_factor_df = unname(fitMeasures(fit, "df")),
    loadings = unname(unstandardised$lambda[, 1]), uniquenesses = unname(diag(unstandardised$theta))
  )
}

scale_row <- function(x, on, scale, omega) {
  s <- cov(x)
  k <- ncol(x)
  n <- nrow(x)
  r <- cor(x)
  a <- psych_alpha(x)
  raw <- alpha_formula(s)
  stopifnot(all.equal(raw, a$total$raw_alpha, tolerance = 1e-12))
  limits <- feldt_limits(raw, n, k)
  psych_limits <- psych::alpha.ci(raw, n.obs = n, n.var = k, p.val = 1 - conf_level)
  stopifnot(all.equal(limits, c(psych_limits$lower.ci, psych_limits$upper.ci), tolerance = 1e-12))
  half <- split_half_odd_even(x)
  data.frame(
    on = on, scale = scale, n_items = k, n = n, alpha = raw,
    alpha_low = limits[1], alpha_high = limits[2], alpha_std = a$total$std.alpha,
    mean_r = mean(r[lower.tri(r)]), lambda2 = guttman_lambda2(s), lambda6 = guttman_lambda6(s),
    lambda6_psych = a$total$`G6(smc)`, lambda2_correlation = guttman_lambda2(r),
    lambda6_correlation = guttman_lambda6(r),
    split_half_r = unname(half["r"]), split_half = unname(half["spearman_brown"]),
    omega = omega$omega, omega_std_error = omega$omega_std_error,
    omega_low = omega$omega_low, omega_high = omega$omega_high,
    omega_standardised = omega$omega_standardised,
    one_factor_chi2 = omega$one_factor_chi2, one_factor_df = omega$one_factor_df
  )
}

item_rows <- function(x, on, scale, items, omega) {
  s <- cov(x)
  a <- psych_alpha(x)
  deleted <- sapply(seq_len(ncol(x)), function(j) alpha_formula(s[-j, -j]))
  rest <- sapply(seq_len(ncol(x)), function(j) cor(x[, j], rowSums(x[, -j])))
  stopifnot(
    all.equal(deleted, a$alpha.drop$raw_alpha, tolerance = 1e-12),
    all.equal(rest, a$item.stats$r.drop, tolerance = 1e-12)
  )
  data.frame(
    on = on, scale = scale, item = items, mean = unname(colMeans(x)), sd = unname(apply(x, 2, sd)),
    item_rest_r = rest, alpha_if_deleted = deleted,
    alpha_std_if_deleted = a$alpha.drop$std.alpha,
    loading = omega$loadings, uniqueness = omega$uniquenesses
  )
}

scale_tables <- function(survey) {
  scale_list <- list()
  item_list <- list()
  for (on in c("perception", "expectation", "gap")) {
    for (scale in names(scales)) {
      x <- side_items(survey, on, scales[[scale]])
      omega <- one_factor_omega(x)
      key <- paste(on, scale)
      scale_list[[key]] <- scale_row(x, on, scale, omega)
      item_list[[key]] <- item_rows(x, on, scale, scales[[scale]], omega)
    }
  }
  list(scales = do.call(rbind, scale_list), items = do.call(rbind, item_list))
}

# Reliability of P - E, over the respondents who answered the scale completely on both sides.
difference_row <- function(survey, scale) {
  items <- scales[[scale]]
  p <- perception_items(survey, items)
  e <- expectation_items(survey, items)
  both <- complete.cases(p, e)
  p <- p[both, ]
  e <- e[both, ]
  sd_p <- sd(rowMeans(p))
  sd_e <- sd(rowMeans(e))
  r_pe <- cor(rowMeans(p), rowMeans(e))
  alpha_p <- alpha_formula(cov(p))
  alpha_e <- alpha_formula(cov(e))
  cross <- 2 * r_pe * sd_p * sd_e
  data.frame(
    dimension = scale, n_items = length(items), n = sum(both),
    sd_perception = sd_p, sd_expectation = sd_e, sd_gap = sd(rowMeans(p - e)),
    reliability_perception = alpha_p, reliability_expectation = alpha_e, r_pe = r_pe,
    reliability_difference =
      (sd_p^2 * alpha_p + sd_e^2 * alpha_e - cross) / (sd_p^2 + sd_e^2 - cross),
    alpha_gap = alpha_formula(cov(p - e))
  )
}

# r_C = 1 - sum(var_d (1 - r_dd)) / var_C of the sum of the dimensions, listwise on all items.
# "dimension means": each dimension is the mean of its items; "item sums": their sum.
composite_row <- function(survey, on, kind) {
  x <- side_items(survey, on, 1:22)
  score <- if (kind == "dimension means") rowMeans else rowSums
  dimensions <- sapply(dimension_items, function(items) score(x[, items]))
  alphas <- sapply(dimension_items, function(items) alpha_formula(cov(x[, items])))
  variances <- apply(dimensions, 2, var)
  composite <- var(rowSums(dimensions))
  list(
    on = on, scores = kind, n = nrow(x), dimensions = dimension_names, variances = unname(variances),
    reliabilities = unname(alphas), composite_variance = composite,
    reliability = 1 - sum(variances * (1 - alphas)) / composite
  )
}

composite_list <- function(survey) {
  grid <- expand.grid(
    kind = c("dimension means", "item sums"), on = c("gap", "perception", "expectation"),
    stringsAsFactors = FALSE
  )
  lapply(seq_len(nrow(grid)), function(i) composite_row(survey, grid$on[i], grid$kind[i]))
}

all_tables <- function(survey) {
  c(scale_tables(survey), list(
    differences = do.call(rbind, lapply(names(scales), function(s) difference_row(survey, s))),
    composites = composite_list(survey)
  ))
}

survey <- read_survey("survey")
results <- all_tables(survey)
results$frequency <- all_tables(repeat_rows(survey))
results$complete <- all_tables(read_survey("survey_complete"))
write_reference(results, "scale_reliability", c("psych", "lavaan", "jsonlite"))
