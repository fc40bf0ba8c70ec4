# Models at the edge: improper solutions, factors that are nearly one, a small sample, and a survey's
# chain from quality to loyalty. Run from the repository root, after make_structural_data.R.

suppressPackageStartupMessages(library(lavaan))
source("tests/reference/R/common.R")
source("tests/reference/R/lavaan_record.R")

facets <- "a =~ s1 + s2 + s3
b =~ s4 + s5 + s6
c =~ s7 + s8 + s9
quality =~ a + b + c"
twins <- "one =~ t1 + t2 + t3
two =~ t4 + t5 + t6"
three <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"
fixed <- "visual =~ 1*x1 + 0.5*x2 + NA*x3
textual =~ x4 + x5 + x6
visual ~~ 0*textual
x1 ~~ x4
x2 ~~ 0.9*x2"
six <- "tangibles =~ SAT4 + SAT5 + SAT6 + SAT22
security =~ SAT19 + SAT20 + SAT21
economy =~ SAT10 + SAT11 + SAT18
convenience =~ SAT13 + SAT14 + SAT15 + SAT16 + SAT17
usefulness =~ SAT1 + SAT2 + SAT3
control =~ SAT7 + SAT8"
outcomes <- "satisfaction =~ Y1 + Y2
loyalty =~ Y3 + Y4"
causes <- "tangibles + security + economy + convenience + usefulness + control"
full <- paste0(six, "\n", outcomes, "\nsatisfaction ~ ", causes, "\nloyalty ~ satisfaction + ", causes)
chain <- paste0(six, "\n", outcomes, "\nsatisfaction ~ ", causes, "\nloyalty ~ satisfaction")

fits <- list(
  record("second-order loading beyond one", "beyond_one", facets),
  record("factors nearly one", "nearly_one", twins),
  record("factors nearly one, MLR", "nearly_one", twins, estimator = "MLR"),
  record("sixty pupils", "pupils_sixty", three),
  record("sixty pupils, MLR", "pupils_sixty", three, estimator = "MLR"),
  record("fixed values", "pupils", fixed),
  record("kiosk, six factors and outcomes", "kiosk_outcomes", full),
  record("kiosk, mediation", "kiosk_outcomes", chain),
  record("kiosk, mediation, MLR", "kiosk_outcomes", chain, estimator = "MLR"),
  record("kiosk, six factors, WLSMV", "kiosk_outcomes", six, ordered = TRUE, estimator = "WLSMV")
)
write_reference(list(fits = Filter(Negate(is.null), fits)), "structural_nasty", "lavaan")
