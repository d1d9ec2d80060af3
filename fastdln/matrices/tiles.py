"""Products of small matrices, LANES of them side by side, in tiles that stay in the vector registers.

Element (i, j) of a matrix lies `lanes` floats wide at offset + i row + j lanes of one flat array, its lanes being as
many points. A tile of the result is accumulated over the whole inner dimension before it is stored, so that every
element is one chain of fused multiplications and additions, the same wherever the tiles' edges fall.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

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


def written(writer: Writer, small: int, large: int, places: Any, rows: Any, columns: Any, count: Any, factor: Any) -> None:
    """Writes one shape of tile: `rows` by `columns` elements in tiles of small by large, one after the other."""
    builder = writer.builder
    out, out_down, out_across, a, a_down, a_along, b, b_along, b_across, base = places
    nothing = ir.Constant(VEC, [0.0] * LANES)

    def places_of(place: Any, step: Any, number: int) -> list[Any]:
        found = [place]
        for _ in range(number - 1):
            found.append(builder.add(found[-1], step))
        return found

    def tile(to: Any, left: Any, right: Any, beneath: Any) -> None:
        def term(held: list[Any]) -> list[Any]:
            at_a, at_b, *sums = held
            column = [writer.load(place) for place in places_of(at_a, a_down, small)]
            for j, place in enumerate(places_of(at_b, b_across, large)):
                y = writer.load(place)
                for i in range(small):
                    sums[i * large + j] = writer.fma(column[i], y, sums[i * large + j])
            return [builder.add(at_a, a_along), builder.add(at_b, b_along), *sums]

        end = builder.add(left, builder.mul(a_along, count))
        sums = writer.until(end, [left, right] + [nothing] * (small * large), term)[2:]

        def each(first: Any) -> list[Any]:
            return [q for p in places_of(first, out_down, small) for q in places_of(p, out_across, large)]

        with builder.if_else(builder.icmp_signed("==", beneath, constant(0))) as (plain, onto):
            with plain:
                for total, place in zip(sums, each(to), strict=True):
                    writer.store(total, place)
            with onto:
                scale = writer.load(factor)
                for total, place, under in zip(sums, each(to), each(beneath), strict=True):
                    writer.store(writer.fma(scale, total, writer.load(under)), place)

    onto = builder.icmp_signed("!=", base, constant(0))
    right_step = writer.times(b_across, large)
    out_step = writer.times(out_across, large)
    under_step = builder.select(onto, out_step, constant(0))
    out_step_down = writer.times(out_down, small)
    under_step_down = builder.select(onto, out_step_down, constant(0))
    row_end = builder.add(b, builder.mul(b_across, columns))
    end = builder.add(a, builder.mul(a_down, rows))

    def row(held: list[Any]) -> list[Any]:
        left, to, beneath = held

        def one(held: list[Any]) -> list[Any]:
            right, at, under = held
            tile(at, left, right, under)
            return [builder.add(right, right_step), builder.add(at, out_step), builder.add(under, under_step)]

        writer.until(row_end, [b, to, beneath], one)
        return [builder.add(left, writer.times(a_down, small)), builder.add(to, out_step_down), builder.add(beneath, under_step_down)]

    writer.until(end, [a, out, base], row)


@intrinsic
def multiply(context: Any, shape: Any, places: Any, rows: Any, columns: Any, count: Any, factor: Any) -> Any:
    """out = A B over `count` terms, or base + factor A B where base is not 0: `down` by `across` tiles of SHAPES[shape].

    places: (out, out_down, out_across, a, a_down, a_along, b, b_along, b_across, base), addresses and strides in bytes.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        shape, places, rows, columns, count, factor = arguments
        writer, places = Writer(builder), [builder.extract_value(places, k) for k in range(10)]
        end = builder.append_basic_block("end")
        choice = builder.switch(shape, end)
        for k, (small, large) in enumerate(SHAPES):
            block = builder.append_basic_block(f"tile_{small}_{large}")
            choice.add_case(constant(k), block)
            builder.position_at_end(block)
            written(writer, small, large, places, rows, columns, count, factor)
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(types.int64, places, *[types.int64] * 4), generate


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


def parts(size: int, side: int) -> list[tuple[int, int]]:
    """Lengths whose sum is `size`, with how often they stand there: as few as do, of nearly equal lengths."""
    number = -(-size // side)
    short, more = divmod(size, number)
    return [(part, times) for part, times in ((short + 1, more), (short, number - more)) if times]


@cache
def cut(rows: int, columns: int) -> list[tuple[int, int, int, int, int, bool]]:
    found, row = [], 0
    for m, down in parts(rows, TILE_ROWS):
        column = 0
        for n, across in parts(columns, TILE_COLUMNS):
            found.append((SHAPES.index((min(m, n), max(m, n))), row, column, m * down, n * across, m > n))
            column += n * across
        row += m * down
    return found


def aligned(size: int) -> np.ndarray:
    """A new flat array of zeros that begins at a multiple of VECTOR bytes."""
    raw = np.zeros(size + LANES)
    first = -(raw.ctypes.data // 8) % LANES
    return raw[first : first + size]
