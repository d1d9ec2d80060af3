"""Chunks handed to the threads of this process, one Dask task each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import dask
import dask.system
import dask.threaded

from fastdln.errors import SweepError
from fastdln.execution.events import ChunkDone, ChunkEvent, ChunkFailed, Handler

# Chunks in one Dask graph: enough that the wait for a batch's last chunk does not count, few enough that the graph of
# a billion points never stands in memory at once.
BATCH = 1024


Work = Callable[[int], ChunkDone]


def threads() -> int:
    """How many chunks are computed at once: Dask's own setting `num_workers`, or a thread a core."""
    asked = dask.config.get("num_workers", None)
    if asked is None:
        return int(dask.system.CPU_COUNT)
    if not isinstance(asked, int) or asked < 1:
        raise SweepError(f"num_workers: must be a whole number from 1 on, in Dask's settings (got {asked!r})")
    return asked


def execute(work: Work, numbers: Sequence[int], handler: Handler) -> None:
    """Runs `work` on every chunk number under Dask's threaded scheduler, until the handler says to stop.

    An interrupt is passed on once the running chunks have ended.
    """
    stopped, reporting = threading.Event(), threading.Lock()

    def attempt(number: int) -> None:
        if stopped.is_set():
            return
        event: ChunkEvent
        try:
            event = work(number)
        except Exception as error:
            event = ChunkFailed.by(number, error)
        with reporting:
            if not handler(event):
                stopped.set()

    pool = ThreadPoolExecutor(threads(), thread_name_prefix="fastdln")
    try:
        for first in range(0, len(numbers), BATCH):
            graph = {("chunk", int(number)): (attempt, int(number)) for number in numbers[first : first + BATCH]}
            dask.threaded.get(graph, list(graph), pool=pool)
    finally:
        stopped.set()
        pool.shutdown(wait=True, cancel_futures=True)
