"""Gradient descent on the matrices, and the maps that it comes down to."""

import numpy as np
from scipy.integrate import solve_ivp

from tests.reference import logistic, mlp, uv
from tests.reference.central_flow import central_flow
from tests.reference.constrained import constrained_run
from tests.reference.dense_hessian import chain
from tests.reference.local_map import local_map
from tests.reference.matrices import matrix_gradients


def matrix_descent(weights, target, eta, steps):
    """Gradient descent on 1/2 ||W_L ... W_1 - M||^2, on the matrices; the diagonals of the products of all states."""
    products = []
    for _ in range(steps + 1):
        whole = np.eye(len(target))
        below = []
        for w in weights:
            below.append(whole)
            whole = w @ whole
        products.append(np.diag(whole).copy())
        error, above, moved = whole - target, np.eye(len(target)), []
        for w, b in zip(reversed(weights), reversed(below), strict=True):
            moved.append(w - eta * above.T @ error @ b.T)
            above = above @ w
        weights = moved[::-1]
    return np.array(products)


def balanced_map(start, singular_values, eta, steps):
    """The scalar recursion of the balanced map, mode by mode."""
    depth = len(start)
    products = []
    for mode, s in enumerate(singular_values):
        rho, seen = start[0][mode, mode], []
        for _ in range(steps + 1):
            seen.append(rho**depth)
            rho = rho - eta * (rho**depth - s) * rho ** (depth - 1)
        products.append(seen)
    return np.array(products).T


def matrix_flow(weights, target, eta, steps):
    """Gradient flow by SciPy, from one of the times eta k to the next; the diagonals of the products of all states."""
    shapes = [w.shape for w in weights]

    def layers(flat):
        ends = np.cumsum([rows * columns for rows, columns in shapes])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(flat, ends), shapes, strict=True)]

    def velocity(time, flat):
        return -np.concatenate([g.ravel() for g in matrix_gradients(layers(flat), target)])

    flat, products = np.concatenate([w.ravel() for w in weights]), []
    for _ in range(steps + 1):
        products.append(np.diag(chain(layers(flat))).copy())
        flat = solve_ivp(velocity, (0.0, eta), flat, method="DOP853", rtol=1e-13, atol=1e-16).y[:, -1]
    return np.array(products)


MODELS = {
    "balanced": balanced_map,
    "flow": lambda start, s, eta, steps: matrix_flow(start, np.diag(s), eta, steps),
    "modes-flow": lambda start, s, eta, steps: matrix_flow(start, np.diag(s), eta, steps),
    "modes": lambda start, s, eta, steps: matrix_descent(start, np.diag(s), eta, steps),
    "matrix": lambda start, s, eta, steps: matrix_descent(start, np.diag(s), eta, steps),
}

# Models of other numbers than layers; each has a file of its own here.
OF_PARAMETERS = {"uv": uv.descend}

# Models that a kernel of their own takes point by point.
SIMULATIONS = {
    "central-flow": central_flow,
    "constrained": constrained_run,
    "self-stabilization": local_map,
    "logistic": logistic.descend,
    "mlp": mlp.descend,
}


def layers_after(start, singular_values, eta, steps):
    """The layers' singular values (layer, mode) after the steps, each from the product of the others."""
    w, s = np.array([np.diag(layer) for layer in start]), np.asarray(singular_values, dtype=float)
    for _ in range(steps):
        others = np.array([np.prod(np.delete(w, layer, axis=0), axis=0) for layer in range(len(w))])
        w = w - eta * (np.prod(w, axis=0) - s) * others
    return w
