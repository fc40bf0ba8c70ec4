"""Do the factors show the dimensions of the instrument? Congruence with a theory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np
import pandas as pd

from servqual import rules
from servqual.errors import OptionError, shorten
from servqual.instruments.catalogue import instrument as published_instrument
from servqual.instruments.instrument import Instrument, Item
from servqual.numerics.congruence import (
    Target,
    match_factors,
    procrustes_oblique,
    procrustes_orthogonal,
    tucker_congruence,
)
from servqual.results import Interpretation, Result, SampleInfo, Statement, format_number
from servqual.typing import FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TargetRotation: TypeAlias = Literal["oblique", "orthogonal"]

#: The number at the end of a variable's name, such as 5 in "P5".
_NUMBERED = re.compile(r"(.*?)(\d+)")


@dataclass(frozen=True, repr=False)
class CongruenceResult(Result):
    """Factors compared with the dimensions that an instrument says the items have.

    Attributes
    ----------
    sample : SampleInfo
        Of the factor analysis.
    on : str
        Which answers; empty when the factor analysis was not made from a survey's items.
    instrument : str
        Title of the instrument that is the theory.
    rotation : {"oblique", "orthogonal"}
        How the factors were rotated towards the dimensions.
    dimensions : DataFrame
        dimension, label, factor (the one matched with it), congruence (Tucker's, of the factor as
        the factor analysis rotated it), congruence_target (after rotation towards the dimensions).
    matrix : DataFrame
        Square: congruence of each factor (index) with each dimension (columns), as rotated by the
        factor analysis. A negative one means that the factor runs the other way.
    target_loadings : DataFrame
        Loadings after rotation towards the dimensions: index ``item``, one column per dimension.
    target_factor_correlations : DataFrame
        Square, of the same rotation.
    items : DataFrame
        item, number, key, label, dimension, loading (on the factor matched with its own dimension,
        turned to the dimension's direction), other_dimension and other_loading (the largest of the
        others in absolute value), elsewhere (whether that is larger than its own), elsewhere_target
        (whether it still is after rotation towards the dimensions).
    notes : tuple of str
        What could not be computed, and why.
    """

    title: ClassVar[str] = "Factors and dimensions"

    sample: SampleInfo
    on: str
    instrument: str
    rotation: TargetRotation
    dimensions: pd.DataFrame
    matrix: pd.DataFrame
    target_loadings: pd.DataFrame
    target_factor_correlations: pd.DataFrame
    items: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def misplaced(self) -> list[str]:
        """Items that load more on another dimension's factor than on their own."""
        return [str(item) for item in self.items.loc[self.items["elsewhere"], "item"]]

    def tidy(self) -> pd.DataFrame:
        """Return one row per dimension: its factor and their congruence."""
        return self.dimensions.copy()

    def glance(self) -> pd.DataFrame:
        """Return one row: average and lowest congruence, number of misplaced items."""
        congruence = self.dimensions["congruence"].abs()
        target = self.dimensions["congruence_target"]
        return pd.DataFrame(
            {
                "instrument": [self.instrument],
                "on": [self.on],
                "rotation": [self.rotation],
                "n_obs": [self.sample.n_obs],
                "n_excluded": [self.sample.n_excluded],
                "n_items": [len(self.items)],
                "n_factors": [len(self.dimensions)],
                "congruence_mean": [float(congruence.mean())],
                "congruence_minimum": [float(congruence.min())],
                "congruence_target_mean": [float(target.mean())],
                "congruence_target_minimum": [float(target.min())],
                "n_misplaced": [len(self.misplaced)],
            }
        )

    def interpret(self) -> Interpretation:
        """Put the comparison into plain words, with the convention named.

        Returns
        -------
        Interpretation
        """
        return Interpretation(tuple(_say(self)))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the congruence of factors and dimensions as a heat map.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        Axes
        """
        from servqual.plots.loadings import plot_congruence

        return plot_congruence(self, ax=ax)

    def _shown(self) -> list[tuple[str, pd.DataFrame]]:
        tables = [(f"Dimensions of {self.instrument}", self.dimensions)]
        elsewhere = self.items[self.items["elsewhere"]]
        if len(elsewhere):
            shown = ["item", "label", "dimension", "loading", "other_dimension", "other_loading"]
            tables.append(("Items that load elsewhere", elsewhere[shown]))
        return tables


def compare_with_theory(
    loadings: pd.DataFrame,
    factor_correlations: pd.DataFrame,
    items: pd.DataFrame,
    instrument: Instrument | str | None,
    *,
    rotation: TargetRotation,
    sample: SampleInfo,
    on: str,
) -> CongruenceResult:
    """Compare factors with the dimensions of an instrument; see `EFAResult.congruence`.

    Parameters
    ----------
    loadings : DataFrame, shape (n_items, n_factors)
        Pattern loadings, with items in the index.
    factor_correlations : DataFrame, shape (n_factors, n_factors)
        Correlations of the factors.
    items : DataFrame
        item, number, key, label and dimension of each row of the loadings.
    instrument : Instrument, str or None
        The theory.
    rotation : {"oblique", "orthogonal"}
        How the factors are rotated towards the dimensions.
    sample : SampleInfo
        Of the factor analysis.
    on : str
        Which answers were analysed.

    Returns
    -------
    CongruenceResult

    Raises
    ------
    OptionError
        If there is no instrument, the number of factors is not that of its dimensions, or items are
        not among its items.

    Notes
    -----
    The target has a one where an item belongs to the dimension and zero elsewhere. Factors and
    dimensions are matched so that the sum of the absolute congruences is as large as can be.
    Rotation towards the target starts from uncorrelated factors that span the same space, so that
    it does not depend on the rotation of the factor analysis. It is partial to the theory: a factor
    may come out similar to a dimension that the data alone would not show.

    References
    ----------
    Tucker, L. R. (1951). *A method for synthesis of factor analysis studies* (Personnel Research
    Section Report No. 984). Department of the Army.

    Lorenzo-Seva, U., & ten Berge, J. M. F. (2006). Tucker's congruence coefficient as a meaningful
    index of factor similarity. *Methodology*, 2, 57–64. https://doi.org/10.1027/1614-2241.2.2.57

    Schönemann, P. H. (1966). A generalized solution of the orthogonal Procrustes problem.
    *Psychometrika*, 31, 1–10. https://doi.org/10.1007/BF02289451
    """
    theory = _theory(instrument)
    own = _find_items(items, theory)
    keys = [dimension.key for dimension in theory.dimensions]
    _check_number(loadings.shape[1], own, theory)
    target = np.array([[float(item.dimension == key) for key in keys] for item in own])
    pattern = loadings.to_numpy(dtype=np.float64)
    congruence = tucker_congruence(pattern, target)
    factors = match_factors(congruence)
    rotated = _rotate_towards(pattern, factor_correlations.to_numpy(), target, rotation)
    matched = np.arange(len(keys))
    directed = _directed(pattern, congruence, factors)
    return CongruenceResult(
        sample=sample,
        on=on,
        instrument=theory.title,
        rotation=rotation,
        dimensions=pd.DataFrame(
            {
                "dimension": keys,
                "label": [dimension.label for dimension in theory.dimensions],
                "factor": [str(loadings.columns[factor]) for factor in factors],
                "congruence": congruence[factors, matched],
                "congruence_target": np.diag(tucker_congruence(rotated.loadings, target)),
            }
        ),
        matrix=pd.DataFrame(
            congruence, index=pd.Index(loadings.columns, name="factor"), columns=keys
        ),
        target_loadings=pd.DataFrame(rotated.loadings, index=loadings.index, columns=keys),
        target_factor_correlations=pd.DataFrame(
            rotated.factor_correlations, index=pd.Index(keys, name="dimension"), columns=keys
        ),
        items=_item_table(items, own, keys, directed, rotated.loadings),
    )


def _theory(instrument: Instrument | str | None) -> Instrument:
    if isinstance(instrument, Instrument):
        return instrument
    if isinstance(instrument, str):
        return published_instrument(instrument)
    if instrument is None:
        raise OptionError(
            "`congruence` compares factors with the dimensions of an instrument, but the factor "
            "analysis was not made from a survey. Give one, as in "
            '`congruence(instrument="servqual-1991")`.'
        )
    raise OptionError(
        f"`instrument` is of type {type(instrument).__name__}, but must be an `Instrument` or the "
        "name of a published one."
    )


def _find_items(items: pd.DataFrame, theory: Instrument) -> list[Item]:
    """Item of the theory behind each row of the loadings, by its number."""
    known = {item.number: item for item in theory.items}
    numbers = [None if pd.isna(number) else int(number) for number in items["number"]]
    if None in numbers:
        numbers = _numbers_in_names([str(name) for name in items["item"]])
    strangers = [
        name for name, number in zip(items["item"], numbers, strict=True) if number not in known
    ]
    if strangers:
        raise OptionError(
            f"These items are not among the {len(known)} of {theory.title}: {shorten(strangers)}. "
            "Items are found by their numbers in the instrument, or by names such as P1, P2 …. "
            "Give the instrument that they belong to."
        )
    return [known[number] for number in numbers if number is not None]


def _numbers_in_names(names: Sequence[str]) -> list[int | None]:
    """Numbers at the end of names that are otherwise the same, and None if they are not such."""
    matches = [_NUMBERED.fullmatch(name) for name in names]
    numbers = [None if match is None else int(match[2]) for match in matches]
    stems = {"" if match is None else match[1] for match in matches}
    if len(stems) > 1 or len(set(numbers)) < len(numbers):
        return [None] * len(names)
    return numbers


def _check_number(n_factors: int, own: list[Item], theory: Instrument) -> None:
    """Raise unless there is a factor for each dimension, and an item for each as well."""
    size = len(theory.dimensions)
    if n_factors != size:
        raise OptionError(
            f"The factor analysis has {_count(n_factors, 'factor')}, but {theory.title} has "
            f"{_count(size, 'dimension')}. Compare an analysis with `n_factors={size}`."
        )
    present = {item.dimension for item in own}
    empty = [part.key for part in theory.dimensions if part.key not in present]
    if empty:
        raise OptionError(
            f"No item of these dimensions of {theory.title} was analysed: {shorten(empty)}. Give "
            "an instrument that has the dimensions of the items only."
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _rotate_towards(
    pattern: FloatArray, correlations: FloatArray, target: FloatArray, rotation: TargetRotation
) -> Target:
    # Pattern times a root of Phi: uncorrelated factors that span the same space.
    values, vectors = np.linalg.eigh(correlations)
    uncorrelated = pattern @ (vectors * np.sqrt(np.maximum(values, 0.0)))
    if rotation == "oblique":
        return procrustes_oblique(uncorrelated, target)
    return procrustes_orthogonal(uncorrelated, target)


def _directed(pattern: FloatArray, congruence: FloatArray, factors: IntArray) -> FloatArray:
    """Loadings with one column per dimension, turned to run the way the dimension does."""
    signs = np.where(congruence[factors, np.arange(factors.size)] < 0.0, -1.0, 1.0)
    directed: FloatArray = pattern[:, factors] * signs
    return directed


def _item_table(
    items: pd.DataFrame,
    own: list[Item],
    keys: list[str],
    loadings: FloatArray,
    target_loadings: FloatArray,
) -> pd.DataFrame:
    places = np.array([keys.index(item.dimension) for item in own])
    other, other_loading = _highest_other(loadings, places)
    _, other_target = _highest_other(target_loadings, places)
    rows = np.arange(len(own))
    loading = loadings[rows, places]
    return pd.DataFrame(
        {
            "item": items["item"].to_numpy(),
            "number": [item.number for item in own],
            "key": [item.key for item in own],
            "label": [item.label for item in own],
            "dimension": [item.dimension for item in own],
            "loading": loading,
            "other_dimension": ["" if place < 0 else keys[place] for place in other],
            "other_loading": other_loading,
            "elsewhere": np.abs(other_loading) > np.abs(loading),
            "elsewhere_target": np.abs(other_target) > np.abs(target_loadings[rows, places]),
        }
    )


def _highest_other(loadings: FloatArray, own: IntArray) -> tuple[IntArray, FloatArray]:
    """Column of each row's largest absolute loading outside its own, and that loading."""
    rows = np.arange(len(loadings))
    if loadings.shape[1] == 1:
        return np.full(rows.size, -1), np.full(rows.size, np.nan)
    absolute = np.abs(loadings)
    absolute[rows, own] = -1.0
    place = np.argmax(absolute, axis=1)
    return place, loadings[rows, place]


def _say(result: CongruenceResult) -> Iterator[Statement]:
    rule = rules.CONGRUENCE
    for _, row in result.dimensions.iterrows():
        found, rotated = float(row["congruence"]), float(row["congruence_target"])
        turned = ", running the other way" if found < 0.0 else ""
        yield Statement(
            str(row["dimension"]),
            f"{row['label'] or row['dimension']}: factor {row['factor']}{turned}, congruence "
            f"{format_number(abs(found), 2)} as the factor analysis has it "
            f"({rule.word(abs(found))}), {format_number(rotated, 2)} after rotation towards the "
            f"dimensions ({rule.word(rotated)}).",
            rule.name,
            rule.source,
        )
    if not result.misplaced:
        yield Statement("items", "Every item loads highest on the factor of its own dimension.")
    for _, row in result.items[result.items["elsewhere"]].iterrows():
        still = "" if row["elsewhere_target"] else ", though not after rotation towards the theory"
        name = f"{row['item']} ({row['label'] or row['key']})"
        yield Statement(
            str(row["item"]),
            f"{name} belongs to {row['dimension']}, but loads "
            f"{format_number(row['other_loading'], 2)} on the factor of {row['other_dimension']} "
            f"and {format_number(row['loading'], 2)} on its own{still}.",
        )
