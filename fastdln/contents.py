"""What is in a store, read without touching it: the sweep, the grid, and what of it is computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import zarr
from zarr.errors import BaseZarrError

from fastdln import template
from fastdln.errors import StoreError, first_line
from fastdln.grid import Grid
from fastdln.observables import Variable
from fastdln.places import ROOT, Place, plain_errors, storage_error
from fastdln.sweep import Sweep

# The variable whose chunk is written last, and says that the others are there.
MARK = "fate"

# What the decoders raise for a damaged chunk.
UNREADABLE = (ValueError, RuntimeError, BaseZarrError)


def read_root(place: Place) -> dict[str, Any]:
    """The store's root metadata; StoreError, in one line, if fastdln did not make it."""
    with plain_errors(place.name, "cannot be read"):
        data = place.read(ROOT)
        if data is None and not place.occupied():
            raise StoreError(f"{place.name}: there is no store")
        try:
            root: dict[str, Any] = json.loads(data or b"")
            attributes, arrays = root["attributes"], root["consolidated_metadata"]["metadata"]
            if hashlib.sha256(attributes["sweep"].encode()).hexdigest() != attributes["sweep_sha256"]:
                raise damaged(place, "the sweep is not the one of its sha256")
            if (
                isinstance(json.loads(attributes["sweep"]), dict)
                and isinstance(attributes["sweep_sha256"], str)
                and all(isinstance(metadata, dict) for metadata in arrays.values())
            ):
                return root
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
    raise StoreError(f"{place.name}: holds something else than a fastdln store; give another path with -o")


def read_attributes(place: Place) -> dict[str, Any]:
    """Root attributes of the store; StoreError, in one line, if fastdln did not make it."""
    attributes: dict[str, Any] = read_root(place)["attributes"]
    return attributes


def read_sweep(place: Place) -> Sweep:
    """The sweep that a store was made from."""
    return Sweep(**json.loads(read_attributes(place)["sweep"]))


def read_grid(place: Place) -> Grid:
    """The grid of an existing store, in its own chunks and shards."""
    sweep, root = read_sweep(place), read_root(place)
    arrays, axes = open_arrays(place, [variable.name for variable in sweep.variables]), len(sweep.axes)
    mark = arrays[MARK]
    grid = Grid(sweep, tuple((mark.shards or mark.chunks)[:axes]), tuple(mark.chunks[:axes]))
    for name, array in arrays.items():
        layout = (array.shape[:axes], (array.shards or array.chunks)[:axes], array.chunks[:axes])
        if layout != (grid.shape, grid.chunk_shape, grid.inner_shape):
            raise damaged(place, f"{name} is not laid out as the sweep and {MARK} are")
    seal = root["attributes"].get("metadata_sha256")
    if seal is not None and seal != template.digest(root, template.names(grid)):
        raise damaged(place, "it is not what its metadata_sha256 says")
    return grid


def open_arrays(place: Place, names: Iterable[str], *, write: bool = False, durable: bool = False) -> dict[str, Any]:
    """The store's arrays of these names; StoreError if what it says of itself makes no sense."""
    try:
        group = zarr.open_group(place.zarr(durable=durable, read_only=not write), mode="r+" if write else "r")
        return {name: group[name] for name in names}
    except Exception as error:  # whatever Zarr makes of metadata that are anything
        if storage_error(error):
            raise
        raise damaged(place, first_line(error)) from None


def damaged(place: Place, reason: str) -> StoreError:
    return StoreError(f"{place.name}: its {ROOT} is damaged ({reason}); restore it, or give another path with -o")


def chunk_key(grid: Grid, number: int, variable: Variable) -> str:
    """Zarr's key of a variable's chunk; dimensions beyond the grid's are not divided."""
    return "/".join([variable.name, "c", *map(str, grid.place(number)), *["0"] * len(variable.dims)])


def present(place: Place, grid: Grid, name: str = MARK, beyond: int = 0) -> np.ndarray:
    """Which chunks of a variable are there, shaped as the chunks lie: a bool each, from one listing.

    beyond: the variable's dimensions beyond the grid's. Where it is the mark, they are computed.
    """
    found, root = np.zeros(grid.chunks_along, dtype=bool), f"{name}/c/"
    for key in place.keys(root):
        position = key.removeprefix(root).split("/")
        if len(position) == found.ndim + beyond and all(map(str.isdecimal, position)):
            index = tuple(map(int, position[: found.ndim]))
            if all(k < n for k, n in zip(index, found.shape, strict=True)):
                found[index] = True
    return found


def left(place: Place, grid: Grid) -> np.ndarray:
    """How many points of each chunk are not computed."""
    marked = present(place, grid)
    points = np.where(marked.ravel(), 0, grid.sizes())
    straddling = np.flatnonzero(marked & straddles(place, grid)).tolist()
    if straddling:
        mark = open_arrays(place, [MARK])[MARK]
        for number in straddling:
            points[number] = np.count_nonzero(missing(mark, grid.slices(number)))
    return points


def straddles(place: Place, grid: Grid) -> np.ndarray:
    """Which chunks may be there in part, because the store grew through them."""
    return grid.straddling(grown_from(place, grid))


def grown_from(place: Place, grid: Grid) -> list[list[int]]:
    """The shapes that a store had before it grew: JSON, or a list in older stores."""
    shapes = read_attributes(place).get("grown_from", [])
    try:
        shapes = json.loads(shapes) if isinstance(shapes, str) else shapes
    except (ValueError, RecursionError):
        shapes = None
    sound = isinstance(shapes, list) and all(
        isinstance(shape, list)
        and len(shape) == len(grid.shape)
        and all(isinstance(old, int) and 0 < old <= new for old, new in zip(shape, grid.shape, strict=True))
        for shape in shapes
    )
    if not sound:
        raise damaged(place, "grown_from is no list of smaller shapes")
    return list(shapes)


def missing(mark: Any, slices: tuple[slice, ...]) -> np.ndarray:
    """Which points of a block have no fate; all of them if it cannot be read."""
    try:
        absent: np.ndarray = mark[slices] == 0
    except UNREADABLE:
        absent = np.ones([part.stop - part.start for part in slices], dtype=bool)
    return absent


def differing(old: Any, new: Any, key: str = "") -> Iterator[str]:
    """Keys, dotted, in which two canonical sweeps differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from differing(old.get(name), new.get(name), f"{key}.{name}".lstrip("."))
        if old == new and list(old) != list(new):
            yield f"{key} (in another order)"
    elif old != new:
        yield key
