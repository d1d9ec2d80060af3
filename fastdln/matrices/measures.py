"""What is measured beside the descent: squares of matrices, a tangent vector, and the search for eigenvalues."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fastdln.matrices.network import Network
from fastdln.matrices.program import Matrix, Program
from fastdln.matrices.sharpness import Finder, estimate_at, work_in
from fastdln.matrices.tiles import LANES, RIGHT


class Measures(NamedTuple):
    """Programs and places of what is measured: squares of the error and of the rotated product, and a tangent vector."""

    square_error: np.ndarray
    square_rotated: np.ndarray
    square: int
    tangent: int
    bend: np.ndarray
    move: np.ndarray
    square_tangent: np.ndarray
    length: int
    finder: Finder
    estimate: Any


def measures_of(network: Network, finder: Finder, tangent: int) -> Measures:
    """tangent: which of the network's directions carries the Lyapunov exponent's vector; -1 for none."""
    lanes, memory = network.lanes, network.memory
    square = Matrix(memory.size, 1, 1, lanes)
    memory.size += LANES
    elements = network.error.rows * network.error.columns

    def squares(of: Matrix, size: int) -> np.ndarray:
        program, row = Program(lanes), Matrix(of.at, 1, size, size * lanes)
        program.product(square, row, row, RIGHT)
        return program.code

    nothing = Program(lanes).code
    bend = move = square_tangent = nothing
    at = 0
    if tangent >= 0:
        vector, curved = network.directions[tangent], network.curved[tangent]
        at, moved = vector[0].at, Program(lanes)
        whole_vector, whole_image = (Matrix(v[0].at, network.size, 1, lanes) for v in (vector, curved))
        moved.shift(whole_vector, whole_image, network.minus_eta)
        bend, move = network.curve(vector, curved).code, moved.code
        square_tangent = squares(vector[0], network.size)
    error, rotated = squares(network.error, elements), squares(network.rotated, elements)
    a_memory, flags = np.zeros(memory.size), np.zeros(1, np.bool_)
    some = (a_memory, finder, work_in(a_memory, finder), 0, a_memory.reshape(1, -1), a_memory, flags)
    estimate = estimate_at(lanes, some)
    return Measures(error, rotated, square.at, at, bend, move, square_tangent, network.length, finder, estimate)
