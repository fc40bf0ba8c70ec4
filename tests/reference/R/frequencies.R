# Frequencies, shares and medians of the survey's answers, with plain R and with survey weights.
# Run from the repository root: Rscript tests/reference/R/frequencies.R

source("tests/reference/R/common.R")

survey <- read_survey("survey")

describe <- function(x, weight, design) {
  known <- !is.na(x)
  x <- x[known]
  w <- weight[known]
  n <- if (design == "sampling") length(x) else sum(w)
  share <- sapply(1:7, function(point) sum(w[x == point])) / sum(w)
  mean <- sum(w * x) / sum(w)
  list(
    n = n,
    frequencies = sapply(1:7, function(point) sum(w[x == point])),
    share = share,
    mean = mean,
    sd = sqrt(n / (n - 1) * sum(w * (x - mean)^2) / sum(w)),
    median = if (design == "sampling") NA_real_ else median(rep(x, w)),
    bottom_share = sum(share[1:2]),
    top_share = sum(share[6:7])
  )
}

all_items <- function(data, weight, design) {
  lapply(1:22, function(item) describe(data[[paste0("P", item)]], weight, design))
}

ones <- rep(1, nrow(survey))
waves <- sort(unique(survey$wave[!is.na(survey$wave)]))
complete <- complete.cases(perception_items(survey))

write_reference(list(
  plain = all_items(survey, ones, "plain"),
  listwise = all_items(survey[complete, ], ones[complete], "plain"),
  frequency = all_items(survey, survey$freq, "frequency"),
  sampling = all_items(survey, survey$weight, "sampling"),
  waves = lapply(waves, function(wave) {
    chosen <- which(survey$wave == wave)
    all_items(survey[chosen, ], ones[chosen], "plain")
  })
), "frequencies", c("jsonlite"))
