"""Sums and scalar products of long vectors, LANES of them side by side, in one pass over memory each.

A vector is `count` rows of LANES floats, from an offset in a flat memory on; count is a multiple of TOGETHER. A number is one row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastdln.kernels.compile import NATIVE
from fastdln.kernels.matrices.pointers import pointed
from fastdln.kernels.matrices.tiles import LANES, TOGETHER, VEC, VECTOR, Writer, constant

Values = list[Any]


def rows(memory: np.ndarray, at: int, count: int) -> np.ndarray:
    """View rows of a memory as an array (row, lane)."""
    return memory[at : at + count * LANES].reshape(count, LANES)


def one_pass(context: Any, builder: Any, array_type: Any, array: Any) -> tuple[Writer, Callable[[Any], Any]]:
    """A writer, and a function that gives the address of an offset in the memory."""
    writer, first = Writer(builder), pointed(context, builder, array_type, array)
    return writer, lambda at: builder.add(first, builder.mul(at, constant(8)))


def summed(writer: Writer, sums: Values) -> Any:
    """Add up values, pair by pair."""
    while len(sums) > 1:
        sums = [writer.builder.fadd(x, y) for x, y in zip(sums[::2], sums[1::2], strict=True)]
    return sums[0]


def passing(writer: Writer, count: Any, sums: int, row: Callable[[Any], Values]) -> Values:
    """Go over all rows by row(offset in bytes) -> pairs of values; returns the sums of the pairs' products."""
    builder, zero = writer.builder, ir.Constant(VEC, [0.0] * LANES)

    def term(held: Values) -> Values:
        offset, *before = held
        after = []
        for k in range(TOGETHER):
            factors = row(builder.add(offset, constant(k * VECTOR)))
            after += [writer.fma(x, y, before[k * sums + j]) for j, (x, y) in enumerate(factors)]
        return [builder.add(offset, constant(TOGETHER * VECTOR)), *after]

    found = writer.loop(builder.sdiv(count, constant(TOGETHER)), [constant(0)] + [zero] * (TOGETHER * sums), term)[1:]
    return [summed(writer, found[j::sums]) for j in range(sums)]


def dot(memory, out, x, y, count):
    """The number at `out` <- x . y."""
    rows(memory, out, 1)[0] = (rows(memory, x, count) * rows(memory, y, count)).sum(axis=0)


@intrinsic
def native_dot(context: Any, memory: Any, out: Any, x: Any, y: Any, count: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory, out, x, y, count = arguments
        writer, at = one_pass(context, builder, signature.args[0], memory)
        left, right = at(x), at(y)
        (found,) = passing(writer, count, 1, lambda offset: [(writer.load(left, offset), writer.load(right, offset))])
        writer.store(found, at(out))
        return context.get_dummy_value()

    return types.void(memory, *[types.int64] * 4), generate


def scale(memory, to, x, factor, count):
    """to <- factor x, the factor being a number."""
    rows(memory, to, count)[:] = rows(memory, factor, 1) * rows(memory, x, count)


@intrinsic
def native_scale(context: Any, memory: Any, to: Any, x: Any, factor: Any, count: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory, to, x, factor, count = arguments
        writer, at = one_pass(context, builder, signature.args[0], memory)
        source, goal, times = at(x), at(to), writer.load(at(factor))

        def row(offset: Any) -> Values:
            writer.store(builder.fmul(times, writer.load(source, offset)), goal, offset)
            return []

        passing(writer, count, 0, row)
        return context.get_dummy_value()

    return types.void(memory, *[types.int64] * 4), generate


def add_up(memory, to, square, x, vectors, factors, count):
    """to <- x + the sum of factors times vectors, tuples of offsets; the number at `square` <- to . to."""
    total = rows(memory, x, count).copy()
    for vector, factor in zip(vectors, factors, strict=True):
        total += rows(memory, factor, 1) * rows(memory, vector, count)
    rows(memory, to, count)[:] = total
    rows(memory, square, 1)[0] = (total * total).sum(axis=0)


@intrinsic
def native_add_up(
    context: Any, memory: Any, to: Any, square: Any, x: Any, vectors: Any, factors: Any, count: Any
) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory, to, square, x, vectors, factors, count = arguments
        writer, at = one_pass(context, builder, signature.args[0], memory)
        terms = len(signature.args[4])
        source, goal = at(x), at(to)
        others = [at(builder.extract_value(vectors, k)) for k in range(terms)]
        times = [writer.load(at(builder.extract_value(factors, k))) for k in range(terms)]

        def row(offset: Any) -> Values:
            total = writer.load(source, offset)
            for factor, other in zip(times, others, strict=True):
                total = writer.fma(factor, writer.load(other, offset), total)
            writer.store(total, goal, offset)
            return [(total, total)]

        (found,) = passing(writer, count, 1, row)
        writer.store(found, at(square))
        return context.get_dummy_value()

    kind = types.UniTuple(types.int64, len(vectors))
    return types.void(memory, *[types.int64] * 3, kind, kind, types.int64), generate


def combine(memory, to, vectors, factors, noise, first, share, count):
    """to <- the sum of factors times vectors, tuples of offsets, and share times `noise` from `first` on, one number a row."""
    total = rows(memory, share, 1) * noise[first : first + count, None]
    for vector, factor in zip(vectors, factors, strict=True):
        total = total + rows(memory, factor, 1) * rows(memory, vector, count)
    rows(memory, to, count)[:] = total


@intrinsic
def native_combine(
    context: Any,
    memory: Any,
    to: Any,
    vectors: Any,
    factors: Any,
    noise: Any,
    first: Any,
    share: Any,
    count: Any,
) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory, to, vectors, factors, noise, first, share, count = arguments
        writer, at = one_pass(context, builder, signature.args[0], memory)
        numbers = builder.add(pointed(context, builder, signature.args[4], noise), builder.mul(first, constant(8)))
        terms = range(len(signature.args[2]))
        sources = [at(builder.extract_value(vectors, k)) for k in terms]
        times = [writer.load(at(builder.extract_value(factors, k))) for k in terms]
        goal, part = at(to), writer.load(at(share))

        def row(held: Values) -> Values:
            offset, noise_address = held
            number = builder.load(builder.inttoptr(noise_address, ir.DoubleType().as_pointer()))
            total = builder.fmul(part, writer.everywhere(number))
            for factor, source in zip(times, sources, strict=True):
                total = writer.fma(factor, writer.load(source, offset), total)
            writer.store(total, goal, offset)
            return [builder.add(offset, constant(VECTOR)), builder.add(noise_address, constant(8))]

        writer.loop(count, [constant(0), numbers], row)
        return context.get_dummy_value()

    kind = types.UniTuple(types.int64, len(vectors))
    return types.void(memory, types.int64, kind, kind, noise, *[types.int64] * 3), generate


def fold(memory, at, count, wide):
    """Add up the lanes of each of `count` numbers, if all lanes hold one network, and so parts of one sum."""
    if wide:
        for i in range(count):
            total = 0.0
            for lane in range(LANES):
                total += memory[at + i * LANES + lane]
            for lane in range(LANES):
                memory[at + i * LANES + lane] = total


NATIVE.update({dot: native_dot, scale: native_scale, add_up: native_add_up, combine: native_combine})
