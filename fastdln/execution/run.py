"""A run: the chunks that are to be computed, handed out, counted, stored and reported, and when to stop."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from fastdln.errors import SHORT_OF_MEMORY, ClusterError, IncompleteError, StoreError, first_line, short_of_memory, warn
from fastdln.execution import log
from fastdln.execution.compile_ahead import compile_all
from fastdln.execution.events import ChunkDone, ChunkEvent, ChunkFailed, KernelsCompiled, Progress, RunBegun, RunEnded
from fastdln.execution.pace import Pace
from fastdln.execution.parts import task_of
from fastdln.execution.plan import long_warnings
from fastdln.execution.progress import Report, reporter
from fastdln.execution.run_census import RunCensus, machine
from fastdln.execution.threads import execute, threads
from fastdln.execution.worker import JobSpec, compute_chunk, work
from fastdln.storage.in_memory import InMemory
from fastdln.storage.location import plain_errors, storage_error
from fastdln.storage.store import Store
from fastdln.sweep.doubts import model_warnings
from fastdln.sweep.plateaus import plateau_warnings
from fastdln.sweep.shares import Chosen, Share

# Errors that every further write would meet: no space, no quota, read-only.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
# A location that refused so many chunks, one after the other, is not coming back during this run.
REFUSALS = 8
# Different failures that the last message names; the log has all of them.
FAILURES_NAMED = 3


@dataclass(frozen=True, eq=False)
class RunConfig:
    """Options of a run that do not change its results.

    client: of a cluster, else the threads of this process. share: the chunks to compute. fail_fast: stop at the first
    chunk that fails. durable: the writes survive a loss of power. on_event: called with each chunk's event. advise: say what
    of the sweep takes long, or measures nothing.
    """

    client: Any = None
    share: Share | Chosen | None = None
    fail_fast: bool = False
    durable: bool = False
    progress: bool | Report | None = None
    on_event: Callable[[ChunkEvent], object] | None = None
    advise: bool = True


class Run:
    """Computes what a store lacks, or the config's share of it."""

    def __init__(self, target: Store | InMemory, config: RunConfig) -> None:
        self.target, self.config, self.grid = target, config, target.grid
        self.name = target.name
        self.failures: list[ChunkFailed] = []
        self.failed = self.refusals = self.unconverged = 0
        self._begun = time.monotonic()
        self._census = RunCensus(target)

    def __call__(self) -> int:
        """Returns how many points it computed."""
        remaining = self._remaining = self.target.remaining()
        ours = self.config.share.numbers(self.grid.chunks) if self.config.share else np.arange(self.grid.chunks)
        numbers = ours[remaining[ours] > 0]
        self._census.begin(ours, remaining)
        self.points = int(self.grid.sizes()[ours].sum())
        self.done = before = self.points - int(remaining[ours].sum())
        if numbers.size:
            self._prepare(numbers)
        self._pace = Pace(self.done)
        try:
            with reporter(self.config.progress, self.done, self.points, self._pace) as self._report:
                if numbers.size and self.config.client is None:
                    self._compile(numbers)
                self._report(self.done, self.points)
                if numbers.size:
                    self._execute(numbers.tolist())
        except KeyboardInterrupt:
            self._end("interrupted")
            raise KeyboardInterrupt(
                f"interrupted: {self._not_computed()}; the same command goes on from there"
            ) from None
        except IncompleteError as error:
            self._end("stopped")
            raise IncompleteError(f"{self._not_computed()}: {error}") from error.__cause__
        self._conclude()
        return self.done - before

    def _prepare(self, numbers: np.ndarray) -> None:
        at_once = threads()
        if self.config.client:
            from fastdln.execution import cluster

            at_once = cluster.threads(self.config.client)
        sweep = self.grid.sweep
        if self.config.advise:
            for line in (
                plateau_warnings(sweep) + model_warnings(sweep) + long_warnings(self.grid, numbers.size, at_once)
            ):
                warn(line)
        with plain_errors(self.name, "cannot be written"):
            if others := self.target.begin():
                warn(f"{self.name}: {others}")
        left = self.points - self.done
        log.log_event(RunBegun(self.name, self.grid.chunks, numbers.size, self.points, left, at_once, machine()))

    def _execute(self, numbers: list[int]) -> None:
        client = self.config.client
        if client is None:
            with self._task.running():
                execute(lambda number: compute_chunk(self.target, self._task, number), numbers, self._take)
            return
        from fastdln.execution import cluster

        spec = JobSpec.of(self.target, self.config.durable)
        cluster.execute(client, work, spec, numbers, self._take, self._wait)

    def _compile(self, numbers: np.ndarray) -> None:
        """Compiles what the chunks need, before the bar begins."""
        begun, grid = time.monotonic(), self.grid
        self._task = task_of(grid.sweep, grid)
        along = grid.chunks_along[grid.dims.index("depth")]
        used = np.unique(np.unravel_index(numbers, grid.chunks_along)[grid.dims.index("depth")]) if along > 1 else [0]
        depths = [self._task.depths[k] for k in used]
        if compiled := compile_all([(self._task, depths)], self._report.wait):
            log.log_event(KernelsCompiled(len(compiled), time.monotonic() - begun))

    def _wait(self) -> None:
        warn("the cluster has no workers yet; waiting for them")

    def _take(self, event: ChunkEvent) -> bool:
        """Stores what a chunk's event brings, counts it, tells the listeners of it, and says whether to go on."""
        if self.target.lock:
            self.target.lock.check()
        if isinstance(event, ChunkDone):
            if event.results is not None:  # of a cluster that cannot write there itself
                self.target.write(self.grid.slices(event.number), event.results)
                event = replace(event, results=None)
            self._count(event)
        else:
            self._count_failure(event)
        log.log_event(event, self.grid)
        if isinstance(event, ChunkDone):
            self._report(self.done, self.points)
            log.log_event(Progress(self.done, self.points, self._pace.rate(), self._pace.left(self.points)))
        if self.config.on_event:
            self.config.on_event(event)
        return isinstance(event, ChunkDone) or not self._hopeless(event.error)

    def _count(self, event: ChunkDone) -> None:
        self.refusals = 0
        # not event.points: a worker may have died between storing the chunk and saying so, and another found it there
        self.done += int(self._remaining[event.number])
        self.unconverged += event.unconverged
        self._census.add(event)
        self._pace.start(ago=event.kernel_seconds)
        self._pace.reached(self.done)

    def _count_failure(self, event: ChunkFailed) -> None:
        self.failed += 1
        reasons = {reason(failure) for failure in self.failures}
        if len(reasons) < FAILURES_NAMED and reason(event) not in reasons:
            self.failures.append(event)
        self.refusals += storage_error(event.error)

    def _hopeless(self, error: BaseException) -> bool:
        full = isinstance(error, OSError) and error.errno in FULL
        return (
            self.config.fail_fast or full or isinstance(error, ClusterError | StoreError) or self.refusals >= REFUSALS
        )

    def _not_computed(self) -> str:
        return f"{self.points - self.done:,} of {self.points:,} points are not computed"

    def _end(self, state: Literal["complete", "incomplete", "stopped", "interrupted"]) -> None:
        seconds = time.monotonic() - self._begun
        census = self._census.conclude(seconds, state)
        log.log_event(RunEnded(self.name, state, self.points - self.done, seconds, census))
        if census:
            self._report.end(str(census))

    def _conclude(self) -> None:
        if self.unconverged:
            failure = self.grid.sweep.definition.failure
            warn(
                f"{failure.said} at {self.unconverged:,} points: {failure.advice} ({failure.variable} says where, and how often)"
            )
        if self.failures:
            self._end("incomplete")
            named = "; ".join(f"chunk {failure.number}: {reason(failure)}" for failure in self.failures)
            more = f"; and {self.failed - len(self.failures):,} more" if self.failed > len(self.failures) else ""
            raise IncompleteError(f"{self._not_computed()} ({named}{more}); run it again to go on") from self.failures[
                0
            ].error
        with plain_errors(self.name, "cannot be marked as complete"):
            if self.config.share is None or not self.target.remaining().any():  # the last of the shares finds all there
                self.target.set_complete(True)
        self._end("complete")


def reason(failure: ChunkFailed) -> str:
    short = f" ({SHORT_OF_MEMORY})" if short_of_memory(failure.error) else ""
    return f"{type(failure.error).__name__}: {first_line(failure.error)}{short}"
