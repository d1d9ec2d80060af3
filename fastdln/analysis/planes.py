"""Planes of classes: a coded variable over two axes, read in bands of rows, so that one larger than memory can be measured."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from fastdln.analysis.codes import NOT_COMPUTED, flags_of
from fastdln.analysis.inherited import beside, known_by, unknown_by
from fastdln.errors import DatasetError
from fastdln.text import suggestion

# Cells of a band: a few arrays of booleans of it are in memory at once.
CELLS_PER_BAND = 2**25
# Steps of an axis count as even that differ by less than this part of one.
EVEN = 0.01


@dataclass(frozen=True, eq=False)
class Planes:
    """A variable's planes over two axes, one for each value of its other dimensions.

    array: the variable, with its plane's dimensions last, of which one of a single value counts as none. data: it, and what tells
    which of its points are known. is_set: whether its values are booleans, and so say which cells belong to a set; codes are
    classes, whose boundary is measured.
    """

    array: xr.DataArray
    data: xr.Dataset
    dims: tuple[str, ...]
    is_set: bool
    group: frozenset[int] | None
    flags: dict[int, str]

    @property
    def others(self) -> tuple[str, ...]:
        """Dimensions along which there are several planes."""
        return tuple(str(dim) for dim in self.array.dims if dim not in self.dims)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns; a single row where there is one axis only."""
        rows, columns = (self.array.sizes[dim] for dim in self.dims)
        return (rows, columns) if columns > 1 else (columns, rows)

    @property
    def directions(self) -> int:
        """How many of the two axes have more than one value."""
        return sum(size > 1 for size in self.shape)

    def each(self) -> Iterator[tuple[dict[str, int], xr.Dataset]]:
        """Each plane of the data, and where it is."""
        for index in itertools.product(*(range(self.array.sizes[dim]) for dim in self.others)):
            at = dict(zip(self.others, index, strict=True))
            yield at, self.data.isel(at)

    def rows(self, plane: xr.Dataset, first: int, last: int) -> np.ndarray:
        """Classes of some rows of a plane; DatasetError where a cell has none."""
        swapped = self.array.sizes[self.dims[1]] == 1
        part = plane if swapped else plane.isel({self.dims[0]: slice(first, last)})
        part = part.compute()  # all of it at once
        array = part[self.array.name].transpose(*self.dims)
        for known, why in known_by(part, str(array.name)):
            self.require(beside(array, known), why)
        values = (array.values.T if swapped else array.values)[: last - first]
        if self.is_set:
            return np.ascontiguousarray(values)
        for code, name in self.flags.items():
            if name == NOT_COMPUTED:
                self.require(values != code, "are not computed; run the sweep again first")
        if self.group is not None:
            return np.isin(values, list(self.group))
        return np.ascontiguousarray(values)

    def require(self, known: np.ndarray, why: str) -> None:
        """DatasetError where cells are not known."""
        if count := known.size - int(np.count_nonzero(known)):
            raise DatasetError(f"{self.array.name}: {count:,} points or more {why}")

    def result(self, variables: dict[str, tuple[str, ...]], values: list[dict[str, Any]]) -> xr.Dataset:
        """A dataset of what was measured of each plane: further dimensions by variable, values plane by plane."""
        shape = tuple(self.array.sizes[dim] for dim in self.others)
        coordinates = {dim: self.array[dim] for dim in self.others if dim in self.array.coords}
        data = {}
        for name, dims in variables.items():
            stacked = np.array([one[name] for one in values])
            data[name] = ((*self.others, *dims), stacked.reshape((*shape, *stacked.shape[1:])))
        return xr.Dataset(data, coordinates)


def planes(ds: xr.Dataset, of: str, group: str | Iterable[str] | None, dims: Iterable[str]) -> Planes:
    """The planes of a variable; DatasetError where it has none."""
    if not isinstance(ds, xr.Dataset):
        raise DatasetError(
            f"ds: must be an xarray.Dataset, as fastdln.run and fastdln.open return it (got {type(ds).__name__})"
        )
    if not isinstance(of, str) or of not in ds:
        raise DatasetError(
            f"of: the dataset has no {of!r}{suggestion(str(of), map(str, ds))}; it has {', '.join(map(str, ds))}"
        )
    array, axes = ds[of], tuple(names_of("dims", dims))
    if len(axes) != 2 or len(set(axes)) != 2:
        raise DatasetError(f"dims: must be the names of two axes, such as ('alpha', 'eta') (got {axes!r})")
    for dim in axes:
        if dim not in array.dims:
            raise DatasetError(
                f"dims: {of} does not lie along {dim!r}; it lies along {', '.join(map(str, array.dims))}"
            )
    if array.dtype.kind not in "iub":
        raise DatasetError(
            f"of: {of} has values of type {array.dtype}; give a variable of codes, such as fate, or of booleans"
        )
    if empty := [str(name) for name, size in array.sizes.items() if size == 0]:
        raise DatasetError(f"{', '.join(empty)}: {of} has no values there; select one or more")
    is_set = array.dtype.kind == "b"
    flags = {} if is_set or "flag_values" not in array.attrs else flags_of(array.attrs)
    array = array.transpose(..., *axes)
    data = ds[list(dict.fromkeys((of, *unknown_by(ds, of))))]
    found = Planes(array, data, axes, is_set, grouped(of, group, flags), flags)
    if not found.directions:
        raise DatasetError(f"dims: both {axes[0]} and {axes[1]} have a single value; a boundary needs more")
    return found


def even_planes(ds: xr.Dataset, of: str, group: str | Iterable[str] | None, dims: Iterable[str]) -> Planes:
    """The planes of a variable whose cells are all of one size; DatasetError where they are not."""
    found = planes(ds, of, group, dims)
    for dim in found.dims:
        if dim in found.array.coords and not is_even(found.array[dim].values):
            raise DatasetError(
                f"dims: {dim} is not in even steps or even ratios; lengths are measured in cells of one size"
            )
    return found


def is_even(values: np.ndarray) -> bool:
    """Whether the values of an axis are numbers in even steps, or in even ratios."""
    if values.dtype.kind not in "iuf":
        return False
    linear = values.astype(float)
    scales = [(linear, np.abs(linear).max()), *([(np.log(values), 1.0)] if (values > 0).all() else [])]
    for scaled, size in scales:
        rounding = 4 * np.finfo(float).eps * size  # of a logarithm: that of its value
        steps = np.diff(scaled)
        middle = np.median(steps) if len(steps) else 1.0
        if middle != 0 and (np.abs(steps - middle) <= EVEN * abs(middle) + rounding).all():
            return True
    return False


def names_of(argument: str, given: Any) -> list[str]:
    """A name, or several, as a list; DatasetError for anything else."""
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple | set | frozenset) or not all(isinstance(name, str) for name in names):
        raise DatasetError(f"{argument}: must be a name or a list of names (got {given!r})")
    return list(names)


def grouped(of: str, group: str | Iterable[str] | None, flags: dict[int, str]) -> frozenset[int] | None:
    """The codes of a group of classes that is told from all others."""
    if group is None:
        return None
    names = names_of("group", group)
    codes = {name: code for code, name in flags.items() if name != NOT_COMPUTED}
    if not names:
        raise DatasetError(f"group: give at least one class; valid: {', '.join(codes) or f'{of} has no names'}")
    for name in names:
        if name not in codes:
            raise DatasetError(
                f"group: {of} has no class {name!r}{suggestion(str(name), codes)}; it has {', '.join(codes) or 'no names'}"
            )
    return frozenset(codes[name] for name in names)


def bands(
    found: Planes, plane: xr.Dataset, multiple: int, before: int = 0, after: int = 0, backwards: bool = False
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Bands of a multiple of so many rows, but the last: (rows before the band's own, its own rows, values of all these).

    before, after: how many rows more a band has on either side, as far as there are any. backwards: from the last row to the first.
    """
    rows, columns = found.shape
    height = max(1, CELLS_PER_BAND // (columns * multiple)) * multiple
    for first in range(0, rows, height):
        last = min(first + height, rows)
        low, high = max(0, first - before), min(rows, last + after)
        values = found.rows(plane, rows - high, rows - low)[::-1] if backwards else found.rows(plane, low, high)
        yield first - low, last - first, values
