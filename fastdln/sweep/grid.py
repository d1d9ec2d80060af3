"""The grid of a sweep: its coordinates, and the chunks that it is computed and stored in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from fastdln.errors import SweepError
from fastdln.sweep import named_axes
from fastdln.sweep.axes import coordinates, length, whole_numbers
from fastdln.sweep.cost import STEPS_A_SECOND, bytes_of, point_cost
from fastdln.sweep.schema import Sweep

# A chunk should compute for about a second or two, so that handing it out costs nothing.
CHUNK_STEPS = 2 * STEPS_A_SECOND
# Below 1024 points the lanes of a kernel run half empty at the end; above 2^18 reading back a part reads too much.
FEWEST_POINTS, MOST_POINTS = 1024, 2**18
# Matrices are few to a block, and fill it at once.
FEWEST_NETWORKS = 8
# Handing out a chunk and writing its variables takes some 20 ms: a tenth of a second is long beside that.
SHORTEST_CHUNK_STEPS = CHUNK_STEPS / 20
# Two threads, each with a chunk's results and working arrays, stay well below 700 MB.
CHUNK_BYTES = 64 * 2**20
# With fewer chunks than this the cores wait for the last one.
FEWEST_CHUNKS = 16
# What is left is kept as a number a chunk; ten million files a variable are beyond any file system's patience.
MOST_CHUNKS = 10_000_000
# A chunk that is asked for is computed and written at once, in memory: a laptop has that much for each of two threads. A
# single point whose trajectory is as long as may be fits.
MOST_CHUNK_BYTES = 4.5e9

# Of each mode, the last states of 64 points side by side are kept in each thread, 576 bytes a state, and as many once more of one
# mode, that tell its period. This many bytes of them leave room for two threads on a small laptop.
BYTES_A_STATE, MOST_WINDOW_BYTES = 576, 1e9


class Grid:
    """The points of a sweep in chunks of one shape, numbered from 0, the last dimension fastest.

    A chunk is what is computed and written at once. Where the sweep asks for shards, each is a shard, and `inner_shape` that of
    Zarr's chunks in it. `unnumbered` is of a store of an earlier version, which numbers no modes and has seeds as floats.
    """

    def __init__(
        self,
        sweep: Sweep,
        chunk_shape: tuple[int, ...] | None = None,
        inner_shape: tuple[int, ...] | None = None,
        *,
        unnumbered: bool = False,
    ) -> None:
        self.sweep, self.unnumbered = sweep, unnumbered
        self.dims = tuple(sweep.axes)
        self.shape = tuple(length(axis) for axis in sweep.axes.values())
        self.names, self.parts = named_axes.named(sweep), named_axes.parts(sweep)
        if chunk_shape is None:
            inner_shape = self._default_chunks()
            chunk_shape, inner_shape = self._shards(inner_shape) if sweep.shards else (inner_shape, inner_shape)
        self.chunk_shape, self.inner_shape = chunk_shape, inner_shape or chunk_shape
        if min(self.chunk_shape) < 1:
            raise SweepError(f"chunks: must be 1 or more along every axis (got {list(self.chunk_shape)})")
        for name, size in zip(self.dims, self.chunk_shape, strict=True):
            if size > 1 and name in self.names:
                raise SweepError(f"chunks: must be 1 along {name}, whose names are computed one by one (got {size})")
        self.chunks_along = tuple(-(-n // c) for n, c in zip(self.shape, self.chunk_shape, strict=True))
        self._refuse_excess()

    def _refuse_excess(self) -> None:
        """SweepError, before anything takes memory, where the chunks are more or larger than a machine can bear."""
        if self.chunks > MOST_CHUNKS:
            raise SweepError(
                f"chunks: {self.chunks:,} of them are more than {MOST_CHUNKS:,}; make them larger, or the grid smaller"
            )
        modes, states = self.sweep.sizes["mode"], min(self.sweep.record, 4 * self.sweep.longest_period)
        window = BYTES_A_STATE * states * (modes + 1)
        if window > MOST_WINDOW_BYTES and any(part.definition.reduce for part in self.parts):
            raise SweepError(
                f"period_max: the {states:,} states of {modes} modes that it looks at take {window / 1e9:,.1f} GB in each thread, more "
                f"than {MOST_WINDOW_BYTES / 1e9:g}; ask for a shorter period, or fewer modes"
            )
        points = math.prod(self.chunk_shape)
        if points * self.working_bytes > MOST_CHUNK_BYTES:
            one = f"one of {points:,} points takes" if points > 1 else "a single point takes"
            remedy = "smaller chunks" if points > 1 else "fewer modes, layers, orbit_samples or trajectory states"
            raise SweepError(
                f"chunks: {one} {points * self.working_bytes / 1e9:,.1f} GB of memory, more than {MOST_CHUNK_BYTES / 1e9:g}; "
                f"ask for {remedy}"
            )

    @property
    def points(self) -> int:
        return self.sweep.points

    @property
    def chunks(self) -> int:
        return math.prod(self.chunks_along)

    @property
    def sharded(self) -> bool:
        return self.inner_shape != self.chunk_shape

    @cached_property
    def coordinates(self) -> dict[str, np.ndarray]:
        """Values of each axis; depths and seeds as integers."""
        integers = ("depth",) if self.unnumbered else ("depth", "seed")
        return {n: whole_numbers(axis) if n in integers else coordinates(axis) for n, axis in self.sweep.axes.items()}

    def index(self, number: int) -> tuple[int, ...]:
        """The index of a chunk along each dimension."""
        return tuple(int(k) for k in np.unravel_index(number, self.chunks_along))

    def number(self, slices: tuple[slice, ...]) -> int:
        """The number of the chunk that lies there."""
        index = [part.start // chunk for part, chunk in zip(slices, self.chunk_shape, strict=True)]
        return int(np.ravel_multi_index(index, self.chunks_along))

    def slices(self, number: int) -> tuple[slice, ...]:
        """Where a chunk's points lie along each dimension."""
        starts = (k * c for k, c in zip(self.index(number), self.chunk_shape, strict=True))
        return tuple(slice(a, min(a + c, n)) for a, c, n in zip(starts, self.chunk_shape, self.shape, strict=True))

    def sizes(self) -> np.ndarray:
        """The number of points of each chunk."""
        sizes = np.ones(1, dtype=np.int64)
        for chunk, along, points in zip(self.chunk_shape, self.chunks_along, self.shape, strict=True):
            pieces = np.minimum(chunk, points - chunk * np.arange(along, dtype=np.int64))
            sizes = np.multiply.outer(sizes, pieces).ravel()
        return sizes

    def straddling(self, shapes: Iterable[Sequence[int]]) -> np.ndarray:
        """Which chunks lie across the end of a smaller grid of one of these shapes; shaped as the chunks lie."""
        found = np.zeros(self.chunks_along, dtype=bool)
        shapes = list(shapes)
        for axis, (chunk, new) in enumerate(zip(self.chunk_shape, self.shape, strict=True)):
            across = {old // chunk for old in (shape[axis] for shape in shapes) if old % chunk and old < new}
            found[(slice(None),) * axis + (sorted(across),)] = True
        return found

    def values(self, slices: tuple[slice, ...]) -> dict[str, np.ndarray]:
        """The coordinates of a block of points, each flattened to one value a point."""
        axes = (self.coordinates[name][part] for name, part in zip(self.dims, slices, strict=True))
        return dict(zip(self.dims, (block.ravel() for block in np.meshgrid(*axes, indexing="ij")), strict=True))

    @cached_property
    def bytes_per_point(self) -> int:
        """Bytes of the results at one point, before compression."""
        return bytes_of(self.sweep)

    @cached_property
    def working_bytes(self) -> int:
        """Bytes that a point takes while it is computed: its results and its state."""
        return max(map(working_bytes, self.parts))

    def part(self, sweep: Sweep) -> Grid:
        """The grid of a part of the sweep, in chunks of the same shape but for the axes of names."""
        kept = [k for k, name in enumerate(self.dims) if name not in self.names]
        shapes = (tuple(shape[k] for k in kept) for shape in (self.chunk_shape, self.inner_shape))
        return Grid(sweep, *shapes, unnumbered=self.unnumbered)

    def _shards(self, chunks: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shapes of shards and of the chunks in them, which divide them."""
        shards, inner = [], []
        for name, chunk, points in zip(self.dims, chunks, self.shape, strict=True):
            asked = min(self.sweep.shards.get(name, chunk), points)
            if name in self.sweep.chunks:
                shards.append(math.ceil(asked / chunk) * chunk)
                inner.append(chunk)
            else:
                shards.append(asked)
                inner.append(next(size for size in range(min(chunk, asked), 0, -1) if asked % size == 0))
        return tuple(shards), tuple(inner)

    def _default_chunks(self) -> tuple[int, ...]:
        """Square in (alpha, eta) where both are long; depth in chunks of one, since each depth has its own kernel."""
        sweep = self.sweep
        cost = max(sum(point_cost(part, int(whole_numbers(part.axes["depth"]).max()))) for part in self.parts)
        matrices = any(not part.definition.reduce for part in self.parts)
        least, enough = (FEWEST_NETWORKS, FEWEST_POINTS) if matrices else (FEWEST_POINTS, MOST_POINTS)
        fewest = max(least, int(min(SHORTEST_CHUNK_STEPS / cost, enough)))
        fitting = CHUNK_BYTES / self.working_bytes
        most = min(MOST_POINTS, CHUNK_STEPS / cost, self.points / FEWEST_CHUNKS, fitting)
        budget = max(1, int(max(most, min(fewest, fitting))))
        lengths = dict(zip(self.dims, self.shape, strict=True))
        sizes = dict.fromkeys(self.dims, 1)
        sizes["eta"] = min(lengths["eta"], max(math.isqrt(budget), budget // lengths["alpha"]))
        for name in ("alpha", *(further for further in reversed(self.dims[1:-2]) if further not in self.names)):
            sizes[name] = min(lengths[name], max(1, budget // math.prod(sizes.values())))
        even = {name: -(-n // -(-n // sizes[name])) for name, n in lengths.items()}
        asked = {name: min(size, lengths[name]) for name, size in sweep.chunks.items()}
        return tuple((even | asked | {"depth": 1}).values())


def working_bytes(sweep: Sweep) -> int:
    """Bytes that a point of a plain sweep takes while it is computed: its results and its state."""
    depth = int(whole_numbers(sweep.axes["depth"]).max())
    # state, eta, s and bound of every mode are kept twice, before and after the transient
    kept = sweep.sizes["mode"] * (depth + 3)
    if sweep.definition.matrices:
        widths = sweep.widths_at(depth)
        kept = 2 * sum(a * b for a, b in pairwise(widths)) + widths[0] * widths[-1]
    return bytes_of(sweep) + 16 * kept
