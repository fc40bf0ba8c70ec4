"""Rules of thumb, each with its source: conventions, used on request only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """Cut points that turn a number into a word.

    Attributes
    ----------
    name : str
        What the rule is called.
    source : str
        Where it comes from.
    cuts : tuple of float
        Ascending cut points.
    words : tuple of str
        One more than cut points: the word below the first cut, between the first and the second,
        and so on.
    """

    name: str
    source: str
    cuts: tuple[float, ...]
    words: tuple[str, ...]

    def word(self, value: float) -> str:
        """Return the word for a number.

        Parameters
        ----------
        value : float
            Any number; a cut point belongs to the word above it.

        Returns
        -------
        str

        Examples
        --------
        >>> EFFECT_SIZE.word(0.31)
        'small'
        """
        return self.words[sum(value >= cut for cut in self.cuts)]


EFFECT_SIZE = Rule(
    name="size of a standardised mean difference",
    source="Cohen, J. (1988). Statistical power analysis for the behavioral sciences (2nd ed.)",
    cuts=(0.2, 0.5, 0.8),
    words=("very small", "small", "medium", "large"),
)

VARIANCE_EXPLAINED = Rule(
    name="share of variance explained",
    source="Cohen, J. (1988). Statistical power analysis for the behavioral sciences (2nd ed.)",
    cuts=(0.0196, 0.1304, 0.2592),
    words=("negligible", "small", "medium", "large"),
)

RELIABILITY = Rule(
    name="reliability of a scale",
    source="Nunnally, J. C. (1978). Psychometric theory (2nd ed.); "
    "for its limits see Lance, C. E., Butts, M. M., & Michels, L. C. (2006), "
    "https://doi.org/10.1177/1094428105284919",
    cuts=(0.7, 0.8, 0.9),
    words=(
        "below the convention for early research",
        "enough for early research",
        "enough for basic research",
        "high",
    ),
)

COLLINEARITY = Rule(
    name="variance inflation factor",
    source="Hair, J. F., Black, W. C., Babin, B. J., & Anderson, R. E. (2010). "
    "Multivariate data analysis (7th ed.)",
    cuts=(5.0, 10.0),
    words=("unproblematic", "notable", "severe"),
)

CONDITION_INDEX = Rule(
    name="condition index",
    source="Belsley, D. A., Kuh, E., & Welsch, R. E. (1980). Regression diagnostics, "
    "https://doi.org/10.1002/0471725153",
    cuts=(10.0, 30.0, 100.0),
    words=("weak", "moderate", "strong", "very strong"),
)

SAMPLING_ADEQUACY = Rule(
    name="sampling adequacy (Kaiser–Meyer–Olkin)",
    source="Kaiser, H. F., & Rice, J. (1974). Little jiffy, mark IV, "
    "https://doi.org/10.1177/001316447403400115",
    cuts=(0.5, 0.6, 0.7, 0.8, 0.9),
    words=("unacceptable", "miserable", "mediocre", "middling", "meritorious", "marvellous"),
)

ERROR_OF_APPROXIMATION = Rule(
    name="root mean square error of approximation",
    source="Browne, M. W., & Cudeck, R. (1992). Alternative ways of assessing model fit, "
    "https://doi.org/10.1177/0049124192021002005; the band from .08 to .10 from MacCallum, R. C., "
    "Browne, M. W., & Sugawara, H. M. (1996), https://doi.org/10.1037/1082-989X.1.2.130",
    cuts=(0.05, 0.08, 0.10),
    words=("close fit", "reasonable fit", "mediocre fit", "poor fit"),
)

LOADING = Rule(
    name="size of a factor loading",
    source="Comrey, A. L., & Lee, H. B. (1992). A first course in factor analysis (2nd ed.), "
    "https://doi.org/10.4324/9781315827506",
    cuts=(0.32, 0.45, 0.55, 0.63, 0.71),
    words=("not interpreted", "poor", "fair", "good", "very good", "excellent"),
)

CONGRUENCE = Rule(
    name="congruence of a factor with a dimension",
    source="Lorenzo-Seva, U., & ten Berge, J. M. F. (2006). Tucker's congruence coefficient as a "
    "meaningful index of factor similarity, https://doi.org/10.1027/1614-2241.2.2.57",
    cuts=(0.85, 0.95),
    words=("not similar", "fairly similar", "equal"),
)
