"""Hands out the chunks of a sweep, one Dask task each, and tells what becomes of them. It never prints."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dask
import dask.system
import dask.threaded

# Chunks in one Dask graph: enough that the wait for a batch's last chunk does not count, few enough that the graph of
# a billion points never stands in memory at once.
BATCH = 1024


@dataclass(frozen=True)
class ChunkDone:
    """A chunk is computed and stored; times are seconds of time.perf_counter(), `unconverged` counts points."""

    number: int
    points: int
    begun: float
    ended: float
    kernel_seconds: float
    unconverged: int = 0


@dataclass(frozen=True)
class ChunkFailed:
    """A chunk is not computed; the others go on, unless the error is the store's."""

    number: int
    error: Exception


Event = ChunkDone | ChunkFailed


def threads() -> int:
    """How many chunks are computed at once: Dask's own setting `num_workers`, or a thread a core."""
    return int(dask.config.get("num_workers", None) or dask.system.CPU_COUNT)


def execute(work: Callable[[int], ChunkDone], numbers: Sequence[int], on_event: Callable[[Event], None]) -> None:
    """Runs `work` on every chunk number under Dask's threaded scheduler and reports each to `on_event`, one at a time.

    A failed write (OSError) stops the handing out, since the next would fail too; so does an interrupt, which is passed
    on once the running chunks have ended.
    """
    stopped, reporting = threading.Event(), threading.Lock()

    def attempt(number: int) -> None:
        if stopped.is_set():
            return
        event: Event
        try:
            event = work(number)
        except Exception as error:
            if isinstance(error, OSError):
                stopped.set()
            event = ChunkFailed(number, error)
        with reporting:
            on_event(event)

    pool = ThreadPoolExecutor(threads(), thread_name_prefix="fastdln")
    try:
        for first in range(0, len(numbers), BATCH):
            graph = {("chunk", int(number)): (attempt, int(number)) for number in numbers[first : first + BATCH]}
            dask.threaded.get(graph, list(graph), pool=pool)
    finally:
        stopped.set()
        pool.shutdown(wait=True, cancel_futures=True)
