# Measures of quality: correlations, Williams' t by psych::r.test, the constraint by anova.
# Run from the repository root: Rscript tests/reference/R/compare_measures.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages(library(psych))

of_survey <- function(survey, outcome) {
  scores <- dimension_scores(survey)
  points <- points_matrix(survey)
  data <- data.frame(
    servqual = rowMeans(scores$gap), weighted_servqual = rowSums(points * scores$gap) / 100,
    servperf = rowMeans(scores$perception),
    weighted_servperf = rowSums(points * scores$perception) / 100,
    p = rowMeans(scores$perception), e = rowMeans(scores$expectation),
    y = outcome_score(survey, outcome)
  )
  data <- data[complete.cases(data), ]
  names <- c("servqual", "weighted_servqual", "servperf", "weighted_servperf")
  pairs <- combn(names, 2)
  tests <- apply(pairs, 2, function(pair) {
    r <- cor(data[c(pair, "y")])
    test <- r.test(nrow(data), r12 = r[1, 3], r13 = r[2, 3], r23 = r[1, 2])
    data.frame(first = pair[1], second = pair[2], statistic = test$t, p_value = test$p)
  }, simplify = FALSE)
  full <- lm(y ~ p + e, data)
  gap <- lm(y ~ I(p - e), data)
  test <- anova(gap, full)
  table <- summary(full)$coefficients[-1, ]
  limits <- confint(full)[-1, ]
  e_rest <- resid(lm(e ~ p, data))
  y_rest <- resid(lm(y ~ p, data))
  partial <- cor(e_rest, y_rest)
  n <- nrow(data)
  limits_r <- tanh(atanh(partial) + c(-1, 1) * qnorm(0.975) / sqrt(n - 4))
  list(
    outcome = outcome, n = n, r = sapply(names, function(name) cor(data[[name]], data$y)),
    tests = do.call(rbind, tests),
    components = data.frame(
      estimate = table[, 1], std_error = table[, 2], statistic = table[, 3], p_value = table[, 4],
      conf_low = limits[, 1], conf_high = limits[, 2]
    ),
    constraint = list(
      r_squared_gap = summary(gap)$r.squared, r_squared_components = summary(full)$r.squared,
      f_statistic = test$F[2], df_denominator = test$Res.Df[2], p_value = test$`Pr(>F)`[2],
      partial_r = partial, partial_p = summary(full)$coefficients["e", 4],
      partial_low = limits_r[1], partial_high = limits_r[2]
    )
  )
}

survey <- read_survey("survey")
write_reference(
  list(
    plain = lapply(c("satisfaction", "loyalty"), function(y) of_survey(survey, y)),
    frequency = of_survey(repeat_rows(survey), "satisfaction")
  ),
  "compare_measures", "psych"
)
