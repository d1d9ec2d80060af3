"""The largest eigenvalue of the Hessian by two Lanczos runs: one follows it from state to state, one looks for others that pass it.

Both are short, since they begin from what the searches at the last states found. The first stops by the error of the eigenvalue,
r^2 / gap for a residual r (Parlett, The Symmetric Eigenvalue Problem, 11.7), which takes a third of the Hessian-vector products that
a small residual does. The second run, orthogonal to what the first found, has to see any larger eigenvalue: the eigenvector of one
that it misses holds a part c of its random start, so that its residual stays above c times the gap until it turns up.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import typeof

from fastdln.kernels.compile import jit_disabled
from fastdln.kernels.link import Linked, offset_by
from fastdln.kernels.matrices.lanczos_layout import (
    ACROSS,
    DOT,
    FROZEN,
    GAP,
    LONGEST,
    NOTHING_LEFT,
    OLDER_NEARER,
    RESIDUAL_1,
    RESIDUAL_2,
    SCRATCH,
    SEARCHES,
    SHARE,
    SHIFTS,
    SQUARE,
    THETA_1,
    THETA_2,
    THETAS,
    TURNED,
    TURNS,
    empty_layout,
)
from fastdln.kernels.matrices.lanczos_run import dotting, lanczos_run
from fastdln.kernels.matrices.pointers import pointer
from fastdln.kernels.matrices.program import Code, nth, run
from fastdln.kernels.matrices.tiles import LANES
from fastdln.kernels.matrices.vectors import combine

# Relative error of the eigenvalue, by the gap that the second run found, below which it is accepted.
ACCEPTED = 5e-9

# How much of a random unit vector is mixed into the start of the second run, plus as much as the vectors turn from state to
# state; and into that of the first run, where the gap is less than SMALL_GAP of theta_1, so that the two eigenvalues may have
# changed order.
MIXED_IN, MIXED_IN_FIRST, SMALL_GAP = 0.3, 0.03, 0.03

# The second start is mixed with so much of the first vector of that one of the last two searches which does not start the first
# run: an orbit of period 2 comes back to it.
OTHER = 0.3

# After PATIENCE rounds a lane is accepted too if the residuals of both runs are below LOOSE, so that the networks beside it do
# not wait for eigenvalues that are too near to be told apart.
PATIENCE, LOOSE = 10, 1e-7

# Rows of scratch for the starts: factors of the vectors of the last search (newer) and of the one before (older), of their
# first vectors in the second start (TOO), and of random vectors.
NEWER, OLDER, NEWER_TOO, OLDER_TOO, RANDOM_1, RANDOM_2 = range(SCRATCH, SCRATCH + 6 * LANES, LANES)

# Distances, in the table of random numbers, between the positions from which the searches at two successive states read; there
# are SHIFTS positions.
APART_FIRST, APART_SECOND = 367, 211


def two_runs(lanes: int) -> Any:
    """Function (memory, code, layout, noise, number, values, residual, converged) for networks of so many lanes.

    It needs what the programs forward and backward leave in the memory. number: the state's number. It writes values (1, lane):
    the largest eigenvalue; residual (lane): ||H v - lambda v|| / lambda; converged (lane): whether it was accepted.
    """
    wide, dot_into, run_lanczos = lanes != LANES, dotting(lanes), lanczos_run(lanes)

    def search(network, code, layout, noise, number, values, residual, converged):
        memory = pointer(network)
        n = offset_by(memory, layout.numbers)
        cold = n[SEARCHES] == 0.0
        begin(memory, layout, noise, number, cold)
        for turn in range(layout.rounds):  # some clusters of eigenvalues take them all
            if turn > 0:
                rayleigh_ritz(memory, code, layout)
            for part in range(2):
                run_lanczos(memory, code, layout, part == 1)
            sort_pair(memory, layout)
            if accept(memory, layout, turn) == 0:
                break
        remember(memory, layout)
        for lane in range(lanes):
            theta, size = n[THETA_1 + lane], n[RESIDUAL_1 + lane]
            values[0, lane] = theta
            residual[lane] = size / abs(theta) if size > 0.0 else 0.0
            converged[lane] = n[FROZEN + lane] > 0.0 and math.isfinite(theta)
            if not math.isfinite(theta):
                residual[lane] = math.nan

    def begin(memory, layout, noise, number, cold):
        """Make the starts of both runs from what the last two searches found, and random numbers."""
        n = offset_by(memory, layout.numbers)
        newer = int(n[SEARCHES]) % 2
        new, old = layout.previous + 2 * newer * layout.length, layout.previous + 2 * (1 - newer) * layout.length
        if cold:
            for k in range(4 * layout.length):
                memory[layout.previous + k] = 0.0
            # the padding after their elements too: networks that overflowed in this memory before left NaN there
            for k in range(layout.length):
                memory[layout.first + k], memory[layout.second + k] = 0.0, 0.0
        first_noise, second_noise = number * APART_FIRST % SHIFTS, layout.size + number * APART_SECOND % SHIFTS
        for lane in range(LANES):
            theta, gap, turned, older = n[THETA_1 + lane], n[GAP + lane], n[TURNED + lane], n[OLDER_NEARER + lane] > 0.0
            near = gap < SMALL_GAP * abs(theta)
            n[RANDOM_1 + lane] = 1.0 if cold else MIXED_IN_FIRST if near else 0.0
            n[RANDOM_2 + lane] = 1.0 if cold else min(1.0, MIXED_IN + turned)
            n[NEWER + lane], n[OLDER + lane] = (0.0, 1.0) if older else (1.0, 0.0)
            n[NEWER_TOO + lane], n[OLDER_TOO + lane] = OTHER * n[OLDER + lane], OTHER * n[NEWER + lane]
            n[SHARE + lane] = layout.turning if cold or near or turned > TURNS else layout.settled
            n[FROZEN + lane] = 0.0
        numbers = layout.numbers
        last, weights = (new, old), (numbers + NEWER, numbers + OLDER)
        start(memory, layout, layout.first, last, weights, noise, first_noise, numbers + RANDOM_1)
        both = (new + layout.length, old + layout.length, new, old)
        weights_of_both = (numbers + NEWER, numbers + OLDER, numbers + NEWER_TOO, numbers + OLDER_TOO)
        start(memory, layout, layout.second, both, weights_of_both, noise, second_noise, numbers + RANDOM_2)

    def start(memory, layout, to, vectors, factors, noise, first, share):
        """to <- vectors times factors, and random numbers, from `first` on in `noise`, times share."""
        if wide:
            for e in range(layout.size):
                total = memory[share] * noise[first + e]
                for k in range(len(vectors)):
                    total += memory[factors[k]] * memory[vectors[k] + e]
                memory[to + e] = total
        else:
            combine(memory, to, vectors, factors, noise, first, share, layout.size)

    def rayleigh_ritz(memory, code, layout):
        """Rayleigh-Ritz on the two vectors, which separates eigenvalues that are too near for Lanczos to."""
        n = offset_by(memory, layout.numbers)
        run(layout.runner, memory, code, nth(layout.hvp, LONGEST + 1))
        dot_into(memory, layout, DOT, layout.image, layout.first)
        dot_into(memory, layout, ACROSS, layout.image, layout.second)
        run(layout.runner, memory, code, nth(layout.hvp, LONGEST + 2))
        dot_into(memory, layout, SQUARE, layout.image, layout.second)
        for lane in range(LANES):
            across, apart, frozen = n[ACROSS + lane], n[SQUARE + lane] - n[DOT + lane], n[FROZEN + lane] > 0.0
            reach = abs(apart) + math.sqrt(apart * apart + 4.0 * across * across)
            t = 2.0 * across / (reach if reach > 0.0 else 1.0)
            t = 0.0 if frozen else -t if apart < 0.0 else t
            lower, upper = n[DOT + lane] - t * across, n[SQUARE + lane] + t * across
            cosine = 1.0 / math.sqrt(1.0 + t * t)
            # the Ritz vectors are c x - s y and s x + c y; the one of the larger value comes first
            swap = upper > lower and not frozen
            n[SCRATCH + lane], n[SCRATCH + LANES + lane] = (t * cosine, cosine) if swap else (cosine, -t * cosine)
            if not frozen:
                n[GAP + lane] = abs(upper - lower)
        mix(memory, layout)

    def mix(memory, layout):
        """x, y <- f x + g y, f y - g x, with the factors f and g in two rows of scratch."""
        n = offset_by(memory, layout.numbers)
        for e in range(0, layout.length, LANES):
            for lane in range(LANES):
                x, y = memory[layout.first + e + lane], memory[layout.second + e + lane]
                f, g = n[SCRATCH + lane], n[SCRATCH + LANES + lane]
                memory[layout.first + e + lane] = f * x + g * y
                memory[layout.second + e + lane] = f * y - g * x

    def sort_pair(memory, layout):
        """Exchange the two vectors, values and residuals where the second run found the larger value."""
        n, swaps = offset_by(memory, layout.numbers), 0
        for lane in range(LANES):
            swap = n[THETA_2 + lane] > n[THETA_1 + lane] and not n[FROZEN + lane] > 0.0
            n[SCRATCH + lane], n[SCRATCH + LANES + lane] = (0.0, 1.0) if swap else (1.0, 0.0)
            if swap:
                n[THETA_1 + lane], n[THETA_2 + lane] = n[THETA_2 + lane], n[THETA_1 + lane]
                n[RESIDUAL_1 + lane], n[RESIDUAL_2 + lane] = n[RESIDUAL_2 + lane], n[RESIDUAL_1 + lane]
                swaps += 1
        if swaps > 0:
            mix(memory, layout)

    def accept(memory, layout, turn):
        """Freeze the lanes whose eigenvalue is found, so that they do not depend on their neighbours; returns how many remain."""
        n, remaining = offset_by(memory, layout.numbers), 0
        for lane in range(LANES):
            if n[FROZEN + lane] > 0.0:
                continue
            largest, r, r2 = abs(n[THETA_1 + lane]), n[RESIDUAL_1 + lane], n[RESIDUAL_2 + lane]
            gap = n[THETA_1 + lane] - n[THETA_2 + lane]
            error = r * r / gap if r < gap else r
            separate = r2 <= max(1.5 * n[SHARE + lane] * gap, 2.0 * NOTHING_LEFT * largest)
            found = separate and error <= ACCEPTED * largest
            found |= turn >= PATIENCE and max(r, r2) <= LOOSE * largest
            n[GAP + lane] = max(gap, 0.0)
            if found or not math.isfinite(r + largest):
                n[FROZEN + lane] = 1.0
            else:
                remaining += 1
        return remaining

    def remember(memory, layout):
        """Keep both vectors for the next searches, and how far they turned from those that the last two searches found."""
        n, length = offset_by(memory, layout.numbers), layout.length
        newer = int(n[SEARCHES]) % 2
        new, old = layout.previous + 2 * newer * length, layout.previous + 2 * (1 - newer) * length
        dot_into(memory, layout, DOT, layout.first, new)
        dot_into(memory, layout, ACROSS, layout.first, old)
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
            n[TURNED + lane] = turned if turned <= 1.0 else 1.0  # also NaN, where there is nothing to compare with
            # on an orbit of period 2 the next search then begins from what the search before this one found
            n[OLDER_NEARER + lane] = 1.0 if older else 0.0
            n[THETAS + (1 - newer) * LANES + lane] = theta
            n[SEARCHES + lane] += 1.0
        for k in range(2 * length):
            memory[old + k] = memory[layout.first + k]

    return search


@cache
def lanczos_kernel(lanes: int) -> Linked:
    """Kernel of the search, for networks of so many lanes."""
    memory, flags = np.empty(0), np.empty(0, np.bool_)
    arguments = (memory, Code().array, empty_layout(), memory, 0, memory.reshape(1, -1), memory, flags)
    kinds = () if jit_disabled() else tuple(map(typeof, arguments))
    return Linked(two_runs(lanes), "lanczos", lanes, signature=kinds)
