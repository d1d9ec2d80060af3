"""Chunks of a grid that a boundary crosses or comes near to: found from the codes of points, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np


@dataclass(frozen=True, eq=False)
class Reach:
    """The points of one dimension that are in, or near to, each chunk of a grid along it.

    first, last: of each chunk, the first and the last point, rising from chunk to chunk.
    """

    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, points: int, chunk: int, grid_points: int, *, halved: bool, margin: int) -> Reach:
        """Of `points` points: those of the grid itself, or, where it is `halved` from them, every second of its points.

        margin: how many points outside of a chunk are near to it.
        """
        begin = chunk * np.arange(-(-grid_points // chunk), dtype=np.int64)
        end = np.minimum(begin + chunk, grid_points) - 1
        step = 2 if halved else 1
        return cls(np.maximum(begin // step - margin, 0), np.minimum(-(-end // step) + margin, points - 1))

    def between(self, points: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first and the last chunk that both of two points reach; `ends` are not before `points`."""
        return np.searchsorted(self.last, ends), np.searchsorted(self.first, points, side="right") - 1


def mark_crossed(
    found: np.ndarray,
    codes: Sequence[np.ndarray],
    known: np.ndarray,
    start: Sequence[int],
    reaches: Sequence[Reach],
    along: Sequence[int],
) -> None:
    """Marks the chunks that hold, or come near to, two neighbouring points of a block whose codes differ.

    Parameters
    ----------
    found : array of bool
        The chunks as they lie, marked in place.
    codes : sequence of arrays
        Each code of the block's points; dimensions beyond the grid's, such as modes, come last, and any of them may differ.
    known : array of bool
        Which points have codes, shaped like the block; others are no neighbours.
    start : sequence of int
        Where the block begins along each dimension.
    reaches : sequence of Reach
        Of each dimension.
    along : sequence of int
        The dimensions along which points are neighbours.
    """
    for axis in along:
        lower, upper = (
            tuple(part if k == axis else slice(None) for k in range(known.ndim)) for part in (BEFORE, AFTER)
        )
        differ = np.zeros(known[lower].shape, dtype=bool)
        for code in codes:
            changes = code[lower] != code[upper]
            differ |= changes.any(axis=tuple(range(known.ndim, code.ndim))) if code.ndim > known.ndim else changes
        pairs = np.nonzero(differ & known[lower] & known[upper])
        if not pairs[0].size:
            continue
        ranges = [
            reach.between(pair + first, pair + first + (k == axis))
            for k, (reach, pair, first) in enumerate(zip(reaches, pairs, start, strict=True))
        ]
        widths = [int((last - first).max()) + 1 for first, last in ranges]
        for steps in product(*(range(width) for width in widths)):
            index = [first + step for (first, _), step in zip(ranges, steps, strict=True)]
            inside = np.all([k <= last for k, (_, last) in zip(index, ranges, strict=True)], axis=0)
            found[tuple(k[inside] for k in index)] = True


# One of two neighbours along an axis, and the other.
BEFORE, AFTER = slice(None, -1), slice(1, None)
