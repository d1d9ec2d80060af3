"""Products of small matrices, LANES of them side by side, in tiles that stay in the vector registers.

Element (i, j) of a matrix is a vector of `lanes` floats, one a point, at offset + i row + j lanes of one flat array. A tile of the
result is accumulated over the whole inner dimension before it is stored, so that every element is one chain of fused
multiply-adds, the same wherever the tiles' edges fall.

The same machine code serves A B, A^T B, A B^T and their transposes: they differ only in the distances between elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastdln.kernels.matrices.tiling import SHAPES, WIDE_VECTORS, cut

# Doubles in a vector register.
LANES = 8 if WIDE_VECTORS else 4

# Bytes of a vector, to which all memory is aligned: a load across two cache lines takes twice the time.
VECTOR = 8 * LANES

# Rows of a long vector that are summed side by side: an addition waits four cycles for the one before (vectors.py).
TOGETHER = 4

# Which operand is transposed: A B, A^T B, A B^T.
PLAIN, LEFT, RIGHT = range(3)

# What `tile` can compute, by number: tiles of products of any kind, and products of small squares, of one kind each. The latter
# are straight code without loops, with all distances known: in a small product all that surrounds the sums takes longer than
# the sums. Larger squares would gain little, and take seconds to compile: with 16 registers of half the length they are four times
# as many instructions.
LARGEST_SQUARE = 8 if WIDE_VECTORS else 5
OPERATIONS: dict[tuple[int, int, int | None], int] = {
    operation: number
    for number, operation in enumerate(
        [
            *((rows, columns, None) for rows, columns in SHAPES),
            *((size, size, kind) for size in range(2, LARGEST_SQUARE + 1) for kind in (PLAIN, LEFT, RIGHT)),
        ]
    )
}

# What the tiles of a product share, as integers from the second on: Steps; UNDER, the distance in bytes from the result to what
# it is added to, or NOTHING; and FACTOR, the offset of the factor.
UNDER, FACTOR, NOTHING = 8, 9, -1

INT, VEC = ir.IntType(64), ir.VectorType(ir.DoubleType(), LANES)


def constant(value: int) -> Any:
    return ir.Constant(INT, value)


def fma_of(module: Any) -> Any:
    name = f"llvm.fma.v{LANES}f64"
    return module.globals.get(name) or ir.Function(module, ir.FunctionType(VEC, [VEC] * 3), name)


class Writer:
    """Writes LLVM code: vectors in and out of memory, and loops."""

    def __init__(self, builder: Any) -> None:
        self.builder, self.fma_function = builder, fma_of(builder.module)

    def at(self, address: Any, offset: Any = 0) -> Any:
        offset = constant(offset) if isinstance(offset, int) else offset
        return self.builder.inttoptr(self.builder.add(address, offset), VEC.as_pointer())

    def load(self, address: Any, offset: Any = 0) -> Any:
        return self.builder.load(self.at(address, offset), align=8)

    def store(self, value: Any, address: Any, offset: Any = 0) -> None:
        self.builder.store(value, self.at(address, offset), align=8)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        return self.builder.call(self.fma_function, [x, y, z])

    def everywhere(self, number: Any) -> Any:
        """A number in all lanes."""
        one = self.builder.insert_element(ir.Constant(VEC, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(one, one, lanes)

    def times(self, stride: Any, count: int) -> Any:
        return self.builder.mul(stride, constant(count))

    def opaque(self, value: Any) -> Any:
        """The value, through an empty piece of assembly, so that LLVM does not know where it comes from."""
        return self.builder.asm(ir.FunctionType(INT, [INT]), "", "=r,0", [value], side_effect=False)

    def loop(self, count: Any, carried: list[Any], body: Callable[[list[Any]], list[Any]]) -> list[Any]:
        """Runs body(values) -> next values `count` times, at least once; returns the last ones."""

        def counted(held: list[Any]) -> list[Any]:
            number, *values = held
            return [self.builder.add(number, constant(1)), *body(values)]

        return self.repeat([constant(0), *carried], counted, lambda number: ("<", number, count))[1:]

    def until(self, end: Any, carried: list[Any], body: Callable[[list[Any]], list[Any]]) -> list[Any]:
        """Runs body(values) -> next values until the first of the values is `end`.

        Where the step is a variable LLVM cannot tell how often that is, and so leaves the loop as it is: unrolled, with a
        second loop for the remainder, short loops take longer.
        """
        return self.repeat(carried, body, lambda first: ("!=", first, end))

    def repeat(
        self, carried: list[Any], body: Callable[[list[Any]], list[Any]], further: Callable[[Any], tuple[str, Any, Any]]
    ) -> list[Any]:
        """Runs body(values) -> next values as long as the comparison that further(first of the next values) gives holds."""
        builder, before = self.builder, self.builder.block
        inside, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
        builder.branch(inside)
        builder.position_at_end(inside)
        held = [builder.phi(value.type) for value in carried]
        moved = body(held)
        for phi, value, following in zip(held, carried, moved, strict=True):
            phi.add_incoming(value, before)
            phi.add_incoming(following, builder.block)
        builder.cbranch(builder.icmp_signed(*further(moved[0])), inside, after)
        builder.position_at_end(after)
        return moved


class Steps(NamedTuple):
    """Distances in bytes: from row to row (down), from column to column (across), from term to term (along); a_span: of all terms."""

    out_down: Any
    out_across: Any
    a_down: Any
    a_along: Any
    a_span: Any
    b_along: Any
    b_across: Any


def steps_of(out_row: int, a_row: int, b_row: int, count: int, kind: int) -> Steps:
    """The steps of matrices whose rows are so many bytes apart."""
    a_down, a_along = (VECTOR, a_row) if kind == LEFT else (a_row, VECTOR)
    b_along, b_across = (VECTOR, b_row) if kind == RIGHT else (b_row, VECTOR)
    return Steps(out_row, VECTOR, a_down, a_along, count * a_along, b_along, b_across)


def transposed(steps: Steps, count: int) -> Steps:
    """The steps of out^T = B^T A^T."""
    s = steps
    return Steps(s.out_across, s.out_down, s.b_across, s.b_along, count * s.b_along, s.a_along, s.a_down)


class Tiles(Writer):
    """Writes the LLVM code of tiles; memory, shared: the addresses of the memory and of what the tiles of a product share."""

    def __init__(self, builder: Any, memory: Any, shared: Any) -> None:
        super().__init__(builder)
        self.memory, self.shared = memory, shared

    def number(self, index: int) -> Any:
        """One of the integers that the tiles share."""
        at = self.builder.add(self.shared, constant(8 * index))
        return self.builder.load(self.builder.inttoptr(at, INT.as_pointer()))

    def tile(self, rows: int, columns: int, steps: Steps, first: Sequence[Any], terms: int | None = None) -> None:
        """A tile, from the addresses of the first elements of out, A and B; with a loop if the number of terms is not known."""
        add, (out, a, b) = self.builder.add, first
        down = [self.times(steps.a_down, i) for i in range(rows)]
        across = [self.times(steps.b_across, j) for j in range(columns)]

        def term(held: list[Any]) -> list[Any]:
            at_a, at_b, *sums = held
            column = [self.load(at_a, offset) for offset in down]
            for j, offset in enumerate(across):
                y = self.load(at_b, offset)
                for i, x in enumerate(column):
                    sums[i * columns + j] = self.fma(x, y, sums[i * columns + j])
            return [add(at_a, steps.a_along), add(at_b, steps.b_along), *sums]

        held = [a, b] + [ir.Constant(VEC, [0.0] * LANES)] * (rows * columns)
        if terms is None:
            # One instruction addresses a base and 0, 1 or 2 steps from it. From there LLVM would add up addresses one by one,
            # and go from the last of them to the next term: a chain of additions that takes as long as a term's sums.
            across[3:] = map(self.opaque, across[3:])
            held = self.until(add(a, steps.a_span), held, term)
        else:
            for _ in range(terms):
                held = term(held)
        begins = accumulate([steps.out_down] * (rows - 1), add, initial=out)
        addresses = [accumulate([steps.out_across] * (columns - 1), add, initial=begin) for begin in begins]
        self.put(held[2:], list(chain.from_iterable(addresses)))

    def put(self, sums: list[Any], addresses: list[Any]) -> None:
        """Stores a tile, or what lies under it plus the factor times it."""
        under = self.number(UNDER)
        with self.builder.if_else(self.builder.icmp_signed("==", under, constant(NOTHING))) as (alone, added):
            with alone:
                for total, address in zip(sums, addresses, strict=True):
                    self.store(total, address)
            with added:
                factor = self.load(self.memory, self.number(FACTOR))
                for total, address in zip(sums, addresses, strict=True):
                    self.store(self.fma(factor, total, self.load(address, under)), address)

    def square(self, size: int, kind: int, first: Sequence[Any]) -> None:
        """The product of two dense squares."""
        row = size * VECTOR
        steps = steps_of(row, row, row, size, kind)
        for part in cut(size, size).tiles:
            i, j = part.row, part.column
            offsets = i * row + j * VECTOR, i * steps.a_down, j * steps.b_across
            begin = [
                self.builder.add(address, constant(offset)) for address, offset in zip(first, offsets, strict=True)
            ]
            self.tile(part.rows, part.columns, Steps(*map(constant, steps)), begin, size)


@intrinsic
def tile(context: Any, operation: Any, memory: Any, shared: Any, out: Any, a: Any, b: Any) -> Any:
    """A tile of out = A B or of base + factor A B, or all of a small product, by a number of OPERATIONS.

    memory, shared: see Tiles. out, a, b: the addresses of the tile's first elements.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        operation, memory, shared, *first = arguments
        tiles, end = Tiles(builder, memory, shared), builder.append_basic_block("end")
        choice = builder.switch(operation, end)
        for (rows, columns, kind), number in OPERATIONS.items():
            block = builder.append_basic_block("operation")
            choice.add_case(constant(number), block)
            builder.position_at_end(block)
            if kind is None:
                tiles.tile(rows, columns, Steps(*map(tiles.number, range(1, UNDER))), first)
            else:
                tiles.square(rows, kind, first)
            builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), generate


@intrinsic
def axpy(context: Any, out: Any, base: Any, factor: Any, x: Any, count: Any) -> Any:
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
def rotate_pair(context: Any, first: Any, second: Any, stride: Any, cosine: Any, sine: Any, count: Any) -> Any:
    """Rotate `count` pairs of vectors, `stride` bytes apart: x, y = c x - s y, s x + c y."""

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
def transpose_square(context: Any, to: Any, to_row: Any, at: Any, at_row: Any) -> Any:
    """Transpose a square of LANES by LANES floats, from and to addresses, with the bytes from one row to the next."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, to_row, at, at_row = arguments
        writer = Writer(builder)
        rows = [writer.load(at, writer.times(at_row, k)) for k in range(LANES)]
        apart = 1
        while apart < LANES:  # rows `apart` from each other exchange the off-diagonal halves of squares of that size
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


def aligned(size: int) -> np.ndarray:
    """Make a flat array of zeros that begins at a multiple of VECTOR bytes."""
    raw = np.zeros(size + LANES)
    first = -(raw.ctypes.data // 8) % LANES
    return raw[first : first + size]
