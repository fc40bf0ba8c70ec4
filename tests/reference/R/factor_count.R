# How many factors: eigenvalues, random eigenvalues, partial correlations and the empirical Kaiser criterion.
# Run from the repository root: Rscript tests/reference/R/factor_count.R  (two minutes)
#
# psych and semTools have no MAP for m = 0, no fourth powers and no empirical Kaiser criterion with its floor; these
# come from the published formulas here, and what psych and semTools do have stands beside them.

suppressPackageStartupMessages({
  library(psych)
  library(semTools)
})
source("tests/reference/R/common.R")
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(20261124)
options(mc.cores = 1) # fa.parallel draws in child processes otherwise, whose seeds are not fixed

eigenvalues <- function(r) eigen(r, symmetric = TRUE, only.values = TRUE)$values
reduced <- function(r) {
  diag(r) <- 1 - 1 / diag(solve(r))
  r
}

# Velicer (1976); with the fourth power Velicer, Eaton and Fava (2000).
average_partial <- function(r, power) {
  p <- ncol(r)
  e <- eigen(r, symmetric = TRUE)
  load <- e$vectors %*% diag(sqrt(e$values))
  sapply(0:(p - 1), function(m) {
    rest <- if (m == 0) r else r - tcrossprod(load[, seq_len(m), drop = FALSE])
    partial <- cov2cor(rest)
    mean(abs(partial[row(partial) != col(partial)])^power)
  })
}

# Braeken and van Assen (2017), formula 2.
empirical_kaiser <- function(values, n) {
  p <- length(values)
  share <- (p - c(0, cumsum(values)[-p])) / (p - seq_len(p) + 1)
  without_floor <- share * (1 + sqrt(p / n))^2
  reference <- pmax(without_floor, 1)
  leading <- function(x) if (all(x)) length(x) else which(!x)[1] - 1
  list(
    reference = reference, n_factors = leading(values > reference),
    reference_without_floor = without_floor, n_factors_without_floor = leading(values > without_floor)
  )
}

quietly <- function(expression) {
  value <- NULL
  invisible(capture.output(value <- suppressWarnings(suppressMessages(expression))))
  value
}

describe <- function(x, n_iter = 200) {
  x <- as.matrix(x)
  r <- cor(x)
  n <- nrow(x)
  values <- eigenvalues(r)
  semtools <- quietly(efa.ekc(sample.cov = r, sample.nobs = n, plot = FALSE))
  list(
    n = n, eigenvalues = values, reduced_eigenvalues = eigenvalues(reduced(r)),
    map = average_partial(r, 2), map4 = average_partial(r, 4),
    psych_map = quietly(vss(r, n = min(8, ncol(r)), n.obs = n, plot = FALSE, fm = "pc"))$map,
    kaiser = sum(values > 1),
    ekc = empirical_kaiser(values, n),
    semtools_reference = semtools$Ref, semtools_n_factors = attr(semtools, "nfactors"),
    psych_components = quietly(fa.parallel(x, fa = "pc", n.iter = n_iter, plot = FALSE))$ncomp,
    psych_factors = quietly(fa.parallel(x, fa = "fa", SMC = TRUE, n.iter = n_iter, plot = FALSE))$nfact,
    psych_factors_minres = quietly(fa.parallel(x, fa = "fa", n.iter = n_iter, plot = FALSE))$nfact
  )
}

# Mean and 95th percentile of each random eigenvalue, with the standard errors of both: the percentile's is half the
# distance between the order statistics one binomial standard error to its left and right.
summarise <- function(draws) {
  b <- nrow(draws)
  reach <- sqrt(.95 * .05 / b)
  around <- apply(draws, 2, quantile, c(.95 - reach, .95 + reach))
  list(
    mean = colMeans(draws), mean_error = apply(draws, 2, sd) / sqrt(b),
    percentile = unname(apply(draws, 2, quantile, .95)),
    percentile_error = unname(around[2, ] - around[1, ]) / 2
  )
}

simulate <- function(n_draws, draw) {
  both <- lapply(seq_len(n_draws), function(i) {
    r <- draw()
    list(eigenvalues(r), eigenvalues(reduced(r)))
  })
  list(
    n_draws = n_draws, components = summarise(t(sapply(both, `[[`, 1))), factors = summarise(t(sapply(both, `[[`, 2)))
  )
}
normal <- function(n, p, n_draws) {
  c(list(n = n, p = p), simulate(n_draws, function() cor(matrix(rnorm(n * p), n))))
}
shuffled <- function(x, n_draws, correlate) {
  c(list(n = nrow(x), p = ncol(x)), simulate(n_draws, function() correlate(apply(x, 2, sample))))
}

complete <- read_survey("survey_complete")
perception <- perception_items(complete)
kiosk <- read_survey("kiosk")
ordinal <- as.matrix(read_survey("holzinger_ordinal"))
mixed <- as.matrix(read_survey("mixed_categories"))

results <- list(
  data = list(
    holzinger = describe(read_survey("holzinger")),
    bfi = describe(read_survey("bfi")),
    perception = describe(perception),
    gap = describe(perception - expectation_items(complete)),
    kiosk = describe(kiosk[grep("^SAT", names(kiosk))])
  ),
  normal = list(
    holzinger = normal(301, 9, 20000),
    survey = normal(200, 22, 20000),
    more_items_than_respondents = list(
      n = 15, p = 22,
      components = summarise(t(replicate(20000, eigenvalues(cor(matrix(rnorm(15 * 22), 15))))))
    )
  ),
  permutation = list(
    pearson = shuffled(mixed, 5000, cor),
    spearman = shuffled(mixed, 5000, function(x) cor(apply(x, 2, rank))),
    polychoric = shuffled(ordinal, 300, function(x) {
      quietly(polychoric(x, correct = 0, smooth = FALSE))$rho
    })
  )
)
write_reference(results, "factor_count", c("psych", "semTools"))
