"""Makes good what damage, or a kill while the store grew, did to metadata and coordinates; chunks are computed again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastdln.storage import template
from fastdln.storage.location import ROOT
from fastdln.storage.metadata import UNREADABLE, Contents, coordinate_key


def heal(contents: Contents, durable: bool) -> None:
    """Makes each array's metadata say what the root's does, and writes damaged coordinates again."""
    for name, metadata in parted_metadata(contents):
        data = json.dumps(metadata, indent=2).encode()
        contents.location.write(f"{name}/{ROOT}", data, durable=durable)
    for name, values in damaged_coordinates(contents):
        contents.arrays([name], write=True, durable=durable)[name][:] = values


def parted_metadata(contents: Contents) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Arrays whose own metadata are not what the root says that they are; what they should be."""
    root = contents.root["consolidated_metadata"]["metadata"]
    others = [name for name in contents.readable_others() if contents.location.size(f"{name}/{ROOT}") is not None]
    for name in (*template.names(contents.grid), *others):
        metadata, key = root[name], f"{name}/{ROOT}"
        wanted = json.dumps(metadata, indent=2).encode()
        size = contents.location.size(key)  # refuses what is no plain file
        try:
            # one that is larger than what it should be needs no reading, however large
            known = size is not None and size <= 2 * len(wanted) + 2**16
            same = known and json.loads(contents.location.read(key) or b"") == metadata
        except (ValueError, RecursionError):
            same = False
        if not same:
            yield name, metadata


def damaged_coordinates(contents: Contents) -> Iterator[tuple[str, Any]]:
    """Coordinates that are not what the sweep says, and what they should be."""
    wanted = {name: values for name, values, *_ in template.coordinate_arrays(contents.grid)}
    arrays, metadata = contents.arrays(wanted), contents.root["consolidated_metadata"]["metadata"]
    for name, values in wanted.items():
        contents.location.size(coordinate_key(name, metadata[name]))  # refuses what is no plain file
        try:
            same = arrays[name][:].tobytes() == values.tobytes()
        except UNREADABLE:
            same = False
        if not same:
            yield name, values
