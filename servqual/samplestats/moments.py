"""Means and cross-products of variables: collected from rows, merged, selected, transformed.

`Moments` speaks for the respondents who answered all its variables (listwise); `PairwiseMoments`
keeps, for each pair of variables, the respondents who answered both. Every analysis that needs no
single respondent starts from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from servqual.errors import EstimationError, OptionError, RowsRequiredError, shorten
from servqual.numerics.correlation import correlation_from_covariance
from servqual.samplestats.inputs import (
    FORMAT,
    as_names,
    as_rows,
    as_shift,
    as_weights,
    check_mergeable,
    check_stored,
    joint_shift,
    positions_of,
    root,
    variables_words,
    without_noise,
)
from servqual.samplestats.pairwise import PairwiseMoments, collect_pairwise
from servqual.samplestats.sums import ShiftedSums, frozen
from servqual.typing import FloatArray, Missing, WeightKind, check_option


def _is_count(n: object) -> bool:
    """Whether `n` is a whole number of at least two respondents."""
    if isinstance(n, bool) or not isinstance(n, (int, float, np.number)):
        return False
    return float(n) >= 2 and float(n).is_integer()


def _check_correlations(covariance: FloatArray, names: Sequence[str]) -> None:
    """Insist that no covariance is larger than the variances of its two variables allow."""
    deviation = np.sqrt(np.diag(covariance))
    # Numbers that were computed may pass the limit by rounding; printed ones do so by more.
    limit = np.outer(deviation, deviation) * (1.0 + 1e-8)
    beyond = np.argwhere(np.triu(np.abs(covariance) > limit, k=1))
    if len(beyond) == 0:
        return
    first, second = beyond[0]
    product = deviation[first] * deviation[second]
    found = f"correlation {covariance[first, second] / product:.3g}" if product else "no variance"
    more = f", and {len(beyond) - 1:,} more" if len(beyond) > 1 else ""
    raise OptionError(
        f"`covariance` has {covariance[first, second]:g} for {names[first]} and {names[second]} "
        f"({found}){more}, but no correlation lies beyond −1 or 1. Look for a misprint there and "
        "in the variances of the two."
    )


def _sums_to_dict(sums: ShiftedSums) -> dict[str, Any]:
    return {
        "weight": sums.weight,
        "total": sums.total.tolist(),
        "cross": sums.cross.tolist(),
    }


def _sums_from_dict(stored: Mapping[str, Any]) -> ShiftedSums:
    return ShiftedSums(
        float(stored["weight"]),
        np.asarray(stored["total"], dtype=np.float64),
        np.asarray(stored["cross"], dtype=np.float64),
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Moments:
    """Means and cross-products of variables over the respondents who answered all of them.

    Make one with `collect` (from rows), `from_batches` (from rows that come in pieces),
    `from_covariance` (from a table in a paper) or `from_dict`. Two of them `merge` (or ``+``) into
    the moments of both samples; sums are kept around a shift, so Likert answers add up as exact
    whole numbers and the result has the same bits whatever the batches or their order.

    Attributes
    ----------
    variables : tuple of str
        Names, one per column.
    n_obs : int
        Respondents counted: complete rows, or the sum of their frequency weights.
    n_excluded : int
        Respondents left out because an answer is missing.
    weight_kind : {"none", "frequency", "sampling"}
        What the weights mean. Sampling weights also carry sums with squared weights, for standard
        errors.
    shift : ndarray, shape (p,)
        What was taken off each variable before summing.
    sums : ShiftedSums
        Weighted sums and cross-products.
    squared : ShiftedSums or None
        The same with squared weights; only for sampling weights.
    mean_known : bool
        False when the moments were made from a covariance matrix without means.

    Examples
    --------
    >>> import servqual as sq
    >>> first = sq.Moments.collect([[1, 2], [3, 4], [5, 7]], variables=["P1", "E1"])
    >>> second = sq.Moments.collect([[2, 2]], variables=["P1", "E1"])
    >>> both = first + second
    >>> both.n_obs, both.mean.tolist()
    (4, [2.75, 3.75])
    """

    variables: tuple[str, ...]
    n_obs: int
    n_excluded: int
    weight_kind: WeightKind
    shift: FloatArray
    sums: ShiftedSums
    squared: ShiftedSums | None = None
    mean_known: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "shift", frozen(self.shift))

    # ---- making them -------------------------------------------------------------------------

    @overload
    @classmethod
    def collect(
        cls,
        data: ArrayLike,
        variables: Sequence[str] | None = ...,
        *,
        missing: Literal["listwise"] = ...,
        weights: ArrayLike | None = ...,
        weight_kind: WeightKind = ...,
        shift: ArrayLike | None = ...,
    ) -> Moments: ...

    @overload
    @classmethod
    def collect(
        cls,
        data: ArrayLike,
        variables: Sequence[str] | None = ...,
        *,
        missing: Literal["pairwise"],
        weights: ArrayLike | None = ...,
        weight_kind: WeightKind = ...,
        shift: ArrayLike | None = ...,
    ) -> PairwiseMoments: ...

    @classmethod
    def collect(
        cls,
        data: ArrayLike,
        variables: Sequence[str] | None = None,
        *,
        missing: Missing = "listwise",
        weights: ArrayLike | None = None,
        weight_kind: WeightKind = "none",
        shift: ArrayLike | None = None,
    ) -> Moments | PairwiseMoments:
        """Collect from a table of rows.

        Parameters
        ----------
        data : array_like, shape (n, p)
            One row per respondent; nan is missing. A pandas frame will do, and then names its own
            variables.
        variables : sequence of str, optional
            Names of the columns. Default: the frame's column names, or ``x1, x2, …``.
        missing : {"listwise", "pairwise"}, default "listwise"
            Which respondents count; "pairwise" gives `PairwiseMoments`.
        weights : array_like, shape (n,), optional
            One weight per row.
        weight_kind : {"none", "frequency", "sampling"}, default "none"
            What the weights mean.
        shift : array_like, shape (p,) or a number, optional
            What to take off before summing, such as the midpoint of the scale. Default: the rounded
            mean.

        Returns
        -------
        Moments or PairwiseMoments

        Raises
        ------
        OptionError
            If shapes, names or weights do not fit.

        Examples
        --------
        >>> import servqual as sq
        >>> sq.Moments.collect([[1.0, 2.0], [3.0, float("nan")], [5.0, 7.0]]).n_excluded
        1
        """
        check_option("missing", missing, Missing)
        if variables is None and hasattr(data, "columns"):
            variables = [str(name) for name in data.columns]
        rows = as_rows(data, None if variables is None else len(variables))
        names = as_names(variables, rows.shape[1])
        weight = as_weights(weights, weight_kind, len(rows))
        origin = as_shift(shift, rows)
        maker = _collect_listwise if missing == "listwise" else collect_pairwise
        return maker(rows, names, weight, weight_kind, origin)

    @classmethod
    def from_batches(
        cls,
        batches: Iterable[ArrayLike],
        variables: Sequence[str] | None = None,
        *,
        shift: ArrayLike | None = None,
    ) -> Moments:
        """Collect from tables that come one after another, none of which is kept.

        Parameters
        ----------
        batches : iterable of array_like, each of shape (n_b, p)
            Rows in pieces.
        variables : sequence of str, optional
            Names of the columns.
        shift : array_like, optional
            As in `collect`; default: the smallest of the batches' rounded means.

        Returns
        -------
        Moments

        Raises
        ------
        OptionError
            If there is no batch at all, or they differ in their columns.

        Examples
        --------
        >>> import servqual as sq
        >>> sq.Moments.from_batches([[[1, 2], [3, 4]], [[5, 7]]]).n_obs
        3
        """
        result: Moments | None = None
        for batch in batches:
            part = cls.collect(batch, variables, shift=shift)
            result = part if result is None else result.merge(part)
        if result is None:
            raise OptionError("`batches` is empty, but at least one table of rows is needed.")
        return result

    @classmethod
    def from_covariance(
        cls,
        covariance: ArrayLike,
        n: int,
        variables: Sequence[str] | None = None,
        *,
        mean: ArrayLike | None = None,
        unbiased: bool = True,
    ) -> Moments:
        """Make moments from a covariance (or correlation) matrix, as a paper prints it.

        Parameters
        ----------
        covariance : array_like, shape (p, p)
            Symmetric matrix. A pandas frame names its own variables.
        n : int
            Respondents behind it.
        variables : sequence of str, optional
            Names of the variables.
        mean : array_like, shape (p,), optional
            Their means; without them `mean` is nan.
        unbiased : bool, default True
            Whether the matrix was divided by n − 1 (True) or by n (False).

        Returns
        -------
        Moments

        Raises
        ------
        OptionError
            If the matrix is not square, symmetric and finite, a variance is negative, a covariance
            is larger than its variances allow (a correlation beyond −1 or 1), or n is not at least
            2.

        Examples
        --------
        >>> import servqual as sq
        >>> moments = sq.Moments.from_covariance([[1.0, 0.5], [0.5, 1.0]], n=100)
        >>> moments.correlation()[0, 1].item()
        0.5
        """
        if variables is None and hasattr(covariance, "columns"):
            variables = [str(name) for name in covariance.columns]
        matrix = np.asarray(covariance, dtype=np.float64)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise OptionError(
                f"`covariance` has shape {matrix.shape}, but must be square: one row and one "
                "column per variable."
            )
        if not np.isfinite(matrix).all():
            raise OptionError(
                "`covariance` has missing or infinite entries. Give the full matrix, both "
                "triangles."
            )
        if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-10):
            raise OptionError(
                "`covariance` is not symmetric. Give the full matrix, both triangles alike."
            )
        if (np.diag(matrix) < 0).any():
            raise OptionError(
                "`covariance` has negative numbers on its diagonal, but variances are not negative."
            )
        if not _is_count(n):
            raise OptionError(f"`n` is {n!r}, but must be a whole number of at least 2.")
        names = as_names(variables, len(matrix))
        if len(names) != len(matrix):
            raise OptionError(
                f"`covariance` has shape {matrix.shape}, but `variables` names {len(names)}."
            )
        _check_correlations(matrix, names)
        centre = np.zeros(len(names)) if mean is None else np.asarray(mean, dtype=np.float64)
        if centre.shape != (len(names),) or not np.isfinite(centre).all():
            raise OptionError(
                f"`mean` must hold one finite number for each of the {len(names)} variables."
            )
        cross = (matrix + matrix.T) / 2.0 * (n - 1 if unbiased else n)
        sums = ShiftedSums(n, np.zeros(len(names)), cross)
        return cls(names, int(n), 0, "none", centre, sums, mean_known=mean is not None)

    # ---- what they say -----------------------------------------------------------------------

    @property
    def mean(self) -> FloatArray:
        """Means, shape (p,); nan where they are not known."""
        if not self.mean_known or self.sums.weight == 0:
            return np.full(len(self.variables), np.nan)
        return self.sums.mean(self.shift)

    def covariance(self, *, unbiased: bool = True) -> FloatArray:
        """Covariance matrix, shape (p, p).

        Parameters
        ----------
        unbiased : bool, default True
            Divide by n − 1 (True) or by n (False). With sampling weights the weighted average of
            cross-products is taken, times n / (n − 1) when True.

        Returns
        -------
        ndarray, shape (p, p)
            All nan when fewer than two respondents count.
        """
        size = len(self.variables)
        if self.n_obs < 2 or self.sums.weight == 0:
            return np.full((size, size), np.nan)
        centred = without_noise(self.sums.centred_cross(), np.diag(self.sums.cross), self.n_obs)
        if self.weight_kind == "sampling":
            factor = self.n_obs / (self.n_obs - 1.0) if unbiased else 1.0
            return centred / self.sums.weight * factor
        return centred / (self.n_obs - 1.0 if unbiased else self.n_obs)

    def standard_deviation(self) -> FloatArray:
        """Standard deviations with divisor n − 1, shape (p,)."""
        return root(np.diag(self.covariance()))

    def correlation(self) -> FloatArray:
        """Pearson correlations, shape (p, p); nan for a variable without variance."""
        return correlation_from_covariance(self.covariance())

    def covariance_of_mean(self) -> FloatArray:
        """Sampling covariance matrix of the means, shape (p, p).

        The covariance matrix over n; with sampling weights the Taylor-linearised estimate ``n/(n−1)
        · Σ w²(x − x̄)(x − x̄)ᵀ / (Σw)²``, which treats respondents as drawn independently.

        Returns
        -------
        ndarray, shape (p, p)

        References
        ----------
        Särndal, C.-E., Swensson, B., & Wretman, J. (1992). *Model Assisted Survey Sampling*, ch. 5.
        https://doi.org/10.1007/978-1-4612-4378-6
        """
        if self.squared is None:
            return self.covariance() / max(self.n_obs, 1)
        if self.n_obs < 2 or self.sums.weight == 0:
            return np.full((len(self.variables), len(self.variables)), np.nan)
        centre = self.sums.total / self.sums.weight
        factor = self.n_obs / (self.n_obs - 1.0)
        around = self.squared.cross_around(centre)
        constant = np.diag(self.covariance()) == 0
        around = np.where(constant[:, None] | constant[None, :], 0.0, around)
        covariance: FloatArray = factor * around / self.sums.weight**2
        return covariance

    def standard_error(self) -> FloatArray:
        """Standard errors of the means, shape (p,)."""
        return root(np.diag(self.covariance_of_mean()))

    # ---- what can be done with them ----------------------------------------------------------

    def merge(self, other: Moments) -> Moments:
        """Moments of both samples together; ``a + b`` is the same.

        Parameters
        ----------
        other : Moments
            Of the same variables, in the same order, with the same kind of weights.

        Returns
        -------
        Moments

        Raises
        ------
        OptionError
            If variables or kinds of weights differ, or means are not known.
        """
        check_mergeable(self, other)
        if not (self.mean_known and other.mean_known):
            raise OptionError(
                "Moments without means cannot be merged, because the covariance of both samples "
                "together depends on them. Give `mean` to `Moments.from_covariance`."
            )
        shift = joint_shift(
            self.shift,
            np.full(len(self.variables), self.sums.weight > 0),
            other.shift,
            np.full(len(self.variables), other.sums.weight > 0),
        )
        sums = self.sums.reshift(shift - self.shift) + other.sums.reshift(shift - other.shift)
        squared = None
        if self.squared is not None and other.squared is not None:
            squared = self.squared.reshift(shift - self.shift) + other.squared.reshift(
                shift - other.shift
            )
        return Moments(
            self.variables,
            self.n_obs + other.n_obs,
            self.n_excluded + other.n_excluded,
            self.weight_kind,
            shift,
            sums,
            squared,
        )

    __add__ = merge

    def select(self, variables: Sequence[str]) -> Moments:
        """Moments of some of the variables, in the order given; who counts does not change.

        Parameters
        ----------
        variables : sequence of str
            Names.

        Returns
        -------
        Moments

        Raises
        ------
        OptionError
            If a name is not among the variables.
        """
        index = positions_of(self.variables, variables)
        return Moments(
            as_names(variables, len(index)),
            self.n_obs,
            self.n_excluded,
            self.weight_kind,
            self.shift[index],
            self.sums.select(index),
            None if self.squared is None else self.squared.select(index),
            self.mean_known,
        )

    def transform(self, matrix: ArrayLike, variables: Sequence[str]) -> Moments:
        """Moments of linear combinations ``T x``: gaps, dimension scores, weighted scores.

        Parameters
        ----------
        matrix : array_like, shape (q, p)
            One row per new variable.
        variables : sequence of str
            Names of the q new variables.

        Returns
        -------
        Moments
            With mean ``T m`` and covariance ``T S Tᵀ``.

        Raises
        ------
        OptionError
            If the shapes do not fit.

        Examples
        --------
        >>> import servqual as sq
        >>> moments = sq.Moments.collect([[5, 6], [4, 7], [6, 6]], variables=["P1", "E1"])
        >>> moments.transform([[1, -1]], ["G1"]).mean.tolist()
        [-1.3333333333333333]
        """
        linear = np.asarray(matrix, dtype=np.float64)
        names = as_names(variables, len(linear))
        if linear.shape != (len(names), len(self.variables)):
            raise OptionError(
                f"`matrix` has shape {linear.shape}, but {len(names)} new names and "
                f"{len(self.variables)} variables need ({len(names)}, {len(self.variables)})."
            )
        return Moments(
            names,
            self.n_obs,
            self.n_excluded,
            self.weight_kind,
            linear @ self.shift,
            self.sums.transform(linear),
            None if self.squared is None else self.squared.transform(linear),
            self.mean_known,
        )

    def moments(
        self, variables: Sequence[str], *, missing: Literal["listwise"] = "listwise"
    ) -> Moments:
        """Select, under the name by which analyses ask any data for moments."""
        check_option("missing", missing, Literal["listwise"])
        return self.select(variables)

    # ---- storing and showing -----------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON; `from_dict` reads it back exactly.

        Returns
        -------
        dict
        """
        return {
            "format": FORMAT,
            "version": 1,
            "variables": list(self.variables),
            "n_obs": self.n_obs,
            "n_excluded": self.n_excluded,
            "weight_kind": self.weight_kind,
            "shift": self.shift.tolist(),
            "sums": _sums_to_dict(self.sums),
            "squared": None if self.squared is None else _sums_to_dict(self.squared),
            "mean_known": self.mean_known,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Moments:
        """Read what `to_dict` wrote.

        Parameters
        ----------
        stored : mapping
            As made by `to_dict`, perhaps through JSON.

        Returns
        -------
        Moments

        Raises
        ------
        OptionError
            If it is something else.

        Examples
        --------
        >>> import servqual as sq
        >>> moments = sq.Moments.collect([[5, 6], [4, 7], [6, 6]])
        >>> sq.Moments.from_dict(moments.to_dict()) == moments
        True
        """
        check_stored(stored, FORMAT, "Moments", cls)
        return cls(
            tuple(stored["variables"]),
            int(stored["n_obs"]),
            int(stored["n_excluded"]),
            stored["weight_kind"],
            np.asarray(stored["shift"], dtype=np.float64),
            _sums_from_dict(stored["sums"]),
            None if stored["squared"] is None else _sums_from_dict(stored["squared"]),
            bool(stored["mean_known"]),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Moments):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        weights = "" if self.weight_kind == "none" else f", {self.weight_kind} weights"
        excluded = f", {self.n_excluded} excluded" if self.n_excluded else ""
        return f"Moments of {variables_words(self.variables)}: n = {self.n_obs}{excluded}{weights}"


def _collect_listwise(
    rows: FloatArray,
    names: tuple[str, ...],
    weights: FloatArray | None,
    kind: WeightKind,
    shift: FloatArray,
) -> Moments:
    complete = ~np.isnan(rows).any(axis=1)
    if weights is not None:
        complete &= weights > 0
    kept = rows if complete.all() else rows[complete]
    kept_weights = None if weights is None else weights[complete]
    deviations = kept - shift
    n_rows = len(rows) if weights is None else int((weights > 0).sum())
    n_obs, n_all = len(kept), n_rows
    if kind == "frequency" and weights is not None and kept_weights is not None:
        n_obs, n_all = int(kept_weights.sum()), int(weights.sum())
    squared = None
    if kind == "sampling" and kept_weights is not None:
        squared = ShiftedSums.collect(deviations, kept_weights**2)
    sums = ShiftedSums.collect(deviations, kept_weights)
    return Moments(names, n_obs, n_all - n_obs, kind, shift, sums, squared)


def require_moments(data: object, variables: Sequence[str], *, minimum: int, what: str) -> Moments:
    """Ask data for listwise moments, and insist on enough respondents and on variance.

    Parameters
    ----------
    data : HasMoments
        A survey, or moments.
    variables : sequence of str
        What is needed.
    minimum : int
        The fewest complete respondents with which the analysis can be done.
    what : str
        Name of the analysis, for the message.

    Returns
    -------
    Moments

    Raises
    ------
    RowsRequiredError
        If `data` is neither a survey nor moments.
    EstimationError
        If too few respondents remain, or a variable is constant.
    """
    if not hasattr(data, "moments"):
        raise RowsRequiredError(
            f"`{what}` was given {type(data).__name__}, but needs a `Survey` or `Moments`. "
            "Make one with `sq.Survey(frame, instrument=…)`."
        )
    moments: Moments = data.moments(variables)
    if moments.n_obs < minimum:
        raise EstimationError(
            f"`{what}` needs at least {minimum} respondents who answered all of "
            f"{shorten(variables)}, but {moments.n_obs} remain of "
            f"{moments.n_obs + moments.n_excluded}. Use fewer variables, or collect more answers."
        )
    constant = [
        name
        for name, variance in zip(variables, np.diag(moments.covariance()), strict=True)
        if not variance > 0
    ]
    if constant:
        raise EstimationError(
            f"`{what}` needs answers that vary, but these are the same for all "
            f"{moments.n_obs} respondents: {shorten(constant)}. Leave them out, or take others."
        )
    return moments
