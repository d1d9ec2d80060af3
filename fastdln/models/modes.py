"""Diagonalized network: layers 1..L-1 of a mode share a, layer L is b (theory A; arXiv 2502.20531, section 2)."""

import numpy as np

from fastdln.models.layerwise import LAYERWISE
from fastdln.models.model import Map, Model


def step(depth):
    n = depth - 2

    def step(state, eta, s):
        a, b = state
        p = a**n
        g = eta * (a * b * p - s) * p
        return a - g * b, b - g * a

    return step


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
        return abs(a) == abs(b) or (shared and abs(a) < abs(b))

    return rests_at


TWO_SCALAR = Map("two-scalar", layers=lambda depth: (0, depth - 1), step=step, product=product, rests=rests)


def reduce(layers):
    equal = np.all(layers[:-1] == layers[0])
    return TWO_SCALAR if equal else LAYERWISE


MODEL = Model(
    "modes",
    summary="the singular values of each mode, layer by layer; two scalars where layers 1..L-1 start equal",
    starts=("one-zero", "balanced", "spectral"),
    reduce=reduce,
)
