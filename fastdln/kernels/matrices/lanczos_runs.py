"""The largest eigenvalue of the Hessian by two Lanczos runs: one follows it along a run, one watches for others that pass it.

Both are short: they begin from what the last states' searches found. The first stops by the error of the eigenvalue, r^2 / gap for a
residual r (Parlett, The Symmetric Eigenvalue Problem, 11.7), which takes a third of the products that a small residual does. The
second, orthogonal to what the first has found, must see anything larger: an eigenvector above theta_1 that is missing holds a part c of its random
start, so that its residual stays above c times the gap until it turns up.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import typeof

from fastdln.kernels.compile import jit_disabled
from fastdln.kernels.link import Linked, offset_by
from fastdln.kernels.matrices.lanczos import (
    ACROSS,
    DONE,
    DOT,
    FACTOR,
    FROZEN,
    GAP,
    LONGEST,
    LONGEST_SECOND,
    MINUS_A,
    MINUS_ACROSS,
    MINUS_B,
    NOTHING_LEFT,
    OLDER_NEARER,
    RESIDUAL_1,
    RESIDUAL_2,
    RITZ,
    SCRATCH,
    SEARCHES,
    SHARE,
    SHIFTS,
    SHORTEST_SECOND,
    SQUARE,
    THETA_1,
    THETA_2,
    THETAS,
    TURNED,
    TURNS,
    no_lanczos,
)
from fastdln.kernels.matrices.pointers import pointer
from fastdln.kernels.matrices.program import Code, nth, run
from fastdln.kernels.matrices.tiles import LANES
from fastdln.kernels.matrices.tridiagonal import raise_bound, top
from fastdln.kernels.matrices.vectors import add_up, combine, dot, fold, scale

# Relative error of the eigenvalue at which the first run ends, and below which, with the gap that the second has found, it is
# accepted.
ENOUGH, ACCEPTED = 2e-9, 5e-9

# How much of a random unit vector is mixed into the start of the second run, beside as much as the vectors turn; and into that of
# the first, where the gap is so small a part of theta_1 that the two may have changed places.
MIXED_IN, MIXED_IN_FIRST, SMALL_GAP = 0.3, 0.03, 0.03

# How much of the vector of the last state but one is mixed into it: orbits of period 2 come back to that.
OTHER = 0.3

# After this many rounds residuals of both runs as small as this are enough too, so that networks beside it need not wait.
PATIENCE, LOOSE = 10, 1e-7

# A Lanczos vector that is so small a part of the eigenvalue is rounding, and so the space is exhausted.
ROUNDING = 1e-13

# Rows of scratch, for the starts: factors of the vectors of the last search and of the one before, of both in the second start, and
# of random ones.
NEWER, OLDER, NEWER_TOO, OLDER_TOO, RANDOM_1, RANDOM_2 = range(SCRATCH, SCRATCH + 6 * LANES, LANES)

# How far apart in the table of random numbers the searches at two states begin to read, of which there are SHIFTS places.
APART_FIRST, APART_SECOND = 367, 211


def by_two_runs(lanes: int) -> Any:
    """Function (memory, code, finder, noise, number, values, residual, converged) for networks of so many lanes.

    Needs what the programs forward and backward leave. values (1, lane): the largest eigenvalue; residual and converged
    (lane): ||H v - lambda v|| / lambda, and whether it was accepted. number: which state it is.
    """
    wide = lanes != LANES

    def search(network, code, finder, noise, number, values, residual, converged):
        memory = pointer(network)
        n = offset_by(memory, finder.kept)
        cold = n[SEARCHES] == 0.0
        begin(memory, finder, noise, number, cold)
        for turn in range(finder.rounds):  # a bound, which some clusters meet
            if turn > 0:
                rotate(memory, code, finder)
            for part in range(2):
                take_start(memory, finder, part == 1)
                run_through(memory, code, finder, part == 1)
            put_in_order(memory, finder)
            if accept(memory, finder, turn) == 0:
                break
        remember(memory, finder)
        for lane in range(lanes):
            theta, size = n[THETA_1 + lane], n[RESIDUAL_1 + lane]
            values[0, lane] = theta
            residual[lane] = size / abs(theta) if size > 0.0 else 0.0
            converged[lane] = n[FROZEN + lane] > 0.0 and math.isfinite(theta)
            if not math.isfinite(theta):
                residual[lane] = math.nan

    def begin(memory, finder, noise, number, cold):
        """The starts of both runs, from what the last two searches found."""
        n = offset_by(memory, finder.kept)
        newer = int(n[SEARCHES]) % 2
        new, old = finder.found + 2 * newer * finder.length, finder.found + 2 * (1 - newer) * finder.length
        if cold:
            for k in range(4 * finder.length):
                memory[finder.found + k] = 0.0
            # behind their elements too, where networks that were in this memory before and overflowed left NaN
            for k in range(finder.length):
                memory[finder.first + k], memory[finder.second + k] = 0.0, 0.0
        first_noise, second_noise = number * APART_FIRST % SHIFTS, finder.size + number * APART_SECOND % SHIFTS
        for lane in range(LANES):
            theta, gap, turned, older = n[THETA_1 + lane], n[GAP + lane], n[TURNED + lane], n[OLDER_NEARER + lane] > 0.0
            near = gap < SMALL_GAP * abs(theta)
            n[RANDOM_1 + lane] = 1.0 if cold else MIXED_IN_FIRST if near else 0.0
            n[RANDOM_2 + lane] = 1.0 if cold else min(1.0, MIXED_IN + turned)
            n[NEWER + lane], n[OLDER + lane] = (0.0, 1.0) if older else (1.0, 0.0)
            n[NEWER_TOO + lane], n[OLDER_TOO + lane] = OTHER * n[OLDER + lane], OTHER * n[NEWER + lane]
            n[SHARE + lane] = finder.turning if cold or near or turned > TURNS else finder.settled
            n[FROZEN + lane] = 0.0
        kept = finder.kept
        last, weights = (new, old), (kept + NEWER, kept + OLDER)
        start(memory, finder, finder.first, last, weights, noise, first_noise, kept + RANDOM_1)
        both = (new + finder.length, old + finder.length, new, old)
        weights_of_both = (kept + NEWER, kept + OLDER, kept + NEWER_TOO, kept + OLDER_TOO)
        start(memory, finder, finder.second, both, weights_of_both, noise, second_noise, kept + RANDOM_2)

    def start(memory, finder, to, vectors, factors, noise, first, share):
        """Vectors that were found, by a factor each, and random numbers, by a share of them."""
        if wide:
            for e in range(finder.size):
                total = memory[share] * noise[first + e]
                for k in range(len(vectors)):
                    total += memory[factors[k]] * memory[vectors[k] + e]
                memory[to + e] = total
        else:
            combine(memory, to, vectors, factors, noise, first, share, finder.size)

    def dot_into(memory, finder, number, x, y):
        dot(memory, finder.kept + number, x, y, finder.height)
        fold(memory, finder.kept + number, 1, wide)

    def take_start(memory, finder, second):
        """The first Lanczos vector, of length 1, from where a run starts, which of frozen lanes stays as it is."""
        q, start = finder.vectors, finder.second if second else finder.first
        if second:
            turn_away(memory, finder, q, start)
            turn_away(memory, finder, q, q)  # once more for what rounding left
            start = q
        else:
            dot_into(memory, finder, SQUARE, start, start)
        to_length_1(memory, finder, q, start)

    def run_through(memory, code, finder, second):
        """A Lanczos run from the first vector on: its largest Ritz value and residual, and in place of its start the Ritz vector."""
        n, most = offset_by(memory, finder.kept), min(LONGEST_SECOND, finder.longest) if second else finder.longest
        theta, size = (THETA_2, RESIDUAL_2) if second else (THETA_1, RESIDUAL_1)
        for lane in range(LANES):
            n[DONE + lane] = n[FROZEN + lane]
            for j in range(most):
                memory[finder.chosen + j * LANES + lane] = 0.0
            memory[finder.chosen + lane] = n[FROZEN + lane]
        used = 0
        for j in range(most):
            used = j + 1
            go_on(memory, code, finder, j, second)
            if used < 5 or used % 2 == 0 or used == most:
                if j == 0:
                    for lane in range(LANES):
                        n[RITZ + lane], memory[finder.ritz + lane] = memory[finder.diagonal + lane], 1.0
                else:
                    places = (finder.ritz, finder.spare, finder.kept + SCRATCH)
                    top(memory, finder.kept + RITZ, finder.diagonal, finder.off, used, *places)
                left = 0
                for lane in range(LANES):
                    if n[DONE + lane] > 0.0:
                        continue
                    value = n[RITZ + lane]
                    r = memory[finder.off + j * LANES + lane] * abs(memory[finder.ritz + j * LANES + lane])
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
                            memory[finder.chosen + i * LANES + lane] = memory[finder.ritz + i * LANES + lane]
                    else:
                        left += 1
                if left == 0:
                    break
            else:
                raise_bound(memory, finder.kept + RITZ, finder.diagonal, finder.off, used, finder.kept + SCRATCH)
            q = finder.vectors + used * finder.length
            scale(memory, q, q, finder.kept + FACTOR, finder.height)
        section, found = (finder.sum_second, finder.second) if second else (finder.sum_first, finder.first)
        run(finder.by_tiles, memory, code, nth(section, used - 1))
        # Lanczos vectors beyond an invariant subspace need not be at right angles to those before
        dot_into(memory, finder, SQUARE, found, found)
        to_length_1(memory, finder, found, found)

    def to_length_1(memory, finder, to, x):
        """to <- x / sqrt(SQUARE), but x itself where the lane is frozen."""
        n = offset_by(memory, finder.kept)
        for lane in range(LANES):
            square = n[SQUARE + lane]
            n[FACTOR + lane] = 1.0 if n[FROZEN + lane] > 0.0 or not square > 0.0 else 1.0 / math.sqrt(square)
        scale(memory, to, x, finder.kept + FACTOR, finder.height)

    def turn_away(memory, finder, to, x):
        """to <- x without what lies along the first vector, and SQUARE, but x itself where the lane is frozen."""
        n = offset_by(memory, finder.kept)
        dot_into(memory, finder, ACROSS, x, finder.first)
        for lane in range(LANES):
            n[MINUS_ACROSS + lane] = 0.0 if n[FROZEN + lane] > 0.0 else -n[ACROSS + lane]
        add_up(memory, to, finder.kept + SQUARE, x, (finder.first,), (finder.kept + MINUS_ACROSS,), finder.height)
        fold(memory, finder.kept + SQUARE, 1, wide)

    def go_on(memory, code, finder, j, second):
        """From Lanczos vector j to what becomes the next once it is scaled by FACTOR, and a row of the tridiagonal matrix."""
        n, q, off = offset_by(memory, finder.kept), finder.vectors + j * finder.length, finder.off + j * LANES
        before = q - finder.length if j > 0 else q
        run(finder.runner, memory, code, nth(finder.hvp, j))
        dot_into(memory, finder, DOT, finder.image, q)
        for lane in range(LANES):
            memory[finder.diagonal + j * LANES + lane], n[MINUS_A + lane] = n[DOT + lane], -n[DOT + lane]
            n[MINUS_B + lane] = -memory[off - LANES + lane] if j > 0 else 0.0
        to, square, factors = q + finder.length, finder.kept + SQUARE, (finder.kept + MINUS_A, finder.kept + MINUS_B)
        add_up(memory, to, square, finder.image, (q, before), factors, finder.height)
        fold(memory, square, 1, wide)
        if second:
            # last, so that it holds of what is left, be it rounding: along the first vector the matrix would not be symmetric
            turn_away(memory, finder, to, to)
        for lane in range(LANES):
            b_next = math.sqrt(n[SQUARE + lane])
            # what is left of an invariant subspace is rounding, which in the second run is that of theta_1
            size = abs(memory[finder.diagonal + lane]) if j == 0 else abs(n[RITZ + lane])
            size = max(size, abs(n[THETA_1 + lane])) if second else size
            nothing = b_next <= ROUNDING * size
            memory[off + lane] = 0.0 if nothing else b_next
            n[FACTOR + lane] = 0.0 if nothing else 1.0 / b_next

    def rotate(memory, code, finder):
        """Rayleigh-Ritz of the two vectors, which splits eigenvalues that are so near that Lanczos does not."""
        n = offset_by(memory, finder.kept)
        run(finder.runner, memory, code, nth(finder.hvp, LONGEST + 1))
        dot_into(memory, finder, DOT, finder.image, finder.first)
        dot_into(memory, finder, ACROSS, finder.image, finder.second)
        run(finder.runner, memory, code, nth(finder.hvp, LONGEST + 2))
        dot_into(memory, finder, SQUARE, finder.image, finder.second)
        for lane in range(LANES):
            across, apart, frozen = n[ACROSS + lane], n[SQUARE + lane] - n[DOT + lane], n[FROZEN + lane] > 0.0
            reach = abs(apart) + math.sqrt(apart * apart + 4.0 * across * across)
            t = 2.0 * across / (reach if reach > 0.0 else 1.0)
            t = 0.0 if frozen else -t if apart < 0.0 else t
            lower, upper = n[DOT + lane] - t * across, n[SQUARE + lane] + t * across
            cosine = 1.0 / math.sqrt(1.0 + t * t)
            # c x - s y and s x + c y are the two; the larger comes first
            swap = upper > lower and not frozen
            n[SCRATCH + lane], n[SCRATCH + LANES + lane] = (t * cosine, cosine) if swap else (cosine, -t * cosine)
            if not frozen:
                n[GAP + lane] = abs(upper - lower)
        mix(memory, finder)

    def mix(memory, finder):
        """x, y <- f x + g y and, at a right angle to it, with factors f and g from two rows of numbers."""
        n = offset_by(memory, finder.kept)
        for e in range(0, finder.length, LANES):
            for lane in range(LANES):
                x, y = memory[finder.first + e + lane], memory[finder.second + e + lane]
                f, g = n[SCRATCH + lane], n[SCRATCH + LANES + lane]
                memory[finder.first + e + lane] = f * x + g * y
                memory[finder.second + e + lane] = f * y - g * x

    def put_in_order(memory, finder):
        """Exchanges the two where the second run found the larger value."""
        n, swaps = offset_by(memory, finder.kept), 0
        for lane in range(LANES):
            swap = n[THETA_2 + lane] > n[THETA_1 + lane] and not n[FROZEN + lane] > 0.0
            n[SCRATCH + lane], n[SCRATCH + LANES + lane] = (0.0, 1.0) if swap else (1.0, 0.0)
            if swap:
                n[THETA_1 + lane], n[THETA_2 + lane] = n[THETA_2 + lane], n[THETA_1 + lane]
                n[RESIDUAL_1 + lane], n[RESIDUAL_2 + lane] = n[RESIDUAL_2 + lane], n[RESIDUAL_1 + lane]
                swaps += 1
        if swaps > 0:
            mix(memory, finder)

    def accept(memory, finder, turn):
        """Freezes the lanes whose eigenvalue is found, so that they do not depend on their neighbours; returns how many are left."""
        n, left = offset_by(memory, finder.kept), 0
        for lane in range(LANES):
            if n[FROZEN + lane] > 0.0:
                continue
            largest, r, r2 = abs(n[THETA_1 + lane]), n[RESIDUAL_1 + lane], n[RESIDUAL_2 + lane]
            gap = n[THETA_1 + lane] - n[THETA_2 + lane]
            error = r * r / gap if r < gap else r
            watched = r2 <= max(1.5 * n[SHARE + lane] * gap, 2.0 * NOTHING_LEFT * largest)
            found = watched and error <= ACCEPTED * largest
            found |= turn >= PATIENCE and max(r, r2) <= LOOSE * largest
            n[GAP + lane] = max(gap, 0.0)
            if found or not math.isfinite(r + largest):
                n[FROZEN + lane] = 1.0
            else:
                left += 1
        return left

    def remember(memory, finder):
        """Keeps what was found for the next searches, and how far it is from what the last two found."""
        n, length = offset_by(memory, finder.kept), finder.length
        newer = int(n[SEARCHES]) % 2
        new, old = finder.found + 2 * newer * length, finder.found + 2 * (1 - newer) * length
        dot_into(memory, finder, DOT, finder.first, new)
        dot_into(memory, finder, ACROSS, finder.first, old)
        for lane in range(LANES):
            with_new, with_old, theta = abs(n[DOT + lane]), abs(n[ACROSS + lane]), n[THETA_1 + lane]
            older = with_old > with_new
            overlap, last = (
                (with_old, n[THETAS + (1 - newer) * LANES + lane])
                if older
                else (with_new, n[THETAS + newer * LANES + lane])
            )
            moved = abs(theta - last) / abs(theta)
            turned = max(math.sqrt(max(0.0, 1.0 - overlap * overlap)), moved)
            n[TURNED + lane] = turned if turned <= 1.0 else 1.0  # also where there is nothing to compare
            # so that on an orbit of period 2 the next one is sought where the last but one of then is
            n[OLDER_NEARER + lane] = 1.0 if older else 0.0
            n[THETAS + (1 - newer) * LANES + lane] = theta
            n[SEARCHES + lane] += 1.0
        for k in range(2 * length):
            memory[old + k] = memory[finder.first + k]

    return search


@cache
def searching(lanes: int) -> Linked:
    """The kernel of the search, for networks of so many lanes."""
    memory, flags = np.empty(0), np.empty(0, np.bool_)
    some = (memory, Code().array, no_lanczos(), memory, 0, memory.reshape(1, -1), memory, flags)
    kinds = () if jit_disabled() else tuple(map(typeof, some))
    return Linked(by_two_runs(lanes), "lanczos", lanes, signature=kinds)
