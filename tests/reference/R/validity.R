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

# The default optimiser stops where figures are good to five digits; Gauss and Newton's steps from
# there go on to ten.
fitted_model <- function(data, model, ...) {
  fit <- cfa(model, read_survey(data), ...)
  fit <- cfa(
    model, read_survey(data), start = fit, optim.method = "GN", optim.gn.tol.x = 1e-10, ...
  )
  stopifnot(lavInspect(fit, "converged"), max(abs(lavTech(fit, "gradient"))) < 1e-9)
  fit
}

# One row per group, one column per factor.
by_group <- function(found) {
  table <- if (is.data.frame(found)) found[names(found) != "group"] else t(unclass(found))
  as.list(as.data.frame(table))
}

quality <- function(data, model, group = NULL) {
  fit <- fitted_model(data, model, group = group)
  list(
    data = data, model = model, by = group,
    composite_reliability = by_group(compRelSEM(fit, obs.var = FALSE)),
    ave = by_group(suppressMessages(AVE(fit, obs.var = FALSE)))
  )
}

ratios <- function(data, model) {
  # lavaan's helper names columns by itself; rows and columns stand in the model's order.
  square <- function(...) unname(unclass(htmt(model, read_survey(data), ...)))
  list(
    data = data, model = model,
    htmt = square(htmt2 = FALSE), htmt_signed = square(htmt2 = FALSE, absolute = FALSE),
    htmt2 = square(htmt2 = TRUE)
  )
}

# Of ordinal answers, the variables beneath them; semTools has the reliability of the answers' sum.
ordinal <- cfa(three, read_survey("pupils_ordinal"), estimator = "WLSMV", ordered = TRUE)

write_reference(
  list(
    quality = list(
      pupils = quality("pupils", three),
      survey = quality("survey_complete", five),
      residuals_within = quality("pupils", paste0(three, "\nx7 ~~ x8")),
      residuals_between = quality("pupils", paste0(three, "\nx2 ~~ x7")),
      cross_loading = quality("pupils", paste0(three, "\nvisual =~ x9")),
      schools = quality("pupils", three, group = "school"),
      second_order = quality("pupils", paste0(three, "\nability =~ visual + textual + speed"))
    ),
    ordinal_ave = as.list(AVE(ordinal, obs.var = FALSE)),
    ratios = list(pupils = ratios("pupils", three), survey = ratios("survey_complete", five))
  ),
  "validity", c("lavaan", "semTools")
)
