"""The UV model by u and v themselves, its Hessian, and its flips in high precision (arXiv 2311.02076)."""

import mpmath
import numpy as np


def start(curvature, f, width):
    """u and v with (|u|^2 + |v|^2) / n = curvature and u . v / sqrt(n) = f, by their sum and difference, which are orthogonal."""
    root = np.sqrt(width)
    along = np.sqrt([width * curvature + 2 * root * f, width * curvature - 2 * root * f])
    p, q = np.zeros(width), np.zeros(width)
    p[0], q[-1] = along
    return (p + q) / 2, (p - q) / 2


def descend(curvature, f, width, y, eta, steps):
    """Outputs f and curvatures of all states, from u and v."""
    u, v = start(curvature, f, width)
    outputs, curvatures = [], []
    for _ in range(steps + 1):
        outputs.append(u @ v / np.sqrt(width))
        curvatures.append((u @ u + v @ v) / width)
        slope = eta * (outputs[-1] - y) / np.sqrt(width)
        u, v = u - slope * v, v - slope * u
    return np.array(outputs), np.array(curvatures)


def sharpness(curvature, f, width, y):
    """The largest eigenvalue of the Hessian of (u . v / sqrt(n) - y)^2 / 2, dense."""
    u, v = start(curvature, f, width)
    gradient = np.concatenate([v, u]) / np.sqrt(width)
    swap = np.kron([[0, 1], [1, 0]], np.eye(width)) / np.sqrt(width)
    return np.linalg.eigvalsh(np.outer(gradient, gradient) + (f - y) * swap)[-1]


def step(f, curvature, eta, y, n):
    d = f - y
    return (
        f - eta * d * curvature + eta**2 * d**2 * f / n,
        curvature - 4 * eta * d * f / n + eta**2 * d**2 * curvature / n,
    )


def jacobian(f, curvature, eta, y, n):
    d = f - y
    return mpmath.matrix(
        [
            [1 - eta * curvature + eta**2 * (2 * d * f + d**2) / n, -eta * d],
            [-4 * eta * (f + d) / n + 2 * eta**2 * d * curvature / n, 1 + eta**2 * d**2 / n],
        ]
    )


def flip(period, guess, y, n, digits=30):
    """The learning rate at which a cycle of this period doubles it, by Newton's method on the cycle and its multiplier -1.

    guess: (f, curvature, eta). Returns (f, curvature, eta) in so many digits.
    """
    with mpmath.workdps(digits + 10):
        y, n = mpmath.mpf(y), mpmath.mpf(n)

        def equations(f, curvature, eta):
            at, whole = (f, curvature), mpmath.eye(2)
            for _ in range(period):
                whole = jacobian(*at, eta, y, n) * whole
                at = step(*at, eta, y, n)
            return [at[0] - f, at[1] - curvature, mpmath.det(whole + mpmath.eye(2))]

        return [mpmath.mpf(x) for x in mpmath.findroot(equations, guess, tol=mpmath.mpf(10) ** -digits)]


def exponent(f, curvature, eta, y, n, period, digits=30):
    """The largest Lyapunov exponent of the cycle through (f, curvature), refined by Newton's method first."""
    with mpmath.workdps(digits + 10):
        y, n, eta = mpmath.mpf(y), mpmath.mpf(n), mpmath.mpf(eta)

        def back(f, curvature):
            at = (f, curvature)
            for _ in range(period):
                at = step(*at, eta, y, n)
            return [at[0] - f, at[1] - curvature]

        at = tuple(mpmath.findroot(back, (f, curvature), tol=mpmath.mpf(10) ** -digits))
        whole = mpmath.eye(2)
        for _ in range(period):
            whole = jacobian(*at, eta, y, n) * whole
            at = step(*at, eta, y, n)
        values = mpmath.eig(whole, left=False, right=False)
        return float(max(mpmath.log(abs(value)) for value in values) / period)
