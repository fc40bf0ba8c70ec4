# Omega hierarchical, omega total and ECV by Schmid-Leiman as psych::omega computes them, average split halves, and
# ordinal alpha. Run from the repository root: Rscript tests/reference/R/reliability_hierarchical.R
#
# psych stops its extraction and its rotation early, which leaves omega right to three or four digits. Its formulas are
# applied here to solutions that were run to their end; `psych` keeps its own numbers.

suppressPackageStartupMessages({
  library(psych)
  library(GPArotation)
  library(lavaan)
  library(numDeriv)
})
source("tests/reference/R/common.R")

loadings_of <- function(unique, r, k) {
  e <- eigen(r - diag(unique), symmetric = TRUE)
  e$vectors[, 1:k, drop = FALSE] %*% diag(sqrt(pmax(e$values[1:k], 0)), k)
}

# Minimum residuals: Newton steps on the diagonal of the residuals, from psych's solution.
minres <- function(r, k) {
  raw <- suppressMessages(suppressWarnings(fa(r, k, n.obs = 1000, fm = "minres", rotate = "none", warnings = FALSE)))
  unique <- 1 - raw$communality
  off <- function(u) diag(tcrossprod(loadings_of(u, r, k)) + diag(u) - r)
  for (step in 1:30) {
    if (max(abs(off(unique))) < 1e-14) break
    unique <- unique - qr.solve(jacobian(off, unique), off(unique))
  }
  stopifnot(max(abs(off(unique))) < 1e-12, all(unique > .005))
  loadings_of(unique, r, k)
}

hierarchical <- function(r, k) {
  load <- minres(r, k)
  rotated <- suppressWarnings(oblimin(load, eps = 1e-10, maxit = 20000))
  pattern <- unclass(rotated$loadings)
  phi <- rotated$Phi
  signs <- diag(ifelse(colSums(pattern) < 0, -1, 1), k)
  pattern <- pattern %*% signs
  phi <- signs %*% phi %*% signs
  second <- if (k > 2) drop(minres(phi, 1)) else rep(sqrt(phi[1, 2]), 2)
  if (sum(second) < 0) second <- -second
  general <- drop(pattern %*% second)
  groups <- pattern %*% diag(sqrt(1 - second^2))
  unique <- 1 - rowSums(load^2)
  total <- sum(r)
  # Omega of the sums of the items that load highest on each group factor, as in psych's omega.group.
  member <- apply(abs(groups), 1, which.max)
  shares <- lapply(sort(unique(member)), function(g) {
    own <- which(member == g)
    list(items = own, general = sum(general[own])^2 / sum(r[own, own]),
      group = sum(groups[own, g])^2 / sum(r[own, own]))
  })
  raw <- suppressMessages(suppressWarnings(omega(r, k, fm = "minres", rotate = "oblimin", flip = FALSE, plot = FALSE,
    n.obs = 1000)))
  list(
    omega_total = (total - sum(unique)) / total,
    omega_hierarchical = sum(general)^2 / total,
    omega_limit = sum(general)^2 / (total - sum(unique)),
    ecv = sum(general^2) / (sum(general^2) + sum(groups^2)),
    second_order = sort(second),
    general = general,
    shares = shares,
    psych = list(omega_total = raw$omega.tot, omega_hierarchical = raw$omega_h, omega_limit = raw$omega.lim,
      ecv = unname(raw$ECV), general = unname(raw$schmid$sl[, "g"]))
  )
}

# The mean of 4 C / V over all splits of standardised items; for an odd number psych's loop sees only half of them.
average_split <- function(answers) {
  r <- cor(answers)
  n <- ncol(r)
  values <- apply(combn(n, n %/% 2), 2, function(own) 4 * sum(r[own, -own]) / sum(r))
  raw <- suppressMessages(suppressWarnings(splitHalf(as.matrix(answers), check.keys = FALSE)))
  list(mean = mean(values), psych = raw$meanr, minimum = min(values), maximum = max(values), psych_minimum = raw$minrb,
    psych_maximum = raw$maxrb)
}

# The same for all 22 items: too many splits for psych's loop, few enough for one matrix product.
every_split <- function(r) {
  n <- ncol(r)
  signs <- matrix(-1, n, choose(n - 1, n / 2 - 1))
  others <- combn(2:n, n / 2 - 1)
  signs[cbind(c(others), rep(seq_len(ncol(others)), each = nrow(others)))] <- 1
  signs[1, ] <- 1
  values <- 1 - colSums((r %*% signs) * signs) / sum(r)
  list(mean = mean(values), minimum = min(values), maximum = max(values))
}

polychoric_of <- function(answers) {
  matrix(unclass(lavCor(answers, ordered = names(answers), output = "cor")), ncol(answers))
}

ordinal <- function(answers) {
  r <- polychoric_of(answers)
  a <- suppressMessages(suppressWarnings(psych::alpha(r, check.keys = FALSE)))
  one <- factanal(covmat = r, factors = 1, control = list(opt = list(factr = 1, pgtol = 0, maxit = 10000)))
  sum_loadings <- sum(one$loadings)^2
  list(alpha = a$total$raw_alpha, omega = sum_loadings / (sum_loadings + sum(one$uniquenesses)))
}

complete <- read_survey("survey_complete")[paste0("P", 1:22)]
kiosk <- read_survey("kiosk")[paste0("SAT", 1:24)]
personality <- read_survey("bfi")
negative <- c("A1", "C4", "C5", "E1", "E2", "O2", "O5")
personality[negative] <- 7 - personality[negative]
holzinger <- read_survey("holzinger")
mixed <- read_survey("mixed_categories")

write_reference(list(
  hierarchical = list(
    survey_complete = hierarchical(cor(complete), 5),
    survey_complete_polychoric = hierarchical(polychoric_of(complete), 5),
    kiosk = hierarchical(cor(kiosk), 6),
    kiosk_eight = hierarchical(cor(kiosk), 8),
    bfi = hierarchical(cor(personality), 5),
    holzinger = hierarchical(cor(holzinger), 3),
    holzinger_two = hierarchical(cor(holzinger[1:6]), 2)
  ),
  split_half = lapply(dimension_items, function(items) average_split(complete[items])),
  split_half_holzinger = average_split(holzinger),
  split_half_twelve = average_split(complete[1:12]),
  split_half_all = every_split(cor(complete)),
  ordinal = lapply(dimension_items, function(items) ordinal(complete[items])),
  ordinal_mixed = ordinal(mixed)
), "reliability_hierarchical", c("psych", "GPArotation", "lavaan"))
