# Data for structural_models.R: Holzinger and Swineford's pupils with their school and with missing
# answers, three groups of unequal size, and data that make a Heywood case.
# Run from the repository root.

suppressPackageStartupMessages(library(lavaan))
directory <- "tests/reference/data"
save_table <- function(table, name) {
  write.csv(table, file.path(directory, paste0(name, ".csv")), row.names = FALSE, na = "")
}

items <- paste0("x", 1:9)
pupils <- HolzingerSwineford1939[, c(items, "school", "sex", "ageyr")]
pupils[items] <- round(pupils[items], 7)
pupils$school <- as.character(pupils$school)
save_table(pupils, "pupils")

set.seed(4101)
for (share in c(5, 30)) {
  holes <- pupils
  gone <- matrix(runif(301 * 9) < share / 100, 301, 9)
  gone[rowSums(gone) == 9, 1] <- FALSE
  holes[items][gone] <- NA
  save_table(holes, paste0("pupils_missing", share))
}

set.seed(4102)
sizes <- c(north = 250, south = 120, west = 45)
draw <- function(n, shift) {
  quality <- rnorm(n, shift)
  loyalty <- 0.7 * quality + rnorm(n, 0, 0.7)
  answers <- cbind(
    quality + rnorm(n), 0.8 * quality + rnorm(n), 1.2 * quality + rt(n, 6),
    loyalty + rnorm(n), 0.9 * loyalty + rnorm(n), 1.1 * loyalty + rexp(n) - 1
  )
  colnames(answers) <- c("q1", "q2", "q3", "l1", "l2", "l3")
  round(answers, 4)
}
regions <- do.call(rbind, Map(function(n, shift, name) {
  data.frame(draw(n, shift), region = name)
}, sizes, c(0, 0.3, -0.4), names(sizes)))
save_table(regions, "regions")

# The last item of a small sample correlates with the first beyond what one factor allows.
set.seed(4103)
factor_score <- rnorm(60)
error <- rnorm(60)
heywood <- round(data.frame(
  y1 = factor_score + 0.1 * error, y2 = 0.4 * factor_score + rnorm(60),
  y3 = 0.3 * factor_score + rnorm(60), y4 = factor_score + 0.6 * rnorm(60)
), 4)
save_table(heywood, "heywood")

# The pupils' answers in four categories, with their school.
ordinal <- pupils
ordinal[items] <- lapply(pupils[items], function(x) {
  as.integer(cut(x, quantile(x, c(0, 0.25, 0.55, 0.85, 1)), include.lowest = TRUE))
})
save_table(ordinal[c(items, "school")], "pupils_ordinal")

# Twenty-two perceptions of five dimensions in three, five and seven categories, most answers high.
set.seed(4104)
n <- 500
common <- rnorm(n)
dimensions <- sapply(1:5, function(d) sqrt(0.6) * common + sqrt(0.4) * rnorm(n))
of_item <- rep(1:5, c(4, 5, 4, 4, 5))
latent <- sapply(1:22, function(j) 0.75 * dimensions[, of_item[j]] + sqrt(1 - 0.75^2) * rnorm(n))
cuts <- list("3" = c(-1, 0.4), "5" = c(-2, -1.2, -0.4, 0.7), "7" = c(-2.1, -1.6, -1, -0.5, 0.1, 1))
for (count in names(cuts)) {
  answers <- apply(latent, 2, function(x) findInterval(x, cuts[[count]]) + 1)
  colnames(answers) <- paste0("P", 1:22)
  save_table(as.data.frame(answers), paste0("perceptions_", count))
}

# Three facets whose correlations ask for a second-order loading beyond one, two factors that are
# nearly the same, and a small sample.
set.seed(4105)
n <- 300
facets <- matrix(rnorm(n * 3), n) %*% chol(matrix(c(1, 0.8, 0.8, 0.8, 1, 0.5, 0.8, 0.5, 1), 3))
answers <- sapply(1:9, function(j) 0.8 * facets[, (j - 1) %/% 3 + 1] + 0.6 * rnorm(n))
colnames(answers) <- paste0("s", 1:9)
save_table(as.data.frame(round(answers, 4)), "beyond_one")
twins <- 0.9995 * rnorm(n)
answers <- sapply(1:6, function(j) twins + 0.03 * rnorm(n) + 0.7 * rnorm(n))
colnames(answers) <- paste0("t", 1:6)
save_table(as.data.frame(round(answers, 4)), "nearly_one")
save_table(pupils[seq(1, 300, 5), items], "pupils_sixty")
