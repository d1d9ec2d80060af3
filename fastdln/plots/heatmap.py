"""A measured quantity over eta and a second axis, in colours about the value that divides it."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, TwoSlopeNorm

from fastdln.plots.appearance import Appearance
from fastdln.plots.axes import critical_lines, eta_axis
from fastdln.plots.colours import BLUE_YELLOW, CLASS_COLOURS
from fastdln.plots.labels import axis_label, hatched_swatch, swatch
from fastdln.plots.plot import plane_dims
from fastdln.plots.rasterize import draw_cells, grid_cells, mean

# Percentiles at either end beyond which values have the last colour.
CLIPPED = 0.5


def heatmap(ax: Axes, ds: xr.Dataset, look: Appearance, name: str, about: float, critical: bool = True) -> list[Any]:
    """Draw the variable's mean over each cell in colours about a value; returns entries of the legend."""
    x, y = plane_dims(ds)
    eta_axis(ax, ds, look)
    cells = grid_cells(ax, ds, x, y, look.scale)
    averages, computed = mean(cells, ds, x, y, name)
    finite = averages.compressed()
    low, high = np.percentile(finite, [CLIPPED, 100 - CLIPPED]) if finite.size else (about - 1, about + 1)
    least = 0.05 * max(about - low, high - about, 1e-12)  # both sides of the middle are there
    norm = TwoSlopeNorm(about, min(low, about - least), max(high, about + least))
    diverged = averages.mask & computed
    draw_cells(
        ax,
        cells,
        ds,
        y,
        np.ma.masked_array(np.ones(averages.shape), ~diverged),
        cmap=ListedColormap([CLASS_COLOURS["diverged"]]),
    )
    mesh = draw_cells(ax, cells, ds, y, averages, cmap=look.cmap or BLUE_YELLOW, norm=norm)
    ax.set_ylabel(axis_label(ds[y], "$\\alpha$" if y == "alpha" else ""))
    bar: Any = ax.figure.colorbar(mesh, ax=ax, extend="both", label=axis_label(ds[name]))
    bar.ax.axhline(about, color="black", linewidth=0.8)
    if critical:
        critical_lines(ax, ds, look, y)
    handles = [swatch(CLASS_COLOURS["diverged"], "diverged")] if diverged.any() else []
    return handles + ([] if computed.all() else [hatched_swatch("not computed")])
