# What if: answers shifted and stopped at the ends of the scale, scored anew, put through lm; shares
# by rounding at random between possible scores, in expectation; limits by boot.
# Run from the repository root: Rscript tests/reference/R/what_if.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages(library(boot))

lowest <- 1
highest <- 7
dims <- tolower(dimension_names)

# Scores before and after a shift of items (a vector of 22), and who has an answer that was stopped.
scored <- function(survey, shift, on) {
  p <- perception_items(survey)
  if (on == "gap") p[is.na(expectation_items(survey))] <- NA
  raw <- sweep(p, 2, shift, "+")
  after <- pmin(pmax(raw, lowest), highest)
  score <- function(x) sapply(dimension_items, function(items) half_rule_mean(x[, items]))
  stopped <- sapply(dimension_items, function(items) {
    rowSums((raw[, items] > highest | raw[, items] < lowest) & !is.na(raw[, items])) > 0
  })
  e <- expectation_items(survey)
  e[is.na(p)] <- NA
  x <- if (on == "gap") score(p - e) else score(p)
  x_after <- if (on == "gap") score(after - e) else score(after)
  colnames(x) <- dims
  list(x = x, effective = x_after - x, before = score(p), stopped = stopped, p = p, after = after)
}

shift_of <- function(...) {
  shift <- numeric(22)
  asked <- list(...)
  for (name in names(asked)) {
    items <- if (name %in% dims) dimension_items[[match(name, dims)]] else as.integer(name)
    shift[items] <- asked[[name]]
  }
  shift
}

# Expected share of scores at or above a threshold, when a score between two possible ones is
# rounded at random to one of them; possible scores of k answers are k apart in one.
smooth_share <- function(score, k, threshold, ends, w) {
  score <- pmin(pmax(score, ends[1]), ends[2])
  below <- floor(score * k + 1e-9) / k
  rest <- (score - below) * k
  counted <- (1 - rest) * (below >= threshold - 1e-9) + rest * (below + 1 / k >= threshold - 1e-9)
  sum(w * counted) / sum(w)
}

# Slopes of the five scores: direct, and by way of the mediator.
slopes_of <- function(d, through, covariates) {
  right <- c(dims, covariates)
  if (is.null(through)) {
    return(list(direct = coef(lm(reformulate(right, "y"), d, weights = w))[dims], through = 0 * (1:5)))
  }
  a <- coef(lm(reformulate(right, "m"), d, weights = w))[dims]
  whole <- coef(lm(reformulate(c(right, "m"), "y"), d, weights = w))
  list(direct = whole[dims], through = a * whole[["m"]])
}

# One scenario: changes of the mean, of shares and of the net promoter score.
put_through <- function(d, effective, slopes, ends, nps) {
  mean_effective <- colSums(d$w * effective) / sum(d$w)
  direct <- sum(slopes$direct * mean_effective)
  through <- sum(slopes$through * mean_effective)
  moved <- d$y + as.vector(effective %*% (slopes$direct + slopes$through))
  share <- function(y, threshold) 100 * smooth_share(y, d$k, threshold, ends, d$w)
  out <- list(
    mean_before = sum(d$w * d$y) / sum(d$w), mean = direct + through, direct = direct, through = through,
    top_before = share(d$y, ends[2] - 1), top = share(moved, ends[2] - 1) - share(d$y, ends[2] - 1)
  )
  if (nps) {
    score <- function(y) share(y, 9) - (100 - share(y, 7))
    out$nps_before <- score(d$y)
    out$nps <- score(moved) - score(d$y)
  }
  out
}

prepare <- function(survey, outcome_columns, shift, on, through_columns, covariates) {
  s <- scored(survey, shift, on)
  one <- scored(survey, rep(1, 22), on)$effective
  answers <- as.matrix(survey[outcome_columns])
  d <- as.data.frame(s$x)
  d$y <- half_rule_mean(answers)
  d$k <- rowSums(!is.na(answers))
  d$m <- if (is.null(through_columns)) 0 else half_rule_mean(as.matrix(survey[through_columns]))
  for (name in covariates) d[[name]] <- survey[[name]]
  d$w <- survey$w
  keep <- complete.cases(d)
  list(
    d = d[keep, ], effective = s$effective[keep, ], one = one[keep, ], before = s$before[keep, ],
    stopped = s$stopped[keep, ], p = s$p[keep, ], after = s$after[keep, ]
  )
}

run <- function(survey, outcome_columns, shift, on = "gap", through_columns = NULL, covariates = c(),
                ends = c(lowest, highest), nps = FALSE, weights = "none", items = c()) {
  survey$w <- 1
  if (weights == "frequency") survey <- repeat_rows(survey)
  if (weights == "sampling") survey$w <- survey$weight
  q <- prepare(survey, outcome_columns, shift, on, through_columns, covariates)
  through <- if (is.null(through_columns)) NULL else "m"
  slopes <- slopes_of(q$d, through, covariates)
  average <- function(x) if (is.matrix(x)) colSums(q$d$w * x) / sum(q$d$w) else sum(q$d$w * x) / sum(q$d$w)
  touched <- sapply(dimension_items, function(i) any(shift[i] != 0))
  asked <- sapply(dimension_items, function(i) mean(shift[i]))
  changes <- data.frame(
    term = dims, asked = asked, effective = average(q$effective), share_at_bound = average(q$stopped + 0),
    before = average(q$before)
  )[touched, ]
  of_items <- lapply(items, function(i) {
    there <- !is.na(q$p[, i])
    w <- q$d$w[there]
    list(
      term = as.character(i), asked = shift[i],
      effective = sum(w * (q$after - q$p)[there, i]) / sum(w),
      share_at_bound = sum(w * (abs((q$after - q$p)[there, i]) < abs(shift[i]))) / sum(w),
      before = sum(w * q$p[there, i]) / sum(w)
    )
  })
  per_point <- lapply(1:5, function(place) {
    effective <- q$one
    effective[, -place] <- 0
    found <- put_through(q$d, effective, slopes, ends, nps)
    c(list(term = dims[place], effective = average(q$one)[[place]]), found)
  })
  list(
    n = nrow(q$d), changes = changes, items = of_items,
    effects = put_through(q$d, q$effective, slopes, ends, nps), per_point = per_point
  )
}

survey <- read_survey("survey")
survey$recommend <- pmin(10, pmax(0, 2 * survey$SAT1 - 4 + survey$LOY1 %% 2))
sat <- outcome_items$satisfaction
loy <- outcome_items$loyalty
cases <- list(
  plain = run(survey, sat, shift_of(reliability = 0.5)),
  single = run(survey, "SAT1", shift_of(reliability = 0.5, empathy = -0.3)),
  chain = run(survey, loy, shift_of(reliability = 0.5), through_columns = sat, covariates = "E1"),
  frequency = run(survey, sat, shift_of(assurance = 1.5), weights = "frequency"),
  sampling = run(survey, sat, shift_of(assurance = 1.5), weights = "sampling"),
  items = run(survey, sat, shift_of("5" = 1, tangibles = -0.7), on = "perception", items = 5),
  nps = run(survey, "recommend", shift_of(
    tangibles = 1, reliability = 1, responsiveness = 1, assurance = 1, empathy = 1
  ), ends = c(0, 10), nps = TRUE)
)

# ---- bootstrap: respondents drawn, everything anew -----------------------------------------------
survey$w <- 1
q <- prepare(survey, loy, shift_of(reliability = 0.5), "gap", sat, c())
statistic <- function(d, chosen) {
  drawn <- d[chosen, ]
  s <- slopes_of(drawn, "m", c())
  found <- put_through(drawn, q$effective[chosen, ], s, c(lowest, highest), FALSE)
  points <- colMeans(q$one[chosen, ]) * (s$direct + s$through)
  c(found$mean, found$direct, found$through, found$top, points)
}
set.seed(3)
drawn <- boot(q$d, statistic, R = 10000)
limits <- function(place) boot.ci(drawn, type = "perc", index = place)$percent[4:5]
points <- drawn$t[, 5:9]
boot_results <- list(
  estimate = as.vector(drawn$t0[1:4]), low = sapply(1:4, function(i) limits(i)[1]),
  high = sapply(1:4, function(i) limits(i)[2]), sd = apply(drawn$t[, 1:4], 2, sd),
  p_first = as.vector(table(factor(max.col(points), levels = 1:5)) / nrow(points)),
  point_low = sapply(5:9, function(i) limits(i)[1]), point_high = sapply(5:9, function(i) limits(i)[2])
)

write_reference(c(cases, list(boot = boot_results)), "what_if", "boot")
