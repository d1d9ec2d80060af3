"""Memory and programs of the Lanczos search (lanczos_search.py) in a network's memory."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.program import Code, Matrix, MatrixProgram
from fastdln.kernels.matrices.tiles import LANES

# Lanczos vectors of the first run and of the second at most, and of the second at least.
LONGEST, LONGEST_SECOND, SHORTEST_SECOND = 24, 16, 2

# The second run ends where its residual is this share of the gap: SETTLED where the vectors turn by less than TURNS from state to
# state and the gap is not small, else TURNING; for vectors of up to GRADED elements. For longer ones the share is smaller in
# proportion to their length: with its square root, by which their random parts are smaller, 1 of 2,600 searches at d = 10
# missed a crossing. Or the run ends where its residual is NOTHING_LEFT of theta_1.
SETTLED, TURNING, NOTHING_LEFT = 0.02, 0.003, 1e-9
TURNS, GRADED = 1e-4, 75

# Rounds of two runs at most: some two where eigenvalues are apart, ten where several lie within 1e-7 of each other.
ROUNDS = 60

# Positions in the table of random numbers at which a search may begin to read.
SHIFTS = 1009

# Rows of numbers, a number a lane: first what is carried from one state to the next, then what a search works with.
NUMBERS = 27
THETAS, _, GAP, TURNED, OLDER_NEARER, SEARCHES, THETA_1, THETA_2, RESIDUAL_1, RESIDUAL_2, SHARE, FROZEN, DONE = range(
    0, 13 * LANES, LANES
)
DOT, ACROSS, SQUARE, FACTOR, MINUS_A, MINUS_B, MINUS_ACROSS, RITZ, SCRATCH = range(13 * LANES, 22 * LANES, LANES)


class LanczosLayout(NamedTuple):
    """Offsets in a network's memory, in floats, sizes, bounds, and sections of the code.

    length, height, size: floats of a vector, its rows of LANES floats, its elements. vectors: the Lanczos vectors, `length` apart.
    first, second: the starts of the two runs, and then the Ritz vectors that they find. previous: the two vectors that the
    last search found, and those of the one before. image: the Hessian-vector product. numbers: rows of numbers; carried,
    carried_size: those that are 0 before the first search. diagonal, off: the tridiagonal matrix. ritz, spare, coefficients: rows for
    its eigenvector, scratch, and the eigenvector that each lane ended with.

    longest: Lanczos vectors of a run at most. rounds: rounds of two runs at most. settled, turning: shares of the gap that end the
    second run. hvp: the section of the first Lanczos vector's Hessian-vector product; those of the others follow. sum_first,
    sum_second: the sections that make a Ritz vector, as `first` or `second`, of one Lanczos vector; those of two and more follow.
    runner, by_tiles: addresses of what runs the network's programs, and programs on rows of LANES.
    """

    length: int
    height: int
    size: int
    vectors: int
    first: int
    second: int
    previous: int
    image: int
    numbers: int
    carried: int
    carried_size: int
    diagonal: int
    off: int
    ritz: int
    spare: int
    coefficients: int
    longest: int
    rounds: int
    settled: float
    turning: float
    hvp: tuple[int, int]
    sum_first: tuple[int, int]
    sum_second: tuple[int, int]
    runner: Any
    by_tiles: Any


# Directions of the network that the search takes: Lanczos vectors, with room for the one after the last, first and second, and the
# four previous ones.
DIRECTIONS = LONGEST + 1 + 2 + 4


def lay_out(network: Network, code: Code, runner: Any, by_tiles: Any) -> LanczosLayout:
    """Lay out the memory for a network that was made with DIRECTIONS directions, and write the programs into the code.

    runner, by_tiles: the addresses of what runs the network's programs, and of what runs those of rows of LANES.
    """
    length, rows = network.length, network.memory.rows
    offsets = [direction[0].at for direction in network.directions[:DIRECTIONS]]
    first, second, previous = offsets[LONGEST + 1], offsets[LONGEST + 2], offsets[LONGEST + 3]
    hvp = [code.add(network.hvp(direction, network.images[0])) for direction in network.directions[: LONGEST + 3]]
    numbers, diagonal, ritz, spare, coefficients = rows(NUMBERS), *(rows(LONGEST + 1) for _ in range(4))
    # after a row of zeros, see tridiagonal.py
    off = rows(LONGEST + 2) + LANES

    def sums(target: int) -> tuple[int, int]:
        """Add the sections of the sums of one Lanczos vector, of two, ...; returns the first."""
        sections = []
        for count in range(1, LONGEST + 1):
            program, vectors = MatrixProgram(LANES), Matrix(offsets[0], count, length // LANES, length)
            factors = Matrix(coefficients, 1, count, count * LANES)
            program.product(Matrix(target, 1, length // LANES, length), factors, vectors)
            sections.append(code.add(program))
        return sections[0]

    narrower = GRADED / max(GRADED, network.size)
    return LanczosLayout(
        length=length,
        height=length // LANES,
        size=network.size,
        vectors=offsets[0],
        first=first,
        second=second,
        previous=previous,
        image=network.images[0][0].at,
        numbers=numbers,
        carried=numbers,
        carried_size=NUMBERS * LANES,
        diagonal=diagonal,
        off=off,
        ritz=ritz,
        spare=spare,
        coefficients=coefficients,
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


def empty_layout() -> LanczosLayout:
    """Make a layout for compiled code that is given one, but does not search."""
    fields: dict[str, Any] = dict.fromkeys(LanczosLayout._fields, 0)
    fields |= {"settled": 0.0, "turning": 0.0, "hvp": (0, 0), "sum_first": (0, 0), "sum_second": (0, 0)}
    return LanczosLayout(**fields)


def random_vectors(size: int) -> np.ndarray:
    """Draw random numbers to mix into starts: any `size` of them in a row are a vector of a length near 1."""
    numbers = np.random.Generator(np.random.Philox(0)).standard_normal(2 * (size + SHIFTS))
    return numbers / math.sqrt(size)
