"""The L-dimensional map of one mode, for layers that all differ (theory A; arXiv 2502.20531, section 2)."""

import math

from fastdln.models.model import Map


def step(depth):
    update, whole = descend(depth, 0), product(depth)

    def step(state, eta, s):
        return update(state, 1.0, eta * (whole(state) - s))[1]

    return step


def descend(depth, layer):
    """Function (state, product of the layers before, g = eta e) -> (product of the others, those layers moved).

    The recursion carries the prefix product down and the suffix product up, so that nothing is divided by a layer,
    which may be 0.
    """
    if layer == depth:
        return lambda state, before, g: (1.0, ())

    rest = descend(depth, layer + 1)

    def update(state, before, g):
        w = state[layer]
        after, moved = rest(state, before * w, g)
        return w * after, (w - g * (before * after),) + moved

    return update


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
        smallest, second, largest = math.inf, math.inf, 0.0
        for w in state:
            square = w * w
            largest = max(largest, square)
            if square < smallest:
                smallest, second = square, smallest
            elif square < second:
                second = square
        return second - smallest <= EQUAL * largest

    return rests_at


LAYERWISE = Map("layerwise", layers=lambda depth: tuple(range(depth)), step=step, product=product, rests=rests)
