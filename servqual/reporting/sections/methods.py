"""Methods on one page: what every number is, how it was set, and where it comes from."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from servqual.reporting.blocks import (
    Block,
    Definitions,
    Entry,
    Prose,
    ReferenceList,
    Run,
    Section,
    Subheading,
    prose,
    sub,
    symbol,
)
from servqual.reporting.material import Material
from servqual.reporting.references import cited
from servqual.reporting.words import formula, level, percent, whole

_PACKAGES = ("numpy", "scipy", "pandas", "statsmodels", "matplotlib")


@dataclass(frozen=True, slots=True)
class _Note:
    """A method in plain words, with the works that it rests on."""

    term: str
    text: Prose
    sources: tuple[str, ...]


def methods(material: Material) -> Section:
    """Write the section.

    Parameters
    ----------
    material : Material
        Results.

    Returns
    -------
    Section
    """
    notes = [
        *_score_notes(material),
        *_test_notes(material),
        *_group_notes(material),
        *_reliability_notes(material),
        *_structure_notes(material),
        *_driver_notes(material),
    ]
    instrument = material.survey.instrument
    own = ((instrument.citation, instrument.doi),) if instrument.citation else ()
    references = cited(key for note in notes for key in note.sources)
    blocks: list[Block] = [
        Definitions(tuple(Entry(note.term, note.text) for note in notes)),
        Subheading("Settings"),
        Definitions(tuple(_settings(material)), "facts"),
        Subheading("References"),
        ReferenceList(_with_own(references, own)),
    ]
    return Section("methods", "Methods", tuple(blocks), new_page=True)


def _with_own(references: tuple[Prose, ...], own: tuple[tuple[str, str], ...]) -> tuple[Prose, ...]:
    """Add the instrument's own citation, unless the list has it."""
    texts = ["".join(run.text for run in entry) for entry in references]
    added = list(references)
    for citation, doi in own:
        start = citation[:60].casefold()
        if any(text.casefold().startswith(start) for text in texts):
            continue
        runs = [Run(citation)]
        if doi:
            runs += [Run(" "), Run(f"https://doi.org/{doi}", "link", f"https://doi.org/{doi}")]
        added.append(tuple(runs))
    return tuple(sorted(added, key=lambda entry: entry[0].text.casefold()))


# ---- settings ------------------------------------------------------------------------------------


def _settings(material: Material) -> Iterator[Entry]:
    settings, survey = material.settings, material.survey
    yield Entry("Confidence level", prose(level(settings.conf_level)))
    yield Entry("Multiple tests", prose("Holm, over the items and over the dimensions"))
    if material.drivers:
        yield Entry(
            "Bootstrap", prose(f"{whole(settings.n_resamples)} resamples, seed {settings.seed}")
        )
    yield Entry(
        "Missing answers",
        prose(
            f"Item gaps use pairs of answers; a score needs {percent(survey.min_answered)} of its "
            "items; joint tests, reliability and regression use respondents with all their "
            "variables. Nothing is imputed."
            if material.difference
            else f"A score needs {percent(survey.min_answered)} of its items; reliability and "
            "regression use respondents with all their variables. Nothing is imputed."
        ),
    )
    yield Entry("Weights", prose(f"{survey.weight_kind}"))
    yield Entry("Software", prose(_software()))


def _software() -> str:
    # The package is loaded, or this would not run; imports go one way, so it is not imported here.
    own = getattr(sys.modules.get("servqual"), "__version__", "")
    parts = [f"servqual {own}".rstrip(), f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            parts.append(name)
    return ", ".join(parts)


# ---- notes ---------------------------------------------------------------------------------------


def _score_notes(material: Material) -> Iterator[_Note]:
    rule = f"if at least {percent(material.survey.min_answered)} of them are answered"
    if material.difference is None:
        yield _Note(
            "Scores",
            prose(
                "A respondent's dimension score is the mean of the answered items of the "
                f"dimension {rule}. The overall score is the mean of the dimension scores."
            ),
            ("cronin-taylor",),
        )
        return
    sources = ("pzb-1985", "pzb-1988") if material.difference == "gap" else ("pzb-1994",)
    yield _Note(
        "Gap",
        prose(
            f"Gap = {formula(material.difference)}; negative is a shortfall. A respondent's "
            f"dimension gap is the mean of the items answered on both sides, {rule}. The overall "
            "score is the mean of the dimension gaps."
        ),
        sources,
    )
    if material.survey.has_importance:
        yield _Note(
            "Weighted score",
            prose(
                "Sum over the dimensions of a respondent's importance points × gap / 100, then "
                "averaged. With mean points, the points are averaged first; the difference of "
                "the two is the sum of the covariances of points and gaps."
            ),
            ("pzb-1988",),
        )


def _test_notes(material: Material) -> Iterator[_Note]:
    weighted = material.survey.weight_kind == "sampling"
    error = (
        "the Taylor-linearised standard error under sampling weights"
        if weighted
        else "the standard error SD / √n"
    )
    yield _Note(
        "Intervals and t tests",
        prose(
            "The respondent is the unit. ",
            symbol("t"),
            f" = mean / {error}, with ",
            symbol("n"),
            " − 1 degrees of freedom; the interval is mean ± ",
            symbol("t"),
            " × standard error.",
        ),
        ("binder",) if weighted else (),
    )
    if material.difference is not None:
        yield from _gap_test_notes(weighted)


def _gap_test_notes(weighted: bool) -> Iterator[_Note]:
    yield _Note(
        "Holm's adjustment",
        prose(
            "Keeps the chance of any false alarm in a family of tests at the level of one test: "
            "the smallest ",
            symbol("p"),
            " is multiplied by the number of tests, the next by one less, and so on.",
        ),
        ("holm",),
    )
    if not weighted:
        yield _Note(
            "Wilcoxon's signed-rank test",
            prose(
                "Ranks the sizes of the gaps and compares positive with negative ones, without "
                "assuming normality; gaps of zero are dropped."
            ),
            ("wilcoxon",),
        )
    yield _Note(
        "Effect size",
        prose(
            symbol("d"),
            sub("z"),
            " = mean gap / standard deviation of the gaps: the shortfall in units of how much "
            "respondents differ.",
        ),
        ("cohen",),
    )
    yield _Note(
        "Hotelling's T²",
        prose(
            symbol("T"),
            "² = ",
            symbol("n"),
            " g′ S⁻¹ g of the vector of mean dimension gaps g with covariance S: one test that "
            "all are zero.",
        ),
        ("hotelling",),
    )


def _group_notes(material: Material) -> Iterator[_Note]:
    if not material.settings.by:
        return
    yield _Note(
        "Groups",
        prose(
            "Welch's analysis of variance compares the means of all groups without assuming "
            "equal variances; Games–Howell compares all pairs and allows for their number by the "
            "studentised range; ω² estimates the share of variance between groups."
        ),
        ("welch", "games-howell", "hays"),
    )


def _reliability_notes(material: Material) -> Iterator[_Note]:
    if not any(each.value is not None for _, each in material.reliability):
        return
    yield _Note(
        "Cronbach's α",
        prose(
            "k / (k − 1) × (1 − sum of the item variances / variance of the sum) for k items: "
            "reliability if all items measure one thing equally well. Standardised: from the "
            "mean correlation. Interval: Feldt's, from an ",
            symbol("F"),
            " distribution.",
        ),
        ("cronbach", "feldt", "nunnally", "lance"),
    )
    yield _Note(
        "ω, λ₂, λ₆, split-half",
        prose(
            "McDonald's ω total from a one-factor model (maximum likelihood) lets items differ "
            "in how well they measure. Guttman's λ₂ and λ₆ are lower bounds of reliability; "
            "split-half correlates odd and even items and is stepped up by Spearman–Brown."
        ),
        ("mcdonald", "guttman"),
    )
    if material.difference is not None:
        yield _Note(
            "Reliability of a difference",
            prose(
                "(Sum of variance × α of the two sides − 2 × their covariance) / (sum of their "
                "variances − 2 × their covariance), if the errors of the sides are uncorrelated."
            ),
            ("johns", "peter"),
        )


def _structure_notes(material: Material) -> Iterator[_Note]:
    structure = material.structure
    if structure is None:
        return
    if structure.count.value is not None:
        count = structure.count.value
        yield _Note(
            "Number of factors",
            prose(
                "Parallel analysis: eigenvalues of the correlations above the 95th percentile of "
                f"those of {count.n_draws} matrices of unrelated items, drawn at random (seed "
                f"{count.seed}); for common factors with squared multiple correlations on the "
                "diagonal. MAP: the number of components after which the average squared partial "
                "correlation is smallest. Empirical Kaiser criterion: eigenvalues above a "
                "reference that falls as variance is used up, and above 1."
            ),
            ("horn", "velicer", "braeken"),
        )
    if structure.factors.value is not None:
        yield _Note(
            "Factor analysis",
            prose(
                "Pearson correlations of respondents with answers to all items; minimum "
                "residuals, rotated by oblimin, so that factors may correlate. KMO compares "
                "correlations with partial correlations; Bartlett's test asks whether there are "
                "correlations at all."
            ),
            ("kaiser", "bartlett", "harman", "bernaards"),
        )
    if structure.congruence.value is not None:
        yield _Note(
            "Congruence",
            prose(
                "Tucker's coefficient between the loadings of a factor and the pattern of a "
                "dimension (1 for its items, 0 for the others): sum of products over the root of "
                "the product of the sums of squares. Rotation towards the pattern: regression of "
                "the pattern on the loadings."
            ),
            ("lorenzo-seva",),
        )
    yield _Note(
        "ω hierarchical, ECV",
        prose(
            "Schmid–Leiman transformation of an oblimin solution with one factor per dimension. ω "
            "hierarchical: (sum of the general loadings)² / variance of the sum of standardised "
            "items. ECV: share of the general factor in all squared loadings."
        ),
        ("schmid", "zinbarg"),
    )


def _driver_notes(material: Material) -> Iterator[_Note]:
    if any(driver.regression.value is not None for driver in material.drivers):
        yield _Note(
            "Regression",
            prose(
                "Least squares of the outcome on all dimensions at once; HC3 standard errors "
                "allow for unequal error variance. VIF = 1 / (1 − ",
                symbol("R"),
                "² of the predictor on the others).",
            ),
            ("long-ervin", "cohen", "hair"),
        )
    if any(driver.importance.value is not None for driver in material.drivers):
        yield _Note(
            "Relative importance (LMG)",
            prose(
                "What a dimension adds to ",
                symbol("R"),
                "², averaged over all orders in which dimensions can enter (the Shapley value). "
                "Intervals: percentiles of a bootstrap of respondents.",
            ),
            ("lindeman", "groemping", "efron-tibshirani"),
        )
    yield from _link_notes(material)
    yield _Note(
        "Priorities",
        prose(
            "Importance × shortfall, and a map of the two as in importance–performance analysis. "
            "The lines stand at the means of the dimensions; other choices (medians, the middle "
            "of the scale) move them. Certainty of a quadrant: how many bootstrap resamples of the "
            "respondents agree, the lines drawn anew in each."
        ),
        ("martilla-james",),
    )


def _link_notes(material: Material) -> Iterator[_Note]:
    """What the links of both sides with an outcome, and the chain to it, rest on."""
    if any(driver.measures is not None and driver.measures.value for driver in material.drivers):
        yield _Note(
            "Measures of quality",
            prose(
                "Each overall score alone predicts the outcome, over the same respondents. "
                "Williams' ",
                symbol("t"),
                " compares two correlations with one outcome; the F test asks whether perception "
                "and expectation count equally, with opposite signs.",
            ),
            ("cronin-taylor", "steiger-1980", "edwards-1994"),
        )
    if any(driver.surface is not None and driver.surface.value for driver in material.drivers):
        yield _Note(
            "Response surface",
            prose(
                "Regression on perception, expectation, their squares and their product, both "
                "centred at the middle of the answer scale. a1 and a2: slope and curvature where "
                "both are equal; a3 and a4: where they are opposite."
            ),
            ("edwards-parry", "shanock"),
        )
    if any(driver.chain is not None and driver.chain.value for driver in material.drivers):
        yield _Note(
            "Chain through satisfaction",
            prose(
                "Indirect effect: the coefficient of quality for satisfaction times that of "
                "satisfaction for the outcome, quality held constant. It describes associations "
                "along assumed arrows."
            ),
            ("mackinnon",),
        )
    if any(driver.asymmetry.value for driver in material.drivers):
        yield _Note(
            "Penalties and rewards",
            prose(
                "Regression on two columns per dimension: belonging to the lowest quarter of its "
                "scores (penalty), and to the highest (reward). Impact asymmetry: (reward − "
                "|penalty|) / (reward + |penalty|). Classes follow from cut points of it, which "
                "are conventions."
            ),
            ("mikulic", "long-ervin"),
        )
    if any(driver.what_if is not None and driver.what_if.value for driver in material.drivers):
        yield _Note(
            "One point more",
            prose(
                "Every perception of a dimension is moved up by one point, but not beyond the top "
                "of the scale; the regression says what the outcome goes with. Each bootstrap "
                "resample has its own respondents and coefficients. An association, no effect."
            ),
            ("efron-tibshirani",),
        )
