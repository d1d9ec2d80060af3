"""Stores: a Zarr v3 group that holds a sweep's results, whole at every moment and resumable from any.

A chunk is done once its part of `fate` is there: a task writes it last, and it is never all zeros. After an axis has grown,
chunks at its old end may be there in part; the points that are not have the fate 0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from fastdln.errors import StoreError
from fastdln.storage import completeness, provenance, template
from fastdln.storage.levels import COMPUTED, LEVEL, LEVELS, checked_level, is_level
from fastdln.storage.location import ROOT, WHOLE, Location, Lock, OccupiedError, plain_errors
from fastdln.storage.metadata import (
    DONE_FLAG,
    UNREADABLE,
    Snapshot,
    chunk_key,
    parsed,
    read,
    read_bytes,
    sha256,
    stored_sweep,
)
from fastdln.storage.repair import repair
from fastdln.sweep.extensions import own_code
from fastdln.sweep.grid import Grid
from fastdln.sweep.schema import Sweep
from fastdln.sweep.shares import Share

# Every file of a computed chunk is there, so that one that is missing is noticed.
WRITING = {"write_empty_chunks": True}


class Store:
    """An open store; use it in a `with` block, which holds the lock that keeps other runs out.

    `snapshot` has the metadata as this run has read or written them last. `of_levels`: whether it may be a level (levels.py),
    which goes on together with the others of its group only.
    """

    of_levels = False

    def __init__(self, snapshot: Snapshot, lock: Lock | None, durable: bool, new: bool = False) -> None:
        self.snapshot, self.grid, self.location = snapshot, snapshot.grid, snapshot.location
        self.name = self.location.name
        self.lock, self._durable, self._new = lock, durable, new
        names = [variable.name for variable in self.grid.sweep.variables]
        if is_level(snapshot):
            names.append(COMPUTED.name)
            checked_level(snapshot)
        arrays = snapshot.arrays(names, write=True, durable=durable)
        self._arrays = {name: array.with_config(WRITING) for name, array in arrays.items()}
        self._computed = self._arrays.pop(COMPUTED.name) if is_level(snapshot) else None

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
                entries = template.entries(grid, about)
                try:
                    lock = location.create(entries, interval, durable=durable)
                except OccupiedError:  # another run made it first
                    pass
                else:
                    root = entries[ROOT]
                    made = Snapshot(location, sha256(root), json.loads(root), grid, (), sweep)
                    return cls(made, lock, durable, new=True)
            return cls._resume(location, sweep, share, durable)

    @classmethod
    def _resume(cls, location: Location, sweep: Sweep, share: Share | None, durable: bool) -> Self:
        before = read(location)
        if is_level(before):
            attributes = checked_level(before).attributes
            if not cls.of_levels:
                raise StoreError(
                    f"{location.name}: is level {attributes[LEVEL]} of {attributes[LEVELS]} of a refinement; only fastdln "
                    "refine --boundary goes on with it"
                )
        require_same_results(before, sweep)
        first, beyond = interval = share.interval(before.grid.chunks) if share else WHOLE
        lock = location.lock(interval)
        try:
            snapshot = read(location, known=before)  # it may have grown before the lock was free
            if snapshot is not before:
                require_same_results(snapshot, sweep)
            location.clear_leftovers(others_run=share is not None)
            if first < beyond:
                repair(snapshot, durable)
            return cls(snapshot, lock, durable)
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
        snapshot = read(location)
        if snapshot.attributes["sweep_sha256"] != sweep_sha256:
            raise StoreError(f"{location.name}: holds another sweep on this worker")
        return cls(snapshot, None, durable)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.lock:
            self.lock.release()
        self.lock = None

    def remaining(self) -> np.ndarray:
        """How many points of each chunk are not computed."""
        return completeness.remaining(self.snapshot)

    def missing(self, number: int) -> np.ndarray:
        """Which points of a chunk are not computed, shaped like the chunk."""
        return completeness.missing(self._arrays[DONE_FLAG], self.grid.slices(number))

    def takes_over(self, number: int) -> bool:
        """Whether points of a chunk that are not missing lie elsewhere, so that it is to be written even if none is."""
        return False

    def write(self, slices: tuple[slice, ...], results: Mapping[str, np.ndarray]) -> None:
        """Writes a chunk of every variable, the done flag last."""
        if self.lock:
            self.lock.check()
        if self.grid.sharded:  # Zarr reads a shard before it replaces it, and damaged ones cannot be read
            self._clear(slices)
        if self._computed is not None:
            self._computed[slices] = 1
        for name, array in self._arrays.items():
            if name != DONE_FLAG:
                array[slices] = results[name]
        self._arrays[DONE_FLAG][slices] = results[DONE_FLAG]

    def read(self, slices: tuple[slice, ...]) -> dict[str, np.ndarray] | None:
        """A chunk of every variable; None if one of them is damaged or not there."""
        if any(self.location.size(key) is None for key in self._keys(slices)):
            return None
        try:
            return {name: array[slices] for name, array in self._arrays.items()}
        except UNREADABLE:
            return None

    def fates(self, slices: tuple[slice, ...]) -> dict[str, np.ndarray] | None:
        """What tells the fates of a chunk's points; None if it cannot be read."""
        try:
            return {name: array[slices] for name, array in self._arrays.items() if name in (DONE_FLAG, "escape_step")}
        except UNREADABLE:
            return None

    def _keys(self, slices: tuple[slice, ...]) -> list[str]:
        """Of a chunk's files, that of the done flag first."""
        number = self.grid.number(slices)
        variables = sorted(self.grid.sweep.variables, key=lambda variable: variable.name != DONE_FLAG)
        return [chunk_key(self.grid, number, variable) for variable in variables]

    def _clear(self, slices: tuple[slice, ...]) -> None:
        for key in self._keys(slices):
            self.location.delete(key)

    def begin(self) -> str | None:
        """Says in the root attributes that a run computes chunks from here on, and with which versions.

        Returns a line for the run's user where those are others than before.
        """
        if self._new:
            return None
        self.snapshot = current(self.snapshot)
        history = provenance.continued(self.snapshot.attributes.get("history"))
        # a finished store may have lost chunks since
        self.snapshot = changed(self.snapshot, {"complete": 0, "history": history}, self._durable)
        return provenance.difference(self.snapshot.attributes)

    def set_complete(self, complete: bool) -> None:
        """Says in the root attributes whether every chunk is there."""
        self.snapshot = set_complete(self.snapshot, complete, self._durable)


def set_complete(snapshot: Snapshot, complete: bool, durable: bool) -> Snapshot:
    """Says in the root attributes whether every chunk is there."""
    snapshot = current(snapshot)
    if snapshot.attributes.get("complete") == complete:
        return snapshot
    return changed(snapshot, {"complete": int(complete)}, durable)  # the seal does not cover it


def changed(snapshot: Snapshot, attributes: Mapping[str, Any], durable: bool) -> Snapshot:
    """Writes root attributes, beside those that are there."""
    root = {**snapshot.root, "attributes": {**snapshot.attributes, **attributes}}
    data = json.dumps(root, indent=2).encode()
    snapshot.location.write(ROOT, data, durable=durable)
    return replace(snapshot, root=root, sha256=sha256(data))


def current(snapshot: Snapshot) -> Snapshot:
    """The snapshot with the root as it lies there: runs of other shares, and people who add arrays, may have written it."""
    data = read_bytes(snapshot.location)
    digest = sha256(data)
    if digest == snapshot.sha256:
        return snapshot
    return replace(snapshot, root=parsed(snapshot.location, data), sha256=digest)


def require_same_results(snapshot: Snapshot, sweep: Sweep) -> None:
    """StoreError, naming the keys that differ, if the store has the results of another sweep."""
    attributes, location = snapshot.attributes, snapshot.location
    keys = snapshot.grid.sweep.differing(sweep)
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
