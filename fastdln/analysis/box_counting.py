"""Boundaries of classes, and their dimension by counting boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from scipy.stats import linregress, t

from fastdln.analysis.codes import NOT_COMPUTED
from fastdln.analysis.inherited import known_by
from fastdln.analysis.planes import Planes, bands, even_planes, planes
from fastdln.errors import DatasetError

# Boxes of a set that are smaller show the cells that it is made of; larger ones, parts of the shorter axis, where it ends.
SMALLEST_OF_SET, LARGEST_PART = 4, 8
# A line through fewer points has no interval to speak of.
FEWEST_SIZES = 3
# Boxes of 1, 2 and 3 cells are counted on such an axis.
SMALLEST_AXIS = 3 * LARGEST_PART
# Sizes of boxes up to this are counted band by band; further ones are this times 2^k.
BASE = 3 * 2**8
SIZES = sorted({s for k in range(25) for s in (2**k, 3 * 2**k) if BASE % s == 0} | {BASE * 2**k for k in range(20)})
CONFIDENCE = 0.95
# Cells along each axis of what is computed at once of a boundary.
CHUNK = 2048


class Fit(NamedTuple):
    """A slope in a log-log plot, and its interval."""

    slope: float
    low: float
    high: float
    intercept: float


def fitted(x: np.ndarray, y: np.ndarray) -> Fit:
    """The line through log y against log x, by least squares; NaN where fewer than three values are above 0.

    The interval is as wide as residuals that are independent make it, or reaches as far as the slope of any half of the values in a
    row, whichever is wider: counts of neighbouring sizes are not independent, and slopes drift.
    """
    used = (x > 0) & (y > 0)
    count = int(np.count_nonzero(used))
    if count < FEWEST_SIZES:
        return Fit(np.nan, np.nan, np.nan, np.nan)
    order = np.argsort(x[used])
    along, across = np.log(x[used])[order], np.log(y[used])[order]
    line = linregress(along, across)
    part = count // 2 + 1
    of_parts = [linregress(along[k : k + part], across[k : k + part]).slope for k in range(count - part + 1)]
    reach = max(t.ppf(0.5 + CONFIDENCE / 2, count - 2) * line.stderr, *(abs(slope - line.slope) for slope in of_parts))
    return Fit(line.slope, line.slope - reach, line.slope + reach, line.intercept)


def boundary(
    ds: xr.Dataset,
    of: str = "fate",
    *,
    group: str | Iterable[str] | None = None,
    dims: Iterable[str] = ("alpha", "eta"),
) -> xr.DataArray:
    """Cells with a neighbour of another class.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it.
    of : str, default: "fate"
        A variable of codes, such as `fate` or `period`.
    group : str or iterable of str, optional
        Names of classes that count as one, against all others as another: "diverged" for the boundary of divergence.
    dims : iterable of str, default: ("alpha", "eta")
        The two axes along which cells are neighbours.

    Returns
    -------
    xarray.DataArray
        Booleans, shaped as the variable; of a dataset opened lazily computed when they are needed.

    Raises
    ------
    DatasetError
        If there is no such variable, class or axis, or the variable has no codes.

    Notes
    -----
    Neighbours are the four cells beside a cell. Cells that are not computed are neighbours of none; nor are those of a level
    that inherited other variables only.

    References
    ----------
    docs/theory.md, G.
    """
    found = planes(ds, of, group, dims)
    array = found.array
    if array.chunks is not None:  # small chunks of a store would be a great many tasks
        array = array.chunk(dict.fromkeys(found.dims, CHUNK))
    codes = array.isin(list(found.group)) if found.group is not None else array
    computed = xr.ones_like(array, dtype=bool)
    for code, name in found.flags.items():
        if name == NOT_COMPUTED:
            computed = array != code
    for known, _ in known_by(found.data, of):
        chunks = {dim: CHUNK for dim in found.dims if dim in known.dims}
        computed = computed & (known if array.chunks is None else known.chunk(chunks))
    mixed = xr.zeros_like(array, dtype=bool)
    for dim in found.dims:
        for by in (1, -1):
            other = codes.shift({dim: by}, fill_value=codes.dtype.type(0))
            there = computed.shift({dim: by}, fill_value=False)
            mixed = mixed | ((codes != other) & there & computed)
    mixed.attrs = {"long_name": f"whether a neighbour has another {of}"}
    return mixed.transpose(*ds[of].dims).rename("boundary")


def box_counting_dimension(
    ds: xr.Dataset,
    of: str = "fate",
    *,
    group: str | Iterable[str] | None = None,
    dims: Iterable[str] = ("alpha", "eta"),
    sizes: Iterable[int] | None = None,
) -> xr.Dataset:
    """Box-counting dimension of the boundary of classes, or of a set.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it.
    of : str, default: "fate"
        A variable of codes, whose boundary is measured, or of booleans: the set of the cells that are true.
    group : str or iterable of str, optional
        Names of classes that count as one, against all others as another.
    dims : iterable of str, default: ("alpha", "eta")
        The two axes of the plane; an axis of one value counts as none.
    sizes : iterable of int, optional
        Sides of the boxes, in cells: 2^k or 3 2^k, beyond 768 that times 2^k. By default all of these from 1, of a set from 4, to
        an eighth of the shorter axis.

    Returns
    -------
    xarray.Dataset
        Along the other dimensions of the variable `dimension`, its interval `dimension_low` and `dimension_high`,
        `intercept` of the line, and `boxes`, the number of boxes of each `size`, a mean over those that begin at each of the
        plane's corners.

    Raises
    ------
    DatasetError
        If there is no such variable, class or axis, an axis is not in even steps or ratios, a size is none of these, or points
        are not computed or inherited other variables only.

    Notes
    -----
    N(e) is the number of boxes of side e that hold points of more than one class; the dimension is the slope of log N
    against log 1/e. A box reaches from a point to the e-th after it, both included, so that no border lies between boxes. Of a
    set the boxes that it touches and those that it fills are counted, half each: the rim of a set with an interior would tilt
    the line otherwise. Boxes are measured in cells of the grid: along an axis with log spacing, in its logarithm.
    The interval is the wider of two: that of the slope for residuals that are independent, at 95 %, and one that reaches as far
    as the slope of any half of the sizes in a row. The first alone is too narrow, since each box is made of smaller ones: for
    90 smooth ellipses on 1,024 x 1,024 cells it held 1 in 58 cases, the wider one in 85. On coarser grids it holds less often (512 x
    512: 25 of 30). How far a finer grid would go on like it is not known from this one.

    References
    ----------
    docs/theory.md, G; arXiv 2402.06184.
    """
    found = even_planes(ds, of, group, dims)
    sides = box_sizes(found, sizes)
    values = []
    for _, plane in found.each():
        counts = count_boxes(found, plane, sides)
        line = fitted(1.0 / np.array(sides, float), counts)
        values.append(
            {
                "dimension": line.slope,
                "dimension_low": line.low,
                "dimension_high": line.high,
                "intercept": line.intercept,
                "boxes": counts,
            }
        )
    names: dict[str, tuple[str, ...]] = dict.fromkeys(("dimension", "dimension_low", "dimension_high", "intercept"), ())
    result = found.result({**names, "boxes": ("size",)}, values).assign_coords(size=list(sides))
    result["size"].attrs = {"long_name": "side of a box", "units": "cells"}
    result["boxes"].attrs = {
        "long_name": "boxes that hold " + ("a point of the set" if found.is_set else "several classes")
    }
    result["dimension"].attrs = {"long_name": "box-counting dimension"}
    return result


def box_sizes(found: Planes, sizes: Iterable[int] | None) -> list[int]:
    """The sides of boxes, smallest first; DatasetError where they are none, or too few."""
    shortest = min(size for size in found.shape if size > 1)
    if sizes is None:
        smallest = SMALLEST_OF_SET if found.is_set else 1
        chosen = [size for size in SIZES if smallest <= size <= shortest // LARGEST_PART]
        if len(chosen) < FEWEST_SIZES:
            raise DatasetError(
                f"dims: an axis has {shortest} values; boxes of {FEWEST_SIZES} sizes need {LARGEST_PART * 8 if found.is_set else SMALLEST_AXIS} or more, or give sizes"
            )
        return chosen
    if not isinstance(sizes, list | tuple | range | np.ndarray) or np.ndim(sizes) != 1:
        raise DatasetError(f"sizes: must be a list of whole numbers (got {sizes!r})")
    given: list[Any] = list(sizes)
    for size in given:
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size not in SIZES or size >= shortest:
            raise DatasetError(
                f"sizes: must be 2^k or 3 2^k, beyond {BASE} that times 2^k, and less than {shortest} (got {size!r})"
            )
    if len(set(given)) < FEWEST_SIZES:
        raise DatasetError(f"sizes: must be {FEWEST_SIZES} or more different ones (got {len(set(given))})")
    return sorted({int(size) for size in given})


def count_boxes(found: Planes, plane: xr.Dataset, sizes: Sequence[int]) -> np.ndarray:
    """How many boxes of each side hold points of several classes, or of the set, on average over the corners where they begin."""
    counts = np.zeros(len(sizes))
    for backwards in (False, True):
        coarse: list[list[np.ndarray]] = []
        for _, own, values in bands(found, plane, BASE, after=0 if found.is_set else 1, backwards=backwards):
            if not found.is_set and len(values) == 1 < found.shape[0]:
                continue  # the last row alone has no squares
            hit = values if found.is_set else mixed_squares(values)[:own]
            ways = [way for one in (hit, hit[:, ::-1]) for way in ([one, ~one] if found.is_set else [one])]
            coarse.append([])
            for number, way in enumerate(ways):
                levels = reduced(way, [*(size for size in sizes if size <= BASE), BASE])
                coarse[-1].append(levels[BASE])
                add(counts, sizes, levels, filled=found.is_set and number % 2 == 1)
        for number, parts in enumerate(zip(*coarse, strict=True)):
            further = {BASE: np.concatenate(parts)}
            for size in (size for size in SIZES if BASE < size <= sizes[-1]):
                further[size] = joined(further[size // 2], 2)
            del further[BASE]
            add(counts, sizes, further, filled=found.is_set and number % 2 == 1)
    return counts / (8 if found.is_set else 4)


def add(counts: np.ndarray, sizes: Sequence[int], levels: dict[int, np.ndarray], filled: bool) -> None:
    """Adds the boxes of each side that have a hit or, of what a set leaves out, those without one."""
    for k, size in enumerate(sizes):
        if size in levels:
            hits = np.count_nonzero(levels[size])
            counts[k] += levels[size].size - hits if filled else hits


def mixed_squares(codes: np.ndarray) -> np.ndarray:
    """Whether the points at the corners of each square of the grid are of several classes; along a single row, of each step."""
    along: np.ndarray = codes[:, :-1] != codes[:, 1:]
    if len(codes) == 1:
        return along
    across = codes[:-1] != codes[1:]
    found: np.ndarray = along[:-1] | along[1:] | across[:, :-1] | across[:, 1:]
    return found


def reduced(hit: np.ndarray, sizes: Sequence[int]) -> dict[int, np.ndarray]:
    """Which boxes of each side hold a hit, each size from one that divides it; those beyond the largest asked for are left out."""
    levels = {1: hit}
    for size in (size for size in SIZES if size <= BASE):
        if size in levels:
            continue
        part = next(factor for factor in (2, 3) if size % factor == 0 and size // factor in levels)
        levels[size] = joined(levels[size // part], part)
    return levels


def joined(hit: np.ndarray, factor: int) -> np.ndarray:
    """Boxes `factor` times as large along each axis of more than one value; those at the ends are smaller."""
    for axis in (0, 1):
        if hit.shape[axis] > 1:
            pad = -hit.shape[axis] % factor
            padded = np.pad(hit, [(0, pad if k == axis else 0) for k in (0, 1)]) if pad else hit
            parts = [padded[k::factor] if axis == 0 else padded[:, k::factor] for k in range(factor)]
            hit = np.logical_or.reduce(parts)
    return hit
