"""Products of small matrices, LANES of them side by side, in tiles that stay in the vector registers.

Element (i, j) of a matrix lies `lanes` floats wide at offset + i row + j lanes of one flat array, its lanes being as
many points. A tile of the result is accumulated over the whole inner dimension before it is stored, so that every
element is one chain of fused multiplications and additions, the same wherever the tiles' edges fall.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastdln.kernels.compiled import jit_disabled, kernel

# With 512-bit vectors there are 32 registers: 25 accumulators, a column and a row less one; else 16, for 12 and 4.
WIDE_VECTORS = bool(llvm.get_host_cpu_features().get("avx512f", False))
LANES = 8 if WIDE_VECTORS else 4
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

    def loop(self, count: Any, carried: list[Any], body: Callable[[list[Any]], list[Any]]) -> list[Any]:
        """Runs body(values) -> next values `count` times, at least once; returns the last ones."""
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
        following = builder.add(number, constant(1))
        end = builder.block
        number.add_incoming(following, end)
        for phi, value in zip(held, moved, strict=True):
            phi.add_incoming(value, end)
        builder.cbranch(builder.icmp_signed("<", following, count), inside, after)
        builder.position_at_end(after)
        return moved


def tile(kind: int, rows: int, columns: int) -> Any:
    """Intrinsic (out, out_row, a, a_row, b, b_row, count, base, factor), all addresses and strides in bytes.

    out = A B over `count` terms, or base + factor A B where base is not 0.
    """

    @intrinsic
    def product(
        context: Any,
        out: Any,
        out_row: Any,
        a: Any,
        a_row: Any,
        b: Any,
        b_row: Any,
        count: Any,
        base: Any,
        factor: Any,
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            out, out_row, a, a_row, b, b_row, count, base, factor = arguments
            writer = Writer(builder)

            def left(place: Any, i: int) -> Any:
                return writer.load(place, i * VECTOR if kind == LEFT else writer.times(a_row, i))

            def right(place: Any, j: int) -> Any:
                return writer.load(place, writer.times(b_row, j) if kind == RIGHT else j * VECTOR)

            def term(held: list[Any]) -> list[Any]:
                at_a, at_b, *sums = held
                row = [right(at_b, j) for j in range(columns)]
                added = []
                for i in range(rows):
                    x = left(at_a, i)
                    added += [writer.fma(x, row[j], sums[i * columns + j]) for j in range(columns)]
                next_a = builder.add(at_a, a_row if kind == LEFT else constant(VECTOR))
                next_b = builder.add(at_b, constant(VECTOR) if kind == RIGHT else b_row)
                return [next_a, next_b, *added]

            nothing = ir.Constant(VEC, [0.0] * LANES)
            sums = writer.loop(count, [a, b] + [nothing] * (rows * columns), term)[2:]
            plain, onto, end = (builder.append_basic_block(name) for name in ("plain", "onto", "end"))
            builder.cbranch(builder.icmp_signed("==", base, constant(0)), plain, onto)
            builder.position_at_end(plain)
            for i in range(rows):
                row = builder.add(out, writer.times(out_row, i))
                for j in range(columns):
                    writer.store(sums[i * columns + j], row, j * VECTOR)
            builder.branch(end)
            builder.position_at_end(onto)
            scale = writer.load(factor)
            for i in range(rows):
                row, beneath = (builder.add(place, writer.times(out_row, i)) for place in (out, base))
                for j in range(columns):
                    held = writer.load(beneath, j * VECTOR)
                    writer.store(writer.fma(scale, sums[i * columns + j], held), row, j * VECTOR)
            builder.branch(end)
            builder.position_at_end(end)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 9), generate

    return product


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


def tiled(kind: int) -> Any:
    """Kernel (out, out_row, a, a_row, b, b_row, rows, columns, count, base, factor): a product tile by tile.

    Rows and columns are cut into as few tiles as do, of nearly equal sizes: nine rows are 5 and 4, not 5, 2, 1 and 1.
    """
    shapes = product(range(1, TILE_ROWS + 1), range(1, TILE_COLUMNS + 1))
    names: dict[str, Any] = {f"tile_{m}_{n}": tile(kind, m, n) for m, n in shapes}
    names["__name__"] = __name__  # a function of no module cannot be read back from the cache
    lines = [
        "def product(out, out_row, a, a_row, b, b_row, rows, columns, count, base, factor):",
        f"    down, across = (rows + {TILE_ROWS - 1}) // {TILE_ROWS}, (columns + {TILE_COLUMNS - 1}) // {TILE_COLUMNS}",
        "    row = 0",
        "    for p in range(down):",
        "        m, column = (rows - row + down - p - 1) // (down - p), 0",
        "        for q in range(across):",
        "            n = (columns - column + across - q - 1) // (across - q)",
        f"            place = row * out_row + column * {VECTOR}",
        f"            left = a + row * {VECTOR if kind == LEFT else 'a_row'}",
        f"            right = b + column * {'b_row' if kind == RIGHT else VECTOR}",
        "            under = base + place if base != 0 else 0",
    ]
    for m in range(TILE_ROWS, 0, -1):
        lines.append(f"            {'if' if m == TILE_ROWS else 'elif'} m == {m}:")
        for n in range(TILE_COLUMNS, 0, -1):
            lines.append(f"                {'if' if n == TILE_COLUMNS else 'elif'} n == {n}:")
            call = f"tile_{m}_{n}(out + place, out_row, left, a_row, right, b_row, count, under, factor)"
            lines.append(f"                    {call}")
    lines += ["            column += n", "        row += m"]
    # A branch a shape of tile, written out: closures would need a chain of 25 functions. The cache wants a file's name.
    exec(compile("\n".join(lines), __file__, "exec"), names)
    return kernel(names["product"], "tiled", kind)


multiply, multiply_left, multiply_right = (None, None, None) if jit_disabled() else map(tiled, (PLAIN, LEFT, RIGHT))


def aligned(size: int) -> np.ndarray:
    """A new flat array of zeros that begins at a multiple of VECTOR bytes."""
    raw = np.zeros(size + LANES)
    first = -(raw.ctypes.data // 8) % LANES
    return raw[first : first + size]
