# Polychoric correlations (two-step, lavaan), their standard errors and thresholds, rank correlations and smoothing.
# Run from the repository root: Rscript tests/reference/R/correlations.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages({
  library(lavaan)
  library(psych)
})

upper <- function(matrix) matrix[upper.tri(matrix)] # column by column

# With `standard errors` lavaan divides by n - 1 where the formula of the two-step estimator has n.
polychoric_of <- function(answers, se = TRUE) {
  items <- names(answers)
  out <- list(
    items = items,
    correlations = upper(unclass(lavCor(answers, ordered = items, output = "cor"))),
    thresholds = as.numeric(lavCor(answers, ordered = items, output = "th"))
  )
  if (se) {
    fit <- lavCor(answers, ordered = items, output = "fit", se = "standard")
    table <- parameterEstimates(fit)
    table <- table[table$op == "~~" & table$lhs != table$rhs, ]
    matrix <- matrix(NA_real_, length(items), length(items), dimnames = list(items, items))
    matrix[cbind(table$lhs, table$rhs)] <- table$se
    matrix[cbind(table$rhs, table$lhs)] <- table$se
    out$std_errors_lavaan <- upper(matrix)
    out$std_errors <- upper(matrix) * sqrt((nrow(answers) - 1) / nrow(answers))
  }
  out
}

holzinger <- read_survey("holzinger_ordinal")
mixed <- read_survey("mixed_categories")
complete <- read_survey("survey_complete")[paste0("P", 1:22)]
kiosk <- read_survey("kiosk")[paste0("SAT", 1:24)]
personality <- read_survey("bfi")
missing <- read_survey("survey")[paste0("P", 1:9)]

pairwise <- lavCor(missing, ordered = names(missing), missing = "pairwise", output = "cor")

# A two-by-two table with an empty cell: lavaan puts one half there and keeps the margins.
two_by_two <- data.frame(a = rep(c(1, 1, 2), c(40, 12, 30)), b = rep(c(1, 2, 2), c(40, 12, 30)))
# One half in every empty cell, thresholds from the items' own frequencies: psych::polychoric stops its search at about
# 1e-4, so the same likelihood is maximised here with a tighter tolerance.
filled <- function(answers) {
  pair <- function(x, y) {
    table <- unclass(table(x, y))
    table[table == 0] <- .5
    cuts <- function(v) c(-1e4, qnorm(cumsum(tabulate(v)) / length(v)))
    cx <- pmin(cuts(match(x, sort(unique(x)))), 1e4)
    cy <- pmin(cuts(match(y, sort(unique(y)))), 1e4)
    minus_loglik <- function(rho) {
      corner <- outer(cx, cy, function(a, b) pbivnorm::pbivnorm(a, b, rho))
      p <- corner[-1, -1] - corner[-1, -ncol(corner)] - corner[-nrow(corner), -1] + corner[-nrow(corner), -ncol(corner)]
      -sum(table * log(pmax(p, 1e-14)))
    }
    optimize(minus_loglik, c(-.999, .999), tol = 1e-10)$minimum
  }
  upper(sapply(answers, function(x) sapply(answers, function(y) pair(x, y))))
}

# A matrix of pairwise correlations that no data could give.
impossible <- matrix(c(1, .9, .2, -.6, .9, 1, .8, .1, .2, .8, 1, .7, -.6, .1, .7, 1), 4)

write_reference(list(
  holzinger_ordinal = polychoric_of(holzinger),
  mixed_categories = polychoric_of(mixed),
  survey_complete = polychoric_of(complete),
  kiosk = polychoric_of(kiosk),
  bfi = polychoric_of(personality),
  pairwise = list(correlations = upper(unclass(pairwise)), n = colSums(!is.na(missing))),
  two_by_two = list(
    correlation = unclass(lavCor(two_by_two, ordered = c("a", "b"), output = "cor"))[1, 2]
  ),
  empty_filled = list(items = names(mixed)[1:9], correlations = filled(mixed[1:9])),
  spearman = list(
    mixed_categories = upper(cor(mixed, method = "spearman")),
    pairwise = upper(cor(missing, method = "spearman", use = "pairwise.complete.obs")),
    p_value = cor.test(mixed$P1, mixed$P2, method = "spearman", exact = FALSE)$p.value
  ),
  pearson = {
    test <- cor.test(complete$P1, complete$P2)
    list(estimate = unname(test$estimate), statistic = unname(test$statistic), df = unname(test$parameter),
      p_value = test$p.value, conf_low = test$conf.int[1], conf_high = test$conf.int[2])
  },
  smoothing = list(matrix = impossible, smoothed = suppressWarnings(cor.smooth(impossible)))
), "correlations", c("lavaan", "psych"))
