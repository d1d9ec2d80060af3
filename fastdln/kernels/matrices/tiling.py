"""Cuts of a product of small matrices into tiles, each of which stays in the vector registers."""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import NamedTuple

import llvmlite.binding as llvm

# 512-bit vectors come with twice as many registers.
WIDE_VECTORS = bool(llvm.get_host_cpu_features().get("avx512f", False))
REGISTERS = 32 if WIDE_VECTORS else 16

# Shapes of tiles, with no more rows than columns. A tile holds its sums, a column of the left matrix and one element of the right
# one, which is used for the whole column before the next one takes its register. Longer tiles would save few loads.
LONGEST = 6
SHAPES = [(m, n) for m in range(1, LONGEST + 1) for n in range(m, LONGEST + 1) if m * n + m + 1 <= REGISTERS]

# Larger matrices are cut into pieces of so many rows and columns first: a multiple of most sides of tiles.
BLOCK = 12


class Tile(NamedTuple):
    """A tile's first row and column, its size, and how many equal ones lie side by side."""

    row: int
    column: int
    rows: int
    columns: int
    times: int = 1


class Cut(NamedTuple):
    """Tiles that cover a matrix once, and their cost."""

    cost: float
    tiles: tuple[Tile, ...]

    def and_from(self, row: int, column: int, other: Cut) -> Cut:
        """Join another cut, which begins at this row and column."""
        moved = (tile._replace(row=tile.row + row, column=tile.column + column) for tile in other.tiles)
        return Cut(self.cost + other.cost, (*self.tiles, *moved))


def cost(rows: int, columns: int) -> float:
    """Cost of a tile, for one term of its sums, in half cycles, as measured.

    One for each multiply-add or each load, whichever are more, since two of each begin in a cycle; but six at least, for an
    addition waits eight for the one before, less what the next tile does meanwhile. Some two more for the beginning, the end, and
    loads that wait for each other.
    """
    return max(rows * columns, rows + columns, 6) + 1 + (rows + columns) / 8


@cache
def cut(rows: int, columns: int) -> Cut:
    """The cheapest cut that is found by cutting off a few rows, or columns, at a time."""
    if rows > 2 * BLOCK:
        return cut(BLOCK, columns).and_from(BLOCK, 0, cut(rows - BLOCK, columns))
    if columns > 2 * BLOCK:
        most = columns - columns % BLOCK - BLOCK
        return strips(rows, most).and_from(0, most, cut(rows, columns - most))
    if (rows, columns) in SHAPES:
        return Cut(cost(rows, columns), (Tile(0, 0, rows, columns),))
    # rows and columns of what is cut off, and where the rest begins
    across = [(k, columns, k, 0) for k in range(1, min(rows, LONGEST + 1))]
    down = [(rows, k, 0, k) for k in range(1, min(columns, LONGEST + 1))]

    def both(piece: tuple[int, int, int, int]) -> float:
        height, width, row, column = piece
        return cut(height, width).cost + cut(rows - row, columns - column).cost

    height, width, row, column = min(across + down, key=both)
    return cut(height, width).and_from(row, column, cut(rows - row, columns - column))


@cache
def strips(rows: int, columns: int) -> Cut:
    """The cheapest cut of whole blocks of columns into tiles that are equal along a row, so that memory is read in order."""
    equal = [
        Cut(columns / n * cost(m, n), (Tile(0, 0, m, n, columns // n),))
        for m, n in SHAPES
        if m == rows and BLOCK % n == 0
    ]
    parts = [strips(k, columns).and_from(k, 0, strips(rows - k, columns)) for k in range(1, min(rows, LONGEST + 1))]
    return min(equal + parts, key=attrgetter("cost"))
