# Response surfaces: lm, sandwich, the formulas of Edwards and Parry, constrained models by anova.
# Run from the repository root: Rscript tests/reference/R/response_surface.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages(library(sandwich))

contrasts <- rbind(
  a1 = c(1, 1, 0, 0, 0), a2 = c(0, 0, 1, 1, 1), a3 = c(1, -1, 0, 0, 0), a4 = c(0, 0, 1, -1, 1),
  a5 = c(0, 0, 1, 0, -1)
)

tested <- function(estimate, covariance, df) {
  error <- sqrt(diag(covariance))
  statistic <- estimate / error
  reach <- qt(0.975, df) * error
  data.frame(
    estimate = estimate, std_error = error, statistic = statistic, df = df,
    p_value = 2 * pt(-abs(statistic), df), conf_low = estimate - reach, conf_high = estimate + reach
  )
}

surface_of <- function(data, extra = character(), cluster = NULL) {
  terms <- c("x", "y", "I(x^2)", "I(x * y)", "I(y^2)")
  fit_with <- function(columns) lm(reformulate(c(columns, extra), "z"), data)
  full <- fit_with(terms)
  b <- coef(full)[2:6]
  n <- nrow(data)
  covariances <- list(
    nonrobust = vcov(full), HC3 = vcovHC(full, "HC3"), HC1 = vcovHC(full, "HC1")
  )
  df <- rep(full$df.residual, 3)
  if (!is.null(cluster)) {
    covariances <- list(CR1 = vcovCL(full, data[[cluster]], type = "HC1"))
    df <- length(unique(data[[cluster]])) - 1
  }
  by_covariance <- Map(function(v, d) {
    list(
      coefficients = tested(unname(coef(full)), v, d),
      parameters = tested(
        as.vector(contrasts %*% b), contrasts %*% v[2:6, 2:6] %*% t(contrasts), d
      )
    )
  }, covariances, df)
  determinant <- 4 * b[3] * b[5] - b[4]^2
  point <- c((b[2] * b[4] - 2 * b[1] * b[5]) / determinant, (b[1] * b[4] - 2 * b[2] * b[3]) / determinant)
  root <- sqrt((b[3] - b[5])^2 + b[4]^2)
  p11 <- (b[5] - b[3] + root) / b[4]
  p21 <- (b[5] - b[3] - root) / b[4]
  models <- list(
    difference = "I(x - y)", linear = c("x", "y"), `squared difference` = "I((x - y)^2)",
    `shifted squared difference` = c("I(x - y)", "I((x - y)^2)"),
    `rising ridge` = c("I(x + y)", "I((x - y)^2)"), quadratic = terms
  )
  compared <- lapply(names(models), function(name) {
    fit <- fit_with(models[[name]])
    test <- if (name == "quadratic") NULL else anova(fit, full)
    data.frame(
      model = name, r_squared = summary(fit)$r.squared, adj_r_squared = summary(fit)$adj.r.squared,
      aic = AIC(fit), f_statistic = if (is.null(test)) NA else test$F[2],
      df_numerator = if (is.null(test)) NA else test$Df[2],
      p_value = if (is.null(test)) NA else test$`Pr(>F)`[2]
    )
  })
  apart <- as.vector(scale(data$x) - scale(data$y))
  list(
    n = n, by_covariance = by_covariance, point = unname(point),
    axes = unname(c(point[2] - p11 * point[1], p11, point[2] - p21 * point[1], p21)),
    models = do.call(rbind, compared), r_squared = summary(full)$r.squared,
    discrepancy = c(sum(apart > 0.5), sum(abs(apart) <= 0.5), sum(apart < -0.5))
  )
}

prepared <- function(survey, side_of, outcome) {
  data <- data.frame(
    x = side_of$perception - 4, y = side_of$expectation - 4, z = outcome_score(survey, outcome),
    loyalty = outcome_score(survey, "loyalty"), branch = survey$branch
  )
  data
}
complete <- function(data, names) data[complete.cases(data[names]), ]

survey <- read_survey("survey")
quality <- function(survey) {
  scores <- dimension_scores(survey)
  list(perception = rowMeans(scores$perception), expectation = rowMeans(scores$expectation))
}
reliability <- pair_rule_scores(survey, dimension_items$Reliability)
whole <- prepared(survey, quality(survey), "satisfaction")
repeated <- repeat_rows(survey)

# The published check: Holzinger and Swineford's tests 1 and 2, centred at their means, on test 9.
tests <- read.csv(file.path(reference_dir, "data", "holzinger.csv"))
golden <- data.frame(
  x = tests$x1 - mean(tests$x1), y = tests$x2 - mean(tests$x2), z = tests$x9
)

write_reference(
  list(
    quality = surface_of(complete(whole, c("x", "y", "z"))),
    reliability = surface_of(
      complete(prepared(survey, reliability, "loyalty"), c("x", "y", "z"))
    ),
    covariate = surface_of(complete(whole, c("x", "y", "z", "loyalty")), "loyalty"),
    clusters = surface_of(complete(whole, c("x", "y", "z")), cluster = "branch"),
    frequency = surface_of(
      complete(prepared(repeated, quality(repeated), "satisfaction"), c("x", "y", "z"))
    ),
    golden = c(surface_of(golden), list(covariance = cov(
      with(golden, cbind(x, y, x^2, x * y, y^2, z))
    )))
  ),
  "response_surface", "sandwich"
)
