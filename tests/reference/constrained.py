"""Constrained trajectory of gradient descent at the edge and the predicted deviation from it (arXiv 2209.15594), by the dense Hessian."""

import math

import numpy as np

from tests.reference.dense_hessian import chain, hessian
from tests.reference.matrices import matrix_gradients

# Weights of the nine-point second difference at steps of 1, exact for polynomials of degree 9.
STENCIL = {0: -205 / 72, 1: 8 / 5, 2: -1 / 5, 3: 8 / 315, 4: -1 / 560}


class Landscape:
    """The loss of layers laid end to end in one vector, and its derivatives."""

    def __init__(self, widths, target):
        self.shapes = list(zip(widths[1:], widths, strict=False))
        self.target = target

    def layers(self, point):
        sizes = [rows * columns for rows, columns in self.shapes]
        parts = np.split(point, np.cumsum(sizes)[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def loss(self, point):
        return 0.5 * ((chain(self.layers(point)) - self.target) ** 2).sum()

    def gradient(self, point):
        return np.concatenate([g.ravel() for g in matrix_gradients(self.layers(point), self.target)])

    def hessian(self, point):
        return hessian(self.layers(point), self.target)

    def third(self, point, u):
        """D^3 f(u, u, .): the second derivative of the gradient along u, a polynomial of degree 2 L - 1, by so many points that it is
        exact up to L = 5."""
        h = 0.3
        shifts = {sign * k: weight for k, weight in STENCIL.items() for sign in (1, -1)}
        return sum(weight * self.gradient(point + k * h * u) for k, weight in shifts.items()) / h**2

    def third_mixed(self, point, u, v):
        return (self.third(point, u + v) - self.third(point, u - v)) / 4


class State:
    """What the constraints need at a point; u is turned so that u . towards > 0."""

    def __init__(self, landscape, point, towards):
        values, vectors = np.linalg.eigh(landscape.hessian(point))
        self.point, self.landscape, self.values, self.vectors = point, landscape, values, vectors
        self.sharpness, self.u = values[-1], vectors[:, -1]
        if self.u @ towards < 0:
            self.u = -self.u
        self.gradient = landscape.gradient(point)
        self.sharpness_gradient = landscape.third(point, self.u)
        self.across = self.sharpness_gradient - (self.sharpness_gradient @ self.u) * self.u
        self.alpha_ps = -self.gradient @ self.sharpness_gradient
        self.beta = self.across @ self.across

    def slope_gradient(self):
        """The gradient of grad f . u, exact: S u + D^3 f(u, (S - H)^+ grad f, .)."""
        others = self.vectors[:, :-1]
        w = others @ ((others.T @ self.gradient) / (self.sharpness - self.values[:-1]))
        return self.sharpness * self.u + self.landscape.third_mixed(self.point, self.u, w)


def project(landscape, point, eta, towards, tolerance=1e-13, rounds=50, exact=True):
    """The state on {S <= 2/eta, grad f . u = 0} by minimum-norm Gauss-Newton steps, its residual, and whether S <= 2/eta was active."""
    state, count, held, history = State(landscape, point, towards), 0, False, []
    while True:
        slope, excess = state.gradient @ state.u, state.sharpness - 2 / eta
        first = state.slope_gradient() if exact else state.sharpness * state.u
        move = -slope / (first @ first) * first
        held = held or excess + state.sharpness_gradient @ move > 0
        if held:
            jacobian = np.array([first, state.sharpness_gradient])
            move = -np.linalg.pinv(jacobian) @ np.array([slope, excess])
        residual = max(
            abs(slope) / (state.sharpness * np.linalg.norm(point)),
            eta / 2 * (abs(excess) if held else max(excess, 0)),
        )
        history.append(residual)
        if residual < tolerance or count == rounds:
            return state, history, held
        state, count = State(landscape, state.point + move, state.u), count + 1


def predict(state, following, active, v, eta):
    """The next predicted deviation; `active`: whether the next state was held at 2/eta."""
    u, x = state.u, state.u @ v
    y = state.across @ v
    held = state.alpha_ps if active else 0.0
    linear = v - x * u
    linear = linear - eta * state.landscape.hessian(state.point) @ linear
    drive = eta * state.across * (held / state.beta - x * x / 2)
    moved = linear + drive
    return moved - (moved @ following.u) * following.u + (1 - eta * state.sharpness - eta * y) * x * following.u
