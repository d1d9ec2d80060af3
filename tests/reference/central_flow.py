"""The central flow with dense Hessians: the time average of gradient descent at the edge of stability (docs/theory.md, section G).

dw/dk = -eta [grad f + 1/2 sum_ij X_ij grad S_ij],    X >= 0,  Z = 2/eta - H >= 0 on the span of u_i,  tr(X Z) = 0
"""

import numpy as np
from scipy.integrate import solve_ivp

from tests.reference.dense_hessian import chain, hessian, hessian_times
from tests.reference.matrices import matrix_gradients

# Eigenvalues as near to 2/eta as this, relative to it, are taken into account, and as near as that are at it.
NEAR, AT_EDGE = 0.05, 1e-6


def flat(layers):
    return np.concatenate([np.ravel(w) for w in layers])


class Network:
    """Loss and derivatives up to the third of a flat array of weights."""

    def __init__(self, layers, target):
        self.shapes, self.target = [w.shape for w in layers], target

    def layers(self, weights):
        ends = np.cumsum([rows * columns for rows, columns in self.shapes])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(weights, ends), self.shapes, strict=True)]

    def loss(self, weights):
        return 0.5 * np.sum((chain(self.layers(weights)) - self.target) ** 2)

    def gradient(self, weights):
        return flat(matrix_gradients(self.layers(weights), self.target))

    def eigenpairs(self, weights):
        """Falling eigenvalues of the Hessian, and eigenvectors as rows."""
        values, vectors = np.linalg.eigh(hessian(self.layers(weights), self.target))
        return values[::-1], vectors.T[::-1]

    def third(self, weights, u, v):
        """D^3 f(u, v, .): the imaginary part of H(W + i h v) u / h, which is exact."""
        moved = self.layers(weights + 1e-30j * v)
        return flat(hessian_times(moved, self.target, self.layers(u))).imag / 1e-30

    def turns(self, weights, vectors):
        """grad S_ij (i, j, weight)."""
        return np.array([[self.third(weights, u, v) for v in vectors] for u in vectors])


def positive_part(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 0.0)) @ vectors.T


def least(q, c):
    """The X >= 0 that makes <X, Q X> / 2 + <C, X> least, by accelerated projected gradients; q (m, m, m, m), c (m, m)."""
    size = len(c)
    if size < 2:
        return np.maximum(-c / q.reshape(size, size), 0.0)
    rate = 1.0 / np.linalg.eigvalsh(q.reshape(size**2, size**2))[-1]
    x = last = np.zeros_like(c)
    momentum = 1.0
    for _ in range(20_000):
        ahead = x + (momentum - 1.0) / (momentum + 2.0) * (x - last)
        new = positive_part(ahead - rate * (np.einsum("ijkl,kl", q, ahead) + c))
        momentum = 1.0 if np.sum((ahead - new) * (new - x)) > 0.0 else momentum + 1.0
        last, x = x, new
        if np.abs(x - positive_part(x - rate * (np.einsum("ijkl,kl", q, x) + c))).max() <= 1e-14 * np.abs(x).max():
            break
    return x


def pull(network, weights, edge, length, known, slack=True):
    """X, and the bracket with it, so that 2/eta - H after the move known - length bracket complements X.

    Without slack X keeps the eigenvalues at the edge from growing.
    """
    values, vectors = network.eigenpairs(weights)
    near = values >= edge * (1.0 - (NEAR if slack else AT_EDGE))
    turns, gradient = network.turns(weights, vectors[near]), network.gradient(weights)
    if not near.any():
        return np.zeros((0, 0)), gradient
    q = 0.5 * length * np.einsum("ijn,kln->ijkl", turns, turns)
    x = least(q, np.diag(slack * (edge - values[near])) + turns @ (length * gradient - known))
    return x, gradient + 0.5 * np.einsum("ij,ijn", x, turns)


def central_flow(layers, target, eta, steps, substeps):
    """Averaged loss, sharpness, trace of X and eigenvalues at the edge at states 0 .. steps, by Heun's method."""
    network, w, edge, h = Network(layers, target), flat(layers), 2.0 / eta, eta / substeps
    states = []
    for _ in range(steps + 1):
        x, _ = pull(network, w, edge, 1.0, 0.0, slack=False)
        loss = network.loss(w) + np.trace(x) / eta
        states.append((loss, network.eigenpairs(w)[0][0], np.trace(x), len(x)))
        for _ in range(substeps):
            first = pull(network, w, edge, h, 0.0)[1]
            second = pull(network, w - h * first, edge, h / 2, h / 2 * first)[1]
            w = w - h / 2 * (first + second)
    return np.array(states).T


def one_at_the_edge(layers, target, eta, steps):
    """Averaged loss, sharpness and sigma^2 at states 0 .. steps, where one eigenvalue comes to the edge and stays there.

    Gradient flow up to it, and then the flow with sigma^2 = 2 alpha_ps / |grad S|^2, both by DOP853.
    """
    network, edge = Network(layers, target), 2.0 / eta

    def variance(w):
        values, vectors = network.eigenpairs(w)
        turn = network.third(w, vectors[0], vectors[0])
        return -2.0 * turn @ network.gradient(w) / (turn @ turn), turn, values[0]

    def held(_, w):
        sigma_2, turn, _ = variance(w)
        return -eta * (network.gradient(w) + 0.5 * sigma_2 * turn)

    def free(_, w):
        return -eta * network.gradient(w)

    def arrives(_, w):
        return network.eigenpairs(w)[0][0] - edge

    arrives.terminal, arrives.direction = True, 1.0
    close = {"method": "DOP853", "rtol": 1e-11, "atol": 1e-13}
    before = solve_ivp(free, (0, steps), flat(layers), events=arrives, t_eval=range(steps + 1), **close)
    states = [(network.loss(w), network.eigenpairs(w)[0][0], 0.0) for w in before.y.T]
    if before.t_events[0].size:
        span = (before.t_events[0][0], steps)
        after = solve_ivp(held, span, before.y_events[0][0], t_eval=range(len(states), steps + 1), **close)
        for w in after.y.T:
            sigma_2, _, sharpness = variance(w)
            states.append((network.loss(w) + sigma_2 / eta, sharpness, sigma_2))
    return np.array(states).T
