"""The response surface: contour lines from above, or three dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from servqual.plots.style import SHORTFALL, SMALL_FONT_SIZE, canvas, ink, wrap_label
from servqual.typing import FloatArray, SurfacePlot, check_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

    from servqual.analyses.response_surface import ResponseSurfaceResult

__all__ = ["plot_response_surface"]

_POINTS = 61


def plot_response_surface(
    result: ResponseSurfaceResult, *, kind: SurfacePlot = "contour", ax: Axes | None = None
) -> Axes:
    """Draw the surface over the answer scale, with the lines of congruence and incongruence.

    Parameters
    ----------
    result : ResponseSurfaceResult
        From `servqual.response_surface`.
    kind : {"contour", "surface"}, default "contour"
        Contour lines, or a surface in three dimensions.
    ax : Axes, optional
        Where to draw; for ``"surface"`` with the projection "3d". Default: a new pyplot figure.

    Returns
    -------
    Axes
        The outline is the area in which there are respondents; outside it contours are pale,
        because nobody answered so.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    OptionError
        If `kind` is not known, or `ax` has another projection.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import servqual as sq
    >>> surface = sq.response_surface(sq.load_example("bank"), n_resamples=0)
    >>> ax = plot_response_surface(surface)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('Perception', 'Expectation')
    >>> plt.close(ax.figure)
    """
    check_option("kind", kind, SurfacePlot)
    if kind == "surface":
        return _draw_surface(result, ax)
    return _draw_contours(result, ax)


def _grid(result: ResponseSurfaceResult) -> tuple[FloatArray, FloatArray, FloatArray]:
    axis = np.linspace(*result.scale, _POINTS)
    perception, expectation = np.meshgrid(axis, axis)
    return perception, expectation, result.predict(perception, expectation)


def _lines(result: ResponseSurfaceResult) -> dict[str, tuple[FloatArray, FloatArray, str]]:
    """Congruence, and incongruence through the centre, inside the scale."""
    low, high = result.scale
    along = np.linspace(low, high, _POINTS)
    across = along[(2 * result.centre - along >= low) & (2 * result.centre - along <= high)]
    return {
        "agreement (P = E)": (along, along, "-"),
        "disagreement": (across, 2 * result.centre - across, "--"),
    }


def _closed_hull(result: ResponseSurfaceResult) -> FloatArray:
    corners = result.hull.to_numpy(dtype=np.float64)
    return np.vstack([corners, corners[:1]])


def _title(result: ResponseSurfaceResult) -> str:
    return f"{wrap_label(result.outcome, 40, 1)} by {wrap_label(result.label, 50, 1)}"


def _draw_contours(result: ResponseSurfaceResult, ax: Axes | None) -> Axes:
    perception, expectation, height = _grid(result)
    hull = _closed_hull(result)
    with canvas(ax, width=6.4, height=5.4) as axes:
        filled = axes.contourf(perception, expectation, height, levels=14, cmap="cividis")
        lines = axes.contour(
            perception, expectation, height, levels=7, colors="white", linewidths=0.8
        )
        axes.clabel(lines, fmt="%.1f", fontsize=SMALL_FONT_SIZE - 1.0)
        figure = cast("Any", axes.figure)
        figure.colorbar(filled, ax=axes, label=wrap_label(result.outcome, 40, 1))
        axes.add_patch(_veil(result, hull))
        axes.plot(hull[:, 0], hull[:, 1], color=ink(), linewidth=1.2, zorder=3)
        for name, (x, y, style) in _lines(result).items():
            axes.plot(x, y, style, color=SHORTFALL, linewidth=1.6, label=name, zorder=3)
        _mark_stationary(result, axes)
        axes.set_xlim(*result.scale)
        axes.set_ylim(*result.scale)
        axes.set_aspect("equal")
        axes.set_xlabel("Perception")
        axes.set_ylabel("Expectation")
        axes.set_title(_title(result), loc="left")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, frameon=False)
    return axes


def _veil(result: ResponseSurfaceResult, hull: FloatArray) -> Patch:
    """White over all of the scale but the area of the answers."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    low, high = result.scale
    # Clockwise around, because the hull runs counter-clockwise: so it becomes a hole.
    frame = np.array([[low, low], [low, high], [high, high], [high, low], [low, low]])
    shape = Path.make_compound_path(Path(frame), Path(hull))
    return PathPatch(shape, facecolor="white", edgecolor="none", alpha=0.55, zorder=2)


def _mark_stationary(result: ResponseSurfaceResult, axes: Axes) -> None:
    x, y = result.stationary_point["estimate"].to_numpy(dtype=np.float64)
    low, high = result.scale
    if low <= x <= high and low <= y <= high:
        axes.plot(
            [x],
            [y],
            marker="o",
            markersize=8,
            linestyle="none",
            markerfacecolor="white",
            markeredgecolor=ink(),
            label="stationary point",
            zorder=4,
        )


def _draw_surface(result: ResponseSurfaceResult, ax: Axes | None) -> Axes:
    perception, expectation, height = _grid(result)
    with canvas(ax, width=6.8, height=5.6, projection="3d") as axes:
        space = cast("Any", axes)
        space.plot_surface(
            perception, expectation, height, cmap="cividis", alpha=0.8, rstride=3, cstride=3
        )
        for name, (x, y, style) in _lines(result).items():
            space.plot(x, y, result.predict(x, y), style, color=SHORTFALL, linewidth=2, label=name)
        hull = _closed_hull(result)
        floor = float(height.min()) - 0.15 * float(np.ptp(height) or 1.0)
        space.plot(
            hull[:, 0],
            hull[:, 1],
            np.full(len(hull), floor),
            color=ink(),
            linewidth=1.2,
            label="where the answers lie",
        )
        space.set_zlim(floor, float(height.max()))
        space.set_xlabel("Perception")
        space.set_ylabel("Expectation")
        space.set_zlabel(wrap_label(result.outcome, 30, 1))
        space.view_init(elev=24, azim=-130)
        # What is tall from the side would be cut off otherwise.
        space.set_box_aspect(None, zoom=0.88)
        space.set_title(_title(result), loc="left")
        space.legend(loc="upper left", fontsize=SMALL_FONT_SIZE, frameon=False)
    return axes
