# Means, covariances and correlations of eight items with missing answers: listwise, pairwise, and
# with both kinds of weights. Writes expected/moments.json.
# Run from the repository root: Rscript tests/reference/R/moments.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages(library(survey))

variables <- c(paste0("E", 1:4), paste0("P", 1:4))
answers <- read_survey("survey")
x <- as.matrix(answers[variables])
complete <- complete.cases(x)

listwise <- function(x) {
  list(
    n = nrow(x), mean = unname(colMeans(x)), covariance = unname(cov(x)),
    correlation = unname(cor(x)), std_error = unname(apply(x, 2, sd) / sqrt(nrow(x)))
  )
}

repeated <- repeat_rows(answers)
repeated_x <- as.matrix(repeated[variables])

design <- svydesign(ids = ~1, weights = ~weight, data = answers[complete, ])
formula <- as.formula(paste("~", paste(variables, collapse = " + ")))
means <- svymean(formula, design)

write_reference(
  list(
    variables = variables,
    listwise = listwise(x[complete, ]),
    frequency = listwise(repeated_x[complete.cases(repeated_x), ]),
    sampling = list(
      n = sum(complete), mean = unname(coef(means)),
      covariance_of_mean = unname(matrix(vcov(means), length(variables))),
      covariance = unname(matrix(svyvar(formula, design), length(variables)))
    ),
    pairwise = list(
      counts = unname(crossprod(!is.na(x))),
      mean = unname(colMeans(x, na.rm = TRUE)),
      covariance = unname(cov(x, use = "pairwise.complete.obs")),
      correlation = unname(cor(x, use = "pairwise.complete.obs"))
    ),
    pairwise_frequency = list(
      correlation = unname(cor(repeated_x, use = "pairwise.complete.obs")),
      covariance = unname(cov(repeated_x, use = "pairwise.complete.obs"))
    )
  ),
  "moments", c("survey", "jsonlite")
)
