"""The true values from which a survey is simulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from servqual.datasets.expected import ExpectedScores, expected_scores
from servqual.datasets.truth_tables import TruthTables, truth_tables
from servqual.errors import NotPositiveDefiniteError, OptionError
from servqual.typing import FloatArray

__all__ = ["ItemBlock", "SurveyTruth"]

_SHARE_TOLERANCE = 1e-12
_PROBABILITIES = (
    "skipping_share",
    "missing_item_share",
    "missing_outcome_share",
    "missing_importance_share",
)


@dataclass(frozen=True, slots=True, eq=False)
class ItemBlock:
    """Items that share an answer scale, and how each of them measures its latent variable.

    Item j has the continuous response ``intercept_j + loading_j * latent + unique_sd_j * noise``,
    in units of the answer scale. The answer on paper is `lowest` plus the number of thresholds that
    lie below this response.

    Attributes
    ----------
    names : tuple of str, length m
        Column names.
    intercepts : ndarray, shape (m,)
        Mean response where the latent variable is 0, in scale units.
    loadings : ndarray, shape (m,)
        Change of the response per unit of the latent variable (congeneric: they differ between
        items).
    unique_sds : ndarray, shape (m,)
        Standard deviations of what belongs to the item alone, in scale units.
    thresholds : ndarray, shape (number of answers - 1,)
        Cut points between neighbouring answers, ascending.
    lowest : int
        The lowest answer.

    Raises
    ------
    OptionError
        If the arrays do not fit each other, a unique standard deviation is not positive, or the
        thresholds do not ascend.

    Examples
    --------
    >>> block = ItemBlock(("A1", "A2"), [5.0, 5.5], [1.0, 1.0], [0.8, 0.8], [1.5, 2.5, 3.5, 4.5])
    >>> block.highest
    5
    """

    names: tuple[str, ...]
    intercepts: FloatArray
    loadings: FloatArray
    unique_sds: FloatArray
    thresholds: FloatArray
    lowest: int = 1

    def __post_init__(self) -> None:
        """Copy the arrays, make them read-only and check that they fit each other."""
        object.__setattr__(self, "names", tuple(self.names))
        _freeze(self, ("intercepts", "loadings", "unique_sds", "thresholds"))
        for name in ("intercepts", "loadings", "unique_sds"):
            _check_shape(name, getattr(self, name), (len(self.names),))
        if not np.all(self.unique_sds > 0):
            raise OptionError(
                "`unique_sds` has values of 0 or less, but every standard deviation must be "
                "positive."
            )
        if self.thresholds.ndim != 1 or not np.all(np.diff(self.thresholds) > 0):
            raise OptionError("`thresholds` must be a list of numbers that ascend.")

    @property
    def highest(self) -> int:
        """The highest answer."""
        return self.lowest + len(self.thresholds)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SurveyTruth:
    """Everything that `simulate` needs to know, and that an analysis tries to find out.

    The model has 2D + 2 latent variables: an expectation and a perception factor for each of the D
    dimensions, satisfaction, and loyalty. All are in units of the answer scale.

    - The 2D factors are normal. An expectation factor has mean 0; a perception factor has the mean
      ``branch_effects[branch] + wave_effects[wave]``.
    - The latent gap of a dimension is the mean of its items' latent perceptions minus the mean of
      their latent expectations: negative is a shortfall.
    - ``satisfaction = satisfaction_intercept + gaps @ satisfaction_coefficients + noise``, so the
      intercept is the satisfaction of somebody whose expectations are just met.
    - Loyalty is ``loyalty_intercept + loyalty_on_satisfaction * satisfaction`` plus
      ``loyalty_on_quality * quality`` plus noise, where quality is the mean of the D latent gaps.
    - Importance points are 100 times a Dirichlet variable, independent of everything else, rounded
      at random to whole numbers such that they still add up to 100 and no share is biased.
    - Missing answers are missing completely at random; skipped ratings gather in a part of the
      respondents.

    Attributes
    ----------
    dimensions : tuple of str, length D
        Names of the dimensions.
    items_per_dimension : tuple of int, length D
        How many items each has; items are numbered through the dimensions in order.
    expectation, perception : ItemBlock
        The items of the two sides, J each.
    satisfaction, loyalty, recommend : ItemBlock
        The items of the outcomes; `recommend` measures loyalty on its own scale.
    factor_sds : ndarray, shape (2D,)
        Standard deviations of the factors within a branch and a wave: D expectations, then D
        perceptions.
    factor_correlations : ndarray, shape (2D, 2D)
        Their correlations, in the same order.
    branches : tuple of str, length B
        Names of the branches.
    branch_shares : ndarray, shape (B,)
        Probability that a respondent belongs to each.
    branch_effects : ndarray, shape (B, D)
        What the branch adds to the perception factors.
    waves : tuple of int, length W
        Names of the waves.
    wave_shares : ndarray, shape (W,)
        Probability that a respondent belongs to each.
    wave_effects : ndarray, shape (W, D)
        What the wave adds to the perception factors.
    satisfaction_intercept : float
        Satisfaction where all latent gaps are 0.
    satisfaction_coefficients : ndarray, shape (D,)
        Effect of each latent gap on satisfaction.
    satisfaction_residual_sd : float
        Standard deviation of what the gaps do not explain.
    loyalty_intercept, loyalty_on_satisfaction, loyalty_on_quality, loyalty_residual_sd : float
        The equation of loyalty; `loyalty_on_quality` is the direct path.
    importance_shares : ndarray, shape (D,)
        Mean share of the importance points, adding up to 1.
    importance_concentration : float
        Sum of the Dirichlet parameters: the larger, the more the respondents agree.
    skipping_share : float
        Probability that a respondent is one of those who skip ratings at all.
    missing_item_share : float
        Probability that such a respondent skips a rating.
    missing_outcome_share : float
        Probability that an answer to an outcome item is missing, for everybody.
    missing_importance_share : float
        Probability that a respondent gives no importance points.

    Raises
    ------
    OptionError
        If the arrays do not fit each other, or shares do not add up to 1.
    NotPositiveDefiniteError
        If the factor correlations cannot be.

    See Also
    --------
    servqual.datasets.simulation.simulate : Draws respondents from these values.

    Examples
    --------
    Derive a truth of your own from one that exists:

    >>> from dataclasses import replace
    >>> from servqual.datasets.bank_truth import BANK
    >>> complete = replace(BANK, missing_item_share=0.0)
    >>> complete.dimensions[1]
    'reliability'
    >>> BANK.tables().regression.loc[2, "term"]
    'reliability'
    """

    dimensions: tuple[str, ...]
    items_per_dimension: tuple[int, ...]
    expectation: ItemBlock
    perception: ItemBlock
    satisfaction: ItemBlock
    loyalty: ItemBlock
    recommend: ItemBlock
    factor_sds: FloatArray
    factor_correlations: FloatArray
    branches: tuple[str, ...]
    branch_shares: FloatArray
    branch_effects: FloatArray
    waves: tuple[int, ...]
    wave_shares: FloatArray
    wave_effects: FloatArray
    satisfaction_intercept: float
    satisfaction_coefficients: FloatArray
    satisfaction_residual_sd: float
    loyalty_intercept: float
    loyalty_on_satisfaction: float
    loyalty_on_quality: float
    loyalty_residual_sd: float
    importance_shares: FloatArray
    importance_concentration: float
    skipping_share: float
    missing_item_share: float
    missing_outcome_share: float
    missing_importance_share: float

    def __post_init__(self) -> None:
        """Copy the arrays, make them read-only and check that they fit each other."""
        scalars = {"tuple[str, ...]", "tuple[int, ...]", "ItemBlock", "float"}
        _freeze(self, [field.name for field in fields(self) if field.type not in scalars])
        _check_shapes(self)
        for name in ("branch_shares", "wave_shares", "importance_shares"):
            _check_adds_up(name, getattr(self, name))
        for name in _PROBABILITIES:
            _check_share(name, getattr(self, name))
        _check_correlations(self.factor_correlations)

    @property
    def dimension_of_item(self) -> tuple[int, ...]:
        """Position of each item's dimension, length J."""
        return tuple(
            position for position, m in enumerate(self.items_per_dimension) for _ in range(m)
        )

    @property
    def blocks(self) -> tuple[ItemBlock, ...]:
        """All blocks of items, in the order of the columns of a simulated survey."""
        return (
            self.expectation,
            self.perception,
            self.satisfaction,
            self.loyalty,
            self.recommend,
        )

    def __repr__(self) -> str:
        return (
            f"SurveyTruth of {len(self.dimension_of_item)} items, {len(self.dimensions)} "
            f"dimensions, {len(self.branches)} branches and {len(self.waves)} waves"
        )

    def tables(self) -> TruthTables:
        """Put the true values of the latent model in pandas frames.

        Returns
        -------
        TruthTables

        Examples
        --------
        >>> from servqual.datasets.bank_truth import BANK
        >>> BANK.tables().gaps.columns.tolist()
        ['dimension', 'expectation', 'perception', 'gap']
        """
        return truth_tables(self)

    def expected_scores(self) -> ExpectedScores:
        """Compute exact population values of what an analysis of the answers estimates.

        Returns
        -------
        ExpectedScores

        Examples
        --------
        >>> from servqual.datasets.bank_truth import BANK
        >>> BANK.expected_scores().overall["score"].tolist()
        ['dimension mean', 'item mean', 'weighted']
        """
        return expected_scores(self)


def _freeze(instance: object, names: Sequence[str]) -> None:
    """Replace attributes by read-only copies of type float64."""
    for name in names:
        values = np.array(getattr(instance, name), dtype=np.float64)
        values.setflags(write=False)
        object.__setattr__(instance, name, values)


def _check_shape(name: str, values: FloatArray, shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise OptionError(f"`{name}` has the shape {values.shape}, but must have {shape}.")
    if not np.all(np.isfinite(values)):
        raise OptionError(f"`{name}` has values that are missing or infinite; give numbers.")


def _check_shapes(truth: SurveyTruth) -> None:
    n_dimensions = len(truth.dimensions)
    n_branches, n_waves = len(truth.branches), len(truth.waves)
    if len(truth.items_per_dimension) != n_dimensions:
        raise OptionError(
            f"`items_per_dimension` has {len(truth.items_per_dimension)} entries, but there are "
            f"{n_dimensions} dimensions."
        )
    shapes = {
        "factor_sds": (2 * n_dimensions,),
        "factor_correlations": (2 * n_dimensions, 2 * n_dimensions),
        "branch_shares": (n_branches,),
        "branch_effects": (n_branches, n_dimensions),
        "wave_shares": (n_waves,),
        "wave_effects": (n_waves, n_dimensions),
        "satisfaction_coefficients": (n_dimensions,),
        "importance_shares": (n_dimensions,),
    }
    for name, shape in shapes.items():
        _check_shape(name, getattr(truth, name), shape)
    for name in ("expectation", "perception"):
        found, needed = len(getattr(truth, name).names), sum(truth.items_per_dimension)
        if found != needed:
            raise OptionError(
                f"`{name}` has {found} items, but `items_per_dimension` adds up to {needed}."
            )


def _check_adds_up(name: str, shares: FloatArray) -> None:
    total = float(shares.sum())
    if abs(total - 1.0) > _SHARE_TOLERANCE or not np.all(shares > 0):
        raise OptionError(
            f"`{name}` adds up to {total:g}, but must be positive shares that add up to 1."
        )


def _check_share(name: str, share: float) -> None:
    if not 0.0 <= share < 1.0:
        raise OptionError(f"`{name}` is {share!r}, but must be at least 0 and less than 1.")


def _check_correlations(correlations: FloatArray) -> None:
    if not np.array_equal(correlations, correlations.T) or np.any(np.diag(correlations) != 1.0):
        raise OptionError("`factor_correlations` must be symmetric, with ones on its diagonal.")
    smallest = float(np.linalg.eigvalsh(correlations)[0])
    if smallest <= 0.0:
        raise NotPositiveDefiniteError(
            f"`factor_correlations` has the eigenvalue {smallest:.3g}, but all must be positive. "
            "Choose correlations that contradict each other less."
        )
