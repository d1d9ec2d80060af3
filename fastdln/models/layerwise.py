"""The L-dimensional map of one mode, for layers that all differ (theory A; arXiv 2502.20531, section 2)."""

import numpy as np

from fastdln.models.fma import fma
from fastdln.models.model import Map
from fastdln.models.tuples import combine, dot, scale


def others(depth, layer=0):
    """Function (state, product of the layers before) -> (product from `layer` on, each one's product of all others).

    The recursion carries the prefix product down and the suffix product up, so that nothing is divided by a layer,
    which may be 0.
    """
    if layer == depth:
        return lambda state, before: (1.0, ())
    rest = others(depth, layer + 1)

    def others_of(state, before):
        w = state[layer]
        after, found = rest(state, before * w)
        return w * after, (before * after,) + found

    return others_of


def step(depth):
    split, move = others(depth), combine(depth)

    def step(state, eta, s):
        _, rest = split(state, 1.0)
        e = fma(state[0], rest[0], -s)
        return move(state, -eta * e, rest)

    return step


def product(depth, layer=0):
    if layer == depth - 1:
        return lambda state: state[layer]
    rest = product(depth, layer + 1)

    def product_of(state):
        return state[layer] * rest(state)

    return product_of


# w_i^2 - w_j^2 of layers that started equal stays at rounding errors of the largest square.
EQUAL = 1e-12


def rests(depth):
    def rests_at(state):
        squares = np.sort(np.square(state), axis=0)
        return squares[1] - squares[0] <= EQUAL * squares[-1]

    return rests_at


def others_along(depth, layer=0):
    """Function (state, vector, before, d_before) -> (after, d_after, d_others): the derivatives of `others` along a vector.

    before and after are the products of the layers on either side of `layer`, and d_before, d_after their derivatives along the
    vector; d_others holds those of each layer's product of all others: the part of a Hessian-vector product that the error multiplies.
    """
    if layer == depth:
        return lambda state, vector, before, d_before: (1.0, 0.0, ())
    rest = others_along(depth, layer + 1)

    def others_along_from(state, vector, before, d_before):
        w, v = state[layer], vector[layer]
        after, d_after, d_others = rest(state, vector, before * w, d_before * w + before * v)
        return w * after, w * d_after + v * after, (d_before * after + before * d_after,) + d_others

    return others_along_from


def tangent(depth):
    """v - eta H v with H v = (g . v) g + e dg, g_l the product of all layers but l, and dg its derivative along v."""
    split, along, inner, move = others(depth), others_along(depth), dot(depth), combine(depth)

    def tangent(state, vector, eta, s):
        pi, g = split(state, 1.0)
        dg = along(state, vector, 1.0, 0.0)[2]
        return move(move(vector, -eta * inner(g, vector), g), -eta * (pi - s), dg)

    return tangent


def gaps(depth, layer=0):
    if layer == depth - 1:
        return lambda state: ()
    rest = gaps(depth, layer + 1)

    def gaps_from(state):
        return ((state[depth - 1] - state[layer]) * (state[depth - 1] + state[layer]),) + rest(state)

    return gaps_from


def ratios(depth):
    split, times = others(depth - 1), scale(depth - 1)

    def ratios(state, eta, s):
        before_last, rest = split(state, 1.0)
        return times(rest, eta * (before_last * state[depth - 1] - s))

    return ratios


LAYERWISE = Map(
    name="layerwise",
    components=lambda depth: tuple(range(depth)),
    step=step,
    product=product,
    rests=rests,
    tangent=tangent,
    gaps=gaps,
    ratios=ratios,
)
