"""The largest eigenvalues of the Hessian, by products with vectors alone: a block method that follows them along a run.

Locally optimal block conjugate gradients (Knyazev 2001): Rayleigh-Ritz on the span of the present vectors, their
residuals and the last corrections. It takes the largest algebraic eigenvalues whatever the other end of the spectrum is, and,
unlike the Lanczos runs that search for one, sees multiple eigenvalues, as these networks have them. One vector more than
asked for is carried, so that two eigenvalues that meet are told apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numba import typeof

from fastdln.kernels.compile import jit_disabled
from fastdln.kernels.link import Linked
from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.pointers import address, moved
from fastdln.kernels.matrices.program import Code, Matrix, MatrixProgram, nth, run
from fastdln.kernels.matrices.ritz import ritz
from fastdln.kernels.matrices.tiles import LANES, RIGHT
from fastdln.kernels.matrices.vectors import fold

# Relative residual at which an eigenvalue counts as found. Its error is at most that, and its square where the next
# eigenvalue is not as near. Where so many are so near that PATIENCE iterations do not tell them apart, LOOSE does.
TOLERANCE, LOOSE, PATIENCE = 1e-8, 1e-7, 300

# Iterations at most: some 20 are usual, a thousand where three eigenvalues or more lie within 1e-6 of each other, as they
# do next to a one-zero start.
CAP = 3000

# How much of every direction is mixed into the last state's vectors. Without it a vector that lies exactly in an
# invariant subspace, as those of a diagonal network do, would never see another eigenvalue pass its own.
MIXED_IN = 0.1

# Every so many iterations the images of vectors and corrections are computed anew. In between they are combined like the
# vectors themselves; where a residual and a correction are nearly parallel their rounding grows by the inverse sine.
REFRESH = 8

# Where in the table of random numbers a state begins reading.
SHIFTS = 1009


class Work(NamedTuple):
    """BlockValues of the memory as arrays (row, column, lane): what Rayleigh-Ritz reads and writes."""

    gram: np.ndarray
    matrix: np.ndarray
    chosen: np.ndarray
    minus_values: np.ndarray
    squares: np.ndarray


class Finder(NamedTuple):
    """Where a network's vectors lie, and the programs that act on them; see `finder`."""

    kept: int
    kept_size: int
    wanted: int
    block: int
    size: int
    length: int
    vectors: int
    images: int
    spare: int
    grams: int
    chosen: int
    minus_values: int
    residuals: int
    hvp: tuple[int, int]
    project: tuple[int, int]
    combine: tuple[int, int]
    combine_images: tuple[int, int]
    defect: tuple[int, int]
    measure: tuple[int, int]
    cap: int
    runner: Any
    by_tiles: Any


def block_of(widths: Sequence[int], wanted: int) -> int:
    """Vectors that are carried: one more than asked for, if the space has as many."""
    return min(wanted + 1, sum(a * b for a, b in pairwise(widths)))


def finder(network: Network, code: Code, runner: Any, by_tiles: Any, wanted: int) -> Finder:
    """Lays out the memory for `wanted` eigenvalues of a network that was made with 3 block directions."""
    memory, block, length = network.memory, block_of(network.widths, wanted), network.length
    vectors, images = network.directions[0][0].at, network.images[0][0].at

    def some(size: int) -> int:
        at = memory.size
        memory.size += size
        return at

    def rows(at: int, count: int) -> Matrix:
        return Matrix(at, count, length // LANES, length)

    def small(at: int, count: int, columns: int) -> Matrix:
        return Matrix(at, count, columns, columns * LANES)

    spare = some(2 * block * length)
    grams, chosen = some(2 * 9 * block * block * LANES), some(6 * block * block * LANES)
    minus_values, residuals = some(block * LANES), some(block * block * LANES)
    project, combine, combine_images, defect, measure = (MatrixProgram(LANES) for _ in range(5))
    matrix_at = grams + 9 * block * block * LANES
    everything, all_images = rows(vectors, 3 * block), rows(images, 3 * block)
    project.product(small(grams, 3 * block, 3 * block), everything, everything, RIGHT)
    project.product(small(matrix_at, 3 * block, 3 * block), everything, all_images, RIGHT)
    coefficients = small(chosen, 2 * block, 3 * block)
    combine.product(rows(spare, 2 * block), coefficients, everything)
    combine_images.product(rows(spare, 2 * block), coefficients, all_images)
    for j in range(block):
        residual, vector = rows(vectors + (block + j) * length, 1), rows(vectors + j * length, 1)
        defect.axpy(residual, vector, minus_values + j * LANES)
    measure.product(small(residuals, block, block), *(rows(vectors + block * length, block),) * 2, RIGHT)
    hvp = [code.add(network.hvp(network.directions[j], network.images[j])) for j in range(3 * block)]
    return Finder(
        kept=vectors,
        kept_size=3 * block * length,
        wanted=wanted,
        block=block,
        size=network.size,
        length=length,
        vectors=vectors,
        images=images,
        spare=spare,
        grams=grams,
        chosen=chosen,
        minus_values=minus_values,
        residuals=residuals,
        hvp=hvp[0],
        project=code.add(project),
        combine=code.add(combine),
        combine_images=code.add(combine_images),
        defect=code.add(defect),
        measure=code.add(measure),
        cap=CAP,
        runner=runner,
        by_tiles=by_tiles,
    )


def no_finder() -> Finder:
    """What is given to compiled code that does not search."""
    fields: dict[str, Any] = dict.fromkeys(Finder._fields, 0)
    fields |= dict.fromkeys(("hvp", "project", "combine", "combine_images", "defect", "measure"), (0, 0))
    return Finder(**fields)


def noise_for(network: Network, block: int) -> np.ndarray:
    """Random numbers that are mixed into the vectors of a search."""
    numbers = np.random.Generator(np.random.Philox(0)).uniform(-1.0, 1.0, block * network.size + SHIFTS)
    return numbers * (MIXED_IN * math.sqrt(3.0 / network.size))


def work_in(memory, finder):
    """The parts of the memory that Rayleigh-Ritz works on."""
    block, size = finder.block, 3 * finder.block
    return Work(
        part(memory, finder.grams, size, size),
        part(memory, finder.grams + size * size * LANES, size, size),
        part(memory, finder.chosen, 2 * block, size),
        part(memory, finder.minus_values, 1, block)[0],
        part(memory, finder.residuals, block, block),
    )


def part(memory, at, rows, columns):
    return memory[at : at + rows * columns * LANES].reshape((rows, columns, LANES))


def clear(memory, at, count):
    for k in range(at, at + count):
        memory[k] = 0.0


def copy_plainly(memory, to, at, count):
    memory[to : to + count] = memory[at : at + count]


def copy_at_once(memory, to, at, count):
    start = address(memory)
    moved(start + 8 * to, start + 8 * at, count)


copy = copy_plainly if jit_disabled() else copy_at_once


def estimator(lanes: int) -> Any:
    """Function (memory, code, finder, noise, number, values, residual, converged) for networks of so many lanes.

    Needs what the programs forward and backward leave. values (eigenvalue, lane): the largest eigenvalues, from the top;
    residual and converged (lane): ||H v - lambda v|| / lambda of the largest, and whether those of all are within
    LOOSE of it. number: which state it is.
    """
    wide = lanes != LANES

    def estimate(memory, code, finder, noise, number, values, residual, converged):
        work = work_in(memory, finder)
        block, length, wanted = finder.block, finder.length, finder.wanted
        size = 3 * block
        found, picked = np.zeros((block, LANES)), np.empty((block, size, LANES))
        done, norms = np.zeros(LANES, np.bool_), np.empty((block, LANES))
        for j in range(block):
            first, noise_at = finder.vectors + j * length, j * finder.size + number % SHIFTS
            for e in range(finder.size):
                for lane in range(lanes):
                    memory[first + e * lanes + lane] += noise[noise_at + e]
        clear(memory, finder.vectors + block * length, 2 * block * length)
        clear(memory, finder.images, 3 * block * length)
        for j in range(block):
            run(finder.runner, memory, code, nth(finder.hvp, j))
        for iteration in range(finder.cap + 1):
            if iteration % REFRESH == REFRESH - 1:
                for j in range(block):
                    run(finder.runner, memory, code, nth(finder.hvp, j))
                    run(finder.runner, memory, code, nth(finder.hvp, 2 * block + j))
            run(finder.by_tiles, memory, code, finder.project)
            fold(memory, finder.grams, 2 * size * size, wide)
            ritz(work.gram, work.matrix, work.minus_values, picked)
            keep(done, found, work.minus_values, picked, work.chosen)
            run(finder.by_tiles, memory, code, finder.combine)
            put_back(memory, finder.spare, finder.vectors, block, length)
            run(finder.by_tiles, memory, code, finder.combine_images)
            put_back(memory, finder.spare, finder.images, block, length)
            find_residuals(memory, code, finder, work, norms)
            tolerance, left = TOLERANCE if iteration < PATIENCE else LOOSE, 0
            for lane in range(LANES):
                top, largest = abs(found[0, lane]), 0.0
                for j in range(wanted):
                    largest = max(largest, norms[j, lane])
                done[lane] |= largest <= tolerance * top or not math.isfinite(top + largest)
                left += 0 if done[lane] else 1
            if left == 0 or iteration == finder.cap:
                break
            for j in range(block):
                run(finder.runner, memory, code, nth(finder.hvp, block + j))
        # what is said of the residual is measured anew, on images that carry no rounding from one iteration to the next
        for j in range(block):
            run(finder.runner, memory, code, nth(finder.hvp, j))
        find_residuals(memory, code, finder, work, norms)
        for lane in range(len(residual)):
            top, largest = abs(found[0, lane]), 0.0
            for j in range(wanted):
                values[j, lane] = found[j, lane]
                largest = max(largest, norms[j, lane])
            residual[lane] = norms[0, lane] / top if norms[0, lane] > 0.0 else 0.0
            converged[lane] = largest <= LOOSE * top
            if not math.isfinite(top + largest):
                residual[lane], converged[lane] = math.nan, False
                for k in range(lane, block * length, lanes):
                    memory[finder.vectors + k] = 0.0

    def find_residuals(memory, code, finder, work, norms):
        """H x - theta x in place of the last residuals, and their norms."""
        block, length = finder.block, finder.length
        copy(memory, finder.vectors + block * length, finder.images, block * length)
        run(finder.by_tiles, memory, code, finder.defect)
        run(finder.by_tiles, memory, code, finder.measure)
        fold(memory, finder.residuals, block * block, wide)
        for j in range(block):
            for lane in range(LANES):
                norms[j, lane] = math.sqrt(work.squares[j, j, lane])

    return estimate


@cache
def searching(lanes: int) -> Linked:
    """The kernel of the search, for networks of so many lanes."""
    memory, flags = np.empty(0), np.empty(0, np.bool_)
    some = (memory, Code().array, no_finder(), memory, 0, memory.reshape(1, -1), memory, flags)
    kinds = () if jit_disabled() else tuple(map(typeof, some))
    return Linked(estimator(lanes), "lobpcg", lanes, signature=kinds)


def keep(done, found, minus_values, picked, chosen):
    """The coefficients of the new vectors and corrections; lanes that are done keep theirs as they are."""
    block, size, lanes = picked.shape
    for j in range(block):
        for lane in range(lanes):
            value = found[j, lane] if done[lane] else minus_values[j, lane]
            found[j, lane] = value
            minus_values[j, lane] = -value
        for i in range(size):
            for lane in range(lanes):
                new = picked[j, i, lane]
                mine, last = 1.0 if i == j else 0.0, 1.0 if i == 2 * block + j else 0.0
                chosen[j, i, lane] = mine if done[lane] else new
                chosen[block + j, i, lane] = last if done[lane] else new if i >= block else 0.0


def put_back(memory, spare, at, block, length):
    """Moves what was combined to where it belongs: first the vectors, then, behind the residuals, the corrections."""
    copy(memory, at, spare, block * length)
    copy(memory, at + 2 * block * length, spare + block * length, block * length)
