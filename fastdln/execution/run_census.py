"""The census of a run: counted chunk by chunk as they come, and of chunks that were there before, read at the end."""

from __future__ import annotations

import os
import platform
import time

import numpy as np

from fastdln.analysis.fate_census import Census, conclude
from fastdln.analysis.fate_counter import Tally
from fastdln.execution.events import ChunkDone
from fastdln.execution.task import counted, fate_counter
from fastdln.observables.fate import NOT_COMPUTED
from fastdln.storage.in_memory import InMemory
from fastdln.storage.location import storage_error
from fastdln.storage.store import Store

# Reading chunks of earlier runs may take so long, or so much of what the run took; nobody waits longer for a line.
SECONDS, SHARE = 1.0, 0.01


class RunCensus:
    """Counts the points of a run's share of a store."""

    def __init__(self, target: Store | InMemory) -> None:
        self.target, self.grid = target, target.grid
        self.counter, self.tally = fate_counter(target.grid), Tally()

    def begin(self, numbers: np.ndarray, remaining: np.ndarray) -> None:
        """Takes the numbers of the share's chunks, and how many points of each chunk of the grid are not computed."""
        self.numbers, self.remaining = numbers, remaining
        self.counted = np.zeros(self.grid.chunks, dtype=bool)

    def add(self, event: ChunkDone) -> None:
        """Takes a chunk that is computed."""
        if event.tally is not None:
            self.tally.add(event.tally)
            self.counted[event.number] = True

    def conclude(self, seconds: float, state: str) -> Census | None:
        """The census at the end of a run that took so long; None where to read the chunks of earlier runs would take long."""
        others, sizes = self.numbers[~self.counted[self.numbers]], self.grid.sizes()
        empty = self.remaining[others] == sizes[others]
        self.tally.counts[NOT_COMPUTED] += int(sizes[others[empty]].sum())
        there = others[~empty]
        if there.size and state == "stopped":  # by the storage, perhaps
            return None
        deadline = time.monotonic() + max(SECONDS, SHARE * seconds * (state != "interrupted"))
        for number in there.tolist():
            if time.monotonic() > deadline or not self._read(number):
                return None
        return conclude(self.counter, self.tally, int(sizes[self.numbers].sum()))

    def _read(self, number: int) -> bool:
        """Counts a chunk of the store; False if the storage refuses."""
        slices = self.grid.slices(number)
        try:
            fates = self.target.fates(slices)
        except Exception as error:
            if storage_error(error):
                return False
            raise
        if fates is None:
            self.tally.counts[NOT_COMPUTED] += int(self.grid.sizes()[number])
        else:
            self.tally.add(counted(self.counter, self.grid, slices, fates))
        return True


def machine() -> str:
    """The platform and its processors, in words."""
    processors = os.cpu_count() or 1
    return f"{platform.platform()}, {processors} processor{'s' * (processors != 1)}, Python {platform.python_version()}"
