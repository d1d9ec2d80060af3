"""Programs of matrix products: lists of operations, written once from the formulas, then run at every step on flat memory.

One small interpreter runs them for every depth and shape, so that it is compiled once. A program is an array (operation,
field) of integers: the kind of operation, the shapes, and the offsets in memory.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.lib.stride_tricks import as_strided

from fastdln.kernels.compile import jit_disabled
from fastdln.kernels.link import Linked
from fastdln.kernels.matrices import blas
from fastdln.kernels.matrices.blas import gemm
from fastdln.kernels.matrices.pointers import called_at, peek, peek_float, poke_float
from fastdln.kernels.matrices.tiles import (
    LANES,
    LEFT,
    NOTHING,
    OPERATIONS,
    PLAIN,
    RIGHT,
    TOGETHER,
    axpy,
    steps_of,
    tile,
    transpose_square,
    transposed,
)
from fastdln.kernels.matrices.tiling import cut

# Operations beside products of matrices (PLAIN, LEFT, RIGHT) and tiles of products (OPERATIONS): y <- y + a x, a transpose, and
# SHARED, a line that holds what the tiles after it share.
AXPY, TRANSPOSE, SHARED = -1, -2, -3
NOWHERE = -1
FIELDS = 12


class Matrix(NamedTuple):
    """A matrix in memory: its offset in floats, its shape, and the floats from one row to the next."""

    at: int
    rows: int
    columns: int
    row: int


class MemoryLayout:
    """Lays out matrices one after another in a flat array, `lanes` floats an element."""

    def __init__(self, lanes: int) -> None:
        self.lanes, self.size = lanes, 0

    def matrix(self, rows: int, columns: int) -> Matrix:
        matrix = Matrix(self.size, rows, columns, columns * self.lanes)
        self.size += rows * columns * self.lanes
        return matrix

    def pad(self) -> None:
        """Pad a vector to a whole number of the TOGETHER rows that vectors.py takes at a time."""
        self.size += -self.size % (LANES * TOGETHER)

    def rows(self, count: int) -> int:
        """Lay out so many rows of LANES floats; returns the offset of the first."""
        self.pad()
        self.size += count * LANES
        return self.size - count * LANES


class MatrixProgram:
    """A list of matrix products.

    spare: the offset of memory for a transpose. With it A B^T transposes B first: BLAS takes nearly twice as long for A B^T as for
    A B.
    """

    def __init__(self, lanes: int, spare: int | None = None) -> None:
        self.lanes, self.spare = lanes, spare
        self.in_tiles = lanes == LANES and not jit_disabled()
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
            transposed_b = Matrix(self.spare, b.columns, b.rows, b.rows)
            self.lines.append(
                (
                    TRANSPOSE,
                    transposed_b.at,
                    transposed_b.row,
                    b.at,
                    b.row,
                    0,
                    0,
                    b.rows,
                    b.columns,
                    1,
                    NOWHERE,
                    NOWHERE,
                )
            )
            b, kind = transposed_b, PLAIN
        if self.in_tiles:
            self.tiles(out, a, b, count, kind, onto, factor)
            return
        base = onto.at if onto else NOWHERE
        self.lines.append((kind, out.at, out.row, a.at, a.row, b.at, b.row, out.rows, out.columns, count, base, factor))

    def tiles(self, out: Matrix, a: Matrix, b: Matrix, count: int, kind: int, onto: Matrix | None, factor: int) -> None:
        """Add the lines of a product by tiles: what they share, then each tile; all in bytes."""
        rows, columns, square = out.rows, out.columns, (out.rows, out.columns, kind)
        steps = steps_of(8 * out.row, 8 * a.row, 8 * b.row, count, kind)
        if cut(columns, rows).cost < cut(rows, columns).cost:
            steps, rows, columns, a, b = transposed(steps, count), columns, rows, b, a
        self.line(SHARED, *steps, 8 * (onto.at - out.at) if onto else NOTHING, 8 * factor)
        dense = rows == columns == count and all(m.row == rows * LANES for m in (out, a, b))
        if dense and square in OPERATIONS:
            self.line(OPERATIONS[square], 8 * out.at, 8 * a.at, 8 * b.at, 1)
            return
        for i, j, m, n, times in cut(rows, columns).tiles:
            to = 8 * out.at + i * steps.out_down + j * steps.out_across
            left, right = 8 * a.at + i * steps.a_down, 8 * b.at + j * steps.b_across
            self.line(OPERATIONS[m, n, None], to, left, right, times, n * steps.out_across, n * steps.b_across)

    def line(self, *fields: int) -> None:
        """Add a line that begins with these fields."""
        self.lines.append(fields + (0,) * (FIELDS - len(fields)))

    def axpy(self, out: Matrix, x: Matrix, factor: int) -> None:
        """out += factor x."""
        size = out.rows * out.columns
        self.lines.append((AXPY, out.at, 0, x.at, 0, 0, 0, size, 1, 1, out.at, factor))


class Code:
    """Programs one after the other, as the array that `run` takes; a section, the first of its lines and the one after the last,
    tells one from the others."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, ...]] = []

    def add(self, *programs: MatrixProgram) -> tuple[int, int]:
        """Add programs that are run as one; returns their section."""
        first = len(self.lines)
        for program in programs:
            self.lines += program.lines
        return first, len(self.lines)

    @property
    def array(self) -> np.ndarray:
        return np.array(self.lines, dtype=np.int64).reshape(-1, FIELDS)


def run_tiles(memory, program, length):
    """Interpreter for LANES networks side by side; memory and program are addresses."""
    shared = program
    for k in range(length):
        line = program + 8 * FIELDS * k
        operation = peek(line)
        if operation == SHARED:
            shared = line
            continue
        if operation == AXPY:
            out, x, factor = memory + 8 * peek(line + 8), memory + 8 * peek(line + 24), memory + 8 * peek(line + 88)
            axpy(out, out, factor, x, peek(line + 56))
            continue
        out, a, b = memory + peek(line + 8), memory + peek(line + 16), memory + peek(line + 24)
        for _ in range(peek(line + 32)):
            tile(operation, memory, shared, out, a, b)
            out += peek(line + 40)
            b += peek(line + 48)


def run_blas(memory, program, length):
    """Interpreter for a single network, by BLAS; memory and program are addresses."""
    for k in range(length):
        line = program + 8 * FIELDS * k
        kind, rows, columns, count = peek(line), peek(line + 56), peek(line + 64), peek(line + 72)
        out, a, b = memory + 8 * peek(line + 8), memory + 8 * peek(line + 24), memory + 8 * peek(line + 40)
        onto, base = peek(line + 80) >= 0, memory + 8 * peek(line + 80)
        factor = peek_float(memory + 8 * peek(line + 88)) if onto else 1.0
        if kind == AXPY:
            for i in range(rows):
                poke_float(out + 8 * i, peek_float(out + 8 * i) + factor * peek_float(a + 8 * i))
            continue
        if kind == TRANSPOSE:
            transpose(out, 8 * peek(line + 16), a, 8 * peek(line + 32), rows, columns)
            continue
        if onto and base != out:
            for i in range(rows * columns):
                poke_float(out + 8 * i, peek_float(base + 8 * i))
        a_row, b_row, out_row = peek(line + 32), peek(line + 48), peek(line + 16)
        gemm(kind, rows, columns, count, factor, a, a_row, b, b_row, 1.0 if onto else 0.0, out, out_row)


def transpose(to, to_row, at, at_row, rows, columns):
    """Transpose a matrix, by squares of LANES, and number by number where they do not fit."""
    for i in range(0, rows, LANES):
        for j in range(0, columns, LANES):
            if i + LANES <= rows and j + LANES <= columns:
                transpose_square(to + j * to_row + 8 * i, to_row, at + i * at_row + 8 * j, at_row)
            else:
                for k in range(i, min(i + LANES, rows)):
                    for m in range(j, min(j + LANES, columns)):
                        poke_float(to + m * to_row + 8 * k, peek_float(at + k * at_row + 8 * m))


def run_plain(lanes: int) -> Any:
    """Interpreter where the JIT is off."""

    def run(memory: np.ndarray, program: np.ndarray) -> None:
        def view(at: int, row: int, rows: int, columns: int) -> np.ndarray:
            return as_strided(memory[at:], (rows, columns, lanes), (8 * row, 8 * lanes, 8))

        for kind, out, out_row, a, a_row, b, b_row, rows, columns, count, base, factor in program.tolist():
            if kind == AXPY:
                row = columns * lanes
                view(out, row, rows, 1)[...] += memory[factor : factor + lanes] * view(a, row, rows, 1)
                continue
            if kind == TRANSPOSE:
                view(out, out_row, columns, rows)[...] = view(a, a_row, rows, columns).swapaxes(0, 1)
                continue
            left = view(a, a_row, count, rows).swapaxes(0, 1) if kind == LEFT else view(a, a_row, rows, count)
            right = view(b, b_row, columns, count).swapaxes(0, 1) if kind == RIGHT else view(b, b_row, count, columns)
            found = np.einsum("ikl,kjl->ijl", left, right)
            if base >= 0:
                found = view(base, out_row, rows, columns) + memory[factor : factor + lanes] * found
            view(out, out_row, rows, columns)[...] = found

    return run


@cache
def interpreter(lanes: int) -> Linked:
    """Kernel that `run` calls for matrices of so many lanes: LANES, or 1.

    It is called by address, so that it is not compiled again into each of its callers.
    """
    if jit_disabled():
        return Linked(run_plain(lanes), "interpreter", lanes)
    if lanes != LANES:
        blas.provide()
    return Linked(run_tiles if lanes == LANES else run_blas, "interpreter", lanes, signature=(types.int64,) * 3)


def nth(section, number):
    """The section of program `number` of several of the same length, one after the other, from the section of the first."""
    first, last = section
    return first + number * (last - first), last + number * (last - first)


def run_here(runner: Any, memory: np.ndarray, code: np.ndarray, section: tuple[int, int]) -> None:
    """Run a section of the code on a network's memory, with the JIT off."""
    runner(memory, code[section[0] : section[1]])


run = run_here if jit_disabled() else called_at
