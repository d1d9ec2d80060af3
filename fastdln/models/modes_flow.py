"""Gradient flow of the modes: state k is the one at the time eta k (theory G).

The flow conserves every w_l^2 - w_m^2, so that a mode is one number: x, its layer of least absolute value. Each other layer is
sqrt(x^2 + c_l), of the sign that it has, and

    dx/dt = -(x R - s) R,    R the product of the other layers.
"""

import math
from dataclasses import replace

import numpy as np

from fastdln.models.dop853 import (
    DEFAULT_TOLERANCE,
    FIFTH,
    MOST_TRIALS,
    STAGES,
    THIRD,
    WEIGHTS,
    error_ratio,
    next_step,
)
from fastdln.models.fma import fma
from fastdln.models.layerwise import LAYERWISE
from fastdln.models.model import Model
from fastdln.models.modes import TWO_SCALAR
from fastdln.models.tuples import largest

# The largest h |f'| near a minimum. The method is stable up to 6; but from 2 on its stages magnify rounding errors some hundred times,
# and a state at rest would tremble, where it is to stay the same to the last bit.
STABLE = 1.0


# Rows of weights of the slopes: of the point of each stage, then of the step and of the two estimates of its error.
STAGE_COUNT = len(STAGES)
ROWS = np.array([(*row, *[0.0] * (STAGE_COUNT - len(row))) for row in (*STAGES, WEIGHTS, FIFTH, THIRD)])


def weighted(row, k, count):
    """The sum of the weights of a row times the first slopes."""
    total = 0.0
    for j in range(count):
        total = fma(ROWS[row, j], k[j], total)
    return total


def along(others, depth, tolerance):
    """Function (x, gaps, eta, s, size) -> x a time eta later; NaN where MOST_TRIALS steps do not do.

    others: function (x, gaps) -> R. size: of the largest layer, of which the tolerance is a part.
    """

    def flow(x, gaps, eta, s, size):
        k, left, h = np.empty(STAGE_COUNT), eta, eta
        for _ in range(MOST_TRIALS):
            if not left > 0.0:
                break
            r = others(x, gaps)
            sharp = depth * r * r  # at least the sharpness of a minimum near by
            h = STABLE / sharp if h * sharp > STABLE else h
            for stage in range(STAGE_COUNT):
                at = fma(h, weighted(stage, k, stage), x)
                r = others(at, gaps)
                k[stage] = -fma(at, r, -s) * r
            after = fma(h, weighted(STAGE_COUNT, k, STAGE_COUNT), x)
            fifth = h * weighted(STAGE_COUNT + 1, k, STAGE_COUNT)
            third = h * weighted(STAGE_COUNT + 2, k, STAGE_COUNT)
            ratio = error_ratio(fifth * fifth, third * third, size, tolerance)
            if ratio <= 1.0:
                # at rest, so that it stays whatever is left
                left = 0.0 if after == x else left - h
                x = after
            h = next_step(h, ratio, left)
        return math.nan if left > 0.0 else x

    return flow


def moved(w, x, after):
    """The layer w where layer x has come to `after`: the same to the last bit where x has not moved."""
    c = (w - x) * (w + x)
    root = math.copysign(math.sqrt(fma(after, after, c)), w)
    return root if c == 0.0 or w + root == 0.0 else w + (after - x) * (after + x) / (w + root)


def two_scalar_step(tolerance):
    """The step for layers 1 .. L-1 that are equal, a, and the last one, b."""

    def step(depth):
        n = depth - 1

        def others(x, shape):
            """The product of the other layers: b is x, or one of the a."""
            c, sign, last = shape
            w = sign * np.sqrt(fma(x, x, c))  # of NumPy: its powers overflow to inf where the JIT is off
            return w**n if last > 0.0 else x ** (n - 1) * w

        flow = along(others, depth, tolerance)

        def step(state, eta, s):
            a, b = state
            last = abs(b) <= abs(a)
            x, w = (b, a) if last else (a, b)
            shape = (w - x) * (w + x), math.copysign(1.0, w), 1.0 if last else 0.0
            after = flow(x, shape, eta, s, abs(w))
            w = moved(w, x, after)
            return (w, after) if last else (after, w)

        return step

    return step


def least(depth, layer=1):
    """Function (state, found) -> the layer of least absolute value among layer `found` and those from `layer` on."""
    if layer == depth:
        return lambda state, found: found
    rest = least(depth, layer + 1)

    def least_from(state, found):
        return rest(state, layer if abs(state[layer]) < abs(state[found]) else found)

    return least_from


def gaps_to(depth, layer=1):
    """Function (state, m, sign) -> w^2 - w_m^2 of all layers but m, and last sign times the sign of their product."""
    if layer == depth:
        return lambda state, m, sign: (sign,)
    rest = gaps_to(depth, layer + 1)

    def gaps_from(state, m, sign):
        w, x = state[0 if layer == m else layer], state[m]
        return ((w - x) * (w + x), *rest(state, m, sign * math.copysign(1.0, w)))

    return gaps_from


def others_by_gaps(x, gaps):
    """The product of the other layers: of all sqrt(x^2 + c), and of the sign after the gaps."""
    product = gaps[-1]
    for k in range(len(gaps) - 1):
        product *= math.sqrt(fma(x, x, gaps[k]))
    return product


def all_moved(depth, layer=0):
    """Function (state, m, after) -> the state where layer m has come to `after`."""
    if layer == depth:
        return lambda state, m, after: ()
    rest = all_moved(depth, layer + 1)

    def moved_from(state, m, after):
        return (after if layer == m else moved(state[layer], state[m], after), *rest(state, m, after))

    return moved_from


def layerwise_step(tolerance):
    """The step for layers that all differ."""

    def step(depth):
        flow = along(others_by_gaps, depth, tolerance)
        smallest, gaps, move, top = least(depth), gaps_to(depth), all_moved(depth), largest(depth)

        def step(state, eta, s):
            m = smallest(state, 0)
            return move(state, m, flow(state[m], gaps(state, m, 1.0), eta, s, top(state)))

        return step

    return step


def reduce(layers, tolerance=DEFAULT_TOLERANCE):
    """The smallest map that is exact, by steps of this tolerance; of what follows GD's own steps it has nothing."""
    equal = np.all(layers[:-1] == layers[0])
    map_, step = (TWO_SCALAR, two_scalar_step) if equal else (LAYERWISE, layerwise_step)
    name = f"{map_.name} flow {tolerance:g}"
    return replace(map_, name=name, step=step(tolerance), tangent=None, gaps=None, ratios=None, diverges=False)


MODEL = Model(
    "modes-flow",
    summary="gradient flow of the singular values of each mode, layer by layer, at the times eta k",
    starts=("one-zero", "balanced", "spectral"),
    reduce=reduce,
    flow=True,
)
