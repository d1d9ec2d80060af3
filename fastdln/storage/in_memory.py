"""Results kept in memory, with the interface of a store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np

from fastdln.storage.metadata import DONE_FLAG
from fastdln.sweep.grid import Grid
from fastdln.sweep.schema import Sweep


class InMemory:
    """The variables of a sweep as plain arrays; nothing is compressed, checksummed or decoded."""

    name, location, lock = "memory", None, None

    def __init__(self, sweep: Sweep) -> None:
        self.grid = Grid(sweep)
        self.arrays = {
            v.name: np.full(self.grid.shape + tuple(sweep.sizes[dim] for dim in v.dims), v.fill, v.dtype)
            for v in sweep.variables
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """There is nothing to release."""

    def remaining(self) -> np.ndarray:
        """How many points of each chunk are not computed."""
        return np.array([np.count_nonzero(self.missing(number)) for number in range(self.grid.chunks)])

    def missing(self, number: int) -> np.ndarray:
        """Which points of a chunk are not computed, shaped like the chunk."""
        absent: np.ndarray = self.arrays[DONE_FLAG][self.grid.slices(number)] == 0
        return absent

    def takes_over(self, number: int) -> bool:
        """Never: all points that are known lie here."""
        return False

    def read(self, slices: tuple[slice, ...]) -> dict[str, np.ndarray]:
        """A chunk of every variable."""
        return {name: array[slices].copy() for name, array in self.arrays.items()}

    def fates(self, slices: tuple[slice, ...]) -> dict[str, np.ndarray]:
        """What tells the fates of a chunk's points."""
        return self.read(slices)

    def write(self, slices: tuple[slice, ...], results: Mapping[str, np.ndarray]) -> None:
        """Takes a chunk of every variable in, the done flag last."""
        for name, array in self.arrays.items():
            if name != DONE_FLAG:
                array[slices] = results[name]
        self.arrays[DONE_FLAG][slices] = results[DONE_FLAG]

    def begin(self) -> None:
        """Does nothing: there are no attributes to change."""

    def set_complete(self, complete: bool) -> None:
        """Does nothing: an incomplete run raises."""
