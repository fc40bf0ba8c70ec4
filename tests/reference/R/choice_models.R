# Ordered logit and probit and binary logit of single answers on the dimension gaps: coefficients,
# every covariance, fit, average marginal effects, tests of parallel lines.
# Writes expected/choice_models.json. Run from the repository root:
# Rscript tests/reference/R/choice_models.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages({
  library(MASS)
  library(ordinal)
  library(sandwich)
  library(survey)
  library(numDeriv)
})

z_limits <- qnorm(0.5 + conf_level / 2)

gap_frame <- function(survey, answer) {
  x <- dimension_scores(survey)$gap
  frame <- data.frame(survey[c("id", "branch", "office", "weight", "freq")], x, y = answer)
  frame[complete.cases(frame), ]
}

# --- the likelihood, for polishing and for checks ----------------------------------------------

distribution <- list(logistic = plogis, probit = pnorm)
density <- list(logistic = dlogis, probit = dnorm)
slope <- list(logistic = function(x) dlogis(x) * (1 - 2 * plogis(x)), probit = function(x) -x * dnorm(x))

# Log-likelihood, row gradients and Hessian of a cumulative model; parameters are b, then tau.
cumulative <- function(parameters, y, x, method, w) {
  p <- ncol(x)
  cuts <- max(y) - 1
  eta <- drop(x %*% parameters[seq_len(p)])
  tau <- parameters[p + seq_len(cuts)]
  above <- y <= cuts
  below <- y >= 2
  u <- ifelse(above, tau[pmin(y, cuts)] - eta, Inf)
  l <- ifelse(below, tau[pmax(y - 1, 1)] - eta, -Inf)
  f <- density[[method]]
  f1 <- function(v) ifelse(is.finite(v), slope[[method]](ifelse(is.finite(v), v, 0)), 0)
  mirror <- l > 0
  prob <- ifelse(mirror, distribution[[method]](-l) - distribution[[method]](-u),
    distribution[[method]](u) - distribution[[method]](l))
  au <- al <- matrix(0, length(y), p + cuts)
  au[above, seq_len(p)] <- -x[above, ]
  al[below, seq_len(p)] <- -x[below, ]
  au[cbind(which(above), p + y[above])] <- 1
  al[cbind(which(below), p + y[below] - 1)] <- 1
  g <- (f(u) * au - f(l) * al) / prob
  hessian <- crossprod(au, w * f1(u) / prob * au) - crossprod(al, w * f1(l) / prob * al) -
    crossprod(g, w * g)
  list(loglik = sum(w * log(prob)), scores = g, hessian = hessian)
}

# polr stops at a relative change of 1e-8: Newton steps until the gradient is rounding.
polish <- function(start, y, x, method, w) {
  for (step in 1:20) {
    state <- cumulative(start, y, x, method, w)
    start <- start - drop(solve(state$hessian, colSums(w * state$scores)))
  }
  state <- cumulative(start, y, x, method, w)
  stopifnot(max(abs(solve(state$hessian, colSums(w * state$scores)))) < 1e-12)
  c(list(parameters = start, vcov = solve(-state$hessian)), state)
}

# --- tables ------------------------------------------------------------------------------------

inference <- function(estimate, errors) {
  statistic <- estimate / errors
  data.frame(
    estimate = unname(estimate), std_error = unname(errors), statistic = unname(statistic),
    p_value = unname(2 * pnorm(-abs(statistic))),
    conf_low = unname(estimate - z_limits * errors), conf_high = unname(estimate + z_limits * errors)
  )
}

parameter_rows <- function(parameters, covariances) {
  do.call(rbind, lapply(names(covariances), function(name) {
    cbind(covariance = name, term = names(parameters),
      inference(parameters, sqrt(diag(covariances[[name]]))))
  }))
}

wald_rows <- function(parameters, covariances, slopes) {
  do.call(rbind, lapply(names(covariances), function(name) {
    b <- parameters[slopes]
    v <- covariances[[name]][slopes, slopes]
    row <- data.frame(covariance = name, chi_squared = NA_real_, p_value = NA_real_)
    if (rcond(v) > 1e-12) {
      row$chi_squared <- drop(b %*% solve(v, b))
      row$p_value <- pchisq(row$chi_squared, length(b), lower.tail = FALSE)
    }
    row
  }))
}

fit_summary <- function(loglik, null, n, slopes, parameters) {
  lr <- 2 * (loglik - null)
  list(
    n = n, loglik = loglik, null_loglik = null, aic = -2 * loglik + 2 * parameters,
    bic = -2 * loglik + log(n) * parameters, lr_statistic = lr,
    lr_p_value = pchisq(lr, slopes, lower.tail = FALSE), mcfadden = 1 - loglik / null,
    cox_snell = 1 - exp(-lr / n), nagelkerke = (1 - exp(-lr / n)) / (1 - exp(2 * null / n))
  )
}

# --- average marginal effects: numerical derivatives of averaged predictions ----------------------

# Derivatives of derivatives: steps of numDeriv's own size would leave five digits.
steps <- list(eps = 0.02, d = 0.02)

# Average over respondents of the derivatives of sum_k value_k P(Y = k) by each predictor, for every
# column of values; one row per predictor.
average_effects <- function(parameters, values, x, method, w) {
  p <- ncol(x)
  tau <- parameters[p + seq_len(length(parameters) - p)]
  eta <- drop(x %*% parameters[seq_len(p)])
  predicted <- function(eta) {
    below <- cbind(0, distribution[[method]](outer(-eta, tau, "+")), 1)
    probability <- below[, -1] - below[, -ncol(below)]
    drop(w %*% probability %*% values) / sum(w)
  }
  # a predictor that rises by h moves the linear predictor by h times its coefficient
  t(sapply(seq_len(p), function(j) {
    drop(jacobian(function(h) predicted(eta + h * parameters[j]), 0, method.args = steps))
  }))
}

effect_rows <- function(parameters, v, answers, x, method, w) {
  levels <- length(answers)
  values <- diag(levels)
  names <- as.character(answers)
  if (levels == 2) {
    values <- values[, 2, drop = FALSE]
    names <- names[2]
  } else {
    values <- cbind(values, answers, as.numeric(seq_len(levels) >= levels - 1))
    names <- c(names, "mean answer", "top two")
  }
  effect <- function(parameters) as.vector(average_effects(parameters, values, x, method, w))
  if (ncol(values) == 1) {
    effect <- function(parameters) as.vector(t(average_effects(parameters, values, x, method, w)))
  }
  jacobian <- jacobian(effect, parameters, method.args = steps)
  cbind(
    term = rep(colnames(x), length(names)), outcome_level = rep(names, each = ncol(x)),
    inference(effect(parameters), sqrt(diag(jacobian %*% v %*% t(jacobian))))
  )
}

# --- parallel lines --------------------------------------------------------------------------------

# glm stops at a relative change of the deviance, that is with half of the digits of its coefficients:
# Newton steps from there. Gives coefficients, fitted shares and the covariance of the coefficients.
binary_fit <- function(z, design, w) {
  fit <- glm.fit(design, z, w, family = binomial(), control = list(epsilon = 1e-12, maxit = 100))
  stopifnot(fit$converged)
  b <- fit$coefficients
  for (step in 1:5) {
    share <- plogis(drop(design %*% b))
    b <- b + drop(solve(crossprod(design, w * share * (1 - share) * design), crossprod(design, w * (z - share))))
  }
  share <- plogis(drop(design %*% b))
  stopifnot(all.equal(unname(fit$coefficients), unname(b), tolerance = 1e-5))
  list(coefficients = b, share = share, vcov = solve(crossprod(design, w * share * (1 - share) * design)))
}

# Brant (1990): separate binary logits of Y > k, the covariance of their slopes, and Wald's test that
# they are equal. Cuts are those at which glm has a maximum.
brant <- function(y, x, w, cuts = seq_len(max(y) - 1)) {
  design <- cbind(1, x)
  fits <- lapply(cuts, function(k) binary_fit(as.numeric(y > k), design, w))
  p <- ncol(x)
  size <- length(cuts)
  b <- unlist(lapply(fits, function(fit) fit$coefficients[-1]))
  v <- matrix(0, p * size, p * size)
  for (k in seq_len(size)) {
    for (m in k:size) {
      weight <- w * (fits[[m]]$share - fits[[k]]$share * fits[[m]]$share)
      block <- (fits[[k]]$vcov %*% crossprod(design, weight * design) %*% fits[[m]]$vcov)[-1, -1]
      rows <- (k - 1) * p + seq_len(p)
      columns <- (m - 1) * p + seq_len(p)
      v[rows, columns] <- block
      v[columns, rows] <- t(block)
    }
  }
  wald <- function(predictors) {
    contrast <- do.call(rbind, lapply(seq_len(size - 1), function(k) {
      t(sapply(predictors, function(j) {
        row <- numeric(p * size)
        row[j] <- 1
        row[k * p + j] <- -1
        row
      }))
    }))
    difference <- drop(contrast %*% b)
    statistic <- drop(difference %*% solve(contrast %*% v %*% t(contrast), difference))
    c(statistic, nrow(contrast))
  }
  tests <- rbind(wald(seq_len(p)), t(sapply(seq_len(p), wald)))
  data.frame(
    term = c("all", colnames(x)), statistic = tests[, 1], df = tests[, 2],
    p_value = pchisq(tests[, 1], tests[, 2], lower.tail = FALSE)
  )
}

# An independent property: under parallel lines the statistic is chi-squared, so over simulated
# samples its mean is its degrees of freedom, and 5% of p-values are below .05.
check_brant <- function(samples = 1000, n = 600) {
  set.seed(1)
  tests <- replicate(samples, {
    x <- cbind(a = rnorm(n), b = rnorm(n))
    y <- findInterval(drop(x %*% c(1, -0.5)) + rlogis(n), c(-1.5, 0, 1.5)) + 1
    found <- brant(y, x, rep(1, n))
    c(found$statistic[1], found$p_value[1])
  })
  stopifnot(abs(mean(tests[1, ]) - 4) < 4 * sqrt(8 / samples))
  stopifnot(abs(mean(tests[2, ] < 0.05) - 0.05) < 4 * sqrt(0.05 * 0.95 / samples))
}

# What ordinal::nominal_test does, which itself looks for its data in the wrong place when the model
# was made inside a function.
nominal_rows <- function(fit, formula, frame, link) {
  rows <- lapply(dimension_names, function(name) {
    larger <- clm(formula, nominal = reformulate(name), data = frame, weights = frame$w, link = link,
      control = tight)
    stopifnot(larger$convergence$code == 0)
    lr <- 2 * as.numeric(logLik(larger) - logLik(fit))
    df <- larger$edf - fit$edf
    data.frame(term = name, statistic = lr, df = df, p_value = pchisq(lr, df, lower.tail = FALSE))
  })
  do.call(rbind, rows)
}

check_nominal <- function() {
  fit <- clm(rating ~ temp + contact, data = wine)
  larger <- clm(rating ~ contact, nominal = ~temp, data = wine)
  stopifnot(all.equal(nominal_test(fit)["temp", "LRT"], 2 * as.numeric(logLik(larger) - logLik(fit))))
}

tight <- clm.control(gradTol = 1e-10, relTol = 1e-12, maxIter = 200L)

# --- ordered models ---------------------------------------------------------------------------------

ordered_result <- function(frame, method, w = rep(1, nrow(frame)), plain = TRUE, brant_cuts = NULL) {
  x <- as.matrix(frame[dimension_names])
  answers <- sort(unique(frame$y))
  frame$answer <- factor(frame$y, levels = answers, ordered = TRUE)
  frame$w <- w
  y <- as.integer(frame$answer)
  formula <- reformulate(dimension_names, "answer")
  by_polr <- polr(formula, frame, weights = w, method = method, Hess = TRUE)
  found <- polish(c(coef(by_polr), by_polr$zeta), y, x, method, w)
  names(found$parameters) <- names(c(coef(by_polr), by_polr$zeta))
  link <- if (method == "logistic") "logit" else "probit"
  by_clm <- clm(formula, data = frame, weights = frame$w, link = link,
    control = tight)
  # polished, polr and clm are one: clm orders thresholds first
  order <- c(length(answers) - 1 + seq_len(5), seq_len(length(answers) - 1))
  stopifnot(all.equal(unname(coef(by_clm)[order]), unname(found$parameters), tolerance = 1e-9))
  stopifnot(all.equal(unname(vcov(by_clm)[order, order]), unname(found$vcov), tolerance = 1e-6))
  stopifnot(all.equal(unname(c(coef(by_polr), by_polr$zeta)), unname(found$parameters), tolerance = 1e-3))
  n <- sum(w)
  size <- length(found$parameters)
  covariances <- list(nonrobust = found$vcov)
  if (plain) {
    # sandwich on the polished estimates, then held against sandwich on polr's own
    scores <- found$scores
    sandwich_of <- function(scores) found$vcov %*% crossprod(scores) %*% found$vcov
    by_group <- function(group) rowsum(scores, group)
    covariances$HC0 <- sandwich_of(scores)
    covariances$HC1 <- covariances$HC0 * n / (n - size)
    for (cluster in c("branch", "office")) {
      groups <- length(unique(frame[[cluster]]))
      covariances[[paste("CR1", cluster)]] <- sandwich_of(by_group(frame[[cluster]])) *
        groups / (groups - 1) * (n - 1) / (n - size)
      by_sandwich <- vcovCL(by_clm, cluster = frame[[cluster]], type = "HC1")[order, order]
      stopifnot(all.equal(unname(by_sandwich), unname(covariances[[paste("CR1", cluster)]]),
        tolerance = 1e-6))
    }
    stopifnot(all.equal(unname(sandwich(by_clm)[order, order]), unname(covariances$HC0), tolerance = 1e-6))
  }
  shares <- tapply(w, y, sum) / n
  spread <- cov.wt(x, w, method = "ML")$cov * n / (n - 1)
  b <- found$parameters[seq_len(5)]
  noise <- if (method == "logistic") pi^2 / 3 else 1
  list(
    method = method, answers = answers,
    parameters = parameter_rows(found$parameters, covariances),
    wald = wald_rows(found$parameters, covariances, seq_len(5)),
    beta = unname(b * sqrt(diag(spread)) / sqrt(drop(b %*% spread %*% b) + noise)),
    fit = fit_summary(found$loglik, n * sum(shares * log(shares)), n, 5, size),
    marginal_effects = effect_rows(found$parameters, found$vcov, answers, x, method, w),
    nominal = nominal_rows(by_clm, formula, frame, link),
    brant = if (method == "logistic") {
      brant(y, x, w, if (is.null(brant_cuts)) seq_len(max(y) - 1) else brant_cuts)
    }
  )
}

# Sampling weights: pseudo-likelihood and svyrecvar, as survey::svyolr on polished estimates.
sampling_result <- function(frame, method) {
  x <- as.matrix(frame[dimension_names])
  answers <- sort(unique(frame$y))
  frame$answer <- factor(frame$y, levels = answers, ordered = TRUE)
  y <- as.integer(frame$answer)
  w <- frame$weight
  design <- svydesign(ids = ~1, weights = ~weight, data = frame)
  by_survey <- svyolr(reformulate(dimension_names, "answer"), design, method = method)
  found <- polish(c(by_survey$coefficients, by_survey$zeta), y, x, method, w)
  names(found$parameters) <- names(c(by_survey$coefficients, by_survey$zeta))
  v <- svyrecvar(found$scores * w, design$cluster, design$strata, design$fpc)
  v <- found$vcov %*% v %*% found$vcov
  stopifnot(all.equal(unname(by_survey$var), unname(v), tolerance = 1e-3))
  n <- nrow(frame)
  hc0 <- found$vcov %*% crossprod(found$scores * w) %*% found$vcov
  stopifnot(all.equal(unname(v), unname(hc0 * n / (n - 1)), tolerance = 1e-9))
  covariances <- list(svyolr = v, HC0 = hc0, HC1 = hc0 * n / (n - length(found$parameters)))
  list(
    method = method, n = n, parameters = parameter_rows(found$parameters, covariances),
    marginal_effects = effect_rows(found$parameters, covariances$HC1, answers, x, method, w)
  )
}

# --- binary logit -------------------------------------------------------------------------------------

binary_result <- function(frame, clusters = TRUE, w = rep(1, nrow(frame))) {
  x <- as.matrix(frame[dimension_names])
  frame$w <- w
  fit <- glm(reformulate(dimension_names, "y"), binomial, frame, weights = w)
  design <- model.matrix(fit)
  polished <- binary_fit(frame$y, design, w)
  parameters <- polished$coefficients
  v <- polished$vcov
  stopifnot(all.equal(parameters, coef(fit), tolerance = 1e-5))
  stopifnot(all.equal(unname(v), unname(vcov(fit)), tolerance = 1e-4))
  scores <- design * (frame$y - polished$share)
  covariances <- list(nonrobust = v)
  n <- sum(w)
  if (clusters) {
    covariances$HC0 <- v %*% crossprod(scores) %*% v
    covariances$HC1 <- covariances$HC0 * n / (n - 6)
    stopifnot(all.equal(unname(sandwich(fit)), unname(covariances$HC0), tolerance = 1e-4))
    for (cluster in c("branch", "office")) {
      groups <- length(unique(frame[[cluster]]))
      name <- paste("CR1", cluster)
      covariances[[name]] <- v %*% crossprod(rowsum(scores, frame[[cluster]])) %*% v *
        groups / (groups - 1) * (n - 1) / (n - 6)
      by_sandwich <- vcovCL(fit, cluster = frame[[cluster]], type = "HC1")
      stopifnot(all.equal(unname(by_sandwich), unname(covariances[[name]]), tolerance = 1e-4))
    }
  }
  null <- glm(y ~ 1, binomial, frame, weights = w, control = list(epsilon = 1e-15))
  # as a cumulative model with one cut
  swap <- c(2:6, 1)
  flip <- c(rep(1, 5), -1)
  list(
    parameters = parameter_rows(parameters, covariances),
    wald = wald_rows(parameters, covariances, 2:6),
    fit = fit_summary(as.numeric(logLik(fit)), as.numeric(logLik(null)), n, 5, 6),
    marginal_effects = effect_rows(parameters[swap] * flip, (v[swap, swap]) * outer(flip, flip), c(0, 1),
      x, "logistic", w)
  )
}

binary_sampling <- function(frame) {
  n <- nrow(frame)
  design <- svydesign(ids = ~1, weights = ~weight, data = frame)
  fit <- svyglm(reformulate(dimension_names, "y"), design, family = quasibinomial(),
    control = list(epsilon = 1e-15, maxit = 100))
  v <- vcov(fit)
  attributes(v) <- attributes(v)[c("dim", "dimnames")]
  list(parameters = parameter_rows(coef(fit), list(svyglm = v, HC1 = v * (n - 1) / (n - 6))))
}

# --- everything ---------------------------------------------------------------------------------------

check_brant()
check_nominal()
survey <- read_survey("survey")
satisfaction <- gap_frame(survey, survey$SAT1)
loyalty <- gap_frame(survey, survey$LOY1)
top <- gap_frame(survey, as.numeric(survey$SAT1 >= 6))
merged <- satisfaction
merged$y <- pmax(pmin(merged$y, 6), 3)

results <- list(
  ordered = list(
    c(list(outcome = "SAT1"), ordered_result(satisfaction, "logistic")),
    c(list(outcome = "SAT1"), ordered_result(satisfaction, "probit")),
    c(list(outcome = "MERGED"), ordered_result(merged, "logistic"))
  ),
  frequency = lapply(c("logistic", "probit"), function(method) {
    ordered_result(repeat_rows(satisfaction), method, plain = FALSE)
  }),
  sampling = lapply(c("logistic", "probit"), function(method) sampling_result(satisfaction, method)),
  binary = binary_result(top),
  binary_frequency = binary_result(repeat_rows(top), clusters = FALSE),
  binary_sampling = binary_sampling(top)
)
write_reference(results, "choice_models",
  c("stats", "MASS", "ordinal", "sandwich", "survey", "numDeriv", "jsonlite"))
