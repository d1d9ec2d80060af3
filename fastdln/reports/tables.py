"""Datasets as tables: a row a grid point, or a grid point and a mode, and so on; in pieces that fit into memory."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.indexes import PandasMultiIndex

from fastdln.analysis.blockwise import blocks
from fastdln.analysis.codes import fate_flags, flags_of, named
from fastdln.analysis.dataset import mode_numbers, sweep_of

# Rows of a piece: some MB a column, and a good size for a row group of Parquet.
ROWS = 2**17

# The fates' names stand beside their codes.
FATE, FATE_NAME = "fate", "fate_name"

# Columns by their names.
Piece = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Table:
    """Variables whose rows are the same: `dims` are all that a row stands for, `own` those beyond the grid's."""

    dims: tuple[str, ...]
    own: tuple[str, ...]
    variables: tuple[str, ...]


def tables(ds: xr.Dataset, names: Iterable[str]) -> list[Table]:
    """The tables that hold these variables, the one of grid points first; the fate is in each of them."""
    grid = grid_dims(ds)
    asked = list(names)
    by_own: dict[tuple[str, ...], list[str]] = {}
    for name in asked:
        if name != FATE:
            by_own.setdefault(tuple(str(dim) for dim in ds[name].dims if dim not in grid), []).append(name)
    fate = [FATE] if FATE in asked else []
    found = by_own or {(): []}
    if fate and len(found) > 1:
        found.setdefault((), [])
    return [Table((*grid, *own), own, (*fate, *found[own])) for own in sorted(found, key=lambda own: (len(own), own))]


def grid_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """The dimensions of the sweep's grid that the dataset still has, in its order."""
    axes = sweep_of(ds)["axes"]
    return tuple(str(dim) for dim in ds.dims if dim in axes)


def flat(ds: xr.Dataset) -> xr.Dataset:
    """The dataset without the indices of several levels that `stack` makes, which no file has; the levels stay coordinates."""
    stacked = [dim for dim, index in ds.xindexes.items() if isinstance(index, PandasMultiIndex) and dim in ds.dims]
    return ds.reset_index(stacked)


def numbered(ds: xr.Dataset) -> xr.Dataset:
    """The dataset with a number for each mode, also of stores of earlier versions."""
    if "mode" in ds.dims and "mode" not in ds.coords and "singular_value" in ds.coords:
        return ds.assign_coords(mode=("mode", mode_numbers(ds, ds, sweep_of(ds))))
    return ds


def pieces(ds: xr.Dataset, table: Table) -> Iterator[Piece]:
    """A table's columns, coordinates first, in pieces of so many rows; a block of the dataset is read at a time.

    Within a block the last dimension is the fastest.
    """
    chosen, grid = ds[list(table.variables)], [dim for dim in table.dims if dim not in table.own]
    flags = flags_of(ds[FATE].attrs) if FATE in ds and "flag_values" in ds[FATE].attrs else fate_flags()
    for slices, block in blocks(chosen, grid):
        places = {dim: slices.get(dim, slice(0, ds.sizes[dim])) for dim in table.dims}
        shape = tuple(part.stop - part.start for part in places.values())
        columns = {
            **coordinate_columns(ds, table, places),
            **{name: block[name] for name in table.variables},
        }
        for start in range(0, math.prod(shape), ROWS):
            rows = np.arange(start, min(start + ROWS, math.prod(shape)))
            at = dict(zip(table.dims, np.unravel_index(rows, shape), strict=True)) if shape else {}
            piece = {name: taken(column, at, len(rows)) for name, column in columns.items()}
            yield with_fate_names(piece, flags)


def taken(column: xr.DataArray, at: dict[str, NDArray[np.intp]], rows: int) -> NDArray[Any]:
    """A column's values at the rows' indices; a single value is repeated."""
    values: NDArray[Any] = np.broadcast_to(column.values[tuple(at[str(dim)] for dim in column.dims)], rows)
    return values


def coordinate_columns(ds: xr.Dataset, table: Table, places: dict[str, slice]) -> dict[str, xr.DataArray]:
    """The coordinates of a block: those of its dimensions, then others along them; dimensions without are counted from 0."""
    dims = {
        dim: ds[dim][part].variable if dim in ds.coords else xr.Variable(dim, np.arange(part.start, part.stop))
        for dim, part in places.items()
    }
    others = {
        str(name): array.variable.isel({dim: part for dim, part in places.items() if dim in array.dims})
        for name, array in ds.coords.items()
        if name not in dims and set(array.dims) <= set(table.dims)
    }
    return {name: xr.DataArray(variable) for name, variable in itertools.chain(dims.items(), others.items())}


def with_fate_names(piece: Piece, flags: dict[int, str]) -> Piece:
    """The columns, with the fates' names after their codes."""
    found: Piece = {}
    for name, column in piece.items():
        found[name] = column
        if name == FATE:
            codes = np.nan_to_num(column).astype(np.int64) if column.dtype.kind == "f" else column
            found[FATE_NAME] = named(FATE, codes, flags)
    return found
