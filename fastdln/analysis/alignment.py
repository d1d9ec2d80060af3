"""Alignment of two datasets on the points that both have."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fastdln.analysis.dataset import names_along, restore_dimensions, sweep_of, target_singular_values
from fastdln.errors import DatasetError
from fastdln.sweep.axes import NAMED, swept_mode
from fastdln.sweep.units import without_factor

# Values that differ by less, in parts of the larger, are one: 0.3 on an axis of rounded steps.
TOLERANCE = 1e-9

# In a window finer than that, values are one if they differ by less than so much of its smallest step.
PART_OF_STEP = 1e-3

# Axes that one of two datasets may lack: it is compared with every value of the other's.
BROADCAST = ("seed", *NAMED)

# Of two datasets that nothing tells apart.
UNNAMED = ("first", "second")

# Dimensions without values that end at the same state, whatever their lengths.
FROM_THE_END = ("sample",)


def align(a: xr.Dataset, b: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """The points that two datasets have in common.

    Parameters
    ----------
    a, b : xarray.Dataset
        As `fastdln.run` and `fastdln.open` return them, or selections from them.

    Returns
    -------
    tuple of xarray.Dataset
        The two at these points, with the coordinates of the first. A dataset without `seed` still lacks it.

    Raises
    ------
    DatasetError
        If one does not come from fastdln, the targets differ, or there is no common point.
    """
    values = common_singular_values(a, b)
    axes = [name for ds in (a, b) for name in sweep_of(ds)["axes"]]
    swept = {name: mode for name in axes if (mode := swept_mode(name)) is not None}
    a, b = (with_axes(restore_dimensions(ds), swept, values) for ds in (a, b))
    for dim in dict.fromkeys([*a.dims, *b.dims]):
        if dim in NAMED and {ds.sizes.get(dim, 1) for ds in (a, b)} == {1}:  # what the two are compared in
            a, b = (ds.isel({dim: 0}, drop=True) if dim in ds.dims else ds for ds in (a, b))
        elif dim in a.dims and dim in b.dims:
            here, there = common(a, b, dim)
            a, b = a.isel({dim: here}), b.isel({dim: there})
        elif dim in a["fate"].dims or dim in b["fate"].dims:
            require_broadcast(str(dim), dim in a.dims)
    return a, b.assign_coords({name: a[name] for name in b.coords if name in a.coords})


def common_singular_values(a: xr.Dataset, b: xr.Dataset) -> NDArray[np.float64]:
    """Singular values of the one target that two datasets have, NaN where neither fixes one; DatasetError if they differ."""
    one, other = (target_singular_values(sweep_of(ds)) for ds in (a, b))
    if len(one) != len(other):
        raise DatasetError(
            f"singular_values: the first dataset has {len(one)} modes and the second {len(other)}; only those of one target "
            "are compared"
        )
    scale = np.nanmax([*one, *other], initial=0.0)
    for mode in np.flatnonzero(abs(one - other) > TOLERANCE * scale):
        raise DatasetError(
            f"singular_values: that of mode {mode + 1} is {one[mode]:.6g} in the first dataset and {other[mode]:.6g} in the "
            "second; only those of one target are compared"
        )
    return np.where(np.isnan(one), other, one)


def with_axes(ds: xr.Dataset, swept: dict[str, int], values: NDArray[np.float64]) -> xr.Dataset:
    """Dataset with an axis of length 1 for each singular value that only the other dataset sweeps; all values rise."""
    ds = ds.expand_dims({name: [values[mode]] for name, mode in swept.items() if name not in ds.dims})
    falling = [
        dim for dim in ds.dims if dim in ds.coords and dim not in NAMED and not np.all(np.diff(ds[dim].values) > 0)
    ]
    return ds.sortby(falling) if falling else ds


def common(a: xr.Dataset, b: xr.Dataset, dim: Hashable) -> tuple[slice | NDArray[np.intp], slice | NDArray[np.intp]]:
    """Indices of the values that two datasets have in common along a dimension."""
    if dim not in a.coords or dim not in b.coords:  # nothing says which is which but their order
        count = min(a.sizes[dim], b.sizes[dim])
        return (slice(-count, None),) * 2 if dim in FROM_THE_END else (slice(count),) * 2
    one, other = a[dim].values, b[dim].values
    here, there = matches_of_names(one, other) if dim in NAMED else matches(one, other)
    if not here.size:
        if len(one) == len(other) == 1:  # never names
            raise DatasetError(
                f"{dim}: is {one[0]:.6g} in the first dataset and {other[0]:.6g} in the second; to compare them all the same, "
                f"give both one value: b.assign_coords({dim}=a.{dim})"
            )
        spans = [", ".join(values) if dim in NAMED else span(values) for values in (one, other)]
        raise DatasetError(f"{dim}: the two datasets have no value in common ({spans[0]}, and {spans[1]})")
    return contiguous(here), contiguous(there)


def matches(one: NDArray[Any], other: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the values that two rising arrays share, but for rounding."""
    nearest, back = nearest_in(other, one), nearest_in(one, other)
    steps = [np.diff(values).min() for values in (one, other) if len(values) > 1]
    bound = np.minimum(TOLERANCE * np.abs(one), min(steps, default=np.inf) * PART_OF_STEP)
    mutual = back[nearest] == np.arange(len(one))
    here = np.flatnonzero(mutual & (abs(other[nearest] - one) <= bound))
    return here, nearest[here]


def matches_of_names(one: NDArray[Any], other: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the names that two arrays share, in the order of the first."""
    there = {name: k for k, name in enumerate(other.tolist())}
    shared = [(k, there[name]) for k, name in enumerate(one.tolist()) if name in there]
    here, found = np.array(shared, dtype=np.intp).reshape(-1, 2).T
    return here, found


def nearest_in(values: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.intp]:
    """Index of the nearest of rising values to each of the wanted ones."""
    above = np.clip(np.searchsorted(values, wanted), 0, len(values) - 1)
    below = np.maximum(above - 1, 0)
    return np.where(abs(values[below] - wanted) <= abs(values[above] - wanted), below, above)


def contiguous(indices: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """The indices as a slice where they are one, which leaves chunks as they are."""
    first, last = int(indices[0]), int(indices[-1])
    return slice(first, last + 1) if np.array_equal(indices, np.arange(first, last + 1)) else indices


def span(values: NDArray[Any]) -> str:
    """The range of rising values, for people."""
    return f"{values[0]:.6g}" + (f" to {values[-1]:.6g}" if len(values) > 1 else "")


def require_broadcast(axis: str, in_first: bool) -> None:
    """DatasetError unless a dataset may lack the axis."""
    if axis not in BROADCAST:
        has, lacks = ("first", "second") if in_first else ("second", "first")
        raise DatasetError(f"{axis}: is an axis of the {has} dataset, and not of the {lacks}; select one of its values")


def labels(a: xr.Dataset, b: xr.Dataset) -> tuple[str, str]:
    """Names for two datasets: their models, or their starts, where these differ."""
    one, other = sweep_of(a), sweep_of(b)
    for key in ("model", "start"):
        names = [
            " and ".join(names_along(sweep, ds, key)) if key in sweep["axes"] else sweep[key]
            for sweep, ds in ((one, a), (other, b))
        ]
        if names[0] != names[1] and all(isinstance(name, str) for name in names):
            return names[0], names[1]
    return UNNAMED


def differing_keys(a: xr.Dataset, b: xr.Dataset) -> list[str]:
    """Keys of their sweeps in which two datasets differ."""
    one, other = (without_factor(sweep_of(ds)) for ds in (a, b))  # its last bits are no difference
    return [key for key in {**one, **other} if json.dumps(one.get(key)) != json.dumps(other.get(key))]
