"""A measured quantity over a plane: in colours about the value that divides it, on a scale, or a colour a whole number."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, TwoSlopeNorm
from matplotlib.ticker import MaxNLocator

from fastdln.errors import DatasetError
from fastdln.observables.fate import DIVERGED, NOT_COMPUTED
from fastdln.plots.appearance import Appearance
from fastdln.plots.axes import critical_lines, eta_axis, level_lines, plane_axis, plane_label
from fastdln.plots.colours import BLUE_YELLOW, CLASS_COLOURS, NO_VALUE, SEQUENTIAL
from fastdln.plots.labels import absent_swatch, axis_label, note, swatch
from fastdln.plots.rasterize import Cells, draw_cells, grid_cells, mean, most_frequent
from fastdln.plots.scales import BEYOND, extend_of, robust_scale, tidy_bar, whole_numbers
from fastdln.plots.shown import plane_dims

# Percentiles at either end beyond which values have the last colour.
CLIPPED = 0.5

# Ticks of a colour bar of whole numbers.
MOST_NUMBERS = 12

# Least distance from the middle to either end of the colours: below it values are rounding errors about the middle.
LEAST = 1e-3


# Variables that have a middle: neighbouring orbits neither part nor meet; the network stays on the orbit of its modes; at the edge.
MIDDLES = {"lyapunov": 0.0, "mixing_exponent": 0.0, "sharpness_ratio": 1.0}


def heatmap(ax: Axes, ds: xr.Dataset, look: Appearance, name: str, critical: bool = True) -> list[Any]:
    """Draw the variable's mean over each cell in colours about its middle; returns entries of the legend."""
    about = MIDDLES[name]
    if look.log:
        raise DatasetError(f"log: {name} is in colours about {about:g}, to either side of it; leave it out")
    x, y = plane_dims(ds)
    eta_axis(ax, ds, look)
    cells = grid_cells(ax, ds, x, y, look.scale)
    averages, computed, _ = mean(cells, ds, x, y, name)
    finite = averages.compressed()
    low, high = np.percentile(finite, [CLIPPED, 100 - CLIPPED]) if finite.size else (about - 1, about + 1)
    least = max(0.05 * max(about - low, high - about), LEAST)  # both sides of the middle are there
    norm = TwoSlopeNorm(about, min(low, about - least), max(high, about + least))
    diverged = averages.mask & computed
    flat(ax, cells, ds, y, diverged, CLASS_COLOURS["diverged"])
    mesh = draw_cells(ax, cells, ds, y, averages, cmap=look.cmap or BLUE_YELLOW, norm=norm)
    ax.set_ylabel(plane_label(ds, y))
    bar: Any = ax.figure.colorbar(mesh, ax=ax, extend="both", label=axis_label(ds[name], brief=True))
    bar.ax.axhline(about, color="black", linewidth=0.8)
    if critical:
        critical_lines(ax, ds, look, y)
    handles = [swatch(CLASS_COLOURS["diverged"], "diverged")] if diverged.any() else []
    return handles + ([] if computed.all() else [absent_swatch(ds)])


def coloured(
    ax: Axes,
    ds: xr.Dataset,
    look: Appearance,
    name: str,
    dims: tuple[str, str],
    label: str,
    least: float = -np.inf,
    less: str = "",
) -> list[Any]:
    """Draw the variable's mean over each cell on a scale of colours; returns entries of the legend.

    dims: on x and y. label: of the colour bar. least: what lies below it is no measurement, and is called `less` unless it
    diverged.
    """
    x, y = dims
    plane_axis(ax, ds, look, x)
    cells = grid_cells(ax, ds, x, y, look.scale)
    averages, computed, diverged = mean(cells, ds, x, y, name, least)
    if look.log and (averages < 0).any():
        raise DatasetError(f"log: {name} has values below 0; leave it out")
    norm, below, above = robust_scale(averages.compressed(), bool(look.log))
    diverged &= averages.mask
    rest = averages.mask & computed & ~diverged
    handles = without_value(ax, cells, ds, y, diverged, rest, less or "no finite value")
    if look.log:
        averages = np.ma.maximum(averages, (norm.vmin or 1) / 2)  # 0 has no place on a log scale, but a colour
    mesh = draw_cells(ax, cells, ds, y, averages, cmap=look.cmap or SEQUENTIAL, norm=norm)
    ax.set_ylabel(plane_label(ds, y))
    tidy_bar(ax.figure.colorbar(mesh, ax=ax, extend=extend_of(below > 0, above > 0), label=label))
    if below + above:
        zeros = ", or 0" if look.log else ""
        note(ax, f"{BEYOND}{zeros}: {below + above:,} of {averages.count():,} cells")
    draw_edges(ax, ds, look, x, y)
    return handles + ([] if computed.all() else [absent_swatch(ds)])


def counted(
    ax: Axes,
    ds: xr.Dataset,
    look: Appearance,
    name: str,
    dims: tuple[str, str],
    label: str,
    span: tuple[int, int],
    less: str = "no value",
) -> list[Any]:
    """Draw whole numbers, a colour each, the most frequent one of each cell; returns entries of the legend.

    dims: on x and y. label: of the colour bar. span: the first and last number. less: what a negative one means, unless
    the point diverged.
    """
    (x, y), (low, high) = dims, span
    plane_axis(ax, ds, look, x)
    cells = grid_cells(ax, ds, x, y, look.scale)
    lost, none = high - low + 1, high - low + 2

    def code(block: xr.Dataset) -> np.ndarray:
        number, fate = block[name].values.astype(np.int64), block["fate"].values
        coded = np.where(number >= 0, number - low, np.where(fate == DIVERGED, lost, none))
        return np.where(fate == NOT_COMPUTED, -1, coded)

    single = ds.isel({dim: 0 for dim in ds[name].dims if dim not in ds["fate"].dims})
    codes = most_frequent(cells, single, x, y, (name, "fate"), code, none + 1)
    diverged, rest = ((codes == one).filled(False) for one in (lost, none))
    handles = without_value(ax, cells, ds, y, diverged, rest, less)
    numbers = np.ma.masked_where(diverged | rest, codes + low)
    mesh = draw_cells(ax, cells, ds, y, numbers, **whole_numbers(low, high, look.cmap or SEQUENTIAL))
    ax.set_ylabel(plane_label(ds, y))
    ax.figure.colorbar(mesh, ax=ax, label=label, ticks=MaxNLocator(MOST_NUMBERS, integer=True))
    draw_edges(ax, ds, look, x, y)
    return handles + ([absent_swatch(ds)] if codes.mask.any() else [])


def without_value(
    ax: Axes, cells: tuple[Cells, Cells], ds: xr.Dataset, y: str, diverged: np.ndarray, rest: np.ndarray, what: str
) -> list[Any]:
    """Fill the cells that diverged, and the others without a value, which are called `what`; returns entries of the legend."""
    handles = []
    for where, colour, meaning in ((diverged, CLASS_COLOURS["diverged"], "diverged"), (rest, NO_VALUE, what)):
        if where.any():
            flat(ax, cells, ds, y, where, colour)
            handles.append(swatch(colour, meaning))
    return handles


def flat(ax: Axes, cells: tuple[Cells, Cells], ds: xr.Dataset, y: str, where: np.ndarray, colour: str) -> None:
    """Fill some cells with one colour."""
    draw_cells(ax, cells, ds, y, np.ma.masked_array(np.ones(where.shape), ~where), cmap=ListedColormap([colour]))


def draw_edges(ax: Axes, ds: xr.Dataset, look: Appearance, x: str, y: str) -> None:
    """Draw 2/S_i over a plane that has the learning rate on one of its axes."""
    if x == "eta":
        critical_lines(ax, ds, look, y)
    elif y == "eta":
        level_lines(ax, ds, look, x)
