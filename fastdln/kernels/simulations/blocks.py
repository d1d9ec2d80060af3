"""Blocks of a product of matrices of numbers, whose sums stay in the vector registers.

out += A B, where rows of B and of `out` lie dense in memory, and elements of A anywhere: each of A's elements meets a whole vector of B. Every
element is one chain of fused multiply-adds over the inner dimension, in the same order whatever block it is in.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastdln.kernels.compile import NATIVE
from fastdln.kernels.matrices.pointers import pointed
from fastdln.kernels.matrices.tiles import LANES, Writer, constant
from fastdln.models.fma import fma

# Rows and vectors of a block: eight sums or more hide the latency of an addition, and with the vectors of B they fit the registers.
TALL, WIDE = (4, 2) if LANES == 8 else (3, 2)


def block(rows: int, vectors: int) -> Callable[..., None]:
    """Function that adds A B to `rows` rows and `vectors` vectors of `out`, and its compiled twin.

    It is given arrays, and where the block begins in each: out and b, with so many floats from one row to the next, and a, with so many from
    one row (down) and from one column (across) to the next; count: the inner dimension, 1 or more.
    """

    def plain(out, at, row, a, begin, down, across, b, first, count):
        for i, j in product(range(rows), range(vectors * LANES)):
            total = out[at + i * row + j]
            for k in range(count):
                total += a[begin + i * down + k * across] * b[first + k * row + j]
            out[at + i * row + j] = total

    @intrinsic
    def native(
        context: Any,
        out: Any,
        at: Any,
        row: Any,
        a: Any,
        begin: Any,
        down: Any,
        across: Any,
        b: Any,
        first: Any,
        count: Any,
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            out, at, row, a, begin, down, across, b, first, count = arguments
            writer, arrays = Writer(builder), signature.args

            def address(kind: Any, array: Any, offset: Any) -> Any:
                return builder.add(pointed(context, builder, kind, array), builder.mul(offset, constant(8)))

            row, down, across = (builder.mul(step, constant(8)) for step in (row, down, across))
            to = address(arrays[0], out, at)
            places = [
                builder.add(to, builder.add(writer.times(row, i), constant(8 * LANES * j)))
                for i, j in product(range(rows), range(vectors))
            ]
            steps = [writer.times(down, i) for i in range(rows)]

            def number(at: Any) -> Any:
                return writer.everywhere(builder.load(builder.inttoptr(at, ir.DoubleType().as_pointer()), align=8))

            def term(held: list[Any]) -> list[Any]:
                at_a, at_b, *sums = held
                under = [writer.load(at_b, 8 * LANES * j) for j in range(vectors)]
                for i, step in enumerate(steps):
                    x = number(builder.add(at_a, step))
                    for j, y in enumerate(under):
                        sums[i * vectors + j] = writer.fma(x, y, sums[i * vectors + j])
                return [builder.add(at_a, across), builder.add(at_b, row), *sums]

            begins = [address(arrays[3], a, begin), address(arrays[7], b, first)]
            _, _, *sums = writer.loop(count, begins + [writer.load(place) for place in places], term)
            for total, place in zip(sums, places, strict=True):
                writer.store(total, place)
            return context.get_dummy_value()

        integers = [types.int64] * 10
        return types.void(out, *integers[1:3], a, *integers[4:7], b, *integers[8:]), generate

    NATIVE[plain] = native
    return plain


tall_and_wide, tall, wide, single = block(TALL, WIDE), block(TALL, 1), block(1, WIDE), block(1, 1)


def add_product(a, begin, down, across, b, first, out, at, rows, count, columns):
    """out += A B by blocks, and number by number in columns beyond the last whole vector; count is 1 or more."""
    whole = columns - columns % LANES
    pairs = whole - whole % (WIDE * LANES)
    high = rows - rows % TALL
    for i in range(0, high, TALL):
        for j in range(0, pairs, WIDE * LANES):
            tall_and_wide(out, at + i * columns + j, columns, a, begin + i * down, down, across, b, first + j, count)
        for j in range(pairs, whole, LANES):
            tall(out, at + i * columns + j, columns, a, begin + i * down, down, across, b, first + j, count)
    for i in range(high, rows):
        for j in range(0, pairs, WIDE * LANES):
            wide(out, at + i * columns + j, columns, a, begin + i * down, down, across, b, first + j, count)
        for j in range(pairs, whole, LANES):
            single(out, at + i * columns + j, columns, a, begin + i * down, down, across, b, first + j, count)
    if whole < columns:
        for i in range(rows):
            for j in range(whole, columns):
                total = out[at + i * columns + j]
                for k in range(count):
                    total = fma(a[begin + i * down + k * across], b[first + k * columns + j], total)
                out[at + i * columns + j] = total
