"""Snapshots of a store's metadata, read and checked: the sweep, the grid, the arrays. Nothing is written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import zarr
from zarr.errors import BaseZarrError

from fastdln import files
from fastdln.errors import StoreError, SweepError, first_line
from fastdln.observables import Variable
from fastdln.storage import array_metadata, foreign, template
from fastdln.storage.location import ROOT, Location, plain_errors, storage_error
from fastdln.storage.location.checked import Checked
from fastdln.storage.template import COORDINATES, WITH_RATIO, named_coordinates
from fastdln.sweep.extensions import own_code
from fastdln.sweep.families import every_family
from fastdln.sweep.grid import Grid
from fastdln.sweep.schema import Sweep

# The variable whose chunk is written last: where it is, the others are there too, and the chunk is done.
DONE_FLAG = "fate"

# What the decoders raise for a damaged chunk.
UNREADABLE = (ValueError, RuntimeError, BaseZarrError)

# Python makes some 64 bytes of each value in JSON; metadata have one a number of a matrix, and a few hundred else.
MOST_VALUES = 8_000_000

# Of an array that somebody else put there: a folder in the store, and nowhere else.
PLAIN_NAME = re.compile(r"\w[\w .+-]*")

# Root attributes that are text.
TEXTS = (
    "title",
    "Conventions",
    "source",
    "history",
    "sweep",
    "sweep_sha256",
    "sweep_asked",
    "metadata_sha256",
    own_code.SOURCES,
    own_code.VARIABLES,
)


def taken_names() -> set[str]:
    """The names that arrays of a sweep, and their dimensions, can have."""
    return {name for family in every_family() for v in family.variables for name in (v.name, *v.dims)}


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A store's metadata as they were at one moment, and checked: every array of the sweep is what it implies.

    `sha256` is of the root's bytes. `others` are arrays that are not of the sweep, put there by somebody else, or measured by what is not known here; `sweep` is
    the grid's, as the store says it.
    """

    location: Location
    sha256: str
    root: Mapping[str, Any]
    grid: Grid
    others: tuple[str, ...]
    sweep: Sweep

    @property
    def attributes(self) -> Mapping[str, Any]:
        attributes: Mapping[str, Any] = self.root["attributes"]
        return attributes

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The length of every dimension of the sweep's arrays."""
        arrays = self.root["consolidated_metadata"]["metadata"]
        known = (arrays[name] for name in template.names(self.grid))
        return {d: n for array in known for d, n in zip(array["dimension_names"], array["shape"], strict=True)}

    def readable_others(self) -> list[str]:
        """Names of the other arrays that can be read without harm, and confused with none of a sweep."""
        arrays = self.root["consolidated_metadata"]["metadata"]
        taken = taken_names()
        named = [name for name in self.others if PLAIN_NAME.fullmatch(name) and name not in taken]
        return [name for name in named if array_metadata.readable(arrays[name], self.grid, self.sizes)]

    def zarr(self, others: Iterable[str] = (), *, write: bool = False, durable: bool = False) -> Checked:
        """Zarr's view of the sweep's arrays, and of those of these names besides."""
        arrays = self.root["consolidated_metadata"]["metadata"]
        shown = {name: arrays[name] for name in (*template.names(self.grid), *others)}
        root = {
            **self.root,
            "attributes": {
                **self.attributes,
                **named_coordinates(self.grid.sweep),
            },  # xarray takes it away when it adds an array
            "consolidated_metadata": {**self.root["consolidated_metadata"], "metadata": shown},
        }
        sizes = {name: array_metadata.chunk_of_other(arrays[name]) for name in others}
        zstd = {n: (size, 0) for n, size in sizes.items() if any(c["name"] == "zstd" for c in arrays[n]["codecs"])}
        limits = array_metadata.limits(self.grid) | {
            name: array_metadata.largest_file(size) for name, size in sizes.items()
        }
        store = self.location.zarr(durable=durable, read_only=not write, limits=limits)
        texts = array_metadata.encoded_texts(self.grid)
        return Checked(store, json.dumps(root).encode(), array_metadata.decoded(self.grid) | zstd, texts)

    def arrays(self, names: Iterable[str], *, write: bool = False, durable: bool = False) -> dict[str, Any]:
        """Zarr's arrays of these names; those of others must have been found readable."""
        names = list(names)
        store = self.zarr([name for name in names if name in self.others], write=write, durable=durable)
        try:
            group = zarr.open_group(store, mode="r+" if write else "r", zarr_format=3, use_consolidated=True)
            return {name: group[name] for name in names}
        except Exception as error:  # whatever Zarr makes of metadata
            if storage_error(error) or isinstance(error, StoreError):
                raise
            raise damaged(self.location, first_line(error)) from None


def read_bytes(location: Location) -> bytes:
    """The bytes of a store's root metadata; StoreError where there is no store."""
    with plain_errors(location.name, "cannot be read"):
        data = location.read(ROOT)
        if data is None and not location.occupied():
            raise StoreError(f"{location.name}: there is no store{neighbour(location.name)}")
    return data or b""


def neighbour(name: str) -> str:
    """The store in the same folder whose name is like that of one that is not there."""
    path = Path(name)
    # a folder that is not there is looked into by `alike`, which bears it
    stores = (found for folder in (path.parent,) for found in folder.iterdir() if (found / ROOT).is_file())
    return "" if "://" in name else files.alike(path, stores)


def parsed(location: Location, data: bytes) -> dict[str, Any]:
    """The root metadata that bytes say; StoreError, in one line, if fastdln did not write them."""
    try:
        if sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:
            raise damaged(location, f"it has more than {MOST_VALUES:,} values")
        root: dict[str, Any] = json.loads(data)
        if {"levels", "boundary"} <= root["attributes"].keys() and "sweep" not in root["attributes"]:
            raise StoreError(
                f"{location.name}: holds the levels of a refinement; give one of them, such as {location.name}/1"
            )
        attributes, arrays = root["attributes"], root["consolidated_metadata"]["metadata"]
        if "sweep" not in attributes and DONE_FLAG in arrays:
            raise StoreError(
                f"{location.name}: its root attributes are gone, as when a dataset without attributes was written into it; "
                "restore its zarr.json, and add arrays with ds.assign(...)[[...]].to_zarr(..., mode='a')"
            )
        text = attributes["sweep"]
        if not all(isinstance(attributes.get(name, ""), str) for name in TEXTS):
            raise damaged(location, f"one of {', '.join(TEXTS)} is no text")
        if sha256(text.encode()) != attributes["sweep_sha256"]:
            raise damaged(location, "the sweep is not the one of its sha256")
        if (
            isinstance(json.loads(text), dict)
            and isinstance(attributes, dict)
            and isinstance(arrays, dict)
            and attributes.get("coordinates") in (None, *COORDINATES.values(), *WITH_RATIO.values())
            and all(isinstance(metadata, dict) for metadata in arrays.values())
            and (root["zarr_format"], root["node_type"]) == (3, "group")
        ):
            return root
    except (LookupError, TypeError, AttributeError, RecursionError):
        pass
    except ValueError as error:
        if isinstance(error, StoreError):
            raise
    raise StoreError(
        f"{location.name}: holds something else than a fastdln store; give the path of one, or, to make one, another path with -o"
    )


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def stored_sweep(location: Location, text: str) -> Sweep:
    """The sweep of a store's attribute, which names no files."""
    try:
        return Sweep.stored(text)
    except SweepError as error:
        raise damaged(location, f"its sweep is none: {error}") from None


def read(location: Location, *, code: bool = True, known: Snapshot | None = None) -> Snapshot:
    """Reads a store's metadata and checks them; StoreError if they are not what the sweep in them implies.

    code: whether models and observables of somebody's own must be known here; to be looked at, they need not. known: an
    earlier snapshot, which is returned as it is if nothing has changed since.
    """
    data = read_bytes(location)
    if known is not None and known.sha256 == sha256(data):
        return known
    root = parsed(location, data)
    attributes, arrays = root["attributes"], root["consolidated_metadata"]["metadata"]
    names, said = own_code.missing(attributes), attributes["sweep"]
    if names and (code or foreign.on_axis(said, names)):
        raise StoreError(
            f"{location.name}: was made with {', '.join(name[:64] for name in names[:8])} of somebody's own; give the file with --load, or call fastdln.register"
        )
    sweep = stored_sweep(location, foreign.without(said, names) if names else said)
    try:
        grid = Grid(sweep, *array_metadata.chunk_shapes(arrays.get(DONE_FLAG), len(sweep.axes)))
    except ValueError as error:  # also of sweeps too large for a store
        raise damaged(location, f"{DONE_FLAG} {error}") from None
    if array_metadata.unnumbered(grid, arrays):
        grid = Grid(sweep, grid.chunk_shape, grid.inner_shape, unnumbered=True)
    if reason := array_metadata.fault(grid, arrays):
        raise damaged(location, reason)
    seal = attributes.get("metadata_sha256")
    expected = template.names(grid)
    if seal is not None and seal != template.digest(root, [*expected, *foreign.variables(attributes, names)]):
        raise damaged(location, "it is not what its metadata_sha256 says")
    others = tuple(sorted(arrays.keys() - set(expected)))
    return Snapshot(location, sha256(data), root, grid, others, foreign.as_said(sweep, said) if names else sweep)


def damaged(location: Location, reason: str) -> StoreError:
    return StoreError(f"{location.name}: its {ROOT} is damaged ({reason}); restore it, or give another path with -o")


def chunk_key(grid: Grid, number: int, variable: Variable) -> str:
    """Zarr's key of a variable's chunk; dimensions beyond the grid's are not divided."""
    return "/".join([variable.name, "c", *map(str, grid.index(number)), *["0"] * len(variable.dims)])


def coordinate_key(name: str, metadata: Any) -> str:
    """Zarr's key of the one chunk of a coordinate."""
    return f"{name}/c{metadata['chunk_key_encoding']['configuration']['separator']}0"
