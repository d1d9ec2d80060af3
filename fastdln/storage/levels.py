"""Levels of a store: a Zarr group of stores 1, 2, ..., each with twice the points of the one before along the halved axes.

A level is a store like any other, of the finer sweep, in which some chunks are computed and the others inherited: these have
only the codes that were followed, of the level before. The array `computed` is written with the computed ones alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import zarr
from zarr.storage import MemoryStore

from fastdln.errors import StoreError, SweepError
from fastdln.observables import Variable
from fastdln.storage import array_metadata, provenance, template
from fastdln.storage.completeness import present
from fastdln.storage.location import ROOT, WHOLE, Location, plain_errors
from fastdln.storage.metadata import DONE_FLAG, Snapshot, damaged, read
from fastdln.sweep.grid import Grid
from fastdln.sweep.levels import MOST_LEVELS
from fastdln.sweep.values import shown
from fastdln.text import suggestion

COMPUTED = Variable(
    name="computed",
    dtype="uint8",
    long_name="whether the point was computed on this level",
    comment="0: inherited from the level before, where all points in and near its chunk have one code, or not there yet (fate is 0). "
    "Inherited points have the codes that were followed; all other variables are fill values there.",
    flags={0: "not_computed", 1: "computed"},
)

# Beside the levels, the group has this coordinate, which they have in common: the file that runs lock.
COMMON = "singular_value"

# Of a group, whose metadata are a few lines; what is longer is the root of a store.
MOST_BYTES = 2**18

# Root attributes of a group, and of each level beside its own number `level`.
LEVELS, LEVEL, BOUNDARY = "levels", "level", "boundary"
PARENT = "parent_sweep_sha256"


@dataclass(frozen=True)
class LevelGroup:
    """What a group of levels says of itself: how many there are, of what boundary, and the digest of the store's sweep."""

    levels: int
    boundary: str
    parent: str

    @property
    def attributes(self) -> dict[str, Any]:
        return {LEVELS: self.levels, BOUNDARY: self.boundary, PARENT: self.parent}


def entries(grids: list[Grid], group: LevelGroup, about: Mapping[str, Any]) -> dict[str, bytes]:
    """The keys of a group of empty levels and what is under them; `about`: further attributes of the group and of each level."""
    kept: dict[str, Any] = {}
    said = {"Conventions": "CF-1.11", **provenance.created(), **about, **group.attributes}
    zarr.create_group(MemoryStore(kept), zarr_format=3, attributes=said)
    found: dict[str, bytes] = {}
    for level, grid in enumerate(grids, start=1):
        found |= level_entries(level, grid, group, about)
    common = {key.removeprefix("1/"): data for key, data in found.items() if key.startswith(f"1/{COMMON}/")}
    return found | common | {ROOT: kept[ROOT].to_bytes()}


def level_entries(level: int, grid: Grid, group: LevelGroup, about: Mapping[str, Any]) -> dict[str, bytes]:
    """The keys of one empty level in its group, and what is under them."""
    if any(variable.name == COMPUTED.name for variable in grid.sweep.variables):
        raise SweepError(
            f"observables: one measures {COMPUTED.name}, which is the name of what tells levels' chunks apart"
        )
    made = template.entries(grid, {**about, **group.attributes, LEVEL: level}, (COMPUTED,))
    return {f"{level}/{key}": data for key, data in made.items()}


def lengthen(location: Location, grids: list[Grid], group: LevelGroup, about: Mapping[str, Any], durable: bool) -> None:
    """Adds empty levels to a group that has fewer than these.

    The group's root says last how many there are, and each level's root is written last: a kill leaves the group as it was,
    or whole, and what lies there beside it is written again.
    """
    with ExitStack() as stack:
        for one in (location, *levels_at(location)):
            stack.callback(one.lock(WHOLE).release)
        for level, grid in enumerate(grids, start=1):
            if location.size(f"{level}/{ROOT}") is None:
                made = level_entries(level, grid, group, about)
                for key in sorted(made, key=f"{level}/{ROOT}".__eq__):
                    location.write(key, made[key], durable=durable)
        root = json.loads(location.read(ROOT, MOST_BYTES) or b"")
        root["attributes"] |= {LEVELS: group.levels}
        location.write(ROOT, json.dumps(root, indent=2).encode(), durable=durable)


def group_at(location: Location) -> LevelGroup | None:
    """The group of levels that lies there; None of whatever else does, also of nothing."""
    with plain_errors(location.name, "cannot be read"):
        size = location.size(ROOT)
        data = location.read(ROOT, MOST_BYTES) if size is not None and size <= MOST_BYTES else None
    try:
        root = json.loads(data or b"null")
        attributes = root["attributes"]
        found = LevelGroup(*(attributes[key] for key in (LEVELS, BOUNDARY, PARENT)))
        sound = root["node_type"] == "group" and "sweep" not in attributes and type(found.levels) is int
        sound = sound and isinstance(found.boundary, str) and isinstance(found.parent, str)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return found if sound and 1 <= found.levels <= MOST_LEVELS else None


def finest(location: Location) -> Location:
    """The location of the finest level of a group; of a store its own."""
    group = group_at(location)
    return location if group is None else location.child(str(group.levels))


def levels_at(location: Location) -> list[Location]:
    """The locations of a group's levels, the coarsest first; that of a store alone."""
    group = group_at(location)
    return [location] if group is None else [location.child(str(level + 1)) for level in range(group.levels)]


def is_level(snapshot: Snapshot) -> bool:
    return LEVEL in snapshot.attributes


def checked_level(snapshot: Snapshot) -> Snapshot:
    """The snapshot of a level; StoreError unless its attributes, and the array that tells its chunks apart, are as they are made."""
    attributes, grid = snapshot.attributes, snapshot.grid
    level, levels, boundary = (attributes.get(key) for key in (LEVEL, LEVELS, BOUNDARY))
    if type(level) is not int or type(levels) is not int or not 1 <= level <= levels <= MOST_LEVELS:
        raise damaged(snapshot.location, f"{LEVEL} and {LEVELS} are no numbers of levels")
    if boundary not in codes(grid):
        raise damaged(snapshot.location, f"{BOUNDARY} is none of {', '.join(codes(grid))}")
    wanted = array_metadata.array(
        COMPUTED.dtype, grid.shape, grid.chunk_shape, None, grid.dims, template.attributes_of(COMPUTED, grid)
    )
    found = snapshot.root["consolidated_metadata"]["metadata"].get(COMPUTED.name)
    if not isinstance(found, dict) or (
        key := array_metadata.differing_key(found, wanted, array_metadata.fills(COMPUTED), separators="/")
    ):
        said = "is missing" if not isinstance(found, dict) else f"has another {key}"
        raise damaged(snapshot.location, f"the array {COMPUTED.name} {said}")
    return snapshot


def read_level(location: Location) -> Snapshot:
    """The metadata of a level, checked; StoreError for a store that is none."""
    snapshot = read(location)
    if not is_level(snapshot):
        raise damaged(location, f"it is no level: it has no attribute {LEVEL}")
    return checked_level(snapshot)


def codes(grid: Grid) -> list[str]:
    """The variables of a grid whose boundaries can be followed: small whole numbers, which stand for kinds of behaviour."""
    return [v.name for v in grid.sweep.variables if np.dtype(v.dtype).kind in "iu" and np.dtype(v.dtype).itemsize <= 2]


def checked_boundary(snapshot: Snapshot, boundary: Any) -> str:
    """The name of a store's variable whose boundary is to be followed; StoreError for what is none."""
    valid = codes(snapshot.grid)
    if not isinstance(boundary, str):
        raise StoreError(f"boundary: must be the name of a variable, such as fate {shown(boundary)}")
    if boundary not in valid:
        there = any(variable.name == boundary for variable in snapshot.grid.sweep.variables)
        what = (
            "is no code, and has no boundary" if there else f"is no variable of the store{suggestion(boundary, valid)}"
        )
        raise StoreError(f"boundary: {boundary:.60} {what}; valid: {', '.join(valid)}")
    return boundary


def followed(boundary: str) -> tuple[str, ...]:
    """The variables that a level inherits: that of the boundary, and the done flag last."""
    return (DONE_FLAG,) if boundary == DONE_FLAG else (boundary, DONE_FLAG)


def computed_chunks(snapshot: Snapshot) -> np.ndarray:
    """Which chunks of a store are computed and not inherited, shaped as the chunks lie."""
    if is_level(snapshot):
        return present(snapshot.location, snapshot.grid, COMPUTED.name)
    return np.ones(snapshot.grid.chunks_along, dtype=bool)
