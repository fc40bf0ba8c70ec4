# Percentile and BCa limits of gaps by boot: items, dimensions and overall scores, respondents
# resampled for all of them at once. Writes expected/gap_bootstrap.json.
# Run from the repository root: Rscript tests/reference/R/gap_bootstrap.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages(library(boot))

n_resamples <- 40000

# Gaps of every respondent: 22 items, 5 dimensions, mean of dimensions, mean of items.
all_gaps <- function(survey) {
  dimensions <- dimension_scores(survey)$gap
  cbind(
    perception_items(survey) - expectation_items(survey), dimensions,
    rowMeans(dimensions), pair_rule_scores(survey, 1:22)$gap
  )
}

# Mean of each column over those who have it, from weights of respondents.
means_of <- function(gaps, weight) {
  known <- !is.na(gaps)
  gaps[!known] <- 0
  drop(weight %*% gaps) / drop(weight %*% known)
}

# BCa by the formula of Efron (1987), resamples that equal the estimate taken as half below it:
# boot.ci takes them as above, or as rounding errors have it.
bca <- function(drawn, estimate, influence) {
  distance <- drawn - estimate
  distance[abs(distance) < 1e-9] <- 0
  z0 <- qnorm(mean(distance < 0) + mean(distance == 0) / 2)
  a <- sum(influence^3) / (6 * sum(influence^2)^1.5)
  z <- z0 + qnorm(c(0.025, 0.975))
  unname(quantile(drawn, pnorm(z0 + z / (1 - a * z))))
}

limits_of <- function(survey, weight = rep(1, nrow(survey))) {
  gaps <- all_gaps(survey)
  statistic <- function(data, times) means_of(gaps, times * weight)
  set.seed(1)
  drawn <- boot(survey, statistic, R = n_resamples, stype = "f")
  one_less <- t(sapply(seq_len(nrow(gaps)), function(i) {
    means_of(gaps[-i, , drop = FALSE], weight[-i])
  }))
  influence <- sweep(-one_less, 2, colMeans(-one_less))
  corrected <- sapply(seq_along(drawn$t0), function(k) {
    bca(drawn$t[, k], drawn$t0[k], influence[, k])
  })
  percent <- apply(drawn$t, 2, quantile, c(0.025, 0.975))
  list(
    estimate = unname(drawn$t0), sd = apply(drawn$t, 2, sd),
    bootstrap = unname(t(percent)), bca = unname(t(corrected))
  )
}

survey <- read_survey("survey")
first <- sort(unique(survey$branch))[1]
write_reference(
  list(
    n_resamples = n_resamples,
    plain = limits_of(survey),
    frequency = limits_of(repeat_rows(survey)),
    sampling = limits_of(survey, survey$weight),
    branch = c(list(name = first), limits_of(survey[survey$branch == first, ]))
  ),
  "gap_bootstrap", c("boot")
)
