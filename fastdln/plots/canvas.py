"""Points of a grid as cells of a picture, each cell from all of its points, read piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from fastdln.analysis.blockwise import blocks

# Cells an inch at most: a cell narrower than a pixel of the picture, 200 an inch, would be lost.
CELLS_AN_INCH = 150

# A log axis is told by its ratios; linspace values never come this close to even ones.
EVEN = 1e-6

HATCHED: dict[str, Any] = {"facecolor": "#dddddd", "edgecolor": "#aaaaaa", "hatch": "////", "linewidth": 0}

Values = Callable[[xr.Dataset], np.ndarray]


class Cells:
    """How `n` values along an axis fall into at most `most` cells of a picture."""

    def __init__(self, values: np.ndarray, most: int) -> None:
        self.n, self.count = len(values), min(len(values), most)
        self.log = is_log(values)
        borders = edges(values, self.log)
        starts = -(-np.arange(self.count + 1) * self.n // self.count)
        self.borders = borders[starts]

    def of(self, part: slice) -> np.ndarray:
        """The cells of the values of a slice."""
        return np.arange(part.start, part.stop) * self.count // self.n


def is_log(values: np.ndarray) -> bool:
    """Whether rising values have even ratios and not even steps; or neither, and span more than a decade."""
    if len(values) < 3 or values[0] <= 0:
        return False
    steps, ratios = np.diff(values), np.diff(np.log(values))
    if np.ptp(steps) <= EVEN * steps.max():
        return False
    return bool(np.ptp(ratios) <= EVEN * ratios.max()) or values[-1] > 10 * values[0]


def edges(values: np.ndarray, log: bool) -> np.ndarray:
    """Borders of cells about rising values, halfway between them on the axis' scale."""
    values = np.log(values) if log else values.astype(float)
    if len(values) == 1:
        half = abs(values) / 2 if values[0] else np.array([0.5])
        out = np.concatenate([values - half, values + half])
    else:
        middle = (values[1:] + values[:-1]) / 2
        out = np.concatenate([[2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]])
    return np.exp(out) if log else out


def inches(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes."""
    extent, dpi = ax.get_window_extent(), ax.figure.dpi
    return max(extent.width / dpi, 0.1), max(extent.height / dpi, 0.1)


def grid_cells(ax: Axes, ds: xr.Dataset, x: str, y: str) -> tuple[Cells, Cells]:
    width, height = inches(ax)
    return Cells(ds[x].values, int(width * CELLS_AN_INCH)), Cells(ds[y].values, int(height * CELLS_AN_INCH))


def commonest(
    cells: tuple[Cells, Cells], ds: xr.Dataset, x: str, y: str, names: tuple[str, ...], code: Values, codes: int
) -> np.ma.MaskedArray:
    """The commonest code of the points of each cell, (row, column); masked where there is none.

    code: of a loaded piece, shaped (y, x); negative ones do not count. The lowest of equally common ones is taken.
    """
    columns, rows = cells
    counts = np.zeros((rows.count, columns.count, codes), dtype=np.int32)
    for part, piece in blocks(plane(ds, names, x, y), (y, x)):
        found = code(piece)
        row, column = rows.of(part[y]), columns.of(part[x])
        band = counts[row[0] : row[-1] + 1]
        flat = ((row - row[0])[:, None] * columns.count + column) * codes + found
        band += np.bincount(flat[found >= 0], minlength=band.size).reshape(band.shape).astype(np.int32)
    return np.ma.masked_array(counts.argmax(axis=-1), mask=counts.sum(axis=-1) == 0)


def mean(cells: tuple[Cells, Cells], ds: xr.Dataset, x: str, y: str, name: str) -> tuple[np.ma.MaskedArray, np.ndarray]:
    """The mean of a variable over the points of each cell, (row, column), masked where none is finite; and whether any point of
    the cell is computed."""
    columns, rows = cells
    total, count, known = np.zeros((3, rows.count, columns.count))
    single = ds.isel({dim: 0 for dim in ds[name].dims if dim not in ds["fate"].dims})
    for part, piece in blocks(plane(single, (name, "fate"), x, y), (y, x)):
        row, column = rows.of(part[y]), columns.of(part[x])
        band = slice(row[0], row[-1] + 1)
        cell = (row - row[0])[:, None] * columns.count + column
        shape, computed, found = total[band].shape, piece["fate"].values != 0, piece[name].values
        finite = computed & np.isfinite(found)
        size = shape[0] * shape[1]
        total[band] += np.bincount(cell[finite], found[finite], minlength=size).reshape(shape)
        count[band] += np.bincount(cell[finite], minlength=size).reshape(shape)
        known[band] += np.bincount(cell[computed], minlength=size).reshape(shape)
    return np.ma.masked_array(total / np.maximum(count, 1), mask=count == 0), known > 0


def plane(ds: xr.Dataset, names: tuple[str, ...], x: str, y: str) -> xr.Dataset:
    """The variables over (y, x), what they have beyond last; every other dimension of the grid is down to one value."""
    only = [dim for dim in ds["fate"].dims if dim not in (x, y)]
    return ds[list(names)].isel(dict.fromkeys(only, 0)).transpose(y, x, ...)


def paint(ax: Axes, cells: tuple[Cells, Cells], ds: xr.Dataset, y: str, values: np.ma.MaskedArray, **how: Any) -> Any:
    """The cells on the axes' scales, over hatching where there are none."""
    columns, rows = cells
    ax.patch.set(**HATCHED)
    mesh = ax.pcolormesh(columns.borders, rows.borders, values, rasterized=True, **how)
    ax.set_yscale("log" if rows.log else "linear")
    ax.set(xlim=columns.borders[[0, -1]], ylim=rows.borders[[0, -1]])
    if len(ds[y]) <= 12:
        ax.set_yticks(ds[y].values, [f"{value:.6g}" for value in ds[y].values], minor=False)
        ax.minorticks_off()
    return mesh


def swatch(colour: str, label: str) -> Rectangle:
    """What stands for a colour in a legend."""
    return Rectangle((0, 0), 0, 0, facecolor=colour, edgecolor="#666666", linewidth=0.6, label=label)


def hatched(label: str) -> Rectangle:
    """What stands for hatching in a legend."""
    return Rectangle((0, 0), 0, 0, label=label, **HATCHED)
