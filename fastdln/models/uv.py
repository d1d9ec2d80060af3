"""The UV model: f(x) = u . v x / sqrt(n) on one example, by its output and its curvature (arXiv 2311.02076; theory F and G).

With lambda = (|u|^2 + |v|^2) / n and D = f - y a step of gradient descent on D^2 / 2 is

    f' = f - eta D lambda + eta^2 D^2 f / n,    lambda' = lambda - 4 eta D f / n + eta^2 D^2 lambda / n.

The state holds lambda, f, and the width n, which stays the same. Both layers of a dataset hold lambda. There are u and v for a state if
lambda is 2 |f| / sqrt(n) or more; an error of -y is an output of 0, which has them for every lambda.
"""

import math

import numpy as np

from fastdln.models.fma import fma
from fastdln.models.model import Map, Model, Parameter


def step(depth):
    def step(state, eta, s):
        curvature, f, n = state
        g = eta * (f - s)
        h = g * g / n
        return fma(h, curvature, fma(-4.0 * g / n, f, curvature)), fma(h, f, fma(-g, curvature, f)), n

    return step


def tangent(depth):
    def tangent(state, vector, eta, s):
        curvature, f, n = state
        x, y, _ = vector
        g, dg = eta * (f - s), eta * y
        h, dh = g * g / n, 2.0 * g * dg / n
        by_curvature = x - 4.0 * (dg * f + g * y) / n + dh * curvature + h * x
        by_output = y - dg * curvature - g * x + dh * f + h * y
        return by_curvature, by_output, 0.0  # n does not deviate

    return tangent


def curvature(depth):
    """The largest eigenvalue of the Hessian over u and v.

    On the span of (v, u) and (u, v) its eigenvalues are (lambda +- sqrt(lambda^2 + 4 D (2 f + D) / n)) / 2, elsewhere, where n > 1,
    +- D / sqrt(n).
    """

    def sharpness(state, s):
        curvature, f, n = state
        d = f - s
        square = curvature * curvature + 4.0 * d * (2.0 * f + d) / n
        top = 0.5 * (curvature + math.sqrt(square if square > 0.0 else 0.0))
        rest = abs(d) / math.sqrt(n) if n > 1.0 else -math.inf
        return rest if rest > top else top

    return sharpness


UV = Map(
    name="uv",
    components=lambda depth: (0,) * depth,
    further=lambda depth: 2,
    step=step,
    product=lambda depth: lambda state: state[1],
    tangent=tangent,
    curvature=curvature,
    diverges=False,
)


def initial(own, s):
    return np.broadcast_to(own["lambda0"], s.shape), s + own["error0"], np.broadcast_to(own["width"], s.shape)


# Relative error of a curvature that is 2 |f| / sqrt(n) itself, computed in another order.
ROUNDING = 1e-12


def doubt(curvature, f, n):
    """Names a state that no u and v have."""
    least = 2.0 * np.abs(f) / np.sqrt(n)
    lacking = least * (1.0 - ROUNDING) - curvature
    worst = int(np.argmax(lacking))
    if lacking[worst] <= 0.0:
        return ""
    return (
        f"no u and v have lambda0 = {curvature[worst]:g} with an output f = {f[worst]:g} at width {n[worst]:g}: "
        f"it is 2 |f| / sqrt(n) = {least[worst]:g} or more"
    )


# Beyond this the square of a state leaves the range of float64 at once.
LARGEST = 1e100

MODEL = Model(
    "uv",
    summary="a linear network of two layers and one example, f = u . v / sqrt(n), by its output and its curvature",
    starts=("parameters",),
    reduce=lambda layers: UV,
    parameters=(
        Parameter(
            "lambda0",
            "curvature (|u|^2 + |v|^2) / n at state 0",
            None,
            0.0,
            LARGEST,
        ),
        Parameter("error0", "error f - y at state 0", -1.0, -LARGEST, LARGEST),
        Parameter("width", "width n", 1.0, 1.0, LARGEST),
    ),
    initial=initial,
    doubt=doubt,
)
