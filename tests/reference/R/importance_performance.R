# Importance and performance: means, quadrants, priorities, derived importance, and their bootstrap.
# Run from the repository root: Rscript tests/reference/R/importance_performance.R (two minutes)

source("tests/reference/R/common.R")
suppressPackageStartupMessages({
  library(boot)
  library(survey)
})

# ---- what every analysis shares ------------------------------------------------------------------
quadrant_names <- c("concentrate", "keep_up", "low_priority", "overkill")

quadrants <- function(importance, performance, at) {
  important <- importance >= at[1] - 1e-10 * abs(at[1])
  good <- performance >= at[2] - 1e-10 * abs(at[2])
  ifelse(important, ifelse(good, 2, 1), ifelse(good, 4, 3))
}

iso_distance <- function(importance, performance, at) {
  ((importance - at[1]) / sd(importance) - (performance - at[2]) / sd(performance)) / sqrt(2)
}

mean_rows <- function(scores) {
  tests <- lapply(as.data.frame(scores), t.test)
  data.frame(
    n = colSums(!is.na(scores)), estimate = sapply(tests, function(t) t$estimate[[1]]),
    std_error = sapply(tests, function(t) t$stderr),
    conf_low = sapply(tests, function(t) t$conf.int[1]),
    conf_high = sapply(tests, function(t) t$conf.int[2])
  )
}

survey_rows <- function(scores, weights) {
  rows <- lapply(as.data.frame(scores), function(x) {
    known <- !is.na(x)
    design <- svydesign(ids = ~1, weights = ~w, data = data.frame(x = x[known], w = weights[known]))
    found <- svymean(~x, design)
    half <- qt(0.975, sum(known) - 1) * SE(found)[1]
    data.frame(
      n = sum(known), estimate = coef(found)[[1]], std_error = SE(found)[1],
      conf_low = coef(found)[[1]] - half, conf_high = coef(found)[[1]] + half
    )
  })
  do.call(rbind, rows)
}

# ---- derived importance, from the rows of complete respondents ------------------------------------
r_squared <- function(r, subset) {
  if (!length(subset)) return(0)
  last <- ncol(r)
  drop(r[last, subset] %*% solve(r[subset, subset], r[subset, last]))
}

lmg_shares <- function(r) {
  p <- ncol(r) - 1
  worth <- sapply(0:(2^p - 1), function(code) r_squared(r, which(bitwAnd(code, 2^(0:(p - 1))) > 0)))
  size <- sapply(0:(2^p - 1), function(code) sum(bitwAnd(code, 2^(0:(p - 1))) > 0))
  shares <- sapply(1:p, function(j) {
    without <- which(bitwAnd(0:(2^p - 1), 2^(j - 1)) == 0)
    gain <- worth[without + 2^(j - 1)] - worth[without]
    sum(gain / (p * choose(p - 1, size[without])))
  })
  shares / sum(shares)
}

relative_weight_shares <- function(r) {
  p <- ncol(r) - 1
  e <- eigen(r[1:p, 1:p], symmetric = TRUE)
  root <- e$vectors %*% (sqrt(e$values) * t(e$vectors))
  weights <- drop(root^2 %*% solve(root, r[1:p, p + 1])^2)
  weights / sum(weights)
}

partial_correlation <- function(x, y) {
  x <- as.matrix(x)
  sapply(seq_len(ncol(x)), function(j) {
    cor(resid(lm(x[, j] ~ x[, -j])), resid(lm(y ~ x[, -j])))
  })
}

derived <- function(x, y, lmg) {
  x <- as.matrix(x)
  r <- cor(cbind(x, y))
  p <- ncol(x)
  found <- list(
    relative_weights = relative_weight_shares(r), correlation = r[1:p, p + 1],
    squared_correlation = r[1:p, p + 1]^2, partial = partial_correlation(x, y),
    beta = coef(lm(scale(y) ~ scale(x)))[-1], log_partial = partial_correlation(log(x), y)
  )
  if (lmg) found$lmg <- lmg_shares(r)
  lapply(found, unname)
}

# ---- bootstrap ------------------------------------------------------------------------------------
# statistic(data) gives importance, performance and priority of the k attributes one after another.
summarise_boot <- function(data, statistic, k, crosshair, best, seed, draws = 20000) {
  set.seed(seed)
  drawn <- boot(data, function(d, chosen) statistic(d[chosen, , drop = FALSE]), R = draws)$t
  importance <- drawn[, 1:k]
  performance <- drawn[, k + 1:k]
  priority <- drawn[, 2 * k + 1:k]
  centre <- if (crosshair == "means") rowMeans else function(m) apply(m, 1, median)
  at <- cbind(centre(importance), centre(performance))
  codes <- t(sapply(seq_len(draws), function(i) quadrants(importance[i, ], performance[i, ], at[i, ])))
  ranks <- function(m) t(apply(-m, 1, rank))
  # How often an attribute ranks before, and after, each place: for limits that move in steps.
  rank_shares <- function(m) {
    r <- ranks(m)
    list(before = sapply(1:(k + 1), function(place) colMeans(r < place)),
      after = sapply(0:k, function(place) colMeans(r > place)))
  }
  limits <- function(m) t(apply(m, 2, quantile, c(0.025, 0.975), names = FALSE))
  pgcv <- importance * (best - performance)
  list(
    draws = draws,
    probabilities = sapply(1:4, function(code) colMeans(codes == code)),
    importance_sd = apply(importance, 2, sd), importance_limits = limits(importance),
    covariance = sapply(1:k, function(j) cov(importance[, j], performance[, j])),
    line_limits = limits(at), pgcv_limits = limits(pgcv), pgcv_ranks = rank_shares(pgcv),
    priority_limits = limits(priority), priority_ranks = rank_shares(priority),
    index_limits = quantile(rowSums(importance * performance) / rowSums(importance) / best,
      c(0.025, 0.975), names = FALSE)
  )
}

# ---- kiosks: importance answers per item -----------------------------------------------------------
kiosk <- cbind(read_survey("kiosk_importance"), read_survey("kiosk_outcomes"))
importance_items <- as.matrix(kiosk[paste0("IMP", 1:24)])
performance_items <- as.matrix(kiosk[paste0("SAT", 1:24)])
importance <- colMeans(importance_items)
performance <- colMeans(performance_items)
satisfaction <- rowMeans(kiosk[c("Y1", "Y2")])
means_at <- c(mean(importance), mean(performance))
medians_at <- c(median(importance), median(performance))
weights <- importance / sum(importance)
pgcv <- importance * (7 - performance)
in_dimensions <- function(items) sapply(1:8, function(d) rowMeans(items[, 3 * d - 2:0]))
kiosk_results <- list(
  n = nrow(kiosk), importance = mean_rows(importance_items), performance = mean_rows(performance_items),
  covariance = unname(diag(cov(importance_items, performance_items)) / nrow(kiosk)),
  means = list(at = means_at, quadrant = unname(quadrants(importance, performance, means_at)),
    iso_distance = unname(iso_distance(importance, performance, means_at))),
  medians = list(at = medians_at, quadrant = unname(quadrants(importance, performance, medians_at)),
    iso_distance = unname(iso_distance(importance, performance, medians_at))),
  midpoint = unname(quadrants(importance, performance, c(4, 4))),
  weight = unname(weights), udcv = unname(importance * 7), acv = unname(importance * performance),
  pgcv = unname(pgcv), pgcv_rank = unname(rank(-pgcv)),
  satisfaction_index = sum(weights * performance) / 7,
  dimensions = list(importance = mean_rows(in_dimensions(importance_items)),
    performance = mean_rows(in_dimensions(performance_items))),
  derived_items = derived(performance_items, satisfaction, lmg = FALSE),
  derived_dimensions = derived(in_dimensions(performance_items), satisfaction, lmg = TRUE),
  boot = summarise_boot(kiosk, function(d) {
    c(colMeans(d[paste0("IMP", 1:24)]), colMeans(d[paste0("SAT", 1:24)]), rep(0, 24))
  }, 24, "means", 7, 1)
)

# ---- the survey: points, missing answers, weights --------------------------------------------------
survey_data <- read_survey("survey")
dims <- tolower(dimension_names)
scores_of <- function(survey) {
  one_side <- sapply(dimension_items, function(items) half_rule_mean(perception_items(survey, items)))
  gap <- dimension_scores(survey)$gap
  points <- points_matrix(survey)
  list(points = points, perception = one_side, gap = gap, products = -points * gap / 100,
    satisfaction = outcome_score(survey, "satisfaction"))
}
own <- scores_of(survey_data)
repeated <- scores_of(repeat_rows(survey_data))
average <- function(m) colMeans(m, na.rm = TRUE)
with_weights <- function(m) {
  sapply(1:5, function(j) weighted.mean(m[, j], survey_data$weight, na.rm = TRUE))
}
points_at <- c(mean(average(own$points)), mean(average(own$perception)))
survey_results <- list(
  importance = mean_rows(own$points), performance = mean_rows(own$perception),
  gap = mean_rows(own$gap), priority = unname(average(own$products)),
  quadrant = unname(quadrants(average(own$points), average(own$perception), points_at)),
  frequency = list(importance = mean_rows(repeated$points), performance = mean_rows(repeated$perception),
    priority = unname(average(repeated$products))),
  sampling = list(importance = survey_rows(own$points, survey_data$weight),
    performance = survey_rows(own$perception, survey_data$weight), priority = with_weights(own$products))
)
complete <- complete.cases(own$perception, own$satisfaction)
survey_results$derived <- c(
  list(n = sum(complete)), derived(own$perception[complete, ], own$satisfaction[complete], lmg = TRUE)
)
both <- complete.cases(repeated$perception, repeated$satisfaction)
survey_results$frequency$derived <- c(
  list(n = sum(both)), derived(repeated$perception[both, ], repeated$satisfaction[both], lmg = TRUE)
)
weighted_r <- cov.wt(cbind(own$perception, own$satisfaction)[complete, ],
  wt = survey_data$weight[complete] / sum(survey_data$weight[complete]), cor = TRUE)$cor
survey_results$sampling$derived <- list(
  lmg = lmg_shares(weighted_r), correlation = unname(weighted_r[1:5, 6])
)

answered <- rowSums(!is.na(own$perception)) > 0 | rowSums(!is.na(own$points)) > 0
rows <- with(own, cbind(points, perception, gap, products, satisfaction))[answered, ]
survey_results$n <- sum(answered)
survey_results$boot <- summarise_boot(rows, function(d) {
  c(average(d[, 1:5]), average(d[, 6:10]), average(d[, 16:20]))
}, 5, "means", 7, 2)
survey_results$boot_medians <- summarise_boot(rows, function(d) {
  c(average(d[, 1:5]), average(d[, 6:10]), average(d[, 16:20]))
}, 5, "medians", 7, 3)
derived_rows <- with(own, cbind(perception, gap, satisfaction))
derived_rows <- derived_rows[rowSums(!is.na(own$perception)) > 0, ]
survey_results$boot_lmg <- summarise_boot(derived_rows, function(d) {
  used <- d[complete.cases(d[, c(1:5, 11)]), c(1:5, 11)]
  shares <- lmg_shares(cor(used))
  c(shares, average(d[, 1:5]), -shares * average(d[, 6:10]))
}, 5, "means", 7, 4, draws = 10000)

write_reference(
  list(kiosk = kiosk_results, survey = survey_results, quadrants = quadrant_names),
  "importance_performance", c("boot", "survey")
)
