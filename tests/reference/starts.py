"""Starts of modes and of matrices, W_1 first."""

import math

import numpy as np


def one_zero(alpha, depth, modes, values=None):
    return [np.diag([alpha if layer < depth - 1 else 0.0] * modes) for layer in range(depth)]


def balanced(alpha, depth, modes, values=None):
    return [np.diag([alpha] * modes) for _ in range(depth)]


def spectral(alpha, depth, modes, values):
    return [np.diag([alpha * value for value in row]) for row in values]


def normal_numbers(layer, modes, seed=0):
    return np.random.Generator(np.random.Philox(key=[seed, layer])).standard_normal((modes, modes))


def gaussian(alpha, depth, modes, values=None):
    return [alpha * normal_numbers(layer, modes) / math.sqrt(modes) for layer in range(1, depth + 1)]


def orthogonal(alpha, depth, modes, values=None):
    """The orthogonal factor with positive diagonal, by way of Cholesky's."""
    layers = []
    for layer in range(1, depth + 1):
        g = normal_numbers(layer, modes)
        layers.append(alpha * g @ np.linalg.inv(np.linalg.cholesky(g.T @ g).T))
    return layers


STARTS = {
    "one-zero": one_zero,
    "balanced": balanced,
    "spectral": spectral,
    "gaussian": gaussian,
    "orthogonal": orthogonal,
    "compressed": balanced,  # of full width, in the identity bases, with falling singular values
    "parameters": lambda *given: [],
    "layers": spectral,  # given as the diagonal matrices of these values
}


def matrix_starts(name, alpha, widths, values=None):
    """The starts that are no random numbers, W_1 first."""
    shapes = list(zip(widths[1:], widths, strict=False))
    if name == "layers":
        return [alpha * np.array(w) for w in values]
    layers = [alpha * np.eye(*shape) for shape in shapes]
    if name == "one-zero":
        layers[-1] = np.zeros(shapes[-1])
    return layers
