# Kano classes of 29 features of a service kiosk: counts, modes, Fong's test, the exact test,
# better and worse with Wilson's intervals, scores, groups, and the bootstrap.
# Run from the repository root: Rscript tests/reference/R/kano.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages({
  library(survey)
  library(boot)
})

answers <- read.csv(file.path(reference_dir, "data", "kiosk_kano.csv"), stringsAsFactors = FALSE)
n_items <- 29
class_names <- c("A", "O", "M", "I", "R", "Q")
tie_order <- c("M", "O", "A", "I", "R", "Q")

# Rows: functional answer 1 to 5; columns: dysfunctional answer.
evaluation <- rbind(
  c("Q", "A", "A", "A", "O"),
  c("R", "I", "I", "I", "M"),
  c("R", "I", "I", "I", "M"),
  c("R", "I", "I", "I", "M"),
  c("R", "R", "R", "R", "Q")
)
pouliot <- evaluation
pouliot[2, 2] <- "Q"
pouliot[4, 4] <- "Q"

# Weights, clusters and gaps that the tests make again from the number of the row and the item.
row_number <- seq_len(nrow(answers))
frequency <- 1 + row_number %% 3
sampling <- 0.5 + (row_number %% 7) / 4
office <- row_number %% 25
incomplete <- answers
for (item in seq_len(n_items)) {
  incomplete[(row_number + item) %% 13 == 0, paste0("K", item, "f")] <- NA
}

class_of <- function(data, item, table = evaluation) {
  functional <- data[[paste0("K", item, "f")]]
  dysfunctional <- data[[paste0("K", item, "d")]]
  table[cbind(functional, dysfunctional)]
}

ranked <- function(shares) {
  # order() keeps the order of ties, which is that of tie_order.
  tie_order[order(-round(shares[tie_order], 12))]
}

blended <- function(shares) {
  wanted <- c("M", "O", "A")
  rest <- c("I", "R", "Q")
  group <- if (round(sum(shares[wanted]) - sum(shares[rest]), 12) > 0) wanted else rest
  group[order(-shares[group])][1]
}

wilson <- function(p, n, level = conf_level) {
  z <- qnorm(1 - (1 - level) / 2)
  middle <- (p + z^2 / (2 * n)) / (1 + z^2 / n)
  half <- z * sqrt(p * (1 - p) / n + z^2 / (4 * n^2)) / (1 + z^2 / n)
  c(middle - half, middle + half)
}

kish <- function(weight, cluster = NULL) {
  if (!is.null(cluster)) weight <- tapply(weight, cluster, sum)
  sum(weight)^2 / sum(weight^2)
}

functional_scores <- c(4, 2, 0, -1, -2)
dysfunctional_scores <- c(-2, -1, 0, 2, 4)

# One feature of independent respondents of equal weight; `times` repeats rows.
simple_feature <- function(data, item, times = rep(1, nrow(data)), table = evaluation) {
  data <- data[rep(seq_len(nrow(data)), times), ]
  classes <- class_of(data, item, table)
  paired <- !is.na(classes)
  counts <- setNames(tabulate(match(classes, class_names), 6), class_names)
  n <- sum(counts)
  order <- ranked(counts)
  a <- unname(counts[order[1]])
  b <- unname(counts[order[2]])
  se <- sqrt((a + b) * (2 * n - a - b) / (2 * n))
  size <- sum(counts[c("A", "O", "M", "I")])
  plus <- unname(counts["A"] + counts["O"])
  minus <- unname(counts["O"] + counts["M"])
  of_plus <- prop.test(plus, size, correct = FALSE)$conf.int
  of_minus <- prop.test(minus, size, correct = FALSE)$conf.int
  functional <- functional_scores[data[[paste0("K", item, "f")]][paired]]
  dysfunctional <- dysfunctional_scores[data[[paste0("K", item, "d")]][paired]]
  f_test <- t.test(functional)
  d_test <- t.test(dysfunctional)
  list(
    item = item, n = n, n_missing = sum(!paired), counts = unname(counts),
    class = order[1], second_class = order[2], tie = a == b, blended_class = blended(counts),
    category_strength = (a - b) / n,
    total_strength = unname(sum(counts[c("A", "O", "M")])) / n,
    fong_statistic = abs(a - b) / se, fong_critical = 1.65 * se,
    fong_p = 2 * pnorm(-abs(a - b) / se),
    mode_p = binom.test(a, a + b)$p.value,
    better = plus / size, better_std_error = sqrt(plus * (size - plus) / size^3),
    better_low = of_plus[1], better_high = of_plus[2],
    worse = -minus / size, worse_std_error = sqrt(minus * (size - minus) / size^3),
    worse_low = -of_minus[2], worse_high = -of_minus[1],
    functional = mean(functional), functional_se = sd(functional) / sqrt(n),
    functional_low = f_test$conf.int[1], functional_high = f_test$conf.int[2],
    dysfunctional = mean(dysfunctional), dysfunctional_se = sd(dysfunctional) / sqrt(n),
    dysfunctional_low = d_test$conf.int[1], dysfunctional_high = d_test$conf.int[2]
  )
}

# One feature with sampling weights, clusters, or both, by the package survey.
design_feature <- function(data, item, weight = rep(1, nrow(data)), cluster = NULL) {
  classes <- class_of(data, item)
  paired <- !is.na(classes)
  frame <- data.frame(
    class = classes, weight = weight, unit = if (is.null(cluster)) row_number else cluster,
    functional = functional_scores[data[[paste0("K", item, "f")]]],
    dysfunctional = dysfunctional_scores[data[[paste0("K", item, "d")]]]
  )[paired, ]
  for (name in class_names) frame[[name]] <- as.numeric(frame$class == name)
  shares <- sapply(class_names, function(name) weighted.mean(frame[[name]], frame$weight))
  order <- ranked(shares)
  frame$difference <- frame[[order[1]]] - frame[[order[2]]]
  frame$plus <- frame$A + frame$O
  frame$minus <- frame$O + frame$M
  frame$size <- frame$A + frame$O + frame$M + frame$I
  design <- svydesign(ids = ~unit, weights = ~weight, data = frame)
  df <- length(unique(frame$unit)) - 1
  difference <- svymean(~difference, design)
  statistic <- coef(difference) / SE(difference)
  plus <- svyratio(~plus, ~size, design)
  minus <- svyratio(~minus, ~size, design)
  inside <- frame$size == 1
  limits <- function(ratio) {
    p <- as.vector(coef(ratio))
    if (p < 1e-9 || p > 1 - 1e-9) {
      units <- if (is.null(cluster)) NULL else frame$unit[inside]
      wilson(p, kish(frame$weight[inside], units))
    } else {
      wilson(p, p * (1 - p) / as.vector(SE(ratio))^2)
    }
  }
  f_mean <- svymean(~functional, design)
  d_mean <- svymean(~dysfunctional, design)
  list(
    item = item, n = nrow(frame), shares = unname(shares), class = order[1],
    second_class = order[2],
    mode_p = as.vector(2 * pt(-abs(statistic), df)),
    better = as.vector(coef(plus)), better_std_error = as.vector(SE(plus)),
    better_low = limits(plus)[1], better_high = limits(plus)[2],
    worse = -as.vector(coef(minus)), worse_std_error = as.vector(SE(minus)),
    worse_low = -limits(minus)[2], worse_high = -limits(minus)[1],
    functional = as.vector(coef(f_mean)), functional_se = as.vector(SE(f_mean)),
    dysfunctional = as.vector(coef(d_mean)), dysfunctional_se = as.vector(SE(d_mean)), df = df
  )
}

set.seed(20)
group_test <- function(item) {
  counts <- table(answers$sex, factor(class_of(answers, item), levels = class_names))
  counts <- counts[, colSums(counts) > 0]
  test <- suppressWarnings(chisq.test(counts, correct = FALSE))
  simulated <- chisq.test(counts, simulate.p.value = TRUE, B = 50000)
  list(
    item = item, statistic = unname(test$statistic), df = unname(test$parameter),
    p_value = test$p.value, p_simulated = simulated$p.value,
    effect_size = sqrt(unname(test$statistic) / sum(counts)), min_expected = min(test$expected)
  )
}

# The bootstrap draws whole respondents with all their features.
all_classes <- sapply(seq_len(n_items), function(item) class_of(answers, item))
codes <- matrix(match(all_classes, class_names), ncol = n_items)
resampled <- function(data, rows) {
  counts <- apply(data[rows, ], 2, tabulate, nbins = 6)
  rownames(counts) <- class_names
  modes <- tie_order[apply(counts[tie_order, ], 2, which.max)]
  size <- colSums(counts[1:4, ])
  better <- (counts["A", ] + counts["O", ]) / size
  worse <- -(counts["O", ] + counts["M", ]) / size
  total <- colSums(counts[1:3, ]) / colSums(counts)
  c(match(modes, class_names), better, worse, mean(better), mean(worse), mean(total))
}
draws <- boot(codes, resampled, R = 20000)$t
modes <- draws[, seq_len(n_items)]
probabilities <- t(apply(modes, 2, function(mode) tabulate(mode, 6) / nrow(draws)))
of_better <- draws[, n_items + seq_len(n_items)]
of_worse <- draws[, 2 * n_items + seq_len(n_items)]
of_means <- draws[, 3 * n_items + 1:3]
tails <- c(0.025, 0.975)

write_reference(
  list(
    plain = lapply(seq_len(n_items), function(item) simple_feature(answers, item)),
    pouliot = lapply(seq_len(n_items), function(item) simple_feature(answers, item, table = pouliot)),
    missing = lapply(seq_len(n_items), function(item) simple_feature(incomplete, item)),
    frequency = lapply(seq_len(n_items), function(item) simple_feature(incomplete, item, frequency)),
    sampling = lapply(seq_len(n_items), function(item) {
      design_feature(incomplete, item, weight = sampling)
    }),
    clusters = lapply(seq_len(n_items), function(item) {
      design_feature(incomplete, item, cluster = office)
    }),
    both = lapply(seq_len(n_items), function(item) {
      design_feature(incomplete, item, weight = sampling, cluster = office)
    }),
    groups = lapply(seq_len(n_items), group_test),
    bootstrap = list(
      n_resamples = nrow(draws), probabilities = probabilities,
      better = t(apply(of_better, 2, quantile, probs = tails, names = FALSE)),
      worse = t(apply(of_worse, 2, quantile, probs = tails, names = FALSE)),
      means = t(apply(of_means, 2, quantile, probs = tails, names = FALSE)),
      mean_errors = apply(of_means, 2, sd)
    )
  ),
  "kano", c("survey", "boot")
)
