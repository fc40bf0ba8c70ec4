"""Ready models of service quality, satisfaction and loyalty, as text for `sem`.

Each function returns a model in lavaan's syntax: print it, change it, fit it with
``sq.sem(survey, model)``. Regressions have labels, and indirect and total effects have names, such
as ``indirect_reliability_loyalty``; `sem` gives them standard errors by the delta method.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from servqual.errors import OptionError, shorten
from servqual.instruments.instrument import Instrument
from servqual.survey.survey import Survey
from servqual.typing import On, check_option

__all__ = ["acsi", "cronin_taylor", "dabholkar", "ecsi", "quality_chain", "satisfaction_loyalty"]

#: Columns of an instrument's items where no survey says otherwise.
_PREFIX: dict[str, str] = {"perception": "P", "expectation": "E", "gap": "G"}


def satisfaction_loyalty(
    source: Survey | Instrument,
    *,
    satisfaction: Sequence[str] | None = None,
    loyalty: Sequence[str] | None = None,
    on: On = "perception",
    direct: bool = True,
) -> str:
    """Dimensions explain satisfaction, and satisfaction explains loyalty.

    Parameters
    ----------
    source : Survey or Instrument
        Whose dimensions are measured; of a survey its own column names are taken.
    satisfaction, loyalty : sequence of str, optional
        Columns that measure them; by default a survey's outcomes of these names.
    on : {"perception", "expectation", "gap"}, default "perception"
        Which answers measure the dimensions.
    direct : bool, default True
        Whether dimensions also explain loyalty directly.

    Returns
    -------
    str
        Model in lavaan's syntax, with ``indirect_…`` and ``total_…`` effects of each dimension.

    Raises
    ------
    OptionError
        If the columns of an outcome are not known.

    References
    ----------
    Zeithaml, V. A., Berry, L. L., & Parasuraman, A. (1996). The behavioral consequences of service
    quality. *Journal of Marketing*, 60(2), 31-46. https://doi.org/10.1177/002224299606000203

    Examples
    --------
    >>> import servqual as sq
    >>> survey = sq.load_example("bank")
    >>> fit = sq.sem(survey, sq.models.satisfaction_loyalty(survey))
    >>> fit.tidy()["lhs"].iloc[-1]
    'total_empathy_loyalty'
    """
    factors = _dimensions(source, on)
    measured = factors | _outcomes(source, satisfaction=satisfaction, loyalty=loyalty)
    paths = {"satisfaction": [*factors], "loyalty": ["satisfaction", *(factors if direct else ())]}
    return _model(measured, paths, [(name, "loyalty") for name in factors])


def quality_chain(
    source: Survey | Instrument,
    *,
    satisfaction: Sequence[str] | None = None,
    loyalty: Sequence[str] | None = None,
    on: On = "perception",
    direct: bool = False,
) -> str:
    """Quality, of which the dimensions are facets, explains satisfaction, and this loyalty.

    Parameters
    ----------
    source, satisfaction, loyalty, on
        As in `satisfaction_loyalty`.
    direct : bool, default False
        Whether quality also explains loyalty directly.

    Returns
    -------
    str
        Model in lavaan's syntax with a second-order factor.

    Raises
    ------
    OptionError
        If the columns of an outcome are not known.

    References
    ----------
    Dabholkar, P. A., Thorpe, D. I., & Rentz, J. O. (1996). A measure of service quality for retail
    stores. *Journal of the Academy of Marketing Science*, 24, 3-16.
    https://doi.org/10.1007/BF02893933

    Examples
    --------
    >>> import servqual as sq
    >>> print(sq.models.quality_chain(sq.load_example("bank")).splitlines()[5])
    quality =~ tangibles + reliability + responsiveness + assurance + empathy
    """
    factors = _dimensions(source, on)
    measured = factors | {"quality": [*factors]}
    measured |= _outcomes(source, satisfaction=satisfaction, loyalty=loyalty)
    paths = {"satisfaction": ["quality"], "loyalty": ["satisfaction"]}
    if direct:
        paths["loyalty"].append("quality")
    return _model(measured, paths, [("quality", "loyalty")])


def cronin_taylor(
    source: Survey | Instrument,
    *,
    satisfaction: Sequence[str] | None = None,
    intentions: Sequence[str] | None = None,
    on: On = "perception",
) -> str:
    """Quality explains satisfaction, and both explain intentions.

    The recursive form of Cronin and Taylor's model, in which satisfaction does not act back on
    quality (Brady, Cronin & Brand 2002). Quality has the dimensions as its facets.

    Parameters
    ----------
    source, satisfaction, on
        As in `satisfaction_loyalty`.
    intentions : sequence of str, optional
        Columns that measure intentions; by default a survey's outcome ``"intentions"``, else
        ``"loyalty"``.

    Returns
    -------
    str
        Model in lavaan's syntax.

    Raises
    ------
    OptionError
        If the columns of an outcome are not known.

    References
    ----------
    Cronin, J. J., & Taylor, S. A. (1992). Measuring service quality: a reexamination and
    extension. *Journal of Marketing*, 56(3), 55-68. https://doi.org/10.1177/002224299205600304

    Brady, M. K., Cronin, J. J., & Brand, R. R. (2002). Performance-only measurement of service
    quality: a replication and extension. *Journal of Business Research*, 55, 17-31.
    https://doi.org/10.1016/S0148-2963(00)00171-5

    Examples
    --------
    >>> import servqual as sq
    >>> sq.models.cronin_taylor(sq.load_example("bank")).splitlines()[-2]
    'indirect_quality_intentions := b_satisfaction_quality*b_intentions_satisfaction'
    """
    if intentions is None and isinstance(source, Survey):
        known = source.outcomes
        intentions = known.get("intentions", known.get("loyalty"))
    factors = _dimensions(source, on)
    measured = factors | {"quality": [*factors]}
    measured |= _outcomes(source, satisfaction=satisfaction, intentions=intentions)
    paths = {"satisfaction": ["quality"], "intentions": ["satisfaction", "quality"]}
    return _model(measured, paths, [("quality", "intentions")])


def dabholkar(
    source: Survey | Instrument,
    *,
    overall: Sequence[str] | None = None,
    satisfaction: Sequence[str] | None = None,
    intentions: Sequence[str] | None = None,
    on: On = "perception",
) -> str:
    """Dimensions are causes of overall quality, which acts through satisfaction on intentions.

    Parameters
    ----------
    source, satisfaction, on
        As in `satisfaction_loyalty`.
    overall : sequence of str, optional
        Columns that measure overall quality; by default a survey's outcome ``"overall"``.
    intentions : sequence of str, optional
        As in `cronin_taylor`.

    Returns
    -------
    str
        Model in lavaan's syntax.

    Raises
    ------
    OptionError
        If the columns of an outcome are not known.

    References
    ----------
    Dabholkar, P. A., Shepherd, C. D., & Thorpe, D. I. (2000). A comprehensive framework for
    service quality. *Journal of Retailing*, 76, 139-173.
    https://doi.org/10.1016/S0022-4359(00)00029-4

    Examples
    --------
    >>> import servqual as sq
    >>> model = sq.models.dabholkar(sq.load_example("bank"), overall=["Q1", "Q2"])
    >>> "overall ~ b_overall_tangibles*tangibles" in model
    True
    """
    if intentions is None and isinstance(source, Survey):
        known = source.outcomes
        intentions = known.get("intentions", known.get("loyalty"))
    factors = _dimensions(source, on)
    measured = factors | _outcomes(
        source, overall=overall, satisfaction=satisfaction, intentions=intentions
    )
    paths = {
        "overall": [*factors],
        "satisfaction": ["overall"],
        "intentions": ["satisfaction", "overall"],
    }
    effects = [*((name, "intentions") for name in factors), ("overall", "intentions")]
    return _model(measured, paths, effects)


def acsi(
    *,
    expectations: Sequence[str],
    quality: Sequence[str],
    value: Sequence[str],
    satisfaction: Sequence[str],
    complaints: Sequence[str],
    loyalty: Sequence[str],
) -> str:
    """The model of the American Customer Satisfaction Index.

    Parameters
    ----------
    expectations, quality, value, satisfaction, complaints, loyalty : sequence of str
        Columns that measure each.

    Returns
    -------
    str
        Model in lavaan's syntax.

    Raises
    ------
    OptionError
        If a list of columns is empty.

    Notes
    -----
    The index itself is computed by partial least squares; this is the same system of equations for
    `sem`.

    References
    ----------
    Fornell, C., Johnson, M. D., Anderson, E. W., Cha, J., & Bryant, B. E. (1996). The American
    Customer Satisfaction Index: nature, purpose, and findings. *Journal of Marketing*, 60(4),
    7-18. https://doi.org/10.1177/002224299606000403

    Examples
    --------
    >>> model = acsi(expectations=["x1", "x2"], quality=["q1", "q2"], value=["v1", "v2"],
    ...     satisfaction=["s1", "s2"], complaints=["c1"], loyalty=["l1", "l2"])
    >>> model.splitlines()[6]
    'quality ~ b_quality_expectations*expectations'
    """
    measured = _columns(
        expectations=expectations,
        quality=quality,
        value=value,
        satisfaction=satisfaction,
        complaints=complaints,
        loyalty=loyalty,
    )
    paths = {
        "quality": ["expectations"],
        "value": ["expectations", "quality"],
        "satisfaction": ["expectations", "quality", "value"],
        "complaints": ["satisfaction"],
        "loyalty": ["satisfaction", "complaints"],
    }
    effects = [(name, "loyalty") for name in ("expectations", "quality", "value", "satisfaction")]
    return _model(measured, paths, effects)


def ecsi(
    *,
    image: Sequence[str],
    expectations: Sequence[str],
    quality: Sequence[str],
    value: Sequence[str],
    satisfaction: Sequence[str],
    loyalty: Sequence[str],
) -> str:
    """The model of the European Customer Satisfaction Index.

    Parameters
    ----------
    image, expectations, quality, value, satisfaction, loyalty : sequence of str
        Columns that measure each.

    Returns
    -------
    str
        Model in lavaan's syntax.

    Raises
    ------
    OptionError
        If a list of columns is empty.

    Notes
    -----
    The index itself is computed by partial least squares; this is the same system of equations for
    `sem`. Versions differ in whether complaints belong to it; here they do not.

    References
    ----------
    Martensen, A., Grønholdt, L., & Kristensen, K. (2000). The drivers of customer satisfaction and
    loyalty: cross-industry findings from Denmark. *Total Quality Management*, 11, 544-553.
    https://doi.org/10.1080/09544120050007878

    Examples
    --------
    >>> model = ecsi(image=["i1", "i2"], expectations=["x1", "x2"], quality=["q1", "q2"],
    ...     value=["v1", "v2"], satisfaction=["s1", "s2"], loyalty=["l1", "l2"])
    >>> model.splitlines()[6]
    'expectations ~ b_expectations_image*image'
    """
    measured = _columns(
        image=image,
        expectations=expectations,
        quality=quality,
        value=value,
        satisfaction=satisfaction,
        loyalty=loyalty,
    )
    paths = {
        "expectations": ["image"],
        "quality": ["expectations"],
        "value": ["expectations", "quality"],
        "satisfaction": ["image", "expectations", "quality", "value"],
        "loyalty": ["image", "satisfaction"],
    }
    effects = [(name, "loyalty") for name in ("image", "expectations", "quality", "value")]
    return _model(measured, paths, effects)


def _dimensions(source: Survey | Instrument, on: On) -> dict[str, list[str]]:
    """Columns of the items of each dimension."""
    if isinstance(source, Survey):
        instrument, names = source.instrument, source.item_names(on)
    elif isinstance(source, Instrument):
        check_option("on", on, On)
        if on not in _PREFIX:
            raise OptionError(
                f'`on` is "{on}", but without a survey the columns of these answers are not known. '
                "Give the survey."
            )
        instrument = source
        names = tuple(f"{_PREFIX[on]}{item.number}" for item in instrument.items)
    else:
        raise OptionError(
            f"A model was asked for {type(source).__name__}, but needs a survey or an instrument."
        )
    return {
        re.sub(r"\W", "_", dimension.key): [
            name
            for name, item in zip(names, instrument.items, strict=True)
            if item.dimension == dimension.key
        ]
        for dimension in instrument.dimensions
    }


def _outcomes(source: Survey | Instrument, **given: Sequence[str] | None) -> dict[str, list[str]]:
    """Columns of the outcomes, the survey's own where none are given."""
    known = source.outcomes if isinstance(source, Survey) else {}
    found = {
        name: columns if columns is not None else known.get(name) for name, columns in given.items()
    }
    unknown = [name for name, columns in found.items() if not columns]
    if unknown:
        raise OptionError(
            f"The columns of these outcomes are not known: {shorten(unknown)}. Give them, as in "
            f'`{unknown[0]}=["column 1", "column 2"]`.'
        )
    return _columns(**{name: columns or () for name, columns in found.items()})


def _columns(**given: Sequence[str]) -> dict[str, list[str]]:
    """Columns of each latent variable; a single name is one column."""
    found = {
        name: [columns] if isinstance(columns, str) else list(columns)
        for name, columns in given.items()
    }
    empty = [name for name, columns in found.items() if not columns]
    if empty:
        raise OptionError(f"No columns measure {shorten(empty)}. Name at least one for each.")
    return found


def _model(
    measured: Mapping[str, Sequence[str]],
    paths: Mapping[str, Sequence[str]],
    effects: Sequence[tuple[str, str]],
) -> str:
    """Write measurement, labelled regressions, and the effects along all ways."""
    lines = [f"{factor} =~ {' + '.join(columns)}" for factor, columns in measured.items()]
    lines += [
        f"{outcome} ~ " + " + ".join(f"{_label(cause, outcome)}*{cause}" for cause in causes)
        for outcome, causes in paths.items()
    ]
    for cause, outcome in effects:
        ways = _ways(cause, outcome, paths)
        products = ["*".join(_label(a, b) for a, b in pairwise(way)) for way in ways]
        indirect = [text for text, way in zip(products, ways, strict=True) if len(way) > 2]
        if indirect:
            lines.append(f"indirect_{cause}_{outcome} := {' + '.join(indirect)}")
            lines.append(f"total_{cause}_{outcome} := {' + '.join(products)}")
    return "\n".join(lines)


def _label(cause: str, outcome: str) -> str:
    return f"b_{outcome}_{cause}"


def _ways(start: str, end: str, paths: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """All ways from a cause to an outcome along the regressions, the shortest first."""
    found = []
    for cause in paths.get(end, ()):
        if cause == start:
            found.append([start, end])
        else:
            found += [[*way, end] for way in _ways(start, cause, paths)]
    return sorted(found, key=len)
