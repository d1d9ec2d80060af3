"""Basins of classes: their shares, their entropy, and how uncertain the class of a point is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray as xr
from scipy.ndimage import maximum_filter1d

from fastdln.analysis.box_counting import FEWEST_SIZES, fitted
from fastdln.analysis.box_counting import LARGEST_PART as LARGEST_BOX_PART
from fastdln.analysis.planes import Planes, bands, even_planes, planes
from fastdln.errors import DatasetError

# Distances beyond this part of the shorter axis see where the plane ends.
LARGEST_PART = 64
# What lies within the largest of the fewest distances is a square that may, as the largest box of a dimension, be an eighth as wide.
SHORTEST_AXIS = LARGEST_BOX_PART * (2 * 2 ** (FEWEST_SIZES - 1) + 1)
# Side of a box in cells, of which Daza et al. take 5.
BOX = 5
# Each cell beside another, once: along, across, and on both diagonals.
ALL, FIRST, LAST = slice(None), slice(None, -1), slice(1, None)
NEIGHBOURS = (
    ((ALL, FIRST), (ALL, LAST)),
    ((FIRST, ALL), (LAST, ALL)),
    ((FIRST, FIRST), (LAST, LAST)),
    ((FIRST, LAST), (LAST, FIRST)),
)


def uncertainty_exponent(
    ds: xr.Dataset,
    of: str = "fate",
    *,
    group: str | Iterable[str] | None = None,
    dims: Iterable[str] = ("alpha", "eta"),
) -> xr.Dataset:
    """Exponent with which the share of uncertain points falls with the distance.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it.
    of : str, default: "fate"
        A variable of codes or of booleans.
    group : str or iterable of str, optional
        Names of classes that count as one, against all others as another.
    dims : iterable of str, default: ("alpha", "eta")
        The two axes of the plane; an axis of one value counts as none.

    Returns
    -------
    xarray.Dataset
        Along the other dimensions of the variable `exponent`, its interval `exponent_low` and `exponent_high`, `intercept`,
        `boundary_dimension`, the number of axes minus the exponent, and `fraction` of uncertain points at each `distance`.

    Raises
    ------
    DatasetError
        If there is no such variable, class or axis, the axes are too short or not in even steps or ratios, or points are not
        computed or inherited other variables only.

    Notes
    -----
    A point is uncertain at distance e if a point of another class is at most e cells away along each axis. Their share goes
    as e^u. Distances are 1, 2, 4, ... cells, up to a 64th of the shorter axis but three at least, which take 72 values. The
    interval is that of `box_counting_dimension`.

    References
    ----------
    docs/theory.md, G; Grebogi, McDonald, Ott, Yorke, Physics Letters A 99 (1983) 415.
    """
    found = even_planes(ds, of, group, dims)
    shortest = min(size for size in found.shape if size > 1)
    if shortest < SHORTEST_AXIS:
        raise DatasetError(
            f"dims: an axis has {shortest} values; {FEWEST_SIZES} distances need {SHORTEST_AXIS} or more"
        )
    count = max(FEWEST_SIZES, int(np.log2(max(shortest // LARGEST_PART, 1))) + 1)
    distances = [2**k for k in range(count)]
    values = []
    for _, plane in found.each():
        fraction = uncertain(found, plane, distances)
        line = fitted(np.array(distances, float), fraction)
        values.append(
            {
                "exponent": line.slope,
                "exponent_low": line.low,
                "exponent_high": line.high,
                "intercept": line.intercept,
                "boundary_dimension": found.directions - line.slope,
                "fraction": fraction,
            }
        )
    names = ("exponent", "exponent_low", "exponent_high", "intercept", "boundary_dimension")
    variables: dict[str, tuple[str, ...]] = {**dict.fromkeys(names, ()), "fraction": ("distance",)}
    result = found.result(variables, values).assign_coords(distance=distances)
    result["distance"].attrs = {"long_name": "distance along each axis", "units": "cells"}
    result["fraction"].attrs = {"long_name": "share of points with another class within the distance"}
    result["exponent"].attrs = {"long_name": "uncertainty exponent"}
    return result


def uncertain(found: Planes, plane: xr.Dataset, distances: list[int]) -> np.ndarray:
    """The share of points with another class within each distance, each twice the one before."""
    reach, counts = distances[-1], np.zeros(len(distances))
    for before, own, codes in bands(found, plane, 1, reach, reach):
        near = beside_another(codes)
        for k, distance in enumerate(distances):
            if k > 0:  # within 2 e of another class are the points within e of those that have one within e
                near = dilated(near, distance // 2)
            counts[k] += np.count_nonzero(near[before : before + own])
    return counts / float(np.prod(found.shape))


def beside_another(codes: np.ndarray) -> np.ndarray:
    """Whether one of the eight cells about each has another class."""
    near = np.zeros(codes.shape, dtype=bool)
    for one, other in NEIGHBOURS:  # compared as they are: numbers of filters are doubles, which some codes are beyond
        different = codes[one] != codes[other]
        near[one] |= different
        near[other] |= different
    return near


def dilated(near: np.ndarray, distance: int) -> np.ndarray:
    """Cells that are within a distance of such ones along each axis."""
    wide = near.view(np.uint8)
    for axis in (0, 1):
        wide = maximum_filter1d(wide, 2 * distance + 1, axis, mode="constant")
    found: np.ndarray = wide.view(bool)
    return found


def basin_fractions(ds: xr.Dataset, of: str = "fate", *, dims: Iterable[str] = ("alpha", "eta")) -> xr.Dataset:
    """Share of each class of the points of a plane.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it.
    of : str, default: "fate"
        A variable of codes.
    dims : iterable of str, default: ("alpha", "eta")
        The two axes of the plane.

    Returns
    -------
    xarray.Dataset
        Along the other dimensions of the variable and `code`: `fraction` and `fraction_error`; with names where the codes
        have some, and of periods, as the coordinate `code_name`.

    Raises
    ------
    DatasetError
        If there is no such variable or axis, or points are not computed or inherited other variables only.

    Notes
    -----
    The error is sqrt(p (1 - p) / n), that of as many points drawn at random. A grid's is smaller, except for structure as fine
    as the grid.
    """
    found = planes(ds, of, None, dims)
    counted: list[dict[int, int]] = []
    for _, plane in found.each():
        counts: dict[int, int] = {}
        for _, _, codes in bands(found, plane, 1):
            for code, count in zip(*(part.tolist() for part in np.unique(codes, return_counts=True)), strict=True):
                counts[int(code)] = counts.get(int(code), 0) + count
        counted.append(counts)
    known = sorted(set().union(*counted))
    total = float(np.prod(found.shape))
    shares = [np.array([one.get(code, 0) / total for code in known]) for one in counted]
    values = [{"fraction": share, "fraction_error": np.sqrt(share * (1 - share) / total)} for share in shares]
    result = found.result({"fraction": ("code",), "fraction_error": ("code",)}, values)
    result = result.assign_coords(code=np.array(known, np.uint64 if found.array.dtype == np.uint64 else np.int64))
    if found.flags or of == "period":
        names = [found.flags.get(code, str(code)) if found.flags else period_name(code) for code in known]
        result = result.assign_coords(code_name=("code", names))
    result["fraction"].attrs = {"long_name": f"share of points of each {of}"}
    return result


def period_name(period: int) -> str:
    """A period in words; what a level of a refinement has not inherited is less than any."""
    return {0: "no period", -1: "diverged"}.get(period, f"period {period}" if period > 0 else "not computed")


def basin_entropy(
    ds: xr.Dataset,
    of: str = "fate",
    *,
    group: str | Iterable[str] | None = None,
    dims: Iterable[str] = ("alpha", "eta"),
    box: int = BOX,
) -> xr.Dataset:
    """Basin entropy: how mixed the classes are in small boxes.

    Parameters
    ----------
    ds : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return it, or a selection from it.
    of : str, default: "fate"
        A variable of codes or of booleans.
    group : str or iterable of str, optional
        Names of classes that count as one, against all others as another.
    dims : iterable of str, default: ("alpha", "eta")
        The two axes of the plane; an axis of one value counts as none.
    box : int, default: 5
        Side of a box, in cells. Cells beyond the last whole box are left out.

    Returns
    -------
    xarray.Dataset
        Along the other dimensions of the variable `entropy`, the mean over boxes, and `boundary_entropy`, that over the boxes
        that hold several classes (NaN without any), in units of 1; with `_error`, the standard error of each mean over the
        boxes as if they were independent; and `boxes`, `boundary_boxes`.

    Raises
    ------
    DatasetError
        If there is no such variable, class or axis, the box is no number from 2 on or larger than an axis, or points are not
        computed or inherited other variables only.

    Notes
    -----
    S is the mean over boxes of -sum_i p_i ln p_i, p_i the share of class i in the box. A boundary entropy above ln 2 is the
    sign of a fractal boundary, for boxes of many cells.

    References
    ----------
    Daza, Wagemakers, Georgeot, Guery-Odelin, Sanjuan, Scientific Reports 6 (2016) 31416; docs/theory.md, G.
    """
    found = planes(ds, of, group, dims)
    shortest = min(size for size in found.shape if size > 1)
    if isinstance(box, bool) or not isinstance(box, int | np.integer) or not 2 <= box <= shortest:
        raise DatasetError(f"box: must be a whole number from 2 to {shortest}, the shorter axis (got {box!r})")
    values = [entropies(found, plane, int(box)) for _, plane in found.each()]
    result = found.result(dict.fromkeys(values[0], ()), values)
    result["entropy"].attrs = {"long_name": "basin entropy"}
    result["boundary_entropy"].attrs = {"long_name": "basin entropy of boxes with several classes"}
    return result


def entropies(found: Planes, plane: xr.Dataset, box: int) -> dict[str, Any]:
    """Mean entropy of all boxes, and of those with several classes, each with its error."""
    across = box if found.shape[0] > 1 else 1
    count = square = total = boundary = 0.0
    for _, own, codes in bands(found, plane, across):
        rows, columns = own // across, codes.shape[1] // box
        boxes = codes[: rows * across, : columns * box].reshape(rows, across, columns, box)
        entropy = np.zeros((rows, columns))
        for code in np.unique(boxes):
            share = np.count_nonzero(boxes == code, axis=(1, 3)) / (across * box)
            entropy -= share * np.log(share, out=np.zeros_like(share), where=share > 0)
        several = entropy > 0
        total += entropy.sum()
        square += (entropy**2).sum()
        count += entropy.size
        boundary += np.count_nonzero(several)
    return {
        "entropy": total / count,
        "entropy_error": error_of(total, square, count),
        "boundary_entropy": total / boundary if boundary else np.nan,
        "boundary_entropy_error": error_of(total, square, boundary),
        "boxes": int(count),
        "boundary_boxes": int(boundary),
    }


def error_of(total: float, square: float, count: float) -> float:
    """Standard error of a mean; NaN of fewer than two values."""
    if count < 2:
        return float("nan")
    return float(np.sqrt(max(0.0, square - total**2 / count) / (count - 1) / count))
