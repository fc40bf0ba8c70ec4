# Mediation: paths by lm, normal-theory errors by formula, psych::mediate, limits by boot.
# Run from the repository root: Rscript tests/reference/R/mediation.R

source("tests/reference/R/common.R")
suppressPackageStartupMessages({
  library(psych)
  library(boot)
})

path_rows <- function(model, terms) {
  table <- summary(model)$coefficients[terms, , drop = FALSE]
  limits <- confint(model, terms)
  data.frame(
    term = terms, estimate = table[, 1], std_error = table[, 2], statistic = table[, 3],
    df = model$df.residual, p_value = table[, 4], conf_low = limits[, 1], conf_high = limits[, 2]
  )
}

normal_theory <- function(a, sa, b, sb) {
  variance <- c(
    sobel = a^2 * sb^2 + b^2 * sa^2,
    aroian = a^2 * sb^2 + b^2 * sa^2 + sa^2 * sb^2,
    goodman = a^2 * sb^2 + b^2 * sa^2 - sa^2 * sb^2
  )
  z <- a * b / sqrt(variance)
  list(
    estimate = a * b, std_error = as.list(sqrt(variance)), statistic = as.list(z),
    p_value = as.list(2 * pnorm(-abs(z)))
  )
}

simple <- function(data, x, m, y) {
  a <- lm(reformulate(x, m), data)
  b <- lm(reformulate(c(x, m), y), data)
  total <- lm(reformulate(x, y), data)
  ca <- summary(a)$coefficients[x, ]
  cb <- summary(b)$coefficients[m, ]
  list(
    n = nrow(data), covariance = cov(data[c(x, m, y)]),
    a = path_rows(a, x), b = path_rows(b, m), direct = path_rows(b, x), total = path_rows(total, x),
    r_squared = c(summary(a)$r.squared, summary(b)$r.squared, summary(total)$r.squared),
    normal_theory = normal_theory(ca[[1]], ca[[2]], cb[[1]], cb[[2]])
  )
}

# ---- Tal_Or: one mediator, with psych ------------------------------------------------------------
one <- simple(Tal_Or, "cond", "pmi", "reaction")
set.seed(1)
by_psych <- mediate(reaction ~ cond + (pmi), data = Tal_Or, n.iter = 20000, plot = FALSE)
one$psych <- list(
  indirect = as.numeric(by_psych$ab), boot_sd = as.numeric(by_psych$boot$sd),
  limits = as.numeric(by_psych$boot$ci.ab)
)
# Coefficients of both regressions by covariances, because `lm` would take minutes.
indirect_of <- function(data, chosen) {
  s <- cov(data[chosen, ])
  s[1, 2] / s[1, 1] * solve(s[1:2, 1:2], s[1:2, 3])[[2]]
}
set.seed(2)
drawn <- boot(as.matrix(Tal_Or[c("cond", "pmi", "reaction")]), indirect_of, R = 100000)
stopifnot(all.equal(drawn$t0, as.numeric(by_psych$ab)))
limits <- boot.ci(drawn, type = c("perc", "bca"))
one$boot <- list(sd = sd(drawn$t), percent = limits$percent[4:5], bca = limits$bca[4:5])
one$rows <- Tal_Or[c("cond", "pmi", "reaction")]

# ---- Tal_Or: two mediators, side by side and in series -------------------------------------------
two_names <- c("cond", "import", "pmi", "reaction")
outcome <- lm(reaction ~ cond + import + pmi, Tal_Or)
two <- list(
  n = nrow(Tal_Or), covariance = cov(Tal_Or[two_names]),
  a_import = path_rows(lm(import ~ cond, Tal_Or), "cond"),
  a_pmi = path_rows(lm(pmi ~ cond, Tal_Or), "cond"),
  a_pmi_serial = path_rows(lm(pmi ~ cond + import, Tal_Or), c("cond", "import")),
  outcome = path_rows(outcome, c("cond", "import", "pmi")),
  r_squared = summary(outcome)$r.squared
)

# ---- the survey: five predictors, a covariate, frequency weights ---------------------------------
survey <- read_survey("survey")
gaps <- as.data.frame(dimension_scores(survey)$gap)
names(gaps) <- tolower(names(gaps))
gaps$satisfaction <- outcome_score(survey, "satisfaction")
gaps$loyalty <- outcome_score(survey, "loyalty")
gaps$freq <- survey$freq
dims <- tolower(dimension_names)
complete <- gaps[complete.cases(gaps[c(dims, "satisfaction", "loyalty")]), ]
many <- list(
  n = nrow(complete),
  a = path_rows(lm(reformulate(dims, "satisfaction"), complete), dims),
  outcome = path_rows(lm(reformulate(c(dims, "satisfaction"), "loyalty"), complete), c(dims, "satisfaction")),
  total = path_rows(lm(reformulate(dims, "loyalty"), complete), dims)
)
three <- gaps[complete.cases(gaps[c("reliability", "empathy", "satisfaction", "loyalty")]), ]
repeated <- three[rep(seq_len(nrow(three)), three$freq), ]
weighted <- list(
  n = nrow(repeated),
  a = path_rows(lm(satisfaction ~ reliability + empathy, repeated), "reliability"),
  outcome = path_rows(lm(loyalty ~ reliability + satisfaction + empathy, repeated), c("reliability", "satisfaction"))
)

# ---- moderated: products of variables centred at their means -------------------------------------
w <- three$empathy - mean(three$empathy)
first_stage <- lm(satisfaction ~ x + w + xw, data.frame(
  satisfaction = three$satisfaction, x = three$reliability - mean(three$reliability), w = w,
  xw = (three$reliability - mean(three$reliability)) * w
))
plain_outcome <- lm(loyalty ~ reliability + satisfaction, three)
m <- three$satisfaction - mean(three$satisfaction)
second_stage <- lm(loyalty ~ x + m + w + mw, data.frame(
  loyalty = three$loyalty, x = three$reliability, m = m, w = w, mw = m * w
))
plain_mediator <- lm(satisfaction ~ reliability, three)
# Delta method for (a + a3 w) b and a (b + b3 w) at w.
conditional <- function(base, extra, other, base_v, other_v, w) {
  slope <- base + extra * w
  slope_v <- base_v[1, 1] + 2 * w * base_v[1, 2] + w^2 * base_v[2, 2]
  c(estimate = slope * other, std_error = sqrt(slope_v * other^2 + slope^2 * other_v))
}
levels <- c(-1, 0, 1) * sd(three$empathy)
va <- vcov(first_stage)[c("x", "xw"), c("x", "xw")]
vb <- vcov(second_stage)[c("m", "mw"), c("m", "mw")]
a <- coef(first_stage)
b <- coef(second_stage)
moderated <- list(
  n = nrow(three), spread = sd(three$empathy),
  first = list(
    paths = path_rows(first_stage, c("x", "xw")),
    index = unname(a["xw"] * coef(plain_outcome)["satisfaction"]),
    conditional = sapply(levels, function(at) {
      conditional(a[["x"]], a[["xw"]], coef(plain_outcome)[["satisfaction"]], va,
        vcov(plain_outcome)["satisfaction", "satisfaction"], at)
    })
  ),
  second = list(
    paths = path_rows(second_stage, c("m", "mw")),
    index = unname(b["mw"] * coef(plain_mediator)["reliability"]),
    conditional = sapply(levels, function(at) {
      conditional(b[["m"]], b[["mw"]], coef(plain_mediator)[["reliability"]], vb,
        vcov(plain_mediator)["reliability", "reliability"], at)
    })
  )
)

# ---- Garcia: a product of centred variables in one regression ------------------------------------
centred <- data.frame(scale(Garcia[c("prot2", "sexism")], scale = FALSE), respappr = Garcia$respappr)
garcia <- path_rows(lm(respappr ~ prot2 * sexism, centred), c("prot2", "sexism", "prot2:sexism"))

write_reference(
  list(
    tal_or = one, tal_or_two = two, many = many, weighted = weighted, moderated = moderated,
    garcia = list(n = nrow(Garcia), rows = Garcia[c("prot2", "sexism", "respappr")], paths = garcia)
  ),
  "mediation", c("psych", "boot")
)
