"""Points of a grid as cells of a picture, each cell from all of its points, read block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from fastdln.analysis.blockwise import blocks
from fastdln.observables.fate import DIVERGED, NOT_COMPUTED
from fastdln.plots.colours import HATCHED
from fastdln.plots.selection import INTEGER_AXES

# Cells an inch at most: a cell narrower than a pixel of the picture, 200 an inch, would be lost.
CELLS_AN_INCH = 150

# Values of an axis up to which each has a tick of its own.
MOST_TICKS = 12

# A log axis is told by its ratios; linspace values never come this close to even ones.
EVEN = 1e-6

Values = Callable[[xr.Dataset], np.ndarray]
Measure = Callable[[xr.Dataset], Iterable[np.ndarray]]


class Cells:
    """The cells of a picture, at most `most`, into which the values along an axis fall."""

    def __init__(self, values: np.ndarray, most: int) -> None:
        self.n, self.count = len(values), min(len(values), most)
        self.log = is_log(values)
        borders = cell_borders(values, self.log)
        starts = -(-np.arange(self.count + 1) * self.n // self.count)
        self.borders = borders[starts]

    def of(self, part: slice) -> np.ndarray:
        """Give the cells of the values of a slice."""
        return np.arange(part.start, part.stop) * self.count // self.n


def is_log(values: np.ndarray) -> bool:
    """Whether rising values have even ratios and not even steps; or neither, and span more than a decade."""
    if len(values) < 3 or values[0] <= 0:
        return False
    steps, ratios = np.diff(values), np.diff(np.log(values))
    if np.ptp(steps) <= EVEN * steps.max():
        return False
    return bool(np.ptp(ratios) <= EVEN * ratios.max()) or values[-1] > 10 * values[0]


def cell_borders(values: np.ndarray, log: bool) -> np.ndarray:
    """Borders of cells about rising values, halfway between them on the axis' scale."""
    values = np.log(values) if log else values.astype(float)
    if len(values) == 1:
        half = abs(values) / 2 if values[0] else np.array([0.5])
        out = np.concatenate([values - half, values + half])
    else:
        middle = (values[1:] + values[:-1]) / 2
        out = np.concatenate([[2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]])
    return np.exp(out) if log else out


def size_in_inches(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes."""
    extent, dpi = ax.get_window_extent(), ax.figure.dpi
    return max(extent.width / dpi, 0.1), max(extent.height / dpi, 0.1)


def grid_cells(ax: Axes, ds: xr.Dataset, x: str, y: str, scale: float = 1.0) -> tuple[Cells, Cells]:
    """Columns and rows of a picture of x, times the scale, and y, no more than its size has room for."""
    width, height = size_in_inches(ax)
    return Cells(scale * ds[x].values, int(width * CELLS_AN_INCH)), Cells(ds[y].values, int(height * CELLS_AN_INCH))


def most_frequent(
    cells: tuple[Cells, Cells], ds: xr.Dataset, x: str, y: str, names: tuple[str, ...], code: Values, codes: int
) -> np.ma.MaskedArray:
    """Find the most frequent code of the points of each cell, (row, column); masked where there is none.

    code: of a loaded block, shaped (y, x); negative ones do not count. The lowest of equally frequent ones is taken.
    """
    columns, rows = cells
    counts = np.zeros((rows.count, columns.count, codes), dtype=np.int32)
    for part, block in blocks(over_plane(ds, names, x, y), (y, x)):
        coded = code(block)
        row, column = rows.of(part[y]), columns.of(part[x])
        band = counts[row[0] : row[-1] + 1]
        flat = ((row - row[0])[:, None] * columns.count + column) * codes + coded
        band += np.bincount(flat[coded >= 0], minlength=band.size).reshape(band.shape).astype(np.int32)
    return np.ma.masked_array(counts.argmax(axis=-1), mask=counts.sum(axis=-1) == 0)


def means(
    cells: tuple[Cells, Cells], ds: xr.Dataset, x: str, y: str, names: tuple[str, ...], measure: Measure, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Average `count` quantities over the points of each cell, (quantity, row, column); 0 where there are none.

    measure: gives the quantities of a loaded block one after the other, each shaped (y, x); what is not finite does not
    count. The second array is of how many points each average is.
    """
    columns, rows = cells
    total, known = np.zeros((2, count, rows.count, columns.count))
    for part, block in blocks(over_plane(ds, names, x, y), (y, x)):
        row, column = rows.of(part[y]), columns.of(part[x])
        band = slice(row[0], row[-1] + 1)
        cell = (row - row[0])[:, None] * columns.count + column
        shape = total[0, band].shape
        for k, measured in enumerate(measure(block)):
            finite = np.isfinite(measured)
            inside, size = cell[finite], shape[0] * shape[1]
            total[k, band] += np.bincount(inside, measured[finite], minlength=size).reshape(shape)
            known[k, band] += np.bincount(inside, minlength=size).reshape(shape)
    return total / np.maximum(known, 1), known


def mean(
    cells: tuple[Cells, Cells], ds: xr.Dataset, x: str, y: str, name: str, least: float = -np.inf
) -> tuple[np.ma.MaskedArray, np.ndarray, np.ndarray]:
    """Average a variable over the finite points of each cell, (row, column), masked where there is none.

    least: a point below it does not count. The second and third array say whether any point of the cell is computed, and
    whether any diverged.
    """

    def measure(block: xr.Dataset) -> Iterator[np.ndarray]:
        fate, measured = block["fate"].values, block[name].values
        yield np.where((fate != NOT_COMPUTED) & (measured >= least), measured, np.nan)
        yield np.where(fate != NOT_COMPUTED, 1.0, np.nan)
        yield np.where(fate == DIVERGED, 1.0, np.nan)

    single = ds.isel({dim: 0 for dim in ds[name].dims if dim not in ds["fate"].dims})
    averages, known = means(cells, single, x, y, (name, "fate"), measure, 3)
    return np.ma.masked_array(averages[0], mask=known[0] == 0), known[1] > 0, known[2] > 0


def span(ds: xr.Dataset, name: str) -> tuple[int, int]:
    """Find the smallest and the largest of a variable's whole numbers from 0 on, over what is computed; 0, 0 if none."""
    low, high = np.iinfo(np.int64).max, -1
    for _, block in blocks(ds[[name, "fate"]], map(str, ds["fate"].dims)):
        computed = block[name].where(block["fate"] != NOT_COMPUTED, -1)
        valid = computed.values[computed.values >= 0]
        if valid.size:
            low, high = min(low, int(valid.min())), max(high, int(valid.max()))
    return (low, high) if high >= 0 else (0, 0)


def over_plane(ds: xr.Dataset, names: tuple[str, ...], x: str, y: str) -> xr.Dataset:
    """Transpose the variables to (y, x), their own dimensions last; every other one of the grid is down to one value."""
    single = [dim for dim in ds["fate"].dims if dim not in (x, y)]
    return ds[list(names)].isel(dict.fromkeys(single, 0)).transpose(y, x, ...)


def draw_cells(
    ax: Axes, cells: tuple[Cells, Cells], ds: xr.Dataset, y: str, values: np.ma.MaskedArray, **style: Any
) -> Any:
    """Draw the cells on the axes' scales, over hatching where there are none."""
    columns, rows = cells
    ax.patch.set(**HATCHED)
    mesh = ax.pcolormesh(columns.borders, rows.borders, values, rasterized=True, **style)
    ax.set_yscale("log" if rows.log else "linear")
    ax.set(xlim=columns.borders[[0, -1]], ylim=rows.borders[[0, -1]])
    if len(ds[y]) <= MOST_TICKS:
        ax.set_yticks(ds[y].values, [f"{value:.6g}" for value in ds[y].values], minor=False)
        ax.minorticks_off()
    elif y in INTEGER_AXES:
        ax.yaxis.set_major_locator(MaxNLocator(MOST_TICKS, integer=True))
    return mesh
