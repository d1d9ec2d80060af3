"""The public verbs: run a sweep, open what it left, ask what it would cost or how far it is."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdln import store as stores
from fastdln.engine import ChunkDone, ChunkFailed, Event, execute
from fastdln.errors import IncompleteError, SweepError
from fastdln.grid import Grid
from fastdln.planning import Plan
from fastdln.progress import Report, reporter
from fastdln.store import Store
from fastdln.sweep import Sweep
from fastdln.task import Task

if TYPE_CHECKING:
    import xarray as xr


def run(
    sweep: Sweep,
    store: str | Path | None = None,
    *,
    scheduler: None = None,
    progress: bool | Report | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> xr.Dataset:
    """Computes a sweep and returns it as an xarray Dataset.

    sweep: what to compute. store: a path; chunks that are there already are not computed again, and the result is
    opened lazily. Without it the result is in memory. scheduler: None, the threads of this process, of which Dask's
    setting `num_workers` is the number; this version takes no other. progress: True, False, or a function of (points
    done, points in all); by default a bar on a terminal and in a notebook. on_event: called with each engine.ChunkDone
    or ChunkFailed. Raises StoreError if the path holds something else, IncompleteError if chunks failed (run again to
    resume).
    """
    if scheduler is not None:
        raise SweepError(f"scheduler: must be None, the threads of this process (got {scheduler!r})")
    if store is None:
        with Store.in_memory(sweep) as target:
            fill(target, progress, on_event)
            return load(target.group.store, chunks=None).load()
    compute(sweep, store, progress, on_event)
    return open(store)


def compute(
    sweep: Sweep,
    store: str | Path,
    progress: bool | Report | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> None:
    """Computes what the store at a path lacks of a sweep; like `run`, but opens nothing."""
    with Store.on_disk(store, sweep) as target:
        fill(target, progress, on_event)


def fill(target: Store, progress: bool | Report | None, on_event: Callable[[Event], None]) -> None:
    """Computes what the store lacks; warns first of what the sweep would not measure."""
    grid, place = target.grid, target.path or Path("memory")
    done = target.done()
    left = np.flatnonzero(~done).tolist()
    if left:
        for line in Plan(grid.sweep, grid).warnings:
            warnings.warn(line, stacklevel=3)
        task = Task(grid.sweep, grid)
        with stores.plain_errors(place, "cannot be written"):
            target.mark(complete=False)  # a finished store may have lost chunks since
    computed = sum(points_in(grid, number) for number in np.flatnonzero(done).tolist())
    failures: list[ChunkFailed] = []
    unconverged = 0

    def work(number: int) -> ChunkDone:
        begun, slices = time.perf_counter(), grid.slices(number)
        computed = task.compute(slices)
        target.write(slices, computed.results)
        size = computed.results["fate"].size
        return ChunkDone(number, size, begun, time.perf_counter(), computed.seconds, computed.unconverged)

    with reporter(progress, computed, grid.points) as report:

        def note(event: Event) -> None:
            nonlocal computed, unconverged
            if isinstance(event, ChunkDone):
                computed += event.points
                unconverged += event.unconverged
                report(computed, grid.points)
            else:
                failures.append(event)
            on_event(event)

        report(computed, grid.points)
        if left:
            with task.running():
                execute(work, left, note)
    if unconverged:
        warnings.warn(
            f"the search for the sharpness did not converge at {unconverged:,} points: do not trust it there beyond its "
            "sharpness_residual (sharpness_unconverged says where, and how often)",
            stacklevel=3,
        )
    if failures:
        first = failures[0]
        raise IncompleteError(
            f"{grid.points - computed:,} of {grid.points:,} points are not computed (chunk {first.number}: "
            f"{type(first.error).__name__}: {first.error}); run it again to go on"
        ) from first.error
    with stores.plain_errors(place, "cannot be marked as complete"):
        target.mark(complete=True)


def points_in(grid: Grid, number: int) -> int:
    return int(np.prod([part.stop - part.start for part in grid.slices(number)]))


def load(place: Any, **options: Any) -> xr.Dataset:
    import xarray as xr

    dataset: xr.Dataset = xr.open_zarr(place, **options)
    return dataset


def open(store: str | Path, **options: Any) -> xr.Dataset:
    """The dataset of a store, opened lazily; warns where it is incomplete. Options go to xarray.open_zarr."""
    path = Path(store)
    if not stores.read_attributes(path).get("complete"):
        state = status(path)
        warnings.warn(
            f"{path}: {state.points_left:,} of {state.points:,} points are not computed yet (fate = 0)", stacklevel=2
        )
    return load(path, **options)


def plan(sweep: Sweep) -> Plan:
    """What the sweep would cost: an object with points, chunks, bytes, files and seconds; printed, it is a table."""
    return Plan(sweep)


@dataclass(frozen=True)
class Status:
    """How far a store is, and the sweep that it was made from."""

    sweep: Sweep
    points: int
    points_left: int
    chunks: int
    chunks_left: int

    def __str__(self) -> str:
        done = self.points - self.points_left
        lines = [
            ("points", f"{done:,} of {self.points:,} computed ({done / self.points:.1%})"),
            ("chunks", f"{self.chunks - self.chunks_left:,} of {self.chunks:,}"),
            ("state", "run the same sweep again to go on" if self.chunks_left else "complete"),
            ("sweep", self.sweep.canonical()),
        ]
        return "\n".join(f"{name:<8}{value}" for name, value in lines)


def status(store: str | Path) -> Status:
    """How far a store is; it may be asked while a run goes on. StoreError if fastdln did not make it."""
    path = Path(store)
    with stores.plain_errors(path, "cannot be read"):
        grid = stores.read_grid(path)
        left = np.flatnonzero(~stores.computed(path, grid)).tolist()
    points = sum(points_in(grid, number) for number in left)
    return Status(grid.sweep, grid.points, points, grid.chunks, len(left))
