"""Run of one level: the chunks that a boundary crosses, those that it turns out to cross, a random sample of the others, and the rest inherited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from fastdln.analysis.crossings import Reach, mark_crossed
from fastdln.analysis.sampled_share import SampledShare
from fastdln.errors import IncompleteError, StoreError, first_line
from fastdln.execution.pace import Pace
from fastdln.execution.progress import reporter
from fastdln.execution.run import Run, RunConfig
from fastdln.execution.threads import threads
from fastdln.storage.completeness import remaining
from fastdln.storage.level_store import LevelStore
from fastdln.storage.levels import computed_chunks, followed
from fastdln.storage.metadata import DONE_FLAG, UNREADABLE
from fastdln.sweep.grid import Grid
from fastdln.sweep.shares import Chosen

# A chunk is near to a boundary that passes it at less than this part of its length: so near, the finer points may well be on
# the other side of it. A straight boundary then costs a quarter more than the chunks that it crosses.
NEAR = 1 / 8

# One inherited chunk is drawn and computed for so many that are computed because of the boundary: an eighth of the cost.
CHUNKS_A_DRAW = 8

# Blocks that are read ahead.
WINDOW = 256


@dataclass(frozen=True)
class LevelCounts:
    """What became of a level, as its attributes keep it: chunks and points in all, computed, and drawn from the inherited ones."""

    chunks_computed: int
    points_computed: int
    chunks_inherited: int
    chunks_sampled: int
    points_sampled: int
    points_differing: int

    @classmethod
    def kept(cls, attributes: Mapping[str, Any]) -> LevelCounts | None:
        """Those of a level's attributes; None if they are no counts."""
        values = [attributes.get(name) for name in cls.__dataclass_fields__]
        if not all(type(value) is int and value >= 0 for value in values):
            return None
        found = cls(*values)  # type: ignore[arg-type]  # they are whole numbers
        return found if found.points_differing <= found.points_sampled else None

    @property
    def sampled(self) -> SampledShare:
        """The share of points that differ from what their chunks would have inherited."""
        drawn = self.chunks_sampled
        return SampledShare(self.points_sampled, self.points_differing, drawn, drawn + self.chunks_inherited)

    def __add__(self, other: LevelCounts) -> LevelCounts:
        mine, others = asdict(self), asdict(other)
        return LevelCounts(**{name: mine[name] + others[name] for name in mine})

    def __str__(self) -> str:
        chunks = self.chunks_computed + self.chunks_inherited
        return (
            f"{self.chunks_computed:,} of {chunks:,} chunks computed, {self.points_computed:,} points; {self.sampled}"
        )


class LevelRun:
    """Computes what a level lacks.

    The chunks that are computed follow from the codes alone, so that a run that was killed goes on with the same ones.
    """

    def __init__(self, store: LevelStore, config: RunConfig) -> None:
        self.store, self.grid, self.before = store, store.grid, store.before
        self.along = [axis for axis, halved in enumerate(self.before.halved) if halved]
        self.config = config
        self.chosen = np.zeros(self.grid.chunks_along, dtype=bool)
        self.sizes, self.points = self.grid.sizes(), 0

    def __call__(self) -> LevelCounts:
        snapshot = self.store.snapshot
        complete = snapshot.attributes.get("complete") and not remaining(snapshot).any()
        if complete and (kept := LevelCounts.kept(snapshot.attributes)):
            return kept
        pace = Pace(0)
        pace.start()
        with reporter(self.config.progress, 0, self.grid.points, pace) as report:

            def tell(done: int, total: int) -> None:
                pace.reached(done)
                report(done, total)

            self._report = tell
            counts = self._compute()
            if left := int(remaining(self.store.snapshot).sum()):  # of a level that claims more, nobody would notice
                raise IncompleteError(
                    f"{self.store.name}: {left:,} of {self.grid.points:,} points are not there; run it again to go on"
                )
            self.store.conclude(asdict(counts))
            tell(counts.points_computed, counts.points_computed)
            report.end(f"level {snapshot.attributes['level']} of {snapshot.attributes['levels']}: {counts}")
        return counts

    def _compute(self) -> LevelCounts:
        self._follow(self._crossed_before())
        drawn = self._draw()
        new = np.zeros_like(self.chosen)
        new.flat[drawn] = True
        self._compute_chunks(new)
        differing = self._differing(drawn)
        self._follow(self._choose(new))
        others = np.flatnonzero(~self.chosen.ravel())
        self._inherit(others)
        computed = np.flatnonzero(self.chosen.ravel())
        return LevelCounts(
            chunks_computed=computed.size,
            points_computed=int(self.sizes[computed].sum()),
            chunks_inherited=others.size,
            chunks_sampled=drawn.size,
            points_sampled=int(self.sizes[drawn].sum()),
            points_differing=differing,
        )

    def _crossed_before(self) -> np.ndarray:
        """The chunks that the boundary crosses, or comes near to, as far as the level before can tell."""
        snapshot, names = self.before.snapshot, followed(self.store.boundary)

        def codes(slices: tuple[slice, ...]) -> dict[str, np.ndarray]:
            return {name: self.before.arrays[name][slices] for name in names}

        there = np.ones(snapshot.grid.chunks_along, dtype=bool)
        return self._crossed(snapshot.grid, codes, computed_chunks(snapshot), there, halved=True)

    def _follow(self, new: np.ndarray) -> None:
        """Computes these chunks, then those that the boundary in them leads to, until it leads to no others."""
        while new.any():  # each time at least one chunk more is chosen
            self._compute_chunks(new)
            new = self._choose(new)

    def _choose(self, new: np.ndarray) -> np.ndarray:
        """Takes chunks that are computed among the chosen ones, and returns those that the boundary in them leads to."""
        self.chosen |= new
        return self._crossed(self.grid, self.store.codes, new, self.chosen, halved=False) & ~self.chosen

    def _compute_chunks(self, new: np.ndarray) -> None:
        numbers = np.flatnonzero(new.ravel())
        if not numbers.size:
            return
        before = self.points  # how many there will be nobody knows before the last: at most all of the level
        self.points += int(self.sizes[numbers].sum())
        config = replace(
            self.config,
            share=Chosen(numbers),
            progress=lambda done, total: self._report(before + done, self.grid.points),
        )
        Run(self.store, config)()
        if config.client:
            self.store.list_again()
        self.config = replace(self.config, advise=False)

    def _crossed(
        self,
        source: Grid,
        codes: Callable[[tuple[slice, ...]], Mapping[str, np.ndarray]],
        computed: np.ndarray,
        known: np.ndarray,
        *,
        halved: bool,
    ) -> np.ndarray:
        """The chunks that a boundary crosses, or comes near to, by the codes of a grid: this one's, or that of the level before.

        computed: the chunks of that grid in or at which it may lie; known: those whose codes count.
        """
        found = np.zeros(self.grid.chunks_along, dtype=bool)
        reaches = [
            Reach.of(
                points,
                chunk,
                fine,
                halved=halved and axis in self.along,
                margin=max(1, int(NEAR * chunk)) if axis in self.along else 0,
            )
            for axis, (points, chunk, fine) in enumerate(
                zip(source.shape, self.grid.chunk_shape, self.grid.shape, strict=True)
            )
        ]

        def examine(number: int) -> None:
            slices = tuple(
                slice(part.start, min(part.stop + (axis in self.along), points))
                for axis, (part, points) in enumerate(zip(source.slices(number), source.shape, strict=True))
            )
            here = codes(slices)
            chunks = (np.arange(p.start, p.stop) // size for p, size in zip(slices, source.chunk_shape, strict=True))
            inside = known[np.ix_(*chunks)] & (here[DONE_FLAG] != 0)
            mark_crossed(found, list(here.values()), inside, [part.start for part in slices], reaches, self.along)

        try:
            in_parallel(examine, np.flatnonzero(self._and_below(computed).ravel()).tolist())
        except UNREADABLE as error:
            name = self.store.name if source is self.grid else self.before.snapshot.location.name
            raise StoreError(
                f"{name}: cannot be read: {first_line(error)}; `fastdln verify {name}` names what is damaged"
            ) from None
        return found

    def _and_below(self, chunks: np.ndarray) -> np.ndarray:
        """These chunks, and those whose last points are neighbours of their first."""
        found = chunks.copy()
        for axis in self.along:
            lower, upper = [slice(None)] * chunks.ndim, [slice(None)] * chunks.ndim
            lower[axis], upper[axis] = slice(None, -1), slice(1, None)
            found[tuple(lower)] |= found[tuple(upper)].copy()
        return found

    def _draw(self) -> np.ndarray:
        """Numbers of chunks that would be inherited, drawn at random; the same ones for the same sweep."""
        others = np.flatnonzero(~self.chosen.ravel())
        count = min(others.size, -(-int(self.chosen.sum()) // CHUNKS_A_DRAW) or 1)
        rng = np.random.default_rng(int(self.grid.sweep.sha256()[:16], 16))
        return np.sort(rng.choice(others, size=count, replace=False)) if count else others

    def _differing(self, drawn: np.ndarray) -> int:
        """How many points of the drawn chunks have another code than they would have inherited."""
        found = 0
        for number in drawn.tolist():
            codes, points = self.store.codes(self.grid.slices(number)), len(self.grid.dims)
            wanted = self.store.inherited(number)
            differ = [(codes[name] != wanted[name]).any(axis=tuple(range(points, codes[name].ndim))) for name in codes]
            found += int(np.count_nonzero(np.any(differ, axis=0)))
        return found

    def _inherit(self, numbers: np.ndarray) -> None:
        left = remaining(self.store.snapshot)
        in_parallel(self.store.inherit, numbers[left[numbers] > 0].tolist())


def in_parallel(work: Callable[[int], None], numbers: Iterable[int]) -> None:
    """Does the work of each number in threads; the first error ends it."""
    with ThreadPoolExecutor(threads()) as pool:
        waiting = iter(numbers)
        while batch := list(islice(waiting, WINDOW)):
            for _ in pool.map(work, batch):
                pass
