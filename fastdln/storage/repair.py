"""Repair of metadata and coordinates after damage, or a kill while the store grew; damaged chunks are computed again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from fastdln.storage import template
from fastdln.storage.location import ROOT
from fastdln.storage.metadata import UNREADABLE, Snapshot, coordinate_key

# Relative difference of coordinates that two processors or libraries compute of the same sweep; bits that a file lost do
# not pass its checksum.
ROUNDING = 1e-12


def repair(snapshot: Snapshot, durable: bool) -> None:
    """Writes each array's metadata as the root has them, and damaged coordinates as the sweep has them."""
    for name, metadata in differing_metadata(snapshot):
        data = json.dumps(metadata, indent=2).encode()
        snapshot.location.write(f"{name}/{ROOT}", data, durable=durable)
    for name, values in damaged_coordinates(snapshot):
        data = values.astype(object) if is_text(values) else values
        snapshot.arrays([name], write=True, durable=durable)[name][:] = data


def agree(found: np.ndarray, wanted: np.ndarray, name: str, snapshot: Snapshot) -> bool:
    """Whether a coordinate is what the sweep says, but for the last bits that another processor computes otherwise."""
    if found.dtype != wanted.dtype or found.shape != wanted.shape:
        return False
    if found.dtype.kind != "f":
        return bool(np.array_equal(found, wanted))
    decomposed = name == "singular_value" and snapshot.grid.sweep.target.matrix is not None
    # the errors of a decomposition are relative to the largest singular value
    atol = ROUNDING * wanted.max() if decomposed else 0
    return bool(np.allclose(found, wanted, rtol=ROUNDING, atol=atol, equal_nan=True))


def is_text(values: np.ndarray) -> bool:
    return values.dtype.kind == "U"


def differing_metadata(snapshot: Snapshot) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Arrays whose own metadata are not what the root says that they are; what they should be."""
    root = snapshot.root["consolidated_metadata"]["metadata"]
    others = [name for name in snapshot.readable_others() if snapshot.location.size(f"{name}/{ROOT}") is not None]
    for name in (*template.names(snapshot.grid), *others):
        metadata, key = root[name], f"{name}/{ROOT}"
        wanted = json.dumps(metadata, indent=2).encode()
        size = snapshot.location.size(key)  # refuses what is no plain file
        try:
            # one that is larger than what it should be needs no reading, however large
            known = size is not None and size <= 2 * len(wanted) + 2**16
            same = known and json.loads(snapshot.location.read(key) or b"") == metadata
        except (ValueError, RecursionError):
            same = False
        if not same:
            yield name, metadata


def damaged_coordinates(snapshot: Snapshot) -> Iterator[tuple[str, Any]]:
    """Coordinates that are not what the sweep says, and what they should be."""
    wanted = {name: values for name, values, *_ in template.coordinate_arrays(snapshot.grid)}
    arrays, metadata = snapshot.arrays(wanted), snapshot.root["consolidated_metadata"]["metadata"]
    for name, values in wanted.items():
        snapshot.location.size(coordinate_key(name, metadata[name]))  # refuses what is no plain file
        try:
            found = np.asarray(arrays[name][:])
            same = found.tolist() == values.tolist() if is_text(values) else agree(found, values, name, snapshot)
        except UNREADABLE:
            same = False
        if not same:
            yield name, values
