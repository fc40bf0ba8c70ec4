# Penalties and rewards: lm on dummies, sandwich, clubSandwich, car::linearHypothesis, boot.
# Run from the repository root: Rscript tests/reference/R/penalty_reward.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages({
  library(sandwich)
  library(car)
  library(boot)
  library(clubSandwich)
})

# ---- who is low and who is high ------------------------------------------------------------------

# Observed scores whose tails come nearest to the share, with a score between them.
quarters <- function(x, share = 0.25) {
  values <- sort(unique(x))
  k <- length(values)
  pairs <- expand.grid(low = seq_len(k), high = seq_len(k))
  pairs <- pairs[pairs$high - pairs$low >= 2, ]
  below <- sapply(values, function(v) mean(x <= v))
  above <- sapply(values, function(v) mean(x >= v))
  cost <- abs(below[pairs$low] - share) + abs(above[pairs$high] - share)
  tails <- below[pairs$low] + above[pairs$high]
  best <- order(round(cost, 9), tails)[1]
  c(values[pairs$low[best]], values[pairs$high[best]])
}
cuts_of <- list(
  quantile = quarters,
  thirds = function(x) quarters(x, 0.3),
  scale = function(x) c(3, 5),
  own = function(x) c(4, 6),
  sd = function(x) mean(x) + c(-1, 1) * sd(x)
)
dummies_of <- function(scores, rule) {
  columns <- lapply(names(scores), function(term) {
    x <- scores[[term]]
    if (rule == "gap-sign") {
      low <- x < -1e-9
      high <- x > 1e-9
    } else {
      cut <- cuts_of[[rule]](x)
      low <- x <= cut[1] + 1e-9
      high <- x >= cut[2] - 1e-9
    }
    d <- data.frame(low = as.numeric(low), high = as.numeric(high))
    names(d) <- paste0(term, c("_low", "_high"))
    d
  })
  do.call(cbind, columns)
}

# ---- the fit -------------------------------------------------------------------------------------

tested <- function(estimate, error, df) {
  statistic <- estimate / error
  reach <- qt(0.975, df) * error
  data.frame(
    estimate = estimate, std_error = error, statistic = statistic, df = df,
    p_value = 2 * pt(-abs(statistic), df), conf_low = estimate - reach, conf_high = estimate + reach
  )
}

contrasts_of <- function(scores, y, rule, extra = NULL, weights = NULL, cluster = NULL) {
  terms <- names(scores)
  data <- cbind(dummies_of(scores, rule), y = y)
  if (!is.null(extra)) data <- cbind(data, extra)
  fit <- if (is.null(weights)) lm(y ~ ., data) else lm(y ~ ., data, weights = weights)
  covariances <- list(nonrobust = vcov(fit), HC1 = vcovHC(fit, "HC1"), HC3 = vcovHC(fit, "HC3"))
  df <- fit$df.residual
  if (!is.null(cluster)) {
    covariances <- list(CR1 = vcovCL(fit, cluster, type = "HC1"))
    df <- length(unique(cluster)) - 1
  }
  b <- coef(fit)
  low <- paste0(terms, "_low")
  high <- paste0(terms, "_high")
  by_covariance <- lapply(covariances, function(v) {
    symmetry <- do.call(rbind, lapply(seq_along(terms), function(j) {
      w <- setNames(rep(0, length(b)), names(b))
      w[c(low[j], high[j])] <- 1
      row <- tested(sum(w * b), sqrt(drop(w %*% v %*% w)), df)
      hypothesis <- linearHypothesis(
        fit, paste0(high[j], " + ", low[j], " = 0"),
        vcov. = v
      )
      row$f_statistic <- hypothesis$F[2]
      row$f_p_value <- pf(hypothesis$F[2], 1, df, lower.tail = FALSE)
      row
    }))
    symmetry$p_adjusted <- p.adjust(symmetry$p_value, "holm")
    span <- do.call(rbind, lapply(seq_along(terms), function(j) {
      w <- setNames(rep(0, length(b)), names(b))
      w[high[j]] <- 1
      w[low[j]] <- -1
      tested(sum(w * b), sqrt(drop(w %*% v %*% w)), df)
    }))
    list(
      coefficients = tested(unname(b), sqrt(unname(diag(v))), df), symmetry = symmetry, range = span
    )
  })
  r <- unname(b[high])
  p <- unname(b[low])
  right <- r >= 0 & p <= 0
  ia <- ifelse(right, r / (r + abs(p)) - abs(p) / (r + abs(p)), NA)
  # Frequency weights come in as repeated rows, so plain counts and shares are right.
  list(
    n = nrow(data), names = names(b), by_covariance = by_covariance, reward = r, penalty = p,
    impact_asymmetry = ia, satisfaction_potential = ifelse(right, r / (r + abs(p)), NA),
    n_low = unname(colSums(data[low])), n_high = unname(colSums(data[high])),
    r_squared = summary(fit)$r.squared, adj_r_squared = summary(fit)$adj.r.squared
  )
}

# Few clusters: CR2 with Satterthwaite's degrees of freedom, for coefficients and for r + p.
with_cr2 <- function(scores, y, cluster) {
  data <- cbind(dummies_of(scores, "quantile"), y = y)
  fit <- lm(y ~ ., data)
  v <- vcovCR(fit, cluster = cluster, type = "CR2")
  rows <- function(w) {
    found <- linear_contrast(fit, vcov = v, contrasts = w, test = "Satterthwaite")
    tested(found$Est, found$SE, found$df)
  }
  k <- length(coef(fit))
  pairs <- t(sapply(seq_along(scores), function(j) replace(rep(0, k), 1 + 2 * j - 1:0, 1)))
  list(names = names(coef(fit)), coefficients = rows(diag(k)), symmetry = rows(pairs))
}

# ---- the surveys ---------------------------------------------------------------------------------

perceptions <- function(survey) {
  scores <- sapply(dimension_items, function(items) half_rule_mean(perception_items(survey, items)))
  colnames(scores) <- tolower(dimension_names)
  as.data.frame(scores)
}
gaps_of <- function(survey) {
  scores <- dimension_scores(survey)$gap
  colnames(scores) <- tolower(dimension_names)
  as.data.frame(scores)
}

prepared <- function(survey, scores) {
  list(
    scores = scores, y = outcome_score(survey, "satisfaction"),
    loyalty = outcome_score(survey, "loyalty"), branch = survey$branch, office = survey$office, weight = survey$weight
  )
}
complete <- function(part, also = NULL) {
  keep <- complete.cases(part$scores, part$y, also)
  lapply(part, function(x) if (is.data.frame(x)) x[keep, ] else x[keep])
}

survey <- read_survey("survey")
whole <- complete(prepared(survey, perceptions(survey)))
gaps <- complete(prepared(survey, gaps_of(survey)))
with_loyalty <- prepared(survey, perceptions(survey))
with_loyalty <- complete(with_loyalty, with_loyalty$loyalty)
repeated <- repeat_rows(survey)
often <- complete(prepared(repeated, perceptions(repeated)))
items <- as.data.frame(perception_items(survey))
answered <- complete(prepared(survey, items))
test_items <- read_survey("survey_complete")
all_items <- complete(prepared(test_items, as.data.frame(perception_items(test_items))))

# ---- the bootstrap: groups stay as the sample formed them ----------------------------------------

class_of <- function(ia) {
  ifelse(is.na(ia), 6, 3 + (ia > 0.2) + (ia > 0.7) - (ia < -0.2) - (ia < -0.7))
}
statistics <- function(data, chosen) {
  d <- as.matrix(data[chosen, ])
  b <- lm.fit(cbind(1, d[, -ncol(d)]), d[, ncol(d)])$coefficients[-1]
  p <- b[seq(1, 10, 2)]
  r <- b[seq(2, 10, 2)]
  ia <- ifelse(r >= 0 & p <= 0, (r + p) / (r - p), NA)
  c(b, ia)
}
boot_data <- cbind(dummies_of(whole$scores, "quantile"), y = whole$y)
set.seed(7)
drawn <- boot(boot_data, statistics, R = 20000)$t
asymmetries <- drawn[, 11:15]
bootstrap <- list(
  coefficient_limits = t(apply(drawn[, 1:10], 2, quantile, c(0.025, 0.975))),
  asymmetry_limits = t(apply(asymmetries, 2, quantile, c(0.025, 0.975), na.rm = TRUE)),
  classes = t(apply(apply(asymmetries, 2, class_of), 2, function(k) tabulate(k, 6) / length(k)))
)

write_reference(
  list(
    quantile = contrasts_of(whole$scores, whole$y, "quantile"),
    thirds = contrasts_of(whole$scores, whole$y, "thirds"),
    scale = contrasts_of(whole$scores, whole$y, "scale"),
    own = contrasts_of(whole$scores, whole$y, "own"),
    sd = contrasts_of(whole$scores, whole$y, "sd"),
    gap_quantile = contrasts_of(gaps$scores, gaps$y, "quantile"),
    gap_sign = contrasts_of(gaps$scores, gaps$y, "gap-sign"),
    covariate = contrasts_of(
      with_loyalty$scores, with_loyalty$y, "quantile", data.frame(loyalty = with_loyalty$loyalty)
    ),
    small_clusters = with_cr2(whole$scores, whole$y, whole$office),
    clusters = contrasts_of(whole$scores, whole$y, "quantile", cluster = whole$branch),
    frequency = contrasts_of(often$scores, often$y, "quantile"),
    sampling = contrasts_of(whole$scores, whole$y, "scale", weights = whole$weight),
    items = contrasts_of(all_items$scores, all_items$y, "quantile"),
    bootstrap = bootstrap
  ),
  "penalty_reward", c("sandwich", "car", "boot", "clubSandwich")
)
