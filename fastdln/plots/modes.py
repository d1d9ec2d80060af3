"""Number of oscillating modes, beside the staircase of 2/S_i."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from fastdln.observables.fate import DIVERGED, NOT_COMPUTED
from fastdln.plots.against_eta import FEWEST_JOINED
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_eta, eta_axis, spans
from fastdln.plots.colours import DARK_BLUE, DIVERGED_SPAN, THEORY
from fastdln.plots.heatmap import counted
from fastdln.plots.labels import axis_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.rasterize import span
from fastdln.plots.selection import array_along, mode_indices
from fastdln.plots.shown import eta_dims, is_plane, plane_dims

# Of a count's axis below 0 and above the last count, so that the lines there are seen.
ROOM = 0.3


def modes(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Number of oscillating modes against eta, or over eta and a second axis.

    Against eta a staircase; over two axes a colour for each number. Diverged networks have none.

    Parameters
    ----------
    ds : xarray.Dataset
        With `oscillating_modes` (..., eta).
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **options : Options
        Values of other dimensions, and how it looks.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    DatasetError
        If ds lacks these variables, ax is no Axes, or a choice names no dimension or none of its values.

    Notes
    -----
    Thin lines: against eta the number of modes with eta > 2/S_i, S_i = L s_i^(2 - 2/L), which oscillate about their
    balanced minimum; over two axes each 2/S_i.

    References
    ----------
    docs/theory.md, B and C; arXiv 2502.20531, rank-p oscillation.

    Examples
    --------
    >>> ax = fastdln.plots.modes(ds, depth=3, alpha=0.1)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint_plane(ax: Axes, ds: xr.Dataset, look: Appearance) -> list[Any]:
    """Draw a colour for each number of modes, and 2/S_i."""
    x, y = plane_dims(ds)
    last = max(1, span(ds, "oscillating_modes")[1])
    return counted(
        ax, ds, look, "oscillating_modes", (x, y), axis_label(ds["oscillating_modes"]), (0, last), "diverged"
    )


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw the staircase that was measured and that of the theory."""
    eta_axis(ax, ds, look)
    eta = look.scale * ds["eta"].values
    number, fate = (array_along(ds[name], "eta") for name in ("oscillating_modes", "fate"))
    spans(ax, eta, fate == DIVERGED, "diverged", **DIVERGED_SPAN)
    measured = np.where((fate == NOT_COMPUTED) | (number < 0), np.nan, number)
    few = len(eta) <= FEWEST_JOINED
    style: dict[str, Any] = (
        {"marker": "o", "markersize": 4, "linestyle": "none", "zorder": 4} if few else {"drawstyle": "steps-mid"}
    )
    ax.plot(eta, measured, color=DARK_BLUE, linewidth=2.6, label="measured", **style)
    x, steps = staircase(ds, look, ax.get_xlim())
    ax.plot(
        x,
        steps,
        **THEORY | {"path_effects": None},
        linestyle="--",
        drawstyle="steps-post",
        label="theory: modes with $\\eta$ > 2/$S_i$",
    )
    ax.set_ylim(-ROOM, max(1, steps[-1], np.nanmax(measured, initial=0)) + ROOM)
    ax.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
    ax.set_ylabel(axis_label(ds["oscillating_modes"]))


def staircase(ds: xr.Dataset, look: Appearance, limits: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Count the modes with eta > 2/S_i from the left limit to the right, with a step at each 2/S_i between them."""
    critical = np.sort([look.scale * float(critical_eta(ds, mode).values.ravel()[0]) for mode in mode_indices(ds)])
    x = np.concatenate([limits[:1], critical[(critical > limits[0]) & (critical < limits[1])], limits[1:]])
    return x, np.searchsorted(critical, x, side="right")


PLOT = Plot(
    modes,
    (
        View(paint_plane, needs=("oscillating_modes",), shows=plane_dims, suits=is_plane, measured="colour"),
        View(paint, needs=("oscillating_modes",), shows=eta_dims),
    ),
    network=True,
)
