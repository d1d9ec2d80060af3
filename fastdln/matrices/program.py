"""Programs: lists of matrix products, written once in the formulas' words, then run at every step on flat memory.

One small interpreter runs them for every depth and shape, so that it is compiled once. A program is an array (operation,
field) of integers: what to do, the shapes, and where in memory.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.lib.stride_tricks import as_strided

from fastdln.kernels.compiled import jit_disabled
from fastdln.kernels.link import Linked
from fastdln.matrices import blas
from fastdln.matrices.addresses import called_at, peek, peek_float, poke_float
from fastdln.matrices.blas import gemm
from fastdln.matrices.tiles import LANES, LEFT, PLAIN, RIGHT, TOGETHER, cut, multiply, shift, turn_over

SHIFT, TRANSPOSE = -1, -2
NOWHERE = -1
FIELDS = 15


class Matrix(NamedTuple):
    """A matrix in memory: its offset in floats, its shape, and the floats from one row to the next."""

    at: int
    rows: int
    columns: int
    row: int


class Memory:
    """Hands out places in one flat array whose matrices are `lanes` floats wide an element."""

    def __init__(self, lanes: int) -> None:
        self.lanes, self.size = lanes, 0

    def matrix(self, rows: int, columns: int) -> Matrix:
        place = Matrix(self.size, rows, columns, columns * self.lanes)
        self.size += rows * columns * self.lanes
        return place

    def pad(self) -> None:
        """Ends a vector: what follows begins after a whole number of the pieces that vectors.py takes."""
        self.size += -self.size % (LANES * TOGETHER)

    def rows(self, count: int) -> int:
        """Where so many rows of LANES floats begin."""
        self.pad()
        self.size += count * LANES
        return self.size - count * LANES


class Program:
    """A list of products.

    spare: a place for a transpose. With it A B^T turns B over first: BLAS takes nearly twice as long for it as for A B.
    """

    def __init__(self, lanes: int, spare: int | None = None) -> None:
        self.lanes, self.spare = lanes, spare
        self.lines: list[tuple[int, ...]] = []

    def product(
        self, out: Matrix, a: Matrix, b: Matrix, kind: int = PLAIN, onto: Matrix | None = None, factor: int = NOWHERE
    ) -> None:
        """out = A B (or A^T B, A B^T by `kind`), or onto + factor A B; factor: the offset of a number a lane."""
        count = a.rows if kind == LEFT else a.columns
        assert count == (b.columns if kind == RIGHT else b.rows)
        assert (out.rows, out.columns) == (
            a.columns if kind == LEFT else a.rows,
            b.rows if kind == RIGHT else b.columns,
        )
        if kind == RIGHT and self.spare is not None:
            turned = Matrix(self.spare, b.columns, b.rows, b.rows)
            self.line(TRANSPOSE, (turned.at, turned.row, 1), (b.at, b.row, 1), (0, 0, 0), (b.rows, b.columns, 1))
            b, kind = turned, PLAIN
        base = onto.at if onto else NOWHERE
        lanes = self.lanes
        left, right = (a.at, a.row, lanes), (b.at, b.row, lanes)
        left = (a.at, lanes, a.row) if kind == LEFT else left
        right = (b.at, lanes, b.row) if kind == RIGHT else right
        to = out.at, out.row, lanes
        if lanes != LANES:
            self.line(kind, to, left, right, (out.rows, out.columns, count), base, factor)
            return
        for shape, row, column, rows, columns, swapped in cut(out.rows, out.columns):
            place = row * out.row + column * lanes
            x, y = (left[0] + row * left[1], *left[1:]), (right[0] + column * right[2], *right[1:])
            under = base + place if onto else NOWHERE
            if swapped:
                t = out.at + place, lanes, out.row
                self.line(shape, t, (y[0], y[2], y[1]), (x[0], x[2], x[1]), (columns, rows, count), under, factor)
            else:
                self.line(shape, (out.at + place, out.row, lanes), x, y, (rows, columns, count), under, factor)

    def line(self, operation: int, out: Any, a: Any, b: Any, sizes: Any, base: int = NOWHERE, factor: int = NOWHERE) -> None:
        self.lines.append((operation, *out, *a, *b, *sizes, base, factor))

    def shift(self, out: Matrix, x: Matrix, factor: int) -> None:
        """out += factor x."""
        size = out.rows * out.columns
        self.line(SHIFT, (out.at, 0, 0), (x.at, 0, 0), (0, 0, 0), (size, 1, 1), out.at, factor)


class Code:
    """Programs one after the other, as the array that `run` takes; each is known by its section, the first of its lines and the
    one after the last."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, ...]] = []

    def add(self, *programs: Program) -> tuple[int, int]:
        """The section of some programs, which are run as one."""
        first = len(self.lines)
        for program in programs:
            self.lines += program.lines
        return first, len(self.lines)

    @property
    def array(self) -> np.ndarray:
        return np.array(self.lines, dtype=np.int64).reshape(-1, FIELDS)


def run_tiles(memory, program, length):
    """The interpreter for LANES networks side by side; memory and program are addresses."""
    for k in range(length):
        line = program + 8 * FIELDS * k
        operation = peek(line)
        out, a, b = memory + 8 * peek(line + 8), memory + 8 * peek(line + 32), memory + 8 * peek(line + 56)
        rows, columns, count = peek(line + 80), peek(line + 88), peek(line + 96)
        base = memory + 8 * peek(line + 104) if peek(line + 104) >= 0 else 0
        factor = memory + 8 * peek(line + 112)
        if operation == SHIFT:
            shift(out, base, factor, a, rows)
            continue
        out_down, out_across = 8 * peek(line + 16), 8 * peek(line + 24)
        a_down, a_along = 8 * peek(line + 40), 8 * peek(line + 48)
        b_along, b_across = 8 * peek(line + 64), 8 * peek(line + 72)
        places = (out, out_down, out_across, a, a_down, a_along, b, b_along, b_across, base)
        multiply(operation, places, rows, columns, count, factor)


def run_blas(memory, program, length):
    """The same on single networks, by BLAS."""
    for k in range(length):
        line = program + 8 * FIELDS * k
        kind, rows, columns, count = peek(line), peek(line + 80), peek(line + 88), peek(line + 96)
        out, a, b = memory + 8 * peek(line + 8), memory + 8 * peek(line + 32), memory + 8 * peek(line + 56)
        onto, base = peek(line + 104) >= 0, memory + 8 * peek(line + 104)
        factor = peek_float(memory + 8 * peek(line + 112)) if onto else 1.0
        if kind == SHIFT:
            for i in range(rows):
                poke_float(out + 8 * i, peek_float(out + 8 * i) + factor * peek_float(a + 8 * i))
            continue
        if kind == TRANSPOSE:
            transpose(out, 8 * peek(line + 16), a, 8 * peek(line + 40), rows, columns)
            continue
        if onto and base != out:
            for i in range(rows * columns):
                poke_float(out + 8 * i, peek_float(base + 8 * i))
        out_row = peek(line + 16)
        a_row = peek(line + 48) if kind == LEFT else peek(line + 40)
        b_row = peek(line + 72) if kind == RIGHT else peek(line + 64)
        gemm(kind, rows, columns, count, factor, a, a_row, b, b_row, 1.0 if onto else 0.0, out, out_row)


def transpose(to, to_row, at, at_row, rows, columns):
    """The transpose of a matrix, by squares, and by numbers where they do not fit."""
    for i in range(0, rows, LANES):
        for j in range(0, columns, LANES):
            if i + LANES <= rows and j + LANES <= columns:
                turn_over(to + j * to_row + 8 * i, to_row, at + i * at_row + 8 * j, at_row)
            else:
                for k in range(i, min(i + LANES, rows)):
                    for m in range(j, min(j + LANES, columns)):
                        poke_float(to + m * to_row + 8 * k, peek_float(at + k * at_row + 8 * m))


def run_plain(lanes: int) -> Any:
    """The interpreter where the JIT is off."""

    def run(memory: np.ndarray, program: np.ndarray) -> None:
        def view(at: int, down: int, across: int, rows: int, columns: int) -> np.ndarray:
            return as_strided(memory[at:], (rows, columns, lanes), (8 * down, 8 * across, 8))

        for line in program.tolist():
            operation, out, a, b = line[0], line[1:4], line[4:7], line[7:10]
            rows, columns, count, base, factor = line[10:]
            if operation == SHIFT:
                size = rows * lanes
                memory[out[0] : out[0] + size] += np.tile(memory[factor : factor + lanes], rows) * memory[a[0] : a[0] + size]
                continue
            if operation == TRANSPOSE:
                view(*out, columns, rows)[...] = view(*a, rows, columns).swapaxes(0, 1)
                continue
            found = np.einsum("ikl,kjl->ijl", view(*a, rows, count), view(*b, count, columns))
            if base >= 0:
                found = view(base, *out[1:], rows, columns) + memory[factor : factor + lanes] * found
            view(*out, rows, columns)[...] = found

    return run


@cache
def interpreter(lanes: int) -> Linked:
    """The kernel that `run` calls for matrices of so many lanes: LANES, or 1.

    It is called by address, so that what calls it does not hold, and compile, all of it again.
    """
    if jit_disabled():
        return Linked(run_plain(lanes), "interpreter", lanes)
    if lanes != LANES:
        blas.provide()
    return Linked(run_tiles if lanes == LANES else run_blas, "interpreter", lanes, signature=(types.int64,) * 3)


def nth(section, number):
    """The section of one of several programs of the same length, one after the other, from that of the first."""
    first, last = section
    return first + number * (last - first), last + number * (last - first)


def run_here(runner: Any, memory: np.ndarray, code: np.ndarray, section: tuple[int, int]) -> None:
    """Runs a section of the code on a network's memory."""
    runner(memory, code[section[0] : section[1]])


run = run_here if jit_disabled() else called_at
