"""Hands out the chunks of a sweep, one Dask task each, and tells what becomes of them. It never prints."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self

import dask
import dask.system
import dask.threaded

from fastdln.errors import SweepError

# Chunks in one Dask graph: enough that the wait for a batch's last chunk does not count, few enough that the graph of
# a billion points never stands in memory at once.
BATCH = 1024


@dataclass(frozen=True, eq=False)
class ChunkDone:
    """A chunk is computed and stored; times are seconds of the worker's time.perf_counter().

    `points` were computed now, `unconverged` of them without a trustworthy sharpness. `results`: the variables, where
    they are for the caller to store.
    """

    number: int
    points: int
    begun: float
    ended: float
    kernel_seconds: float
    unconverged: int = 0
    worker: str = ""
    results: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class ChunkFailed:
    """A chunk is not computed; the others go on."""

    number: int
    error: BaseException
    traceback: str = field(default="", repr=False)

    @classmethod
    def by(cls, number: int, error: BaseException) -> Self:
        return cls(number, error, "".join(traceback.format_exception(error)))


Event = ChunkDone | ChunkFailed
Work = Callable[[int], ChunkDone]
# Told of each event, one at a time; its answer is whether to go on.
Listener = Callable[[Event], bool]


def threads() -> int:
    """How many chunks are computed at once: Dask's own setting `num_workers`, or a thread a core."""
    asked = dask.config.get("num_workers", None)
    if asked is None:
        return int(dask.system.CPU_COUNT)
    if not isinstance(asked, int) or asked < 1:
        raise SweepError(f"num_workers: must be a whole number from 1 on, in Dask's settings (got {asked!r})")
    return asked


def execute(work: Work, numbers: Sequence[int], listener: Listener) -> None:
    """Runs `work` on every chunk number under Dask's threaded scheduler, until the listener says to stop.

    An interrupt is passed on once the running chunks have ended.
    """
    stopped, reporting = threading.Event(), threading.Lock()

    def attempt(number: int) -> None:
        if stopped.is_set():
            return
        event: Event
        try:
            event = work(number)
        except Exception as error:
            event = ChunkFailed.by(number, error)
        with reporting:
            if not listener(event):
                stopped.set()

    pool = ThreadPoolExecutor(threads(), thread_name_prefix="fastdln")
    try:
        for first in range(0, len(numbers), BATCH):
            graph = {("chunk", int(number)): (attempt, int(number)) for number in numbers[first : first + BATCH]}
            dask.threaded.get(graph, list(graph), pool=pool)
    finally:
        stopped.set()
        pool.shutdown(wait=True, cancel_futures=True)
