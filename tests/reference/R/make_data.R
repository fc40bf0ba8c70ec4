# Simulates two SERVQUAL surveys: data/survey.csv (240 respondents, missing answers) and
# data/survey_complete.csv (200 respondents, none missing).
# Run from the repository root: Rscript tests/reference/R/make_data.R

source("tests/reference/R/common.R")
RNGkind("Mersenne-Twister", "Inversion", "Rejection")

item_dimension <- rep(seq_along(dimension_items), lengths(dimension_items))
likert <- function(x) pmin(pmax(round(x), 1), 7)

# Whole points over the five dimensions that add up to 100 (largest remainders).
whole_points <- function(shares) {
  exact <- 100 * shares / sum(shares)
  points <- floor(exact)
  short <- 100 - sum(points)
  if (short > 0) {
    largest <- order(exact - points, decreasing = TRUE)[seq_len(short)]
    points[largest] <- points[largest] + 1
  }
  points
}

simulate_survey <- function(n) {
  branch <- sample(c("North", "South", "East", "West"), n, TRUE, prob = c(.40, .27, .20, .13))
  office <- paste0(branch, "-", sample(1:5, n, TRUE))
  wave <- sample(1:2, n, TRUE, prob = c(.55, .45))

  general_e <- rnorm(n)
  general_p <- 0.3 * general_e + sqrt(1 - 0.3^2) * rnorm(n)
  factor_e <- sqrt(.5) * general_e + sqrt(.5) * matrix(rnorm(5 * n), n)
  factor_p <- sqrt(.5) * general_p + sqrt(.5) * matrix(rnorm(5 * n), n)

  branch_shift <- rbind(
    North = c(.3, .1, .2, .1, .0), South = c(-.2, .2, -.1, .0, .1),
    East = c(.0, -.5, -.4, .2, -.3), West = c(.1, .3, .2, -.2, .4)
  )
  branch_spread <- c(North = 1, South = 1.3, East = .8, West = 1.1)
  shift_p <- branch_shift[branch, ] + .15 * (wave == 2)

  mean_e <- c(5.5, 5.9, 5.7, 5.4, 6.5, 6.3, 6.4, 6.5, 6.2, 6.3, 6.4, 6.2, 6.1, 6.2, 6.4, 6.3, 6.4,
    5.9, 6.1, 5.8, 6.0, 6.1)
  mean_p <- c(5.4, 5.3, 5.7, 5.2, 4.8, 5.0, 4.9, 4.7, 5.1, 5.0, 4.8, 5.2, 4.6, 5.2, 5.5, 5.4, 5.1,
    4.7, 5.2, 4.8, 4.6, 4.9)
  loading_e <- rep(c(.60, .75, .55, .70, .65), length.out = 22)
  loading_p <- rep(c(.85, .95, .75, .90, 1.0, .70), length.out = 22)
  noise <- function(sd) matrix(rnorm(22 * n, sd = sd), n)
  e <- likert(sweep(factor_e[, item_dimension], 2, loading_e, "*") +
    matrix(mean_e, n, 22, byrow = TRUE) + noise(.65))
  p <- likert(sweep(factor_p[, item_dimension] * branch_spread[branch], 2, loading_p, "*") +
    shift_p[, item_dimension] + matrix(mean_p, n, 22, byrow = TRUE) + noise(.8))
  colnames(e) <- paste0("E", 1:22)
  colnames(p) <- paste0("P", 1:22)

  gap <- sapply(1:5, function(d) rowMeans((p - e)[, item_dimension == d]))
  drive <- as.vector(gap %*% c(.10, .32, .18, .12, .15))
  satisfied <- 5.7 + drive + rnorm(n, sd = .5) * (1 + .25 * abs(gap[, 2]))
  sat <- sapply(c(.1, -.2, 0), function(shift) likert(satisfied + shift + rnorm(n, sd = .7)))
  loyal <- 1.5 + .65 * satisfied + .25 * gap[, 5] + rnorm(n, sd = .5)
  loy <- sapply(c(.2, -.1), function(shift) likert(loyal + shift + rnorm(n, sd = .7)))
  colnames(sat) <- paste0("SAT", 1:3)
  colnames(loy) <- paste0("LOY", 1:2)

  importance <- matrix(rgamma(5 * n, shape = rep(c(2.2, 6.4, 4.4, 3.8, 3.2) * 1.5, each = n)), n)
  points <- t(apply(importance, 1, whole_points))
  colnames(points) <- paste0("W_", tolower(dimension_names))

  base_weight <- c(North = .7, South = 1.0, East = 1.4, West = 1.6)
  weight <- round(base_weight[branch] * exp(rnorm(n, sd = .35)), 4)
  freq <- sample(1:4, n, TRUE, prob = c(.4, .3, .2, .1))
  data.frame(id = seq_len(n), branch, office, wave, e, p, sat, loy, points, weight, freq,
    row.names = NULL
  )
}

# About 4 % of the answers: half of the respondents answer everything, the rest leave out 8 %.
remove_answers <- function(survey) {
  n <- nrow(survey)
  rating <- c(paste0("E", 1:22), paste0("P", 1:22))
  outcome <- unlist(outcome_items, use.names = FALSE)
  points <- paste0("W_", tolower(dimension_names))
  careful <- runif(n) < .5
  for (column in rating) survey[[column]][!careful & runif(n) < .08] <- NA
  for (column in outcome) survey[[column]][runif(n) < .05] <- NA
  survey[sample(n, 18), points] <- NA

  chosen <- sample(n, 22)
  side <- function(letter, items) paste0(letter, items)
  survey[chosen[1:3], side("P", 18:22)] <- NA # a whole dimension, one side
  survey[chosen[4:5], side("E", 1:4)] <- NA
  survey[chosen[6:7], c(side("E", 10:13), side("P", 10:13))] <- NA # both sides
  survey[chosen[8:10], side("P", 1:22)] <- NA # a whole side
  survey[chosen[11:12], side("E", 1:22)] <- NA
  survey[chosen[13:14], c(side("E", 14:15))] <- NA # two of four pairs left: the edge of the rule
  survey[chosen[15:16], c("E5", "P6", "P7")] <- NA # two of five pairs left: below the edge
  survey[chosen[17], c(rating)] <- NA # no rating at all
  survey[chosen[18:19], outcome_items$satisfaction] <- NA
  survey[chosen[20], outcome_items$loyalty] <- NA
  survey[chosen[21:22], c("SAT1", "SAT3")] <- NA
  survey
}

write_survey <- function(survey, name) {
  path <- file.path(reference_dir, "data", paste0(name, ".csv"))
  write.csv(survey, path, row.names = FALSE, na = "", quote = FALSE)
  message("wrote ", path)
}

set.seed(19880112)
write_survey(remove_answers(simulate_survey(240)), "survey")
set.seed(19911204)
write_survey(simulate_survey(200), "survey_complete")
