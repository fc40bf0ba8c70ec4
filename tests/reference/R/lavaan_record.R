# One fit of lavaan as a list: what the reference scripts of structural models write down.
# Sourced after common.R and library(lavaan).

wanted <- c(
  "npar", "chisq", "df", "pvalue", "baseline.chisq", "baseline.df", "cfi", "tli", "rmsea",
  "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue", "srmr", "logl", "unrestricted.logl", "aic",
  "bic", "bic2", "chisq.scaled", "df.scaled", "pvalue.scaled", "chisq.scaling.factor",
  "baseline.chisq.scaling.factor", "cfi.robust", "tli.robust", "rmsea.robust",
  "rmsea.ci.lower.robust", "rmsea.ci.upper.robust", "cfi.scaled", "tli.scaled", "rmsea.scaled",
  "rmsea.ci.lower.scaled", "rmsea.ci.upper.scaled"
)

record <- function(name, data, model, ..., details = FALSE, polish = 2) {
  options <- list(...)
  table <- read_survey(data)
  # Called by name: lavaan reads its own call.
  fit <- suppressWarnings(do.call(
    "sem", c(list(model = model, data = table), options)
  ))
  # The optimiser stops early; started where it stopped, it goes further.
  # (Not with fixed exogenous variables, which such a start would set free.)
  rounds <- if (length(lavNames(fit, "ov.x")) && !identical(options$fixed.x, FALSE)) 0 else polish
  for (round in seq_len(rounds)) {
    again <- suppressWarnings(do.call(
      "sem", c(list(model = model, data = table, start = fit), options)
    ))
    if (lavInspect(again, "converged")) fit <- again
  }
  if (!lavInspect(fit, "converged")) {
    message("did not converge: ", name)
    return(NULL)
  }
  rows <- parameterEstimates(fit, standardized = TRUE, remove.system.eq = FALSE, remove.eq = TRUE)
  rows <- rows[rows$op != "==", ]
  if (is.null(rows$group)) rows$group <- 1
  measures <- fitMeasures(fit)
  found <- list(
    name = name, data = data, model = model, options = options,
    converged = lavInspect(fit, "converged"),
    groups = if (is.null(options$group)) NULL else lavInspect(fit, "group.label"),
    parameters = lapply(
      list(
        lhs = rows$lhs, op = rows$op, rhs = rows$rhs, group = rows$group, estimate = rows$est,
        std_error = rows$se, conf_low = rows$ci.lower, conf_high = rows$ci.upper,
        std_all = rows$std.all
      ), unname
    ),
    measures = as.list(unclass(measures)[intersect(wanted, names(measures))])
  )
  standard <- standardizedSolution(fit)
  found$standardised <- list(
    lhs = standard$lhs, op = standard$op, rhs = standard$rhs,
    group = if (is.null(standard$group)) rep(1, nrow(standard)) else standard$group,
    estimate = standard$est.std, std_error = standard$se
  )
  if (details) {
    indices <- modindices(fit)
    found$modification <- as.list(indices[c("lhs", "op", "rhs", "mi", "epc")])
    found$r_squared <- as.list(lavInspect(fit, "rsquare"))
    residual <- lavResiduals(fit, type = "cor.bollen", summary = FALSE)
    found$residual_correlations <- unclass(residual$cov)
    standardised <- resid(fit, type = "standardized")$cov
    standardised[is.na(standardised)] <- 0
    found$residual_z <- unclass(standardised)
    found$scores_regression <- unname(lavPredict(fit)[1:5, ])
    found$scores_bartlett <- unname(lavPredict(fit, method = "Bartlett")[1:5, ])
  }
  found
}
