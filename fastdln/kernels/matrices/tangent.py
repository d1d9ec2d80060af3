"""Growth of a tangent vector, v <- v - eta H v, carried along with every network."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from fastdln.kernels.matrices import momentum as with_momentum
from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.program import Code, Matrix, MatrixProgram, run
from fastdln.kernels.matrices.tiles import RIGHT
from fastdln.kernels.matrices.views import STRETCHING


class Tangent(NamedTuple):
    """Offset of the vector in a network's memory, its elements, and the sections of its step and of its square."""

    at: int
    size: int
    move: tuple[int, int]
    square: tuple[int, int]


def tangent_of(network: Network, code: Code, carried: bool, offsets: np.ndarray, momentum: str = "") -> Tangent:
    """Write the programs into the code. carried: whether there is a vector, which is the network's last direction; with momentum the last
    two are one, of layers and of velocities."""
    if not carried:
        return Tangent(0, 0, (0, 0), (0, 0))
    if momentum:
        vector, velocity, image = network.directions[-2], network.directions[-1], network.images[-1]
        size, lanes = elements(network, momentum), network.lanes
        square, row = MatrixProgram(lanes), Matrix(vector[0].at, 1, size, size * lanes)
        square.product(Matrix(int(offsets[STRETCHING]), 1, 1, lanes), row, row, RIGHT)
        moves = with_momentum.tangent(network, momentum, vector, velocity, image)
        return Tangent(vector[0].at, size, code.add(*moves), code.add(square))
    lanes, vector, image = network.lanes, network.directions[-1], network.images[-1]
    move, square, row = (
        MatrixProgram(lanes),
        MatrixProgram(lanes),
        Matrix(vector[0].at, 1, network.size, network.size * lanes),
    )
    all_of_vector, all_of_image = (Matrix(v[0].at, network.size, 1, lanes) for v in (vector, image))
    move.axpy(all_of_vector, all_of_image, network.minus_eta)
    square.product(Matrix(int(offsets[STRETCHING]), 1, 1, lanes), row, row, RIGHT)
    return Tangent(vector[0].at, network.size, code.add(network.hvp(vector, image), move), code.add(square))


def elements(network: Network, momentum: str) -> int:
    """Elements of a tangent vector, with the padding between its parts."""
    return network.size + (network.length // network.lanes if momentum else 0)


def first_tangent(network: Network, momentum: str = "") -> np.ndarray:
    """Draw a vector to begin with, in no direction in particular."""
    random, size = np.random.Generator(np.random.Philox(0)), network.size
    found = np.zeros(elements(network, momentum))
    found[:size] = random.uniform(-1.0, 1.0, size)
    if momentum:
        found[-size:] = random.uniform(-1.0, 1.0, size)
    return found


def stretching(lanes: int) -> Any:
    """Function (memory, code, runner, tangent, offsets) that takes the vectors a step on, by what forward and backward left.

    It scales them to length 1; the logarithm of the length before is the network's `stretching`.
    """

    def stretch(memory, code, runner, tangent, offsets):
        run(runner, memory, code, tangent.move)
        run(runner, memory, code, tangent.square)
        at, factors = offsets[STRETCHING], np.empty(lanes)
        for lane in range(lanes):
            square = memory[at + lane]
            factors[lane] = 1.0 / math.sqrt(square) if square > 0.0 else 0.0
            memory[at + lane] = 0.5 * math.log(square) if square > 0.0 else -math.inf
        for e in range(tangent.size):
            for lane in range(lanes):
                memory[tangent.at + e * lanes + lane] *= factors[lane]

    return stretch
