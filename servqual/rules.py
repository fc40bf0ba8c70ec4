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
