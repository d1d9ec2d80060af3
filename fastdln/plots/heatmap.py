"""A measured quantity over eta and a second axis, in colours about the value that divides it."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, TwoSlopeNorm

from fastdln.plots.axes import edge_lines, eta_axis
from fastdln.plots.colours import BLUE_YELLOW
from fastdln.plots.labels import axis_label, hatched_swatch, legend_inside, swatch
from fastdln.plots.plot import plane_dims
from fastdln.plots.rasterize import grid_cells, mean, paint

# Percentiles at either end beyond which values have the last colour.
CLIPPED = 0.5


def heatmap(ax: Axes, ds: xr.Dataset, name: str, about: float, edges: bool = True) -> Axes:
    """Draw the variable's mean over each cell in colours about a value; ds is the dataset that `Plot.ready` gave."""
    x, y = plane_dims(ds)
    eta_axis(ax, ds)
    cells = grid_cells(ax, ds, x, y)
    averages, computed = mean(cells, ds, x, y, name)
    finite = averages.compressed()
    low, high = np.percentile(finite, [CLIPPED, 100 - CLIPPED]) if finite.size else (about - 1, about + 1)
    least = 0.05 * max(about - low, high - about, 1e-12)  # both sides of the middle are there
    norm = TwoSlopeNorm(about, min(low, about - least), max(high, about + least))
    diverged = averages.mask & computed
    paint(ax, cells, ds, y, np.ma.masked_array(np.ones(averages.shape), ~diverged), cmap=ListedColormap(["white"]))
    mesh = paint(ax, cells, ds, y, averages, cmap=BLUE_YELLOW, norm=norm)
    ax.set_ylabel(axis_label(ds[y], "$\\alpha$" if y == "alpha" else ""))
    bar: Any = ax.figure.colorbar(mesh, ax=ax, extend="both", label=axis_label(ds[name]))
    bar.ax.axhline(about, color="black", linewidth=0.8)
    if edges:
        edge_lines(ax, ds, y)
    handles = [swatch("white", "diverged")] if diverged.any() else []
    legend_inside(ax, handles + ([] if computed.all() else [hatched_swatch("not computed")]))
    return ax
