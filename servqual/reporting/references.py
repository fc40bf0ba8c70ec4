"""The works that the report cites."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from servqual.reporting.blocks import Prose, Run, prose, symbol


@dataclass(frozen=True, slots=True)
class Reference:
    """A published work.

    Attributes
    ----------
    head : str
        Authors, year, and the title of an article.
    source : str
        Journal with volume, or title of a book: what is set in italics.
    tail : str
        What follows: issue and pages, or the publisher.
    doi : str
        Its DOI; "" if it has none.
    """

    head: str
    source: str
    tail: str = ""
    doi: str = ""

    def prose(self) -> Prose:
        """Write it as an entry of the list of references, the DOI as a link."""
        runs = [*prose(f"{self.head} ", symbol(self.source), f"{self.tail}.")]
        if self.doi:
            address = f"https://doi.org/{self.doi}"
            runs += [Run(" "), Run(address, "link", address)]
        return tuple(runs)


REFERENCES: Final[dict[str, Reference]] = {
    "bartlett": Reference(
        "Bartlett, M. S. (1950). Tests of significance in factor analysis.",
        "British Journal of Statistical Psychology, 3",
        "(2), 77–85",
        "10.1111/j.2044-8317.1950.tb00285.x",
    ),
    "bernaards": Reference(
        "Bernaards, C. A., & Jennrich, R. I. (2005). Gradient projection algorithms and software "
        "for arbitrary rotation criteria in factor analysis.",
        "Educational and Psychological Measurement, 65",
        "(5), 676–696",
        "10.1177/0013164404272507",
    ),
    "binder": Reference(
        "Binder, D. A. (1983). On the variances of asymptotically normal estimators from complex "
        "surveys.",
        "International Statistical Review, 51",
        "(3), 279–292",
        "10.2307/1402588",
    ),
    "braeken": Reference(
        "Braeken, J., & van Assen, M. A. L. M. (2017). An empirical Kaiser criterion.",
        "Psychological Methods, 22",
        "(3), 450–466",
        "10.1037/met0000074",
    ),
    "cohen": Reference(
        "Cohen, J. (1988).",
        "Statistical power analysis for the behavioral sciences",
        " (2nd ed.). Erlbaum",
        "10.4324/9780203771587",
    ),
    "cronbach": Reference(
        "Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests.",
        "Psychometrika, 16",
        "(3), 297–334",
        "10.1007/BF02310555",
    ),
    "cronin-taylor": Reference(
        "Cronin, J. J., & Taylor, S. A. (1992). Measuring service quality: A reexamination and "
        "extension.",
        "Journal of Marketing, 56",
        "(3), 55–68",
        "10.1177/002224299205600304",
    ),
    "efron-tibshirani": Reference(
        "Efron, B., & Tibshirani, R. J. (1993).",
        "An introduction to the bootstrap",
        ". Chapman & Hall",
        "10.1201/9780429246593",
    ),
    "feldt": Reference(
        "Feldt, L. S. (1965). The approximate sampling distribution of Kuder-Richardson "
        "reliability coefficient twenty.",
        "Psychometrika, 30",
        "(3), 357–370",
        "10.1007/BF02289499",
    ),
    "games-howell": Reference(
        "Games, P. A., & Howell, J. F. (1976). Pairwise multiple comparison procedures with "
        "unequal n's and/or variances.",
        "Journal of Educational Statistics, 1",
        "(2), 113–125",
        "10.3102/10769986001002113",
    ),
    "groemping": Reference(
        "Grömping, U. (2006). Relative importance for linear regression in R: The package "
        "relaimpo.",
        "Journal of Statistical Software, 17",
        "(1), 1–27",
        "10.18637/jss.v017.i01",
    ),
    "guttman": Reference(
        "Guttman, L. (1945). A basis for analyzing test-retest reliability.",
        "Psychometrika, 10",
        "(4), 255–282",
        "10.1007/BF02288892",
    ),
    "hair": Reference(
        "Hair, J. F., Black, W. C., Babin, B. J., & Anderson, R. E. (2010).",
        "Multivariate data analysis",
        " (7th ed.). Pearson",
    ),
    "hays": Reference(
        "Hays, W. L. (1963).", "Statistics for psychologists", ". Holt, Rinehart and Winston"
    ),
    "holm": Reference(
        "Holm, S. (1979). A simple sequentially rejective multiple test procedure.",
        "Scandinavian Journal of Statistics, 6",
        "(2), 65–70",
    ),
    "hotelling": Reference(
        "Hotelling, H. (1931). The generalization of Student's ratio.",
        "Annals of Mathematical Statistics, 2",
        "(3), 360–378",
        "10.1214/aoms/1177732979",
    ),
    "johns": Reference(
        "Johns, G. (1981). Difference score measures of organizational behavior variables: A "
        "critique.",
        "Organizational Behavior and Human Performance, 27",
        "(3), 443–463",
        "10.1016/0030-5073(81)90033-7",
    ),
    "lance": Reference(
        "Lance, C. E., Butts, M. M., & Michels, L. C. (2006). The sources of four commonly "
        "reported cutoff criteria: What did they really say?",
        "Organizational Research Methods, 9",
        "(2), 202–220",
        "10.1177/1094428105284919",
    ),
    "lindeman": Reference(
        "Lindeman, R. H., Merenda, P. F., & Gold, R. Z. (1980).",
        "Introduction to bivariate and multivariate analysis",
        ". Scott, Foresman",
    ),
    "long-ervin": Reference(
        "Long, J. S., & Ervin, L. H. (2000). Using heteroscedasticity consistent standard errors "
        "in the linear regression model.",
        "The American Statistician, 54",
        "(3), 217–224",
        "10.1080/00031305.2000.10474549",
    ),
    "martilla-james": Reference(
        "Martilla, J. A., & James, J. C. (1977). Importance-performance analysis.",
        "Journal of Marketing, 41",
        "(1), 77–79",
        "10.1177/002224297704100112",
    ),
    "harman": Reference(
        "Harman, H. H., & Jones, W. H. (1966). Factor analysis by minimizing residuals (minres).",
        "Psychometrika, 31",
        "(3), 351–368",
        "10.1007/BF02289468",
    ),
    "horn": Reference(
        "Horn, J. L. (1965). A rationale and test for the number of factors in factor analysis.",
        "Psychometrika, 30",
        "(2), 179–185",
        "10.1007/BF02289447",
    ),
    "kaiser": Reference(
        "Kaiser, H. F. (1974). An index of factorial simplicity.",
        "Psychometrika, 39",
        "(1), 31–36",
        "10.1007/BF02291575",
    ),
    "lorenzo-seva": Reference(
        "Lorenzo-Seva, U., & ten Berge, J. M. F. (2006). Tucker's congruence coefficient as a "
        "meaningful index of factor similarity.",
        "Methodology, 2",
        "(2), 57–64",
        "10.1027/1614-2241.2.2.57",
    ),
    "mcdonald": Reference(
        "McDonald, R. P. (1999).",
        "Test theory: A unified treatment",
        ". Erlbaum",
        "10.4324/9781410601087",
    ),
    "nunnally": Reference(
        "Nunnally, J. C. (1978).", "Psychometric theory", " (2nd ed.). McGraw-Hill"
    ),
    "pzb-1985": Reference(
        "Parasuraman, A., Zeithaml, V. A., & Berry, L. L. (1985). A conceptual model of service "
        "quality and its implications for future research.",
        "Journal of Marketing, 49",
        "(4), 41–50",
        "10.1177/002224298504900403",
    ),
    "pzb-1988": Reference(
        "Parasuraman, A., Zeithaml, V. A., & Berry, L. L. (1988). SERVQUAL: A multiple-item "
        "scale for measuring consumer perceptions of service quality.",
        "Journal of Retailing, 64",
        "(1), 12–40",
    ),
    "pzb-1994": Reference(
        "Parasuraman, A., Zeithaml, V. A., & Berry, L. L. (1994). Alternative scales for "
        "measuring service quality: A comparative assessment based on psychometric and "
        "diagnostic criteria.",
        "Journal of Retailing, 70",
        "(3), 201–230",
        "10.1016/0022-4359(94)90033-7",
    ),
    "peter": Reference(
        "Peter, J. P., Churchill, G. A., & Brown, T. J. (1993). Caution in the use of difference "
        "scores in consumer research.",
        "Journal of Consumer Research, 19",
        "(4), 655–662",
        "10.1086/209329",
    ),
    "schmid": Reference(
        "Schmid, J., & Leiman, J. M. (1957). The development of hierarchical factor solutions.",
        "Psychometrika, 22",
        "(1), 53–61",
        "10.1007/BF02289209",
    ),
    "velicer": Reference(
        "Velicer, W. F. (1976). Determining the number of components from the matrix of partial "
        "correlations.",
        "Psychometrika, 41",
        "(3), 321–327",
        "10.1007/BF02293557",
    ),
    "welch": Reference(
        "Welch, B. L. (1951). On the comparison of several mean values: An alternative approach.",
        "Biometrika, 38",
        "(3/4), 330–336",
        "10.1093/biomet/38.3-4.330",
    ),
    "wilcoxon": Reference(
        "Wilcoxon, F. (1945). Individual comparisons by ranking methods.",
        "Biometrics Bulletin, 1",
        "(6), 80–83",
        "10.2307/3001968",
    ),
    "zinbarg": Reference(
        "Zinbarg, R. E., Revelle, W., Yovel, I., & Li, W. (2005). Cronbach's α, Revelle's β, and "
        "McDonald's ωH: Their relations with each other and two alternative conceptualizations of "
        "reliability.",
        "Psychometrika, 70",
        "(1), 123–133",
        "10.1007/s11336-003-0974-7",
    ),
    "edwards-1994": Reference(
        "Edwards, J. R. (1994). The study of congruence in organizational behavior research: "
        "Critique and a proposed alternative.",
        "Organizational Behavior and Human Decision Processes, 58",
        "(1), 51–100",
        "10.1006/obhd.1994.1029",
    ),
    "edwards-parry": Reference(
        "Edwards, J. R., & Parry, M. E. (1993). On the use of polynomial regression equations as "
        "an alternative to difference scores in organizational research.",
        "Academy of Management Journal, 36",
        "(6), 1577–1613",
        "10.5465/256822",
    ),
    "mackinnon": Reference(
        "MacKinnon, D. P., Lockwood, C. M., & Williams, J. (2004). Confidence limits for the "
        "indirect effect: Distribution of the product and resampling methods.",
        "Multivariate Behavioral Research, 39",
        "(1), 99–128",
        "10.1207/s15327906mbr3901_4",
    ),
    "mikulic": Reference(
        "Mikulić, J., & Prebežac, D. (2008). Prioritizing improvement of service attributes using "
        "impact range-performance analysis and impact-asymmetry analysis.",
        "Managing Service Quality, 18",
        "(6), 559–576",
        "10.1108/09604520810920068",
    ),
    "shanock": Reference(
        "Shanock, L. R., Baran, B. E., Gentry, W. A., Pattison, S. C., & Heggestad, E. D. (2010). "
        "Polynomial regression with response surface analysis.",
        "Journal of Business and Psychology, 25",
        "(4), 543–554",
        "10.1007/s10869-010-9183-4",
    ),
    "steiger-1980": Reference(
        "Steiger, J. H. (1980). Tests for comparing elements of a correlation matrix.",
        "Psychological Bulletin, 87",
        "(2), 245–251",
        "10.1037/0033-2909.87.2.245",
    ),
}


def cited(keys: Iterable[str]) -> tuple[Prose, ...]:
    """Write the entries of a list of references, each once, in alphabetical order.

    Parameters
    ----------
    keys : iterable of str
        Keys of `REFERENCES`.

    Returns
    -------
    tuple of Prose
    """
    works = {key: REFERENCES[key] for key in keys}
    return tuple(work.prose() for work in sorted(works.values(), key=lambda work: work.head))
