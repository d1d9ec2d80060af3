"""Constrained trajectory of gradient descent at the edge and the predicted deviation from it (arXiv 2209.15594), by the dense Hessian."""

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
        """D^3 f(u, u, .): the second derivative of the gradient along u, exact up to five layers, as it is a polynomial of degree 2 L - 1."""
        h = 0.3
        shifts = {sign * k: weight for k, weight in STENCIL.items() for sign in (1, -1)}
        return sum(weight * self.gradient(point + k * h * u) for k, weight in shifts.items()) / h**2


class State:
    """What the constraints need at a point; u is turned so that u . towards > 0."""

    def __init__(self, landscape, point, towards):
        self.point, self.landscape = point, landscape
        self.loss, self.gradient, self.hessian = (
            landscape.loss(point),
            landscape.gradient(point),
            landscape.hessian(point),
        )
        values, vectors = np.linalg.eigh(self.hessian)
        self.sharpness, self.second, self.u = values[-1], values[-2], vectors[:, -1]
        if self.u @ towards < 0:
            self.u = -self.u
        self.sharpness_gradient = landscape.third(point, self.u)
        self.across = self.sharpness_gradient - (self.sharpness_gradient @ self.u) * self.u
        self.alpha_ps = -self.gradient @ self.sharpness_gradient
        self.beta = self.across @ self.across


def project(landscape, point, eta, towards, rounds=50):
    """The state on {S <= 2/eta, grad f . u = 0} by minimum-norm Gauss-Newton steps, and its residual."""
    state, held = State(landscape, point, towards), False
    for _ in range(rounds):
        slope, excess = state.gradient @ state.u, state.sharpness - 2 / eta
        jacobian, missing = np.array([state.sharpness * state.u, state.sharpness_gradient]), np.array([slope, excess])
        alone = -np.linalg.pinv(jacobian[:1]) @ missing[:1]
        held = bool(held or excess + state.sharpness_gradient @ alone > 0)
        residual = max(
            abs(slope) / (state.sharpness * np.linalg.norm(state.point)),
            eta / 2 * (abs(excess) if held else max(excess, 0)),
        )
        if residual < 1e-13:
            break
        state = State(landscape, state.point + (-np.linalg.pinv(jacobian) @ missing if held else alone), state.u)
    return state, residual


def predict(state, following, v, eta):
    """The deviation predicted for the next state."""
    u, x, y = state.u, state.u @ v, state.across @ v
    across = np.eye(len(u)) - np.outer(u, u)
    delta_squared = 2 / (eta * state.beta) * max(0.0, state.sharpness - 2 / eta + eta * state.alpha_ps)
    moved = (np.eye(len(u)) - eta * state.hessian) @ across @ v + eta * state.across * (delta_squared - x**2) / 2
    return moved - (moved @ following.u) * following.u + (1 - eta * state.sharpness - eta * y) * x * following.u


def constrained_run(widths, weights, target, eta, total):
    """Series of the model `constrained`, by name; NaN before the edge."""
    landscape, point, rows, state = Landscape(widths, target), np.array(weights), [], None
    for _ in range(total + 1):
        here = State(landscape, point, np.zeros(len(point)))
        if state is None and here.sharpness >= 2 / eta:
            state, residual = project(landscape, point, eta, here.u * np.sign(here.u @ here.gradient))
            v = point - state.point
        row = {"loss": here.loss, "sharpness": here.sharpness}
        if state is not None:
            x, y = state.u @ v, state.across @ v
            row |= {
                "loss_constrained": state.loss,
                "sharpness_constrained": state.sharpness,
                "loss_predicted": state.loss + x**2 / eta,
                "sharpness_predicted": state.sharpness + y + (state.sharpness_gradient @ state.u) * x,
                "deviation": np.linalg.norm(point - state.point),
                "deviation_predicted": np.linalg.norm(v),
                "deviation_error": np.linalg.norm(point - state.point - v),
                "alpha_ps": state.alpha_ps,
                "beta": state.beta,
                "delta": np.sqrt(2 * state.alpha_ps / state.beta) if state.alpha_ps >= 0 else np.nan,
                "x": x,
                "y": y,
                "projection_residual": residual,
            }
            following, residual = project(landscape, state.point - eta * state.gradient, eta, state.u)
            v, state = predict(state, following, v, eta), following
        rows.append(row)
        point = point - eta * here.gradient
    return {f"trajectory_{name}": np.array([row.get(name, np.nan) for row in rows]) for name in rows[-1]}


def edge_summaries(series, eta):
    """Summaries of the edge phase from the series: from the first state with S >= 2/eta to the last one."""
    loss, sharpness = series["trajectory_loss"], series["trajectory_sharpness"]
    above = sharpness >= 2 / eta
    begin, end = np.flatnonzero(above)[[0, -1]]

    def averaged(name):
        values = series[f"trajectory_{name}"][begin : end + 1]
        return (values[1:] + values[:-1]) / 2

    def error(name):
        return np.median(np.abs(averaged(f"{name}_predicted") - averaged(name)) / averaged(name))

    return {
        "loss_last": loss[-1],
        "sharpness_last": sharpness[-1],
        "edge_step": begin,
        "edge_length": end - begin + 1,
        "crossings": np.count_nonzero(above[1:] != above[:-1]),
        "sharpness_correlation": np.corrcoef(averaged("sharpness"), averaged("sharpness_predicted"))[0, 1],
        "loss_error": error("loss"),
        "sharpness_error": error("sharpness"),
        "deviation_error": np.median(averaged("deviation_error") / averaged("deviation")),
        "constrained_steps": len(loss) - begin,
    }
