# Extraction of factors, their fit and the sampling adequacy of the correlations, as psych, factanal and the
# published formulas have them. Run from the repository root: Rscript tests/reference/R/factor_extraction.R
#
# psych and factanal stop when the objective changes by less than about 1e-9 of itself. "polished" are the same
# solutions after Newton steps on the same equations, diag(LL' + Psi - R) = 0 for every uniqueness that is not at
# its bound; "psych" and "factanal" are what the packages gave.

suppressPackageStartupMessages({
  library(psych)
  library(numDeriv)
})
source("tests/reference/R/common.R")

lower <- 0.005

# ---- extraction ----------------------------------------------------------------------------------

loadings_minres <- function(psi, r, k) {
  e <- eigen(r - diag(psi), symmetric = TRUE)
  e$vectors[, 1:k, drop = FALSE] %*% diag(sqrt(pmax(e$values[1:k], 0)), k)
}
loadings_ml <- function(psi, r, k) {
  e <- eigen(r / sqrt(outer(psi, psi)), symmetric = TRUE)
  sqrt(psi) * (e$vectors[, 1:k, drop = FALSE] %*% diag(sqrt(pmax(e$values[1:k] - 1, 0)), k))
}

polish <- function(psi, r, k, loadings_of) {
  free <- psi > lower + 1e-6
  whole <- function(p) replace(ifelse(free, 0, lower), free, p)
  slope <- function(p) (rowSums(loadings_of(whole(p), r, k)^2) + whole(p) - diag(r))[free]
  p <- psi[free]
  for (step in 1:30) {
    g <- slope(p)
    moved <- p - qr.solve(jacobian(slope, p), g)
    if (any(moved <= lower) || max(abs(slope(moved))) >= max(abs(g))) break
    p <- moved
  }
  stopifnot(max(abs(slope(p))) < 1e-12)
  whole(p)
}

positive_sums <- function(load) load %*% diag(ifelse(colSums(load) < 0, -1, 1), ncol(load))

residual_correlations <- function(r, load) {
  residual <- r - tcrossprod(load)
  residual[row(r) != col(r)]
}

# ---- fit -----------------------------------------------------------------------------------------

# Steiger (1990): the non-centrality for which chi-square is the quantile; uniroot at its finest.
rmsea_limit <- function(chi2, df, n, share) {
  if (pchisq(chi2, df) <= share) return(0)
  root <- uniroot(function(x) pchisq(chi2, df, ncp = x) - share, c(0, 3 * chi2 + 100), tol = 1e-13)$root
  sqrt(root / df / (n - 1))
}

fit_of <- function(r, load, n) {
  s <- suppressMessages(suppressWarnings(factor.stats(r, load, n.obs = n, alpha = .1)))
  list(
    discrepancy = s$objective, chi2 = s$STATISTIC, df = s$dof, p_value = s$PVAL, chi2_null = s$null.chisq,
    df_null = s$null.dof, rmsea = sqrt(max(s$STATISTIC / s$dof - 1, 0) / (n - 1)),
    rmsea_low = rmsea_limit(s$STATISTIC, s$dof, n, .95), rmsea_high = rmsea_limit(s$STATISTIC, s$dof, n, .05),
    tli = s$TLI, rmsr = s$rms, rmsr_corrected = s$crms, bic = s$BIC, psych_rmsea = unname(s$RMSEA[1]),
    psych_rmsea_low = unname(s$RMSEA[2]), psych_rmsea_high = unname(s$RMSEA[3])
  )
}

# ---- one data set --------------------------------------------------------------------------------

psych_extraction <- function(r, n, k, fm) {
  # psych's own rule for principal axes, a change of .001 in the sum of communalities, is not a solution yet.
  suppressMessages(suppressWarnings(fa(r, k,
    n.obs = n, fm = fm, rotate = "none", max.iter = 20000, min.err = 1e-12, warnings = FALSE
  )))
}

method_of <- function(r, n, k, fm) {
  loadings_of <- if (fm == "ml") loadings_ml else loadings_minres
  raw <- psych_extraction(r, n, k, fm)
  # psych::fa gives 1 - h^2 as the uniqueness, which a Heywood case does not hold to.
  psi <- polish(pmax(1 - unname(raw$communality), lower), r, k, loadings_of)
  load <- positive_sums(loadings_of(psi, r, k))
  list(
    uniquenesses = psi, loadings = load,
    sum_of_squares = sum(residual_correlations(r, load)^2),
    fit = fit_of(r, load, n),
    psych_communalities = unname(raw$communality), psych_chi2 = raw$STATISTIC, psych_rmsr = raw$rms
  )
}

# The strictest stopping rule at which optim does not give up.
factanal_of <- function(r, n, k) {
  f <- NULL
  for (factr in 10^(0:6)) {
    f <- tryCatch(
      factanal(covmat = r, factors = k, n.obs = n, rotation = "none",
        control = list(lower = lower, opt = list(maxit = 10000, factr = factr))),
      error = function(e) NULL
    )
    if (!is.null(f)) break
  }
  list(
    uniquenesses = unname(f$uniquenesses), discrepancy = unname(f$criteria["objective"]), df = f$dof,
    chi2 = unname(f$STATISTIC), p_value = unname(f$PVAL)
  )
}

adequacy_of <- function(r, n) {
  kmo <- KMO(r)
  bartlett <- cortest.bartlett(r, n)
  list(
    kmo = kmo$MSA, kmo_items = unname(kmo$MSAi), bartlett_chi2 = bartlett$chisq, bartlett_df = bartlett$df,
    bartlett_p = bartlett$p.value
  )
}

analyse <- function(data, k) {
  r <- unname(cor(data))
  n <- nrow(data)
  list(
    n_obs = n, n_factors = k, adequacy = adequacy_of(r, n),
    ml = method_of(r, n, k, "ml"), minres = method_of(r, n, k, "minres"), paf = method_of(r, n, k, "pa"),
    factanal = factanal_of(r, n, k)
  )
}

# ---- the data ------------------------------------------------------------------------------------

kiosk <- read_survey("kiosk")
side <- function(name) as.matrix(kiosk[paste0(name, 1:24)])

results <- list(
  holzinger = analyse(as.matrix(read_survey("holzinger")), 3),
  bfi = analyse(as.matrix(read_survey("bfi")), 5),
  perception = analyse(perception_items(read_survey("survey_complete")), 5),
  kiosk_perception = analyse(side("P"), 6),
  kiosk_satisfaction = analyse(side("SAT"), 6),
  mixed_categories = analyse(as.matrix(read_survey("mixed_categories")), 5)
)
write_reference(results, "factor_extraction", c("psych", "numDeriv"))
