"""A small fully connected network in plain NumPy: loss, gradient, dense Hessian by differences, and descent."""

import numpy as np
from scipy.special import erfc

ROOT = np.sqrt(0.5)
ACTIVATIONS = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: (z > 0).astype(float)),
    "gelu": (
        lambda z: z * erfc(-z * ROOT) / 2,
        lambda z: erfc(-z * ROOT) / 2 + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
    ),
    "linear": (lambda z: z, np.ones_like),
}


def shapes(widths):
    return list(zip(widths[1:], widths, strict=False))


def layers(flat, widths):
    sizes = np.cumsum([a * b for a, b in shapes(widths)])[:-1]
    return [part.reshape(shape) for part, shape in zip(np.split(flat, sizes), shapes(widths), strict=True)]


def gradient(flat, widths, activation, x, y):
    """Loss and gradient; x, y a column an example."""
    phi, slope = ACTIVATIONS[activation]
    weights = layers(flat, widths)
    hidden, before = [x], []
    for w in weights[:-1]:
        before.append(w @ hidden[-1])
        hidden.append(phi(before[-1]))
    delta = weights[-1] @ hidden[-1] - y
    loss, found = 0.5 * (delta**2).sum(), []
    for k in range(len(weights) - 1, -1, -1):
        found.append(delta @ hidden[k].T)
        if k:
            delta = (weights[k].T @ delta) * slope(before[k - 1])
    return loss, np.concatenate([g.ravel() for g in found[::-1]])


def hessian(flat, widths, activation, x, y, h=1e-3):
    """By sixth-order central differences of the gradient, column by column."""
    columns = []
    for k in range(flat.size):
        e = np.zeros(flat.size)
        e[k] = h
        g = [gradient(flat + j * e, widths, activation, x, y)[1] for j in (-3, -2, -1, 1, 2, 3)]
        columns.append((-g[0] + 9 * g[1] - 45 * g[2] + 45 * g[3] - 9 * g[4] + g[5]) / (60 * h))
    found = np.array(columns)
    return (found + found.T) / 2


def descend(flat, widths, activation, x, y, eta, steps):
    """States (state, weight) and losses of all states."""
    states, losses = [], []
    for _ in range(steps + 1):
        loss, g = gradient(flat, widths, activation, x, y)
        states.append(flat)
        losses.append(loss)
        flat = flat - eta * g
    return np.array(states), np.array(losses)
