# Gap tables (items, dimensions, overall scores), tests over dimensions and branches, and the
# same under frequency and sampling weights. Writes expected/gaps.json.
# Run from the repository root: Rscript tests/reference/R/gaps.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages(library(survey))

adjust_methods <- c("holm", "bonferroni", "hochberg", "BH", "BY")

# --- one score: both sides, the gap, its tests -------------------------------------------------

# Ranks need exact ties: scores are means of whole numbers, so ten decimals keep every true
# difference and remove the noise of the last bit.
signed_rank <- function(gap) {
  test <- suppressWarnings(wilcox.test(round(gap, 10))) # = wilcox.test(P, E, paired = TRUE)
  list(wilcoxon_v = unname(test$statistic), wilcoxon_p = test$p.value)
}

unweighted_row <- function(scores) {
  scores <- scores[!is.na(scores$gap), ]
  test <- t.test(scores$perception, scores$expectation, paired = TRUE, conf.level = conf_level)
  data.frame(
    n = nrow(scores),
    expectation = mean(scores$expectation), expectation_sd = sd(scores$expectation),
    perception = mean(scores$perception), perception_sd = sd(scores$perception),
    gap = mean(scores$gap), gap_sd = sd(scores$gap), std_error = test$stderr,
    statistic = unname(test$statistic), df = unname(test$parameter), p_value = test$p.value,
    conf_low = test$conf.int[1], conf_high = test$conf.int[2],
    effect_size = mean(scores$gap) / sd(scores$gap), signed_rank(scores$gap)
  )
}

# Taylor-linearised standard error of a weighted mean, one stage, with replacement.
linearised_se <- function(x, w) {
  n <- length(x)
  mean_w <- sum(w * x) / sum(w)
  sqrt(n / (n - 1) * sum((w * (x - mean_w))^2)) / sum(w)
}

sampling_row <- function(scores) {
  scores <- scores[!is.na(scores$gap), ]
  design <- svydesign(ids = ~1, weights = ~weight, data = scores)
  means <- svymean(~ expectation + perception + gap, design)
  sds <- sqrt(diag(as.matrix(svyvar(~ expectation + perception + gap, design))))
  gap <- unname(coef(means)["gap"])
  std_error <- unname(SE(means)["gap"])
  stopifnot(all.equal(std_error, linearised_se(scores$gap, scores$weight), tolerance = 1e-12))
  df <- nrow(scores) - 1
  limit <- qt(1 - (1 - conf_level) / 2, df) * std_error
  data.frame(
    n = nrow(scores),
    expectation = unname(coef(means)["expectation"]), expectation_sd = unname(sds["expectation"]),
    perception = unname(coef(means)["perception"]), perception_sd = unname(sds["perception"]),
    gap = gap, gap_sd = unname(sds["gap"]), std_error = std_error,
    statistic = gap / std_error, df = df, p_value = 2 * pt(-abs(gap / std_error), df),
    conf_low = gap - limit, conf_high = gap + limit, effect_size = gap / unname(sds["gap"])
  )
}

with_adjusted_p <- function(table) {
  for (method in adjust_methods) {
    table[[paste0("p_", tolower(method))]] <- p.adjust(table$p_value, method)
  }
  table
}

# --- the tables ------------------------------------------------------------------------------

item_table <- function(survey, row) {
  rows <- lapply(1:22, function(item) {
    scores <- data.frame(
      expectation = survey[[paste0("E", item)]], perception = survey[[paste0("P", item)]],
      weight = survey$weight
    )
    scores$gap <- scores$perception - scores$expectation
    cbind(item = item, row(scores))
  })
  with_adjusted_p(do.call(rbind, rows))
}

# Mean points over the respondents who gave them (weighted when `weight` is given).
mean_points <- function(survey, weight = rep(1, nrow(survey))) {
  points <- points_matrix(survey)
  gave <- complete.cases(points)
  colSums(points[gave, ] * weight[gave]) / sum(weight[gave])
}

dimension_table <- function(survey, row, weight = rep(1, nrow(survey))) {
  scores <- dimension_scores(survey)
  points <- points_matrix(survey)
  rows <- lapply(dimension_names, function(d) {
    own <- data.frame(
      expectation = scores$expectation[, d], perception = scores$perception[, d],
      gap = scores$gap[, d], weight = survey$weight
    )
    weighted_gap <- points[, d] * own$gap / 100
    both <- !is.na(weighted_gap)
    cbind(
      dimension = d, n_items = length(dimension_items[[d]]), row(own),
      weight = unname(mean_points(survey, weight)[d]),
      weighted_gap = sum(weight[both] * weighted_gap[both]) / sum(weight[both]),
      weighted_gap_n = sum(both)
    )
  })
  with_adjusted_p(do.call(rbind, rows))
}

overall_scores <- function(survey, weight = rep(1, nrow(survey))) {
  scores <- dimension_scores(survey)
  points <- points_matrix(survey)
  average <- mean_points(survey, weight)
  combine <- function(f) as.data.frame(lapply(scores, f))
  list(
    "dimension mean" = combine(function(s) rowMeans(s)),
    "item mean" = pair_rule_scores(survey, 1:22),
    "weighted" = combine(function(s) rowSums(points * s) / 100),
    "weighted by mean points" = combine(function(s) as.vector(s %*% average) / 100)
  )
}

overall_table <- function(survey, row, weight = rep(1, nrow(survey))) {
  scores <- overall_scores(survey, weight)
  rows <- lapply(names(scores), function(name) {
    cbind(score = name, row(cbind(scores[[name]], weight = survey$weight)))
  })
  do.call(rbind, rows)
}

# --- Hotelling's T-squared of the five gaps ------------------------------------------------

hotelling_result <- function(mean, covariance_of_mean, n) {
  p <- length(mean)
  t2 <- as.numeric(t(mean) %*% solve(covariance_of_mean, mean))
  f <- (n - p) / (p * (n - 1)) * t2
  list(
    n = n, statistic = t2, f_statistic = f, df_numerator = p, df_denominator = n - p,
    p_value = pf(f, p, n - p, lower.tail = FALSE), mean = unname(mean),
    covariance_of_mean = unname(covariance_of_mean)
  )
}

hotelling <- function(survey) {
  gaps <- na.omit(dimension_scores(survey)$gap)
  hotelling_result(colMeans(gaps), cov(gaps) / nrow(gaps), nrow(gaps))
}

hotelling_sampling <- function(survey) {
  gaps <- cbind(as.data.frame(dimension_scores(survey)$gap), weight = survey$weight)
  gaps <- gaps[complete.cases(gaps), ]
  means <- svymean(reformulate(dimension_names), svydesign(~1, weights = ~weight, data = gaps))
  hotelling_result(coef(means), matrix(vcov(means), 5), nrow(gaps))
}

# --- comparisons of groups -------------------------------------------------------------------

group_statistics <- function(score, group, weight = NULL) {
  group <- factor(group) # levels in alphabetical order
  split_rows <- split(seq_along(score), group)
  one <- function(rows) {
    x <- score[rows]
    if (is.null(weight)) {
      c(length(x), mean(x), var(x), var(x) / length(x))
    } else {
      w <- weight[rows]
      n <- length(x)
      m <- sum(w * x) / sum(w)
      c(n, m, n / (n - 1) * sum(w * (x - m)^2) / sum(w), linearised_se(x, w)^2)
    }
  }
  table <- as.data.frame(t(sapply(split_rows, one)))
  names(table) <- c("n", "mean", "variance", "variance_of_mean")
  cbind(group = names(split_rows), table)
}

welch_formula <- function(groups) {
  k <- nrow(groups)
  w <- 1 / groups$variance_of_mean
  centre <- sum(w * groups$mean) / sum(w)
  lambda <- sum((1 - w / sum(w))^2 / (groups$n - 1))
  f <- (sum(w * (groups$mean - centre)^2) / (k - 1)) / (1 + 2 * (k - 2) / (k^2 - 1) * lambda)
  df2 <- (k^2 - 1) / (3 * lambda)
  c(statistic = f, df_numerator = k - 1, df_denominator = df2,
    p_value = pf(f, k - 1, df2, lower.tail = FALSE))
}

# Hays' omega squared from the sums of squares of the one-way layout, not clipped at zero.
hays_omega_squared <- function(score, group) {
  table <- summary(aov(score ~ factor(group)))[[1]]
  ss <- table[["Sum Sq"]]
  ms_within <- table[["Mean Sq"]][2]
  (ss[1] - table[["Df"]][1] * ms_within) / (sum(ss) + ms_within)
}

# qtukey promises four decimals only (in practice nine); solve ptukey for the root more closely.
studentized_range_quantile <- function(p, k, df) {
  start <- qtukey(p, k, df)
  uniroot(function(q) ptukey(q, k, df) - p, start + c(-0.01, 0.01), tol = 1e-13)$root
}

# P(Q > q) by adaptive quadrature. ptukey is right to about 1e-9 absolutely, which is not enough
# for a small p; here the upper tail is integrated itself, without subtracting from one:
# with a = Phi(z), b = Phi(z) - Phi(z - x), a^m - b^m = Phi(z - x) (a^(m-1) + a^(m-2) b + ...).
studentized_range_upper <- function(q, k, df) {
  integral <- function(f, low, high) {
    integrate(f, low, high, rel.tol = 1e-11, abs.tol = 0, subdivisions = 1000)$value
  }
  range_upper <- function(x) {
    density <- function(z) {
      a <- pnorm(z)
      b <- a - pnorm(z - x)
      powers <- sapply(0:(k - 2), function(i) a^i * b^(k - 2 - i))
      k * dnorm(z) * pnorm(z - x) * rowSums(matrix(powers, length(z)))
    }
    integral(density, -9, x / 2) + integral(density, x / 2, x / 2 + 9)
  }
  log_constant <- log(2) + df / 2 * log(df / 2) - lgamma(df / 2)
  weighted <- function(s) {
    density <- exp(log_constant + (df - 1) * log(s) - df * s^2 / 2)
    density * sapply(q * s, range_upper)
  }
  integral(weighted, 0, 1) + integral(weighted, 1, 3)
}

games_howell <- function(groups) {
  k <- nrow(groups)
  pairs <- t(combn(k, 2))
  rows <- apply(pairs, 1, function(pair) {
    v <- groups$variance_of_mean[pair]
    n <- groups$n[pair]
    difference <- groups$mean[pair[1]] - groups$mean[pair[2]]
    std_error <- sqrt(sum(v))
    df <- sum(v)^2 / sum(v^2 / (n - 1))
    t <- difference / std_error
    p_ptukey <- ptukey(abs(t) * sqrt(2), k, df, lower.tail = FALSE)
    p_value <- studentized_range_upper(abs(t) * sqrt(2), k, df)
    stopifnot(abs(p_value - p_ptukey) < 5e-9)
    q_r <- qtukey(conf_level, k, df)
    q <- studentized_range_quantile(conf_level, k, df)
    half <- q / sqrt(2) * std_error
    data.frame(
      first = groups$group[pair[1]], second = groups$group[pair[2]],
      first_mean = groups$mean[pair[1]], second_mean = groups$mean[pair[2]],
      difference = difference, std_error = std_error, statistic = t, df = df, p_value = p_value,
      p_value_ptukey = p_ptukey, conf_low = difference - half, conf_high = difference + half,
      conf_low_qtukey = difference - q_r / sqrt(2) * std_error,
      conf_high_qtukey = difference + q_r / sqrt(2) * std_error,
      q_critical = q, q_critical_qtukey = q_r
    )
  })
  do.call(rbind, rows)
}

comparisons <- function(survey, by, sampling = FALSE) {
  weight <- if (sampling) survey$weight else rep(1, nrow(survey))
  scores <- cbind(dimension_scores(survey)$gap,
    "dimension mean" = overall_scores(survey, weight)[["dimension mean"]]$gap
  )
  welch <- list()
  pairs <- list()
  groups_all <- list()
  for (name in colnames(scores)) {
    known <- !is.na(scores[, name])
    score <- scores[known, name]
    group <- survey[[by]][known]
    groups <- group_statistics(score, group, if (sampling) survey$weight[known])
    result <- welch_formula(groups)
    if (!sampling) {
      r_test <- oneway.test(score ~ factor(group), var.equal = FALSE)
      stopifnot(
        all.equal(unname(result["statistic"]), unname(r_test$statistic), tolerance = 1e-10),
        all.equal(unname(result["df_denominator"]), unname(r_test$parameter[2]), tolerance = 1e-10)
      )
    }
    row <- cbind(score = name, n = length(score), as.data.frame(t(result)))
    if (!sampling) row$omega_squared <- hays_omega_squared(score, group)
    welch[[name]] <- row
    pairs[[name]] <- cbind(score = name, games_howell(groups))
    groups_all[[name]] <- cbind(score = name, groups)
  }
  list(
    welch = do.call(rbind, welch), games_howell = do.call(rbind, pairs),
    group_statistics = do.call(rbind, groups_all)
  )
}

by_groups <- function(survey, by, row, sampling = FALSE) {
  parts <- split(survey, survey[[by]])
  own_weight <- function(part) if (sampling) part$weight else rep(1, nrow(part))
  stacked <- function(make) {
    do.call(rbind, lapply(names(parts), function(g) {
      table <- make(parts[[g]])
      cbind(setNames(data.frame(g), by), table)
    }))
  }
  c(
    list(
      items = stacked(function(part) item_table(part, row)),
      dimensions = stacked(function(part) dimension_table(part, row, own_weight(part))),
      overall = stacked(function(part) overall_table(part, row, own_weight(part)))
    ),
    comparisons(survey, by, sampling)
  )
}

# --- everything ------------------------------------------------------------------------------

points_table <- function(survey, weight = rep(1, nrow(survey))) {
  points <- points_matrix(survey)
  gave <- complete.cases(points)
  average <- mean_points(survey, weight)
  data.frame(
    dimension = dimension_names, n = sum(gave), mean = unname(average),
    sd = unname(apply(points[gave, ], 2, sd))
  )
}

plain_results <- function(survey) {
  list(
    n_rows = nrow(survey), points = points_table(survey), items = item_table(survey, unweighted_row),
    dimensions = dimension_table(survey, unweighted_row),
    overall = overall_table(survey, unweighted_row), hotelling = hotelling(survey)
  )
}

sampling_results <- function(survey) {
  points <- points_table(survey, survey$weight)
  points$sd <- NULL
  list(
    n_rows = nrow(survey), points = points, items = item_table(survey, sampling_row),
    dimensions = dimension_table(survey, sampling_row, survey$weight),
    overall = overall_table(survey, sampling_row, survey$weight),
    hotelling = hotelling_sampling(survey),
    by_branch = by_groups(survey, "branch", sampling_row, sampling = TRUE)
  )
}

survey <- read_survey("survey")
complete <- read_survey("survey_complete")
repeated <- repeat_rows(survey)
frequency <- plain_results(repeated)
frequency$by_branch <- by_groups(repeated, "branch", unweighted_row)
results <- plain_results(survey)
results$by_branch <- by_groups(survey, "branch", unweighted_row)
results$by_wave <- by_groups(survey, "wave", unweighted_row)
results$frequency <- frequency
results$sampling <- sampling_results(survey)
results$complete <- plain_results(complete)
results$complete$by_branch <- by_groups(complete, "branch", unweighted_row)
write_reference(results, "gaps", c("stats", "survey", "jsonlite"))
