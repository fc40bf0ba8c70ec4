"""Means and cross-products of each pair of variables, over the respondents who answered both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from servqual.samplestats.inputs import (
    FORMAT,
    as_names,
    check_mergeable,
    check_stored,
    joint_shift,
    positions_of,
    rounding_share,
    variables_words,
)
from servqual.samplestats.sums import frozen
from servqual.typing import FloatArray, WeightKind


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PairwiseMoments:
    """Counts, sums and cross-products for each pair of variables over those who answered both.

    Entry (j, k) of each matrix speaks for the respondents with answers to j and to k. A correlation
    matrix from pairs uses more answers than listwise deletion, but need not be positive definite.

    Attributes
    ----------
    variables : tuple of str
        Names.
    n_obs : int
        Respondents with at least one answer (or the sum of their frequency weights).
    n_excluded : int
        Respondents without any answer.
    weight_kind : {"none", "frequency", "sampling"}
        What the weights mean.
    shift : ndarray, shape (p,)
        What was taken off before summing.
    counts : ndarray, shape (p, p)
        Respondents per pair.
    weight : ndarray, shape (p, p)
        Sum of weights per pair.
    totals : ndarray, shape (p, p)
        Sums of variable j over the pair (j, k).
    squares : ndarray, shape (p, p)
        Sums of squares of variable j over the pair (j, k).
    cross : ndarray, shape (p, p)
        Sums of products.

    Examples
    --------
    >>> import servqual as sq
    >>> nan = float("nan")
    >>> pairs = sq.Moments.collect([[1, 2], [3, nan], [5, 7], [4, 4]], missing="pairwise")
    >>> pairs.counts.astype(int).tolist()
    [[4, 3], [3, 3]]
    """

    variables: tuple[str, ...]
    n_obs: int
    n_excluded: int
    weight_kind: WeightKind
    shift: FloatArray
    counts: FloatArray
    weight: FloatArray
    totals: FloatArray
    squares: FloatArray
    cross: FloatArray

    def __post_init__(self) -> None:
        for name in ("shift", "counts", "weight", "totals", "squares", "cross"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def n_pairs_min(self) -> int:
        """The smallest number of respondents behind any pair."""
        return int(self.counts.min()) if self.counts.size else 0

    @property
    def mean(self) -> FloatArray:
        """Mean of each variable over everybody who answered it, shape (p,)."""
        weight = np.diag(self.weight)
        numerator = np.diag(self.totals) + weight * self.shift
        mean: FloatArray = np.full(len(weight), np.nan)
        np.divide(numerator, weight, out=mean, where=weight > 0)
        return mean

    def covariance(self) -> FloatArray:
        """Covariances with divisor n_jk − 1, shape (p, p); nan below two respondents."""
        weight, counts = self.weight, self.counts
        with np.errstate(divide="ignore", invalid="ignore"):
            centred = (weight * self.cross - self.totals * self.totals.T) / weight
            constant = np.diag(centred) <= rounding_share(np.diag(counts)) * np.diag(self.squares)
            centred = np.where(constant[:, None] | constant[None, :], 0.0, centred)
            if self.weight_kind == "sampling":
                covariance = centred / weight * counts / (counts - 1.0)
            else:
                covariance = centred / (counts - 1.0)
        return np.where(counts >= 2, covariance, np.nan)

    def correlation(self) -> FloatArray:
        """Correlation of each pair over those who answered both, shape (p, p).

        As R's ``cor(use = "pairwise.complete.obs")``: means and deviations are the pair's own.

        Returns
        -------
        ndarray, shape (p, p)
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = (self.weight * self.squares - self.totals**2) / self.weight
            spread = np.where(spread <= rounding_share(self.counts) * self.squares, 0.0, spread)
            centred = (self.weight * self.cross - self.totals * self.totals.T) / self.weight
            product = spread * spread.T
            correlation = np.where(product > 0, centred / np.sqrt(product), np.nan)
        usable = (self.counts >= 2) & (spread > 0) & (spread.T > 0)
        correlation = np.where(usable, np.clip(correlation, -1.0, 1.0), np.nan)
        np.fill_diagonal(correlation, np.where(np.diag(usable), 1.0, np.nan))
        return correlation

    def merge(self, other: PairwiseMoments) -> PairwiseMoments:
        """Moments of both samples together; ``a + b`` is the same.

        Parameters
        ----------
        other : PairwiseMoments
            Of the same variables, with the same kind of weights.

        Returns
        -------
        PairwiseMoments

        Raises
        ------
        OptionError
            If variables or kinds of weights differ.
        """
        check_mergeable(self, other)
        shift = joint_shift(
            self.shift, np.diag(self.weight) > 0, other.shift, np.diag(other.weight) > 0
        )
        one, two = self._reshifted(shift), other._reshifted(shift)
        return PairwiseMoments(
            self.variables,
            self.n_obs + other.n_obs,
            self.n_excluded + other.n_excluded,
            self.weight_kind,
            shift,
            one.counts + two.counts,
            one.weight + two.weight,
            one.totals + two.totals,
            one.squares + two.squares,
            one.cross + two.cross,
        )

    __add__ = merge

    def _reshifted(self, shift: FloatArray) -> PairwiseMoments:
        by = shift - self.shift
        row, column = by[:, None], by[None, :]
        totals = self.totals - self.weight * row
        squares = self.squares - 2.0 * row * self.totals + self.weight * row**2
        cross = self.cross - column * self.totals - row * self.totals.T + self.weight * row * column
        return PairwiseMoments(
            self.variables,
            self.n_obs,
            self.n_excluded,
            self.weight_kind,
            shift,
            self.counts,
            self.weight,
            totals,
            squares,
            cross,
        )

    def select(self, variables: Sequence[str]) -> PairwiseMoments:
        """Moments of some of the variables, in the order given.

        Parameters
        ----------
        variables : sequence of str
            Names.

        Returns
        -------
        PairwiseMoments

        Raises
        ------
        OptionError
            If a name is not among the variables.
        """
        index = positions_of(self.variables, variables)
        block = np.ix_(index, index)
        return PairwiseMoments(
            as_names(variables, len(index)),
            self.n_obs,
            self.n_excluded,
            self.weight_kind,
            self.shift[index],
            self.counts[block],
            self.weight[block],
            self.totals[block],
            self.squares[block],
            self.cross[block],
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON.

        Returns
        -------
        dict
        """
        stored: dict[str, Any] = {
            "format": f"{FORMAT}-pairwise",
            "version": 1,
            "variables": list(self.variables),
            "n_obs": self.n_obs,
            "n_excluded": self.n_excluded,
            "weight_kind": self.weight_kind,
        }
        for name in ("shift", "counts", "weight", "totals", "squares", "cross"):
            stored[name] = getattr(self, name).tolist()
        return stored

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> PairwiseMoments:
        """Read what `to_dict` wrote.

        Parameters
        ----------
        stored : mapping
            As made by `to_dict`, perhaps through JSON.

        Returns
        -------
        PairwiseMoments

        Raises
        ------
        OptionError
            If it is something else.
        """
        check_stored(stored, f"{FORMAT}-pairwise", "PairwiseMoments", cls)
        arrays = {
            name: np.asarray(stored[name], dtype=np.float64)
            for name in ("shift", "counts", "weight", "totals", "squares", "cross")
        }
        return cls(
            tuple(stored["variables"]),
            int(stored["n_obs"]),
            int(stored["n_excluded"]),
            stored["weight_kind"],
            **arrays,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PairwiseMoments):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"PairwiseMoments of {variables_words(self.variables)}: n = {self.n_pairs_min} to "
            f"{int(self.counts.max()) if self.counts.size else 0} per pair"
        )


def collect_pairwise(
    rows: FloatArray,
    names: tuple[str, ...],
    weights: FloatArray | None,
    kind: WeightKind,
    shift: FloatArray,
) -> PairwiseMoments:
    """Collect from checked rows; see `Moments.collect`."""
    present = (~np.isnan(rows)).astype(np.float64)
    if weights is not None:
        present *= (weights > 0)[:, None]
    values = np.where(present > 0, rows - shift, 0.0)
    weight = np.ones(len(rows)) if weights is None else weights
    weighted_present = present * weight[:, None]
    respondents = weight if kind == "frequency" else (weight > 0).astype(np.float64)
    answered = present.any(axis=1)
    return PairwiseMoments(
        names,
        int(respondents[answered].sum()),
        int(respondents[~answered].sum()),
        kind,
        shift,
        counts=(present * respondents[:, None]).T @ present,
        weight=weighted_present.T @ present,
        totals=values.T @ weighted_present,
        squares=(values**2).T @ weighted_present,
        cross=values.T @ (values * weight[:, None]),
    )
