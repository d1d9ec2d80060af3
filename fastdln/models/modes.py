"""Diagonalized network: layers 1..L-1 of a mode share a, layer L is b (theory A; arXiv 2502.20531, section 2)."""

import math

import numpy as np

from fastdln.models.fma import fma
from fastdln.models.layerwise import LAYERWISE
from fastdln.models.model import Map, Model


def step(depth):
    n = depth - 2

    def deep(state, eta, s):
        a, b = state
        p = a**n
        e = fma(a * b, p, -s)
        g = eta * e * p
        return fma(-g, b, a), fma(-g, a, b)

    def shallow(state, eta, s):
        a, b = state
        g = eta * fma(a, b, -s)
        return fma(-g, b, a), fma(-g, a, b)

    return deep if depth > 2 else shallow


def product(depth):
    n = depth - 1

    def product(state):
        a, b = state
        return b * a**n

    return product


def rests(depth):
    shared = depth > 2

    def rests_at(state):
        a, b = state
        return (abs(a) == abs(b)) | (shared & (abs(a) < abs(b)))

    return rests_at


def hessian(depth):
    """Function (state, s) -> (h_aa, h_ab, h_bb, h_rest): the 2 x 2 block on (sqrt(L-1) a, b), and the other eigenvalue.

    The other, - e a^(L-3) b, belongs to the L - 2 directions in which the equal layers part.
    """
    n = depth - 1
    root = math.sqrt(n)

    def deep(state, s):
        a, b = state
        r = a ** (n - 2)
        p = r * a
        e = a * b * p - s
        by_error = e * r * b
        return n * (p * b) ** 2 + (n - 1) * by_error, root * p * (a * b * p + e), (p * a) ** 2, -by_error

    def shallow(state, s):
        a, b = state
        return b * b, 2.0 * a * b - s, a * a, -math.inf

    return deep if depth > 2 else shallow


def tangent(depth):
    """The derivative of the step: g = eta e p with e = a b p - s and p = a^(L-2) changes along with a and b."""
    n = depth - 1

    def deep(state, vector, eta, s):
        a, b = state
        x, y = vector
        r = a ** (n - 2)
        p = r * a
        e = a * b * p - s
        g = eta * e * p
        dg = eta * (p * p * (a * y + n * b * x) + (n - 1) * e * r * x)
        return x - g * y - b * dg, y - g * x - a * dg

    def shallow(state, vector, eta, s):
        a, b = state
        x, y = vector
        g = eta * (a * b - s)
        dg = eta * (a * y + b * x)
        return x - g * y - b * dg, y - g * x - a * dg

    return deep if depth > 2 else shallow


def gaps(depth):
    def gaps(state):
        a, b = state
        return ((b - a) * (b + a),)

    return gaps


def ratios(depth):
    n = depth - 2

    def ratios(state, eta, s):
        a, b = state
        p = a**n
        return (eta * (a * b * p - s) * p,)

    return ratios


def curvature(depth):
    block = hessian(depth)

    def curvature(state, s):
        aa, ab, bb, rest = block(state, s)
        half = 0.5 * (aa - bb)
        top = 0.5 * (aa + bb) + math.sqrt(half * half + ab * ab)
        return rest if rest > top else top

    return curvature


TWO_SCALAR = Map(
    name="two-scalar",
    components=lambda depth: (0,) * (depth - 1) + (1,),
    step=step,
    product=product,
    rests=rests,
    tangent=tangent,
    gaps=gaps,
    ratios=ratios,
    curvature=curvature,
)


def reduce(layers):
    equal = np.all(layers[:-1] == layers[0])
    return TWO_SCALAR if equal else LAYERWISE


MODEL = Model(
    "modes",
    summary="the singular values of each mode, layer by layer; two scalars where layers 1..L-1 start equal",
    starts=("one-zero", "balanced", "spectral"),
    reduce=reduce,
)
