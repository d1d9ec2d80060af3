"""The largest eigenvalues of the Hessian by LOBPCG, a block method that follows them from state to state.

Locally optimal block preconditioned conjugate gradients (Knyazev 2001), without a preconditioner: Rayleigh-Ritz on the span of the
present vectors, their residuals and the last corrections, by Hessian-vector products alone. It finds the largest algebraic
eigenvalues whatever the other end of the spectrum is, and, unlike the Lanczos runs for one eigenvalue, multiple ones as often as
they occur, as they do in these networks. One vector more than asked for is carried, so that two eigenvalues that meet are told
apart.
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

# How much of a random vector is mixed into each vector of the last state. Without it a vector that lies exactly in an
# invariant subspace, as those of a diagonal network do, would never see another eigenvalue pass its own.
MIXED_IN = 0.1

# Every so many iterations the Hessian-vector products (images) of vectors and corrections are computed anew. In between they are
# combined like the vectors themselves; where a residual and a correction are nearly parallel their rounding grows by the inverse
# sine of the angle.
REFRESH = 8

# Positions in the table of random numbers at which a search may begin to read.
SHIFTS = 1009


class RitzArrays(NamedTuple):
    """What Rayleigh-Ritz reads and writes, parts of the memory as arrays (row, column, lane)."""

    gram: np.ndarray
    matrix: np.ndarray
    coefficients: np.ndarray
    minus_values: np.ndarray
    squares: np.ndarray


class LobpcgLayout(NamedTuple):
    """Offsets in a network's memory, in floats, sizes, and sections of the code.

    carried, carried_size: vectors, which are 0 before the first search. wanted: eigenvalues; block: vectors. size, length:
    elements of a vector, and its floats. vectors, images: three blocks each, of the vectors X, the residuals R and the corrections
    P, and of their Hessian-vector products. spare: new vectors and corrections. grams: S S^T and S H S^T of the rows S = (X, R,
    P). coefficients: of the new vectors and corrections on S. minus_values: - theta. residuals: R R^T.

    hvp: the section of the first Hessian-vector product, which the others follow. project: the Gram matrices. combine,
    combine_images: new vectors and corrections, and their images. subtract: R <- R - theta X. measure: R R^T. cap: iterations at
    most. runner, by_tiles: addresses of what runs the network's programs, and programs on rows of LANES.
    """

    carried: int
    carried_size: int
    wanted: int
    block: int
    size: int
    length: int
    vectors: int
    images: int
    spare: int
    grams: int
    coefficients: int
    minus_values: int
    residuals: int
    hvp: tuple[int, int]
    project: tuple[int, int]
    combine: tuple[int, int]
    combine_images: tuple[int, int]
    subtract: tuple[int, int]
    measure: tuple[int, int]
    cap: int
    runner: Any
    by_tiles: Any


def block_of(widths: Sequence[int], wanted: int) -> int:
    """Count the vectors that are carried: one more than asked for, if the space has as many dimensions."""
    return min(wanted + 1, sum(a * b for a, b in pairwise(widths)))


def lay_out(network: Network, code: Code, runner: Any, by_tiles: Any, wanted: int) -> LobpcgLayout:
    """Lay out the memory for `wanted` eigenvalues of a network that was made with 3 block directions, and write the programs."""
    memory, block, length = network.memory, block_of(network.widths, wanted), network.length
    vectors, images = network.directions[0][0].at, network.images[0][0].at

    def floats(size: int) -> int:
        at = memory.size
        memory.size += size
        return at

    def rows(at: int, count: int) -> Matrix:
        return Matrix(at, count, length // LANES, length)

    def small(at: int, count: int, columns: int) -> Matrix:
        return Matrix(at, count, columns, columns * LANES)

    spare = floats(2 * block * length)
    grams, coefficients = floats(2 * 9 * block * block * LANES), floats(6 * block * block * LANES)
    minus_values, residuals = floats(block * LANES), floats(block * block * LANES)
    project, combine, combine_images, subtract, measure = (MatrixProgram(LANES) for _ in range(5))
    matrix_at = grams + 9 * block * block * LANES
    everything, all_images = rows(vectors, 3 * block), rows(images, 3 * block)
    project.product(small(grams, 3 * block, 3 * block), everything, everything, RIGHT)
    project.product(small(matrix_at, 3 * block, 3 * block), everything, all_images, RIGHT)
    factors = small(coefficients, 2 * block, 3 * block)
    combine.product(rows(spare, 2 * block), factors, everything)
    combine_images.product(rows(spare, 2 * block), factors, all_images)
    for j in range(block):
        residual, vector = rows(vectors + (block + j) * length, 1), rows(vectors + j * length, 1)
        subtract.axpy(residual, vector, minus_values + j * LANES)
    measure.product(small(residuals, block, block), *(rows(vectors + block * length, block),) * 2, RIGHT)
    hvp = [code.add(network.hvp(network.directions[j], network.images[j])) for j in range(3 * block)]
    return LobpcgLayout(
        carried=vectors,
        carried_size=3 * block * length,
        wanted=wanted,
        block=block,
        size=network.size,
        length=length,
        vectors=vectors,
        images=images,
        spare=spare,
        grams=grams,
        coefficients=coefficients,
        minus_values=minus_values,
        residuals=residuals,
        hvp=hvp[0],
        project=code.add(project),
        combine=code.add(combine),
        combine_images=code.add(combine_images),
        subtract=code.add(subtract),
        measure=code.add(measure),
        cap=CAP,
        runner=runner,
        by_tiles=by_tiles,
    )


def empty_layout() -> LobpcgLayout:
    """Make a layout for compiled code that is given one, but does not search."""
    fields: dict[str, Any] = dict.fromkeys(LobpcgLayout._fields, 0)
    fields |= dict.fromkeys(("hvp", "project", "combine", "combine_images", "subtract", "measure"), (0, 0))
    return LobpcgLayout(**fields)


def random_numbers(network: Network, block: int) -> np.ndarray:
    """Draw the random numbers that are mixed into the vectors of a search."""
    numbers = np.random.Generator(np.random.Philox(0)).uniform(-1.0, 1.0, block * network.size + SHIFTS)
    return numbers * (MIXED_IN * math.sqrt(3.0 / network.size))


def ritz_arrays(memory, layout):
    """View the parts of the memory that Rayleigh-Ritz works on."""
    block, size = layout.block, 3 * layout.block
    return RitzArrays(
        part(memory, layout.grams, size, size),
        part(memory, layout.grams + size * size * LANES, size, size),
        part(memory, layout.coefficients, 2 * block, size),
        part(memory, layout.minus_values, 1, block)[0],
        part(memory, layout.residuals, block, block),
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


def lobpcg(lanes: int) -> Any:
    """Function (memory, code, layout, noise, number, values, residual, converged) for networks of so many lanes.

    It needs what the programs forward and backward leave in the memory. number: the state's number. It writes values (eigenvalue,
    lane): the largest eigenvalues, in falling order; residual (lane): ||H v - lambda v|| / lambda of the largest; converged (lane):
    whether the residuals of all are at most LOOSE times that lambda.
    """
    wide = lanes != LANES

    def search(memory, code, layout, noise, number, values, residual, converged):
        arrays = ritz_arrays(memory, layout)
        block, length, wanted = layout.block, layout.length, layout.wanted
        size = 3 * block
        thetas, ritz_vectors = np.zeros((block, LANES)), np.empty((block, size, LANES))
        done, norms = np.zeros(LANES, np.bool_), np.empty((block, LANES))
        for j in range(block):
            first, noise_at = layout.vectors + j * length, j * layout.size + number % SHIFTS
            for e in range(layout.size):
                for lane in range(lanes):
                    memory[first + e * lanes + lane] += noise[noise_at + e]
        clear(memory, layout.vectors + block * length, 2 * block * length)
        clear(memory, layout.images, 3 * block * length)
        for j in range(block):
            run(layout.runner, memory, code, nth(layout.hvp, j))
        for iteration in range(layout.cap + 1):
            if iteration % REFRESH == REFRESH - 1:
                for j in range(block):
                    run(layout.runner, memory, code, nth(layout.hvp, j))
                    run(layout.runner, memory, code, nth(layout.hvp, 2 * block + j))
            run(layout.by_tiles, memory, code, layout.project)
            fold(memory, layout.grams, 2 * size * size, wide)
            ritz(arrays.gram, arrays.matrix, arrays.minus_values, ritz_vectors)
            choose(done, thetas, arrays.minus_values, ritz_vectors, arrays.coefficients)
            run(layout.by_tiles, memory, code, layout.combine)
            put_back(memory, layout.spare, layout.vectors, block, length)
            run(layout.by_tiles, memory, code, layout.combine_images)
            put_back(memory, layout.spare, layout.images, block, length)
            find_residuals(memory, code, layout, arrays, norms)
            tolerance, remaining = TOLERANCE if iteration < PATIENCE else LOOSE, 0
            for lane in range(LANES):
                top, largest = abs(thetas[0, lane]), 0.0
                for j in range(wanted):
                    largest = max(largest, norms[j, lane])
                done[lane] |= largest <= tolerance * top or not math.isfinite(top + largest)
                remaining += 0 if done[lane] else 1
            if remaining == 0 or iteration == layout.cap:
                break
            for j in range(block):
                run(layout.runner, memory, code, nth(layout.hvp, block + j))
        # the reported residual is of images computed anew, which carry no rounding from one iteration to the next
        for j in range(block):
            run(layout.runner, memory, code, nth(layout.hvp, j))
        find_residuals(memory, code, layout, arrays, norms)
        for lane in range(len(residual)):
            top, largest = abs(thetas[0, lane]), 0.0
            for j in range(wanted):
                values[j, lane] = thetas[j, lane]
                largest = max(largest, norms[j, lane])
            residual[lane] = norms[0, lane] / top if norms[0, lane] > 0.0 else 0.0
            converged[lane] = largest <= LOOSE * top
            if not math.isfinite(top + largest):
                residual[lane], converged[lane] = math.nan, False
                for k in range(lane, block * length, lanes):
                    memory[layout.vectors + k] = 0.0

    def find_residuals(memory, code, layout, arrays, norms):
        """R <- H X - theta X, and the norms of its rows."""
        block, length = layout.block, layout.length
        copy(memory, layout.vectors + block * length, layout.images, block * length)
        run(layout.by_tiles, memory, code, layout.subtract)
        run(layout.by_tiles, memory, code, layout.measure)
        fold(memory, layout.residuals, block * block, wide)
        for j in range(block):
            for lane in range(LANES):
                norms[j, lane] = math.sqrt(arrays.squares[j, j, lane])

    return search


@cache
def lobpcg_kernel(lanes: int) -> Linked:
    """Kernel of the search, for networks of so many lanes."""
    memory, flags = np.empty(0), np.empty(0, np.bool_)
    arguments = (memory, Code().array, empty_layout(), memory, 0, memory.reshape(1, -1), memory, flags)
    kinds = () if jit_disabled() else tuple(map(typeof, arguments))
    return Linked(lobpcg(lanes), "lobpcg", lanes, signature=kinds)


def choose(done, thetas, minus_values, ritz_vectors, coefficients):
    """Choose the coefficients of the new vectors and corrections; lanes that are done keep their vectors as they are."""
    block, size, lanes = ritz_vectors.shape
    for j in range(block):
        for lane in range(lanes):
            value = thetas[j, lane] if done[lane] else minus_values[j, lane]
            thetas[j, lane] = value
            minus_values[j, lane] = -value
        for i in range(size):
            for lane in range(lanes):
                new = ritz_vectors[j, i, lane]
                vector, correction = 1.0 if i == j else 0.0, 1.0 if i == 2 * block + j else 0.0
                coefficients[j, i, lane] = vector if done[lane] else new
                coefficients[block + j, i, lane] = correction if done[lane] else new if i >= block else 0.0


def put_back(memory, spare, at, block, length):
    """Move the new vectors, and the corrections, which lie after the residuals, from `spare` to their rows."""
    copy(memory, at, spare, block * length)
    copy(memory, at + 2 * block * length, spare + block * length, block * length)
