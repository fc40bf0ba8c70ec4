# What the reference scripts share: reading the survey, scoring respondents, writing JSON.
# Sourced by gaps.R, scale_reliability.R and regression.R; run those from the repository root.

suppressPackageStartupMessages(library(jsonlite))

reference_dir <- "tests/reference"
dimension_items <- list(
  Tangibles = 1:4, Reliability = 5:9, Responsiveness = 10:13, Assurance = 14:17, Empathy = 18:22
)
dimension_names <- names(dimension_items)
outcome_items <- list(satisfaction = paste0("SAT", 1:3), loyalty = paste0("LOY", 1:2))
conf_level <- 0.95

read_survey <- function(name) {
  read.csv(file.path(reference_dir, "data", paste0(name, ".csv")), stringsAsFactors = FALSE)
}

expectation_items <- function(survey, items = 1:22) as.matrix(survey[paste0("E", items)])
perception_items <- function(survey, items = 1:22) as.matrix(survey[paste0("P", items)])
points_matrix <- function(survey) {
  points <- as.matrix(survey[paste0("W_", tolower(dimension_names))])
  colnames(points) <- dimension_names
  points
}

# Row means of the answered cells, when at least half of the cells are answered; else NA.
half_rule_mean <- function(answers) {
  answered <- rowSums(!is.na(answers))
  ifelse(answered >= 0.5 * ncol(answers), rowSums(answers, na.rm = TRUE) / answered, NA_real_)
}

# Both sides and the gap over the item pairs answered on both sides, under the half rule.
pair_rule_scores <- function(survey, items) {
  e <- expectation_items(survey, items)
  p <- perception_items(survey, items)
  incomplete <- is.na(e) | is.na(p)
  e[incomplete] <- NA
  p[incomplete] <- NA
  data.frame(
    expectation = half_rule_mean(e), perception = half_rule_mean(p), gap = half_rule_mean(p - e)
  )
}

# A list of three n x 5 matrices: expectation, perception, gap.
dimension_scores <- function(survey) {
  scores <- lapply(dimension_items, function(items) pair_rule_scores(survey, items))
  sapply(c("expectation", "perception", "gap"),
    function(side) sapply(scores, function(s) s[[side]]),
    simplify = FALSE
  )
}

outcome_score <- function(survey, outcome) half_rule_mean(as.matrix(survey[outcome_items[[outcome]]]))

repeat_rows <- function(survey) survey[rep(seq_len(nrow(survey)), survey$freq), ]

# The shortest of 15, 16 or 17 significant digits that reads back as the same double
# (jsonlite itself stops at 15).
exact_number <- function(x) {
  stopifnot(!is.infinite(x))
  text <- rep(NA_character_, length(x)) # NA and NaN become null
  known <- which(!is.na(x))
  text[known] <- sprintf("%.15g", x[known])
  for (digits in 16:17) {
    inexact <- known[as.numeric(text[known]) != x[known]]
    text[inexact] <- sprintf(paste0("%.", digits, "g"), x[inexact])
  }
  text[known] <- paste0("@number:", text[known])
  text
}

exact_numbers <- function(x) {
  if (is.data.frame(x)) {
    x[] <- lapply(x, exact_numbers)
    rownames(x) <- NULL
    x
  } else if (is.list(x)) {
    lapply(x, exact_numbers)
  } else if (is.numeric(x)) {
    text <- exact_number(as.vector(x))
    if (is.matrix(x)) text <- matrix(text, nrow(x), ncol(x))
    text
  } else {
    x
  }
}

write_reference <- function(results, name, packages) {
  header <- list(
    r = R.version.string,
    packages = lapply(setNames(packages, packages), function(p) as.character(packageVersion(p))),
    made_by = paste0("tests/reference/R/", name, ".R")
  )
  json <- toJSON(exact_numbers(c(header, results)),
    auto_unbox = TRUE, pretty = TRUE, na = "null", null = "null", dataframe = "rows"
  )
  json <- gsub('"@number:([^"]*)"', "\\1", json)
  stopifnot(!grepl("@number", json))
  path <- file.path(reference_dir, "expected", paste0(name, ".json"))
  writeLines(json, path)
  message("wrote ", path)
}
