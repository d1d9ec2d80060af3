"""Largest Lyapunov exponent."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.expected import predicted
from fastdln.plots.against_eta import draw_line, mode_kinds
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_lines, eta_axis
from fastdln.plots.colours import THEORY, line_colours
from fastdln.plots.heatmap import heatmap
from fastdln.plots.labels import axis_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.scales import ROOM, limits_of_lines, note_outside
from fastdln.plots.selection import array_along, mode_indices, mode_name, values
from fastdln.plots.shown import eta_and_mode_dims, is_plane, plane_dims

# Exponents that differ by less are rounding errors about one value. (One superstable orbit, on the other hand, would press all
# the others together at its log 2^-52: the axis ends well before.)
ROUNDING = 1e-9


def lyapunov(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """The largest Lyapunov exponent over eta and a second axis, or against eta.

    Over two axes in colours about 0: blue where neighbouring orbits come together, yellow where they part.

    Parameters
    ----------
    ds : xarray.Dataset
        With `lyapunov` (..., eta, mode), per step; without `mode` of full matrices.
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **options : Options
        Values of other dimensions, or a mode by its number, and how it looks.

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
    Thin lines, against eta: the minimum and the two-cycle.

    References
    ----------
    docs/theory.md, C.

    Examples
    --------
    >>> ax = fastdln.plots.lyapunov(ds, depth=3, mode=1)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint_plane(ax: Axes, ds: xr.Dataset, look: Appearance) -> list[Any]:
    """Draw a map of colours about 0."""
    return heatmap(ax, ds, look, "lyapunov")


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw a line a mode, and the exponents of the minimum and of the two-cycle."""
    has_modes = "mode" in ds["lyapunov"].dims
    measured = values(ds, "lyapunov", "eta", "mode") if has_modes else values(ds, "lyapunov", "eta")[:, None]
    indices = mode_indices(ds) if has_modes else [0]
    for colour, mode in zip(line_colours(len(indices), look.cmap), indices, strict=True):
        of, kinds = (mode_name(ds, mode), mode_kinds(ds, mode)) if has_modes else ("all layers", None)
        draw_line(ax, ds, look, measured[:, mode], colour, of, mode, kinds=kinds)
    if has_modes:
        expected = predicted(ds)["lyapunov"]
        for mode in indices:
            curve = array_along(expected.isel(mode=mode), "eta")
            style = THEORY | {"linestyle": "--", "label": "theory: minimum and two-cycle"}
            ax.plot(look.scale * ds["eta"].values, curve, **style)
    ax.axhline(0, color="black", linewidth=0.6)
    eta_axis(ax, ds, look)
    ax.set_ylabel(axis_label(ds["lyapunov"]) + " per step")
    finite = measured[:, indices][np.isfinite(measured[:, indices])]
    low, high = limits_of_lines(measured[:, indices])
    if not finite.size or np.ptp(finite) < ROUNDING:
        ax.set_ylim(-0.05, 0.05)
    else:
        low, high = max(low, -4 * max(0.5, high)), max(high, 0.0)
        ax.set_ylim(low - ROOM * (high - low), high + ROOM * (high - low))
        low, high = ax.get_ylim()
        note_outside(ax, int(np.sum((finite < low) | (finite > high))), finite.size)
    critical_lines(ax, ds, look)


PLOT = Plot(
    lyapunov,
    (
        View(paint_plane, needs=("lyapunov",), shows=plane_dims, suits=is_plane, measured="colour"),
        View(paint, needs=("lyapunov",), shows=eta_and_mode_dims, takes=frozenset({"cmap"})),
    ),
)
