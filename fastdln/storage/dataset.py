"""Results as an xarray Dataset: of a store, opened lazily, and of a run in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fastdln.errors import StoreError, warn
from fastdln.storage import template
from fastdln.storage.completeness import remaining
from fastdln.storage.in_memory import InMemory
from fastdln.storage.location import plain_errors, storage_error
from fastdln.storage.metadata import UNREADABLE, Snapshot
from fastdln.storage.repair import damaged_coordinates

if TYPE_CHECKING:
    import xarray as xr

# Nothing of a store is a date, whatever its `units` say.
AS_IT_IS = {"decode_times": False, "decode_timedelta": False}


def open_snapshot(snapshot: Snapshot, **options: Any) -> xr.Dataset:
    """The dataset of a store, opened lazily; warns where it is incomplete. Options go to xarray.open_zarr."""
    name = snapshot.location.name
    with plain_errors(name, "cannot be read"):
        points_left = 0 if snapshot.attributes.get("complete") else int(remaining(snapshot).sum())
        if points_left:
            warn(f"{name}: {points_left:,} of {snapshot.grid.points:,} points are not computed yet (fate = 0)")
        try:
            dataset = load(snapshot, **options)
            damaged = [*lost(snapshot, dataset)]
        except UNREADABLE as error:
            damaged = [] if isinstance(error, StoreError) else [name for name, _ in damaged_coordinates(snapshot)]
            if not damaged:
                raise
        if damaged:
            raise StoreError(
                f"{name}: damaged coordinates ({', '.join(damaged)}); `fastdln verify {name}` says what else is, and "
                f"`fastdln extend {name}` writes them anew"
            )
        return dataset


def lost(snapshot: Snapshot, dataset: xr.Dataset) -> Iterator[str]:
    """Coordinates whose file is gone, which Zarr reads as zeros."""
    for name, values, *_ in template.coordinate_arrays(snapshot.grid):
        found = dataset.coords.get(name)
        if found is not None and values.any() and not found.values.any():
            yield name


def load(snapshot: Snapshot, **options: Any) -> xr.Dataset:
    """The dataset of a store, with those arrays of others that can be read without harm."""
    import xarray as xr

    def opened(others: Iterable[str]) -> xr.Dataset:
        how: dict[str, Any] = {"zarr_format": 3, "consolidated": True, **AS_IT_IS, **options}
        dataset: xr.Dataset = xr.open_zarr(snapshot.zarr(others), **how)
        texts = template.texts_of(snapshot.grid)  # xarray reads them as NumPy's newest type, which little else knows
        dataset = dataset.assign_coords({name: texts[name] for name in texts if name in dataset.coords})
        older = {key: int(value) for key, value in dataset.attrs.items() if isinstance(value, bool)}
        return dataset.assign_attrs(older)  # older stores have booleans, which netCDF does not

    others = snapshot.readable_others()
    if others:
        try:
            return opened(others)
        except Exception as error:  # whatever xarray makes of attributes that are anything
            if storage_error(error):
                raise
            others = []
    dataset = opened(())
    if left_out := sorted(set(snapshot.others) - set(others)):
        warn(f"{snapshot.location.name}: {', '.join(left_out)}: not of the sweep, and cannot be read safely; left out")
    return dataset


def in_memory(results: InMemory) -> xr.Dataset:
    """The dataset of a complete run in memory, as one of a store would be."""
    import xarray as xr

    grid, sweep = results.grid, results.grid.sweep
    data = {
        v.name: ((*grid.dims, *v.dims), results.arrays[v.name], template.attributes_of(v, grid))
        for v in sweep.variables
    }
    coordinates = {name: (dim, values, attrs) for name, values, dim, attrs in template.coordinate_arrays(grid)}
    coordinates |= template.texts_of(grid)
    attributes = template.root_attributes(sweep) | {"complete": 1}
    for name in template.COORDINATES:
        del attributes[name]
    return xr.Dataset(data, coordinates, json.loads(json.dumps(attributes)))
