"""Verification of a whole store: every chunk decoded, every coordinate compared; damaged chunks lose their done flag."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from fastdln.errors import StoreError, first_line
from fastdln.execution.progress import Report, reporter
from fastdln.execution.threads import threads
from fastdln.storage.completeness import GO_ON, REFINE_AGAIN, present, remaining, straddles
from fastdln.storage.levels import BOUNDARY, COMPUTED, LEVEL, checked_level, followed, is_level, levels_at
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
    level: int | None = None

    def __str__(self) -> str:
        location = f"chunk {self.chunk} ({self.where})" if self.chunk is not None else self.where
        level = "" if self.level is None else f"level {self.level}, "
        return f"{level}{self.variable}, {location}: {self.reason}"


@dataclass(frozen=True)
class Verification:
    """Findings of reading a store back.

    unmarked: whether the next run will compute the damaged chunks. others: arrays that are not of the sweep, not checked. levels: how
    many of a group were read, 0 of a store alone.
    """

    chunks: int
    chunks_read: int
    points: int
    points_left: int
    damaged: tuple[Damage, ...]
    unmarked: bool
    others: tuple[str, ...] = ()
    levels: int = 0

    @property
    def whole(self) -> bool:
        return not self.damaged and not self.points_left

    def __str__(self) -> str:
        lines = [f"damaged: {damage}" for damage in self.damaged]
        lines += [f"not of the sweep, and not checked: {one_line(', '.join(self.others))}"] if self.others else []
        of_levels = f" of {self.levels} level{'s' * (self.levels > 1)}" if self.levels else ""
        back = f"{self.chunks_read:,} of {self.chunks:,} chunks{of_levels} read back"
        if self.whole:
            return "\n".join([*lines, f"whole: {back}, and all coordinates"])
        numbers = {(d.level, d.chunk) for d in self.damaged if d.chunk is not None}
        again = REFINE_AGAIN if self.levels else GO_ON
        if not self.unmarked:
            again = "not noted, since a run goes on or nothing can be written there; run verify again when it can"
        lines.append(
            f"{back}; {len(numbers):,} of them damaged, {self.points_left:,} of {self.points:,} points not computed: {again}"
        )
        return block("\n".join(lines))


def verify(location: Location, progress: bool | Report | None = None) -> Verification:
    """Verifies a store, or every level of a group."""
    found = [verify_store(one, progress) for one in levels_at(location)]
    if len(found) == 1:
        return found[0]
    chunks, chunks_read, points, points_left = (
        sum(getattr(one, name) for one in found) for name in ("chunks", "chunks_read", "points", "points_left")
    )
    damaged = tuple(damage for one in found for damage in one.damaged)
    others = tuple(dict.fromkeys(name for one in found for name in one.others))
    unmarked = all(one.unmarked for one in found)
    return Verification(chunks, chunks_read, points, points_left, damaged, unmarked, others, len(found))


def verify_store(location: Location, progress: bool | Report | None = None) -> Verification:
    """Decodes every chunk that is there, and takes the done flags of damaged ones away, so that the next run computes them.

    Reads only, while a run goes on.
    """
    with plain_errors(location.name, "cannot be read"):
        snapshot = read(location)
        if of_levels := is_level(snapshot):
            checked_level(snapshot)
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
    level = snapshot.attributes[LEVEL] if of_levels else None
    told = tuple(replace(damage, level=level) for damage in damaged)
    others = tuple(name for name in snapshot.others if not (of_levels and name == COMPUTED.name))
    left = int(points_left.sum())
    return Verification(grid.chunks, numbers.size, grid.points, left, told, unmarked, others, int(of_levels))


def damaged_metadata(snapshot: Snapshot) -> Iterator[Damage]:
    for name, _ in differing_metadata(snapshot):
        yield Damage(name, None, "metadata", "not what the root's metadata say")
    for name, _ in damaged_coordinates(snapshot):
        yield Damage(name, None, "coordinate", "unreadable, or not what the sweep says")


def examined(snapshot: Snapshot, numbers: list[int]) -> Iterator[tuple[int, list[Damage]]]:
    """Each chunk with what is damaged of it, read by several threads."""
    location, grid = snapshot.location, snapshot.grid
    variables = {variable.name: variable for variable in grid.sweep.variables}
    inherited: tuple[str, ...] = ()
    if is_level(snapshot):
        variables[COMPUTED.name], inherited = COMPUTED, followed(snapshot.attributes[BOUNDARY])
    arrays = snapshot.arrays(variables)
    there = {name: present(location, grid, name, len(v.dims)).ravel() for name, v in variables.items()}
    partial = straddles(snapshot).ravel()

    def examine(number: int) -> list[Damage]:
        slices = grid.slices(number)
        where = ", ".join(f"{name} {part.start}:{part.stop}" for name, part in zip(grid.dims, slices, strict=True))
        found = []
        there_alone = inherited and not any(there[name][number] for name in arrays if name not in inherited)
        for name, array in arrays.items():
            if there_alone and name not in inherited:
                continue
            reason = "" if there[name][number] else "the file is gone"
            try:
                values = array[slices]
                if name == COMPUTED.name and inherited and not (values == 1).all():
                    reason = reason or "has points that are not marked"
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
