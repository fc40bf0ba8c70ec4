# Relative importance: dominance and LMG by lm over all subsets, Owen values by walking through all
# orders, relative weights by eigen, logistic versions by glm, limits by boot.
# Run from the repository root: Rscript tests/reference/R/relative_importance.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages(library(boot))

# ---- what a subset explains ----------------------------------------------------------------------

in_subset <- function(subset, p) bitwAnd(subset, 2^(seq_len(p) - 1)) > 0

# Worth of every subset, at position subset + 1; bit j - 1 stands for predictor j.
r_squared_of_subsets <- function(data, predictors, outcome) {
  sapply(seq_len(2^length(predictors)) - 1, function(subset) {
    chosen <- predictors[in_subset(subset, length(predictors))]
    if (!length(chosen)) return(0)
    summary(lm(reformulate(chosen, outcome), data))$r.squared
  })
}

mcfadden_of_subsets <- function(data, predictors, outcome) {
  control <- glm.control(epsilon = 1e-14, maxit = 100)
  none <- as.numeric(logLik(glm(reformulate("1", outcome), binomial, data, control = control)))
  sapply(seq_len(2^length(predictors)) - 1, function(subset) {
    chosen <- predictors[in_subset(subset, length(predictors))]
    if (!length(chosen)) return(0)
    1 - as.numeric(logLik(glm(reformulate(chosen, outcome), binomial, data, control = control))) / none
  })
}

# Gains of predictor j over all subsets of the others, with their sizes.
gains <- function(worths, j) {
  p <- log2(length(worths))
  without <- which(!sapply(seq_along(worths) - 1, function(s) in_subset(s, p)[j])) - 1
  data.frame(
    gain = worths[without + 2^(j - 1) + 1] - worths[without + 1],
    size = sapply(without, function(s) sum(in_subset(s, p)))
  )
}

dominance <- function(worths) {
  p <- log2(length(worths))
  conditional <- t(sapply(seq_len(p), function(j) {
    g <- gains(worths, j)
    as.numeric(tapply(g$gain, g$size, mean))
  }))
  complete <- matrix(0.5, p, p)
  for (i in seq_len(p)) {
    for (j in setdiff(seq_len(p), i)) {
      neither <- Filter(function(s) !any(in_subset(s, p)[c(i, j)]), seq_along(worths) - 1)
      differences <- worths[neither + 2^(i - 1) + 1] - worths[neither + 2^(j - 1) + 1]
      complete[i, j] <- if (all(differences > 0)) 1 else if (all(differences < 0)) 0 else 0.5
    }
  }
  list(
    worths = worths, general = rowMeans(conditional), conditional = conditional,
    complete = complete
  )
}

# ---- Owen values by their definition as a mean over orders ---------------------------------------

permutations <- function(values) {
  if (length(values) < 2) return(list(values))
  do.call(c, lapply(seq_along(values), function(i) {
    lapply(permutations(values[-i]), function(rest) c(values[i], rest))
  }))
}

orders_within <- function(groups) {
  if (!length(groups)) return(list(integer(0)))
  rest <- orders_within(groups[-1])
  do.call(c, lapply(permutations(groups[[1]]), function(own) lapply(rest, function(r) c(own, r))))
}

owen <- function(worths, groups) {
  p <- log2(length(worths))
  orders <- do.call(c, lapply(permutations(seq_along(groups)), function(o) orders_within(groups[o])))
  total <- numeric(p)
  for (order in orders) {
    steps <- worths[cumsum(c(0, 2^(order - 1))) + 1]
    total[order] <- total[order] + diff(steps)
  }
  total / length(orders)
}

# Shapley value of the game whose players are the groups.
quotient <- function(worths, groups) {
  unions <- sapply(groups, function(g) sum(2^(g - 1)))
  m <- length(groups)
  between <- sapply(seq_len(2^m) - 1, function(s) worths[sum(unions[in_subset(s, m)]) + 1])
  dominance(between)$general
}

# ---- relative weights ----------------------------------------------------------------------------

relative_weights <- function(data, predictors, outcome) {
  r <- cor(data[c(predictors, outcome)])
  p <- length(predictors)
  parts <- eigen(r[1:p, 1:p])
  root <- parts$vectors %*% diag(sqrt(parts$values), p) %*% t(parts$vectors)
  as.numeric(root^2 %*% solve(root, r[1:p, p + 1])^2)
}

# Tonidandel & LeBreton (2010): glm on the orthonormal variables nearest to the predictors.
logistic_weights <- function(data, predictors, outcome) {
  x <- scale(data[predictors])
  y <- data[[outcome]]
  parts <- svd(x)
  z <- scale(parts$u %*% t(parts$v))
  lambda <- solve(crossprod(z), crossprod(z, x))
  fit <- glm(y ~ z, binomial, control = glm.control(epsilon = 1e-14, maxit = 100))
  r_squared <- summary(lm(fitted(fit) ~ y))$r.squared
  beta <- coef(fit)[-1] * sqrt(r_squared) / sd(predict(fit))
  list(weights = as.numeric(lambda^2 %*% beta^2), r_squared = r_squared)
}

squared_partial <- function(data, predictors, outcome) {
  fit <- summary(lm(reformulate(predictors, outcome), data))
  t <- fit$coefficients[predictors, "t value"]
  as.numeric(t^2 / (t^2 + fit$df[2]))
}

case <- function(data, predictors, outcome, groups) {
  worths <- r_squared_of_subsets(data, predictors, outcome)
  c(
    list(
      predictors = predictors, outcome = outcome, n = nrow(data),
      covariance = cov(data[c(predictors, outcome)]),
      partial = squared_partial(data, predictors, outcome),
      relative_weights = relative_weights(data, predictors, outcome),
      groups = groups, owen = owen(worths, groups), quotient = quotient(worths, groups)
    ),
    dominance(worths)
  )
}

cases <- list(
  mtcars = case(mtcars, c("am", "cyl", "carb"), "mpg", list(c(1, 3), 2)),
  attitude = case(
    attitude, c("complaints", "privileges", "learning", "raises", "critical", "advance"),
    "rating", list(c(1, 2), c(3, 4, 6), 5)
  ),
  swiss = case(
    swiss, setdiff(names(swiss), "Fertility"), "Fertility", list(c(2, 3), 1, c(4, 5))
  )
)

# ---- the survey: binary outcomes, clusters -------------------------------------------------------

survey <- read_survey("survey")
gaps <- as.data.frame(dimension_scores(survey)$gap)
names(gaps) <- tolower(names(gaps))
dims <- names(gaps)
gaps$satisfaction <- outcome_score(survey, "satisfaction")
gaps$loyalty <- outcome_score(survey, "loyalty")
gaps$satisfied <- as.numeric(gaps$satisfaction >= median(gaps$satisfaction, na.rm = TRUE))
gaps$freq <- survey$freq
gaps$branch <- survey$branch
complete <- gaps[complete.cases(gaps[c(dims, "satisfaction")]), ]
repeated <- complete[rep(seq_len(nrow(complete)), complete$freq), ]
weights <- logistic_weights(complete, dims, "satisfied")
logistic <- list(
  n = nrow(complete), threshold = median(gaps$satisfaction, na.rm = TRUE),
  relative_weights = weights$weights, r_squared = weights$r_squared,
  dominance = dominance(mcfadden_of_subsets(complete, dims, "satisfied")),
  coefficients = as.numeric(coef(glm(
    reformulate(dims, "satisfied"), binomial, complete, control = glm.control(epsilon = 1e-14)
  ))),
  repeated = list(
    n = nrow(repeated), relative_weights = logistic_weights(repeated, dims, "satisfied")$weights,
    general = dominance(mcfadden_of_subsets(repeated, dims, "satisfied"))$general
  )
)

# ---- limits by boot ------------------------------------------------------------------------------

# LMG from the correlation matrix, quick enough for thousands of resamples.
subsets <- lapply(seq_len(2^5) - 1, function(s) which(in_subset(s, 5)))
lmg <- function(data) {
  r <- cor(data)
  worths <- sapply(subsets, function(s) if (length(s)) sum(r[s, 6] * solve(r[s, s], r[s, 6])) else 0)
  dominance_general(worths)
}
orders_of <- lapply(1:5, function(j) {
  without <- which(!sapply(0:31, function(s) in_subset(s, 5)[j])) - 1
  sizes <- sapply(without, function(s) sum(in_subset(s, 5)))
  list(without = without, weight = 1 / (5 * choose(4, sizes)))
})
dominance_general <- function(worths) {
  sapply(1:5, function(j) {
    o <- orders_of[[j]]
    sum(o$weight * (worths[o$without + 2^(j - 1) + 1] - worths[o$without + 1]))
  })
}
five <- complete[c(dims, "satisfaction")]
statistics <- function(data, chosen) {
  found <- lmg(data[chosen, ])
  c(found, found / sum(found), rank(-found))
}
set.seed(5)
drawn <- boot(five, statistics, R = 10000)
limits <- function(type, places) {
  t(sapply(places, function(i) boot.ci(drawn, type = type, index = i)[[4]][4:5]))
}
bootstrap <- list(
  n = nrow(five), n_resamples = 10000,
  percentile = limits("perc", 1:5), percentile_share = limits("perc", 6:10),
  # boot.ci's own acceleration is the regression estimate; the jackknife's is handed over.
  bca = t(sapply(1:5, function(i) {
    influence <- empinf(data = five, statistic = statistics, type = "jack", stype = "i", index = i)
    boot.ci(drawn, type = "bca", index = i, L = influence)$bca[4:5]
  })),
  rank = t(apply(drawn$t[, 11:15], 2, quantile, c(0.025, 0.975))),
  # Share of resamples in which a predictor (row) has a rank (column).
  rank_shares = t(apply(drawn$t[, 11:15], 2, tabulate, nbins = 5)) / 10000
)

write_reference(
  list(cases = cases, logistic = logistic, bootstrap = bootstrap), "relative_importance", "boot"
)
