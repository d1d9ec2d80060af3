"""A measured quantity over eta and a second axis, in colours about the value that divides it."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, TwoSlopeNorm

from fastdln.plots.canvas import grid_cells, hatched, mean, paint, swatch
from fastdln.plots.marks import edge_lines, eta_axis, inside, label
from fastdln.plots.plot import of_plane

# Blue and yellow, with grey between: apart to every eye, and lightness rises all along, so that print without colours keeps
# the sign. (Of maps that are dark at both ends grey print does not.)
BLUE_YELLOW = LinearSegmentedColormap.from_list(
    "blue_yellow", ["#08204f", "#1f4b8e", "#5f7fae", "#a7a7a7", "#cdbb72", "#eed54a", "#fff7a8"]
)

# In parts of a hundred of the values, what lies beyond is drawn in the last colour.
CUT = 0.5


def diverging(ax: Axes, ds: xr.Dataset, name: str, about: float, edges: bool = True) -> Axes:
    """The variable as the mean over each cell; the picture is of the dataset that `Plot.ready` gave."""
    x, y = of_plane(ds)
    eta_axis(ax, ds)
    cells = grid_cells(ax, ds, x, y)
    found, computed = mean(cells, ds, x, y, name)
    seen = found.compressed()
    low, high = np.percentile(seen, [CUT, 100 - CUT]) if seen.size else (about - 1, about + 1)
    least = 0.05 * max(about - low, high - about, 1e-12)  # both sides of the middle are there
    norm = TwoSlopeNorm(about, min(low, about - least), max(high, about + least))
    lost = found.mask & computed
    paint(ax, cells, ds, y, np.ma.masked_array(np.ones(found.shape), ~lost), cmap=ListedColormap(["white"]))
    mesh = paint(ax, cells, ds, y, found, cmap=BLUE_YELLOW, norm=norm)
    ax.set_ylabel(label(ds[y], "$\\alpha$" if y == "alpha" else ""))
    bar: Any = ax.figure.colorbar(mesh, ax=ax, extend="both", label=label(ds[name]))
    bar.ax.axhline(about, color="black", linewidth=0.8)
    if edges:
        edge_lines(ax, ds, y)
    handles = [swatch("white", "diverged")] if lost.any() else []
    inside(ax, handles + ([] if computed.all() else [hatched("not computed")]))
    return ax
