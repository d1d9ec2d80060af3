"""Pictures of a view: computed coarse first and then finer, until they are as fine as the screen, or too much work."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import xarray as xr

from fastdln.errors import IncompleteError, SweepError
from fastdln.execution.compile_ahead import compile_all
from fastdln.execution.events import ChunkEvent, ChunkFailed
from fastdln.execution.parts import task_of
from fastdln.execution.threads import execute, threads
from fastdln.execution.worker import compute_chunk
from fastdln.explorer.scene import Scene, Subject
from fastdln.explorer.stored import Stored
from fastdln.storage.dataset import in_memory
from fastdln.storage.in_memory import InMemory
from fastdln.sweep.cost import STEPS_A_SECOND, point_cost
from fastdln.sweep.schema import Sweep

# Pixels along each side of a computed cell, coarse to fine: four times the points each time.
COARSEST = 128
# The first picture should be there at once; a step to a finer one may be left out where the finest takes no longer than this.
FIRST_SECONDS, QUICK_SECONDS = 0.1, 0.4
# A picture that would take longer is not begun: the page says what would make it cheaper.
MOST_SECONDS = 20.0
# Between two looks at whether the view has moved on; a kernel is not interrupted.
CHUNK_SECONDS = 0.1

# Compiling twice at once would take as long as one after the other, and the second finds it done.
_compiling = threading.Lock()

Cancelled = Callable[[], bool]


class Picture(NamedTuple):
    """A dataset of cells over a view's window.

    cell: pixels along a cell's side. finest: whether no finer one follows. note: why that is so where cells are larger than pixels.
    stored: whether values are a store's.
    """

    dataset: xr.Dataset
    cell: int
    seconds: float
    finest: bool
    note: str = ""
    stored: bool = False


def pictures(subject: Subject, view: Scene, cancelled: Cancelled, stored: Stored | None = None) -> Iterator[Picture]:
    """Ever finer pictures of a view, until it has been cancelled; SweepError where it cannot be computed."""
    view = subject.checked(view)
    if stored is not None and (found := stored.read(subject, view)) is not None:
        of_store, enough = found
        yield Picture(of_store, 1, 0.0, enough, stored=True)
        if enough:
            return
    cell = first_cell(subject, view)
    while not cancelled():
        begun = time.perf_counter()
        dataset = computed(sweep_in_cells(subject, view, cell), cancelled)
        if dataset is None:
            return
        seconds = time.perf_counter() - begun
        finer = next_cell(cell, seconds)
        note = ""
        if cell > 1 and finer == cell:
            note = f"cells of {cell} pixels: finer ones would take about {4 * seconds:.0f} s; ask for fewer steps or a smaller network, or run the sweep file"
        yield Picture(dataset, cell, seconds, finer == cell, note)
        if finer == cell:
            return
        cell = finer


def sweep_in_cells(subject: Subject, view: Scene, cell: int) -> Sweep:
    """The sweep of a view in cells of so many pixels, in chunks that take a moment each."""
    columns, rows = (max(2, round(pixels / cell)) for pixels in (view.width, view.height))
    sweep = subject.sweep_of(view, columns, rows)
    seconds = cost(sweep) / sweep.points
    fit = max(1, min(columns * rows, int(CHUNK_SECONDS / seconds)))
    shape = {subject.x: min(columns, fit), subject.y: max(1, min(rows, fit // columns))}
    return Sweep(**json.loads(sweep.canonical()) | {"chunks": shape})


def cost(sweep: Sweep) -> float:
    """Seconds that a sweep takes a core, roughly."""
    return sweep.points * sum(point_cost(sweep, int(sweep.sizes["layer"]))) / STEPS_A_SECOND


def first_cell(subject: Subject, view: Scene) -> int:
    """The finest cell of which a picture should be there at once, COARSEST at most; SweepError if that would take too long."""
    whole = cost(subject.sweep_of(view, 2, 2)) / 4 * view.width * view.height / threads()
    if whole / COARSEST**2 > MOST_SECONDS:
        raise SweepError(
            f"steps: a picture of {COARSEST} x {COARSEST} pixels a cell would take about {whole / COARSEST**2:,.0f} s; ask for fewer "
            "steps, or a smaller network"
        )
    cell = COARSEST
    while cell > 1 and whole / (cell // 2) ** 2 <= FIRST_SECONDS:
        cell //= 2
    return cell


def next_cell(cell: int, seconds: float) -> int:
    """The next finer cell, from how long this one took; the same where that would take too long."""
    finest = cell
    while finest > 1 and seconds * (cell / (finest // 2)) ** 2 <= QUICK_SECONDS:
        finest //= 2
    if finest == cell and cell > 1 and 4 * seconds <= MOST_SECONDS:
        return cell // 2
    return finest


def computed(sweep: Sweep, cancelled: Cancelled) -> xr.Dataset | None:
    """The dataset of a sweep; None if it was cancelled before the end."""
    failures: list[ChunkFailed] = []

    def take(event: ChunkEvent) -> bool:
        if isinstance(event, ChunkFailed):
            failures.append(event)
        return not (failures or cancelled())

    with InMemory(sweep) as target:
        task = task_of(sweep, target.grid)
        with _compiling:
            compile_all([(task, None)])
        if cancelled():
            return None
        with task.running():
            execute(lambda number: compute_chunk(target, task, number), range(target.grid.chunks), take)
    if failures:
        raise IncompleteError(f"{type(failures[0].error).__name__}: {failures[0].error}")
    return None if cancelled() or math.prod(target.grid.shape) == 0 else in_memory(target)
