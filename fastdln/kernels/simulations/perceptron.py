"""A small fully connected network on all its examples: loss, gradient and Hessian-vector products.

    Z_l = W_l H_{l-1},  H_l = phi(Z_l),  H_0 = X the inputs, a column an example;  f = |W_L H_{L-1} - Y|^2 / 2
    T_L = W_L H_{L-1} - Y,  T_l = (W_{l+1}^T T_{l+1}) phi'(Z_l),  gradient of layer l: T_l H_{l-1}^T

Its derivative along V (the R-operator of Pearlmutter, Neural Computation 6 (1994) 147), dH_0 = 0:

    dZ_l = V_l H_{l-1} + W_l dH_{l-1},  dH_l = phi'(Z_l) dZ_l,  dT_L = dZ_L
    dT_l = (V_{l+1}^T T_{l+1} + W_{l+1}^T dT_{l+1}) phi'(Z_l) + (W_{l+1}^T T_{l+1}) phi''(Z_l) dZ_l
    (H V)_l = dT_l H_{l-1}^T + T_l dH_{l-1}^T

Examples lie side by side in memory, so that they fill the processor's vectors. Weights lie one layer after another, row by row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastdln.kernels.compile import apart
from fastdln.kernels.rebound import rebound
from fastdln.kernels.simulations.activations import ACTIVATIONS, linear
from fastdln.kernels.simulations.blocks import add_product
from fastdln.models.fma import fma

# Arrays (unit, example) that are kept for each layer: H, phi', phi'', T, Z and then W^T T before it is multiplied, and the same of H and T
# along a direction; and two (example, unit), transposes of H and of dH.
HIDDEN, SLOPE, BEND, DELTA, SCRATCH, MOVED, MOVED_DELTA, TURNED, MOVED_TURNED = range(9)
KEPT = 9

# What the network's output goes through.
activate = linear


class Perceptron(NamedTuple):
    """Widths of a network, where each layer begins in a flat array of weights, and each layer's units in an array of memory; the
    number of examples, of floats of an array, the outputs Y (output, example), and memory."""

    widths: np.ndarray
    layers: np.ndarray
    units: np.ndarray
    examples: int
    size: int
    outputs: np.ndarray
    memory: np.ndarray


def memory_size(widths, examples):
    """Floats of a network's memory, for plain Python."""
    return KEPT * sum(widths) * examples


def perceptron_of(widths, data, memory):
    """Lay out a network in memory of `memory_size`; data: inputs (feature, example), then outputs (output, example)."""
    depth = len(widths) - 1
    examples = len(data) // (widths[0] + widths[depth])
    layers, units = np.zeros(depth + 1, np.int64), np.zeros(depth + 2, np.int64)
    for k in range(depth):
        layers[k + 1] = layers[k] + widths[k + 1] * widths[k]
    for k in range(depth + 1):
        units[k + 1] = units[k] + widths[k] * examples
    size = units[depth + 1]
    inputs = widths[0] * examples
    for k in range(inputs):
        memory[HIDDEN * size + k] = data[k]
    turn(memory[HIDDEN * size :], memory[TURNED * size :], widths[0], examples)
    for k in range(inputs):  # inputs do not move
        memory[MOVED * size + k] = 0.0
        memory[MOVED_TURNED * size + k] = 0.0
    return Perceptron(widths, layers, units, examples, size, data[inputs:], memory)


def elements(net):
    """The number of weights."""
    return net.layers[len(net.widths) - 1]


def turn(a, out, rows, columns):
    """The transpose (column, row) of a matrix (row, column)."""
    for i in range(rows):
        for j in range(columns):
            out[j * rows + i] = a[i * columns + j]


@apart
def multiply(a, down, across, b, out, rows, count, columns, onto):
    """out = A B, or out += A B if `onto`: A (rows, count) with so many floats from one row, and from one column, to the next."""
    if not onto:
        for k in range(rows * columns):
            out[k] = 0.0
    add_product(a, 0, down, across, b, 0, out, 0, rows, count, columns)


@apart
def gradient(net, weights, out):
    """The gradient into `out`; returns the loss. What follows needs it to be the last that was taken at these weights."""
    widths, memory, size, n = net.widths, net.memory, net.size, net.examples
    depth = len(widths) - 1
    hidden, slope, bend = memory[HIDDEN * size :], memory[SLOPE * size :], memory[BEND * size :]
    delta, scratch, turned = memory[DELTA * size :], memory[SCRATCH * size :], memory[TURNED * size :]
    for layer in range(1, depth + 1):
        at, below, rows, columns = net.units[layer], net.units[layer - 1], widths[layer], widths[layer - 1]
        w = weights[net.layers[layer - 1] :]
        if layer == depth:
            multiply(w, columns, 1, hidden[below:], delta[at:], rows, columns, n, False)
        else:
            multiply(w, columns, 1, hidden[below:], scratch[at:], rows, columns, n, False)
            activate(scratch[at:], hidden[at:], slope[at:], bend[at:], rows * n)
            turn(hidden[at:], turned[at:], rows, n)
    last, loss = net.units[depth], 0.0
    for k in range(widths[depth] * n):
        error = delta[last + k] - net.outputs[k]
        delta[last + k] = error
        loss += 0.5 * error * error
    for layer in range(depth, 0, -1):
        at, below, rows, columns = net.units[layer], net.units[layer - 1], widths[layer], widths[layer - 1]
        w = net.layers[layer - 1]
        multiply(delta[at:], n, 1, turned[below:], out[w:], rows, n, columns, False)
        if layer > 1:
            multiply(weights[w:], 1, columns, delta[at:], scratch[below:], columns, rows, n, False)
            for k in range(below, below + columns * n):
                delta[k] = scratch[k] * slope[k]
    return loss


@apart
def hvp(net, weights, direction, out):
    """The Hessian-vector product along a direction into `out`, where `gradient` was taken at the weights."""
    widths, memory, size, n = net.widths, net.memory, net.size, net.examples
    depth = len(widths) - 1
    hidden, slope, bend = memory[HIDDEN * size :], memory[SLOPE * size :], memory[BEND * size :]
    delta, scratch, turned = memory[DELTA * size :], memory[SCRATCH * size :], memory[TURNED * size :]
    moved, moved_delta, moved_turned = (
        memory[MOVED * size :],
        memory[MOVED_DELTA * size :],
        memory[MOVED_TURNED * size :],
    )
    for layer in range(1, depth + 1):
        at, below, rows, columns = net.units[layer], net.units[layer - 1], widths[layer], widths[layer - 1]
        w = net.layers[layer - 1]
        multiply(direction[w:], columns, 1, hidden[below:], moved_delta[at:], rows, columns, n, False)
        if layer > 1:
            multiply(weights[w:], columns, 1, moved[below:], moved_delta[at:], rows, columns, n, True)
        if layer < depth:
            # dZ stays in moved_delta until it is used
            for k in range(at, at + rows * n):
                moved[k] = slope[k] * moved_delta[k]
            turn(moved[at:], moved_turned[at:], rows, n)
    for layer in range(depth, 0, -1):
        at, below, rows, columns = net.units[layer], net.units[layer - 1], widths[layer], widths[layer - 1]
        w = net.layers[layer - 1]
        multiply(moved_delta[at:], n, 1, turned[below:], out[w:], rows, n, columns, False)
        if layer > 1:
            multiply(delta[at:], n, 1, moved_turned[below:], out[w:], rows, n, columns, True)
            # W^T T is in scratch since the gradient
            for k in range(below, below + columns * n):
                moved_delta[k] = scratch[k] * bend[k] * moved_delta[k]
                moved[k] = moved_delta[k]
            multiply(direction[w:], 1, columns, delta[at:], moved_delta[below:], columns, rows, n, False)
            multiply(weights[w:], 1, columns, moved_delta[at:], moved_delta[below:], columns, rows, n, True)
            for k in range(below, below + columns * n):
                moved_delta[k] = fma(moved_delta[k], slope[k], moved[k])


def with_activation(name):
    """`gradient` and `hvp` of networks of an activation, by their names."""
    return rebound((gradient, hvp), name, activate=ACTIVATIONS[name])
