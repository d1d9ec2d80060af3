"""Stores: a Zarr v3 group that holds a sweep's results, whole at every moment and resumable from any.

A chunk counts as computed once its part of `fate` is there: a task writes it last, and it is never all zeros, so that
Zarr always writes it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import time
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import numpy as np
import zarr
from zarr.codecs import ZstdCodec
from zarr.storage import LocalStore, MemoryStore

from fastdln.axes import swept_mode
from fastdln.errors import IncompleteError, StoreError
from fastdln.grid import Grid
from fastdln.sweep import Sweep

try:
    import fcntl
except ImportError:  # no POSIX locks on this platform: two runs on one store are then not told apart
    fcntl = None  # type: ignore[assignment]  # a module where there are locks

MARK = "fate"

# A draft is locked as soon as it is there; one that is older than this and not locked was left by a kill.
DRAFT_SECONDS = 60.0

LIBRARIES = ("numba", "numpy", "xarray", "zarr")
AXIS_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "eta": {"long_name": "learning rate", "units": "1"},
    "alpha": {"long_name": "initialization scale", "units": "1"},
    "depth": {"long_name": "number of layers", "units": "1"},
    "seed": {"long_name": "seed of the random start", "units": "1"},
}


class Store:
    """An open store; use it in a `with` block, which holds the lock that keeps other runs out."""

    def __init__(self, group: zarr.Group, grid: Grid, path: Path | None, lock: int | None) -> None:
        self.group, self.grid, self.path, self._lock = group, grid, path, lock
        self._arrays: dict[str, Any] = {v.name: group[v.name] for v in grid.sweep.variables}

    @classmethod
    def in_memory(cls, sweep: Sweep) -> Self:
        grid = Grid(sweep)
        return cls(make_template(MemoryStore(), grid), grid, None, None)

    @classmethod
    def on_disk(cls, path: str | Path, sweep: Sweep) -> Self:
        """Opens the sweep's store at `path` to go on with it, or makes it; refuses whatever else is there."""
        path = Path(path)
        with plain_errors(path, "cannot be written"):
            if not occupied(path):
                with contextlib.suppress(OccupiedError):
                    return cls._create(path.resolve(), Grid(sweep))
            return cls._resume(path, sweep)

    @classmethod
    def _resume(cls, path: Path, sweep: Sweep) -> Self:
        attributes = read_attributes(path)
        if attributes["sweep_sha256"] != sweep.sha256():
            keys = differing(json.loads(attributes["sweep"]), json.loads(sweep.canonical()))
            raise StoreError(f"{path}: holds another sweep, with other {', '.join(keys)}; give another path with -o")
        if not os.access(path, os.W_OK):
            raise StoreError(f"{path}: cannot be written: {os.strerror(errno.EACCES)}")
        lock = take_lock(path)
        try:
            clear_leftovers(path)
            group = zarr.open_group(LocalStore(path), mode="r+")
            return cls(group, Grid(sweep, chunk_shape(group, sweep)), path, lock)
        except BaseException:
            release(lock)
            raise

    @classmethod
    def _create(cls, path: Path, grid: Grid) -> Self:
        """Makes the template beside the path and moves it there whole, so that no half-made store is ever seen."""
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_abandoned(path)
        draft = path.with_name(f"{draft_prefix(path)}{uuid4().hex}")
        draft.mkdir()
        lock = take_lock(draft)
        try:
            make_template(LocalStore(draft), grid)
            draft.rename(path)
        except BaseException as error:
            shutil.rmtree(draft, ignore_errors=True)
            release(lock)
            if isinstance(error, OSError) and occupied(path):  # another run made it first
                raise OccupiedError from None
            raise
        return cls(zarr.open_group(LocalStore(path), mode="r+"), grid, path, lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        release(self._lock)
        self._lock = None

    def done(self) -> np.ndarray:
        """Which chunks are computed: a bool for each number, from one listing of the marks."""
        return computed(self.path, self.grid) if self.path else np.zeros(self.grid.chunks, dtype=bool)

    def write(self, slices: tuple[slice, ...], results: Mapping[str, np.ndarray]) -> None:
        """Writes a chunk of every variable, `fate` last."""
        for name, array in self._arrays.items():
            if name != MARK:
                array[slices] = results[name]
        self._arrays[MARK][slices] = results[MARK]

    def mark(self, complete: bool) -> None:
        """Says in the root attributes whether every chunk is there."""
        if self.group.attrs.get("complete") is not complete:
            self.group.update_attributes({"complete": complete})


class OccupiedError(Exception):
    """Something came to be at the path while a store was being made for it."""


@contextlib.contextmanager
def plain_errors(path: Path, what: str) -> Iterator[None]:
    """What the file system refuses, as one line; a full disk is no fault of the input."""
    try:
        yield
    except OSError as error:
        message = f"{path}: {what}: {error.strerror or error}"
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise (IncompleteError if full else StoreError)(message) from None


def occupied(path: Path) -> bool:
    """Whether anything is at the path; an empty folder is as good as nothing."""
    return any(path.iterdir()) if path.is_dir() else path.exists()


def read_attributes(path: Path) -> dict[str, Any]:
    """Root attributes of the store at `path`; StoreError, in one line, if fastdln did not make it."""
    with plain_errors(path, "cannot be read"):
        if path.is_file():
            raise StoreError(f"{path}: is a file; a store is a folder")
        if not path.is_dir():
            raise StoreError(f"{path}: there is no store")
        try:
            attributes: dict[str, Any] = json.loads((path / "zarr.json").read_bytes())["attributes"]
            if isinstance(json.loads(attributes["sweep"]), dict) and isinstance(attributes["sweep_sha256"], str):
                return attributes
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            pass
    raise StoreError(f"{path}: holds something else than a fastdln store; give another path with -o")


def read_sweep(path: Path) -> Sweep:
    """The sweep that a store was made from."""
    return Sweep(**json.loads(read_attributes(path)["sweep"]))


def read_grid(path: Path) -> Grid:
    """The grid of an existing store, in its own chunks."""
    sweep = read_sweep(path)
    return Grid(sweep, chunk_shape(zarr.open_group(LocalStore(path, read_only=True), mode="r"), sweep))


def chunk_shape(group: zarr.Group, sweep: Sweep) -> tuple[int, ...]:
    mark: Any = group[MARK]
    return tuple(mark.chunks[: len(sweep.axes)])


def computed(path: Path, grid: Grid) -> np.ndarray:
    """Which chunks of the store at `path` are computed: a bool for each number, from one listing."""
    done, root = np.zeros(grid.chunks_along, dtype=bool), path / MARK / "c"
    for folder, _, files in os.walk(root):
        place = Path(folder).relative_to(root).parts
        for name in files:
            if name.isdecimal() and len(place) + 1 == done.ndim:
                done[(*map(int, place), int(name))] = True
    return done.ravel()


def differing(old: Any, new: Any, key: str = "") -> Iterator[str]:
    """Keys, dotted, in which two canonical sweeps differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from differing(old.get(name), new.get(name), f"{key}.{name}".lstrip("."))
        if old == new and list(old) != list(new):
            yield f"{key} (in another order)"
    elif old != new:
        yield key


def make_template(place: LocalStore | MemoryStore, grid: Grid) -> zarr.Group:
    """Every array of the sweep, empty, with coordinates and attributes; the sweep's sha256 comes last."""
    sweep = grid.sweep
    group = zarr.create_group(place, zarr_format=3)
    codec = ZstdCodec(level=1, checksum=True)  # without the checksum most flipped bits go unnoticed
    for variable in sweep.variables:
        beyond = tuple(sweep.sizes[dim] for dim in variable.dims)
        group.create_array(
            variable.name,
            shape=grid.shape + beyond,
            chunks=grid.chunk_shape + beyond,
            dtype=variable.dtype,
            fill_value=variable.undefined,
            compressors=[codec],
            dimension_names=(*grid.dims, *variable.dims),
            attributes=variable_attributes(variable) | sampling_attributes(variable, sweep),
        )
    for name, values, dim, attributes in coordinate_arrays(grid):
        array = group.create_array(
            name,
            shape=values.shape,
            chunks=values.shape,
            dtype=values.dtype,
            compressors=[codec],
            dimension_names=(dim,),
            attributes=attributes,
        )
        array[:] = values
    group.update_attributes(root_attributes(sweep))
    with warnings.catch_warnings():
        # Zarr v3 does not specify consolidated metadata yet; xarray reads it, and without it asks for every array.
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(place)
    return zarr.open_group(place, mode="r+")


def coordinate_arrays(grid: Grid) -> Iterator[tuple[str, np.ndarray, str, dict[str, Any]]]:
    swept = [mode for name in grid.dims if (mode := swept_mode(name)) is not None]
    for name, values in grid.coordinates.items():
        mode = swept_mode(name)
        about: dict[str, Any] = (
            {"long_name": f"singular value {mode + 1} of the target", "units": "1"} if mode is not None else {}
        )
        yield name, values, name, AXIS_ATTRIBUTES.get(name, about)
    dims = {dim for variable in grid.sweep.variables for dim in variable.dims}
    sizes, every = grid.sweep.sizes, grid.sweep.trajectory or 1
    if "layer" in dims:
        yield (
            "layer",
            np.arange(1, sizes["layer"] + 1),
            "layer",
            {"long_name": "layer, 1 next to the input", "units": "1"},
        )
    if "eigenvalue" in dims:
        about_them = {"long_name": "eigenvalue, 1 the largest", "units": "1"}
        yield "eigenvalue", np.arange(1, sizes["eigenvalue"] + 1), "eigenvalue", about_them
    if "step" in dims:
        yield "step", every * np.arange(sizes["step"]), "step", {"long_name": "number of the state", "units": "steps"}
    singular_values = np.array(grid.sweep.target.singular_values)
    singular_values[swept] = np.nan
    about = {"long_name": "singular value of the target", "units": "1"}
    if swept:
        about["comment"] = "NaN where an axis sets it."
    yield "singular_value", singular_values, "mode", about


def variable_attributes(variable: Any) -> dict[str, Any]:
    attributes: dict[str, Any] = {"long_name": variable.long_name, "units": variable.units}
    if variable.comment:
        attributes["comment"] = variable.comment
    if variable.flags:
        attributes["flag_values"] = list(variable.flags)
        attributes["flag_meanings"] = " ".join(variable.flags.values())
    return attributes


def sampling_attributes(variable: Any, sweep: Sweep) -> dict[str, Any]:
    """`sharpness_every`, on the variables that it thins out."""
    sampled = any(family.sampled and variable in family.variables for family in sweep.families)
    return {"sharpness_every": sweep.sharpness_every} if sampled else {}


def root_attributes(sweep: Sweep) -> dict[str, Any]:
    source = f"fastdln {version('fastdln')}"
    return {
        "title": sweep.title,
        "Conventions": "CF-1.11",
        "source": source,
        "history": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} created by {source}",
        **{f"{name}_version": version(name) for name in LIBRARIES},
        "coordinates": "singular_value",  # tells xarray that it is no data variable
        "complete": False,
        "sweep": sweep.canonical(),
        "sweep_sha256": sweep.sha256(),
    }


def take_lock(folder: Path) -> int | None:
    """An exclusive lock on the folder itself: it leaves no file behind, and frees itself however the process ends."""
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise StoreError(f"{folder}: is in use by another run") from None
    return handle


def release(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def clear_leftovers(path: Path) -> None:
    """Removes the temporary files of writes that were killed."""
    for file in path.rglob("*.partial"):
        file.unlink(missing_ok=True)


def draft_prefix(path: Path) -> str:
    """How drafts of this store begin: short, so that any name that the file system takes has room for one."""
    return f".fastdln-{hashlib.sha256(path.name.encode()).hexdigest()[:12]}-"


def clear_abandoned(path: Path) -> None:
    """Removes drafts of this store whose makers were killed; those still being made are locked, or very young."""
    for draft in path.parent.glob(f"{draft_prefix(path)}*"):
        with contextlib.suppress(StoreError, OSError):
            if time.time() - draft.stat().st_mtime > DRAFT_SECONDS:
                lock = take_lock(draft)
                shutil.rmtree(draft, ignore_errors=True)
                release(lock)
