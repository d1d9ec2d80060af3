"""Tasks of a sweep with axes of names: each chunk is computed by the task of the plain sweep that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property

import numpy as np

from fastdln.analysis.fate_counter import FateCounter
from fastdln.execution.task import ChunkResults, Task, fate_counter
from fastdln.kernels.compile_jobs import Job
from fastdln.sweep import named_axes
from fastdln.sweep.grid import Grid
from fastdln.sweep.schema import Sweep


class PartTasks:
    """Computes chunks of a sweep with axes of names, along which every chunk has a length of 1."""

    def __init__(self, sweep: Sweep, grid: Grid) -> None:
        self.sweep, self.grid = sweep, grid
        self.depths = [int(depth) for depth in grid.coordinates["depth"]]
        parts = zip(named_axes.choices(sweep), grid.parts, strict=True)
        self.tasks = {tuple(choice.values()): Task(part, grid.part(part)) for choice, part in parts}

    @cached_property
    def counter(self) -> FateCounter:
        """What counts the fates of all parts."""
        return fate_counter(self.grid)

    def jobs(self, depths: Iterable[int] | None = None) -> list[Job]:
        """Kernels of all parts to be compiled for some of the depths, or for all."""
        chosen = None if depths is None else list(depths)
        return [job for task in self.tasks.values() for job in task.jobs(chosen)]

    @contextmanager
    def running(self) -> Iterator[None]:
        """While chunks of any part are computed."""
        with ExitStack() as stack:
            for task in self.tasks.values():
                stack.enter_context(task.running())
            yield

    def compute(self, slices: tuple[slice, ...]) -> ChunkResults:
        """The variables of a block of points of one depth and one part, shaped like the block."""
        task, inner = self._task(slices)
        shape = tuple(part.stop - part.start for part in slices)
        return self._shaped(task.compute(inner), len(inner), shape)

    def compute_where(self, slices: tuple[slice, ...], wanted: np.ndarray) -> ChunkResults:
        """The variables of the wanted points of a block, one after the other; `wanted` is shaped like the block."""
        task, inner = self._task(slices)
        found = task.compute_where(inner, wanted.reshape([part.stop - part.start for part in inner]))
        return self._shaped(found, 1, (int(np.count_nonzero(wanted)),))

    def _task(self, slices: tuple[slice, ...]) -> tuple[Task, tuple[slice, ...]]:
        """The task of a block's part, and where the block lies in its grid."""
        along = dict(zip(self.grid.dims, slices, strict=True))
        choice = tuple(names[along[axis].start] for axis, names in self.grid.names.items())
        return self.tasks[choice], tuple(part for axis, part in along.items() if axis not in self.grid.names)

    def _shaped(self, found: ChunkResults, dims: int, shape: tuple[int, ...]) -> ChunkResults:
        """The variables that all parts have, along the dimensions of the whole grid."""
        results: Mapping[str, np.ndarray] = found.results
        kept = {v.name: results[v.name].reshape(*shape, *results[v.name].shape[dims:]) for v in self.sweep.variables}
        return found._replace(results=kept)


def task_of(sweep: Sweep, grid: Grid) -> Task | PartTasks:
    """What computes the chunks of a sweep."""
    return PartTasks(sweep, grid) if grid.names else Task(sweep, grid)
