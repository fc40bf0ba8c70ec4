# Exploratory factor analyses as psych::fa does them, with its optimisers run to their end.
# Run from the repository root: Rscript tests/reference/R/efa.R  (a minute or two)
#
# psych stops early (optim at a relative change of 1e-8 of the objective, principal axes at .001,
# varimax and the gradient projection at 1e-5), so the extraction ends with Newton steps on psych's own
# gradient and the rotation at the limit of double precision. psych's raw communalities and chi-square stay
# beside the polished ones, as psych_communalities and psych_chi2.

suppressPackageStartupMessages({
  library(psych)
  library(GPArotation)
  library(lavaan)
  library(numDeriv)
})
source("tests/reference/R/common.R")
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(20261124)

# ---- extraction ----------------------------------------------------------------------------------

loadings_minres <- function(psi, r, k) {
  e <- eigen(r - diag(psi), symmetric = TRUE)
  e$vectors[, 1:k, drop = FALSE] %*% diag(sqrt(pmax(e$values[1:k], 0)), k)
}
loadings_ml <- function(psi, r, k) {
  scale <- diag(1 / sqrt(psi))
  e <- eigen(scale %*% r %*% scale, symmetric = TRUE)
  load <- e$vectors[, 1:k, drop = FALSE] %*% diag(sqrt(pmax(e$values[1:k] - 1, 0)), k)
  diag(sqrt(psi)) %*% load
}
# What both methods make zero: the diagonal of the residuals.
diagonal_residual <- function(psi, r, k, loadings_of) {
  diag(tcrossprod(loadings_of(psi, r, k)) + diag(psi) - r)
}

polish <- function(psi, r, k, loadings_of) {
  slope <- function(p) diagonal_residual(p, r, k, loadings_of)
  for (step in 1:30) {
    g <- slope(psi)
    if (max(abs(g)) < 1e-14) break
    moved <- psi - qr.solve(jacobian(slope, psi), g)
    if (any(moved <= .005) || max(abs(slope(moved))) >= max(abs(g))) break
    psi <- moved
  }
  stopifnot(max(abs(slope(psi))) < 1e-12)
  psi
}

extract <- function(r, k, fm) {
  loadings_of <- if (fm == "ml") loadings_ml else loadings_minres
  # The fixed point of principal axes is a stationary point of minres.
  raw <- suppressMessages(suppressWarnings(
    fa(r, k, n.obs = 1000, fm = fm, rotate = "none", max.iter = 5000, min.err = 1e-12, warnings = FALSE)
  ))
  psi <- polish(1 - raw$communality, r, k, loadings_of)
  load <- loadings_of(psi, r, k)
  load %*% diag(ifelse(colSums(load) < 0, -1, 1), k)
}

# ---- rotation ------------------------------------------------------------------------------------

# The best of many starts at the usual tolerance, then to the end from there.
projected <- function(load, oblique, criterion, arguments, starts = 5) {
  rotate <- if (oblique) GPFoblq else GPForth
  run <- function(start, eps, maxit) {
    suppressWarnings(rotate(load, Tmat = start, eps = eps, maxit = maxit, method = criterion, methodArgs = arguments))
  }
  value <- function(fit) fit$Table[nrow(fit$Table), 2]
  k <- ncol(load)
  fits <- c(list(run(diag(k), 1e-5, 2000)), lapply(1:starts, function(i) run(Random.Start(k), 1e-5, 2000)))
  best <- fits[[which.min(sapply(fits, value))]]
  last <- run(best$Th, 1e-11, 20000)
  list(loadings = last$loadings, phi = if (oblique) last$Phi, criterion = value(last),
    criterion_first_start = value(fits[[1]]))
}

rotations <- list(
  none = function(load) list(loadings = load),
  varimax = function(load) list(loadings = varimax(load, eps = 1e-15)$loadings),
  quartimax = function(load) projected(load, FALSE, "quartimax", NULL),
  promax = function(load) { # psych's "promax": kaiser(Promax), power 4, varimax inside run to its end
    h <- sqrt(rowSums(load^2))
    x <- varimax(load / h, eps = 1e-15)
    q <- x$loadings * abs(x$loadings)^3
    u <- lm.fit(x$loadings, q)$coefficients
    u <- u %*% diag(sqrt(diag(solve(crossprod(u)))))
    inverse <- solve(x$rotmat %*% u)
    list(loadings = (x$loadings %*% u) * h, phi = tcrossprod(inverse))
  },
  oblimin = function(load) projected(load, TRUE, "quartimin", NULL),
  geomin = function(load) projected(load, TRUE, "geomin", list(delta = .01))
)

# psych::fac: signs by the column sums, order by the variance each factor accounts for.
arranged <- function(rotated) {
  load <- unclass(rotated$loadings)
  k <- ncol(load)
  phi <- if (is.null(rotated$phi)) diag(k) else rotated$phi
  signs <- diag(ifelse(colSums(load) < 0, -1, 1), k)
  load <- load %*% signs
  phi <- signs %*% phi %*% signs
  order <- order(diag(phi %*% crossprod(load)), decreasing = TRUE)
  load <- load[, order, drop = FALSE]
  phi <- phi[order, order, drop = FALSE]
  explained <- diag(phi %*% crossprod(load))
  list(
    loadings = unname(load), phi = unname(phi), ss_loadings = explained,
    proportion = explained / nrow(load), cumulative = cumsum(explained / nrow(load)),
    criterion = rotated$criterion, criterion_first_start = rotated$criterion_first_start
  )
}

# ---- one analysis --------------------------------------------------------------------------------

fit_of <- function(r, load, n) {
  s <- suppressMessages(suppressWarnings(factor.stats(r, load, n.obs = n, alpha = .1)))
  list(
    objective = s$objective, chi2 = s$STATISTIC, df = s$dof, p_value = s$PVAL, chi2_null = s$null.chisq,
    df_null = s$null.dof, rmsea = unname(s$RMSEA[1]), rmsea_low = unname(s$RMSEA[2]),
    rmsea_high = unname(s$RMSEA[3]), tli = s$TLI, rmsr = s$rms, rmsr_corrected = s$crms, bic = s$BIC
  )
}

analyse <- function(r, n, k, plan) {
  lapply(names(plan), function(fm) {
    load <- extract(r, k, fm)
    raw <- suppressMessages(suppressWarnings(fa(r, k, n.obs = n, fm = fm, rotate = "none", warnings = FALSE)))
    names <- plan[[fm]]
    list(
      extraction = if (fm == "pa") "paf" else fm,
      communalities = rowSums(load^2),
      fit = fit_of(r, load, n),
      psych_communalities = unname(raw$communality),
      psych_chi2 = raw$STATISTIC,
      rotations = sapply(names, function(name) arranged(rotations[[name]](load)), simplify = FALSE)
    )
  })
}

adequacy_of <- function(r, n) {
  kmo <- KMO(r)
  bartlett <- cortest.bartlett(r, n)
  list(
    kmo = kmo$MSA, kmo_items = unname(kmo$MSAi), bartlett_chi2 = bartlett$chisq, bartlett_df = bartlett$df,
    bartlett_p = bartlett$p.value
  )
}

# Loadings rotated towards the dimensions, and their congruence with them.
towards <- function(load, target) {
  oblique <- target.rot(load, target)
  s <- svd(crossprod(load, target))
  orthogonal <- load %*% s$u %*% t(s$v)
  list(
    oblique = unname(unclass(oblique$loadings)), oblique_phi = unname(oblique$Phi),
    oblique_congruence = diag(factor.congruence(oblique$loadings, target, digits = 16)),
    orthogonal = unname(orthogonal),
    orthogonal_congruence = diag(factor.congruence(orthogonal, target, digits = 16))
  )
}

# ---- the data ------------------------------------------------------------------------------------

all_rotations <- names(rotations)
full <- list(minres = all_rotations, ml = c("oblimin", "geomin"), pa = c("varimax", "oblimin"))
short <- list(minres = "oblimin", ml = "oblimin")

holzinger <- read_survey("holzinger")
bfi_items <- read_survey("bfi")
complete <- read_survey("survey_complete")
perception <- perception_items(complete)
gap <- perception - expectation_items(complete)
kiosk <- read_survey("kiosk")
satisfaction <- as.matrix(kiosk[grep("^SAT", names(kiosk))])
mixed <- read_survey("mixed_categories")
mixed[] <- lapply(mixed, ordered)
polychoric <- unclass(lavCor(mixed, ordered = names(mixed), se = "none"))

# psych as it comes, with the stopping rules that published analyses have.
kiosk_psych <- suppressMessages(fa(cor(satisfaction), 6, n.obs = nrow(kiosk), fm = "pa", rotate = "none"))
kiosk_psych <- sort(colSums(varimax(unclass(kiosk_psych$loadings), eps = 1e-15)$loadings^2), decreasing = TRUE)

# A matrix whose first item wants a communality above one.
improper <- matrix(.3, 5, 5)
improper[1, ] <- improper[, 1] <- c(1, .8, .7, .6, .5)
diag(improper) <- 1
heywood_of <- function(fm) {
  f <- suppressMessages(suppressWarnings(fa(improper, 1, n.obs = 200, fm = fm, rotate = "none", warnings = FALSE)))
  unname(f$communality)
}

target <- sapply(dimension_items, function(items) as.numeric(1:22 %in% items))
perception_unrotated <- extract(cor(perception), 5, "minres")
perception_oblimin <- arranged(rotations$oblimin(perception_unrotated))

results <- list(
  holzinger = list(n = nrow(holzinger), n_factors = 3, adequacy = adequacy_of(cor(holzinger), nrow(holzinger)),
    analyses = analyse(cor(holzinger), nrow(holzinger), 3, full)),
  holzinger_one = list(n = nrow(holzinger), n_factors = 1,
    analyses = analyse(cor(holzinger), nrow(holzinger), 1, list(minres = "none", ml = "none"))),
  bfi = list(n = nrow(bfi_items), n_factors = 5, adequacy = adequacy_of(cor(bfi_items), nrow(bfi_items)),
    analyses = analyse(cor(bfi_items), nrow(bfi_items), 5, full)),
  perception = list(n = nrow(perception), n_factors = 5, adequacy = adequacy_of(cor(perception), nrow(perception)),
    analyses = analyse(cor(perception), nrow(perception), 5, full)),
  gap = list(n = nrow(gap), n_factors = 5, adequacy = adequacy_of(cor(gap), nrow(gap)),
    analyses = analyse(cor(gap), nrow(gap), 5, short)),
  kiosk = list(n = nrow(kiosk), n_factors = 6, adequacy = adequacy_of(cor(satisfaction), nrow(kiosk)),
    analyses = analyse(cor(satisfaction), nrow(kiosk), 6, list(minres = "oblimin", ml = "oblimin", pa = "varimax"))),
  polychoric = list(n = nrow(mixed), n_factors = 5, adequacy = adequacy_of(polychoric, nrow(mixed)),
    correlation = unname(polychoric), analyses = analyse(polychoric, nrow(mixed), 5, short)),
  kiosk_psych_ss_loadings = unname(kiosk_psych),
  heywood = list(minres = heywood_of("minres"), ml = heywood_of("ml")),
  congruence = c(
    list(matrix = factor.congruence(perception_oblimin$loadings, target, digits = 16)),
    towards(perception_unrotated, target)
  )
)
write_reference(results, "efa", c("psych", "GPArotation", "lavaan", "numDeriv"))
