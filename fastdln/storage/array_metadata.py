"""Checks of a store's metadata of arrays: they must be what the sweep implies, before anything is read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np

from fastdln.observables import Variable
from fastdln.storage.template import TEXT, attributes_of, coordinate_arrays
from fastdln.sweep.grid import Grid

# Attributes for people, who may change them, as other versions of the program do.
FREE_TEXT = frozenset({"long_name", "comment"})

ZSTD, CRC32C = {"name": "zstd", "configuration": {"level": 1, "checksum": True}}, {"name": "crc32c"}
VARIABLE_LENGTH = {"name": "vlen-utf8", "configuration": {}}
INDEX = [{"name": "bytes", "configuration": {"endian": "little"}}, CRC32C]

# zstd and the checksums add a few bytes to what they cannot compress; a shard has an index besides.
OVERHEAD = 1.1
LEAST_LIMIT = 2**16

# Other people's arrays are read if all of one chunk, or a coordinate, which xarray loads at once, fit in so many bytes, and
# are in no more files than take a moment to look for.
LARGEST_OTHER = 2**28
MOST_FILES = 10_000
PLAIN_CODECS = {("bytes",), ("bytes", "zstd"), ("bytes", "crc32c"), ("bytes", "zstd", "crc32c")}
PLAIN_TYPES = frozenset({"bool", *(f"{kind}{8 * size}" for kind in ("int", "uint") for size in (1, 2, 4, 8))})
PLAIN_TYPES |= {"float32", "float64"}
SCALES = ("scale_factor", "add_offset")


def chunk_shapes(metadata: Any, axes: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Chunk and, of shards, inner chunk along the first dimensions; ValueError if the metadata do not say."""
    try:
        outer = inner = metadata["chunk_grid"]["configuration"]["chunk_shape"]
        codec = metadata["codecs"][0]
        if codec["name"] == "sharding_indexed":
            inner = codec["configuration"]["chunk_shape"]
        shapes = tuple(outer[:axes]), tuple(inner[:axes])
    except (TypeError, KeyError, IndexError):
        raise ValueError("has no chunk shape") from None
    if not all(type(size) is int and size > 0 for size in chain(*shapes)) or {*map(len, shapes)} != {axes}:
        raise ValueError("has a chunk shape that makes no sense")
    return shapes


def codecs(dtype: Any, inner: Iterable[int] | None = None) -> list[dict[str, Any]]:
    """The codecs of an array as Zarr writes them; `inner`: the shape of the chunks of a shard."""
    if np.dtype(dtype).kind == "U":
        return [VARIABLE_LENGTH, ZSTD, CRC32C]
    plain = {"name": "bytes"} | ({"configuration": {"endian": "little"}} if np.dtype(dtype).itemsize > 1 else {})
    chain_: list[dict[str, Any]] = [plain, ZSTD, CRC32C]
    if inner is None:
        return chain_
    configuration = {"chunk_shape": list(inner), "codecs": chain_, "index_codecs": INDEX, "index_location": "end"}
    return [{"name": "sharding_indexed", "configuration": configuration}]


def described(grid: Grid) -> Iterator[tuple[str, dict[str, Any], tuple[str, ...]]]:
    """Every array's name, its metadata, and the JSON of the fill values that it may have."""
    sweep = grid.sweep
    for variable in sweep.variables:
        beyond = tuple(sweep.sizes[dim] for dim in variable.dims)
        inner = grid.inner_shape + beyond if grid.sharded else None
        attributes = attributes_of(variable, grid)
        dims = (*grid.dims, *variable.dims)
        metadata = array(variable.dtype, grid.shape + beyond, grid.chunk_shape + beyond, inner, dims, attributes)
        yield variable.name, metadata, fills(variable)
    for name, values, dim, about in coordinate_arrays(grid):
        fill = ('""',) if values.dtype.kind == "U" else ("0", "0.0")
        yield name, array(values.dtype, values.shape, values.shape, None, (dim,), about), fill


def fills(variable: Variable) -> tuple[str, ...]:
    return tuple('"NaN"' if isinstance(fill, float) else json.dumps(fill) for fill in variable.fills)


def array(
    dtype: Any,
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    inner: tuple[int, ...] | None,
    dims: tuple[str, ...],
    attributes: Mapping[str, Any],
) -> dict[str, Any]:
    """An array's metadata but for what `fault` looks at by itself."""
    return {
        "zarr_format": 3,
        "node_type": "array",
        "data_type": TEXT if np.dtype(dtype).kind == "U" else np.dtype(dtype).name,
        "shape": list(shape),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
        "codecs": codecs(dtype, inner),
        "dimension_names": list(dims),
        "attributes": dict(attributes),
    }


def fault(grid: Grid, arrays: Mapping[str, Any]) -> str | None:
    """The first difference from what the sweep implies, in words; None if there is none."""
    axes = {name for name, *_ in coordinate_arrays(grid)}
    for name, wanted, fill_values in described(grid):
        found = arrays.get(name)
        if not isinstance(found, dict):
            return f"the array {name} is missing"
        if key := differing_key(found, wanted, fill_values, separators="./" if name in axes else "/"):
            return f"{key} of the array {name} is not what the sweep implies"
    return None


def unnumbered(grid: Grid, arrays: Mapping[str, Any]) -> bool:
    """Whether a store is of an earlier version, which numbers no modes: `mode` is missing, or is a stranger's array."""
    found = arrays.get("mode")
    wanted, fill_values = next((metadata, fills) for name, metadata, fills in described(grid) if name == "mode")
    return not isinstance(found, dict) or bool(differing_key(found, wanted, fill_values, separators="./"))


def differing_key(
    found: Mapping[str, Any], wanted: Mapping[str, Any], fill_values: tuple[str, ...], separators: str
) -> str:
    """The first key in which an array's metadata are not as wanted; empty if there is none."""
    own = {"fill_value": fill_values, "storage_transformers": ("[]", "null")}
    own["chunk_key_encoding"] = tuple(
        text({"name": "default", "configuration": {"separator": separator}}) for separator in separators
    )
    for key in [*wanted, *own, *(key for key in found if key not in wanted)]:
        if key == "attributes":
            if not same_attributes(found.get(key, {}), wanted[key]):
                return key
        elif text(found.get(key)) not in own.get(key, (text(wanted.get(key)),)):
            # coordinates may change their key's separator, and nothing else may be left out
            return key
    return ""


def same_attributes(found: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether they are the same, but for text that is there for people."""
    if not isinstance(found, dict):
        return False
    for key in {*found, *wanted}:
        if key in FREE_TEXT:
            if not isinstance(found.get(key, ""), str):
                return False
        elif text(found.get(key)) != text(wanted.get(key)):
            return False
    return True


def text(value: Any) -> str:
    """A value as JSON, in which 1 and true, and 1 and 1.0, differ."""
    return json.dumps(value, sort_keys=True)


def chunk_bytes(grid: Grid) -> dict[str, int]:
    """The bytes of a decoded chunk, or shard, of each array."""
    sizes, points = grid.sweep.sizes, math.prod(grid.chunk_shape)
    found = {
        variable.name: points * math.prod(sizes[dim] for dim in variable.dims) * np.dtype(variable.dtype).itemsize
        for variable in grid.sweep.variables
    }
    texts = {name: len(data) for name, data in encoded_texts(grid).items()}
    return found | {name: values.nbytes for name, values, *_ in coordinate_arrays(grid)} | texts


def encoded_texts(grid: Grid) -> dict[str, bytes]:
    """The coordinates that are text, as their chunk decodes: the number of texts, then of each its length and its UTF-8."""

    def counted(data: bytes) -> bytes:
        return len(data).to_bytes(4, "little") + data

    return {
        name: len(values).to_bytes(4, "little") + b"".join(counted(str(text).encode()) for text in values)
        for name, values, *_ in coordinate_arrays(grid)
        if values.dtype.kind == "U"
    }


def limits(grid: Grid) -> dict[str, int]:
    """The most bytes that a file of each array can have."""
    return {name: largest_file(size) for name, size in chunk_bytes(grid).items()}


def largest_file(size: int) -> int:
    """The most bytes of a file that decodes to so many."""
    return int(OVERHEAD * size) + LEAST_LIMIT


def decoded(grid: Grid) -> dict[str, tuple[int, int]]:
    """What each frame of zstd in an array's files decodes to, and how many a shard has; 0 where a file is one frame."""
    variables = {variable.name for variable in grid.sweep.variables} if grid.sharded else set()
    inner = math.prod(grid.chunk_shape) // math.prod(grid.inner_shape)
    return {
        name: (size // inner, inner) if name in variables else (size, 0) for name, size in chunk_bytes(grid).items()
    }


def chunk_of_other(metadata: Any) -> int:
    """The bytes of a decoded chunk of an array that is not of the sweep."""
    chunks = metadata["chunk_grid"]["configuration"]["chunk_shape"]
    return int(np.dtype(metadata["data_type"]).itemsize * math.prod(chunks))


def readable(metadata: Any, grid: Grid, sizes: Mapping[str, int]) -> bool:
    """Whether an array that is not of the sweep, a user's own, can be read without harm beside those that are.

    sizes: of the dimensions that the sweep's arrays have.
    """
    try:
        shape, dims = metadata["shape"], metadata.get("dimension_names") or []  # a single number has none
        chunks = metadata["chunk_grid"]["configuration"]["chunk_shape"]
        if not (
            metadata["data_type"] in PLAIN_TYPES
            and metadata["zarr_format"] == 3
            and metadata["node_type"] == "array"
            and metadata["chunk_grid"]["name"] == "regular"
            and len(shape) == len(dims) == len(chunks)
            and all(type(n) is int and n > 0 for n in (*shape, *chunks))
            and all(isinstance(dim, str) and sizes.get(dim, n) == n for dim, n in zip(dims, shape, strict=True))
            and tuple(codec["name"] for codec in metadata["codecs"]) in PLAIN_CODECS
            and all(type(metadata["attributes"].get(key, 1.0)) in (int, float) for key in SCALES)
        ):
            return False
        files, size = math.prod(-(-n // c) for n, c in zip(shape, chunks, strict=True)), chunk_of_other(metadata)
        if len(shape) > 1:  # in as many files as the sweep's own, at most
            return bool(size <= LARGEST_OTHER and files <= max(MOST_FILES, grid.chunks))
        return bool(files * size <= LARGEST_OTHER and files <= MOST_FILES)
    except (TypeError, KeyError, AttributeError, ValueError, OverflowError):
        return False
