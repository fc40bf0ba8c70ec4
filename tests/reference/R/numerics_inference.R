# Reference numbers for servqual.numerics: location, signed_rank, hotelling, group_means,
# studentized_range, reliability, difference_score.
#
# Run from the repository's root:  Rscript tests/reference/R/numerics_inference.R
# Writes tests/reference/expected/numerics_inference.json, inputs included.

suppressPackageStartupMessages({
  library(jsonlite)
  library(psych)
})
set.seed(20240501)

# --- location: t.test on vectors -----------------------------------------------------------------

t_case <- function(x, conf_level, mu) {
  test <- t.test(x, conf.level = conf_level, mu = mu)
  list(
    mean = mean(x), std_error = test$stderr, n = length(x), conf_level = conf_level, null = mu,
    statistic = unname(test$statistic), df = unname(test$parameter), p_value = test$p.value,
    conf_low = test$conf.int[1], conf_high = test$conf.int[2]
  )
}
location <- list(
  t_case(sleep$extra[1:10] - sleep$extra[11:20], 0.95, 0),
  t_case(c(-1, 0), 0.95, 0),
  t_case(attitude$rating, 0.90, 60),
  t_case(attitude$raises - attitude$learning, 0.99, 0),
  t_case(mtcars$mpg, 0.95, 0),                        # p-value of 1e-18
  t_case(swiss$Education / 10 - 1, 0.80, 0.05)
)

# --- signed rank: wilcox.test defaults -------------------------------------------------------------

signed_case <- function(x) {
  test <- suppressWarnings(wilcox.test(x, rep(0, length(x)), paired = TRUE))
  plain <- suppressWarnings(wilcox.test(x, exact = FALSE, correct = FALSE))
  nonzero <- x[x != 0]
  list(
    values = x, statistic = unname(test$statistic), p_value = test$p.value,
    exact = !grepl("continuity", test$method), p_value_without_continuity = plain$p.value,
    n_used = length(nonzero), n_zeros = sum(x == 0)
  )
}
answers <- function(n, shift) {
  pmin(pmax(round(rnorm(n, 5 + shift, 1.2)), 1), 7) - pmin(pmax(round(rnorm(n, 5.5, 1.1)), 1), 7)
}
signed_rank <- list(
  exact_small = signed_case(c(1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30) -
                              c(0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29)),
  exact_one = signed_case(-2.5),
  exact_49 = signed_case(round(rnorm(49, -0.3), 6)),
  no_ties_50 = signed_case(round(rnorm(50, -0.3), 6)),
  ties = signed_case(c(-3, -1, -1, 2, 1, -2, -4, 5, -2, -1)),
  zeros_without_ties = signed_case(c(0, 0, -3, -1, 2, -4.5, 6)),
  gaps_40 = signed_case(answers(40, 0)),
  gaps_300 = signed_case(answers(300, -0.2)),
  symmetric = signed_case(c(-2, 2, -1, 1)),
  all_negative = signed_case(-(1:12))
)

# --- Hotelling: the textbook matrix expression -------------------------------------------------------

gaps <- as.matrix(attitude[, 2:6]) - attitude$rating
hotelling_case <- function(x) {
  n <- nrow(x); p <- ncol(x)
  t2 <- n * drop(t(colMeans(x)) %*% solve(cov(x)) %*% colMeans(x))
  f <- (n - p) / (p * (n - 1)) * t2
  # The same F as the test of the intercept in a multivariate linear model.
  fit <- anova(lm(x ~ 1), test = "Hotelling-Lawley")
  stopifnot(abs(fit[1, "approx F"] / f - 1) < 1e-9)
  list(mean = unname(colMeans(x)), covariance_of_mean = unname(cov(x) / n), n = n, statistic = t2,
       f_statistic = f, df_numerator = p, df_denominator = n - p,
       p_value = pf(f, p, n - p, lower.tail = FALSE))
}
hotelling <- list(hotelling_case(gaps), hotelling_case(gaps[, 1:2]), hotelling_case(gaps[, 3, drop = FALSE]))

# --- groups: oneway.test, aov, Games-Howell ----------------------------------------------------------

# P(Q > q) by direct integration of the upper tail: ptukey has 6 to 9 digits, and fewer in the tail.
range_tail <- function(w, k) {
  f <- function(z) {
    log_rest <- log1p(-pmin(pnorm(z - w) / pnorm(z), 1))
    k * dnorm(z) * pnorm(z)^(k - 1) * -expm1((k - 1) * log_rest)
  }
  cuts <- seq(-9, w / 2 + 9, length.out = 8)
  sum(vapply(seq_len(7), function(i) {
    integrate(f, cuts[i], cuts[i + 1], rel.tol = 1e-12, abs.tol = 0, subdivisions = 1000L,
              stop.on.error = FALSE)$value
  }, 0))
}
tukey_tail <- function(q, k, df) {
  g <- function(s) {
    density <- exp(log(2) + df / 2 * log(df / 2) - lgamma(df / 2) + (df - 1) * log(s) - df * s^2 / 2)
    density * vapply(s, function(one) range_tail(q * one, k), 0)
  }
  # Breaks at the peak of the density and at the peak of density times tail.
  peak <- sqrt(df / (df + q^2 / 2))
  width <- 1 / sqrt(2 * df)
  breaks <- sort(unique(pmax(0, c(0, peak * exp(width * c(-6, -3, 0, 3, 6)), exp(width * c(-3, 0, 3, 6, 9)), 12))))
  sum(vapply(seq_len(length(breaks) - 1), function(i) {
    integrate(g, breaks[i], breaks[i + 1], rel.tol = 1e-11, abs.tol = 0, subdivisions = 1000L,
              stop.on.error = FALSE)$value
  }, 0))
}
tukey_quantile <- function(tail, k, df) {
  # qtukey has four digits after the point; two secant steps on the logarithm give the rest.
  excess <- function(q) log(tukey_tail(q, k, df) / tail)
  q <- qtukey(tail, k, df, lower.tail = FALSE) + c(0, 1e-3)
  f <- vapply(q, excess, 0)
  for (step in 1:2) {
    q <- c(q[2], q[2] - f[2] * diff(q) / diff(f))
    f <- c(f[2], excess(q[2]))
  }
  stopifnot(abs(f[2]) < 1e-9)
  q[2]
}
tail_grid <- list(c(0.5, 3, 2.1), c(3.5, 3, 20), c(4, 3, 2.1), c(4, 3, 40.2), c(4, 10, 120.7), c(7, 4, 60),
                  c(10, 5, 200.3), c(3, 20, 15.5), c(5, 2, 7.3), c(3.3, 5, 4000))
studentized_range <- list(
  upper_tail = lapply(tail_grid, function(g) {
    list(q = g[1], n_means = g[2], df = g[3], p_value = tukey_tail(g[1], g[2], g[3]),
         ptukey = ptukey(g[1], g[2], g[3], lower.tail = FALSE))
  }),
  quantile = lapply(list(c(0.05, 3, 20), c(0.05, 6, 35.7), c(0.01, 4, 12.5)), function(g) {
    list(upper_tail = g[1], n_means = g[2], df = g[3], q = tukey_quantile(g[1], g[2], g[3]))
  })
)

group_case <- function(y, g, conf_level) {
  g <- factor(g)
  m <- tapply(y, g, mean); v <- tapply(y, g, var); n <- tapply(y, g, length)
  welch <- oneway.test(y ~ g)
  table <- anova(lm(y ~ g))
  ss <- table[["Sum Sq"]]; ms <- table[["Mean Sq"]]; df <- table[["Df"]]
  k <- nlevels(g)
  index <- combn(k, 2)
  pairs <- apply(index, 2, function(ij) {
    i <- ij[1]; j <- ij[2]
    # Student's t with Welch's degrees of freedom from t.test; only the reference distribution differs.
    test <- t.test(y[g == levels(g)[i]], y[g == levels(g)[j]])
    nu <- unname(test$parameter)
    p <- if (k == 2) test$p.value else tukey_tail(abs(test$statistic) * sqrt(2), k, nu)
    crit <- if (k == 2) qt(1 - (1 - conf_level) / 2, nu) else tukey_quantile(1 - conf_level, k, nu) / sqrt(2)
    d <- unname(m[i] - m[j])
    list(first = i - 1, second = j - 1, difference = d, std_error = test$stderr,
         statistic = unname(test$statistic), df = nu, p_value = unname(p),
         ptukey = unname(ptukey(abs(test$statistic) * sqrt(2), k, nu, lower.tail = FALSE)),
         conf_low = d - crit * test$stderr, conf_high = d + crit * test$stderr)
  })
  list(
    means = unname(c(m)), variances = unname(c(v)), sizes = unname(c(n)), conf_level = conf_level,
    welch = list(statistic = unname(welch$statistic), df_numerator = unname(welch$parameter[1]),
                 df_denominator = unname(welch$parameter[2]), p_value = welch$p.value),
    omega_squared = (ss[1] - df[1] * ms[2]) / (sum(ss) + ms[2]),
    games_howell = pairs
  )
}
groups <- list(
  insect_sprays = group_case(InsectSprays$count, InsectSprays$spray, 0.95),
  plant_growth = group_case(PlantGrowth$weight, PlantGrowth$group, 0.95),
  two_groups = group_case(mtcars$mpg, mtcars$am, 0.90),
  no_difference = group_case(iris$Sepal.Width, rep(1:3, 50), 0.95)
)

# --- reliability: psych::alpha and the formulas ------------------------------------------------------

lambda2 <- function(s) {
  k <- ncol(s); off <- s; diag(off) <- 0
  (sum(off) + sqrt(k / (k - 1) * sum(off^2))) / sum(s)
}
lambda6 <- function(s) 1 - sum(diag(s) * (1 - psych::smc(cov2cor(s)))) / sum(s)
reliability_case <- function(x, conf_level = 0.95) {
  s <- cov(x); r <- cov2cor(s); n <- nrow(x); k <- ncol(x)
  a <- suppressWarnings(psych::alpha(x, warnings = FALSE))
  ci <- psych::alpha.ci(a$total$raw_alpha, n.obs = n, n.var = k, p.val = 1 - conf_level)
  odd <- rowSums(x[, seq(1, k, 2), drop = FALSE]); even <- rowSums(x[, seq(2, k, 2), drop = FALSE])
  half <- cor(odd, even)
  list(
    covariance = unname(s), n = n, conf_level = conf_level,
    mean_r = a$total$average_r, alpha = a$total$raw_alpha, alpha_std = a$total$std.alpha,
    alpha_low = ci$lower.ci, alpha_high = ci$upper.ci,
    lambda2 = lambda2(s), lambda6 = lambda6(s), lambda2_std = lambda2(r),
    lambda6_std = a$total[["G6(smc)"]], split_half = 2 * half / (1 + half),
    item_rest_r = a$item.stats$r.drop,
    alpha_if_deleted = if (k > 2) a$alpha.drop$raw_alpha else rep(NA, k)
  )
}
data(bfi, package = "psych")
items <- bfi[complete.cases(bfi[, 1:25]), 1:25]
items[, c("A1", "C4", "C5", "E1", "E2", "O2", "O5")] <- 7 - items[, c("A1", "C4", "C5", "E1", "E2", "O2", "O5")]
reliability <- list(
  bfi_agreeableness = reliability_case(items[, 1:5]),
  bfi_conscientiousness = reliability_case(items[, 6:10], 0.90),
  bfi_extraversion = reliability_case(items[, 11:15], 0.99),
  bfi_neuroticism_4 = reliability_case(items[, 16:19]),
  bfi_openness = reliability_case(items[, 21:25]),
  bfi_all = reliability_case(items),
  two_items = reliability_case(items[, c("N1", "N2")]),
  attitude_small = reliability_case(attitude, 0.95)
)
feldt <- lapply(list(c(0.7, 5, 20, 0.05), c(0.95, 22, 600, 0.05), c(-0.2, 4, 50, 0.1), c(0.8, 2, 3, 0.01)),
                function(g) {
  ci <- psych::alpha.ci(g[1], n.obs = g[3], n.var = g[2], p.val = g[4])
  list(alpha = g[1], n_items = g[2], n = g[3], conf_level = 1 - g[4], low = ci$lower.ci, high = ci$upper.ci)
})

# psych::alpha.ci cannot be the reference for large n: R's qf() takes the denominator as infinite from
# 400,000 degrees of freedom on, which is wrong in the fourth digit here. qbeta() does not.
feldt_large <- local({
  alpha <- 0.85; k <- 5; n <- 200000
  f_quantile <- function(p, df1, df2) {
    df2 / df1 * qbeta(p, df1 / 2, df2 / 2) / qbeta(p, df2 / 2, df1 / 2, lower.tail = FALSE)
  }
  limit <- function(p) 1 - (1 - alpha) * f_quantile(p, n - 1, (n - 1) * (k - 1))
  list(alpha = alpha, n_items = k, n = n, conf_level = 0.95, low = limit(0.975), high = limit(0.025))
})
feldt <- c(feldt, list(feldt_large))

# --- reliability of differences: simulated truth ------------------------------------------------------

# True scores and errors are known, so the share of true variance is a check that does not use the formula.
n <- 4000
true_p <- rnorm(n); true_e <- 0.6 * true_p + 0.8 * rnorm(n)
error <- qr.Q(qr(cbind(1, true_p, true_e, matrix(rnorm(2 * n), n))))[, 4:5] * sqrt(n - 1)
# Errors orthogonal to the true scores and to each other in the sample: the identity is exact.
p <- 1.1 * true_p + 0.6 * error[, 1]; e <- 0.7 * true_e + 0.5 * error[, 2]
difference <- list(
  variance_p = var(p), variance_e = var(e), r_pe = cor(p, e),
  reliability_p = var(1.1 * true_p) / var(p), reliability_e = var(0.7 * true_e) / var(e),
  reliability_difference = var(1.1 * true_p - 0.7 * true_e) / var(p - e),
  variance_sum = var(p + e), reliability_sum = var(1.1 * true_p + 0.7 * true_e) / var(p + e)
)

file <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
target <- file.path(dirname(dirname(normalizePath(file))), "expected", "numerics_inference.json")
write_json(
  list(
    versions = list(R = R.version.string, psych = as.character(packageVersion("psych")),
                    jsonlite = as.character(packageVersion("jsonlite"))),
    location = location, signed_rank = signed_rank, hotelling = hotelling,
    studentized_range = studentized_range, groups = groups, reliability = reliability, feldt = feldt,
    difference = difference
  ),
  target, digits = NA, auto_unbox = TRUE, na = "null", pretty = FALSE
)
