# Models of ordinal answers by lavaan: diagonally weighted least squares, plain and robust.
# Run from the repository root, after make_structural_data.R.

suppressPackageStartupMessages(library(lavaan))
source("tests/reference/R/common.R")
source("tests/reference/R/lavaan_record.R")

three <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"
second <- paste(three, "ability =~ visual + textual + speed", sep = "\n")
one <- "ability =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9"
mediation <- paste(three, "textual ~ a*visual
speed ~ b*textual + c*visual
indirect := a*b", sep = "\n")
given <- "visual =~ x1 + a*x2 + a*x3
textual =~ x4 + x5 + x6
x7 ~ visual + textual
x1 ~~ x4
x1 | -0.6*t1 + t2 + t3"
five <- "tangibles =~ P1 + P2 + P3 + P4
reliability =~ P5 + P6 + P7 + P8 + P9
responsiveness =~ P10 + P11 + P12 + P13
assurance =~ P14 + P15 + P16 + P17
empathy =~ P18 + P19 + P20 + P21 + P22"
robust <- function(...) record(..., ordered = TRUE, estimator = "WLSMV", polish = 12)

fits <- list(
  robust("three factors", "holzinger_ordinal", three),
  record("three factors, DWLS", "holzinger_ordinal", three, ordered = TRUE, estimator = "DWLS"),
  robust("three factors, std.lv", "pupils_ordinal", three, std.lv = TRUE),
  robust("second order", "pupils_ordinal", second),
  robust("one factor", "pupils_ordinal", one),
  robust("three factors, school data", "pupils_ordinal", three),
  robust("mediation", "pupils_ordinal", mediation),
  robust("fixed and equal", "pupils_ordinal", given),
  robust("schools", "pupils_ordinal", three, group = "school"),
  robust("schools, loadings", "pupils_ordinal", three, group = "school",
         group.equal = "loadings"),
  robust("schools, thresholds", "pupils_ordinal", three, group = "school",
         group.equal = c("loadings", "thresholds")),
  robust("perceptions 3", "perceptions_3", five),
  robust("perceptions 5", "perceptions_5", five),
  robust("perceptions 7", "perceptions_7", five),
  robust("mixed categories", "mixed_categories", five)
)

plain_fit <- function(data, model, ...) {
  suppressWarnings(do.call("cfa", list(
    model = model, data = read_survey(data), ordered = TRUE, estimator = "WLSMV", ...
  )))
}
difference <- function(free, restricted) {
  table <- suppressWarnings(lavTestLRT(free, restricted))
  list(chi2 = table[2, "Chisq diff"], df = table[2, "Df diff"], p_value = table[2, "Pr(>Chisq)"])
}
configural <- plain_fit("pupils_ordinal", three, group = "school")
equal <- plain_fit("pupils_ordinal", three, group = "school",
                   group.equal = c("loadings", "thresholds"))
differences <- list(
  factors = difference(plain_fit("pupils_ordinal", three), plain_fit("pupils_ordinal", one)),
  thresholds = difference(configural, equal)
)

write_reference(
  list(fits = fits, differences = differences), "ordinal_models", c("lavaan")
)
