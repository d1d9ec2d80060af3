"""Verification of a whole store: every chunk decoded, every coordinate compared; damaged chunks lose their done flag."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from fastdln.errors import StoreError, first_line
from fastdln.execution.progress import Report, reporter
from fastdln.execution.threads import threads
from fastdln.storage.completeness import GO_ON, present, remaining, straddles
from fastdln.storage.location import WHOLE, Location, plain_errors, storage_error
from fastdln.storage.metadata import DONE_FLAG, UNREADABLE, Snapshot, chunk_key, read
from fastdln.storage.repair import damaged_coordinates, differing_metadata
from fastdln.storage.store import set_complete
from fastdln.text import block, one_line

# Chunks that are read ahead of the first that is not yet read: the memory for results stays small.
WINDOW = 256


@dataclass(frozen=True)
class Damage:
    """A file that is not what it was. chunk: its number, None for metadata and coordinates, which the next run mends."""

    variable: str
    chunk: int | None
    where: str
    reason: str

    def __str__(self) -> str:
        location = f"chunk {self.chunk} ({self.where})" if self.chunk is not None else self.where
        return f"{self.variable}, {location}: {self.reason}"


@dataclass(frozen=True)
class Verification:
    """Findings of reading a store back.

    unmarked: whether the next run will compute the damaged chunks. others: arrays that are not of the sweep, not checked.
    """

    chunks: int
    chunks_read: int
    points: int
    points_left: int
    damaged: tuple[Damage, ...]
    unmarked: bool
    others: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return not self.damaged and not self.points_left

    def __str__(self) -> str:
        lines = [f"damaged: {damage}" for damage in self.damaged]
        lines += [f"not of the sweep, and not checked: {one_line(', '.join(self.others))}"] if self.others else []
        back = f"{self.chunks_read:,} of {self.chunks:,} chunks read back"
        if self.whole:
            return "\n".join([*lines, f"whole: {back}, and all coordinates"])
        numbers = {d.chunk for d in self.damaged if d.chunk is not None}
        again = GO_ON
        if not self.unmarked:
            again = "not noted, since a run goes on or nothing can be written there; run verify again when it can"
        lines.append(
            f"{back}; {len(numbers):,} of them damaged, {self.points_left:,} of {self.points:,} points not computed: {again}"
        )
        return block("\n".join(lines))


def verify(location: Location, progress: bool | Report | None = None) -> Verification:
    """Decodes every chunk that is there, and takes the done flags of damaged ones away, so that the next run computes them.

    Reads only, while a run goes on.
    """
    with plain_errors(location.name, "cannot be read"):
        snapshot = read(location)
        grid = snapshot.grid
        marked = present(location, grid).ravel()
        numbers, sizes = np.flatnonzero(marked), grid.sizes()
        damaged = [*damaged_metadata(snapshot)]
        with reporter(progress, 0, int(sizes[numbers].sum())) as report:
            done = 0
            for number, found in examined(snapshot, numbers.tolist()):
                damaged += found
                done += int(sizes[number])
                report(done, int(sizes[numbers].sum()))
        broken = sorted({damage.chunk for damage in damaged if damage.chunk is not None})
        points_left = remaining(snapshot)
        points_left[broken] = sizes[broken]
        claims = snapshot.attributes.get("complete") and bool(points_left.any())
        unmarked = clear_done_flags(snapshot, broken) if damaged or claims else True
    return Verification(
        grid.chunks, numbers.size, grid.points, int(points_left.sum()), tuple(damaged), unmarked, snapshot.others
    )


def damaged_metadata(snapshot: Snapshot) -> Iterator[Damage]:
    for name, _ in differing_metadata(snapshot):
        yield Damage(name, None, "metadata", "not what the root's metadata say")
    for name, _ in damaged_coordinates(snapshot):
        yield Damage(name, None, "coordinate", "unreadable, or not what the sweep says")


def examined(snapshot: Snapshot, numbers: list[int]) -> Iterator[tuple[int, list[Damage]]]:
    """Each chunk with what is damaged of it, read by several threads."""
    location, grid = snapshot.location, snapshot.grid
    arrays = snapshot.arrays([variable.name for variable in grid.sweep.variables])
    there = {v.name: present(location, grid, v.name, len(v.dims)).ravel() for v in grid.sweep.variables}
    partial = straddles(snapshot).ravel()
    variables = {variable.name: variable for variable in grid.sweep.variables}

    def examine(number: int) -> list[Damage]:
        slices = grid.slices(number)
        where = ", ".join(f"{name} {part.start}:{part.stop}" for name, part in zip(grid.dims, slices, strict=True))
        found = []
        for name, array in arrays.items():
            reason = "" if there[name][number] else "the file is gone"
            try:
                values = array[slices]
                if name == DONE_FLAG and not partial[number] and not values.all():
                    reason = reason or "has points without a fate"
            except UNREADABLE as error:
                reason = first_line(error)
            except OSError as error:
                if error.errno != errno.EIO:  # the network, or rights: no damage
                    raise
                reason = first_line(error)
            if (
                grid.sharded
                and there[name][number]
                and not reason
                and not location.size(chunk_key(grid, number, variables[name]))
            ):
                reason = "the file is empty"
            if reason:
                found.append(Damage(name, number, where, reason))
        return found

    with ThreadPoolExecutor(threads()) as pool:
        waiting = iter(numbers)
        while batch := list(islice(waiting, WINDOW)):
            yield from zip(batch, pool.map(examine, batch), strict=True)


def clear_done_flags(snapshot: Snapshot, numbers: list[int]) -> bool:
    """Takes the done flags of chunks away; False if a run goes on, or the location cannot be written."""
    location, grid = snapshot.location, snapshot.grid
    try:
        lock = location.lock(WHOLE)
    except StoreError:
        return False
    try:
        location.clear_leftovers(others_run=False)  # refuses links, through which flags elsewhere would be deleted
        set_complete(snapshot, complete=False, durable=False)
        fate = next(variable for variable in grid.sweep.variables if variable.name == DONE_FLAG)
        for number in numbers:
            location.delete(chunk_key(grid, number, fate))
    except Exception as error:
        if not storage_error(error):
            raise
        return False
    finally:
        lock.release()
    return True
