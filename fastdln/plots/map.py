"""A map of any variable over any two axes of the grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from textwrap import fill
from typing import Any, Unpack

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, to_hex
from matplotlib.lines import Line2D

from fastdln.analysis.dataset import absent_axes, text_of
from fastdln.errors import DatasetError
from fastdln.observables.fate import NOT_COMPUTED
from fastdln.plots.appearance import Appearance, Options
from fastdln.plots.axes import plane_axis, plane_label
from fastdln.plots.colours import CLASS_COLOURS
from fastdln.plots.heatmap import coloured, counted, draw_edges
from fastdln.plots.labels import absent_swatch, axis_label, swatch
from fastdln.plots.plot import Plot, View
from fastdln.plots.rasterize import draw_cells, grid_cells, most_frequent, span
from fastdln.plots.shown import plane_dims, plane_or_strip_dims
from fastdln.sweep.axes import NAMED
from fastdln.text import suggestion

# Finds the index of what each value means, -1 for nothing.
Code = Callable[[np.ndarray], np.ndarray]

# Whole numbers of which each has a colour of its own.
MOST_NUMBERS = 24

# Characters of a line above what a legend names, which stands beside the picture then.
LONGEST_HEADING = 24

# Codes that a legend can name.
MOST_CODES = 15

# The classes of one mode's period, in the colours of the phase diagram.
PERIODS = {
    "period 1": CLASS_COLOURS["converged"],
    **{
        name: CLASS_COLOURS[name]
        for name in ("period 2", "period 4", "period 8", "period 16, 32, ...", "other periods")
    },
    "no period": CLASS_COLOURS["aperiodic"],
    "diverged": CLASS_COLOURS["diverged"],
}

# Along these the last value is drawn where none is chosen, along others the first.
LAST = ("sample", "step")


def map(ds: xr.Dataset, ax: Axes | None = None, **options: Unpack[Options]) -> Axes:
    """Any variable over any two axes of the grid.

    Floats have a scale of colours, which strays do not stretch; codes, periods and up to 24 whole numbers a colour each. A picture
    that is finer than the screen shows the mean of each cell's points, of codes and whole numbers the most frequent one.
    Along samples and steps the last is drawn unless one is chosen, along layers and eigenvalues the first.

    Parameters
    ----------
    ds : xarray.Dataset
        With the variable (..., y, x).
    ax : matplotlib.axes.Axes, optional
        Where to draw; if left out, on a figure of its own, 7 by 4.4 inches.
    **options : Options
        The variable, x and y ("eta" and the first other axis of more than one value, if left out), log, values of other
        dimensions, a mode, layer, sample, eigenvalue or step by its number, and how it looks.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    DatasetError
        If ds lacks the variable, ax is no Axes, or a choice names no dimension or none of its values.

    Notes
    -----
    Thin lines: 2/S_i of each mode, S_i = L s_i^(2 - 2/L), where eta is on an axis. The scale has all values but for those
    that are further than half of the range of the middle 99 % away from it.

    References
    ----------
    docs/theory.md, B.

    Examples
    --------
    >>> ax = fastdln.plots.map(ds, variable="loss", x="eta", y="alpha", log=True)  # doctest: +SKIP
    """
    return PLOT(ds, ax, options)


def mappable(ds: xr.Dataset) -> list[str]:
    """List the variables of a dataset that a map can show: numbers at each point of the grid."""
    grid = set(ds["fate"].dims)
    names = (str(name) for name, array in ds.data_vars.items() if grid <= set(array.dims) and array.dtype.kind in "iuf")
    return sorted(names)


def views_of(ds: xr.Dataset, look: Appearance) -> tuple[View, ...]:
    """Give the view of the variable that is asked for, over the axes that are asked for."""
    valid = mappable(ds)
    if look.variable is None:
        raise DatasetError(f"variable: map needs the name of one; this dataset has {', '.join(valid)}")
    if look.variable not in valid:
        hint = suggestion(look.variable, valid)
        raise DatasetError(f"variable: must be one of {', '.join(valid)} (got {look.variable!r}){hint}")
    grid = [str(dim) for dim in ds["fate"].dims if dim not in (*NAMED, *absent_axes(ds))]  # names lie in no order
    x = look.x and look.x.removesuffix(" S")
    for name, value in (("x", x), ("y", look.y)):
        if value is not None and value not in grid:
            raise DatasetError(f"{name}: must be one of {', '.join(grid)} (got {getattr(look, name)!r})")
    if x is not None and x == look.y:
        raise DatasetError(f"y: must be another axis than x, which is {x}")
    own = [str(dim) for dim in ds[look.variable].dims if dim not in (*grid, "mode")]
    shown = View(
        paint,
        needs=(look.variable, "fate"),
        shows=lambda selected: dims_of(selected, look),
        x=x or "eta",
        measured="" if categories_of(ds[look.variable]) else "colour",
        takes=TAKES,
        chooses=tuple(own),
    )
    return (shown,)


def dims_of(ds: xr.Dataset, look: Appearance) -> tuple[str, str]:
    """Choose the dimensions on x and y: those that are asked for, else the learning rate and the first other that varies."""
    other = plane_or_strip_dims(ds)[1]
    x = look.x.removesuffix(" S") if look.x else other if look.y == "eta" else "eta"
    return x, look.y or (other if x == "eta" else "eta")


def paint(ax: Axes, ds: xr.Dataset, look: Appearance) -> list[Any]:
    """Draw the variable by the kind of its values."""
    name, dims = str(look.variable), dims_of(ds, look)
    at = {
        dim: ds.sizes[dim] - 1 if dim in LAST else 0 for dim in ds[name].dims if dim not in (*ds["fate"].dims, "mode")
    }
    said = ", ".join(f"{dim} {ds[dim].values[index]}" for dim, index in at.items() if ds.sizes[dim] > 1)
    label = axis_label(ds[name]) + (f"\n({said})" if said else "")
    ds = ds.assign({name: ds[name].isel(at)})
    array = ds[name]
    if known := categories_of(array):
        return draw_categories(ax, ds, look, name, dims, *known)
    if array.dtype.kind == "f":
        return coloured(ax, ds, look, name, dims, label)
    units = text_of(array.attrs, "units", "1")
    less = "never" if units == "steps" or "never" in text_of(array.attrs, "comment") else "no value"
    low, high = span(ds.isel({dim: 0 for dim in array.dims if dim not in ds["fate"].dims}), name)
    if high - low < MOST_NUMBERS and units == "1" and not look.log:
        return counted(ax, ds, look, name, dims, label, (low, high), less)
    return coloured(ax, ds, look, name, dims, label, least=0, less=less)


def categories_of(array: xr.DataArray) -> tuple[Code, dict[str, str]] | None:
    """Give what finds the index of what a value means, and the colour of each meaning; None where values are numbers."""
    if array.name == "period":
        return period_classes, PERIODS
    numbers, meanings = np.atleast_1d(array.attrs.get("flag_values", [])), text_of(array.attrs, "flag_meanings").split()
    if 0 < len(numbers) <= MOST_CODES and len(numbers) == len(meanings):
        return codes_of(numbers), flag_colours(meanings)
    return None


def draw_categories(
    ax: Axes,
    ds: xr.Dataset,
    look: Appearance,
    name: str,
    dims: tuple[str, str],
    code: Code,
    colours: Mapping[str, str],
) -> list[Any]:
    """Draw values by what each means, a colour each, which the legend names.

    code: gives the index of what a value means, -1 for nothing. colours: of what values mean.
    """
    x, y = dims
    plane_axis(ax, ds, look, x)
    cells = grid_cells(ax, ds, x, y, look.scale)

    def computed(block: xr.Dataset) -> np.ndarray:
        return np.where(block["fate"].values == NOT_COMPUTED, -1, code(block[name].values))

    single = ds.isel({dim: 0 for dim in ds[name].dims if dim not in ds["fate"].dims})
    found = most_frequent(cells, single, x, y, (name, "fate"), computed, len(colours))
    norm = BoundaryNorm(np.arange(len(colours) + 1) - 0.5, len(colours))
    draw_cells(ax, cells, ds, y, found, cmap=ListedColormap(list(colours.values())), norm=norm)
    ax.set_ylabel(plane_label(ds, y))
    draw_edges(ax, ds, look, x, y)
    present = set(found.compressed().tolist())
    what: list[Any] = [Line2D([], [], alpha=0, label=fill(axis_label(ds[name]) + ":", LONGEST_HEADING))]
    handles = what + [swatch(colour, meaning) for k, (meaning, colour) in enumerate(colours.items()) if k in present]
    return handles + ([absent_swatch(ds)] if found.mask.any() else [])


def codes_of(numbers: np.ndarray) -> Code:
    """Give the function that finds the index of a code, -1 for what is none."""

    def code(values: np.ndarray) -> np.ndarray:
        found = values[..., None] == numbers
        return np.where(found.any(axis=-1), found.argmax(axis=-1), -1)

    return code


def flag_colours(meanings: list[str]) -> dict[str, str]:
    """Give each meaning its colour: that of the fate of this name, or one of cividis."""
    shades = colormaps["cividis"](np.linspace(0, 1, max(len(meanings), 2)))
    known = CLASS_COLOURS | {"periodic": CLASS_COLOURS["period 2"]}
    return {
        meaning.replace("_", " "): known.get(meaning, to_hex(shade))
        for meaning, shade in zip(meanings, shades, strict=False)
    }


def period_classes(period: np.ndarray) -> np.ndarray:
    """Find the index of each period in PERIODS."""
    out = np.full(period.shape, list(PERIODS).index("other periods"))
    power = (period > 0) & ((period & (period - 1)) == 0)
    out[power] = np.log2(np.clip(period[power], 1, 16)).astype(int)
    out[period == 0] = list(PERIODS).index("no period")
    out[period < 0] = list(PERIODS).index("diverged")
    return out


TAKES = frozenset({"variable", "y"})

PLOT = Plot(
    map,
    (View(paint, needs=("fate",), shows=plane_dims, measured="colour", takes=TAKES),),
    views_of=views_of,
)
