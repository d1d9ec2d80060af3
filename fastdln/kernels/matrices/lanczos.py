"""Where the search by two Lanczos runs (lanczos_runs.py) keeps in a network's memory what it works with, and its programs."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.program import Code, Matrix, MatrixProgram
from fastdln.kernels.matrices.tiles import LANES

# Lanczos vectors of the first run and of the second at most, and of the second at least.
LONGEST, LONGEST_SECOND, SHORTEST_SECOND = 24, 16, 2

# The second run ends where its residual is this share of the gap: SETTLED where the vectors turn by less than TURNS from state to state and
# the gap is not small, else TURNING; for vectors of GRADED elements, and less in proportion for longer ones: with the square root, which is what
# their random parts are smaller by, 1 of 2,600 searches at d = 10 missed a crossing. Or where it is NOTHING_LEFT of theta_1.
SETTLED, TURNING, NOTHING_LEFT = 0.02, 0.003, 1e-9
TURNS, GRADED = 1e-4, 75

# Rounds at most: some two where eigenvalues are apart, ten where several lie within 1e-7 of each other.
ROUNDS = 60

# At how many places of the table of random numbers a search may begin to read.
SHIFTS = 1009

# Rows of numbers: what is kept from one state to the next, and what a search works with.
NUMBERS = 27
THETAS, _, GAP, TURNED, OLDER_NEARER, SEARCHES, THETA_1, THETA_2, RESIDUAL_1, RESIDUAL_2, SHARE, FROZEN, DONE = range(
    0, 13 * LANES, LANES
)
DOT, ACROSS, SQUARE, FACTOR, MINUS_A, MINUS_B, MINUS_ACROSS, RITZ, SCRATCH = range(13 * LANES, 22 * LANES, LANES)


class Lanczos(NamedTuple):
    """Where in a network's memory, in floats, things lie.

    vectors: the Lanczos vectors, `length` apart, each of `height` rows; first, second: what the search is at; found: the two
    vectors of the last search, and those of the one before; image: what the Hessian makes of a vector. kept: rows of numbers. diagonal, off, ritz, spare,
    chosen: rows of the small matrices. longest, rounds: bounds of a run, and of the runs. settled, turning: shares of the gap that end the second run. hvp: the section of the first vector's product with the
    Hessian; sum_first, sum_second: the sections of the sum of one Lanczos vector, which those of two and more follow.
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
    sum_first: tuple[int, int]
    sum_second: tuple[int, int]
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

    def sums(target: int) -> tuple[int, int]:
        """The section that makes a vector of one Lanczos vector, which those of two and more follow."""
        sections = []
        for count in range(1, LONGEST + 1):
            program, vectors = MatrixProgram(LANES), Matrix(places[0], count, length // LANES, length)
            factors = Matrix(chosen, 1, count, count * LANES)
            program.product(Matrix(target, 1, length // LANES, length), factors, vectors)
            sections.append(code.add(program))
        return sections[0]

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
    fields |= {"settled": 0.0, "turning": 0.0, "hvp": (0, 0), "sum_first": (0, 0), "sum_second": (0, 0)}
    return Lanczos(**fields)


def random_vectors(size: int) -> np.ndarray:
    """Random numbers that are mixed into starts: any `size` of them are a vector of length 1 or so."""
    numbers = np.random.Generator(np.random.Philox(0)).standard_normal(2 * (size + SHIFTS))
    return numbers / math.sqrt(size)
