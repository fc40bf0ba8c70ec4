"""The instruments that ship with the package. Each is one TOML file; the catalogue is just data."""

from __future__ import annotations

from functools import cache
from importlib import resources

from servqual.errors import InstrumentError, nearest
from servqual.instruments.instrument import Instrument

_FOLDER = "catalogue"


@cache
def _names() -> tuple[str, ...]:
    folder = resources.files("servqual.instruments").joinpath(_FOLDER)
    return tuple(
        sorted(
            entry.name.removesuffix(".toml")
            for entry in folder.iterdir()
            if entry.name.endswith(".toml")
        )
    )


@cache
def _load(name: str) -> Instrument:
    folder = resources.files("servqual.instruments").joinpath(_FOLDER)
    # The line break tells from_toml that this is the text, not a path.
    text = folder.joinpath(f"{name}.toml").read_text(encoding="utf-8") + "\n"
    return Instrument.from_toml(text)


def list_instruments() -> tuple[str, ...]:
    """Names of the instruments that ship with the package.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> import servqual as sq
    >>> sq.list_instruments()
    ('servperf', 'servqual-1988', 'servqual-1991')
    """
    return _names()


def instrument(name: str) -> Instrument:
    """Take an instrument from the catalogue.

    The catalogue holds structure (numbers, dimensions, reversed items, scale), short labels in
    words of our own and the citation; the wording of the published items is protected. Attach your
    own by `Instrument.with_wording`.

    Parameters
    ----------
    name : str
        Such as ``"servqual-1991"``; `list_instruments` lists them.

    Returns
    -------
    Instrument

    Raises
    ------
    InstrumentError
        If there is no such instrument.

    Examples
    --------
    >>> import servqual as sq
    >>> sq.instrument("servqual-1988").reversed_items
    (10, 11, 12, 13, 18, 19, 20, 21, 22)
    """
    if name in _names():
        return _load(name)
    close = nearest(str(name), _names(), n=1)
    hint = f' Did you mean "{close[0]}"?' if close else ""
    raise InstrumentError(
        f"There is no instrument {name!r}; the catalogue has {', '.join(_names())}.{hint} "
        "Read your own by `sq.Instrument.from_toml(path)`."
    )
