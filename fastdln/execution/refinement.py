"""Refinement of a store along a boundary: level by level, as a group of stores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

from fastdln.errors import StoreError, SweepError
from fastdln.execution.arguments import RunOptions, StorePath
from fastdln.execution.compile_ahead import refuse_what_does_not_compile
from fastdln.execution.compute import cluster_of, config_of, two_locations
from fastdln.execution.level_run import LevelCounts, LevelRun
from fastdln.storage import extend, metadata
from fastdln.storage.completeness import remaining
from fastdln.storage.level_store import LevelStore
from fastdln.storage.levels import LevelGroup, checked_boundary, entries, group_at, is_level, lengthen
from fastdln.storage.location import WHOLE, Location, OccupiedError, plain_errors
from fastdln.storage.metadata import Snapshot
from fastdln.sweep.grid import Grid
from fastdln.sweep.levels import checked_levels, levels_of

# Each chunk of a level is a file of every variable: so many that hold so few points each are a burden for every file system.
MOST_SMALL_CHUNKS, SMALL_CHUNK = 50_000, 1_000


@dataclass(frozen=True, eq=False)
class Refinement:
    """What became of each level, the coarsest first, and the metadata of the finest."""

    levels: tuple[LevelCounts, ...]
    snapshot: Snapshot

    def __str__(self) -> str:
        return str(reduce(add, self.levels))


def refuse_windows(boundary: Any, overrides: Iterable[str], center: Any, factor: Any) -> None:
    """SweepError if levels are asked for without a boundary, or together with a window."""
    if boundary is None:
        raise SweepError("levels: are of a boundary; give boundary='fate' (--boundary fate) too")
    if list(overrides) or center is not None or factor is not None:
        raise SweepError(
            "boundary: is followed over the whole grid; sweep a window (--set, --center) into a store first, and refine that"
        )


def check_chunks(grids: Sequence[Grid]) -> None:
    """SweepError where a level would be a great many small files; levels have the chunks of the store that they refine."""
    for level, grid in enumerate(grids, start=1):
        if grid.chunks > MOST_SMALL_CHUNKS and grid.points < SMALL_CHUNK * grid.chunks:
            shape = " x ".join(map(str, grid.inner_shape))
            raise SweepError(
                f"levels: level {level} would have {grid.chunks:,} chunks of {shape} points, as the store has them, each a file of every "
                "variable; ask for fewer levels, or run the store's sweep again with larger `chunks` or more values"
            )


def compute_levels(store: StorePath, new: StorePath, boundary: Any, levels: Any, options: RunOptions) -> Refinement:
    """Halves the grid of a store so many times where a variable's boundary is, each level in a store of the group `new`."""
    options.check()
    if options.part is not None:
        raise SweepError("part: a level needs all of the one before, so that a refinement has no shares; leave it out")
    count = checked_levels(1 if levels is None else levels)
    source, target = two_locations(store, new, options.storage_options)
    with plain_errors(source.name, "cannot be read"):
        parent = metadata.read(source)
        group = LevelGroup(count, checked_boundary(parent, boundary), parent.grid.sweep.sha256())
        if is_level(parent):
            raise StoreError(
                f"{source.name}: is a level already; refine the store that it was made from, with more levels"
            )
        if left := int(remaining(parent).sum()):
            raise StoreError(
                f"{source.name}: {left:,} of {parent.grid.points:,} points are not computed; run it to its end first"
            )
    # in the chunks of shards, where it has some, so that a boundary's cost is in proportion to its length
    grids = [Grid(sweep, parent.grid.inner_shape) for sweep in levels_of(parent.grid.sweep, count)]
    check_chunks(grids)
    refuse_other_groups(target, group, source.name)
    with cluster_of(options) as client:
        refuse_what_does_not_compile(grids[-1].sweep)
        make(target, grids, group, parent, durable=options.durable)
        with opened(target, grids, group, durable=options.durable) as stores:
            config, found, before = config_of(options, client), [], parent
            for level in stores:
                level.attach(before, group.boundary)
                found.append(LevelRun(level, config)())
                config = replace(config, advise=False)  # of the next level it would be the same
                before = level.snapshot
        return Refinement(tuple(found), before)


def refuse_other_groups(target: Location, group: LevelGroup, parent: str) -> None:
    """StoreError if anything else is there than the levels that are asked for, or the first of them."""
    with plain_errors(target.name, "cannot be read"):
        if not target.occupied():
            return
    found = group_at(target)
    if found is None:
        raise StoreError(f"{target.name}: holds something else than levels of {parent}; give another path with -o")
    if found.parent != group.parent:
        raise StoreError(
            f"{target.name}: holds levels of another sweep than that of {parent}; give another path with -o"
        )
    if found.boundary != group.boundary or found.levels > group.levels:
        raise StoreError(
            f"{target.name}: holds levels 1 to {found.levels} of the boundary of {found.boundary}; give the same --boundary, and as "
            "many --levels to go on or more to add some, or another path with -o"
        )


def make(target: Location, grids: list[Grid], group: LevelGroup, parent: Snapshot, *, durable: bool) -> None:
    """Makes the group of empty levels, whole or not at all, or adds those that it lacks."""
    with plain_errors(target.name, "cannot be written"):
        if not target.occupied():
            with suppress(OccupiedError):  # another run made it first
                target.create(entries(grids, group, extend.parentage(parent)), WHOLE, durable=durable).release()
        refuse_other_groups(target, group, parent.location.name)
        found = group_at(target)
        if found and found.levels < group.levels:
            lengthen(target, grids, group, extend.parentage(parent), durable)


@contextmanager
def opened(target: Location, grids: list[Grid], group: LevelGroup, *, durable: bool) -> Iterator[list[LevelStore]]:
    """All levels, under their locks."""
    with ExitStack() as stack:
        stores = []
        for number, grid in enumerate(grids, start=1):
            level = LevelStore.at(target.child(str(number)), grid.sweep, durable=durable)
            stores.append(stack.enter_context(level))
            said = level.snapshot.attributes
            if (said.get("level"), said.get("boundary")) != (number, group.boundary):
                raise StoreError(
                    f"{level.name}: is not level {number} of {target.name}; restore it, or give another path with -o"
                )
        for level in stores:
            level.set_levels(group.levels)
        yield stores
