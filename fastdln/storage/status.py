"""Status of a store: how much of it is computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastdln.storage.completeness import GO_ON, REFINE_AGAIN, remaining
from fastdln.storage.levels import LEVEL, checked_level, computed_chunks, is_level, levels_at
from fastdln.storage.location import Location, plain_errors
from fastdln.storage.metadata import Snapshot, read
from fastdln.sweep.display import by_key
from fastdln.sweep.html import table
from fastdln.sweep.schema import Sweep
from fastdln.sweep.shares import Share
from fastdln.text import block


@dataclass(frozen=True, eq=False)
class Status:
    """How much of a store is computed, and the sweep that it holds; `left` has the points that each chunk lacks.

    Of a group of levels it is the finest; `levels` has a line on each, and on a level alone. Two are equal if they say the same.
    """

    sweep: Sweep
    points: int
    points_left: int
    chunks: int
    chunks_left: int
    running: bool
    left: np.ndarray
    levels: tuple[tuple[str, str], ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Status):
            return NotImplemented
        one, two = self._numbers(), other._numbers()
        return (
            one == two
            and self.sweep == other.sweep
            and self.levels == other.levels
            and np.array_equal(self.left, other.left)
        )

    def __hash__(self) -> int:
        return hash(self._numbers())

    def _numbers(self) -> tuple[int, ...]:
        return self.points, self.points_left, self.chunks, self.chunks_left, self.running

    def share(self, part: int, parts: int) -> str:
        """The chunks left of the `part`-th of `parts` shares, in words."""
        chunks = np.count_nonzero(self.left[Share(part, parts).numbers(self.chunks)])
        return f"{chunks:,} chunks left" if chunks else "complete"

    def rows(self) -> list[tuple[str, str]]:
        """How far it is, as names and values in words."""
        done = self.points - self.points_left
        state = (REFINE_AGAIN if self.levels else GO_ON) if self.chunks_left else "complete"
        words = "computed or inherited" if self.levels else "computed"
        lines = [
            *self.levels,
            ("points", f"{done:,} of {self.points:,} {words} ({done / self.points:.1%})"),
            ("chunks", f"{self.chunks - self.chunks_left:,} of {self.chunks:,}"),
            ("state", "a run is going on" if self.running else state),
        ]
        if self.chunks_left:
            lines.insert(-1, ("missing", f"chunk numbers {ranges(np.flatnonzero(self.left))}"))
        return lines

    def __str__(self) -> str:
        keys = by_key(self.sweep)
        width = 2 + max(len(name) for name, _ in keys)
        lines = [f"{name:<8}{value}" for name, value in self.rows()]
        lines += ["sweep", *(f"  {name:<{width}}{value}" for name, value in keys)]
        return block("\n".join([self.sweep.title, *lines] if self.sweep.title else lines))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table(self.sweep.title or "Store", [*self.rows(), *by_key(self.sweep)])


# Ranges of missing chunks that a line has room for.
RANGES = 8


def ranges(numbers: np.ndarray) -> str:
    """Rising numbers as "0-4, 7, 9-12", cut off after some."""
    cuts = np.flatnonzero(np.diff(numbers) > 1) + 1
    pieces = np.split(numbers, cuts[:RANGES])
    shown = [f"{piece[0]}-{piece[-1]}" if len(piece) > 1 else f"{piece[0]}" for piece in pieces[:RANGES]]
    return ", ".join(shown) + (", ..." if len(pieces) > RANGES else "")


def read_status(location: Location) -> Status:
    """Reads the status, of a group that of its finest level; a run may go on meanwhile."""
    levels: list[tuple[str, str]] = []
    with plain_errors(location.name, "cannot be read"):
        for one in levels_at(location):
            snapshot = read(one, code=False)
            grid, left = snapshot.grid, remaining(snapshot)
            running = one.in_use()
            if is_level(snapshot):
                levels.append(level_in_words(checked_level(snapshot), left))
    chunks_left = int(np.count_nonzero(left))
    return Status(snapshot.sweep, grid.points, int(left.sum()), grid.chunks, chunks_left, running, left, tuple(levels))


def level_in_words(snapshot: Snapshot, left: np.ndarray) -> tuple[str, str]:
    """A level's name, and how many of its chunks are there; those that are, and were not computed, are inherited."""
    there, computed, grid = left == 0, computed_chunks(snapshot).ravel(), snapshot.grid
    inherited = np.count_nonzero(there & ~computed)
    counted = f"{np.count_nonzero(there & computed):,} of {grid.chunks:,} chunks computed, {inherited:,} inherited"
    size = " x ".join(f"{points:,}" for points in grid.shape if points > 1)
    return f"level {snapshot.attributes[LEVEL]}", f"{size} points, {counted}"
