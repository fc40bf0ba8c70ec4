# What R's psych and lavaan do. Answers the requests that worker.py describes; started by workers.py
# as: Rscript tests/benchmarks/peers.R FOLDER

suppressPackageStartupMessages({
  library(jsonlite)
  library(psych)
  library(lavaan)
  library(GPArotation)
})

folder <- commandArgs(trailingOnly = TRUE)[[1]]
n_factors <- 5

below_diagonal <- function(matrix) t(matrix)[upper.tri(matrix)] # row by row
row_by_row <- function(matrix) as.vector(t(unclass(matrix)))

# ---- tasks: a function of the data that returns what is timed, and what must agree ---------------

tasks <- list()

tasks$lavaan_polychoric <- function(data) list(
  work = function() lavCor(data$frame, ordered = names(data$frame), output = "cor"),
  values = function(result) list(correlations = below_diagonal(unclass(result)))
)

tasks$psych_polychoric <- function(data) list(
  work = function() polychoric(data$frame, correct = 0, progress = FALSE),
  values = function(result) list(correlations = below_diagonal(result$rho))
)

# psych spreads the pairs over two cores unless told otherwise.
tasks$psych_polychoric_one_core <- function(data) list(
  work = function() {
    before <- options(mc.cores = 1)
    on.exit(options(before))
    polychoric(data$frame, correct = 0, progress = FALSE)
  },
  values = function(result) list(correlations = below_diagonal(result$rho))
)

tasks$psych_alpha <- function(data) list(
  work = function() psych::alpha(data$frame),
  values = function(result) list(
    alpha = result$total$raw_alpha,
    interval = c(result$feldt$lower.ci[[1]], result$feldt$upper.ci[[1]]),
    item_rest = result$item.stats$r.drop,
    alpha_if_deleted = result$alpha.drop$raw_alpha
  )
)

tasks$psych_adequacy <- function(data) list(
  work = function() {
    correlations <- cor(data$frame)
    list(KMO(correlations), cortest.bartlett(correlations, n = nrow(data$frame)))
  },
  values = function(result) list(
    kmo = result[[1]]$MSA, kmo_items = result[[1]]$MSAi, bartlett = result[[2]]$chisq
  )
)

parallel_values <- function(result) list(
  n_factors = result$nfact, n_components = result$ncomp,
  component_eigenvalues = result$pc.values, component_random = result$pc.sim,
  factor_eigenvalues = result$fa.values, factor_random = result$fa.sim
)

tasks$psych_parallel <- function(data) list(
  work = function() fa.parallel(data$frame, n.iter = 100, plot = FALSE),
  values = parallel_values
)

tasks$psych_parallel_smc <- function(data) list(
  work = function() fa.parallel(data$frame, n.iter = 100, SMC = TRUE, plot = FALSE),
  values = parallel_values
)

factor_values <- function(result) list(
  loadings = row_by_row(result$loadings), factor_correlations = row_by_row(result$Phi)
)

tasks$psych_ml <- function(data) list(
  work = function() fa(data$frame, n_factors, fm = "ml", rotate = "oblimin"),
  values = factor_values
)

tasks$psych_ml_matrix <- function(data) list(
  work = function() {
    fa(data$correlations, n_factors, n.obs = nrow(data$frame), fm = "ml", rotate = "oblimin")
  },
  values = factor_values
)

tasks$psych_minres_matrix <- function(data) list(
  work = function() {
    fa(data$correlations, n_factors, n.obs = nrow(data$frame), fm = "minres", rotate = "oblimin")
  },
  values = factor_values
)

tasks$psych_omega <- function(data) list(
  work = function() omega(data$frame, n_factors, plot = FALSE),
  values = function(result) list(
    omega_hierarchical = result$omega_h, omega_total = result$omega.tot
  )
)

five <- paste0(
  "F1 =~ ", paste0("P", 1:4, collapse = " + "), "\nF2 =~ ", paste0("P", 5:9, collapse = " + "),
  "\nF3 =~ ", paste0("P", 10:13, collapse = " + "), "\nF4 =~ ",
  paste0("P", 14:17, collapse = " + "), "\nF5 =~ ", paste0("P", 18:22, collapse = " + ")
)

fit_values <- function(fit) {
  table <- parameterEstimates(fit)
  loadings <- table[table$op == "=~", ]
  measures <- fitMeasures(fit, c("chisq", "cfi"))
  found <- list(loadings = loadings$est, std_errors = loadings$se, chi2 = measures[["chisq"]],
                cfi = measures[["cfi"]])
  scaled <- tryCatch(fitMeasures(fit, "chisq.scaled"), error = function(problem) numeric(0))
  if (length(scaled) && !is.na(scaled)) found$chi2_scaled <- scaled[[1]]
  found
}

tasks$lavaan_cfa <- function(data) list(
  work = function() cfa(five, data$frame), values = fit_values
)

tasks$lavaan_robust <- function(data) list(
  work = function() {
    fit <- cfa(five, data$frame, estimator = "MLR")
    fitMeasures(fit)
    fit
  },
  values = fit_values
)

tasks$lavaan_ordinal <- function(data) list(
  work = function() cfa(five, data$frame, estimator = "WLSMV", ordered = TRUE),
  values = fit_values
)

tasks$lavaan_ladder <- function(data) {
  frame <- data$frame
  frame$half <- (seq_len(nrow(frame)) - 1) %% 2
  equal <- list(character(0), "loadings", c("loadings", "intercepts"),
                c("loadings", "intercepts", "residuals"))
  list(
    work = function() {
      fits <- lapply(equal, function(same) {
        options <- list(model = five, data = frame, group = "half")
        if (length(same)) options$group.equal <- same
        do.call("cfa", options)
      })
      list(fits = fits, tests = do.call("lavTestLRT", fits))
    },
    values = function(result) list(
      chi2 = sapply(result$fits, fitMeasures, "chisq"),
      delta_chi2 = result$tests[["Chisq diff"]][-1]
    )
  )
}

# ---- requests ------------------------------------------------------------------------------------

read_data <- function(name) {
  correlations <- as.matrix(read.csv(file.path(folder, paste0(name, "_correlations.csv"))))
  rownames(correlations) <- colnames(correlations)
  list(frame = read.csv(file.path(folder, paste0(name, ".csv"))), correlations = correlations)
}

versions <- function() {
  packages <- c("psych", "lavaan", "GPArotation")
  found <- lapply(setNames(packages, packages), function(p) as.character(packageVersion(p)))
  blas <- basename(sessionInfo()$BLAS)
  c(list(R = paste(R.version$major, R.version$minor, sep = "."), BLAS = blas), found)
}

data_sets <- new.env()
prepared <- new.env()

prepare <- function(task, data) {
  if (is.null(data_sets[[data]])) data_sets[[data]] <- read_data(data)
  key <- paste(task, data)
  if (is.null(prepared[[key]])) prepared[[key]] <- tasks[[task]](data_sets[[data]])
  prepared[[key]]
}

now <- function() as.numeric(Sys.time()) # microseconds; proc.time has milliseconds only

answer <- function(request) {
  if (request$do == "versions") return(versions())
  task <- prepare(request$task, request$data)
  if (request$do == "run") {
    start <- now()
    result <- task$work()
    seconds <- now() - start
    return(list(seconds = seconds, values = lapply(task$values(result), as.numeric)))
  }
  start <- now()
  for (call in seq_len(request$calls)) task$work()
  list(seconds = (now() - start) / request$calls)
}

# What packages print must not stand between the answers.
quietly <- function(request) {
  sink(nullfile())
  on.exit(sink())
  tryCatch(
    suppressWarnings(suppressMessages(answer(request))),
    error = function(problem) list(error = conditionMessage(problem))
  )
}

requests <- file("stdin", open = "r")
while (length(line <- readLines(requests, n = 1)) > 0) {
  result <- quietly(fromJSON(line))
  values <- result$values
  result$values <- NULL
  result <- lapply(result, unbox)
  if (!is.null(values)) result$values <- values # always lists, even of one number
  writeLines(toJSON(result, digits = NA, na = "null"))
  flush(stdout())
}
