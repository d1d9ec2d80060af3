"""Compute and store one chunk, in a thread of this process or on a worker of a cluster."""

from __future__ import annotations

import json
import platform
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from uuid import uuid4

from fastdln.execution.events import ChunkDone
from fastdln.execution.parts import PartTasks, task_of
from fastdln.execution.task import Task, counted
from fastdln.kernels.disk_cache import fingerprint
from fastdln.storage.in_memory import InMemory
from fastdln.storage.location import Location
from fastdln.storage.store import Store
from fastdln.sweep.extensions import own_code
from fastdln.sweep.grid import Grid
from fastdln.sweep.schema import Sweep

# What may change the bits of a result, or the meaning of what is sent.
LIBRARIES = ("fastdln", "numba", "numpy", "scipy", "zarr", "distributed")


def versions() -> dict[str, str]:
    """Versions that the client and the workers of a cluster must share; `sources`: a digest of the kernels' sources."""
    found = {name: version(name) for name in LIBRARIES}
    return {"python": platform.python_version().rpartition(".")[0], **found, "sources": fingerprint()[:12]}


def compute_chunk(target: Store | InMemory, task: Task | PartTasks, number: int) -> ChunkDone:
    """Computes and stores the points of a chunk that the store lacks."""
    begun, slices = time.perf_counter(), target.grid.slices(number)
    missing = target.missing(number)
    there = None if missing.all() else target.read(slices)
    if there is None:
        missing[...] = True
        results, seconds, unconverged = task.compute(slices)
        target.write(slices, results)
        there = results
    else:
        seconds, unconverged, elsewhere = 0.0, 0, target.takes_over(number)
        if missing.any():
            new, seconds, unconverged = task.compute_where(slices, missing)
            for name, array in there.items():
                array[missing] = new[name]
        if missing.any() or elsewhere:
            target.write(slices, there)
    worker, tally = threading.current_thread().name, counted(task.counter, target.grid, slices, there)
    ended = time.perf_counter()
    return ChunkDone(number, int(missing.sum()), begun, ended, seconds, unconverged, worker, tally=tally)


@dataclass(frozen=True)
class JobSpec:
    """Everything that a worker needs to know of a run besides the chunk's number; `sweep` is JSON.

    Without a location the results go back to who asked. `run` tells runs apart, so that a worker opens a store once a run.
    """

    sweep: str
    chunk_shape: tuple[int, ...]
    versions: Mapping[str, str] = field(hash=False)
    location: Location | None = None
    sweep_sha256: str = ""
    durable: bool = False
    own: bytes = field(default=b"", repr=False)
    run: str = field(default_factory=lambda: uuid4().hex)

    @classmethod
    def of(cls, target: Store | InMemory, durable: bool) -> JobSpec:
        sweep, grid, own = target.grid.sweep, target.grid, own_code.packed()
        if target.location is None or not target.location.shared:
            return cls(sweep.canonical(), grid.chunk_shape, versions(), own=own)
        assert isinstance(target, Store)
        digest = target.snapshot.attributes["sweep_sha256"]
        # the store has the sweep, which with given matrices is too long to go with every chunk
        return cls("", grid.chunk_shape, versions(), target.location.absolute(), digest, durable, own)


class WorkerState:
    """A worker's side of a run: the store, opened once, and the kernels, compiled once."""

    def __init__(self, spec: JobSpec) -> None:
        from distributed import get_worker

        from fastdln.execution.cluster import require_same_version

        self.name = get_worker().address
        require_same_version(self.name, versions(), spec.versions)
        own_code.unpack(spec.own)
        if spec.location is None:
            self.target, self.grid = None, Grid(Sweep(**json.loads(spec.sweep)), spec.chunk_shape)
        else:
            self.target = Store.joined(spec.location, spec.sweep_sha256, spec.durable)
            self.grid = self.target.grid
        self.task = task_of(self.grid.sweep, self.grid)
        for job in self.task.jobs():
            job.do()
        self._running = self.task.running()  # kept, since it ends when it is collected
        self._running.__enter__()


_opening = threading.Lock()


@lru_cache(maxsize=2)
def states(run: str) -> dict[str, WorkerState]:
    """Keeps the states of the last two runs."""
    return {}


def work(spec: JobSpec, number: int) -> ChunkDone:
    """A task of the cluster: one chunk."""
    with _opening:  # the threads of a worker wait for the first to compile
        kept = states(spec.run)
        if "state" not in kept:
            kept["state"] = WorkerState(spec)
        state = kept["state"]
    begun = time.perf_counter()
    if state.target is not None:
        return replace(compute_chunk(state.target, state.task, number), worker=state.name)
    slices = state.grid.slices(number)
    results, seconds, unconverged = state.task.compute(slices)
    tally = counted(state.task.counter, state.grid, slices, results)
    points, ended = results["fate"].size, time.perf_counter()
    return ChunkDone(number, points, begun, ended, seconds, unconverged, state.name, results, tally)
