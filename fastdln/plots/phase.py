"""Fate and period over the plane."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap

from fastdln import theory
from fastdln.analysis.dataset import singular_values, sweep_of
from fastdln.plots.canvas import commonest, grid_cells, hatched, paint, swatch
from fastdln.plots.marks import THEORY, beside, edge_lines, eta_axis, label, modes
from fastdln.plots.plot import Plot, of_plane, of_plane_and_modes

# The doublings darken from yellow through blue to black, the rest lies off that road in hue. Picked in CIE Lab: no two are nearer
# than 7.5 in lightness, nor than 10 in all to the eyes of the colour blind.
COLOURS = {
    "converged": "#fae594",
    "period 2": "#64c2c1",
    "period 4": "#388db0",
    "period 8": "#0c5c9a",
    "period 16, 32, ...": "#27307f",
    "other periods": "#de8184",
    "aperiodic": "#10142b",
    "drifting": "#d6cabd",
    "collapsed": "#976038",
    "diverged": "#ffffff",
}
CLASSES = list(COLOURS)
CONVERGED, PERIODIC, APERIODIC, COLLAPSED, DIVERGED, DRIFTING = range(1, 7)
OF_FATE = {
    CONVERGED: "converged",
    APERIODIC: "aperiodic",
    COLLAPSED: "collapsed",
    DIVERGED: "diverged",
    DRIFTING: "drifting",
}


def phase(ds: xr.Dataset, ax: Axes | None = None, **choice: Any) -> Axes:
    """Fate and period over eta and alpha.

    Over eta and the first further axis of more than one value where alpha has one. A periodic network's period is the least
    common multiple of its modes'. Thin lines: 2/S_i of each mode and, from one-zero starts, where the plateau is as long as
    the transient (docs/theory.md, A). Not computed is hatched. choice: values of other dimensions.
    """
    ds, ax = PLOT.ready(ds, ax, choice)
    x, y = (*of_plane(ds), "alpha")[:2]
    eta_axis(ax, ds)
    cells = grid_cells(ax, ds, x, y)
    found = commonest(cells, ds, x, y, PLOT.used(ds), classes, len(CLASSES))
    colours = ListedColormap(list(COLOURS.values()))
    paint(ax, cells, ds, y, found, cmap=colours, norm=BoundaryNorm(np.arange(len(CLASSES) + 1) - 0.5, len(CLASSES)))
    ax.set_ylabel(label(ds[y], "$\\alpha$" if y == "alpha" else ""))
    edge_lines(ax, ds, y)
    plateau_line(ax, ds, y)
    seen = set(found.compressed().tolist())
    handles = [swatch(COLOURS[c], c) for k, c in enumerate(CLASSES) if k in seen]
    beside(ax, handles + ([hatched("not computed")] if found.mask.any() else []))
    return ax


def classes(piece: xr.Dataset) -> np.ndarray:
    """Number of the class of each point, in the order of CLASSES; -1 where it is not computed."""
    of_fate = np.full(256, -1, dtype=np.int8)
    for number, name in OF_FATE.items():
        of_fate[number] = CLASSES.index(name)
    fate = piece["fate"].values
    out: np.ndarray = of_fate[fate]
    cycling = np.nonzero(fate == PERIODIC)
    # a mode that was masked has NaN, and counts as one at rest
    period = np.lcm.reduce(np.fmax(piece["period"].values[cycling], 1).astype(np.int64), axis=-1)
    power = (period & (period - 1)) == 0
    by_power = np.array(
        [CLASSES.index(n) for n in ("converged", "period 2", "period 4", "period 8", "period 16, 32, ...")]
    )
    doublings = np.log2(np.clip(period, 1, 16)).astype(int)
    out[cycling] = np.where(power, by_power[doublings], CLASSES.index("other periods"))
    return out


def plateau_line(ax: Axes, ds: xr.Dataset, y: str) -> None:
    """Left of and below it the transient is too short to leave the saddle: eta = T(alpha, 1) / steps (docs/theory.md, A)."""
    sweep = sweep_of(ds)
    depth, s = ds["depth"].values[0], singular_values(ds)
    if y != "alpha" or sweep["start"] != "one-zero" or depth < 3 or sweep["steps"] < 1 or ds.sizes["alpha"] == 1:
        return
    alpha = np.geomspace(ds["alpha"].values[0], ds["alpha"].values[-1], 200)
    slowest = min(float(s.isel(mode=mode).values.ravel()[0]) for mode in modes(ds))
    if slowest <= 0:
        return
    eta, (low, high) = theory.plateau_steps(alpha, 1.0, slowest, depth) / sweep["steps"], ax.get_xlim()
    if np.any((eta > low) & (eta < high)):
        limits = ax.get_ylim()
        ax.plot(eta, alpha, **THEORY, linestyle=(0, (1, 1)), label="plateau ends")
        ax.set(xlim=(low, high), ylim=limits)


PLOT = Plot(phase, needs=(("fate", "period"),), across=of_plane_and_modes, network=True)
