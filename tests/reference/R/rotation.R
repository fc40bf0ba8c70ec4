# Rotations of given loadings as GPArotation, stats and psych do them, run to their end; congruence, rotation
# towards a target, and Schmid-Leiman of given patterns.
# Run from the repository root: Rscript tests/reference/R/rotation.R  (a quarter of a minute)
#
# The unrotated loadings are written beside the results, so that a comparison does not depend on extraction.
#
# The line search of GPFoblq and GPForth compares values of the criterion, which round at 1e-16 of their size, so it
# cannot go below a projected gradient of about 1e-8. Steps of fixed length follow, which need no comparison,
# until the gradient is below 1e-12; `moved` is how far they moved the loadings from R's own end at eps = 1e-10. Likewise psych's
# minimum residuals of the second-order factor go on by principal axes until nothing moves.

suppressPackageStartupMessages({
  library(psych)
  library(GPArotation)
})
source("tests/reference/R/common.R")
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(20261124)

# ---- rotation ------------------------------------------------------------------------------------

criterion_of <- function(method, arguments) {
  function(load) do.call(get(paste0("vgQ.", method), asNamespace("GPArotation")), c(list(load), arguments))
}
turned_by <- function(load, position, oblique) {
  if (oblique) load %*% t(solve(position)) else load %*% position
}
slope_at <- function(load, position, oblique, criterion) {
  rotated <- turned_by(load, position, oblique)
  slope <- criterion(rotated)$Gq
  if (oblique) {
    g <- -t(t(rotated) %*% slope %*% solve(position))
    g - position %*% diag(colSums(position * g))
  } else {
    g <- t(load) %*% slope
    m <- t(position) %*% g
    g - position %*% (m + t(m)) / 2
  }
}
stepped <- function(position, step, oblique) {
  moved <- position - step
  if (oblique) return(moved %*% diag(1 / sqrt(colSums(moved^2))))
  s <- svd(moved)
  s$u %*% t(s$v)
}
finish <- function(load, position, oblique, criterion) {
  length <- 1
  slope <- slope_at(load, position, oblique, criterion)
  for (step in 1:200000) {
    size <- sqrt(sum(slope^2))
    if (size < 1e-12) break
    trial <- stepped(position, length * slope, oblique)
    next_slope <- slope_at(load, trial, oblique, criterion)
    # Near a minimum the gradient shrinks with every step that is not too long.
    if (sqrt(sum(next_slope^2)) < size) {
      position <- trial
      slope <- next_slope
    } else {
      length <- length / 2
      if (length < 1e-6) break
    }
  }
  stopifnot(sqrt(sum(slope^2)) < 1e-11)
  position
}

# The best of many starts at R's usual tolerance, then to the end from there.
projected <- function(load, oblique, method, arguments, starts, kaiser) {
  weights <- if (kaiser) sqrt(rowSums(load^2)) else rep(1, nrow(load))
  scaled <- load / weights
  rotate <- if (oblique) GPFoblq else GPForth
  run <- function(start, eps, maxit) {
    suppressWarnings(rotate(scaled, Tmat = start, eps = eps, maxit = maxit, method = method, methodArgs = arguments))
  }
  value <- function(fit) unname(fit$Table[nrow(fit$Table), 2])
  k <- ncol(load)
  fits <- c(list(run(diag(k), 1e-5, 2000)), lapply(seq_len(starts), function(i) run(Random.Start(k), 1e-5, 2000)))
  values <- sapply(fits, value)
  theirs <- run(fits[[which.min(values)]]$Th, 1e-10, 500)
  criterion <- criterion_of(method, arguments)
  position <- finish(scaled, theirs$Th, oblique, criterion)
  rotated <- turned_by(scaled, position, oblique)
  list(
    loadings = rotated * weights, phi = if (oblique) crossprod(position) else diag(k), criterion = criterion(rotated)$f,
    criterion_first_start = values[1], moved = max(abs(unclass(theirs$loadings) - rotated))
  )
}

# stats::varimax stops on the relative growth of its criterion; GPArotation's gradient takes it to its end.
finished_varimax <- function(load, kaiser) {
  weights <- if (kaiser) sqrt(rowSums(load^2)) else rep(1, nrow(load))
  theirs <- varimax(load, normalize = kaiser, eps = 1e-15)
  position <- finish(load / weights, unclass(theirs$rotmat), FALSE, criterion_of("varimax", NULL))
  list(loadings = load %*% position, phi = diag(ncol(load)), rotmat = position,
    moved = max(abs(load %*% position - unclass(theirs$loadings))))
}

# psych's "promax" (kaiser(rotate = "Promax"), power 4) with the varimax inside run to its end.
finished_promax <- function(load, kaiser) {
  weights <- if (kaiser) sqrt(rowSums(load^2)) else rep(1, nrow(load))
  inner <- finished_varimax(load / weights, FALSE)
  x <- inner$loadings
  u <- lm.fit(x, x * abs(x)^3)$coefficients
  u <- u %*% diag(sqrt(diag(solve(crossprod(u)))))
  inverse <- solve(inner$rotmat %*% u)
  list(loadings = (x %*% u) * weights, phi = tcrossprod(inverse), moved = inner$moved)
}

# stats::promax applied to varimax(load): what factanal(rotation = "promax") does to its loadings.
stats_promax <- function(load) {
  inner <- finished_varimax(load, TRUE)
  pattern <- promax(inner$loadings)
  inverse <- solve(inner$rotmat %*% pattern$rotmat)
  list(loadings = unclass(pattern$loadings), phi = tcrossprod(inverse), moved = 0)
}

# psych::fac: signs by the column sums, order by the variance each factor accounts for.
arranged <- function(rotated) {
  k <- ncol(rotated$loadings)
  signs <- diag(ifelse(colSums(rotated$loadings) < 0, -1, 1), k)
  load <- unclass(rotated$loadings) %*% signs
  phi <- signs %*% rotated$phi %*% signs
  order <- order(diag(phi %*% crossprod(load)), decreasing = TRUE)
  c(
    list(loadings = unname(load[, order]), phi = unname(phi[order, order])),
    rotated[setdiff(names(rotated), c("loadings", "phi", "rotmat"))]
  )
}

all_rotations <- function(load) {
  p <- nrow(load)
  k <- ncol(load)
  families <- list(
    quartimax = list(FALSE, "quartimax", NULL, 10),
    equamax = list(FALSE, "cf", list(kappa = k / (2 * p)), 10),
    `geomin-orthogonal` = list(FALSE, "geomin", list(delta = .01), 40),
    oblimin = list(TRUE, "oblimin", list(gam = 0), 10),
    geomin = list(TRUE, "geomin", list(delta = .01), 40)
  )
  gradient <- function(kaiser, names) {
    lapply(families[names], function(f) arranged(projected(load, f[[1]], f[[2]], f[[3]], f[[4]], kaiser)))
  }
  list(
    default = c(
      list(varimax = arranged(finished_varimax(load, TRUE)), promax = arranged(finished_promax(load, TRUE))),
      gradient(FALSE, names(families))
    ),
    other = c(
      list(varimax = arranged(finished_varimax(load, FALSE)), promax = arranged(finished_promax(load, FALSE))),
      gradient(TRUE, c("oblimin", "quartimax"))
    ),
    stats_promax = arranged(stats_promax(load))
  )
}

# ---- towards a target, congruence ----------------------------------------------------------------

towards <- function(load, target) {
  orthogonal <- Procrustes(load, target)
  oblique <- target.rot(load, target)
  list(
    target = unname(target), congruence = unname(fa.congruence(load, target, digits = 16)),
    orthogonal = unname(orthogonal$loadings), orthogonal_rotation = unname(orthogonal$rotation),
    oblique = unname(unclass(oblique$loadings)), oblique_phi = unname(oblique$Phi)
  )
}

# ---- general factor ------------------------------------------------------------------------------

second_order_of <- function(phi, start) {
  if (ncol(phi) == 2) return(start)
  g <- start
  for (round in 1:100000) {
    reduced <- phi
    diag(reduced) <- g^2
    e <- eigen(reduced, symmetric = TRUE)
    moved <- abs(e$vectors[, 1]) * sqrt(e$values[1]) * sign(start)
    if (max(abs(moved - g)) < 1e-15) break
    g <- moved
  }
  stopifnot(max(abs(moved - g)) < 1e-13)
  g
}

# schmid and omega of a pattern and its Phi; then their formulas with the second-order loadings run to their end.
general <- function(pattern, phi) {
  rownames(pattern) <- paste0("V", seq_len(nrow(pattern)))
  k <- ncol(pattern)
  quiet <- function(x) suppressMessages(suppressWarnings(x))
  sl <- quiet(schmid(pattern, k, Phi = phi, two.ok = TRUE))
  raw <- quiet(omega(pattern, k, Phi = phi, plot = FALSE, flip = FALSE, two.ok = TRUE))
  r <- raw$R
  g <- second_order_of(phi, as.numeric(sl$gloading))
  sl_g <- as.vector(pattern %*% g)
  sl_groups <- sign(pattern) * sqrt(pmax(pattern^2 - (pattern %*% diag(g))^2, 0))
  u2 <- unname(sl$sl[, "u2"])
  squares <- colSums(cbind(sl_g, sl_groups)^2)
  sub <- apply(abs(sl_groups), 1, which.max)
  groups <- t(sapply(1:k, function(i) {
    own <- sub == i
    shares <- c(sum(sl_g[own])^2, sum(sl_groups[own, i])^2) / sum(r[own, own])
    c(sum(shares), shares)
  }))
  list(
    general = sl_g, groups = unname(sl_groups), second_order = g, u2 = u2, implied = unname(r),
    omega_hierarchical = sum(sl_g)^2 / sum(r), omega_limit = sum(sl_g)^2 / (sum(r) - sum(u2)),
    omega_total = 1 - sum(u2) / sum(r), ecv = unname(squares[1] / sum(squares)), by_group = unname(groups),
    psych = list(
      general = unname(sl$sl[, 1]), groups = unname(sl$sl[, 2:(k + 1)]), second_order = as.numeric(sl$gloading),
      omega_hierarchical = raw$omega_h, omega_limit = raw$omega.lim, omega_total = raw$omega.tot,
      ecv = unname(raw$ECV), by_group = unname(as.matrix(raw$omega.group))[-1, ]
    )
  )
}

# ---- the data ------------------------------------------------------------------------------------

unrotated <- function(data, k, fm) {
  f <- suppressMessages(suppressWarnings(fa(cor(data), k, n.obs = nrow(data), fm = fm, rotate = "none", warnings = FALSE)))
  unname(unclass(f$loadings))
}
belonging <- function(groups) unname(sapply(unique(groups), function(g) as.numeric(groups == g)))

samples <- list(
  holzinger = list(read_survey("holzinger"), 3, "ml", rep(1:3, each = 3)),
  bfi = list(read_survey("bfi"), 5, "minres", rep(1:5, each = 5)),
  perception = list(perception_items(read_survey("survey_complete")), 5, "ml", rep(1:5, c(4, 5, 4, 4, 5))),
  kiosk = list(read_survey("kiosk")[paste0("SAT", 1:24)], 6, "minres", rep(1:6, each = 4))
)
results <- lapply(samples, function(s) {
  load <- unrotated(s[[1]], s[[2]], s[[3]])
  rotated <- all_rotations(load)
  oblimin <- rotated$default$oblimin
  c(
    list(unrotated = load), rotated,
    list(towards = towards(load, belonging(s[[4]])), general = general(oblimin$loadings, oblimin$phi))
  )
})

# Two factors: the general loadings are set equal.
two <- unrotated(samples$holzinger[[1]][1:6], 2, "ml")
two_oblimin <- arranged(projected(two, TRUE, "oblimin", list(gam = 0), 5, FALSE))
results$two_factors <- list(
  unrotated = two, default = list(oblimin = two_oblimin), general = general(two_oblimin$loadings, two_oblimin$phi)
)

write_reference(results, "rotation", c("psych", "GPArotation"))
