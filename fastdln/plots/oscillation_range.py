"""Oscillation range of each mode."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from fastdln.analysis.dataset import singular_values
from fastdln.analysis.expected import predicted
from fastdln.plots.against_eta import draw_line, mode_kinds
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_lines, eta_axis
from fastdln.plots.colours import THEORY, line_colours
from fastdln.plots.labels import axis_label
from fastdln.plots.plot import Plot, View
from fastdln.plots.scales import leave_out_strays
from fastdln.plots.selection import array_along, mode_indices, mode_name, values
from fastdln.plots.shown import eta_and_mode_dims

# Points of a theory's curve: more than a picture has columns.
THEORY_POINTS = 2000


def oscillation_range(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Oscillation range of each mode against eta.

    Parameters
    ----------
    ds : xarray.Dataset
        With `oscillation_range` (..., eta, mode): maximum minus minimum over the record.
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
    Thin lines: 2/S_i, where mode i starts to oscillate, and the range of the balanced two-cycle up to its first
    doubling.

    References
    ----------
    docs/theory.md, C; arXiv 2502.20531, figure "oscillation range".

    Examples
    --------
    >>> ax = fastdln.plots.oscillation_range(ds, depth=3, alpha=0.3)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> None:
    """Draw a line a mode, the two-cycle's range, and 2/S_i."""
    eta, measured, indices = ds["eta"].values, values(ds, "oscillation_range", "eta", "mode"), mode_indices(ds)
    eta_axis(ax, ds, look)
    for colour, mode in zip(line_colours(len(indices), look.cmap), indices, strict=True):
        kinds = mode_kinds(ds, mode)
        draw_line(ax, ds, look, measured[:, mode], colour, mode_name(ds, mode), mode, kinds=kinds)
    fine = xr.DataArray(np.linspace(eta[0], eta[-1], THEORY_POINTS), dims="eta")
    expected = predicted(ds, fine)["oscillation_range"]
    curves = [array_along(expected.isel(mode=mode), "eta") for mode in indices]
    for curve in (one for one in curves if np.nanmax(one, initial=0.0) > 0):  # minima alone say nothing of a two-cycle
        ax.plot(look.scale * fine, curve, **THEORY, linestyle="--", label="theory: two-cycle")
    critical_lines(ax, ds, look)
    ax.set_ylabel(axis_label(ds["oscillation_range"]))
    # what stands still is drawn as such, and not its rounding errors
    still = 0.05 * float(singular_values(ds).max())
    leave_out_strays(ax, measured[:, indices])
    ax.set_ylim(0, max(ax.get_ylim()[1], still) if ax.get_ylim()[1] < 1e-6 * still else None)


PLOT = Plot(
    oscillation_range,
    (View(paint, needs=("oscillation_range",), shows=eta_and_mode_dims, takes=frozenset({"cmap"})),),
)
