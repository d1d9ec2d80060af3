"""Phase diagram: fate and period over the plane of learning rate and initialization scale."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap

from fastdln import theory
from fastdln.analysis.dataset import singular_values, sweep_of
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import critical_lines, eta_axis
from fastdln.plots.colours import CLASS_COLOURS, THEORY
from fastdln.plots.labels import axis_label, hatched_swatch, swatch
from fastdln.plots.plot import Plot, View, plane_and_mode_dims, plane_dims
from fastdln.plots.rasterize import draw_cells, grid_cells, most_frequent
from fastdln.plots.selection import mode_indices

CLASSES = list(CLASS_COLOURS)
CONVERGED, PERIODIC, APERIODIC, COLLAPSED, DIVERGED, DRIFTING = range(1, 7)
CLASS_OF_FATE = {
    CONVERGED: "converged",
    APERIODIC: "aperiodic",
    COLLAPSED: "collapsed",
    DIVERGED: "diverged",
    DRIFTING: "drifting",
}


def phase(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Fate and period over eta and alpha.

    Over eta and the first further axis of more than one value where alpha has one. A periodic network's period is the
    least common multiple of its modes'. Not computed is hatched.

    Parameters
    ----------
    ds : xarray.Dataset
        With `fate` (..., alpha, eta) and `period` (..., alpha, eta, mode).
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
    Thin lines: 2/S_i of each mode and, from one-zero starts, where the plateau is as long as the transient.

    References
    ----------
    docs/theory.md, A.

    Examples
    --------
    >>> ax = fastdln.plots.phase(ds, ax=ax, depth=3)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> list[Any]:
    """Draw the class of each cell, 2/S_i, and where the plateau is as long as the transient."""
    x, y = (*plane_dims(ds), "alpha")[:2]
    eta_axis(ax, ds, look)
    cells = grid_cells(ax, ds, x, y, look.scale)
    cell_classes = most_frequent(cells, ds, x, y, PLOT.variables(ds), classes, len(CLASSES))
    colours = ListedColormap(list(CLASS_COLOURS.values()))
    draw_cells(
        ax, cells, ds, y, cell_classes, cmap=colours, norm=BoundaryNorm(np.arange(len(CLASSES) + 1) - 0.5, len(CLASSES))
    )
    ax.set_ylabel(axis_label(ds[y], "$\\alpha$" if y == "alpha" else ""))
    critical_lines(ax, ds, look, y)
    plateau_line(ax, ds, look, y)
    present = set(cell_classes.compressed().tolist())
    handles = [swatch(CLASS_COLOURS[c], c) for k, c in enumerate(CLASSES) if k in present]
    return handles + ([hatched_swatch("not computed")] if cell_classes.mask.any() else [])


def classes(block: xr.Dataset) -> np.ndarray:
    """Classify each point by its fate and period: its index in CLASSES, -1 where it is not computed."""
    class_of = np.full(256, -1, dtype=np.int8)
    for number, name in CLASS_OF_FATE.items():
        class_of[number] = CLASSES.index(name)
    fate = block["fate"].values
    out: np.ndarray = class_of[fate]
    periodic = np.nonzero(fate == PERIODIC)
    # a mode that was masked has NaN, and counts as one at rest
    period = np.lcm.reduce(np.fmax(block["period"].values[periodic], 1).astype(np.int64), axis=-1)
    power = (period & (period - 1)) == 0
    by_power = np.array(
        [CLASSES.index(n) for n in ("converged", "period 2", "period 4", "period 8", "period 16, 32, ...")]
    )
    doublings = np.log2(np.clip(period, 1, 16)).astype(int)
    out[periodic] = np.where(power, by_power[doublings], CLASSES.index("other periods"))
    return out


def plateau_line(ax: Axes, ds: xr.Dataset, look: Appearance, y: str) -> None:
    """Draw eta = T(alpha, 1) / steps (docs/theory.md, A): left of and below it the transient is too short to leave the saddle."""
    sweep = sweep_of(ds)
    depth, s = ds["depth"].values[0], singular_values(ds)
    if y != "alpha" or sweep["start"] != "one-zero" or depth < 3 or sweep["steps"] < 1 or ds.sizes["alpha"] == 1:
        return
    alpha = np.geomspace(ds["alpha"].values[0], ds["alpha"].values[-1], 200)
    slowest = min(float(s.isel(mode=mode).values.ravel()[0]) for mode in mode_indices(ds))
    if slowest <= 0:
        return
    eta = look.scale * theory.plateau_steps(alpha, 1.0, slowest, depth) / sweep["steps"]
    low, high = ax.get_xlim()
    if np.any((eta > low) & (eta < high)):
        limits = ax.get_ylim()
        ax.plot(eta, alpha, **THEORY, linestyle=(0, (1, 1)), label="plateau ends")
        ax.set(xlim=(low, high), ylim=limits)


PLOT = Plot(phase, (View(paint, needs=("fate", "period"), shows=plane_and_mode_dims, measured=""),), network=True)
