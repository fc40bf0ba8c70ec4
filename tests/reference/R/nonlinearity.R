# Curved links: lm with a square, two slopes, or Harrell's spline basis from its formula; sandwich,
# clubSandwich, anova and AIC. Run from the repository root: Rscript tests/reference/R/nonlinearity.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages({
  library(sandwich)
  library(lmtest)
  library(clubSandwich)
})

# ---- the bends -----------------------------------------------------------------------------------

harrell <- list(
  `3` = c(0.10, 0.50, 0.90), `4` = c(0.05, 0.35, 0.65, 0.95), `5` = c(0.05, 0.275, 0.50, 0.725, 0.95)
)
spline_columns <- function(x, t) {
  k <- length(t)
  cube <- function(v) pmax(v, 0)^3
  sapply(seq_len(k - 2), function(j) {
    (cube(x - t[j]) - cube(x - t[k - 1]) * (t[k] - t[j]) / (t[k] - t[k - 1]) +
      cube(x - t[k]) * (t[k - 1] - t[j]) / (t[k] - t[k - 1])) / (t[k] - t[1])^2
  })
}
knots_of <- function(x, n_knots) unique(unname(quantile(x, harrell[[as.character(n_knots)]])))

bend_of <- function(x, form, knot, n_knots, weights) {
  if (form == "quadratic") {
    return(cbind((x - knot)^2))
  }
  if (form == "piecewise") {
    return(cbind(pmax(x - knot, 0)))
  }
  spline_columns(x, knots_of(x, n_knots))
}

# ---- the fits ------------------------------------------------------------------------------------

tested <- function(estimate, error, df) {
  statistic <- estimate / error
  reach <- qt(0.975, df) * error
  data.frame(
    estimate = estimate, std_error = error, statistic = statistic, df = df,
    p_value = 2 * pt(-abs(statistic), df), conf_low = estimate - reach, conf_high = estimate + reach
  )
}

curves_of <- function(scores, y, knot, n_knots = 4, extra = NULL, weights = NULL, cluster = NULL,
                      types = c("nonrobust", "HC3")) {
  weights <- if (is.null(weights)) rep(1, length(y)) else weights
  base <- as.matrix(scores) - knot
  if (!is.null(extra)) base <- cbind(base, as.matrix(extra))
  line <- lm(y ~ base, weights = weights)
  covariance_of <- function(fit, type) {
    if (!is.null(cluster)) {
      return(vcovCL(fit, cluster, type = "HC1"))
    }
    if (type == "nonrobust") vcov(fit) else vcovHC(fit, type)
  }
  by_type <- lapply(setNames(types, types), function(type) {
    rows <- list()
    slopes <- list()
    curves <- list()
    for (j in seq_along(scores)) {
      for (form in c("quadratic", "piecewise", "spline")) {
        bend <- bend_of(scores[[j]], form, knot, n_knots)
        fit <- lm(y ~ base + bend, weights = weights)
        v <- covariance_of(fit, type)
        b <- coef(fit)
        m <- ncol(bend)
        last <- tail(seq_along(b), m)
        df <- if (is.null(cluster)) fit$df.residual else length(unique(cluster)) - 1
        wald <- waldtest(line, fit, vcov = v)
        statistic <- drop(b[last] %*% solve(v[last, last], b[last])) / m
        stopifnot(abs(wald$F[2] / statistic - 1) < 1e-6)
        change <- anova(line, fit)
        rows[[length(rows) + 1]] <- data.frame(
          term = names(scores)[j], form = form, statistic = statistic, df = m, df_denominator = df,
          p_value = pf(statistic, m, df, lower.tail = FALSE), f_statistic = change$F[2],
          f_p_value = change$`Pr(>F)`[2], r_squared = summary(fit)$r.squared,
          delta_r_squared = summary(fit)$r.squared - summary(line)$r.squared,
          aic = AIC(fit), delta_aic = AIC(fit) - AIC(line)
        )
        own <- 1 + j
        contrasts <- list(
          quadratic = list(c(1, 0), c(0, 1)), piecewise = list(c(1, 0), c(1, 1), c(0, 1)), spline = NULL
        )[[form]]
        for (w in contrasts) {
          full <- rep(0, length(b))
          full[c(own, last[1])] <- w
          slopes[[length(slopes) + 1]] <- cbind(
            term = names(scores)[j], form = form,
            tested(sum(full * b), sqrt(drop(full %*% v %*% full)), df)
          )
        }
        # The curve at four points, the other variables at their means.
        x <- seq(min(scores[[j]]), max(scores[[j]]), length.out = 4)
        at <- bend_of(c(x, scores[[j]]), form, knot, n_knots)[seq_along(x), , drop = FALSE]
        if (form == "spline") at <- spline_columns(x, knots_of(scores[[j]], n_knots))
        means <- apply(base, 2, weighted.mean, weights)
        design <- cbind(1, matrix(means, length(x), ncol(base), byrow = TRUE), at)
        design[, own] <- x - knot
        height <- drop(design %*% b)
        reach <- qt(0.975, df) * sqrt(rowSums((design %*% v) * design))
        curves[[length(curves) + 1]] <- data.frame(
          term = names(scores)[j], form = form, x = x, estimate = height,
          conf_low = height - reach, conf_high = height + reach,
          linear = weighted.mean(y, weights) + coef(line)[own] * (x - knot - means[j])
        )
      }
    }
    tests <- do.call(rbind, rows)
    tests$p_adjusted <- ave(tests$p_value, tests$form, FUN = function(p) p.adjust(p, "holm"))
    list(tests = tests, slopes = do.call(rbind, slopes), curves = do.call(rbind, curves))
  })
  list(
    n = length(y), r_squared = summary(line)$r.squared, aic = AIC(line), by_covariance = by_type,
    knots = lapply(scores, knots_of, n_knots = n_knots)
  )
}

# Few clusters: CR2, Satterthwaite's degrees of freedom, and the AHT test of several coefficients.
with_cr2 <- function(scores, y, knot, cluster) {
  base <- as.matrix(scores) - knot
  rows <- list()
  slopes <- list()
  for (j in seq_along(scores)) {
    for (form in c("piecewise", "spline")) {
      bend <- bend_of(scores[[j]], form, knot, 4)
      fit <- lm(y ~ base + bend)
      v <- vcovCR(fit, cluster = cluster, type = "CR2")
      last <- tail(seq_along(coef(fit)), ncol(bend))
      test <- Wald_test(fit, constrain_zero(last), vcov = v, test = "HTZ")
      rows[[length(rows) + 1]] <- data.frame(
        term = names(scores)[j], form = form, statistic = test$Fstat, df = test$df_num,
        df_denominator = test$df_denom, p_value = test$p_val
      )
      if (form == "piecewise") {
        k <- length(coef(fit))
        w <- rbind(
          replace(rep(0, k), 1 + j, 1), replace(rep(0, k), c(1 + j, k), 1), replace(rep(0, k), k, 1)
        )
        found <- linear_contrast(fit, vcov = v, contrasts = w, test = "Satterthwaite")
        slopes[[length(slopes) + 1]] <- tested(found$Est, found$SE, found$df)
      }
    }
  }
  list(tests = do.call(rbind, rows), slopes = do.call(rbind, slopes))
}

# ---- the surveys ---------------------------------------------------------------------------------

scores_of <- function(survey, side) {
  scores <- if (side == "gap") {
    dimension_scores(survey)$gap
  } else {
    sapply(dimension_items, function(items) half_rule_mean(perception_items(survey, items)))
  }
  colnames(scores) <- tolower(dimension_names)
  as.data.frame(scores)
}
prepared <- function(survey, side, outcome = "satisfaction", also = NULL) {
  scores <- scores_of(survey, side)
  y <- outcome_score(survey, outcome)
  keep <- complete.cases(scores, y, also)
  list(
    scores = scores[keep, ], y = y[keep], branch = survey$branch[keep], office = survey$office[keep],
    weight = survey$weight[keep], also = also[keep]
  )
}

survey <- read_survey("survey")
gaps <- prepared(survey, "gap")
sides <- prepared(survey, "perception", "loyalty")
held <- prepared(survey, "gap", also = outcome_score(survey, "loyalty"))
often <- prepared(repeat_rows(survey), "gap")

write_reference(
  list(
    gap = curves_of(gaps$scores, gaps$y, 0),
    perception = curves_of(sides$scores, sides$y, 4),
    moved = curves_of(sides$scores, sides$y, 5, n_knots = 5),
    covariate = curves_of(held$scores, held$y, 0, n_knots = 3, extra = data.frame(loyalty = held$also)),
    clusters = curves_of(gaps$scores, gaps$y, 0, cluster = gaps$branch, types = "CR1"),
    small_clusters = with_cr2(gaps$scores, gaps$y, 0, gaps$office),
    frequency = curves_of(often$scores, often$y, 0),
    sampling = curves_of(gaps$scores, gaps$y, 0, weights = gaps$weight)
  ),
  "nonlinearity", c("sandwich", "lmtest", "clubSandwich")
)
