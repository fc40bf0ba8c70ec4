# Composite reliability, average variance extracted and heterotrait-monotrait ratios by semTools.
# Run from the repository root.

suppressPackageStartupMessages({
  library(lavaan)
  library(semTools)
})
source("tests/reference/R/common.R")

three <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"
five <- "tangibles =~ P1 + P2 + P3 + P4
reliability =~ P5 + P6 + P7 + P8 + P9
responsiveness =~ P10 + P11 + P12 + P13
assurance =~ P14 + P15 + P16 + P17
empathy =~ P18 + P19 + P20 + P21 + P22"

record <- function(data, model) {
  table <- read_survey(data)
  fit <- cfa(model, table)
  fit <- cfa(model, table, start = fit)
  # lavaan's helper names columns by itself; rows and columns stand in the model's order.
  ratios <- function(...) unname(unclass(htmt(model, table, ...)))
  list(
    data = data, model = model,
    composite_reliability = as.list(compRelSEM(fit, obs.var = FALSE)),
    ave = as.list(AVE(fit, obs.var = FALSE)),
    htmt = ratios(htmt2 = FALSE), htmt_signed = ratios(htmt2 = FALSE, absolute = FALSE),
    htmt2 = ratios(htmt2 = TRUE)
  )
}
write_reference(
  list(pupils = record("pupils", three), survey = record("survey_complete", five)),
  "validity", c("lavaan", "semTools")
)
