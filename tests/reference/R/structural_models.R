# Confirmatory factor analyses and structural equation models by lavaan.
# Run from the repository root, after make_structural_data.R.

suppressPackageStartupMessages(library(lavaan))
source("tests/reference/R/common.R")
source("tests/reference/R/lavaan_record.R")

three <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"
second <- paste(three, "ability =~ visual + textual + speed", sep = "\n")
equalities <- "visual =~ x1 + a*x2 + a*x3
textual =~ x4 + b*x5 + c*x6
speed =~ x7 + x8 + x9
b == 1.2 * c
x7 ~~ x8
ratio := b / c + sqrt(a)"
mediation <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
textual ~ a*visual
speed ~ b*textual + c*visual
indirect := a*b
total := c + a*b"
covariates <- "visual =~ x1 + x2 + x3
visual ~ ageyr + sex
x9 ~ visual + ageyr"
regions <- "quality =~ q1 + q2 + q3
loyalty =~ l1 + l2 + l3
loyalty ~ quality"
one <- "F =~ y1 + y2 + y3 + y4"
six <- function(side) {
  gsub("P", side, "tangibles =~ P4 + P5 + P6 + P22
security =~ P19 + P20 + P21
economy =~ P10 + P11 + P18
convenience =~ P13 + P14 + P15 + P16 + P17
usefulness =~ P1 + P2 + P3
control =~ P7 + P8")
}
eight <- function(side) {
  factors <- c("usefulness", "playfulness", "control", "economy", "personalisation",
               "convenience", "security", "tangibles")
  paste(sapply(1:8, function(k) {
    paste0(factors[k], " =~ ", paste0(side, 3 * (k - 1) + 1:3, collapse = " + "))
  }), collapse = "\n")
}
survey_five <- "tangibles =~ P1 + P2 + P3 + P4
reliability =~ P5 + P6 + P7 + P8 + P9
responsiveness =~ P10 + P11 + P12 + P13
assurance =~ P14 + P15 + P16 + P17
empathy =~ P18 + P19 + P20 + P21 + P22"

fits <- list(
  record("three factors, ML", "pupils", three, details = TRUE),
  record("three factors, observed", "pupils", three, information = "observed"),
  record("three factors, means", "pupils", three, meanstructure = TRUE),
  record("three factors, std.lv", "pupils", three, std.lv = TRUE),
  record("three factors, orthogonal", "pupils", three, orthogonal = TRUE),
  record("three factors, MLR", "pupils", three, estimator = "MLR"),
  record("three factors, MLM", "pupils", three, estimator = "MLM"),
  record("three factors, GLS", "pupils", three, estimator = "GLS"),
  record("three factors, ULS", "pupils", three, estimator = "ULS"),
  record("three factors, MLR with means", "pupils", three, estimator = "MLR", meanstructure = TRUE),
  record("second order", "pupils", second),
  record("second order, std.lv, MLR", "pupils", second, std.lv = TRUE, estimator = "MLR"),
  record("equalities", "pupils", equalities),
  record("equalities, MLR", "pupils", equalities, estimator = "MLR"),
  record("mediation", "pupils", mediation),
  record("mediation, MLR", "pupils", mediation, estimator = "MLR"),
  record("covariates", "pupils", covariates),
  record("covariates, MLR", "pupils", covariates, estimator = "MLR"),
  record("covariates, random", "pupils", covariates, fixed.x = FALSE),
  record("Heywood", "heywood", one),
  record("kiosk, six factors, P", "kiosk", six("P")),
  record("kiosk, six factors, SAT", "kiosk", six("SAT"), details = TRUE),
  record("kiosk, eight factors, P", "kiosk", eight("P")),
  record("kiosk, eight factors, SAT", "kiosk", eight("SAT"), estimator = "MLR"),
  record("survey, five factors", "survey_complete", survey_five),
  record("survey, five factors, MLR", "survey_complete", survey_five, estimator = "MLR"),
  record("missing 5, FIML", "pupils_missing5", three, missing = "ml"),
  record("missing 30, FIML", "pupils_missing30", three, missing = "ml"),
  record("missing 30, FIML, MLR", "pupils_missing30", three, missing = "ml", estimator = "MLR"),
  record("covariates, random, MLM", "pupils", covariates, fixed.x = FALSE, estimator = "MLM"),
  record("covariates, random, MLR", "pupils", covariates, fixed.x = FALSE, estimator = "MLR"),
  record("missing 5, FIML, mediation, MLR", "pupils_missing5", mediation, missing = "ml",
         estimator = "MLR"),
  record("missing 5, FIML, schools", "pupils_missing5", three, missing = "ml", group = "school",
         group.equal = "loadings")
)
ladder <- list(
  configural = character(0), metric = "loadings", scalar = c("loadings", "intercepts"),
  strict = c("loadings", "intercepts", "residuals")
)
for (level in names(ladder)) {
  for (estimator in c("ML", "MLR")) {
    options <- list(
      name = paste0("schools, ", level, ", ", estimator), data = "pupils", model = three,
      group = "school", estimator = estimator
    )
    if (length(ladder[[level]])) options$group.equal <- ladder[[level]]
    fits <- c(fits, list(do.call(record, options)))
  }
}
fits <- c(fits, list(
  record("schools, partial", "pupils", three, group = "school",
         group.equal = c("loadings", "intercepts"), group.partial = c("visual =~ x2", "x3 ~ 1")),
  record("schools, std.lv, metric", "pupils", three, group = "school", std.lv = TRUE,
         group.equal = "loadings"),
  record("regions, metric", "regions", regions, group = "region", group.equal = "loadings"),
  record("regions, scalar, MLR", "regions", regions, group = "region", estimator = "MLR",
         group.equal = c("loadings", "intercepts", "regressions"))
))

# Standard errors of unweighted least squares by Browne's formula (1984): lavaan inverts the weighted
# cross-product of derivatives, which holds for generalised least squares only.
uls <- suppressWarnings(sem(three, read_survey("pupils"), estimator = "ULS"))
slopes <- lavInspect(uls, "delta")
spread <- lavInspect(uls, "sampstat")$cov
pairs <- which(lower.tri(spread, diag = TRUE), arr.ind = TRUE)
weight <- diag(ifelse(pairs[, 1] == pairs[, 2], 0.5, 1))
i <- pairs[, 1]
j <- pairs[, 2]
gamma <- spread[i, i] * spread[j, j] + spread[i, j] * spread[j, i]
bread <- solve(t(slopes) %*% weight %*% slopes)
sandwich <- bread %*% t(slopes) %*% weight %*% gamma %*% weight %*% slopes %*% bread / 300
free <- parTable(uls)[parTable(uls)$free > 0, ]
uls_errors <- list(
  lhs = free$lhs, op = free$op, rhs = free$rhs, group = rep(1, nrow(free)),
  std_error = unname(sqrt(diag(sandwich)))
)

# Scaled differences along the ladder of invariance.
differences <- list()
for (estimator in c("ML", "MLR")) {
  steps <- lapply(ladder, function(equal) {
    options <- list(model = three, data = read_survey("pupils"), group = "school",
                    estimator = estimator)
    if (length(equal)) options$group.equal <- equal
    do.call("sem", options)
  })
  tests <- lavTestLRT(steps$configural, steps$metric, steps$scalar, steps$strict)
  differences[[estimator]] <- list(
    chi2 = tests[["Chisq diff"]][-1], df = tests[["Df diff"]][-1], p = tests[["Pr(>Chisq)"]][-1]
  )
}

write_reference(list(differences = differences, uls = uls_errors, fits = Filter(Negate(is.null), fits)), "structural_models", c("lavaan"))
