# Reference numbers for servqual.numerics: extraction, omega, least_squares, importance, and the
# quantiles of bootstrap.
#
# Run from the repository's root:  Rscript tests/reference/R/numerics_models.R
# Writes tests/reference/expected/numerics_models.json: means and covariances as inputs, no rows.
# Data: mtcars, attitude, swiss (R), bfi (psych), HolzingerSwineford1939 (lavaan).

suppressPackageStartupMessages({
  library(jsonlite)
  library(lavaan)
})

# ---- factor extraction -------------------------------------------------------------------------

# factanal's own objective on the uniquenesses, for a last polish: its optimiser stops near 1e-7.
ml_gradient <- function(log_psi, R, k) {
  psi <- exp(log_psi)
  e <- eigen(R / sqrt(psi %o% psi), symmetric = TRUE)
  rest <- seq.int(k + 1, ncol(R))
  as.vector(e$vectors[, rest, drop = FALSE]^2 %*% (1 - e$values[rest]))
}

# Newton steps by a numerical Jacobian on the uniquenesses that are not held at the lower bound.
polish <- function(psi, R, k, lower) {
  free <- psi > lower + 1e-9
  x <- log(psi)
  for (step in 1:20) {
    g <- ml_gradient(x, R, k)[free]
    if (max(abs(g)) < 1e-14) break
    J <- sapply(which(free), function(i) {
      h <- replace(numeric(length(x)), i, 1e-5)
      (ml_gradient(x + h, R, k)[free] - ml_gradient(x - h, R, k)[free]) / 2e-5
    })
    x[free] <- x[free] - solve(J, g)
  }
  exp(x)
}

extract <- function(R, k, n_obs, lower = 0.005) {
  fit <- factanal(
    covmat = list(cov = R, n.obs = n_obs), factors = k, rotation = "none",
    control = list(lower = lower, opt = list(factr = 10, pgtol = 0, maxit = 5000))
  )
  psi <- polish(fit$uniquenesses, R, k, lower)
  e <- eigen(R / sqrt(psi %o% psi), symmetric = TRUE)
  kept <- seq_len(k)
  loadings <- sqrt(psi) * sweep(e$vectors[, kept, drop = FALSE], 2, sqrt(e$values[kept] - 1), "*")
  list(
    correlation = unname(R), n_factors = k, n_obs = n_obs, lower = lower,
    factanal_uniquenesses = unname(fit$uniquenesses),
    factanal_loadings = unname(unclass(fit$loadings)[, kept, drop = FALSE]),
    factanal_discrepancy = unname(fit$criteria["objective"]), factanal_dof = fit$dof,
    polished_uniquenesses = unname(psi), polished_loadings = unname(loadings),
    polished_discrepancy = sum((e$values - log(e$values) - 1)[-kept])
  )
}

data(bfi, package = "psych")
bfi_a <- na.omit(bfi[, paste0("A", 1:5)])
bfi_a$A1 <- 7 - bfi_a$A1
hs <- HolzingerSwineford1939[, paste0("x", 1:9)]

extraction <- list(
  bfi_agreeableness = extract(cor(bfi_a), 1, nrow(bfi_a)),
  holzinger_one = extract(cor(hs), 1, nrow(hs)),
  holzinger_three = extract(cor(hs), 3, nrow(hs)),
  mtcars_two = extract(cor(mtcars), 2, nrow(mtcars)),
  mtcars_three = extract(cor(mtcars), 3, nrow(mtcars)),
  attitude_heywood = extract(cor(attitude), 3, nrow(attitude)),
  attitude_heywood_bound = extract(cor(attitude), 3, nrow(attitude), lower = 0.05)
)

# ---- omega -------------------------------------------------------------------------------------

omega_lavaan <- function(frame) {
  items <- names(frame)
  p <- length(items)
  l <- paste0("l", seq_len(p)); t <- paste0("t", seq_len(p))
  model <- paste0(
    "f =~ ", paste0(l, "*", items, collapse = " + "), "\n",
    paste0(items, " ~~ ", t, "*", items, collapse = "\n"), "\n",
    "omega := (", paste(l, collapse = "+"), ")^2 / ((", paste(l, collapse = "+"), ")^2 + ",
    paste(t, collapse = "+"), ")"
  )
  fit <- cfa(model, data = frame, std.lv = TRUE, estimator = "ML")
  # nlminb stops at about 1e-6 of the estimates. lavaan's own gradient and Hessian take it further:
  # a Newton step, and a fit that only evaluates there.
  for (step in 1:5) {
    table <- parTable(fit)
    free <- table$free > 0
    newton <- solve(lavInspect(fit, "hessian"), as.vector(lavInspect(fit, "gradient")))
    table$ustart[free] <- table$est[free] - newton[table$free[free]]
    table$start <- table$est <- table$se <- NULL
    fit <- lavaan(
      table, data = frame, estimator = "ML", optim.method = "none", optim.force.converged = TRUE
    )
  }
  stopifnot(max(abs(lavInspect(fit, "gradient"))) < 1e-10)
  est <- parameterEstimates(fit, level = 0.95)
  pick <- function(op, column) est[est$op == op, column]
  unique_rows <- est$op == "~~" & est$lhs != "f"
  list(
    covariance = unname(cov(frame)), n_obs = nrow(frame),
    loadings = pick("=~", "est"), loadings_se = pick("=~", "se"),
    uniquenesses = est[unique_rows, "est"], uniquenesses_se = est[unique_rows, "se"],
    vcov = unname(unclass(vcov(fit))[c(l, t), c(l, t)]),
    omega = pick(":=", "est"), omega_se = pick(":=", "se"),
    omega_low = pick(":=", "ci.lower"), omega_high = pick(":=", "ci.upper"),
    chisq = unname(fitMeasures(fit, "chisq"))
  )
}

omega <- list(
  bfi_agreeableness = omega_lavaan(bfi_a),
  holzinger_textual = omega_lavaan(hs[, c("x4", "x5", "x6")]),
  holzinger_six = omega_lavaan(hs[, paste0("x", 1:6)]),
  attitude = omega_lavaan(attitude)
)

# ---- least squares -----------------------------------------------------------------------------

regress <- function(formula, data, level = 0.95, weights = NULL) {
  variables <- all.vars(formula)
  frame <- data[, variables]
  rows <- if (is.null(weights)) seq_len(nrow(frame)) else rep(seq_len(nrow(frame)), weights)
  frame <- frame[rows, ]
  fit <- lm(formula, data = frame)
  s <- summary(fit)
  standard <- lm(formula, data = as.data.frame(scale(frame)))
  vif <- sapply(variables[-1], function(v) {
    others <- setdiff(variables[-1], v)
    if (!length(others)) return(1)
    1 / (1 - summary(lm(reformulate(others, v), data = frame))$r.squared)
  })
  ci <- confint(fit, level = level)
  f <- s$fstatistic
  list(
    variables = variables, mean = unname(colMeans(frame)), covariance = unname(cov(frame)),
    n_obs = nrow(frame), conf_level = level,
    coefficients = unname(coef(fit)), std_errors = unname(s$coefficients[, 2]),
    statistic = unname(s$coefficients[, 3]), p_value = unname(s$coefficients[, 4]),
    vcov = unname(vcov(fit)), conf_low = unname(ci[, 1]), conf_high = unname(ci[, 2]),
    df_residual = fit$df.residual, r_squared = s$r.squared, adj_r_squared = s$adj.r.squared,
    f_statistic = unname(f[1]),
    f_p_value = unname(pf(f[1], f[2], f[3], lower.tail = FALSE)), sigma = s$sigma,
    loglik = as.numeric(logLik(fit)), aic = AIC(fit), bic = BIC(fit),
    beta = unname(coef(standard)[-1]), vif = unname(vif)
  )
}

least_squares <- list(
  mtcars = regress(mpg ~ cyl + disp + hp + gear, mtcars),
  attitude = regress(rating ~ complaints + privileges + learning + raises + critical + advance,
                     attitude, level = 0.9),
  swiss = regress(Fertility ~ Agriculture + Examination + Education + Catholic + Infant.Mortality,
                  swiss, level = 0.99),
  simple = regress(mpg ~ wt, mtcars),
  repeated = regress(mpg ~ wt + hp, mtcars, weights = rep(1:4, 8))
)

# ---- relative importance -----------------------------------------------------------------------

importance_of <- function(formula, data) {
  variables <- all.vars(formula)
  frame <- data[, variables]
  outcome <- variables[1]
  predictors <- variables[-1]
  p <- length(predictors)
  r2 <- function(set) {
    if (!length(set)) return(0)
    summary(lm(reformulate(set, outcome), data = frame))$r.squared
  }
  lmg <- sapply(predictors, function(v) {
    others <- setdiff(predictors, v)
    total <- 0
    for (code in 0:(2^(p - 1) - 1)) {
      set <- others[bitwAnd(code, 2^(seq_along(others) - 1)) > 0]
      size <- length(set)
      total <- total + factorial(size) * factorial(p - size - 1) / factorial(p) *
        (r2(c(set, v)) - r2(set))
    }
    total
  })
  R <- cor(frame[, c(predictors, outcome)])
  rxx <- R[1:p, 1:p, drop = FALSE]
  rxy <- R[1:p, p + 1]
  # Johnson (2000) through the singular value decomposition of the standardised predictors.
  X <- scale(as.matrix(frame[, predictors])) / sqrt(nrow(frame) - 1)
  d <- svd(X)
  Z <- d$u %*% t(d$v)
  lambda <- t(d$v %*% diag(d$d, p) %*% t(d$v))
  y <- scale(frame[[outcome]]) / sqrt(nrow(frame) - 1)
  weights <- as.vector(lambda^2 %*% (crossprod(Z, y))^2)
  beta <- coef(lm(formula, data = as.data.frame(scale(frame))))[-1]
  list(
    predictors = predictors, outcome = outcome, correlation = unname(R), r_squared = r2(predictors),
    lmg = unname(lmg), relative_weights = weights, pratt = unname(beta * rxy),
    first = unname(sapply(predictors, r2)),
    last = unname(sapply(predictors, function(v) r2(predictors) - r2(setdiff(predictors, v))))
  )
}

importance <- list(
  attitude = importance_of(
    rating ~ complaints + privileges + learning + raises + critical + advance, attitude),
  swiss = importance_of(
    Fertility ~ Agriculture + Examination + Education + Catholic + Infant.Mortality, swiss),
  mtcars_four = importance_of(mpg ~ cyl + disp + hp + gear, mtcars),
  mtcars_five = importance_of(mpg ~ cyl + disp + hp + gear + wt, mtcars),
  mtcars_domir = importance_of(mpg ~ am + cyl + carb, mtcars),
  mtcars_all = importance_of(
    mpg ~ cyl + disp + hp + drat + wt + qsec + vs + am + gear + carb, mtcars)
)

# ---- quantiles of draws ------------------------------------------------------------------------

draws <- attitude$rating / 7
quantiles <- list(
  draws = draws,
  conf_95 = unname(quantile(draws, c(.025, .975), type = 7)),
  conf_90 = unname(quantile(draws, c(.05, .95), type = 7)),
  without_first_three = unname(quantile(draws[-(1:3)], c(.025, .975), type = 7))
)

# ---- write -------------------------------------------------------------------------------------

write_json(
  list(
    made_with = list(
      R = R.version.string, lavaan = as.character(packageVersion("lavaan")),
      psych = as.character(packageVersion("psych")),
      jsonlite = as.character(packageVersion("jsonlite"))
    ),
    extraction = extraction, omega = omega, least_squares = least_squares,
    importance = importance, quantiles = quantiles
  ),
  "tests/reference/expected/numerics_models.json",
  digits = NA, auto_unbox = TRUE, pretty = TRUE
)
