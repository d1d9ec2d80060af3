"""Which chunks and points of a store are computed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from fastdln.storage.location import Location
from fastdln.storage.metadata import DONE_FLAG, UNREADABLE, Snapshot, damaged
from fastdln.sweep.grid import Grid

# How a store goes on. One that was extended holds another sweep than the file it was made from.
GO_ON = "run the same sweep again, or `fastdln extend` the store, to go on"

# How a group of levels does.
REFINE_AGAIN = "give the same `fastdln refine --boundary` again to go on"

# Each growth is a line of metadata; more than this nobody has asked for by hand.
MOST_GROWTHS = 10_000


def present(location: Location, grid: Grid, name: str = DONE_FLAG, beyond: int = 0) -> np.ndarray:
    """Which chunks of a variable are there, shaped as the chunks lie: a bool each, from one listing.

    beyond: the variable's dimensions beyond the grid's. Those of the done flag are the chunks that are computed.
    """
    found, root = np.zeros(grid.chunks_along, dtype=bool), f"{name}/c/"
    for key in location.keys(root):
        position = key.removeprefix(root).split("/")
        if len(position) == found.ndim + beyond and all(map(str.isdecimal, position)):
            index = tuple(map(int, position[: found.ndim]))
            if all(k < n for k, n in zip(index, found.shape, strict=True)):
                found[index] = True
    return found


def remaining(snapshot: Snapshot) -> np.ndarray:
    """How many points of each chunk are not computed."""
    grid = snapshot.grid
    done = present(snapshot.location, grid)
    points = np.where(done.ravel(), 0, grid.sizes())
    straddling = np.flatnonzero(done & straddles(snapshot)).tolist()
    if straddling:
        flag = snapshot.arrays([DONE_FLAG])[DONE_FLAG]
        for number in straddling:
            points[number] = np.count_nonzero(missing(flag, grid.slices(number)))
    return points


def straddles(snapshot: Snapshot) -> np.ndarray:
    """Which chunks may be there in part, because the store grew through them."""
    return snapshot.grid.straddling(grown_from(snapshot))


def grown_from(snapshot: Snapshot) -> list[list[int]]:
    """The shapes that a store had before it grew: JSON, or a list in older stores."""
    grid, shapes = snapshot.grid, snapshot.attributes.get("grown_from", [])
    try:
        shapes = json.loads(shapes) if isinstance(shapes, str) else shapes
    except (ValueError, RecursionError):
        shapes = None
    sound = (
        isinstance(shapes, list)
        and len(shapes) <= MOST_GROWTHS
        and all(
            isinstance(shape, list)
            and len(shape) == len(grid.shape)
            and all(type(old) is int and 0 < old <= new for old, new in zip(shape, grid.shape, strict=True))
            for shape in shapes
        )
    )
    if not sound:
        raise damaged(snapshot.location, f"grown_from is no list of at most {MOST_GROWTHS:,} smaller shapes")
    return list(shapes)


def missing(flag: Any, slices: tuple[slice, ...]) -> np.ndarray:
    """Which points of a block have no fate; all of them if it cannot be read."""
    try:
        absent: np.ndarray = flag[slices] == 0
    except UNREADABLE:
        absent = np.ones([part.stop - part.start for part in slices], dtype=bool)
    return absent
