# Regression grown: CR2, covariates, moderators, random intercepts, diagnostics.
# Writes expected/linear_models.json. Run from the repository root:
# Rscript tests/reference/R/linear_models.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages({
  library(sandwich)
  library(lmtest)
  library(clubSandwich)
  library(lme4)
  library(lmerTest)
  library(car)
  library(psych)
})

keys <- tolower(dimension_names)
kept <- c("branch", "office", "wave", "weight", "freq", "P3")

# Dimension gaps, both outcomes and the columns above; complete for the variables named.
frame_of <- function(survey, needed) {
  gaps <- dimension_scores(survey)$gap
  colnames(gaps) <- keys
  frame <- data.frame(
    row = survey$row, survey[kept], gaps,
    satisfaction = outcome_score(survey, "satisfaction"), loyalty = outcome_score(survey, "loyalty")
  )
  frame[complete.cases(frame[needed]), ]
}

tested <- function(estimate, std_error, df) {
  statistic <- estimate / std_error
  reach <- qt(1 - (1 - conf_level) / 2, df) * std_error
  data.frame(
    estimate = estimate, std_error = std_error, statistic = statistic, df = df,
    p_value = 2 * pt(-abs(statistic), df), conf_low = estimate - reach, conf_high = estimate + reach
  )
}

with_terms <- function(table, terms) cbind(data.frame(term = terms), table)

survey <- read_survey("survey")
survey$row <- seq_len(nrow(survey)) - 1
repeated <- repeat_rows(survey)
five <- reformulate(keys, "satisfaction")
plain <- frame_of(survey, c(keys, "satisfaction"))

# ---- CR2 -----------------------------------------------------------------------------------------

cr2_of <- function(model, cluster, q = length(coef(model)) - 1) {
  v <- vcovCR(model, cluster = cluster, type = "CR2")
  test <- coef_test(model, v, test = "Satterthwaite")
  joint <- function(which) {
    wald <- tryCatch(
      Wald_test(model, constrain_zero(which), v, test = "HTZ"), error = function(e) NULL
    )
    if (is.null(wald) || !is.finite(wald$p_val) || wald$df_denom <= 0) {
      return(list(f_statistic = NA, df_denominator = NA, p_value = NA))
    }
    list(f_statistic = wald$Fstat, df_denominator = wald$df_denom, p_value = wald$p_val)
  }
  list(
    coefficients = with_terms(tested(test$beta, test$SE, test$df_Satt), names(coef(model))),
    p_value = test$p_Satt, joint = joint(2:(q + 1)), two = joint(2:3)
  )
}

# A cluster of one respondent: the first one is an office by itself.
lonely <- plain
lonely$office[1] <- "Alone"
many <- frame_of(repeated, c(keys, "satisfaction"))
cr2 <- list(
  office = cr2_of(lm(five, plain), plain$office),
  branch = cr2_of(lm(five, plain), plain$branch),
  lonely = cr2_of(lm(five, lonely), lonely$office),
  frequency = cr2_of(lm(five, many), many$office),
  sampling = cr2_of(lm(five, plain, weights = weight), plain$office),
  covariate = cr2_of(
    lm(update(five, . ~ . + branch), plain), plain$office
  )
)

# ---- covariates and moderators -------------------------------------------------------------------

contrast_of <- function(model, matrix, v, df) {
  tested(as.vector(matrix %*% coef(model)), sqrt(diag(matrix %*% v %*% t(matrix))), df)
}

wald_of <- function(model, which, v, df) {
  b <- coef(model)[which]
  f <- as.numeric(t(b) %*% solve(v[which, which], b)) / length(b)
  list(f_statistic = f, df_numerator = length(b), p_value = pf(f, length(b), df, lower.tail = FALSE))
}

hc3 <- function(model) vcovHC(model, type = "HC3")

covariates <- local({
  frame <- frame_of(survey, c(keys, "satisfaction", "loyalty", "P3"))
  model <- lm(update(five, . ~ . + loyalty + branch + P3), frame)
  list(
    n = nrow(frame),
    coefficients = with_terms(
      tested(coef(model), sqrt(diag(hc3(model))), model$df.residual), names(coef(model))
    ),
    vif = unname(diag(solve(cor(model.matrix(model)[, -1]))))
  )
})

centre <- function(x, w = rep(1, length(x))) x - weighted.mean(x, w)

# Two predictors, moderated by a group: slopes of both in each group.
by_group <- function(frame, vcov = hc3, weighted = FALSE) {
  w <- if (weighted) frame$weight else rep(1, nrow(frame))
  frame$x1 <- centre(frame$reliability, w)
  frame$x2 <- centre(frame$empathy, w)
  frame$w <- w
  model <- lm(satisfaction ~ x1 + x2 + branch + x1:branch + x2:branch, frame, weights = w)
  v <- vcov(model)
  terms <- names(coef(model))
  slopes <- function(x) {
    matrix <- matrix(0, 4, length(terms), dimnames = list(NULL, terms))
    matrix[, x] <- 1
    for (level in 2:4) {
      matrix[level, paste0(x, ":branch", c("East", "North", "South", "West")[level])] <- 1
    }
    contrast_of(model, matrix, v, model$df.residual)
  }
  products <- grep(":", terms)
  without <- lm(satisfaction ~ x1 + x2 + branch, frame, weights = w)
  list(
    coefficients = with_terms(
      tested(coef(model), sqrt(diag(v)), model$df.residual), terms
    ),
    slopes = rbind(slopes("x1"), slopes("x2")),
    joint = wald_of(model, products, v, model$df.residual),
    delta_r_squared = summary(model)$r.squared - summary(without)$r.squared
  )
}

# One predictor and a moderator that is a number, by formula; and the same with CR2.
johnson_neyman <- function(b1, b3, v11, v13, v33, t) {
  roots <- polyroot(c(b1^2 - t^2 * v11, 2 * (b1 * b3 - t^2 * v13), b3^2 - t^2 * v33))
  if (max(abs(Im(roots))) > 1e-8) c(NA, NA) else sort(Re(roots))
}

by_number <- function(frame, x, m, outcome, vcov = hc3) {
  frame$x <- centre(frame[[x]])
  frame$m <- centre(frame[[m]])
  frame$y <- frame[[outcome]]
  model <- lm(y ~ x * m, frame)
  v <- vcov(model)
  levels <- c(-1, 0, 1) * sd(frame$m)
  t <- qt(1 - (1 - conf_level) / 2, model$df.residual)
  bounds <- johnson_neyman(
    coef(model)["x"], coef(model)["x:m"], v["x", "x"], v["x", "x:m"], v["x:m", "x:m"], t
  )
  slope <- coef(model)["x"] + coef(model)["x:m"] * frame$m
  error <- sqrt(v["x", "x"] + 2 * frame$m * v["x", "x:m"] + frame$m^2 * v["x:m", "x:m"])
  list(
    coefficients = with_terms(
      tested(coef(model), sqrt(diag(v)), model$df.residual), names(coef(model))
    ),
    values = mean(frame[[m]]) + levels,
    slopes = contrast_of(model, cbind(0, 1, 0, levels), v, model$df.residual),
    bounds = bounds + mean(frame[[m]]), share = mean(abs(slope / error) > t),
    r_squared = summary(model)$r.squared, f = unname(summary(model)$fstatistic)
  )
}

cr2_slopes <- local({
  frame <- frame_of(survey, c("reliability", "tangibles", "satisfaction"))
  frame$x <- centre(frame$reliability)
  frame$m <- centre(frame$tangibles)
  model <- lm(satisfaction ~ x * m, frame)
  v <- vcovCR(model, cluster = frame$office, type = "CR2")
  matrix <- cbind(0, 1, 0, c(-1, 0, 1) * sd(frame$m))
  found <- linear_contrast(model, v, matrix, test = "Satterthwaite", level = conf_level)
  tested(found$Est, found$SE, found$df)
})

# Two moderators: slopes of a group with the other one at its mean, and the reverse.
two <- local({
  frame <- frame_of(survey, c("reliability", "tangibles", "satisfaction"))
  frame$x <- centre(frame$reliability)
  frame$m <- centre(frame$tangibles)
  frame$second <- as.numeric(frame$wave == 2)
  model <- lm(satisfaction ~ x + second + m + x:second + x:m, frame)
  v <- hc3(model)
  share <- mean(frame$second)
  matrix <- rbind(
    c(0, 1, 0, 0, 0, 0), c(0, 1, 0, 0, 1, 0),
    c(0, 1, 0, 0, share, -sd(frame$m)), c(0, 1, 0, 0, share, 0), c(0, 1, 0, 0, share, sd(frame$m))
  )
  list(
    coefficients = with_terms(
      tested(coef(model), sqrt(diag(v)), model$df.residual), names(coef(model))
    ),
    slopes = contrast_of(model, matrix, v, model$df.residual)
  )
})

garcia <- psych::Garcia[c("respappr", "prot2", "sexism")]
garcia[] <- lapply(garcia, as.numeric)
uncentred <- lm(respappr ~ prot2 * sexism, garcia)
# The printed output of psychTools' vignette.
stopifnot(
  max(abs(coef(uncentred) - c(6.57, -2.69, -.53, .81))) < .005,
  max(abs(sqrt(diag(vcov(uncentred))) - c(1.21, 1.45, .24, .28))) < .005,
  round(summary(uncentred)$r.squared, 2) == .30, round(summary(uncentred)$fstatistic[1], 2) == 17.53
)

moderators <- list(
  group = by_group(frame_of(survey, c("reliability", "empathy", "satisfaction"))),
  frequency = by_group(frame_of(repeated, c("reliability", "empathy", "satisfaction"))),
  sampling = by_group(
    frame_of(survey, c("reliability", "empathy", "satisfaction")), weighted = TRUE
  ),
  number = by_number(
    frame_of(survey, c("reliability", "tangibles", "satisfaction")),
    "reliability", "tangibles", "satisfaction"
  ),
  cr2 = cr2_slopes, two = two,
  garcia = c(by_number(garcia, "prot2", "sexism", "respappr", vcov = stats::vcov), list(
    rows = garcia, uncentred = unname(coef(uncentred)),
    uncentred_errors = unname(sqrt(diag(vcov(uncentred))))
  ))
)

# ---- random intercepts ---------------------------------------------------------------------------

control <- lmerControl(
  optimizer = "bobyqa", optCtrl = list(rhobeg = 0.2, rhoend = 1e-14, maxfun = 1e5),
  check.conv.singular = "ignore"
)

mixed_of <- function(formula, frame, group) {
  model <- lmerTest::lmer(update(formula, paste(". ~ . + (1 |", group, ")")), frame,
    control = control
  )
  table <- summary(model)$coefficients
  components <- as.data.frame(VarCorr(model))$vcov
  least <- lm(formula, frame)
  joint <- contestMD(model, diag(nrow(table))[-1, , drop = FALSE])
  effects <- ranef(model, condVar = TRUE)[[group]]
  fixed <- var(as.vector(model.matrix(model) %*% fixef(model)))
  ratio <- max(2 * as.numeric(logLik(model) - logLik(least, REML = TRUE)), 0)
  list(
    n = nobs(model),
    coefficients = with_terms(tested(table[, 1], table[, 2], table[, 3]), rownames(table)),
    p_value = unname(table[, 5]),
    joint = list(
      f_statistic = joint$`F value`, df_denominator = joint$DenDF, p_value = joint$`Pr(>F)`
    ),
    variance = components, criterion = REMLcrit(model), aic = AIC(model), bic = BIC(model),
    ratio = ratio, icc = components[1] / sum(components),
    marginal = fixed / (fixed + sum(components)),
    conditional = (fixed + components[1]) / (fixed + sum(components)),
    effects = data.frame(
      group = rownames(effects), n = as.vector(table(frame[[group]])[rownames(effects)]),
      estimate = effects[[1]], std_error = sqrt(as.vector(attr(effects, "postVar")))
    )
  )
}

# The survey's respondents, with offices that differ: one of five shifts is added.
shifted <- function(frame) {
  shift <- as.numeric(factor(frame$office, levels = sort(unique(survey$office))))
  frame$shifted <- frame$satisfaction + c(-0.8, 0.5, 0, 0.9, -0.4)[shift %% 5 + 1]
  frame
}
mixed <- list(
  office = mixed_of(reformulate(keys, "shifted"), shifted(plain), "office"),
  branch = mixed_of(five, plain, "branch"),
  frequency = mixed_of(reformulate(keys, "shifted"), shifted(many), "office"),
  moderated = local({
    frame <- shifted(frame_of(survey, c("reliability", "tangibles", "satisfaction")))
    frame$x <- centre(frame$reliability)
    frame$m <- centre(frame$tangibles)
    found <- mixed_of(shifted ~ x + m + x:m, frame, "office")
    model <- lmerTest::lmer(shifted ~ x + m + x:m + (1 | office), frame, control = control)
    slopes <- contest1D(model, c(0, 1, 0, sd(frame$m)))
    found$slope <- tested(slopes$Estimate, slopes$`Std. Error`, slopes$df)
    found
  })
)

# ---- diagnostics ---------------------------------------------------------------------------------

white_formula <- function(predictors) {
  squares <- paste0("I(", predictors, "^2)")
  as.formula(paste("~ (", paste(predictors, collapse = "+"), ")^2 +", paste(squares, collapse = "+")))
}

test_row <- function(name, statistic, df, df_denominator, p_value) {
  data.frame(
    test = name, statistic = unname(statistic), df = unname(df),
    df_denominator = unname(df_denominator), p_value = unname(p_value)
  )
}

diagnostics_of <- function(model, frame, predictors, tests = TRUE) {
  measures <- influence.measures(model)$infmat
  x <- model.matrix(model)
  w <- if (is.null(weights(model))) rep(1, nrow(x)) else weights(model)
  scaled <- sqrt(w) * x
  scaled <- sweep(scaled, 2, sqrt(colSums(scaled^2)), "/")
  parts <- svd(scaled)
  phi <- sweep(parts$v, 2, parts$d, "/")^2
  found <- list(
    influence = data.frame(
      row = frame$row, leverage = unname(hatvalues(model)), studentised = unname(rstudent(model)),
      cooks_distance = unname(cooks.distance(model)), dffits = unname(measures[, "dffit"])
    ),
    vif = unname(if (length(predictors) > 1) car::vif(model) else NA),
    condition_index = max(parts$d) / parts$d, proportions = unname(t(phi / rowSums(phi)))
  )
  if (tests) {
    bp <- bptest(model)
    white <- bptest(model, white_formula(predictors), data = frame)
    reset <- resettest(model, power = 2:3, type = "fitted")
    e <- residuals(model)
    n <- length(e)
    s <- mean(e^3) / mean(e^2)^1.5
    k <- mean(e^4) / mean(e^2)^2
    jb <- n / 6 * (s^2 + (k - 3)^2 / 4)
    found$tests <- rbind(
      test_row("Breusch–Pagan", bp$statistic, bp$parameter, NA, bp$p.value),
      test_row("White", white$statistic, white$parameter, NA, white$p.value),
      test_row("Jarque–Bera", jb, 2, NA, pchisq(jb, 2, lower.tail = FALSE)),
      test_row(
        "RESET", reset$statistic, reset$parameter[1], reset$parameter[2], reset$p.value
      )
    )
  }
  found
}

diagnostics <- list(
  plain = diagnostics_of(lm(five, plain), plain, keys),
  one = diagnostics_of(lm(satisfaction ~ reliability, plain), plain, "reliability"),
  frequency = diagnostics_of(lm(five, many), many, keys),
  sampling = diagnostics_of(lm(five, plain, weights = weight), plain, keys, tests = FALSE)
)
# Only what the library shows: the most influential of all, and how many there are beyond limits.
for (name in names(diagnostics)) {
  table <- diagnostics[[name]]$influence
  n <- nrow(table)
  k <- length(diagnostics[[name]]$condition_index)
  diagnostics[[name]]$beyond <- c(
    sum(table$leverage > 2 * k / n), sum(abs(table$studentised) > 2),
    sum(abs(table$studentised) > qt(1 - 0.025 / n, n - k - 1)),
    sum(table$cooks_distance > 4 / n), sum(table$cooks_distance > 1),
    sum(abs(table$dffits) > 2 * sqrt(k / n))
  )
  table <- table[!duplicated(table$row), ]
  diagnostics[[name]]$influence <- head(table[order(-table$cooks_distance), ], 10)
}

# ---- cross-validation ----------------------------------------------------------------------------

# Leave one out: each prediction from the hat matrix, each mean from the others.
leave_one_out <- local({
  model <- lm(five, plain)
  y <- plain$satisfaction
  n <- length(y)
  press <- residuals(model) / (1 - hatvalues(model))
  about <- (y - mean(y)) * n / (n - 1)
  list(n = n, r_squared = 1 - sum(press^2) / sum(about^2), rmse = sqrt(mean(press^2)))
})

write_reference(
  list(
    cr2 = cr2, covariates = covariates, moderators = moderators, mixed = mixed,
    diagnostics = diagnostics, leave_one_out = leave_one_out
  ),
  "linear_models",
  c("sandwich", "lmtest", "clubSandwich", "lme4", "lmerTest", "car", "psych", "jsonlite")
)
