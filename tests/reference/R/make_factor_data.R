# Writes the data sets of the factor analyses:
#   data/holzinger.csv          x1..x9 of 301 pupils (Holzinger & Swineford 1939, as in lavaan)
#   data/bfi.csv                25 items of 2436 persons without missing answers (psych::bfi)
#   data/mixed_categories.csv   22 simulated items with 2, 3, 5, 7 or 10 categories, one of which nobody chose
# data/kiosk.csv and data/holzinger_ordinal.csv are kept as they are; see README.md.
# Run from the repository root: Rscript tests/reference/R/make_factor_data.R

suppressPackageStartupMessages({
  library(lavaan)
  library(psych)
})
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
data_dir <- file.path("tests", "reference", "data")
save_csv <- function(frame, name) {
  write.csv(frame, file.path(data_dir, paste0(name, ".csv")), row.names = FALSE, quote = FALSE, na = "")
}

holzinger <- HolzingerSwineford1939[paste0("x", 1:9)]
save_csv(round(holzinger, 8), "holzinger")

answers <- na.omit(bfi[1:25])
save_csv(answers, "bfi")

set.seed(20261124)
n <- 400
categories <- rep(c(2, 3, 5, 7, 10), length.out = 22)
dimension <- rep(1:5, c(4, 5, 4, 4, 5))
general <- rnorm(n)
factors <- sqrt(.45) * general + sqrt(.55) * matrix(rnorm(5 * n), n)
loading <- rep(c(.70, .80, .60, .75, .85, .65), length.out = 22)
mixed <- sapply(1:22, function(item) {
  latent <- loading[item] * factors[, dimension[item]] + sqrt(1 - loading[item]^2) * rnorm(n)
  k <- categories[item]
  # Skewed towards the upper categories, as ratings of services are.
  cuts <- qnorm(seq_len(k - 1) / k) * .9 - .35
  as.integer(findInterval(latent, cuts) + 1)
})
colnames(mixed) <- paste0("P", 1:22)
# Nobody chose category 3 of the seven-point item P4.
mixed[mixed[, "P4"] == 3, "P4"] <- 4L
save_csv(as.data.frame(mixed), "mixed_categories")
