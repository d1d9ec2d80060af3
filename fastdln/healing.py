"""Makes good what damage, or a kill while the store grew, did to metadata and coordinates; chunks are computed again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastdln import template
from fastdln.contents import UNREADABLE, open_arrays, read_root
from fastdln.grid import Grid
from fastdln.places import ROOT, Place


def heal(place: Place, grid: Grid, durable: bool) -> None:
    """Makes each array's metadata say what the root's does, and writes damaged coordinates again."""
    for name, metadata in parted_metadata(place, grid):
        place.write(f"{name}/{ROOT}", json.dumps(metadata, indent=2).encode(), durable=durable)
    for name, values in damaged_coordinates(place, grid):
        open_arrays(place, [name], write=True, durable=durable)[name][:] = values


def parted_metadata(place: Place, grid: Grid) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Arrays whose own metadata are not what the root says that they are; what they should be."""
    root = read_root(place)["consolidated_metadata"]["metadata"]
    for name in template.names(grid):
        metadata = root[name]
        try:
            same = json.loads(place.read(f"{name}/{ROOT}") or b"") == metadata
        except (ValueError, RecursionError):
            same = False
        if not same:
            yield name, metadata


def damaged_coordinates(place: Place, grid: Grid) -> Iterator[tuple[str, Any]]:
    """Coordinates that are not what the sweep says, and what they should be."""
    wanted = {name: values for name, values, *_ in template.coordinate_arrays(grid)}
    arrays = open_arrays(place, wanted)
    for name, values in wanted.items():
        try:
            same = arrays[name][:].tobytes() == values.tobytes()
        except UNREADABLE:
            same = False
        if not same:
            yield name, values
