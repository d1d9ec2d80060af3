"""Stores: a Zarr v3 group that holds a sweep's results, whole at every moment and resumable from any.

A chunk counts as computed once its part of `fate` is there: a task writes it last, and it is never all zeros. After an
axis has grown, chunks at its old end may be there in part; the points that are not have the fate 0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from fastdln.errors import StoreError
from fastdln.storage import provenance, template
from fastdln.storage.location import ROOT, WHOLE, Location, Lock, OccupiedError, plain_errors
from fastdln.storage.metadata import MARK, UNREADABLE, Contents, chunk_key, left, missing, read, read_root, stored_sweep
from fastdln.storage.repair import heal
from fastdln.sweep.extensions import own_code
from fastdln.sweep.grid import Grid
from fastdln.sweep.schema import Sweep
from fastdln.sweep.shares import Share

# Every file of a computed chunk is there, so that one that is missing is noticed.
WRITING = {"write_empty_chunks": True}


class Store:
    """An open store; use it in a `with` block, which holds the lock that keeps other runs out."""

    def __init__(self, contents: Contents, lock: Lock | None, durable: bool, new: bool = False) -> None:
        self.contents, self.grid, self.location = contents, contents.grid, contents.location
        self.lock, self._durable, self._new = lock, durable, new
        names = [variable.name for variable in self.grid.sweep.variables]
        arrays = contents.arrays(names, write=True, durable=durable)
        self._arrays = {name: array.with_config(WRITING) for name, array in arrays.items()}

    @classmethod
    def at(
        cls,
        location: Location,
        sweep: Sweep,
        *,
        share: Share | None = None,
        durable: bool = False,
        about: Mapping[str, Any] | None = None,
    ) -> Self:
        """Opens the sweep's store to go on with it, or makes it; refuses whatever else is there.

        share: the chunks to hold, all if left out. about: further root attributes of a new store.
        """
        with plain_errors(location.name, "cannot be written"):
            if not location.occupied():
                grid = Grid(sweep)
                interval = share.interval(grid.chunks) if share else WHOLE
                try:
                    lock = location.create(template.entries(grid, about), interval, durable=durable)
                except OccupiedError:  # another run made it first
                    pass
                else:
                    return cls(read(location), lock, durable, new=True)
            return cls._resume(location, sweep, share, durable)

    @classmethod
    def _resume(cls, location: Location, sweep: Sweep, share: Share | None, durable: bool) -> Self:
        contents = read(location)
        refuse_others(contents, sweep)
        first, beyond = interval = share.interval(contents.grid.chunks) if share else WHOLE
        lock = location.lock(interval)
        try:
            contents = read(location)  # it may have grown before the lock was free
            refuse_others(contents, sweep)
            location.clear_leftovers(others_run=share is not None)
            if first < beyond:
                heal(contents, durable)
            return cls(contents, lock, durable)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def joined(cls, location: Location, sweep_sha256: str, durable: bool) -> Self:
        """The store for a worker of the run that holds the lock."""
        if not location.occupied():
            raise StoreError(
                f"{location.name}: is not seen by this worker; stores are to be where all workers can write"
            )
        contents = read(location)
        if contents.attributes["sweep_sha256"] != sweep_sha256:
            raise StoreError(f"{location.name}: holds another sweep on this worker")
        return cls(contents, None, durable)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.lock:
            self.lock.release()
        self.lock = None

    def left(self) -> np.ndarray:
        """How many points of each chunk are not computed."""
        return left(self.contents)

    def missing(self, number: int) -> np.ndarray:
        """Which points of a chunk are not computed, shaped like the chunk."""
        return missing(self._arrays[MARK], self.grid.slices(number))

    def write(self, slices: tuple[slice, ...], results: Mapping[str, np.ndarray]) -> None:
        """Writes a chunk of every variable, `fate` last."""
        if self.lock:
            self.lock.check()
        if self.grid.sharded:  # Zarr reads a shard before it replaces it, and damaged ones cannot be read
            self._clear(slices)
        for name, array in self._arrays.items():
            if name != MARK:
                array[slices] = results[name]
        self._arrays[MARK][slices] = results[MARK]

    def read(self, slices: tuple[slice, ...]) -> dict[str, np.ndarray] | None:
        """A chunk of every variable; None if one of them is damaged or gone."""
        if any(self.location.size(key) is None for key in self._keys(slices)):
            return None
        try:
            return {name: array[slices] for name, array in self._arrays.items()}
        except UNREADABLE:
            return None

    def _keys(self, slices: tuple[slice, ...]) -> list[str]:
        """Of a chunk's files, `fate` first."""
        number = self.grid.number(slices)
        variables = sorted(self.grid.sweep.variables, key=lambda variable: variable.name != MARK)
        return [chunk_key(self.grid, number, variable) for variable in variables]

    def _clear(self, slices: tuple[slice, ...]) -> None:
        for key in self._keys(slices):
            self.location.delete(key)

    def begin(self) -> str | None:
        """Says in the root attributes that a run computes chunks from now on, and with which versions; returns a line for its
        user where those are others than before."""
        if self._new:
            return None
        root = read_root(self.location)
        attributes = root["attributes"]
        attributes["complete"] = 0  # a finished store may have lost chunks since
        attributes["history"] = provenance.continued(attributes.get("history"))
        self.location.write(ROOT, json.dumps(root, indent=2).encode(), durable=self._durable)
        return provenance.difference(attributes)

    def mark(self, complete: bool) -> None:
        """Says in the root attributes whether every chunk is there."""
        mark(self.location, complete, self._durable)


def mark(location: Location, complete: bool, durable: bool) -> None:
    """Says in the root attributes whether every chunk is there."""
    root = read_root(location)
    if root["attributes"].get("complete") != complete:
        root["attributes"]["complete"] = int(complete)
        location.write(ROOT, json.dumps(root, indent=2).encode(), durable=durable)  # the seal does not cover it


def refuse_others(contents: Contents, sweep: Sweep) -> None:
    """StoreError, naming the keys that differ, if the store has the results of another sweep."""
    attributes, location = contents.attributes, contents.location
    keys = contents.grid.sweep.differing(sweep)
    if keys and "sweep_asked" in attributes:  # the same, but for what rounding did to a range
        keys = keys if stored_sweep(location, attributes["sweep_asked"]).differing(sweep) else []
    if not keys and (names := own_code.others(attributes, sweep)):
        raise StoreError(
            f"{location.name}: was made with another source of {', '.join(names)}; register that one, or give another path with -o"
        )
    if keys:
        hint = ", or lengthen its axes with fastdln extend" if all(key.startswith("axes.") for key in keys) else ""
        raise StoreError(
            f"{location.name}: holds another sweep, with other {', '.join(keys)}; give another path with -o{hint}"
        )
