# Regression of outcomes on the dimension scores and on the items, with every covariance, under
# frequency and sampling weights, and relative importance. Writes expected/regression.json.
# Run from the repository root: Rscript tests/reference/R/regression.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages({
  library(sandwich)
  library(lmtest)
  library(survey)
})

# --- the frames --------------------------------------------------------------------------------

kept_columns <- c("id", "branch", "office", "weight", "freq")

model_frame <- function(survey, outcome, on) {
  if (on == "gap") {
    x <- dimension_scores(survey)$gap
  } else if (on == "perception") {
    x <- sapply(dimension_items, function(items) half_rule_mean(perception_items(survey, items)))
  } else if (on == "expectation") {
    x <- sapply(dimension_items, function(items) half_rule_mean(expectation_items(survey, items)))
  } else if (on == "gap items") {
    x <- perception_items(survey) - expectation_items(survey)
    colnames(x) <- paste0("G", 1:22)
  }
  frame <- data.frame(survey[kept_columns], x, outcome = outcome_score(survey, outcome))
  list(frame = frame[complete.cases(frame), ], predictors = colnames(x))
}

term_names <- function(model) {
  terms <- names(coef(model))
  terms[terms == "(Intercept)"] <- "intercept"
  terms
}

# --- one model ---------------------------------------------------------------------------------

coefficient_rows <- function(model, covariance, v, df) {
  test <- coeftest(model, vcov. = v, df = df)
  limits <- coefci(model, vcov. = v, df = df, level = conf_level)
  data.frame(
    covariance = covariance, term = term_names(model), estimate = unname(test[, 1]),
    std_error = unname(test[, 2]), statistic = unname(test[, 3]), df = df,
    p_value = unname(test[, 4]), conf_low = unname(limits[, 1]), conf_high = unname(limits[, 2])
  )
}

# Wald F of all slopes; missing when the covariance of the slopes is singular (few clusters).
wald_row <- function(model, covariance, v, df) {
  b <- coef(model)[-1]
  v_slopes <- v[-1, -1]
  row <- data.frame(
    covariance = covariance, f_statistic = NA_real_, df_numerator = length(b),
    df_denominator = df, p_value = NA_real_
  )
  if (rcond(v_slopes) > 1e-12) {
    row$f_statistic <- as.numeric(t(b) %*% solve(v_slopes, b)) / length(b)
    row$p_value <- pf(row$f_statistic, length(b), df, lower.tail = FALSE)
  }
  row
}

standardised <- function(model, frame, predictors) {
  x <- as.matrix(frame[predictors])
  inverse <- solve(cor(x))
  data.frame(
    term = predictors,
    beta = unname(coef(model)[-1] * apply(x, 2, sd) / sd(frame$outcome)),
    vif = unname(diag(inverse))
  )
}

fit_summary <- function(model) {
  s <- summary(model)
  f <- s$fstatistic
  list(
    n = nobs(model), df_residual = df.residual(model), sigma = s$sigma,
    r_squared = s$r.squared, adj_r_squared = s$adj.r.squared,
    f_statistic = f[["value"]], f_df_numerator = f[["numdf"]], f_df_denominator = f[["dendf"]],
    f_p_value = pf(f[["value"]], f[["numdf"]], f[["dendf"]], lower.tail = FALSE),
    loglik = as.numeric(logLik(model)), aic = AIC(model), bic = BIC(model)
  )
}

regression_result <- function(data, clusters = character()) {
  frame <- data$frame
  model <- lm(reformulate(data$predictors, "outcome"), frame)
  df <- df.residual(model)
  covariances <- list(nonrobust = vcov(model))
  for (type in paste0("HC", 0:3)) covariances[[type]] <- vcovHC(model, type = type)
  dfs <- setNames(rep(df, 5), names(covariances))
  for (cluster in clusters) {
    name <- paste("CR1", cluster)
    covariances[[name]] <- vcovCL(model, cluster = frame[[cluster]], type = "HC1")
    dfs[name] <- length(unique(frame[[cluster]])) - 1
  }
  stopifnot(all.equal(
    wald_row(model, "HC3", covariances$HC3, df)$f_statistic,
    waldtest(model, vcov = covariances$HC3, test = "F")$F[2],
    tolerance = 1e-10
  ))
  per_covariance <- function(row) {
    do.call(rbind, lapply(names(covariances), function(name) {
      row(model, name, covariances[[name]], dfs[[name]])
    }))
  }
  list(
    summary = fit_summary(model), coefficients = per_covariance(coefficient_rows),
    wald = per_covariance(wald_row), standardised = standardised(model, frame, data$predictors)
  )
}

# --- sampling weights ----------------------------------------------------------------------

# Linearisation by hand, V = n/(n-1) A (sum w^2 e^2 x x') A with A = (X'WX)^-1, beside svyglm.
sampling_result <- function(data) {
  frame <- data$frame
  formula <- reformulate(data$predictors, "outcome")
  model <- lm(formula, frame, weights = weight)
  n <- nobs(model)
  v <- vcovHC(model, type = "HC0") * n / (n - 1)
  design <- svydesign(ids = ~1, weights = ~weight, data = frame)
  by_survey <- svyglm(formula, design)
  stopifnot(all.equal(coef(model), coef(by_survey), tolerance = 1e-10))
  by_survey_v <- vcov(by_survey)
  stopifnot(all.equal(v, by_survey_v, tolerance = 1e-9, check.attributes = FALSE))
  df <- by_survey$df.residual
  weighted_r <- cov.wt(as.matrix(frame[data$predictors]), frame$weight, cor = TRUE)$cor
  list(
    n = n, df_design = degf(design), df_svyglm = df, r_squared = summary(model)$r.squared,
    coefficients = rbind(
      coefficient_rows(model, "linearised (lm weights, HC0 n/(n-1))", v, df.residual(model)),
      # coeftest also asks for a log-likelihood, which svyglm warns it does not have
      suppressWarnings(coefficient_rows(by_survey, "svyglm", by_survey_v, df)),
      coefficient_rows(model, "HC0 (lm weights)", vcovHC(model, type = "HC0"), df.residual(model)),
      coefficient_rows(model, "HC1 (lm weights)", vcovHC(model, type = "HC1"), df.residual(model)),
      coefficient_rows(model, "HC2 (lm weights)", vcovHC(model, type = "HC2"), df.residual(model)),
      coefficient_rows(model, "HC3 (lm weights)", vcovHC(model, type = "HC3"), df.residual(model)),
      coefficient_rows(model, "nonrobust (lm weights)", vcov(model), df.residual(model))
    ),
    wald = rbind(
      wald_row(model, "linearised (lm weights, HC0 n/(n-1))", v, df.residual(model)),
      wald_row(model, "HC3 (lm weights)", vcovHC(model, type = "HC3"), df.residual(model))
    ),
    vif = data.frame(term = data$predictors, vif = unname(diag(solve(weighted_r))))
  )
}

# --- relative importance ----------------------------------------------------------------------

r_squared_of <- function(r, subset) {
  if (length(subset) == 0) return(0)
  outcome <- ncol(r)
  rxy <- r[subset, outcome]
  sum(rxy * solve(r[subset, subset, drop = FALSE], rxy))
}

# Lindeman, Merenda & Gold: average increase of R squared over all orders, by brute force.
lmg_shares <- function(r) {
  p <- ncol(r) - 1
  sapply(seq_len(p), function(j) {
    others <- setdiff(seq_len(p), j)
    total <- 0
    for (size in 0:(p - 1)) {
      weight <- factorial(size) * factorial(p - size - 1) / factorial(p)
      subsets <- if (size == 0) list(integer()) else combn(length(others), size, simplify = FALSE)
      for (index in subsets) {
        subset <- others[index]
        total <- total + weight * (r_squared_of(r, c(subset, j)) - r_squared_of(r, subset))
      }
    }
    total
  })
}

# Johnson (2000): regress on the orthogonal variables closest to the predictors.
relative_weight_shares <- function(r) {
  p <- ncol(r) - 1
  e <- eigen(r[1:p, 1:p], symmetric = TRUE)
  root <- e$vectors %*% diag(sqrt(e$values)) %*% t(e$vectors)
  as.vector(root^2 %*% solve(root, r[1:p, p + 1])^2)
}

importance_result <- function(survey, outcome, on) {
  data <- model_frame(survey, outcome, on)
  frame <- data$frame
  r <- cor(frame[c(data$predictors, "outcome")])
  p <- length(data$predictors)
  beta <- solve(r[1:p, 1:p], r[1:p, p + 1])
  full <- r_squared_of(r, 1:p)
  list(
    outcome = outcome, on = on, n = nrow(frame), r_squared = full, correlations = unname(r),
    shares = data.frame(
      term = data$predictors, lmg = lmg_shares(r), relative_weights = relative_weight_shares(r),
      pratt = unname(beta * r[1:p, p + 1]), first = unname(r[1:p, p + 1]^2),
      last = sapply(1:p, function(j) full - r_squared_of(r, setdiff(1:p, j)))
    )
  )
}

# --- everything -------------------------------------------------------------------------------

survey <- read_survey("survey")
complete <- read_survey("survey_complete")
repeated <- repeat_rows(survey)

models <- list()
clusters <- c("branch", "office")
for (outcome in names(outcome_items)) {
  for (on in c("gap", "perception", "expectation")) {
    result <- regression_result(model_frame(survey, outcome, on), clusters)
    models[[length(models) + 1]] <- c(list(outcome = outcome, on = on), result)
  }
}
models[[length(models) + 1]] <- c(
  list(outcome = "satisfaction", on = "gap items"),
  regression_result(model_frame(survey, "satisfaction", "gap items"))
)

results <- list(
  models = models,
  frequency = c(
    list(outcome = "satisfaction", on = "gap"),
    regression_result(model_frame(repeated, "satisfaction", "gap"))
  ),
  sampling = c(
    list(outcome = "satisfaction", on = "gap"),
    sampling_result(model_frame(survey, "satisfaction", "gap"))
  ),
  complete = c(
    list(outcome = "satisfaction", on = "gap"),
    regression_result(model_frame(complete, "satisfaction", "gap"), clusters)
  ),
  importance = list(
    importance_result(survey, "satisfaction", "gap"),
    importance_result(survey, "loyalty", "gap"),
    importance_result(survey, "satisfaction", "perception"),
    importance_result(complete, "satisfaction", "gap")
  )
)
results$importance[[4]]$survey <- "survey_complete"
write_reference(results, "regression", c("stats", "sandwich", "lmtest", "survey", "jsonlite"))
