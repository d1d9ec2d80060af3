"""The largest eigenvalue of the Hessian by two Lanczos runs: one follows it along a run, one watches for others that pass it.

Both are short: they begin from what the last states' searches found. The first stops by the error of the eigenvalue, r^2 / gap for a
residual r (Parlett, The Symmetric Eigenvalue Problem, 11.7), which takes a third of the products that a small residual does. The
second, orthogonal to what the first has found, must see anything larger: an eigenvector above theta_1 that is missing holds a part c of its random
start, so that its residual stays above c times the gap until it turns up.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import typeof

from fastdln.kernels.compiled import jit_disabled
from fastdln.kernels.link import Linked
from fastdln.matrices.network import Network
from fastdln.matrices.program import Code, Matrix, Program, nth, run
from fastdln.matrices.tiles import LANES
from fastdln.matrices.tridiagonal import raise_bound, top
from fastdln.matrices.vectors import add_up, dot, fold, scale

# Lanczos vectors of the first run and of the second at most, and of the second at least.
LONGEST, LONGEST_SECOND, SHORTEST_SECOND = 24, 16, 2

# Relative error of the eigenvalue at which the first run ends, and below which, with the gap that the second has found, it is
# accepted.
ENOUGH, ACCEPTED = 2e-9, 5e-9

# The second run ends where its residual is this share of the gap: SETTLED where the vectors turn by less than TURNS from state to state and
# the gap is not small, else TURNING; for vectors of GRADED elements, and less in proportion for longer ones: with the square root, which is what
# their random parts are smaller by, 1 of 2,600 searches at d = 10 missed a crossing. Or where it is NOTHING_LEFT of theta_1.
SETTLED, TURNING, NOTHING_LEFT = 0.02, 0.003, 1e-9
TURNS, GRADED = 1e-4, 75

# How much of a random unit vector is mixed into the start of the second run, beside as much as the vectors turn; and into that of
# the first, where the gap is so small a part of theta_1 that the two may have changed places.
MIXED_IN, MIXED_IN_FIRST, SMALL_GAP = 0.3, 0.03, 0.03

# How much of the vector of the last state but one is mixed into it: orbits of period 2 come back to that.
OTHER = 0.3

# Rounds at most: some two where eigenvalues are apart, ten where several lie within 1e-7 of each other.
ROUNDS = 60

# After this many rounds residuals of both runs as small as this are enough too, so that networks beside it need not wait.
PATIENCE, LOOSE = 10, 1e-7

# Where in the table of random numbers a state begins reading, and how far apart two states do.
SHIFTS, APART_FIRST, APART_SECOND = 1009, 367, 211

# Rows of numbers: what is kept from one state to the next, and what a search works with.
THETAS, GAP, TURNED, OLDER_NEARER, SEARCHES, THETA_1, THETA_2, RESIDUAL_1, RESIDUAL_2, SHARE, FROZEN, DONE = (
    0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
)  # fmt: skip
DOT, ACROSS, SQUARE, FACTOR, MINUS_A, MINUS_B, MINUS_ACROSS, RITZ, SCRATCH = (13, 14, 15, 16, 17, 18, 19, 20, 21)
NUMBERS = 25


class Lanczos(NamedTuple):
    """Where in a network's memory, in floats, things lie.

    vectors: the Lanczos vectors, `length` apart, each of `height` rows; first, second: what the search is at; found: the two
    vectors of the last search, and those of the one before; image: what the Hessian makes of a vector. kept: rows of numbers. diagonal, off, ritz, spare,
    chosen: rows of the small matrices. longest, rounds: bounds of a run, and of the runs. settled, turning: shares of the gap that end the second run. hvp: the section of the first vector's product with the
    Hessian; sum_first, sum_second: the lines of the sums of one Lanczos vector, the next of two, and so on.
    """

    length: int
    height: int
    size: int
    vectors: int
    first: int
    second: int
    found: int
    image: int
    kept: int
    kept_size: int
    diagonal: int
    off: int
    ritz: int
    spare: int
    chosen: int
    longest: int
    rounds: int
    settled: float
    turning: float
    hvp: tuple[int, int]
    sum_first: int
    sum_second: int
    runner: Any
    by_tiles: Any


# Directions of the network that it takes: its Lanczos vectors with the one behind the last, first and second, and four kept.
DIRECTIONS = LONGEST + 1 + 2 + 4


def lanczos(network: Network, code: Code, runner: Any, by_tiles: Any) -> Lanczos:
    """Lays out the memory for a network that was made with DIRECTIONS directions, and writes the programs into the code.

    runner, by_tiles: the addresses of what runs the network's programs, and of what runs those of rows of LANES.
    """
    length, rows = network.length, network.memory.rows
    places = [direction[0].at for direction in network.directions[:DIRECTIONS]]
    first, second, kept = places[LONGEST + 1], places[LONGEST + 2], places[LONGEST + 3]
    hvp = [code.add(network.hvp(direction, network.images[0])) for direction in network.directions[: LONGEST + 3]]
    numbers, diagonal, ritz, spare, chosen = rows(NUMBERS), *(rows(LONGEST + 1) for _ in range(4))
    # behind a row of zeros, see tridiagonal.py
    off = rows(LONGEST + 2) + LANES

    def sums(target: int) -> int:
        """The first of the lines that make a vector of one Lanczos vector, of two, and so on."""
        lines = []
        for count in range(1, LONGEST + 1):
            program, vectors = Program(LANES), Matrix(places[0], count, length // LANES, length)
            factors = Matrix(chosen, 1, count, count * LANES)
            program.product(Matrix(target, 1, length // LANES, length), factors, vectors)
            lines.append(code.add(program)[0])
        return lines[0]

    narrower = GRADED / max(GRADED, network.size)
    return Lanczos(
        length=length,
        height=length // LANES,
        size=network.size,
        vectors=places[0],
        first=first,
        second=second,
        found=kept,
        image=network.images[0][0].at,
        kept=numbers,
        kept_size=NUMBERS * LANES,
        diagonal=diagonal,
        off=off,
        ritz=ritz,
        spare=spare,
        chosen=chosen,
        longest=LONGEST,
        rounds=ROUNDS,
        settled=SETTLED * narrower,
        turning=TURNING * narrower,
        hvp=hvp[0],
        sum_first=sums(first),
        sum_second=sums(second),
        runner=runner,
        by_tiles=by_tiles,
    )


def no_lanczos() -> Lanczos:
    """What is given to compiled code that does not search."""
    fields: dict[str, Any] = dict.fromkeys(Lanczos._fields, 0)
    fields |= {"settled": 0.0, "turning": 0.0, "hvp": (0, 0)}
    return Lanczos(**fields)


def random_vectors(size: int) -> np.ndarray:
    """Random numbers that are mixed into starts: any `size` of them are a vector of length 1 or so."""
    numbers = np.random.Generator(np.random.Philox(0)).standard_normal(2 * (size + SHIFTS))
    return numbers / math.sqrt(size)


def numbers_of(memory, finder):
    return memory[finder.kept : finder.kept + NUMBERS * LANES].reshape((NUMBERS, LANES))


def row(finder, number):
    """Where a row of numbers lies."""
    return finder.kept + number * LANES


def following(lanes: int) -> Any:
    """Function (memory, code, finder, noise, number, values, residual, converged) for networks of so many lanes.

    Needs what the programs forward and backward leave. values (1, lane): the largest eigenvalue; residual and converged
    (lane): ||H v - lambda v|| / lambda, and whether it was accepted. number: which state it is.
    """
    wide = lanes != LANES

    def search(memory, code, finder, noise, number, values, residual, converged):
        n = numbers_of(memory, finder)
        cold = n[SEARCHES, 0] == 0.0
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
            theta, size = n[THETA_1, lane], n[RESIDUAL_1, lane]
            values[0, lane] = theta
            residual[lane] = size / abs(theta) if size > 0.0 else 0.0
            converged[lane] = n[FROZEN, lane] > 0.0 and math.isfinite(theta)
            if not math.isfinite(theta):
                residual[lane] = math.nan

    def begin(memory, finder, noise, number, cold):
        """The starts of both runs, from what the last two searches found."""
        n = numbers_of(memory, finder)
        newer = int(n[SEARCHES, 0]) % 2
        new, old = finder.found + 2 * newer * finder.length, finder.found + 2 * (1 - newer) * finder.length
        if cold:
            for k in range(4 * finder.length):
                memory[finder.found + k] = 0.0
            # behind their elements too, where networks that were in this memory before and overflowed left NaN
            for k in range(finder.length):
                memory[finder.first + k], memory[finder.second + k] = 0.0, 0.0
        first_noise, second_noise = number * APART_FIRST % SHIFTS, finder.size + number * APART_SECOND % SHIFTS
        for lane in range(LANES):
            theta, gap, turned = n[THETA_1, lane], n[GAP, lane], n[TURNED, lane]
            near = gap < SMALL_GAP * abs(theta)
            n[SCRATCH, lane] = 1.0 if cold else MIXED_IN_FIRST if near else 0.0
            n[SCRATCH + 1, lane] = 1.0 if cold else min(1.0, MIXED_IN + turned)
            n[SHARE, lane] = finder.turning if cold or near or turned > TURNS else finder.settled
            n[FROZEN, lane] = 0.0
        for e in range(finder.size):
            for lane in range(lanes):
                k, older = e * lanes + lane, n[OLDER_NEARER, lane] > 0.0
                x1, x2, other = memory[new + k], memory[new + finder.length + k], memory[old + k]
                if older:
                    x1, x2, other = other, memory[old + finder.length + k], x1
                memory[finder.first + k] = x1 + n[SCRATCH, lane] * noise[first_noise + e]
                memory[finder.second + k] = x2 + OTHER * other + n[SCRATCH + 1, lane] * noise[second_noise + e]

    def dot_into(memory, finder, number, x, y):
        dot(memory, row(finder, number), x, y, finder.height)
        fold(memory, row(finder, number), 1, wide)

    def take_start(memory, finder, second):
        """The first Lanczos vector, of length 1, from where a run starts, which of frozen lanes stays as it is."""
        n, q = numbers_of(memory, finder), finder.vectors
        start = finder.second if second else finder.first
        if second:
            for _ in range(2):  # once more for what rounding left
                dot_into(memory, finder, DOT, start, finder.first)
                for lane in range(LANES):
                    n[MINUS_ACROSS, lane] = 0.0 if n[FROZEN, lane] > 0.0 else -n[DOT, lane]
                factors = (row(finder, MINUS_ACROSS),)
                add_up(memory, q, row(finder, SQUARE), start, (finder.first,), factors, finder.height)
                fold(memory, row(finder, SQUARE), 1, wide)
                start = q
        else:
            dot_into(memory, finder, SQUARE, start, start)
        for lane in range(LANES):
            square = n[SQUARE, lane]
            n[FACTOR, lane] = 1.0 if n[FROZEN, lane] > 0.0 or not square > 0.0 else 1.0 / math.sqrt(square)
        scale(memory, q, start, row(finder, FACTOR), finder.height)

    def run_through(memory, code, finder, second):
        """A Lanczos run from the first vector on: its largest Ritz value and residual, and in place of its start the Ritz vector."""
        n, most = numbers_of(memory, finder), min(LONGEST_SECOND, finder.longest) if second else finder.longest
        theta, size = (THETA_2, RESIDUAL_2) if second else (THETA_1, RESIDUAL_1)
        for lane in range(LANES):
            n[DONE, lane] = n[FROZEN, lane]
            for j in range(most):
                memory[finder.chosen + j * LANES + lane] = 0.0
            memory[finder.chosen + lane] = n[FROZEN, lane]
        used = 0
        for j in range(most):
            used = j + 1
            go_on(memory, code, finder, j, second)
            if used < 5 or used % 2 == 0 or used == most:
                if j == 0:
                    for lane in range(LANES):
                        n[RITZ, lane], memory[finder.ritz + lane] = memory[finder.diagonal + lane], 1.0
                else:
                    places = (finder.ritz, finder.spare, row(finder, SCRATCH))
                    top(memory, row(finder, RITZ), finder.diagonal, finder.off, used, *places)
                left = 0
                for lane in range(LANES):
                    if n[DONE, lane] > 0.0:
                        continue
                    value = n[RITZ, lane]
                    r = memory[finder.off + j * LANES + lane] * abs(memory[finder.ritz + j * LANES + lane])
                    if second:
                        largest = n[THETA_1, lane]
                        near = max(n[SHARE, lane] * abs(largest - value), NOTHING_LEFT * abs(largest))
                        enough = used >= SHORTEST_SECOND and r <= near
                    else:
                        gap = 0.5 * n[GAP, lane]
                        enough = (r * r / gap if r < gap else r) <= ENOUGH * abs(value)
                    if enough or used == most or not math.isfinite(value):
                        n[DONE, lane], n[theta, lane], n[size, lane] = 1.0, value, r
                        for i in range(used):
                            memory[finder.chosen + i * LANES + lane] = memory[finder.ritz + i * LANES + lane]
                    else:
                        left += 1
                if left == 0:
                    break
            else:
                raise_bound(memory, row(finder, RITZ), finder.diagonal, finder.off, used, row(finder, SCRATCH))
            q = finder.vectors + used * finder.length
            scale(memory, q, q, row(finder, FACTOR), finder.height)
        line = (finder.sum_second if second else finder.sum_first) + used - 1
        run(finder.by_tiles, memory, code, (line, line + 1))

    def go_on(memory, code, finder, j, second):
        """From Lanczos vector j to what becomes the next once it is scaled by FACTOR, and a row of the tridiagonal matrix."""
        n, q, off = numbers_of(memory, finder), finder.vectors + j * finder.length, finder.off + j * LANES
        before = q - finder.length if j > 0 else q
        run(finder.runner, memory, code, nth(finder.hvp, j))
        dot_into(memory, finder, DOT, finder.image, q)
        if second:
            dot_into(memory, finder, ACROSS, finder.image, finder.first)
        for lane in range(LANES):
            memory[finder.diagonal + j * LANES + lane] = n[DOT, lane]
            n[MINUS_A, lane], n[MINUS_ACROSS, lane] = -n[DOT, lane], -n[ACROSS, lane]
            n[MINUS_B, lane] = -memory[off - LANES + lane] if j > 0 else 0.0
        a, b, across = row(finder, MINUS_A), row(finder, MINUS_B), row(finder, MINUS_ACROSS)
        to, square = q + finder.length, row(finder, SQUARE)
        if second:
            vectors = (q, before, finder.first)
            add_up(memory, to, square, finder.image, vectors, (a, b, across), finder.height)
        else:
            add_up(memory, to, square, finder.image, (q, before), (a, b), finder.height)
        fold(memory, square, 1, wide)
        for lane in range(LANES):
            b_next = math.sqrt(n[SQUARE, lane])
            # what is left of an invariant subspace is rounding
            size = abs(n[DOT, lane]) if j == 0 else abs(n[RITZ, lane])
            nothing = b_next <= 1e-15 * size
            memory[off + lane] = 0.0 if nothing else b_next
            n[FACTOR, lane] = 0.0 if nothing else 1.0 / b_next

    def rotate(memory, code, finder):
        """Rayleigh-Ritz of the two vectors, which splits eigenvalues that are so near that Lanczos does not."""
        n = numbers_of(memory, finder)
        run(finder.runner, memory, code, nth(finder.hvp, LONGEST + 1))
        dot_into(memory, finder, DOT, finder.image, finder.first)
        dot_into(memory, finder, ACROSS, finder.image, finder.second)
        run(finder.runner, memory, code, nth(finder.hvp, LONGEST + 2))
        dot_into(memory, finder, SQUARE, finder.image, finder.second)
        for lane in range(LANES):
            across, apart, frozen = n[ACROSS, lane], n[SQUARE, lane] - n[DOT, lane], n[FROZEN, lane] > 0.0
            reach = abs(apart) + math.sqrt(apart * apart + 4.0 * across * across)
            t = 2.0 * across / (reach if reach > 0.0 else 1.0)
            t = 0.0 if frozen else -t if apart < 0.0 else t
            lower, upper = n[DOT, lane] - t * across, n[SQUARE, lane] + t * across
            cosine = 1.0 / math.sqrt(1.0 + t * t)
            # c x - s y and s x + c y are the two; the larger comes first
            swap = upper > lower and not frozen
            n[SCRATCH, lane], n[SCRATCH + 1, lane] = (t * cosine, cosine) if swap else (cosine, -t * cosine)
            if not frozen:
                n[GAP, lane] = abs(upper - lower)
        mix(memory, finder)

    def mix(memory, finder):
        """x, y <- f x + g y and, at a right angle to it, with factors f and g from two rows of numbers."""
        n = numbers_of(memory, finder)
        for e in range(0, finder.length, LANES):
            for lane in range(LANES):
                x, y = memory[finder.first + e + lane], memory[finder.second + e + lane]
                f, g = n[SCRATCH, lane], n[SCRATCH + 1, lane]
                memory[finder.first + e + lane] = f * x + g * y
                memory[finder.second + e + lane] = f * y - g * x

    def put_in_order(memory, finder):
        """Exchanges the two where the second run found the larger value."""
        n, swaps = numbers_of(memory, finder), 0
        for lane in range(LANES):
            swap = n[THETA_2, lane] > n[THETA_1, lane] and not n[FROZEN, lane] > 0.0
            n[SCRATCH, lane], n[SCRATCH + 1, lane] = (0.0, 1.0) if swap else (1.0, 0.0)
            if swap:
                n[THETA_1, lane], n[THETA_2, lane] = n[THETA_2, lane], n[THETA_1, lane]
                n[RESIDUAL_1, lane], n[RESIDUAL_2, lane] = n[RESIDUAL_2, lane], n[RESIDUAL_1, lane]
                swaps += 1
        if swaps > 0:
            mix(memory, finder)

    def accept(memory, finder, turn):
        """Freezes the lanes whose eigenvalue is found, so that they do not depend on their neighbours; returns how many are left."""
        n, left = numbers_of(memory, finder), 0
        for lane in range(LANES):
            if n[FROZEN, lane] > 0.0:
                continue
            largest, r, r2 = abs(n[THETA_1, lane]), n[RESIDUAL_1, lane], n[RESIDUAL_2, lane]
            gap = n[THETA_1, lane] - n[THETA_2, lane]
            error = r * r / gap if r < gap else r
            watched = r2 <= max(1.5 * n[SHARE, lane] * gap, 2.0 * NOTHING_LEFT * largest)
            found = watched and error <= ACCEPTED * largest
            found |= turn >= PATIENCE and max(r, r2) <= LOOSE * largest
            n[GAP, lane] = max(gap, 0.0)
            if found or not math.isfinite(r + largest):
                n[FROZEN, lane] = 1.0
            else:
                left += 1
        return left

    def remember(memory, finder):
        """Keeps what was found for the next searches, and how far it is from what the last two found."""
        n, length = numbers_of(memory, finder), finder.length
        newer = int(n[SEARCHES, 0]) % 2
        new, old = finder.found + 2 * newer * length, finder.found + 2 * (1 - newer) * length
        dot_into(memory, finder, DOT, finder.first, new)
        dot_into(memory, finder, ACROSS, finder.first, old)
        for lane in range(LANES):
            with_new, with_old, theta = abs(n[DOT, lane]), abs(n[ACROSS, lane]), n[THETA_1, lane]
            older = with_old > with_new
            overlap, last = (with_old, n[THETAS + 1 - newer, lane]) if older else (with_new, n[THETAS + newer, lane])
            moved = abs(theta - last) / abs(theta)
            turned = max(math.sqrt(max(0.0, 1.0 - overlap * overlap)), moved)
            n[TURNED, lane] = turned if turned <= 1.0 else 1.0  # also where there is nothing to compare
            # so that on an orbit of period 2 the next one is sought where the last but one of then is
            n[OLDER_NEARER, lane] = 1.0 if older else 0.0
            n[THETAS + 1 - newer, lane] = theta
            n[SEARCHES, lane] += 1.0
        for k in range(2 * length):
            memory[old + k] = memory[finder.first + k]

    return search


@cache
def searching(lanes: int) -> Linked:
    """The kernel of the search, for networks of so many lanes."""
    memory, flags = np.empty(0), np.empty(0, np.bool_)
    some = (memory, Code().array, no_lanczos(), memory, 0, memory.reshape(1, -1), memory, flags)
    kinds = () if jit_disabled() else tuple(map(typeof, some))
    return Linked(following(lanes), "lanczos", lanes, signature=kinds)
