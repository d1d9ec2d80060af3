"""One level of a group, open: its points are computed, taken over from the level before, or inherited."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fastdln.storage.levels import COMPUTED, LEVELS, computed_chunks, followed, is_level
from fastdln.storage.metadata import DONE_FLAG, UNREADABLE, Snapshot, chunk_key
from fastdln.storage.store import Store, changed, current
from fastdln.sweep.grid import Grid
from fastdln.sweep.levels import halved_axes, keeps_values


@dataclass(frozen=True, eq=False)
class LevelBefore:
    """The level, or the store, that a level was halved from: its points are every second one of the level."""

    snapshot: Snapshot
    halved: tuple[bool, ...]
    same_values: bool

    @cached_property
    def arrays(self) -> dict[str, Any]:
        """Zarr's arrays of this level, opened once."""
        names = [variable.name for variable in self.snapshot.grid.sweep.variables]
        return self.snapshot.arrays([*names, COMPUTED.name] if is_level(self.snapshot) else names)

    @classmethod
    def of(cls, snapshot: Snapshot, grid: Grid) -> LevelBefore:
        """Of a level with this grid."""
        names = halved_axes(snapshot.grid.sweep)
        return cls(snapshot, tuple(dim in names for dim in grid.dims), keeps_values(snapshot.grid.sweep, grid.sweep))

    def shared(self, slices: tuple[slice, ...]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """Where those of a block's points lie that this level has: in the block, and in this level's grid."""
        here, there = [], []
        for part, halved in zip(slices, self.halved, strict=True):
            size, first = part.stop - part.start, part.start % 2 if halved else 0
            here.append(slice(first, size, 2 if halved else 1))
            there.append(slice((part.start + 1) // 2, (part.stop + 1) // 2) if halved else part)
        return tuple(here), tuple(there)

    def computed(self, there: tuple[slice, ...]) -> np.ndarray:
        """Which points of a block of this level are computed."""
        if not is_level(self.snapshot):
            return np.ones([part.stop - part.start for part in there], dtype=bool)
        found: np.ndarray = self.arrays[COMPUTED.name][there] == 1
        return found

    def near(self, slices: tuple[slice, ...]) -> tuple[slice, ...]:
        """The one point of this level, along halved axes, whose codes a chunk that lies there inherits."""
        return tuple(
            slice(part.start // 2, part.start // 2 + 1) if halved else part
            for part, halved in zip(slices, self.halved, strict=True)
        )


class LevelStore(Store):
    """A level as a run computes chosen chunks of it; points that the level before has computed are not computed again."""

    of_levels = True
    before: LevelBefore
    boundary: str
    _continued = False
    _left: np.ndarray | None = None

    def attach(self, before: Snapshot, boundary: str) -> None:
        """Says what the level was halved from, and which variable's boundary is followed."""
        self.before, self.boundary = LevelBefore.of(before, self.grid), boundary

    def begin(self) -> str | None:
        """As of a store, once however many runs it takes."""
        said = None if self._continued else super().begin()
        self._continued = True
        return said

    def remaining(self) -> np.ndarray:
        """How many points of each chunk are not computed; those of inherited ones are not.

        Listed once, since a level takes many small runs, and counted from there on.
        """
        if self._left is None:
            self._left = np.where(computed_chunks(self.snapshot).ravel(), super().remaining(), self.grid.sizes())
        return self._left.copy()

    def list_again(self) -> None:
        """Forgets what is there, after others have written."""
        self._left = None

    def write(self, slices: tuple[slice, ...], results: Mapping[str, np.ndarray]) -> None:
        """Writes a chunk of every variable, the done flag last."""
        super().write(slices, results)
        if self._left is not None:
            self._left[self.grid.number(slices)] = 0

    def missing(self, number: int) -> np.ndarray:
        """Which points of a chunk are not computed, here or on the level before."""
        absent = super().missing(number)
        if self.takes_over(number):
            absent[...] = True
        if absent.all() and self.before.same_values:
            here, there = self.before.shared(self.grid.slices(number))
            with suppress(*UNREADABLE):
                absent[here] = ~self.before.computed(there)
        return absent

    def takes_over(self, number: int) -> bool:
        """Whether a chunk is not there yet as a computed one: what is known of it lies on the level before."""
        fate = next(variable for variable in self.grid.sweep.variables if variable.name == DONE_FLAG)
        return any(self.location.size(chunk_key(self.grid, number, variable)) is None for variable in (COMPUTED, fate))

    def read(self, slices: tuple[slice, ...]) -> dict[str, np.ndarray] | None:
        """A chunk of every variable: as it is there, or those of its points that the level before has."""
        found = super().read(slices)
        if found is not None or not self.before.same_values:
            return found
        here, there = self.before.shared(slices)
        variables = self.grid.sweep.variables
        try:
            found = {}
            for variable in variables:
                values = self.before.arrays[variable.name][there]
                shape = [part.stop - part.start for part in slices] + list(values.shape[len(slices) :])
                found[variable.name] = np.full(shape, variable.fill, variable.dtype)
                found[variable.name][here] = values
        except UNREADABLE:
            return None
        return found

    def inherited(self, number: int) -> dict[str, np.ndarray]:
        """The codes that a chunk inherits, those of the boundary and the fate, shaped like it."""
        slices = self.grid.slices(number)
        shape, near = [part.stop - part.start for part in slices], self.before.near(slices)
        codes_there = {name: self.before.arrays[name][near] for name in followed(self.boundary)}
        return {name: np.broadcast_to(a, [*shape, *a.shape[len(shape) :]]) for name, a in codes_there.items()}

    def inherit(self, number: int) -> None:
        """Writes what a chunk inherits, the done flag last."""
        if self.lock:
            self.lock.check()
        slices = self.grid.slices(number)
        for name, values in self.inherited(number).items():
            self._arrays[name][slices] = values

    def codes(self, slices: tuple[slice, ...]) -> dict[str, np.ndarray]:
        """The followed codes of a block, as they are there."""
        return {name: self._arrays[name][slices] for name in followed(self.boundary)}

    def set_levels(self, levels: int) -> None:
        """Says how many levels the group has, which may have become more."""
        if self.snapshot.attributes.get(LEVELS) != levels:
            self.snapshot = changed(current(self.snapshot), {LEVELS: levels}, self._durable)

    def conclude(self, attributes: Mapping[str, Any]) -> None:
        """Says that the level is complete, and what came of it."""
        said = {"complete": 1, **attributes}
        self.snapshot = current(self.snapshot)
        if any(self.snapshot.attributes.get(key) != value for key, value in said.items()):
            self.snapshot = changed(self.snapshot, said, self._durable)
