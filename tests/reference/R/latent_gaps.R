# Expectations and perceptions of the same persons in one model, by lavaan.
# Run from the repository root.

suppressPackageStartupMessages(library(lavaan))
source("tests/reference/R/common.R")

dimensions <- list(tangibles = 1:4, reliability = 5:9, responsiveness = 10:13,
                   assurance = 14:17, empathy = 18:22)

write_model <- function(level) {
  equal <- c("metric", "scalar", "strict")
  lines <- c()
  for (key in names(dimensions)) {
    items <- dimensions[[key]]
    for (side in c("E", "P")) {
      label <- if (level %in% equal) c("", paste0("l", items[-1], "*")) else ""
      lines <- c(lines, paste0(side, "_", key, " =~ ", paste0(label, side, items, collapse = " + ")))
      if (level %in% equal[2:3]) lines <- c(lines, paste0(side, items, " ~ i", items, "*1"))
      if (level == "strict") {
        lines <- c(lines, paste0(side, items, " ~~ r", items, "*", side, items))
      }
    }
    lines <- c(lines, paste0("E", items, " ~~ P", items))
    if (level %in% equal[2:3]) {
      lines <- c(lines, paste0("P_", key, " ~ gap_", key, "*1"),
                 paste0("E_", key, " ~~ ve_", key, "*E_", key),
                 paste0("P_", key, " ~~ vp_", key, "*P_", key),
                 paste0("E_", key, " ~~ c_", key, "*P_", key),
                 paste0("difference_", key, " := ve_", key, " + vp_", key, " - 2*c_", key))
    }
  }
  paste(lines, collapse = "\n")
}

table <- read_survey("survey_complete")
fits <- lapply(c("configural", "metric", "scalar", "strict"), function(level) {
  fit <- sem(write_model(level), table, meanstructure = TRUE)
  sem(write_model(level), table, meanstructure = TRUE, start = fit)
})
scalar <- parameterEstimates(fits[[3]])
pick <- function(prefix, column) {
  rows <- scalar[match(paste0(prefix, names(dimensions)), scalar$label), ]
  rows[[column]]
}
write_reference(list(
  chi2 = sapply(fits, fitMeasures, "chisq"), df = sapply(fits, fitMeasures, "df"),
  cfi = sapply(fits, fitMeasures, "cfi"), srmr = sapply(fits, fitMeasures, "srmr"),
  gap = pick("gap_", "est"), std_error = pick("gap_", "se"),
  difference_variance = pick("difference_", "est")
), "latent_gaps", "lavaan")
