"""Products of small matrices, LANES of them side by side, in tiles that stay in the vector registers.

Element (i, j) of a matrix lies `lanes` floats wide at offset + i row + j lanes of one flat array, its lanes being as
many points. A tile of the result is accumulated over the whole inner dimension before it is stored, so that every
element is one chain of fused multiplications and additions, the same wherever the tiles' edges fall.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

WIDE_VECTORS = bool(llvm.get_host_cpu_features().get("avx512f", False))
LANES, REGISTERS = (8, 32) if WIDE_VECTORS else (4, 16)

# Tiles, the shorter side first. In registers are their sums, the shorter side of one operand, and one element of the other.
LONGEST = 6
SHAPES = [
    (m, n) for m in range(1, LONGEST + 1) for n in range(m, LONGEST + 1) if m * n + m + 1 <= REGISTERS
]

TILE_ROWS, TILE_COLUMNS = (5, 5) if WIDE_VECTORS else (3, 4)

BESIDES = 2.0
BLOCK = 12

# Bytes of a vector, to which all memory is aligned: a load across two cache lines takes twice the time.
VECTOR = 8 * LANES

# Rows of a long vector that are summed side by side: a sum waits four cycles for the one before (vectors.py).
TOGETHER = 4

# Which operand is transposed: A B, A^T B, A B^T.
PLAIN, LEFT, RIGHT = range(3)

INT, VEC = ir.IntType(64), ir.VectorType(ir.DoubleType(), LANES)


def constant(value: int) -> Any:
    return ir.Constant(INT, value)


def fma_of(module: Any) -> Any:
    name = f"llvm.fma.v{LANES}f64"
    return module.globals.get(name) or ir.Function(module, ir.FunctionType(VEC, [VEC] * 3), name)


class Writer:
    """Vectors in and out of memory, and loops, in LLVM's words."""

    def __init__(self, builder: Any) -> None:
        self.builder, self.fma_function = builder, fma_of(builder.module)

    def at(self, place: Any, offset: Any = 0) -> Any:
        offset = constant(offset) if isinstance(offset, int) else offset
        return self.builder.inttoptr(self.builder.add(place, offset), VEC.as_pointer())

    def load(self, place: Any, offset: Any = 0) -> Any:
        return self.builder.load(self.at(place, offset), align=8)

    def store(self, value: Any, place: Any, offset: Any = 0) -> None:
        self.builder.store(value, self.at(place, offset), align=8)

    def field(self, operands: Any, number: int) -> Any:
        place = self.builder.add(operands, constant(8 * number))
        return self.builder.load(self.builder.inttoptr(place, INT.as_pointer()))

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        return self.builder.call(self.fma_function, [x, y, z])

    def times(self, stride: Any, count: int) -> Any:
        return self.builder.mul(stride, constant(count))

    def until(self, end: Any, carried: list[Any], body: Callable[[list[Any]], list[Any]]) -> list[Any]:
        """Runs body(values) -> next values, at least once, until the first of them is `end`; returns the last ones.

        LLVM does not know how often that is, and so does not unroll it.
        """
        builder, before = self.builder, self.builder.block
        inside, after = builder.append_basic_block("until"), builder.append_basic_block("after")
        builder.branch(inside)
        builder.position_at_end(inside)
        held = []
        for value in carried:
            held.append(builder.phi(value.type))
            held[-1].add_incoming(value, before)
        moved = body(held)
        for phi, value in zip(held, moved, strict=True):
            phi.add_incoming(value, builder.block)
        builder.cbranch(builder.icmp_signed("==", moved[0], end), after, inside)
        builder.position_at_end(after)
        return moved

    def loop(self, count: Any, carried: list[Any], body: Callable[[list[Any]], list[Any]], step: int = 1) -> list[Any]:
        """Runs body(values) -> next values, at least once, until `step` at a time they are `count`; returns the last ones."""
        builder, before = self.builder, self.builder.block
        inside, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
        builder.branch(inside)
        builder.position_at_end(inside)
        number = builder.phi(INT)
        number.add_incoming(constant(0), before)
        held = []
        for value in carried:
            held.append(builder.phi(value.type))
            held[-1].add_incoming(value, before)
        moved = body(held)
        following = builder.add(number, constant(step))
        end = builder.block
        number.add_incoming(following, end)
        for phi, value in zip(held, moved, strict=True):
            phi.add_incoming(value, end)
        builder.cbranch(builder.icmp_signed("<", following, count), inside, after)
        builder.position_at_end(after)
        return moved


# What the tiles of a product share, as 64-bit integers one after another: distances in bytes, from row to row, from
# column to column and from term to term; all the terms of `a`; from the result to what it is added to, and where in
# memory the factor lies.
OUT_DOWN, OUT_ACROSS, A_DOWN, A_ALONG, A_SPAN, B_ALONG, B_ACROSS, UNDER, FACTOR = range(1, 10)

# Instead of a distance: the result is not added to anything.
NOTHING = -1


class Steps(NamedTuple):
    """Of an operation, in bytes: from row to row, from column to column, from term to term, and all the terms of `a`."""

    out_down: Any
    out_across: Any
    a_down: Any
    a_along: Any
    a_span: Any
    b_along: Any
    b_across: Any


def written(writer: Writer, rows: int, columns: int, steps: Steps, terms: int, onto: Any, places: Any) -> None:
    """Writes one shape of tile: its sums over all terms, and their way into memory."""
    builder = writer.builder
    memory, operands, out, a, b = places

    def multiples(step: Any, number: int) -> list[Any]:
        return [writer.times(step, k) for k in range(number)]

    down, across = multiples(steps.a_down, rows), multiples(steps.b_across, columns)

    def term(held: list[Any]) -> list[Any]:
        at_a, at_b, *sums = held
        column = [writer.load(at_a, offset) for offset in down]
        for j, offset in enumerate(across):
            y = writer.load(at_b, offset)
            for i, x in enumerate(column):
                sums[i * columns + j] = writer.fma(x, y, sums[i * columns + j])
        return [builder.add(at_a, steps.a_along), builder.add(at_b, steps.b_along), *sums]

    zero = ir.Constant(VEC, [0.0] * LANES)
    held = [a, b] + [zero] * (rows * columns)
    if terms:
        for _ in range(terms):
            held = term(held)
    else:
        held = writer.until(builder.add(a, steps.a_span), held, term)
    sums = held[2:]
    places = []
    for i in range(rows):
        at = out if i == 0 else builder.add(places[-columns], steps.out_down)
        places.append(at)
        for _ in range(columns - 1):
            places.append(builder.add(places[-1], steps.out_across))
    with builder.if_else(builder.icmp_signed("==", onto, constant(NOTHING))) as (plain, added):
        with plain:
            for total, place in zip(sums, places, strict=True):
                writer.store(total, place)
        with added:
            factor = writer.load(memory, writer.field(operands, FACTOR))
            for total, place in zip(sums, places, strict=True):
                writer.store(writer.fma(factor, total, writer.load(place, onto)), place)


import os
WHOLE = range(2, int(os.environ.get("WHOLE", 5)) + 1)


def square(writer: Writer, size: int, kind: int, places: Any, onto: Any) -> None:
    builder = writer.builder
    memory, operands, out, a, b = places
    row, next = size * VECTOR, VECTOR
    a_steps = (next, row) if kind == LEFT else (row, next)
    b_steps = (next, row) if kind == RIGHT else (row, next)
    steps = [constant(k) for k in (row, next, *a_steps, size * a_steps[1], *b_steps)]
    for i, j, m, n, _, _ in cut(size, size)[1]:
        here = [out, a, b]
        by = [i * row + j * next, i * a_steps[0], j * b_steps[1]]
        here = [builder.add(x, constant(y)) for x, y in zip(here, by)]
        written(writer, m, n, Steps(*steps), size, onto, (memory, operands, *here))


@intrinsic
def tile(context: Any, shape: Any, memory: Any, operands: Any, out: Any, a: Any, b: Any) -> Any:
    """A tile of out = A B, or of base + factor A B, of SHAPES[shape]; all addresses, of the first element that it takes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        shape, *others = arguments
        writer, end = Writer(builder), builder.append_basic_block("end")
        choice = builder.switch(shape, end)
        operands = others[1]
        for k, (rows, columns) in enumerate(SHAPES):
            block = builder.append_basic_block(f"tile_{rows}_{columns}")
            choice.add_case(constant(k), block)
            builder.position_at_end(block)
            steps = Steps(*(writer.field(operands, k) for k in range(1, 8)))
            written(writer, rows, columns, steps, 0, writer.field(operands, UNDER), others)
            builder.branch(end)
        for d in WHOLE:
            for kind in (PLAIN, LEFT, RIGHT):
                block = builder.append_basic_block(f"square_{d}_{kind}")
                choice.add_case(constant(100 + 3 * d + kind), block)
                builder.position_at_end(block)
                square(writer, d, kind, others, writer.field(operands, UNDER))
                builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), generate


@intrinsic
def shift(context: Any, out: Any, base: Any, factor: Any, x: Any, count: Any) -> Any:
    """out = base + factor x over `count` vectors, all addresses."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, base, factor, x, count = arguments
        writer = Writer(builder)
        scale = writer.load(factor)

        def term(held: list[Any]) -> list[Any]:
            (offset,) = held
            moved = writer.fma(scale, writer.load(x, offset), writer.load(base, offset))
            writer.store(moved, out, offset)
            return [builder.add(offset, constant(VECTOR))]

        writer.loop(count, [constant(0)], term)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), generate


@intrinsic
def turn(context: Any, first: Any, second: Any, stride: Any, cosine: Any, sine: Any, count: Any) -> Any:
    """x, y = c x - s y, s x + c y for `count` vectors x and y, `stride` bytes apart, from two addresses on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, second, stride, cosine, sine, count = arguments
        writer = Writer(builder)
        c, s = writer.load(cosine), writer.load(sine)

        def term(held: list[Any]) -> list[Any]:
            (offset,) = held
            x, y = writer.load(first, offset), writer.load(second, offset)
            writer.store(builder.fsub(builder.fmul(c, x), builder.fmul(s, y)), first, offset)
            writer.store(writer.fma(s, x, builder.fmul(c, y)), second, offset)
            return [builder.add(offset, stride)]

        writer.loop(count, [constant(0)], term)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), generate


@intrinsic
def turn_over(context: Any, to: Any, to_row: Any, at: Any, at_row: Any) -> Any:
    """The transpose of a square of LANES by LANES floats; addresses, and the bytes from one row to the next."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, to_row, at, at_row = arguments
        writer = Writer(builder)
        rows = [writer.load(at, writer.times(at_row, k)) for k in range(LANES)]
        apart = 1
        while apart < LANES:  # rows `apart` exchange what lies off their diagonal, in squares of that size
            for k in range(LANES):
                if not k & apart:
                    x, y = rows[k], rows[k + apart]
                    upper = [j if not j & apart else LANES + j - apart for j in range(LANES)]
                    lower = [j + apart if not j & apart else LANES + j for j in range(LANES)]
                    rows[k], rows[k + apart] = (
                        builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(ir.IntType(32), LANES), mask))
                        for mask in (upper, lower)
                    )
            apart *= 2
        for k, row in enumerate(rows):
            writer.store(row, to, writer.times(to_row, k))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), generate


def cost(rows: int, columns: int) -> float:
    """Half cycles of a tile for each term: multiplications or loads, whichever are more, and what a tile takes besides."""
    return max(rows * columns, rows + columns) + BESIDES


@cache
def cut(rows: int, columns: int) -> tuple[float, list[tuple[int, ...]]]:
    """The cheapest tiles of a matrix, found by cutting off a piece at a time: what they take, and where they are.

    Each is (row, column, rows, columns, times, step): so many of it, from one to the next `step` columns to the right.
    """
    if rows > 2 * BLOCK or columns > 2 * BLOCK:
        return in_blocks(rows, columns)
    options = []
    if (rows, columns) in SHAPES:
        options.append((cost(rows, columns), [(0, 0, rows, columns, 1, 0)]))
    for k in range(1, min(rows, LONGEST + 1)):
        options.append(beside(cut(k, columns), cut(rows - k, columns), k, 0))
    for k in range(1, min(columns, LONGEST + 1)):
        options.append(beside(cut(rows, k), cut(rows, columns - k), 0, k))
    return min(options, default=(math.inf, []))


def beside(one, other, row, column):
    (took, tiles), (takes, others) = one, other
    return took + takes, tiles + [(i + row, j + column, *tile) for i, j, *tile in others]


def in_blocks(rows: int, columns: int) -> tuple[float, list[tuple[int, ...]]]:
    """The same for large matrices, whose tiles are those of blocks."""
    if rows > 2 * BLOCK:
        return beside(cut(BLOCK, columns), cut(rows - BLOCK, columns), BLOCK, 0)
    times = columns // BLOCK - 1
    took, tiles = cut(rows, BLOCK)
    repeated = [(*tile[:4], times, BLOCK) for tile in tiles]
    return beside((took * times, repeated), cut(rows, columns - times * BLOCK), 0, times * BLOCK)


def aligned(size: int) -> np.ndarray:
    """A new flat array of zeros that begins at a multiple of VECTOR bytes."""
    raw = np.zeros(size + LANES)
    first = -(raw.ctypes.data // 8) % LANES
    return raw[first : first + size]
