"""The largest eigenvalue of symmetric tridiagonal matrices and its vector, LANES of them side by side.

Laguerre's iteration from above converges to the largest eigenvalue cubically, and stops at a relative step of MOVES. A twisted
factorization (Parlett, Dhillon 1997) then gives the vector to all digits, and corrects the eigenvalue once more: to rounding, and to
some 1e-11 of the norm where two eigenvalues are within 1e-9 of each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastdln.kernels.compile import NATIVE, scalar
from fastdln.kernels.matrices.tiles import LANES, VEC, VECTOR, Writer, constant
from fastdln.kernels.matrices.vectors import Values, one_pass, rows

# Steps at most, of which some ten are usual, and the relative step below which the iteration ends: where two eigenvalues are
# within 1e-8 of each other, 1e-6 would leave an error of 4e-8.
STEPS = 30
MOVES = 1e-8

# What replaces a pivot of 0: it changes the eigenvalue less than rounding does.
SMALLEST_PIVOT = 1e-290


def top(memory, theta, a, b, size, s, u, numbers):
    """theta <- the largest eigenvalue of the matrices with diagonal a and off-diagonal b, s <- its vector of length 1.

    All are offsets: of `size` rows a, s and u (scratch), of size - 1 rows b, which lie after a row of zeros, and of four rows of
    scratch, `numbers`. At first theta is the eigenvalue of the matrix without its last row.
    """
    diagonal, off, vector = rows(memory, a, size), rows(memory, b, size), rows(memory, s, size)
    for lane in range(LANES):
        matrix = np.diag(diagonal[:, lane]) + np.diag(off[: size - 1, lane], 1) + np.diag(off[: size - 1, lane], -1)
        if np.isfinite(matrix).all():
            values, vectors = np.linalg.eigh(matrix)
            memory[theta + lane], vector[:, lane] = values[-1], vectors[:, -1]
        else:
            memory[theta + lane], vector[:, lane] = np.nan, np.nan


def raise_bound(memory, theta, a, b, size, numbers):
    """theta <- an upper bound of the largest eigenvalue, from that of the matrix without its last row, where `top` is not called.

    The plain `top` needs no bound, and so this does nothing with the JIT off.
    """


def by_bound(memory, theta, a, b, size, numbers):
    """Compiled twin of `raise_bound`."""
    bound(memory, theta, numbers, a, b, size)


def by_laguerre(memory, theta, a, b, size, s, u, numbers):
    """Compiled twin of `top`."""
    moving, unit = numbers, numbers + LANES
    bound(memory, theta, moving, a, b, size)
    measure(memory, theta, unit, a, b, size)
    for _ in range(STEPS):
        if laguerre(memory, theta, moving, unit, a, b, size) == 0:
            break
    factorize_down(memory, theta, a, b, size, s, u)
    factorize_up(memory, theta, a, b, size, s, numbers)
    twisted(memory, theta, size, s, u, numbers)


class Arithmetic(Writer):
    """Writes LLVM code of arithmetic on vectors."""

    def number(self, value: float) -> Any:
        return ir.Constant(VEC, [value] * LANES)

    def function(self, name: str) -> Any:
        name = f"llvm.{name}.v{LANES}f64"
        found = self.builder.module.globals.get(name)
        return found or ir.Function(self.builder.module, ir.FunctionType(VEC, [VEC]), name)

    def size(self, x: Any) -> Any:
        return self.builder.call(self.function("fabs"), [x])

    def root(self, x: Any) -> Any:
        return self.builder.call(self.function("sqrt"), [x])

    def where(self, x: Any, relation: str, y: Any, one: Any, other: Any) -> Any:
        return self.builder.select(self.builder.fcmp_ordered(relation, x, y), one, other)

    def pivot(self, x: Any) -> Any:
        smallest = self.number(SMALLEST_PIVOT)
        return self.where(self.size(x), "<", smallest, smallest, x)


def arithmetic_on(context: Any, builder: Any, signature: Any, arguments: Any) -> tuple[Any, ...]:
    """A writer of arithmetic, and a function that gives the address of an offset in the memory."""
    _, at = one_pass(context, builder, signature.args[0], arguments[0])
    return Arithmetic(builder), at


def kind(memory: Any, count: int) -> Any:
    return types.void(memory, *[types.int64] * count)


@intrinsic
def bound(context: Any, memory: Any, theta: Any, moving: Any, a: Any, b: Any, size: Any) -> Any:
    """theta <- an upper bound of the largest eigenvalue, from that of the matrix without its last row; moving <- 1."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        w, at = arithmetic_on(context, builder, signature, arguments)
        _, theta, moving, a, b, size = arguments
        t, last = w.load(at(theta)), builder.mul(size, constant(VECTOR))
        diagonal = w.load(at(a), builder.sub(last, constant(VECTOR)))
        off = w.load(at(b), builder.sub(last, constant(2 * VECTOR)))
        half, middle = (builder.fmul(w.number(0.5), op(t, diagonal)) for op in (builder.fsub, builder.fadd))
        found = builder.fadd(middle, w.root(w.fma(half, half, builder.fmul(off, off))))
        w.store(w.fma(w.number(1e-14), w.size(found), found), at(theta))
        w.store(w.number(1.0), at(moving))
        return context.get_dummy_value()

    return kind(memory, 5), generate


@intrinsic
def laguerre(context: Any, memory: Any, theta: Any, moving: Any, unit: Any, a: Any, b: Any, size: Any) -> Any:
    """A Laguerre step of theta in the lanes where moving is 1, which becomes 0 where the step is short; returns 0 if all are.

    It takes the characteristic polynomial p and two derivatives by p_j = (theta - a_j) p_{j-1} - b_{j-1}^2 p_{j-2}, in a fifth of the
    time that pivots take, each of which waits for a division. All is in units of the matrix's size, or p would overflow.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        w, at = arithmetic_on(context, builder, signature, arguments)
        _, theta, moving, unit, a, b, size = arguments
        t, scale, one, zero, diagonal, off = (
            w.load(at(theta)),
            w.load(at(unit)),
            w.number(1.0),
            w.number(0.0),
            at(a),
            at(b),
        )

        def term(held: Values) -> Values:
            offset, before, before_1, before_2, p, p1, p2 = held
            x = builder.fmul(scale, builder.fsub(t, w.load(diagonal, offset)))
            # before the first row of b lies a row of zeros
            bb = builder.fmul(scale, w.load(off, builder.sub(offset, constant(VECTOR))))
            minus = builder.fneg(builder.fmul(bb, bb))
            return [
                builder.add(offset, constant(VECTOR)),
                p,
                p1,
                p2,
                w.fma(x, p, builder.fmul(minus, before)),
                w.fma(x, p1, w.fma(minus, before_1, p)),
                w.fma(x, p2, w.fma(minus, before_2, builder.fadd(p1, p1))),
            ]

        _, _, _, _, p, p1, p2 = w.loop(size, [constant(0), zero, zero, zero, one, zero, zero], term)
        degree = w.everywhere(builder.sitofp(size, ir.DoubleType()))
        less = builder.fsub(degree, one)
        # n p / (p' + sqrt((n - 1) ((n - 1) p'^2 - n p p'')))
        times = builder.fmul(degree, p)
        inside = builder.fmul(less, builder.fsub(builder.fmul(less, builder.fmul(p1, p1)), builder.fmul(times, p2)))
        inside = w.where(inside, ">", zero, inside, zero)
        step = builder.fdiv(times, builder.fmul(scale, builder.fadd(p1, w.root(inside))))
        step = w.where(p1, ">", zero, step, zero)
        step = w.where(w.load(at(moving)), ">", zero, w.where(step, ">", zero, step, zero), zero)
        after = builder.fsub(t, step)
        w.store(after, at(theta))
        further = builder.fcmp_ordered(">", step, builder.fmul(w.number(MOVES), w.size(after)))
        w.store(builder.select(further, one, zero), at(moving))
        return builder.zext(builder.bitcast(further, ir.IntType(LANES)), ir.IntType(64))

    return types.int64(memory, *[types.int64] * 6), generate


@intrinsic
def measure(context: Any, memory: Any, theta: Any, unit: Any, a: Any, b: Any, size: Any) -> Any:
    """unit <- one over the size of theta - T: the largest sum of |theta|, |a| and |b| of a row."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        w, at = arithmetic_on(context, builder, signature, arguments)
        _, theta, unit, a, b, size = arguments
        diagonal, off = at(a), at(b)

        def term(held: Values) -> Values:
            offset, largest = held
            before = w.load(off, builder.sub(offset, constant(VECTOR)))
            row = builder.fadd(w.size(w.load(diagonal, offset)), w.size(before))
            return [builder.add(offset, constant(VECTOR)), w.where(row, ">", largest, row, largest)]

        _, largest = w.loop(size, [constant(0), w.number(0.0)], term)
        norm = builder.fadd(largest, w.size(w.load(at(theta))))
        norm = w.where(norm, ">", w.number(SMALLEST_PIVOT), norm, w.number(1.0))
        w.store(builder.fdiv(w.number(1.0), norm), at(unit))
        return context.get_dummy_value()

    return kind(memory, 5), generate


@intrinsic
def factorize_down(context: Any, memory: Any, theta: Any, a: Any, b: Any, size: Any, s: Any, u: Any) -> Any:
    """s <- the pivots of theta - T from the first row on, u <- b over them."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        w, at = arithmetic_on(context, builder, signature, arguments)
        _, theta, a, b, size, s, u = arguments
        t, diagonal, off, pivots, ratios = w.load(at(theta)), at(a), at(b), at(s), at(u)

        def term(held: Values) -> Values:
            offset, carried = held
            pivot = builder.fsub(builder.fsub(t, w.load(diagonal, offset)), carried)
            w.store(pivot, pivots, offset)
            bb = w.load(off, offset)
            ratio = builder.fdiv(bb, w.pivot(pivot))
            w.store(ratio, ratios, offset)
            return [builder.add(offset, constant(VECTOR)), builder.fmul(bb, ratio)]

        w.loop(size, [constant(0), w.number(0.0)], term)
        return context.get_dummy_value()

    return kind(memory, 6), generate


@intrinsic
def factorize_up(context: Any, memory: Any, theta: Any, a: Any, b: Any, size: Any, s: Any, numbers: Any) -> Any:
    """s <- b over the pivots of theta - T from the last row on. The twist is the row at which both factorizations meet in the
    smallest pivot: that pivot, and the row, counted from the last, go to two rows of numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        w, at = arithmetic_on(context, builder, signature, arguments)
        _, theta, a, b, size, s, numbers = arguments
        t, diagonal, off, pivots = w.load(at(theta)), at(a), at(b), at(s)
        last = builder.mul(builder.sub(size, constant(1)), constant(VECTOR))

        def term(held: Values) -> Values:
            offset, carried, smallest, twist, row = held
            both = builder.fsub(w.load(pivots, offset), carried)
            less = builder.fcmp_ordered("<", w.size(both), w.size(smallest))
            pivot = builder.fsub(builder.fsub(t, w.load(diagonal, offset)), carried)
            # before the first row of b lies a row of zeros
            bb = w.load(off, builder.sub(offset, constant(VECTOR)))
            ratio = builder.fdiv(bb, w.pivot(pivot))
            w.store(ratio, pivots, offset)
            return [
                builder.sub(offset, constant(VECTOR)),
                builder.fmul(bb, ratio),
                builder.select(less, both, smallest),
                builder.select(less, row, twist),
                builder.fadd(row, w.number(1.0)),
            ]

        zero = w.number(0.0)
        _, _, smallest, twist, _ = w.loop(size, [last, zero, w.number(1e300), zero, zero], term)
        w.store(smallest, at(numbers))
        w.store(twist, at(numbers), VECTOR)
        return context.get_dummy_value()

    return kind(memory, 7), generate


@intrinsic
def twisted(context: Any, memory: Any, theta: Any, size: Any, s: Any, u: Any, numbers: Any) -> Any:
    """s <- the eigenvector, of length 1, from the twist on by the ratios in u upwards and in s downwards; theta <- its Rayleigh
    quotient."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        w, at = arithmetic_on(context, builder, signature, arguments)
        _, theta, size, s, u, numbers = arguments
        vector, ratios, twist = at(s), at(u), w.load(at(numbers), VECTOR)
        one, zero = w.number(1.0), w.number(0.0)
        last = builder.mul(builder.sub(size, constant(1)), constant(VECTOR))

        def before_twist(held: Values) -> Values:
            offset, x, square, row = held
            x = w.where(row, "==", twist, one, builder.fmul(x, w.load(ratios, offset)))
            part = w.where(row, ">", twist, x, zero)
            w.store(part, ratios, offset)
            return [
                builder.sub(offset, constant(VECTOR)),
                x,
                w.fma(part, part, square),
                builder.fadd(row, one),
            ]

        _, _, square, rows_seen = w.loop(size, [last, zero, zero, zero], before_twist)

        def from_twist(held: Values) -> Values:
            offset, x, square, row = held
            x = w.where(row, "==", twist, one, builder.fmul(x, w.load(vector, offset)))
            w.store(builder.fadd(x, w.load(ratios, offset)), vector, offset)
            return [builder.add(offset, constant(VECTOR)), x, w.fma(x, x, square), builder.fsub(row, one)]

        _, _, square, _ = w.loop(size, [constant(0), zero, square, builder.fsub(rows_seen, one)], from_twist)
        w.store(builder.fsub(w.load(at(theta)), builder.fdiv(w.load(at(numbers)), square)), at(theta))
        inverse = builder.fdiv(one, w.root(square))

        def scaled(held: Values) -> Values:
            (offset,) = held
            w.store(builder.fmul(inverse, w.load(vector, offset)), vector, offset)
            return [builder.add(offset, constant(VECTOR))]

        w.loop(size, [constant(0)], scaled)
        return context.get_dummy_value()

    return kind(memory, 5), generate


NATIVE[top], NATIVE[raise_bound] = scalar(by_laguerre), scalar(by_bound)
