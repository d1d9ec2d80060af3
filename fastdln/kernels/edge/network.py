"""Derivatives of the loss of one network of matrices, up to the third, by the Taylor series of its gradient.

Along W + t U the products B_l = W_{l-1} ... W_1 and the deltas T_l = (W_L ... W_{l+1})^T E are polynomials in t, and so is the gradient,
whose layer l is T_l B_l^T (docs/theory.md, A and B). With superscripts for the coefficients,

    B_{l+1}^k = W_l B_l^k + U_l B_l^{k-1},    T_{l-1}^k = W_l^T T_l^k + U_l^T T_l^{k-1},    G_l^k = sum_{i+j=k} T_l^i (B_l^j)^T

G^0 is the gradient, G^1 = H U the Hessian-vector product, and 2 G^2 = D^3 f(U, U, .), which for an eigenvector U of length 1 is the
gradient of its eigenvalue.

Layers lie one after another in flat arrays, W_1 first, row by row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Coefficients that are kept: 0, 1 and 2.
ORDERS = 3


class SingleNetwork(NamedTuple):
    """Widths of a network and of each layer's output, where each layer begins in a flat array and each B_l among those of a
    coefficient, the floats of these, the target, and memory for the coefficients of all B_l and T_l."""

    widths: np.ndarray
    layers: np.ndarray
    rows: np.ndarray
    size: int
    target: np.ndarray
    memory: np.ndarray


def memory_size(widths):
    """Floats of a network's memory, for plain Python."""
    return 2 * ORDERS * widths[0] * sum(widths)


def network_of(widths, target, memory):
    """Lay out a network in memory of `memory_size`."""
    depth, inputs = len(widths) - 1, widths[0]
    layers, rows = np.zeros(depth + 1, np.int64), np.zeros(depth + 2, np.int64)
    for k in range(depth):
        layers[k + 1] = layers[k] + widths[k + 1] * widths[k]
    for k in range(depth + 1):
        rows[k + 1] = rows[k] + widths[k] * inputs
    return SingleNetwork(widths, layers, rows, rows[depth + 1], target, memory)


def elements(net):
    """The number of weights."""
    return net.layers[len(net.widths) - 1]


def add_product(a, b, c, m, k, n):
    """c += A B of an m x k and a k x n matrix."""
    for i in range(m):
        for p in range(k):
            x = a[i * k + p]
            for j in range(n):
                c[i * n + j] += x * b[p * n + j]


def add_product_left(a, b, c, m, k, n):
    """c += A^T B of a k x m and a k x n matrix."""
    for p in range(k):
        for i in range(m):
            x = a[p * m + i]
            for j in range(n):
                c[i * n + j] += x * b[p * n + j]


def add_product_right(a, b, c, m, k, n):
    """c += A B^T of an m x k and an n x k matrix."""
    for i in range(m):
        for j in range(n):
            total = 0.0
            for p in range(k):
                total += a[i * k + p] * b[j * k + p]
            c[i * n + j] += total


def coefficient(net, weights, direction, k, out):
    """Coefficient k of the gradient along a direction into `out`, where those below k were the last; returns the loss if k = 0."""
    widths, memory, size, inputs = net.widths, net.memory, net.size, net.widths[0]
    depth, below, above = len(widths) - 1, 2 * k * size, (2 * k + 1) * size
    for i in range(below, below + 2 * size):
        memory[i] = 0.0
    for i in range(widths[1] * inputs):  # B_2 = W_1 + t U_1
        memory[below + net.rows[1] + i] = weights[i] if k == 0 else direction[i] if k == 1 else 0.0
    for layer in range(2, depth + 1):
        w, rows, columns = net.layers[layer - 1], widths[layer], widths[layer - 1]
        into, source = memory[below + net.rows[layer] :], below + net.rows[layer - 1]
        add_product(weights[w:], memory[source:], into, rows, columns, inputs)
        if k > 0:
            add_product(direction[w:], memory[source - 2 * size :], into, rows, columns, inputs)
    last, loss = net.rows[depth], 0.0
    for i in range(widths[depth] * inputs):  # T_L = E
        error = memory[below + last + i] - (net.target[i] if k == 0 else 0.0)
        memory[above + last + i] = error
        loss += 0.5 * error * error
    for i in range(len(out)):
        out[i] = 0.0
    for layer in range(depth, 1, -1):
        w, rows, columns = net.layers[layer - 1], widths[layer], widths[layer - 1]
        for i in range(k + 1):
            deltas = memory[(2 * i + 1) * size + net.rows[layer] :]
            add_product_right(
                deltas, memory[2 * (k - i) * size + net.rows[layer - 1] :], out[w:], rows, inputs, columns
            )
        into, source = memory[above + net.rows[layer - 1] :], above + net.rows[layer]
        add_product_left(weights[w:], memory[source:], into, columns, rows, inputs)
        if k > 0:
            add_product_left(direction[w:], memory[source - 2 * size :], into, columns, rows, inputs)
    for i in range(widths[1] * inputs):  # B_1 is the identity
        out[i] = memory[above + net.rows[1] + i]
    return loss


def gradient(net, weights, out):
    """The gradient into `out`; returns the loss. What follows needs it to be the last that was taken at these weights."""
    return coefficient(net, weights, weights, 0, out)


def hvp(net, weights, direction, out):
    """The Hessian-vector product H U into `out`."""
    coefficient(net, weights, direction, 1, out)


def third(net, weights, direction, out):
    """D^3 f(U, U, .) into `out`."""
    coefficient(net, weights, direction, 1, out)
    coefficient(net, weights, direction, 2, out)
    for i in range(len(out)):
        out[i] *= 2.0


def third_mixed(net, weights, u, v, out, scratch):
    """D^3 f(U, V, .) into `out`, by polarization: (D^3 f(U + V, U + V, .) - D^3 f(U - V, U - V, .)) / 4.

    scratch: floats for two vectors.
    """
    count = len(out)
    direction, minus = scratch[:count], scratch[count : 2 * count]
    for i in range(count):
        direction[i] = u[i] - v[i]
    third(net, weights, direction, minus)
    for i in range(count):
        direction[i] = u[i] + v[i]
    third(net, weights, direction, out)
    for i in range(count):
        out[i] = 0.25 * (out[i] - minus[i])
