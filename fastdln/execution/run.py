"""A run from what is left to what is done: hands the chunks out, counts, logs, reports, and decides when to stop."""

from __future__ import annotations

import errno
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdln.errors import SHORT_OF_MEMORY, ClusterError, IncompleteError, StoreError, first_line, short_of_memory
from fastdln.execution import log
from fastdln.execution.compile_ahead import compile_all
from fastdln.execution.pace import Pace
from fastdln.execution.plan import long_warnings
from fastdln.execution.progress import Report, reporter
from fastdln.execution.task import Task
from fastdln.execution.threads import ChunkDone, ChunkFailed, Event, execute, threads
from fastdln.execution.worker import Order, compute_chunk, work
from fastdln.storage.location import plain_errors, storage_error
from fastdln.storage.store import Store
from fastdln.sweep.plateaus import plateau_warnings
from fastdln.sweep.shares import Share

# What will not be better for the next chunk.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
# A location that refused so many chunks, one after the other, is not coming back during this run.
REFUSALS = 8
# Different failures that the last message names; the log has all of them.
FAILURES_NAMED = 3


@dataclass(frozen=True, eq=False)
class Manner:
    """How a run goes about its work; none of it changes the results.

    client: of a cluster, else the threads of this process. share: the chunks to compute. fail_fast: stop at the first
    chunk that fails. durable: the writes survive a loss of power. on_event: told of each chunk.
    """

    client: Any = None
    share: Share | None = None
    fail_fast: bool = False
    durable: bool = False
    progress: bool | Report | None = None
    on_event: Callable[[Event], object] | None = None


class Run:
    """Computes what a store lacks, or the manner's share of it."""

    def __init__(self, target: Store, manner: Manner) -> None:
        self.target, self.manner, self.grid = target, manner, target.grid
        self.name = target.location.name
        self.failures: list[ChunkFailed] = []
        self.failed = self.refusals = self.unconverged = 0

    def __call__(self) -> int:
        """Returns how many points it computed."""
        left = self._missing = self.target.left()
        mine = self.manner.share.numbers(self.grid.chunks) if self.manner.share else np.arange(self.grid.chunks)
        numbers = mine[left[mine] > 0]
        self.points = int(self.grid.sizes()[mine].sum())
        self.done = before = self.points - int(left[mine].sum())
        if numbers.size:
            self._prepare(numbers)
        self._pace = Pace(self.done)
        try:
            with reporter(self.manner.progress, self.done, self.points, self._pace) as self._report:
                if numbers.size and self.manner.client is None:
                    self._compile(numbers)
                self._report(self.done, self.points)
                if numbers.size:
                    self._execute(numbers.tolist())
        except KeyboardInterrupt:
            self._end("interrupted")
            raise KeyboardInterrupt(f"interrupted: {self._left()}; the same command goes on from there") from None
        except IncompleteError as error:
            self._end("stopped")
            raise IncompleteError(f"{self._left()}: {error}") from error.__cause__
        self._conclude()
        return self.done - before

    def _prepare(self, numbers: np.ndarray) -> None:
        at_once = threads()
        if self.manner.client:
            from fastdln.execution import cluster

            at_once = cluster.threads(self.manner.client)
        for line in plateau_warnings(self.grid.sweep) + long_warnings(self.grid, numbers.size, at_once):
            warn(line)
        with plain_errors(self.name, "cannot be written"):
            if others := self.target.begin():
                warn(f"{self.name}: {others}")
        log.begun(self.name, self.grid.chunks, numbers.size, self.points, self.points - self.done)

    def _execute(self, numbers: list[int]) -> None:
        client = self.manner.client
        if client is None:
            with self._task.running():
                execute(lambda number: compute_chunk(self.target, self._task, number), numbers, self._note)
            return
        from fastdln.execution import cluster

        order = Order.of(self.target, self.manner.durable)
        cluster.execute(client, work, order, numbers, self._note, self._wait)

    def _compile(self, numbers: np.ndarray) -> None:
        """What the chunks need, before the bar begins."""
        begun, grid = time.monotonic(), self.grid
        self._task = Task(grid.sweep, grid)
        along = grid.chunks_along[grid.dims.index("depth")]
        used = np.unique(np.unravel_index(numbers, grid.chunks_along)[grid.dims.index("depth")]) if along > 1 else [0]
        depths = [self._task.depths[k] for k in used]
        if compiled := compile_all([(self._task, depths)], self._report.wait):
            log.compiled(len(compiled), time.monotonic() - begun)

    def _wait(self) -> None:
        warn("the cluster has no workers yet; waiting for them")

    def _note(self, event: Event) -> bool:
        """Takes an event in, and says whether to go on."""
        if self.target.lock:
            self.target.lock.check()
        log.of_chunk(event, self.grid.slices(event.number))
        if isinstance(event, ChunkDone):
            if event.results is not None:
                self.target.write(self.grid.slices(event.number), event.results)
            self.refusals = 0
            # not event.points: a worker may have died between storing the chunk and saying so, and another found it there
            self.done += int(self._missing[event.number])
            self.unconverged += event.unconverged
            self._pace.start(ago=event.kernel_seconds)
            self._pace.reached(self.done)
            self._report(self.done, self.points)
            log.progress(self.done, self.points, self._pace.rate(), self._pace.left(self.points))
        else:
            self.failed += 1
            reasons = {reason(failure) for failure in self.failures}
            if len(reasons) < FAILURES_NAMED and reason(event) not in reasons:
                self.failures.append(event)
            self.refusals += storage_error(event.error)
        if self.manner.on_event:
            self.manner.on_event(event)
        return isinstance(event, ChunkDone) or not self._hopeless(event.error)

    def _hopeless(self, error: BaseException) -> bool:
        full = isinstance(error, OSError) and error.errno in FULL
        return (
            self.manner.fail_fast or full or isinstance(error, ClusterError | StoreError) or self.refusals >= REFUSALS
        )

    def _left(self) -> str:
        return f"{self.points - self.done:,} of {self.points:,} points are not computed"

    def _end(self, state: str) -> None:
        log.ended(self.name, state, self.points - self.done)

    def _conclude(self) -> None:
        if self.unconverged:
            warn(
                f"the search for the sharpness did not converge at {self.unconverged:,} points: do not trust it there beyond "
                "its sharpness_residual (sharpness_unconverged says where, and how often)"
            )
        if self.failures:
            self._end("incomplete")
            named = "; ".join(f"chunk {failure.number}: {reason(failure)}" for failure in self.failures)
            more = f"; and {self.failed - len(self.failures):,} more" if self.failed > len(self.failures) else ""
            raise IncompleteError(f"{self._left()} ({named}{more}); run it again to go on") from self.failures[0].error
        whole = self.manner.share is None
        with plain_errors(self.name, "cannot be marked as complete"):
            if whole or not self.target.left().any():  # the last of the shares finds all there
                self.target.mark(complete=True)
        self._end("complete")


def reason(failure: ChunkFailed) -> str:
    short = f" ({SHORT_OF_MEMORY})" if short_of_memory(failure.error) else ""
    return f"{type(failure.error).__name__}: {first_line(failure.error)}{short}"


def warn(message: str) -> None:
    """A warning that points to the line outside of this package that asked for the run."""
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals["__name__"].partition(".")[0] == "fastdln":
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
