"""One Lanczos run: a Krylov space of Hessian-vector products, its largest Ritz value, and that one's vector."""

from __future__ import annotations

import math
from typing import Any

from fastdln.kernels.link import offset_by
from fastdln.kernels.matrices.lanczos_layout import (
    ACROSS,
    DONE,
    DOT,
    FACTOR,
    FROZEN,
    GAP,
    LONGEST_SECOND,
    MINUS_A,
    MINUS_ACROSS,
    MINUS_B,
    NOTHING_LEFT,
    RESIDUAL_1,
    RESIDUAL_2,
    RITZ,
    SCRATCH,
    SHARE,
    SHORTEST_SECOND,
    SQUARE,
    THETA_1,
    THETA_2,
)
from fastdln.kernels.matrices.program import nth, run
from fastdln.kernels.matrices.tiles import LANES
from fastdln.kernels.matrices.tridiagonal import raise_bound, top
from fastdln.kernels.matrices.vectors import add_up, dot, fold, scale

# Relative error of the eigenvalue at which the first run ends.
ENOUGH = 2e-9

# A Lanczos vector that is so small a part of the eigenvalue is rounding: the space is exhausted.
ROUNDING = 1e-13


def normalize(memory, layout, to, x):
    """to <- x / sqrt(SQUARE), which is x . x; frozen lanes, and those where x is 0, keep x."""
    n = offset_by(memory, layout.numbers)
    for lane in range(LANES):
        square = n[SQUARE + lane]
        n[FACTOR + lane] = 1.0 if n[FROZEN + lane] > 0.0 or not square > 0.0 else 1.0 / math.sqrt(square)
    scale(memory, to, x, layout.numbers + FACTOR, layout.height)


def dotting(lanes: int) -> Any:
    """Function (memory, layout, number, x, y) that sets a row of numbers to x . y, over all lanes where they hold one network."""
    wide = lanes != LANES

    def dot_into(memory, layout, number, x, y):
        dot(memory, layout.numbers + number, x, y, layout.height)
        fold(memory, layout.numbers + number, 1, wide)

    return dot_into


def lanczos_run(lanes: int) -> Any:
    """Function (memory, code, layout, second) that makes one run for networks of so many lanes.

    The first run (second = False) begins at `first`, the second at the part of `second` that is orthogonal to `first`, and
    stays orthogonal to it. Each puts its Ritz vector in place of its start, and its value and residual into the numbers.
    """
    wide, dot_into = lanes != LANES, dotting(lanes)

    def run_lanczos(memory, code, layout, second):
        first_vector(memory, layout, second)
        n, most = offset_by(memory, layout.numbers), min(LONGEST_SECOND, layout.longest) if second else layout.longest
        theta, size = (THETA_2, RESIDUAL_2) if second else (THETA_1, RESIDUAL_1)
        for lane in range(LANES):
            n[DONE + lane] = n[FROZEN + lane]
            for j in range(most):
                memory[layout.coefficients + j * LANES + lane] = 0.0
            memory[layout.coefficients + lane] = n[FROZEN + lane]
        used = 0
        for j in range(most):
            used = j + 1
            next_vector(memory, code, layout, j, second)
            if used < 5 or used % 2 == 0 or used == most:
                if j == 0:
                    for lane in range(LANES):
                        n[RITZ + lane], memory[layout.ritz + lane] = memory[layout.diagonal + lane], 1.0
                else:
                    ritz_vector = (layout.ritz, layout.spare, layout.numbers + SCRATCH)
                    top(memory, layout.numbers + RITZ, layout.diagonal, layout.off, used, *ritz_vector)
                unfinished = 0
                for lane in range(LANES):
                    if n[DONE + lane] > 0.0:
                        continue
                    value = n[RITZ + lane]
                    # the residual of a Ritz pair: b_j times the last component of its vector
                    r = memory[layout.off + j * LANES + lane] * abs(memory[layout.ritz + j * LANES + lane])
                    if second:
                        largest = n[THETA_1 + lane]
                        near = max(n[SHARE + lane] * abs(largest - value), NOTHING_LEFT * abs(largest))
                        enough = used >= SHORTEST_SECOND and r <= near
                    else:
                        gap = 0.5 * n[GAP + lane]
                        enough = (r * r / gap if r < gap else r) <= ENOUGH * abs(value)
                    if enough or used == most or not math.isfinite(value):
                        n[DONE + lane], n[theta + lane], n[size + lane] = 1.0, value, r
                        for i in range(used):
                            memory[layout.coefficients + i * LANES + lane] = memory[layout.ritz + i * LANES + lane]
                    else:
                        unfinished += 1
                if unfinished == 0:
                    break
            else:
                raise_bound(memory, layout.numbers + RITZ, layout.diagonal, layout.off, used, layout.numbers + SCRATCH)
            q = layout.vectors + used * layout.length
            scale(memory, q, q, layout.numbers + FACTOR, layout.height)
        section, vector = (layout.sum_second, layout.second) if second else (layout.sum_first, layout.first)
        run(layout.by_tiles, memory, code, nth(section, used - 1))
        # its length is not quite 1: Lanczos vectors beyond an invariant subspace need not be orthogonal to those before
        dot_into(memory, layout, SQUARE, vector, vector)
        normalize(memory, layout, vector, vector)

    def first_vector(memory, layout, second):
        """q_1 <- the start, orthogonal to what the first run found if this is the second, of length 1; frozen lanes keep theirs."""
        q, start = layout.vectors, layout.second if second else layout.first
        if second:
            orthogonalize(memory, layout, q, start)
            orthogonalize(memory, layout, q, q)  # once more, for what rounding leaves of it
            start = q
        else:
            dot_into(memory, layout, SQUARE, start, start)
        normalize(memory, layout, q, start)

    def orthogonalize(memory, layout, to, x):
        """to <- x - (x . v) v with the vector v at `first`, and SQUARE <- its square; frozen lanes keep x."""
        n = offset_by(memory, layout.numbers)
        dot_into(memory, layout, ACROSS, x, layout.first)
        for lane in range(LANES):
            n[MINUS_ACROSS + lane] = 0.0 if n[FROZEN + lane] > 0.0 else -n[ACROSS + lane]
        add_up(memory, to, layout.numbers + SQUARE, x, (layout.first,), (layout.numbers + MINUS_ACROSS,), layout.height)
        fold(memory, layout.numbers + SQUARE, 1, wide)

    def next_vector(memory, code, layout, j, second):
        """The three-term recurrence: b_j q_{j+1} = H q_j - a_j q_j - b_{j-1} q_{j-1}, and a_j, b_j; FACTOR <- 1 / b_j scales q_{j+1}."""
        n, q, off = offset_by(memory, layout.numbers), layout.vectors + j * layout.length, layout.off + j * LANES
        before = q - layout.length if j > 0 else q
        run(layout.runner, memory, code, nth(layout.hvp, j))
        dot_into(memory, layout, DOT, layout.image, q)
        for lane in range(LANES):
            memory[layout.diagonal + j * LANES + lane], n[MINUS_A + lane] = n[DOT + lane], -n[DOT + lane]
            n[MINUS_B + lane] = -memory[off - LANES + lane] if j > 0 else 0.0
        to, square, factors = (
            q + layout.length,
            layout.numbers + SQUARE,
            (layout.numbers + MINUS_A, layout.numbers + MINUS_B),
        )
        add_up(memory, to, square, layout.image, (q, before), factors, layout.height)
        fold(memory, square, 1, wide)
        if second:
            # after the recurrence, so that what remains is orthogonal even if it is rounding: with a part along the vector at
            # `first` the tridiagonal matrix would not be that of a symmetric operator
            orthogonalize(memory, layout, to, to)
        for lane in range(LANES):
            b_next = math.sqrt(n[SQUARE + lane])
            # beyond an invariant subspace only rounding remains, in the second run that of theta_1
            size = abs(memory[layout.diagonal + lane]) if j == 0 else abs(n[RITZ + lane])
            size = max(size, abs(n[THETA_1 + lane])) if second else size
            exhausted = b_next <= ROUNDING * size
            memory[off + lane] = 0.0 if exhausted else b_next
            n[FACTOR + lane] = 0.0 if exhausted else 1.0 / b_next

    return run_lanczos
