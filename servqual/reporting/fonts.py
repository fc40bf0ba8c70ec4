"""Labels in any script: a font that can draw them, or text that the reader's fonts draw."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Comes with matplotlib, so pictures look the same everywhere.
OWN_FONT: Final = "DejaVu Sans"
#: Has a box for every sign, and comes with matplotlib too.
_NO_FONT: Final = "Last Resort"


def fit_fonts(figure: Figure, further: Sequence[str] = ()) -> None:
    """See to it that every sign of a figure is drawn.

    Settings and warning filters are changed for it, so this belongs into a context that ends with
    the figure.

    Parameters
    ----------
    figure : Figure
        With its texts in place.
    further : sequence of str
        Texts that will be added.
    """
    foreign = _foreign_signs([*_written(figure), *further])
    if not foreign:
        return
    name = _font_with(frozenset("".join(foreign)))
    if name:
        _add_font(figure, name)
    else:
        _leave_text_to_reader(figure, max(len(signs) for signs in foreign))


def _written(figure: Figure) -> Iterator[str]:
    """Lines of every text of a figure."""
    from matplotlib.text import Text

    for artist in figure.findobj(Text):
        if isinstance(artist, Text):
            yield from artist.get_text().splitlines()


def _foreign_signs(lines: Sequence[str]) -> list[str]:
    """Signs of each line that matplotlib's own font cannot draw, of the lines that have any."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(family=OWN_FONT)))
    found = (
        "".join(sign for sign in line if sign.isprintable() and not font.get_char_index(ord(sign)))
        for line in lines
    )
    return [signs for signs in found if signs]


@lru_cache(maxsize=16)
def _font_with(signs: frozenset[str]) -> str:
    """Name of an installed font that can draw all these signs; "" if there is none."""
    from matplotlib.font_manager import fontManager, get_font

    paths = {
        entry.name: entry.fname
        for entry in fontManager.ttflist
        if entry.style == "normal" and not entry.name.startswith(_NO_FONT)
    }
    for name in sorted(paths):
        try:
            font = get_font(paths[name])
        except (OSError, RuntimeError):  # a font that was removed or that FreeType cannot read
            continue
        if all(font.get_char_index(ord(sign)) for sign in signs):
            return name
    return ""


def _add_font(figure: Figure, name: str) -> None:
    """Let matplotlib take the signs that its own font lacks from another."""
    import matplotlib
    from matplotlib.text import Text

    matplotlib.rcParams["font.family"] = [OWN_FONT, name]
    for artist in figure.findobj(Text):
        if isinstance(artist, Text):
            artist.set_fontfamily([OWN_FONT, name])


def _leave_text_to_reader(figure: Figure, widest: int) -> None:
    """Write text as text, which the reader's fonts draw, with room for wide signs."""
    import matplotlib
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    matplotlib.rcParams["svg.fonttype"] = "none"
    warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from", category=UserWarning)
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        # matplotlib reserves 0.6 of the font size for a sign that it does not know.
        points = 0.4 * matplotlib.rcParams["font.size"] * widest
        left = min(points / 72.0 / figure.get_figwidth(), 0.35)
        engine.set(rect=(left, 0.0, 1.0 - left, 1.0))
