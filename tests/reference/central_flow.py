"""The central flow with dense Hessians: the time average of gradient descent at the edge of stability (docs/theory.md, section G).

    dw/dk = -eta [grad f + 1/2 sum_ij X_ij grad S_ij],    X >= 0,  Z = 2/eta - H >= 0 on the span of u_i,  tr(X Z) = 0
"""

import math

import numpy as np

from tests.reference.dense_hessian import chain, hessian


def flat(matrices):
    return np.concatenate([m.reshape(-1) for m in matrices])


def shaped(vector, widths):
    sizes = [a * b for a, b in zip(widths[1:], widths, strict=False)]
    parts = np.split(vector, np.cumsum(sizes)[:-1])
    return [p.reshape(b, a) for p, a, b in zip(parts, widths, widths[1:], strict=False)]


def times(first, second):
    """The product of two matrix polynomials in t, up to t^2."""
    return [sum(first[i] @ second[k - i] for i in range(k + 1)) for k in range(3)]


def gradient_polynomials(weights, target, direction):
    """The coefficients of 1, t, t^2 of the gradient at W + t U."""
    moved = [(w, u, np.zeros_like(w)) for w, u in zip(weights, direction, strict=True)]

    def product(factors, size):
        whole = (np.eye(size), np.zeros((size, size)), np.zeros((size, size)))
        for factor in factors:
            whole = times(factor, whole)
        return whole

    error = product(moved, target.shape[1])
    error = (error[0] - target, error[1], error[2])
    gradients = []
    for layer in range(len(weights)):
        below, above = product(moved[:layer], target.shape[1]), product(moved[layer + 1 :], weights[layer].shape[0])
        gradients.append(times(times([a.T for a in above], error), [b.T for b in below]))
    return [flat([g[k] for g in gradients]) for k in range(3)]


def positive_part(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 0.0)) @ vectors.T


def least(q, c):
    """The X >= 0 that makes <X, Q X> / 2 + <C, X> least, by accelerated projected gradients; q (m, m, m, m), c (m, m)."""
    size = len(c)
    if size == 1:
        return np.maximum(-c / q[0, 0], 0.0)
    rate = 1.0 / np.linalg.eigvalsh(q.reshape(size**2, size**2))[-1]
    x = last = np.zeros_like(c)
    momentum = 1.0
    for _ in range(100_000):
        ahead = x + (momentum - 1.0) / (momentum + 2.0) * (x - last)
        new = positive_part(ahead - rate * (np.einsum("ijkl,kl", q, ahead) + c))
        momentum = 1.0 if np.sum((ahead - new) * (new - x)) > 0.0 else momentum + 1.0
        last, x = x, new
        if np.abs(x - positive_part(x - rate * (np.einsum("ijkl,kl", q, x) + c))).max() <= 1e-15 * np.abs(x).max():
            break
    return x


class Place:
    """What the flow needs to know of a point: loss, gradient, the eigenvalues near the edge, and the gradients of their block."""

    def __init__(self, weights, target, widths, edge, margin):
        self.gradient = gradient_polynomials(shaped(weights, widths), target, shaped(0 * weights, widths))[0]
        self.loss = 0.5 * np.sum((chain(shaped(weights, widths)) - target) ** 2)
        values, vectors = np.linalg.eigh(hessian(shaped(weights, widths), target))
        self.sharpness = values[-1]
        near = values >= edge * (1.0 - margin)
        self.near = min(int(near.sum()), 4)
        self.beyond = int(near.sum()) > 4
        self.values, u = values[::-1][: self.near], vectors[:, ::-1][:, : self.near]
        self.slack = np.diag(edge - self.values)

        def third(direction):
            return 2.0 * gradient_polynomials(shaped(weights, widths), target, shaped(direction, widths))[2]

        self.turns = np.zeros((self.near, self.near, len(weights)))
        for i in range(self.near):
            for j in range(i + 1):
                self.turns[i, j] = self.turns[j, i] = (third(u[:, i] + u[:, j]) - third(u[:, i] - u[:, j])) / 4.0

    def pull(self, length, known, slack):
        """X, and the velocity's bracket with it, such that slack + length (turns . bracket) - turns . known complements X."""
        if not self.near:
            return np.zeros((0, 0)), self.gradient
        q = 0.5 * length * np.einsum("ijn,kln->ijkl", self.turns, self.turns)
        x = least(q, slack + self.turns @ (length * self.gradient - known))
        return x, self.gradient + 0.5 * np.einsum("ij,ijn", x, self.turns)


def central_flow(weights, target, eta, steps, substeps=8, margin=0.05):
    """loss f, sharpness and tr X at states 0 .. steps; X of a state is the mean over the sub-step before it."""
    widths = [weights[0].shape[1], *(len(w) for w in weights)]
    edge, h = 2.0 / eta, eta / substeps
    w, out = flat(weights), []
    here = Place(w, target, widths, edge, margin)
    trace = 0.0
    for k in range(steps + 1):
        out.append((here.loss, here.sharpness, trace, here.near))
        for _ in range(substeps):
            x, first = here.pull(h, 0.0, here.slack)
            there = Place(w - h * first, target, widths, edge, margin)
            y, second = there.pull(h / 2, h / 2 * first, there.slack)
            w = w - h / 2 * (first + second)
            trace = 0.5 * (np.trace(x) + np.trace(y))
            here = Place(w, target, widths, edge, margin)
    return np.array(out).T
