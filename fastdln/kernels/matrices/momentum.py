"""Momentum of networks of matrices: the programs of a step with velocities V, and of a deviation of layers and velocities.

Heavy ball:  V' = mu V - eta grad(W),          W' = W + V'
Nesterov:    V' = mu V - eta grad(W + mu V),   W' = W + V'

A network's state is its layers, its velocities, and numbers that stay the same: mu, mu - 1 and -1 (network.py). V becomes mu V by
V + (mu - 1) V, so that no operation beyond those of gradient descent is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastdln.kernels.matrices.network import Network
from fastdln.kernels.matrices.program import Matrix, MatrixProgram
from fastdln.kernels.matrices.tiles import RIGHT

HEAVY_BALL, NESTEROV = "heavy-ball", "nesterov"


def whole(network: Network, vector: Sequence[Matrix]) -> Matrix:
    """A vector in the space of all layers as one column."""
    return Matrix(vector[0].at, network.size, 1, network.lanes)


def add_gradient(program: MatrixProgram, network: Network, vectors: Sequence[Sequence[Matrix]]) -> None:
    """Add - eta T_l B_l^T, by what forward and backward left, to each of some vectors; the layers themselves last."""
    for layer in range(network.depth, 1, -1):
        delta, below = network.deltas[layer - 1], network.below_(layer)
        for vector in vectors:
            to = vector[layer - 1]
            program.product(to, delta, below, RIGHT, onto=to, factor=network.minus_eta)
    for vector in vectors:
        program.axpy(vector[0], network.deltas[0], network.minus_eta)


def go_ahead(network: Network) -> MatrixProgram:
    """W <- W + mu V."""
    program = network.program()
    program.axpy(whole(network, network.weights), whole(network, network.velocities), network.mu)
    return program


def update(network: Network, kind: str) -> list[MatrixProgram]:
    """A step from W and V: by heavy ball after forward and backward, by Nesterov with its own."""
    program = network.program()
    velocity, weights = whole(network, network.velocities), whole(network, network.weights)
    program.axpy(velocity, velocity, network.mu_minus_one)
    if kind == HEAVY_BALL:
        add_gradient(program, network, [network.velocities])
        program.axpy(weights, velocity, network.one)
        return [program]
    add_gradient(program, network, [network.velocities, network.weights])
    return [go_ahead(network), network.forward(), network.backward(), program]


def tangent(
    network: Network, kind: str, vector: Sequence[Matrix], velocity: Sequence[Matrix], image: Sequence[Matrix]
) -> list[MatrixProgram]:
    """A step of a deviation (dW, dV), after forward and backward at W, which Nesterov leaves at W + mu V."""
    program = network.program()
    moved, of_velocity, hessian = (whole(network, part) for part in (vector, velocity, image))
    program.axpy(of_velocity, of_velocity, network.mu_minus_one)
    program.axpy(of_velocity, hessian, network.minus_eta)
    if kind == HEAVY_BALL:
        program.axpy(moved, of_velocity, network.one)
        return [network.hvp(vector, image), program]
    program.axpy(moved, hessian, network.minus_eta)
    weights, saved = whole(network, network.weights), whole(network, network.saved)
    save, restore, ahead = network.program(), network.program(), network.program()
    copy(save, saved, weights, network)
    copy(restore, weights, saved, network)
    ahead.axpy(moved, of_velocity, network.mu)
    return [
        save,
        go_ahead(network),
        network.forward(),
        network.backward(),
        ahead,
        network.hvp(vector, image),
        program,
        restore,
    ]


def copy(program: MatrixProgram, to: Matrix, source: Matrix, network: Network) -> None:
    """Copy a vector, exactly: what was there minus itself, plus the other."""
    program.axpy(to, to, network.minus_one)
    program.axpy(to, source, network.one)


def states_of(starts: np.ndarray, momentum: np.ndarray, apart: int) -> np.ndarray:
    """States (point, element) of layers at rest: velocities `apart` elements after the layers, then mu, mu - 1 and -1."""
    points, size = starts.shape
    states = np.zeros((points, 2 * apart + 3))
    states[:, :size] = starts
    states[:, 2 * apart] = momentum
    states[:, 2 * apart + 1] = momentum - 1.0
    states[:, 2 * apart + 2] = -1.0
    return states
