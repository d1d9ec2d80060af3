"""How a product of small matrices is cut into tiles, each of which stays in the vector registers."""

from __future__ import annotations

import math
from functools import cache

import llvmlite.binding as llvm

# 512-bit vectors come with twice as many registers.
WIDE_VECTORS = bool(llvm.get_host_cpu_features().get("avx512f", False))
LANES, REGISTERS = (8, 32) if WIDE_VECTORS else (4, 16)

# Shapes of tiles, of no more rows than columns. A tile holds its sums, a column of the left matrix and one element of the right
# one, which is used for the whole column and then makes room for the next. Longer ones than LONGEST save few loads.
LONGEST = 6
SHAPES = [(m, n) for m in range(1, LONGEST + 1) for n in range(m, LONGEST + 1) if m * n + m + 1 <= REGISTERS]

# Rows and columns of the squares that larger matrices are made of: a multiple of most tiles' sides.
BLOCK = 12

# A tile: its row and column, how many rows and columns it has, and how often it is repeated, so many columns further each time.
Tile = tuple[int, int, int, int, int, int]
Cut = tuple[float, tuple[Tile, ...]]


def cost(rows: int, columns: int) -> float:
    """How long a tile takes a term, in half cycles: one for each multiplication or load, two of which begin in a cycle, and
    some two, as measured, for beginning and ending it, and for what loads are in each other's way."""
    return max(rows * columns, rows + columns) + 1 + (rows + columns) / 8


@cache
def cut(rows: int, columns: int) -> Cut:
    """The cheapest of all tiles that are found by cutting off some rows, or columns, at a time; infinite if there are none."""
    if rows > 2 * BLOCK:
        return joined(cut(BLOCK, columns), cut(rows - BLOCK, columns), BLOCK, 0)
    if columns > 2 * BLOCK:
        times = columns // BLOCK - 1
        took, tiles = cut(rows, BLOCK)
        many = tuple((*tile[:4], times, BLOCK) for tile in tiles)
        return joined((times * took, many), cut(rows, columns - times * BLOCK), 0, times * BLOCK)
    if (rows, columns) in SHAPES:
        return cost(rows, columns), ((0, 0, rows, columns, 1, 0),)
    across = [joined(cut(k, columns), cut(rows - k, columns), k, 0) for k in range(1, min(rows, LONGEST + 1))]
    down = [joined(cut(rows, k), cut(rows, columns - k), 0, k) for k in range(1, min(columns, LONGEST + 1))]
    return min(across + down, default=(math.inf, ()))


def joined(one: Cut, other: Cut, row: int, column: int) -> Cut:
    """Two cuts side by side, the second beginning at a row and column."""
    return one[0] + other[0], one[1] + tuple((i + row, j + column, *rest) for i, j, *rest in other[1])
